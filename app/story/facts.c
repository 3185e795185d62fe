/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the engine what a line may ask about. */
#include "app/story/facts.h"

#include <assert.h>
#include <inttypes.h>

#define TEXT(slice) (int)(slice).len, (const char *)(slice).data

static struct fact_value number(int64_t value)
{
    return (struct fact_value){.exists = true, .number = value};
}

static struct fact_value word(const char *text)
{
    return (struct fact_value){.exists = true, .word = text};
}

static struct fact_value nothing(void)
{
    return (struct fact_value){.exists = false};
}

static bool is_code(struct tally_slice told, const char *code)
{
    return story_is(told, code);
}

static enum tally_status no_such(const struct fact_view *view, const char *what,
                                 struct tally_slice code)
{
    return story_complain(view->run->problem, view->step->line, "the programme has no %s '%.*s'",
                          what, TEXT(code));
}

/* ------------------------------------------------------------------ lots */

static bool counts_here(const struct fact_view *view, const struct tally_lot *lot, uint32_t purse,
                        bool only_here)
{
    const struct run *run = view->run;
    bool is_pending = lot->hold == 0 && lot->from_day > run->day;
    return lot->purse == purse && (!only_here || lot->drawer == view->outcome->till) &&
           (is_pending || tally_lot_is_usable(view->account, lot, run->day, run->now_ms));
}

/* Last day first; then the day from which it is usable, if that is to come. */
struct lot_key {
    int64_t last;
    int64_t from;
};

static struct lot_key key_of(const struct fact_view *view, const struct tally_lot *lot)
{
    bool is_pending = lot->from_day > view->run->day;
    return (struct lot_key){tally_lot_last_day(view->account, lot), is_pending ? lot->from_day : 0};
}

static bool is_before(struct lot_key left, struct lot_key right)
{
    return left.last != right.last ? left.last < right.last : left.from < right.from;
}

enum tally_status fact_lots(const struct fact_view *view, const struct story_expect *expect,
                            struct tally_buffer *text)
{
    const struct tally_account *account = view->account;
    bool only_here = expect->fact == STORY_LOTS_HERE;
    size_t before = text->len;
    uint32_t purse = 0;
    TALLY_TRY(run_purse(view->run, view->step->line, expect->part, &purse));
    struct lot_key last = {INT64_MIN, 0};
    for (;;) {
        struct lot_key key = {INT64_MAX, 0};
        int64_t points = 0;
        for (size_t i = 0; i < account->lot_count; i++) {
            struct lot_key this = key_of(view, &account->lots[i]);
            if (!counts_here(view, &account->lots[i], purse, only_here) || !is_before(last, this) ||
                is_before(key, this)) {
                continue;
            }
            points = (is_before(this, key) ? 0 : points) + account->lots[i].points;
            key = this;
        }
        if (key.last == INT64_MAX) {
            break;
        }
        char from[STORY_DAY_TEXT_MAX] = "", until[STORY_DAY_TEXT_MAX];
        story_day_text((int32_t)key.last, until);
        if (key.from > 0) {
            story_day_text((int32_t)key.from, from);
        }
        TALLY_TRY(story_say(text, "%s%s%s%s:%" PRId64, text->len > before ? "," : "", from,
                            key.from > 0 ? ".." : "", until, points));
        last = key;
    }
    return text->len > before ? TALLY_OK : story_say(text, "none");
}

/* ------------------------------------------------------------------ what a sale came to */

static int64_t moved(const struct tally_event *event, uint32_t purse, enum tally_move_kind kind)
{
    int64_t points = 0;
    for (size_t i = 0; i < event->effects.move_count; i++) {
        const struct tally_move *move = &event->effects.moves[i];
        points += move->kind == kind && move->purse == purse ? move->points : 0;
    }
    return points;
}

