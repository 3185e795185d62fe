/* SPDX-License-Identifier: Apache-2.0 */
/* The section tiers: what lifts a member, and for how long. */
#include "app/core/basket.h"
#include "app/programme/parts.h"
#include "app/programme/sections.h"

/* A level as it stands in the document. */
struct level {
    struct tally_tier tier; /* first: its code is registered */
    int64_t threshold;
};
struct conditions {
    const struct tally_condition *all;
    size_t all_count;
    const struct tally_condition *any;
    size_t any_count;
};
/* The section, while the metric of its thresholds is still to be met. */
struct section {
    struct tally_tier_rules rules;
    int metric; /* 0: not said */
    const struct level *levels;
    size_t level_count;
};

static const struct choice metrics[] = {
    {"spend", TALLY_METRIC_SPEND},
    {"points", TALLY_METRIC_POINTS},
    {"visits", TALLY_METRIC_VISITS},
    {"balance", TALLY_METRIC_BALANCE},
    {NULL, 0},
};

/* ------------------------------------------------------------------ levels */

static const struct field condition_fields[] = {
    {.key = "metric",
     .kind = FIELD_CHOICE,
     .required = true,
     FIELD_AT(tally_condition, metric),
     .choices = metrics},
    {.key = "threshold",
     .kind = FIELD_NUMBER,
     .required = true,
     FIELD_AT(tally_condition, threshold),
     .low = 1,
     .high = TALLY_MONEY_MAX},
};
const struct shape shape_condition = SHAPE("condition", condition_fields);

static void take_condition(struct reading *reading, struct node node, void *item)
{
    (void)reading_object(reading, node, &shape_condition, item);
}

static const struct field conditions_fields[] = {
    {.key = "all",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(conditions, all, all_count),
     .low = 1,
     .high = TALLY_PROGRAMME_CONDITIONS_MAX,
     .shape = &shape_condition,
     .take = take_condition},
    {.key = "any",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(conditions, any, any_count),
     .low = 1,
     .high = TALLY_PROGRAMME_CONDITIONS_MAX,
     .shape = &shape_condition,
     .take = take_condition},
};
const struct shape shape_conditions = SHAPE("conditions", conditions_fields);

static void take_conditions(struct reading *reading, struct node node, void *member)
{
    struct tally_tier *tier = member;
    struct conditions conditions = {NULL, 0, NULL, 0};
    if (!reading_object(reading, node, &shape_conditions, &conditions)) {
        return;
    }
    if (reading_has(node, "all") == reading_has(node, "any")) {
        reading_report(reading, node.path, "must hold \"all\" or \"any\", holds %s",
                       reading_has(node, "all") ? "both" : "neither");
        return;
    }
    tier->any_condition = reading_has(node, "any");
    tier->conditions = tier->any_condition ? conditions.any : conditions.all;
    tier->condition_count = tier->any_condition ? conditions.any_count : conditions.all_count;
}

static void take_colour(struct reading *reading, struct node node, void *member)
{
    const char *text = reading_text(reading, node, TALLY_PROGRAMME_TEXT_LEN_MAX);
    if (text == NULL) {
        return;
    }
    uint32_t colour = 0;
    size_t at = 1;
    for (; text[0] == '#' && at <= 6; at++) {
        static const char digits[] = "0123456789ABCDEFabcdef";
        const char *digit = text[at] != '\0' ? strchr(digits, text[at]) : NULL;
        if (digit == NULL) {
            break;
        }
        uint32_t value = (uint32_t)(digit - digits);
        colour = colour * 16 + (value > 15 ? value - 6 : value);
    }
    if (at != 7 || text[at] != '\0') {
        reading_report(reading, node.path, "must be like \"#D4AF37\", is \"%s\"", text);
        return;
    }
    *(uint32_t *)member = colour;
}

