/* SPDX-License-Identifier: Apache-2.0 */
/* The sync engine against a network, an outbox and a head office (HQ) that hold state.
 *
 * TALLY_TEST_SEED repeats a run; the seed is printed at the start. */
#include "app/sync/engine.h"

#include "app/base/alloc.h"
#include "app/crypto/crypto.h"
#include "app/proto/messages.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EVENTS_MAX = 6000, CALLS_MAX = 4096, EPOCH = 3 };

/* ------------------------------------------------------------------ the fakes */

struct fake_call {
    uint64_t name;
    const char *path;
    uint32_t deadline_ms;
    struct tally_buffer request;
    bool open;
};

struct fake_event {
    size_t len, sidecar_len;
    uint8_t first; /* the bytes count up from it */
    uint8_t chain[TALLY_HASH_LEN];
};

struct world {
    struct sync_engine *engine;
    int64_t now_ms;
    uint64_t random_state;
    bool in_channel; /* the net is telling of the connection: a bad moment to connect */
    bool closing;    /* sync_engine_close has not returned */
    bool drawing;    /* sync_engine_draw has not returned */

    /* the network */
    int64_t timer_at;
    unsigned connects;
    struct fake_call calls[CALLS_MAX];
    size_t call_count;
    unsigned cancels;
    enum tally_status call_status; /* what the next calls answer */

    /* the store */
    struct fake_event events[EVENTS_MAX];
    struct sync_outbox outbox;
    uint64_t broken_seq; /* reading this event answers... */
    enum tally_status broken_status;
    unsigned broken_reads;
    unsigned acks;
    struct sync_cursor cursor;
    enum tally_status pulled_status;
    unsigned pulled;
    enum tally_status drawn_status;
    uint64_t drawn_grants;
    unsigned changes;
    struct sync_engine_status told;

    /* head office */
    uint64_t hq_seq;
    uint8_t hq_chain[TALLY_HASH_LEN];
};

static uint64_t seed;

static uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15); /* splitmix64 (Steele, Lea, Flood 2014) */
    uint64_t mixed = *state;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

static void net_connect(void *self, uint32_t timeout_ms)
{
    struct world *world = self;
    assert_int_equal(SYNC_CONNECT_TIMEOUT_MS, timeout_ms);
    assert_false(world->in_channel);
    world->connects++;
}

static void net_disconnect(void *self)
{
    (void)self;
    fail();
}

static unsigned open_calls(const struct world *world, const char *path)
{
    unsigned count = 0;
    for (size_t i = 0; i < world->call_count; i++) {
        count += world->calls[i].open && strcmp(world->calls[i].path, path) == 0;
    }
    return count;
}

static unsigned calls_ever(const struct world *world, const char *path)
{
    unsigned count = 0;
    for (size_t i = 0; i < world->call_count; i++) {
        count += strcmp(world->calls[i].path, path) == 0;
    }
    return count;
}

static enum tally_status net_call(void *self, uint64_t name, const char *path, uint32_t deadline_ms,
                                  struct tally_slice request)
{
    struct world *world = self;
    assert_true(world->call_count < CALLS_MAX);
    if (world->call_status != TALLY_OK) {
        return world->call_status;
    }
    for (size_t i = 0; i < world->call_count; i++) {
        assert_true(world->calls[i].name != name);
    }
    struct fake_call *call = &world->calls[world->call_count++];
    *call =
        (struct fake_call){.name = name, .path = path, .deadline_ms = deadline_ms, .open = true};
    assert_int_equal(TALLY_OK, tally_buffer_append(&call->request, request.data, request.len));
    assert_true(open_calls(world, TALLY_RPC_PUSH) <= 1);
    assert_true(open_calls(world, TALLY_RPC_PULL) <= 1);
    return TALLY_OK;
}

static void net_cancel(void *self, uint64_t name)
{
    struct world *world = self;
    for (size_t i = 0; i < world->call_count; i++) {
        if (world->calls[i].name == name) {
            assert_true(world->calls[i].open);
            world->calls[i].open = false;
            world->cancels++;
            return;
        }
    }
    fail();
}

static void net_set_timer(void *self, int64_t at_ms)
{
    struct world *world = self;
    assert_true(at_ms >= world->now_ms);
    world->timer_at = at_ms;
}

static uint32_t net_random(void *self)
{
    struct world *world = self;
    return (uint32_t)(next_random(&world->random_state) >> 32);
}

static void store_outbox(void *self, struct sync_outbox *ret_outbox)
{
    *ret_outbox = ((struct world *)self)->outbox;
}

static void event_bytes(const struct fake_event *event, struct tally_buffer *bytes)
{
    assert_int_equal(TALLY_OK, tally_buffer_reserve(bytes, event->len));
    for (size_t i = 0; i < event->len; i++) {
        bytes->data[bytes->len++] = (uint8_t)(event->first + i);
    }
}

static enum tally_status store_read_event(void *self, uint64_t seq, struct tally_buffer *ret_event,
                                          struct tally_buffer *ret_sidecar,
                                          uint8_t ret_chain[TALLY_HASH_LEN])
{
    struct world *world = self;
    assert_true(seq > world->outbox.acked_seq && seq <= world->outbox.newest_seq);
    if (seq == world->broken_seq) {
        world->broken_reads++;
        return world->broken_status;
    }
    event_bytes(&world->events[seq], ret_event);
    for (size_t i = 0; i < world->events[seq].sidecar_len; i++) {
        uint8_t byte = (uint8_t)(seq + i);
        assert_int_equal(TALLY_OK, tally_buffer_append(ret_sidecar, &byte, 1));
    }
    memcpy(ret_chain, world->events[seq].chain, TALLY_HASH_LEN);
    return TALLY_OK;
}

static enum tally_status store_chain_at(void *self, uint64_t seq, uint8_t ret_chain[TALLY_HASH_LEN])
{
    struct world *world = self;
    assert_int_equal(world->outbox.acked_seq, seq);
    memcpy(ret_chain, world->events[seq].chain, TALLY_HASH_LEN);
    return TALLY_OK;
}

static enum tally_status store_acked(void *self, uint32_t epoch, uint64_t seq,
                                     const uint8_t chain[TALLY_HASH_LEN])
{
    struct world *world = self;
    world->acks++;
    if (epoch != world->outbox.epoch || seq > world->outbox.newest_seq ||
        memcmp(chain, world->events[seq].chain, TALLY_HASH_LEN) != 0) {
        return TALLY_E_CHAIN;
    }
    if (seq > world->outbox.acked_seq) {
        world->outbox.acked_seq = seq;
    }
    return TALLY_OK;
}

static void store_cursor(void *self, struct sync_cursor *ret_cursor)
{
    *ret_cursor = ((struct world *)self)->cursor;
}

static enum tally_status store_pulled(void *self, const struct tally_msg_pull_reply *reply)
{
    struct world *world = self;
    world->pulled++;
    if (world->pulled_status == TALLY_OK) {
        world->cursor.cursor = reply->cursor;
    }
    return world->pulled_status;
}

static enum tally_status store_drawn(void *self, const struct tally_msg_draw_reply *reply)
{
    struct world *world = self;
    world->drawn_grants += reply->grant_count;
    return world->drawn_status;
}

static void store_changed(void *self)
{
    struct world *world = self;
    struct sync_engine_status status;
    sync_engine_status(world->engine, &status);
    const struct sync_engine_status *told = &world->told;
    assert_true(status.channel != told->channel || status.why != told->why ||
                status.push_why != told->push_why || status.pull_why != told->pull_why ||
                status.caught_up != told->caught_up || status.acked_seq != told->acked_seq ||
                status.pending != told->pending || status.next_try_ms != told->next_try_ms ||
                status.failures != told->failures);
    world->told = status;
    world->changes++;
}

/* ------------------------------------------------------------------ the world */

static void open_engine(struct world *world)
{
    const struct sync_engine_net net = {.self = world,
                                        .connect = net_connect,
                                        .disconnect = net_disconnect,
                                        .call = net_call,
                                        .cancel = net_cancel,
                                        .set_timer = net_set_timer,
                                        .random = net_random};
    const struct sync_engine_store store = {.self = world,
                                            .outbox = store_outbox,
                                            .read_event = store_read_event,
                                            .chain_at = store_chain_at,
                                            .acked = store_acked,
                                            .cursor = store_cursor,
                                            .pulled = store_pulled,
                                            .drawn = store_drawn,
                                            .changed = store_changed};
    assert_int_equal(TALLY_OK, sync_engine_open(&net, &store, &world->engine));
}

