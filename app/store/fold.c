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
        struct tally_slice handle = {handles + i * TALLY_HANDLE_LEN, TALLY_HANDLE_LEN};
        status = changes_put(into, STATE_CARDS, handle,
                             (struct tally_slice){member_key, sizeof member_key});
    }
    return status;
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
    return TALLY_OK;
}
