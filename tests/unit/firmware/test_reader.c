/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's state machine, its report, and the lines of its head. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/port/host/host.h"
#include "tools/swipe/swipe.h"

/* ---- the table, written a second time and the other way round: every cell, by hand ---- */

#define REFUSED                                                                                    \
    {                                                                                              \
        TALLY_READER_REFUSE, TALLY_READER_OFF                                                      \
    }
static const struct tally_reader_cell expected[TALLY_READER_EVENT_COUNT][TALLY_READER_STATE_COUNT] =
    {
        /* clang-format off */
        /*                  off        idle       swiping    reporting */
        /* host up    */ {{TALLY_READER_SHOW_IDLE, TALLY_READER_IDLE},
                          {TALLY_READER_SHOW_IDLE, TALLY_READER_IDLE}, REFUSED, REFUSED},
        /* host down  */ {{TALLY_READER_FORGET, TALLY_READER_OFF},
                          {TALLY_READER_FORGET, TALLY_READER_OFF},
                          {TALLY_READER_FORGET, TALLY_READER_OFF},
                          {TALLY_READER_FORGET, TALLY_READER_OFF}},
        /* begins     */ {REFUSED, {TALLY_READER_LISTEN, TALLY_READER_SWIPING}, REFUSED, REFUSED},
        /* ends       */ {REFUSED, REFUSED, {TALLY_READER_REPORT, TALLY_READER_REPORTING}, REFUSED},
        /* lost       */ {REFUSED, REFUSED,
                          {TALLY_READER_FORGET_AND_WARN, TALLY_READER_IDLE}, REFUSED},
        /* taken      */ {REFUSED, REFUSED, REFUSED, {TALLY_READER_FORGET, TALLY_READER_IDLE}},
        /* stale      */ {REFUSED, REFUSED, REFUSED,
                          {TALLY_READER_FORGET_AND_WARN, TALLY_READER_IDLE}},
        /* clang-format on */
};

static void every_cell_does_what_the_table_says_and_refusing_stays(void **state)
{
    (void)state;
    for (int s = 0; s < TALLY_READER_STATE_COUNT; s++) {
        for (int e = 0; e < TALLY_READER_EVENT_COUNT; e++) {
            struct tally_reader_cell want = expected[e][s];
            struct tally_reader_cell cell =
                tally_reader_step((enum tally_reader_state)s, (enum tally_reader_event)e);
            assert_int_equal(want.action, cell.action);
            assert_int_equal(want.action == TALLY_READER_REFUSE ? s : (int)want.next, cell.next);
            struct tally_reader reader;
            tally_reader_init(&reader);
            reader.state = (enum tally_reader_state)s;
            assert_int_equal(want.action, tally_reader_event(&reader, (enum tally_reader_event)e));
            assert_int_equal(cell.next, reader.state);
        }
    }
}

/* ---- helpers ---- */

struct card {
    const char *tracks[TALLY_SWIPE_TRACKS];
};

__attribute__((format(printf, 3, 4))) static void append(char *lines, size_t size,
                                                         const char *format, ...)
{
    size_t len = strlen(lines);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(lines + len, size - len, format, arguments);
    va_end(arguments);
}

enum { LINES_LEN = 3 * 16 * TALLY_SWIPE_INTERVALS_MAX };
static char lines[LINES_LEN];

static const char *lines_of(struct tally_swipe_hand hand, const struct card *card)
{
    static struct tally_swipe_flux flux;
    snprintf(lines, sizeof lines, "begin\n");
    for (int track = 1; track <= TALLY_SWIPE_TRACKS; track++) {
        if (card->tracks[track - 1] != NULL) {
            size_t len = strlen(lines);
            assert_true(tally_swipe_flux(&hand, track, card->tracks[track - 1], &flux));
            len += (size_t)snprintf(lines + len, sizeof lines - len, "swipe T%d", track);
            for (size_t i = 0; i < flux.count; i++) {
                len += (size_t)snprintf(lines + len, sizeof lines - len, " %u", flux.intervals[i]);
            }
            snprintf(lines + len, sizeof lines - len, "\n");
        }
    }
    append(lines, sizeof lines, "end\n");
    return lines;
}

