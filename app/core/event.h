/* app/core/event.h: everything that happens to points, as events; state is a fold of them.
 *
 * An event says what happened (the basket, the reason) and what it does (`effects`), the latter in
 * absolute terms: which points came into which lot, which went, what was counted. Applying it looks
 * at the effects alone and needs no programme, no clock and no other event, so it folds to the same
 * state everywhere, in any order between terminals. Enough of the basket and of what the decision
 * knew (`seen`) is kept to recompute the claim (tally_sale_check in sale.h), which is what head
 * office does.
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

#include "app/core/basket.h"
#include "app/core/card.h"

enum {
    TALLY_MOVES_MAX = 1024, /* of one event */
    TALLY_COUNTS_MAX = 1024,
    TALLY_SHARES_MAX = 20000,
    TALLY_EXCHANGES_MAX = 256,    /* of one sale */
    TALLY_PROFILE_LEN_MAX = 4096, /* sealed bytes of one person */
    TALLY_PURSE_POINTS = 0        /* any other purse is the id of its code: stamps, vouchers */
};

/* The programme's own account, the only one with a fixed number: it has no members, and no member's
 * account ever gets this number. Its purses are the units of rewards that all members share
 * (stock.h). Nothing is sold, held, awarded, transferred or merged there: only head office and
 * terminals move units, with GRANT and ADJUST. */
enum { TALLY_ACCOUNT_HOUSE = 1 };

enum tally_event_type {
    TALLY_EVENT_SALE = 1,      /* earn and redeem of one basket: one event, one fsync */
    TALLY_EVENT_VOID = 2,      /* a whole sale undone, on its business day */
    TALLY_EVENT_ENROL = 3,     /* a new member, with a new account or into one that is there */
    TALLY_EVENT_GRANT = 4,     /* points moved from head office's drawer to a terminal's */
    TALLY_EVENT_ADJUST = 5,    /* points given or taken by a person, with a reason */
    TALLY_EVENT_REFUND = 6,    /* lines of a sale, wholly or in part, on any day */
    TALLY_EVENT_HOLD = 7,      /* points set aside for a sale to come */
    TALLY_EVENT_RELEASE = 8,   /* a hold given up */
    TALLY_EVENT_AWARD = 9,     /* a bonus that the programme gives outside a sale */
    TALLY_EVENT_STANDING = 10, /* a tier given by a person, or matched from another programme */
    TALLY_EVENT_TRANSFER = 11, /* points from one account to another; one event on each side */
    TALLY_EVENT_CARD = 12,     /* a card linked, replaced, blocked or let in again */
    TALLY_EVENT_BLOCK = 13,    /* an account blocked, or let in again */
};
enum { TALLY_EVENT_TYPE_COUNT = TALLY_EVENT_BLOCK + 1 }; /* the types are 1 and up */

/* ------------------------------------------------------------------ effects */

/* What a move does to its lot and to the totals of its purse, in the acting drawer unless said
 * otherwise. The moves of an event are in rising order of (kind, purse, expires_day, from_day),
 * each once, and are applied in that order: so the same decision is always the same bytes. */
