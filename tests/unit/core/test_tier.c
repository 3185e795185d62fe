/* SPDX-License-Identifier: Apache-2.0 */
/* How a tier is found, held and lost: the calendar of app/core/TIERS.md, and lives from a seed. */
#include "app/core/tier.h"

#include "tests/unit/core/fold.h"
#include "tests/unit/core/seeded.h"

#include <stdlib.h>

enum { TIERS = 4, BRONZE = 0, SILVER = 1, GOLD = 2, CLUB = 3 };

static struct tally_condition conditions[TIERS][2];
static struct tally_tier tiers[TIERS];
static struct tally_programme programme;
static struct fold fold;
static uint64_t seq;

static int32_t on(const char *date)
{
    int year = 0, month = 0, day = 0;
    assert_int_equal(sscanf(date, "%d-%d-%d", &year, &month, &day), 3);
    return tally_day_from_date(year, month, day);
}

/* Bronze, Silver from 50, Gold from 250 of a metric, and a club that can only be given. */
static struct tally_tier_rules *a_programme(enum tally_metric metric, enum tally_period_kind window,
                                            int32_t length, enum tally_tier_hold hold)
{
    static const int64_t thresholds[TIERS] = {0, 50, 250, 0};
    for (size_t i = 0; i < TIERS; i++) {
        conditions[i][0] = (struct tally_condition){metric, thresholds[i]};
        tiers[i] = (struct tally_tier){.code = "T",
                                       .id = (uint32_t)(100 + i),
                                       .conditions = conditions[i],
                                       .condition_count = i == BRONZE || i == CLUB ? 0 : 1,
                                       .multiplier_pct = 100,
                                       .is_given_only = i == CLUB};
    }
    programme = (struct tally_programme){.name = "Club", .version = 1};
    programme.tiers = (struct tally_tier_rules){
        .window = {window, length}, .hold = hold, .tiers = tiers, .tier_count = TIERS};
    opened(&fold);
    seq = 0;
    return &programme.tiers;
}

static struct tally_tier_view view(const char *date)
{
    return tally_tier_of(&fold.account, &programme, on(date));
}

static void tier_is(const char *date, size_t tier)
{
    size_t found = view(date).tier;
    if (found != tier) {
        print_error("on %s\n", date);
    }
    assert_int_equal(found, tier);
}

/* In `tier` to the end of that day, and in another on the next. */
static void holds_to(const char *date, size_t tier, size_t then)
{
    tier_is(date, tier);
    size_t found = tally_tier_of(&fold.account, &programme, on(date) + 1).tier;
    if (found != then) {
        print_error("on the day after %s\n", date);
    }
    assert_int_equal(found, then);
}

/* ------------------------------------------------------------------ events */

struct deed {
    struct happening happening;
    struct tally_tier_change change;
    struct tally_standing before;
};

static void writes_down(struct happening *happening, const struct tally_account *account,
                        const struct tally_tier_change *change, const struct tally_standing *before)
{
    struct tally_effects *effects = &happening->event.effects;
    effects->has_standing = tally_tier_standing(account, &programme, happening->event.business_day,
                                                change, before, &effects->standing);
}

/* A sale as a terminal plans it that knows `account`. */
static struct deed planned(const struct tally_account *account, uint32_t terminal, int32_t day,
                           int64_t spend, int64_t balance)
{
    struct deed deed = {.happening = a_happening(TALLY_EVENT_SALE, terminal, ++seq),
                        .change = {.spend_minor = spend,
                                   .points = spend,
                                   .visits = 1,
                                   .balance = balance,
                                   .counted_day = day},
                        .before = account->standing};
    struct happening *sale = &deed.happening;
    sale->event.business_day = day;
    if (balance != 0) {
        moves(sale, balance > 0 ? TALLY_MOVE_EARN : TALLY_MOVE_REDEEM, 0, TALLY_DAY_NEVER, 0,
              balance > 0 ? balance : -balance);
    }
    sale->count_count = tally_tier_counts(account, &programme, &deed.change, sale->counts);
    writes_down(sale, account, &deed.change, NULL);
    return deed;
}

static struct deed buys(const char *date, int64_t spend)
{
    struct deed deed = planned(&fold.account, TERMINAL, on(date), spend, spend);
    struct tally_tier_view after =
        tally_tier_after(&fold.account, &programme, on(date), &deed.change);
    applied(&fold, &deed.happening);
    struct tally_tier_view now = view(date);
    assert_int_equal(after.tier, now.tier);
    assert_int_equal(after.until_day, now.until_day);
    assert_true(after.needed == now.needed);
    return deed;
}

static void spends(const char *date, int64_t points)
{
    struct deed deed = planned(&fold.account, TERMINAL, on(date), 0, -points);
    applied(&fold, &deed.happening);
}

/* All of a sale, or a part of what it brought. */
static void comes_back(const char *date, const struct deed *sale, int64_t part)
{
    const bool is_void = part == sale->change.spend_minor;
    struct happening back =
        a_happening(is_void ? TALLY_EVENT_VOID : TALLY_EVENT_REFUND, TERMINAL, ++seq);
    back.event.business_day = on(date);
    const struct tally_tier_change change = {.spend_minor = -part,
                                             .points = -part,
                                             .visits = is_void ? -1 : 0,
                                             .balance = -part,
                                             .counted_day = sale->change.counted_day};
    moves(&back, TALLY_MOVE_UNEARN, 0, TALLY_DAY_NEVER, 0, part);
    for (size_t i = 0; i < sale->happening.count_count; i++) {
        struct tally_count count = sale->happening.counts[i];
        if (count.what != TALLY_COUNT_SALES || is_void) {
            count.amount = count.what == TALLY_COUNT_SALES ? -1 : -part;
            back.counts[back.count_count++] = count;
        }
    }
    const struct tally_effects *effects = &sale->happening.event.effects;
    bool set_it = effects->has_standing &&
                  memcmp(&effects->standing, &fold.account.standing, sizeof effects->standing) == 0;
    writes_down(&back, &fold.account, &change, set_it ? &sale->before : NULL);
    applied(&fold, &back);
}

