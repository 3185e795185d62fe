/* SPDX-License-Identifier: Apache-2.0 */
/* F2F decoder: a clock that follows the hand, then parity, sentinels and LRC on the bits. */
#include "firmware/core/f2f.h"

#include "firmware/core/wipe.h"

#include <stddef.h>

enum {
    LOCK_STREAK = 9, /* like intervals in a row that start the clock: `10` on track 2 has 8 */
    LOCK_STREAK_AGAIN = 16, /* behind a track that broke off: no data has so many */
    ZEROS_KEPT_MAX = 32,    /* clock bits in front of the first 1 that are worth storing */
    ZEROS_IN_DATA_MAX = 12, /* `!` and then ` ` on track 1; more means that the data is over */
    ZEROS_AROUND = 6,       /* clock in front of a start sentinel and behind an LRC */
    TRACK_BITS_MIN = 8,     /* fewer bits than this between clock zeros are no track */
    GAP_CELLS = 5,
    INTERVAL_MAX = 0x00ffffff, /* keeps ticks x 16 x 5 within 31 bits */
    BLANK_REJECTED_MAX = 24    /* head landing and leaving on an empty stripe */
};
_Static_assert((int)LOCK_STREAK_AGAIN > (int)ZEROS_IN_DATA_MAX, "data is not taken for the clock");
_Static_assert((int64_t)INTERVAL_MAX * 16 * 5 <= INT32_MAX, "the clock's sums fit");

struct layout {
    uint8_t bits;  /* per character, parity included */
    uint8_t base;  /* ASCII of code 0 */
    uint8_t start; /* codes of the sentinels */
    uint8_t end;
    uint8_t len_max; /* characters, with sentinels, without LRC */
};
static const struct layout layouts[] = {
    [TALLY_F2F_TRACK_1] = {7, 0x20, '%' - 0x20, '?' - 0x20, 78},
    [TALLY_F2F_TRACK_2] = {5, 0x30, ';' - 0x30, '?' - 0x30, 39},
    [TALLY_F2F_TRACK_3] = {5, 0x30, ';' - 0x30, '?' - 0x30, 106},
};

static void freeze(struct tally_f2f *f2f)
{
    f2f->phase = TALLY_F2F_FROZEN;
}

static bool is_noise(const struct tally_f2f *f2f)
{
    return !f2f->has_one || f2f->bit_count - f2f->zero_run - f2f->first_one < TRACK_BITS_MIN;
}

/* A few bits alone in the clock are the head landing, not a card. */
static void drop_noise_in_front(struct tally_f2f *f2f)
{
    tally_wipe(f2f->bits, sizeof f2f->bits);
    f2f->has_one = false;
    f2f->bit_count = f2f->zero_run;
}

static void append_zero(struct tally_f2f *f2f)
{
    if (!f2f->has_one && f2f->bit_count >= ZEROS_KEPT_MAX) {
        return;
    }
    f2f->bit_count++;
    f2f->zero_run++;
    if (f2f->has_one && f2f->zero_run == ZEROS_IN_DATA_MAX + 1 && is_noise(f2f)) {
        drop_noise_in_front(f2f);
    }
}

static void append_one(struct tally_f2f *f2f)
{
    if (f2f->has_one &&
        f2f->zero_run > ZEROS_IN_DATA_MAX) { /* the head leaving: no data any more */
        freeze(f2f);
        return;
    }
    if (!f2f->has_one) {
        f2f->first_one = f2f->bit_count;
    }
    f2f->has_one = true;
    f2f->zero_run = 0;
    f2f->bits[f2f->bit_count / 8] |= (uint8_t)(1u << (f2f->bit_count % 8));
    f2f->bit_count++;
}

static void append_bit(struct tally_f2f *f2f, bool one)
{
    if (f2f->bit_count >= TALLY_F2F_BITS_MAX) {
        freeze(f2f);
    } else if (one) {
        append_one(f2f);
    } else {
        append_zero(f2f);
    }
}

