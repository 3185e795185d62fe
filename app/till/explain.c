/* SPDX-License-Identifier: Apache-2.0 */
/* What a sale comes to and why: line by line, rule by rule, reward by reward. */
#include "app/till/write.h"

static const char *why_name(enum tally_why why)
{
    switch (why) {
    case TALLY_WHY_GAVE:
        return "gave";
    case TALLY_WHY_WHEN:
        return "conditions";
    case TALLY_WHY_LINES:
        return "lines";
    case TALLY_WHY_GROUP:
        return "group";
    case TALLY_WHY_STOPPED:
        return "stopped";
    case TALLY_WHY_CAPPED:
        return "capped";
    case TALLY_WHY_NOTHING:
        return "nothing";
    }
    return "";
}

static const char *period_name(enum tally_period_kind kind)
{
    static const char *const names[] = {
        [TALLY_PERIOD_SALE] = "sale",
        [TALLY_PERIOD_DAY] = "day",
        [TALLY_PERIOD_WEEK] = "week",
        [TALLY_PERIOD_MONTH] = "month",
        [TALLY_PERIOD_QUARTER] = "quarter",
        [TALLY_PERIOD_HALF_YEAR] = "half_year",
        [TALLY_PERIOD_YEAR] = "year",
        [TALLY_PERIOD_ANNIVERSARY] = "anniversary",
        [TALLY_PERIOD_ROLLING_DAYS] = "rolling_days",
        [TALLY_PERIOD_ROLLING_MONTHS] = "rolling_months",
        [TALLY_PERIOD_CAMPAIGN] = "campaign",
        [TALLY_PERIOD_LIFETIME] = "lifetime",
    };
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "";
}

/* What the rule says, for a sentence such as "1 point per 1.00". */
static json_t *rate_json(const struct tally_programme *programme, const struct tally_rule *rule)
{
    switch (rule->kind) {
    case TALLY_EARN_PER_MONEY:
        return json_pack("{s:s, s:I, s:I}", "kind", "per_money", "points", (json_int_t)rule->points,
                         "per_minor", (json_int_t)rule->per_minor);
    case TALLY_EARN_PER_ITEM:
        return json_pack("{s:s, s:I, s:I}", "kind", "per_item", "points", (json_int_t)rule->points,
                         "per_milli", (json_int_t)rule->per_milli);
    case TALLY_EARN_FIXED:
        return json_pack("{s:s, s:I}", "kind", "fixed", "points", (json_int_t)rule->points);
    case TALLY_EARN_MULTIPLY:
        return json_pack("{s:s, s:I}", "kind", "multiply", "multiply_pct",
                         (json_int_t)rule->multiply_pct);
    case TALLY_EARN_TIER:
        break;
    }
    const char *code = "";
    for (size_t i = 0; i < programme->tiers.tier_count; i++) {
        if (programme->tiers.tiers[i].id == rule->tier) {
            code = programme->tiers.tiers[i].code;
        }
    }
    return json_pack("{s:s, s:s, s:I}", "kind", "tier", "tier", code, "months",
                     (json_int_t)rule->tier_months);
}

static json_t *cap_json(const struct tally_rule *rule, size_t cap)
{
    if (cap == 0) {
        return json_null();
    }
    if (cap > rule->cap_count) {
        return json_pack("{s:s}", "by", "programme");
    }
    const struct tally_cap *own = &rule->caps[cap - 1];
    return json_pack("{s:s, s:s, s:I, s:I}", "by", "rule", "period", period_name(own->period.kind),
                     "length", (json_int_t)own->period.length, "points",
                     (json_int_t)own->points_max);
}

static json_t *earned_json(const struct tally_programme *programme,
                           const struct tally_earned *earned)
{
    const struct tally_rule *rule = &programme->rules[earned->rule];
    json_t *json =
        json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:I}", "rule", rule->code, "why",
                  why_name(earned->why), "rate", rate_json(programme, rule), "purse",
                  till_json_purse(programme, rule->purse), "base", (json_int_t)earned->base,
                  "before_milli", (json_int_t)earned->before_multiplier, "multiplier_ppm",
                  (json_int_t)earned->multiplier_ppm, "uncapped", (json_int_t)earned->uncapped,
                  "cap", cap_json(rule, earned->cap), "points", (json_int_t)earned->points);
    till_json_set_name(json, &rule->name);
    return json;
}

/* Every rule; of very many only those that came to something, so that the answer stays a line that
 * a till can take. */
