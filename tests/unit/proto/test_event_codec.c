/* SPDX-License-Identifier: Apache-2.0 */
/* Events as bytes: what goes in comes out, and nothing else comes in. */
#include "app/proto/event_codec.h"

#include "app/base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

/* ------------------------------------------------------------------ helpers */

static struct tally_slice text(const char *from)
{
    return (struct tally_slice){(const uint8_t *)from, strlen(from)};
}

static const struct tally_line lines[] = {
    {{(const uint8_t *)"4006381333931", 13}, 1000, 1290},
    {{NULL, 0}, 250, 0},
    {{(const uint8_t *)"\xE8\x8B\xB9\xE6\x9E\x9C", 6}, 1, TALLY_MONEY_MAX - 1290},
};
static const struct tally_move moves[] = {{-3, 1}, {20000, 70}, {TALLY_DAY_NEVER, 29}};

static struct tally_event an_event(enum tally_event_type type)
{
    return (struct tally_event){
        .id = {7, 2, 900719925474099300},
        .time = UINT64_C(0xFEDCBA9876543210),
        .business_day = 20415,
        .programme_version = 3,
        .type = type,
    };
}

static struct tally_event a_sale(void)
{
    struct tally_event event = an_event(TALLY_EVENT_SALE);
    event.as.sale = (struct tally_sale){
        .account = UINT64_MAX,
        .member = 5,
        .ref = text("till-4/2026-11-22/0001"),
        .cashier = text("\xE7\x8E\x8B"),
        .lines = lines,
        .line_count = 3,
        .total_minor = TALLY_MONEY_MAX,
        .redeemed_points = 100,
        .redeemed_minor = 100,
        .spent = moves,
        .spent_count = 3,
        .earned_points = 11,
        .earned_expires_day = 20800,
        .debt_paid = 4,
        .qualifying = 12,
        .tier = 2,
        .multiplier_pct = 125,
    };
    return event;
}

static struct tally_event a_void(void)
{
    struct tally_event event = an_event(TALLY_EVENT_VOID);
    event.as.voided = (struct tally_void){
        .account = 9,
        .member = 5,
        .ref = text("v1"),
        .sale = {7, 2, 17},
        .returned = moves,
        .returned_count = 3,
        .taken = moves + 1,
        .taken_count = 1,
        .redeemed_points = 100,
        .earned_points = 71,
        .debt_added = 1,
        .qualifying = 3,
        .sale_day = -1,
    };
    return event;
}

static struct tally_event an_enrolment(void)
{
    struct tally_event event = an_event(TALLY_EVENT_ENROL);
    event.as.enrol = (struct tally_enrol){
        .account = 9,
        .member = 10,
        .handle = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
        .home_shop = 3,
        .profile = {(const uint8_t *)"\0sealed\xFF", 8},
    };
    return event;
}

static struct tally_event an_enrolment_with_a_phone_number(void)
{
    struct tally_event event = an_enrolment();
    event.as.enrol.has_phone_handle = true;
    memset(event.as.enrol.phone_handle, 0xA7, TALLY_HANDLE_LEN);
    return event;
}

static struct tally_event a_grant(void)
{
    struct tally_event event = an_event(TALLY_EVENT_GRANT);
    event.as.grant = (struct tally_grant){9, 4, 7, moves, 2};
    return event;
}

static struct tally_event an_adjustment(void)
{
    struct tally_event event = an_event(TALLY_EVENT_ADJUST);
    event.id.terminal = TALLY_TERMINAL_HQ;
    event.as.adjust = (struct tally_adjust){
        .account = 9,
        .drawer = 7,
        .points = -70,
        .moves = moves + 1,
        .move_count = 1,
        .qualifying = 8,
        .reason = text("goodwill"),
        .who = text("anna"),
    };
    return event;
}

static struct tally_buffer encoded(const struct tally_event *event)
{
    struct tally_buffer bytes = {0};
    assert_int_equal(tally_event_encode(event, &bytes), TALLY_OK);
    return bytes;
}

static void refused(const struct tally_event *event)
{
    struct tally_buffer bytes = {0};
    assert_int_equal(tally_event_encode(event, &bytes), TALLY_E_INVALID);
    assert_int_equal(bytes.len, 0);
    tally_buffer_free(&bytes);
}

static enum tally_status decode_only(const void *bytes, size_t len)
{
    struct tally_event_decoded decoded = {0};
    enum tally_status status = tally_event_decode((struct tally_slice){bytes, len}, &decoded);
    tally_event_decoded_free(&decoded);
    return status;
}

