/* SPDX-License-Identifier: Apache-2.0 */
/* The F2F decoder against the swipe encoder, against damage, and against one real card. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/core/f2f.h"
#include "tools/swipe/swipe.h"

enum { SEEDS = 2000 };

static const char *const texts[] = {
    "%NDOE/JANE^61021000123?",
    ";61021000123=4912?",
    ";0123456789<=>0000000000000000?",
};
static const char *const longest[] = {
    "%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ !\"#$&'()*+,-./:;<=>@[\\]^_0123456789ABCD?",
    ";0123456789012345678901234567890123456?",
    (";0123456789012345678901234567890123456789012345678901234567890123456789"
     "0123456789012345678901234567890123?"),
};

static enum tally_f2f_result decode(const struct tally_swipe_flux *flux, int track,
                                    struct tally_f2f_text *ret_text)
{
    struct tally_f2f f2f = {0};
    for (size_t i = 0; i < flux->count; i++) {
        tally_f2f_push(&f2f, flux->intervals[i]);
    }
    return tally_f2f_decode(&f2f, (enum tally_f2f_track)(track - 1), ret_text);
}

static bool is_text(const struct tally_f2f_text *text, const char *expected)
{
    return text->len == strlen(expected) && memcmp(text->text, expected, text->len) == 0;
}

static void expect_swipe_reads(struct tally_swipe_hand hand, int track, const char *text)
{
    struct tally_swipe_flux flux;
    struct tally_f2f_text read;
    assert_true(tally_swipe_flux(&hand, track, text, &flux));
    enum tally_f2f_result result = decode(&flux, track, &read);
    if (result != TALLY_F2F_OK || !is_text(&read, text)) {
        fail_msg("seed %llu, speed %u, track %d, %s: result %d, %.*s",
                 (unsigned long long)hand.seed, hand.speed_cms, track,
                 hand.is_reverse ? "reverse" : "forward", (int)result, read.len, read.text);
    }
}

static void every_track_reads_back_in_both_directions_at_any_hand(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        for (int track = 1; track <= 3; track++) {
            for (int reverse = 0; reverse <= 1; reverse++) {
                struct tally_swipe_hand hand = {
                    .seed = seed, .is_reverse = reverse, .wear = seed % 2};
                expect_swipe_reads(hand, track, texts[track - 1]);
            }
        }
    }
}

static void the_longest_tracks_read_back(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS / 10; seed++) {
        for (int track = 1; track <= 3; track++) {
            struct tally_swipe_hand hand = {.seed = seed, .is_reverse = seed % 2};
            expect_swipe_reads(hand, track, longest[track - 1]);
        }
    }
}

static void the_slowest_and_the_fastest_hand_are_read(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        for (int track = 1; track <= 3; track++) {
            struct tally_swipe_hand hand = {.seed = seed, .speed_cms = TALLY_SWIPE_SPEED_MIN};
            expect_swipe_reads(hand, track, texts[track - 1]);
            hand.speed_cms = TALLY_SWIPE_SPEED_MAX;
            expect_swipe_reads(hand, track, texts[track - 1]);
        }
    }
}

/* A random number per seed, so that no lucky content hides a hole. */
static void random_number(uint64_t seed, char text[20])
{
    uint64_t digits = seed * 2862933555777941757u + 3037000493u;
    snprintf(text, 20, ";6%010llu=4912?", (unsigned long long)(digits >> 20) % 10000000000u);
}

static void a_scratched_stripe_is_damaged_and_never_another_number(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        for (int track = 1; track <= 3; track++) {
            char text[20];
            struct tally_swipe_flux flux;
            struct tally_f2f_text read;
            random_number(seed, text);
            const char *carried = track == 1 ? texts[0] : text;
            struct tally_swipe_hand hand = {
                .seed = seed, .is_reverse = seed % 2, .is_damaged = true};
            assert_true(tally_swipe_flux(&hand, track, carried, &flux));
            enum tally_f2f_result result = decode(&flux, track, &read);
            if (result != TALLY_F2F_DAMAGED) {
                fail_msg("seed %llu, track %d: result %d", (unsigned long long)seed, track,
                         (int)result);
            }
            assert_int_equal(0, read.len);
        }
    }
}

