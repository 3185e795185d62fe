/* app/store/fold.h: what one event changes in the rows of the state.
 *
 * Memory   changes go into the caller's set.
 * Errors   on anything but TALLY_OK the set may hold part of the changes: drop it.
 * Threads  one at a time. */
#ifndef TALLY_STORE_FOLD_H
#define TALLY_STORE_FOLD_H

#include "app/core/event.h"
#include "app/store/lmdb.h"
#include "app/store/rows.h"

/* Rows as they are now: the first layer that knows a row has the last word, then the state. */
struct view {
    const struct changes *layers[2]; /* either may be NULL */
    struct state *state;             /* may be NULL */
};

/* Appends the row. TALLY_OK, TALLY_E_NOT_FOUND, TALLY_E_STORE_DAMAGED, store statuses */
TALLY_MUST_USE enum tally_status view_get(const struct view *view, enum state_table table,
                                          struct tally_slice key, struct tally_buffer *ret_value);

/* What came back of a sale. TALLY_OK (free the row), TALLY_E_NOT_FOUND, statuses of view_get */
TALLY_MUST_USE enum tally_status view_reversal(const struct view *view,
                                               const struct tally_event_id *sale,
                                               struct row_reversal *ret_row);

/* Whether a transfer takes points out of its account; else it puts them in. */
bool fold_sends(const struct tally_event *event);

/* Folds `event`, seen through `view`, into `into`: account, member, card, references,
 * what came back of a sale.
 *   TALLY_OK, the statuses of tally_book_apply, view_get, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status fold_event(const struct view *view,
                                            const struct tally_event *event,
                                            struct tally_slice sidecar, struct changes *into);

#endif
