/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal's side of sync: what is due is worked out from the state after every event.
 *
 * Every function that the outside calls is an entry: it changes the state between enter() and
 * leave(), and the outermost leave() does what has become due (connect, Pull, Push), sets the one
 * timer and tells of changes. A draw's callback may call any of them, also sync_engine_close: then
 * the outermost leave() frees. */
#include "app/sync/engine.h"

#include "app/base/alloc.h"
#include "app/proto/messages.h"

#include <assert.h>

_Static_assert((int)SYNC_REQUEST_ID_LEN == (int)TALLY_REQUEST_ID_LEN, "the same request id");

/* A failure after this much quiet has nothing to do with those before it. */
enum { BACKOFF_QUIET_MS = 2 * SYNC_BACKOFF_CAP_MS };

#define AT_ONCE INT64_MIN

struct backoff {
    int64_t at;         /* when to try again; AT_ONCE, or a time */
    int64_t since;      /* when this outage began; SYNC_NO_TIMER: there is none */
    uint32_t window_ms; /* 0: no failure yet since the start, a success or a wake */
};

enum push_stop { PUSH_GOES_ON = 0, PUSH_STOPPED_BY_HQ, PUSH_STOPPED_BY_STORE };

struct push {
    uint64_t call; /* 0: none in flight */
    uint32_t epoch;
    uint32_t replies;
    enum tally_status decoded; /* of the last reply */
    struct tally_msg_push_reply reply;
    enum push_stop stop;
    enum tally_status why;
    struct backoff backoff;
};

struct pull {
    uint64_t call; /* 0: none open */
    enum tally_status why;
    bool caught_up;
    struct backoff backoff;
};

struct draw {
    uint64_t call;
    sync_draw_done *done;
    void *context;
    struct draw *next;
};

struct sync_engine {
    struct sync_engine_net net;
    struct sync_engine_store store;
    bool started;
    bool closed;        /* freed by the outermost leave() */
    unsigned depth;     /* entries that are under way */
    uint64_t last_call; /* names are never used twice, so what comes late is known as such */
    int64_t timer_at;   /* as told to the net */
    enum sync_channel_state channel;
    enum tally_status why;
    uint32_t failures;
    struct backoff connect;
    struct push push;
    struct pull pull;
    struct draw *draws;
    int64_t last_contact_ms;
    struct sync_engine_status told; /* when `changed` was called last */
};

/* ------------------------------------------------------------------ back-off */

static void backoff_reset(struct backoff *backoff)
{
    *backoff = (struct backoff){.at = AT_ONCE, .since = SYNC_NO_TIMER};
}

/* At once, and with small windows again; how long the outage lasts stays known. */
static void backoff_wake(struct backoff *backoff, int64_t now_ms)
{
    backoff->at = now_ms;
    backoff->window_ms = 0;
}

/* A random time up to and including `window_ms`. */
static uint32_t jitter_ms(struct sync_engine *engine, uint32_t window_ms)
{
    uint64_t random = engine->net.random(engine->net.self);
    return (uint32_t)(((uint64_t)window_ms + 1) * random >> 32);
}

/* Full jitter: at least `least_ms`, and a random time within the window on top. */
static void backoff_fail(struct sync_engine *engine, struct backoff *backoff, uint32_t least_ms,
                         int64_t now_ms)
{
    if (backoff->at != AT_ONCE && now_ms - backoff->at > BACKOFF_QUIET_MS) {
        backoff_reset(backoff);
    }
    if (backoff->since == SYNC_NO_TIMER) {
        backoff->since = now_ms;
    }
    uint32_t cap = now_ms - backoff->since < SYNC_BACKOFF_YOUNG_MS ? SYNC_BACKOFF_YOUNG_CAP_MS
                                                                   : SYNC_BACKOFF_CAP_MS;
    uint32_t window = backoff->window_ms == 0 ? SYNC_BACKOFF_FIRST_MS : backoff->window_ms * 2;
    backoff->window_ms = window < cap ? window : cap;
    backoff->at = now_ms + least_ms + jitter_ms(engine, backoff->window_ms);
}

