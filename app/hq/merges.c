/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts that ended in another one: what head office's drawer holds of them goes over, at once
 * and again whenever a terminal that had not heard of it brings more. */
#include "app/hq/tables.h"

#include "app/base/alloc.h"
#include "app/core/merge.h"

struct rooms {
    struct tally_move sent[TALLY_MOVES_MAX];
    struct tally_move received[TALLY_MOVES_MAX];
    struct tally_count sent_counts[TALLY_COUNTS_MAX];
    struct tally_count received_counts[TALLY_COUNTS_MAX];
};

/* One event on each side; *ret_more says whether there may be more to go over. */
static enum tally_status go_over(struct hq_txn *txn, const struct tally_account *from,
                                 const struct tally_account *into, struct tally_slice reason,
                                 struct tally_slice who, struct rooms *rooms, bool *ret_more)
{
    const struct tally_bonus_room sending = {rooms->sent, TALLY_MOVES_MAX, rooms->sent_counts,
                                             TALLY_COUNTS_MAX};
    const struct tally_bonus_room receiving = {rooms->received, TALLY_MOVES_MAX,
                                               rooms->received_counts, TALLY_COUNTS_MAX};
    struct hq_today today;
    struct tally_event sent, received;
    *ret_more = false;
    TALLY_TRY(hq_today(txn, &today));
    if (today.programme == NULL) {
        return TALLY_E_NOT_READY;
    }
    const struct tally_moment moment = {TALLY_TERMINAL_HQ, txn->now_ms, today.day};
    TALLY_TRY(tally_merge_plan(from, into->id, &moment, &sending, &sent));
    bool brings = sent.effects.move_count > 0 || sent.effects.count_count > 0;
    if (!brings && from->merged_into == into->id) {
        return TALLY_OK;
    }
    sent.as.transfer.reason = reason;
    sent.as.transfer.who = who;
    TALLY_TRY(hq_append_own(txn, &sent));
    *ret_more = brings;
    enum tally_status status = tally_merge_receive_plan(today.programme, from, into, &sent, &moment,
                                                        &receiving, &received);
    if (status == TALLY_E_NOT_FOUND) {
        return hq_touch(txn, into->id); /* members came, if nothing else */
    }
    TALLY_TRY(status);
    received.as.transfer.reason = reason;
    received.as.transfer.who = who;
    return hq_append_own(txn, &received);
}

static enum tally_status once(struct hq_txn *txn, uint64_t from, uint64_t into,
                              struct tally_slice reason, struct tally_slice who,
                              struct rooms *rooms, bool *ret_more)
{
    struct tally_book ends, stays;
    TALLY_TRY(hq_account_load(txn, from, &ends));
    enum tally_status status = hq_account_load(txn, into, &stays);
    if (status == TALLY_OK) {
        stays.account.id = into;
        status = go_over(txn, &ends.account, &stays.account, reason, who, rooms, ret_more);
        tally_book_free(&stays);
    }
    tally_book_free(&ends);
    return status;
}

enum tally_status hq_merge_over(struct hq_txn *txn, uint64_t from, uint64_t into,
                                struct tally_slice reason, struct tally_slice who)
{
    struct rooms *rooms = tally_alloc(1, sizeof *rooms);
    if (rooms == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    bool more = true;
    enum tally_status status = TALLY_OK;
    while (status == TALLY_OK && more) {
        status = once(txn, from, into, reason, who, rooms, &more);
    }
    tally_free(rooms);
    return status;
}

/* Where an account ended; 0: it has not. */
static enum tally_status ended_in(struct hq_txn *txn, uint64_t account, uint64_t *ret_into)
{
    struct tally_book book;
    TALLY_TRY(hq_account_load(txn, account, &book));
    *ret_into = book.account.merged_into;
    tally_book_free(&book);
    return TALLY_OK;
}

enum tally_status hq_merge_after(struct hq_txn *txn, uint64_t account)
{
    uint64_t into = 0;
    TALLY_TRY(ended_in(txn, account, &into));
    while (into != 0) { /* nothing is merged into an account that has ended: no circles */
        TALLY_TRY(hq_merge_over(txn, account, into, tally_slice_text("merged before"),
                                tally_slice_text("head office")));
        account = into;
        TALLY_TRY(ended_in(txn, account, &into));
    }
    return TALLY_OK;
}
