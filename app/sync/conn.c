/* SPDX-License-Identifier: Apache-2.0 */
/* A connection on the loop: moves bytes between the socket, TLS and HTTP/2. */
#include "app/sync/conn.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    READ_LEN = 16 * 1024,
    TAKE_LEN = 64 * 1024, /* plain bytes turned into one write */
    DETAIL_LEN = 256
};

struct sync_conn {
    uv_loop_t *loop;
    struct sync_conn_options options;
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_idle_t flusher; /* active: flush soon */
    int handles;       /* not yet closed */
    uv_connect_t connecting;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct tally_buffer writing; /* non-empty: one write is under way */
    struct tally_buffer plain;   /* scratch */
    struct sync_tls *tls;
    struct sync_h2 *h2;
    struct sync_peer *peer;
    char address[64];
    bool has_tcp;
    bool busy;      /* inside TLS or HTTP/2: don't tear them down now */
    bool ending;    /* to be ended with `why` as soon as not busy */
    bool dropping;  /* no on_down */
    bool refused;   /* by on_up: say so with an alert */
    bool lingering; /* on_down was called; waiting for the other side */
    bool closed;    /* handles are closing */
    enum tally_status why;
    char detail[DETAIL_LEN];
    int64_t born_ms, heard_ms, pinged_ms; /* pinged_ms 0: no PING is unanswered */
    uint8_t read_bytes[READ_LEN];
};

static void flush(struct sync_conn *conn);
static void arm(struct sync_conn *conn);

static int64_t now(const struct sync_conn *conn)
{
    return (int64_t)uv_now(conn->loop);
}

/* ------------------------------------------------------------------ the end */

static void on_handle_closed(uv_handle_t *handle)
{
    struct sync_conn *conn = handle->data;
    if (--conn->handles > 0) {
        return;
    }
    if (conn->options.on_freed != NULL) {
        conn->options.on_freed(conn->options.context, conn);
    }
    sync_tls_close(conn->tls);
    tally_buffer_wipe(&conn->writing);
    tally_buffer_wipe(&conn->plain);
    tally_free(conn);
}

static void close_handles(struct sync_conn *conn)
{
    if (!conn->closed) {
        conn->closed = true;
        uv_close((uv_handle_t *)&conn->flusher, on_handle_closed);
        uv_close((uv_handle_t *)&conn->timer, on_handle_closed);
        uv_close((uv_handle_t *)&conn->tcp, on_handle_closed);
    }
}

static void on_linger_over(uv_timer_t *timer)
{
    close_handles(timer->data);
}

static void on_shutdown(uv_shutdown_t *request, int error)
{
    if (error != 0) {
        close_handles(request->data);
    }
}

/* Says good-bye and waits a moment for the other side to hear it: closing a socket with unread
 * bytes would make the kernel throw the good-bye away. */
static void linger(struct sync_conn *conn)
{
    uv_timer_start(&conn->timer, on_linger_over, SYNC_CONN_LINGER_MS, 0);
    if (conn->writing.len == 0) { /* else on_written comes back here */
        flush(conn);
        conn->shutdown.data = conn;
        if (!conn->closed &&
            uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, on_shutdown) != 0) {
            close_handles(conn);
        }
    }
}

static bool worth_lingering(const struct sync_conn *conn)
{
    return conn->has_tcp && !conn->dropping && conn->why != TALLY_E_END &&
           conn->why != TALLY_E_OFFLINE && conn->why != TALLY_E_TIMEOUT;
}

static void end_now(struct sync_conn *conn)
{
    if (conn->lingering) {
        close_handles(conn); /* dropped, or the socket failed: no more waiting */
        return;
    }
    bool refuse = conn->refused;
    conn->lingering = true;
    uv_idle_stop(&conn->flusher);
    struct sync_h2 *h2 = conn->h2;
    if (h2 != NULL) {
        if (!refuse) {
            sync_h2_goaway(h2);
            struct tally_buffer last = {0};
            if (sync_h2_take(h2, TAKE_LEN, now(conn), &last) == TALLY_OK) {
                (void)!sync_tls_write(conn->tls, tally_buffer_slice(&last));
            }
            tally_buffer_wipe(&last);
        }
        conn->h2 = NULL;
        sync_h2_close(h2, conn->why == TALLY_OK || conn->why == TALLY_E_END ? TALLY_E_OFFLINE
                                                                            : conn->why);
    }
    sync_tls_end(conn->tls, refuse);
    if (!conn->dropping && conn->options.on_down != NULL) {
        conn->options.on_down(conn->options.context, conn, conn->has_tcp, conn->why, conn->detail);
    }
    if (conn->closed) {
        return;
    }
    if (worth_lingering(conn)) {
        linger(conn);
    } else {
        if (conn->has_tcp) {
            flush(conn);
        }
        close_handles(conn);
    }
}

