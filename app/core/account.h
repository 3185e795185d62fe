/* app/core/account.h: the points of one account, as a fold of events.
 *
 * Units    points whole, money minor units, days as types.h.
 * Memory   the arrays belong to the caller (app/base/book.h grows them). Nothing is allocated.
 * Errors   outputs are written only on TALLY_OK, unless said otherwise.
 * Threads  pure. */
#ifndef TALLY_CORE_ACCOUNT_H
#define TALLY_CORE_ACCOUNT_H

#include "app/core/event.h"
#include "app/core/period.h"

/* Lots with this last day live as long as the account is active: to active_until_day. */
#define TALLY_DAY_ACTIVE (INT32_MAX - 1)

/* All points of one purse in one drawer with one first and one last valid day; above 0. */
struct tally_lot {
    uint32_t drawer; /* TALLY_TERMINAL_HQ or a terminal */
    uint32_t purse;
    uint64_t hold; /* 0: free; else set aside by the HOLD event of this seq of the drawer's
                      terminal, in the epoch in which it was written */
    int32_t expires_day;
    int32_t from_day; /* usable from this day: pending before; 0: at once */
    int64_t points;
};

/* Totals of one purse since the beginning; voids and refunds take back what they undo. */
struct tally_purse {
    uint32_t purse;
    int64_t earned;
    int64_t redeemed;
    int64_t expired;
    int64_t adjusted; /* may be negative */
    int64_t debt;     /* owed: earned points that were undone after they were gone */
};

/* A hold that is open; its points are in lots. */
struct tally_open_hold {
    uint32_t drawer;
    uint64_t hold;
    int64_t until_ms;
};

struct tally_account {
    uint64_t id;                /* 0: no event has been applied yet, whatever the rest says */
    struct tally_event_id last; /* newest event of the owning side applied here; see store and hq */
    int32_t since_day;          /* of its first event; INT32_MAX: none */
    int32_t last_sale_day;      /* of its newest sale; INT32_MIN: none */
    tally_hlc last_sale_time;
    uint32_t last_sale_shop;
    int32_t newest_day; /* business day of the newest event; counters end before it are forgotten */
    int32_t active_until_day;
    struct tally_standing standing; /* reached, as the newest event says */
    tally_hlc standing_time;
    struct tally_standing floor; /* given */
    tally_hlc floor_time;
    bool blocked; /* nothing is earned or spent; as the newest event says */
    tally_hlc blocked_time;
    uint64_t merged_into; /* 0: it is itself. Else where this account's points go: a terminal that
                             still holds some sends them after (merge.h) */
    struct tally_purse *purses; /* rising; those with anything in them */
    size_t purse_count;
    struct tally_lot *lots; /* in order of drawer, purse, hold, expires_day, from_day */
    size_t lot_count;
    struct tally_count *counts; /* in order; amounts may be negative, never 0 */
    size_t count_count;
    struct tally_open_hold *holds; /* in order of drawer, hold */
    size_t hold_count;
    struct tally_account_room {
        size_t purses;
        size_t lots;
        size_t counts;
        size_t holds;
    } room; /* of the arrays */
};

/* An account before its first event, with the arrays and room of `arrays`. */
void tally_account_clear(struct tally_account *account);

/* Room that `after` needs in tally_account_apply; an upper bound. */
struct tally_account_room tally_account_room(const struct tally_account *before,
                                             const struct tally_event *event);

/* (state, event) -> state: what `before` becomes with one event, written into the arrays of
 * `after`, which are others than before's; `before` stays as it is. An empty account takes the
 * event's account as its id. `after->last` is the event's id, whoever wrote it: what that means is
 * the store's or head office's business. Two events that act on different drawers give the same
 * bytes in either order, but for `last`. Grants act on head office's drawer, too, and debts belong
 * to no drawer: where one is paid from two drawers, or before it is known, the order can leave the
 * same balance in other lots, and head office's order is what counts.
 *   TALLY_OK
 *   TALLY_E_INVALID       the event is for another account, or fails tally_effects_check
 *   TALLY_E_POINTS_SHORT  a lot does not hold what the event takes from it
 *   TALLY_E_NOT_FOUND     the hold it opens is not there
 *   TALLY_E_OVERFLOW (a total of points; a counter that is full stays full)
 *   TALLY_E_NO_MEMORY (after->room is too small)
 * Unless TALLY_OK, what after's arrays hold is undefined. */