static struct world *a_world(void)
{
    struct world *world = tally_alloc(1, sizeof *world);
    assert_non_null(world);
    world->now_ms = 1000;
    world->random_state = next_random(&seed);
    world->timer_at = SYNC_NO_TIMER;
    world->outbox.epoch = EPOCH;
    world->told.next_try_ms = SYNC_NO_TIMER;
    world->told.last_contact_ms = -1;
    open_engine(world);
    return world;
}

static void forget_calls(struct world *world)
{
    for (size_t i = 0; i < world->call_count; i++) {
        tally_buffer_free(&world->calls[i].request);
    }
    world->call_count = 0;
}

static void end_world(struct world *world)
{
    sync_engine_close(world->engine);
    forget_calls(world);
    tally_free(world);
}

static struct sync_engine_status status_of(const struct world *world)
{
    struct sync_engine_status status;
    sync_engine_status(world->engine, &status);
    return status;
}

static void channel(struct world *world, enum sync_channel_state state, enum tally_status why)
{
    world->in_channel = true;
    if (state == SYNC_CHANNEL_DOWN) {
        for (size_t i = 0; i < world->call_count; i++) {
            world->calls[i].open = false;
        }
    }
    sync_engine_on_channel(world->engine, state, why, world->now_ms);
    world->in_channel = false;
}

static void go_up(struct world *world)
{
    channel(world, SYNC_CHANNEL_UP, TALLY_OK);
}

static void go_down(struct world *world)
{
    channel(world, SYNC_CHANNEL_DOWN, TALLY_E_OFFLINE);
}

/* Time passes until the timer goes off. */
static void next_timer(struct world *world)
{
    assert_true(world->timer_at != SYNC_NO_TIMER);
    world->now_ms = world->timer_at;
    world->timer_at = SYNC_NO_TIMER;
    sync_engine_on_timer(world->engine, world->now_ms);
}

static void pass_to(struct world *world, int64_t until_ms)
{
    while (world->timer_at <= until_ms) {
        next_timer(world);
    }
    world->now_ms = until_ms;
}

static struct world *a_connected_world(void)
{
    struct world *world = a_world();
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    return world;
}

/* A new event becomes durable; the engine isn't told yet. */
static void add_event(struct world *world, size_t len, size_t sidecar_len)
{
    uint64_t seq = ++world->outbox.newest_seq;
    assert_true(seq < EVENTS_MAX);
    struct fake_event *event = &world->events[seq];
    *event =
        (struct fake_event){.len = len, .sidecar_len = sidecar_len, .first = (uint8_t)(seq * 7)};
    struct tally_buffer bytes = {0};
    event_bytes(event, &bytes);
    assert_int_equal(TALLY_OK, tally_chain_next(world->events[seq - 1].chain,
                                                tally_buffer_slice(&bytes), event->chain));
    tally_buffer_free(&bytes);
}

static void add_events(struct world *world, unsigned count, size_t len)
{
    for (unsigned i = 0; i < count; i++) {
        add_event(world, len, 0);
    }
}

static struct fake_call *the_open_call(struct world *world, const char *path)
{
    for (size_t i = 0; i < world->call_count; i++) {
        if (world->calls[i].open && strcmp(world->calls[i].path, path) == 0) {
            return &world->calls[i];
        }
    }
    fail();
    return NULL;
}

static void message(struct world *world, const struct fake_call *call, struct tally_buffer *bytes)
{
    sync_engine_on_message(world->engine, call->name, tally_buffer_slice(bytes), world->now_ms);
    tally_buffer_free(bytes);
}

static void finish(struct world *world, struct fake_call *call, enum tally_status transport,
                   enum sync_grpc_status status)
{
    call->open = false;
    sync_engine_on_call_done(world->engine, call->name, transport, status, world->now_ms);
}

/* HQ takes what it can of the open Push, and checks that it is what it should be. */
static void hq_takes(struct world *world, const struct fake_call *call,
                     struct tally_msg_push_reply *ret_reply)
{
    struct tally_msg_push_request push;
    assert_int_equal(TALLY_OK,
                     tally_msg_push_request_decode(tally_buffer_slice(&call->request), &push));
    assert_int_equal(EPOCH, push.epoch);
    assert_true(push.record_count >= 1);
    assert_true(push.first_seq <= world->hq_seq + 1);
    assert_memory_equal(world->events[push.first_seq - 1].chain, push.chain_before, TALLY_HASH_LEN);
    uint8_t chain[TALLY_HASH_LEN];
    memcpy(chain, push.chain_before, sizeof chain);
    for (size_t i = 0; i < push.record_count; i++) {
        uint64_t seq = push.first_seq + i;
        assert_int_equal(TALLY_OK, tally_chain_next(chain, push.records[i].event, chain));
        assert_int_equal(world->events[seq].sidecar_len, push.records[i].sidecar.len);
        for (size_t j = 0; j < push.records[i].sidecar.len; j++) {
            assert_int_equal((uint8_t)(seq + j), push.records[i].sidecar.data[j]);
        }
        if (seq > world->hq_seq) {
            world->hq_seq = seq;
            memcpy(world->hq_chain, chain, sizeof chain);
        }
    }
    assert_memory_equal(chain, push.chain_after, sizeof chain);
    tally_msg_push_request_free(&push);
    ret_reply->acked_seq = world->hq_seq;
    memcpy(ret_reply->chain, world->hq_chain, TALLY_HASH_LEN);
}

static void answer_push_with(struct world *world, const struct tally_msg_push_reply *reply)
{
    struct fake_call *call = the_open_call(world, TALLY_RPC_PUSH);
    struct tally_buffer bytes = {0};
    assert_int_equal(TALLY_OK, tally_msg_push_reply_encode(reply, &bytes));
    message(world, call, &bytes);
    finish(world, call, TALLY_OK, SYNC_GRPC_OK);
}

static void answer_push(struct world *world)
{
    struct tally_msg_push_reply reply;
    hq_takes(world, the_open_call(world, TALLY_RPC_PUSH), &reply);
    answer_push_with(world, &reply);
}

static void refuse_push(struct world *world, enum sync_grpc_status status)
{
    finish(world, the_open_call(world, TALLY_RPC_PUSH), TALLY_OK, status);
}

static void send_pull(struct world *world, uint64_t cursor, bool caught_up)
{
    struct tally_msg_pull_reply reply = {.cursor = cursor, .caught_up = caught_up};
    struct tally_buffer bytes = {0};
    assert_int_equal(TALLY_OK, tally_msg_pull_reply_encode(&reply, &bytes));
    message(world, the_open_call(world, TALLY_RPC_PULL), &bytes);
}

static void end_pull(struct world *world, enum sync_grpc_status status)
{
    finish(world, the_open_call(world, TALLY_RPC_PULL), TALLY_OK, status);
}

static struct tally_msg_pull_request pull_request(struct world *world)
{
    struct tally_msg_pull_request request;
    const struct fake_call *call = the_open_call(world, TALLY_RPC_PULL);
    assert_int_equal(TALLY_OK,
                     tally_msg_pull_request_decode(tally_buffer_slice(&call->request), &request));
    return request;
}

/* ------------------------------------------------------------------ connecting */

static void nothing_happens_before_the_start(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 1, 100);
    sync_engine_poke(world->engine, world->now_ms);
    sync_engine_wake(world->engine, world->now_ms);
    go_down(world);
    go_up(world);
    assert_int_equal(0, world->connects);
    assert_int_equal(0, world->call_count);
    assert_true(world->timer_at == SYNC_NO_TIMER);
    end_world(world);
}

static void the_start_connects_at_once(void **state)
{
    (void)state;
    struct world *world = a_world();
    sync_engine_start(world->engine, world->now_ms);
    assert_int_equal(1, world->connects);
    assert_int_equal(SYNC_CHANNEL_CONNECTING, status_of(world).channel);
    assert_int_equal(TALLY_OK, status_of(world).why);
    assert_int_equal(1, world->changes);
    go_up(world);
    assert_int_equal(SYNC_CHANNEL_UP, status_of(world).channel);
    assert_int_equal(1, world->connects);
    end_world(world);
}

