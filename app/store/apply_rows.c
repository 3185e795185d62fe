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
    bool member_news;
};

/* ------------------------------------------------------------------ the account */

/* Points of one purse in one drawer; a checked account's lots add up. */
static int64_t points_in(const struct tally_account *account, uint32_t drawer, uint32_t purse)
{
    int64_t points = 0;
    for (size_t i = 0; i < account->lot_count; i++) {
        if (account->lots[i].drawer == drawer && account->lots[i].purse == purse) {
            points += account->lots[i].points;
        }
    }
    return points;
}

/* Lots of head office's row, with this drawer's as they are here in the place of its own. */
static void join_lots(const struct tally_account *row, const struct tally_account *here,
                      uint32_t terminal, struct tally_account *merged)
{
    size_t next = 0;
    for (; next < row->lot_count && row->lots[next].drawer < terminal; next++) {
        merged->lots[merged->lot_count++] = row->lots[next];
    }
    for (size_t i = 0; i < here->lot_count; i++) {
        if (here->lots[i].drawer == terminal) {
            merged->lots[merged->lot_count++] = here->lots[i];
        }
    }
    for (; next < row->lot_count; next++) {
        if (row->lots[next].drawer != terminal) {
            merged->lots[merged->lot_count++] = row->lots[next];
        }
    }
}

static void join_holds(const struct tally_account *row, const struct tally_account *here,
                       uint32_t terminal, struct tally_account *merged)
{
    size_t next = 0;
    for (; next < row->hold_count && row->holds[next].drawer < terminal; next++) {
        merged->holds[merged->hold_count++] = row->holds[next];
    }
    for (size_t i = 0; i < here->hold_count; i++) {
        if (here->holds[i].drawer == terminal) {
            merged->holds[merged->hold_count++] = here->holds[i];
        }
    }
    for (; next < row->hold_count; next++) {
        if (row->holds[next].drawer != terminal) {
            merged->holds[merged->hold_count++] = row->holds[next];
        }
    }
}

/* Where the two disagree (head office knows a drawer that was lost with a disk), the difference
 * counts as adjusted, so that every purse still adds up with what is known here. */
static enum tally_status join_purses(const struct tally_account *row,
                                     const struct tally_account *here, uint32_t terminal,
                                     struct tally_account *merged)
{
    size_t of_row = 0, of_here = 0;
    while (of_row < row->purse_count || of_here < here->purse_count) {
        struct tally_purse purse = {0};
        bool in_row =
            of_row < row->purse_count && (of_here == here->purse_count ||
                                          row->purses[of_row].purse <= here->purses[of_here].purse);
        bool in_here = of_here < here->purse_count &&
                       (of_row == row->purse_count ||
                        here->purses[of_here].purse <= row->purses[of_row].purse);
        if (in_row) {
            purse = row->purses[of_row++];
        }
        if (in_here) {
            purse.purse = here->purses[of_here++].purse;
        }
        int64_t more = points_in(here, terminal, purse.purse);
        int64_t less = points_in(row, terminal, purse.purse);
        TALLY_TRY(tally_add(purse.adjusted, more - less, &purse.adjusted));
        if (in_row || more != 0) {
            merged->purses[merged->purse_count] = purse;
            merged->purse_count += purse.earned != 0 || purse.redeemed != 0 || purse.expired != 0 ||
                                   purse.adjusted != 0 || purse.debt != 0;
        }
    }
    return TALLY_OK;
}

/* `row` with what `here` holds in this terminal's drawer in the place of its own; all else is head
 * office's word. */
