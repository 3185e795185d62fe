/* SPDX-License-Identifier: Apache-2.0 */
/* Everything of one account's drawer goes into another account. */
#include "app/core/merge.h"

#include <assert.h>

/* ------------------------------------------------------------------ sending */

static enum tally_status put_move(const struct tally_bonus_room *room, size_t *count,
                                  struct tally_move move)
{
    if (*count == room->move_cap || *count == TALLY_MOVES_MAX) {
        return TALLY_E_NO_MEMORY;
    }
    room->moves[*count] = move;
    (*count)++;
    return TALLY_OK;
}

/* Lots are in order of purse and days within a drawer, as moves are. */
static enum tally_status send_lots(const struct tally_account *from,
                                   const struct tally_moment *moment,
                                   const struct tally_bonus_room *room, size_t *count)
{
    for (size_t i = 0; i < from->lot_count; i++) {
        const struct tally_lot *lot = &from->lots[i];
        if (lot->drawer == moment->terminal && lot->hold == 0 &&
            tally_lot_last_day(from, lot) >= moment->day) {
            TALLY_TRY(put_move(room, count,
                               (struct tally_move){TALLY_MOVE_ADJUST_OUT, lot->purse,
                                                   lot->expires_day, lot->from_day, lot->points}));
        }
    }
    return TALLY_OK;
}

static enum tally_status send_debts(const struct tally_account *from,
                                    const struct tally_bonus_room *room, size_t *count)
{
    for (size_t i = 0; i < from->purse_count; i++) {
        const struct tally_purse *purse = &from->purses[i];
        if (purse->debt > 0) {
            TALLY_TRY(put_move(room, count,
                               (struct tally_move){TALLY_MOVE_FORGIVE_DEBT, purse->purse,
                                                   TALLY_DAY_NEVER, 0, purse->debt}));
        }
    }
    return TALLY_OK;
}

static enum tally_status send_counts(const struct tally_account *from,
                                     const struct tally_moment *moment,
                                     const struct tally_bonus_room *room, size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < from->count_count; i++) {
        if (from->counts[i].until_day < moment->day) {
            continue;
        }
        if (count == room->count_cap || count == TALLY_COUNTS_MAX) {
            return TALLY_E_NO_MEMORY;
        }
        room->counts[count] = from->counts[i];
        room->counts[count].amount = -from->counts[i].amount;
        count++;
    }
    *ret_count = count;
    return TALLY_OK;
}

enum tally_status tally_merge_plan(const struct tally_account *from, uint64_t into,
                                   const struct tally_moment *moment,
                                   const struct tally_bonus_room *room,
                                   struct tally_event *ret_event)
{
    assert(from != NULL);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    if (into == 0 || from->id == 0 || from->id == into) {
        return TALLY_E_INVALID;
    }
    struct tally_event event = {.type = TALLY_EVENT_TRANSFER,
                                .account = from->id,
                                .id = {.terminal = moment->terminal},
                                .business_day = moment->day,
                                .effects = {.moves = room->moves, .counts = room->counts},
                                .as.transfer = {.other = into}};
    bool is_first = moment->terminal == TALLY_TERMINAL_HQ;
    TALLY_TRY(send_lots(from, moment, room, &event.effects.move_count));
    if (is_first) {
        TALLY_TRY(send_debts(from, room, &event.effects.move_count));
        TALLY_TRY(send_counts(from, moment, room, &event.effects.count_count));
        event.effects.merged_into = into;
    } else if (event.effects.move_count == 0) {
        return TALLY_E_NOT_FOUND;
    }
    *ret_event = event;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ receiving */

static enum tally_status receive_moves(const struct tally_event *sent,
                                       const struct tally_bonus_room *room, size_t *count)
{
    /* two rounds: what comes in, then what is owed, as the order of moves wants it */
    static const struct {
        enum tally_move_kind sent;
        enum tally_move_kind received;
    } rounds[] = {{TALLY_MOVE_ADJUST_OUT, TALLY_MOVE_ADJUST_IN},
                  {TALLY_MOVE_FORGIVE_DEBT, TALLY_MOVE_ADJUST_DEBT}};
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < sent->effects.move_count; i++) {
            struct tally_move move = sent->effects.moves[i];
            if (move.kind != rounds[round].sent) {
                continue;
            }
            move.kind = rounds[round].received;
            if (move.kind == TALLY_MOVE_ADJUST_DEBT) {
                move.expires_day = 0;
            }
            TALLY_TRY(put_move(room, count, move));
        }
    }
    return TALLY_OK;
}

static bool is_higher(const struct tally_programme *programme, const struct tally_standing *left,
                      const struct tally_standing *right, int32_t day)
{
    if (left->tier == 0 || left->until_day < day) {
        return false;
    }
    size_t other = tally_programme_tier_index(programme, right->tier);
    size_t tier = tally_programme_tier_index(programme, left->tier);
    bool other_holds =
        right->tier != 0 && right->until_day >= day && other < programme->tiers.tier_count;
    return tier < programme->tiers.tier_count && (!other_holds || tier > other);
}

enum tally_status
tally_merge_receive_plan(const struct tally_programme *programme, const struct tally_account *from,
                         const struct tally_account *into, const struct tally_event *sent,
                         const struct tally_moment *moment, const struct tally_bonus_room *room,
                         struct tally_event *ret_event)
{
    assert(programme != NULL);
    assert(from != NULL && into != NULL);
    assert(sent != NULL);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    struct tally_event event = {.type = TALLY_EVENT_TRANSFER,
                                .account = into->id,
                                .id = {.terminal = moment->terminal},
                                .business_day = moment->day,
                                .effects = {.moves = room->moves, .counts = room->counts},
                                .as.transfer = {.other = sent->account}};
    struct tally_effects *effects = &event.effects;
    TALLY_TRY(receive_moves(sent, room, &effects->move_count));
    if (sent->effects.count_count > room->count_cap) {
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < sent->effects.count_count; i++) {
        room->counts[i] = sent->effects.counts[i];
        room->counts[i].amount = -sent->effects.counts[i].amount;
    }
    effects->count_count = sent->effects.count_count;
    if (sent->effects.merged_into != 0) {
        effects->has_standing = is_higher(programme, &from->standing, &into->standing, moment->day);
        effects->standing = effects->has_standing ? from->standing : (struct tally_standing){0};
        effects->has_floor = is_higher(programme, &from->floor, &into->floor, moment->day);
        effects->floor = effects->has_floor ? from->floor : (struct tally_standing){0};
        effects->active_until_day = from->active_until_day;
    }
    bool is_empty = effects->move_count == 0 && effects->count_count == 0 &&
                    !effects->has_standing && !effects->has_floor;
    if (is_empty) {
        return TALLY_E_NOT_FOUND;
    }
    *ret_event = event;
    return TALLY_OK;
}
