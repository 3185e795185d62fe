/* SPDX-License-Identifier: Apache-2.0 */
/* Which programmes make sense: every limit and every reference that programme.h states. */
#include "app/core/programme.h"

#include "app/core/account.h"
#include "app/core/utf8.h"

#include <assert.h>
#include <string.h>

enum {
    MONTHS_MAX = 120, /* of tiers and of rolling periods */
    DAYS_MAX = 3660,
    HOLD_MINUTES_MAX = 10080,
    RETURN_DAYS_MAX = 3660
};

/* ------------------------------------------------------------------ words, conditions, dates */

static bool is_between(int64_t value, int64_t low, int64_t high)
{
    return value >= low && value <= high;
}

static bool is_day(int32_t day)
{
    return is_between(day, tally_day_from_date(TALLY_YEAR_MIN, 1, 1),
                      tally_day_from_date(TALLY_YEAR_MAX, 12, 31));
}

static bool is_text(const char *text)
{
    return text != NULL && text[0] != '\0' &&
           tally_utf8_valid((struct tally_slice){(const uint8_t *)text, strlen(text)});
}

static bool is_name(const struct tally_name *name)
{
    return is_text(name->en) && is_text(name->zh);
}

static bool is_code(const char *code, uint32_t id)
{
    return is_text(code) && strlen(code) <= TALLY_TEXT_LEN_MAX &&
           tally_word_id(code, strlen(code)) == id;
}

/* An array is there if it has anything in it, and not longer than allowed. */
static bool is_list(const void *items, size_t count, size_t count_max)
{
    return count <= count_max && (count == 0 || items != NULL);
}

/* Rising by id, and by the text where two words have one id; none twice. */
static bool words_are_valid(const struct tally_words *words)
{
    if (!is_list(words->items, words->count, TALLY_WORDS_MAX)) {
        return false;
    }
    for (size_t i = 0; i < words->count; i++) {
        const struct tally_word *word = &words->items[i], *before = i > 0 ? word - 1 : word;
        if (!is_code(word->text, word->id) ||
            (i > 0 && (before->id > word->id ||
                       (before->id == word->id && strcmp(before->text, word->text) >= 0)))) {
            return false;
        }
    }
    return true;
}

static bool selector_is_valid(const struct tally_selector *selector)
{
    return words_are_valid(&selector->skus) && words_are_valid(&selector->categories) &&
           words_are_valid(&selector->except_skus) &&
           words_are_valid(&selector->except_categories) &&
           is_between(selector->price_minor_min, 0, TALLY_MONEY_MAX);
}

static bool hours_are_valid(const struct tally_when *when)
{
    if (!is_list(when->hours, when->hour_count, TALLY_RULES_MAX)) {
        return false;
    }
    for (size_t i = 0; i < when->hour_count; i++) {
        if (!is_between(when->hours[i].from_minute, 0, 1439) ||
            !is_between(when->hours[i].until_minute, when->hours[i].from_minute + 1, 1440)) {
            return false;
        }
    }
    return true;
}

static bool is_tier(const struct tally_programme *programme, uint32_t id)
{
    return tally_programme_tier_index(programme, id) < programme->tiers.tier_count;
}

static bool tier_words_are_valid(const struct tally_programme *programme,
                                 const struct tally_words *words)
{
    if (!words_are_valid(words)) {
        return false;
    }
    for (size_t i = 0; i < words->count; i++) {
        if (!is_tier(programme, words->items[i].id)) {
            return false;
        }
    }
    return true;
}

