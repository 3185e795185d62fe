/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the store, transactions, and rows by key: the only file that calls LMDB for them. */
#include "app/hq/tables.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { STORE_VERSION = 1, COUNTERS_LEN = 28, PATH_LEN_MAX = 4096, READERS_MAX = 126 };

/* Only address space is taken; the file grows as it fills. Where there is less of it (a limit on
 * the process, an emulator), half is tried, and half of that, down to the least. */
#if SIZE_MAX > 0xffffffffu
static const size_t map_bytes_max = (size_t)64 << 30;
#else
static const size_t map_bytes_max = (size_t)1 << 30;
#endif
static const size_t map_bytes_min = (size_t)256 << 20;

static const char *const table_names[HQ_TABLE_COUNT] = {
#define X(name, text) [name] = text,
    HQ_TABLE_LIST(X)
#undef X
};

enum tally_status hq_status_from_mdb(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return TALLY_OK;
    case MDB_NOTFOUND:
        return TALLY_E_NOT_FOUND;
    case MDB_KEYEXIST:
        return TALLY_E_EXISTS;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        return TALLY_E_STORE_FULL;
    case MDB_VERSION_MISMATCH:
        return TALLY_E_STORE_VERSION;
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_PANIC:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
        return TALLY_E_STORE_DAMAGED;
    case ENOMEM:
        return TALLY_E_NO_MEMORY;
    case EACCES:
    case EPERM:
        return TALLY_E_NO_PERMISSION;
    default:
        return TALLY_E_STORE_IO;
    }
}

/* ------------------------------------------------------------------ keys */

void hq_key_number(struct hq_key *key, size_t width, uint64_t number)
{
    assert(key->len + width <= HQ_KEY_MAX);
    tally_store_be(key->bytes + key->len, width, number);
    key->len += width;
}

void hq_key_bytes(struct hq_key *key, const void *bytes, size_t len)
{
    assert(key->len + len <= HQ_KEY_MAX);
    memcpy(key->bytes + key->len, bytes, len);
    key->len += len;
}

struct hq_key hq_key_u32(uint32_t number)
{
    struct hq_key key = {.len = 0};
    hq_key_number(&key, 4, number);
    return key;
}

struct hq_key hq_key_u64(uint64_t number)
{
    struct hq_key key = {.len = 0};
    hq_key_number(&key, 8, number);
    return key;
}

struct hq_key hq_key_event(const struct tally_event_id *id)
{
    struct hq_key key = {.len = 0};
    hq_key_number(&key, 4, id->terminal);
    hq_key_number(&key, 4, id->epoch);
    hq_key_number(&key, 8, id->seq);
    return key;
}

struct hq_key hq_key_ledger(uint64_t account, const struct tally_event_id *id)
{
    struct hq_key key = hq_key_u64(account), event = hq_key_event(id);
    hq_key_bytes(&key, event.bytes, event.len);
    return key;
}

/* ------------------------------------------------------------------ rows */

static MDB_val val_of(const struct hq_key *key, uint8_t copy[HQ_KEY_MAX])
{
    memcpy(copy, key->bytes, key->len);
    return (MDB_val){key->len, copy};
}

enum tally_status hq_get(struct hq_txn *txn, enum hq_table table, const struct hq_key *key,
                         struct tally_slice *ret_value)
{
    uint8_t copy[HQ_KEY_MAX];
    MDB_val mdb_key = val_of(key, copy), value;
    int code = mdb_get(txn->mdb, txn->store->tables[table], &mdb_key, &value);
    if (code == MDB_SUCCESS) {
        *ret_value = (struct tally_slice){value.mv_data, value.mv_size};
    }
    return hq_status_from_mdb(code);
}

enum tally_status hq_put(struct hq_txn *txn, enum hq_table table, const struct hq_key *key,
                         struct tally_slice value)
{
    assert(txn->writes);
    uint8_t copy[HQ_KEY_MAX];
    MDB_val mdb_key = val_of(key, copy);
    MDB_val room = {value.len, NULL};
    /* Reserved and filled here: LMDB's interface would want a pointer that is not const. */
    int code = mdb_put(txn->mdb, txn->store->tables[table], &mdb_key, &room, MDB_RESERVE);
    if (code == MDB_SUCCESS && value.len > 0) {
        memcpy(room.mv_data, value.data, value.len);
    }
    return hq_status_from_mdb(code);
}