static void is_given(const char *date, size_t tier, const char *until)
{
    struct happening gift = a_happening(TALLY_EVENT_STANDING, TALLY_TERMINAL_HQ, ++seq);
    gift.event.business_day = on(date);
    gift.event.effects.has_floor = true;
    gift.event.effects.floor = (struct tally_standing){tiers[tier].id, on(date), on(until)};
    applied(&fold, &gift);
}

/* ------------------------------------------------------------------ reaching */

static void a_member_whom_nothing_is_known_of_is_in_the_lowest_tier(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_NEXT_PERIOD);
    struct tally_account nobody = {0};
    struct tally_tier_view found = tally_tier_of(&nobody, &programme, on("2026-03-01"));
    assert_int_equal(found.tier, BRONZE);
    assert_int_equal(found.until_day, TALLY_DAY_NEVER);
    assert_int_equal(found.next, SILVER);
    assert_true(found.needed == 50);
    assert_int_equal(found.needed_until_day, on("2026-12-31"));
    fold.account.standing = (struct tally_standing){4711, 0, TALLY_DAY_NEVER};
    tier_is("2026-03-01", BRONZE); /* a tier that no programme knows */
}

static void a_tier_is_reached_at_its_threshold_and_not_a_cent_before(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_NEXT_PERIOD);
    buys("2026-03-01", 49);
    tier_is("2026-03-01", BRONZE);
    assert_true(view("2026-03-01").needed == 1);
    buys("2026-03-02", 1);
    tier_is("2026-03-02", SILVER);
    assert_true(view("2026-03-02").needed == 200);
    assert_int_equal(view("2026-03-02").next, GOLD);
    buys("2026-03-03", 200);
    tier_is("2026-03-03", GOLD);
    assert_int_equal(view("2026-03-03").next, TIERS); /* what is above is only given */
    assert_true(view("2026-03-03").needed == 0);
}

/* EN01 to EN07 */
static void a_tier_of_a_lifetime_counts_past_and_present_together(void **state)
{
    (void)state;
    static const struct {
        int64_t past;
        int64_t sale;
        size_t tier;
    } cases[] = {{0, 6000, 0}, {0, 25000, 2}, {8000, 3000, 1}, {22000, 5000, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_LIFETIME, 0, TALLY_TIER_HOLD_NONE);
        conditions[SILVER][0].threshold = 10000;
        conditions[GOLD][0].threshold = 20000;
        if (cases[i].past > 0) {
            buys("2011-01-01", cases[i].past);
        }
        buys("2026-01-01", cases[i].sale);
        tier_is("2026-01-01", cases[i].tier);
        tier_is("2126-01-01", cases[i].tier);
        assert_int_equal(fold.account.count_count, 2); /* sales and spend of a lifetime */
        assert_int_equal(view("2026-01-01").until_day, TALLY_DAY_NEVER);
    }
}

static void all_conditions_of_a_tier_must_hold_unless_one_is_enough(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_NEXT_PERIOD);
    conditions[SILVER][1] = (struct tally_condition){TALLY_METRIC_VISITS, 4};
    tiers[SILVER].condition_count = 2;
    buys("2026-03-01", 25);
    assert_int_equal(view("2026-03-01").metric, TALLY_METRIC_VISITS); /* three quarters to go */
    assert_true(view("2026-03-01").needed == 3);
    buys("2026-03-02", 100);
    tier_is("2026-03-02", BRONZE);
    assert_true(view("2026-03-02").needed == 2);
    tiers[SILVER].any_condition = true;
    tier_is("2026-03-02", SILVER);
    conditions[SILVER][0].threshold = 500;
    tier_is("2026-03-02", BRONZE);
    assert_int_equal(view("2026-03-02").metric, TALLY_METRIC_VISITS); /* half is nearer */
    assert_true(view("2026-03-02").needed == 2);
    buys("2026-03-03", 1);
    buys("2026-03-03", 1);
    tier_is("2026-03-03", SILVER);
}

static void the_sales_that_a_guard_counts_are_no_visits(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_VISITS, TALLY_PERIOD_ROLLING_DAYS, 1, TALLY_TIER_HOLD_NONE);
    struct deed deed = buys("2026-03-01", 1);
    assert_int_equal(deed.happening.count_count, 2);
    struct happening guarded = a_happening(TALLY_EVENT_SALE, TERMINAL, ++seq);
    guarded.event.business_day = on("2026-03-01");
    counts(&guarded, TALLY_COUNT_SALES, 0, on("2026-03-01"), on("2026-03-01"), 1);
    applied(&fold, &guarded);
    assert_true(
        tally_tier_metric(&fold.account, &programme, TALLY_METRIC_VISITS, on("2026-03-01")) == 1);
}

/* ------------------------------------------------------------------ years */

static void a_tier_of_a_year_holds_to_the_end_of_the_next(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_NEXT_PERIOD);
    struct deed sale = buys("2026-02-02", 250);
    assert_true(sale.happening.event.effects.has_standing);
    assert_int_equal(view("2026-02-02").until_day, on("2027-12-31"));
    assert_false(buys("2026-03-02", 1).happening.event.effects.has_standing);
    buys("2027-06-01", 60);
    holds_to("2027-12-31", GOLD, SILVER); /* what 2027 brought */
    assert_int_equal(view("2028-01-01").until_day, on("2028-12-31"));
    holds_to("2028-12-31", SILVER, BRONZE);
}

