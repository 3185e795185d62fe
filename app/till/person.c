/* SPDX-License-Identifier: Apache-2.0 */
/* A member as a till shows it: points, stamps, tier, rewards, and where every point is held. */
#include "app/till/write.h"

/* What lapses next of a purse, and what becomes usable next. */
struct coming {
    int32_t expiry_day; /* TALLY_DAY_NEVER: nothing lapses */
    int64_t expiry_points;
    int32_t usable_day; /* TALLY_DAY_NEVER: nothing is pending */
    int64_t usable_points;
};

static void add_to_first(int32_t day, int64_t points, int32_t *first_day, int64_t *first_points)
{
    if (day < *first_day) {
        *first_day = day;
        *first_points = 0;
    }
    if (day == *first_day) {
        *first_points += points;
    }
}

static struct coming coming_of(const struct tally_account *account, uint32_t purse, int32_t day)
{
    struct coming coming = {.expiry_day = TALLY_DAY_NEVER, .usable_day = TALLY_DAY_NEVER};
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        int32_t last_day = tally_lot_last_day(account, lot);
        if (lot->purse != purse || last_day < day) {
            continue;
        }
        if (last_day != TALLY_DAY_NEVER) {
            add_to_first(last_day, lot->points, &coming.expiry_day, &coming.expiry_points);
        }
        if (lot->from_day > day) {
            add_to_first(lot->from_day, lot->points, &coming.usable_day, &coming.usable_points);
        }
    }
    return coming;
}

static json_t *dated(int32_t day, int64_t points)
{
    return day == TALLY_DAY_NEVER
               ? json_null()
               : json_pack("{s:o, s:I}", "date", till_json_date(day), "points", (json_int_t)points);
}

static json_t *lots_json(const struct till_member *member, int32_t day)
{
    json_t *lots = json_array();
    for (size_t i = 0; i < member->account->lot_count; i++) {
        const struct tally_lot *lot = &member->account->lots[i];
        int32_t last_day = tally_lot_last_day(member->account, lot);
        if (last_day >= day) {
            json_array_append_new(
                lots,
                json_pack("{s:I, s:o, s:o, s:o, s:I}", "drawer", (json_int_t)lot->drawer, "purse",
                          till_json_purse(member->programme, lot->purse), "from",
                          lot->from_day > day ? till_json_date(lot->from_day) : json_null(),
                          "expires", till_json_date(last_day), "points", (json_int_t)lot->points));
        }
    }
    return lots;
}

static json_t *purses_json(const struct till_member *member, int32_t day)
{
    const struct tally_programme *programme = member->programme;
    json_t *purses = json_array();
    for (size_t i = 0; i < programme->purse_count; i++) {
        const struct tally_purse_rules *rules = &programme->purses[i];
        struct tally_balance balance =
            tally_account_balance(member->account, rules->id, day, member->now_ms);
        struct coming coming = coming_of(member->account, rules->id, day);
        int64_t here = tally_account_in_drawer(member->account, rules->id, member->terminal, day,
                                               member->now_ms);
        json_t *purse =
            json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "code", rules->code, "units",
                      (json_int_t)balance.usable, "units_here", (json_int_t)here, "pending",
                      (json_int_t)balance.pending, "debt", (json_int_t)balance.debt, "next_usable",
                      dated(coming.usable_day, coming.usable_points), "next_expiry",
                      dated(coming.expiry_day, coming.expiry_points));
        till_json_set_name(purse, &rules->name);
        json_array_append_new(purses, purse);
    }
    return purses;
}

static json_t *offers_json(const struct till_member *member)
{
    json_t *offers = json_array();
    for (size_t i = 0; i < member->offer_count; i++) {
        const struct tally_offer *offer = &member->offers[i];
        const struct tally_reward *reward = &member->programme->rewards[offer->reward];
        json_t *json = json_pack(
            "{s:s, s:I, s:o, s:o}", "code", reward->code, "cost", (json_int_t)reward->cost, "purse",
            till_json_purse(member->programme, reward->cost_purse), "times",
            offer->times == INT64_MAX ? json_null() : json_integer((json_int_t)offer->times));
        till_json_set_name(json, &reward->name);
        json_array_append_new(offers, json);
    }
    return offers;
}

static json_t *holds_json(const struct till_member *member)
{
    const struct tally_account *account = member->account;
    json_t *holds = json_array();
    for (size_t i = 0; i < account->hold_count; i++) {
        const struct tally_open_hold *hold = &account->holds[i];
        int64_t points = 0;
        for (size_t j = 0; j < account->lot_count; j++) {
            if (account->lots[j].drawer == hold->drawer && account->lots[j].hold == hold->hold) {
                points += account->lots[j].points;
            }
        }
        json_array_append_new(holds, json_pack("{s:I, s:I, s:I, s:o}", "drawer",
                                               (json_int_t)hold->drawer, "hold",
                                               (json_int_t)hold->hold, "points", (json_int_t)points,
                                               "until", till_json_instant(hold->until_ms)));
    }
    return holds;
}

json_t *till_json_member(const struct till_member *member)
{
    const struct tally_programme *programme = member->programme;
    const struct tally_account *account = member->account;
    int32_t day = tally_programme_day(programme, member->now_ms);
    struct tally_balance balance =
        tally_account_balance(account, TALLY_PURSE_POINTS, day, member->now_ms);
    struct tally_tier_view view = tally_tier_of(account, programme, day);
    struct coming coming = coming_of(account, TALLY_PURSE_POINTS, day);
    int64_t here =
        tally_account_in_drawer(account, TALLY_PURSE_POINTS, member->terminal, day, member->now_ms);
    int64_t value_minor = 0;
    if (balance.usable < 0 ||
        tally_programme_value(programme, view.tier, balance.usable, &value_minor) != TALLY_OK) {
        value_minor = 0;
    }
    json_t *json = json_pack(
        "{s:o, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "member",
        till_json_digits(member->member), "account", till_json_digits(account->id), "name",
        member->name, "points", (json_int_t)balance.usable, "points_here", (json_int_t)here,
        "pending", (json_int_t)balance.pending, "held", (json_int_t)balance.held, "value_minor",
        (json_int_t)value_minor, "debt", (json_int_t)balance.debt, "visits",
        (json_int_t)tally_account_visits(account), "since",
        account->since_day == INT32_MAX ? json_null() : till_json_date(account->since_day),
        "next_usable", dated(coming.usable_day, coming.usable_points), "next_expiry",
        dated(coming.expiry_day, coming.expiry_points));
    json_object_set_new(json, "blocked", json_boolean(account->blocked));
    till_json_set_tiers(json, programme, &view, day, "tier", "next_tier");
    json_object_set_new(json, "purses", purses_json(member, day));
    json_object_set_new(json, "rewards", offers_json(member));
    json_object_set_new(json, "holds", holds_json(member));
    json_object_set_new(json, "lots", lots_json(member, day));
    return json;
}
