/* SPDX-License-Identifier: Apache-2.0 */
/* The store at work: commit, checkpoint, reads and small records. */
#include "app/store/store.h"

#include <assert.h>

#include "app/base/alloc.h"
#include "app/crypto/crypto.h"
#include "app/proto/event_codec.h"
#include "app/store/files.h"
#include "app/store/internal.h"
#include "app/store/rows.h"

enum { MEMBER_NEWS_WITHIN_MS = 250, EVENTS_WITHIN_MS = 5 * 60 * 1000 };
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
    store->member_news = false;
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

/* An event is journalled, the row of a member who came from head office is not: were the power cut
 * now, the event would be there without its member until head office is in reach. So news of a
 * member go into LMDB before the member's next event; the batch was due within 250 ms anyway.
 * Where LMDB has no room the event goes on alone, as head office can send the row again.
 *   TALLY_OK, TALLY_E_STORE_IO */
static enum tally_status keep_member_first(struct store *store, const struct tally_event *event)
{
    uint8_t key[ROW_ID_KEY_LEN];
    row_id_key(event->member, key);
    if (!store->member_news || changes_find(&store->overlay, STATE_MEMBERS,
                                            (struct tally_slice){key, sizeof key}) == NULL) {
        return TALLY_OK;
    }
    enum tally_status status = store_write_state(store);
    store->broken = status == TALLY_E_STORE_IO;
    return status == TALLY_E_STORE_IO ? status : TALLY_OK;
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
    TALLY_TRY(store_refuse(store, event, ret_existing_seq));
    TALLY_TRY(keep_member_first(store, event));
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
    if (store->member_news) {
        return MEMBER_NEWS_WITHIN_MS;
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
    TALLY_TRY(store_find_card(store, handle, &member, &blocked));
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
    TALLY_TRY(store_find_ref(store, ref, &epoch, &seq));
    *ret_seq = store_seq_now(store, epoch, seq);
    return TALLY_OK;
}

enum tally_status store_ref_epoch_get(struct store *store, struct tally_slice ref,
                                      uint32_t *ret_epoch, uint64_t *ret_seq)
{
    return ref.len == 0 || ref.len > STORE_REF_LEN_MAX
               ? TALLY_E_NOT_FOUND
               : store_find_ref(store, ref, ret_epoch, ret_seq);
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
