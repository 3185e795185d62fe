/* SPDX-License-Identifier: Apache-2.0 */
/* The listening side of gRPC: accepts connections and keeps them in a list. */
#include "app/sync/conn.h"

#include "app/base/alloc.h"

#include <assert.h>

enum {
    BACKLOG = 511,
    CONNECTIONS_MAX = 20000,
    ENROL_CONNECTIONS_MAX = 64,
    ENROL_LIFE_MS = 60 * 1000 /* of a connection from somebody unknown */
};

struct member {
    struct sync_server *server;
    struct member *previous, *next;
    struct sync_conn *conn; /* NULL: freed */
};

struct sync_server {
    uv_loop_t *loop;
    struct sync_server_options options;
    struct sync_method *methods; /* our copy */
    struct sync_tls_config *tls;
    uv_tcp_t listener;
    bool listener_closed;
    bool closing;
    struct member *members;
    size_t count;
    uint16_t port;
    void (*on_closed)(void *context);
    void *closed_context;
};

static void free_server(struct sync_server *server)
{
    sync_tls_config_close(server->tls);
    tally_free(server->methods);
    tally_free(server);
}

static void finish_closing(struct sync_server *server)
{
    if (server->closing && server->listener_closed && server->members == NULL) {
        void (*on_closed)(void *context) = server->on_closed;
        void *context = server->closed_context;
        free_server(server);
        if (on_closed != NULL) {
            on_closed(context);
        }
    }
}

static void remove_member(struct member *member)
{
    struct sync_server *server = member->server;
    if (member->previous != NULL) {
        member->previous->next = member->next;
    } else {
        server->members = member->next;
    }
    if (member->next != NULL) {
        member->next->previous = member->previous;
    }
    server->count--;
    tally_free(member);
}

static enum tally_status on_up(void *context, struct sync_conn *conn, const struct sync_peer *peer)
{
    const struct member *member = context;
    const struct sync_server_options *options = &member->server->options;
    (void)conn;
    return options->on_peer != NULL ? options->on_peer(options->context, peer) : TALLY_OK;
}

static void on_down(void *context, struct sync_conn *conn, bool tcp, enum tally_status why,
                    const char *detail)
{
    const struct member *member = context;
    const struct sync_server_options *options = &member->server->options;
    (void)tcp;
    if (options->on_refused != NULL && why != TALLY_E_END) {
        options->on_refused(options->context, sync_conn_address(conn), why, detail);
    }
}

static void on_freed(void *context, struct sync_conn *conn)
{
    struct member *member = context;
    struct sync_server *server = member->server;
    (void)conn;
    remove_member(member);
    finish_closing(server);
}

static void on_guest_closed(uv_handle_t *handle)
{
    tally_free(handle);
}

/* Without room for one more: take it off the queue and hang up. */
static void turn_away(struct sync_server *server)
{
    uv_tcp_t *guest = tally_alloc(1, sizeof *guest);
    if (guest == NULL || uv_tcp_init(server->loop, guest) != 0) {
        tally_free(guest);
        return;
    }
    (void)!uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)guest);
    uv_close((uv_handle_t *)guest, on_guest_closed);
}

static void on_connection(uv_stream_t *listener, int error)
{
    struct sync_server *server = listener->data;
    bool known = server->options.client_certificate;
    if (error != 0 || server->closing) {
        return;
    }
    struct member *member =
        server->count < (known ? (size_t)CONNECTIONS_MAX : (size_t)ENROL_CONNECTIONS_MAX)
            ? tally_alloc(1, sizeof *member)
            : NULL;
    if (member == NULL) {
        turn_away(server);
        return;
    }
    const struct sync_conn_options options = {
        .tls = server->tls,
        .h2 = {.server = true,
               .message_len_max = known ? SYNC_MESSAGE_LEN_MAX : SYNC_H2_ENROL_MESSAGE_MAX,
               .methods = server->methods,
               .method_count = server->options.method_count,
               .method_context = server->options.context},
        .life_ms = known ? 0 : ENROL_LIFE_MS,
        .context = member,
        .on_up = on_up,
        .on_down = on_down,
        .on_freed = on_freed};
    member->server = server;
    member->next = server->members;
    if (server->members != NULL) {
        server->members->previous = member;
    }
    server->members = member;
    server->count++;
    if (sync_conn_accept(server->loop, listener, &options, &member->conn) != TALLY_OK) {
        remove_member(member);
        turn_away(server);
    }
}

static enum tally_status listen_on(struct sync_server *server, const char *host, uint16_t port)
{
    struct sockaddr_storage address;
    int len = sizeof address;
    if (uv_ip4_addr(host, port, (struct sockaddr_in *)&address) != 0 &&
        uv_ip6_addr(host, port, (struct sockaddr_in6 *)&address) != 0) {
        return TALLY_E_STORE_IO;
    }
    if (uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0) != 0 ||
        uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection) != 0 ||
        uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &len) != 0) {
        return TALLY_E_STORE_IO;
    }
    server->port =
        ntohs(address.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&address)->sin6_port
                                            : ((const struct sockaddr_in *)&address)->sin_port);
    return TALLY_OK;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct sync_server *server = handle->data;
    server->listener_closed = true;
    finish_closing(server);
}

static enum tally_status copy_methods(struct sync_server *server)
{
    size_t count = server->options.method_count;
    server->methods = tally_alloc(count, sizeof *server->methods);
    if (server->methods == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        server->methods[i] = server->options.methods[i];
    }
    return TALLY_OK;
}

enum tally_status sync_server_open(uv_loop_t *loop, const struct sync_server_options *options,
                                   struct sync_server **ret_server)
{
    struct sync_server *server = tally_alloc(1, sizeof *server);
    if (server == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    server->loop = loop;
    server->options = *options;
    enum tally_status status = copy_methods(server);
    if (status == TALLY_OK) {
        status = sync_tls_config_open(&options->identity, SYNC_TLS_SERVER,
                                      options->client_certificate, &server->tls);
    }
    if (status != TALLY_OK || uv_tcp_init(loop, &server->listener) != 0) {
        free_server(server);
        return status != TALLY_OK ? status : TALLY_E_NO_MEMORY;
    }
    server->listener.data = server;
    status = listen_on(server, options->host, options->port);
    if (status != TALLY_OK) {
        sync_server_close(server, NULL, NULL);
        return status;
    }
    *ret_server = server;
    return TALLY_OK;
}

uint16_t sync_server_port(const struct sync_server *server)
{
    return server->port;
}

void sync_server_close(struct sync_server *server, void (*on_closed)(void *context), void *context)
{
    assert(!server->closing);
    server->closing = true;
    server->on_closed = on_closed;
    server->closed_context = context;
    uv_close((uv_handle_t *)&server->listener, on_listener_closed);
    for (struct member *member = server->members; member != NULL; member = member->next) {
        sync_conn_drop(member->conn); /* freed later, from the loop */
    }
}