static void expect_same(struct tally_slice left, struct tally_slice right)
{
    assert_int_equal(left.len, right.len);
    if (left.len > 0) {
        assert_memory_equal(left.data, right.data, left.len);
    }
}

static void expect_moves(const struct tally_move *left, size_t left_count,
                         const struct tally_move *right, size_t right_count)
{
    assert_int_equal(left_count, right_count);
    for (size_t i = 0; i < left_count; i++) {
        assert_int_equal(left[i].expires_day, right[i].expires_day);
        assert_true(left[i].points == right[i].points);
    }
}

/* Encodes, decodes and encodes again; the second bytes are the first. */
static void goes_round(const struct tally_event *event, struct tally_event_decoded *ret_decoded,
                       struct tally_buffer *ret_bytes)
{
    *ret_bytes = encoded(event);
    assert_int_equal(tally_event_decode(tally_buffer_slice(ret_bytes), ret_decoded), TALLY_OK);
    struct tally_buffer again = encoded(&ret_decoded->event);
    expect_same(tally_buffer_slice(ret_bytes), tally_buffer_slice(&again));
    assert_int_equal(ret_decoded->event.type, event->type);
    assert_int_equal(ret_decoded->event.id.terminal, event->id.terminal);
    assert_int_equal(ret_decoded->event.id.epoch, event->id.epoch);
    assert_true(ret_decoded->event.id.seq == event->id.seq);
    assert_true(ret_decoded->event.time == event->time);
    assert_int_equal(ret_decoded->event.business_day, event->business_day);
    assert_int_equal(ret_decoded->event.programme_version, event->programme_version);
    tally_buffer_free(&again);
}

/* ------------------------------------------------------------------ round trips */

static void a_sale_comes_back_as_it_was(void **state)
{
    (void)state;
    struct tally_event event = a_sale();
    struct tally_event_decoded decoded = {0};
    struct tally_buffer bytes = {0};
    goes_round(&event, &decoded, &bytes);
    const struct tally_sale *in = &event.as.sale, *out = &decoded.event.as.sale;
    assert_true(out->account == in->account && out->member == in->member);
    expect_same(out->ref, in->ref);
    expect_same(out->cashier, in->cashier);
    assert_int_equal(out->line_count, in->line_count);
    for (size_t i = 0; i < in->line_count; i++) {
        expect_same(out->lines[i].sku, in->lines[i].sku);
        assert_true(out->lines[i].quantity_milli == in->lines[i].quantity_milli);
        assert_true(out->lines[i].amount_minor == in->lines[i].amount_minor);
    }
    expect_moves(out->spent, out->spent_count, in->spent, in->spent_count);
    assert_true(out->total_minor == in->total_minor);
    assert_true(out->redeemed_points == in->redeemed_points);
    assert_true(out->redeemed_minor == in->redeemed_minor);
    assert_true(out->earned_points == in->earned_points);
    assert_int_equal(out->earned_expires_day, in->earned_expires_day);
    assert_true(out->debt_paid == in->debt_paid && out->qualifying == in->qualifying);
    assert_int_equal(out->tier, in->tier);
    assert_int_equal(out->multiplier_pct, in->multiplier_pct);
    tally_event_decoded_free(&decoded);
    tally_buffer_free(&bytes);
}

static void a_void_comes_back_as_it_was(void **state)
{
    (void)state;
    struct tally_event event = a_void();
    struct tally_event_decoded decoded = {0};
    struct tally_buffer bytes = {0};
    goes_round(&event, &decoded, &bytes);
    const struct tally_void *in = &event.as.voided, *out = &decoded.event.as.voided;
    assert_true(out->account == in->account && out->member == in->member);
    expect_same(out->ref, in->ref);
    assert_int_equal(out->cashier.len, 0);
    assert_int_equal(out->sale.terminal, 7);
    assert_int_equal(out->sale.epoch, 2);
    assert_int_equal(out->sale.seq, 17);
    expect_moves(out->returned, out->returned_count, in->returned, in->returned_count);
    expect_moves(out->taken, out->taken_count, in->taken, in->taken_count);
    assert_true(out->redeemed_points == 100 && out->earned_points == 71);
    assert_true(out->debt_added == 1 && out->qualifying == 3);
    assert_int_equal(out->sale_day, -1);
    tally_event_decoded_free(&decoded);
    tally_buffer_free(&bytes);
}

