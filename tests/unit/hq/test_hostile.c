/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal that lies gets at head office: nothing, or a flag; and nobody else suffers. */
#include "tests/unit/hq/hq_world.h"

#include "app/base/alloc.h"
#include "app/core/bonus.h"
#include "app/hq/acts.h"

#include <stdio.h>
#include <string.h>

enum { ANN = 0x1001, BOB = 0x1002, CAT = 0x1003 };

struct duo {
    struct world world;
    struct till till;  /* the one that lies */
    struct till other; /* an honest one */
    struct tally_programme_document *club;
};

static int duo_open(void **state)
{
    struct duo *duo = tally_alloc(1, sizeof *duo);
    world_open(&duo->world);
    till_open(&duo->world, &duo->till, 1, 0);
    till_open(&duo->world, &duo->other, 2, 0);
    duo->club = NULL;
    *state = duo;
    return 0;
}

static int duo_close(void **state)
{
    struct duo *duo = *state;
    till_close(&duo->till);
    till_close(&duo->other);
    tally_programme_document_free(duo->club);
    world_close(&duo->world);
    tally_free(duo);
    return 0;
}

static const struct tally_programme *rules(struct duo *duo)
{
    if (duo->club == NULL) {
        duo->club = world_publish(&duo->world);
    }
    return tally_programme_of(duo->club);
}

static void expect_verified(struct duo *duo)
{
    struct hq_verified verified;
    enum tally_status status = hq_store_verify(duo->world.store, &verified);
    assert_string_equal(verified.difference, "");
    OK(status);
}

static struct tally_slice words(const char *text)
{
    return (struct tally_slice){(const uint8_t *)text, strlen(text)};
}

/* ------------------------------------------------------------------ sales of others */

/* A refund of the other till's first sale of `account`, of `quantity` after `before`, that gives
 * so many points to this till's drawer. */
static void write_refund_of_other(struct duo *duo, int64_t quantity, int64_t before, int64_t points)
{
    const struct tally_move move = {
        .kind = TALLY_MOVE_UNREDEEM, .expires_day = LOT_DAY, .points = points};
    const struct tally_returned_line line = {0, quantity, before};
    struct tally_event event = {.type = TALLY_EVENT_REFUND,
                                .programme_version = 1,
                                .account = ANN,
                                .member = ANN,
                                .effects = {.moves = &move, .move_count = points > 0 ? 1 : 0}};
    event.as.reversal = (struct tally_reversal){.ref = words("B"),
                                                .sale = {duo->other.number, duo->other.epoch, 2},
                                                .sale_day = WORLD_DAY,
                                                .lines = &line,
                                                .line_count = 1};
    till_write(&duo->till, &event);
}

static void ann_buys_at_the_other_till(struct duo *duo)
{
    const struct tally_programme *programme = rules(duo);
    till_enrol(&duo->other, ANN, 1);
    till_sell(&duo->other, programme, ANN, 10000, 0);
    till_push_all(&duo->other);
}

static void a_refund_elsewhere_gives_no_more_than_its_sale_had(void **state)
{
    struct duo *duo = *state;
    ann_buys_at_the_other_till(duo);
    write_refund_of_other(duo, 1000, 500, 1000000); /* 500 that never came back */
    EXPECT(TALLY_E_CHAIN, till_push(&duo->till, 1, 1).status);
    assert_int_equal(world_balance(&duo->world, ANN), 100);
    expect_verified(duo);
}

static void quantities_beyond_all_measure_do_no_harm(void **state)
{
    struct duo *duo = *state;
    ann_buys_at_the_other_till(duo);
    write_refund_of_other(duo, INT64_MAX - 1, 1, 0);
    write_refund_of_other(duo, INT64_MAX - 1, 1, 0);
    EXPECT(TALLY_E_CHAIN, till_push(&duo->till, 1, 2).status);
    expect_verified(duo);
}

static void a_refund_of_a_sale_that_head_office_lacks_waits_for_it(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules(duo);
    till_enrol(&duo->other, ANN, 1);
    till_push_all(&duo->other);
    write_refund_of_other(duo, 1000, 0, 1000);
    struct hq_push push = till_push(&duo->till, 1, 1);
    EXPECT(TALLY_E_INVALID, push.status); /* not taken, and no quarantine */
    EXPECT(TALLY_E_INVALID, till_push(&duo->till, 1, 1).status);
    assert_true(world_is_flagged(&duo->world, "waits for the sale"));
    assert_int_equal(world_flags(&duo->world), 1); /* once, however often it tries */
    assert_int_equal(world_balance(&duo->world, ANN), 0);
    till_sell(&duo->other, programme, ANN, 10000, 0);
    till_push_all(&duo->other);
    EXPECT(TALLY_E_CHAIN, till_push(&duo->till, 1, 1).status); /* and now it is seen through */
    expect_verified(duo);
}

