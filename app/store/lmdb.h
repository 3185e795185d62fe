/* app/store/lmdb.h: the state in LMDB, and the only place that calls it.
 *
 * Everything in here can be made again from the journal and head office. Every transaction writes
 * HEAD, which says up to where of the journal this state goes. NOSYNC, NOMETASYNC, WRITEMAP and
 * MAPASYNC are never used. Layout: STORE.md.
 *
 * Units    lengths are bytes.
 * Memory   what is read is appended to the caller's buffer, or borrowed by a visitor until it
 *          returns.
 * Errors   TALLY_E_STORE_DAMAGED where LMDB or a checksum says that the state is wrong: move it
 *          aside and build it again.
 * Blocking state_write, for three disk syncs.
 * Threads  one. state_probe forks: call it before threads are started. */
#ifndef TALLY_STORE_LMDB_H
#define TALLY_STORE_LMDB_H

#include "app/store/changes.h"
#include "app/store/journal.h"

struct state;

struct state_head {
    uint32_t terminal;
    struct journal_mark mark;
    tally_hlc time;
    uint32_t acked_epoch;
    uint64_t acked_seq;
    uint64_t cursor;
    uint64_t grant_seq;
    bool clean; /* written at an orderly close: nothing else was written since */
};

/* Puts torn meta pages right (guard.h), then tries the state out in a child process, since LMDB
 * trusts its pages and can kill who reads wrong ones: opens it, reads HEAD, reads and checks every
 * row unless HEAD says `clean`, and begins a write to every table that it then drops. TALLY_OK,
 * TALLY_E_NOT_FOUND (no file), TALLY_E_STORE_VERSION, TALLY_E_NO_MEMORY, TALLY_E_STORE_DAMAGED
 * (whatever else went wrong, death of the child included) */
TALLY_MUST_USE enum tally_status state_probe(const char *dir);

TALLY_MUST_USE enum tally_status state_open(const char *dir, size_t map_bytes_max,
                                            struct state **ret_state);

/* A new state with empty tables under a temporary name; state_finish_new gives it the name that
 * state_open knows, durably. After any error call state_close. */
TALLY_MUST_USE enum tally_status state_make_new(const char *dir, size_t map_bytes_max,
                                                struct state **ret_state);
TALLY_MUST_USE enum tally_status state_finish_new(const char *dir);

void state_close(struct state *state);

/* Renames the state to the first free "state.mdb.bad-N"; a missing one is TALLY_OK. */
TALLY_MUST_USE enum tally_status state_move_aside(const char *dir);

void state_get_head(const struct state *state, struct state_head *ret_head);

/* Appends the row. TALLY_OK, TALLY_E_NOT_FOUND, TALLY_E_STORE_DAMAGED */
TALLY_MUST_USE enum tally_status state_get(struct state *state, enum state_table table,
                                           struct tally_slice key, struct tally_buffer *ret_value);

/* Writes the changes and HEAD in one transaction. Grows the map as far as it may.
 *   TALLY_OK, TALLY_E_STORE_FULL (nothing was written; may be tried again), TALLY_E_STORE_IO */
TALLY_MUST_USE enum tally_status state_write(struct state *state, const struct state_head *head,
                                             const struct changes *changes);

/* Every row of one table in the order of keys, until `visit` says otherwise. */
typedef enum tally_status (*state_visit)(void *context, struct tally_slice key,
                                         struct tally_slice value);
TALLY_MUST_USE enum tally_status state_each(struct state *state, enum state_table table,
                                            state_visit visit, void *context);

TALLY_MUST_USE enum tally_status state_count(struct state *state, enum state_table table,
                                             uint64_t *ret_count);
uint64_t state_bytes(const struct state *state);

#endif
