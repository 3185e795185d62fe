/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal that lies gets at head office: nothing, or a flag; and nobody else suffers. */
#include "tests/unit/hq/hq_world.h"

#include "app/base/alloc.h"
#include "app/hq/acts.h"

#include <string.h>

enum { ANN = 0x1001, BOB = 0x1002, CAT = 0x1003 };

struct stage {
    struct world world;
    struct till till;  /* the one that lies */
    struct till other; /* an honest one */
    struct tally_programme_document *club;
};

static int stage_open(void **state)
{
    struct stage *stage = tally_alloc(1, sizeof *stage);
    world_open(&stage->world);
    till_open(&stage->world, &stage->till, 1, 0);
    till_open(&stage->world, &stage->other, 2, 0);
    stage->club = NULL;
    *state = stage;
    return 0;
}

static int stage_close(void **state)
{
    struct stage *stage = *state;
    till_close(&stage->till);
    till_close(&stage->other);
    tally_programme_document_free(stage->club);
    world_close(&stage->world);
    tally_free(stage);
    return 0;
}

static const struct tally_programme *rules(struct stage *stage)
{
    if (stage->club == NULL) {
        stage->club = world_publish(&stage->world);
    }
    return tally_programme_of(stage->club);
}

static void expect_verified(struct stage *stage)
{
    struct hq_verified verified;
    enum tally_status status = hq_store_verify(stage->world.store, &verified);
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
static void write_refund_of_other(struct stage *stage, int64_t quantity, int64_t before,
                                  int64_t points)
{
    const struct tally_move move = {
        .kind = TALLY_MOVE_UNREDEEM, .expires_day = LOT_DAY, .points = points};
    const struct tally_returned_line line = {0, quantity, before};
    struct tally_event event = {.type = TALLY_EVENT_REFUND,
                                .programme_version = 1,
                                .account = ANN,
                                .member = ANN,
                                .effects = {.moves = &move, .move_count = points > 0 ? 1 : 0}};
    event.as.reversal =
        (struct tally_reversal){.ref = words("B"),
                                .sale = {stage->other.number, stage->other.epoch, 2},
                                .sale_day = WORLD_DAY,
                                .lines = &line,
                                .line_count = 1};
    till_write(&stage->till, &event);
}

static void ann_buys_at_the_other_till(struct stage *stage)
{
    const struct tally_programme *programme = rules(stage);
    till_enrol(&stage->other, ANN, 1);
    till_sell(&stage->other, programme, ANN, 10000, 0);
    till_push_all(&stage->other);
}

static void a_refund_elsewhere_gives_no_more_than_its_sale_had(void **state)
{
    struct stage *stage = *state;
    ann_buys_at_the_other_till(stage);
    write_refund_of_other(stage, 1000, 500, 1000000); /* 500 that never came back */
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 1, 1).status);
    assert_int_equal(world_balance(&stage->world, ANN), 100);
    expect_verified(stage);
}

static void quantities_beyond_all_measure_do_no_harm(void **state)
{
    struct stage *stage = *state;
    ann_buys_at_the_other_till(stage);
    write_refund_of_other(stage, INT64_MAX - 1, 1, 0);
    write_refund_of_other(stage, INT64_MAX - 1, 1, 0);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 1, 2).status);
    expect_verified(stage);
}

static void a_refund_of_a_sale_that_head_office_lacks_waits_for_it(void **state)
{
    struct stage *stage = *state;
    const struct tally_programme *programme = rules(stage);
    till_enrol(&stage->other, ANN, 1);
    till_push_all(&stage->other);
    write_refund_of_other(stage, 1000, 0, 1000);
    struct hq_push push = till_push(&stage->till, 1, 1);
    EXPECT(TALLY_E_INVALID, push.status); /* not taken, and no quarantine */
    EXPECT(TALLY_E_INVALID, till_push(&stage->till, 1, 1).status);
    assert_true(world_is_flagged(&stage->world, "waits for the sale"));
    assert_int_equal(world_flags(&stage->world), 1); /* once, however often it tries */
    assert_int_equal(world_balance(&stage->world, ANN), 0);
    till_sell(&stage->other, programme, ANN, 10000, 0);
    till_push_all(&stage->other);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 1, 1).status); /* and now it is seen through */
    expect_verified(stage);
}

