/* SPDX-License-Identifier: Apache-2.0 */
/* The cashier's screen without a terminal: keys in, a canvas out; and its connection to tallyd. */
#include "app/cashier/lang.h"
#include "app/cashier/money.h"
#include "app/cashier/rpc.h"
#include "app/cashier/screen.h"
#include "app/cashier/tray.h"
#include "app/cashier/words.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ money */

static void expect_money(int64_t minor, uint32_t exponent, const char *currency, const char *text)
{
    char got[MONEY_TEXT_MAX];
    money_text(minor, exponent, currency, got);
    assert_string_equal(got, text);
}

static void money_is_written_with_its_decimals_groups_and_sign(void **state)
{
    (void)state;
    expect_money(1234550, 2, "CNY", "¥12,345.50");
    expect_money(1234550, 0, "JPY", "¥1,234,550");
    expect_money(5, 1, "XXX", "XXX 0.5");
    expect_money(1005, 3, "KWD", "KWD 1.005");
    expect_money(-300, 2, "EUR", "-€3.00");
    expect_money(7, 2, "", "0.07");
    expect_money(INT64_MIN, 0, "USD", "-$9,223,372,036,854,775,808");
    expect_money(INT64_MAX, 4, "CLF", "CLF 922,337,203,685,477.5807");
}

static void an_amount_is_read_exactly_or_not_at_all(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t exponent;
        enum tally_status status;
        int64_t minor;
    } table[] = {
        {"128.50", 2, TALLY_OK, 12850},
        {"128.5", 2, TALLY_OK, 12850},
        {"128", 2, TALLY_OK, 12800},
        {"0", 2, TALLY_OK, 0},
        {"128", 0, TALLY_OK, 128},
        {"1.005", 3, TALLY_OK, 1005},
        {"9223372036854775807", 0, TALLY_OK, INT64_MAX},
        {"9223372036854775808", 0, TALLY_E_OVERFLOW, 0},
        {"92233720368547759", 3, TALLY_E_OVERFLOW, 0},
        {"128.505", 2, TALLY_E_INVALID, 0},
        {"1.5", 0, TALLY_E_INVALID, 0},
        {"", 2, TALLY_E_INVALID, 0},
        {".5", 2, TALLY_E_INVALID, 0},
        {"5.", 2, TALLY_E_INVALID, 0},
        {"-5", 2, TALLY_E_INVALID, 0},
        {"1,000", 2, TALLY_E_INVALID, 0},
        {"1.2.3", 4, TALLY_E_INVALID, 0},
        {"1e3", 2, TALLY_E_INVALID, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int64_t minor = 0;
        assert_int_equal(money_parse(table[i].text, table[i].exponent, &minor), table[i].status);
        assert_int_equal(minor, table[i].minor);
    }
}

static void an_amount_is_typed_from_the_right_and_stops_at_its_last_digit(void **state)
{
    (void)state;
    int64_t amount = 0;
    for (const char *key = "12850"; *key != '\0'; key++) {
        amount = money_type_digit(amount, *key - '0');
    }
    assert_int_equal(amount, 12850);
    amount = 999999999999;
    assert_int_equal(money_type_digit(amount, 9), amount);
}

/* ------------------------------------------------------------------ canvas */

static void row_text(const struct canvas *canvas, int row, char *text, size_t size)
{
    size_t at = 0;
    for (int col = 0; col < canvas->cols; col++) {
        at += (size_t)snprintf(text + at, size - at, "%s", canvas_at(canvas, row, col)->text);
    }
}

static void a_wide_character_takes_two_columns_and_is_never_cut_in_half(void **state)
{
    (void)state;
    struct canvas canvas = {0};
    char text[256];
    assert_int_equal(canvas_resize(&canvas, 1, 6), TALLY_OK);
    assert_int_equal(canvas_text(&canvas, 0, 0, 6, STYLE_PLAIN, "会员卡"), 6);
    row_text(&canvas, 0, text, sizeof text);
    assert_string_equal(text, "会员卡");
    canvas_clear(&canvas);
    assert_int_equal(canvas_text(&canvas, 0, 0, 4, STYLE_PLAIN, "会员卡"), 3);
    row_text(&canvas, 0, text, sizeof text);
    assert_string_equal(text, "会…   ");
    canvas_clear(&canvas);
    canvas_text(&canvas, 0, 5, 2, STYLE_PLAIN, "会"); /* its right half would fall outside */
    row_text(&canvas, 0, text, sizeof text);
    assert_string_equal(text, "      ");
    canvas_free(&canvas);
}

static void text_that_is_no_text_shows_as_question_marks(void **state)
{
    (void)state;
    struct canvas canvas = {0};
    char text[64];
    assert_int_equal(canvas_resize(&canvas, 1, 5), TALLY_OK);
    canvas_text(&canvas, 0, 0, 5, STYLE_PLAIN, "a\xff\033[b");
    row_text(&canvas, 0, text, sizeof text);
    assert_string_equal(text, "a??[b");
    canvas_text(&canvas, 0, 0, 5, STYLE_PLAIN, "e\u0301x"); /* a combining accent */
    assert_string_equal(canvas_at(&canvas, 0, 0)->text, "e\u0301");
    assert_string_equal(canvas_at(&canvas, 0, 1)->text, "x");
    canvas_free(&canvas);
}

/* ------------------------------------------------------------------ a screen and what it calls */

struct desk {
    struct screen screen;
    struct canvas canvas;
    uint64_t last_id;
    char last_method[16];
    char last_params[512];
    int refs;
    int swiped;
    size_t calls;
};

static uint64_t on_call(void *context, const char *method, json_t *params)
{
    struct desk *desk = context;
    char *text = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS);
    snprintf(desk->last_method, sizeof desk->last_method, "%s", method);
    snprintf(desk->last_params, sizeof desk->last_params, "%s", text);
    free(text);
    json_decref(params);
    desk->calls++;
    return desk->screen.connected ? ++desk->last_id : 0;
}

static void on_new_ref(void *context, char ref[SCREEN_REF_MAX + 1])
{
    snprintf(ref, SCREEN_REF_MAX + 1, "R%d", ++((struct desk *)context)->refs);
}

static void on_swipe(void *context, int card)
{
    ((struct desk *)context)->swiped = card;
}

