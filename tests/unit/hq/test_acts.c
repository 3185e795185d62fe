/* SPDX-License-Identifier: Apache-2.0 */
/* What a person does to an account at head office. */
#include "tests/unit/hq/hq_stage.h"

#include "app/base/alloc.h"
#include "app/core/merge.h"
#include "app/core/tier.h"
#include "app/hq/acts.h"

#include <stdio.h>
#include <string.h>

enum { ANN = 11, BOB = 22 };

static const char guarded[] = "\"version\": 1, \"guards\": [{\"kind\": \"adjust_points\", "
                              "\"limit\": 100, \"refuses\": true}],"
                              "\"transfer\": {\"points_min\": 10},";

/* ------------------------------------------------------------------ points and tiers */

static void a_large_adjustment_needs_a_second_person(void **state)
{
    struct stage *stage = *state;
    char text[HQ_TEXT_MAX];
    struct hq_act act = {.account = ANN, .who = "kim", .reason = "broken cup", .second = ""};
    stage_rules(stage, guarded);
    till_enrol(&stage->till, ANN, 1);
    till_push_rest(&stage->till, 1);
    OK(hq_store_adjust(stage->world.store, &act, 100, 0, WORLD_NOW, text));
    EXPECT(TALLY_E_BLOCKED, hq_store_adjust(stage->world.store, &act, 101, 0, WORLD_NOW, text));
    assert_int_equal(world_balance(&stage->world, ANN), 100);
    act.second = "lee";
    OK(hq_store_adjust(stage->world.store, &act, 101, 0, WORLD_NOW, text));
    assert_int_equal(world_balance(&stage->world, ANN), 201);
}

static void nobody_can_be_taken_points_that_head_office_does_not_hold(void **state)
{
    struct stage *stage = *state;
    char text[HQ_TEXT_MAX];
    const struct hq_act act = {.account = ANN, .who = "kim", .reason = "error", .second = ""};
    stage_rules(stage, guarded);
    till_enrol(&stage->till, ANN, 1);
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    till_push_rest(&stage->till, 1);
    EXPECT(TALLY_E_POINTS_SHORT,
           hq_store_adjust(stage->world.store, &act, -50, 0, WORLD_NOW, text));
    assert_int_equal(world_balance(&stage->world, ANN), 100);
    assert_non_null(strstr(text, "terminals"));
}

static void points_go_from_one_member_to_another_by_the_rules(void **state)
{
    struct stage *stage = *state;
    char text[HQ_TEXT_MAX];
    const struct hq_act act = {.account = ANN, .who = "ann", .reason = "gift", .second = ""};
    stage_rules(stage, guarded);
    till_enrol(&stage->till, ANN, 1);
    till_enrol(&stage->till, BOB, 2);
    till_push_rest(&stage->till, 1);
    OK(hq_store_adjust(stage->world.store, &act, 100, 0, WORLD_NOW, text));
    EXPECT(TALLY_E_RULE, hq_store_transfer(stage->world.store, &act, BOB, 9, WORLD_NOW, text));
    EXPECT(TALLY_E_RULE, hq_store_transfer(stage->world.store, &act, ANN, 50, WORLD_NOW, text));
    EXPECT(TALLY_E_NOT_FOUND, hq_store_transfer(stage->world.store, &act, 99, 50, WORLD_NOW, text));
    OK(hq_store_transfer(stage->world.store, &act, BOB, 60, WORLD_NOW, text));
    assert_int_equal(world_balance(&stage->world, ANN), 40);
    assert_int_equal(world_balance(&stage->world, BOB), 60);
    struct hq_verified verified;
    OK(hq_store_verify(stage->world.store, &verified));
}

static void a_tier_that_is_given_is_a_floor(void **state)
{
    struct stage *stage = *state;
    char text[HQ_TEXT_MAX];
    struct tally_book book;
    const struct hq_act act = {.account = ANN, .who = "kim", .reason = "status match"};
    stage_rules(stage, guarded);
    till_enrol(&stage->till, ANN, 1);
    till_push_rest(&stage->till, 1);
    EXPECT(TALLY_E_NOT_FOUND,
           hq_store_give_tier(stage->world.store, &act, "GOLD", TALLY_DAY_NEVER, WORLD_NOW, text));
    OK(hq_store_give_tier(stage->world.store, &act, "VIP", WORLD_DAY + 90, WORLD_NOW, text));
    OK(hq_store_account(stage->world.store, ANN, &book));
    assert_int_equal(tally_tier_of(&book.account, stage->programme, WORLD_DAY + 90).tier, 2);
    assert_int_equal(tally_tier_of(&book.account, stage->programme, WORLD_DAY + 91).tier, 0);
    tally_book_free(&book);
}

/* ------------------------------------------------------------------ blocks and cards */

