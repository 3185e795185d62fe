/* SPDX-License-Identifier: Apache-2.0 */
/* The same swipe by its peers: SQLite, and LMDB's look-ups alone.
 *
 *                                         ours   sqlite   lmdb_get
 *   the card's handle (HMAC)              yes    yes      no, made before
 *   card, member, account with its lots   yes    yes      yes
 *   copied out of the store               yes    no       no
 *   checksum of every row                 yes    no       no
 *   unsealing key and profile (AES-GCM)   yes    yes      no
 *   reading the profile                   yes    no       no
 *   tier, value, next expiry              yes    no       no
 *   making the JSON line                  yes    no: the bytes are those that ours made
 *   writing it to a Unix socket           yes    yes      no
 *
 * So SQLite's number is what a program around SQLite could not go below. */
#include "tools/measure/swipe.h"

#include <errno.h>
#include <lmdb.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/base/alloc.h"
#include "app/crypto/seal.h"
#include "app/store/rows.h"

enum { PATH_LEN_MAX = 1024, LINE_LEN_MAX = 64 * 1024, ID_LEN = 8 };

static void *make(size_t size)
{
    void *self = tally_alloc(1, size);
    if (self == NULL) {
        bench_die("no memory");
    }
    return self;
}

/* ------------------------------------------------------------------ SQLite */

struct sqlite {
    sqlite3 *db;
    sqlite3_stmt *card, *member, *account;
    const struct swipe_club *club;
    struct tally_buffer plain;
    int64_t points;
    int till[2]; /* ours, the till's */
};

/* Nobody else has the file open, as nobody else has our store: the lock is taken once. Pages are
 * mapped, as LMDB's are. */
static const char schema[] =
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA mmap_size=1073741824;"
    "CREATE TABLE card(handle BLOB PRIMARY KEY, member INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE member(id INTEGER PRIMARY KEY, account INTEGER NOT NULL, home_shop INTEGER NOT "
    "NULL, profile BLOB NOT NULL, wrapped_key BLOB NOT NULL);"
    "CREATE TABLE account(id INTEGER PRIMARY KEY, earned INTEGER NOT NULL, redeemed INTEGER NOT "
    "NULL, year_from INTEGER NOT NULL, spent INTEGER NOT NULL, visits INTEGER NOT NULL, "
    "debt INTEGER NOT NULL);"
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
    check_sqlite(
        sqlite,
        sqlite3_prepare_v3(sqlite->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL),
        SQLITE_OK);
    return statement;
}

static void bind_blob(sqlite3_stmt *statement, int at, struct tally_slice bytes)
{
    sqlite3_bind_blob(statement, at, bytes.data, (int)bytes.len, SQLITE_STATIC);
}

static void insert(struct sqlite *sqlite, sqlite3_stmt *statement)
{
    check_sqlite(sqlite, sqlite3_step(statement), SQLITE_DONE);
    check_sqlite(sqlite, sqlite3_reset(statement), SQLITE_OK);
}

static void insert_account(struct sqlite *sqlite, const struct swipe_person *person,
                           sqlite3_stmt *account, sqlite3_stmt *lot)
{
    sqlite3_int64 id = (sqlite3_int64)person->member;
    sqlite3_bind_int64(account, 1, id);
    sqlite3_bind_int64(account, 2, person->points.earned);
    sqlite3_bind_int64(account, 3, person->points.redeemed);
    sqlite3_bind_int64(account, 4, person->counts[1].from_day);
    sqlite3_bind_int64(account, 5, person->counts[1].amount);
    sqlite3_bind_int64(account, 6, person->counts[0].amount);
    sqlite3_bind_int64(account, 7, person->points.debt);
    insert(sqlite, account);
    for (size_t i = 0; i < SWIPE_LOTS; i++) {
        sqlite3_bind_int64(lot, 1, id);
        sqlite3_bind_int64(lot, 2, person->lots[i].drawer);
        sqlite3_bind_int64(lot, 3, person->lots[i].expires_day);
        sqlite3_bind_int64(lot, 4, person->lots[i].points);
        insert(sqlite, lot);
    }
}

