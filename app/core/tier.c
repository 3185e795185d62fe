/* SPDX-License-Identifier: Apache-2.0 */
/* Which tier a member is in: TIERS.md tells it with a calendar. */
#include "app/core/tier.h"

#include <assert.h>

enum {
    PERIODS_BACK_MAX = 1300, /* periods that a hold and its grace are looked for in */
    TERMS_MAX = 2400,        /* of a hold in months: 200 years */
    DAY_SANE_MAX = 200000,   /* a standing from outside may say any day */
    METRICS = TALLY_METRIC_BALANCE + 1
};

/* What everything here looks at: the account on one day, with or without a change. */
struct scan {
    const struct tally_account *account;
    const struct tally_tier_rules *rules;
    int32_t day;
    int32_t anchor;
    int32_t newest_day; /* nothing has happened after it: lots are as they were then */
    const struct tally_tier_change *change; /* NULL: none */
    bool uses[METRICS];
};

struct held {
    size_t tier; /* 0: nothing is held */
    int32_t since_day;
    int32_t until_day; /* grace included */
};

static const struct tally_standing no_standing = {0, 0, 0};

static int32_t later(int32_t left, int32_t right)
{
    return left > right ? left : right;
}

static int64_t plus(int64_t left, int64_t right)
{
    int64_t sum = 0;
    if (tally_add(left, right, &sum) != TALLY_OK) {
        return right > 0 ? INT64_MAX : INT64_MIN;
    }
    return sum;
}

static bool is_more(struct held left, struct held right)
{
    return left.tier != right.tier ? left.tier > right.tier : left.until_day > right.until_day;
}

static struct held best_of(struct held left, struct held right)
{
    return is_more(right, left) ? right : left;
}

static struct scan scan_of(const struct tally_account *account,
                           const struct tally_programme *programme, int32_t day,
                           const struct tally_tier_change *change)
{
    bool is_new = account->since_day == INT32_MAX || (account->id == 0 && account->since_day == 0);
    struct scan scan = {
        .account = account,
        .rules = &programme->tiers,
        .day = day,
        .anchor = is_new ? day : account->since_day,
        .newest_day = change == NULL ? account->newest_day : later(account->newest_day, day),
        .change = change,
    };
    for (size_t i = 0; i < scan.rules->tier_count; i++) {
        const struct tally_tier *tier = &scan.rules->tiers[i];
        for (size_t k = 0; k < tier->condition_count; k++) {
            scan.uses[tier->conditions[k].metric] = true;
        }
    }
    return scan;
}

/* ------------------------------------------------------------------ days */

static bool has_periods(const struct tally_tier_rules *rules)
{
    return rules->window.kind >= TALLY_PERIOD_DAY && rules->window.kind <= TALLY_PERIOD_ANNIVERSARY;
}

static bool is_rolling(const struct tally_tier_rules *rules)
{
    return rules->window.kind == TALLY_PERIOD_ROLLING_DAYS ||
           rules->window.kind == TALLY_PERIOD_ROLLING_MONTHS;
}

/* A window that has no periods of its own counts its holds in calendar months. */
static struct tally_period term_of(const struct tally_tier_rules *rules)
{
    return has_periods(rules) ? rules->window : (struct tally_period){TALLY_PERIOD_MONTH, 0};
}

static struct tally_span window_on(const struct scan *scan, int32_t day)
{
    return tally_period_span(scan->rules->window, scan->anchor, day);
}

static struct tally_span term_on(const struct scan *scan, int32_t day)
{
    return tally_period_span(term_of(scan->rules), scan->anchor, day);
}

static int32_t next_term_end(const struct scan *scan, int32_t day)
{
    return tally_period_next(term_of(scan->rules), scan->anchor, term_on(scan, day)).until_day;
}

static int32_t with_grace(const struct tally_tier_rules *rules, int32_t day)
{
    if (day == TALLY_DAY_NEVER) {
        return day;
    }
    int32_t end = tally_day_add_months(day, rules->grace_months) + rules->grace_days;
    return rules->grace_to_month_end ? tally_day_end_of_month(end) : end;
}

static int32_t months_on(const struct tally_tier_rules *rules, int32_t day)
{
    return tally_day_add_months(day, rules->hold_months > 0 ? rules->hold_months : 1);
}

