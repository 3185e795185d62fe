/* SPDX-License-Identifier: Apache-2.0 */
/* Events as bytes: what goes in comes out, and nothing else comes in. */
#include "tests/unit/proto/events.h"

#include "app/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ------------------------------------------------------------------ helpers */

static struct tally_buffer encoded(const struct tally_event *event)
{
    struct tally_buffer bytes = {0};
    assert_int_equal(tally_event_encode(event, &bytes), TALLY_OK);
    return bytes;
}

static void refused(const struct tally_event *event)
{
    struct tally_buffer bytes = {0};
    assert_int_equal(tally_event_limits(event), TALLY_E_INVALID);
    assert_int_equal(tally_event_encode(event, &bytes), TALLY_E_INVALID);
    assert_int_equal(bytes.len, 0);
    tally_buffer_free(&bytes);
}

static void allowed(const struct tally_event *event)
{
    struct tally_buffer bytes = encoded(event);
    tally_buffer_free(&bytes);
}

static enum tally_status decode_only(const void *bytes, size_t len)
{
    struct tally_event_decoded decoded = {0};
    enum tally_status status = tally_event_decode((struct tally_slice){bytes, len}, &decoded);
    tally_event_decoded_free(&decoded);
    return status;
}

/* Encodes, decodes, compares, and encodes again; the second bytes are the first. */
static void goes_round(const struct tally_event *event)
{
    struct tally_event_decoded decoded = {0};
    struct tally_buffer bytes = encoded(event);
    assert_int_equal(tally_event_decode(tally_buffer_slice(&bytes), &decoded), TALLY_OK);
    expect_same_event(&decoded.event, event);
    struct tally_buffer again = encoded(&decoded.event);
    expect_same(tally_buffer_slice(&bytes), tally_buffer_slice(&again));
    tally_buffer_free(&again);
    tally_event_decoded_free(&decoded);
    tally_buffer_free(&bytes);
}

/* ------------------------------------------------------------------ round trips */

static void an_event_of_every_type_comes_back_as_it_was(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct tally_event event = a_sample(i);
        goes_round(&event);
    }
    struct tally_event bare = a_small_sale();
    goes_round(&bare);
}

static void any_event_comes_back_as_it_was(void **state)
{
    (void)state;
    const char *given = getenv("TALLY_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("TALLY_SEED=%llu\n", (unsigned long long)seed);
    struct any_event *any = tally_alloc(1, sizeof *any);
    assert_non_null(any);
    for (unsigned i = 0; i < 4000; i++) {
        make_any_event(any, &seed);
        goes_round(&any->event);
    }
    tally_free(any);
}

/* Pinned: whoever changes these bytes changes every journal and the wire. */
static void the_bytes_of_an_event_are_the_same_on_every_architecture(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct tally_event event = a_sample(i);
        struct tally_buffer bytes = encoded(&event);
        char hex[2 * 512 + 1];
        assert_true(bytes.len <= 512);
        for (size_t at = 0; at < bytes.len; at++) {
            snprintf(hex + 2 * at, 3, "%02x", bytes.data[at]);
        }
        assert_string_equal(hex, sample_hex[i]);
        tally_buffer_free(&bytes);
    }
}

static void a_sale_of_one_line_is_small(void **state)
{
    (void)state;
    struct tally_event event = a_small_sale();
    struct tally_buffer bytes = encoded(&event);
    print_message("%zu bytes\n", bytes.len);
    assert_true(bytes.len <= 120);
    tally_buffer_free(&bytes);
}