static void windows_double_up_to_four_seconds_while_an_outage_is_young(void **state)
{
    (void)state;
    int64_t widest[8] = {0};
    for (int run = 0; run < 200; run++) {
        struct world *world = a_world();
        sync_engine_start(world->engine, world->now_ms);
        int64_t window = SYNC_BACKOFF_FIRST_MS;
        for (unsigned i = 0; i < 8; i++) {
            go_down(world);
            int64_t wait = world->timer_at - world->now_ms;
            assert_true(wait >= 0 && wait <= window);
            assert_int_equal(world->timer_at, status_of(world).next_try_ms);
            assert_int_equal(i + 1, status_of(world).failures);
            assert_int_equal(TALLY_E_OFFLINE, status_of(world).why);
            widest[i] = wait > widest[i] ? wait : widest[i];
            next_timer(world);
            assert_int_equal(i + 2, world->connects);
            window =
                window * 2 < SYNC_BACKOFF_YOUNG_CAP_MS ? window * 2 : SYNC_BACKOFF_YOUNG_CAP_MS;
        }
        end_world(world);
    }
    int64_t window = SYNC_BACKOFF_FIRST_MS;
    for (unsigned i = 0; i < 8; i++) { /* the whole window is used: full jitter */
        assert_true(widest[i] > window / 2);
        window = window * 2 < SYNC_BACKOFF_YOUNG_CAP_MS ? window * 2 : SYNC_BACKOFF_YOUNG_CAP_MS;
    }
}

static void after_a_minute_windows_grow_to_a_minute(void **state)
{
    (void)state;
    struct world *world = a_world();
    sync_engine_start(world->engine, world->now_ms);
    int64_t began = world->now_ms, widest = 0, window = SYNC_BACKOFF_YOUNG_CAP_MS;
    while (world->now_ms < began + 4 * 3600 * 1000) {
        bool young = world->now_ms - began < SYNC_BACKOFF_YOUNG_MS;
        go_down(world);
        int64_t wait = world->timer_at - world->now_ms;
        window = young ? SYNC_BACKOFF_YOUNG_CAP_MS : window * 2;
        window = window < SYNC_BACKOFF_CAP_MS ? window : SYNC_BACKOFF_CAP_MS;
        assert_true(wait <= window);
        widest = wait > widest ? wait : widest;
        next_timer(world);
    }
    assert_true(widest > SYNC_BACKOFF_CAP_MS / 2);
    end_world(world);
}

static void a_short_outage_is_over_within_five_seconds_of_its_end(void **state)
{
    (void)state;
    for (int run = 0; run < 300; run++) {
        struct world *world = a_connected_world();
        send_pull(world, 1, true);
        int64_t back = world->now_ms + (int64_t)(next_random(&seed) >> 32) % SYNC_BACKOFF_YOUNG_MS;
        do {
            go_down(world);
            next_timer(world);
        } while (world->now_ms < back);
        assert_true(world->now_ms - back <= 5000);
        end_world(world);
    }
}

static void many_terminals_do_not_storm_a_head_office_that_is_down(void **state)
{
    (void)state;
    enum { TERMINALS = 100, AGED_MS = 5 * 60 * 1000, WATCHED_MS = 20 * 60 * 1000 };
    unsigned attempts = 0;
    for (int i = 0; i < TERMINALS; i++) {
        struct world *world = a_world();
        sync_engine_start(world->engine, world->now_ms);
        int64_t aged = world->now_ms + AGED_MS;
        while (world->now_ms < aged + WATCHED_MS) {
            attempts += world->now_ms >= aged;
            go_down(world);
            next_timer(world);
        }
        end_world(world);
    }
    /* One attempt in 30 s on average, give or take a tenth. */
    assert_in_range(attempts, TERMINALS * 36, TERMINALS * 44);
}

static void a_wake_ends_the_waiting(void **state)
{
    (void)state;
    struct world *world = a_world();
    sync_engine_start(world->engine, world->now_ms);
    for (int i = 0; i < 300; i++) {
        go_down(world);
        next_timer(world);
    }
    go_down(world);
    unsigned connects = world->connects;
    world->now_ms++;
    sync_engine_wake(world->engine, world->now_ms);
    assert_int_equal(connects + 1, world->connects);
    sync_engine_wake(world->engine, world->now_ms); /* one attempt is under way already */
    assert_int_equal(connects + 1, world->connects);
    go_down(world); /* still no good: but soon again */
    assert_true(world->timer_at - world->now_ms <= SYNC_BACKOFF_FIRST_MS);
    end_world(world);
}

static void what_head_office_serves_makes_the_windows_small_again(void **state)
{
    (void)state;
    struct world *world = a_world();
    sync_engine_start(world->engine, world->now_ms);
    for (int i = 0; i < 300; i++) {
        go_down(world);
        next_timer(world);
    }
    go_up(world);
    assert_int_equal(0, status_of(world).failures);
    send_pull(world, 0, true);
    go_down(world);
    assert_true(world->timer_at - world->now_ms <= SYNC_BACKOFF_FIRST_MS);
    assert_int_equal(0, status_of(world).failures);
    end_world(world);
}

static void connections_that_serve_nothing_do_not_make_a_busy_loop(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 1, 100);
    sync_engine_start(world->engine, world->now_ms);
    int64_t until = world->now_ms + 3600 * 1000;
    while (world->now_ms < until) {
        go_up(world);
        refuse_push(world, SYNC_GRPC_PERMISSION_DENIED);
        go_down(world);
        forget_calls(world);
        next_timer(world);
    }
    assert_in_range(world->connects, 60, 250);
    end_world(world);
}

static void repeated_news_of_the_connection_changes_nothing(void **state)
{
    (void)state;
    struct world *world = a_connected_world();
    go_up(world);
    channel(world, SYNC_CHANNEL_CONNECTING, TALLY_OK);
    assert_int_equal(SYNC_CHANNEL_UP, status_of(world).channel);
    assert_int_equal(1, calls_ever(world, TALLY_RPC_PULL));
    go_down(world);
    int64_t at = world->timer_at;
    unsigned changes = world->changes;
    go_down(world);
    assert_int_equal(at, world->timer_at);
    assert_int_equal(changes, world->changes);
    end_world(world);
}

static void a_timer_that_goes_off_early_is_set_again(void **state)
{
    (void)state;
    struct world *world = a_world();
    sync_engine_start(world->engine, world->now_ms);
    do {
        go_down(world);
        if (world->timer_at > world->now_ms) {
            break;
        }
        next_timer(world);
    } while (true);
    int64_t at = world->timer_at;
    unsigned connects = world->connects;
    world->timer_at = SYNC_NO_TIMER;
    sync_engine_on_timer(world->engine, at - 1);
    assert_int_equal(at, world->timer_at);
    assert_int_equal(connects, world->connects);
    end_world(world);
}

/* ------------------------------------------------------------------ push */

static void the_outbox_goes_up_in_batches_one_at_a_time(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 1000, 500);
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    const struct fake_call *first = the_open_call(world, TALLY_RPC_PUSH);
    assert_int_equal(SYNC_PUSH_DEADLINE_MS, first->deadline_ms);
    while (open_calls(world, TALLY_RPC_PUSH) > 0) {
        answer_push(world);
    }
    /* 131 events of 500 bytes make 64 KB. */
    assert_int_equal(8, calls_ever(world, TALLY_RPC_PUSH));
    assert_int_equal(1000, world->outbox.acked_seq);
    assert_int_equal(1000, world->hq_seq);
    assert_int_equal(0, status_of(world).pending);
    assert_int_equal(1000, status_of(world).acked_seq);
    assert_true(world->timer_at == SYNC_NO_TIMER);
    end_world(world);
}

static void a_batch_has_at_most_as_many_records_as_a_message_may(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 5000, 1);
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    answer_push(world);
    assert_int_equal(TALLY_MSG_RECORDS_MAX, world->outbox.acked_seq);
    answer_push(world);
    assert_int_equal(5000, world->outbox.acked_seq);
    end_world(world);
}

