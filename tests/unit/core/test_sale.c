/* SPDX-License-Identifier: Apache-2.0 */
/* What a basket comes to, what points can pay, which lots are spent, and what head office sees. */
#include "app/core/bonus.h"
#include "tests/unit/core/desk.h"

static struct desk desk;

enum { EXPIRES = 21152 /* 30 November 2027: of points earned today */ };

static void opened(void)
{
    open_desk(&desk);
}

static void quoted(int64_t amount_minor, int64_t points)
{
    one_line(&desk, amount_minor);
    desk.basket.points = points;
    assert_int_equal(quote_sale(&desk), TALLY_OK);
}

static const struct tally_event *sold(int64_t amount_minor, int64_t points)
{
    one_line(&desk, amount_minor);
    desk.basket.points = points;
    return sell(&desk);
}

/* Refused by quote and plan, and nothing that they answer has been written. */
static void is_refused(enum tally_status status)
{
    struct tally_event event;
    struct tally_quote quote;
    static uint8_t before[sizeof event + sizeof quote];
    memset(&event, 0x5A, sizeof event);
    memset(&quote, 0x5A, sizeof quote);
    memset(before, 0x5A, sizeof before);
    assert_int_equal(tally_sale_plan(&desk.programme, &desk.account, &desk.basket, &desk.occasion,
                                     desk.rooms[0], DESK_ROOM, &event, &quote),
                     status);
    assert_memory_equal(&event, before, sizeof event);
    assert_memory_equal(&quote, before, sizeof quote);
    assert_int_equal(tally_sale_quote(&desk.programme, &desk.account, &desk.basket, &desk.occasion,
                                      desk.rooms[0], DESK_ROOM, &quote),
                     status);
    assert_memory_equal(&quote, before, sizeof quote);
}

/* ------------------------------------------------------------------ earning */

static void a_sale_earns_and_counts(void **state)
{
    (void)state;
    opened();
    const struct tally_event *sale = sold(12999, 0);
    lots_are(&desk, "7:0:21152=129");
    assert_true(tally_account_visits(&desk.account) == 1);
    assert_true(desk.quote.earned_points == 129 && desk.quote.total_minor == 12999);
    assert_int_equal(desk.quote.earned_dates.until_day, EXPIRES);
    assert_true(sale->as.sale.share_count == 1 && sale->as.sale.shares[0].points == 129);
    assert_true(desk.account.last_sale_day == TODAY);
}

static void a_quote_shows_the_tier_that_this_sale_reaches(void **state)
{
    (void)state;
    opened();
    quoted(199999, 0);
    assert_true(desk.quote.tier.tier == 0 && desk.quote.tier_after.tier == 0);
    assert_true(desk.quote.tier_after.needed == 1);
    sold(200000, 0);
    assert_true(desk.quote.tier.tier == 0 && desk.quote.tier_after.tier == 1);
    assert_true(desk.quote.earned_points == 2000); /* the new tier counts from the next sale */
    quoted(200, 0);
    assert_true(desk.quote.tier.tier == 1 && desk.quote.earned_points == 2);
    quoted(400, 0);
    assert_true(desk.quote.earned_points == 5); /* 4 * 1.25 */
}

static void a_basket_must_spend_what_points_did_not_pay_to_count_for_a_tier(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, EXPIRES, 1000);
    quoted(200500, 500);
    assert_true(desk.quote.tier_after.tier == 1);
    quoted(200500, 600);
    assert_true(desk.quote.tier_after.tier == 0);
}

static void a_rule_with_a_cap_gives_no_more_than_is_left(void **state)
{
    (void)state;
    opened();
    struct tally_cap cap = a_cap(TALLY_PERIOD_DAY, 100);
    desk.rules[0].caps = &cap;
    desk.rules[0].cap_count = 1;
    struct tally_cap all[] = {{.period = {TALLY_PERIOD_ROLLING_DAYS, 3}, .points_max = 230}};
    desk.programme.earn_caps = all;
    desk.programme.earn_cap_count = 1;
    sold(6000, 0);
    const struct tally_event *second = sold(6000, 0);
    assert_true(balance(&desk) == 100);
    assert_int_equal(void_sale(&desk, second), TALLY_OK);
    sold(3000, 0);
    assert_true(balance(&desk) == 90);
    day_is(&desk, TODAY + 1);
    sold(50000, 0);
    assert_true(balance(&desk) == 190);
    day_is(&desk, TODAY + 2);
    sold(50000, 0);
    assert_true(balance(&desk) == 230);
    day_is(&desk, TODAY + 3);
    sold(50000, 0);
    assert_true(balance(&desk) == 320); /* 90 of the first day are out of the window */
}

