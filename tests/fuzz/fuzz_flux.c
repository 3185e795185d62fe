/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever times come from a magnetic head: what is called a track is one, and everything else is
 * nothing. The first byte says which track; then u16le times, the highest sixteen of them being
 * powers of two up to UINT32_MAX. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "firmware/core/f2f.h"
#include "tools/swipe/swipe.h"

enum { POWERS_FROM = 0xfff0 };

static uint32_t interval_at(const uint8_t *data)
{
    uint32_t value = (uint32_t)data[0] | (uint32_t)data[1] << 8;
    return value >= POWERS_FROM ? UINT32_MAX >> (value - POWERS_FROM) : value;
}

static bool is_all_zero(const void *memory, size_t len)
{
    const uint8_t *byte = memory;
    while (len > 0 && byte[len - 1] == 0) {
        len--;
    }
    return len == 0;
}

/* Sentinels at both ends and nowhere else, characters that the track has, and the LRC over all. */
static void claim_track(enum tally_f2f_track track, const struct tally_f2f_text *text)
{
    static const uint8_t len_max[] = {78, 39, 106};
    const char base = track == TALLY_F2F_TRACK_1 ? ' ' : '0';
    const char start = track == TALLY_F2F_TRACK_1 ? '%' : ';';
    int lrc = 0;
    FUZZ_CLAIM(text->len >= 3 && text->len <= len_max[track]);
    for (uint8_t i = 0; i < text->len; i++) {
        FUZZ_CLAIM(text->text[i] >= base && text->text[i] <= (track == 0 ? '_' : '?'));
        FUZZ_CLAIM((text->text[i] == start) == (i == 0));
        FUZZ_CLAIM((text->text[i] == '?') == (i == text->len - 1));
        lrc ^= text->text[i] - base;
    }
    FUZZ_CLAIM(text->lrc == base + lrc);
    FUZZ_CLAIM(is_all_zero(text->text + text->len, sizeof text->text - text->len));
}

/* A stripe that carries the text, pulled either way, says the same. */
static void claim_reads_back(enum tally_f2f_track track, const struct tally_f2f_text *text)
{
    char carried[TALLY_F2F_TEXT_LEN_MAX + 1] = {0};
    memcpy(carried, text->text, text->len);
    for (int reverse = 0; reverse <= 1; reverse++) {
        static struct tally_swipe_flux flux;
        struct tally_f2f f2f = {0};
        struct tally_f2f_text again;
        const struct tally_swipe_hand hand = {.seed = text->len, .is_reverse = reverse == 1};
        FUZZ_CLAIM(tally_swipe_flux(&hand, (int)track + 1, carried, &flux));
        for (size_t i = 0; i < flux.count; i++) {
            tally_f2f_push(&f2f, flux.intervals[i]);
        }
        FUZZ_CLAIM(tally_f2f_decode(&f2f, track, &again) == TALLY_F2F_OK);
        FUZZ_CLAIM(memcmp(text, &again, sizeof again) == 0);
    }
}

static void claim_decoded(const struct tally_f2f *f2f, enum tally_f2f_track track)
{
    struct tally_f2f before = *f2f;
    struct tally_f2f_text text, again;
    memset(&text, 0xaa, sizeof text);
    enum tally_f2f_result result = tally_f2f_decode(f2f, track, &text);
    FUZZ_CLAIM(memcmp(&before, f2f, sizeof before) == 0);
    FUZZ_CLAIM(tally_f2f_decode(f2f, track, &again) == result);
    FUZZ_CLAIM(memcmp(&text, &again, sizeof text) == 0);
    if (result == TALLY_F2F_OK) {
        claim_track(track, &text);
        claim_reads_back(track, &text);
    } else {
        FUZZ_CLAIM(result == TALLY_F2F_DAMAGED || result == TALLY_F2F_NO_DATA);
        FUZZ_CLAIM(is_all_zero(&text, sizeof text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tally_f2f f2f = {0};
    if (size == 0) {
        return 0;
    }
    enum tally_f2f_track track = (enum tally_f2f_track)(data[0] % 3);
    for (size_t at = 1; at + 1 < size; at += 2) {
        tally_f2f_push(&f2f, interval_at(data + at));
        FUZZ_CLAIM(f2f.bit_count <= TALLY_F2F_BITS_MAX);
    }
    claim_decoded(&f2f, track);
    tally_f2f_reset(&f2f);
    FUZZ_CLAIM(is_all_zero(&f2f, sizeof f2f));
    return 0;
}
