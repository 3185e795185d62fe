/* SPDX-License-Identifier: Apache-2.0 */
/* What a story may say, what is said about one that can't be read, and that a wrong one is
 * found. */
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
    is_read(PROGRAMME ANN
            "ann buys 3 x 2.50 sku=TEA cat=food,hot tax=0.40, 40.00 cat=x, 1.00"
            " pays cash=20.00, card=28.50 claims MUG, TEA x2 ref=a -> points=1, debt=0,\n");
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
    is_refused("with a=1\n", 1, "belongs behind");
    is_refused("programme a\nwith b\n", 2, "with rule=value");
    is_refused("programme a with b={\"c\":[1\n", 1, "closing bracket");
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
    is_refused(PROGRAMME ANN "ann has -> points=1.5\n", 3, "points=1.5 is not");
    is_refused(PROGRAMME ANN "ann has -> lots=2027-01-31\n", 3, "is not like");
    is_refused(PROGRAMME ANN "ann has -> lots=never\n", 3, "is not like");
    is_refused(PROGRAMME ANN "ann has -> lots=2026-01-01..x:3\n", 3, "is not like");
    is_refused(PROGRAMME ANN "ann has -> earned_since=1\n", 3, "write earned_since.2027-01-31");
    is_refused(PROGRAMME ANN "ann buys 1 -> why=1\n", 3, "write why.CODE");
    is_refused(PROGRAMME ANN "ann buys 1 -> why.base=1.5\n", 3, "is not a number of points");
    is_refused(PROGRAMME ANN "ann buys 1 -> line.0=1\n", 3, "write line.1");
    is_refused(PROGRAMME ANN "ann has -> tier.x=P\n", 3, "write tier alone");
    is_refused(PROGRAMME ANN "ann has -> counts.luck=1\n", 3, "write counts.spend");
    is_refused(PROGRAMME ANN "clearing -> points=1\n", 3, "does not come out");
}

static void a_basket_says_what_belongs_to_which_line(void **state)
{
    (void)state;
    is_refused(PROGRAMME ANN "ann buys sku=A 1\n", 3, "behind the amount of its line");
    is_refused(PROGRAMME ANN "ann buys 3 x\n", 3, "amount is missing");
    is_refused(PROGRAMME ANN "ann buys 3 x y\n", 3, "'y' is not an amount");
    is_refused(PROGRAMME ANN "ann buys 0 x 1\n", 3, "write 3 x 2.50");
    is_refused(PROGRAMME ANN "ann buys 1.2345 x 1\n", 3, "write 3 x 2.50");
    is_refused(PROGRAMME ANN "ann buys x 1\n", 3, "'x' is not an amount");
    is_refused(PROGRAMME ANN "ann buys 3 x 1 quantity=2\n", 3, "said already");
    is_refused(PROGRAMME ANN "ann buys 1 quantity=0\n", 3, "is not a quantity");
    is_refused(PROGRAMME ANN "ann buys 1 pays cash\n", 3, "write pays cash=20.00");
    is_refused(PROGRAMME ANN "ann buys 1 pays cash=x\n", 3, "'x' is not an amount");
    is_refused(PROGRAMME ANN "ann buys 1 claims A x0\n", 3, "number of times");
    is_refused(PROGRAMME ANN "refund\n", 3, "which sale");
    is_refused(PROGRAMME ANN "refund a quantity=1\n", 3, "of which line");
    is_refused(PROGRAMME ANN "refund a line=0\n", 3, "line of a basket");
    is_refused(PROGRAMME ANN "void a line=1\n", 3, "does not belong");
}

static void what_head_office_does_needs_its_words(void **state)
{
    (void)state;
    is_refused(PROGRAMME ANN "ann gets\n", 3, "what is given");
    is_refused(PROGRAMME ANN "ann gets 5 tier=P\n", 3, "what is given");
    is_refused(PROGRAMME ANN "ann gives 5\n", 3, "to whom");
    is_refused(PROGRAMME ANN "ann gives 5 to=bob\n", 3, "'bob' has not enrolled");
    is_refused(PROGRAMME ANN "ann merges\n", 3, "with whom");
    is_refused(PROGRAMME ANN "ann adds\n", 3, "card= or phone=");
    is_refused(PROGRAMME ANN "bob joins cid\n", 3, "'cid' has not enrolled");
    is_refused(PROGRAMME ANN "bob enrols birthday=02-30\n", 3, "not a birthday");
    is_refused(PROGRAMME ANN "surprises\n", 3, "seed=");
    is_refused(PROGRAMME ANN "release\n", 3, "which hold");
    is_refused(PROGRAMME ANN "ann holds\n", 3, "points is missing");
    is_refused(PROGRAMME ANN "ann night\n", 3, "does not belong");
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
    cannot_be_told(PROGRAMME ANN "ann buys 0.333 x 1.00\n", 3, "no whole amount");
    cannot_be_told(PROGRAMME ANN "ann has -> points.tea=1\n", 3, "no purse 'tea'");
    cannot_be_told(PROGRAMME ANN "ann brings 1 purse=tea\n", 3, "no purse 'tea'");
    cannot_be_told(PROGRAMME ANN "ann gets tier=TOP\n", 3, "no tier 'TOP'");
    cannot_be_told(PROGRAMME ANN "ann buys 1 -> why.tea=1\n", 3, "no rule 'tea'");
    cannot_be_told(PROGRAMME ANN "ann buys 1 -> times.TEA=1\n", 3, "no reward 'TEA'");
    cannot_be_told(PROGRAMME ANN "clearing -> owes.tea=1\n", 3, "no merchant 'tea'");
    cannot_be_told(PROGRAMME "2026-01-10 ann enrols phone=+8613912345678\nbob enrols\n"
                             "bob buys 1 phone=+8613912345678\n",
                   4, "another member's");
}

