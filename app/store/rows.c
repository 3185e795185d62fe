/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the state as bytes. */
#include "app/store/rows.h"

#include "app/base/alloc.h"

enum { ROW_VERSION = 1, ACCOUNT_HEADER_LEN = 16, MEMBER_HEADER_LEN = 28, FLAG_FROM_HQ = 1 };

enum tally_status row_account_from_bytes(struct tally_slice bytes, size_t spare_lots,
                                         struct tally_account *ret_account,
                                         struct tally_lot **ret_lots)
{
    struct tally_account account = {0};
    struct tally_lot *lots = NULL;
    size_t needed = 0;
    enum tally_status status = tally_account_decode(&account, bytes.data, bytes.len, &needed);
    if (status != TALLY_OK && status != TALLY_E_NO_MEMORY) {
        return status;
    }
    if (needed > SIZE_MAX / 2 || spare_lots > SIZE_MAX / 2) {
        return TALLY_E_NO_MEMORY;
    }
    if (status == TALLY_E_NO_MEMORY || spare_lots > 0) {
        size_t cap = needed + spare_lots;
        lots = tally_alloc(cap, sizeof *lots);
        if (lots == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        account = (struct tally_account){.lots = lots, .lot_cap = cap};
        status = tally_account_decode(&account, bytes.data, bytes.len, &needed);
        if (status != TALLY_OK) {
            tally_free(lots);
            return status;
        }
    }
    *ret_account = account;
    *ret_lots = lots;
    return TALLY_OK;
}

enum tally_status row_account_decode(struct tally_slice value, size_t spare_lots,
                                     struct row_account *ret_row)
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
    TALLY_TRY(row_account_from_bytes(bytes, spare_lots, &row.account, &row.lots));
    *ret_row = row;
    return TALLY_OK;
}

enum tally_status row_account_encode(const struct row_account *row, struct tally_buffer *ret_value)
{
    size_t account_len = tally_account_encoded_len(&row->account), written = 0;
    TALLY_TRY(tally_buffer_reserve(ret_value, ACCOUNT_HEADER_LEN + account_len));
    struct tally_writer to = {.data = ret_value->data + ret_value->len, .cap = ACCOUNT_HEADER_LEN};
    tally_write_le(&to, 1, ROW_VERSION);
    tally_write_le(&to, 1, row->from_hq ? FLAG_FROM_HQ : 0);
    tally_write_le(&to, 2, 0);
    tally_write_le(&to, 4, row->own_epoch);
    tally_write_le(&to, 8, row->own_seq);
    TALLY_TRY(tally_account_encode(&row->account, ret_value->data + ret_value->len + to.at,
                                   account_len, &written));
    ret_value->len += to.at + written;
    return TALLY_OK;
}

void row_account_free(struct row_account *row)
{
    tally_free(row->lots);
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
    if (from.failed || version != ROW_VERSION) {
        return version > ROW_VERSION ? TALLY_E_STORE_VERSION : TALLY_E_STORE_DAMAGED;
    }
    uint64_t left = value.len - from.at;
    if (profile_len > left || key_len > left || handle_count > left / TALLY_HANDLE_LEN ||
        profile_len + key_len + handle_count * TALLY_HANDLE_LEN != left) {
        return TALLY_E_STORE_DAMAGED;
    }
    row.profile = tally_read_slice(&from, (size_t)profile_len);
    row.wrapped_key = tally_read_slice(&from, (size_t)key_len);
    row.handle_count = (size_t)handle_count;
    row.handles = tally_read_slice(&from, row.handle_count * TALLY_HANDLE_LEN).data;
    *ret_row = row;
    return TALLY_OK;
}

enum tally_status row_member_encode(const struct row_member *row, struct tally_buffer *ret_value)
{
    size_t handles_len = row->handle_count * TALLY_HANDLE_LEN;
    size_t len = MEMBER_HEADER_LEN + row->profile.len + row->wrapped_key.len + handles_len;
    TALLY_TRY(tally_buffer_reserve(ret_value, len));
    struct tally_writer to = {.data = ret_value->data + ret_value->len, .cap = len};
    tally_write_le(&to, 4, ROW_VERSION);
    tally_write_le(&to, 8, row->account);
    tally_write_le(&to, 4, row->home_shop);
    tally_write_le(&to, 4, row->profile.len);
    tally_write_le(&to, 4, row->wrapped_key.len);
    tally_write_le(&to, 4, row->handle_count);
    tally_write_bytes(&to, row->profile.data, row->profile.len);
    tally_write_bytes(&to, row->wrapped_key.data, row->wrapped_key.len);
    tally_write_bytes(&to, row->handles, handles_len);
    ret_value->len += to.at;
    return to.failed ? TALLY_E_INVALID : TALLY_OK;
}

enum tally_status row_card_decode(struct tally_slice value, uint64_t *ret_member)
{
    if (value.len != 8) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_member = tally_load_be(value.data, 8);
    return TALLY_OK;
}

enum tally_status row_event_decode(struct tally_slice value, uint32_t *ret_epoch, uint64_t *ret_seq)
{
    if (value.len != 12) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_epoch = (uint32_t)tally_load_le(value.data, 4);
    *ret_seq = tally_load_le(value.data + 4, 8);
    return TALLY_OK;
}

void row_event_encode(uint32_t epoch, uint64_t seq, uint8_t ret_value[12])
{
    tally_store_le(ret_value, 4, epoch);
    tally_store_le(ret_value + 4, 8, seq);
}

void row_id_key(uint64_t id, uint8_t ret_key[ROW_ID_KEY_LEN])
{
    tally_store_be(ret_key, 8, id);
}

void row_void_key(uint32_t epoch, uint64_t seq, uint8_t ret_key[ROW_VOID_KEY_LEN])
{
    tally_store_be(ret_key, 4, epoch);
    tally_store_be(ret_key + 4, 8, seq);
}

enum tally_status row_check(enum state_table table, struct tally_slice key,
                            struct tally_slice value)
{
    struct row_account account;
    struct row_member member;
    uint64_t number;
    uint32_t epoch;
    enum tally_status status;
    switch (table) {
    case STATE_ACCOUNTS:
        TALLY_TRY(row_account_decode(value, 0, &account)); /* also checks its invariants */
        status = key.len == ROW_ID_KEY_LEN && tally_load_be(key.data, 8) == account.account.id
                     ? TALLY_OK
                     : TALLY_E_STORE_DAMAGED;
        row_account_free(&account);
        return status;
    case STATE_MEMBERS:
        return key.len == ROW_ID_KEY_LEN ? row_member_decode(value, &member)
                                         : TALLY_E_STORE_DAMAGED;
    case STATE_CARDS:
        return key.len == TALLY_HANDLE_LEN ? row_card_decode(value, &number)
                                           : TALLY_E_STORE_DAMAGED;
    case STATE_REFS:
    case STATE_VOIDS:
        return row_event_decode(value, &epoch, &number);
    case STATE_TABLE_COUNT:
        break;
    }
    return TALLY_E_STORE_DAMAGED;
}