/* Every single transition of a clean swipe taken out, and every single one doubled. */
static void one_lost_or_extra_transition_never_makes_another_number(void **state)
{
    (void)state;
    struct tally_swipe_flux clean, broken;
    struct tally_f2f_text read;
    const struct tally_swipe_hand hand = {.seed = 5};
    assert_true(tally_swipe_flux(&hand, 2, texts[1], &clean));
    for (size_t at = 1; at < clean.count; at++) {
        broken = clean;
        broken.intervals[at - 1] += broken.intervals[at];
        memmove(&broken.intervals[at], &broken.intervals[at + 1],
                (broken.count - at - 1) * sizeof broken.intervals[0]);
        broken.count--;
        assert_true(decode(&broken, 2, &read) != TALLY_F2F_OK || is_text(&read, texts[1]));
        broken = clean;
        memmove(&broken.intervals[at + 1], &broken.intervals[at],
                (broken.count - at) * sizeof broken.intervals[0]);
        broken.intervals[at] = clean.intervals[at] / 2;
        broken.intervals[at + 1] = clean.intervals[at] - broken.intervals[at];
        broken.count++;
        assert_true(decode(&broken, 2, &read) != TALLY_F2F_OK || is_text(&read, texts[1]));
    }
}

/* Four things that can happen to a transition: it is lost, or a pulse of two is, or one more or a
 * pulse comes in the interval in front of it. Returns the count of intervals. */
static size_t damage(uint32_t *intervals, size_t count, size_t at, int kind)
{
    size_t lost = kind == 0 ? 1 : kind == 1 ? 2 : 0, added = kind == 2 ? 1 : kind == 3 ? 2 : 0;
    uint32_t time = intervals[at];
    for (size_t i = 1; i <= lost; i++) {
        intervals[at] += intervals[at + i];
    }
    memmove(intervals + at + 1 + added, intervals + at + 1 + lost,
            (count - at - 1 - lost) * sizeof intervals[0]);
    for (size_t i = 0; i < added; i++) {
        intervals[at + i] = time / (uint32_t)(added + 1);
        intervals[at + added] = time - time / (uint32_t)(added + 1) * (uint32_t)added;
    }
    return count - lost + added;
}

/* Parity and LRC find any two wrong bits, but only if no bit is gained or lost on the way: every
 * pair of places in the data, near each other or not, and every pair of kinds. */
static void two_damages_anywhere_never_make_another_number(void **state)
{
    (void)state;
    enum { FROM = 18, TO = 150, FAR = 45 };
    struct tally_swipe_flux clean;
    static uint32_t broken[TALLY_SWIPE_INTERVALS_MAX + 8];
    const struct tally_swipe_hand hand = {.seed = 11, .speed_cms = 40};
    assert_true(tally_swipe_flux(&hand, 2, texts[1], &clean));
    for (size_t second = FROM; second < TO; second++) {
        for (size_t first = second > FAR + FROM ? second - FAR : FROM; first < second; first++) {
            for (int kinds = 0; kinds < 16; kinds++) {
                struct tally_f2f f2f = {0};
                struct tally_f2f_text read;
                memcpy(broken, clean.intervals, sizeof clean.intervals);
                size_t count = damage(broken, clean.count, second, kinds / 4);
                count = damage(broken, count, first, kinds % 4);
                for (size_t i = 0; i < count; i++) {
                    tally_f2f_push(&f2f, broken[i]);
                }
                assert_true(tally_f2f_decode(&f2f, TALLY_F2F_TRACK_2, &read) != TALLY_F2F_OK ||
                            is_text(&read, texts[1]));
            }
        }
    }
}

