/* SPDX-License-Identifier: Apache-2.0 */
/* The fold: what each event does to an account, and what it refuses without a trace. */
#include "tests/unit/core/club.h"

static struct club_account club;

enum { TODAY = 20779 }; /* 2026-11-22 */

static struct tally_event a_sale(uint64_t seq, int32_t day, int64_t earned, int32_t expires_day)
{
    struct tally_event event = an_event_of(TALLY_EVENT_SALE, TERMINAL, seq, day);
    event.as.sale.account = ACCOUNT;
    event.as.sale.member = MEMBER;
    event.as.sale.earned_points = earned;
    event.as.sale.earned_expires_day = expires_day;
    return event;
}

static void spends(struct tally_event *sale, const struct tally_move *moves, size_t count)
{
    sale->as.sale.spent = moves;
    sale->as.sale.spent_count = count;
    assert_int_equal(tally_moves_sum(moves, count, &sale->as.sale.redeemed_points), TALLY_OK);
}

/* ------------------------------------------------------------------ sales */

static void earned_points_enter_the_drawer_of_their_terminal(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    struct tally_event sale = a_sale(1, TODAY, 30, 21000);
    applied(account, &sale);
    sale = a_sale(2, TODAY, 5, 21000);
    applied(account, &sale);
    sale = a_sale(3, TODAY, 7, 20900);
    sale.id.terminal = OTHER_TERMINAL;
    applied(account, &sale);
    holds(account, "7:21000=35 8:20900=7");
    assert_true(account->id == ACCOUNT && account->earned == 42 && account->visits == 3);
    assert_int_equal(account->last_visit_day, TODAY);
    assert_int_equal(account->last.terminal, OTHER_TERMINAL);
    assert_true(tally_account_balance(account, TODAY) == 42);
    assert_true(tally_account_balance(account, 20901) == 35);
    assert_true(tally_account_in_drawer(account, TERMINAL, 21000) == 35);
    assert_true(tally_account_in_drawer(account, TERMINAL, 21001) == 0);
    assert_true(tally_account_in_drawer(account, OTHER_TERMINAL, TODAY) == 7);
    assert_true(tally_account_in_drawer(account, 6, TODAY) == 0);
}

static void spent_points_leave_their_lots_and_an_empty_lot_goes(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, 21000, 30);
    given(account, TERMINAL, 21500, 30);
    const struct tally_move moves[] = {{21000, 30}, {21500, 10}};
    struct tally_event sale = a_sale(1, TODAY, 0, 22000);
    spends(&sale, moves, 2);
    applied(account, &sale);
    holds(account, "7:21500=20");
    assert_true(account->redeemed == 40);
}

static void points_in_another_drawer_cannot_be_spent(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    given(account, OTHER_TERMINAL, 21000, 30);
    given(account, TALLY_TERMINAL_HQ, 21000, 30);
    const struct tally_move move = {21000, 1};
    struct tally_event sale = a_sale(1, TODAY, 5, 22000);
    spends(&sale, &move, 1);
    apply_is_refused(account, &sale, TALLY_E_POINTS_SHORT);
}

static void more_than_a_lot_holds_cannot_be_spent(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, 21000, 30);
    given(account, TERMINAL, 21001, 30);
    const struct tally_move moves[] = {{21000, 30}, {21001, 31}};
    struct tally_event sale = a_sale(1, TODAY, 5, 22000);
    spends(&sale, moves, 2);
    apply_is_refused(account, &sale, TALLY_E_POINTS_SHORT);
}

static void lots_of_the_events_own_drawer_lapse_before_it_takes(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    given(account, TALLY_TERMINAL_HQ, TODAY - 1, 1);
    given(account, TERMINAL, TODAY - 5, 2);
    given(account, TERMINAL, TODAY - 1, 4);
    given(account, TERMINAL, TODAY, 8);
    given(account, OTHER_TERMINAL, TODAY - 1, 16);
    const struct tally_move lapsed = {TODAY - 1, 1}, valid = {TODAY, 8};
    struct tally_event sale = a_sale(1, TODAY, 3, 21000);
    spends(&sale, &lapsed, 1);
    apply_is_refused(account, &sale, TALLY_E_POINTS_SHORT);
    spends(&sale, &valid, 1);
    applied(account, &sale);
    holds(account, "0:20778=1 7:21000=3 8:20778=16");
    assert_true(account->expired == 6);
}

