/* SPDX-License-Identifier: Apache-2.0 */
/* Two accounts become one, drawer by drawer. */
#include "tests/unit/core/fold.h"

#include "app/core/merge.h"

enum { INTO = ACCOUNT + 1, STAMPS = 77, SILVER = 501, GOLD = 502 };

static struct fold from, into;
static struct tally_move sent_moves[TALLY_MOVES_MAX], received_moves[TALLY_MOVES_MAX];
static struct tally_count sent_counts[TALLY_COUNTS_MAX], received_counts[TALLY_COUNTS_MAX];
static const struct tally_bonus_room sending = {sent_moves, TALLY_MOVES_MAX, sent_counts,
                                                TALLY_COUNTS_MAX};
static const struct tally_bonus_room receiving = {received_moves, TALLY_MOVES_MAX, received_counts,
                                                  TALLY_COUNTS_MAX};

static const struct tally_tier tiers[] = {
    {.code = "PLAIN", .id = 500}, {.code = "SILVER", .id = SILVER}, {.code = "GOLD", .id = GOLD}};
static const struct tally_programme programme = {.tiers = {.tiers = tiers, .tier_count = 3}};

static void happens(struct fold *fold, uint64_t account, struct happening happening)
{
    happening.event.account = account;
    applied(fold, &happening);
}

static struct happening a_gift(uint32_t drawer, uint64_t seq, uint32_t purse, int64_t points)
{
    struct happening gift = a_happening(TALLY_EVENT_ADJUST, drawer, seq);
    moves(&gift, TALLY_MOVE_ADJUST_IN, purse, 21000, 0, points);
    return gift;
}

static void take_in(struct fold *fold, struct tally_event event, uint64_t seq)
{
    event.id.epoch = 1;
    event.id.seq = seq;
    event.time = seq << 16;
    assert_int_equal(tally_account_apply(&fold->account, &event, &fold->spare), TALLY_OK);
    struct tally_account before = fold->account;
    fold->account = fold->spare;
    fold->spare = before;
    assert_int_equal(tally_account_check(&fold->account), TALLY_OK);
}

static int64_t usable(const struct fold *fold, uint32_t purse)
{
    return tally_account_balance(&fold->account, purse, TODAY, 0).usable;
}

static void merge(uint32_t drawer, uint64_t seq)
{
    const struct tally_moment moment = {drawer, 0, TODAY};
    struct tally_event sent, received;
    assert_int_equal(tally_merge_plan(&from.account, INTO, &moment, &sending, &sent), TALLY_OK);
    enum tally_status status = tally_merge_receive_plan(&programme, &from.account, &into.account,
                                                        &sent, &moment, &receiving, &received);
    take_in(&from, sent, seq);
    if (status == TALLY_OK) {
        take_in(&into, received, seq + 1);
    } else {
        assert_int_equal(status, TALLY_E_NOT_FOUND);
    }
}

static void two_members(void)
{
    opened(&from);
    opened(&into);
    happens(&from, ACCOUNT, a_gift(TALLY_TERMINAL_HQ, 1, 0, 100));
    happens(&from, ACCOUNT, a_gift(TALLY_TERMINAL_HQ, 2, STAMPS, 3));
    happens(&from, ACCOUNT, a_gift(TERMINAL, 3, 0, 40));
    happens(&into, INTO, a_gift(TALLY_TERMINAL_HQ, 4, 0, 7));
}

static void everything_of_head_offices_drawer_goes_over(void **state)
{
    (void)state;
    two_members();
    merge(TALLY_TERMINAL_HQ, 10);
    assert_true(usable(&from, 0) == 40 && usable(&from, STAMPS) == 0);
    assert_true(usable(&into, 0) == 107 && usable(&into, STAMPS) == 3);
    assert_true(from.account.merged_into == INTO && into.account.merged_into == 0);
}

static void a_terminal_sends_its_own_drawer_after(void **state)
{
    (void)state;
    two_members();
    merge(TALLY_TERMINAL_HQ, 10);
    merge(TERMINAL, 20);
    assert_true(usable(&from, 0) == 0 && usable(&into, 0) == 147);
    const struct tally_moment moment = {TERMINAL, 0, TODAY};
    struct tally_event sent;
    assert_int_equal(tally_merge_plan(&from.account, INTO, &moment, &sending, &sent),
                     TALLY_E_NOT_FOUND);
}

