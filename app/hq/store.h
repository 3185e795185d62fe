/* app/hq/store.h: head office's store on LMDB: who the terminals are, every event they sent, and
 * the accounts that follow from them. Tables, byte by byte: STORE.md.
 *
 * Units    times are ms since 1970 UTC; days, points and money as app/core.
 * Memory   structs are values unless a _free exists.
 * Errors   TALLY_E_STORE_IO, _FULL, _DAMAGED and _VERSION are the disk's; then nothing of the call
 *          happened. Every change is one transaction, durable when the call returns.
 * Blocking everything reads or writes the disk, and a writer waits for the writer of another
 *          process: never on the event loop.
 * Threads  one at a time. Several processes may have the store open. Not across a fork. */
#ifndef TALLY_HQ_STORE_H
#define TALLY_HQ_STORE_H

#include "app/base/book.h"
#include "app/core/programme.h"
#include "app/crypto/crypto.h"
#include "app/hq/history.h"
#include "app/proto/messages.h"

struct hq_store;

enum {
    HQ_TEXT_MAX = 256,                 /* with the NUL: reasons, flags, a terminal's software */
    HQ_EPOCH = 1,                      /* HQ's own events, as terminal 0 */
    HQ_PULL_BYTES = 64 * 1024,         /* rows of one pull reply */
    HQ_ACCOUNT_MEMBERS_MAX = 256,      /* at most 1.4 MB of a pull reply; see TALLY_MSG_LEN_MAX */
    HQ_MEMBER_CARDS_MAX = 64,          /* with phone numbers and blocked ones */
    HQ_ACCOUNT_BYTES_MAX = 256 * 1024, /* above it, only events that add little are taken */
    HQ_ADDS_LITTLE = 64                /* lots and counters */
};

/* Opens DIR/hq.mdb; `create` makes it. TALLY_OK, TALLY_E_EXISTS (create, and it is there),
 * TALLY_E_NOT_FOUND (not created yet), TALLY_E_NO_MEMORY, store statuses */
TALLY_MUST_USE enum tally_status hq_store_open(const char *dir, bool create,
                                               struct hq_store **ret_store);
/* NULL is allowed. */
void hq_store_close(struct hq_store *store);

/* ------------------------------------------------------------------ terminals */

enum hq_terminal_state { HQ_TERMINAL_OK = 0, HQ_TERMINAL_QUARANTINED = 1, HQ_TERMINAL_REVOKED = 2 };

struct hq_terminal {
    uint32_t number;
    uint32_t shop;
    uint32_t epoch;
    enum hq_terminal_state state;
    uint64_t seq; /* newest event of this epoch held */
    uint8_t chain[TALLY_HASH_LEN];
    tally_hlc time;      /* of that event */
    uint64_t grant_seq;  /* newest granted */
    uint64_t grant_base; /* grants up to here belong to earlier epochs */
    uint8_t pin[TALLY_HASH_LEN];
    int64_t enrolled_ms;
    int64_t heard_ms; /* last accepted push; 0: none */
    char software[HQ_TEXT_MAX];
    char reason[HQ_TEXT_MAX]; /* why it isn't OK */
};

/* TALLY_OK, TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status hq_store_terminal(struct hq_store *store, uint32_t number,
                                                   struct hq_terminal *ret_terminal);
/* In order of their numbers, HQ itself (0) first; `each` not TALLY_OK ends it with that status. */
TALLY_MUST_USE enum tally_status
hq_store_terminals(struct hq_store *store,
                   enum tally_status (*each)(void *context, const struct hq_terminal *terminal),
                   void *context);

/* In force at the terminal's next message. TALLY_OK, TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status hq_store_revoke(struct hq_store *store, uint32_t number,
                                                 const char *reason);

/* ------------------------------------------------------------------ enrolment */

/* Keeps the hash of a token's secret. terminal 0: the next free number; else that number, and if it
 * is in use, its next epoch under the new key.
 *   TALLY_OK, TALLY_E_EXISTS (the same secret again), store statuses */
TALLY_MUST_USE enum tally_status hq_store_token_add(struct hq_store *store,
                                                    const uint8_t hash[TALLY_HASH_LEN],
                                                    uint32_t shop, uint32_t terminal,
                                                    int64_t expires_ms);

/* What signs a terminal's certificate. Borrowed. */
struct hq_issuer {
    struct tally_slice key_pem;
    struct tally_slice cert_der;
};