/* HQ said no to this terminal: ask again now and then, in case a person changes that. */
static void backoff_slow(struct sync_engine *engine, struct backoff *backoff, int64_t now_ms)
{
    backoff->at = now_ms + SYNC_BACKOFF_CAP_MS + jitter_ms(engine, SYNC_BACKOFF_CAP_MS);
}

/* ------------------------------------------------------------------ what HQ's answers mean */

static enum tally_status status_of(enum tally_status transport, enum sync_grpc_status status)
{
    if (transport != TALLY_OK) {
        return transport == TALLY_E_TIMEOUT || transport == TALLY_E_PROTOCOL ? transport
                                                                             : TALLY_E_OFFLINE;
    }
    switch (status) {
    case SYNC_GRPC_OK:
        return TALLY_OK;
    case SYNC_GRPC_INVALID_ARGUMENT:
        return TALLY_E_INVALID;
    case SYNC_GRPC_DEADLINE_EXCEEDED:
        return TALLY_E_TIMEOUT;
    case SYNC_GRPC_NOT_FOUND:
        return TALLY_E_NOT_FOUND;
    case SYNC_GRPC_PERMISSION_DENIED:
    case SYNC_GRPC_UNAUTHENTICATED:
        return TALLY_E_REVOKED;
    case SYNC_GRPC_RESOURCE_EXHAUSTED:
        return TALLY_E_BUSY;
    case SYNC_GRPC_FAILED_PRECONDITION:
    case SYNC_GRPC_ABORTED:
        return TALLY_E_CHAIN;
    case SYNC_GRPC_UNAVAILABLE:
        return TALLY_E_OFFLINE;
    default:
        return TALLY_E_PROTOCOL;
    }
}

static enum tally_status status_of_decoder(enum tally_status status)
{
    return status == TALLY_E_INVALID ? TALLY_E_PROTOCOL : status;
}

/* HQ did what it is there for: the connection is worth something. That it was made is not enough,
 * since a proxy without HQ behind it accepts connections too. */
static void served(struct sync_engine *engine)
{
    backoff_reset(&engine->connect);
}

/* ------------------------------------------------------------------ push */

static uint64_t outbox_pending(const struct sync_outbox *outbox)
{
    return outbox->newest_seq > outbox->acked_seq ? outbox->newest_seq - outbox->acked_seq : 0;
}

static struct sync_outbox read_outbox(const struct sync_engine *engine)
{
    struct sync_outbox outbox = {0};
    engine->store.outbox(engine->store.self, &outbox);
    return outbox;
}

static void push_later(struct sync_engine *engine, int64_t now_ms)
{
    backoff_fail(engine, &engine->push.backoff, SYNC_BACKOFF_CALL_MIN_MS, now_ms);
}

static void push_stop(struct sync_engine *engine, enum push_stop stop, enum tally_status why)
{
    engine->push.stop = stop;
    engine->push.why = why;
}

static void push_go_on(struct sync_engine *engine)
{
    push_stop(engine, PUSH_GOES_ON, TALLY_OK);
}

/* The store could not do its part: what may pass is tried again, the rest waits for a wake. */
static void push_store_failed(struct sync_engine *engine, enum tally_status why, int64_t now_ms)
{
    if (tally_status_family(why) == TALLY_FAMILY_LATER) {
        push_later(engine, now_ms);
    } else {
        push_stop(engine, why == TALLY_E_CHAIN ? PUSH_STOPPED_BY_HQ : PUSH_STOPPED_BY_STORE, why);
    }
}

/* Records of a Push; their lengths are kept beside the bytes, which move while they grow. */
struct batch {
    struct tally_buffer events, sidecars;
    struct tally_msg_record *records;
    size_t count, cap;
    uint8_t chain_before[TALLY_HASH_LEN], chain_after[TALLY_HASH_LEN];
};

static void batch_free(struct batch *batch)
{
    tally_buffer_free(&batch->events);
    tally_buffer_free(&batch->sidecars);
    tally_free(batch->records);
}

