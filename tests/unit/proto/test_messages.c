/* SPDX-License-Identifier: Apache-2.0 */
/* The service's messages: what goes in comes out, and what is malformed leaves nothing behind. */
#include "app/proto/messages.h"

#include "app/base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ helpers */

static struct tally_slice text(const char *from)
{
    return (struct tally_slice){(const uint8_t *)from, strlen(from)};
}

static void expect_same(struct tally_slice left, struct tally_slice right)
{
    assert_int_equal(left.len, right.len);
    if (left.len > 0) {
        assert_memory_equal(left.data, right.data, left.len);
    }
}

/* Every message has this shape, with the types rubbed off, so that one check serves all. */
enum { MESSAGE_COUNT = 12 };

typedef enum tally_status (*try_decode)(struct tally_slice bytes);

#define TRY_DECODE(name, release)                                                                  \
    static enum tally_status try_##name(struct tally_slice bytes)                                  \
    {                                                                                              \
        struct tally_msg_##name message = {0};                                                     \
        enum tally_status status = tally_msg_##name##_decode(bytes, &message);                     \
        struct tally_buffer again = {0};                                                           \
        if (status == TALLY_OK) {                                                                  \
            assert_int_equal(tally_msg_##name##_encode(&message, &again), TALLY_OK);               \
        }                                                                                          \
        tally_buffer_free(&again);                                                                 \
        release(&message);                                                                         \
        return status;                                                                             \
    }

static void nothing(const void *message)
{
    (void)message;
}

TRY_DECODE(enrol_request, nothing)
TRY_DECODE(enrol_reply, tally_msg_enrol_reply_free)
TRY_DECODE(record, nothing)
TRY_DECODE(push_request, tally_msg_push_request_free)
TRY_DECODE(push_reply, nothing)
TRY_DECODE(pull_request, nothing)
TRY_DECODE(account_row, tally_msg_account_row_free)
TRY_DECODE(signed_programme, nothing)
TRY_DECODE(pull_reply, tally_msg_pull_reply_free)
TRY_DECODE(draw_request, nothing)
TRY_DECODE(draw_reply, tally_msg_draw_reply_free)
TRY_DECODE(profile, nothing)

static struct tally_slice issuers[] = {{(const uint8_t *)"ca1", 3}, {(const uint8_t *)"root", 4}};
static struct tally_msg_record records[] = {
    {{(const uint8_t *)"event 1", 7}, {NULL, 0}},
    {{(const uint8_t *)"event 2", 7}, {(const uint8_t *)"key", 3}},
};
static uint8_t handles[2][TALLY_HANDLE_LEN] = {{1}, {2, 3}};
static uint8_t blocked[1][TALLY_HANDLE_LEN] = {{9, 8}};
static struct tally_msg_member_row members[] = {
    {.member = 1,
     .account = 9,
     .home_shop = 4,
     .profile = {(const uint8_t *)"p", 1},
     .wrapped_key = {(const uint8_t *)"k", 1},
     .handles = handles,
     .handle_count = 2,
     .blocked = blocked,
     .blocked_count = 1},
    {.member = 2, .account = 9},
};
static struct tally_msg_account_row accounts[] = {
    {.account = {(const uint8_t *)"account 9", 9},
     .members = members,
     .member_count = 2,
     .as_of_seq = 77,
     .as_of_epoch = 3},
    {.account = {(const uint8_t *)"account 8", 9}},
};
static const struct tally_move moves[] = {
    {TALLY_MOVE_GRANT, 0, 10, 0, 1},
    {TALLY_MOVE_GRANT, 0, TALLY_DAY_NEVER, 8, 2},
    {TALLY_MOVE_GRANT, 0x5EED, 30, 0, 3},
};
static struct tally_msg_grant grants[] = {
    {9, 1, 7, moves, 2},
    {9, 2, 7, moves, 3},
    {8, 3, 7, moves + 2, 1},
};

static struct tally_msg_pull_reply a_pull_reply(void)
{
    return (struct tally_msg_pull_reply){
        .accounts = accounts,
        .account_count = 2,
        .cursor = 123456789012,
        .has_keys = true,
        .keys = {.card_key = {1}, .data_key = {2}, .programme_key = text("der")},
        .has_programme = true,
        .programme = {.document = text("{}"), .signature = text("sig")},
        .grants = grants,
        .grant_count = 3,
        .caught_up = true,
        .hq_time_ms = 1763800000123,
    };
}

struct sample {
    try_decode decode;
    struct tally_buffer bytes;
};

static void make_samples(struct sample samples[MESSAGE_COUNT])
{
    const struct tally_msg_enrol_request enrol = {text("tok"), text("csr"), text("tallyd 1")};
    const struct tally_msg_enrol_reply enrolled = {
        7, 4, 1, text("cert"), issuers, 2, text("hq.example")};
    const struct tally_msg_push_request push = {.epoch = 2,
                                                .first_seq = 5,
                                                .chain_before = {1},
                                                .records = records,
                                                .record_count = 2,
                                                .chain_after = {2}};
    const struct tally_msg_push_reply pushed = {6, {9}};
    const struct tally_msg_pull_request pull = {UINT64_MAX, 3, 4};
    const struct tally_msg_pull_reply pulled = a_pull_reply();
    const struct tally_msg_draw_request draw = {{1, 2}, 9, 100, 4, 0x5EED};
    const struct tally_msg_draw_reply drawn = {grants, 3, NULL};
    const struct tally_msg_profile profile = {text("\xE7\x8E\x8B"), text("+8613812345678"), 2, 29};
    struct sample *next = samples;
#define ADD(name, message)                                                                         \
    *next = (struct sample){.decode = try_##name};                                                 \
    assert_int_equal(tally_msg_##name##_encode(message, &next->bytes), TALLY_OK);                  \
    next++
    ADD(enrol_request, &enrol);
    ADD(enrol_reply, &enrolled);
    ADD(record, &records[1]);
    ADD(push_request, &push);
    ADD(push_reply, &pushed);
    ADD(pull_request, &pull);
    ADD(account_row, &accounts[0]);
    ADD(signed_programme, &pulled.programme);
    ADD(pull_reply, &pulled);
    ADD(draw_request, &draw);
    ADD(draw_reply, &drawn);
    ADD(profile, &profile);
#undef ADD
}

static void free_samples(struct sample samples[MESSAGE_COUNT])
{
    for (size_t i = 0; i < MESSAGE_COUNT; i++) {
        tally_buffer_free(&samples[i].bytes);
    }
}

/* ------------------------------------------------------------------ round trips */

static void enrolment_messages_come_back_as_they_were(void **state)
{
    (void)state;
    struct tally_buffer bytes = {0};
    const struct tally_msg_enrol_reply message = {
        7, 4, 1, text("cert"), issuers, 2, text("hq.example")};
    assert_int_equal(tally_msg_enrol_reply_encode(&message, &bytes), TALLY_OK);
    struct tally_msg_enrol_reply back = {0};
    assert_int_equal(tally_msg_enrol_reply_decode(tally_buffer_slice(&bytes), &back), TALLY_OK);
    assert_int_equal(back.terminal, 7);
    assert_int_equal(back.shop, 4);
    assert_int_equal(back.epoch, 1);
    expect_same(back.certificate, message.certificate);
    expect_same(back.hq_name, message.hq_name);
    assert_int_equal(back.issuer_count, 2);
    expect_same(back.issuers[0], issuers[0]);
    expect_same(back.issuers[1], issuers[1]);
    tally_msg_enrol_reply_free(&back);
    tally_buffer_free(&bytes);
}

static void a_push_comes_back_as_it_was(void **state)
{
    (void)state;
    struct tally_buffer bytes = {0};
    struct tally_msg_push_request message = {
        .epoch = 2, .first_seq = 5, .records = records, .record_count = 2, .chain_after = {2}};
    assert_int_equal(tally_msg_push_request_encode(&message, &bytes), TALLY_OK);
    struct tally_msg_push_request back = {0};
    assert_int_equal(tally_msg_push_request_decode(tally_buffer_slice(&bytes), &back), TALLY_OK);
    assert_int_equal(back.epoch, 2);
    assert_int_equal(back.first_seq, 5);
    assert_memory_equal(back.chain_before, message.chain_before, TALLY_HASH_LEN); /* all zero */
    assert_memory_equal(back.chain_after, message.chain_after, TALLY_HASH_LEN);
    assert_int_equal(back.record_count, 2);
    expect_same(back.records[0].event, records[0].event);
    expect_same(back.records[0].sidecar, records[0].sidecar);
    expect_same(back.records[1].sidecar, records[1].sidecar);
    tally_msg_push_request_free(&back);
    tally_buffer_free(&bytes);
}

static void a_pull_reply_comes_back_as_it_was(void **state)
{
    (void)state;
    struct tally_buffer bytes = {0};
    const struct tally_msg_pull_reply message = a_pull_reply();
    assert_int_equal(tally_msg_pull_reply_encode(&message, &bytes), TALLY_OK);
    struct tally_msg_pull_reply back = {0};
    assert_int_equal(tally_msg_pull_reply_decode(tally_buffer_slice(&bytes), &back), TALLY_OK);
    assert_true(back.cursor == message.cursor && back.caught_up);
    assert_true(back.hq_time_ms == message.hq_time_ms);
    assert_int_equal(back.account_count, 2);
    expect_same(back.accounts[0].account, accounts[0].account);
    assert_int_equal(back.accounts[0].as_of_seq, 77);
    assert_int_equal(back.accounts[0].as_of_epoch, 3);
    assert_int_equal(back.accounts[0].member_count, 2);
    assert_int_equal(back.accounts[0].members[0].member, 1);
    assert_int_equal(back.accounts[0].members[0].account, 9);
    assert_int_equal(back.accounts[0].members[0].home_shop, 4);
    expect_same(back.accounts[0].members[0].profile, members[0].profile);
    expect_same(back.accounts[0].members[0].wrapped_key, members[0].wrapped_key);
    assert_int_equal(back.accounts[0].members[0].handle_count, 2);
    assert_memory_equal(back.accounts[0].members[0].handles, handles, sizeof handles);
    assert_int_equal(back.accounts[0].members[0].blocked_count, 1);
    assert_memory_equal(back.accounts[0].members[0].blocked, blocked, sizeof blocked);
    assert_int_equal(back.accounts[0].members[1].handle_count, 0);
    assert_int_equal(back.accounts[0].members[1].blocked_count, 0);
    assert_int_equal(back.accounts[1].member_count, 0);
    assert_true(back.has_keys && back.has_programme);
    assert_memory_equal(back.keys.card_key, message.keys.card_key, TALLY_SHARED_KEY_LEN);
    assert_memory_equal(back.keys.data_key, message.keys.data_key, TALLY_SHARED_KEY_LEN);
    expect_same(back.keys.programme_key, text("der"));
    expect_same(back.programme.document, text("{}"));
    expect_same(back.programme.signature, text("sig"));
    tally_msg_pull_reply_free(&back);
    assert_int_equal(back.keys.card_key[0], 0);
    tally_buffer_free(&bytes);
}

static void every_grant_of_a_reply_gets_its_own_moves(void **state)
{
    (void)state;
    struct tally_buffer bytes = {0};
    const struct tally_msg_draw_reply message = {grants, 3, NULL};
    assert_int_equal(tally_msg_draw_reply_encode(&message, &bytes), TALLY_OK);
    struct tally_msg_draw_reply back = {0};
    assert_int_equal(tally_msg_draw_reply_decode(tally_buffer_slice(&bytes), &back), TALLY_OK);
    assert_int_equal(back.grant_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(back.grants[i].account == grants[i].account);
        assert_true(back.grants[i].grant_seq == grants[i].grant_seq);
        assert_int_equal(back.grants[i].to_terminal, 7);
        assert_int_equal(back.grants[i].move_count, grants[i].move_count);
        for (size_t j = 0; j < grants[i].move_count; j++) {
            assert_int_equal(tally_move_compare(&back.grants[i].moves[j], &grants[i].moves[j]), 0);
            assert_true(back.grants[i].moves[j].points == grants[i].moves[j].points);
        }
    }
    tally_msg_draw_reply_free(&back);
    tally_buffer_free(&bytes);
}

static void a_draw_names_its_purse(void **state)
{
    (void)state;
    struct tally_buffer bytes = {0};
    const struct tally_msg_draw_request message = {{1, 2}, 9, 100, 4, 0x5EED};
    assert_int_equal(tally_msg_draw_request_encode(&message, &bytes), TALLY_OK);
    struct tally_msg_draw_request back = {0};
    assert_int_equal(tally_msg_draw_request_decode(tally_buffer_slice(&bytes), &back), TALLY_OK);
    assert_memory_equal(back.request_id, message.request_id, TALLY_REQUEST_ID_LEN);
    assert_true(back.account == 9 && back.points == 100 && back.grant_seq == 4);
    assert_int_equal(back.purse, 0x5EED);
    tally_buffer_free(&bytes);
}

static void a_birthday_is_a_day_of_a_leap_year_or_not_known(void **state)
{
    (void)state;
    static const struct {
        uint32_t month, day;
        bool is_ok;
    } cases[] = {{0, 0, true},
                 {2, 29, true},
                 {2, 30, false},
                 {4, 30, true},
                 {4, 31, false},
                 {12, 31, true},
                 {12, 32, false},
                 {13, 1, false},
                 {0, 1, false},
                 {1, 0, false},
                 {UINT32_MAX, UINT32_MAX, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tally_buffer bytes = {0};
        const struct tally_msg_profile message = {text("A"), text(""), cases[i].month,
                                                  cases[i].day};
        assert_int_equal(tally_msg_profile_encode(&message, &bytes),
                         cases[i].is_ok ? TALLY_OK : TALLY_E_INVALID);
        struct tally_msg_profile back = {0};
        if (cases[i].is_ok) {
            assert_int_equal(tally_msg_profile_decode(tally_buffer_slice(&bytes), &back), TALLY_OK);
            assert_int_equal(back.birth_month, cases[i].month);
            assert_int_equal(back.birth_day, cases[i].day);
        }
        tally_buffer_free(&bytes);
    }
    static const uint8_t february_30[] = {0x18, 2, 0x20, 30};
    assert_int_equal(try_profile((struct tally_slice){february_30, sizeof february_30}),
                     TALLY_E_INVALID);
}

static void shared_keys_and_a_member_row_stand_alone_too(void **state)
{
    (void)state;
    struct tally_buffer bytes = {0};
    const struct tally_msg_shared_keys keys = {{1}, {2}, text("der")};
    assert_int_equal(tally_msg_shared_keys_encode(&keys, &bytes), TALLY_OK);
    struct tally_msg_shared_keys keys_back = {0};
    assert_int_equal(tally_msg_shared_keys_decode(tally_buffer_slice(&bytes), &keys_back),
                     TALLY_OK);
    assert_memory_equal(keys_back.data_key, keys.data_key, TALLY_SHARED_KEY_LEN);
    expect_same(keys_back.programme_key, keys.programme_key);
    bytes.len = 0;
    assert_int_equal(tally_msg_member_row_encode(&members[0], &bytes), TALLY_OK);
    struct tally_msg_member_row back = {0};
    assert_int_equal(tally_msg_member_row_decode(tally_buffer_slice(&bytes), &back), TALLY_OK);
    assert_int_equal(back.handle_count, 2);
    assert_memory_equal(back.handles, handles, sizeof handles);
    tally_msg_member_row_free(&back);
    tally_buffer_wipe(&bytes);
}

static void an_encoding_is_appended(void **state)
{
    (void)state;
    struct tally_buffer bytes = {0};
    assert_int_equal(tally_buffer_append(&bytes, "head", 4), TALLY_OK);
    const struct tally_msg_pull_request pull = {1, 0, 0};
    assert_int_equal(tally_msg_pull_request_encode(&pull, &bytes), TALLY_OK);
    assert_int_equal(bytes.len, 6);
    assert_memory_equal(bytes.data, "head\x08\x01", 6);
    tally_buffer_free(&bytes);
}

/* ------------------------------------------------------------------ refusals */

static void no_truncation_and_no_flipped_bit_does_harm(void **state)
{
    (void)state;
    struct sample samples[MESSAGE_COUNT];
    make_samples(samples);
    for (size_t which = 0; which < MESSAGE_COUNT; which++) {
        struct tally_buffer *bytes = &samples[which].bytes;
        assert_int_equal(samples[which].decode(tally_buffer_slice(bytes)), TALLY_OK);
        for (size_t len = 0; len < bytes->len; len++) {
            uint8_t *exact = tally_alloc(len, 1);
            assert_non_null(exact);
            memcpy(exact, bytes->data, len);
            enum tally_status status = samples[which].decode((struct tally_slice){exact, len});
            assert_true(status == TALLY_OK || status == TALLY_E_INVALID);
            tally_free(exact);
        }
        for (size_t bit = 0; bit < bytes->len * 8; bit++) {
            bytes->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            enum tally_status status = samples[which].decode(tally_buffer_slice(bytes));
            assert_true(status == TALLY_OK || status == TALLY_E_INVALID);
            bytes->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    free_samples(samples);
}

static void a_batch_above_its_limit_is_refused_both_ways(void **state)
{
    (void)state;
    static struct tally_msg_record many[TALLY_MSG_RECORDS_MAX + 1];
    for (size_t i = 0; i < TALLY_MSG_RECORDS_MAX + 1; i++) {
        many[i] = records[0];
    }
    struct tally_msg_push_request message = {
        .epoch = 1, .first_seq = 1, .records = many, .record_count = TALLY_MSG_RECORDS_MAX + 1};
    struct tally_buffer bytes = {0};
    assert_int_equal(tally_msg_push_request_encode(&message, &bytes), TALLY_E_INVALID);
    assert_int_equal(bytes.len, 0);
    message.record_count--;
    assert_int_equal(tally_msg_push_request_encode(&message, &bytes), TALLY_OK);
    assert_int_equal(try_push_request(tally_buffer_slice(&bytes)), TALLY_OK);
    static const uint8_t one_more[] = {0x22, 0x03, 0x0A, 0x01, 'e'};
    assert_int_equal(tally_buffer_append(&bytes, one_more, sizeof one_more), TALLY_OK);
    assert_int_equal(try_push_request(tally_buffer_slice(&bytes)), TALLY_E_INVALID);
    tally_buffer_free(&bytes);
}

static void a_hash_or_handle_or_key_of_another_length_is_refused(void **state)
{
    (void)state;
    static const uint8_t short_chain[] = {0x08, 0x06, 0x12, 0x02, 1, 2};
    assert_int_equal(try_push_reply((struct tally_slice){short_chain, sizeof short_chain}),
                     TALLY_E_INVALID);
    static const uint8_t no_chain[] = {0x08, 0x06};
    assert_int_equal(try_push_reply((struct tally_slice){no_chain, sizeof no_chain}),
                     TALLY_E_INVALID);
    uint8_t short_handle[] = {0x32, 0x02, 1, 2};
    for (uint8_t field = 6; field < 8; field++) {
        struct tally_msg_member_row row = {0};
        short_handle[0] = (uint8_t)(field << 3 | 2);
        assert_int_equal(tally_msg_member_row_decode(
                             (struct tally_slice){short_handle, sizeof short_handle}, &row),
                         TALLY_E_INVALID);
    }
    struct tally_msg_shared_keys keys = {0};
    assert_int_equal(tally_msg_shared_keys_decode((struct tally_slice){NULL, 0}, &keys),
                     TALLY_E_INVALID);
}

static void an_empty_record_and_an_empty_account_row_are_refused(void **state)
{
    (void)state;
    struct tally_buffer bytes = {0};
    const struct tally_msg_record none = {{NULL, 0}, {NULL, 0}};
    assert_int_equal(tally_msg_record_encode(&none, &bytes), TALLY_E_INVALID);
    const struct tally_msg_account_row empty = {.as_of_seq = 1};
    assert_int_equal(tally_msg_account_row_encode(&empty, &bytes), TALLY_E_INVALID);
    assert_int_equal(bytes.len, 0);
    assert_int_equal(try_record((struct tally_slice){NULL, 0}), TALLY_E_INVALID);
    assert_int_equal(try_account_row((struct tally_slice){NULL, 0}), TALLY_E_INVALID);
    tally_buffer_free(&bytes);
}

static void a_profile_or_sidecar_above_its_limit_is_refused_both_ways(void **state)
{
    (void)state;
    static uint8_t profile[TALLY_PROFILE_LEN_MAX + 1];
    struct tally_msg_member_row row = {.member = 1, .profile = {profile, TALLY_PROFILE_LEN_MAX}};
    struct tally_buffer bytes = {0};
    assert_int_equal(tally_msg_member_row_encode(&row, &bytes), TALLY_OK);
    struct tally_msg_member_row back = {0};
    assert_int_equal(tally_msg_member_row_decode(tally_buffer_slice(&bytes), &back), TALLY_OK);
    tally_msg_member_row_free(&back);
    bytes.len = 0;
    row.profile.len++;
    assert_int_equal(tally_msg_member_row_encode(&row, &bytes), TALLY_E_INVALID);
    static const uint8_t head[] = {0x22, 0x81, 0x20};
    assert_int_equal(tally_buffer_append(&bytes, head, sizeof head), TALLY_OK);
    assert_int_equal(tally_buffer_append(&bytes, profile, sizeof profile), TALLY_OK);
    assert_int_equal(tally_msg_member_row_decode(tally_buffer_slice(&bytes), &back),
                     TALLY_E_INVALID);
    tally_buffer_free(&bytes);

    const struct tally_msg_record record = {records[0].event, {profile, TALLY_SIDECAR_LEN_MAX + 1}};
    assert_int_equal(tally_msg_record_encode(&record, &bytes), TALLY_E_INVALID);
    tally_buffer_free(&bytes);
}

static void a_grant_that_is_no_grant_spoils_its_reply(void **state)
{
    (void)state;
    static const struct tally_move earned = {TALLY_MOVE_EARN, 0, 10, 0, 1};
    const struct tally_move twice[] = {moves[0], moves[0]};
    struct tally_msg_grant bad[] = {
        {0, 1, 7, moves, 1},   {9, 0, 7, moves, 1}, {9, 1, TALLY_TERMINAL_HQ, moves, 1},
        {9, 1, 7, &earned, 1}, {9, 1, 7, twice, 2}, {9, 1, 7, NULL, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct tally_msg_draw_reply message = {&bad[i], 1, NULL};
        struct tally_buffer bytes = {0};
        assert_int_equal(tally_msg_draw_reply_encode(&message, &bytes), TALLY_E_INVALID);
        assert_int_equal(bytes.len, 0);
        tally_buffer_free(&bytes);
    }
    static const uint8_t no_account[] = {0x0A, 0x0C, 0x10, 0x01, 0x18, 0x07, 0x22,
                                         0x06, 0x08, 0x0D, 0x18, 0x02, 0x28, 0x01};
    assert_int_equal(try_draw_reply((struct tally_slice){no_account, sizeof no_account}),
                     TALLY_E_INVALID);
    static const uint8_t no_grant[] = {0x0A, 0x15, 0x09, 9,    0,    0,    0,    0,
                                       0,    0,    0,    0x10, 0x01, 0x18, 0x07, 0x22,
                                       0x06, 0x08, 0x09, 0x18, 0x02, 0x28, 0x01};
    uint8_t grant[sizeof no_grant];
    memcpy(grant, no_grant, sizeof grant);
    grant[18] = TALLY_MOVE_GRANT;
    assert_int_equal(try_draw_reply((struct tally_slice){no_grant, sizeof no_grant}),
                     TALLY_E_INVALID);
    assert_int_equal(try_draw_reply((struct tally_slice){grant, sizeof grant}), TALLY_OK);
}

static void a_refused_message_leaves_the_output_as_it_was(void **state)
{
    (void)state;
    struct tally_msg_pull_reply out;
    memset(&out, 0x5A, sizeof out);
    struct tally_msg_pull_reply before = out;
    static const uint8_t broken[] = {0x0A, 0x7F, 0x00};
    assert_int_equal(tally_msg_pull_reply_decode((struct tally_slice){broken, sizeof broken}, &out),
                     TALLY_E_INVALID);
    assert_memory_equal(&out, &before, sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enrolment_messages_come_back_as_they_were),
        cmocka_unit_test(a_push_comes_back_as_it_was),
        cmocka_unit_test(a_pull_reply_comes_back_as_it_was),
        cmocka_unit_test(every_grant_of_a_reply_gets_its_own_moves),
        cmocka_unit_test(a_draw_names_its_purse),
        cmocka_unit_test(a_birthday_is_a_day_of_a_leap_year_or_not_known),
        cmocka_unit_test(shared_keys_and_a_member_row_stand_alone_too),
        cmocka_unit_test(an_encoding_is_appended),
        cmocka_unit_test(no_truncation_and_no_flipped_bit_does_harm),
        cmocka_unit_test(a_batch_above_its_limit_is_refused_both_ways),
        cmocka_unit_test(a_hash_or_handle_or_key_of_another_length_is_refused),
        cmocka_unit_test(an_empty_record_and_an_empty_account_row_are_refused),
        cmocka_unit_test(a_profile_or_sidecar_above_its_limit_is_refused_both_ways),
        cmocka_unit_test(a_grant_that_is_no_grant_spoils_its_reply),
        cmocka_unit_test(a_refused_message_leaves_the_output_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