static bool all_zero(const void *memory, size_t len)
{
    const uint8_t *byte = memory;
    while (len > 0 && byte[len - 1] == 0) {
        len--;
    }
    return len == 0;
}

static void expect_track(const uint8_t *report, int track, const char *text)
{
    assert_int_equal(0, report[TALLY_MSR_STATUS_AT + track - 1]);
    assert_int_equal(strlen(text), report[TALLY_MSR_LEN_AT + track - 1]);
    const uint8_t *data = report + TALLY_MSR_DATA_AT + (track - 1) * TALLY_MSR_TRACK_LEN_MAX;
    assert_memory_equal(text, data, strlen(text));
    assert_true(all_zero(data + strlen(text), TALLY_MSR_TRACK_LEN_MAX - strlen(text)));
}

static const struct tally_swipe_hand a_hand = {.seed = 11};
static const struct card a_card = {{"%NDOE/JANE^X?", ";61021000123=4912?", ";123=1?"}};
static const struct card a_club_card = {{NULL, ";61021000123=4912?", NULL}};

/* ---- reports ---- */

static void a_card_with_three_tracks_fills_the_report(void **state)
{
    (void)state;
    struct tally_host_port port;
    uint8_t report[TALLY_MSR_REPORT_LEN];
    const char *error;
    tally_host_port_plug(&port, "S1");
    assert_true(tally_host_port_swipe(&port, lines_of(a_hand, &a_card), report, &error));
    assert_null(error);
    for (int track = 1; track <= 3; track++) {
        expect_track(report, track, a_card.tracks[track - 1]);
    }
    assert_int_equal(TALLY_MSR_ENCODE_ISO, report[TALLY_MSR_ENCODE_TYPE_AT]);
}

static void tracks_the_card_does_not_have_are_empty_and_no_error(void **state)
{
    (void)state;
    struct tally_host_port port;
    uint8_t report[TALLY_MSR_REPORT_LEN];
    const char *error;
    tally_host_port_plug(&port, "S1");
    assert_true(tally_host_port_swipe(&port, lines_of(a_hand, &a_club_card), report, &error));
    expect_track(report, 1, "");
    expect_track(report, 2, a_club_card.tracks[1]);
    expect_track(report, 3, "");
}

static void a_damaged_track_is_an_error_without_a_byte_of_data(void **state)
{
    (void)state;
    struct tally_host_port port;
    uint8_t report[TALLY_MSR_REPORT_LEN];
    const char *error;
    struct tally_swipe_hand hand = {.seed = 3, .is_damaged = true};
    tally_host_port_plug(&port, "S1");
    assert_true(tally_host_port_swipe(&port, lines_of(hand, &a_club_card), report, &error));
    assert_int_equal(TALLY_MSR_STATUS_ERROR, report[TALLY_MSR_STATUS_AT + 1]);
    assert_int_equal(TALLY_MSR_ENCODE_UNDETERMINED, report[TALLY_MSR_ENCODE_TYPE_AT]);
    assert_int_equal(0, report[TALLY_MSR_LEN_AT + 1]);
    assert_true(all_zero(report + TALLY_MSR_DATA_AT, TALLY_MSR_REPORT_LEN - TALLY_MSR_DATA_AT));
    assert_int_equal(TALLY_READER_LIGHT_RED, port.reader.light);
}

static void a_card_without_a_stripe_reports_none(void **state)
{
    (void)state;
    struct tally_host_port port;
    uint8_t report[TALLY_MSR_REPORT_LEN];
    const char *error;
    tally_host_port_plug(&port, "S1");
    assert_true(tally_host_port_swipe(&port, "begin\nend\n", report, &error));
    assert_int_equal(TALLY_MSR_ENCODE_NONE, report[TALLY_MSR_ENCODE_TYPE_AT]);
    report[TALLY_MSR_ENCODE_TYPE_AT] = 0;
    assert_true(all_zero(report, sizeof report));
}

