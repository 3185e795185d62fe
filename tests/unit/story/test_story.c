/* SPDX-License-Identifier: Apache-2.0 */
/* What a story may say, what is said about one that can't be read, and that a wrong one is found.
 */
#include "app/story/story.h"

#include "app/base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROGRAMME "programme " CLUB_PATH "\n"
#define ANN       "2026-01-10 09:00 ann enrols\n"

static struct story_problem problem; /* of the last story that was read */

static struct tally_slice slice(const char *text)
{
    return (struct tally_slice){(const uint8_t *)text, strlen(text)};
}

/* ------------------------------------------------------------------ reading */

static void is_read(const char *text)
{
    struct story *story = NULL;
    enum tally_status status = story_parse(slice(text), &story, &problem);
    if (status != TALLY_OK) {
        fail_msg("%zu: %s", problem.line, problem.text);
    }
    story_free(story);
}

/* The problem's line, and words that its text has. */
static void bytes_are_refused(struct tally_slice text, size_t line, const char *words)
{
    struct story *story = NULL;
    assert_int_equal(story_parse(text, &story, &problem), TALLY_E_INVALID);
    assert_null(story);
    if (problem.line != line || strstr(problem.text, words) == NULL) {
        fail_msg("%zu: %s", problem.line, problem.text);
    }
}

static void is_refused(const char *text, size_t line, const char *words)
{
    bytes_are_refused(slice(text), line, words);
}

static void a_story_is_read_however_it_is_laid_out(void **state)
{
    (void)state;
    is_read(PROGRAMME ANN);
    is_read("\xEF\xBB\xBF# a comment\r\n\r\n  \t" PROGRAMME "\r\n" ANN "ann has->points=0 #end");
    is_read(PROGRAMME ANN "2026-01-10 till=2 ann ref=\"a b\" offline buys 1 2.5 # two lines\n");
    is_read(PROGRAMME "2026-01-10 9:05 \xE5\xB0\x8F\xE6\x98\x8E joins \xE2\x86\x92 ok points=0\n");
    is_read("programme {\"a\": \"}\\\"{\", # no JSON, and no concern of the parser's\n }\n" ANN);
}

static void a_story_without_rules_or_without_lines_is_refused(void **state)
{
    (void)state;
    is_refused("", 1, "needs its rules");
    is_refused("# nothing\n\n", 2, "needs its rules");
    is_refused(ANN, 1, "needs its rules");
    is_refused(PROGRAMME, 1, "nothing happens");
    is_refused("programme\n", 1, "write programme FILE");
    is_refused("programme a b\n", 1, "with rule=value");
    is_refused("programme {\n{}\n", 1, "no closing brace");
    is_refused("programme {} x\n", 1, "closing brace");
}

static void an_unknown_word_is_refused_with_its_line(void **state)
{
    (void)state;
    is_refused(PROGRAMME ANN "ann byus 1\n", 3, "'byus'");
    is_refused(PROGRAMME ANN "bob buys 1\n", 3, "'bob' has not enrolled");
    is_refused(PROGRAMME ANN "ann buys 1 colour=red\n", 3, "'colour='");
    is_refused(PROGRAMME ANN "ann has redeem=100\n", 3, "does not belong");
    is_refused(PROGRAMME ANN "ann buys 1 -> luck=1\n", 3, "'luck'");
    is_refused(PROGRAMME ANN "ann has -> earned=1\n", 3, "does not come out");
    is_refused(PROGRAMME ANN "ann buys 1 -> refused tired\n", 3, "'tired'");
    is_refused(PROGRAMME ANN "ann buys 1 -> refused earned=0\n", 3, "does not come out");
    is_refused(PROGRAMME ANN "ann has -> again\n", 3, "'again'");
    is_refused(PROGRAMME ANN "ann has now\n", 3, "one word too many");
    is_refused(PROGRAMME ANN "ann\n", 3, "what happens is missing");
    is_refused(PROGRAMME ANN "buys 1\n", 3, "WHO buys");
    is_refused(PROGRAMME ANN "ann void r1\n", 3, "does not belong");
}

