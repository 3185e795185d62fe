/* SPDX-License-Identifier: Apache-2.0 */
/* Rewards that all members share: their units are put into head office's drawer, and what terminals
 * say that they gave away is held against what they took. */
#include "app/hq/tables.h"

#include "app/core/stock.h"

#include <inttypes.h>

enum { ROW_LEN = 16 };

/* Of a reward at head office: units ever put in, and claims of all terminals. Of a reward at a
 * terminal: units that it took out less those put back, and its own claims. Claims are those that
 * were not voided; a right terminal takes a unit before it gives it, and puts it back after a void:
 * so there are never more claims than units. */
struct stock_row {
    int64_t units;
    int64_t claimed;
};

static struct hq_key row_key(uint32_t reward, uint32_t terminal)
{
    struct hq_key key = hq_key_u32(reward);
    hq_key_number(&key, 4, terminal);
    return key;
}

static enum tally_status row_get(struct hq_txn *txn, uint32_t reward, uint32_t terminal,
                                 struct stock_row *ret_row)
{
    struct hq_key key = row_key(reward, terminal);
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_STOCK, &key, &value);
    if (status == TALLY_E_NOT_FOUND) {
        *ret_row = (struct stock_row){0, 0};
        return TALLY_OK;
    }
    TALLY_TRY(status);
    if (value.len != ROW_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_row = (struct stock_row){(int64_t)tally_load_le(value.data, 8),
                                  (int64_t)tally_load_le(value.data + 8, 8)};
    return TALLY_OK;
}

/* Adds to a row; *ret_row is what it comes to. */
static enum tally_status row_add(struct hq_txn *txn, uint32_t reward, uint32_t terminal,
                                 struct stock_row more, struct stock_row *ret_row)
{
    struct hq_key key = row_key(reward, terminal);
    struct stock_row row;
    uint8_t bytes[ROW_LEN];
    TALLY_TRY(row_get(txn, reward, terminal, &row));
    TALLY_TRY(tally_add(row.units, more.units, &row.units));
    TALLY_TRY(tally_add(row.claimed, more.claimed, &row.claimed));
    tally_store_le(bytes, 8, (uint64_t)row.units);
    tally_store_le(bytes + 8, 8, (uint64_t)row.claimed);
    TALLY_TRY(hq_put(txn, HQ_STOCK, &key, (struct tally_slice){bytes, sizeof bytes}));
    *ret_row = row;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ putting in */

static enum tally_status put_in(struct hq_txn *txn, const struct tally_reward *reward, int32_t day,
                                int64_t units)
{
    struct tally_move move;
    struct tally_event event;
    struct stock_row row;
    const struct tally_bonus_room room = {&move, 1, NULL, 0};
    const struct tally_moment moment = {TALLY_TERMINAL_HQ, txn->now_ms, day};
    TALLY_TRY(tally_stock_in_plan(reward->id, units, &moment, &room, &event));
    event.as.adjust.reason = tally_slice_text("stock");
    event.as.adjust.who = tally_slice_text("head office");
    TALLY_TRY(hq_append_own(txn, &event));
    return row_add(txn, reward->id, TALLY_TERMINAL_HQ, (struct stock_row){units, 0}, &row);
}

enum tally_status hq_stock_fill(struct hq_txn *txn)
{
    struct hq_today today;
    TALLY_TRY(hq_today(txn, &today));
    for (size_t i = 0; today.programme != NULL && i < today.programme->reward_count; i++) {
        const struct tally_reward *reward = &today.programme->rewards[i];
        struct stock_row row;
        if (reward->total_max == 0) {
            continue;
        }
        TALLY_TRY(row_get(txn, reward->id, TALLY_TERMINAL_HQ, &row));
        if (row.units < reward->total_max) {
            TALLY_TRY(put_in(txn, reward, today.day, reward->total_max - row.units));
        }
    }
    return TALLY_OK;
}

enum tally_status hq_store_stock(struct hq_store *store, int64_t now_ms)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, true, now_ms, &txn));
    return hq_end(&txn, hq_stock_fill(&txn));
}