static enum tally_status keep_own_drawer(const struct tally_account *row,
                                         const struct tally_account *here, uint32_t terminal,
                                         struct tally_book *ret_book)
{
    struct tally_account merged = *row;
    merged.lot_count = merged.hold_count = merged.purse_count = 0;
    merged.lots = tally_alloc(row->lot_count + here->lot_count, sizeof *merged.lots);
    merged.holds = tally_alloc(row->hold_count + here->hold_count, sizeof *merged.holds);
    merged.purses = tally_alloc(row->purse_count + here->purse_count, sizeof *merged.purses);
    enum tally_status status = TALLY_E_NO_MEMORY;
    if (merged.lots != NULL && merged.holds != NULL && merged.purses != NULL) {
        join_lots(row, here, terminal, &merged);
        join_holds(row, here, terminal, &merged);
        bool ok = join_purses(row, here, terminal, &merged) == TALLY_OK &&
                  tally_account_check(&merged) == TALLY_OK;
        status = ok ? tally_book_copy(ret_book, &merged) : TALLY_E_INVALID;
    }
    tally_free(merged.lots);
    tally_free(merged.holds);
    tally_free(merged.purses);
    return status;
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
    struct tally_buffer value = {0};
    uint8_t key[ROW_ID_KEY_LEN];
    row_id_key(account->id, key);
    enum tally_status status =
        keep_own_drawer(account, &here->book.account, apply->store->now.terminal, &merged.book);
    if (status == TALLY_OK) {
        status = row_account_encode(&merged, &value);
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

static bool is_blocked(const struct tally_msg_member_row *member, const uint8_t *handle)
{
    return member->blocked_count > 0 &&
           row_handles_have(member->blocked[0], member->blocked_count, handle);
}

static bool lists_handle(const struct tally_msg_member_row *member, const uint8_t *handle)
{
    return is_blocked(member, handle) ||
           (member->handle_count > 0 &&
            row_handles_have(member->handles[0], member->handle_count, handle));
}

/* *ret_holder is 0 where the card is nobody's. */
static enum tally_status card_here(const struct apply *apply, const uint8_t *handle,
                                   uint64_t *ret_holder, bool *ret_blocked)
{
    struct tally_buffer value = {0};
    enum tally_status status =
        view_get(&apply->view, STATE_CARDS, (struct tally_slice){handle, TALLY_HANDLE_LEN}, &value);
    *ret_holder = 0;
    if (status == TALLY_OK) {
        status = row_card_decode(tally_buffer_slice(&value), ret_holder, ret_blocked);
    }
    tally_buffer_free(&value);
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : store_found(apply->store, status);
}

/* A card that the member had and the row no longer lists, unless it went to someone else. */
static enum tally_status drop_card(struct apply *apply, uint64_t member, const uint8_t *handle)
{
    uint64_t holder = 0;
    bool blocked = false;
    TALLY_TRY(card_here(apply, handle, &holder, &blocked));
    if (holder != member) {
        return TALLY_OK;
    }
    apply->member_news = true;
    return changes_remove(&apply->staged, STATE_CARDS,
                          (struct tally_slice){handle, TALLY_HANDLE_LEN});
}

static enum tally_status drop_unlisted(struct apply *apply,
                                       const struct tally_msg_member_row *member,
                                       const uint8_t *handles, size_t count)
{
    enum tally_status status = TALLY_OK;
    for (size_t i = 0; i < count && status == TALLY_OK; i++) {
        const uint8_t *handle = handles + i * TALLY_HANDLE_LEN;
        if (!lists_handle(member, handle)) {
            status = drop_card(apply, member->member, handle);
        }
    }
    return status;
}

static enum tally_status drop_old_cards(struct apply *apply,
                                        const struct tally_msg_member_row *member,
                                        struct tally_slice member_key)
{
    struct tally_buffer value = {0};
    struct row_member old = {0};
    enum tally_status status = view_get(&apply->view, STATE_MEMBERS, member_key, &value);
    if (status == TALLY_OK) {
        status = row_member_decode(tally_buffer_slice(&value), &old);
    }
    apply->member_news = apply->member_news || old.account != member->account;
    if (status == TALLY_OK) {
        status = drop_unlisted(apply, member, old.handles, old.handle_count);
    }
    if (status == TALLY_OK) {
        status = drop_unlisted(apply, member, old.blocked, old.blocked_count);
    }
    tally_buffer_free(&value);
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
}

static enum tally_status stage_card(struct apply *apply, uint64_t member, const uint8_t *handle,
                                    bool blocked)
{
    uint8_t value[ROW_CARD_LEN];
    uint64_t holder = 0;
    bool was_blocked = false;
    TALLY_TRY(card_here(apply, handle, &holder, &was_blocked));
    apply->member_news = apply->member_news || holder != member || was_blocked != blocked;
    row_card_encode(member, blocked, value);
    return changes_put(&apply->staged, STATE_CARDS, (struct tally_slice){handle, TALLY_HANDLE_LEN},
                       (struct tally_slice){value, sizeof value});
}

/* The cards of a row, each by itself; those that work are appended to `works`. */
static enum tally_status stage_cards(struct apply *apply, const struct tally_msg_member_row *member,
                                     struct tally_buffer *works)
{
    for (size_t i = 0; i < member->handle_count; i++) {
        if (!is_blocked(member, member->handles[i])) {
            TALLY_TRY(tally_buffer_append(works, member->handles[i], TALLY_HANDLE_LEN));
            TALLY_TRY(stage_card(apply, member->member, member->handles[i], false));
        }
    }
    for (size_t i = 0; i < member->blocked_count; i++) {
        TALLY_TRY(stage_card(apply, member->member, member->blocked[i], true));
    }
    return TALLY_OK;
}

static enum tally_status stage_member(struct apply *apply,
                                      const struct tally_msg_member_row *member)
{
    uint8_t key_bytes[ROW_ID_KEY_LEN];
    row_id_key(member->member, key_bytes);
    struct tally_slice key = {key_bytes, sizeof key_bytes};
    TALLY_TRY(drop_old_cards(apply, member, key));
    struct tally_buffer value = {0}, works = {0};
    enum tally_status status = stage_cards(apply, member, &works);
    if (status == TALLY_OK) {
        struct row_member row = {.account = member->account,
                                 .home_shop = member->home_shop,
                                 .profile = member->profile,
                                 .wrapped_key = member->wrapped_key,
                                 .handles = works.data,
                                 .handle_count = works.len / TALLY_HANDLE_LEN,
                                 .blocked = member->blocked_count > 0 ? member->blocked[0] : NULL,
                                 .blocked_count = member->blocked_count};
        status = row_member_encode(&row, &value);
    }
    if (status == TALLY_OK) {
        status = changes_put(&apply->staged, STATE_MEMBERS, key, tally_buffer_slice(&value));
    }
    tally_buffer_free(&works);
    tally_buffer_free(&value);
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
        status = row_account_decode(tally_buffer_slice(&value), ret_here);
    }
    tally_buffer_free(&value);
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : store_found(apply->store, status);
}

static bool members_are_of(const struct tally_msg_account_row *row, uint64_t account)
{
    for (size_t i = 0; i < row->member_count; i++) {
        if (row->members[i].account != account || row->members[i].member == 0) {
            return false;
        }
    }
    return account != 0;
}

static enum tally_status stage_decoded(struct apply *apply, const struct tally_msg_account_row *row,
                                       const struct tally_account *account)
{
    if (!members_are_of(row, account->id)) {
        return TALLY_E_INVALID;
    }
    struct row_account here = {0};
    enum tally_status status = load_here(apply, account->id, &here);
    if (status == TALLY_OK && is_older(row, &here)) {
        apply->left_out++;
    } else if (status == TALLY_OK) {
        status = stage_account(apply, account, &here);
        for (size_t i = 0; i < row->member_count && status == TALLY_OK; i++) {
            status = stage_member(apply, &row->members[i]);
        }
    }
    row_account_free(&here);
    return status;
}

static enum tally_status stage_row(struct apply *apply, const struct tally_msg_account_row *row)
{
    struct tally_book book = {0};
    enum tally_status status = tally_book_decode(&book, row->account);
    if (status == TALLY_OK) {
        status = stage_decoded(apply, row, &book.account);
    } else if (status != TALLY_E_NO_MEMORY) {
        status = TALLY_E_INVALID;
    }
    tally_book_free(&book);
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
        store->member_news = store->member_news || apply.member_news;
    }
    changes_free(&apply.staged);
    TALLY_TRY(status);
    *ret_left_out = apply.left_out;
    return TALLY_OK;
}
