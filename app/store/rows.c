/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the state as bytes. */
#include "app/store/rows.h"

#include "app/base/alloc.h"

enum {
    ROW_VERSION = 1,
    ACCOUNT_HEADER_LEN = 16,
    MEMBER_HEADER_LEN = 32,
    REVERSAL_HEADER_LEN = 16,
    REVERSAL_LINE_LEN = 12,
    FLAG_FROM_HQ = 1,
    FLAG_VOID = 1
};

enum tally_status row_account_decode(struct tally_slice value, struct row_account *ret_row)
{
    struct tally_reader from = {.data = value.data, .len = value.len};
    struct row_account row = {0};
    uint64_t version = tally_read_le(&from, 1);
    uint64_t flags = tally_read_le(&from, 1);
    uint64_t reserved = tally_read_le(&from, 2);
    row.own_epoch = (uint32_t)tally_read_le(&from, 4);
    row.own_seq = tally_read_le(&from, 8);
    if (from.failed || reserved != 0 || flags > FLAG_FROM_HQ) {
        return TALLY_E_STORE_DAMAGED;
    }
    if (version != ROW_VERSION) {
        return version > ROW_VERSION ? TALLY_E_STORE_VERSION : TALLY_E_STORE_DAMAGED;
    }
    row.from_hq = flags == FLAG_FROM_HQ;
    struct tally_slice bytes = tally_read_slice(&from, value.len - from.at);
    enum tally_status status = tally_book_decode(&row.book, bytes);
    if (status != TALLY_OK) {
        row_account_free(&row);
        return status;
    }
    *ret_row = row;
    return TALLY_OK;
}

enum tally_status row_account_encode(const struct row_account *row, struct tally_buffer *ret_value)
{
    uint8_t header[ACCOUNT_HEADER_LEN];
    size_t len_before = ret_value->len;
    struct tally_writer to = {.data = header, .cap = sizeof header};
    tally_write_le(&to, 1, ROW_VERSION);
    tally_write_le(&to, 1, row->from_hq ? FLAG_FROM_HQ : 0);
    tally_write_le(&to, 2, 0);
    tally_write_le(&to, 4, row->own_epoch);
    tally_write_le(&to, 8, row->own_seq);
    TALLY_TRY(tally_buffer_append(ret_value, header, to.at));
    enum tally_status status = tally_book_encode(&row->book, ret_value);
    if (status != TALLY_OK) {
        ret_value->len = len_before;
    }
    return status;
}

void row_account_free(struct row_account *row)
{
    tally_book_free(&row->book);
    *row = (struct row_account){0};
}

enum tally_status row_member_decode(struct tally_slice value, struct row_member *ret_row)
{
    struct tally_reader from = {.data = value.data, .len = value.len};
    struct row_member row = {0};
    uint64_t version = tally_read_le(&from, 4);
    row.account = tally_read_le(&from, 8);
    row.home_shop = (uint32_t)tally_read_le(&from, 4);
    uint64_t profile_len = tally_read_le(&from, 4);
    uint64_t key_len = tally_read_le(&from, 4);
    uint64_t handle_count = tally_read_le(&from, 4);
    uint64_t blocked_count = tally_read_le(&from, 4);
    if (from.failed || version != ROW_VERSION) {
        return version > ROW_VERSION ? TALLY_E_STORE_VERSION : TALLY_E_STORE_DAMAGED;
    }
    uint64_t left = value.len - from.at;
    if (profile_len > left || key_len > left || handle_count > left / TALLY_HANDLE_LEN ||
        blocked_count > left / TALLY_HANDLE_LEN ||
        profile_len + key_len + (handle_count + blocked_count) * TALLY_HANDLE_LEN != left) {
        return TALLY_E_STORE_DAMAGED;
    }
    row.profile = tally_read_slice(&from, (size_t)profile_len);
    row.wrapped_key = tally_read_slice(&from, (size_t)key_len);
    row.handle_count = (size_t)handle_count;
    row.blocked_count = (size_t)blocked_count;
    row.handles = tally_read_slice(&from, row.handle_count * TALLY_HANDLE_LEN).data;
    row.blocked = tally_read_slice(&from, row.blocked_count * TALLY_HANDLE_LEN).data;
    *ret_row = row;
    return TALLY_OK;
}

