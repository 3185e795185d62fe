/* SPDX-License-Identifier: Apache-2.0 */
/* One event, folded into rows: the same code for a commit, a replay, a rebuild and the proof. */
#include "app/store/fold.h"

#include "app/base/alloc.h"
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

struct tally_slice fold_ref(const struct tally_event *event)
{
    switch (event->type) {
    case TALLY_EVENT_SALE:
        return event->as.sale.ref;
    case TALLY_EVENT_VOID:
        return event->as.voided.ref;
    default:
        return (struct tally_slice){NULL, 0};
    }
}

/* Decodes the account with room for the event; an account that is not there is an empty one. */
static enum tally_status load_account(struct tally_slice old, const struct tally_event *event,
                                      struct row_account *ret_row)
{
    struct row_account row = {0};
    if (old.len > 0) {
        TALLY_TRY(row_account_decode(old, 0, &row));
    }
    size_t needed = tally_account_lots_needed(&row.account, event);
    size_t spare = needed > row.account.lot_count ? needed - row.account.lot_count : 0;
    row_account_free(&row);
    if (old.len > 0) {
        return row_account_decode(old, spare, ret_row);
    }
    row.lots = tally_alloc(spare, sizeof *row.lots);
    if (row.lots == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    row.account.lots = row.lots;
    row.account.lot_cap = spare;
    *ret_row = row;
    return TALLY_OK;
}

static enum tally_status fold_account(const struct view *view, const struct tally_event *event,
                                      struct changes *into)
{
    uint8_t key_bytes[ROW_ID_KEY_LEN];
    row_id_key(tally_event_account(event), key_bytes);
    struct tally_slice key = {key_bytes, sizeof key_bytes};
    struct tally_buffer old = {0}, new = {0};
    struct row_account row = {0};
    enum tally_status status = view_get(view, STATE_ACCOUNTS, key, &old);
    if (status == TALLY_OK || status == TALLY_E_NOT_FOUND) {
        status = load_account(tally_buffer_slice(&old), event, &row);
    }
    if (status == TALLY_OK) {
        status = tally_account_apply(&row.account, event);
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

static enum tally_status fold_enrolment(const struct tally_enrol *enrol, struct tally_slice sidecar,
                                        struct changes *into)
{
    uint8_t handles[2 * TALLY_HANDLE_LEN];
    size_t handle_count = enrol->has_phone_handle ? 2 : 1;
    memcpy(handles, enrol->handle, TALLY_HANDLE_LEN);
    memcpy(handles + TALLY_HANDLE_LEN, enrol->phone_handle, TALLY_HANDLE_LEN);
    struct row_member row = {.account = enrol->account,
                             .home_shop = enrol->home_shop,
                             .profile = enrol->profile,
                             .wrapped_key = sidecar,
                             .handles = handles,
                             .handle_count = handle_count};
    uint8_t member_key[ROW_ID_KEY_LEN];
    row_id_key(enrol->member, member_key);
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

enum tally_status fold_event(const struct view *view, const struct tally_event *event,
                             struct tally_slice sidecar, struct changes *into)
{
    TALLY_TRY(fold_account(view, event, into));
    uint8_t itself[12];
    row_event_encode(event->id.epoch, event->id.seq, itself);
    struct tally_slice value = {itself, sizeof itself}, ref = fold_ref(event);
    if (ref.len > 0) {
        TALLY_TRY(changes_put(into, STATE_REFS, ref, value));
    }
    if (event->type == TALLY_EVENT_VOID) {
        uint8_t key[ROW_VOID_KEY_LEN];
        row_void_key(event->as.voided.sale.epoch, event->as.voided.sale.seq, key);
        TALLY_TRY(changes_put(into, STATE_VOIDS, (struct tally_slice){key, sizeof key}, value));
    }
    if (event->type == TALLY_EVENT_ENROL) {
        TALLY_TRY(fold_enrolment(&event->as.enrol, sidecar, into));
    }
    return TALLY_OK;
}
