/* SPDX-License-Identifier: Apache-2.0 */
/* The same sale by its peers: a bare append, a bare put into LMDB, and SQLite. */
#include "tools/measure/sale.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "app/base/alloc.h"

enum { APPEND_FILE_LEN = 64 << 20, PATH_LEN_MAX = 1024 };

static void nothing_put_off(void *self)
{
    (void)self;
}

static void *make(size_t size)
{
    void *self = tally_alloc(1, size);
    if (self == NULL) {
        bench_die("no memory");
    }
    return self;
}

/* ------------------------------------------------------------- append and fdatasync: the floor */

struct append {
    int fd;
    uint64_t offset;
    struct tally_buffer record;
};

static void *append_open(const char *dir, uint64_t members)
{
    (void)members;
    struct append *append = make(sizeof *append);
    static const uint8_t zeros[1 << 16];
    char path[PATH_LEN_MAX];
    snprintf(path, sizeof path, "%s/append", dir);
    append->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (append->fd < 0) {
        bench_die("append: %s: %s", path, strerror(errno));
    }
    for (size_t at = 0; at < APPEND_FILE_LEN; at += sizeof zeros) {
        if (pwrite(append->fd, zeros, sizeof zeros, (off_t)at) != (ssize_t)sizeof zeros) {
            bench_die("append: %s", strerror(errno));
        }
    }
    if (fsync(append->fd) != 0) {
        bench_die("append: %s", strerror(errno));
    }
    return append;
}

static void append_sell(void *self, uint64_t number, uint64_t account)
{
    struct append *append = self;
    sale_record(number, account, &append->record);
    if (append->offset + append->record.len > APPEND_FILE_LEN) {
        bench_die("append: too many sales for its file");
    }
    if (pwrite(append->fd, append->record.data, append->record.len, (off_t)append->offset) !=
            (ssize_t)append->record.len ||
        fdatasync(append->fd) != 0) {
        bench_die("append: %s", strerror(errno));
    }
    append->offset += append->record.len;
}

static void append_close(void *self)
{
    struct append *append = self;
    close(append->fd);
    tally_buffer_free(&append->record);
    tally_free(append);
}

const struct sale_way sale_append = {"append_fdatasync", append_open, append_sell, nothing_put_off,
                                     append_close};

/* ------------------------------------------------------------------ one LMDB transaction a sale */

struct put {
    MDB_env *env;
    MDB_dbi journal;
    struct tally_buffer record;
};

static void check_mdb(int code)
{
    if (code != MDB_SUCCESS) {
        bench_die("lmdb: %s", mdb_strerror(code));
    }
}

static void *put_open(const char *dir, uint64_t members)
{
    (void)members; /* it only appends: the least that LMDB can do for a sale */
    struct put *put = make(sizeof *put);
    char path[PATH_LEN_MAX];
    MDB_txn *txn = NULL;
    snprintf(path, sizeof path, "%s/put.mdb", dir);
    check_mdb(mdb_env_create(&put->env));
    check_mdb(mdb_env_set_mapsize(put->env, (size_t)256 << 20));
    check_mdb(mdb_env_open(put->env, path, MDB_NOSUBDIR, 0600));
    check_mdb(mdb_txn_begin(put->env, NULL, 0, &txn));
    check_mdb(mdb_dbi_open(txn, NULL, 0, &put->journal));
    check_mdb(mdb_txn_commit(txn));
    return put;
}

static void put_sell(void *self, uint64_t number, uint64_t account)
{
    struct put *put = self;
    MDB_txn *txn = NULL;
    uint8_t key_bytes[8];
    sale_record(number, account, &put->record);
    tally_store_be(key_bytes, sizeof key_bytes, number);
    MDB_val key = {.mv_size = sizeof key_bytes, .mv_data = key_bytes};
    MDB_val data = {.mv_size = put->record.len, .mv_data = put->record.data};
    check_mdb(mdb_txn_begin(put->env, NULL, 0, &txn));
    check_mdb(mdb_put(txn, put->journal, &key, &data, MDB_APPEND));
    check_mdb(mdb_txn_commit(txn));
}

static void put_close(void *self)
{
    struct put *put = self;
    mdb_env_close(put->env);
    tally_buffer_free(&put->record);
    tally_free(put);
}

const struct sale_way sale_lmdb = {"lmdb_put", put_open, put_sell, nothing_put_off, put_close};

/* ------------------------------------------------------------------ SQLite, WAL, FULL */

struct sqlite {
    sqlite3 *db;
    sqlite3_stmt *journal, *account, *lot;
    struct tally_buffer record;
};

