/* SPDX-License-Identifier: Apache-2.0 */
/* What a member reads on paper and on the customer display, in both languages. */
#include "app/terminal/receipt.h"

#include "app/core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_MAX = 4096, STAMPS = 77, VOUCHERS = 78 };

#define NOW_MS INT64_C(1795305600000) /* 2026-11-22 00:00 UTC, day 20779 */

/* ---- lines ---- */

static void take(void *context, const struct receipt_line *line)
{
    char *page = context;
    size_t at = strlen(page);
    assert_true(tally_utf8_valid(tally_slice_text(line->text)));
    snprintf(page + at, PAGE_MAX - at, "%s%s\n", line->is_title ? "# " : "", line->text);
}

static void expect_page(const struct receipt_facts *facts, enum receipt_language language,
                        size_t columns, const char *expected)
{
    char page[PAGE_MAX] = "";
    receipt_write(facts, language, columns, take, page);
    assert_string_equal(expected, page);
}

static const struct receipt_purse two_purses[] = {{{"Coffee stamps", "咖啡印花"}, 7},
                                                  {{"Voucher", ""}, 1}};

static struct receipt_facts all_facts(void)
{
    return (struct receipt_facts){.programme = "Golden Leaf",
                                  .earned = 135,
                                  .used = 1000,
                                  .balance = 11988,
                                  .pending = 120,
                                  .debt = 5,
                                  .tier = {"VIP", "贵宾会员"},
                                  .purses = two_purses,
                                  .purse_count = 2,
                                  .reward = {"A mug", "马克杯"},
                                  .reward_missing = 60,
                                  .expiry_day = 20818,
                                  .expiry_points = 3210};
}

static void a_receipt_says_what_was_earned_and_what_there_is(void **state)
{
    (void)state;
    struct receipt_facts facts = all_facts();
    expect_page(&facts, RECEIPT_ENGLISH, 32,
                "# Golden Leaf\n"
                "Points earned                135\n"
                "Points used                1,000\n"
                "Points now                11,988\n"
                "Points to come               120\n"
                "Points owed                    5\n"
                "Tier                         VIP\n"
                "Coffee stamps                  7\n"
                "Voucher                        1\n"
                "Last day 2026-12-31        3,210\n"
                "Next: A mug              60 more\n");
}

static void the_same_in_chinese_counts_two_columns_a_character(void **state)
{
    (void)state;
    struct receipt_facts facts = all_facts();
    expect_page(&facts, RECEIPT_CHINESE, 32,
                "# Golden Leaf\n"
                "本次获得积分                 135\n"
                "本次使用积分               1,000\n"
                "可用积分                  11,988\n"
                "待生效积分                   120\n"
                "所欠积分                       5\n"
                "会员等级                贵宾会员\n"
                "咖啡印花                       7\n"
                "Voucher                        1\n"
                "2026-12-31 到期            3,210\n"
                "下一奖励：马克杯      还差 60 分\n");
}

static void what_is_not_there_has_no_line(void **state)
{
    (void)state;
    const struct receipt_facts facts = {.programme = "Club", .expiry_day = TALLY_DAY_NEVER};
    expect_page(&facts, RECEIPT_ENGLISH, 24,
                "# Club\n"
                "Points earned          0\n"
                "Points now             0\n");
}

static void a_return_says_what_went_back(void **state)
{
    (void)state;
    const struct receipt_facts facts = {.programme = "Club",
                                        .earned = -57,
                                        .used = -385,
                                        .balance = -12,
                                        .debt = 12,
                                        .expiry_day = TALLY_DAY_NEVER};
    expect_page(&facts, RECEIPT_ENGLISH, 24,
                "# Club\n"
                "Points taken back     57\n"
                "Points given back    385\n"
                "Points now           -12\n"
                "Points owed           12\n");
}

static void what_does_not_fit_on_one_line_takes_two(void **state)
{
    (void)state;
    const struct receipt_purse purses[] = {{{"Coffee stamps of winter", ""}, 1234},
                                           {{"Coffee stamps of this winter", ""}, 7},
                                           {{"Stamps of a winter", ""}, 12345},
                                           {{"Stamps of winters", ""}, 12345}};
    const struct receipt_facts facts = {.programme = "A programme with a long name",
                                        .purses = purses,
                                        .purse_count = 4,
                                        .expiry_day = TALLY_DAY_NEVER};
    expect_page(&facts, RECEIPT_ENGLISH, 24,
                "# A programme with a long \n"
                "Points earned          0\n"
                "Points now             0\n"
                "Coffee stamps of winter\n"
                "                   1,234\n"
                "Coffee stamps of this wi\n"
                "                       7\n"
                "Stamps of a winter\n"
                "                  12,345\n"
                "Stamps of winters 12,345\n");
}

static size_t width_of(const char *text) /* of letters and Chinese characters */
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += (uint8_t)*text < 0x80 ? 1 : (uint8_t)*text >= 0xe0 ? 2 : 0;
    }
    return width;
}

