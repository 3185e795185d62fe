/* SPDX-License-Identifier: Apache-2.0 */
/* One event that was found good becomes rows: the event, its account, and the change. */
#include "app/hq/tables.h"

#include "app/base/alloc.h"

#include <assert.h>

enum { EVENT_HEAD_LEN = 8 + TALLY_HASH_LEN + 4 };

/* Each move may shift all lots: so many cost about as much as reading the account. */
enum { MOVES_AS_ONE = 8 };

/* ------------------------------------------------------------------ event rows */

enum tally_status hq_event_row_parse(struct tally_slice value, struct hq_event_row *ret_row)
{
    struct tally_reader reader = {value.data, value.len, 0, false};
    struct hq_event_row row = {.arrival = tally_read_le(&reader, 8)};
    row.chain = tally_read_slice(&reader, TALLY_HASH_LEN).data;
    row.event = tally_read_slice(&reader, (size_t)tally_read_le(&reader, 4));
    row.sidecar = tally_read_slice(&reader, reader.len - reader.at);
    if (reader.failed) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_row = row;
    return TALLY_OK;
}

enum tally_status hq_event_get(struct hq_txn *txn, const struct tally_event_id *id,
                               struct hq_event_row *ret_row)
{
    struct hq_key key = hq_key_event(id);
    struct tally_slice value;
    TALLY_TRY(hq_get(txn, HQ_EVENTS, &key, &value));
    return hq_event_row_parse(value, ret_row);
}

static enum tally_status event_row_put(struct hq_txn *txn, const struct tally_event_id *id,
                                       struct tally_slice bytes, struct tally_slice sidecar,
                                       const uint8_t chain[TALLY_HASH_LEN])
{
    size_t len = EVENT_HEAD_LEN + bytes.len + sidecar.len;
    uint8_t *row = tally_alloc(len, 1);
    if (row == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct tally_writer writer = {row, len, 0, false};
    tally_write_le(&writer, 8, txn->counters.arrival);
    tally_write_bytes(&writer, chain, TALLY_HASH_LEN);
    tally_write_le(&writer, 4, bytes.len);
    tally_write_bytes(&writer, bytes.data, bytes.len);
    tally_write_bytes(&writer, sidecar.data, sidecar.len);
    assert(!writer.failed && writer.at == len);
    struct hq_key key = hq_key_event(id);
    enum tally_status status = hq_put(txn, HQ_EVENTS, &key, (struct tally_slice){row, len});
    tally_free(row);
    return status;
}

static enum tally_status ledger_put(struct hq_txn *txn, uint64_t account,
                                    const struct tally_event_id *id)
{
    uint8_t arrival[8];
    tally_store_le(arrival, sizeof arrival, txn->counters.arrival);
    struct hq_key key = hq_key_ledger(account, id);
    return hq_put(txn, HQ_LEDGER, &key, (struct tally_slice){arrival, sizeof arrival});
}

/* ------------------------------------------------------------------ accounts */

bool hq_event_folds(const struct tally_event *event)
{
    return event->type != TALLY_EVENT_GRANT || event->id.terminal == TALLY_TERMINAL_HQ;
}

enum tally_status hq_account_load(struct hq_txn *txn, uint64_t id, struct tally_book *ret_book)
{
    struct hq_key key = hq_key_u64(id);
    struct tally_slice value;
    *ret_book = (struct tally_book){0};
    enum tally_status status = hq_get(txn, HQ_ACCOUNTS, &key, &value);
    if (status == TALLY_E_NOT_FOUND) {
        tally_account_clear(&ret_book->account);
        return TALLY_OK;
    }
    TALLY_TRY(status);
    status = tally_book_decode(ret_book, value);
    if (status != TALLY_OK) {
        tally_book_free(ret_book);
    }
    return status;
}

/* An account that is full takes little at a time: nobody is refused an honest sale because others
 * stuffed it, and stuffing it does not pay. */
static bool is_too_much(const struct tally_event *event, size_t account_len)
{
    return account_len > HQ_ACCOUNT_BYTES_MAX && event->id.terminal != TALLY_TERMINAL_HQ &&
           event->effects.move_count + event->effects.count_count > HQ_ADDS_LITTLE;
}

static enum tally_status account_save(struct hq_txn *txn, const struct tally_event *event,
                                      const struct tally_book *book)
{
    struct tally_buffer bytes = {0};
    enum tally_status status = tally_book_encode(book, &bytes);
    txn->work += bytes.len * (1 + event->effects.move_count / MOVES_AS_ONE);
    if (status == TALLY_OK && is_too_much(event, bytes.len)) {
        status = TALLY_E_OVERFLOW;
    }
    if (status == TALLY_OK) {
        struct hq_key key = hq_key_u64(book->account.id);
        status = hq_put(txn, HQ_ACCOUNTS, &key, tally_buffer_slice(&bytes));
    }
    tally_buffer_free(&bytes);
    return status;
}

enum tally_status hq_touch(struct hq_txn *txn, uint64_t account)
{
    struct hq_key of = hq_key_u64(account);
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_CHANGE_OF, &of, &value);
    if (status == TALLY_OK) {
        if (value.len != 8) {
            return TALLY_E_STORE_DAMAGED;
        }
        uint64_t old = tally_load_le(value.data, 8);
        if (old > txn->cursor_before) {
            return TALLY_OK; /* nobody has seen this transaction's changes yet */
        }
        struct hq_key at = hq_key_u64(old);
        TALLY_TRY(hq_delete(txn, HQ_CHANGES, &at));
    } else if (status != TALLY_E_NOT_FOUND) {
        return status;
    }
    uint8_t bytes[8];
    struct hq_key at = hq_key_u64(++txn->counters.cursor);
    tally_store_le(bytes, sizeof bytes, account);
    TALLY_TRY(hq_put(txn, HQ_CHANGES, &at, (struct tally_slice){bytes, sizeof bytes}));
    tally_store_le(bytes, sizeof bytes, txn->counters.cursor);
    return hq_put(txn, HQ_CHANGE_OF, &of, (struct tally_slice){bytes, sizeof bytes});
}

