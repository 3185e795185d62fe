/* SPDX-License-Identifier: Apache-2.0 */
/* The socket: clients, lines in, lines out, and limits so that a bad client hurts only itself. */
#include "app/till/request.h"

#include "app/base/alloc.h"
#include "app/base/buffer.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 256,
    CLIENTS_OF_PROCESS_MAX = 16,
    UNANSWERED_MAX = 32,           /* of one client; more wait in its buffer */
    QUEUE_PAUSE_BYTES = 64 * 1024, /* a client that does not read its answers is not read either */
    QUEUE_BYTES_MAX = 1024 * 1024, /* a subscriber that reads nothing is disconnected here */
    READ_BYTES = 64 * 1024,
    LISTEN_BACKLOG = 64
};

struct till_client {
    uv_pipe_t pipe; /* .data is the client */
    struct till_server *server;
    struct till_client *next;
    struct till_request *requests; /* unanswered */
    size_t unanswered;
    struct tally_buffer input;
    size_t scanned; /* bytes of input known to hold no newline */
    size_t writes;  /* in flight */
    pid_t process;
    bool subscribed;
    bool reading;
    bool finishing; /* reads no more; closed once everything is answered and written */
    bool closing;
    bool at_work; /* inside client_work(): answers must not start it again */
};

struct till_server {
    uv_pipe_t listener; /* .data is the server */
    struct till_ops ops;
    void *context;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    struct till_client *clients;
    size_t client_count;
    bool listener_open;
    bool closing;
    void (*on_closed)(void *context);
    void *closed_context;
};

struct outgoing {
    uv_write_t write; /* .data is the client */
    struct tally_buffer bytes;
};

static void client_work(struct till_client *client);

/* ------------------------------------------------------------------ closing */

static void server_free_if_done(struct till_server *server)
{
    if (!server->closing || server->listener_open || server->clients != NULL) {
        return;
    }
    void (*on_closed)(void *context) = server->on_closed;
    void *context = server->closed_context;
    tally_free(server);
    if (on_closed != NULL) {
        on_closed(context);
    }
}

static void request_free(struct till_request *request)
{
    json_decref(request->root);
    till_params_free(request);
    tally_free(request);
}

static void on_client_closed(uv_handle_t *handle)
{
    struct till_client *client = handle->data;
    struct till_server *server = client->server;
    struct till_client **at = &server->clients;
    while (*at != client) {
        at = &(*at)->next;
    }
    *at = client->next;
    server->client_count--;
    tally_buffer_free(&client->input);
    tally_free(client);
    server_free_if_done(server);
}

static void client_close(struct till_client *client)
{
    if (client->closing) {
        return;
    }
    client->closing = true;
    while (client->requests != NULL) {
        struct till_request *request = client->requests;
        client->requests = request->next;
        client->unanswered--;
        client->server->ops.cancelled(client->server->context, request);
        request_free(request);
    }
    uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

static void client_close_if_done(struct till_client *client)
{
    if (client->finishing && client->unanswered == 0 && client->writes == 0) {
        client_close(client);
    }
}

/* ------------------------------------------------------------------ writing */

static int append_output(const char *bytes, size_t len, void *context)
{
    return tally_buffer_append(context, bytes, len) == TALLY_OK ? 0 : -1;
}

static void on_written(uv_write_t *write, int error)
{
    struct outgoing *outgoing = (struct outgoing *)write;
    struct till_client *client = write->data;
    tally_buffer_free(&outgoing->bytes);
    tally_free(outgoing);
    client->writes--;
    if (client->closing) {
        return;
    }
    if (error != 0) {
        client_close(client);
        return;
    }
    client_work(client);
}

/* Sends one line. A client that can't be written to is closed; nobody else notices. */
static void client_send(struct till_client *client, const json_t *message)
{
    if (client->closing) {
        return;
    }
    struct outgoing *outgoing = tally_alloc(1, sizeof(*outgoing));
    if (outgoing == NULL) {
        client_close(client);
        return;
    }
    if (json_dump_callback(message, append_output, &outgoing->bytes, JSON_COMPACT) != 0 ||
        tally_buffer_append(&outgoing->bytes, "\n", 1) != TALLY_OK) {
        goto drop;
    }
    outgoing->write.data = client;
    uv_buf_t bytes = uv_buf_init((char *)outgoing->bytes.data, (unsigned)outgoing->bytes.len);
    if (uv_write(&outgoing->write, (uv_stream_t *)&client->pipe, &bytes, 1, on_written) != 0) {
        goto drop;
    }
    client->writes++;
    if (uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) > QUEUE_BYTES_MAX) {
        client_close(client);
    }
    return;
drop:
    tally_buffer_free(&outgoing->bytes);
    tally_free(outgoing);
    client_close(client);
}

