/* SPDX-License-Identifier: Apache-2.0 */
/* Points of accounts that have ended go where the account went. */
#include "app/terminal/merges.h"

#include "app/base/alloc.h"
#include "app/base/log.h"
#include "app/core/merge.h"
#include "app/proto/event_codec.h"

#include <inttypes.h>

static const char reason[] = "merge";
static const char who[] = "terminal";

void merges_free(struct merges *merges)
{
    tally_free(merges->late);
    *merges = (struct merges){0};
}

/* ------------------------------------------------------------------ one account */

static enum tally_status room_open(struct tally_bonus_room *ret_room)
{
    *ret_room = (struct tally_bonus_room){
        .moves = tally_alloc(TALLY_MOVES_MAX, sizeof(struct tally_move)),
        .move_cap = TALLY_MOVES_MAX,
        .counts = tally_alloc(TALLY_COUNTS_MAX, sizeof(struct tally_count)),
        .count_cap = TALLY_COUNTS_MAX};
    return ret_room->moves == NULL || ret_room->counts == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
}

static void room_close(struct tally_bonus_room *room)
{
    tally_free(room->moves);
    tally_free(room->counts);
}

static enum tally_status commit(struct ledger *ledger, struct tally_event *event, int64_t now_ms)
{
    const struct tally_programme *programme = ledger_programme(ledger, now_ms);
    event->programme_version = programme->version;
    event->as.transfer.reason = (struct tally_slice){(const uint8_t *)reason, sizeof reason - 1};
    event->as.transfer.who = (struct tally_slice){(const uint8_t *)who, sizeof who - 1};
    return ledger_commit(ledger, event, (struct tally_slice){0}, now_ms, NULL);
}

/* The second half: `sent` is durable. */
static enum tally_status receive(struct ledger *ledger, const struct tally_event *sent,
                                 const struct tally_moment *moment)
{
    const struct tally_programme *programme = ledger_programme(ledger, moment->now_ms);
    struct store_account from, into;
    struct tally_bonus_room room = {0};
    struct tally_event event;
    TALLY_TRY(ledger_ready(ledger, moment->now_ms));
    TALLY_TRY(store_account_get(ledger->store, sent->as.transfer.other, &into));
    enum tally_status status = store_account_get(ledger->store, sent->account, &from);
    if (status != TALLY_OK) {
        store_account_free(&into);
        return status;
    }
    status = room_open(&room);
    if (status == TALLY_OK) {
        status = tally_merge_receive_plan(programme, &from.book.account, &into.book.account, sent,
                                          moment, &room, &event);
    }
    if (status == TALLY_OK) {
        status = commit(ledger, &event, moment->now_ms);
    }
    room_close(&room);
    store_account_free(&from);
    store_account_free(&into);
    return status;
}

static enum tally_status send(struct ledger *ledger, const struct tally_account *from,
                              const struct tally_moment *moment)
{
    struct tally_bonus_room room = {0};
    struct tally_event event;
    struct store_account into;
    TALLY_TRY(store_account_get(ledger->store, from->merged_into, &into)); /* before it is sent */
    store_account_free(&into);
    enum tally_status status = room_open(&room);
    if (status == TALLY_OK) {
        status = tally_merge_plan(from, from->merged_into, moment, &room, &event);
    }
    if (status == TALLY_E_NOT_FOUND) { /* nothing to send */
        room_close(&room);
        return TALLY_OK;
    }
    if (status == TALLY_OK) {
        status = commit(ledger, &event, moment->now_ms);
    }
    if (status == TALLY_OK) {
        status = receive(ledger, &event, moment);
    }
    room_close(&room);
    if (status == TALLY_OK) {
        tally_log("account %" PRIu64 " has ended: its points here went to account %" PRIu64,
                  from->id, from->merged_into);
    }
    return status;
}

static enum tally_status moment_of(struct ledger *ledger, int64_t now_ms,
                                   struct tally_moment *ret_moment)
{
    struct store_head head;
    TALLY_TRY(ledger_ready(ledger, now_ms));
    const struct tally_programme *programme = ledger_programme(ledger, now_ms);
    if (programme == NULL) {
        return TALLY_E_NOT_READY;
    }
    store_head(ledger->store, &head);
    *ret_moment =
        (struct tally_moment){head.terminal, now_ms, tally_programme_day(programme, now_ms)};
    return TALLY_OK;
}