static const char a_status[] =
    "{\"terminal\":7,\"shop\":12,\"epoch\":1,\"programme\":{\"name\":\"Leaf\",\"version\":3,"
    "\"currency\":\"CNY\",\"currency_exponent\":2},\"reader\":{\"ready\":1,\"name\":\"MSR\","
    "\"status\":\"TALLY_OK\"},\"hq\":{\"state\":\"up\",\"why\":\"TALLY_OK\",\"detail\":\"\","
    "\"contact\":null},\"store\":{\"status\":\"TALLY_OK\",\"events\":9,\"pending\":3,"
    "\"members\":6}}";
static const char a_member[] =
    "{\"member\":\"9\",\"account\":\"9\",\"name\":\"李伟\",\"tier\":{\"code\":\"2xVIP\",\"name_"
    "en\":\"Silver\",\"name_zh\":\"银卡\",\"stars\":2,\"multiplier_pct\":120,\"note_en\":\"may "
    "skip "
    "the "
    "queue\",\"note_zh\":\"免排队\",\"until\":\"2027-12-31\"},\"next_tier\":{\"code\":\"3xVIP\","
    "\"name_en\":\"Gold\",\"name_zh\":\"金卡\",\"stars\":3,\"multiplier_pct\":150,\"needed\":1200,"
    "\"metric\":\"spend\",\"until\":\"2026-12-31\"},\"points\":12840,\"points_here\":300,"
    "\"pending\":120,\"held\":60,\"value_minor\":12840,\"debt\":0,\"visits\":1,\"next_usable\":{"
    "\"date\":\"2026-12-06\",\"points\":120},\"next_expiry\":{\"date\":\"2026-12-31\",\"points\":"
    "40},"
    "\"purses\":[{\"code\":\"STAMPS\",\"name_en\":\"Tea "
    "stamps\",\"name_zh\":\"茶印花\",\"units\":7}"
    ",{\"code\":\"CUPS\",\"name_en\":\"\",\"name_zh\":\"\",\"units\":0}],\"rewards\":[{\"code\":"
    "\"MUG\",\"name_en\":\"A "
    "mug\",\"name_zh\":\"马克杯\",\"cost\":500,\"purse\":null,\"times\":2},{"
    "\"code\":\"CUP\",\"name_en\":\"A cup\",\"name_zh\":\"\",\"cost\":10,\"purse\":\"STAMPS\","
    "\"times\":null}],\"holds\":[],\"lots\":[]}";
static const char a_quote[] =
    "{\"total_minor\":12850,\"discount_minor\":0,\"earned_points\":154,\"redeemed_points\":0,"
    "\"redeemed_minor\":0,\"to_pay_minor\":12850,\"cost_points\":0,\"redeemable_here\":300,"
    "\"redeemable_online\":6400,\"taken\":[],\"warnings\":[],\"earned\":[{\"purse\":null,"
    "\"points\":"
    "154,\"from\":\"2026-12-06\",\"until\":\"2027-12-31\",\"debt\":false},{\"purse\":\"STAMPS\","
    "\"points\":1,\"from\":null,\"until\":null,\"debt\":false}],\"why\":[{\"rule\":\"base\",\"name_"
    "en\":"
    "\"1 point per 1.00\",\"name_zh\":\"每 1 元积 1 "
    "分\",\"why\":\"gave\",\"rate\":{\"kind\":\"per_money"
    "\",\"points\":1,\"per_minor\":100},\"purse\":null,\"base\":12850,\"before_milli\":128500,"
    "\"multiplier_ppm\":1200000,\"uncapped\":154,\"cap\":null,\"points\":154},{\"rule\":\"monday\","
    "\"name_en\":\"Mondays\",\"name_zh\":\"周一\",\"why\":\"conditions\",\"rate\":{\"kind\":"
    "\"multiply\",\"multiply_pct\":250},\"purse\":null,\"base\":0,\"before_milli\":0,"
    "\"multiplier_ppm\":1000000,\"uncapped\":0,\"cap\":null,\"points\":0}],\"tier\":{\"code\":"
    "\"2xVIP\"},\"tier_after\":{\"code\":\"2xVIP\"}}";