static void a_missing_or_wrong_value_is_refused(void **state)
{
    (void)state;
    is_refused(PROGRAMME ANN "ann buys\n", 3, "amount is missing");
    is_refused(PROGRAMME ANN "ann buys 1,5\n", 3, "'1,5' is not an amount");
    is_refused(PROGRAMME ANN "ann buys -5\n", 3, "is not an amount");
    is_refused(PROGRAMME ANN "ann buys 5.\n", 3, "is not an amount");
    is_refused(PROGRAMME ANN "ann buys 1.23456\n", 3, "too many decimals");
    is_refused(PROGRAMME ANN "ann buys 99999999999999999999\n", 3, "too large");
    is_refused(PROGRAMME ANN "ann buys 1 redeem=1.5\n", 3, "not a number of points");
    is_refused(PROGRAMME ANN "ann buys 1 redeem=1000000000001\n", 3, "not a number of points");
    is_refused(PROGRAMME ANN "ann buys 1 till=0\n", 3, "not a till");
    is_refused(PROGRAMME ANN "ann buys 1 till=hq\n", 3, "not a till");
    is_refused(PROGRAMME ANN "ann has till=hq offline\n", 3, "never offline");
    is_refused(PROGRAMME ANN "ann buys 1 ref=\n", 3, "without blanks");
    is_refused(PROGRAMME ANN "ann buys 1 ref=\"a\n", 3, "closing quote");
    is_refused(PROGRAMME ANN "ann buys 1 ref=\"a\"b\n", 3, "after a closing quote");
    is_refused(PROGRAMME ANN "ann buys 1 draw=maybe\n", 3, "draw=no");
    is_refused(PROGRAMME ANN "ann brings\n", 3, "points is missing");
    is_refused(PROGRAMME ANN "ann brings 1 expires=soon\n", 3, "'soon'");
    is_refused(PROGRAMME ANN "void\n", 3, "which sale");
    is_refused(PROGRAMME ANN "connects\n", 3, "which till");
    is_refused(PROGRAMME ANN "ann shows\n", 3, "card= or phone=");
    is_refused(PROGRAMME ANN "ann has ->\n", 3, "is missing behind");
    is_refused(PROGRAMME ANN "ann has -> ok -> ok\n", 3, "one ->");
    is_refused(PROGRAMME ANN "ann has -> points=x\n", 3, "points=x is not");
    is_refused(PROGRAMME ANN "ann has -> lots=2027-01-31\n", 3, "is not like");
    is_refused(PROGRAMME ANN "ann has -> lots=never:1,\n", 3, "is not like");
}

static void time_goes_forward_and_keeps_to_the_calendar(void **state)
{
    (void)state;
    is_refused(PROGRAMME "ann enrols\n", 2, "begins with a date");
    is_refused(PROGRAMME ANN "2026-01-09 ann has\n", 3, "goes forward in time");
    is_refused(PROGRAMME ANN "2026-01-10 08:59 ann has\n", 3, "goes forward in time");
    is_refused(PROGRAMME ANN "2026-02-29 ann has\n", 3, "calendar");
    is_refused(PROGRAMME ANN "2026-13-01 ann has\n", 3, "calendar");
    is_refused(PROGRAMME ANN "2026-01-11 24:00 ann has\n", 3, "on the clock");
    is_read(PROGRAMME ANN "2028-02-29 23:59 ann has\n");
}

