/* SPDX-License-Identifier: Apache-2.0 */
/* The connection to tallyd: non-blocking, and tried again until it is there. */
#include "app/cashier/rpc.h"

#include "app/base/alloc.h"
#include "app/base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 16 * 1024, ADDRESS_LEN_MAX = 255 };

enum rpc_state { RPC_WAITING, RPC_CONNECTING, RPC_CONNECTED };

struct rpc {
    struct rpc_ops ops;
    void *context;
    char *address;
    enum rpc_state state;
    int fd;
    int64_t retry_at_ms;
    int retry_ms;
    uint64_t last_id;
    struct tally_buffer input, output;
    size_t scanned;
};

int64_t rpc_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum tally_status start_connect(int fd, const void *address, socklen_t len,
                                       bool *ret_in_progress)
{
    if (connect(fd, address, len) == 0) {
        *ret_in_progress = false;
        return TALLY_OK;
    }
    if (errno == EINPROGRESS) {
        *ret_in_progress = true;
        return TALLY_OK;
    }
    return TALLY_E_OFFLINE;
}

static enum tally_status connect_path(const char *path, int *ret_fd, bool *ret_in_progress)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof address.sun_path) {
        return TALLY_E_INVALID;
    }
    memcpy(address.sun_path, path, len + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return TALLY_E_OFFLINE;
    }
    enum tally_status status = start_connect(fd, &address, sizeof address, ret_in_progress);
    if (status != TALLY_OK) {
        int error = errno;
        close(fd);
        errno = error;
        return status;
    }
    *ret_fd = fd;
    return TALLY_OK;
}

/* "HOST:PORT", "[::1]:PORT"; the host of ":PORT" is this machine. */
static enum tally_status split_host(const char *address, char host[ADDRESS_LEN_MAX + 1],
                                    const char **ret_port)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon[1] == '\0' || strlen(address) > ADDRESS_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    size_t len = (size_t)(colon - address);
    if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    }
    memcpy(host, address, len);
    host[len] = '\0';
    *ret_port = colon + 1;
    return TALLY_OK;
}

static enum tally_status connect_host(const char *address, int *ret_fd, bool *ret_in_progress)
{
    char host[ADDRESS_LEN_MAX + 1];
    const char *port = NULL;
    TALLY_TRY(split_host(address, host, &port));
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(host[0] == '\0' ? NULL : host, port, &hints, &found) != 0) {
        errno = EHOSTUNREACH;
        return TALLY_E_OFFLINE;
    }
    enum tally_status status = TALLY_E_OFFLINE;
    int error = EHOSTUNREACH;
    for (struct addrinfo *at = found; at != NULL && status != TALLY_OK; at = at->ai_next) {
        int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            error = errno;
            continue;
        }
        int yes = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        status = start_connect(fd, at->ai_addr, at->ai_addrlen, ret_in_progress);
        if (status == TALLY_OK) {
            *ret_fd = fd;
        } else {
            error = errno;
            close(fd);
        }
    }
    freeaddrinfo(found);
    errno = error;
    return status;
}

enum tally_status rpc_connect(const char *address, int *ret_fd, bool *ret_in_progress)
{
    return strchr(address, '/') != NULL ? connect_path(address, ret_fd, ret_in_progress)
                                        : connect_host(address, ret_fd, ret_in_progress);
}

/* Back to waiting; the next try comes later each time, until one succeeds. */
static void drop(struct rpc *rpc, int64_t now_ms, const char *why)
{
    if (rpc->fd >= 0) {
        close(rpc->fd);
        rpc->fd = -1;
    }
    tally_buffer_free(&rpc->input);
    tally_buffer_free(&rpc->output);
    rpc->scanned = 0;
    rpc->state = RPC_WAITING;
    rpc->retry_at_ms = now_ms + rpc->retry_ms;
    rpc->retry_ms = rpc->retry_ms * 2 > RPC_RETRY_MS_MAX ? RPC_RETRY_MS_MAX : rpc->retry_ms * 2;
    rpc->ops.state(rpc->context, false, why);
}

static void connected(struct rpc *rpc)
{
    rpc->state = RPC_CONNECTED;
    rpc->retry_ms = RPC_RETRY_MS_MIN;
    rpc->ops.state(rpc->context, true, "");
}

static void try_connect(struct rpc *rpc, int64_t now_ms)
{
    bool in_progress = false;
    if (rpc_connect(rpc->address, &rpc->fd, &in_progress) != TALLY_OK) {
        drop(rpc, now_ms, strerror(errno));
        return;
    }
    rpc->state = RPC_CONNECTING;
    if (!in_progress) {
        connected(rpc);
    }
}

static void finish_connect(struct rpc *rpc, int64_t now_ms)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(rpc->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
        error = errno;
    }
    if (error != 0) {
        drop(rpc, now_ms, strerror(error));
        return;
    }
    connected(rpc);
}

static void line_in(struct rpc *rpc, const char *line, size_t len)
{
    json_t *message = json_loadb(line, len, 0, NULL);
    json_t *id = json_object_get(message, "id");
    const char *method = json_string_value(json_object_get(message, "method"));
    if (json_is_integer(id) && json_integer_value(id) > 0) {
        json_t *error = json_object_get(message, "error");
        rpc->ops.answer(rpc->context, (uint64_t)json_integer_value(id),
                        json_object_get(message, "result"), error);
    } else if (method != NULL && rpc->ops.notification != NULL) {
        rpc->ops.notification(rpc->context, method, json_object_get(message, "params"));
    }
    json_decref(message);
}

