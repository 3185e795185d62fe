/* app/hq/night.h: what head office does once a day: points of its drawer that lapsed are counted as
 * expired, birthdays get their award, those awards that come once in a period are given, and the
 * stock of a programme that came into force is put in.
 *
 * Doing it twice gives nothing twice, and a night that was left out is made good but for birthdays.
 *
 * Blocking and threads as store.h; a server may run beside it. */
#ifndef TALLY_HQ_NIGHT_H
#define TALLY_HQ_NIGHT_H

#include "app/hq/store.h"

struct hq_night {
    uint64_t accounts; /* looked at */
    uint64_t lapsed;   /* points of the points' purse */
    uint64_t birthdays;
    uint64_t period_awards;
};

/* Goes over all accounts, some at a time in a transaction of their own. `progress` (may be NULL) is
 * told after each. What was done before a failure stays done.
 *   TALLY_OK, TALLY_E_NOT_READY (no programme), TALLY_E_OVERFLOW, store statuses */
TALLY_MUST_USE enum tally_status
hq_store_night(struct hq_store *store, const uint8_t data_key[TALLY_KEY_LEN], int64_t now_ms,
               void (*progress)(void *context, const struct hq_night *night), void *context,
               struct hq_night *ret_night);

#endif