static void two_tills_pass_a_threshold_together_and_no_standing_says_so(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_NEXT_PERIOD);
    struct tally_account empty = fold.account;
    struct deed here = planned(&empty, TERMINAL, on("2026-05-01"), 150, 0);
    struct deed there = planned(&empty, OTHER_TERMINAL, on("2026-05-02"), 150, 0);
    applied(&fold, &here.happening);
    applied(&fold, &there.happening);
    assert_int_equal(fold.account.standing.tier, tiers[SILVER].id); /* all that either knew */
    tier_is("2026-05-02", GOLD);
    holds_to("2027-12-31", GOLD, BRONZE);
    buys("2027-01-05", 1); /* nothing of it is forgotten while it still counts */
    holds_to("2027-12-31", GOLD, BRONZE);
    buys("2028-01-05", 1);
    for (size_t i = 0; i < fold.account.count_count; i++) {
        assert_true(fold.account.counts[i].from_day != on("2026-01-01"));
    }
}

/* OT07 */
static void what_is_missing_to_stay_is_told(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_NEXT_PERIOD);
    conditions[GOLD][0].threshold = 5000;
    buys("2026-05-01", 6000);
    assert_true(view("2026-05-01").keep_needed == 0);
    buys("2027-05-01", 4000);
    assert_true(view("2027-05-01").keep_needed == 1000);
    assert_int_equal(view("2027-05-01").keep_metric, TALLY_METRIC_SPEND);
    assert_int_equal(view("2027-05-01").keep_until_day, on("2027-12-31"));
    holds_to("2027-12-31", GOLD, SILVER);
    buys("2027-12-31", 1000);
    holds_to("2027-12-31", GOLD, GOLD);
}

static void an_anniversary_begins_on_the_day_that_the_member_joined(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_ANNIVERSARY, 0, TALLY_TIER_HOLD_PERIOD);
    buys("2026-03-10", 30);
    buys("2027-03-09", 20);
    holds_to("2027-03-09", SILVER, BRONZE);
    buys("2027-03-10", 50);
    holds_to("2028-03-09", SILVER, BRONZE);
}

static void a_tier_can_begin_with_the_next_period(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_MONTH, 0, TALLY_TIER_HOLD_NEXT_PERIOD)
        ->upgrade_next_period = true;
    buys("2026-03-10", 250);
    holds_to("2026-03-31", BRONZE, GOLD);
    assert_true(view("2026-03-31").needed == 0); /* for Silver, which comes with April */
    holds_to("2026-04-30", GOLD, BRONZE);
    buys("2026-04-10", 60);
    holds_to("2026-04-30", GOLD, SILVER);
    holds_to("2026-05-31", SILVER, BRONZE);
}

static void a_tier_that_began_with_a_period_holds_for_it_at_least(void **state)
{
    (void)state;
    static const enum tally_tier_hold holds[] = {TALLY_TIER_HOLD_NONE, TALLY_TIER_HOLD_PERIOD};
    for (size_t i = 0; i < 2; i++) {
        a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_MONTH, 0, holds[i])->upgrade_next_period =
            true;
        buys("2026-03-10", 250);
        holds_to("2026-03-31", BRONZE, GOLD);
        assert_int_equal(view("2026-04-01").until_day, on("2026-04-30"));
        holds_to("2026-04-30", GOLD, BRONZE);
    }
}

static void a_counter_is_kept_to_the_end_of_the_next_period(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_MONTH, 0, TALLY_TIER_HOLD_NONE);
    struct deed sale = buys("2026-03-10", 10);
    assert_int_equal(sale.happening.count_count, 2);
    assert_int_equal(sale.happening.counts[1].what, TALLY_COUNT_SPEND);
    assert_int_equal(sale.happening.counts[1].from_day, on("2026-03-01"));
    assert_int_equal(sale.happening.counts[1].until_day, on("2026-04-30"));
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_MONTH, 0, TALLY_TIER_HOLD_MONTHS)->hold_months = 6;
    sale = buys("2026-03-10", 10);
    assert_int_equal(sale.happening.counts[1].until_day, on("2026-09-30"));
}

/* ------------------------------------------------------------------ months */

/* VO13 */
static void a_monthly_tier_reached_on_10_march_holds_to_30_april(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_POINTS, TALLY_PERIOD_MONTH, 0, TALLY_TIER_HOLD_NEXT_PERIOD);
    buys("2026-03-10", 250);
    assert_int_equal(view("2026-03-10").until_day, on("2026-04-30"));
    holds_to("2026-04-30", GOLD, BRONZE);
}

/* VO15 */
static void a_monthly_tier_with_a_week_of_grace_holds_to_7_april(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_POINTS, TALLY_PERIOD_MONTH, 0, TALLY_TIER_HOLD_PERIOD)->grace_days = 7;
    buys("2026-03-10", 250);
    assert_int_equal(view("2026-03-10").until_day, on("2026-04-07"));
    holds_to("2026-04-07", GOLD, BRONZE);
    fold.account.standing = (struct tally_standing){0, 0, 0};
    holds_to("2026-04-07", GOLD, BRONZE); /* two tills together: counters tell it, too */
}