/* What awards of this line brought the member. */
static int64_t awarded(const struct fact_view *view, uint32_t purse)
{
    const struct shop *shop = &view->run->shop;
    int64_t points = 0;
    for (size_t i = view->outcome->first_event; i < shop->event_count; i++) {
        const struct shop_event *event = shop->events[i];
        if (event->is_committed && event->event.type == TALLY_EVENT_AWARD &&
            event->member == view->outcome->member) {
            points += tally_event_points(&event->event, purse, TALLY_MOVE_EARN);
        }
    }
    return points;
}

/* Of an `asks` there is no event yet: what the rules give to a purse. */
static int64_t would_earn(const struct fact_view *view, uint32_t purse)
{
    const struct tally_programme *programme = view->run->programme;
    const struct tally_quote *quote = &view->outcome->quote;
    int64_t points = 0;
    if (purse == TALLY_PURSE_POINTS) {
        return quote->earned_points;
    }
    for (size_t i = 0; i < programme->rule_count; i++) {
        points += programme->rules[i].purse == purse ? quote->earning.rules[i].points : 0;
    }
    return points;
}

static struct fact_value earned(const struct fact_view *view, uint32_t purse)
{
    const struct outcome *outcome = view->outcome;
    if (view->step->verb == STORY_ENROLS || view->step->verb == STORY_GETS) {
        return number(awarded(view, purse));
    }
    if (outcome->event != NULL) {
        return number(tally_event_points(&outcome->event->event, purse, TALLY_MOVE_EARN));
    }
    return outcome->has_quote ? number(would_earn(view, purse)) : nothing();
}

/* Dates of the largest part of a purse that was earned. */
static struct fact_value earned_dates(const struct fact_view *view, uint32_t purse, bool is_end)
{
    const struct outcome *outcome = view->outcome;
    struct tally_span dates = {0, 0};
    int64_t most = 0;
    if (outcome->event == NULL && purse == TALLY_PURSE_POINTS && outcome->has_quote) {
        dates = outcome->quote.earned_dates;
        most = outcome->quote.earned_points;
    }
    for (size_t i = 0; outcome->event != NULL && i < outcome->event->event.effects.move_count;
         i++) {
        const struct tally_move *move = &outcome->event->event.effects.moves[i];
        bool is_earned = move->kind == TALLY_MOVE_EARN || move->kind == TALLY_MOVE_EARN_DEBT;
        if (is_earned && move->purse == purse && move->points > most) {
            dates = (struct tally_span){move->from_day, move->expires_day};
            most = move->points;
        }
    }
    if (most == 0) {
        return word("none");
    }
    const struct tally_lot lot = {.expires_day = dates.until_day, .from_day = dates.from_day};
    return number(is_end                            ? tally_lot_last_day(view->account, &lot)
                  : dates.from_day > view->run->day ? dates.from_day
                                                    : view->run->day);
}

static struct fact_value cost_of(const struct fact_view *view, uint32_t purse)
{
    const struct tally_quote *quote = &view->outcome->quote;
    int64_t cost = 0;
    for (size_t i = 0; i < quote->taken_count; i++) {
        const struct tally_reward *reward = &view->run->programme->rewards[quote->taken[i].reward];
        cost += reward->cost_purse == purse ? quote->taken[i].cost : 0;
    }
    return number(cost);
}

static enum tally_status taken_fact(const struct fact_view *view, const struct story_expect *expect,
                                    struct fact_value *ret_value)
{
    const struct tally_quote *quote = &view->outcome->quote;
    const struct tally_reward *reward = tally_programme_reward(
        view->run->programme, tally_word_id(expect->part.data, expect->part.len));
    if (reward == NULL) {
        return no_such(view, "reward", expect->part);
    }
    *ret_value = view->outcome->has_quote ? number(0) : nothing();
    for (size_t i = 0; i < quote->taken_count && view->outcome->has_quote; i++) {
        const struct tally_taken *taken = &quote->taken[i];
        if (&view->run->programme->rewards[taken->reward] == reward) {
            ret_value->number += expect->fact == STORY_TIMES ? taken->times : taken->discount_minor;
        }
    }
    return TALLY_OK;
}

