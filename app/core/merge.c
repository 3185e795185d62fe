/* SPDX-License-Identifier: Apache-2.0 */
/* Everything of one account's drawer goes into another account. */
#include "app/core/merge.h"

#include <assert.h>

/* ------------------------------------------------------------------ sending */

static bool has_room(const struct tally_bonus_room *room, size_t count)
{
    return count < room->move_cap && count < TALLY_MOVES_MAX;
}

/* So much of `amount` as `left` allows, which is less afterwards. */
static int64_t part_of(int64_t amount, int64_t *left)
{
    int64_t part = amount < *left ? amount : *left;
    *left -= part;
    return part;
}

static struct tally_count counted_back(const struct tally_count *count)
{
    struct tally_count back = *count;
    int64_t left = TALLY_MONEY_MAX;
    back.amount =
        count->amount > 0 ? -part_of(count->amount, &left) : part_of(-count->amount, &left);
    return back;
}

/* Lots are in order of purse and days within a drawer, as moves are. What finds no room waits for
 * the next event, as in all that is sent. */
static size_t send_lots(const struct tally_account *from, const struct tally_moment *moment,
                        const struct tally_bonus_room *room, int64_t *left)
{
    size_t count = 0;
    for (size_t i = 0; i < from->lot_count && has_room(room, count) && *left > 0; i++) {
        const struct tally_lot *lot = &from->lots[i];
        if (lot->drawer == moment->terminal && lot->hold == 0 &&
            tally_lot_last_day(from, lot) >= moment->day) {
            room->moves[count] =
                (struct tally_move){TALLY_MOVE_ADJUST_OUT, lot->purse, lot->expires_day,
                                    lot->from_day, part_of(lot->points, left)};
            count++;
        }
    }
    return count;
}

/* Behind `count` others. */
static size_t send_debts(const struct tally_account *from, const struct tally_bonus_room *room,
                         size_t count, int64_t *left)
{
    for (size_t i = 0; i < from->purse_count && has_room(room, count) && *left > 0; i++) {
        const struct tally_purse *purse = &from->purses[i];
        if (purse->debt > 0) {
            room->moves[count] =
                (struct tally_move){TALLY_MOVE_FORGIVE_DEBT, purse->purse, TALLY_DAY_NEVER, 0,
                                    part_of(purse->debt, left)};
            count++;
        }
    }
    return count;
}

static size_t send_counts(const struct tally_account *from, const struct tally_moment *moment,
                          const struct tally_bonus_room *room)
{
    const size_t cap = room->count_cap < TALLY_COUNTS_MAX ? room->count_cap : TALLY_COUNTS_MAX;
    size_t count = 0;
    for (size_t i = 0; i < from->count_count && count < cap; i++) {
        if (from->counts[i].until_day >= moment->day) {
            room->counts[count] = counted_back(&from->counts[i]);
            count++;
        }
    }
    return count;
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
    int64_t left = TALLY_POINTS_MAX; /* of one event */
    event.effects.move_count = send_lots(from, moment, room, &left);
    if (is_first) {
        event.effects.move_count = send_debts(from, room, event.effects.move_count, &left);
        event.effects.count_count = send_counts(from, moment, room);
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
            if (!has_room(room, *count)) {
                return TALLY_E_NO_MEMORY;
            }
            room->moves[*count] = move;
            (*count)++;
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
