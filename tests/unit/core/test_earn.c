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
    assert_true(till.earned[1].before_multiplier == 9995);
    till.rules[1].per_minor = 300;
    assert_true(earned_by(&till) == 25);
    assert_true(till.earned[1].before_multiplier == 6663);
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

/* The example of EARNING.md. */
static void the_order_of_work_is_the_one_that_is_told(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "apples", "fresh", 1200);
    add_line(&till, "wine", "", 4000);
    struct tally_rule *base = add_rule(&till, a_rule("base", 1, 100));
    add_rule(&till, a_multiplier("fresh", 200))->lines.categories = words_of("fresh");
    add_rule(&till, a_fixed("big", 20))->when.spend_minor_min = 5000;
    add_rule(&till, a_fixed("welcome", 100))->when.visit_first = 1;
    struct tally_cap cap = a_cap(TALLY_PERIOD_MONTH, 500);
    struct tally_count used = {TALLY_COUNT_RULE, base->id, TILL_DAY - 21, TILL_DAY + 8, 470};
    base->caps = &cap;
    base->cap_count = 1;
    till.seen.used = &used;
    till.seen.used_count = 1;
    till.seen.tier = 1;
    till.seen.visits = 3;
    read_lines(&till);
    till.work[1].net_minor -= 400; /* the voucher */
    assert_int_equal(earn_on(&till), TALLY_OK);
    assert_int_equal(till.work[0].multiplier_ppm, 2500000);
    assert_int_equal(till.work[1].multiplier_ppm, 1250000);
    assert_true(till.earned[0].uncapped == 75);
    assert_int_equal(till.earned[2].why, TALLY_WHY_LINES);
    assert_int_equal(till.earned[3].why, TALLY_WHY_WHEN);
    assert_true(earned_of(&till, TALLY_PURSE_POINTS) == 30);
    assert_true(till.shares[0] == 12 && till.shares[1] == 18);
}

/* ------------------------------------------------------------------ what a line earns on */

/* 100.00 with 20.00 tax, of which 10.00 came off and points paid 30.00. */
static void sell_for_100(void)
{
    open_till(&till);
    add_rule(&till, a_rule("one", 1, 100));
    add_line(&till, "A", "", 10000)->tax_minor = 2000;
    read_lines(&till);
    till.work[0].net_minor = 9000;
    till.work[0].points_minor = 3000;
}

static int64_t earned_now(void)
{
    assert_int_equal(earn_on(&till), TALLY_OK);
    return earned_of(&till, TALLY_PURSE_POINTS);
}

static void what_points_paid_and_rewards_took_off_earns_nothing_unless_it_is_said(void **state)
{
    (void)state;
    sell_for_100();
    assert_true(earned_now() == 60);
    till.programme.earn_on_redeemed = true;
    assert_true(earned_now() == 90);
    till.programme.earn_before_discount = true;
    assert_true(earned_now() == 100);
    till.programme.earn_on_redeemed = false;
    assert_true(earned_now() == 70);
}

static void tax_earns_nothing_where_it_is_said(void **state)
{
    (void)state;
    sell_for_100();
    till.programme.earn_without_tax = true;
    assert_true(earned_now() == 48); /* 60.00 less a fifth */
    till.programme.earn_before_discount = true;
    till.programme.earn_on_redeemed = true;
    assert_true(earned_now() == 80);
}

static void what_some_tenders_pay_earns_nothing(void **state)
{
    (void)state;
    struct tally_tender tenders[] = {{text_of("gift_card"), 2000}, {text_of("cash"), 4000}};
    sell_for_100();
    till.basket.tenders = tenders;
    till.basket.tender_count = 2;
    assert_true(earned_now() == 60);
    till.programme.tenders_without_points = words_of("gift_card,cheque");
    assert_true(earned_now() == 40);
    tenders[0].amount_minor = 100000; /* no more than there is to pay */
    assert_true(earned_now() == 0);
    tenders[0].amount_minor = 3000;
    add_line(&till, "B", "", 3000);
    read_lines(&till); /* nothing off, nothing paid with points: 130.00 */
    assert_true(earned_now() == 100);
    assert_true(till.work[0].base_minor == 10000 - 2307 && till.work[1].base_minor == 3000 - 693);
}

static void lines_that_earn_nothing_do_so_under_every_rule(void **state)
{
    (void)state;
    open_shop();
    till.programme.earn_lines.except_categories = words_of("blue");
    add_rule(&till, a_rule("four", 4, 100));
    struct tally_rule *items = add_rule(&till, a_rule("each", 5, 1));
    items->kind = TALLY_EARN_PER_ITEM;
    items->is_multiplied = false;
    add_rule(&till, a_fixed("blue bonus", 1000))->lines.categories = words_of("blue");
    assert_true(earned_by(&till) == 208 + 10);
    assert_int_equal(till.earned[2].why, TALLY_WHY_LINES);
    assert_true(till.shares[1] == 0);
}

