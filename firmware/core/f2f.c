/* SPDX-License-Identifier: Apache-2.0 */
/* F2F decoder: a clock that follows the hand, then parity, sentinels and LRC on the bits. */
#include "firmware/core/f2f.h"

#include <stddef.h>

enum {
    LOCK_STREAK = 8,     /* like intervals in a row that start the clock; ISO gives 20 and more */
    ZEROS_KEPT_MAX = 32, /* clock bits in front of the first 1 that are worth storing */
    ZEROS_IN_DATA_MAX = 12, /* `!` and then ` ` on track 1; more means that the data is over */
    TRACK_BITS_MIN = 8,     /* fewer bits than this between clock zeros are no track */
    GAP_CELLS = 5,
    ZEROS_BEFORE_START = 6,    /* a start sentinel without clock in front of it is not one */
    INTERVAL_MAX = 0x00ffffff, /* keeps ticks x 16 x 7 within 32 bits... */
    BLANK_REJECTED_MAX = 24    /* head landing and leaving on an empty stripe */
};
_Static_assert((uint64_t)INTERVAL_MAX * 16 * 12 <= UINT32_MAX, "the clock's products fit");

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

static void wipe(void *memory, size_t len)
{
    volatile uint8_t *byte = memory;
    while (len-- > 0) {
        *byte++ = 0;
    }
}

static void freeze(struct tally_f2f *f2f)
{
    f2f->phase = TALLY_F2F_FROZEN;
}

/* A few bits alone in the clock are the head landing, not a card. */
static void drop_noise_in_front(struct tally_f2f *f2f)
{
    wipe(f2f->bits, sizeof f2f->bits);
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
    if (f2f->has_one && f2f->zero_run == ZEROS_IN_DATA_MAX + 1 &&
        f2f->bit_count - f2f->zero_run - f2f->first_one < TRACK_BITS_MIN) {
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

/* Before the data a slip costs nothing: look for the clock again. Inside or behind it, what came so
 * far is all there will be: going on would be guessing how many bits the slip has swallowed. */
static void slip(struct tally_f2f *f2f)
{
    if (f2f->rejected < UINT16_MAX) {
        f2f->rejected++;
    }
    f2f->half_q4 = 0;
    if (f2f->has_one) {
        freeze(f2f);
        return;
    }
    f2f->phase = TALLY_F2F_HUNTING;
    f2f->bit_count = 0;
    f2f->zero_run = 0;
    f2f->streak = 0;
    f2f->streak_sum = 0;
    f2f->previous = 0;
}

static bool are_alike(uint32_t a, uint32_t b)
{
    uint32_t larger = a > b ? a : b, smaller = a > b ? b : a;
    return smaller > 0 && larger - smaller <= larger / 4;
}

/* Every stripe starts with clock bits, also when it is swiped backwards. */
static void hunt(struct tally_f2f *f2f, uint32_t interval)
{
    if (f2f->streak > 0 && !are_alike(f2f->previous, interval)) {
        slip(f2f);
    }
    f2f->previous = interval;
    f2f->streak_sum += interval;
    f2f->streak++;
    if (f2f->streak == LOCK_STREAK) {
        f2f->cell_q4 = f2f->streak_sum * (16 / LOCK_STREAK);
        f2f->phase = TALLY_F2F_LOCKED;
        for (int i = 0; i < LOCK_STREAK; i++) {
            append_bit(f2f, false);
        }
    }
}

static void follow(struct tally_f2f *f2f, uint32_t measured_q4)
{
    f2f->cell_q4 = (f2f->cell_q4 + measured_q4) / 2;
}

static bool halves_match(const struct tally_f2f *f2f, uint32_t second_q4)
{
    uint32_t first_q4 = f2f->half_q4;
    uint32_t larger = first_q4 > second_q4 ? first_q4 : second_q4;
    uint32_t smaller = first_q4 > second_q4 ? second_q4 : first_q4;
    return larger * 4 <= smaller * 7 && (first_q4 + second_q4) * 5 >= f2f->cell_q4 * 3;
}

static void take(struct tally_f2f *f2f, uint32_t interval)
{
    uint32_t q4 = interval * 16;
    bool is_half = q4 * 4 < f2f->cell_q4 * 3;
    if (q4 * 2 > f2f->cell_q4 * 3) { /* one and a half bits without a transition */
        f2f->has_gap = f2f->has_gap || q4 > f2f->cell_q4 * GAP_CELLS;
        slip(f2f);
    } else if (f2f->half_q4 == 0 && is_half && q4 > 0) {
        f2f->half_q4 = q4;
    } else if (f2f->half_q4 == 0 && !is_half) {
        append_bit(f2f, false);
        follow(f2f, q4);
    } else if (f2f->half_q4 != 0 && is_half && halves_match(f2f, q4)) {
        append_bit(f2f, true);
        follow(f2f, f2f->half_q4 + q4);
        f2f->half_q4 = 0;
    } else {
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

/* The first 1 of a stripe is the first bit of its start sentinel. Only that place is tried:
 * searching on would sooner or later find a number that nobody wrote. */
static bool read_track(const struct tally_f2f *f2f, const struct layout *layout, bool backwards,
                       struct tally_f2f_text *text)
{
    uint32_t at = 0;
    while (at < f2f->bit_count && !bit_at(f2f, backwards, at)) {
        at++;
    }
    if (at < ZEROS_BEFORE_START) {
        return false;
    }
    uint8_t code = 0, lrc = 0;
    for (text->len = 0; text->len < layout->len_max;) {
        if (!read_code(f2f, backwards, at, layout->bits, &code) ||
            (text->len == 0 && code != layout->start)) {
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
        !read_code(f2f, backwards, at, layout->bits, &code) || code != lrc) {
        return false;
    }
    text->lrc = (char)(layout->base + lrc);
    return true;
}

void tally_f2f_reset(struct tally_f2f *f2f)
{
    wipe(f2f, sizeof *f2f);
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
    wipe(ret_text, sizeof *ret_text);
    wipe(&backward, sizeof backward);
    if (!f2f->has_one) {
        return f2f->rejected > BLANK_REJECTED_MAX || f2f->has_gap ? TALLY_F2F_DAMAGED
                                                                  : TALLY_F2F_NO_DATA;
    }
    bool forwards_ok = read_track(f2f, &layouts[track], false, ret_text);
    bool backwards_ok = read_track(f2f, &layouts[track], true, &backward);
    if (backwards_ok && !forwards_ok) {
        *ret_text = backward;
    }
    wipe(&backward, sizeof backward);
    if (forwards_ok == backwards_ok) { /* neither, or two readings of one stripe: believe none */
        wipe(ret_text, sizeof *ret_text);
        return TALLY_F2F_DAMAGED;
    }
    return TALLY_F2F_OK;
}
