/* SPDX-License-Identifier: Apache-2.0 */
/* Spans of days: where each kind begins and ends. */
#include "app/core/period.h"

#include "tests/unit/core/seeded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int32_t day(int32_t year, int32_t month, int32_t of_month)
{
    return tally_day_from_date(year, month, of_month);
}

static void spans(enum tally_period_kind kind, int32_t length, int32_t anchor, int32_t on,
                  int32_t from_day, int32_t until_day)
{
    struct tally_span span = tally_period_span((struct tally_period){kind, length}, anchor, on);
    assert_int_equal(span.from_day, from_day);
    assert_int_equal(span.until_day, until_day);
}

static void a_week_begins_on_monday(void **state)
{
    (void)state;
    assert_int_equal(tally_day_weekday(0), 3); /* 1970-01-01 was a Thursday */
    assert_int_equal(tally_day_weekday(-4), 6);
    assert_int_equal(tally_day_weekday(-3), 0);
    assert_int_equal(tally_day_weekday(day(2026, 11, 22)), 6);
    spans(TALLY_PERIOD_WEEK, 0, 0, day(2026, 11, 22), day(2026, 11, 16), day(2026, 11, 22));
    spans(TALLY_PERIOD_WEEK, 0, 0, day(2026, 11, 23), day(2026, 11, 23), day(2026, 11, 29));
    spans(TALLY_PERIOD_WEEK, 0, 0, day(2026, 1, 1), day(2025, 12, 29), day(2026, 1, 4));
}

static void parts_of_a_year_end_where_the_calendar_says(void **state)
{
    (void)state;
    int32_t leap = day(2028, 2, 29);
    spans(TALLY_PERIOD_SALE, 0, 0, leap, leap, leap);
    spans(TALLY_PERIOD_DAY, 0, 0, leap, leap, leap);
    spans(TALLY_PERIOD_MONTH, 0, 0, leap, day(2028, 2, 1), leap);
    spans(TALLY_PERIOD_MONTH, 0, 0, day(2026, 12, 31), day(2026, 12, 1), day(2026, 12, 31));
    spans(TALLY_PERIOD_QUARTER, 0, 0, leap, day(2028, 1, 1), day(2028, 3, 31));
    spans(TALLY_PERIOD_QUARTER, 0, 0, day(2026, 10, 1), day(2026, 10, 1), day(2026, 12, 31));
    spans(TALLY_PERIOD_HALF_YEAR, 0, 0, day(2026, 6, 30), day(2026, 1, 1), day(2026, 6, 30));
    spans(TALLY_PERIOD_HALF_YEAR, 0, 0, day(2026, 7, 1), day(2026, 7, 1), day(2026, 12, 31));
    spans(TALLY_PERIOD_YEAR, 0, 0, leap, day(2028, 1, 1), day(2028, 12, 31));
    spans(TALLY_PERIOD_LIFETIME, 0, 0, leap, INT32_MIN, TALLY_DAY_NEVER);
    assert_int_equal(tally_day_end_of_month(day(2026, 2, 1)), day(2026, 2, 28));
    assert_int_equal(tally_day_end_of_month(day(2026, 12, 31)), day(2026, 12, 31));
}

static void a_year_of_membership_begins_on_its_date(void **state)
{
    (void)state;
    int32_t joined = day(2020, 5, 17);
    spans(TALLY_PERIOD_ANNIVERSARY, 0, joined, day(2026, 5, 16), day(2025, 5, 17),
          day(2026, 5, 16));
    spans(TALLY_PERIOD_ANNIVERSARY, 0, joined, day(2026, 5, 17), day(2026, 5, 17),
          day(2027, 5, 16));
    joined = day(2024, 2, 29);
    spans(TALLY_PERIOD_ANNIVERSARY, 0, joined, joined, joined, day(2025, 2, 27));
    spans(TALLY_PERIOD_ANNIVERSARY, 0, joined, day(2025, 2, 28), day(2025, 2, 28),
          day(2026, 2, 27));
    spans(TALLY_PERIOD_ANNIVERSARY, 0, joined, day(2028, 2, 28), day(2027, 2, 28),
          day(2028, 2, 28));
    spans(TALLY_PERIOD_ANNIVERSARY, 0, joined, day(2028, 2, 29), day(2028, 2, 29),
          day(2029, 2, 27));
}

static void a_rolling_span_ends_with_the_day(void **state)
{
    (void)state;
    spans(TALLY_PERIOD_ROLLING_DAYS, 1, 0, 100, 100, 100);
    spans(TALLY_PERIOD_ROLLING_DAYS, 30, 0, 100, 71, 100);
    spans(TALLY_PERIOD_ROLLING_MONTHS, 12, 0, day(2026, 3, 31), day(2025, 4, 1), day(2026, 3, 31));
    spans(TALLY_PERIOD_ROLLING_MONTHS, 12, 0, day(2026, 2, 28), day(2025, 3, 1), day(2026, 2, 28));
    spans(TALLY_PERIOD_ROLLING_MONTHS, 1, 0, day(2026, 3, 31), day(2026, 3, 1), day(2026, 3, 31));
    spans(TALLY_PERIOD_ROLLING_MONTHS, 1, 0, day(2026, 1, 15), day(2025, 12, 16), day(2026, 1, 15));
    spans(TALLY_PERIOD_ROLLING_MONTHS, 120, 0, day(2026, 1, 15), day(2016, 1, 16),
          day(2026, 1, 15));
}

static void spans_of_a_kind_lie_side_by_side(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(20261122);
    for (int kind = TALLY_PERIOD_DAY; kind <= TALLY_PERIOD_ANNIVERSARY; kind++) {
        for (int i = 0; i < 200; i++) {
            struct tally_period period = {(enum tally_period_kind)kind, 0};
            int32_t anchor = day(2000, 1, 1) + (int32_t)seeded_below(&seed, 3000);
            int32_t on = anchor + (int32_t)seeded_below(&seed, 20000);
            struct tally_span span = tally_period_span(period, anchor, on);
            assert_true(span.from_day <= on && on <= span.until_day);
            struct tally_span next = tally_period_next(period, anchor, span);
            assert_int_equal(next.from_day, span.until_day + 1);
            struct tally_span of_first = tally_period_span(period, anchor, span.from_day);
            struct tally_span of_last = tally_period_span(period, anchor, span.until_day);
            assert_memory_equal(&of_first, &span, sizeof span);
            assert_memory_equal(&of_last, &span, sizeof span);
        }
    }
}

static void no_day_is_too_far_away(void **state)
{
    (void)state;
    static const int32_t days[] = {INT32_MIN, INT32_MIN + 1, 0, INT32_MAX - 1};
    for (size_t i = 0; i < 4; i++) {
        for (int kind = TALLY_PERIOD_SALE; kind <= TALLY_PERIOD_ROLLING_MONTHS; kind++) {
            struct tally_period period = {(enum tally_period_kind)kind, 60};
            (void)tally_period_span(period, days[3 - i], days[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_week_begins_on_monday),
        cmocka_unit_test(parts_of_a_year_end_where_the_calendar_says),
        cmocka_unit_test(a_year_of_membership_begins_on_its_date),
        cmocka_unit_test(a_rolling_span_ends_with_the_day),
        cmocka_unit_test(spans_of_a_kind_lie_side_by_side),
        cmocka_unit_test(no_day_is_too_far_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
