/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a programme, and which rules make sense. */
#include "app/core/programme.h"

#include <assert.h>
#include <string.h>

int32_t tally_programme_day(const struct tally_programme *programme, int64_t time_ms)
{
    assert(programme != NULL);

    return tally_day_from_ms(time_ms, programme->utc_offset_s);
}

static int32_t end_of_month(int32_t day, int32_t months)
{
    int32_t year = 0, month = 0, of_month = 0;
    tally_day_to_date(day, &year, &month, &of_month);
    int32_t first = tally_day_from_date(year, month, 1);
    return tally_day_add_months(tally_day_add_months(first, months), 1) - 1;
}

int32_t tally_programme_expiry_day(const struct tally_programme *programme, int32_t day)
{
    assert(programme != NULL);

    switch (programme->expiry) {
    case TALLY_EXPIRY_NEVER:
        return TALLY_DAY_NEVER;
    case TALLY_EXPIRY_MONTHS:
        return tally_day_add_months(day, programme->expiry_months);
    case TALLY_EXPIRY_END_OF_MONTH:
        return end_of_month(day, programme->expiry_months);
    }
    return TALLY_DAY_NEVER;
}

size_t tally_programme_tier_of(const struct tally_programme *programme, int64_t amount)
{
    assert(programme != NULL);
    assert(programme->tier_count > 0);

    size_t tier = 0;
    while (tier + 1 < programme->tier_count && programme->tiers[tier + 1].threshold <= amount) {
        tier++;
    }
    return tier;
}

enum tally_status tally_programme_value(const struct tally_programme *programme, int64_t points,
                                        int64_t *ret_minor)
{
    assert(programme != NULL);

    return tally_scale(points, programme->redeem_value_minor, programme->redeem_step,
                       TALLY_ROUND_FLOOR, ret_minor);
}

static bool is_between(int64_t value, int64_t low, int64_t high)
{
    return value >= low && value <= high;
}

static bool is_there(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool currency_is_valid(const char currency[TALLY_CURRENCY_LEN + 1])
{
    for (size_t i = 0; i < TALLY_CURRENCY_LEN; i++) {
        if (currency[i] < 'A' || currency[i] > 'Z') {
            return false;
        }
    }
    return currency[TALLY_CURRENCY_LEN] == '\0';
}

static bool head_is_valid(const struct tally_programme *programme)
{
    return is_there(programme->name) && programme->version > 0 &&
           is_between(programme->utc_offset_s, -TALLY_OFFSET_S_MAX, TALLY_OFFSET_S_MAX) &&
           currency_is_valid(programme->currency) &&
           programme->currency_exponent <= TALLY_EXPONENT_MAX;
}

static bool earning_is_valid(const struct tally_programme *programme)
{
    return is_between(programme->earn_points_per_major_milli, 1, TALLY_RATE_MILLI_MAX) &&
           (programme->earn_rounding == TALLY_ROUND_FLOOR ||
            programme->earn_rounding == TALLY_ROUND_HALF_UP ||
            programme->earn_rounding == TALLY_ROUND_HALF_EVEN);
}

static bool redemption_is_valid(const struct tally_programme *programme)
{
    return is_between(programme->redeem_value_minor, 1, TALLY_REDEEM_MAX) &&
           is_between(programme->redeem_step, 1, TALLY_REDEEM_MAX) &&
           is_between(programme->redeem_min, 1, TALLY_REDEEM_MAX) &&
           programme->redeem_min % programme->redeem_step == 0 &&
           is_between(programme->redeem_max_share_pct, 1, 100);
}

static bool expiry_is_valid(const struct tally_programme *programme)
{
    switch (programme->expiry) {
    case TALLY_EXPIRY_NEVER:
        return programme->expiry_months == 0;
    case TALLY_EXPIRY_MONTHS:
        return is_between(programme->expiry_months, 1, TALLY_EXPIRY_MONTHS_MAX);
    case TALLY_EXPIRY_END_OF_MONTH:
        return is_between(programme->expiry_months, 0, TALLY_EXPIRY_MONTHS_MAX);
    }
    return false;
}

static bool tier_is_valid(const struct tally_tier *tiers, size_t index)
{
    const struct tally_tier *tier = &tiers[index];
    if (!is_there(tier->code) || !is_there(tier->name_en) || !is_there(tier->name_zh) ||
        tier->stars > TALLY_STARS_MAX || tier->multiplier_pct > TALLY_MULTIPLIER_PCT_MAX) {
        return false;
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(tiers[i].code, tier->code) == 0) {
            return false;
        }
    }
    return index == 0 ? tier->threshold == 0 : tier->threshold > tiers[index - 1].threshold;
}

static bool tiers_are_valid(const struct tally_programme *programme)
{
    if (programme->tiers == NULL || programme->tier_count < 1 ||
        programme->tier_count > TALLY_TIERS_MAX ||
        (programme->tier_metric != TALLY_METRIC_SPEND &&
         programme->tier_metric != TALLY_METRIC_POINTS)) {
        return false;
    }
    for (size_t i = 0; i < programme->tier_count; i++) {
        if (!tier_is_valid(programme->tiers, i)) {
            return false;
        }
    }
    return true;
}

enum tally_status tally_programme_check(const struct tally_programme *programme)
{
    assert(programme != NULL);

    if (!head_is_valid(programme) || !earning_is_valid(programme) ||
        !redemption_is_valid(programme) || !expiry_is_valid(programme) ||
        !tiers_are_valid(programme) || programme->cards.count > TALLY_CARD_RULES_MAX) {
        return TALLY_E_RULE;
    }
    for (size_t i = 0; i < programme->cards.count; i++) {
        enum tally_status status = tally_card_rule_check(&programme->cards.rules[i]);
        if (status != TALLY_OK) {
            return status == TALLY_E_PAYMENT_CARD ? status : TALLY_E_RULE;
        }
    }
    return TALLY_OK;
}
