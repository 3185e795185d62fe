/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC over HTTP/2 with nghttp2: message framing, statuses, deadlines and flow control. */
#include "app/sync/h2.h"

#include "app/base/alloc.h"

#include <nghttp2/nghttp2.h>

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PREFIX_LEN = 5,     /* compressed flag, big-endian length */
    TEXT_LEN_MAX = 256, /* of a grpc-message, decoded */
    ENCODED_LEN_MAX = 3 * TEXT_LEN_MAX + 1,
    TIMEOUT_DIGITS_MAX = 8,    /* "gRPC over HTTP2", Timeout */
    SENT_LEN_KEPT = 64 * 1024, /* sent bytes that may stand in front of unsent ones */
    STATUS_UNKNOWN = 2         /* gRPC's UNKNOWN: an answer that says nothing */
};

#define NO_DEADLINE INT64_MAX

struct sync_call {
    struct sync_h2 *h2;
    struct sync_call *previous, *next;
    int32_t stream;
    int64_t deadline_ms;
    void *data;

    struct tally_buffer in;  /* received, not yet a whole message */
    struct tally_buffer out; /* framed messages */
    size_t out_at;           /* taken by HTTP/2 up to here */
    bool out_deferred;       /* HTTP/2 waits for sync_h2_resume */
    bool out_ended;          /* nothing follows `out` */
    bool drained;            /* on_writable is due */
    bool failed;             /* HTTP/2 could not even send the request */
    bool cancelled;
    size_t header_len;
    bool received_any;

    /* server */
    const struct sync_method *method; /* NULL: unknown, or not yet known */
    bool is_post, is_grpc;
    bool begun;    /* request headers are complete */
    bool answered; /* response headers were submitted */
    bool finished;
    enum sync_grpc_status status;
    char text[TEXT_LEN_MAX];

    /* client */
    struct sync_call_handlers handlers;
    void *context;
    int http_status;
    bool has_status;
};

struct sync_h2 {
    struct sync_h2_options options;
    nghttp2_session *session;
    struct sync_call *calls;
    int64_t now_ms;
    bool goaway; /* received */
    bool out_of_memory;
    bool attention; /* some call is drained or failed */
};

/* ------------------------------------------------------------------ calls */

static void wake(struct sync_h2 *h2)
{
    if (h2->options.on_wake != NULL) {
        h2->options.on_wake(h2->options.owner);
    }
}

static struct sync_call *call_make(struct sync_h2 *h2)
{
    struct sync_call *call = tally_alloc(1, sizeof *call);
    if (call == NULL) {
        return NULL;
    }
    call->h2 = h2;
    call->deadline_ms = NO_DEADLINE;
    call->status = (enum sync_grpc_status)STATUS_UNKNOWN;
    call->next = h2->calls;
    if (h2->calls != NULL) {
        h2->calls->previous = call;
    }
    h2->calls = call;
    return call;
}

static void call_free(struct sync_call *call)
{
    if (call->previous != NULL) {
        call->previous->next = call->next;
    } else {
        call->h2->calls = call->next;
    }
    if (call->next != NULL) {
        call->next->previous = call->previous;
    }
    tally_buffer_free(&call->in);
    tally_buffer_free(&call->out);
    tally_free(call);
}

/* gRPC's status for an HTTP status that is not 200 (http-grpc-status-mapping.md). */
static enum sync_grpc_status status_from_http(int http_status)
{
    switch (http_status) {
    case 400:
        return SYNC_GRPC_INTERNAL;
    case 401:
        return SYNC_GRPC_UNAUTHENTICATED;
    case 403:
        return SYNC_GRPC_PERMISSION_DENIED;
    case 404:
        return SYNC_GRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return SYNC_GRPC_UNAVAILABLE;
    default:
        return (enum sync_grpc_status)STATUS_UNKNOWN;
    }
}