static void a_rule_gives_a_tier_for_a_while(void **state)
{
    (void)state;
    opened();
    struct tally_rule *rule = add_rule(&desk, a_rule("club", 0, 1));
    rule->kind = TALLY_EARN_TIER;
    rule->lines.skus = words_of("membership");
    rule->tier = id_of("VIP");
    rule->tier_months = 1;
    basket_is_empty(&desk);
    sell_line(&desk, "membership", 1, 1000);
    sell(&desk);
    assert_true(desk.account.floor.tier == id_of("VIP"));
    quoted(400, 0);
    assert_true(desk.quote.tier.tier == 1 && desk.quote.tier.is_floor);
    day_is(&desk, tally_day_add_months(TODAY, 1) + 1);
    quoted(400, 0);
    assert_true(desk.quote.tier.tier == 0);
}

static void a_debt_is_paid_from_what_lapses_first(void **state)
{
    (void)state;
    opened();
    struct tally_rule *rule = add_rule(&desk, a_rule("short", 1, 100));
    rule->has_expiry = true;
    rule->expiry = (struct tally_expiry){.kind = TALLY_EXPIRY_DAYS, .count = 5};
    const struct tally_event *first = sold(10000, 0);
    desk.programme.redeem.share_pct = 100;
    sold(400, 200);
    assert_int_equal(refund_all(&desk, first), TALLY_OK);
    assert_true(balance(&desk) == -196);
    sold(15000, 0);
    assert_true(desk.quote.debt_paid == 196 && desk.quote.earned_points == 300);
    lots_are(&desk, "7:0:21152=104");
}

/* ------------------------------------------------------------------ redeeming */

static void a_redemption_pays_by_steps(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, EXPIRES, 1000);
    quoted(10000, 300);
    assert_true(desk.quote.redeemed_points == 300 && desk.quote.redeemed_minor == 300);
    assert_true(desk.quote.to_pay_minor == 9700 && desk.quote.earned_points == 97);
    desk.programme.earn_on_redeemed = true;
    quoted(10000, 300);
    assert_true(desk.quote.earned_points == 100);
}

static void redeemable_is_the_least_of_drawer_balance_share_and_step(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, EXPIRES, 1050);
    give(&desk, TERMINAL, 0, TODAY - 1, 5000); /* lapsed */
    give(&desk, OTHER_TERMINAL, 0, EXPIRES, 400);
    give(&desk, TALLY_TERMINAL_HQ, 0, EXPIRES, 170);
    quoted(100000, 0);
    assert_true(desk.quote.redeemable_here == 1000 && desk.quote.redeemable_online == 1600);
    quoted(1999, 0); /* half of it is 9.99 */
    assert_true(desk.quote.redeemable_here == 900 && desk.quote.redeemable_online == 900);
    desk.programme.redeem.points_min = 1000;
    quoted(1999, 0);
    assert_true(desk.quote.redeemable_here == 0 && desk.quote.redeemable_online == 0);
    desk.programme.redeem.points_max = 1000;
    quoted(100000, 0);
    assert_true(desk.quote.redeemable_here == 1000 && desk.quote.redeemable_online == 1000);
    desk.programme.redeem.share_pct = 0;
    quoted(100000, 0);
    assert_true(desk.quote.redeemable_here == 0 && desk.quote.redeemable_online == 0);
}

static void what_is_redeemable_here_can_be_sold_and_one_step_more_cannot(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, EXPIRES, 1050);
    give(&desk, OTHER_TERMINAL, 0, EXPIRES, 5000);
    quoted(100000, 0);
    int64_t here = desk.quote.redeemable_here;
    one_line(&desk, 100000);
    desk.basket.points = here + 100;
    memset(&desk.event, 0x5A, sizeof desk.event);
    struct tally_event before = desk.event;
    assert_int_equal(plan_sale(&desk), TALLY_E_POINTS_SHORT);
    assert_memory_equal(&desk.event, &before, sizeof before);
    assert_true(desk.quote.missing_here == 50 && desk.quote.redeemable_here == here);
    sold(100000, here);
}

