/* SPDX-License-Identifier: Apache-2.0 */
/* Enrols once, then ties the sync engine's ports to the ledger. */
#include "app/terminal/hq_link.h"

#include "app/base/alloc.h"
#include "app/base/log.h"
#include "app/sync/enrol.h"
#include "app/terminal/merges.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { ENROL_RETRY_MS = 5000, TOKEN_FILE_LEN_MAX = 512 };

/* What enrolment gave us, kept in the store as the reply itself. */
struct identity {
    struct tally_buffer key_pem;
    struct tally_buffer reply; /* an encoded EnrolReply, which `message` points into */
    struct tally_msg_enrol_reply message;
    char hq_name[256];
};

struct hq_link {
    struct hq_link_options options;
    struct identity identity;
    struct merges merges;
    struct sync_drive *drive; /* once enrolled */
    struct sync_enrol *enrol; /* while enrolling */
    uv_timer_t retry;
    enum tally_status enrol_why;
    char detail[TALLY_CONFIG_PROBLEM_MAX];
    bool closing;
    int open_parts; /* what has to close before on_closed */
    void (*on_closed)(void *context);
    void *closed_context;
};

static void changed(struct hq_link *link)
{
    link->options.on_change(link->options.context);
}

/* ------------------------------------------------------------------ identity */

static void identity_free(struct identity *identity)
{
    tally_msg_enrol_reply_free(&identity->message);
    tally_buffer_wipe(&identity->key_pem);
    tally_buffer_free(&identity->reply);
    *identity = (struct identity){0};
}

/* TALLY_E_NOT_FOUND: not enrolled. */
static enum tally_status identity_load(struct hq_link *link)
{
    struct identity identity = {0};
    struct store *store = link->options.ledger->store;
    if (store == NULL) {
        return link->options.ledger->status;
    }
    enum tally_status status = store_meta_get(store, "identity", &identity.reply);
    if (status == TALLY_OK) {
        status = store_meta_get(store, "key", &identity.key_pem);
    }
    if (status == TALLY_OK) {
        status =
            tally_msg_enrol_reply_decode(tally_buffer_slice(&identity.reply), &identity.message);
    }
    if (status == TALLY_OK && (identity.message.issuer_count == 0 ||
                               identity.message.hq_name.len >= sizeof identity.hq_name)) {
        status = TALLY_E_STORE_DAMAGED;
    }
    if (status != TALLY_OK) {
        identity_free(&identity);
        return status;
    }
    memcpy(identity.hq_name, identity.message.hq_name.data, identity.message.hq_name.len);
    identity_free(&link->identity);
    link->identity = identity;
    return TALLY_OK;
}

static enum tally_status identity_keep(struct hq_link *link, const struct sync_enrol_result *result)
{
    struct store *store = link->options.ledger->store;
    struct tally_buffer bytes = {0};
    struct tally_slice issuers[TALLY_MSG_ISSUERS_MAX];
    if (store == NULL) {
        return link->options.ledger->status;
    }
    if (result->issuer_count > TALLY_MSG_ISSUERS_MAX) {
        return TALLY_E_PROTOCOL;
    }
    for (size_t i = 0; i < result->issuer_count; i++) {
        issuers[i] = result->issuers_der[i];
    }
    struct tally_msg_enrol_reply reply = {
        .terminal = result->terminal,
        .shop = result->shop,
        .epoch = result->epoch,
        .certificate = result->cert_der,
        .issuers = issuers,
        .issuer_count = result->issuer_count,
        .hq_name = {(const uint8_t *)result->hq_name, strlen(result->hq_name)},
    };
    enum tally_status status = tally_msg_enrol_reply_encode(&reply, &bytes);
    struct store_head head;
    store_head(store, &head);
    bool again = head.terminal == result->terminal && head.epoch == result->epoch;
    if (status == TALLY_OK && !again) { /* again: the power went between the two records */
        status = store_set_writer(store, result->terminal, result->epoch);
    }
    if (status == TALLY_OK) {
        status = store_meta_put(store, "identity", tally_buffer_slice(&bytes));
    }
    tally_buffer_free(&bytes);
    return status;
}

/* ------------------------------------------------------------------ the engine's store */

static void port_outbox(void *self, struct sync_outbox *ret_outbox)
{
    struct hq_link *link = self;
    struct store_head head = {0};
    if (link->options.ledger->store != NULL) {
        store_head(link->options.ledger->store, &head);
    }
    *ret_outbox = (struct sync_outbox){head.epoch, head.seq, head.acked_seq};
}

static enum tally_status port_read_event(void *self, uint64_t seq, struct tally_buffer *ret_event,
                                         struct tally_buffer *ret_sidecar,
                                         uint8_t ret_chain[TALLY_HASH_LEN])
{
    struct ledger *ledger = ((struct hq_link *)self)->options.ledger;
    TALLY_TRY(ledger_ready(ledger, ledger_now_ms()));
    return store_event_get(ledger->store, seq, ret_event, ret_sidecar, ret_chain);
}