static void a_large_record_goes_alone_and_sidecars_go_along(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_event(world, 100, 60);
    add_event(world, 100, 0);
    add_event(world, 3 * SYNC_PUSH_BYTES_MAX, 60);
    add_event(world, SYNC_PUSH_BYTES_MAX - 60, 60);
    add_event(world, 1, 1);
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    const uint64_t acked[] = {2, 3, 4, 5};
    for (size_t i = 0; i < 4; i++) {
        answer_push(world);
        assert_int_equal(acked[i], world->outbox.acked_seq);
    }
    assert_int_equal(4, calls_ever(world, TALLY_RPC_PUSH));
    end_world(world);
}

static void a_poke_starts_a_push_when_idle(void **state)
{
    (void)state;
    struct world *world = a_connected_world();
    sync_engine_poke(world->engine, world->now_ms);
    assert_int_equal(0, calls_ever(world, TALLY_RPC_PUSH));
    add_events(world, 1, 100);
    sync_engine_poke(world->engine, world->now_ms);
    assert_int_equal(1, calls_ever(world, TALLY_RPC_PUSH));
    assert_int_equal(1, status_of(world).pending);
    add_events(world, 1, 100);
    sync_engine_poke(world->engine, world->now_ms);
    assert_int_equal(1, calls_ever(world, TALLY_RPC_PUSH));
    answer_push(world);
    assert_int_equal(1, world->outbox.acked_seq);
    assert_int_equal(2, calls_ever(world, TALLY_RPC_PUSH));
    answer_push(world);
    assert_int_equal(2, world->outbox.acked_seq);
    end_world(world);
}

static void a_connection_lost_within_a_push_repeats_the_same_batch(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 3, 100);
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    struct tally_msg_push_reply lost;
    struct fake_call *first = the_open_call(world, TALLY_RPC_PUSH);
    struct fake_call kept = *first;
    hq_takes(world, first, &lost); /* HQ has it, but its answer doesn't arrive */
    go_down(world);
    add_events(world, 2, 100);
    next_timer(world);
    go_up(world);
    struct fake_call *second = the_open_call(world, TALLY_RPC_PUSH);
    assert_true(second->name != kept.name);
    /* What is late about the first call means nothing any more. */
    sync_engine_on_call_done(world->engine, kept.name, TALLY_E_OFFLINE, SYNC_GRPC_UNAVAILABLE,
                             world->now_ms);
    assert_true(second->open && world->acks == 0);
    answer_push(world);
    assert_int_equal(5, world->outbox.acked_seq);
    assert_int_equal(5, world->hq_seq);
    assert_int_equal(2, calls_ever(world, TALLY_RPC_PUSH));
    end_world(world);
}

static void an_acknowledgement_that_we_lost_is_made_up_for(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 400, 500);
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    while (open_calls(world, TALLY_RPC_PUSH) > 0) {
        answer_push(world);
    }
    unsigned pushes = calls_ever(world, TALLY_RPC_PUSH);
    world->outbox.acked_seq = 0; /* the store was put back a little */
    add_events(world, 1, 10);
    sync_engine_poke(world->engine, world->now_ms);
    answer_push(world); /* of the first batch, which HQ knows, and it says how far it is */
    assert_int_equal(400, world->outbox.acked_seq);
    answer_push(world);
    assert_int_equal(401, world->outbox.acked_seq);
    assert_int_equal(pushes + 2, calls_ever(world, TALLY_RPC_PUSH));
    end_world(world);
}

static void a_refused_chain_stops_the_push_until_a_wake_or_another_connection(void **state)
{
    (void)state;
    static const struct {
        enum sync_grpc_status grpc;
        enum tally_status why;
    } refusals[] = {{SYNC_GRPC_FAILED_PRECONDITION, TALLY_E_CHAIN},
                    {SYNC_GRPC_ABORTED, TALLY_E_CHAIN},
                    {SYNC_GRPC_PERMISSION_DENIED, TALLY_E_REVOKED},
                    {SYNC_GRPC_UNAUTHENTICATED, TALLY_E_REVOKED}};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct world *world = a_world();
        add_events(world, 1, 100);
        sync_engine_start(world->engine, world->now_ms);
        go_up(world);
        refuse_push(world, refusals[i].grpc);
        assert_int_equal(refusals[i].why, status_of(world).push_why);
        sync_engine_poke(world->engine, world->now_ms);
        assert_true(world->timer_at == SYNC_NO_TIMER);
        assert_int_equal(1, calls_ever(world, TALLY_RPC_PUSH));

        sync_engine_wake(world->engine, world->now_ms);
        assert_int_equal(2, calls_ever(world, TALLY_RPC_PUSH));
        refuse_push(world, refusals[i].grpc);
        assert_int_equal(refusals[i].why, status_of(world).push_why);
        go_down(world);
        assert_int_equal(refusals[i].why, status_of(world).push_why);
        next_timer(world);
        go_up(world);
        assert_int_equal(3, calls_ever(world, TALLY_RPC_PUSH));
        answer_push(world);
        assert_int_equal(TALLY_OK, status_of(world).push_why);
        assert_int_equal(1, world->outbox.acked_seq);
        end_world(world);
    }
}

static void a_busy_head_office_is_tried_again_later_and_not_in_a_loop(void **state)
{
    (void)state;
    static const enum sync_grpc_status statuses[] = {
        SYNC_GRPC_UNAVAILABLE, SYNC_GRPC_DEADLINE_EXCEEDED, SYNC_GRPC_RESOURCE_EXHAUSTED};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct world *world = a_world();
        add_events(world, 1, 100);
        sync_engine_start(world->engine, world->now_ms);
        go_up(world);
        int64_t until = world->now_ms + 3600 * 1000;
        while (world->now_ms < until) {
            refuse_push(world, statuses[i]);
            assert_true(world->timer_at - world->now_ms >= SYNC_BACKOFF_CALL_MIN_MS);
            sync_engine_poke(world->engine, world->now_ms); /* doesn't shorten the wait */
            assert_int_equal(0, open_calls(world, TALLY_RPC_PUSH));
            assert_int_equal(TALLY_OK, status_of(world).push_why);
            next_timer(world);
        }
        assert_in_range(calls_ever(world, TALLY_RPC_PUSH), 60, 250);
        answer_push(world);
        assert_int_equal(1, world->outbox.acked_seq);
        end_world(world);
    }
}

static void an_acknowledgement_makes_the_windows_of_a_push_small_again(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 1, 100);
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    for (int i = 0; i < 100; i++) {
        refuse_push(world, SYNC_GRPC_UNAVAILABLE);
        next_timer(world);
    }
    answer_push(world);
    add_events(world, 1, 100);
    sync_engine_poke(world->engine, world->now_ms);
    refuse_push(world, SYNC_GRPC_UNAVAILABLE);
    assert_true(world->timer_at - world->now_ms <=
                SYNC_BACKOFF_CALL_MIN_MS + SYNC_BACKOFF_FIRST_MS);
    end_world(world);
}

static void a_new_connection_ends_the_waiting_of_calls(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 1, 100);
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    end_pull(world, SYNC_GRPC_PERMISSION_DENIED);
    for (int i = 0; i < 10; i++) {
        refuse_push(world, SYNC_GRPC_UNAVAILABLE);
        if (i < 9) {
            next_timer(world);
        }
    }
    channel(world, SYNC_CHANNEL_DOWN, TALLY_OK); /* in order, but down it is */
    assert_int_equal(TALLY_E_OFFLINE, status_of(world).why);
    go_up(world);
    assert_int_equal(1, open_calls(world, TALLY_RPC_PUSH));
    assert_int_equal(1, open_calls(world, TALLY_RPC_PULL));
    end_world(world);
}

static void a_push_without_an_answer_in_time_is_repeated(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 1, 100);
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    finish(world, the_open_call(world, TALLY_RPC_PUSH), TALLY_E_TIMEOUT,
           SYNC_GRPC_DEADLINE_EXCEEDED);
    assert_int_equal(TALLY_OK, status_of(world).push_why);
    next_timer(world);
    answer_push(world);
    assert_int_equal(1, world->outbox.acked_seq);
    end_world(world);
}

