/* app/core/event.h: everything that happens to points, as events; state is a fold of them.
 *
 * An event says what was decided, in absolute terms: which points came into which lot, which went.
 * Applying it needs no programme, no clock and no other event, so it folds to the same state
 * everywhere, in any order between terminals. Enough of the basket is kept to recompute the claim
 * (tally_sale_check in sale.h), which is what head office does.
 *
 * On the wire and in the journal an event is the protobuf message tally.v1.Event (app/proto); its
 * chain hash is SHA-256(hash of the event before it || the bytes of this one), where the hash
 * before the first of an epoch is 32 zero bytes.
 *
 * Units    points whole, money minor units, quantities thousandths, days and hlc as types.h.
 * Memory   slices and arrays are borrowed from whoever decoded or planned the event.
 * Threads  plain data. */
#ifndef TALLY_CORE_EVENT_H
#define TALLY_CORE_EVENT_H

#include "app/core/bytes.h"
#include "app/core/card.h"
#include "app/core/types.h"

enum {
    TALLY_TEXT_LEN_MAX = 64,     /* bytes of a reference, a SKU, a cashier or a reason */
    TALLY_LINES_MAX = 5000,      /* basket lines */
    TALLY_MOVES_MAX = 1024,      /* lots touched by one event */
    TALLY_PROFILE_LEN_MAX = 4096 /* sealed bytes of one person */
};

/* One event moves no more than this. It takes millions of such events to overflow an account, so an
 * overflow is the fault of whoever writes those, not of the honest terminal that writes the next.
 */
#define TALLY_POINTS_MAX INT64_C(1000000000000)    /* 10^12 points */
#define TALLY_MONEY_MAX  INT64_C(1000000000000000) /* 10^15 minor units */

enum tally_event_type {
    TALLY_EVENT_SALE = 1,  /* earn and redeem of one basket: one event, one fsync */
    TALLY_EVENT_VOID = 2,  /* a whole sale undone, on its business day */
    TALLY_EVENT_ENROL = 3, /* a new member with an account and a first card or phone number */
    TALLY_EVENT_GRANT = 4, /* points moved from head office's drawer to a terminal's */
    TALLY_EVENT_ADJUST = 5 /* points given or taken by a person, with a reason */
};

/* Points of one lot. A lot is all points in one drawer with one last valid day, so a return finds
 * the lot it came from by that day. The moves of an event are in rising order of that day, each day
 * once: so the same decision is always the same bytes. */
struct tally_move {
    int32_t expires_day;
    int64_t points; /* above 0 */
};

struct tally_line {
    struct tally_slice sku; /* UTF-8, 0..TALLY_TEXT_LEN_MAX bytes */
    int64_t quantity_milli; /* above 0 */
    int64_t amount_minor;   /* of the whole line, tax included, after discounts; 0 or more */
};

struct tally_sale {
    uint64_t account;
    uint64_t member;
    struct tally_slice ref;     /* the till's own id of this sale: the idempotency key */
    struct tally_slice cashier; /* may be empty */
    const struct tally_line *lines;
    size_t line_count;
    int64_t total_minor; /* the sum of the lines */
    int64_t redeemed_points;
    int64_t redeemed_minor;         /* what they paid */
    const struct tally_move *spent; /* from this terminal's drawer; sum is redeemed_points */
    size_t spent_count;
    int64_t earned_points;
    int32_t earned_expires_day;
    int64_t debt_paid;  /* of the earned points, 0..earned_points */
    int64_t qualifying; /* counts towards the tier, in the programme's metric */
    uint32_t tier;      /* index the points were computed with */
    uint32_t multiplier_pct;
};

struct tally_void {
    uint64_t account;
    uint64_t member;
    struct tally_slice ref; /* of the void itself */
    struct tally_slice cashier;
    struct tally_event_id sale;        /* the sale undone */
    const struct tally_move *returned; /* points that were redeemed, back into their lots */
    size_t returned_count;
    const struct tally_move *taken; /* points that were earned, out of this terminal's drawer */
    size_t taken_count;
    int64_t redeemed_points; /* undone: the sum of `returned` */
    int64_t earned_points;   /* undone: the sum of `taken` + debt_added */
    int64_t debt_added;      /* earned points that are gone already */
    int64_t qualifying;      /* undone, as the sale had it */
    int32_t sale_day;        /* business day of the sale */
};

struct tally_enrol {
    uint64_t account;
    uint64_t member;
    uint8_t handle[TALLY_HANDLE_LEN]; /* of the card or phone number */
    uint32_t home_shop;               /* 0: none */
    struct tally_slice profile;       /* sealed under the member's key; see app/crypto/seal.h */
    bool has_phone_handle;            /* the member is found by phone_handle too */
    uint8_t phone_handle[TALLY_HANDLE_LEN]; /* of a phone number; never the same as handle */
};

struct tally_grant {
    uint64_t account;
    uint64_t grant_seq; /* counts a terminal's grants from 1 */
    uint32_t to_terminal;
    const struct tally_move *moves;
    size_t move_count;
};

struct tally_adjust {
    uint64_t account;
    uint32_t drawer;
    int64_t points; /* may be negative; then they are taken from `moves` */
    const struct tally_move *moves;
    size_t move_count;
    int64_t qualifying; /* also counts towards the tier, in the business day's year; 0 or more */
    struct tally_slice reason; /* never empty */
    struct tally_slice who;    /* never empty */
};

struct tally_event {
    struct tally_event_id id;
    tally_hlc time;
    int32_t business_day;
    uint32_t programme_version; /* 0: decided under no programme */
    enum tally_event_type type;
    union {
        struct tally_sale sale;
        struct tally_void voided;
        struct tally_enrol enrol;
        struct tally_grant grant;
        struct tally_adjust adjust;
    } as;
};

/* The account an event belongs to; every event has one. 0 for a type that is not known. */
uint64_t tally_event_account(const struct tally_event *event);

/* The points of all moves together.
 *   TALLY_OK
 *   TALLY_E_INVALID   too many, out of order, a day twice, or points not above 0
 *   TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_moves_sum(const struct tally_move *moves, size_t count,
                                                 int64_t *ret_points);

#endif
