/* SPDX-License-Identifier: Apache-2.0 */
/* What a basket earns, what points can pay, and what a void gives back. */
#include "tests/unit/core/club.h"

static struct club_account club;
static struct tally_move moves[CLUB_LOTS], returned[CLUB_LOTS], taken[CLUB_LOTS];

enum { TODAY = 20779, EXPIRES = 21152 }; /* 2026-11-22, 2027-11-30 */

static struct tally_line line;

static struct tally_basket a_basket(int64_t amount_minor)
{
    line = (struct tally_line){{(const uint8_t *)"tea", 3}, 1000, amount_minor};
    return (struct tally_basket){&line, 1};
}

static struct tally_quote quoted(const struct tally_programme *programme,
                                 const struct tally_account *account, int64_t amount_minor,
                                 int64_t points)
{
    struct tally_quote quote = {0};
    struct tally_basket basket = a_basket(amount_minor);
    assert_int_equal(tally_sale_quote(programme, account, &basket, points, TERMINAL, TODAY, &quote),
                     TALLY_OK);
    return quote;
}

static void quote_is_refused(const struct tally_programme *programme,
                             const struct tally_account *account, const struct tally_basket *basket,
                             int64_t points, enum tally_status status)
{
    struct tally_quote quote, before;
    memset(&quote, 0x5A, sizeof quote);
    before = quote;
    assert_int_equal(tally_sale_quote(programme, account, basket, points, TERMINAL, TODAY, &quote),
                     status);
    assert_memory_equal(&quote, &before, sizeof quote);
}

static int64_t earned(const struct tally_programme *programme, int64_t amount_minor, int64_t points)
{
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, EXPIRES, 1000000);
    return quoted(programme, account, amount_minor, points).earned_points;
}

static struct tally_event planned(const struct tally_programme *programme,
                                  const struct tally_account *account, uint64_t seq,
                                  int64_t amount_minor, int64_t points)
{
    struct tally_event event = an_event_of(TALLY_EVENT_SALE, TERMINAL, seq, TODAY);
    struct tally_basket basket = a_basket(amount_minor);
    assert_int_equal(tally_sale_plan(programme, account, MEMBER, &basket, points, TERMINAL, TODAY,
                                     moves, CLUB_LOTS, &event.as.sale),
                     TALLY_OK);
    event.as.sale.account = ACCOUNT; /* an account that no event has opened has no id yet */
    return event;
}

/* ------------------------------------------------------------------ earning */

static void a_basket_earns_by_its_total_rounded_once(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    assert_true(earned(&programme, 12999, 0) == 129);
    assert_true(earned(&programme, 99, 0) == 0);
    assert_true(earned(&programme, 0, 0) == 0);
    programme.earn_rounding = TALLY_ROUND_HALF_UP;
    assert_true(earned(&programme, 12950, 0) == 130);
    assert_true(earned(&programme, 12949, 0) == 129);
    programme.earn_rounding = TALLY_ROUND_HALF_EVEN;
    assert_true(earned(&programme, 12850, 0) == 128);
    assert_true(earned(&programme, 12950, 0) == 130);
    programme.earn_points_per_major_milli = 1500;
    programme.earn_rounding = TALLY_ROUND_FLOOR;
    assert_true(earned(&programme, 12999, 0) == 194);
    programme.currency_exponent = 0;
    assert_true(earned(&programme, 12999, 0) == 19498);
    programme.currency_exponent = 4;
    assert_true(earned(&programme, 12999, 0) == 1);
}

static void splitting_a_line_never_changes_what_is_earned(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    const struct tally_line parts[] = {{{NULL, 0}, 1, 50}, {{NULL, 0}, 1, 49}, {{NULL, 0}, 1, 1}};
    const struct tally_basket basket = {parts, 3};
    struct tally_quote quote = {0};
    assert_int_equal(tally_sale_quote(&programme, account, &basket, 0, TERMINAL, TODAY, &quote),
                     TALLY_OK);
    assert_true(quote.total_minor == 100 && quote.earned_points == 1);
}

