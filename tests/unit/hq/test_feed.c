/* SPDX-License-Identifier: Apache-2.0 */
/* What goes down to terminals: the change feed, and points drawn from HQ's drawer. */
#include "tests/unit/hq/hq_stage.h"

#include "app/base/alloc.h"
#include "app/crypto/seal.h"

#include <string.h>

enum { ANN = 0x1001, BOB = 0x1002 };

/* One reply, decoded; `bytes` is what it points into. */
struct pulled {
    struct tally_buffer bytes;
    struct tally_msg_pull_reply reply;
    bool news;
};

static struct pulled pull_from(struct stage *stage, uint64_t cursor)
{
    struct pulled pulled = {.news = false};
    struct hq_pull pull = {.cursor = cursor};
    memcpy(pull.pin, stage->till.pin, TALLY_HASH_LEN);
    OK(hq_store_pull(stage->world.store, &pull, WORLD_NOW, &pulled.bytes));
    OK(tally_msg_pull_reply_decode(tally_buffer_slice(&pulled.bytes), &pulled.reply));
    pulled.news = pull.news;
    return pulled;
}

static void pulled_free(struct pulled *pulled)
{
    tally_msg_pull_reply_free(&pulled->reply);
    tally_buffer_free(&pulled->bytes);
}

/* The id inside an encoded account. */
static uint64_t row_account(const struct tally_msg_account_row *row)
{
    struct tally_book book = {0};
    OK(tally_book_decode(&book, row->account));
    uint64_t id = book.account.id;
    tally_book_free(&book);
    return id;
}

/* ------------------------------------------------------------------ pull */

static void pull_from_nothing_gives_everything_with_people_and_cards(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_enrol(&stage->till, BOB, 2);
    till_sale(&stage->till, ANN, 30, 0);
    till_push_all(&stage->till);
    struct pulled pulled = pull_from(stage, 0);
    assert_int_equal(pulled.reply.account_count, 2);
    assert_true(pulled.reply.caught_up);
    assert_int_equal(pulled.reply.hq_time_ms, WORLD_NOW);
    for (size_t i = 0; i < 2; i++) {
        const struct tally_msg_account_row *row = &pulled.reply.accounts[i];
        assert_int_equal(row->as_of_seq, 3);
        assert_int_equal(row->as_of_epoch, 1);
        assert_int_equal(row->member_count, 1);
        assert_int_equal(row->members[0].account, row_account(row));
        assert_int_equal(row->members[0].home_shop, 7);
        assert_int_equal(row->members[0].wrapped_key.len, 7);
        assert_int_equal(row->members[0].handle_count, 1);
        assert_int_equal(row->members[0].handles[0][0], row_account(row) == ANN ? 1 : 2);
    }
    pulled_free(&pulled);
}

static void after_the_cursor_only_what_changed_comes(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_enrol(&stage->till, BOB, 2);
    till_push_all(&stage->till);
    struct pulled first = pull_from(stage, 0);
    struct pulled nothing = pull_from(stage, first.reply.cursor);
    assert_int_equal(nothing.reply.account_count, 0);
    assert_false(nothing.news);
    till_sale(&stage->till, BOB, 30, 0);
    till_push_all(&stage->till);
    struct pulled second = pull_from(stage, first.reply.cursor);
    assert_int_equal(second.reply.account_count, 1);
    assert_int_equal(row_account(&second.reply.accounts[0]), BOB);
    assert_true(second.reply.cursor > first.reply.cursor);
    pulled_free(&first);
    pulled_free(&nothing);
    pulled_free(&second);
}

static void an_account_stands_in_the_feed_only_once(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    for (uint64_t i = 0; i < 5; i++) {
        till_sale(&stage->till, ANN, 1, 0);
        OK(till_push(&stage->till, i == 0 ? 1 : i + 2, i + 2).status);
    }
    struct pulled pulled = pull_from(stage, 0);
    assert_int_equal(pulled.reply.account_count, 1);
    pulled_free(&pulled);
}

