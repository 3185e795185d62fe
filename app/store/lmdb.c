/* SPDX-License-Identifier: Apache-2.0 */
/* The state in LMDB: rows with checksums, HEAD in every transaction, a map that grows. */
#include "app/store/lmdb.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/alloc.h"
#include "app/crypto/crypto.h"
#include "app/store/files.h"
#include "app/store/guard.h"
#include "app/store/rows.h"

enum { FORMAT_VERSION = 1, HEAD_LEN = 108, ROW_CRC_LEN = 4, DATABASES_MAX = 16 };

#define STATE_NAME     "state.mdb"
#define STATE_NEW_NAME "state.mdb.new"
#define MAP_BYTES_MIN  ((size_t)16 << 20)

static const char *const table_names[STATE_TABLE_COUNT] = {
    [STATE_ACCOUNTS] = "accounts", [STATE_MEMBERS] = "members",     [STATE_CARDS] = "cards",
    [STATE_REFS] = "refs",         [STATE_REVERSALS] = "reversals", [STATE_SENT] = "sent",
};

struct state {
    MDB_env *env;
    MDB_dbi meta;
    MDB_dbi tables[STATE_TABLE_COUNT];
    char path[FILE_PATH_LEN_MAX];
    size_t map_bytes;
    size_t map_bytes_max;
    struct state_head head;
    int guard_fd; /* -1: none */
    bool broken;
};

/* The one translation of LMDB's codes; what it does not know of is damage. */
static enum tally_status status_from_mdb(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return TALLY_OK;
    case MDB_NOTFOUND:
        return TALLY_E_NOT_FOUND;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
        return TALLY_E_STORE_FULL;
    case ENOMEM:
        return TALLY_E_NO_MEMORY;
    case EIO:
    case EROFS:
    case EACCES:
    case EPERM:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENODEV:
    case MDB_PANIC:
        return TALLY_E_STORE_IO;
    default:
        return TALLY_E_STORE_DAMAGED;
    }
}

/* ------------------------------------------------------------------ rows with a checksum */

static uint32_t row_crc(enum state_table table, struct tally_slice key, struct tally_slice value)
{
    uint8_t start = (uint8_t)table;
    uint32_t crc = tally_crc32c(0, &start, 1);
    crc = tally_crc32c(crc, key.data, key.len);
    return tally_crc32c(crc, value.data, value.len);
}

static MDB_val val_of(struct tally_slice slice)
{
    /* LMDB's type has no const; it does not write through a key or a value given to it. */
    return (MDB_val){.mv_size = slice.len, .mv_data = (void *)(uintptr_t)slice.data};
}

