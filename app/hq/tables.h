/* app/hq/tables.h: the store's tables and one transaction over them; for the store's own files.
 *
 * Memory   a slice read from a table lives until the transaction's next write or its end: copy what
 *          is needed longer. */
#ifndef TALLY_HQ_TABLES_H
#define TALLY_HQ_TABLES_H

#include "app/base/book.h"
#include "app/hq/store.h"

#include <lmdb.h>

#define HQ_TABLE_LIST(X)                                                                           \
    X(HQ_META, "meta")                                                                             \
    X(HQ_TERMINALS, "terminals")                                                                   \
    X(HQ_PINS, "pins")                                                                             \
    X(HQ_TOKENS, "tokens")                                                                         \
    X(HQ_EVENTS, "events")                                                                         \
    X(HQ_LEDGER, "ledger")                                                                         \
    X(HQ_ACCOUNTS, "accounts")                                                                     \
    X(HQ_MEMBERS, "members")                                                                       \
    X(HQ_ACCOUNT_MEMBERS, "account_members")                                                       \
    X(HQ_CARDS, "cards")                                                                           \
    X(HQ_MEMBER_CARDS, "member_cards")                                                             \
    X(HQ_REVERSALS, "reversals")                                                                   \
    X(HQ_REFERRALS, "referrals")                                                                   \
    X(HQ_AWARDS, "awards")                                                                         \
    X(HQ_SEEDS, "seeds")                                                                           \
    X(HQ_SURPRISES, "surprises")                                                                   \
    X(HQ_STOCK, "stock")                                                                           \
    X(HQ_GRANTS, "grants")                                                                         \
    X(HQ_DRAWS, "draws")                                                                           \
    X(HQ_CHANGES, "changes")                                                                       \
    X(HQ_CHANGE_OF, "change_of")                                                                   \
    X(HQ_PROGRAMMES, "programmes")                                                                 \
    X(HQ_FLAGS, "flags")

enum hq_table {
#define X(name, text) name,
    HQ_TABLE_LIST(X)
#undef X
        HQ_TABLE_COUNT
};

struct hq_programme; /* a parsed document, kept with the store */

struct hq_store {
    MDB_env *env;
    MDB_dbi tables[HQ_TABLE_COUNT];
    struct hq_programme *programmes;
};

/* Numbers that only grow; one row of meta. */
struct hq_counters {
    uint64_t arrival; /* events held, over all terminals: the order in which they were folded */
    uint64_t cursor;  /* newest change */
    uint64_t flag;    /* newest flag */
    uint32_t terminal_top; /* highest terminal number given */
};

struct hq_txn {
    struct hq_store *store;
    MDB_txn *mdb;
    bool writes;
    int64_t now_ms;
    struct hq_counters counters;
    uint64_t cursor_before; /* counters.cursor when it began */
    size_t work;            /* bytes that the events of one push have made HQ look at */
};

/* Foreign codes stop here. */
enum tally_status hq_status_from_mdb(int code);

TALLY_MUST_USE enum tally_status hq_begin(struct hq_store *store, bool writes, int64_t now_ms,
                                          struct hq_txn *ret_txn);
/* Commits when `status` is TALLY_OK and the transaction writes, else drops it; what came of it. */
TALLY_MUST_USE enum tally_status hq_end(struct hq_txn *txn, enum tally_status status);

/* ------------------------------------------------------------------ keys */

enum { HQ_KEY_MAX = 48 };

/* Numbers are big-endian, so that the order of keys is the order of numbers. */
struct hq_key {
    uint8_t bytes[HQ_KEY_MAX];
    size_t len;
};

void hq_key_number(struct hq_key *key, size_t width, uint64_t number);
void hq_key_bytes(struct hq_key *key, const void *bytes, size_t len);
struct hq_key hq_key_u32(uint32_t number);
struct hq_key hq_key_u64(uint64_t number);
struct hq_key hq_key_event(const struct tally_event_id *id);
struct hq_key hq_key_ledger(uint64_t account, const struct tally_event_id *id);

/* ------------------------------------------------------------------ rows */

/* TALLY_OK, TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status hq_get(struct hq_txn *txn, enum hq_table table,
                                        const struct hq_key *key, struct tally_slice *ret_value);
TALLY_MUST_USE enum tally_status hq_put(struct hq_txn *txn, enum hq_table table,
                                        const struct hq_key *key, struct tally_slice value);
/* A row that isn't there is deleted already. */
TALLY_MUST_USE enum tally_status hq_delete(struct hq_txn *txn, enum hq_table table,
                                           const struct hq_key *key);

