/* app/proto/messages.h: the messages of the service tally.v1.Hq as plain structs (WIRE.md).
 *
 * For each message X: tally_msg_X_encode() appends it to a buffer, tally_msg_X_decode() reads it,
 * and tally_msg_X_free() gives back what the decoder allocated (where there is no _free, a decoded
 * X owns nothing).
 *
 * Units    lengths are bytes.
 * Memory   slices are borrowed: in a struct to be encoded from the caller, in a decoded one from
 *          the bytes it was decoded from, which have to outlive it. Arrays of a decoded struct are
 *          owned by it; arrays of a struct to be encoded are the caller's (don't _free those). A
 *          zeroed struct is an empty message and may be freed.
 * Errors   encode: TALLY_OK; TALLY_E_INVALID (a limit below is exceeded), TALLY_E_NO_MEMORY, and
 *          the buffer is as it was. decode: TALLY_OK; TALLY_E_INVALID (malformed, a limit exceeded,
 *          a fixed length missed, text that isn't UTF-8), TALLY_E_NO_MEMORY, and the output is as
 *          it was. Unknown fields are skipped. What a number means is the caller's to check.
 * Threads  any; nothing is shared. */
#ifndef TALLY_PROTO_MESSAGES_H
#define TALLY_PROTO_MESSAGES_H

#include "app/base/buffer.h"
#include "app/core/event.h"
#include "app/proto/event_codec.h"

#define TALLY_RPC_ENROL "/tally.v1.Hq/Enrol"
#define TALLY_RPC_PUSH  "/tally.v1.Hq/Push"
#define TALLY_RPC_PULL  "/tally.v1.Hq/Pull"
#define TALLY_RPC_DRAW  "/tally.v1.Hq/Draw"

/* A sender makes batches that stay below these; a receiver refuses what doesn't. */
enum {
    TALLY_MSG_LEN_MAX = 4 * 1024 * 1024, /* one gRPC message */
    TALLY_MSG_RECORDS_MAX = 4096,        /* of one push */
    TALLY_MSG_ROWS_MAX = 4096,           /* accounts of one pull reply */
    TALLY_MSG_MEMBERS_MAX = 4096,        /* of one account */
    TALLY_MSG_HANDLES_MAX = 4096,        /* cards of one member; and as many that are blocked */
    TALLY_MSG_GRANTS_MAX = 4096,         /* of one reply */
    TALLY_MSG_ISSUERS_MAX = 8,
    TALLY_SIDECAR_LEN_MAX = 1024,
    TALLY_REQUEST_ID_LEN = 16,
    TALLY_SHARED_KEY_LEN = 32,
    TALLY_PROGRAMME_LEN_MAX = 1024 * 1024 /* of the JSON document */
};

/* ------------------------------------------------------------------ enrolment */

struct tally_msg_enrol_request {
    struct tally_slice token;    /* text, 1..256 */
    struct tally_slice csr;      /* DER, 1..4096 */
    struct tally_slice software; /* text, 0..256 */
};

struct tally_msg_enrol_reply {
    uint32_t terminal;
    uint32_t shop;
    uint32_t epoch;
    struct tally_slice certificate; /* DER */
    struct tally_slice *issuers;    /* DER, up to and including the root */
    size_t issuer_count;
    struct tally_slice hq_name; /* text, 0..256 */
};