static void an_enrolment_a_grant_and_an_adjustment_come_back_as_they_were(void **state)
{
    (void)state;
    struct tally_event event = an_enrolment();
    struct tally_event_decoded decoded = {0};
    struct tally_buffer bytes = {0};
    goes_round(&event, &decoded, &bytes);
    assert_memory_equal(decoded.event.as.enrol.handle, event.as.enrol.handle, TALLY_HANDLE_LEN);
    assert_true(decoded.event.as.enrol.account == 9 && decoded.event.as.enrol.member == 10);
    assert_int_equal(decoded.event.as.enrol.home_shop, 3);
    expect_same(decoded.event.as.enrol.profile, event.as.enrol.profile);
    assert_false(decoded.event.as.enrol.has_phone_handle);
    tally_event_decoded_free(&decoded);
    tally_buffer_free(&bytes);

    event = an_enrolment_with_a_phone_number();
    goes_round(&event, &decoded, &bytes);
    assert_memory_equal(decoded.event.as.enrol.handle, event.as.enrol.handle, TALLY_HANDLE_LEN);
    assert_true(decoded.event.as.enrol.has_phone_handle);
    assert_memory_equal(decoded.event.as.enrol.phone_handle, event.as.enrol.phone_handle,
                        TALLY_HANDLE_LEN);
    tally_event_decoded_free(&decoded);
    tally_buffer_free(&bytes);

    event = a_grant();
    goes_round(&event, &decoded, &bytes);
    assert_true(decoded.event.as.grant.account == 9 && decoded.event.as.grant.grant_seq == 4);
    assert_int_equal(decoded.event.as.grant.to_terminal, 7);
    expect_moves(decoded.event.as.grant.moves, decoded.event.as.grant.move_count, moves, 2);
    tally_event_decoded_free(&decoded);
    tally_buffer_free(&bytes);

    event = an_adjustment();
    goes_round(&event, &decoded, &bytes);
    assert_true(decoded.event.as.adjust.points == -70 && decoded.event.as.adjust.drawer == 7);
    assert_true(decoded.event.as.adjust.qualifying == 8);
    expect_same(decoded.event.as.adjust.reason, text("goodwill"));
    expect_same(decoded.event.as.adjust.who, text("anna"));
    expect_moves(decoded.event.as.adjust.moves, decoded.event.as.adjust.move_count, moves + 1, 1);
    tally_event_decoded_free(&decoded);
    tally_buffer_free(&bytes);
}

static void the_bytes_of_an_event_are_the_same_on_every_architecture(void **state)
{
    (void)state;
    struct tally_event event = a_grant();
    struct tally_buffer bytes = encoded(&event);
    static const uint8_t expected[] = {
        0x0A, 0x0E, 0x08, 0x07, 0x10, 0x02, 0x18, 0xE4, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0xC0,
        0x0C, 0x11, 0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE, 0x18, 0xFE, 0xBE, 0x02, 0x20,
        0x03, 0x5A, 0x1B, 0x09, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x04, 0x18,
        0x07, 0x22, 0x04, 0x08, 0x05, 0x10, 0x01, 0x22, 0x06, 0x08, 0xC0, 0xB8, 0x02, 0x10, 0x46,
    };
    assert_int_equal(bytes.len, sizeof expected);
    assert_memory_equal(bytes.data, expected, sizeof expected);
    tally_buffer_free(&bytes);
}

static void the_largest_event_that_the_limits_allow_fits(void **state)
{
    (void)state;
    static struct tally_line many_lines[TALLY_LINES_MAX];
    static struct tally_move many_moves[TALLY_MOVES_MAX];
    static uint8_t sku[TALLY_TEXT_LEN_MAX];
    memset(sku, 'x', sizeof sku);
    for (size_t i = 0; i < TALLY_LINES_MAX; i++) {
        many_lines[i] = (struct tally_line){{sku, sizeof sku}, INT64_MAX, TALLY_MONEY_MAX};
    }
    for (size_t i = 0; i < TALLY_MOVES_MAX; i++) {
        many_moves[i] =
            (struct tally_move){INT32_MIN + (int32_t)i, TALLY_POINTS_MAX / TALLY_MOVES_MAX};
    }
    struct tally_event event = a_sale();
    event.as.sale.lines = many_lines;
    event.as.sale.line_count = TALLY_LINES_MAX;
    event.as.sale.spent = many_moves;
    event.as.sale.spent_count = TALLY_MOVES_MAX;
    struct tally_buffer bytes = encoded(&event);
    assert_true(bytes.len <= TALLY_EVENT_LEN_MAX);
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_OK);
    tally_buffer_free(&bytes);
}