enum tally_move_kind {
    TALLY_MOVE_EXPIRE = 1,        /* out of its lot; expired + */
    TALLY_MOVE_RELEASE = 2,       /* out of the hold's lot, into the free one */
    TALLY_MOVE_REDEEM_HELD = 3,   /* out of the hold's lot; redeemed + */
    TALLY_MOVE_UNREDEEM = 4,      /* into its lot; redeemed - (a void or refund) */
    TALLY_MOVE_REDEEM = 5,        /* out of its lot; redeemed + */
    TALLY_MOVE_UNEARN = 6,        /* out of its lot; earned - (a void or refund) */
    TALLY_MOVE_UNEARN_DEBT = 7,   /* gone already: debt +; earned - */
    TALLY_MOVE_EARN_DEBT = 8,     /* pays debt as far as there is any; the rest enters head office's
                                     drawer (two terminals paid the same debt offline); earned + */
    TALLY_MOVE_EARN = 9,          /* into its lot; earned + */
    TALLY_MOVE_HOLD = 10,         /* out of its lot, into the lot of this event's hold */
    TALLY_MOVE_ADJUST_OUT = 11,   /* out of its lot; adjusted - */
    TALLY_MOVE_ADJUST_IN = 12,    /* into its lot; adjusted + */
    TALLY_MOVE_GRANT = 13,        /* out of head office's drawer as far as it is there (a terminal's
                                     picture of it may be old: the rest counts as adjusted), into the
                                     acting one */
    TALLY_MOVE_ADJUST_DEBT = 14,  /* debt +; adjusted - */
    TALLY_MOVE_FORGIVE_DEBT = 15, /* pays debt like EARN_DEBT; adjusted + */
    TALLY_MOVE_REDEEM_EARNED = 16, /* as REDEEM, but of what this event has just put there: a goal
                                      that is reached pays for its voucher at once */
    TALLY_MOVE_KIND_COUNT
};

/* Points of one lot. A lot is all points of one purse in one drawer with one first and one last
 * valid day, so a return finds the lot it came from. */
struct tally_move {
    enum tally_move_kind kind;
    uint32_t purse;
    int32_t expires_day; /* of the two that add debt: 0; of those that pay it: the rest's */
    int32_t from_day;    /* usable from this day; 0: at once */
    int64_t points;      /* 1..TALLY_POINTS_MAX */
};

/* What is counted about an account, over which days. Days are those on which it still matters:
 * after until_day it is forgotten, so that an account does not grow with its age. */
enum tally_counter {
    TALLY_COUNT_SALES = 1,     /* sales less voids; `of` 0 */
    TALLY_COUNT_SPEND = 2,     /* minor units paid with money, towards tiers; `of` 0 */
    TALLY_COUNT_POINTS = 3,    /* points earned, towards tiers; `of` 0 */
    TALLY_COUNT_RULE = 4,      /* points that rule `of` gave, for its caps */
    TALLY_COUNT_RULE_USES = 5, /* sales in which rule `of` gave anything */
    TALLY_COUNT_EARNED = 6,    /* points of purse `of`, for the programme's own caps */
    TALLY_COUNT_REDEEMED = 7,  /* points redeemed of purse `of`, for limits */
    TALLY_COUNT_REWARD = 8,    /* times reward `of` was claimed */
    TALLY_COUNT_MEMBER = 9,    /* points redeemed by member `of` (tally_member_id) of a pool */
    TALLY_COUNT_HOUR = 10,     /* sales of one hour: from_day is hours since 1970 */
    TALLY_COUNT_REFERRAL = 11, /* sales of member `of` that paid the one who referred it */
    TALLY_COUNT_AWARD = 12     /* times award `of` was given; of 0: points sent to other members */
};

/* In rising order of (what, of, from_day, until_day), each once. */
struct tally_count {
    enum tally_counter what;
    uint32_t of;
    int32_t from_day;
    int32_t until_day;
    int64_t amount; /* never 0; below 0 takes back */
};

/* A tier that was reached or given: what cannot be told from the counters any more. The newest
 * event has the last word. */
struct tally_standing {
    uint32_t tier; /* id of its code; 0: none */
    int32_t since_day;
    int32_t until_day; /* held at least to this day */
};

struct tally_effects {
    const struct tally_move *moves;
    size_t move_count;
    const struct tally_count *counts;
    size_t count_count;
    uint64_t hold;     /* seq, in the acting terminal's epoch, of the hold that RELEASE and
                          REDEEM_HELD open; 0: none */
    bool has_standing; /* reached */
    struct tally_standing standing;
    bool has_floor; /* given: never below this tier while it lasts */
    struct tally_standing floor;
    int32_t active_until_day; /* lots that live on activity live to this day at least; 0: says
                                 nothing */
    uint64_t merged_into; /* the account that this one's points go to from now on; 0: says nothing
                           */
    bool has_block;       /* says whether the account is blocked */
    bool blocked;
};

