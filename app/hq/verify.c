/* SPDX-License-Identifier: Apache-2.0 */
/* Proof that what HQ holds follows from the events it holds: every chain and every account again,
 * and that cards and members agree. */
#include "app/hq/tables.h"

#include "app/base/alloc.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static enum tally_status differs(struct hq_verified *verified, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum tally_status differs(struct hq_verified *verified, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verified->difference, sizeof verified->difference, format, arguments);
    va_end(arguments);
    return TALLY_E_MISMATCH;
}

static size_t entries(struct hq_txn *txn, enum hq_table table)
{
    MDB_stat stat;
    return mdb_stat(txn->mdb, txn->store->tables[table], &stat) == MDB_SUCCESS ? stat.ms_entries
                                                                               : 0;
}

/* ------------------------------------------------------------------ chains */

struct walk {
    struct tally_event_id id; /* of the newest event walked */
    uint8_t chain[TALLY_HASH_LEN];
};

/* The terminal's row says how far its newest epoch goes, and its chain there. */
static enum tally_status walk_end(struct hq_txn *txn, const struct walk *walk,
                                  struct hq_verified *verified)
{
    struct hq_terminal terminal;
    enum tally_status status = hq_terminal_get(txn, walk->id.terminal, &terminal);
    if (status == TALLY_E_NOT_FOUND) {
        return differs(verified, "events of terminal %" PRIu32 ", which is in no table",
                       walk->id.terminal);
    }
    TALLY_TRY(status);
    if (walk->id.epoch == terminal.epoch &&
        (walk->id.seq != terminal.seq ||
         memcmp(walk->chain, terminal.chain, TALLY_HASH_LEN) != 0)) {
        return differs(verified,
                       "terminal %" PRIu32 " epoch %" PRIu32 ": its row stands at event %" PRIu64
                       ", its events end at %" PRIu64 " (or the hashes there differ)",
                       terminal.number, terminal.epoch, terminal.seq, walk->id.seq);
    }
    return TALLY_OK;
}

static enum tally_status ledger_has(struct hq_txn *txn, const struct tally_event *event,
                                    uint64_t arrival, struct hq_verified *verified)
{
    struct hq_key key = hq_key_ledger(event->account, &event->id);
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_LEDGER, &key, &value);
    if (status == TALLY_E_NOT_FOUND ||
        (status == TALLY_OK && (value.len != 8 || tally_load_le(value.data, 8) != arrival))) {
        return differs(verified,
                       "terminal %" PRIu32 " epoch %" PRIu32 " event %" PRIu64
                       ": the ledger does not have it",
                       event->id.terminal, event->id.epoch, event->id.seq);
    }
    return status;
}

static enum tally_status walk_event(struct hq_txn *txn, const struct hq_scan *scan,
                                    struct walk *walk, struct hq_verified *verified)
{
    struct hq_event_row row;
    if (scan->key.len != 16) {
        return TALLY_E_STORE_DAMAGED;
    }
    TALLY_TRY(hq_event_row_parse(scan->value, &row));
    struct tally_event_id id = {(uint32_t)tally_load_be(scan->key.data, 4),
                                (uint32_t)tally_load_be(scan->key.data + 4, 4),
                                tally_load_be(scan->key.data + 8, 8)};
    if (id.terminal != walk->id.terminal || id.epoch != walk->id.epoch) {
        if (walk->id.seq != 0) {
            TALLY_TRY(walk_end(txn, walk, verified));
        }
        *walk = (struct walk){.id = {id.terminal, id.epoch, 0}};
    }
    uint8_t chain[TALLY_HASH_LEN];
    TALLY_TRY(tally_chain_next(walk->chain, row.event, chain));
    struct tally_event_decoded decoded;
    enum tally_status status = tally_event_decode(row.event, &decoded);
    if (id.seq != walk->id.seq + 1 || memcmp(chain, row.chain, TALLY_HASH_LEN) != 0 ||
        status == TALLY_E_INVALID) {
        if (status == TALLY_OK) {
            tally_event_decoded_free(&decoded);
        }
        return differs(verified,
                       "terminal %" PRIu32 " epoch %" PRIu32 " event %" PRIu64
                       ": the chain is broken here",
                       id.terminal, id.epoch, id.seq);
    }
    TALLY_TRY(status);
    if (decoded.event.id.terminal != id.terminal || decoded.event.id.epoch != id.epoch ||
        decoded.event.id.seq != id.seq) {
        status = differs(verified, "terminal %" PRIu32 " event %" PRIu64 ": another event is there",
                         id.terminal, id.seq);
    } else {
        status = ledger_has(txn, &decoded.event, row.arrival, verified);
    }
    tally_event_decoded_free(&decoded);
    memcpy(walk->chain, chain, TALLY_HASH_LEN);
    walk->id = id;
    verified->events++;
    return status;
}

