/* SPDX-License-Identifier: Apache-2.0 */
/* Head office's gRPC service: calls become jobs for the store, and answers go back; open pulls are
 * woken by every commit, this process's or an admin command's. */
#include "app/hq/server.h"

#include "app/base/alloc.h"
#include "app/base/log.h"
#include "app/hq/queue.h"
#include "app/sync/grpc.h"
#include "app/sync/token.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/time.h>

enum { UNSENT_MAX = 256 * 1024, PUSHES_TOGETHER = 32, PATH_LEN_MAX = 4096 };

struct hq_server {
    uv_loop_t *loop;
    struct hq_store *store;
    const struct hq_keys *keys;
    struct tally_msg_shared_keys shared;
    struct hq_queue queue;
    struct sync_server *sync;
    struct sync_server *enrol;
    uv_fs_event_t watch;
    struct rpc *pulls; /* open ones, a list */
    size_t rpcs;       /* alive */
    unsigned parts;    /* of this struct that still live in the loop */
    bool closing;
    void (*on_closed)(void *context);
    void *closed_context;
};

/* One call from its first message on. It lives until the call is over and no job uses it. */
struct rpc {
    struct hq_job job; /* first: a job is its rpc */
    struct hq_server *server;
    struct sync_call *call; /* NULL: over */
    bool pending;           /* its job waits or runs */
    struct tally_buffer message;
    struct tally_buffer reply;
    enum tally_status status;
    char text[HQ_TEXT_MAX];
    struct hq_push push;
    struct hq_pull pull;
    struct hq_draw draw;
    struct hq_terminal enrolled;
    /* a pull's own */
    bool woken; /* while its job was pending */
    bool begun; /* the first reply was sent */
    bool told_caught_up;
    struct rpc *next, **link;
};

static int64_t now_ms(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return (int64_t)now.tv_sec * 1000 + now.tv_usec / 1000;
}

/* What the other side is told, and acts on. */
static enum sync_grpc_status grpc_status_of(enum tally_status status)
{
    switch (status) {
    case TALLY_OK:
        return SYNC_GRPC_OK;
    case TALLY_E_INVALID:
    case TALLY_E_SIGNATURE:
        return SYNC_GRPC_INVALID_ARGUMENT;
    case TALLY_E_NOT_FOUND:
        return SYNC_GRPC_NOT_FOUND;
    case TALLY_E_EXISTS:
        return SYNC_GRPC_ALREADY_EXISTS;
    case TALLY_E_REVOKED:
    case TALLY_E_TOKEN:
        return SYNC_GRPC_PERMISSION_DENIED;
    case TALLY_E_CHAIN:
    case TALLY_E_PROTOCOL:
        return SYNC_GRPC_FAILED_PRECONDITION;
    case TALLY_E_NO_MEMORY:
        return SYNC_GRPC_RESOURCE_EXHAUSTED;
    case TALLY_E_CRYPTO:
        return SYNC_GRPC_INTERNAL;
    default:
        return SYNC_GRPC_UNAVAILABLE; /* the store: the caller keeps everything and tries again */
    }
}

/* ------------------------------------------------------------------ calls */

static void server_check_closed(struct hq_server *server);

static void rpc_free_if_over(struct rpc *rpc)
{
    if (rpc->call != NULL || rpc->pending) {
        return;
    }
    struct hq_server *server = rpc->server;
    if (rpc->link != NULL) {
        *rpc->link = rpc->next;
        if (rpc->next != NULL) {
            rpc->next->link = rpc->link;
        }
    }
    tally_buffer_wipe(&rpc->message);
    tally_buffer_wipe(&rpc->reply);
    tally_free(rpc);
    server->rpcs--;
    server_check_closed(server);
}

static void on_closed(void *context, struct sync_call *call)
{
    (void)context;
    struct rpc *rpc = sync_call_data(call);
    if (rpc != NULL) {
        rpc->call = NULL;
        rpc_free_if_over(rpc);
    }
}

static void rpc_queue(struct rpc *rpc)
{
    assert(!rpc->pending);
    rpc->pending = true;
    hq_queue_add(&rpc->server->queue, &rpc->job);
}

