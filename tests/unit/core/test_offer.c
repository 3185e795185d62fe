/* SPDX-License-Identifier: Apache-2.0 */
/* Which rewards a screen may offer: the units, the day, the tier, the limits; never the basket. */
#include "app/core/offer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STAMPS = 77, MUG = 1, CUP = 2, VIP = 3, DAILY = 4, COUPON = 5, SILENT = 6, DAY = 20000 };

static const struct tally_condition spends[] = {{TALLY_METRIC_SPEND, 100000}};
static struct tally_tier tiers[] = {
    {.code = "P", .id = 11, .multiplier_pct = 100},
    {.code = "VIP", .id = 12, .conditions = spends, .condition_count = 1, .multiplier_pct = 100}};
static const struct tally_purse_rules purses[] = {{.code = "STAMPS", .id = STAMPS}};
static const struct tally_cap twice_a_day[] = {{{TALLY_PERIOD_DAY, 0}, 2, false, false}};

#define ALWAYS .when.from_day = INT32_MIN, .when.until_day = TALLY_DAY_NEVER

/* The word "VIP" and one promotion code, with their ids set before use. */
static struct tally_word vip_word[] = {{0, "VIP"}}, code_word[] = {{0, "SPRING"}};

static struct tally_reward rewards[] = {
    {.code = "MUG", .id = MUG, .kind = TALLY_REWARD_AMOUNT, .amount_minor = 1, .cost = 100, ALWAYS},
    {.code = "CUP",
     .id = CUP,
     .kind = TALLY_REWARD_AMOUNT,
     .amount_minor = 1,
     .cost = 5,
     .cost_purse = STAMPS,
     ALWAYS},
    {.code = "VIP-ONLY", .id = VIP, .kind = TALLY_REWARD_GIFT, ALWAYS},
    {.code = "DAILY",
     .id = DAILY,
     .kind = TALLY_REWARD_GIFT,
     .limits = twice_a_day,
     .limit_count = 1,
     ALWAYS},
    {.code = "COUPON", .id = COUPON, .kind = TALLY_REWARD_PERCENT, .percent = 10, ALWAYS},
    {.code = "SILENT", .id = SILENT, .kind = TALLY_REWARD_GIFT, .is_automatic = true, ALWAYS},
};

static struct tally_programme a_programme(void)
{
    tiers[1].id = vip_word[0].id = tally_word_id("VIP", 3);
    code_word[0].id = tally_word_id("SPRING", 6);
    rewards[2].when.tiers = (struct tally_words){vip_word, 1};
    rewards[4].when.codes = (struct tally_words){code_word, 1};
    rewards[4].when.basket_minor_min = 5000;
    return (struct tally_programme){
        .version = 1,
        .redeem = {.step_points = 1, .value_minor = 1},
        .rewards = rewards,
        .reward_count = 6,
        .purses = purses,
        .purse_count = 1,
        .tiers = {.window = {TALLY_PERIOD_LIFETIME, 0}, .tiers = tiers, .tier_count = 2}};
}

static struct tally_lot lots[] = {
    {.drawer = TALLY_TERMINAL_HQ, .expires_day = TALLY_DAY_NEVER, .points = 250},
    {.drawer = 7, .expires_day = TALLY_DAY_NEVER, .from_day = DAY + 1, .points = 900},
    {.drawer = 7, .purse = STAMPS, .expires_day = TALLY_DAY_NEVER, .points = 4},
};

static struct tally_account an_account(void)
{
    return (struct tally_account){.id = 9,
                                  .since_day = DAY - 10,
                                  .last_sale_day = INT32_MIN,
                                  .newest_day = DAY,
                                  .lots = lots,
                                  .lot_count = 3};
}

/* How often each reward is offered, in their order; 0: not at all. */
static void offered(const struct tally_account *account, int64_t times[6])
{
    struct tally_programme programme = a_programme();
    struct tally_occasion occasion = {.terminal = 7, .day = DAY, .minute = 600, .member = 9};
    struct tally_offer offers[6];
    size_t room_len = tally_offers_room(&programme), count = 0;
    void *room = test_malloc(room_len + 1);
    assert_int_equal(
        tally_offers(&programme, account, &occasion, 3, room, room_len, offers, &count), TALLY_OK);
    memset(times, 0, 6 * sizeof times[0]);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || offers[i].reward > offers[i - 1].reward);
        times[offers[i].reward] = offers[i].times;
    }
    test_free(room);
}

static void a_reward_is_offered_as_often_as_usable_units_of_its_purse_pay_it(void **state)
{
    (void)state;
    struct tally_account account = an_account();
    int64_t times[6];
    offered(&account, times);
    assert_int_equal(times[0], 2); /* 250 usable points, wherever; 900 are still pending */
    assert_int_equal(times[1], 0); /* 4 stamps of 5 */
    lots[2].points = 5;
    offered(&account, times);
    assert_int_equal(times[1], 1);
    lots[2].points = 4;
}

static void the_tier_and_what_was_used_today_decide_with(void **state)
{
    (void)state;
    struct tally_account account = an_account();
    int64_t times[6];
    offered(&account, times);
    assert_int_equal(times[2], 0);
    assert_int_equal(times[3], 2);
    struct tally_count counts[] = {
        {TALLY_COUNT_SPEND, 0, INT32_MIN, TALLY_DAY_NEVER, 100000},
        {TALLY_COUNT_REWARD, DAILY, DAY, DAY, 1},
    };
    account.counts = counts;
    account.count_count = 2;
    offered(&account, times);
    assert_true(times[2] == INT64_MAX);
    assert_int_equal(times[3], 1);
    counts[1].amount = 2;
    offered(&account, times);
    assert_int_equal(times[3], 0);
}

static void what_the_basket_must_be_is_left_open_and_automatic_rewards_are_not_offered(void **state)
{
    (void)state;
    struct tally_account account = an_account();
    int64_t times[6];
    offered(&account, times);
    assert_int_equal(times[4], 1); /* a percentage once */
    assert_int_equal(times[5], 0);
}

static void a_block_that_is_too_small_is_told(void **state)
{
    (void)state;
    struct tally_programme programme = a_programme();
    struct tally_account account = an_account();
    struct tally_occasion occasion = {.terminal = 7, .day = DAY};
    struct tally_offer offers[6];
    uint64_t block[1] = {0};
    size_t count = 99;
    assert_int_equal(tally_offers(&programme, &account, &occasion, 3, block, 1, offers, &count),
                     TALLY_E_NO_MEMORY);
    assert_int_equal(count, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reward_is_offered_as_often_as_usable_units_of_its_purse_pay_it),
        cmocka_unit_test(the_tier_and_what_was_used_today_decide_with),
        cmocka_unit_test(
            what_the_basket_must_be_is_left_open_and_automatic_rewards_are_not_offered),
        cmocka_unit_test(a_block_that_is_too_small_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
