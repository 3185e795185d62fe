/* app/hq/surprise.h: seeds that head office commits to, and the proof that it drew with them.
 *
 * One secret seed for each calendar month; its SHA-256 is published before the month begins
 * (`tallyhq surprise`), the seed itself when the month is over. A sale of that month wins by
 * app/core/surprise.h with HMAC-SHA-256(seed, chain hash of the sale).
 *
 * Units    a month is year * 12 + month - 1.
 * Blocking and threads as store.h. */
#ifndef TALLY_HQ_SURPRISE_H
#define TALLY_HQ_SURPRISE_H

#include "app/hq/store.h"

/* Makes the seeds of this month and the `months` - 1 after it that are not there yet.
 *   TALLY_OK, TALLY_E_CRYPTO, store statuses */
TALLY_MUST_USE enum tally_status hq_store_seeds_commit(struct hq_store *store, int64_t now_ms,
                                                       int32_t months);

struct hq_seed {
    int32_t month;
    uint8_t commitment[TALLY_HASH_LEN];
    bool is_over; /* then the seed is public */
    uint8_t seed[TALLY_KEY_LEN];
};
/* In order. What `each` answers but TALLY_OK ends it. */
TALLY_MUST_USE enum tally_status
hq_store_seeds(struct hq_store *store, int64_t now_ms,
               enum tally_status (*each)(void *context, const struct hq_seed *seed), void *context);

struct hq_surprise_proof {
    uint64_t sales; /* drawn again */
    uint64_t wins;
    char difference[HQ_TEXT_MAX]; /* the first one, "" if none */
};
/* Draws every sale again in the order in which it arrived, with the seeds that are there, and
 * compares with the awards that HQ gave. TALLY_OK, TALLY_E_MISMATCH, store statuses */
TALLY_MUST_USE enum tally_status hq_store_surprise_prove(struct hq_store *store,
                                                         struct hq_surprise_proof *ret_proof);

#endif
