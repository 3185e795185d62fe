/* SPDX-License-Identifier: Apache-2.0 */
/* Warns of what a programme may say and hardly means. */
#include "app/programme/advice.h"

#include "app/programme/internal.h"
#include "app/programme/problems.h"
#include "app/programme/value.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { PERCENT_WHOLE = 100, PPM_PER_PCT = 10000, DATES_LOOKED_AT = 400 };

struct advising {
    const struct tally_programme_document *document;
    const struct tally_programme *programme;
    struct tally_slice json;
    struct tally_programme_problems *warnings;
    int32_t first_day; /* on which the programme rules */
    uint32_t value_pct_max;
    enum tally_status status;
};

static const struct locate_path path_earn = {NULL, "earn", 0};
static const struct locate_path path_rules = {&path_earn, "rules", 0};
static const struct locate_path path_rewards = {NULL, "rewards", 0};
static const struct locate_path path_tiers = {NULL, "tiers", 0};
static const struct locate_path path_levels = {&path_tiers, "levels", 0};
static const struct locate_path path_purses = {NULL, "purses", 0};
static const struct locate_path path_redeem = {NULL, "redeem", 0};

__attribute__((format(printf, 3, 4))) static void
warn(struct advising *advising, const struct locate_path *path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    enum tally_status status = problems_say(advising->warnings, advising->json, path, format, args);
    va_end(args);
    advising->status = advising->status == TALLY_OK ? status : advising->status;
}

static struct locate_path at_rule(size_t index)
{
    return (struct locate_path){&path_rules, NULL, index};
}

static struct locate_path at_reward(size_t index)
{
    return (struct locate_path){&path_rewards, NULL, index};
}

/* ------------------------------------------------------------------ what never holds */

static bool gives_points(const struct tally_rule *rule)
{
    return rule->kind == TALLY_EARN_PER_MONEY || rule->kind == TALLY_EARN_PER_ITEM ||
           rule->kind == TALLY_EARN_FIXED;
}

static const char *comes_to_nothing(const struct tally_rule *rule)
{
    if (gives_points(rule) && rule->points == 0) {
        return "gives 0 points";
    }
    if (rule->kind == TALLY_EARN_MULTIPLY && rule->multiply_pct == PERCENT_WHOLE) {
        return "multiplies by 100 %, which changes nothing";
    }
    for (size_t i = 0; rule->kind == TALLY_EARN_FIXED && i < rule->cap_count; i++) {
        if (rule->caps[i].refuses && rule->caps[i].points_max < rule->points) {
            return "gives more than the cap that refuses it";
        }
    }
    return NULL;
}

static void advise_rule_holds(struct advising *advising, size_t index)
{
    const struct tally_rule *rule = &advising->programme->rules[index];
    struct locate_path path = at_rule(index), when = {&path, "when", 0};
    struct locate_path lines = {&path, "lines", 0};
    const char *never = when_never(advising->programme, &rule->when, advising->first_day);
    const char *nothing = comes_to_nothing(rule);
    if (never != NULL) {
        warn(advising, &when, "never holds: %s", never);
    }
    if (nothing != NULL) {
        warn(advising, &path, "%s", nothing);
    }
    if (lines_are_excepted(&rule->lines, &rule->lines)) {
        warn(advising, &lines, "selects nothing: all of it is excepted");
    } else if (lines_are_excepted(&rule->lines, &advising->programme->earn_lines)) {
        warn(advising, &lines, "selects nothing that earns: earn.lines excepts all of it");
    }
}

/* Whether a rule gives something wherever it holds, as far as can be told. */
static bool always_gives(const struct tally_rule *rule)
{
    return rule->uses_max == 0 && rule->cap_count == 0 && comes_to_nothing(rule) == NULL;
}

/* Multiplying rules and others shut out only their own kind. */
static bool are_of_one_kind(const struct tally_rule *left, const struct tally_rule *right)
{
    return (left->kind == TALLY_EARN_MULTIPLY) == (right->kind == TALLY_EARN_MULTIPLY);
}

static bool is_first_group(const struct tally_programme *programme, size_t group)
{
    return group != 0 && programme->groups[group - 1].kind == TALLY_GROUP_FIRST;
}

