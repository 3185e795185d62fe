/* app/sync/grpc.h: gRPC over HTTP/2 over mutual TLS on a libuv loop, for both sides.
 *
 * Built of three sans-I/O parts (bytes in, bytes out): tls.h, h2.h and this; link.h alone touches
 * sockets. gRPC framing and status: "gRPC over HTTP2" protocol document; HTTP/2: RFC 9113.
 *
 * Units    lengths are bytes, times are ms.
 * Memory   a message handed to a callback lives only during the call; *_send copies.
 * Errors   a connection that breaks ends every call on it through its on_done/on_closed.
 * Blocking nothing blocks.
 * Threads  the loop's thread only. The program ignores SIGPIPE: libuv does not. */
#ifndef TALLY_SYNC_GRPC_H
#define TALLY_SYNC_GRPC_H

#include "app/base/buffer.h"
#include "app/core/types.h"

#include <uv.h>

enum { SYNC_MESSAGE_LEN_MAX = 4 * 1024 * 1024 };

/* gRPC status codes that we send or act on (statuscodes.md of the gRPC project). */
enum sync_grpc_status {
    SYNC_GRPC_OK = 0,
    SYNC_GRPC_INVALID_ARGUMENT = 3,
    SYNC_GRPC_DEADLINE_EXCEEDED = 4,
    SYNC_GRPC_NOT_FOUND = 5,
    SYNC_GRPC_ALREADY_EXISTS = 6,
    SYNC_GRPC_PERMISSION_DENIED = 7,
    SYNC_GRPC_RESOURCE_EXHAUSTED = 8,
    SYNC_GRPC_FAILED_PRECONDITION = 9,
    SYNC_GRPC_ABORTED = 10,
    SYNC_GRPC_UNIMPLEMENTED = 12,
    SYNC_GRPC_INTERNAL = 13,
    SYNC_GRPC_UNAVAILABLE = 14,
    SYNC_GRPC_UNAUTHENTICATED = 16
};

/* Who we are and whom we trust. Slices are DER but for the key (PEM); copied by the callee. */
struct sync_identity {
    struct tally_slice key_pem; /* empty: no certificate of our own (enrolment client) */
    struct tally_slice cert_der;
    const struct tally_slice *issuers_der; /* sent behind our certificate; may include the root */
    size_t issuer_count;
    struct tally_slice trusted_root_der; /* empty: only with `root_pin` */
    const uint8_t *root_pin;             /* TALLY_HASH_LEN: SHA-256 of the DER of the root to trust,
                                            which the peer must send in its chain; enrolment only */
};

/* The peer of a verified connection. */
struct sync_peer {
    uint8_t pin[TALLY_HASH_LEN];         /* SHA-256 of its SubjectPublicKeyInfo */
    char uri[128];                       /* SAN URI, "" if none: "tally:terminal:7" */
    char address[64];                    /* for logs */
    const struct tally_slice *chain_der; /* as sent, leaf first */
    size_t chain_count;
};

/* ------------------------------------------------------------------ server */

struct sync_server;
struct sync_call; /* one call, on either side */

struct sync_method {
    const char *path; /* "/tally.v1.Hq/Push" */
    /* One whole request message. */
    void (*on_message)(void *context, struct sync_call *call, struct tally_slice message);
    /* The call is over (finished, cancelled, or the connection broke): forget `call`. */
    void (*on_closed)(void *context, struct sync_call *call);
    /* What was sent has drained below the flow-control window: more may be sent. May be NULL. */
    void (*on_writable)(void *context, struct sync_call *call);
};

struct sync_server_options {
    const char *host; /* address to listen on */
    uint16_t port;    /* 0: any; see sync_server_port() */
    struct sync_identity identity;
    bool client_certificate; /* required and verified (leaf policy, design section 7); false only
                                for the enrolment port, where clients send none */
    const struct sync_method *methods;
    size_t method_count;
    void *context;
    /* Called after the handshake; not TALLY_OK refuses the connection. May be NULL. */
    enum tally_status (*on_peer)(void *context, const struct sync_peer *peer);
    /* One line for the operator's log about a refused or broken connection. May be NULL. */
    void (*on_refused)(void *context, const char *address, enum tally_status status,
                       const char *detail);
};

