/* app/terminal/pairs.h: the readers that this terminal is paired with, and what keeps them.
 *
 * The file `readers` in the store's folder (mode 0600, written whole or not at all), one line each:
 *
 *   KEY, 64 hexadecimal digits; the counter, decimal; the serial number up to the end of the line
 *
 * It is a file of its own, and no row of the store, so that a store that has stopped does not make
 * a paired reader one that nobody knows. The counter is kept when it has risen by
 * PAIRS_COUNTER_STRIDE, and at the end: after the power went, at most the last
 * PAIRS_COUNTER_STRIDE - 1 reports of a reader would be taken again, each once and only in their
 * order, up to the next swipe: that is above them all.
 *
 * Memory   owns its table; the struct stays where it is; wipe and free with pairs_close().
 * Blocking what changes the file waits for two disk syncs.
 * Threads  the loop's thread only. */
#ifndef TALLY_TERMINAL_PAIRS_H
#define TALLY_TERMINAL_PAIRS_H

#include "hal/reader/settings.h"

#include "app/core/status.h"

enum { PAIRS_COUNTER_STRIDE = 64, PAIRS_MAX = 256 };

struct pairs {
    struct hal_reader_pairs table; /* for the readers' settings */
    uint32_t *kept;                /* counters as the file has them, in the table's order */
    const char *dir;               /* borrowed */
};

/* What the folder has. A file that can't be read is said in the log, and no reader is paired: what
 * is wrong with it stays to be looked at until the next pairing. */
void pairs_open(struct pairs *pairs, const char *dir);

/* Keeps the counters, forgets the keys. */
void pairs_close(struct pairs *pairs);

/* In force and kept; an older pair with this serial number is replaced.
 *   TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_OVERFLOW (PAIRS_MAX), TALLY_E_STORE_FULL,
 *   TALLY_E_STORE_IO (nothing is changed) */
TALLY_MUST_USE enum tally_status pairs_add(struct pairs *pairs, const char *serial,
                                           const uint8_t key[HAL_READER_KEY_LEN]);

/* TALLY_OK, TALLY_E_NOT_FOUND, and as pairs_add (nothing is changed) */
TALLY_MUST_USE enum tally_status pairs_remove(struct pairs *pairs, const char *serial);

#endif