static void a_rolling_window_lets_go_of_each_day_in_its_time(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_ROLLING_MONTHS, 12, TALLY_TIER_HOLD_NONE);
    buys("2026-03-10", 200);
    buys("2026-08-31", 50);
    assert_int_equal(view("2026-08-31").until_day, on("2027-03-09"));
    assert_int_equal(view("2026-08-31").keep_until_day, on("2027-03-09"));
    holds_to("2027-03-09", GOLD, SILVER);
    assert_int_equal(view("2027-03-10").needed_until_day, on("2027-08-30"));
    holds_to("2027-08-30", SILVER, BRONZE);
    buys("2027-08-31", 1);
    assert_int_equal(fold.account.count_count, 2); /* what no window reaches is forgotten */
}

static void a_rolling_month_ends_with_a_shorter_one(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_ROLLING_MONTHS, 1, TALLY_TIER_HOLD_NONE);
    buys("2026-01-31", 50);
    assert_int_equal(view("2026-01-31").until_day, on("2026-02-28"));
    buys("2026-02-28", 1);
    holds_to("2026-02-28", SILVER, BRONZE);
    buys("2026-03-01", 50);
    holds_to("2026-03-31", SILVER, BRONZE);
}

static void grace_follows_what_a_rolling_window_lost(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_ROLLING_DAYS, 30, TALLY_TIER_HOLD_NONE)
        ->grace_days = 10;
    fold.account.standing = (struct tally_standing){0, 0, 0};
    buys("2026-03-01", 250); /* in the window to 30 March */
    holds_to("2026-04-09", GOLD, BRONZE);
    buys("2026-03-20", 50);
    buys("2026-04-05", 1); /* past the loss: the counters are still there */
    fold.account.standing = (struct tally_standing){0, 0, 0};
    holds_to("2026-04-09", GOLD, SILVER);
    holds_to("2026-04-28", SILVER, BRONZE);
}

static void a_hold_in_months_is_looked_at_again_when_it_ends(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_ROLLING_MONTHS, 12, TALLY_TIER_HOLD_MONTHS)
        ->hold_months = 12;
    buys("2026-03-10", 250);
    assert_int_equal(view("2026-03-10").until_day, on("2027-03-10"));
    holds_to("2027-03-10", GOLD, BRONZE);
    buys("2026-09-01", 60);
    buys("2027-02-01", 1);
    holds_to("2027-03-10", GOLD, SILVER); /* September still counts on 10 March */
    holds_to("2028-03-10", SILVER, BRONZE);
    buys("2027-10-01", 1); /* the new term is written down */
    assert_int_equal(fold.account.standing.tier, tiers[SILVER].id);
    assert_int_equal(fold.account.standing.since_day, on("2027-03-10"));
    holds_to("2028-03-10", SILVER, BRONZE);
}

static void a_hold_in_months_is_written_down_once(void **state)
{
    (void)state;
    struct tally_tier_rules *rules =
        a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_ROLLING_MONTHS, 12, TALLY_TIER_HOLD_MONTHS);
    rules->hold_months = 3;
    assert_true(buys("2026-03-10", 250).happening.event.effects.has_standing);
    assert_false(buys("2026-04-10", 250).happening.event.effects.has_standing);
}

static void a_hold_in_months_goes_down_by_steps_of_as_many(void **state)
{
    (void)state;
    struct tally_tier_rules *rules =
        a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_MONTHS);
    rules->hold_months = 3;
    rules->downgrade = TALLY_DOWNGRADE_ONE_STEP;
    buys("2026-03-10", 250);
    holds_to("2026-12-31", GOLD, SILVER); /* the year is more than three months */
    holds_to("2027-03-31", SILVER, BRONZE);
    buys("2027-02-01", 250);
    holds_to("2027-12-31", GOLD, SILVER);
    holds_to("2028-03-31", SILVER, BRONZE);
    buys("2027-11-10", 1);
    buys("2028-01-01", 250);
    holds_to("2028-12-31", GOLD, SILVER);
    opened(&fold);
    buys("2026-11-10", 250); /* to 10 February */
    buys("2027-01-15", 250); /* renewed before that */
    holds_to("2027-12-31", GOLD, SILVER);
}

static void a_term_that_is_lost_still_has_its_grace(void **state)
{
    (void)state;
    struct tally_tier_rules *rules =
        a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_MONTH, 0, TALLY_TIER_HOLD_MONTHS);
    rules->hold_months = 3;
    rules->grace_days = 5;
    buys("2026-01-10", 250);
    buys("2026-04-02", 50);
    holds_to("2026-04-15", GOLD, SILVER);
    holds_to("2026-07-15", SILVER, BRONZE);
}

/* ------------------------------------------------------------------ a balance */

/* VO09 */
static void a_balance_that_is_spent_takes_its_tier_at_once(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_BALANCE, TALLY_PERIOD_LIFETIME, 0, TALLY_TIER_HOLD_NONE);
    buys("2026-07-20", 250);
    tier_is("2026-07-20", GOLD);
    assert_int_equal(view("2026-07-20").until_day, on("2026-07-20"));
    tier_is("2026-07-24", GOLD);
    spends("2026-07-25", 200);
    tier_is("2026-07-25", SILVER); /* the one that covers 50 */
    spends("2026-07-25", 50);
    tier_is("2026-07-25", BRONZE);
}

/* VO11 */
static void a_month_of_grace_rounded_up_holds_to_31_august(void **state)
{
    (void)state;
    struct tally_tier_rules *rules =
        a_programme(TALLY_METRIC_BALANCE, TALLY_PERIOD_LIFETIME, 0, TALLY_TIER_HOLD_NONE);
    rules->grace_months = 1;
    rules->grace_to_month_end = true;
    buys("2026-05-20", 250);
    tier_is("2026-07-24", GOLD);
    spends("2026-07-25", 200);
    assert_int_equal(view("2026-07-25").until_day, on("2026-08-31"));
    holds_to("2026-08-31", GOLD, SILVER);
    spends("2026-08-10", 50);
    holds_to("2026-08-31", GOLD, BRONZE);
}