static void what_is_no_text_or_too_long_is_refused(void **state)
{
    (void)state;
    char *text = tally_alloc(STORY_LEN_MAX + 2, 1);
    assert_non_null(text);
    is_refused(PROGRAMME ANN "ann \xC3\x28 has\n", 3, "not text in UTF-8");
    is_refused(PROGRAMME ANN "ann \x1B[2J has\n", 3, "control character");
    bytes_are_refused((struct tally_slice){(const uint8_t *)"a\n\0\n", 4}, 2, "UTF-8");
    memset(text, '#', STORY_LEN_MAX + 1);
    is_refused(text, 1, "at most 1048576 bytes");
    text[STORY_LINE_LEN_MAX + 1] = '\0';
    is_refused(text, 1, "at most 4096 bytes");
    tally_free(text);
}

/* ------------------------------------------------------------------ telling */

enum { LINES_MAX = 16 };

/* What a story run against the sample club came to. */
struct told {
    size_t lines[LINES_MAX]; /* that came out differently */
    char came_out[LINES_MAX][256];
    size_t count;
    char all[4096]; /* the lines as they were shown */
};

static enum tally_status read_sample(void *context, const char *path, struct tally_buffer *bytes)
{
    (void)context;
    char piece[4096];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return TALLY_E_NOT_FOUND;
    }
    size_t got = fread(piece, 1, sizeof piece, file);
    fclose(file);
    return tally_buffer_append(bytes, piece, got);
}

static void note(void *context, const struct story_told *line)
{
    struct told *told = context;
    size_t len = strlen(told->all);
    snprintf(told->all + len, sizeof told->all - len, "%.*s\n", (int)line->text.len,
             (const char *)line->text.data);
    assert_int_equal(line->as_told, line->came_out[0] == '\0');
    if (!line->as_told) {
        assert_true(told->count < LINES_MAX);
        told->lines[told->count] = line->line;
        snprintf(told->came_out[told->count], sizeof told->came_out[0], "%s", line->came_out);
        told->count++;
    }
}

static enum tally_status run(const char *text, struct told *ret_told)
{
    struct story *story = NULL;
    struct story_count count = {0, 0};
    memset(ret_told, 0, sizeof *ret_told);
    const struct story_ports ports = {ret_told, read_sample, note};
    assert_int_equal(story_parse(slice(text), &story, &problem), TALLY_OK);
    enum tally_status status = story_run(story, &ports, &count, &problem);
    story_free(story);
    if (status == TALLY_OK) {
        assert_int_equal(count.different, ret_told->count);
    }
    return status;
}

/* One line differs, and that is said of it. */
static void differs(const char *text, size_t line, const char *came_out)
{
    struct told told;
    assert_int_equal(run(text, &told), TALLY_OK);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.lines[0], line);
    assert_string_equal(told.came_out[0], came_out);
}

static void cannot_be_told(const char *text, size_t line, const char *words)
{
    struct told told;
    assert_int_equal(run(text, &told), TALLY_E_INVALID);
    if (problem.line != line || strstr(problem.text, words) == NULL) {
        fail_msg("%zu: %s", problem.line, problem.text);
    }
}

static void a_wrong_expectation_is_reported_with_its_line_and_what_came_out(void **state)
{
    (void)state;
    differs(PROGRAMME ANN "# a comment\nann buys 128.50 -> earned=129 total=128.50\nann has\n", 4,
            "earned=128, not 129");
    differs(PROGRAMME ANN "ann buys 128.50 -> pays=1 points=128 tier=VIP\n", 3,
            "pays=128.50, not 1; tier=P, not VIP");
    differs(PROGRAMME ANN "ann buys 1 -> expires=never lots=none needs=1\n", 3,
            "expires=2027-01-31, not never; lots=2027-01-31:1, not none; needs=499.00, not 1");
    differs(PROGRAMME ANN "ann buys 1 -> debt=-1 here=0\n", 3, "debt=0, not -1; here=1, not 0");
}

