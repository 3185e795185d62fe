/* SPDX-License-Identifier: Apache-2.0 */
/* The fold: what each move does to an account, what it refuses without a trace, and its bytes. */
#include "tests/unit/core/fold.h"

#include <stdlib.h>

static struct fold fold, other;

enum { STAMPS = 77, YEAR_BEGIN = 20454, YEAR_END = 20818 };

static const struct tally_span this_year = {YEAR_BEGIN, YEAR_END};

static struct happening a_sale(uint64_t seq)
{
    return a_happening(TALLY_EVENT_SALE, TERMINAL, seq);
}

/* ------------------------------------------------------------------ moves */

static void an_account_begins_empty_and_takes_the_first_events_name(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    assert_int_equal(tally_account_check(account), TALLY_OK);
    assert_true(account->id == 0 && account->since_day == INT32_MAX &&
                account->last_sale_day == INT32_MIN);
    struct happening enrolled = a_happening(TALLY_EVENT_ENROL, TERMINAL, 1);
    enrolled.event.account = 0;
    apply_is_refused(&fold, &enrolled, TALLY_E_INVALID);
    enrolled.event.account = ACCOUNT;
    applied(&fold, &enrolled);
    assert_true(account->id == ACCOUNT && account->since_day == TODAY &&
                account->newest_day == TODAY && account->last_sale_day == INT32_MIN);
    assert_int_equal(account->last.terminal, TERMINAL);
    struct happening of_another = a_sale(2);
    of_another.event.account = ACCOUNT + 1;
    apply_is_refused(&fold, &of_another, TALLY_E_INVALID);
    of_another.event.account = 0;
    apply_is_refused(&fold, &of_another, TALLY_E_INVALID);
}

static void a_zeroed_account_is_as_empty_as_a_cleared_one(void **state)
{
    (void)state;
    opened(&fold);
    struct tally_account zeroed = {0}, after = fold.spare;
    assert_true(is_same(&zeroed, &fold.account));
    struct happening sale = a_sale(1);
    assert_int_equal(tally_account_apply(&zeroed, event_of(&sale), &after), TALLY_OK);
    applied(&fold, &sale);
    assert_true(is_same(&after, &fold.account));
}

static void earned_points_enter_the_drawer_of_their_terminal(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    struct happening sale = a_sale(1);
    moves(&sale, TALLY_MOVE_EARN, 0, 20900, 0, 5);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, 0, 30);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, TODAY + 14, 2);
    moves(&sale, TALLY_MOVE_EARN, STAMPS, TALLY_DAY_NEVER, 0, 1);
    applied(&fold, &sale);
    sale.event.id = (struct tally_event_id){OTHER_TERMINAL, 1, 1};
    applied(&fold, &sale);
    sale.event.id = (struct tally_event_id){TERMINAL, 1, 2};
    applied(&fold, &sale);
    lots_are(account, "7/0:20900=10 7/0:21000=60 7/0:21000>20793=4 7/77:2147483647=2 "
                      "8/0:20900=5 8/0:21000=30 8/0:21000>20793=2 8/77:2147483647=1");
    purse_is(account, 0, "111 0 0 0 0");
    purse_is(account, STAMPS, "3 0 0 0 0");
    purse_is(account, 5, "0 0 0 0 0");
}

static void redeemed_points_leave_their_lots_and_an_empty_lot_goes(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    given(&fold, TERMINAL, 0, 21000, 30);
    given(&fold, TERMINAL, 0, 21500, 30);
    struct happening sale = a_sale(1);
    moves(&sale, TALLY_MOVE_REDEEM, 0, 21000, 0, 30);
    moves(&sale, TALLY_MOVE_REDEEM, 0, 21500, 0, 10);
    applied(&fold, &sale);
    lots_are(account, "7/0:21500=20");
    purse_is(account, 0, "0 40 0 60 0");
}

static void points_that_are_not_in_that_very_lot_cannot_be_taken(void **state)
{
    (void)state;
    opened(&fold);
    given(&fold, OTHER_TERMINAL, 0, 21000, 30);
    given(&fold, TALLY_TERMINAL_HQ, 0, 21000, 30);
    given(&fold, TERMINAL, STAMPS, 21000, 30);
    given(&fold, TERMINAL, 0, 21000, 30);
    static const struct tally_move wrong[] = {
        {TALLY_MOVE_REDEEM, 0, 21000, 0, 31},      {TALLY_MOVE_REDEEM, 0, 20999, 0, 1},
        {TALLY_MOVE_REDEEM, 0, 21000, 5, 1},       {TALLY_MOVE_REDEEM, 1, 21000, 0, 1},
        {TALLY_MOVE_REDEEM, STAMPS, 21000, 0, 31}, {TALLY_MOVE_EXPIRE, 0, 21000, 0, 31},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct happening sale = a_sale(2);
        sale.moves[sale.move_count++] = wrong[i];
        counts(&sale, TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, 1);
        apply_is_refused(&fold, &sale, TALLY_E_POINTS_SHORT);
    }
}

static void lapsed_points_are_counted_as_expired(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    given(&fold, TERMINAL, 0, TODAY - 1, 30);
    struct happening sale = a_sale(1);
    moves(&sale, TALLY_MOVE_EXPIRE, 0, TODAY - 1, 0, 30);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, 0, 3);
    applied(&fold, &sale);
    lots_are(account, "7/0:21000=3");
    purse_is(account, 0, "3 0 30 30 0");
}

static void a_refund_takes_back_and_gives_back(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    struct happening sale = a_sale(1);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, 0, 10);
    applied(&fold, &sale);
    struct happening refund = a_happening(TALLY_EVENT_REFUND, TERMINAL, 2);
    moves(&refund, TALLY_MOVE_UNREDEEM, 0, 20990, 0, 8);
    moves(&refund, TALLY_MOVE_UNEARN, 0, 21000, 0, 6);
    moves(&refund, TALLY_MOVE_UNEARN_DEBT, 0, 0, 0, 3);
    applied(&fold, &refund);
    lots_are(account, "7/0:20990=8 7/0:21000=4");
    purse_is(account, 0, "1 -8 0 0 3");
    assert_true(tally_account_balance(account, 0, TODAY, 0).usable == 9);
}

static void a_purse_with_nothing_left_in_it_goes(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    struct happening sale = a_sale(1);
    moves(&sale, TALLY_MOVE_EARN, STAMPS, 21000, 0, 10);
    applied(&fold, &sale);
    assert_int_equal(account->purse_count, 1);
    struct happening undone = a_happening(TALLY_EVENT_VOID, TERMINAL, 2);
    moves(&undone, TALLY_MOVE_UNEARN, STAMPS, 21000, 0, 10);
    applied(&fold, &undone);
    assert_int_equal(account->purse_count, 0);
    assert_int_equal(account->lot_count, 0);
}

static void an_adjustment_acts_on_the_drawer_it_names(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    given(&fold, OTHER_TERMINAL, 0, 21000, 30);
    struct happening adjusted = a_happening(TALLY_EVENT_ADJUST, TALLY_TERMINAL_HQ, 2);
    adjusted.event.as.adjust.drawer = OTHER_TERMINAL;
    moves(&adjusted, TALLY_MOVE_EXPIRE, 0, 21000, 0, 5);
    moves(&adjusted, TALLY_MOVE_ADJUST_OUT, 0, 21000, 0, 20);
    moves(&adjusted, TALLY_MOVE_ADJUST_DEBT, 0, 0, 0, 2);
    applied(&fold, &adjusted);
    lots_are(account, "8/0:21000=5");
    purse_is(account, 0, "0 0 5 8 2");
}

static void a_transfer_leaves_one_account_and_enters_another(void **state)
{
    (void)state;
    opened(&fold);
    opened(&other);
    given(&fold, TALLY_TERMINAL_HQ, 0, 21000, 30);
    struct happening sent = a_happening(TALLY_EVENT_TRANSFER, TALLY_TERMINAL_HQ, 2);
    moves(&sent, TALLY_MOVE_ADJUST_OUT, 0, 21000, 0, 12);
    applied(&fold, &sent);
    struct happening received = a_happening(TALLY_EVENT_TRANSFER, TALLY_TERMINAL_HQ, 3);
    received.event.account = ACCOUNT + 1;
    moves(&received, TALLY_MOVE_ADJUST_IN, 0, 21000, 0, 12);
    applied(&other, &received);
    lots_are(&fold.account, "0/0:21000=18");
    lots_are(&other.account, "0/0:21000=12");
}

