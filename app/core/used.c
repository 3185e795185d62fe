/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of caps and limits: which there are, what they say, what a sale adds to them. */
#include "app/core/used.h"

#include <assert.h>

static bool is_rolling(const struct tally_cap *cap)
{
    return cap->period.kind == TALLY_PERIOD_ROLLING_DAYS ||
           cap->period.kind == TALLY_PERIOD_ROLLING_MONTHS;
}

/* The last day whose window still holds `day`. Months are clamped, so this is found, not computed:
 * within four days of the same date so many months on. */
static int32_t rolling_until(struct tally_period period, int32_t day)
{
    if (period.kind == TALLY_PERIOD_ROLLING_DAYS) {
        return day + period.length - 1;
    }
    int32_t last = tally_day_add_months(day, period.length) + 4;
    while (last > day && tally_period_span(period, 0, last).from_day > day) {
        last--;
    }
    return last;
}

struct tally_span tally_cap_counts_in(const struct tally_cap *cap, const struct tally_when *when,
                                      int32_t since_day, int32_t day)
{
    assert(cap != NULL);
    assert(cap->period.kind != TALLY_PERIOD_SALE);

    if (is_rolling(cap)) {
        return (struct tally_span){day, rolling_until(cap->period, day)};
    }
    return tally_cap_span(cap, when, since_day, day);
}

struct tally_span tally_uses_span(const struct tally_rule *rule)
{
    assert(rule != NULL);

    return (struct tally_span){rule->when.from_day, rule->when.until_day};
}

size_t tally_used_max(const struct tally_programme *programme)
{
    assert(programme != NULL);

    size_t count = programme->earn_cap_count + programme->redeem.limit_count +
                   programme->redeem.member_limit_count;
    for (size_t i = 0; i < programme->rule_count; i++) {
        count += programme->rules[i].cap_count + 1;
    }
    for (size_t i = 0; i < programme->reward_count; i++) {
        count += programme->rewards[i].limit_count;
    }
    return count;
}

/* ------------------------------------------------------------------ before */

/* Days of the window that were counted for a window of this kind; other caps of the same thing have
 * other spans. */
static enum tally_status rolling_sum(const struct tally_account *account,
                                     const struct tally_used_as *as, const struct tally_cap *cap,
                                     struct tally_span window, int64_t *ret_sum)
{
    int64_t sum = 0;
    for (size_t i = 0; i < account->count_count; i++) {
        const struct tally_count *count = &account->counts[i];
        if (count->what == as->what && count->of == as->of && count->from_day >= window.from_day &&
            count->from_day <= window.until_day &&
            count->until_day == rolling_until(cap->period, count->from_day)) {
            TALLY_TRY(tally_add(sum, count->amount, &sum));
        }
    }
    *ret_sum = sum;
    return TALLY_OK;
}

static enum tally_status read_caps(const struct tally_account *account,
                                   const struct tally_used_as *as, const struct tally_cap *caps,
                                   size_t cap_count, struct tally_counts *used)
{
    for (size_t i = 0; i < cap_count; i++) {
        if (caps[i].period.kind == TALLY_PERIOD_SALE) {
            continue;
        }
        struct tally_span span = tally_cap_span(&caps[i], as->when, as->since_day, as->day);
        int64_t amount = 0;
        if (is_rolling(&caps[i])) {
            TALLY_TRY(rolling_sum(account, as, &caps[i], span, &amount));
        } else {
            amount = tally_account_count(account, as->what, as->of, span);
        }
        TALLY_TRY(tally_counts_put(
            used, (struct tally_count){as->what, as->of, span.from_day, span.until_day, amount}));
    }
    return TALLY_OK;
}

static enum tally_status read_rule(const struct tally_account *account,
                                   const struct tally_rule *rule, struct tally_used_as *as,
                                   struct tally_counts *used)
{
    as->what = TALLY_COUNT_RULE;
    as->of = rule->id;
    as->when = &rule->when;
    TALLY_TRY(read_caps(account, as, rule->caps, rule->cap_count, used));
    if (rule->uses_max == 0) {
        return TALLY_OK;
    }
    struct tally_span span = tally_uses_span(rule);
    return tally_counts_put(
        used,
        (struct tally_count){TALLY_COUNT_RULE_USES, rule->id, span.from_day, span.until_day,
                             tally_account_count(account, TALLY_COUNT_RULE_USES, rule->id, span)});
}

enum tally_status tally_used_read(const struct tally_programme *programme,
                                  const struct tally_account *account, uint64_t member,
                                  int32_t since_day, int32_t day, struct tally_counts *used)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(used != NULL);

    struct tally_used_as as = {.since_day = since_day, .day = day};
    for (size_t i = 0; i < programme->rule_count; i++) {
        TALLY_TRY(read_rule(account, &programme->rules[i], &as, used));
    }
    for (size_t i = 0; i < programme->reward_count; i++) {
        const struct tally_reward *reward = &programme->rewards[i];
        as.what = TALLY_COUNT_REWARD;
        as.of = reward->id;
        as.when = &reward->when;
        TALLY_TRY(read_caps(account, &as, reward->limits, reward->limit_count, used));
    }
    as.when = NULL;
    as.what = TALLY_COUNT_EARNED;
    as.of = TALLY_PURSE_POINTS;
    TALLY_TRY(read_caps(account, &as, programme->earn_caps, programme->earn_cap_count, used));
    as.what = TALLY_COUNT_REDEEMED;
    TALLY_TRY(
        read_caps(account, &as, programme->redeem.limits, programme->redeem.limit_count, used));
    as.what = TALLY_COUNT_MEMBER;
    as.of = tally_member_id(member);
    return read_caps(account, &as, programme->redeem.member_limits,
                     programme->redeem.member_limit_count, used);
}

/* ------------------------------------------------------------------ after */

enum tally_status tally_used_count(const struct tally_used_as *as, const struct tally_cap *caps,
                                   size_t cap_count, int64_t amount, struct tally_counts *counts)
{
    assert(as != NULL);
    assert(caps != NULL || cap_count == 0);
    assert(counts != NULL);

    for (size_t i = 0; i < cap_count; i++) {
        if (caps[i].period.kind != TALLY_PERIOD_SALE) {
            struct tally_span span =
                tally_cap_counts_in(&caps[i], as->when, as->since_day, as->day);
            TALLY_TRY(tally_counts_put(counts, (struct tally_count){as->what, as->of, span.from_day,
                                                                    span.until_day, amount}));
        }
    }
    return TALLY_OK;
}