/* ---- stripes made bit by bit ---- */

struct bits {
    size_t count;
    uint8_t bits[TALLY_F2F_BITS_MAX * 2];
};

static void add_zeros(struct bits *bits, size_t count)
{
    while (count-- > 0) {
        bits->bits[bits->count++] = 0;
    }
}

static void add_code(struct bits *bits, int code, int width, bool parity_is_right)
{
    int ones = 0;
    for (int i = 0; i < width - 1; i++) {
        bits->bits[bits->count++] = (code >> i) & 1;
        ones += (code >> i) & 1;
    }
    bits->bits[bits->count++] = (uint8_t)((ones % 2 == 0) == parity_is_right);
}

static struct bits a_track_2(const char *text, int lrc)
{
    struct bits bits = {0};
    add_zeros(&bits, 20);
    for (; *text != '\0'; text++) {
        add_code(&bits, *text - '0', 5, true);
    }
    add_code(&bits, lrc, 5, true);
    add_zeros(&bits, 20);
    return bits;
}

static enum tally_f2f_result decode_bits(const struct bits *bits, enum tally_f2f_track track,
                                         struct tally_f2f_text *ret_text)
{
    struct tally_f2f f2f = {0};
    for (size_t i = 0; i < bits->count; i++) {
        tally_f2f_push(&f2f, bits->bits[i] ? 500 : 1000);
        if (bits->bits[i]) {
            tally_f2f_push(&f2f, 500);
        }
    }
    return tally_f2f_decode(&f2f, track, ret_text);
}

static int lrc_of(const char *text)
{
    int lrc = 0;
    for (; *text != '\0'; text++) {
        lrc ^= *text - '0';
    }
    return lrc;
}

static void the_check_character_counts_the_start_sentinel(void **state)
{
    (void)state;
    struct tally_f2f_text read;
    struct bits with = a_track_2(";12=3?", lrc_of(";12=3?"));
    assert_int_equal(TALLY_F2F_OK, decode_bits(&with, TALLY_F2F_TRACK_2, &read));
    assert_true(is_text(&read, ";12=3?"));
    assert_int_equal('0' + lrc_of(";12=3?"), read.lrc);
    struct bits without = a_track_2(";12=3?", lrc_of("12=3?"));
    assert_int_equal(TALLY_F2F_DAMAGED, decode_bits(&without, TALLY_F2F_TRACK_2, &read));
}

static void even_parity_in_one_character_is_damage(void **state)
{
    (void)state;
    struct tally_f2f_text read;
    struct bits bits = a_track_2(";12=3?", lrc_of(";12=3?"));
    bits.bits[20 + 5 * 2 + 4] ^= 1; /* the parity bit of the `2` */
    assert_int_equal(TALLY_F2F_DAMAGED, decode_bits(&bits, TALLY_F2F_TRACK_2, &read));
    assert_int_equal(0, read.len);
}

static void two_bits_lost_in_one_character_fail_the_check_character(void **state)
{
    (void)state;
    struct tally_f2f_text read;
    struct bits bits = a_track_2(";12=3?", lrc_of(";12=3?"));
    bits.bits[20 + 5 * 2] ^= 1;
    bits.bits[20 + 5 * 2 + 1] ^= 1;
    assert_int_equal(TALLY_F2F_DAMAGED, decode_bits(&bits, TALLY_F2F_TRACK_2, &read));
}