/* ------------------------------------------------------------------ debts */

static void in_debt(struct fold *to, int64_t points)
{
    struct happening adjusted = a_happening(TALLY_EVENT_ADJUST, TALLY_TERMINAL_HQ, 1);
    moves(&adjusted, TALLY_MOVE_ADJUST_DEBT, 0, 0, 0, points);
    applied(to, &adjusted);
}

static void earned_points_pay_a_debt(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    in_debt(&fold, 40);
    assert_true(tally_account_balance(account, 0, TODAY, 0).usable == -40);
    struct happening sale = a_sale(1);
    moves(&sale, TALLY_MOVE_EARN_DEBT, 0, 21000, 0, 40);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, 0, 60);
    applied(&fold, &sale);
    lots_are(account, "7/0:21000=60");
    purse_is(account, 0, "100 0 0 -40 0");
}

static void what_two_terminals_paid_too_much_of_a_debt_goes_to_head_office(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    in_debt(&fold, 40);
    struct happening sale = a_sale(1);
    moves(&sale, TALLY_MOVE_EARN_DEBT, 0, 21000, TODAY + 3, 30);
    applied(&fold, &sale);
    purse_is(account, 0, "30 0 0 -40 10");
    sale.event.id.terminal = OTHER_TERMINAL;
    applied(&fold, &sale);
    lots_are(account, "0/0:21000>20782=20");
    purse_is(account, 0, "60 0 0 -40 0");
}

static void a_debt_of_stamps_is_not_paid_with_points(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    struct happening adjusted = a_happening(TALLY_EVENT_ADJUST, TALLY_TERMINAL_HQ, 1);
    moves(&adjusted, TALLY_MOVE_ADJUST_DEBT, STAMPS, 0, 0, 3);
    applied(&fold, &adjusted);
    struct happening sale = a_sale(1);
    moves(&sale, TALLY_MOVE_EARN_DEBT, 0, 21000, 0, 3);
    applied(&fold, &sale);
    lots_are(account, "0/0:21000=3");
    purse_is(account, STAMPS, "0 0 0 -3 3");
}

/* ------------------------------------------------------------------ grants */

static void a_grant_moves_points_out_of_head_offices_drawer(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    given(&fold, TALLY_TERMINAL_HQ, 0, 21000, 30);
    struct happening grant = a_happening(TALLY_EVENT_GRANT, TALLY_TERMINAL_HQ, 2);
    grant.event.as.grant = (struct tally_grant){1, TERMINAL};
    moves(&grant, TALLY_MOVE_GRANT, 0, 21000, 0, 12);
    applied(&fold, &grant);
    lots_are(account, "0/0:21000=18 7/0:21000=12");
    purse_is(account, 0, "0 0 0 30 0");
}

static void a_grant_with_an_old_picture_of_head_office_counts_the_rest_as_adjusted(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    given(&fold, TALLY_TERMINAL_HQ, 0, 21000, 10);
    struct happening grant = a_happening(TALLY_EVENT_GRANT, TALLY_TERMINAL_HQ, 2);
    grant.event.as.grant = (struct tally_grant){1, TERMINAL};
    moves(&grant, TALLY_MOVE_GRANT, 0, 21000, 0, 12);
    moves(&grant, TALLY_MOVE_GRANT, 0, 21001, 0, 5);
    applied(&fold, &grant);
    lots_are(account, "7/0:21000=12 7/0:21001=5");
    purse_is(account, 0, "0 0 0 17 0");
}

/* ------------------------------------------------------------------ holds */

static void held(struct fold *of, uint64_t seq, int64_t points, int64_t until_ms)
{
    struct happening hold = a_happening(TALLY_EVENT_HOLD, TERMINAL, seq);
    hold.event.as.hold.until_ms = until_ms;
    moves(&hold, TALLY_MOVE_HOLD, 0, 21000, 0, points);
    applied(of, &hold);
}

static void held_points_cannot_be_redeemed_until_the_hold_is_opened(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    given(&fold, TERMINAL, 0, 21000, 30);
    held(&fold, 12, 25, 5000);
    lots_are(account, "7/0:21000=5 7/0#12:21000=25");
    assert_int_equal(account->hold_count, 1);
    struct tally_balance balance = tally_account_balance(account, 0, TODAY, 5000);
    assert_true(balance.usable == 5 && balance.held == 25);
    balance = tally_account_balance(account, 0, TODAY, 5001);
    assert_true(balance.usable == 30 && balance.held == 0);
    struct happening sale = a_sale(13);
    moves(&sale, TALLY_MOVE_REDEEM, 0, 21000, 0, 6);
    apply_is_refused(&fold, &sale, TALLY_E_POINTS_SHORT);
}

static void a_capture_redeems_from_its_hold_and_releases_the_rest(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    given(&fold, TERMINAL, 0, 21000, 30);
    held(&fold, 12, 25, 5000);
    held(&fold, 13, 2, 6000);
    struct happening sale = a_sale(14);
    sale.event.effects.hold = 12;
    moves(&sale, TALLY_MOVE_RELEASE, 0, 21000, 0, 5);
    moves(&sale, TALLY_MOVE_REDEEM_HELD, 0, 21000, 0, 20);
    applied(&fold, &sale);
    lots_are(account, "7/0:21000=8 7/0#13:21000=2");
    assert_true(account->hold_count == 1 && account->holds[0].hold == 13);
    purse_is(account, 0, "0 20 0 30 0");
    apply_is_refused(&fold, &sale, TALLY_E_NOT_FOUND);
}

static void a_hold_that_still_has_points_stays(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    given(&fold, TERMINAL, 0, 21000, 30);
    held(&fold, 12, 25, 5000);
    struct happening release = a_happening(TALLY_EVENT_RELEASE, TERMINAL, 13);
    release.event.effects.hold = 12;
    moves(&release, TALLY_MOVE_RELEASE, 0, 21000, 0, 24);
    applied(&fold, &release);
    assert_int_equal(account->hold_count, 1);
    apply_is_refused(&fold, &release, TALLY_E_POINTS_SHORT);
    release.moves[0].points = 1;
    applied(&fold, &release);
    assert_int_equal(account->hold_count, 0);
    lots_are(account, "7/0:21000=30");
}

static void no_terminal_opens_the_hold_of_another(void **state)
{
    (void)state;
    opened(&fold);
    given(&fold, TERMINAL, 0, 21000, 30);
    held(&fold, 12, 25, 5000);
    struct happening release = a_happening(TALLY_EVENT_RELEASE, OTHER_TERMINAL, 13);
    release.event.effects.hold = 12;
    moves(&release, TALLY_MOVE_RELEASE, 0, 21000, 0, 25);
    apply_is_refused(&fold, &release, TALLY_E_NOT_FOUND);
}

static void a_person_can_release_the_hold_of_a_terminal_that_is_gone(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    given(&fold, TERMINAL, 0, 21000, 30);
    held(&fold, 12, 25, 5000);
    struct happening adjusted = a_happening(TALLY_EVENT_ADJUST, TALLY_TERMINAL_HQ, 2);
    adjusted.event.as.adjust.drawer = TERMINAL;
    adjusted.event.effects.hold = 12;
    moves(&adjusted, TALLY_MOVE_RELEASE, 0, 21000, 0, 25);
    moves(&adjusted, TALLY_MOVE_ADJUST_OUT, 0, 21000, 0, 30);
    applied(&fold, &adjusted);
    assert_true(account->lot_count == 0 && account->hold_count == 0);
}

static void a_hold_of_an_earlier_epoch_with_the_same_number_joins_the_new_one(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    given(&fold, TERMINAL, 0, 21000, 30);
    held(&fold, 12, 5, 5000);
    held(&fold, 12, 6, 9000);
    held(&fold, 12, 7, 8000);
    lots_are(account, "7/0:21000=12 7/0#12:21000=18");
    assert_true(account->hold_count == 1 && account->holds[0].until_ms == 9000);
}

/* ------------------------------------------------------------------ counters */

