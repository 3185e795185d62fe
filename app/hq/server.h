/* app/hq/server.h: the two ports of head office, on one event loop.
 *
 * The sync port wants a client certificate and serves Push, Pull and Draw; the enrolment port wants
 * none and serves Enrol alone.
 *
 * Memory   the store and the keys must outlive the server.
 * Blocking nothing; the store's work is done in libuv's pool.
 * Threads  one. */
#ifndef TALLY_HQ_SERVER_H
#define TALLY_HQ_SERVER_H

#include "app/hq/dir.h"
#include "app/hq/store.h"

#include <uv.h>

struct hq_server;

struct hq_server_options {
    const char *dir;     /* watched for what admin commands change */
    const char *listen;  /* address; "0.0.0.0" or "::" for all */
    uint16_t port;       /* 0: any */
    uint16_t enrol_port; /* 0: any */
    struct hq_store *store;
    const struct hq_keys *keys;
};

/* Listens. After a failure the caller runs the loop until it is empty.
 *   TALLY_OK, TALLY_E_STORE_IO (can't listen or watch), TALLY_E_CRYPTO, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status hq_server_open(uv_loop_t *loop,
                                                const struct hq_server_options *options,
                                                struct hq_server **ret_server);
uint16_t hq_server_port(const struct hq_server *server);
uint16_t hq_server_enrol_port(const struct hq_server *server);

/* Ends every call, finishes the work that waits, and frees the server; on_closed (may be NULL)
 * comes from the loop when nothing is left. */
void hq_server_close(struct hq_server *server, void (*on_closed)(void *context), void *context);

#endif