/* TALLY_OK, TALLY_E_END (full, no record added), TALLY_E_NO_MEMORY, as read_event */
static enum tally_status batch_add(struct sync_engine *engine, struct batch *batch, uint64_t seq)
{
    size_t events_len = batch->events.len, sidecars_len = batch->sidecars.len;
    uint8_t chain[TALLY_HASH_LEN];
    if (batch->count == TALLY_MSG_RECORDS_MAX) {
        return TALLY_E_END;
    }
    if (batch->count == batch->cap) {
        size_t cap = batch->cap == 0 ? 16 : batch->cap * 2;
        void *records = tally_realloc(batch->records, cap, sizeof *batch->records);
        if (records == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        batch->records = records;
        batch->cap = cap;
    }
    TALLY_TRY(
        engine->store.read_event(engine->store.self, seq, &batch->events, &batch->sidecars, chain));
    if (batch->count > 0 && batch->events.len + batch->sidecars.len > SYNC_PUSH_BYTES_MAX) {
        return TALLY_E_END; /* its bytes stay behind the others, where no record points */
    }
    batch->records[batch->count++] = (struct tally_msg_record){
        .event = {NULL, batch->events.len - events_len},
        .sidecar = {NULL, batch->sidecars.len - sidecars_len},
    };
    memcpy(batch->chain_after, chain, sizeof chain);
    return TALLY_OK;
}

/* What follows `outbox->acked_seq`, at least one record. TALLY_OK, or why the store can't */
static enum tally_status batch_read(struct sync_engine *engine, const struct sync_outbox *outbox,
                                    struct batch *batch)
{
    TALLY_TRY(engine->store.chain_at(engine->store.self, outbox->acked_seq, batch->chain_before));
    uint64_t seq = outbox->acked_seq;
    enum tally_status status = TALLY_OK;
    while (status == TALLY_OK && seq < outbox->newest_seq) {
        status = batch_add(engine, batch, ++seq);
    }
    if (status != TALLY_OK && status != TALLY_E_END) {
        return status;
    }
    size_t event_at = 0, sidecar_at = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct tally_msg_record *record = &batch->records[i];
        record->event.data = batch->events.data + event_at;
        event_at += record->event.len;
        if (record->sidecar.len > 0) {
            record->sidecar.data = batch->sidecars.data + sidecar_at;
            sidecar_at += record->sidecar.len;
        }
    }
    return TALLY_OK;
}

static enum tally_status push_encode(const struct sync_outbox *outbox, struct batch *batch,
                                     struct tally_buffer *ret_request)
{
    struct tally_msg_push_request request = {
        .epoch = outbox->epoch,
        .first_seq = outbox->acked_seq + 1,
        .records = batch->records,
        .record_count = batch->count,
    };
    memcpy(request.chain_before, batch->chain_before, TALLY_HASH_LEN);
    memcpy(request.chain_after, batch->chain_after, TALLY_HASH_LEN);
    return tally_msg_push_request_encode(&request, ret_request);
}

static void push_begin(struct sync_engine *engine, const struct sync_outbox *outbox, int64_t now_ms)
{
    struct batch batch = {.records = NULL};
    struct tally_buffer request = {0};
    enum tally_status status = batch_read(engine, outbox, &batch);
    if (status == TALLY_OK) {
        status = push_encode(outbox, &batch, &request);
    }
    batch_free(&batch);
    if (status != TALLY_OK) {
        tally_buffer_free(&request);
        push_store_failed(engine, status, now_ms);
        return;
    }
    uint64_t call = ++engine->last_call;
    status = engine->net.call(engine->net.self, call, TALLY_RPC_PUSH, SYNC_PUSH_DEADLINE_MS,
                              tally_buffer_slice(&request));
    tally_buffer_free(&request);
    if (status != TALLY_OK) {
        push_later(engine, now_ms);
        return;
    }
    engine->push.call = call;
    engine->push.epoch = outbox->epoch;
    engine->push.replies = 0;
}

static void push_message(struct sync_engine *engine, struct tally_slice message)
{
    struct push *push = &engine->push;
    push->replies++;
    push->decoded = status_of_decoder(tally_msg_push_reply_decode(message, &push->reply));
}