static enum tally_status port_chain_at(void *self, uint64_t seq, uint8_t ret_chain[TALLY_HASH_LEN])
{
    if (seq == 0) {
        memset(ret_chain, 0, TALLY_HASH_LEN);
        return TALLY_OK;
    }
    struct tally_buffer event = {0}, sidecar = {0};
    enum tally_status status = port_read_event(self, seq, &event, &sidecar, ret_chain);
    tally_buffer_free(&event);
    tally_buffer_wipe(&sidecar);
    return status;
}

static enum tally_status port_acked(void *self, uint32_t epoch, uint64_t seq,
                                    const uint8_t chain[TALLY_HASH_LEN])
{
    struct hq_link *link = self;
    struct ledger *ledger = link->options.ledger;
    struct store_head head;
    uint8_t ours[TALLY_HASH_LEN];
    TALLY_TRY(ledger_ready(ledger, ledger_now_ms()));
    store_head(ledger->store, &head);
    if (epoch != head.epoch || seq > head.seq) {
        return TALLY_E_CHAIN; /* HQ knows events of ours that we don't: this store was put back */
    }
    TALLY_TRY(port_chain_at(self, seq, ours));
    if (memcmp(ours, chain, TALLY_HASH_LEN) != 0) {
        return TALLY_E_CHAIN;
    }
    store_acked(ledger->store, seq);
    return TALLY_OK;
}

static void port_cursor(void *self, struct sync_cursor *ret_cursor)
{
    struct ledger *ledger = ((struct hq_link *)self)->options.ledger;
    *ret_cursor = (struct sync_cursor){.programme_version = ledger_programme_version(ledger)};
    if (ledger->store != NULL) {
        ret_cursor->grant_seq = store_grant_seq(ledger->store);
        if (store_cursor(ledger->store, &ret_cursor->cursor) != TALLY_OK) {
            ret_cursor->cursor = 0; /* from the beginning: slower, never wrong */
        }
    }
}

/* A fault here is no reason to ask for the rows again: it is tried again with the next ones. */
static void follow_merges(struct hq_link *link, const struct tally_msg_pull_reply *reply,
                          int64_t now_ms)
{
    struct ledger *ledger = link->options.ledger;
    struct store_head before, after;
    store_head(ledger->store, &before);
    enum tally_status status = merges_finish(ledger, now_ms);
    if (status == TALLY_OK || status == TALLY_E_NOT_READY) {
        status =
            merges_follow(&link->merges, ledger, reply->accounts, reply->account_count, now_ms);
    }
    if (status != TALLY_OK) {
        tally_log("merged accounts: %s (%s)", tally_status_text(status), tally_status_name(status));
    }
    if (ledger->store != NULL) {
        store_head(ledger->store, &after);
        if (after.seq != before.seq) {
            link->options.on_committed(link->options.context);
        }
    }
}

static enum tally_status port_pulled(void *self, const struct tally_msg_pull_reply *reply)
{
    struct hq_link *link = self;
    struct ledger *ledger = link->options.ledger;
    int64_t now_ms = ledger_now_ms();
    uint64_t left_out = 0;
    TALLY_TRY(ledger_ready(ledger, now_ms));
    if (reply->has_keys) {
        TALLY_TRY(ledger_take_keys(ledger, &reply->keys));
        link->options.on_programme(link->options.context);
    }
    if (reply->has_programme) {
        enum tally_status status = ledger_take_programme(ledger, &reply->programme, now_ms);
        if (status == TALLY_OK) {
            link->options.on_programme(link->options.context);
        } else if (status != TALLY_E_TOO_LATE) {
            tally_log("programme: refused: %s (%s)", tally_status_text(status),
                      tally_status_name(status));
            if (status != TALLY_E_RULE && status != TALLY_E_SIGNATURE) {
                return ledger_judge(ledger, status, now_ms);
            } /* else the old one goes on, and so do the rows */
        }
    }
    TALLY_TRY(ledger_take_grants(ledger, reply->grants, reply->grant_count, now_ms));
    TALLY_TRY(ledger_judge(ledger,
                           store_apply_rows(ledger->store, reply->accounts, reply->account_count,
                                            reply->cursor, &left_out),
                           now_ms));
    if (reply->account_count > 0) {
        changed(link);
    }
    follow_merges(link, reply, now_ms);
    return TALLY_OK;
}

static enum tally_status port_drawn(void *self, const struct tally_msg_draw_reply *reply)
{
    struct hq_link *link = self;
    return ledger_take_grants(link->options.ledger, reply->grants, reply->grant_count,
                              ledger_now_ms());
}

