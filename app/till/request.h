/* app/till/request.h: what the parts of this room share: a request on its way in (params.c), being
 * answered (answer.c), and the client it belongs to (server.c). Not for other rooms.
 *
 * Memory   a request owns its JSON and the arrays that its params point into.
 * Threads  the loop's thread only. */
#ifndef TALLY_TILL_REQUEST_H
#define TALLY_TILL_REQUEST_H

#include "app/till/till.h"

#include <jansson.h>

enum {
    TILL_PARSE_ERROR = -32700, /* JSON-RPC 2.0, 5.1 */
    TILL_INVALID_REQUEST = -32600,
    TILL_METHOD_NOT_FOUND = -32601,
    TILL_INVALID_PARAMS = -32602,
    TILL_INTERNAL_ERROR = -32603,
    TILL_STATUS_BASE = -32000 /* minus the status */
};

enum {
    TILL_SUBSCRIBE = 100, /* beside enum till_method: answered inside this room */
    TILL_ID_LEN_MAX = 64,
    TILL_FAULT_LEN_MAX = 200
};

struct till_client;

struct till_request {
    struct till_client *client;
    struct till_request *next; /* in the client's list of unanswered requests */
    json_t *root;              /* owned */
    json_t *id;                /* borrowed from root */
    int method;                /* enum till_method or TILL_SUBSCRIBE */
    struct till_params params;
    struct till_arrays { /* owned: what params.basket and params.returned point into */
        struct tally_line *lines;
        char *categories;
        struct tally_tender *tenders;
        struct tally_slice *codes;
        struct tally_claim *claims;
        struct tally_returned_line *returned;
    } arrays;
};

/* Why a request is refused before anybody is asked. */
struct till_fault {
    int code;
    char text[TILL_FAULT_LEN_MAX];
};

/* Reads request->root into id, method and params, checking every type, range and length.
 * Returns false with *ret_fault set; then request->id is set when there was a usable one. */
TALLY_MUST_USE bool till_params_read(struct till_request *request, struct till_fault *ret_fault);
/* Gives the arrays back. */
void till_params_free(struct till_request *request);

/* Messages; the caller owns them. NULL when there is no memory or a text is not UTF-8. */
json_t *till_message_error(json_t *id, int code, const char *text);
json_t *till_message_refused(json_t *id, enum tally_status status, const char *detail);
json_t *till_message_result(json_t *id, json_t *result); /* takes `result`; NULL is passed on */

/* Sends `message` (taken; NULL: an internal error) as the answer and frees the request. */
void till_request_finish(struct till_request *request, json_t *message);

/* Sends `message` (taken; NULL: nothing) to all subscribers. */
void till_server_notify(struct till_server *server, json_t *message);

#endif