static void counters_are_added_and_those_that_come_to_nothing_go(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    struct happening sale = a_sale(1);
    counts(&sale, TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, 1);
    counts(&sale, TALLY_COUNT_SPEND, 0, YEAR_BEGIN, YEAR_END, 3000);
    counts(&sale, TALLY_COUNT_RULE, 5, TODAY, TODAY, 10);
    counts(&sale, TALLY_COUNT_RULE, 6, TODAY, TODAY, 10);
    applied(&fold, &sale);
    sale.event.id.seq = 2;
    applied(&fold, &sale);
    assert_true(tally_account_count(account, TALLY_COUNT_SPEND, 0, this_year) == 6000);
    assert_true(
        tally_account_count(account, TALLY_COUNT_RULE, 5, (struct tally_span){TODAY, TODAY}) == 20);
    assert_true(tally_account_visits(account) == 2);
    struct happening undone = a_happening(TALLY_EVENT_VOID, TERMINAL, 3);
    counts(&undone, TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, -1);
    counts(&undone, TALLY_COUNT_SPEND, 0, YEAR_BEGIN, YEAR_END, -6500);
    counts(&undone, TALLY_COUNT_RULE, 6, TODAY, TODAY, -20);
    applied(&fold, &undone);
    assert_int_equal(account->count_count, 3);
    assert_true(tally_account_count(account, TALLY_COUNT_SPEND, 0, this_year) == -500);
    assert_true(tally_account_visits(account) == 1);
}

static void a_counter_is_forgotten_the_day_after_its_last(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    struct happening sale = a_sale(1);
    counts(&sale, TALLY_COUNT_RULE, 5, TODAY, TODAY, 10);
    applied(&fold, &sale);
    struct happening enrol = a_happening(TALLY_EVENT_ENROL, OTHER_TERMINAL, 1);
    applied(&fold, &enrol);
    assert_int_equal(account->count_count, 1);
    enrol.event.business_day = TODAY + 1;
    applied(&fold, &enrol);
    assert_int_equal(account->count_count, 0);
    sale.event.id.seq = 2; /* late: another terminal was a day ahead */
    applied(&fold, &sale);
    assert_int_equal(account->count_count, 0);
    assert_int_equal(account->newest_day, TODAY + 1);
}

static void counters_within_a_span_are_added_by_their_first_day(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    struct happening sale = a_sale(1);
    counts(&sale, TALLY_COUNT_SPEND, 0, TODAY - 2, TODAY + 90, 1);
    counts(&sale, TALLY_COUNT_SPEND, 0, TODAY - 1, TODAY + 91, 2);
    counts(&sale, TALLY_COUNT_SPEND, 0, TODAY, TODAY + 92, 4);
    counts(&sale, TALLY_COUNT_SPEND, 0, TODAY, TODAY + 93, 8);
    counts(&sale, TALLY_COUNT_SPEND, 0, TODAY + 1, TODAY + 93, 16);
    counts(&sale, TALLY_COUNT_SPEND, 1, TODAY, TODAY + 93, 32);
    applied(&fold, &sale);
    assert_true(tally_account_count_within(account, TALLY_COUNT_SPEND, 0,
                                           (struct tally_span){TODAY - 1, TODAY}) == 14);
    assert_true(tally_account_count_within(account, TALLY_COUNT_SPEND, 0,
                                           (struct tally_span){TODAY + 2, TODAY + 9}) == 0);
    assert_true(tally_account_count_within(account, TALLY_COUNT_SALES, 0,
                                           (struct tally_span){INT32_MIN, INT32_MAX}) == 0);
}

/* ------------------------------------------------------------------ days and standings */

static void the_newest_sale_and_the_earliest_day_are_kept_in_any_order(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    struct happening sale = a_sale(20);
    sale.event.as.sale.basket.shop = 3;
    applied(&fold, &sale);
    sale = a_sale(10);
    sale.event.business_day = TODAY - 5;
    sale.event.as.sale.basket.shop = 9;
    sale.event.effects.active_until_day = TODAY + 100;
    applied(&fold, &sale);
    assert_true(account->since_day == TODAY - 5 && account->newest_day == TODAY);
    assert_true(account->last_sale_day == TODAY && account->last_sale_shop == 3);
    sale = a_sale(20); /* the same instant in another shop */
    sale.event.as.sale.basket.shop = 4;
    sale.event.effects.active_until_day = TODAY + 50;
    applied(&fold, &sale);
    assert_true(account->last_sale_shop == 4 && account->last_sale_time == UINT64_C(20) << 16);
    assert_int_equal(account->active_until_day, TODAY + 100);
}

static void the_newest_standing_has_the_last_word_and_a_tie_the_greater_one(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    static const struct {
        uint64_t time;
        struct tally_standing standing;
        uint32_t tier_after;
        int32_t until_after;
    } steps[] = {
        {5, {3, 1, 100}, 3, 100}, {4, {9, 1, 900}, 3, 100}, {5, {3, 1, 101}, 3, 101},
        {5, {3, 1, 99}, 3, 101},  {5, {2, 1, 999}, 3, 101}, {5, {4, 1, 50}, 4, 50},
        {6, {1, 1, 10}, 1, 10},   {7, {0, 1, 0}, 0, 0},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct happening sale = a_sale(i + 1);
        sale.event.time = steps[i].time;
        sale.event.effects.has_standing = true;
        sale.event.effects.standing = steps[i].standing;
        applied(&fold, &sale);
        assert_int_equal(account->standing.tier, steps[i].tier_after);
        assert_int_equal(account->standing.until_day, steps[i].until_after);
        assert_true(account->floor.tier == 0 && account->floor_time == 0);
    }
    struct happening given_tier = a_happening(TALLY_EVENT_STANDING, TALLY_TERMINAL_HQ, 2);
    given_tier.event.effects.has_floor = true;
    given_tier.event.effects.floor = (struct tally_standing){8, 1, 2};
    applied(&fold, &given_tier);
    assert_true(account->floor.tier == 8 && account->standing.tier == 0);
}

static void lots_that_live_on_activity_live_as_long_as_the_account_is_active(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    struct happening sale = a_sale(1);
    sale.event.effects.active_until_day = TODAY + 10;
    moves(&sale, TALLY_MOVE_EARN, 0, TALLY_DAY_ACTIVE, 0, 30);
    applied(&fold, &sale);
    assert_int_equal(tally_lot_last_day(account, &account->lots[0]), TODAY + 10);
    assert_true(tally_account_balance(account, 0, TODAY + 10, 0).usable == 30);
    struct tally_balance balance = tally_account_balance(account, 0, TODAY + 11, 0);
    assert_true(balance.usable == 0 && balance.lapsed == 30);
}

static void a_balance_tells_what_can_be_used_and_why_the_rest_cannot(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    struct happening sale = a_sale(1);
    moves(&sale, TALLY_MOVE_EARN, 0, TODAY - 1, 0, 1);
    moves(&sale, TALLY_MOVE_EARN, 0, TODAY, 0, 2);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, 0, 30);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, TODAY, 4);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, TODAY + 1, 8);
    moves(&sale, TALLY_MOVE_EARN, STAMPS, 21000, 0, 500);
    applied(&fold, &sale);
    given(&fold, OTHER_TERMINAL, 0, 21000, 64);
    in_debt(&fold, 3);
    held(&fold, 2, 14, 1000);
    struct tally_balance balance = tally_account_balance(account, 0, TODAY, 1000);
    assert_true(balance.usable == 2 + 16 + 4 + 64 - 3);
    assert_true(balance.pending == 8 && balance.held == 14 && balance.lapsed == 1);
    assert_true(balance.debt == 3);
    assert_true(tally_account_in_drawer(account, 0, TERMINAL, TODAY, 1000) == 22);
    assert_true(tally_account_in_drawer(account, 0, TERMINAL, TODAY, 1001) == 36);
    assert_true(tally_account_in_drawer(account, 0, OTHER_TERMINAL, TODAY, 1000) == 64);
    assert_true(tally_account_in_drawer(account, STAMPS, TERMINAL, TODAY, 1000) == 500);
    assert_true(tally_account_in_drawer(account, 0, 6, TODAY, 1000) == 0);
    held(&fold, 3, 16, 1000); /* what is held stays held when it is over */
    balance = tally_account_balance(account, 0, 21001, 1000);
    assert_true(balance.held == 30 && balance.lapsed == 1 + 2 + 4 + 8 + 64);
}

