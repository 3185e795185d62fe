/* app/terminal/pairing.h: what a till asks of this terminal's readers: which there are, pair one,
 * forget one (TILL.md: readers, reader_pair, reader_unpair).
 *
 * Memory   one struct that stays where it is and outlives the readers; zero, but for `pairs`.
 * Blocking as pairs.h.
 * Threads  the loop's thread only. */
#ifndef TALLY_TERMINAL_PAIRING_H
#define TALLY_TERMINAL_PAIRING_H

#include "app/terminal/pairs.h"
#include "app/till/till.h"
#include "hal/reader/reader.h"

struct pairing {
    struct pairs *pairs;
    struct till_request *request; /* waits for its reader; NULL: none, or its till is gone */
    bool is_under_way;
    uint8_t key[HAL_READER_KEY_LEN]; /* on its way to the reader; wiped when that is decided */
};

/* Answers the request, now or when the reader has; false: it asks for something else.
 * `readers` may be NULL: there are none. `pairing->pairs` is set by the caller. */
bool pairing_request(struct pairing *pairing, struct hal_readers *readers,
                     struct till_request *request);

/* Its till is gone. */
void pairing_cancelled(struct pairing *pairing, const struct till_request *request);

#endif
