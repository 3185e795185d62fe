/* SPDX-License-Identifier: Apache-2.0 */
/* The proof that the state is what the journal says: fold everything again and compare. */
#include "app/store/internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "app/base/alloc.h"
#include "app/proto/event_codec.h"
#include "app/store/rows.h"

enum { PERCENT_WALK = 80 };

struct verify {
    struct store *store;
    struct changes folded; /* every row that the journal makes */
    struct store_verified result;
    void (*progress)(void *context, unsigned percent);
    void *context;
    enum state_table table; /* being compared */
};

__attribute__((format(printf, 2, 3))) static enum tally_status differs(struct verify *verify,
                                                                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verify->result.difference, sizeof verify->result.difference, format, arguments);
    va_end(arguments);
    return TALLY_E_MISMATCH;
}

/* ------------------------------------------------------------------ the journal's side */

static enum tally_status fold_record(void *context, const struct journal_record *record)
{
    struct verify *verify = context;
    struct view view = {.layers = {&verify->folded, NULL}};
    struct changes staged = {0};
    struct tally_event_decoded decoded = {0};
    TALLY_TRY(tally_event_decode(record->event, &decoded));
    enum tally_status status = fold_event(&view, &decoded.event, record->sidecar, &staged);
    if (status == TALLY_OK) {
        status = changes_make_ready(&verify->folded, &staged);
    }
    if (status == TALLY_OK) {
        changes_merge(&verify->folded, &staged);
        verify->result.events++;
    } else if (status != TALLY_E_NO_MEMORY) {
        status = differs(verify, "event %" PRIu32 "/%" PRIu64 " does not fold: %s", record->epoch,
                         record->seq, tally_status_name(status));
    }
    changes_free(&staged);
    tally_event_decoded_free(&decoded);
    return status;
}

static void walk_progress(void *context, unsigned percent)
{
    struct verify *verify = context;
    if (verify->progress != NULL) {
        verify->progress(verify->context, percent * PERCENT_WALK / 100);
    }
}

/* ------------------------------------------------------------------ the state's side */

static bool same_lot(const struct tally_lot *left, const struct tally_lot *right)
{
    return left->purse == right->purse && left->hold == right->hold &&
           left->expires_day == right->expires_day && left->from_day == right->from_day &&
           left->points == right->points;
}

static bool same_own_lots(const struct tally_account *left, const struct tally_account *right,
                          uint32_t terminal)
{
    size_t i = 0, j = 0;
    for (;; i++, j++) {
        while (i < left->lot_count && left->lots[i].drawer != terminal) {
            i++;
        }
        while (j < right->lot_count && right->lots[j].drawer != terminal) {
            j++;
        }
        if (i >= left->lot_count || j >= right->lot_count) {
            return i >= left->lot_count && j >= right->lot_count;
        }
        if (!same_lot(&left->lots[i], &right->lots[j])) {
            return false;
        }
    }
}

static bool same_own_holds(const struct tally_account *left, const struct tally_account *right,
                           uint32_t terminal)
{
    size_t i = 0, j = 0;
    for (;; i++, j++) {
        while (i < left->hold_count && left->holds[i].drawer != terminal) {
            i++;
        }
        while (j < right->hold_count && right->holds[j].drawer != terminal) {
            j++;
        }
        if (i >= left->hold_count || j >= right->hold_count) {
            return i >= left->hold_count && j >= right->hold_count;
        }
        if (left->holds[i].hold != right->holds[j].hold ||
            left->holds[i].until_ms != right->holds[j].until_ms) {
            return false;
        }
    }
}

/* An account that head office has a word in: this terminal's drawer still is the journal's
 * alone. */
static enum tally_status compare_drawer(struct verify *verify, const struct row_account *here,
                                        const struct change *folded)
{
    struct row_account made = {0};
    if (folded != NULL) {
        struct tally_slice value = {folded->value, folded->value_len};
        TALLY_TRY(row_account_decode(value, &made));
    }
    const struct tally_account *left = &here->book.account, *right = &made.book.account;
    const uint32_t terminal = verify->store->now.terminal;
    bool same = made.own_epoch == here->own_epoch && made.own_seq == here->own_seq &&
                same_own_lots(left, right, terminal) && same_own_holds(left, right, terminal);
    row_account_free(&made);
    return same ? TALLY_OK
                : differs(verify, "account %" PRIu64 ": its lots in this drawer", left->id);
}

