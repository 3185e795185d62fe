/* SPDX-License-Identifier: Apache-2.0 */
/* What rules give for a basket: worked cases, what each switch does, and what holds for any. */
#include "tests/unit/core/till.h"

#include "tests/unit/core/seeded.h"

static struct till till;

/* ------------------------------------------------------------------ worked cases */

/* 12.00 red, 100.00 blue, 40.00 of delivery. */
static void open_shop(void)
{
    open_till(&till);
    add_line(&till, "123", "red", 1200);
    add_line(&till, "000", "blue,xxl", 10000);
    add_line(&till, "0001", "delivery", 4000);
}

static void points_are_per_unit_of_money(void **state)
{
    (void)state;
    open_shop();
    add_rule(&till, a_rule("four", 4, 100));
    assert_true(earned_by(&till) == 608);
    assert_int_equal(till.earned[0].why, TALLY_WHY_GAVE);
    assert_true(till.earned[0].base == 15200);
    assert_true(till.earned[0].before_multiplier == 608000);
    assert_true(till.earned[0].uncapped == 608);
    assert_int_equal(till.earned[0].multiplier_ppm, TALLY_MULTIPLIER_ONE);
    assert_true(till.shares[0] == 48);
    assert_true(till.shares[1] == 400);
    assert_true(till.shares[2] == 160);
}

static void excluded_lines_earn_nothing(void **state)
{
    (void)state;
    open_shop();
    struct tally_rule *rule = add_rule(&till, a_rule("four", 4, 100));
    rule->lines.except_categories = words_of("red");
    assert_true(earned_by(&till) == 560);
    rule->lines.except_categories = words_of("red,delivery");
    assert_true(earned_by(&till) == 400);
    rule->lines.except_categories = words_of("red");
    rule->lines.except_skus = words_of("0001");
    assert_true(earned_by(&till) == 400);
}

static void rules_add_up(void **state)
{
    (void)state;
    open_shop();
    add_rule(&till, a_rule("ten", 10, 100));
    add_rule(&till, a_rule("four", 4, 100));
    assert_true(earned_by(&till) == 2128);
}

static void a_multiplier_raises_what_its_lines_earn(void **state)
{
    (void)state;
    open_shop();
    add_rule(&till, a_rule("four", 4, 100));
    struct tally_rule *triple = add_rule(&till, a_multiplier("triple", 300));
    triple->lines.skus = words_of("123");
    assert_true(earned_by(&till) == 704);
    assert_true(till.shares[0] == 144);
    triple->lines = (struct tally_selector){.categories = words_of("red")};
    assert_true(earned_by(&till) == 704);
    triple->multiply_pct = 200;
    triple->lines = (struct tally_selector){.skus = words_of("000,0001,123")};
    assert_true(earned_by(&till) == 1216);
    assert_int_equal(till.earned[0].multiplier_ppm, 2000000);
}

static void one_multiplier_meets_a_line_once_however_it_selects_it(void **state)
{
    (void)state;
    open_shop();
    add_rule(&till, a_rule("four", 4, 100));
    add_rule(&till, a_multiplier("no red", 0))->lines.categories = words_of("red");
    add_rule(&till, a_multiplier("blue", 200))->lines.categories = words_of("blue,xxl");
    assert_true(earned_by(&till) == 960);
    assert_true(till.shares[0] == 0);
    open_shop();
    add_rule(&till, a_rule("four", 4, 100));
    add_rule(&till, a_multiplier("blue", 200))->lines.categories = words_of("blue");
    add_rule(&till, a_multiplier("orange", 300))->lines.categories = words_of("orange");
    assert_true(earned_by(&till) == 1008);
    assert_int_equal(till.earned[2].why, TALLY_WHY_LINES);
}

static void a_rule_whose_minimum_is_not_reached_gives_nothing(void **state)
{
    (void)state;
    open_shop();
    add_rule(&till, a_rule("four", 4, 100))->when.basket_minor_min = 30000;
    assert_true(earned_by(&till) == 0);
    assert_int_equal(till.earned[0].why, TALLY_WHY_WHEN);
    till.rules[0].when.basket_minor_min = 15200; /* a minimum is inclusive */
    assert_true(earned_by(&till) == 608);
    open_shop();
    add_rule(&till, a_rule("one", 1, 100));
    add_rule(&till, a_rule("far", 1, 100))->when.spend_minor_min = 100000000;
    add_rule(&till, a_rule("two", 2, 100));
    assert_true(earned_by(&till) == 456);
    assert_int_equal(till.earned[1].why, TALLY_WHY_LINES);
}