static void handle_of(uint8_t card, uint8_t handle[TALLY_HANDLE_LEN])
{
    memset(handle, card, TALLY_HANDLE_LEN);
}

static void a_blocked_account_buys_nothing_until_it_is_let_in(void **state)
{
    struct stage *stage = *state;
    char text[HQ_TEXT_MAX];
    struct tally_book book;
    const struct hq_act act = {.account = ANN, .who = "kim", .reason = "stolen", .second = ""};
    stage_rules(stage, guarded);
    till_enrol(&stage->till, ANN, 1);
    till_push_rest(&stage->till, 1);
    OK(hq_store_block(stage->world.store, &act, true, WORLD_NOW, text));
    OK(hq_store_account(stage->world.store, ANN, &book));
    assert_true(book.account.blocked);
    tally_book_free(&book);
    OK(hq_store_block(stage->world.store, &act, false, WORLD_NOW + 1, text));
    OK(hq_store_account(stage->world.store, ANN, &book));
    assert_false(book.account.blocked);
    tally_book_free(&book);
}

static enum tally_status change_card(struct stage *stage, enum tally_card_action action,
                                     uint8_t card, uint8_t old)
{
    char text[HQ_TEXT_MAX];
    uint8_t handle[TALLY_HANDLE_LEN], old_handle[TALLY_HANDLE_LEN];
    const struct hq_act act = {.who = "kim", .reason = "lost", .second = ""};
    handle_of(card, handle);
    handle_of(old, old_handle);
    return hq_store_card_change(stage->world.store, &act, action, handle, old_handle, WORLD_NOW,
                                text);
}

/* What a terminal would be sent of ANN's cards. */
static void cards_are(struct stage *stage, size_t open, size_t blocked)
{
    struct hq_pull pull = {.cursor = 0};
    struct tally_buffer bytes = {0};
    struct tally_msg_pull_reply reply;
    memcpy(pull.pin, stage->till.pin, TALLY_HASH_LEN);
    OK(hq_store_pull(stage->world.store, &pull, WORLD_NOW, &bytes));
    OK(tally_msg_pull_reply_decode(tally_buffer_slice(&bytes), &reply));
    assert_int_equal(reply.account_count, 1);
    assert_int_equal(reply.accounts[0].members[0].handle_count, open);
    assert_int_equal(reply.accounts[0].members[0].blocked_count, blocked);
    tally_msg_pull_reply_free(&reply);
    tally_buffer_free(&bytes);
    struct hq_verified verified;
    OK(hq_store_verify(stage->world.store, &verified));
}

static void a_lost_card_is_replaced_and_blocked(void **state)
{
    struct stage *stage = *state;
    stage_rules(stage, guarded);
    till_enrol(&stage->till, ANN, 1);
    till_push_rest(&stage->till, 1);
    OK(change_card(stage, TALLY_CARD_REPLACE, 2, 1));
    assert_int_equal(world_member(&stage->world, 2), ANN);
    cards_are(stage, 1, 1);
    OK(change_card(stage, TALLY_CARD_UNBLOCK, 1, 0));
    cards_are(stage, 2, 0);
    OK(change_card(stage, TALLY_CARD_BLOCK, 2, 0));
    cards_are(stage, 1, 1);
    OK(change_card(stage, TALLY_CARD_LINK, 3, 1));
    cards_are(stage, 2, 1);
}

static void somebody_elses_card_is_not_given_away(void **state)
{
    struct stage *stage = *state;
    stage_rules(stage, guarded);
    till_enrol(&stage->till, ANN, 1);
    till_enrol(&stage->till, BOB, 2);
    till_push_rest(&stage->till, 1);
    EXPECT(TALLY_E_EXISTS, change_card(stage, TALLY_CARD_REPLACE, 2, 1));
    EXPECT(TALLY_E_NOT_FOUND, change_card(stage, TALLY_CARD_BLOCK, 9, 0));
    assert_int_equal(world_member(&stage->world, 2), BOB);
    assert_int_equal(world_member(&stage->world, 1), ANN);
}

/* ------------------------------------------------------------------ merging */

static void merge_ann_into_bob(struct stage *stage)
{
    char text[HQ_TEXT_MAX];
    const struct hq_act act = {.account = ANN, .who = "kim", .reason = "one person", .second = ""};
    stage_rules(stage, guarded);
    till_enrol(&stage->till, ANN, 1);
    till_enrol(&stage->till, BOB, 2);
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    till_push_rest(&stage->till, 1);
    OK(hq_store_adjust(stage->world.store, &act, 30, 0, WORLD_NOW, text));
    OK(hq_store_merge(stage->world.store, &act, BOB, WORLD_NOW, text));
    EXPECT(TALLY_E_EXISTS, hq_store_merge(stage->world.store, &act, BOB, WORLD_NOW, text));
}