static void pieces_earn_and_free_ones_do_not(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "pen", "", 960)->quantity_milli = 3000;
    struct tally_rule *items = add_rule(&till, a_rule("each", 1, 1));
    items->kind = TALLY_EARN_PER_ITEM;
    assert_true(earned_by(&till) == 3);
    assert_true(till.earned[0].base == 3000);
    till.work[0].free_milli = 1000;
    till.work[0].net_minor = 640;
    assert_true(earned_now() == 2);
    till.programme.earn_before_discount = true;
    assert_true(earned_now() == 3);
    till.programme.earn_before_discount = false;
    items->per_milli = 2000; /* one for each two */
    till.lines[0].quantity_milli = 3500;
    assert_true(earned_by(&till) == 1);
    till.seen.tier = 2; /* three times 1.75 */
    assert_true(earned_by(&till) == 5);
    items->whole_steps = true;
    assert_true(earned_by(&till) == 3);
    items->is_multiplied = false;
    assert_true(earned_by(&till) == 1);
}

/* ------------------------------------------------------------------ multipliers */

static void a_tier_multiplies_what_is_multiplied_and_rounds_after(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "A", "", 1999);
    add_rule(&till, a_rule("one", 1, 100));
    till.seen.tier = 1;
    assert_true(earned_by(&till) == 24); /* 19.99 * 1.25 = 24.9875 */
    assert_int_equal(till.earned[0].multiplier_ppm, 1250000);
    assert_true(till.earned[0].before_multiplier == 19990);
    till.rules[0].rounding = TALLY_ROUND_HALF_UP;
    assert_true(earned_by(&till) == 25);
    till.rules[0].is_multiplied = false;
    assert_true(earned_by(&till) == 20);
    till.rules[0] = a_fixed("ten", 10);
    assert_true(earned_by(&till) == 10);
    till.rules[0].is_multiplied = true;
    assert_true(earned_by(&till) == 12);
    till.seen.tier = 77; /* a tier that the programme does not have */
    assert_true(earned_by(&till) == 10);
}

static void several_multipliers_meet_as_the_programme_says(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "A", "", 10000);
    add_rule(&till, a_rule("one", 1, 100));
    add_rule(&till, a_multiplier("x1.5", 150));
    add_rule(&till, a_multiplier("x2", 200));
    assert_true(earned_by(&till) == 300);
    till.programme.multipliers = TALLY_MULTIPLIERS_SUM;
    assert_true(earned_by(&till) == 250);
    till.programme.multipliers = TALLY_MULTIPLIERS_BEST;
    assert_true(earned_by(&till) == 200);
    till.seen.tier = 2;
    assert_true(earned_by(&till) == 300);
    till.programme.multipliers = TALLY_MULTIPLIERS_SUM;
    assert_true(earned_by(&till) == 450);
    till.programme.multipliers = TALLY_MULTIPLIERS_BEST;
    till.seen.tier = 0;
    till.programme.rule_count = 2;
    till.rules[1].multiply_pct = 50; /* the only one there is */
    assert_true(earned_by(&till) == 50);
    till.programme.multipliers = TALLY_MULTIPLIERS_COMPOUND;
    till.rules[1].multiply_pct = 0;
    assert_true(earned_by(&till) == 0);
    assert_int_equal(till.earned[0].why, TALLY_WHY_NOTHING);
}

static void multipliers_come_to_a_thousandfold_at_most(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "A", "", 10000);
    add_rule(&till, a_rule("one", 1, 100));
    add_rule(&till, a_multiplier("a", TALLY_PERCENT_MAX));
    add_rule(&till, a_multiplier("b", TALLY_PERCENT_MAX));
    assert_true(earned_by(&till) == 100000);
    assert_int_equal(till.earned[0].multiplier_ppm, TALLY_MULTIPLIER_MAX);
}

static void multiplying_rules_shut_each_other_out_and_stop_each_other(void **state)
{
    (void)state;
    static struct tally_group group = {"g", 0, TALLY_GROUP_BEST};
    open_till(&till);
    till.programme.groups = &group;
    till.programme.group_count = 1;
    add_line(&till, "A", "food", 10000);
    add_line(&till, "B", "", 1000);
    add_rule(&till, a_rule("one", 1, 100));
    add_rule(&till, a_multiplier("all x1.5", 150))->group = 1;
    struct tally_rule *food = add_rule(&till, a_multiplier("food x2", 200));
    food->group = 1;
    food->lines.categories = words_of("food");
    assert_true(earned_by(&till) == 210); /* 100.00 more against 55.00 more */
    assert_int_equal(till.earned[1].why, TALLY_WHY_GROUP);
    assert_true(till.earned[2].points == 0);
    group.kind = TALLY_GROUP_FIRST;
    assert_true(earned_by(&till) == 165);
    group.kind = TALLY_GROUP_BEST;
    till.rules[1].group = 0;
    till.rules[2].group = 0;
    till.rules[1].stops = true;
    assert_true(earned_by(&till) == 165);
    assert_int_equal(till.earned[2].why, TALLY_WHY_STOPPED);
}