static void dates_that_most_events_have_take_no_room_and_all_others_come_back(void **state)
{
    (void)state;
    static const int32_t days[] = {INT32_MIN, -1, 0, 1, 20415, INT32_MAX - 1, INT32_MAX};
    struct tally_move move = {TALLY_MOVE_EARN, 0, 0, 0, 5};
    struct tally_count count = {TALLY_COUNT_SALES, 0, 0, 0, 1};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        for (size_t j = i; j < sizeof days / sizeof days[0]; j++) {
            struct tally_event event = a_small_sale();
            event.effects.moves = &move;
            event.effects.counts = &count;
            move.expires_day = days[i];
            move.from_day = days[j];
            count.from_day = days[i];
            count.until_day = days[j];
            goes_round(&event);
        }
    }
    struct tally_event event = a_small_sale();
    event.effects.moves = &move;
    event.effects.counts = &count;
    move.from_day = 0;
    move.expires_day = TALLY_DAY_NEVER;
    count.from_day = INT32_MIN;
    count.until_day = TALLY_DAY_NEVER;
    struct tally_buffer bytes = encoded(&event);
    assert_non_null(memmem(bytes.data, bytes.len, "\x3A\x04\x08\x09\x28\x05", 6));
    assert_non_null(memmem(bytes.data, bytes.len, "\x42\x04\x08\x01\x28\x02", 6));
    tally_buffer_free(&bytes);
}

static void
a_basket_of_five_thousand_lines_fits_and_more_bytes_than_an_event_may_have_do_not(void **state)
{
    (void)state;
    static struct tally_line many[TALLY_LINES_MAX];
    static struct tally_share shares[TALLY_LINES_MAX];
    static uint8_t words[TALLY_CATEGORIES_LEN_MAX];
    memset(words, 'x', sizeof words);
    struct tally_event event = a_small_sale();
    event.as.sale.total_minor = 0;
    for (size_t i = 0; i < TALLY_LINES_MAX; i++) {
        many[i] = (struct tally_line){{words, 20}, {words, 40}, 1000000, 99999999, 9999999, 100};
        shares[i] = (struct tally_share){(uint32_t)i, 0, 99999, 0};
        event.as.sale.total_minor += many[i].amount_minor;
    }
    event.as.sale.basket.lines = many;
    event.as.sale.basket.line_count = TALLY_LINES_MAX;
    event.as.sale.shares = shares;
    event.as.sale.share_count = TALLY_LINES_MAX;
    struct tally_buffer bytes = encoded(&event);
    print_message("%zu bytes\n", bytes.len);
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_OK);
    tally_buffer_free(&bytes);

    for (size_t i = 0; i < TALLY_LINES_MAX; i++) {
        many[i].categories.len = TALLY_CATEGORIES_LEN_MAX;
    }
    assert_int_equal(tally_event_limits(&event), TALLY_OK); /* each limit by itself */
    assert_int_equal(tally_event_encode(&event, &bytes), TALLY_E_INVALID);
    assert_int_equal(bytes.len, 0);
    tally_buffer_free(&bytes);
}

/* ------------------------------------------------------------------ malformed bytes */

