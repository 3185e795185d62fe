/* SPDX-License-Identifier: Apache-2.0 */
/* What goes down to a terminal: changed accounts in the order of the feed, programme, grants; and
 * the draw, which moves points from HQ's drawer to a terminal's. */
#include "app/hq/tables.h"

#include "app/base/alloc.h"
#include "app/core/sale.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { GRANTS_IN_REPLY = 256, MOVES_IN_REPLY = 4096 };

/* Of one account: the reply also holds keys, a programme, grants and the rows before it. */
enum { ROW_BYTES_MAX = TALLY_MSG_LEN_MAX - TALLY_PROGRAMME_LEN_MAX - 256 * 1024 };

/* ------------------------------------------------------------------ lists that grow */

/* Room for one more of `size` bytes behind `count`; NULL without memory. */
static void *one_more(void *list, size_t count, size_t size)
{
    bool full = (count & (count - 1)) == 0; /* 0, 1, 2, 4, ... */
    return full ? tally_realloc(list, count == 0 ? 1 : count * 2, size) : list;
}

/* ------------------------------------------------------------------ grants */

struct grants {
    struct tally_msg_grant *list;
    struct tally_event_decoded *decoded; /* what the moves of `list` live in */
    size_t count;
    size_t moves; /* of all of them */
    bool more;    /* there are newer ones */
};

static void grants_free(struct grants *grants)
{
    for (size_t i = 0; i < grants->count; i++) {
        tally_event_decoded_free(&grants->decoded[i]);
    }
    tally_free(grants->decoded);
    tally_free(grants->list);
    *grants = (struct grants){0};
}

static enum tally_status grants_add(struct hq_txn *txn, struct tally_slice value,
                                    struct grants *grants)
{
    if (value.len != 8) {
        return TALLY_E_STORE_DAMAGED;
    }
    struct tally_event_id id = {TALLY_TERMINAL_HQ, HQ_EPOCH, tally_load_le(value.data, 8)};
    struct hq_event_row row;
    struct tally_event_decoded decoded;
    TALLY_TRY(hq_event_get(txn, &id, &row));
    TALLY_TRY(tally_event_decode(row.event, &decoded));
    void *list = one_more(grants->list, grants->count, sizeof *grants->list);
    if (list != NULL) {
        grants->list = list;
    }
    void *kept = one_more(grants->decoded, grants->count, sizeof *grants->decoded);
    if (kept != NULL) {
        grants->decoded = kept;
    }
    if (list == NULL || kept == NULL || decoded.event.type != TALLY_EVENT_GRANT) {
        tally_event_decoded_free(&decoded);
        return list == NULL || kept == NULL ? TALLY_E_NO_MEMORY : TALLY_E_STORE_DAMAGED;
    }
    grants->decoded[grants->count] = decoded;
    grants->list[grants->count] =
        (struct tally_msg_grant){.account = decoded.event.account,
                                 .grant_seq = decoded.event.as.grant.grant_seq,
                                 .to_terminal = decoded.event.as.grant.to_terminal,
                                 .moves = decoded.event.effects.moves,
                                 .move_count = decoded.event.effects.move_count};
    grants->count++;
    grants->moves += decoded.event.effects.move_count;
    return TALLY_OK;
}

/* The terminal's grants above `after`, oldest first. */
static enum tally_status grants_read(struct hq_txn *txn, const struct hq_terminal *terminal,
                                     uint64_t after, struct grants *ret_grants)
{
    struct grants grants = {0};
    if (after < terminal->grant_base) {
        after = terminal->grant_base; /* those before belong to an epoch that is over */
    }
    struct hq_key prefix = hq_key_u32(terminal->number), from = prefix;
    hq_key_number(&from, 8, after + 1);
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_GRANTS, &prefix, &from, &scan));
    enum tally_status status;
    while ((status = hq_scan_next(&scan)) == TALLY_OK) {
        if (grants.count == GRANTS_IN_REPLY || grants.moves >= MOVES_IN_REPLY) {
            grants.more = true;
            break;
        }
        status = grants_add(txn, scan.value, &grants);
        if (status != TALLY_OK) {
            break;
        }
    }
    hq_scan_close(&scan);
    if (status != TALLY_OK && status != TALLY_E_END) {
        grants_free(&grants);
        return status;
    }
    *ret_grants = grants;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ account rows */