/* VO07 */
static void points_that_are_spent_where_they_are_earned_reach_nothing(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_BALANCE, TALLY_PERIOD_LIFETIME, 0, TALLY_TIER_HOLD_EVER);
    conditions[SILVER][0].threshold = 100;
    const struct tally_tier_change change = {.points = 100, .counted_day = on("2026-07-20")};
    struct tally_standing standing;
    assert_int_equal(tally_tier_after(&fold.account, &programme, on("2026-07-20"), &change).tier,
                     BRONZE);
    assert_false(
        tally_tier_standing(&fold.account, &programme, on("2026-07-20"), &change, NULL, &standing));
}

static void points_that_lapse_take_their_tier_with_them(void **state)
{
    (void)state;
    struct tally_tier_rules *rules =
        a_programme(TALLY_METRIC_BALANCE, TALLY_PERIOD_LIFETIME, 0, TALLY_TIER_HOLD_NONE);
    given(&fold, TERMINAL, 0, on("2027-03-31"), 200);
    given(&fold, TERMINAL, 0, TALLY_DAY_NEVER, 60);
    fold.account.newest_day = on("2026-11-22");
    holds_to("2027-03-31", GOLD, SILVER);
    rules->grace_days = 10;
    holds_to("2027-04-10", GOLD, SILVER);
    spends("2027-04-05", 1); /* the event that comes after writes down what it saw */
    holds_to("2027-04-10", GOLD, SILVER);
}

static void points_that_are_set_aside_are_still_the_members(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_BALANCE, TALLY_PERIOD_LIFETIME, 0, TALLY_TIER_HOLD_NONE);
    given(&fold, TERMINAL, 0, TALLY_DAY_NEVER, 250);
    struct happening held = a_happening(TALLY_EVENT_HOLD, TERMINAL, ++seq);
    moves(&held, TALLY_MOVE_HOLD, 0, TALLY_DAY_NEVER, 0, 100);
    held.event.as.hold.until_ms = INT64_MAX;
    applied(&fold, &held);
    tier_is("2026-11-22", GOLD);
}

/* OLD01, OLD03, OLM03, OLM07: looked at again when the period is over, and only then */
static void a_balance_held_for_a_period_is_looked_at_when_it_is_over(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_BALANCE, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_PERIOD);
    conditions[SILVER][0].threshold = 10;
    conditions[GOLD][0].threshold = 30;
    buys("2026-02-01", 40);
    spends("2026-06-01", 10);
    holds_to("2026-12-31", GOLD, GOLD); /* 30 are enough */
    spends("2027-06-01", 25);
    holds_to("2027-12-31", GOLD, BRONZE); /* 5 are not */
    spends("2027-12-31", 1);
    holds_to("2027-12-31", GOLD, BRONZE);
}

/* ------------------------------------------------------------------ going down */

/* OLM01 */
static void a_tier_that_is_never_taken_stays(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_BALANCE, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_NONE)->downgrade =
        TALLY_DOWNGRADE_NEVER;
    buys("2026-02-01", 250);
    spends("2026-02-02", 250);
    tier_is("2126-01-01", GOLD);
    assert_int_equal(view("2026-02-02").until_day, TALLY_DAY_NEVER);
    fold.account.standing.until_day = on("2026-12-31"); /* of a version that did take it */
    tier_is("2126-01-01", GOLD);
}

/* OLM05 */
static void points_earned_in_the_period_count_and_not_those_there_are(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_POINTS, TALLY_PERIOD_MONTH, 0, TALLY_TIER_HOLD_NONE);
    buys("2026-02-01", 1000);
    buys("2026-03-01", 11);
    tier_is("2026-03-31", BRONZE);
    tier_is("2026-02-28", GOLD);
}

/* OLA01 */
static void what_was_earned_since_a_day_is_counted_by_days(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_POINTS, TALLY_PERIOD_ROLLING_DAYS, 2, TALLY_TIER_HOLD_NONE);
    buys("2018-01-01", 1);
    buys("2018-01-02", 2);
    buys("2018-01-03", 3);
    assert_true(
        tally_tier_metric(&fold.account, &programme, TALLY_METRIC_POINTS, on("2018-01-03")) == 5);
}

static void one_step_down_for_each_period(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_NEXT_PERIOD)->downgrade =
        TALLY_DOWNGRADE_ONE_STEP;
    buys("2026-02-01", 250);
    holds_to("2027-12-31", GOLD, SILVER);
    holds_to("2028-12-31", SILVER, BRONZE);
    buys("2027-05-01", 250); /* renewed */
    holds_to("2028-12-31", GOLD, SILVER);
    holds_to("2029-12-31", SILVER, BRONZE);
    buys("2029-05-01", 50); /* as far as it must */
    holds_to("2030-12-31", SILVER, BRONZE);
}

static void a_tier_that_is_held_for_ever_is_held_for_ever(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_MONTH, 0, TALLY_TIER_HOLD_EVER);
    buys("2026-02-01", 250);
    buys("2046-02-01", 1);
    tier_is("2126-02-01", GOLD);
    assert_int_equal(view("2046-02-01").until_day, TALLY_DAY_NEVER);
}

/* ------------------------------------------------------------------ undone */