/* ------------------------------------------------------------------ refusals */

static void every_truncation_of_an_event_is_refused(void **state)
{
    (void)state;
    struct tally_event all[] = {a_sale(),        a_void(),
                                an_enrolment(),  an_enrolment_with_a_phone_number(),
                                an_adjustment(), a_grant()};
    for (size_t which = 0; which < sizeof all / sizeof all[0]; which++) {
        struct tally_buffer bytes = encoded(&all[which]);
        for (size_t len = 0; len < bytes.len; len++) {
            uint8_t *exact = tally_alloc(len, 1); /* so that reading one byte beyond is seen */
            assert_non_null(exact);
            memcpy(exact, bytes.data, len);
            assert_int_equal(decode_only(exact, len), TALLY_E_INVALID);
            tally_free(exact);
        }
        tally_buffer_free(&bytes);
    }
}

static void any_changed_byte_is_refused_or_gives_an_event_within_the_limits(void **state)
{
    (void)state;
    struct tally_event all[] = {a_sale(), a_void(), an_enrolment(), a_grant(), an_adjustment()};
    for (size_t which = 0; which < sizeof all / sizeof all[0]; which++) {
        struct tally_buffer bytes = encoded(&all[which]);
        for (size_t at = 0; at < bytes.len; at++) {
            for (int bit = 0; bit < 8; bit++) {
                bytes.data[at] ^= (uint8_t)(1 << bit);
                struct tally_event_decoded decoded = {0};
                if (tally_event_decode(tally_buffer_slice(&bytes), &decoded) == TALLY_OK) {
                    assert_int_equal(tally_event_limits(&decoded.event), TALLY_OK);
                }
                tally_event_decoded_free(&decoded);
                bytes.data[at] ^= (uint8_t)(1 << bit);
            }
        }
        tally_buffer_free(&bytes);
    }
}

static void text_sent_as_a_number_is_refused(void **state)
{
    (void)state;
    struct tally_event event = an_adjustment();
    struct tally_buffer bytes = encoded(&event);
    uint8_t *at = memmem(bytes.data, bytes.len, "goodwill", 8);
    assert_non_null(at);
    at[-2] = 5 << 3; /* field 5 with wire type 0 instead of 2 */
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    tally_buffer_free(&bytes);
}

static void unknown_fields_are_skipped(void **state)
{
    (void)state;
    struct tally_event event = a_sale();
    struct tally_buffer bytes = encoded(&event);
    static const uint8_t unknown[] = {0xF8, 0x01, 0x05, 0xFA, 0x01, 0x02, 'h', 'i'};
    assert_int_equal(tally_buffer_append(&bytes, unknown, sizeof unknown), TALLY_OK);
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_OK);
    tally_buffer_free(&bytes);
}

static void an_unknown_a_missing_and_a_double_what_are_refused(void **state)
{
    (void)state;
    static const uint8_t unknown[] = {0x0A, 0x06, 0x08, 0x07, 0x10, 0x02, 0x18, 0x01, 0x7A, 0x00};
    assert_int_equal(decode_only(unknown, sizeof unknown), TALLY_E_INVALID);
    assert_int_equal(decode_only(unknown, sizeof unknown - 2), TALLY_E_INVALID);
    assert_int_equal(decode_only(NULL, 0), TALLY_E_INVALID);

    struct tally_event all[] = {a_sale(), a_void(), an_enrolment(), a_grant(), an_adjustment()};
    for (size_t first = 0; first < sizeof all / sizeof all[0]; first++) {
        struct tally_buffer bytes = encoded(&all[first]);
        struct tally_event enrolment = an_enrolment();
        assert_int_equal(tally_event_encode(&enrolment, &bytes), TALLY_OK);
        assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
        tally_buffer_free(&bytes);
    }
}

/* An enrolment with a card alone, as it was written before there were phone handles. */
static const uint8_t card_enrolment[] = {
    0x0A, 0x06, 0x08, 0x07, 0x10, 0x02, 0x18, 0x01, 0x52, 0x24, 0x09, 9,  0,    0,    0, 0,
    0,    0,    0,    0x11, 5,    0,    0,    0,    0,    0,    0,    0,  0x1A, 0x10, 1, 2,
    3,    4,    5,    6,    7,    8,    9,    10,   11,   12,   13,   14, 15,   16};