/* ------------------------------------------------------------------ what happened */

/* Points of one purse that one line earned: what a refund of that line takes back. In rising order
 * of (line, purse), each once, those not both 0. */
struct tally_share {
    uint32_t line;
    uint32_t purse;
    int64_t points;
    int64_t cut; /* that caps took off them, at most TALLY_POINTS_MAX: what a refund begins with. 0
                    unless the programme of the sale says so */
};

/* What rewards took off a line, and what of the rest points paid: what a refund of that line gives
 * back as money and as points. In rising order of line, those not both 0. */
struct tally_line_paid {
    uint32_t line;
    int64_t discount_minor;
    int64_t points_minor;
};

/* Units of one purse that paid for units of another, or for a gift. A return undoes whole ones:
 * points come back only where the voucher goes. In the order in which they were taken. */
struct tally_exchange {
    uint32_t times; /* 1 and up */
    uint32_t cost_purse;
    int64_t cost; /* of one; above 0 */
    uint32_t purse;
    int64_t gives; /* of one; 0: a gift, and purse is 0 */
};

/* What a decision knew beside the basket and the programme. */
struct tally_seen {
    int32_t minute;                 /* of the business day, 0..1439 */
    uint32_t tier;                  /* index in the programme's tiers */
    int64_t visits;                 /* before this sale */
    int32_t days_away;              /* since the last sale; -1: there was none */
    int32_t days_member;            /* since the account's first day */
    uint32_t birthday;              /* bits of enum tally_birthday; never the date itself */
    const struct tally_count *used; /* the counters that caps and limits read, those not 0 */
    size_t used_count;
};

enum tally_birthday {
    TALLY_BIRTHDAY_DAY = 1,
    TALLY_BIRTHDAY_WEEK = 2, /* the week, Monday to Sunday, that holds the day */
    TALLY_BIRTHDAY_MONTH = 4
};

struct tally_sale {
    struct tally_slice ref;     /* the till's own id of this sale: the idempotency key */
    struct tally_slice cashier; /* may be empty */
    struct tally_basket basket;
    struct tally_seen seen;
    int64_t total_minor;    /* the sum of the lines */
    int64_t discount_minor; /* that rewards took off */
    int64_t redeemed_minor; /* that points paid as money */
    const struct tally_line_paid *paid;
    size_t paid_count;
    const struct tally_share *shares; /* of what rules and free rewards gave */
    size_t share_count;
    const struct tally_exchange *exchanges;
    size_t exchange_count;
    struct tally_standing standing_before; /* for a void; as the terminal knew it */
};

/* A part of a line that comes back. In rising order of line, each once. */
struct tally_returned_line {
    uint32_t line;
    int64_t quantity_milli;        /* now; above 0 */
    int64_t quantity_before_milli; /* by earlier refunds of the same sale */
};

struct tally_reversal {     /* VOID and REFUND */
    struct tally_slice ref; /* of the reversal itself */
    struct tally_slice cashier;
    struct tally_event_id sale;              /* the sale undone */
    int32_t sale_day;                        /* its business day */
    const struct tally_returned_line *lines; /* a void has none: all of it */
    size_t line_count;
    int64_t amount_minor;   /* worth of what comes back, after discounts */
    int64_t redeemed_minor; /* of that, what points had paid: given back as points */
};

struct tally_enrol {
    uint8_t handle[TALLY_HANDLE_LEN]; /* of the card or phone number */
    uint32_t home_shop;               /* 0: none */
    struct tally_slice profile;       /* sealed under the member's key; see app/crypto/seal.h */
    bool has_phone_handle;            /* the member is found by phone_handle too */
    uint8_t phone_handle[TALLY_HANDLE_LEN]; /* of a phone number; never the same as handle */
    uint64_t referrer;                      /* account that brought this member; 0: none */
};