static bool merchant_words_are_valid(const struct tally_programme *programme,
                                     const struct tally_words *words)
{
    if (!words_are_valid(words)) {
        return false;
    }
    for (size_t i = 0; i < words->count; i++) {
        bool found = false;
        for (size_t j = 0; j < programme->merchant_count; j++) {
            found = found || programme->merchants[j].id == words->items[i].id;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static bool when_is_valid(const struct tally_programme *programme, const struct tally_when *when)
{
    return when->from_day <= when->until_day && when->weekdays < 1 << 7 && hours_are_valid(when) &&
           is_list(when->shops, when->shop_count, TALLY_WORDS_MAX) &&
           words_are_valid(&when->channels) && tier_words_are_valid(programme, &when->tiers) &&
           merchant_words_are_valid(programme, &when->merchants) &&
           words_are_valid(&when->tenders) && words_are_valid(&when->codes) &&
           is_between(when->away_days, 0, TALLY_EXPIRY_DAYS_MAX) &&
           is_between(when->joined_days, 0, TALLY_EXPIRY_DAYS_MAX) &&
           (when->birthday == 0 || when->birthday == TALLY_BIRTHDAY_DAY ||
            when->birthday == TALLY_BIRTHDAY_WEEK || when->birthday == TALLY_BIRTHDAY_MONTH) &&
           is_between(when->basket_minor_min, 0, TALLY_MONEY_MAX) &&
           is_between(when->spend_minor_min, 0, TALLY_MONEY_MAX) &&
           is_between(when->quantity_milli_min, 0, TALLY_MONEY_MAX);
}

static bool period_is_valid(struct tally_period period)
{
    if (period.kind == TALLY_PERIOD_ROLLING_DAYS) {
        return is_between(period.length, 1, DAYS_MAX);
    }
    if (period.kind == TALLY_PERIOD_ROLLING_MONTHS) {
        return is_between(period.length, 1, MONTHS_MAX);
    }
    return is_between(period.kind, TALLY_PERIOD_SALE, TALLY_PERIOD_LIFETIME) && period.length == 0;
}

/* Whether a span of this kind ends before the next begins. */
static bool has_next(enum tally_period_kind kind)
{
    return is_between(kind, TALLY_PERIOD_DAY, TALLY_PERIOD_ANNIVERSARY);
}

enum caps_of { CAPS_OF_RULE, CAPS_OF_PROGRAMME, LIMITS_OF_REWARD, LIMITS };

/* Only a rule and a reward have days of their own; a limit takes off, it never refuses the rest. */
static bool cap_is_valid(const struct tally_cap *cap, enum caps_of whose)
{
    bool has_days = whose == CAPS_OF_RULE || whose == LIMITS_OF_REWARD;
    bool may_refuse = whose == CAPS_OF_RULE || whose == CAPS_OF_PROGRAMME;
    return period_is_valid(cap->period) && is_between(cap->points_max, 0, TALLY_POINTS_MAX) &&
           (cap->period.kind != TALLY_PERIOD_CAMPAIGN || has_days) &&
           (!cap->before_multiplier ||
            (whose == CAPS_OF_RULE && cap->period.kind == TALLY_PERIOD_SALE)) &&
           (!cap->refuses || may_refuse);
}

static bool caps_are_valid(const struct tally_cap *caps, size_t count, enum caps_of whose)
{
    if (!is_list(caps, count, TALLY_CAPS_MAX)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!cap_is_valid(&caps[i], whose)) {
            return false;
        }
    }
    return true;
}

static bool expiry_is_valid(const struct tally_expiry *expiry)
{
    switch (expiry->kind) {
    case TALLY_EXPIRY_NEVER:
        return expiry->count == 0;
    case TALLY_EXPIRY_MONTHS:
    case TALLY_EXPIRY_INACTIVE:
        return is_between(expiry->count, 1, TALLY_EXPIRY_MONTHS_MAX);
    case TALLY_EXPIRY_END_OF_MONTH:
        return is_between(expiry->count, 0, TALLY_EXPIRY_MONTHS_MAX);
    case TALLY_EXPIRY_DAYS:
        return is_between(expiry->count, 0, TALLY_EXPIRY_DAYS_MAX);
    case TALLY_EXPIRY_END_OF_YEAR:
        return is_between(expiry->count, 0, TALLY_EXPIRY_MONTHS_MAX / 12);
    case TALLY_EXPIRY_FIXED:
        return is_day(expiry->day);
    }
    return false;
}

static bool pending_is_valid(const struct tally_programme *programme,
                             const struct tally_pending *pending)
{
    switch (pending->kind) {
    case TALLY_PENDING_NONE:
        return true;
    case TALLY_PENDING_DAYS:
        return is_between(pending->count, 1, TALLY_EXPIRY_DAYS_MAX);
    case TALLY_PENDING_DAY:
        return is_day(pending->day);
    case TALLY_PENDING_RETURN:
        return programme->refund.window_days > 0;
    }
    return false;
}

/* Activity is one day of an account: all that lives on it lives equally long. */
static bool activity_is_valid(const struct tally_programme *programme,
                              const struct tally_expiry *expiry)
{
    return expiry->kind != TALLY_EXPIRY_INACTIVE ||
           expiry->count == tally_programme_active_months(programme);
}

static bool dates_are_valid(const struct tally_programme *programme,
                            const struct tally_expiry *expiry, const struct tally_pending *pending)
{
    return expiry_is_valid(expiry) && activity_is_valid(programme, expiry) &&
           pending_is_valid(programme, pending);
}

static bool group_is_valid(const struct tally_programme *programme, size_t group)
{
    return group <= programme->group_count;
}

static bool purse_is_valid(const struct tally_programme *programme, uint32_t purse)
{
    return purse == TALLY_PURSE_POINTS || tally_programme_purse(programme, purse) != NULL;
}

/* ------------------------------------------------------------------ rules */

static bool kind_is_valid(const struct tally_programme *programme, const struct tally_rule *rule)
{
    switch (rule->kind) {
    case TALLY_EARN_PER_MONEY:
        return is_between(rule->per_minor, 1, TALLY_REDEEM_MAX);
    case TALLY_EARN_PER_ITEM:
        return is_between(rule->per_milli, 1, TALLY_REDEEM_MAX);
    case TALLY_EARN_FIXED:
        return !rule->per_line && !rule->whole_steps;
    case TALLY_EARN_MULTIPLY:
        return rule->multiply_pct <= TALLY_PERCENT_MAX && rule->cap_count == 0;
    case TALLY_EARN_TIER:
        return is_tier(programme, rule->tier) &&
               is_between(rule->tier_months, 1, TALLY_EXPIRY_MONTHS_MAX) && rule->cap_count == 0 &&
               rule->group == 0;
    }
    return false;
}

static bool rule_is_valid(const struct tally_programme *programme, const struct tally_rule *rule)
{
    return is_code(rule->code, rule->id) && is_name(&rule->name) &&
           when_is_valid(programme, &rule->when) && selector_is_valid(&rule->lines) &&
           kind_is_valid(programme, rule) && purse_is_valid(programme, rule->purse) &&
           is_between(rule->points, 0, TALLY_REDEEM_MAX) &&
           is_between(rule->rounding, TALLY_ROUND_FLOOR, TALLY_ROUND_CEIL) &&
           (rule->purse == TALLY_PURSE_POINTS || !rule->counts_for_tier) &&
           caps_are_valid(rule->caps, rule->cap_count, CAPS_OF_RULE) && rule->uses_max >= 0 &&
           group_is_valid(programme, rule->group) &&
           (!rule->has_pending || pending_is_valid(programme, &rule->pending)) &&
           (!rule->has_expiry ||
            (expiry_is_valid(&rule->expiry) && activity_is_valid(programme, &rule->expiry)));
}

/* What multiplies can't be weighed against what gives, nor stamps against points. */
static bool are_alike(const struct tally_rule *left, const struct tally_rule *right)
{
    return (left->kind == TALLY_EARN_MULTIPLY) == (right->kind == TALLY_EARN_MULTIPLY) &&
           left->purse == right->purse;
}

static bool rules_are_valid(const struct tally_programme *programme)
{
    if (!is_list(programme->rules, programme->rule_count, TALLY_RULES_MAX)) {
        return false;
    }
    for (size_t i = 0; i < programme->rule_count; i++) {
        const struct tally_rule *rule = &programme->rules[i];
        if (!rule_is_valid(programme, rule)) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            const struct tally_rule *other = &programme->rules[j];
            if (other->id == rule->id ||
                (rule->group != 0 && other->group == rule->group && !are_alike(rule, other))) {
                return false;
            }
        }
    }
    return true;
}

static bool earning_is_valid(const struct tally_programme *programme)
{
    return rules_are_valid(programme) &&
           is_between(programme->multipliers, TALLY_MULTIPLIERS_COMPOUND, TALLY_MULTIPLIERS_BEST) &&
           words_are_valid(&programme->tenders_without_points) &&
           selector_is_valid(&programme->earn_lines) &&
           caps_are_valid(programme->earn_caps, programme->earn_cap_count, CAPS_OF_PROGRAMME) &&
           dates_are_valid(programme, &programme->expiry, &programme->pending);
}

/* ------------------------------------------------------------------ groups and purses */

static bool groups_are_valid(const struct tally_programme *programme)
{
    if (!is_list(programme->groups, programme->group_count, TALLY_GROUPS_MAX)) {
        return false;
    }
    for (size_t i = 0; i < programme->group_count; i++) {
        const struct tally_group *group = &programme->groups[i];
        if (!is_code(group->code, group->id) ||
            (group->kind != TALLY_GROUP_BEST && group->kind != TALLY_GROUP_FIRST)) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (programme->groups[j].id == group->id) {
                return false;
            }
        }
    }
    return true;
}

