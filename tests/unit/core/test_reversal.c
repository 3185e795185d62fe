/* SPDX-License-Identifier: Apache-2.0 */
/* What voids and refunds take back and give back, for every split and every policy. */
#include "app/core/bonus.h"
#include "app/core/undo.h"
#include "tests/unit/core/desk.h"
#include "tests/unit/core/seeded.h"

static struct desk desk;

enum { EXPIRES = 21152 /* 30 November 2027: of points earned today */ };

static void opened(void)
{
    open_desk(&desk);
    desk.programme.redeem =
        (struct tally_redeem_rules){.step_points = 1, .value_minor = 1, .share_pct = 100};
}

static const struct tally_event *sold(int64_t amount_minor, int64_t points)
{
    one_line(&desk, amount_minor);
    desk.basket.points = points;
    return sell(&desk);
}

/* Takes points out of the drawer for good, so that earned ones are gone. */
static void spend(int64_t points)
{
    desk.rewards[0] = (struct tally_reward){.code = "SPEND",
                                            .id = id_of("SPEND"),
                                            .name = {"SPEND", "SPEND"},
                                            .kind = TALLY_REWARD_GIFT,
                                            .when = always(),
                                            .cost = points};
    desk.programme.reward_count = 1;
    one_line(&desk, 0);
    claim(&desk, "SPEND", 1);
    sell(&desk);
    desk.programme.reward_count = 0;
}

static void refund_is_refused(const struct tally_event *sale, uint32_t line, int64_t before_milli,
                              int64_t now_milli, enum tally_status status)
{
    struct tally_returned_line returned = {line, now_milli, before_milli};
    struct tally_refund_request request = request_of(&desk, sale, &returned, 1);
    struct tally_event event;
    static uint8_t before[sizeof event];
    memset(&event, 0x5A, sizeof event);
    memset(before, 0x5A, sizeof before);
    assert_int_equal(tally_refund_plan(&desk.programme, &desk.account, &request,
                                       desk.rooms[DESK_SALES], DESK_ROOM, &event),
                     status);
    assert_memory_equal(&event, before, sizeof event);
}

/* ------------------------------------------------------------------ earned points */

static void a_part_that_comes_back_takes_its_points_with_it(void **state)
{
    (void)state;
    opened();
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 2, 10000);
    const struct tally_event *sale = sell(&desk);
    assert_true(balance(&desk) == 100);
    assert_int_equal(refund(&desk, sale, 0, 0, 1000), TALLY_OK);
    assert_true(balance(&desk) == 50);
    assert_true(desk.event.as.reversal.amount_minor == 5000);
    assert_int_equal(refund(&desk, sale, 0, 1000, 1000), TALLY_OK);
    assert_true(balance(&desk) == 0 && desk.account.lot_count == 0);
}

static void a_line_takes_back_what_it_earned_and_no_other(void **state)
{
    (void)state;
    opened();
    desk.rules[0].lines.except_skus = words_of("fuel");
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 1, 3000);
    sell_line(&desk, "fuel", 1, 9000);
    const struct tally_event *sale = sell(&desk);
    assert_int_equal(refund(&desk, sale, 1, 0, 1000), TALLY_OK);
    assert_true(balance(&desk) == 30 && desk.event.as.reversal.amount_minor == 9000);
    assert_int_equal(refund(&desk, sale, 0, 0, 1000), TALLY_OK);
    assert_true(balance(&desk) == 0);
}

static void points_are_taken_out_of_the_lots_they_went_into(void **state)
{
    (void)state;
    opened();
    struct tally_rule *rule = add_rule(&desk, a_rule("short", 1, 100));
    rule->has_expiry = true;
    rule->expiry = (struct tally_expiry){.kind = TALLY_EXPIRY_DAYS, .count = 5};
    give(&desk, TERMINAL, 0, TODAY + 5, 500);
    give(&desk, TERMINAL, 0, EXPIRES, 500);
    give(&desk, TERMINAL, 0, EXPIRES + 1, 500);
    const struct tally_event *sale = sold(10000, 0);
    lots_are(&desk, "7:0:20784=600 7:0:21152=600 7:0:21153=500");
    assert_int_equal(void_sale(&desk, sale), TALLY_OK);
    lots_are(&desk, "7:0:20784=500 7:0:21152=500 7:0:21153=500");
}

static void by_amount_a_line_takes_back_by_its_worth(void **state)
{
    (void)state;
    opened();
    desk.programme.refund.by_amount = true;
    desk.rules[0].lines.except_skus = words_of("fuel");
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 1, 4000);
    sell_line(&desk, "fuel", 1, 12000);
    const struct tally_event *sale = sell(&desk);
    assert_int_equal(refund(&desk, sale, 1, 0, 1000), TALLY_OK);
    assert_true(balance(&desk) == 10);
    assert_int_equal(refund(&desk, sale, 0, 0, 1000), TALLY_OK);
    assert_true(balance(&desk) == 0);
}

