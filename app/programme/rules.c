/* SPDX-License-Identifier: Apache-2.0 */
/* The section earn: what gives points, and how much. */
#include "app/programme/parts.h"
#include "app/programme/sections.h"

enum { PIECE_MILLI = 1000, TIER_MONTHS_MAX = TALLY_EXPIRY_MONTHS_MAX };

static const struct choice roundings[] = {
    {"floor", TALLY_ROUND_FLOOR},
    {"half_up", TALLY_ROUND_HALF_UP},
    {"half_even", TALLY_ROUND_HALF_EVEN},
    {"ceil", TALLY_ROUND_CEIL},
    {NULL, 0},
};

static void take_items(struct reading *reading, struct node node, void *per_milli)
{
    int64_t items = 0;
    if (reading_number(reading, node, 1, TALLY_REDEEM_MAX / PIECE_MILLI, &items)) {
        *(int64_t *)per_milli = items * PIECE_MILLI;
    }
}

static const struct field rule_fields[] = {
    FIELD_CODE_OF(tally_rule),
    FIELD_NAME_OF(tally_rule),
    FIELD_WHEN_OF(tally_rule),
    FIELD_LINES_OF(tally_rule, lines),
    {.key = "points", .kind = FIELD_NUMBER, FIELD_AT(tally_rule, points), .high = TALLY_REDEEM_MAX},
    {.key = "per_minor",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_rule, per_minor),
     .low = 1,
     .high = TALLY_REDEEM_MAX},
    {.key = "per_quantity_milli",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_rule, per_milli),
     .low = 1,
     .high = TALLY_REDEEM_MAX},
    {.key = "per_items",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_rule, per_milli),
     .low = 1,
     .high = TALLY_REDEEM_MAX / PIECE_MILLI,
     .take = take_items},
    {.key = "multiply_pct",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_rule, multiply_pct),
     .high = TALLY_PERCENT_MAX},
    {.key = "gives_tier", .kind = FIELD_CODE, FIELD_AT(tally_rule, tier), .codes = CODES_TIERS},
    {.key = "months",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_rule, tier_months),
     .low = 1,
     .high = TIER_MONTHS_MAX},
    {.key = "purse", .kind = FIELD_CODE, FIELD_AT(tally_rule, purse), .codes = CODES_PURSES},
    {.key = "whole_steps", .kind = FIELD_FLAG, FIELD_AT(tally_rule, whole_steps)},
    {.key = "rounding", .kind = FIELD_CHOICE, FIELD_AT(tally_rule, rounding), .choices = roundings},
    {.key = "per_line", .kind = FIELD_FLAG, FIELD_AT(tally_rule, per_line)},
    {.key = "multiplied", .kind = FIELD_FLAG, FIELD_AT(tally_rule, is_multiplied)},
    {.key = "counts_for_tier", .kind = FIELD_FLAG, FIELD_AT(tally_rule, counts_for_tier)},
    {.key = "caps",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_rule, caps, cap_count),
     .high = TALLY_CAPS_MAX,
     .shape = &shape_cap,
     .take = take_cap},
    {.key = "uses",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_rule, uses_max),
     .low = 1,
     .high = TALLY_PROGRAMME_VISITS_MAX},
    {.key = "group", .kind = FIELD_GROUP, FIELD_AT(tally_rule, group)},
    {.key = "stop", .kind = FIELD_FLAG, FIELD_AT(tally_rule, stops)},
    {.key = "pending",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_rule, pending),
     .shape = &shape_pending,
     .take = take_pending},
    {.key = "expiry",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_rule, expiry),
     .shape = &shape_expiry,
     .take = take_expiry},
};
const struct shape shape_rule = SHAPE("rule", rule_fields);

/* One of the forms is there, and none of the keys of another. */
static void take_kind(struct reading *reading, struct node node, struct tally_rule *rule)
{
    bool gives = reading_has(node, "points"), multiplies = reading_has(node, "multiply_pct");
    bool lifts = reading_has(node, "gives_tier"), money = reading_has(node, "per_minor");
    bool milli = reading_has(node, "per_quantity_milli"), items = reading_has(node, "per_items");
    if (gives + multiplies + lifts != 1) {
        reading_report(reading, node.path,
                       "must say one of \"points\", \"multiply_pct\" and \"gives_tier\", says %s",
                       gives + multiplies + lifts == 0 ? "none" : "more");
    } else if (money + milli + items > 1) {
        reading_report(reading, node.path,
                       "must say one of \"per_minor\", \"per_quantity_milli\" and \"per_items\", "
                       "says more");
    }
    rule->kind = multiplies       ? TALLY_EARN_MULTIPLY
                 : lifts          ? TALLY_EARN_TIER
                 : money          ? TALLY_EARN_PER_MONEY
                 : milli || items ? TALLY_EARN_PER_ITEM
                                  : TALLY_EARN_FIXED;
}

