/* SPDX-License-Identifier: Apache-2.0 */
/* A decoder as one writes it on an afternoon, to be compared with. */
#include "tools/measure/rate.h"

#include <stddef.h>

enum { BITS_MAX = 2048, LANDING = 5 /* intervals of the head landing, not looked at */ };
_Static_assert((int)BITS_MAX >= (int)TALLY_SWIPE_INTERVALS_MAX, "every interval may be a bit");

struct bits {
    int count;
    uint8_t bits[BITS_MAX];
};

struct layout {
    int width;
    char base;
    char start;
    int len_max;
};
static const struct layout layouts[] = {{7, ' ', '%', 78}, {5, '0', ';', 39}, {5, '0', ';', 106}};

static void clock_bits(const struct tally_swipe_flux *flux, struct bits *bits)
{
    double cell = flux->count > LANDING ? flux->intervals[LANDING] : 1;
    double half = 0;
    bits->count = 0;
    for (size_t i = LANDING; i < flux->count; i++) {
        double time = flux->intervals[i];
        if (time >= 0.75 * cell) {
            bits->bits[bits->count++] = 0;
            cell = 0.5 * cell + 0.5 * time;
            half = 0;
        } else if (half > 0) {
            bits->bits[bits->count++] = 1;
            cell = 0.5 * cell + 0.5 * (half + time);
            half = 0;
        } else {
            half = time;
        }
    }
}

/* The character at `at`, or -1: no more bits, or even parity. */
static int code_at(const struct bits *bits, int at, bool backwards, int width)
{
    int code = 0, ones = 0;
    if (at + width > bits->count) {
        return -1;
    }
    for (int i = 0; i < width; i++) {
        int bit = bits->bits[backwards ? bits->count - 1 - at - i : at + i];
        ones += bit;
        code |= i < width - 1 ? bit << i : 0;
    }
    return ones % 2 == 1 ? code : -1;
}

static bool read_from(const struct bits *bits, int at, bool backwards, const struct layout *layout,
                      char *text)
{
    int lrc = 0, len = 0;
    while (len < layout->len_max) {
        int code = code_at(bits, at, backwards, layout->width);
        if (code < 0 || (len == 0 && code != layout->start - layout->base)) {
            return false;
        }
        at += layout->width;
        lrc ^= code;
        text[len++] = (char)(layout->base + code);
        if (code == '?' - layout->base) {
            text[len] = '\0';
            return len >= 3 && code_at(bits, at, backwards, layout->width) == lrc;
        }
    }
    return false;
}

bool naive_decode(const struct tally_swipe_flux *flux, int track,
                  char ret_text[RATE_TEXT_LEN_MAX + 1])
{
    struct bits bits;
    clock_bits(flux, &bits);
    for (int backwards = 0; backwards <= 1; backwards++) {
        for (int at = 0; at < bits.count; at++) {
            if (read_from(&bits, at, backwards == 1, &layouts[track - 1], ret_text)) {
                return true;
            }
        }
    }
    return false;
}