/* ------------------------------------------------------------------ effects that can't be */

static void effects_are_refused(struct happening *happening, enum tally_status status)
{
    assert_int_equal(tally_effects_check(event_of(happening)), status);
    apply_is_refused(&fold, happening, status);
}

/* Kinds of moves that each type of event may have in its own drawer, from event.h's words. */
static void each_type_of_event_has_its_kinds_of_moves(void **state)
{
    (void)state;
    static const char *const allowed[] = {
        [TALLY_EVENT_SALE] = "1,2,3,5,8,9,16,",
        [TALLY_EVENT_VOID] = "1,2,4,6,7,",
        [TALLY_EVENT_ENROL] = "1,2,",
        [TALLY_EVENT_GRANT] = "13,",
        [TALLY_EVENT_ADJUST] = "1,2,11,12,14,15,",
        [TALLY_EVENT_REFUND] = "1,2,4,6,7,",
        [TALLY_EVENT_HOLD] = "10,",
        [TALLY_EVENT_RELEASE] = "2,",
        [TALLY_EVENT_AWARD] = "1,2,8,9,",
        [TALLY_EVENT_STANDING] = "1,2,",
        [TALLY_EVENT_TRANSFER] = "11,12,14,15,",
        [TALLY_EVENT_CARD] = "1,2,",
        [TALLY_EVENT_BLOCK] = "1,2,",
    };
    for (int type = TALLY_EVENT_SALE; type < (int)TALLY_EVENT_TYPE_COUNT; type++) {
        char found[64] = "";
        for (int kind = 0; kind <= (int)TALLY_MOVE_KIND_COUNT; kind++) {
            struct happening happening = a_happening((enum tally_event_type)type, TERMINAL, 1);
            bool is_hold = kind == TALLY_MOVE_RELEASE || kind == TALLY_MOVE_REDEEM_HELD;
            bool is_debt = kind == TALLY_MOVE_UNEARN_DEBT || kind == TALLY_MOVE_ADJUST_DEBT;
            happening.event.effects.hold = is_hold ? 3 : 0;
            happening.event.effects.has_floor = type == TALLY_EVENT_STANDING;
            happening.event.effects.has_block = type == TALLY_EVENT_BLOCK;
            happening.event.as.adjust.drawer = TERMINAL;
            if (type == TALLY_EVENT_GRANT) {
                happening.event.as.grant.to_terminal = OTHER_TERMINAL;
            }
            moves(&happening, (enum tally_move_kind)kind, 0, is_debt ? 0 : 21000, 0, 1);
            if (tally_effects_check(event_of(&happening)) == TALLY_OK) {
                size_t len = strlen(found);
                snprintf(found + len, sizeof found - len, "%d,", kind);
            }
        }
        assert_string_equal(found, allowed[type]);
    }
}

static void nobody_lapses_or_releases_in_a_drawer_of_another_but_a_person(void **state)
{
    (void)state;
    opened(&fold);
    struct happening grant = a_happening(TALLY_EVENT_GRANT, TALLY_TERMINAL_HQ, 1);
    grant.event.as.grant.to_terminal = TERMINAL;
    moves(&grant, TALLY_MOVE_EXPIRE, 0, 21000, 0, 1);
    moves(&grant, TALLY_MOVE_GRANT, 0, 21000, 0, 1);
    effects_are_refused(&grant, TALLY_E_INVALID);
    struct happening adjusted = a_happening(TALLY_EVENT_ADJUST, TALLY_TERMINAL_HQ, 1);
    adjusted.event.as.adjust.drawer = TERMINAL;
    moves(&adjusted, TALLY_MOVE_EXPIRE, 0, 21000, 0, 1);
    assert_int_equal(tally_effects_check(event_of(&adjusted)), TALLY_OK);
}

static void events_that_say_nothing_or_too_much_are_refused(void **state)
{
    (void)state;
    opened(&fold);
    static const enum tally_event_type hollow[] = {TALLY_EVENT_GRANT,
                                                   TALLY_EVENT_HOLD,
                                                   TALLY_EVENT_RELEASE,
                                                   TALLY_EVENT_TRANSFER,
                                                   TALLY_EVENT_STANDING,
                                                   TALLY_EVENT_BLOCK,
                                                   0,
                                                   (enum tally_event_type)TALLY_EVENT_TYPE_COUNT};
    for (size_t i = 0; i < sizeof hollow / sizeof hollow[0]; i++) {
        struct happening happening = a_happening(hollow[i], TERMINAL, 1);
        effects_are_refused(&happening, TALLY_E_INVALID);
    }
    struct happening to_nobody = a_happening(TALLY_EVENT_GRANT, TALLY_TERMINAL_HQ, 1);
    moves(&to_nobody, TALLY_MOVE_GRANT, 0, 21000, 0, 1);
    effects_are_refused(&to_nobody, TALLY_E_INVALID);
    struct happening both = a_happening(TALLY_EVENT_TRANSFER, TALLY_TERMINAL_HQ, 1);
    moves(&both, TALLY_MOVE_ADJUST_OUT, 0, 21000, 0, 1);
    moves(&both, TALLY_MOVE_ADJUST_IN, 0, 21000, 0, 1);
    effects_are_refused(&both, TALLY_E_INVALID);
    struct happening counting = a_happening(TALLY_EVENT_HOLD, TERMINAL, 1);
    moves(&counting, TALLY_MOVE_HOLD, 0, 21000, 0, 1);
    counts(&counting, TALLY_COUNT_SALES, 0, TODAY, TODAY, 1);
    effects_are_refused(&counting, TALLY_E_INVALID);
    struct happening unnumbered = a_happening(TALLY_EVENT_HOLD, TERMINAL, 0);
    moves(&unnumbered, TALLY_MOVE_HOLD, 0, 21000, 0, 1);
    effects_are_refused(&unnumbered, TALLY_E_INVALID);
}

static void a_hold_is_named_where_one_is_opened_and_nowhere_else(void **state)
{
    (void)state;
    opened(&fold);
    struct happening sale = a_sale(1);
    moves(&sale, TALLY_MOVE_REDEEM_HELD, 0, 21000, 0, 1);
    effects_are_refused(&sale, TALLY_E_INVALID);
    sale.event.effects.hold = 3;
    assert_int_equal(tally_effects_check(event_of(&sale)), TALLY_OK);
    sale.moves[0].kind = TALLY_MOVE_EARN;
    effects_are_refused(&sale, TALLY_E_INVALID);
}

static void moves_out_of_order_or_range_are_refused(void **state)
{
    (void)state;
    opened(&fold);
    static const struct tally_move pairs[][2] = {
        {{TALLY_MOVE_EARN, 0, 21000, 0, 1}, {TALLY_MOVE_EARN, 0, 21000, 0, 1}},
        {{TALLY_MOVE_EARN, 0, 21000, 0, 1}, {TALLY_MOVE_EARN, 0, 20999, 0, 1}},
        {{TALLY_MOVE_EARN, 0, 21000, 3, 1}, {TALLY_MOVE_EARN, 0, 21000, 2, 1}},
        {{TALLY_MOVE_EARN, 2, 21000, 0, 1}, {TALLY_MOVE_EARN, 1, 21000, 0, 1}},
        {{TALLY_MOVE_EARN, 0, 21000, 0, 1}, {TALLY_MOVE_REDEEM, 0, 21000, 0, 1}},
        {{TALLY_MOVE_EARN, 0, 21000, 0, 1}, {TALLY_MOVE_EARN, 1, 21000, 0, 0}},
        {{TALLY_MOVE_EARN, 0, 21000, 0, 1}, {TALLY_MOVE_EARN, 1, 21000, 0, -1}},
        {{TALLY_MOVE_EARN, 0, 21000, 0, 1}, {TALLY_MOVE_EARN, 1, 21000, 0, TALLY_POINTS_MAX + 1}},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct happening sale = a_sale(1);
        memcpy(sale.moves, pairs[i], sizeof pairs[i]);
        sale.move_count = 2;
        effects_are_refused(&sale, TALLY_E_INVALID);
    }
    struct happening dated = a_happening(TALLY_EVENT_REFUND, TERMINAL, 1);
    moves(&dated, TALLY_MOVE_UNEARN_DEBT, 0, 21000, 0, 1);
    effects_are_refused(&dated, TALLY_E_INVALID);
    struct happening many = a_sale(1);
    event_of(&many);
    static struct tally_move too_many[TALLY_MOVES_MAX + 1];
    for (int i = 0; i <= TALLY_MOVES_MAX; i++) {
        too_many[i] = (struct tally_move){TALLY_MOVE_EARN, 0, 21000 + i, 0, 1};
    }
    many.event.effects.moves = too_many;
    many.event.effects.move_count = TALLY_MOVES_MAX + 1;
    assert_int_equal(tally_effects_check(&many.event), TALLY_E_INVALID);
    many.event.effects.move_count = TALLY_MOVES_MAX;
    assert_int_equal(tally_effects_check(&many.event), TALLY_OK);
}

