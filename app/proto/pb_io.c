/* SPDX-License-Identifier: Apache-2.0 */
/* nanopb on growing buffers and borrowed slices. */
#include "app/proto/pb_io.h"

#include "app/base/alloc.h"
#include "app/core/utf8.h"

enum { ARRAY_CAP_MIN = 8 };

/* ------------------------------------------------------------------ streams */

struct sink {
    struct tally_buffer *buffer;
    bool no_memory;
};

/* Substreams share it, so the position is right at every depth. */
struct source {
    const uint8_t *at;
    bool no_memory;
};

static bool sink_write(pb_ostream_t *stream, const pb_byte_t *bytes, size_t len)
{
    struct sink *sink = stream->state;
    sink->no_memory = tally_buffer_append(sink->buffer, bytes, len) != TALLY_OK;
    return !sink->no_memory;
}

/* nanopb has checked `len` against what the stream has left. */
static bool source_read(pb_istream_t *stream, pb_byte_t *bytes, size_t len)
{
    struct source *source = stream->state;
    if (bytes != NULL && len > 0) {
        memcpy(bytes, source->at, len);
    }
    source->at += len;
    return true;
}

/* nanopb hands a callback field that came as a number, not as bytes, to its callback on a stream of
 * its own: such a field is malformed, and that stream has no source. */
static bool is_ours(const pb_istream_t *stream)
{
    return stream->callback == source_read;
}

enum tally_status pb_encode_to(const pb_msgdesc_t *fields, const void *message,
                               struct tally_buffer *ret_bytes)
{
    struct sink sink = {.buffer = ret_bytes};
    pb_ostream_t stream = {.callback = sink_write, .state = &sink, .max_size = SIZE_MAX};
    size_t len_before = ret_bytes->len;
    if (pb_encode(&stream, fields, message)) {
        return TALLY_OK;
    }
    ret_bytes->len = len_before;
    return sink.no_memory ? TALLY_E_NO_MEMORY : TALLY_E_INVALID;
}

enum tally_status pb_decode_with(struct tally_slice bytes,
                                 bool (*take)(pb_istream_t *stream, void *context), void *context)
{
    static const uint8_t nothing[1] = {0};
    struct source source = {.at = bytes.len > 0 ? bytes.data : nothing};
    pb_istream_t stream = {.callback = source_read, .state = &source, .bytes_left = bytes.len};
    if (take(&stream, context)) {
        return TALLY_OK;
    }
    return source.no_memory ? TALLY_E_NO_MEMORY : TALLY_E_INVALID;
}

struct whole {
    const pb_msgdesc_t *fields;
    void *message;
};

static bool take_whole(pb_istream_t *stream, void *context)
{
    const struct whole *whole = context;
    return pb_decode(stream, whole->fields, whole->message);
}

enum tally_status pb_decode_from(struct tally_slice bytes, const pb_msgdesc_t *fields,
                                 void *message)
{
    struct whole whole = {fields, message};
    return pb_decode_with(bytes, take_whole, &whole);
}

void *pb_borrowed(const void *object)
{
    return (void *)(uintptr_t)object;
}

/* ------------------------------------------------------------------ slices */

static bool put_slice(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_slice *slice = *arg;
    return slice->len == 0 || (pb_encode_tag_for_field(stream, field) &&
                               pb_encode_string(stream, slice->data, slice->len));
}

pb_callback_t pb_out_slice(const struct tally_slice *slice)
{
    return (pb_callback_t){.funcs.encode = put_slice, .arg = pb_borrowed(slice)};
}

static bool take_slice(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    if (!is_ours(stream)) {
        return false;
    }
    struct tally_slice *slice = *arg;
    const struct source *source = stream->state;
    *slice = (struct tally_slice){source->at, stream->bytes_left};
    return pb_read(stream, NULL, stream->bytes_left);
}

pb_callback_t pb_in_slice(struct tally_slice *slice)
{
    return (pb_callback_t){.funcs.decode = take_slice, .arg = slice};
}

bool pb_put_slices(pb_ostream_t *stream, const pb_field_t *field, const struct tally_slice *slices,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!pb_encode_tag_for_field(stream, field) ||
            !pb_encode_string(stream, slices[i].data, slices[i].len)) {
            return false;
        }
    }
    return true;
}

bool pb_take_slice(pb_istream_t *stream, const pb_field_t *field, struct pb_array *array,
                   size_t max)
{
    void *slice = pb_array_next(stream, array, sizeof(struct tally_slice), max);
    return slice != NULL && take_slice(stream, field, &slice);
}

bool pb_text_is(struct tally_slice text, size_t len_min, size_t len_max)
{
    return text.len >= len_min && text.len <= len_max && tally_utf8_valid(text);
}

/* ------------------------------------------------------------------ repeated messages */

bool pb_put_message(pb_ostream_t *stream, const pb_field_t *field, const pb_msgdesc_t *fields,
                    const void *message)
{
    return pb_encode_tag_for_field(stream, field) && pb_encode_submessage(stream, fields, message);
}

void *pb_array_next(pb_istream_t *stream, struct pb_array *array, size_t size, size_t max)
{
    if (!is_ours(stream) || array->count == max) {
        return NULL;
    }
    if (array->count == array->cap) {
        size_t cap = array->cap == 0 ? ARRAY_CAP_MIN : array->cap * 2;
        void *items = tally_realloc(array->items, cap, size);
        if (items == NULL) {
            struct source *source = stream->state;
            source->no_memory = true;
            return NULL;
        }
        array->items = items;
        array->cap = cap;
    }
    void *item = (uint8_t *)array->items + array->count * size;
    memset(item, 0, size);
    array->count++;
    return item;
}

/* ------------------------------------------------------------------ moves */

bool pb_put_moves(pb_ostream_t *stream, const pb_field_t *field, const struct tally_move *moves,
                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tally_v1_Move move = {
            .kind = (tally_v1_MoveKind)moves[i].kind,
            .purse = moves[i].purse,
            .expires_day = pb_day_swap(moves[i].expires_day, TALLY_DAY_NEVER),
            .from_day = moves[i].from_day,
            .points = moves[i].points,
        };
        if (!pb_put_message(stream, field, tally_v1_Move_fields, &move)) {
            return false;
        }
    }
    return true;
}

bool pb_take_move(pb_istream_t *stream, struct pb_array *array, size_t max)
{
    tally_v1_Move in = tally_v1_Move_init_zero;
    struct tally_move *move = pb_array_next(stream, array, sizeof(struct tally_move), max);
    if (move == NULL || !pb_decode(stream, tally_v1_Move_fields, &in)) {
        return false;
    }
    *move = (struct tally_move){
        .kind = (enum tally_move_kind)in.kind,
        .purse = in.purse,
        .expires_day = pb_day_swap(in.expires_day, TALLY_DAY_NEVER),
        .from_day = in.from_day,
        .points = in.points,
    };
    return true;
}
