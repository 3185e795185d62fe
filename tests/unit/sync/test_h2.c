/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC calls between two ends in memory: framing, statuses, deadlines, cancelling, flow control. */
#include "app/sync/h2.h"

#include "app/base/alloc.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* ------------------------------------------------------------------ a server that echoes */

struct world {
    struct sync_h2 *client, *server;
    size_t step; /* bytes handed over at a time; 0: all */
    int64_t now_ms;
    enum tally_status client_status, server_status;
    struct sync_call *waiting; /* a call that the server does not answer */
    int closed;                /* on_closed calls */
    int to_send;               /* messages that a stream still owes */
    size_t unsent_max;
    /* what the client saw */
    int messages, done;
    struct tally_buffer last;
    enum tally_status transport;
    enum sync_grpc_status status;
    char text[300];
};

static struct tally_slice text_slice(const char *text)
{
    return (struct tally_slice){(const uint8_t *)text, strlen(text)};
}

static void echo(void *context, struct sync_call *call, struct tally_slice message)
{
    (void)context;
    assert_int_equal(sync_call_send(call, message), TALLY_OK);
    sync_call_finish(call, SYNC_GRPC_OK, NULL);
}

static void refuse(void *context, struct sync_call *call, struct tally_slice message)
{
    (void)context;
    (void)message;
    sync_call_finish(call, SYNC_GRPC_FAILED_PRECONDITION, "gap at 7: 100% odd\n\xe7\xa9\xba");
}

static void wait_for_ever(void *context, struct sync_call *call, struct tally_slice message)
{
    struct world *world = context;
    (void)message;
    world->waiting = call;
}

enum { STREAM_MESSAGE_LEN = 50000 };

static void send_some(struct world *world, struct sync_call *call)
{
    static uint8_t bytes[STREAM_MESSAGE_LEN];
    while (world->to_send > 0 && sync_call_unsent(call) < 200000) {
        bytes[0] = (uint8_t)world->to_send--;
        assert_int_equal(sync_call_send(call, (struct tally_slice){bytes, sizeof bytes}), TALLY_OK);
        if (sync_call_unsent(call) > world->unsent_max) {
            world->unsent_max = sync_call_unsent(call);
        }
    }
    if (world->to_send == 0) {
        sync_call_finish(call, SYNC_GRPC_OK, NULL);
    }
}

static void stream(void *context, struct sync_call *call, struct tally_slice message)
{
    (void)message;
    send_some(context, call);
}

static void stream_writable(void *context, struct sync_call *call)
{
    send_some(context, call);
}

static void on_closed(void *context, struct sync_call *call)
{
    struct world *world = context;
    if (world->waiting == call) {
        world->waiting = NULL;
    }
    world->closed++;
}

static const struct sync_method methods[] = {{"/t/Echo", echo, on_closed, NULL},
                                             {"/t/Refuse", refuse, on_closed, NULL},
                                             {"/t/Wait", wait_for_ever, on_closed, NULL},
                                             {"/t/Stream", stream, on_closed, stream_writable}};

/* ------------------------------------------------------------------ the client */

static void on_message(void *context, struct sync_call *call, struct tally_slice message)
{
    struct world *world = context;
    (void)call;
    world->messages++;
    world->last.len = 0;
    assert_int_equal(tally_buffer_append(&world->last, message.data, message.len), TALLY_OK);
}

static void on_done(void *context, struct sync_call *call, enum tally_status transport,
                    enum sync_grpc_status status, const char *text)
{
    struct world *world = context;
    (void)call;
    world->done++;
    world->transport = transport;
    world->status = status;
    snprintf(world->text, sizeof world->text, "%s", text);
}

static const struct sync_call_handlers handlers = {on_message, on_done};

static void open_world(struct world *world, size_t step, size_t server_message_max)
{
    *world = (struct world){.step = step, .now_ms = 1000};
    const struct sync_h2_options server = {.server = true,
                                           .message_len_max = server_message_max,
                                           .methods = methods,
                                           .method_count = sizeof methods / sizeof methods[0],
                                           .method_context = world};
    const struct sync_h2_options client = {.message_len_max = SYNC_MESSAGE_LEN_MAX,
                                           .authority = "hq.example:8443"};
    assert_int_equal(sync_h2_open(&server, &world->server), TALLY_OK);
    assert_int_equal(sync_h2_open(&client, &world->client), TALLY_OK);
}

