/* app/core/surprise.h: every so often a sale is free or multiplied: drawn so that head office can
 * prove that it was fair, and no terminal can foresee or steer it.
 *
 * Head office commits to a secret seed for a time (SHA-256 of the seed is published in it) and
 * draws each sale when it arrives: HMAC-SHA-256(seed, chain hash of the sale). The terminal had
 * fixed that hash before, without the seed; head office had fixed the seed before, without the
 * hash. When the time is over the seed is published, and anybody can draw again.
 *
 * Threads  pure; hashing is the caller's. */
#ifndef TALLY_CORE_SURPRISE_H
#define TALLY_CORE_SURPRISE_H

#include "app/core/event.h"
#include "app/core/programme.h"

struct tally_surprise_state { /* of one award, head office's */
    uint64_t sales;           /* seen so far */
    int64_t given;            /* points, of the budget */
};

/* Whether this sale wins. `draw` is the HMAC, its first 8 bytes taken as a big-endian number: below
 * chance_ppm millionths of 2^64 wins. With `every`, each n-th sale that head office sees wins
 * instead. *ret_points is what the member gets: `points` and what multiply_pct makes of the sale's
 * earned points beyond themselves, cut to what is left of the budget; 0: no win, or nothing left.
 * Counts the sale and the points in `state`. TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_surprise_draw(const struct tally_award_rule *award,
                                                     const uint8_t draw[TALLY_HASH_LEN],
                                                     const struct tally_event *sale,
                                                     struct tally_surprise_state *state,
                                                     int64_t *ret_points);

#endif