static void every_split_of_refunds_ends_the_same(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(1);
    for (size_t round = 0; round < 200; round++) {
        opened();
        add_purse(&desk, "stamp");
        struct tally_rule *stamps = add_rule(&desk, a_rule("stamps", 3, 100));
        stamps->purse = id_of("stamp");
        stamps->counts_for_tier = false;
        struct tally_rule *late = add_rule(&desk, a_rule("late", 7, 1000));
        late->has_pending = true;
        late->pending = (struct tally_pending){.kind = TALLY_PENDING_DAYS, .count = 2};
        desk.programme.refund.by_amount = seeded_below(&seed, 2) == 0;
        struct tally_reward *reward = add_reward(&desk, "OFF", TALLY_REWARD_AMOUNT, 33);
        reward->amount_minor = 777;
        reward->lines.skus = words_of("a,c");
        give(&desk, TERMINAL, 0, TODAY + 5, 50);
        give(&desk, TERMINAL, 0, TODAY + 6, 1000);
        give(&desk, TERMINAL, id_of("stamp"), TALLY_DAY_NEVER, 10);
        basket_is_empty(&desk);
        sell_line(&desk, "a", 1 + seeded_below(&seed, 5), seeded_below(&seed, 10000));
        sell_line(&desk, "b", 1 + seeded_below(&seed, 5), seeded_below(&seed, 10000));
        sell_line(&desk, "c", 1 + seeded_below(&seed, 5), 1000 + seeded_below(&seed, 10000));
        claim(&desk, "OFF", 1);
        desk.basket.points = seeded_below(&seed, 200);
        const struct tally_event *sale = sell(&desk);
        int64_t done[3] = {0, 0, 0}, worth_minor = 0, redeemed_minor = 0;
        for (bool left = true; left;) {
            struct tally_returned_line lines[3];
            size_t count = 0;
            left = false;
            for (uint32_t i = 0; i < 3; i++) {
                int64_t rest = desk.lines[i].quantity_milli - done[i];
                int64_t now = rest == 0 ? 0 : seeded_below(&seed, rest + 1);
                if (now > 0) {
                    lines[count++] = (struct tally_returned_line){i, now, done[i]};
                    done[i] += now;
                }
                left = left || done[i] < desk.lines[i].quantity_milli;
            }
            if (count > 0) {
                assert_int_equal(refund_lines(&desk, sale, lines, count), TALLY_OK);
                worth_minor += desk.event.as.reversal.amount_minor;
                redeemed_minor += desk.event.as.reversal.redeemed_minor;
            }
        }
        assert_true(worth_minor == sale->as.sale.total_minor - sale->as.sale.discount_minor);
        assert_true(redeemed_minor == sale->as.sale.redeemed_minor);
        lots_are(&desk, "7:0:20784=50 7:0:20785=1000 7:1:2147483647=10");
        assert_true(tally_account_purse(&desk.account, 0).debt == 0);
        assert_true(tally_account_purse(&desk.account, 0).earned == 0);
        assert_true(tally_account_purse(&desk.account, 0).redeemed == 0);
        assert_true(tally_tier_metric(&desk.account, &desk.programme, TALLY_METRIC_SPEND, TODAY) ==
                    0);
    }
}

/* ------------------------------------------------------------------ spent points */

static void spent_points_come_back_into_their_lots_last_ones_first(void **state)
{
    (void)state;
    opened();
    desk.programme.rule_count = 0;
    give(&desk, TERMINAL, 0, TODAY + 5, 100);
    give(&desk, TERMINAL, 0, TODAY + 9, 100);
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 3, 300);
    desk.basket.points = 150;
    const struct tally_event *sale = sell(&desk);
    lots_are(&desk, "7:0:20788=50");
    assert_int_equal(refund(&desk, sale, 0, 0, 1000), TALLY_OK);
    lots_are(&desk, "7:0:20788=100");
    assert_true(desk.event.as.reversal.redeemed_minor == 50);
    assert_int_equal(refund(&desk, sale, 0, 1000, 1000), TALLY_OK);
    lots_are(&desk, "7:0:20784=50 7:0:20788=100");
    assert_int_equal(refund(&desk, sale, 0, 2000, 1000), TALLY_OK);
    lots_are(&desk, "7:0:20784=100 7:0:20788=100");
}

static void points_come_back_with_what_they_paid(void **state)
{
    (void)state;
    opened();
    desk.programme.rule_count = 0;
    desk.programme.redeem.lines.skus = words_of("tea");
    struct tally_reward *reward = add_reward(&desk, "FREE", TALLY_REWARD_ITEM, 70);
    reward->lines.skus = words_of("cup");
    give(&desk, TERMINAL, 0, EXPIRES, 1000);
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 1, 500);
    sell_line(&desk, "cup", 1, 500);
    sell_line(&desk, "pot", 1, 500);
    desk.basket.points = 300;
    claim(&desk, "FREE", 1);
    const struct tally_event *sale = sell(&desk);
    assert_true(balance(&desk) == 630);
    assert_int_equal(refund(&desk, sale, 2, 0, 1000), TALLY_OK);
    assert_true(balance(&desk) == 630 && desk.event.as.reversal.amount_minor == 500);
    assert_int_equal(refund(&desk, sale, 0, 0, 1000), TALLY_OK);
    assert_true(balance(&desk) == 930 && desk.event.as.reversal.redeemed_minor == 300);
    assert_int_equal(refund(&desk, sale, 1, 0, 1000), TALLY_OK);
    assert_true(balance(&desk) == 1000 && desk.event.as.reversal.amount_minor == 0);
}

static void points_whose_day_is_past_live_for_the_grace(void **state)
{
    (void)state;
    opened();
    desk.programme.rule_count = 0;
    give(&desk, TERMINAL, 0, TODAY + 5, 100);
    const struct tally_event *sale = sold(500, 60);
    day_is(&desk, TODAY + 6);
    struct tally_event bought = *sale;
    assert_int_equal(refund(&desk, sale, 0, 0, 500), TALLY_OK);
    lots_are(&desk, "7:0:20784=30"); /* no grace: they come back and are over */
    assert_true(balance(&desk) == 0);
    desk.programme.refund.grace_days = 10;
    assert_int_equal(refund(&desk, &bought, 0, 500, 500), TALLY_OK);
    assert_true(balance(&desk) == 30);
    lots_are(&desk, "7:0:20795=30");
}

static void a_refund_at_another_terminal_moves_that_drawer(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, EXPIRES, 100);
    give(&desk, OTHER_TERMINAL, 0, TODAY + 3, 20);
    const struct tally_event *sale = sold(10100, 100);
    lots_are(&desk, "7:0:21152=100 8:0:20782=20");
    desk.occasion.terminal = OTHER_TERMINAL;
    assert_int_equal(refund_all(&desk, sale), TALLY_OK);
    lots_are(&desk, "7:0:21152=100 8:0:20782=20");
    assert_true(balance(&desk) == 120);
}