/* Keys that say nothing in this form of a rule are mistakes: who wrote them meant something. */
static void check_form(struct reading *reading, struct node node, const struct tally_rule *rule)
{
    static const char *const of_steps[] = {"whole_steps", "per_line", NULL};
    static const char *const of_points[] = {
        "per_minor", "per_quantity_milli", "per_items",  "purse", "whole_steps",
        "rounding",  "per_line",           "multiplied", "caps",  "pending",
        "expiry",    "counts_for_tier",    NULL};
    static const char *const of_tier[] = {"months", NULL};
    static const char *const of_group[] = {"group", NULL};
    static const char *const of_purse_points[] = {"counts_for_tier", NULL};
    if (rule->kind == TALLY_EARN_MULTIPLY) {
        reading_no_keys(reading, node, of_points, "beside \"multiply_pct\"");
    } else if (rule->kind == TALLY_EARN_TIER) {
        reading_no_keys(reading, node, of_points, "beside \"gives_tier\"");
        reading_no_keys(reading, node, of_group, "beside \"gives_tier\"");
        if (!reading_has(node, "months")) {
            reading_report(reading, node.path, "\"months\" is missing");
        }
    } else if (rule->kind == TALLY_EARN_FIXED) {
        reading_no_keys(reading, node, of_steps, "for points per sale");
    }
    if (rule->kind != TALLY_EARN_TIER) {
        reading_no_keys(reading, node, of_tier, "without \"gives_tier\"");
    }
    if (rule->purse != TALLY_PURSE_POINTS) {
        reading_no_keys(reading, node, of_purse_points, "for a purse that is not the points");
    }
}

void take_rule(struct reading *reading, struct node node, void *item)
{
    struct tally_rule *rule = item;
    rule->when = when_always();
    rule->counts_for_tier = true;
    if (!reading_object(reading, node, &shape_rule, rule)) {
        return;
    }
    name_default(&rule->name, rule->code);
    take_kind(reading, node, rule);
    check_form(reading, node, rule);
    bool gives = rule->kind == TALLY_EARN_PER_MONEY || rule->kind == TALLY_EARN_PER_ITEM ||
                 rule->kind == TALLY_EARN_FIXED;
    rule->counts_for_tier = rule->counts_for_tier && gives && rule->purse == TALLY_PURSE_POINTS;
    if (!reading_has(node, "multiplied")) {
        rule->is_multiplied =
            gives && rule->kind != TALLY_EARN_FIXED && rule->purse == TALLY_PURSE_POINTS;
    }
    rule->has_pending = reading_has(node, "pending");
    rule->has_expiry = reading_has(node, "expiry");
    check_when(reading, node, &rule->when);
    check_campaigns(reading, node, "caps", rule->caps, rule->cap_count, &rule->when);
}

/* Rules of a group are measured against each other: points of one purse, or multipliers. */
void check_groups(struct reading *reading)
{
    const struct tally_programme *programme = reading->programme;
    size_t *firsts = arena_alloc(reading->arena, programme->group_count + 1, sizeof *firsts);
    if (firsts == NULL) {
        reading->no_memory = true;
        return;
    }
    for (size_t i = 0; i < programme->rule_count; i++) {
        const struct tally_rule *rule = &programme->rules[i];
        if (rule->group == 0 || rule->kind == TALLY_EARN_TIER) {
            continue;
        }
        if (firsts[rule->group] == 0) {
            firsts[rule->group] = i + 1;
            continue;
        }
        const struct tally_rule *first = &programme->rules[firsts[rule->group] - 1];
        bool multiplies = rule->kind == TALLY_EARN_MULTIPLY;
        bool alike = multiplies == (first->kind == TALLY_EARN_MULTIPLY);
        if (!alike || rule->purse != first->purse) {
            struct locate_path earn = {NULL, "earn", 0}, rules = {&earn, "rules", 0};
            struct locate_path item = {&rules, NULL, i}, path = {&item, "group", 0};
            reading_report(reading, &path, "earn.rules[%zu] of the same group %s",
                           firsts[rule->group] - 1,
                           alike        ? "gives to another purse"
                           : multiplies ? "gives points, and this one multiplies"
                                        : "multiplies, and this one gives points");
        }
    }
}

/* ------------------------------------------------------------------ the section */

static const struct choice meetings[] = {
    {"compound", TALLY_MULTIPLIERS_COMPOUND},
    {"sum", TALLY_MULTIPLIERS_SUM},
    {"best", TALLY_MULTIPLIERS_BEST},
    {NULL, 0},
};

static const struct field earn_fields[] = {
    {.key = "rules",
     .kind = FIELD_LIST,
     .required = true,
     FIELD_LIST_AT(tally_programme, rules, rule_count),
     .high = TALLY_RULES_MAX,
     .codes = CODES_RULES,
     .shape = &shape_rule,
     .take = take_rule},
    {.key = "multipliers",
     .kind = FIELD_CHOICE,
     FIELD_AT(tally_programme, multipliers),
     .choices = meetings},
    {.key = "on_redeemed", .kind = FIELD_FLAG, FIELD_AT(tally_programme, earn_on_redeemed)},
    {.key = "on_tax", .kind = FIELD_NO_FLAG, FIELD_AT(tally_programme, earn_without_tax)},
    {.key = "on_discounts", .kind = FIELD_FLAG, FIELD_AT(tally_programme, earn_before_discount)},
    {.key = "tenders_without_points",
     .kind = FIELD_WORDS,
     FIELD_AT(tally_programme, tenders_without_points)},
    FIELD_LINES_OF(tally_programme, earn_lines),
    {.key = "caps",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_programme, earn_caps, earn_cap_count),
     .high = TALLY_CAPS_MAX,
     .shape = &shape_points_limit,
     .take = take_points_limit},
    {.key = "pending",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_programme, pending),
     .shape = &shape_pending,
     .take = take_pending},
};
const struct shape shape_earn = SHAPE("earn", earn_fields);
