/* app/core/spend.h: lists of moves and counts in their order, and which lots points come from.
 *
 * Memory   the arrays are the caller's; nothing is allocated.
 * Errors   a list is unchanged unless TALLY_OK.
 * Threads  pure. */
#ifndef TALLY_CORE_SPEND_H
#define TALLY_CORE_SPEND_H

#include "app/core/account.h"

/* Moves in the order of an event, each lot once. */
struct tally_moves {
    struct tally_move *items;
    size_t count;
    size_t cap;
};
/* Puts a move in its place, or adds its points to the one that is there; nothing for 0 points.
 * TALLY_OK, TALLY_E_OVERFLOW (no room, or above TALLY_POINTS_MAX) */
TALLY_MUST_USE enum tally_status tally_moves_add(struct tally_moves *moves, struct tally_move move);

/* Counts in the order of an event. One that is there already is the same thing asked for twice (a
 * cap of a day and a guard of a day): it stays as it is. TALLY_OK, TALLY_E_OVERFLOW (no room) */
struct tally_counts {
    struct tally_count *items;
    size_t count;
    size_t cap;
};
TALLY_MUST_USE enum tally_status tally_counts_put(struct tally_counts *counts,
                                                  struct tally_count count);

/* The lots of one purse in one drawer, earliest last day first: the free ones, those of `hold`, or
 * both together. */
enum tally_walk_over { TALLY_WALK_FREE = 1, TALLY_WALK_HOLD = 2, TALLY_WALK_BOTH = 3 };
struct tally_walk {
    const struct tally_account *account;
    struct {
        size_t at;
        size_t end;
    } runs[6];
};
struct tally_walk tally_walk_start(const struct tally_account *account, uint32_t drawer,
                                   uint32_t purse, uint64_t hold, enum tally_walk_over over);
/* NULL at the end. */
const struct tally_lot *tally_walk_next(struct tally_walk *walk);

/* Begun and not over. */
bool tally_lot_is_valid(const struct tally_account *account, const struct tally_lot *lot,
                        int32_t day);

/* Where a terminal spends: its drawer, and the hold that it opens or gives back. */
struct tally_till {
    const struct tally_account *account;
    uint32_t drawer;
    int32_t day;
    uint64_t captured; /* hold to spend from first; 0: none */
    uint64_t lapsed;   /* hold whose time limit has passed, free with this event; 0: none */
};
/* Finds the hold to give back. TALLY_OK, TALLY_E_NOT_FOUND (no hold `captured`) */
TALLY_MUST_USE enum tally_status tally_till_open(const struct tally_account *account,
                                                 uint32_t drawer, int32_t day, int64_t now_ms,
                                                 uint64_t captured, struct tally_till *ret_till);

/* What one event can spend of a purse here; it names no more than so many lots. */
enum { TALLY_SPEND_LOTS_MAX = 512 };
int64_t tally_till_has(const struct tally_till *till, uint32_t purse);
/* Of that, what the hold `captured` has. */
int64_t tally_till_captured(const struct tally_till *till, uint32_t purse);

/* REDEEM_HELD and REDEEM moves of `points`. TALLY_OK, TALLY_E_POINTS_SHORT, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_till_spend(const struct tally_till *till, uint32_t purse,
                                                  int64_t points, struct tally_moves *moves);
/* RELEASE moves of what is left of the hold once `moves` have spent from it. TALLY_OK,
 * TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_till_release(const struct tally_till *till,
                                                    struct tally_moves *moves);
/* EXPIRE moves of what has lapsed here, as far as there is room; the rest waits for the next
 * event. */
void tally_till_expire(const struct tally_till *till, struct tally_moves *moves);

#endif