static void a_tier_multiplies_before_the_rounding(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    account->qualifying_year = 2025; /* last year's tier holds this year */
    account->qualifying = 200000;
    struct tally_quote quote = quoted(&programme, account, 199, 0);
    assert_int_equal(quote.tier, 1);
    assert_true(quote.earned_points == 2); /* 1.99 * 1.25 = 2.48 */
    struct tally_event sale = planned(&programme, account, 1, 199, 0);
    assert_int_equal(sale.as.sale.tier, 1);
    assert_int_equal(sale.as.sale.multiplier_pct, 125);
}

static void what_points_pay_earns_only_where_the_programme_says_so(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    assert_true(earned(&programme, 10000, 5000) == 50);
    programme.earn_on_redeemed = true;
    assert_true(earned(&programme, 10000, 5000) == 100);
}

static void spend_qualifies_with_money_and_points_with_points(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, EXPIRES, 5000);
    programme.earn_on_redeemed = true;
    struct tally_event sale = planned(&programme, account, 1, 10000, 1000);
    assert_true(sale.as.sale.qualifying == 9000 && sale.as.sale.earned_points == 100);
    programme.tier_metric = TALLY_METRIC_POINTS;
    sale = planned(&programme, account, 1, 10000, 1000);
    assert_true(sale.as.sale.qualifying == 100);
}

static void a_quote_shows_the_tier_that_this_sale_reaches(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    assert_int_equal(quoted(&programme, account, 199999, 0).tier_after, 0);
    struct tally_quote quote = quoted(&programme, account, 200000, 0);
    assert_int_equal(quote.tier, 0);
    assert_int_equal(quote.tier_after, 1);
    assert_true(quote.earned_points == 2000); /* the new tier counts from the next sale */
}

/* ------------------------------------------------------------------ redeeming */

static void a_redemption_pays_by_steps(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, EXPIRES, 1000);
    struct tally_quote quote = quoted(&programme, account, 10000, 300);
    assert_true(quote.redeemed_points == 300 && quote.redeemed_minor == 300);
    assert_true(quote.to_pay_minor == 9700 && quote.total_minor == 10000);
    assert_true(quote.earned_points == 97);
}

static void redeemable_is_the_least_of_drawer_balance_share_and_step(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, EXPIRES, 1050);
    given(account, TERMINAL, TODAY - 1, 5000); /* lapsed */
    given(account, OTHER_TERMINAL, EXPIRES, 400);
    given(account, TALLY_TERMINAL_HQ, EXPIRES, 170);
    struct tally_quote quote = quoted(&programme, account, 100000, 0);
    assert_true(quote.redeemable_here == 1000 && quote.redeemable_online == 1600);
    quote = quoted(&programme, account, 1999, 0); /* half of it is 9.99 */
    assert_true(quote.redeemable_here == 900 && quote.redeemable_online == 900);
    programme.redeem_min = 1000;
    quote = quoted(&programme, account, 1999, 0);
    assert_true(quote.redeemable_here == 0 && quote.redeemable_online == 0);
    quote = quoted(&programme, account, 2000, 0);
    assert_true(quote.redeemable_here == 1000);
    programme.redeem_min = 100;
    account->debt = 700; /* 1620 held, 920 the member's own */
    quote = quoted(&programme, account, 100000, 0);
    assert_true(quote.redeemable_here == 900 && quote.redeemable_online == 900);
    account->debt = 5000;
    quote = quoted(&programme, account, 100000, 0);
    assert_true(quote.redeemable_here == 0 && quote.redeemable_online == 0);
}

