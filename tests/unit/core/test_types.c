/* SPDX-License-Identifier: Apache-2.0 */
/* The calendar, logical time, and arithmetic that has to be exact. */
#include "app/core/types.h"

#include "tests/unit/core/seeded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ time */

static void logical_time_follows_the_clock_and_never_goes_back(void **state)
{
    (void)state;
    tally_hlc time = tally_hlc_next(0, 1000);
    assert_true(tally_hlc_ms(time) == 1000);
    tally_hlc same = tally_hlc_next(time, 1000);
    assert_true(same == time + 1);
    assert_true(tally_hlc_next(same, 5) == same + 1); /* the clock was set back */
    assert_true(tally_hlc_next(same, -5) == same + 1);
    assert_true(tally_hlc_ms(tally_hlc_next(same, 2000)) == 2000);
    assert_true(tally_hlc_next(UINT64_MAX, 0) == UINT64_MAX);
    assert_true(tally_hlc_ms(tally_hlc_next(0, INT64_MAX)) == (INT64_C(1) << 48) - 1);
}

static void a_day_begins_at_midnight_of_the_time_zone(void **state)
{
    (void)state;
    assert_int_equal(tally_day_from_ms(0, 0), 0);
    assert_int_equal(tally_day_from_ms(-1, 0), -1);
    assert_int_equal(tally_day_from_ms(86399999, 0), 0);
    assert_int_equal(tally_day_from_ms(86400000, 0), 1);
    assert_int_equal(tally_day_from_ms(57599999, 8 * 3600), 0);
    assert_int_equal(tally_day_from_ms(57600000, 8 * 3600), 1);
    assert_int_equal(tally_day_from_ms(0, -1), -1);
    assert_int_equal(tally_day_from_ms(-86400000, 0), -1);
}

static void a_day_that_no_calendar_has_is_the_nearest_one_and_never_never(void **state)
{
    (void)state;
    assert_int_equal(tally_day_from_ms(INT64_MAX, 0), TALLY_DAY_NEVER - 1);
    assert_int_equal(tally_day_from_ms(INT64_MIN, 0), INT32_MIN);
}

static void known_dates_are_known_days(void **state)
{
    (void)state;
    static const struct {
        int32_t year, month, of_month, day;
    } dates[] = {
        {1970, 1, 1, 0},     {1969, 12, 31, -1},    {2000, 2, 29, 11016},
        {2000, 3, 1, 11017}, {2026, 11, 22, 20779}, {1900, 3, 1, -25508},
        {1, 1, 1, -719162},  {2100, 2, 28, 47540},  {2100, 3, 1, 47541},
    };
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        assert_int_equal(tally_day_from_date(dates[i].year, dates[i].month, dates[i].of_month),
                         dates[i].day);
        int32_t year = 0, month = 0, of_month = 0;
        tally_day_to_date(dates[i].day, &year, &month, &of_month);
        assert_int_equal(year, dates[i].year);
        assert_int_equal(month, dates[i].month);
        assert_int_equal(of_month, dates[i].of_month);
    }
}

static void the_calendar_counts_day_by_day_and_back(void **state)
{
    (void)state;
    static const int32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t day = tally_day_from_date(-400, 1, 1);
    for (int32_t year = -400; year <= 2801; year++) {
        bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
        for (int32_t month = 1; month <= 12; month++) {
            int32_t length = lengths[month - 1] + (month == 2 && leap ? 1 : 0);
            for (int32_t of_month = 1; of_month <= length; of_month++) {
                int32_t y = 0, m = 0, d = 0;
                tally_day_to_date(day, &y, &m, &d);
                if (y != year || m != month || d != of_month ||
                    tally_day_from_date(year, month, of_month) != day) {
                    fail_msg("day %d is not %d-%d-%d", day, year, month, of_month);
                }
                day++;
            }
        }
    }
    int32_t year = 0, month = 0, of_month = 0;
    tally_day_to_date(INT32_MAX, &year, &month, &of_month); /* far away, but defined */
    tally_day_to_date(INT32_MIN, &year, &month, &of_month);
    assert_int_equal(tally_day_from_date(INT32_MAX, 12, 31), INT32_MAX - 1);
}

