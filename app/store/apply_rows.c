/* SPDX-License-Identifier: Apache-2.0 */
/* Head office's word: the rows of a pull, into the overlay, with the cursor. */
#include "app/store/internal.h"

#include "app/base/alloc.h"
#include "app/store/rows.h"

struct apply {
    struct store *store;
    struct view view; /* what this call has changed comes first */
    struct changes staged;
    uint64_t left_out;
    bool new_members;
};

/* ------------------------------------------------------------------ the account */

static size_t own_lots(const struct tally_account *account, uint32_t terminal, struct tally_lot *to,
                       int64_t *ret_points)
{
    size_t count = 0;
    int64_t points = 0;
    for (size_t i = 0; i < account->lot_count; i++) {
        if (account->lots[i].drawer == terminal) {
            points += account->lots[i].points; /* a checked account's lots add up */
            if (to != NULL) {
                to[count] = account->lots[i];
            }
            count++;
        }
    }
    *ret_points = points;
    return count;
}

/* `row` with the lots that `here` holds in this terminal's drawer in the place of its own. Where
 * the two disagree (head office knows a drawer that was lost with a disk), the difference counts as
 * adjusted, so that the account still adds up with what is known here. */
static enum tally_status keep_own_drawer(const struct tally_account *row,
                                         const struct tally_account *here, uint32_t terminal,
                                         struct row_account *ret_merged)
{
    size_t cap = row->lot_count + here->lot_count;
    struct tally_lot *lots = tally_alloc(cap, sizeof *lots);
    if (lots == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    size_t count = 0, next = 0;
    for (; next < row->lot_count && row->lots[next].drawer < terminal; next++) {
        lots[count++] = row->lots[next];
    }
    int64_t points_here = 0, points_row = 0;
    count += own_lots(here, terminal, lots + count, &points_here);
    for (; next < row->lot_count; next++) {
        if (row->lots[next].drawer != terminal) {
            lots[count++] = row->lots[next];
        }
    }
    own_lots(row, terminal, NULL, &points_row);
    struct tally_account merged = *row;
    merged.lots = lots;
    merged.lot_count = count;
    merged.lot_cap = cap;
    enum tally_status status = tally_add(merged.adjusted, points_here, &merged.adjusted);
    if (status == TALLY_OK) {
        status = tally_add(merged.adjusted, -points_row, &merged.adjusted);
    }
    if (status != TALLY_OK) {
        tally_free(lots);
        return TALLY_E_INVALID;
    }
    ret_merged->account = merged;
    ret_merged->lots = lots;
    return TALLY_OK;
}

static bool is_older(const struct tally_msg_account_row *row, const struct row_account *here)
{
    if (row->as_of_epoch != here->own_epoch) {
        return row->as_of_epoch < here->own_epoch;
    }
    return row->as_of_seq < here->own_seq;
}

static enum tally_status stage_account(struct apply *apply, const struct tally_account *account,
                                       const struct row_account *here)
{
    struct row_account merged = {
        .from_hq = true, .own_epoch = here->own_epoch, .own_seq = here->own_seq};
    TALLY_TRY(keep_own_drawer(account, &here->account, apply->store->now.terminal, &merged));
    struct tally_buffer value = {0};
    uint8_t key[ROW_ID_KEY_LEN];
    row_id_key(account->id, key);
    enum tally_status status = tally_account_check(&merged.account);
    if (status == TALLY_OK) {
        status = row_account_encode(&merged, &value);
    } else {
        status = TALLY_E_INVALID;
    }
    if (status == TALLY_OK) {
        status = changes_put(&apply->staged, STATE_ACCOUNTS, (struct tally_slice){key, sizeof key},
                             tally_buffer_slice(&value));
    }
    tally_buffer_free(&value);
    row_account_free(&merged);
    return status;
}

/* ------------------------------------------------------------------ members and cards */

static bool lists_handle(const struct tally_msg_member_row *member, const uint8_t *handle)
{
    for (size_t i = 0; i < member->handle_count; i++) {
        if (memcmp(member->handles[i], handle, TALLY_HANDLE_LEN) == 0) {
            return true;
        }
    }
    return false;
}

/* A card that the member had and the row no longer lists, unless it went to someone else. */
static enum tally_status drop_card(struct apply *apply, uint64_t member, const uint8_t *handle)
{
    struct tally_slice key = {handle, TALLY_HANDLE_LEN};
    struct tally_buffer value = {0};
    uint64_t holder = 0;
    enum tally_status status = view_get(&apply->view, STATE_CARDS, key, &value);
    if (status == TALLY_OK) {
        status = row_card_decode(tally_buffer_slice(&value), &holder);
    }
    tally_buffer_free(&value);
    if (status == TALLY_OK && holder == member) {
        status = changes_remove(&apply->staged, STATE_CARDS, key);
    }
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
}

static enum tally_status drop_old_cards(struct apply *apply,
                                        const struct tally_msg_member_row *member,
                                        struct tally_slice member_key)
{
    struct tally_buffer value = {0};
    struct row_member old = {0};
    enum tally_status status = view_get(&apply->view, STATE_MEMBERS, member_key, &value);
    apply->new_members = apply->new_members || status == TALLY_E_NOT_FOUND;
    if (status == TALLY_OK) {
        status = row_member_decode(tally_buffer_slice(&value), &old);
    }
    for (size_t i = 0; i < old.handle_count && status == TALLY_OK; i++) {
        const uint8_t *handle = old.handles + i * TALLY_HANDLE_LEN;
        if (!lists_handle(member, handle)) {
            status = drop_card(apply, member->member, handle);
        }
    }
    tally_buffer_free(&value);
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
}

static enum tally_status stage_member(struct apply *apply,
                                      const struct tally_msg_member_row *member)
{
    uint8_t key_bytes[ROW_ID_KEY_LEN];
    row_id_key(member->member, key_bytes);
    struct tally_slice key = {key_bytes, sizeof key_bytes};
    TALLY_TRY(drop_old_cards(apply, member, key));
    struct row_member row = {.account = member->account,
                             .home_shop = member->home_shop,
                             .profile = member->profile,
                             .wrapped_key = member->wrapped_key,
                             .handles = member->handle_count > 0 ? member->handles[0] : NULL,
                             .handle_count = member->handle_count};
    struct tally_buffer value = {0};
    enum tally_status status = row_member_encode(&row, &value);
    if (status == TALLY_OK) {
        status = changes_put(&apply->staged, STATE_MEMBERS, key, tally_buffer_slice(&value));
    }
    tally_buffer_free(&value);
    for (size_t i = 0; i < member->handle_count && status == TALLY_OK; i++) {
        status = changes_put(&apply->staged, STATE_CARDS,
                             (struct tally_slice){member->handles[i], TALLY_HANDLE_LEN}, key);
    }
    return status;
}

/* ------------------------------------------------------------------ rows */

static enum tally_status load_here(struct apply *apply, uint64_t account,
                                   struct row_account *ret_here)
{
    struct tally_buffer value = {0};
    uint8_t key[ROW_ID_KEY_LEN];
    row_id_key(account, key);
    enum tally_status status =
        view_get(&apply->view, STATE_ACCOUNTS, (struct tally_slice){key, sizeof key}, &value);
    if (status == TALLY_OK) {
        status = row_account_decode(tally_buffer_slice(&value), 0, ret_here);
    }
    tally_buffer_free(&value);
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : store_found(apply->store, status);
}

static enum tally_status stage_row(struct apply *apply, const struct tally_msg_account_row *row)
{
    struct tally_account account = {0};
    struct tally_lot *lots = NULL;
    enum tally_status status = row_account_from_bytes(row->account, 0, &account, &lots);
    if (status != TALLY_OK) {
        return status == TALLY_E_NO_MEMORY ? status : TALLY_E_INVALID;
    }
    struct row_account here = {0};
    status = account.id == 0 ? TALLY_E_INVALID : TALLY_OK;
    for (size_t i = 0; i < row->member_count && status == TALLY_OK; i++) {
        if (row->members[i].account != account.id || row->members[i].member == 0) {
            status = TALLY_E_INVALID;
        }
    }
    if (status == TALLY_OK) {
        status = load_here(apply, account.id, &here);
    }
    if (status == TALLY_OK && is_older(row, &here)) {
        apply->left_out++;
    } else if (status == TALLY_OK) {
        status = stage_account(apply, &account, &here);
        for (size_t i = 0; i < row->member_count && status == TALLY_OK; i++) {
            status = stage_member(apply, &row->members[i]);
        }
    }
    row_account_free(&here);
    tally_free(lots);
    return status;
}

enum tally_status store_apply_rows(struct store *store, const struct tally_msg_account_row *rows,
                                   size_t row_count, uint64_t cursor, uint64_t *ret_left_out)
{
    if (store->broken) {
        return TALLY_E_STORE_IO;
    }
    if (store->now.mark.epoch == 0) {
        return TALLY_E_NOT_READY;
    }
    struct apply apply = {.store = store};
    apply.view = (struct view){.layers = {&apply.staged, &store->overlay}, .state = store->state};
    enum tally_status status = TALLY_OK;
    for (size_t i = 0; i < row_count && status == TALLY_OK; i++) {
        status = stage_row(&apply, &rows[i]);
    }
    if (status == TALLY_OK && store->overlay.count >= STORE_OVERLAY_ROWS_MAX) {
        status = store_checkpoint(store); /* while it can't be written nothing more is taken in */
    }
    if (status == TALLY_OK) {
        status = changes_make_ready(&store->overlay, &apply.staged);
    }
    if (status == TALLY_OK) {
        changes_merge(&store->overlay, &apply.staged);
        store->now.cursor = cursor;
        store->new_members = store->new_members || apply.new_members;
    }
    changes_free(&apply.staged);
    TALLY_TRY(status);
    *ret_left_out = apply.left_out;
    return TALLY_OK;
}
