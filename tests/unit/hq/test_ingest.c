/* SPDX-License-Identifier: Apache-2.0 */
/* What head office takes from a terminal, what it refuses, and what it puts into quarantine. */
#include "tests/unit/hq/hq_stage.h"

#include "app/base/alloc.h"

#include <string.h>

enum { ANN = 0x1001, BOB = 0x1002 };

static void expect_verified(struct world *world)
{
    struct hq_verified verified;
    enum tally_status status = hq_store_verify(world->store, &verified);
    assert_string_equal(verified.difference, "");
    OK(status);
}

static struct hq_terminal row_of(struct stage *stage)
{
    struct hq_terminal row;
    OK(hq_store_terminal(stage->world.store, stage->till.number, &row));
    return row;
}

static void a_member_and_a_sale_reach_the_account(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 120, 0);
    till_sale(&stage->till, ANN, 5, 20);
    till_push_all(&stage->till);
    assert_int_equal(world_balance(&stage->world, ANN), 105);
    assert_int_equal(world_drawer(&stage->world, ANN, stage->till.number), 105);
    expect_verified(&stage->world);
}

static void a_batch_pushed_again_changes_nothing(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 120, 0);
    till_push_all(&stage->till);
    struct hq_counts before, after;
    OK(hq_store_counts(stage->world.store, &before));
    struct hq_push push = till_push(&stage->till, 1, 2);
    OK(push.status);
    assert_int_equal(push.accepted, 0);
    assert_int_equal(push.reply.acked_seq, 2);
    OK(hq_store_counts(stage->world.store, &after));
    assert_int_equal(after.events, before.events);
    assert_int_equal(after.cursor, before.cursor);
    assert_int_equal(world_balance(&stage->world, ANN), 120);
}

static void an_overlapping_batch_brings_only_what_is_new(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 100, 0);
    till_push_all(&stage->till);
    till_sale(&stage->till, ANN, 11, 0);
    struct hq_push push = till_push(&stage->till, 2, 3);
    OK(push.status);
    assert_int_equal(push.accepted, 1);
    assert_int_equal(world_balance(&stage->world, ANN), 111);
}

static void an_empty_push_answers_where_hq_stands(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_push_all(&stage->till);
    struct hq_push push = till_push(&stage->till, 2, 1);
    OK(push.status);
    assert_int_equal(push.reply.acked_seq, 1);
}

static void a_gap_is_refused_and_nothing_changes(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 1, 0);
    till_sale(&stage->till, ANN, 2, 0);
    struct hq_push push = till_push(&stage->till, 2, 3);
    EXPECT(TALLY_E_PROTOCOL, push.status);
    assert_int_equal(row_of(stage).seq, 0);
    assert_int_equal(row_of(stage).state, HQ_TERMINAL_OK);
    till_push_all(&stage->till); /* and heals */
}

static void another_epoch_is_refused(void **state)
{
    struct stage *stage = *state;
    stage->till.epoch++;
    till_enrol(&stage->till, ANN, 1);
    EXPECT(TALLY_E_PROTOCOL, till_push(&stage->till, 1, 1).status);
    assert_int_equal(row_of(stage).seq, 0);
}

static void another_event_under_a_held_number_is_a_fork(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 10, 0);
    till_push_all(&stage->till);
    till_rewind(&stage->till, 1);
    till_sale(&stage->till, ANN, 9999, 0);
    struct hq_push push = till_push(&stage->till, 2, 2);
    EXPECT(TALLY_E_CHAIN, push.status);
    assert_int_equal(row_of(stage).state, HQ_TERMINAL_QUARANTINED);
    assert_true(world_is_flagged(&stage->world, "HQ holds another event of that number"));
    assert_int_equal(world_balance(&stage->world, ANN), 10);
}

static void a_chain_that_does_not_join_is_a_fork(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 10, 0);
    till_push_all(&stage->till);
    till_rewind(&stage->till, 1);
    till_sale(&stage->till, ANN, 11, 0);
    till_sale(&stage->till, ANN, 12, 0);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 3, 3).status);
    assert_int_equal(row_of(stage).state, HQ_TERMINAL_QUARANTINED);
    assert_int_equal(row_of(stage).seq, 2);
}

static void a_batch_that_denies_its_own_chain_is_refused_without_quarantine(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    stage->till.chains[1][0] ^= 1;
    EXPECT(TALLY_E_INVALID, till_push(&stage->till, 1, 1).status);
    assert_int_equal(row_of(stage).state, HQ_TERMINAL_OK);
    assert_int_equal(row_of(stage).seq, 0);
}