TALLY_MUST_USE enum tally_status tally_account_apply(const struct tally_account *before,
                                                     const struct tally_event *event,
                                                     struct tally_account *after);

/* ------------------------------------------------------------------ questions */

/* Whether a lot's points can be spent on `day`: begun, not over, and free, or held by a hold whose
 * time limit has passed at `now_ms`. */
bool tally_lot_is_usable(const struct tally_account *account, const struct tally_lot *lot,
                         int32_t day, int64_t now_ms);
/* Last valid day, with activity looked up. */
int32_t tally_lot_last_day(const struct tally_account *account, const struct tally_lot *lot);

/* What a member has of a purse, wherever it is held. */
struct tally_balance {
    int64_t usable;  /* less the debt: negative when more is owed than held */
    int64_t pending; /* begins after `day` */
    int64_t held;    /* set aside, within its time limit */
    int64_t lapsed;  /* is over but no event has said so yet: breakage beside `expired` */
    int64_t debt;
};
struct tally_balance tally_account_balance(const struct tally_account *account, uint32_t purse,
                                           int32_t day, int64_t now_ms);

/* Usable points in one drawer: what can be redeemed there with no network. */
int64_t tally_account_in_drawer(const struct tally_account *account, uint32_t purse,
                                uint32_t drawer, int32_t day, int64_t now_ms);

/* The totals of a purse; zeros where there are none. */
struct tally_purse tally_account_purse(const struct tally_account *account, uint32_t purse);

/* What was counted in [from_day, until_day] of exactly this span; and over all spans that begin
 * within it. */
int64_t tally_account_count(const struct tally_account *account, enum tally_counter what,
                            uint32_t of, struct tally_span span);
int64_t tally_account_count_within(const struct tally_account *account, enum tally_counter what,
                                   uint32_t of, struct tally_span span);
/* Sales less voids since the beginning. */
int64_t tally_account_visits(const struct tally_account *account);

/* Invariant 2 of the design: everything is in order, no lot is empty or negative, and for every
 * purse earned - redeemed - expired + adjusted = sum of lots - debt. On a terminal it holds for
 * what the terminal knows. TALLY_OK, TALLY_E_STORE_DAMAGED */
TALLY_MUST_USE enum tally_status tally_account_check(const struct tally_account *account);

/* ------------------------------------------------------------------ bytes: ACCOUNT.md */

/* The account as bytes, the same on every architecture.
 *   TALLY_OK, TALLY_E_NO_MEMORY (cap below tally_account_encoded_len) */
size_t tally_account_encoded_len(const struct tally_account *account);
TALLY_MUST_USE enum tally_status tally_account_encode(const struct tally_account *account,
                                                      uint8_t *bytes, size_t cap, size_t *ret_len);

/* Room that the bytes need; TALLY_OK, TALLY_E_STORE_DAMAGED, TALLY_E_STORE_VERSION */
TALLY_MUST_USE enum tally_status tally_account_room_of(const uint8_t *bytes, size_t len,
                                                       struct tally_account_room *ret_room);
/* Reads what encode wrote into an account whose arrays and room the caller has set, and checks it
 * with tally_account_check. Unless TALLY_OK, nothing but what the arrays hold has changed.
 *   TALLY_OK, TALLY_E_STORE_DAMAGED (malformed), TALLY_E_STORE_VERSION (newer layout),
 *   TALLY_E_NO_MEMORY (room is too small) */
TALLY_MUST_USE enum tally_status tally_account_decode(struct tally_account *account,
                                                      const uint8_t *bytes, size_t len);

#endif