/* The one request message of a call; NULL when the call was ended instead. */
static struct rpc *rpc_make(struct hq_server *server, const struct hq_job_kind *kind,
                            struct sync_call *call, struct tally_slice message)
{
    if (sync_call_data(call) != NULL) {
        sync_call_finish(call, SYNC_GRPC_INVALID_ARGUMENT, "one message makes the request");
        return NULL;
    }
    struct rpc *rpc = tally_alloc(1, sizeof *rpc);
    if (rpc == NULL || tally_buffer_append(&rpc->message, message.data, message.len) != TALLY_OK) {
        tally_free(rpc);
        sync_call_finish(call, SYNC_GRPC_RESOURCE_EXHAUSTED, NULL);
        return NULL;
    }
    rpc->job.kind = kind;
    rpc->server = server;
    rpc->call = call;
    sync_call_set_data(call, rpc);
    server->rpcs++;
    return rpc;
}

/* Nothing of `rpc` may be used afterwards: finishing may end its life. */
static void rpc_answer(struct rpc *rpc, enum tally_status status, const char *text)
{
    enum sync_grpc_status grpc = grpc_status_of(status);
    if (status == TALLY_OK) {
        enum tally_status sent = sync_call_send(rpc->call, tally_buffer_slice(&rpc->reply));
        if (sent != TALLY_OK) {
            grpc = SYNC_GRPC_RESOURCE_EXHAUSTED;
        }
    }
    sync_call_finish(rpc->call, grpc,
                     status == TALLY_OK           ? NULL
                     : text != NULL && *text != 0 ? text
                                                  : tally_status_text(status));
}

static void pulls_wake(struct hq_server *server);

/* ------------------------------------------------------------------ push */

static void push_run(void *context, struct hq_job **jobs, size_t count)
{
    struct hq_server *server = context;
    struct hq_push *pushes[PUSHES_TOGETHER];
    for (size_t i = 0; i < count; i++) {
        struct rpc *rpc = (struct rpc *)jobs[i];
        rpc->push.message = tally_buffer_slice(&rpc->message);
        pushes[i] = &rpc->push;
    }
    enum tally_status status = hq_store_push(server->store, pushes, count, now_ms());
    for (size_t i = 0; i < count; i++) {
        struct rpc *rpc = (struct rpc *)jobs[i];
        rpc->status = status != TALLY_OK ? status : rpc->push.status;
        if (rpc->status == TALLY_OK) {
            rpc->status = tally_msg_push_reply_encode(&rpc->push.reply, &rpc->reply);
        }
    }
}

static void push_done(void *context, struct hq_job *job)
{
    struct hq_server *server = context;
    struct rpc *rpc = (struct rpc *)job;
    rpc->pending = false;
    if (rpc->status != TALLY_OK && rpc->call != NULL) {
        const struct sync_peer *peer = sync_call_peer(rpc->call);
        tally_log("push from %s refused: %s %s", peer->uri, tally_status_name(rpc->status),
                  rpc->push.text);
    }
    bool changed = rpc->push.accepted > 0 || rpc->status == TALLY_E_CHAIN;
    if (rpc->call != NULL) {
        rpc_answer(rpc, rpc->status, rpc->push.text);
    } else {
        rpc_free_if_over(rpc);
    }
    if (changed) {
        pulls_wake(server);
    }
}

static const struct hq_job_kind push_kind = {PUSHES_TOGETHER, push_run, push_done};

static void on_push(void *context, struct sync_call *call, struct tally_slice message)
{
    struct rpc *rpc = rpc_make(context, &push_kind, call, message);
    if (rpc != NULL) {
        memcpy(rpc->push.pin, sync_call_peer(call)->pin, TALLY_HASH_LEN);
        rpc_queue(rpc);
    }
}

/* ------------------------------------------------------------------ draw */

static void draw_run(void *context, struct hq_job **jobs, size_t count)
{
    assert(count == 1);
    (void)count;
    struct hq_server *server = context;
    struct rpc *rpc = (struct rpc *)jobs[0];
    rpc->draw.message = tally_buffer_slice(&rpc->message);
    rpc->status = hq_store_draw(server->store, &rpc->draw, now_ms(), &rpc->reply);
}

static void draw_done(void *context, struct hq_job *job)
{
    struct hq_server *server = context;
    struct rpc *rpc = (struct rpc *)job;
    rpc->pending = false;
    bool changed = rpc->status == TALLY_OK && rpc->draw.granted > 0;
    if (rpc->status != TALLY_OK) {
        tally_log("draw by terminal %" PRIu32 " refused: %s %s", rpc->draw.terminal,
                  tally_status_name(rpc->status), rpc->draw.text);
    }
    if (rpc->call != NULL) {
        rpc_answer(rpc, rpc->status, rpc->draw.text);
    } else {
        rpc_free_if_over(rpc);
    }
    if (changed) {
        pulls_wake(server);
    }
}

