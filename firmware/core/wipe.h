/* firmware/core/wipe.h: forgetting what was on a card, or a key.
 *
 * Threads  pure */
#ifndef TALLY_FIRMWARE_CORE_WIPE_H
#define TALLY_FIRMWARE_CORE_WIPE_H

#include <stddef.h>
#include <stdint.h>

/* Zeros `len` bytes, also where nobody reads them again: a compiler may not leave out writes
 * through a volatile pointer (C11, 5.1.2.3). A freestanding C library has no explicit_bzero(). */
static inline void tally_wipe(void *memory, size_t len)
{
    volatile uint8_t *byte = memory;
    while (len-- > 0) {
        *byte++ = 0;
    }
}

#endif