/* The last callback, then the end of the call. `why` is TALLY_OK when HTTP/2 closed the stream. */
static void call_end(struct sync_call *call, enum tally_status why, uint32_t http2_error)
{
    struct sync_h2 *h2 = call->h2;
    if (call->stream > 0) {
        nghttp2_session_set_stream_user_data(h2->session, call->stream, NULL);
    }
    if (h2->options.server) {
        if (call->method != NULL && call->method->on_closed != NULL) {
            call->method->on_closed(h2->options.method_context, call);
        }
        call_free(call);
        return;
    }
    enum sync_grpc_status status = call->status;
    enum tally_status transport = why;
    if (why == TALLY_OK && call->has_status) {
        transport = TALLY_OK;
    } else if (why == TALLY_OK && call->http_status != 0 && call->http_status != 200) {
        status = status_from_http(call->http_status);
    } else if (why == TALLY_OK) {
        transport = http2_error == NGHTTP2_REFUSED_STREAM || call->cancelled ? TALLY_E_OFFLINE
                                                                             : TALLY_E_PROTOCOL;
        status = SYNC_GRPC_UNAVAILABLE;
    } else {
        status = why == TALLY_E_TIMEOUT ? SYNC_GRPC_DEADLINE_EXCEEDED : SYNC_GRPC_UNAVAILABLE;
    }
    if (call->handlers.on_done != NULL) {
        call->handlers.on_done(call->context, call, transport, status, call->text);
    }
    call_free(call);
}

static void reset_stream(struct sync_call *call, uint32_t error)
{
    if (call->stream > 0 &&
        nghttp2_submit_rst_stream(call->h2->session, NGHTTP2_FLAG_NONE, call->stream, error) != 0) {
        call->h2->out_of_memory = true;
    }
    wake(call->h2);
}

/* ------------------------------------------------------------------ statuses as headers */

static nghttp2_nv header(const char *name, const char *value)
{
    /* nghttp2 copies both and changes neither, but its type says otherwise. */
    union {
        const char *ours;
        uint8_t *theirs;
    } n = {.ours = name}, v = {.ours = value};
    return (nghttp2_nv){n.theirs, v.theirs, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

/* Percent-encoding of "gRPC over HTTP2", Status-Message. */
static void encode_text(const char *text, char ret_encoded[ENCODED_LEN_MAX])
{
    size_t at = 0;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c <= 0x7e && c != '%') {
            ret_encoded[at++] = (char)c;
        } else {
            at += (size_t)snprintf(ret_encoded + at, 4, "%%%02X", c);
        }
    }
    ret_encoded[at] = '\0';
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* Malformed escapes stay as they are; control characters become spaces: it goes into logs. */
static void decode_text(const uint8_t *from, size_t len, char ret_text[TEXT_LEN_MAX])
{
    size_t out = 0;
    for (size_t at = 0; at < len && out < TEXT_LEN_MAX - 1; at++) {
        int c = from[at];
        if (c == '%' && len - at > 2 && hex_digit(from[at + 1]) >= 0 &&
            hex_digit(from[at + 2]) >= 0) {
            c = hex_digit(from[at + 1]) << 4 | hex_digit(from[at + 2]);
            at += 2;
        }
        ret_text[out++] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
    }
    ret_text[out] = '\0';
}

/* ------------------------------------------------------------------ sending */

static int submit_trailer(struct sync_call *call)
{
    char number[8], encoded[ENCODED_LEN_MAX];
    snprintf(number, sizeof number, "%d", (int)call->status);
    encode_text(call->text, encoded);
    nghttp2_nv fields[] = {header("grpc-status", number), header("grpc-message", encoded)};
    return nghttp2_submit_trailer(call->h2->session, call->stream, fields,
                                  call->text[0] != '\0' ? 2 : 1);
}

/* nghttp2 asks for the next bytes of a call's body. */
static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *to, size_t cap,
                         uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
    struct sync_call *call = nghttp2_session_get_stream_user_data(session, stream);
    struct sync_h2 *h2 = user_data;
    (void)source;
    if (call == NULL) { /* the call ended before its stream: the reset is on its way */
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    size_t len = call->out.len - call->out_at;
    if (len > cap) {
        len = cap;
    }
    if (len > 0) {
        memcpy(to, call->out.data + call->out_at, len);
        call->out_at += len;
        if (call->out_at == call->out.len || call->out_at > SENT_LEN_KEPT) {
            tally_buffer_consume(&call->out, call->out_at);
            call->out_at = 0;
        }
    }
    if (call->out.len == 0 && !call->out_ended) {
        call->drained = true;
        h2->attention = true;
    }
    if (call->out.len == 0 && call->out_ended) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (h2->options.server) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            if (submit_trailer(call) != 0) {
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
            }
        }
    } else if (len == 0) {
        call->out_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    return (ssize_t)len;
}

