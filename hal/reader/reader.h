/* hal/reader/reader.h: every card reader on this terminal, as one stream of card events.
 *
 * Units    times are milliseconds.
 * Memory   hal_readers_open() allocates, and all is freed when hal_readers_close() has called back.
 *          An event and what it points at live only during the call. Settings are copied; keys are
 *          wiped when they are replaced, and at the end.
 * Errors   see each function; a reader that fails is reported as an event, never as an exit.
 * Blocking nothing: all transfers are asynchronous on the given libuv loop, and one is always
 *          pending on each reader; opening and closing devices is done in libuv's thread pool.
 * Threads  the loop's thread only.
 * Privacy  raw tracks and refused numbers are wiped inside this room (explicit_bzero) and never
 *          leave it, not even to a log. */
#ifndef HAL_READER_READER_H
#define HAL_READER_READER_H

#include "app/core/card.h"
#include "app/core/status.h"
#include "hal/reader/settings.h"

#include <uv.h>

enum hal_reader_event_kind {
    HAL_READER_CARD,    /* a card of this programme: `card` is set */
    HAL_READER_REFUSED, /* `status` says why: TALLY_E_PAYMENT_CARD, TALLY_E_UNKNOWN_CARD or
                           TALLY_E_CARD_UNREADABLE (swipe again) */
    HAL_READER_STATE    /* a reader came, went or can't be used: `status` is TALLY_OK,
                           TALLY_E_READER_GONE, TALLY_E_READER_SILENT, TALLY_E_NO_PERMISSION (`name` is
                           the device node, `rule` what is missing) or TALLY_E_DEVICE; `ready_count`
                           says how many work now. All but the first two mend themselves when they can:
                           then TALLY_OK follows */
};

struct hal_reader_event {
    enum hal_reader_event_kind kind;
    enum tally_status status;
    struct tally_card card;
    const char *name; /* product string of the reader, or its node; never NULL */
    const char *rule; /* of udev, one line, that would let us open it; "" where none is missing */
    unsigned ready_count;
};

typedef void hal_reader_event_fn(void *context, const struct hal_reader_event *event);
typedef void hal_readers_closed_fn(void *context);

struct hal_readers;

/* Starts watching for readers (hot-plug) and claims each one that a driver of the table knows.
 * Readers that are there already are reported through `on_event` from the loop, not from inside
 * this call.
 *   TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_DEVICE (the kernel does not tell of devices) */
TALLY_MUST_USE enum tally_status hal_readers_open(uv_loop_t *loop,
                                                  const struct hal_reader_settings *settings,
                                                  hal_reader_event_fn *on_event, void *context,
                                                  struct hal_readers **ret_readers);

/* Replaces the settings, for example when a new programme has been received: they hold for the next
 * card of every reader. What decides which devices are readers holds for those that are plugged in
 * next. TALLY_OK, TALLY_E_NO_MEMORY (the old settings stay in force) */
TALLY_MUST_USE enum tally_status hal_readers_set(struct hal_readers *readers,
                                                 const struct hal_reader_settings *settings);

/* How many readers are claimed and listening now. */
unsigned hal_readers_ready_count(const struct hal_readers *readers);

/* Releases all readers; `on_closed` is called from the loop when nothing is pending any more, after
 * which `readers` is dead. Never fails. */
void hal_readers_close(struct hal_readers *readers, hal_readers_closed_fn *on_closed,
                       void *context);

#endif