static void adding_months_stays_within_the_month(void **state)
{
    (void)state;
    int32_t january = tally_day_from_date(2027, 1, 31);
    assert_int_equal(tally_day_add_months(january, 0), january);
    assert_int_equal(tally_day_add_months(january, 1), tally_day_from_date(2027, 2, 28));
    assert_int_equal(tally_day_add_months(january, 13), tally_day_from_date(2028, 2, 29));
    assert_int_equal(tally_day_add_months(january, 2), tally_day_from_date(2027, 3, 31));
    assert_int_equal(tally_day_add_months(january, 11), tally_day_from_date(2027, 12, 31));
    assert_int_equal(tally_day_add_months(january, 12), tally_day_from_date(2028, 1, 31));
    assert_int_equal(tally_day_add_months(january, 1200), tally_day_from_date(2127, 1, 31));
    assert_int_equal(tally_day_add_months(tally_day_from_date(2028, 2, 29), 12),
                     tally_day_from_date(2029, 2, 28));
}

/* ------------------------------------------------------------------ arithmetic */

static void sums_and_products_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    int64_t result = 77;
    assert_int_equal(tally_add(INT64_MAX, 1, &result), TALLY_E_OVERFLOW);
    assert_int_equal(tally_add(INT64_MIN, -1, &result), TALLY_E_OVERFLOW);
    assert_int_equal(tally_multiply(INT64_MAX, 2, &result), TALLY_E_OVERFLOW);
    assert_int_equal(tally_multiply(INT64_MIN, -1, &result), TALLY_E_OVERFLOW);
    assert_int_equal(tally_multiply(INT64_C(1) << 32, INT64_C(1) << 31, &result), TALLY_E_OVERFLOW);
    assert_int_equal(tally_multiply(INT64_C(1) << 62, INT64_C(1) << 62, &result), TALLY_E_OVERFLOW);
    assert_int_equal(result, 77);
    assert_int_equal(tally_add(INT64_MAX, INT64_MIN, &result), TALLY_OK);
    assert_true(result == -1);
    assert_int_equal(tally_multiply(INT64_C(1) << 32, -(INT64_C(1) << 31), &result), TALLY_OK);
    assert_true(result == INT64_MIN);
    assert_int_equal(tally_multiply(INT64_MIN, 1, &result), TALLY_OK);
    assert_true(result == INT64_MIN);
    assert_int_equal(tally_multiply(-3, 0, &result), TALLY_OK);
    assert_true(result == 0);
}

static void scales_to(int64_t value, int64_t numerator, int64_t denominator,
                      enum tally_rounding rounding, int64_t expected)
{
    int64_t result = 0;
    assert_int_equal(tally_scale(value, numerator, denominator, rounding, &result), TALLY_OK);
    if (result != expected) {
        fail_msg("%" PRId64 " * %" PRId64 " / %" PRId64 " gave %" PRId64, value, numerator,
                 denominator, result);
    }
}

