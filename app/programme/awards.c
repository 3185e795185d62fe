/* SPDX-License-Identifier: Apache-2.0 */
/* The sections awards and transfer: points that no sale gives. */
#include "app/core/basket.h"
#include "app/programme/parts.h"
#include "app/programme/sections.h"

#include <stdio.h>

enum { PPM_WHOLE = 1000000 };

static const struct choice award_kinds[] = {
    {"sign_up", TALLY_AWARD_SIGN_UP},   {"profile", TALLY_AWARD_PROFILE},
    {"birthday", TALLY_AWARD_BIRTHDAY}, {"referrer", TALLY_AWARD_REFERRER},
    {"referred", TALLY_AWARD_REFERRED}, {"surprise", TALLY_AWARD_SURPRISE},
    {"period", TALLY_AWARD_PERIOD},     {NULL, 0},
};

static const struct field award_fields[] = {
    FIELD_CODE_OF(tally_award_rule),
    FIELD_NAME_OF(tally_award_rule),
    {.key = "kind",
     .kind = FIELD_CHOICE,
     .required = true,
     FIELD_AT(tally_award_rule, kind),
     .choices = award_kinds},
    {.key = "tiers",
     .kind = FIELD_WORDS,
     FIELD_AT(tally_award_rule, tiers),
     .low = 1,
     .codes = CODES_TIERS},
    {.key = "purse", .kind = FIELD_CODE, FIELD_AT(tally_award_rule, purse), .codes = CODES_PURSES},
    {.key = "points",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_award_rule, points),
     .low = 1,
     .high = TALLY_REDEEM_MAX},
    {.key = "per",
     .kind = FIELD_PERIOD,
     FIELD_AT(tally_award_rule, period),
     .choices = award_periods},
    {.key = "uses",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_award_rule, uses_max),
     .low = 1,
     .high = TALLY_PROGRAMME_VISITS_MAX},
    {.key = "spend_minor_min",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_award_rule, spend_minor_min),
     .low = 1,
     .high = TALLY_MONEY_MAX},
    {.key = "chance_ppm",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_award_rule, chance_ppm),
     .low = 1,
     .high = PPM_WHOLE},
    {.key = "every",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_award_rule, every),
     .low = 1,
     .high = TALLY_REDEEM_MAX},
    {.key = "multiply_pct",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_award_rule, multiply_pct),
     .low = 1,
     .high = TALLY_PERCENT_MAX},
    {.key = "budget",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_award_rule, budget),
     .low = 1,
     .high = TALLY_POINTS_MAX},
};
const struct shape shape_award = SHAPE("award", award_fields);

static void check_award(struct reading *reading, struct node node,
                        const struct tally_award_rule *award)
{
    static const char *const of_referral[] = {"uses", "spend_minor_min", NULL};
    static const char *const of_surprise[] = {"chance_ppm", "every", "multiply_pct", "budget",
                                              NULL};
    static const char *const of_period[] = {"per", NULL};
    char why[TALLY_PROGRAMME_TEXT_LEN_MAX];
    snprintf(why, sizeof why, "for \"%s\"", award_kinds[award->kind - 1].word);
    bool referral = award->kind == TALLY_AWARD_REFERRER || award->kind == TALLY_AWARD_REFERRED;
    if (!referral) {
        reading_no_keys(reading, node, of_referral, why);
    }
    if (award->kind != TALLY_AWARD_PERIOD) {
        reading_no_keys(reading, node, of_period, why);
    } else if (!reading_has(node, "per")) {
        reading_report(reading, node.path, "\"per\" is missing");
    }
    if (award->kind != TALLY_AWARD_SURPRISE) {
        reading_no_keys(reading, node, of_surprise, why);
    } else if (reading_has(node, "chance_ppm") == reading_has(node, "every")) {
        reading_report(reading, node.path, "must say \"chance_ppm\" or \"every\", says %s",
                       reading_has(node, "every") ? "both" : "neither");
    }
    bool multiplies = award->kind == TALLY_AWARD_SURPRISE && reading_has(node, "multiply_pct");
    if (!reading_has(node, "points") && !multiplies) {
        reading_report(reading, node.path, "\"points\" is missing");
    }
    if (multiplies && award->purse != TALLY_PURSE_POINTS) {
        reading_report_key(reading, node, "multiply_pct", "multiplies points, in no other purse");
    }
}

void take_award(struct reading *reading, struct node node, void *item)
{
    struct tally_award_rule *award = item;
    if (reading_object(reading, node, &shape_award, award) && award->kind != 0) {
        name_default(&award->name, award->code);
        check_award(reading, node, award);
    }
}

/* ------------------------------------------------------------------ transfer */

static const struct field transfer_fields[] = {
    {.key = "allowed", .kind = FIELD_FLAG, FIELD_AT(tally_transfer_rules, allowed)},
    {.key = "points_min",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_transfer_rules, points_min),
     .low = 1,
     .high = TALLY_POINTS_MAX},
    {.key = "points_max",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_transfer_rules, points_max),
     .low = 1,
     .high = TALLY_POINTS_MAX},
    {.key = "limits",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_transfer_rules, limits, limit_count),
     .high = TALLY_CAPS_MAX,
     .shape = &shape_points_limit,
     .take = take_points_limit},
    {.key = "renews_expiry", .kind = FIELD_FLAG, FIELD_AT(tally_transfer_rules, renews_expiry)},
};
const struct shape shape_transfer = SHAPE("transfer", transfer_fields);

void take_transfer(struct reading *reading, struct node node, void *member)
{
    struct tally_transfer_rules *transfer = member;
    transfer->allowed = true;
    if (reading_object(reading, node, &shape_transfer, transfer) &&
        transfer->points_max < transfer->points_min) {
        reading_report_key(reading, node, "points_max", "must not be below points_min, %lld",
                           (long long)transfer->points_min);
    }
}