struct tally_grant {
    uint64_t grant_seq; /* counts a terminal's grants from 1 */
    uint32_t to_terminal;
};

struct tally_adjust {
    uint32_t drawer;
    struct tally_slice reason; /* never empty */
    struct tally_slice who;    /* never empty */
    struct tally_slice second; /* the second person; may be empty */
};

struct tally_hold {
    struct tally_slice ref;
    struct tally_slice cashier;
    int64_t until_ms; /* given back after this instant */
};

struct tally_award {
    uint32_t award;            /* id of the award's code */
    struct tally_event_id why; /* the sale it is for; seq 0: none */
    uint64_t other;            /* account that was referred, or the one that referred; 0: none */
};

struct tally_given {           /* STANDING */
    struct tally_slice reason; /* never empty */
    struct tally_slice who;
};

struct tally_transfer {
    uint64_t other; /* account on the other side */
    struct tally_slice reason;
    struct tally_slice who;
};

enum tally_card_action {
    TALLY_CARD_LINK = 1,    /* one more card for the member */
    TALLY_CARD_REPLACE = 2, /* `old` is lost: blocked, and `handle` is linked */
    TALLY_CARD_BLOCK = 3,
    TALLY_CARD_UNBLOCK = 4
};

struct tally_card_change { /* CARD; the member is the event's */
    enum tally_card_action action;
    uint8_t handle[TALLY_HANDLE_LEN];
    uint8_t old[TALLY_HANDLE_LEN]; /* of REPLACE */
    struct tally_slice reason;     /* may be empty */
    struct tally_slice who;
};

struct tally_event {
    struct tally_event_id id;
    tally_hlc time;
    int32_t business_day;
    uint32_t programme_version; /* 0: decided under no programme */
    enum tally_event_type type;
    uint64_t account; /* every event has one */
    uint64_t member;  /* who acted; 0: nobody */
    struct tally_effects effects;
    union {
        struct tally_sale sale;
        struct tally_reversal reversal;
        struct tally_enrol enrol;
        struct tally_grant grant;
        struct tally_adjust adjust;
        struct tally_hold hold;
        struct tally_award award;
        struct tally_given given;
        struct tally_transfer transfer;
        struct tally_card_change card;
    } as;
};

/* The drawer that an event acts on: its terminal's, but for a grant (the one granted to) and an
 * adjustment (the one it names). */
uint32_t tally_event_drawer(const struct tally_event *event);

/* The till's reference that an event carries; empty if its type has none. */
struct tally_slice tally_event_ref(const struct tally_event *event);

/* Points of one purse in moves of one kind; of TALLY_MOVE_EARN and TALLY_MOVE_REDEEM the kinds that
 * mean the same are counted too (EARN_DEBT; REDEEM_HELD, REDEEM_EARNED), of TALLY_MOVE_UNEARN also
 * UNEARN_DEBT. */
int64_t tally_event_points(const struct tally_event *event, uint32_t purse,
                           enum tally_move_kind kind);

/* 32 bits of a member's number, never 0: what counters say. */
uint32_t tally_member_id(uint64_t member);

/* Moves and counts are within their limits, in order, each once, and of kinds that this type of
 * event may have; a hold is there where it is needed.
 *   TALLY_OK, TALLY_E_INVALID, TALLY_E_OVERFLOW (points together above TALLY_POINTS_MAX) */
TALLY_MUST_USE enum tally_status tally_effects_check(const struct tally_event *event);

/* Order of moves and counts: below 0, 0 or above 0. */
int tally_move_compare(const struct tally_move *left, const struct tally_move *right);
int tally_count_compare(const struct tally_count *left, const struct tally_count *right);

#endif
