/* SPDX-License-Identifier: Apache-2.0 */
/* The enrolment call: makes a key, connects to the pinned HQ, trades token and request for a
 * certificate. */
#include "app/sync/enrol.h"

#include "app/base/alloc.h"
#include "app/crypto/crypto.h"
#include "app/proto/messages.h"
#include "app/sync/token.h"

#include <assert.h>
#include <stdio.h>

enum { TIMEOUT_DEFAULT_MS = 30 * 1000 };

struct sync_enrol {
    struct sync_enrol_options options; /* its strings are not kept */
    struct sync_channel *channel;
    uv_timer_t timer;
    struct tally_buffer key, request, reply;
    bool done;
    bool closing;
    int open_parts;
    void (*on_closed)(void *context);
    void *closed_context;
};

/* ------------------------------------------------------------------ the answer */

static void finish(struct sync_enrol *enrol, enum tally_status status,
                   const struct sync_enrol_result *result)
{
    if (!enrol->done && !enrol->closing) {
        enrol->done = true;
        uv_timer_stop(&enrol->timer);
        enrol->options.on_done(enrol->options.context, status, status == TALLY_OK ? result : NULL);
    }
}

/* The certificate must be for our key, and the answer complete. */
static enum tally_status check_reply(const struct sync_enrol *enrol,
                                     const struct tally_msg_enrol_reply *reply)
{
    uint8_t pin[TALLY_HASH_LEN], ours[TALLY_HASH_LEN];
    struct tally_buffer spki = {0};
    if (reply->terminal == 0 || reply->epoch == 0 || reply->issuer_count == 0 ||
        reply->hq_name.len == 0 ||
        reply->hq_name.len >= sizeof((struct sync_enrol_result *)NULL)->hq_name ||
        memchr(reply->hq_name.data, '\0', reply->hq_name.len) != NULL) {
        return TALLY_E_PROTOCOL;
    }
    enum tally_status status = tally_key_public(tally_buffer_slice(&enrol->key), &spki);
    if (status == TALLY_OK) {
        const struct tally_slice slice = tally_buffer_slice(&spki);
        status = tally_sha256(&slice, 1, ours);
    }
    tally_buffer_free(&spki);
    TALLY_TRY(status);
    if (tally_cert_pin(reply->certificate, pin) != TALLY_OK ||
        memcmp(pin, ours, TALLY_HASH_LEN) != 0) {
        return TALLY_E_PROTOCOL;
    }
    return TALLY_OK;
}

static void take_reply(struct sync_enrol *enrol)
{
    struct tally_msg_enrol_reply reply;
    if (tally_msg_enrol_reply_decode(tally_buffer_slice(&enrol->reply), &reply) != TALLY_OK) {
        finish(enrol, TALLY_E_PROTOCOL, NULL);
        return;
    }
    struct sync_enrol_result result = {.key_pem = tally_buffer_slice(&enrol->key),
                                       .cert_der = reply.certificate,
                                       .issuers_der = reply.issuers,
                                       .issuer_count = reply.issuer_count,
                                       .terminal = reply.terminal,
                                       .shop = reply.shop,
                                       .epoch = reply.epoch};
    enum tally_status status = check_reply(enrol, &reply);
    if (status == TALLY_OK) {
        result.root_der = reply.issuers[reply.issuer_count - 1];
        memcpy(result.hq_name, reply.hq_name.data, reply.hq_name.len);
    }
    finish(enrol, status, &result);
    tally_msg_enrol_reply_free(&reply);
}

/* ------------------------------------------------------------------ the call */

static void on_message(void *context, struct sync_call *call, struct tally_slice message)
{
    struct sync_enrol *enrol = context;
    (void)call;
    enrol->reply.len = 0;
    if (tally_buffer_append(&enrol->reply, message.data, message.len) != TALLY_OK) {
        finish(enrol, TALLY_E_NO_MEMORY, NULL);
    }
}

static enum tally_status status_from_grpc(enum sync_grpc_status status)
{
    switch (status) {
    case SYNC_GRPC_OK:
        return TALLY_OK;
    case SYNC_GRPC_PERMISSION_DENIED:
    case SYNC_GRPC_UNAUTHENTICATED:
    case SYNC_GRPC_NOT_FOUND:
    case SYNC_GRPC_ALREADY_EXISTS:
    case SYNC_GRPC_FAILED_PRECONDITION:
        return TALLY_E_TOKEN;
    case SYNC_GRPC_DEADLINE_EXCEEDED:
        return TALLY_E_TIMEOUT;
    case SYNC_GRPC_RESOURCE_EXHAUSTED:
    case SYNC_GRPC_UNAVAILABLE:
        return TALLY_E_OFFLINE;
    default:
        return TALLY_E_PROTOCOL;
    }
}

