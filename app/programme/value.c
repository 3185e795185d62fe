/* SPDX-License-Identifier: Apache-2.0 */
/* Reckons what points given are worth, at the most. */
#include "app/programme/value.h"

enum { PERCENT_WHOLE = 100, PIECE_MILLI = 1000 };

static const int64_t million = 1000000;

static int64_t scaled(int64_t value, int64_t numerator, int64_t denominator)
{
    int64_t result = 0;
    if (tally_scale(value, numerator, denominator, TALLY_ROUND_FLOOR, &result) != TALLY_OK ||
        result > VALUE_PPM_MAX) {
        return VALUE_PPM_MAX;
    }
    return result;
}

struct reach rule_reach(const struct tally_rule *rule)
{
    return (struct reach){&rule->when, &rule->lines};
}

struct reach reward_reach(const struct tally_reward *reward)
{
    return (struct reach){&reward->when, &reward->lines};
}

/* ------------------------------------------------------------------ what a point is worth */

static int64_t payment_micro(const struct tally_programme *programme, const struct tally_tier *tier)
{
    const struct tally_redeem_rules *redeem = &programme->redeem;
    if (redeem->share_pct == 0) {
        return 0;
    }
    int64_t minor = tier->redeem_value_minor > 0 ? tier->redeem_value_minor : redeem->value_minor;
    return scaled(minor, million, redeem->step_points);
}

static int64_t reward_micro(const struct tally_programme *programme)
{
    int64_t best = 0;
    for (size_t i = 0; i < programme->reward_count; i++) {
        const struct tally_reward *reward = &programme->rewards[i];
        if (reward->kind == TALLY_REWARD_AMOUNT && reward->cost > 0 &&
            reward->cost_purse == TALLY_PURSE_POINTS) {
            int64_t micro = scaled(reward->amount_minor, million, reward->cost);
            best = micro > best ? micro : best;
        }
    }
    return best;
}

int64_t value_of_point_micro(const struct valuation *valuation)
{
    const struct tally_tier_rules *tiers = &valuation->programme->tiers;
    int64_t best = valuation->reward_micro;
    for (size_t i = 0; i < tiers->tier_count; i++) {
        int64_t micro = payment_micro(valuation->programme, &tiers->tiers[i]);
        best = micro > best ? micro : best;
    }
    return best;
}

/* ------------------------------------------------------------------ multipliers */

static bool is_stronger(const struct tally_programme *programme, size_t left, size_t right)
{
    return programme->rules[left].multiply_pct > programme->rules[right].multiply_pct;
}

static void find_multipliers(struct valuation *valuation)
{
    const struct tally_programme *programme = valuation->programme;
    size_t *found = valuation->multipliers, count = 0;
    for (size_t i = 0; i < programme->rule_count; i++) {
        if (programme->rules[i].kind != TALLY_EARN_MULTIPLY ||
            programme->rules[i].multiply_pct <= PERCENT_WHOLE) {
            continue;
        }
        bool is_full = count == VALUE_MULTIPLIERS_MAX;
        if (is_full && !is_stronger(programme, i, found[count - 1])) {
            continue;
        }
        size_t at = is_full ? count - 1 : count++;
        for (; at > 0 && is_stronger(programme, i, found[at - 1]); at--) {
            found[at] = found[at - 1];
        }
        found[at] = i;
    }
    valuation->multiplier_count = count;
}

bool multipliers_meet(const struct tally_programme *programme, size_t left, size_t right)
{
    const struct tally_rule *first = &programme->rules[left < right ? left : right];
    const struct tally_rule *second = &programme->rules[left < right ? right : left];
    bool same_group = first->group != 0 && first->group == second->group;
    return !same_group && !first->stops && reach_meets(rule_reach(first), rule_reach(second));
}

void valuation_begin(const struct tally_programme *programme, struct valuation *ret_valuation)
{
    *ret_valuation =
        (struct valuation){.programme = programme, .reward_micro = reward_micro(programme)};
    find_multipliers(ret_valuation);
    for (size_t i = 0; i < ret_valuation->multiplier_count; i++) {
        for (size_t j = 0; j < ret_valuation->multiplier_count; j++) {
            ret_valuation->meet[i][j] = multipliers_meet(programme, ret_valuation->multipliers[i],
                                                         ret_valuation->multipliers[j]);
        }
    }
}

