/* SPDX-License-Identifier: Apache-2.0 */
/* The noise of tools/swipe and the F2F decoder against five real swipes of a supermarket's card.
 * The capture is not ours to keep: without it these tests are skipped.
 *
 * It is a text of usbmon that shows the first 32 bytes of each 64, so of 32 transitions 15 or 16:
 * "RD ", u16be count, then count times {u8 time since the last transition, u8 levels}. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/core/f2f.h"
#include "tools/swipe/swipe.h"

enum {
    SWIPES = 5,
    PIECES_MAX = 16,
    PIECE_MAX = 16,
    TRANSITIONS_MAX = 512,
    UNKNOWNS = 5, /* of fit() */
    MODEL_SWIPES = 400,
    NO_TRANSITION = 255
};
static const char card[] = ";60058541029558180=9904?";

struct piece {
    int from; /* index of its first interval in the swipe */
    int count;
    double times[PIECE_MAX];
};
struct capture {
    int count;
    struct piece pieces[PIECES_MAX];
};

/* ---- reading the capture ---- */

static int hex_bytes(const char *text, uint8_t bytes[32])
{
    int count = 0;
    unsigned byte = 0;
    for (; count < 32; count++) {
        text += *text == ' ';
        if (sscanf(text, "%2x", &byte) != 1) {
            break;
        }
        bytes[count] = (uint8_t)byte;
        text += 2;
    }
    return count;
}

/* A swipe ends with times at their maximum: silence. */
static void add_piece(struct capture *capture, int from, const uint8_t *bytes, int len)
{
    struct piece *piece = &capture->pieces[capture->count];
    *piece = (struct piece){.from = from};
    while (len >= 2 && piece->count < PIECE_MAX && bytes[0] != NO_TRANSITION) {
        piece->times[piece->count++] = bytes[0];
        bytes += 2;
        len -= 2;
    }
    capture->count += piece->count > 0;
}

static void read_captures(struct capture captures[SWIPES])
{
    char line[512];
    int swipe = -1, at = 0, end = 0;
    FILE *in = fopen(SHARED_VECTORS "/magstripe/makstripe-000-usbmon-safeway-swipes.txt", "r");
    if (in == NULL) {
        print_message("the real captures are not on this machine: skipped\n");
        skip();
    }
    memset(captures, 0, SWIPES * sizeof captures[0]);
    while (fgets(line, sizeof line, in) != NULL) {
        const char *hex = strstr(line, " = ");
        const char *len = strstr(line, " C Bi:5:009:1 0 ");
        uint8_t bytes[32];
        if (hex == NULL || len == NULL) {
            continue;
        }
        int shown = hex_bytes(hex + 3, bytes), skipped = at % 2;
        if (shown >= 5 && memcmp(bytes, "RD ", 3) == 0) {
            assert_true(++swipe < SWIPES);
            end = 2 * (bytes[3] * 256 + bytes[4]);
            at = -5;
            skipped = 5;
        }
        if (swipe >= 0 && at < end && captures[swipe].count < PIECES_MAX) {
            add_piece(&captures[swipe], (at + skipped) / 2, bytes + skipped, shown - skipped);
            at += atoi(len + strlen(" C Bi:5:009:1 0 "));
        }
    }
    fclose(in);
    assert_int_equal(SWIPES - 1, swipe);
}

/* ---- how noisy a piece is ---- */

struct noise {
    double cell;      /* at the middle */
    double asymmetry; /* of a cell: what every second transition is shifted */
    double squares;   /* of a cell, squared: sum of what is left of each transition */
    int freedoms;     /* transitions less unknowns */
};

/* Places of the transitions in cells, from 0. The longest of eleven is no half: `?` has ten. */
static void place(const struct piece *piece, double places[PIECE_MAX + 1])
{
    double cell = 0;
    for (int i = 0; i < piece->count && i < 11; i++) {
        cell = fmax(cell, piece->times[i]);
    }
    places[0] = 0;
    for (int i = 0; i < piece->count; i++) {
        bool is_half = piece->times[i] < 0.75 * cell;
        places[i + 1] = places[i] + (is_half ? 0.5 : 1);
        cell = 0.5 * cell + 0.5 * piece->times[i] * (is_half ? 2 : 1);
    }
}

static void solve(double rows[UNKNOWNS][UNKNOWNS + 1], double result[UNKNOWNS])
{
    for (int i = 0; i < UNKNOWNS; i++) { /* normal equations: no pivoting needed */
        for (int row = 0; row < UNKNOWNS; row++) {
            double factor = row == i ? 0 : rows[row][i] / rows[i][i];
            for (int column = i; column <= UNKNOWNS; column++) {
                rows[row][column] -= factor * rows[i][column];
            }
        }
    }
    for (int i = 0; i < UNKNOWNS; i++) {
        result[i] = rows[i][UNKNOWNS] / rows[i][i];
    }
}