static void resume(struct sync_call *call)
{
    if (call->out_deferred) {
        call->out_deferred = false;
        if (nghttp2_session_resume_data(call->h2->session, call->stream) == NGHTTP2_ERR_NOMEM) {
            call->h2->out_of_memory = true;
        }
    }
    wake(call->h2);
}

/* Response headers; with_body: messages follow, else this is the whole answer ("Trailers-Only"). */
static enum tally_status answer(struct sync_call *call, bool with_body)
{
    char number[8], encoded[ENCODED_LEN_MAX];
    snprintf(number, sizeof number, "%d", (int)call->status);
    encode_text(call->text, encoded);
    nghttp2_nv fields[] = {header(":status", "200"), header("content-type", "application/grpc"),
                           header("grpc-status", number), header("grpc-message", encoded)};
    nghttp2_data_provider body = {.read_callback = read_body};
    size_t count = with_body ? 2 : call->text[0] != '\0' ? 4 : 3;
    call->answered = true;
    return nghttp2_submit_response(call->h2->session, call->stream, fields, count,
                                   with_body ? &body : NULL) == 0
               ? TALLY_OK
               : TALLY_E_NO_MEMORY;
}

enum tally_status sync_call_send(struct sync_call *call, struct tally_slice message)
{
    if (message.len > SYNC_MESSAGE_LEN_MAX || call->out_ended || call->cancelled) {
        return TALLY_E_INVALID;
    }
    uint8_t prefix[PREFIX_LEN] = {0};
    tally_store_be(prefix + 1, 4, message.len);
    TALLY_TRY(tally_buffer_reserve(&call->out, PREFIX_LEN + message.len));
    TALLY_TRY(tally_buffer_append(&call->out, prefix, PREFIX_LEN));
    TALLY_TRY(tally_buffer_append(&call->out, message.data, message.len));
    if (call->h2->options.server && !call->answered) {
        TALLY_TRY(answer(call, true));
    }
    resume(call);
    return TALLY_OK;
}

void sync_call_finish(struct sync_call *call, enum sync_grpc_status status, const char *text)
{
    assert(call->h2->options.server);
    if (call->finished) {
        return;
    }
    call->finished = true;
    call->out_ended = true;
    call->status = status;
    call->deadline_ms = NO_DEADLINE;
    snprintf(call->text, sizeof call->text, "%s", text != NULL ? text : "");
    if (!call->answered) {
        if (answer(call, false) != TALLY_OK) {
            reset_stream(call, NGHTTP2_INTERNAL_ERROR);
        }
    }
    resume(call);
}

void sync_call_half_close(struct sync_call *call)
{
    assert(!call->h2->options.server);
    call->out_ended = true;
    resume(call);
}

void sync_call_cancel(struct sync_call *call)
{
    call->cancelled = true;
    call->out_ended = true;
    reset_stream(call, NGHTTP2_CANCEL);
}

size_t sync_call_unsent(const struct sync_call *call)
{
    return call->out.len - call->out_at;
}

const struct sync_peer *sync_call_peer(const struct sync_call *call)
{
    return call->h2->options.peer;
}

void sync_call_set_data(struct sync_call *call, void *data)
{
    call->data = data;
}

void *sync_call_data(const struct sync_call *call)
{
    return call->data;
}

static void format_timeout(uint32_t timeout_ms, char ret_text[TIMEOUT_DIGITS_MAX + 2])
{
    if (timeout_ms < 100000000) {
        snprintf(ret_text, TIMEOUT_DIGITS_MAX + 2, "%" PRIu32 "m", timeout_ms);
    } else {
        snprintf(ret_text, TIMEOUT_DIGITS_MAX + 2, "%" PRIu32 "S", timeout_ms / 1000);
    }
}