/* Uses the token for the key in `csr_der`: decides, in one transaction, the terminal's number and
 * pin. The same key again before the token lapses gets the same terminal again.
 *   TALLY_OK           *ret_terminal, and its certificate is appended
 *   TALLY_E_TOKEN      unknown, lapsed, or used by another key (that raises a flag)
 *   TALLY_E_EXISTS     the key belongs to another terminal already
 *   TALLY_E_INVALID, TALLY_E_SIGNATURE (the request), TALLY_E_CRYPTO, store statuses */
TALLY_MUST_USE enum tally_status
hq_store_enrol(struct hq_store *store, const uint8_t token_hash[TALLY_HASH_LEN],
               struct tally_slice csr_der, const char *software, const struct hq_issuer *issuer,
               int64_t now_ms, struct hq_terminal *ret_terminal, struct tally_buffer *ret_cert_der);

/* ------------------------------------------------------------------ what terminals ask */

/* Each of these finds the caller by its pin, in the same transaction as the rest. Beside their own
 * statuses they answer
 *   TALLY_E_REVOKED    no such pin, or revoked
 *   TALLY_E_CHAIN      quarantined, before or by this very call; `text` says why
 *   TALLY_E_INVALID    the message is malformed
 * `text` is for the terminal and the log; no personal data. */

struct hq_push {
    uint8_t pin[TALLY_HASH_LEN];
    struct tally_slice message;        /* tally.v1.PushRequest; borrowed */
    enum tally_status status;          /* out; TALLY_E_PROTOCOL: another epoch, or a gap */
    char text[HQ_TEXT_MAX];            /* out */
    struct tally_msg_push_reply reply; /* out: where HQ stands; valid on TALLY_OK */
    uint64_t accepted;                 /* out: events that were new */
};

/* All of them in one transaction; each has its own answer. Not TALLY_OK: none of them happened. */
TALLY_MUST_USE enum tally_status hq_store_push(struct hq_store *store, struct hq_push **pushes,
                                               size_t count, int64_t now_ms);

struct hq_pull {
    uint8_t pin[TALLY_HASH_LEN];
    uint64_t cursor; /* in, and out where the next call goes on */
    uint32_t programme_version;
    uint64_t grant_seq;
    const struct tally_msg_shared_keys *keys; /* to be sent in this reply; NULL: not */
    char text[HQ_TEXT_MAX];                   /* out */
    uint32_t terminal;                        /* out */
    bool caught_up;                           /* out: nothing newer than what is in the reply */
    bool news; /* out: the reply carries anything but the time and caught_up */
};

/* One PullReply, appended to ret_reply: keys, programme, grants, then rows up to HQ_PULL_BYTES. */
TALLY_MUST_USE enum tally_status hq_store_pull(struct hq_store *store, struct hq_pull *pull,
                                               int64_t now_ms, struct tally_buffer *ret_reply);

struct hq_draw {
    uint8_t pin[TALLY_HASH_LEN];
    struct tally_slice message; /* tally.v1.DrawRequest; borrowed */
    char text[HQ_TEXT_MAX];     /* out */
    uint32_t terminal;          /* out */
    int64_t granted;            /* out: points that this call moved */
};

/* A DrawReply, appended. TALLY_E_NOT_FOUND: no such account. */
TALLY_MUST_USE enum tally_status hq_store_draw(struct hq_store *store, struct hq_draw *draw,
                                               int64_t now_ms, struct tally_buffer *ret_reply);

/* ------------------------------------------------------------------ the programme */

/* Keeps a checked and signed document. TALLY_OK, TALLY_E_EXISTS (version is not above the newest),
 * store statuses */
TALLY_MUST_USE enum tally_status hq_store_programme_put(struct hq_store *store, uint32_t version,
                                                        struct tally_slice document,
                                                        struct tally_slice signature);
/* Puts what is missing of the rewards that all members share (app/core/stock.h) into HQ's drawer,
 * for the programme in force: after publishing one, and at night. Draws do it by themselves, too.
 * TALLY_OK (also: there is no programme), store statuses */
TALLY_MUST_USE enum tally_status hq_store_stock(struct hq_store *store, int64_t now_ms);
/* The newest; document appended. TALLY_OK, TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status hq_store_programme_newest(struct hq_store *store,
                                                           uint32_t *ret_version,
                                                           struct tally_buffer *ret_document);

/* ------------------------------------------------------------------ members that HQ brings in */