static void answers_that_make_no_sense_are_tried_again_slowly(void **state)
{
    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        struct world *world = a_world();
        add_events(world, 2, 100);
        sync_engine_start(world->engine, world->now_ms);
        go_up(world);
        int64_t until = world->now_ms + 3600 * 1000;
        while (world->now_ms < until) {
            struct fake_call *call = the_open_call(world, TALLY_RPC_PUSH);
            struct tally_buffer bytes = {0};
            struct tally_msg_push_reply good, nothing = {.acked_seq = 0};
            uint8_t junk[] = {0xFF, 0x00, 0x17};
            switch (kind) {
            case 0: /* OK, and nothing acknowledged */
                assert_int_equal(TALLY_OK, tally_msg_push_reply_encode(&nothing, &bytes));
                message(world, call, &bytes);
                break;
            case 1: /* OK without an answer */
                break;
            case 2:
                assert_int_equal(TALLY_OK, tally_buffer_append(&bytes, junk, sizeof junk));
                message(world, call, &bytes);
                break;
            case 3: /* two answers, each of them good */
                hq_takes(world, call, &good);
                for (int i = 0; i < 2; i++) {
                    assert_int_equal(TALLY_OK, tally_msg_push_reply_encode(&good, &bytes));
                    message(world, call, &bytes);
                }
                break;
            default:
                break;
            }
            finish(world, call, TALLY_OK,
                   kind == 4   ? SYNC_GRPC_INVALID_ARGUMENT
                   : kind == 5 ? SYNC_GRPC_UNIMPLEMENTED
                               : SYNC_GRPC_OK);
            assert_int_equal(TALLY_E_PROTOCOL, status_of(world).push_why);
            next_timer(world);
        }
        assert_in_range(calls_ever(world, TALLY_RPC_PUSH), 60, 250);
        answer_push(world);
        assert_int_equal(TALLY_OK, status_of(world).push_why);
        end_world(world);
    }
}

static void an_acknowledgement_of_what_we_never_wrote_stops_the_push(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 2, 100);
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    struct tally_msg_push_reply reply = {.acked_seq = 3};
    answer_push_with(world, &reply);
    assert_int_equal(TALLY_E_CHAIN, status_of(world).push_why);
    assert_int_equal(0, world->outbox.acked_seq);
    assert_true(world->timer_at == SYNC_NO_TIMER);
    go_down(world);
    next_timer(world);
    go_up(world);
    answer_push(world); /* HQ has come to its senses */
    assert_int_equal(2, world->outbox.acked_seq);
    assert_int_equal(TALLY_OK, status_of(world).push_why);
    end_world(world);
}

static void a_store_that_cannot_be_read_stops_the_push_until_a_wake(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 3, 100);
    world->broken_seq = 2;
    world->broken_status = TALLY_E_STORE_DAMAGED;
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    assert_int_equal(TALLY_E_STORE_DAMAGED, status_of(world).push_why);
    assert_int_equal(0, calls_ever(world, TALLY_RPC_PUSH));
    go_down(world);
    next_timer(world);
    go_up(world); /* another connection doesn't mend a disk */
    assert_int_equal(TALLY_E_STORE_DAMAGED, status_of(world).push_why);
    assert_int_equal(0, calls_ever(world, TALLY_RPC_PUSH));
    assert_int_equal(1, world->broken_reads);
    world->broken_seq = 0;
    sync_engine_wake(world->engine, world->now_ms);
    answer_push(world);
    assert_int_equal(3, world->outbox.acked_seq);
    assert_int_equal(TALLY_OK, status_of(world).push_why);
    end_world(world);
}

static void a_store_that_is_busy_is_asked_again(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 3, 100);
    world->broken_seq = 2;
    world->broken_status = TALLY_E_BUSY;
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    assert_int_equal(TALLY_OK, status_of(world).push_why);
    world->broken_seq = 0;
    next_timer(world);
    answer_push(world);
    assert_int_equal(3, world->outbox.acked_seq);
    end_world(world);
}

static void a_net_that_takes_no_calls_is_not_asked_in_a_loop(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 1, 100);
    world->call_status = TALLY_E_NO_MEMORY;
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    unsigned timers = 0;
    for (int64_t until = world->now_ms + 600 * 1000; world->now_ms < until; timers++) {
        next_timer(world);
    }
    assert_in_range(timers, 20, 300);
    assert_int_equal(TALLY_E_NO_MEMORY, status_of(world).pull_why);
    world->call_status = TALLY_OK;
    pass_to(world, world->now_ms + 2 * SYNC_BACKOFF_CAP_MS);
    answer_push(world);
    assert_int_equal(1, world->outbox.acked_seq);
    assert_int_equal(TALLY_OK, status_of(world).pull_why);
    end_world(world);
}

static void an_answer_about_an_epoch_that_is_over_is_dropped(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 2, 100);
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    struct tally_msg_push_reply reply;
    hq_takes(world, the_open_call(world, TALLY_RPC_PUSH), &reply);
    world->outbox.epoch++;
    answer_push_with(world, &reply);
    assert_int_equal(0, world->acks);
    assert_int_equal(TALLY_OK, status_of(world).push_why);
    assert_int_equal(2, calls_ever(world, TALLY_RPC_PUSH)); /* again, under the new epoch */
    end_world(world);
}

/* ------------------------------------------------------------------ pull */

static void a_pull_starts_from_the_cursor_and_stays_open(void **state)
{
    (void)state;
    struct world *world = a_world();
    world->cursor = (struct sync_cursor){77, 5, 9};
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    assert_int_equal(0, the_open_call(world, TALLY_RPC_PULL)->deadline_ms);
    struct tally_msg_pull_request request = pull_request(world);
    assert_int_equal(77, request.cursor);
    assert_int_equal(5, request.programme_version);
    assert_int_equal(9, request.grant_seq);
    assert_int_equal(TALLY_OK, status_of(world).pull_why);
    assert_false(status_of(world).caught_up);
    world->now_ms += 10;
    send_pull(world, 80, false);
    assert_false(status_of(world).caught_up);
    assert_int_equal(world->now_ms, status_of(world).last_contact_ms);
    send_pull(world, 90, true);
    assert_true(status_of(world).caught_up);
    assert_int_equal(90, world->cursor.cursor);
    assert_int_equal(1, calls_ever(world, TALLY_RPC_PULL));
    assert_true(world->timer_at == SYNC_NO_TIMER);
    end_world(world);
}

static void after_a_lost_connection_the_pull_goes_on_where_it_was(void **state)
{
    (void)state;
    struct world *world = a_connected_world();
    send_pull(world, 42, false);
    go_down(world);
    assert_int_equal(TALLY_E_OFFLINE, status_of(world).pull_why);
    next_timer(world);
    go_up(world);
    assert_int_equal(42, pull_request(world).cursor);
    assert_int_equal(TALLY_OK, status_of(world).pull_why);
    end_world(world);
}

static void what_cannot_be_stored_closes_the_pull_and_is_asked_for_again(void **state)
{
    (void)state;
    struct world *world = a_connected_world();
    send_pull(world, 42, false);
    world->pulled_status = TALLY_E_STORE_FULL;
    int64_t until = world->now_ms + 3600 * 1000;
    while (world->now_ms < until) {
        uint64_t name = the_open_call(world, TALLY_RPC_PULL)->name;
        unsigned pulled = world->pulled;
        send_pull(world, 50, true);
        assert_int_equal(pulled + 1, world->pulled);
        assert_int_equal(0, open_calls(world, TALLY_RPC_PULL)); /* cancelled */
        assert_int_equal(TALLY_E_STORE_FULL, status_of(world).pull_why);
        assert_false(status_of(world).caught_up);
        /* A message that was on its way doesn't reach the store. */
        sync_engine_on_message(world->engine, name, (struct tally_slice){NULL, 0}, world->now_ms);
        assert_int_equal(pulled + 1, world->pulled);
        assert_true(world->timer_at - world->now_ms >= SYNC_BACKOFF_CALL_MIN_MS);
        next_timer(world);
        assert_int_equal(42, pull_request(world).cursor);
    }
    assert_in_range(calls_ever(world, TALLY_RPC_PULL), 60, 250);
    world->pulled_status = TALLY_OK;
    send_pull(world, 50, true);
    assert_int_equal(50, world->cursor.cursor);
    end_world(world);
}

