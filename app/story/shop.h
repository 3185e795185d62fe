/* app/story/shop.h: the tills and head office of a story, and their pictures of the accounts.
 *
 * Each till folds its own events; head office folds everybody's as they reach it, and every till
 * with a network then has head office's picture. What a rule says is app/core's; what is here is
 * who knows what, when. An account has the index of the member it was opened for.
 *
 * Memory   a shop owns its accounts and events; a zeroed struct is empty but for `rules`.
 * Threads  one at a time. */
#ifndef TALLY_STORY_SHOP_H
#define TALLY_STORY_SHOP_H

#include "app/base/book.h"
#include "app/core/sale.h"
#include "app/story/rules.h"

enum { SHOP_OWNED_MAX = 12, SHOP_BROKEN_MAX = 160 };

struct shop_event {
    struct tally_event event;    /* its arrays are `owned`, its texts the story's */
    void *owned[SHOP_OWNED_MAX]; /* from tally_alloc */
    size_t owned_count;
    char ref[40]; /* for what the story gives none */
    size_t member;
    uint32_t shop; /* where the till stands */
    bool is_committed;
    bool is_at_hq;
    /* of a sale */
    int64_t *returned_milli;  /* by line: what came back; one of `owned` */
    bool is_voided;           /* then all of it did */
    struct tally_quote quote; /* its numbers, not its arrays */
    int64_t drew;
    int64_t surprise;
    /* of an award */
    int64_t taken_back;
    /* of a reversal */
    struct shop_event *sale;
    /* of a hold */
    bool is_open;
};

struct shop_till {
    uint32_t number; /* TALLY_TERMINAL_HQ: head office */
    uint32_t shop;   /* where it stands; 0: not known */
    bool is_open;
    bool offline;
    uint64_t seq;
    uint64_t grants;
    tally_hlc time;
    struct tally_book *books;    /* by account */
    size_t *accounts;            /* by member; SIZE_MAX: a stranger here */
    struct shop_event **waiting; /* to reach head office; borrowed */
    size_t waiting_count;
    struct shop_event **missed; /* that head office took in meanwhile; borrowed */
    size_t missed_count;
    size_t notices; /* of blocked and replaced cards, that it has heard of */
};

struct shop {
    const struct story_rules *rules;
    struct shop_till tills[STORY_TILL_MAX + 1]; /* by number */
    struct shop_event **events;                 /* owned, in the order they happened */
    size_t event_count;
    size_t member_count;
    bool has_merged;             /* some account has gone into another one */
    struct shop_event **arrived; /* sales and reversals that head office took in on this line */
    size_t arrived_count;
    size_t notices;               /* that head office has given out */
    struct tally_buffer bytes[2]; /* of accounts that are compared */
    struct tally_book copy;       /* of one that is read back */
    void *room;                   /* where sales are worked out */
    size_t room_len;
    char broken[SHOP_BROKEN_MAX]; /* the first thing that must never be; "": all is well */
};

/* Makes room for a story of so many members; close it in any case. TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status shop_open(struct shop *shop, const struct story_rules *rules,
                                           size_t member_count);
void shop_close(struct shop *shop);

/* What a till that was connected before, or head office, knows of a member; NULL: nothing. */
const struct tally_account *shop_account(const struct shop *shop, uint32_t till, size_t member);

/* The account of an index, whoever has it now; one that is empty has the id 0. */
const struct tally_account *shop_account_of(const struct shop *shop, uint32_t till, size_t account);

/* Takes a till off the network, or back: what it did alone then reaches head office. One that is
 * new comes knowing all that head office knows. TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status shop_connect(struct shop *shop, uint32_t till, bool offline);

/* A block of at least so many bytes that lasts until the next call. NULL without memory. */
void *shop_room(struct shop *shop, size_t len);

/* A copy of a planned event, of the shop whether it is committed or not.
 * TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status shop_keep(struct shop *shop, const struct tally_event *planned,
                                           size_t member, struct shop_event **ret_event);

/* Gives a kept event its id and time, and folds it at its till and wherever the network lets it go.
 * TALLY_OK, TALLY_E_NO_MEMORY, else the fold's own refusal: nothing happened */
TALLY_MUST_USE enum tally_status shop_commit(struct shop *shop, uint32_t till,
                                             struct shop_event *event, int64_t now_ms);

/* Draws up to `points` of a purse for a member from head office to a till.
 * TALLY_OK (*ret_points: what came), TALLY_E_NO_MEMORY, fold statuses */
TALLY_MUST_USE enum tally_status shop_draw(struct shop *shop, uint32_t till, size_t member,
                                           uint32_t purse, int64_t points, int64_t now_ms,
                                           int64_t *ret_points);

/* Head office tells everybody something about cards or blocks: its number; a till has heard of it
 * when its own count is as high. */
size_t shop_notice(struct shop *shop);

/* How often a reward can still be had by all members together, as far as a till knows. */
int64_t shop_stock(const struct shop *shop, uint32_t till, const struct tally_reward *reward);

#endif
