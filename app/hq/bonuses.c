/* SPDX-License-Identifier: Apache-2.0 */
/* What head office gives by itself after a sale, and takes back when the sale is undone. */
#include "app/hq/tables.h"

#include "app/base/alloc.h"
#include "app/core/bonus.h"
#include "app/core/reversal.h"

#include <inttypes.h>

enum { AWARD_ROW_LEN = 20 };

/* ------------------------------------------------------------------ awards that hang on a sale */

/* What a sale brought an account: its purse, the points, and how many were taken back. */
struct award_row {
    uint32_t purse;
    int64_t points;
    int64_t taken;
};

static struct hq_key award_key(const struct tally_event_id *sale, uint32_t award, uint64_t account)
{
    struct hq_key key = hq_key_event(sale);
    hq_key_number(&key, 4, award);
    hq_key_number(&key, 8, account);
    return key;
}

static enum tally_status award_row_put(struct hq_txn *txn, const struct hq_key *key,
                                       const struct award_row *row)
{
    uint8_t bytes[AWARD_ROW_LEN];
    struct tally_writer writer = {bytes, sizeof bytes, 0, false};
    tally_write_le(&writer, 4, row->purse);
    tally_write_le(&writer, 8, (uint64_t)row->points);
    tally_write_le(&writer, 8, (uint64_t)row->taken);
    return hq_put(txn, HQ_AWARDS, key, (struct tally_slice){bytes, writer.at});
}

static enum tally_status award_plan(struct hq_txn *txn, const struct tally_programme *programme,
                                    uint64_t account, const struct tally_award_rule *rule,
                                    const struct tally_event *sale, int64_t points)
{
    struct hq_today today;
    struct tally_book book;
    struct tally_move moves[TALLY_AWARD_MOVES_MAX];
    struct tally_count counts[TALLY_BONUS_COUNTS_MAX];
    const struct tally_bonus_room room = {moves, TALLY_AWARD_MOVES_MAX, counts,
                                          TALLY_BONUS_COUNTS_MAX};
    TALLY_TRY(hq_today(txn, &today));
    TALLY_TRY(hq_account_load(txn, account, &book));
    const struct tally_moment moment = {TALLY_TERMINAL_HQ, txn->now_ms, today.day};
    const struct tally_award_request request = {.award = rule->id,
                                                .why = sale->id,
                                                .other =
                                                    sale->account == account ? 0 : sale->account,
                                                .points = points};
    struct tally_event event;
    enum tally_status status = TALLY_E_NOT_FOUND; /* a referrer that a terminal made up */
    if (book.account.id > TALLY_ACCOUNT_HOUSE) {
        status = tally_award_plan(programme, &book.account, &request, &moment, &room, &event);
    }
    if (status == TALLY_OK) {
        status = hq_append_own(txn, &event);
    }
    tally_book_free(&book);
    if (status == TALLY_OK) {
        struct hq_key key = award_key(&sale->id, rule->id, account);
        const struct award_row row = {.purse = rule->purse,
                                      .points =
                                          tally_event_points(&event, rule->purse, TALLY_MOVE_EARN)};
        TALLY_TRY(award_row_put(txn, &key, &row));
        status = hq_merge_after(txn, account);
    }
    return status;
}

enum tally_status hq_award_give(struct hq_txn *txn, const struct tally_programme *programme,
                                uint64_t account, const struct tally_award_rule *rule,
                                const struct tally_event *sale, int64_t points)
{
    enum tally_status status = award_plan(txn, programme, account, rule, sale, points);
    bool is_none =
        status == TALLY_E_EXISTS || status == TALLY_E_RULE || status == TALLY_E_NOT_FOUND;
    return is_none ? TALLY_OK : status;
}

/* ------------------------------------------------------------------ taking back */

static enum tally_status take_back(struct hq_txn *txn, uint64_t account, uint32_t purse,
                                   int64_t points)
{
    struct hq_today today;
    struct tally_book book;
    struct tally_count counts[TALLY_BONUS_COUNTS_MAX];
    struct tally_event event;
    struct tally_move *moves = tally_alloc(TALLY_MOVES_MAX, sizeof *moves);
    if (moves == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = hq_today(txn, &today);
    if (status == TALLY_OK) {
        status = hq_account_load(txn, account, &book);
    }
    if (status != TALLY_OK) {
        tally_free(moves);
        return status;
    }
    const struct tally_bonus_room room = {moves, TALLY_MOVES_MAX, counts, TALLY_BONUS_COUNTS_MAX};
    const struct tally_moment moment = {TALLY_TERMINAL_HQ, txn->now_ms, today.day};
    status = tally_award_back_plan(today.programme, &book.account, purse, points, &moment, &room,
                                   &event);
    if (status == TALLY_OK) {
        event.as.adjust.reason = tally_slice_text("the sale that brought it was undone");
        event.as.adjust.who = tally_slice_text("head office");
        status = hq_append_own(txn, &event);
    }
    tally_book_free(&book);
    tally_free(moves);
    return status;
}

struct award_found {
    struct hq_key key;
    uint64_t account;
    struct award_row row;
};

/* The next award of a sale behind `from`. */
static enum tally_status award_next(struct hq_txn *txn, const struct tally_event_id *sale,
                                    const struct hq_key *from, struct award_found *ret_found)
{
    struct hq_key prefix = hq_key_event(sale);
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_AWARDS, &prefix, from, &scan));
    enum tally_status status = hq_scan_next(&scan);
    if (status == TALLY_OK && from != NULL && scan.key.len == from->len &&
        memcmp(scan.key.data, from->bytes, from->len) == 0) {
        status = hq_scan_next(&scan);
    }
    if (status == TALLY_OK &&
        (scan.key.len != prefix.len + 12 || scan.value.len != AWARD_ROW_LEN)) {
        status = TALLY_E_STORE_DAMAGED;
    }
    if (status == TALLY_OK) {
        ret_found->key = (struct hq_key){.len = 0};
        hq_key_bytes(&ret_found->key, scan.key.data, scan.key.len);
        ret_found->account = tally_load_be(scan.key.data + prefix.len + 4, 8);
        ret_found->row.purse = (uint32_t)tally_load_le(scan.value.data, 4);
        ret_found->row.points = (int64_t)tally_load_le(scan.value.data + 4, 8);
        ret_found->row.taken = (int64_t)tally_load_le(scan.value.data + 12, 8);
    }
    hq_scan_close(&scan);
    return status;
}

