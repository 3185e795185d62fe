/* app/core/programme.h: the rules of one loyalty programme, as the engine uses them.
 *
 * The document (JSON) is read by app/programme; here it is plain data. A programme is immutable: a
 * change is a new version.
 *
 * Units    money is in minor units (cents); points are whole; percentages and rates are integers
 *          with the factor in the name.
 * Memory   borrowed: tiers, card rules and names belong to whoever made the programme.
 * Threads  pure. */
#ifndef TALLY_CORE_PROGRAMME_H
#define TALLY_CORE_PROGRAMME_H

#include "app/core/card.h"
#include "app/core/types.h"

enum {
    TALLY_OFFSET_S_MAX = 14 * 3600,
    TALLY_EXPONENT_MAX = 4,
    TALLY_RATE_MILLI_MAX = 1000000, /* 1,000 points per major unit */
    TALLY_REDEEM_MAX = 1000000000,  /* of the value, the step and the minimum */
    TALLY_EXPIRY_MONTHS_MAX = 1200,
    TALLY_STARS_MAX = 9,
    TALLY_MULTIPLIER_PCT_MAX = 10000,
    TALLY_TIERS_MAX = 1000,
    TALLY_CARD_RULES_MAX = 10000
};

enum tally_tier_metric { TALLY_METRIC_SPEND = 1, TALLY_METRIC_POINTS = 2 };

/* Qualification is per calendar year: a tier reached in a year holds to the end of the next. */
struct tally_tier {
    const char *code;        /* "2xVIP": what cashiers and reports call it */
    const char *name_en;     /* UTF-8 */
    const char *name_zh;     /* UTF-8, Simplified Chinese */
    uint32_t stars;          /* 0..9 */
    int64_t threshold;       /* of the metric in a calendar year; inclusive; tier 0 has 0 */
    uint32_t multiplier_pct; /* 100 is no bonus; 0..10000 */
};

enum tally_expiry_kind {
    TALLY_EXPIRY_NEVER = 0,
    TALLY_EXPIRY_MONTHS = 1,      /* same day `expiry_months` later, clamped; inclusive */
    TALLY_EXPIRY_END_OF_MONTH = 2 /* the last day of the month `expiry_months` later; inclusive */
};

struct tally_programme {
    const char *name;     /* UTF-8 */
    uint32_t version;     /* 1 and up; rolled out in order */
    int64_t effective_ms; /* from this instant */
    int32_t utc_offset_s; /* the programme's time zone; -14 h..+14 h */
    char currency[TALLY_CURRENCY_LEN + 1];
    uint32_t currency_exponent; /* ISO 4217: 2 for CNY and EUR, 0 for JPY; 0..4 */

    uint32_t earn_points_per_major_milli; /* points per major unit times 1000; 1000 earns 1 */
    enum tally_rounding earn_rounding;    /* once, on the whole basket, after the multiplier */
    bool earn_on_redeemed;                /* whether the part paid with points earns; default no */

    int64_t redeem_value_minor;    /* what `redeem_step` points are worth; above 0 */
    int64_t redeem_step;           /* points are redeemed in multiples of this; above 0 */
    int64_t redeem_min;            /* least points in one redemption; a multiple of the step */
    uint32_t redeem_max_share_pct; /* of the basket that points may pay; 1..100 */

    enum tally_expiry_kind expiry;
    int32_t expiry_months;

    enum tally_tier_metric tier_metric;
    const struct tally_tier *tiers; /* lowest first, thresholds rising; at least 1 */
    size_t tier_count;

    struct tally_card_rules cards;
};

/* The business day of an instant. */
int32_t tally_programme_day(const struct tally_programme *programme, int64_t time_ms);

/* Last valid day of points earned on `day`. TALLY_DAY_NEVER where the programme has no expiry. */
int32_t tally_programme_expiry_day(const struct tally_programme *programme, int32_t day);

/* Index of the highest tier whose threshold `amount` reaches. */
size_t tally_programme_tier_of(const struct tally_programme *programme, int64_t amount);

/* Money value of points at the programme's rate, rounded down. TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_programme_value(const struct tally_programme *programme,
                                                       int64_t points, int64_t *ret_minor);

/* Every rule above holds, names and codes are there, codes are unlike, and nothing is above its
 * limit; rate, value, step and minimum are above 0, and months are 0 only where they may be. The
 * document reader says this with line and path; the engine asserts it. TALLY_OK, TALLY_E_RULE,
 * TALLY_E_PAYMENT_CARD (a card rule swallows a payment brand) */
TALLY_MUST_USE enum tally_status tally_programme_check(const struct tally_programme *programme);

#endif