/* TALLY_OK, TALLY_E_STORE_IO (can't listen: errno text is logged), TALLY_E_CRYPTO,
 * TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status sync_server_open(uv_loop_t *loop,
                                                  const struct sync_server_options *options,
                                                  struct sync_server **ret_server);
uint16_t sync_server_port(const struct sync_server *server);
/* Closes listener and connections; on_closed runs from the loop at the end. */
void sync_server_close(struct sync_server *server, void (*on_closed)(void *context), void *context);

const struct sync_peer *sync_call_peer(const struct sync_call *call);
/* One slot per call for the handler's own use; NULL at first. */
void sync_call_set_data(struct sync_call *call, void *data);
void *sync_call_data(const struct sync_call *call);
/* Bytes handed to sync_call_send that HTTP/2 has not yet taken: stop at some hundred KB. */
size_t sync_call_unsent(const struct sync_call *call);

/* TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_INVALID (too long or after the end) */
TALLY_MUST_USE enum tally_status sync_call_send(struct sync_call *call, struct tally_slice message);
/* Server: sends the status and ends the call. `text` may be NULL. */
void sync_call_finish(struct sync_call *call, enum sync_grpc_status status, const char *text);

/* ------------------------------------------------------------------ client */

struct sync_channel;

enum sync_channel_state { SYNC_CHANNEL_DOWN, SYNC_CHANNEL_CONNECTING, SYNC_CHANNEL_UP };

struct sync_channel_options {
    const char *host; /* where to connect */
    uint16_t port;
    const char *hq_name; /* the name its certificate must carry (dNSName or iPAddress) */
    struct sync_identity identity;
    void *context;
    /* DOWN carries why: TALLY_E_OFFLINE, TALLY_E_TIMEOUT, TALLY_E_PEER_UNTRUSTED,
     * TALLY_E_PEER_NAME, TALLY_E_PEER_EXPIRED, TALLY_E_PROTOCOL, TALLY_E_REVOKED. */
    void (*on_state)(void *context, enum sync_channel_state state, enum tally_status why);
};

struct sync_call_handlers {
    void (*on_message)(void *context, struct sync_call *call, struct tally_slice message);
    /* Last callback of a call. transport is TALLY_OK when the server's status is meaningful. */
    void (*on_done)(void *context, struct sync_call *call, enum tally_status transport,
                    enum sync_grpc_status status, const char *text);
};

TALLY_MUST_USE enum tally_status sync_channel_open(uv_loop_t *loop,
                                                   const struct sync_channel_options *options,
                                                   struct sync_channel **ret_channel);
/* One attempt to connect (TCP, TLS, HTTP/2), given up after timeout_ms; the answer comes through
 * on_state. When to try again is the caller's business (app/sync/engine.h). */
void sync_channel_connect(struct sync_channel *channel, uint32_t timeout_ms);
void sync_channel_disconnect(struct sync_channel *channel);
void sync_channel_close(struct sync_channel *channel, void (*on_closed)(void *context),
                        void *context);
/* The chain that HQ showed; only in state UP. */
const struct sync_peer *sync_channel_peer(const struct sync_channel *channel);

/* Starts a call. deadline_ms 0: none. TALLY_OK, TALLY_E_OFFLINE (not UP), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status sync_channel_call(struct sync_channel *channel, const char *path,
                                                   uint32_t deadline_ms,
                                                   const struct sync_call_handlers *handlers,
                                                   void *context, struct sync_call **ret_call);
/* No more messages from the client. */
void sync_call_half_close(struct sync_call *call);
/* RST_STREAM; on_done follows from the loop. */
void sync_call_cancel(struct sync_call *call);

#endif
