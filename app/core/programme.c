/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a programme's rules alone: days, dates of points, values, and what is where. */
#include "app/core/programme.h"

#include "app/core/account.h"

#include <assert.h>

/* ------------------------------------------------------------------ time */

int32_t tally_programme_day(const struct tally_programme *programme, int64_t time_ms)
{
    assert(programme != NULL);

    return tally_zone_day(&programme->zone, time_ms);
}

int32_t tally_programme_minute(const struct tally_programme *programme, int64_t time_ms)
{
    assert(programme != NULL);

    return tally_zone_minute(&programme->zone, time_ms);
}

static int32_t year_of(int32_t day)
{
    int32_t year = 0, month = 0, of_month = 0;
    tally_day_to_date(day, &year, &month, &of_month);
    return year;
}

/* The same date of another year; 29 February becomes the 28th. */
static int32_t in_year(int32_t day, int32_t year)
{
    int32_t its_year = 0, month = 0, of_month = 0;
    tally_day_to_date(day, &its_year, &month, &of_month);
    int32_t last = tally_day_end_of_month(tally_day_from_date(year, month, 1));
    int32_t same = tally_day_from_date(year, month, of_month);
    return same < last ? same : last;
}

/* The day, or the same date of the first year in which it is not before `earned`. */
static int32_t fixed_day(int32_t day, int32_t earned)
{
    if (earned <= day) {
        return day;
    }
    int32_t year = year_of(earned), last = in_year(day, year);
    return last < earned ? in_year(day, year + 1) : last;
}

static int32_t last_day(const struct tally_expiry *expiry, int32_t day)
{
    switch (expiry->kind) {
    case TALLY_EXPIRY_NEVER:
        return TALLY_DAY_NEVER;
    case TALLY_EXPIRY_MONTHS:
        return tally_day_add_months(day, expiry->count);
    case TALLY_EXPIRY_END_OF_MONTH:
        return tally_day_end_of_month(tally_day_add_months(day, expiry->count));
    case TALLY_EXPIRY_DAYS:
        return day + expiry->count;
    case TALLY_EXPIRY_END_OF_YEAR:
        return tally_day_from_date(year_of(day) + expiry->count, 12, 31);
    case TALLY_EXPIRY_FIXED:
        return fixed_day(expiry->day, day);
    case TALLY_EXPIRY_INACTIVE:
        return TALLY_DAY_ACTIVE;
    }
    return TALLY_DAY_NEVER;
}

static int32_t first_day(const struct tally_programme *programme,
                         const struct tally_pending *pending, int32_t day)
{
    switch (pending->kind) {
    case TALLY_PENDING_NONE:
        return 0;
    case TALLY_PENDING_DAYS:
        return day + pending->count;
    case TALLY_PENDING_DAY:
        return pending->day > day ? pending->day : 0;
    case TALLY_PENDING_RETURN:
        return day + programme->refund.window_days + 1;
    }
    return 0;
}

struct tally_span tally_programme_dates(const struct tally_programme *programme,
                                        const struct tally_expiry *expiry,
                                        const struct tally_pending *pending, int32_t day)
{
    assert(programme != NULL);
    assert(expiry != NULL);
    assert(pending != NULL);

    struct tally_span span = {first_day(programme, pending, day), last_day(expiry, day)};
    if (span.until_day < span.from_day) {
        span.until_day = span.from_day;
    }
    return span;
}

struct tally_span tally_programme_purse_dates(const struct tally_programme *programme,
                                              uint32_t purse, int32_t day)
{
    const struct tally_purse_rules *rules =
        purse == TALLY_PURSE_POINTS ? NULL : tally_programme_purse(programme, purse);
    return rules == NULL
               ? tally_programme_dates(programme, &programme->expiry, &programme->pending, day)
               : tally_programme_dates(programme, &rules->expiry, &rules->pending, day);
}

/* Months of the one expiry kind that lives on activity; 0 where nothing does. Its count is the same
 * wherever it stands: an account has one last day of activity. */
int32_t tally_programme_active_months(const struct tally_programme *programme)
{
    assert(programme != NULL);

    if (programme->expiry.kind == TALLY_EXPIRY_INACTIVE) {
        return programme->expiry.count;
    }
    for (size_t i = 0; i < programme->rule_count; i++) {
        const struct tally_rule *rule = &programme->rules[i];
        if (rule->has_expiry && rule->expiry.kind == TALLY_EXPIRY_INACTIVE) {
            return rule->expiry.count;
        }
    }
    for (size_t i = 0; i < programme->purse_count; i++) {
        if (programme->purses[i].expiry.kind == TALLY_EXPIRY_INACTIVE) {
            return programme->purses[i].expiry.count;
        }
    }
    return 0;
}

int32_t tally_programme_active_until(const struct tally_programme *programme, int32_t day)
{
    assert(programme != NULL);

    int32_t months = tally_programme_active_months(programme);
    return months == 0 ? 0 : tally_day_add_months(day, months);
}

/* ------------------------------------------------------------------ values and look-ups */

enum tally_status tally_programme_value(const struct tally_programme *programme, size_t tier,
                                        int64_t points, int64_t *ret_minor)
{
    assert(programme != NULL);

    int64_t value_minor = programme->redeem.value_minor;
    if (tier < programme->tiers.tier_count && programme->tiers.tiers[tier].redeem_value_minor > 0) {
        value_minor = programme->tiers.tiers[tier].redeem_value_minor;
    }
    return tally_scale(points, value_minor, programme->redeem.step_points, TALLY_ROUND_FLOOR,
                       ret_minor);
}

const struct tally_merchant *tally_programme_merchant(const struct tally_programme *programme,
                                                      uint32_t shop)
{
    assert(programme != NULL);

    for (size_t i = 0; shop != 0 && i < programme->merchant_count; i++) {
        const struct tally_merchant *merchant = &programme->merchants[i];
        for (size_t j = 0; j < merchant->shop_count; j++) {
            if (merchant->shops[j] == shop) {
                return merchant;
            }
        }
    }
    return NULL;
}

const struct tally_reward *tally_programme_reward(const struct tally_programme *programme,
                                                  uint32_t id)
{
    assert(programme != NULL);

    for (size_t i = 0; i < programme->reward_count; i++) {
        if (programme->rewards[i].id == id) {
            return &programme->rewards[i];
        }
    }
    return NULL;
}

const struct tally_purse_rules *tally_programme_purse(const struct tally_programme *programme,
                                                      uint32_t id)
{
    assert(programme != NULL);

    for (size_t i = 0; i < programme->purse_count; i++) {
        if (programme->purses[i].id == id) {
            return &programme->purses[i];
        }
    }
    return NULL;
}

const struct tally_award_rule *tally_programme_award(const struct tally_programme *programme,
                                                     uint32_t id)
{
    assert(programme != NULL);

    for (size_t i = 0; i < programme->award_count; i++) {
        if (programme->awards[i].id == id) {
            return &programme->awards[i];
        }
    }
    return NULL;
}

size_t tally_programme_tier_index(const struct tally_programme *programme, uint32_t id)
{
    assert(programme != NULL);

    size_t index = 0;
    while (index < programme->tiers.tier_count && programme->tiers.tiers[index].id != id) {
        index++;
    }
    return index;
}
