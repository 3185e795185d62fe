/* app/core/undo.h: what of a sale a void or a refund undoes, worked out from the sale alone.
 *
 * Everything that a sale gave, took or counted belongs to its lines in parts. Of a line with
 * quantity Q of which c has come back so far, floor(part * c / Q) is undone (all at c = Q), less
 * what was undone before: so the order and the size of the refunds change nothing in the end.
 *
 * Units    quantities thousandths, money minor units, points whole.
 * Memory   borrows the sale and the lines; nothing is allocated.
 * Threads  pure. */
#ifndef TALLY_CORE_UNDO_H
#define TALLY_CORE_UNDO_H

#include "app/core/match.h"
#include "app/core/spend.h"

struct tally_undo {
    const struct tally_event *sale;
    const struct tally_returned_line *lines; /* not looked at for a void */
    size_t line_count;
    bool is_void;   /* all of it */
    bool by_amount; /* earned points go back by worth, not by line */
};

/* The sale is one that can be; the lines are its own, rising, and no more comes back than was sold.
 *   TALLY_OK, TALLY_E_INVALID, TALLY_E_RULE (more than was sold) */
TALLY_MUST_USE enum tally_status tally_undo_check(const struct tally_undo *undo);

/* Worth of what comes back after discounts, and what of it points had paid. TALLY_OK,
 * TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_undo_money(const struct tally_undo *undo,
                                                  int64_t *ret_amount_minor,
                                                  int64_t *ret_redeemed_minor);

/* What goes back of the points of a purse that the sale earned (UNEARN) or spent (UNREDEEM), as
 * moves with the days of the lots they went into or came from; last day latest first. `bought` are
 * those that exchanges gave, else what rules and free rewards gave. Earned points that paid a debt
 * are in `*ret_in_debt`, since they are in no lot. TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_undo_earned(const struct tally_undo *undo, uint32_t purse,
                                                   bool bought, struct tally_moves *moves,
                                                   int64_t *ret_in_debt);
TALLY_MUST_USE enum tally_status tally_undo_spent(const struct tally_undo *undo, uint32_t purse,
                                                  struct tally_moves *moves);

/* The counts that take back: all of them for a void; spend and points towards tiers for a refund.
 * TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_undo_counts(const struct tally_undo *undo,
                                                   struct tally_counts *counts);

/* The purses in which a sale earned or spent: the next one above `*purse` as a number in rising
 * order; false at the end. Start with -1. */
bool tally_undo_next_purse(const struct tally_event *sale, int64_t *purse);

#endif