enum tally_status row_member_encode(const struct row_member *row, struct tally_buffer *ret_value)
{
    size_t handles_len = row->handle_count * TALLY_HANDLE_LEN;
    size_t blocked_len = row->blocked_count * TALLY_HANDLE_LEN;
    size_t len =
        MEMBER_HEADER_LEN + row->profile.len + row->wrapped_key.len + handles_len + blocked_len;
    TALLY_TRY(tally_buffer_reserve(ret_value, len));
    struct tally_writer to = {.data = ret_value->data + ret_value->len, .cap = len};
    tally_write_le(&to, 4, ROW_VERSION);
    tally_write_le(&to, 8, row->account);
    tally_write_le(&to, 4, row->home_shop);
    tally_write_le(&to, 4, row->profile.len);
    tally_write_le(&to, 4, row->wrapped_key.len);
    tally_write_le(&to, 4, row->handle_count);
    tally_write_le(&to, 4, row->blocked_count);
    tally_write_bytes(&to, row->profile.data, row->profile.len);
    tally_write_bytes(&to, row->wrapped_key.data, row->wrapped_key.len);
    tally_write_bytes(&to, row->handles, handles_len);
    tally_write_bytes(&to, row->blocked, blocked_len);
    ret_value->len += to.at;
    return to.failed ? TALLY_E_INVALID : TALLY_OK;
}

enum tally_status row_reversal_decode(struct tally_slice value, struct row_reversal *ret_row)
{
    struct tally_reader from = {.data = value.data, .len = value.len};
    uint64_t version = tally_read_le(&from, 1);
    uint64_t flags = tally_read_le(&from, 1);
    uint64_t reserved = tally_read_le(&from, 2);
    struct row_reversal row = {.is_void = flags == FLAG_VOID};
    row.epoch = (uint32_t)tally_read_le(&from, 4);
    row.seq = tally_read_le(&from, 8);
    if (from.failed || reserved != 0 || flags > FLAG_VOID || version != ROW_VERSION) {
        return version > ROW_VERSION ? TALLY_E_STORE_VERSION : TALLY_E_STORE_DAMAGED;
    }
    if ((value.len - from.at) % REVERSAL_LINE_LEN != 0) {
        return TALLY_E_STORE_DAMAGED;
    }
    row.line_count = (value.len - from.at) / REVERSAL_LINE_LEN;
    row.lines = tally_alloc(row.line_count, sizeof *row.lines);
    if (row.lines == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < row.line_count; i++) {
        row.lines[i].line = (uint32_t)tally_read_le(&from, 4);
        row.lines[i].quantity_milli = (int64_t)tally_read_le(&from, 8);
        if (row.lines[i].quantity_milli <= 0 ||
            (i > 0 && row.lines[i].line <= row.lines[i - 1].line)) {
            row_reversal_free(&row);
            return TALLY_E_STORE_DAMAGED;
        }
    }
    *ret_row = row;
    return TALLY_OK;
}

enum tally_status row_reversal_encode(const struct row_reversal *row,
                                      struct tally_buffer *ret_value)
{
    size_t len = REVERSAL_HEADER_LEN + row->line_count * REVERSAL_LINE_LEN;
    TALLY_TRY(tally_buffer_reserve(ret_value, len));
    struct tally_writer to = {.data = ret_value->data + ret_value->len, .cap = len};
    tally_write_le(&to, 1, ROW_VERSION);
    tally_write_le(&to, 1, row->is_void ? FLAG_VOID : 0);
    tally_write_le(&to, 2, 0);
    tally_write_le(&to, 4, row->epoch);
    tally_write_le(&to, 8, row->seq);
    for (size_t i = 0; i < row->line_count; i++) {
        tally_write_le(&to, 4, row->lines[i].line);
        tally_write_le(&to, 8, (uint64_t)row->lines[i].quantity_milli);
    }
    ret_value->len += to.at;
    return to.failed ? TALLY_E_INVALID : TALLY_OK;
}

/* Two rising lists as one, quantities of the same line added. TALLY_OK, TALLY_E_OVERFLOW */
static enum tally_status add_lines(const struct row_reversal *before,
                                   const struct tally_reversal *now, struct row_reversal *after)
{
    size_t old = 0, new = 0;
    while (old < before->line_count || new < now->line_count) {
        bool takes_new = old == before->line_count ||
                         (new < now->line_count && now->lines[new].line <= before->lines[old].line);
        bool takes_old =
            new == now->line_count ||
            (old < before->line_count && before->lines[old].line <= now->lines[new].line);
        struct tally_returned_line *line = &after->lines[after->line_count++];
        if (takes_old) {
            *line = before->lines[old++];
        }
        if (takes_new) {
            line->line = now->lines[new].line;
            TALLY_TRY(tally_add(line->quantity_milli, now->lines[new].quantity_milli,
                                &line->quantity_milli));
            new ++;
        }
    }
    return TALLY_OK;
}

