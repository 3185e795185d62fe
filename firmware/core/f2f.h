/* firmware/core/f2f.h: what a magnetic stripe says, from the times between its flux transitions.
 *
 * F2F (ISO/IEC 7811-2, 7811-6): a transition at every bit boundary, one more in the middle of a 1.
 * The intervals are turned into bits as they come, so a track costs its bits and not its times.
 * README.md says what is refused, and why so much.
 *
 * Units    ticks of any clock, as long as one bit lasts 32 ticks or more (1 us ticks: 300 cm/s)
 * Memory   one struct per track, about 160 bytes; no heap; stack: tools/stack, at most 320 bytes
 * Errors   a track is whole or it is damaged; there are no partial results
 * Threads  pure; one struct belongs to one caller (an interrupt handler may push) */
#ifndef TALLY_FIRMWARE_CORE_F2F_H
#define TALLY_FIRMWARE_CORE_F2F_H

#include <stdbool.h>
#include <stdint.h>

enum tally_f2f_track { TALLY_F2F_TRACK_1 = 0, TALLY_F2F_TRACK_2, TALLY_F2F_TRACK_3 };

/* Characters with sentinels, without LRC: 78, 39, 106. */
enum { TALLY_F2F_TEXT_LEN_MAX = 106, TALLY_F2F_BITS_MAX = 1024 };

enum tally_f2f_result {
    TALLY_F2F_DAMAGED = 0, /* something is there and it is not a whole track */
    TALLY_F2F_OK,
    TALLY_F2F_NO_DATA /* no transitions to speak of, or a stripe that holds only clock */
};

enum tally_f2f_phase { TALLY_F2F_HUNTING = 0, TALLY_F2F_LOCKED, TALLY_F2F_FROZEN };

/* All zero is a fresh decoder. Private to f2f.c. */
struct tally_f2f {
    enum tally_f2f_phase phase;
    int32_t cell_q4;   /* length of one bit now, ticks x 16 */
    int32_t since_q4;  /* from where the bit began to the last transition, ticks x 16 */
    bool has_middle;   /* the transition in the middle of a 1 has come */
    uint32_t previous; /* hunting: the interval before */
    uint16_t streak;   /* hunting: how many like ones there are in a row */
    uint16_t rejected; /* intervals that fit no bit; stays at its maximum */
    uint16_t bit_count;
    uint16_t first_one; /* index of the first 1, while has_one */
    uint16_t zero_run;  /* zeros since the last 1 */
    bool has_one;
    bool has_gap;    /* signal, then several bits of nothing */
    bool has_broken; /* a track began and broke off */
    uint8_t bits[TALLY_F2F_BITS_MAX / 8];
};

struct tally_f2f_text {
    uint8_t len;                       /* 0 unless the result is TALLY_F2F_OK */
    char lrc;                          /* the check character as the track prints it */
    char text[TALLY_F2F_TEXT_LEN_MAX]; /* ASCII, `%` or `;` to `?`; no terminator */
};

/* Forgets everything and wipes the bits: they are a card. */
void tally_f2f_reset(struct tally_f2f *f2f);

/* One more interval between two transitions. Any value is safe, 0 and UINT32_MAX too. */
void tally_f2f_push(struct tally_f2f *f2f, uint32_t interval);

/* Reads the pushed stripe as `track`, in whichever direction it was swiped. Does not change `f2f`.
 *   TALLY_F2F_OK                          *ret_text is the track
 *   TALLY_F2F_DAMAGED, TALLY_F2F_NO_DATA  *ret_text is all zero */
enum tally_f2f_result tally_f2f_decode(const struct tally_f2f *f2f, enum tally_f2f_track track,
                                       struct tally_f2f_text *ret_text);

#endif