static enum tally_status verify_chains(struct hq_txn *txn, struct hq_verified *verified)
{
    struct walk walk = {.id = {0, 0, 0}};
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_EVENTS, NULL, NULL, &scan));
    enum tally_status status;
    while ((status = hq_scan_next(&scan)) == TALLY_OK) {
        status = walk_event(txn, &scan, &walk, verified);
        if (status != TALLY_OK) {
            break;
        }
    }
    hq_scan_close(&scan);
    if (status != TALLY_E_END) {
        return status;
    }
    if (walk.id.seq != 0) {
        TALLY_TRY(walk_end(txn, &walk, verified));
    }
    if (entries(txn, HQ_LEDGER) != verified->events) {
        return differs(verified, "the ledger names events that HQ does not hold");
    }
    return TALLY_OK;
}

/* Truncation to nothing leaves no event to walk: ask every terminal's row too. */
static enum tally_status verify_terminals(struct hq_txn *txn, struct hq_verified *verified)
{
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_TERMINALS, NULL, NULL, &scan));
    enum tally_status status;
    while ((status = hq_scan_next(&scan)) == TALLY_OK) {
        struct hq_terminal terminal;
        status = hq_terminal_get(txn, (uint32_t)tally_load_be(scan.key.data, 4), &terminal);
        struct tally_event_id id = {terminal.number, terminal.epoch, terminal.seq};
        struct hq_event_row row;
        if (status == TALLY_OK && terminal.seq > 0) {
            status = hq_event_get(txn, &id, &row);
            if (status == TALLY_E_NOT_FOUND) {
                status = differs(verified, "terminal %" PRIu32 ": event %" PRIu64 " is missing",
                                 terminal.number, terminal.seq);
            }
        }
        if (status != TALLY_OK) {
            break;
        }
    }
    hq_scan_close(&scan);
    return status == TALLY_E_END ? TALLY_OK : status;
}

/* ------------------------------------------------------------------ accounts */

struct entry {
    uint64_t arrival;
    struct tally_event_id id;
};

/* The events of one account while its ledger rows go by. */
struct ledger {
    uint64_t account; /* 0: none yet */
    struct entry *entries;
    size_t count;
    size_t cap;
};

static int by_arrival(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
}

static enum tally_status fold_entry(struct hq_txn *txn, const struct entry *entry,
                                    struct tally_book *book, struct hq_verified *verified)
{
    struct hq_event_row row;
    struct tally_event_decoded decoded;
    enum tally_status status = hq_event_get(txn, &entry->id, &row);
    if (status == TALLY_E_NOT_FOUND) {
        return differs(verified, "the ledger names an event that HQ does not hold");
    }
    TALLY_TRY(status);
    TALLY_TRY(tally_event_decode(row.event, &decoded));
    if (hq_event_folds(&decoded.event)) {
        status = tally_book_apply(book, &decoded.event);
        if (status == TALLY_E_POINTS_SHORT || status == TALLY_E_INVALID ||
            status == TALLY_E_NOT_FOUND || status == TALLY_E_OVERFLOW) {
            status = differs(verified,
                             "account %" PRIu64 ": event %" PRIu64 " of terminal %" PRIu32
                             " does not fold: %s",
                             decoded.event.account, entry->id.seq, entry->id.terminal,
                             tally_status_name(status));
        }
    }
    tally_event_decoded_free(&decoded);
    return status;
}

static enum tally_status compare(struct hq_txn *txn, const struct tally_book *folded, uint64_t id,
                                 struct hq_verified *verified)
{
    struct hq_key key = hq_key_u64(id);
    struct tally_slice stored = {NULL, 0};
    enum tally_status status = hq_get(txn, HQ_ACCOUNTS, &key, &stored);
    if (status == TALLY_E_NOT_FOUND && folded->account.id == 0) {
        return TALLY_OK; /* nothing but a false grant confirmation */
    }
    if (status == TALLY_E_NOT_FOUND) {
        return differs(verified, "account %" PRIu64 " is missing", id);
    }
    TALLY_TRY(status);
    struct tally_buffer bytes = {0};
    status = tally_book_encode(folded, &bytes);
    if (status == TALLY_OK &&
        (bytes.len != stored.len || memcmp(bytes.data, stored.data, bytes.len) != 0)) {
        status = differs(verified, "account %" PRIu64 " is not the fold of its events", id);
    }
    if (status == TALLY_OK && tally_account_check(&folded->account) != TALLY_OK) {
        status = differs(verified, "account %" PRIu64 " does not add up", id);
    }
    tally_buffer_free(&bytes);
    return status;
}