void till_request_finish(struct till_request *request, json_t *message)
{
    struct till_client *client = request->client;
    struct till_request **at = &client->requests;
    while (*at != request) {
        assert(*at != NULL && "a request is answered once, and not after it was cancelled");
        at = &(*at)->next;
    }
    *at = request->next;
    client->unanswered--;
    if (message == NULL) {
        message = till_message_error(request->id, TILL_INTERNAL_ERROR, "internal error");
    }
    if (message == NULL) {
        client_close(client); /* without memory even for that */
    } else {
        client_send(client, message);
        json_decref(message);
    }
    request_free(request);
    client_work(client);
}

void till_server_notify(struct till_server *server, json_t *message)
{
    if (message == NULL) {
        return;
    }
    for (struct till_client *client = server->clients; client != NULL; client = client->next) {
        if (client->subscribed) {
            client_send(client, message);
        }
    }
    json_decref(message);
}

/* ------------------------------------------------------------------ lines in */

static void client_send_error(struct till_client *client, json_t *id, int code, const char *text)
{
    json_t *message = till_message_error(id, code, text);
    if (message == NULL) {
        client_close(client);
        return;
    }
    client_send(client, message);
    json_decref(message);
}

/* One line: answered here when it is wrong, else given to whoever opened the server. */
static void client_line(struct till_client *client, const char *line, size_t len)
{
    json_error_t error;
    json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        /* Not error.text: it repeats the line, with the card in it, and errors end in tills'
         * logs. */
        char text[64];
        snprintf(text, sizeof text, "not JSON at byte %d", error.position);
        client_send_error(client, NULL, TILL_PARSE_ERROR, text);
        return;
    }
    struct till_request *request = tally_alloc(1, sizeof(*request));
    if (request == NULL) {
        json_decref(root);
        client_close(client);
        return;
    }
    request->client = client;
    request->root = root;
    struct till_fault fault;
    if (!till_params_read(request, &fault)) {
        client_send_error(client, request->id, fault.code, fault.text);
        request_free(request);
        return;
    }
    request->next = client->requests;
    client->requests = request;
    client->unanswered++;
    if (request->method == TILL_SUBSCRIBE) {
        client->subscribed = true;
        till_answer_done(request);
        return;
    }
    client->server->ops.request(client->server->context, request);
}

static bool is_blank(const char *line, size_t len)
{
    return strspn(line, " \t\r") >= len;
}

/* The next whole line of the input, if the client may have one answered now. */
static bool client_next_line(struct till_client *client, size_t *ret_len)
{
    if (client->closing || client->unanswered >= UNANSWERED_MAX ||
        uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) > QUEUE_PAUSE_BYTES) {
        return false;
    }
    const uint8_t *data = client->input.data;
    if (client->scanned == client->input.len) {
        return false;
    }
    const uint8_t *end = memchr(data + client->scanned, '\n', client->input.len - client->scanned);
    if (end == NULL) {
        client->scanned = client->input.len;
        return false;
    }
    *ret_len = (size_t)(end - data);
    return true;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_bytes)
{
    (void)suggested;
    struct till_client *client = handle->data;
    if (tally_buffer_reserve(&client->input, READ_BYTES) != TALLY_OK) {
        *ret_bytes = uv_buf_init(NULL, 0); /* libuv answers UV_ENOBUFS to on_read */
        return;
    }
    *ret_bytes = uv_buf_init((char *)client->input.data + client->input.len, READ_BYTES);
}

/* Whether the other side closed both directions, and not just the one towards us (as
 * `echo ... | socat` does, which still wants its answer). */