static void a_swiping_reader(struct tally_host_port *port)
{
    char *end;
    const char *error;
    uint8_t report[TALLY_MSR_REPORT_LEN];
    tally_host_port_plug(port, "S1");
    (void)lines_of(a_hand, &a_card);
    end = strstr(lines, "end\n");
    *end = '\0';
    assert_false(tally_host_port_swipe(port, lines, report, &error));
    assert_null(error);
    assert_int_equal(TALLY_READER_SWIPING, port->reader.state);
}

static bool holds_nothing(const struct tally_reader *reader)
{
    return all_zero(reader->tracks, sizeof reader->tracks) &&
           all_zero(reader->report, sizeof reader->report);
}

static void the_card_is_forgotten_however_the_swipe_ends(void **state)
{
    (void)state;
    static const enum tally_reader_event ends[][2] = {
        {TALLY_READER_SWIPE_ENDS, TALLY_READER_REPORT_TAKEN},
        {TALLY_READER_SWIPE_ENDS, TALLY_READER_REPORT_STALE},
        {TALLY_READER_SWIPE_ENDS, TALLY_READER_HOST_DOWN},
        {TALLY_READER_SWIPE_LOST, TALLY_READER_HOST_DOWN},
        {TALLY_READER_HOST_DOWN, TALLY_READER_HOST_UP},
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct tally_host_port port;
        a_swiping_reader(&port);
        assert_false(holds_nothing(&port.reader));
        (void)tally_reader_event(&port.reader, ends[i][0]);
        assert_true(all_zero(port.reader.tracks, sizeof port.reader.tracks));
        (void)tally_reader_event(&port.reader, ends[i][1]);
        assert_true(holds_nothing(&port.reader));
    }
}

static void a_swipe_without_a_terminal_goes_nowhere(void **state)
{
    (void)state;
    struct tally_host_port port;
    uint8_t report[TALLY_MSR_REPORT_LEN];
    const char *error;
    tally_host_port_plug(&port, "S1");
    (void)tally_reader_event(&port.reader, TALLY_READER_HOST_DOWN);
    assert_false(tally_host_port_swipe(&port, lines_of(a_hand, &a_card), report, &error));
    assert_string_equal("no terminal has configured the reader", error);
    assert_true(holds_nothing(&port.reader));
}

static void the_lamp_and_the_beeper_tell_good_from_bad(void **state)
{
    (void)state;
    struct tally_host_port port;
    a_swiping_reader(&port);
    assert_int_equal(TALLY_READER_LIGHT_AMBER, port.reader.light);
    (void)tally_reader_event(&port.reader, TALLY_READER_SWIPE_ENDS);
    assert_int_equal(1, port.reader.beeps);
    (void)tally_reader_event(&port.reader, TALLY_READER_REPORT_TAKEN);
    assert_int_equal(TALLY_READER_LIGHT_GREEN, port.reader.light);
    assert_int_equal(0, port.reader.beeps);
    a_swiping_reader(&port);
    (void)tally_reader_event(&port.reader, TALLY_READER_SWIPE_LOST);
    assert_int_equal(TALLY_READER_LIGHT_RED, port.reader.light);
    assert_int_equal(3, port.reader.beeps);
    (void)tally_reader_event(&port.reader, TALLY_READER_HOST_DOWN);
    assert_int_equal(TALLY_READER_LIGHT_OFF, port.reader.light);
}

/* ---- light and beeper ---- */

/* "ms light beep" for each change until nothing changes for a minute, or `count` have been. */
static void expect_show(struct tally_reader *reader, uint32_t from_ms, const char *wanted,
                        int count)
{
    char shown[200] = "";
    uint32_t at_ms = from_ms;
    for (int i = 0; i < count; i++) {
        uint32_t next_ms = tally_reader_time(reader, at_ms);
        append(shown, sizeof shown, "%u%c%s ", (unsigned)(at_ms - from_ms), ".gar"[reader->light],
               reader -> is_beeping ? "!" : "");
        assert_true(next_ms - at_ms > 0 && next_ms - at_ms <= 60000);
        at_ms = next_ms;
    }
    assert_string_equal(wanted, shown);
}