static const char sqlite_schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE journal(seq INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, event BLOB NOT NULL);"
    "CREATE TABLE account(id INTEGER PRIMARY KEY, earned INTEGER NOT NULL, redeemed INTEGER NOT "
    "NULL, qualifying INTEGER NOT NULL, visits INTEGER NOT NULL, last_seq INTEGER NOT NULL);"
    "CREATE TABLE lot(account INTEGER NOT NULL, drawer INTEGER NOT NULL, expires_day INTEGER NOT "
    "NULL, points INTEGER NOT NULL, PRIMARY KEY(account, drawer, expires_day)) WITHOUT ROWID;";

static void check_sqlite(struct sqlite *sqlite, int code, int wanted)
{
    if (code != wanted) {
        bench_die("sqlite: %s", sqlite3_errmsg(sqlite->db));
    }
}

static void run_sql(struct sqlite *sqlite, const char *sql)
{
    check_sqlite(sqlite, sqlite3_exec(sqlite->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static sqlite3_stmt *prepare(struct sqlite *sqlite, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    check_sqlite(sqlite, sqlite3_prepare_v2(sqlite->db, sql, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

static void step(struct sqlite *sqlite, sqlite3_stmt *statement)
{
    check_sqlite(sqlite, sqlite3_step(statement), SQLITE_DONE);
    check_sqlite(sqlite, sqlite3_reset(statement), SQLITE_OK);
}

static void *sqlite_open(const char *dir, uint64_t members)
{
    struct sqlite *sqlite = make(sizeof *sqlite);
    char path[PATH_LEN_MAX], sql[512];
    snprintf(path, sizeof path, "%s/sale.sqlite", dir);
    check_sqlite(sqlite, sqlite3_open(path, &sqlite->db), SQLITE_OK);
    run_sql(sqlite, sqlite_schema);
    snprintf(sql, sizeof sql,
             "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%" PRIu64
             ") INSERT INTO account SELECT i,500,0,0,0,0 FROM n;"
             "INSERT INTO lot SELECT id,0,%d,500 FROM account; COMMIT;"
             "PRAGMA wal_checkpoint(TRUNCATE);",
             members, SALE_EXPIRES - 100);
    run_sql(sqlite, sql);
    sqlite->journal = prepare(sqlite, "INSERT INTO journal VALUES(?1,?2,?3)");
    sqlite->account =
        prepare(sqlite, "UPDATE account SET earned=earned+?2,qualifying=qualifying+?3,"
                        "visits=visits+1,last_seq=?4 WHERE id=?1");
    sqlite->lot = prepare(sqlite, "INSERT INTO lot VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE SET "
                                  "points=points+excluded.points");
    return sqlite;
}

static void sqlite_sell(void *self, uint64_t number, uint64_t account)
{
    struct sqlite *sqlite = self;
    char ref[32];
    int len = snprintf(ref, sizeof ref, "T07-20261122-%08" PRIu64, number);
    sqlite3_int64 id = (sqlite3_int64)account, seq = (sqlite3_int64)number;
    sale_record(number, account, &sqlite->record);
    run_sql(sqlite, "BEGIN IMMEDIATE");
    sqlite3_bind_int64(sqlite->journal, 1, seq);
    sqlite3_bind_text(sqlite->journal, 2, ref, len, SQLITE_STATIC);
    sqlite3_bind_blob(sqlite->journal, 3, sqlite->record.data, (int)sqlite->record.len,
                      SQLITE_STATIC);
    step(sqlite, sqlite->journal);
    sqlite3_bind_int64(sqlite->account, 1, id);
    sqlite3_bind_int64(sqlite->account, 2, SALE_POINTS);
    sqlite3_bind_int64(sqlite->account, 3, SALE_POINTS * 100);
    sqlite3_bind_int64(sqlite->account, 4, seq);
    step(sqlite, sqlite->account);
    sqlite3_bind_int64(sqlite->lot, 1, id);
    sqlite3_bind_int64(sqlite->lot, 2, SALE_TERMINAL);
    sqlite3_bind_int64(sqlite->lot, 3, SALE_EXPIRES);
    sqlite3_bind_int64(sqlite->lot, 4, SALE_POINTS);
    step(sqlite, sqlite->lot);
    run_sql(sqlite, "COMMIT");
}

static void sqlite_finish(void *self)
{
    run_sql(self, "PRAGMA wal_checkpoint(FULL)");
}

static void sqlite_close(void *self)
{
    struct sqlite *sqlite = self;
    sqlite3_finalize(sqlite->journal);
    sqlite3_finalize(sqlite->account);
    sqlite3_finalize(sqlite->lot);
    sqlite3_close(sqlite->db);
    tally_buffer_free(&sqlite->record);
    tally_free(sqlite);
}

const struct sale_way sale_sqlite = {"sqlite_wal_full", sqlite_open, sqlite_sell, sqlite_finish,
                                     sqlite_close};
