/* SPDX-License-Identifier: Apache-2.0 */
/* What rewards take off a basket, what they cost, and which of them hold. */
#include "tests/unit/core/desk.h"

static struct desk desk;

static void opened(void)
{
    open_desk(&desk);
    give(&desk, TERMINAL, TALLY_PURSE_POINTS, TALLY_DAY_NEVER, 10000);
}

static int64_t discount(void)
{
    assert_int_equal(quote_sale(&desk), TALLY_OK);
    return desk.quote.discount_minor;
}

static int64_t net_of(size_t line)
{
    return desk.quote.lines[line].net_minor;
}

/* ------------------------------------------------------------------ money off */

static void an_amount_comes_off_the_selected_lines_by_their_price(void **state)
{
    (void)state;
    opened();
    struct tally_reward *reward = add_reward(&desk, "OFF5", TALLY_REWARD_AMOUNT, 100);
    reward->amount_minor = 500;
    reward->lines.skus = words_of("tea,cup");
    sell_line(&desk, "tea", 1, 1000);
    sell_line(&desk, "oil", 1, 9000);
    sell_line(&desk, "cup", 1, 2000);
    claim(&desk, "OFF5", 1);
    assert_true(discount() == 500);
    assert_true(net_of(0) == 1000 - 166 && net_of(1) == 9000 && net_of(2) == 2000 - 334);
    assert_true(desk.quote.cost_points == 100 && desk.quote.to_pay_minor == 11500);
    sell(&desk);
    assert_true(balance(&desk) == 10000 - 100 + 115);
}

static void an_amount_never_takes_more_than_the_lines_are_worth(void **state)
{
    (void)state;
    opened();
    add_reward(&desk, "OFF5", TALLY_REWARD_AMOUNT, 100)->amount_minor = 500;
    one_line(&desk, 300);
    claim(&desk, "OFF5", 1);
    assert_true(discount() == 300 && desk.quote.to_pay_minor == 0);
    one_line(&desk, 700);
    claim(&desk, "OFF5", 2);
    assert_true(discount() == 700 && desk.quote.cost_points == 200);
}

static void a_claim_that_takes_nothing_off_is_refused(void **state)
{
    (void)state;
    opened();
    add_reward(&desk, "OFF5", TALLY_REWARD_AMOUNT, 100)->amount_minor = 500;
    one_line(&desk, 500);
    claim(&desk, "OFF5", 2); /* the second would be points for nothing */
    assert_int_equal(quote_sale(&desk), TALLY_E_RULE);
    one_line(&desk, 0);
    claim(&desk, "OFF5", 1);
    assert_int_equal(quote_sale(&desk), TALLY_E_RULE);
}

static void a_percentage_is_rounded_once_and_capped(void **state)
{
    (void)state;
    opened();
    struct tally_reward *reward = add_reward(&desk, "P10", TALLY_REWARD_PERCENT, 0);
    reward->percent = 10;
    reward->is_automatic = true;
    sell_line(&desk, "tea", 1, 5);
    sell_line(&desk, "tea", 1, 5);
    sell_line(&desk, "tea", 1, 5);
    assert_true(discount() == 2); /* 1.5, half up */
    reward->amount_minor = 9;
    one_line(&desk, 120);
    assert_true(discount() == 9);
    one_line(&desk, 60);
    assert_true(discount() == 6);
    reward->lines.skus = words_of("other");
    assert_true(discount() == 0);
}

static void a_discount_lowers_what_is_earned(void **state)
{
    (void)state;
    opened();
    struct tally_reward *reward = add_reward(&desk, "P10", TALLY_REWARD_PERCENT, 0);
    reward->percent = 10;
    reward->is_automatic = true;
    reward->when.codes = words_of("SAVE");
    one_line(&desk, 10000);
    assert_true(discount() == 0 && desk.quote.earned_points == 100);
    desk.codes[0] = text_of("SAVE");
    desk.basket.codes = desk.codes;
    desk.basket.code_count = 1;
    assert_true(discount() == 1000 && desk.quote.earned_points == 90);
    desk.programme.earn_before_discount = true;
    assert_true(discount() == 1000 && desk.quote.earned_points == 100);
}