static void a_member_comes_with_card_and_phone_number(void **state)
{
    struct stage *stage = *state;
    uint8_t card[TALLY_HANDLE_LEN], phone[TALLY_HANDLE_LEN];
    memset(card, 9, sizeof card);
    memset(phone, 10, sizeof phone);
    till_enrol_with_phone(&stage->till, ANN, 9, 10);
    till_push_all(&stage->till);
    struct pulled pulled = pull_from(stage, 0);
    assert_int_equal(pulled.reply.account_count, 1);
    const struct tally_msg_member_row *member = &pulled.reply.accounts[0].members[0];
    assert_int_equal(member->handle_count, 2);
    assert_memory_equal(member->handles[0], card, TALLY_HANDLE_LEN);
    assert_memory_equal(member->handles[1], phone, TALLY_HANDLE_LEN);
    pulled_free(&pulled);
}

static void a_long_feed_comes_in_bounded_messages_until_caught_up(void **state)
{
    enum { MEMBERS = 1000 };
    struct stage *stage = *state;
    struct hq_import_row *rows = tally_alloc(MEMBERS, sizeof *rows);
    tally_programme_document_free(world_publish(&stage->world));
    for (size_t i = 0; i < MEMBERS; i++) {
        tally_store_le(rows[i].handle, 8, i + 1);
        rows[i].profile = (struct tally_slice){(const uint8_t *)"\x0a\x03"
                                                                "Ada",
                                               5};
        rows[i].points = 10;
        rows[i].expires_day = LOT_DAY;
    }
    struct hq_import_known known;
    uint64_t cursor = 0;
    OK(hq_store_import(stage->world.store, stage->world.keys.data_key, rows, MEMBERS, WORLD_NOW,
                       &known));
    size_t seen = 0, messages = 0;
    for (bool caught_up = false; !caught_up; messages++) {
        struct pulled pulled = pull_from(stage, cursor);
        assert_in_range(pulled.bytes.len, 1, HQ_PULL_BYTES + 8192);
        assert_true(pulled.reply.cursor > cursor);
        seen += pulled.reply.account_count;
        cursor = pulled.reply.cursor;
        caught_up = pulled.reply.caught_up;
        pulled_free(&pulled);
    }
    assert_int_equal(seen, MEMBERS);
    assert_in_range(messages, 2, 20);
    tally_free(rows);
}

static void a_newer_programme_and_the_keys_come_when_asked_for(void **state)
{
    struct stage *stage = *state;
    struct tally_slice document = {(const uint8_t *)"{}", 2}, signature = {document.data, 1};
    OK(hq_store_programme_put(stage->world.store, 3, document, signature));
    EXPECT(TALLY_E_EXISTS, hq_store_programme_put(stage->world.store, 3, document, signature));
    struct tally_msg_shared_keys keys = {.card_key = {1}, .data_key = {2}};
    struct hq_pull pull = {.keys = &keys};
    struct tally_buffer bytes = {0};
    struct tally_msg_pull_reply reply;
    memcpy(pull.pin, stage->till.pin, TALLY_HASH_LEN);
    OK(hq_store_pull(stage->world.store, &pull, WORLD_NOW, &bytes));
    OK(tally_msg_pull_reply_decode(tally_buffer_slice(&bytes), &reply));
    assert_true(reply.has_keys && reply.has_programme);
    assert_int_equal(reply.programme.document.len, 2);
    assert_int_equal(pull.programme_version, 3);
    tally_msg_pull_reply_free(&reply);
    bytes.len = 0;
    pull.keys = NULL;
    OK(hq_store_pull(stage->world.store, &pull, WORLD_NOW, &bytes));
    assert_false(pull.news); /* the next one has neither */
    tally_buffer_free(&bytes);
}