static json_t *why_json(const struct tally_programme *programme,
                        const struct tally_earning *earning)
{
    json_t *why = json_array();
    bool is_long = programme->rule_count > TILL_RULES_SHOWN_MAX;
    for (size_t i = 0; earning->rules != NULL && i < programme->rule_count; i++) {
        const struct tally_earned *earned = &earning->rules[i];
        bool is_beside = earned->why == TALLY_WHY_WHEN || earned->why == TALLY_WHY_LINES;
        if (!(is_long && is_beside) && json_array_size(why) < TILL_RULES_SHOWN_MAX) {
            json_array_append_new(why, earned_json(programme, earned));
        }
    }
    return why;
}

/* ------------------------------------------------------------------ lines */

static json_t *line_json(int64_t net_minor, int64_t discount_minor, int64_t points_minor,
                         int64_t points)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "net_minor", (json_int_t)net_minor, "discount_minor",
                     (json_int_t)discount_minor, "points_minor", (json_int_t)points_minor, "points",
                     (json_int_t)points);
}

static void add_units(json_t *line, const struct tally_programme *programme, uint32_t purse,
                      int64_t units)
{
    json_t *purses = json_object_get(line, "purses");
    if (purses == NULL) {
        purses = json_array();
        json_object_set_new(line, "purses", purses);
    }
    json_array_append_new(purses,
                          json_pack("{s:o, s:I}", "purse", till_json_purse(programme, purse),
                                    "units", (json_int_t)units));
}

static json_t *quoted_lines_json(const struct till_quote *quote)
{
    const struct tally_programme *programme = quote->programme;
    const struct tally_quote *core = quote->quote;
    json_t *lines = json_array();
    for (size_t i = 0; core->lines != NULL && i < quote->basket->line_count; i++) {
        const struct tally_line_work *work = &core->lines[i];
        const int64_t *shares = &core->earning.shares[i * (programme->purse_count + 1)];
        json_t *line =
            line_json(work->net_minor, quote->basket->lines[i].amount_minor - work->net_minor,
                      work->points_minor, shares[0]);
        for (size_t purse = 0; purse < programme->purse_count; purse++) {
            if (shares[1 + purse] != 0) {
                add_units(line, programme, programme->purses[purse].id, shares[1 + purse]);
            }
        }
        json_array_append_new(lines, line);
    }
    return lines;
}

/* The same of a sale that is recorded. */
static json_t *sold_lines_json(const struct tally_programme *programme,
                               const struct tally_sale *sale)
{
    json_t *lines = json_array();
    size_t paid = 0, share = 0;
    for (size_t i = 0; i < sale->basket.line_count; i++) {
        int64_t discount_minor = 0, points_minor = 0, points = 0;
        if (paid < sale->paid_count && sale->paid[paid].line == i) {
            discount_minor = sale->paid[paid].discount_minor;
            points_minor = sale->paid[paid++].points_minor;
        }
        if (share < sale->share_count && sale->shares[share].line == i &&
            sale->shares[share].purse == TALLY_PURSE_POINTS) {
            points = sale->shares[share++].points;
        }
        json_t *line = line_json(sale->basket.lines[i].amount_minor - discount_minor,
                                 discount_minor, points_minor, points);
        for (; share < sale->share_count && sale->shares[share].line == i; share++) {
            if (sale->shares[share].points != 0) {
                add_units(line, programme, sale->shares[share].purse, sale->shares[share].points);
            }
        }
        json_array_append_new(lines, line);
    }
    return lines;
}

/* ------------------------------------------------------------------ rewards */

static json_t *taken_json(const struct tally_programme *programme, const struct tally_quote *quote)
{
    json_t *taken = json_array();
    for (size_t i = 0; i < quote->taken_count; i++) {
        const struct tally_taken *one = &quote->taken[i];
        const struct tally_reward *reward = &programme->rewards[one->reward];
        json_t *json = json_pack("{s:s, s:I, s:I, s:o, s:I}", "reward", reward->code, "times",
                                 (json_int_t)one->times, "cost", (json_int_t)one->cost, "purse",
                                 till_json_purse(programme, reward->cost_purse), "discount_minor",
                                 (json_int_t)one->discount_minor);
        till_json_set_name(json, &reward->name);
        if (reward->kind == TALLY_REWARD_PURSE) {
            json_object_set_new(json, "gives",
                                json_pack("{s:o, s:I}", "purse",
                                          till_json_purse(programme, reward->gives_purse), "units",
                                          (json_int_t)(reward->gives * (int64_t)one->times)));
        }
        json_array_append_new(taken, json);
    }
    return taken;
}

