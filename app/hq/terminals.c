/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of terminals and flags, and who may speak. */
#include "app/hq/tables.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { TERMINAL_LEN_MAX = 128 + TALLY_HASH_LEN * 2 + 2 * HQ_TEXT_MAX, FLAG_HEAD_LEN = 32 };

static void write_text(struct tally_writer *writer, const char *text)
{
    size_t len = strnlen(text, HQ_TEXT_MAX - 1);
    tally_write_le(writer, 2, len);
    tally_write_bytes(writer, text, len);
}

static void read_text(struct tally_reader *reader, char ret_text[HQ_TEXT_MAX])
{
    size_t len = (size_t)tally_read_le(reader, 2);
    struct tally_slice text = tally_read_slice(reader, len);
    if (text.len >= HQ_TEXT_MAX) {
        reader->failed = true;
        text.len = 0;
    }
    if (text.len > 0) {
        memcpy(ret_text, text.data, text.len);
    }
    ret_text[text.len] = '\0';
}

static void read_hash(struct tally_reader *reader, uint8_t ret_hash[TALLY_HASH_LEN])
{
    struct tally_slice bytes = tally_read_slice(reader, TALLY_HASH_LEN);
    if (bytes.len == TALLY_HASH_LEN) {
        memcpy(ret_hash, bytes.data, TALLY_HASH_LEN);
    }
}

enum tally_status hq_terminal_put(struct hq_txn *txn, const struct hq_terminal *terminal)
{
    uint8_t bytes[TERMINAL_LEN_MAX];
    struct tally_writer writer = {bytes, sizeof bytes, 0, false};
    tally_write_le(&writer, 4, terminal->shop);
    tally_write_le(&writer, 4, terminal->epoch);
    tally_write_le(&writer, 1, terminal->state);
    tally_write_le(&writer, 8, terminal->seq);
    tally_write_bytes(&writer, terminal->chain, TALLY_HASH_LEN);
    tally_write_le(&writer, 8, terminal->time);
    tally_write_le(&writer, 8, terminal->grant_seq);
    tally_write_le(&writer, 8, terminal->grant_base);
    tally_write_bytes(&writer, terminal->pin, TALLY_HASH_LEN);
    tally_write_le(&writer, 8, (uint64_t)terminal->enrolled_ms);
    tally_write_le(&writer, 8, (uint64_t)terminal->heard_ms);
    write_text(&writer, terminal->software);
    write_text(&writer, terminal->reason);
    assert(!writer.failed);
    struct hq_key key = hq_key_u32(terminal->number);
    return hq_put(txn, HQ_TERMINALS, &key, (struct tally_slice){bytes, writer.at});
}

static enum tally_status terminal_parse(uint32_t number, struct tally_slice value,
                                        struct hq_terminal *ret_terminal)
{
    struct hq_terminal terminal = {.number = number};
    struct tally_reader reader = {value.data, value.len, 0, false};
    terminal.shop = (uint32_t)tally_read_le(&reader, 4);
    terminal.epoch = (uint32_t)tally_read_le(&reader, 4);
    uint64_t state = tally_read_le(&reader, 1);
    terminal.seq = tally_read_le(&reader, 8);
    read_hash(&reader, terminal.chain);
    terminal.time = tally_read_le(&reader, 8);
    terminal.grant_seq = tally_read_le(&reader, 8);
    terminal.grant_base = tally_read_le(&reader, 8);
    read_hash(&reader, terminal.pin);
    terminal.enrolled_ms = (int64_t)tally_read_le(&reader, 8);
    terminal.heard_ms = (int64_t)tally_read_le(&reader, 8);
    read_text(&reader, terminal.software);
    read_text(&reader, terminal.reason);
    if (reader.failed || reader.at != reader.len || state > HQ_TERMINAL_REVOKED) {
        return TALLY_E_STORE_DAMAGED;
    }
    terminal.state = (enum hq_terminal_state)state;
    *ret_terminal = terminal;
    return TALLY_OK;
}

enum tally_status hq_terminal_get(struct hq_txn *txn, uint32_t number,
                                  struct hq_terminal *ret_terminal)
{
    struct hq_key key = hq_key_u32(number);
    struct tally_slice value;
    TALLY_TRY(hq_get(txn, HQ_TERMINALS, &key, &value));
    return terminal_parse(number, value, ret_terminal);
}

enum tally_status hq_caller(struct hq_txn *txn, const uint8_t pin[TALLY_HASH_LEN],
                            char text[HQ_TEXT_MAX], struct hq_terminal *ret_terminal)
{
    struct hq_key key = {.len = 0};
    hq_key_bytes(&key, pin, TALLY_HASH_LEN);
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_PINS, &key, &value);
    if (status == TALLY_E_NOT_FOUND) {
        snprintf(text, HQ_TEXT_MAX, "this certificate's key belongs to no terminal");
        return TALLY_E_REVOKED;
    }
    if (status != TALLY_OK || value.len != 4) {
        return status != TALLY_OK ? status : TALLY_E_STORE_DAMAGED;
    }
    struct hq_terminal terminal;
    TALLY_TRY(hq_terminal_get(txn, (uint32_t)tally_load_le(value.data, 4), &terminal));
    if (terminal.state == HQ_TERMINAL_REVOKED) {
        snprintf(text, HQ_TEXT_MAX, "terminal %u is revoked", (unsigned)terminal.number);
        return TALLY_E_REVOKED;
    }
    if (terminal.state == HQ_TERMINAL_QUARANTINED) {
        snprintf(text, HQ_TEXT_MAX, "%s", terminal.reason);
        return TALLY_E_CHAIN;
    }
    *ret_terminal = terminal;
    return TALLY_OK;
}

