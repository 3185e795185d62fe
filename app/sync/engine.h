/* app/sync/engine.h: the terminal's side of sync: keeps one connection to head office (HQ), pushes
 * the journal up, follows HQ's changes down, and draws points on demand.
 *
 * Sans-I/O: what happens comes in through the sync_engine_on_* functions, what is to be done goes
 * out through two structs of function pointers. sync_drive (app/sync/drive.h) connects the first of
 * them to a libuv loop and real connections; a simulator connects it to whatever it likes.
 *
 * Units    times are ms of a clock that never goes backwards (uv_now); lengths are bytes.
 * Memory   slices and messages handed to a port live only during that call.
 * Errors   nothing here is fatal: what fails is tried again later, and sync_engine_status says why.
 * Blocking as the ports do; none of them may wait for the network.
 * Threads  one. A port may call sync_engine_status and nothing else here; a draw's callback may
 * call anything, also sync_engine_close. */
#ifndef TALLY_SYNC_ENGINE_H
#define TALLY_SYNC_ENGINE_H

#include "app/base/buffer.h"
#include "app/core/types.h"
#include "app/sync/grpc.h"

struct tally_msg_pull_reply; /* app/proto/messages.h */
struct tally_msg_draw_reply;

enum {
    SYNC_PUSH_BYTES_MAX = 64 * 1024, /* of records in one Push; a larger record goes alone */
    SYNC_CONNECT_TIMEOUT_MS = 10 * 1000,
    SYNC_PUSH_DEADLINE_MS = 30 * 1000,
    SYNC_DRAW_DEADLINE_MS = 3 * 1000,
    /* A retry waits a random time within a window (full jitter), and the window doubles. While an
     * outage is young its cap is small, so that a short outage of HQ is over for every terminal
     * within 5 s of HQ's return; later it is large, so that 10,000 terminals don't storm. */
    SYNC_BACKOFF_FIRST_MS = 250,
    SYNC_BACKOFF_YOUNG_MS = 60 * 1000, /* an outage is young for this long */
    SYNC_BACKOFF_YOUNG_CAP_MS = 4 * 1000,
    SYNC_BACKOFF_CAP_MS = 60 * 1000,
    SYNC_BACKOFF_CALL_MIN_MS = 250 /* no Push or Pull that failed is repeated sooner */
};

#define SYNC_NO_TIMER INT64_MAX

/* ------------------------------------------------------------------ what the engine asks for */

/* The network. Answers come back through the sync_engine_on_* functions, never from within. */
struct sync_engine_net {
    void *self;
    /* One attempt; then sync_engine_on_channel says UP, or DOWN and why. */
    void (*connect)(void *self, uint32_t timeout_ms);
    /* DOWN follows through sync_engine_on_channel. */
    void (*disconnect)(void *self);
    /* A call with one request message, then half-closed. `call` is the engine's name for it: it
     * comes back with every message, and with exactly one sync_engine_on_call_done unless
     * cancelled. TALLY_OK, TALLY_E_OFFLINE, TALLY_E_NO_MEMORY */
    enum tally_status (*call)(void *self, uint64_t call, const char *path, uint32_t deadline_ms,
                              struct tally_slice request);
    /* Nothing more comes about this call. */
    void (*cancel)(void *self, uint64_t call);
    /* Calls sync_engine_on_timer at this time or soon after; replaces the time set before;
     * SYNC_NO_TIMER: none. */
    void (*set_timer)(void *self, int64_t at_ms);
    /* Any 32 bits; spreads the retries of many terminals. */
    uint32_t (*random)(void *self);
};

/* Where the outbox stands. */
struct sync_outbox {
    uint32_t epoch;
    uint64_t newest_seq; /* newest durable event; 0: none */
    uint64_t acked_seq;  /* HQ holds everything up to here */
};

/* What a Pull starts from. */
struct sync_cursor {
    uint64_t cursor;            /* 0: from the beginning */
    uint32_t programme_version; /* 0: none */
    uint64_t grant_seq;         /* newest grant journalled; 0: none */
};