static const struct hq_job_kind draw_kind = {1, draw_run, draw_done};

static void on_draw(void *context, struct sync_call *call, struct tally_slice message)
{
    struct rpc *rpc = rpc_make(context, &draw_kind, call, message);
    if (rpc != NULL) {
        memcpy(rpc->draw.pin, sync_call_peer(call)->pin, TALLY_HASH_LEN);
        rpc_queue(rpc);
    }
}

/* ------------------------------------------------------------------ pull */

static void pull_run(void *context, struct hq_job **jobs, size_t count)
{
    assert(count == 1);
    (void)count;
    struct hq_server *server = context;
    struct rpc *rpc = (struct rpc *)jobs[0];
    rpc->pull.keys = rpc->begun ? NULL : &server->shared;
    rpc->status = hq_store_pull(server->store, &rpc->pull, now_ms(), &rpc->reply);
}

/* Reads on, unless that is under way or the caller does not keep up (on_pull_writable then). */
static void pull_step(struct rpc *rpc)
{
    if (rpc->pending) {
        rpc->woken = true;
    } else if (rpc->call != NULL && sync_call_unsent(rpc->call) < UNSENT_MAX) {
        rpc->woken = false;
        rpc_queue(rpc);
    }
}

static void pull_done(void *context, struct hq_job *job)
{
    (void)context;
    struct rpc *rpc = (struct rpc *)job;
    rpc->pending = false;
    if (rpc->call == NULL) {
        rpc_free_if_over(rpc);
        return;
    }
    enum tally_status status = rpc->status;
    bool caught_up = rpc->pull.caught_up;
    if (status == TALLY_OK && (rpc->pull.news || !rpc->begun || caught_up != rpc->told_caught_up)) {
        rpc->begun = true;
        rpc->told_caught_up = caught_up;
        status = sync_call_send(rpc->call, tally_buffer_slice(&rpc->reply));
    }
    tally_buffer_wipe(&rpc->reply);
    if (status != TALLY_OK) {
        tally_log("pull by terminal %" PRIu32 " ends: %s %s", rpc->pull.terminal,
                  tally_status_name(status), rpc->pull.text);
        rpc_answer(rpc, status, rpc->pull.text);
    } else if (!caught_up || rpc->woken) {
        pull_step(rpc);
    }
}

static const struct hq_job_kind pull_kind = {1, pull_run, pull_done};

static void on_pull(void *context, struct sync_call *call, struct tally_slice message)
{
    struct hq_server *server = context;
    struct tally_msg_pull_request request;
    if (tally_msg_pull_request_decode(message, &request) != TALLY_OK) {
        sync_call_finish(call, SYNC_GRPC_INVALID_ARGUMENT, "the request can't be read");
        return;
    }
    struct rpc *rpc = rpc_make(server, &pull_kind, call, message);
    if (rpc == NULL) {
        return;
    }
    rpc->pull.cursor = request.cursor;
    rpc->pull.programme_version = request.programme_version;
    rpc->pull.grant_seq = request.grant_seq;
    memcpy(rpc->pull.pin, sync_call_peer(call)->pin, TALLY_HASH_LEN);
    rpc->next = server->pulls;
    rpc->link = &server->pulls;
    if (rpc->next != NULL) {
        rpc->next->link = &rpc->next;
    }
    server->pulls = rpc;
    pull_step(rpc);
}

static void on_pull_writable(void *context, struct sync_call *call)
{
    (void)context;
    struct rpc *rpc = sync_call_data(call);
    if (rpc != NULL && !rpc->pending) {
        pull_step(rpc);
    }
}

static void pulls_wake(struct hq_server *server)
{
    for (struct rpc *rpc = server->pulls; rpc != NULL; rpc = rpc->next) {
        pull_step(rpc);
    }
}

/* ------------------------------------------------------------------ enrol */