TALLY_MUST_USE enum tally_status
tally_msg_enrol_request_encode(const struct tally_msg_enrol_request *message,
                               struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status
tally_msg_enrol_request_decode(struct tally_slice bytes, struct tally_msg_enrol_request *ret);

TALLY_MUST_USE enum tally_status
tally_msg_enrol_reply_encode(const struct tally_msg_enrol_reply *message,
                             struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status tally_msg_enrol_reply_decode(struct tally_slice bytes,
                                                              struct tally_msg_enrol_reply *ret);
void tally_msg_enrol_reply_free(struct tally_msg_enrol_reply *message);

/* ------------------------------------------------------------------ push */

struct tally_msg_record {
    struct tally_slice event;   /* exactly the journalled bytes, 1..TALLY_EVENT_LEN_MAX */
    struct tally_slice sidecar; /* 0..TALLY_SIDECAR_LEN_MAX */
};

struct tally_msg_push_request {
    uint32_t epoch;
    uint64_t first_seq;
    uint8_t chain_before[TALLY_HASH_LEN];
    struct tally_msg_record *records;
    size_t record_count;
    uint8_t chain_after[TALLY_HASH_LEN];
};

struct tally_msg_push_reply {
    uint64_t acked_seq;
    uint8_t chain[TALLY_HASH_LEN];
};

TALLY_MUST_USE enum tally_status tally_msg_record_encode(const struct tally_msg_record *message,
                                                         struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status tally_msg_record_decode(struct tally_slice bytes,
                                                         struct tally_msg_record *ret);

TALLY_MUST_USE enum tally_status
tally_msg_push_request_encode(const struct tally_msg_push_request *message,
                              struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status tally_msg_push_request_decode(struct tally_slice bytes,
                                                               struct tally_msg_push_request *ret);
void tally_msg_push_request_free(struct tally_msg_push_request *message);

TALLY_MUST_USE enum tally_status
tally_msg_push_reply_encode(const struct tally_msg_push_reply *message,
                            struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status tally_msg_push_reply_decode(struct tally_slice bytes,
                                                             struct tally_msg_push_reply *ret);

/* ------------------------------------------------------------------ pull */

struct tally_msg_pull_request {
    uint64_t cursor;
    uint32_t programme_version;
    uint64_t grant_seq;
};

struct tally_msg_member_row {
    uint64_t member;
    uint64_t account;
    uint32_t home_shop;
    struct tally_slice profile;     /* sealed, 0..TALLY_PROFILE_LEN_MAX */
    struct tally_slice wrapped_key; /* 0..TALLY_SIDECAR_LEN_MAX; empty: erased */
    uint8_t (*handles)[TALLY_HANDLE_LEN];
    size_t handle_count;
    uint8_t (*blocked)[TALLY_HANDLE_LEN]; /* one that is in both lists is blocked */
    size_t blocked_count;
};

struct tally_msg_account_row {
    struct tally_slice account; /* app/core/ACCOUNT.md */
    struct tally_msg_member_row *members;
    size_t member_count;
    uint64_t as_of_seq;
    uint32_t as_of_epoch;
};

/* Secret: whoever decoded or filled one overwrites it when done (explicit_bzero), and wipes the
 * bytes (tally_buffer_wipe). */
struct tally_msg_shared_keys {
    uint8_t card_key[TALLY_SHARED_KEY_LEN];
    uint8_t data_key[TALLY_SHARED_KEY_LEN];
    struct tally_slice programme_key; /* DER SubjectPublicKeyInfo */
};

struct tally_msg_signed_programme {
    struct tally_slice document; /* 1..TALLY_PROGRAMME_LEN_MAX */
    struct tally_slice signature;
};

/* Points that head office moves to a terminal: all that the GRANT event there will say. Refused
 * unless its moves pass tally_effects_check as that event's. */
struct tally_msg_grant {
    uint64_t account;
    uint64_t grant_seq;
    uint32_t to_terminal;
    const struct tally_move *moves; /* TALLY_MOVE_GRANT */
    size_t move_count;
};

struct tally_msg_pull_reply {
    struct tally_msg_account_row *accounts;
    size_t account_count;
    uint64_t cursor;
    bool has_keys;
    struct tally_msg_shared_keys keys;
    bool has_programme;
    struct tally_msg_signed_programme programme;
    struct tally_msg_grant *grants;
    size_t grant_count;
    struct tally_move *grant_moves; /* decoded: owned, what the grants' moves point into; encode
                                       doesn't read it */
    bool caught_up;
    int64_t hq_time_ms;
};

TALLY_MUST_USE enum tally_status
tally_msg_pull_request_encode(const struct tally_msg_pull_request *message,
                              struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status tally_msg_pull_request_decode(struct tally_slice bytes,
                                                               struct tally_msg_pull_request *ret);

TALLY_MUST_USE enum tally_status
tally_msg_member_row_encode(const struct tally_msg_member_row *message,
                            struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status tally_msg_member_row_decode(struct tally_slice bytes,
                                                             struct tally_msg_member_row *ret);
void tally_msg_member_row_free(struct tally_msg_member_row *message);

TALLY_MUST_USE enum tally_status
tally_msg_account_row_encode(const struct tally_msg_account_row *message,
                             struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status tally_msg_account_row_decode(struct tally_slice bytes,
                                                              struct tally_msg_account_row *ret);
void tally_msg_account_row_free(struct tally_msg_account_row *message);

TALLY_MUST_USE enum tally_status
tally_msg_shared_keys_encode(const struct tally_msg_shared_keys *message,
                             struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status tally_msg_shared_keys_decode(struct tally_slice bytes,
                                                              struct tally_msg_shared_keys *ret);

TALLY_MUST_USE enum tally_status
tally_msg_signed_programme_encode(const struct tally_msg_signed_programme *message,
                                  struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status
tally_msg_signed_programme_decode(struct tally_slice bytes, struct tally_msg_signed_programme *ret);

TALLY_MUST_USE enum tally_status
tally_msg_pull_reply_encode(const struct tally_msg_pull_reply *message,
                            struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status tally_msg_pull_reply_decode(struct tally_slice bytes,
                                                             struct tally_msg_pull_reply *ret);
/* Also overwrites the keys. */
void tally_msg_pull_reply_free(struct tally_msg_pull_reply *message);

/* ------------------------------------------------------------------ draw */

struct tally_msg_draw_request {
    uint8_t request_id[TALLY_REQUEST_ID_LEN];
    uint64_t account;
    int64_t points;
    uint64_t grant_seq;
    uint32_t purse; /* 0: points */
};

struct tally_msg_draw_reply {
    struct tally_msg_grant *grants;
    size_t grant_count;
    struct tally_move *grant_moves; /* as in tally_msg_pull_reply */
};

TALLY_MUST_USE enum tally_status
tally_msg_draw_request_encode(const struct tally_msg_draw_request *message,
                              struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status tally_msg_draw_request_decode(struct tally_slice bytes,
                                                               struct tally_msg_draw_request *ret);

TALLY_MUST_USE enum tally_status
tally_msg_draw_reply_encode(const struct tally_msg_draw_reply *message,
                            struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status tally_msg_draw_reply_decode(struct tally_slice bytes,
                                                             struct tally_msg_draw_reply *ret);
void tally_msg_draw_reply_free(struct tally_msg_draw_reply *message);

/* ------------------------------------------------------------------ a person */

/* Decoded only from what was unsealed; wipe the bytes afterwards. */
struct tally_msg_profile {
    struct tally_slice name;  /* text, 0..1024 */
    struct tally_slice phone; /* text, 0..TALLY_TEXT_LEN_MAX */
    uint32_t birth_month;     /* 1..12; 0: not known, then the day is 0 as well */
    uint32_t birth_day;       /* 1..31, of a month in a leap year */
};

TALLY_MUST_USE enum tally_status tally_msg_profile_encode(const struct tally_msg_profile *message,
                                                          struct tally_buffer *ret_bytes);
TALLY_MUST_USE enum tally_status tally_msg_profile_decode(struct tally_slice bytes,
                                                          struct tally_msg_profile *ret);

#endif