static void a_void_takes_the_tier_that_its_sale_reached(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_NEXT_PERIOD);
    buys("2026-02-01", 60);
    struct tally_standing before = fold.account.standing;
    struct deed sale = buys("2026-02-02", 200);
    tier_is("2026-02-02", GOLD);
    comes_back("2026-02-02", &sale, 200);
    tier_is("2026-02-02", SILVER);
    assert_memory_equal(&fold.account.standing, &before, sizeof before);
    assert_true(view("2026-02-02").needed == 190);
}

static void a_refund_takes_a_tier_that_another_sale_reached(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_EVER);
    struct deed first = buys("2026-02-01", 150);
    buys("2026-02-02", 150);
    buys("2026-02-03", 1);
    comes_back("2026-02-10", &first, 20);
    tier_is("2026-02-10", GOLD); /* 281 are still enough */
    comes_back("2026-02-11", &first, 100);
    tier_is("2126-02-11", SILVER); /* 181 never were */
}

static void a_part_that_comes_back_leaves_the_tier_that_is_still_deserved(void **state)
{
    (void)state;
    struct tally_tier_rules *rules =
        a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_ROLLING_MONTHS, 6, TALLY_TIER_HOLD_MONTHS);
    rules->hold_months = 12;
    struct deed sale = buys("2026-02-01", 300);
    struct tally_standing reached = fold.account.standing;
    comes_back("2026-02-20", &sale, 50);
    assert_memory_equal(&fold.account.standing, &reached, sizeof reached);
    comes_back("2026-02-21", &sale, 1);
    assert_int_equal(fold.account.standing.tier, tiers[SILVER].id);
    assert_int_equal(fold.account.standing.since_day, on("2026-02-01"));
    holds_to("2027-02-01", SILVER, BRONZE);
}

static void a_balance_that_is_still_enough_keeps_what_was_written(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_BALANCE, TALLY_PERIOD_LIFETIME, 0, TALLY_TIER_HOLD_NONE)
        ->grace_months = 1;
    struct deed first = buys("2026-07-19", 100);
    struct deed sale = buys("2026-07-20", 200);
    struct tally_standing reached = fold.account.standing;
    assert_int_equal(reached.tier, tiers[GOLD].id);
    comes_back("2026-07-21", &sale, 50);
    assert_memory_equal(&fold.account.standing, &reached, sizeof reached);
    comes_back("2026-07-22", &first, 10); /* its points were not what reached it */
    holds_to("2026-08-20", GOLD, SILVER);
    comes_back("2026-07-22", &sale, 1);
    tier_is("2026-07-22", SILVER); /* these were: no grace for what was undone */
}

static void a_refund_of_what_is_forgotten_takes_no_tier(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_MONTH, 0, TALLY_TIER_HOLD_EVER);
    struct deed sale = buys("2026-02-01", 300);
    buys("2028-02-01", 1);
    comes_back("2028-02-02", &sale, 100);
    tier_is("2028-02-02", GOLD);
}

/* ------------------------------------------------------------------ given */

/* OLL01, OLL03 */
static void a_tier_that_was_given_is_a_floor(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_LIFETIME, 0, TALLY_TIER_HOLD_NONE);
    conditions[SILVER][0].threshold = 20;
    conditions[GOLD][0].threshold = 30;
    is_given("2026-01-01", SILVER, "2026-12-31");
    assert_true(view("2026-01-01").is_floor);
    assert_int_equal(view("2026-01-01").until_day, on("2026-12-31"));
    holds_to("2026-12-31", SILVER, BRONZE);
    buys("2026-02-01", 21);
    tier_is("2026-02-01", SILVER);
    assert_false(view("2026-02-01").is_floor);
    buys("2026-02-01", 19);
    tier_is("2026-02-01", GOLD);
}

static void a_club_is_never_reached_and_only_given(void **state)
{
    (void)state;
    a_programme(TALLY_METRIC_SPEND, TALLY_PERIOD_YEAR, 0, TALLY_TIER_HOLD_NEXT_PERIOD);
    tiers[CLUB].condition_count = 1;
    buys("2026-02-01", 1000000);
    tier_is("2026-02-01", GOLD);
    is_given("2026-02-02", CLUB, "2026-06-30");
    holds_to("2026-06-30", CLUB, GOLD);
    fold.account.standing = (struct tally_standing){tiers[CLUB].id, 0, TALLY_DAY_NEVER};
    tier_is("2026-07-01", GOLD);
}

/* ------------------------------------------------------------------ lives from a seed */

static void a_random_programme(uint64_t *seed)
{
    static const enum tally_period_kind windows[] = {
        TALLY_PERIOD_WEEK,         TALLY_PERIOD_MONTH,         TALLY_PERIOD_QUARTER,
        TALLY_PERIOD_YEAR,         TALLY_PERIOD_ANNIVERSARY,   TALLY_PERIOD_LIFETIME,
        TALLY_PERIOD_ROLLING_DAYS, TALLY_PERIOD_ROLLING_MONTHS};
    enum tally_period_kind window = windows[seeded_below(seed, 8)];
    bool is_rolling = window == TALLY_PERIOD_ROLLING_DAYS || window == TALLY_PERIOD_ROLLING_MONTHS;
    bool has_terms = !is_rolling && window != TALLY_PERIOD_LIFETIME;
    enum tally_metric metric = (enum tally_metric)(1 + seeded_below(seed, 4));
    enum tally_tier_hold hold = (enum tally_tier_hold)seeded_below(seed, 5);
    if (!has_terms && (hold == TALLY_TIER_HOLD_PERIOD || hold == TALLY_TIER_HOLD_NEXT_PERIOD)) {
        hold = TALLY_TIER_HOLD_NONE;
    }
    struct tally_tier_rules *rules =
        a_programme(metric, window, is_rolling ? (int32_t)(1 + seeded_below(seed, 14)) : 0, hold);
    rules->hold_months = hold == TALLY_TIER_HOLD_MONTHS ? (int32_t)(1 + seeded_below(seed, 6)) : 0;
    rules->downgrade = (enum tally_tier_downgrade)seeded_below(seed, has_terms ? 3 : 1);
    rules->upgrade_next_period = has_terms && seeded_below(seed, 4) == 0;
    rules->grace_days = (int32_t)(seeded_below(seed, 2) * seeded_below(seed, 20));
    rules->grace_months = (int32_t)(seeded_below(seed, 2) * seeded_below(seed, 3));
    rules->grace_to_month_end = seeded_below(seed, 3) == 0;
    if (metric == TALLY_METRIC_VISITS) {
        conditions[SILVER][0].threshold = 3;
        conditions[GOLD][0].threshold = 6;
    }
}