static void a_track_without_its_sentinels_or_with_one_too_many_is_damage(void **state)
{
    (void)state;
    struct tally_f2f_text read;
    struct bits open = a_track_2(";12=3", lrc_of(";12=3"));
    assert_int_equal(TALLY_F2F_DAMAGED, decode_bits(&open, TALLY_F2F_TRACK_2, &read));
    struct bits empty = a_track_2(";?", lrc_of(";?"));
    assert_int_equal(TALLY_F2F_DAMAGED, decode_bits(&empty, TALLY_F2F_TRACK_2, &read));
    struct bits no_start = a_track_2("12=3?", lrc_of("12=3?"));
    assert_int_equal(TALLY_F2F_DAMAGED, decode_bits(&no_start, TALLY_F2F_TRACK_2, &read));
    struct bits two_starts = a_track_2(";1;=3?", lrc_of(";1;=3?"));
    assert_int_equal(TALLY_F2F_DAMAGED, decode_bits(&two_starts, TALLY_F2F_TRACK_2, &read));
}

static void a_transition_between_the_places_where_one_can_be_is_damage(void **state)
{
    (void)state;
    static const uint32_t halves[][2] = {{500, 500}, {560, 440}, {300, 700}, {740, 260},
                                         {250, 750}, {280, 280}, {500, 750}};
    struct bits bits = a_track_2(";12=3?", lrc_of(";12=3?"));
    for (size_t h = 0; h < sizeof halves / sizeof halves[0]; h++) {
        struct tally_f2f f2f = {0};
        struct tally_f2f_text read;
        for (size_t i = 0; i < bits.count; i++) {
            tally_f2f_push(&f2f, !bits.bits[i] ? 1000 : i == 23 ? halves[h][0] : 500);
            if (bits.bits[i]) {
                tally_f2f_push(&f2f, i == 23 ? halves[h][1] : 500);
            }
        }
        assert_int_equal(1, bits.bits[23]);
        assert_true((h < 3) == (tally_f2f_decode(&f2f, TALLY_F2F_TRACK_2, &read) == TALLY_F2F_OK));
    }
}

static void a_bit_with_two_middles_is_damage(void **state)
{
    (void)state;
    struct bits bits = a_track_2(";12=3?", lrc_of(";12=3?"));
    for (uint32_t pulse = 0; pulse <= 480; pulse += 20) {
        struct tally_f2f f2f = {0};
        struct tally_f2f_text read;
        for (size_t i = 0; i < bits.count; i++) {
            tally_f2f_push(&f2f, bits.bits[i] ? 500 : 1000);
            if (bits.bits[i] && i == 23) {
                tally_f2f_push(&f2f, pulse);
            }
            if (bits.bits[i]) {
                tally_f2f_push(&f2f, i == 23 ? 500 - pulse : 500);
            }
        }
        assert_int_not_equal(TALLY_F2F_OK, tally_f2f_decode(&f2f, TALLY_F2F_TRACK_2, &read));
    }
}

/* What a slip in the middle leaves could, read backwards, begin with a sentinel: without clock in
 * front of it, it is none. */
static void a_start_sentinel_without_clock_in_front_is_not_believed(void **state)
{
    (void)state;
    struct tally_f2f_text read;
    struct bits forward = a_track_2(";12=3?", lrc_of(";12=3?"));
    struct bits backward = {0};
    add_zeros(&backward, 20);
    for (size_t i = forward.count - 20; i > 20; i--) {
        backward.bits[backward.count++] = forward.bits[i - 1];
    }
    assert_int_equal(TALLY_F2F_DAMAGED, decode_bits(&backward, TALLY_F2F_TRACK_2, &read));
    add_zeros(&backward, 10);
    assert_int_equal(TALLY_F2F_OK, decode_bits(&backward, TALLY_F2F_TRACK_2, &read));
    assert_true(is_text(&read, ";12=3?"));
}

/* An end sentinel and an LRC in the middle of data are a misread track, however right they look. */
static void data_behind_the_check_character_is_damage(void **state)
{
    (void)state;
    struct tally_f2f_text read;
    for (size_t zeros = 0; zeros < 10; zeros++) {
        struct bits bits = a_track_2(";12=3?", lrc_of(";12=3?"));
        bits.count -= 20;
        add_zeros(&bits, zeros);
        add_code(&bits, 1, 5, true);
        add_zeros(&bits, 20);
        assert_int_equal(zeros < 6 ? TALLY_F2F_DAMAGED : TALLY_F2F_OK,
                         decode_bits(&bits, TALLY_F2F_TRACK_2, &read));
    }
}