enum tally_status sync_h2_call(struct sync_h2 *h2, const char *path, uint32_t deadline_ms,
                               int64_t now_ms, const struct sync_call_handlers *handlers,
                               void *context, struct sync_call **ret_call)
{
    assert(!h2->options.server);
    if (h2->goaway) {
        return TALLY_E_OFFLINE;
    }
    struct sync_call *call = call_make(h2);
    if (call == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    char timeout[TIMEOUT_DIGITS_MAX + 2] = "";
    format_timeout(deadline_ms, timeout);
    nghttp2_nv fields[] = {header(":method", "POST"),
                           header(":scheme", "https"),
                           header(":path", path),
                           header(":authority", h2->options.authority),
                           header("te", "trailers"),
                           header("content-type", "application/grpc"),
                           header("user-agent", "tally-c/" TALLY_VERSION),
                           header("grpc-timeout", timeout)};
    size_t count = sizeof fields / sizeof fields[0] - (deadline_ms == 0 ? 1 : 0);
    nghttp2_data_provider body = {.read_callback = read_body};
    call->handlers = *handlers;
    call->context = context;
    call->stream = nghttp2_submit_request(h2->session, NULL, fields, count, &body, call);
    if (call->stream < 0) {
        enum tally_status status =
            call->stream == NGHTTP2_ERR_NOMEM ? TALLY_E_NO_MEMORY : TALLY_E_OFFLINE;
        call_free(call);
        return status;
    }
    if (deadline_ms > 0) {
        call->deadline_ms = now_ms + deadline_ms;
    }
    wake(h2);
    *ret_call = call;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ receiving */

static bool value_is(const uint8_t *value, size_t len, const char *wanted)
{
    return strlen(wanted) == len && memcmp(value, wanted, len) == 0;
}

/* "application/grpc", also with "+proto" or parameters. */
static bool value_is_grpc(const uint8_t *value, size_t len)
{
    static const char type[] = "application/grpc";
    size_t type_len = sizeof type - 1;
    return len >= type_len && memcmp(value, type, type_len) == 0 &&
           (len == type_len || value[type_len] == '+' || value[type_len] == ';');
}

/* A count of at most `digits_max` digits; -1 if it is none. */
static int64_t parse_count(const uint8_t *value, size_t len, size_t digits_max)
{
    int64_t number = 0;
    if (len == 0 || len > digits_max) {
        return -1;
    }
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9') {
            return -1;
        }
        number = number * 10 + (value[i] - '0');
    }
    return number;
}

static void read_timeout(struct sync_call *call, const uint8_t *value, size_t len)
{
    int64_t count = len > 0 ? parse_count(value, len - 1, TIMEOUT_DIGITS_MAX) : -1;
    if (count < 0) {
        return;
    }
    int64_t ms;
    switch (value[len - 1]) {
    case 'H':
        ms = count * 3600 * 1000;
        break;
    case 'M':
        ms = count * 60 * 1000;
        break;
    case 'S':
        ms = count * 1000;
        break;
    case 'm':
        ms = count;
        break;
    case 'u':
        ms = count / 1000;
        break;
    case 'n':
        ms = count / 1000000;
        break;
    default:
        return;
    }
    call->deadline_ms = call->h2->now_ms + ms;
}

static void on_request_header(struct sync_call *call, const uint8_t *name, size_t name_len,
                              const uint8_t *value, size_t len)
{
    const struct sync_h2_options *options = &call->h2->options;
    if (value_is(name, name_len, ":path")) {
        for (size_t i = 0; i < options->method_count; i++) {
            if (value_is(value, len, options->methods[i].path)) {
                call->method = &options->methods[i];
            }
        }
    } else if (value_is(name, name_len, ":method")) {
        call->is_post = value_is(value, len, "POST");
    } else if (value_is(name, name_len, "content-type")) {
        call->is_grpc = value_is_grpc(value, len);
    } else if (value_is(name, name_len, "grpc-timeout")) {
        read_timeout(call, value, len);
    }
}