static enum tally_status compare_account(struct verify *verify, struct tally_slice value,
                                         const struct change *folded)
{
    struct row_account here = {0};
    TALLY_TRY(row_account_decode(value, &here)); /* checks its invariants */
    verify->result.accounts++;
    enum tally_status status = TALLY_OK;
    if (here.from_hq) {
        status = compare_drawer(verify, &here, folded);
    } else if (folded == NULL || folded->value_len != value.len ||
               memcmp(folded->value, value.data, value.len) != 0) {
        status = differs(verify, "account %" PRIu64 ": not what the journal folds to",
                         here.book.account.id);
    }
    row_account_free(&here);
    return status;
}

static bool row_is_there(struct verify *verify, enum state_table table, struct tally_slice key,
                         struct tally_buffer *ret_value, enum tally_status *ret_status)
{
    struct view view = store_view(verify->store);
    enum tally_status status = view_get(&view, table, key, ret_value);
    *ret_status = status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
    return status == TALLY_OK;
}

/* Each is in the index; a card that went to another member says what that one's row says of it. */
static enum tally_status cards_are_there(struct verify *verify, uint64_t member,
                                         const uint8_t *handles, size_t count, bool blocked)
{
    struct tally_buffer value = {0};
    enum tally_status status = TALLY_OK;
    for (size_t i = 0; i < count && status == TALLY_OK; i++) {
        struct tally_slice handle = {handles + i * TALLY_HANDLE_LEN, TALLY_HANDLE_LEN};
        uint64_t holder = member;
        bool is_blocked = blocked;
        value.len = 0;
        if (row_is_there(verify, STATE_CARDS, handle, &value, &status)) {
            status = row_card_decode(tally_buffer_slice(&value), &holder, &is_blocked);
        } else if (status == TALLY_OK) {
            status = differs(verify, "member %" PRIu64 ": a card is not in the index", member);
        }
        if (status == TALLY_OK && holder == member && is_blocked != blocked) {
            status = differs(verify, "member %" PRIu64 ": a card is blocked or not", member);
        }
    }
    tally_buffer_free(&value);
    return status;
}

static enum tally_status compare_member(struct verify *verify, struct tally_slice key,
                                        struct tally_slice value)
{
    struct row_member row;
    struct tally_buffer other = {0};
    enum tally_status status = row_member_decode(value, &row);
    uint64_t member = tally_load_be(key.data, ROW_ID_KEY_LEN);
    uint8_t account_key[ROW_ID_KEY_LEN];
    TALLY_TRY(status);
    row_id_key(row.account, account_key);
    if (!row_is_there(verify, STATE_ACCOUNTS, (struct tally_slice){account_key, sizeof account_key},
                      &other, &status) &&
        status == TALLY_OK) {
        status = differs(verify, "member %" PRIu64 ": has no account", member);
    }
    tally_buffer_free(&other);
    if (status == TALLY_OK) {
        status = cards_are_there(verify, member, row.handles, row.handle_count, false);
    }
    return status == TALLY_OK
               ? cards_are_there(verify, member, row.blocked, row.blocked_count, true)
               : status;
}

static enum tally_status compare_card(struct verify *verify, struct tally_slice key,
                                      struct tally_slice value)
{
    uint64_t member = 0;
    struct tally_buffer other = {0};
    struct row_member row = {0};
    bool blocked = false, listed = false;
    uint8_t member_key[ROW_ID_KEY_LEN];
    TALLY_TRY(row_card_decode(value, &member, &blocked));
    row_id_key(member, member_key);
    enum tally_status status = TALLY_OK;
    if (row_is_there(verify, STATE_MEMBERS, (struct tally_slice){member_key, sizeof member_key},
                     &other, &status)) {
        status = row_member_decode(tally_buffer_slice(&other), &row);
    }
    if (status == TALLY_OK) {
        listed = blocked ? row_handles_have(row.blocked, row.blocked_count, key.data)
                         : row_handles_have(row.handles, row.handle_count, key.data);
    }
    tally_buffer_free(&other);
    if (status == TALLY_OK && !listed) {
        status =
            differs(verify, "a card points to member %" PRIu64 ", who does not list it", member);
    }
    return status;
}