/* What came so far is dropped; what comes must begin with the clock again. */
static void start_over(struct tally_f2f *f2f)
{
    f2f->has_broken = f2f->has_broken || !is_noise(f2f);
    tally_wipe(f2f->bits, sizeof f2f->bits);
    f2f->phase = TALLY_F2F_HUNTING;
    f2f->has_one = false;
    f2f->bit_count = 0;
    f2f->zero_run = 0;
    f2f->streak = 0;
    f2f->previous = 0;
}

/* An interval that fits no bit. Behind the data it costs nothing, in front of it a little clock.
 * Inside it the track is lost: going on would be guessing how many bits the slip has swallowed. But
 * the hand may come back over the same stripe. */
static void slip(struct tally_f2f *f2f)
{
    if (f2f->rejected < UINT16_MAX) {
        f2f->rejected++;
    }
    if (!is_noise(f2f) && f2f->zero_run >= ZEROS_AROUND) {
        freeze(f2f);
    } else {
        start_over(f2f);
    }
}

static bool are_alike(uint32_t a, uint32_t b)
{
    uint32_t larger = a > b ? a : b, smaller = a > b ? b : a;
    return smaller > 0 && larger - smaller <= larger / 4;
}

/* Every stripe starts with clock bits, also when it is swiped backwards. The first of a run of like
 * intervals may still be the head landing, so the latest count most. */
static void hunt(struct tally_f2f *f2f, uint32_t interval)
{
    int32_t q4 = (int32_t)(interval * 16);
    if (f2f->streak > 0 && !are_alike(f2f->previous, interval)) {
        slip(f2f);
    }
    f2f->cell_q4 = f2f->streak == 0 ? q4 : f2f->cell_q4 + (q4 - f2f->cell_q4) / 2;
    f2f->previous = interval;
    f2f->streak++;
    if (f2f->streak == (f2f->has_broken ? LOCK_STREAK_AGAIN : LOCK_STREAK)) {
        f2f->since_q4 = 0;
        f2f->has_middle = false;
        f2f->phase = TALLY_F2F_LOCKED;
        for (int i = 0; i < LOCK_STREAK; i++) {
            append_bit(f2f, false);
        }
    }
}

/* The bit ended `late_q4` behind its time. Three eighths of that are believed to be the place where
 * bits end, one eighth to be their length: transitions jitter and every second one is shifted, but
 * a hand is slow. In front of the data, where only zeros come, more is believed: the hand has only
 * just begun. (Of the simple fractions, these read most of the worn swipes of tools/swipe.) */
static void follow(struct tally_f2f *f2f, int32_t late_q4)
{
    f2f->since_q4 = f2f->has_one ? late_q4 * 5 / 8 : late_q4 / 4;
    f2f->cell_q4 += f2f->has_one ? late_q4 / 8 : late_q4 / 2;
}

static bool is_near(int32_t late_q4, int32_t window_q4)
{
    return late_q4 > -window_q4 && late_q4 < window_q4;
}

/* A transition where none can be is a slip, even in doubt: a wrong bit is a wrong card. */
static void take(struct tally_f2f *f2f, uint32_t interval)
{
    int32_t q4 = (int32_t)(interval * 16), cell_q4 = f2f->cell_q4;
    int32_t at_q4 = f2f->since_q4 + q4;
    int32_t window_q4 = cell_q4 / 4 - cell_q4 / 64;
    if (is_near(at_q4 - cell_q4, window_q4)) {
        append_bit(f2f, f2f->has_middle);
        f2f->has_middle = false;
        follow(f2f, at_q4 - cell_q4);
    } else if (!f2f->has_middle && is_near(at_q4 - cell_q4 / 2, window_q4)) {
        f2f->has_middle = true;
        f2f->since_q4 = at_q4;
    } else {
        f2f->has_gap = f2f->has_gap || q4 / GAP_CELLS > cell_q4;
        slip(f2f);
    }
}