/* Last day on which a rolling window still reaches back to `day`. Months are clamped to their
 * length, so it may be up to three days after the same day of the month. */
static int32_t exit_day(const struct scan *scan, int32_t day)
{
    struct tally_period window = scan->rules->window;
    if (window.kind == TALLY_PERIOD_ROLLING_DAYS) {
        return day + window.length - 1;
    }
    int32_t end = tally_day_add_months(day, window.length) - 1;
    for (int i = 0; i < 4 && window_on(scan, end + 1).from_day <= day; i++) {
        end++;
    }
    return end;
}

/* First day of the counter in which `day` counts. */
static int32_t counted_from(const struct scan *scan, int32_t day)
{
    return is_rolling(scan->rules) ? day : window_on(scan, day).from_day;
}

/* ------------------------------------------------------------------ metrics */

static enum tally_counter counter_of(enum tally_metric metric)
{
    return metric == TALLY_METRIC_SPEND    ? TALLY_COUNT_SPEND
           : metric == TALLY_METRIC_POINTS ? TALLY_COUNT_POINTS
                                           : TALLY_COUNT_SALES;
}

static int64_t change_in(const struct tally_tier_change *change, enum tally_metric metric)
{
    return metric == TALLY_METRIC_SPEND    ? change->spend_minor
           : metric == TALLY_METRIC_POINTS ? change->points
           : metric == TALLY_METRIC_VISITS ? change->visits
                                           : change->balance;
}