static bool peer_is_gone(struct till_client *client)
{
    struct pollfd check = {.events = 0};
    return uv_fileno((uv_handle_t *)&client->pipe, &check.fd) != 0 ||
           (poll(&check, 1, 0) > 0 && (check.revents & (POLLHUP | POLLERR)) != 0);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *bytes)
{
    (void)bytes; /* they stand in client->input already */
    struct till_client *client = stream->data;
    if (len == UV_EOF && !peer_is_gone(client)) {
        uv_read_stop(stream);
        client->reading = false;
        client->finishing = true; /* what stands in the input is still answered */
    } else if (len < 0) {
        client_close(client);
        return;
    } else {
        client->input.len += (size_t)len;
    }
    client_work(client);
}

/* Reads on, or pauses, as the input and the answers still owed allow. */
static void client_pace(struct till_client *client)
{
    bool may_read = !client->finishing && client->scanned == client->input.len;
    if (may_read && !client->reading) {
        client->reading = uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_read) == 0;
        if (!client->reading) {
            client_close(client);
        }
    } else if (!may_read && client->reading) {
        uv_read_stop((uv_stream_t *)&client->pipe);
        client->reading = false;
    }
}

/* Does what can be done for a client now: its whole lines, then reading on, or closing. */
static void client_work(struct till_client *client)
{
    if (client->closing || client->at_work) {
        return;
    }
    client->at_work = true;
    size_t len = 0;
    while (client_next_line(client, &len)) {
        const char *line = (const char *)client->input.data;
        if (len > TILL_REQUEST_LEN_MAX) {
            client->scanned = client->input.len; /* refused below */
            break;
        }
        if (!is_blank(line, len)) {
            client_line(client, line, len);
        }
        tally_buffer_consume(&client->input, len + 1);
        client->scanned = 0;
    }
    client->at_work = false;
    if (client->closing) {
        return;
    }
    if (client->scanned == client->input.len && client->input.len > TILL_REQUEST_LEN_MAX) {
        client_send_error(client, NULL, TILL_INVALID_REQUEST, "the line is longer than 1 MiB");
        tally_buffer_free(&client->input);
        client->scanned = 0;
        client->finishing = true;
    }
    if (client->closing) {
        return;
    }
    client_pace(client);
    if (client->scanned == client->input.len) {
        client_close_if_done(client);
    }
}

/* ------------------------------------------------------------------ clients coming */

static pid_t peer_process(const uv_pipe_t *pipe)
{
    uv_os_fd_t fd = -1;
    struct ucred credentials;
    socklen_t len = sizeof(credentials);
    if (uv_fileno((const uv_handle_t *)pipe, &fd) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) != 0) {
        return 0;
    }
    return credentials.pid;
}

/* One process that opens connection after connection must not keep the next till out. */
static bool has_room_for(const struct till_server *server, pid_t process)
{
    size_t of_process = 0;
    for (const struct till_client *client = server->clients; client != NULL;
         client = client->next) {
        of_process += client->process == process && !client->closing;
    }
    return of_process < CLIENTS_OF_PROCESS_MAX && server->client_count < CLIENTS_MAX;
}

static void on_connection(uv_stream_t *listener, int error)
{
    struct till_server *server = listener->data;
    if (error != 0 || server->closing) {
        return;
    }
    struct till_client *client = tally_alloc(1, sizeof(*client));
    if (client == NULL) {
        return; /* it waits in the backlog */
    }
    client->server = server;
    if (uv_pipe_init(listener->loop, &client->pipe, 0) != 0) {
        tally_free(client);
        return;
    }
    client->pipe.data = client;
    bool accepted = uv_accept(listener, (uv_stream_t *)&client->pipe) == 0;
    client->process = accepted ? peer_process(&client->pipe) : 0;
    bool has_room = has_room_for(server, client->process);
    client->next = server->clients;
    server->clients = client;
    server->client_count++;
    if (!accepted) {
        client_close(client);
        return;
    }
    if (!has_room) {
        json_t *message =
            till_message_refused(NULL, TALLY_E_BUSY, "too many connections of this process");
        if (message != NULL) {
            client_send(client, message);
            json_decref(message);
        }
        client->finishing = true;
    }
    client_work(client);
}