static bool purses_are_valid(const struct tally_programme *programme)
{
    if (!is_list(programme->purses, programme->purse_count, TALLY_PURSES_MAX)) {
        return false;
    }
    uint32_t before = TALLY_PURSE_POINTS;
    for (size_t i = 0; i < programme->purse_count; i++) {
        const struct tally_purse_rules *purse = &programme->purses[i];
        if (!is_code(purse->code, purse->id) || purse->id <= before || !is_name(&purse->name) ||
            !dates_are_valid(programme, &purse->expiry, &purse->pending) ||
            !is_between(purse->per_sale_max, 0, TALLY_POINTS_MAX)) {
            return false;
        }
        before = purse->id;
    }
    return true;
}

/* ------------------------------------------------------------------ redeeming */

static bool reward_kind_is_valid(const struct tally_programme *programme,
                                 const struct tally_reward *reward)
{
    switch (reward->kind) {
    case TALLY_REWARD_AMOUNT:
        return is_between(reward->amount_minor, 1, TALLY_MONEY_MAX);
    case TALLY_REWARD_PERCENT:
        return is_between(reward->percent, 1, 100) &&
               is_between(reward->amount_minor, 0, TALLY_MONEY_MAX);
    case TALLY_REWARD_ITEM: /* 0 percent is free */
        return reward->percent <= 100 && is_between(reward->get, 0, TALLY_REDEEM_MAX);
    case TALLY_REWARD_BUNDLE:
        return reward->percent <= 100 && is_between(reward->buy, 1, TALLY_REDEEM_MAX) &&
               is_between(reward->get, 1, TALLY_REDEEM_MAX);
    case TALLY_REWARD_GIFT:
        return true;
    case TALLY_REWARD_PURSE:
        return reward->gives_purse != TALLY_PURSE_POINTS &&
               purse_is_valid(programme, reward->gives_purse) &&
               is_between(reward->gives, 1, TALLY_REDEEM_MAX);
    }
    return false;
}

