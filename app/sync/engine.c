/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal's sync engine: when to connect, what to push, pull and draw, and when to try again.
 */
#include "app/sync/engine.h"

#include "app/base/alloc.h"
#include "app/proto/messages.h"

#include <assert.h>

_Static_assert((int)SYNC_REQUEST_ID_LEN == (int)TALLY_REQUEST_ID_LEN, "one request id");

enum { BACKOFF_DOUBLINGS_MAX = 16, RECORDS_FIRST = 64 };

struct draw {
    struct draw *next;
    uint64_t call;
    sync_draw_done *done;
    void *context;
    bool answered;
    enum tally_status result; /* of storing the answer */
};

/* Something that is tried again after growing waits. */
struct retry {
    uint32_t failures;
    int64_t at_ms; /* not before; SYNC_NO_TIMER: not waiting */
};

struct sync_engine {
    struct sync_engine_net net;
    struct sync_engine_store store;
    bool started;
    bool dirty; /* status changed during this input */
    uint64_t next_call;

    enum sync_channel_state channel;
    enum tally_status why;
    struct retry connect;
    int64_t last_contact_ms;

    uint64_t push_call; /* 0: none under way */
    bool push_answered;
    uint32_t push_epoch;
    enum tally_status push_why;
    struct retry push;

    uint64_t pull_call; /* 0: none open */
    enum tally_status pull_why;
    struct retry pull;
    bool caught_up;

    struct draw *draws;
};

/* ------------------------------------------------------------------ waiting */

/* Full jitter: any time from now to the ceiling, which doubles with each failure. */
static void retry_later(struct sync_engine *engine, struct retry *retry, int64_t now_ms)
{
    uint32_t doublings =
        retry->failures < BACKOFF_DOUBLINGS_MAX ? retry->failures : BACKOFF_DOUBLINGS_MAX;
    uint64_t ceiling = (uint64_t)SYNC_BACKOFF_FIRST_MS << doublings;
    if (ceiling > SYNC_BACKOFF_CAP_MS) {
        ceiling = SYNC_BACKOFF_CAP_MS;
    }
    uint64_t wait = (ceiling + 1) * engine->net.random(engine->net.self) >> 32;
    retry->failures++;
    retry->at_ms = now_ms + (int64_t)wait;
}

static void retry_now(struct retry *retry, int64_t now_ms)
{
    retry->at_ms = now_ms;
}

static void retry_forget(struct retry *retry)
{
    retry->at_ms = SYNC_NO_TIMER;
}

static void retry_reset(struct retry *retry)
{
    retry->failures = 0;
    retry->at_ms = SYNC_NO_TIMER;
}

static int64_t earlier(int64_t one, int64_t two)
{
    return one < two ? one : two;
}

/* ------------------------------------------------------------------ statuses */

/* What a gRPC status means for a push or a pull. Family 2x: try again by itself; 5x: stop. */
static enum tally_status status_from_grpc(enum sync_grpc_status status)
{
    switch (status) {
    case SYNC_GRPC_OK:
        return TALLY_OK;
    case SYNC_GRPC_FAILED_PRECONDITION:
    case SYNC_GRPC_ABORTED:
    case SYNC_GRPC_ALREADY_EXISTS:
        return TALLY_E_CHAIN;
    case SYNC_GRPC_PERMISSION_DENIED:
    case SYNC_GRPC_UNAUTHENTICATED:
        return TALLY_E_REVOKED;
    case SYNC_GRPC_INVALID_ARGUMENT:
    case SYNC_GRPC_UNIMPLEMENTED:
        return TALLY_E_PROTOCOL;
    case SYNC_GRPC_DEADLINE_EXCEEDED:
        return TALLY_E_TIMEOUT;
    case SYNC_GRPC_NOT_FOUND:
    case SYNC_GRPC_RESOURCE_EXHAUSTED:
    case SYNC_GRPC_INTERNAL:
    case SYNC_GRPC_UNAVAILABLE:
        break;
    }
    return TALLY_E_BUSY;
}

