/* SPDX-License-Identifier: Apache-2.0 */
/* Cards and hands by the million, and what becomes of them. */
#include "tools/measure/rate.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/core/f2f.h"

/* splitmix64: any seed will do, neighbours too. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int draw_below(uint64_t *state, int bound)
{
    return (int)(draw(state) % (uint64_t)bound);
}

/* ------------------------------------------------------------------ cards */

static char *put_digits(char *at, int count, uint64_t *random)
{
    while (count-- > 0) {
        *at++ = (char)('0' + draw_below(random, 10));
    }
    return at;
}

static char *put_letters(char *at, int count, uint64_t *random)
{
    while (count-- > 0) {
        *at++ = (char)('A' + draw_below(random, 26));
    }
    return at;
}

/* Lengths as loyalty cards have them, up to nearly the longest that the track takes. */
static void write_card(int track, uint64_t *random, char text[RATE_TEXT_LEN_MAX + 1])
{
    char *at = text;
    *at++ = track == 1 ? '%' : ';';
    if (track == 1) {
        *at++ = 'N';
    }
    at = put_digits(at, 8 + draw_below(random, 12), random);
    *at++ = track == 1 ? '^' : '=';
    if (track == 1) {
        at = put_letters(at, 2 + draw_below(random, 24), random);
        *at++ = '^';
    }
    at = put_digits(at, 4 + draw_below(random, track == 3 ? 80 : 13), random);
    *at++ = '?';
    *at = '\0';
    assert(at - text <= RATE_TEXT_LEN_MAX);
}

void rate_swipe(uint64_t seed, enum tally_swipe_wear wear, struct rate_swipe *ret_swipe)
{
    static const int tracks[] = {2, 1, 2, 3};
    uint64_t random = seed;
    ret_swipe->track = tracks[draw(&random) % 4];
    ret_swipe->hand = (struct tally_swipe_hand){
        .seed = draw(&random), .is_reverse = draw(&random) % 2 == 1, .wear = wear};
    ret_swipe->hand.is_damaged = wear == TALLY_SWIPE_TERRIBLE && draw(&random) % 8 == 0;
    write_card(ret_swipe->track, &random, ret_swipe->text);
    bool fits =
        tally_swipe_flux(&ret_swipe->hand, ret_swipe->track, ret_swipe->text, &ret_swipe->flux);
    assert(fits);
    (void)fits;
}

/* ------------------------------------------------------------------ reading */

static bool firmware_decode(const struct tally_swipe_flux *flux, int track,
                            char text[RATE_TEXT_LEN_MAX + 1])
{
    struct tally_f2f f2f = {0};
    struct tally_f2f_text read;
    for (size_t i = 0; i < flux->count; i++) {
        tally_f2f_push(&f2f, flux->intervals[i]);
    }
    if (tally_f2f_decode(&f2f, (enum tally_f2f_track)(track - 1), &read) != TALLY_F2F_OK) {
        return false;
    }
    memcpy(text, read.text, read.len);
    text[read.len] = '\0';
    return true;
}
_Static_assert((int)TALLY_F2F_TEXT_LEN_MAX == (int)RATE_TEXT_LEN_MAX, "one longest track");

static void count_one(bool is_read, const char *text, uint64_t seed, const struct rate_swipe *swipe,
                      struct rate_counts *counts)
{
    counts->swipes++;
    if (is_read && strcmp(text, swipe->text) == 0) {
        counts->read++;
    } else if (is_read && counts->wrong++ == 0) {
        counts->first_wrong = seed;
    }
}

void rate_count(uint64_t seed, enum tally_swipe_wear wear, uint64_t swipes,
                struct rate_counts *ret_ours, struct rate_counts *ret_naive)
{
    struct rate_swipe swipe;
    char text[RATE_TEXT_LEN_MAX + 1];
    struct rate_counts ours = {0}, naive = {0};
    for (uint64_t i = 0; i < swipes; i++) {
        uint64_t swipe_seed = draw(&seed);
        rate_swipe(swipe_seed, wear, &swipe);
        count_one(firmware_decode(&swipe.flux, swipe.track, text), text, swipe_seed, &swipe, &ours);
        if (ret_naive != NULL) {
            count_one(naive_decode(&swipe.flux, swipe.track, text), text, swipe_seed, &swipe,
                      &naive);
        }
    }
    *ret_ours = ours;
    if (ret_naive != NULL) {
        *ret_naive = naive;
    }
}