static void halves_round_as_they_are_told(void **state)
{
    (void)state;
    static const struct {
        int64_t value, floor, half_up, half_even, ceil;
    } halves[] = {
        {1, 0, 1, 0, 1},    {3, 1, 2, 2, 2},      {5, 2, 3, 2, 3},
        {-1, -1, -1, 0, 0}, {-3, -2, -2, -2, -1}, {-5, -3, -3, -2, -2},
        {4, 2, 2, 2, 2},    {-4, -2, -2, -2, -2}, {0, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        scales_to(halves[i].value, 1, 2, TALLY_ROUND_FLOOR, halves[i].floor);
        scales_to(halves[i].value, 1, 2, TALLY_ROUND_HALF_UP, halves[i].half_up);
        scales_to(halves[i].value, 1, 2, TALLY_ROUND_HALF_EVEN, halves[i].half_even);
        scales_to(halves[i].value, 1, 2, TALLY_ROUND_CEIL, halves[i].ceil);
    }
    scales_to(1, 1, 1000, TALLY_ROUND_CEIL, 1);
    scales_to(-1, 1, 1000, TALLY_ROUND_CEIL, 0);
    scales_to(2, 1, 3, TALLY_ROUND_HALF_UP, 1);
    scales_to(1, 1, 3, TALLY_ROUND_HALF_UP, 0);
    scales_to(2, 1, 3, TALLY_ROUND_HALF_EVEN, 1);
}

static void a_scale_is_exact_where_the_product_needs_128_bits(void **state)
{
    (void)state;
    scales_to(INT64_MAX, INT64_MAX, INT64_MAX, TALLY_ROUND_FLOOR, INT64_MAX);
    scales_to(INT64_MIN, INT64_MAX, INT64_MAX, TALLY_ROUND_FLOOR, INT64_MIN);
    /* 3037000500 squared is just above 2^63: the quotient is in range, the product is not */
    scales_to(INT64_C(3037000500), INT64_C(3037000500), 3, TALLY_ROUND_FLOOR,
              INT64_C(3074457345666750000));
    scales_to(INT64_C(3037000500), INT64_C(-3037000500), 7, TALLY_ROUND_FLOOR,
              INT64_C(-1317624576714321429));
}

static void a_scale_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    int64_t result = 77;
    assert_int_equal(tally_scale(INT64_MAX, 2, 1, TALLY_ROUND_FLOOR, &result), TALLY_E_OVERFLOW);
    assert_int_equal(tally_scale(INT64_MIN, -1, 1, TALLY_ROUND_FLOOR, &result), TALLY_E_OVERFLOW);
    assert_int_equal(tally_scale(INT64_MIN, INT64_MIN, INT64_MAX, TALLY_ROUND_FLOOR, &result),
                     TALLY_E_OVERFLOW);
    assert_int_equal(tally_scale(INT64_MAX, INT64_MAX, 1, TALLY_ROUND_FLOOR, &result),
                     TALLY_E_OVERFLOW);
    /* 2^65 - 1, halved and rounded up: one more than 64 bits hold */
    assert_int_equal(tally_scale(INT64_C(4504149450301441), 8191, 2, TALLY_ROUND_HALF_UP, &result),
                     TALLY_E_OVERFLOW);
    /* rounding up is what carries it over */
    assert_int_equal(tally_scale(INT64_MAX, 3, 3, TALLY_ROUND_HALF_UP, &result), TALLY_OK);
    result = 77;
    assert_int_equal(tally_scale(INT64_MAX, INT64_C(4611686018427387905),
                                 INT64_C(4611686018427387904), TALLY_ROUND_FLOOR, &result),
                     TALLY_E_OVERFLOW);
    assert_int_equal(result, 77);
}

/* Numbers of all lengths, with the edges more often than chance would have them. */
static int64_t some_number(uint64_t *seed)
{
    static const int64_t edges[] = {
        0, 1, -1, 2, INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_C(1) << 32, UINT32_MAX, -2};
    if (seeded_below(seed, 4) == 0) {
        return edges[seeded_below(seed, sizeof edges / sizeof edges[0])];
    }
    int64_t value = (int64_t)(seeded_next(seed) >> seeded_below(seed, 64));
    return seeded_below(seed, 2) == 0 || value == INT64_MIN ? value : -value;
}

/* Long multiplication and division in base 2, bit by bit: slow and obvious. 130 bits and a sign. */
enum { REFERENCE_BITS = 130 };

struct reference {
    bool bits[REFERENCE_BITS];
};

static void reference_double(struct reference *number)
{
    for (size_t i = REFERENCE_BITS - 1; i > 0; i--) {
        number->bits[i] = number->bits[i - 1];
    }
    number->bits[0] = false;
}

static void reference_add(struct reference *number, const struct reference *other)
{
    bool carry = false;
    for (size_t i = 0; i < REFERENCE_BITS; i++) {
        int sum = number->bits[i] + other->bits[i] + carry;
        number->bits[i] = sum % 2 != 0;
        carry = sum >= 2;
    }
}

static int reference_compare(const struct reference *left, const struct reference *right)
{
    for (size_t i = REFERENCE_BITS; i > 0; i--) {
        if (left->bits[i - 1] != right->bits[i - 1]) {
            return left->bits[i - 1] ? 1 : -1;
        }
    }
    return 0;
}

static void reference_subtract(struct reference *number, const struct reference *other)
{
    bool borrow = false;
    for (size_t i = 0; i < REFERENCE_BITS; i++) {
        int difference = number->bits[i] - other->bits[i] - borrow;
        number->bits[i] = difference == 1 || difference == -1;
        borrow = difference < 0;
    }
}

static struct reference reference_of(uint64_t value)
{
    struct reference number = {{false}};
    for (size_t i = 0; i < 64; i++) {
        number.bits[i] = (value >> i & 1) != 0;
    }
    return number;
}