/* Two tills may take the same goods back at the same time, but no till twice. */
static void a_till_that_refunds_the_same_goods_elsewhere_twice_is_quarantined(void **state)
{
    struct stage *stage = *state;
    const struct tally_programme *programme = rules(stage);
    ann_buys_at_the_other_till(stage);
    till_refund(&stage->other, programme, 2, 1000, 0);
    struct tally_event_decoded refund;
    OK(tally_event_decode(tally_buffer_slice(&stage->other.events[2]), &refund));
    struct tally_event again = refund.event;
    const struct tally_move owed = {.kind = TALLY_MOVE_UNEARN_DEBT, .points = 50};
    again.effects.moves = &owed; /* the points are in the other drawer */
    again.effects.move_count = 1;
    again.as.reversal.ref = words("B1");
    till_write(&stage->till, &again);
    again.as.reversal.ref = words("B2");
    till_write(&stage->till, &again);
    tally_event_decoded_free(&refund);
    till_push_all(&stage->other);
    struct hq_push push = till_push(&stage->till, 1, 2);
    EXPECT(TALLY_E_CHAIN, push.status);
    assert_int_equal(push.accepted, 1);
    assert_true(world_is_flagged(&stage->world, "a refund of another terminal's sale"));
    assert_int_equal(world_balance(&stage->world, ANN), 0);
    expect_verified(stage);
}

/* ------------------------------------------------------------------ clocks */

static void a_day_that_has_not_come_waits_and_wipes_no_counter(void **state)
{
    struct stage *stage = *state;
    const struct tally_programme *programme = rules(stage);
    struct tally_book book;
    ann_buys_at_the_other_till(stage);
    stage->till.days_ahead = 40;
    till_sale(&stage->till, ANN, 1, 0);
    EXPECT(TALLY_E_INVALID, till_push(&stage->till, 1, 1).status);
    EXPECT(TALLY_E_INVALID, till_push(&stage->till, 1, 1).status);
    assert_true(world_is_flagged(&stage->world, "its day has not come"));
    assert_int_equal(world_flags(&stage->world), 1);
    OK(hq_store_account(stage->world.store, ANN, &book));
    assert_int_equal(book.account.newest_day, WORLD_DAY);
    tally_book_free(&book);
    stage->world.now_ms += 39 * INT64_C(86400000); /* head office's own clock may have been wrong */
    till_push_all(&stage->till);
    (void)programme;
    expect_verified(stage);
}

static void two_days_ahead_is_a_clock_like_any_other(void **state)
{
    struct stage *stage = *state;
    ann_buys_at_the_other_till(stage);
    stage->till.days_ahead = 2;
    till_enrol(&stage->till, BOB, 2);
    till_push_all(&stage->till);
    assert_int_equal(world_flags(&stage->world), 0);
}

static void a_business_day_ahead_of_its_own_time_quarantines(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    stage->till.business_days_off = 3;
    till_sale(&stage->till, ANN, 1, 0);
    struct hq_push push = till_push(&stage->till, 1, 2);
    EXPECT(TALLY_E_CHAIN, push.status);
    assert_int_equal(push.accepted, 1);
    assert_true(world_is_flagged(&stage->world, "ahead of its own time"));
}

static void a_business_day_long_before_its_own_time_is_flagged(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    stage->till.business_days_off = -30; /* the week of threefold points */
    till_enrol(&stage->till, BOB, 2);
    till_push_all(&stage->till);
    assert_true(world_is_flagged(&stage->world, "long before its own time"));
    assert_int_equal(world_flags(&stage->world), 1);
}

static void a_time_before_the_terminal_was_enrolled_is_flagged(void **state)
{
    struct stage *stage = *state;
    stage->till.days_ahead = -400;
    till_enrol(&stage->till, ANN, 1);
    till_push_all(&stage->till);
    assert_true(world_is_flagged(&stage->world, "before its terminal was enrolled"));
}

static void a_time_that_goes_back_quarantines(void **state)
{
    struct stage *stage = *state;
    till_enrol(&stage->till, ANN, 1);
    stage->till.days_ahead = -1;
    till_enrol(&stage->till, BOB, 2);
    struct hq_push push = till_push(&stage->till, 1, 2);
    EXPECT(TALLY_E_CHAIN, push.status);
    assert_int_equal(push.accepted, 1);
    assert_true(world_is_flagged(&stage->world, "goes back"));
}

/* ------------------------------------------------------------------ main */

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
