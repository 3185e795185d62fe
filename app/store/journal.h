/* app/store/journal.h: the truth: segment files of checksummed, hash-chained records.
 *
 * A record is one pwrite and one fdatasync into space that already holds zeros on the disk. The
 * next segment is made ahead of time; going over to it is the same single write and sync, because
 * its header page is written together with its first record. Layout: STORE.md.
 *
 * Units    lengths and offsets are bytes.
 * Memory   a visited record borrows the journal's buffer until the visitor returns.
 * Errors   a failed write or sync is sticky (TALLY_E_STORE_IO): open again.
 * Blocking as said; reads don't block beyond a page fault.
 * Threads  one. */
#ifndef TALLY_STORE_JOURNAL_H
#define TALLY_STORE_JOURNAL_H

#include "app/base/buffer.h"
#include "app/core/types.h"

struct journal;

enum {
    JOURNAL_SEGMENT_LEN = 1 << 20,
    JOURNAL_HEADER_LEN = 4096,
    JOURNAL_RECORD_HEADER_LEN = 64,
    JOURNAL_RECORD_LEN_MAX = JOURNAL_SEGMENT_LEN - JOURNAL_HEADER_LEN
};

/* A point in the journal: just behind event `seq` of `epoch`, which stands in `segment`. seq 0 is
 * the beginning of the epoch; epoch 0 the beginning of everything. */
struct journal_mark {
    uint32_t epoch;
    uint32_t segment;
    uint64_t seq;
    uint8_t chain[TALLY_HASH_LEN];
};

struct journal_record {
    uint32_t terminal;
    uint32_t epoch;
    uint32_t segment;
    uint64_t seq;
    uint8_t chain[TALLY_HASH_LEN]; /* after this event */
    struct tally_slice event;
    struct tally_slice sidecar;
};

struct journal_head {
    uint32_t terminal; /* 0: no epoch has been started */
    struct journal_mark mark;
};

/* Opens DIR, making it if it is missing. Reads names and the newest header, nothing else: call
 * journal_recover next.
 *   TALLY_OK, TALLY_E_STORE_DAMAGED (a segment in the middle is missing), TALLY_E_STORE_VERSION,
 *   TALLY_E_STORE_IO, TALLY_E_STORE_FULL, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status journal_open(const char *dir, struct journal **ret_journal);
void journal_close(struct journal *journal);

/* Finds the end, walking from the segment of `from` (epoch 0: from the oldest). The torn tail of a
 * record whose sync never returned is replaced by zeros, and synced. *ret_cut_bytes: how much. Once
 * it has succeeded, calling it again does nothing.
 *   TALLY_OK               ready to append
 *   TALLY_E_MISMATCH       `from` is not a point of this journal: whoever made it is wrong
 *   TALLY_E_STORE_DAMAGED  bad before the tail, or `from` lies behind the end: nothing was changed
 *   and the others of journal_open */
TALLY_MUST_USE enum tally_status
journal_recover(struct journal *journal, const struct journal_mark *from, uint64_t *ret_cut_bytes);

/* Shows every record behind `from` to `visit`, oldest first, across epochs, checking checksums and
 * the chain; stops at the first status that is not TALLY_OK. `percent` (may be NULL) is told
 * 0..100. TALLY_OK, TALLY_E_MISMATCH (`from` is not in the journal), TALLY_E_STORE_DAMAGED,
 *   TALLY_E_STORE_IO, or what `visit` said */
typedef enum tally_status (*journal_visit)(void *context, const struct journal_record *record);
TALLY_MUST_USE enum tally_status journal_walk(struct journal *journal,
                                              const struct journal_mark *from, journal_visit visit,
                                              void (*percent)(void *context, unsigned percent),
                                              void *context);

/* The same for somebody else's journal: from the beginning, without changing anything, also while
 * its owner writes. A torn end is left out. TALLY_OK, TALLY_E_NOT_FOUND (no journal there), and
 * those of journal_walk and journal_open */
TALLY_MUST_USE enum tally_status journal_show(const char *dir, journal_visit visit, void *context);

/* Starts an epoch at seq 1. TALLY_OK, TALLY_E_EXISTS (not newer than the newest) */
TALLY_MUST_USE enum tally_status journal_start_epoch(struct journal *journal, uint32_t terminal,
                                                     uint32_t epoch);

void journal_head(const struct journal *journal, struct journal_head *ret_head);

/* Appends the event behind the head; durable on TALLY_OK.
 *   TALLY_OK, TALLY_E_INVALID (longer than a segment), TALLY_E_NOT_READY (no epoch),
 *   TALLY_E_STORE_FULL (there is no room for a new segment: nothing was written),
 *   TALLY_E_STORE_IO (sticky) */
TALLY_MUST_USE enum tally_status journal_append(struct journal *journal, struct tally_slice event,
                                                struct tally_slice sidecar,
                                                const uint8_t chain_after[TALLY_HASH_LEN]);

/* Whether the next segment should be made now, and making it. */
bool journal_wants_segment(const struct journal *journal);
TALLY_MUST_USE enum tally_status journal_prepare(struct journal *journal);

/* One event; appended. TALLY_OK, TALLY_E_NOT_FOUND, TALLY_E_STORE_DAMAGED */
TALLY_MUST_USE enum tally_status journal_read(struct journal *journal, uint32_t epoch, uint64_t seq,
                                              struct tally_buffer *ret_event,
                                              struct tally_buffer *ret_sidecar,
                                              uint8_t ret_chain[TALLY_HASH_LEN]);

uint64_t journal_bytes(const struct journal *journal);

#endif
