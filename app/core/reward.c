/* SPDX-License-Identifier: Apache-2.0 */
/* Money off: amounts and percentages divided over lines, items and bundles piece by piece. */
#include "app/core/reward.h"

#include <assert.h>

enum { PIECE_MILLI = 1000 };

/* ------------------------------------------------------------------ pieces of a line */

/* More pieces than UINT32_MAX thousandths are not looked at: 4,294,967 of one line. */
static int64_t untaken_milli(const struct tally_line_work *line)
{
    int64_t quantity = line->line->quantity_milli;
    return (quantity < UINT32_MAX ? quantity : UINT32_MAX) - line->taken_milli;
}

static int64_t pieces_of(const struct tally_line_work *line)
{
    return untaken_milli(line) / PIECE_MILLI;
}

/* What so many of its untaken pieces cost, rounded down: all of them together cost all. */
static enum tally_status value_of(const struct tally_reward_work *work, size_t index,
                                  int64_t pieces, int64_t *ret_minor)
{
    const struct tally_line_work *line = &work->lines[index];
    return tally_scale(line->net_minor - work->kept_minor[index], pieces * PIECE_MILLI,
                       line->line->quantity_milli - line->taken_milli, TALLY_ROUND_FLOOR,
                       ret_minor);
}

static uint32_t percent_off(const struct tally_reward *reward)
{
    return reward->percent == 0 ? 100 : reward->percent;
}

static enum tally_status take_pieces(struct tally_reward_work *work, size_t index, int64_t pieces,
                                     uint32_t percent, bool is_trial, int64_t *discount_minor)
{
    int64_t value_minor = 0, off_minor = 0;
    if (pieces == 0) {
        return TALLY_OK;
    }
    TALLY_TRY(value_of(work, index, pieces, &value_minor));
    TALLY_TRY(tally_scale(value_minor, percent, 100, TALLY_ROUND_HALF_UP, &off_minor));
    *discount_minor += off_minor; /* no more than the basket is worth */
    if (!is_trial) {
        struct tally_line_work *line = &work->lines[index];
        line->net_minor -= off_minor;
        line->taken_milli += (uint32_t)(pieces * PIECE_MILLI);
        line->free_milli += percent == 100 ? pieces * PIECE_MILLI : 0;
        work->kept_minor[index] += value_minor - off_minor;
    }
    return TALLY_OK;
}

/* The selected lines that have pieces, by the price of one: cheapest first (sign 1) or dearest
 * first (sign -1). */
static enum tally_status rank_by_price(const struct tally_reward_work *work,
                                       const struct tally_reward *reward, int sign,
                                       size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < work->line_count; i++) {
        if (pieces_of(&work->lines[i]) > 0 && tally_selector_has(&reward->lines, &work->lines[i])) {
            int64_t price_minor = 0;
            TALLY_TRY(value_of(work, i, 1, &price_minor));
            work->ranks[count] = (struct tally_rank){sign * price_minor, i};
            count++;
        }
    }
    tally_ranks_sort(work->ranks, count);
    *ret_count = count;
    return TALLY_OK;
}

static int64_t pieces_selected(const struct tally_reward_work *work,
                               const struct tally_reward *reward)
{
    int64_t pieces = 0;
    for (size_t i = 0; i < work->line_count; i++) {
        if (tally_selector_has(&reward->lines, &work->lines[i])) {
            pieces += pieces_of(&work->lines[i]); /* 5,000 lines of 32 bits each */
        }
    }
    return pieces;
}