static void vouchers_for(int64_t points)
{
    opened();
    desk.programme.rules = desk.rules;
    desk.rules[0].per_minor = 1;
    add_purse(&desk, "voucher");
    struct tally_reward *goal = add_reward(&desk, "GOAL", TALLY_REWARD_PURSE, points);
    goal->gives_purse = id_of("voucher");
    goal->gives = 1;
    goal->is_automatic = true;
}

static void a_voucher_goes_back_where_its_points_come_back(void **state)
{
    (void)state;
    vouchers_for(700);
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 1, 700);
    sell_line(&desk, "cup", 1, 1300);
    const struct tally_event *sale = sell(&desk);
    assert_true(balance(&desk) == 600 && balance_of(&desk, id_of("voucher")) == 2);
    assert_int_equal(refund(&desk, sale, 0, 0, 1000), TALLY_OK);
    assert_true(balance(&desk) == 600 && balance_of(&desk, id_of("voucher")) == 1);
    assert_int_equal(refund(&desk, sale, 1, 0, 500), TALLY_OK);
    assert_true(balance(&desk) == 650 && balance_of(&desk, id_of("voucher")) == 0);
    assert_int_equal(refund(&desk, sale, 1, 500, 500), TALLY_OK);
    assert_true(balance(&desk) == 0 && balance_of(&desk, id_of("voucher")) == 0);
    assert_int_equal(desk.account.lot_count, 0);
}

static void what_paid_for_a_voucher_comes_back_into_its_lots(void **state)
{
    (void)state;
    vouchers_for(50);
    desk.programme.rule_count = 0;
    desk.rewards[0].is_automatic = false;
    give(&desk, TERMINAL, 0, TODAY + 5, 100);
    give(&desk, TERMINAL, 0, TODAY + 9, 100);
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 2, 500);
    claim(&desk, "GOAL", 4);
    const struct tally_event *sale = sell(&desk);
    assert_true(balance_of(&desk, id_of("voucher")) == 4);
    assert_int_equal(refund(&desk, sale, 0, 0, 1000), TALLY_OK);
    lots_are(&desk, "7:0:20788=100 7:1:2147483647=2");
    assert_int_equal(refund(&desk, sale, 0, 1000, 1000), TALLY_OK);
    lots_are(&desk, "7:0:20784=100 7:0:20788=100");
}

static void a_voucher_that_is_used_is_owed_under_every_policy_but_one(void **state)
{
    (void)state;
    for (enum tally_refund_policy policy = TALLY_REFUND_DEBT; policy <= TALLY_REFUND_PENDING;
         policy++) {
        vouchers_for(700);
        desk.programme.refund.policy = policy;
        const struct tally_event *sale = sold(700, 0);
        add_reward(&desk, "MUG", TALLY_REWARD_GIFT, 1)->cost_purse = id_of("voucher");
        one_line(&desk, 0);
        claim(&desk, "MUG", 1);
        sell(&desk);
        if (policy == TALLY_REFUND_REFUSE) {
            refund_is_refused(sale, 0, 0, 1000, TALLY_E_POINTS_SHORT);
            continue;
        }
        assert_int_equal(refund_all(&desk, sale), TALLY_OK);
        assert_true(balance_of(&desk, id_of("voucher")) == -1);
        assert_true(balance(&desk) == (policy == TALLY_REFUND_PENDING ? 700 : 0));
    }
}

/* ---------------------------------------------------------------- what caps cut off goes first */

static struct tally_cap sale_cap;

static void capped_at(int64_t points)
{
    sale_cap = (struct tally_cap){.period = {TALLY_PERIOD_SALE, 0}, .points_max = points};
    desk.rules[0].caps = &sale_cap;
    desk.rules[0].cap_count = 1;
    desk.programme.refund.capped_first = true;
}

static const struct tally_event *sold_pieces(int64_t pieces, int64_t amount_minor)
{
    basket_is_empty(&desk);
    sell_line(&desk, "tea", pieces, amount_minor);
    return sell(&desk);
}

static void what_a_cap_cut_off_goes_before_vouchers_and_points(void **state)
{
    (void)state;
    vouchers_for(10000);
    capped_at(20000);
    const struct tally_event *sale = sold_pieces(550, 55000);
    assert_true(balance(&desk) == 0 && balance_of(&desk, id_of("voucher")) == 2);
    assert_int_equal(refund(&desk, sale, 0, 0, 200000), TALLY_OK);
    assert_true(balance(&desk) == 0 && balance_of(&desk, id_of("voucher")) == 2);
    assert_true(desk.event.as.reversal.amount_minor == 20000);
    assert_int_equal(refund(&desk, sale, 0, 200000, 200000), TALLY_OK);
    assert_true(balance(&desk) == 5000 && balance_of(&desk, id_of("voucher")) == 1);
    assert_int_equal(refund(&desk, sale, 0, 400000, 150000), TALLY_OK);
    assert_true(balance(&desk) == 0 && balance_of(&desk, id_of("voucher")) == 0);
    assert_int_equal(desk.account.lot_count, 0);
}

static void points_stay_as_far_as_the_rest_would_have_earned_them(void **state)
{
    (void)state;
    static const struct {
        int64_t back_milli;
        int64_t points;
    } steps[] = {{1000, 50}, {2000, 50}, {2500, 50}, {3000, 40}, {3999, 20}, {4999, 0}, {5000, 0}};
    opened();
    capped_at(50); /* of 100 */
    const struct tally_event *sale = sold_pieces(5, 10000);
    int64_t before = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_int_equal(refund(&desk, sale, 0, before, steps[i].back_milli - before), TALLY_OK);
        assert_true(balance(&desk) == steps[i].points);
        before = steps[i].back_milli;
    }
}

/* The cap is on tea: a cup that comes back takes all that it earned. */
static void a_cap_keeps_no_points_of_lines_that_it_did_not_cut(void **state)
{
    (void)state;
    opened();
    desk.rules[0].lines.skus = words_of("tea");
    capped_at(100);
    add_rule(&desk, a_rule("cups", 1, 100))->lines.skus = words_of("cup");
    basket_is_empty(&desk);
    sell_line(&desk, "cup", 2, 5000);
    sell_line(&desk, "tea", 2, 50000);
    const struct tally_event *sale = sell(&desk);
    assert_true(balance(&desk) == 150);
    assert_int_equal(refund(&desk, sale, 0, 0, 1000), TALLY_OK);
    assert_true(balance(&desk) == 125);
    assert_int_equal(refund(&desk, sale, 1, 0, 1000), TALLY_OK);
    assert_true(balance(&desk) == 125);
    assert_int_equal(refund(&desk, sale, 0, 1000, 1000), TALLY_OK);
    assert_true(balance(&desk) == 100);
}