/* ------------------------------------------------------------------ what terminals say */

static enum tally_status claimed(struct hq_txn *txn, const struct tally_event *event,
                                 const struct tally_reward *reward, int64_t times)
{
    struct stock_row all, own;
    TALLY_TRY(row_add(txn, reward->id, TALLY_TERMINAL_HQ, (struct stock_row){0, times}, &all));
    TALLY_TRY(row_add(txn, reward->id, event->id.terminal, (struct stock_row){0, times}, &own));
    if (times > 0 && own.claimed > own.units) {
        TALLY_TRY(hq_flag_add(txn, &event->id, event->account,
                              "reward %.64s was given away %" PRId64 " times at terminal %" PRIu32
                              ", which took %" PRId64 " of it from the stock",
                              reward->code, own.claimed, event->id.terminal, own.units));
    }
    if (times > 0 && all.claimed > all.units) {
        TALLY_TRY(hq_flag_add(txn, &event->id, event->account,
                              "reward %.64s was claimed %" PRId64 " times in all, %" PRId64
                              " were there",
                              reward->code, all.claimed, all.units));
    }
    return TALLY_OK;
}

/* A sale counts what it gives away in its own day, and its void takes that back: both mean the
 * rewards of the sale's programme. */
static enum tally_status claims_count(struct hq_txn *txn, const struct tally_event *event,
                                      uint32_t version)
{
    const struct tally_programme *programme = NULL;
    enum tally_status status = hq_programme(txn, version, &programme);
    if (status != TALLY_OK) {
        return status == TALLY_E_NOT_FOUND ? TALLY_OK : status; /* flagged before */
    }
    for (size_t i = 0; i < event->effects.count_count; i++) {
        const struct tally_count *count = &event->effects.counts[i];
        const struct tally_reward *reward =
            count->what == TALLY_COUNT_REWARD && count->from_day == count->until_day
                ? tally_programme_reward(programme, count->of)
                : NULL;
        if (reward != NULL && reward->total_max > 0) {
            TALLY_TRY(claimed(txn, event, reward, count->amount));
        }
    }
    return TALLY_OK;
}

static enum tally_status void_count(struct hq_txn *txn, const struct tally_event *event)
{
    struct hq_event_row row;
    struct tally_event_decoded sale;
    enum tally_status status = hq_event_get(txn, &event->as.reversal.sale, &row);
    if (status != TALLY_OK) {
        return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
    }
    TALLY_TRY(tally_event_decode(row.event, &sale));
    uint32_t version = sale.event.programme_version;
    tally_event_decoded_free(&sale);
    return claims_count(txn, event, version);
}

static enum tally_status units_count(struct hq_txn *txn, const struct tally_event *event)
{
    for (size_t i = 0; i < event->effects.move_count; i++) {
        const struct tally_move *move = &event->effects.moves[i];
        bool back = move->kind == TALLY_MOVE_ADJUST_IN;
        struct stock_row row;
        TALLY_TRY(row_add(txn, move->purse, event->id.terminal,
                          (struct stock_row){back ? -move->points : move->points, 0}, &row));
        if (back && row.claimed > row.units) {
            TALLY_TRY(hq_flag_add(txn, &event->id, event->account,
                                  "terminal %" PRIu32 " puts units of reward %08" PRIx32
                                  " back that it gave away, or never took",
                                  event->id.terminal, move->purse));
        }
    }
    return TALLY_OK;
}

enum tally_status hq_stock_after(struct hq_txn *txn, const struct tally_event *event)
{
    switch (event->type) {
    case TALLY_EVENT_SALE:
        return claims_count(txn, event, event->programme_version);
    case TALLY_EVENT_VOID:
        return void_count(txn, event);
    case TALLY_EVENT_ADJUST:
        return tally_stock_moves_only(event) ? units_count(txn, event) : TALLY_OK;
    default:
        return TALLY_OK;
    }
}