static void advise_shut_out(struct advising *advising, size_t index)
{
    const struct tally_programme *programme = advising->programme;
    const struct tally_rule *rule = &programme->rules[index];
    struct locate_path path = at_rule(index);
    for (size_t i = 0; i < index; i++) {
        const struct tally_rule *before = &programme->rules[i];
        bool grouped = is_first_group(programme, rule->group) && before->group == rule->group;
        if ((grouped || before->stops) && are_of_one_kind(before, rule) && always_gives(before) &&
            reach_covers(rule_reach(before), rule_reach(rule))) {
            warn(advising, &path,
                 "is shut out by earn.rules[%zu], which holds wherever this does%s", i,
                 grouped ? " and comes first in their group" : " and stops");
            return;
        }
    }
}

static void advise_reward_holds(struct advising *advising, size_t index)
{
    const struct tally_programme *programme = advising->programme;
    const struct tally_reward *reward = &programme->rewards[index];
    struct locate_path path = at_reward(index), when = {&path, "when", 0};
    struct locate_path lines = {&path, "lines", 0};
    const char *never = when_never(programme, &reward->when, advising->first_day);
    if (never != NULL) {
        warn(advising, &when, "never holds: %s", never);
    }
    if (lines_are_excepted(&reward->lines, &reward->lines)) {
        warn(advising, &lines, "selects nothing: all of it is excepted");
    }
    for (size_t i = 0; is_first_group(programme, reward->group) && i < index; i++) {
        const struct tally_reward *before = &programme->rewards[i];
        if (before->group == reward->group && before->is_automatic && before->cost == 0 &&
            before->limit_count == 0 && before->total_max == 0 &&
            reach_covers(reward_reach(before), reward_reach(reward))) {
            warn(advising, &path,
                 "is shut out by rewards[%zu], which holds wherever this does and comes first in "
                 "their group",
                 i);
            return;
        }
    }
}

/* ------------------------------------------------------------------ what comes together */

static void advise_compound(struct advising *advising, size_t index)
{
    const struct tally_programme *programme = advising->programme;
    const struct tally_rule *rule = &programme->rules[index];
    if (programme->multipliers != TALLY_MULTIPLIERS_COMPOUND || rule->kind != TALLY_EARN_MULTIPLY ||
        rule->multiply_pct <= PERCENT_WHOLE) {
        return;
    }
    for (size_t i = 0; i < index; i++) {
        const struct tally_rule *before = &programme->rules[i];
        if (before->kind == TALLY_EARN_MULTIPLY && before->multiply_pct > PERCENT_WHOLE &&
            multipliers_meet(programme, i, index)) {
            struct locate_path path = at_rule(index);
            warn(advising, &path,
                 "multiplies with earn.rules[%zu] on the same lines and days, to %" PRIu64
                 " %%: a group or earn.multipliers can say which counts",
                 i, (uint64_t)before->multiply_pct * rule->multiply_pct / PERCENT_WHOLE);
            return;
        }
    }
}

/* What a reward that nobody pays for takes off its lines, in percent. */
static uint32_t percent_off(const struct tally_reward *reward)
{
    bool is_free = reward->cost == 0 && reward->limit_count == 0 && reward->total_max == 0;
    if (!is_free) {
        return 0;
    }
    switch (reward->kind) {
    case TALLY_REWARD_PERCENT:
        return reward->amount_minor == 0 ? reward->percent : 0;
    case TALLY_REWARD_ITEM:
        return reward->percent;
    case TALLY_REWARD_BUNDLE:
        return (uint32_t)(reward->get * reward->percent / (reward->buy + reward->get));
    case TALLY_REWARD_AMOUNT: {
        int64_t least = reward->when.basket_minor_min > reward->when.spend_minor_min
                            ? reward->when.basket_minor_min
                            : reward->when.spend_minor_min;
        bool is_all = least <= reward->amount_minor;
        return is_all ? PERCENT_WHOLE : (uint32_t)(reward->amount_minor * PERCENT_WHOLE / least);
    }
    case TALLY_REWARD_GIFT:
    case TALLY_REWARD_PURSE:
        return 0;
    }
    return 0;
}