static uint64_t size_of(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static struct reference reference_product(const struct reference *left, uint64_t right)
{
    struct reference product = {{false}};
    for (size_t i = 64; i > 0; i--) {
        reference_double(&product);
        if ((right >> (i - 1) & 1) != 0) {
            reference_add(&product, left);
        }
    }
    return product;
}

/* The size of the result; false when it needs more than 64 bits. */
static bool reference_divide(const struct reference *product, uint64_t denominator, bool negative,
                             enum tally_rounding rounding, uint64_t *ret_size)
{
    struct reference by = reference_of(denominator), quotient = {{false}}, rest = {{false}};
    for (size_t i = REFERENCE_BITS; i > 0; i--) {
        reference_double(&rest);
        rest.bits[0] = product->bits[i - 1];
        reference_double(&quotient);
        if (reference_compare(&rest, &by) >= 0) {
            reference_subtract(&rest, &by);
            quotient.bits[0] = true;
        }
    }
    struct reference twice = rest, zero = {{false}}, one = reference_of(1);
    reference_double(&twice);
    int half = reference_compare(&twice, &by);
    bool exact = reference_compare(&rest, &zero) == 0;
    bool up =
        rounding == TALLY_ROUND_FLOOR ? negative && !exact
        : rounding == TALLY_ROUND_CEIL
            ? !negative && !exact
            : half > 0 || (half == 0 && (rounding == TALLY_ROUND_HALF_UP || quotient.bits[0]));
    if (up) {
        reference_add(&quotient, &one);
    }
    uint64_t size = 0;
    for (size_t i = 0; i < REFERENCE_BITS; i++) {
        if (quotient.bits[i] && i >= 64) {
            return false;
        }
        size |= quotient.bits[i] ? UINT64_C(1) << i : 0;
    }
    *ret_size = size;
    return true;
}

static bool reference_scale(int64_t value, int64_t numerator, int64_t denominator,
                            enum tally_rounding rounding, uint64_t *ret_size)
{
    struct reference left = reference_of(size_of(value));
    struct reference product = reference_product(&left, size_of(numerator));
    return reference_divide(&product, size_of(denominator), (value < 0) != (numerator < 0),
                            rounding, ret_size);
}

static void a_scale_agrees_with_long_division_on_paper(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(20261122);
    size_t fitting = 0;
    for (int i = 0; i < 20000; i++) {
        int64_t value = some_number(&seed), numerator = some_number(&seed);
        int64_t denominator = some_number(&seed);
        enum tally_rounding rounding = (enum tally_rounding)seeded_below(&seed, 4);
        if (denominator <= 0) {
            continue;
        }
        uint64_t size = 0;
        bool negative = (value < 0) != (numerator < 0);
        bool fits = reference_scale(value, numerator, denominator, rounding, &size) &&
                    size <= (uint64_t)INT64_MAX + (negative ? 1 : 0);
        int64_t result = 0;
        enum tally_status status = tally_scale(value, numerator, denominator, rounding, &result);
        bool agrees = fits ? status == TALLY_OK && size_of(result) == size &&
                                 (result == 0 || (result < 0) == negative)
                           : status == TALLY_E_OVERFLOW;
        if (!agrees) {
            fail_msg("%" PRId64 " * %" PRId64 " / %" PRId64 ", rounding %d", value, numerator,
                     denominator, (int)rounding);
        }
        int64_t product = 0;
        bool product_fits = reference_scale(value, numerator, 1, TALLY_ROUND_FLOOR, &size) &&
                            size <= (uint64_t)INT64_MAX + (negative ? 1 : 0);
        assert_int_equal(tally_multiply(value, numerator, &product),
                         product_fits ? TALLY_OK : TALLY_E_OVERFLOW);
        assert_true(!product_fits || size_of(product) == size);
        fitting += fits ? 1 : 0;
    }
    assert_true(fitting > 1000);
}

/* ------------------------------------------------------------------ wide sums */

static void a_wide_sum_carries_and_refuses_what_does_not_fit(void **state)
{
    (void)state;
    struct tally_wide sum = {0, UINT64_MAX};
    assert_int_equal(tally_wide_add(&sum, 1, 1), TALLY_OK);
    assert_true(sum.high == 1 && sum.low == 0);
    assert_int_equal(tally_wide_add(&sum, UINT64_MAX, UINT64_MAX), TALLY_OK);
    assert_true(sum.high == UINT64_MAX && sum.low == 1);
    assert_int_equal(tally_wide_add(&sum, UINT64_MAX, 2), TALLY_E_OVERFLOW);
    assert_true(sum.high == UINT64_MAX && sum.low == 1);
    assert_int_equal(tally_wide_add(&sum, UINT64_MAX, 1), TALLY_E_OVERFLOW);
    assert_true(sum.high == UINT64_MAX && sum.low == 1);
    int64_t result = 77;
    assert_int_equal(tally_wide_scale(sum, 2, 1, TALLY_ROUND_FLOOR, &result), TALLY_E_OVERFLOW);
    assert_int_equal(tally_wide_scale(sum, 1, UINT64_MAX, TALLY_ROUND_FLOOR, &result),
                     TALLY_E_OVERFLOW);
    assert_int_equal(result, 77);
    assert_int_equal(tally_wide_scale(sum, 0, 1, TALLY_ROUND_CEIL, &result), TALLY_OK);
    assert_int_equal(result, 0);
}

/* Sums of products of all lengths, times and divided by numbers of all lengths. */
static void a_wide_scale_agrees_with_long_division_on_paper(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(20261123);
    size_t fitting = 0, large = 0;
    for (int i = 0; i < 4000; i++) {
        struct tally_wide sum = {0, 0};
        struct reference reference = {{false}};
        for (int64_t j = seeded_below(&seed, 4); j >= 0; j--) {
            uint64_t left = seeded_next(&seed) >> seeded_below(&seed, 64);
            uint64_t right = seeded_next(&seed) >> (2 + seeded_below(&seed, 62));
            struct reference one = reference_of(left);
            one = reference_product(&one, right);
            reference_add(&reference, &one);
            assert_int_equal(tally_wide_add(&sum, left, right), TALLY_OK);
        }
        uint64_t numerator = seeded_next(&seed) >> seeded_below(&seed, 64);
        uint64_t denominator = seeded_next(&seed) >> seeded_below(&seed, 64);
        enum tally_rounding rounding = (enum tally_rounding)seeded_below(&seed, 4);
        struct tally_wide limit = {UINT64_MAX, UINT64_MAX};
        /* the reference has 130 bits: those products that fit it for sure */
        bool too_large = numerator > 1 && sum.high > limit.high / numerator;
        if (denominator == 0 || too_large) {
            continue;
        }
        struct reference product = reference_product(&reference, numerator);
        uint64_t size = 0;
        bool fits = !product.bits[128] && !product.bits[129] &&
                    reference_divide(&product, denominator, false, rounding, &size) &&
                    size <= (uint64_t)INT64_MAX;
        int64_t result = 77;
        enum tally_status status = tally_wide_scale(sum, numerator, denominator, rounding, &result);
        if (status != (fits ? TALLY_OK : TALLY_E_OVERFLOW) ||
            result != (fits ? (int64_t)size : 77)) {
            fail_msg("(%" PRIu64 ", %" PRIu64 ") * %" PRIu64 " / %" PRIu64 ", rounding %d",
                     sum.high, sum.low, numerator, denominator, (int)rounding);
        }
        fitting += fits ? 1 : 0;
        large += fits && sum.high > 0 ? 1 : 0;
    }
    assert_true(fitting > 200 && large > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logical_time_follows_the_clock_and_never_goes_back),
        cmocka_unit_test(a_day_begins_at_midnight_of_the_time_zone),
        cmocka_unit_test(a_day_that_no_calendar_has_is_the_nearest_one_and_never_never),
        cmocka_unit_test(known_dates_are_known_days),
        cmocka_unit_test(the_calendar_counts_day_by_day_and_back),
        cmocka_unit_test(adding_months_stays_within_the_month),
        cmocka_unit_test(sums_and_products_that_do_not_fit_are_refused),
        cmocka_unit_test(halves_round_as_they_are_told),
        cmocka_unit_test(a_scale_is_exact_where_the_product_needs_128_bits),
        cmocka_unit_test(a_scale_that_does_not_fit_is_refused),
        cmocka_unit_test(a_scale_agrees_with_long_division_on_paper),
        cmocka_unit_test(a_wide_sum_carries_and_refuses_what_does_not_fit),
        cmocka_unit_test(a_wide_scale_agrees_with_long_division_on_paper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