static void every_truncation_of_an_event_is_refused(void **state)
{
    (void)state;
    for (size_t which = 0; which < SAMPLE_COUNT; which++) {
        struct tally_event event = a_sample(which);
        struct tally_buffer bytes = encoded(&event);
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
    for (size_t which = 0; which < SAMPLE_COUNT; which++) {
        struct tally_event event = a_sample(which);
        struct tally_buffer bytes = encoded(&event);
        for (size_t bit = 0; bit < bytes.len * 8; bit++) {
            bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            struct tally_event_decoded decoded = {0};
            if (tally_event_decode(tally_buffer_slice(&bytes), &decoded) == TALLY_OK) {
                goes_round(&decoded.event);
            }
            tally_event_decoded_free(&decoded);
            bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        tally_buffer_free(&bytes);
    }
}

static void text_sent_as_a_number_is_refused(void **state)
{
    (void)state;
    struct tally_event event = a_sample(SAMPLE_ADJUST);
    struct tally_buffer bytes = encoded(&event);
    uint8_t *at = memmem(bytes.data, bytes.len, "goodwill", 8);
    assert_non_null(at);
    at[-2] = 2 << 3; /* field 2 with wire type 0 instead of 2 */
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    tally_buffer_free(&bytes);
}

static void unknown_fields_are_skipped(void **state)
{
    (void)state;
    static const uint8_t unknown[] = {0xF8, 0x06, 0x05, 0xFA, 0x06, 0x02, 'h', 'i'};
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct tally_event event = a_sample(i);
        struct tally_buffer bytes = encoded(&event);
        assert_int_equal(tally_buffer_append(&bytes, unknown, sizeof unknown), TALLY_OK);
        struct tally_event_decoded decoded = {0};
        assert_int_equal(tally_event_decode(tally_buffer_slice(&bytes), &decoded), TALLY_OK);
        expect_same_event(&decoded.event, &event);
        tally_event_decoded_free(&decoded);
        tally_buffer_free(&bytes);
    }
}

static void an_unknown_a_missing_and_a_double_what_are_refused(void **state)
{
    (void)state;
    struct tally_event grant = a_sample(SAMPLE_GRANT);
    struct tally_buffer bytes = encoded(&grant);
    uint8_t *what = bytes.data + bytes.len - 7;
    assert_memory_equal(what, "\x9A\x01\x04\x08\x04\x10\x07", 7);
    assert_int_equal(decode_only(bytes.data, bytes.len - 7), TALLY_E_INVALID);
    what[1] = 0x03; /* field 49 */
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    assert_int_equal(decode_only(NULL, 0), TALLY_E_INVALID);
    tally_buffer_free(&bytes);

    static const uint8_t release[] = {0xB2, 0x01, 0x00};
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct tally_event event = a_sample(i);
        bytes = encoded(&event);
        assert_int_equal(tally_buffer_append(&bytes, release, sizeof release), TALLY_OK);
        assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
        tally_buffer_free(&bytes);
    }
}

static void a_kind_of_move_or_counter_that_is_not_known_is_refused(void **state)
{
    (void)state;
    struct tally_event event = a_small_sale();
    struct tally_buffer bytes = encoded(&event);
    uint8_t *kind = memmem(bytes.data, bytes.len, "\x08\x09\x18", 3);
    uint8_t *what = memmem(bytes.data, bytes.len, "\x08\x01\x28\x02", 4);
    assert_true(kind != NULL && what != NULL);
    kind[1] = TALLY_MOVE_KIND_COUNT;
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    kind[1] = 0;
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    kind[1] = 9;
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_OK);
    what[1] = 13;
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    tally_buffer_free(&bytes);
}

static void a_handle_is_whole_and_the_phone_number_has_one_of_its_own(void **state)
{
    (void)state;
    struct tally_event event = a_sample(SAMPLE_ENROL);
    struct tally_buffer bytes = encoded(&event);
    uint8_t *first = memmem(bytes.data, bytes.len, "\x0A\x10\x00\x01\x02", 5);
    uint8_t *phone = memmem(bytes.data, bytes.len, "\x22\x10\xA7\xA7", 4);
    assert_true(first != NULL && phone != NULL);
    first[0] = 0x3A; /* an unknown field of the enrolment */
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    first[0] = 0x0A;
    memcpy(phone + 2, first + 2, TALLY_HANDLE_LEN);
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    phone[0] = 0x3A;
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_OK); /* none at all */
    tally_buffer_free(&bytes);

    memcpy(event.as.enrol.phone_handle, event.as.enrol.handle, TALLY_HANDLE_LEN);
    refused(&event);
    event.as.enrol.has_phone_handle = false; /* then it does not count */
    allowed(&event);
}

static void a_lost_card_has_a_handle_and_no_other_change_has_two(void **state)
{
    (void)state;
    struct tally_event event = a_sample(SAMPLE_REPLACED_CARD);
    struct tally_buffer bytes = encoded(&event);
    uint8_t *first = memmem(bytes.data, bytes.len, "\x12\x10\x00\x01\x02", 5);
    uint8_t *old = memmem(bytes.data, bytes.len, "\x1A\x10\xA7\xA7", 4);
    assert_true(first != NULL && old != NULL);
    first[-1] = TALLY_CARD_LINK;
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    first[-1] = TALLY_CARD_REPLACE;
    old[0] = 0x7A; /* an unknown field */
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    first[-1] = TALLY_CARD_LINK;
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_OK);
    first[0] = 0x7A;
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    tally_buffer_free(&bytes);
}