static void the_programme_in_force_comes_before_those_that_wait(void **state)
{
    struct stage *stage = *state;
    static const struct {
        uint32_t version;
        const char *effective_from;
    } published[] = {{1, "2026-01-01T00:00:00+08:00"},
                     {2, "2026-06-01T00:00:00+08:00"}, /* in force now: the first is history */
                     {3, "2027-06-01T00:00:00+08:00"},
                     {4, "2028-06-01T00:00:00+08:00"}};
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        tally_programme_document_free(world_publish_version(&stage->world, published[i].version,
                                                            published[i].effective_from));
    }
    struct hq_pull pull = {0};
    struct tally_buffer bytes = {0};
    struct tally_msg_pull_reply reply;
    memcpy(pull.pin, stage->till.pin, TALLY_HASH_LEN);
    for (uint32_t expected = 2; expected <= 4; expected++) {
        bytes.len = 0;
        OK(hq_store_pull(stage->world.store, &pull, WORLD_NOW, &bytes));
        OK(tally_msg_pull_reply_decode(tally_buffer_slice(&bytes), &reply));
        assert_true(reply.has_programme);
        assert_int_equal(pull.programme_version, expected);
        assert_int_equal(reply.caught_up, expected == 4);
        tally_msg_pull_reply_free(&reply);
    }
    tally_buffer_free(&bytes);
}

static void a_cursor_from_a_future_that_hq_lost_begins_anew(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    till_push_all(&stage->till);
    struct pulled pulled = pull_from(stage, 1000000);
    assert_int_equal(pulled.reply.account_count, 1);
    pulled_free(&pulled);
}

static void an_imported_profile_opens_under_the_data_key(void **state)
{
    struct stage *stage = *state;
    uint64_t account = 0;
    world_import(&stage->world, 5, 500, LOT_DAY, &account);
    assert_int_equal(world_drawer(&stage->world, account, TALLY_TERMINAL_HQ), 500);
    struct pulled pulled = pull_from(stage, 0);
    const struct tally_msg_member_row *member = &pulled.reply.accounts[0].members[0];
    struct tally_buffer profile = {0};
    struct tally_msg_profile person;
    OK(tally_profile_open(stage->world.keys.data_key, member->member, member->profile,
                          member->wrapped_key, &profile));
    OK(tally_msg_profile_decode(tally_buffer_slice(&profile), &person));
    assert_int_equal(person.name.len, 3);
    assert_memory_equal(person.name.data, "Ada", 3);
    EXPECT(TALLY_E_SIGNATURE, tally_profile_open(stage->world.keys.data_key, member->member + 1,
                                                 member->profile, member->wrapped_key, &profile));
    EXPECT(TALLY_E_NOT_FOUND,
           tally_profile_open(stage->world.keys.data_key, member->member, member->profile,
                              (struct tally_slice){NULL, 0}, &profile));
    tally_buffer_free(&profile);
    pulled_free(&pulled);
}

/* ------------------------------------------------------------------ draw */

struct drawn {
    struct tally_buffer bytes;
    struct tally_msg_draw_reply reply;
    enum tally_status status;
    int64_t granted;
};

static struct drawn draw(struct stage *stage, uint8_t id, uint64_t account, int64_t points,
                         uint64_t grant_seq)
{
    struct tally_msg_draw_request request = {
        .request_id = {id}, .account = account, .points = points, .grant_seq = grant_seq};
    struct tally_buffer message = {0};
    OK(tally_msg_draw_request_encode(&request, &message));
    struct hq_draw call = {.message = tally_buffer_slice(&message)};
    memcpy(call.pin, stage->till.pin, TALLY_HASH_LEN);
    struct drawn drawn = {.status = TALLY_OK};
    drawn.status = hq_store_draw(stage->world.store, &call, WORLD_NOW, &drawn.bytes);
    drawn.granted = call.granted;
    if (drawn.status == TALLY_OK) {
        OK(tally_msg_draw_reply_decode(tally_buffer_slice(&drawn.bytes), &drawn.reply));
    }
    tally_buffer_free(&message);
    return drawn;
}

static void drawn_free(struct drawn *drawn)
{
    tally_msg_draw_reply_free(&drawn->reply);
    tally_buffer_free(&drawn->bytes);
}