static void a_lot_that_never_lapses_never_lapses(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    struct tally_event sale = a_sale(1, TODAY, 3, TALLY_DAY_NEVER);
    applied(account, &sale);
    sale = a_sale(2, TALLY_DAY_NEVER, 0, TALLY_DAY_NEVER);
    applied(account, &sale);
    holds(account, "7:2147483647=3");
}

static void earned_points_pay_a_debt_and_the_rest_becomes_a_lot(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    account->debt = 40;
    account->adjusted = -40;
    struct tally_event sale = a_sale(1, TODAY, 100, 21000);
    sale.as.sale.debt_paid = 40;
    applied(account, &sale);
    holds(account, "7:21000=60");
    assert_true(account->debt == 0 && account->earned == 100);
}

static void a_debt_that_two_terminals_paid_goes_back_through_head_office(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    account->debt = 40;
    account->adjusted = -40;
    struct tally_event sale = a_sale(1, TODAY, 30, 21000);
    sale.as.sale.debt_paid = 30;
    applied(account, &sale);
    sale.id = (struct tally_event_id){OTHER_TERMINAL, 1, 2};
    applied(account, &sale);
    holds(account, "0:21000=20");
    assert_true(account->debt == 0);
    assert_true(tally_account_balance(account, TODAY) == 20);
}

static void a_sale_whose_sums_do_not_agree_is_refused(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, 21000, 30);
    const struct tally_move move = {21000, 10}, falling[] = {{21000, 5}, {20999, 5}};
    struct tally_event sale = a_sale(1, TODAY, 10, 22000);
    spends(&sale, &move, 1);
    sale.as.sale.redeemed_points = 11;
    apply_is_refused(account, &sale, TALLY_E_INVALID);
    sale.as.sale.spent = falling;
    sale.as.sale.spent_count = 2;
    sale.as.sale.redeemed_points = 10;
    apply_is_refused(account, &sale, TALLY_E_INVALID);
    sale = a_sale(1, TODAY, 10, 22000);
    sale.as.sale.debt_paid = 11;
    apply_is_refused(account, &sale, TALLY_E_INVALID);
    sale.as.sale.debt_paid = -1;
    apply_is_refused(account, &sale, TALLY_E_INVALID);
    sale = a_sale(1, TODAY, -1, 22000);
    apply_is_refused(account, &sale, TALLY_E_INVALID);
    sale = a_sale(1, TODAY, 1, 22000);
    sale.as.sale.qualifying = -1;
    apply_is_refused(account, &sale, TALLY_E_INVALID);
}

static void an_event_of_another_account_or_of_none_is_refused(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    struct tally_event sale = a_sale(1, TODAY, 10, 22000);
    applied(account, &sale);
    sale.as.sale.account = ACCOUNT + 1;
    apply_is_refused(account, &sale, TALLY_E_INVALID);
    sale.as.sale.account = 0;
    apply_is_refused(account, &sale, TALLY_E_INVALID);
    sale.as.sale.account = ACCOUNT;
    sale.type = (enum tally_event_type)99;
    apply_is_refused(account, &sale, TALLY_E_INVALID);
}

static void totals_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    struct tally_event sale = a_sale(1, TODAY, INT64_MAX, 22000);
    applied(account, &sale);
    sale = a_sale(2, TODAY, 1, 22001);
    apply_is_refused(account, &sale, TALLY_E_OVERFLOW);
    const struct tally_move move = {22001, 1};
    struct tally_event adjust = an_adjustment_of(OTHER_TERMINAL, &move, true);
    apply_is_refused(account, &adjust, TALLY_E_OVERFLOW);
}

static void too_little_room_for_lots_is_said_before_anything_changes(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    struct tally_event sale = a_sale(1, TODAY, 10, 22000);
    account->lot_cap = tally_account_lots_needed(account, &sale) - 1;
    apply_is_refused(account, &sale, TALLY_E_NO_MEMORY);
    account->lot_cap++;
    applied(account, &sale);
}

/* ------------------------------------------------------------------ voids */