static void light_and_beeper_play_their_tables(void **state)
{
    (void)state;
    const uint32_t start = UINT32_MAX - 300; /* the clock wraps in the middle */
    struct tally_reader reader;
    tally_reader_init(&reader);
    expect_show(&reader, start, "0. 1950a 2000. 3950a ", 4);
    (void)tally_reader_event(&reader, TALLY_READER_HOST_UP);
    expect_show(&reader, start, "0g 60000g ", 2);
    (void)tally_reader_event(&reader, TALLY_READER_SWIPE_BEGINS);
    expect_show(&reader, start, "0a ", 1);
    (void)tally_reader_event(&reader, TALLY_READER_SWIPE_LOST);
    expect_show(&reader, start, "0r! 90r 180r! 270r 360r! 450r ", 6);
    (void)tally_reader_event(&reader, TALLY_READER_SWIPE_BEGINS);
    (void)tally_reader_event(&reader, TALLY_READER_SWIPE_ENDS);
    (void)tally_reader_event(&reader, TALLY_READER_REPORT_TAKEN);
    assert_int_equal(TALLY_READER_LIGHT_RED, reader.light); /* there was nothing on it */
}

static void a_good_swipe_beeps_once_and_blinks_when_the_terminal_has_it(void **state)
{
    (void)state;
    struct tally_host_port port;
    const uint32_t start = 5;
    a_swiping_reader(&port);
    (void)tally_reader_event(&port.reader, TALLY_READER_SWIPE_ENDS);
    expect_show(&port.reader, start, "0a! 90a ", 2);
    (void)tally_reader_event(&port.reader, TALLY_READER_REPORT_TAKEN);
    expect_show(&port.reader, start, "0g 120. 240g 360. 480g ", 5);
}

static void a_port_that_slept_for_days_does_not_catch_up(void **state)
{
    (void)state;
    struct tally_reader reader;
    tally_reader_init(&reader);
    (void)tally_reader_time(&reader, 0);
    assert_int_equal(3000000777u + 1950, tally_reader_time(&reader, 3000000777u));
}

/* ---- lines of the head ---- */

/* The result of the last line of `text`. */
static enum tally_head_result say(struct tally_head *head, struct tally_reader *reader,
                                  const char *text)
{
    enum tally_head_result result = TALLY_HEAD_MORE;
    for (; *text != '\0'; text++) {
        const char *error;
        result = tally_head_push(head, reader, *text, &error);
        assert_int_equal(result == TALLY_HEAD_ERROR, error != NULL);
    }
    return result;
}

static void lines_that_are_not_understood_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"swipes T2 1\n",
                                        "swipe\n",
                                        "swipe T4 1\n",
                                        "swipe T22 1\n",
                                        "swipe T2 x\n",
                                        "swipe T2 0\n",
                                        "swipe T2 -1\n",
                                        "swipe T2 4294967296\n",
                                        "swipe T2 99999999999999999999\n",
                                        "swipe T2 111111111111111111111111111111\n",
                                        "end\n",
                                        "plug now\n",
                                        "Begin\n",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
                                        "swipe T2 1\t2\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct tally_host_port port;
        tally_host_port_plug(&port, "S1");
        assert_int_equal(TALLY_HEAD_ERROR, say(&port.head, &port.reader, wrong[i]));
        assert_int_equal(TALLY_READER_IDLE, port.reader.state);
        assert_int_equal(TALLY_HEAD_STATUS, say(&port.head, &port.reader, "status\n"));
        assert_int_equal(TALLY_HEAD_REPORT, say(&port.head, &port.reader, "swipe T2 1\r\n"));
    }
}

static void a_wrong_line_loses_its_swipe(void **state)
{
    (void)state;
    static const char *const wrong[] = {"foo\n", "begin\n", "swipe T2 1 2 z\n",
                                        "swipe T1 5\nswipe T1 5\n", "end end\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct tally_host_port port;
        tally_host_port_plug(&port, "S1");
        assert_int_equal(TALLY_HEAD_OK, say(&port.head, &port.reader, "begin\nswipe T3 5 5\n"));
        assert_int_equal(TALLY_HEAD_ERROR, say(&port.head, &port.reader, wrong[i]));
        assert_int_equal(TALLY_READER_IDLE, port.reader.state);
        assert_int_equal(TALLY_HEAD_ERROR, say(&port.head, &port.reader, "end\n"));
    }
}

