/* app/core/account.h: the points of one account, as a fold of events.
 *
 * Units    points whole, money minor units, days as types.h.
 * Memory   the lots array belongs to the caller: an apply that needs more room than `lot_cap` says
 *          so before it changes anything. Nothing is allocated.
 * Errors   the account is untouched unless TALLY_OK.
 * Threads  pure. */
#ifndef TALLY_CORE_ACCOUNT_H
#define TALLY_CORE_ACCOUNT_H

#include "app/core/event.h"
#include "app/core/programme.h"

/* All points in one drawer with one last valid day; never 0 points, never negative. */
struct tally_lot {
    uint32_t drawer; /* TALLY_TERMINAL_HQ or a terminal */
    int32_t expires_day;
    int64_t points;
};

struct tally_account {
    uint64_t id;    /* 0: no event has been applied yet */
    int64_t earned; /* totals since the beginning; voids take back what they undo */
    int64_t redeemed;
    int64_t expired;
    int64_t adjusted;        /* may be negative */
    int64_t debt;            /* points owed: earned points that were undone after they were spent */
    int32_t qualifying_year; /* calendar year of `qualifying`; 0: none yet */
    int64_t qualifying;      /* in that year */
    int64_t qualifying_before; /* in the year before it */
    int64_t visits;            /* sales less voids */
    int32_t last_visit_day;
    struct tally_event_id last; /* newest event of the owning side applied here; see store and hq */
    struct tally_lot *lots;     /* ordered by drawer, then expires_day */
    size_t lot_count;
    size_t lot_cap;
};

/* Lots an account needs room for so that `event` can be applied; an upper bound. */
size_t tally_account_lots_needed(const struct tally_account *account,
                                 const struct tally_event *event);

/* Folds one event into the account it belongs to (an empty account takes its id), and sets `last`
 * to the event's id, whoever wrote it: what that means is the store's or head office's business.
 *
 * An event gives to and takes from lots in its own terminal's drawer; lots there whose last day is
 * before the event's business day lapse first. A grant and an adjustment name their drawers, and
 * nothing lapses.
 *   sale    `spent` leaves its lots, earned points less debt_paid enter one. Debt is paid as far as
 *           there is any; the rest of debt_paid enters head office's drawer with the same last day
 *           (two terminals paid the same debt offline; nothing is lost).
 *   void    `returned` enters its lots, even those whose last day has passed (they lapse with the
 * next event), then `taken` leaves its. The sale is one of the same terminal. grant   the moves
 * leave head office's drawer as far as they are there and enter the terminal's. A terminal's
 * picture of that drawer may be old: what was not there counts as adjusted, so that
 * tally_account_check holds for what is known here. adjust  the moves enter or leave the drawer it
 * names. Qualification counts in the calendar year of the business day (a void: of its sale's); a
 * year more than one before the newest one seen is ignored. TALLY_OK TALLY_E_INVALID       the
 * event is for another account, or its sums don't agree TALLY_E_POINTS_SHORT  a lot does not hold
 * what the event takes from it TALLY_E_OVERFLOW, TALLY_E_NO_MEMORY (lot_cap is too small) */
TALLY_MUST_USE enum tally_status tally_account_apply(struct tally_account *account,
                                                     const struct tally_event *event);

/* Points valid on `day`, less the debt: what the member has, wherever it is held; negative when
 * more is owed than held. */
int64_t tally_account_balance(const struct tally_account *account, int32_t day);

/* Points valid on `day` in one drawer: what can be redeemed there with no network. */
int64_t tally_account_in_drawer(const struct tally_account *account, uint32_t drawer, int32_t day);

/* Tier on `day`: by this calendar year's qualification or the year before's, the better one. */
size_t tally_account_tier(const struct tally_account *account,
                          const struct tally_programme *programme, int32_t day);

/* The same once `qualifying` more counts on that day. */
size_t tally_account_tier_after(const struct tally_account *account,
                                const struct tally_programme *programme, int32_t day,
                                int64_t qualifying);

/* Invariant 2 of the design: no lot is empty or negative, lots are in order, and
 * earned - redeemed - expired + adjusted = sum of lots - debt. On a terminal it holds for what the
 * terminal knows. TALLY_OK, TALLY_E_STORE_DAMAGED */
TALLY_MUST_USE enum tally_status tally_account_check(const struct tally_account *account);

/* The account as bytes, the same on every architecture (app/core/ACCOUNT.md).
 *   TALLY_OK, TALLY_E_NO_MEMORY (cap below tally_account_encoded_len) */
size_t tally_account_encoded_len(const struct tally_account *account);
TALLY_MUST_USE enum tally_status tally_account_encode(const struct tally_account *account,
                                                      uint8_t *bytes, size_t cap, size_t *ret_len);

/* Reads what encode wrote into an account whose lots/lot_cap the caller has set, and checks it with
 * tally_account_check. Unless TALLY_OK, nothing but what `lots` points at has changed.
 *   TALLY_OK, TALLY_E_STORE_DAMAGED (malformed), TALLY_E_STORE_VERSION (newer layout),
 *   TALLY_E_NO_MEMORY (lot_cap too small; *ret_lots_needed says how many) */
TALLY_MUST_USE enum tally_status tally_account_decode(struct tally_account *account,
                                                      const uint8_t *bytes, size_t len,
                                                      size_t *ret_lots_needed);

#endif