/* References and reversals: exactly those that the journal makes. */
static enum tally_status compare_event_row(struct verify *verify, struct tally_slice value,
                                           const struct change *folded)
{
    if (folded == NULL || folded->value_len != value.len ||
        memcmp(folded->value, value.data, value.len) != 0) {
        return differs(verify, "a row of table %d is not what the journal makes",
                       (int)verify->table);
    }
    return TALLY_OK;
}

static enum tally_status compare_row(struct verify *verify, struct tally_slice key,
                                     struct tally_slice value)
{
    enum tally_status status = row_check(verify->table, key, value);
    if (status == TALLY_E_STORE_DAMAGED) {
        return differs(verify, "a row of table %d is malformed", (int)verify->table);
    }
    TALLY_TRY(status);
    const struct change *folded = changes_find(&verify->folded, verify->table, key);
    switch (verify->table) {
    case STATE_ACCOUNTS:
        return compare_account(verify, value, folded);
    case STATE_MEMBERS:
        return compare_member(verify, key, value);
    case STATE_CARDS:
        return compare_card(verify, key, value);
    case STATE_REFS:
    case STATE_REVERSALS:
    case STATE_SENT:
        return compare_event_row(verify, value, folded);
    case STATE_TABLE_COUNT:
        break;
    }
    return TALLY_E_STORE_DAMAGED;
}

static enum tally_status compare_written_row(void *context, struct tally_slice key,
                                             struct tally_slice value)
{
    struct verify *verify = context;
    if (changes_find(&verify->store->overlay, verify->table, key) != NULL) {
        return TALLY_OK; /* the overlay has a newer one */
    }
    return compare_row(verify, key, value);
}

static enum tally_status compare_table(struct verify *verify, enum state_table table)
{
    verify->table = table;
    enum tally_status status = state_each(verify->store->state, table, compare_written_row, verify);
    if (status == TALLY_E_STORE_DAMAGED) {
        return differs(verify, "a row of table %d fails its checksum", (int)table);
    }
    TALLY_TRY(status);
    const struct change *change = NULL;
    while ((change = changes_next(&verify->store->overlay, change)) != NULL) {
        if (change->table == table && !change->removed) {
            TALLY_TRY(compare_row(verify, (struct tally_slice){change->key, change->key_len},
                                  (struct tally_slice){change->value, change->value_len}));
        }
    }
    return TALLY_OK;
}

/* What the journal makes and the state lacks. Head office may take a card away. */
static enum tally_status find_missing(struct verify *verify)
{
    struct tally_buffer value = {0};
    enum tally_status status = TALLY_OK;
    const struct change *change = NULL;
    while (status == TALLY_OK && (change = changes_next(&verify->folded, change)) != NULL) {
        struct tally_slice key = {change->key, change->key_len};
        if (change->removed || change->table == STATE_CARDS) {
            continue; /* members list theirs, and those lists were compared */
        }
        value.len = 0;
        if (!row_is_there(verify, change->table, key, &value, &status) && status == TALLY_OK) {
            status = differs(verify, "a row of table %d that the journal makes is missing",
                             (int)change->table);
        }
    }
    tally_buffer_free(&value);
    return status;
}

enum tally_status store_verify(struct store *store,
                               void (*progress)(void *context, unsigned percent), void *context,
                               struct store_verified *ret_verified)
{
    if (store->broken) {
        return TALLY_E_STORE_IO;
    }
    struct verify verify = {.store = store, .progress = progress, .context = context};
    const struct journal_mark beginning = {0};
    enum tally_status status =
        journal_walk(store->journal, &beginning, fold_record, walk_progress, &verify);
    if (status == TALLY_E_STORE_DAMAGED || status == TALLY_E_INVALID) {
        snprintf(verify.result.difference, sizeof verify.result.difference,
                 "the journal's chain breaks behind event %" PRIu64 " from its beginning",
                 verify.result.events);
        status = TALLY_E_CHAIN;
    }
    for (enum state_table table = 0; table < STATE_TABLE_COUNT && status == TALLY_OK; table++) {
        status = compare_table(&verify, table);
    }
    if (status == TALLY_OK) {
        status = find_missing(&verify);
    }
    changes_free(&verify.folded);
    if (status == TALLY_OK && progress != NULL) {
        progress(context, 100);
    }
    if (status == TALLY_OK || status == TALLY_E_MISMATCH || status == TALLY_E_CHAIN) {
        *ret_verified = verify.result;
    }
    return status;
}
