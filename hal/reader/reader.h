/* hal/reader/reader.h: every card reader on this terminal, as one stream of card events.
 *
 * Units    none.
 * Memory   hal_readers_open() allocates one object, freed after hal_readers_close() has called
 *          back. An event and what it points at live only during the call.
 * Errors   see each function; a reader that fails is reported as an event, never as an exit.
 * Blocking nothing blocks, but for the few control requests when a reader is claimed; all transfers
 *          are asynchronous on the given libuv loop, and one is always pending on each reader.
 * Threads  the loop's thread only.
 * Privacy  raw tracks and refused numbers are wiped inside this room (explicit_bzero) and never
 *          leave it, not even to a log. */
#ifndef HAL_READER_READER_H
#define HAL_READER_READER_H

#include "app/core/card.h"
#include "app/core/status.h"

#include <uv.h>

enum hal_reader_event_kind {
    HAL_READER_CARD,    /* a card of this programme: `card` is set */
    HAL_READER_REFUSED, /* `status` says why: TALLY_E_PAYMENT_CARD, TALLY_E_UNKNOWN_CARD or
                           TALLY_E_CARD_UNREADABLE (swipe again) */
    HAL_READER_STATE    /* a reader came, went or can't be used: `status` is TALLY_OK,
                           TALLY_E_READER_GONE, TALLY_E_NO_PERMISSION (`name` says which device
                           node) or TALLY_E_DEVICE; `ready_count` says how many work now */
};

struct hal_reader_event {
    enum hal_reader_event_kind kind;
    enum tally_status status;
    struct tally_card card;
    const char *name; /* product string of the reader, or its bus address; never NULL */
    unsigned ready_count;
};

typedef void hal_reader_event_fn(void *context, const struct hal_reader_event *event);
typedef void hal_readers_closed_fn(void *context);

struct hal_readers;

/* Starts watching for readers (hot-plug) and claims each one that a driver of the table knows.
 * Readers that are there already are reported through `on_event` from the loop, not from inside
 * this call. `rules` are copied.
 *   TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_DEVICE (libusb itself does not start) */
TALLY_MUST_USE enum tally_status hal_readers_open(uv_loop_t *loop,
                                                  const struct tally_card_rules *rules,
                                                  hal_reader_event_fn *on_event, void *context,
                                                  struct hal_readers **ret_readers);

/* Replaces what counts as a card of ours, for example when a new programme has been received.
 *   TALLY_OK, TALLY_E_NO_MEMORY (the old rules stay in force) */
TALLY_MUST_USE enum tally_status hal_readers_set_rules(struct hal_readers *readers,
                                                       const struct tally_card_rules *rules);

/* How many readers are claimed and listening now. */
unsigned hal_readers_ready_count(const struct hal_readers *readers);

/* Releases all readers; `on_closed` is called from the loop when nothing is pending any more, after
 * which `readers` is dead. Never fails. */
void hal_readers_close(struct hal_readers *readers, hal_readers_closed_fn *on_closed,
                       void *context);

#endif
