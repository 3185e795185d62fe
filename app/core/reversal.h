/* app/core/reversal.h: voids and refunds: what a sale gave goes back, what it took comes back.
 *
 * What a refund undoes follows from the whole quantity of each line that has come back so far, less
 * what earlier refunds undid: so any split into partial refunds ends with the same points and the
 * same money, and nobody gains by rounding. REFUNDS.md tells the order of work.
 *
 * Units, memory, errors and threads as sale.h. */
#ifndef TALLY_CORE_REVERSAL_H
#define TALLY_CORE_REVERSAL_H

#include "app/core/sale.h"

struct tally_refund_request {
    const struct tally_event *sale;
    const struct tally_returned_line *lines; /* with what came back before; rising */
    size_t line_count;
    uint32_t terminal; /* where it comes back: points go into this drawer and are taken from it */
    int64_t now_ms;
    int32_t day;
};

size_t tally_refund_room(const struct tally_account *account,
                         const struct tally_refund_request *request);

/* The REFUND event for those lines. Earned points are taken out of the lots they went into, then
 * out of the drawer's other lots of that purse, last day latest first; what is gone follows the
 * programme's policy. Spent points go back into the lots they came from, those spent last first.
 *   TALLY_OK              *ret_event is complete but for id, time, ref and cashier
 *   TALLY_E_INVALID       another account's sale, or no sale; no lines; a line that the sale does
 *                         not have
 *   TALLY_E_RULE          more of a line than was sold and is not back yet
 *   TALLY_E_TOO_LATE      the return window is over
 *   TALLY_E_POINTS_SHORT  the policy refuses: points of the sale are gone
 *   TALLY_E_OVERFLOW, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tally_refund_plan(const struct tally_programme *programme,
                                                   const struct tally_account *account,
                                                   const struct tally_refund_request *request,
                                                   void *room, size_t room_len,
                                                   struct tally_event *ret_event);

/* The VOID event that undoes a sale of the same terminal as a whole, counts and standing with it;
 * `lines` of the request are not looked at. No part of it may have been refunded: the caller knows.
 *   TALLY_OK, TALLY_E_TOO_LATE (`day` is not the sale's), TALLY_E_INVALID, TALLY_E_OVERFLOW,
 *   TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tally_void_plan(const struct tally_programme *programme,
                                                 const struct tally_account *account,
                                                 const struct tally_refund_request *request,
                                                 void *room, size_t room_len,
                                                 struct tally_event *ret_event);

/* Head office's half: that a reversal undoes what its sale did, no more than was sold, in the right
 * amounts. Earned and spent points of each purse, money and counts are compared; which lots points
 * were taken from is the terminal's. TALLY_OK, TALLY_E_MISMATCH, TALLY_E_INVALID,
 * TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_reversal_check(const struct tally_programme *programme,
                                                      const struct tally_event *sale,
                                                      const struct tally_event *reversal);

#endif