/* Least squares: the time of a transition is a cubic of its place (the hand) and a shift of every
 * second one (the polarity); what is left is jitter. */
static struct noise fit(const struct piece *piece)
{
    double places[PIECE_MAX + 1], rows[UNKNOWNS][UNKNOWNS + 1] = {{0}}, result[UNKNOWNS];
    double terms[PIECE_MAX + 1][UNKNOWNS], times[PIECE_MAX + 1] = {0};
    place(piece, places);
    double middle = places[piece->count] / 2;
    for (int i = 0; i <= piece->count; i++) {
        double x = places[i] / middle - 1;
        memcpy(terms[i], (double[]){1, x, x * x, x * x * x, i % 2 == 0 ? 0.5 : -0.5},
               sizeof terms[i]);
        times[i] = i == 0 ? 0 : times[i - 1] + piece->times[i - 1];
        for (int a = 0; a < UNKNOWNS; a++) {
            for (int b = 0; b < UNKNOWNS; b++) {
                rows[a][b] += terms[i][a] * terms[i][b];
            }
            rows[a][UNKNOWNS] += terms[i][a] * times[i];
        }
    }
    solve(rows, result);
    struct noise noise = {.cell = result[1] / middle, .freedoms = piece->count + 1 - UNKNOWNS};
    noise.asymmetry = result[4] / noise.cell;
    for (int i = 0; i <= piece->count; i++) {
        double rest = times[i];
        for (int a = 0; a < UNKNOWNS; a++) {
            rest -= result[a] * terms[i][a];
        }
        noise.squares += rest * rest / (noise.cell * noise.cell);
    }
    return noise;
}

struct statistics {
    double squares;
    int freedoms;
    double shifts; /* sum of asymmetry squared */
    int pieces;
    double jitter_max;            /* of one piece */
    double cell_least, cell_most; /* of one swipe, reset by the caller */
};

static void add_noise(struct statistics *all, const struct noise *noise)
{
    all->squares += noise->squares;
    all->freedoms += noise->freedoms;
    all->shifts += noise->asymmetry * noise->asymmetry;
    all->pieces++;
    all->jitter_max = fmax(all->jitter_max, sqrt(noise->squares / noise->freedoms));
    all->cell_least = all->cell_least == 0 ? noise->cell : fmin(all->cell_least, noise->cell);
    all->cell_most = fmax(all->cell_most, noise->cell);
}

static double jitter(const struct statistics *all)
{
    return sqrt(all->squares / all->freedoms);
}

static double asymmetry(const struct statistics *all)
{
    return sqrt(all->shifts / all->pieces);
}

static void print_statistics(const char *whose, const struct statistics *all, double ratio)
{
    print_message("%s: jitter %.4f, worst piece %.4f, asymmetry %.4f, speed x%.2f\n", whose,
                  jitter(all), all->jitter_max, asymmetry(all), ratio);
}

static struct statistics measure_model(enum tally_swipe_wear wear, double *ret_ratio)
{
    struct statistics all = {0};
    static struct tally_swipe_flux flux;
    *ret_ratio = 1;
    for (uint64_t seed = 0; seed < MODEL_SWIPES; seed++) {
        const struct tally_swipe_hand hand = {.seed = seed, .speed_cms = 30, .wear = wear};
        assert_true(tally_swipe_flux(&hand, 2, card, &flux));
        all.cell_least = all.cell_most = 0;
        for (size_t from = 16; from + 32 < flux.count; from += 32) {
            struct piece piece = {.count = 15};
            for (int i = 0; i < piece.count; i++) {
                piece.times[i] = flux.intervals[from + (size_t)i];
            }
            struct noise noise = fit(&piece);
            add_noise(&all, &noise);
        }
        *ret_ratio = fmax(*ret_ratio, all.cell_most / all.cell_least);
    }
    return all;
}

static void the_captured_wear_is_as_noisy_as_the_real_captures(void **state)
{
    (void)state;
    static struct capture captures[SWIPES];
    struct statistics real = {0};
    double real_ratio = 1, model_ratio = 1;
    read_captures(captures);
    for (int swipe = 0; swipe < SWIPES; swipe++) {
        real.cell_least = real.cell_most = 0;
        for (int i = 1; i < captures[swipe].count; i++) { /* the first is the head landing */
            if (captures[swipe].pieces[i].count >= 12) {
                struct noise noise = fit(&captures[swipe].pieces[i]);
                add_noise(&real, &noise);
            }
        }
        real_ratio = fmax(real_ratio, real.cell_most / real.cell_least);
    }
    struct statistics model = measure_model(TALLY_SWIPE_CAPTURED, &model_ratio);
    print_statistics("captures", &real, real_ratio);
    print_statistics("model", &model, model_ratio);
    assert_true(real.freedoms > 300);
    assert_true(jitter(&model) >= jitter(&real));
    assert_true(model.jitter_max >= real.jitter_max);
    assert_true(asymmetry(&model) >= asymmetry(&real));
    assert_true(model_ratio >= real_ratio);
}