/* Hands out every whole line. A callback may not close the rpc. */
static void lines_in(struct rpc *rpc)
{
    size_t done = 0;
    for (;;) {
        const char *data = (const char *)rpc->input.data;
        size_t from = done > rpc->scanned ? done : rpc->scanned;
        const char *end =
            rpc->input.len == from ? NULL : memchr(data + from, '\n', rpc->input.len - from);
        if (end == NULL) {
            break;
        }
        line_in(rpc, data + done, (size_t)(end - data) - done);
        done = (size_t)(end - data) + 1;
    }
    tally_buffer_consume(&rpc->input, done);
    rpc->scanned = rpc->input.len;
}

/* Returns false when the connection is over; *ret_why says why. */
static bool read_some(struct rpc *rpc, const char **ret_why)
{
    if (tally_buffer_reserve(&rpc->input, READ_BYTES) != TALLY_OK) {
        *ret_why = tally_status_text(TALLY_E_NO_MEMORY);
        return false;
    }
    ssize_t got = recv(rpc->fd, rpc->input.data + rpc->input.len, READ_BYTES, 0);
    if (got > 0) {
        rpc->input.len += (size_t)got;
        lines_in(rpc);
        *ret_why = "an answer is too long";
        return rpc->input.len <= RPC_LINE_LEN_MAX;
    }
    *ret_why = got == 0 ? "tallyd closed the connection" : strerror(errno);
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static bool write_some(struct rpc *rpc, const char **ret_why)
{
    if (rpc->output.len == 0) {
        return true;
    }
    ssize_t sent = send(rpc->fd, rpc->output.data, rpc->output.len, MSG_NOSIGNAL);
    if (sent >= 0) {
        tally_buffer_consume(&rpc->output, (size_t)sent);
        return true;
    }
    *ret_why = strerror(errno);
    return errno == EAGAIN || errno == EINTR;
}

void rpc_step(struct rpc *rpc, short revents, int64_t now_ms)
{
    const char *why = "";
    switch (rpc->state) {
    case RPC_WAITING:
        if (now_ms >= rpc->retry_at_ms) {
            try_connect(rpc, now_ms);
        }
        return;
    case RPC_CONNECTING:
        if (revents != 0) {
            finish_connect(rpc, now_ms);
        }
        return;
    case RPC_CONNECTED:
        if (((revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !read_some(rpc, &why)) ||
            !write_some(rpc, &why)) {
            drop(rpc, now_ms, why);
        }
        return;
    }
}

static int append_output(const char *bytes, size_t len, void *context)
{
    return tally_buffer_append(context, bytes, len) == TALLY_OK ? 0 : -1;
}

enum tally_status rpc_call(struct rpc *rpc, const char *method, json_t *params, uint64_t *ret_id)
{
    if (params == NULL) {
        return TALLY_E_INVALID;
    }
    json_t *request = json_pack("{s:s, s:I, s:s, s:o}", "jsonrpc", "2.0", "id",
                                (json_int_t)(rpc->last_id + 1), "method", method, "params", params);
    if (request == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = TALLY_OK;
    size_t len_before = rpc->output.len;
    if (rpc->state != RPC_CONNECTED) {
        status = TALLY_E_OFFLINE;
    } else if (json_dump_callback(request, append_output, &rpc->output, JSON_COMPACT) != 0 ||
               tally_buffer_append(&rpc->output, "\n", 1) != TALLY_OK) {
        rpc->output.len = len_before;
        status = TALLY_E_NO_MEMORY;
    } else {
        *ret_id = ++rpc->last_id;
    }
    json_decref(request);
    return status;
}

bool rpc_is_connected(const struct rpc *rpc)
{
    return rpc->state == RPC_CONNECTED;
}

int rpc_fd(const struct rpc *rpc)
{
    return rpc->fd;
}

short rpc_events(const struct rpc *rpc)
{
    switch (rpc->state) {
    case RPC_WAITING:
        return 0;
    case RPC_CONNECTING:
        return POLLOUT;
    case RPC_CONNECTED:
        return rpc->output.len > 0 ? POLLIN | POLLOUT : POLLIN;
    }
    return 0;
}

int rpc_timeout_ms(const struct rpc *rpc, int64_t now_ms)
{
    if (rpc->state != RPC_WAITING) {
        return -1;
    }
    return rpc->retry_at_ms <= now_ms ? 0 : (int)(rpc->retry_at_ms - now_ms);
}

enum tally_status rpc_open(const char *address, const struct rpc_ops *ops, void *context,
                           struct rpc **ret_rpc)
{
    char host[ADDRESS_LEN_MAX + 1];
    const char *port = NULL;
    if (strchr(address, '/') == NULL) {
        TALLY_TRY(split_host(address, host, &port));
    } else if (strlen(address) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
        return TALLY_E_INVALID;
    }
    struct rpc *rpc = tally_alloc(1, sizeof *rpc);
    if (rpc == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    rpc->address = tally_copy_text(address);
    if (rpc->address == NULL) {
        tally_free(rpc);
        return TALLY_E_NO_MEMORY;
    }
    rpc->ops = *ops;
    rpc->context = context;
    rpc->fd = -1;
    rpc->retry_ms = RPC_RETRY_MS_MIN;
    *ret_rpc = rpc;
    return TALLY_OK;
}

void rpc_close(struct rpc *rpc)
{
    if (rpc == NULL) {
        return;
    }
    if (rpc->fd >= 0) {
        close(rpc->fd);
    }
    tally_buffer_free(&rpc->input);
    tally_buffer_free(&rpc->output);
    tally_free(rpc->address);
    tally_free(rpc);
}