static int64_t met(enum tally_multipliers how, int64_t left_ppm, int64_t right_ppm)
{
    switch (how) {
    case TALLY_MULTIPLIERS_COMPOUND:
        return scaled(left_ppm, right_ppm, million);
    case TALLY_MULTIPLIERS_SUM:
        return left_ppm + right_ppm - million;
    case TALLY_MULTIPLIERS_BEST:
        return left_ppm > right_ppm ? left_ppm : right_ppm;
    }
    return left_ppm;
}

/* The best that multiplying rules make of this one: from each of them on, the next strongest that
 * fits to those taken. */
static int64_t best_multiplier(const struct valuation *valuation, const struct tally_rule *rule)
{
    const struct tally_programme *programme = valuation->programme;
    bool fits[VALUE_MULTIPLIERS_MAX];
    for (size_t i = 0; i < valuation->multiplier_count; i++) {
        fits[i] =
            reach_meets(rule_reach(rule), rule_reach(&programme->rules[valuation->multipliers[i]]));
    }
    int64_t best = million;
    for (size_t first = 0; first < valuation->multiplier_count; first++) {
        bool taken[VALUE_MULTIPLIERS_MAX] = {false};
        int64_t ppm = million;
        for (size_t i = first; i < valuation->multiplier_count; i++) {
            taken[i] = fits[i];
            for (size_t j = first; j < i; j++) {
                taken[i] = taken[i] && (!taken[j] || valuation->meet[i][j]);
            }
            int64_t percent = programme->rules[valuation->multipliers[i]].multiply_pct;
            ppm = taken[i] ? met(programme->multipliers, ppm, percent * million / PERCENT_WHOLE)
                           : ppm;
        }
        best = ppm > best ? ppm : best;
    }
    return best;
}

/* ------------------------------------------------------------------ rules */

/* Money that one lot of a rule's points takes; 0 where it can't be told. */
static int64_t money_of(const struct tally_rule *rule)
{
    const struct tally_when *when = &rule->when;
    int64_t least = when->spend_minor_min > when->basket_minor_min ? when->spend_minor_min
                                                                   : when->basket_minor_min;
    switch (rule->kind) {
    case TALLY_EARN_PER_MONEY:
        return rule->per_minor;
    case TALLY_EARN_PER_ITEM:
        return scaled(rule->lines.price_minor_min, rule->per_milli, PIECE_MILLI);
    case TALLY_EARN_FIXED:
        return least;
    case TALLY_EARN_MULTIPLY:
    case TALLY_EARN_TIER:
        return 0;
    }
    return 0;
}

int64_t value_of_rule(const struct valuation *valuation, size_t index)
{
    const struct tally_programme *programme = valuation->programme;
    const struct tally_rule *rule = &programme->rules[index];
    int64_t money = money_of(rule), best = 0;
    if (money == 0 || rule->purse != TALLY_PURSE_POINTS) {
        return 0;
    }
    int64_t multiplier = rule->is_multiplied ? best_multiplier(valuation, rule) : million;
    for (size_t i = 0; i < programme->tiers.tier_count; i++) {
        const struct tally_tier *tier = &programme->tiers.tiers[i];
        if (rule->when.tiers.count > 0 &&
            !tally_words_have(&rule->when.tiers, tier->code, strlen(tier->code))) {
            continue;
        }
        int64_t point = payment_micro(programme, tier);
        point = point > valuation->reward_micro ? point : valuation->reward_micro;
        int64_t value = scaled(rule->points, point, money);
        if (rule->is_multiplied) {
            int64_t tier_ppm = (int64_t)tier->multiplier_pct * million / PERCENT_WHOLE;
            value = scaled(value, met(programme->multipliers, tier_ppm, multiplier), million);
        }
        best = value > best ? value : best;
    }
    return best;
}
