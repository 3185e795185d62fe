/* app/terminal/merges.h: accounts that head office has merged into others: what this terminal's
 * drawer still holds of them follows (app/core/merge.h).
 *
 * Memory   owns the list of those whose other account is not known here yet; a zeroed struct is
 *          empty; free with merges_free().
 * Blocking two commits for each account.
 * Threads  the loop's thread only. */
#ifndef TALLY_TERMINAL_MERGES_H
#define TALLY_TERMINAL_MERGES_H

#include "app/terminal/ledger.h"

struct merges {
    uint64_t *late; /* accounts that have ended */
    size_t late_count;
};
void merges_free(struct merges *merges);

/* Sends this drawer's points of an account on if it has ended; of one that is itself nothing. Holds
 * that are open stay: what they give back is sent after it came back.
 *   TALLY_OK            also: there was nothing to send
 *   TALLY_E_NOT_FOUND   the account, or the one it went into, is not known here
 *   TALLY_E_NOT_READY   no programme yet
 *   as ledger_commit */
TALLY_MUST_USE enum tally_status merges_send(struct ledger *ledger, uint64_t account,
                                             int64_t now_ms);

/* Looks through rows that have just been applied; accounts that can't follow yet are tried again
 * with the next rows. TALLY_OK, TALLY_E_NO_MEMORY, as ledger_commit */
TALLY_MUST_USE enum tally_status merges_follow(struct merges *merges, struct ledger *ledger,
                                               const struct tally_msg_account_row *rows,
                                               size_t row_count, int64_t now_ms);

/* Puts in what a power cut left half way: taken out of one account, and not yet in the other.
 * TALLY_OK (also: nothing was), as merges_send */
TALLY_MUST_USE enum tally_status merges_finish(struct ledger *ledger, int64_t now_ms);

#endif