static void a_message_that_cannot_be_read_closes_the_pull(void **state)
{
    (void)state;
    struct world *world = a_connected_world();
    struct tally_buffer bytes = {0};
    assert_int_equal(TALLY_OK, tally_buffer_append(&bytes, "\xFF\xFF", 2));
    message(world, the_open_call(world, TALLY_RPC_PULL), &bytes);
    assert_int_equal(TALLY_E_PROTOCOL, status_of(world).pull_why);
    assert_int_equal(1, world->cancels);
    assert_int_equal(0, world->pulled);
    end_world(world);
}

static void a_pull_that_head_office_ends_at_once_is_not_opened_in_a_loop(void **state)
{
    (void)state;
    struct world *world = a_connected_world();
    int64_t until = world->now_ms + 3600 * 1000;
    while (world->now_ms < until) {
        send_pull(world, 0, true); /* it does say something, but nothing new */
        end_pull(world, SYNC_GRPC_OK);
        assert_int_equal(TALLY_E_END, status_of(world).pull_why);
        assert_true(world->timer_at - world->now_ms >= SYNC_BACKOFF_CALL_MIN_MS);
        next_timer(world);
        assert_int_equal(TALLY_OK, status_of(world).pull_why);
    }
    assert_in_range(calls_ever(world, TALLY_RPC_PULL), 60, 250);
    end_world(world);
}

static void a_pull_that_ends_after_a_long_time_is_soon_opened_again(void **state)
{
    (void)state;
    struct world *world = a_connected_world();
    for (int i = 0; i < 50; i++) {
        world->now_ms += 3600 * 1000;
        end_pull(world, SYNC_GRPC_UNAVAILABLE);
        assert_true(world->timer_at - world->now_ms <=
                    SYNC_BACKOFF_CALL_MIN_MS + SYNC_BACKOFF_FIRST_MS);
        next_timer(world);
    }
    end_world(world);
}

static void a_revoked_terminal_asks_now_and_then(void **state)
{
    (void)state;
    static const enum sync_grpc_status refusals[] = {
        SYNC_GRPC_PERMISSION_DENIED, SYNC_GRPC_UNAUTHENTICATED, SYNC_GRPC_FAILED_PRECONDITION};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct world *world = a_connected_world();
        end_pull(world, refusals[i]);
        assert_int_equal(TALLY_E_REVOKED, status_of(world).pull_why);
        int64_t wait = world->timer_at - world->now_ms;
        assert_true(wait >= SYNC_BACKOFF_CAP_MS && wait <= 2 * SYNC_BACKOFF_CAP_MS);
        next_timer(world);
        assert_int_equal(2, calls_ever(world, TALLY_RPC_PULL));
        end_pull(world, refusals[i]);
        sync_engine_wake(world->engine, world->now_ms);
        assert_int_equal(3, calls_ever(world, TALLY_RPC_PULL));
        end_world(world);
    }
}

static void one_timer_serves_what_is_due_first(void **state)
{
    (void)state;
    struct world *world = a_world();
    add_events(world, 1, 100);
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    end_pull(world, SYNC_GRPC_PERMISSION_DENIED); /* a minute or more */
    int64_t pull_at = world->timer_at;
    refuse_push(world, SYNC_GRPC_UNAVAILABLE); /* less than a second */
    assert_true(world->timer_at < pull_at);
    next_timer(world);
    assert_int_equal(1, open_calls(world, TALLY_RPC_PUSH));
    assert_int_equal(0, open_calls(world, TALLY_RPC_PULL));
    assert_int_equal(pull_at, world->timer_at);
    next_timer(world);
    assert_int_equal(1, open_calls(world, TALLY_RPC_PULL));
    assert_true(world->timer_at == SYNC_NO_TIMER);
    end_world(world);
}

/* ------------------------------------------------------------------ draws */

struct drawing {
    struct world *world;
    unsigned ended;
    enum tally_status status;
    /* what the callback does */
    unsigned draw_again;
    bool wake, close;
    enum tally_status again_status;
};

static void on_drawn(void *context, enum tally_status status);

static enum tally_status draw(struct drawing *drawing)
{
    static const uint8_t id[SYNC_REQUEST_ID_LEN] = "sixteen bytes ..";
    struct world *world = drawing->world;
    world->drawing = true;
    enum tally_status status =
        sync_engine_draw(world->engine, 1234, 77, 50, id, on_drawn, drawing, world->now_ms);
    world->drawing = false;
    return status;
}

static void on_drawn(void *context, enum tally_status status)
{
    struct drawing *drawing = context;
    assert_false(drawing->world->drawing); /* never from within */
    drawing->ended++;
    drawing->status = status;
    if (drawing->draw_again > 0) {
        drawing->draw_again--;
        drawing->again_status = draw(drawing);
    }
    if (drawing->wake) {
        sync_engine_wake(drawing->world->engine, drawing->world->now_ms);
        sync_engine_poke(drawing->world->engine, drawing->world->now_ms);
        (void)status_of(drawing->world);
    }
    if (drawing->close) {
        drawing->close = false;
        sync_engine_close(drawing->world->engine);
        if (!drawing->world->closing) {
            drawing->world->engine = NULL;
        }
    }
}

static void answer_draw(struct world *world, unsigned grants)
{
    const struct tally_move move = {TALLY_MOVE_GRANT, 77, 20000, 0, 50};
    struct tally_msg_grant list[4];
    assert_true(grants <= 4);
    for (unsigned i = 0; i < grants; i++) {
        list[i] = (struct tally_msg_grant){1234, i + 1, 7, &move, 1};
    }
    struct tally_msg_draw_reply reply = {.grants = list, .grant_count = grants};
    struct tally_buffer bytes = {0};
    struct fake_call *call = the_open_call(world, TALLY_RPC_DRAW);
    assert_int_equal(TALLY_OK, tally_msg_draw_reply_encode(&reply, &bytes));
    message(world, call, &bytes);
    call->open = false;
    if (world->engine != NULL) {
        finish(world, call, TALLY_OK, SYNC_GRPC_OK);
    }
}

static void a_draw_journals_what_head_office_grants(void **state)
{
    (void)state;
    struct world *world = a_connected_world();
    struct drawing drawing = {.world = world};
    world->cursor.grant_seq = 6;
    assert_int_equal(TALLY_OK, draw(&drawing));
    assert_int_equal(0, drawing.ended);
    const struct fake_call *call = the_open_call(world, TALLY_RPC_DRAW);
    assert_int_equal(SYNC_DRAW_DEADLINE_MS, call->deadline_ms);
    struct tally_msg_draw_request request;
    assert_int_equal(TALLY_OK,
                     tally_msg_draw_request_decode(tally_buffer_slice(&call->request), &request));
    assert_memory_equal("sixteen bytes ..", request.request_id, SYNC_REQUEST_ID_LEN);
    assert_int_equal(1234, request.account);
    assert_int_equal(77, request.purse);
    assert_int_equal(50, request.points);
    assert_int_equal(6, request.grant_seq);
    answer_draw(world, 2);
    assert_int_equal(2, world->drawn_grants);
    assert_int_equal(1, drawing.ended);
    assert_int_equal(TALLY_OK, drawing.status);
    assert_int_equal(TALLY_OK, draw(&drawing));
    answer_draw(world, 0); /* HQ has none: that is an answer too */
    assert_int_equal(2, drawing.ended);
    assert_int_equal(TALLY_OK, drawing.status);
    end_world(world);
}

static void a_draw_does_not_wait_for_a_push(void **state)
{
    (void)state;
    struct world *world = a_world();
    struct drawing first = {.world = world}, second = {.world = world};
    add_events(world, 1000, 500);
    sync_engine_start(world->engine, world->now_ms);
    go_up(world);
    assert_int_equal(TALLY_OK, draw(&first));
    assert_int_equal(TALLY_OK, draw(&second));
    assert_int_equal(2, open_calls(world, TALLY_RPC_DRAW));
    assert_int_equal(1, open_calls(world, TALLY_RPC_PUSH));
    answer_draw(world, 1);
    answer_draw(world, 1);
    assert_int_equal(1, first.ended);
    assert_int_equal(1, second.ended);
    end_world(world);
}

