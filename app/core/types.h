/* app/core/types.h: identities, time and business days.
 *
 * Units    time is milliseconds since 1970-01-01 00:00 UTC; a business day is a count of days since
 *          1970-01-01 in the programme's time zone.
 * Threads  pure. */
#ifndef TALLY_CORE_TYPES_H
#define TALLY_CORE_TYPES_H

#include "app/core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TALLY_HASH_LEN = 32,   /* SHA-256 */
    TALLY_TERMINAL_HQ = 0, /* head office writes events too, as terminal 0 */
    TALLY_CURRENCY_LEN = 3 /* ISO 4217 alphabetic code */
};

/* No lot with this last day ever lapses. */
#define TALLY_DAY_NEVER INT32_MAX

/* Who wrote an event, and where in that writer's chain. A re-enrolled or restored terminal starts a
 * new epoch; seq counts from 1 within an epoch. */
struct tally_event_id {
    uint32_t terminal;
    uint32_t epoch;
    uint64_t seq;
};

/* Hybrid logical time: milliseconds since 1970 UTC in the upper 48 bits, a counter below. Never
 * goes backwards within one journal, whatever the clock does. */
typedef uint64_t tally_hlc;

/* The next time of a journal: the clock if it has moved past `last`, else `last` plus one. */
tally_hlc tally_hlc_next(tally_hlc last, int64_t now_ms);

static inline int64_t tally_hlc_ms(tally_hlc time)
{
    return (int64_t)(time >> 16);
}

/* Day of an instant under a fixed offset from UTC in seconds. Exact for any int64 instant; a day
 * outside int32 becomes the nearest one inside, and never TALLY_DAY_NEVER. */
int32_t tally_day_from_ms(int64_t time_ms, int32_t utc_offset_s);

/* Proleptic Gregorian calendar (ISO 8601-1, 4.2.1). month 1..12, day 1..31. */
void tally_day_to_date(int32_t day, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day);
int32_t tally_day_from_date(int32_t year, int32_t month, int32_t day);

/* `day` plus calendar months, clamped to the month's last day: 31 January + 1 month is 28 or 29
 * February. months is 0..1200. */
int32_t tally_day_add_months(int32_t day, int32_t months);

/* Overflow-checked arithmetic. TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_add(int64_t left, int64_t right, int64_t *ret_sum);
TALLY_MUST_USE enum tally_status tally_multiply(int64_t left, int64_t right, int64_t *ret_product);

enum tally_rounding {
    TALLY_ROUND_FLOOR = 0,
    TALLY_ROUND_HALF_UP = 1,
    TALLY_ROUND_HALF_EVEN = 2,
    TALLY_ROUND_CEIL = 3
};

/* value * numerator / denominator with one rounding at the end, exact in between (128 bits or an
 * equivalent that also works on 32-bit ARM). denominator above 0; halves round away from zero for
 * TALLY_ROUND_HALF_UP; floor is towards minus infinity, ceil towards plus infinity.
 *   TALLY_OK, TALLY_E_OVERFLOW (the result does not fit) */
TALLY_MUST_USE enum tally_status tally_scale(int64_t value, int64_t numerator, int64_t denominator,
                                             enum tally_rounding rounding, int64_t *ret_result);

/* A sum of products of what is not negative, exact: 128 bits by hand, since armhf has none. */
struct tally_wide {
    uint64_t high;
    uint64_t low;
};
/* `sum` plus left * right. TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_wide_add(struct tally_wide *sum, uint64_t left,
                                                uint64_t right);
/* sum * numerator / denominator, rounded once. denominator above 0.
 *   TALLY_OK, TALLY_E_OVERFLOW (the product does not fit 128 bits, or the result int64) */
TALLY_MUST_USE enum tally_status tally_wide_scale(struct tally_wide sum, uint64_t numerator,
                                                  uint64_t denominator,
                                                  enum tally_rounding rounding,
                                                  int64_t *ret_result);

#endif
