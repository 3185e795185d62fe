/* app/core/stock.h: rewards of which there are so many for all members together.
 *
 * The units of such a reward are points of the house account, of the purse that the reward's id
 * names. They never lapse. Head office puts them into its drawer; a terminal draws them into its
 * own like any points, takes one out for each reward that it gives away, and puts it back when the
 * sale is voided. So no two terminals give the same unit, however long they are alone.
 *
 * Units    units of a reward, days as types.h.
 * Memory   moves go into the caller's array: TALLY_MOVES_MAX is enough.
 * Errors   outputs are written only on TALLY_OK; an event lacks nothing but id, time and texts.
 * Threads  pure. */
#ifndef TALLY_CORE_STOCK_H
#define TALLY_CORE_STOCK_H

#include "app/core/bonus.h"
#include "app/core/sale.h"

/* Whether a programme has any such reward. */
bool tally_stock_is_kept(const struct tally_programme *programme);

/* Puts `units`, above 0, into the moment's drawer. */
TALLY_MUST_USE enum tally_status tally_stock_in_plan(uint32_t reward, int64_t units,
                                                     const struct tally_moment *moment,
                                                     const struct tally_bonus_room *room,
                                                     struct tally_event *ret_event);

/* Takes out of the moment's drawer what a sale gives away (struct tally_quote's `taken`). TALLY_OK,
 * TALLY_E_NOT_FOUND (no unit of anything), TALLY_E_OVERFLOW (more rewards than fit an event) */
TALLY_MUST_USE enum tally_status
tally_stock_out_plan(const struct tally_programme *programme, const struct tally_taken *taken,
                     size_t taken_count, const struct tally_moment *moment,
                     const struct tally_bonus_room *room, struct tally_event *ret_event);

/* Puts back what an event of tally_stock_out_plan took. TALLY_OK, TALLY_E_NOT_FOUND (`out` is
 * none), TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_stock_back_plan(const struct tally_event *out,
                                                       const struct tally_moment *moment,
                                                       const struct tally_bonus_room *room,
                                                       struct tally_event *ret_event);

/* Whether an event only takes units of rewards out of a drawer, or only puts some in. */
bool tally_stock_moves_only(const struct tally_event *event);

#endif