static void an_account_is_blocked_or_let_in_and_nothing_else(void **state)
{
    (void)state;
    struct tally_event event = a_sample(SAMPLE_BLOCK);
    struct tally_buffer bytes = encoded(&event);
    uint8_t *block = memmem(bytes.data, bytes.len, "\x70\x01", 2);
    assert_non_null(block);
    for (uint8_t value = 0; value < 5; value++) {
        block[1] = value;
        assert_int_equal(decode_only(bytes.data, bytes.len),
                         value == 1 || value == 2 ? TALLY_OK : TALLY_E_INVALID);
    }
    tally_buffer_free(&bytes);
}

static void more_than_the_longest_event_is_refused_unread(void **state)
{
    (void)state;
    struct tally_event event = a_sample(SAMPLE_GRANT);
    struct tally_buffer bytes = encoded(&event);
    size_t padding = TALLY_EVENT_LEN_MAX + 1 - bytes.len - 5;
    const uint8_t unknown[] = {0xFA, 0x06, (uint8_t)(padding | 0x80),
                               (uint8_t)((padding >> 7) | 0x80), (uint8_t)(padding >> 14)};
    assert_int_equal(tally_buffer_append(&bytes, unknown, sizeof unknown), TALLY_OK);
    assert_int_equal(tally_buffer_reserve(&bytes, padding), TALLY_OK);
    memset(bytes.data + bytes.len, 'x', padding);
    bytes.len += padding;
    assert_int_equal(bytes.len, TALLY_EVENT_LEN_MAX + 1);
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    tally_buffer_free(&bytes);
}

/* ------------------------------------------------------------------ limits */

static char long_text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
_Static_assert(sizeof long_text == TALLY_TEXT_LEN_MAX + 2, "one more than a text may have");

/* `text` is a text of `event`, which is allowed as it is. */
static void limits_of_text(struct tally_event *event, struct tally_slice *slice, bool may_be_empty)
{
    struct tally_slice before = *slice;
    allowed(event);
    *slice = text(long_text);
    refused(event);
    slice->len--;
    allowed(event);
    *slice = text("\xC0\x80");
    refused(event);
    *slice = (struct tally_slice){(const uint8_t *)"a\0b", 3};
    refused(event);
    *slice = text("");
    if (may_be_empty) {
        allowed(event);
    } else {
        refused(event);
    }
    *slice = before;
}

static void texts_are_utf8_of_at_most_64_bytes_and_some_are_never_empty(void **state)
{
    (void)state;
    struct tally_event event = a_sample(SAMPLE_SALE);
    limits_of_text(&event, &event.as.sale.ref, false);
    limits_of_text(&event, &event.as.sale.cashier, true);
    limits_of_text(&event, &event.as.sale.basket.channel, true);
    event = a_sample(SAMPLE_VOID);
    limits_of_text(&event, &event.as.reversal.ref, false);
    limits_of_text(&event, &event.as.reversal.cashier, true);
    event = a_sample(SAMPLE_REFUND);
    limits_of_text(&event, &event.as.reversal.ref, false);
    event = a_sample(SAMPLE_ADJUST);
    limits_of_text(&event, &event.as.adjust.reason, false);
    limits_of_text(&event, &event.as.adjust.who, false);
    limits_of_text(&event, &event.as.adjust.second, true);
    event = a_sample(SAMPLE_HOLD);
    limits_of_text(&event, &event.as.hold.ref, false);
    limits_of_text(&event, &event.as.hold.cashier, true);
    event = a_sample(SAMPLE_RELEASE);
    limits_of_text(&event, &event.as.hold.ref, true);
    event = a_sample(SAMPLE_STANDING);
    limits_of_text(&event, &event.as.given.reason, false);
    limits_of_text(&event, &event.as.given.who, true);
    event = a_sample(SAMPLE_TRANSFER);
    limits_of_text(&event, &event.as.transfer.reason, true);
    limits_of_text(&event, &event.as.transfer.who, true);
    event = a_sample(SAMPLE_CARD);
    limits_of_text(&event, &event.as.card.reason, true);
    limits_of_text(&event, &event.as.card.who, true);
    event = a_sample(SAMPLE_BLOCK);
    limits_of_text(&event, &event.as.given.reason, false);

    event = a_sample(SAMPLE_ADJUST); /* and it is looked at in what comes in, too */
    struct tally_buffer bytes = encoded(&event);
    uint8_t *at = memmem(bytes.data, bytes.len, "goodwill", 8);
    assert_non_null(at);
    *at = 0xFF;
    assert_int_equal(decode_only(bytes.data, bytes.len), TALLY_E_INVALID);
    tally_buffer_free(&bytes);
}

