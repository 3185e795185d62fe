/* SPDX-License-Identifier: Apache-2.0 */
/* A small server on our stack for a stock gRPC client (interop.py): writes its certificates into
 * the directory it is given, prints its port, and serves until its standard input ends. */
#include "app/crypto/crypto.h"
#include "tests/unit/sync/house.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { STREAM_COUNT = 100, STREAM_MESSAGE_LEN = 20000 };

static uv_loop_t loop;
static struct sync_server *server;
static uv_pipe_t input;

static void on_echo(void *context, struct sync_call *call, struct tally_slice message)
{
    (void)context;
    if (sync_call_send(call, message) == TALLY_OK) {
        sync_call_finish(call, SYNC_GRPC_OK, NULL);
    }
}

static void on_refuse(void *context, struct sync_call *call, struct tally_slice message)
{
    (void)context;
    (void)message;
    sync_call_finish(call, SYNC_GRPC_FAILED_PRECONDITION, "100% \xe7\xa9\xba");
}

static void on_wait(void *context, struct sync_call *call, struct tally_slice message)
{
    (void)context;
    (void)call;
    (void)message;
}

static void send_more(void *context, struct sync_call *call)
{
    static const uint8_t bytes[STREAM_MESSAGE_LEN];
    uintptr_t sent = (uintptr_t)sync_call_data(call);
    (void)context;
    while (sent < STREAM_COUNT && sync_call_unsent(call) < 100000) {
        if (sync_call_send(call, (struct tally_slice){bytes, sizeof bytes}) != TALLY_OK) {
            return;
        }
        sync_call_set_data(call, (void *)++sent);
    }
    if (sent == STREAM_COUNT) {
        sync_call_finish(call, SYNC_GRPC_OK, NULL);
    }
}

static void on_stream(void *context, struct sync_call *call, struct tally_slice message)
{
    (void)message;
    send_more(context, call);
}

static enum tally_status on_peer(void *context, const struct sync_peer *peer)
{
    (void)context;
    fprintf(stderr, "peer %s\n", peer->uri);
    return TALLY_OK;
}

static void on_refused(void *context, const char *address, enum tally_status status,
                       const char *detail)
{
    (void)context;
    fprintf(stderr, "%s: %s %s\n", address, tally_status_name(status), detail);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    static char bytes[16];
    (void)handle;
    (void)suggested;
    *ret_buffer = uv_buf_init(bytes, sizeof bytes);
}

static void on_input(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    (void)buffer;
    if (len < 0) {
        uv_close((uv_handle_t *)stream, NULL);
        sync_server_close(server, NULL, NULL);
    }
}

static void save(const char *dir, const char *name, const struct tally_buffer *bytes, size_t less)
{
    char path[500];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes->data, 1, bytes->len - less, file) != bytes->len - less ||
        fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static const struct sync_method methods[] = {
        {"/tally.v1.Hq/Echo", on_echo, NULL, NULL},
        {"/tally.v1.Hq/Refuse", on_refuse, NULL, NULL},
        {"/tally.v1.Hq/Wait", on_wait, NULL, NULL},
        {"/tally.v1.Hq/Stream", on_stream, NULL, send_more}};
    static struct house house;
    (void)signal(SIGPIPE, SIG_IGN); /* as every program on libuv must */
    if (argc != 2 || tally_crypto_start() != TALLY_OK || uv_loop_init(&loop) != 0) {
        fprintf(stderr, "usage: %s directory\n", argv[0]);
        return 2;
    }
    house_open(&house, "localhost,127.0.0.1");
    save(argv[1], "root.der", &house.root.cert, 0);
    save(argv[1], "terminal.der", &house.terminal.cert, 0);
    save(argv[1], "hq.der", &house.hq.cert, 0);
    save(argv[1], "terminal.key", &house.terminal.key, 1); /* without the NUL */
    save(argv[1], "hq.key", &house.hq.key, 1);
    struct tally_slice issuers[1] = {tally_buffer_slice(&house.root.cert)};
    const struct sync_server_options options = {.host = "127.0.0.1",
                                                .identity = house_hq(&house, issuers),
                                                .client_certificate = true,
                                                .methods = methods,
                                                .method_count = sizeof methods / sizeof methods[0],
                                                .on_peer = on_peer,
                                                .on_refused = on_refused};
    if (sync_server_open(&loop, &options, &server) != TALLY_OK ||
        uv_pipe_init(&loop, &input, 0) != 0 || uv_pipe_open(&input, 0) != 0 ||
        uv_read_start((uv_stream_t *)&input, on_alloc, on_input) != 0) {
        return 1;
    }
    printf("%u\n", (unsigned)sync_server_port(server));
    fflush(stdout);
    uv_run(&loop, UV_RUN_DEFAULT);
    house_close(&house);
    return uv_loop_close(&loop) == 0 ? 0 : 1;
}