static const char *why_word(enum tally_why why)
{
    static const char *const words[] = {
        [TALLY_WHY_GAVE] = "gave",       [TALLY_WHY_WHEN] = "when",
        [TALLY_WHY_LINES] = "lines",     [TALLY_WHY_GROUP] = "group",
        [TALLY_WHY_STOPPED] = "stopped", [TALLY_WHY_CAPPED] = "capped",
        [TALLY_WHY_NOTHING] = "nothing",
    };
    return (size_t)why < sizeof words / sizeof words[0] && words[why] != NULL ? words[why] : "?";
}

/* Points that a rule gave; or, where a word was told, in a word why. */
static enum tally_status why_fact(const struct fact_view *view, const struct story_expect *expect,
                                  struct fact_value *ret_value)
{
    const struct tally_programme *programme = view->run->programme;
    bool wants_word = expect->told.data[0] >= 'a' && expect->told.data[0] <= 'z';
    *ret_value = nothing();
    for (size_t i = 0; i < programme->rule_count; i++) {
        if (!is_code(expect->part, programme->rules[i].code)) {
            continue;
        }
        if (view->outcome->has_quote) {
            const struct tally_earned *rule = &view->outcome->quote.earning.rules[i];
            *ret_value = wants_word ? word(why_word(rule->why)) : number(rule->points);
        }
        return TALLY_OK;
    }
    return no_such(view, "rule", expect->part);
}

static struct fact_value line_fact(const struct fact_view *view, const struct story_expect *expect)
{
    size_t line = 0;
    for (size_t i = 0; i < expect->part.len; i++) {
        line = line * 10 + (size_t)(expect->part.data[i] - '0');
    }
    bool is_there = view->outcome->has_quote && line <= view->step->lines.count;
    return is_there ? number(view->outcome->quote.lines[line - 1].net_minor) : nothing();
}

static struct fact_value quote_fact(const struct fact_view *view, enum story_fact fact,
                                    uint32_t purse)
{
    const struct outcome *outcome = view->outcome;
    const struct tally_quote *quote =
        outcome->event != NULL ? &outcome->event->quote : &outcome->quote;
    if (outcome->event == NULL && !outcome->has_quote) {
        return nothing();
    }
    switch (fact) {
    case STORY_REDEEMED:
        return number(quote->redeemed_points);
    case STORY_REDEEMED_VALUE:
        return number(quote->redeemed_minor);
    case STORY_TOTAL:
        return number(quote->total_minor);
    case STORY_DISCOUNT:
        return number(quote->discount_minor);
    case STORY_PAYS:
        return number(quote->to_pay_minor);
    case STORY_MOST:
        return number(quote->redeemable_here);
    case STORY_MOST_ONLINE:
        return number(quote->redeemable_online);
    case STORY_TIER_AFTER:
        return word(view->run->programme->tiers.tiers[quote->tier_after.tier].code);
    case STORY_DEBT_PAID:
        return outcome->event == NULL
                   ? number(purse == 0 ? quote->debt_paid : 0)
                   : number(moved(&outcome->event->event, purse, TALLY_MOVE_EARN_DEBT));
    case STORY_COST:
        return outcome->has_quote ? cost_of(view, purse) : nothing();
    case STORY_DREW:
        return outcome->event == NULL ? nothing() : number(outcome->event->drew);
    case STORY_SURPRISE:
        return outcome->event == NULL ? nothing() : number(outcome->event->surprise);
    default:
        return nothing();
    }
}

/* ------------------------------------------------------------------ reversals */

static struct fact_value reversal_fact(const struct fact_view *view, enum story_fact fact,
                                       uint32_t purse)
{
    if (view->outcome->event == NULL) {
        return nothing();
    }
    const struct tally_event *event = &view->outcome->event->event;
    const struct tally_reversal *reversal = &event->as.reversal;
    switch (fact) {
    case STORY_WORTH:
        return number(reversal->amount_minor);
    case STORY_PAYS_BACK:
        return number(reversal->amount_minor - reversal->redeemed_minor);
    case STORY_GIVES_BACK:
        return number(moved(event, purse, TALLY_MOVE_UNREDEEM));
    case STORY_TAKES_BACK:
        return number(tally_event_points(event, purse, TALLY_MOVE_UNEARN));
    default:
        return nothing();
    }
}