static void an_event_with_another_terminals_number_quarantines(void **state)
{
    struct stage *stage = *state;
    uint32_t number = stage->till.number;
    stage->till.number = 4711;
    till_enrol(&stage->till, ANN, 1);
    stage->till.number = number;
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 1, 1).status);
    assert_int_equal(row_of(stage).seq, 0);
}

static void spending_what_the_drawer_does_not_hold_quarantines(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 50, 0);
    till_sale(&stage->till, ANN, 0, 51);
    struct hq_push push = till_push(&stage->till, 1, 3);
    EXPECT(TALLY_E_CHAIN, push.status);
    assert_non_null(strstr(push.text, "event 3"));
    assert_int_equal(row_of(stage).seq, 2); /* what came before is good and stays */
    assert_int_equal(row_of(stage).state, HQ_TERMINAL_QUARANTINED);
    assert_true(world_is_flagged(&stage->world, "spends points that its drawer does not hold"));
    assert_int_equal(world_balance(&stage->world, ANN), 50);
    expect_verified(&stage->world);
}

static void a_quarantined_terminal_is_refused_everything(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 0, 51);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 1, 2).status);
    struct hq_pull pull = {.cursor = 0};
    memcpy(pull.pin, stage->till.pin, TALLY_HASH_LEN);
    struct tally_buffer reply = {0};
    EXPECT(TALLY_E_CHAIN, hq_store_pull(stage->world.store, &pull, WORLD_NOW, &reply));
    assert_non_null(strstr(pull.text, "quarantined at event 2"));
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 1, 1).status);
    assert_int_equal(reply.len, 0);
}

static void a_revoked_terminal_is_refused_at_its_next_message(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_push_all(&stage->till);
    OK(hq_store_revoke(stage->world.store, stage->till.number, "stolen"));
    till_sale(&stage->till, ANN, 10, 0);
    EXPECT(TALLY_E_REVOKED, till_push(&stage->till, 2, 2).status);
    assert_int_equal(row_of(stage).seq, 1);
}

static void a_key_that_no_terminal_has_is_refused(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    stage->till.pin[5] ^= 1;
    EXPECT(TALLY_E_REVOKED, till_push(&stage->till, 1, 1).status);
}

static void a_message_that_cannot_be_read_is_refused(void **state)
{
    struct stage *stage = *state;
    struct hq_push push = {.message = {(const uint8_t *)"\xff\xff\xff", 3}};
    struct hq_push *pushes[] = {&push};
    memcpy(push.pin, stage->till.pin, TALLY_HASH_LEN);
    OK(hq_store_push(stage->world.store, pushes, 1, WORLD_NOW));
    EXPECT(TALLY_E_INVALID, push.status);
}

static void a_sale_of_an_unpublished_programme_is_kept_and_flagged(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 10, 0);
    till_push_all(&stage->till);
    assert_true(world_is_flagged(&stage->world, "never published"));
    assert_int_equal(world_balance(&stage->world, ANN), 10);
}

static void a_sale_that_recomputes_raises_no_flag(void **state)
{
    struct stage *stage = *state;
    struct tally_programme_document *club = world_publish(&stage->world);
    till_enrol(&stage->till, ANN, 1);
    till_sell(&stage->till, tally_programme_of(club), ANN, 12000, 0);
    till_push_all(&stage->till);
    assert_int_equal(world_flags(&stage->world), 0);
    assert_int_equal(world_balance(&stage->world, ANN), 120);
    tally_programme_document_free(club);
}

static void a_sale_that_does_not_recompute_is_kept_as_claimed_and_flagged(void **state)
{
    struct stage *stage = *state;
    struct tally_programme_document *club = world_publish(&stage->world);
    till_enrol(&stage->till, ANN, 1);
    till_sell(&stage->till, tally_programme_of(club), ANN, 12000, 121);
    till_push_all(&stage->till);
    assert_int_equal(world_flags(&stage->world), 1);
    assert_true(world_is_flagged(&stage->world, "does not recompute under programme version 1"));
    assert_int_equal(world_balance(&stage->world, ANN), 121);
    expect_verified(&stage->world);
    tally_programme_document_free(club);
}

static void a_void_undoes_its_sale(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 100, 0);
    till_sale(&stage->till, ANN, 7, 30);
    till_void(&stage->till, ANN, 3, 7, 30);
    till_push_all(&stage->till);
    assert_int_equal(world_balance(&stage->world, ANN), 100);
    expect_verified(&stage->world);
}

static void a_sale_voided_twice_quarantines(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 100, 0);
    till_sale(&stage->till, ANN, 0, 30);
    till_void(&stage->till, ANN, 3, 0, 30);
    till_void(&stage->till, ANN, 3, 0, 30);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 1, 5).status);
    assert_int_equal(row_of(stage).seq, 4);
    assert_int_equal(world_balance(&stage->world, ANN), 100);
}

