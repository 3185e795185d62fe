/* app/core/period.h: the spans of days over which things are counted: caps, limits, tiers.
 *
 * Units    days as types.h; first and last day of a span both belong to it.
 * Threads  pure. */
#ifndef TALLY_CORE_PERIOD_H
#define TALLY_CORE_PERIOD_H

#include "app/core/types.h"

enum tally_period_kind {
    TALLY_PERIOD_SALE = 0, /* one sale; nothing is counted */
    TALLY_PERIOD_DAY = 1,
    TALLY_PERIOD_WEEK = 2, /* Monday to Sunday, ISO 8601-1, 4.2.2 */
    TALLY_PERIOD_MONTH = 3,
    TALLY_PERIOD_QUARTER = 4,
    TALLY_PERIOD_HALF_YEAR = 5,
    TALLY_PERIOD_YEAR = 6,
    TALLY_PERIOD_ANNIVERSARY = 7,    /* a year from the day that the member joined */
    TALLY_PERIOD_ROLLING_DAYS = 8,   /* `length` days that end with the day itself */
    TALLY_PERIOD_ROLLING_MONTHS = 9, /* `length` months that end with the day itself */
    TALLY_PERIOD_CAMPAIGN = 10,      /* the days on which a rule rules */
    TALLY_PERIOD_LIFETIME = 11
};

struct tally_period {
    enum tally_period_kind kind;
    int32_t length; /* of the rolling kinds, 1..3660 days or 1..120 months; else 0 */
};

struct tally_span {
    int32_t from_day;
    int32_t until_day;
};

/* The span of this kind that holds `day`. `anchor` is the day that the member joined, used by the
 * anniversary (one on 29 February begins on the 28th in other years). A rolling span begins the day
 * after `day` less its length: 12 months that end on 31 March 2026 begin on 1 April 2025; the day
 * is clamped to its month before one is added, so those that end on 28 February 2026 begin on 1
 * March 2025. A campaign's span is the rule's: not asked for here. Lifetime is INT32_MIN to
 * TALLY_DAY_NEVER. */
struct tally_span tally_period_span(struct tally_period period, int32_t anchor, int32_t day);

/* The span after one of a kind that has one (day to anniversary); asserts the kind. */
struct tally_span tally_period_next(struct tally_period period, int32_t anchor,
                                    struct tally_span span);

/* Last day of the calendar month of `day`, and Monday 0..Sunday 6. */
int32_t tally_day_end_of_month(int32_t day);
int32_t tally_day_weekday(int32_t day);

#endif
