/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that several answers share: numbers, days, names, tiers, warnings. */
#include "app/till/write.h"

#include <inttypes.h>
#include <stdio.h>

json_t *till_json_digits(uint64_t number)
{
    return json_sprintf("%" PRIu64, number);
}

json_t *till_json_date(int32_t day)
{
    if (day == TALLY_DAY_NEVER || day == 0) {
        return json_null();
    }
    int32_t year = 0, month = 0, day_of_month = 0;
    tally_day_to_date(day, &year, &month, &day_of_month);
    return json_sprintf("%04" PRId32 "-%02" PRId32 "-%02" PRId32, year, month, day_of_month);
}

/* Not by gmtime(): time_t has 32 bits on armhf. */
json_t *till_json_instant(int64_t time_ms)
{
    if (time_ms <= 0) {
        return json_null();
    }
    int32_t day = tally_day_from_ms(time_ms, 0), year = 0, month = 0, day_of_month = 0;
    tally_day_to_date(day, &year, &month, &day_of_month);
    int second = (int)(time_ms / 1000 % 86400);
    return json_sprintf("%04" PRId32 "-%02" PRId32 "-%02" PRId32 "T%02d:%02d:%02dZ", year, month,
                        day_of_month, second / 3600, second / 60 % 60, second % 60);
}

json_t *till_json_purse(const struct tally_programme *programme, uint32_t purse)
{
    if (purse == TALLY_PURSE_POINTS) {
        return json_null();
    }
    const struct tally_purse_rules *rules = tally_programme_purse(programme, purse);
    return rules == NULL ? json_sprintf("#%08" PRIx32, purse) : json_string(rules->code);
}

/* Names are allowed to be left out of a programme. */
static const char *text_or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

void till_json_set_name(json_t *object, const struct tally_name *name)
{
    json_object_set_new(object, "name_en", json_string(text_or_empty(name->en)));
    json_object_set_new(object, "name_zh", json_string(text_or_empty(name->zh)));
}

static json_t *tier_json(const struct tally_tier *tier)
{
    json_t *json =
        json_pack("{s:s, s:I, s:o, s:I}", "code", tier->code, "stars", (json_int_t)tier->stars,
                  "colour", json_sprintf("#%06" PRIx32, tier->colour), "multiplier_pct",
                  (json_int_t)tier->multiplier_pct);
    till_json_set_name(json, &tier->name);
    json_object_set_new(json, "note_en", json_string(text_or_empty(tier->note.en)));
    json_object_set_new(json, "note_zh", json_string(text_or_empty(tier->note.zh)));
    return json;
}

static const char *metric_name(enum tally_metric metric)
{
    static const char *const names[] = {[TALLY_METRIC_SPEND] = "spend",
                                        [TALLY_METRIC_POINTS] = "points",
                                        [TALLY_METRIC_VISITS] = "visits",
                                        [TALLY_METRIC_BALANCE] = "balance"};
    return metric < TALLY_METRIC_SPEND || metric > TALLY_METRIC_BALANCE ? "" : names[metric];
}

void till_json_set_tiers(json_t *object, const struct tally_programme *programme,
                         const struct tally_tier_view *view, int32_t day, const char *tier_key,
                         const char *next_key)
{
    const struct tally_tier_rules *rules = &programme->tiers;
    json_t *tier = json_null(), *next = json_null();
    if (view->tier < rules->tier_count) {
        /* Held to this very day is held as long as the conditions are met: no date to show. */
        tier = tier_json(&rules->tiers[view->tier]);
        json_object_set_new(tier, "until",
                            view->until_day <= day ? json_null() : till_json_date(view->until_day));
        json_object_set_new(tier, "given", json_boolean(view->is_floor));
    }
    if (view->next < rules->tier_count) {
        next = tier_json(&rules->tiers[view->next]);
        json_object_set_new(next, "needed", json_integer(view->needed));
        json_object_set_new(next, "metric", json_string(metric_name(view->metric)));
        json_object_set_new(next, "until", till_json_date(view->needed_until_day));
    }
    json_object_set_new(object, tier_key, tier);
    json_object_set_new(object, next_key, next);
}

json_t *till_json_warnings(const struct tally_ruling *ruling)
{
    char text[TILL_DETAIL_LEN_MAX + 1];
    if (ruling->verdict == TALLY_ALLOW) {
        return json_array();
    }
    (void)tally_guard_text(ruling, text, sizeof text);
    return json_pack("[{s:s, s:s, s:I, s:I, s:s}]", "verdict",
                     ruling->verdict == TALLY_REFUSE ? "refuse" : "warn", "guard",
                     tally_guard_name(ruling->kind), "value", (json_int_t)ruling->value, "limit",
                     (json_int_t)ruling->limit, "text", text);
}

json_t *till_json_earned(const struct tally_programme *programme, const struct tally_event *event)
{
    json_t *earned = json_array();
    for (size_t i = 0; i < event->effects.move_count; i++) {
        const struct tally_move *move = &event->effects.moves[i];
        if (move->kind != TALLY_MOVE_EARN && move->kind != TALLY_MOVE_EARN_DEBT) {
            continue;
        }
        /* With activity the last day follows the next sale: there is none to name yet. */
        int32_t until = move->expires_day == TALLY_DAY_ACTIVE ? event->effects.active_until_day
                                                              : move->expires_day;
        bool is_debt = move->kind == TALLY_MOVE_EARN_DEBT;
        json_array_append_new(earned, json_pack("{s:o, s:I, s:o, s:o, s:b}", "purse",
                                                till_json_purse(programme, move->purse), "points",
                                                (json_int_t)move->points, "from",
                                                till_json_date(move->from_day), "until",
                                                is_debt ? json_null() : till_json_date(until),
                                                "debt", (int)is_debt));
    }
    return earned;
}