static void a_fixed_bonus_takes_the_mean_of_its_lines_multipliers(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "A", "food", 3000);
    add_line(&till, "B", "", 1000);
    add_rule(&till, a_fixed("hundred", 100))->is_multiplied = true;
    add_rule(&till, a_multiplier("food x2", 200))->lines.categories = words_of("food");
    assert_true(earned_by(&till) == 175);
    assert_int_equal(till.earned[0].multiplier_ppm, 1750000);
    assert_true(till.shares[0] == 150 && till.shares[1] == 25);
    till.lines[0].amount_minor = 0;
    till.lines[1].amount_minor = 0; /* nothing to weigh by, and they differ */
    assert_true(earned_by(&till) == 100);
    till.basket.line_count = 1;
    assert_true(earned_by(&till) == 200);
    assert_true(till.shares[0] == 200);
}

/* ------------------------------------------------------------------ rounding */

static void a_rule_that_rounds_on_each_line_says_so(void **state)
{
    (void)state;
    open_till(&till);
    for (size_t i = 0; i < 3; i++) {
        add_line(&till, "A", "", 199);
    }
    struct tally_rule *rule = add_rule(&till, a_rule("one", 1, 100));
    assert_true(earned_by(&till) == 5);
    rule->per_line = true;
    assert_true(earned_by(&till) == 3);
    assert_true(till.shares[0] == 1 && till.shares[1] == 1 && till.shares[2] == 1);
    rule->rounding = TALLY_ROUND_HALF_UP;
    assert_true(earned_by(&till) == 6);
    rule->rounding = TALLY_ROUND_FLOOR;
    till.seen.tier = 2;
    assert_true(earned_by(&till) == 15); /* 5.97 each */
}

static void halves_go_where_the_rule_says(void **state)
{
    (void)state;
    static const struct {
        enum tally_rounding rounding;
        int64_t of_150, of_250;
    } cases[] = {{TALLY_ROUND_FLOOR, 1, 2},
                 {TALLY_ROUND_HALF_UP, 2, 3},
                 {TALLY_ROUND_HALF_EVEN, 2, 2},
                 {TALLY_ROUND_CEIL, 2, 3}};
    for (size_t i = 0; i < 4; i++) {
        open_till(&till);
        add_line(&till, "A", "", 150);
        add_rule(&till, a_rule("one", 1, 100))->rounding = cases[i].rounding;
        assert_true(earned_by(&till) == cases[i].of_150);
        till.lines[0].amount_minor = 250;
        assert_true(earned_by(&till) == cases[i].of_250);
    }
}

/* ------------------------------------------------------------------ stops, uses, caps */

static void a_rule_that_stops_leaves_nothing_to_those_after_it(void **state)
{
    (void)state;
    open_shop();
    add_rule(&till, a_rule("four", 4, 100));
    add_rule(&till, a_fixed("stop", 5))->stops = true;
    add_rule(&till, a_rule("one", 1, 100));
    assert_true(earned_by(&till) == 613);
    assert_int_equal(till.earned[2].why, TALLY_WHY_STOPPED);
    till.rules[1].points = 0; /* gives nothing, stops nothing */
    assert_true(earned_by(&till) == 760);
}

static void a_rule_may_be_used_so_often_only(void **state)
{
    (void)state;
    open_shop();
    struct tally_rule *rule = add_rule(&till, a_fixed("welcome", 100));
    rule->uses_max = 2;
    rule->when.from_day = TILL_DAY - 10;
    rule->when.until_day = TILL_DAY + 10;
    struct tally_count used = {TALLY_COUNT_RULE_USES, rule->id, TILL_DAY - 10, TILL_DAY + 10, 1};
    till.seen.used = &used;
    till.seen.used_count = 1;
    assert_true(earned_by(&till) == 100);
    used.amount = 2;
    assert_true(earned_by(&till) == 0);
    assert_int_equal(till.earned[0].why, TALLY_WHY_CAPPED);
}

