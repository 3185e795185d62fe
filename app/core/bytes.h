/* app/core/bytes.h: reading and writing bytes field by field, never by casting a struct.
 *
 * Units    lengths are bytes; multi-byte fields are little-endian unless the name says be.
 * Memory   nothing is allocated; a slice borrows what it points at.
 * Errors   a reader that runs past its end reads zeros and stays `failed`; a writer that runs past
 *          its end writes nothing more and stays `failed`. Check once, at the end.
 * Threads  pure. */
#ifndef TALLY_CORE_BYTES_H
#define TALLY_CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes. An empty slice may have a NULL `data`. */
struct tally_slice {
    const uint8_t *data;
    size_t len;
};

/* The bytes of a C string, without its NUL. */
static inline struct tally_slice tally_slice_text(const char *text)
{
    return (struct tally_slice){(const uint8_t *)text, strlen(text)};
}

/* Of ASCII, whatever the locale. */
static inline bool tally_is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

struct tally_reader {
    const uint8_t *data;
    size_t len;
    size_t at;
    bool failed;
};

struct tally_writer {
    uint8_t *data;
    size_t cap;
    size_t at;
    bool failed;
};

static inline uint64_t tally_load_le(const uint8_t *from, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value |= (uint64_t)from[i] << (8 * i);
    }
    return value;
}

static inline void tally_store_le(uint8_t *to, size_t width, uint64_t value)
{
    for (size_t i = 0; i < width; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

static inline uint64_t tally_load_be(const uint8_t *from, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value = value << 8 | from[i];
    }
    return value;
}

static inline void tally_store_be(uint8_t *to, size_t width, uint64_t value)
{
    for (size_t i = 0; i < width; i++) {
        to[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    }
}

static inline uint64_t tally_read_le(struct tally_reader *reader, size_t width)
{
    if (reader->failed || reader->len - reader->at < width) {
        reader->failed = true;
        return 0;
    }
    uint64_t value = tally_load_le(reader->data + reader->at, width);
    reader->at += width;
    return value;
}

static inline struct tally_slice tally_read_slice(struct tally_reader *reader, size_t len)
{
    if (reader->failed || reader->len - reader->at < len) {
        reader->failed = true;
        return (struct tally_slice){NULL, 0};
    }
    struct tally_slice slice = {reader->data + reader->at, len};
    reader->at += len;
    return slice;
}

/* An unsigned LEB128 number: seven bits a byte, lowest first, in as few bytes as it needs (1..10);
 * longer forms of a number, and numbers above 64 bits, fail. */
static inline uint64_t tally_read_varint(struct tally_reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t byte = tally_read_le(reader, 1);
        value |= (byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) {
            bool is_short = shift == 0 || byte != 0;
            bool fits = shift < 63 || byte <= 1;
            reader->failed = reader->failed || !is_short || !fits;
            return reader->failed ? 0 : value;
        }
    }
    reader->failed = true;
    return 0;
}

/* Signed numbers as unsigned ones, small for those near 0: 0, -1, 1, -2 are 0, 1, 2, 3. */
static inline uint64_t tally_zigzag(int64_t value)
{
    return value < 0 ? ~((uint64_t)value << 1) : (uint64_t)value << 1;
}

static inline int64_t tally_unzigzag(uint64_t value)
{
    return (value & 1) != 0 ? -(int64_t)(value >> 1) - 1 : (int64_t)(value >> 1);
}

static inline void tally_write_le(struct tally_writer *writer, size_t width, uint64_t value)
{
    if (writer->failed || writer->cap - writer->at < width) {
        writer->failed = true;
        return;
    }
    tally_store_le(writer->data + writer->at, width, value);
    writer->at += width;
}

static inline void tally_write_bytes(struct tally_writer *writer, const void *from, size_t len)
{
    if (writer->failed || writer->cap - writer->at < len) {
        writer->failed = true;
        return;
    }
    if (len > 0) {
        memcpy(writer->data + writer->at, from, len);
    }
    writer->at += len;
}

#endif
