/* app/proto/pb_io.h: what the codecs of this room share: nanopb on our buffers and slices. Private
 * to app/proto.
 *
 * nanopb reads and writes a field without a fixed size by a callback with a void pointer: pb_out_*
 * and pb_in_* make these callbacks.
 *
 * Memory   as event_codec.h and messages.h. Arrays grow by doubling up to a named maximum.
 * Threads  any; nothing is shared. */
#ifndef TALLY_PROTO_PB_IO_H
#define TALLY_PROTO_PB_IO_H

#include "app/base/buffer.h"
#include "app/core/event.h"

#include "tally.pb.h"

#include <pb_decode.h>
#include <pb_encode.h>

/* Appends one message; ret_bytes is as it was unless TALLY_OK.
 *   TALLY_OK, TALLY_E_INVALID (a callback refused), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status pb_encode_to(const pb_msgdesc_t *fields, const void *message,
                                              struct tally_buffer *ret_bytes);

/* TALLY_OK, TALLY_E_INVALID, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status pb_decode_from(struct tally_slice bytes,
                                                const pb_msgdesc_t *fields, void *message);

/* The same by a function that reads the whole stream with pb_decode() on a message of its own. */
TALLY_MUST_USE enum tally_status pb_decode_with(struct tally_slice bytes,
                                                bool (*take)(pb_istream_t *stream, void *context),
                                                void *context);

/* For pb_callback_t.arg when encoding: nanopb wants void *, and nothing is written through it. */
void *pb_borrowed(const void *object);

/* A string or bytes field; left out when empty. */
pb_callback_t pb_out_slice(const struct tally_slice *slice);
pb_callback_t pb_in_slice(struct tally_slice *slice);

/* One element of a repeated message field. */
bool pb_put_message(pb_ostream_t *stream, const pb_field_t *field, const pb_msgdesc_t *fields,
                    const void *message);

/* The next element of an array that a decoder fills. */
struct pb_array {
    void *items; /* owned */
    size_t count;
    size_t cap;
};

/* Room for one more item of `size` bytes, set to zero and counted; NULL when there are `max`
 * already or there is no memory (the decoder then answers TALLY_E_NO_MEMORY). */
void *pb_array_next(pb_istream_t *stream, struct pb_array *array, size_t size, size_t max);

/* A repeated string or bytes field; the array holds struct tally_slice. */
bool pb_put_slices(pb_ostream_t *stream, const pb_field_t *field, const struct tally_slice *slices,
                   size_t count);
bool pb_take_slice(pb_istream_t *stream, const pb_field_t *field, struct pb_array *array,
                   size_t max);

/* A repeated Move; the array holds struct tally_move. Whether a move can be is not checked. */
bool pb_put_moves(pb_ostream_t *stream, const pb_field_t *field, const struct tally_move *moves,
                  size_t count);
bool pb_take_move(pb_istream_t *stream, struct pb_array *array, size_t max);

/* Event.block */
enum { PB_BLOCKED = 1, PB_LET_IN = 2 };

/* What a day is on the wire, and back: `common` and 0 change places, so that dates that most events
 * have ("never") are left out. */
static inline int32_t pb_day_swap(int32_t day, int32_t common)
{
    return day == common ? 0 : day == 0 ? common : day;
}

bool pb_text_is(struct tally_slice text, size_t len_min, size_t len_max);

#endif