static void what_is_redeemable_here_can_be_planned_and_one_step_more_cannot(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, EXPIRES, 1050);
    given(account, OTHER_TERMINAL, EXPIRES, 5000);
    int64_t here = quoted(&programme, account, 100000, 0).redeemable_here;
    struct tally_event sale = planned(&programme, account, 1, 100000, here);
    applied(account, &sale);

    account = opened(&club);
    given(account, TERMINAL, EXPIRES, 1050);
    given(account, OTHER_TERMINAL, EXPIRES, 5000);
    struct tally_basket basket = a_basket(100000);
    struct tally_sale untouched;
    memset(&untouched, 0x5A, sizeof untouched);
    struct tally_sale before = untouched;
    assert_int_equal(tally_sale_plan(&programme, account, MEMBER, &basket, here + 100, TERMINAL,
                                     TODAY, moves, CLUB_LOTS, &untouched),
                     TALLY_E_POINTS_SHORT);
    assert_memory_equal(&untouched, &before, sizeof before);
}

static void a_debt_comes_off_what_can_be_redeemed(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, EXPIRES, 1000);
    account->debt = 1;
    struct tally_basket basket = a_basket(100000);
    struct tally_sale sale;
    assert_int_equal(tally_sale_plan(&programme, account, MEMBER, &basket, 1000, TERMINAL, TODAY,
                                     moves, CLUB_LOTS, &sale),
                     TALLY_E_POINTS_SHORT);
    assert_int_equal(tally_sale_plan(&programme, account, MEMBER, &basket, 900, TERMINAL, TODAY,
                                     moves, CLUB_LOTS, &sale),
                     TALLY_OK);
    assert_true(sale.debt_paid == 1);
}

static void a_redemption_against_the_rules_is_refused(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, EXPIRES, 100000);
    programme.redeem_min = 200;
    struct tally_basket basket = a_basket(10000);
    quote_is_refused(&programme, account, &basket, 100, TALLY_E_RULE);  /* below the minimum */
    quote_is_refused(&programme, account, &basket, 250, TALLY_E_RULE);  /* off the step */
    quote_is_refused(&programme, account, &basket, 5100, TALLY_E_RULE); /* above half */
    quote_is_refused(&programme, account, &basket, -100, TALLY_E_INVALID);
    assert_true(quoted(&programme, account, 10000, 5000).to_pay_minor == 5000);
}

static void points_that_the_drawer_does_not_hold_can_be_quoted(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    struct tally_quote quote = quoted(&programme, account, 10000, 500);
    assert_true(quote.redeemed_minor == 500 && quote.redeemable_here == 0);
}

static void a_basket_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    struct tally_basket basket = a_basket(100);
    basket.line_count = 0;
    quote_is_refused(&programme, account, &basket, 0, TALLY_E_INVALID);
    basket = (struct tally_basket){NULL, 1};
    quote_is_refused(&programme, account, &basket, 0, TALLY_E_INVALID);
    basket = a_basket(-1);
    quote_is_refused(&programme, account, &basket, 0, TALLY_E_INVALID);
    basket = a_basket(1);
    line.quantity_milli = 0;
    quote_is_refused(&programme, account, &basket, 0, TALLY_E_INVALID);
    basket = a_basket(1);
    line.sku.len = TALLY_TEXT_LEN_MAX + 1;
    quote_is_refused(&programme, account, &basket, 0, TALLY_E_INVALID);
    basket = a_basket(1);
    basket.line_count = TALLY_LINES_MAX + 1;
    quote_is_refused(&programme, account, &basket, 0, TALLY_E_INVALID);
    const struct tally_line huge[] = {{{NULL, 0}, 1, INT64_MAX}, {{NULL, 0}, 1, 1}};
    basket = (struct tally_basket){huge, 2};
    quote_is_refused(&programme, account, &basket, 0, TALLY_E_OVERFLOW);
    basket.line_count = 1;
    programme.earn_points_per_major_milli = 1000000;
    quote_is_refused(&programme, account, &basket, 0, TALLY_E_OVERFLOW);
}

/* ------------------------------------------------------------------ plans */