static enum tally_status draw_status(enum tally_status transport, enum sync_grpc_status status)
{
    if (transport != TALLY_OK) {
        return transport == TALLY_E_TIMEOUT || transport == TALLY_E_PROTOCOL ? transport
                                                                             : TALLY_E_OFFLINE;
    }
    switch (status) {
    case SYNC_GRPC_NOT_FOUND:
        return TALLY_E_NOT_FOUND;
    case SYNC_GRPC_INVALID_ARGUMENT:
        return TALLY_E_INVALID;
    case SYNC_GRPC_FAILED_PRECONDITION:
    case SYNC_GRPC_ABORTED:
    case SYNC_GRPC_ALREADY_EXISTS:
        return TALLY_E_REVOKED; /* quarantined */
    default:
        return status_from_grpc(status);
    }
}

static enum tally_status either(enum tally_status transport, enum sync_grpc_status status)
{
    return transport != TALLY_OK ? transport : status_from_grpc(status);
}

static bool is_final(enum tally_status status)
{
    return tally_status_family(status) == TALLY_FAMILY_PEER ||
           tally_status_family(status) == TALLY_FAMILY_STOP;
}

/* ------------------------------------------------------------------ push */

/* A batch while it is put together. */
struct batch {
    struct tally_buffer bytes; /* event, sidecar, event, sidecar... */
    struct {
        size_t event_at, event_len, sidecar_at, sidecar_len;
    } * spans;
    size_t count, cap;
    uint8_t chain_before[TALLY_HASH_LEN], chain_after[TALLY_HASH_LEN];
};

static void batch_free(struct batch *batch)
{
    tally_buffer_free(&batch->bytes);
    tally_free(batch->spans);
}

