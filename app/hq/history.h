/* app/hq/history.h: events gathered and put in order, account by account.
 *
 * Memory   owns the bytes and what is decoded from them; a zeroed struct is empty, free it with
 *          history_free().
 * Threads  one. */
#ifndef TALLY_HQ_HISTORY_H
#define TALLY_HQ_HISTORY_H

#include "app/base/buffer.h"
#include "app/proto/event_codec.h"

struct history_event {
    struct tally_buffer bytes;
    struct tally_event_decoded decoded;
};

struct history {
    struct history_event *items;
    size_t count;
    size_t cap;
};

/* Copies and decodes one event. TALLY_OK, TALLY_E_INVALID, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status history_add(struct history *history, struct tally_slice event);

/* Gets all events of one account, in order; borrowed for the call. */
typedef enum tally_status (*history_visit)(void *context, const struct tally_event *const *events,
                                           size_t count);
/* Puts them in order of account, time and id, then calls `each` once for each account. What it
 * answers but TALLY_OK ends it. TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status history_each_account(struct history *history, history_visit each,
                                                      void *context);

void history_free(struct history *history);

#endif
