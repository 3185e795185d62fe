/* SPDX-License-Identifier: Apache-2.0 */
/* Units of rewards that all members share, in and out of drawers. */
#include "app/core/stock.h"

#include "app/core/spend.h"

#include <assert.h>

bool tally_stock_is_kept(const struct tally_programme *programme)
{
    assert(programme != NULL);

    for (size_t i = 0; i < programme->reward_count; i++) {
        if (programme->rewards[i].total_max > 0) {
            return true;
        }
    }
    return false;
}

static struct tally_moves moves_in(const struct tally_bonus_room *room)
{
    size_t cap = room->move_cap < TALLY_MOVES_MAX ? room->move_cap : TALLY_MOVES_MAX;
    return (struct tally_moves){room->moves, 0, cap};
}

static struct tally_move move_of(enum tally_move_kind kind, uint32_t reward, int64_t units)
{
    return (struct tally_move){kind, reward, TALLY_DAY_NEVER, 0, units};
}

static struct tally_event event_of(const struct tally_moment *moment,
                                   const struct tally_moves *moves)
{
    return (struct tally_event){.type = TALLY_EVENT_ADJUST,
                                .account = TALLY_ACCOUNT_HOUSE,
                                .business_day = moment->day,
                                .effects = {.moves = moves->items, .move_count = moves->count},
                                .as.adjust.drawer = moment->terminal};
}

enum tally_status tally_stock_in_plan(uint32_t reward, int64_t units,
                                      const struct tally_moment *moment,
                                      const struct tally_bonus_room *room,
                                      struct tally_event *ret_event)
{
    assert(units > 0);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    struct tally_moves moves = moves_in(room);
    TALLY_TRY(tally_moves_add(&moves, move_of(TALLY_MOVE_ADJUST_IN, reward, units)));
    *ret_event = event_of(moment, &moves);
    return TALLY_OK;
}

enum tally_status tally_stock_out_plan(const struct tally_programme *programme,
                                       const struct tally_taken *taken, size_t taken_count,
                                       const struct tally_moment *moment,
                                       const struct tally_bonus_room *room,
                                       struct tally_event *ret_event)
{
    assert(programme != NULL);
    assert(taken != NULL || taken_count == 0);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    struct tally_moves moves = moves_in(room);
    for (size_t i = 0; i < taken_count; i++) {
        const struct tally_reward *reward = &programme->rewards[taken[i].reward];
        if (reward->total_max > 0) {
            TALLY_TRY(tally_moves_add(&moves,
                                      move_of(TALLY_MOVE_ADJUST_OUT, reward->id, taken[i].times)));
        }
    }
    if (moves.count == 0) {
        return TALLY_E_NOT_FOUND;
    }
    *ret_event = event_of(moment, &moves);
    return TALLY_OK;
}

enum tally_status tally_stock_back_plan(const struct tally_event *out,
                                        const struct tally_moment *moment,
                                        const struct tally_bonus_room *room,
                                        struct tally_event *ret_event)
{
    assert(out != NULL);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    struct tally_moves moves = moves_in(room);
    if (!tally_stock_moves_only(out) || out->effects.moves[0].kind != TALLY_MOVE_ADJUST_OUT) {
        return TALLY_E_NOT_FOUND;
    }
    for (size_t i = 0; i < out->effects.move_count; i++) {
        const struct tally_move *move = &out->effects.moves[i];
        TALLY_TRY(
            tally_moves_add(&moves, move_of(TALLY_MOVE_ADJUST_IN, move->purse, move->points)));
    }
    *ret_event = event_of(moment, &moves);
    return TALLY_OK;
}

bool tally_stock_moves_only(const struct tally_event *event)
{
    assert(event != NULL);

    const struct tally_effects *effects = &event->effects;
    bool only = event->type == TALLY_EVENT_ADJUST && event->account == TALLY_ACCOUNT_HOUSE &&
                effects->move_count > 0 && effects->count_count == 0 && effects->hold == 0 &&
                !effects->has_standing && !effects->has_floor && effects->active_until_day == 0 &&
                effects->merged_into == 0 && !effects->has_block;
    for (size_t i = 0; i < effects->move_count && only; i++) {
        const struct tally_move *move = &effects->moves[i];
        only = (move->kind == TALLY_MOVE_ADJUST_OUT || move->kind == TALLY_MOVE_ADJUST_IN) &&
               move->kind == effects->moves[0].kind && move->purse != TALLY_PURSE_POINTS &&
               move->expires_day == TALLY_DAY_NEVER && move->from_day == 0;
    }
    return only;
}
