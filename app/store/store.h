/* app/store/store.h: the terminal's store: a journal that is the truth, and LMDB that follows.
 *
 * A commit is one record, one write and one fdatasync into a preallocated segment of the journal;
 * LMDB is brought up in batches, each one transaction that also writes HEAD. What is newer than
 * HEAD lives in an overlay through which all reads go. Opening replays the journal's tail. Layouts,
 * byte by byte: STORE.md.
 *
 * Units    lengths are bytes; days, points and money as app/core.
 * Memory   an output struct with a `_free` owns what it points at.
 * Errors   4x statuses mean: stop using points, selling goes on; nothing answered is lost.
 *          TALLY_E_STORE_IO after a failed write or sync is sticky: every later commit answers it
 *          until the store is opened again (the kernel may have dropped the pages).
 * Blocking reads don't block beyond a page fault; store_commit, store_checkpoint and the *_put
 *          functions block for one or two disk syncs.
 * Threads  one thread. Not across a fork. One process at a time (TALLY_E_STORE_IN_USE). store_open
 *          forks to try the state out: open before threads are started. */
#ifndef TALLY_STORE_STORE_H
#define TALLY_STORE_STORE_H

#include "app/base/buffer.h"
#include "app/base/book.h"
#include "app/proto/messages.h"

struct store;

enum { STORE_REF_LEN_MAX = TALLY_TEXT_LEN_MAX };

struct store_options {
    const char *dir;            /* made if missing, mode 0700 */
    size_t map_bytes_max;       /* 0: 1 GiB on 64 bits, 512 MiB on 32 bits */
    uint32_t checkpoint_events; /* events in the overlay that make a batch due; 0: 1024 */
    void (*log)(void *context, const char *line); /* recovery steps, one line each; may be NULL */
    void *log_context;
};

/* What opening found; for the log and for `tally status`. */
struct store_opened {
    bool created;       /* the store was new */
    bool rebuilt;       /* LMDB was moved aside and rebuilt from the journal: pull again from 0 */
    uint64_t replayed;  /* events replayed from the journal's tail */
    uint64_t cut_bytes; /* torn tail cut off */
};

/* TALLY_OK, TALLY_E_STORE_IO, TALLY_E_STORE_FULL, TALLY_E_STORE_VERSION, TALLY_E_STORE_IN_USE,
 * TALLY_E_STORE_DAMAGED (the journal itself fails its chain before its tail), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status store_open(const struct store_options *options,
                                            struct store_opened *ret_opened,
                                            struct store **ret_store);

/* Checkpoints if it can, then closes. NULL is allowed. */
void store_close(struct store *store);

/* ------------------------------------------------------------------ identity and small records */

/* Who writes here. Set once after enrolment; a new epoch starts a new journal at seq 1.
 *   TALLY_OK, TALLY_E_EXISTS (this epoch or a later one is in use), store statuses */
TALLY_MUST_USE enum tally_status store_set_writer(struct store *store, uint32_t terminal,
                                                  uint32_t epoch);

struct store_head {
    uint32_t terminal; /* 0: not enrolled */
    uint32_t epoch;
    uint64_t seq; /* newest durable event */
    uint8_t chain[TALLY_HASH_LEN];
    tally_hlc time;     /* of that event */
    uint64_t acked_seq; /* HQ holds everything up to here */
    uint64_t lmdb_seq;  /* LMDB holds everything up to here */
};
void store_head(const struct store *store, struct store_head *ret_head);

/* Small durable records by name ("programme", "keys", "certificate", ...): 1 to 64 of a-z 0-9 - _.
 * An empty value deletes. Each is a file of its own (mode 0600; written whole, or not at all), so
 * that LMDB holds nothing that can't be made again. TALLY_OK, TALLY_E_INVALID (the name, or above
 * 16 MiB), store statuses */
TALLY_MUST_USE enum tally_status store_meta_put(struct store *store, const char *name,
                                                struct tally_slice value);
/* Appends to ret_value. TALLY_OK, TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status store_meta_get(struct store *store, const char *name,
                                                struct tally_buffer *ret_value);

/* ------------------------------------------------------------------ commit */

