/* SPDX-License-Identifier: Apache-2.0 */
/* Encodes a stripe and moves it past a head. */
#include "tools/swipe/swipe.h"

#include <assert.h>
#include <string.h>

enum {
    STRIPE_NM = 85600000,                       /* an ID-1 card from edge to edge */
    FIRST_BIT_NM = 7440000,                     /* start sentinel from the edge, ISO/IEC 7811 */
    CELLS_MAX = 720,                            /* 210 bpi over the whole card */
    EDGES_MAX = TALLY_SWIPE_INTERVALS_MAX - 20, /* the rest is for the garbage at both ends */
    NM_PER_CM = 10000000,
    SPEED_UNIT = 4096, /* fixed point of speed factors */
    SCRATCH_CELLS_MIN = 30,
    LATE_NM_MAX = 2500000 /* of the stripe that the head does not see at either end */
};

struct layout {
    uint32_t cell_nm;
    int bits;  /* per character, with parity */
    char base; /* ASCII of code 0 */
    char start;
    char end;
    int len_max; /* with sentinels, without LRC */
};
static const struct layout layouts[TALLY_SWIPE_TRACKS] = {
    {120952, 7, 0x20, '%', '?', 78},
    {338667, 5, 0x30, ';', '?', 39},
    {120952, 5, 0x30, ';', '?', 106},
};

/* README.md says where these come from. */
static const struct tally_swipe_noise noises[TALLY_SWIPE_WEARS] = {
    [TALLY_SWIPE_CLEAN] = {"clean", 5, 10, 0, 0, 0},
    [TALLY_SWIPE_CAPTURED] = {"captured", 20, 40, 0, 0, 0},
    [TALLY_SWIPE_WORN] = {"worn", 40, 60, 100, 100, 10},
    [TALLY_SWIPE_TERRIBLE] = {"terrible", 70, 100, 3000, 3000, 10},
};

struct stripe {
    int count;
    int data_from; /* cells of the start sentinel to the LRC */
    int data_to;
    uint8_t cells[CELLS_MAX];
};

struct edges {
    int count;
    int64_t at_nm[EDGES_MAX];
};

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Uniform enough for a hand: least..most, both possible. */
static int64_t draw_between(uint64_t *state, int64_t least, int64_t most)
{
    return least + (int64_t)(draw(state) % (uint64_t)(most - least + 1));
}

/* ---- the stripe ---- */

static void put_character(struct stripe *stripe, const struct layout *layout, int code)
{
    int ones = 0;
    for (int bit = 0; bit < layout->bits - 1; bit++) {
        uint8_t cell = (uint8_t)((code >> bit) & 1);
        ones += cell;
        stripe->cells[stripe->count++] = cell;
    }
    stripe->cells[stripe->count++] = ones % 2 == 0;
}

/* `text` between its sentinels, if it brought them. */
static bool find_data(const struct layout *layout, const char *text, const char **ret_data,
                      size_t *ret_len)
{
    size_t len = strlen(text);
    bool has_start = len > 0 && text[0] == layout->start;
    bool has_end = len > (size_t)has_start && text[len - 1] == layout->end;
    const char *data = text + has_start;
    size_t data_len = len - has_start - has_end;
    if (data_len == 0 || data_len > (size_t)layout->len_max - 2) {
        return false;
    }
    for (size_t i = 0; i < data_len; i++) {
        int code = data[i] - layout->base;
        if (code < 0 || code >= 1 << (layout->bits - 1) || data[i] == layout->end ||
            data[i] == layout->start) {
            return false;
        }
    }
    *ret_data = data;
    *ret_len = data_len;
    return true;
}