/* Two tills may take the same goods back at the same time, but no till twice. */
static void a_till_that_refunds_the_same_goods_elsewhere_twice_is_quarantined(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules(duo);
    ann_buys_at_the_other_till(duo);
    till_refund(&duo->other, programme, 2, 1000, 0);
    struct tally_event_decoded refund;
    OK(tally_event_decode(tally_buffer_slice(&duo->other.events[2]), &refund));
    struct tally_event again = refund.event;
    const struct tally_move owed = {.kind = TALLY_MOVE_UNEARN_DEBT, .points = 50};
    again.effects.moves = &owed; /* the points are in the other drawer */
    again.effects.move_count = 1;
    again.as.reversal.ref = words("B1");
    till_write(&duo->till, &again);
    again.as.reversal.ref = words("B2");
    till_write(&duo->till, &again);
    tally_event_decoded_free(&refund);
    till_push_all(&duo->other);
    struct hq_push push = till_push(&duo->till, 1, 2);
    EXPECT(TALLY_E_CHAIN, push.status);
    assert_int_equal(push.accepted, 1);
    assert_true(world_is_flagged(&duo->world, "a refund of another terminal's sale"));
    assert_int_equal(world_balance(&duo->world, ANN), 0);
    expect_verified(duo);
}

/* ------------------------------------------------------------------ clocks */

static void a_day_that_has_not_come_waits_and_wipes_no_counter(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules(duo);
    struct tally_book book;
    ann_buys_at_the_other_till(duo);
    duo->till.days_ahead = 40;
    till_sale(&duo->till, ANN, 1, 0);
    EXPECT(TALLY_E_INVALID, till_push(&duo->till, 1, 1).status);
    EXPECT(TALLY_E_INVALID, till_push(&duo->till, 1, 1).status);
    assert_true(world_is_flagged(&duo->world, "its day has not come"));
    assert_int_equal(world_flags(&duo->world), 1);
    OK(hq_store_account(duo->world.store, ANN, &book));
    assert_int_equal(book.account.newest_day, WORLD_DAY);
    tally_book_free(&book);
    duo->world.now_ms += 39 * INT64_C(86400000); /* head office's own clock may have been wrong */
    till_push_all(&duo->till);
    (void)programme;
    expect_verified(duo);
}

static void two_days_ahead_is_a_clock_like_any_other(void **state)
{
    struct duo *duo = *state;
    ann_buys_at_the_other_till(duo);
    duo->till.days_ahead = 2;
    till_enrol(&duo->till, BOB, 2);
    till_push_all(&duo->till);
    assert_int_equal(world_flags(&duo->world), 0);
}

static void a_business_day_ahead_of_its_own_time_quarantines(void **state)
{
    struct duo *duo = *state;
    till_enrol(&duo->till, ANN, 1);
    duo->till.business_days_off = 3;
    till_sale(&duo->till, ANN, 1, 0);
    struct hq_push push = till_push(&duo->till, 1, 2);
    EXPECT(TALLY_E_CHAIN, push.status);
    assert_int_equal(push.accepted, 1);
    assert_true(world_is_flagged(&duo->world, "ahead of its own time"));
}

static void a_business_day_long_before_its_own_time_is_flagged(void **state)
{
    struct duo *duo = *state;
    till_enrol(&duo->till, ANN, 1);
    duo->till.business_days_off = -30; /* the week of threefold points */
    till_enrol(&duo->till, BOB, 2);
    till_push_all(&duo->till);
    assert_true(world_is_flagged(&duo->world, "long before its own time"));
    assert_int_equal(world_flags(&duo->world), 1);
}

static void a_time_before_the_terminal_was_enrolled_is_flagged(void **state)
{
    struct duo *duo = *state;
    duo->till.days_ahead = -400;
    till_enrol(&duo->till, ANN, 1);
    till_push_all(&duo->till);
    assert_true(world_is_flagged(&duo->world, "before its terminal was enrolled"));
}

static void a_time_that_goes_back_quarantines(void **state)
{
    struct duo *duo = *state;
    till_enrol(&duo->till, ANN, 1);
    duo->till.days_ahead = -1;
    till_enrol(&duo->till, BOB, 2);
    struct hq_push push = till_push(&duo->till, 1, 2);
    EXPECT(TALLY_E_CHAIN, push.status);
    assert_int_equal(push.accepted, 1);
    assert_true(world_is_flagged(&duo->world, "goes back"));
}