/* Makes `event` durable and applies it: sets its id and time (from now_ms, never backwards),
 * encodes, chains, writes, syncs, folds into the overlay. A terminal writes sales, voids, refunds,
 * enrolments, grants, holds, releases, awards, changes of cards, adjustments of its own drawer, and
 * the two transfers that send on what its drawer holds of an account that has ended (merge.h): the
 * second puts in exactly what the first took out. `sidecar` goes into the same write but not into
 * the chain (an enrolled member's wrapped key). News of a member that came from head office a
 * moment ago cost a batch first, so that no crash leaves the event here without its member; where
 * LMDB has no room the event goes on alone, and the row has to come again. Refused means the event
 * was not written.
 *   TALLY_OK              durable; event->id and event->time are set
 *   TALLY_E_EXISTS        an event with this ref is there; or the sale that this one undoes was
 *                         voided already, or, for a void, a part of it has come back:
 *                         *ret_existing_seq says which event (0: in an epoch before this one).
 *                         Also an enrolment of a known member, card or phone number, a link of a
 *                         known card, a block of a blocked one (and the opposite), and a grant that
 *                         is journalled already; then *ret_existing_seq is not set
 *   TALLY_E_POINTS_SHORT, TALLY_E_NOT_FOUND, TALLY_E_INVALID, TALLY_E_OVERFLOW
 *                         from the fold. Not found: no such hold; a card of nobody or of somebody
 *                         else, a member that is not known. Invalid also for a grant, adjustment or
 *                         void that names another terminal's drawer or sale, for a refund that says
 *                         that another quantity came back before, and for a type that is head
 *                         office's alone
 *   TALLY_E_NOT_READY     no writer is set
 *   TALLY_E_STORE_FULL    nothing was written; may be tried again
 *   other store statuses  then it is not known whether the event is durable: stop and open again */
TALLY_MUST_USE enum tally_status store_commit(struct store *store, struct tally_event *event,
                                              struct tally_slice sidecar, int64_t now_ms,
                                              uint64_t *ret_existing_seq);

/* How long the overlay may wait for its batch, ms: 0 when one is due; 250 when it holds news of
 * members from HQ: who LMDB does not know yet, another account, a card that changed hands or was
 * blocked (a power cut without HQ in reach would forget them); 5 minutes when it holds events,
 * which the journal replays in no time: a batch costs the flash more than a hundred sales do.
 * -1: nothing waits. */
int64_t store_checkpoint_within_ms(const struct store *store);
/* Writes the overlay into LMDB in one transaction, and makes the journal's next segment when the
 * current one is half full. Call it when idle and when it is due: a sale that has to make its
 * segment itself writes a megabyte first. TALLY_OK (also when nothing was to do), store statuses */
TALLY_MUST_USE enum tally_status store_checkpoint(struct store *store);

/* ------------------------------------------------------------------ reads */

struct store_account {
    struct tally_book book; /* owned; the account is book.account */
};
void store_account_free(struct store_account *account);

/* TALLY_OK, TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status store_account_get(struct store *store, uint64_t account,
                                                   struct store_account *ret_account);

/* What of a sale has come back here: what the next refund of it has to go on from. What other
 * terminals took back head office knows alone. */
struct store_reversal {
    bool is_void;          /* all of it */
    uint32_t newest_epoch; /* of the newest void or refund */
    uint64_t newest_seq;
    struct tally_returned_line *lines; /* owned; rising: quantity_before_milli of each line that
                                          refunds took back, quantity_milli is 0 */
    size_t line_count;
};
void store_reversal_free(struct store_reversal *reversal);

/* TALLY_OK, TALLY_E_NOT_FOUND (nothing has come back), store statuses */
TALLY_MUST_USE enum tally_status store_reversal_get(struct store *store,
                                                    const struct tally_event_id *sale,
                                                    struct store_reversal *ret_reversal);

struct store_member {
    uint64_t member;
    uint64_t account;
    uint32_t home_shop;
    struct tally_buffer profile;     /* sealed; owned */
    struct tally_buffer wrapped_key; /* empty: erased; owned */
};
void store_member_free(struct store_member *member);