/* Walks the rows whose keys begin with `prefix`, from `from` (or the prefix itself) on. */
struct hq_scan {
    MDB_cursor *cursor;
    struct hq_key prefix;
    struct hq_key from;
    bool started;
    struct tally_slice key; /* of the row it stands on */
    struct tally_slice value;
};
TALLY_MUST_USE enum tally_status hq_scan_open(struct hq_txn *txn, enum hq_table table,
                                              const struct hq_key *prefix,
                                              const struct hq_key *from, struct hq_scan *ret_scan);
/* TALLY_OK, TALLY_E_END, store statuses */
TALLY_MUST_USE enum tally_status hq_scan_next(struct hq_scan *scan);
/* Before the transaction ends. */
void hq_scan_close(struct hq_scan *scan);
/* The last row of a table. TALLY_OK, TALLY_E_NOT_FOUND */
TALLY_MUST_USE enum tally_status hq_last(struct hq_txn *txn, enum hq_table table,
                                         struct tally_slice *ret_key,
                                         struct tally_slice *ret_value);

/* ------------------------------------------------------------------ terminals, flags */

TALLY_MUST_USE enum tally_status hq_terminal_get(struct hq_txn *txn, uint32_t number,
                                                 struct hq_terminal *ret_terminal);
TALLY_MUST_USE enum tally_status hq_terminal_put(struct hq_txn *txn,
                                                 const struct hq_terminal *terminal);
/* The caller with this pin, in good standing; else TALLY_E_REVOKED or TALLY_E_CHAIN and `text`. */
TALLY_MUST_USE enum tally_status hq_caller(struct hq_txn *txn, const uint8_t pin[TALLY_HASH_LEN],
                                           char text[HQ_TEXT_MAX],
                                           struct hq_terminal *ret_terminal);