/* ------------------------------------------------------------------ what follows from an event */

static const char with_awards[] =
    "\"version\": 1, \"awards\": ["
    "{\"code\": \"hello\", \"kind\": \"sign_up\", \"points\": 30},"
    "{\"code\": \"friend\", \"kind\": \"referrer\", \"points\": 50},"
    "{\"code\": \"welcome\", \"kind\": \"referred\", \"points\": 20, \"uses\": 1}],";

static const struct tally_programme *rules_with_awards(struct duo *duo)
{
    duo->club = world_publish_with(&duo->world, with_awards);
    return tally_programme_of(duo->club);
}

static void write_referred(struct till *till, uint64_t account, uint64_t member, uint64_t by)
{
    struct tally_event event = {.type = TALLY_EVENT_ENROL, .account = account, .member = member};
    event.as.enrol = (struct tally_enrol){.home_shop = 7, .referrer = by};
    memset(event.as.enrol.handle, (int)(member & 0xff), TALLY_HANDLE_LEN);
    till_write(till, &event);
}

static void a_referrer_that_nobody_knows_costs_no_sale_and_doubles_none(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules_with_awards(duo);
    write_referred(&duo->till, ANN, ANN, 0x4711);
    till_sell(&duo->till, programme, ANN, 10000, 0);
    till_push_all(&duo->till);
    till_push_all(&duo->till);
    assert_int_equal(world_balance(&duo->world, ANN), 120); /* and what who is brought gets */
    expect_verified(duo);
}

static void who_brought_a_member_is_said_once_and_not_by_another_enrolment(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules_with_awards(duo);
    till_enrol(&duo->other, ANN, 1);
    till_enrol(&duo->other, BOB, 2);
    till_push_all(&duo->other);
    write_referred(&duo->till, ANN, CAT, BOB); /* one more member of Ann's account */
    write_referred(&duo->till, ANN, ANN, BOB); /* Ann again */
    till_sell(&duo->till, programme, ANN, 10000, 0);
    till_push_all(&duo->till);
    assert_int_equal(world_balance(&duo->world, BOB), 0);
    expect_verified(duo);
}

static void merge(struct duo *duo, uint64_t from, uint64_t into)
{
    char text[HQ_TEXT_MAX];
    const struct hq_act act = {.account = from, .who = "kim", .reason = "one person", .second = ""};
    OK(hq_store_merge(duo->world.store, &act, into, WORLD_NOW, text));
}

static void what_is_given_to_an_ended_account_goes_where_that_went(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules_with_awards(duo);
    till_enrol(&duo->other, ANN, 1);
    till_enrol(&duo->other, BOB, 2);
    write_referred(&duo->other, CAT, CAT, ANN);
    till_push_all(&duo->other);
    merge(duo, ANN, BOB);
    till_sell(&duo->till, programme, CAT, 10000, 0);
    till_push_all(&duo->till);
    assert_int_equal(world_balance(&duo->world, ANN), 0);
    assert_int_equal(world_balance(&duo->world, BOB), 50);
    expect_verified(duo);
}

static int64_t visits(struct duo *duo, uint64_t account)
{
    struct tally_book book;
    OK(hq_store_account(duo->world.store, account, &book));
    int64_t count = tally_account_visits(&book.account);
    tally_book_free(&book);
    return count;
}

static void what_comes_for_an_account_that_ended_twice_goes_all_the_way(void **state)
{
    struct duo *duo = *state;
    char text[HQ_TEXT_MAX];
    const struct tally_programme *programme = rules(duo);
    const struct hq_act back = {.account = CAT, .who = "kim", .reason = "round", .second = ""};
    till_enrol(&duo->other, ANN, 1);
    till_enrol(&duo->other, BOB, 2);
    till_enrol(&duo->other, CAT, 3);
    till_push_all(&duo->other);
    merge(duo, ANN, BOB);
    merge(duo, BOB, CAT);
    EXPECT(TALLY_E_EXISTS, hq_store_merge(duo->world.store, &back, ANN, WORLD_NOW, text));
    till_sell(&duo->other, programme, ANN, 10000, 0);
    till_push_all(&duo->other);
    assert_int_equal(visits(duo, ANN), 0);
    assert_int_equal(visits(duo, BOB), 0);
    assert_int_equal(visits(duo, CAT), 1);
    expect_verified(duo);
}

