/* SPDX-License-Identifier: Apache-2.0 */
/* Units of rewards that all members share: what a sale takes out, what goes back, and what is no
 * such thing. */
#include "app/core/stock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MUG = 9, CUP = 4, PEN = 7, DAY = 20000, TILL = 3 };

static const struct tally_reward rewards[] = {{.code = "MUG", .id = MUG, .total_max = 10},
                                              {.code = "PEN", .id = PEN},
                                              {.code = "CUP", .id = CUP, .total_max = 1}};
static const struct tally_programme programme = {.rewards = rewards, .reward_count = 3};
static const struct tally_moment moment = {TILL, 1000, DAY};

static struct tally_move moves[8], back_moves[8];
static const struct tally_bonus_room room = {moves, 8, NULL, 0},
                                     back_room = {back_moves, 8, NULL, 0};

static void what_a_sale_gives_away_leaves_the_drawer_in_one_event(void **state)
{
    (void)state;
    const struct tally_taken taken[] = {{0, 2, 0, 0}, {1, 5, 0, 0}, {2, 1, 0, 0}};
    struct tally_event out, back;
    assert_int_equal(TALLY_OK, tally_stock_out_plan(&programme, taken, 3, &moment, &room, &out));
    assert_int_equal(TALLY_OK, tally_effects_check(&out));
    assert_int_equal(tally_event_drawer(&out), TILL);
    assert_int_equal(out.account, TALLY_ACCOUNT_HOUSE);
    assert_int_equal(out.effects.move_count, 2); /* there is no end of pens */
    assert_int_equal(tally_event_points(&out, CUP, TALLY_MOVE_ADJUST_OUT), 1);
    assert_int_equal(tally_event_points(&out, MUG, TALLY_MOVE_ADJUST_OUT), 2);
    assert_int_equal(TALLY_OK, tally_stock_back_plan(&out, &moment, &back_room, &back));
    assert_int_equal(TALLY_OK, tally_effects_check(&back));
    assert_int_equal(tally_event_points(&back, CUP, TALLY_MOVE_ADJUST_IN), 1);
    assert_int_equal(tally_event_points(&back, MUG, TALLY_MOVE_ADJUST_IN), 2);
    assert_true(tally_stock_moves_only(&out) && tally_stock_moves_only(&back));
    assert_int_equal(TALLY_E_NOT_FOUND, tally_stock_back_plan(&back, &moment, &room, &out));
}

static void a_sale_that_gives_nothing_of_it_away_takes_nothing(void **state)
{
    (void)state;
    const struct tally_taken pens = {1, 5, 0, 0};
    struct tally_event out;
    assert_int_equal(TALLY_E_NOT_FOUND,
                     tally_stock_out_plan(&programme, &pens, 1, &moment, &room, &out));
    assert_int_equal(TALLY_E_NOT_FOUND,
                     tally_stock_out_plan(&programme, NULL, 0, &moment, &room, &out));
    assert_true(tally_stock_is_kept(&programme));
    assert_false(tally_stock_is_kept(&(struct tally_programme){.reward_count = 0}));
}

static void units_never_lapse_and_leave_only_the_drawer_that_holds_them(void **state)
{
    (void)state;
    const struct tally_moment hq = {TALLY_TERMINAL_HQ, 1000, DAY};
    const struct tally_taken mug = {0, 1, 0, 0};
    struct tally_lot lots[2][4];
    struct tally_purse purses[2][4];
    struct tally_count counts[2][4];
    struct tally_open_hold holds[2][4];
    struct tally_account before = {.lots = lots[0],
                                   .purses = purses[0],
                                   .counts = counts[0],
                                   .holds = holds[0],
                                   .room = {4, 4, 4, 4}},
                         after = {.lots = lots[1],
                                  .purses = purses[1],
                                  .counts = counts[1],
                                  .holds = holds[1],
                                  .room = {4, 4, 4, 4}};
    struct tally_event event;
    tally_account_clear(&before);
    assert_int_equal(TALLY_OK, tally_stock_in_plan(MUG, 10, &hq, &room, &event));
    assert_int_equal(TALLY_OK, tally_account_apply(&before, &event, &after));
    assert_int_equal(10, tally_account_in_drawer(&after, MUG, TALLY_TERMINAL_HQ, DAY, 1000));
    assert_int_equal(10, tally_account_in_drawer(&after, MUG, TALLY_TERMINAL_HQ, DAY + 40000, 0));
    assert_int_equal(TALLY_OK, tally_stock_out_plan(&programme, &mug, 1, &moment, &room, &event));
    assert_int_equal(TALLY_E_POINTS_SHORT, tally_account_apply(&after, &event, &before));
}

static void anything_else_on_that_account_is_no_stock(void **state)
{
    (void)state;
    const struct tally_taken mug = {0, 1, 0, 0};
    const struct tally_count count = {TALLY_COUNT_SALES, 0, DAY, DAY, 1};
    struct tally_event out;
    assert_int_equal(TALLY_OK, tally_stock_out_plan(&programme, &mug, 1, &moment, &room, &out));
#define REFUSED(change)                                                                            \
    do {                                                                                           \
        struct tally_event event = out;                                                            \
        struct tally_move move = moves[0];                                                         \
        event.effects.moves = &move;                                                               \
        assert_true(tally_stock_moves_only(&event));                                               \
        change;                                                                                    \
        assert_false(tally_stock_moves_only(&event));                                              \
    } while (0)
    REFUSED(event.account = 2);
    REFUSED(event.type = TALLY_EVENT_SALE);
    REFUSED(event.effects.move_count = 0);
    REFUSED((event.effects.counts = &count, event.effects.count_count = 1));
    REFUSED(event.effects.has_floor = true);
    REFUSED(move.purse = TALLY_PURSE_POINTS);
    REFUSED(move.expires_day = DAY);
    REFUSED(move.from_day = DAY);
    REFUSED(move.kind = TALLY_MOVE_ADJUST_DEBT);
#undef REFUSED
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_sale_gives_away_leaves_the_drawer_in_one_event),
        cmocka_unit_test(a_sale_that_gives_nothing_of_it_away_takes_nothing),
        cmocka_unit_test(units_never_lapse_and_leave_only_the_drawer_that_holds_them),
        cmocka_unit_test(anything_else_on_that_account_is_no_stock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
