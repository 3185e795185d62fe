/* tools/measure/rate.h: how many of so many swipes are read, and how many are read as another card.
 *
 * A card of its own and a hand of its own for each swipe (tools/swipe), read by the firmware's
 * decoder and, of the very same times, by a naive one. Half the swipes are track 2, a quarter each
 * track 1 and 3; half of them run backwards. No heap, no clock: also a test runs it.
 *
 * Threads  pure; one struct belongs to one caller */
#ifndef TALLY_TOOLS_MEASURE_RATE_H
#define TALLY_TOOLS_MEASURE_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/swipe/swipe.h"

struct rate_counts {
    uint64_t swipes;
    uint64_t read;        /* to what the card says */
    uint64_t wrong;       /* to anything else; the rest was refused */
    uint64_t first_wrong; /* the seed of rate_swipe, while wrong > 0 */
};

enum { RATE_TEXT_LEN_MAX = 106 };

/* One swipe: which card, which hand, what the head saw. */
struct rate_swipe {
    struct tally_swipe_hand hand;
    int track; /* 1..3 */
    char text[RATE_TEXT_LEN_MAX + 1];
    struct tally_swipe_flux flux;
};

/* The swipe of `seed`: always the same one. */
void rate_swipe(uint64_t seed, enum tally_swipe_wear wear, struct rate_swipe *ret_swipe);

/* `swipes` swipes, their seeds drawn from `seed`. The naive decoder is left out where ret_naive is
 * NULL. */
void rate_count(uint64_t seed, enum tally_swipe_wear wear, uint64_t swipes,
                struct rate_counts *ret_ours, struct rate_counts *ret_naive);

/* The peer: every time is a half or a whole bit by three quarters of a clock that moves half-way to
 * each bit, and any start sentinel on the stripe may begin a track if parity and LRC are right.
 * That is what public descriptions of F2F decoders come to. Writes a terminated text; false:
 * refused. */
bool naive_decode(const struct tally_swipe_flux *flux, int track,
                  char ret_text[RATE_TEXT_LEN_MAX + 1]);

#endif