/* First counter that is not before (what, 0, from_day). */
static size_t count_index(const struct tally_account *account, enum tally_counter what,
                          int32_t from_day)
{
    const struct tally_count key = {what, 0, from_day, INT32_MIN, 0};
    size_t low = 0, high = account->count_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tally_count_compare(&account->counts[middle], &key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Sales are counted for tiers under spans that last beyond their first day, and for guards under
 * those of one day; those of a lifetime are the sum of all others. */
static bool counts_for_tier(const struct tally_count *count, bool is_lifetime)
{
    return count->what != TALLY_COUNT_SALES ||
           (is_lifetime ? count->from_day == INT32_MIN
                        : count->from_day > INT32_MIN && count->until_day > count->from_day);
}

static int64_t counted_in(const struct scan *scan, enum tally_metric metric, struct tally_span span)
{
    const struct tally_account *account = scan->account;
    enum tally_counter what = counter_of(metric);
    bool is_lifetime = span.from_day == INT32_MIN;
    int64_t amount = 0;
    for (size_t i = count_index(account, what, span.from_day); i < account->count_count; i++) {
        const struct tally_count *count = &account->counts[i];
        if (count->what != what || count->of != 0 || count->from_day > span.until_day) {
            break;
        }
        if (counts_for_tier(count, is_lifetime)) {
            amount = plus(amount, count->amount);
        }
    }
    if (scan->change != NULL) {
        int32_t from_day = counted_from(scan, scan->change->counted_day);
        if (from_day >= span.from_day && from_day <= span.until_day) {
            amount = plus(amount, change_in(scan->change, metric));
        }
    }
    return amount;
}

/* Points that are the member's on `day`: usable, pending and set aside, less the debt. What it was
 * before the newest event is not known any more: INT64_MIN. */
static int64_t balance_on(const struct scan *scan, int32_t day)
{
    const struct tally_account *account = scan->account;
    if (day != scan->day && day < scan->newest_day) {
        return INT64_MIN;
    }
    int64_t points = -tally_account_purse(account, TALLY_PURSE_POINTS).debt;
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        if (lot->purse == TALLY_PURSE_POINTS && tally_lot_last_day(account, lot) >= day) {
            points = plus(points, lot->points);
        }
    }
    return scan->change == NULL || day != scan->day ? points : plus(points, scan->change->balance);
}

static int64_t metric_on(const struct scan *scan, enum tally_metric metric, int32_t day)
{
    return metric == TALLY_METRIC_BALANCE ? balance_on(scan, day)
                                          : counted_in(scan, metric, window_on(scan, day));
}

static bool conditions_hold(const struct tally_tier *tier, const int64_t values[METRICS])
{
    size_t held = 0;
    for (size_t i = 0; i < tier->condition_count; i++) {
        held += values[tier->conditions[i].metric] >= tier->conditions[i].threshold;
    }
    return tier->any_condition ? held > 0 : held == tier->condition_count;
}

/* The highest tier whose conditions hold on `day`. */
static size_t fit_on(const struct scan *scan, int32_t day)
{
    int64_t values[METRICS] = {0};
    for (int metric = TALLY_METRIC_SPEND; metric < METRICS; metric++) {
        values[metric] = scan->uses[metric] ? metric_on(scan, (enum tally_metric)metric, day) : 0;
    }
    for (size_t tier = scan->rules->tier_count; tier > 1; tier--) {
        const struct tally_tier *one = &scan->rules->tiers[tier - 1];
        if (!one->is_given_only && one->condition_count > 0 && conditions_hold(one, values)) {
            return tier - 1;
        }
    }
    return 0;
}

/* ------------------------------------------------------------------ what counters tell */

static bool uses_balance(const struct scan *scan)
{
    return scan->uses[TALLY_METRIC_BALANCE];
}

/* Last day on which the conditions of a tier that fits on `day` hold if nothing happens any
 * more. */
static int32_t natural_end(const struct scan *scan, size_t tier, int32_t day)
{
    if (uses_balance(scan)) {
        return day;
    }
    if (!is_rolling(scan->rules)) {
        return window_on(scan, day).until_day;
    }
    int32_t low = day, high = exit_day(scan, day);
    while (low < high && day == scan->day) {
        int32_t middle = low + (high - low + 1) / 2;
        if (fit_on(scan, middle) >= tier) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

/* Last day on which a tier that fits on `day` holds, without grace. Of a hold in months only what
 * the conditions themselves give: the rest is the standing's. */
static int32_t hold_end(const struct scan *scan, size_t tier, int32_t day)
{
    int32_t end = natural_end(scan, tier, day);
    switch (scan->rules->hold) {
    case TALLY_TIER_HOLD_NONE:
    case TALLY_TIER_HOLD_MONTHS:
        break;
    case TALLY_TIER_HOLD_PERIOD:
        end = later(end, term_on(scan, day).until_day);
        break;
    case TALLY_TIER_HOLD_NEXT_PERIOD:
        end = later(end, next_term_end(scan, day));
        break;
    case TALLY_TIER_HOLD_EVER:
        return TALLY_DAY_NEVER;
    }
    return scan->rules->upgrade_next_period ? later(end, next_term_end(scan, day)) : end;
}

/* Last day on which `day`, the last of its kind, is looked back at: of a period, or of a rolling
 * window. Does not look at what was counted. */
static int32_t look_back_end(const struct scan *scan, int32_t day)
{
    const struct tally_tier_rules *rules = scan->rules;
    int32_t next_end = next_term_end(scan, day), end = day;
    switch (rules->hold) {
    case TALLY_TIER_HOLD_NONE:
        break;
    case TALLY_TIER_HOLD_PERIOD:
        end = term_on(scan, day).until_day;
        break;
    case TALLY_TIER_HOLD_MONTHS:
        end = months_on(rules, day);
        break;
    case TALLY_TIER_HOLD_NEXT_PERIOD:
    case TALLY_TIER_HOLD_EVER: /* the standing knows what was before */
        end = next_end;
        break;
    }
    return with_grace(rules, rules->upgrade_next_period ? later(end, next_end) : end);
}

/* `best`, or what fitted on `day` if it still holds and is more. */
static struct held with_fit(const struct scan *scan, int32_t day, struct held best)
{
    size_t tier = fit_on(scan, day);
    if (tier == 0 || tier < best.tier) {
        return best;
    }
    struct held held = {tier, day, with_grace(scan->rules, hold_end(scan, tier, day))};
    return held.until_day >= scan->day ? best_of(best, held) : best;
}

static struct held with_periods(const struct scan *scan, struct held best)
{
    int32_t day = term_on(scan, scan->day).from_day - 1;
    for (int i = 0; i < PERIODS_BACK_MAX; i++) {
        if (day < scan->anchor || look_back_end(scan, day) < scan->day) {
            break;
        }
        best = with_fit(scan, day, best);
        day = term_on(scan, day).from_day - 1;
    }
    return best;
}

/* A rolling window loses on the day after something leaves it. */
static struct held with_exits(const struct scan *scan, struct held best)
{
    static const enum tally_metric counted[] = {TALLY_METRIC_SPEND, TALLY_METRIC_POINTS,
                                                TALLY_METRIC_VISITS};
    const struct tally_account *account = scan->account;
    for (size_t k = 0; k < sizeof counted / sizeof counted[0]; k++) {
        enum tally_counter what = counter_of(counted[k]);
        if (!scan->uses[counted[k]]) {
            continue;
        }
        for (size_t i = count_index(account, what, INT32_MIN + 1); i < account->count_count; i++) {
            const struct tally_count *count = &account->counts[i];
            if (count->what != what || count->of != 0 || count->from_day > scan->day) {
                break;
            }
            int32_t day = exit_day(scan, count->from_day);
            if (day < scan->day && look_back_end(scan, day) >= scan->day) {
                best = with_fit(scan, day, best);
            }
        }
    }
    return best;
}

/* A balance falls without an event where lots lapse. */
static struct held with_lapses(const struct scan *scan, struct held best)
{
    const struct tally_account *account = scan->account;
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        int32_t day = tally_lot_last_day(account, lot);
        if (lot->purse == TALLY_PURSE_POINTS && day >= scan->newest_day && day < scan->day &&
            look_back_end(scan, day) >= scan->day) {
            best = with_fit(scan, day, best);
        }
    }
    return best;
}

/* The best of all days whose tier still holds: now, and the last days of what is over. */
static struct held derived(const struct scan *scan)
{
    const struct tally_tier_rules *rules = scan->rules;
    bool has_terms = has_periods(rules);
    bool waits = rules->upgrade_next_period && has_terms;
    struct held best = {0, scan->day, scan->day};
    if (!waits) {
        best = with_fit(scan, scan->day, best);
    }
    if (has_terms) {
        best = with_periods(scan, best);
    }
    if (is_rolling(rules)) {
        best = with_exits(scan, best);
    }
    return uses_balance(scan) && !waits ? with_lapses(scan, best) : best;
}

/* ------------------------------------------------------------------ what the standing tells */

static size_t tier_index(const struct tally_tier_rules *rules, uint32_t id)
{
    for (size_t i = 1; i < rules->tier_count && id != 0; i++) {
        if (rules->tiers[i].id == id) {
            return i;
        }
    }
    return 0;
}

static size_t step_down(const struct tally_tier_rules *rules, size_t tier)
{
    while (tier > 0 && rules->tiers[--tier].is_given_only) {
        /* nobody falls into what can only be given */
    }
    return tier;
}

/* One tier down for each period that began since it ended. */
static struct held stepped(const struct scan *scan, struct held held)
{
    const struct tally_tier_rules *rules = scan->rules;
    while (held.tier > 0 && held.until_day < scan->day) {
        held.tier = step_down(rules, held.tier);
        held.until_day = rules->hold == TALLY_TIER_HOLD_MONTHS
                             ? months_on(rules, held.until_day)
                             : term_on(scan, held.until_day + 1).until_day;
    }
    return held;
}

/* Term after term of `hold_months`: on the last day of each it is looked at again. */
static struct held termed(const struct scan *scan, struct held held)
{
    const struct tally_tier_rules *rules = scan->rules;
    struct held in_grace = {0, scan->day, scan->day};
    int32_t end = months_on(rules, held.since_day);
    if (end > held.until_day) {
        return in_grace; /* was lost before its term was over */
    }
    for (int i = 0; i < TERMS_MAX && end < scan->day && held.tier > 0; i++) {
        held.until_day = with_grace(rules, end);
        if (held.until_day >= scan->day) {
            in_grace = best_of(in_grace, held);
        }
        held.tier = fit_on(scan, end);
        held.since_day = end;
        end = months_on(rules, end);
    }
    if (held.tier == 0 || end < scan->day) {
        return in_grace;
    }
    held.until_day = with_grace(rules, end);
    return best_of(in_grace, held);
}

static struct held standing_on(const struct scan *scan, const struct tally_standing *standing)
{
    const struct tally_tier_rules *rules = scan->rules;
    struct held held = {tier_index(rules, standing->tier), standing->since_day,
                        standing->until_day};
    const struct held none = {0, scan->day, scan->day};
    bool is_sane = held.since_day >= 0 && held.since_day <= DAY_SANE_MAX && held.until_day >= 0;
    if (held.tier == 0 || rules->tiers[held.tier].is_given_only || !is_sane) {
        return none;
    }
    if (rules->downgrade == TALLY_DOWNGRADE_NEVER) {
        held.until_day = TALLY_DAY_NEVER;
    }
    if (held.until_day >= scan->day) {
        return held;
    }
    if (rules->downgrade == TALLY_DOWNGRADE_ONE_STEP) {
        return stepped(scan, held);
    }
    return rules->hold == TALLY_TIER_HOLD_MONTHS ? termed(scan, held) : none;
}

/* ------------------------------------------------------------------ views */

static int64_t missing_for(const struct scan *scan, const struct tally_condition *condition)
{
    int64_t value = metric_on(scan, condition->metric, scan->day);
    return value >= condition->threshold ? 0
           : value == INT64_MIN          ? INT64_MAX
                                         : plus(condition->threshold, -value);
}

/* The share of a threshold that is missing, in millionths. */
static int64_t share_of(int64_t missing, int64_t threshold)
{
    int64_t share = 0;
    if (missing == 0 || threshold <= 0 ||
        tally_scale(missing, 1000000, threshold, TALLY_ROUND_CEIL, &share) != TALLY_OK) {
        return missing == 0 ? 0 : INT64_MAX;
    }
    return share;
}

/* What is missing for one tier: of the condition that is nearest (any) or farthest (all). */
static int64_t needed_for(const struct scan *scan, size_t tier, enum tally_metric *ret_metric)
{
    const struct tally_tier *one = &scan->rules->tiers[tier];
    int64_t needed = 0, share = 0;
    for (size_t i = 0; i < one->condition_count; i++) {
        int64_t missing = missing_for(scan, &one->conditions[i]);
        int64_t missing_share = share_of(missing, one->conditions[i].threshold);
        bool is_better = one->any_condition ? missing_share < share : missing_share > share;
        if (i == 0 || is_better) {
            needed = missing;
            share = missing_share;
            *ret_metric = one->conditions[i].metric;
        }
    }
    return needed;
}

/* Last day of the window in which something counts today together with all that has counted. */
static int32_t window_end(const struct scan *scan, enum tally_metric metric)
{
    if (metric == TALLY_METRIC_BALANCE) {
        return TALLY_DAY_NEVER;
    }
    struct tally_span span = window_on(scan, scan->day);
    if (!is_rolling(scan->rules)) {
        return span.until_day;
    }
    const struct tally_account *account = scan->account;
    enum tally_counter what = counter_of(metric);
    for (size_t i = count_index(account, what, span.from_day); i < account->count_count; i++) {
        const struct tally_count *count = &account->counts[i];
        if (count->what != what || count->of != 0 || count->from_day > scan->day) {
            break;
        }
        if (counts_for_tier(count, false)) {
            return exit_day(scan, count->from_day); /* the first to leave */
        }
    }
    return exit_day(scan, scan->day);
}

static struct tally_tier_view view_of(const struct scan *scan,
                                      const struct tally_standing *standing)
{
    const struct tally_tier_rules *rules = scan->rules;
    struct held held = best_of(derived(scan), standing_on(scan, standing));
    const struct tally_standing *floor = &scan->account->floor;
    size_t given = floor->until_day >= scan->day ? tier_index(rules, floor->tier) : 0;
    struct tally_tier_view view = {
        .tier = held.tier,
        .until_day = held.tier == 0 ? TALLY_DAY_NEVER : held.until_day,
        .next = rules->tier_count,
        .metric = TALLY_METRIC_SPEND,
        .needed_until_day = scan->day,
    };
    if (given > held.tier) {
        view.tier = given;
        view.until_day = floor->until_day;
        view.is_floor = true;
    }
    for (size_t i = view.tier + 1; i < rules->tier_count && view.next == rules->tier_count; i++) {
        if (!rules->tiers[i].is_given_only) {
            view.next = i;
        }
    }
    if (view.next < rules->tier_count) {
        view.needed = needed_for(scan, view.next, &view.metric);
        view.needed_until_day = window_end(scan, view.metric);
    }
    view.keep_metric = view.metric;
    view.keep_until_day = scan->day;
    if (view.tier > 0 && !view.is_floor && view.until_day != TALLY_DAY_NEVER) {
        view.keep_needed = needed_for(scan, view.tier, &view.keep_metric);
        view.keep_until_day = window_end(scan, view.keep_metric);
    }
    return view;
}

struct tally_tier_view tally_tier_of(const struct tally_account *account,
                                     const struct tally_programme *programme, int32_t day)
{
    assert(account != NULL);
    assert(programme != NULL);

    struct scan scan = scan_of(account, programme, day, NULL);
    return view_of(&scan, &account->standing);
}

struct tally_tier_view tally_tier_after(const struct tally_account *account,
                                        const struct tally_programme *programme, int32_t day,
                                        const struct tally_tier_change *change)
{
    assert(account != NULL);
    assert(programme != NULL);
    assert(change != NULL);

    struct tally_standing standing = account->standing;
    (void)tally_tier_standing(account, programme, day, change, NULL, &standing);
    struct scan scan = scan_of(account, programme, day, change);
    return view_of(&scan, &standing);
}

int64_t tally_tier_metric(const struct tally_account *account,
                          const struct tally_programme *programme, enum tally_metric metric,
                          int32_t day)
{
    assert(account != NULL);
    assert(programme != NULL);

    struct scan scan = scan_of(account, programme, day, NULL);
    return metric_on(&scan, metric, day);
}

/* ------------------------------------------------------------------ counters */

/* The counter of `day`: its first day, and the one after which nothing looks back at it. */
static struct tally_span counter_span(const struct scan *scan, int32_t day)
{
    if (scan->rules->window.kind == TALLY_PERIOD_LIFETIME) {
        return (struct tally_span){INT32_MIN, TALLY_DAY_NEVER};
    }
    if (is_rolling(scan->rules)) { /* beyond its day, so that it is no guard's */
        return (struct tally_span){day, later(day + 1, look_back_end(scan, exit_day(scan, day)))};
    }
    struct tally_span span = window_on(scan, day);
    return (struct tally_span){span.from_day, later(next_term_end(scan, span.until_day),
                                                    look_back_end(scan, span.until_day))};
}

static size_t append_count(struct tally_count *counts, size_t count, enum tally_counter what,
                           struct tally_span span, int64_t amount)
{
    if (amount == 0) {
        return count;
    }
    counts[count] = (struct tally_count){what, 0, span.from_day, span.until_day, amount};
    return count + 1;
}

size_t tally_tier_counts(const struct tally_account *account,
                         const struct tally_programme *programme,
                         const struct tally_tier_change *change, struct tally_count *counts)
{
    assert(account != NULL);
    assert(programme != NULL);
    assert(change != NULL);
    assert(counts != NULL);

    struct scan scan = scan_of(account, programme, change->counted_day, NULL);
    struct tally_span span = counter_span(&scan, change->counted_day);
    const struct tally_span lifetime = {INT32_MIN, TALLY_DAY_NEVER};
    size_t count = append_count(counts, 0, TALLY_COUNT_SALES, lifetime, change->visits);
    if (scan.uses[TALLY_METRIC_VISITS] && span.from_day != INT32_MIN) {
        count = append_count(counts, count, TALLY_COUNT_SALES, span, change->visits);
    }
    if (scan.uses[TALLY_METRIC_SPEND]) {
        count = append_count(counts, count, TALLY_COUNT_SPEND, span, change->spend_minor);
    }
    if (scan.uses[TALLY_METRIC_POINTS]) {
        count = append_count(counts, count, TALLY_COUNT_POINTS, span, change->points);
    }
    assert(count <= TALLY_TIER_COUNTS);
    return count;
}

/* ------------------------------------------------------------------ standings */

/* The tier that was deserved when a standing was written, now that a reversal counts; the
 * standing's own tier where the counters can't tell any more or have nothing to do with it. */
static size_t deserved(const struct scan *after, const struct tally_standing *standing, size_t tier)
{
    int32_t since = standing->since_day;
    struct tally_span span = window_on(after, since);
    int32_t from_day = counted_from(after, after->change->counted_day);
    bool took_part = from_day >= span.from_day && from_day <= span.until_day;
    int32_t first = is_rolling(after->rules) ? span.from_day : since;
    if (!took_part || counter_span(after, first).until_day < after->newest_day) {
        return tier;
    }
    size_t fit = fit_on(after, since);
    return fit < tier ? fit : tier;
}

/* The standing once a reversal counts: what was reached with what is undone goes back to `before`,
 * or to what was deserved without it. A balance tells nothing of its past. */
static struct tally_standing reviewed(const struct scan *after,
                                      const struct tally_standing *standing,
                                      const struct tally_standing *before)
{
    const struct tally_tier_rules *rules = after->rules;
    size_t tier = tier_index(rules, standing->tier);
    bool is_sane = standing->since_day >= 0 && standing->since_day <= DAY_SANE_MAX;
    if (tier == 0 || !is_sane || fit_on(after, after->day) >= tier) {
        return *standing;
    }
    if (uses_balance(after)) {
        return before != NULL ? *before : *standing;
    }
    size_t fit = deserved(after, standing, tier);
    if (fit == tier) {
        return *standing;
    }
    if (before != NULL && standing_on(after, before).tier >= fit) {
        return *before;
    }
    return fit == 0 ? no_standing
                    : (struct tally_standing){rules->tiers[fit].id, standing->since_day,
                                              standing->until_day};
}

/* What the counters tell, as long as it holds once it is written down. */
static struct held as_written(const struct tally_tier_rules *rules, struct held own,
                              struct held remembered)
{
    if (rules->downgrade == TALLY_DOWNGRADE_NEVER || rules->hold == TALLY_TIER_HOLD_EVER) {
        own.until_day = TALLY_DAY_NEVER;
    } else if (rules->hold == TALLY_TIER_HOLD_MONTHS && own.tier > remembered.tier) {
        own.until_day = later(own.until_day, with_grace(rules, months_on(rules, own.since_day)));
    }
    return own;
}

/* Whether that must be written down: because it was reached just now, or because later the rules
 * ask for more than counters can tell. A hold in months runs from when the tier was reached, so it
 * is not written down again while it runs. */
static bool must_remember(const struct scan *after, struct held written, struct held remembered,
                          struct held was)
{
    const struct tally_tier_rules *rules = after->rules;
    bool steps = rules->downgrade == TALLY_DOWNGRADE_ONE_STEP;
    bool has_terms = rules->hold == TALLY_TIER_HOLD_MONTHS;
    if (written.tier == 0) {
        return false;
    }
    if (rules->downgrade == TALLY_DOWNGRADE_TO_FIT && !has_terms &&
        rules->hold != TALLY_TIER_HOLD_EVER) {
        return written.tier > was.tier && written.until_day > after->day;
    }
    return written.tier > remembered.tier ||
           ((steps || !has_terms) && is_more(written, remembered));
}

static struct tally_standing standing_of(const struct tally_tier_rules *rules, struct held held)
{
    return (struct tally_standing){rules->tiers[held.tier].id, held.since_day, held.until_day};
}

static bool is_reversal(const struct tally_tier_change *change)
{
    return change->spend_minor < 0 || change->points < 0 || change->visits < 0;
}

bool tally_tier_standing(const struct tally_account *account,
                         const struct tally_programme *programme, int32_t day,
                         const struct tally_tier_change *change,
                         const struct tally_standing *before, struct tally_standing *ret_standing)
{
    assert(account != NULL);
    assert(programme != NULL);
    assert(change != NULL);
    assert(ret_standing != NULL);

    const struct tally_tier_rules *rules = &programme->tiers;
    struct scan without = scan_of(account, programme, day, NULL);
    struct scan after = scan_of(account, programme, day, change);
    bool undoes = before != NULL || is_reversal(change);
    struct tally_standing standing =
        undoes ? reviewed(&after, &account->standing, before) : account->standing;
    struct held remembered = standing_on(&after, &standing), own = derived(&after);
    struct held was = best_of(derived(&without), standing_on(&without, &standing));
    struct held written = as_written(rules, own, remembered);
    bool steps = rules->downgrade == TALLY_DOWNGRADE_ONE_STEP;
    if (!undoes && is_more(was, best_of(own, remembered)) && (was.until_day > day || steps)) {
        standing = standing_of(rules, was); /* lost just now: it holds as long as was promised */
    } else if (must_remember(&after, written, remembered, was)) {
        standing = standing_of(rules, written);
    } else if (rules->hold == TALLY_TIER_HOLD_MONTHS && !steps && remembered.tier > 0 &&
               remembered.since_day != standing.since_day) {
        standing = standing_of(rules, remembered); /* a new term has begun */
    }
    if (standing.tier == account->standing.tier &&
        standing.since_day == account->standing.since_day &&
        standing.until_day == account->standing.until_day) {
        return false;
    }
    *ret_standing = standing;
    return true;
}
