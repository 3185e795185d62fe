/* app/terminal/hq_link.h: this terminal's tie to head office: enrolment with the one-time token,
 * then the sync engine on the ledger.
 *
 * Memory   borrows loop, ledger and configuration; free with hq_link_close().
 * Blocking as the store's commits.
 * Threads  the loop's thread only. */
#ifndef TALLY_TERMINAL_HQ_LINK_H
#define TALLY_TERMINAL_HQ_LINK_H

#include "app/sync/drive.h"
#include "app/terminal/config.h"
#include "app/terminal/ledger.h"

struct hq_link;

struct hq_link_options {
    uv_loop_t *loop;
    struct ledger *ledger;
    const struct terminal_config *config;
    void *context;
    void (*on_change)(void *context);    /* something a screen shows has changed */
    void (*on_programme)(void *context); /* a programme was received, or keys */
    void (*on_committed)(void *context); /* events came of what head office sent */
};

/* Connects or enrols from the loop. TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status hq_link_open(const struct hq_link_options *options,
                                              struct hq_link **ret_link);
void hq_link_close(struct hq_link *link, void (*on_closed)(void *context), void *context);

/* New events are in the journal. */
void hq_link_committed(struct hq_link *link);
/* Try now, whatever the back-off says; reads the token file again. */
void hq_link_try_now(struct hq_link *link);

/* As sync_engine_draw, with a request id made here. TALLY_OK, TALLY_E_OFFLINE, ... */
TALLY_MUST_USE enum tally_status hq_link_draw(struct hq_link *link, uint64_t account,
                                              uint32_t purse, int64_t points, sync_draw_done *done,
                                              void *context);

struct hq_link_view {
    uint32_t terminal, shop, epoch; /* terminal 0: not enrolled */
    const char *state;              /* "up", "connecting", "down" */
    enum tally_status why;
    const char *detail; /* one sentence for the operator, "" */
    int64_t contact_ms; /* 1970 UTC; 0 never */
    uint64_t pending;
};
void hq_link_view(const struct hq_link *link, struct hq_link_view *ret_view);

#endif