/* `what` is refused with `value` in `place`; afterwards `place` is as it was. */
#define REFUSED_WITH(place, value)                                                                 \
    do {                                                                                           \
        __typeof__(place) place_before = (place);                                                  \
        allowed(&event);                                                                           \
        (place) = (value);                                                                         \
        refused(&event);                                                                           \
        (place) = place_before;                                                                    \
    } while (0)

static void an_event_without_an_id_an_account_or_a_day_that_can_be_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct tally_event event = a_sample(i);
        REFUSED_WITH(event.id.seq, 0);
        REFUSED_WITH(event.account, 0);
        REFUSED_WITH(event.business_day, tally_day_from_date(1999, 12, 31));
        REFUSED_WITH(event.business_day, tally_day_from_date(2200, 1, 1));
        event.business_day = tally_day_from_date(2000, 1, 1);
        allowed(&event);
        event.business_day = tally_day_from_date(2199, 12, 31);
        allowed(&event);
    }
}

static void a_sale_outside_the_limits_is_refused(void **state)
{
    (void)state;
    struct tally_event event = a_sample(SAMPLE_SALE);
    struct tally_sale *sale = &event.as.sale;
    struct tally_line line = {{NULL, 0}, {NULL, 0}, 0, 5, 0, 0};
    struct tally_line_paid paid[2] = {sale->paid[0], sale->paid[1]};
    struct tally_share shares[2] = {sale->shares[0], sale->shares[1]};
    struct tally_count used[2] = {sale->seen.used[0], sale->seen.used[1]};
    REFUSED_WITH(sale->basket.line_count, 0);
    REFUSED_WITH(sale->basket.line_count, TALLY_LINES_MAX + 1);
    REFUSED_WITH(sale->basket.lines, &line); /* no quantity; tally_basket_check knows them all */
    REFUSED_WITH(sale->basket.points, -1);
    REFUSED_WITH(sale->total_minor, sale->total_minor + 1);
    REFUSED_WITH(sale->discount_minor, -1);
    REFUSED_WITH(sale->redeemed_minor, TALLY_MONEY_MAX + 1);
    REFUSED_WITH(sale->seen.minute, -1);
    REFUSED_WITH(sale->seen.minute, 1440);
    REFUSED_WITH(sale->seen.visits, -1);
    REFUSED_WITH(sale->seen.days_away, -2);
    REFUSED_WITH(sale->seen.days_member, -1);
    REFUSED_WITH(sale->seen.birthday, 8);

    sale->paid = paid;
    REFUSED_WITH(paid[0].discount_minor, -1);
    REFUSED_WITH(paid[0].points_minor, -1);
    REFUSED_WITH(paid[0].points_minor, sale->basket.lines[0].amount_minor);
    REFUSED_WITH(paid[0].line, paid[1].line);
    REFUSED_WITH(paid[1].line, 3);
    REFUSED_WITH(paid[1], ((struct tally_line_paid){1, 0, 0}));

    sale->shares = shares;
    sale->share_count = 2;
    REFUSED_WITH(shares[0].points, 0);
    REFUSED_WITH(shares[0].points, -1);
    REFUSED_WITH(shares[0].points, TALLY_POINTS_MAX + 1);
    REFUSED_WITH(shares[0].cut, -1);
    REFUSED_WITH(shares[0].cut, TALLY_POINTS_MAX + 1);
    REFUSED_WITH(shares[1].line, 3);
    REFUSED_WITH(shares[1], shares[0]);
    struct tally_exchange exchanges[] = {{2, 0, 100, 7, 1}};
    sale->exchanges = exchanges;
    sale->exchange_count = 1;
    REFUSED_WITH(exchanges[0].times, 0);
    REFUSED_WITH(exchanges[0].cost, 0);
    REFUSED_WITH(exchanges[0].cost, TALLY_POINTS_MAX);
    REFUSED_WITH(exchanges[0].gives, -1);
    REFUSED_WITH(exchanges[0].gives, TALLY_POINTS_MAX);
    REFUSED_WITH(exchanges[0].gives, 0); /* a gift is of no purse */
    REFUSED_WITH(sale->share_count, TALLY_SHARES_MAX + 1);

    sale->seen.used = used;
    REFUSED_WITH(used[0].what, 0);
    REFUSED_WITH(used[1].what, TALLY_COUNT_AWARD + 1);
    REFUSED_WITH(used[0].amount, 0);
    REFUSED_WITH(used[1], used[0]);
    REFUSED_WITH(sale->seen.used_count, TALLY_COUNTS_MAX + 1);
}

