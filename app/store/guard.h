/* app/store/guard.h: vouches for LMDB's two meta pages, which LMDB itself trusts as they are.
 *
 * LMDB commits by one write of 120 bytes into one of two meta pages, by turns. Torn, that write
 * can lose sales or kill the process at a later write. So behind each commit a copy of the page's
 * beginning is written to a file of its own, and before LMDB sees its file, a meta page that no
 * copy vouches for is replaced by the one that is vouched for: that snapshot is whole, since LMDB
 * reuses no page of it before the next commit. What was newer comes back from the journal.
 *
 * Units    lengths are bytes.
 * Errors   TALLY_E_STORE_DAMAGED: neither page is vouched for, so make the state again.
 * Blocking guard_write for one disk sync, guard_heal for one if it has to write.
 * Threads  one. */
#ifndef TALLY_STORE_GUARD_H
#define TALLY_STORE_GUARD_H

#include "app/core/status.h"

#include <stdint.h>

/* Opens or, for a new state, makes the guard file of `state_path`. */
TALLY_MUST_USE enum tally_status guard_open(const char *state_path, int *ret_fd);

/* Copies the meta page that transaction `txn` has just written, durably. */
TALLY_MUST_USE enum tally_status guard_write(int guard_fd, int state_fd, uint32_t page_len,
                                             uint64_t txn);

/* Puts the meta pages of `state_path` right; LMDB must not have it open. */
TALLY_MUST_USE enum tally_status guard_heal(const char *state_path);

#endif
