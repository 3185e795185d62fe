/* SPDX-License-Identifier: Apache-2.0 */
/* One event, folded into rows: the same code for a commit, a replay, a rebuild and the proof. */
#include "app/store/fold.h"

#include "app/store/rows.h"

enum tally_status view_get(const struct view *view, enum state_table table, struct tally_slice key,
                           struct tally_buffer *ret_value)
{
    for (size_t i = 0; i < 2; i++) {
        const struct change *change =
            view->layers[i] == NULL ? NULL : changes_find(view->layers[i], table, key);
        if (change != NULL) {
            return change->removed
                       ? TALLY_E_NOT_FOUND
                       : tally_buffer_append(ret_value, change->value, change->value_len);
        }
    }
    return view->state == NULL ? TALLY_E_NOT_FOUND : state_get(view->state, table, key, ret_value);
}

enum tally_status view_reversal(const struct view *view, const struct tally_event_id *sale,
                                struct row_reversal *ret_row)
{
    uint8_t key[ROW_EVENT_KEY_LEN];
    struct tally_buffer value = {0};
    row_event_key(sale, key);
    enum tally_status status =
        view_get(view, STATE_REVERSALS, (struct tally_slice){key, sizeof key}, &value);
    if (status == TALLY_OK) {
        status = row_reversal_decode(tally_buffer_slice(&value), ret_row);
    }
    tally_buffer_free(&value);
    return status;
}

static enum tally_status fold_account(const struct view *view, const struct tally_event *event,
                                      struct changes *into)
{
    uint8_t key_bytes[ROW_ID_KEY_LEN];
    row_id_key(event->account, key_bytes);
    struct tally_slice key = {key_bytes, sizeof key_bytes};
    struct tally_buffer old = {0}, new = {0};
    struct row_account row = {0};
    enum tally_status status = view_get(view, STATE_ACCOUNTS, key, &old);
    if (status == TALLY_OK) {
        status = row_account_decode(tally_buffer_slice(&old), &row);
    } else if (status == TALLY_E_NOT_FOUND) {
        status = TALLY_OK; /* an empty one */
    }
    if (status == TALLY_OK) {
        status = tally_book_apply(&row.book, event);
    }
    if (status == TALLY_OK) {
        row.own_epoch = event->id.epoch;
        row.own_seq = event->id.seq;
        status = row_account_encode(&row, &new);
    }
    if (status == TALLY_OK) {
        status = changes_put(into, STATE_ACCOUNTS, key, tally_buffer_slice(&new));
    }
    row_account_free(&row);
    tally_buffer_free(&old);
    tally_buffer_free(&new);
    return status;
}

static enum tally_status put_card(struct changes *into, const uint8_t *handle, uint64_t member,
                                  bool blocked)
{
    uint8_t value[ROW_CARD_LEN];
    row_card_encode(member, blocked, value);
    return changes_put(into, STATE_CARDS, (struct tally_slice){handle, TALLY_HANDLE_LEN},
                       (struct tally_slice){value, sizeof value});
}

static enum tally_status fold_enrolment(const struct tally_event *event, struct tally_slice sidecar,
                                        struct changes *into)
{
    const struct tally_enrol *enrol = &event->as.enrol;
    uint8_t handles[2 * TALLY_HANDLE_LEN];
    size_t handle_count = enrol->has_phone_handle ? 2 : 1;
    memcpy(handles, enrol->handle, TALLY_HANDLE_LEN);
    memcpy(handles + TALLY_HANDLE_LEN, enrol->phone_handle, TALLY_HANDLE_LEN);
    struct row_member row = {.account = event->account,
                             .home_shop = enrol->home_shop,
                             .profile = enrol->profile,
                             .wrapped_key = sidecar,
                             .handles = handles,
                             .handle_count = handle_count};
    uint8_t member_key[ROW_ID_KEY_LEN];
    row_id_key(event->member, member_key);
    struct tally_buffer value = {0};
    enum tally_status status = row_member_encode(&row, &value);
    if (status == TALLY_OK) {
        status =
            changes_put(into, STATE_MEMBERS, (struct tally_slice){member_key, sizeof member_key},
                        tally_buffer_slice(&value));
    }
    tally_buffer_free(&value);
    for (size_t i = 0; i < handle_count && status == TALLY_OK; i++) {
        status = put_card(into, handles + i * TALLY_HANDLE_LEN, event->member, false);
    }
    return status;
}

/* ------------------------------------------------------------------ a change of cards */

struct cards {
    struct tally_buffer works;
    struct tally_buffer blocked;
};

static void cards_drop(struct tally_buffer *handles, const uint8_t *handle)
{
    for (size_t at = 0; at < handles->len; at += TALLY_HANDLE_LEN) {
        if (memcmp(handles->data + at, handle, TALLY_HANDLE_LEN) == 0) {
            handles->len -= TALLY_HANDLE_LEN;
            memmove(handles->data + at, handles->data + at + TALLY_HANDLE_LEN, handles->len - at);
            return;
        }
    }
}

static enum tally_status cards_set(struct cards *cards, const uint8_t *handle, bool blocked)
{
    cards_drop(&cards->works, handle);
    cards_drop(&cards->blocked, handle);
    return tally_buffer_append(blocked ? &cards->blocked : &cards->works, handle, TALLY_HANDLE_LEN);
}