static bool reward_is_valid(const struct tally_programme *programme,
                            const struct tally_reward *reward)
{
    return is_code(reward->code, reward->id) && is_name(&reward->name) &&
           when_is_valid(programme, &reward->when) && selector_is_valid(&reward->lines) &&
           reward_kind_is_valid(programme, reward) &&
           purse_is_valid(programme, reward->cost_purse) &&
           is_between(reward->cost, 0, TALLY_REDEEM_MAX) &&
           caps_are_valid(reward->limits, reward->limit_count, LIMITS_OF_REWARD) &&
           is_between(reward->total_max, 0, TALLY_POINTS_MAX) &&
           group_is_valid(programme, reward->group);
}

static bool rewards_are_valid(const struct tally_programme *programme)
{
    if (!is_list(programme->rewards, programme->reward_count, TALLY_REWARDS_MAX)) {
        return false;
    }
    for (size_t i = 0; i < programme->reward_count; i++) {
        if (!reward_is_valid(programme, &programme->rewards[i])) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (programme->rewards[j].id == programme->rewards[i].id) {
                return false;
            }
        }
    }
    return true;
}

static bool redeeming_is_valid(const struct tally_programme *programme)
{
    const struct tally_redeem_rules *redeem = &programme->redeem;
    return is_between(redeem->step_points, 1, TALLY_REDEEM_MAX) &&
           is_between(redeem->value_minor, 1, TALLY_REDEEM_MAX) &&
           is_between(redeem->points_min, 0, TALLY_REDEEM_MAX) &&
           redeem->points_min % redeem->step_points == 0 &&
           is_between(redeem->points_max, 0, TALLY_POINTS_MAX) &&
           (redeem->points_max == 0 || redeem->points_max >= redeem->points_min) &&
           redeem->share_pct <= 100 &&
           caps_are_valid(redeem->limits, redeem->limit_count, LIMITS) &&
           caps_are_valid(redeem->member_limits, redeem->member_limit_count, LIMITS) &&
           selector_is_valid(&redeem->lines) && rewards_are_valid(programme);
}