/* ---- a stripe that breaks off, and what comes behind it ---- */

static void push_bits(struct tally_f2f *f2f, const struct bits *bits, size_t from, size_t to,
                      uint32_t cell)
{
    for (size_t i = from; i < to; i++) {
        tally_f2f_push(f2f, bits->bits[i] ? cell / 2 : cell);
        if (bits->bits[i]) {
            tally_f2f_push(f2f, cell - cell / 2);
        }
    }
}

static void the_hand_that_comes_back_over_a_broken_track_is_read(void **state)
{
    (void)state;
    struct bits bits = a_track_2(";12=3?", lrc_of(";12=3?"));
    for (size_t broken_at = 20; broken_at < bits.count; broken_at++) {
        struct tally_f2f f2f = {0};
        struct tally_f2f_text read;
        push_bits(&f2f, &bits, 0, broken_at, 1000);
        tally_f2f_push(&f2f, 2500);
        push_bits(&f2f, &bits, broken_at, bits.count, 1000);
        bool is_behind = broken_at >= 20 + 5 * 7 + 6;
        bool is_in_front = broken_at == 20;
        bool is_ok = tally_f2f_decode(&f2f, TALLY_F2F_TRACK_2, &read) == TALLY_F2F_OK;
        assert_true(is_in_front || is_ok == is_behind);
        push_bits(&f2f, &bits, 0, bits.count, 700);
        assert_int_equal(TALLY_F2F_OK, tally_f2f_decode(&f2f, TALLY_F2F_TRACK_2, &read));
        assert_true(is_text(&read, ";12=3?"));
    }
}

/* `!` and ` ` on track 1 are twelve zeros within data: behind a break they are not the clock. */
static void zeros_within_broken_data_do_not_begin_a_track(void **state)
{
    (void)state;
    struct bits bits = a_track_2(";12=3?", lrc_of(";12=3?"));
    for (size_t zeros = 9; zeros <= 20; zeros++) {
        struct tally_f2f f2f = {0};
        struct tally_f2f_text read;
        push_bits(&f2f, &bits, 0, 36, 1000);
        tally_f2f_push(&f2f, 2500);
        push_bits(&f2f, &bits, 20 - zeros, bits.count, 1000);
        assert_int_equal(zeros < 16 ? TALLY_F2F_DAMAGED : TALLY_F2F_OK,
                         tally_f2f_decode(&f2f, TALLY_F2F_TRACK_2, &read));
    }
}

/* The head lands with anything, and with a hand that has not found its speed. */
static void noise_in_front_of_the_clock_costs_nothing(void **state)
{
    (void)state;
    static const uint32_t landings[][6] = {
        {38, 154, 188, 0, 0, 0},
        {500, 500, 500, 500, 1000, 3000},
        {500, 500, 20, 900, 0, 1},
        {1000, 500, 500, 1000, 250, 0},
        {UINT32_MAX, 1, 1, 1, 1, 1},
        {1220, 1200, 1230, 1220, 1150, 1050},
        {1216, 2367, 2002, 1602, 1279, 1031}, /* one glides into the clock */
    };
    struct bits bits = a_track_2(";12=3?", lrc_of(";12=3?"));
    for (size_t l = 0; l < sizeof landings / sizeof landings[0]; l++) {
        struct tally_f2f f2f = {0};
        struct tally_f2f_text read;
        for (size_t i = 0; i < 6; i++) {
            tally_f2f_push(&f2f, landings[l][i]);
        }
        push_bits(&f2f, &bits, 8, bits.count, 1000); /* 12 clock bits must do */
        assert_int_equal(TALLY_F2F_OK, tally_f2f_decode(&f2f, TALLY_F2F_TRACK_2, &read));
        assert_true(is_text(&read, ";12=3?"));
    }
}

