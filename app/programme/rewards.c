/* SPDX-License-Identifier: Apache-2.0 */
/* The sections rewards, redeem and refunds: what points are good for, and how they come back. */
#include "app/core/basket.h"
#include "app/programme/parts.h"
#include "app/programme/sections.h"

enum { PERCENT_WHOLE = 100, PIECES_MAX = 1000000 };

/* ------------------------------------------------------------------ rewards */

static const struct choice reward_kinds[] = {
    {"amount", TALLY_REWARD_AMOUNT},
    {"percent", TALLY_REWARD_PERCENT},
    {"item", TALLY_REWARD_ITEM},
    {"bundle", TALLY_REWARD_BUNDLE},
    {"gift", TALLY_REWARD_GIFT},
    {"purse", TALLY_REWARD_PURSE},
    {NULL, 0},
};

static const struct field reward_fields[] = {
    FIELD_CODE_OF(tally_reward),
    FIELD_NAME_OF(tally_reward),
    {.key = "kind",
     .kind = FIELD_CHOICE,
     .required = true,
     FIELD_AT(tally_reward, kind),
     .choices = reward_kinds},
    FIELD_WHEN_OF(tally_reward),
    FIELD_LINES_OF(tally_reward, lines),
    {.key = "automatic", .kind = FIELD_FLAG, FIELD_AT(tally_reward, is_automatic)},
    {.key = "cost",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_reward, cost),
     .low = 1,
     .high = TALLY_REDEEM_MAX},
    {.key = "cost_purse",
     .kind = FIELD_CODE,
     FIELD_AT(tally_reward, cost_purse),
     .codes = CODES_PURSES},
    {.key = "amount_minor",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_reward, amount_minor),
     .low = 1,
     .high = TALLY_MONEY_MAX},
    {.key = "percent",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_reward, percent),
     .low = 1,
     .high = PERCENT_WHOLE},
    {.key = "buy", .kind = FIELD_NUMBER, FIELD_AT(tally_reward, buy), .low = 1, .high = PIECES_MAX},
    {.key = "get", .kind = FIELD_NUMBER, FIELD_AT(tally_reward, get), .low = 1, .high = PIECES_MAX},
    {.key = "gives_purse",
     .kind = FIELD_CODE,
     FIELD_AT(tally_reward, gives_purse),
     .codes = CODES_PURSES},
    {.key = "gives",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_reward, gives),
     .low = 1,
     .high = TALLY_REDEEM_MAX},
    {.key = "limits",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_reward, limits, limit_count),
     .high = TALLY_CAPS_MAX,
     .shape = &shape_times_limit,
     .take = take_times_limit},
    {.key = "total",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_reward, total_max),
     .low = 1,
     .high = TALLY_POINTS_MAX},
    {.key = "group", .kind = FIELD_GROUP, FIELD_AT(tally_reward, group)},
};
const struct shape shape_reward = SHAPE("reward", reward_fields);

enum key_need { NOT_HERE = 0, MAY_BE, MUST_BE };

/* Which keys each kind has. */
static const struct {
    const char *key;
    enum key_need needs[TALLY_REWARD_PURSE + 1];
} reward_keys[] = {
    {"amount_minor", {[TALLY_REWARD_AMOUNT] = MUST_BE, [TALLY_REWARD_PERCENT] = MAY_BE}},
    {"percent",
     {[TALLY_REWARD_PERCENT] = MUST_BE,
      [TALLY_REWARD_ITEM] = MAY_BE,
      [TALLY_REWARD_BUNDLE] = MAY_BE}},
    {"buy", {[TALLY_REWARD_BUNDLE] = MUST_BE}},
    {"get", {[TALLY_REWARD_ITEM] = MAY_BE, [TALLY_REWARD_BUNDLE] = MUST_BE}},
    {"gives_purse", {[TALLY_REWARD_PURSE] = MUST_BE}},
    {"gives", {[TALLY_REWARD_PURSE] = MAY_BE}},
};

static void check_reward(struct reading *reading, struct node node,
                         const struct tally_reward *reward)
{
    const char *kind = reward_kinds[reward->kind - 1].word;
    for (size_t i = 0; i < sizeof reward_keys / sizeof reward_keys[0]; i++) {
        const char *key = reward_keys[i].key;
        enum key_need need = reward_keys[i].needs[reward->kind];
        bool is_there = reading_has(node, key);
        if (need == NOT_HERE && is_there) {
            reading_report_key(reading, node, key, "has no meaning for \"%s\"", kind);
        } else if (need == MUST_BE && !is_there) {
            reading_report(reading, node.path, "\"%s\" is missing", key);
        }
    }
    if (reading_has(node, "cost_purse") && !reading_has(node, "cost")) {
        reading_report(reading, node.path, "\"cost\" is missing");
    }
    if (reading_has(node, "gives_purse") && reward->gives_purse == TALLY_PURSE_POINTS) {
        reading_report_key(reading, node, "gives_purse", "must be one of purses, not the points");
    } else if (reward->kind == TALLY_REWARD_PURSE && reward->cost > 0 &&
               reward->cost_purse == reward->gives_purse) {
        reading_report_key(reading, node, "gives_purse", "is the purse that it costs");
    }
}