struct rows {
    struct tally_msg_account_row *list;
    size_t count;
    size_t bytes;
    uint64_t cursor; /* of the last change read */
    bool more;
};

static void row_free(struct tally_msg_account_row *row)
{
    for (size_t i = 0; i < row->member_count; i++) {
        tally_free(row->members[i].handles);
        tally_free(row->members[i].blocked);
    }
    tally_free(row->members);
}

static void rows_free(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        row_free(&rows->list[i]);
    }
    tally_free(rows->list);
}

/* Into the list of those that are blocked, or of the others. */
static enum tally_status handle_add(const struct hq_scan *scan, struct tally_msg_member_row *member)
{
    bool blocked = scan->value.len == 1 && scan->value.data[0] != 0;
    uint8_t(**list)[TALLY_HANDLE_LEN] = blocked ? &member->blocked : &member->handles;
    size_t *count = blocked ? &member->blocked_count : &member->handle_count;
    if (scan->key.len != 8 + TALLY_HANDLE_LEN || *count == TALLY_MSG_HANDLES_MAX) {
        return TALLY_E_STORE_DAMAGED;
    }
    void *grown = one_more(*list, *count, TALLY_HANDLE_LEN);
    if (grown == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *list = grown;
    memcpy((*list)[*count], scan->key.data + 8, TALLY_HANDLE_LEN);
    (*count)++;
    return TALLY_OK;
}

static enum tally_status handles_read(struct hq_txn *txn, struct tally_msg_member_row *member)
{
    struct hq_key prefix = hq_key_u64(member->member);
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_MEMBER_CARDS, &prefix, NULL, &scan));
    enum tally_status status;
    while ((status = hq_scan_next(&scan)) == TALLY_OK) {
        status = handle_add(&scan, member);
        if (status != TALLY_OK) {
            break;
        }
    }
    hq_scan_close(&scan);
    return status == TALLY_E_END ? TALLY_OK : status;
}

static enum tally_status member_read(struct hq_txn *txn, uint64_t id,
                                     struct tally_msg_member_row *member)
{
    TALLY_TRY(hq_member_get(txn, id, member));
    return handles_read(txn, member);
}

static enum tally_status members_read(struct hq_txn *txn, uint64_t account,
                                      struct tally_msg_account_row *row)
{
    struct hq_key prefix = hq_key_u64(account);
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_ACCOUNT_MEMBERS, &prefix, NULL, &scan));
    enum tally_status status;
    while ((status = hq_scan_next(&scan)) == TALLY_OK) {
        if (scan.key.len != 16 || row->member_count == TALLY_MSG_MEMBERS_MAX) {
            status = TALLY_E_STORE_DAMAGED;
            break;
        }
        void *list = one_more(row->members, row->member_count, sizeof *row->members);
        if (list == NULL) {
            status = TALLY_E_NO_MEMORY;
            break;
        }
        row->members = list;
        struct tally_msg_member_row *member = &row->members[row->member_count++];
        *member = (struct tally_msg_member_row){.member = 0};
        status = member_read(txn, tally_load_be(scan.key.data + 8, 8), member);
        if (status != TALLY_OK) {
            break;
        }
    }
    hq_scan_close(&scan);
    return status == TALLY_E_END ? TALLY_OK : status;
}

/* What the row takes on the wire, generously. */
static size_t row_bytes(const struct tally_msg_account_row *row)
{
    size_t bytes = 32 + row->account.len;
    for (size_t i = 0; i < row->member_count; i++) {
        const struct tally_msg_member_row *member = &row->members[i];
        bytes += 48 + member->profile.len + member->wrapped_key.len +
                 (member->handle_count + member->blocked_count) * (TALLY_HANDLE_LEN + 2);
    }
    return bytes;
}