/* Landing noise that looks like clock and a bit or two does not count as a track that broke off:
 * the little clock that is left must do. */
static void a_few_bits_of_noise_are_no_broken_track(void **state)
{
    (void)state;
    struct bits noise = {0}, bits = a_track_2(";12=3?", lrc_of(";12=3?"));
    struct tally_f2f f2f = {0};
    struct tally_f2f_text read;
    add_zeros(&noise, 12);
    add_code(&noise, 3, 3, true);
    push_bits(&f2f, &noise, 0, noise.count, 600);
    push_bits(&f2f, &bits, 8, bits.count, 1000);
    assert_int_equal(TALLY_F2F_OK, tally_f2f_decode(&f2f, TALLY_F2F_TRACK_2, &read));
    assert_true(is_text(&read, ";12=3?"));
}

static void a_track_longer_than_the_standard_is_damage(void **state)
{
    (void)state;
    struct tally_f2f_text read;
    const char *most = ";0123456789012345678901234567890123456?";
    const char *more = ";01234567890123456789012345678901234567?";
    struct bits bits = a_track_2(most, lrc_of(most));
    assert_int_equal(TALLY_F2F_OK, decode_bits(&bits, TALLY_F2F_TRACK_2, &read));
    bits = a_track_2(more, lrc_of(more));
    assert_int_equal(TALLY_F2F_DAMAGED, decode_bits(&bits, TALLY_F2F_TRACK_2, &read));
    assert_int_equal(TALLY_F2F_OK, decode_bits(&bits, TALLY_F2F_TRACK_3, &read));
}

static void silence_and_a_blank_stripe_are_no_data(void **state)
{
    (void)state;
    struct tally_f2f_text read;
    struct bits blank = {0};
    assert_int_equal(TALLY_F2F_NO_DATA, decode_bits(&blank, TALLY_F2F_TRACK_2, &read));
    add_zeros(&blank, 1500);
    assert_int_equal(TALLY_F2F_NO_DATA, decode_bits(&blank, TALLY_F2F_TRACK_2, &read));
    assert_int_equal(TALLY_F2F_NO_DATA, decode_bits(&blank, TALLY_F2F_TRACK_1, &read));
}

static void a_stripe_longer_than_the_buffer_is_cut_not_overrun(void **state)
{
    (void)state;
    struct tally_f2f_text read;
    struct bits ones = {0};
    add_zeros(&ones, 20);
    while (ones.count < sizeof ones.bits) {
        ones.bits[ones.count++] = 1;
    }
    assert_int_equal(TALLY_F2F_DAMAGED, decode_bits(&ones, TALLY_F2F_TRACK_1, &read));
}

static void any_interval_is_safe(void **state)
{
    (void)state;
    static const uint32_t strange[] = {0, 1, 2, 3, 0x00ffffff, 0x01000000, 0x7fffffff, UINT32_MAX};
    struct tally_f2f f2f = {0};
    struct tally_f2f_text read;
    uint64_t random = 1;
    for (int i = 0; i < 200000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint32_t pick = (uint32_t)(random >> 33);
        tally_f2f_push(&f2f, i % 300 < 20 ? strange[(i / 300) % 8] : strange[pick % 8]);
        if (i % 1000 == 0) {
            assert_int_not_equal(TALLY_F2F_OK, tally_f2f_decode(&f2f, pick % 3, &read));
            tally_f2f_reset(&f2f);
        }
    }
}

static void the_encoder_refuses_what_a_track_cannot_carry(void **state)
{
    (void)state;
    static struct tally_swipe_flux flux;
    const struct tally_swipe_hand hand = {.seed = 1};
    assert_false(tally_swipe_flux(&hand, 2, ";12A?", &flux));
    assert_false(tally_swipe_flux(&hand, 2, ";1;2?", &flux));
    assert_false(tally_swipe_flux(&hand, 2, ";?", &flux));
    assert_false(tally_swipe_flux(&hand, 2, "", &flux));
    assert_false(tally_swipe_flux(&hand, 1, "%lower?", &flux));
    assert_false(tally_swipe_flux(&hand, 2, ";01234567890123456789012345678901234567?", &flux));
    assert_int_equal(0, flux.count);
}

