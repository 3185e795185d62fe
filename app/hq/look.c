/* SPDX-License-Identifier: Apache-2.0 */
/* Walking through everything, for exports. */
#include "app/hq/tables.h"

#include "app/base/alloc.h"

/* 0 for what happens in no shop, and for a sale that HQ does not have. */
static enum tally_status shop_of(struct hq_txn *txn, const struct tally_event *event,
                                 uint32_t *ret_shop)
{
    struct hq_event_row row;
    struct tally_event_decoded sale;
    *ret_shop = event->type == TALLY_EVENT_SALE ? event->as.sale.basket.shop : 0;
    if (event->type != TALLY_EVENT_VOID && event->type != TALLY_EVENT_REFUND) {
        return TALLY_OK;
    }
    enum tally_status status = hq_event_get(txn, &event->as.reversal.sale, &row);
    if (status != TALLY_OK) {
        return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
    }
    TALLY_TRY(tally_event_decode(row.event, &sale));
    if (sale.event.type == TALLY_EVENT_SALE) {
        *ret_shop = sale.event.as.sale.basket.shop;
    }
    tally_event_decoded_free(&sale);
    return TALLY_OK;
}

static enum tally_status view_event(struct hq_txn *txn, struct tally_slice value,
                                    enum tally_status (*each)(void *context,
                                                              const struct hq_event_view *view),
                                    void *context)
{
    struct hq_event_row row;
    struct tally_event_decoded decoded;
    TALLY_TRY(hq_event_row_parse(value, &row));
    TALLY_TRY(tally_event_decode(row.event, &decoded));
    struct hq_event_view view = {.event = &decoded.event, .chain = row.chain};
    enum tally_status status = shop_of(txn, &decoded.event, &view.shop);
    if (status == TALLY_OK && decoded.event.type == TALLY_EVENT_SALE) {
        struct hq_reversed reversed;
        status = hq_reversed_load(txn, &decoded.event.id, &reversed);
        if (status == TALLY_OK) {
            view.reversed_by = reversed.newest;
            view.is_voided = reversed.is_void;
            hq_reversed_free(&reversed);
        }
    }
    if (status == TALLY_OK) {
        status = each(context, &view);
    }
    tally_event_decoded_free(&decoded);
    return status;
}

enum tally_status hq_store_each_event(struct hq_store *store,
                                      enum tally_status (*each)(void *context,
                                                                const struct hq_event_view *view),
                                      void *context)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, 0, &txn));
    struct hq_scan scan;
    enum tally_status status = hq_scan_open(&txn, HQ_EVENTS, NULL, NULL, &scan);
    if (status == TALLY_OK) {
        while ((status = hq_scan_next(&scan)) == TALLY_OK) {
            status = view_event(&txn, scan.value, each, context);
            if (status != TALLY_OK) {
                break;
            }
        }
        hq_scan_close(&scan);
    }
    return hq_end(&txn, status == TALLY_E_END ? TALLY_OK : status);
}

/* One account of the ledger at a time, so that no more than its events are in memory. */
struct histories {
    struct history history;
    uint64_t account;
    history_visit each;
    void *context;
};

static enum tally_status history_end(struct histories *histories)
{
    enum tally_status status = TALLY_OK;
    if (histories->history.count > 0 && histories->account != TALLY_ACCOUNT_HOUSE) {
        status = history_each_account(&histories->history, histories->each, histories->context);
    }
    history_free(&histories->history);
    return status;
}

static enum tally_status history_take(struct hq_txn *txn, const struct hq_scan *scan,
                                      struct histories *histories)
{
    if (scan->key.len != 24) {
        return TALLY_E_STORE_DAMAGED;
    }
    uint64_t account = tally_load_be(scan->key.data, 8);
    if (account != histories->account) {
        TALLY_TRY(history_end(histories));
        histories->account = account;
    }
    struct tally_event_id id = {(uint32_t)tally_load_be(scan->key.data + 8, 4),
                                (uint32_t)tally_load_be(scan->key.data + 12, 4),
                                tally_load_be(scan->key.data + 16, 8)};
    struct hq_event_row row;
    TALLY_TRY(hq_event_get(txn, &id, &row));
    enum tally_status status = history_add(&histories->history, row.event);
    return status == TALLY_E_INVALID ? TALLY_E_STORE_DAMAGED : status;
}

enum tally_status hq_store_each_history(struct hq_store *store, history_visit each, void *context)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, 0, &txn));
    struct histories histories = {.each = each, .context = context};
    struct hq_scan scan;
    enum tally_status status = hq_scan_open(&txn, HQ_LEDGER, NULL, NULL, &scan);
    if (status == TALLY_OK) {
        while ((status = hq_scan_next(&scan)) == TALLY_OK) {
            status = history_take(&txn, &scan, &histories);
            if (status != TALLY_OK) {
                break;
            }
        }
        hq_scan_close(&scan);
    }
    if (status == TALLY_E_END) {
        status = history_end(&histories);
    }
    history_free(&histories.history);
    return hq_end(&txn, status);
}

enum tally_status
hq_store_each_account(struct hq_store *store, int64_t now_ms,
                      enum tally_status (*each)(void *context, const struct tally_account *account,
                                                const struct hq_today *today),
                      void *context)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, now_ms, &txn));
    struct hq_today today;
    struct hq_scan scan = {.cursor = NULL};
    enum tally_status status = hq_today(&txn, &today);
    if (status == TALLY_OK) {
        status = hq_scan_open(&txn, HQ_ACCOUNTS, NULL, NULL, &scan);
    }
    while (status == TALLY_OK && (status = hq_scan_next(&scan)) == TALLY_OK) {
        struct tally_book book;
        uint64_t id = scan.key.len == 8 ? tally_load_be(scan.key.data, 8) : 0;
        if (id == TALLY_ACCOUNT_HOUSE) {
            continue;
        }
        status = id != 0 ? hq_account_load(&txn, id, &book) : TALLY_E_STORE_DAMAGED;
        if (status == TALLY_OK) {
            status = each(context, &book.account, &today);
            tally_book_free(&book);
        }
    }
    hq_scan_close(&scan);
    return hq_end(&txn, status == TALLY_E_END ? TALLY_OK : status);
}