static struct tally_event a_void(uint64_t seq, int32_t day, int64_t sale_seq)
{
    struct tally_event event = an_event_of(TALLY_EVENT_VOID, TERMINAL, seq, day);
    event.as.voided.account = ACCOUNT;
    event.as.voided.sale = (struct tally_event_id){TERMINAL, 1, (uint64_t)sale_seq};
    event.as.voided.sale_day = day;
    return event;
}

static void a_void_undoes_what_the_sale_did(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, 21000, 30);
    const struct tally_move back = {21000, 30}, taken = {22000, 12};
    struct tally_event sale = a_sale(1, TODAY, 12, 22000);
    sale.as.sale.qualifying = 900;
    spends(&sale, &back, 1);
    applied(account, &sale);
    struct tally_event voided = a_void(2, TODAY, 1);
    voided.as.voided.returned = &back;
    voided.as.voided.returned_count = 1;
    voided.as.voided.redeemed_points = 30;
    voided.as.voided.taken = &taken;
    voided.as.voided.taken_count = 1;
    voided.as.voided.earned_points = 12;
    voided.as.voided.qualifying = 900;
    applied(account, &voided);
    holds(account, "7:21000=30");
    assert_true(account->earned == 0 && account->redeemed == 0 && account->visits == 0);
    assert_true(account->qualifying == 0 && account->debt == 0);
}

static void points_that_are_gone_become_a_debt(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    struct tally_event sale = a_sale(1, TODAY, 12, 22000);
    applied(account, &sale);
    const struct tally_move spent = {22000, 10}, taken = {22000, 2};
    sale = a_sale(2, TODAY, 0, 22000);
    spends(&sale, &spent, 1);
    applied(account, &sale);
    struct tally_event voided = a_void(3, TODAY, 1);
    voided.as.voided.taken = &taken;
    voided.as.voided.taken_count = 1;
    voided.as.voided.earned_points = 12;
    voided.as.voided.debt_added = 10;
    applied(account, &voided);
    holds(account, "");
    assert_true(account->debt == 10);
    assert_true(tally_account_balance(account, TODAY) == -10);
}

static void returned_points_that_have_lapsed_come_back_and_lapse_with_the_next_event(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, TODAY, 30);
    const struct tally_move back = {TODAY, 30};
    struct tally_event sale = a_sale(1, TODAY, 0, 22000);
    spends(&sale, &back, 1);
    applied(account, &sale);
    struct tally_event voided = a_void(2, TODAY + 3, 1);
    voided.as.voided.returned = &back;
    voided.as.voided.returned_count = 1;
    voided.as.voided.redeemed_points = 30;
    applied(account, &voided);
    holds(account, "7:20779=30");
    assert_true(tally_account_balance(account, TODAY + 3) == 0);
    sale = a_sale(3, TODAY + 3, 0, 22000);
    applied(account, &sale);
    holds(account, "");
    assert_true(account->expired == 30);
}

static void a_void_that_takes_what_is_not_there_is_refused(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    struct tally_event sale = a_sale(1, TODAY, 12, 22000);
    applied(account, &sale);
    const struct tally_move taken = {22000, 13};
    struct tally_event voided = a_void(2, TODAY, 1);
    voided.as.voided.taken = &taken;
    voided.as.voided.taken_count = 1;
    voided.as.voided.earned_points = 13;
    apply_is_refused(account, &voided, TALLY_E_POINTS_SHORT);
}

static void a_void_whose_sums_do_not_agree_or_of_another_terminals_sale_is_refused(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    struct tally_event sale = a_sale(1, TODAY, 12, 22000);
    applied(account, &sale);
    const struct tally_move taken = {22000, 12};
    struct tally_event good = a_void(2, TODAY, 1);
    good.as.voided.taken = &taken;
    good.as.voided.taken_count = 1;
    good.as.voided.earned_points = 12;
    struct tally_event bad = good;
    bad.as.voided.earned_points = 13;
    apply_is_refused(account, &bad, TALLY_E_INVALID);
    bad = good;
    bad.as.voided.redeemed_points = 1;
    apply_is_refused(account, &bad, TALLY_E_INVALID);
    bad = good;
    bad.as.voided.debt_added = -1;
    apply_is_refused(account, &bad, TALLY_E_INVALID);
    bad = good;
    bad.as.voided.sale.terminal = OTHER_TERMINAL;
    apply_is_refused(account, &bad, TALLY_E_INVALID);
    applied(account, &good);
}