struct hq_import_row {
    uint8_t handle[TALLY_HANDLE_LEN]; /* of the card */
    bool has_phone_handle;
    uint8_t phone_handle[TALLY_HANDLE_LEN];
    uint32_t home_shop;
    struct tally_slice profile; /* encoded tally.v1.Profile, in clear; borrowed */
    int64_t points;             /* opening balance; 0 or more */
    int32_t expires_day;
    int64_t qualifying; /* 0 or more */
};

/* What a person had already before the import came to the row. */
struct hq_import_known {
    uint64_t cards;  /* their rows were left out whole */
    uint64_t phones; /* phone numbers of another member: their rows came in with the card alone */
};

/* Enrols them as HQ's own events, all in one transaction; a card that is known already is left
 * alone, a phone number stays with the first who has it. TALLY_OK, TALLY_E_CRYPTO,
 * TALLY_E_OVERFLOW, store statuses */
TALLY_MUST_USE enum tally_status hq_store_import(struct hq_store *store,
                                                 const uint8_t data_key[TALLY_KEY_LEN],
                                                 const struct hq_import_row *rows, size_t count,
                                                 int64_t now_ms, struct hq_import_known *ret_known);

/* ------------------------------------------------------------------ looking */

struct hq_flag {
    uint64_t number;
    int64_t time_ms;
    struct tally_event_id event; /* seq 0: about the terminal */
    uint64_t account;            /* 0: none */
    char text[HQ_TEXT_MAX];
};
TALLY_MUST_USE enum tally_status
hq_store_flags(struct hq_store *store,
               enum tally_status (*each)(void *context, const struct hq_flag *flag), void *context);

struct hq_counts {
    uint64_t terminals; /* without HQ itself */
    uint64_t events;
    uint64_t accounts;
    uint64_t members;
    uint64_t cards;
    uint64_t flags;
    uint32_t programme_version;
    uint64_t cursor; /* newest change */
    uint64_t bytes_used;
    uint64_t bytes_max;
};
TALLY_MUST_USE enum tally_status hq_store_counts(struct hq_store *store,
                                                 struct hq_counts *ret_counts);

/* TALLY_OK, TALLY_E_NOT_FOUND. Free with tally_book_free(). */
TALLY_MUST_USE enum tally_status hq_store_account(struct hq_store *store, uint64_t account,
                                                  struct tally_book *ret_book);
TALLY_MUST_USE enum tally_status hq_store_card(struct hq_store *store,
                                               const uint8_t handle[TALLY_HANDLE_LEN],
                                               uint64_t *ret_member, uint64_t *ret_account);

/* One event, as it goes by. Everything is borrowed for the call. */
struct hq_event_view {
    const struct tally_event *event;
    const uint8_t *chain;              /* TALLY_HASH_LEN */
    struct tally_event_id reversed_by; /* a sale's: its newest void or refund; seq 0: none */
    bool is_voided;
    uint32_t shop; /* where it happened, of a reversal where it was sold; 0: not known */
};
/* Every event in order of its id, in one snapshot: the file can't give back pages meanwhile.
 * `each` not TALLY_OK ends it with that status. */
TALLY_MUST_USE enum tally_status
hq_store_each_event(struct hq_store *store,
                    enum tally_status (*each)(void *context, const struct hq_event_view *view),
                    void *context);
/* The moment as the programme sees it. */
struct hq_today {
    const struct tally_programme *programme; /* the newest that is in force; NULL: none */
    int64_t now_ms;
    int32_t day; /* in the programme's time zone; UTC without one */
};
/* The programme lives as long as the store. */
TALLY_MUST_USE enum tally_status hq_store_today(struct hq_store *store, int64_t now_ms,
                                                struct hq_today *ret_today);
/* Every account's events, account by account (history.h). What `each` answers but TALLY_OK ends
 * it. */
TALLY_MUST_USE enum tally_status hq_store_each_history(struct hq_store *store, history_visit each,
                                                       void *context);
/* Every account in order of its id. */
TALLY_MUST_USE enum tally_status
hq_store_each_account(struct hq_store *store, int64_t now_ms,
                      enum tally_status (*each)(void *context, const struct tally_account *account,
                                                const struct hq_today *today),
                      void *context);

struct hq_verified {
    uint64_t events;
    uint64_t accounts;
    char difference[HQ_TEXT_MAX]; /* the first one, "" if none */
};
/* Recomputes every chain from the stored bytes and folds every account again, in one snapshot.
 *   TALLY_OK (no difference), TALLY_E_MISMATCH, store statuses */
TALLY_MUST_USE enum tally_status hq_store_verify(struct hq_store *store,
                                                 struct hq_verified *ret_verified);

#endif