static void a_wrong_refusal_is_reported(void **state)
{
    (void)state;
    differs(PROGRAMME ANN "ann buys 9.00 redeem=150\n", 3,
            "refused rule (the programme does not allow this)");
    differs(PROGRAMME ANN "ann buys 9.00 redeem=150 -> refused points_short\n", 3,
            "refused rule (the programme does not allow this), not points_short");
    differs(PROGRAMME ANN "ann buys 9.00 -> refused\n", 3, "ok, not refused");
    differs(PROGRAMME ANN "ann buys 9.00 redeem=150 -> refused rule points=1\n", 3,
            "points=0, not 1");
    differs(PROGRAMME ANN "void a -> refused not_found points=0\n", 3, "points=nothing, not 0");
    differs(PROGRAMME ANN "bob enrols card=4111111111111111\n", 3,
            "refused payment_card (payment card)");
}

static void a_repeat_has_to_be_told(void **state)
{
    (void)state;
    differs(PROGRAMME ANN "ann buys 1 ref=a\nann buys 1 ref=a\n", 4,
            "answered again: it was done before");
    differs(PROGRAMME ANN "ann buys 1 ref=a -> again\n", 3, "done now, not again");
}

static void a_refusal_changes_nothing_and_a_look_neither(void **state)
{
    (void)state;
    struct told told;
    assert_int_equal(run(PROGRAMME ANN
                         "ann buys 300 ref=a\n"
                         "ann buys 10 redeem=150 -> refused points=300 visits=1\n"
                         "ann asks 10 redeem=100 -> pays=9.00 points=300 visits=1\n"
                         "2026-01-11 void a -> refused TALLY_E_TOO_LATE points=300 visits=1\n",
                         &told),
                     TALLY_OK);
    assert_int_equal(told.count, 0);
}

static void a_till_without_a_network_is_alone_until_its_next_line_without_offline(void **state)
{
    (void)state;
    struct told told;
    assert_int_equal(run(PROGRAMME ANN "till=2 offline ann buys 10 -> points=10 here=10\n"
                                       "ann has -> points=0\n"
                                       "till=hq ann has -> points=0\n"
                                       "till=2 ann has -> points=10\n"
                                       "till=hq ann has -> points=10\n"
                                       "ann has -> points=10 here=0\n",
                         &told),
                     TALLY_OK);
    assert_int_equal(told.count, 0);
}

static void a_line_that_makes_no_sense_where_it_stands_ends_the_story(void **state)
{
    (void)state;
    cannot_be_told(PROGRAMME ANN "ann enrols\n", 3, "enrolled already");
    cannot_be_told(PROGRAMME ANN "ann buys 1.234\n", 3, "CNY has no 3 decimals");
    cannot_be_told(PROGRAMME ANN "ann buys 1 -> pays=1.234\n", 3, "too many decimals");
    cannot_be_told(PROGRAMME "2026-01-10 ann enrols phone=+8613912345678\nbob enrols\n"
                             "bob buys 1 phone=+8613912345678\n",
                   4, "another member's");
}

static void a_programme_that_cannot_be_read_is_said_with_its_place(void **state)
{
    (void)state;
    cannot_be_told("programme /nowhere.json\n" ANN, 1, "/nowhere.json can't be read: not found");
    cannot_be_told("\nprogramme {\n\"version\": x }\n" ANN, 3, "");
    cannot_be_told("programme " CLUB_PATH " with earn.roundng=floor\n" ANN, 1,
                   "no rule 'earn.roundng'");
    cannot_be_told("programme " CLUB_PATH " with tiers.levels.6.stars=1\n" ANN, 1, "no rule");
    cannot_be_told("programme " CLUB_PATH " with tiers.levels.0.stars=1\n" ANN, 1, "no rule");
    cannot_be_told("programme " CLUB_PATH " with earn.rounding=up\n" ANN, 1, "earn.rounding");
    cannot_be_told(PROGRAMME PROGRAMME ANN, 2, "version 1 is there already");
}