static void insert_club(struct sqlite *sqlite, const struct swipe_club *club)
{
    sqlite3_stmt *card = prepare(sqlite, "INSERT INTO card VALUES(?1,?2)");
    sqlite3_stmt *member = prepare(sqlite, "INSERT INTO member VALUES(?1,?1,3,?2,?3)");
    sqlite3_stmt *account = prepare(sqlite, "INSERT INTO account VALUES(?1,?2,?3,?4,?5,?6,?7)");
    sqlite3_stmt *lot = prepare(sqlite, "INSERT INTO lot VALUES(?1,?2,?3,?4)");
    run_sql(sqlite, "BEGIN");
    for (size_t i = 0; i < club->count; i++) {
        const struct swipe_person *person = &club->people[i];
        bind_blob(card, 1, (struct tally_slice){person->handle, TALLY_HANDLE_LEN});
        sqlite3_bind_int64(card, 2, (sqlite3_int64)person->member);
        insert(sqlite, card);
        sqlite3_bind_int64(member, 1, (sqlite3_int64)person->member);
        bind_blob(member, 2, tally_buffer_slice(&person->profile));
        bind_blob(member, 3, tally_buffer_slice(&person->wrapped_key));
        insert(sqlite, member);
        insert_account(sqlite, person, account, lot);
    }
    run_sql(sqlite, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_finalize(card);
    sqlite3_finalize(member);
    sqlite3_finalize(account);
    sqlite3_finalize(lot);
}

static void *sqlite_open(const char *dir, struct swipe_club *club)
{
    struct sqlite *sqlite = make(sizeof *sqlite);
    char path[PATH_LEN_MAX];
    snprintf(path, sizeof path, "%s/club.sqlite", dir);
    sqlite->club = club;
    check_sqlite(sqlite, sqlite3_open(path, &sqlite->db), SQLITE_OK);
    run_sql(sqlite, schema);
    insert_club(sqlite, club);
    sqlite->card = prepare(sqlite, "SELECT member FROM card WHERE handle=?1");
    sqlite->member =
        prepare(sqlite, "SELECT account,home_shop,profile,wrapped_key FROM member WHERE id=?1");
    sqlite->account =
        prepare(sqlite, "SELECT a.earned,a.redeemed,a.year_from,a.spent,a.visits,a.debt,"
                        "l.drawer,l.expires_day,l.points FROM account a LEFT JOIN lot l ON "
                        "l.account=a.id WHERE a.id=?1 ORDER BY l.drawer,l.expires_day");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sqlite->till) != 0) {
        bench_die("sqlite: %s", strerror(errno));
    }
    return sqlite;
}

static struct tally_slice column(sqlite3_stmt *statement, int at)
{
    const uint8_t *bytes = sqlite3_column_blob(statement, at);
    return (struct tally_slice){bytes, (size_t)sqlite3_column_bytes(statement, at)};
}

/* Of the account; the name is then in `plain`. */
static sqlite3_int64 sqlite_member(struct sqlite *sqlite, sqlite3_int64 member)
{
    sqlite3_bind_int64(sqlite->member, 1, member);
    check_sqlite(sqlite, sqlite3_step(sqlite->member), SQLITE_ROW);
    sqlite3_int64 account = sqlite3_column_int64(sqlite->member, 0);
    sqlite->plain.len = 0;
    bench_check(tally_profile_open(sqlite->club->data_key, (uint64_t)member,
                                   column(sqlite->member, 2), column(sqlite->member, 3),
                                   &sqlite->plain),
                "sqlite: profile");
    check_sqlite(sqlite, sqlite3_reset(sqlite->member), SQLITE_OK);
    return account;
}

static void sqlite_account(struct sqlite *sqlite, sqlite3_int64 account)
{
    int code;
    sqlite->points = 0;
    sqlite3_bind_int64(sqlite->account, 1, account);
    while ((code = sqlite3_step(sqlite->account)) == SQLITE_ROW) {
        sqlite->points += sqlite3_column_int64(sqlite->account, 8);
    }
    check_sqlite(sqlite, code, SQLITE_DONE);
    check_sqlite(sqlite, sqlite3_reset(sqlite->account), SQLITE_OK);
}

static void sqlite_swipe(void *self, struct swipe_person *person)
{
    struct sqlite *sqlite = self;
    uint8_t handle[TALLY_HANDLE_LEN];
    bench_check(tally_card_handle(sqlite->club->card_key, &person->card, handle), "handle");
    bind_blob(sqlite->card, 1, (struct tally_slice){handle, sizeof handle});
    check_sqlite(sqlite, sqlite3_step(sqlite->card), SQLITE_ROW);
    sqlite3_int64 member = sqlite3_column_int64(sqlite->card, 0);
    check_sqlite(sqlite, sqlite3_reset(sqlite->card), SQLITE_OK);
    sqlite_account(sqlite, sqlite_member(sqlite, member));
    if (send(sqlite->till[0], person->line.data, person->line.len, MSG_NOSIGNAL) !=
        (ssize_t)person->line.len) {
        bench_die("sqlite: the till: %s", strerror(errno));
    }
}

static void sqlite_settle(void *self, struct swipe_person *person)
{
    static uint8_t line[LINE_LEN_MAX];
    struct sqlite *sqlite = self;
    ssize_t got = recv(sqlite->till[1], line, sizeof line, MSG_DONTWAIT);
    if (got != (ssize_t)person->line.len || sqlite->points != person->points.earned ||
        memmem(sqlite->plain.data, sqlite->plain.len, person->name, strlen(person->name)) == NULL) {
        bench_die("sqlite: a wrong answer");
    }
}

static void sqlite_close(void *self)
{
    struct sqlite *sqlite = self;
    sqlite3_finalize(sqlite->card);
    sqlite3_finalize(sqlite->member);
    sqlite3_finalize(sqlite->account);
    sqlite3_close(sqlite->db);
    close(sqlite->till[0]);
    close(sqlite->till[1]);
    tally_buffer_wipe(&sqlite->plain);
    tally_free(sqlite);
}

