/* SPDX-License-Identifier: Apache-2.0 */
/* What head office gives by itself, takes back, and proves; and what a person does at head
 * office. */
#include "tests/unit/hq/hq_stage.h"

#include "app/base/alloc.h"
#include "app/core/reversal.h"
#include "app/core/stock.h"
#include "app/hq/acts.h"
#include "app/hq/dry_run.h"
#include "app/hq/night.h"
#include "app/hq/surprise.h"

#include <stdio.h>
#include <string.h>

enum { ANN = 11, BOB = 22 };

static const char referral_awards[] =
    "\"version\": 1, \"awards\": ["
    "{\"code\": \"friend\", \"kind\": \"referrer\", \"points\": 50, \"uses\": 1},"
    "{\"code\": \"welcome\", \"kind\": \"referred\", \"points\": 20, \"uses\": 1}],";

static const char third_is_doubled[] =
    "\"version\": 1, \"awards\": [{\"code\": \"lucky\", \"kind\": \"surprise\", \"every\": 3,"
    "\"multiply_pct\": 200, \"budget\": 1000}],";

static const char half_win[] =
    "\"version\": 1, \"awards\": [{\"code\": \"lucky\", \"kind\": \"surprise\","
    "\"chance_ppm\": 500000, \"points\": 5}],";

static void enrol_referred(struct till *till, uint64_t account, uint64_t by)
{
    struct tally_event event = {.type = TALLY_EVENT_ENROL, .account = account, .member = account};
    event.as.enrol = (struct tally_enrol){.home_shop = 7, .referrer = by};
    memset(event.as.enrol.handle, (int)account, TALLY_HANDLE_LEN);
    till_write(till, &event);
}

/* ------------------------------------------------------------------ referrals */

static void the_first_purchase_of_a_friend_pays_both_once(void **state)
{
    struct stage *stage = *state;
    stage_rules(stage, referral_awards);
    till_enrol(&stage->till, ANN, 1);
    enrol_referred(&stage->till, BOB, ANN);
    till_sell(&stage->till, stage->programme, BOB, 10000, 0);
    till_push_rest(&stage->till, 1);
    assert_int_equal(world_balance(&stage->world, ANN), 50);
    assert_int_equal(world_balance(&stage->world, BOB), 100 + 20);
    uint64_t next = stage->till.seq + 1;
    till_sell(&stage->till, stage->programme, BOB, 10000, 0);
    till_push_rest(&stage->till, next);
    assert_int_equal(world_balance(&stage->world, ANN), 50);
}

static void an_undone_purchase_takes_back_what_it_brought_the_friend(void **state)
{
    struct stage *stage = *state;
    stage_rules(stage, referral_awards);
    till_enrol(&stage->till, ANN, 1);
    enrol_referred(&stage->till, BOB, ANN);
    till_sell(&stage->till, stage->programme, BOB, 10000, 0);
    till_push_rest(&stage->till, 1);
    till_refund(&stage->till, stage->programme, 3, 1000, 0);
    till_push_rest(&stage->till, 4);
    assert_int_equal(world_balance(&stage->world, ANN), 25);
    assert_int_equal(world_balance(&stage->world, BOB), 50 + 10);
    till_refund(&stage->till, stage->programme, 3, 1000, 1000);
    till_push_rest(&stage->till, 5);
    assert_int_equal(world_balance(&stage->world, ANN), 0);
    assert_int_equal(world_balance(&stage->world, BOB), 0);
}

static void more_than_was_sold_never_comes_back(void **state)
{
    struct stage *stage = *state;
    stage_rules(stage, referral_awards);
    till_enrol(&stage->till, ANN, 1);
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    till_push_rest(&stage->till, 1);
    till_refund(&stage->till, stage->programme, 2, 1500, 0);
    till_push_rest(&stage->till, 3);
    till_refund(&stage->till, stage->programme, 2, 1500, 0); /* as if nothing had come back */
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 4, 4).status);
    assert_true(world_is_flagged(&stage->world, "another quantity came back before"));
    assert_int_equal(world_balance(&stage->world, ANN), 25);
}