static bool write_stripe(const struct layout *layout, const char *text, struct stripe *stripe)
{
    const char *data = NULL;
    size_t len = 0;
    if (!find_data(layout, text, &data, &len)) {
        return false;
    }
    memset(stripe, 0, sizeof *stripe);
    int cells = (int)(STRIPE_NM / layout->cell_nm);
    stripe->data_from = (int)(FIRST_BIT_NM / layout->cell_nm);
    stripe->count = stripe->data_from;
    int lrc = (layout->start - layout->base) ^ (layout->end - layout->base);
    put_character(stripe, layout, layout->start - layout->base);
    for (size_t i = 0; i < len; i++) {
        put_character(stripe, layout, data[i] - layout->base);
        lrc ^= data[i] - layout->base;
    }
    put_character(stripe, layout, layout->end - layout->base);
    put_character(stripe, layout, lrc);
    stripe->data_to = stripe->count;
    stripe->count = cells;
    assert(stripe->data_to < cells && cells <= CELLS_MAX);
    return true;
}

/* ---- flux ---- */

static void add_edge(struct edges *edges, int64_t at_nm)
{
    assert(edges->count < EDGES_MAX);
    edges->at_nm[edges->count++] = at_nm;
}

/* Eight dice are a bell: a standard deviation of 209 around 0, never beyond 1020. */
static int64_t draw_bell(uint64_t *state)
{
    int64_t sum = 0;
    for (uint64_t dice = draw(state); dice != 0; dice >>= 8) {
        sum += (int64_t)(dice & 0xff);
    }
    return sum - 1020;
}

/* Where the transitions lie: every second one is off by the asymmetry, each one by its own
 * jitter. */
static void magnetise(const struct stripe *stripe, const struct layout *layout,
                      const struct tally_swipe_noise *noise, uint64_t *random, struct edges *edges)
{
    int64_t cell = layout->cell_nm;
    int64_t most = cell * noise->asymmetry_permille / 1000;
    int64_t asymmetry = draw_between(random, -most, most);
    int64_t jitter = cell * noise->jitter_permille / 1000;
    edges->count = 0;
    for (int i = 0; i < stripe->count; i++) {
        for (int half = 0; half <= stripe->cells[i]; half++) {
            int64_t at = cell * i + cell / 2 * half;
            int64_t shift = edges->count % 2 == 0 ? asymmetry : 0;
            add_edge(edges, at + shift + jitter * draw_bell(random) / 209);
        }
    }
}

static bool happens(uint32_t ppm, uint32_t dice)
{
    return dice < (uint64_t)ppm * UINT32_MAX / 1000000;
}

static bool is_lone(const struct tally_swipe_noise *noise, uint64_t *random)
{
    return draw(random) % 100 < noise->lone_percent;
}

/* One or two transitions between two that are there. */
static void add_pulse(struct edges *edges, int64_t from_nm, int64_t to_nm, int count,
                      uint64_t *random)
{
    while (count-- > 0) {
        int64_t at = draw_between(random, from_nm, to_nm > from_nm ? to_nm : from_nm);
        add_edge(edges, at);
        from_nm = at;
    }
}

/* Pulses that are missing, one in four followed by another one, and pulses that nobody wrote. */
static void wear_out(const struct tally_swipe_noise *noise, uint64_t *random, struct edges *edges)
{
    struct edges whole = *edges;
    int lost = 0;
    edges->count = 0;
    for (int i = 0; i < whole.count; i++) {
        uint64_t dice = draw(random);
        if (lost == 0 && happens(noise->lost_ppm, (uint32_t)dice)) {
            lost = is_lone(noise, random) ? 1 : draw(random) % 4 == 0 ? 4 : 2;
        }
        if (lost > 0) {
            lost--;
            continue;
        }
        add_edge(edges, whole.at_nm[i]);
        bool has_room = edges->count + (whole.count - i) + 2 <= EDGES_MAX;
        if (i + 1 < whole.count && has_room && happens(noise->extra_ppm, (uint32_t)(dice >> 32))) {
            add_pulse(edges, whole.at_nm[i], whole.at_nm[i + 1], is_lone(noise, random) ? 1 : 2,
                      random);
        }
    }
}