/* A sale that counts so many things, from so many hours on: it does not recompute. */
static void write_counting_sale(struct till *till, uint64_t account, int32_t from, size_t count,
                                int64_t amount)
{
    struct tally_count *counts = tally_alloc(count, sizeof *counts);
    struct tally_line line = {.quantity_milli = 1000, .amount_minor = 100};
    char ref[32];
    for (size_t i = 0; i < count; i++) {
        counts[i] =
            (struct tally_count){TALLY_COUNT_HOUR, 0, from + (int32_t)i, WORLD_DAY + 90, amount};
    }
    snprintf(ref, sizeof ref, "C%u-%llu", till->number, (unsigned long long)till->seq + 1);
    struct tally_event event = {.type = TALLY_EVENT_SALE,
                                .programme_version = 1,
                                .account = account,
                                .member = account,
                                .effects = {.counts = counts, .count_count = count}};
    event.as.sale = (struct tally_sale){
        .ref = words(ref), .basket = {.lines = &line, .line_count = 1}, .total_minor = 100};
    till_write(till, &event);
    tally_free(counts);
}

/* One push of each till in one transaction; what the honest one heard. */
static enum tally_status push_both(struct duo *duo, uint64_t first, uint64_t other_first)
{
    struct tally_buffer messages[2] = {{0}, {0}};
    struct hq_push lying = {.accepted = 0}, honest = {.accepted = 0};
    struct hq_push *pushes[] = {&lying, &honest};
    till_push_encode(&duo->till, first, duo->till.seq, &messages[0]);
    till_push_encode(&duo->other, other_first, duo->other.seq, &messages[1]);
    lying.message = tally_buffer_slice(&messages[0]);
    honest.message = tally_buffer_slice(&messages[1]);
    memcpy(lying.pin, duo->till.pin, TALLY_HASH_LEN);
    memcpy(honest.pin, duo->other.pin, TALLY_HASH_LEN);
    enum tally_status status = hq_store_push(duo->world.store, pushes, 2, WORLD_NOW);
    tally_buffer_free(&messages[0]);
    tally_buffer_free(&messages[1]);
    return status == TALLY_OK ? honest.status : status;
}

static void an_ended_account_that_is_stuffed_stops_nobody(void **state)
{
    struct duo *duo = *state;
    (void)rules(duo);
    till_enrol(&duo->other, ANN, 1);
    till_enrol(&duo->other, BOB, 2);
    till_push_all(&duo->other);
    write_counting_sale(&duo->till, ANN, 0, 1024, 1);
    write_counting_sale(&duo->till, ANN, 2000, 1024, 1);
    till_push_all(&duo->till);
    merge(duo, ANN, BOB); /* more than one event carries */
    write_counting_sale(&duo->till, ANN, 4000, 1024, 1);
    write_counting_sale(&duo->till, ANN, 6000, 1024, 1);
    till_enrol(&duo->other, CAT, 3);
    OK(push_both(duo, 3, 3));
    assert_int_equal(world_member(&duo->world, 3), CAT);
    struct tally_book book;
    OK(hq_store_account(duo->world.store, ANN, &book));
    assert_int_equal(book.account.count_count, 0);
    tally_book_free(&book);
    OK(hq_store_account(duo->world.store, BOB, &book));
    assert_int_equal(book.account.count_count, 4 * 1024);
    tally_book_free(&book);
    expect_verified(duo);
}

/* An honest till must not be put into quarantine for what another one wrote before it. */
static void counters_filled_to_the_brim_refuse_no_honest_sale(void **state)
{
    struct duo *duo = *state;
    (void)rules(duo);
    till_enrol(&duo->other, ANN, 1);
    till_push_all(&duo->other);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 60; i++) {
            write_counting_sale(&duo->till, ANN, 0, 1, TALLY_MONEY_MAX);
        }
        till_push_all(&duo->till);
        uint8_t token = (uint8_t)(round + 10);
        till_close(&duo->till);
        till_open(&duo->world, &duo->till, token, 0);
    }
    write_counting_sale(&duo->other, ANN, 0, 1, 1);
    till_push_all(&duo->other);
    expect_verified(duo);
}