enum tally_status hq_delete(struct hq_txn *txn, enum hq_table table, const struct hq_key *key)
{
    assert(txn->writes);
    uint8_t copy[HQ_KEY_MAX];
    MDB_val mdb_key = val_of(key, copy);
    int code = mdb_del(txn->mdb, txn->store->tables[table], &mdb_key, NULL);
    return code == MDB_NOTFOUND ? TALLY_OK : hq_status_from_mdb(code);
}

enum tally_status hq_scan_open(struct hq_txn *txn, enum hq_table table, const struct hq_key *prefix,
                               const struct hq_key *from, struct hq_scan *ret_scan)
{
    struct hq_scan scan = {.cursor = NULL};
    if (prefix != NULL) {
        scan.prefix = *prefix;
    }
    scan.from = from != NULL ? *from : scan.prefix;
    TALLY_TRY(
        hq_status_from_mdb(mdb_cursor_open(txn->mdb, txn->store->tables[table], &scan.cursor)));
    *ret_scan = scan;
    return TALLY_OK;
}

enum tally_status hq_scan_next(struct hq_scan *scan)
{
    uint8_t copy[HQ_KEY_MAX];
    MDB_val key = val_of(&scan->from, copy), value;
    MDB_cursor_op op = MDB_NEXT;
    if (!scan->started) {
        op = key.mv_size == 0 ? MDB_FIRST : MDB_SET_RANGE;
    }
    int code = mdb_cursor_get(scan->cursor, &key, &value, op);
    if (code == MDB_NOTFOUND) {
        return TALLY_E_END;
    }
    TALLY_TRY(hq_status_from_mdb(code));
    scan->started = true;
    if (key.mv_size < scan->prefix.len ||
        memcmp(key.mv_data, scan->prefix.bytes, scan->prefix.len) != 0) {
        return TALLY_E_END;
    }
    scan->key = (struct tally_slice){key.mv_data, key.mv_size};
    scan->value = (struct tally_slice){value.mv_data, value.mv_size};
    return TALLY_OK;
}

void hq_scan_close(struct hq_scan *scan)
{
    if (scan->cursor != NULL) {
        mdb_cursor_close(scan->cursor);
        scan->cursor = NULL;
    }
}

enum tally_status hq_last(struct hq_txn *txn, enum hq_table table, struct tally_slice *ret_key,
                          struct tally_slice *ret_value)
{
    MDB_cursor *cursor = NULL;
    TALLY_TRY(hq_status_from_mdb(mdb_cursor_open(txn->mdb, txn->store->tables[table], &cursor)));
    MDB_val key, value;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    mdb_cursor_close(cursor);
    if (code == MDB_SUCCESS) {
        *ret_key = (struct tally_slice){key.mv_data, key.mv_size};
        *ret_value = (struct tally_slice){value.mv_data, value.mv_size};
    }
    return hq_status_from_mdb(code);
}

/* ------------------------------------------------------------------ transactions */

static struct hq_key meta_key(const char *name)
{
    struct hq_key key = {.len = 0};
    hq_key_bytes(&key, name, strlen(name));
    return key;
}

static enum tally_status counters_get(struct hq_txn *txn)
{
    struct hq_key key = meta_key("counters");
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_META, &key, &value);
    if (status == TALLY_E_NOT_FOUND) {
        return TALLY_E_STORE_DAMAGED;
    }
    if (status != TALLY_OK) {
        return status;
    }
    struct tally_reader reader = {value.data, value.len, 0, false};
    txn->counters.arrival = tally_read_le(&reader, 8);
    txn->counters.cursor = tally_read_le(&reader, 8);
    txn->counters.flag = tally_read_le(&reader, 8);
    txn->counters.terminal_top = (uint32_t)tally_read_le(&reader, 4);
    txn->cursor_before = txn->counters.cursor;
    return reader.failed ? TALLY_E_STORE_DAMAGED : TALLY_OK;
}

