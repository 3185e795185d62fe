/* SPDX-License-Identifier: Apache-2.0 */
/* The store at work: commit, checkpoint, reads and small records. */
#include "app/store/store.h"

#include <assert.h>
#include <inttypes.h>

#include "app/base/alloc.h"
#include "app/crypto/crypto.h"
#include "app/proto/event_codec.h"
#include "app/store/files.h"
#include "app/store/internal.h"
#include "app/store/rows.h"

enum { NEW_MEMBERS_WITHIN_MS = 250, EVENTS_WITHIN_MS = 5 * 60 * 1000 };
enum { META_NAME_LEN_MAX = 64, META_VALUE_LEN_MAX = 16 * 1024 * 1024 };

struct view store_view(const struct store *store)
{
    return (struct view){.layers = {&store->overlay, NULL}, .state = store->state};
}

enum tally_status store_found(struct store *store, enum tally_status status)
{
    if (status == TALLY_E_STORE_DAMAGED && !store->broken) {
        store->broken = true;
        store_log(store, "store: a row of the state fails its check: it is made again at opening");
        if (state_move_aside(store->dir) != TALLY_OK) {
            return TALLY_E_STORE_IO;
        }
    }
    return status;
}

enum tally_status store_write_state(struct store *store)
{
    TALLY_TRY(state_write(store->state, &store->now, &store->overlay));
    changes_free(&store->overlay);
    store->new_members = false;
    store->now.clean = false;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ identity */

enum tally_status store_set_writer(struct store *store, uint32_t terminal, uint32_t epoch)
{
    if (store->broken) {
        return TALLY_E_STORE_IO;
    }
    if (epoch <= store->now.mark.epoch && epoch != 0) {
        return TALLY_E_EXISTS;
    }
    TALLY_TRY(store_checkpoint(store));
    enum tally_status status = journal_start_epoch(store->journal, terminal, epoch);
    if (status != TALLY_OK) {
        store->broken = status == TALLY_E_STORE_IO;
        return status;
    }
    store->now.terminal = terminal;
    store->now.mark = (struct journal_mark){.epoch = epoch, .segment = 1};
    store->now.acked_epoch = epoch;
    store->now.acked_seq = 0;
    store->now.grant_seq = 0;
    return store_write_state(store);
}

void store_head(const struct store *store, struct store_head *ret_head)
{
    struct state_head written;
    state_get_head(store->state, &written);
    *ret_head = (struct store_head){
        .terminal = store->now.terminal,
        .epoch = store->now.mark.epoch,
        .seq = store->now.mark.seq,
        .time = store->now.time,
        .acked_seq = store->now.acked_seq,
        .lmdb_seq = written.mark.epoch == store->now.mark.epoch ? written.mark.seq : 0,
    };
    memcpy(ret_head->chain, store->now.mark.chain, TALLY_HASH_LEN);
}

uint64_t store_grant_seq(const struct store *store)
{
    return store->now.grant_seq;
}

void store_acked(struct store *store, uint64_t seq)
{
    if (seq > store->now.acked_seq && seq <= store->now.mark.seq) {
        store->now.acked_seq = seq;
    }
}

enum tally_status store_cursor(struct store *store, uint64_t *ret_cursor)
{
    *ret_cursor = store->now.cursor;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ small records */

static bool name_is_plain(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > META_NAME_LEN_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
            return false;
        }
    }
    return true;
}

