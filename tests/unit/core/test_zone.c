/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones as rules: what the clock on the wall says, and which rules are none. */
#include "app/core/zone.h"

#include "tests/unit/core/seeded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static enum tally_status parse(const char *text, struct tally_zone *ret_zone)
{
    return tally_zone_parse((struct tally_slice){(const uint8_t *)text, strlen(text)}, ret_zone);
}

static struct tally_zone zone_of(const char *text)
{
    struct tally_zone zone;
    if (parse(text, &zone) != TALLY_OK) {
        fail_msg("%s is no zone", text);
    }
    return zone;
}

/* ms since 1970 of a date and time of UTC */
static int64_t utc(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute)
{
    return ((int64_t)tally_day_from_date(year, month, day) * 1440 + hour * 60 + minute) * 60000;
}

static void a_fixed_offset_holds_all_year(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t offset_s;
    } zones[] = {{"Z", 0},
                 {"+08:00", 28800},
                 {"-05:30", -19800},
                 {"+14:00", 50400},
                 {"-14:00", -50400},
                 {"UTC0", 0},
                 {"CST-8", 28800},
                 {"EST5", -18000},
                 {"<+0545>-5:45", 20700},
                 {"LMT0:34:08", -2048}};
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        struct tally_zone zone = zone_of(zones[i].text);
        assert_false(zone.has_summer);
        assert_int_equal(zone.offset_s, zones[i].offset_s);
        assert_int_equal(tally_zone_offset_s(&zone, utc(2026, 7, 1, 0, 0)), zones[i].offset_s);
        assert_int_equal(tally_zone_offset_s(&zone, -1), zones[i].offset_s);
    }
}

static void what_is_no_rule_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "z",
        "Europe/Berlin",
        "+8:00",
        "+0800",
        "+08:60",
        "+14:01",
        "-15:00",
        "+08:00 ",
        "CET",
        "CE-1",
        "CET-15",
        "CET-1CEST",              /* since when? */
        "CET-1CEST,M3.5.0",       /* until when? */
        "CET-1CEST,M3.5.0,M10.5", /* on which day? */
        "CET-1CEST,M3.5.0,M10.5.0,",
        "CET-1CEST,M0.5.0,M10.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,M3.5.0/,M10.5.0",
        "CET-1CEST,M3.5.0/2:60,M10.5.0",
        "CET-1CEST,J60,J300", /* days of the year are left out */
        "CET-1CEST,60,300",
        "<+01-1",
        "<+0>-1",
        "CET-1CEST-15,M3.5.0,M10.5.0",
        "CET-1CEST,M3.5.0/0000000000000000000000000000000000000000002,M10.5.0",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct tally_zone zone = {.offset_s = 77};
        if (parse(texts[i], &zone) != TALLY_E_INVALID) {
            fail_msg("%s is taken for a zone", texts[i]);
        }
        assert_int_equal(zone.offset_s, 77);
    }
}

static void summer_begins_and_ends_at_the_second(void **state)
{
    (void)state;
    struct tally_zone berlin = zone_of("CET-1CEST,M3.5.0,M10.5.0/3");
    assert_int_equal(tally_zone_offset_s(&berlin, utc(2026, 3, 29, 1, 0) - 1), 3600);
    assert_int_equal(tally_zone_offset_s(&berlin, utc(2026, 3, 29, 1, 0)), 7200);
    assert_int_equal(tally_zone_offset_s(&berlin, utc(2026, 10, 25, 1, 0) - 1), 7200);
    assert_int_equal(tally_zone_offset_s(&berlin, utc(2026, 10, 25, 1, 0)), 3600);
    struct tally_zone new_york = zone_of("EST5EDT,M3.2.0,M11.1.0");
    assert_int_equal(tally_zone_offset_s(&new_york, utc(2026, 3, 8, 7, 0) - 1), -18000);
    assert_int_equal(tally_zone_offset_s(&new_york, utc(2026, 3, 8, 7, 0)), -14400);
    assert_int_equal(tally_zone_offset_s(&new_york, utc(2026, 11, 1, 6, 0)), -18000);
}