static void the_lot_that_expires_first_is_spent_first(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, 21500, 500);
    given(account, TERMINAL, TODAY - 1, 500);
    given(account, TERMINAL, TODAY, 70);
    given(account, TALLY_TERMINAL_HQ, TODAY, 500);
    struct tally_event sale = planned(&programme, account, 1, 10000, 100);
    assert_int_equal(sale.as.sale.spent_count, 2);
    assert_int_equal(sale.as.sale.spent[0].expires_day, TODAY);
    assert_true(sale.as.sale.spent[0].points == 70 && sale.as.sale.spent[1].points == 30);
    applied(account, &sale);
    holds(account, "0:20779=500 7:21152=99 7:21500=470");
    assert_true(account->expired == 500);
}

static void a_plan_is_complete_and_agrees_with_its_check(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, 21500, 500);
    struct tally_event event = planned(&programme, account, 1, 10050, 200);
    const struct tally_sale *sale = &event.as.sale;
    assert_true(sale->account == ACCOUNT && sale->member == MEMBER && sale->line_count == 1);
    assert_true(sale->total_minor == 10050 && sale->redeemed_minor == 200);
    assert_true(sale->earned_points == 98 && sale->debt_paid == 0 && sale->qualifying == 9850);
    assert_int_equal(sale->earned_expires_day, EXPIRES);
    assert_int_equal(tally_sale_check(&programme, &event), TALLY_OK);
}

static void a_claim_that_differs_is_a_mismatch(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, 21500, 500);
    const struct tally_event good = planned(&programme, account, 1, 10000, 200);
    struct tally_event bad;
#define MISMATCH(change)                                                                           \
    bad = good;                                                                                    \
    bad.as.sale.change;                                                                            \
    if (tally_sale_check(&programme, &bad) != TALLY_E_MISMATCH) {                                  \
        fail_msg("%s", #change);                                                                   \
    }
    MISMATCH(total_minor++)
    MISMATCH(redeemed_minor++)
    MISMATCH(redeemed_points += 100)
    MISMATCH(redeemed_points += 1)
    MISMATCH(earned_points++)
    MISMATCH(earned_expires_day++)
    MISMATCH(qualifying--)
    MISMATCH(tier = 3)
    MISMATCH(multiplier_pct = 101)
    MISMATCH(debt_paid = 99)
    MISMATCH(debt_paid = -1)
    MISMATCH(spent_count = 0)
#undef MISMATCH
    bad = good;
    bad.programme_version = 4;
    assert_int_equal(tally_sale_check(&programme, &bad), TALLY_E_INVALID);
    bad = good;
    bad.type = TALLY_EVENT_VOID;
    assert_int_equal(tally_sale_check(&programme, &bad), TALLY_E_INVALID);
    bad = good;
    bad.as.sale.line_count = 0;
    assert_int_equal(tally_sale_check(&programme, &bad), TALLY_E_INVALID);
    assert_int_equal(tally_sale_check(&programme, &good), TALLY_OK);
}

static void too_little_room_for_moves_is_said(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, 21500, 50);
    given(account, TERMINAL, 21501, 50);
    struct tally_basket basket = a_basket(10000);
    struct tally_sale sale;
    assert_int_equal(tally_sale_plan(&programme, account, MEMBER, &basket, 100, TERMINAL, TODAY,
                                     moves, 1, &sale),
                     TALLY_E_NO_MEMORY);
    assert_int_equal(tally_sale_plan(&programme, account, MEMBER, &basket, 100, TERMINAL, TODAY,
                                     moves, 2, &sale),
                     TALLY_OK);
}

static void one_sale_reaches_no_more_lots_than_one_event_can_name(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    for (int32_t i = 0; i < TALLY_MOVES_MAX + 100; i++) {
        given(account, TERMINAL, 30000 + i, 100);
    }
    int64_t here = quoted(&programme, account, INT64_C(100000000), 0).redeemable_here;
    assert_true(here == TALLY_MOVES_MAX * 100);
    struct tally_event sale = planned(&programme, account, 1, INT64_C(100000000), here);
    applied(account, &sale);
    assert_true(tally_account_in_drawer(account, TERMINAL, 30000) == 100 * 100);
}

/* ------------------------------------------------------------------ voids */