static const struct field level_fields[] = {
    FIELD_CODE_OF(tally_tier),
    FIELD_NAME_OF(tally_tier),
    {.key = "note",
     .kind = FIELD_NAME,
     FIELD_AT(tally_tier, note),
     .shape = &shape_note,
     .high = TALLY_PROGRAMME_NOTE_LEN_MAX},
    {.key = "stars", .kind = FIELD_NUMBER, FIELD_AT(tally_tier, stars), .high = TALLY_STARS_MAX},
    {.key = "colour", .kind = FIELD_SPECIAL, FIELD_AT(tally_tier, colour), .take = take_colour},
    {.key = "threshold", .kind = FIELD_NUMBER, FIELD_AT(level, threshold), .high = TALLY_MONEY_MAX},
    {.key = "conditions",
     .kind = FIELD_SPECIAL,
     .at = 0, /* several members of the tier */
     .shape = &shape_conditions,
     .take = take_conditions},
    {.key = "multiplier_pct",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_tier, multiplier_pct),
     .high = TALLY_PERCENT_MAX},
    {.key = "step_value_minor",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_tier, redeem_value_minor),
     .low = 1,
     .high = TALLY_REDEEM_MAX},
    {.key = "given_only", .kind = FIELD_FLAG, FIELD_AT(tally_tier, is_given_only)},
};
const struct shape shape_level = SHAPE("level", level_fields);
_Static_assert(offsetof(struct level, tier) == 0, "a level begins with its tier");

/* How it is reached: a threshold, conditions, or not at all. */
static void check_way(struct reading *reading, struct node node, const struct level *level,
                      size_t index)
{
    bool threshold = reading_has(node, "threshold"), conditions = reading_has(node, "conditions");
    if (index == 0) {
        static const char *const keys[] = {"conditions", "given_only", NULL};
        reading_no_keys(reading, node, keys, "in the first level, where everybody begins");
        if (level->threshold != 0) {
            reading_report_key(reading, node, "threshold", "must be 0 in the first level, is %lld",
                               (long long)level->threshold);
        }
    } else if (level->tier.is_given_only) {
        static const char *const keys[] = {"conditions", "threshold", NULL};
        reading_no_keys(reading, node, keys, "for a tier that is only given");
    } else if (threshold == conditions) {
        reading_report(reading, node.path,
                       "must say \"threshold\", \"conditions\" or \"given_only\", says %s",
                       threshold ? "more" : "none");
    } else if (threshold && level->threshold == 0) {
        reading_report_key(reading, node, "threshold", "must be above 0 but in the first level");
    }
}

static void take_level(struct reading *reading, struct node node, void *item)
{
    struct level *level = item;
    level->tier.multiplier_pct = 100;
    if (reading_object(reading, node, &shape_level, level)) {
        name_default(&level->tier.name, level->tier.code);
        check_way(reading, node, level, node.path->index);
    }
}

/* ------------------------------------------------------------------ the section */

static const struct choice holds[] = {
    {"none", TALLY_TIER_HOLD_NONE},
    {"period", TALLY_TIER_HOLD_PERIOD},
    {"next_period", TALLY_TIER_HOLD_NEXT_PERIOD},
    {"ever", TALLY_TIER_HOLD_EVER},
    {NULL, 0},
};
static const struct field hold_fields[] = {
    {.key = "months",
     .kind = FIELD_NUMBER,
     .required = true,
     FIELD_AT(tally_tier_rules, hold_months),
     .low = 1,
     .high = TALLY_PROGRAMME_TIER_MONTHS_MAX},
};
const struct shape shape_hold = SHAPE("hold", hold_fields);

static void take_hold(struct reading *reading, struct node node, void *member)
{
    struct tally_tier_rules *rules = member;
    if (json_is_object(node.value)) {
        rules->hold = TALLY_TIER_HOLD_MONTHS;
        (void)reading_object(reading, node, &shape_hold, rules);
        return;
    }
    int hold = 0;
    if (reading_choice(reading, node, holds, &hold)) {
        rules->hold = (enum tally_tier_hold)hold;
    }
}