static enum tally_status rows_add(struct hq_txn *txn, const struct hq_terminal *terminal,
                                  struct tally_slice change, struct rows *rows)
{
    if (change.len != 8) {
        return TALLY_E_STORE_DAMAGED;
    }
    uint64_t account = tally_load_le(change.data, 8);
    struct hq_key key = hq_key_u64(account);
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_ACCOUNTS, &key, &value);
    if (status == TALLY_E_NOT_FOUND) {
        return TALLY_OK; /* a terminal confirmed a grant on an account that never was */
    }
    TALLY_TRY(status);
    void *list = one_more(rows->list, rows->count, sizeof *rows->list);
    if (list == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    rows->list = list;
    struct tally_msg_account_row *row = &rows->list[rows->count++];
    *row = (struct tally_msg_account_row){
        .account = value, .as_of_seq = terminal->seq, .as_of_epoch = terminal->epoch};
    TALLY_TRY(members_read(txn, account, row));
    if (row_bytes(row) > ROW_BYTES_MAX) {
        row_free(row); /* one account that nobody can be sent must not keep back all others */
        rows->count--;
        return TALLY_OK;
    }
    rows->bytes += row_bytes(row);
    return TALLY_OK;
}

/* Changes above `cursor`, until the message is full. Rows are added before the account is read, so
 * rows_free gives everything back, also after a failure. */
static enum tally_status rows_read(struct hq_txn *txn, const struct hq_terminal *terminal,
                                   uint64_t cursor, struct rows *rows)
{
    rows->cursor = cursor;
    struct hq_key from = hq_key_u64(cursor + 1);
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_CHANGES, NULL, &from, &scan));
    enum tally_status status;
    while ((status = hq_scan_next(&scan)) == TALLY_OK) {
        if (rows->bytes >= HQ_PULL_BYTES || rows->count == TALLY_MSG_ROWS_MAX) {
            rows->more = true;
            break;
        }
        status =
            scan.key.len == 8 ? rows_add(txn, terminal, scan.value, rows) : TALLY_E_STORE_DAMAGED;
        if (status != TALLY_OK) {
            break;
        }
        rows->cursor = tally_load_be(scan.key.data, 8);
    }
    hq_scan_close(&scan);
    return status == TALLY_E_END ? TALLY_OK : status;
}

/* ------------------------------------------------------------------ pull */

static bool in_force(struct hq_txn *txn, const struct hq_scan *scan)
{
    const struct tally_programme *programme = NULL;
    return hq_programme(txn, (uint32_t)tally_load_be(scan->key.data, 4), &programme) == TALLY_OK &&
           programme->effective_ms <= txn->now_ms;
}

struct programme_row {
    uint32_t version;
    struct tally_msg_signed_programme message;
    bool more; /* newer ones follow */
};

/* The next programme that a terminal needs after `held`: the newest that is in force, then those
 * that wait, in order, so that no terminal sells under rules whose time has not come. TALLY_OK,
 * TALLY_E_NOT_FOUND (it holds the newest), store statuses */
static enum tally_status programme_row(struct hq_txn *txn, uint32_t held,
                                       struct programme_row *ret_row)
{
    struct hq_scan scan;
    struct hq_key all = {0}, from = hq_key_u32(held + 1);
    struct tally_slice key = {NULL, 0}, value = {NULL, 0};
    bool more = false;
    TALLY_TRY(hq_scan_open(txn, HQ_PROGRAMMES, &all, &from, &scan));
    enum tally_status status = hq_scan_next(&scan);
    while (status == TALLY_OK) {
        if (scan.key.len != 4) {
            status = TALLY_E_STORE_DAMAGED;
            break;
        }
        if (key.data != NULL && !in_force(txn, &scan)) {
            more = true;
            break;
        }
        key = scan.key;
        value = scan.value;
        status = hq_scan_next(&scan);
    }
    hq_scan_close(&scan);
    if (status != TALLY_OK && status != TALLY_E_END) {
        return status;
    }
    if (key.data == NULL) {
        return TALLY_E_NOT_FOUND;
    }
    struct tally_reader reader = {value.data, value.len, 0, false};
    struct programme_row row = {.version = (uint32_t)tally_load_be(key.data, 4), .more = more};
    row.message.signature = tally_read_slice(&reader, (size_t)tally_read_le(&reader, 2));
    row.message.document = tally_read_slice(&reader, reader.len - reader.at);
    if (reader.failed) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_row = row;
    return TALLY_OK;
}