static void check_width(void *context, const struct receipt_line *line)
{
    assert_true(tally_utf8_valid(tally_slice_text(line->text)));
    assert_true(width_of(line->text) <= *(const size_t *)context);
}

static void no_line_is_too_wide_nor_ends_in_half_a_character(void **state)
{
    (void)state;
    char long_en[600], long_zh[600] = "";
    memset(long_en, 'x', sizeof long_en - 1);
    long_en[sizeof long_en - 1] = '\0';
    for (size_t i = 0; i < 190; i++) {
        memcpy(long_zh + 3 * i, "积", 4);
    }
    for (size_t columns = TILL_COLUMNS_MIN; columns <= TILL_COLUMNS_MAX; columns++) {
        struct receipt_facts facts = all_facts();
        facts.programme = long_zh;
        facts.tier = facts.reward = (struct tally_name){long_en, long_zh};
        facts.balance = INT64_MIN;
        facts.earned = facts.used = facts.pending = facts.reward_missing = INT64_MAX;
        receipt_write(&facts, RECEIPT_ENGLISH, columns, check_width, &columns);
        receipt_write(&facts, RECEIPT_CHINESE, columns, check_width, &columns);
    }
}

/* ---- facts ---- */

static const struct tally_word vips[] = {{5, "VIP"}};
static const struct tally_cap yearly[] = {{{TALLY_PERIOD_YEAR, 0}, 1, false, false}};
static const struct tally_cap once[] = {{{TALLY_PERIOD_SALE, 0}, 1, false, false}};
#define ALWAYS .when = {.from_day = INT32_MIN, .until_day = TALLY_DAY_NEVER}

static const struct tally_reward rewards[] = {
    {.name = {"Affordable", ""}, .cost = 100, ALWAYS},
    {.name = {"For VIPs", ""},
     .cost = 5010,
     .when = {.from_day = INT32_MIN, .until_day = TALLY_DAY_NEVER, .tiers = {vips, 1}}},
    {.name = {"Over", ""}, .cost = 5011, .when = {.from_day = INT32_MIN, .until_day = 20778}},
    {.name = {"Of a year", ""}, .cost = 5012, .limits = yearly, .limit_count = 1, ALWAYS},
    {.name = {"Few", ""}, .cost = 5013, .total_max = 10, ALWAYS},
    {.name = {"By itself", ""}, .cost = 5014, .is_automatic = true, ALWAYS},
    {.name = {"For stamps", ""}, .cost = 5015, .cost_purse = STAMPS, ALWAYS},
    {.name = {"A mug", ""}, .cost = 6000, .limits = once, .limit_count = 1, ALWAYS},
    {.name = {"A kettle", ""}, .cost = 9000, ALWAYS},
};
static const struct tally_purse_rules purses[] = {
    {.code = "STAMPS", .id = STAMPS, .name = {"Stamps", ""}},
    {.code = "VOUCHERS", .id = VOUCHERS, .name = {"Vouchers", ""}}};
static const struct tally_tier tiers[] = {
    {.code = "P", .id = 1, .name = {"Member", "会员"}, .multiplier_pct = 100}};
static const struct tally_programme programme = {
    .name = "Golden Leaf",
    .currency = "CNY",
    .currency_exponent = 2,
    .purses = purses,
    .purse_count = 2,
    .rewards = rewards,
    .reward_count = sizeof rewards / sizeof rewards[0],
    .tiers = {.tiers = tiers, .tier_count = 1},
};
static struct tally_lot lots[] = {
    {TALLY_TERMINAL_HQ, 0, 0, TALLY_DAY_NEVER, 0, 4660},
    {7, 0, 0, 20453, 0, 300}, /* over since 2025-12-31 */
    {7, 0, 0, 20818, 0, 200},
    {7, 0, 0, 21000, 0, 40},
    {7, 0, 0, 21000, 20800, 120},
    {8, 0, 0, 20818, 0, 100},
    {7, STAMPS, 0, 20800, 0, 7},
};
static struct tally_account account = {.id = 7, .since_day = 20000, .lots = lots, .lot_count = 7};
static const struct till_member member = {
    .member = 9, .name = "", .programme = &programme, .account = &account, .now_ms = NOW_MS};

static void facts_are_those_of_the_event_and_of_the_account_now(void **state)
{
    (void)state;
    static const struct tally_move moves[] = {{TALLY_MOVE_REDEEM, 0, 20818, 0, 500},
                                              {TALLY_MOVE_EARN_DEBT, 0, 0, 0, 3},
                                              {TALLY_MOVE_EARN, 0, 21000, 20800, 120},
                                              {TALLY_MOVE_EARN, STAMPS, 20800, 0, 1}};
    const struct tally_event sale = {.type = TALLY_EVENT_SALE,
                                     .effects = {.moves = moves, .move_count = 4}};
    struct receipt_purse room[2];
    struct receipt_facts facts = receipt_facts_of(&sale, &member, room);
    assert_string_equal("Golden Leaf", facts.programme);
    assert_int_equal(123, facts.earned);
    assert_int_equal(500, facts.used);
    assert_int_equal(5000, facts.balance);
    assert_int_equal(120, facts.pending);
    assert_string_equal("Member", facts.tier.en);
    assert_int_equal(20818, facts.expiry_day);
    assert_int_equal(300, facts.expiry_points);
    assert_int_equal(1, facts.purse_count);
    assert_string_equal("Stamps", facts.purses[0].name.en);
    assert_int_equal(7, facts.purses[0].units);
}