static void points_are_limited_as_the_rules_say(void **state)
{
    (void)state;
    opened();
    desk.programme.redeem = (struct tally_redeem_rules){
        .step_points = 1, .value_minor = 1, .points_min = 500, .share_pct = 50};
    give(&desk, TERMINAL, 0, EXPIRES, 700);
    quoted(10000, 0);
    assert_true(desk.quote.redeemable_here == 700);
    desk.programme.redeem = (struct tally_redeem_rules){
        .step_points = 100, .value_minor = 500, .points_min = 100, .share_pct = 100};
    give(&desk, TERMINAL, 0, EXPIRES, 4300);
    quoted(100000, 0);
    assert_true(desk.quote.redeemable_here == 5000);
    one_line(&desk, 100000);
    desk.basket.points = 1050;
    is_refused(TALLY_E_RULE);
    quoted(100000, 1000);
    assert_true(desk.quote.redeemed_minor == 5000);
}

static void a_redemption_against_the_rules_is_refused(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, EXPIRES, 100000);
    desk.programme.redeem.points_min = 200;
    one_line(&desk, 10000);
    desk.basket.points = 100; /* below the minimum */
    is_refused(TALLY_E_RULE);
    desk.basket.points = 250; /* off the step */
    is_refused(TALLY_E_RULE);
    desk.basket.points = 5100; /* above half */
    is_refused(TALLY_E_RULE);
    desk.basket.points = -100;
    is_refused(TALLY_E_INVALID);
    desk.basket.points = 5000;
    assert_int_equal(plan_sale(&desk), TALLY_OK);
}

static void points_pay_only_the_lines_that_they_may(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, EXPIRES, 100000);
    desk.programme.redeem.lines.except_skus = words_of("fuel");
    desk.programme.redeem.share_pct = 100;
    sell_line(&desk, "fuel", 1, 5000);
    sell_line(&desk, "tea", 1, 300);
    sell_line(&desk, "cup", 1, 400);
    desk.basket.points = 800;
    is_refused(TALLY_E_RULE);
    desk.basket.points = 500;
    const struct tally_event *sale = sell(&desk);
    assert_true(sale->as.sale.paid_count == 2);
    assert_true(sale->as.sale.paid[0].line == 1 && sale->as.sale.paid[0].points_minor == 214);
    assert_true(sale->as.sale.paid[1].line == 2 && sale->as.sale.paid[1].points_minor == 286);
}

static void a_limit_of_points_counts_rewards_too(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, EXPIRES, 100000);
    struct tally_cap limits[] = {a_cap(TALLY_PERIOD_DAY, 1000)};
    desk.programme.redeem.limits = limits;
    desk.programme.redeem.limit_count = 1;
    add_reward(&desk, "MUG", TALLY_REWARD_GIFT, 450);
    one_line(&desk, 100000);
    desk.basket.points = 600;
    claim(&desk, "MUG", 1);
    is_refused(TALLY_E_RULE);
    desk.basket.points = 500;
    sell(&desk);
    one_line(&desk, 100000);
    assert_int_equal(quote_sale(&desk), TALLY_OK);
    assert_true(desk.quote.redeemable_here == 0);
    claim(&desk, "MUG", 1);
    is_refused(TALLY_E_RULE);
    day_is(&desk, TODAY + 1);
    sell(&desk);
}

static void a_member_of_a_pool_has_a_limit_of_its_own(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, EXPIRES, 100000);
    struct tally_cap limits[] = {a_cap(TALLY_PERIOD_MONTH, 300)};
    desk.programme.redeem.member_limits = limits;
    desk.programme.redeem.member_limit_count = 1;
    sold(10000, 300);
    one_line(&desk, 10000);
    desk.basket.points = 100;
    is_refused(TALLY_E_RULE);
    desk.occasion.member = MEMBER + 1;
    sell(&desk);
}

/* ------------------------------------------------------------------ lots */

static void the_lot_that_lapses_first_is_spent_first(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, TODAY + 40, 100);
    give(&desk, TERMINAL, 0, TODAY + 10, 100);
    give(&desk, TERMINAL, 0, TALLY_DAY_NEVER, 100);
    sold(500, 200);
    lots_are(&desk, "7:0:21152=3 7:0:2147483647=100");
}