static void by_amount_the_whole_basket_shares_what_was_cut_off(void **state)
{
    (void)state;
    opened();
    desk.programme.refund.by_amount = true;
    desk.rules[0].lines.except_skus = words_of("fuel");
    capped_at(20); /* of 40 */
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 1, 4000);
    sell_line(&desk, "fuel", 4, 12000); /* 15 of the 20, and 15 cut off */
    const struct tally_event *sale = sell(&desk);
    assert_int_equal(refund(&desk, sale, 1, 0, 2000), TALLY_OK);
    assert_true(balance(&desk) == 20);
    assert_int_equal(refund(&desk, sale, 1, 2000, 1000), TALLY_OK);
    assert_true(balance(&desk) == 12);
    assert_int_equal(refund(&desk, sale, 0, 0, 1000), TALLY_OK);
    assert_true(balance(&desk) == 7);
    assert_int_equal(refund(&desk, sale, 1, 3000, 1000), TALLY_OK);
    assert_true(balance(&desk) == 0);
}

static void stamps_that_a_purse_cut_off_go_first_too(void **state)
{
    (void)state;
    opened();
    desk.rules[0].purse = id_of("stamp");
    desk.rules[0].counts_for_tier = false;
    add_purse(&desk, "stamp")->per_sale_max = 3;
    desk.programme.refund.capped_first = true;
    const struct tally_event *sale = sold_pieces(5, 500);
    assert_true(balance_of(&desk, id_of("stamp")) == 3 && sale->as.sale.shares[0].cut == 2);
    assert_int_equal(refund(&desk, sale, 0, 0, 2000), TALLY_OK);
    assert_true(balance_of(&desk, id_of("stamp")) == 3);
    assert_int_equal(refund(&desk, sale, 0, 2000, 1000), TALLY_OK);
    assert_true(balance_of(&desk, id_of("stamp")) == 2);
}

static int64_t points_towards_tiers(void)
{
    return tally_tier_metric(&desk.account, &desk.programme, TALLY_METRIC_POINTS, TODAY);
}

static void points_towards_tiers_stay_with_the_points(void **state)
{
    (void)state;
    static const struct tally_condition conditions[] = {{TALLY_METRIC_POINTS, 1000}};
    opened();
    struct tally_tier tiers[2] = {desk.programme.tiers.tiers[0], desk.programme.tiers.tiers[1]};
    tiers[1].conditions = conditions;
    tiers[1].condition_count = 1;
    desk.programme.tiers.tiers = tiers;
    desk.programme.tiers.tier_count = 2;
    capped_at(50); /* of 100 */
    const struct tally_event *sale = sold_pieces(5, 10000);
    assert_true(points_towards_tiers() == 50);
    assert_int_equal(refund(&desk, sale, 0, 0, 2000), TALLY_OK);
    assert_true(points_towards_tiers() == 50);
    assert_int_equal(refund(&desk, sale, 0, 2000, 1000), TALLY_OK);
    assert_true(points_towards_tiers() == 40);
    assert_int_equal(refund(&desk, sale, 0, 3000, 2000), TALLY_OK);
    assert_true(points_towards_tiers() == 0);
}

/* So no refund takes what an earlier one took already. */
static void the_programme_of_the_sale_says_what_goes_first(void **state)
{
    (void)state;
    opened();
    capped_at(50); /* of 100 */
    const struct tally_event *sale = sold_pieces(4, 10000);
    desk.programme.refund.capped_first = false;
    assert_int_equal(refund(&desk, sale, 0, 0, 2000), TALLY_OK);
    assert_true(balance(&desk) == 50);
    assert_int_equal(refund(&desk, sale, 0, 2000, 2000), TALLY_OK);
    sale = sold_pieces(4, 10000);
    assert_true(sale->as.sale.shares[0].cut == 0);
    assert_int_equal(refund(&desk, sale, 0, 0, 2000), TALLY_OK);
    desk.programme.refund.capped_first = true;
    assert_int_equal(refund(&desk, sale, 0, 2000, 1000), TALLY_OK);
    assert_true(balance(&desk) == 13);
    assert_int_equal(refund(&desk, sale, 0, 3000, 1000), TALLY_OK);
    assert_true(balance(&desk) == 0);
}

static void a_cut_that_no_cap_made_is_found(void **state)
{
    (void)state;
    opened();
    capped_at(50);
    struct tally_event sale = *sold_pieces(4, 10000);
    struct tally_share share = sale.as.sale.shares[0];
    sale.as.sale.shares = &share;
    assert_true(share.cut == 50);
    assert_int_equal(check_sale(&desk, &sale), TALLY_OK);
    share.cut = 51;
    assert_int_equal(check_sale(&desk, &sale), TALLY_E_MISMATCH);
    share.cut = 50;
    desk.programme.refund.capped_first = false;
    assert_int_equal(check_sale(&desk, &sale), TALLY_E_MISMATCH);
}

