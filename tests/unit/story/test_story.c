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

static struct tally_slice slice(const char *text)
{
    return (struct tally_slice){(const uint8_t *)text, strlen(text)};
}

/* ------------------------------------------------------------------ reading */

static void is_read(const char *text)
{
    struct story *story = NULL;
    struct story_problem problem = {0};
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
    struct story_problem problem = {0};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_story_is_read_however_it_is_laid_out),
        cmocka_unit_test(a_story_without_rules_or_without_lines_is_refused),
        cmocka_unit_test(an_unknown_word_is_refused_with_its_line),
        cmocka_unit_test(a_missing_or_wrong_value_is_refused),
        cmocka_unit_test(time_goes_forward_and_keeps_to_the_calendar),
        cmocka_unit_test(what_is_no_text_or_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