/* ------------------------------------------------------------------ surprises */

static void without_a_commitment_nothing_is_drawn(void **state)
{
    struct stage *stage = *state;
    stage_rules(stage, third_is_doubled);
    till_enrol(&stage->till, ANN, 1);
    for (int i = 0; i < 4; i++) {
        till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    }
    till_push_rest(&stage->till, 1);
    assert_int_equal(world_balance(&stage->world, ANN), 400);
}

static void every_third_sale_is_doubled_and_can_be_proved(void **state)
{
    struct stage *stage = *state;
    struct hq_surprise_proof proof;
    stage_rules(stage, third_is_doubled);
    OK(hq_store_seeds_commit(stage->world.store, WORLD_NOW, 2));
    till_enrol(&stage->till, ANN, 1);
    for (int i = 0; i < 7; i++) {
        till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    }
    till_push_rest(&stage->till, 1);
    assert_int_equal(world_balance(&stage->world, ANN), 700 + 2 * 100);
    OK(hq_store_surprise_prove(stage->world.store, &proof));
    assert_int_equal(proof.sales, 7);
    assert_int_equal(proof.wins, 2);
}

static void a_draw_by_chance_is_proved_with_the_seed(void **state)
{
    struct stage *stage = *state;
    struct hq_surprise_proof proof;
    stage_rules(stage, half_win);
    OK(hq_store_seeds_commit(stage->world.store, WORLD_NOW, 1));
    till_enrol(&stage->till, ANN, 1);
    for (int i = 0; i < 40; i++) {
        till_sell(&stage->till, stage->programme, ANN, 100, 0);
    }
    till_push_rest(&stage->till, 1);
    OK(hq_store_surprise_prove(stage->world.store, &proof));
    assert_int_equal(proof.sales, 40);
    assert_in_range(proof.wins, 1, 39); /* both 0 and 40 have a chance of 1 in 2^40 */
    assert_int_equal(world_balance(&stage->world, ANN), 40 + 5 * (int64_t)proof.wins);
}

static enum tally_status count_seed(void *context, const struct hq_seed *seed)
{
    int *counts = context;
    counts[seed->is_over ? 1 : 0]++;
    return TALLY_OK;
}

static void a_seed_is_secret_until_its_month_is_over(void **state)
{
    struct stage *stage = *state;
    int now[2] = {0}, later[2] = {0};
    const int64_t day_ms = INT64_C(86400000);
    stage_rules(stage, third_is_doubled);
    OK(hq_store_seeds_commit(stage->world.store, WORLD_NOW, 3));
    OK(hq_store_seeds(stage->world.store, WORLD_NOW, count_seed, now));
    OK(hq_store_seeds(stage->world.store, WORLD_NOW + 31 * day_ms, count_seed, later));
    assert_int_equal(now[0], 3);
    assert_int_equal(now[1], 0);
    assert_int_equal(later[0], 2);
    assert_int_equal(later[1], 1);
}

/* ------------------------------------------------------------------ nights */

static const char nightly[] =
    "\"version\": 1, \"awards\": ["
    "{\"code\": \"cake\", \"kind\": \"birthday\", \"points\": 40},"
    "{\"code\": \"coffee\", \"kind\": \"period\", \"per\": \"month\", \"points\": 3}],";

/* 2026-11-22 is WORLD_DAY. */
static void import_born(struct stage *stage, uint8_t card, uint32_t month, uint32_t day,
                        int32_t expires_day)
{
    struct tally_buffer profile = {0};
    struct hq_import_known known;
    struct tally_msg_profile person = {
        .name = {(const uint8_t *)"Ada", 3}, .birth_month = month, .birth_day = day};
    OK(tally_msg_profile_encode(&person, &profile));
    struct hq_import_row row = {
        .profile = tally_buffer_slice(&profile), .points = 100, .expires_day = expires_day};
    memset(row.handle, card, TALLY_HANDLE_LEN);
    OK(hq_store_import(stage->world.store, stage->world.keys.data_key, &row, 1, WORLD_NOW, &known));
    tally_buffer_free(&profile);
}