static enum tally_status enrol_reply(struct hq_server *server, struct rpc *rpc,
                                     const struct tally_buffer *cert)
{
    struct tally_slice issuers[] = {tally_buffer_slice(&server->keys->ca_cert)};
    const char *name = server->keys->name;
    struct tally_msg_enrol_reply reply = {
        .terminal = rpc->enrolled.number,
        .shop = rpc->enrolled.shop,
        .epoch = rpc->enrolled.epoch,
        .certificate = tally_buffer_slice(cert),
        .issuers = issuers,
        .issuer_count = 1,
        .hq_name = {(const uint8_t *)name, strlen(name)},
    };
    return tally_msg_enrol_reply_encode(&reply, &rpc->reply);
}

/* Printable ASCII, for a list that people read. */
static void software_text(struct tally_slice software, char ret_text[HQ_TEXT_MAX])
{
    size_t len = software.len < HQ_TEXT_MAX - 1 ? software.len : HQ_TEXT_MAX - 1;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = software.data[i];
        ret_text[i] = c >= ' ' && c <= '~' ? (char)c : '?';
    }
    ret_text[len] = '\0';
}

static enum tally_status enrol_in(struct hq_server *server, struct rpc *rpc)
{
    struct tally_msg_enrol_request request;
    TALLY_TRY(tally_msg_enrol_request_decode(tally_buffer_slice(&rpc->message), &request));
    char text[SYNC_TOKEN_TEXT_MAX * 2], software[HQ_TEXT_MAX];
    if (request.token.len >= sizeof text) {
        return TALLY_E_TOKEN;
    }
    memcpy(text, request.token.data, request.token.len);
    text[request.token.len] = '\0';
    software_text(request.software, software);
    struct sync_token token;
    uint8_t hash[TALLY_HASH_LEN];
    enum tally_status status = sync_token_decode(text, &token);
    explicit_bzero(text, sizeof text);
    if (status == TALLY_OK) {
        status = sync_token_hash(&token, hash);
        explicit_bzero(&token, sizeof token);
    }
    TALLY_TRY(status);
    struct hq_issuer issuer = {tally_buffer_slice(&server->keys->ca_key),
                               tally_buffer_slice(&server->keys->ca_cert)};
    struct tally_buffer cert = {0};
    status = hq_store_enrol(server->store, hash, request.csr, software, &issuer, now_ms(),
                            &rpc->enrolled, &cert);
    if (status == TALLY_OK) {
        status = enrol_reply(server, rpc, &cert);
    }
    tally_buffer_free(&cert);
    return status;
}

static void enrol_run(void *context, struct hq_job **jobs, size_t count)
{
    assert(count == 1);
    (void)count;
    struct rpc *rpc = (struct rpc *)jobs[0];
    rpc->status = enrol_in(context, rpc);
}

static void enrol_done(void *context, struct hq_job *job)
{
    (void)context;
    struct rpc *rpc = (struct rpc *)job;
    rpc->pending = false;
    if (rpc->status == TALLY_OK) {
        tally_log("terminal %" PRIu32 " of shop %" PRIu32 " enrolled, epoch %" PRIu32,
                  rpc->enrolled.number, rpc->enrolled.shop, rpc->enrolled.epoch);
    } else {
        tally_log("enrolment refused: %s", tally_status_name(rpc->status));
    }
    if (rpc->call != NULL) {
        rpc_answer(rpc, rpc->status, NULL);
    } else {
        rpc_free_if_over(rpc);
    }
}

static const struct hq_job_kind enrol_kind = {1, enrol_run, enrol_done};

static void on_enrol(void *context, struct sync_call *call, struct tally_slice message)
{
    struct rpc *rpc = rpc_make(context, &enrol_kind, call, message);
    if (rpc != NULL) {
        rpc_queue(rpc);
    }
}

/* ------------------------------------------------------------------ ports */

static const struct sync_method sync_methods[] = {
    {TALLY_RPC_PUSH, on_push, on_closed, NULL},
    {TALLY_RPC_PULL, on_pull, on_closed, on_pull_writable},
    {TALLY_RPC_DRAW, on_draw, on_closed, NULL},
};

static const struct sync_method enrol_methods[] = {
    {TALLY_RPC_ENROL, on_enrol, on_closed, NULL},
};

static enum tally_status on_peer(void *context, const struct sync_peer *peer)
{
    (void)context;
    tally_log("%s connected from %s", peer->uri[0] != '\0' ? peer->uri : "a new terminal",
              peer->address);
    return TALLY_OK;
}

static void on_refused(void *context, const char *address, enum tally_status status,
                       const char *detail)
{
    (void)context;
    tally_log("connection from %s ended: %s %s", address, tally_status_name(status),
              detail != NULL ? detail : "");
}