static void on_response_header(struct sync_call *call, const uint8_t *name, size_t name_len,
                               const uint8_t *value, size_t len)
{
    if (value_is(name, name_len, ":status")) {
        call->http_status = (int)parse_count(value, len, 3);
    } else if (value_is(name, name_len, "content-type")) {
        call->is_grpc = value_is_grpc(value, len);
    } else if (value_is(name, name_len, "grpc-status")) {
        int64_t status = parse_count(value, len, 3);
        call->status = (enum sync_grpc_status)(status >= 0 ? status : STATUS_UNKNOWN);
        call->has_status = true;
    } else if (value_is(name, name_len, "grpc-message")) {
        decode_text(value, len, call->text);
    }
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t len, uint8_t flags,
                     void *user_data)
{
    struct sync_h2 *h2 = user_data;
    struct sync_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    (void)flags;
    if (call == NULL) {
        return 0;
    }
    call->header_len += name_len + len + 32; /* RFC 9113, 6.5.2 */
    if (call->header_len > SYNC_H2_HEADER_LIST_MAX) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    if (h2->options.server) {
        on_request_header(call, name, name_len, value, len);
    } else {
        on_response_header(call, name, name_len, value, len);
    }
    return 0;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct sync_h2 *h2 = user_data;
    if (!h2->options.server || frame->hd.type != NGHTTP2_HEADERS ||
        frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        return 0;
    }
    struct sync_call *call = call_make(h2);
    if (call == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    call->stream = frame->hd.stream_id;
    return nghttp2_session_set_stream_user_data(session, call->stream, call);
}

/* The request headers are complete: who can't be served is told at once. */
static void begin(struct sync_call *call)
{
    call->begun = true;
    if (!call->is_post || !call->is_grpc) {
        nghttp2_nv fields[] = {header(":status", call->is_post ? "415" : "405")};
        call->method = NULL;
        call->answered = true;
        call->finished = true;
        call->out_ended = true;
        if (nghttp2_submit_response(call->h2->session, call->stream, fields, 1, NULL) != 0) {
            call->h2->out_of_memory = true;
        }
        wake(call->h2);
    } else if (call->method == NULL) {
        sync_call_finish(call, SYNC_GRPC_UNIMPLEMENTED, "no such method");
    }
}

static void refuse_message(struct sync_call *call, enum sync_grpc_status status, const char *text)
{
    tally_buffer_free(&call->in);
    if (call->h2->options.server) {
        sync_call_finish(call, status, text);
    } else {
        call->status = status;
        call->has_status = true; /* ours: what the server says after this does not count */
        snprintf(call->text, sizeof call->text, "%s", text);
        call->cancelled = true;
        reset_stream(call, NGHTTP2_CANCEL);
    }
}

static bool takes_messages(const struct sync_call *call)
{
    return call->h2->options.server ? call->method != NULL && !call->finished : !call->cancelled;
}

/* Hands on every whole message that has arrived. */
static void hand_on(struct sync_call *call)
{
    size_t at = 0;
    while (takes_messages(call) && call->in.len - at >= PREFIX_LEN) {
        const uint8_t *prefix = call->in.data + at;
        size_t len = (size_t)tally_load_be(prefix + 1, 4);
        if (prefix[0] != 0) {
            refuse_message(call, SYNC_GRPC_UNIMPLEMENTED, "compression is not supported");
            return;
        }
        if (len > call->h2->options.message_len_max) {
            refuse_message(call, SYNC_GRPC_RESOURCE_EXHAUSTED, "the message is too long");
            return;
        }
        if (call->in.len - at - PREFIX_LEN < len) {
            break;
        }
        const struct tally_slice message = {prefix + PREFIX_LEN, len};
        at += PREFIX_LEN + len;
        call->received_any = true;
        if (call->h2->options.server) {
            call->method->on_message(call->h2->options.method_context, call, message);
        } else if (call->handlers.on_message != NULL) {
            call->handlers.on_message(call->context, call, message);
        }
    }
    tally_buffer_consume(&call->in, at);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
                   size_t len, void *user_data)
{
    struct sync_h2 *h2 = user_data;
    struct sync_call *call = nghttp2_session_get_stream_user_data(session, stream);
    (void)flags;
    if (call == NULL || !takes_messages(call) || (!h2->options.server && !call->is_grpc)) {
        return 0;
    }
    if (tally_buffer_append(&call->in, bytes, len) != TALLY_OK) {
        refuse_message(call, SYNC_GRPC_RESOURCE_EXHAUSTED, "no memory");
        return 0;
    }
    hand_on(call);
    return 0;
}

/* The client will say no more. */
static void on_request_end(struct sync_call *call)
{
    if (takes_messages(call) && (call->in.len > 0 || !call->received_any)) {
        sync_call_finish(call, SYNC_GRPC_INVALID_ARGUMENT, "the request ends within its message");
    }
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct sync_h2 *h2 = user_data;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        h2->goaway = true;
        return 0;
    }
    struct sync_call *call =
        frame->hd.stream_id > 0 ? nghttp2_session_get_stream_user_data(session, frame->hd.stream_id)
                                : NULL;
    if (call == NULL || !h2->options.server) {
        return 0;
    }
    if (frame->hd.type == NGHTTP2_HEADERS && !call->begun) {
        begin(call);
    }
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        on_request_end(call);
    }
    return 0;
}