/* A hold whose time is over belongs to nobody's sale any more. */
static enum tally_status give_back(struct ledger *ledger, const struct tally_account *from,
                                   uint64_t hold, const struct tally_moment *moment)
{
    const struct tally_programme *programme = ledger_programme(ledger, moment->now_ms);
    struct tally_bonus_room room = {0};
    struct tally_event event;
    enum tally_status status = room_open(&room);
    if (status == TALLY_OK) {
        status = tally_release_plan(from, hold, moment, &room, &event);
    }
    if (status == TALLY_OK) {
        event.programme_version = programme->version;
        status = ledger_commit(ledger, &event, (struct tally_slice){0}, moment->now_ms, NULL);
    }
    room_close(&room);
    return status;
}

/* The first hold of this drawer that is over; 0: none. */
static uint64_t hold_over(const struct tally_account *from, const struct tally_moment *moment)
{
    for (size_t i = 0; i < from->hold_count; i++) {
        if (from->holds[i].drawer == moment->terminal && from->holds[i].until_ms < moment->now_ms) {
            return from->holds[i].hold;
        }
    }
    return 0;
}

enum tally_status merges_send(struct ledger *ledger, uint64_t account, int64_t now_ms)
{
    struct store_account from;
    struct tally_moment moment;
    TALLY_TRY(moment_of(ledger, now_ms, &moment));
    TALLY_TRY(store_account_get(ledger->store, account, &from));
    while (from.book.account.merged_into != 0 && hold_over(&from.book.account, &moment) != 0) {
        enum tally_status given =
            give_back(ledger, &from.book.account, hold_over(&from.book.account, &moment), &moment);
        store_account_free(&from);
        TALLY_TRY(given);
        TALLY_TRY(store_account_get(ledger->store, account, &from));
    }
    enum tally_status status =
        from.book.account.merged_into == 0 ? TALLY_OK : send(ledger, &from.book.account, &moment);
    store_account_free(&from);
    return status;
}

enum tally_status merges_finish(struct ledger *ledger, int64_t now_ms)
{
    struct tally_moment moment;
    struct tally_buffer bytes = {0};
    struct tally_event_decoded decoded = {0};
    uint64_t account = 0, seq = 0;
    uint32_t epoch = 0;
    TALLY_TRY(moment_of(ledger, now_ms, &moment));
    enum tally_status status = store_sent_get(ledger->store, &account, &epoch, &seq);
    if (status != TALLY_OK) {
        return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
    }
    status = store_event_of_epoch(ledger->store, epoch, seq, &bytes);
    if (status == TALLY_OK) {
        status = tally_event_decode(tally_buffer_slice(&bytes), &decoded);
    }
    if (status == TALLY_OK) {
        status = receive(ledger, &decoded.event, &moment);
    }
    tally_event_decoded_free(&decoded);
    tally_buffer_free(&bytes);
    return status;
}

/* ------------------------------------------------------------------ what head office tells */

static enum tally_status keep(struct merges *merges, uint64_t account)
{
    for (size_t i = 0; i < merges->late_count; i++) {
        if (merges->late[i] == account) {
            return TALLY_OK;
        }
    }
    uint64_t *late = tally_realloc(merges->late, merges->late_count + 1, sizeof *late);
    if (late == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    merges->late = late;
    late[merges->late_count++] = account;
    return TALLY_OK;
}

static enum tally_status find_ended(struct merges *merges, const struct tally_msg_account_row *rows,
                                    size_t row_count)
{
    struct tally_book book = {0};
    enum tally_status status = TALLY_OK;
    for (size_t i = 0; i < row_count && status == TALLY_OK; i++) {
        status = tally_book_decode(&book, rows[i].account);
        if (status == TALLY_OK && book.account.merged_into != 0) {
            status = keep(merges, book.account.id);
        }
    }
    tally_book_free(&book);
    return status;
}

enum tally_status merges_follow(struct merges *merges, struct ledger *ledger,
                                const struct tally_msg_account_row *rows, size_t row_count,
                                int64_t now_ms)
{
    size_t kept = 0;
    enum tally_status status = find_ended(merges, rows, row_count);
    for (size_t i = 0; i < merges->late_count; i++) {
        enum tally_status sent =
            status == TALLY_OK ? merges_send(ledger, merges->late[i], now_ms) : status;
        if (sent == TALLY_E_NOT_FOUND || sent == TALLY_E_NOT_READY) {
            merges->late[kept++] = merges->late[i]; /* the other account comes with later rows */
        } else if (sent != TALLY_OK) {
            merges->late[kept++] = merges->late[i];
            status = sent;
        }
    }
    merges->late_count = kept;
    return status;
}