static enum tally_status cards_change(struct cards *cards, const struct tally_event *event,
                                      struct changes *into)
{
    const struct tally_card_change *change = &event->as.card;
    if (change->action == TALLY_CARD_REPLACE) {
        TALLY_TRY(cards_set(cards, change->old, true));
        TALLY_TRY(put_card(into, change->old, event->member, true));
    }
    bool blocked = change->action == TALLY_CARD_BLOCK;
    TALLY_TRY(cards_set(cards, change->handle, blocked));
    return put_card(into, change->handle, event->member, blocked);
}

static enum tally_status change_member(const struct row_member *before,
                                       const struct tally_event *event, struct tally_slice key,
                                       struct changes *into)
{
    struct cards cards = {0};
    struct tally_buffer value = {0};
    struct row_member row = *before;
    enum tally_status status =
        tally_buffer_append(&cards.works, before->handles, before->handle_count * TALLY_HANDLE_LEN);
    if (status == TALLY_OK) {
        status = tally_buffer_append(&cards.blocked, before->blocked,
                                     before->blocked_count * TALLY_HANDLE_LEN);
    }
    if (status == TALLY_OK) {
        status = cards_change(&cards, event, into);
    }
    if (status == TALLY_OK) {
        row.handles = cards.works.data;
        row.handle_count = cards.works.len / TALLY_HANDLE_LEN;
        row.blocked = cards.blocked.data;
        row.blocked_count = cards.blocked.len / TALLY_HANDLE_LEN;
        status = row_member_encode(&row, &value);
    }
    if (status == TALLY_OK) {
        status = changes_put(into, STATE_MEMBERS, key, tally_buffer_slice(&value));
    }
    tally_buffer_free(&cards.works);
    tally_buffer_free(&cards.blocked);
    tally_buffer_free(&value);
    return status;
}

/* A member whom head office enrolled is not known while the state is made again: its row comes with
 * the next pull, once head office has this event, and says it all. */
static enum tally_status fold_card(const struct view *view, const struct tally_event *event,
                                   struct changes *into)
{
    uint8_t key_bytes[ROW_ID_KEY_LEN];
    row_id_key(event->member, key_bytes);
    struct tally_slice key = {key_bytes, sizeof key_bytes};
    struct tally_buffer value = {0};
    struct row_member before = {0};
    enum tally_status status = view_get(view, STATE_MEMBERS, key, &value);
    if (status == TALLY_OK) {
        status = row_member_decode(tally_buffer_slice(&value), &before);
    }
    if (status == TALLY_OK) {
        status = change_member(&before, event, key, into);
    }
    tally_buffer_free(&value);
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
}

/* ------------------------------------------------------------------ reversals and transfers */

bool fold_sends(const struct tally_event *event)
{
    for (size_t i = 0; i < event->effects.move_count; i++) {
        enum tally_move_kind kind = event->effects.moves[i].kind;
        if (kind == TALLY_MOVE_ADJUST_OUT || kind == TALLY_MOVE_FORGIVE_DEBT) {
            return true;
        }
    }
    return false;
}

/* What an ended account's drawer sent is remembered until the other account has it. */
static enum tally_status fold_transfer(const struct tally_event *event, struct changes *into)
{
    uint8_t key[ROW_ID_KEY_LEN], itself[ROW_EVENT_LEN];
    if (fold_sends(event)) {
        row_id_key(event->account, key);
        row_event_encode(event->id.epoch, event->id.seq, itself);
        return changes_put(into, STATE_SENT, (struct tally_slice){key, sizeof key},
                           (struct tally_slice){itself, sizeof itself});
    }
    row_id_key(event->as.transfer.other, key);
    return changes_remove(into, STATE_SENT, (struct tally_slice){key, sizeof key});
}

static enum tally_status fold_reversal(const struct view *view, const struct tally_event *event,
                                       struct changes *into)
{
    uint8_t key_bytes[ROW_EVENT_KEY_LEN];
    row_event_key(&event->as.reversal.sale, key_bytes);
    struct tally_slice key = {key_bytes, sizeof key_bytes};
    struct row_reversal before = {0}, after = {0};
    struct tally_buffer value = {0};
    enum tally_status status = view_reversal(view, &event->as.reversal.sale, &before);
    if (status == TALLY_OK || status == TALLY_E_NOT_FOUND) {
        status = row_reversal_add(&before, event, &after);
    }
    if (status == TALLY_OK) {
        status = row_reversal_encode(&after, &value);
    }
    if (status == TALLY_OK) {
        status = changes_put(into, STATE_REVERSALS, key, tally_buffer_slice(&value));
    }
    row_reversal_free(&before);
    row_reversal_free(&after);
    tally_buffer_free(&value);
    return status;
}

enum tally_status fold_event(const struct view *view, const struct tally_event *event,
                             struct tally_slice sidecar, struct changes *into)
{
    TALLY_TRY(fold_account(view, event, into));
    struct tally_slice ref = tally_event_ref(event);
    if (ref.len > 0) {
        uint8_t itself[ROW_EVENT_LEN];
        row_event_encode(event->id.epoch, event->id.seq, itself);
        TALLY_TRY(changes_put(into, STATE_REFS, ref, (struct tally_slice){itself, sizeof itself}));
    }
    if (event->type == TALLY_EVENT_VOID || event->type == TALLY_EVENT_REFUND) {
        TALLY_TRY(fold_reversal(view, event, into));
    }
    if (event->type == TALLY_EVENT_ENROL) {
        TALLY_TRY(fold_enrolment(event, sidecar, into));
    }
    if (event->type == TALLY_EVENT_CARD) {
        TALLY_TRY(fold_card(view, event, into));
    }
    if (event->type == TALLY_EVENT_TRANSFER) {
        TALLY_TRY(fold_transfer(event, into));
    }
    return TALLY_OK;
}
