/* SPDX-License-Identifier: Apache-2.0 */
/* Servers, channels, enrolment and the driven engine over real loopback sockets. */
#include "app/crypto/crypto.h"
#include "app/proto/messages.h"
#include "app/sync/conn.h"
#include "app/sync/drive.h"
#include "app/sync/enrol.h"
#include "app/sync/token.h"
#include "tests/unit/sync/house.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct house house;
static uv_loop_t loop;

static int set_up(void **state)
{
    (void)state;
    if (tally_crypto_start() != TALLY_OK || uv_loop_init(&loop) != 0) {
        return -1;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* as every program on libuv must */
    house_open(&house, "localhost,127.0.0.1");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    house_close(&house);
    return uv_loop_close(&loop); /* fails when a handle was forgotten */
}

/* Nothing here takes long; a minute means that something hangs. */
static void on_alarm(uv_timer_t *timer)
{
    (void)timer;
    print_error("nothing happens any more\n");
    abort();
}

static uv_timer_t alarm_timer;

static void alarm_start(void)
{
    assert_int_equal(uv_timer_init(&loop, &alarm_timer), 0);
    assert_int_equal(uv_timer_start(&alarm_timer, on_alarm, 60000, 0), 0);
    uv_unref((uv_handle_t *)&alarm_timer);
}

static void alarm_stop(void)
{
    uv_close((uv_handle_t *)&alarm_timer, NULL);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
}

static void run_until(const int *count, int wanted)
{
    while (*count < wanted) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

/* ------------------------------------------------------------------ a server */

struct place {
    struct sync_server *server;
    struct sync_call *pull;
    int peers, refused, closed, calls_closed, pushes;
    enum tally_status refused_why;
    enum tally_status peer_answer;
    uint64_t acked;
    char peer_uri[128];
    uint8_t token_hash[TALLY_HASH_LEN];
    bool push_refused;
};

static void on_echo(void *context, struct sync_call *call, struct tally_slice message)
{
    (void)context;
    assert_int_equal(sync_call_send(call, message), TALLY_OK);
    sync_call_finish(call, SYNC_GRPC_OK, NULL);
}

static void on_wait(void *context, struct sync_call *call, struct tally_slice message)
{
    (void)context;
    (void)call;
    (void)message;
}

static void on_push(void *context, struct sync_call *call, struct tally_slice message)
{
    struct place *place = context;
    struct tally_msg_push_request request;
    struct tally_buffer reply = {0};
    place->pushes++;
    assert_int_equal(tally_msg_push_request_decode(message, &request), TALLY_OK);
    struct tally_msg_push_reply answer = {.acked_seq =
                                              request.first_seq + request.record_count - 1};
    memcpy(answer.chain, request.chain_after, TALLY_HASH_LEN);
    place->acked = answer.acked_seq;
    tally_msg_push_request_free(&request);
    assert_int_equal(tally_msg_push_reply_encode(&answer, &reply), TALLY_OK);
    assert_int_equal(sync_call_send(call, tally_buffer_slice(&reply)), TALLY_OK);
    sync_call_finish(call, SYNC_GRPC_OK, NULL);
    tally_buffer_free(&reply);
}

static void on_pull(void *context, struct sync_call *call, struct tally_slice message)
{
    struct place *place = context;
    struct tally_buffer bytes = {0};
    const struct tally_msg_pull_reply reply = {.cursor = 9, .caught_up = true, .hq_time_ms = 1};
    (void)message;
    place->pull = call; /* stays open */
    assert_int_equal(tally_msg_pull_reply_encode(&reply, &bytes), TALLY_OK);
    assert_int_equal(sync_call_send(call, tally_buffer_slice(&bytes)), TALLY_OK);
    tally_buffer_free(&bytes);
}

static void on_draw(void *context, struct sync_call *call, struct tally_slice message)
{
    struct tally_msg_draw_request request;
    struct tally_buffer bytes = {0};
    const struct tally_msg_draw_reply reply = {0};
    (void)context;
    assert_int_equal(tally_msg_draw_request_decode(message, &request), TALLY_OK);
    if (request.account == 404) {
        sync_call_finish(call, SYNC_GRPC_NOT_FOUND, NULL);
        return;
    }
    assert_int_equal(tally_msg_draw_reply_encode(&reply, &bytes), TALLY_OK);
    assert_int_equal(sync_call_send(call, tally_buffer_slice(&bytes)), TALLY_OK);
    sync_call_finish(call, SYNC_GRPC_OK, NULL);
    tally_buffer_free(&bytes);
}

static void on_enrol(void *context, struct sync_call *call, struct tally_slice message)
{
    struct place *place = context;
    struct tally_msg_enrol_request request;
    struct sync_token token;
    uint8_t hash[TALLY_HASH_LEN];
    char text[SYNC_TOKEN_TEXT_MAX] = "";
    assert_int_equal(tally_msg_enrol_request_decode(message, &request), TALLY_OK);
    assert_true(request.token.len < sizeof text);
    memcpy(text, request.token.data, request.token.len);
    assert_int_equal(sync_token_decode(text, &token), TALLY_OK);
    assert_int_equal(sync_token_hash(&token, hash), TALLY_OK);
    if (memcmp(hash, place->token_hash, sizeof hash) != 0) {
        sync_call_finish(call, SYNC_GRPC_PERMISSION_DENIED, "no such token");
        return;
    }
    struct tally_cert_request wanted = {.use = TALLY_CERT_TERMINAL,
                                        .name = "tally:terminal:31",
                                        .not_before_ms = 0,
                                        .not_after_ms = INT64_C(2500000000000),
                                        .serial = {1, 2, 3}};
    struct tally_buffer cert = {0}, reply = {0};
    assert_int_equal(tally_cert_issue_csr(&wanted, request.csr, tally_buffer_slice(&house.root.key),
                                          tally_buffer_slice(&house.root.cert), &cert),
                     TALLY_OK);
    struct tally_slice root = tally_buffer_slice(&house.root.cert);
    const struct tally_msg_enrol_reply answer = {.terminal = 31,
                                                 .shop = 4,
                                                 .epoch = 1,
                                                 .certificate = tally_buffer_slice(&cert),
                                                 .issuers = &root,
                                                 .issuer_count = 1,
                                                 .hq_name = house_text("localhost")};
    assert_int_equal(tally_msg_enrol_reply_encode(&answer, &reply), TALLY_OK);
    assert_int_equal(sync_call_send(call, tally_buffer_slice(&reply)), TALLY_OK);
    sync_call_finish(call, SYNC_GRPC_OK, NULL);
    tally_buffer_free(&cert);
    tally_buffer_free(&reply);
}

static void on_call_closed(void *context, struct sync_call *call)
{
    struct place *place = context;
    place->calls_closed++;
    if (place->pull == call) {
        place->pull = NULL;
    }
}

static enum tally_status on_peer(void *context, const struct sync_peer *peer)
{
    struct place *place = context;
    place->peers++;
    snprintf(place->peer_uri, sizeof place->peer_uri, "%s", peer->uri);
    assert_non_null(strstr(peer->address, "127.0.0.1 port "));
    return place->peer_answer;
}

static void on_refused(void *context, const char *address, enum tally_status status,
                       const char *detail)
{
    struct place *place = context;
    assert_non_null(address);
    assert_non_null(detail);
    place->refused++;
    place->refused_why = status;
}

static void on_closed_count(void *context)
{
    ++*(int *)context;
}

static void open_place(struct place *place, bool client_certificate, uint16_t port)
{
    static const struct sync_method methods[] = {{"/t/Echo", on_echo, on_call_closed, NULL},
                                                 {"/t/Wait", on_wait, on_call_closed, NULL},
                                                 {TALLY_RPC_PUSH, on_push, on_call_closed, NULL},
                                                 {TALLY_RPC_PULL, on_pull, on_call_closed, NULL},
                                                 {TALLY_RPC_DRAW, on_draw, on_call_closed, NULL},
                                                 {TALLY_RPC_ENROL, on_enrol, on_call_closed, NULL}};
    struct tally_slice issuers[1] = {tally_buffer_slice(&house.root.cert)};
    const struct sync_server_options options = {.host = "127.0.0.1",
                                                .port = port,
                                                .identity = house_hq(&house, issuers),
                                                .client_certificate = client_certificate,
                                                .methods = methods,
                                                .method_count = sizeof methods / sizeof methods[0],
                                                .context = place,
                                                .on_peer = on_peer,
                                                .on_refused = on_refused};
    *place = (struct place){0};
    assert_int_equal(sync_server_open(&loop, &options, &place->server), TALLY_OK);
    assert_true(sync_server_port(place->server) != 0);
}

static void close_place(struct place *place)
{
    sync_server_close(place->server, on_closed_count, &place->closed);
    run_until(&place->closed, 1);
}

/* ------------------------------------------------------------------ a client */

struct caller {
    struct sync_channel *channel;
    enum sync_channel_state state;
    enum tally_status why;
    int changes, ups, downs, done, messages, closed;
    enum tally_status transport;
    enum sync_grpc_status status;
    bool close_on_message, close_on_down, again_on_done, disconnect_on_up;
};

static const struct sync_call_handlers handlers;

static void call_echo(struct caller *caller)
{
    struct sync_call *call = NULL;
    if (sync_channel_call(caller->channel, "/t/Echo", 5000, &handlers, caller, &call) == TALLY_OK) {
        assert_int_equal(sync_call_send(call, house_text("hello")), TALLY_OK);
        sync_call_half_close(call);
    }
}

static void close_caller(struct caller *caller)
{
    struct sync_channel *channel = caller->channel;
    caller->channel = NULL;
    sync_channel_close(channel, on_closed_count, &caller->closed);
}

static void on_state(void *context, enum sync_channel_state state, enum tally_status why)
{
    struct caller *caller = context;
    caller->state = state;
    caller->why = why;
    caller->changes++;
    caller->ups += state == SYNC_CHANNEL_UP;
    caller->downs += state == SYNC_CHANNEL_DOWN;
    if (state == SYNC_CHANNEL_UP && caller->disconnect_on_up) {
        sync_channel_disconnect(caller->channel);
    }
    if (state == SYNC_CHANNEL_DOWN && caller->close_on_down && caller->channel != NULL) {
        close_caller(caller);
    }
}

static void on_message(void *context, struct sync_call *call, struct tally_slice message)
{
    struct caller *caller = context;
    (void)call;
    assert_int_equal(message.len, 5);
    caller->messages++;
    if (caller->close_on_message && caller->channel != NULL) {
        close_caller(caller);
    }
}

static void on_done(void *context, struct sync_call *call, enum tally_status transport,
                    enum sync_grpc_status status, const char *text)
{
    struct caller *caller = context;
    (void)call;
    (void)text;
    caller->done++;
    caller->transport = transport;
    caller->status = status;
    if (caller->again_on_done && caller->channel != NULL) {
        call_echo(caller);
    }
}

static const struct sync_call_handlers handlers = {on_message, on_done};

static void open_caller(struct caller *caller, const struct paper *paper, const char *host,
                        const char *name, uint16_t port)
{
    const struct sync_channel_options options = {.host = host,
                                                 .port = port,
                                                 .hq_name = name,
                                                 .identity = house_identity(&house, paper),
                                                 .context = caller,
                                                 .on_state = on_state};
    *caller = (struct caller){0};
    assert_int_equal(sync_channel_open(&loop, &options, &caller->channel), TALLY_OK);
}

static void connect_caller(struct caller *caller)
{
    int before = caller->ups + caller->downs;
    sync_channel_connect(caller->channel, 10000);
    while (caller->ups + caller->downs == before) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

static void finish_caller(struct caller *caller)
{
    if (caller->channel != NULL) {
        close_caller(caller);
    }
    run_until(&caller->closed, 1);
}

/* ------------------------------------------------------------------ connections */

static void a_terminal_calls_hq_over_a_socket_again_and_again(void **state)
{
    struct place place;
    struct caller caller;
    (void)state;
    alarm_start();
    open_place(&place, true, 0);
    open_caller(&caller, &house.terminal, "localhost", "localhost", sync_server_port(place.server));
    connect_caller(&caller);
    assert_int_equal(caller.state, SYNC_CHANNEL_UP);
    assert_non_null(sync_channel_peer(caller.channel));
    caller.again_on_done = true;
    call_echo(&caller);
    run_until(&caller.done, 50);
    assert_int_equal(caller.transport, TALLY_OK);
    assert_int_equal(caller.status, SYNC_GRPC_OK);
    assert_string_equal(place.peer_uri, "tally:terminal:7");
    caller.again_on_done = false;
    finish_caller(&caller);
    close_place(&place);
    assert_int_equal(place.refused, 0);
    alarm_stop();
}

static void a_channel_goes_down_and_up_on_request(void **state)
{
    struct place place;
    struct caller caller;
    (void)state;
    alarm_start();
    open_place(&place, true, 0);
    open_caller(&caller, &house.terminal, "127.0.0.1", "127.0.0.1", sync_server_port(place.server));
    for (int i = 1; i <= 3; i++) {
        connect_caller(&caller);
        assert_int_equal(caller.ups, i);
        sync_channel_disconnect(caller.channel);
        run_until(&caller.downs, i);
        assert_int_equal(caller.why, TALLY_E_OFFLINE);
    }
    finish_caller(&caller);
    close_place(&place);
    alarm_stop();
}

static void refusals_are_told_apart_on_both_sides(void **state)
{
    struct place place;
    struct caller caller;
    struct paper expired;
    (void)state;
    alarm_start();
    open_place(&place, true, 0);
    uint16_t port = sync_server_port(place.server);

    open_caller(&caller, &house.terminal, "127.0.0.1", "other.example", port);
    connect_caller(&caller);
    assert_int_equal(caller.why, TALLY_E_PEER_NAME);
    finish_caller(&caller);
    run_until(&place.refused, 1);

    paper_issue(&expired, TALLY_CERT_TERMINAL, "tally:terminal:7", PAPER_EXPIRED, &house.root);
    open_caller(&caller, &expired, "127.0.0.1", "localhost", port);
    connect_caller(&caller);
    run_until(&caller.downs, 1); /* with TLS 1.3 it is up for a moment */
    assert_int_equal(caller.why, TALLY_E_REVOKED);
    finish_caller(&caller);
    run_until(&place.refused, 2);
    assert_int_equal(place.refused_why, TALLY_E_PEER_EXPIRED);
    paper_free(&expired);

    place.peer_answer = TALLY_E_REVOKED; /* a good certificate, but HQ's table says no */
    open_caller(&caller, &house.terminal, "127.0.0.1", "localhost", port);
    connect_caller(&caller);
    run_until(&caller.downs, 1);
    assert_int_equal(caller.why, TALLY_E_REVOKED);
    finish_caller(&caller);
    run_until(&place.refused, 3);
    assert_int_equal(place.refused_why, TALLY_E_REVOKED);

    place.peer_answer = TALLY_OK; /* and everybody else is served */
    open_caller(&caller, &house.terminal, "127.0.0.1", "localhost", port);
    connect_caller(&caller);
    call_echo(&caller);
    run_until(&caller.done, 1);
    assert_int_equal(caller.transport, TALLY_OK);
    finish_caller(&caller);
    close_place(&place);
    alarm_stop();
}

static void on_mute_connection(uv_stream_t *stream, int error)
{
    (void)stream;
    (void)error;
}

static void nobody_there_is_offline_and_silence_is_a_timeout(void **state)
{
    struct place place;
    struct caller caller;
    uv_tcp_t mute;
    struct sockaddr_in address;
    int len = sizeof address;
    (void)state;
    alarm_start();
    open_place(&place, true, 0);
    uint16_t port = sync_server_port(place.server);
    close_place(&place);
    open_caller(&caller, &house.terminal, "127.0.0.1", "localhost", port);
    connect_caller(&caller);
    assert_int_equal(caller.why, TALLY_E_OFFLINE);
    finish_caller(&caller);
    open_caller(&caller, &house.terminal, "no-such-host.invalid", "localhost", port);
    connect_caller(&caller);
    assert_int_equal(caller.why, TALLY_E_OFFLINE);
    finish_caller(&caller);

    assert_int_equal(uv_tcp_init(&loop, &mute), 0); /* the kernel accepts, nobody speaks */
    assert_int_equal(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    assert_int_equal(uv_tcp_bind(&mute, (const struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&mute, 5, on_mute_connection), 0);
    assert_int_equal(uv_tcp_getsockname(&mute, (struct sockaddr *)&address, &len), 0);
    open_caller(&caller, &house.terminal, "127.0.0.1", "localhost", ntohs(address.sin_port));
    sync_channel_connect(caller.channel, 50);
    run_until(&caller.downs, 1);
    assert_int_equal(caller.why, TALLY_E_TIMEOUT);
    finish_caller(&caller);
    uv_close((uv_handle_t *)&mute, NULL);
    alarm_stop();
}

static void a_server_that_closes_ends_calls_and_connections(void **state)
{
    struct place place;
    struct caller caller;
    struct sync_call *call = NULL;
    (void)state;
    alarm_start();
    open_place(&place, true, 0);
    open_caller(&caller, &house.terminal, "127.0.0.1", "localhost", sync_server_port(place.server));
    connect_caller(&caller);
    assert_int_equal(sync_channel_call(caller.channel, "/t/Wait", 0, &handlers, &caller, &call),
                     TALLY_OK);
    assert_int_equal(sync_call_send(call, house_text("x")), TALLY_OK);
    call_echo(&caller);
    run_until(&caller.done, 1);
    close_place(&place);
    assert_int_equal(place.calls_closed, 2);
    run_until(&caller.downs, 1);
    assert_int_equal(caller.done, 2);
    assert_int_equal(caller.transport, TALLY_E_OFFLINE);
    assert_int_equal(sync_channel_call(caller.channel, "/t/Echo", 0, &handlers, &caller, &call),
                     TALLY_E_OFFLINE);
    finish_caller(&caller);
    alarm_stop();
}

static void a_channel_may_be_closed_at_any_moment(void **state)
{
    struct place place;
    (void)state;
    alarm_start();
    open_place(&place, true, 0);
    uint16_t port = sync_server_port(place.server);
    for (int turns = 0; turns < 40; turns++) { /* while looking up, connecting, shaking, calling */
        struct caller caller;
        open_caller(&caller, &house.terminal, turns % 2 ? "localhost" : "127.0.0.1", "localhost",
                    port);
        sync_channel_connect(caller.channel, 10000);
        for (int i = 0; i < turns; i++) {
            uv_run(&loop, UV_RUN_NOWAIT);
            if (caller.state == SYNC_CHANNEL_UP) {
                call_echo(&caller);
            }
        }
        finish_caller(&caller);
    }
    for (int how = 0; how < 3; how++) { /* from within its own callbacks */
        struct caller caller;
        open_caller(&caller, &house.terminal, "127.0.0.1", "localhost", port);
        caller.close_on_message = how == 0;
        caller.close_on_down = how > 0;
        caller.disconnect_on_up = how == 1;
        caller.again_on_done = true;
        if (how == 2) {
            place.peer_answer = TALLY_E_REVOKED;
        }
        sync_channel_connect(caller.channel, 10000);
        while (caller.closed == 0) {
            uv_run(&loop, UV_RUN_ONCE);
            if (how == 0 && caller.state == SYNC_CHANNEL_UP && caller.done == 0 &&
                caller.channel != NULL && caller.messages == 0) {
                call_echo(&caller);
                caller.state = SYNC_CHANNEL_CONNECTING; /* once */
            }
        }
    }
    close_place(&place);
    alarm_stop();
}

static void a_server_may_be_closed_at_any_moment(void **state)
{
    (void)state;
    alarm_start();
    for (int turns = 0; turns < 40; turns++) {
        struct place place;
        struct caller caller;
        open_place(&place, true, 0);
        open_caller(&caller, &house.terminal, "127.0.0.1", "localhost",
                    sync_server_port(place.server));
        sync_channel_connect(caller.channel, 10000);
        caller.again_on_done = true;
        for (int i = 0; i < turns; i++) {
            uv_run(&loop, UV_RUN_NOWAIT);
            if (caller.state == SYNC_CHANNEL_UP && caller.done == 0) {
                call_echo(&caller);
            }
        }
        caller.again_on_done = false;
        close_place(&place);
        finish_caller(&caller);
    }
    alarm_stop();
}

/* A stranger's socket. */
struct stranger {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    const char *text;
    int over;
    char buffer[1000];
};

static void stranger_gone(uv_handle_t *handle)
{
    ((struct stranger *)handle->data)->over = 1;
}

static void stranger_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    struct stranger *stranger = handle->data;
    (void)suggested;
    *ret_buffer = uv_buf_init(stranger->buffer, sizeof stranger->buffer);
}

static void stranger_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    (void)buffer;
    if (len < 0) {
        uv_close((uv_handle_t *)stream, stranger_gone);
    }
}

static void stranger_connected(uv_connect_t *request, int error)
{
    struct stranger *stranger = request->data;
    assert_int_equal(error, 0);
    uv_buf_t bytes =
        uv_buf_init((char *)(uintptr_t)stranger->text, (unsigned)strlen(stranger->text));
    assert_int_equal(uv_write(&stranger->write, (uv_stream_t *)&stranger->tcp, &bytes, 1, NULL), 0);
    assert_int_equal(uv_read_start((uv_stream_t *)&stranger->tcp, stranger_alloc, stranger_read),
                     0);
}

static void a_stranger_who_speaks_plain_text_is_hung_up_on_and_the_server_goes_on(void **state)
{
    static const char *const texts[] = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\n\n\n\n\n\n\n\n"};
    struct place place;
    struct caller caller;
    struct sockaddr_in address;
    (void)state;
    alarm_start();
    open_place(&place, true, 0);
    assert_int_equal(uv_ip4_addr("127.0.0.1", sync_server_port(place.server), &address), 0);
    for (int i = 0; i < 2; i++) {
        struct stranger stranger = {.text = texts[i]};
        assert_int_equal(uv_tcp_init(&loop, &stranger.tcp), 0);
        stranger.tcp.data = stranger.connect.data = &stranger;
        assert_int_equal(uv_tcp_connect(&stranger.connect, &stranger.tcp,
                                        (const struct sockaddr *)&address, stranger_connected),
                         0);
        run_until(&stranger.over, 1);
    }
    run_until(&place.refused, 2);
    assert_int_equal(place.refused_why, TALLY_E_PROTOCOL);
    assert_int_equal(place.peers, 0);
    open_caller(&caller, &house.terminal, "127.0.0.1", "localhost", sync_server_port(place.server));
    connect_caller(&caller);
    call_echo(&caller);
    run_until(&caller.done, 1);
    assert_int_equal(caller.transport, TALLY_OK);
    finish_caller(&caller);
    close_place(&place);
    alarm_stop();
}

/* ------------------------------------------------------------------ enrolment */

struct newcomer {
    struct sync_enrol *enrol;
    int done, closed;
    enum tally_status status;
    uint32_t terminal, shop, epoch;
    char hq_name[256];
    struct paper paper;
    bool root_is_ours;
};

static void on_enrolled(void *context, enum tally_status status,
                        const struct sync_enrol_result *result)
{
    struct newcomer *newcomer = context;
    newcomer->done++;
    newcomer->status = status;
    assert_true((result != NULL) == (status == TALLY_OK));
    if (result != NULL) {
        newcomer->terminal = result->terminal;
        newcomer->shop = result->shop;
        newcomer->epoch = result->epoch;
        memcpy(newcomer->hq_name, result->hq_name, sizeof newcomer->hq_name);
        assert_int_equal(
            tally_buffer_append(&newcomer->paper.key, result->key_pem.data, result->key_pem.len),
            TALLY_OK);
        assert_int_equal(
            tally_buffer_append(&newcomer->paper.cert, result->cert_der.data, result->cert_der.len),
            TALLY_OK);
        newcomer->root_is_ours =
            result->root_der.len == house.root.cert.len &&
            memcmp(result->root_der.data, house.root.cert.data, house.root.cert.len) == 0;
    }
    sync_enrol_close(newcomer->enrol, on_closed_count, &newcomer->closed); /* from within */
}

static void enrol(struct newcomer *newcomer, const struct sync_token *token, const char *host,
                  uint16_t port)
{
    char text[SYNC_TOKEN_TEXT_MAX];
    *newcomer = (struct newcomer){0};
    assert_int_equal(sync_token_encode(token, text), TALLY_OK);
    const struct sync_enrol_options options = {.host = host,
                                               .port = port,
                                               .token = text,
                                               .software = "test 1",
                                               .timeout_ms = 20000,
                                               .context = newcomer,
                                               .on_done = on_enrolled};
    assert_int_equal(sync_enrol_start(&loop, &options, &newcomer->enrol), TALLY_OK);
    run_until(&newcomer->closed, 1);
    assert_int_equal(newcomer->done, 1);
}

static void a_token_gives_a_newcomer_a_certificate_that_lets_it_in(void **state)
{
    struct place door, place;
    struct newcomer newcomer;
    struct caller caller;
    struct sync_token token = {.secret = {1, 2, 3}};
    (void)state;
    alarm_start();
    memcpy(token.root_pin, house.root_pin, TALLY_HASH_LEN);
    open_place(&door, false, 0);
    open_place(&place, true, 0);
    assert_int_equal(sync_token_hash(&token, door.token_hash), TALLY_OK);
    enrol(&newcomer, &token, "localhost", sync_server_port(door.server));
    assert_int_equal(newcomer.status, TALLY_OK);
    assert_int_equal(newcomer.terminal, 31);
    assert_int_equal(newcomer.shop, 4);
    assert_int_equal(newcomer.epoch, 1);
    assert_string_equal(newcomer.hq_name, "localhost");
    assert_true(newcomer.root_is_ours);
    open_caller(&caller, &newcomer.paper, "127.0.0.1", newcomer.hq_name,
                sync_server_port(place.server));
    connect_caller(&caller);
    call_echo(&caller);
    run_until(&caller.done, 1);
    assert_int_equal(caller.transport, TALLY_OK);
    assert_string_equal(place.peer_uri, "tally:terminal:31");
    finish_caller(&caller);
    paper_free(&newcomer.paper);
    close_place(&place);
    close_place(&door);
    alarm_stop();
}

static void a_wrong_token_another_hq_or_another_name_gets_nothing(void **state)
{
    struct place door;
    struct newcomer newcomer;
    struct sync_token token = {.secret = {1, 2, 3}};
    struct sync_enrol *none = NULL;
    const struct sync_enrol_options mistyped = {.host = "localhost",
                                                .port = 1,
                                                .token = "TLY-AAAAA",
                                                .software = "",
                                                .on_done = on_enrolled};
    (void)state;
    alarm_start();
    memcpy(token.root_pin, house.root_pin, TALLY_HASH_LEN);
    open_place(&door, false, 0);
    uint16_t port = sync_server_port(door.server);
    enrol(&newcomer, &token, "localhost", port); /* not in HQ's table */
    assert_int_equal(newcomer.status, TALLY_E_TOKEN);
    assert_int_equal(sync_token_hash(&token, door.token_hash), TALLY_OK);
    enrol(&newcomer, &token, "127.0.0.1", port);
    assert_int_equal(newcomer.status, TALLY_OK);
    paper_free(&newcomer.paper);
    int calls = door.calls_closed;
    token.root_pin[0] ^= 1; /* another HQ's token: its secret must not leave */
    enrol(&newcomer, &token, "localhost", port);
    assert_int_equal(newcomer.status, TALLY_E_PEER_UNTRUSTED);
    token.root_pin[0] ^= 1;
    assert_int_equal(door.calls_closed, calls);
    close_place(&door);
    enrol(&newcomer, &token, "localhost", port);
    assert_int_equal(newcomer.status, TALLY_E_OFFLINE);
    assert_int_equal(sync_enrol_start(&loop, &mistyped, &none), TALLY_E_TOKEN);
    assert_null(none);
    alarm_stop();
}

/* ------------------------------------------------------------------ the engine, driven */

struct outbox {
    uint64_t newest, acked;
    uint64_t cursor;
    int changed, pulled;
};

static void port_outbox(void *self, struct sync_outbox *ret_outbox)
{
    const struct outbox *outbox = self;
    *ret_outbox = (struct sync_outbox){1, outbox->newest, outbox->acked};
}

static enum tally_status port_read_event(void *self, uint64_t seq, struct tally_buffer *ret_event,
                                         struct tally_buffer *ret_sidecar,
                                         uint8_t ret_chain[TALLY_HASH_LEN])
{
    static const uint8_t bytes[1000];
    (void)self;
    (void)ret_sidecar;
    memset(ret_chain, (int)seq, TALLY_HASH_LEN);
    return tally_buffer_append(ret_event, bytes, sizeof bytes);
}

static enum tally_status port_chain_at(void *self, uint64_t seq, uint8_t ret_chain[TALLY_HASH_LEN])
{
    (void)self;
    memset(ret_chain, (int)seq, TALLY_HASH_LEN);
    return TALLY_OK;
}

static enum tally_status port_acked(void *self, uint32_t epoch, uint64_t seq,
                                    const uint8_t chain[TALLY_HASH_LEN])
{
    struct outbox *outbox = self;
    assert_int_equal(epoch, 1);
    assert_int_equal(chain[0], (uint8_t)seq);
    outbox->acked = seq > outbox->acked ? seq : outbox->acked;
    return TALLY_OK;
}

static void port_cursor(void *self, struct sync_cursor *ret_cursor)
{
    *ret_cursor = (struct sync_cursor){.cursor = ((struct outbox *)self)->cursor};
}

static enum tally_status port_pulled(void *self, const struct tally_msg_pull_reply *reply)
{
    struct outbox *outbox = self;
    outbox->cursor = reply->cursor;
    outbox->pulled++;
    return TALLY_OK;
}

static enum tally_status port_drawn(void *self, const struct tally_msg_draw_reply *reply)
{
    (void)self;
    (void)reply;
    return TALLY_OK;
}

static void port_changed(void *self)
{
    ((struct outbox *)self)->changed++;
}

struct drawing {
    int done;
    enum tally_status status;
};

static void on_drawn(void *context, enum tally_status status)
{
    struct drawing *drawing = context;
    drawing->done++;
    drawing->status = status;
}

static void the_engine_pushes_pulls_and_draws_and_survives_hqs_restart(void **state)
{
    static const uint8_t id[SYNC_REQUEST_ID_LEN] = {1};
    struct outbox outbox = {.newest = 300};
    const struct sync_engine_store store = {.self = &outbox,
                                            .outbox = port_outbox,
                                            .read_event = port_read_event,
                                            .chain_at = port_chain_at,
                                            .acked = port_acked,
                                            .cursor = port_cursor,
                                            .pulled = port_pulled,
                                            .drawn = port_drawn,
                                            .changed = port_changed};
    struct place place;
    struct sync_drive *drive = NULL;
    struct sync_engine_status status;
    struct drawing drawing = {0};
    int closed = 0;
    (void)state;
    alarm_start();
    open_place(&place, true, 0);
    uint16_t port = sync_server_port(place.server);
    const struct sync_channel_options options = {.host = "127.0.0.1",
                                                 .port = port,
                                                 .hq_name = "localhost",
                                                 .identity =
                                                     house_identity(&house, &house.terminal)};
    assert_int_equal(sync_drive_open(&loop, &options, &store, &drive), TALLY_OK);
    while (outbox.acked < 300 || outbox.pulled == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    assert_true(place.pushes >= 5); /* 64 KB each at most */
    assert_int_equal(outbox.cursor, 9);
    assert_true(outbox.changed > 0);

    outbox.newest++; /* a sale */
    sync_engine_poke(sync_drive_engine(drive), sync_drive_now(drive));
    while (outbox.acked < 301) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    assert_int_equal(sync_engine_draw(sync_drive_engine(drive), 5, 0, 10, id, on_drawn, &drawing,
                                      sync_drive_now(drive)),
                     TALLY_OK);
    run_until(&drawing.done, 1);
    assert_int_equal(drawing.status, TALLY_OK);
    assert_int_equal(sync_engine_draw(sync_drive_engine(drive), 404, 0, 10, id, on_drawn, &drawing,
                                      sync_drive_now(drive)),
                     TALLY_OK);
    run_until(&drawing.done, 2);
    assert_int_equal(drawing.status, TALLY_E_NOT_FOUND);

    close_place(&place); /* HQ goes away... */
    do {
        uv_run(&loop, UV_RUN_ONCE);
        sync_engine_status(sync_drive_engine(drive), &status);
    } while (status.channel == SYNC_CHANNEL_UP);
    outbox.newest += 5;
    sync_engine_poke(sync_drive_engine(drive), sync_drive_now(drive));
    assert_int_equal(sync_engine_draw(sync_drive_engine(drive), 5, 0, 10, id, on_drawn, &drawing,
                                      sync_drive_now(drive)),
                     TALLY_E_OFFLINE);
    open_place(&place, true, port); /* ...and comes back at the same place */
    while (outbox.acked < 306) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    sync_engine_status(sync_drive_engine(drive), &status);
    assert_int_equal(status.pending, 0);
    assert_int_equal(status.channel, SYNC_CHANNEL_UP);
    assert_int_equal(sync_engine_draw(sync_drive_engine(drive), 5, 0, 10, id, on_drawn, &drawing,
                                      sync_drive_now(drive)),
                     TALLY_OK);
    sync_drive_close(drive, on_closed_count, &closed); /* with a draw under way */
    assert_int_equal(drawing.done, 3);
    assert_int_equal(drawing.status, TALLY_E_OFFLINE);
    run_until(&closed, 1);
    close_place(&place);
    alarm_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_calls_hq_over_a_socket_again_and_again),
        cmocka_unit_test(a_channel_goes_down_and_up_on_request),
        cmocka_unit_test(refusals_are_told_apart_on_both_sides),
        cmocka_unit_test(nobody_there_is_offline_and_silence_is_a_timeout),
        cmocka_unit_test(a_server_that_closes_ends_calls_and_connections),
        cmocka_unit_test(a_channel_may_be_closed_at_any_moment),
        cmocka_unit_test(a_server_may_be_closed_at_any_moment),
        cmocka_unit_test(a_stranger_who_speaks_plain_text_is_hung_up_on_and_the_server_goes_on),
        cmocka_unit_test(a_token_gives_a_newcomer_a_certificate_that_lets_it_in),
        cmocka_unit_test(a_wrong_token_another_hq_or_another_name_gets_nothing),
        cmocka_unit_test(the_engine_pushes_pulls_and_draws_and_survives_hqs_restart),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