static void voiding_another_accounts_sale_quarantines(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_enrol(&stage->till, BOB, 2);
    till_sale(&stage->till, ANN, 100, 0);
    till_sale(&stage->till, ANN, 0, 30);
    till_void(&stage->till, BOB, 4, 0, 30);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 1, 5).status);
    assert_int_equal(world_balance(&stage->world, BOB), 0);
}

static void voiding_more_than_the_sale_had_quarantines(void **state)
{
    struct stage *stage = *state;
    tally_programme_document_free(world_publish(&stage->world));
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 100, 0);
    till_sale(&stage->till, ANN, 0, 30);
    till_void(&stage->till, ANN, 3, 0, 31);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 1, 4).status);
    assert_int_equal(world_balance(&stage->world, ANN), 70);
}

static void a_void_that_gives_points_back_with_another_last_day_quarantines(void **state)
{
    struct stage *stage = *state;
    tally_programme_document_free(world_publish(&stage->world));
    struct tally_move later = {
        .kind = TALLY_MOVE_UNREDEEM, .expires_day = LOT_DAY + 1, .points = 30};
    struct tally_event event = {.type = TALLY_EVENT_VOID,
                                .programme_version = 1,
                                .account = ANN,
                                .member = ANN,
                                .effects = {.moves = &later, .move_count = 1}};
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 100, 0);
    till_sale(&stage->till, ANN, 0, 30);
    event.as.reversal = (struct tally_reversal){.ref = {(const uint8_t *)"V", 1},
                                                .sale = {stage->till.number, stage->till.epoch, 3},
                                                .sale_day = WORLD_DAY,
                                                .amount_minor = 30,
                                                .redeemed_minor = 30};
    till_write(&stage->till, &event);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 1, 4).status);
    assert_int_equal(world_balance(&stage->world, ANN), 70);
}

static void voiding_what_was_never_sold_quarantines(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_void(&stage->till, ANN, 1, 0, 5);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 1, 2).status);
    assert_int_equal(world_balance(&stage->world, ANN), 0);
}

static void a_card_enrolled_at_two_terminals_stays_with_the_first(void **state)
{
    struct stage *stage = *state;
    struct till other;
    uint8_t handle[TALLY_HANDLE_LEN];
    uint64_t member = 0, account = 0;
    till_open(&stage->world, &other, 2, 0);
    till_enrol(&stage->till, ANN, 9);
    till_enrol(&other, BOB, 9);
    till_push_all(&stage->till);
    till_push_all(&other);
    memset(handle, 9, sizeof handle);
    OK(hq_store_card(stage->world.store, handle, &member, &account));
    assert_int_equal(account, ANN);
    assert_true(world_is_flagged(&stage->world, "card that belongs to another member"));
    assert_int_equal(world_balance(&stage->world, BOB), 0);
    expect_verified(&stage->world);
    till_close(&other);
}

static void a_member_enrolled_with_card_and_phone_number_has_both(void **state)
{
    struct stage *stage = *state;
    till_enrol_with_phone(&stage->till, ANN, 9, 10);
    till_push_all(&stage->till);
    assert_int_equal(world_member(&stage->world, 9), ANN);
    assert_int_equal(world_member(&stage->world, 10), ANN);
    assert_int_equal(world_flags(&stage->world), 0);
    expect_verified(&stage->world);
}

static void a_phone_number_enrolled_at_two_terminals_stays_with_the_first(void **state)
{
    struct stage *stage = *state;
    struct till other;
    till_open(&stage->world, &other, 2, 0);
    till_enrol_with_phone(&stage->till, ANN, 9, 10);
    till_enrol_with_phone(&other, BOB, 11, 10);
    till_push_all(&stage->till);
    till_push_all(&other);
    assert_int_equal(world_member(&stage->world, 10), ANN);
    assert_int_equal(world_member(&stage->world, 11), BOB); /* the card is free, and stays */
    assert_true(world_is_flagged(&stage->world, "phone number that belongs to another member"));
    assert_int_equal(world_flags(&stage->world), 1);
    expect_verified(&stage->world);
    till_close(&other);
}

static void a_card_that_is_taken_does_not_cost_the_phone_number(void **state)
{
    struct stage *stage = *state;
    struct till other;
    till_open(&stage->world, &other, 2, 0);
    till_enrol(&stage->till, ANN, 9);
    till_enrol_with_phone(&other, BOB, 9, 12);
    till_push_all(&stage->till);
    till_push_all(&other);
    assert_int_equal(world_member(&stage->world, 9), ANN);
    assert_int_equal(world_member(&stage->world, 12), BOB);
    assert_true(world_is_flagged(&stage->world, "card that belongs to another member"));
    expect_verified(&stage->world);
    till_close(&other);
}

