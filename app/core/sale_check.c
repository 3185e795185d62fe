/* SPDX-License-Identifier: Apache-2.0 */
/* Head office works a sale out again and compares what the terminal wrote. */
#include "app/core/sale.h"

#include "app/core/deal.h"

#include <assert.h>

size_t tally_sale_check_room(const struct tally_programme *programme,
                             const struct tally_event *event)
{
    assert(programme != NULL);
    assert(event != NULL);

    struct tally_deal deal = {0};
    struct tally_carver carver = {0};
    tally_deal_carve(&carver, programme,
                     event->type == TALLY_EVENT_SALE ? event->as.sale.basket.line_count : 0, &deal);
    return carver.at;
}

/* ---------------------------------------------------------------- what can't be seen from here */

/* A reward that all members share, and one that comes by itself and costs, has been taken as often
 * as the event counts it: that the stock allowed it is looked at over all events, and that the
 * purse paid for it when the event is applied. */
static int64_t counted_times(void *context, uint32_t reward)
{
    const struct tally_event *event = context;
    for (size_t i = 0; i < event->effects.count_count; i++) {
        const struct tally_count *count = &event->effects.counts[i];
        if (count->what == TALLY_COUNT_REWARD && count->of == reward &&
            count->from_day == event->business_day && count->until_day == event->business_day) {
            return count->amount;
        }
    }
    return 0;
}

static bool seen_is_possible(const struct tally_programme *programme,
                             const struct tally_event *event)
{
    const struct tally_seen *seen = &event->as.sale.seen;
    for (size_t i = 1; i < seen->used_count; i++) {
        if (tally_count_compare(&seen->used[i - 1], &seen->used[i]) >= 0) {
            return false;
        }
    }
    return seen->minute >= 0 && seen->minute < 24 * 60 &&
           seen->tier < programme->tiers.tier_count && seen->days_away >= -1 &&
           seen->days_member >= 0 && seen->birthday < 2 * TALLY_BIRTHDAY_MONTH;
}

/* ------------------------------------------------------------------ comparing */

static bool moves_are_a_sales(const struct tally_effects *effects)
{
    for (size_t i = 0; i < effects->move_count; i++) {
        switch (effects->moves[i].kind) {
        case TALLY_MOVE_EXPIRE:
        case TALLY_MOVE_RELEASE:
        case TALLY_MOVE_REDEEM_HELD:
        case TALLY_MOVE_REDEEM:
        case TALLY_MOVE_EARN_DEBT:
        case TALLY_MOVE_EARN:
        case TALLY_MOVE_REDEEM_EARNED:
            break;
        default:
            return false;
        }
    }
    return true;
}

/* Every credit is there, to the point and with its days, as EARN or as a debt paid, and no
 * other. */
static bool credits_are_same(const struct tally_deal *deal, const struct tally_effects *effects)
{
    int64_t left = 0;
    for (size_t i = 0; i < effects->move_count; i++) {
        enum tally_move_kind kind = effects->moves[i].kind;
        if (kind == TALLY_MOVE_EARN || kind == TALLY_MOVE_EARN_DEBT) {
            left += effects->moves[i].points; /* tally_effects_check bounds the sum */
        }
    }
    for (size_t i = 0; i < deal->credits.count; i++) {
        struct tally_move credit = deal->credits.items[i], debt = credit;
        int64_t points = 0;
        debt.kind = TALLY_MOVE_EARN_DEBT;
        for (size_t j = 0; j < effects->move_count; j++) {
            const struct tally_move *move = &effects->moves[j];
            if (tally_move_compare(move, &credit) == 0 || tally_move_compare(move, &debt) == 0) {
                points += move->points;
            }
        }
        if (points != credit.points) {
            return false;
        }
        left -= points;
    }
    return left == 0;
}

static bool spending_is_same(const struct tally_deal *deal, const struct tally_event *event)
{
    for (size_t i = 0; i <= deal->scene.programme->purse_count; i++) {
        uint32_t purse = tally_deal_purse_id(deal->scene.programme, i);
        if (deal->spent[i] != tally_event_points(event, purse, TALLY_MOVE_REDEEM)) {
            return false;
        }
    }
    for (size_t i = 0; i < event->effects.move_count; i++) { /* and of no purse unknown */
        const struct tally_move *move = &event->effects.moves[i];
        if ((move->kind == TALLY_MOVE_REDEEM || move->kind == TALLY_MOVE_REDEEM_HELD ||
             move->kind == TALLY_MOVE_REDEEM_EARNED) &&
            tally_deal_purse(deal->scene.programme, move->purse) >
                deal->scene.programme->purse_count) {
            return false;
        }
    }
    return true;
}

