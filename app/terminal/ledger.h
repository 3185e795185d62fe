/* app/terminal/ledger.h: the terminal's points: store, programme and shared keys as one thing that
 * the till's desk and the link to head office work on.
 *
 * Memory   owns the store and the programmes; free with ledger_close().
 * Blocking as app/store/store.h.
 * Threads  the loop's thread only. */
#ifndef TALLY_TERMINAL_LEDGER_H
#define TALLY_TERMINAL_LEDGER_H

#include "app/crypto/crypto.h"
#include "app/proto/messages.h"
#include "app/terminal/programmes.h"

struct ledger {
    const char *dir;          /* borrowed */
    struct store *store;      /* NULL while `status` is not TALLY_OK */
    enum tally_status status; /* of the store: not TALLY_OK means loyalty is stopped */
    int64_t reopen_at_ms;     /* when to try the store again */
    struct programmes programmes;
    bool has_keys;
    uint8_t card_key[TALLY_KEY_LEN];
    uint8_t data_key[TALLY_KEY_LEN];
    struct tally_buffer programme_key; /* DER; verifies programmes */
};

/* Opens the store and loads what it holds. A store that can't be opened is not an error here:
 * `status` says so and the till is told.
 *   TALLY_OK, TALLY_E_STORE_IN_USE (another tallyd: don't start) */
TALLY_MUST_USE enum tally_status ledger_open(struct ledger *ledger, const char *dir);
void ledger_close(struct ledger *ledger);

/* Whether points can be used now; opens the store again after a fault, at most every 5 s.
 *   TALLY_OK, else the store's status */
TALLY_MUST_USE enum tally_status ledger_ready(struct ledger *ledger, int64_t now_ms);

/* The programme in force at this instant; takes a waiting one over when its time has come.
 * NULL: none has been received. */
const struct tally_programme *ledger_programme(struct ledger *ledger, int64_t now_ms);
/* When the programme that waits takes over, ms since 1970 UTC; INT64_MAX: none waits. */
int64_t ledger_takeover_ms(const struct ledger *ledger);
/* Version of the newest programme held, in force or waiting; 0: none. */
uint32_t ledger_programme_version(const struct ledger *ledger);

/* Commits one event: store_commit, and a 4x answer closes the store until ledger_ready.
 * ret_existing_seq may be NULL. */
TALLY_MUST_USE enum tally_status ledger_commit(struct ledger *ledger, struct tally_event *event,
                                               struct tally_slice sidecar, int64_t now_ms,
                                               uint64_t *ret_existing_seq);

/* Brings LMDB up, as store_checkpoint. TALLY_OK, store statuses */
TALLY_MUST_USE enum tally_status ledger_checkpoint(struct ledger *ledger, int64_t now_ms);

/* Passes on what a call on `ledger->store` answered; a 4x status closes the store until
 * ledger_ready opens it again, so that a damaged row or a failed batch mends itself. */
TALLY_MUST_USE enum tally_status ledger_judge(struct ledger *ledger, enum tally_status status,
                                              int64_t now_ms);

/* Journals grants that are newer than what the journal holds, in order.
 *   TALLY_OK, TALLY_E_PROTOCOL (a gap, or for another terminal), as ledger_commit */
TALLY_MUST_USE enum tally_status ledger_take_grants(struct ledger *ledger,
                                                    const struct tally_msg_grant *grants,
                                                    size_t count, int64_t now_ms);

/* Takes over shared keys / a signed programme from head office, durably.
 *   TALLY_OK, TALLY_E_SIGNATURE, TALLY_E_RULE (the document does not pass our check: this program
 *   is older than the programme), TALLY_E_TOO_LATE (not newer than the one held), store statuses */
TALLY_MUST_USE enum tally_status ledger_take_keys(struct ledger *ledger,
                                                  const struct tally_msg_shared_keys *keys);
TALLY_MUST_USE enum tally_status
ledger_take_programme(struct ledger *ledger, const struct tally_msg_signed_programme *programme,
                      int64_t now_ms);

/* Wall clock, ms since 1970 UTC. */
int64_t ledger_now_ms(void);

#endif