static void a_draw_moves_points_from_hqs_drawer_to_the_terminals(void **state)
{
    struct stage *stage = *state;
    uint64_t account = 0;
    world_import(&stage->world, 5, 500, LOT_DAY, &account);
    struct drawn drawn = draw(stage, 1, account, 200, 0);
    OK(drawn.status);
    assert_int_equal(drawn.reply.grant_count, 1);
    assert_int_equal(drawn.reply.grants[0].grant_seq, 1);
    assert_int_equal(drawn.reply.grants[0].to_terminal, stage->till.number);
    assert_int_equal(drawn.reply.grants[0].moves[0].points, 200);
    assert_int_equal(world_drawer(&stage->world, account, TALLY_TERMINAL_HQ), 300);
    assert_int_equal(world_drawer(&stage->world, account, stage->till.number), 200);
    assert_int_equal(world_balance(&stage->world, account), 500);
    drawn_free(&drawn);
}

static void the_same_draw_again_moves_nothing_and_answers_the_same(void **state)
{
    struct stage *stage = *state;
    uint64_t account = 0;
    world_import(&stage->world, 5, 500, LOT_DAY, &account);
    struct drawn first = draw(stage, 1, account, 200, 0), second = draw(stage, 1, account, 200, 0);
    assert_int_equal(second.granted, 0);
    assert_int_equal(first.bytes.len, second.bytes.len);
    assert_memory_equal(first.bytes.data, second.bytes.data, first.bytes.len);
    assert_int_equal(world_drawer(&stage->world, account, stage->till.number), 200);
    drawn_free(&first);
    drawn_free(&second);
}

static void a_draw_gives_what_there_is_and_then_nothing(void **state)
{
    struct stage *stage = *state;
    uint64_t account = 0;
    world_import(&stage->world, 5, 500, LOT_DAY, &account);
    struct drawn all = draw(stage, 1, account, 100000, 0), none = draw(stage, 2, account, 1, 1);
    assert_int_equal(all.granted, 500);
    OK(none.status);
    assert_int_equal(none.reply.grant_count, 0);
    drawn_free(&all);
    drawn_free(&none);
}

static void points_that_lapsed_are_not_granted(void **state)
{
    struct stage *stage = *state;
    uint64_t gone = 0, today = 0;
    world_import(&stage->world, 5, 500, WORLD_DAY - 1, &gone);
    world_import(&stage->world, 6, 500, WORLD_DAY, &today);
    struct drawn late = draw(stage, 1, gone, 100, 0), last_day = draw(stage, 2, today, 100, 0);
    assert_int_equal(late.granted, 0);
    assert_int_equal(last_day.granted, 100);
    drawn_free(&late);
    drawn_free(&last_day);
}

static void a_draw_on_no_account_and_for_no_points_is_refused(void **state)
{
    struct stage *stage = *state;
    uint64_t account = 0;
    world_import(&stage->world, 5, 500, LOT_DAY, &account);
    struct drawn unknown = draw(stage, 1, account + 1, 5, 0), zero = draw(stage, 2, account, 0, 0);
    EXPECT(TALLY_E_NOT_FOUND, unknown.status);
    EXPECT(TALLY_E_INVALID, zero.status);
    assert_int_equal(world_drawer(&stage->world, account, TALLY_TERMINAL_HQ), 500);
    drawn_free(&unknown);
    drawn_free(&zero);
}

static void write_grant(struct till *till, const struct tally_msg_grant *grant)
{
    struct tally_event event = {
        .type = TALLY_EVENT_GRANT,
        .account = grant->account,
        .effects = {.moves = grant->moves, .move_count = grant->move_count}};
    event.as.grant = (struct tally_grant){grant->grant_seq, grant->to_terminal};
    till_write(till, &event);
}

static void a_confirmed_grant_is_not_applied_again(void **state)
{
    struct stage *stage = *state;
    uint64_t account = 0;
    world_import(&stage->world, 5, 500, LOT_DAY, &account);
    struct drawn drawn = draw(stage, 1, account, 200, 0);
    write_grant(&stage->till, &drawn.reply.grants[0]);
    till_sale(&stage->till, account, 0, 200);
    till_push_all(&stage->till);
    assert_int_equal(world_balance(&stage->world, account), 300);
    assert_int_equal(world_drawer(&stage->world, account, stage->till.number), 0);
    assert_false(world_is_flagged(&stage->world, "grant"));
    struct hq_verified verified;
    OK(hq_store_verify(stage->world.store, &verified));
    drawn_free(&drawn);
}