/* Others wait while one push is looked at. */
static void many_returns_of_a_huge_sale_are_taken_a_few_at_a_time(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules(duo);
    struct tally_line *lines = tally_alloc(TALLY_LINES_MAX, sizeof *lines);
    const struct tally_move earned = {.kind = TALLY_MOVE_EARN, .expires_day = LOT_DAY, .points = 9};
    struct tally_event event = {.type = TALLY_EVENT_SALE,
                                .programme_version = 1,
                                .account = ANN,
                                .member = ANN,
                                .effects = {.moves = &earned, .move_count = 1}};
    for (size_t i = 0; i < TALLY_LINES_MAX; i++) {
        lines[i] =
            (struct tally_line){.sku = words("tea"), .quantity_milli = 1000, .amount_minor = 100};
    }
    event.as.sale = (struct tally_sale){.ref = words("huge"),
                                        .basket = {.lines = lines, .line_count = TALLY_LINES_MAX},
                                        .total_minor = (int64_t)TALLY_LINES_MAX * 100};
    till_enrol(&duo->till, ANN, 1);
    till_write(&duo->till, &event);
    till_push_all(&duo->till);
    for (int64_t i = 0; i < 20; i++) {
        till_refund(&duo->till, programme, 2, 1, i);
    }
    int pushes = 0;
    for (uint64_t acked = 2; acked < duo->till.seq; pushes++) {
        struct hq_push push = till_push(&duo->till, acked + 1, duo->till.seq);
        OK(push.status);
        assert_true(push.reply.acked_seq > acked);
        acked = push.reply.acked_seq;
    }
    assert_true(pushes > 1);
    tally_free(lines);
    expect_verified(duo);
}

/* ------------------------------------------------------------------ what only head office may */

static void an_enrolment_that_says_more_quarantines(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules(duo);
    struct tally_event event = {.type = TALLY_EVENT_ENROL, .account = ANN, .member = ANN};
    event.effects.has_floor = true;
    event.effects.floor =
        (struct tally_standing){programme->tiers.tiers[4].id, WORLD_DAY, TALLY_DAY_NEVER};
    till_write(&duo->till, &event);
    EXPECT(TALLY_E_CHAIN, till_push(&duo->till, 1, 1).status);
    assert_true(world_is_flagged(&duo->world, "says more than"));
}

static void an_adjustment_at_a_terminal_moves_points_and_nothing_else(void **state)
{
    struct duo *duo = *state;
    const struct tally_count count = {TALLY_COUNT_SPEND, 0, WORLD_DAY, WORLD_DAY, TALLY_MONEY_MAX};
    struct tally_event event = {.type = TALLY_EVENT_ADJUST, .account = ANN, .member = ANN};
    event.as.adjust = (struct tally_adjust){duo->till.number, words("why"), words("kim"), {0}};
    (void)rules(duo);
    till_enrol(&duo->till, ANN, 1);
    till_write(&duo->till, &event);
    till_push_all(&duo->till);
    assert_true(world_is_flagged(&duo->world, "points adjusted at a terminal"));
    event.effects.counts = &count;
    event.effects.count_count = 1;
    till_write(&duo->till, &event);
    EXPECT(TALLY_E_CHAIN, till_push(&duo->till, 3, 3).status);
    assert_true(world_is_flagged(&duo->world, "only head office counts"));
}

static void a_sale_that_takes_counters_back_quarantines(void **state)
{
    struct duo *duo = *state;
    (void)rules(duo);
    till_enrol(&duo->till, ANN, 1);
    write_counting_sale(&duo->till, ANN, 0, 1, -1);
    EXPECT(TALLY_E_CHAIN, till_push(&duo->till, 1, 2).status);
    assert_true(world_is_flagged(&duo->world, "takes counters back"));
}

static void write_award(struct duo *duo, const struct tally_programme *programme, const char *code,
                        int64_t more)
{
    struct tally_move moves[2];
    struct tally_count counts[16];
    const struct tally_bonus_room room = {moves, 2, counts, 16};
    const struct tally_moment moment = {duo->till.number, WORLD_NOW, WORLD_DAY};
    const struct tally_award_request request = {.award = tally_word_id(code, strlen(code)),
                                                .other = BOB};
    struct tally_account account;
    struct tally_event event;
    memset(&account, 0, sizeof account);
    tally_account_clear(&account);
    account.id = ANN;
    OK(tally_award_plan(programme, &account, &request, &moment, &room, &event));
    if (more > 0) { /* of a purse that the award is not about */
        moves[event.effects.move_count] =
            (struct tally_move){TALLY_MOVE_EARN, 77, LOT_DAY, 0, more};
        event.effects.move_count++;
    }
    event.member = ANN;
    event.programme_version = 1;
    till_write(&duo->till, &event);
}