enum tally_status row_reversal_add(const struct row_reversal *before,
                                   const struct tally_event *event, struct row_reversal *ret_after)
{
    const struct tally_reversal *now = &event->as.reversal;
    struct row_reversal after = {.is_void = before->is_void || event->type == TALLY_EVENT_VOID,
                                 .epoch = event->id.epoch,
                                 .seq = event->id.seq};
    after.lines = tally_alloc(before->line_count + now->line_count, sizeof *after.lines);
    if (after.lines == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = add_lines(before, now, &after);
    if (status != TALLY_OK) {
        row_reversal_free(&after);
        return status;
    }
    *ret_after = after;
    return TALLY_OK;
}

void row_reversal_free(struct row_reversal *row)
{
    tally_free(row->lines);
    *row = (struct row_reversal){0};
}

bool row_handles_have(const uint8_t *handles, size_t count, const uint8_t *handle)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(handles + i * TALLY_HANDLE_LEN, handle, TALLY_HANDLE_LEN) == 0) {
            return true;
        }
    }
    return false;
}

enum tally_status row_card_decode(struct tally_slice value, uint64_t *ret_member, bool *ret_blocked)
{
    if (value.len != ROW_CARD_LEN || value.data[ROW_CARD_LEN - 1] > 1) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_member = tally_load_be(value.data, 8);
    *ret_blocked = value.data[ROW_CARD_LEN - 1] == 1;
    return TALLY_OK;
}

void row_card_encode(uint64_t member, bool blocked, uint8_t ret_value[ROW_CARD_LEN])
{
    tally_store_be(ret_value, 8, member);
    ret_value[ROW_CARD_LEN - 1] = blocked;
}

enum tally_status row_event_decode(struct tally_slice value, uint32_t *ret_epoch, uint64_t *ret_seq)
{
    if (value.len != ROW_EVENT_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_epoch = (uint32_t)tally_load_le(value.data, 4);
    *ret_seq = tally_load_le(value.data + 4, 8);
    return TALLY_OK;
}

void row_event_encode(uint32_t epoch, uint64_t seq, uint8_t ret_value[ROW_EVENT_LEN])
{
    tally_store_le(ret_value, 4, epoch);
    tally_store_le(ret_value + 4, 8, seq);
}

void row_id_key(uint64_t id, uint8_t ret_key[ROW_ID_KEY_LEN])
{
    tally_store_be(ret_key, 8, id);
}

void row_event_key(const struct tally_event_id *id, uint8_t ret_key[ROW_EVENT_KEY_LEN])
{
    tally_store_be(ret_key, 4, id->terminal);
    tally_store_be(ret_key + 4, 4, id->epoch);
    tally_store_be(ret_key + 8, 8, id->seq);
}

static enum tally_status check_account(struct tally_slice key, struct tally_slice value)
{
    struct row_account row;
    TALLY_TRY(row_account_decode(value, &row)); /* also checks its invariants */
    bool ok = key.len == ROW_ID_KEY_LEN && tally_load_be(key.data, 8) == row.book.account.id;
    row_account_free(&row);
    return ok ? TALLY_OK : TALLY_E_STORE_DAMAGED;
}

static enum tally_status check_reversal(struct tally_slice key, struct tally_slice value)
{
    struct row_reversal row;
    if (key.len != ROW_EVENT_KEY_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    TALLY_TRY(row_reversal_decode(value, &row));
    row_reversal_free(&row);
    return TALLY_OK;
}

enum tally_status row_check(enum state_table table, struct tally_slice key,
                            struct tally_slice value)
{
    struct row_member member;
    uint64_t number;
    uint32_t epoch;
    bool blocked;
    switch (table) {
    case STATE_ACCOUNTS:
        return check_account(key, value);
    case STATE_MEMBERS:
        return key.len == ROW_ID_KEY_LEN ? row_member_decode(value, &member)
                                         : TALLY_E_STORE_DAMAGED;
    case STATE_CARDS:
        return key.len == TALLY_HANDLE_LEN ? row_card_decode(value, &number, &blocked)
                                           : TALLY_E_STORE_DAMAGED;
    case STATE_REFS:
    case STATE_SENT:
        return row_event_decode(value, &epoch, &number);
    case STATE_REVERSALS:
        return check_reversal(key, value);
    case STATE_TABLE_COUNT:
        break;
    }
    return TALLY_E_STORE_DAMAGED;
}
