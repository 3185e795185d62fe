/* SPDX-License-Identifier: Apache-2.0 */
/* Walking through everything, for exports. */
#include "app/hq/tables.h"

#include "app/base/alloc.h"

static enum tally_status voided_by(struct hq_txn *txn, const struct tally_event_id *sale,
                                   uint64_t *ret_seq)
{
    struct hq_key key = hq_key_event(sale);
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_VOIDS, &key, &value);
    *ret_seq = status == TALLY_OK && value.len == 16 ? tally_load_be(value.data + 8, 8) : 0;
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
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
    enum tally_status status = TALLY_OK;
    if (decoded.event.type == TALLY_EVENT_SALE) {
        status = voided_by(txn, &decoded.event.id, &view.voided_by);
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

enum tally_status hq_store_each_account(
    struct hq_store *store, int64_t now_ms,
    enum tally_status (*each)(void *context, const struct tally_account *account, int32_t today),
    void *context)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, now_ms, &txn));
    int32_t today = 0;
    uint32_t version = 0;
    struct hq_scan scan = {.cursor = NULL};
    enum tally_status status = hq_today(&txn, &today, &version);
    if (status == TALLY_OK) {
        status = hq_scan_open(&txn, HQ_ACCOUNTS, NULL, NULL, &scan);
    }
    while (status == TALLY_OK && (status = hq_scan_next(&scan)) == TALLY_OK) {
        struct tally_account account;
        status = scan.key.len == 8
                     ? hq_account_load(&txn, tally_load_be(scan.key.data, 8), NULL, &account)
                     : TALLY_E_STORE_DAMAGED;
        if (status == TALLY_OK) {
            status = each(context, &account, today);
            tally_free(account.lots);
        }
    }
    hq_scan_close(&scan);
    return hq_end(&txn, status == TALLY_E_END ? TALLY_OK : status);
}