/* ------------------------------------------------------------------ grants and adjustments */

static struct tally_event a_grant(const struct tally_move *moves, size_t count)
{
    struct tally_event event = an_event_of(TALLY_EVENT_GRANT, TERMINAL, 5, TODAY);
    event.as.grant = (struct tally_grant){ACCOUNT, 1, TERMINAL, moves, count};
    return event;
}

static void a_grant_moves_points_from_head_office_to_the_terminal(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    given(account, TALLY_TERMINAL_HQ, 21000, 30);
    given(account, TALLY_TERMINAL_HQ, 21500, 30);
    given(account, TERMINAL, TODAY - 9, 2); /* nothing lapses */
    const struct tally_move moves[] = {{21000, 30}, {21500, 10}};
    struct tally_event grant = a_grant(moves, 2);
    applied(account, &grant);
    holds(account, "0:21500=20 7:20770=2 7:21000=30 7:21500=10");
    assert_true(account->adjusted == 62); /* as given; the grant itself adds nothing */
}

static void granted_points_that_were_not_known_count_as_adjusted(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    given(account, TALLY_TERMINAL_HQ, 21000, 4);
    const struct tally_move moves[] = {{21000, 10}, {21500, 1}};
    struct tally_event grant = a_grant(moves, 2);
    applied(account, &grant);
    holds(account, "7:21000=10 7:21500=1");
    assert_true(account->adjusted == 4 + 6 + 1);
}

static void a_grant_to_head_office_is_refused(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    const struct tally_move move = {21000, 10};
    struct tally_event grant = a_grant(&move, 1);
    grant.as.grant.to_terminal = TALLY_TERMINAL_HQ;
    apply_is_refused(account, &grant, TALLY_E_INVALID);
}

static void an_adjustment_gives_to_and_takes_from_the_drawer_it_names(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    given(account, OTHER_TERMINAL, TODAY - 1, 50);
    const struct tally_move move = {TODAY - 1, 20};
    struct tally_event take = an_adjustment_of(OTHER_TERMINAL, &move, false);
    take.business_day = TODAY; /* nothing lapses */
    take.as.adjust.qualifying = 700;
    applied(account, &take);
    holds(account, "8:20778=30");
    assert_true(account->adjusted == 30 && account->qualifying == 700);
    assert_int_equal(account->qualifying_year, 2026);
    assert_true(account->visits == 0);
}

static void an_adjustment_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    given(account, TERMINAL, 21000, 50);
    const struct tally_move move = {21000, 51};
    struct tally_event adjust = an_adjustment_of(TERMINAL, &move, false);
    apply_is_refused(account, &adjust, TALLY_E_POINTS_SHORT);
    adjust.as.adjust.points = -50;
    apply_is_refused(account, &adjust, TALLY_E_INVALID);
    adjust.as.adjust.points = INT64_MIN;
    apply_is_refused(account, &adjust, TALLY_E_INVALID);
    adjust = an_adjustment_of(TERMINAL, &move, true);
    adjust.as.adjust.qualifying = -1;
    apply_is_refused(account, &adjust, TALLY_E_INVALID);
}

static void an_enrolment_opens_an_account(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    struct tally_event enrol = an_event_of(TALLY_EVENT_ENROL, TERMINAL, 1, TODAY);
    enrol.as.enrol.account = ACCOUNT;
    enrol.as.enrol.member = MEMBER;
    applied(account, &enrol);
    assert_true(account->id == ACCOUNT && account->visits == 0 && account->qualifying_year == 0);
}

/* ------------------------------------------------------------------ tiers */

static void qualifies(struct tally_account *account, int32_t year, int64_t amount)
{
    struct tally_event sale = a_sale(1, tally_day_from_date(year, 6, 1), 0, TALLY_DAY_NEVER);
    sale.as.sale.qualifying = amount;
    applied(account, &sale);
}

static size_t tier_in(const struct tally_account *account, int32_t year)
{
    struct tally_programme programme = a_club();
    return tally_account_tier(account, &programme, tally_day_from_date(year, 1, 1));
}

