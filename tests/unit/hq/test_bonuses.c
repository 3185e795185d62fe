/* SPDX-License-Identifier: Apache-2.0 */
/* What head office gives by itself, takes back, and proves; and what a person does at head office.
 */
#include "tests/unit/hq/hq_world.h"

#include "app/base/alloc.h"
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

struct stage {
    struct world world;
    struct till till;
    struct tally_programme_document *document;
    const struct tally_programme *programme;
};

static int stage_open(void **state)
{
    struct stage *stage = tally_alloc(1, sizeof *stage);
    assert_non_null(stage);
    world_open(&stage->world);
    till_open(&stage->world, &stage->till, 1, 0);
    *state = stage;
    return 0;
}

static int stage_close(void **state)
{
    struct stage *stage = *state;
    tally_programme_document_free(stage->document);
    till_close(&stage->till);
    world_close(&stage->world);
    tally_free(stage);
    return 0;
}

static void rules(struct stage *stage, const char *more)
{
    stage->document = world_publish_with(&stage->world, more);
    stage->programme = tally_programme_of(stage->document);
}

static void enrol_referred(struct till *till, uint64_t account, uint64_t by)
{
    struct tally_event event = {.type = TALLY_EVENT_ENROL, .account = account, .member = account};
    event.as.enrol = (struct tally_enrol){.home_shop = 7, .referrer = by};
    memset(event.as.enrol.handle, (int)account, TALLY_HANDLE_LEN);
    till_write(till, &event);
}

static void push_rest(struct till *till, uint64_t first)
{
    struct hq_push push = till_push(till, first, till->seq);
    if (push.status != TALLY_OK) {
        print_error("refused: %s\n", push.text);
    }
    OK(push.status);
    struct hq_verified verified;
    OK(hq_store_verify(till->world->store, &verified));
}

/* ------------------------------------------------------------------ referrals */

static void the_first_purchase_of_a_friend_pays_both_once(void **state)
{
    struct stage *stage = *state;
    rules(stage, referral_awards);
    till_enrol(&stage->till, ANN, 1);
    enrol_referred(&stage->till, BOB, ANN);
    till_sell(&stage->till, stage->programme, BOB, 10000, 0);
    push_rest(&stage->till, 1);
    assert_int_equal(world_balance(&stage->world, ANN), 50);
    assert_int_equal(world_balance(&stage->world, BOB), 100 + 20);
    uint64_t next = stage->till.seq + 1;
    till_sell(&stage->till, stage->programme, BOB, 10000, 0);
    push_rest(&stage->till, next);
    assert_int_equal(world_balance(&stage->world, ANN), 50);
}

static void an_undone_purchase_takes_back_what_it_brought_the_friend(void **state)
{
    struct stage *stage = *state;
    rules(stage, referral_awards);
    till_enrol(&stage->till, ANN, 1);
    enrol_referred(&stage->till, BOB, ANN);
    till_sell(&stage->till, stage->programme, BOB, 10000, 0);
    push_rest(&stage->till, 1);
    till_refund(&stage->till, stage->programme, 3, 1000, 0);
    push_rest(&stage->till, 4);
    assert_int_equal(world_balance(&stage->world, ANN), 25);
    assert_int_equal(world_balance(&stage->world, BOB), 50 + 10);
    till_refund(&stage->till, stage->programme, 3, 1000, 1000);
    push_rest(&stage->till, 5);
    assert_int_equal(world_balance(&stage->world, ANN), 0);
    assert_int_equal(world_balance(&stage->world, BOB), 0);
}

static void more_than_was_sold_never_comes_back(void **state)
{
    struct stage *stage = *state;
    rules(stage, referral_awards);
    till_enrol(&stage->till, ANN, 1);
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    push_rest(&stage->till, 1);
    till_refund(&stage->till, stage->programme, 2, 1500, 0);
    push_rest(&stage->till, 3);
    till_refund(&stage->till, stage->programme, 2, 1500, 0); /* as if nothing had come back */
    EXPECT(TALLY_E_CHAIN, till_push(&stage->till, 4, 4).status);
    assert_true(world_is_flagged(&stage->world, "another quantity came back before"));
    assert_int_equal(world_balance(&stage->world, ANN), 25);
}

/* ------------------------------------------------------------------ surprises */

static void without_a_commitment_nothing_is_drawn(void **state)
{
    struct stage *stage = *state;
    rules(stage, third_is_doubled);
    till_enrol(&stage->till, ANN, 1);
    for (int i = 0; i < 4; i++) {
        till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    }
    push_rest(&stage->till, 1);
    assert_int_equal(world_balance(&stage->world, ANN), 400);
}

static void every_third_sale_is_doubled_and_can_be_proved(void **state)
{
    struct stage *stage = *state;
    struct hq_surprise_proof proof;
    rules(stage, third_is_doubled);
    OK(hq_store_seeds_commit(stage->world.store, WORLD_NOW, 2));
    till_enrol(&stage->till, ANN, 1);
    for (int i = 0; i < 7; i++) {
        till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    }
    push_rest(&stage->till, 1);
    assert_int_equal(world_balance(&stage->world, ANN), 700 + 2 * 100);
    OK(hq_store_surprise_prove(stage->world.store, &proof));
    assert_int_equal(proof.sales, 7);
    assert_int_equal(proof.wins, 2);
}

static void a_draw_by_chance_is_proved_with_the_seed(void **state)
{
    struct stage *stage = *state;
    struct hq_surprise_proof proof;
    rules(stage, half_win);
    OK(hq_store_seeds_commit(stage->world.store, WORLD_NOW, 1));
    till_enrol(&stage->till, ANN, 1);
    for (int i = 0; i < 40; i++) {
        till_sell(&stage->till, stage->programme, ANN, 100, 0);
    }
    push_rest(&stage->till, 1);
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
    rules(stage, third_is_doubled);
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
    rules(stage, nightly);
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
    rules(stage, third_is_doubled);
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

static void more_of_a_reward_than_there_is_is_flagged(void **state)
{
    struct stage *stage = *state;
    rules(stage, "\"version\": 1, \"rewards\": [{\"code\": \"MUG\", \"kind\": \"gift\","
                 "\"automatic\": true, \"total\": 2}],");
    till_enrol(&stage->till, ANN, 1);
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    push_rest(&stage->till, 1);
    assert_false(world_is_flagged(&stage->world, "MUG"));
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    push_rest(&stage->till, 4);
    assert_true(world_is_flagged(&stage->world, "MUG was claimed 3 times in all, 2 were there"));
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
    rules(stage, referral_awards);
    till_enrol(&stage->till, ANN, 1);
    till_sell(&stage->till, stage->programme, ANN, 12345, 0);
    till_sell(&stage->till, stage->programme, ANN, 777, 0);
    push_rest(&stage->till, 1);
    till_refund(&stage->till, stage->programme, 2, 500, 0);
    push_rest(&stage->till, 4);
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
    rules(stage, referral_awards);
    struct tally_rule twice = stage->programme->rules[0];
    struct tally_programme would = *stage->programme;
    twice.points *= 2;
    would.rules = &twice;
    till_enrol(&stage->till, ANN, 1);
    till_enrol(&stage->till, BOB, 2);
    till_sell(&stage->till, stage->programme, ANN, 10000, 0);
    push_rest(&stage->till, 1);
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
        TEST(more_of_a_reward_than_there_is_is_flagged),
        TEST(the_same_programme_again_changes_nothing),
        TEST(a_programme_that_gives_twice_makes_winners),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