const struct swipe_way swipe_sqlite = {"sqlite", sqlite_open, sqlite_swipe, sqlite_settle,
                                       sqlite_close};

/* ------------------------------------------------------------------ LMDB, the look-ups alone */

struct lmdb {
    MDB_env *env;
    MDB_txn *txn; /* reads only; reset between swipes */
    MDB_dbi cards, members, accounts;
    struct tally_slice found; /* the account; stays where it is, since nobody writes */
};

static void check_mdb(int code)
{
    if (code != MDB_SUCCESS) {
        bench_die("lmdb: %s", mdb_strerror(code));
    }
}

static MDB_val val_of(struct tally_slice bytes)
{
    return (MDB_val){.mv_size = bytes.len, .mv_data = (void *)(uintptr_t)bytes.data};
}

static void put(MDB_txn *txn, MDB_dbi table, struct tally_slice key, struct tally_slice value)
{
    MDB_val wanted = val_of(key), data = val_of(value);
    check_mdb(mdb_put(txn, table, &wanted, &data, 0));
}

static void put_person(struct lmdb *lmdb, MDB_txn *txn, const struct swipe_person *person)
{
    uint8_t id[ID_LEN];
    struct tally_buffer member = {0};
    struct row_member row = {.account = person->member,
                             .home_shop = 3,
                             .profile = tally_buffer_slice(&person->profile),
                             .wrapped_key = tally_buffer_slice(&person->wrapped_key),
                             .handles = person->handle,
                             .handle_count = 1};
    struct tally_slice key = {id, sizeof id};
    tally_store_be(id, sizeof id, person->member);
    bench_check(row_member_encode(&row, &member), "lmdb: member");
    put(txn, lmdb->cards, (struct tally_slice){person->handle, TALLY_HANDLE_LEN}, key);
    put(txn, lmdb->members, key, tally_buffer_slice(&member));
    put(txn, lmdb->accounts, key, tally_buffer_slice(&person->account_bytes));
    tally_buffer_free(&member);
}

static void *lmdb_open(const char *dir, struct swipe_club *club)
{
    struct lmdb *lmdb = make(sizeof *lmdb);
    char path[PATH_LEN_MAX];
    MDB_txn *txn = NULL;
    snprintf(path, sizeof path, "%s/club.mdb", dir);
    check_mdb(mdb_env_create(&lmdb->env));
    check_mdb(mdb_env_set_maxdbs(lmdb->env, 3));
    check_mdb(mdb_env_set_mapsize(lmdb->env, (size_t)256 << 20));
    check_mdb(mdb_env_open(lmdb->env, path, MDB_NOSUBDIR, 0600));
    check_mdb(mdb_txn_begin(lmdb->env, NULL, 0, &txn));
    check_mdb(mdb_dbi_open(txn, "cards", MDB_CREATE, &lmdb->cards));
    check_mdb(mdb_dbi_open(txn, "members", MDB_CREATE, &lmdb->members));
    check_mdb(mdb_dbi_open(txn, "accounts", MDB_CREATE, &lmdb->accounts));
    for (size_t i = 0; i < club->count; i++) {
        put_person(lmdb, txn, &club->people[i]);
    }
    check_mdb(mdb_txn_commit(txn));
    check_mdb(mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &lmdb->txn));
    mdb_txn_reset(lmdb->txn);
    return lmdb;
}

static struct tally_slice get(struct lmdb *lmdb, MDB_dbi table, struct tally_slice key)
{
    MDB_val wanted = val_of(key), data;
    check_mdb(mdb_get(lmdb->txn, table, &wanted, &data));
    return (struct tally_slice){data.mv_data, data.mv_size};
}

static void lmdb_swipe(void *self, struct swipe_person *person)
{
    struct lmdb *lmdb = self;
    struct row_member row;
    uint8_t id[ID_LEN];
    check_mdb(mdb_txn_renew(lmdb->txn));
    struct tally_slice member =
        get(lmdb, lmdb->cards, (struct tally_slice){person->handle, TALLY_HANDLE_LEN});
    bench_check(row_member_decode(get(lmdb, lmdb->members, member), &row), "lmdb: member");
    tally_store_be(id, sizeof id, row.account);
    lmdb->found = get(lmdb, lmdb->accounts, (struct tally_slice){id, sizeof id});
    mdb_txn_reset(lmdb->txn);
}

static void lmdb_settle(void *self, struct swipe_person *person)
{
    struct lmdb *lmdb = self;
    if (lmdb->found.len != person->account_bytes.len ||
        memcmp(lmdb->found.data, person->account_bytes.data, lmdb->found.len) != 0) {
        bench_die("lmdb: a wrong account");
    }
}

static void lmdb_close(void *self)
{
    struct lmdb *lmdb = self;
    mdb_txn_abort(lmdb->txn);
    mdb_env_close(lmdb->env);
    tally_free(lmdb);
}

const struct swipe_way swipe_lmdb = {"lmdb_get", lmdb_open, lmdb_swipe, lmdb_settle, lmdb_close};
