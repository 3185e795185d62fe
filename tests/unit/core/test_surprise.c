/* SPDX-License-Identifier: Apache-2.0 */
/* Draws: exact at their borders, as often as was said, and never beyond the budget. */
#include "app/core/surprise.h"

#include "tests/unit/core/fold.h"
#include "tests/unit/core/seeded.h"

static struct happening sale;
static struct tally_award_rule award;
static struct tally_surprise_state before;

static void an_award(uint32_t chance_ppm, uint32_t every)
{
    award = (struct tally_award_rule){
        .kind = TALLY_AWARD_SURPRISE, .points = 10, .chance_ppm = chance_ppm, .every = every};
    before = (struct tally_surprise_state){0, 0};
    sale = a_happening(TALLY_EVENT_SALE, TERMINAL, 1);
    moves(&sale, TALLY_MOVE_EARN_DEBT, 0, 21000, 0, 5);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, 0, 28);
    moves(&sale, TALLY_MOVE_EARN, 77, 21000, 0, 1000);
    (void)event_of(&sale);
}

/* Points of a draw whose first 8 bytes are `first`. */
static int64_t drawn(uint64_t first)
{
    uint8_t draw[TALLY_HASH_LEN];
    int64_t points = -1;
    memset(draw, 0xA5, sizeof draw); /* the rest does not matter */
    for (size_t i = 0; i < 8; i++) {
        draw[i] = (uint8_t)(first >> (8 * (7 - i)));
    }
    assert_int_equal(tally_surprise_draw(&award, draw, &sale.event, &before, &points), TALLY_OK);
    return points;
}

static void a_draw_below_the_chance_wins_and_one_at_it_does_not(void **state)
{
    (void)state;
    static const struct {
        uint32_t ppm;
        uint64_t last; /* that wins: the greatest below ppm * 2^64 / 10^6 */
    } cases[] = {{500000, UINT64_C(0x7FFFFFFFFFFFFFFF)},
                 {1, UINT64_C(18446744073709)},
                 {999999, UINT64_C(18446725626965477906)},
                 {250000, UINT64_C(0x3FFFFFFFFFFFFFFF)}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        an_award(cases[i].ppm, 0);
        assert_true(drawn(0) == 10);
        assert_true(drawn(cases[i].last) == 10);
        assert_true(drawn(cases[i].last + 1) == 0);
        assert_true(drawn(UINT64_MAX) == 0);
        assert_true(before.sales == 4 && before.given == 20);
    }
    an_award(1000000, 0);
    assert_true(drawn(UINT64_MAX) == 10);
    an_award(0, 0);
    assert_true(drawn(0) == 0);
}

static void every_nth_sale_wins(void **state)
{
    (void)state;
    an_award(0, 3);
    for (int i = 1; i <= 12; i++) {
        assert_true(drawn(UINT64_MAX) == (i % 3 == 0 ? 10 : 0));
    }
    assert_true(before.sales == 12 && before.given == 40);
}

static void a_multiplied_sale_brings_what_it_earned_once_more(void **state)
{
    (void)state;
    an_award(1000000, 0);
    award.multiply_pct = 200;
    assert_true(drawn(0) == 43); /* 10 and 33 once more: points only, what paid a debt included */
    award.multiply_pct = 150;
    award.points = 0;
    assert_true(drawn(0) == 16); /* rounded down */
    award.multiply_pct = 100;
    assert_true(drawn(0) == 0);
}

static void the_last_win_is_cut_to_what_is_left(void **state)
{
    (void)state;
    an_award(1000000, 0);
    award.budget = 25;
    assert_true(drawn(0) == 10);
    assert_true(drawn(0) == 10);
    assert_true(drawn(0) == 5);
    assert_true(drawn(0) == 0);
    assert_true(before.given == 25 && before.sales == 4);
    award.budget = 20; /* a new version of the programme has less */
    assert_true(drawn(0) == 0);
    assert_true(before.given == 25);
}

static void points_that_do_not_fit_are_refused_and_nothing_is_counted(void **state)
{
    (void)state;
    an_award(1000000, 0);
    before.given = INT64_MAX - 5;
    const struct tally_surprise_state untouched = before;
    uint8_t draw[TALLY_HASH_LEN] = {0};
    int64_t points = -1;
    assert_int_equal(tally_surprise_draw(&award, draw, &sale.event, &before, &points),
                     TALLY_E_OVERFLOW);
    assert_memory_equal(&before, &untouched, sizeof before);
    assert_true(points == -1);
}

/* 10^5 draws: the rate is within five standard deviations of p, and no budget is passed. */
static void wins_are_as_often_as_was_said(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(4711);
    static const uint32_t chances[] = {1000, 50000, 333333, 900000};
    for (size_t i = 0; i < sizeof chances / sizeof chances[0]; i++) {
        an_award(chances[i], 0);
        int64_t wins = 0;
        for (int k = 0; k < 100000; k++) {
            wins += drawn(seeded_next(&seed)) > 0;
        }
        const int64_t mean = chances[i] / 10;
        const int64_t variance = mean * (1000000 - chances[i]) / 1000000;
        assert_true((wins - mean) * (wins - mean) <= 25 * variance);
        assert_true(before.given == wins * 10 && before.sales == 100000);
    }
}

static void no_budget_is_ever_passed(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(4712);
    for (int life = 0; life < 500; life++) {
        an_award((uint32_t)seeded_below(&seed, 1000001), 0);
        award.points = seeded_below(&seed, 50);
        award.multiply_pct = (uint32_t)seeded_below(&seed, 1000);
        award.budget = 1 + seeded_below(&seed, 2000);
        int64_t sum = 0;
        for (int k = 0; k < 200; k++) {
            int64_t points = drawn(seeded_next(&seed));
            assert_true(points >= 0);
            sum += points;
            assert_true(sum <= award.budget && sum == before.given);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_draw_below_the_chance_wins_and_one_at_it_does_not),
        cmocka_unit_test(every_nth_sale_wins),
        cmocka_unit_test(a_multiplied_sale_brings_what_it_earned_once_more),
        cmocka_unit_test(the_last_win_is_cut_to_what_is_left),
        cmocka_unit_test(points_that_do_not_fit_are_refused_and_nothing_is_counted),
        cmocka_unit_test(wins_are_as_often_as_was_said),
        cmocka_unit_test(no_budget_is_ever_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
