/* SPDX-License-Identifier: Apache-2.0 */
/* Rewards that all members share: what of them is left, fetched, taken and put back here. */
#include "app/terminal/desk_inside.h"

#include "app/base/alloc.h"
#include "app/base/log.h"
#include "app/core/stock.h"

#include <string.h>

/* ------------------------------------------------------------------ what is left */

bool stock_at_hq(const struct desk *desk, const struct tally_programme *programme)
{
    return tally_stock_is_kept(programme) && desk_reaches_hq(desk);
}

enum tally_status stock_open(struct desk *desk, const struct tally_programme *programme,
                             const struct tally_moment *moment, bool with_hq,
                             struct stock *ret_stock)
{
    struct stock stock = {.moment = *moment, .with_hq = with_hq};
    if (tally_stock_is_kept(programme)) {
        enum tally_status status =
            store_account_get(desk->ledger->store, TALLY_ACCOUNT_HOUSE, &stock.house);
        if (status != TALLY_OK && status != TALLY_E_NOT_FOUND) {
            return status;
        }
        stock.is_known = status == TALLY_OK;
    }
    *ret_stock = stock;
    return TALLY_OK;
}

void stock_close(struct stock *stock)
{
    if (stock->is_known) {
        store_account_free(&stock->house);
        stock->is_known = false;
    }
}

static int64_t units_in(const struct stock *stock, uint32_t reward, uint32_t drawer)
{
    return stock->is_known ? tally_account_in_drawer(&stock->house.book.account, reward, drawer,
                                                     stock->moment.day, stock->moment.now_ms)
                           : 0;
}

/* Of head office's drawer this terminal knows what it last heard; it is asked once. */
int64_t stock_left(void *context, uint32_t reward)
{
    const struct stock *stock = context;
    bool may_ask = stock->with_hq && !(stock->asked.has && reward <= stock->asked.purse);
    return units_in(stock, reward, stock->moment.terminal) +
           (may_ask ? units_in(stock, reward, TALLY_TERMINAL_HQ) : 0);
}

void stock_explain(struct desk *desk, const struct tally_programme *programme,
                   const struct tally_basket *basket, struct stock *stock)
{
    for (size_t i = 0; i < basket->claim_count; i++) {
        const struct tally_reward *reward =
            tally_programme_reward(programme, basket->claims[i].reward);
        if (reward == NULL || reward->total_max == 0) {
            continue;
        }
        int64_t left = stock_left(stock, reward->id);
        if (left < basket->claims[i].times) {
            desk_explain(desk, left == 0 ? "none of this reward is left here"
                                         : "fewer of this reward are left here");
            return;
        }
    }
}

/* ------------------------------------------------------------------ fetching */

enum tally_status stock_fetch(const struct errand *errand, const struct stock *stock,
                              const struct tally_quote *quote)
{
    uint32_t reward = 0;
    int64_t missing = 0;
    for (size_t i = 0; i < quote->taken_count; i++) {
        const struct tally_taken *taken = &quote->taken[i];
        const struct tally_reward *rule = &errand->programme->rewards[taken->reward];
        int64_t here = units_in(stock, rule->id, stock->moment.terminal);
        if (rule->total_max > 0 && taken->times > here && (missing == 0 || rule->id < reward)) {
            reward = rule->id;
            missing = taken->times - here;
        }
    }
    if (missing == 0) {
        return TALLY_E_NOT_FOUND;
    }
    enum tally_status status = errand_draw(errand, TALLY_ACCOUNT_HOUSE, reward, missing);
    return status == TALLY_E_POINTS_SHORT ? TALLY_E_OFFLINE : status;
}

/* ------------------------------------------------------------------ taking and putting back */

static enum tally_status room_open(struct tally_bonus_room *ret_room)
{
    *ret_room =
        (struct tally_bonus_room){.moves = tally_alloc(TALLY_MOVES_MAX, sizeof(struct tally_move)),
                                  .move_cap = TALLY_MOVES_MAX};
    return ret_room->moves == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
}

static enum tally_status commit(const struct errand *errand, struct tally_event *event,
                                const char *reason)
{
    const char *cashier = errand->params->cashier;
    event->as.adjust.reason = tally_slice_text(reason);
    event->as.adjust.who = tally_slice_text(cashier[0] == '\0' ? "till" : cashier);
    return errand_commit(errand, event, (struct tally_slice){0});
}

enum tally_status stock_take(const struct errand *errand, const struct tally_quote *quote)
{
    struct tally_bonus_room room;
    struct tally_event event;
    const struct tally_moment moment = errand_moment(errand);
    if (!tally_stock_is_kept(errand->programme)) {
        return TALLY_OK;
    }
    TALLY_TRY(room_open(&room));
    enum tally_status status = tally_stock_out_plan(errand->programme, quote->taken,
                                                    quote->taken_count, &moment, &room, &event);
    status = status == TALLY_OK            ? commit(errand, &event, "reward")
             : status == TALLY_E_NOT_FOUND ? TALLY_OK
                                           : status;
    tally_free(room.moves);
    return status;
}

static enum tally_status put_back(const struct errand *errand, const struct tally_event *out)
{
    struct tally_bonus_room room;
    struct tally_event event;
    const struct tally_moment moment = errand_moment(errand);
    TALLY_TRY(room_open(&room));
    enum tally_status status = tally_stock_back_plan(out, &moment, &room, &event);
    status = status == TALLY_OK            ? commit(errand, &event, "void")
             : status == TALLY_E_NOT_FOUND ? TALLY_OK
                                           : status;
    tally_free(room.moves);
    return status;
}

/* What a sale gave away was taken by the event before it in the journal. One whose sale was lost to
 * a power cut may go back with the sale after it: no unit goes back twice, since a sale is voided
 * once. */
void stock_put_back(const struct errand *errand, const struct tally_event *sale)
{
    struct held_event before;
    enum tally_status status = TALLY_E_NOT_FOUND;
    if (sale->id.epoch == errand->head.epoch && sale->id.seq > 1) {
        status = held_event_get(errand->desk, sale->id.seq - 1, &before);
    }
    if (status == TALLY_OK) {
        status = put_back(errand, &before.decoded.event);
        held_event_free(&before);
    }
    if (status != TALLY_OK && status != TALLY_E_NOT_FOUND) {
        tally_log("stock: what a voided sale gave away was not put back: %s (%s)",
                  tally_status_text(status), tally_status_name(status));
    }
}
