/* SPDX-License-Identifier: Apache-2.0 */
/* Voids and refunds at head office: what of a sale is back, and whether more may come. */
#include "app/hq/tables.h"

#include "app/base/alloc.h"
#include "app/core/reversal.h"
#include "app/core/undo.h"

#include <assert.h>
#include <inttypes.h>

/* ------------------------------------------------------------------ what came back of a sale */

enum { REVERSED_HEAD_LEN = 21, REVERSED_LINE_LEN = 12 };

/* A return of one line has the whole sale worked out again, many times as dearly as it is read. */
enum { REVERSAL_WORK = 16 };

void hq_reversed_free(struct hq_reversed *reversed)
{
    tally_free(reversed->lines);
    *reversed = (struct hq_reversed){.is_void = false};
}

static enum tally_status reversed_parse(struct tally_slice value, struct hq_reversed *ret_reversed)
{
    struct tally_reader reader = {value.data, value.len, 0, false};
    struct hq_reversed reversed = {.is_void = tally_read_le(&reader, 1) != 0};
    reversed.newest.terminal = (uint32_t)tally_read_le(&reader, 4);
    reversed.newest.epoch = (uint32_t)tally_read_le(&reader, 4);
    reversed.newest.seq = tally_read_le(&reader, 8);
    reversed.line_count = (size_t)tally_read_le(&reader, 4);
    if (reader.failed || (value.len - reader.at) % REVERSED_LINE_LEN != 0 ||
        reversed.line_count != (value.len - reader.at) / REVERSED_LINE_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    reversed.lines = tally_alloc(reversed.line_count, sizeof *reversed.lines);
    if (reversed.lines == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < reversed.line_count; i++) {
        reversed.lines[i].line = (uint32_t)tally_read_le(&reader, 4);
        reversed.lines[i].quantity_before_milli = (int64_t)tally_read_le(&reader, 8);
    }
    *ret_reversed = reversed;
    return TALLY_OK;
}

enum tally_status hq_reversed_load(struct hq_txn *txn, const struct tally_event_id *sale,
                                   struct hq_reversed *ret_reversed)
{
    struct hq_key key = hq_key_event(sale);
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_REVERSALS, &key, &value);
    if (status == TALLY_E_NOT_FOUND) {
        *ret_reversed = (struct hq_reversed){.is_void = false};
        return TALLY_OK;
    }
    TALLY_TRY(status);
    return reversed_parse(value, ret_reversed);
}