static int64_t points_of(struct stage *stage, uint8_t card)
{
    uint8_t handle[TALLY_HANDLE_LEN];
    uint64_t member = 0, account = 0;
    memset(handle, card, sizeof handle);
    OK(hq_store_card(stage->world.store, handle, &member, &account));
    return world_balance(&stage->world, account);
}

static struct hq_night a_night(struct stage *stage, int32_t days_later)
{
    struct hq_night night;
    struct hq_verified verified;
    OK(hq_store_night(stage->world.store, stage->world.keys.data_key,
                      WORLD_NOW + days_later * INT64_C(86400000), NULL, NULL, &night));
    OK(hq_store_verify(stage->world.store, &verified));
    return night;
}

static void a_night_gives_birthdays_and_periods_their_awards_once(void **state)
{
    struct stage *stage = *state;
    stage_rules(stage, nightly);
    import_born(stage, 1, 11, 22, LOT_DAY);
    import_born(stage, 2, 11, 23, LOT_DAY);
    import_born(stage, 3, 0, 0, LOT_DAY);
    struct hq_night first = a_night(stage, 0), again = a_night(stage, 0);
    assert_int_equal(first.accounts, 3);
    assert_int_equal(first.birthdays, 1);
    assert_int_equal(first.period_awards, 3);
    assert_int_equal(again.birthdays + again.period_awards, 0);
    assert_int_equal(points_of(stage, 1), 143);
    assert_int_equal(points_of(stage, 2), 103);
    assert_int_equal(a_night(stage, 1).birthdays, 1);
    assert_int_equal(a_night(stage, 10).period_awards, 3); /* December */
}

static void a_night_counts_what_lapsed_in_head_offices_drawer(void **state)
{
    struct stage *stage = *state;
    struct tally_book book;
    uint8_t handle[TALLY_HANDLE_LEN];
    uint64_t member = 0, account = 0;
    stage_rules(stage, third_is_doubled);
    import_born(stage, 1, 0, 0, WORLD_DAY + 3);
    assert_int_equal(a_night(stage, 3).lapsed, 0);
    assert_int_equal(a_night(stage, 4).lapsed, 100);
    assert_int_equal(a_night(stage, 5).lapsed, 0);
    memset(handle, 1, sizeof handle);
    OK(hq_store_card(stage->world.store, handle, &member, &account));
    OK(hq_store_account(stage->world.store, account, &book));
    assert_int_equal(tally_account_purse(&book.account, TALLY_PURSE_POINTS).expired, 100);
    assert_int_equal(book.account.lot_count, 0);
    tally_book_free(&book);
}

static void a_night_without_rules_does_nothing(void **state)
{
    struct stage *stage = *state;
    struct hq_night night;
    EXPECT(TALLY_E_NOT_READY, hq_store_night(stage->world.store, stage->world.keys.data_key,
                                             WORLD_NOW, NULL, NULL, &night));
}

/* ------------------------------------------------------------------ stock */

static const char two_mugs[] = "\"version\": 1, \"rewards\": [{\"code\": \"MUG\","
                               "\"kind\": \"gift\", \"automatic\": true, \"total\": 2}],";

static void publish(struct stage *stage, const char *more)
{
    tally_programme_document_free(stage->document);
    stage_rules(stage, more);
    OK(hq_store_stock(stage->world.store, WORLD_NOW));
}

/* Units in a drawer of the house account. */
static int64_t units_in(struct stage *stage, uint32_t drawer)
{
    struct tally_book house;
    OK(hq_store_account(stage->world.store, TALLY_ACCOUNT_HOUSE, &house));
    int64_t units = tally_account_in_drawer(&house.account, tally_word_id("MUG", 3), drawer,
                                            WORLD_DAY, WORLD_NOW);
    OK(tally_account_check(&house.account));
    tally_book_free(&house);
    return units;
}