static void close_world(struct world *world)
{
    sync_h2_close(world->client, TALLY_E_OFFLINE);
    sync_h2_close(world->server, TALLY_E_OFFLINE);
    tally_buffer_free(&world->last);
}

static bool carry(struct world *world, struct sync_h2 *from, struct sync_h2 *to,
                  enum tally_status *to_status)
{
    struct tally_buffer bytes = {0};
    assert_int_equal(sync_h2_take(from, 60000, world->now_ms, &bytes), TALLY_OK);
    size_t step = world->step > 0 ? world->step : bytes.len;
    for (size_t at = 0; at < bytes.len; at += step) {
        size_t len = bytes.len - at < step ? bytes.len - at : step;
        if (*to_status == TALLY_OK) {
            *to_status =
                sync_h2_feed(to, (struct tally_slice){bytes.data + at, len}, world->now_ms);
        }
    }
    bool any = bytes.len > 0;
    tally_buffer_free(&bytes);
    return any;
}

static void run(struct world *world)
{
    bool any = true;
    while (any) {
        any = carry(world, world->client, world->server, &world->server_status);
        any = carry(world, world->server, world->client, &world->client_status) || any;
    }
    assert_int_equal(world->client_status, TALLY_OK);
    assert_int_equal(world->server_status, TALLY_OK);
}

static struct sync_call *call(struct world *world, const char *path, uint32_t deadline_ms,
                              struct tally_slice message)
{
    struct sync_call *made = NULL;
    assert_int_equal(
        sync_h2_call(world->client, path, deadline_ms, world->now_ms, &handlers, world, &made),
        TALLY_OK);
    assert_int_equal(sync_call_send(made, message), TALLY_OK);
    sync_call_half_close(made);
    return made;
}

/* ------------------------------------------------------------------ tests */

static void a_unary_call_is_answered_whole_and_byte_by_byte(void **state)
{
    (void)state;
    for (size_t step = 0; step <= 7; step++) {
        struct world world;
        open_world(&world, step, SYNC_MESSAGE_LEN_MAX);
        call(&world, "/t/Echo", 3000, text_slice("hello"));
        run(&world);
        assert_int_equal(world.messages, 1);
        assert_int_equal(world.last.len, 5);
        assert_memory_equal(world.last.data, "hello", 5);
        assert_int_equal(world.done, 1);
        assert_int_equal(world.transport, TALLY_OK);
        assert_int_equal(world.status, SYNC_GRPC_OK);
        assert_int_equal(world.closed, 1);
        close_world(&world);
    }
}

static void messages_of_any_size_up_to_the_limit_come_through(void **state)
{
    (void)state;
    static uint8_t big[SYNC_MESSAGE_LEN_MAX + 1];
    static const size_t sizes[] = {0, 1, 16379, 16384, 65535, 65536, 1 << 20, SYNC_MESSAGE_LEN_MAX};
    for (size_t i = 0; i < sizeof big; i++) {
        big[i] = (uint8_t)(i * 31 + i / 256);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct world world;
        open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
        call(&world, "/t/Echo", 0, (struct tally_slice){big, sizes[i]});
        run(&world);
        assert_int_equal(world.transport, TALLY_OK);
        assert_int_equal(world.status, SYNC_GRPC_OK);
        assert_int_equal(world.last.len, sizes[i]);
        if (sizes[i] > 0) {
            assert_memory_equal(world.last.data, big, sizes[i]);
        }
        close_world(&world);
    }
}

static void a_message_over_the_limit_is_refused_and_the_next_is_served(void **state)
{
    (void)state;
    static uint8_t big[SYNC_MESSAGE_LEN_MAX + 1];
    struct world world;
    struct sync_call *made = NULL;
    open_world(&world, 0, 1000);
    call(&world, "/t/Echo", 0, (struct tally_slice){big, 1001});
    run(&world);
    assert_int_equal(world.transport, TALLY_OK);
    assert_int_equal(world.status, SYNC_GRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(world.messages, 0);
    call(&world, "/t/Echo", 0, (struct tally_slice){big, 1000});
    run(&world);
    assert_int_equal(world.status, SYNC_GRPC_OK);
    assert_int_equal(
        sync_h2_call(world.client, "/t/Echo", 0, world.now_ms, &handlers, &world, &made), TALLY_OK);
    assert_int_equal(sync_call_send(made, (struct tally_slice){big, sizeof big}), TALLY_E_INVALID);
    close_world(&world);
}

static void an_unknown_method_is_unimplemented(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 1, SYNC_MESSAGE_LEN_MAX);
    call(&world, "/t/Nothing", 0, text_slice("x"));
    run(&world);
    assert_int_equal(world.transport, TALLY_OK);
    assert_int_equal(world.status, SYNC_GRPC_UNIMPLEMENTED);
    assert_int_equal(world.closed, 0);
    close_world(&world);
}