static void remove_edges(struct edges *edges, int64_t from_nm, int64_t to_nm, int keep_percent,
                         uint64_t *random)
{
    int kept = 0;
    for (int i = 0; i < edges->count; i++) {
        int64_t at = edges->at_nm[i];
        bool is_hit = at >= from_nm && at < to_nm;
        if (!is_hit || draw_between(random, 0, 99) < keep_percent) {
            edges->at_nm[kept++] = at;
        }
    }
    edges->count = kept;
}

/* The head is not yet on the stripe, and leaves it early. */
static void cut_ends(struct edges *edges, uint64_t *random)
{
    int64_t from = draw_between(random, 0, LATE_NM_MAX);
    int64_t to = STRIPE_NM - draw_between(random, 0, LATE_NM_MAX);
    remove_edges(edges, INT64_MIN, from, 0, random);
    remove_edges(edges, to, INT64_MAX, 0, random);
}

/* Noise in the place of a removed piece, as many transitions as it had at most. */
static void add_noise(struct edges *edges, int64_t from_nm, int64_t to_nm, int count,
                      uint64_t *random)
{
    for (int i = 0; i < count; i++) {
        int64_t at = draw_between(random, from_nm, to_nm - 1);
        int slot = edges->count++;
        while (slot > 0 && edges->at_nm[slot - 1] > at) {
            edges->at_nm[slot] = edges->at_nm[slot - 1];
            slot--;
        }
        edges->at_nm[slot] = at;
    }
}

/* A scratch: the signal is gone, or half of it, or what comes is noise. */
static void scratch(const struct stripe *stripe, const struct layout *layout, uint64_t *random,
                    struct edges *edges)
{
    int data = stripe->data_to - stripe->data_from;
    int least = data / 5 > SCRATCH_CELLS_MIN ? data / 5 : SCRATCH_CELLS_MIN;
    if (least > data) {
        least = data;
    }
    int width = (int)draw_between(random, least, data);
    int from = stripe->data_from + (int)draw_between(random, 0, data - width);
    int64_t from_nm = (int64_t)layout->cell_nm * from;
    int64_t to_nm = from_nm + (int64_t)layout->cell_nm * width;
    int kind = (int)draw_between(random, 0, 2);
    int before = edges->count;
    remove_edges(edges, from_nm, to_nm, kind == 0 ? 50 : 0, random);
    if (kind == 1) {
        add_noise(edges, from_nm, to_nm, before - edges->count, random);
    }
}

/* ---- the hand ---- */

/* Speed over the way: from 1 to `last` times, bent by `bend`; smooth, so without corners. */
struct profile {
    int64_t speed_nm_s;
    int64_t last; /* in SPEED_UNITs, 1/3 .. 3 */
    int64_t bend; /* in SPEED_UNITs, -0.2 .. 0.2 of the speed in the middle */
};

static struct profile choose_profile(const struct tally_swipe_hand *hand, uint64_t *random)
{
    int64_t speed = draw_between(random, TALLY_SWIPE_SPEED_MIN, TALLY_SWIPE_SPEED_MAX);
    if (hand->speed_cms != 0) {
        speed = hand->speed_cms;
    }
    int64_t last = draw_between(random, SPEED_UNIT, SPEED_UNIT * 3);
    if (draw(random) % 2 == 0) {
        last = (int64_t)SPEED_UNIT * SPEED_UNIT / last;
    }
    int64_t end = speed * last / SPEED_UNIT; /* a hand stays a hand at the end as well */
    if (end > TALLY_SWIPE_SPEED_MAX) {
        last = (int64_t)SPEED_UNIT * TALLY_SWIPE_SPEED_MAX / speed;
    } else if (end < TALLY_SWIPE_SPEED_MIN) {
        last = (int64_t)SPEED_UNIT * TALLY_SWIPE_SPEED_MIN / speed;
    }
    return (struct profile){speed * NM_PER_CM, last,
                            draw_between(random, -SPEED_UNIT / 5, SPEED_UNIT / 5)};
}