static void caps_of_a_period_give_what_is_left(void **state)
{
    (void)state;
    open_shop();
    struct tally_rule *rule = add_rule(&till, a_rule("four", 4, 100));
    struct tally_cap caps[] = {a_cap(TALLY_PERIOD_MONTH, 700), a_cap(TALLY_PERIOD_DAY, 500)};
    struct tally_count used[] = {
        {TALLY_COUNT_RULE, rule->id, TILL_DAY - 21, TILL_DAY + 8, 300},
        {TALLY_COUNT_RULE, rule->id, TILL_DAY, TILL_DAY, 50},
    };
    rule->caps = caps;
    rule->cap_count = 2;
    till.seen.used = used;
    till.seen.used_count = 2;
    assert_true(earned_by(&till) == 400);
    assert_int_equal(till.earned[0].cap, 1);
    used[1].amount = 200;
    assert_true(earned_by(&till) == 300);
    assert_int_equal(till.earned[0].cap, 2);
    caps[0].refuses = true;
    assert_true(earned_by(&till) == 0);
    till.seen.days_member = 5; /* a year from joining begins that day */
    caps[0] = a_cap(TALLY_PERIOD_ANNIVERSARY, 100);
    used[0].from_day = TILL_DAY - 5;
    used[0].until_day = TILL_DAY + 359;
    used[0].amount = 99;
    assert_true(earned_by(&till) == 1);
}

static void a_capped_rule_leaves_its_turn_to_the_next_of_its_group(void **state)
{
    (void)state;
    static struct tally_group group = {"g", 0, TALLY_GROUP_BEST};
    open_shop();
    till.programme.groups = &group;
    till.programme.group_count = 1;
    struct tally_rule *best = add_rule(&till, a_fixed("two hundred", 200));
    add_rule(&till, a_fixed("fifty", 50))->group = 1;
    struct tally_cap cap = a_cap(TALLY_PERIOD_SALE, 20);
    best->group = 1;
    best->caps = &cap;
    best->cap_count = 1;
    assert_true(earned_by(&till) == 50);
    group.kind = TALLY_GROUP_FIRST;
    assert_true(earned_by(&till) == 20);
    cap.points_max = 0;
    assert_true(earned_by(&till) == 50);
    group.kind = TALLY_GROUP_BEST;
}

static void all_rules_together_are_capped_in_their_order(void **state)
{
    (void)state;
    open_shop();
    add_rule(&till, a_rule("four", 4, 100));
    add_rule(&till, a_fixed("fifty", 50));
    add_rule(&till, a_fixed("ten", 10));
    struct tally_cap caps[] = {a_cap(TALLY_PERIOD_SALE, 630), a_cap(TALLY_PERIOD_DAY, 1000)};
    struct tally_count used = {TALLY_COUNT_EARNED, TALLY_PURSE_POINTS, TILL_DAY, TILL_DAY, 100};
    till.seen.used = &used;
    till.seen.used_count = 1;
    till.programme.earn_caps = caps;
    till.programme.earn_cap_count = 2;
    assert_true(earned_by(&till) == 630);
    assert_true(till.earned[1].points == 22 && till.earned[2].points == 0);
    assert_int_equal(till.earned[1].cap, TALLY_CAP_SHARED);
    assert_int_equal(till.earned[2].why, TALLY_WHY_CAPPED);
    used.amount = 390;
    assert_true(earned_by(&till) == 610);
    used.amount = 0;
    caps[0].refuses = true; /* what would pass it gives nothing, what fits does */
    assert_true(earned_by(&till) == 618);
    assert_true(till.earned[1].points == 0 && till.earned[2].points == 10);
}

static void a_merchant_gives_its_part_of_the_points(void **state)
{
    (void)state;
    open_shop();
    static const uint32_t shops[] = {3};
    struct tally_merchant merchant = {.shops = shops, .shop_count = 1, .earn_pct = 33};
    till.programme.merchants = &merchant;
    till.programme.merchant_count = 1;
    add_rule(&till, a_rule("four", 4, 100));
    till.basket.shop = 3;
    assert_true(earned_by(&till) == 200); /* 608 * 0.33 = 200.64 */
    assert_int_equal(till.earned[0].cap, TALLY_CAP_SHARED);
    till.basket.shop = 4;
    assert_true(earned_by(&till) == 608);
}

static void purses_are_earned_beside_the_points_within_their_own_limit(void **state)
{
    (void)state;
    open_shop();
    struct tally_purse_rules purses[] = {{.code = "a", .id = 100, .per_sale_max = 5},
                                         {.code = "b", .id = 200}};
    till.programme.purses = purses;
    till.programme.purse_count = 2;
    add_rule(&till, a_rule("four", 4, 100));
    struct tally_rule stamps = a_rule("stamps", 2, 1);
    stamps.kind = TALLY_EARN_PER_ITEM;
    stamps.purse = 100;
    add_rule(&till, stamps);
    stamps.purse = 200;
    add_rule(&till, stamps);
    assert_true(earned_by(&till) == 608);
    assert_true(earned_of(&till, 100) == 5);
    assert_true(earned_of(&till, 200) == 6);
    assert_true(till.shares[0] == 48 && till.shares[1] == 1 && till.shares[2] == 2);
}

