/* SPDX-License-Identifier: Apache-2.0 */
/* Logical time, the calendar, and exact arithmetic without 128-bit integers. */
#include "app/core/types.h"

#include <assert.h>

enum {
    DAY_MS = 86400000,
    MONTHS_MAX = 1200,
    DAYS_OF_400_YEARS = 146097,
    DAYS_TO_1970 = 719468 /* from 1 March of year 0, where the leap day ends a year */
};

#define HLC_MS_MAX ((INT64_C(1) << 48) - 1)

tally_hlc tally_hlc_next(tally_hlc last, int64_t now_ms)
{
    int64_t ms = now_ms < 0 ? 0 : now_ms > HLC_MS_MAX ? HLC_MS_MAX : now_ms;
    tally_hlc clock = (tally_hlc)ms << 16;
    if (clock > last) {
        return clock;
    }
    return last == UINT64_MAX ? last : last + 1;
}

static int64_t floor_divide(int64_t value, int64_t by)
{
    int64_t quotient = value / by;
    return value % by < 0 ? quotient - 1 : quotient;
}

static int32_t clamp_day(int64_t day)
{
    /* INT32_MAX means "never" and is no day of the calendar */
    return day < INT32_MIN ? INT32_MIN : day >= INT32_MAX ? INT32_MAX - 1 : (int32_t)day;
}

int32_t tally_day_from_ms(int64_t time_ms, int32_t utc_offset_s)
{
    int64_t day = floor_divide(time_ms, DAY_MS);
    int64_t in_day_ms = time_ms % DAY_MS;
    if (in_day_ms < 0) {
        in_day_ms += DAY_MS;
    }
    return clamp_day(day + floor_divide(in_day_ms + (int64_t)utc_offset_s * 1000, DAY_MS));
}

/* Both directions count years from 1 March, so that the leap day is the last day of its year, and
 * use that the calendar repeats every 400 years. */
void tally_day_to_date(int32_t day, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day)
{
    assert(ret_year != NULL);
    assert(ret_month != NULL);
    assert(ret_day != NULL);

    int64_t since = (int64_t)day + DAYS_TO_1970;
    int64_t era = floor_divide(since, DAYS_OF_400_YEARS);
    int64_t of_era = since - era * DAYS_OF_400_YEARS;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    *ret_year = (int32_t)(year + era * 400 + (month <= 2 ? 1 : 0));
    *ret_month = (int32_t)month;
    *ret_day = (int32_t)(of_year - (153 * from_march + 2) / 5 + 1);
}

int32_t tally_day_from_date(int32_t year, int32_t month, int32_t day)
{
    assert(month >= 1 && month <= 12);

    int64_t from_march_year = (int64_t)year - (month <= 2 ? 1 : 0);
    int64_t era = floor_divide(from_march_year, 400);
    int64_t of_era = from_march_year - era * 400;
    int64_t from_march = month > 2 ? month - 3 : month + 9;
    int64_t of_year = (153 * from_march + 2) / 5 + day - 1;
    int64_t days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return clamp_day(era * DAYS_OF_400_YEARS + days - DAYS_TO_1970);
}