static enum tally_status pull_encode(struct hq_txn *txn, struct hq_pull *pull,
                                     const struct rows *rows, const struct grants *grants,
                                     struct tally_buffer *ret_reply)
{
    struct tally_msg_pull_reply reply = {
        .accounts = rows->list,
        .account_count = rows->count,
        .cursor = rows->cursor,
        .grants = grants->list,
        .grant_count = grants->count,
        .hq_time_ms = txn->now_ms,
    };
    struct programme_row programme = {.version = pull->programme_version};
    enum tally_status status = programme_row(txn, pull->programme_version, &programme);
    if (status != TALLY_OK && status != TALLY_E_NOT_FOUND) {
        return status;
    }
    reply.has_programme = status == TALLY_OK;
    reply.programme = programme.message;
    reply.caught_up = !rows->more && !grants->more && !programme.more;
    if (pull->keys != NULL) {
        reply.has_keys = true;
        reply.keys = *pull->keys;
    }
    status = tally_msg_pull_reply_encode(&reply, ret_reply);
    explicit_bzero(&reply.keys, sizeof reply.keys);
    TALLY_TRY(status);
    pull->caught_up = reply.caught_up;
    pull->news =
        reply.has_keys || reply.has_programme || rows->cursor != pull->cursor || grants->count > 0;
    pull->cursor = rows->cursor;
    pull->programme_version = programme.version;
    if (grants->count > 0) {
        pull->grant_seq = grants->list[grants->count - 1].grant_seq;
    }
    return TALLY_OK;
}

static enum tally_status pull_in(struct hq_txn *txn, struct hq_pull *pull,
                                 struct tally_buffer *ret_reply)
{
    struct hq_terminal terminal;
    TALLY_TRY(hq_caller(txn, pull->pin, pull->text, &terminal));
    pull->terminal = terminal.number;
    if (pull->cursor > txn->counters.cursor) {
        /* The caller has seen what HQ has not: HQ was put back. From the beginning, then. */
        pull->cursor = 0;
    }
    struct rows rows = {0};
    struct grants grants = {0};
    enum tally_status status = grants_read(txn, &terminal, pull->grant_seq, &grants);
    if (status == TALLY_OK) {
        status = rows_read(txn, &terminal, pull->cursor, &rows);
    }
    if (status == TALLY_OK) {
        status = pull_encode(txn, pull, &rows, &grants, ret_reply);
    }
    rows_free(&rows);
    grants_free(&grants);
    return status;
}

enum tally_status hq_store_pull(struct hq_store *store, struct hq_pull *pull, int64_t now_ms,
                                struct tally_buffer *ret_reply)
{
    pull->text[0] = '\0';
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, now_ms, &txn));
    return hq_end(&txn, pull_in(&txn, pull, ret_reply));
}

/* ------------------------------------------------------------------ draw */

static enum tally_status grant_put(struct hq_txn *txn, struct hq_terminal *terminal,
                                   uint64_t account, const struct tally_move *moves, size_t count)
{
    struct tally_event event = {.type = TALLY_EVENT_GRANT,
                                .account = account,
                                .effects = {.moves = moves, .move_count = count}};
    event.as.grant =
        (struct tally_grant){.grant_seq = terminal->grant_seq + 1, .to_terminal = terminal->number};
    TALLY_TRY(hq_append_own(txn, &event));
    terminal->grant_seq++;
    TALLY_TRY(hq_terminal_put(txn, terminal));
    uint8_t seq[8];
    tally_store_le(seq, sizeof seq, event.id.seq);
    struct hq_key key = hq_key_u32(terminal->number);
    hq_key_number(&key, 8, terminal->grant_seq);
    return hq_put(txn, HQ_GRANTS, &key, (struct tally_slice){seq, sizeof seq});
}