static void a_second_talker_cannot_touch_the_swipe_of_the_first(void **state)
{
    (void)state;
    struct tally_host_port port;
    struct tally_head second = {0};
    tally_host_port_plug(&port, "S1");
    assert_int_equal(TALLY_HEAD_OK, say(&port.head, &port.reader, "begin\n"));
    assert_int_equal(TALLY_HEAD_ERROR, say(&second, &port.reader, "begin\n"));
    assert_int_equal(TALLY_HEAD_ERROR, say(&second, &port.reader, "swipe T1 5\n"));
    assert_int_equal(TALLY_HEAD_ERROR, say(&second, &port.reader, "end\n"));
    tally_head_gone(&second, &port.reader);
    assert_int_equal(TALLY_READER_SWIPING, port.reader.state);
    assert_int_equal(TALLY_HEAD_REPORT, say(&port.head, &port.reader, "end\n"));
}

static void a_swipe_begun_before_the_cable_was_pulled_cannot_end_a_later_one(void **state)
{
    (void)state;
    struct tally_host_port port;
    struct tally_head second = {0};
    tally_host_port_plug(&port, "S1");
    assert_int_equal(TALLY_HEAD_OK, say(&port.head, &port.reader, "begin\n"));
    (void)tally_reader_event(&port.reader, TALLY_READER_HOST_DOWN);
    (void)tally_reader_event(&port.reader, TALLY_READER_HOST_UP);
    assert_int_equal(TALLY_HEAD_OK, say(&second, &port.reader, "begin\n"));
    assert_int_equal(TALLY_HEAD_ERROR, say(&port.head, &port.reader, "end\n"));
    assert_int_equal(TALLY_READER_SWIPING, port.reader.state);
    assert_int_equal(TALLY_HEAD_REPORT, say(&second, &port.reader, "end\n"));
}

static void a_talker_that_hangs_up_loses_its_swipe(void **state)
{
    (void)state;
    struct tally_host_port port;
    tally_host_port_plug(&port, "S1");
    assert_int_equal(TALLY_HEAD_OK, say(&port.head, &port.reader, "begin\nswipe T2 7 7\n"));
    tally_head_gone(&port.head, &port.reader);
    assert_int_equal(TALLY_READER_IDLE, port.reader.state);
    assert_true(holds_nothing(&port.reader));
}

static void an_empty_line_gets_no_answer(void **state)
{
    (void)state;
    struct tally_host_port port;
    tally_host_port_plug(&port, "S1");
    assert_int_equal(TALLY_HEAD_MORE, say(&port.head, &port.reader, "\n  \r\n"));
    assert_int_equal(TALLY_HEAD_UNPLUG_MID_REPORT,
                     say(&port.head, &port.reader, "unplug-mid-report\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_does_what_the_table_says_and_refusing_stays),
        cmocka_unit_test(a_card_with_three_tracks_fills_the_report),
        cmocka_unit_test(tracks_the_card_does_not_have_are_empty_and_no_error),
        cmocka_unit_test(a_damaged_track_is_an_error_without_a_byte_of_data),
        cmocka_unit_test(a_card_without_a_stripe_reports_none),
        cmocka_unit_test(the_card_is_forgotten_however_the_swipe_ends),
        cmocka_unit_test(a_swipe_without_a_terminal_goes_nowhere),
        cmocka_unit_test(the_lamp_and_the_beeper_tell_good_from_bad),
        cmocka_unit_test(light_and_beeper_play_their_tables),
        cmocka_unit_test(a_good_swipe_beeps_once_and_blinks_when_the_terminal_has_it),
        cmocka_unit_test(a_port_that_slept_for_days_does_not_catch_up),
        cmocka_unit_test(lines_that_are_not_understood_are_refused),
        cmocka_unit_test(a_wrong_line_loses_its_swipe),
        cmocka_unit_test(a_second_talker_cannot_touch_the_swipe_of_the_first),
        cmocka_unit_test(a_swipe_begun_before_the_cable_was_pulled_cannot_end_a_later_one),
        cmocka_unit_test(a_talker_that_hangs_up_loses_its_swipe),
        cmocka_unit_test(an_empty_line_gets_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