static void what_is_left_does_not_depend_on_the_steps_and_is_never_more_than_deserved(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(1);
    for (size_t round = 0; round < 300; round++) {
        const int64_t points_max = seeded_below(&seed, 300), pieces = 1 + seeded_below(&seed, 7);
        const int64_t amount_minor = seeded_below(&seed, 60000);
        const bool by_amount = seeded_below(&seed, 2) == 0;
        const int64_t back = seeded_below(&seed, pieces * 1000) + 1;
        int64_t points[2] = {0, 0}, vouchers[2] = {0, 0};
        for (size_t i = 0; i < 2; i++) {
            vouchers_for(40);
            desk.rules[0].per_minor = 100;
            desk.programme.refund.by_amount = by_amount;
            capped_at(points_max);
            const struct tally_event *sale = sold_pieces(pieces, amount_minor);
            for (int64_t done = 0, now; done < back; done += now) {
                now = i == 0 ? back : 1 + seeded_below(&seed, back - done);
                assert_int_equal(refund(&desk, sale, 0, done, now), TALLY_OK);
            }
            points[i] = balance(&desk);
            vouchers[i] = balance_of(&desk, id_of("voucher"));
        }
        const int64_t whole = amount_minor / 100, quantity_milli = pieces * 1000;
        int64_t deserved = whole * (quantity_milli - back) / quantity_milli;
        deserved = deserved < points_max ? deserved : points_max;
        assert_true(points[0] == points[1] && vouchers[0] == vouchers[1]);
        assert_true(points[0] >= 0 && vouchers[0] >= 0);
        if (whole > points_max) {
            assert_true(points[0] + 40 * vouchers[0] == deserved);
        }
    }
}

static void points_for_a_gift_come_back_when_all_has_come_back(void **state)
{
    (void)state;
    opened();
    desk.programme.rule_count = 0;
    add_reward(&desk, "MUG", TALLY_REWARD_GIFT, 70);
    give(&desk, TERMINAL, 0, EXPIRES, 100);
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 2, 500);
    claim(&desk, "MUG", 1);
    const struct tally_event *sale = sell(&desk);
    assert_int_equal(refund(&desk, sale, 0, 0, 1999), TALLY_OK);
    assert_true(balance(&desk) == 30);
    assert_int_equal(refund(&desk, sale, 0, 1999, 1), TALLY_OK);
    assert_true(balance(&desk) == 100);
}

/* app/core/REFUNDS.md, "Example" */
static void the_example_of_the_page_on_returns_holds(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, TODAY + 5, 100);
    give(&desk, TERMINAL, 0, TODAY + 9, 100);
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 2, 20000);
    sell_line(&desk, "cup", 3, 5000);
    desk.basket.points = 150;
    const struct tally_event *sale = sell(&desk);
    assert_true(sale->as.sale.shares[0].points == 198 && sale->as.sale.shares[1].points == 50);
    lots_are(&desk, "7:0:20788=50 7:0:21152=248");
    day_is(&desk, TODAY + 1);
    const struct tally_reversal *reversal = &desk.event.as.reversal;
    assert_int_equal(refund(&desk, sale, 1, 0, 2000), TALLY_OK);
    assert_true(reversal->amount_minor == 3333 && reversal->redeemed_minor == 20);
    lots_are(&desk, "7:0:20784=20 7:0:20788=50 7:0:21152=215");
    assert_int_equal(refund(&desk, sale, 1, 2000, 1000), TALLY_OK);
    assert_true(reversal->amount_minor == 1667 && reversal->redeemed_minor == 10);
    lots_are(&desk, "7:0:20784=30 7:0:20788=50 7:0:21152=198");
}

/* ------------------------------------------------------------------ points that are gone */

static const struct tally_event *earned_150_spent_100(enum tally_refund_policy policy)
{
    opened();
    desk.programme.refund.policy = policy;
    const struct tally_event *sale = sold(15000, 0);
    spend(100);
    assert_true(balance(&desk) == 50);
    return sale;
}

static void what_is_gone_becomes_a_debt(void **state)
{
    (void)state;
    assert_int_equal(refund_all(&desk, earned_150_spent_100(TALLY_REFUND_DEBT)), TALLY_OK);
    assert_true(balance(&desk) == -100);
    assert_int_equal(void_sale(&desk, earned_150_spent_100(TALLY_REFUND_DEBT)), TALLY_OK);
    assert_true(balance(&desk) == -100);
}

static void what_is_gone_is_forgiven_where_it_is_clamped(void **state)
{
    (void)state;
    assert_int_equal(refund_all(&desk, earned_150_spent_100(TALLY_REFUND_CLAMP)), TALLY_OK);
    assert_true(balance(&desk) == 0);
    assert_true(tally_account_purse(&desk.account, 0).earned == 100);
    assert_int_equal(void_sale(&desk, earned_150_spent_100(TALLY_REFUND_CLAMP)), TALLY_OK);
    assert_true(balance(&desk) == 0);
}

static void a_refund_of_points_that_are_gone_can_be_refused(void **state)
{
    (void)state;
    const struct tally_event *sale = earned_150_spent_100(TALLY_REFUND_REFUSE);
    refund_is_refused(sale, 0, 0, 1000, TALLY_E_POINTS_SHORT);
    assert_int_equal(refund(&desk, sale, 0, 0, 333), TALLY_OK); /* 49 are there */
    refund_is_refused(sale, 0, 333, 100, TALLY_E_POINTS_SHORT);
}

static void only_pending_points_are_taken_where_the_rules_say_so(void **state)
{
    (void)state;
    opened();
    desk.programme.refund.policy = TALLY_REFUND_PENDING;
    struct tally_rule *late = add_rule(&desk, a_rule("late", 1, 100));
    late->has_pending = true;
    late->pending = (struct tally_pending){.kind = TALLY_PENDING_DAYS, .count = 2};
    const struct tally_event *sale = sold(10000, 0);
    assert_int_equal(refund(&desk, sale, 0, 0, 250), TALLY_OK);
    assert_true(balance(&desk) == 100);
    assert_true(tally_account_balance(&desk.account, 0, TODAY, 0).pending == 50);
    assert_int_equal(refund(&desk, sale, 0, 250, 750), TALLY_OK);
    assert_true(balance(&desk) == 100);
    assert_true(tally_account_balance(&desk.account, 0, TODAY, 0).pending == 0);
    sale = sold(10000, 0);
    assert_int_equal(void_sale(&desk, sale), TALLY_OK); /* as if it had not been */
    assert_true(balance(&desk) == 100);
}