static void each_rule_rounds_once(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "A", "", 1999);
    add_rule(&till, a_rule("one", 1, 100));
    add_rule(&till, a_rule("half", 1, 200));
    assert_true(earned_by(&till) == 28);
    till.programme.rule_count = 1;
    add_rule(&till, a_fixed("five", 5));
    assert_true(earned_by(&till) == 24);
}

static void whole_steps_count_before_the_multiplier(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "A", "", 1999);
    struct tally_rule *rule = add_rule(&till, a_rule("one", 1, 100));
    add_rule(&till, a_multiplier("more", 150));
    rule->whole_steps = true;
    assert_true(earned_by(&till) == 28); /* 19 * 1.5 = 28.5 */
    rule->rounding = TALLY_ROUND_CEIL;
    assert_true(earned_by(&till) == 29);
    rule->whole_steps = false;
    assert_true(earned_by(&till) == 30); /* 19.99 * 1.5 = 29.985 */
    rule->rounding = TALLY_ROUND_FLOOR;
    assert_true(earned_by(&till) == 29);
}

static void of_a_group_the_best_is_left(void **state)
{
    (void)state;
    static struct tally_group group = {"g", 0, TALLY_GROUP_BEST};
    open_till(&till);
    till.programme.groups = &group;
    till.programme.group_count = 1;
    add_line(&till, "A", "", 1999);
    add_rule(&till, a_fixed("fifty", 50))->group = 1;
    add_rule(&till, a_fixed("two hundred", 200))->group = 1;
    add_rule(&till, a_fixed("two hundred too", 200))->group = 1;
    add_rule(&till, a_fixed("seven", 7));
    group.kind = TALLY_GROUP_BEST;
    assert_true(earned_by(&till) == 207);
    assert_int_equal(till.earned[0].why, TALLY_WHY_GROUP);
    assert_int_equal(till.earned[1].why, TALLY_WHY_GAVE);
    assert_int_equal(till.earned[2].why, TALLY_WHY_GROUP); /* of two alike the first */
    assert_int_equal(till.earned[3].why, TALLY_WHY_GAVE);
    group.kind = TALLY_GROUP_FIRST;
    assert_true(earned_by(&till) == 57);
    till.rules[0].points = 0; /* the first that gives anything */
    assert_true(earned_by(&till) == 207);
    assert_int_equal(till.earned[0].why, TALLY_WHY_NOTHING);
}

static void a_cap_counts_after_the_multiplier_unless_it_says_before(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "A", "", 80000);
    struct tally_rule *rule = add_rule(&till, a_rule("one", 1, 100));
    add_rule(&till, a_multiplier("more", 150));
    struct tally_cap cap = a_cap(TALLY_PERIOD_SALE, 1000);
    rule->caps = &cap;
    rule->cap_count = 1;
    assert_true(earned_by(&till) == 1000);
    assert_int_equal(till.earned[0].why, TALLY_WHY_CAPPED);
    assert_int_equal(till.earned[0].cap, 1);
    assert_true(till.earned[0].uncapped == 1200);
    cap.before_multiplier = true;
    assert_true(earned_by(&till) == 1200);
    assert_int_equal(till.earned[0].why, TALLY_WHY_GAVE);
    till.lines[0].amount_minor = 120000;
    assert_true(earned_by(&till) == 1500); /* 1000 * 1.5 */
    cap = a_cap(TALLY_PERIOD_SALE, 1000);
    cap.refuses = true;
    assert_true(earned_by(&till) == 0);
    assert_int_equal(till.earned[0].why, TALLY_WHY_CAPPED);
    till.lines[0].amount_minor = 66666;
    assert_true(earned_by(&till) == 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_per_unit_of_money),
        cmocka_unit_test(excluded_lines_earn_nothing),
        cmocka_unit_test(rules_add_up),
        cmocka_unit_test(a_multiplier_raises_what_its_lines_earn),
        cmocka_unit_test(one_multiplier_meets_a_line_once_however_it_selects_it),
        cmocka_unit_test(a_rule_whose_minimum_is_not_reached_gives_nothing),
        cmocka_unit_test(each_rule_rounds_once),
        cmocka_unit_test(whole_steps_count_before_the_multiplier),
        cmocka_unit_test(of_a_group_the_best_is_left),
        cmocka_unit_test(a_cap_counts_after_the_multiplier_unless_it_says_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