/* With no planned event: the points alone, and what the lines earned of each purse. */
static json_t *estimated_json(const struct till_quote *quote)
{
    const struct tally_programme *programme = quote->programme;
    const struct tally_quote *core = quote->quote;
    json_t *earned = json_array();
    for (size_t purse = 0; purse <= programme->purse_count; purse++) {
        uint32_t id = purse == 0 ? TALLY_PURSE_POINTS : programme->purses[purse - 1].id;
        struct tally_span dates = purse == 0
                                      ? core->earned_dates
                                      : tally_programme_purse_dates(programme, id, quote->day);
        int64_t points = purse == 0 ? core->earned_points : 0;
        for (size_t i = 0; purse > 0 && core->lines != NULL && i < quote->basket->line_count; i++) {
            points += core->earning.shares[i * (programme->purse_count + 1) + purse];
        }
        if (points > 0) {
            int32_t until = dates.until_day == TALLY_DAY_ACTIVE
                                ? tally_programme_active_until(programme, quote->day)
                                : dates.until_day;
            json_array_append_new(earned, json_pack("{s:o, s:I, s:o, s:o, s:b}", "purse",
                                                    till_json_purse(programme, id), "points",
                                                    (json_int_t)points, "from",
                                                    till_json_date(dates.from_day), "until",
                                                    till_json_date(until), "debt", 0));
        }
    }
    return earned;
}

json_t *till_json_quote(const struct till_quote *quote)
{
    const struct tally_programme *programme = quote->programme;
    const struct tally_quote *core = quote->quote;
    json_t *json = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "total_minor",
        (json_int_t)core->total_minor, "discount_minor", (json_int_t)core->discount_minor,
        "redeemed_points", (json_int_t)core->redeemed_points, "redeemed_minor",
        (json_int_t)core->redeemed_minor, "to_pay_minor", (json_int_t)core->to_pay_minor,
        "cost_points", (json_int_t)core->cost_points, "earned_points",
        (json_int_t)core->earned_points, "debt_paid", (json_int_t)core->debt_paid,
        "redeemable_here", (json_int_t)core->redeemable_here, "redeemable_online",
        (json_int_t)core->redeemable_online, "missing_here", (json_int_t)core->missing_here);
    json_object_set_new(json, "earned",
                        quote->event != NULL ? till_json_earned(programme, quote->event)
                                             : estimated_json(quote));
    json_object_set_new(json, "taken", taken_json(programme, core));
    json_object_set_new(json, "lines", quoted_lines_json(quote));
    json_object_set_new(json, "why", why_json(programme, &core->earning));
    till_json_set_tiers(json, programme, &core->tier, quote->day, "tier", "next_tier");
    till_json_set_tiers(json, programme, &core->tier_after, quote->day, "tier_after",
                        "next_tier_after");
    json_object_set_new(json, "warnings", till_json_warnings(&quote->ruling));
    return json;
}

/* ------------------------------------------------------------------ receipts */

/* What an event changed in purses other than the points, in the order of its moves. */
static json_t *changed_purses_json(const struct tally_programme *programme,
                                   const struct tally_event *event)
{
    json_t *purses = json_array();
    for (size_t i = 0; i < programme->purse_count; i++) {
        uint32_t id = programme->purses[i].id;
        int64_t earned = tally_event_points(event, id, TALLY_MOVE_EARN) -
                         tally_event_points(event, id, TALLY_MOVE_UNEARN);
        int64_t spent = tally_event_points(event, id, TALLY_MOVE_REDEEM) -
                        tally_event_points(event, id, TALLY_MOVE_UNREDEEM);
        if (earned != 0 || spent != 0) {
            json_array_append_new(
                purses, json_pack("{s:s, s:I, s:I}", "purse", programme->purses[i].code, "earned",
                                  (json_int_t)earned, "spent", (json_int_t)spent));
        }
    }
    return purses;
}

static void set_sums(json_t *json, int64_t total_minor, int64_t discount_minor,
                     int64_t redeemed_points, int64_t redeemed_minor, int64_t cost_points,
                     int64_t earned_points)
{
    json_object_set_new(json, "total_minor", json_integer(total_minor));
    json_object_set_new(json, "discount_minor", json_integer(discount_minor));
    json_object_set_new(json, "redeemed_points", json_integer(redeemed_points));
    json_object_set_new(json, "redeemed_minor", json_integer(redeemed_minor));
    json_object_set_new(json, "to_pay_minor",
                        json_integer(total_minor - discount_minor - redeemed_minor));
    json_object_set_new(json, "cost_points", json_integer(cost_points));
    json_object_set_new(json, "earned_points", json_integer(earned_points));
}

