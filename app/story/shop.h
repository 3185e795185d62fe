/* app/story/shop.h: the tills and head office of a story, and their pictures of the accounts.
 *
 * Each till folds its own events; head office folds everybody's as they reach it, and every till
 * with a network then has head office's picture. What a rule says is app/core's; what is here is
 * who knows what, when.
 *
 * Memory   a shop owns its accounts and events; a zeroed struct is empty but for `rules`.
 * Threads  one at a time. */
#ifndef TALLY_STORY_SHOP_H
#define TALLY_STORY_SHOP_H

#include "app/core/sale.h"
#include "app/story/rules.h"

struct shop_event {
    struct tally_event event;
    struct tally_line *lines; /* owned, as the moves; what the event points at */
    struct tally_move *moves;
    char ref[32]; /* of a sale that the story gives none */
    size_t member;
    bool is_committed;
    bool is_voided;
    int64_t drew; /* for a sale */
};

struct shop_till {
    uint32_t number; /* TALLY_TERMINAL_HQ: head office */
    bool is_open;
    bool offline;
    uint64_t seq;
    uint64_t grants;
    tally_hlc time;
    struct tally_account *accounts; /* by member; `lots` owned */
    size_t account_count;
    struct shop_event **waiting; /* to reach head office; borrowed */
    size_t waiting_count;
};

enum { SHOP_BROKEN_MAX = 160 };

struct shop {
    const struct story_rules *rules;
    struct shop_till tills[STORY_TILL_MAX + 1]; /* by number */
    struct shop_event **events;                 /* owned, in the order they happened */
    size_t event_count;
    size_t member_count;
    char broken[SHOP_BROKEN_MAX]; /* the first thing that must never be; "": all is well */
};

/* Makes room for a story of so many members; close it in any case. TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status shop_open(struct shop *shop, const struct story_rules *rules,
                                           size_t member_count);
void shop_close(struct shop *shop);

/* What a till that was connected before, or head office, knows of a member; its id is 0 where it
 * knows nothing. */
struct tally_account *shop_account(struct shop *shop, uint32_t till, size_t member);

/* Takes a till off the network, or back: what it did alone then reaches head office. One that is
 * new comes knowing all that head office knows. TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status shop_connect(struct shop *shop, uint32_t till, bool offline);

/* An empty event with room for its lines and moves; of the shop, whether it is committed or not.
 * TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status shop_event_new(struct shop *shop, enum tally_event_type type,
                                                size_t member, size_t line_count, size_t move_count,
                                                struct shop_event **ret_event);

/* Gives a planned event its id and time, and folds it at its till and wherever the network lets it
 * go. TALLY_OK, TALLY_E_NO_MEMORY, else the fold's own refusal: nothing happened */
TALLY_MUST_USE enum tally_status shop_commit(struct shop *shop, uint32_t till,
                                             struct shop_event *event, int64_t now_ms);

/* Draws up to `points` for a member from head office to a till.
 * TALLY_OK (*ret_points: what came), TALLY_E_NO_MEMORY, fold statuses */
TALLY_MUST_USE enum tally_status shop_draw(struct shop *shop, uint32_t till, size_t member,
                                           int64_t points, int64_t now_ms, int64_t *ret_points);

#endif