static void pending_points_can_be_taken_first(void **state)
{
    (void)state;
    opened();
    struct tally_rule *late = add_rule(&desk, a_rule("late", 1, 100));
    late->has_pending = true;
    late->pending = (struct tally_pending){.kind = TALLY_PENDING_DAYS, .count = 2};
    sold(10000, 0);
    late->points = 0;
    const struct tally_event *sale = sold(5000, 0);
    desk.programme.refund.pending_first = true;
    assert_int_equal(refund_all(&desk, sale), TALLY_OK);
    assert_true(balance(&desk) == 150);
    assert_true(tally_account_balance(&desk.account, 0, TODAY, 0).pending == 50);
}

static void points_that_are_held_are_gone_for_now(void **state)
{
    (void)state;
    opened();
    const struct tally_event *sale = sold(10000, 0);
    static struct tally_move moves[TALLY_MOVES_MAX];
    static struct tally_count counts[16];
    struct tally_moment moment = {TERMINAL, desk.occasion.now_ms, TODAY};
    struct tally_bonus_room room = {moves, TALLY_MOVES_MAX, counts, 16};
    struct tally_event event;
    assert_int_equal(tally_hold_plan(&desk.programme, &desk.account, 70, &moment, &room, &event),
                     TALLY_OK);
    number(&desk, &event);
    apply(&desk, &event);
    assert_int_equal(refund_all(&desk, sale), TALLY_OK);
    assert_true(balance(&desk) == -70);
    desk.occasion.now_ms += 61 * 60000;
    sold(0, 0); /* gives the hold back */
    assert_true(balance(&desk) == 0 && desk.account.hold_count == 0);
}

/* ------------------------------------------------------------------ what is refused */

static void more_than_was_sold_does_not_come_back(void **state)
{
    (void)state;
    opened();
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 2, 10000);
    const struct tally_event *sale = sell(&desk);
    refund_is_refused(sale, 0, 0, 2001, TALLY_E_RULE);
    refund_is_refused(sale, 0, 1000, 1001, TALLY_E_RULE);
    refund_is_refused(sale, 0, 2000, 1, TALLY_E_RULE);
    refund_is_refused(sale, 0, INT64_MAX, 1, TALLY_E_RULE);
    refund_is_refused(sale, 0, 1, INT64_MAX, TALLY_E_RULE);
    refund_is_refused(sale, 0, 0, 0, TALLY_E_INVALID);
    refund_is_refused(sale, 0, 0, -1, TALLY_E_INVALID);
    refund_is_refused(sale, 0, -1, 1, TALLY_E_INVALID);
    refund_is_refused(sale, 1, 0, 1000, TALLY_E_INVALID);
}

static void a_request_that_cannot_be_is_refused(void **state)
{
    (void)state;
    opened();
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 1, 10000);
    sell_line(&desk, "cup", 1, 10000);
    struct tally_event sale = *sell(&desk);
    struct tally_returned_line falling[] = {{1, 1000, 0}, {0, 1000, 0}};
    assert_int_equal(refund_lines(&desk, &sale, falling, 2), TALLY_E_INVALID);
    struct tally_returned_line twice[] = {{0, 400, 0}, {0, 400, 0}};
    assert_int_equal(refund_lines(&desk, &sale, twice, 2), TALLY_E_INVALID);
    assert_int_equal(refund_lines(&desk, &sale, NULL, 0), TALLY_E_INVALID);
    struct tally_event other = sale;
    other.account++;
    refund_is_refused(&other, 0, 0, 1000, TALLY_E_INVALID);
    assert_int_equal(void_sale(&desk, &other), TALLY_E_INVALID);
    struct tally_event no_sale = desk.event;
    no_sale.type = TALLY_EVENT_ENROL;
    refund_is_refused(&no_sale, 0, 0, 1000, TALLY_E_INVALID);
    desk.occasion.day = INT32_MAX;
    refund_is_refused(&sale, 0, 0, 1000, TALLY_E_INVALID);
}

static void a_return_can_be_too_late(void **state)
{
    (void)state;
    opened();
    desk.programme.refund.window_days = 14;
    const struct tally_event *sale = sold(10000, 0);
    day_is(&desk, TODAY + 15);
    refund_is_refused(sale, 0, 0, 1000, TALLY_E_TOO_LATE);
    day_is(&desk, TODAY + 14);
    assert_int_equal(refund(&desk, sale, 0, 0, 1000), TALLY_OK);
}

static void a_void_is_of_the_day_and_the_terminal(void **state)
{
    (void)state;
    opened();
    const struct tally_event *sale = sold(10000, 0);
    day_is(&desk, TODAY + 1);
    assert_int_equal(void_sale(&desk, sale), TALLY_E_TOO_LATE);
    day_is(&desk, TODAY);
    desk.occasion.terminal = OTHER_TERMINAL;
    assert_int_equal(void_sale(&desk, sale), TALLY_E_INVALID);
    desk.occasion.terminal = TERMINAL;
    assert_int_equal(void_sale(&desk, sale), TALLY_OK);
}

static void a_room_that_is_too_small_is_said(void **state)
{
    (void)state;
    opened();
    const struct tally_event *sale = sold(10000, 0);
    struct tally_refund_request request = request_of(&desk, sale, NULL, 0);
    size_t len = tally_refund_room(&desk.account, &request);
    struct tally_event event;
    for (size_t i = 0; i <= len; i += i + 1000 < len ? 997 : 1) {
        uint8_t *room = malloc(i + 1);
        assert_non_null(room);
        assert_int_equal(tally_void_plan(&desk.programme, &desk.account, &request, room, i, &event),
                         i < len ? TALLY_E_NO_MEMORY : TALLY_OK);
        free(room);
    }
}

/* ------------------------------------------------------------------ counters and standing */