static void a_tier_holds_to_the_end_of_the_next_year(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    assert_int_equal(tier_in(account, 2026), 0);
    qualifies(account, 2026, 200000);
    assert_int_equal(tier_in(account, 2025), 0);
    assert_int_equal(tier_in(account, 2026), 1);
    assert_int_equal(tier_in(account, 2027), 1);
    assert_int_equal(tier_in(account, 2028), 0);
    qualifies(account, 2027, 10);
    assert_int_equal(tier_in(account, 2026), 1);
    assert_int_equal(tier_in(account, 2027), 1);
    assert_int_equal(tier_in(account, 2028), 0);
}

static void the_better_of_two_years_counts(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    qualifies(account, 2026, 200000);
    qualifies(account, 2027, 2000000);
    assert_int_equal(tier_in(account, 2026), 1);
    assert_int_equal(tier_in(account, 2027), 2);
    assert_int_equal(tier_in(account, 2028), 2);
}

static void years_count_the_same_in_any_order(void **state)
{
    (void)state;
    static const int32_t orders[][3] = {{2025, 2026, 2027}, {2027, 2026, 2025}, {2026, 2027, 2025},
                                        {2025, 2027, 2026}, {2027, 2025, 2026}, {2026, 2025, 2027}};
    for (size_t i = 0; i < 6; i++) {
        struct tally_account *account = opened(&club);
        for (size_t j = 0; j < 3; j++) {
            qualifies(account, orders[i][j], orders[i][j]);
        }
        assert_int_equal(account->qualifying_year, 2027);
        assert_true(account->qualifying == 2027 && account->qualifying_before == 2026);
    }
}

static void a_gap_year_forgets_what_was_before_it(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    qualifies(account, 2024, 5);
    qualifies(account, 2026, 7);
    assert_true(account->qualifying == 7 && account->qualifying_before == 0);
}

static void a_void_undoes_qualification_in_the_year_of_its_sale(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    qualifies(account, 2026, 100);
    qualifies(account, 2027, 7);
    struct tally_event voided = a_void(9, tally_day_from_date(2027, 1, 1), 1);
    voided.as.voided.sale_day = tally_day_from_date(2026, 12, 31);
    voided.as.voided.qualifying = 100;
    applied(account, &voided);
    assert_true(account->qualifying == 7 && account->qualifying_before == 0);
}

static void a_tier_can_be_asked_for_before_it_is_reached(void **state)
{
    (void)state;
    struct tally_account *account = opened(&club);
    struct tally_programme programme = a_club();
    int32_t day = tally_day_from_date(2026, 6, 1);
    qualifies(account, 2026, 150000);
    assert_int_equal(tally_account_tier_after(account, &programme, day, 49999), 0);
    assert_int_equal(tally_account_tier_after(account, &programme, day, 50000), 1);
    assert_int_equal(tally_account_tier_after(account, &programme, day, INT64_MAX), 2);
    assert_true(account->qualifying == 150000);
}

/* ------------------------------------------------------------------ bytes */

static struct tally_account *a_rich_account(void)
{
    struct tally_account *account = opened(&club);
    given(account, TALLY_TERMINAL_HQ, 21000, 5);
    given(account, TERMINAL, -3, 30);
    given(account, TERMINAL, TALLY_DAY_NEVER, INT64_C(1) << 40);
    struct tally_event sale = a_sale(UINT64_MAX - 1, TODAY, 300, 21500);
    sale.as.sale.qualifying = 123456789;
    applied(account, &sale);
    return account;
}

static void an_account_comes_back_from_its_bytes(void **state)
{
    (void)state;
    static struct club_account other;
    static uint8_t bytes[1024];
    struct tally_account *account = a_rich_account(), *back = opened(&other);
    size_t len = 0, needed = 0;
    assert_int_equal(tally_account_encode(account, bytes, sizeof bytes, &len), TALLY_OK);
    assert_int_equal(len, tally_account_encoded_len(account));
    assert_int_equal(tally_account_decode(back, bytes, len, &needed), TALLY_OK);
    assert_int_equal(needed, account->lot_count);
    assert_true(is_same(account, back));
    assert_int_equal(back->lot_cap, CLUB_LOTS);
    holds(back, "0:21000=5 7:21500=300 7:2147483647=1099511627776");
    assert_true(back->expired == 30 && back->last.seq == UINT64_MAX - 1);
}