static enum tally_status awards_take_back(struct hq_txn *txn, const struct tally_event *sale,
                                          const struct hq_reversed *reversed)
{
    struct award_found found;
    const struct hq_key *from = NULL;
    enum tally_status status;
    while ((status = award_next(txn, &sale->id, from, &found)) == TALLY_OK) {
        int64_t taken = 0;
        TALLY_TRY(tally_award_points_back(sale, reversed->lines, reversed->line_count,
                                          reversed->is_void, found.row.points, &taken));
        if (taken > found.row.taken) {
            TALLY_TRY(take_back(txn, found.account, found.row.purse, taken - found.row.taken));
            found.row.taken = taken;
            TALLY_TRY(award_row_put(txn, &found.key, &found.row));
        }
        from = &found.key;
    }
    return status == TALLY_E_END ? TALLY_OK : status;
}

static enum tally_status after_reversal(struct hq_txn *txn, const struct tally_event *event)
{
    struct award_found found;
    enum tally_status status = award_next(txn, &event->as.reversal.sale, NULL, &found);
    if (status != TALLY_OK) {
        return status == TALLY_E_END ? TALLY_OK : status;
    }
    struct hq_event_row row;
    struct tally_event_decoded sale;
    struct hq_reversed reversed;
    TALLY_TRY(hq_event_get(txn, &event->as.reversal.sale, &row));
    struct tally_buffer kept = {0}; /* the row moves with the next write, and texts point into it */
    status = tally_buffer_append(&kept, row.event.data, row.event.len);
    if (status == TALLY_OK) {
        status = tally_event_decode(tally_buffer_slice(&kept), &sale);
    }
    if (status == TALLY_OK) {
        status = hq_reversed_load(txn, &sale.event.id, &reversed);
        if (status == TALLY_OK) {
            status = awards_take_back(txn, &sale.event, &reversed);
            hq_reversed_free(&reversed);
        }
        tally_event_decoded_free(&sale);
    }
    tally_buffer_free(&kept);
    return status;
}

/* ------------------------------------------------------------------ referrals */

static enum tally_status referrals_pay(struct hq_txn *txn, const struct tally_programme *programme,
                                       const struct tally_event *sale)
{
    struct hq_key key = hq_key_u64(sale->account);
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_REFERRALS, &key, &value);
    if (status != TALLY_OK) {
        return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
    }
    if (value.len != 8) {
        return TALLY_E_STORE_DAMAGED;
    }
    const uint64_t referrer = tally_load_le(value.data, 8);
    for (size_t i = 0; i < programme->award_count && status == TALLY_OK; i++) {
        const struct tally_award_rule *rule = &programme->awards[i];
        bool pays = tally_award_is_paid_by(rule, sale);
        if (rule->kind == TALLY_AWARD_REFERRER && pays) {
            status = hq_award_give(txn, programme, referrer, rule, sale, 0);
        } else if (rule->kind == TALLY_AWARD_REFERRED && pays) {
            status = hq_award_give(txn, programme, sale->account, rule, sale, 0);
        }
    }
    return status;
}

/* ------------------------------------------------------------------ public */

enum tally_status hq_bonus_after(struct hq_txn *txn, const struct tally_event *event,
                                 const uint8_t chain[TALLY_HASH_LEN])
{
    const struct tally_programme *programme = NULL;
    bool undoes = event->type == TALLY_EVENT_VOID || event->type == TALLY_EVENT_REFUND;
    TALLY_TRY(hq_stock_after(txn, event));
    if (!undoes && event->type != TALLY_EVENT_SALE) {
        return TALLY_OK;
    }
    enum tally_status status = hq_programme(txn, event->programme_version, &programme);
    if (status == TALLY_OK && !undoes) {
        TALLY_TRY(referrals_pay(txn, programme, event));
        status = hq_surprise_draw(txn, programme, event, chain);
    }
    if (status != TALLY_OK && status != TALLY_E_NOT_FOUND) { /* no such version: flagged before */
        return status;
    }
    return undoes ? after_reversal(txn, event) : TALLY_OK;
}