static void a_void_leaves_the_account_as_it_was(void **state)
{
    (void)state;
    opened();
    struct tally_cap cap = a_cap(TALLY_PERIOD_MONTH, 1000);
    desk.rules[0].caps = &cap;
    desk.rules[0].cap_count = 1;
    give(&desk, TERMINAL, 0, TODAY + 5, 100);
    give(&desk, TERMINAL, 0, TODAY + 9, 100);
    struct tally_purse before = tally_account_purse(&desk.account, 0);
    const struct tally_event *sale = sold(300000, 150);
    assert_true(desk.account.standing.tier == id_of("VIP"));
    assert_int_equal(void_sale(&desk, sale), TALLY_OK);
    struct tally_purse after = tally_account_purse(&desk.account, 0);
    assert_true(before.earned == after.earned && before.redeemed == after.redeemed);
    assert_true(before.debt == after.debt && before.expired == after.expired);
    lots_are(&desk, "7:0:20784=100 7:0:20788=100");
    assert_int_equal(desk.account.count_count, 0);
    assert_int_equal(desk.account.standing.tier, 0);
    assert_int_equal(tally_tier_of(&desk.account, &desk.programme, TODAY).tier, 0);
}

static void a_refund_takes_the_tier_with_it_when_the_spend_is_gone(void **state)
{
    (void)state;
    opened();
    desk.programme.tiers.hold = TALLY_TIER_HOLD_NONE;
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 2, 300000);
    const struct tally_event *sale = sell(&desk);
    assert_int_equal(tally_tier_of(&desk.account, &desk.programme, TODAY).tier, 1);
    assert_int_equal(refund(&desk, sale, 0, 0, 1000), TALLY_OK);
    assert_true(tally_tier_metric(&desk.account, &desk.programme, TALLY_METRIC_SPEND, TODAY) ==
                150000);
    assert_int_equal(tally_tier_of(&desk.account, &desk.programme, TODAY).tier, 0);
    assert_true(tally_account_visits(&desk.account) == 1);
}

static void a_debt_that_a_sale_paid_comes_back_with_its_void(void **state)
{
    (void)state;
    struct tally_event first = *earned_150_spent_100(TALLY_REFUND_DEBT);
    assert_int_equal(refund_all(&desk, &first), TALLY_OK);
    const struct tally_event *sale = sold(12000, 0);
    assert_true(balance(&desk) == 20);
    assert_int_equal(void_sale(&desk, sale), TALLY_OK);
    assert_true(balance(&desk) == -100);
    assert_int_equal(desk.account.lot_count, 0);
}

/* ------------------------------------------------------------------ head office's half */

static void check_finds_each_change(const struct tally_event *sale)
{
    struct tally_event event = desk.event;
    const struct tally_effects *effects = &event.effects;
    assert_true(effects->move_count > 1 && effects->count_count > 0);
    for (size_t i = 0; i < effects->move_count; i++) {
        struct tally_move *move = (struct tally_move *)(uintptr_t)&effects->moves[i];
        move->points++;
        assert_int_equal(tally_reversal_check(&desk.programme, sale, &event), TALLY_E_MISMATCH);
        move->points--;
        if (move->kind == TALLY_MOVE_UNREDEEM) {
            move->expires_day++;
            assert_int_equal(tally_reversal_check(&desk.programme, sale, &event), TALLY_E_MISMATCH);
            move->expires_day--;
        }
    }
    for (size_t i = 0; i < effects->count_count; i++) {
        struct tally_count *count = (struct tally_count *)(uintptr_t)&effects->counts[i];
        count->amount--;
        assert_int_equal(tally_reversal_check(&desk.programme, sale, &event), TALLY_E_MISMATCH);
        count->amount++;
    }
    event.as.reversal.amount_minor++;
    assert_int_equal(tally_reversal_check(&desk.programme, sale, &event), TALLY_E_MISMATCH);
    event.as.reversal.amount_minor--;
    event.as.reversal.redeemed_minor--;
    assert_int_equal(tally_reversal_check(&desk.programme, sale, &event), TALLY_E_MISMATCH);
    event.as.reversal.redeemed_minor++;
    assert_int_equal(tally_reversal_check(&desk.programme, sale, &event), TALLY_OK);
    event.as.reversal.sale.seq++;
    assert_int_equal(tally_reversal_check(&desk.programme, sale, &event), TALLY_E_INVALID);
}

static void a_changed_reversal_is_found(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, TODAY + 5, 100);
    give(&desk, TERMINAL, 0, TODAY + 9, 100);
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 2, 20000);
    sell_line(&desk, "cup", 3, 5000);
    desk.basket.points = 150;
    struct tally_event sale = *sell(&desk);
    assert_int_equal(refund(&desk, &sale, 1, 0, 2000), TALLY_OK);
    check_finds_each_change(&sale);

    desk.basket.points = 50;
    sale = *sell(&desk);
    assert_int_equal(void_sale(&desk, &sale), TALLY_OK);
    check_finds_each_change(&sale);
    desk.event.business_day++;
    assert_int_equal(tally_reversal_check(&desk.programme, &sale, &desk.event), TALLY_E_MISMATCH);
}

static void a_sale_that_cannot_be_does_no_harm(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, EXPIRES, 1000);
    struct tally_event sale = *sold(10000, 100), broken = sale;
    assert_int_equal(refund_all(&desk, &sale), TALLY_OK);
    static const struct tally_line_paid paid[] = {
        {0, 10001, 0},     {0, 0, 10001},      {0, 9000, 1001},          {0, -1, 0},
        {0, 0, -1},        {1, 0, 1},          {0, INT64_MAX, 1},        {0, INT64_MIN, 1},
        {0, 0, INT64_MAX}, {UINT32_MAX, 0, 1}, {0, INT64_MAX, INT64_MAX}};
    for (size_t i = 0; i < sizeof paid / sizeof paid[0]; i++) {
        broken.as.sale.paid = &paid[i];
        assert_int_equal(tally_reversal_check(&desk.programme, &broken, &desk.event),
                         TALLY_E_MISMATCH);
        refund_is_refused(&broken, 0, 0, 1000, TALLY_E_INVALID);
    }
    broken = sale;
    static const struct tally_share shares[] = {
        {0, 0, 0, 0},  {0, 0, -1, 0},        {0, 0, INT64_MAX, 0}, {1, 0, 1, 0},
        {0, 0, 1, -1}, {0, 0, 0, INT64_MAX}, {UINT32_MAX, 0, 1, 0}};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        broken.as.sale.shares = &shares[i];
        assert_int_equal(tally_reversal_check(&desk.programme, &broken, &desk.event),
                         TALLY_E_MISMATCH);
        refund_is_refused(&broken, 0, 0, 1000, TALLY_E_INVALID);
    }
    broken = sale;
    struct tally_count count = sale.effects.counts[0];
    count.amount = -count.amount;
    broken.effects.counts = &count;
    broken.effects.count_count = 1;
    assert_int_equal(tally_reversal_check(&desk.programme, &broken, &desk.event), TALLY_E_MISMATCH);
}