static void a_void_names_a_sale_and_no_lines_and_a_refund_some(void **state)
{
    (void)state;
    struct tally_event event = a_sample(SAMPLE_VOID);
    struct tally_returned_line lines[2] = {{0, 1000, 0}, {4, 500, 250}};
    REFUSED_WITH(event.as.reversal.sale.seq, 0);
    REFUSED_WITH(event.as.reversal.sale_day, 0);
    REFUSED_WITH(event.as.reversal.amount_minor, -1);
    event.as.reversal.lines = lines;
    REFUSED_WITH(event.as.reversal.line_count, 1);

    event = a_sample(SAMPLE_REFUND);
    event.as.reversal.lines = lines;
    event.as.reversal.line_count = 2;
    REFUSED_WITH(event.as.reversal.line_count, 0);
    REFUSED_WITH(event.as.reversal.line_count, TALLY_LINES_MAX + 1);
    REFUSED_WITH(event.as.reversal.sale_day, 0);
    REFUSED_WITH(event.as.reversal.amount_minor, TALLY_MONEY_MAX + 1);
    REFUSED_WITH(event.as.reversal.redeemed_minor, -1);
    REFUSED_WITH(event.as.reversal.redeemed_minor, event.as.reversal.amount_minor + 1);
    REFUSED_WITH(lines[1].line, 0);
    REFUSED_WITH(lines[1].line, TALLY_LINES_MAX);
    REFUSED_WITH(lines[0].quantity_milli, 0);
    REFUSED_WITH(lines[0].quantity_before_milli, -1);
    REFUSED_WITH(lines[1].quantity_before_milli, INT64_MAX);
}

static void the_others_have_their_limits_too(void **state)
{
    (void)state;
    struct tally_event event = a_sample(SAMPLE_ENROL);
    REFUSED_WITH(event.member, 0);
    REFUSED_WITH(event.as.enrol.profile.len, TALLY_PROFILE_LEN_MAX + 1);
    event = a_sample(SAMPLE_GRANT);
    REFUSED_WITH(event.as.grant.grant_seq, 0);
    REFUSED_WITH(event.as.grant.to_terminal, TALLY_TERMINAL_HQ);
    event = a_sample(SAMPLE_HOLD);
    REFUSED_WITH(event.as.hold.until_ms, 0);
    event = a_sample(SAMPLE_RELEASE);
    REFUSED_WITH(event.as.hold.until_ms, -1);
    event = a_sample(SAMPLE_AWARD);
    REFUSED_WITH(event.as.award.award, 0);
    event = a_sample(SAMPLE_TRANSFER);
    REFUSED_WITH(event.as.transfer.other, 0);
    REFUSED_WITH(event.as.transfer.other, event.account);
    REFUSED_WITH(event.type, 0);
    REFUSED_WITH(event.type, (enum tally_event_type)TALLY_EVENT_TYPE_COUNT);
    event = a_sample(SAMPLE_CARD);
    REFUSED_WITH(event.member, 0);
    REFUSED_WITH(event.as.card.action, 0);
    REFUSED_WITH(event.as.card.action, TALLY_CARD_UNBLOCK + 1);
    event = a_sample(SAMPLE_REPLACED_CARD);
    memcpy(event.as.card.old, event.as.card.handle, TALLY_HANDLE_LEN);
    refused(&event);
}