static bool bit_at(const struct tally_f2f *f2f, bool backwards, uint32_t index)
{
    uint32_t at = backwards ? f2f->bit_count - 1u - index : index;
    return (f2f->bits[at / 8] >> (at % 8)) & 1u;
}

/* One character, least significant bit first, odd parity last. */
static bool read_code(const struct tally_f2f *f2f, bool backwards, uint32_t at, uint8_t width,
                      uint8_t *ret_code)
{
    uint8_t code = 0, ones = 0;
    if (at + width > f2f->bit_count) {
        return false;
    }
    for (uint8_t i = 0; i < width; i++) {
        bool one = bit_at(f2f, backwards, at + i);
        ones = (uint8_t)(ones + one);
        if (i < width - 1) {
            code = (uint8_t)(code | (uint8_t)((unsigned)one << i));
        }
    }
    *ret_code = code;
    return (ones & 1u) != 0;
}

static uint32_t count_zeros(const struct tally_f2f *f2f, bool backwards, uint32_t from)
{
    uint32_t at = from;
    while (at < f2f->bit_count && !bit_at(f2f, backwards, at)) {
        at++;
    }
    return at - from;
}

/* The first 1 of a stripe is the first bit of its start sentinel. Only that place is tried:
 * searching on would sooner or later find a number that nobody wrote. */
static bool read_track(const struct tally_f2f *f2f, const struct layout *layout, bool backwards,
                       struct tally_f2f_text *text)
{
    uint32_t at = count_zeros(f2f, backwards, 0);
    if (at < ZEROS_AROUND) {
        return false;
    }
    uint8_t code = 0, lrc = 0;
    for (text->len = 0; text->len < layout->len_max;) {
        if (!read_code(f2f, backwards, at, layout->bits, &code) ||
            (code == layout->start) != (text->len == 0)) {
            return false;
        }
        at += layout->bits;
        lrc ^= code;
        text->text[text->len++] = (char)(layout->base + code);
        if (code == layout->end) {
            break;
        }
    }
    if (code != layout->end || text->len < 3 ||
        !read_code(f2f, backwards, at, layout->bits, &code) || code != lrc ||
        count_zeros(f2f, backwards, at + layout->bits) < ZEROS_AROUND) {
        return false;
    }
    text->lrc = (char)(layout->base + lrc);
    return true;
}

void tally_f2f_reset(struct tally_f2f *f2f)
{
    tally_wipe(f2f, sizeof *f2f);
}

void tally_f2f_push(struct tally_f2f *f2f, uint32_t interval)
{
    if (interval > INTERVAL_MAX) {
        interval = INTERVAL_MAX;
    }
    switch (f2f->phase) {
    case TALLY_F2F_HUNTING:
        hunt(f2f, interval);
        break;
    case TALLY_F2F_LOCKED:
        take(f2f, interval);
        break;
    case TALLY_F2F_FROZEN:
        break;
    }
}

enum tally_f2f_result tally_f2f_decode(const struct tally_f2f *f2f, enum tally_f2f_track track,
                                       struct tally_f2f_text *ret_text)
{
    struct tally_f2f_text backward;
    tally_wipe(ret_text, sizeof *ret_text);
    tally_wipe(&backward, sizeof backward);
    if (!f2f->has_one) {
        bool is_blank = f2f->rejected <= BLANK_REJECTED_MAX && !f2f->has_gap && !f2f->has_broken;
        return is_blank ? TALLY_F2F_NO_DATA : TALLY_F2F_DAMAGED;
    }
    bool forwards_ok = read_track(f2f, &layouts[track], false, ret_text);
    bool backwards_ok = read_track(f2f, &layouts[track], true, &backward);
    if (backwards_ok && !forwards_ok) {
        *ret_text = backward;
    }
    tally_wipe(&backward, sizeof backward);
    if (forwards_ok == backwards_ok) { /* neither, or two readings of one stripe: believe none */
        tally_wipe(ret_text, sizeof *ret_text);
        return TALLY_F2F_DAMAGED;
    }
    return TALLY_F2F_OK;
}