/* A server that has said all tells a client that goes on sending to stop (RFC 9113, 8.1). */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct sync_h2 *h2 = user_data;
    if (h2->options.server && frame->hd.type == NGHTTP2_HEADERS &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
        nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0 &&
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                  NGHTTP2_NO_ERROR) != 0) {
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    return 0;
}

static int on_frame_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int error,
                             void *user_data)
{
    struct sync_h2 *h2 = user_data;
    (void)session;
    (void)error;
    if (frame->hd.type == NGHTTP2_HEADERS && !h2->options.server) {
        for (struct sync_call *call = h2->calls; call != NULL; call = call->next) {
            if (call->stream == frame->hd.stream_id) {
                call->failed = true;
                h2->attention = true;
            }
        }
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error,
                           void *user_data)
{
    struct sync_call *call = nghttp2_session_get_stream_user_data(session, stream);
    (void)user_data;
    if (call != NULL) {
        call_end(call, TALLY_OK, error);
    }
    return 0;
}

/* ------------------------------------------------------------------ the connection */

static enum tally_status start_session(struct sync_h2 *h2)
{
    nghttp2_session_callbacks *callbacks = NULL;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) {
        return TALLY_E_NO_MEMORY;
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_sent);
    int error = h2->options.server ? nghttp2_session_server_new(&h2->session, callbacks, h2)
                                   : nghttp2_session_client_new(&h2->session, callbacks, h2);
    nghttp2_session_callbacks_del(callbacks);
    if (error != 0) {
        return TALLY_E_NO_MEMORY;
    }
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, SYNC_H2_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, SYNC_H2_HEADER_LIST_MAX},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, h2->options.server ? SYNC_H2_STREAMS_MAX : 0},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    if (nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings,
                                h2->options.server ? 3 : 4) != 0 ||
        nghttp2_session_set_local_window_size(h2->session, NGHTTP2_FLAG_NONE, 0, SYNC_H2_WINDOW) !=
            0) {
        return TALLY_E_NO_MEMORY;
    }
    return TALLY_OK;
}