static void an_award_is_held_against_the_rules_and_what_was_given_before(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules_with_awards(duo);
    till_enrol(&duo->till, ANN, 1);
    write_award(duo, programme, "hello", 0);
    till_push_all(&duo->till);
    assert_int_equal(world_flags(&duo->world), 0);
    write_award(duo, programme, "hello", 0); /* again */
    till_push_all(&duo->till);
    assert_int_equal(world_flags(&duo->world), 1);
    assert_true(world_is_flagged(&duo->world, "does not give"));
    expect_verified(duo);
}

static void an_award_with_something_beside_it_is_flagged(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules_with_awards(duo);
    till_enrol(&duo->till, ANN, 1);
    write_award(duo, programme, "hello", 5);
    till_push_all(&duo->till);
    assert_int_equal(world_flags(&duo->world), 1);
}

static void an_award_that_only_head_office_gives_is_flagged(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules_with_awards(duo);
    till_enrol(&duo->till, ANN, 1);
    till_enrol(&duo->till, BOB, 2);
    write_award(duo, programme, "friend", 0);
    till_push_all(&duo->till);
    assert_int_equal(world_flags(&duo->world), 1);
}

/* ------------------------------------------------------------------ what a sale had seen */

/* Ann's till_sell of 100.00, changed before it is written. */
static void write_seen(struct duo *duo, const struct tally_programme *programme, uint32_t tier,
                       bool with_standing)
{
    struct till *till = &duo->till;
    till_sell(till, programme, ANN, 10000, 0);
    struct tally_event_decoded decoded;
    struct tally_buffer kept = till->events[till->seq - 1];
    till->events[till->seq - 1] = (struct tally_buffer){0};
    till->seq--;
    OK(tally_event_decode(tally_buffer_slice(&kept), &decoded));
    struct tally_event event = decoded.event;
    struct tally_move move = event.effects.moves[0];
    move.points = move.points * programme->tiers.tiers[tier].multiplier_pct / 100;
    struct tally_share share = event.as.sale.shares[0];
    share.points = move.points;
    event.effects.moves = &move;
    event.as.sale.shares = &share;
    event.as.sale.seen.tier = tier;
    event.effects.has_standing = with_standing;
    if (with_standing) {
        event.effects.standing =
            (struct tally_standing){programme->tiers.tiers[4].id, WORLD_DAY, TALLY_DAY_NEVER};
    }
    till_write(till, &event);
    tally_event_decoded_free(&decoded);
    tally_buffer_free(&kept);
}

static void a_tier_that_head_office_does_not_see_is_flagged(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules(duo);
    till_enrol(&duo->till, ANN, 1);
    write_seen(duo, programme, 0, false);
    till_push_all(&duo->till);
    assert_int_equal(world_flags(&duo->world), 0);
    write_seen(duo, programme, 4, false);
    till_push_all(&duo->till);
    assert_false(world_is_flagged(&duo->world, "does not recompute"));
    assert_true(world_is_flagged(&duo->world, "head office would have"));
    assert_int_equal(world_flags(&duo->world), 1);
}

static void a_standing_that_head_office_does_not_derive_is_flagged(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *programme = rules(duo);
    till_enrol(&duo->till, ANN, 1);
    write_seen(duo, programme, 0, true);
    till_push_all(&duo->till);
    assert_true(world_is_flagged(&duo->world, "standing"));
    assert_int_equal(world_flags(&duo->world), 1);
}

static void rules_of_another_time_are_flagged(void **state)
{
    struct duo *duo = *state;
    const struct tally_programme *old = rules(duo);
    struct tally_programme_document *now =
        world_publish_version(&duo->world, 2, "2026-11-01T00:00:00Z");
    struct tally_programme_document *later =
        world_publish_version(&duo->world, 3, "2026-12-01T00:00:00Z");
    till_enrol(&duo->till, ANN, 1);
    till_sell(&duo->till, tally_programme_of(now), ANN, 10000, 0);
    till_push_all(&duo->till);
    assert_int_equal(world_flags(&duo->world), 0);
    till_enrol(&duo->till, BOB, 2);
    till_sell(&duo->till, tally_programme_of(later), BOB, 10000, 0);
    till_push_all(&duo->till);
    assert_true(world_is_flagged(&duo->world, "version 3, which was not in force"));
    till_enrol(&duo->till, CAT, 3);
    till_sell(&duo->till, old, CAT, 10000, 0); /* three weeks after it was replaced */
    till_push_all(&duo->till);
    assert_true(world_is_flagged(&duo->world, "version 1, which was not in force"));
    assert_int_equal(world_flags(&duo->world), 2);
    tally_programme_document_free(now);
    tally_programme_document_free(later);
}

