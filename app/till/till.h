/* app/till/till.h: the local API that tills and screens call: JSON-RPC 2.0, one JSON text a line,
 * over a Unix stream socket. The methods, their fields and examples stand in TILL.md.
 *
 * This room turns JSON into the structs below, and what the engine says (app/core's own types) into
 * JSON; it checks every type and length, and knows no store and no network; whoever opens it
 * (app/terminal) answers.
 *
 * Units    points whole, money minor units, quantities thousandths.
 * Memory   a request and what it points at live until it is answered or its client is gone, in
 *          which case till_ops.cancelled is called and the request must not be answered any more.
 *          What an answer is made from is borrowed for the call.
 * Blocking nothing blocks.
 * Threads  the loop's thread only. */
#ifndef TALLY_TILL_TILL_H
#define TALLY_TILL_TILL_H

#include "app/core/guard.h"
#include "app/core/offer.h"
#include "app/core/sale.h"

#include <uv.h>

enum {
    TILL_REQUEST_LEN_MAX = 1024 * 1024, /* bytes of one line */
    TILL_NAME_LEN_MAX = 128,            /* bytes of a person's name, UTF-8 */
    TILL_DETAIL_LEN_MAX = 160,
    TILL_RULES_SHOWN_MAX = 1000, /* of a quote's `why` */
    TILL_COLUMNS_MIN = 24,       /* of a receipt */
    TILL_COLUMNS = 42,
    TILL_COLUMNS_MAX = 64
};

struct till_server;
struct till_request;

enum till_method {
    TILL_STATUS,      /* no parameters */
    TILL_IDENTIFY,    /* text: a typed card or phone number */
    TILL_MEMBER,      /* member */
    TILL_ENROL,       /* card token or text, name, phone ("": none): both find the member; birthday,
                         referrer */
    TILL_QUOTE,       /* member, basket, hold, cashier */
    TILL_SALE,        /* ref, member, basket, hold, cashier */
    TILL_VOID,        /* ref, sale_ref, cashier */
    TILL_REFUND,      /* ref, sale_ref, returned, cashier */
    TILL_HOLD,        /* ref, member, points, cashier */
    TILL_RELEASE,     /* member, hold, cashier */
    TILL_CARD,        /* member, action, card token or text, old, reason, who */
    TILL_ADJUST,      /* member, purse ("": points), points, reason, who, second */
    TILL_RECEIPT,     /* ref, language, columns */
    TILL_PRINT,       /* ref, language */
    TILL_VERIFY,      /* no parameters: proves the store against the journal */
    TILL_SYNC,        /* no parameters: try head office now */
    TILL_READERS,     /* no parameters: which readers there are */
    TILL_READER_PAIR, /* no parameters */
    TILL_READER_UNPAIR /* serial */
    /* "subscribe" is answered inside this room */
};

struct till_params {
    uint64_t member;
    uint64_t referrer; /* 0: none */
    const char *text;  /* NUL-terminated UTF-8, "" if absent; likewise below */
    const char *card;
    const char *name;
    const char *phone;
    const char *ref;
    const char *sale_ref;
    const char *cashier;
    const char *purse;
    const char *reason;
    const char *who;
    const char *second;
    const char *action;   /* "link", "replace", "block", "unblock" */
    const char *old;      /* a typed card or phone number */
    const char *language; /* "en", "zh" */
    const char *serial;   /* number of a reader */
    int64_t columns;      /* TILL_COLUMNS_MIN..TILL_COLUMNS_MAX */
    uint32_t birth_month; /* 1..12; 0: not said */
    uint32_t birth_day;
    uint64_t hold;              /* number of a hold; 0: none */
    struct tally_basket basket; /* shop is 0; claims rise by reward */
    int64_t points;             /* of a hold or an adjustment; a basket has its own */
    const struct tally_returned_line *returned; /* rising by line, each once; nothing was before */
    size_t returned_count;                      /* 0: all that is not back yet */
};

enum till_method till_request_method(const struct till_request *request);
const struct till_params *till_request_params(const struct till_request *request);

/* ------------------------------------------------------------------ answers */

struct till_member {
    uint64_t member;
    const char *name; /* "" when it is not known here */
    const struct tally_programme *programme;
    const struct tally_account *account;
    const struct tally_offer *offers; /* rewards to claim */
    size_t offer_count;
    uint32_t terminal; /* whose drawer is "here" */
    int64_t now_ms;
};

struct till_quote {
    const struct tally_programme *programme;
    const struct tally_basket *basket;
    const struct tally_quote *quote;
    const struct tally_event *event; /* the sale as planned; NULL: its points are not here */
    struct tally_ruling ruling;      /* of the guards */
    int32_t day;
};

/* What is durable: a sale, void, refund, hold, release or adjustment. */
struct till_receipt {
    const struct tally_event *event;
    bool repeated; /* this ref was committed before; same answer as then */
    struct tally_ruling ruling;
    struct till_member member; /* after it */
};

/* One line of a member's receipt. */
struct till_line {
    const char *text;
    bool is_title;
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
    const char *printer;            /* "ready", "paper_out", ...; NULL: none is wanted */
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

struct till_reader {
    const char *name;   /* "": it is not plugged in */
    const char *serial; /* "": not one of ours */
    const char *state;  /* "ready", "unused", "missing" */
    bool is_paired;
};

/* Each request is answered exactly once, by one of these. */
void till_answer_status(struct till_request *request, const struct till_status *status);
void till_answer_member(struct till_request *request, const struct till_member *member);
void till_answer_quote(struct till_request *request, const struct till_quote *quote);
void till_answer_receipt(struct till_request *request, const struct till_receipt *receipt);
/* What became of a print: "done", "unconfirmed", "maybe", "not". */
void till_answer_printed(struct till_request *request, const char *result);
void till_answer_lines(struct till_request *request, const struct till_line *lines, size_t count);
void till_answer_verified(struct till_request *request, const struct till_verified *verified);
void till_answer_readers(struct till_request *request, const struct till_reader *readers,
                         size_t count);
/* The reader with this serial number is paired now. */
void till_answer_paired(struct till_request *request, const char *serial);
void till_answer_done(struct till_request *request);
/* JSON-RPC error: code -32000 - status, data.status is the name, data.detail may be "". */
void till_answer_refused(struct till_request *request, enum tally_status status,
                         const char *detail);

/* ------------------------------------------------------------------ notifications */

void till_notify_status(struct till_server *server, const struct till_status *status);
void till_notify_member(struct till_server *server, const struct till_member *member,
                        enum tally_card_entry entry, enum tally_card_strength strength);
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
