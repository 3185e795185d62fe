/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules give: the order of work is told in EARNING.md. */
#include "app/core/earn.h"

#include <assert.h>

enum { BLOCKS_MAX = (TALLY_LINES_MAX + TALLY_BLOCK - 1) / TALLY_BLOCK };

struct work {
    const struct tally_scene *scene;
    const struct tally_programme *programme;
    struct tally_line_work *lines;
    size_t line_count;
    struct tally_earned *rules;
    struct tally_block_names names;
    uint64_t earning[BLOCKS_MAX]; /* lines that earn at all, 64 in each */
};

/* ------------------------------------------------------------------ what each line earns on */

/* What tenders that earn nothing pay of the basket, at most all of it; with what is to pay. */
static int64_t excluded_minor(const struct work *work, int64_t *ret_to_pay_minor)
{
    const struct tally_basket *basket = work->scene->basket;
    int64_t to_pay_minor = 0, excluded = 0; /* both fit: tally_basket_check */
    for (size_t i = 0; i < work->line_count; i++) {
        to_pay_minor += work->lines[i].net_minor - work->lines[i].points_minor;
    }
    for (size_t i = 0; i < basket->tender_count; i++) {
        const struct tally_tender *tender = &basket->tenders[i];
        if (tally_words_have(&work->programme->tenders_without_points, tender->kind.data,
                             tender->kind.len)) {
            excluded += tender->amount_minor;
        }
    }
    *ret_to_pay_minor = to_pay_minor;
    return excluded < to_pay_minor ? excluded : to_pay_minor;
}