static void set_sale(json_t *json, const struct tally_programme *programme,
                     const struct tally_event *event)
{
    const struct tally_sale *sale = &event->as.sale;
    int64_t spent = tally_event_points(event, TALLY_PURSE_POINTS, TALLY_MOVE_REDEEM);
    int64_t earned = tally_event_points(event, TALLY_PURSE_POINTS, TALLY_MOVE_EARN);
    set_sums(json, sale->total_minor, sale->discount_minor, sale->basket.points,
             sale->redeemed_minor, spent - sale->basket.points, earned);
    json_object_set_new(json, "earned", till_json_earned(programme, event));
    json_object_set_new(json, "lines", sold_lines_json(programme, sale));
    json_object_set_new(json, "purses", changed_purses_json(programme, event));
}

/* The amounts undone, with a minus: what is to be paid is to be paid out. */
static void set_reversal(json_t *json, const struct tally_programme *programme,
                         const struct tally_event *event)
{
    const struct tally_reversal *reversal = &event->as.reversal;
    set_sums(json, -reversal->amount_minor, 0,
             -tally_event_points(event, TALLY_PURSE_POINTS, TALLY_MOVE_UNREDEEM),
             -reversal->redeemed_minor, 0,
             -tally_event_points(event, TALLY_PURSE_POINTS, TALLY_MOVE_UNEARN));
    json_object_set_new(json, "purses", changed_purses_json(programme, event));
}

static int64_t held_points(const struct tally_event *event, enum tally_move_kind kind)
{
    return tally_event_points(event, TALLY_PURSE_POINTS, kind);
}

/* The purse that an adjustment moved: it moves one. */
static uint32_t adjusted_purse(const struct tally_event *event)
{
    for (size_t i = 0; i < event->effects.move_count; i++) {
        enum tally_move_kind kind = event->effects.moves[i].kind;
        if (kind == TALLY_MOVE_ADJUST_OUT || kind == TALLY_MOVE_ADJUST_IN ||
            kind == TALLY_MOVE_ADJUST_DEBT) {
            return event->effects.moves[i].purse;
        }
    }
    return TALLY_PURSE_POINTS;
}

static void set_adjusted(json_t *json, const struct tally_programme *programme,
                         const struct tally_event *event)
{
    uint32_t purse = adjusted_purse(event);
    int64_t points = tally_event_points(event, purse, TALLY_MOVE_ADJUST_IN) -
                     tally_event_points(event, purse, TALLY_MOVE_ADJUST_OUT) -
                     tally_event_points(event, purse, TALLY_MOVE_ADJUST_DEBT);
    json_object_set_new(json, "purse", till_json_purse(programme, purse));
    json_object_set_new(json, "points", json_integer(points));
}

json_t *till_json_receipt(const struct till_receipt *receipt)
{
    const struct tally_event *event = receipt->event;
    const struct tally_programme *programme = receipt->member.programme;
    json_t *json = json_pack("{s:{s:I, s:I, s:I}, s:b}", "event", "terminal",
                             (json_int_t)event->id.terminal, "epoch", (json_int_t)event->id.epoch,
                             "seq", (json_int_t)event->id.seq, "repeated", (int)receipt->repeated);
    switch (event->type) {
    case TALLY_EVENT_SALE:
        set_sale(json, programme, event);
        break;
    case TALLY_EVENT_VOID:
    case TALLY_EVENT_REFUND:
        set_reversal(json, programme, event);
        break;
    case TALLY_EVENT_HOLD:
        json_object_set_new(json, "hold", json_integer((json_int_t)event->id.seq));
        json_object_set_new(json, "points", json_integer(held_points(event, TALLY_MOVE_HOLD)));
        json_object_set_new(json, "until", till_json_instant(event->as.hold.until_ms));
        break;
    case TALLY_EVENT_RELEASE:
        json_object_set_new(json, "hold", json_integer((json_int_t)event->effects.hold));
        json_object_set_new(json, "points", json_integer(held_points(event, TALLY_MOVE_RELEASE)));
        break;
    case TALLY_EVENT_ADJUST:
        set_adjusted(json, programme, event);
        break;
    default: /* of no till */
        break;
    }
    json_object_set_new(json, "warnings", till_json_warnings(&receipt->ruling));
    json_object_set_new(json, "member", till_json_member(&receipt->member));
    return json;
}