static void a_grant_that_hq_did_not_make_is_flagged_and_gives_nothing(void **state)
{
    struct stage *stage = *state;
    uint64_t account = 0;
    world_import(&stage->world, 5, 500, LOT_DAY, &account);
    struct tally_move move = {.kind = TALLY_MOVE_GRANT, .expires_day = LOT_DAY, .points = 400};
    struct tally_msg_grant grant = {.account = account,
                                    .grant_seq = 1,
                                    .to_terminal = stage->till.number,
                                    .moves = &move,
                                    .move_count = 1};
    write_grant(&stage->till, &grant);
    till_sale(&stage->till, account, 0, 400);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 1, 2).status); /* the spending gives it away */
    assert_true(world_is_flagged(&stage->world, "grant 1"));
    assert_int_equal(world_balance(&stage->world, account), 500);
}

static void grants_above_the_callers_come_with_a_pull(void **state)
{
    struct stage *stage = *state;
    uint64_t account = 0;
    world_import(&stage->world, 5, 500, LOT_DAY, &account);
    struct drawn one = draw(stage, 1, account, 10, 0), two = draw(stage, 2, account, 20, 0);
    assert_int_equal(two.reply.grant_count, 2);
    struct hq_pull pull = {.grant_seq = 1};
    struct tally_buffer bytes = {0};
    struct tally_msg_pull_reply reply;
    memcpy(pull.pin, stage->till.pin, TALLY_HASH_LEN);
    OK(hq_store_pull(stage->world.store, &pull, WORLD_NOW, &bytes));
    OK(tally_msg_pull_reply_decode(tally_buffer_slice(&bytes), &reply));
    assert_int_equal(reply.grant_count, 1);
    assert_int_equal(reply.grants[0].moves[0].points, 20);
    assert_int_equal(pull.grant_seq, 2);
    tally_msg_pull_reply_free(&reply);
    tally_buffer_free(&bytes);
    drawn_free(&one);
    drawn_free(&two);
}

static void a_reenrolled_terminal_does_not_get_its_old_grants_again(void **state)
{
    struct stage *stage = *state;
    struct till again;
    uint64_t account = 0;
    world_import(&stage->world, 5, 500, LOT_DAY, &account);
    struct drawn drawn = draw(stage, 1, account, 10, 0);
    drawn_free(&drawn);
    till_open(&stage->world, &again, 2, stage->till.number);
    assert_int_equal(again.epoch, 2);
    EXPECT(TALLY_E_REVOKED, till_push(&stage->till, 1, 0).status); /* the old key ended */
    struct hq_pull pull = {.grant_seq = 0};
    struct tally_buffer bytes = {0};
    memcpy(pull.pin, again.pin, TALLY_HASH_LEN);
    OK(hq_store_pull(stage->world.store, &pull, WORLD_NOW, &bytes));
    assert_int_equal(pull.grant_seq, 0);
    tally_buffer_free(&bytes);
    till_close(&again);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pull_from_nothing_gives_everything_with_people_and_cards),
        TEST(after_the_cursor_only_what_changed_comes),
        TEST(an_account_stands_in_the_feed_only_once),
        TEST(a_member_comes_with_card_and_phone_number),
        TEST(a_long_feed_comes_in_bounded_messages_until_caught_up),
        TEST(a_newer_programme_and_the_keys_come_when_asked_for),
        TEST(the_programme_in_force_comes_before_those_that_wait),
        TEST(a_cursor_from_a_future_that_hq_lost_begins_anew),
        TEST(an_imported_profile_opens_under_the_data_key),
        TEST(a_draw_moves_points_from_hqs_drawer_to_the_terminals),
        TEST(the_same_draw_again_moves_nothing_and_answers_the_same),
        TEST(a_draw_gives_what_there_is_and_then_nothing),
        TEST(points_that_lapsed_are_not_granted),
        TEST(a_draw_on_no_account_and_for_no_points_is_refused),
        TEST(a_confirmed_grant_is_not_applied_again),
        TEST(a_grant_that_hq_did_not_make_is_flagged_and_gives_nothing),
        TEST(grants_above_the_callers_come_with_a_pull),
        TEST(a_reenrolled_terminal_does_not_get_its_old_grants_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
