/* app/terminal/desk.h: what a till asks for, answered from the ledger: who a card belongs to, what
 * a sale would earn and why, and the commits.
 *
 * A redemption or hold that this terminal's drawer does not cover draws what is missing from head
 * office first, when it can be reached; these are the only answers that wait for the network.
 *
 * Memory   borrows the ledger; one object, free with desk_free().
 * Blocking a commit blocks for one disk sync; all else answers from memory and LMDB's map.
 * Threads  the loop's thread only. */
#ifndef TALLY_TERMINAL_DESK_H
#define TALLY_TERMINAL_DESK_H

#include "app/terminal/ledger.h"
#include "app/terminal/paper.h"
#include "app/till/till.h"
#include "hal/reader/settings.h"

struct desk;

/* What the desk needs of the rest of the daemon. */
struct desk_ports {
    void *self;
    /* Asks head office to move units of a purse into this terminal's drawer; `done` comes later,
     * once. TALLY_OK, TALLY_E_OFFLINE: it does not come */
    enum tally_status (*draw)(void *self, uint64_t account, uint32_t purse, int64_t points,
                              void (*done)(void *context, enum tally_status status), void *context);
    void (*fill_status)(void *self, struct till_status *ret_status);
    uint32_t (*shop)(void *self); /* 0: not known */
    void (*try_hq_now)(void *self);
    /* How a text is read that a till's own scanner brings: our readers' settings, but for their
     * `rules`, which may be of a programme that has just been replaced. */
    const struct hal_reader_settings *(*reading)(void *self);
    struct paper *paper; /* printer and customer display; borrowed; NULL: there are none */
    /* Something was committed: push it, and plan the next batch. */
    void (*committed)(void *self);
};

/* TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status desk_new(struct ledger *ledger, const struct desk_ports *ports,
                                          struct desk **ret_desk);
void desk_free(struct desk *desk);

/* One request of a till: answers it now or after a draw. */
void desk_request(struct desk *desk, struct till_request *request);
/* Its client is gone. */
void desk_cancelled(struct desk *desk, struct till_request *request);

/* A card of ours was read: tells every screen who it is, or that it is unknown and with which token
 * it can be enrolled. */
void desk_card(struct desk *desk, const struct tally_card *card, struct till_server *till);

#endif