static void advise_discounts(struct advising *advising, size_t index)
{
    const struct tally_programme *programme = advising->programme;
    const struct tally_reward *reward = &programme->rewards[index];
    uint32_t own = percent_off(reward), sum = own;
    struct locate_path path = at_reward(index);
    if (own >= PERCENT_WHOLE) {
        warn(advising, &path, "takes off the whole price, costs nothing and has no limit");
        return;
    }
    size_t last = index;
    for (size_t i = 0; own > 0 && i < index && sum < PERCENT_WHOLE; i++) {
        const struct tally_reward *before = &programme->rewards[i];
        uint32_t percent = percent_off(before);
        bool grouped = before->group != 0 && before->group == reward->group;
        if (percent > 0 && percent < PERCENT_WHOLE && !grouped &&
            reach_meets(reward_reach(before), reward_reach(reward))) {
            sum += percent;
            last = i;
        }
    }
    if (sum >= PERCENT_WHOLE) {
        warn(advising, &path,
             "takes off %" PRIu32 " %% together with rewards before it on the same lines, the last "
             "of them rewards[%zu]",
             sum, last);
    }
}

/* ------------------------------------------------------------------ money */

/* "12.5" for 125000. */
static void percent_text(int64_t ppm, char text[32])
{
    snprintf(text, 32, "%" PRId64 ".%" PRId64, ppm / PPM_PER_PCT, ppm / (PPM_PER_PCT / 10) % 10);
}

static void advise_value(struct advising *advising, const struct valuation *valuation,
                         const int64_t *values, size_t index)
{
    const struct tally_programme *programme = advising->programme;
    int64_t limit = (int64_t)advising->value_pct_max * PPM_PER_PCT, sum = values[index];
    const struct tally_rule *rule = &programme->rules[index];
    for (size_t i = 0; values[index] > 0 && values[index] <= limit && i < index; i++) {
        const struct tally_rule *before = &programme->rules[i];
        bool grouped = before->group != 0 && before->group == rule->group;
        if (values[i] > 0 && values[i] <= limit && !grouped && !before->stops &&
            reach_meets(rule_reach(before), rule_reach(rule))) {
            sum += values[i];
        }
    }
    char text[32];
    struct locate_path path = at_rule(index);
    if (values[index] > limit) {
        percent_text(values[index], text);
        warn(advising, &path,
             "gives up to %s %% of what is spent, at the best tier and multipliers", text);
    } else if (sum > limit) {
        percent_text(sum, text);
        warn(advising, &path,
             "gives up to %s %% of what is spent, together with rules before it and at the best "
             "tier and multipliers",
             text);
    } else if (rule->kind == TALLY_EARN_FIXED && values[index] == 0 && always_gives(rule) &&
               rule->purse == TALLY_PURSE_POINTS && rule->when.visit_first == 0 &&
               rule->when.codes.count == 0 && rule->when.quantity_milli_min == 0 &&
               value_of_point_micro(valuation) > 0) {
        warn(advising, &path,
             "gives %" PRId64 " points for a purchase of any size: a cap, uses or a least amount "
             "can say how often",
             rule->points);
    }
}

static void advise_values(struct advising *advising, struct arena *arena)
{
    const struct tally_programme *programme = advising->programme;
    struct valuation valuation;
    valuation_begin(programme, &valuation);
    int64_t *values = arena_alloc(arena, programme->rule_count, sizeof *values);
    if (values == NULL) {
        advising->status = TALLY_E_NO_MEMORY;
        return;
    }
    for (size_t i = 0; i < programme->rule_count; i++) {
        values[i] = value_of_rule(&valuation, i);
    }
    for (size_t i = 0; i < programme->rule_count; i++) {
        advise_value(advising, &valuation, values, i);
    }
}

/* ------------------------------------------------------------------ purses */

static bool is_earned(const struct tally_programme *programme, uint32_t purse)
{
    for (size_t i = 0; i < programme->rule_count; i++) {
        const struct tally_rule *rule = &programme->rules[i];
        if (gives_points(rule) && rule->purse == purse && rule->points > 0) {
            return true;
        }
    }
    for (size_t i = 0; i < programme->award_count; i++) {
        if (programme->awards[i].purse == purse) {
            return true;
        }
    }
    for (size_t i = 0; i < programme->reward_count; i++) {
        const struct tally_reward *reward = &programme->rewards[i];
        if (reward->kind == TALLY_REWARD_PURSE && reward->gives_purse == purse) {
            return true;
        }
    }
    return false;
}