static void a_draw_is_refused_at_once_without_a_connection(void **state)
{
    (void)state;
    struct world *world = a_world();
    struct drawing drawing = {.world = world};
    static const uint8_t id[SYNC_REQUEST_ID_LEN] = {0};
    assert_int_equal(TALLY_E_OFFLINE, draw(&drawing));
    sync_engine_start(world->engine, world->now_ms);
    assert_int_equal(TALLY_E_OFFLINE, draw(&drawing));
    go_up(world);
    assert_int_equal(TALLY_E_INVALID, sync_engine_draw(world->engine, 1, 0, 0, id, on_drawn,
                                                       &drawing, world->now_ms));
    world->call_status = TALLY_E_NO_MEMORY;
    assert_int_equal(TALLY_E_NO_MEMORY, draw(&drawing));
    go_down(world);
    assert_int_equal(TALLY_E_OFFLINE, draw(&drawing));
    assert_int_equal(0, drawing.ended);
    end_world(world);
}

static void what_becomes_of_a_draw_is_told_in_our_words(void **state)
{
    (void)state;
    static const struct {
        enum tally_status transport;
        enum sync_grpc_status grpc;
        enum tally_status told;
    } ends[] = {
        {TALLY_OK, SYNC_GRPC_OK, TALLY_E_PROTOCOL}, /* and no answer */
        {TALLY_OK, SYNC_GRPC_INVALID_ARGUMENT, TALLY_E_INVALID},
        {TALLY_OK, SYNC_GRPC_DEADLINE_EXCEEDED, TALLY_E_TIMEOUT},
        {TALLY_OK, SYNC_GRPC_NOT_FOUND, TALLY_E_NOT_FOUND},
        {TALLY_OK, SYNC_GRPC_PERMISSION_DENIED, TALLY_E_REVOKED},
        {TALLY_OK, SYNC_GRPC_UNAUTHENTICATED, TALLY_E_REVOKED},
        {TALLY_OK, SYNC_GRPC_FAILED_PRECONDITION, TALLY_E_REVOKED},
        {TALLY_OK, SYNC_GRPC_RESOURCE_EXHAUSTED, TALLY_E_BUSY},
        {TALLY_OK, SYNC_GRPC_UNAVAILABLE, TALLY_E_OFFLINE},
        {TALLY_OK, SYNC_GRPC_UNIMPLEMENTED, TALLY_E_PROTOCOL},
        {TALLY_OK, SYNC_GRPC_INTERNAL, TALLY_E_PROTOCOL},
        {TALLY_OK, (enum sync_grpc_status)2, TALLY_E_PROTOCOL},
        {TALLY_E_TIMEOUT, SYNC_GRPC_DEADLINE_EXCEEDED, TALLY_E_TIMEOUT},
        {TALLY_E_OFFLINE, SYNC_GRPC_UNAVAILABLE, TALLY_E_OFFLINE},
        {TALLY_E_PROTOCOL, SYNC_GRPC_UNAVAILABLE, TALLY_E_PROTOCOL},
        {TALLY_E_PEER_EXPIRED, SYNC_GRPC_OK, TALLY_E_OFFLINE},
    };
    struct world *world = a_connected_world();
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct drawing drawing = {.world = world};
        assert_int_equal(TALLY_OK, draw(&drawing));
        finish(world, the_open_call(world, TALLY_RPC_DRAW), ends[i].transport, ends[i].grpc);
        assert_int_equal(1, drawing.ended);
        assert_int_equal(ends[i].told, drawing.status);
    }
    end_world(world);
}

static void a_draw_whose_grants_cannot_be_journalled_says_why(void **state)
{
    (void)state;
    struct world *world = a_connected_world();
    struct drawing drawing = {.world = world};
    world->drawn_status = TALLY_E_STORE_IO;
    assert_int_equal(TALLY_OK, draw(&drawing));
    answer_draw(world, 1);
    assert_int_equal(1, drawing.ended);
    assert_int_equal(TALLY_E_STORE_IO, drawing.status);
    assert_int_equal(TALLY_OK, draw(&drawing));
    struct tally_buffer bytes = {0};
    assert_int_equal(TALLY_OK, tally_buffer_append(&bytes, "\xFF\xFF", 2));
    message(world, the_open_call(world, TALLY_RPC_DRAW), &bytes);
    assert_int_equal(2, drawing.ended);
    assert_int_equal(TALLY_E_PROTOCOL, drawing.status);
    end_world(world);
}

static void open_draws_end_when_the_connection_does(void **state)
{
    (void)state;
    struct world *world = a_connected_world();
    struct drawing drawings[3];
    for (size_t i = 0; i < 3; i++) {
        drawings[i] = (struct drawing){.world = world, .draw_again = 1, .wake = true};
        assert_int_equal(TALLY_OK, draw(&drawings[i]));
    }
    go_down(world); /* the fake net refuses to connect from within */
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(1, drawings[i].ended);
        assert_int_equal(TALLY_E_OFFLINE, drawings[i].status);
        assert_int_equal(TALLY_E_OFFLINE, drawings[i].again_status);
    }
    assert_int_equal(world->now_ms, world->timer_at); /* the wake */
    assert_int_equal(world->now_ms, status_of(world).next_try_ms);
    next_timer(world);
    assert_int_equal(2, world->connects);
    end_world(world);
}

static void a_callback_may_draw_again(void **state)
{
    (void)state;
    struct world *world = a_connected_world();
    struct drawing drawing = {.world = world, .draw_again = 2, .wake = true};
    assert_int_equal(TALLY_OK, draw(&drawing));
    answer_draw(world, 1);
    assert_int_equal(TALLY_OK, drawing.again_status);
    finish(world, the_open_call(world, TALLY_RPC_DRAW), TALLY_E_TIMEOUT,
           SYNC_GRPC_DEADLINE_EXCEEDED);
    answer_draw(world, 1);
    assert_int_equal(3, drawing.ended);
    assert_int_equal(0, open_calls(world, TALLY_RPC_DRAW));
    end_world(world);
}

static void closing_ends_open_draws_and_a_callback_cannot_begin_another(void **state)
{
    (void)state;
    struct world *world = a_connected_world();
    struct drawing first = {.world = world, .draw_again = 1, .wake = true};
    struct drawing second = {.world = world, .close = true};
    assert_int_equal(TALLY_OK, draw(&first));
    assert_int_equal(TALLY_OK, draw(&second));
    size_t calls = world->call_count;
    world->closing = true;
    sync_engine_close(world->engine);
    world->engine = NULL;
    assert_int_equal(1, first.ended);
    assert_int_equal(TALLY_E_OFFLINE, first.status);
    assert_int_equal(TALLY_E_OFFLINE, first.again_status);
    assert_int_equal(1, second.ended);
    assert_int_equal(calls, world->call_count);
    end_world(world);
}

static void a_callback_may_close_the_engine(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct world *world = a_connected_world();
        struct drawing first = {.world = world}, second = {.world = world};
        assert_int_equal(TALLY_OK, draw(&first));
        assert_int_equal(TALLY_OK, draw(&second));
        first.close = how == 0;
        second.close = how == 1 || how == 2;
        if (how == 0) {
            answer_draw(world, 1);
        } else if (how == 1) {
            go_down(world);
        } else {
            struct fake_call *last = &world->calls[world->call_count - 1];
            finish(world, last, TALLY_OK, SYNC_GRPC_NOT_FOUND);
        }
        assert_null(world->engine);
        assert_int_equal(1, first.ended);
        assert_int_equal(1, second.ended);
        end_world(world);
    }
}

/* ------------------------------------------------------------------ status */

static void news_is_told_only_when_there_is_some(void **state)
{
    (void)state;
    /* That each telling has a reason is checked by store_changed. */
    struct world *world = a_connected_world();
    send_pull(world, 1, true);
    unsigned changes = world->changes;
    for (int i = 0; i < 10; i++) {
        world->now_ms += 1000;
        send_pull(world, 2 + (uint64_t)i, true);
        sync_engine_poke(world->engine, world->now_ms);
        sync_engine_on_timer(world->engine, world->now_ms);
    }
    assert_int_equal(changes, world->changes);
    assert_int_equal(world->now_ms, status_of(world).last_contact_ms);
    add_events(world, 1, 100);
    sync_engine_poke(world->engine, world->now_ms);
    assert_int_equal(changes + 1, world->changes);
    answer_push(world);
    assert_int_equal(changes + 2, world->changes);
    end_world(world);
}