static void a_programme_that_cannot_be_read_is_said_with_its_place(void **state)
{
    (void)state;
    cannot_be_told("programme /nowhere.json\n" ANN, 1, "/nowhere.json can't be read: not found");
    cannot_be_told("\nprogramme {\n\"version\": x }\n" ANN, 3, "");
    cannot_be_told("programme " CLUB_PATH " with earn.roundng=floor\n" ANN, 1, "earn.roundng");
    cannot_be_told("programme " CLUB_PATH " with tiers.levels.7.stars=1\n" ANN, 1, "no place");
    cannot_be_told("programme " CLUB_PATH " with tiers.levels.0.stars=1\n" ANN, 1, "no place");
    cannot_be_told("programme " CLUB_PATH " with version.a=1\n" ANN, 1, "no place");
    cannot_be_told("programme " CLUB_PATH "\nwith earn.rules.1.rounding=up\n" ANN, 1, "rounding");
    cannot_be_told(PROGRAMME PROGRAMME ANN, 2, "version 1 is there already");
}

static void a_rule_can_be_set_by_name_and_by_number(void **state)
{
    (void)state;
    struct told told;
    assert_int_equal(run("programme " CLUB_PATH " with tiers.levels.1.code=Start cards=[]"
                         " earn.rules.1.rounding=half_up refunds.grace_days=3\n"
                         "with rewards.1={\"code\":\"MUG\",\"kind\":\"gift\",\"cost\":1}\n"
                         "with rewards.2={\"code\":\"CUP\", \"kind\":\"gift\"}\n" ANN
                         "ann buys 0.5 -> earned=1 tier=Start\n"
                         "ann buys 0 claims MUG, CUP -> points=0 times.MUG=1 times.CUP=1\n"
                         "bob enrols card=60058500000000001 -> refused payment card\n",
                         &told),
                     TALLY_OK);
    assert_int_equal(told.count, 0);
}

static void what_differs_of_purses_rules_and_payments_is_said(void **state)
{
    (void)state;
    static const char rules[] =
        "programme " CLUB_PATH " with purses.1={\"code\":\"tea\"}"
        " earn.rules.2={\"code\":\"cup\",\"points\":1,\"purse\":\"tea\"}"
        " earn.rules.3={\"code\":\"web\",\"points\":5,\"when\":{\"channels\":[\"web\"]}}"
        " merchants=[{\"code\":\"a\",\"shops\":[1],\"issue_price_micro\":1000000}]\n" ANN;
    char text[2048];
    snprintf(text, sizeof text, "%s%s", rules,
             "ann buys 10 shop=1 -> points.tea=2 earned.tea=+1 why.base=9 why.web=gave\n");
    differs(text, 3, "points.tea=1, not 2; why.base=10, not 9; why.web=when, not gave");
    snprintf(text, sizeof text, "%s%s", rules,
             "ann buys 10 shop=1\nclearing -> owes.a=0.11 issued.a=10 payments=none\n");
    differs(text, 4, "owes.a=0.10, not 0.11; payments=a>programme:0.10, not none");
    snprintf(text, sizeof text, "%s%s", rules, "ann buys 10 ref=a\nrefund a -> takes_back=9\n");
    differs(text, 4, "takes_back=10, not 9");
}

static void a_guard_says_why_it_refuses(void **state)
{
    (void)state;
    differs("programme " CLUB_PATH " with guards=[{\"kind\":\"own_card\",\"refuses\":true}]\n" ANN
            "ann buys 1 cashier=ann -> guard=none\n",
            3, "refused blocked (card or account is blocked): this card: it is the cashier's own");
}

static void a_till_that_was_alone_sends_after_a_merge_what_it_holds(void **state)
{
    (void)state;
    struct told told;
    assert_int_equal(run(PROGRAMME ANN "bob enrols\n"
                                       "till=2 bob buys 100\n"
                                       "till=2 offline bob buys 50 -> points=150\n"
                                       "bob merges into=ann -> points=0\n"
                                       "till=1 bob buys 10 -> points=10 here=10\n"
                                       "till=2 offline bob buys 5 -> points=155\n"
                                       "till=2 bob has -> points=165 here=155\n"
                                       "till=hq ann has -> points=165 visits=4\n",
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
    assert_int_equal(
        run(PROGRAMME "2026-01-10 ann enrols phone=+8613912345678 card=60058500000012345\n", &told),
        TALLY_OK);
    assert_string_equal(told.all,
                        "2026-01-10 ann enrols phone=+*********5678 card=*************2345\n");
    is_refused(PROGRAMME ANN "ann buys 1 card=1 phone=2\n", 3, "one of them");
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
        cmocka_unit_test(a_basket_says_what_belongs_to_which_line),
        cmocka_unit_test(what_head_office_does_needs_its_words),
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
        cmocka_unit_test(what_differs_of_purses_rules_and_payments_is_said),
        cmocka_unit_test(a_guard_says_why_it_refuses),
        cmocka_unit_test(a_till_that_was_alone_sends_after_a_merge_what_it_holds),
        cmocka_unit_test(a_card_is_masked_wherever_it_is_printed),
        cmocka_unit_test(the_exit_code_is_0_as_told_1_different_and_2_unreadable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