static void port_changed(void *self)
{
    changed(self);
}

static void start_engine(struct hq_link *link)
{
    const struct identity *identity = &link->identity;
    const struct tally_msg_enrol_reply *reply = &identity->message;
    struct sync_channel_options channel = {
        .host = link->options.config->hq_host,
        .port = (uint16_t)link->options.config->hq_port,
        .hq_name = identity->hq_name,
        .identity = {.key_pem = tally_buffer_slice(&identity->key_pem),
                     .cert_der = reply->certificate,
                     .issuers_der = reply->issuers,
                     .issuer_count = reply->issuer_count - 1, /* HQ has the root */
                     .trusted_root_der = reply->issuers[reply->issuer_count - 1]},
    };
    struct sync_engine_store store = {
        .self = link,
        .outbox = port_outbox,
        .read_event = port_read_event,
        .chain_at = port_chain_at,
        .acked = port_acked,
        .cursor = port_cursor,
        .pulled = port_pulled,
        .drawn = port_drawn,
        .changed = port_changed,
    };
    tally_log("hq: terminal %" PRIu32 " of shop %" PRIu32 ", epoch %" PRIu32, reply->terminal,
              reply->shop, reply->epoch);
    enum tally_status status = sync_drive_open(link->options.loop, &channel, &store, &link->drive);
    if (status != TALLY_OK) {
        link->drive = NULL;
        link->enrol_why = status;
        snprintf(link->detail, sizeof link->detail, "sync can't start: %s",
                 tally_status_text(status));
        tally_log("hq: %s", link->detail);
    }
    changed(link);
}

/* ------------------------------------------------------------------ enrolment */

static void begin(struct hq_link *link);

static void on_retry(uv_timer_t *timer)
{
    begin(timer->data);
}

static void retry_later(struct hq_link *link, enum tally_status why)
{
    link->enrol_why = why;
    if (!link->closing) {
        (void)uv_timer_start(&link->retry, on_retry, ENROL_RETRY_MS, 0);
    }
    changed(link);
}

static void on_enrolled(void *context, enum tally_status status,
                        const struct sync_enrol_result *result)
{
    struct hq_link *link = context;
    if (status == TALLY_OK) {
        status = identity_keep(link, result);
    }
    if (status == TALLY_OK) {
        status = identity_load(link);
    }
    sync_enrol_close(link->enrol, NULL, NULL);
    link->enrol = NULL;
    if (status != TALLY_OK) {
        snprintf(link->detail, sizeof link->detail, "enrolment: %s", tally_status_text(status));
        tally_log("hq: %s (%s)", link->detail, tally_status_name(status));
        retry_later(link, status);
        return;
    }
    link->detail[0] = '\0';
    tally_log("hq: enrolled");
    start_engine(link);
}