static void points_that_live_on_activity_are_spent_in_their_turn(void **state)
{
    (void)state;
    opened();
    desk.programme.expiry = (struct tally_expiry){.kind = TALLY_EXPIRY_INACTIVE, .count = 1};
    sold(10000, 0); /* 100 points to 22 December */
    give(&desk, TERMINAL, 0, TODAY + 90, 100);
    give(&desk, TERMINAL, 0, TODAY + 5, 100);
    sold(400, 200);
    lots_are(&desk, "7:0:20869=100 7:0:2147483646=2");
    day_is(&desk, TODAY + 31);
    assert_true(balance(&desk) == 100);
    sold(100, 0);
    lots_are(&desk, "7:0:20869=100 7:0:2147483646=1");
    assert_true(tally_account_purse(&desk.account, 0).expired == 2);
}

static void what_lapsed_is_written_down_with_the_next_sale(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, TODAY, 150);
    give(&desk, OTHER_TERMINAL, 0, TODAY, 70);
    sold(500, 100);
    assert_true(tally_account_purse(&desk.account, 0).expired == 0);
    day_is(&desk, TODAY + 1);
    sold(100, 0);
    assert_true(tally_account_purse(&desk.account, 0).expired == 50);
    lots_are(&desk, "7:0:21152=5 8:0:20779=70");
}

static void pending_points_are_not_spent(void **state)
{
    (void)state;
    opened();
    desk.programme.pending = (struct tally_pending){.kind = TALLY_PENDING_DAYS, .count = 3};
    sold(100000, 0);
    quoted(100000, 0);
    assert_true(desk.quote.redeemable_here == 0 && desk.quote.earned_dates.from_day == TODAY + 3);
    day_is(&desk, TODAY + 3);
    quoted(100000, 0);
    assert_true(desk.quote.redeemable_here == 1000);
}

static uint64_t held(int64_t points)
{
    static struct tally_move moves[TALLY_MOVES_MAX];
    static struct tally_count counts[16];
    struct tally_moment moment = {TERMINAL, desk.occasion.now_ms, desk.occasion.day};
    struct tally_bonus_room room = {moves, TALLY_MOVES_MAX, counts, 16};
    struct tally_event event;
    assert_int_equal(
        tally_hold_plan(&desk.programme, &desk.account, points, &moment, &room, &event), TALLY_OK);
    number(&desk, &event);
    apply(&desk, &event);
    return event.id.seq;
}

static void a_hold_is_spent_first_and_the_rest_goes_back(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, TODAY + 1, 100);
    give(&desk, TERMINAL, 0, TODAY + 9, 400);
    uint64_t hold = held(300);
    desk.occasion.hold = hold;
    assert_true(balance(&desk) == 200);
    sold(1000, 200);
    lots_are(&desk, "7:0:20788=300 7:0:21152=8");
    assert_true(desk.account.hold_count == 0);
    one_line(&desk, 1000);
    is_refused(TALLY_E_NOT_FOUND);
}

static void a_hold_can_be_added_to(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, TODAY + 9, 400);
    desk.occasion.hold = held(300);
    quoted(10000, 0);
    assert_true(desk.quote.redeemable_here == 400 && desk.quote.redeemable_online == 400);
    sold(10000, 400);
    lots_are(&desk, "7:0:21152=96");
}

static void points_held_for_a_sale_are_not_for_another(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, TODAY + 9, 400);
    held(300);
    one_line(&desk, 10000);
    desk.basket.points = 200;
    assert_int_equal(plan_sale(&desk), TALLY_E_POINTS_SHORT);
    assert_true(desk.quote.redeemable_here == 100);
    desk.occasion.now_ms += 61 * 60000; /* its hour is over */
    sell(&desk);
    lots_are(&desk, "7:0:20788=200 7:0:21152=98");
    assert_true(desk.account.hold_count == 0);
}

