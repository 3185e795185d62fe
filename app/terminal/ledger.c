/* SPDX-License-Identifier: Apache-2.0 */
/* Store, programme and keys of one terminal, loaded together and replaced together. */
#include "app/terminal/ledger.h"

#include "app/base/alloc.h"
#include "app/base/log.h"

#include <inttypes.h>
#include <time.h>

enum { REOPEN_AFTER_MS = 5000 };

int64_t ledger_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void log_line(void *context, const char *line)
{
    (void)context;
    tally_log("store: %s", line);
}

/* ------------------------------------------------------------------ open and close */

static enum tally_status load_keys(struct ledger *ledger)
{
    struct tally_buffer bytes = {0};
    struct tally_msg_shared_keys keys = {0};
    enum tally_status status = store_meta_get(ledger->store, "keys", &bytes);
    if (status == TALLY_OK) {
        status = tally_msg_shared_keys_decode(tally_buffer_slice(&bytes), &keys);
    }
    if (status == TALLY_OK) {
        memcpy(ledger->card_key, keys.card_key, TALLY_KEY_LEN);
        memcpy(ledger->data_key, keys.data_key, TALLY_KEY_LEN);
        ledger->programme_key.len = 0;
        status = tally_buffer_append(&ledger->programme_key, keys.programme_key.data,
                                     keys.programme_key.len);
        ledger->has_keys = status == TALLY_OK;
    }
    explicit_bzero(&keys, sizeof keys);
    tally_buffer_wipe(&bytes);
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
}

static enum tally_status open_store(struct ledger *ledger)
{
    struct store_opened opened;
    TALLY_TRY(store_open(&(struct store_options){.dir = ledger->dir, .log = log_line}, &opened,
                         &ledger->store));
    if (opened.created) {
        tally_log("store: made in %s", ledger->dir);
    } else {
        tally_log("store: open, %" PRIu64 " events replayed, %" PRIu64 " torn bytes cut%s",
                  opened.replayed, opened.cut_bytes,
                  opened.rebuilt ? ", state rebuilt from the journal" : "");
    }
    return TALLY_OK;
}

static enum tally_status open_all(struct ledger *ledger)
{
    enum tally_status status = open_store(ledger);
    if (status == TALLY_OK) {
        status = load_keys(ledger);
    }
    if (status == TALLY_OK) {
        status = programmes_load(&ledger->programmes, ledger->store);
    }
    if (status != TALLY_OK) {
        tally_log("store: %s (%s): points can't be used", tally_status_text(status),
                  tally_status_name(status));
        store_close(ledger->store);
        ledger->store = NULL;
        programmes_free(&ledger->programmes);
    }
    return status;
}

enum tally_status ledger_open(struct ledger *ledger, const char *dir)
{
    *ledger = (struct ledger){.dir = dir};
    ledger->status = open_all(ledger);
    ledger->reopen_at_ms = ledger_now_ms() + REOPEN_AFTER_MS;
    return ledger->status == TALLY_E_STORE_IN_USE ? ledger->status : TALLY_OK;
}

void ledger_close(struct ledger *ledger)
{
    store_close(ledger->store);
    ledger->store = NULL;
    programmes_free(&ledger->programmes);
    tally_buffer_free(&ledger->programme_key);
    explicit_bzero(ledger->card_key, sizeof ledger->card_key);
    explicit_bzero(ledger->data_key, sizeof ledger->data_key);
}

/* The store is not to be trusted until it has been opened again. */
static void stop(struct ledger *ledger, enum tally_status status, int64_t now_ms)
{
    tally_log("store: stopped: %s (%s)", tally_status_text(status), tally_status_name(status));
    store_close(ledger->store);
    ledger->store = NULL;
    programmes_free(&ledger->programmes);
    ledger->status = status;
    ledger->reopen_at_ms = now_ms + REOPEN_AFTER_MS;
}

enum tally_status ledger_ready(struct ledger *ledger, int64_t now_ms)
{
    bool due = now_ms >= ledger->reopen_at_ms ||
               now_ms < ledger->reopen_at_ms - REOPEN_AFTER_MS; /* the clock was set back */
    if (ledger->status != TALLY_OK && due) {
        ledger->status = open_all(ledger);
        ledger->reopen_at_ms = now_ms + REOPEN_AFTER_MS;
    }
    return ledger->status;
}

/* ------------------------------------------------------------------ programme and keys */