/* ------------------------------------------------------------------ cards and the feed */

static void write_link(struct till *till, uint64_t account, uint64_t member, uint32_t card)
{
    struct tally_event event = {.type = TALLY_EVENT_CARD, .account = account, .member = member};
    event.as.card.action = TALLY_CARD_LINK;
    memset(event.as.card.handle, 0x33, TALLY_HANDLE_LEN);
    memcpy(event.as.card.handle, &card, sizeof card);
    till_write(till, &event);
}

static void expect_feed(struct duo *duo, size_t accounts)
{
    struct tally_buffer bytes = {0};
    struct tally_msg_pull_reply reply;
    struct hq_pull pull = {.cursor = 0};
    memcpy(pull.pin, duo->other.pin, TALLY_HASH_LEN);
    OK(hq_store_pull(duo->world.store, &pull, WORLD_NOW, &bytes));
    assert_true(bytes.len <= TALLY_MSG_LEN_MAX);
    OK(tally_msg_pull_reply_decode(tally_buffer_slice(&bytes), &reply));
    assert_int_equal(reply.account_count, accounts);
    tally_msg_pull_reply_free(&reply);
    tally_buffer_free(&bytes);
}

static void a_member_has_no_more_cards_than_the_feed_can_carry(void **state)
{
    struct duo *duo = *state;
    till_enrol(&duo->till, ANN, 1);
    for (uint32_t card = 0; card < HQ_MEMBER_CARDS_MAX + 3; card++) {
        if (duo->till.seq == WORLD_JOURNAL_MAX) {
            till_push_all(&duo->till);
            till_close(&duo->till);
            till_open(&duo->world, &duo->till, (uint8_t)(card / WORLD_JOURNAL_MAX + 20), 0);
        }
        write_link(&duo->till, ANN, ANN, card);
    }
    till_push_all(&duo->till);
    assert_true(world_is_flagged(&duo->world, "as many cards as"));
    expect_feed(duo, 1);
    expect_verified(duo);
}

/* Points in head office's drawer, a thousand lots of one point in one event. */
static void write_scattered(struct till *till, int32_t from_day)
{
    struct tally_line line = {.quantity_milli = 1000, .amount_minor = 100};
    struct tally_move moves[1000];
    char ref[32];
    for (int32_t i = 0; i < 1000; i++) {
        moves[i] = (struct tally_move){TALLY_MOVE_EARN_DEBT, 0, LOT_DAY + i, from_day, 1};
    }
    snprintf(ref, sizeof ref, "M%u-%llu", till->number, (unsigned long long)till->seq + 1);
    struct tally_event event = {.type = TALLY_EVENT_SALE,
                                .programme_version = 1,
                                .account = ANN,
                                .member = ANN,
                                .effects = {.moves = moves, .move_count = 1000}};
    event.as.sale = (struct tally_sale){
        .ref = words(ref), .basket = {.lines = &line, .line_count = 1}, .total_minor = 100};
    till_write(till, &event);
}

static void draw_a_thousand(struct duo *duo, uint8_t id)
{
    struct tally_buffer message = {0}, reply = {0};
    struct tally_msg_draw_request request = {.account = ANN, .points = 1000};
    memset(request.request_id, id, sizeof request.request_id);
    OK(tally_msg_draw_request_encode(&request, &message));
    struct hq_draw draw = {.message = tally_buffer_slice(&message)};
    memcpy(draw.pin, duo->other.pin, TALLY_HASH_LEN);
    OK(hq_store_draw(duo->world.store, &draw, WORLD_NOW, &reply));
    assert_int_equal(draw.granted, 1000);
    tally_buffer_free(&message);
    tally_buffer_free(&reply);
}

static void grants_of_many_lots_come_in_bounded_messages(void **state)
{
    enum { DRAWS = 7 };
    struct duo *duo = *state;
    (void)rules(duo);
    till_enrol(&duo->other, ANN, 1);
    till_push_all(&duo->other);
    for (int32_t i = 0; i < DRAWS; i++) {
        write_scattered(&duo->till, i);
        OK(till_push(&duo->till, duo->till.seq, duo->till.seq).status);
    }
    for (uint8_t i = 0; i < DRAWS; i++) {
        draw_a_thousand(duo, (uint8_t)(i + 1));
    }
    struct hq_pull pull = {.cursor = 0};
    size_t grants = 0;
    memcpy(pull.pin, duo->other.pin, TALLY_HASH_LEN);
    while (grants < DRAWS) {
        struct tally_buffer bytes = {0};
        struct tally_msg_pull_reply reply;
        OK(hq_store_pull(duo->world.store, &pull, WORLD_NOW, &bytes));
        OK(tally_msg_pull_reply_decode(tally_buffer_slice(&bytes), &reply));
        assert_in_range(reply.grant_count, 1, 5);
        grants += reply.grant_count;
        tally_msg_pull_reply_free(&reply);
        tally_buffer_free(&bytes);
    }
    expect_verified(duo);
}