static int64_t a_balance_change(uint64_t *seed)
{
    int64_t here = tally_account_in_drawer(&fold.account, 0, TERMINAL, TODAY, 0);
    bool spends_some = here > 0 && seeded_below(seed, 3) == 0;
    return spends_some ? -(1 + seeded_below(seed, here)) : seeded_below(seed, 80);
}

/* What is promised on a day is kept if nothing happens, and what is told of a sale comes true. */
static void what_a_view_promises_is_kept(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(20261122);
    for (int life = 0; life < 400; life++) {
        a_random_programme(&seed);
        int32_t day = TODAY + (int32_t)seeded_below(&seed, 400);
        for (int step = 0; step < 25; step++) {
            day += (int32_t)(seeded_below(&seed, 3) * seeded_below(&seed, 40));
            struct tally_tier_view before = tally_tier_of(&fold.account, &programme, day);
            struct deed deed = planned(&fold.account, TERMINAL, day, seeded_below(&seed, 90),
                                       a_balance_change(&seed));
            struct tally_tier_view told =
                tally_tier_after(&fold.account, &programme, day, &deed.change);
            applied(&fold, &deed.happening);
            struct tally_tier_view now = tally_tier_of(&fold.account, &programme, day);
            assert_int_equal(told.tier, now.tier);
            assert_int_equal(told.until_day, now.until_day);
            if (before.tier > 0 && before.until_day > day) { /* what was promised is kept */
                assert_true(now.tier >= before.tier);
            }
            int32_t last = now.until_day < day + 500 ? now.until_day : day + 500;
            for (int32_t later = day; now.tier > 0 && later <= last; later += 13) {
                assert_true(tally_tier_of(&fold.account, &programme, later).tier >= now.tier);
            }
            assert_true(tally_tier_of(&fold.account, &programme, last).tier >= now.tier);
            bool steps = programme.tiers.downgrade == TALLY_DOWNGRADE_ONE_STEP;
            if (now.tier == GOLD && now.until_day < day + 500 && steps) {
                assert_true(tally_tier_of(&fold.account, &programme, last + 1).tier >= SILVER);
            }
        }
    }
}

static void more_of_the_metric_is_never_a_lower_tier(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(7);
    for (int life = 0; life < 400; life++) {
        a_random_programme(&seed);
        int32_t day = TODAY;
        for (int step = 0; step < 8; step++) {
            day += (int32_t)seeded_below(&seed, 30);
            size_t tier = 0;
            for (int64_t more = 0; more < 300; more += 1 + seeded_below(&seed, 60)) {
                const struct tally_tier_change change = {more, more, more / 50, more, day};
                size_t found = tally_tier_after(&fold.account, &programme, day, &change).tier;
                assert_true(found >= tier);
                tier = found;
            }
            struct deed deed = planned(&fold.account, TERMINAL, day, seeded_below(&seed, 90), 5);
            applied(&fold, &deed.happening);
        }
    }
}

static void no_tier_is_below_its_floor(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(11);
    for (int life = 0; life < 200; life++) {
        a_random_programme(&seed);
        size_t floor = 1 + (size_t)seeded_below(&seed, TIERS - 1);
        int32_t day = TODAY, until = TODAY + 200; /* 10 June */
        is_given("2026-11-22", floor, "2027-06-10");
        for (int step = 0; step < 20; step++) {
            day += (int32_t)seeded_below(&seed, 20);
            struct deed deed = planned(&fold.account, TERMINAL, day, seeded_below(&seed, 90),
                                       a_balance_change(&seed));
            applied(&fold, &deed.happening);
            struct tally_tier_view found = tally_tier_of(&fold.account, &programme, day);
            assert_true(day > until || found.tier >= floor);
            assert_true(found.tier != CLUB || (floor == CLUB && day <= until));
        }
    }
}

/* Three tills, each of which knows only its own events, and some of what the others did. */
static void the_order_of_events_from_different_drawers_does_not_change_the_tier(void **state)
{
    (void)state;
    enum { TILLS = 3, EACH = 8 };
    static struct fold known[TILLS], orders[2];
    static struct deed deeds[TILLS][EACH];
    uint64_t seed = seeded_start(42);
    for (int life = 0; life < 150; life++) {
        a_random_programme(&seed);
        for (size_t till = 0; till < TILLS; till++) {
            opened(&known[till]);
            int32_t day = TODAY;
            for (size_t i = 0; i < EACH; i++) {
                day += (int32_t)seeded_below(&seed, 25);
                deeds[till][i] = planned(&known[till].account, TERMINAL + (uint32_t)till, day,
                                         seeded_below(&seed, 90), seeded_below(&seed, 60));
                applied(&known[till], &deeds[till][i].happening);
            }
        }
        for (size_t k = 0; k < 2; k++) {
            size_t done[TILLS] = {0};
            opened(&orders[k]);
            for (size_t left = (size_t)TILLS * EACH; left > 0;) {
                size_t till = (size_t)seeded_below(&seed, TILLS);
                if (done[till] < EACH) {
                    applied(&orders[k], &deeds[till][done[till]++].happening);
                    left--;
                }
            }
        }
        for (int32_t day = TODAY; day < TODAY + 700; day += 17) {
            struct tally_tier_view left = tally_tier_of(&orders[0].account, &programme, day);
            struct tally_tier_view right = tally_tier_of(&orders[1].account, &programme, day);
            assert_int_equal(left.tier, right.tier);
            assert_int_equal(left.until_day, right.until_day);
            assert_true(left.needed == right.needed);
        }
    }
}