static json_t *parsed(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static void answer(struct desk *desk, const char *result)
{
    json_t *json = parsed(result);
    screen_answer(&desk->screen, desk->last_id, json, NULL);
    json_decref(json);
}

static void answer_error(struct desk *desk, const char *status)
{
    json_t *error = json_pack("{s:i, s:s, s:{s:s, s:s, s:s}}", "code", -32000, "message", "no",
                              "data", "status", status, "family", "refused", "detail", "");
    screen_answer(&desk->screen, desk->last_id, NULL, error);
    json_decref(error);
}

static void notify(struct desk *desk, const char *method, const char *params)
{
    json_t *json = parsed(params);
    screen_notification(&desk->screen, method, json);
    json_decref(json);
}

static void swipe_member(struct desk *desk)
{
    char params[4096];
    snprintf(params, sizeof params, "{\"entry\":\"swiped\",\"member\":%s}", a_member);
    notify(desk, "member", params);
}

static void type(struct desk *desk, const char *keys)
{
    for (; *keys != '\0'; keys++) {
        screen_key(&desk->screen, *keys);
    }
}

static void connect_desk(struct desk *desk)
{
    screen_connection(&desk->screen, true, "");
    answer(desk, a_status); /* the status call is the last of the two */
}

static int set_up(void **state)
{
    static const struct screen_ops ops = {on_call, on_new_ref, on_swipe};
    struct desk *desk = test_calloc(1, sizeof *desk);
    screen_open(&desk->screen, &ops, desk);
    assert_int_equal(canvas_resize(&desk->canvas, 24, 80), TALLY_OK);
    connect_desk(desk);
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;
    screen_close(&desk->screen);
    canvas_free(&desk->canvas);
    test_free(desk);
    return 0;
}

/* The whole screen holds `text`. */
static bool shows(struct desk *desk, const char *text)
{
    char row[1024];
    bool found = false;
    screen_draw(&desk->screen, &desk->canvas);
    for (int i = 0; i < desk->canvas.rows; i++) {
        row_text(&desk->canvas, i, row, sizeof row);
        found = found || strstr(row, text) != NULL;
    }
    return found;
}

static void hq_is(struct desk *desk, const char *state, const char *why, const char *detail)
{
    json_t *status = parsed(a_status);
    json_object_set_new(
        status, "hq",
        json_pack("{s:s, s:s, s:s, s:n}", "state", state, "why", why, "detail", detail, "contact"));
    screen_notification(&desk->screen, "status", status);
    json_decref(status);
}

static void a_swiped_member_is_shown_with_tier_points_and_what_is_needed(void **state)
{
    struct desk *desk = *state;
    assert_true(shows(desk, "Swipe a card"));
    assert_true(shows(desk, "3 not yet at head office"));
    swipe_member(desk);
    assert_true(shows(desk, "李伟"));
    assert_true(shows(desk, "★★ Silver"));
    assert_true(shows(desk, "12,840  worth ¥128.40"));
    assert_true(shows(desk, "spend ¥12.00 more by 31 December 2026 for Gold ★★★"));
    assert_true(shows(desk, "40 points, last day 31 December 2026"));
}

static void a_member_is_shown_with_stamps_pending_points_and_what_the_tier_means(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    assert_true(shows(desk, "120 more from 6 December 2026"));
    assert_true(shows(desk, "300 points are held here   60 set aside"));
    assert_true(shows(desk, "Tea stamps 7   CUPS 0"));
    assert_true(shows(desk, "may skip the queue"));
    assert_true(shows(desk, "to 31 December 2027"));
    type(desk, "5");
    answer(desk, a_quote);
    assert_true(shows(desk, "154 points, Tea stamps 1"));
    assert_true(shows(desk, "usable from 6 December 2026"));
    assert_true(shows(desk, "2 can be claimed: G"));
}

static void a_blocked_account_is_told_at_once(void **state)
{
    struct desk *desk = *state;
    notify(
        desk, "member",
        "{\"entry\":\"swiped\",\"member\":{\"member\":\"10\",\"name\":\"Bob\",\"blocked\":true}}");
    assert_true(shows(desk, "This card or account is blocked"));
}

/* ------------------------------------------------------------------ why, and rewards */

static void a_key_shows_why_a_sale_earns_what_it_earns(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    type(desk, "w");
    assert_true(shows(desk, "Type the amount first"));
    type(desk, "5");
    answer(desk, a_quote);
    type(desk, "w");
    assert_true(shows(desk, "1 point per 1.00"));
    assert_true(shows(desk, "1 for each ¥1.00 · on ¥128.50 · times 1.2"));
    assert_true(shows(desk, "times 2.5 · its conditions do not hold now"));
    assert_true(shows(desk, "usable from 6 December 2026 · last day 31 December 2027"));
    assert_false(shows(desk, "Usable offline"));
    type(desk, "w");
    assert_true(shows(desk, "Usable offline"));
}

static void the_view_of_rules_turns_its_pages_and_comes_back_to_the_first(void **state)
{
    struct desk *desk = *state;
    json_t *quote = parsed(a_quote), *why = json_object_get(quote, "why");
    for (int i = 0; i < 8; i++) {
        json_array_append(why, json_array_get(why, 1));
    }
    swipe_member(desk);
    type(desk, "5");
    screen_answer(&desk->screen, desk->last_id, quote, NULL);
    json_decref(quote);
    type(desk, "w");
    assert_true(shows(desk, "1 point per 1.00"));
    type(desk, "m");
    assert_false(shows(desk, "1 point per 1.00"));
    assert_true(shows(desk, "Mondays"));
    type(desk, "m");
    assert_true(shows(desk, "1 point per 1.00"));
}

static void a_swipe_or_a_refused_quote_leaves_the_view_of_rules(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    type(desk, "5");
    answer(desk, a_quote);
    type(desk, "w");
    hq_is(desk, "down", "TALLY_E_OFFLINE", ""); /* asks again */
    assert_int_equal(desk->screen.mode, SCREEN_MEMBER);
    answer(desk, a_quote);
    type(desk, "w");
    swipe_member(desk);
    assert_int_equal(desk->screen.mode, SCREEN_MEMBER);
}

static void digits_claim_rewards_as_often_as_the_member_can(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    type(desk, "5");
    answer(desk, a_quote);
    type(desk, "g");
    assert_true(shows(desk, "A mug"));
    assert_true(shows(desk, "500 points"));
    assert_true(shows(desk, "10 STAMPS"));
    type(desk, "1");
    assert_non_null(strstr(desk->last_params, "\"claims\":[{\"reward\":\"MUG\",\"times\":1}]"));
    answer(desk, a_quote);
    type(desk, "1");
    answer(desk, a_quote);
    assert_true(shows(desk, " x2 "));
    size_t before = desk->calls;
    type(desk, "1");
    assert_true(shows(desk, "No more of this reward"));
    type(desk, "9"); /* there is none */
    assert_int_equal(desk->calls, before);
    type(desk, "222");
    answer(desk, a_quote);
    assert_non_null(strstr(desk->last_params, "{\"reward\":\"CUP\",\"times\":3}"));
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    answer(desk, a_quote);
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    assert_string_equal(desk->last_method, "sale");
    assert_non_null(strstr(desk->last_params, "{\"reward\":\"MUG\",\"times\":2}"));
}

static void claims_belong_to_one_member_and_one_sale(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    type(desk, "g1");
    screen_key(&desk->screen, SCREEN_KEY_ESCAPE);
    type(desk, "5");
    assert_null(strstr(desk->last_params, "claims"));
    answer(desk, a_quote);
    type(desk, "g1");
    answer(desk, a_quote);
    swipe_member(desk); /* another card, the same amount */
    assert_null(strstr(desk->last_params, "claims"));
}

static void a_member_without_rewards_is_told_so(void **state)
{
    struct desk *desk = *state;
    notify(desk, "member",
           "{\"entry\":\"swiped\",\"member\":{\"member\":\"10\",\"name\":\"Bob\"}}");
    type(desk, "g");
    assert_true(shows(desk, "This member has no reward to claim now"));
}

static void rewards_lower_what_is_to_be_paid_and_are_named(void **state)
{
    struct desk *desk = *state;
    json_t *quote = parsed(a_quote);
    json_object_set_new(quote, "discount_minor", json_integer(1000));
    json_object_set_new(quote, "to_pay_minor", json_integer(11850));
    json_object_set_new(quote, "taken",
                        json_pack("[{s:s, s:s, s:s, s:i, s:i, s:n, s:i}]", "reward", "MUG",
                                  "name_en", "A mug", "name_zh", "马克杯", "times", 2, "cost", 1000,
                                  "purse", "discount_minor", 1000));
    swipe_member(desk);
    type(desk, "5");
    screen_answer(&desk->screen, desk->last_id, quote, NULL);
    json_decref(quote);
    assert_true(shows(desk, "A mug x2"));
    assert_true(shows(desk, "-¥10.00"));
    assert_true(shows(desk, "To pay"));
}

static void what_a_guard_found_is_told_before_and_after_the_sale(void **state)
{
    struct desk *desk = *state;
    json_t *quote = parsed(a_quote);
    json_object_set_new(quote, "warnings",
                        json_pack("[{s:s, s:s, s:i, s:i, s:s}]", "verdict", "warn", "guard",
                                  "card_sales_hour", "value", 7, "limit", 6, "text", "x"));
    swipe_member(desk);
    type(desk, "5");
    screen_answer(&desk->screen, desk->last_id, quote, NULL);
    json_decref(quote);
    assert_true(shows(desk, "Many sales with this card in one hour: 7 (limit 6)"));
    assert_int_equal(desk->screen.message_kind, SCREEN_SAYS_WARN);
}

static void expect_why(const char *rule, const char *text)
{
    char got[WORDS_TEXT_MAX];
    json_t *json = parsed(rule);
    words_why(json, &(struct words_currency){2, "CNY"}, got);
    assert_string_equal(got, text);
    json_decref(json);
}

static void each_kind_of_rule_and_of_cap_has_a_sentence(void **state)
{
    (void)state;
    expect_why(
        "{\"why\":\"capped\",\"rate\":{\"kind\":\"per_money\",\"points\":3,\"per_minor\":1000},"
        "\"base\":123456,\"multiplier_ppm\":1333333,\"uncapped\":493,\"points\":100,\"cap\":{"
        "\"by\":\"rule\",\"period\":\"day\",\"length\":0,\"points\":100}}",
        "3 for each ¥10.00 · on ¥1,234.56 · times 1.3333 · = 493 · at most 100 a day");
    expect_why(
        "{\"why\":\"capped\",\"rate\":{\"kind\":\"per_item\",\"points\":5,\"per_milli\":250},"
        "\"base\":1500,\"multiplier_ppm\":1000000,\"uncapped\":30,\"points\":0,\"cap\":{"
        "\"by\":\"rule\",\"period\":\"rolling_days\",\"length\":30,\"points\":40}}",
        "5 for each 0.25 pieces · on 1.5 · = 30 · at most 40 in 30 days");
    expect_why("{\"why\":\"gave\",\"rate\":{\"kind\":\"fixed\",\"points\":50},\"base\":9,"
               "\"multiplier_ppm\":1000000,\"uncapped\":50,\"points\":50,\"cap\":{\"by\":"
               "\"programme\"}}",
               "50 for the sale · = 50 · cut by a limit of the programme");
    expect_why("{\"why\":\"gave\",\"rate\":{\"kind\":\"multiply\",\"multiply_pct\":200}}",
               "times 2");
    expect_why("{\"why\":\"gave\",\"rate\":{\"kind\":\"tier\",\"tier\":\"CLUB\",\"months\":12}}",
               "gives the tier CLUB");
    expect_why("{\"why\":\"group\",\"rate\":{\"kind\":\"fixed\",\"points\":50}}",
               "50 for the sale · another rule goes before it");
    expect_why("{\"why\":\"of next year\",\"rate\":{}}", "");
}

static void digits_are_the_amount_and_each_is_quoted_one_call_at_a_time(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    size_t before = desk->calls;
    type(desk, "12850");
    assert_true(shows(desk, "¥128.50"));
    assert_int_equal(desk->calls, before + 1); /* the first quote is still on its way */
    answer(desk, a_quote);
    assert_int_equal(desk->calls, before + 2); /* then the last amount, not each between */
    assert_non_null(strstr(desk->last_params, "\"amount_minor\":12850"));
    answer(desk, a_quote);
    assert_true(shows(desk, "154 points"));
    assert_true(shows(desk, "up to 6,400 points now"));
}

static void offline_the_screen_offers_the_points_held_here_and_says_why(void **state)
{
    struct desk *desk = *state;
    json_t *status = parsed(a_status);
    json_object_set_new(status, "hq",
                        json_pack("{s:s, s:s, s:s, s:s}", "state", "down", "why",
                                  "TALLY_E_PEER_NAME", "detail", "", "contact",
                                  "2026-11-22T14:32:00Z"));
    screen_notification(&desk->screen, "status", status);
    json_decref(status);
    swipe_member(desk);
    type(desk, "5");
    answer(desk, a_quote);
    assert_true(shows(desk, "offline: up to 300 points here"));
    assert_true(shows(desk, "Offline: head office's certificate has another name"));
    type(desk, "rm");
    assert_int_equal(desk->screen.points, 300);
    assert_non_null(strstr(desk->last_params, "\"points\":300"));
    screen_key(&desk->screen, SCREEN_KEY_BACKSPACE);
    type(desk, "m"); /* before the quote of the change is there */
    answer(desk, a_quote);
    answer(desk, a_quote);
    assert_int_equal(desk->screen.points, 300);
}

static void offline_the_screen_says_when_head_office_was_last_heard(void **state)
{
    struct desk *desk = *state;
    hq_is(desk, "down", "TALLY_E_OFFLINE", "");
    assert_false(shows(desk, "last contact")); /* never */
    json_t *status = parsed(a_status);
    json_object_set_new(status, "hq",
                        json_pack("{s:s, s:s, s:s, s:s}", "state", "down", "why", "TALLY_E_TIMEOUT",
                                  "detail", "", "contact", "2026-11-22T14:32:00Z"));
    screen_notification(&desk->screen, "status", status);
    json_decref(status);
    assert_true(shows(desk, "Offline: does not answer"));
    assert_true(shows(desk, "last contact 2026-11-22"));
}

static void too_many_points_are_answered_with_how_many_it_can_be(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    type(desk, "5");
    answer(desk, a_quote);
    type(desk, "r9999");
    answer_error(desk, "TALLY_E_RULE");
    answer_error(desk, "TALLY_E_RULE");
    assert_true(shows(desk, "At most 6,400 points can be redeemed in this sale"));
    assert_true(shows(desk, "up to 6,400 points now"));
    assert_false(shows(desk, "To pay")); /* nobody knows how much that would be */
    hq_is(desk, "down", "TALLY_E_OFFLINE", "");
    assert_false(shows(desk, "At most"));
    answer(desk, a_quote);
    assert_true(shows(desk, "Offline: at most 300 points can be redeemed here"));
    assert_true(shows(desk, "To pay"));
}

static void points_that_head_office_did_not_give_are_not_called_missing(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    type(desk, "5");
    answer(desk, a_quote);
    type(desk, "r500");
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    assert_string_equal(desk->last_method, "sale");
    answer_error(desk, "TALLY_E_POINTS_SHORT");
    assert_true(
        shows(desk, "No points from head office in time: at most 300 can be redeemed here"));
    assert_true(shows(desk, "500 points"));
}

static void head_office_that_answers_and_refuses_this_terminal_is_no_good_connection(void **state)
{
    struct desk *desk = *state;
    hq_is(desk, "up", "TALLY_E_REVOKED", "");
    assert_true(shows(desk, "Head office: this terminal has been closed down"));
    assert_false(shows(desk, "connected"));
    hq_is(desk, "up", "TALLY_E_BUSY", ""); /* passes by itself */
    assert_true(shows(desk, "Head office: connected"));
}

static void a_terminal_that_is_not_enrolled_says_so_and_what_is_missing(void **state)
{
    struct desk *desk = *state;
    json_t *status = parsed(a_status);
    json_object_set_new(status, "terminal", json_integer(0));
    json_object_set_new(json_object_get(status, "store"), "pending", json_integer(0));
    json_object_set_new(status, "programme", json_null());
    json_object_set_new(
        status, "hq",
        json_pack("{s:s, s:s, s:s, s:n}", "state", "down", "why", "TALLY_E_NOT_READY", "detail",
                  "there is no enrolment token in /etc/tally/token: get one at head office with "
                  "'tallyhq enrol-token' and put it there",
                  "contact"));
    screen_notification(&desk->screen, "status", status);
    assert_false(shows(desk, "Swipe a card"));
    assert_true(shows(desk, "This terminal is not enrolled yet"));
    assert_true(shows(desk, "there is no enrolment token in /etc/tally/token"));
    assert_true(shows(desk, "and put it there")); /* on the second row */
    assert_true(shows(desk, "Offline: this terminal is not enrolled"));
    assert_false(shows(desk, "everything is at head office"));
    json_object_set_new(status, "terminal", json_integer(7));
    screen_notification(&desk->screen, "status", status);
    json_decref(status);
    assert_true(shows(desk, "No programme has been received from head office yet"));
}

static void nothing_is_voided_by_enter_after_a_card_was_refused(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    snprintf(desk->screen.sale_ref, sizeof desk->screen.sale_ref, "R1");
    desk->screen.sale_minor = 12850;
    snprintf(desk->screen.sale_name, sizeof desk->screen.sale_name, "Ann");
    type(desk, "v");
    assert_true(shows(desk, "Void the whole last sale, ¥128.50, Ann?"));
    notify(desk, "refused",
           "{\"status\":\"TALLY_E_CARD_UNREADABLE\",\"family\":\"device\","
           "\"message\":\"\",\"card\":\"\"}");
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    assert_string_not_equal(desk->last_method, "void");
}

static void an_open_sale_is_not_left_by_the_key_that_quits(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    type(desk, "5q");
    assert_false(desk->screen.quit);
    assert_true(shows(desk, "A sale is open"));
    screen_key(&desk->screen, SCREEN_KEY_ESCAPE);
    type(desk, "q");
    assert_true(desk->screen.quit);
}

static void a_number_that_is_not_valid_stays_to_be_put_right(void **state)
{
    struct desk *desk = *state;
    type(desk, "/12");
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    answer_error(desk, "TALLY_E_INVALID");
    assert_true(shows(desk, "12_"));
    assert_true(shows(desk, "not a card or phone number"));
    type(desk, "3");
    assert_false(shows(desk, "not a card or phone number"));
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    answer_error(desk, "TALLY_E_PAYMENT_CARD");
    assert_true(shows(desk, "Swipe a card")); /* its digits are gone */
}

static void a_sample_card_needs_a_reader(void **state)
{
    struct desk *desk = *state;
    desk->screen.has_tray = true;
    desk->screen.tray[0] = "First";
    json_t *status = parsed(a_status);
    json_object_set_new(
        status, "reader",
        json_pack("{s:i, s:s, s:s}", "ready", 0, "name", "", "status", "TALLY_E_READER_GONE"));
    screen_notification(&desk->screen, "status", status);
    json_decref(status);
    screen_key(&desk->screen, '1');
    assert_int_equal(desk->swiped, 0);
    assert_true(shows(desk, "The reader was unplugged"));
}

static void a_sale_in_flight_is_sent_again_under_the_same_reference_after_a_reconnect(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    type(desk, "12850");
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    assert_string_equal(desk->last_method, "sale");
    char first[sizeof desk->last_params];
    snprintf(first, sizeof first, "%s", desk->last_params);
    assert_non_null(strstr(first, "\"ref\":\"R1\""));
    type(desk, "9c"); /* nothing changes a sale on its way */
    screen_connection(&desk->screen, false, "Connection refused");
    assert_true(shows(desk, "it will be sent again, and counted once"));
    screen_connection(&desk->screen, true, "");
    assert_string_equal(desk->last_method, "sale");
    assert_string_equal(desk->last_params, first);
    char receipt[2048];
    snprintf(receipt, sizeof receipt,
             "{\"event\":{},\"repeated\":true,\"total_minor\":12850,\"redeemed_points\":0,"
             "\"redeemed_minor\":0,\"earned_points\":154,\"member\":%s}",
             a_member);
    answer(desk, receipt);
    assert_true(shows(desk, "Sale recorded (it was recorded before)"));
    assert_true(shows(desk, "Recorded: 154 points earned, 12,840 in all"));
    screen_key(&desk->screen, 'v');
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    assert_string_equal(desk->last_method, "void");
    assert_string_equal(desk->last_params, "{\"ref\":\"R2\",\"sale_ref\":\"R1\"}");
}

static void
a_refused_sale_keeps_member_and_amount_and_the_next_try_has_a_new_reference(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    type(desk, "500");
    screen_key(&desk->screen, 'c');
    answer_error(desk, "TALLY_E_POINTS_SHORT");
    assert_true(shows(desk, "Not enough points for that"));
    assert_true(shows(desk, "¥5.00"));
    screen_key(&desk->screen, 'c');
    assert_non_null(strstr(desk->last_params, "\"ref\":\"R2\""));
}

static void nothing_is_sold_without_an_amount(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    size_t before = desk->calls;
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    assert_int_equal(desk->calls, before);
    assert_true(shows(desk, "Type the amount first"));
}

static void a_swipe_during_a_sale_on_its_way_waits_for_the_answer(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    type(desk, "500");
    screen_key(&desk->screen, 'c');
    notify(desk, "member",
           "{\"entry\":\"swiped\",\"member\":{\"member\":\"10\",\"name\":\"Bob\"}}");
    assert_false(shows(desk, "Bob"));
    answer_error(desk, "TALLY_E_BUSY");
    assert_true(shows(desk, "Bob"));
    assert_true(shows(desk, "Busy"));
}

static void a_payment_card_is_refused_in_plain_words_and_leaves_the_member(void **state)
{
    struct desk *desk = *state;
    swipe_member(desk);
    notify(desk, "refused",
           "{\"status\":\"TALLY_E_PAYMENT_CARD\",\"family\":\"refused\","
           "\"message\":\"\",\"card\":\"\"}");
    assert_true(shows(desk, "Payment card: not accepted here, nothing was stored"));
    assert_true(shows(desk, "李伟"));
}

static void an_unknown_card_is_enrolled_with_its_token(void **state)
{
    struct desk *desk = *state;
    screen_key(&desk->screen, 'n');
    assert_true(shows(desk, "Swipe or type the new card first"));
    notify(desk, "refused",
           "{\"status\":\"TALLY_E_UNKNOWN_CARD\",\"family\":\"refused\","
           "\"message\":\"\",\"card\":\"token\"}");
    assert_true(shows(desk, "Unknown card: N enrols a new member"));
    type(desk, "nQuinn?");
    screen_key(&desk->screen, 0x674E); /* 李 */
    screen_key(&desk->screen, SCREEN_KEY_BACKSPACE);
    screen_key(&desk->screen, 0x738B); /* 王 */
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    type(desk, "139q");
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    assert_true(shows(desk, "139"));
    screen_key(&desk->screen, SCREEN_KEY_ENTER); /* no birthday */
    assert_string_equal(desk->last_method, "enrol");
    assert_string_equal(desk->last_params,
                        "{\"card\":\"token\",\"name\":\"Quinn?王\",\"phone\":\"139\"}");
    assert_false(desk->screen.quit);
}

static void a_birthday_is_month_and_day_or_stays_to_be_put_right(void **state)
{
    struct desk *desk = *state;
    notify(desk, "refused",
           "{\"status\":\"TALLY_E_UNKNOWN_CARD\",\"family\":\"refused\","
           "\"message\":\"\",\"card\":\"token\"}");
    type(desk, "nIda");
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    size_t before = desk->calls;
    static const char *const wrong[] = {"0230", "1301", "0010", "1200", "022"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        type(desk, wrong[i]);
        screen_key(&desk->screen, SCREEN_KEY_ENTER);
        assert_true(shows(desk, "No such day"));
        for (size_t j = 0; j < 4; j++) {
            screen_key(&desk->screen, SCREEN_KEY_BACKSPACE);
        }
    }
    assert_int_equal(desk->calls, before);
    type(desk, "02299"); /* the fifth digit is none of it */
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    assert_string_equal(desk->last_params,
                        "{\"birthday\":\"02-29\",\"card\":\"token\",\"name\":\"Ida\"}");
}

static void a_card_of_another_house_can_not_be_enrolled(void **state)
{
    struct desk *desk = *state;
    notify(desk, "refused",
           "{\"status\":\"TALLY_E_UNKNOWN_CARD\",\"family\":\"refused\","
           "\"message\":\"\",\"card\":\"\"}");
    assert_true(shows(desk, "This card is not one of ours"));
    screen_key(&desk->screen, 'n');
    assert_int_equal(desk->screen.mode, SCREEN_IDLE);
}

static void tray_digits_act_only_while_no_member_is_on_the_screen(void **state)
{
    struct desk *desk = *state;
    desk->screen.has_tray = true;
    desk->screen.tray[2] = "Third";
    screen_key(&desk->screen, '1'); /* not in the tray */
    assert_int_equal(desk->swiped, 0);
    screen_key(&desk->screen, '3');
    assert_int_equal(desk->swiped, 3);
    assert_true(shows(desk, "Third"));
    swipe_member(desk);
    desk->swiped = 0;
    screen_key(&desk->screen, '3');
    assert_int_equal(desk->swiped, 0);
    assert_int_equal(desk->screen.amount_minor, 3);
}

static void a_typed_number_is_identified(void **state)
{
    struct desk *desk = *state;
    type(desk, "/138 0013-8000x");
    screen_key(&desk->screen, SCREEN_KEY_ENTER);
    assert_string_equal(desk->last_params, "{\"text\":\"138 0013-8000\"}");
    answer(desk, a_member);
    assert_true(shows(desk, "李伟"));
}

static void without_a_connection_the_screen_says_so_and_why(void **state)
{
    struct desk *desk = *state;
    screen_connection(&desk->screen, false, "Connection refused");
    assert_true(shows(desk, "No connection to tallyd"));
    assert_true(shows(desk, "Connection refused"));
}

static void a_window_that_is_too_small_is_told_so_at_any_size(void **state)
{
    struct desk *desk = *state;
    for (int rows = 1; rows <= 60; rows += rows < 26 ? 1 : 17) {
        for (int cols = 1; cols <= 200; cols += cols < 82 ? 9 : 59) {
            assert_int_equal(canvas_resize(&desk->canvas, rows, cols), TALLY_OK);
            screen_draw(&desk->screen, &desk->canvas); /* the sanitizers watch */
        }
    }
    assert_int_equal(canvas_resize(&desk->canvas, 23, 80), TALLY_OK);
    assert_true(shows(desk, "80 x 24 are needed"));
    assert_int_equal(canvas_resize(&desk->canvas, 24, 80), TALLY_OK);
    assert_false(shows(desk, "are needed"));
}

/* ------------------------------------------------------------------ words, in both languages */

static void every_status_has_words_for_the_cashier_in_chinese(void **state)
{
    (void)state;
    char share[PATH_MAX];
    lang_share_dir(share, sizeof share);
    setenv("TALLY_LANG", "zh_CN", 1);
    lang_open(share);
    assert_true(lang_is_chinese());
#define X(status, code, text)                                                                      \
    assert_true((unsigned char)words_status(status)[0] >= 0xE0);                                   \
    assert_true((unsigned char)words_hq(status)[0] >= 0xE0);
    TALLY_STATUS_LIST(X)
#undef X
    char date[WORDS_DATE_MAX];
    words_date("2026-12-31", date);
    assert_string_equal(date, "2026年12月31日");
    void *desk = NULL;
    set_up(&desk);
    swipe_member(desk);
    assert_true(shows(desk, "2026年12月31日前再消费 ¥12.00 即可升为 金卡 ★★★"));
    assert_true(shows(desk, "★★ 银卡"));
    tear_down(&desk);
    setenv("TALLY_LANG", "en", 1);
    lang_open(share);
    assert_false(lang_is_chinese());
    assert_string_equal(words_status(TALLY_E_CARD_UNREADABLE),
                        "The card could not be read: swipe again");
}

static void a_status_of_a_newer_daemon_is_still_a_status(void **state)
{
    (void)state;
    assert_int_equal(words_status_of("TALLY_E_REVOKED"), TALLY_E_REVOKED);
    assert_int_equal(words_status_of("TALLY_E_OF_NEXT_YEAR"), TALLY_E_PROTOCOL);
    assert_int_equal(words_status_of(NULL), TALLY_E_PROTOCOL);
}

/* ------------------------------------------------------------------ the connection */

struct line {
    struct rpc *rpc;
    int connects, drops, answers, notifications;
    uint64_t last_id;
};

static void on_state(void *context, bool connected, const char *why)
{
    struct line *line = context;
    assert_non_null(why);
    line->connects += connected;
    line->drops += !connected;
}

static void on_answer(void *context, uint64_t id, json_t *result, json_t *error)
{
    struct line *line = context;
    assert_true((result == NULL) != (error == NULL));
    line->answers++;
    line->last_id = id;
}

static void on_notification(void *context, const char *method, json_t *params)
{
    (void)params;
    assert_string_equal(method, "member");
    ((struct line *)context)->notifications++;
}

static void pump(struct line *line)
{
    struct pollfd polled = {.fd = rpc_fd(line->rpc), .events = rpc_events(line->rpc)};
    poll(&polled, 1, rpc_timeout_ms(line->rpc, rpc_now_ms()));
    rpc_step(line->rpc, polled.revents, rpc_now_ms());
}

static void send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void the_connection_mends_itself_and_takes_lines_in_any_pieces(void **state)
{
    (void)state;
    char path[64];
    static const struct rpc_ops ops = {on_state, on_answer, on_notification};
    struct line line = {0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(path, sizeof path, "/tmp/tally-rpc-%d.sock", (int)getpid());
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(rpc_open(path, &ops, &line, &line.rpc), TALLY_OK);
    uint64_t id = 0;
    assert_int_equal(rpc_call(line.rpc, "status", json_object(), &id), TALLY_E_OFFLINE);
    assert_int_equal(rpc_call(line.rpc, "status", NULL, &id), TALLY_E_INVALID);
    pump(&line);
    assert_int_equal(line.drops, 1); /* nobody listens */

    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 4), 0);
    for (int round = 0; round < 2; round++) {
        while (!rpc_is_connected(line.rpc)) {
            pump(&line);
        }
        int server = accept(listener, NULL, NULL);
        assert_int_equal(rpc_call(line.rpc, "status", json_object(), &id), TALLY_OK);
        pump(&line);
        char got[256];
        ssize_t len = recv(server, got, sizeof got - 1, 0);
        got[len] = '\0';
        char expected[256];
        snprintf(expected, sizeof expected,
                 "{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64 ",\"method\":\"status\",\"params\":{}}\n",
                 id);
        assert_string_equal(got, expected);
        char reply[256];
        snprintf(reply, sizeof reply,
                 "{\"jsonrpc\":\"2.0\",\"method\":\"member\",\"params\":{}}\ngarbage\n"
                 "{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64 ",\"result\":{}}\n",
                 id);
        for (const char *at = reply; *at != '\0'; at++) {
            char one[2] = {*at, '\0'};
            send_text(server, one);
            pump(&line);
        }
        assert_int_equal(line.answers, round + 1);
        assert_int_equal(line.notifications, round + 1);
        assert_int_equal(line.last_id, id);
        close(server);
        while (rpc_is_connected(line.rpc)) {
            pump(&line);
        }
    }
    assert_int_equal(line.connects, 2);
    rpc_close(line.rpc);
    close(listener);
    unlink(path);
}

