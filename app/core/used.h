/* app/core/used.h: the counters behind caps and limits: what was used before a sale, and what the
 * sale adds.
 *
 * A cap of a calendar period has one counter for each period. A rolling one has a counter for each
 * day, kept until no window reaches back to that day; what `seen` carries of it is their sum, under
 * the span of the window itself.
 *
 * Threads  pure. */
#ifndef TALLY_CORE_USED_H
#define TALLY_CORE_USED_H

#include "app/core/match.h"
#include "app/core/spend.h"

/* Where something of `day` is counted for a cap; not asked for a SALE. */
struct tally_span tally_cap_counts_in(const struct tally_cap *cap, const struct tally_when *when,
                                      int32_t since_day, int32_t day);

/* Counters that the caps and limits of a programme can ask for; an upper bound. */
size_t tally_used_max(const struct tally_programme *programme);

/* Of those, the ones that are not 0 for this member on this day. TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_used_read(const struct tally_programme *programme,
                                                 const struct tally_account *account,
                                                 uint64_t member, int32_t since_day, int32_t day,
                                                 struct tally_counts *used);

/* Counts `amount` for each cap of a list. TALLY_OK, TALLY_E_OVERFLOW */
struct tally_used_as {
    enum tally_counter what;
    uint32_t of;
    const struct tally_when *when; /* NULL: from ever to ever */
    int32_t since_day;
    int32_t day;
};
TALLY_MUST_USE enum tally_status tally_used_count(const struct tally_used_as *as,
                                                  const struct tally_cap *caps, size_t cap_count,
                                                  int64_t amount, struct tally_counts *counts);

/* The span under which the sales of a rule are counted. */
struct tally_span tally_uses_span(const struct tally_rule *rule);

#endif
