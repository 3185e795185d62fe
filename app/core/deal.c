/* SPDX-License-Identifier: Apache-2.0 */
/* Rewards, payment, earning and counting of one basket, in that order. */
#include "app/core/deal.h"

#include "app/core/used.h"

#include <assert.h>
#include <string.h>

static const size_t undecided = SIZE_MAX, nobody = SIZE_MAX - 1;

size_t tally_deal_purse(const struct tally_programme *programme, uint32_t purse)
{
    assert(programme != NULL);

    if (purse == TALLY_PURSE_POINTS) {
        return 0;
    }
    size_t i = 0;
    while (i < programme->purse_count && programme->purses[i].id != purse) {
        i++;
    }
    return i + 1;
}

uint32_t tally_deal_purse_id(const struct tally_programme *programme, size_t index)
{
    assert(programme != NULL);
    assert(index <= programme->purse_count);

    return index == 0 ? (uint32_t)TALLY_PURSE_POINTS : programme->purses[index - 1].id;
}

void tally_deal_carve(struct tally_carver *carver, const struct tally_programme *programme,
                      size_t line_count, struct tally_deal *deal)
{
    assert(carver != NULL);
    assert(programme != NULL);
    assert(deal != NULL);

    size_t lines = line_count < TALLY_LINES_MAX ? line_count : TALLY_LINES_MAX;
    size_t purses = programme->purse_count + 1;
    size_t shares = lines * purses < TALLY_SHARES_MAX ? lines * purses : TALLY_SHARES_MAX;
    deal->lines = tally_carve(carver, lines, sizeof *deal->lines);
    deal->work.kept_minor = tally_carve(carver, lines, sizeof *deal->work.kept_minor);
    deal->work.ranks = tally_carve_list(carver, lines, sizeof *deal->work.ranks);
    deal->here = tally_carve(carver, purses, sizeof *deal->here);
    deal->online = tally_carve(carver, purses, sizeof *deal->online);
    deal->debt = tally_carve(carver, purses, sizeof *deal->debt);
    deal->asked = tally_carve(carver, purses, sizeof *deal->asked);
    deal->late = tally_carve(carver, purses, sizeof *deal->late);
    deal->spent = tally_carve(carver, purses, sizeof *deal->spent);
    deal->earned = tally_carve(carver, purses, sizeof *deal->earned);
    deal->reserved = tally_carve(carver, purses, sizeof *deal->reserved);
    deal->winners = tally_carve(carver, programme->group_count, sizeof *deal->winners);
    deal->taken = tally_carve_list(carver, programme->reward_count, sizeof *deal->taken);
    deal->earning.rules = tally_carve(carver, programme->rule_count, sizeof *deal->earning.rules);
    deal->earning.shares = tally_carve(carver, lines * purses, sizeof *deal->earning.shares);
    if (programme->refund.capped_first) {
        deal->earning.cuts = tally_carve(carver, lines * purses, sizeof *deal->earning.cuts);
    }
    deal->paid = tally_carve_list(carver, lines, sizeof *deal->paid);
    deal->shares = tally_carve_list(carver, shares, sizeof *deal->shares);
    deal->share_room = shares;
    deal->exchange_room = programme->reward_count < TALLY_EXCHANGES_MAX ? programme->reward_count
                                                                        : TALLY_EXCHANGES_MAX;
    deal->exchanges = tally_carve(carver, deal->exchange_room, sizeof *deal->exchanges);
    deal->credits.cap = TALLY_MOVES_MAX;
    deal->credits.items = tally_carve_list(carver, deal->credits.cap, sizeof *deal->credits.items);
    deal->counts.cap = TALLY_COUNTS_MAX;
    deal->counts.items = tally_carve_list(carver, deal->counts.cap, sizeof *deal->counts.items);
}

int32_t tally_deal_since(const struct tally_deal *deal)
{
    return deal->scene.day - deal->scene.seen->days_member;
}

static const struct tally_programme *programme_of(const struct tally_deal *deal)
{
    return deal->scene.programme;
}