/* What caps took off a purse, over all lines. */
static int64_t cut_of(size_t column)
{
    int64_t cut = 0;
    for (size_t i = 0; i < till.basket.line_count; i++) {
        cut += till.cuts[i * (till.programme.purse_count + 1) + column];
    }
    return cut;
}

static void what_caps_took_off_is_known_by_line_and_purse(void **state)
{
    (void)state;
    open_shop();
    struct tally_purse_rules purses[] = {{.code = "a", .id = 100, .per_sale_max = 5}};
    till.programme.purses = purses;
    till.programme.purse_count = 1;
    struct tally_cap own = a_cap(TALLY_PERIOD_SALE, 200), all = a_cap(TALLY_PERIOD_SALE, 220);
    struct tally_rule *four = add_rule(&till, a_rule("four", 4, 100));
    four->caps = &own;
    four->cap_count = 1;
    add_rule(&till, a_fixed("fifty", 50));
    struct tally_rule stamps = a_rule("stamps", 2, 1);
    stamps.kind = TALLY_EARN_PER_ITEM;
    stamps.purse = 100;
    add_rule(&till, stamps);
    till.programme.earn_caps = &all;
    till.programme.earn_cap_count = 1;
    assert_true(earned_by(&till) == 220 && cut_of(0) == 608 - 200 + 50 - 20);
    assert_true(earned_of(&till, 100) == 5 && cut_of(1) == 1);
    own.before_multiplier = true;
    assert_true(earned_by(&till) == 220 && cut_of(0) == 608 - 200 + 50 - 20);
    all.refuses = true; /* the second rule is refused: nothing of it was cut off */
    assert_true(earned_by(&till) == 200 && cut_of(0) == 608 - 200);
    own.points_max = 0;
    assert_true(earned_by(&till) == 50 && cut_of(0) == 0);
    own.points_max = 200;
    own.refuses = true;
    assert_true(earned_by(&till) == 50 && cut_of(0) == 0);
}

static void what_a_merchant_does_not_give_no_cap_took_off(void **state)
{
    (void)state;
    open_shop();
    static const uint32_t shops[] = {3};
    struct tally_merchant merchant = {.shops = shops, .shop_count = 1, .earn_pct = 50};
    till.programme.merchants = &merchant;
    till.programme.merchant_count = 1;
    struct tally_cap cap = a_cap(TALLY_PERIOD_SALE, 100);
    struct tally_rule *four = add_rule(&till, a_rule("four", 4, 100));
    till.basket.shop = 3;
    assert_true(earned_by(&till) == 304 && cut_of(0) == 0);
    four->caps = &cap;
    four->cap_count = 1;
    assert_true(earned_by(&till) == 50 && cut_of(0) == 304 - 50);
}

static void a_rule_that_gives_a_tier_gives_no_points(void **state)
{
    (void)state;
    open_shop();
    struct tally_rule *rule = add_rule(&till, a_rule("club", 7, 1));
    rule->kind = TALLY_EARN_TIER;
    rule->lines.skus = words_of("000");
    assert_true(earned_by(&till) == 0);
    assert_int_equal(till.earned[0].why, TALLY_WHY_GAVE);
    rule->lines.skus = words_of("999");
    assert_true(earned_by(&till) == 0);
    assert_int_equal(till.earned[0].why, TALLY_WHY_LINES);
}

static void points_that_no_event_can_move_are_refused(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "A", "", TALLY_MONEY_MAX);
    add_rule(&till, a_rule("one", TALLY_REDEEM_MAX, 1));
    read_lines(&till);
    assert_int_equal(earn_on(&till), TALLY_E_OVERFLOW);
    till.rules[0].points = 1;
    till.rules[0].per_minor = 100;
    assert_int_equal(earn_on(&till), TALLY_E_OVERFLOW);
    till.rules[0].per_minor = 1000;
    assert_int_equal(earn_on(&till), TALLY_OK);
    assert_true(earned_of(&till, TALLY_PURSE_POINTS) == TALLY_POINTS_MAX);
    add_rule(&till, a_fixed("one more", 1));
    assert_int_equal(earn_on(&till), TALLY_E_OVERFLOW);
}