/* HQ's answer was OK and can be read. */
static void push_acked(struct sync_engine *engine, int64_t now_ms)
{
    struct push *push = &engine->push;
    struct sync_outbox before = read_outbox(engine);
    if (before.epoch != push->epoch) {
        return; /* enrolled again meanwhile: what HQ said is about a chain that is over */
    }
    enum tally_status status = engine->store.acked(engine->store.self, push->epoch,
                                                   push->reply.acked_seq, push->reply.chain);
    if (status != TALLY_OK) {
        push_store_failed(engine, status, now_ms);
        return;
    }
    if (read_outbox(engine).acked_seq <= before.acked_seq) {
        /* OK, and nothing was taken: the same again would be a loop. */
        push->why = TALLY_E_PROTOCOL;
        push_later(engine, now_ms);
        return;
    }
    push_go_on(engine);
    backoff_reset(&push->backoff);
    served(engine);
}

static void push_done(struct sync_engine *engine, enum tally_status status, int64_t now_ms)
{
    struct push *push = &engine->push;
    push->call = 0;
    if (status == TALLY_OK) {
        status = push->replies == 1 ? push->decoded : TALLY_E_PROTOCOL;
    }
    switch (status) {
    case TALLY_OK:
        push_acked(engine, now_ms);
        break;
    case TALLY_E_CHAIN:
    case TALLY_E_REVOKED:
        push_stop(engine, PUSH_STOPPED_BY_HQ, status);
        break;
    case TALLY_E_OFFLINE:
    case TALLY_E_TIMEOUT:
    case TALLY_E_BUSY:
    case TALLY_E_NO_MEMORY:
        push_later(engine, now_ms);
        break;
    default:
        push->why = TALLY_E_PROTOCOL;
        push_later(engine, now_ms);
        break;
    }
}

/* ------------------------------------------------------------------ pull */

static void pull_ended(struct sync_engine *engine, enum tally_status why, int64_t now_ms)
{
    engine->pull.call = 0;
    engine->pull.why = why;
    if (why == TALLY_E_REVOKED || why == TALLY_E_CHAIN) {
        engine->pull.why = TALLY_E_REVOKED;
        backoff_slow(engine, &engine->pull.backoff, now_ms);
    } else {
        backoff_fail(engine, &engine->pull.backoff, SYNC_BACKOFF_CALL_MIN_MS, now_ms);
    }
}

static struct sync_cursor read_cursor(const struct sync_engine *engine)
{
    struct sync_cursor cursor = {0};
    engine->store.cursor(engine->store.self, &cursor);
    return cursor;
}

static void pull_begin(struct sync_engine *engine, int64_t now_ms)
{
    struct sync_cursor cursor = read_cursor(engine);
    struct tally_msg_pull_request request = {
        .cursor = cursor.cursor,
        .programme_version = cursor.programme_version,
        .grant_seq = cursor.grant_seq,
    };
    struct tally_buffer bytes = {0};
    uint64_t call = ++engine->last_call;
    enum tally_status status = tally_msg_pull_request_encode(&request, &bytes);
    if (status == TALLY_OK) {
        status =
            engine->net.call(engine->net.self, call, TALLY_RPC_PULL, 0, tally_buffer_slice(&bytes));
    }
    tally_buffer_free(&bytes);
    if (status != TALLY_OK) {
        pull_ended(engine, status, now_ms);
        return;
    }
    engine->pull.call = call;
    engine->pull.why = TALLY_OK;
}

static enum tally_status pull_store(struct sync_engine *engine, struct tally_slice message)
{
    struct tally_msg_pull_reply reply;
    TALLY_TRY(status_of_decoder(tally_msg_pull_reply_decode(message, &reply)));
    enum tally_status status = engine->store.pulled(engine->store.self, &reply);
    if (status == TALLY_OK) {
        engine->pull.caught_up = reply.caught_up;
    }
    tally_msg_pull_reply_free(&reply);
    return status;
}

static void pull_message(struct sync_engine *engine, struct tally_slice message, int64_t now_ms)
{
    uint64_t cursor = read_cursor(engine).cursor;
    enum tally_status status = pull_store(engine, message);
    if (status != TALLY_OK) {
        engine->net.cancel(engine->net.self, engine->pull.call);
        pull_ended(engine, status, now_ms);
        return;
    }
    if (read_cursor(engine).cursor != cursor) {
        /* Only what moves us forward counts: the first reply of each Pull comes always. */
        backoff_reset(&engine->pull.backoff);
    }
    served(engine);
}