static void debts_and_counters_go_along_and_leave_nothing_behind(void **state)
{
    (void)state;
    two_members();
    struct happening owed = a_happening(TALLY_EVENT_ADJUST, TALLY_TERMINAL_HQ, 5);
    moves(&owed, TALLY_MOVE_ADJUST_DEBT, 0, 0, 0, 30);
    happens(&from, ACCOUNT, owed);
    struct happening sale = a_happening(TALLY_EVENT_SALE, TERMINAL, 6);
    counts(&sale, TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, 1);
    counts(&sale, TALLY_COUNT_SPEND, 0, TODAY - 100, TODAY + 300, 4200);
    happens(&from, ACCOUNT, sale);
    merge(TALLY_TERMINAL_HQ, 10);
    assert_true(tally_account_purse(&from.account, 0).debt == 0);
    assert_true(tally_account_purse(&into.account, 0).debt == 30);
    assert_true(from.account.count_count == 0);
    assert_true(tally_account_visits(&into.account) == 1);
    assert_true(usable(&into, 0) == 7 + 100 - 30);
}

static void the_higher_standing_stays(void **state)
{
    (void)state;
    for (int from_is_higher = 0; from_is_higher < 2; from_is_higher++) {
        two_members();
        struct happening one = a_happening(TALLY_EVENT_SALE, TERMINAL, 5);
        struct happening two = a_happening(TALLY_EVENT_SALE, TERMINAL, 6);
        one.event.effects.has_standing = two.event.effects.has_standing = true;
        one.event.effects.standing =
            (struct tally_standing){from_is_higher != 0 ? GOLD : SILVER, TODAY, TODAY + 9};
        two.event.effects.standing =
            (struct tally_standing){from_is_higher != 0 ? SILVER : GOLD, TODAY, TODAY + 9};
        happens(&from, ACCOUNT, one);
        happens(&into, INTO, two);
        merge(TALLY_TERMINAL_HQ, 10);
        assert_int_equal(into.account.standing.tier, GOLD);
    }
}

static void an_empty_account_ends_all_the_same(void **state)
{
    (void)state;
    opened(&from);
    opened(&into);
    happens(&from, ACCOUNT, a_happening(TALLY_EVENT_ENROL, TERMINAL, 1));
    happens(&into, INTO, a_gift(TALLY_TERMINAL_HQ, 4, 0, 7));
    merge(TALLY_TERMINAL_HQ, 10);
    assert_true(from.account.merged_into == INTO && usable(&into, 0) == 7);
}

static void an_account_is_not_merged_into_itself_or_into_nothing(void **state)
{
    (void)state;
    two_members();
    const struct tally_moment moment = {TALLY_TERMINAL_HQ, 0, TODAY};
    struct tally_event sent;
    assert_int_equal(tally_merge_plan(&from.account, ACCOUNT, &moment, &sending, &sent),
                     TALLY_E_INVALID);
    assert_int_equal(tally_merge_plan(&from.account, 0, &moment, &sending, &sent), TALLY_E_INVALID);
}

static void what_one_event_cannot_carry_goes_with_the_next(void **state)
{
    (void)state;
    two_members();
    happens(&from, ACCOUNT, a_gift(TALLY_TERMINAL_HQ, 90, TALLY_PURSE_POINTS, TALLY_POINTS_MAX));
    happens(&from, ACCOUNT, a_gift(TALLY_TERMINAL_HQ, 91, STAMPS, TALLY_POINTS_MAX));
    const int64_t before = usable(&from, TALLY_PURSE_POINTS), stamps = usable(&from, STAMPS);
    const int64_t there = usable(&into, TALLY_PURSE_POINTS);
    for (uint64_t seq = 100; seq < 110; seq += 2) {
        merge(TALLY_TERMINAL_HQ, seq);
    }
    assert_int_equal(
        usable(&into, TALLY_PURSE_POINTS) - there +
            tally_account_in_drawer(&from.account, TALLY_PURSE_POINTS, TERMINAL, TODAY, 0),
        before);
    assert_int_equal(usable(&into, STAMPS) + usable(&from, STAMPS), stamps);
    assert_int_equal(tally_account_in_drawer(&from.account, STAMPS, TALLY_TERMINAL_HQ, TODAY, 0),
                     0);
    assert_int_equal(from.account.count_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_of_head_offices_drawer_goes_over),
        cmocka_unit_test(a_terminal_sends_its_own_drawer_after),
        cmocka_unit_test(debts_and_counters_go_along_and_leave_nothing_behind),
        cmocka_unit_test(the_higher_standing_stays),
        cmocka_unit_test(an_empty_account_ends_all_the_same),
        cmocka_unit_test(an_account_is_not_merged_into_itself_or_into_nothing),
        cmocka_unit_test(what_one_event_cannot_carry_goes_with_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