static void large_sums_are_exact(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "A", "",
             INT64_C(18446744073709)); /* a millionth times this is just in 64 bits */
    add_line(&till, "B", "", INT64_C(18446744073709));
    add_line(&till, "C", "", 581);
    add_rule(&till, a_rule("one", 3, 1000));
    assert_true(earned_by(&till) == INT64_C(110680464443)); /* 36893488147999 * 3 / 1000 */
    till.seen.tier = 2;
    assert_true(earned_by(&till) == INT64_C(332041393331));
}

/* ------------------------------------------------------------------ any programme, any basket */

static const char *const skus[] = {"A", "B", "C", "D"};
static const char *const groups_of_lines[] = {"", "food", "red", "food,red", "blue"};

static struct tally_group some_groups[] = {{"best", 1, TALLY_GROUP_BEST},
                                           {"first", 2, TALLY_GROUP_FIRST},
                                           {"best too", 3, TALLY_GROUP_BEST}};
static struct tally_purse_rules some_purses[] = {{.code = "s", .id = 100, .per_sale_max = 9},
                                                 {.code = "t", .id = 200}};
static struct tally_cap some_caps[TILL_RULES][2];
static struct tally_words some_skus[4], some_categories[3];

static void some_words(void)
{
    static const char *const lists[] = {"A", "A,B", "B,C,D", "D,E"};
    static const char *const categories[] = {"food", "red,blue", "green"};
    for (size_t i = 0; some_skus[0].count == 0 && i < 4; i++) {
        some_skus[3 - i] = words_of(lists[3 - i]);
    }
    for (size_t i = 0; some_categories[0].count == 0 && i < 3; i++) {
        some_categories[2 - i] = words_of(categories[2 - i]);
    }
}

static bool chance(uint64_t *seed, int64_t of)
{
    return seeded_below(seed, of) == 0;
}

static void some_selector(uint64_t *seed, struct tally_selector *selector)
{
    if (chance(seed, 3)) {
        selector->skus = some_skus[seeded_below(seed, 4)];
    }
    if (chance(seed, 3)) {
        selector->categories = some_categories[seeded_below(seed, 3)];
    }
    if (chance(seed, 4)) {
        selector->except_skus = some_skus[seeded_below(seed, 4)];
    }
    if (chance(seed, 4)) {
        selector->except_categories = some_categories[seeded_below(seed, 3)];
    }
}

/* With `monotone` nothing that makes more spending earn less. */
static void some_rule(uint64_t *seed, bool monotone)
{
    static char codes[TILL_RULES][8];
    size_t index = till.programme.rule_count;
    snprintf(codes[index], sizeof codes[index], "r%zu", index);
    struct tally_rule *rule =
        add_rule(&till, a_rule(codes[index], seeded_below(seed, 20), 1 + seeded_below(seed, 500)));
    rule->kind = (enum tally_earn_kind)(1 + seeded_below(seed, 5));
    rule->per_milli = 1 + seeded_below(seed, 4000);
    rule->multiply_pct = (uint32_t)((monotone ? 100 : 0) + seeded_below(seed, 300));
    rule->tier = id_of("VIP");
    rule->tier_months = 1;
    rule->rounding = (enum tally_rounding)seeded_below(seed, 4);
    rule->is_multiplied = !chance(seed, 3);
    rule->whole_steps = rule->kind != TALLY_EARN_FIXED && chance(seed, 4);
    rule->per_line = rule->kind != TALLY_EARN_FIXED && chance(seed, 4);
    some_selector(seed, &rule->lines);
    if (chance(seed, 3)) {
        rule->when.spend_minor_min = seeded_below(seed, 20000);
    }
    if (chance(seed, 4)) {
        rule->purse = some_purses[seeded_below(seed, 2)].id;
        rule->counts_for_tier = false;
    } else if (rule->kind != TALLY_EARN_TIER && chance(seed, 3)) {
        rule->group = rule->kind == TALLY_EARN_MULTIPLY ? 3
                      : monotone                        ? 1
                                                        : 1 + (size_t)seeded_below(seed, 2);
    }
    rule->stops = !monotone && chance(seed, 8);
    if (rule->kind < TALLY_EARN_MULTIPLY && chance(seed, 3)) {
        for (size_t i = 0; i < 2; i++) {
            some_caps[index][i] = a_cap(TALLY_PERIOD_SALE, seeded_below(seed, 500));
            some_caps[index][i].before_multiplier = chance(seed, 3);
            some_caps[index][i].refuses = !monotone && chance(seed, 3);
        }
        rule->caps = some_caps[index];
        rule->cap_count = 1 + (size_t)seeded_below(seed, 2);
    }
    if (rule->kind == TALLY_EARN_MULTIPLY) {
        rule->purse = TALLY_PURSE_POINTS;
    }
}

