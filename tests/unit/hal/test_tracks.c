/* SPDX-License-Identifier: Apache-2.0 */
/* Which part of a stripe's text is which track. */
#include "hal/reader/tracks.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

static struct hal_track tracks[HAL_TRACKS];

static void split(const char *text)
{
    hal_tracks_split((const uint8_t *)text, strlen(text), tracks);
}

static void expect_track(size_t number, const char *text)
{
    const struct hal_track *track = &tracks[number - 1];
    assert_int_equal(HAL_TRACK_GOOD, track->state);
    assert_int_equal(strlen(text), track->len);
    assert_memory_equal(text, track->text, track->len);
}

static void expect_state(size_t number, enum hal_track_state state)
{
    assert_int_equal(state, tracks[number - 1].state);
}

static void three_tracks_are_found_by_their_sentinels(void **state)
{
    (void)state;
    split("%B1^A^?;2=3?+4=5?");
    expect_track(1, "%B1^A^?");
    expect_track(2, ";2=3?");
    expect_track(3, "+4=5?");
    split("%NX^?@7BIT?#AAMVA?");
    expect_track(2, "@7BIT?");
    expect_track(3, "#AAMVA?");
    split(";2=3?;4=5?"); /* ISO/IEC 7811-2: track 3 begins as track 2 does */
    expect_state(1, HAL_TRACK_EMPTY);
    expect_track(2, ";2=3?");
    expect_track(3, ";4=5?");
}

static void what_stands_between_tracks_is_passed_over(void **state)
{
    (void)state;
    split("HELLO %A?\r;2?\r+3?\r BYE");
    expect_track(1, "%A?");
    expect_track(2, ";2?");
    expect_track(3, "+3?");
}

static void an_lrc_that_looks_like_a_sentinel_is_no_track(void **state)
{
    (void)state;
    split("%A?;;2=3?;+4=5?+");
    expect_track(1, "%A?");
    expect_track(2, ";2=3?");
    expect_track(3, "+4=5?");
    split("%A??;2=3?%");
    expect_track(1, "%A?");
    expect_track(2, ";2=3?");
    expect_state(3, HAL_TRACK_EMPTY);
}

static void an_e_for_the_data_means_damaged(void **state)
{
    (void)state;
    split("%E?;E?+E?");
    for (size_t i = 1; i <= HAL_TRACKS; i++) {
        expect_state(i, HAL_TRACK_DAMAGED);
    }
    split("%E?;2=3?");
    expect_state(1, HAL_TRACK_DAMAGED);
    expect_track(2, ";2=3?");
}

static void sentinels_alone_are_an_empty_track(void **state)
{
    (void)state;
    split("%?;2=3?");
    expect_state(1, HAL_TRACK_EMPTY);
    expect_track(2, ";2=3?");
}

static void a_track_without_an_end_is_damaged(void **state)
{
    (void)state;
    split("%A?;2=3");
    expect_track(1, "%A?");
    expect_state(2, HAL_TRACK_DAMAGED);
    split("%A");
    expect_state(1, HAL_TRACK_DAMAGED);
}

static void a_track_that_comes_twice_is_damaged(void **state)
{
    (void)state;
    split("%A?%B?;1?;2?;3?");
    expect_state(1, HAL_TRACK_DAMAGED);
    expect_track(2, ";1?");
    expect_state(3, HAL_TRACK_DAMAGED);
}

static void a_text_is_a_stripe_by_its_first_character(void **state)
{
    (void)state;
    static const char yes[] = "%;@+#&", no[] = "?=^T0 ";
    for (size_t i = 0; yes[i] != '\0'; i++) {
        assert_true(hal_tracks_are_text((const uint8_t *)yes + i, 1));
        assert_false(hal_tracks_are_text((const uint8_t *)no + i, 1));
    }
    assert_false(hal_tracks_are_text(NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_tracks_are_found_by_their_sentinels),
        cmocka_unit_test(what_stands_between_tracks_is_passed_over),
        cmocka_unit_test(an_lrc_that_looks_like_a_sentinel_is_no_track),
        cmocka_unit_test(an_e_for_the_data_means_damaged),
        cmocka_unit_test(sentinels_alone_are_an_empty_track),
        cmocka_unit_test(a_track_without_an_end_is_damaged),
        cmocka_unit_test(a_track_that_comes_twice_is_damaged),
        cmocka_unit_test(a_text_is_a_stripe_by_its_first_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
