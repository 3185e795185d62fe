/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing: lock, version, journal, state, replay, and making the state again. */
#include "app/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/base/alloc.h"
#include "app/proto/event_codec.h"
#include "app/store/files.h"

enum {
    STORE_FORMAT = 1,
    CHECKPOINT_EVENTS_DEFAULT = 1024,
    REBUILD_BATCH_ROWS = 8192,
    FORMAT_FILE_LEN_MAX = 64
};

#define FORMAT_FILE  "format"
#define FORMAT_WORDS "tallystick store "

void store_log(const struct store *store, const char *format, ...)
{
    if (store->options.log == NULL) {
        return;
    }
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    store->options.log(store->options.log_context, line);
}

/* ------------------------------------------------------------------ directory, lock, format */

static enum tally_status take_lock(struct store *store)
{
    char path[FILE_PATH_LEN_MAX];
    TALLY_TRY(file_path(path, store->dir, "lock", ""));
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) {
        return status_from_errno(errno);
    }
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? TALLY_E_STORE_IN_USE : TALLY_E_STORE_IO;
    }
    return TALLY_OK;
}

/* TALLY_OK, TALLY_E_NOT_FOUND (a new store), TALLY_E_STORE_VERSION, TALLY_E_STORE_DAMAGED */
static enum tally_status read_format(const struct store *store)
{
    struct tally_buffer text = {0};
    enum tally_status status = file_read_whole(store->dir, FORMAT_FILE, FORMAT_FILE_LEN_MAX, &text);
    if (status == TALLY_OK) {
        status = tally_buffer_append(&text, "", 1);
    }
    if (status == TALLY_OK) {
        const char *words = (const char *)text.data;
        size_t len = strlen(FORMAT_WORDS);
        char *end = NULL;
        long format = strncmp(words, FORMAT_WORDS, len) == 0 ? strtol(words + len, &end, 10) : 0;
        if (format <= 0 || *end != '\n') {
            status = TALLY_E_STORE_DAMAGED;
        } else if (format > STORE_FORMAT) {
            status = TALLY_E_STORE_VERSION;
        }
    }
    tally_buffer_free(&text);
    return status;
}

static enum tally_status open_directory(struct store *store)
{
    bool made = false;
    char parent[FILE_PATH_LEN_MAX];
    TALLY_TRY(file_make_dir(store->dir, &made));
    if (made) {
        TALLY_TRY(file_path(parent, store->dir, "..", ""));
        TALLY_TRY(file_sync_dir(parent));
    }
    TALLY_TRY(take_lock(store));
    enum tally_status status = read_format(store);
    if (status == TALLY_E_NOT_FOUND) {
        char words[FORMAT_FILE_LEN_MAX];
        int len = snprintf(words, sizeof words, FORMAT_WORDS "%d\n", STORE_FORMAT);
        status = file_write_whole(store->dir, FORMAT_FILE,
                                  (struct tally_slice){(const uint8_t *)words, (size_t)len});
    }
    TALLY_TRY(status);
    TALLY_TRY(file_path(store->journal_dir, store->dir, "journal", ""));
    TALLY_TRY(file_path(store->meta_dir, store->dir, "meta", ""));
    TALLY_TRY(file_make_dir(store->journal_dir, NULL));
    TALLY_TRY(file_make_dir(store->meta_dir, NULL));
    return file_sync_dir(store->dir);
}

/* ------------------------------------------------------------------ replay and rebuild */

struct replay {
    struct store *store;
    bool rebuilding; /* batches go into the state as they fill */
    uint64_t events;
};

static enum tally_status replay_record(void *context, const struct journal_record *record)
{
    struct replay *replay = context;
    struct store *store = replay->store;
    struct tally_event_decoded decoded = {0};
    TALLY_TRY(tally_event_decode(record->event, &decoded));
    const struct tally_event *event = &decoded.event;
    struct view view = store_view(store);
    struct changes staged = {0};
    enum tally_status status = TALLY_E_STORE_DAMAGED;
    if (event->id.terminal == record->terminal && event->id.epoch == record->epoch &&
        event->id.seq == record->seq) {
        status = fold_event(&view, event, record->sidecar, &staged);
    }
    if (status == TALLY_OK) {
        status = changes_make_ready(&store->overlay, &staged);
    }
    if (status == TALLY_OK) {
        changes_merge(&store->overlay, &staged);
        if (record->epoch != store->now.mark.epoch) {
            store->now.grant_seq = 0; /* each epoch has grants of its own */
        }
        store->now.terminal = record->terminal;
        store->now.mark.epoch = record->epoch;
        store->now.mark.segment = record->segment;
        store->now.mark.seq = record->seq;
        memcpy(store->now.mark.chain, record->chain, TALLY_HASH_LEN);
        store->now.time = event->time;
        if (event->type == TALLY_EVENT_GRANT && event->as.grant.grant_seq > store->now.grant_seq) {
            store->now.grant_seq = event->as.grant.grant_seq;
        }
        replay->events++;
    }
    changes_free(&staged);
    tally_event_decoded_free(&decoded);
    if (status == TALLY_OK && replay->rebuilding && store->overlay.count >= REBUILD_BATCH_ROWS) {
        status = store_write_state(store);
    }
    return status;
}

/* An epoch may have been started and hold no event yet. */
static void take_journal_head(struct store *store)
{
    struct journal_head head;
    journal_head(store->journal, &head);
    store->now.terminal = head.terminal;
    if (store->now.mark.epoch != head.mark.epoch) {
        store->now.grant_seq = 0;
    }
    store->now.mark = head.mark;
    if (store->now.acked_epoch != head.mark.epoch) {
        store->now.acked_epoch = head.mark.epoch;
        store->now.acked_seq = 0;
    }
}