static void an_address_is_a_path_or_a_host_and_port(void **state)
{
    (void)state;
    static const struct rpc_ops ops = {on_state, on_answer, on_notification};
    struct rpc *rpc = NULL;
    char longer[300];
    memset(longer, '/', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(rpc_open("localhost", &ops, NULL, &rpc), TALLY_E_INVALID);
    assert_int_equal(rpc_open("localhost:", &ops, NULL, &rpc), TALLY_E_INVALID);
    assert_int_equal(rpc_open(longer, &ops, NULL, &rpc), TALLY_E_INVALID);
    assert_int_equal(rpc_open("[::1]:9", &ops, NULL, &rpc), TALLY_OK);
    rpc_close(rpc);
}

/* ------------------------------------------------------------------ tray */

static void the_sample_tray_has_nine_cards_and_a_mistake_in_one_is_named(void **state)
{
    (void)state;
    struct tray tray;
    char problem[TRAY_PROBLEM_MAX], path[64];
    assert_int_equal(tray_open(&tray, TRAY_SAMPLE, "head", "program", problem), TALLY_OK);
    for (size_t i = 0; i < SCREEN_TRAY_CARDS; i++) {
        assert_non_null(tray.cards[i].name);
    }
    assert_string_equal(tray.cards[0].tracks[1], "60058500000000001=49121010000000000");
    assert_true(tray.cards[8].damage);
    tray_close(&tray);

    snprintf(path, sizeof path, "/tmp/tally-tray-%d.ini", (int)getpid());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("[1]\nname=Ann\ncolour=red\n", file);
    fclose(file);
    assert_int_equal(tray_open(&tray, path, "head", "program", problem), TALLY_E_INVALID);
    assert_non_null(strstr(problem, ":3: colour"));
    unlink(path);
}

static enum tally_status swipe_with(const char *program, const char **ret_why)
{
    static struct tray tray;
    char problem[TRAY_PROBLEM_MAX];
    *ret_why = NULL;
    assert_int_equal(tray_open(&tray, TRAY_SAMPLE, "head", program, problem), TALLY_OK);
    enum tally_status status = tray_swipe(&tray, 1);
    if (status == TALLY_OK) {
        assert_int_equal(tray_swipe(&tray, 1), TALLY_E_BUSY);
        struct pollfd polled = {.fd = tray.output_fd, .events = POLLIN};
        do {
            poll(&polled, 1, -1);
        } while (!tray_step(&tray, ret_why));
    }
    tray_close(&tray);
    return status;
}

static void a_swipe_that_fails_says_what_the_program_said(void **state)
{
    (void)state;
    const char *why = NULL;
    /* qemu-user learns of a program that is not there only from the child. */
    enum tally_status status = swipe_with("/nonexistent/tally-swipe", &why);
    assert_true(status == TALLY_E_DEVICE || (status == TALLY_OK && why != NULL));
    assert_int_equal(swipe_with("true", &why), TALLY_OK);
    assert_null(why);
    assert_int_equal(swipe_with("false", &why), TALLY_OK);
    assert_non_null(why);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    char share[PATH_MAX];
    unsetenv("TALLY_LANG");
    setenv("LC_ALL", "C.UTF-8", 1);
    lang_share_dir(share, sizeof share);
    lang_open(share);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_is_written_with_its_decimals_groups_and_sign),
        cmocka_unit_test(an_amount_is_read_exactly_or_not_at_all),
        cmocka_unit_test(an_amount_is_typed_from_the_right_and_stops_at_its_last_digit),
        cmocka_unit_test(a_wide_character_takes_two_columns_and_is_never_cut_in_half),
        cmocka_unit_test(text_that_is_no_text_shows_as_question_marks),
        TEST(a_swiped_member_is_shown_with_tier_points_and_what_is_needed),
        TEST(a_member_is_shown_with_stamps_pending_points_and_what_the_tier_means),
        TEST(a_blocked_account_is_told_at_once),
        TEST(a_key_shows_why_a_sale_earns_what_it_earns),
        TEST(the_view_of_rules_turns_its_pages_and_comes_back_to_the_first),
        TEST(a_swipe_or_a_refused_quote_leaves_the_view_of_rules),
        TEST(digits_claim_rewards_as_often_as_the_member_can),
        TEST(claims_belong_to_one_member_and_one_sale),
        TEST(a_member_without_rewards_is_told_so),
        TEST(rewards_lower_what_is_to_be_paid_and_are_named),
        TEST(what_a_guard_found_is_told_before_and_after_the_sale),
        TEST(a_birthday_is_month_and_day_or_stays_to_be_put_right),
        cmocka_unit_test(each_kind_of_rule_and_of_cap_has_a_sentence),
        TEST(digits_are_the_amount_and_each_is_quoted_one_call_at_a_time),
        TEST(offline_the_screen_offers_the_points_held_here_and_says_why),
        TEST(offline_the_screen_says_when_head_office_was_last_heard),
        TEST(too_many_points_are_answered_with_how_many_it_can_be),
        TEST(points_that_head_office_did_not_give_are_not_called_missing),
        TEST(head_office_that_answers_and_refuses_this_terminal_is_no_good_connection),
        TEST(a_terminal_that_is_not_enrolled_says_so_and_what_is_missing),
        TEST(nothing_is_voided_by_enter_after_a_card_was_refused),
        TEST(an_open_sale_is_not_left_by_the_key_that_quits),
        TEST(a_number_that_is_not_valid_stays_to_be_put_right),
        TEST(a_sample_card_needs_a_reader),
        TEST(a_sale_in_flight_is_sent_again_under_the_same_reference_after_a_reconnect),
        TEST(a_refused_sale_keeps_member_and_amount_and_the_next_try_has_a_new_reference),
        TEST(nothing_is_sold_without_an_amount),
        TEST(a_swipe_during_a_sale_on_its_way_waits_for_the_answer),
        TEST(a_payment_card_is_refused_in_plain_words_and_leaves_the_member),
        TEST(an_unknown_card_is_enrolled_with_its_token),
        TEST(a_card_of_another_house_can_not_be_enrolled),
        TEST(tray_digits_act_only_while_no_member_is_on_the_screen),
        TEST(a_typed_number_is_identified),
        TEST(without_a_connection_the_screen_says_so_and_why),
        TEST(a_window_that_is_too_small_is_told_so_at_any_size),
        cmocka_unit_test(every_status_has_words_for_the_cashier_in_chinese),
        cmocka_unit_test(a_status_of_a_newer_daemon_is_still_a_status),
        cmocka_unit_test(the_connection_mends_itself_and_takes_lines_in_any_pieces),
        cmocka_unit_test(an_address_is_a_path_or_a_host_and_port),
        cmocka_unit_test(the_sample_tray_has_nine_cards_and_a_mistake_in_one_is_named),
        cmocka_unit_test(a_swipe_that_fails_says_what_the_program_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
