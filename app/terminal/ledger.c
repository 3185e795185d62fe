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

/* ------------------------------------------------------------------ programme and keys */

static enum tally_status load_document(struct ledger *ledger, const char *name,
                                       struct tally_programme_document **ret_document)
{
    struct tally_buffer text = {0};
    enum tally_status status = store_meta_get(ledger->store, name, &text);
    if (status == TALLY_OK) {
        status = tally_programme_parse(tally_buffer_slice(&text), ret_document, NULL);
    }
    tally_buffer_free(&text);
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
}

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

static void forget_programmes(struct ledger *ledger)
{
    tally_programme_document_free(ledger->programme);
    tally_programme_document_free(ledger->next);
    ledger->programme = NULL;
    ledger->next = NULL;
}

static enum tally_status open_all(struct ledger *ledger)
{
    enum tally_status status = open_store(ledger);
    if (status == TALLY_OK) {
        status = load_keys(ledger);
    }
    if (status == TALLY_OK) {
        status = load_document(ledger, "programme", &ledger->programme);
    }
    if (status == TALLY_OK) {
        status = load_document(ledger, "programme-next", &ledger->next);
    }
    if (status == TALLY_OK && ledger->next != NULL && ledger->programme != NULL &&
        tally_programme_of(ledger->next)->version <=
            tally_programme_of(ledger->programme)->version) {
        tally_programme_document_free(ledger->next); /* overtaken by one that ruled at once */
        ledger->next = NULL;
    }
    if (status != TALLY_OK) {
        tally_log("store: %s (%s): points can't be used", tally_status_text(status),
                  tally_status_name(status));
        store_close(ledger->store);
        ledger->store = NULL;
        forget_programmes(ledger);
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
    forget_programmes(ledger);
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
    forget_programmes(ledger);
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

const struct tally_programme *ledger_programme(struct ledger *ledger, int64_t now_ms)
{
    struct tally_programme_document *next = ledger->next;
    if (next != NULL && tally_programme_of(next)->effective_ms <= now_ms) {
        tally_programme_document_free(ledger->programme);
        ledger->programme = next;
        ledger->next = NULL;
    }
    return ledger->programme == NULL ? NULL : tally_programme_of(ledger->programme);
}

int64_t ledger_takeover_ms(const struct ledger *ledger)
{
    return ledger->next == NULL ? INT64_MAX : tally_programme_of(ledger->next)->effective_ms;
}

uint32_t ledger_programme_version(const struct ledger *ledger)
{
    const struct tally_programme_document *newest =
        ledger->next != NULL ? ledger->next : ledger->programme;
    return newest == NULL ? 0 : tally_programme_of(newest)->version;
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

/* A programme that came into force while it waited is still kept as the one that waits: before
 * another takes that place, it takes its own. */
static enum tally_status keep_in_force(struct ledger *ledger)
{
    struct tally_buffer text = {0};
    struct tally_programme_document *kept = NULL;
    if (ledger->next != NULL || ledger->programme == NULL) {
        return TALLY_OK;
    }
    enum tally_status status = store_meta_get(ledger->store, "programme-next", &text);
    if (status == TALLY_OK) {
        status = tally_programme_parse(tally_buffer_slice(&text), &kept, NULL);
    }
    if (status == TALLY_OK &&
        tally_programme_of(kept)->version == tally_programme_of(ledger->programme)->version) {
        status = store_meta_put(ledger->store, "programme", tally_buffer_slice(&text));
    }
    tally_programme_document_free(kept);
    tally_buffer_free(&text);
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
}

enum tally_status ledger_take_programme(struct ledger *ledger,
                                        const struct tally_msg_signed_programme *programme,
                                        int64_t now_ms)
{
    TALLY_TRY(tally_verify(tally_buffer_slice(&ledger->programme_key), programme->document,
                           programme->signature));
    struct tally_programme_document *document = NULL;
    if (tally_programme_parse(programme->document, &document, NULL) != TALLY_OK) {
        return TALLY_E_RULE;
    }
    const struct tally_programme *received = tally_programme_of(document);
    if (received->version <= ledger_programme_version(ledger)) {
        tally_programme_document_free(document);
        return TALLY_E_TOO_LATE;
    }
    /* With none in force yet the first one rules at once: a till can't sell under no programme. */
    bool now = ledger->programme == NULL || received->effective_ms <= now_ms;
    enum tally_status status = now ? TALLY_OK : keep_in_force(ledger);
    if (status == TALLY_OK) {
        status = store_meta_put(ledger->store, now ? "programme" : "programme-next",
                                programme->document);
    }
    if (status != TALLY_OK) {
        tally_programme_document_free(document);
        return status;
    }
    tally_log("programme: version %" PRIu32 " received%s", received->version,
              now ? ", in force" : ", in force later");
    tally_programme_document_free(ledger->next); /* an older one: overtaken */
    ledger->next = NULL;
    struct tally_programme_document **place = now ? &ledger->programme : &ledger->next;
    tally_programme_document_free(*place);
    *place = document;
    return TALLY_OK;
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

enum tally_status ledger_take_grants(struct ledger *ledger, const struct tally_grant *grants,
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
        /* Head office counts on through re-enrolments: an epoch's first grant may have any number.
         */
        bool follows = held == 0 || grants[i].grant_seq == held + 1;
        if (!follows || grants[i].to_terminal != head.terminal) {
            return TALLY_E_PROTOCOL;
        }
        struct tally_event event = {
            .type = TALLY_EVENT_GRANT,
            .business_day = programme == NULL ? 0 : tally_programme_day(programme, now_ms),
            .programme_version = programme == NULL ? 0 : programme->version,
            .as.grant = grants[i],
        };
        TALLY_TRY(ledger_commit(ledger, &event, (struct tally_slice){0}, now_ms, NULL));
    }
    return TALLY_OK;
}