static void what_tally_effects_check_refuses_is_refused(void **state)
{
    (void)state;
    struct tally_event event = a_sample(SAMPLE_SALE);
    struct tally_move moves[2] = {{TALLY_MOVE_EARN, 0, 5, 0, 1}, {TALLY_MOVE_EARN, 0, 6, 0, 1}};
    event.effects.moves = moves;
    event.effects.move_count = 2;
    event.effects.hold = 0;
    REFUSED_WITH(moves[1].expires_day, 5);
    REFUSED_WITH(moves[1].expires_day, 4);
    REFUSED_WITH(moves[0].points, 0);
    REFUSED_WITH(moves[0].points, TALLY_POINTS_MAX);
    REFUSED_WITH(moves[1].kind, TALLY_MOVE_GRANT);
    REFUSED_WITH(event.effects.hold, 3);
    REFUSED_WITH(event.effects.move_count, TALLY_MOVES_MAX + 1);
    REFUSED_WITH(event.effects.count_count, TALLY_COUNTS_MAX + 1);
}

static void a_refused_event_leaves_the_output_as_it_was(void **state)
{
    (void)state;
    struct tally_event_decoded out, before;
    memset(&out, 0x5A, sizeof out);
    before = out;
    struct tally_event event = a_sample(SAMPLE_SALE);
    struct tally_buffer bytes = encoded(&event);
    assert_int_equal(tally_event_decode((struct tally_slice){bytes.data, bytes.len - 1}, &out),
                     TALLY_E_INVALID);
    assert_memory_equal(&out, &before, sizeof out);
    tally_buffer_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_of_every_type_comes_back_as_it_was),
        cmocka_unit_test(any_event_comes_back_as_it_was),
        cmocka_unit_test(the_bytes_of_an_event_are_the_same_on_every_architecture),
        cmocka_unit_test(a_sale_of_one_line_is_small),
        cmocka_unit_test(dates_that_most_events_have_take_no_room_and_all_others_come_back),
        cmocka_unit_test(
            a_basket_of_five_thousand_lines_fits_and_more_bytes_than_an_event_may_have_do_not),
        cmocka_unit_test(every_truncation_of_an_event_is_refused),
        cmocka_unit_test(any_changed_byte_is_refused_or_gives_an_event_within_the_limits),
        cmocka_unit_test(text_sent_as_a_number_is_refused),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(an_unknown_a_missing_and_a_double_what_are_refused),
        cmocka_unit_test(a_kind_of_move_or_counter_that_is_not_known_is_refused),
        cmocka_unit_test(a_handle_is_whole_and_the_phone_number_has_one_of_its_own),
        cmocka_unit_test(a_lost_card_has_a_handle_and_no_other_change_has_two),
        cmocka_unit_test(an_account_is_blocked_or_let_in_and_nothing_else),
        cmocka_unit_test(more_than_the_longest_event_is_refused_unread),
        cmocka_unit_test(texts_are_utf8_of_at_most_64_bytes_and_some_are_never_empty),
        cmocka_unit_test(an_event_without_an_id_an_account_or_a_day_that_can_be_is_refused),
        cmocka_unit_test(a_sale_outside_the_limits_is_refused),
        cmocka_unit_test(a_void_names_a_sale_and_no_lines_and_a_refund_some),
        cmocka_unit_test(the_others_have_their_limits_too),
        cmocka_unit_test(what_tally_effects_check_refuses_is_refused),
        cmocka_unit_test(a_refused_event_leaves_the_output_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
