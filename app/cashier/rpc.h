/* app/cashier/rpc.h: a till's side of the till API: one connection to tallyd that mends itself.
 *
 * The caller owns the loop: it polls rpc_fd() for rpc_events() no longer than rpc_timeout_ms(),
 * then calls rpc_step(). What arrives comes out of rpc_step() through the callbacks.
 *
 * Units    instants are CLOCK_MONOTONIC milliseconds, passed in.
 * Memory   JSON given to a callback is borrowed for the call.
 * Blocking nothing blocks but the look-up of a host name that is not numeric.
 * Threads  one. */
#ifndef TALLY_CASHIER_RPC_H
#define TALLY_CASHIER_RPC_H

#include "app/core/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    RPC_LINE_LEN_MAX = 1024 * 1024, /* of an answer; a longer one drops the connection */
    RPC_RETRY_MS_MIN = 200,
    RPC_RETRY_MS_MAX = 3000
};

struct rpc;

struct rpc_ops {
    /* Connected, or not any more. What was called before is never answered then. `why` is a
     * sentence in English (the system's own) while not connected. */
    void (*state)(void *context, bool connected, const char *why);
    /* The answer to a call: either `result`, or `error` is not NULL. */
    void (*answer)(void *context, uint64_t id, json_t *result, json_t *error);
    /* May be NULL. */
    void (*notification)(void *context, const char *method, json_t *params);
};

/* `address` is a path (it holds a slash) or HOST:PORT; it is tried at the first rpc_step().
 *   TALLY_OK, TALLY_E_INVALID (neither, or too long), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status rpc_open(const char *address, const struct rpc_ops *ops,
                                          void *context, struct rpc **ret_rpc);

/* NULL is allowed. */
void rpc_close(struct rpc *rpc);

bool rpc_is_connected(const struct rpc *rpc);

/* -1 while there is nothing to poll; poll() ignores that. */
int rpc_fd(const struct rpc *rpc);
short rpc_events(const struct rpc *rpc);
/* Until the next try; -1: none is planned. */
int rpc_timeout_ms(const struct rpc *rpc, int64_t now_ms);

/* Does what `revents` and the clock allow now. */
void rpc_step(struct rpc *rpc, short revents, int64_t now_ms);

/* Sends a call; `params` is taken, and is json_object() when there are none. Ids rise from 1.
 *   TALLY_OK, TALLY_E_OFFLINE (not connected; nothing was sent), TALLY_E_NO_MEMORY,
 *   TALLY_E_INVALID (`params` is NULL: jansson could not make it, say of bytes that are not
 *   UTF-8) */
TALLY_MUST_USE enum tally_status rpc_call(struct rpc *rpc, const char *method, json_t *params,
                                          uint64_t *ret_id);

/* CLOCK_MONOTONIC now. */
int64_t rpc_now_ms(void);

/* A stream socket connected, or being connected, to `address`; non-blocking, close-on-exec.
 *   TALLY_OK, TALLY_E_INVALID, TALLY_E_OFFLINE (errno says why) */
TALLY_MUST_USE enum tally_status rpc_connect(const char *address, int *ret_fd,
                                             bool *ret_in_progress);

#endif
