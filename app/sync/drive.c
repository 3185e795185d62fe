/* SPDX-License-Identifier: Apache-2.0 */
/* Connects the sync engine's network ports to a channel, a timer and the generator of random
 * numbers. */
#include "app/sync/drive.h"

#include "app/base/alloc.h"
#include "app/crypto/crypto.h"

#include <assert.h>

/* One call of the engine's; freed in on_done. */
struct entry {
    struct entry *previous, *next;
    struct sync_drive *drive;
    struct sync_call *call;
    uint64_t name;
    bool silent; /* the engine does not want to hear of it any more */
};

struct sync_drive {
    uv_loop_t *loop;
    struct sync_engine *engine; /* NULL: closing */
    struct sync_channel *channel;
    uv_timer_t timer;
    struct entry *entries;
    int open_parts; /* channel and timer */
    void (*on_closed)(void *context);
    void *closed_context;
};

int64_t sync_drive_now(const struct sync_drive *drive)
{
    return (int64_t)uv_now(drive->loop);
}

struct sync_engine *sync_drive_engine(struct sync_drive *drive)
{
    return drive->engine;
}

/* ------------------------------------------------------------------ calls */

static void on_message(void *context, struct sync_call *call, struct tally_slice message)
{
    const struct entry *entry = context;
    struct sync_drive *drive = entry->drive;
    (void)call;
    if (drive->engine != NULL && !entry->silent) {
        sync_engine_on_message(drive->engine, entry->name, message, sync_drive_now(drive));
    }
}

static void remove_entry(struct entry *entry)
{
    if (entry->previous != NULL) {
        entry->previous->next = entry->next;
    } else {
        entry->drive->entries = entry->next;
    }
    if (entry->next != NULL) {
        entry->next->previous = entry->previous;
    }
    tally_free(entry);
}

static void on_done(void *context, struct sync_call *call, enum tally_status transport,
                    enum sync_grpc_status status, const char *text)
{
    struct entry *entry = context;
    struct sync_drive *drive = entry->drive;
    bool silent = entry->silent;
    uint64_t name = entry->name;
    (void)call;
    (void)text;
    remove_entry(entry);
    if (drive->engine != NULL && !silent) {
        sync_engine_on_call_done(drive->engine, name, transport, status, sync_drive_now(drive));
    }
}

static enum tally_status port_call(void *self, uint64_t name, const char *path,
                                   uint32_t deadline_ms, struct tally_slice request)
{
    static const struct sync_call_handlers handlers = {on_message, on_done};
    struct sync_drive *drive = self;
    struct entry *entry = tally_alloc(1, sizeof *entry);
    if (entry == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    entry->drive = drive;
    entry->name = name;
    enum tally_status status =
        sync_channel_call(drive->channel, path, deadline_ms, &handlers, entry, &entry->call);
    if (status != TALLY_OK) {
        tally_free(entry);
        return status;
    }
    entry->next = drive->entries;
    if (drive->entries != NULL) {
        drive->entries->previous = entry;
    }
    drive->entries = entry;
    status = sync_call_send(entry->call, request);
    if (status != TALLY_OK) {
        entry->silent = true;
        sync_call_cancel(entry->call);
        return status;
    }
    sync_call_half_close(entry->call);
    return TALLY_OK;
}

static void port_cancel(void *self, uint64_t name)
{
    struct sync_drive *drive = self;
    for (struct entry *entry = drive->entries; entry != NULL; entry = entry->next) {
        if (entry->name == name && !entry->silent) {
            entry->silent = true;
            sync_call_cancel(entry->call);
        }
    }
}

/* ------------------------------------------------------------------ connection, time, chance */

static void on_state(void *context, enum sync_channel_state state, enum tally_status why)
{
    struct sync_drive *drive = context;
    if (drive->engine != NULL && state != SYNC_CHANNEL_CONNECTING) {
        sync_engine_on_channel(drive->engine, state, why, sync_drive_now(drive));
    }
}

static void port_connect(void *self, uint32_t timeout_ms)
{
    struct sync_drive *drive = self;
    sync_channel_connect(drive->channel, timeout_ms);
}

static void port_disconnect(void *self)
{
    struct sync_drive *drive = self;
    sync_channel_disconnect(drive->channel);
}

static void on_timer(uv_timer_t *timer)
{
    struct sync_drive *drive = timer->data;
    if (drive->engine != NULL) {
        sync_engine_on_timer(drive->engine, sync_drive_now(drive));
    }
}

static void port_set_timer(void *self, int64_t at_ms)
{
    struct sync_drive *drive = self;
    if (at_ms == SYNC_NO_TIMER) {
        uv_timer_stop(&drive->timer);
        return;
    }
    int64_t now = sync_drive_now(drive);
    uv_timer_start(&drive->timer, on_timer, at_ms > now ? (uint64_t)(at_ms - now) : 0, 0);
}

static uint32_t port_random(void *self)
{
    uint32_t number = 0;
    (void)self;
    if (tally_random(&number, sizeof number) != TALLY_OK) {
        number = UINT32_MAX; /* the longest wait */
    }
    return number;
}

/* ------------------------------------------------------------------ open and close */

static void part_closed(struct sync_drive *drive)
{
    if (--drive->open_parts > 0) {
        return;
    }
    void (*on_closed)(void *context) = drive->on_closed;
    void *context = drive->closed_context;
    assert(drive->entries == NULL);
    tally_free(drive);
    if (on_closed != NULL) {
        on_closed(context);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

static void on_channel_closed(void *context)
{
    part_closed(context);
}

static void on_start(uv_timer_t *timer)
{
    struct sync_drive *drive = timer->data;
    if (drive->engine != NULL) {
        sync_engine_start(drive->engine, sync_drive_now(drive));
    }
}

enum tally_status sync_drive_open(uv_loop_t *loop, const struct sync_channel_options *options,
                                  const struct sync_engine_store *store,
                                  struct sync_drive **ret_drive)
{
    struct sync_drive *drive = tally_alloc(1, sizeof *drive);
    if (drive == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    drive->loop = loop;
    struct sync_channel_options channel = *options;
    channel.context = drive;
    channel.on_state = on_state;
    const struct sync_engine_net net = {.self = drive,
                                        .connect = port_connect,
                                        .disconnect = port_disconnect,
                                        .call = port_call,
                                        .cancel = port_cancel,
                                        .set_timer = port_set_timer,
                                        .random = port_random};
    enum tally_status status = sync_engine_open(&net, store, &drive->engine);
    if (status == TALLY_OK) {
        status = sync_channel_open(loop, &channel, &drive->channel);
    }
    if (status != TALLY_OK) {
        sync_engine_close(drive->engine);
        tally_free(drive);
        return status;
    }
    (void)uv_timer_init(loop, &drive->timer); /* fills in a struct */
    drive->timer.data = drive;
    drive->open_parts = 2;
    uv_timer_start(&drive->timer, on_start, 0, 0);
    *ret_drive = drive;
    return TALLY_OK;
}

void sync_drive_close(struct sync_drive *drive, void (*on_closed)(void *context), void *context)
{
    struct sync_engine *engine = drive->engine;
    assert(engine != NULL);
    drive->on_closed = on_closed;
    drive->closed_context = context;
    drive->engine = NULL;
    sync_engine_close(engine);
    uv_close((uv_handle_t *)&drive->timer, on_timer_closed);
    sync_channel_close(drive->channel, on_channel_closed, drive);
}