static void an_enrolment_without_a_whole_handle_is_refused(void **state)
{
    (void)state;
    assert_int_equal(decode_only(card_enrolment, sizeof card_enrolment), TALLY_OK);
    uint8_t shorter[sizeof card_enrolment];
    memcpy(shorter, card_enrolment, sizeof card_enrolment);
    shorter[9]--;
    shorter[29]--;
    assert_int_equal(decode_only(shorter, sizeof shorter - 1), TALLY_E_INVALID);
    shorter[9] = 18; /* none at all */
    assert_int_equal(decode_only(shorter, sizeof shorter - 18), TALLY_E_INVALID);
}

static void an_enrolment_without_a_phone_handle_keeps_its_bytes(void **state)
{
    (void)state;
    struct tally_event_decoded decoded = {0};
    assert_int_equal(
        tally_event_decode((struct tally_slice){card_enrolment, sizeof card_enrolment}, &decoded),
        TALLY_OK);
    assert_false(decoded.event.as.enrol.has_phone_handle);
    memset(decoded.event.as.enrol.phone_handle, 1, TALLY_HANDLE_LEN); /* it does not count */
    struct tally_buffer again = encoded(&decoded.event);
    expect_same(tally_buffer_slice(&again),
                (struct tally_slice){card_enrolment, sizeof card_enrolment});
    tally_buffer_free(&again);
    tally_event_decoded_free(&decoded);
}

/* `card_enrolment` with a phone handle of `len` bytes; its length. */
static size_t with_phone_handle(uint8_t *ret_bytes, uint8_t len)
{
    memcpy(ret_bytes, card_enrolment, sizeof card_enrolment);
    ret_bytes[9] = (uint8_t)(ret_bytes[9] + 2 + len);
    ret_bytes[sizeof card_enrolment] = 0x32;
    ret_bytes[sizeof card_enrolment + 1] = len;
    memset(ret_bytes + sizeof card_enrolment + 2, 0x77, len);
    return sizeof card_enrolment + 2 + len;
}

static void a_phone_handle_is_whole_and_not_that_of_the_card(void **state)
{
    (void)state;
    uint8_t bytes[sizeof card_enrolment + 2 + TALLY_HANDLE_LEN + 1];
    for (uint8_t len = 1; len <= TALLY_HANDLE_LEN + 1; len++) {
        size_t whole = with_phone_handle(bytes, len);
        assert_int_equal(decode_only(bytes, whole),
                         len == TALLY_HANDLE_LEN ? TALLY_OK : TALLY_E_INVALID);
    }
    size_t whole = with_phone_handle(bytes, TALLY_HANDLE_LEN);
    memcpy(bytes + sizeof card_enrolment + 2, bytes + 30, TALLY_HANDLE_LEN);
    assert_int_equal(decode_only(bytes, whole), TALLY_E_INVALID);

    struct tally_event event = an_enrolment_with_a_phone_number();
    memcpy(event.as.enrol.phone_handle, event.as.enrol.handle, TALLY_HANDLE_LEN);
    refused(&event);
}

static void the_phone_handle_stands_last_in_an_enrolment(void **state)
{
    (void)state;
    struct tally_event event = an_enrolment_with_a_phone_number();
    struct tally_buffer bytes = encoded(&event);
    assert_true(bytes.len > TALLY_HANDLE_LEN + 2);
    const uint8_t *end = bytes.data + bytes.len - TALLY_HANDLE_LEN;
    assert_int_equal(end[-2], 0x32);
    assert_int_equal(end[-1], TALLY_HANDLE_LEN);
    assert_memory_equal(end, event.as.enrol.phone_handle, TALLY_HANDLE_LEN);
    tally_buffer_free(&bytes);
}

static void an_event_without_an_id_is_refused(void **state)
{
    (void)state;
    struct tally_event event = a_grant();
    struct tally_buffer bytes = encoded(&event);
    tally_buffer_consume(&bytes, 16); /* the id stands first: 2 + 14 bytes */
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    tally_buffer_free(&bytes);

    event.id.seq = 0;
    refused(&event);
}