static void head_office_was_never_heard_before_the_first_connection(void **state)
{
    (void)state;
    struct world *world = a_world();
    assert_int_equal(-1, status_of(world).last_contact_ms);
    sync_engine_start(world->engine, world->now_ms);
    go_down(world);
    assert_int_equal(-1, status_of(world).last_contact_ms);
    next_timer(world);
    go_up(world);
    assert_int_equal(world->now_ms, status_of(world).last_contact_ms);
    end_world(world);
}

static void the_reason_of_a_refused_connection_is_kept_while_trying_again(void **state)
{
    (void)state;
    struct world *world = a_world();
    sync_engine_start(world->engine, world->now_ms);
    channel(world, SYNC_CHANNEL_DOWN, TALLY_E_PEER_EXPIRED);
    assert_int_equal(TALLY_E_PEER_EXPIRED, status_of(world).why);
    next_timer(world);
    assert_int_equal(SYNC_CHANNEL_CONNECTING, status_of(world).channel);
    assert_int_equal(TALLY_E_PEER_EXPIRED, status_of(world).why);
    go_up(world);
    assert_int_equal(TALLY_OK, status_of(world).why);
    end_world(world);
}

/* ------------------------------------------------------------------ everything at once */

/* Whatever fails in whatever order: when HQ is back, it ends up with exactly our chain. */
static void after_any_mishaps_head_office_holds_the_whole_chain(void **state)
{
    (void)state;
    for (int run = 0; run < 60; run++) {
        struct world *world = a_world();
        sync_engine_start(world->engine, world->now_ms);
        for (int step = 0; step < 400; step++) {
            struct tally_msg_push_reply reply;
            bool up = status_of(world).channel == SYNC_CHANNEL_UP;
            bool pushing = open_calls(world, TALLY_RPC_PUSH) > 0;
            switch (next_random(&seed) >> 32 & 7) {
            case 0:
                add_event(world, 1 + (next_random(&seed) >> 32) % 40000, 0);
                sync_engine_poke(world->engine, world->now_ms);
                break;
            case 1:
                go_down(world);
                break;
            case 2:
                if (status_of(world).channel == SYNC_CHANNEL_CONNECTING) {
                    go_up(world);
                }
                break;
            case 3:
                if (pushing) {
                    answer_push(world);
                }
                break;
            case 4:
                if (pushing) { /* HQ takes it, the answer is lost */
                    hq_takes(world, the_open_call(world, TALLY_RPC_PUSH), &reply);
                    finish(world, the_open_call(world, TALLY_RPC_PUSH), TALLY_E_TIMEOUT,
                           SYNC_GRPC_DEADLINE_EXCEEDED);
                }
                break;
            case 5:
                if (pushing) {
                    refuse_push(world, SYNC_GRPC_UNAVAILABLE);
                }
                break;
            case 6:
                if (up && open_calls(world, TALLY_RPC_PULL) > 0) {
                    send_pull(world, world->cursor.cursor + 1, true);
                    end_pull(world, SYNC_GRPC_OK);
                }
                break;
            default:
                if (world->timer_at != SYNC_NO_TIMER) {
                    next_timer(world);
                }
                break;
            }
        }
        while (world->hq_seq < world->outbox.newest_seq || status_of(world).pending > 0) {
            if (status_of(world).channel == SYNC_CHANNEL_CONNECTING) {
                go_up(world);
            } else if (open_calls(world, TALLY_RPC_PUSH) > 0) {
                answer_push(world);
            } else {
                next_timer(world);
            }
        }
        assert_memory_equal(world->events[world->outbox.newest_seq].chain, world->hq_chain,
                            TALLY_HASH_LEN);
        end_world(world);
    }
}

int main(void)
{
    const char *given = getenv("TALLY_TEST_SEED");
    seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("TALLY_TEST_SEED=%" PRIu64 "\n", seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_happens_before_the_start),
        cmocka_unit_test(the_start_connects_at_once),
        cmocka_unit_test(windows_double_up_to_four_seconds_while_an_outage_is_young),
        cmocka_unit_test(after_a_minute_windows_grow_to_a_minute),
        cmocka_unit_test(a_short_outage_is_over_within_five_seconds_of_its_end),
        cmocka_unit_test(many_terminals_do_not_storm_a_head_office_that_is_down),
        cmocka_unit_test(a_wake_ends_the_waiting),
        cmocka_unit_test(what_head_office_serves_makes_the_windows_small_again),
        cmocka_unit_test(connections_that_serve_nothing_do_not_make_a_busy_loop),
        cmocka_unit_test(repeated_news_of_the_connection_changes_nothing),
        cmocka_unit_test(a_timer_that_goes_off_early_is_set_again),
        cmocka_unit_test(the_outbox_goes_up_in_batches_one_at_a_time),
        cmocka_unit_test(a_batch_has_at_most_as_many_records_as_a_message_may),
        cmocka_unit_test(a_large_record_goes_alone_and_sidecars_go_along),
        cmocka_unit_test(a_poke_starts_a_push_when_idle),
        cmocka_unit_test(a_connection_lost_within_a_push_repeats_the_same_batch),
        cmocka_unit_test(an_acknowledgement_that_we_lost_is_made_up_for),
        cmocka_unit_test(a_refused_chain_stops_the_push_until_a_wake_or_another_connection),
        cmocka_unit_test(a_busy_head_office_is_tried_again_later_and_not_in_a_loop),
        cmocka_unit_test(an_acknowledgement_makes_the_windows_of_a_push_small_again),
        cmocka_unit_test(a_new_connection_ends_the_waiting_of_calls),
        cmocka_unit_test(a_push_without_an_answer_in_time_is_repeated),
        cmocka_unit_test(answers_that_make_no_sense_are_tried_again_slowly),
        cmocka_unit_test(an_acknowledgement_of_what_we_never_wrote_stops_the_push),
        cmocka_unit_test(a_store_that_cannot_be_read_stops_the_push_until_a_wake),
        cmocka_unit_test(a_store_that_is_busy_is_asked_again),
        cmocka_unit_test(a_net_that_takes_no_calls_is_not_asked_in_a_loop),
        cmocka_unit_test(an_answer_about_an_epoch_that_is_over_is_dropped),
        cmocka_unit_test(a_pull_starts_from_the_cursor_and_stays_open),
        cmocka_unit_test(after_a_lost_connection_the_pull_goes_on_where_it_was),
        cmocka_unit_test(what_cannot_be_stored_closes_the_pull_and_is_asked_for_again),
        cmocka_unit_test(a_message_that_cannot_be_read_closes_the_pull),
        cmocka_unit_test(a_pull_that_head_office_ends_at_once_is_not_opened_in_a_loop),
        cmocka_unit_test(a_pull_that_ends_after_a_long_time_is_soon_opened_again),
        cmocka_unit_test(a_revoked_terminal_asks_now_and_then),
        cmocka_unit_test(one_timer_serves_what_is_due_first),
        cmocka_unit_test(a_draw_journals_what_head_office_grants),
        cmocka_unit_test(a_draw_does_not_wait_for_a_push),
        cmocka_unit_test(a_draw_is_refused_at_once_without_a_connection),
        cmocka_unit_test(what_becomes_of_a_draw_is_told_in_our_words),
        cmocka_unit_test(a_draw_whose_grants_cannot_be_journalled_says_why),
        cmocka_unit_test(open_draws_end_when_the_connection_does),
        cmocka_unit_test(a_callback_may_draw_again),
        cmocka_unit_test(closing_ends_open_draws_and_a_callback_cannot_begin_another),
        cmocka_unit_test(a_callback_may_close_the_engine),
        cmocka_unit_test(news_is_told_only_when_there_is_some),
        cmocka_unit_test(head_office_was_never_heard_before_the_first_connection),
        cmocka_unit_test(the_reason_of_a_refused_connection_is_kept_while_trying_again),
        cmocka_unit_test(after_any_mishaps_head_office_holds_the_whole_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
