/* app/programme/value.h: what the rules give away, in parts of what is spent. Private to
 * app/programme.
 *
 * Units    parts per million of the money spent; percentages of multipliers.
 * Errors   what is too large to be told is VALUE_PPM_MAX.
 * Threads  pure. */
#ifndef TALLY_PROGRAMME_VALUE_H
#define TALLY_PROGRAMME_VALUE_H

#include "app/programme/conditions.h"

#define VALUE_PPM_MAX INT64_C(1000000000000)

/* What is reckoned once: the strongest multiplying rules, and what points buy. */
enum { VALUE_MULTIPLIERS_MAX = 16 };
struct valuation {
    const struct tally_programme *programme;
    int64_t reward_micro; /* of a point, as a reward that takes an amount off */
    size_t multipliers[VALUE_MULTIPLIERS_MAX]; /* indices of rules, the strongest first */
    size_t multiplier_count;
    bool meet[VALUE_MULTIPLIERS_MAX][VALUE_MULTIPLIERS_MAX];
};
void valuation_begin(const struct tally_programme *programme, struct valuation *ret_valuation);

struct reach rule_reach(const struct tally_rule *rule);
struct reach reward_reach(const struct tally_reward *reward);

/* Two multiplying rules that may both apply to a line. */
bool multipliers_meet(const struct tally_programme *programme, size_t left, size_t right);

/* The most that a rule's points are worth of what is spent, at the best tier and multipliers; 0 for
 * one that gives no points, or has no money to be measured by. */
int64_t value_of_rule(const struct valuation *valuation, size_t rule);

/* The most that one point is worth in minor units, times 10^6, in any tier: as payment or as a
 * reward that takes an amount off. */
int64_t value_of_point_micro(const struct valuation *valuation);

#endif
