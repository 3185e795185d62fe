/* app/sync/h2.h: gRPC calls over one HTTP/2 connection, as bytes in and bytes out. struct
 * sync_call, and the sync_call_* functions of grpc.h, live here.
 *
 * Units    lengths are bytes; times are ms of a clock that never goes backwards.
 * Memory   options are copied, what they point at must outlive the connection.
 * Errors   after anything but TALLY_OK the connection is dead: flush what is left, then close.
 * Blocking never.
 * Threads  one. Callbacks come from within feed, take, on_time and close; they may use calls, but
 * not close the connection. */
#ifndef TALLY_SYNC_H2_H
#define TALLY_SYNC_H2_H

#include "app/sync/grpc.h"

enum {
    SYNC_H2_STREAMS_MAX = 32, /* calls that a client may have open */
    SYNC_H2_HEADER_LIST_MAX = 16 * 1024,
    SYNC_H2_WINDOW = 1024 * 1024, /* for one call, and for all of a connection */
    SYNC_H2_ENROL_MESSAGE_MAX = 64 * 1024
};

struct sync_h2;

struct sync_h2_options {
    bool server;
    size_t message_len_max;            /* received; SYNC_MESSAGE_LEN_MAX or less */
    const struct sync_method *methods; /* server */
    size_t method_count;
    void *method_context;
    const char *authority; /* client */
    const struct sync_peer *peer;
    void *owner;
    void (*on_wake)(void *owner); /* something waits for sync_h2_take, or the next deadline moved */
};

/* TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status sync_h2_open(const struct sync_h2_options *options,
                                              struct sync_h2 **ret_h2);
/* Ends every call with `why`, then frees. NULL is allowed. */
void sync_h2_close(struct sync_h2 *h2, enum tally_status why);

/* TALLY_OK, TALLY_E_PROTOCOL, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status sync_h2_feed(struct sync_h2 *h2, struct tally_slice bytes,
                                              int64_t now_ms);
/* Appends what is to be sent, about `len_max` at most.  TALLY_OK, TALLY_E_NO_MEMORY,
 * TALLY_E_PROTOCOL */
TALLY_MUST_USE enum tally_status sync_h2_take(struct sync_h2 *h2, size_t len_max, int64_t now_ms,
                                              struct tally_buffer *ret_bytes);
/* Whether the connection has come to its end: a GOAWAY to this client, or nothing more to say. */
bool sync_h2_is_over(const struct sync_h2 *h2);

/* When sync_h2_on_time wants to be called; INT64_MAX: never. */
int64_t sync_h2_deadline(const struct sync_h2 *h2);
void sync_h2_on_time(struct sync_h2 *h2, int64_t now_ms);

/* TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status sync_h2_ping(struct sync_h2 *h2);
void sync_h2_goaway(struct sync_h2 *h2);

/* As sync_channel_call. */
TALLY_MUST_USE enum tally_status sync_h2_call(struct sync_h2 *h2, const char *path,
                                              uint32_t deadline_ms, int64_t now_ms,
                                              const struct sync_call_handlers *handlers,
                                              void *context, struct sync_call **ret_call);

#endif