static int64_t least(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

/* ------------------------------------------------------------------ rewards */

static const struct tally_claim *claim_of(const struct tally_basket *basket, uint32_t reward)
{
    for (size_t i = 0; i < basket->claim_count; i++) {
        if (basket->claims[i].reward == reward) {
            return &basket->claims[i];
        }
    }
    return NULL;
}

static enum tally_status add_to(int64_t *sums, const struct tally_deal *deal, uint32_t purse,
                                int64_t units)
{
    size_t index = tally_deal_purse(programme_of(deal), purse);
    if (index > programme_of(deal)->purse_count) {
        return TALLY_E_INVALID;
    }
    TALLY_TRY(tally_add(sums[index], units, &sums[index]));
    return sums[index] > TALLY_POINTS_MAX ? TALLY_E_OVERFLOW : TALLY_OK;
}

/* What the cashier asked for goes before what comes by itself. */
static enum tally_status reserve(struct tally_deal *deal)
{
    const struct tally_basket *basket = deal->scene.basket;
    deal->reserved[0] = basket->points;
    for (size_t i = 0; i < basket->claim_count; i++) {
        const struct tally_reward *reward =
            tally_programme_reward(programme_of(deal), basket->claims[i].reward);
        int64_t cost = 0;
        if (reward == NULL || basket->claims[i].times == 0) {
            return TALLY_E_INVALID;
        }
        TALLY_TRY(tally_reward_cost(reward, basket->claims[i].times, &cost));
        TALLY_TRY(add_to(deal->reserved, deal, reward->cost_purse, cost));
    }
    memcpy(deal->asked, deal->reserved,
           (programme_of(deal)->purse_count + 1) * sizeof *deal->asked);
    return TALLY_OK;
}

/* How often limits and stock still allow it. */
static int64_t times_left(const struct tally_deal *deal, const struct tally_reward *reward)
{
    int64_t left = INT64_MAX;
    for (size_t i = 0; i < reward->limit_count; i++) {
        left = least(left, tally_cap_left(&reward->limits[i], &reward->when, deal->scene.seen,
                                          TALLY_COUNT_REWARD, reward->id, deal->scene.day));
    }
    if (reward->total_max > 0 && deal->stock != NULL) {
        left = least(left, deal->stock(deal->stock_context, reward->id));
    }
    return left;
}

static bool takes_money_off(const struct tally_reward *reward)
{
    return reward->kind != TALLY_REWARD_GIFT && reward->kind != TALLY_REWARD_PURSE;
}

/* What a reward would do now. */
struct offer {
    int64_t times; /* 0: nothing */
    int64_t discount_minor;
};

static enum tally_status offer_claimed(struct tally_deal *deal, const struct tally_reward *reward,
                                       int64_t times, struct offer *ret_offer)
{
    bool by_piece = reward->kind == TALLY_REWARD_ITEM || reward->kind == TALLY_REWARD_BUNDLE;
    int64_t less_minor = 0, discount_minor = 0;
    if (times > times_left(deal, reward) ||
        (by_piece && times > tally_reward_fits(&deal->work, reward)) ||
        (reward->kind == TALLY_REWARD_PERCENT && times > 1)) {
        return TALLY_E_RULE;
    }
    TALLY_TRY(tally_reward_take(&deal->work, reward, times, true, &discount_minor));
    if (takes_money_off(reward)) {
        /* a claim that takes nothing off is a member's points for nothing */
        TALLY_TRY(tally_reward_take(&deal->work, reward, times - 1, true, &less_minor));
        if (discount_minor == (times > 1 ? less_minor : 0)) {
            return TALLY_E_RULE;
        }
    }
    *ret_offer = (struct offer){times, discount_minor};
    return TALLY_OK;
}

/* Taken once it is known what the sale earns: what a goal gives when it is reached. */
static bool is_late(const struct tally_deal *deal, const struct tally_reward *reward)
{
    return !takes_money_off(reward) && reward->cost > 0 &&
           claim_of(deal->scene.basket, reward->id) == NULL;
}

/* Limits speak of all points that are spent, those for rewards too. */
static int64_t limit_of_points(const struct tally_deal *deal)
{
    const struct tally_redeem_rules *redeem = &programme_of(deal)->redeem;
    const struct tally_seen *seen = deal->scene.seen;
    int64_t left = TALLY_POINTS_MAX;
    for (size_t i = 0; i < redeem->limit_count; i++) {
        left = least(left, tally_cap_left(&redeem->limits[i], NULL, seen, TALLY_COUNT_REDEEMED,
                                          TALLY_PURSE_POINTS, deal->scene.day));
    }
    for (size_t i = 0; i < redeem->member_limit_count; i++) {
        left = least(left, tally_cap_left(&redeem->member_limits[i], NULL, seen, TALLY_COUNT_MEMBER,
                                          tally_member_id(deal->member), deal->scene.day));
    }
    return left;
}

/* What was just earned and can be spent at once. */
static int64_t earned_usable(const struct tally_deal *deal, uint32_t purse)
{
    int64_t points = 0;
    for (size_t i = 0; i < deal->credits.count; i++) {
        const struct tally_move *credit = &deal->credits.items[i];
        if (credit->purse == purse && credit->from_day <= deal->scene.day) {
            points += credit->points; /* at most those earned */
        }
    }
    return points;
}

int64_t tally_deal_lends(const struct tally_deal *deal, size_t purse)
{
    assert(deal != NULL);

    const struct tally_programme *programme = programme_of(deal);
    return programme->redeem.earned_pays
               ? earned_usable(deal, tally_deal_purse_id(programme, purse))
               : 0;
}

/* How often a purse pays for an automatic reward beside all that was asked for. */
static int64_t times_paid(const struct tally_deal *deal, const struct tally_reward *reward)
{
    size_t purse = tally_deal_purse(programme_of(deal), reward->cost_purse);
    if (reward->cost == 0) {
        return INT64_MAX;
    }
    if (purse > programme_of(deal)->purse_count) {
        return 0;
    }
    if (deal->taken_times != NULL) {
        return deal->taken_times(deal->stock_context, reward->id);
    }
    int64_t here = deal->here[purse], online = deal->online[purse];
    if (is_late(deal, reward)) {
        int64_t earned = earned_usable(deal, reward->cost_purse), debt = deal->debt[purse];
        here += earned > debt ? earned - debt : 0;
        online += earned;
    }
    int64_t units = least(here, online) - deal->reserved[purse];
    if (purse == 0) {
        units = least(units, limit_of_points(deal) - deal->reserved[0]);
    }
    return tally_reward_affordable(reward, units);
}

/* No more times than take something off: a piece that costs nothing is not worth a stamp. */
static enum tally_status trim(struct tally_deal *deal, const struct tally_reward *reward,
                              struct offer *offer)
{
    int64_t low = 0, high = offer->times; /* `low` takes less, `high` as much */
    for (int64_t times = high - 1; low + 1 < high; times = low + (high - low) / 2) {
        int64_t discount_minor = 0;
        TALLY_TRY(tally_reward_take(&deal->work, reward, times, true, &discount_minor));
        if (discount_minor < offer->discount_minor) {
            low = times;
        } else {
            high = times;
        }
    }
    offer->times = high;
    return TALLY_OK;
}

static enum tally_status offer_automatic(struct tally_deal *deal, const struct tally_reward *reward,
                                         struct offer *ret_offer)
{
    int64_t fits = is_late(deal, reward) ? INT64_MAX : tally_reward_fits(&deal->work, reward);
    int64_t times = least(least(times_left(deal, reward), fits), times_paid(deal, reward));
    struct offer offer = {times > 0 ? least(times, UINT32_MAX) : 0, 0};
    TALLY_TRY(tally_reward_take(&deal->work, reward, offer.times, true, &offer.discount_minor));
    if (takes_money_off(reward)) {
        offer.times = offer.discount_minor > 0 ? offer.times : 0;
        TALLY_TRY(trim(deal, reward, &offer));
    }
    *ret_offer = offer;
    return TALLY_OK;
}

/* TALLY_E_RULE for a claim that can't be. */
static enum tally_status offer_of(struct tally_deal *deal, size_t index, bool late,
                                  struct offer *ret_offer)
{
    const struct tally_reward *reward = &programme_of(deal)->rewards[index];
    const struct tally_claim *claim = claim_of(deal->scene.basket, reward->id);
    *ret_offer = (struct offer){0};
    if ((claim == NULL && !reward->is_automatic) || is_late(deal, reward) != late) {
        return TALLY_OK;
    }
    if (!tally_when_holds(&reward->when, &deal->scene) ||
        !tally_when_lines_hold(&reward->when, &reward->lines, &deal->scene)) {
        return claim != NULL ? TALLY_E_RULE : TALLY_OK;
    }
    return claim != NULL ? offer_claimed(deal, reward, claim->times, ret_offer)
                         : offer_automatic(deal, reward, ret_offer);
}

/* Which of a group has it, worked out on the lines as they are when its first one's turn comes. */
static enum tally_status decide_group(struct tally_deal *deal, size_t group, bool late)
{
    const struct tally_programme *programme = programme_of(deal);
    int64_t best_minor = -1;
    deal->winners[group] = nobody;
    for (size_t i = 0; i < programme->reward_count; i++) {
        struct offer offer = {0};
        if (programme->rewards[i].group != group + 1) {
            continue;
        }
        TALLY_TRY(offer_of(deal, i, late, &offer));
        if (offer.times > 0 && offer.discount_minor > best_minor) {
            deal->winners[group] = i;
            best_minor = offer.discount_minor;
            if (programme->groups[group].kind == TALLY_GROUP_FIRST) {
                break;
            }
        }
    }
    return TALLY_OK;
}

static enum tally_status take_one(struct tally_deal *deal, size_t index, bool late,
                                  const struct offer *offer)
{
    const struct tally_reward *reward = &programme_of(deal)->rewards[index];
    struct tally_taken taken = {.reward = index, .times = (uint32_t)offer->times};
    TALLY_TRY(tally_reward_cost(reward, offer->times, &taken.cost));
    TALLY_TRY(tally_reward_take(&deal->work, reward, offer->times, false, &taken.discount_minor));
    TALLY_TRY(add_to(deal->spent, deal, reward->cost_purse, taken.cost));
    if (claim_of(deal->scene.basket, reward->id) == NULL) {
        TALLY_TRY(add_to(deal->reserved, deal, reward->cost_purse, taken.cost));
    }
    if (late) {
        TALLY_TRY(add_to(deal->late, deal, reward->cost_purse, taken.cost));
    }
    deal->discount_minor += taken.discount_minor; /* at most the basket */
    deal->taken[deal->taken_count] = taken;
    deal->taken_count++;
    return TALLY_OK;
}

/* In the programme's order; the late ones have a round of their own. A group that gave nothing in
 * the first may give in the second. */
static enum tally_status take_rewards(struct tally_deal *deal, bool late)
{
    const struct tally_programme *programme = programme_of(deal);
    for (size_t i = 0; i < programme->group_count; i++) {
        if (!late || deal->winners[i] == nobody) {
            deal->winners[i] = undecided;
        }
    }
    for (size_t i = 0; i < programme->reward_count; i++) {
        size_t group = programme->rewards[i].group;
        if (group > 0 && deal->winners[group - 1] == undecided) {
            TALLY_TRY(decide_group(deal, group - 1, late));
        }
        bool is_shut_out = group > 0 && deal->winners[group - 1] != i;
        struct offer offer = {0};
        if (!is_shut_out) {
            TALLY_TRY(offer_of(deal, i, late, &offer));
        } else if (!late && claim_of(deal->scene.basket, programme->rewards[i].id) != NULL) {
            return TALLY_E_RULE;
        }
        if (offer.times > 0) {
            TALLY_TRY(take_one(deal, i, late, &offer));
        }
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ points as payment */

static int64_t payable_minor(const struct tally_deal *deal)
{
    int64_t net_minor = 0;
    for (size_t i = 0; i < deal->scene.basket->line_count; i++) {
        if (tally_selector_has(&programme_of(deal)->redeem.lines, &deal->lines[i])) {
            net_minor += deal->lines[i].net_minor; /* at most the basket */
        }
    }
    return net_minor;
}

/* Negative: passed already. */
static int64_t limit_left(const struct tally_deal *deal)
{
    return limit_of_points(deal) - deal->spent[0];
}

static int64_t step_value_minor(const struct tally_deal *deal)
{
    int64_t tier_minor = programme_of(deal)->tiers.tiers[deal->scene.seen->tier].redeem_value_minor;
    return tier_minor > 0 ? tier_minor : programme_of(deal)->redeem.value_minor;
}

int64_t tally_deal_redeemable(const struct tally_deal *deal, int64_t held)
{
    assert(deal != NULL);

    const struct tally_redeem_rules *redeem = &programme_of(deal)->redeem;
    int64_t points = least(deal->pay_max, held);
    points = points > 0 ? points - points % redeem->step_points : 0;
    return points < redeem->points_min ? 0 : points;
}

static enum tally_status find_pay_max(struct tally_deal *deal, int64_t payable)
{
    const struct tally_redeem_rules *redeem = &programme_of(deal)->redeem;
    int64_t allowed_minor = 0, points = 0;
    TALLY_TRY(tally_scale(payable, redeem->share_pct, 100, TALLY_ROUND_FLOOR, &allowed_minor));
    int64_t steps = allowed_minor / step_value_minor(deal);
    steps = least(steps, TALLY_POINTS_MAX / redeem->step_points);
    TALLY_TRY(tally_multiply(steps, redeem->step_points, &points));
    if (redeem->points_max > 0) {
        points = least(points, redeem->points_max);
    }
    deal->pay_max = least(points, limit_left(deal));
    deal->pay_max = tally_deal_redeemable(deal, INT64_MAX);
    return TALLY_OK;
}

static enum tally_status pay(struct tally_deal *deal)
{
    const struct tally_programme *programme = programme_of(deal);
    int64_t payable = payable_minor(deal), points = deal->scene.basket->points, value_minor = 0;
    if (limit_left(deal) < 0) {
        return TALLY_E_RULE;
    }
    TALLY_TRY(find_pay_max(deal, payable));
    if (points == 0) {
        return TALLY_OK;
    }
    if (points < programme->redeem.points_min || points % programme->redeem.step_points != 0 ||
        points > deal->pay_max) {
        return TALLY_E_RULE;
    }
    TALLY_TRY(tally_programme_value(programme, deal->scene.seen->tier, points, &value_minor));
    struct tally_allotment allotment = {.total = value_minor, .weight_total = payable};
    for (size_t i = 0; i < deal->scene.basket->line_count; i++) {
        if (tally_selector_has(&programme->redeem.lines, &deal->lines[i])) {
            TALLY_TRY(
                tally_allot(&allotment, deal->lines[i].net_minor, &deal->lines[i].points_minor));
        }
    }
    deal->redeemed_minor = value_minor;
    return add_to(deal->spent, deal, TALLY_PURSE_POINTS, points);
}

/* ------------------------------------------------------------------ earning */

static enum tally_status credit(struct tally_deal *deal, uint32_t purse, struct tally_span dates,
                                int64_t points)
{
    TALLY_TRY(add_to(deal->earned, deal, purse, points));
    return tally_moves_add(
        &deal->credits,
        (struct tally_move){TALLY_MOVE_EARN, purse, dates.until_day, dates.from_day, points});
}

static struct tally_span dates_of(const struct tally_deal *deal, const struct tally_rule *rule)
{
    const struct tally_programme *programme = programme_of(deal);
    const struct tally_purse_rules *purse = tally_programme_purse(programme, rule->purse);
    const struct tally_expiry *expiry = purse != NULL ? &purse->expiry : &programme->expiry;
    const struct tally_pending *pending = purse != NULL ? &purse->pending : &programme->pending;
    return tally_programme_dates(programme, rule->has_expiry ? &rule->expiry : expiry,
                                 rule->has_pending ? &rule->pending : pending, deal->scene.day);
}

static size_t tier_index(const struct tally_programme *programme, uint32_t id)
{
    return id == 0 ? 0 : tally_programme_tier_index(programme, id);
}

/* The best tier that a rule gives, if it is better than the one the member has. */
static void give_tier(struct tally_deal *deal, const struct tally_rule *rule)
{
    size_t tier = tier_index(programme_of(deal), rule->tier);
    size_t has = deal->has_floor ? tier_index(programme_of(deal), deal->floor.tier) : 0;
    if (tier < programme_of(deal)->tiers.tier_count && tier >= deal->scene.seen->tier &&
        tier > has) {
        deal->has_floor = true;
        deal->floor = (struct tally_standing){
            rule->tier, deal->scene.day, tally_day_add_months(deal->scene.day, rule->tier_months)};
    }
}

static enum tally_status earn_by_rules(struct tally_deal *deal)
{
    const struct tally_programme *programme = programme_of(deal);
    TALLY_TRY(tally_earn(&deal->scene, &deal->earning));
    for (size_t i = 0; i < programme->rule_count; i++) {
        const struct tally_rule *rule = &programme->rules[i];
        const struct tally_earned *earned = &deal->earning.rules[i];
        if (rule->kind == TALLY_EARN_TIER && earned->why == TALLY_WHY_GAVE) {
            give_tier(deal, rule);
        }
        if (earned->points > 0) {
            TALLY_TRY(credit(deal, rule->purse, dates_of(deal, rule), earned->points));
            deal->tier_points += rule->purse == TALLY_PURSE_POINTS && rule->counts_for_tier
                                     ? earned->points
                                     : 0; /* at most those earned */
        }
    }
    return TALLY_OK;
}

/* Units that a reward gives for nothing belong to the lines that it selects, so that a return of
 * those takes them back. */
static enum tally_status share_gift(struct tally_deal *deal, const struct tally_reward *reward,
                                    int64_t units)
{
    const struct tally_programme *programme = programme_of(deal);
    size_t row = programme->purse_count + 1, count = deal->scene.basket->line_count;
    struct tally_allotment allotment = {.total = units};
    for (size_t i = 0; i < count; i++) {
        if (tally_selector_has(&reward->lines, &deal->lines[i])) {
            allotment.weight_total += deal->lines[i].line->amount_minor;
        }
    }
    for (size_t i = 0; i < count; i++) {
        int64_t part = 0;
        if (tally_selector_has(&reward->lines, &deal->lines[i])) {
            TALLY_TRY(tally_allot(&allotment, deal->lines[i].line->amount_minor, &part));
        } else if (i + 1 == count && allotment.given < units) {
            part = units - allotment.given; /* no line is selected */
            allotment.given = units;
        }
        deal->earning.shares[i * row + tally_deal_purse(programme, reward->gives_purse)] += part;
    }
    return TALLY_OK;
}

static enum tally_status note_exchange(struct tally_deal *deal, const struct tally_reward *reward,
                                       uint32_t times)
{
    if (deal->exchange_count == deal->exchange_room) {
        return TALLY_E_OVERFLOW;
    }
    struct tally_exchange *exchange = &deal->exchanges[deal->exchange_count];
    exchange->times = times;
    exchange->cost_purse = reward->cost_purse;
    exchange->cost = reward->cost;
    if (reward->kind == TALLY_REWARD_PURSE) {
        exchange->purse = reward->gives_purse;
        exchange->gives = reward->gives;
    }
    deal->exchange_count++;
    return TALLY_OK;
}

static enum tally_status earn_by_rewards(struct tally_deal *deal, size_t first)
{
    const struct tally_programme *programme = programme_of(deal);
    for (size_t i = first; i < deal->taken_count; i++) {
        const struct tally_reward *reward = &programme->rewards[deal->taken[i].reward];
        int64_t units = 0;
        if (!takes_money_off(reward) && reward->cost > 0) {
            TALLY_TRY(note_exchange(deal, reward, deal->taken[i].times));
        }
        if (reward->kind != TALLY_REWARD_PURSE) {
            continue;
        }
        TALLY_TRY(tally_multiply(reward->gives, deal->taken[i].times, &units));
        TALLY_TRY(credit(
            deal, reward->gives_purse,
            tally_programme_purse_dates(programme, reward->gives_purse, deal->scene.day), units));
        if (reward->cost == 0) {
            TALLY_TRY(share_gift(deal, reward, units));
        }
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ what the event says of it */

static void list_paid(struct tally_deal *deal)
{
    for (size_t i = 0; i < deal->scene.basket->line_count; i++) {
        const struct tally_line_work *line = &deal->lines[i];
        int64_t discount_minor = line->line->amount_minor - line->net_minor;
        if (discount_minor != 0 || line->points_minor != 0) {
            deal->paid[deal->paid_count] =
                (struct tally_line_paid){(uint32_t)i, discount_minor, line->points_minor};
            deal->paid_count++;
        }
    }
}

/* In order of line and purse; the programme's purses are rising by id. */
static enum tally_status list_shares(struct tally_deal *deal)
{
    size_t row = programme_of(deal)->purse_count + 1;
    for (size_t i = 0; i < deal->scene.basket->line_count * row; i++) {
        int64_t points = deal->earning.shares[i];
        int64_t cut = deal->earning.cuts != NULL ? deal->earning.cuts[i] : 0;
        if (points == 0 && cut == 0) {
            continue;
        }
        if (deal->share_count == deal->share_room) {
            return TALLY_E_OVERFLOW;
        }
        deal->shares[deal->share_count] = (struct tally_share){
            (uint32_t)(i / row), tally_deal_purse_id(programme_of(deal), i % row), points,
            least(cut, TALLY_POINTS_MAX)};
        deal->share_count++;
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ counting */

struct tally_tier_change tally_deal_change(const struct tally_deal *deal)
{
    assert(deal != NULL);

    return (struct tally_tier_change){
        .spend_minor = deal->total_minor - deal->discount_minor - deal->redeemed_minor,
        .points = deal->tier_points,
        .visits = 1,
        .balance = deal->earned[0] - deal->spent[0],
        .counted_day = deal->scene.day,
    };
}

/* The same for a terminal and for head office: of the account only the day that it began. */
static enum tally_status count_for_tiers(struct tally_deal *deal)
{
    struct tally_account joined = {.since_day = tally_deal_since(deal)};
    struct tally_tier_change change = tally_deal_change(deal);
    struct tally_count counts[TALLY_TIER_COUNTS];
    size_t count = tally_tier_counts(&joined, programme_of(deal), &change, counts);
    for (size_t i = 0; i < count; i++) {
        TALLY_TRY(tally_counts_put(&deal->counts, counts[i]));
    }
    return TALLY_OK;
}

static struct tally_used_as counted_as(const struct tally_deal *deal, enum tally_counter what,
                                       uint32_t of, const struct tally_when *when)
{
    return (struct tally_used_as){what, of, when, tally_deal_since(deal), deal->scene.day};
}

static enum tally_status count_rules(struct tally_deal *deal)
{
    const struct tally_programme *programme = programme_of(deal);
    for (size_t i = 0; i < programme->rule_count; i++) {
        const struct tally_rule *rule = &programme->rules[i];
        const struct tally_earned *earned = &deal->earning.rules[i];
        struct tally_used_as as = counted_as(deal, TALLY_COUNT_RULE, rule->id, &rule->when);
        TALLY_TRY(
            tally_used_count(&as, rule->caps, rule->cap_count, earned->points, &deal->counts));
        if (rule->uses_max > 0 && (earned->why == TALLY_WHY_GAVE || earned->points > 0)) {
            struct tally_span span = tally_uses_span(rule);
            TALLY_TRY(tally_counts_put(&deal->counts,
                                       (struct tally_count){TALLY_COUNT_RULE_USES, rule->id,
                                                            span.from_day, span.until_day, 1}));
        }
    }
    return TALLY_OK;
}

static enum tally_status count_rewards(struct tally_deal *deal)
{
    const int32_t day = deal->scene.day;
    for (size_t i = 0; i < deal->taken_count; i++) {
        const struct tally_reward *reward = &programme_of(deal)->rewards[deal->taken[i].reward];
        struct tally_used_as as = counted_as(deal, TALLY_COUNT_REWARD, reward->id, &reward->when);
        TALLY_TRY(tally_used_count(&as, reward->limits, reward->limit_count, deal->taken[i].times,
                                   &deal->counts));
        bool by_itself = claim_of(deal->scene.basket, reward->id) == NULL && reward->cost > 0;
        if (reward->total_max > 0 || by_itself) { /* what head office's check goes by */
            TALLY_TRY(tally_counts_put(&deal->counts,
                                       (struct tally_count){TALLY_COUNT_REWARD, reward->id, day,
                                                            day, deal->taken[i].times}));
        }
    }
    return TALLY_OK;
}

static enum tally_status count_points(struct tally_deal *deal)
{
    const struct tally_programme *programme = programme_of(deal);
    const struct tally_redeem_rules *redeem = &programme->redeem;
    struct tally_used_as as = counted_as(deal, TALLY_COUNT_EARNED, TALLY_PURSE_POINTS, NULL);
    TALLY_TRY(tally_used_count(&as, programme->earn_caps, programme->earn_cap_count,
                               deal->earned[0], &deal->counts));
    as.what = TALLY_COUNT_REDEEMED;
    TALLY_TRY(
        tally_used_count(&as, redeem->limits, redeem->limit_count, deal->spent[0], &deal->counts));
    as.what = TALLY_COUNT_MEMBER;
    as.of = tally_member_id(deal->member);
    return tally_used_count(&as, redeem->member_limits, redeem->member_limit_count, deal->spent[0],
                            &deal->counts);
}

static enum tally_status count_for_guards(struct tally_deal *deal)
{
    const struct tally_programme *programme = programme_of(deal);
    const int32_t day = deal->scene.day;
    for (size_t i = 0; i < programme->guard_count; i++) {
        struct tally_count count = {0, 0, day, day, 0};
        switch (programme->guards[i].kind) {
        case TALLY_GUARD_CARD_SALES_HOUR:
            count.what = TALLY_COUNT_HOUR;
            count.from_day = (int32_t)deal->hour;
            count.amount = 1;
            break;
        case TALLY_GUARD_CARD_SALES_DAY:
            count.what = TALLY_COUNT_SALES;
            count.amount = 1;
            break;
        case TALLY_GUARD_CARD_EARNED_DAY:
            count.what = TALLY_COUNT_EARNED;
            count.amount = deal->earned[0];
            break;
        case TALLY_GUARD_CARD_REDEEMED_DAY:
            count.what = TALLY_COUNT_REDEEMED;
            count.amount = deal->spent[0];
            break;
        case TALLY_GUARD_CASHIER_SALES_HOUR:
        case TALLY_GUARD_CASHIER_EARNED_DAY:
        case TALLY_GUARD_TRAVEL_MINUTES:
        case TALLY_GUARD_OWN_CARD:
        case TALLY_GUARD_ADJUST_POINTS:
            break;
        }
        TALLY_TRY(tally_counts_put(&deal->counts, count));
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ all of it */

enum tally_status tally_deal_make(struct tally_deal *deal)
{
    assert(deal != NULL);

    struct tally_scene *scene = &deal->scene;
    TALLY_TRY(tally_basket_check(scene->basket, &deal->total_minor));
    if (scene->day < tally_day_from_date(TALLY_YEAR_MIN, 1, 1) ||
        scene->day > tally_day_from_date(TALLY_YEAR_MAX, 12, 31)) {
        return TALLY_E_INVALID;
    }
    scene->lines = deal->lines;
    deal->work.lines = deal->lines;
    deal->work.line_count = scene->basket->line_count;
    tally_lines_read(scene->basket, deal->lines);
    TALLY_TRY(reserve(deal));
    TALLY_TRY(take_rewards(deal, false));
    TALLY_TRY(pay(deal));
    TALLY_TRY(earn_by_rules(deal));
    TALLY_TRY(earn_by_rewards(deal, 0));
    size_t taken = deal->taken_count;
    TALLY_TRY(take_rewards(deal, true));
    TALLY_TRY(earn_by_rewards(deal, taken));
    list_paid(deal);
    TALLY_TRY(list_shares(deal));
    TALLY_TRY(count_for_tiers(deal));
    TALLY_TRY(count_rules(deal));
    TALLY_TRY(count_rewards(deal));
    TALLY_TRY(count_points(deal));
    return count_for_guards(deal);
}
