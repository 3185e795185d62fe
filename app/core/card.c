/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a card of ours from a payment card and from anything else. */
#include "app/core/card.h"

#include "app/core/bytes.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum {
    NUMBER_LEN_MAX = 19, /* ISO/IEC 7812-1, 4.2 */
    PHONE_LEN_MIN = 7,
    PHONE_LEN_MAX = 15,          /* E.164, 6.1 */
    PHONE_WITH_PLUS_LEN_MAX = 13 /* payment cards that are still issued are longer, or Maestro */
};

/* Issuer identification numbers low..high, both of `width` digits, in numbers whose length is in
 * `lengths` (bit n: n digits). */
struct payment_brand {
    const char *name;
    uint32_t low;
    uint32_t high;
    uint8_t width;
    bool broad; /* real clubs number their cards in this range: it does not bar a rule */
    uint32_t lengths;
};

#define LEN(n)            (UINT32_C(1) << (n))
#define LENS(first, last) (LEN((last) + 1) - LEN(first))

/* Maestro stands last and is broad: as a range of prefixes it covers most of what merchants were
 * given for their clubs (6005 85.., 6102 14..), so a rule that names its own prefix and length wins
 * over it, and a Maestro number that nobody claimed is refused all the same. */
static const struct payment_brand payment_brands[] = {
    {"American Express", 34, 34, 2, false, LEN(15)},
    {"American Express", 37, 37, 2, false, LEN(15)},
    {"Visa", 4, 4, 1, false, LEN(13) | LEN(16) | LEN(19)},
    {"Mastercard", 51, 55, 2, false, LEN(16)},
    {"Mastercard", 2221, 2720, 4, false, LEN(16)},
    {"Discover", 6011, 6011, 4, false, LEN(16) | LEN(19)},
    {"Discover", 644, 649, 3, false, LEN(16) | LEN(19)},
    {"Discover", 65, 65, 2, false, LEN(16) | LEN(19)},
    {"Discover", 622126, 622925, 6, false, LEN(16) | LEN(19)},
    {"UnionPay", 62, 62, 2, false, LENS(16, 19)},
    {"JCB", 3528, 3589, 4, false, LEN(16)},
    {"Diners Club", 300, 305, 3, false, LEN(14)},
    {"Diners Club", 309, 309, 3, false, LEN(14)},
    {"Diners Club", 36, 36, 2, false, LEN(14)},
    {"Diners Club", 38, 39, 2, false, LEN(14)},
    {"UATP", 1, 1, 1, false, LEN(15)},
    {"Mir", 2200, 2204, 4, false, LENS(16, 19)},
    {"Dankort", 5019, 5019, 4, false, LEN(16)},
    {"InterPayment", 636, 636, 3, false, LENS(16, 19)},
    {"Maestro", 50, 50, 2, true, LENS(12, 19)},
    {"Maestro", 56, 69, 2, true, LENS(12, 19)},
};

enum { BRAND_COUNT = sizeof payment_brands / sizeof payment_brands[0] };

static bool all_digits(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!tally_is_digit(text[i])) {
            return false;
        }
    }
    return true;
}

/* The first `width` digits as a number, with `fill` for those that are not there. */
static uint32_t leading(const uint8_t *digits, size_t len, size_t width, uint8_t fill)
{
    uint32_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value = value * 10 + (uint32_t)((i < len ? digits[i] : fill) - '0');
    }
    return value;
}

static bool brand_has_length(const struct payment_brand *brand, size_t len)
{
    return len <= NUMBER_LEN_MAX && (brand->lengths & LEN(len)) != 0;
}

/* Whether some number of `number_len` digits that begins with `prefix` is of this brand. */
static bool brand_meets(const struct payment_brand *brand, const uint8_t *prefix, size_t prefix_len,
                        size_t number_len)
{
    return brand_has_length(brand, number_len) &&
           leading(prefix, prefix_len, brand->width, '0') <= brand->high &&
           leading(prefix, prefix_len, brand->width, '9') >= brand->low;
}

static bool rule_matches(const struct tally_card_rule *rule, const uint8_t *digits, size_t len)
{
    size_t prefix_len = strlen(rule->prefix);
    return len == rule->length && prefix_len > 0 && prefix_len < len &&
           memcmp(rule->prefix, digits, prefix_len) == 0;
}