static enum tally_status draw_units(struct stage *stage, struct till *till, uint8_t request,
                                    int64_t units, int64_t *ret_granted)
{
    struct tally_buffer message = {0}, reply = {0};
    struct tally_msg_draw_request wants = {
        .account = TALLY_ACCOUNT_HOUSE, .purse = tally_word_id("MUG", 3), .points = units};
    memset(wants.request_id, request, TALLY_REQUEST_ID_LEN);
    OK(tally_msg_draw_request_encode(&wants, &message));
    struct hq_draw draw = {.message = tally_buffer_slice(&message)};
    memcpy(draw.pin, till->pin, TALLY_HASH_LEN);
    enum tally_status status = hq_store_draw(stage->world.store, &draw, WORLD_NOW, &reply);
    *ret_granted = draw.granted;
    tally_buffer_free(&message);
    tally_buffer_free(&reply);
    return status;
}

/* What a terminal writes that takes units out of its drawer, or puts some in. */
static void move_units(struct till *till, enum tally_move_kind kind, int64_t units)
{
    const struct tally_move move = {kind, tally_word_id("MUG", 3), TALLY_DAY_NEVER, 0, units};
    struct tally_event event = {.type = TALLY_EVENT_ADJUST,
                                .account = TALLY_ACCOUNT_HOUSE,
                                .effects = {.moves = &move, .move_count = 1}};
    event.as.adjust = (struct tally_adjust){.drawer = till->number,
                                            .reason = {(const uint8_t *)"reward", 6},
                                            .who = {(const uint8_t *)"till", 4}};
    till_write(till, &event);
}

static void publishing_puts_in_what_is_missing_and_never_takes_any_out(void **state)
{
    struct stage *stage = *state;
    publish(stage, two_mugs);
    OK(hq_store_stock(stage->world.store, WORLD_NOW));
    assert_int_equal(units_in(stage, TALLY_TERMINAL_HQ), 2);
    publish(stage, "\"version\": 2, \"rewards\": [{\"code\": \"MUG\", \"kind\": \"gift\","
                   "\"total\": 5}],");
    assert_int_equal(units_in(stage, TALLY_TERMINAL_HQ), 5);
    publish(stage, "\"version\": 3, \"rewards\": [{\"code\": \"MUG\", \"kind\": \"gift\","
                   "\"total\": 1}],");
    assert_int_equal(units_in(stage, TALLY_TERMINAL_HQ), 5);
    publish(stage, "\"version\": 4, \"rewards\": [{\"code\": \"MUG\", \"kind\": \"gift\"}],");
    assert_int_equal(units_in(stage, TALLY_TERMINAL_HQ), 5);
}

static void units_are_drawn_once_and_what_was_given_away_is_not_put_in_again(void **state)
{
    struct stage *stage = *state;
    struct till other;
    int64_t granted = 0;
    stage_rules(stage, two_mugs); /* the draw puts them in */
    till_open(&stage->world, &other, 2, 0);
    OK(draw_units(stage, &stage->till, 1, 1, &granted));
    assert_int_equal(granted, 1);
    OK(draw_units(stage, &stage->till, 1, 1, &granted)); /* asked again */
    assert_int_equal(granted, 0);
    assert_int_equal(units_in(stage, stage->till.number), 1);
    OK(draw_units(stage, &other, 1, 9, &granted));
    assert_int_equal(granted, 1);
    OK(draw_units(stage, &other, 2, 1, &granted));
    assert_int_equal(granted, 0);
    move_units(&stage->till, TALLY_MOVE_ADJUST_OUT, 1);
    till_push_rest(&stage->till, 1);
    OK(hq_store_stock(stage->world.store, WORLD_NOW));
    assert_int_equal(units_in(stage, TALLY_TERMINAL_HQ), 0);
    assert_int_equal(units_in(stage, stage->till.number), 0);
    assert_int_equal(world_flags(&stage->world), 0);
    move_units(&stage->till, TALLY_MOVE_ADJUST_OUT, 1);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 2, 2).status);
    till_close(&other);
}