static enum tally_status reversed_put(struct hq_txn *txn, const struct tally_event_id *sale,
                                      const struct hq_reversed *reversed)
{
    size_t len = REVERSED_HEAD_LEN + reversed->line_count * REVERSED_LINE_LEN;
    uint8_t *row = tally_alloc(len, 1);
    if (row == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct tally_writer writer = {row, len, 0, false};
    tally_write_le(&writer, 1, reversed->is_void);
    tally_write_le(&writer, 4, reversed->newest.terminal);
    tally_write_le(&writer, 4, reversed->newest.epoch);
    tally_write_le(&writer, 8, reversed->newest.seq);
    tally_write_le(&writer, 4, reversed->line_count);
    for (size_t i = 0; i < reversed->line_count; i++) {
        tally_write_le(&writer, 4, reversed->lines[i].line);
        tally_write_le(&writer, 8, (uint64_t)reversed->lines[i].quantity_before_milli);
    }
    assert(!writer.failed && writer.at == len);
    struct hq_key key = hq_key_event(sale);
    enum tally_status status = hq_put(txn, HQ_REVERSALS, &key, (struct tally_slice){row, len});
    tally_free(row);
    return status;
}

/* What was back before and what comes back now, by line; `lines` has room for both. */
static size_t lines_merge(const struct hq_reversed *before, const struct tally_reversal *now,
                          struct tally_returned_line *lines)
{
    size_t count = 0, i = 0, j = 0;
    while (i < before->line_count || j < now->line_count) {
        bool old = j == now->line_count ||
                   (i < before->line_count && before->lines[i].line <= now->lines[j].line);
        bool new = i == before->line_count ||
                   (j < now->line_count && now->lines[j].line <= before->lines[i].line);
        struct tally_returned_line line = {.line = 0};
        if (old) {
            line.line = before->lines[i].line;
            line.quantity_before_milli = before->lines[i].quantity_before_milli;
            i++;
        }
        if (new) {
            line.line = now->lines[j].line;
            /* Each at most the sale's. */
            line.quantity_before_milli += now->lines[j].quantity_milli;
            j++;
        }
        lines[count] = line;
        count++;
    }
    return count;
}

enum tally_status hq_reversed_add(struct hq_txn *txn, const struct tally_event *event)
{
    const struct tally_reversal *reversal = &event->as.reversal;
    struct hq_reversed before,
        after = {.newest = event->id, .is_void = event->type == TALLY_EVENT_VOID};
    TALLY_TRY(hq_reversed_load(txn, &reversal->sale, &before));
    after.lines = tally_alloc(before.line_count + reversal->line_count, sizeof *after.lines);
    enum tally_status status = after.lines == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
    if (status == TALLY_OK) {
        after.line_count = lines_merge(&before, reversal, after.lines);
        status = reversed_put(txn, &reversal->sale, &after);
    }
    hq_reversed_free(&before);
    hq_reversed_free(&after);
    return status;
}

/* ------------------------------------------------------------------ is a reversal right? */

static int64_t quantity_back(const struct hq_reversed *reversed, uint32_t line)
{
    for (size_t i = 0; i < reversed->line_count; i++) {
        if (reversed->lines[i].line == line) {
            return reversed->lines[i].quantity_before_milli;
        }
    }
    return 0;
}

/* NULL, or why what came back before does not let this one be. */
static const char *why_not_now(const struct tally_event *event, const struct hq_reversed *before)
{
    const struct tally_reversal *reversal = &event->as.reversal;
    if (before->is_void) {
        return "undoes a sale that was voided before";
    }
    if (event->type == TALLY_EVENT_VOID && before->newest.seq != 0) {
        return "voids a sale of which a part had come back";
    }
    for (size_t i = 0; i < reversal->line_count; i++) {
        if (reversal->lines[i].quantity_before_milli !=
            quantity_back(before, reversal->lines[i].line)) {
            return "says that another quantity came back before";
        }
    }
    return NULL;
}

static enum tally_status check_against(struct hq_txn *txn, const struct tally_event *event,
                                       const struct tally_event *sale, const char **ret_why)
{
    if (sale->type != TALLY_EVENT_SALE || sale->account != event->account) {
        *ret_why = "undoes something that is not a sale of that account";
        return TALLY_E_MISMATCH;
    }
    const struct tally_undo undo = {.sale = sale,
                                    .lines = event->as.reversal.lines,
                                    .line_count = event->as.reversal.line_count,
                                    .is_void = event->type == TALLY_EVENT_VOID};
    if (tally_undo_check(&undo) != TALLY_OK) {
        *ret_why = "undoes more than was sold";
        return TALLY_E_MISMATCH;
    }
    const struct tally_programme *programme = NULL;
    enum tally_status status = hq_programme(txn, event->programme_version, &programme);
    if (status == TALLY_E_NOT_FOUND) {
        return hq_flag_add(txn, &event->id, event->account,
                           "undone under programme version %" PRIu32 ", which HQ never published",
                           event->programme_version);
    }
    TALLY_TRY(status);
    status = tally_reversal_check(programme, sale, event);
    if (status == TALLY_E_MISMATCH || status == TALLY_E_INVALID || status == TALLY_E_OVERFLOW) {
        *ret_why = "undoes other amounts than the sale had";
        return TALLY_E_MISMATCH;
    }
    TALLY_TRY(status);
    if (event->type == TALLY_EVENT_VOID && sale->business_day != event->business_day) {
        return hq_flag_add(txn, &event->id, event->account,
                           "void on another business day than its sale");
    }
    return TALLY_OK;
}

/* What this terminal itself brought back of a line in its epoch: that much it knows. */
static enum tally_status own_quantity_back(struct hq_txn *txn, const struct tally_event *event,
                                           uint32_t line, int64_t *ret_milli)
{
    const struct tally_event_id *sale = &event->as.reversal.sale;
    struct hq_key prefix = hq_key_u64(event->account);
    hq_key_number(&prefix, 4, event->id.terminal);
    hq_key_number(&prefix, 4, event->id.epoch);
    struct hq_scan scan;
    int64_t milli = 0;
    TALLY_TRY(hq_scan_open(txn, HQ_LEDGER, &prefix, NULL, &scan));
    enum tally_status status;
    while ((status = hq_scan_next(&scan)) == TALLY_OK) {
        struct tally_event_id id = event->id;
        struct hq_event_row row;
        struct tally_event_decoded held;
        id.seq = tally_load_be(scan.key.data + scan.key.len - 8, 8);
        status = hq_event_get(txn, &id, &row);
        if (status == TALLY_OK) {
            status = tally_event_decode(row.event, &held);
        }
        if (status != TALLY_OK) {
            break;
        }
        const struct tally_reversal *before = &held.event.as.reversal;
        for (size_t i = 0; held.event.type == TALLY_EVENT_REFUND && i < before->line_count; i++) {
            if (before->lines[i].line == line && before->sale.terminal == sale->terminal &&
                before->sale.epoch == sale->epoch && before->sale.seq == sale->seq) {
                milli += before->lines[i].quantity_milli; /* at most what was sold, each time */
            }
        }
        tally_event_decoded_free(&held);
    }
    hq_scan_close(&scan);
    *ret_milli = milli;
    return status == TALLY_E_END ? TALLY_OK : status;
}

/* A sale of another terminal: that one may have taken goods back at the same time, honestly. What
 * it took back itself a terminal knows. */
static enum tally_status flag_elsewhere(struct hq_txn *txn, const struct tally_event *event,
                                        const char **why)
{
    for (size_t i = 0; i < event->as.reversal.line_count; i++) {
        const struct tally_returned_line *line = &event->as.reversal.lines[i];
        int64_t own_milli = 0;
        TALLY_TRY(own_quantity_back(txn, event, line->line, &own_milli));
        if (line->quantity_before_milli < own_milli) {
            return TALLY_E_MISMATCH;
        }
    }
    return hq_flag_add(txn, &event->id, event->account, "a refund of another terminal's sale: %s",
                       *why);
}

enum tally_status hq_reversal_check(struct hq_txn *txn, const struct tally_event *event,
                                    const char **ret_why)
{
    const struct tally_reversal *reversal = &event->as.reversal;
    const bool is_own = reversal->sale.terminal == event->id.terminal;
    struct hq_event_row row;
    if (!is_own && event->type == TALLY_EVENT_VOID) {
        *ret_why = "voids another terminal's sale";
        return TALLY_E_MISMATCH;
    }
    enum tally_status status = hq_event_get(txn, &reversal->sale, &row);
    if (status == TALLY_E_NOT_FOUND) {
        *ret_why = is_own ? "undoes a sale that this terminal never sent"
                          : "it waits for the sale that it undoes, of another terminal";
        return is_own ? TALLY_E_MISMATCH : TALLY_E_NOT_READY;
    }
    TALLY_TRY(status);
    txn->work += REVERSAL_WORK * row.event.len;
    struct tally_event_decoded sale;
    struct hq_reversed before;
    status = tally_event_decode(row.event, &sale);
    if (status != TALLY_OK) {
        return status == TALLY_E_INVALID ? TALLY_E_STORE_DAMAGED : status;
    }
    status = check_against(txn, event, &sale.event, ret_why);
    tally_event_decoded_free(&sale);
    TALLY_TRY(status);
    TALLY_TRY(hq_reversed_load(txn, &reversal->sale, &before));
    const char *why = why_not_now(event, &before);
    hq_reversed_free(&before);
    if (why == NULL) {
        return TALLY_OK;
    }
    *ret_why = why;
    return is_own ? TALLY_E_MISMATCH : flag_elsewhere(txn, event, ret_why);
}