static void the_bytes_of_an_account_are_the_same_on_every_architecture(void **state)
{
    (void)state;
    static const uint8_t expected[] = {
        1,  0, 9,    0,    0,    0,    0,    0,    0,    0,    0x2C, 1,    0,    0, 0, 0, 0,
        0,  0, 0,    0,    0,    0,    0,    0,    0,    30,   0,    0,    0,    0, 0, 0, 0,
        35, 0, 0,    0,    0,    1,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0, 0xEA,
        7,  0, 0,    0x15, 0xCD, 0x5B, 7,    0,    0,    0,    0,    0,    0,    0, 0, 0, 0,
        0,  0, 1,    0,    0,    0,    0,    0,    0,    0,    0x2B, 0x51, 0,    0, 7, 0, 0,
        0,  1, 0,    0,    0,    0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 3, 0, 0, 0,
        0,  0, 0,    0,    8,    0x52, 0,    0,    5,    0,    0,    0,    0,    0, 0, 0, 7,
        0,  0, 0,    0xFC, 0x53, 0,    0,    0x2C, 1,    0,    0,    0,    0,    0, 0, 7, 0,
        0,  0, 0xFF, 0xFF, 0xFF, 0x7F, 0,    0,    0,    0,    0,    1,    0,    0};
    static uint8_t bytes[1024];
    size_t len = 0;
    assert_int_equal(tally_account_encode(a_rich_account(), bytes, sizeof bytes, &len), TALLY_OK);
    assert_int_equal(len, sizeof expected);
    assert_memory_equal(bytes, expected, len);
}

static void an_encoding_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[102];
    size_t len = 77;
    assert_int_equal(tally_account_encode(a_rich_account(), bytes, sizeof bytes, &len),
                     TALLY_E_NO_MEMORY);
    assert_int_equal(len, 77);
}

static void too_little_room_for_decoding_says_how_much_is_needed(void **state)
{
    (void)state;
    static struct club_account other;
    static uint8_t bytes[1024];
    size_t len = 0, needed = 0;
    assert_int_equal(tally_account_encode(a_rich_account(), bytes, sizeof bytes, &len), TALLY_OK);
    struct tally_account *back = opened(&other);
    back->lot_cap = 2;
    assert_int_equal(tally_account_decode(back, bytes, len, &needed), TALLY_E_NO_MEMORY);
    assert_int_equal(needed, 3);
    assert_true(back->id == 0);
}

static void damaged_bytes_are_refused(void **state)
{
    (void)state;
    static struct club_account other;
    static uint8_t bytes[1024];
    size_t len = 0, needed = 0;
    assert_int_equal(tally_account_encode(a_rich_account(), bytes, sizeof bytes, &len), TALLY_OK);
    for (size_t cut = 0; cut < len; cut++) {
        struct tally_account *back = opened(&other);
        assert_int_equal(tally_account_decode(back, bytes, cut, &needed), TALLY_E_STORE_DAMAGED);
        assert_true(back->id == 0 && back->lot_count == 0);
    }
    assert_int_equal(tally_account_decode(opened(&other), bytes, len + 16, &needed),
                     TALLY_E_STORE_DAMAGED);
    for (size_t at = 10; at < 50; at++) { /* totals: conservation tells */
        bytes[at] ^= 1;
        assert_int_equal(tally_account_decode(opened(&other), bytes, len, &needed),
                         TALLY_E_STORE_DAMAGED);
        bytes[at] ^= 1;
    }
    for (size_t at = 98; at < len; at++) { /* the count and the lots: order or conservation tells */
        bool is_day_or_drawer = at >= 102 && (at - 102) % 16 < 8;
        bytes[at] ^= 0x80;
        enum tally_status status = tally_account_decode(opened(&other), bytes, len, &needed);
        assert_true(status == TALLY_E_STORE_DAMAGED || (status == TALLY_OK && is_day_or_drawer));
        bytes[at] ^= 0x80;
    }
    bytes[0] = 0;
    assert_int_equal(tally_account_decode(opened(&other), bytes, len, &needed),
                     TALLY_E_STORE_DAMAGED);
}

