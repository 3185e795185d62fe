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
    HAL_READER_REFUSED, /* `status` says why: TALLY_E_PAYMENT_CARD, TALLY_E_UNKNOWN_CARD,
                           TALLY_E_CARD_UNREADABLE (swipe again), or TALLY_E_READER_SWAPPED (it
                           does not come from the reader that was paired, or came before) */
    HAL_READER_STATE    /* a reader came, went or can't be used: `status` is TALLY_OK,
                           TALLY_E_READER_GONE, TALLY_E_READER_SILENT, TALLY_E_NO_PERMISSION (`name` is
                           the device node, `rule` what is missing), TALLY_E_READER_SWAPPED (it has
                           the serial number of a paired reader and not its key),
                           TALLY_E_READER_UNPAIRED (it is not paired, and settings.only_paired) or
                           TALLY_E_DEVICE; `ready_count` says how many work now. All but the first
                           two, and a reader that is not paired, mend themselves when they can: then
                           TALLY_OK follows */
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

/* What became of hal_readers_pair(): TALLY_OK (the reader `serial` has the key: put both into
 * settings.pairs at once; it leaves the bus and comes back to prove it), TALLY_E_NO_PERMISSION (it
 * refuses: it is paired with somebody, and nobody holds its button), TALLY_E_READER_GONE, or
 * another status of the transfer. */
typedef void hal_readers_paired_fn(void *context, enum tally_status status, const char *serial);

/* Pairs the one reader of ours that is plugged in and not paired, settings.only_paired or not.
 * `key` is fresh and random; it is copied, and the copy wiped when it is decided. on_paired may be
 * called from inside this call.
 *   TALLY_OK            on_paired is called, once
 *   TALLY_E_NOT_FOUND   there is no such reader
 *   TALLY_E_EXISTS      there are several: unplug the others
 *   TALLY_E_BUSY        one is being paired
 * Whenever it is not TALLY_OK, on_paired is not called. */
TALLY_MUST_USE enum tally_status hal_readers_pair(struct hal_readers *readers,
                                                  const uint8_t key[HAL_READER_KEY_LEN],
                                                  hal_readers_paired_fn *on_paired, void *context);

struct hal_reader_view {
    const char *name;   /* as in an event */
    const char *serial; /* "": not one of ours */
    bool is_ready;      /* else it is one of ours, and not used because it is not paired */
    bool is_paired;
};

typedef void hal_readers_each_fn(void *context, const struct hal_reader_view *view);

/* Shows each reader that is claimed and has been looked at, but those that are not used and not
 * ours. `each` must not call into this room. */
void hal_readers_each(const struct hal_readers *readers, hal_readers_each_fn *each, void *context);

/* Releases all readers; `on_closed` is called from the loop when nothing is pending any more, after
 * which `readers` is dead. Never fails. */
void hal_readers_close(struct hal_readers *readers, hal_readers_closed_fn *on_closed,
                       void *context);

#endif