static bool is_our_trouble(enum tally_status status)
{
    return status == TALLY_E_NO_MEMORY || status == TALLY_E_STORE_IO ||
           status == TALLY_E_STORE_FULL || status == TALLY_E_STORE_VERSION;
}

/* The ordinary way: the state is sound and the journal goes on from its HEAD.
 *   TALLY_OK, TALLY_E_MISMATCH (the state is wrong; the journal is not), store statuses */
static enum tally_status open_sound_state(struct store *store, struct store_opened *opened)
{
    enum tally_status status = state_probe(store->dir);
    if (status == TALLY_E_STORE_DAMAGED || status == TALLY_E_NOT_FOUND) {
        return TALLY_E_MISMATCH;
    }
    TALLY_TRY(status);
    status = state_open(store->dir, store->options.map_bytes_max, &store->state);
    if (status != TALLY_OK) {
        return is_our_trouble(status) ? status : TALLY_E_MISMATCH;
    }
    state_get_head(store->state, &store->now);
    store->now.clean = false;
    const struct journal_mark from = store->now.mark;
    TALLY_TRY(journal_recover(store->journal, &from, &opened->cut_bytes));
    struct replay replay = {.store = store};
    status = journal_walk(store->journal, &from, replay_record, NULL, &replay);
    if (status != TALLY_OK) {
        return is_our_trouble(status) ? status : TALLY_E_MISMATCH;
    }
    opened->replayed = replay.events;
    take_journal_head(store);
    return TALLY_OK;
}

/* Folds the whole journal into a new state beside the old one, then lets it take its place. */
static enum tally_status make_state_again(struct store *store, struct store_opened *opened)
{
    state_close(store->state);
    store->state = NULL;
    changes_free(&store->overlay);
    store->now = (struct state_head){0};
    const struct journal_mark beginning = {0};
    uint64_t cut = 0;
    TALLY_TRY(journal_recover(store->journal, &beginning, &cut));
    opened->cut_bytes += cut;
    TALLY_TRY(state_make_new(store->dir, store->options.map_bytes_max, &store->state));
    struct replay replay = {.store = store, .rebuilding = true};
    enum tally_status status =
        journal_walk(store->journal, &beginning, replay_record, NULL, &replay);
    if (status != TALLY_OK) {
        return is_our_trouble(status) ? status : TALLY_E_STORE_DAMAGED;
    }
    take_journal_head(store);
    TALLY_TRY(store_write_state(store));
    state_close(store->state);
    store->state = NULL;
    TALLY_TRY(state_move_aside(store->dir));
    TALLY_TRY(state_finish_new(store->dir));
    opened->replayed = replay.events;
    return state_open(store->dir, store->options.map_bytes_max, &store->state);
}

static enum tally_status open_state(struct store *store, struct store_opened *opened)
{
    bool new_store = false;
    enum tally_status status = open_sound_state(store, opened);
    if (status != TALLY_E_MISMATCH) {
        return status;
    }
    char path[FILE_PATH_LEN_MAX];
    TALLY_TRY(file_path(path, store->dir, "state.mdb", ""));
    new_store = access(path, F_OK) != 0 && journal_bytes(store->journal) == 0;
    if (!new_store) {
        store_log(store, "store: the state does not follow from the journal: making it again");
    }
    TALLY_TRY(make_state_again(store, opened));
    opened->created = new_store;
    opened->rebuilt = !new_store;
    return TALLY_OK;
}

enum tally_status store_open(const struct store_options *options, struct store_opened *ret_opened,
                             struct store **ret_store)
{
    struct store *store = tally_alloc(1, sizeof *store);
    if (store == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct store_opened opened = {0};
    store->lock_fd = -1;
    store->options = *options;
    if (store->options.map_bytes_max == 0) {
        store->options.map_bytes_max = (size_t)(sizeof(void *) >= 8 ? 1024 : 512) << 20;
    }
    if (store->options.checkpoint_events == 0) {
        store->options.checkpoint_events = CHECKPOINT_EVENTS_DEFAULT;
    }
    store->dir = tally_copy_text(options->dir);
    enum tally_status status = store->dir == NULL ? TALLY_E_NO_MEMORY : open_directory(store);
    if (status == TALLY_OK) {
        status = journal_open(store->journal_dir, &store->journal);
    }
    if (status == TALLY_OK) {
        status = open_state(store, &opened);
    }
    if (status != TALLY_OK) {
        store->broken = true; /* nothing of this is to be written */
        store_close(store);
        return status == TALLY_E_NOT_FOUND ? TALLY_E_STORE_IO : status;
    }
    if (opened.cut_bytes > 0) {
        store_log(store, "store: cut a torn tail of %" PRIu64 " bytes", opened.cut_bytes);
    }
    if (opened.replayed > 0) {
        store_log(store, "store: replayed %" PRIu64 " events", opened.replayed);
    }
    *ret_opened = opened;
    *ret_store = store;
    return TALLY_OK;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    if (!store->broken && store->state != NULL) {
        struct state_head written;
        state_get_head(store->state, &written);
        bool same = written.clean && store->overlay.count == 0 &&
                    written.acked_seq == store->now.acked_seq &&
                    written.mark.epoch == store->now.mark.epoch;
        if (!same) {
            store->now.clean = true;
            enum tally_status status = store_write_state(store);
            if (status != TALLY_OK) {
                store_log(store, "store: no checkpoint at close: %s", tally_status_name(status));
            }
        }
    }
    state_close(store->state);
    journal_close(store->journal);
    changes_free(&store->overlay);
    if (store->lock_fd >= 0) {
        close(store->lock_fd);
    }
    tally_free(store->dir);
    tally_free(store);
}