static enum tally_status set_bases(struct work *work)
{
    const struct tally_programme *programme = work->programme;
    struct tally_allotment excluded = {0};
    if (programme->tenders_without_points.count > 0) {
        excluded.total = excluded_minor(work, &excluded.weight_total);
    }
    for (size_t i = 0; i < work->line_count; i++) {
        struct tally_line_work *line = &work->lines[i];
        const struct tally_line *sold = line->line;
        int64_t share = 0, tax = 0;
        if (excluded.total > 0) {
            TALLY_TRY(tally_allot(&excluded, line->net_minor - line->points_minor, &share));
        }
        int64_t base = (programme->earn_before_discount ? sold->amount_minor : line->net_minor) -
                       (programme->earn_on_redeemed ? 0 : line->points_minor) - share;
        if (programme->earn_without_tax && sold->tax_minor > 0) {
            TALLY_TRY(
                tally_scale(sold->tax_minor, base, sold->amount_minor, TALLY_ROUND_HALF_UP, &tax));
        }
        line->earns = tally_selector_has(&programme->earn_lines, line);
        line->base_minor = line->earns ? base - tax : 0;
        line->base_milli =
            sold->quantity_milli - (programme->earn_before_discount ? 0 : line->free_milli);
        work->earning[i / TALLY_BLOCK] |= (uint64_t)line->earns << i % TALLY_BLOCK;
        assert(line->base_minor >= 0);
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ whether a rule speaks */

/* Lines that a rule is about, 64 from `first` on. */
static uint64_t block_of(const struct work *work, const struct tally_rule *rule, size_t first)
{
    size_t left = work->line_count - first;
    return work->earning[first / TALLY_BLOCK] &
           tally_selector_block(&rule->lines, first == 0 ? &work->names : NULL, &work->lines[first],
                                left < TALLY_BLOCK ? left : TALLY_BLOCK);
}

/* The first of a set that is not empty, which is taken out of it. */
static inline size_t take_first(uint64_t *set)
{
    size_t first = (size_t)__builtin_ctzll(*set);
    *set &= *set - 1;
    return first;
}

static bool is_used_up(const struct work *work, const struct tally_rule *rule)
{
    return rule->uses_max > 0 &&
           tally_used(work->scene->seen, TALLY_COUNT_RULE_USES, rule->id,
                      (struct tally_span){rule->when.from_day, rule->when.until_day}) >=
               rule->uses_max;
}

static enum tally_why why_not(const struct work *work, const struct tally_rule *rule)
{
    if (!tally_when_holds(&rule->when, work->scene)) {
        return TALLY_WHY_WHEN;
    }
    if (!tally_when_lines_hold(&rule->when, &rule->lines, work->scene)) {
        return TALLY_WHY_LINES;
    }
    return is_used_up(work, rule) ? TALLY_WHY_CAPPED : TALLY_WHY_GAVE;
}

static bool gives(const struct tally_earned *earned)
{
    return earned->why == TALLY_WHY_GAVE || (earned->why == TALLY_WHY_CAPPED && earned->points > 0);
}

static void shut_out(struct tally_earned *earned, enum tally_why why)
{
    earned->why = why;
    earned->points = 0;
    earned->cap = 0;
}

/* ------------------------------------------------------------------ groups and stops */

/* Of a group's rules that give something one is left. */
static void settle_group(const struct work *work, size_t first)
{
    const struct tally_rule *rules = work->programme->rules;
    size_t group = rules[first].group, winner = first;
    bool is_best = work->programme->groups[group - 1].kind == TALLY_GROUP_BEST;
    for (size_t i = first + 1; i < work->programme->rule_count; i++) {
        if (rules[i].group == group && gives(&work->rules[i])) {
            bool better = is_best && work->rules[i].points > work->rules[winner].points;
            shut_out(&work->rules[better ? winner : i], TALLY_WHY_GROUP);
            winner = better ? i : winner;
        }
    }
}

/* Multiplying rules shut out and stop each other, and so do those that give. */
static void settle(const struct work *work, bool multiplying)
{
    const struct tally_rule *rules = work->programme->rules;
    for (size_t i = 0; i < work->programme->rule_count; i++) {
        if (rules[i].group != 0 && (rules[i].kind == TALLY_EARN_MULTIPLY) == multiplying &&
            gives(&work->rules[i])) {
            settle_group(work, i);
        }
    }
    bool stopped = false;
    for (size_t i = 0; i < work->programme->rule_count; i++) {
        if ((rules[i].kind == TALLY_EARN_MULTIPLY) != multiplying || !gives(&work->rules[i])) {
            continue;
        }
        if (stopped) {
            shut_out(&work->rules[i], TALLY_WHY_STOPPED);
        }
        stopped = stopped || rules[i].stops;
    }
}

/* ------------------------------------------------------------------ multipliers */

/* For groups its points are the base that it adds or takes away. */
static enum tally_status judge_multiplier(const struct work *work, size_t index)
{
    const struct tally_rule *rule = &work->programme->rules[index];
    struct tally_earned *earned = &work->rules[index];
    *earned =
        (struct tally_earned){.rule = index,
                              .why = why_not(work, rule),
                              .multiplier_ppm = rule->multiply_pct * (TALLY_MULTIPLIER_ONE / 100)};
    if (earned->why != TALLY_WHY_GAVE) {
        return TALLY_OK;
    }
    bool any = false;
    for (size_t first = 0; first < work->line_count; first += TALLY_BLOCK) {
        for (uint64_t set = block_of(work, rule, first); set != 0; any = true) {
            earned->base += work->lines[first + take_first(&set)].base_minor;
        }
    }
    earned->why = any ? TALLY_WHY_GAVE : TALLY_WHY_LINES;
    return tally_scale(earned->base, (int64_t)rule->multiply_pct - 100, 100, TALLY_ROUND_FLOOR,
                       &earned->points);
}

/* How one more multiplier meets those that are there. */
static uint32_t meet(enum tally_multipliers how, uint32_t there_ppm, uint32_t percent)
{
    const int64_t part = TALLY_MULTIPLIER_ONE / 100;
    int64_t ppm = there_ppm;
    switch (how) {
    case TALLY_MULTIPLIERS_COMPOUND:
        ppm = ppm * percent / 100;
        break;
    case TALLY_MULTIPLIERS_SUM:
        ppm += ((int64_t)percent - 100) * part;
        break;
    case TALLY_MULTIPLIERS_BEST:
        ppm = percent * part > ppm ? percent * part : ppm;
        break;
    }
    return ppm < 0 ? 0 : ppm > TALLY_MULTIPLIER_MAX ? TALLY_MULTIPLIER_MAX : (uint32_t)ppm;
}

static void multiply_line(enum tally_multipliers how, uint32_t percent,
                          struct tally_line_work *line)
{
    if (line->is_multiplied) {
        line->multiplier_ppm = meet(how, line->multiplier_ppm, percent);
    } else { /* the first one meets nothing: BEST of 50 % alone is 50 % */
        line->multiplier_ppm = percent * (TALLY_MULTIPLIER_ONE / 100);
        line->is_multiplied = true;
    }
}

static void apply_multiplier(const struct work *work, const struct tally_rule *rule)
{
    for (size_t first = 0; first < work->line_count; first += TALLY_BLOCK) {
        for (uint64_t set = block_of(work, rule, first); set != 0;) {
            multiply_line(work->programme->multipliers, rule->multiply_pct,
                          &work->lines[first + take_first(&set)]);
        }
    }
}

static enum tally_status set_multipliers(const struct work *work)
{
    const struct tally_programme *programme = work->programme;
    const struct tally_tier_rules *tiers = &programme->tiers;
    size_t tier = work->scene->seen->tier;
    uint32_t percent = tier < tiers->tier_count ? tiers->tiers[tier].multiplier_pct : 100;
    for (size_t i = 0; i < work->line_count; i++) {
        work->lines[i].multiplier_ppm = percent * (TALLY_MULTIPLIER_ONE / 100);
        work->lines[i].is_multiplied = percent != 100;
    }
    for (size_t i = 0; i < programme->rule_count; i++) {
        if (programme->rules[i].kind == TALLY_EARN_MULTIPLY) {
            TALLY_TRY(judge_multiplier(work, i));
        }
    }
    settle(work, true);
    for (size_t i = 0; i < programme->rule_count; i++) {
        if (programme->rules[i].kind == TALLY_EARN_MULTIPLY) {
            if (gives(&work->rules[i])) {
                apply_multiplier(work, &programme->rules[i]);
            }
            work->rules[i].points = 0;
        }
    }
    for (size_t i = 0; i < work->line_count; i++) {
        struct tally_line_work *line = &work->lines[i];
        line->worth = (struct tally_wide){0, 0};
        TALLY_TRY(tally_wide_add(&line->worth, (uint64_t)line->base_minor, line->multiplier_ppm));
        TALLY_TRY(tally_scale(line->base_minor, line->multiplier_ppm, TALLY_MULTIPLIER_ONE,
                              TALLY_ROUND_CEIL, &line->weight));
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ what each rule gives */

/* What a rule looks at: one line, or its lines together. */
struct part {
    int64_t base;
    struct tally_wide worth; /* base times multiplier; not set unless the rule is multiplied */
    int64_t weight;
};

static bool is_per_item(const struct tally_rule *rule)
{
    return rule->kind == TALLY_EARN_PER_ITEM;
}

/* Sums of a basket are far from overflowing: 10^15 minor units at a thousandfold are 10^24. */
static inline void add_worth(struct tally_wide *sum, struct tally_wide worth)
{
    uint64_t low = sum->low + worth.low;
    sum->high += worth.high + (low < sum->low ? 1 : 0);
    sum->low = low;
}

static enum tally_status part_of(const struct tally_rule *rule, const struct tally_line_work *line,
                                 struct part *ret_part)
{
    if (!is_per_item(rule)) {
        *ret_part = (struct part){line->base_minor, line->worth,
                                  rule->is_multiplied ? line->weight : line->base_minor};
        return TALLY_OK;
    }
    struct part part = {.base = line->base_milli, .weight = line->base_milli};
    if (rule->is_multiplied) {
        TALLY_TRY(tally_wide_add(&part.worth, (uint64_t)part.base, line->multiplier_ppm));
        TALLY_TRY(tally_scale(part.base, line->multiplier_ppm, TALLY_MULTIPLIER_ONE,
                              TALLY_ROUND_CEIL, &part.weight));
    }
    *ret_part = part;
    return TALLY_OK;
}

static int64_t per_of(const struct tally_rule *rule)
{
    return is_per_item(rule) ? rule->per_milli : rule->per_minor;
}

/* The multiplier on all of it, rounded down; `otherwise` where there is nothing to weigh. */
static enum tally_status mean_of(const struct tally_rule *rule, const struct part *part,
                                 uint32_t otherwise, uint32_t *ret_ppm)
{
    int64_t ppm = otherwise;
    if (rule->is_multiplied && part->base > 0) {
        TALLY_TRY(tally_wide_scale(part->worth, 1, (uint64_t)part->base, TALLY_ROUND_FLOOR, &ppm));
    }
    *ret_ppm = (uint32_t)ppm;
    return TALLY_OK;
}

/* Points in units of 1/`scale`, before multipliers. */
static enum tally_status plain_points(const struct tally_rule *rule, const struct part *part,
                                      int64_t scale, enum tally_rounding rounding,
                                      int64_t *ret_points)
{
    if (rule->kind == TALLY_EARN_FIXED) {
        *ret_points = rule->points * scale;
        return TALLY_OK;
    }
    if (rule->whole_steps) {
        return tally_multiply(part->base / per_of(rule), rule->points * scale, ret_points);
    }
    return tally_scale(part->base, rule->points * scale, per_of(rule), rounding, ret_points);
}

/* The one rounding of the rule. */
static enum tally_status points_of(const struct tally_rule *rule, const struct part *part,
                                   uint32_t mean_ppm, int64_t *ret_points)
{
    if (!rule->is_multiplied) {
        return plain_points(rule, part, 1, rule->rounding, ret_points);
    }
    if (rule->kind != TALLY_EARN_FIXED && !rule->whole_steps) {
        return tally_wide_scale(part->worth, (uint64_t)rule->points,
                                (uint64_t)per_of(rule) * TALLY_MULTIPLIER_ONE, rule->rounding,
                                ret_points);
    }
    int64_t plain = 0;
    TALLY_TRY(plain_points(rule, part, 1, rule->rounding, &plain));
    return tally_scale(plain, mean_ppm, TALLY_MULTIPLIER_ONE, rule->rounding, ret_points);
}

static enum tally_status points_of_line(const struct tally_rule *rule,
                                        const struct tally_line_work *line, int64_t *ret_points)
{
    struct part part;
    uint32_t mean_ppm = 0;
    TALLY_TRY(part_of(rule, line, &part));
    TALLY_TRY(mean_of(rule, &part, line->multiplier_ppm, &mean_ppm));
    return points_of(rule, &part, mean_ppm, ret_points);
}

/* What a line weighs when the points of a rule are divided. */
static enum tally_status weight_of(const struct tally_rule *rule,
                                   const struct tally_line_work *line, int64_t *ret_weight)
{
    if (rule->per_line) {
        return points_of_line(rule, line, ret_weight);
    }
    struct part part;
    TALLY_TRY(part_of(rule, line, &part));
    *ret_weight = part.weight;
    return TALLY_OK;
}

struct sum {
    struct part part;
    bool any;            /* lines */
    int64_t line_points; /* of a rule that rounds on each line */
};

static enum tally_status add_line(const struct tally_rule *rule, const struct tally_line_work *line,
                                  struct sum *sum)
{
    struct part part;
    TALLY_TRY(part_of(rule, line, &part));
    sum->part.base += part.base;
    add_worth(&sum->part.worth, part.worth);
    if (rule->per_line) {
        TALLY_TRY(points_of_line(rule, line, &part.weight));
        TALLY_TRY(tally_add(sum->line_points, part.weight, &sum->line_points));
    }
    return tally_add(sum->part.weight, part.weight, &sum->part.weight);
}

/* What nearly every rule does on nearly every line, without calls: money that is multiplied, or
 * money or pieces that are not. */
enum plain { PLAIN_NOT, PLAIN_WORTH, PLAIN_MONEY, PLAIN_PIECES };

static enum plain plain_of(const struct tally_rule *rule)
{
    if (rule->per_line || (is_per_item(rule) && rule->is_multiplied)) {
        return PLAIN_NOT;
    }
    return is_per_item(rule) ? PLAIN_PIECES : rule->is_multiplied ? PLAIN_WORTH : PLAIN_MONEY;
}

static void add_worths(const struct tally_line_work *lines, uint64_t set, struct part *sum)
{
    struct part part = *sum;
    while (set != 0) {
        const struct tally_line_work *line = &lines[take_first(&set)];
        part.base += line->base_minor;
        part.weight += line->weight;
        add_worth(&part.worth, line->worth);
    }
    *sum = part;
}

static void add_bases(const struct tally_line_work *lines, uint64_t set, bool pieces,
                      struct part *sum)
{
    int64_t base = sum->base;
    while (set != 0) {
        const struct tally_line_work *line = &lines[take_first(&set)];
        base += pieces ? line->base_milli : line->base_minor;
    }
    sum->base = base;
    sum->weight = base;
}

static enum tally_status sum_block(const struct tally_rule *rule,
                                   const struct tally_line_work *lines, uint64_t set,
                                   struct sum *sum)
{
    enum plain plain = plain_of(rule);
    sum->any = sum->any || set != 0;
    if (plain == PLAIN_WORTH) {
        add_worths(lines, set, &sum->part);
    } else if (plain != PLAIN_NOT) {
        add_bases(lines, set, plain == PLAIN_PIECES, &sum->part);
    }
    while (plain == PLAIN_NOT && set != 0) {
        TALLY_TRY(add_line(rule, &lines[take_first(&set)], sum));
    }
    return TALLY_OK;
}

static enum tally_status sum_lines(const struct work *work, const struct tally_rule *rule,
                                   struct tally_earned *earned, struct sum *ret_sum)
{
    struct sum sum = {0};
    for (size_t first = 0; first < work->line_count; first += TALLY_BLOCK) {
        uint64_t set = block_of(work, rule, first);
        earned->lines = first == 0 ? set : earned->lines;
        TALLY_TRY(sum_block(rule, &work->lines[first], set, &sum));
    }
    *ret_sum = sum;
    return TALLY_OK;
}

/* The multiplier that a rule's lines have in common; 1 where they differ. For lines that are worth
 * nothing, and so have no mean. */
static uint32_t shared_multiplier(const struct work *work, const struct tally_rule *rule)
{
    bool any = false;
    uint32_t shared_ppm = TALLY_MULTIPLIER_ONE;
    for (size_t first = 0; first < work->line_count; first += TALLY_BLOCK) {
        for (uint64_t set = block_of(work, rule, first); set != 0; any = true) {
            uint32_t ppm = work->lines[first + take_first(&set)].multiplier_ppm;
            if (any && ppm != shared_ppm) {
                return TALLY_MULTIPLIER_ONE;
            }
            shared_ppm = ppm;
        }
    }
    return shared_ppm;
}

/* ------------------------------------------------------------------ a rule's own caps */

static void cap_to(struct tally_earned *earned, int64_t points, size_t cap)
{
    if (points < earned->points) {
        earned->points = points;
        earned->why = TALLY_WHY_CAPPED;
        earned->cap = cap;
    }
}

static enum tally_status cap_before(const struct tally_rule *rule, size_t which,
                                    const struct part *part, struct tally_earned *earned)
{
    const struct tally_cap *cap = &rule->caps[which];
    int64_t plain = 0, capped = 0;
    TALLY_TRY(plain_points(rule, part, 1, TALLY_ROUND_CEIL, &plain));
    if (plain > cap->points_max) {
        TALLY_TRY(tally_scale(cap->refuses ? 0 : cap->points_max, earned->multiplier_ppm,
                              TALLY_MULTIPLIER_ONE, rule->rounding, &capped));
        cap_to(earned, capped, which + 1);
    }
    return TALLY_OK;
}

static enum tally_status cap_rule(const struct work *work, const struct tally_rule *rule,
                                  const struct part *part, struct tally_earned *earned)
{
    for (size_t i = 0; i < rule->cap_count; i++) {
        if (rule->caps[i].before_multiplier) {
            TALLY_TRY(cap_before(rule, i, part, earned));
            continue;
        }
        int64_t left = tally_cap_left(&rule->caps[i], &rule->when, work->scene->seen,
                                      TALLY_COUNT_RULE, rule->id, work->scene->day);
        if (earned->points > left) {
            cap_to(earned, rule->caps[i].refuses ? 0 : left, i + 1);
        }
    }
    return TALLY_OK;
}

/* Everything about one rule that has to do with no other. */
static enum tally_status work_out(const struct work *work, size_t index)
{
    const struct tally_rule *rule = &work->programme->rules[index];
    struct tally_earned *earned = &work->rules[index];
    *earned = (struct tally_earned){
        .rule = index, .why = why_not(work, rule), .multiplier_ppm = TALLY_MULTIPLIER_ONE};
    if (earned->why != TALLY_WHY_GAVE) {
        return TALLY_OK;
    }
    struct sum sum;
    TALLY_TRY(sum_lines(work, rule, earned, &sum));
    earned->base = sum.part.base;
    earned->weight = sum.part.weight;
    if (!sum.any) {
        earned->why = TALLY_WHY_LINES;
    }
    if (!sum.any || rule->kind == TALLY_EARN_TIER) {
        return TALLY_OK;
    }
    if (rule->is_multiplied) {
        uint32_t otherwise = sum.part.base == 0 ? shared_multiplier(work, rule) : 0;
        TALLY_TRY(mean_of(rule, &sum.part, otherwise, &earned->multiplier_ppm));
    }
    TALLY_TRY(plain_points(rule, &sum.part, 1000, TALLY_ROUND_FLOOR, &earned->before_multiplier));
    earned->uncapped = sum.line_points;
    if (!rule->per_line) {
        TALLY_TRY(points_of(rule, &sum.part, earned->multiplier_ppm, &earned->uncapped));
    }
    earned->points = earned->uncapped;
    if (earned->points == 0) {
        earned->why = TALLY_WHY_NOTHING;
        return TALLY_OK;
    }
    return cap_rule(work, rule, &sum.part, earned);
}

/* ------------------------------------------------------------------ what all rules share */

/* What is left of the programme's caps: those that take the rest off, and those that refuse. */
struct shared {
    int64_t left;
    int64_t left_or_none;
    uint32_t merchant_pct;
    int64_t given[TALLY_PURSES_MAX + 1]; /* of the points, then of each purse */
};

static struct shared shared_of(const struct work *work)
{
    const struct tally_programme *programme = work->programme;
    struct shared shared = {.left = INT64_MAX, .left_or_none = INT64_MAX, .merchant_pct = 100};
    for (size_t i = 0; i < programme->earn_cap_count; i++) {
        const struct tally_cap *cap = &programme->earn_caps[i];
        int64_t left = tally_cap_left(cap, NULL, work->scene->seen, TALLY_COUNT_EARNED,
                                      TALLY_PURSE_POINTS, work->scene->day);
        int64_t *least = cap->refuses ? &shared.left_or_none : &shared.left;
        *least = left < *least ? left : *least;
    }
    const struct tally_merchant *merchant =
        tally_programme_merchant(programme, work->scene->basket->shop);
    if (merchant != NULL) {
        shared.merchant_pct = merchant->earn_pct;
    }
    return shared;
}

/* Where a purse stands in the rows of shares. */
static size_t column_of(const struct tally_programme *programme, uint32_t purse)
{
    if (purse == TALLY_PURSE_POINTS) {
        return 0;
    }
    const struct tally_purse_rules *rules = tally_programme_purse(programme, purse);
    assert(rules != NULL);
    return (size_t)(rules - programme->purses) + 1;
}

/* What a rule would have given had no cap been there. */
static enum tally_status whole_of(const struct shared *shared, const struct tally_earned *earned,
                                  int64_t *ret_whole)
{
    *ret_whole = earned->uncapped;
    return shared->merchant_pct == 100 ? TALLY_OK
                                       : tally_scale(earned->uncapped, shared->merchant_pct, 100,
                                                     TALLY_ROUND_FLOOR, ret_whole);
}

/* Also how much of it caps have taken off by then. */
static enum tally_status cap_together(const struct work *work, struct shared *shared, size_t index,
                                      int64_t *ret_cut)
{
    const struct tally_rule *rule = &work->programme->rules[index];
    struct tally_earned *earned = &work->rules[index];
    size_t column = column_of(work->programme, rule->purse);
    int64_t whole = 0;
    TALLY_TRY(whole_of(shared, earned, &whole));
    if (shared->merchant_pct != 100) {
        int64_t part = 0;
        TALLY_TRY(tally_scale(earned->points, shared->merchant_pct, 100, TALLY_ROUND_FLOOR, &part));
        cap_to(earned, part, TALLY_CAP_SHARED);
    }
    if (column == 0) {
        cap_to(earned, shared->left, TALLY_CAP_SHARED);
        if (earned->points > shared->left_or_none) {
            cap_to(earned, 0, TALLY_CAP_SHARED);
            whole = 0;
        }
        shared->left -= earned->points;
        shared->left_or_none -= earned->points;
    } else {
        int64_t most = work->programme->purses[column - 1].per_sale_max;
        if (most > 0) {
            cap_to(earned, most - shared->given[column], TALLY_CAP_SHARED);
        }
    }
    whole = whole < TALLY_POINTS_MAX ? whole : TALLY_POINTS_MAX;
    *ret_cut = whole - (earned->points < whole ? earned->points : whole);
    TALLY_TRY(tally_add(shared->given[column], earned->points, &shared->given[column]));
    return shared->given[column] > TALLY_POINTS_MAX ? TALLY_E_OVERFLOW : TALLY_OK;
}

/* ------------------------------------------------------------------ shares */

/* The same as tally_allot, where total times weight_total fits 64 bits: no calls. */
static void divide_small(const struct tally_earned *earned, int64_t points, enum plain plain,
                         const struct tally_line_work *lines, size_t columns, int64_t *shares)
{
    uint64_t total = (uint64_t)points, weight_total = (uint64_t)earned->weight;
    uint64_t weight_done = 0, given = 0;
    for (uint64_t set = earned->lines; set != 0;) {
        size_t i = take_first(&set);
        weight_done += (uint64_t)(plain == PLAIN_WORTH   ? lines[i].weight
                                  : plain == PLAIN_MONEY ? lines[i].base_minor
                                                         : lines[i].base_milli);
        uint64_t running = total * weight_done / weight_total;
        shares[i * columns] += (int64_t)(running - given);
        given = running;
    }
}

/* `points` among a rule's lines. */
static enum tally_status divide(const struct work *work, size_t index, int64_t points,
                                int64_t *shares)
{
    const struct tally_rule *rule = &work->programme->rules[index];
    const struct tally_earned *earned = &work->rules[index];
    const size_t columns = work->programme->purse_count + 1;
    uint64_t product = 0;
    shares += column_of(work->programme, rule->purse);
    enum plain plain = plain_of(rule);
    if (plain != PLAIN_NOT && work->line_count <= TALLY_BLOCK && earned->weight > 0 &&
        !__builtin_mul_overflow((uint64_t)points, (uint64_t)earned->weight, &product)) {
        divide_small(earned, points, plain, work->lines, columns, shares);
        return TALLY_OK;
    }
    struct tally_allotment allotment = {.total = points, .weight_total = earned->weight};
    for (size_t first = 0; first < work->line_count; first += TALLY_BLOCK) {
        uint64_t set = first == 0 ? earned->lines : block_of(work, rule, first);
        while (set != 0) {
            size_t line = first + take_first(&set);
            int64_t weight = 0, part = 0;
            TALLY_TRY(weight_of(rule, &work->lines[line], &weight));
            TALLY_TRY(tally_allot(&allotment, weight, &part));
            shares[line * columns] += part; /* fits: each rule's are within TALLY_POINTS_MAX */
        }
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ */

enum tally_status tally_earn(const struct tally_scene *scene, struct tally_earning *earning)
{
    assert(scene != NULL);
    assert(earning != NULL);

    const struct tally_programme *programme = scene->programme;
    struct work work = {.scene = scene,
                        .programme = programme,
                        .lines = scene->lines,
                        .line_count = scene->basket->line_count,
                        .rules = earning->rules};
    tally_names_read(work.lines, work.line_count, &work.names);
    TALLY_TRY(set_bases(&work));
    TALLY_TRY(set_multipliers(&work));
    for (size_t i = 0; i < programme->rule_count; i++) {
        if (programme->rules[i].kind != TALLY_EARN_MULTIPLY) {
            TALLY_TRY(work_out(&work, i));
        }
    }
    settle(&work, false);

    struct shared shared = shared_of(&work);
    const size_t size = work.line_count * (programme->purse_count + 1) * sizeof earning->shares[0];
    memset(earning->shares, 0, size);
    if (earning->cuts != NULL) {
        memset(earning->cuts, 0, size);
    }
    for (size_t i = 0; i < programme->rule_count; i++) {
        int64_t cut = 0;
        if (work.rules[i].points > 0) {
            TALLY_TRY(cap_together(&work, &shared, i, &cut));
            TALLY_TRY(divide(&work, i, work.rules[i].points, earning->shares));
        }
        if (cut > 0 && earning->cuts != NULL) {
            TALLY_TRY(divide(&work, i, cut, earning->cuts));
        }
    }
    return TALLY_OK;
}
