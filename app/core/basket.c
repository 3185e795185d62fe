/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a basket can be. */
#include "app/core/basket.h"

#include "app/core/utf8.h"

#include <assert.h>

uint32_t tally_word_id(const void *text, size_t len)
{
    const uint8_t *bytes = text;
    uint32_t id = 2166136261;
    for (size_t i = 0; i < len; i++) {
        id = (id ^ bytes[i]) * 16777619;
    }
    return id == 0 ? 1 : id;
}

static bool is_text(struct tally_slice text, size_t len_min, size_t len_max)
{
    return text.len >= len_min && text.len <= len_max && tally_utf8_valid(text);
}

static bool categories_are_valid(struct tally_slice categories)
{
    if (!is_text(categories, 0, TALLY_CATEGORIES_LEN_MAX)) {
        return false;
    }
    size_t count = categories.len > 0 ? 1 : 0;
    for (size_t i = 0; i < categories.len; i++) {
        count += categories.data[i] == ',' ? 1 : 0;
    }
    return count <= TALLY_CATEGORIES_MAX;
}

/* Adds what is not negative; together no more than TALLY_MONEY_MAX. */
static enum tally_status add_up(int64_t *total, int64_t amount)
{
    if (amount < 0) {
        return TALLY_E_INVALID;
    }
    if (amount > TALLY_MONEY_MAX - *total) {
        return TALLY_E_OVERFLOW;
    }
    *total += amount;
    return TALLY_OK;
}

static enum tally_status check_lines(const struct tally_basket *basket, int64_t *ret_total_minor)
{
    if (basket->line_count < 1 || basket->line_count > TALLY_LINES_MAX) {
        return TALLY_E_INVALID;
    }
    int64_t amount = 0, quantity = 0, discount = 0;
    for (size_t i = 0; i < basket->line_count; i++) {
        const struct tally_line *line = &basket->lines[i];
        if (!is_text(line->sku, 0, TALLY_TEXT_LEN_MAX) || !categories_are_valid(line->categories) ||
            line->quantity_milli <= 0 || line->tax_minor < 0 ||
            line->tax_minor > line->amount_minor) {
            return TALLY_E_INVALID;
        }
        TALLY_TRY(add_up(&amount, line->amount_minor));
        TALLY_TRY(add_up(&quantity, line->quantity_milli));
        TALLY_TRY(add_up(&discount, line->discount_minor));
    }
    *ret_total_minor = amount;
    return TALLY_OK;
}

static enum tally_status check_tenders(const struct tally_basket *basket)
{
    if (basket->tender_count > TALLY_TENDERS_MAX) {
        return TALLY_E_INVALID;
    }
    int64_t total = 0;
    for (size_t i = 0; i < basket->tender_count; i++) {
        const struct tally_tender *tender = &basket->tenders[i];
        if (!is_text(tender->kind, 1, TALLY_TEXT_LEN_MAX) || tender->amount_minor == 0) {
            return TALLY_E_INVALID;
        }
        TALLY_TRY(add_up(&total, tender->amount_minor));
    }
    return TALLY_OK;
}

static bool codes_and_claims_are_valid(const struct tally_basket *basket)
{
    if (basket->code_count > TALLY_PROMO_CODES_MAX || basket->claim_count > TALLY_CLAIMS_MAX) {
        return false;
    }
    for (size_t i = 0; i < basket->code_count; i++) {
        if (!is_text(basket->codes[i], 1, TALLY_TEXT_LEN_MAX)) {
            return false;
        }
    }
    uint32_t before = 0; /* no id is 0 */
    for (size_t i = 0; i < basket->claim_count; i++) {
        if (basket->claims[i].reward <= before || basket->claims[i].times == 0) {
            return false;
        }
        before = basket->claims[i].reward;
    }
    return true;
}

enum tally_status tally_basket_check(const struct tally_basket *basket, int64_t *ret_total_minor)
{
    assert(basket != NULL);
    assert(ret_total_minor != NULL);

    int64_t total_minor = 0;
    TALLY_TRY(check_lines(basket, &total_minor));
    TALLY_TRY(check_tenders(basket));
    if (!codes_and_claims_are_valid(basket) || !is_text(basket->channel, 0, TALLY_TEXT_LEN_MAX) ||
        basket->points < 0) {
        return TALLY_E_INVALID;
    }
    if (basket->points > TALLY_POINTS_MAX) {
        return TALLY_E_OVERFLOW;
    }
    *ret_total_minor = total_minor;
    return TALLY_OK;
}