/* Ends with `why` now, or when TLS and HTTP/2 are left. The first reason counts. */
static void fail(struct sync_conn *conn, enum tally_status why, const char *detail)
{
    if (!conn->ending) {
        conn->ending = true;
        conn->why = why;
        snprintf(conn->detail, sizeof conn->detail, "%s", detail);
    }
    if (!conn->busy) {
        end_now(conn);
    }
}

static void leave(struct sync_conn *conn)
{
    conn->busy = false;
    if (conn->ending) {
        end_now(conn);
    }
}

/* ------------------------------------------------------------------ out */

static void on_written(uv_write_t *request, int error)
{
    struct sync_conn *conn = request->data;
    conn->writing.len = 0;
    if (conn->closed) {
        return;
    }
    if (conn->lingering && error == 0) {
        if (!uv_is_closing((uv_handle_t *)&conn->tcp) && conn->shutdown.data == NULL) {
            linger(conn);
        }
    } else if (error != 0) {
        fail(conn, TALLY_E_OFFLINE, uv_strerror(error));
    } else {
        flush(conn);
    }
}

static enum tally_status encrypt(struct sync_conn *conn)
{
    conn->plain.len = 0;
    TALLY_TRY(sync_h2_take(conn->h2, TAKE_LEN, now(conn), &conn->plain));
    return sync_tls_write(conn->tls, tally_buffer_slice(&conn->plain));
}

/* Starts one write of all that TLS has; more is taken when it is done, so what HTTP/2 holds back is
 * bounded by the socket and not by memory. */
static void flush(struct sync_conn *conn)
{
    if (conn->closed || conn->writing.len > 0) {
        return;
    }
    if (conn->h2 != NULL && !conn->ending) {
        conn->busy = true;
        enum tally_status status = encrypt(conn);
        if (status != TALLY_OK) {
            fail(conn, status, "sending failed");
        } else if (sync_h2_is_over(conn->h2)) {
            fail(conn, TALLY_E_END, "the other side ended the connection");
        }
        leave(conn);
        if (conn->closed || conn->writing.len > 0) {
            return;
        }
        arm(conn);
    }
    struct tally_buffer *output = sync_tls_output(conn->tls);
    if (output->len == 0) {
        return;
    }
    struct tally_buffer empty = conn->writing;
    conn->writing = *output;
    *output = empty;
    output->len = 0;
    uv_buf_t bytes = uv_buf_init((char *)conn->writing.data, (unsigned)conn->writing.len);
    conn->write.data = conn;
    int error = uv_write(&conn->write, (uv_stream_t *)&conn->tcp, &bytes, 1, on_written);
    if (error != 0) {
        conn->writing.len = 0;
        fail(conn, TALLY_E_OFFLINE, uv_strerror(error));
    }
}

static void on_flush(uv_idle_t *idle)
{
    struct sync_conn *conn = idle->data;
    uv_idle_stop(idle);
    if (conn->ending) {
        end_now(conn);
    } else {
        flush(conn);
    }
}

static void on_wake(void *owner)
{
    struct sync_conn *conn = owner;
    if (!conn->lingering && !conn->closed) {
        uv_idle_start(&conn->flusher, on_flush);
    }
}

/* ------------------------------------------------------------------ in */

static enum tally_status come_up(struct sync_conn *conn)
{
    conn->peer = sync_tls_peer(conn->tls);
    snprintf(conn->peer->address, sizeof conn->peer->address, "%s", conn->address);
    struct sync_h2_options h2 = conn->options.h2;
    h2.peer = conn->peer;
    h2.owner = conn;
    h2.on_wake = on_wake;
    TALLY_TRY(sync_h2_open(&h2, &conn->h2));
    on_wake(conn);
    if (conn->options.on_up != NULL) {
        return conn->options.on_up(conn->options.context, conn, conn->peer);
    }
    return TALLY_OK;
}

