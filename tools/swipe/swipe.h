/* tools/swipe/swipe.h: a hand that pulls a card through a reader, as times between flux
 * transitions.
 *
 * Writes a track as a card carries it (ISO/IEC 7811: clock zeros, parity, LRC) and moves it past a
 * head: speed that changes, jitter, polarity asymmetry, a head that lands and leaves noisily. All
 * arithmetic is integer, so one seed gives the same swipe on every machine.
 *
 * Units    intervals in microseconds; speed in centimetres per second
 * Memory   the caller's; no heap
 * Errors   false means the text cannot be on that track; outputs are written only on true
 * Threads  pure */
#ifndef TALLY_TOOLS_SWIPE_SWIPE_H
#define TALLY_TOOLS_SWIPE_SWIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest stripe has 711 bits, each at most two transitions; noise between and at both ends. */
enum { TALLY_SWIPE_INTERVALS_MAX = 1600, TALLY_SWIPE_TRACKS = 3 };
enum { TALLY_SWIPE_SPEED_MIN = 5, TALLY_SWIPE_SPEED_MAX = 150 };

/* How bad card and head are. README.md says what was measured and what is assumed. */
enum tally_swipe_wear {
    TALLY_SWIPE_CLEAN = 0,
    TALLY_SWIPE_CAPTURED, /* at least as bad as the real captures */
    TALLY_SWIPE_WORN,
    TALLY_SWIPE_TERRIBLE,
    TALLY_SWIPE_WEARS
};

/* What one wear means. A pulse is two transitions: a comparator that misses one stays where it is
 * and misses the next as well. */
struct tally_swipe_noise {
    const char *name;            /* one word, static */
    uint32_t jitter_permille;    /* of a bit: standard deviation of each transition's place */
    uint32_t asymmetry_permille; /* of a bit: most that every second transition is shifted */
    uint32_t lost_ppm;           /* chance at each transition that a pulse is missing from there */
    uint32_t extra_ppm;          /* chance at each transition that a pulse follows */
    uint32_t lone_percent;       /* of these: a single transition instead of a pulse */
};
const struct tally_swipe_noise *tally_swipe_noise(enum tally_swipe_wear wear);

/* One movement of the hand; the same for all tracks of a card. */
struct tally_swipe_hand {
    uint64_t seed;
    unsigned speed_cms; /* at the start, 5..150; 0 lets the seed choose */
    bool is_reverse;
    bool is_damaged; /* a scratch over a fifth of the data or more */
    enum tally_swipe_wear wear;
};

struct tally_swipe_flux {
    size_t count;
    uint32_t intervals[TALLY_SWIPE_INTERVALS_MAX];
};

/* The stripe of `track` (1..3) that carries `text`, moved by `hand`. `text` is what a reader
 * reports: sentinels included, LRC not; the sentinels may be left out.
 *   true    *ret_flux is the swipe
 *   false   a character the track does not have, a sentinel in the middle, no data, or too long */
bool tally_swipe_flux(const struct tally_swipe_hand *hand, int track, const char *text,
                      struct tally_swipe_flux *ret_flux);

#endif
