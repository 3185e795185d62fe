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

static enum tally_status go_over(struct hq_txn *txn, const struct tally_account *from,
                                 const struct tally_account *into, struct tally_slice reason,
                                 struct tally_slice who, struct rooms *rooms)
{
    const struct tally_bonus_room sending = {rooms->sent, TALLY_MOVES_MAX, rooms->sent_counts,
                                             TALLY_COUNTS_MAX};
    const struct tally_bonus_room receiving = {rooms->received, TALLY_MOVES_MAX,
                                               rooms->received_counts, TALLY_COUNTS_MAX};
    struct hq_today today;
    struct tally_event sent, received;
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

enum tally_status hq_merge_over(struct hq_txn *txn, const struct tally_account *from,
                                const struct tally_account *into, struct tally_slice reason,
                                struct tally_slice who)
{
    struct rooms *rooms = tally_alloc(1, sizeof *rooms);
    if (rooms == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = go_over(txn, from, into, reason, who, rooms);
    tally_free(rooms);
    return status;
}

enum tally_status hq_merge_after(struct hq_txn *txn, uint64_t account)
{
    static const char reason[] = "merged before", who[] = "head office";
    struct tally_book from, into;
    TALLY_TRY(hq_account_load(txn, account, &from));
    uint64_t ended_in = from.account.merged_into;
    enum tally_status status = TALLY_OK;
    if (ended_in != 0) {
        status = hq_account_load(txn, ended_in, &into);
        if (status == TALLY_OK) {
            into.account.id = ended_in;
            status = hq_merge_over(txn, &from.account, &into.account,
                                   (struct tally_slice){(const uint8_t *)reason, sizeof reason - 1},
                                   (struct tally_slice){(const uint8_t *)who, sizeof who - 1});
            tally_book_free(&into);
        }
    }
    tally_book_free(&from);
    return status;
}
