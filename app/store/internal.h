/* app/store/internal.h: what a store is made of; for the files of this room only.
 *
 * Threads  one. */
#ifndef TALLY_STORE_INTERNAL_H
#define TALLY_STORE_INTERNAL_H

#include "app/store/fold.h"
#include "app/store/store.h"

/* Changed rows in memory before a batch is due: some megabytes, and enough that a snapshot writes
 * each page of LMDB a few times rather than thousands. */
enum { STORE_OVERLAY_ROWS_MAX = 8192 };

struct store {
    struct store_options options;
    char *dir; /* owned */
    char journal_dir[1024];
    char meta_dir[1024];
    int lock_fd;
    struct journal *journal;
    struct state *state;
    struct changes overlay; /* what is newer than the state's HEAD */
    struct state_head now;  /* the newest: what the next HEAD says */
    bool member_news;       /* the overlay holds head office's word of who is who, which the state
                               lacks: a member, their account, a card or its block */
    bool broken;            /* a write failed: open again */
};

/* Rows as they are now. */
struct view store_view(const struct store *store);

/* Passes a status on; damage found in the state moves it aside, so that the next opening makes it
 * again, and stops this store. */
TALLY_MUST_USE enum tally_status store_found(struct store *store, enum tally_status status);

/* What may not be committed: the refusals of store_commit that the fold does not know. */
TALLY_MUST_USE enum tally_status store_refuse(struct store *store, const struct tally_event *event,
                                              uint64_t *ret_existing_seq);

/* TALLY_OK, TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status store_find_ref(struct store *store, struct tally_slice ref,
                                                uint32_t *ret_epoch, uint64_t *ret_seq);
TALLY_MUST_USE enum tally_status store_find_card(struct store *store, const uint8_t *handle,
                                                 uint64_t *ret_member, bool *ret_blocked);

/* What callers are told of an event: its seq, 0 in an epoch before this one. */
uint64_t store_seq_now(const struct store *store, uint32_t epoch, uint64_t seq);

/* Writes the overlay and HEAD; then the overlay is empty. */
TALLY_MUST_USE enum tally_status store_write_state(struct store *store);

__attribute__((format(printf, 2, 3))) void store_log(const struct store *store, const char *format,
                                                     ...);

#endif