static void a_refusal_carries_its_status_and_its_text(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 1, SYNC_MESSAGE_LEN_MAX);
    call(&world, "/t/Refuse", 0, text_slice("x"));
    run(&world);
    assert_int_equal(world.transport, TALLY_OK);
    assert_int_equal(world.status, SYNC_GRPC_FAILED_PRECONDITION);
    assert_string_equal(world.text, "gap at 7: 100% odd \xe7\xa9\xba"); /* the line feed is gone */
    close_world(&world);
}

static void a_long_stream_comes_in_order_and_is_never_held_in_memory_whole(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
    world.to_send = 200; /* 10 MB */
    call(&world, "/t/Stream", 0, text_slice(""));
    run(&world);
    assert_int_equal(world.messages, 200);
    assert_int_equal(world.last.data[0], 1);
    assert_int_equal(world.status, SYNC_GRPC_OK);
    assert_int_equal(world.transport, TALLY_OK);
    assert_true(world.unsent_max < 300000);
    close_world(&world);
}

static void a_call_overtakes_a_stream_on_the_same_connection(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
    world.to_send = 2000; /* 100 MB */
    call(&world, "/t/Stream", 0, text_slice(""));
    for (int i = 0; i < 5; i++) {
        carry(&world, world.client, world.server, &world.server_status);
        carry(&world, world.server, world.client, &world.client_status);
    }
    call(&world, "/t/Echo", 3000, text_slice("draw"));
    int rounds = 0;
    while (world.done == 0 && rounds++ < 100) {
        carry(&world, world.client, world.server, &world.server_status);
        carry(&world, world.server, world.client, &world.client_status);
    }
    assert_int_equal(world.done, 1); /* and not after all of the stream */
    assert_true(world.to_send > 1000);
    close_world(&world);
}

static void a_call_that_is_not_answered_ends_at_its_deadline_on_both_sides(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
    call(&world, "/t/Wait", 3000, text_slice("x"));
    run(&world);
    assert_non_null(world.waiting);
    assert_int_equal(sync_h2_deadline(world.client), 4000);
    assert_int_equal(sync_h2_deadline(world.server), 4000); /* it was told */
    sync_h2_on_time(world.client, 3999);
    assert_int_equal(world.done, 0);
    world.now_ms = 4000;
    sync_h2_on_time(world.client, 4000);
    assert_int_equal(world.done, 1);
    assert_int_equal(world.transport, TALLY_E_TIMEOUT);
    assert_int_equal(world.status, SYNC_GRPC_DEADLINE_EXCEEDED);
    run(&world);
    assert_null(world.waiting);
    assert_int_equal(world.closed, 1);
    assert_int_equal(sync_h2_deadline(world.client), INT64_MAX);
    close_world(&world);
}

static void a_server_ends_a_call_at_its_deadline_by_itself(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
    call(&world, "/t/Wait", 3000, text_slice("x"));
    run(&world);
    world.now_ms = 4000;
    sync_h2_on_time(world.server, 4000);
    run(&world);
    assert_int_equal(world.done, 1);
    assert_int_equal(world.transport, TALLY_OK);
    assert_int_equal(world.status, SYNC_GRPC_DEADLINE_EXCEEDED);
    assert_int_equal(world.closed, 1);
    close_world(&world);
}

static void cancelling_ends_the_call_on_both_sides(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
    struct sync_call *made = call(&world, "/t/Wait", 0, text_slice("x"));
    run(&world);
    assert_non_null(world.waiting);
    sync_call_cancel(made);
    run(&world);
    assert_int_equal(world.done, 1);
    assert_int_equal(world.transport, TALLY_E_OFFLINE);
    assert_int_equal(world.closed, 1);
    close_world(&world);
}

static void cancelling_before_anything_was_sent_still_ends_the_call(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
    sync_call_cancel(call(&world, "/t/Wait", 0, text_slice("x")));
    run(&world);
    assert_int_equal(world.done, 1);
    close_world(&world);
}