static enum tally_status port_open(struct hq_server *server,
                                   const struct hq_server_options *options, bool client_certificate,
                                   struct sync_server **ret_port)
{
    struct tally_slice issuers[] = {tally_buffer_slice(&server->keys->ca_cert)};
    struct sync_server_options port = {
        .host = options->listen,
        .port = client_certificate ? options->port : options->enrol_port,
        .identity = {.key_pem = tally_buffer_slice(&server->keys->hq_key),
                     .cert_der = tally_buffer_slice(&server->keys->hq_cert),
                     .issuers_der = issuers,
                     .issuer_count = 1,
                     .trusted_root_der = issuers[0]},
        .client_certificate = client_certificate,
        .methods = client_certificate ? sync_methods : enrol_methods,
        .method_count = client_certificate ? sizeof sync_methods / sizeof sync_methods[0]
                                           : sizeof enrol_methods / sizeof enrol_methods[0],
        .context = server,
        .on_peer = on_peer,
        .on_refused = on_refused,
    };
    return sync_server_open(server->loop, &port, ret_port);
}

static void on_changed(uv_fs_event_t *watch, const char *name, int events, int status)
{
    (void)name;
    (void)events;
    struct hq_server *server = watch->data;
    if (status == 0) {
        pulls_wake(server);
    }
}

static enum tally_status watch_open(struct hq_server *server, const char *dir)
{
    char path[PATH_LEN_MAX];
    int len = snprintf(path, sizeof path, "%s/changed", dir);
    if (len < 0 || len >= PATH_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    return uv_fs_event_start(&server->watch, on_changed, path, 0) == 0 ? TALLY_OK
                                                                       : TALLY_E_STORE_IO;
}

/* ------------------------------------------------------------------ open and close */

static void server_check_closed(struct hq_server *server)
{
    if (!server->closing || server->parts > 0 || server->rpcs > 0 ||
        !hq_queue_is_idle(&server->queue)) {
        return;
    }
    void (*closed)(void *context) = server->on_closed;
    void *context = server->closed_context;
    explicit_bzero(&server->shared, sizeof server->shared);
    tally_free(server);
    if (closed != NULL) {
        closed(context);
    }
}

static void on_idle(void *context)
{
    server_check_closed(context);
}

static void part_closed(void *context)
{
    struct hq_server *server = context;
    server->parts--;
    server_check_closed(server);
}

static void watch_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

void hq_server_close(struct hq_server *server, void (*closed)(void *context), void *context)
{
    server->on_closed = closed;
    server->closed_context = context;
    server->closing = true;
    server->parts++; /* this call itself */
    uv_close((uv_handle_t *)&server->watch, watch_closed);
    if (server->sync != NULL) {
        sync_server_close(server->sync, part_closed, server);
    }
    if (server->enrol != NULL) {
        sync_server_close(server->enrol, part_closed, server);
    }
    part_closed(server);
}

enum tally_status hq_server_open(uv_loop_t *loop, const struct hq_server_options *options,
                                 struct hq_server **ret_server)
{
    struct hq_server *server = tally_alloc(1, sizeof *server);
    if (server == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    server->loop = loop;
    server->store = options->store;
    server->keys = options->keys;
    memcpy(server->shared.card_key, options->keys->card_key, TALLY_KEY_LEN);
    memcpy(server->shared.data_key, options->keys->data_key, TALLY_KEY_LEN);
    server->shared.programme_key = tally_buffer_slice(&options->keys->programme_public);
    hq_queue_start(&server->queue, loop, on_idle, server);
    uv_fs_event_init(loop, &server->watch);
    server->watch.data = server;
    server->parts = 1;
    enum tally_status status = watch_open(server, options->dir);
    if (status == TALLY_OK) {
        status = port_open(server, options, true, &server->sync);
        server->parts += status == TALLY_OK;
    }
    if (status == TALLY_OK) {
        status = port_open(server, options, false, &server->enrol);
        server->parts += status == TALLY_OK;
    }
    if (status != TALLY_OK) {
        hq_server_close(server, NULL, NULL);
        return status;
    }
    *ret_server = server;
    return TALLY_OK;
}

uint16_t hq_server_port(const struct hq_server *server)
{
    return sync_server_port(server->sync);
}

uint16_t hq_server_enrol_port(const struct hq_server *server)
{
    return sync_server_port(server->enrol);
}