static void one_event_moves_no_more_than_the_limit(void **state)
{
    (void)state;
    opened(&fold);
    struct happening sale = a_sale(1);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, 0, TALLY_POINTS_MAX - 1);
    moves(&sale, TALLY_MOVE_EARN, 0, 21001, 0, 1);
    assert_int_equal(tally_effects_check(event_of(&sale)), TALLY_OK);
    sale.moves[1].points = 2;
    effects_are_refused(&sale, TALLY_E_OVERFLOW);
}

static void counts_out_of_order_or_range_are_refused(void **state)
{
    (void)state;
    opened(&fold);
    static const struct tally_count pairs[][2] = {
        {{TALLY_COUNT_SALES, 0, 5, 6, 1}, {TALLY_COUNT_SALES, 0, 5, 6, 1}},
        {{TALLY_COUNT_SALES, 0, 5, 6, 1}, {TALLY_COUNT_SALES, 0, 4, 6, 1}},
        {{TALLY_COUNT_SALES, 0, 5, 6, 1}, {TALLY_COUNT_SALES, 0, 5, 5, 1}},
        {{TALLY_COUNT_RULE, 9, 5, 6, 1}, {TALLY_COUNT_RULE, 8, 5, 6, 1}},
        {{TALLY_COUNT_SPEND, 0, 5, 6, 1}, {TALLY_COUNT_SALES, 0, 5, 6, 1}},
        {{TALLY_COUNT_SALES, 0, 5, 6, 1}, {TALLY_COUNT_SPEND, 0, 5, 6, 0}},
        {{TALLY_COUNT_SALES, 0, 5, 6, 1}, {TALLY_COUNT_SPEND, 0, 6, 5, 1}},
        {{TALLY_COUNT_SALES, 0, 5, 6, 1}, {TALLY_COUNT_SPEND, 0, 5, 6, TALLY_MONEY_MAX + 1}},
        {{TALLY_COUNT_SALES, 0, 5, 6, 1}, {TALLY_COUNT_SPEND, 0, 5, 6, -TALLY_MONEY_MAX - 1}},
        {{TALLY_COUNT_SALES, 0, 5, 6, 1}, {13, 0, 5, 6, 1}},
        {{0, 0, 5, 6, 1}, {TALLY_COUNT_SALES, 0, 5, 6, 1}},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct happening sale = a_sale(1);
        memcpy(sale.counts, pairs[i], sizeof pairs[i]);
        sale.count_count = 2;
        effects_are_refused(&sale, TALLY_E_INVALID);
    }
    struct happening sale = a_sale(1);
    counts(&sale, TALLY_COUNT_HOUR, 0, TODAY * 24 + 13, TODAY, 1);
    assert_int_equal(tally_effects_check(event_of(&sale)), TALLY_OK);
}

static void totals_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    given(&fold, TERMINAL, 0, 21000, 1);
    const int64_t most = INT64_C(1) << 60;
    account->purses[0].earned = most - 1;
    account->purses[0].redeemed = most - 1;
    assert_int_equal(tally_account_check(account), TALLY_OK);
    struct happening sale = a_sale(2);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, 0, 2);
    apply_is_refused(&fold, &sale, TALLY_E_OVERFLOW);
}

static void a_counter_that_is_full_stays_full_and_refuses_nothing(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    const int64_t most = INT64_C(1) << 60;
    struct happening sale = a_sale(1);
    counts(&sale, TALLY_COUNT_SPEND, 0, TODAY, TODAY, TALLY_MONEY_MAX);
    applied(&fold, &sale);
    account->counts[0].amount = most - TALLY_MONEY_MAX + 1;
    sale.event.id.seq = 2;
    applied(&fold, &sale);
    assert_int_equal(account->counts[0].amount, most);
    assert_int_equal(tally_account_check(account), TALLY_OK);
}

static void arrays_that_are_too_small_are_refused(void **state)
{
    (void)state;
    opened(&fold);
    given(&fold, TERMINAL, 0, 21000, 1);
    struct happening sale = a_sale(2);
    moves(&sale, TALLY_MOVE_EARN, 0, 21001, 0, 2);
    counts(&sale, TALLY_COUNT_SPEND, 0, TODAY, TODAY, 1);
    const struct tally_account_room enough = tally_account_room(&fold.account, event_of(&sale));
    for (int part = 0; part < 4; part++) {
        fold.spare.room = enough;
        size_t *parts[] = {&fold.spare.room.purses, &fold.spare.room.lots, &fold.spare.room.counts,
                           &fold.spare.room.holds};
        *parts[part] -= 1;
        apply_is_refused(&fold, &sale, TALLY_E_NO_MEMORY);
    }
    fold.spare.room = enough;
    applied(&fold, &sale);
}

static void the_points_of_an_event_are_told_by_purse_and_meaning(void **state)
{
    (void)state;
    struct happening sale = a_sale(1);
    moves(&sale, TALLY_MOVE_REDEEM_HELD, 0, 1, 0, 1);
    moves(&sale, TALLY_MOVE_REDEEM, 0, 1, 0, 2);
    moves(&sale, TALLY_MOVE_REDEEM, STAMPS, 1, 0, 4);
    moves(&sale, TALLY_MOVE_UNEARN, 0, 1, 0, 8);
    moves(&sale, TALLY_MOVE_UNEARN_DEBT, 0, 0, 0, 16);
    moves(&sale, TALLY_MOVE_EARN_DEBT, 0, 1, 0, 32);
    moves(&sale, TALLY_MOVE_EARN, 0, 1, 0, 64);
    moves(&sale, TALLY_MOVE_EARN, 0, 2, 0, 128);
    const struct tally_event *event = event_of(&sale);
    assert_true(tally_event_points(event, 0, TALLY_MOVE_REDEEM) == 3);
    assert_true(tally_event_points(event, 0, TALLY_MOVE_REDEEM_HELD) == 1);
    assert_true(tally_event_points(event, STAMPS, TALLY_MOVE_REDEEM) == 4);
    assert_true(tally_event_points(event, 0, TALLY_MOVE_UNEARN) == 24);
    assert_true(tally_event_points(event, 0, TALLY_MOVE_UNEARN_DEBT) == 16);
    assert_true(tally_event_points(event, 0, TALLY_MOVE_EARN) == 224);
    assert_true(tally_event_points(event, 0, TALLY_MOVE_EARN_DEBT) == 32);
    assert_true(tally_event_points(event, 5, TALLY_MOVE_EARN) == 0);
}

static void a_members_id_is_never_0(void **state)
{
    (void)state;
    assert_int_equal(tally_member_id(0), 1);
    assert_int_equal(tally_member_id(UINT64_C(0x1234567812345678)), 1);
    assert_int_equal(tally_member_id(5), 5);
    assert_true(tally_member_id(UINT64_C(0x0000000100000005)) != 5);
}

static void the_reference_of_an_event_is_its_own(void **state)
{
    (void)state;
    struct happening sale = a_sale(1);
    sale.event.as.sale.ref = (struct tally_slice){(const uint8_t *)"A1", 2};
    assert_int_equal(tally_event_ref(&sale.event).len, 2);
    struct happening refund = a_happening(TALLY_EVENT_REFUND, TERMINAL, 1);
    refund.event.as.reversal.ref = (struct tally_slice){(const uint8_t *)"B12", 3};
    assert_int_equal(tally_event_ref(&refund.event).len, 3);
    struct happening hold = a_happening(TALLY_EVENT_HOLD, TERMINAL, 1);
    hold.event.as.hold.ref = (struct tally_slice){(const uint8_t *)"C123", 4};
    assert_int_equal(tally_event_ref(&hold.event).len, 4);
    struct happening adjusted = a_happening(TALLY_EVENT_ADJUST, TALLY_TERMINAL_HQ, 1);
    assert_int_equal(tally_event_ref(&adjusted.event).len, 0);
}