static bool buys_rewards(const struct tally_programme *programme, uint32_t purse)
{
    for (size_t i = 0; i < programme->reward_count; i++) {
        if (programme->rewards[i].cost > 0 && programme->rewards[i].cost_purse == purse) {
            return true;
        }
    }
    return false;
}

static void advise_points(struct advising *advising)
{
    const struct tally_programme *programme = advising->programme;
    bool pays = programme->redeem.share_pct > 0;
    bool earned = is_earned(programme, TALLY_PURSE_POINTS);
    if (earned && !pays && !buys_rewards(programme, TALLY_PURSE_POINTS)) {
        warn(advising, &path_earn, "points are given, and neither redeem nor a reward takes them");
    } else if (pays && !earned) {
        warn(advising, &path_redeem, "points pay, and nothing gives any");
    }
}

static void advise_purse(struct advising *advising, size_t index)
{
    const struct tally_programme *programme = advising->programme;
    uint32_t purse = programme->purses[index].id;
    struct locate_path path = {&path_purses, NULL, advising->document->purse_places[index]};
    bool earned = is_earned(programme, purse), spent = buys_rewards(programme, purse);
    if (!earned) {
        warn(advising, &path, "nobody earns it: no rule, award or reward gives any");
    }
    if (!spent) {
        warn(advising, &path, "nobody spends it: no reward costs any");
    }
}

static void advise_cost(struct advising *advising, size_t index)
{
    const struct tally_reward *reward = &advising->programme->rewards[index];
    if (reward->cost > 0 && !is_earned(advising->programme, reward->cost_purse)) {
        struct locate_path path = at_reward(index), cost = {&path, "cost", 0};
        warn(advising, &cost, "nobody can pay it: nothing gives any of this purse");
    }
}

/* ------------------------------------------------------------------ tiers */

static bool reaches(const struct tally_condition *has, const struct tally_condition *needs)
{
    return has->metric == needs->metric && has->threshold >= needs->threshold;
}

/* A member who meets all of `has` meets `higher`. */
static bool meets_tier(const struct tally_condition *has, size_t count,
                       const struct tally_tier *higher)
{
    size_t met = 0;
    for (size_t i = 0; i < higher->condition_count; i++) {
        bool found = false;
        for (size_t j = 0; j < count; j++) {
            found = found || reaches(&has[j], &higher->conditions[i]);
        }
        met += found ? 1 : 0;
    }
    return higher->any_condition ? met > 0 : met == higher->condition_count;
}

/* Whoever reaches `tier` reaches `higher` too. */
static bool is_passed_over(const struct tally_tier *tier, const struct tally_tier *higher)
{
    if (higher->condition_count == 0) {
        return false;
    }
    if (!tier->any_condition) {
        return meets_tier(tier->conditions, tier->condition_count, higher);
    }
    for (size_t i = 0; i < tier->condition_count; i++) {
        if (!meets_tier(&tier->conditions[i], 1, higher)) {
            return false;
        }
    }
    return true;
}

static bool can_count(const struct tally_programme *programme, enum tally_metric metric)
{
    if (metric == TALLY_METRIC_BALANCE) {
        return is_earned(programme, TALLY_PURSE_POINTS);
    }
    if (metric != TALLY_METRIC_POINTS) {
        return true;
    }
    for (size_t i = 0; i < programme->rule_count; i++) {
        if (programme->rules[i].counts_for_tier && programme->rules[i].points > 0) {
            return true;
        }
    }
    return false;
}

static bool can_be_met(const struct tally_programme *programme, const struct tally_tier *tier)
{
    size_t met = 0;
    for (size_t i = 0; i < tier->condition_count; i++) {
        met += can_count(programme, tier->conditions[i].metric) ? 1 : 0;
    }
    return tier->any_condition ? met > 0 : met == tier->condition_count;
}

static void advise_tier(struct advising *advising, size_t index)
{
    const struct tally_tier_rules *rules = &advising->programme->tiers;
    const struct tally_tier *tier = &rules->tiers[index];
    struct locate_path path = {&path_levels, NULL, index};
    if (tier->is_given_only) {
        return;
    }
    if (!can_be_met(advising->programme, tier)) {
        warn(advising, &path, "nobody reaches it: nothing counts towards it");
        return;
    }
    for (size_t i = index + 1; i < rules->tier_count; i++) {
        if (is_passed_over(tier, &rules->tiers[i])) {
            warn(advising, &path, "nobody is in it: who reaches it reaches tiers.levels[%zu] too",
                 i);
            return;
        }
    }
}