static const struct choice upgrades[] = {{"at_once", 0}, {"next_period", 1}, {NULL, 0}};
static void take_upgrade(struct reading *reading, struct node node, void *next_period)
{
    int value = 0;
    if (reading_choice(reading, node, upgrades, &value)) {
        *(bool *)next_period = value != 0;
    }
}

static const struct choice downgrades[] = {
    {"to_fit", TALLY_DOWNGRADE_TO_FIT},
    {"one_step", TALLY_DOWNGRADE_ONE_STEP},
    {"never", TALLY_DOWNGRADE_NEVER},
    {NULL, 0},
};
static const struct field grace_fields[] = {
    {.key = "days",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_tier_rules, grace_days),
     .high = TALLY_PROGRAMME_ROLLING_DAYS_MAX},
    {.key = "months",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_tier_rules, grace_months),
     .high = TALLY_PROGRAMME_TIER_MONTHS_MAX},
    {.key = "to_month_end", .kind = FIELD_FLAG, FIELD_AT(tally_tier_rules, grace_to_month_end)},
};
const struct shape shape_grace = SHAPE("grace", grace_fields);

static const struct field tiers_fields[] = {
    {.key = "metric", .kind = FIELD_CHOICE, FIELD_AT(section, metric), .choices = metrics},
    {.key = "window",
     .kind = FIELD_PERIOD,
     FIELD_AT(tally_tier_rules, window),
     .high = 1,
     .choices = tier_windows,
     .shape = &shape_rolling},
    {.key = "upgrade",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_tier_rules, upgrade_next_period),
     .choices = upgrades,
     .take = take_upgrade},
    {.key = "hold",
     .kind = FIELD_SPECIAL,
     .at = 0, /* several members */
     .choices = holds,
     .shape = &shape_hold,
     .take = take_hold},
    {.key = "downgrade",
     .kind = FIELD_CHOICE,
     FIELD_AT(tally_tier_rules, downgrade),
     .choices = downgrades},
    {.key = "grace", .kind = FIELD_OBJECT, .at = 0, .shape = &shape_grace},
    {.key = "levels",
     .kind = FIELD_LIST,
     .required = true,
     FIELD_LIST_AT(section, levels, level_count),
     .low = 1,
     .high = TALLY_TIERS_MAX,
     .codes = CODES_TIERS,
     .shape = &shape_level,
     .take = take_level},
};
const struct shape shape_tiers = SHAPE("tiers", tiers_fields);
_Static_assert(offsetof(struct section, rules) == 0, "a section begins with its rules");

/* Holding to the end of a period takes a window that has one. */
static void check_window(struct reading *reading, struct node node,
                         const struct tally_tier_rules *rules)
{
    enum tally_period_kind kind = rules->window.kind;
    if (kind >= TALLY_PERIOD_DAY && kind <= TALLY_PERIOD_ANNIVERSARY) {
        return;
    }
    static const char why[] = "needs a window that has periods, from month to anniversary";
    if (rules->hold == TALLY_TIER_HOLD_PERIOD || rules->hold == TALLY_TIER_HOLD_NEXT_PERIOD) {
        reading_report_key(reading, node, "hold", "%s", why);
    }
    if (rules->upgrade_next_period) {
        reading_report_key(reading, node, "upgrade", "%s", why);
    }
    if (rules->downgrade == TALLY_DOWNGRADE_ONE_STEP) {
        reading_report_key(reading, node, "downgrade", "%s", why);
    }
}

/* There is a metric for the thresholds. */
static void check_metric(struct reading *reading, struct node node, const struct section *section)
{
    bool any = false;
    for (size_t i = 0; i < section->level_count; i++) {
        any = any || section->levels[i].threshold > 0;
    }
    if (any && !reading_has(node, "metric")) {
        reading_report(reading, node.path, "\"metric\" is missing: what the thresholds are of");
    }
}