/* ------------------------------------------------------------------ clearing */

static enum tally_status merchant_fact(const struct fact_view *view,
                                       const struct story_expect *expect,
                                       struct fact_value *ret_value)
{
    const struct tally_programme *programme = view->run->programme;
    const struct tally_clearing *merchants = view->outcome->merchants;
    size_t at = 0;
    while (at < programme->merchant_count &&
           !is_code(expect->part, programme->merchants[at].code)) {
        at++;
    }
    if (at == programme->merchant_count && !story_is(expect->part, "programme")) {
        return no_such(view, "merchant", expect->part);
    }
    *ret_value = merchants == NULL              ? nothing()
                 : expect->fact == STORY_OWES   ? number(merchants[at].owes_minor)
                 : expect->fact == STORY_ISSUED ? number(merchants[at].issued)
                                                : number(merchants[at].redeemed);
    return TALLY_OK;
}

/* ------------------------------------------------------------------ the member */

static int64_t value_of_points(const struct fact_view *view)
{
    const struct run *run = view->run;
    int64_t points = tally_account_balance(view->account, 0, run->day, run->now_ms).usable;
    size_t tier = tally_tier_of(view->account, run->programme, run->day).tier;
    int64_t minor = 0;
    if (points < 0 || tally_programme_value(run->programme, tier, points, &minor) != TALLY_OK) {
        return 0;
    }
    return minor;
}

/* 0 is nothing of anything, also of money. */
static struct fact_value of_metric(int64_t amount, enum tally_metric metric)
{
    struct fact_value value = number(amount);
    value.is_money = amount == 0 || metric == TALLY_METRIC_SPEND;
    return value;
}

static struct fact_value tier_fact(const struct fact_view *view, enum story_fact fact)
{
    const struct tally_programme *programme = view->run->programme;
    const struct tally_tier_view tier = tally_tier_of(view->account, programme, view->run->day);
    bool is_top = tier.next >= programme->tiers.tier_count;
    switch (fact) {
    case STORY_TIER:
        return word(programme->tiers.tiers[tier.tier].code);
    case STORY_TIER_UNTIL:
        return number(tier.until_day);
    case STORY_TIER_GIVEN:
        return word(tier.is_floor ? "yes" : "no");
    case STORY_NEXT:
        return word(is_top ? "none" : programme->tiers.tiers[tier.next].code);
    case STORY_NEEDS_UNTIL:
        return is_top ? word("none") : number(tier.needed_until_day);
    case STORY_KEEP_NEEDS:
        return of_metric(tier.keep_needed, tier.keep_metric);
    case STORY_KEEP_UNTIL:
        return tier.keep_needed == 0 ? word("none") : number(tier.keep_until_day);
    default:
        return of_metric(is_top ? 0 : tier.needed, tier.metric);
    }
}

static struct fact_value counts_fact(const struct fact_view *view,
                                     const struct story_expect *expect)
{
    enum tally_metric metric = story_is(expect->part, "spend")    ? TALLY_METRIC_SPEND
                               : story_is(expect->part, "points") ? TALLY_METRIC_POINTS
                               : story_is(expect->part, "visits") ? TALLY_METRIC_VISITS
                                                                  : TALLY_METRIC_BALANCE;
    struct fact_value value =
        number(tally_tier_metric(view->account, view->run->programme, metric, view->run->day));
    value.is_money = metric == TALLY_METRIC_SPEND;
    return value;
}

/* What the member's sales and awards since a day have earned, less what was undone: a statement. */
static struct fact_value earned_since(const struct fact_view *view,
                                      const struct story_expect *expect)
{
    const struct shop *shop = &view->run->shop;
    int64_t points = 0;
    int32_t since = 0;
    if (story_day_of(expect->part, &since) != TALLY_OK) {
        return nothing();
    }
    for (size_t i = 0; i < shop->event_count; i++) {
        const struct shop_event *event = shop->events[i];
        bool is_known = event->is_at_hq ||
                        (event->is_committed && event->event.id.terminal == view->outcome->till);
        if (is_known && event->event.account == view->account->id &&
            event->event.business_day >= since) {
            points += tally_event_points(&event->event, 0, TALLY_MOVE_EARN) -
                      tally_event_points(&event->event, 0, TALLY_MOVE_UNEARN);
        }
    }
    return number(points);
}