static void a_draw_takes_what_lapses_first(void **state)
{
    (void)state;
    opened();
    give(&desk, TALLY_TERMINAL_HQ, 0, TODAY - 1, 10);
    give(&desk, TALLY_TERMINAL_HQ, 0, TODAY + 9, 10);
    give(&desk, TALLY_TERMINAL_HQ, 0, TODAY + 5, 10);
    give(&desk, TERMINAL, 0, TODAY + 5, 10);
    static struct tally_move moves[TALLY_MOVES_MAX];
    int64_t points = 0;
    assert_int_equal(tally_draw_moves(&desk.account, 0, 15, TODAY, moves, &points), 2);
    assert_true(points == 15 && moves[0].expires_day == TODAY + 5 && moves[0].points == 10);
    assert_true(moves[1].expires_day == TODAY + 9 && moves[1].points == 5);
    assert_int_equal(tally_draw_moves(&desk.account, 0, 500, TODAY, moves, &points), 2);
    assert_true(points == 20);
    assert_int_equal(tally_draw_moves(&desk.account, 1, 500, TODAY, moves, &points), 0);
    assert_true(points == 0);
}

/* ------------------------------------------------------------------ bad input */

static void a_basket_that_cannot_be_is_refused(void **state)
{
    (void)state;
    opened();
    is_refused(TALLY_E_INVALID); /* no line */
    one_line(&desk, 100);
    desk.lines[0].quantity_milli = -1000;
    is_refused(TALLY_E_INVALID);
    desk.lines[0].quantity_milli = 0;
    is_refused(TALLY_E_INVALID);
    one_line(&desk, -1);
    is_refused(TALLY_E_INVALID);
    one_line(&desk, INT64_MAX);
    is_refused(TALLY_E_OVERFLOW);
    one_line(&desk, TALLY_MONEY_MAX + 1);
    is_refused(TALLY_E_OVERFLOW);
    one_line(&desk, 100);
    desk.basket.line_count = SIZE_MAX;
    is_refused(TALLY_E_INVALID);
    desk.basket.line_count = TALLY_LINES_MAX + 1;
    is_refused(TALLY_E_INVALID);
}

static void a_day_outside_the_calendar_is_refused(void **state)
{
    (void)state;
    opened();
    one_line(&desk, 100);
    static const int32_t first = 10957, last = 84005; /* 1 January 2000, 31 December 2199 */
    static const int32_t days[] = {first - 1, last + 1, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        desk.occasion.day = days[i];
        is_refused(TALLY_E_INVALID);
    }
    desk.occasion.day = last;
    assert_int_equal(plan_sale(&desk), TALLY_OK);
    desk.occasion.day = first;
    assert_int_equal(plan_sale(&desk), TALLY_OK);
    desk.occasion.minute = 1440;
    is_refused(TALLY_E_INVALID);
}

static void points_that_do_not_fit_are_an_overflow(void **state)
{
    (void)state;
    opened();
    desk.rules[0].points = 1000000000;
    desk.rules[0].per_minor = 1;
    one_line(&desk, TALLY_MONEY_MAX);
    is_refused(TALLY_E_OVERFLOW);
    one_line(&desk, 1001);
    is_refused(TALLY_E_OVERFLOW);
    one_line(&desk, 1000);
    assert_int_equal(plan_sale(&desk), TALLY_OK);
}

static void a_room_that_is_too_small_is_said(void **state)
{
    (void)state;
    opened();
    one_line(&desk, 100);
    size_t len = tally_sale_room(&desk.programme, &desk.account, &desk.basket);
    struct tally_event event;
    struct tally_quote quote;
    for (size_t i = 0; i <= len; i += i + 100 < len ? 97 : 1) {
        uint8_t *room = malloc(i + 1); /* exactly so long: a sanitizer sees each byte beyond */
        assert_non_null(room);
        assert_int_equal(tally_sale_plan(&desk.programme, &desk.account, &desk.basket,
                                         &desk.occasion, room, i, &event, &quote),
                         i < len ? TALLY_E_NO_MEMORY : TALLY_OK);
        free(room);
    }
}