/* ------------------------------------------------------------------ blocks and ends */

static struct happening a_block(uint64_t seq, bool blocked)
{
    struct happening block = a_happening(TALLY_EVENT_BLOCK, TALLY_TERMINAL_HQ, seq);
    block.event.effects.has_block = true;
    block.event.effects.blocked = blocked;
    return block;
}

static void the_newest_word_says_whether_an_account_is_blocked(void **state)
{
    (void)state;
    opened(&fold);
    struct happening later = a_block(20, true), earlier = a_block(10, false);
    applied(&fold, &later);
    applied(&fold, &earlier);
    assert_true(fold.account.blocked);
    struct happening last = a_block(30, false);
    applied(&fold, &last);
    assert_false(fold.account.blocked);
}

static void of_two_words_at_one_instant_the_block_holds(void **state)
{
    (void)state;
    for (int blocked_first = 0; blocked_first < 2; blocked_first++) {
        opened(&fold);
        struct happening one = a_block(20, blocked_first != 0);
        struct happening two = a_block(20, blocked_first == 0);
        applied(&fold, &one);
        applied(&fold, &two);
        assert_true(fold.account.blocked);
    }
}

static void only_a_block_blocks_and_a_card_event_says_nothing(void **state)
{
    (void)state;
    opened(&fold);
    struct happening sale = a_sale(1), card = a_happening(TALLY_EVENT_CARD, TERMINAL, 2);
    sale.event.effects.has_block = true;
    effects_are_refused(&sale, TALLY_E_INVALID);
    applied(&fold, &card);
    moves(&card, TALLY_MOVE_EARN, 0, 21000, 0, 1);
    effects_are_refused(&card, TALLY_E_INVALID);
    struct happening silent = a_happening(TALLY_EVENT_BLOCK, TALLY_TERMINAL_HQ, 3);
    effects_are_refused(&silent, TALLY_E_INVALID);
}

static void a_debt_that_is_forgiven_is_adjusted_away(void **state)
{
    (void)state;
    opened(&fold);
    given(&fold, TERMINAL, 0, 21000, 5);
    in_debt(&fold, 3);
    struct happening forgiven = a_happening(TALLY_EVENT_ADJUST, TALLY_TERMINAL_HQ, 40);
    moves(&forgiven, TALLY_MOVE_FORGIVE_DEBT, 0, 21000, 0, 3);
    int64_t adjusted = tally_account_purse(&fold.account, 0).adjusted;
    applied(&fold, &forgiven);
    assert_true(tally_account_purse(&fold.account, 0).debt == 0);
    assert_true(tally_account_purse(&fold.account, 0).adjusted == adjusted + 3);
    assert_int_equal(tally_account_check(&fold.account), TALLY_OK);
}

static void only_the_sending_side_of_a_transfer_ends_an_account(void **state)
{
    (void)state;
    opened(&fold);
    struct happening ends = a_happening(TALLY_EVENT_TRANSFER, TALLY_TERMINAL_HQ, 1);
    ends.event.effects.merged_into = ACCOUNT + 1;
    applied(&fold, &ends);
    assert_true(fold.account.merged_into == ACCOUNT + 1);
    struct happening receives = a_happening(TALLY_EVENT_TRANSFER, TALLY_TERMINAL_HQ, 2);
    moves(&receives, TALLY_MOVE_ADJUST_IN, 0, 21000, 0, 1);
    receives.event.effects.merged_into = ACCOUNT + 1;
    effects_are_refused(&receives, TALLY_E_INVALID);
    struct happening sale = a_sale(3);
    sale.event.effects.merged_into = ACCOUNT + 1;
    effects_are_refused(&sale, TALLY_E_INVALID);
}

/* ------------------------------------------------------------------ bytes */

/* One of everything. */
static struct tally_account *a_full_account(void)
{
    struct tally_account *account = opened(&fold);
    given(&fold, TERMINAL, 0, 21000, 30);
    given(&fold, TERMINAL, STAMPS, TALLY_DAY_NEVER, 3);
    given(&fold, OTHER_TERMINAL, 0, TALLY_DAY_ACTIVE, 3);
    in_debt(&fold, 3);
    held(&fold, 12, 25, 5000);
    struct happening sale = a_sale(300);
    sale.event.effects.has_standing = sale.event.effects.has_floor = true;
    sale.event.effects.standing = (struct tally_standing){0x12345678, TODAY, 21000};
    sale.event.effects.floor = (struct tally_standing){0x12345678, TODAY, TALLY_DAY_NEVER};
    sale.event.effects.active_until_day = TODAY + 365;
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, TODAY + 14, 5);
    counts(&sale, TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, 1);
    counts(&sale, TALLY_COUNT_SPEND, 0, YEAR_BEGIN, YEAR_END, 3000);
    counts(&sale, TALLY_COUNT_POINTS, 0, YEAR_BEGIN, YEAR_END, 5);
    counts(&sale, TALLY_COUNT_RULE, 0x9ABCDEF0, TODAY, TODAY, -5);
    applied(&fold, &sale);
    struct happening block = a_block(301, true);
    applied(&fold, &block);
    struct happening ends = a_happening(TALLY_EVENT_TRANSFER, TALLY_TERMINAL_HQ, 302);
    ends.event.effects.merged_into = 77;
    applied(&fold, &ends);
    return account;
}

static enum tally_status decoded(const uint8_t *bytes, size_t len)
{
    struct tally_account_room room = {0};
    uint8_t *exactly = malloc(len == 0 ? 1 : len); /* so that reading past the end is seen */
    assert_non_null(exactly);
    memcpy(exactly, bytes, len);
    opened(&other);
    enum tally_status status = tally_account_room_of(exactly, len, &room);
    if (status == TALLY_OK) {
        assert_true(room.lots <= len && room.purses <= len);
        status = tally_account_decode(&other.account, exactly, len);
    }
    free(exactly);
    return status;
}

static void an_account_comes_back_from_its_bytes(void **state)
{
    (void)state;
    static uint8_t bytes[FOLD_BYTES];
    struct tally_account *account = a_full_account();
    size_t len = bytes_of(account, bytes);
    assert_int_equal(decoded(bytes, len), TALLY_OK);
    assert_true(is_same(account, &other.account));
    assert_true(other.account.lot_count == 5 && other.account.holds[0].until_ms == 5000);
    assert_true(other.account.lots[3].purse == STAMPS);
    struct tally_account_room room = {0};
    assert_int_equal(tally_account_room_of(bytes, len, &room), TALLY_OK);
    assert_true(room.purses == 2 && room.lots == 5 && room.counts == 4 && room.holds == 1);
    size_t unused = 99;
    assert_int_equal(tally_account_encode(account, bytes, len - 1, &unused), TALLY_E_NO_MEMORY);
    assert_int_equal(unused, 99);
}

static void the_bytes_are_those_of_the_specification(void **state)
{
    (void)state;
    static const uint8_t expected[] = {
        1,    9,                         /* version, id */
        1,    1,    3,    0,             /* purses, lots, counters, holds */
        7,    1,    0xAC, 0x02,          /* last: terminal 7, epoch 1, seq 300 */
        0xD6, 0xC4, 0x02,                /* newest_day 20779 */
        4,    0,                         /* since that day; active: day 0 */
        1,    4,                         /* a last sale, that day, */
        0x80, 0x80, 0xB0, 0x09, 2,       /* at 300 << 16, in shop 2 */
        0,    10,   0,    0,    0,    0, /* purse 0: earned 5 */
        9,    7,    0xBE, 0x03, 32,   5, /* terminal 7: to 21000 from 20793: 5 points */
        1,    2,                         /* a sale since ever */
        34,   5,    1,    0xF0, 0x2E,    /* SPEND from the day before, without end: 3000 */
        20,   0x85, 0x01, 9,             /* RULE 133, the same days: -5 */
    };
    struct tally_account *account = opened(&fold);
    struct happening sale = a_sale(300);
    sale.event.as.sale.basket.shop = 2;
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, TODAY + 14, 5);
    counts(&sale, TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, 1);
    counts(&sale, TALLY_COUNT_SPEND, 0, TODAY - 1, TALLY_DAY_NEVER, 3000);
    counts(&sale, TALLY_COUNT_RULE, 133, TODAY - 1, TALLY_DAY_NEVER, -5);
    applied(&fold, &sale);
    static uint8_t bytes[FOLD_BYTES];
    size_t len = bytes_of(account, bytes);
    assert_int_equal(len, sizeof expected);
    assert_memory_equal(bytes, expected, len);
}

