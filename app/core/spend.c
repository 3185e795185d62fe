/* SPDX-License-Identifier: Apache-2.0 */
/* Which lots points are spent from, and the moves that say so. */
#include "app/core/spend.h"

#include <assert.h>
#include <string.h>

enum { EXPIRE_MAX = 256, RELEASE_MAX = 256 };

/* ------------------------------------------------------------------ lists */

enum tally_status tally_moves_add(struct tally_moves *moves, struct tally_move move)
{
    assert(moves != NULL);
    assert(move.points >= 0);

    if (move.points == 0) {
        return TALLY_OK;
    }
    size_t first = 0, end = moves->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (tally_move_compare(&moves->items[middle], &move) < 0) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    struct tally_move *place = &moves->items[first];
    bool is_there = first < moves->count && tally_move_compare(place, &move) == 0;
    if (move.points > TALLY_POINTS_MAX - (is_there ? place->points : 0)) {
        return TALLY_E_OVERFLOW;
    }
    if (is_there) {
        place->points += move.points;
        return TALLY_OK;
    }
    if (moves->count == moves->cap) {
        return TALLY_E_OVERFLOW;
    }
    memmove(place + 1, place, (moves->count - first) * sizeof *place);
    *place = move;
    moves->count++;
    return TALLY_OK;
}

enum tally_status tally_counts_put(struct tally_counts *counts, struct tally_count count)
{
    assert(counts != NULL);