static void a_percentage_works_on_what_is_left_after_a_free_item(void **state)
{
    (void)state;
    opened();
    struct tally_reward *bundle = add_reward(&desk, "B3G1", TALLY_REWARD_BUNDLE, 0);
    bundle->buy = 3;
    bundle->get = 1;
    bundle->is_automatic = true;
    struct tally_reward *reward = add_reward(&desk, "P10", TALLY_REWARD_PERCENT, 0);
    reward->percent = 10;
    reward->is_automatic = true;
    basket_is_empty(&desk);
    sell_line(&desk, "cabinet", 4, 128000);
    assert_true(discount() == 32000 + 9600 && desk.quote.to_pay_minor == 86400);
}

/* ------------------------------------------------------------------ items and bundles */

static void a_free_item_is_the_cheapest_piece(void **state)
{
    (void)state;
    opened();
    add_reward(&desk, "FREE", TALLY_REWARD_ITEM, 50);
    sell_line(&desk, "tea", 2, 1000);
    sell_line(&desk, "cup", 3, 900);
    sell_line(&desk, "pot", 1, 5000);
    claim(&desk, "FREE", 4);
    assert_true(discount() == 900 + 500 && desk.quote.cost_points == 200);
    assert_true(net_of(0) == 500 && net_of(1) == 0 && net_of(2) == 5000);
    desk.claims[0].times = 6;
    assert_true(discount() == 6900);
    desk.claims[0].times = 7;
    assert_int_equal(quote_sale(&desk), TALLY_E_RULE);
}

static void only_whole_pieces_are_free(void **state)
{
    (void)state;
    opened();
    add_reward(&desk, "FREE", TALLY_REWARD_ITEM, 50);
    sell_line(&desk, "ham", 1, 1500);
    desk.lines[0].quantity_milli = 1500;
    claim(&desk, "FREE", 1);
    assert_true(discount() == 1000 && net_of(0) == 500);
    desk.lines[0].quantity_milli = 999;
    assert_int_equal(quote_sale(&desk), TALLY_E_RULE);
}

static void pieces_of_an_odd_line_cost_the_line_together(void **state)
{
    (void)state;
    opened();
    add_reward(&desk, "FREE", TALLY_REWARD_ITEM, 1);
    sell_line(&desk, "cup", 3, 1000);
    claim(&desk, "FREE", 1);
    assert_true(discount() == 333);
    desk.claims[0].times = 2;
    assert_true(discount() == 666);
    desk.claims[0].times = 3;
    assert_true(discount() == 1000);
}

static void one_cost_can_pay_for_several_pieces(void **state)
{
    (void)state;
    opened();
    add_reward(&desk, "TWO", TALLY_REWARD_ITEM, 3)->get = 2;
    sell_line(&desk, "cup", 5, 500);
    claim(&desk, "TWO", 5);
    assert_true(discount() == 500 && desk.quote.cost_points == 9);
}

static void a_piece_that_was_free_is_not_free_again(void **state)
{
    (void)state;
    opened();
    add_reward(&desk, "HALF", TALLY_REWARD_ITEM, 1)->percent = 50;
    add_reward(&desk, "FREE", TALLY_REWARD_ITEM, 1);
    sell_line(&desk, "cup", 2, 1000);
    claim(&desk, "FREE", 1);
    claim(&desk, "HALF", 1);
    assert_true(discount() == 250 + 500);
    desk.claims[0].times = 2;
    assert_int_equal(quote_sale(&desk), TALLY_E_RULE);
}

static int64_t free_pieces(int64_t buy, int64_t get, int64_t pieces)
{
    opened();
    struct tally_reward *bundle = add_reward(&desk, "B", TALLY_REWARD_BUNDLE, 0);
    bundle->buy = buy;
    bundle->get = get;
    bundle->is_automatic = true;
    sell_line(&desk, "cup", pieces, pieces * 100);
    return discount() / 100;
}