/* The hour is the terminal's clock's; all else must be there, and nothing more. */
static bool counts_are_same(const struct tally_deal *deal, const struct tally_event *event)
{
    const struct tally_effects *effects = &event->effects;
    if (deal->counts.count != effects->count_count) {
        return false;
    }
    for (size_t i = 0; i < effects->count_count; i++) {
        const struct tally_count *ours = &deal->counts.items[i], *theirs = &effects->counts[i];
        if (ours->amount != theirs->amount || ours->what != theirs->what) {
            return false;
        }
        if (ours->what == TALLY_COUNT_HOUR
                ? ours->of != theirs->of || ours->until_day != theirs->until_day
                : tally_count_compare(ours, theirs) != 0) {
            return false;
        }
    }
    return true;
}

static bool exchanges_are_same(const struct tally_deal *deal, const struct tally_sale *sale)
{
    for (size_t i = 0; i < sale->exchange_count && i < deal->exchange_count; i++) {
        const struct tally_exchange *ours = &deal->exchanges[i], *theirs = &sale->exchanges[i];
        if (ours->times != theirs->times || ours->cost_purse != theirs->cost_purse ||
            ours->cost != theirs->cost || ours->purse != theirs->purse ||
            ours->gives != theirs->gives) {
            return false;
        }
    }
    return sale->exchange_count == deal->exchange_count;
}

static bool lines_are_same(const struct tally_deal *deal, const struct tally_sale *sale)
{
    if (deal->paid_count != sale->paid_count || deal->share_count != sale->share_count) {
        return false;
    }
    for (size_t i = 0; i < sale->paid_count; i++) {
        if (deal->paid[i].line != sale->paid[i].line ||
            deal->paid[i].discount_minor != sale->paid[i].discount_minor ||
            deal->paid[i].points_minor != sale->paid[i].points_minor) {
            return false;
        }
    }
    for (size_t i = 0; i < sale->share_count; i++) {
        if (deal->shares[i].line != sale->shares[i].line ||
            deal->shares[i].purse != sale->shares[i].purse ||
            deal->shares[i].points != sale->shares[i].points ||
            deal->shares[i].cut != sale->shares[i].cut) {
            return false;
        }
    }
    return true;
}

/* Which standing an account reaches depends on all of its events; that it is one of the programme's
 * and of this day can be seen here. A floor may be left out where a better one was there. */
static bool standing_is_possible(const struct tally_deal *deal, const struct tally_event *event)
{
    const struct tally_effects *effects = &event->effects;
    const struct tally_programme *programme = deal->scene.programme;
    if (effects->has_standing && effects->standing.tier != 0 &&
        tally_programme_tier_index(programme, effects->standing.tier) ==
            programme->tiers.tier_count) {
        return false;
    }
    return !effects->has_floor || (deal->has_floor && effects->floor.tier == deal->floor.tier &&
                                   effects->floor.since_day == deal->floor.since_day &&
                                   effects->floor.until_day == deal->floor.until_day);
}

static bool is_same(const struct tally_deal *deal, const struct tally_event *event)
{
    const struct tally_sale *sale = &event->as.sale;
    return sale->total_minor == deal->total_minor && sale->discount_minor == deal->discount_minor &&
           sale->redeemed_minor == deal->redeemed_minor && lines_are_same(deal, sale) &&
           exchanges_are_same(deal, sale) && moves_are_a_sales(&event->effects) &&
           credits_are_same(deal, &event->effects) && spending_is_same(deal, event) &&
           counts_are_same(deal, event) && standing_is_possible(deal, event) &&
           event->effects.active_until_day ==
               tally_programme_active_until(deal->scene.programme, event->business_day);
}

enum tally_status tally_sale_check(const struct tally_programme *programme,
                                   const struct tally_event *event, void *room, size_t room_len)
{
    assert(programme != NULL);
    assert(event != NULL);

    const struct tally_sale *sale = &event->as.sale;
    struct tally_carver carver = {.block = room, .len = room_len};
    struct tally_deal deal = {0};
    int64_t total_minor = 0;
    if (event->type != TALLY_EVENT_SALE || event->programme_version != programme->version) {
        return TALLY_E_INVALID;
    }
    TALLY_TRY(tally_basket_check(&sale->basket, &total_minor));
    if (!seen_is_possible(programme, event) || tally_effects_check(event) != TALLY_OK) {
        return TALLY_E_MISMATCH;
    }
    tally_deal_carve(&carver, programme, sale->basket.line_count, &deal);
    if (carver.failed) {
        return TALLY_E_NO_MEMORY;
    }
    deal.scene = (struct tally_scene){.programme = programme,
                                      .basket = &sale->basket,
                                      .seen = &sale->seen,
                                      .day = event->business_day};
    deal.member = event->member;
    deal.stock = counted_times;
    deal.taken_times = counted_times;
    deal.stock_context = (void *)(uintptr_t)event;
    enum tally_status status = tally_deal_make(&deal);
    if (status == TALLY_E_RULE || status == TALLY_E_POINTS_SHORT) {
        return TALLY_E_MISMATCH;
    }
    TALLY_TRY(status);
    return is_same(&deal, event) ? TALLY_OK : TALLY_E_MISMATCH;
}