enum tally_status store_meta_put(struct store *store, const char *name, struct tally_slice value)
{
    if (!name_is_plain(name) || value.len > META_VALUE_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    return value.len == 0 ? file_remove(store->meta_dir, name)
                          : file_write_whole(store->meta_dir, name, value);
}

enum tally_status store_meta_get(struct store *store, const char *name,
                                 struct tally_buffer *ret_value)
{
    if (!name_is_plain(name)) {
        return TALLY_E_INVALID;
    }
    return file_read_whole(store->meta_dir, name, META_VALUE_LEN_MAX, ret_value);
}

/* ------------------------------------------------------------------ commit */

static enum tally_status find_ref(struct store *store, struct tally_slice ref, uint32_t *ret_epoch,
                                  uint64_t *ret_seq)
{
    struct view view = store_view(store);
    struct tally_buffer value = {0};
    uint32_t epoch = 0;
    uint64_t seq = 0;
    enum tally_status status = view_get(&view, STATE_REFS, ref, &value);
    if (status == TALLY_OK) {
        status = row_event_decode(tally_buffer_slice(&value), &epoch, &seq);
    }
    tally_buffer_free(&value);
    TALLY_TRY(store_found(store, status));
    *ret_epoch = epoch;
    *ret_seq = seq;
    return TALLY_OK;
}

/* What callers are told of an event: its seq, 0 in an epoch before this one. */
static uint64_t seq_now(const struct store *store, uint32_t epoch, uint64_t seq)
{
    return epoch == store->now.mark.epoch ? seq : 0;
}

static enum tally_status refuse_known_ref(struct store *store, struct tally_slice ref,
                                          uint64_t *ret_existing_seq)
{
    uint32_t epoch = 0;
    uint64_t seq = 0;
    enum tally_status status = find_ref(store, ref, &epoch, &seq);
    if (status == TALLY_OK) {
        *ret_existing_seq = seq_now(store, epoch, seq);
        return TALLY_E_EXISTS;
    }
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
}

static enum tally_status find_card(struct store *store, const uint8_t *handle, uint64_t *ret_member,
                                   bool *ret_blocked)
{
    struct view view = store_view(store);
    struct tally_buffer value = {0};
    enum tally_status status =
        view_get(&view, STATE_CARDS, (struct tally_slice){handle, TALLY_HANDLE_LEN}, &value);
    if (status == TALLY_OK) {
        status = row_card_decode(tally_buffer_slice(&value), ret_member, ret_blocked);
    }
    tally_buffer_free(&value);
    return store_found(store, status);
}

static enum tally_status refuse_known_member(struct store *store, const struct tally_event *event)
{
    const struct tally_enrol *enrol = &event->as.enrol;
    struct view view = store_view(store);
    struct tally_buffer value = {0};
    uint8_t key[ROW_ID_KEY_LEN];
    row_id_key(event->member, key);
    enum tally_status status =
        view_get(&view, STATE_MEMBERS, (struct tally_slice){key, sizeof key}, &value);
    if (status == TALLY_E_NOT_FOUND) {
        status = view_get(&view, STATE_CARDS, (struct tally_slice){enrol->handle, TALLY_HANDLE_LEN},
                          &value);
    }
    if (status == TALLY_E_NOT_FOUND && enrol->has_phone_handle) {
        struct tally_slice phone = {enrol->phone_handle, TALLY_HANDLE_LEN};
        status = view_get(&view, STATE_CARDS, phone, &value);
    }
    tally_buffer_free(&value);
    if (status == TALLY_OK) {
        return TALLY_E_EXISTS;
    }
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : store_found(store, status);
}

static int64_t quantity_back(const struct row_reversal *row, uint32_t line)
{
    for (size_t i = 0; i < row->line_count && row->lines[i].line <= line; i++) {
        if (row->lines[i].line == line) {
            return row->lines[i].quantity_milli;
        }
    }
    return 0;
}

/* Whether more of a sale, of which `before` came back, may come back by this event. */
static enum tally_status refuse_after(const struct store *store, const struct row_reversal *before,
                                      const struct tally_event *event, uint64_t *ret_existing_seq)
{
    const struct tally_reversal *reversal = &event->as.reversal;
    if (before->seq != 0 && (before->is_void || event->type == TALLY_EVENT_VOID)) {
        *ret_existing_seq = seq_now(store, before->epoch, before->seq);
        return TALLY_E_EXISTS;
    }
    for (size_t i = 0; i < reversal->line_count; i++) {
        if (reversal->lines[i].quantity_before_milli !=
            quantity_back(before, reversal->lines[i].line)) {
            return TALLY_E_INVALID;
        }
    }
    return TALLY_OK;
}

static enum tally_status refuse_reversal(struct store *store, const struct tally_event *event,
                                         uint64_t *ret_existing_seq)
{
    const struct tally_event_id *sale = &event->as.reversal.sale;
    if (event->type == TALLY_EVENT_VOID && sale->terminal != store->now.terminal) {
        return TALLY_E_INVALID;
    }
    struct view view = store_view(store);
    struct row_reversal before = {0};
    enum tally_status status = view_reversal(&view, sale, &before);
    if (status == TALLY_OK || status == TALLY_E_NOT_FOUND) {
        status = refuse_after(store, &before, event, ret_existing_seq);
    } else {
        status = store_found(store, status);
    }
    row_reversal_free(&before);
    return status;
}

/* TALLY_OK, TALLY_E_NOT_FOUND (also of another member), store statuses */
static enum tally_status find_own_card(struct store *store, const uint8_t *handle, uint64_t member,
                                       bool *ret_blocked)
{
    uint64_t holder = 0;
    TALLY_TRY(find_card(store, handle, &holder, ret_blocked));
    return holder == member ? TALLY_OK : TALLY_E_NOT_FOUND;
}

static enum tally_status refuse_card(struct store *store, const struct tally_event *event)
{
    const struct tally_card_change *change = &event->as.card;
    struct store_member member;
    TALLY_TRY(store_member_get(store, event->member, &member));
    uint64_t account = member.account, holder = 0;
    store_member_free(&member);
    if (account != event->account) {
        return TALLY_E_INVALID;
    }
    bool blocked = false;
    if (change->action == TALLY_CARD_BLOCK || change->action == TALLY_CARD_UNBLOCK) {
        TALLY_TRY(find_own_card(store, change->handle, event->member, &blocked));
        return blocked == (change->action == TALLY_CARD_BLOCK) ? TALLY_E_EXISTS : TALLY_OK;
    }
    enum tally_status status = find_card(store, change->handle, &holder, &blocked);
    if (status != TALLY_E_NOT_FOUND) {
        return status == TALLY_OK ? TALLY_E_EXISTS : status;
    }
    return change->action == TALLY_CARD_REPLACE
               ? find_own_card(store, change->old, event->member, &blocked)
               : TALLY_OK;
}

/* The send of an account's drawer that has not been received. TALLY_OK, TALLY_E_NOT_FOUND */
static enum tally_status find_sent(struct store *store, uint64_t account, uint32_t *ret_epoch,
                                   uint64_t *ret_seq)
{
    struct view view = store_view(store);
    struct tally_buffer value = {0};
    uint8_t key[ROW_ID_KEY_LEN];
    row_id_key(account, key);
    enum tally_status status =
        view_get(&view, STATE_SENT, (struct tally_slice){key, sizeof key}, &value);
    if (status == TALLY_OK) {
        status = row_event_decode(tally_buffer_slice(&value), ret_epoch, ret_seq);
    }
    tally_buffer_free(&value);
    return store_found(store, status);
}

/* A terminal moves points of an account only where head office says that it has ended, and what
 * debts and counters there are went with head office's own transfer. */
static enum tally_status refuse_send(struct store *store, const struct tally_event *event,
                                     uint64_t *ret_existing_seq)
{
    const struct tally_effects *effects = &event->effects;
    uint32_t epoch = 0;
    uint64_t seq = 0;
    enum tally_status status = find_sent(store, event->account, &epoch, &seq);
    if (status == TALLY_OK) {
        *ret_existing_seq = seq_now(store, epoch, seq);
        return TALLY_E_EXISTS;
    }
    struct store_account account;
    TALLY_TRY(status == TALLY_E_NOT_FOUND ? TALLY_OK : status);
    TALLY_TRY(store_account_get(store, event->account, &account));
    bool has_ended = account.book.account.merged_into == event->as.transfer.other;
    store_account_free(&account);
    for (size_t i = 0; i < effects->move_count; i++) {
        has_ended = has_ended && effects->moves[i].kind != TALLY_MOVE_FORGIVE_DEBT;
    }
    return has_ended && effects->merged_into == 0 && effects->count_count == 0 ? TALLY_OK
                                                                               : TALLY_E_INVALID;
}

static const struct tally_move *next_of(const struct tally_effects *effects,
                                        enum tally_move_kind kind, size_t *at)
{
    while (*at < effects->move_count && effects->moves[*at].kind != kind) {
        (*at)++;
    }
    return *at < effects->move_count ? &effects->moves[(*at)++] : NULL;
}

/* Every point that was sent comes in, and none beside. */
static bool receives_all(const struct tally_event *event, const struct tally_event *sent)
{
    size_t in_at = 0, out_at = 0, debt_at = 0;
    if (sent->type != TALLY_EVENT_TRANSFER || sent->as.transfer.other != event->account ||
        sent->account != event->as.transfer.other || event->effects.count_count > 0 ||
        next_of(&event->effects, TALLY_MOVE_ADJUST_DEBT, &debt_at) != NULL) {
        return false;
    }
    for (;;) {
        const struct tally_move *in = next_of(&event->effects, TALLY_MOVE_ADJUST_IN, &in_at);
        const struct tally_move *out = next_of(&sent->effects, TALLY_MOVE_ADJUST_OUT, &out_at);
        if (in == NULL || out == NULL) {
            return in == NULL && out == NULL;
        }
        if (in->purse != out->purse || in->expires_day != out->expires_day ||
            in->from_day != out->from_day || in->points != out->points) {
            return false;
        }
    }
}

static enum tally_status refuse_receipt(struct store *store, const struct tally_event *event)
{
    uint32_t epoch = 0;
    uint64_t seq = 0;
    struct tally_buffer bytes = {0};
    struct tally_event_decoded sent = {0};
    enum tally_status status = find_sent(store, event->as.transfer.other, &epoch, &seq);
    if (status == TALLY_E_NOT_FOUND) {
        return TALLY_E_INVALID;
    }
    if (status == TALLY_OK) {
        status = store_event_of_epoch(store, epoch, seq, &bytes);
    }
    if (status == TALLY_OK) {
        status = tally_event_decode(tally_buffer_slice(&bytes), &sent);
    }
    if (status == TALLY_OK && !receives_all(event, &sent.event)) {
        status = TALLY_E_INVALID;
    }
    tally_event_decoded_free(&sent);
    tally_buffer_free(&bytes);
    return status;
}

/* What this store, and no one else, must not let into the journal. */
static enum tally_status refuse(struct store *store, const struct tally_event *event,
                                uint64_t *ret_existing_seq)
{
    struct tally_slice ref = tally_event_ref(event);
    if (ref.len > STORE_REF_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    if (ref.len > 0) {
        TALLY_TRY(refuse_known_ref(store, ref, ret_existing_seq));
    }
    switch (event->type) {
    case TALLY_EVENT_SALE:
    case TALLY_EVENT_HOLD:
    case TALLY_EVENT_RELEASE:
    case TALLY_EVENT_AWARD:
        return TALLY_OK;
    case TALLY_EVENT_VOID:
    case TALLY_EVENT_REFUND:
        return refuse_reversal(store, event, ret_existing_seq);
    case TALLY_EVENT_ENROL:
        return refuse_known_member(store, event);
    case TALLY_EVENT_GRANT:
        if (event->as.grant.to_terminal != store->now.terminal) {
            return TALLY_E_INVALID;
        }
        return event->as.grant.grant_seq <= store->now.grant_seq ? TALLY_E_EXISTS : TALLY_OK;
    case TALLY_EVENT_ADJUST:
        return event->as.adjust.drawer == store->now.terminal ? TALLY_OK : TALLY_E_INVALID;
    case TALLY_EVENT_CARD:
        return refuse_card(store, event);
    case TALLY_EVENT_TRANSFER:
        return fold_sends(event) ? refuse_send(store, event, ret_existing_seq)
                                 : refuse_receipt(store, event);
    case TALLY_EVENT_STANDING:
    case TALLY_EVENT_BLOCK:
        break; /* head office's alone */
    }
    return TALLY_E_INVALID;
}

struct pending {
    struct tally_buffer bytes;
    struct tally_event_decoded decoded;
    struct changes staged;
    uint8_t chain[TALLY_HASH_LEN];
};

/* Everything that can be refused or can fail for want of memory, before anything is written. What
 * is folded is what will be read back, not what the caller holds. */
static enum tally_status prepare(struct store *store, const struct tally_event *event,
                                 struct tally_slice sidecar, struct pending *pending)
{
    struct view view = store_view(store);
    TALLY_TRY(tally_event_encode(event, &pending->bytes));
    TALLY_TRY(tally_event_decode(tally_buffer_slice(&pending->bytes), &pending->decoded));
    TALLY_TRY(fold_event(&view, &pending->decoded.event, sidecar, &pending->staged));
    TALLY_TRY(changes_make_ready(&store->overlay, &pending->staged));
    return tally_chain_next(store->now.mark.chain, tally_buffer_slice(&pending->bytes),
                            pending->chain);
}

enum tally_status store_commit(struct store *store, struct tally_event *event,
                               struct tally_slice sidecar, int64_t now_ms,
                               uint64_t *ret_existing_seq)
{
    assert(event != NULL && ret_existing_seq != NULL);
    if (store->broken) {
        return TALLY_E_STORE_IO;
    }
    if (store->now.mark.epoch == 0) {
        return TALLY_E_NOT_READY;
    }
    TALLY_TRY(refuse(store, event, ret_existing_seq));
    const struct tally_event before = *event;
    event->id = (struct tally_event_id){.terminal = store->now.terminal,
                                        .epoch = store->now.mark.epoch,
                                        .seq = store->now.mark.seq + 1};
    event->time = tally_hlc_next(store->now.time, now_ms);
    struct pending pending = {0};
    enum tally_status status = store_found(store, prepare(store, event, sidecar, &pending));
    if (status == TALLY_OK) {
        status = journal_append(store->journal, tally_buffer_slice(&pending.bytes), sidecar,
                                pending.chain);
        store->broken = status == TALLY_E_STORE_IO;
    }
    if (status == TALLY_OK) {
        struct journal_head head;
        journal_head(store->journal, &head);
        changes_merge(&store->overlay, &pending.staged);
        store->now.mark = head.mark;
        store->now.time = event->time;
        if (event->type == TALLY_EVENT_GRANT) {
            store->now.grant_seq = event->as.grant.grant_seq;
        }
    } else {
        *event = before;
    }
    changes_free(&pending.staged);
    tally_event_decoded_free(&pending.decoded);
    tally_buffer_free(&pending.bytes);
    return status;
}

static uint64_t events_behind(const struct store *store)
{
    struct state_head written;
    state_get_head(store->state, &written);
    if (written.mark.epoch != store->now.mark.epoch) {
        return store->now.mark.seq;
    }
    return store->now.mark.seq - written.mark.seq;
}

/* The overlay holds enough to be worth a batch. */
static bool checkpoint_due(const struct store *store)
{
    return events_behind(store) >= store->options.checkpoint_events ||
           store->overlay.count >= STORE_OVERLAY_ROWS_MAX || journal_wants_segment(store->journal);
}

int64_t store_checkpoint_within_ms(const struct store *store)
{
    if (checkpoint_due(store)) {
        return 0;
    }
    if (store->new_members) {
        return NEW_MEMBERS_WITHIN_MS;
    }
    return store->overlay.count > 0 ? EVENTS_WITHIN_MS : -1;
}

enum tally_status store_checkpoint(struct store *store)
{
    if (store->broken) {
        return TALLY_E_STORE_IO;
    }
    if (store->overlay.count > 0) {
        enum tally_status status = store_write_state(store);
        store->broken = status == TALLY_E_STORE_IO;
        TALLY_TRY(status);
    }
    return journal_wants_segment(store->journal) ? journal_prepare(store->journal) : TALLY_OK;
}

/* ------------------------------------------------------------------ reads */

void store_account_free(struct store_account *account)
{
    tally_book_free(&account->book);
}

enum tally_status store_account_get(struct store *store, uint64_t account,
                                    struct store_account *ret_account)
{
    struct view view = store_view(store);
    struct tally_buffer value = {0};
    struct row_account row = {0};
    uint8_t key[ROW_ID_KEY_LEN];
    row_id_key(account, key);
    enum tally_status status =
        view_get(&view, STATE_ACCOUNTS, (struct tally_slice){key, sizeof key}, &value);
    if (status == TALLY_OK) {
        status = row_account_decode(tally_buffer_slice(&value), &row);
    }
    tally_buffer_free(&value);
    TALLY_TRY(store_found(store, status));
    *ret_account = (struct store_account){.book = row.book};
    return TALLY_OK;
}

void store_reversal_free(struct store_reversal *reversal)
{
    tally_free(reversal->lines);
    *reversal = (struct store_reversal){0};
}

enum tally_status store_reversal_get(struct store *store, const struct tally_event_id *sale,
                                     struct store_reversal *ret_reversal)
{
    struct view view = store_view(store);
    struct row_reversal row = {0};
    TALLY_TRY(store_found(store, view_reversal(&view, sale, &row)));
    for (size_t i = 0; i < row.line_count; i++) {
        row.lines[i].quantity_before_milli = row.lines[i].quantity_milli;
        row.lines[i].quantity_milli = 0;
    }
    *ret_reversal = (struct store_reversal){
        .is_void = row.is_void,
        .newest_epoch = row.epoch,
        .newest_seq = row.seq,
        .lines = row.lines,
        .line_count = row.line_count,
    };
    return TALLY_OK;
}

void store_member_free(struct store_member *member)
{
    tally_buffer_free(&member->profile);
    tally_buffer_free(&member->wrapped_key);
    *member = (struct store_member){0};
}

enum tally_status store_member_get(struct store *store, uint64_t member,
                                   struct store_member *ret_member)
{
    struct view view = store_view(store);
    struct tally_buffer value = {0};
    struct row_member row = {0};
    struct store_member found = {.member = member};
    uint8_t key[ROW_ID_KEY_LEN];
    row_id_key(member, key);
    enum tally_status status =
        view_get(&view, STATE_MEMBERS, (struct tally_slice){key, sizeof key}, &value);
    if (status == TALLY_OK) {
        status = row_member_decode(tally_buffer_slice(&value), &row);
    }
    if (status == TALLY_OK) {
        found.account = row.account;
        found.home_shop = row.home_shop;
        status = tally_buffer_append(&found.profile, row.profile.data, row.profile.len);
    }
    if (status == TALLY_OK) {
        status = tally_buffer_append(&found.wrapped_key, row.wrapped_key.data, row.wrapped_key.len);
    }
    tally_buffer_free(&value);
    if (status != TALLY_OK) {
        store_member_free(&found);
        return store_found(store, status);
    }
    *ret_member = found;
    return TALLY_OK;
}

enum tally_status store_card_get(struct store *store, const uint8_t handle[TALLY_HANDLE_LEN],
                                 uint64_t *ret_member)
{
    uint64_t member = 0;
    bool blocked = false;
    TALLY_TRY(find_card(store, handle, &member, &blocked));
    *ret_member = member;
    return blocked ? TALLY_E_BLOCKED : TALLY_OK;
}

enum tally_status store_ref_get(struct store *store, struct tally_slice ref, uint64_t *ret_seq)
{
    if (ref.len == 0 || ref.len > STORE_REF_LEN_MAX) {
        return TALLY_E_NOT_FOUND;
    }
    uint32_t epoch = 0;
    uint64_t seq = 0;
    TALLY_TRY(find_ref(store, ref, &epoch, &seq));
    *ret_seq = seq_now(store, epoch, seq);
    return TALLY_OK;
}

enum tally_status store_ref_epoch_get(struct store *store, struct tally_slice ref,
                                      uint32_t *ret_epoch, uint64_t *ret_seq)
{
    return ref.len == 0 || ref.len > STORE_REF_LEN_MAX ? TALLY_E_NOT_FOUND
                                                       : find_ref(store, ref, ret_epoch, ret_seq);
}

struct sent {
    const struct changes *overlay;
    uint64_t account;
    uint32_t epoch;
    uint64_t seq;
};

static enum tally_status take_sent(void *context, struct tally_slice key, struct tally_slice value)
{
    struct sent *sent = context;
    if (changes_find(sent->overlay, STATE_SENT, key) != NULL) {
        return TALLY_OK; /* the overlay has a newer word */
    }
    TALLY_TRY(row_event_decode(value, &sent->epoch, &sent->seq));
    sent->account = tally_load_be(key.data, ROW_ID_KEY_LEN);
    return TALLY_E_END;
}

enum tally_status store_sent_get(struct store *store, uint64_t *ret_account, uint32_t *ret_epoch,
                                 uint64_t *ret_seq)
{
    struct sent sent = {.overlay = &store->overlay};
    enum tally_status status = TALLY_OK;
    const struct change *change = NULL;
    while (sent.seq == 0 && (change = changes_next(&store->overlay, change)) != NULL) {
        if (change->table == STATE_SENT && !change->removed) {
            TALLY_TRY(row_event_decode((struct tally_slice){change->value, change->value_len},
                                       &sent.epoch, &sent.seq));
            sent.account = tally_load_be(change->key, ROW_ID_KEY_LEN);
        }
    }
    if (sent.seq == 0) {
        status = state_each(store->state, STATE_SENT, take_sent, &sent);
        status = status == TALLY_E_END ? TALLY_OK : store_found(store, status);
    }
    TALLY_TRY(status);
    if (sent.seq == 0) {
        return TALLY_E_NOT_FOUND;
    }
    *ret_account = sent.account;
    *ret_epoch = sent.epoch;
    *ret_seq = sent.seq;
    return TALLY_OK;
}

enum tally_status store_event_get(struct store *store, uint64_t seq, struct tally_buffer *ret_event,
                                  struct tally_buffer *ret_sidecar,
                                  uint8_t ret_chain[TALLY_HASH_LEN])
{
    return journal_read(store->journal, store->now.mark.epoch, seq, ret_event, ret_sidecar,
                        ret_chain);
}

enum tally_status store_event_of_epoch(struct store *store, uint32_t epoch, uint64_t seq,
                                       struct tally_buffer *ret_event)
{
    struct tally_buffer sidecar = {0};
    uint8_t chain[TALLY_HASH_LEN];
    enum tally_status status = journal_read(store->journal, epoch, seq, ret_event, &sidecar, chain);
    tally_buffer_wipe(&sidecar);
    return status;
}

/* Rows of a table: those of the state, and those that only the overlay knows. */
static enum tally_status count_rows(struct store *store, enum state_table table,
                                    uint64_t *ret_count)
{
    uint64_t count = 0;
    TALLY_TRY(state_count(store->state, table, &count));
    struct tally_buffer value = {0};
    const struct change *change = NULL;
    enum tally_status status = TALLY_OK;
    while (status == TALLY_OK && (change = changes_next(&store->overlay, change)) != NULL) {
        if (change->table == table && !change->removed) {
            value.len = 0;
            status = state_get(store->state, table,
                               (struct tally_slice){change->key, change->key_len}, &value);
            count += status == TALLY_E_NOT_FOUND;
            status = status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
        }
    }
    tally_buffer_free(&value);
    TALLY_TRY(store_found(store, status));
    *ret_count = count;
    return TALLY_OK;
}

enum tally_status store_counts(struct store *store, struct store_counts *ret_counts)
{
    struct store_counts counts = {.journal_bytes = journal_bytes(store->journal),
                                  .lmdb_bytes = state_bytes(store->state)};
    TALLY_TRY(count_rows(store, STATE_MEMBERS, &counts.members));
    TALLY_TRY(count_rows(store, STATE_ACCOUNTS, &counts.accounts));
    *ret_counts = counts;
    return TALLY_OK;
}