static void five_thousand_lines_are_one_sale(void **state)
{
    (void)state;
    opened();
    struct tally_reward *bundle = add_reward(&desk, "B", TALLY_REWARD_BUNDLE, 0);
    bundle->buy = bundle->get = 1;
    bundle->is_automatic = true;
    static struct tally_line lines[TALLY_LINES_MAX];
    for (size_t i = 0; i < TALLY_LINES_MAX; i++) {
        lines[i] = a_line("tea", "food", 100 + (int64_t)i);
    }
    struct tally_basket basket = {.lines = lines, .line_count = TALLY_LINES_MAX};
    size_t len = tally_sale_room(&desk.programme, &desk.account, &basket);
    void *room = malloc(len);
    assert_non_null(room);
    assert_int_equal(tally_sale_plan(&desk.programme, &desk.account, &basket, &desk.occasion, room,
                                     len, &desk.event, &desk.quote),
                     TALLY_OK);
    number(&desk, &desk.event);
    assert_true(desk.quote.to_pay_minor == 2500 * 101 + 2 * (2500 * 2499 / 2) + 0);
    size_t check_len = tally_sale_check_room(&desk.programme, &desk.event);
    void *check_room = malloc(check_len);
    assert_non_null(check_room);
    assert_int_equal(tally_sale_check(&desk.programme, &desk.event, check_room, check_len),
                     TALLY_OK);
    apply(&desk, &desk.event);
    free(check_room);
    free(room);
}

/* ------------------------------------------------------------------ head office's half */

static struct tally_event planned(void)
{
    assert_int_equal(plan_sale(&desk), TALLY_OK);
    number(&desk, &desk.event);
    assert_int_equal(check_sale(&desk, &desk.event), TALLY_OK);
    return desk.event;
}

static void a_changed_amount_is_found(void **state)
{
    (void)state;
    opened();
    add_purse(&desk, "stamp");
    struct tally_rule *stamps = add_rule(&desk, a_fixed("stamps", 2));
    stamps->purse = id_of("stamp");
    stamps->counts_for_tier = false;
    struct tally_cap cap = a_cap(TALLY_PERIOD_DAY, 1000);
    desk.rules[0].caps = &cap;
    desk.rules[0].cap_count = 1;
    struct tally_reward *reward = add_reward(&desk, "P10", TALLY_REWARD_PERCENT, 50);
    reward->percent = 10;
    give(&desk, TERMINAL, 0, EXPIRES, 1000);
    give(&desk, TERMINAL, 0, TODAY + 1, 30);
    basket_is_empty(&desk);
    sell_line(&desk, "tea", 1, 3000);
    sell_line(&desk, "cup", 2, 7000);
    claim(&desk, "P10", 1);
    desk.basket.points = 300;

    struct tally_event event = planned();
    struct tally_effects *effects = &event.effects;
    for (size_t i = 0; i < effects->move_count; i++) {
        struct tally_move *move = (struct tally_move *)(uintptr_t)&effects->moves[i];
        move->points++;
        assert_int_equal(check_sale(&desk, &event), TALLY_E_MISMATCH);
        move->points--;
        if (move->kind == TALLY_MOVE_EARN) {
            move->expires_day--;
            assert_int_equal(check_sale(&desk, &event), TALLY_E_MISMATCH);
            move->expires_day++;
        }
    }
    for (size_t i = 0; i < effects->count_count; i++) {
        struct tally_count *count = (struct tally_count *)(uintptr_t)&effects->counts[i];
        count->amount++;
        assert_int_equal(check_sale(&desk, &event), TALLY_E_MISMATCH);
        count->amount--;
    }
    effects->count_count--;
    assert_int_equal(check_sale(&desk, &event), TALLY_E_MISMATCH);
    effects->count_count++;
    int64_t *amounts[] = {&event.as.sale.total_minor,
                          &event.as.sale.discount_minor,
                          &event.as.sale.redeemed_minor,
                          (int64_t *)(uintptr_t)&event.as.sale.paid[1].discount_minor,
                          (int64_t *)(uintptr_t)&event.as.sale.paid[0].points_minor,
                          (int64_t *)(uintptr_t)&event.as.sale.shares[0].points};
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        ++*amounts[i];
        assert_int_equal(check_sale(&desk, &event), TALLY_E_MISMATCH);
        --*amounts[i];
    }
    event.as.sale.basket.points = 400;
    assert_int_equal(check_sale(&desk, &event), TALLY_E_MISMATCH);
    event.as.sale.basket.points = 350; /* off the step */
    assert_int_equal(check_sale(&desk, &event), TALLY_E_MISMATCH);
    event.as.sale.basket.points = 300;
    event.as.sale.seen.tier = 2;
    assert_int_equal(check_sale(&desk, &event), TALLY_E_MISMATCH);
    event.as.sale.seen.tier = 3;
    assert_int_equal(check_sale(&desk, &event), TALLY_E_MISMATCH);
    event.as.sale.seen.tier = 0;
    event.effects.active_until_day = TODAY + 1;
    assert_int_equal(check_sale(&desk, &event), TALLY_E_MISMATCH);
    event.effects.active_until_day = 0;
    assert_int_equal(check_sale(&desk, &event), TALLY_OK);
    event.programme_version = 4;
    assert_int_equal(check_sale(&desk, &event), TALLY_E_INVALID);
    event.programme_version = 3;
    event.type = TALLY_EVENT_VOID;
    assert_int_equal(check_sale(&desk, &event), TALLY_E_INVALID);
}

