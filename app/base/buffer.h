/* app/base/buffer.h: bytes that grow.
 *
 * Units    lengths are bytes.
 * Memory   a zeroed struct is an empty buffer; tally_buffer_free() gives its memory back.
 * Errors   an append either happens whole or leaves the buffer as it was.
 * Threads  one at a time for each buffer. */
#ifndef TALLY_BASE_BUFFER_H
#define TALLY_BASE_BUFFER_H

#include "app/core/bytes.h"
#include "app/core/status.h"

struct tally_buffer {
    uint8_t *data; /* owned */
    size_t len;
    size_t cap;
};

/* Room for `extra` more bytes behind `len`. TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tally_buffer_reserve(struct tally_buffer *buffer, size_t extra);

/* TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tally_buffer_append(struct tally_buffer *buffer, const void *from,
                                                     size_t len);

/* Drops the first `len` bytes (at most all of them). */
void tally_buffer_consume(struct tally_buffer *buffer, size_t len);

/* Frees the memory and leaves an empty buffer. */
void tally_buffer_free(struct tally_buffer *buffer);

/* Overwrites the bytes with a call the compiler can't drop, then frees. For secrets. */
void tally_buffer_wipe(struct tally_buffer *buffer);

static inline struct tally_slice tally_buffer_slice(const struct tally_buffer *buffer)
{
    return (struct tally_slice){buffer->data, buffer->len};
}

#endif