static enum tally_status draw_decide(struct hq_txn *txn, struct hq_terminal *terminal,
                                     const struct tally_msg_draw_request *request,
                                     struct hq_draw *draw)
{
    struct hq_today today;
    struct tally_book book;
    if (request->account == TALLY_ACCOUNT_HOUSE) { /* a programme may have come into force */
        TALLY_TRY(hq_stock_fill(txn));
    }
    TALLY_TRY(hq_today(txn, &today));
    TALLY_TRY(hq_account_load(txn, request->account, &book));
    struct tally_move *moves = tally_alloc(TALLY_MOVES_MAX, sizeof *moves);
    enum tally_status status = moves == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
    if (status == TALLY_OK && book.account.id == 0) {
        snprintf(draw->text, sizeof draw->text, "no such account");
        status = TALLY_E_NOT_FOUND;
    }
    if (status == TALLY_OK) {
        size_t count = tally_draw_moves(&book.account, request->purse, request->points, today.day,
                                        moves, &draw->granted);
        if (count > 0) {
            status = grant_put(txn, terminal, request->account, moves, count);
        }
    }
    tally_free(moves);
    tally_book_free(&book);
    return status;
}

static enum tally_status draw_once(struct hq_txn *txn, struct hq_terminal *terminal,
                                   const struct tally_msg_draw_request *request,
                                   struct hq_draw *draw)
{
    struct hq_key key = hq_key_u32(terminal->number);
    hq_key_bytes(&key, request->request_id, TALLY_REQUEST_ID_LEN);
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_DRAWS, &key, &value);
    if (status != TALLY_E_NOT_FOUND) {
        return status; /* decided already: the grants are in the table */
    }
    TALLY_TRY(draw_decide(txn, terminal, request, draw));
    uint8_t seq[8];
    tally_store_le(seq, sizeof seq, draw->granted > 0 ? terminal->grant_seq : 0);
    return hq_put(txn, HQ_DRAWS, &key, (struct tally_slice){seq, sizeof seq});
}

static enum tally_status draw_in(struct hq_txn *txn, struct hq_draw *draw,
                                 struct tally_buffer *ret_reply)
{
    struct tally_msg_draw_request request;
    enum tally_status status = tally_msg_draw_request_decode(draw->message, &request);
    if (status == TALLY_E_INVALID || (status == TALLY_OK && request.points < 1)) {
        snprintf(draw->text, sizeof draw->text, "the request can't be read");
        return TALLY_E_INVALID;
    }
    TALLY_TRY(status);
    struct hq_terminal terminal;
    TALLY_TRY(hq_caller(txn, draw->pin, draw->text, &terminal));
    draw->terminal = terminal.number;
    TALLY_TRY(draw_once(txn, &terminal, &request, draw));
    struct grants grants = {0};
    TALLY_TRY(grants_read(txn, &terminal, request.grant_seq, &grants));
    struct tally_msg_draw_reply reply = {.grants = grants.list, .grant_count = grants.count};
    status = tally_msg_draw_reply_encode(&reply, ret_reply);
    grants_free(&grants);
    return status;
}

enum tally_status hq_store_draw(struct hq_store *store, struct hq_draw *draw, int64_t now_ms,
                                struct tally_buffer *ret_reply)
{
    draw->text[0] = '\0';
    draw->granted = 0;
    size_t before = ret_reply->len;
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, true, now_ms, &txn));
    enum tally_status status = hq_end(&txn, draw_in(&txn, draw, ret_reply));
    if (status != TALLY_OK) {
        ret_reply->len = before;
    }
    return status;
}