static int32_t days_of_month(int32_t year, int32_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

int32_t tally_day_add_months(int32_t day, int32_t months)
{
    assert(months >= 0 && months <= MONTHS_MAX);

    int32_t year = 0, month = 0, of_month = 0;
    tally_day_to_date(day, &year, &month, &of_month);
    int32_t from_january = month - 1 + months;
    year += from_january / 12;
    month = from_january % 12 + 1;
    int32_t last = days_of_month(year, month);
    return tally_day_from_date(year, month, of_month < last ? of_month : last);
}

enum tally_status tally_add(int64_t left, int64_t right, int64_t *ret_sum)
{
    assert(ret_sum != NULL);

    if (right > 0 ? left > INT64_MAX - right : left < INT64_MIN - right) {
        return TALLY_E_OVERFLOW;
    }
    *ret_sum = left + right;
    return TALLY_OK;
}

/* 128 bits by hand: armhf has no __int128, and both must round the same. */

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static struct tally_wide wide_product(uint64_t left, uint64_t right)
{
    uint64_t left_low = left & UINT32_MAX, left_high = left >> 32;
    uint64_t right_low = right & UINT32_MAX, right_high = right >> 32;
    uint64_t low = left_low * right_low;
    uint64_t middle = left_high * right_low + (low >> 32);
    uint64_t other = left_low * right_high + (middle & UINT32_MAX);
    return (struct tally_wide){left_high * right_high + (middle >> 32) + (other >> 32),
                               other << 32 | (low & UINT32_MAX)};
}

/* One digit of a long division with 32-bit digits: `head` is below `by`, whose top bit is set, and
 * `next` is the digit brought down. Guessing with the upper half of `by` gives at most two too
 * many. */
static uint64_t divide_digit(uint64_t head, uint32_t next, uint64_t by, uint64_t *ret_remainder)
{
    uint64_t by_high = by >> 32, by_low = by & UINT32_MAX;
    uint64_t digit = head / by_high, rest = head % by_high;
    while (digit > UINT32_MAX || digit * by_low > (rest << 32 | next)) {
        digit--;
        rest += by_high;
        if (rest > UINT32_MAX) {
            break;
        }
    }
    *ret_remainder = (head << 32 | next) - digit * by; /* modulo 2^64, and below `by` */
    return digit;
}

/* `value.high` is below `by`, so the quotient fits. */
static uint64_t wide_divide(struct tally_wide value, uint64_t by, uint64_t *ret_remainder)
{
    assert(value.high < by);

    int shift = __builtin_clzll(by);
    uint64_t high = value.high, low = value.low;
    if (shift > 0) {
        by <<= shift;
        high = high << shift | low >> (64 - shift);
        low <<= shift;
    }
    uint64_t remainder = 0;
    uint64_t upper = divide_digit(high, (uint32_t)(low >> 32), by, &remainder);
    uint64_t lower = divide_digit(remainder, (uint32_t)low, by, &remainder);
    *ret_remainder = remainder >> shift;
    return upper << 32 | lower;
}

static enum tally_status with_sign(uint64_t size, bool negative, int64_t *ret_value)
{
    const uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (size > limit) {
        return TALLY_E_OVERFLOW;
    }
    if (!negative) {
        *ret_value = (int64_t)size;
    } else {
        *ret_value = size > (uint64_t)INT64_MAX ? INT64_MIN : -(int64_t)size;
    }
    return TALLY_OK;
}

enum tally_status tally_multiply(int64_t left, int64_t right, int64_t *ret_product)
{
    assert(ret_product != NULL);

    uint64_t product = 0;
    if (__builtin_mul_overflow(magnitude(left), magnitude(right), &product)) {
        return TALLY_E_OVERFLOW;
    }
    return with_sign(product, (left < 0) != (right < 0), ret_product);
}

/* Whether the magnitude goes up by one because of what the division left over. */
static bool rounds_away(uint64_t quotient, uint64_t remainder, uint64_t by, bool negative,
                        enum tally_rounding rounding)
{
    uint64_t rest = by - remainder; /* compares halves without doubling */
    switch (rounding) {
    case TALLY_ROUND_FLOOR:
        return negative && remainder != 0;
    case TALLY_ROUND_CEIL:
        return !negative && remainder != 0;
    case TALLY_ROUND_HALF_UP:
        return remainder >= rest;
    case TALLY_ROUND_HALF_EVEN:
        return remainder > rest || (remainder == rest && quotient % 2 != 0);
    }
    return false;
}

static enum tally_status rounded(uint64_t quotient, uint64_t remainder, uint64_t by, bool negative,
                                 enum tally_rounding rounding, int64_t *ret_result)
{
    if (rounds_away(quotient, remainder, by, negative, rounding)) {
        if (quotient == UINT64_MAX) {
            return TALLY_E_OVERFLOW;
        }
        quotient++;
    }
    return with_sign(quotient, negative, ret_result);
}

static enum tally_status divide_rounded(struct tally_wide value, uint64_t by, bool negative,
                                        enum tally_rounding rounding, int64_t *ret_result)
{
    if (value.high >= by) {
        return TALLY_E_OVERFLOW;
    }
    uint64_t remainder = 0;
    uint64_t quotient = wide_divide(value, by, &remainder);
    return rounded(quotient, remainder, by, negative, rounding, ret_result);
}

enum tally_status tally_scale(int64_t value, int64_t numerator, int64_t denominator,
                              enum tally_rounding rounding, int64_t *ret_result)
{
    assert(denominator > 0);
    assert(ret_result != NULL);

    bool negative = (value < 0) != (numerator < 0);
    uint64_t left = magnitude(value), right = magnitude(numerator), by = (uint64_t)denominator;
    uint64_t product = 0;
    if (!__builtin_mul_overflow(left, right, &product)) { /* nearly always: 64 bits are enough */
        return rounded(product / by, product % by, by, negative, rounding, ret_result);
    }
    return divide_rounded(wide_product(left, right), by, negative, rounding, ret_result);
}

enum tally_status tally_wide_add(struct tally_wide *sum, uint64_t left, uint64_t right)
{
    assert(sum != NULL);

    struct tally_wide product = {0, 0};
    if (__builtin_mul_overflow(left, right, &product.low)) {
        product = wide_product(left, right);
    }
    uint64_t low = 0, high = 0;
    uint64_t carry = __builtin_add_overflow(sum->low, product.low, &low) ? 1 : 0;
    if (__builtin_add_overflow(sum->high, product.high, &high) ||
        __builtin_add_overflow(high, carry, &high)) {
        return TALLY_E_OVERFLOW;
    }
    *sum = (struct tally_wide){high, low};
    return TALLY_OK;
}

enum tally_status tally_wide_scale(struct tally_wide sum, uint64_t numerator, uint64_t denominator,
                                   enum tally_rounding rounding, int64_t *ret_result)
{
    assert(denominator > 0);
    assert(ret_result != NULL);

    uint64_t product = 0;
    if (sum.high == 0 && !__builtin_mul_overflow(sum.low, numerator, &product)) {
        return rounded(product / denominator, product % denominator, denominator, false, rounding,
                       ret_result);
    }
    struct tally_wide value = wide_product(sum.low, numerator);
    uint64_t upper = 0;
    if (__builtin_mul_overflow(sum.high, numerator, &upper) ||
        __builtin_add_overflow(value.high, upper, &value.high)) {
        return TALLY_E_OVERFLOW;
    }
    return divide_rounded(value, denominator, false, rounding, ret_result);
}