static enum tally_status counters_put(struct hq_txn *txn)
{
    uint8_t bytes[COUNTERS_LEN];
    struct tally_writer writer = {bytes, sizeof bytes, 0, false};
    tally_write_le(&writer, 8, txn->counters.arrival);
    tally_write_le(&writer, 8, txn->counters.cursor);
    tally_write_le(&writer, 8, txn->counters.flag);
    tally_write_le(&writer, 4, txn->counters.terminal_top);
    assert(!writer.failed && writer.at == sizeof bytes);
    struct hq_key key = meta_key("counters");
    return hq_put(txn, HQ_META, &key, (struct tally_slice){bytes, sizeof bytes});
}

enum tally_status hq_begin(struct hq_store *store, bool writes, int64_t now_ms,
                           struct hq_txn *ret_txn)
{
    struct hq_txn txn = {.store = store, .writes = writes, .now_ms = now_ms};
    TALLY_TRY(
        hq_status_from_mdb(mdb_txn_begin(store->env, NULL, writes ? 0 : MDB_RDONLY, &txn.mdb)));
    enum tally_status status = counters_get(&txn);
    if (status != TALLY_OK) {
        mdb_txn_abort(txn.mdb);
        return status;
    }
    *ret_txn = txn;
    return TALLY_OK;
}

enum tally_status hq_end(struct hq_txn *txn, enum tally_status status)
{
    if (status == TALLY_OK && txn->writes) {
        status = counters_put(txn);
        if (status == TALLY_OK) {
            return hq_status_from_mdb(mdb_txn_commit(txn->mdb)); /* frees it, also on failure */
        }
    }
    mdb_txn_abort(txn->mdb);
    return status;
}

/* ------------------------------------------------------------------ open and close */

static enum tally_status tables_open(struct hq_store *store, bool create)
{
    MDB_txn *mdb = NULL;
    TALLY_TRY(hq_status_from_mdb(mdb_txn_begin(store->env, NULL, create ? 0 : MDB_RDONLY, &mdb)));
    for (size_t i = 0; i < HQ_TABLE_COUNT; i++) {
        int code = mdb_dbi_open(mdb, table_names[i], create ? MDB_CREATE : 0, &store->tables[i]);
        if (code != MDB_SUCCESS) {
            mdb_txn_abort(mdb);
            return code == MDB_NOTFOUND ? TALLY_E_STORE_DAMAGED : hq_status_from_mdb(code);
        }
    }
    return hq_status_from_mdb(mdb_txn_commit(mdb));
}

/* The first rows: the layout's version, the counters, and HQ itself as terminal 0. */
static enum tally_status first_rows(struct hq_store *store)
{
    struct hq_txn txn = {.store = store, .writes = true};
    TALLY_TRY(hq_status_from_mdb(mdb_txn_begin(store->env, NULL, 0, &txn.mdb)));
    uint8_t version[4];
    tally_store_le(version, sizeof version, STORE_VERSION);
    struct hq_key key = meta_key("version");
    enum tally_status status =
        hq_put(&txn, HQ_META, &key, (struct tally_slice){version, sizeof version});
    if (status == TALLY_OK) {
        struct hq_terminal self = {.number = TALLY_TERMINAL_HQ, .epoch = HQ_EPOCH};
        status = hq_terminal_put(&txn, &self);
    }
    return hq_end(&txn, status);
}

static enum tally_status version_check(struct hq_store *store)
{
    MDB_txn *mdb = NULL;
    TALLY_TRY(hq_status_from_mdb(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &mdb)));
    struct hq_txn txn = {.store = store, .mdb = mdb};
    struct hq_key key = meta_key("version");
    struct tally_slice value;
    enum tally_status status = hq_get(&txn, HQ_META, &key, &value);
    if (status == TALLY_E_NOT_FOUND || (status == TALLY_OK && value.len != 4)) {
        status = TALLY_E_STORE_DAMAGED;
    } else if (status == TALLY_OK && tally_load_le(value.data, 4) != STORE_VERSION) {
        status = TALLY_E_STORE_VERSION;
    }
    mdb_txn_abort(mdb);
    return status;
}