static enum tally_status ledger_close(struct hq_txn *txn, struct ledger *ledger,
                                      struct hq_verified *verified)
{
    if (ledger->account == 0) {
        return TALLY_OK;
    }
    qsort(ledger->entries, ledger->count, sizeof *ledger->entries, by_arrival);
    struct tally_book book = {0};
    enum tally_status status = TALLY_OK;
    for (size_t i = 0; i < ledger->count && status == TALLY_OK; i++) {
        status = fold_entry(txn, &ledger->entries[i], &book, verified);
    }
    if (status == TALLY_OK) {
        status = compare(txn, &book, ledger->account, verified);
    }
    if (status == TALLY_OK && book.account.id != 0) {
        verified->accounts++;
    }
    tally_book_free(&book);
    ledger->count = 0;
    return status;
}

static enum tally_status ledger_add(struct hq_txn *txn, const struct hq_scan *scan,
                                    struct ledger *ledger, struct hq_verified *verified)
{
    if (scan->key.len != 24 || scan->value.len != 8) {
        return TALLY_E_STORE_DAMAGED;
    }
    uint64_t account = tally_load_be(scan->key.data, 8);
    if (account != ledger->account) {
        TALLY_TRY(ledger_close(txn, ledger, verified));
        ledger->account = account;
    }
    if (ledger->count == ledger->cap) {
        size_t cap = ledger->cap == 0 ? 64 : ledger->cap * 2;
        struct entry *grown = tally_realloc(ledger->entries, cap, sizeof *grown);
        if (grown == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        ledger->entries = grown;
        ledger->cap = cap;
    }
    ledger->entries[ledger->count++] =
        (struct entry){.arrival = tally_load_le(scan->value.data, 8),
                       .id = {(uint32_t)tally_load_be(scan->key.data + 8, 4),
                              (uint32_t)tally_load_be(scan->key.data + 12, 4),
                              tally_load_be(scan->key.data + 16, 8)}};
    return TALLY_OK;
}

static enum tally_status verify_accounts(struct hq_txn *txn, struct hq_verified *verified)
{
    struct ledger ledger = {.account = 0};
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_LEDGER, NULL, NULL, &scan));
    enum tally_status status;
    while ((status = hq_scan_next(&scan)) == TALLY_OK) {
        status = ledger_add(txn, &scan, &ledger, verified);
        if (status != TALLY_OK) {
            break;
        }
    }
    hq_scan_close(&scan);
    if (status == TALLY_E_END) {
        status = ledger_close(txn, &ledger, verified);
    }
    tally_free(ledger.entries);
    TALLY_TRY(status);
    if (entries(txn, HQ_ACCOUNTS) != verified->accounts) {
        return differs(verified, "there are accounts that no event made");
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ cards */

/* Each card, or phone number, that a member lists leads to that member. */
static enum tally_status verify_card(struct hq_txn *txn, const struct hq_scan *scan,
                                     struct hq_verified *verified)
{
    if (scan->key.len != 8 + TALLY_HANDLE_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    uint64_t member = tally_load_be(scan->key.data, 8);
    struct hq_key card = {.len = 0};
    struct tally_slice value;
    hq_key_bytes(&card, scan->key.data + 8, TALLY_HANDLE_LEN);
    enum tally_status status = hq_get(txn, HQ_CARDS, &card, &value);
    if (status == TALLY_E_NOT_FOUND ||
        (status == TALLY_OK && (value.len != 9 || tally_load_le(value.data, 8) != member ||
                                scan->value.len != 1 || scan->value.data[0] != value.data[8]))) {
        return differs(verified, "member %" PRIu64 ": a card does not lead back", member);
    }
    return status;
}

static enum tally_status verify_cards(struct hq_txn *txn, struct hq_verified *verified)
{
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_MEMBER_CARDS, NULL, NULL, &scan));
    enum tally_status status;
    while ((status = hq_scan_next(&scan)) == TALLY_OK) {
        status = verify_card(txn, &scan, verified);
        if (status != TALLY_OK) {
            break;
        }
    }
    hq_scan_close(&scan);
    if (status != TALLY_E_END) {
        return status;
    }
    return entries(txn, HQ_CARDS) == entries(txn, HQ_MEMBER_CARDS)
               ? TALLY_OK
               : differs(verified, "there are cards that no member lists");
}

enum tally_status hq_store_verify(struct hq_store *store, struct hq_verified *ret_verified)
{
    struct hq_verified verified = {.events = 0};
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, 0, &txn));
    enum tally_status status = verify_chains(&txn, &verified);
    if (status == TALLY_OK) {
        status = verify_terminals(&txn, &verified);
    }
    if (status == TALLY_OK) {
        status = verify_accounts(&txn, &verified);
    }
    if (status == TALLY_OK) {
        status = verify_cards(&txn, &verified);
    }
    status = hq_end(&txn, status);
    *ret_verified = verified;
    return status;
}