static bool refunds_are_valid(const struct tally_programme *programme)
{
    const struct tally_refund_rules *refund = &programme->refund;
    return is_between(refund->policy, TALLY_REFUND_DEBT, TALLY_REFUND_PENDING) &&
           is_between(refund->window_days, 0, RETURN_DAYS_MAX) &&
           is_between(refund->grace_days, 0, TALLY_EXPIRY_DAYS_MAX) &&
           is_between(programme->hold_minutes, 1, HOLD_MINUTES_MAX);
}

/* ------------------------------------------------------------------ tiers */

static bool conditions_are_valid(const struct tally_tier *tier)
{
    if (!is_list(tier->conditions, tier->condition_count, TALLY_CAPS_MAX)) {
        return false;
    }
    for (size_t i = 0; i < tier->condition_count; i++) {
        if (!is_between(tier->conditions[i].metric, TALLY_METRIC_SPEND, TALLY_METRIC_BALANCE) ||
            !is_between(tier->conditions[i].threshold, 1, TALLY_MONEY_MAX)) {
            return false;
        }
    }
    return true;
}

static bool is_single(const struct tally_tier *tier)
{
    return tier->condition_count == 1 && !tier->is_given_only;
}

/* A ladder with one rung of one kind for each tier goes up; what several conditions come to can't
 * be told beforehand. */
static bool is_above_those_before(const struct tally_tier *tiers, size_t index)
{
    for (size_t i = index; is_single(&tiers[index]) && i-- > 1;) {
        if (is_single(&tiers[i]) &&
            tiers[i].conditions[0].metric == tiers[index].conditions[0].metric) {
            return tiers[i].conditions[0].threshold < tiers[index].conditions[0].threshold;
        }
    }
    return true;
}

static bool tier_is_valid(const struct tally_tier *tiers, size_t index)
{
    const struct tally_tier *tier = &tiers[index];
    if (!is_code(tier->code, tier->id) || !is_name(&tier->name) || tier->stars > TALLY_STARS_MAX ||
        tier->colour > 0xFFFFFF || tier->multiplier_pct > TALLY_PERCENT_MAX ||
        !is_between(tier->redeem_value_minor, 0, TALLY_REDEEM_MAX) || !conditions_are_valid(tier)) {
        return false;
    }
    for (size_t i = 0; i < index; i++) {
        if (tiers[i].id == tier->id) {
            return false;
        }
    }
    if (index == 0) {
        return tier->condition_count == 0 && !tier->is_given_only;
    }
    return (tier->condition_count > 0 || tier->is_given_only) &&
           is_above_those_before(tiers, index);
}