static void counters_of_guards_pass_the_check(void **state)
{
    (void)state;
    opened();
    static const struct tally_guard guards[] = {{TALLY_GUARD_CARD_SALES_HOUR, 5, false},
                                                {TALLY_GUARD_CARD_SALES_DAY, 5, false},
                                                {TALLY_GUARD_CARD_EARNED_DAY, 500, false},
                                                {TALLY_GUARD_CARD_REDEEMED_DAY, 500, false},
                                                {TALLY_GUARD_TRAVEL_MINUTES, 10, false}};
    desk.programme.guards = guards;
    desk.programme.guard_count = 5;
    give(&desk, TERMINAL, 0, EXPIRES, 1000);
    const struct tally_event *sale = sold(10000, 300);
    struct tally_span today = {TODAY, TODAY};
    assert_true(tally_account_count(&desk.account, TALLY_COUNT_SALES, 0, today) == 1);
    assert_true(tally_account_count(&desk.account, TALLY_COUNT_EARNED, 0, today) == 97);
    assert_true(tally_account_count(&desk.account, TALLY_COUNT_REDEEMED, 0, today) == 300);
    struct tally_span hour = {(int32_t)(desk.occasion.now_ms / 3600000), TODAY};
    assert_true(tally_account_count(&desk.account, TALLY_COUNT_HOUR, 0, hour) == 1);
    assert_int_equal(void_sale(&desk, sale), TALLY_OK);
    assert_true(tally_account_count(&desk.account, TALLY_COUNT_HOUR, 0, hour) == 0);
}

static void a_repeat_asks_for_the_same_thing(void **state)
{
    (void)state;
    opened();
    give(&desk, TERMINAL, 0, EXPIRES, 1000);
    const struct tally_event *sale = sold(10000, 300);
    assert_true(tally_sale_is_repeat(sale, MEMBER, &desk.basket));
    assert_false(tally_sale_is_repeat(sale, MEMBER + 1, &desk.basket));
    desk.basket.points = 400;
    assert_false(tally_sale_is_repeat(sale, MEMBER, &desk.basket));
    desk.basket.points = 300;
    desk.lines[0].amount_minor++;
    assert_false(tally_sale_is_repeat(sale, MEMBER, &desk.basket));
    desk.lines[0].amount_minor--;
    claim(&desk, "MUG", 1);
    assert_false(tally_sale_is_repeat(sale, MEMBER, &desk.basket));
}

static void a_birthday_is_a_day_a_week_and_a_month(void **state)
{
    (void)state;
    const int32_t sunday = TODAY; /* 22 November 2026 */
    assert_int_equal(tally_birthday_bits(11, 22, sunday), 7);
    assert_int_equal(tally_birthday_bits(11, 16, sunday), 6);
    assert_int_equal(tally_birthday_bits(11, 15, sunday), 4);
    assert_int_equal(tally_birthday_bits(11, 23, sunday), 4);
    assert_int_equal(tally_birthday_bits(12, 22, sunday), 0);
    assert_int_equal(tally_birthday_bits(0, 0, sunday), 0);
    assert_int_equal(tally_birthday_bits(13, 40, sunday), 0);
    assert_int_equal(tally_birthday_bits(2, 29, tally_day_from_date(2027, 2, 28)), 7);
    assert_int_equal(tally_birthday_bits(2, 29, tally_day_from_date(2028, 2, 28)), 6);
    assert_int_equal(tally_birthday_bits(2, 29, tally_day_from_date(2028, 2, 29)), 7);
    /* Thursday 31 December 2026 is in the week of 1 January */
    assert_int_equal(tally_birthday_bits(1, 1, tally_day_from_date(2026, 12, 31)), 2);
    assert_int_equal(tally_birthday_bits(12, 31, tally_day_from_date(2027, 1, 1)), 2);
}