static void a_rule_can_be_set_by_name_and_by_number(void **state)
{
    (void)state;
    struct told told;
    assert_int_equal(run("programme " CLUB_PATH " with tiers.levels.1.code=Start cards=[]"
                         " earn.rounding=half_up\n" ANN "ann buys 0.5 -> earned=1 tier=Start\n"
                         "bob enrols card=60058500000000001 -> refused payment card\n",
                         &told),
                     TALLY_OK);
    assert_int_equal(told.count, 0);
}

static void a_card_is_masked_wherever_it_is_printed(void **state)
{
    (void)state;
    struct told told;
    assert_int_equal(
        run(PROGRAMME "2026-01-10 ann enrols card=\"600585 00000 012345\" # mine\n", &told),
        TALLY_OK);
    assert_string_equal(told.all, "2026-01-10 ann enrols card=\"****** ***** **2345\"\n");
    is_refused(PROGRAMME ANN "4111111111111111 buys 1\n", 3, "'************1111'");
}

static int code_of(const char *text, char **ret_out, char **ret_err)
{
    char path[] = "/tmp/story-test-XXXXXX";
    size_t out_len = 0, err_len = 0;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    FILE *out = open_memstream(ret_out, &out_len), *err = open_memstream(ret_err, &err_len);
    assert_non_null(out);
    assert_non_null(err);
    int code = story_tell(path, out, err);
    fclose(out);
    fclose(err);
    unlink(path);
    return code;
}

static void the_exit_code_is_0_as_told_1_different_and_2_unreadable(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        const char *out, *err;
    } stories[] = {
        {PROGRAMME ANN "ann buys 1\n", 0, "2 lines as told, 0 not\n", ""},
        {PROGRAMME ANN "ann buys 1 -> earned=2\nann has\n", 1,
         "    3  DIFF  ann buys 1 -> earned=2\n             earned=1, not 2\n    4  ok    ann "
         "has\n",
         ""},
        {PROGRAMME ANN "ann sells 1\n", 2, "", ":3: 'sells'"},
        {"programme nowhere.json\n" ANN, 2, "", ":1: nowhere.json can't be read: not found"},
    };
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        char *out = NULL, *err = NULL;
        assert_int_equal(code_of(stories[i].text, &out, &err), stories[i].code);
        assert_non_null(strstr(out, stories[i].out));
        assert_non_null(strstr(err, stories[i].err));
        assert_int_equal(err[0] == '\0', stories[i].code != 2);
        free(out);
        free(err);
    }
    FILE *nothing = tmpfile();
    assert_non_null(nothing);
    assert_int_equal(story_tell("/nowhere.story", nothing, nothing), 2);
    assert_int_equal(story_tell("/", nothing, nothing), 2);
    fclose(nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_story_is_read_however_it_is_laid_out),
        cmocka_unit_test(a_story_without_rules_or_without_lines_is_refused),
        cmocka_unit_test(an_unknown_word_is_refused_with_its_line),
        cmocka_unit_test(a_missing_or_wrong_value_is_refused),
        cmocka_unit_test(time_goes_forward_and_keeps_to_the_calendar),
        cmocka_unit_test(what_is_no_text_or_too_long_is_refused),
        cmocka_unit_test(a_wrong_expectation_is_reported_with_its_line_and_what_came_out),
        cmocka_unit_test(a_wrong_refusal_is_reported),
        cmocka_unit_test(a_repeat_has_to_be_told),
        cmocka_unit_test(a_refusal_changes_nothing_and_a_look_neither),
        cmocka_unit_test(a_till_without_a_network_is_alone_until_its_next_line_without_offline),
        cmocka_unit_test(a_line_that_makes_no_sense_where_it_stands_ends_the_story),
        cmocka_unit_test(a_programme_that_cannot_be_read_is_said_with_its_place),
        cmocka_unit_test(a_rule_can_be_set_by_name_and_by_number),
        cmocka_unit_test(a_card_is_masked_wherever_it_is_printed),
        cmocka_unit_test(the_exit_code_is_0_as_told_1_different_and_2_unreadable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