/* ---- one real card; its file is not ours to keep ---- */

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* u32 count, then count times {u32 flag, f32 time of the transition}. */
static void a_real_supermarket_card_reads_as_its_owner_says(void **state)
{
    (void)state;
    static uint8_t file[4096];
    FILE *in = fopen(SHARED_VECTORS "/magstripe/safeway-card.MAG", "rb");
    if (in == NULL) {
        print_message("the real capture is not on this machine: skipped\n");
        skip();
    }
    size_t len = fread(file, 1, sizeof file, in);
    fclose(in);
    assert_true(len >= 4 && len == 4 + 8 * (size_t)le32(file));
    for (int reverse = 0; reverse <= 1; reverse++) {
        struct tally_f2f f2f = {0};
        struct tally_f2f_text read;
        uint32_t count = le32(file);
        for (uint32_t i = 1; i < count; i++) {
            uint32_t at = reverse ? count - i : i;
            float before, after;
            uint32_t before_bits = le32(file + 4 + 8 * (at - 1) + 4);
            uint32_t after_bits = le32(file + 4 + 8 * at + 4);
            memcpy(&before, &before_bits, sizeof before);
            memcpy(&after, &after_bits, sizeof after);
            tally_f2f_push(&f2f, (uint32_t)((after - before) * 1000.0f));
        }
        assert_int_equal(TALLY_F2F_OK, tally_f2f_decode(&f2f, TALLY_F2F_TRACK_2, &read));
        assert_true(is_text(&read, ";60058541029558180=9904?"));
        assert_int_equal('<', read.lrc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_track_reads_back_in_both_directions_at_any_hand),
        cmocka_unit_test(the_longest_tracks_read_back),
        cmocka_unit_test(the_slowest_and_the_fastest_hand_are_read),
        cmocka_unit_test(a_scratched_stripe_is_damaged_and_never_another_number),
        cmocka_unit_test(one_lost_or_extra_transition_never_makes_another_number),
        cmocka_unit_test(two_damages_anywhere_never_make_another_number),
        cmocka_unit_test(the_check_character_counts_the_start_sentinel),
        cmocka_unit_test(even_parity_in_one_character_is_damage),
        cmocka_unit_test(two_bits_lost_in_one_character_fail_the_check_character),
        cmocka_unit_test(a_track_without_its_sentinels_or_with_one_too_many_is_damage),
        cmocka_unit_test(a_transition_between_the_places_where_one_can_be_is_damage),
        cmocka_unit_test(a_bit_with_two_middles_is_damage),
        cmocka_unit_test(a_start_sentinel_without_clock_in_front_is_not_believed),
        cmocka_unit_test(data_behind_the_check_character_is_damage),
        cmocka_unit_test(the_hand_that_comes_back_over_a_broken_track_is_read),
        cmocka_unit_test(zeros_within_broken_data_do_not_begin_a_track),
        cmocka_unit_test(noise_in_front_of_the_clock_costs_nothing),
        cmocka_unit_test(a_few_bits_of_noise_are_no_broken_track),
        cmocka_unit_test(a_track_longer_than_the_standard_is_damage),
        cmocka_unit_test(silence_and_a_blank_stripe_are_no_data),
        cmocka_unit_test(a_stripe_longer_than_the_buffer_is_cut_not_overrun),
        cmocka_unit_test(any_interval_is_safe),
        cmocka_unit_test(the_encoder_refuses_what_a_track_cannot_carry),
        cmocka_unit_test(a_real_supermarket_card_reads_as_its_owner_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