const struct tally_programme *ledger_programme(struct ledger *ledger, int64_t now_ms)
{
    return programmes_at(&ledger->programmes, now_ms);
}

int64_t ledger_takeover_ms(const struct ledger *ledger)
{
    return programmes_takeover_ms(&ledger->programmes);
}

uint32_t ledger_programme_version(const struct ledger *ledger)
{
    return programmes_version(&ledger->programmes);
}

enum tally_status ledger_take_keys(struct ledger *ledger, const struct tally_msg_shared_keys *keys)
{
    if (ledger->has_keys && memcmp(keys->card_key, ledger->card_key, TALLY_KEY_LEN) == 0 &&
        memcmp(keys->data_key, ledger->data_key, TALLY_KEY_LEN) == 0 &&
        keys->programme_key.len == ledger->programme_key.len &&
        memcmp(keys->programme_key.data, ledger->programme_key.data, ledger->programme_key.len) ==
            0) {
        return TALLY_OK; /* they come with every connection; the flash is spared */
    }
    struct tally_buffer bytes = {0};
    enum tally_status status = tally_msg_shared_keys_encode(keys, &bytes);
    if (status == TALLY_OK) {
        status = store_meta_put(ledger->store, "keys", tally_buffer_slice(&bytes));
    }
    tally_buffer_wipe(&bytes);
    TALLY_TRY(status);
    return load_keys(ledger);
}

enum tally_status ledger_take_programme(struct ledger *ledger,
                                        const struct tally_msg_signed_programme *programme,
                                        int64_t now_ms)
{
    TALLY_TRY(tally_verify(tally_buffer_slice(&ledger->programme_key), programme->document,
                           programme->signature));
    return programmes_take(&ledger->programmes, ledger->store, programme->document, now_ms);
}

/* ------------------------------------------------------------------ commits */

enum tally_status ledger_judge(struct ledger *ledger, enum tally_status status, int64_t now_ms)
{
    /* A full store still reads, and closing it would not make room. */
    if (tally_status_family(status) == TALLY_FAMILY_STOP && status != TALLY_E_STORE_FULL &&
        ledger->store != NULL) {
        stop(ledger, status, now_ms);
    }
    return status;
}

enum tally_status ledger_commit(struct ledger *ledger, struct tally_event *event,
                                struct tally_slice sidecar, int64_t now_ms,
                                uint64_t *ret_existing_seq)
{
    TALLY_TRY(ledger_ready(ledger, now_ms));
    uint64_t existing = 0;
    enum tally_status status =
        store_commit(ledger->store, event, sidecar, now_ms,
                     ret_existing_seq == NULL ? &existing : ret_existing_seq);
    return ledger_judge(ledger, status, now_ms);
}

enum tally_status ledger_checkpoint(struct ledger *ledger, int64_t now_ms)
{
    TALLY_TRY(ledger_ready(ledger, now_ms));
    return ledger_judge(ledger, store_checkpoint(ledger->store), now_ms);
}

enum tally_status ledger_take_grants(struct ledger *ledger, const struct tally_msg_grant *grants,
                                     size_t count, int64_t now_ms)
{
    struct store_head head;
    const struct tally_programme *programme = ledger_programme(ledger, now_ms);
    for (size_t i = 0; i < count; i++) {
        TALLY_TRY(ledger_ready(ledger, now_ms));
        store_head(ledger->store, &head);
        uint64_t held = store_grant_seq(ledger->store);
        if (grants[i].grant_seq <= held) {
            continue;
        }
        /* Head office counts on through re-enrolments: an epoch's first grant may have any
         * number. */
        bool follows = held == 0 || grants[i].grant_seq == held + 1;
        if (!follows || grants[i].to_terminal != head.terminal) {
            return TALLY_E_PROTOCOL;
        }
        struct tally_event event = {
            .type = TALLY_EVENT_GRANT,
            .business_day = programme == NULL ? 0 : tally_programme_day(programme, now_ms),
            .programme_version = programme == NULL ? 0 : programme->version,
            .account = grants[i].account,
            .effects = {.moves = grants[i].moves, .move_count = grants[i].move_count},
            .as.grant = {.grant_seq = grants[i].grant_seq, .to_terminal = grants[i].to_terminal},
        };
        TALLY_TRY(ledger_commit(ledger, &event, (struct tally_slice){0}, now_ms, NULL));
    }
    return TALLY_OK;
}