static void on_call_done(void *context, struct sync_call *call, enum tally_status transport,
                         enum sync_grpc_status grpc, const char *text)
{
    struct sync_enrol *enrol = context;
    (void)call;
    (void)text;
    enum tally_status status = transport != TALLY_OK ? transport : status_from_grpc(grpc);
    if (status == TALLY_OK) {
        take_reply(enrol);
    } else {
        finish(enrol, status, NULL);
    }
}

static void on_state(void *context, enum sync_channel_state state, enum tally_status why)
{
    static const struct sync_call_handlers handlers = {on_message, on_call_done};
    struct sync_enrol *enrol = context;
    if (state == SYNC_CHANNEL_DOWN) {
        finish(enrol, why, NULL);
        return;
    }
    if (state != SYNC_CHANNEL_UP) {
        return;
    }
    struct sync_call *call = NULL;
    enum tally_status status = sync_channel_call(
        enrol->channel, TALLY_RPC_ENROL, enrol->options.timeout_ms, &handlers, enrol, &call);
    if (status == TALLY_OK) {
        status = sync_call_send(call, tally_buffer_slice(&enrol->request));
    }
    if (status == TALLY_OK) {
        sync_call_half_close(call);
    } else {
        finish(enrol, status, NULL);
    }
}

static void on_timeout(uv_timer_t *timer)
{
    finish(timer->data, TALLY_E_TIMEOUT, NULL);
}

/* ------------------------------------------------------------------ start and close */

static enum tally_status make_request(struct sync_enrol *enrol)
{
    struct tally_buffer csr = {0};
    struct tally_slice kept = enrol->options.key_pem;
    enum tally_status status = kept.len > 0 ? tally_buffer_append(&enrol->key, kept.data, kept.len)
                                            : tally_key_generate(&enrol->key);
    if (status == TALLY_OK) {
        status = tally_csr_make(tally_buffer_slice(&enrol->key), "tally terminal", &csr);
    }
    if (status == TALLY_OK) {
        const char *token = enrol->options.token, *software = enrol->options.software;
        const struct tally_msg_enrol_request request = {
            .token = {(const uint8_t *)token, strlen(token)},
            .csr = tally_buffer_slice(&csr),
            .software = {(const uint8_t *)software, strlen(software)}};
        status = tally_msg_enrol_request_encode(&request, &enrol->request);
    }
    tally_buffer_free(&csr);
    return status;
}

static void free_enrol(struct sync_enrol *enrol)
{
    tally_buffer_wipe(&enrol->key);
    tally_buffer_wipe(&enrol->request);
    tally_buffer_wipe(&enrol->reply);
    tally_free(enrol);
}

enum tally_status sync_enrol_start(uv_loop_t *loop, const struct sync_enrol_options *options,
                                   struct sync_enrol **ret_enrol)
{
    struct sync_token token;
    TALLY_TRY(sync_token_decode(options->token, &token));
    explicit_bzero(token.secret, sizeof token.secret);
    struct sync_enrol *enrol = tally_alloc(1, sizeof *enrol);
    if (enrol == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enrol->options = *options;
    if (enrol->options.timeout_ms == 0) {
        enrol->options.timeout_ms = TIMEOUT_DEFAULT_MS;
    }
    const struct sync_channel_options channel = {.host = options->host,
                                                 .port = options->port,
                                                 .hq_name = options->host,
                                                 .identity = {.root_pin = token.root_pin},
                                                 .context = enrol,
                                                 .on_state = on_state};
    enum tally_status status = make_request(enrol);
    if (status == TALLY_OK) {
        status = sync_channel_open(loop, &channel, &enrol->channel);
    }
    if (status != TALLY_OK) {
        free_enrol(enrol);
        return status;
    }
    enrol->options.host = enrol->options.token = enrol->options.software = NULL;
    (void)uv_timer_init(loop, &enrol->timer); /* fills in a struct */
    enrol->timer.data = enrol;
    enrol->open_parts = 2;
    uv_timer_start(&enrol->timer, on_timeout, enrol->options.timeout_ms, 0);
    sync_channel_connect(enrol->channel, enrol->options.timeout_ms);
    *ret_enrol = enrol;
    return TALLY_OK;
}

static void part_closed(struct sync_enrol *enrol)
{
    if (--enrol->open_parts > 0) {
        return;
    }
    void (*on_closed)(void *context) = enrol->on_closed;
    void *context = enrol->closed_context;
    free_enrol(enrol);
    if (on_closed != NULL) {
        on_closed(context);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

static void on_channel_closed(void *context)
{
    part_closed(context);
}

void sync_enrol_close(struct sync_enrol *enrol, void (*on_closed)(void *context), void *context)
{
    assert(!enrol->closing);
    enrol->closing = true;
    enrol->on_closed = on_closed;
    enrol->closed_context = context;
    uv_close((uv_handle_t *)&enrol->timer, on_timer_closed);
    sync_channel_close(enrol->channel, on_channel_closed, enrol);
}