/* The one condition of a tier that has one; NULL for another. */
static const struct tally_condition *only_condition(const struct tally_tier *tier)
{
    return tier->condition_count == 1 && !tier->is_given_only ? &tier->conditions[0] : NULL;
}

/* What several conditions come to can't be told beforehand; but a ladder of single ones goes up. */
static void check_rising(struct reading *reading, struct node node,
                         const struct tally_tier_rules *rules)
{
    const struct tally_condition *last[TALLY_METRIC_BALANCE + 1] = {NULL};
    struct locate_path levels = {node.path, "levels", 0};
    for (size_t i = 1; i < rules->tier_count; i++) {
        const struct tally_condition *only = only_condition(&rules->tiers[i]);
        if (only == NULL || only->metric == 0) {
            continue; /* or reported */
        }
        if (last[only->metric] != NULL && only->threshold <= last[only->metric]->threshold) {
            struct locate_path level = {&levels, NULL, i}, conditions = {&level, "conditions", 0};
            struct locate_path threshold = {&level, "threshold", 0};
            bool has_conditions = reading_has(
                (struct node){json_array_get(json_object_get(node.value, "levels"), i), &level},
                "conditions");
            reading_report(reading, has_conditions ? &conditions : &threshold,
                           "must be above the level before it, %lld, is %lld",
                           (long long)last[only->metric]->threshold, (long long)only->threshold);
        }
        last[only->metric] = only;
    }
}

static void move_levels(struct reading *reading, const struct section *section,
                        struct tally_tier_rules *rules)
{
    struct tally_tier *tiers = arena_alloc(reading->arena, section->level_count, sizeof *tiers);
    for (size_t i = 0; tiers != NULL && i < section->level_count; i++) {
        tiers[i] = section->levels[i].tier;
        if (section->levels[i].threshold == 0) {
            continue;
        }
        struct tally_condition *condition = arena_alloc(reading->arena, 1, sizeof *condition);
        if (condition == NULL) {
            reading->no_memory = true;
            return;
        }
        *condition = (struct tally_condition){(enum tally_metric)section->metric,
                                              section->levels[i].threshold};
        tiers[i].conditions = condition;
        tiers[i].condition_count = 1;
    }
    reading->no_memory = reading->no_memory || tiers == NULL;
    rules->tiers = tiers;
    rules->tier_count = tiers == NULL ? 0 : section->level_count;
}

void take_tiers(struct reading *reading, struct node node, void *member)
{
    struct tally_tier_rules *rules = member;
    struct section section = {.rules = {.window = {TALLY_PERIOD_YEAR, 0}}};
    if (!reading_object(reading, node, &shape_tiers, &section)) {
        return;
    }
    check_window(reading, node, &section.rules);
    check_metric(reading, node, &section);
    *rules = section.rules;
    move_levels(reading, &section, rules);
    check_rising(reading, node, rules);
}

void tiers_default(struct reading *reading)
{
    struct tally_tier *tier = arena_alloc(reading->arena, 1, sizeof *tier);
    struct reading_code *code = arena_alloc(reading->arena, 1, sizeof *code);
    if (tier == NULL || code == NULL) {
        reading->no_memory = true;
        return;
    }
    static const char text[] = "member";
    *tier = (struct tally_tier){.code = text,
                                .id = tally_word_id(text, sizeof text - 1),
                                .name = {"Member", "会员"},
                                .multiplier_pct = 100};
    *code = (struct reading_code){tier->id, 0, text};
    reading->codes[CODES_TIERS].items = code;
    reading->codes[CODES_TIERS].count = 1;
    reading->programme->tiers =
        (struct tally_tier_rules){.window = {TALLY_PERIOD_YEAR, 0}, .tiers = tier, .tier_count = 1};
}