static void a_deadline_before_anything_was_sent_ends_the_call_once(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
    call(&world, "/t/Echo", 10, text_slice("x"));
    world.now_ms += 10;
    sync_h2_on_time(world.client, world.now_ms);
    assert_int_equal(world.done, 1);
    run(&world);
    assert_int_equal(world.done, 1);
    close_world(&world);
}

static void a_broken_connection_ends_every_call_once_on_both_sides(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
    for (int i = 0; i < 10; i++) {
        call(&world, "/t/Wait", 0, text_slice("x"));
    }
    run(&world);
    close_world(&world);
    assert_int_equal(world.done, 10);
    assert_int_equal(world.transport, TALLY_E_OFFLINE);
    assert_int_equal(world.closed, 10);
}

static void more_calls_than_the_server_takes_at_once_wait_their_turn(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
    run(&world);
    for (int i = 0; i < 3 * SYNC_H2_STREAMS_MAX; i++) {
        call(&world, "/t/Echo", 0, text_slice("x"));
    }
    run(&world);
    assert_int_equal(world.done, 3 * SYNC_H2_STREAMS_MAX);
    assert_int_equal(world.status, SYNC_GRPC_OK);
    close_world(&world);
}

static void an_end_announced_by_the_server_is_noticed(void **state)
{
    (void)state;
    struct world world;
    struct sync_call *made = NULL;
    open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
    call(&world, "/t/Wait", 0, text_slice("x"));
    run(&world);
    assert_false(sync_h2_is_over(world.client));
    sync_h2_goaway(world.server);
    carry(&world, world.server, world.client, &world.client_status);
    assert_true(sync_h2_is_over(world.client));
    assert_int_equal(sync_h2_call(world.client, "/t/Echo", 0, 0, &handlers, &world, &made),
                     TALLY_E_OFFLINE);
    close_world(&world);
}

static void what_is_not_http2_is_refused_and_noise_never_crashes(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
    assert_int_equal(sync_h2_feed(world.server, text_slice("GET / HTTP/1.1\r\n\r\n"), 0),
                     TALLY_E_PROTOCOL);
    close_world(&world);
    srand(11); /* a fixed seed: the same noise each time */
    for (int round = 0; round < 500; round++) {
        struct tally_buffer bytes = {0};
        open_world(&world, 0, SYNC_MESSAGE_LEN_MAX);
        call(&world, "/t/Echo", 3000, text_slice("hello"));
        call(&world, "/t/Stream", 0, text_slice(""));
        assert_int_equal(sync_h2_take(world.client, 60000, 0, &bytes), TALLY_OK);
        for (int i = 0; i < 3; i++) { /* behind the preface */
            bytes.data[24 + (size_t)rand() % (bytes.len - 24)] ^= (uint8_t)(1 + rand() % 255);
        }
        (void)!sync_h2_feed(world.server, tally_buffer_slice(&bytes), 0);
        bytes.len = 0;
        (void)!sync_h2_take(world.server, 60000, 0, &bytes);
        tally_buffer_free(&bytes);
        close_world(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unary_call_is_answered_whole_and_byte_by_byte),
        cmocka_unit_test(messages_of_any_size_up_to_the_limit_come_through),
        cmocka_unit_test(a_message_over_the_limit_is_refused_and_the_next_is_served),
        cmocka_unit_test(an_unknown_method_is_unimplemented),
        cmocka_unit_test(a_refusal_carries_its_status_and_its_text),
        cmocka_unit_test(a_long_stream_comes_in_order_and_is_never_held_in_memory_whole),
        cmocka_unit_test(a_call_overtakes_a_stream_on_the_same_connection),
        cmocka_unit_test(a_call_that_is_not_answered_ends_at_its_deadline_on_both_sides),
        cmocka_unit_test(a_server_ends_a_call_at_its_deadline_by_itself),
        cmocka_unit_test(cancelling_ends_the_call_on_both_sides),
        cmocka_unit_test(cancelling_before_anything_was_sent_still_ends_the_call),
        cmocka_unit_test(a_deadline_before_anything_was_sent_ends_the_call_once),
        cmocka_unit_test(a_broken_connection_ends_every_call_once_on_both_sides),
        cmocka_unit_test(more_calls_than_the_server_takes_at_once_wait_their_turn),
        cmocka_unit_test(an_end_announced_by_the_server_is_noticed),
        cmocka_unit_test(what_is_not_http2_is_refused_and_noise_never_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