/* ------------------------------------------------------------------ dates of points */

static void date_text(int32_t day, char text[32])
{
    int32_t year = 0, month = 0, of_month = 0;
    tally_day_to_date(day, &year, &month, &of_month);
    snprintf(text, 32, "%04" PRId32 "-%02" PRId32 "-%02" PRId32, year, month, of_month);
}

/* Looks at points of each day from `from` on, for a year and a bit. */
static void advise_dates(struct advising *advising, const struct locate_path *path,
                         const struct tally_expiry *expiry, const struct tally_pending *pending,
                         int32_t from, int32_t until)
{
    static const struct tally_pending none = {TALLY_PENDING_NONE, 0, 0};
    if (pending->kind == TALLY_PENDING_NONE || expiry->kind == TALLY_EXPIRY_NEVER) {
        return;
    }
    for (int32_t day = from; day <= until && day - from < DATES_LOOKED_AT; day++) {
        int32_t first = tally_programme_dates(advising->programme, expiry, pending, day).from_day;
        int32_t last = tally_programme_dates(advising->programme, expiry, &none, day).until_day;
        if (expiry->kind == TALLY_EXPIRY_INACTIVE) {
            last = tally_programme_active_until(advising->programme, day);
        }
        if (first > last) {
            char texts[3][32];
            date_text(day, texts[0]);
            date_text(last, texts[1]);
            date_text(first, texts[2]);
            warn(advising, path, "points of %s end on %s, before they begin on %s", texts[0],
                 texts[1], texts[2]);
            return;
        }
    }
}

static void advise_all_dates(struct advising *advising)
{
    const struct tally_programme *programme = advising->programme;
    struct locate_path expiry = {NULL, "expiry", 0};
    int32_t today = advising->first_day;
    advise_dates(advising, &expiry, &programme->expiry, &programme->pending, today,
                 TALLY_DAY_NEVER);
    for (size_t i = 0; i < programme->purse_count; i++) {
        const struct tally_purse_rules *purse = &programme->purses[i];
        struct locate_path item = {&path_purses, NULL, advising->document->purse_places[i]};
        struct locate_path path = {&item, "expiry", 0};
        advise_dates(advising, &path, &purse->expiry, &purse->pending, today, TALLY_DAY_NEVER);
    }
    for (size_t i = 0; i < programme->rule_count; i++) {
        const struct tally_rule *rule = &programme->rules[i];
        struct locate_path path = at_rule(i);
        if (!rule->has_expiry && !rule->has_pending) {
            continue;
        }
        advise_dates(advising, &path, rule->has_expiry ? &rule->expiry : &programme->expiry,
                     rule->has_pending ? &rule->pending : &programme->pending,
                     rule->when.from_day > today ? rule->when.from_day : today,
                     rule->when.until_day);
    }
}

/* ------------------------------------------------------------------ public */

enum tally_status tally_programme_advise(const struct tally_programme_document *document,
                                         struct tally_slice json, uint32_t value_pct_max,
                                         struct tally_programme_problems *warnings)
{
    assert(document != NULL);
    assert(warnings != NULL);

    const struct tally_programme *programme = tally_programme_of(document);
    struct advising advising = {.document = document,
                                .programme = programme,
                                .json = json,
                                .warnings = warnings,
                                .first_day =
                                    tally_programme_day(programme, programme->effective_ms),
                                .value_pct_max = value_pct_max,
                                .status = TALLY_OK};
    struct arena arena = {NULL};
    for (size_t i = 0; i < programme->rule_count; i++) {
        advise_rule_holds(&advising, i);
        advise_shut_out(&advising, i);
        advise_compound(&advising, i);
    }
    for (size_t i = 0; i < programme->reward_count; i++) {
        advise_reward_holds(&advising, i);
        advise_discounts(&advising, i);
        advise_cost(&advising, i);
    }
    for (size_t i = 1; i < programme->tiers.tier_count; i++) {
        advise_tier(&advising, i);
    }
    for (size_t i = 0; i < programme->purse_count; i++) {
        advise_purse(&advising, i);
    }
    advise_points(&advising);
    advise_values(&advising, &arena);
    advise_all_dates(&advising);
    arena_free(&arena);
    problems_sort(warnings);
    return advising.status;
}