static void south_of_the_equator_summer_goes_over_new_year(void **state)
{
    (void)state;
    struct tally_zone sydney = zone_of("AEST-10AEDT,M10.1.0,M4.1.0/3");
    assert_int_equal(tally_zone_offset_s(&sydney, utc(2026, 1, 1, 0, 0)), 39600);
    assert_int_equal(tally_zone_offset_s(&sydney, utc(2025, 12, 31, 23, 59)), 39600);
    assert_int_equal(tally_zone_offset_s(&sydney, utc(2026, 4, 4, 16, 0) - 1), 39600);
    assert_int_equal(tally_zone_offset_s(&sydney, utc(2026, 4, 4, 16, 0)), 36000);
    assert_int_equal(tally_zone_offset_s(&sydney, utc(2026, 10, 3, 16, 0)), 39600);
}

static void a_change_may_be_on_another_day_and_summer_may_be_behind(void **state)
{
    (void)state;
    /* Greenland: Saturday 22:00 is Sunday 01:00 UTC */
    struct tally_zone nuuk = zone_of("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
    assert_int_equal(tally_zone_offset_s(&nuuk, utc(2026, 3, 29, 1, 0) - 1), -7200);
    assert_int_equal(tally_zone_offset_s(&nuuk, utc(2026, 3, 29, 1, 0)), -3600);
    /* the first Thursday of January, less a day: New Year's Eve of the year before */
    struct tally_zone eve = zone_of("AAA0BBB,M1.1.4/-24,M7.1.0");
    assert_int_equal(tally_zone_offset_s(&eve, utc(2025, 12, 31, 0, 0) - 1), 0);
    assert_int_equal(tally_zone_offset_s(&eve, utc(2025, 12, 31, 0, 0)), 3600);
    assert_int_equal(tally_zone_offset_s(&eve, utc(2026, 1, 1, 0, 0)), 3600);
    /* Ireland's law calls winter the exception */
    struct tally_zone dublin = zone_of("IST-1GMT0,M10.5.0,M3.5.0/1");
    assert_int_equal(tally_zone_offset_s(&dublin, utc(2026, 1, 15, 12, 0)), 0);
    assert_int_equal(tally_zone_offset_s(&dublin, utc(2026, 7, 15, 12, 0)), 3600);
}

static void a_business_day_changes_at_local_midnight(void **state)
{
    (void)state;
    struct tally_zone berlin = zone_of("CET-1CEST,M3.5.0,M10.5.0/3");
    int32_t day = tally_day_from_date(2026, 7, 1);
    assert_int_equal(tally_zone_day(&berlin, utc(2026, 6, 30, 22, 0) - 1), day - 1);
    assert_int_equal(tally_zone_day(&berlin, utc(2026, 6, 30, 22, 0)), day);
    assert_int_equal(tally_zone_minute(&berlin, utc(2026, 6, 30, 22, 0) - 1), 1439);
    assert_int_equal(tally_zone_minute(&berlin, utc(2026, 6, 30, 22, 0)), 0);
    struct tally_zone west = zone_of("-10:00");
    assert_int_equal(tally_zone_minute(&west, utc(1969, 12, 31, 23, 0)), 13 * 60);
    assert_int_equal(tally_zone_day(&west, utc(1970, 1, 1, 9, 59)), -1);
}

static void a_minute_that_is_skipped_or_comes_twice_has_one_instant(void **state)
{
    (void)state;
    struct tally_zone berlin = zone_of("CET-1CEST,M3.5.0,M10.5.0/3");
    int32_t spring = tally_day_from_date(2026, 3, 29), autumn = tally_day_from_date(2026, 10, 25);
    assert_true(tally_zone_instant_ms(&berlin, spring, 119) == utc(2026, 3, 29, 0, 59));
    assert_true(tally_zone_instant_ms(&berlin, spring, 120) == utc(2026, 3, 29, 1, 0));
    assert_true(tally_zone_instant_ms(&berlin, spring, 150) == utc(2026, 3, 29, 1, 0));
    assert_true(tally_zone_instant_ms(&berlin, spring, 180) == utc(2026, 3, 29, 1, 0));
    assert_true(tally_zone_instant_ms(&berlin, spring, 181) == utc(2026, 3, 29, 1, 1));
    assert_true(tally_zone_instant_ms(&berlin, autumn, 150) == utc(2026, 10, 25, 0, 30));
    assert_true(tally_zone_instant_ms(&berlin, autumn, 180) == utc(2026, 10, 25, 2, 0));
}

/* The C library knows the same rules; it is asked hour by hour, over three years. */
static void every_hour_is_what_the_c_library_says(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "CET-1CEST,M3.5.0,M10.5.0/3",      "EST5EDT,M3.2.0,M11.1.0",
        "AEST-10AEDT,M10.1.0,M4.1.0/3",    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "EET-2EEST,M3.4.4/50,M10.4.4/50",
        "IST-1GMT0,M10.5.0,M3.5.0/1",      "CST-8",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct tally_zone zone = zone_of(texts[i]);
        setenv("TZ", texts[i], 1);
        tzset();
        for (int64_t hour = utc(2026, 1, 1, 0, 0) / 3600000; hour < utc(2029, 1, 1, 0, 0) / 3600000;
             hour++) {
            struct tm local;
            time_t at = (time_t)(hour * 3600);
            assert_non_null(localtime_r(&at, &local));
            if (tally_zone_offset_s(&zone, hour * 3600000) != local.tm_gmtoff) {
                fail_msg("%s at %" PRId64, texts[i], hour * 3600);
            }
            int32_t day = tally_zone_day(&zone, hour * 3600000);
            int32_t minute = tally_zone_minute(&zone, hour * 3600000);
            assert_int_equal(minute, local.tm_hour * 60 + local.tm_min);
            int64_t instant = tally_zone_instant_ms(&zone, day, minute);
            /* of two that read the same, the first */
            assert_true(instant == hour * 3600000 ||
                        (instant < hour * 3600000 && instant >= (hour - 1) * 3600000 &&
                         tally_zone_minute(&zone, instant) == minute));
        }
    }
    unsetenv("TZ");
    tzset();
}