static void a_usual_account_takes_less_than_100_bytes(void **state)
{
    (void)state;
    struct tally_account *account = opened(&fold);
    struct happening sale = a_sale(70000);
    sale.event.account = UINT64_MAX;
    sale.event.id.terminal = 300;
    sale.event.time = UINT64_C(1795305600000) << 16;
    sale.event.as.sale.basket.shop = 42;
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, 0, 4000);
    moves(&sale, TALLY_MOVE_EARN, 0, 21031, 0, 4000);
    counts(&sale, TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, 90);
    counts(&sale, TALLY_COUNT_SPEND, 0, YEAR_BEGIN, YEAR_END + 365, 3000000);
    counts(&sale, TALLY_COUNT_POINTS, 0, YEAR_BEGIN, YEAR_END + 365, 30000);
    counts(&sale, TALLY_COUNT_RULE, 0x9ABCDEF0, TODAY, TODAY, 500);
    applied(&fold, &sale);
    printf("%zu bytes\n", tally_account_encoded_len(account));
    assert_true(tally_account_encoded_len(account) < 90);
}

static void an_empty_account_is_two_bytes(void **state)
{
    (void)state;
    static uint8_t bytes[FOLD_BYTES];
    assert_int_equal(bytes_of(opened(&fold), bytes), 2);
    assert_true(bytes[0] == 1 && bytes[1] == 0);
    assert_int_equal(decoded(bytes, 2), TALLY_OK);
    assert_true(other.account.id == 0 && other.account.since_day == INT32_MAX);
}

static void every_cut_of_an_accounts_bytes_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[FOLD_BYTES];
    size_t len = bytes_of(a_full_account(), bytes);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(decoded(bytes, cut), TALLY_E_STORE_DAMAGED);
    }
    bytes[len] = 0;
    assert_int_equal(decoded(bytes, len + 1), TALLY_E_STORE_DAMAGED);
}

/* Whatever single byte changes: it is refused, or it is another account whose bytes are these. */
static void bytes_that_no_encoder_writes_are_refused(void **state)
{
    (void)state;
    static uint8_t bytes[FOLD_BYTES], again[FOLD_BYTES];
    size_t len = bytes_of(a_full_account(), bytes), accepted = 0, refused = 0;
    for (size_t at = 1; at < len; at++) {
        uint8_t was = bytes[at];
        for (unsigned value = 0; value < 256; value++) {
            bytes[at] = (uint8_t)value;
            if (decoded(bytes, len) != TALLY_OK) {
                refused++;
                continue;
            }
            accepted++;
            assert_int_equal(tally_account_check(&other.account), TALLY_OK);
            assert_int_equal(bytes_of(&other.account, again), len);
            assert_memory_equal(bytes, again, len);
        }
        bytes[at] = was;
    }
    assert_true(accepted > len && refused > accepted);
}

static void longer_forms_of_the_same_number_are_refused(void **state)
{
    (void)state;
    static uint8_t bytes[FOLD_BYTES], longer[FOLD_BYTES];
    size_t len = bytes_of(a_full_account(), bytes);
    size_t tried = 0;
    for (size_t at = 0; at < len; at++) {
        if (bytes[at] >= 0x80) {
            continue; /* not the last byte of a number */
        }
        memcpy(longer, bytes, at);
        longer[at] = bytes[at] | 0x80;
        longer[at + 1] = 0;
        memcpy(longer + at + 2, bytes + at + 1, len - at - 1);
        assert_int_equal(decoded(longer, len + 1), TALLY_E_STORE_DAMAGED);
        tried++;
    }
    assert_true(tried > 40);
}

static void a_newer_layout_and_version_0_are_told_apart(void **state)
{
    (void)state;
    static uint8_t bytes[FOLD_BYTES];
    size_t len = bytes_of(a_full_account(), bytes);
    bytes[0] = 2;
    assert_int_equal(decoded(bytes, len), TALLY_E_STORE_VERSION);
    bytes[0] = 0;
    assert_int_equal(decoded(bytes, len), TALLY_E_STORE_DAMAGED);
    struct tally_account_room room = {0};
    assert_int_equal(tally_account_room_of(bytes, len, &room), TALLY_E_STORE_DAMAGED);
}

static void a_decoder_without_room_says_so_and_changes_nothing(void **state)
{
    (void)state;
    static uint8_t bytes[FOLD_BYTES];
    size_t len = bytes_of(a_full_account(), bytes);
    for (int part = 0; part < 4; part++) {
        opened(&other);
        other.account.room = (struct tally_account_room){2, 5, 4, 1};
        size_t *parts[] = {&other.account.room.purses, &other.account.room.lots,
                           &other.account.room.counts, &other.account.room.holds};
        *parts[part] -= 1;
        assert_int_equal(tally_account_decode(&other.account, bytes, len), TALLY_E_NO_MEMORY);
        assert_true(other.account.id == 0);
    }
    other.account.room = (struct tally_account_room){2, 5, 4, 1};
    assert_int_equal(tally_account_decode(&other.account, bytes, len), TALLY_OK);
}

static void numbers_of_varints_are_exact_to_the_last_bit(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[11];
        size_t len;
        uint64_t value;
        bool is_good;
    } cases[] = {
        {{0}, 1, 0, true},
        {{0x7F}, 1, 127, true},
        {{0x80, 1}, 2, 128, true},
        {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1}, 10, UINT64_MAX, true},
        {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2}, 10, 0, false},
        {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1}, 11, 0, false},
        {{0x80, 0}, 2, 0, false},
        {{0x80}, 1, 0, false},
        {{0}, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tally_reader reader = {.data = cases[i].bytes, .len = cases[i].len};
        assert_true(tally_read_varint(&reader) == cases[i].value);
        assert_int_equal(reader.failed, !cases[i].is_good);
    }
    static const int64_t edges[] = {0, -1, 1, INT64_MAX, INT64_MIN, INT32_MIN};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        assert_true(tally_unzigzag(tally_zigzag(edges[i])) == edges[i]);
    }
    assert_true(tally_zigzag(-1) == 1 && tally_zigzag(1) == 2 && tally_zigzag(-2) == 3);
}

/* ------------------------------------------------------------------ invariant */

typedef void (*spoil)(struct tally_account *account);