static struct tally_event void_planned(const struct tally_account *account,
                                       const struct tally_event *sale, uint64_t seq)
{
    struct tally_event event = an_event_of(TALLY_EVENT_VOID, TERMINAL, seq, TODAY);
    assert_int_equal(
        tally_void_plan(account, sale, TODAY, returned, taken, CLUB_LOTS, &event.as.voided),
        TALLY_OK);
    return event;
}

static void a_void_gives_the_same_lots_back(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, TODAY, 70);
    given(account, TERMINAL, 21500, 500);
    struct tally_event sale = planned(&programme, account, 1, 10000, 100);
    applied(account, &sale);
    struct tally_event voided = void_planned(account, &sale, 2);
    applied(account, &voided);
    holds(account, "7:20779=70 7:21500=500");
    assert_true(account->earned == 0 && account->redeemed == 0 && account->qualifying == 0);
}

static void earned_points_come_out_of_their_own_lot_then_the_latest(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, 21000, 60);
    given(account, TERMINAL, 22000, 20);
    given(account, TERMINAL, 23000, 15);
    struct tally_event sale = planned(&programme, account, 1, 10000, 0);
    applied(account, &sale);
    const struct tally_move spent = {EXPIRES, 60};
    struct tally_move all = spent;
    struct tally_event away = an_adjustment_of(TERMINAL, &all, false);
    applied(account, &away); /* 40 of the 100 are left */
    struct tally_event voided = void_planned(account, &sale, 2);
    assert_int_equal(voided.as.voided.taken_count, 4);
    applied(account, &voided);
    holds(account, "7:21000=35"); /* 40 + 15 + 20 + 25 */
    assert_true(account->debt == 0);
}

static void what_cannot_be_taken_back_becomes_a_debt_that_the_next_sale_pays(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    struct tally_event sale = planned(&programme, account, 1, 10000, 0);
    applied(account, &sale);
    const struct tally_move all = {EXPIRES, 70};
    struct tally_event away = an_adjustment_of(TERMINAL, &all, false);
    applied(account, &away);
    struct tally_event voided = void_planned(account, &sale, 2);
    assert_true(voided.as.voided.debt_added == 70);
    applied(account, &voided);
    holds(account, "");
    assert_true(account->debt == 70);
    sale = planned(&programme, account, 3, 10000, 0);
    assert_true(sale.as.sale.debt_paid == 70);
    applied(account, &sale);
    holds(account, "7:21152=30");
    assert_true(account->debt == 0);
}

static void returned_points_help_to_take_back_what_was_earned(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, 21500, 100);
    struct tally_event sale = planned(&programme, account, 1, 10000, 100);
    applied(account, &sale); /* earned 99, spent 100 */
    const struct tally_move all = {EXPIRES, 99};
    struct tally_event away = an_adjustment_of(TERMINAL, &all, false);
    applied(account, &away);
    struct tally_event voided = void_planned(account, &sale, 2);
    assert_true(voided.as.voided.debt_added == 0);
    applied(account, &voided);
    holds(account, "7:21500=1");
}

static void a_void_on_another_day_is_too_late(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    struct tally_event sale = planned(&programme, account, 1, 10000, 0);
    applied(account, &sale);
    struct tally_void voided;
    assert_int_equal(
        tally_void_plan(account, &sale, TODAY + 1, returned, taken, CLUB_LOTS, &voided),
        TALLY_E_TOO_LATE);
    assert_int_equal(
        tally_void_plan(account, &sale, TODAY - 1, returned, taken, CLUB_LOTS, &voided),
        TALLY_E_TOO_LATE);
}