enum tally_status sync_h2_open(const struct sync_h2_options *options, struct sync_h2 **ret_h2)
{
    assert(options->message_len_max > 0 && options->message_len_max <= SYNC_MESSAGE_LEN_MAX);
    struct sync_h2 *h2 = tally_alloc(1, sizeof *h2);
    if (h2 == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    h2->options = *options;
    enum tally_status status = start_session(h2);
    if (status != TALLY_OK) {
        sync_h2_close(h2, status);
        return status;
    }
    *ret_h2 = h2;
    return TALLY_OK;
}

void sync_h2_close(struct sync_h2 *h2, enum tally_status why)
{
    if (h2 == NULL) {
        return;
    }
    h2->options.on_wake = NULL;
    h2->goaway = true; /* no new calls from the callbacks */
    while (h2->calls != NULL) {
        call_end(h2->calls, why == TALLY_OK ? TALLY_E_OFFLINE : why, NGHTTP2_NO_ERROR);
    }
    nghttp2_session_del(h2->session);
    tally_free(h2);
}

enum tally_status sync_h2_feed(struct sync_h2 *h2, struct tally_slice bytes, int64_t now_ms)
{
    h2->now_ms = now_ms;
    if (bytes.len > 0) {
        ssize_t used = nghttp2_session_mem_recv(h2->session, bytes.data, bytes.len);
        if (used < 0) {
            return used == NGHTTP2_ERR_NOMEM ? TALLY_E_NO_MEMORY : TALLY_E_PROTOCOL;
        }
    }
    wake(h2); /* acknowledgements, window updates */
    return h2->out_of_memory ? TALLY_E_NO_MEMORY : TALLY_OK;
}

/* Callbacks that were due while nghttp2 was sending. Each may start, cancel or end calls, so the
 * list is walked from its head after every one. */
static void attend(struct sync_h2 *h2)
{
    while (h2->attention) {
        h2->attention = false;
        for (struct sync_call *call = h2->calls; call != NULL; call = call->next) {
            if (call->failed) {
                h2->attention = true;
                call_end(call, TALLY_E_OFFLINE, NGHTTP2_REFUSED_STREAM);
                break;
            }
            if (call->drained) {
                call->drained = false;
                if (h2->options.server && call->method != NULL && !call->finished &&
                    call->method->on_writable != NULL) {
                    h2->attention = true;
                    call->method->on_writable(h2->options.method_context, call);
                    break;
                }
            }
        }
    }
}

enum tally_status sync_h2_take(struct sync_h2 *h2, size_t len_max, int64_t now_ms,
                               struct tally_buffer *ret_bytes)
{
    h2->now_ms = now_ms;
    size_t taken = 0;
    while (taken < len_max) {
        const uint8_t *bytes = NULL;
        ssize_t len = nghttp2_session_mem_send(h2->session, &bytes);
        if (len < 0) {
            return len == NGHTTP2_ERR_NOMEM ? TALLY_E_NO_MEMORY : TALLY_E_PROTOCOL;
        }
        if (len == 0) {
            break;
        }
        TALLY_TRY(tally_buffer_append(ret_bytes, bytes, (size_t)len));
        taken += (size_t)len;
    }
    attend(h2);
    return h2->out_of_memory ? TALLY_E_NO_MEMORY : TALLY_OK;
}

bool sync_h2_is_over(const struct sync_h2 *h2)
{
    return (h2->goaway && !h2->options.server) || (nghttp2_session_want_read(h2->session) == 0 &&
                                                   nghttp2_session_want_write(h2->session) == 0);
}

int64_t sync_h2_deadline(const struct sync_h2 *h2)
{
    int64_t first = NO_DEADLINE;
    for (const struct sync_call *call = h2->calls; call != NULL; call = call->next) {
        if (call->deadline_ms < first) {
            first = call->deadline_ms;
        }
    }
    return first;
}

void sync_h2_on_time(struct sync_h2 *h2, int64_t now_ms)
{
    h2->now_ms = now_ms;
    struct sync_call *call = h2->calls;
    while (call != NULL) {
        if (call->deadline_ms > now_ms) {
            call = call->next;
            continue;
        }
        call->deadline_ms = NO_DEADLINE;
        if (h2->options.server) {
            sync_call_finish(call, SYNC_GRPC_DEADLINE_EXCEEDED, "deadline exceeded");
        } else {
            reset_stream(call, NGHTTP2_CANCEL);
            call_end(call, TALLY_E_TIMEOUT, NGHTTP2_CANCEL);
        }
        call = h2->calls; /* the callback may have changed the list */
    }
}

enum tally_status sync_h2_ping(struct sync_h2 *h2)
{
    enum tally_status status = nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL) == 0
                                   ? TALLY_OK
                                   : TALLY_E_NO_MEMORY;
    wake(h2);
    return status;
}

void sync_h2_goaway(struct sync_h2 *h2)
{
    (void)nghttp2_session_terminate_session(h2->session, NGHTTP2_NO_ERROR);
}