enum tally_status tally_card_classify(const struct tally_card_rules *rules, const uint8_t *digits,
                                      size_t len)
{
    assert(rules != NULL);
    assert(digits != NULL || len == 0);

    if (len == 0 || len > NUMBER_LEN_MAX || !all_digits(digits, len)) {
        return TALLY_E_UNKNOWN_CARD;
    }
    for (size_t i = 0; i < rules->count; i++) {
        if (rule_matches(&rules->rules[i], digits, len)) {
            return TALLY_OK;
        }
    }
    for (size_t i = 0; i < BRAND_COUNT; i++) {
        if (brand_meets(&payment_brands[i], digits, len, len)) {
            return TALLY_E_PAYMENT_CARD;
        }
    }
    return TALLY_E_UNKNOWN_CARD;
}

void tally_card_from_number(enum tally_card_entry entry, const uint8_t *digits, size_t len,
                            struct tally_card *ret_card)
{
    assert(digits != NULL && ret_card != NULL);
    assert(len >= 1 && len <= TALLY_CARD_LEN_MAX);

    *ret_card = (struct tally_card){.kind = TALLY_CARD_NUMBER,
                                    .entry = entry,
                                    .strength = TALLY_STRENGTH_STATIC,
                                    .len = (uint8_t)len};
    memcpy(ret_card->bytes, digits, len);
}

enum tally_status tally_card_rule_check(const struct tally_card_rule *rule)
{
    assert(rule != NULL);

    if (memchr(rule->prefix, '\0', sizeof rule->prefix) == NULL) {
        return TALLY_E_INVALID;
    }
    const uint8_t *prefix = (const uint8_t *)rule->prefix;
    size_t prefix_len = strlen(rule->prefix);
    if (prefix_len == 0 || !all_digits(prefix, prefix_len) || rule->length <= prefix_len ||
        rule->length > NUMBER_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    for (size_t i = 0; i < BRAND_COUNT; i++) {
        if (!payment_brands[i].broad &&
            brand_meets(&payment_brands[i], prefix, prefix_len, rule->length)) {
            return TALLY_E_PAYMENT_CARD;
        }
    }
    return TALLY_OK;
}

/* The digits of `text` without spaces and dashes; *ret_plus when they began with a +. */
static enum tally_status take_digits(const char *text, struct tally_card *card, bool *ret_plus)
{
    bool plus = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == ' ' || *at == '-') {
            continue;
        }
        if (*at == '+' && card->len == 0 && !plus) {
            plus = true;
            continue;
        }
        if (!tally_is_digit((uint8_t)*at) || card->len == NUMBER_LEN_MAX) {
            return TALLY_E_INVALID;
        }
        card->bytes[card->len] = (uint8_t)*at;
        card->len++;
    }
    *ret_plus = plus;
    return TALLY_OK;
}

static enum tally_status decide_typed(const struct tally_card_rules *rules, struct tally_card *card,
                                      bool plus)
{
    static const struct tally_card_rules nothing = {NULL, 0};
    bool surely_phone = plus && card->len >= PHONE_LEN_MIN && card->len <= PHONE_WITH_PLUS_LEN_MAX;
    enum tally_status status =
        surely_phone ? TALLY_E_UNKNOWN_CARD
                     : tally_card_classify(plus ? &nothing : rules, card->bytes, card->len);
    if (status == TALLY_OK) {
        card->kind = TALLY_CARD_NUMBER;
        return TALLY_OK;
    }
    if (status != TALLY_E_UNKNOWN_CARD) {
        return status;
    }
    if (card->len < PHONE_LEN_MIN || card->len > PHONE_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    card->kind = TALLY_CARD_PHONE;
    return TALLY_OK;
}

enum tally_status tally_card_from_typed(const struct tally_card_rules *rules, const char *text,
                                        struct tally_card *ret_card)
{
    assert(rules != NULL);
    assert(text != NULL);
    assert(ret_card != NULL);

    struct tally_card card = {.entry = TALLY_ENTRY_TYPED};
    bool plus = false;
    enum tally_status status = take_digits(text, &card, &plus);
    if (status == TALLY_OK) {
        status = decide_typed(rules, &card, plus);
    }
    if (status == TALLY_OK) {
        *ret_card = card;
    }
    explicit_bzero(&card, sizeof card); /* it may have been somebody's payment card */
    return status;
}