static void a_bundle_gives_as_many_as_it_says(void **state)
{
    (void)state;
    static const int64_t cases[][4] = {{2, 1, 1, 0},
                                       {2, 1, 3, 1},
                                       {2, 1, 5, 1},
                                       {2, 1, 7, 2},
                                       {2, 1, 9, 3},
                                       {2, 3, 1, 0},
                                       {2, 3, 3, 1},
                                       {2, 3, 5, 3},
                                       {2, 3, 7, 3},
                                       {2, 3, 9, 5},
                                       {1, 1, 4000000, 2000000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(free_pieces(cases[i][0], cases[i][1], cases[i][2]) == cases[i][3]);
    }
}

static void a_bundle_gives_the_cheapest_of_each_round(void **state)
{
    (void)state;
    opened();
    struct tally_reward *bundle = add_reward(&desk, "B", TALLY_REWARD_BUNDLE, 10);
    bundle->buy = 2;
    bundle->get = 1;
    sell_line(&desk, "a", 1, 300);
    sell_line(&desk, "b", 2, 1600);
    sell_line(&desk, "c", 1, 200);
    sell_line(&desk, "d", 1, 1000);
    sell_line(&desk, "e", 1, 100);
    claim(&desk, "B", 2); /* 1000 800 800, 300 200 100 */
    assert_true(discount() == 900 && desk.quote.cost_points == 20);
    desk.claims[0].times = 1;
    assert_true(discount() == 800);
    desk.claims[0].times = 3;
    assert_int_equal(quote_sale(&desk), TALLY_E_RULE);
}

/* ------------------------------------------------------------------ other things */

static void what_costs_nothing_is_not_worth_a_stamp(void **state)
{
    (void)state;
    opened();
    add_purse(&desk, "stamp");
    struct tally_reward *reward = add_reward(&desk, "FREE", TALLY_REWARD_BUNDLE, 1);
    reward->buy = reward->get = 1;
    reward->cost_purse = id_of("stamp");
    reward->is_automatic = true;
    give(&desk, TERMINAL, id_of("stamp"), TALLY_DAY_NEVER, 100);
    sell_line(&desk, "bag", 40, 0);
    sell_line(&desk, "cup", 6, 600);
    sell(&desk);
    assert_true(desk.quote.discount_minor == 300);
    assert_true(balance_of(&desk, id_of("stamp")) == 97);
}

static void a_gift_costs_points_and_takes_nothing_off(void **state)
{
    (void)state;
    opened();
    add_reward(&desk, "MUG", TALLY_REWARD_GIFT, 700);
    one_line(&desk, 100);
    claim(&desk, "MUG", 2);
    sell(&desk);
    assert_true(desk.quote.discount_minor == 0 && balance(&desk) == 10000 - 1400 + 1);
}

static void a_reward_gives_units_of_another_purse_with_that_purses_days(void **state)
{
    (void)state;
    opened();
    struct tally_purse_rules *purse = add_purse(&desk, "voucher");
    purse->expiry = (struct tally_expiry){.kind = TALLY_EXPIRY_DAYS, .count = 30};
    struct tally_reward *reward = add_reward(&desk, "GET", TALLY_REWARD_PURSE, 500);
    reward->gives_purse = id_of("voucher");
    reward->gives = 2;
    one_line(&desk, 50);
    claim(&desk, "GET", 3);
    const struct tally_event *sale = sell(&desk);
    lots_are(&desk, "7:0:2147483647=8500 7:1:20809=6");
    assert_int_equal(refund_all(&desk, sale), TALLY_OK);
    assert_true(balance(&desk) == 10000 && balance_of(&desk, id_of("voucher")) == 0);
}

static void a_reward_can_cost_stamps(void **state)
{
    (void)state;
    opened();
    add_purse(&desk, "stamp");
    struct tally_reward *reward = add_reward(&desk, "FREE", TALLY_REWARD_ITEM, 10);
    reward->cost_purse = id_of("stamp");
    give(&desk, TERMINAL, id_of("stamp"), TALLY_DAY_NEVER, 15);
    one_line(&desk, 400);
    claim(&desk, "FREE", 1);
    sell(&desk);
    assert_true(balance_of(&desk, id_of("stamp")) == 5 && balance(&desk) == 10000);
    assert_int_equal(plan_sale(&desk), TALLY_E_POINTS_SHORT);
}

static void an_automatic_reward_that_costs_goes_as_far_as_the_purse(void **state)
{
    (void)state;
    opened();
    add_purse(&desk, "stamp");
    struct tally_reward *reward = add_reward(&desk, "FREE", TALLY_REWARD_ITEM, 10);
    reward->cost_purse = id_of("stamp");
    reward->is_automatic = true;
    basket_is_empty(&desk);
    sell_line(&desk, "cup", 5, 500);
    assert_true(discount() == 0);
    give(&desk, TERMINAL, id_of("stamp"), TALLY_DAY_NEVER, 25);
    assert_true(discount() == 200);
    sell(&desk);
    assert_true(balance_of(&desk, id_of("stamp")) == 5);
}

static struct tally_reward *a_goal(int64_t points)
{
    open_desk(&desk);
    add_purse(&desk, "voucher");
    struct tally_reward *reward = add_reward(&desk, "GOAL", TALLY_REWARD_PURSE, points);
    reward->gives_purse = id_of("voucher");
    reward->gives = 1;
    reward->is_automatic = true;
    return reward;
}

static void a_goal_pays_for_its_voucher_in_the_sale_that_reaches_it(void **state)
{
    (void)state;
    a_goal(100);
    one_line(&desk, 9900);
    sell(&desk);
    assert_true(balance(&desk) == 99 && balance_of(&desk, id_of("voucher")) == 0);
    one_line(&desk, 25100);
    const struct tally_event *sale = sell(&desk);
    assert_true(balance(&desk) == 50 && balance_of(&desk, id_of("voucher")) == 3);
    assert_true(desk.quote.cost_points == 300 && desk.quote.earned_points == 251);
    assert_int_equal(void_sale(&desk, sale), TALLY_OK);
    lots_are(&desk, "7:0:21152=99");
    sale = sell(&desk);
    assert_int_equal(refund(&desk, sale, 0, 0, 500), TALLY_OK);
    assert_int_equal(refund(&desk, sale, 0, 500, 500), TALLY_OK);
    lots_are(&desk, "7:0:21152=99");
}

static void a_changed_exchange_is_found(void **state)
{
    (void)state;
    a_goal(100);
    one_line(&desk, 25100);
    struct tally_event sale = *sell(&desk);
    assert_int_equal(sale.as.sale.exchange_count, 1);
    const struct tally_exchange right = sale.as.sale.exchanges[0];
    struct tally_exchange changed[5] = {right, right, right, right, right};
    changed[0].times++;
    changed[1].cost++;
    changed[2].gives--;
    changed[3].cost_purse++;
    changed[4].purse++;
    for (size_t i = 0; i < 5; i++) {
        sale.as.sale.exchanges = &changed[i];
        assert_int_equal(check_sale(&desk, &sale), TALLY_E_MISMATCH);
    }
    sale.as.sale.exchanges = &right;
    assert_int_equal(check_sale(&desk, &sale), TALLY_OK);
    sale.as.sale.exchange_count = 0;
    assert_int_equal(check_sale(&desk, &sale), TALLY_E_MISMATCH);
}

static void points_that_wait_reach_no_goal(void **state)
{
    (void)state;
    a_goal(100);
    desk.programme.pending = (struct tally_pending){.kind = TALLY_PENDING_DAYS, .count = 1};
    one_line(&desk, 20000);
    sell(&desk);
    assert_true(balance_of(&desk, id_of("voucher")) == 0);
    day_is(&desk, TODAY + 1);
    sell(&desk);
    assert_true(balance_of(&desk, id_of("voucher")) == 2 && balance(&desk) == 0);
}

static void a_goal_is_paid_with_what_does_not_wait(void **state)
{
    (void)state;
    a_goal(100);
    struct tally_rule *late = add_rule(&desk, a_rule("late", 1, 100));
    late->has_pending = late->has_expiry = true;
    late->pending = (struct tally_pending){.kind = TALLY_PENDING_DAYS, .count = 1};
    late->expiry = (struct tally_expiry){.kind = TALLY_EXPIRY_DAYS, .count = 5};
    one_line(&desk, 10000);
    sell(&desk);
    lots_are(&desk, "7:0:20784=100 7:1:2147483647=1");
    assert_true(balance(&desk) == 0);
}

static void a_debt_is_paid_before_a_goal_is_reached(void **state)
{
    (void)state;
    struct tally_reward *goal = a_goal(100);
    goal->is_automatic = false;
    one_line(&desk, 10000);
    const struct tally_event *sale = sell(&desk);
    one_line(&desk, 0);
    claim(&desk, "GOAL", 1);
    sell(&desk);
    assert_int_equal(refund_all(&desk, sale), TALLY_OK);
    assert_true(balance(&desk) == -100);
    goal->is_automatic = true;
    one_line(&desk, 19900);
    sell(&desk);
    assert_true(balance(&desk) == 99 && balance_of(&desk, id_of("voucher")) == 1);
    one_line(&desk, 100);
    sell(&desk);
    assert_true(balance(&desk) == 0 && balance_of(&desk, id_of("voucher")) == 2);
}

static void what_a_sale_earns_pays_for_its_own_claim_where_the_programme_says_so(void **state)
{
    (void)state;
    struct tally_reward *reward = a_goal(100);
    reward->is_automatic = false;
    one_line(&desk, 9999);
    claim(&desk, "GOAL", 1);
    assert_int_equal(plan_sale(&desk), TALLY_E_POINTS_SHORT);
    desk.programme.redeem.earned_pays = true;
    assert_int_equal(plan_sale(&desk), TALLY_E_POINTS_SHORT); /* 99 points */
    one_line(&desk, 10000);
    claim(&desk, "GOAL", 1);
    const struct tally_event *sale = sell(&desk);
    assert_true(balance(&desk) == 0 && balance_of(&desk, id_of("voucher")) == 1);
    assert_int_equal(refund_all(&desk, sale), TALLY_OK);
    assert_true(balance(&desk) == 0 && balance_of(&desk, id_of("voucher")) == 0);
    one_line(&desk, 19999);
    claim(&desk, "GOAL", 2);
    assert_int_equal(plan_sale(&desk), TALLY_E_POINTS_SHORT); /* nor is it lent twice */
}

static void an_automatic_reward_stays_within_the_limit_of_points(void **state)
{
    (void)state;
    a_goal(100);
    struct tally_cap limit = a_cap(TALLY_PERIOD_DAY, 250);
    desk.programme.redeem.limits = &limit;
    desk.programme.redeem.limit_count = 1;
    one_line(&desk, 40000);
    sell(&desk);
    assert_true(balance(&desk) == 200 && balance_of(&desk, id_of("voucher")) == 2);
    sell(&desk);
    assert_true(balance(&desk) == 600 && balance_of(&desk, id_of("voucher")) == 2);
}

/* ------------------------------------------------------------------ which hold */

static void a_claim_whose_conditions_do_not_hold_is_refused(void **state)
{
    (void)state;
    opened();
    struct tally_reward *reward = add_reward(&desk, "OFF5", TALLY_REWARD_AMOUNT, 100);
    reward->amount_minor = 500;
    reward->when.spend_minor_min = 2000;
    one_line(&desk, 1999);
    claim(&desk, "OFF5", 1);
    assert_int_equal(plan_sale(&desk), TALLY_E_RULE);
    desk.lines[0].amount_minor = 2000;
    assert_int_equal(plan_sale(&desk), TALLY_OK);
    reward->when.tiers = words_of("VIP");
    assert_int_equal(plan_sale(&desk), TALLY_E_RULE);
}

static void a_claim_of_no_reward_is_invalid(void **state)
{
    (void)state;
    opened();
    one_line(&desk, 1999);
    claim(&desk, "NONE", 1);
    assert_int_equal(plan_sale(&desk), TALLY_E_INVALID);
}

static void a_limit_counts_the_times_of_a_member(void **state)
{
    (void)state;
    opened();
    struct tally_cap limits[] = {a_cap(TALLY_PERIOD_SALE, 2), a_cap(TALLY_PERIOD_MONTH, 3)};
    struct tally_reward *reward = add_reward(&desk, "FREE", TALLY_REWARD_ITEM, 1);
    reward->limits = limits;
    reward->limit_count = 2;
    basket_is_empty(&desk);
    sell_line(&desk, "cup", 5, 500);
    claim(&desk, "FREE", 3);
    assert_int_equal(plan_sale(&desk), TALLY_E_RULE);
    desk.claims[0].times = 2;
    const struct tally_event *sale = sell(&desk);
    assert_int_equal(plan_sale(&desk), TALLY_E_RULE);
    assert_int_equal(void_sale(&desk, sale), TALLY_OK);
    sell(&desk);
    desk.claims[0].times = 1;
    sell(&desk);
    assert_int_equal(plan_sale(&desk), TALLY_E_RULE);
    day_is(&desk, TODAY + 9); /* December */
    sell(&desk);
}

static void a_rolling_limit_lets_go_after_its_days(void **state)
{
    (void)state;
    opened();
    struct tally_cap limits[] = {{.period = {TALLY_PERIOD_ROLLING_DAYS, 7}, .points_max = 2},
                                 {.period = {TALLY_PERIOD_ROLLING_MONTHS, 1}, .points_max = 3}};
    struct tally_reward *reward = add_reward(&desk, "FREE", TALLY_REWARD_ITEM, 1);
    reward->limits = limits;
    reward->limit_count = 2;
    one_line(&desk, 100);
    claim(&desk, "FREE", 1);
    sell(&desk);
    day_is(&desk, TODAY + 1);
    sell(&desk);
    day_is(&desk, TODAY + 6);
    assert_int_equal(plan_sale(&desk), TALLY_E_RULE);
    day_is(&desk, TODAY + 7);
    sell(&desk);
    day_is(&desk, TODAY + 20); /* three in this month */
    assert_int_equal(plan_sale(&desk), TALLY_E_RULE);
    day_is(&desk, tally_day_add_months(TODAY, 1) - 1);
    assert_int_equal(plan_sale(&desk), TALLY_E_RULE);
    day_is(&desk, tally_day_add_months(TODAY, 1));
    sell(&desk);
}

static int64_t three_left(void *context, uint32_t reward)
{
    (void)context;
    return reward == id_of("FREE") ? 3 : 0;
}

static void what_all_members_share_runs_out(void **state)
{
    (void)state;
    opened();
    add_reward(&desk, "FREE", TALLY_REWARD_ITEM, 1)->total_max = 100;
    basket_is_empty(&desk);
    sell_line(&desk, "cup", 5, 500);
    claim(&desk, "FREE", 4);
    desk.occasion.stock = three_left;
    assert_int_equal(plan_sale(&desk), TALLY_E_RULE);
    desk.claims[0].times = 3;
    sell(&desk);
    basket_is_empty(&desk);
    sell_line(&desk, "cup", 5, 500);
    desk.rewards[0].is_automatic = true;
    desk.rewards[0].cost = 0;
    assert_true(discount() == 300);
    sell(&desk);
}

static void of_a_group_the_best_or_the_first_is_taken(void **state)
{
    (void)state;
    opened();
    size_t group = add_group(&desk, "G", TALLY_GROUP_BEST);
    struct tally_reward *five = add_reward(&desk, "P5", TALLY_REWARD_PERCENT, 0);
    struct tally_reward *ten = add_reward(&desk, "P10", TALLY_REWARD_PERCENT, 0);
    five->percent = 5;
    ten->percent = 10;
    five->group = ten->group = group;
    five->is_automatic = ten->is_automatic = true;
    one_line(&desk, 32000);
    assert_true(discount() == 3200);
    desk.groups[0].kind = TALLY_GROUP_FIRST;
    assert_true(discount() == 1600);
    five->when.spend_minor_min = 50000;
    assert_true(discount() == 3200);
}

static void a_claim_that_its_group_shuts_out_is_refused(void **state)
{
    (void)state;
    opened();
    size_t group = add_group(&desk, "G", TALLY_GROUP_BEST);
    struct tally_reward *automatic = add_reward(&desk, "AUTO", TALLY_REWARD_PERCENT, 0);
    struct tally_reward *code = add_reward(&desk, "CODE", TALLY_REWARD_PERCENT, 0);
    automatic->percent = code->percent = 10;
    automatic->group = code->group = group;
    automatic->is_automatic = true;
    one_line(&desk, 32000);
    assert_true(discount() == 3200);
    claim(&desk, "CODE", 1);
    assert_int_equal(plan_sale(&desk), TALLY_E_RULE);
    code->percent = 11;
    assert_true(discount() == 3520);
}

static void points_and_claims_together_must_be_there(void **state)
{
    (void)state;
    opened();
    add_reward(&desk, "MUG", TALLY_REWARD_GIFT, 9000);
    one_line(&desk, 400000);
    claim(&desk, "MUG", 1);
    desk.basket.points = 1000;
    assert_int_equal(plan_sale(&desk), TALLY_OK);
    assert_true(desk.quote.redeemable_here == 1000 && desk.quote.missing_here == 0);
    desk.basket.points = 1100;
    assert_int_equal(plan_sale(&desk), TALLY_E_POINTS_SHORT);
    assert_true(desk.quote.redeemable_here == 1000 && desk.quote.missing_here == 0);
    give(&desk, TALLY_TERMINAL_HQ, TALLY_PURSE_POINTS, TALLY_DAY_NEVER, 450);
    assert_int_equal(plan_sale(&desk), TALLY_E_POINTS_SHORT);
    assert_true(desk.quote.redeemable_online == 1400 && desk.quote.missing_here == 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amount_comes_off_the_selected_lines_by_their_price),
        cmocka_unit_test(an_amount_never_takes_more_than_the_lines_are_worth),
        cmocka_unit_test(a_claim_that_takes_nothing_off_is_refused),
        cmocka_unit_test(a_percentage_is_rounded_once_and_capped),
        cmocka_unit_test(a_discount_lowers_what_is_earned),
        cmocka_unit_test(a_percentage_works_on_what_is_left_after_a_free_item),
        cmocka_unit_test(a_free_item_is_the_cheapest_piece),
        cmocka_unit_test(only_whole_pieces_are_free),
        cmocka_unit_test(pieces_of_an_odd_line_cost_the_line_together),
        cmocka_unit_test(one_cost_can_pay_for_several_pieces),
        cmocka_unit_test(a_piece_that_was_free_is_not_free_again),
        cmocka_unit_test(a_bundle_gives_as_many_as_it_says),
        cmocka_unit_test(a_bundle_gives_the_cheapest_of_each_round),
        cmocka_unit_test(what_costs_nothing_is_not_worth_a_stamp),
        cmocka_unit_test(a_gift_costs_points_and_takes_nothing_off),
        cmocka_unit_test(a_reward_gives_units_of_another_purse_with_that_purses_days),
        cmocka_unit_test(a_reward_can_cost_stamps),
        cmocka_unit_test(an_automatic_reward_that_costs_goes_as_far_as_the_purse),
        cmocka_unit_test(a_goal_pays_for_its_voucher_in_the_sale_that_reaches_it),
        cmocka_unit_test(a_changed_exchange_is_found),
        cmocka_unit_test(points_that_wait_reach_no_goal),
        cmocka_unit_test(a_goal_is_paid_with_what_does_not_wait),
        cmocka_unit_test(a_debt_is_paid_before_a_goal_is_reached),
        cmocka_unit_test(what_a_sale_earns_pays_for_its_own_claim_where_the_programme_says_so),
        cmocka_unit_test(an_automatic_reward_stays_within_the_limit_of_points),
        cmocka_unit_test(a_claim_whose_conditions_do_not_hold_is_refused),
        cmocka_unit_test(a_claim_of_no_reward_is_invalid),
        cmocka_unit_test(a_limit_counts_the_times_of_a_member),
        cmocka_unit_test(a_rolling_limit_lets_go_after_its_days),
        cmocka_unit_test(what_all_members_share_runs_out),
        cmocka_unit_test(of_a_group_the_best_or_the_first_is_taken),
        cmocka_unit_test(a_claim_that_its_group_shuts_out_is_refused),
        cmocka_unit_test(points_and_claims_together_must_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