static enum tally_status batch_grow(struct batch *batch)
{
    if (batch->count < batch->cap) {
        return TALLY_OK;
    }
    size_t cap = batch->cap > 0 ? batch->cap * 2 : RECORDS_FIRST;
    void *spans = tally_realloc(batch->spans, cap, sizeof *batch->spans);
    if (spans == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    batch->spans = spans;
    batch->cap = cap;
    return TALLY_OK;
}

/* Adds event `seq`; TALLY_E_END if the batch is better sent without it. */
static enum tally_status batch_add(struct sync_engine *engine, struct batch *batch, uint64_t seq)
{
    const struct sync_engine_store *store = &engine->store;
    struct tally_buffer sidecar = {0};
    uint8_t chain[TALLY_HASH_LEN];
    TALLY_TRY(batch_grow(batch));
    size_t start = batch->bytes.len;
    enum tally_status status = store->read_event(store->self, seq, &batch->bytes, &sidecar, chain);
    if (status == TALLY_OK) {
        size_t sidecar_at = batch->bytes.len;
        status = tally_buffer_append(&batch->bytes, sidecar.data, sidecar.len);
        if (status == TALLY_OK && batch->count > 0 && batch->bytes.len > SYNC_PUSH_BYTES_MAX) {
            status = TALLY_E_END;
        }
        if (status == TALLY_OK) {
            batch->spans[batch->count].event_at = start;
            batch->spans[batch->count].event_len = sidecar_at - start;
            batch->spans[batch->count].sidecar_at = sidecar_at;
            batch->spans[batch->count].sidecar_len = sidecar.len;
            batch->count++;
            memcpy(batch->chain_after, chain, sizeof chain);
        }
    }
    tally_buffer_wipe(&sidecar);
    return status;
}

static enum tally_status batch_read(struct sync_engine *engine, const struct sync_outbox *outbox,
                                    struct batch *batch)
{
    TALLY_TRY(engine->store.chain_at(engine->store.self, outbox->acked_seq, batch->chain_before));
    for (uint64_t seq = outbox->acked_seq + 1;
         seq <= outbox->newest_seq && batch->count < TALLY_MSG_RECORDS_MAX; seq++) {
        enum tally_status status = batch_add(engine, batch, seq);
        if (status == TALLY_E_END) {
            break;
        }
        TALLY_TRY(status);
    }
    return TALLY_OK;
}

static enum tally_status batch_encode(const struct batch *batch, const struct sync_outbox *outbox,
                                      struct tally_buffer *ret_request)
{
    struct tally_msg_record *records = tally_alloc(batch->count, sizeof *records);
    if (records == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < batch->count; i++) {
        const uint8_t *bytes = batch->bytes.data;
        records[i].event =
            (struct tally_slice){bytes + batch->spans[i].event_at, batch->spans[i].event_len};
        records[i].sidecar =
            (struct tally_slice){bytes + batch->spans[i].sidecar_at, batch->spans[i].sidecar_len};
    }
    struct tally_msg_push_request request = {.epoch = outbox->epoch,
                                             .first_seq = outbox->acked_seq + 1,
                                             .records = records,
                                             .record_count = batch->count};
    memcpy(request.chain_before, batch->chain_before, TALLY_HASH_LEN);
    memcpy(request.chain_after, batch->chain_after, TALLY_HASH_LEN);
    enum tally_status status = tally_msg_push_request_encode(&request, ret_request);
    tally_free(records);
    return status;
}

static void stop_push(struct sync_engine *engine, enum tally_status why)
{
    engine->push_why = why;
    retry_forget(&engine->push);
    engine->dirty = true;
}

static enum tally_status send_batch(struct sync_engine *engine, const struct sync_outbox *outbox)
{
    struct batch batch = {0};
    struct tally_buffer request = {0};
    enum tally_status status = batch_read(engine, outbox, &batch);
    if (status == TALLY_OK) {
        status = batch_encode(&batch, outbox, &request);
    }
    if (status == TALLY_OK) {
        uint64_t call = engine->next_call++;
        engine->push_call = call;
        engine->push_answered = false;
        engine->push_epoch = outbox->epoch;
        status = engine->net.call(engine->net.self, call, TALLY_RPC_PUSH, SYNC_PUSH_DEADLINE_MS,
                                  tally_buffer_slice(&request));
        if (status != TALLY_OK) {
            engine->push_call = 0;
        }
    }
    batch_free(&batch);
    tally_buffer_wipe(&request);
    return status;
}

static void try_push(struct sync_engine *engine, int64_t now_ms)
{
    struct sync_outbox outbox;
    if (engine->channel != SYNC_CHANNEL_UP || engine->push_call != 0 ||
        engine->push_why != TALLY_OK ||
        (engine->push.at_ms != SYNC_NO_TIMER && engine->push.at_ms > now_ms)) {
        return;
    }
    retry_forget(&engine->push);
    engine->store.outbox(engine->store.self, &outbox);
    if (outbox.newest_seq <= outbox.acked_seq) {
        return;
    }
    enum tally_status status = send_batch(engine, &outbox);
    if (status == TALLY_E_OFFLINE || status == TALLY_E_NO_MEMORY) {
        retry_later(engine, &engine->push, now_ms);
    } else if (status != TALLY_OK) {
        stop_push(engine, status);
    }
}

static void on_push_reply(struct sync_engine *engine, struct tally_slice message, int64_t now_ms)
{
    struct tally_msg_push_reply reply;
    struct sync_outbox before, after;
    engine->push_answered = true;
    engine->dirty = true;
    if (tally_msg_push_reply_decode(message, &reply) != TALLY_OK) {
        stop_push(engine, TALLY_E_PROTOCOL);
        return;
    }
    engine->store.outbox(engine->store.self, &before);
    enum tally_status status =
        engine->store.acked(engine->store.self, engine->push_epoch, reply.acked_seq, reply.chain);
    if (status != TALLY_OK) {
        stop_push(engine, status);
        return;
    }
    engine->store.outbox(engine->store.self, &after);
    if (after.acked_seq > before.acked_seq) {
        retry_reset(&engine->push);
    } else {
        retry_later(engine, &engine->push, now_ms); /* no progress: don't turn in a circle */
    }
}

static void on_push_done(struct sync_engine *engine, enum tally_status transport,
                         enum sync_grpc_status grpc, int64_t now_ms)
{
    engine->push_call = 0;
    enum tally_status status = either(transport, grpc);
    if (status == TALLY_OK && !engine->push_answered) {
        status = TALLY_E_PROTOCOL;
    }
    if (engine->push_why != TALLY_OK || status == TALLY_OK) {
        return;
    }
    if (is_final(status) && transport == TALLY_OK) {
        stop_push(engine, status);
    } else {
        retry_later(engine, &engine->push, now_ms);
    }
}

/* ------------------------------------------------------------------ pull */

static void try_pull(struct sync_engine *engine, int64_t now_ms)
{
    if (engine->channel != SYNC_CHANNEL_UP || engine->pull_call != 0 ||
        (engine->pull.at_ms != SYNC_NO_TIMER && engine->pull.at_ms > now_ms)) {
        return;
    }
    struct sync_cursor cursor = {0};
    struct tally_buffer request = {0};
    retry_forget(&engine->pull);
    engine->store.cursor(engine->store.self, &cursor);
    const struct tally_msg_pull_request message = {cursor.cursor, cursor.programme_version,
                                                   cursor.grant_seq};
    enum tally_status status = tally_msg_pull_request_encode(&message, &request);
    if (status == TALLY_OK) {
        engine->pull_call = engine->next_call++;
        status = engine->net.call(engine->net.self, engine->pull_call, TALLY_RPC_PULL, 0,
                                  tally_buffer_slice(&request));
    }
    tally_buffer_free(&request);
    if (status != TALLY_OK) {
        engine->pull_call = 0;
        retry_later(engine, &engine->pull, now_ms);
    }
    engine->pull_why = status;
    engine->dirty = true;
}

static void on_pull_reply(struct sync_engine *engine, struct tally_slice message, int64_t now_ms)
{
    struct tally_msg_pull_reply reply;
    enum tally_status status = tally_msg_pull_reply_decode(message, &reply);
    engine->dirty = true;
    if (status == TALLY_OK) {
        status = engine->store.pulled(engine->store.self, &reply);
        if (status == TALLY_OK) {
            engine->caught_up = reply.caught_up;
        }
        tally_msg_pull_reply_free(&reply);
    }
    if (status == TALLY_OK) {
        retry_reset(&engine->pull);
        return;
    }
    engine->net.cancel(engine->net.self, engine->pull_call);
    engine->pull_call = 0;
    engine->pull_why = status;
    retry_later(engine, &engine->pull, now_ms);
}

static void on_pull_done(struct sync_engine *engine, enum tally_status transport,
                         enum sync_grpc_status grpc, int64_t now_ms)
{
    engine->pull_call = 0;
    engine->pull_why = either(transport, grpc);
    if (engine->pull_why == TALLY_OK) {
        engine->pull_why = TALLY_E_END; /* HQ ended it in order */
    }
    retry_later(engine, &engine->pull, now_ms);
    engine->dirty = true;
}

/* ------------------------------------------------------------------ draw */

enum tally_status sync_engine_draw(struct sync_engine *engine, uint64_t account, int64_t points,
                                   const uint8_t request_id[SYNC_REQUEST_ID_LEN],
                                   sync_draw_done *done, void *context, int64_t now_ms)
{
    (void)now_ms;
    if (points < 1) {
        return TALLY_E_INVALID;
    }
    if (engine->channel != SYNC_CHANNEL_UP) {
        return TALLY_E_OFFLINE;
    }
    struct draw *draw = tally_alloc(1, sizeof *draw);
    if (draw == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct sync_cursor cursor = {0};
    struct tally_buffer request = {0};
    engine->store.cursor(engine->store.self, &cursor);
    struct tally_msg_draw_request message = {
        .account = account, .points = points, .grant_seq = cursor.grant_seq};
    memcpy(message.request_id, request_id, SYNC_REQUEST_ID_LEN);
    draw->call = engine->next_call++;
    draw->done = done;
    draw->context = context;
    enum tally_status status = tally_msg_draw_request_encode(&message, &request);
    if (status == TALLY_OK) {
        status = engine->net.call(engine->net.self, draw->call, TALLY_RPC_DRAW,
                                  SYNC_DRAW_DEADLINE_MS, tally_buffer_slice(&request));
    }
    tally_buffer_free(&request);
    if (status != TALLY_OK) {
        tally_free(draw);
        return status;
    }
    draw->next = engine->draws;
    engine->draws = draw;
    return TALLY_OK;
}

static struct draw **find_draw(struct sync_engine *engine, uint64_t call)
{
    struct draw **link = &engine->draws;
    while (*link != NULL && (*link)->call != call) {
        link = &(*link)->next;
    }
    return link;
}

static void on_draw_reply(struct sync_engine *engine, struct draw *draw, struct tally_slice message)
{
    struct tally_msg_draw_reply reply;
    draw->answered = true;
    draw->result = TALLY_E_PROTOCOL;
    if (tally_msg_draw_reply_decode(message, &reply) == TALLY_OK) {
        draw->result = engine->store.drawn(engine->store.self, &reply);
        tally_msg_draw_reply_free(&reply);
    }
}

/* Takes it off the list first: the callback may draw again. */
static void end_draw(struct draw **link, enum tally_status status)
{
    struct draw *draw = *link;
    *link = draw->next;
    draw->done(draw->context, status);
    tally_free(draw);
}

static void on_draw_done(struct draw **link, enum tally_status transport,
                         enum sync_grpc_status grpc)
{
    enum tally_status status = draw_status(transport, grpc);
    if ((*link)->answered) {
        status = (*link)->result; /* journalled, whatever came after */
    } else if (status == TALLY_OK) {
        status = TALLY_E_PROTOCOL;
    }
    end_draw(link, status);
}

static void end_draws(struct sync_engine *engine)
{
    while (engine->draws != NULL) {
        end_draw(&engine->draws, engine->draws->answered ? engine->draws->result : TALLY_E_OFFLINE);
    }
}

/* ------------------------------------------------------------------ the connection */

static void try_connect(struct sync_engine *engine, int64_t now_ms)
{
    if (!engine->started || engine->channel != SYNC_CHANNEL_DOWN ||
        engine->connect.at_ms > now_ms) {
        return;
    }
    retry_forget(&engine->connect);
    engine->channel = SYNC_CHANNEL_CONNECTING;
    engine->dirty = true;
    engine->net.connect(engine->net.self, SYNC_CONNECT_TIMEOUT_MS);
}

/* After every input: do what can be done now, set the one timer, tell the screen. */
static void settle(struct sync_engine *engine, int64_t now_ms)
{
    try_connect(engine, now_ms);
    try_push(engine, now_ms);
    try_pull(engine, now_ms);
    int64_t at = SYNC_NO_TIMER;
    if (engine->channel == SYNC_CHANNEL_DOWN && engine->started) {
        at = engine->connect.at_ms;
    } else if (engine->channel == SYNC_CHANNEL_UP) {
        at = earlier(engine->push.at_ms, engine->pull.at_ms);
    }
    engine->net.set_timer(engine->net.self, at);
    if (engine->dirty && engine->store.changed != NULL) {
        engine->dirty = false;
        engine->store.changed(engine->store.self);
    }
}

static void heard(struct sync_engine *engine, int64_t now_ms)
{
    engine->last_contact_ms = now_ms;
    engine->connect.failures = 0; /* not at UP: HQ may refuse us right after the handshake */
}

static void went_up(struct sync_engine *engine, int64_t now_ms)
{
    engine->why = TALLY_OK;
    engine->push_why = TALLY_OK;
    retry_forget(&engine->connect);
    retry_now(&engine->push, now_ms);
    retry_now(&engine->pull, now_ms);
}

static void went_down(struct sync_engine *engine, enum tally_status why, int64_t now_ms)
{
    engine->why = why;
    engine->push_call = 0;
    engine->pull_call = 0;
    engine->caught_up = false;
    retry_reset(&engine->push);
    retry_reset(&engine->pull);
    retry_later(engine, &engine->connect, now_ms);
    end_draws(engine);
}

void sync_engine_on_channel(struct sync_engine *engine, enum sync_channel_state state,
                            enum tally_status why, int64_t now_ms)
{
    enum sync_channel_state before = engine->channel;
    engine->channel = state;
    engine->dirty = true;
    if (state == SYNC_CHANNEL_UP && before != SYNC_CHANNEL_UP) {
        went_up(engine, now_ms);
    } else if (state == SYNC_CHANNEL_DOWN && before != SYNC_CHANNEL_DOWN) {
        went_down(engine, why, now_ms);
    }
    settle(engine, now_ms);
}

void sync_engine_on_message(struct sync_engine *engine, uint64_t call, struct tally_slice message,
                            int64_t now_ms)
{
    struct draw **draw = find_draw(engine, call);
    heard(engine, now_ms);
    if (call == engine->push_call) {
        on_push_reply(engine, message, now_ms);
    } else if (call == engine->pull_call) {
        on_pull_reply(engine, message, now_ms);
    } else if (*draw != NULL) {
        on_draw_reply(engine, *draw, message);
    }
    settle(engine, now_ms);
}

void sync_engine_on_call_done(struct sync_engine *engine, uint64_t call,
                              enum tally_status transport, enum sync_grpc_status status,
                              int64_t now_ms)
{
    struct draw **draw = find_draw(engine, call);
    if (transport == TALLY_OK) {
        heard(engine, now_ms);
    }
    if (call == engine->push_call) {
        on_push_done(engine, transport, status, now_ms);
    } else if (call == engine->pull_call) {
        on_pull_done(engine, transport, status, now_ms);
    } else if (*draw != NULL) {
        on_draw_done(draw, transport, status);
    }
    settle(engine, now_ms);
}

void sync_engine_on_timer(struct sync_engine *engine, int64_t now_ms)
{
    settle(engine, now_ms);
}

/* ------------------------------------------------------------------ its owner */

enum tally_status sync_engine_open(const struct sync_engine_net *net,
                                   const struct sync_engine_store *store,
                                   struct sync_engine **ret_engine)
{
    struct sync_engine *engine = tally_alloc(1, sizeof *engine);
    if (engine == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    engine->net = *net;
    engine->store = *store;
    engine->next_call = 1;
    engine->channel = SYNC_CHANNEL_DOWN;
    engine->last_contact_ms = -1;
    retry_reset(&engine->connect);
    retry_reset(&engine->push);
    retry_reset(&engine->pull);
    *ret_engine = engine;
    return TALLY_OK;
}

void sync_engine_close(struct sync_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    engine->channel = SYNC_CHANNEL_DOWN; /* a callback can't draw again */
    end_draws(engine);
    tally_free(engine);
}

void sync_engine_start(struct sync_engine *engine, int64_t now_ms)
{
    engine->started = true;
    retry_now(&engine->connect, now_ms);
    settle(engine, now_ms);
}

void sync_engine_wake(struct sync_engine *engine, int64_t now_ms)
{
    if (!engine->started) {
        return;
    }
    if (engine->channel == SYNC_CHANNEL_DOWN) {
        engine->connect.failures = 0;
        retry_now(&engine->connect, now_ms);
    } else {
        engine->push_why = TALLY_OK;
        engine->push.failures = engine->pull.failures = 0;
        retry_now(&engine->push, now_ms);
        retry_now(&engine->pull, now_ms);
        engine->dirty = true;
    }
    settle(engine, now_ms);
}

void sync_engine_poke(struct sync_engine *engine, int64_t now_ms)
{
    engine->dirty = true; /* pending has changed */
    settle(engine, now_ms);
}

void sync_engine_status(const struct sync_engine *engine, struct sync_engine_status *ret_status)
{
    struct sync_outbox outbox;
    engine->store.outbox(engine->store.self, &outbox);
    *ret_status = (struct sync_engine_status){
        .channel = engine->channel,
        .why = engine->why,
        .push_why = engine->push_why,
        .pull_why = engine->pull_why,
        .caught_up = engine->caught_up,
        .acked_seq = outbox.acked_seq,
        .pending = outbox.newest_seq > outbox.acked_seq ? outbox.newest_seq - outbox.acked_seq : 0,
        .last_contact_ms = engine->last_contact_ms,
        .next_try_ms = engine->channel == SYNC_CHANNEL_DOWN ? engine->connect.at_ms : SYNC_NO_TIMER,
        .failures = engine->connect.failures};
}