static void a_merged_account_hands_over_members_and_what_head_office_holds(void **state)
{
    struct stage *stage = *state;
    struct tally_book book;
    struct hq_verified verified;
    merge_ann_into_bob(stage);
    assert_int_equal(world_balance(&stage->world, BOB), 30);
    assert_int_equal(world_balance(&stage->world, ANN), 100); /* the terminal's, until it hears */
    OK(hq_store_account(stage->world.store, BOB, &book));
    assert_int_equal(tally_account_visits(&book.account), 1);
    tally_book_free(&book);
    uint8_t handle[TALLY_HANDLE_LEN];
    uint64_t member = 0, account = 0;
    handle_of(1, handle);
    OK(hq_store_card(stage->world.store, handle, &member, &account));
    assert_int_equal(member, ANN);
    assert_int_equal(account, BOB);
    OK(hq_store_verify(stage->world.store, &verified));
}

static void write_follow(struct stage *stage, uint64_t into, int64_t points);

static void what_comes_late_for_an_ended_account_goes_over_too(void **state)
{
    struct stage *stage = *state;
    struct tally_book book;
    struct hq_verified verified;
    merge_ann_into_bob(stage);
    till_sell(&stage->till, stage->programme, ANN, 5000, 0); /* the terminal has not heard of it */
    till_push_rest(&stage->till, 4);
    OK(hq_store_account(stage->world.store, BOB, &book));
    assert_int_equal(tally_account_visits(&book.account), 2);
    tally_book_free(&book);
    OK(hq_store_account(stage->world.store, ANN, &book));
    assert_int_equal(tally_account_visits(&book.account), 0);
    tally_book_free(&book);
    write_follow(stage, BOB, 150);
    till_push_rest(&stage->till, 5);
    assert_int_equal(world_balance(&stage->world, BOB), 180);
    OK(hq_store_verify(stage->world.store, &verified));
}

/* What the terminal writes when it hears of the merge; `points` are claimed to arrive. */
static void write_follow(struct stage *stage, uint64_t into, int64_t points)
{
    struct tally_book from, to = {0};
    struct tally_move out[4], in[4];
    struct tally_count counts[4];
    const struct tally_bonus_room sending = {out, 4, counts, 4}, receiving = {in, 4, counts, 4};
    const struct tally_moment moment = {stage->till.number, WORLD_NOW, WORLD_DAY};
    struct tally_event sent, received;
    OK(hq_store_account(stage->world.store, ANN, &from));
    tally_account_clear(&to.account);
    to.account.id = into;
    OK(tally_merge_plan(&from.account, into, &moment, &sending, &sent));
    OK(tally_merge_receive_plan(stage->programme, &from.account, &to.account, &sent, &moment,
                                &receiving, &received));
    in[0].points = points;
    till_write(&stage->till, &sent);
    till_write(&stage->till, &received);
    tally_book_free(&from);
}

static void a_terminal_that_hears_of_it_sends_its_points_after(void **state)
{
    struct stage *stage = *state;
    merge_ann_into_bob(stage);
    write_follow(stage, BOB, 100);
    till_push_rest(&stage->till, 4);
    assert_int_equal(world_balance(&stage->world, ANN), 0);
    assert_int_equal(world_balance(&stage->world, BOB), 130);
}

static void a_terminal_that_moves_points_where_no_merge_was_is_quarantined(void **state)
{
    struct stage *stage = *state;
    merge_ann_into_bob(stage);
    write_follow(stage, 99, 100);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 4, 5).status);
    assert_true(world_is_flagged(&stage->world, "accounts that were not merged"));
}

static void a_terminal_that_receives_more_than_it_sent_is_quarantined(void **state)
{
    struct stage *stage = *state;
    merge_ann_into_bob(stage);
    write_follow(stage, BOB, 101);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 4, 5).status);
    assert_int_equal(world_balance(&stage->world, BOB), 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)
        TEST(a_large_adjustment_needs_a_second_person),
        TEST(nobody_can_be_taken_points_that_head_office_does_not_hold),
        TEST(points_go_from_one_member_to_another_by_the_rules),
        TEST(a_tier_that_is_given_is_a_floor),
        TEST(a_blocked_account_buys_nothing_until_it_is_let_in),
        TEST(a_lost_card_is_replaced_and_blocked),
        TEST(somebody_elses_card_is_not_given_away),
        TEST(a_merged_account_hands_over_members_and_what_head_office_holds),
        TEST(what_comes_late_for_an_ended_account_goes_over_too),
        TEST(a_terminal_that_hears_of_it_sends_its_points_after),
        TEST(a_terminal_that_moves_points_where_no_merge_was_is_quarantined),
        TEST(a_terminal_that_receives_more_than_it_sent_is_quarantined),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