static enum tally_status open_row(enum state_table table, const MDB_val *key, const MDB_val *data,
                                  struct tally_slice *ret_value)
{
    const uint8_t *bytes = data->mv_data;
    if (data->mv_size < ROW_CRC_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    struct tally_slice value = {bytes + ROW_CRC_LEN, data->mv_size - ROW_CRC_LEN};
    if (tally_load_le(bytes, ROW_CRC_LEN) !=
        row_crc(table, (struct tally_slice){key->mv_data, key->mv_size}, value)) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_value = value;
    return TALLY_OK;
}

static int put_change(struct state *state, MDB_txn *txn, const struct change *change)
{
    MDB_val key = val_of((struct tally_slice){change->key, change->key_len});
    if (change->removed) {
        int code = mdb_del(txn, state->tables[change->table], &key, NULL);
        return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
    }
    MDB_val data = {.mv_size = ROW_CRC_LEN + change->value_len};
    int code = mdb_put(txn, state->tables[change->table], &key, &data, MDB_RESERVE);
    if (code != MDB_SUCCESS) {
        return code;
    }
    struct tally_slice value = {change->value, change->value_len};
    uint8_t *to = data.mv_data;
    tally_store_le(
        to, ROW_CRC_LEN,
        row_crc(change->table, (struct tally_slice){change->key, change->key_len}, value));
    memcpy(to + ROW_CRC_LEN, change->value, change->value_len);
    return MDB_SUCCESS;
}

/* ------------------------------------------------------------------ HEAD */

static char head_key[] = "head";

static int put_head(struct state *state, MDB_txn *txn, const struct state_head *head)
{
    uint8_t bytes[HEAD_LEN];
    struct tally_writer to = {.data = bytes, .cap = sizeof bytes};
    tally_write_le(&to, 4, FORMAT_VERSION);
    tally_write_le(&to, 4, head->terminal);
    tally_write_le(&to, 4, head->mark.epoch);
    tally_write_le(&to, 4, head->mark.segment);
    tally_write_le(&to, 8, head->mark.seq);
    tally_write_bytes(&to, head->mark.chain, TALLY_HASH_LEN);
    tally_write_le(&to, 8, head->time);
    tally_write_le(&to, 4, head->acked_epoch);
    tally_write_le(&to, 4, head->clean ? 1 : 0);
    tally_write_le(&to, 8, head->acked_seq);
    tally_write_le(&to, 8, head->cursor);
    tally_write_le(&to, 8, head->grant_seq);
    tally_write_le(&to, 8, mdb_txn_id(txn));
    tally_write_le(&to, 4, tally_crc32c(0, bytes, to.at));
    assert(!to.failed && to.at == HEAD_LEN);
    MDB_val key = {.mv_size = strlen(head_key), .mv_data = head_key};
    MDB_val data = {.mv_size = HEAD_LEN, .mv_data = bytes};
    return mdb_put(txn, state->meta, &key, &data, 0);
}

/* HEAD must have been written by the very transaction that is being read: each one writes it. */
static enum tally_status read_head(struct state *state, MDB_txn *txn, struct state_head *ret_head)
{
    MDB_val key = {.mv_size = strlen(head_key), .mv_data = head_key}, data;
    if (mdb_get(txn, state->meta, &key, &data) != MDB_SUCCESS) {
        return TALLY_E_STORE_DAMAGED;
    }
    struct tally_reader from = {.data = data.mv_data, .len = data.mv_size};
    uint32_t version = (uint32_t)tally_read_le(&from, 4);
    if (!from.failed && version > FORMAT_VERSION) {
        return TALLY_E_STORE_VERSION;
    }
    if (data.mv_size != HEAD_LEN ||
        tally_load_le(from.data + HEAD_LEN - 4, 4) != tally_crc32c(0, from.data, HEAD_LEN - 4)) {
        return TALLY_E_STORE_DAMAGED;
    }
    struct state_head head = {0};
    head.terminal = (uint32_t)tally_read_le(&from, 4);
    head.mark.epoch = (uint32_t)tally_read_le(&from, 4);
    head.mark.segment = (uint32_t)tally_read_le(&from, 4);
    head.mark.seq = tally_read_le(&from, 8);
    memcpy(head.mark.chain, tally_read_slice(&from, TALLY_HASH_LEN).data, TALLY_HASH_LEN);
    head.time = tally_read_le(&from, 8);
    head.acked_epoch = (uint32_t)tally_read_le(&from, 4);
    head.clean = tally_read_le(&from, 4) != 0;
    head.acked_seq = tally_read_le(&from, 8);
    head.cursor = tally_read_le(&from, 8);
    head.grant_seq = tally_read_le(&from, 8);
    if (tally_read_le(&from, 8) != mdb_txn_id(txn)) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_head = head;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ opening */

/* Vouches for the meta page that transaction `txn` has written. */
static enum tally_status vouch(struct state *state, uint64_t txn)
{
    mdb_filehandle_t fd;
    MDB_stat about;
    TALLY_TRY(status_from_mdb(mdb_env_get_fd(state->env, &fd)));
    TALLY_TRY(status_from_mdb(mdb_env_stat(state->env, &about)));
    return guard_write(state->guard_fd, fd, about.ms_psize, txn);
}

static size_t map_bytes_for(const char *path, size_t map_bytes_max)
{
    struct stat about;
    size_t wanted = MAP_BYTES_MIN;
    if (stat(path, &about) == 0 && about.st_size > 0) {
        while (wanted < map_bytes_max && wanted / 4 * 3 < (uint64_t)about.st_size) {
            wanted *= 2;
        }
    }
    return wanted < map_bytes_max ? wanted : map_bytes_max;
}

static enum tally_status open_env(const char *dir, const char *name, size_t map_bytes_max,
                                  bool make_tables, struct state **ret_state)
{
    struct state *state = tally_alloc(1, sizeof *state);
    if (state == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    state->guard_fd = -1;
    enum tally_status status = file_path(state->path, dir, name, "");
    if (status == TALLY_OK) {
        status = guard_open(state->path, &state->guard_fd);
    }
    MDB_txn *txn = NULL;
    uint64_t txn_number = 0;
    int code = MDB_SUCCESS, stale = 0;
    if (status == TALLY_OK) {
        state->map_bytes_max = map_bytes_max;
        state->map_bytes = map_bytes_for(state->path, map_bytes_max);
        code = mdb_env_create(&state->env);
    }
    if (status == TALLY_OK && code == MDB_SUCCESS) {
        code = mdb_env_set_mapsize(state->env, state->map_bytes);
    }
    if (status == TALLY_OK && code == MDB_SUCCESS) {
        code = mdb_env_set_maxdbs(state->env, DATABASES_MAX);
    }
    if (status == TALLY_OK && code == MDB_SUCCESS) {
        code = mdb_env_open(state->env, state->path, MDB_NOSUBDIR | MDB_NOTLS, 0600);
    }
    if (status == TALLY_OK && code == MDB_SUCCESS) {
        code = mdb_reader_check(state->env, &stale);
    }
    if (status == TALLY_OK && code == MDB_SUCCESS) {
        code = mdb_txn_begin(state->env, NULL, make_tables ? 0 : MDB_RDONLY, &txn);
    }
    unsigned flags = make_tables ? MDB_CREATE : 0;
    if (status == TALLY_OK && code == MDB_SUCCESS) {
        code = mdb_dbi_open(txn, "meta", flags, &state->meta);
    }
    for (int table = 0; table < STATE_TABLE_COUNT && status == TALLY_OK && code == MDB_SUCCESS;
         table++) {
        code = mdb_dbi_open(txn, table_names[table], flags, &state->tables[table]);
    }
    if (status == TALLY_OK && code == MDB_SUCCESS) {
        if (make_tables) {
            code = put_head(state, txn, &state->head);
        } else {
            status = read_head(state, txn, &state->head);
        }
    }
    if (status == TALLY_OK && code == MDB_SUCCESS) {
        txn_number = mdb_txn_id(txn);
        code = mdb_txn_commit(txn); /* also for reading: it keeps the table handles */
        txn = NULL;
    }
    if (status == TALLY_OK && code == MDB_SUCCESS && make_tables) {
        status = vouch(state, txn_number);
    }
    if (txn != NULL) {
        mdb_txn_abort(txn);
    }
    if (status == TALLY_OK && code != MDB_SUCCESS) {
        status = code == MDB_NOTFOUND ? TALLY_E_STORE_DAMAGED : status_from_mdb(code);
    }
    if (status != TALLY_OK) {
        state_close(state);
        return status;
    }
    *ret_state = state;
    return TALLY_OK;
}

enum tally_status state_open(const char *dir, size_t map_bytes_max, struct state **ret_state)
{
    return open_env(dir, STATE_NAME, map_bytes_max, false, ret_state);
}

enum tally_status state_make_new(const char *dir, size_t map_bytes_max, struct state **ret_state)
{
    TALLY_TRY(file_remove(dir, STATE_NEW_NAME));
    TALLY_TRY(file_remove(dir, STATE_NEW_NAME "-lock"));
    TALLY_TRY(file_remove(dir, STATE_NEW_NAME ".guard"));
    return open_env(dir, STATE_NEW_NAME, map_bytes_max, true, ret_state);
}

enum tally_status state_finish_new(const char *dir)
{
    char from[FILE_PATH_LEN_MAX], to[FILE_PATH_LEN_MAX];
    TALLY_TRY(file_path(from, dir, STATE_NEW_NAME, ""));
    TALLY_TRY(file_path(to, dir, STATE_NAME, ""));
    int fd = open(from, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    enum tally_status status = fsync(fd) == 0 ? TALLY_OK : status_from_errno(errno);
    close(fd);
    TALLY_TRY(status);
    char guard_from[FILE_PATH_LEN_MAX], guard_to[FILE_PATH_LEN_MAX];
    TALLY_TRY(file_path(guard_from, dir, STATE_NEW_NAME, ".guard"));
    TALLY_TRY(file_path(guard_to, dir, STATE_NAME, ".guard"));
    if (rename(guard_from, guard_to) != 0 || rename(from, to) != 0) {
        return status_from_errno(errno);
    }
    TALLY_TRY(file_remove(dir, STATE_NEW_NAME "-lock"));
    return file_sync_dir(dir);
}

void state_close(struct state *state)
{
    if (state == NULL) {
        return;
    }
    if (state->env != NULL) {
        mdb_env_close(state->env);
    }
    if (state->guard_fd >= 0) {
        close(state->guard_fd);
    }
    tally_free(state);
}

enum tally_status state_move_aside(const char *dir)
{
    char from[FILE_PATH_LEN_MAX], to[FILE_PATH_LEN_MAX], suffix[32];
    TALLY_TRY(file_path(from, dir, STATE_NAME, ""));
    struct stat about;
    if (stat(from, &about) != 0) {
        return errno == ENOENT ? TALLY_OK : status_from_errno(errno);
    }
    for (unsigned number = 1;; number++) {
        snprintf(suffix, sizeof suffix, ".bad-%u", number);
        TALLY_TRY(file_path(to, dir, STATE_NAME, suffix));
        if (stat(to, &about) != 0 && errno == ENOENT) {
            break;
        }
    }
    if (rename(from, to) != 0) {
        return status_from_errno(errno);
    }
    TALLY_TRY(file_remove(dir, STATE_NAME "-lock"));
    return file_sync_dir(dir);
}

/* ------------------------------------------------------------------ trying it out */

static enum tally_status check_row(void *context, struct tally_slice key, struct tally_slice value)
{
    return row_check(*(const enum state_table *)context, key, value);
}

static enum tally_status try_writing(struct state *state)
{
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(state->env, NULL, 0, &txn);
    if (code != MDB_SUCCESS) {
        return status_from_mdb(code);
    }
    code = put_head(state, txn, &state->head);
    for (int table = 0; table < STATE_TABLE_COUNT && code == MDB_SUCCESS; table++) {
        uint8_t name = 0;
        MDB_val key = {.mv_size = 1, .mv_data = &name}, data = {.mv_size = 1, .mv_data = &name};
        code = mdb_put(txn, state->tables[table], &key, &data, 0);
    }
    mdb_txn_abort(txn);
    return code == MDB_MAP_FULL ? TALLY_OK : status_from_mdb(code);
}

static enum tally_status probe_here(const char *dir)
{
    struct state *state = NULL;
    TALLY_TRY(state_open(dir, MAP_BYTES_MIN, &state));
    if (!state->head.clean) {
        for (enum state_table table = 0; table < STATE_TABLE_COUNT; table++) {
            TALLY_TRY(state_each(state, table, check_row, &table));
        }
    }
    return try_writing(state);
}

static _Noreturn void probe_in_child(const char *dir)
{
    static const int deadly[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
        signal(deadly[i], SIG_DFL);
    }
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
        dup2(nowhere, STDERR_FILENO); /* its parent says what happened */
    }
    _exit((int)probe_here(dir));
}

enum tally_status state_probe(const char *dir)
{
    char path[FILE_PATH_LEN_MAX];
    struct stat about;
    TALLY_TRY(file_path(path, dir, STATE_NAME, ""));
    if (stat(path, &about) != 0) {
        return status_from_errno(errno);
    }
    TALLY_TRY(guard_heal(path));
    pid_t child = fork();
    if (child < 0) {
        return TALLY_E_NO_MEMORY;
    }
    if (child == 0) {
        probe_in_child(dir);
    }
    int how = 0;
    pid_t ended;
    do {
        ended = waitpid(child, &how, 0);
    } while (ended < 0 && errno == EINTR);
    if (ended != child || !WIFEXITED(how)) {
        return TALLY_E_STORE_DAMAGED;
    }
    switch (WEXITSTATUS(how)) {
    case TALLY_OK:
        return TALLY_OK;
    case TALLY_E_STORE_VERSION:
        return TALLY_E_STORE_VERSION;
    case TALLY_E_NO_MEMORY:
        return TALLY_E_NO_MEMORY;
    case TALLY_E_STORE_IO:
        return TALLY_E_STORE_IO;
    default:
        return TALLY_E_STORE_DAMAGED;
    }
}

/* ------------------------------------------------------------------ reading and writing */

void state_get_head(const struct state *state, struct state_head *ret_head)
{
    *ret_head = state->head;
}

enum tally_status state_get(struct state *state, enum state_table table, struct tally_slice key,
                            struct tally_buffer *ret_value)
{
    MDB_txn *txn = NULL;
    TALLY_TRY(status_from_mdb(mdb_txn_begin(state->env, NULL, MDB_RDONLY, &txn)));
    MDB_val wanted = val_of(key), data;
    struct tally_slice value = {NULL, 0};
    enum tally_status status = status_from_mdb(mdb_get(txn, state->tables[table], &wanted, &data));
    if (status == TALLY_OK) {
        status = open_row(table, &wanted, &data, &value);
    }
    if (status == TALLY_OK) {
        status = tally_buffer_append(ret_value, value.data, value.len);
    }
    mdb_txn_abort(txn);
    return status;
}

static int write_once(struct state *state, const struct state_head *head,
                      const struct changes *changes, uint64_t *ret_txn)
{
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(state->env, NULL, 0, &txn);
    if (code != MDB_SUCCESS) {
        return code;
    }
    const struct change *change = NULL;
    while (code == MDB_SUCCESS && (change = changes_next(changes, change)) != NULL) {
        code = put_change(state, txn, change);
    }
    if (code == MDB_SUCCESS) {
        code = put_head(state, txn, head);
    }
    if (code != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return code;
    }
    *ret_txn = mdb_txn_id(txn);
    return mdb_txn_commit(txn); /* frees txn, also when it fails */
}

enum tally_status state_write(struct state *state, const struct state_head *head,
                              const struct changes *changes)
{
    if (state->broken) {
        return TALLY_E_STORE_IO;
    }
    uint64_t txn = 0;
    int code = write_once(state, head, changes, &txn);
    while (code == MDB_MAP_FULL && state->map_bytes < state->map_bytes_max) {
        size_t bigger = state->map_bytes > state->map_bytes_max / 2 ? state->map_bytes_max
                                                                    : state->map_bytes * 2;
        int grown = mdb_env_set_mapsize(state->env, bigger); /* no transaction is open */
        if (grown != MDB_SUCCESS) {
            state->broken = true; /* LMDB has no map now */
            return grown == ENOMEM ? TALLY_E_STORE_FULL : TALLY_E_STORE_IO;
        }
        state->map_bytes = bigger;
        code = write_once(state, head, changes, &txn);
    }
    enum tally_status status = status_from_mdb(code);
    if (status == TALLY_OK) {
        state->head = *head;
        if (vouch(state, txn) != TALLY_OK) { /* without it this commit does not count */
            state->broken = true;
            status = TALLY_E_STORE_IO;
        }
    } else if (status != TALLY_E_STORE_FULL && status != TALLY_E_NO_MEMORY) {
        state->broken = true;
        status = TALLY_E_STORE_IO;
    }
    return status;
}

enum tally_status state_each(struct state *state, enum state_table table, state_visit visit,
                             void *context)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    TALLY_TRY(status_from_mdb(mdb_txn_begin(state->env, NULL, MDB_RDONLY, &txn)));
    enum tally_status status = status_from_mdb(mdb_cursor_open(txn, state->tables[table], &cursor));
    MDB_cursor_op step = MDB_FIRST;
    while (status == TALLY_OK) {
        MDB_val key, data;
        struct tally_slice value = {NULL, 0};
        int code = mdb_cursor_get(cursor, &key, &data, step);
        if (code == MDB_NOTFOUND) {
            break;
        }
        step = MDB_NEXT;
        status = status_from_mdb(code);
        if (status == TALLY_OK) {
            status = open_row(table, &key, &data, &value);
        }
        if (status == TALLY_OK) {
            status = visit(context, (struct tally_slice){key.mv_data, key.mv_size}, value);
        }
    }
    if (cursor != NULL) {
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return status;
}

enum tally_status state_count(struct state *state, enum state_table table, uint64_t *ret_count)
{
    MDB_txn *txn = NULL;
    MDB_stat about = {0};
    TALLY_TRY(status_from_mdb(mdb_txn_begin(state->env, NULL, MDB_RDONLY, &txn)));
    enum tally_status status = status_from_mdb(mdb_stat(txn, state->tables[table], &about));
    mdb_txn_abort(txn);
    TALLY_TRY(status);
    *ret_count = about.ms_entries;
    return TALLY_OK;
}

uint64_t state_bytes(const struct state *state)
{
    struct stat about;
    return stat(state->path, &about) == 0 ? (uint64_t)about.st_size : 0;
}