/* Or head office could be kept busy for seconds by one event. */
static void a_sale_of_more_purses_than_a_programme_has_cannot_be_undone(void **state)
{
    (void)state;
    opened();
    struct tally_event sale = *sold(10000, 0);
    static struct tally_move moves[TALLY_PURSES_MAX + 2];
    for (uint32_t i = 0; i < TALLY_PURSES_MAX + 2; i++) {
        moves[i] = (struct tally_move){TALLY_MOVE_EARN, i, EXPIRES, 0, 1};
    }
    sale.effects.moves = moves;
    const struct tally_undo undo = {.sale = &sale, .is_void = true};
    sale.effects.move_count = TALLY_PURSES_MAX + 1;
    assert_int_equal(tally_undo_check(&undo), TALLY_OK);
    sale.effects.move_count++;
    assert_int_equal(tally_undo_check(&undo), TALLY_E_INVALID);
}

static void the_check_knows_the_policy(void **state)
{
    (void)state;
    struct tally_event sale = *earned_150_spent_100(TALLY_REFUND_DEBT);
    assert_int_equal(refund_all(&desk, &sale), TALLY_OK);
    desk.programme.refund.policy = TALLY_REFUND_CLAMP;
    assert_int_equal(tally_reversal_check(&desk.programme, &sale, &desk.event), TALLY_E_MISMATCH);
    sale = *earned_150_spent_100(TALLY_REFUND_CLAMP);
    assert_int_equal(refund_all(&desk, &sale), TALLY_OK);
    desk.programme.refund.policy = TALLY_REFUND_DEBT;
    assert_int_equal(tally_reversal_check(&desk.programme, &sale, &desk.event), TALLY_E_MISMATCH);
    desk.programme.refund.policy = TALLY_REFUND_REFUSE;
    assert_int_equal(tally_reversal_check(&desk.programme, &sale, &desk.event), TALLY_E_MISMATCH);
    desk.programme.refund.policy = TALLY_REFUND_PENDING;
    assert_int_equal(tally_reversal_check(&desk.programme, &sale, &desk.event), TALLY_E_MISMATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_that_comes_back_takes_its_points_with_it),
        cmocka_unit_test(a_line_takes_back_what_it_earned_and_no_other),
        cmocka_unit_test(points_are_taken_out_of_the_lots_they_went_into),
        cmocka_unit_test(by_amount_a_line_takes_back_by_its_worth),
        cmocka_unit_test(every_split_of_refunds_ends_the_same),
        cmocka_unit_test(spent_points_come_back_into_their_lots_last_ones_first),
        cmocka_unit_test(points_come_back_with_what_they_paid),
        cmocka_unit_test(points_whose_day_is_past_live_for_the_grace),
        cmocka_unit_test(a_refund_at_another_terminal_moves_that_drawer),
        cmocka_unit_test(a_voucher_goes_back_where_its_points_come_back),
        cmocka_unit_test(what_paid_for_a_voucher_comes_back_into_its_lots),
        cmocka_unit_test(a_voucher_that_is_used_is_owed_under_every_policy_but_one),
        cmocka_unit_test(what_a_cap_cut_off_goes_before_vouchers_and_points),
        cmocka_unit_test(points_stay_as_far_as_the_rest_would_have_earned_them),
        cmocka_unit_test(a_cap_keeps_no_points_of_lines_that_it_did_not_cut),
        cmocka_unit_test(by_amount_the_whole_basket_shares_what_was_cut_off),
        cmocka_unit_test(stamps_that_a_purse_cut_off_go_first_too),
        cmocka_unit_test(points_towards_tiers_stay_with_the_points),
        cmocka_unit_test(the_programme_of_the_sale_says_what_goes_first),
        cmocka_unit_test(a_cut_that_no_cap_made_is_found),
        cmocka_unit_test(what_is_left_does_not_depend_on_the_steps_and_is_never_more_than_deserved),
        cmocka_unit_test(points_for_a_gift_come_back_when_all_has_come_back),
        cmocka_unit_test(the_example_of_the_page_on_returns_holds),
        cmocka_unit_test(what_is_gone_becomes_a_debt),
        cmocka_unit_test(what_is_gone_is_forgiven_where_it_is_clamped),
        cmocka_unit_test(a_refund_of_points_that_are_gone_can_be_refused),
        cmocka_unit_test(only_pending_points_are_taken_where_the_rules_say_so),
        cmocka_unit_test(pending_points_can_be_taken_first),
        cmocka_unit_test(points_that_are_held_are_gone_for_now),
        cmocka_unit_test(more_than_was_sold_does_not_come_back),
        cmocka_unit_test(a_request_that_cannot_be_is_refused),
        cmocka_unit_test(a_return_can_be_too_late),
        cmocka_unit_test(a_void_is_of_the_day_and_the_terminal),
        cmocka_unit_test(a_room_that_is_too_small_is_said),
        cmocka_unit_test(a_void_leaves_the_account_as_it_was),
        cmocka_unit_test(a_refund_takes_the_tier_with_it_when_the_spend_is_gone),
        cmocka_unit_test(a_debt_that_a_sale_paid_comes_back_with_its_void),
        cmocka_unit_test(a_changed_reversal_is_found),
        cmocka_unit_test(a_sale_that_cannot_be_does_no_harm),
        cmocka_unit_test(a_sale_of_more_purses_than_a_programme_has_cannot_be_undone),
        cmocka_unit_test(the_check_knows_the_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