/* ---- the swipes themselves, with what the capture does not show filled in ---- */

struct stripe {
    int count;
    double cells[TRANSITIONS_MAX]; /* 0.5 or 1 */
};

static void add_bits(struct stripe *stripe, int code, int width)
{
    int ones = 0;
    for (int i = 0; i < width; i++) {
        int bit = i < 4 ? (code >> i) & 1 : ones % 2 == 0 && width == 5;
        ones += bit;
        for (int half = 0; half <= bit; half++) {
            stripe->cells[stripe->count++] = bit ? 0.5 : 1;
        }
    }
}

static struct stripe the_card(void)
{
    struct stripe stripe = {0};
    int lrc = 0;
    for (int i = 0; i < 30; i++) {
        add_bits(&stripe, 0, 1);
    }
    for (const char *at = card; *at != '\0'; at++) {
        lrc ^= *at - '0';
        add_bits(&stripe, *at - '0', 5);
    }
    add_bits(&stripe, lrc, 5);
    while (stripe.count < 400) {
        add_bits(&stripe, 0, 1);
    }
    return stripe;
}

static double cell_of(const struct piece *piece, const struct stripe *stripe, int shift, int i)
{
    return piece->times[i] / stripe->cells[piece->from + i + shift];
}

/* Half or whole as the card says, at the place where the stripe is shifted to. Pieces after the
 * head has landed only. */
static bool fits(const struct capture *capture, const struct stripe *stripe, int shift)
{
    for (int p = 1; p < capture->count; p++) {
        const struct piece *piece = &capture->pieces[p];
        double before = cell_of(piece, stripe, shift, 0);
        for (int i = 1; i < piece->count; i++) {
            double now = cell_of(piece, stripe, shift, i);
            if (now > before * 1.4 || now < before / 1.4) {
                return false;
            }
            before = now;
        }
    }
    return true;
}

/* Two transitions of both polarities and more, so that asymmetry does not count. */
static double mean_cell(const struct piece *piece, const struct stripe *stripe, int shift, int from)
{
    double time = 0, cells = 0;
    for (int i = from; i < from + 6; i++) {
        time += piece->times[i];
        cells += stripe->cells[piece->from + i + shift];
    }
    return time / cells;
}

static void push_real(struct tally_f2f *f2f, const struct piece *piece)
{
    for (int i = 0; i < piece->count; i++) {
        tally_f2f_push(f2f, (uint32_t)piece->times[i] * 16);
    }
}

/* Between two pieces the speed is taken to change evenly. */
static void push_between(struct tally_f2f *f2f, const struct piece *a, const struct piece *b,
                         const struct stripe *stripe, int shift)
{
    double first = mean_cell(a, stripe, shift, a->count - 6);
    double last = mean_cell(b, stripe, shift, 0);
    int from = a->from + a->count;
    for (int i = from; i < b->from; i++) {
        double part = (double)(i - from + 1) / (b->from - from + 1);
        double cell = first + (last - first) * part;
        tally_f2f_push(f2f, (uint32_t)(stripe->cells[i + shift] * cell * 16));
    }
}

static void the_five_real_swipes_read_as_their_owner_says(void **state)
{
    (void)state;
    static struct capture captures[SWIPES];
    struct stripe stripe = the_card();
    read_captures(captures);
    for (int swipe = 0; swipe < SWIPES; swipe++) {
        const struct capture *capture = &captures[swipe];
        struct tally_f2f f2f = {0};
        struct tally_f2f_text read;
        int shift = -20;
        while (shift < 30 && !fits(capture, &stripe, shift)) {
            shift++;
        }
        assert_true(shift < 30);
        for (int p = 0; p + 1 < capture->count; p++) {
            push_real(&f2f, &capture->pieces[p]);
            push_between(&f2f, &capture->pieces[p], &capture->pieces[p + 1], &stripe, shift);
        }
        push_real(&f2f, &capture->pieces[capture->count - 1]);
        assert_int_equal(TALLY_F2F_OK, tally_f2f_decode(&f2f, TALLY_F2F_TRACK_2, &read));
        assert_int_equal(strlen(card), read.len);
        assert_memory_equal(card, read.text, read.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_captured_wear_is_as_noisy_as_the_real_captures),
        cmocka_unit_test(the_five_real_swipes_read_as_their_owner_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
