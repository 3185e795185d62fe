/* app/core/reward.h: what one reward takes off the lines of a basket.
 *
 * Rewards work one after the other on what is left of each line. A free item and a bundle work on
 * whole pieces: a line's pieces cost alike, and a piece that was free once is not free again.
 *
 * Units    minor units; pieces are whole (quantity 1000 is one).
 * Memory   the caller's arrays.
 * Errors   unless TALLY_OK, what the lines hold is undefined.
 * Threads  pure. */
#ifndef TALLY_CORE_REWARD_H
#define TALLY_CORE_REWARD_H

#include "app/core/match.h"
#include "app/core/rank.h"

struct tally_reward_work {
    struct tally_line_work *lines;
    size_t line_count;
    int64_t *kept_minor;      /* per line: of its net, what is left of pieces taken already */
    struct tally_rank *ranks; /* per line */
};

/* How often an item or a bundle fits the lines that the reward selects, now; 1 of other kinds. */
int64_t tally_reward_fits(const struct tally_reward_work *work, const struct tally_reward *reward);

/* Takes it off `times` times, and says how much that is; a trial leaves the lines as they are.
 * Items and bundles that don't fit so often take what there is. TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_reward_take(struct tally_reward_work *work,
                                                   const struct tally_reward *reward, int64_t times,
                                                   bool is_trial, int64_t *ret_discount_minor);

/* Units of its cost purse for `times`. TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_reward_cost(const struct tally_reward *reward, int64_t times,
                                                   int64_t *ret_cost);

/* How often `units` pay for it; INT64_MAX where it is free. */
int64_t tally_reward_affordable(const struct tally_reward *reward, int64_t units);

#endif