static void an_account_from_outside_may_say_anything_and_is_answered(void **state)
{
    (void)state;
    static const int32_t days[] = {INT32_MIN, -1, 0, 1, 20000, INT32_MAX - 1, INT32_MAX};
    uint64_t seed = seeded_start(99);
    for (int life = 0; life < 3000; life++) {
        a_random_programme(&seed);
        struct tally_standing *standing = &fold.account.standing;
        standing->tier = tiers[seeded_below(&seed, TIERS)].id;
        standing->since_day = days[seeded_below(&seed, 7)];
        standing->until_day = days[seeded_below(&seed, 7)];
        fold.account.floor = *standing;
        fold.account.id = ACCOUNT;
        fold.account.since_day = 20000;
        struct tally_tier_view found = tally_tier_of(&fold.account, &programme, TODAY);
        assert_true(found.tier < TIERS);
        struct deed deed = planned(&fold.account, TERMINAL, TODAY, 10, 10);
        assert_true(deed.happening.count_count <= TALLY_TIER_COUNTS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_whom_nothing_is_known_of_is_in_the_lowest_tier),
        cmocka_unit_test(a_tier_is_reached_at_its_threshold_and_not_a_cent_before),
        cmocka_unit_test(a_tier_of_a_lifetime_counts_past_and_present_together),
        cmocka_unit_test(all_conditions_of_a_tier_must_hold_unless_one_is_enough),
        cmocka_unit_test(the_sales_that_a_guard_counts_are_no_visits),
        cmocka_unit_test(a_tier_of_a_year_holds_to_the_end_of_the_next),
        cmocka_unit_test(two_tills_pass_a_threshold_together_and_no_standing_says_so),
        cmocka_unit_test(what_is_missing_to_stay_is_told),
        cmocka_unit_test(an_anniversary_begins_on_the_day_that_the_member_joined),
        cmocka_unit_test(a_tier_can_begin_with_the_next_period),
        cmocka_unit_test(a_tier_that_began_with_a_period_holds_for_it_at_least),
        cmocka_unit_test(a_counter_is_kept_to_the_end_of_the_next_period),
        cmocka_unit_test(a_monthly_tier_reached_on_10_march_holds_to_30_april),
        cmocka_unit_test(a_monthly_tier_with_a_week_of_grace_holds_to_7_april),
        cmocka_unit_test(a_rolling_window_lets_go_of_each_day_in_its_time),
        cmocka_unit_test(a_rolling_month_ends_with_a_shorter_one),
        cmocka_unit_test(grace_follows_what_a_rolling_window_lost),
        cmocka_unit_test(a_hold_in_months_is_looked_at_again_when_it_ends),
        cmocka_unit_test(a_hold_in_months_is_written_down_once),
        cmocka_unit_test(a_hold_in_months_goes_down_by_steps_of_as_many),
        cmocka_unit_test(a_term_that_is_lost_still_has_its_grace),
        cmocka_unit_test(a_balance_that_is_spent_takes_its_tier_at_once),
        cmocka_unit_test(a_month_of_grace_rounded_up_holds_to_31_august),
        cmocka_unit_test(points_that_are_spent_where_they_are_earned_reach_nothing),
        cmocka_unit_test(points_that_lapse_take_their_tier_with_them),
        cmocka_unit_test(points_that_are_set_aside_are_still_the_members),
        cmocka_unit_test(a_balance_held_for_a_period_is_looked_at_when_it_is_over),
        cmocka_unit_test(a_tier_that_is_never_taken_stays),
        cmocka_unit_test(points_earned_in_the_period_count_and_not_those_there_are),
        cmocka_unit_test(what_was_earned_since_a_day_is_counted_by_days),
        cmocka_unit_test(one_step_down_for_each_period),
        cmocka_unit_test(a_tier_that_is_held_for_ever_is_held_for_ever),
        cmocka_unit_test(a_void_takes_the_tier_that_its_sale_reached),
        cmocka_unit_test(a_refund_takes_a_tier_that_another_sale_reached),
        cmocka_unit_test(a_part_that_comes_back_leaves_the_tier_that_is_still_deserved),
        cmocka_unit_test(a_balance_that_is_still_enough_keeps_what_was_written),
        cmocka_unit_test(a_refund_of_what_is_forgotten_takes_no_tier),
        cmocka_unit_test(a_tier_that_was_given_is_a_floor),
        cmocka_unit_test(a_club_is_never_reached_and_only_given),
        cmocka_unit_test(what_a_view_promises_is_kept),
        cmocka_unit_test(more_of_the_metric_is_never_a_lower_tier),
        cmocka_unit_test(no_tier_is_below_its_floor),
        cmocka_unit_test(the_order_of_events_from_different_drawers_does_not_change_the_tier),
        cmocka_unit_test(an_account_from_outside_may_say_anything_and_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