static void spoil_lot(struct tally_account *account)
{
    account->lots[0].points++;
}
static void empty_lot(struct tally_account *account)
{
    account->lots[0].points = 0;
    account->purses[0].adjusted -= 5;
}
static void negative_lots(struct tally_account *account)
{
    account->lots[1].points += account->lots[0].points * 2;
    account->lots[0].points = -account->lots[0].points;
}
static void swap_lots(struct tally_account *account)
{
    struct tally_lot lot = account->lots[0];
    account->lots[0] = account->lots[1];
    account->lots[1] = lot;
}
static void foreign_lot(struct tally_account *account)
{
    account->lots[account->lot_count] = (struct tally_lot){.drawer = 99, .purse = 5, .points = 1};
    account->lot_count++;
}
static void negative_debt(struct tally_account *account)
{
    account->purses[0].debt = -3;
    account->purses[0].adjusted += 6;
}
static void swap_purses(struct tally_account *account)
{
    struct tally_purse purse = account->purses[0];
    account->purses[0] = account->purses[1];
    account->purses[1] = purse;
}
static void empty_purse(struct tally_account *account)
{
    account->purses[account->purse_count++] = (struct tally_purse){.purse = 0xFFFFFFFF};
}
static void lost_points(struct tally_account *account)
{
    account->lots[0].points--;
}
static void more_points_than_fit(struct tally_account *account)
{
    account->lots[0].points = account->lots[1].points = account->lots[2].points = INT64_MAX;
}
static void purse_out_of_order(struct tally_account *account)
{
    account->purses[account->purse_count++] =
        (struct tally_purse){.purse = STAMPS - 1, .earned = 1, .redeemed = 1};
}
/* Each of the totals above the limit, with the others so that it still adds up. */
static void huge_earned(struct tally_account *account)
{
    struct tally_purse *purse = &account->purses[0];
    purse->redeemed = INT64_C(1) << 60;
    purse->adjusted += purse->earned - 1;
    purse->earned = purse->redeemed + 1;
}
static void huge_redeemed(struct tally_account *account)
{
    struct tally_purse *purse = &account->purses[0];
    purse->adjusted += purse->earned + 1;
    purse->earned = INT64_C(1) << 60;
    purse->redeemed = purse->earned + 1;
}
static void huge_expired(struct tally_account *account)
{
    struct tally_purse *purse = &account->purses[0];
    purse->adjusted += purse->earned + 1;
    purse->earned = INT64_C(1) << 60;
    purse->expired = purse->earned + 1;
}
static void huge_adjusted(struct tally_account *account)
{
    struct tally_purse *purse = &account->purses[0];
    purse->redeemed = INT64_C(1) << 60;
    purse->earned += purse->adjusted - 1;
    purse->adjusted = purse->redeemed + 1;
}
static void huge_debt(struct tally_account *account)
{
    struct tally_purse *purse = &account->purses[0];
    int64_t more = (INT64_C(1) << 60) + 1 - purse->debt;
    purse->adjusted -= more;
    purse->debt += more;
}
static void hold_gone(struct tally_account *account)
{
    account->hold_count = 0;
}
static void hollow_hold(struct tally_account *account)
{
    account->holds[account->hold_count++] = (struct tally_open_hold){TERMINAL, 99, 0};
}
static void hold_zero(struct tally_account *account)
{
    account->holds[1] = account->holds[0];
    account->holds[0].hold = 0;
    account->hold_count++;
}
static void count_zero(struct tally_account *account)
{
    account->counts[0].amount = 0;
}
static void count_old(struct tally_account *account)
{
    account->newest_day = YEAR_END + 1;
}
static void swap_counts(struct tally_account *account)
{
    struct tally_count count = account->counts[0];
    account->counts[0] = account->counts[1];
    account->counts[1] = count;
}
static void count_unknown(struct tally_account *account)
{
    account->counts[account->count_count - 1].what = 13;
}
static void nameless(struct tally_account *account)
{
    account->id = 0;
}

static void an_account_that_is_not_sound_is_found_out(void **state)
{
    (void)state;
    static const spoil spoils[] = {
        spoil_lot,          empty_lot,   negative_lots, swap_lots,     foreign_lot,
        negative_debt,      swap_purses, empty_purse,   lost_points,   more_points_than_fit,
        purse_out_of_order, huge_earned, huge_redeemed, huge_expired,  huge_adjusted,
        huge_debt,          hold_gone,   hollow_hold,   hold_zero,     count_zero,
        count_old,          swap_counts, nameless,      count_unknown,
    };
    assert_int_equal(tally_account_check(a_full_account()), TALLY_OK);
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        struct tally_account *account = a_full_account();
        spoils[i](account);
        if (tally_account_check(account) != TALLY_E_STORE_DAMAGED) {
            fail_msg("the damage of entry %zu is not found", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_begins_empty_and_takes_the_first_events_name),
        cmocka_unit_test(a_zeroed_account_is_as_empty_as_a_cleared_one),
        cmocka_unit_test(earned_points_enter_the_drawer_of_their_terminal),
        cmocka_unit_test(redeemed_points_leave_their_lots_and_an_empty_lot_goes),
        cmocka_unit_test(points_that_are_not_in_that_very_lot_cannot_be_taken),
        cmocka_unit_test(lapsed_points_are_counted_as_expired),
        cmocka_unit_test(a_refund_takes_back_and_gives_back),
        cmocka_unit_test(a_purse_with_nothing_left_in_it_goes),
        cmocka_unit_test(an_adjustment_acts_on_the_drawer_it_names),
        cmocka_unit_test(a_transfer_leaves_one_account_and_enters_another),
        cmocka_unit_test(earned_points_pay_a_debt),
        cmocka_unit_test(what_two_terminals_paid_too_much_of_a_debt_goes_to_head_office),
        cmocka_unit_test(a_debt_of_stamps_is_not_paid_with_points),
        cmocka_unit_test(a_grant_moves_points_out_of_head_offices_drawer),
        cmocka_unit_test(a_grant_with_an_old_picture_of_head_office_counts_the_rest_as_adjusted),
        cmocka_unit_test(held_points_cannot_be_redeemed_until_the_hold_is_opened),
        cmocka_unit_test(a_capture_redeems_from_its_hold_and_releases_the_rest),
        cmocka_unit_test(a_hold_that_still_has_points_stays),
        cmocka_unit_test(no_terminal_opens_the_hold_of_another),
        cmocka_unit_test(a_person_can_release_the_hold_of_a_terminal_that_is_gone),
        cmocka_unit_test(a_hold_of_an_earlier_epoch_with_the_same_number_joins_the_new_one),
        cmocka_unit_test(counters_are_added_and_those_that_come_to_nothing_go),
        cmocka_unit_test(a_counter_is_forgotten_the_day_after_its_last),
        cmocka_unit_test(counters_within_a_span_are_added_by_their_first_day),
        cmocka_unit_test(the_newest_sale_and_the_earliest_day_are_kept_in_any_order),
        cmocka_unit_test(the_newest_standing_has_the_last_word_and_a_tie_the_greater_one),
        cmocka_unit_test(lots_that_live_on_activity_live_as_long_as_the_account_is_active),
        cmocka_unit_test(a_balance_tells_what_can_be_used_and_why_the_rest_cannot),
        cmocka_unit_test(each_type_of_event_has_its_kinds_of_moves),
        cmocka_unit_test(nobody_lapses_or_releases_in_a_drawer_of_another_but_a_person),
        cmocka_unit_test(events_that_say_nothing_or_too_much_are_refused),
        cmocka_unit_test(a_hold_is_named_where_one_is_opened_and_nowhere_else),
        cmocka_unit_test(moves_out_of_order_or_range_are_refused),
        cmocka_unit_test(one_event_moves_no_more_than_the_limit),
        cmocka_unit_test(counts_out_of_order_or_range_are_refused),
        cmocka_unit_test(totals_that_do_not_fit_are_refused),
        cmocka_unit_test(a_counter_that_is_full_stays_full_and_refuses_nothing),
        cmocka_unit_test(arrays_that_are_too_small_are_refused),
        cmocka_unit_test(the_points_of_an_event_are_told_by_purse_and_meaning),
        cmocka_unit_test(a_members_id_is_never_0),
        cmocka_unit_test(the_reference_of_an_event_is_its_own),
        cmocka_unit_test(the_newest_word_says_whether_an_account_is_blocked),
        cmocka_unit_test(of_two_words_at_one_instant_the_block_holds),
        cmocka_unit_test(only_a_block_blocks_and_a_card_event_says_nothing),
        cmocka_unit_test(a_debt_that_is_forgiven_is_adjusted_away),
        cmocka_unit_test(only_the_sending_side_of_a_transfer_ends_an_account),
        cmocka_unit_test(an_account_comes_back_from_its_bytes),
        cmocka_unit_test(the_bytes_are_those_of_the_specification),
        cmocka_unit_test(a_usual_account_takes_less_than_100_bytes),
        cmocka_unit_test(an_empty_account_is_two_bytes),
        cmocka_unit_test(every_cut_of_an_accounts_bytes_is_refused),
        cmocka_unit_test(bytes_that_no_encoder_writes_are_refused),
        cmocka_unit_test(longer_forms_of_the_same_number_are_refused),
        cmocka_unit_test(a_newer_layout_and_version_0_are_told_apart),
        cmocka_unit_test(a_decoder_without_room_says_so_and_changes_nothing),
        cmocka_unit_test(numbers_of_varints_are_exact_to_the_last_bit),
        cmocka_unit_test(an_account_that_is_not_sound_is_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