static void a_void_of_no_sale_or_another_accounts_is_refused(void **state)
{
    (void)state;
    struct tally_programme programme = a_club();
    struct tally_account *account = opened(&club);
    struct tally_event sale = planned(&programme, account, 1, 10000, 0);
    applied(account, &sale);
    struct tally_void voided;
    sale.as.sale.account++;
    assert_int_equal(tally_void_plan(account, &sale, TODAY, returned, taken, CLUB_LOTS, &voided),
                     TALLY_E_INVALID);
    sale.as.sale.account--;
    sale.type = TALLY_EVENT_GRANT;
    assert_int_equal(tally_void_plan(account, &sale, TODAY, returned, taken, CLUB_LOTS, &voided),
                     TALLY_E_INVALID);
    sale.type = TALLY_EVENT_SALE;
    sale.as.sale.redeemed_points = 100;
    assert_int_equal(tally_void_plan(account, &sale, TODAY, returned, taken, CLUB_LOTS, &voided),
                     TALLY_E_INVALID);
    sale.as.sale.redeemed_points = 0;
    assert_int_equal(tally_void_plan(account, &sale, TODAY, returned, taken, 0, &voided),
                     TALLY_E_NO_MEMORY);
}

static void a_draw_takes_head_offices_valid_lots_earliest_last_day_first(void **state)
{
    (void)state;
    static struct tally_move drawn[TALLY_MOVES_MAX];
    struct tally_account *account = opened(&club);
    int64_t points = -1;
    assert_int_equal(tally_draw_moves(account, 100, TODAY, drawn, &points), 0);
    assert_true(points == 0);
    given(account, TERMINAL, TODAY, 1000);
    given(account, TALLY_TERMINAL_HQ, TODAY - 1, 5000); /* lapsed */
    given(account, TALLY_TERMINAL_HQ, TALLY_DAY_NEVER, 70);
    given(account, TALLY_TERMINAL_HQ, TODAY, 40);
    assert_int_equal(tally_draw_moves(account, 100, TODAY, drawn, &points), 2);
    assert_true(points == 100);
    assert_true(drawn[0].expires_day == TODAY && drawn[0].points == 40);
    assert_true(drawn[1].expires_day == TALLY_DAY_NEVER && drawn[1].points == 60);
    assert_int_equal(tally_draw_moves(account, 1000, TODAY, drawn, &points), 2);
    assert_true(points == 110);
    assert_int_equal(tally_draw_moves(account, 0, TODAY, drawn, &points), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_basket_earns_by_its_total_rounded_once),
        cmocka_unit_test(splitting_a_line_never_changes_what_is_earned),
        cmocka_unit_test(a_tier_multiplies_before_the_rounding),
        cmocka_unit_test(what_points_pay_earns_only_where_the_programme_says_so),
        cmocka_unit_test(spend_qualifies_with_money_and_points_with_points),
        cmocka_unit_test(a_quote_shows_the_tier_that_this_sale_reaches),
        cmocka_unit_test(a_redemption_pays_by_steps),
        cmocka_unit_test(redeemable_is_the_least_of_drawer_balance_share_and_step),
        cmocka_unit_test(what_is_redeemable_here_can_be_planned_and_one_step_more_cannot),
        cmocka_unit_test(a_debt_comes_off_what_can_be_redeemed),
        cmocka_unit_test(a_redemption_against_the_rules_is_refused),
        cmocka_unit_test(points_that_the_drawer_does_not_hold_can_be_quoted),
        cmocka_unit_test(a_basket_that_cannot_be_is_refused),
        cmocka_unit_test(the_lot_that_expires_first_is_spent_first),
        cmocka_unit_test(a_plan_is_complete_and_agrees_with_its_check),
        cmocka_unit_test(a_claim_that_differs_is_a_mismatch),
        cmocka_unit_test(too_little_room_for_moves_is_said),
        cmocka_unit_test(one_sale_reaches_no_more_lots_than_one_event_can_name),
        cmocka_unit_test(a_void_gives_the_same_lots_back),
        cmocka_unit_test(earned_points_come_out_of_their_own_lot_then_the_latest),
        cmocka_unit_test(what_cannot_be_taken_back_becomes_a_debt_that_the_next_sale_pays),
        cmocka_unit_test(returned_points_help_to_take_back_what_was_earned),
        cmocka_unit_test(a_void_on_another_day_is_too_late),
        cmocka_unit_test(a_void_of_no_sale_or_another_accounts_is_refused),
        cmocka_unit_test(a_draw_takes_head_offices_valid_lots_earliest_last_day_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
