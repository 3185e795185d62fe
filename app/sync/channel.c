/* SPDX-License-Identifier: Apache-2.0 */
/* The calling side of gRPC: one channel to HQ, connected on request. */
#include "app/sync/conn.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <stdio.h>

/* A look-up on libuv's pool; it can outlive the channel that asked. */
struct look_up {
    uv_getaddrinfo_t request;
    struct sync_channel *channel; /* NULL: nobody waits for it any more */
};

struct sync_channel {
    uv_loop_t *loop;
    char *host, *hq_name, *authority;
    uint16_t port;
    void *context;
    void (*on_state)(void *context, enum sync_channel_state state, enum tally_status why);
    struct sync_tls_config *tls;
    enum sync_channel_state state;
    uv_timer_t timer; /* limits an attempt to connect */
    bool timer_closed;
    struct look_up *look_up;
    struct addrinfo *addresses, *next_address;
    struct sync_conn *conn; /* the current one; NULL: none, or one that is going away */
    size_t conn_count;      /* not yet freed */
    bool closing;
    void (*on_closed)(void *context);
    void *closed_context;
};

static void try_next(struct sync_channel *channel, enum tally_status why);

static void free_channel(struct sync_channel *channel)
{
    sync_tls_config_close(channel->tls);
    tally_free(channel->host);
    tally_free(channel->hq_name);
    tally_free(channel->authority);
    tally_free(channel);
}

static void finish_closing(struct sync_channel *channel)
{
    if (channel->closing && channel->timer_closed && channel->conn_count == 0) {
        void (*on_closed)(void *context) = channel->on_closed;
        void *context = channel->closed_context;
        free_channel(channel);
        if (on_closed != NULL) {
            on_closed(context);
        }
    }
}

static void set_state(struct sync_channel *channel, enum sync_channel_state state,
                      enum tally_status why)
{
    if (channel->state != state) {
        channel->state = state;
        if (channel->on_state != NULL && !channel->closing) {
            channel->on_state(channel->context, state, why);
        }
    }
}

/* Forgets the attempt under way; what can't be stopped goes on unseen. */
static void give_up(struct sync_channel *channel)
{
    if (!channel->closing) {
        uv_timer_stop(&channel->timer);
    }
    if (channel->look_up != NULL) {
        channel->look_up->channel = NULL;
        (void)uv_cancel((uv_req_t *)&channel->look_up->request);
        channel->look_up = NULL;
    }
    if (channel->addresses != NULL) {
        uv_freeaddrinfo(channel->addresses);
        channel->addresses = channel->next_address = NULL;
    }
    struct sync_conn *conn = channel->conn;
    channel->conn = NULL;
    if (conn != NULL) {
        sync_conn_drop(conn);
    }
}

static void go_down(struct sync_channel *channel, enum tally_status why)
{
    give_up(channel);
    set_state(channel, SYNC_CHANNEL_DOWN, why);
}

/* ------------------------------------------------------------------ connecting */

static enum tally_status on_up(void *context, struct sync_conn *conn, const struct sync_peer *peer)
{
    struct sync_channel *channel = context;
    (void)peer;
    if (channel->conn == conn) {
        uv_timer_stop(&channel->timer);
        set_state(channel, SYNC_CHANNEL_UP, TALLY_OK);
    }
    return TALLY_OK;
}

static void on_down(void *context, struct sync_conn *conn, bool tcp, enum tally_status why,
                    const char *detail)
{
    struct sync_channel *channel = context;
    (void)detail;
    if (channel->conn != conn) {
        return;
    }
    channel->conn = NULL;
    if (!tcp) {
        try_next(channel, why);
    } else {
        go_down(channel, why == TALLY_E_END || why == TALLY_OK ? TALLY_E_OFFLINE : why);
    }
}

static void on_freed(void *context, struct sync_conn *conn)
{
    struct sync_channel *channel = context;
    (void)conn;
    channel->conn_count--;
    finish_closing(channel);
}

static void try_next(struct sync_channel *channel, enum tally_status why)
{
    const struct sync_conn_options options = {
        .tls = channel->tls,
        .peer_name = channel->hq_name,
        .h2 = {.message_len_max = SYNC_MESSAGE_LEN_MAX, .authority = channel->authority},
        .context = channel,
        .on_up = on_up,
        .on_down = on_down,
        .on_freed = on_freed};
    while (channel->next_address != NULL) {
        const struct addrinfo *address = channel->next_address;
        channel->next_address = address->ai_next;
        why = sync_conn_connect(channel->loop, address->ai_addr, &options, &channel->conn);
        if (why == TALLY_OK) {
            channel->conn_count++;
            return;
        }
        channel->conn = NULL;
    }
    go_down(channel, why);
}