enum tally_status hq_store_terminal(struct hq_store *store, uint32_t number,
                                    struct hq_terminal *ret_terminal)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, 0, &txn));
    return hq_end(&txn, hq_terminal_get(&txn, number, ret_terminal));
}

enum tally_status hq_store_terminals(struct hq_store *store,
                                     enum tally_status (*each)(void *context,
                                                               const struct hq_terminal *terminal),
                                     void *context)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, 0, &txn));
    struct hq_scan scan;
    enum tally_status status = hq_scan_open(&txn, HQ_TERMINALS, NULL, NULL, &scan);
    if (status == TALLY_OK) {
        while ((status = hq_scan_next(&scan)) == TALLY_OK) {
            struct hq_terminal terminal;
            status = scan.key.len == 4 ? terminal_parse((uint32_t)tally_load_be(scan.key.data, 4),
                                                        scan.value, &terminal)
                                       : TALLY_E_STORE_DAMAGED;
            if (status == TALLY_OK) {
                status = each(context, &terminal);
            }
            if (status != TALLY_OK) {
                break;
            }
        }
        hq_scan_close(&scan);
    }
    return hq_end(&txn, status == TALLY_E_END ? TALLY_OK : status);
}

enum tally_status hq_store_revoke(struct hq_store *store, uint32_t number, const char *reason)
{
    if (number == TALLY_TERMINAL_HQ) {
        return TALLY_E_NOT_FOUND;
    }
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, true, 0, &txn));
    struct hq_terminal terminal;
    enum tally_status status = hq_terminal_get(&txn, number, &terminal);
    if (status == TALLY_OK) {
        terminal.state = HQ_TERMINAL_REVOKED;
        snprintf(terminal.reason, sizeof terminal.reason, "%s", reason);
        status = hq_terminal_put(&txn, &terminal);
    }
    return hq_end(&txn, status);
}

/* ------------------------------------------------------------------ flags */

enum tally_status hq_flag_add(struct hq_txn *txn, const struct tally_event_id *event,
                              uint64_t account, const char *format, ...)
{
    char text[HQ_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    uint8_t bytes[FLAG_HEAD_LEN + 2 + HQ_TEXT_MAX];
    struct tally_writer writer = {bytes, sizeof bytes, 0, false};
    tally_write_le(&writer, 8, (uint64_t)txn->now_ms);
    tally_write_le(&writer, 4, event->terminal);
    tally_write_le(&writer, 4, event->epoch);
    tally_write_le(&writer, 8, event->seq);
    tally_write_le(&writer, 8, account);
    write_text(&writer, text);
    assert(!writer.failed);
    struct hq_key key = hq_key_u64(++txn->counters.flag);
    return hq_put(txn, HQ_FLAGS, &key, (struct tally_slice){bytes, writer.at});
}

static enum tally_status flag_parse(const struct hq_scan *scan, struct hq_flag *ret_flag)
{
    struct hq_flag flag = {.number = scan->key.len == 8 ? tally_load_be(scan->key.data, 8) : 0};
    struct tally_reader reader = {scan->value.data, scan->value.len, 0, false};
    flag.time_ms = (int64_t)tally_read_le(&reader, 8);
    flag.event.terminal = (uint32_t)tally_read_le(&reader, 4);
    flag.event.epoch = (uint32_t)tally_read_le(&reader, 4);
    flag.event.seq = tally_read_le(&reader, 8);
    flag.account = tally_read_le(&reader, 8);
    read_text(&reader, flag.text);
    if (reader.failed || flag.number == 0) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_flag = flag;
    return TALLY_OK;
}

enum tally_status
hq_store_flags(struct hq_store *store,
               enum tally_status (*each)(void *context, const struct hq_flag *flag), void *context)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, 0, &txn));
    struct hq_scan scan;
    enum tally_status status = hq_scan_open(&txn, HQ_FLAGS, NULL, NULL, &scan);
    if (status == TALLY_OK) {
        while ((status = hq_scan_next(&scan)) == TALLY_OK) {
            struct hq_flag flag;
            status = flag_parse(&scan, &flag);
            if (status == TALLY_OK) {
                status = each(context, &flag);
            }
            if (status != TALLY_OK) {
                break;
            }
        }
        hq_scan_close(&scan);
    }
    return hq_end(&txn, status == TALLY_E_END ? TALLY_OK : status);
}
