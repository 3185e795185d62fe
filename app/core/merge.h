/* app/core/merge.h: two accounts become one, drawer by drawer.
 *
 * Head office begins: one event takes everything out of its own drawer of the account that ends,
 * with debts, counters and what the other should know of standing and floor, and marks it as
 * merged; a second event puts it into the other account. A terminal that hears of it and still
 * holds points of the ended account does the same with its own drawer. So every point is at all
 * times in one drawer of one account, whoever is offline.
 *
 * Units, memory, errors and threads as bonus.h; `room` wants TALLY_MOVES_MAX and
 * TALLY_COUNTS_MAX. */
#ifndef TALLY_CORE_MERGE_H
#define TALLY_CORE_MERGE_H

#include "app/core/bonus.h"

/* The event that sends: the moment's drawer of `from` is empty after it, but for holds that are
 * open, what lapsed, and what one event does not carry: plan again until nothing is sent. The
 * first one, head office's, takes counters and debts along. TALLY_OK
 *   TALLY_E_INVALID    into itself, or into nothing
 *   TALLY_E_NOT_FOUND  a terminal's drawer with nothing to send */
TALLY_MUST_USE enum tally_status tally_merge_plan(const struct tally_account *from, uint64_t into,
                                                  const struct tally_moment *moment,
                                                  const struct tally_bonus_room *room,
                                                  struct tally_event *ret_event);

/* The event that receives it. Of standing and floor the account keeps the higher tier.
 *   TALLY_OK, TALLY_E_NOT_FOUND (there was nothing to send), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status
tally_merge_receive_plan(const struct tally_programme *programme, const struct tally_account *from,
                         const struct tally_account *into, const struct tally_event *sent,
                         const struct tally_moment *moment, const struct tally_bonus_room *room,
                         struct tally_event *ret_event);

#endif