static void take_in(struct sync_conn *conn, struct tally_slice cipher)
{
    conn->busy = true;
    struct tally_buffer plain = {0};
    enum tally_status status = sync_tls_feed(conn->tls, cipher, &plain);
    const char *detail = sync_tls_detail(conn->tls);
    if (conn->h2 == NULL && sync_tls_is_up(conn->tls) &&
        (status == TALLY_OK || status == TALLY_E_END)) {
        enum tally_status up = come_up(conn);
        if (up != TALLY_OK) {
            status = up;
            conn->refused = true;
            detail = "refused";
        }
    }
    if (conn->h2 != NULL && plain.len > 0 && !conn->ending &&
        (status == TALLY_OK || status == TALLY_E_END)) {
        enum tally_status fed = sync_h2_feed(conn->h2, tally_buffer_slice(&plain), now(conn));
        if (fed != TALLY_OK) {
            status = fed;
            detail = "HTTP/2 framing error";
        }
    }
    tally_buffer_wipe(&plain);
    if (status != TALLY_OK) {
        fail(conn, status, status == TALLY_E_END ? "the other side closed" : detail);
    } else {
        on_wake(conn);
    }
    leave(conn);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    struct sync_conn *conn = handle->data;
    (void)suggested;
    *ret_buffer = uv_buf_init((char *)conn->read_bytes, sizeof conn->read_bytes);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    struct sync_conn *conn = stream->data;
    (void)buffer;
    if (conn->closed || len == 0) {
        return;
    }
    if (conn->ending) {
        if (len < 0 && conn->lingering) {
            close_handles(conn);
        }
        return;
    }
    if (len < 0) {
        fail(conn, TALLY_E_OFFLINE,
             len == UV_EOF ? "the other side hung up" : uv_strerror((int)len));
        return;
    }
    conn->heard_ms = now(conn);
    conn->pinged_ms = 0;
    take_in(conn, (struct tally_slice){conn->read_bytes, (size_t)len});
}

/* ------------------------------------------------------------------ time */

static int64_t earlier(int64_t one, int64_t two)
{
    return one < two ? one : two;
}

static int64_t next_time(const struct sync_conn *conn)
{
    int64_t at = INT64_MAX;
    if (conn->options.life_ms > 0) {
        at = conn->born_ms + conn->options.life_ms;
    }
    if (conn->h2 == NULL) {
        return earlier(at, conn->born_ms + SYNC_CONN_HANDSHAKE_MS);
    }
    at = earlier(at, sync_h2_deadline(conn->h2));
    return earlier(at, conn->pinged_ms > 0 ? conn->pinged_ms + SYNC_CONN_PING_MS
                                           : conn->heard_ms + SYNC_CONN_IDLE_MS);
}

static void on_timer(uv_timer_t *timer)
{
    struct sync_conn *conn = timer->data;
    int64_t at = now(conn);
    if (conn->ending) {
        return;
    }
    if (conn->options.life_ms > 0 && at >= conn->born_ms + conn->options.life_ms) {
        fail(conn, TALLY_E_TIMEOUT, "the connection's time is over");
        return;
    }
    if (conn->h2 == NULL) {
        if (at >= conn->born_ms + SYNC_CONN_HANDSHAKE_MS) {
            fail(conn, TALLY_E_TIMEOUT, "no handshake in time");
            return;
        }
    } else if (conn->pinged_ms > 0 && at >= conn->pinged_ms + SYNC_CONN_PING_MS) {
        fail(conn, TALLY_E_TIMEOUT, "the other side does not answer");
        return;
    } else {
        conn->busy = true;
        sync_h2_on_time(conn->h2, at);
        if (conn->pinged_ms == 0 && at >= conn->heard_ms + SYNC_CONN_IDLE_MS) {
            conn->pinged_ms = at;
            if (sync_h2_ping(conn->h2) != TALLY_OK) {
                fail(conn, TALLY_E_NO_MEMORY, "no memory");
            }
        }
        leave(conn);
    }
    arm(conn);
}

static void arm(struct sync_conn *conn)
{
    if (conn->ending || conn->closed) {
        return;
    }
    int64_t at = next_time(conn), from = now(conn);
    uv_timer_start(&conn->timer, on_timer, at > from ? (uint64_t)(at - from) : 0, 0);
}

/* ------------------------------------------------------------------ the beginning */