static struct fact_value member_fact(const struct fact_view *view,
                                     const struct story_expect *expect, uint32_t purse)
{
    const struct run *run = view->run;
    const struct tally_account *account = view->account;
    const struct tally_balance balance =
        tally_account_balance(account, purse, run->day, run->now_ms);
    const struct tally_purse totals = tally_account_purse(account, purse);
    switch (expect->fact) {
    case STORY_POINTS:
        return number(balance.usable);
    case STORY_HERE:
        return number(
            tally_account_in_drawer(account, purse, view->outcome->till, run->day, run->now_ms));
    case STORY_AT_HQ:
        return number(
            tally_account_in_drawer(account, purse, TALLY_TERMINAL_HQ, run->day, run->now_ms));
    case STORY_PENDING:
        return number(balance.pending);
    case STORY_HELD:
        return number(balance.held);
    case STORY_VALUE:
        return number(value_of_points(view));
    case STORY_DEBT:
        return number(balance.debt);
    case STORY_VISITS:
        return number(tally_account_visits(account));
    case STORY_EXPIRED:
        return number(totals.expired + balance.lapsed);
    case STORY_EARNED_TOTAL:
        return number(totals.earned);
    case STORY_EARNED_SINCE:
        return earned_since(view, expect);
    case STORY_REDEEMED_TOTAL:
        return number(totals.redeemed);
    case STORY_ADJUSTED:
        return number(totals.adjusted);
    case STORY_COUNTS:
        return counts_fact(view, expect);
    default:
        return tier_fact(view, expect->fact);
    }
}

/* ------------------------------------------------------------------ any */

enum tally_status fact_of(const struct fact_view *view, const struct story_expect *expect,
                          struct fact_value *ret_value)
{
    uint32_t purse = 0;
    if (story_fact_part(expect->fact) == STORY_MAY_PURSE) {
        TALLY_TRY(run_purse(view->run, view->step->line, expect->part, &purse));
    }
    *ret_value = nothing();
    switch (expect->fact) {
    case STORY_EARNED:
        *ret_value = earned(view, purse);
        return TALLY_OK;
    case STORY_EXPIRES:
    case STORY_BEGINS:
        if (view->outcome->event != NULL || view->outcome->has_quote) {
            *ret_value = earned_dates(view, purse, expect->fact == STORY_EXPIRES);
        }
        return TALLY_OK;
    case STORY_TIMES:
    case STORY_OFF:
        return taken_fact(view, expect, ret_value);
    case STORY_WHY:
        return why_fact(view, expect, ret_value);
    case STORY_LINE:
        *ret_value = line_fact(view, expect);
        return TALLY_OK;
    case STORY_GUARD:
        *ret_value =
            word(view->outcome->ruling.kind == 0 ? "none"
                                                 : tally_guard_name(view->outcome->ruling.kind));
        return TALLY_OK;
    case STORY_WORTH:
    case STORY_PAYS_BACK:
    case STORY_GIVES_BACK:
    case STORY_TAKES_BACK:
        *ret_value = reversal_fact(view, expect->fact, purse);
        return TALLY_OK;
    case STORY_OWES:
    case STORY_ISSUED:
    case STORY_TAKEN:
        return merchant_fact(view, expect, ret_value);
    case STORY_PAYMENTS:
        *ret_value = view->outcome->payments == NULL ? nothing() : word(view->outcome->payments);
        return TALLY_OK;
    default:
        break;
    }
    if (expect->fact < STORY_POINTS) {
        *ret_value = quote_fact(view, expect->fact, purse);
    } else if (view->account != NULL) {
        *ret_value = member_fact(view, expect, purse);
    }
    return TALLY_OK;
}