/* The terminal's store and screen. */
struct sync_engine_store {
    void *self;
    void (*outbox)(void *self, struct sync_outbox *ret_outbox);
    /* One event, exactly the journalled bytes, and its sidecar; appended. ret_chain is the chain
     * hash after it. Same as store_event_get. TALLY_OK, TALLY_E_NOT_FOUND, 4x statuses (pushing
     * stops until the next wake) */
    enum tally_status (*read_event)(void *self, uint64_t seq, struct tally_buffer *ret_event,
                                    struct tally_buffer *ret_sidecar,
                                    uint8_t ret_chain[TALLY_HASH_LEN]);
    /* The chain hash after event `seq`, which is acked_seq; for 0 the one that an epoch begins
     * with. Must be answerable also when that event was pruned.  TALLY_OK, as read_event */
    enum tally_status (*chain_at)(void *self, uint64_t seq, uint8_t ret_chain[TALLY_HASH_LEN]);
    /* HQ holds everything of this epoch up to `seq`, and `chain` is its chain hash there. `seq` may
     * be below or equal to what was acked before: an answer may be repeated.
     *   TALLY_OK, TALLY_E_CHAIN (HQ's hash is not ours: quarantine) */
    enum tally_status (*acked)(void *self, uint32_t epoch, uint64_t seq,
                               const uint8_t chain[TALLY_HASH_LEN]);
    void (*cursor)(void *self, struct sync_cursor *ret_cursor);
    /* Store everything in the reply: rows and cursor in one transaction, keys, programme, grants.
     * Not TALLY_OK: nothing of it counts; the call is closed and opened again later, from
     * `cursor`. */
    enum tally_status (*pulled)(void *self, const struct tally_msg_pull_reply *reply);
    /* Journal the grants of a Draw (those above the newest held). Called before the draw's
     * callback. */
    enum tally_status (*drawn)(void *self, const struct tally_msg_draw_reply *reply);
    /* Something in sync_engine_status changed. May be NULL. */
    void (*changed)(void *self);
};

/* ------------------------------------------------------------------ the engine */

struct sync_engine;

/* The structs are copied; what they point at must outlive the engine. Nothing happens before
 * sync_engine_start.  TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status sync_engine_open(const struct sync_engine_net *net,
                                                  const struct sync_engine_store *store,
                                                  struct sync_engine **ret_engine);

/* Frees it. Open draws end with TALLY_E_OFFLINE before the return. Nothing is called later; the
 * caller drops the connection. NULL is allowed. */
void sync_engine_close(struct sync_engine *engine);

/* Connects, and stays connected from now on. */
void sync_engine_start(struct sync_engine *engine, int64_t now_ms);

/* Something changed that makes a retry worth while now: the network came back, an operator asks.
 * Ends any waiting and, if connected, a stopped push. */
void sync_engine_wake(struct sync_engine *engine, int64_t now_ms);

/* New events are durable in the outbox. Cheap; call it after every commit. */
void sync_engine_poke(struct sync_engine *engine, int64_t now_ms);

/* 16 bytes that name one draw for ever: the same bytes again never move points twice. */
enum { SYNC_REQUEST_ID_LEN = 16 };

/* TALLY_OK: the grants are journalled (possibly none: HQ has no points). Else TALLY_E_OFFLINE,
 * TALLY_E_TIMEOUT, TALLY_E_NOT_FOUND (no such account), TALLY_E_INVALID, TALLY_E_REVOKED,
 * TALLY_E_BUSY, TALLY_E_PROTOCOL, or what `drawn` answered; then redeem what is held here. */
typedef void sync_draw_done(void *context, enum tally_status status);

/* Asks HQ for units of a purse, as a call of its own with a 3 s deadline. `done` comes exactly once
 * and never from within; not at all when this answers anything but TALLY_OK. TALLY_OK,
 * TALLY_E_OFFLINE (not connected: decide at once), TALLY_E_INVALID (points below 1),
 *   TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status sync_engine_draw(struct sync_engine *engine, uint64_t account,
                                                  uint32_t purse, int64_t points,
                                                  const uint8_t request_id[SYNC_REQUEST_ID_LEN],
                                                  sync_draw_done *done, void *context,
                                                  int64_t now_ms);

/* For the screen and the log. */
struct sync_engine_status {
    enum sync_channel_state channel;
    enum tally_status why; /* why the channel is DOWN; TALLY_OK when UP or never tried */
    /* Why pushing stopped: TALLY_E_CHAIN, TALLY_E_REVOKED (quarantined), TALLY_E_STORE_*...;
     * TALLY_OK: it goes on. TALLY_E_PROTOCOL: HQ's answers make no sense, it is tried again. */
    enum tally_status push_why;
    /* Why the last Pull ended, TALLY_E_END: HQ had finished; TALLY_OK while it is open. */
    enum tally_status pull_why;
    bool caught_up; /* HQ had nothing newer at its last word */
    uint64_t acked_seq;
    uint64_t pending;        /* events that HQ does not hold yet */
    int64_t last_contact_ms; /* when HQ was last heard; -1: never */
    int64_t next_try_ms;     /* next attempt to connect; SYNC_NO_TIMER: none planned */
    uint32_t failures;       /* attempts to connect that failed in a row */
};
void sync_engine_status(const struct sync_engine *engine, struct sync_engine_status *ret_status);

/* ------------------------------------------------------------------ what happened */

void sync_engine_on_channel(struct sync_engine *engine, enum sync_channel_state state,
                            enum tally_status why, int64_t now_ms);
void sync_engine_on_message(struct sync_engine *engine, uint64_t call, struct tally_slice message,
                            int64_t now_ms);
void sync_engine_on_call_done(struct sync_engine *engine, uint64_t call,
                              enum tally_status transport, enum sync_grpc_status status,
                              int64_t now_ms);
void sync_engine_on_timer(struct sync_engine *engine, int64_t now_ms);

#endif