static bool window_is_valid(const struct tally_tier_rules *rules)
{
    enum tally_period_kind kind = rules->window.kind;
    bool holds_for_periods =
        rules->hold == TALLY_TIER_HOLD_PERIOD || rules->hold == TALLY_TIER_HOLD_NEXT_PERIOD;
    return period_is_valid(rules->window) && kind != TALLY_PERIOD_SALE &&
           kind != TALLY_PERIOD_CAMPAIGN &&
           (has_next(kind) || (!holds_for_periods && !rules->upgrade_next_period &&
                               rules->downgrade != TALLY_DOWNGRADE_ONE_STEP));
}

static bool tiers_are_valid(const struct tally_programme *programme)
{
    const struct tally_tier_rules *rules = &programme->tiers;
    if (rules->tiers == NULL || !is_between((int64_t)rules->tier_count, 1, TALLY_TIERS_MAX) ||
        !window_is_valid(rules) ||
        !is_between(rules->hold, TALLY_TIER_HOLD_NONE, TALLY_TIER_HOLD_EVER) ||
        !is_between(rules->hold_months, rules->hold == TALLY_TIER_HOLD_MONTHS ? 1 : 0,
                    rules->hold == TALLY_TIER_HOLD_MONTHS ? MONTHS_MAX : 0) ||
        !is_between(rules->downgrade, TALLY_DOWNGRADE_TO_FIT, TALLY_DOWNGRADE_NEVER) ||
        !is_between(rules->grace_days, 0, DAYS_MAX) ||
        !is_between(rules->grace_months, 0, MONTHS_MAX)) {
        return false;
    }
    for (size_t i = 0; i < rules->tier_count; i++) {
        if (!tier_is_valid(rules->tiers, i)) {
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------ what else a programme has */

static bool award_is_valid(const struct tally_programme *programme,
                           const struct tally_award_rule *award)
{
    bool is_surprise = award->kind == TALLY_AWARD_SURPRISE;
    bool has_period = award->kind == TALLY_AWARD_PERIOD;
    return is_code(award->code, award->id) && is_name(&award->name) &&
           is_between(award->kind, TALLY_AWARD_SIGN_UP, TALLY_AWARD_PERIOD) &&
           tier_words_are_valid(programme, &award->tiers) &&
           purse_is_valid(programme, award->purse) &&
           is_between(award->points, award->multiply_pct > 0 ? 0 : 1, TALLY_REDEEM_MAX) &&
           (has_period ? has_next(award->period.kind) && period_is_valid(award->period)
                       : award->period.kind == TALLY_PERIOD_SALE) &&
           is_between(award->uses_max, 0, TALLY_POINTS_MAX) &&
           is_between(award->spend_minor_min, 0, TALLY_MONEY_MAX) &&
           is_between(award->budget, 0, TALLY_POINTS_MAX) &&
           award->multiply_pct <= TALLY_PERCENT_MAX && award->chance_ppm <= 1000000 &&
           is_surprise == ((award->chance_ppm > 0) != (award->every > 0)) &&
           (is_surprise || (award->chance_ppm == 0 && award->multiply_pct == 0));
}

static bool awards_are_valid(const struct tally_programme *programme)
{
    if (!is_list(programme->awards, programme->award_count, TALLY_RULES_MAX)) {
        return false;
    }
    for (size_t i = 0; i < programme->award_count; i++) {
        if (!award_is_valid(programme, &programme->awards[i])) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (programme->awards[j].id == programme->awards[i].id) {
                return false;
            }
        }
    }
    return true;
}

static bool transfer_is_valid(const struct tally_transfer_rules *transfer)
{
    return caps_are_valid(transfer->limits, transfer->limit_count, LIMITS) &&
           (!transfer->allowed ||
            (is_between(transfer->points_min, 1, TALLY_POINTS_MAX) &&
             is_between(transfer->points_max, transfer->points_min, TALLY_POINTS_MAX)));
}

/* Each shop is one merchant's. */
static bool merchants_are_valid(const struct tally_programme *programme)
{
    if (!is_list(programme->merchants, programme->merchant_count, TALLY_RULES_MAX)) {
        return false;
    }
    for (size_t i = 0; i < programme->merchant_count; i++) {
        const struct tally_merchant *merchant = &programme->merchants[i];
        if (!is_code(merchant->code, merchant->id) || !is_name(&merchant->name) ||
            !is_list(merchant->shops, merchant->shop_count, TALLY_WORDS_MAX) ||
            merchant->earn_pct > 100 ||
            !is_between(merchant->issue_price_micro, 0, TALLY_MONEY_MAX) ||
            !is_between(merchant->redeem_price_micro, 0, TALLY_MONEY_MAX)) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (programme->merchants[j].id == merchant->id) {
                return false;
            }
        }
        for (size_t j = 0; j < merchant->shop_count; j++) {
            if (tally_programme_merchant(programme, merchant->shops[j]) != merchant) {
                return false;
            }
        }
    }
    return true;
}

static bool guards_are_valid(const struct tally_programme *programme)
{
    if (!is_list(programme->guards, programme->guard_count, TALLY_RULES_MAX)) {
        return false;
    }
    for (size_t i = 0; i < programme->guard_count; i++) {
        if (!is_between(programme->guards[i].kind, TALLY_GUARD_CARD_SALES_HOUR,
                        TALLY_GUARD_ADJUST_POINTS) ||
            programme->guards[i].limit < 0) {
            return false;
        }
    }
    return true;
}

static bool change_is_valid(const struct tally_zone_change *change)
{
    return is_between(change->month, 1, 12) && is_between(change->week, 1, 5) &&
           change->weekday <= 6 &&
           is_between(change->time_s, -167 * 3600 - 3599, 167 * 3600 + 3599);
}

static bool zone_is_valid(const struct tally_zone *zone)
{
    return is_between(zone->offset_s, -TALLY_OFFSET_S_MAX, TALLY_OFFSET_S_MAX) &&
           (!zone->has_summer ||
            (is_between(zone->summer_offset_s, -TALLY_OFFSET_S_MAX, TALLY_OFFSET_S_MAX) &&
             change_is_valid(&zone->to_summer) && change_is_valid(&zone->to_standard)));
}

static bool currency_is_valid(const char currency[TALLY_CURRENCY_LEN + 1])
{
    for (size_t i = 0; i < TALLY_CURRENCY_LEN; i++) {
        if (currency[i] < 'A' || currency[i] > 'Z') {
            return false;
        }
    }
    return currency[TALLY_CURRENCY_LEN] == '\0';
}

static bool head_is_valid(const struct tally_programme *programme)
{
    return is_text(programme->name) && programme->version > 0 && programme->effective_ms >= 0 &&
           zone_is_valid(&programme->zone) && currency_is_valid(programme->currency) &&
           programme->currency_exponent <= TALLY_EXPONENT_MAX;
}

enum tally_status tally_programme_check(const struct tally_programme *programme)
{
    assert(programme != NULL);

    if (!head_is_valid(programme) || !groups_are_valid(programme) || !purses_are_valid(programme) ||
        !tiers_are_valid(programme) || !merchants_are_valid(programme) ||
        !earning_is_valid(programme) || !redeeming_is_valid(programme) ||
        !refunds_are_valid(programme) || !awards_are_valid(programme) ||
        !transfer_is_valid(&programme->transfer) || !guards_are_valid(programme) ||
        !is_list(programme->cards.rules, programme->cards.count, TALLY_CARD_RULES_MAX)) {
        return TALLY_E_RULE;
    }
    for (size_t i = 0; i < programme->cards.count; i++) {
        enum tally_status status = tally_card_rule_check(&programme->cards.rules[i]);
        if (status != TALLY_OK) {
            return status == TALLY_E_PAYMENT_CARD ? status : TALLY_E_RULE;
        }
    }
    return TALLY_OK;
}