static void text_that_is_too_long_missing_or_not_utf8_is_refused(void **state)
{
    (void)state;
    char long_text[TALLY_TEXT_LEN_MAX + 2];
    memset(long_text, 'a', sizeof long_text);
    long_text[TALLY_TEXT_LEN_MAX + 1] = '\0';
    struct tally_event event = a_sale();
    event.as.sale.ref = text(long_text);
    refused(&event);
    event = a_sale();
    event.as.sale.ref = text("");
    refused(&event);
    event = a_sale();
    event.as.sale.cashier = text("\xC0\x80");
    refused(&event);
    event = an_adjustment();
    event.as.adjust.reason = text("");
    refused(&event);
    event = an_adjustment();
    event.as.adjust.who = text("");
    refused(&event);

    event = an_adjustment();
    struct tally_buffer bytes = encoded(&event);
    uint8_t *at = memmem(bytes.data, bytes.len, "goodwill", 8);
    assert_non_null(at);
    *at = 0xFF;
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    tally_buffer_free(&bytes);
}

static void lines_and_moves_outside_the_limits_are_refused(void **state)
{
    (void)state;
    struct tally_line line = {{NULL, 0}, 0, 5};
    struct tally_event event = a_sale();
    event.as.sale.lines = &line;
    event.as.sale.line_count = 1;
    refused(&event); /* no quantity */
    line = (struct tally_line){{NULL, 0}, 1, -1};
    refused(&event);
    event.as.sale.line_count = TALLY_LINES_MAX + 1;
    refused(&event);

    const struct tally_move falling[] = {{5, 1}, {4, 1}}, twice[] = {{5, 1}, {5, 1}},
                            none[] = {{5, 0}};
    event = a_grant();
    event.as.grant.moves = falling;
    refused(&event);
    event.as.grant.moves = twice;
    refused(&event);
    event.as.grant.moves = none;
    event.as.grant.move_count = 1;
    refused(&event);
}

static void more_points_or_money_than_an_event_may_move_is_refused(void **state)
{
    (void)state;
    struct tally_event event = a_sale();
    event.as.sale.earned_points = TALLY_POINTS_MAX + 1;
    refused(&event);
    event = a_sale();
    event.as.sale.total_minor = TALLY_MONEY_MAX + 1;
    refused(&event);
    const struct tally_move many = {5, TALLY_POINTS_MAX + 1};
    event = a_grant();
    event.as.grant.moves = &many;
    event.as.grant.move_count = 1;
    refused(&event);
    event = a_void();
    event.as.voided.debt_added = TALLY_POINTS_MAX + 1;
    refused(&event);
}

static void more_than_the_longest_event_is_refused_unread(void **state)
{
    (void)state;
    struct tally_event event = a_grant();
    struct tally_buffer bytes = encoded(&event);
    size_t padding = TALLY_EVENT_LEN_MAX + 1 - bytes.len - 5;
    const uint8_t unknown[] = {0xFA, 0x01, (uint8_t)(padding | 0x80),
                               (uint8_t)((padding >> 7) | 0x80), (uint8_t)(padding >> 14)};
    assert_int_equal(tally_buffer_append(&bytes, unknown, sizeof unknown), TALLY_OK);
    assert_int_equal(tally_buffer_reserve(&bytes, padding), TALLY_OK);
    memset(bytes.data + bytes.len, 'x', padding);
    bytes.len += padding;
    assert_int_equal(bytes.len, TALLY_EVENT_LEN_MAX + 1);
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    tally_buffer_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sale_comes_back_as_it_was),
        cmocka_unit_test(a_void_comes_back_as_it_was),
        cmocka_unit_test(an_enrolment_a_grant_and_an_adjustment_come_back_as_they_were),
        cmocka_unit_test(the_bytes_of_an_event_are_the_same_on_every_architecture),
        cmocka_unit_test(the_largest_event_that_the_limits_allow_fits),
        cmocka_unit_test(every_truncation_of_an_event_is_refused),
        cmocka_unit_test(any_changed_byte_is_refused_or_gives_an_event_within_the_limits),
        cmocka_unit_test(text_sent_as_a_number_is_refused),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(an_unknown_a_missing_and_a_double_what_are_refused),
        cmocka_unit_test(an_enrolment_without_a_whole_handle_is_refused),
        cmocka_unit_test(an_enrolment_without_a_phone_handle_keeps_its_bytes),
        cmocka_unit_test(a_phone_handle_is_whole_and_not_that_of_the_card),
        cmocka_unit_test(the_phone_handle_stands_last_in_an_enrolment),
        cmocka_unit_test(an_event_without_an_id_is_refused),
        cmocka_unit_test(text_that_is_too_long_missing_or_not_utf8_is_refused),
        cmocka_unit_test(lines_and_moves_outside_the_limits_are_refused),
        cmocka_unit_test(more_points_or_money_than_an_event_may_move_is_refused),
        cmocka_unit_test(more_than_the_longest_event_is_refused_unread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