    if (count.amount == 0) {
        return TALLY_OK;
    }
    size_t first = 0, end = counts->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (tally_count_compare(&counts->items[middle], &count) < 0) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    struct tally_count *place = &counts->items[first];
    if (first < counts->count && tally_count_compare(place, &count) == 0) {
        return TALLY_OK;
    }
    if (counts->count == counts->cap) {
        return TALLY_E_OVERFLOW;
    }
    memmove(place + 1, place, (counts->count - first) * sizeof *place);
    *place = count;
    counts->count++;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ walking the lots */

static int lot_compare(const struct tally_lot *lot, uint32_t drawer, uint32_t purse, uint64_t hold,
                       int32_t expires_day)
{
    if (lot->drawer != drawer) {
        return lot->drawer < drawer ? -1 : 1;
    }
    if (lot->purse != purse) {
        return lot->purse < purse ? -1 : 1;
    }
    if (lot->hold != hold) {
        return lot->hold < hold ? -1 : 1;
    }
    return lot->expires_day < expires_day ? -1 : 0;
}

/* The first lot that is not before this one. */
static size_t find(const struct tally_account *account, uint32_t drawer, uint32_t purse,
                   uint64_t hold, int32_t expires_day)
{
    size_t first = 0, end = account->lot_count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (lot_compare(&account->lots[middle], drawer, purse, hold, expires_day) < 0) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first;
}

static bool is_in(const struct tally_account *account, size_t at, uint32_t drawer, uint32_t purse,
                  uint64_t hold)
{
    return at < account->lot_count && account->lots[at].drawer == drawer &&
           account->lots[at].purse == purse && account->lots[at].hold == hold;
}

/* Lots that live on activity stand behind the dated ones, but may be over before them: so the dated
 * ones, those and the endless ones are three runs. */
static void add_runs(struct tally_walk *walk, size_t run, uint32_t drawer, uint32_t purse,
                     uint64_t hold)
{
    const struct tally_account *account = walk->account;
    size_t dated = find(account, drawer, purse, hold, INT32_MIN);
    size_t active = find(account, drawer, purse, hold, TALLY_DAY_ACTIVE);
    size_t never = find(account, drawer, purse, hold, TALLY_DAY_NEVER);
    size_t end = never;
    while (is_in(account, end, drawer, purse, hold)) {
        end++;
    }
    walk->runs[run].at = dated;
    walk->runs[run].end = active;
    walk->runs[run + 1].at = active;
    walk->runs[run + 1].end = never;
    walk->runs[run + 2].at = never;
    walk->runs[run + 2].end = end;
}

struct tally_walk tally_walk_start(const struct tally_account *account, uint32_t drawer,
                                   uint32_t purse, uint64_t hold, enum tally_walk_over over)
{
    assert(account != NULL);

    struct tally_walk walk = {.account = account};
    if ((over & TALLY_WALK_FREE) != 0) {
        add_runs(&walk, 0, drawer, purse, 0);
    }
    if ((over & TALLY_WALK_HOLD) != 0 && hold != 0) {
        add_runs(&walk, 3, drawer, purse, hold);
    }
    return walk;
}

const struct tally_lot *tally_walk_next(struct tally_walk *walk)
{
    assert(walk != NULL);

    size_t best = 6;
    int32_t best_day = 0;
    for (size_t i = 0; i < 6; i++) {
        if (walk->runs[i].at == walk->runs[i].end) {
            continue;
        }
        int32_t day = tally_lot_last_day(walk->account, &walk->account->lots[walk->runs[i].at]);
        if (best == 6 || day < best_day) {
            best = i;
            best_day = day;
        }
    }
    if (best == 6) {
        return NULL;
    }
    const struct tally_lot *lot = &walk->account->lots[walk->runs[best].at];
    walk->runs[best].at++;
    return lot;
}

bool tally_lot_is_valid(const struct tally_account *account, const struct tally_lot *lot,
                        int32_t day)
{
    assert(account != NULL);
    assert(lot != NULL);

    return lot->from_day <= day && tally_lot_last_day(account, lot) >= day;
}

/* ------------------------------------------------------------------ a till */

static size_t lots_held(const struct tally_account *account, uint32_t drawer, uint64_t hold)
{
    size_t count = 0;
    for (size_t i = 0; i < account->lot_count; i++) {
        count += account->lots[i].drawer == drawer && account->lots[i].hold == hold;
    }
    return count;
}

enum tally_status tally_till_open(const struct tally_account *account, uint32_t drawer, int32_t day,
                                  int64_t now_ms, uint64_t captured, struct tally_till *ret_till)
{
    assert(account != NULL);
    assert(ret_till != NULL);

    struct tally_till till = {.account = account, .drawer = drawer, .day = day};
    for (size_t i = 0; i < account->hold_count; i++) {
        const struct tally_open_hold *hold = &account->holds[i];
        if (hold->drawer != drawer) {
            continue;
        }
        if (captured != 0) {
            till.captured = hold->hold == captured ? captured : till.captured;
        } else if (till.lapsed == 0 && hold->until_ms < now_ms &&
                   lots_held(account, drawer, hold->hold) <= RELEASE_MAX) {
            till.lapsed = hold->hold;
        }
    }
    if (till.captured != captured) {
        return TALLY_E_NOT_FOUND;
    }
    *ret_till = till;
    return TALLY_OK;
}

static struct tally_walk walk_free(const struct tally_till *till, uint32_t purse)
{
    return tally_walk_start(till->account, till->drawer, purse, till->lapsed, TALLY_WALK_BOTH);
}

static struct tally_walk walk_captured(const struct tally_till *till, uint32_t purse)
{
    return tally_walk_start(till->account, till->drawer, purse, till->captured, TALLY_WALK_HOLD);
}

int64_t tally_till_captured(const struct tally_till *till, uint32_t purse)
{
    assert(till != NULL);

    int64_t points = 0;
    const struct tally_lot *lot;
    for (struct tally_walk walk = walk_captured(till, purse);
         (lot = tally_walk_next(&walk)) != NULL;) {
        points += lot->points;
    }
    return points;
}

int64_t tally_till_has(const struct tally_till *till, uint32_t purse)
{
    assert(till != NULL);

    int64_t points = tally_till_captured(till, purse);
    size_t lots = 0;
    const struct tally_lot *lot;
    for (struct tally_walk walk = walk_free(till, purse);
         lots < TALLY_SPEND_LOTS_MAX && (lot = tally_walk_next(&walk)) != NULL;) {
        if (tally_lot_is_valid(till->account, lot, till->day)) {
            points += lot->points;
            lots++;
        }
    }
    return points;
}

static struct tally_move out_of(enum tally_move_kind kind, const struct tally_lot *lot,
                                int64_t points)
{
    return (struct tally_move){kind, lot->purse, lot->expires_day, lot->from_day, points};
}

/* Points that were set aside in time are good for the sale they were set aside for, whatever their
 * last day. */
static enum tally_status spend(const struct tally_till *till, struct tally_walk walk,
                               enum tally_move_kind kind, int64_t *points,
                               struct tally_moves *moves)
{
    const struct tally_lot *lot;
    while (*points > 0 && (lot = tally_walk_next(&walk)) != NULL) {
        if (kind == TALLY_MOVE_REDEEM && !tally_lot_is_valid(till->account, lot, till->day)) {
            continue;
        }
        int64_t here = lot->points < *points ? lot->points : *points;
        TALLY_TRY(tally_moves_add(moves, out_of(kind, lot, here)));
        *points -= here;
    }
    return TALLY_OK;
}

enum tally_status tally_till_spend(const struct tally_till *till, uint32_t purse, int64_t points,
                                   struct tally_moves *moves)
{
    assert(till != NULL);
    assert(moves != NULL);