/* TALLY_OK, TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status store_member_get(struct store *store, uint64_t member,
                                                  struct store_member *ret_member);
/* TALLY_OK, TALLY_E_BLOCKED (*ret_member is set, too), TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status
store_card_get(struct store *store, const uint8_t handle[TALLY_HANDLE_LEN], uint64_t *ret_member);

/* The event that carries this till reference; 0: in an epoch before this one.
 *   TALLY_OK, TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status store_ref_get(struct store *store, struct tally_slice ref,
                                               uint64_t *ret_seq);
/* The same with its epoch, which may be one before this one: a refund comes later than a new
 * certificate. TALLY_OK, TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status store_ref_epoch_get(struct store *store, struct tally_slice ref,
                                                     uint32_t *ret_epoch, uint64_t *ret_seq);

/* One event of the current epoch, exactly the journalled bytes, and its sidecar; appended.
 *   TALLY_OK, TALLY_E_NOT_FOUND (seq beyond the head, or pruned), store statuses */
TALLY_MUST_USE enum tally_status store_event_get(struct store *store, uint64_t seq,
                                                 struct tally_buffer *ret_event,
                                                 struct tally_buffer *ret_sidecar,
                                                 uint8_t ret_chain[TALLY_HASH_LEN]);
/* One event of any epoch that is in the journal; appended. What its id says is in the bytes: a new
 * epoch may have come with another terminal number. TALLY_OK, TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status store_event_of_epoch(struct store *store, uint32_t epoch,
                                                      uint64_t seq, struct tally_buffer *ret_event);

/* A transfer that took this drawer's points out of an account that has ended, and whose other half
 * is not in the journal: a power cut came between. `ret_account` is the one that has ended.
 *   TALLY_OK, TALLY_E_NOT_FOUND (there is none), store statuses */
TALLY_MUST_USE enum tally_status store_sent_get(struct store *store, uint64_t *ret_account,
                                                uint32_t *ret_epoch, uint64_t *ret_seq);

struct store_counts {
    uint64_t members;
    uint64_t accounts;
    uint64_t journal_bytes;
    uint64_t lmdb_bytes;
};
TALLY_MUST_USE enum tally_status store_counts(struct store *store, struct store_counts *ret_counts);

/* ------------------------------------------------------------------ sync */

/* HQ holds everything up to `seq`. Kept in memory and written with the next batch: losing it costs
 * one repeated push. */
void store_acked(struct store *store, uint64_t seq);

/* Takes in the rows of one pull reply and the cursor behind them, together: into the overlay, and
 * from there into LMDB with the next batch. A power cut before that costs nothing but pulling them
 * again, from the older cursor; written at once, the echo of every sale would cost a batch. A full
 * overlay is written first. A row whose as_of_seq is older than this terminal's newest event on
 * that account is left out (a newer one follows once HQ has that event); of the others, lots in
 * this terminal's own drawer stay as they are here, all else is taken from the row. *ret_left_out
 * counts. TALLY_OK, TALLY_E_INVALID (malformed rows: nothing is applied), TALLY_E_NOT_READY (no
 * writer is set), store statuses */
TALLY_MUST_USE enum tally_status store_apply_rows(struct store *store,
                                                  const struct tally_msg_account_row *rows,
                                                  size_t row_count, uint64_t cursor,
                                                  uint64_t *ret_left_out);
/* TALLY_OK; 0 when nothing was pulled yet. */
TALLY_MUST_USE enum tally_status store_cursor(struct store *store, uint64_t *ret_cursor);
/* Newest grant_seq that this epoch's journal holds; 0 if none: head office never sends an older
 * epoch's grants again. */
uint64_t store_grant_seq(const struct store *store);

/* ------------------------------------------------------------------ proof */

struct store_verified {
    uint64_t events;
    uint64_t accounts;
    char difference[256]; /* the first thing that differs, "" if none; no personal data */
};

/* Walks the journal's chain from the oldest segment, folds every account that only this journal
 * made, and compares with LMDB plus overlay; checks every account's invariants and the indexes both
 * ways. Reads only. `progress` (may be NULL) gets 0..100.
 *   TALLY_OK (no difference), TALLY_E_MISMATCH, TALLY_E_CHAIN, store statuses */
TALLY_MUST_USE enum tally_status store_verify(struct store *store,
                                              void (*progress)(void *context, unsigned percent),
                                              void *context, struct store_verified *ret_verified);

#endif