/* ------------------------------------------------------------------ one event */

static enum tally_status fold(struct hq_txn *txn, const struct tally_event *event)
{
    struct tally_book book;
    TALLY_TRY(hq_account_load(txn, event->account, &book));
    enum tally_status status = tally_book_apply(&book, event);
    if (status == TALLY_OK) {
        status = account_save(txn, event, &book);
    }
    tally_book_free(&book);
    return status;
}

enum tally_status hq_event_add(struct hq_txn *txn, const struct tally_event *event,
                               struct tally_slice bytes, struct tally_slice sidecar,
                               const uint8_t chain[TALLY_HASH_LEN])
{
    if (hq_event_folds(event)) {
        TALLY_TRY(fold(txn, event)); /* first: it alone may refuse, and then nothing was written */
    }
    txn->counters.arrival++;
    TALLY_TRY(event_row_put(txn, &event->id, bytes, sidecar, chain));
    TALLY_TRY(ledger_put(txn, event->account, &event->id));
    if (event->type == TALLY_EVENT_ENROL) {
        TALLY_TRY(hq_people_add(txn, event, sidecar));
    } else if (event->type == TALLY_EVENT_CARD) {
        TALLY_TRY(hq_card_change(txn, event));
    } else if (event->type == TALLY_EVENT_TRANSFER && event->effects.merged_into != 0) {
        TALLY_TRY(hq_people_move(txn, event->account, event->effects.merged_into));
    } else if (event->type == TALLY_EVENT_VOID || event->type == TALLY_EVENT_REFUND) {
        TALLY_TRY(hq_reversed_add(txn, event));
    }
    return hq_touch(txn, event->account);
}

enum tally_status hq_append(struct hq_txn *txn, struct hq_terminal *self, struct tally_event *event,
                            struct tally_slice sidecar)
{
    assert(self->number == TALLY_TERMINAL_HQ);
    struct tally_event next = *event;
    next.id = (struct tally_event_id){TALLY_TERMINAL_HQ, self->epoch, self->seq + 1};
    next.time = tally_hlc_next(self->time, txn->now_ms);
    struct hq_today today;
    TALLY_TRY(hq_today(txn, &today));
    next.business_day = today.day;
    next.programme_version = today.programme == NULL ? 0 : today.programme->version;

    struct tally_buffer bytes = {0};
    uint8_t chain[TALLY_HASH_LEN];
    enum tally_status status = tally_event_encode(&next, &bytes);
    if (status == TALLY_OK) {
        status = tally_chain_next(self->chain, tally_buffer_slice(&bytes), chain);
    }
    if (status == TALLY_OK) {
        status = hq_event_add(txn, &next, tally_buffer_slice(&bytes), sidecar, chain);
    }
    tally_buffer_free(&bytes);
    TALLY_TRY(status);
    self->seq = next.id.seq;
    self->time = next.time;
    memcpy(self->chain, chain, TALLY_HASH_LEN);
    *event = next;
    return TALLY_OK;
}

enum tally_status hq_append_own(struct hq_txn *txn, struct tally_event *event)
{
    struct hq_terminal self;
    TALLY_TRY(hq_terminal_get(txn, TALLY_TERMINAL_HQ, &self));
    TALLY_TRY(hq_append(txn, &self, event, (struct tally_slice){NULL, 0}));
    return hq_terminal_put(txn, &self);
}

/* ------------------------------------------------------------------ looking */

enum tally_status hq_store_account(struct hq_store *store, uint64_t account,
                                   struct tally_book *ret_book)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, 0, &txn));
    enum tally_status status = hq_end(&txn, hq_account_load(&txn, account, ret_book));
    if (status == TALLY_OK && ret_book->account.id == 0) {
        tally_book_free(ret_book);
        return TALLY_E_NOT_FOUND;
    }
    return status;
}