static void no_instant_and_no_bytes_are_too_odd(void **state)
{
    (void)state;
    struct tally_zone berlin = zone_of("CET-1CEST,M3.5.0,M10.5.0/3");
    (void)tally_zone_day(&berlin, INT64_MAX);
    (void)tally_zone_day(&berlin, INT64_MIN);
    (void)tally_zone_minute(&berlin, INT64_MIN);
    (void)tally_zone_instant_ms(&berlin, INT32_MAX, 1439);
    (void)tally_zone_instant_ms(&berlin, INT32_MIN, 0);
    static const char letters[] = "CETM0123456789.,/:<>+-Z";
    uint64_t seed = seeded_start(20261122);
    for (int i = 0; i < 200000; i++) {
        uint8_t bytes[40];
        size_t len = (size_t)seeded_below(&seed, sizeof bytes);
        for (size_t j = 0; j < len; j++) {
            bytes[j] = (uint8_t)letters[seeded_below(&seed, sizeof letters - 1)];
        }
        struct tally_zone zone;
        if (tally_zone_parse((struct tally_slice){bytes, len}, &zone) == TALLY_OK) {
            assert_in_range(zone.offset_s + TALLY_OFFSET_S_MAX, 0, 2 * TALLY_OFFSET_S_MAX);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fixed_offset_holds_all_year),
        cmocka_unit_test(what_is_no_rule_is_refused),
        cmocka_unit_test(summer_begins_and_ends_at_the_second),
        cmocka_unit_test(south_of_the_equator_summer_goes_over_new_year),
        cmocka_unit_test(a_change_may_be_on_another_day_and_summer_may_be_behind),
        cmocka_unit_test(a_business_day_changes_at_local_midnight),
        cmocka_unit_test(a_minute_that_is_skipped_or_comes_twice_has_one_instant),
        cmocka_unit_test(every_hour_is_what_the_c_library_says),
        cmocka_unit_test(no_instant_and_no_bytes_are_too_odd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