static void what_a_terminal_gives_away_without_taking_it_is_flagged(void **state)
{
    struct stage *stage = *state;
    int64_t granted = 0;
    publish(stage, two_mugs);
    till_enrol(&stage->till, ANN, 1);
    OK(draw_units(stage, &stage->till, 1, 1, &granted));
    move_units(&stage->till, TALLY_MOVE_ADJUST_OUT, 1);
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    till_push_rest(&stage->till, 1);
    assert_int_equal(world_flags(&stage->world), 0);
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    till_push_rest(&stage->till, 4);
    assert_true(world_is_flagged(&stage->world, "MUG was given away 2 times at terminal 1, which "
                                                "took 1 of it"));
    assert_false(world_is_flagged(&stage->world, "in all"));
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    till_push_rest(&stage->till, 5);
    assert_true(world_is_flagged(&stage->world, "MUG was claimed 3 times in all, 2 were there"));
}

/* Voids the sale at `seq` by the real rules; head office holds it. */
static void till_undo(struct till *till, const struct tally_programme *programme, uint64_t seq)
{
    struct tally_event_decoded sale;
    struct tally_book book = {0};
    struct tally_event event;
    OK(tally_event_decode(tally_buffer_slice(&till->events[seq - 1]), &sale));
    OK(hq_store_account(till->world->store, sale.event.account, &book));
    const struct tally_refund_request request = {
        .sale = &sale.event, .terminal = till->number, .now_ms = WORLD_NOW, .day = WORLD_DAY};
    size_t room_len = tally_refund_room(&book.account, &request);
    void *room = tally_alloc(room_len, 1);
    assert_non_null(room);
    OK(tally_void_plan(programme, &book.account, &request, room, room_len, &event));
    event.as.reversal.ref = (struct tally_slice){(const uint8_t *)"V", 1};
    till_write(till, &event);
    tally_free(room);
    tally_book_free(&book);
    tally_event_decoded_free(&sale);
}

static void units_go_back_after_a_void_and_no_others(void **state)
{
    struct stage *stage = *state;
    int64_t granted = 0;
    publish(stage, two_mugs);
    till_enrol(&stage->till, ANN, 1);
    OK(draw_units(stage, &stage->till, 1, 1, &granted));
    move_units(&stage->till, TALLY_MOVE_ADJUST_OUT, 1);
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    till_push_rest(&stage->till, 1);
    till_undo(&stage->till, stage->programme, 3);
    move_units(&stage->till, TALLY_MOVE_ADJUST_IN, 1);
    till_push_rest(&stage->till, 4);
    assert_int_equal(world_flags(&stage->world), 0);
    assert_int_equal(units_in(stage, stage->till.number), 1);
    move_units(&stage->till, TALLY_MOVE_ADJUST_IN, 1);
    till_push_rest(&stage->till, 6);
    assert_true(world_is_flagged(&stage->world, "back that it gave away, or never took"));
}

static void nothing_else_happens_on_the_house_account(void **state)
{
    struct stage *stage = *state;
    char text[HQ_TEXT_MAX];
    struct hq_counts counts;
    const struct hq_act act = {
        .account = TALLY_ACCOUNT_HOUSE, .reason = "gift", .who = "bo", .second = ""};
    publish(stage, two_mugs);
    EXPECT(TALLY_E_INVALID, hq_store_adjust(stage->world.store, &act, 5, 0, WORLD_NOW, text));
    assert_string_equal(text, "this is head office's own account: it holds the units of rewards");
    till_enrol(&stage->till, ANN, 1);
    till_push_rest(&stage->till, 1);
    const struct hq_act ann = {.account = ANN, .reason = "gift", .who = "bo", .second = ""};
    EXPECT(TALLY_E_INVALID,
           hq_store_merge(stage->world.store, &ann, TALLY_ACCOUNT_HOUSE, WORLD_NOW, text));
    OK(hq_store_counts(stage->world.store, &counts));
    assert_int_equal(counts.accounts, 1);
    assert_int_equal(a_night(stage, 0).accounts, 1);
    till_sale(&stage->till, TALLY_ACCOUNT_HOUSE, 5, 0);
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 2, 2).status);
}