static void on_looked_up(uv_getaddrinfo_t *request, int error, struct addrinfo *addresses)
{
    struct look_up *look_up = request->data;
    struct sync_channel *channel = look_up->channel;
    tally_free(look_up);
    if (channel == NULL) {
        uv_freeaddrinfo(addresses);
        return;
    }
    channel->look_up = NULL;
    if (error != 0) {
        uv_freeaddrinfo(addresses);
        go_down(channel, TALLY_E_OFFLINE);
        return;
    }
    channel->addresses = channel->next_address = addresses;
    try_next(channel, TALLY_E_OFFLINE);
}

static void on_timeout(uv_timer_t *timer)
{
    go_down(timer->data, TALLY_E_TIMEOUT);
}

static void on_cannot_start(uv_timer_t *timer)
{
    go_down(timer->data, TALLY_E_OFFLINE);
}

void sync_channel_connect(struct sync_channel *channel, uint32_t timeout_ms)
{
    if (channel->closing || channel->state != SYNC_CHANNEL_DOWN) {
        return;
    }
    char port[8];
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct look_up *look_up = tally_alloc(1, sizeof *look_up);
    snprintf(port, sizeof port, "%u", (unsigned)channel->port);
    channel->state = SYNC_CHANNEL_CONNECTING;
    if (look_up != NULL) {
        look_up->channel = channel;
        look_up->request.data = look_up;
        if (uv_getaddrinfo(channel->loop, &look_up->request, on_looked_up, channel->host, port,
                           &hints) != 0) {
            tally_free(look_up);
            look_up = NULL;
        }
    }
    channel->look_up = look_up;
    uv_timer_start(&channel->timer, look_up != NULL ? on_timeout : on_cannot_start,
                   look_up != NULL ? timeout_ms : 0, 0);
    if (channel->on_state != NULL) {
        channel->on_state(channel->context, SYNC_CHANNEL_CONNECTING, TALLY_OK);
    }
}

void sync_channel_disconnect(struct sync_channel *channel)
{
    if (channel->state == SYNC_CHANNEL_DOWN || channel->closing) {
        return;
    }
    if (channel->conn != NULL && channel->state == SYNC_CHANNEL_UP) {
        sync_conn_end(channel->conn, TALLY_E_OFFLINE); /* on_down follows */
    } else {
        give_up(channel);
        uv_timer_start(&channel->timer, on_cannot_start, 0, 0);
    }
}

/* ------------------------------------------------------------------ open, close, call */

static char *make_authority(const char *name, uint16_t port)
{
    char text[300];
    bool six = strchr(name, ':') != NULL;
    snprintf(text, sizeof text, six ? "[%s]:%u" : "%s:%u", name, (unsigned)port);
    return tally_copy_text(text);
}

enum tally_status sync_channel_open(uv_loop_t *loop, const struct sync_channel_options *options,
                                    struct sync_channel **ret_channel)
{
    struct sync_channel *channel = tally_alloc(1, sizeof *channel);
    if (channel == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    channel->loop = loop;
    channel->port = options->port;
    channel->context = options->context;
    channel->on_state = options->on_state;
    channel->host = tally_copy_text(options->host);
    channel->hq_name = tally_copy_text(options->hq_name);
    channel->authority = make_authority(options->hq_name, options->port);
    enum tally_status status = TALLY_E_NO_MEMORY;
    if (channel->host != NULL && channel->hq_name != NULL && channel->authority != NULL) {
        status = sync_tls_config_open(&options->identity, SYNC_TLS_CLIENT, true, &channel->tls);
    }
    if (status == TALLY_OK && uv_timer_init(loop, &channel->timer) != 0) {
        status = TALLY_E_NO_MEMORY;
    }
    if (status != TALLY_OK) {
        free_channel(channel);
        return status;
    }
    channel->timer.data = channel;
    *ret_channel = channel;
    return TALLY_OK;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct sync_channel *channel = handle->data;
    channel->timer_closed = true;
    finish_closing(channel);
}

void sync_channel_close(struct sync_channel *channel, void (*on_closed)(void *context),
                        void *context)
{
    assert(!channel->closing);
    channel->closing = true;
    channel->on_closed = on_closed;
    channel->closed_context = context;
    uv_close((uv_handle_t *)&channel->timer, on_timer_closed);
    give_up(channel);
    channel->state = SYNC_CHANNEL_DOWN;
}

const struct sync_peer *sync_channel_peer(const struct sync_channel *channel)
{
    return channel->conn != NULL ? sync_conn_peer(channel->conn) : NULL;
}

enum tally_status sync_channel_call(struct sync_channel *channel, const char *path,
                                    uint32_t deadline_ms, const struct sync_call_handlers *handlers,
                                    void *context, struct sync_call **ret_call)
{
    struct sync_h2 *h2 = channel->state == SYNC_CHANNEL_UP && channel->conn != NULL
                             ? sync_conn_h2(channel->conn)
                             : NULL;
    if (h2 == NULL) {
        return TALLY_E_OFFLINE;
    }
    return sync_h2_call(h2, path, deadline_ms, (int64_t)uv_now(channel->loop), handlers, context,
                        ret_call);
}