static bool read_token(struct hq_link *link, char token[TOKEN_FILE_LEN_MAX])
{
    const char *path = link->options.config->token_file;
    FILE *file = fopen(path, "re");
    bool read = file != NULL && fgets(token, TOKEN_FILE_LEN_MAX, file) != NULL;
    if (!read) {
        snprintf(link->detail, sizeof link->detail,
                 "not enrolled: put a token from 'tallyhq enrol-token' into %s%s%s", path,
                 file != NULL || errno == ENOENT ? "" : ": ",
                 file != NULL || errno == ENOENT ? "" : strerror(errno));
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return read;
}

/* This terminal's key, durable before head office hears of it: should the power go before its
 * answer is kept, the same token with the same key brings the same answer again. */
static enum tally_status load_or_make_key(struct hq_link *link, struct tally_buffer *ret_key_pem)
{
    struct store *store = link->options.ledger->store;
    enum tally_status status = store_meta_get(store, "key", ret_key_pem);
    if (status != TALLY_E_NOT_FOUND) {
        return status;
    }
    TALLY_TRY(tally_key_generate(ret_key_pem));
    return store_meta_put(store, "key", tally_buffer_slice(ret_key_pem));
}

static void enrol(struct hq_link *link)
{
    char token[TOKEN_FILE_LEN_MAX];
    struct tally_buffer key_pem = {0};
    if (!read_token(link, token)) {
        retry_later(link, TALLY_E_NOT_READY);
        return;
    }
    token[strcspn(token, "\r\n")] = '\0';
    struct sync_enrol_options options = {
        .host = link->options.config->hq_host,
        .port = (uint16_t)link->options.config->enrol_port,
        .token = token,
        .software = "tallyd " TALLY_VERSION,
        .context = link,
        .on_done = on_enrolled,
    };
    enum tally_status status = load_or_make_key(link, &key_pem);
    if (status == TALLY_OK) {
        options.key_pem = tally_buffer_slice(&key_pem);
        status = sync_enrol_start(link->options.loop, &options, &link->enrol);
    }
    tally_buffer_wipe(&key_pem);
    explicit_bzero(token, sizeof token);
    if (status != TALLY_OK) {
        link->enrol = NULL;
        snprintf(link->detail, sizeof link->detail, "enrolment: %s", tally_status_text(status));
        retry_later(link, status);
    }
}

static void begin(struct hq_link *link)
{
    if (link->enrol != NULL || link->drive != NULL) {
        return;
    }
    enum tally_status status = identity_load(link);
    if (status == TALLY_OK) {
        start_engine(link);
    } else if (status == TALLY_E_NOT_FOUND) {
        enrol(link);
    } else {
        snprintf(link->detail, sizeof link->detail, "%s", tally_status_text(status));
        retry_later(link, status);
    }
}

/* ------------------------------------------------------------------ open and close */

enum tally_status hq_link_open(const struct hq_link_options *options, struct hq_link **ret_link)
{
    struct hq_link *link = tally_alloc(1, sizeof *link);
    if (link == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    link->options = *options;
    link->retry.data = link;
    (void)uv_timer_init(options->loop, &link->retry); /* can't fail (libuv 1.x, timer.c) */
    *ret_link = link;
    if (options->config->hq_host == NULL) {
        snprintf(link->detail, sizeof link->detail, "no head office in the configuration");
        link->enrol_why = TALLY_E_OFFLINE;
        return TALLY_OK;
    }
    (void)uv_timer_start(&link->retry, on_retry, 0, 0);
    return TALLY_OK;
}

static void part_closed(void *context)
{
    struct hq_link *link = context;
    if (--link->open_parts > 0) {
        return;
    }
    void (*on_closed)(void *) = link->on_closed;
    void *closed_context = link->closed_context;
    identity_free(&link->identity);
    merges_free(&link->merges);
    tally_free(link);
    on_closed(closed_context);
}

static void on_timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

void hq_link_close(struct hq_link *link, void (*on_closed)(void *context), void *context)
{
    link->closing = true;
    link->on_closed = on_closed;
    link->closed_context = context;
    link->open_parts = 1 + (link->drive != NULL) + (link->enrol != NULL);
    if (link->drive != NULL) {
        sync_drive_close(link->drive, part_closed, link);
    }
    if (link->enrol != NULL) {
        sync_enrol_close(link->enrol, part_closed, link);
    }
    uv_close((uv_handle_t *)&link->retry, on_timer_closed);
}

/* ------------------------------------------------------------------ for the rest of tallyd */

void hq_link_committed(struct hq_link *link)
{
    if (link->drive != NULL) {
        sync_engine_poke(sync_drive_engine(link->drive), sync_drive_now(link->drive));
    }
}

void hq_link_try_now(struct hq_link *link)
{
    if (link->drive != NULL) {
        sync_engine_wake(sync_drive_engine(link->drive), sync_drive_now(link->drive));
    } else if (link->enrol == NULL && link->options.config->hq_host != NULL) {
        (void)uv_timer_start(&link->retry, on_retry, 0, 0);
    }
}

enum tally_status hq_link_draw(struct hq_link *link, uint64_t account, uint32_t purse,
                               int64_t points, sync_draw_done *done, void *context)
{
    uint8_t request_id[SYNC_REQUEST_ID_LEN];
    if (link->drive == NULL) {
        return TALLY_E_OFFLINE;
    }
    TALLY_TRY(tally_random(request_id, sizeof request_id));
    return sync_engine_draw(sync_drive_engine(link->drive), account, purse, points, request_id,
                            done, context, sync_drive_now(link->drive));
}

void hq_link_view(const struct hq_link *link, struct hq_link_view *ret_view)
{
    static const char *const states[] = {
        [SYNC_CHANNEL_DOWN] = "down",
        [SYNC_CHANNEL_CONNECTING] = "connecting",
        [SYNC_CHANNEL_UP] = "up",
    };
    struct hq_link_view view = {
        .terminal = link->identity.message.terminal,
        .shop = link->identity.message.shop,
        .epoch = link->identity.message.epoch,
        .state = link->enrol != NULL ? "connecting" : "down",
        .why = link->enrol_why,
        .detail = link->detail,
    };
    if (link->drive != NULL) {
        struct sync_engine_status status;
        sync_engine_status(sync_drive_engine(link->drive), &status);
        view.state = states[status.channel];
        view.why = status.why != TALLY_OK        ? status.why
                   : status.push_why != TALLY_OK ? status.push_why
                                                 : status.pull_why;
        view.detail = view.why == TALLY_OK ? "" : tally_status_text(view.why);
        view.pending = status.pending;
        if (status.last_contact_ms >= 0) {
            view.contact_ms =
                ledger_now_ms() - (sync_drive_now(link->drive) - status.last_contact_ms);
        }
    }
    *ret_view = view;
}
