/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow by doubling. */
#include "app/base/buffer.h"

#include "app/base/alloc.h"

enum { BUFFER_CAP_MIN = 256 };

enum tally_status tally_buffer_reserve(struct tally_buffer *buffer, size_t extra)
{
    if (extra <= buffer->cap - buffer->len) {
        return TALLY_OK;
    }
    if (extra > SIZE_MAX / 2 - buffer->len) {
        return TALLY_E_NO_MEMORY;
    }
    size_t cap = buffer->cap < BUFFER_CAP_MIN ? BUFFER_CAP_MIN : buffer->cap;
    while (cap < buffer->len + extra) {
        cap *= 2;
    }
    uint8_t *data = tally_realloc(buffer->data, cap, 1);
    if (data == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    buffer->data = data;
    buffer->cap = cap;
    return TALLY_OK;
}

enum tally_status tally_buffer_append(struct tally_buffer *buffer, const void *from, size_t len)
{
    TALLY_TRY(tally_buffer_reserve(buffer, len));
    if (len > 0) {
        memcpy(buffer->data + buffer->len, from, len);
    }
    buffer->len += len;
    return TALLY_OK;
}

void tally_buffer_consume(struct tally_buffer *buffer, size_t len)
{
    if (len >= buffer->len) {
        buffer->len = 0;
        return;
    }
    memmove(buffer->data, buffer->data + len, buffer->len - len);
    buffer->len -= len;
}

void tally_buffer_free(struct tally_buffer *buffer)
{
    tally_free(buffer->data);
    *buffer = (struct tally_buffer){0};
}

void tally_buffer_wipe(struct tally_buffer *buffer)
{
    if (buffer->data != NULL) {
        explicit_bzero(buffer->data, buffer->cap);
    }
    tally_buffer_free(buffer);
}