/* ------------------------------------------------------------------ draws */

/* Where the draw with this call hangs; NULL: there is none. */
static struct draw **draw_find(struct sync_engine *engine, uint64_t call)
{
    for (struct draw **link = &engine->draws; *link != NULL; link = &(*link)->next) {
        if ((*link)->call == call) {
            return link;
        }
    }
    return NULL;
}

/* The callback may do anything to the engine, so the draw is gone before. */
static void draw_end(struct draw **link, enum tally_status status)
{
    struct draw *draw = *link;
    sync_draw_done *done = draw->done;
    void *context = draw->context;
    *link = draw->next;
    tally_free(draw);
    done(context, status);
}

/* Ends all; a callback can't add another, because the channel is down or the engine closed. */
static void draws_end(struct sync_engine *engine, enum tally_status status)
{
    while (engine->draws != NULL) {
        draw_end(&engine->draws, status);
    }
}

static void draw_message(struct sync_engine *engine, struct draw **link, struct tally_slice message)
{
    struct tally_msg_draw_reply reply;
    enum tally_status status = status_of_decoder(tally_msg_draw_reply_decode(message, &reply));
    if (status == TALLY_OK) {
        status = engine->store.drawn(engine->store.self, &reply);
        tally_msg_draw_reply_free(&reply);
        served(engine);
    }
    /* The points are here: what becomes of the call no longer matters to the customer. */
    draw_end(link, status);
}

static void draw_done(struct draw **link, enum tally_status status)
{
    if (status == TALLY_OK) {
        status = TALLY_E_PROTOCOL; /* OK without a reply */
    } else if (status == TALLY_E_CHAIN) {
        status = TALLY_E_REVOKED; /* quarantined */
    }
    draw_end(link, status);
}

/* ------------------------------------------------------------------ what is due */

static bool push_is_due(const struct sync_engine *engine, const struct sync_outbox *outbox)
{
    return engine->channel == SYNC_CHANNEL_UP && engine->push.call == 0 &&
           engine->push.stop == PUSH_GOES_ON && outbox_pending(outbox) > 0;
}

static bool pull_is_due(const struct sync_engine *engine)
{
    return engine->channel == SYNC_CHANNEL_UP && engine->pull.call == 0;
}

static bool connect_is_due(const struct sync_engine *engine)
{
    return engine->started && engine->channel == SYNC_CHANNEL_DOWN;
}

static void do_what_is_due(struct sync_engine *engine, bool may_connect, int64_t now_ms)
{
    if (may_connect && connect_is_due(engine) && engine->connect.at <= now_ms) {
        engine->channel = SYNC_CHANNEL_CONNECTING;
        engine->net.connect(engine->net.self, SYNC_CONNECT_TIMEOUT_MS);
    }
    if (pull_is_due(engine) && engine->pull.backoff.at <= now_ms) {
        pull_begin(engine, now_ms);
    }
    struct sync_outbox outbox = read_outbox(engine);
    if (push_is_due(engine, &outbox) && engine->push.backoff.at <= now_ms) {
        push_begin(engine, &outbox, now_ms);
    }
}

