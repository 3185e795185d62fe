/* app/sync/conn.h: one connection on the loop: TCP, TLS and HTTP/2 tied together, with keep-alive
 * and an end that happens exactly once. Private to this room; servers and channels are made of
 * these.
 *
 * Units    times are ms.
 * Memory   a connection frees itself when its handles are closed; on_freed comes last.
 * Blocking never.
 * Threads  the loop's thread only. */
#ifndef TALLY_SYNC_CONN_H
#define TALLY_SYNC_CONN_H

#include "app/sync/h2.h"
#include "app/sync/tls.h"

enum {
    SYNC_CONN_IDLE_MS = 10 * 1000,    /* silence after which a PING is sent */
    SYNC_CONN_PING_MS = 60 * 1000,    /* silence after a PING that means: the program hangs */
    SYNC_CONN_UNACKED_MS = 10 * 1000, /* what we sent is not acknowledged by TCP: the line is dead.
                                         A slow line acknowledges bit by bit and lives */
    SYNC_CONN_HANDSHAKE_MS = 10 * 1000, /* a server's patience */
    SYNC_CONN_LINGER_MS = 1000          /* for the other side to read our last words */
};

struct sync_conn;

struct sync_conn_options {
    struct sync_tls_config *tls;
    const char *peer_name;     /* client: as sync_tls_open */
    struct sync_h2_options h2; /* peer, owner and on_wake are set by the connection */
    uint32_t life_ms;          /* 0: no limit; else the connection ends after this */
    void *context;
    /* The peer is verified; not TALLY_OK refuses it. May be NULL. */
    enum tally_status (*on_up)(void *context, struct sync_conn *conn, const struct sync_peer *peer);
    /* Exactly once, unless sync_conn_drop came first. All calls have ended. `tcp` says whether
     * there was a TCP connection at all. */
    void (*on_down)(void *context, struct sync_conn *conn, bool tcp, enum tally_status why,
                    const char *detail);
    void (*on_freed)(void *context, struct sync_conn *conn);
};

/* TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_CRYPTO; then nothing is called later. */
TALLY_MUST_USE enum tally_status sync_conn_accept(uv_loop_t *loop, uv_stream_t *listener,
                                                  const struct sync_conn_options *options,
                                                  struct sync_conn **ret_conn);
TALLY_MUST_USE enum tally_status sync_conn_connect(uv_loop_t *loop, const struct sockaddr *address,
                                                   const struct sync_conn_options *options,
                                                   struct sync_conn **ret_conn);

/* Ends in order; on_down follows from the loop, with `why`. */
void sync_conn_end(struct sync_conn *conn, enum tally_status why);
/* Ends at once: calls end now, on_down is not called, on_freed follows from the loop. */
void sync_conn_drop(struct sync_conn *conn);

const char *sync_conn_address(const struct sync_conn *conn);
const struct sync_peer *sync_conn_peer(const struct sync_conn *conn);
/* NULL until up. */
struct sync_h2 *sync_conn_h2(struct sync_conn *conn);

#endif