static void the_next_reward_is_the_nearest_that_anybody_may_have(void **state)
{
    (void)state;
    const struct tally_event sale = {.type = TALLY_EVENT_SALE};
    struct receipt_purse room[2];
    struct receipt_facts facts = receipt_facts_of(&sale, &member, room);
    assert_string_equal("A mug", facts.reward.en);
    assert_int_equal(1000, facts.reward_missing);
}

static void what_a_return_undoes_is_below_zero(void **state)
{
    (void)state;
    static const struct tally_move moves[] = {{TALLY_MOVE_UNREDEEM, 0, 20818, 0, 385},
                                              {TALLY_MOVE_UNEARN, 0, 21000, 0, 50},
                                              {TALLY_MOVE_UNEARN_DEBT, 0, 0, 0, 7}};
    const struct tally_event refund = {.type = TALLY_EVENT_REFUND,
                                       .effects = {.moves = moves, .move_count = 3}};
    struct receipt_purse room[2];
    struct receipt_facts facts = receipt_facts_of(&refund, &member, room);
    assert_int_equal(-57, facts.earned);
    assert_int_equal(-385, facts.used);
}

/* ---- customer display ---- */

static void a_queue_reads_a_first_name_and_no_more(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"Ada Lovelace", "Ada"},
                                          {"Ada", "Ada"},
                                          {"  Ada  L", "Ada"},
                                          {"李伟", "*伟"},
                                          {"欧阳小伟", "*阳小伟"},
                                          {"李", "*"},
                                          {"", ""},
                                          {"   ", ""},
                                          {"José María", "José"},
                                          {"王 芳", "*"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[RECEIPT_TEXT_MAX];
        receipt_first_name(rows[i][0], text);
        assert_string_equal(rows[i][1], text);
    }
}

static void a_member_is_welcomed_by_name_where_the_display_can_write_it(void **state)
{
    (void)state;
    static const struct {
        enum receipt_language language;
        const char *name, *upper, *lower;
    } rows[] = {
        {RECEIPT_ENGLISH, "Ada Lovelace", "Welcome, Ada", "12,840 points"},
        {RECEIPT_ENGLISH, "Łukasz K", "Welcome, Łukasz", "12,840 points"},
        {RECEIPT_ENGLISH, "李伟", "Welcome!", "12,840 points"},
        {RECEIPT_ENGLISH, "", "Welcome!", "12,840 points"},
        {RECEIPT_CHINESE, "李伟", "欢迎，*伟", "12,840 积分"},
        {RECEIPT_CHINESE, "Ada Lovelace", "欢迎，Ada", "12,840 积分"},
        {RECEIPT_CHINESE, "", "欢迎光临", "12,840 积分"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char upper[RECEIPT_TEXT_MAX], lower[RECEIPT_TEXT_MAX];
        receipt_welcome(rows[i].language, rows[i].name, 12840, upper, lower);
        assert_string_equal(rows[i].upper, upper);
        assert_string_equal(rows[i].lower, lower);
    }
}

static void after_a_sale_the_display_says_what_it_brought(void **state)
{
    (void)state;
    char upper[RECEIPT_TEXT_MAX], lower[RECEIPT_TEXT_MAX];
    struct receipt_facts facts = all_facts();
    receipt_thanks(&facts, RECEIPT_ENGLISH, upper, lower);
    assert_string_equal("+135 points", upper);
    assert_string_equal("You have 11,988", lower);
    facts.earned = -57;
    receipt_thanks(&facts, RECEIPT_CHINESE, upper, lower);
    assert_string_equal("-57 积分", upper);
    assert_string_equal("可用 11,988 积分", lower);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_says_what_was_earned_and_what_there_is),
        cmocka_unit_test(the_same_in_chinese_counts_two_columns_a_character),
        cmocka_unit_test(what_is_not_there_has_no_line),
        cmocka_unit_test(a_return_says_what_went_back),
        cmocka_unit_test(what_does_not_fit_on_one_line_takes_two),
        cmocka_unit_test(no_line_is_too_wide_nor_ends_in_half_a_character),
        cmocka_unit_test(facts_are_those_of_the_event_and_of_the_account_now),
        cmocka_unit_test(the_next_reward_is_the_nearest_that_anybody_may_have),
        cmocka_unit_test(what_a_return_undoes_is_below_zero),
        cmocka_unit_test(a_queue_reads_a_first_name_and_no_more),
        cmocka_unit_test(a_member_is_welcomed_by_name_where_the_display_can_write_it),
        cmocka_unit_test(after_a_sale_the_display_says_what_it_brought),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
