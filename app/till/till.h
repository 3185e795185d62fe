/* app/till/till.h: the local API that tills and screens call: JSON-RPC 2.0, one JSON text a line,
 * over a Unix stream socket. The methods, their fields and examples stand in TILL.md.
 *
 * This room turns JSON into the structs below and back, checks every type and length, and knows no
 * store and no network; whoever opens it (app/terminal) answers.
 *
 * Units    points whole, money minor units, quantities thousandths.
 * Memory   a request and what it points at live until it is answered or its client is gone, in
 *          which case till_ops.cancelled is called and the request must not be answered any more.
 * Blocking nothing blocks.
 * Threads  the loop's thread only. */
#ifndef TALLY_TILL_TILL_H
#define TALLY_TILL_TILL_H

#include "app/core/sale.h"

#include <uv.h>

enum {
    TILL_REQUEST_LEN_MAX = 1024 * 1024, /* bytes of one line */
    TILL_NAME_LEN_MAX = 128,            /* bytes of a person's name, UTF-8 */
    TILL_DETAIL_LEN_MAX = 160
};

struct till_server;
struct till_request;

enum till_method {
    TILL_STATUS,   /* no parameters */
    TILL_IDENTIFY, /* text: a typed card or phone number */
    TILL_MEMBER,   /* member */
    TILL_ENROL,    /* card token or text, name, phone ("": none): both find the member */
    TILL_QUOTE,    /* member, basket, points */
    TILL_SALE,     /* ref, member, basket, points, cashier */
    TILL_VOID,     /* ref, sale_ref, cashier */
    TILL_VERIFY,   /* no parameters: proves the store against the journal */
    TILL_SYNC      /* no parameters: try head office now */
    /* "subscribe" is answered inside this room */
};

struct till_params {
    uint64_t member;
    const char *text; /* NUL-terminated UTF-8, "" if absent; likewise below */
    const char *card;
    const char *name;
    const char *phone;
    const char *ref;
    const char *sale_ref;
    const char *cashier;
    struct tally_basket basket;
    int64_t points;
};

enum till_method till_request_method(const struct till_request *request);
const struct till_params *till_request_params(const struct till_request *request);

/* ------------------------------------------------------------------ answers */

struct till_tier {
    const char *code, *name_en, *name_zh;
    uint32_t stars;
    uint32_t multiplier_pct;
};

struct till_member {
    uint64_t member, account;
    const char *name; /* "" when it is not known here */
    struct till_tier tier;
    struct till_tier next_tier; /* code NULL: there is none */
    int64_t next_tier_needed;   /* in the metric; minor units for spend */
    bool metric_is_spend;
    int64_t points;      /* balance */
    int64_t points_here; /* in this terminal's drawer: redeemable with no network */
    int64_t value_minor; /* of the balance */
    int64_t debt;
    int64_t visits;
    int32_t next_expiry_day; /* TALLY_DAY_NEVER: none */
    int64_t next_expiry_points;
    const struct tally_lot *lots; /* where every point is held, and until when */
    size_t lot_count;
};

struct till_quote {
    struct tally_quote quote;
    struct till_tier tier, tier_after;
};

struct till_receipt {
    struct tally_event_id id;
    bool repeated; /* this ref was committed before; same answer as then */
    int64_t total_minor, redeemed_points, redeemed_minor, earned_points;
    struct till_member member; /* after it */
};

struct till_status {
    uint32_t terminal, shop, epoch; /* terminal 0: not enrolled */
    const char *programme_name;     /* "" when none has been received */
    uint32_t programme_version;
    const char *currency; /* ISO 4217 */
    uint32_t currency_exponent;
    unsigned readers_ready;
    const char *reader_name; /* of the last one that came or went, "" */
    enum tally_status reader_status;
    const char *hq_state;           /* "up", "connecting", "down" */
    enum tally_status hq_why;       /* of "down" */
    const char *hq_detail;          /* one sentence for the operator, "" */
    int64_t hq_contact_ms;          /* last time HQ answered; 0 never */
    uint64_t events, pending;       /* journal head; not yet at HQ */
    enum tally_status store_status; /* not TALLY_OK: loyalty is stopped, selling goes on */
    uint64_t members;
};

struct till_verified {
    uint64_t events, accounts;
    const char *difference; /* "" if none */
};

/* Each request is answered exactly once, by one of these. */
void till_answer_status(struct till_request *request, const struct till_status *status);
void till_answer_member(struct till_request *request, const struct till_member *member);
void till_answer_quote(struct till_request *request, const struct till_quote *quote);
void till_answer_receipt(struct till_request *request, const struct till_receipt *receipt);
void till_answer_verified(struct till_request *request, const struct till_verified *verified);
void till_answer_done(struct till_request *request);
/* JSON-RPC error: code -32000 - status, data.status is the name, data.detail may be "". */
void till_answer_refused(struct till_request *request, enum tally_status status,
                         const char *detail);

/* ------------------------------------------------------------------ notifications */

void till_notify_status(struct till_server *server, const struct till_status *status);
void till_notify_member(struct till_server *server, const struct till_member *member,
                        const char *entry); /* "swiped", "typed", ... */
/* `card` is the token to enrol an unknown card of ours with; "" otherwise. */
void till_notify_refused(struct till_server *server, enum tally_status status, const char *card);

/* ------------------------------------------------------------------ server */

struct till_ops {
    void (*request)(void *context, struct till_request *request);
    void (*cancelled)(void *context, struct till_request *request);
};

struct till_server_options {
    const char *path; /* of the Unix socket; its folder is made if missing; an old socket is
                         replaced; mode 0660 */
    struct till_ops ops;
    void *context;
};

/* TALLY_OK, TALLY_E_STORE_IN_USE (another server answers there), TALLY_E_NO_PERMISSION,
 * TALLY_E_STORE_IO, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status till_server_open(uv_loop_t *loop,
                                                  const struct till_server_options *options,
                                                  struct till_server **ret_server);
void till_server_close(struct till_server *server, void (*on_closed)(void *context), void *context);

#endif