static int64_t earlier(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

static void set_timer(struct sync_engine *engine)
{
    struct sync_outbox outbox = read_outbox(engine);
    int64_t at = SYNC_NO_TIMER;
    if (connect_is_due(engine)) {
        at = earlier(at, engine->connect.at);
    }
    if (pull_is_due(engine)) {
        at = earlier(at, engine->pull.backoff.at);
    }
    if (push_is_due(engine, &outbox)) {
        at = earlier(at, engine->push.backoff.at);
    }
    if (at != engine->timer_at) {
        engine->timer_at = at;
        engine->net.set_timer(engine->net.self, at);
    }
}

/* Apart from when HQ was heard, which alone is no news. */
static bool status_differs(const struct sync_engine_status *left,
                           const struct sync_engine_status *right)
{
    return left->channel != right->channel || left->why != right->why ||
           left->push_why != right->push_why || left->pull_why != right->pull_why ||
           left->caught_up != right->caught_up || left->acked_seq != right->acked_seq ||
           left->pending != right->pending || left->next_try_ms != right->next_try_ms ||
           left->failures != right->failures;
}

static void tell_changes(struct sync_engine *engine)
{
    struct sync_engine_status status;
    sync_engine_status(engine, &status);
    if (!status_differs(&status, &engine->told)) {
        return;
    }
    engine->told = status;
    if (engine->store.changed != NULL) {
        engine->store.changed(engine->store.self);
    }
}

static void enter(struct sync_engine *engine)
{
    engine->depth++;
}

/* `engine` may be gone afterwards. Connecting waits for the timer where the net is still busy with
 * telling that the connection ended. */
static void leave(struct sync_engine *engine, bool may_connect, int64_t now_ms)
{
    assert(engine->depth > 0);
    if (--engine->depth > 0) {
        return;
    }
    if (engine->closed) {
        tally_free(engine);
        return;
    }
    do_what_is_due(engine, may_connect, now_ms);
    set_timer(engine);
    tell_changes(engine);
}

/* ------------------------------------------------------------------ open and close */

enum tally_status sync_engine_open(const struct sync_engine_net *net,
                                   const struct sync_engine_store *store,
                                   struct sync_engine **ret_engine)
{
    assert(net != NULL);
    assert(store != NULL);
    struct sync_engine *engine = tally_alloc(1, sizeof *engine);
    if (engine == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    engine->net = *net;
    engine->store = *store;
    engine->timer_at = SYNC_NO_TIMER;
    engine->last_contact_ms = -1;
    backoff_reset(&engine->connect);
    backoff_reset(&engine->push.backoff);
    backoff_reset(&engine->pull.backoff);
    sync_engine_status(engine, &engine->told);
    *ret_engine = engine;
    return TALLY_OK;
}

void sync_engine_close(struct sync_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    enter(engine);
    engine->closed = true;
    draws_end(engine, TALLY_E_OFFLINE);
    leave(engine, false, 0);
}

/* ------------------------------------------------------------------ what the terminal asks for */

void sync_engine_start(struct sync_engine *engine, int64_t now_ms)
{
    enter(engine);
    engine->started = true;
    engine->connect.at = now_ms;
    leave(engine, true, now_ms);
}

void sync_engine_wake(struct sync_engine *engine, int64_t now_ms)
{
    enter(engine);
    backoff_wake(&engine->connect, now_ms);
    backoff_wake(&engine->push.backoff, now_ms);
    backoff_wake(&engine->pull.backoff, now_ms);
    push_go_on(engine);
    leave(engine, true, now_ms);
}

void sync_engine_poke(struct sync_engine *engine, int64_t now_ms)
{
    enter(engine);
    leave(engine, false, now_ms);
}

static enum tally_status draw_call(struct sync_engine *engine, struct draw *draw, uint64_t account,
                                   uint32_t purse, int64_t points,
                                   const uint8_t request_id[SYNC_REQUEST_ID_LEN])
{
    struct tally_msg_draw_request request = {.account = account,
                                             .purse = purse,
                                             .points = points,
                                             .grant_seq = read_cursor(engine).grant_seq};
    struct tally_buffer bytes = {0};
    memcpy(request.request_id, request_id, sizeof request.request_id);
    enum tally_status status = tally_msg_draw_request_encode(&request, &bytes);
    if (status == TALLY_OK) {
        draw->call = ++engine->last_call;
        status = engine->net.call(engine->net.self, draw->call, TALLY_RPC_DRAW,
                                  SYNC_DRAW_DEADLINE_MS, tally_buffer_slice(&bytes));
    }
    tally_buffer_free(&bytes);
    return status;
}

enum tally_status sync_engine_draw(struct sync_engine *engine, uint64_t account, uint32_t purse,
                                   int64_t points, const uint8_t request_id[SYNC_REQUEST_ID_LEN],
                                   sync_draw_done *done, void *context, int64_t now_ms)
{
    assert(done != NULL);
    (void)now_ms; /* the net keeps the deadline */
    if (points < 1) {
        return TALLY_E_INVALID;
    }
    if (engine->closed || engine->channel != SYNC_CHANNEL_UP) {
        return TALLY_E_OFFLINE;
    }
    struct draw *draw = tally_alloc(1, sizeof *draw);
    if (draw == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = draw_call(engine, draw, account, purse, points, request_id);
    if (status != TALLY_OK) {
        tally_free(draw);
        return status;
    }
    draw->done = done;
    draw->context = context;
    draw->next = engine->draws;
    engine->draws = draw;
    return TALLY_OK;
}

void sync_engine_status(const struct sync_engine *engine, struct sync_engine_status *ret_status)
{
    struct sync_outbox outbox = read_outbox(engine);
    *ret_status = (struct sync_engine_status){
        .channel = engine->channel,
        .why = engine->why,
        .push_why = engine->push.why,
        .pull_why = engine->pull.why,
        .caught_up = engine->pull.caught_up,
        .acked_seq = outbox.acked_seq,
        .pending = outbox_pending(&outbox),
        .last_contact_ms = engine->last_contact_ms,
        .next_try_ms = connect_is_due(engine) ? engine->connect.at : SYNC_NO_TIMER,
        .failures = engine->failures,
    };
}

/* ------------------------------------------------------------------ what happened */

static void channel_up(struct sync_engine *engine, int64_t now_ms)
{
    engine->why = TALLY_OK;
    engine->failures = 0;
    engine->last_contact_ms = now_ms;
    engine->push.backoff.at = now_ms;
    engine->pull.backoff.at = now_ms;
    if (engine->push.stop != PUSH_STOPPED_BY_STORE) {
        push_go_on(engine);
    }
}

static void channel_down(struct sync_engine *engine, enum sync_channel_state was,
                         enum tally_status why, int64_t now_ms)
{
    engine->why = why == TALLY_OK ? TALLY_E_OFFLINE : why;
    engine->push.call = 0;
    if (was == SYNC_CHANNEL_UP) {
        engine->pull.call = 0;
        engine->pull.why = engine->why;
    } else {
        engine->failures++;
    }
    backoff_fail(engine, &engine->connect, 0, now_ms);
    draws_end(engine, TALLY_E_OFFLINE);
}

void sync_engine_on_channel(struct sync_engine *engine, enum sync_channel_state state,
                            enum tally_status why, int64_t now_ms)
{
    enum sync_channel_state was = engine->channel;
    if (!engine->started || state == was || state == SYNC_CHANNEL_CONNECTING) {
        return; /* CONNECTING is what we asked for */
    }
    enter(engine);
    engine->channel = state;
    if (state == SYNC_CHANNEL_UP) {
        channel_up(engine, now_ms);
    } else if (state == SYNC_CHANNEL_DOWN) {
        channel_down(engine, was, why, now_ms);
    }
    leave(engine, false, now_ms);
}

void sync_engine_on_message(struct sync_engine *engine, uint64_t call, struct tally_slice message,
                            int64_t now_ms)
{
    enter(engine);
    engine->last_contact_ms = now_ms;
    struct draw **link = draw_find(engine, call);
    assert(call != 0);
    if (call == engine->push.call) {
        push_message(engine, message);
    } else if (call == engine->pull.call) {
        pull_message(engine, message, now_ms);
    } else if (link != NULL) {
        draw_message(engine, link, message);
    }
    leave(engine, false, now_ms);
}

void sync_engine_on_call_done(struct sync_engine *engine, uint64_t call,
                              enum tally_status transport, enum sync_grpc_status status,
                              int64_t now_ms)
{
    enter(engine);
    if (transport == TALLY_OK) {
        engine->last_contact_ms = now_ms;
    }
    enum tally_status answer = status_of(transport, status);
    struct draw **link = draw_find(engine, call);
    assert(call != 0);
    if (call == engine->push.call) {
        push_done(engine, answer, now_ms);
    } else if (call == engine->pull.call) {
        pull_ended(engine, answer == TALLY_OK ? TALLY_E_END : answer, now_ms);
    } else if (link != NULL) {
        draw_done(link, answer);
    }
    leave(engine, false, now_ms);
}

void sync_engine_on_timer(struct sync_engine *engine, int64_t now_ms)
{
    enter(engine);
    engine->timer_at = SYNC_NO_TIMER; /* it has gone off */
    leave(engine, true, now_ms);
}