/* Who enrols the whole country into one account must not make its row too long to send. */
static void an_account_takes_no_more_members_than_one_message_can_carry(void **state)
{
    struct stage *stage = *state;
    unsigned enrolled = 0;
    for (uint8_t round = 0; enrolled <= HQ_ACCOUNT_MEMBERS_MAX; round++) {
        struct till other;
        till_open(&stage->world, &other, (uint8_t)(round + 2), 0);
        for (unsigned i = 0; i < WORLD_JOURNAL_MAX; i++, enrolled++) {
            struct tally_event event = {
                .type = TALLY_EVENT_ENROL, .account = ANN, .member = ANN + enrolled};
            memcpy(event.as.enrol.handle, &enrolled, sizeof enrolled);
            till_write(&other, &event);
        }
        till_push_all(&other);
        till_close(&other);
    }
    assert_true(world_is_flagged(&stage->world, "has as many members as"));
    struct tally_buffer bytes = {0};
    struct tally_msg_pull_reply reply;
    struct hq_pull pull = {.cursor = 0};
    memcpy(pull.pin, stage->till.pin, TALLY_HASH_LEN);
    OK(hq_store_pull(stage->world.store, &pull, WORLD_NOW, &bytes));
    OK(tally_msg_pull_reply_decode(tally_buffer_slice(&bytes), &reply));
    assert_int_equal(reply.account_count, 1);
    assert_int_equal(reply.accounts[0].member_count, HQ_ACCOUNT_MEMBERS_MAX);
    tally_msg_pull_reply_free(&reply);
    tally_buffer_free(&bytes);
    expect_verified(&stage->world);
}

static void pushes_in_one_transaction_have_each_their_own_answer(void **state)
{
    struct stage *stage = *state;
    struct hq_push good = {.accepted = 0}, bad = {.accepted = 0};
    struct tally_buffer message = {0};
    struct tally_msg_push_request request = {.epoch = 1, .first_seq = 1};
    OK(tally_msg_push_request_encode(&request, &message));
    good.message = bad.message = tally_buffer_slice(&message);
    memcpy(good.pin, stage->till.pin, TALLY_HASH_LEN);
    struct hq_push *pushes[] = {&bad, &good};
    OK(hq_store_push(stage->world.store, pushes, 2, WORLD_NOW));
    EXPECT(TALLY_E_REVOKED, bad.status);
    OK(good.status);
    tally_buffer_free(&message);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_member_and_a_sale_reach_the_account),
        TEST(a_batch_pushed_again_changes_nothing),
        TEST(an_overlapping_batch_brings_only_what_is_new),
        TEST(an_empty_push_answers_where_hq_stands),
        TEST(a_gap_is_refused_and_nothing_changes),
        TEST(another_epoch_is_refused),
        TEST(another_event_under_a_held_number_is_a_fork),
        TEST(a_chain_that_does_not_join_is_a_fork),
        TEST(a_batch_that_denies_its_own_chain_is_refused_without_quarantine),
        TEST(an_event_with_another_terminals_number_quarantines),
        TEST(spending_what_the_drawer_does_not_hold_quarantines),
        TEST(a_quarantined_terminal_is_refused_everything),
        TEST(a_revoked_terminal_is_refused_at_its_next_message),
        TEST(a_key_that_no_terminal_has_is_refused),
        TEST(a_message_that_cannot_be_read_is_refused),
        TEST(a_sale_of_an_unpublished_programme_is_kept_and_flagged),
        TEST(a_sale_that_recomputes_raises_no_flag),
        TEST(a_sale_that_does_not_recompute_is_kept_as_claimed_and_flagged),
        TEST(a_void_undoes_its_sale),
        TEST(a_sale_voided_twice_quarantines),
        TEST(voiding_another_accounts_sale_quarantines),
        TEST(voiding_more_than_the_sale_had_quarantines),
        TEST(a_void_that_gives_points_back_with_another_last_day_quarantines),
        TEST(voiding_what_was_never_sold_quarantines),
        TEST(a_card_enrolled_at_two_terminals_stays_with_the_first),
        TEST(a_member_enrolled_with_card_and_phone_number_has_both),
        TEST(a_phone_number_enrolled_at_two_terminals_stays_with_the_first),
        TEST(a_card_that_is_taken_does_not_cost_the_phone_number),
        TEST(an_account_takes_no_more_members_than_one_message_can_carry),
        TEST(pushes_in_one_transaction_have_each_their_own_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