    TALLY_TRY(spend(till, walk_captured(till, purse), TALLY_MOVE_REDEEM_HELD, &points, moves));
    TALLY_TRY(spend(till, walk_free(till, purse), TALLY_MOVE_REDEEM, &points, moves));
    return points == 0 ? TALLY_OK : TALLY_E_POINTS_SHORT;
}

static int64_t spent_of(const struct tally_moves *moves, const struct tally_lot *lot)
{
    struct tally_move held = out_of(TALLY_MOVE_REDEEM_HELD, lot, 0);
    for (size_t i = 0; i < moves->count; i++) {
        if (tally_move_compare(&moves->items[i], &held) == 0) {
            return moves->items[i].points;
        }
    }
    return 0;
}

enum tally_status tally_till_release(const struct tally_till *till, struct tally_moves *moves)
{
    assert(till != NULL);
    assert(moves != NULL);

    uint64_t hold = till->captured != 0 ? till->captured : till->lapsed;
    for (size_t i = 0; hold != 0 && i < till->account->lot_count; i++) {
        const struct tally_lot *lot = &till->account->lots[i];
        if (lot->drawer == till->drawer && lot->hold == hold) {
            TALLY_TRY(tally_moves_add(
                moves, out_of(TALLY_MOVE_RELEASE, lot, lot->points - spent_of(moves, lot))));
        }
    }
    return TALLY_OK;
}

void tally_till_expire(const struct tally_till *till, struct tally_moves *moves)
{
    assert(till != NULL);
    assert(moves != NULL);

    size_t count = 0;
    int64_t room = TALLY_POINTS_MAX;
    for (size_t i = 0; i < moves->count; i++) {
        room -= moves->items[i].points;
    }
    for (size_t i = find(till->account, till->drawer, 0, 0, INT32_MIN);
         i < till->account->lot_count && count < EXPIRE_MAX; i++) {
        const struct tally_lot *lot = &till->account->lots[i];
        if (lot->drawer != till->drawer) {
            break;
        }
        int64_t points = lot->points < room ? lot->points : room;
        if (points > 0 && lot->hold == 0 && tally_lot_last_day(till->account, lot) < till->day) {
            if (tally_moves_add(moves, out_of(TALLY_MOVE_EXPIRE, lot, points)) != TALLY_OK) {
                break;
            }
            room -= points;
            count++;
        }
    }
}