static int64_t speed_at(const struct profile *profile, int64_t way_nm)
{
    int64_t part = way_nm * SPEED_UNIT / STRIPE_NM; /* 0 .. SPEED_UNIT */
    int64_t hill = 4 * part * (SPEED_UNIT - part) / SPEED_UNIT;
    int64_t factor = SPEED_UNIT + (profile->last - SPEED_UNIT) * part / SPEED_UNIT;
    factor += factor * profile->bend / SPEED_UNIT * hill / SPEED_UNIT;
    return profile->speed_nm_s / SPEED_UNIT * factor;
}

static void add_interval(struct tally_swipe_flux *flux, int64_t interval_us)
{
    assert(flux->count < TALLY_SWIPE_INTERVALS_MAX);
    flux->intervals[flux->count++] = interval_us < 1 ? 1 : (uint32_t)interval_us;
}

static void add_garbage(struct tally_swipe_flux *flux, int64_t typical_us, int count_max,
                        uint64_t *random)
{
    for (int64_t count = draw_between(random, 0, count_max); count > 0; count--) {
        add_interval(flux, draw_between(random, typical_us / 3, typical_us * 3));
    }
}

/* Times are summed in nanoseconds and rounded at each edge, so rounding does not drift. */
static void pass_by(const struct edges *edges, const struct profile *profile, bool is_reverse,
                    struct tally_swipe_flux *flux)
{
    int64_t now_ns = 0, before_us = 0;
    for (int i = 1; i < edges->count; i++) {
        int a = is_reverse ? edges->count - i : i - 1;
        int b = is_reverse ? a - 1 : i;
        int64_t from = is_reverse ? STRIPE_NM - edges->at_nm[a] : edges->at_nm[a];
        int64_t step =
            is_reverse ? edges->at_nm[a] - edges->at_nm[b] : edges->at_nm[b] - edges->at_nm[a];
        now_ns += (step < 0 ? 0 : step) * 1000000000 / speed_at(profile, from < 0 ? 0 : from);
        int64_t now_us = (now_ns + 500) / 1000;
        add_interval(flux, now_us - before_us);
        before_us = now_us;
    }
}

const struct tally_swipe_noise *tally_swipe_noise(enum tally_swipe_wear wear)
{
    assert(wear >= 0 && wear < TALLY_SWIPE_WEARS);
    return &noises[wear];
}

bool tally_swipe_flux(const struct tally_swipe_hand *hand, int track, const char *text,
                      struct tally_swipe_flux *ret_flux)
{
    assert(track >= 1 && track <= TALLY_SWIPE_TRACKS);
    const struct layout *layout = &layouts[track - 1];
    const struct tally_swipe_noise *noise = tally_swipe_noise(hand->wear);
    struct stripe stripe;
    struct edges edges;
    if (!write_stripe(layout, text, &stripe)) {
        return false;
    }
    uint64_t hand_random = hand->seed, track_random = hand->seed ^ ((uint64_t)track << 56);
    (void)draw(&track_random);
    struct profile profile = choose_profile(hand, &hand_random);
    magnetise(&stripe, layout, noise, &track_random, &edges);
    if (noise->lost_ppm > 0 || noise->extra_ppm > 0) {
        wear_out(noise, &track_random, &edges);
    }
    if (hand->is_damaged) {
        scratch(&stripe, layout, &track_random, &edges);
    }
    cut_ends(&edges, &track_random);
    int64_t typical_us = (int64_t)layout->cell_nm * 1000000 / profile.speed_nm_s;
    ret_flux->count = 0;
    add_garbage(ret_flux, typical_us, 5, &track_random);
    pass_by(&edges, &profile, hand->is_reverse, ret_flux);
    add_garbage(ret_flux, typical_us * SPEED_UNIT / profile.last, 3, &track_random);
    return true;
}