static void some_programme(uint64_t *seed, bool monotone)
{
    static struct tally_cap cap;
    some_words();
    open_till(&till);
    till.programme.groups = some_groups;
    till.programme.group_count = 3;
    till.programme.purses = some_purses;
    till.programme.purse_count = 2;
    till.programme.multipliers = (enum tally_multipliers)seeded_below(seed, 3);
    till.seen.tier = (uint32_t)seeded_below(seed, 3);
    if (chance(seed, 3)) {
        cap = a_cap(TALLY_PERIOD_SALE, seeded_below(seed, 2000));
        till.programme.earn_caps = &cap;
        till.programme.earn_cap_count = 1;
    }
    if (chance(seed, 4)) {
        till.programme.earn_lines.except_skus = some_skus[0];
    }
    for (int64_t i = 1 + seeded_below(seed, 12); i > 0; i--) {
        some_rule(seed, monotone);
    }
}

static void some_lines(uint64_t *seed, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        struct tally_line *line =
            add_line(&till, skus[seeded_below(seed, 4)], groups_of_lines[seeded_below(seed, 5)],
                     seeded_below(seed, 20000));
        line->quantity_milli = 1 + seeded_below(seed, 5000);
        line->tax_minor = line->amount_minor / 6;
    }
}

/* What each rule says about itself is true. */
static void each_rule_adds_up(void)
{
    for (size_t i = 0; i < till.programme.rule_count; i++) {
        const struct tally_rule *rule = &till.rules[i];
        const struct tally_earned *earned = &till.earned[i];
        assert_true(earned->rule == i);
        assert_true(earned->points >= 0);
        bool gave = earned->why == TALLY_WHY_GAVE || earned->why == TALLY_WHY_CAPPED;
        assert_true(gave || earned->points == 0);
        assert_true(earned->why != TALLY_WHY_CAPPED || earned->points < earned->uncapped);
        assert_true(earned->why != TALLY_WHY_CAPPED || earned->cap != 0);
        for (size_t j = 0; j < rule->cap_count; j++) {
            assert_true(rule->caps[j].before_multiplier ||
                        earned->points <= rule->caps[j].points_max);
        }
    }
    assert_true(till.programme.earn_cap_count == 0 ||
                earned_of(&till, TALLY_PURSE_POINTS) <= till.programme.earn_caps[0].points_max);
    assert_true(earned_of(&till, 100) <= some_purses[0].per_sale_max);
    (void)earned_of(&till, 200);
}

static void shares_and_caps_hold_for_any_programme(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(20261122);
    for (int round = 0; round < 5000; round++) {
        some_programme(&seed, false);
        some_lines(&seed, 1 + seeded_below(&seed, round % 10 == 0 ? TILL_LINES : 12));
        till.programme.earn_without_tax = chance(&seed, 3);
        till.programme.earn_before_discount = chance(&seed, 3);
        till.programme.earn_on_redeemed = chance(&seed, 3);
        read_lines(&till);
        for (size_t i = 0; i < till.basket.line_count; i++) {
            struct tally_line_work *line = &till.work[i];
            line->net_minor -= chance(&seed, 3) ? line->net_minor / 3 : 0;
            line->points_minor = chance(&seed, 3) ? line->net_minor / 2 : 0;
        }
        assert_int_equal(earn_on(&till), TALLY_OK);
        each_rule_adds_up();
    }
}

/* What rules that round once give. */
static int64_t all_points(void)
{
    return earned_of(&till, TALLY_PURSE_POINTS) + earned_of(&till, 100) + earned_of(&till, 200);
}

static void round_on_the_basket(void)
{
    for (size_t i = 0; i < till.programme.rule_count; i++) {
        till.rules[i].per_line = false;
    }
}

static void the_order_of_lines_changes_nothing(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(20261123);
    for (int round = 0; round < 3000; round++) {
        some_programme(&seed, false);
        some_lines(&seed, 2 + seeded_below(&seed, 90));
        (void)earned_by(&till);
        int64_t before[] = {earned_of(&till, TALLY_PURSE_POINTS), earned_of(&till, 100),
                            earned_of(&till, 200)};
        for (size_t i = till.basket.line_count - 1; i > 0; i--) {
            size_t other = (size_t)seeded_below(&seed, (int64_t)i + 1);
            struct tally_line line = till.lines[i];
            till.lines[i] = till.lines[other];
            till.lines[other] = line;
        }
        (void)earned_by(&till);
        assert_true(before[0] == earned_of(&till, TALLY_PURSE_POINTS) &&
                    before[1] == earned_of(&till, 100) && before[2] == earned_of(&till, 200));
    }
}

