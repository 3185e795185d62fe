/* app/core/clearing.h: who owes whom, where several merchants share a programme.
 *
 * A merchant pays the issue price for each point that its shops give and gets the redemption price
 * for each that they take. The sums of all need not be zero: the rest is the programme's.
 *
 * Units    points whole; amounts in minor units, rounded once, half to even, at the end.
 * Memory   the accounts are the caller's: one per merchant of the programme, in its order, and one
 *          more for the programme itself (merchant_count), all zero at first.
 * Threads  pure. */
#ifndef TALLY_CORE_CLEARING_H
#define TALLY_CORE_CLEARING_H

#include "app/core/event.h"
#include "app/core/programme.h"

struct tally_clearing {
    int64_t issued;     /* points given less those taken back */
    int64_t redeemed;   /* points taken as payment or for rewards, less those given back */
    int64_t owes_minor; /* to the programme; negative: the programme owes it. Set by _settle */
};

/* Adds what one event means to the merchant in whose shop it happened; a reversal is its sale's
 * shop's (`shop` says which, since the event does not). TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_clearing_add(const struct tally_programme *programme,
                                                    struct tally_clearing *merchants,
                                                    const struct tally_event *event, uint32_t shop);

/* Sets owes_minor of each, and of the programme what makes the sum 0. Unless TALLY_OK, nothing is
 * set. TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_clearing_settle(const struct tally_programme *programme,
                                                       struct tally_clearing *merchants);

/* The next payment that settles it: from the one who owes most to the one who is owed most; equal
 * ones in the programme's order. The programme itself is merchant_count. Takes it off both; false
 * when nothing is left. */
bool tally_clearing_next(const struct tally_programme *programme, struct tally_clearing *merchants,
                         size_t *ret_from, size_t *ret_to, int64_t *ret_minor);

#endif