static enum tally_status make(uv_loop_t *loop, const struct sync_conn_options *options,
                              struct sync_conn **ret_conn)
{
    struct sync_conn *conn = tally_alloc(1, sizeof *conn);
    if (conn == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    conn->loop = loop;
    conn->options = *options;
    enum tally_status status = sync_tls_open(options->tls, options->peer_name, &conn->tls);
    if (status != TALLY_OK) {
        tally_free(conn);
        return status;
    }
    if (uv_tcp_init(loop, &conn->tcp) != 0 || uv_timer_init(loop, &conn->timer) != 0 ||
        uv_idle_init(loop, &conn->flusher) != 0) {
        abort(); /* these three only fill in a struct */
    }
    conn->handles = 3;
    conn->tcp.data = conn->timer.data = conn->flusher.data = conn;
    conn->born_ms = conn->heard_ms = now(conn);
    *ret_conn = conn;
    return TALLY_OK;
}

static void name_address(struct sync_conn *conn)
{
    struct sockaddr_storage address;
    int len = sizeof address;
    char text[INET6_ADDRSTRLEN] = "?";
    int port = 0;
    if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&address, &len) == 0) {
        if (address.ss_family == AF_INET6) {
            const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address;
            uv_ip6_name(six, text, sizeof text);
            port = ntohs(six->sin6_port);
        } else {
            const struct sockaddr_in *four = (const struct sockaddr_in *)&address;
            uv_ip4_name(four, text, sizeof text);
            port = ntohs(four->sin_port);
        }
    }
    snprintf(conn->address, sizeof conn->address, "%s port %d", text, port);
}

/* TCP_USER_TIMEOUT (tcp(7), RFC 5482): the kernel knows what the other side has acknowledged. */
static void give_up_on_silence(struct sync_conn *conn)
{
    uv_os_fd_t fd = -1;
    const unsigned unacked_ms = SYNC_CONN_UNACKED_MS;
    if (uv_fileno((const uv_handle_t *)&conn->tcp, &fd) == 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof unacked_ms);
    }
}

static void start(struct sync_conn *conn)
{
    conn->has_tcp = true;
    conn->heard_ms = now(conn);
    name_address(conn);
    (void)uv_tcp_nodelay(&conn->tcp, 1);
    give_up_on_silence(conn);
    int error = uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read);
    if (error != 0) {
        fail(conn, TALLY_E_OFFLINE, uv_strerror(error));
        return;
    }
    take_in(conn, (struct tally_slice){0}); /* a client speaks first */
    arm(conn);
}

enum tally_status sync_conn_accept(uv_loop_t *loop, uv_stream_t *listener,
                                   const struct sync_conn_options *options,
                                   struct sync_conn **ret_conn)
{
    struct sync_conn *conn = NULL;
    TALLY_TRY(make(loop, options, &conn));
    *ret_conn = conn;
    if (uv_accept(listener, (uv_stream_t *)&conn->tcp) != 0) {
        sync_conn_drop(conn);
        return TALLY_OK;
    }
    start(conn);
    return TALLY_OK;
}

static void on_connected(uv_connect_t *request, int error)
{
    struct sync_conn *conn = request->data;
    if (conn->closed || conn->ending) {
        return;
    }
    if (error != 0) {
        fail(conn, TALLY_E_OFFLINE, uv_strerror(error));
        return;
    }
    start(conn);
}

enum tally_status sync_conn_connect(uv_loop_t *loop, const struct sockaddr *address,
                                    const struct sync_conn_options *options,
                                    struct sync_conn **ret_conn)
{
    struct sync_conn *conn = NULL;
    TALLY_TRY(make(loop, options, &conn));
    conn->connecting.data = conn;
    *ret_conn = conn;
    if (uv_tcp_connect(&conn->connecting, &conn->tcp, address, on_connected) != 0) {
        conn->ending = true; /* no such route: say so from the loop */
        conn->why = TALLY_E_OFFLINE;
        uv_idle_start(&conn->flusher, on_flush);
    }
    return TALLY_OK;
}

void sync_conn_end(struct sync_conn *conn, enum tally_status why)
{
    if (!conn->ending) {
        conn->ending = true;
        conn->why = why;
        uv_idle_start(&conn->flusher, on_flush);
    }
}

void sync_conn_drop(struct sync_conn *conn)
{
    conn->dropping = true;
    fail(conn, TALLY_E_OFFLINE, "closed here");
}

const char *sync_conn_address(const struct sync_conn *conn)
{
    return conn->address;
}

const struct sync_peer *sync_conn_peer(const struct sync_conn *conn)
{
    return conn->peer;
}

struct sync_h2 *sync_conn_h2(struct sync_conn *conn)
{
    return conn->ending ? NULL : conn->h2;
}