/* ------------------------------------------------------------------ worked cases */

static void points_earned_less_a_reward_and_back_again(void **state)
{
    (void)state;
    opened();
    desk.rules[0].kind = TALLY_EARN_PER_ITEM;
    desk.rules[0].points = 70;
    add_reward(&desk, "R", TALLY_REWARD_GIFT, 150);
    give(&desk, TERMINAL, 0, EXPIRES, 200);
    one_line(&desk, 10000);
    claim(&desk, "R", 1);
    const struct tally_event *sale = sell(&desk);
    assert_true(balance(&desk) == 120);
    assert_int_equal(refund_all(&desk, sale), TALLY_OK);
    assert_true(balance(&desk) == 200);
}

static void open_points_of_orders_lapse_after_ninety_days(void **state)
{
    (void)state;
    opened();
    desk.rules[0].points = 5;
    desk.programme.expiry = (struct tally_expiry){.kind = TALLY_EXPIRY_DAYS, .count = 90};
    struct tally_reward *reward = add_reward(&desk, "P20", TALLY_REWARD_PERCENT, 500);
    reward->percent = 20;
    sold(11500, 0);
    assert_true(balance(&desk) == 575);
    day_is(&desk, TODAY + 1);
    one_line(&desk, 16100);
    claim(&desk, "P20", 1);
    sell(&desk);
    assert_true(desk.quote.to_pay_minor == 12880 && desk.quote.earned_points == 644);
    lots_are(&desk, "7:0:20869=75 7:0:20870=644");
    day_is(&desk, TODAY + 91);
    assert_true(balance(&desk) == 644);
    day_is(&desk, TODAY + 92);
    assert_true(balance(&desk) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sale_earns_and_counts),
        cmocka_unit_test(a_quote_shows_the_tier_that_this_sale_reaches),
        cmocka_unit_test(a_basket_must_spend_what_points_did_not_pay_to_count_for_a_tier),
        cmocka_unit_test(a_rule_with_a_cap_gives_no_more_than_is_left),
        cmocka_unit_test(a_rule_gives_a_tier_for_a_while),
        cmocka_unit_test(a_debt_is_paid_from_what_lapses_first),
        cmocka_unit_test(a_redemption_pays_by_steps),
        cmocka_unit_test(redeemable_is_the_least_of_drawer_balance_share_and_step),
        cmocka_unit_test(what_is_redeemable_here_can_be_sold_and_one_step_more_cannot),
        cmocka_unit_test(points_are_limited_as_the_rules_say),
        cmocka_unit_test(a_redemption_against_the_rules_is_refused),
        cmocka_unit_test(points_pay_only_the_lines_that_they_may),
        cmocka_unit_test(a_limit_of_points_counts_rewards_too),
        cmocka_unit_test(a_member_of_a_pool_has_a_limit_of_its_own),
        cmocka_unit_test(the_lot_that_lapses_first_is_spent_first),
        cmocka_unit_test(points_that_live_on_activity_are_spent_in_their_turn),
        cmocka_unit_test(what_lapsed_is_written_down_with_the_next_sale),
        cmocka_unit_test(pending_points_are_not_spent),
        cmocka_unit_test(a_hold_is_spent_first_and_the_rest_goes_back),
        cmocka_unit_test(a_hold_can_be_added_to),
        cmocka_unit_test(points_held_for_a_sale_are_not_for_another),
        cmocka_unit_test(a_draw_takes_what_lapses_first),
        cmocka_unit_test(a_basket_that_cannot_be_is_refused),
        cmocka_unit_test(a_day_outside_the_calendar_is_refused),
        cmocka_unit_test(points_that_do_not_fit_are_an_overflow),
        cmocka_unit_test(a_room_that_is_too_small_is_said),
        cmocka_unit_test(five_thousand_lines_are_one_sale),
        cmocka_unit_test(a_changed_amount_is_found),
        cmocka_unit_test(counters_of_guards_pass_the_check),
        cmocka_unit_test(a_repeat_asks_for_the_same_thing),
        cmocka_unit_test(a_birthday_is_a_day_a_week_and_a_month),
        cmocka_unit_test(points_earned_less_a_reward_and_back_again),
        cmocka_unit_test(open_points_of_orders_lapse_after_ninety_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