static enum tally_status take_items(struct tally_reward_work *work,
                                    const struct tally_reward *reward, int64_t times, bool is_trial,
                                    int64_t *discount_minor)
{
    size_t count = 0;
    TALLY_TRY(rank_by_price(work, reward, 1, &count));
    for (size_t i = 0; i < count && times > 0; i++) {
        size_t line = work->ranks[i].index;
        int64_t there = pieces_of(&work->lines[line]);
        int64_t pieces = there < times ? there : times;
        TALLY_TRY(take_pieces(work, line, pieces, percent_off(reward), is_trial, discount_minor));
        times -= pieces;
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ bundles */

/* Of the first so many pieces, dearest first, those that are free: the last `get` of each `buy` and
 * `get`, and in the last, short round what goes beyond `buy`. */
static int64_t free_among(const struct tally_reward *reward, int64_t pieces)
{
    int64_t round = reward->buy + reward->get, rest = pieces % round;
    return pieces / round * reward->get + (rest > reward->buy ? rest - reward->buy : 0);
}

static int64_t bundles_in(const struct tally_reward *reward, int64_t pieces)
{
    int64_t round = reward->buy + reward->get;
    return pieces / round + (pieces % round > reward->buy ? 1 : 0);
}

static int64_t least(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

static enum tally_status take_bundles(struct tally_reward_work *work,
                                      const struct tally_reward *reward, int64_t times,
                                      bool is_trial, int64_t *discount_minor)
{
    int64_t limit = 0, before = 0;
    size_t count = 0;
    TALLY_TRY(tally_multiply(least(times, INT32_MAX), reward->buy + reward->get, &limit));
    TALLY_TRY(rank_by_price(work, reward, -1, &count));
    for (size_t i = 0; i < count; i++) {
        size_t line = work->ranks[i].index;
        int64_t after = before + pieces_of(&work->lines[line]);
        int64_t pieces =
            free_among(reward, least(after, limit)) - free_among(reward, least(before, limit));
        TALLY_TRY(take_pieces(work, line, pieces, percent_off(reward), is_trial, discount_minor));
        before = after;
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ amounts */

static int64_t selected_net(const struct tally_reward_work *work, const struct tally_reward *reward)
{
    int64_t net_minor = 0;
    for (size_t i = 0; i < work->line_count; i++) {
        if (tally_selector_has(&reward->lines, &work->lines[i])) {
            net_minor += work->lines[i].net_minor; /* at most the basket */
        }
    }
    return net_minor;
}

static enum tally_status take_off_line(struct tally_reward_work *work, size_t index,
                                       int64_t off_minor)
{
    struct tally_line_work *line = &work->lines[index];
    int64_t net_minor = line->net_minor - off_minor;
    if (work->kept_minor[index] > 0) {
        TALLY_TRY(tally_scale(work->kept_minor[index], net_minor, line->net_minor,
                              TALLY_ROUND_FLOOR, &work->kept_minor[index]));
    }
    line->net_minor = net_minor;
    return TALLY_OK;
}

static enum tally_status divide(struct tally_reward_work *work, const struct tally_reward *reward,
                                int64_t net_minor, int64_t off_minor)
{
    struct tally_allotment allotment = {.total = off_minor, .weight_total = net_minor};
    for (size_t i = 0; off_minor > 0 && i < work->line_count; i++) {
        if (tally_selector_has(&reward->lines, &work->lines[i])) {
            int64_t part_minor = 0;
            TALLY_TRY(tally_allot(&allotment, work->lines[i].net_minor, &part_minor));
            TALLY_TRY(take_off_line(work, i, part_minor));
        }
    }
    return TALLY_OK;
}

static enum tally_status take_money(struct tally_reward_work *work,
                                    const struct tally_reward *reward, int64_t times, bool is_trial,
                                    int64_t *discount_minor)
{
    int64_t net_minor = selected_net(work, reward), off_minor = 0;
    if (reward->kind == TALLY_REWARD_AMOUNT) {
        if (tally_multiply(reward->amount_minor, times, &off_minor) != TALLY_OK) {
            off_minor = net_minor;
        }
    } else {
        TALLY_TRY(tally_scale(net_minor, reward->percent, 100, TALLY_ROUND_HALF_UP, &off_minor));
        off_minor = reward->amount_minor > 0 ? least(off_minor, reward->amount_minor) : off_minor;
    }
    off_minor = least(off_minor, net_minor);
    *discount_minor = off_minor;
    return is_trial ? TALLY_OK : divide(work, reward, net_minor, off_minor);
}

/* ------------------------------------------------------------------ one reward */

int64_t tally_reward_fits(const struct tally_reward_work *work, const struct tally_reward *reward)
{
    assert(work != NULL);
    assert(reward != NULL);

    if (reward->kind == TALLY_REWARD_ITEM) {
        return pieces_selected(work, reward);
    }
    if (reward->kind == TALLY_REWARD_BUNDLE) {
        return bundles_in(reward, pieces_selected(work, reward));
    }
    return 1;
}

enum tally_status tally_reward_take(struct tally_reward_work *work,
                                    const struct tally_reward *reward, int64_t times, bool is_trial,
                                    int64_t *ret_discount_minor)
{
    assert(work != NULL);
    assert(reward != NULL);
    assert(ret_discount_minor != NULL);

    *ret_discount_minor = 0;
    switch (reward->kind) {
    case TALLY_REWARD_AMOUNT:
    case TALLY_REWARD_PERCENT:
        return take_money(work, reward, times, is_trial, ret_discount_minor);
    case TALLY_REWARD_ITEM:
        return take_items(work, reward, times, is_trial, ret_discount_minor);
    case TALLY_REWARD_BUNDLE:
        return take_bundles(work, reward, times, is_trial, ret_discount_minor);
    case TALLY_REWARD_GIFT:
    case TALLY_REWARD_PURSE:
        break;
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ what it costs */

/* One cost pays for so many pieces of a free item. */
static int64_t pieces_per_cost(const struct tally_reward *reward)
{
    return reward->kind == TALLY_REWARD_ITEM && reward->get > 1 ? reward->get : 1;
}

enum tally_status tally_reward_cost(const struct tally_reward *reward, int64_t times,
                                    int64_t *ret_cost)
{
    assert(reward != NULL);
    assert(times >= 0);
    assert(ret_cost != NULL);

    int64_t per = pieces_per_cost(reward);
    return tally_multiply(reward->cost, times / per + (times % per != 0 ? 1 : 0), ret_cost);
}

int64_t tally_reward_affordable(const struct tally_reward *reward, int64_t units)
{
    assert(reward != NULL);

    int64_t times = 0;
    if (reward->cost == 0) {
        return INT64_MAX;
    }
    if (units <= 0 ||
        tally_multiply(units / reward->cost, pieces_per_cost(reward), &times) != TALLY_OK) {
        return units <= 0 ? 0 : INT64_MAX;
    }
    return times;
}