static void a_card_of_nobody_is_flagged_and_stays_free(void **state)
{
    struct duo *duo = *state;
    till_enrol(&duo->till, ANN, 1);
    write_link(&duo->till, ANN, 0x9999, 0x33333333);
    till_push_all(&duo->till);
    assert_int_equal(world_flags(&duo->world), 1);
    till_enrol(&duo->till, BOB, 0x33);
    till_push_all(&duo->till);
    assert_int_equal(world_member(&duo->world, 0x33), BOB);
    expect_verified(duo);
}

static void an_account_too_long_to_send_is_left_out_of_the_feed(void **state)
{
    struct duo *duo = *state;
    (void)rules(duo);
    till_enrol(&duo->other, ANN, 1);
    till_enrol(&duo->other, BOB, 2);
    till_push_all(&duo->other);
    struct hq_push push = {.accepted = 0};
    for (int32_t i = 0; i < 200 && push.status == TALLY_OK; i++) {
        if (duo->till.seq == WORLD_JOURNAL_MAX) {
            till_close(&duo->till);
            till_open(&duo->world, &duo->till, (uint8_t)(i / WORLD_JOURNAL_MAX + 30), 0);
        }
        write_counting_sale(&duo->till, ANN, 2000000 * i, 1024, TALLY_MONEY_MAX);
        push = till_push(&duo->till, duo->till.seq, duo->till.seq);
    }
    expect_feed(duo, 2);
    EXPECT(TALLY_E_CHAIN, push.status); /* somewhere it was too much */
    write_counting_sale(&duo->other, ANN, 1, 1, 1);
    till_push_all(&duo->other); /* but an honest sale is taken */
    expect_verified(duo);
}

/* ------------------------------------------------------------------ main */

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, duo_open, duo_close)
        TEST(a_refund_elsewhere_gives_no_more_than_its_sale_had),
        TEST(quantities_beyond_all_measure_do_no_harm),
        TEST(a_refund_of_a_sale_that_head_office_lacks_waits_for_it),
        TEST(a_till_that_refunds_the_same_goods_elsewhere_twice_is_quarantined),
        TEST(a_day_that_has_not_come_waits_and_wipes_no_counter),
        TEST(two_days_ahead_is_a_clock_like_any_other),
        TEST(a_business_day_ahead_of_its_own_time_quarantines),
        TEST(a_business_day_long_before_its_own_time_is_flagged),
        TEST(a_time_before_the_terminal_was_enrolled_is_flagged),
        TEST(a_time_that_goes_back_quarantines),
        TEST(a_referrer_that_nobody_knows_costs_no_sale_and_doubles_none),
        TEST(who_brought_a_member_is_said_once_and_not_by_another_enrolment),
        TEST(what_is_given_to_an_ended_account_goes_where_that_went),
        TEST(what_comes_for_an_account_that_ended_twice_goes_all_the_way),
        TEST(an_ended_account_that_is_stuffed_stops_nobody),
        TEST(counters_filled_to_the_brim_refuse_no_honest_sale),
        TEST(many_returns_of_a_huge_sale_are_taken_a_few_at_a_time),
        TEST(an_enrolment_that_says_more_quarantines),
        TEST(an_adjustment_at_a_terminal_moves_points_and_nothing_else),
        TEST(a_sale_that_takes_counters_back_quarantines),
        TEST(an_award_is_held_against_the_rules_and_what_was_given_before),
        TEST(an_award_with_something_beside_it_is_flagged),
        TEST(an_award_that_only_head_office_gives_is_flagged),
        TEST(a_tier_that_head_office_does_not_see_is_flagged),
        TEST(a_standing_that_head_office_does_not_derive_is_flagged),
        TEST(rules_of_another_time_are_flagged),
        TEST(a_member_has_no_more_cards_than_the_feed_can_carry),
        TEST(grants_of_many_lots_come_in_bounded_messages),
        TEST(a_card_of_nobody_is_flagged_and_stays_free),
        TEST(an_account_too_long_to_send_is_left_out_of_the_feed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
