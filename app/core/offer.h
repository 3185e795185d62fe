/* app/core/offer.h: which rewards a member could claim now: what a screen offers before there is a
 * basket.
 *
 * Memory   nothing is allocated: worked out in one block of the caller's.
 * Errors   outputs are written only on TALLY_OK.
 * Threads  pure. */
#ifndef TALLY_CORE_OFFER_H
#define TALLY_CORE_OFFER_H

#include "app/core/sale.h"

struct tally_offer {
    size_t reward; /* index in the programme */
    int64_t times; /* that can be paid for and are not used up; INT64_MAX: no limit */
};

/* Bytes of the block. */
size_t tally_offers_room(const struct tally_programme *programme);

/* The rewards, in the programme's order, that could be claimed in `shop` if the basket suited:
 * those that are not taken off by themselves, whose day, hour, shop, tier and other conditions on
 * the member hold, whose units can be spent, wherever they are held, and whose limits are not used
 * up. What a condition asks of the basket (its worth, tenders, codes, channel) is left open.
 * `offers` has room for all rewards.
 *   TALLY_OK, TALLY_E_OVERFLOW, TALLY_E_NO_MEMORY (room_len) */
TALLY_MUST_USE enum tally_status tally_offers(const struct tally_programme *programme,
                                              const struct tally_account *account,
                                              const struct tally_occasion *occasion, uint32_t shop,
                                              void *room, size_t room_len,
                                              struct tally_offer *offers, size_t *ret_count);

#endif