void take_reward(struct reading *reading, struct node node, void *item)
{
    struct tally_reward *reward = item;
    reward->when = when_always();
    if (!reading_object(reading, node, &shape_reward, reward) || reward->kind == 0) {
        return;
    }
    name_default(&reward->name, reward->code);
    check_reward(reading, node, reward);
    bool in_pieces = reward->kind == TALLY_REWARD_ITEM || reward->kind == TALLY_REWARD_BUNDLE;
    if (in_pieces && !reading_has(node, "percent")) {
        reward->percent = PERCENT_WHOLE;
    }
    if (reward->kind == TALLY_REWARD_ITEM && !reading_has(node, "get")) {
        reward->get = 1;
    }
    if (reward->kind == TALLY_REWARD_PURSE && !reading_has(node, "gives")) {
        reward->gives = 1;
    }
    check_when(reading, node, &reward->when);
    check_campaigns(reading, node, "limits", reward->limits, reward->limit_count, &reward->when);
}

/* ------------------------------------------------------------------ points as payment */

static const struct field redeem_fields[] = {
    {.key = "step_points",
     .kind = FIELD_NUMBER,
     .required = true,
     FIELD_AT(tally_redeem_rules, step_points),
     .low = 1,
     .high = TALLY_REDEEM_MAX},
    {.key = "step_value_minor",
     .kind = FIELD_NUMBER,
     .required = true,
     FIELD_AT(tally_redeem_rules, value_minor),
     .low = 1,
     .high = TALLY_REDEEM_MAX},
    {.key = "minimum_points",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_redeem_rules, points_min),
     .low = 1,
     .high = TALLY_REDEEM_MAX},
    {.key = "maximum_points",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_redeem_rules, points_max),
     .low = 1,
     .high = TALLY_POINTS_MAX},
    {.key = "maximum_share_pct",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_redeem_rules, share_pct),
     .high = PERCENT_WHOLE},
    {.key = "limits",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_redeem_rules, limits, limit_count),
     .high = TALLY_CAPS_MAX,
     .shape = &shape_points_limit,
     .take = take_points_limit},
    {.key = "member_limits",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_redeem_rules, member_limits, member_limit_count),
     .high = TALLY_CAPS_MAX,
     .shape = &shape_points_limit,
     .take = take_points_limit},
    FIELD_LINES_OF(tally_redeem_rules, lines),
    {.key = "earned_pays", .kind = FIELD_FLAG, FIELD_AT(tally_redeem_rules, earned_pays)},
};
const struct shape shape_redeem = SHAPE("redeem", redeem_fields);

void redeem_default(struct tally_redeem_rules *redeem)
{
    *redeem = (struct tally_redeem_rules){.step_points = 1, .value_minor = 1, .points_min = 1};
}

void take_redeem(struct reading *reading, struct node node, void *member)
{
    struct tally_redeem_rules *redeem = member;
    *redeem = (struct tally_redeem_rules){.share_pct = PERCENT_WHOLE};
    if (!reading_object(reading, node, &shape_redeem, redeem) || redeem->step_points == 0) {
        return;
    }
    if (!reading_has(node, "minimum_points")) {
        redeem->points_min = redeem->step_points;
    } else if (redeem->points_min % redeem->step_points != 0) {
        reading_report_key(reading, node, "minimum_points",
                           "must be a multiple of step_points, %lld, is %lld",
                           (long long)redeem->step_points, (long long)redeem->points_min);
    }
    if (redeem->points_max > 0 && redeem->points_max < redeem->points_min) {
        reading_report_key(reading, node, "maximum_points",
                           "must not be below the minimum, %lld, is %lld",
                           (long long)redeem->points_min, (long long)redeem->points_max);
    }
}

/* ------------------------------------------------------------------ refunds */

static const struct choice policies[] = {
    {"debt", TALLY_REFUND_DEBT},
    {"clamp", TALLY_REFUND_CLAMP},
    {"refuse", TALLY_REFUND_REFUSE},
    {"pending", TALLY_REFUND_PENDING},
    {NULL, 0},
};
static const struct choice shares[] = {{"line", 0}, {"amount", 1}, {NULL, 0}};

static void take_by(struct reading *reading, struct node node, void *by_amount)
{
    int value = 0;
    if (reading_choice(reading, node, shares, &value)) {
        *(bool *)by_amount = value != 0;
    }
}

static const struct field refund_fields[] = {
    {.key = "policy",
     .kind = FIELD_CHOICE,
     FIELD_AT(tally_refund_rules, policy),
     .choices = policies},
    {.key = "pending_first", .kind = FIELD_FLAG, FIELD_AT(tally_refund_rules, pending_first)},
    {.key = "window_days",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_refund_rules, window_days),
     .low = 1,
     .high = TALLY_PROGRAMME_ROLLING_DAYS_MAX},
    {.key = "grace_days",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_refund_rules, grace_days),
     .high = TALLY_EXPIRY_DAYS_MAX},
    {.key = "by",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_refund_rules, by_amount),
     .choices = shares,
     .take = take_by},
    {.key = "capped_first", .kind = FIELD_FLAG, FIELD_AT(tally_refund_rules, capped_first)},
};
const struct shape shape_refunds = SHAPE("refunds", refund_fields);