/* *ret_env is set, and has to be closed, also when it does not open; NULL if there is none. */
static int env_open(const char *path, size_t map_bytes, MDB_env **ret_env)
{
    *ret_env = NULL;
    int code = mdb_env_create(ret_env);
    if (code == MDB_SUCCESS) {
        code = mdb_env_set_mapsize(*ret_env, map_bytes);
    }
    if (code == MDB_SUCCESS) {
        code = mdb_env_set_maxdbs(*ret_env, HQ_TABLE_COUNT);
    }
    if (code == MDB_SUCCESS) {
        code = mdb_env_set_maxreaders(*ret_env, READERS_MAX);
    }
    if (code == MDB_SUCCESS) {
        /* NOTLS: a reader belongs to its transaction, not to whichever pool thread began it. */
        code = mdb_env_open(*ret_env, path, MDB_NOSUBDIR | MDB_NOTLS, 0600);
    }
    return code;
}

enum tally_status hq_store_open(const char *dir, bool create, struct hq_store **ret_store)
{
    char path[PATH_LEN_MAX];
    int len = snprintf(path, sizeof path, "%s/hq.mdb", dir);
    if (len < 0 || (size_t)len >= sizeof path) {
        return TALLY_E_INVALID;
    }
    bool exists = access(path, F_OK) == 0;
    if (exists == create) {
        return create ? TALLY_E_EXISTS : TALLY_E_NOT_FOUND;
    }
    struct hq_store *store = tally_alloc(1, sizeof *store);
    if (store == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    int code = ENOMEM;
    for (size_t bytes = map_bytes_max; code == ENOMEM && bytes >= map_bytes_min; bytes /= 2) {
        mdb_env_close(store->env); /* an environment that did not open is good for nothing else */
        code = env_open(path, bytes, &store->env);
    }
    enum tally_status status = hq_status_from_mdb(code);
    if (status == TALLY_OK) {
        int dead = 0;
        status = hq_status_from_mdb(mdb_reader_check(store->env, &dead));
    }
    if (status == TALLY_OK) {
        status = tables_open(store, create);
    }
    if (status == TALLY_OK) {
        status = create ? first_rows(store) : version_check(store);
    }
    if (status != TALLY_OK) {
        hq_store_close(store);
        return status;
    }
    *ret_store = store;
    return TALLY_OK;
}

void hq_store_close(struct hq_store *store)
{
    if (store == NULL) {
        return;
    }
    hq_programmes_free(store);
    if (store->env != NULL) {
        mdb_env_close(store->env);
    }
    tally_free(store);
}

/* ------------------------------------------------------------------ looking */

static uint64_t entries(struct hq_txn *txn, enum hq_table table)
{
    MDB_stat stat;
    return mdb_stat(txn->mdb, txn->store->tables[table], &stat) == MDB_SUCCESS ? stat.ms_entries
                                                                               : 0;
}

static bool has_house(struct hq_txn *txn)
{
    struct hq_key key = hq_key_u64(TALLY_ACCOUNT_HOUSE);
    struct tally_slice value;
    return hq_get(txn, HQ_ACCOUNTS, &key, &value) == TALLY_OK;
}

enum tally_status hq_store_counts(struct hq_store *store, struct hq_counts *ret_counts)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, 0, &txn));
    struct hq_counts counts = {
        .terminals = entries(&txn, HQ_TERMINALS) - 1,
        .events = entries(&txn, HQ_EVENTS),
        .accounts = entries(&txn, HQ_ACCOUNTS) - (has_house(&txn) ? 1 : 0),
        .members = entries(&txn, HQ_MEMBERS),
        .cards = entries(&txn, HQ_CARDS),
        .flags = entries(&txn, HQ_FLAGS),
        .cursor = txn.counters.cursor,
    };
    struct tally_slice key, value;
    enum tally_status status = hq_last(&txn, HQ_PROGRAMMES, &key, &value);
    if (status == TALLY_OK && key.len == 4) {
        counts.programme_version = (uint32_t)tally_load_be(key.data, 4);
    } else if (status == TALLY_E_NOT_FOUND) {
        status = TALLY_OK;
    }
    MDB_envinfo info;
    MDB_stat stat;
    if (status == TALLY_OK) {
        status = hq_status_from_mdb(mdb_env_info(store->env, &info));
    }
    if (status == TALLY_OK) {
        status = hq_status_from_mdb(mdb_env_stat(store->env, &stat));
    }
    if (status == TALLY_OK) {
        counts.bytes_used = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
        counts.bytes_max = info.me_mapsize;
    }
    TALLY_TRY(hq_end(&txn, status));
    *ret_counts = counts;
    return TALLY_OK;
}