/* ------------------------------------------------------------------ opening */

static enum tally_status status_from_errno(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
        return TALLY_E_NO_PERMISSION;
    case ENOMEM:
    case ENOBUFS:
        return TALLY_E_NO_MEMORY;
    case EADDRINUSE:
        return TALLY_E_STORE_IN_USE;
    default:
        return TALLY_E_STORE_IO;
    }
}

static enum tally_status make_folder_of(const char *path)
{
    char folder[sizeof(((struct till_server *)0)->path)];
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return TALLY_OK;
    }
    size_t len = (size_t)(slash - path);
    memcpy(folder, path, len);
    folder[len] = '\0';
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        return status_from_errno(errno);
    }
    return TALLY_OK;
}

/* Removes a socket that nobody answers; anything else in its place is left alone. */
static enum tally_status clear_place(int fd, const struct sockaddr_un *address)
{
    struct stat there;
    if (lstat(address->sun_path, &there) != 0) {
        return errno == ENOENT ? TALLY_OK : status_from_errno(errno);
    }
    if (!S_ISSOCK(there.st_mode)) {
        return TALLY_E_STORE_IO;
    }
    if (connect(fd, (const struct sockaddr *)(const void *)address, sizeof(*address)) == 0 ||
        errno == EAGAIN || errno == EINPROGRESS) {
        return TALLY_E_STORE_IN_USE;
    }
    if (errno != ECONNREFUSED) {
        return status_from_errno(errno);
    }
    return unlink(address->sun_path) == 0 ? TALLY_OK : status_from_errno(errno);
}

static enum tally_status bind_socket(const char *path, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    TALLY_TRY(make_folder_of(path));
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) {
        return status_from_errno(errno);
    }
    enum tally_status status = clear_place(probe, &address);
    close(probe);
    TALLY_TRY(status);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    mode_t mask = umask(0117); /* 0660 from its first moment */
    int bound = bind(fd, (const struct sockaddr *)(const void *)&address, sizeof(address));
    int error = errno;
    umask(mask);
    if (bound != 0) {
        close(fd);
        return status_from_errno(error);
    }
    *ret_fd = fd;
    return TALLY_OK;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct till_server *server = handle->data;
    server->listener_open = false;
    server_free_if_done(server);
}

enum tally_status till_server_open(uv_loop_t *loop, const struct till_server_options *options,
                                   struct till_server **ret_server)
{
    assert(options->ops.request != NULL && options->ops.cancelled != NULL);
    struct till_server *server = tally_alloc(1, sizeof(*server));
    if (server == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    size_t path_len = strlen(options->path);
    enum tally_status status = TALLY_E_STORE_IO;
    int fd = -1;
    if (path_len == 0 || path_len >= sizeof(server->path)) {
        goto free_server;
    }
    memcpy(server->path, options->path, path_len + 1);
    server->ops = options->ops;
    server->context = options->context;
    status = bind_socket(server->path, &fd);
    if (status != TALLY_OK) {
        goto free_server;
    }
    if (uv_pipe_init(loop, &server->listener, 0) != 0) {
        status = TALLY_E_NO_MEMORY;
        goto close_socket;
    }
    server->listener.data = server;
    server->listener_open = true;
    if (uv_pipe_open(&server->listener, fd) != 0) {
        close(fd);
        till_server_close(server, NULL, NULL);
        return TALLY_E_STORE_IO;
    }
    int error = uv_listen((uv_stream_t *)&server->listener, LISTEN_BACKLOG, on_connection);
    if (error != 0) {
        till_server_close(server, NULL, NULL);
        return status_from_errno(-error);
    }
    *ret_server = server;
    return TALLY_OK;

close_socket:
    close(fd);
    unlink(server->path);
free_server:
    tally_free(server);
    return status;
}

void till_server_close(struct till_server *server, void (*on_closed)(void *context), void *context)
{
    assert(!server->closing);
    server->closing = true;
    server->on_closed = on_closed;
    server->closed_context = context;
    unlink(server->path);
    uv_close((uv_handle_t *)&server->listener, on_listener_closed);
    for (struct till_client *client = server->clients; client != NULL; client = client->next) {
        client_close(client);
    }
}