static void a_newer_layout_is_told_from_damage(void **state)
{
    (void)state;
    static struct club_account other;
    const uint8_t newer[] = {2, 0, 1, 2, 3};
    size_t needed = 0;
    assert_int_equal(tally_account_decode(opened(&other), newer, sizeof newer, &needed),
                     TALLY_E_STORE_VERSION);
}

static void a_damaged_account_is_found(void **state)
{
    (void)state;
    struct tally_account *account = a_rich_account();
    assert_int_equal(tally_account_check(account), TALLY_OK);
    account->lots[0].points++;
    assert_int_equal(tally_account_check(account), TALLY_E_STORE_DAMAGED);
    account->adjusted++;
    assert_int_equal(tally_account_check(account), TALLY_OK);
    account->lots[1].drawer = TALLY_TERMINAL_HQ;
    account->lots[1].expires_day = 21000; /* twice the same lot */
    assert_int_equal(tally_account_check(account), TALLY_E_STORE_DAMAGED);
    account = a_rich_account();
    account->debt = -1;
    account->adjusted++;
    assert_int_equal(tally_account_check(account), TALLY_E_STORE_DAMAGED);
    account = a_rich_account();
    account->adjusted -= account->lots[0].points;
    account->lots[0].points = 0;
    assert_int_equal(tally_account_check(account), TALLY_E_STORE_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(earned_points_enter_the_drawer_of_their_terminal),
        cmocka_unit_test(spent_points_leave_their_lots_and_an_empty_lot_goes),
        cmocka_unit_test(points_in_another_drawer_cannot_be_spent),
        cmocka_unit_test(more_than_a_lot_holds_cannot_be_spent),
        cmocka_unit_test(lots_of_the_events_own_drawer_lapse_before_it_takes),
        cmocka_unit_test(a_lot_that_never_lapses_never_lapses),
        cmocka_unit_test(earned_points_pay_a_debt_and_the_rest_becomes_a_lot),
        cmocka_unit_test(a_debt_that_two_terminals_paid_goes_back_through_head_office),
        cmocka_unit_test(a_sale_whose_sums_do_not_agree_is_refused),
        cmocka_unit_test(an_event_of_another_account_or_of_none_is_refused),
        cmocka_unit_test(totals_that_do_not_fit_are_refused),
        cmocka_unit_test(too_little_room_for_lots_is_said_before_anything_changes),
        cmocka_unit_test(a_void_undoes_what_the_sale_did),
        cmocka_unit_test(points_that_are_gone_become_a_debt),
        cmocka_unit_test(returned_points_that_have_lapsed_come_back_and_lapse_with_the_next_event),
        cmocka_unit_test(a_void_that_takes_what_is_not_there_is_refused),
        cmocka_unit_test(a_void_whose_sums_do_not_agree_or_of_another_terminals_sale_is_refused),
        cmocka_unit_test(a_grant_moves_points_from_head_office_to_the_terminal),
        cmocka_unit_test(granted_points_that_were_not_known_count_as_adjusted),
        cmocka_unit_test(a_grant_to_head_office_is_refused),
        cmocka_unit_test(an_adjustment_gives_to_and_takes_from_the_drawer_it_names),
        cmocka_unit_test(an_adjustment_that_cannot_be_is_refused),
        cmocka_unit_test(an_enrolment_opens_an_account),
        cmocka_unit_test(a_tier_holds_to_the_end_of_the_next_year),
        cmocka_unit_test(the_better_of_two_years_counts),
        cmocka_unit_test(years_count_the_same_in_any_order),
        cmocka_unit_test(a_gap_year_forgets_what_was_before_it),
        cmocka_unit_test(a_void_undoes_qualification_in_the_year_of_its_sale),
        cmocka_unit_test(a_tier_can_be_asked_for_before_it_is_reached),
        cmocka_unit_test(an_account_comes_back_from_its_bytes),
        cmocka_unit_test(the_bytes_of_an_account_are_the_same_on_every_architecture),
        cmocka_unit_test(an_encoding_that_does_not_fit_is_refused),
        cmocka_unit_test(too_little_room_for_decoding_says_how_much_is_needed),
        cmocka_unit_test(damaged_bytes_are_refused),
        cmocka_unit_test(a_newer_layout_is_told_from_damage),
        cmocka_unit_test(a_damaged_account_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