static void splitting_a_line_changes_nothing(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(20261124);
    for (int round = 0; round < 3000; round++) {
        some_programme(&seed, false);
        some_lines(&seed, 1 + seeded_below(&seed, 80));
        round_on_the_basket();
        size_t which = (size_t)seeded_below(&seed, (int64_t)till.basket.line_count);
        struct tally_line *line = &till.lines[which];
        line->quantity_milli++; /* both parts have some of it */
        (void)earned_by(&till);
        int64_t before = all_points();
        struct tally_line *part =
            add_line(&till, "", "", seeded_below(&seed, line->amount_minor + 1));
        part->sku = line->sku;
        part->categories = line->categories;
        part->quantity_milli = 1 + seeded_below(&seed, line->quantity_milli - 1);
        line->amount_minor -= part->amount_minor;
        line->quantity_milli -= part->quantity_milli;
        part->tax_minor = line->tax_minor = 0;
        (void)earned_by(&till);
        assert_true(all_points() == before);
    }
}

static void more_spending_never_earns_less(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(20261125);
    for (int round = 0; round < 5000; round++) {
        some_programme(&seed, true);
        some_lines(&seed, 1 + seeded_below(&seed, 10));
        for (size_t i = 0; i < till.programme.rule_count;
             i++) { /* means may fall: see EARNING.md */
            bool has_mean = till.rules[i].kind == TALLY_EARN_FIXED || till.rules[i].whole_steps ||
                            till.rules[i].cap_count > 0;
            till.rules[i].is_multiplied = till.rules[i].is_multiplied && !has_mean;
            till.rules[i].group =
                till.rules[i].kind == TALLY_EARN_MULTIPLY ? 0 : till.rules[i].group;
        }
        for (int step = 0; step < 5; step++) {
            (void)earned_by(&till);
            int64_t before[] = {earned_of(&till, TALLY_PURSE_POINTS), earned_of(&till, 100),
                                earned_of(&till, 200)};
            size_t which = (size_t)seeded_below(&seed, (int64_t)till.basket.line_count);
            if (chance(&seed, 3)) {
                some_lines(&seed, 1);
            } else {
                till.lines[which].amount_minor += seeded_below(&seed, 5000);
                till.lines[which].quantity_milli += seeded_below(&seed, 2000);
            }
            (void)earned_by(&till);
            if (before[0] > earned_of(&till, TALLY_PURSE_POINTS) ||
                before[1] > earned_of(&till, 100) || before[2] > earned_of(&till, 200)) {
                fail_msg("round %d", round);
            }
        }
    }
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
        cmocka_unit_test(the_order_of_work_is_the_one_that_is_told),
        cmocka_unit_test(what_points_paid_and_rewards_took_off_earns_nothing_unless_it_is_said),
        cmocka_unit_test(tax_earns_nothing_where_it_is_said),
        cmocka_unit_test(what_some_tenders_pay_earns_nothing),
        cmocka_unit_test(lines_that_earn_nothing_do_so_under_every_rule),
        cmocka_unit_test(pieces_earn_and_free_ones_do_not),
        cmocka_unit_test(a_tier_multiplies_what_is_multiplied_and_rounds_after),
        cmocka_unit_test(several_multipliers_meet_as_the_programme_says),
        cmocka_unit_test(multipliers_come_to_a_thousandfold_at_most),
        cmocka_unit_test(multiplying_rules_shut_each_other_out_and_stop_each_other),
        cmocka_unit_test(a_fixed_bonus_takes_the_mean_of_its_lines_multipliers),
        cmocka_unit_test(a_rule_that_rounds_on_each_line_says_so),
        cmocka_unit_test(halves_go_where_the_rule_says),
        cmocka_unit_test(a_rule_that_stops_leaves_nothing_to_those_after_it),
        cmocka_unit_test(a_rule_may_be_used_so_often_only),
        cmocka_unit_test(caps_of_a_period_give_what_is_left),
        cmocka_unit_test(a_capped_rule_leaves_its_turn_to_the_next_of_its_group),
        cmocka_unit_test(all_rules_together_are_capped_in_their_order),
        cmocka_unit_test(a_merchant_gives_its_part_of_the_points),
        cmocka_unit_test(what_caps_took_off_is_known_by_line_and_purse),
        cmocka_unit_test(what_a_merchant_does_not_give_no_cap_took_off),
        cmocka_unit_test(purses_are_earned_beside_the_points_within_their_own_limit),
        cmocka_unit_test(a_rule_that_gives_a_tier_gives_no_points),
        cmocka_unit_test(points_that_no_event_can_move_are_refused),
        cmocka_unit_test(large_sums_are_exact),
        cmocka_unit_test(shares_and_caps_hold_for_any_programme),
        cmocka_unit_test(the_order_of_lines_changes_nothing),
        cmocka_unit_test(splitting_a_line_changes_nothing),
        cmocka_unit_test(more_spending_never_earns_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
