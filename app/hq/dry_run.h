/* app/hq/dry_run.h: what would have been: stored events again, under another programme.
 *
 * Each account's events are played twice in the order of their times: as they are (folded), and
 * planned anew under the other programme. All points are in one drawer then: what a terminal could
 * not redeem for want of points in its own drawer is not the programme's doing. A sale whose
 * redemption the other programme refuses is played without it, and counted.
 *
 * Units    points whole, money minor units.
 * Memory   a run owns what it keeps; free it with dry_run_free().
 * Errors   on anything but TALLY_OK the run is to be freed.
 * Threads  one. */
#ifndef TALLY_HQ_DRY_RUN_H
#define TALLY_HQ_DRY_RUN_H

#include "app/base/book.h"
#include "app/core/programme.h"

enum { DRY_RUN_LISTED = 10 }; /* members who win or lose most, of each */

/* One side: what was, or what would have been. */
struct dry_run_side {
    int64_t earned; /* points, of the totals of all accounts */
    int64_t redeemed;
    int64_t expired;
    int64_t points; /* usable, pending and held at the end */
    int64_t debt;
    int64_t liability_minor; /* what these points are worth */
    int64_t redeemed_minor;  /* what points paid */
    int64_t discount_minor;  /* what rewards took off */
    uint64_t *tiers;         /* owned; members in each tier of this side's programme */
};

/* What the other programme gives a member more, in money: points at the end, points redeemed and
 * rewards together. */
struct dry_run_member {
    uint64_t account;
    int64_t more_minor; /* negative: less */
};

struct dry_run {
    const struct tally_programme *was; /* for tiers and the worth of points today */
    const struct tally_programme *would;
    int64_t now_ms;       /* the end: expiry is looked at then */
    bool is_one_terminal; /* its journal alone: its grants are points that came from outside, while
                             among head office's events they confirm what HQ wrote itself */
    uint64_t accounts;
    uint64_t sales;
    uint64_t reversals;
    uint64_t refused; /* redemptions and rewards that the other programme refuses */
    uint64_t skipped; /* events that it has no place for: awards it does not know */
    struct dry_run_side before;
    struct dry_run_side after;
    uint64_t winners;
    uint64_t losers;
    struct dry_run_member won[DRY_RUN_LISTED]; /* most first; account 0 ends the list */
    struct dry_run_member lost[DRY_RUN_LISTED];
};

TALLY_MUST_USE enum tally_status dry_run_start(struct dry_run *run,
                                               const struct tally_programme *was,
                                               const struct tally_programme *would, int64_t now_ms);
/* Plays one account: all its events, in the order of their times.
 *   TALLY_OK, TALLY_E_OVERFLOW, TALLY_E_NO_MEMORY, TALLY_E_STORE_DAMAGED (they don't fold) */
TALLY_MUST_USE enum tally_status
dry_run_account(struct dry_run *run, const struct tally_event *const *events, size_t count);
void dry_run_free(struct dry_run *run);

#endif
