/* app/core/sale.h: what a basket earns and what points can pay, decided once.
 *
 * A plan is a finished sale event but for its id and time: committing it is writing it. The same
 * code quotes on the screen, decides at the till and recomputes at head office.
 *
 * Units    points whole, money minor units, days as types.h.
 * Memory   nothing is allocated; the plan borrows the basket's lines and the caller's moves array.
 * Errors   outputs are written only on TALLY_OK.
 * Threads  pure. */
#ifndef TALLY_CORE_SALE_H
#define TALLY_CORE_SALE_H

#include "app/core/account.h"

struct tally_basket {
    const struct tally_line *lines;
    size_t line_count; /* 1..TALLY_LINES_MAX */
};

/* What the cashier's screen shows before anything is committed. */
struct tally_quote {
    int64_t total_minor;
    int64_t earned_points;   /* what this sale will earn, after the redemption asked for */
    int64_t redeemed_points; /* asked for */
    int64_t redeemed_minor;
    int64_t to_pay_minor;
    int64_t redeemable_here;   /* most points this basket, this drawer and the rules allow now */
    int64_t redeemable_online; /* the same if all other drawers could be drawn from first */
    size_t tier;               /* now */
    size_t tier_after;         /* once this sale is committed */
};

/* What a basket would do to an account at `terminal` on business day `day`, redeeming `points`.
 *   TALLY_OK
 *   TALLY_E_INVALID       empty basket, negative amount, too many lines, text too long
 *   TALLY_E_RULE          points below the minimum, off the step, or above the allowed share
 *   TALLY_E_OVERFLOW
 * Points that the drawer does not hold are not an error here; compare with redeemable_here. */
TALLY_MUST_USE enum tally_status tally_sale_quote(const struct tally_programme *programme,
                                                  const struct tally_account *account,
                                                  const struct tally_basket *basket, int64_t points,
                                                  uint32_t terminal, int32_t day,
                                                  struct tally_quote *ret_quote);

/* The sale event for that basket: spends the lots of this terminal's drawer, earliest last day
 * first, pays a debt from what is earned. `moves` has room for `move_cap` entries (the account's
 * lot_count is enough).
 *   TALLY_OK              *ret_sale is complete but for ref and cashier, which the caller sets
 *   TALLY_E_POINTS_SHORT  the drawer holds fewer than `points` in its first TALLY_MOVES_MAX lots,
 * or the balance, with the debt taken off, is smaller TALLY_E_NO_MEMORY     move_cap is too small
 *   and the statuses of tally_sale_quote */
TALLY_MUST_USE enum tally_status tally_sale_plan(const struct tally_programme *programme,
                                                 const struct tally_account *account,
                                                 uint64_t member, const struct tally_basket *basket,
                                                 int64_t points, uint32_t terminal, int32_t day,
                                                 struct tally_move *moves, size_t move_cap,
                                                 struct tally_sale *ret_sale);

/* The void event that undoes `sale` (decided on business day `sale_day`): redeemed points go back
 * into the lots they came from, earned points are taken out of the lot they went into, then out of
 * this terminal's other lots, last day latest first; what is gone becomes debt. `returned` and
 * `taken` have room for `move_cap` entries each (the account's lot_count plus the sale's
 * spent_count is enough). ref and cashier are the caller's to set. "This terminal" is the one that
 * sold. TALLY_OK TALLY_E_TOO_LATE   `day` is not `sale_day` TALLY_E_NO_MEMORY, TALLY_E_OVERFLOW,
 * TALLY_E_INVALID (another account's sale, or no sale) */
TALLY_MUST_USE enum tally_status tally_void_plan(const struct tally_account *account,
                                                 const struct tally_event *sale, int32_t day,
                                                 struct tally_move *returned,
                                                 struct tally_move *taken, size_t move_cap,
                                                 struct tally_void *ret_void);

/* Head office's answer to a draw: what of its own drawer's lots that are valid on `day` goes to a
 * terminal, earliest last day first, until `points` are reached or nothing is left. `moves` has
 * room for TALLY_MOVES_MAX; returns how many it filled, in order, as a grant wants them.
 * *ret_points is their sum, at most `points`. */
size_t tally_draw_moves(const struct tally_account *account, int64_t points, int32_t day,
                        struct tally_move *moves, int64_t *ret_points);

/* Head office's half: recomputes total, earned points, redemption value, qualification and last day
 * of a sale under the programme and the tier index that it names.
 *   TALLY_OK
 *   TALLY_E_MISMATCH   a recomputed amount differs, or the rules don't allow the redemption
 *   TALLY_E_INVALID    no sale, a basket that can't be, or decided under another version
 *   TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_sale_check(const struct tally_programme *programme,
                                                  const struct tally_event *event);

#endif