/* ------------------------------------------------------------------ dry runs */

static enum tally_status play(void *context, const struct tally_event *const *events, size_t count)
{
    return dry_run_account(context, events, count);
}

static void the_same_programme_again_changes_nothing(void **state)
{
    struct stage *stage = *state;
    struct dry_run run;
    stage_rules(stage, referral_awards);
    till_enrol(&stage->till, ANN, 1);
    till_sell(&stage->till, stage->programme, ANN, 12345, 0);
    till_sell(&stage->till, stage->programme, ANN, 777, 0);
    till_push_rest(&stage->till, 1);
    till_refund(&stage->till, stage->programme, 2, 500, 0);
    till_push_rest(&stage->till, 4);
    OK(dry_run_start(&run, stage->programme, stage->programme, WORLD_NOW));
    OK(hq_store_each_history(stage->world.store, play, &run));
    assert_int_equal(run.accounts, 1);
    assert_int_equal(run.sales, 2);
    assert_int_equal(run.reversals, 1);
    assert_int_equal(run.before.earned, run.after.earned);
    assert_int_equal(run.before.points, world_balance(&stage->world, ANN));
    assert_int_equal(run.after.points, run.before.points);
    assert_int_equal(run.after.liability_minor, run.before.liability_minor);
    assert_int_equal(run.winners + run.losers + run.skipped + run.refused, 0);
    assert_int_equal(run.after.tiers[0], 1);
    dry_run_free(&run);
}

static void a_programme_that_gives_twice_makes_winners(void **state)
{
    struct stage *stage = *state;
    struct dry_run run;
    stage_rules(stage, referral_awards);
    struct tally_rule twice = stage->programme->rules[0];
    struct tally_programme would = *stage->programme;
    twice.points *= 2;
    would.rules = &twice;
    till_enrol(&stage->till, ANN, 1);
    till_enrol(&stage->till, BOB, 2);
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    till_push_rest(&stage->till, 1);
    OK(dry_run_start(&run, stage->programme, &would, WORLD_NOW));
    OK(hq_store_each_history(stage->world.store, play, &run));
    assert_int_equal(run.before.points, 100);
    assert_int_equal(run.after.points, 200);
    assert_int_equal(run.winners, 1);
    assert_int_equal(run.losers, 0);
    assert_int_equal(run.won[0].account, ANN);
    assert_int_equal(run.won[0].more_minor, 100);
    dry_run_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)
        TEST(the_first_purchase_of_a_friend_pays_both_once),
        TEST(an_undone_purchase_takes_back_what_it_brought_the_friend),
        TEST(more_than_was_sold_never_comes_back),
        TEST(without_a_commitment_nothing_is_drawn),
        TEST(every_third_sale_is_doubled_and_can_be_proved),
        TEST(a_draw_by_chance_is_proved_with_the_seed),
        TEST(a_seed_is_secret_until_its_month_is_over),
        TEST(a_night_gives_birthdays_and_periods_their_awards_once),
        TEST(a_night_counts_what_lapsed_in_head_offices_drawer),
        TEST(a_night_without_rules_does_nothing),
        TEST(publishing_puts_in_what_is_missing_and_never_takes_any_out),
        TEST(units_are_drawn_once_and_what_was_given_away_is_not_put_in_again),
        TEST(what_a_terminal_gives_away_without_taking_it_is_flagged),
        TEST(units_go_back_after_a_void_and_no_others),
        TEST(nothing_else_happens_on_the_house_account),
        TEST(the_same_programme_again_changes_nothing),
        TEST(a_programme_that_gives_twice_makes_winners),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