/* Something for a person to look at. `event` seq 0: about the terminal. */
TALLY_MUST_USE enum tally_status hq_flag_add(struct hq_txn *txn, const struct tally_event_id *event,
                                             uint64_t account, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ------------------------------------------------------------------ events and accounts */

struct hq_event_row {
    uint64_t arrival;
    const uint8_t *chain; /* TALLY_HASH_LEN */
    struct tally_slice event;
    struct tally_slice sidecar;
};
TALLY_MUST_USE enum tally_status hq_event_row_parse(struct tally_slice value,
                                                    struct hq_event_row *ret_row);
/* TALLY_OK, TALLY_E_NOT_FOUND */
TALLY_MUST_USE enum tally_status hq_event_get(struct hq_txn *txn, const struct tally_event_id *id,
                                              struct hq_event_row *ret_row);

/* Whether an event moves points at HQ: a terminal's grant only confirms HQ's own. */
bool hq_event_folds(const struct tally_event *event);

/* The stored account, empty (id 0) if there is none. Free with tally_book_free(). */
TALLY_MUST_USE enum tally_status hq_account_load(struct hq_txn *txn, uint64_t id,
                                                 struct tally_book *ret_book);
/* Puts the account at the end of the change feed. */
TALLY_MUST_USE enum tally_status hq_touch(struct hq_txn *txn, uint64_t account);

/* One event that was found good, from anyone: row, ledger, account, people and cards, change. What
 * makes it bad leaves everything as it was:
 *   TALLY_E_POINTS_SHORT, TALLY_E_INVALID, TALLY_E_OVERFLOW (the fold refuses it) */
TALLY_MUST_USE enum tally_status hq_event_add(struct hq_txn *txn, const struct tally_event *event,
                                              struct tally_slice bytes, struct tally_slice sidecar,
                                              const uint8_t chain[TALLY_HASH_LEN]);
/* What came back of a sale so far. `lines` are cumulative, rising; a void has none. */
struct hq_reversed {
    struct tally_event_id newest; /* seq 0: nothing came back */
    bool is_void;
    struct tally_returned_line *lines; /* owned; quantity_before_milli is all that is back */
    size_t line_count;
};
TALLY_MUST_USE enum tally_status hq_reversed_load(struct hq_txn *txn,
                                                  const struct tally_event_id *sale,
                                                  struct hq_reversed *ret_reversed);
void hq_reversed_free(struct hq_reversed *reversed);
/* Counts one VOID or REFUND in. */
TALLY_MUST_USE enum tally_status hq_reversed_add(struct hq_txn *txn,
                                                 const struct tally_event *event);
/* Whether its sale is there and what it undoes is what is left of it. TALLY_OK (perhaps with a
 * flag), TALLY_E_MISMATCH (a right terminal never sends this; *ret_why says why),
 * TALLY_E_NOT_READY (HQ lacks the sale, which is another terminal's) */
TALLY_MUST_USE enum tally_status
hq_reversal_check(struct hq_txn *txn, const struct tally_event *event, const char **ret_why);

/* Works a SALE or an AWARD of a terminal out again, by what it saw and by what HQ sees. What
 * differs is flagged, and taken as claimed. TALLY_OK, store statuses */
TALLY_MUST_USE enum tally_status hq_sale_check(struct hq_txn *txn, const struct tally_event *event);
TALLY_MUST_USE enum tally_status hq_award_check(struct hq_txn *txn,
                                                const struct tally_event *event);

/* A member's row; its slices live as long as the transaction, its lists of handles are empty.
 *   TALLY_OK, TALLY_E_NOT_FOUND, TALLY_E_STORE_DAMAGED */
TALLY_MUST_USE enum tally_status hq_member_get(struct hq_txn *txn, uint64_t id,
                                               struct tally_msg_member_row *ret_member);

/* Who is new, from an ENROL event; a CARD event's change; and, when an account ends, all its
 * members over to another one. What cannot be is flagged. */
TALLY_MUST_USE enum tally_status hq_people_add(struct hq_txn *txn, const struct tally_event *event,
                                               struct tally_slice wrapped_key);
TALLY_MUST_USE enum tally_status hq_card_change(struct hq_txn *txn,
                                                const struct tally_event *event);
TALLY_MUST_USE enum tally_status hq_people_move(struct hq_txn *txn, uint64_t from, uint64_t into);
TALLY_MUST_USE enum tally_status hq_people_count(struct hq_txn *txn, uint64_t account,
                                                 size_t *ret_count);
/* Whether some member has this card or phone number. */
TALLY_MUST_USE enum tally_status
hq_card_known(struct hq_txn *txn, const uint8_t handle[TALLY_HANDLE_LEN], bool *ret_known);
/* HQ's own next event on its own chain, alone. */
TALLY_MUST_USE enum tally_status hq_append_own(struct hq_txn *txn, struct tally_event *event);
/* The same for one of several: sets id, time and day, encodes, chains and adds it. `self` is HQ's
 * row, which the caller reads before and writes after. */
TALLY_MUST_USE enum tally_status hq_append(struct hq_txn *txn, struct hq_terminal *self,
                                           struct tally_event *event, struct tally_slice sidecar);

/* ------------------------------------------------------------------ bonuses */

/* What HQ itself gives, or takes back, once an event of a terminal is in: awards to those who
 * brought a member and to the one who was brought, surprises, and what an undone sale had brought
 * of either; and hq_stock_after. `chain` is the event's. */
TALLY_MUST_USE enum tally_status hq_bonus_after(struct hq_txn *txn, const struct tally_event *event,
                                                const uint8_t chain[TALLY_HASH_LEN]);
/* Puts what is missing of the rewards that all members share into HQ's drawer: those of the
 * programme in force, so many that all that was ever put in is their total. Nothing is ever taken
 * out again where a total was lowered. */
TALLY_MUST_USE enum tally_status hq_stock_fill(struct hq_txn *txn);
/* Counts what an event of a terminal took of them, put back and gave away, and flags what was given
 * away without having been taken. */
TALLY_MUST_USE enum tally_status hq_stock_after(struct hq_txn *txn,
                                                const struct tally_event *event);
/* What HQ's drawer holds of an account that ends goes over into another one: points, debts,
 * counters, standings. Nothing happens where it was done before and nothing has come since. */
TALLY_MUST_USE enum tally_status hq_merge_over(struct hq_txn *txn, uint64_t from, uint64_t into,
                                               struct tally_slice reason, struct tally_slice who);
/* The same for an account that something was just brought for, on to where the last one ended: most
 * have not ended. */
TALLY_MUST_USE enum tally_status hq_merge_after(struct hq_txn *txn, uint64_t account);
/* One award for a sale, as HQ's own event into its own drawer. An award that may not be given
 * (again) is none. */
TALLY_MUST_USE enum tally_status
hq_award_give(struct hq_txn *txn, const struct tally_programme *programme, uint64_t account,
              const struct tally_award_rule *rule, const struct tally_event *sale, int64_t points);
/* The draw for one sale under every surprise of its programme. */
TALLY_MUST_USE enum tally_status hq_surprise_draw(struct hq_txn *txn,
                                                  const struct tally_programme *programme,
                                                  const struct tally_event *sale,
                                                  const uint8_t chain[TALLY_HASH_LEN]);

/* ------------------------------------------------------------------ programmes */

/* TALLY_OK, TALLY_E_NOT_FOUND. Lives as long as the store. */
TALLY_MUST_USE enum tally_status hq_programme(struct hq_txn *txn, uint32_t version,
                                              const struct tally_programme **ret_programme);
/* Whether a right terminal could decide under that version then: it had begun, or none had, and a
 * newer one had not been in force for long. TALLY_OK, store statuses */
TALLY_MUST_USE enum tally_status hq_programme_timely(struct hq_txn *txn, uint32_t version,
                                                     int64_t at_ms, bool *ret_timely);
/* The programme in force and its business day. */
TALLY_MUST_USE enum tally_status hq_today(struct hq_txn *txn, struct hq_today *ret_today);
void hq_programmes_free(struct hq_store *store);

#endif
