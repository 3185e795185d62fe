/* SPDX-License-Identifier: Apache-2.0 */
/* Draws of surprises. */
#include "app/core/surprise.h"

#include <assert.h>

enum { MILLION = 1000000 };

/* draw / 2^64 < ppm / 10^6, which is draw * 10^6 / 2^64 < ppm: exact, in halves of 32 bits. */
static bool is_below(uint64_t draw, uint32_t ppm)
{
    uint64_t low = (draw & UINT32_MAX) * MILLION;
    uint64_t high = (draw >> 32) * MILLION + (low >> 32);
    return high >> 32 < ppm;
}

static enum tally_status points_of(const struct tally_award_rule *award,
                                   const struct tally_event *sale, int64_t *ret_points)
{
    int64_t more = 0;
    if (award->multiply_pct > 100) {
        TALLY_TRY(tally_scale(tally_event_points(sale, TALLY_PURSE_POINTS, TALLY_MOVE_EARN),
                              (int64_t)award->multiply_pct - 100, 100, TALLY_ROUND_FLOOR, &more));
    }
    return tally_add(award->points, more, ret_points);
}

enum tally_status tally_surprise_draw(const struct tally_award_rule *award,
                                      const uint8_t draw[TALLY_HASH_LEN],
                                      const struct tally_event *sale,
                                      struct tally_surprise_state *state, int64_t *ret_points)
{
    assert(award != NULL);
    assert(draw != NULL);
    assert(sale != NULL);
    assert(state != NULL);
    assert(ret_points != NULL);

    struct tally_surprise_state next = {state->sales + 1, state->given};
    int64_t points = 0;
    bool wins = award->every > 0 ? next.sales % award->every == 0
                                 : is_below(tally_load_be(draw, 8), award->chance_ppm);
    if (wins) {
        TALLY_TRY(points_of(award, sale, &points));
    }
    if (award->budget > 0 && points > award->budget - state->given) {
        points = award->budget > state->given ? award->budget - state->given : 0;
    }
    TALLY_TRY(tally_add(next.given, points, &next.given));
    *state = next;
    *ret_points = points;
    return TALLY_OK;
}
