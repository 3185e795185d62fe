/* app/core/sale.h: what a basket earns and what points can pay, decided once.
 *
 * A plan is a finished sale event but for its id and time: committing it is writing it. The same
 * code quotes on the screen, decides at the till, runs stories and dry runs, and recomputes at head
 * office.
 *
 * Units    points whole, money minor units, days as types.h.
 * Memory   nothing is allocated: a sale is worked out in one block of the caller's, and what is
 *          answered points into that block and into the basket.
 * Errors   outputs are written only on TALLY_OK.
 * Threads  pure. */
#ifndef TALLY_CORE_SALE_H
#define TALLY_CORE_SALE_H

#include "app/core/account.h"
#include "app/core/earn.h"
#include "app/core/tier.h"

/* Who, where and when, beside the basket. */
struct tally_occasion {
    uint32_t terminal;
    int64_t now_ms;
    int32_t day; /* business day and minute of that instant: tally_programme_day, _minute */
    int32_t minute;
    uint64_t member;
    uint32_t birth_month; /* 1..12; 0: not known */
    uint32_t birth_day;
    uint64_t hold; /* of this terminal, to redeem from first and then open; 0: none */
    int64_t (*stock)(void *context, uint32_t reward); /* of a reward with total_max: what is left
                                                         (stock.h); NULL: not counted */
    void *stock_context;
};

/* One reward as it was taken off, in the programme's order. */
struct tally_taken {
    size_t reward; /* index */
    uint32_t times;
    int64_t cost;           /* units of its cost purse, all times together */
    int64_t discount_minor; /* taken off the basket */
};

/* What a sale comes to, before and beside the event. */
struct tally_quote {
    int64_t total_minor;
    int64_t discount_minor;
    int64_t redeemed_points; /* as payment */
    int64_t redeemed_minor;
    int64_t to_pay_minor;
    int64_t cost_points;   /* purse 0, of the rewards claimed */
    int64_t earned_points; /* purse 0, debt paid included */
    int64_t debt_paid;
    struct tally_span earned_dates; /* of the largest part of it */
    int64_t redeemable_here; /* most points that may pay now with this drawer, beside the claims */
    int64_t redeemable_online; /* the same if all other drawers could be drawn from first */
    int64_t missing_here;      /* points to be drawn so that this sale can be redeemed; 0: none */
    const struct tally_taken *taken;
    size_t taken_count;
    const struct tally_line_work
        *lines;                        /* basket's line_count: what each line costs after it all */
    struct tally_earning earning;      /* why: every rule, every line */
    struct tally_tier_view tier;       /* now */
    struct tally_tier_view tier_after; /* once this sale is committed */
};

/* Bits of enum tally_birthday on `day` for someone born on that day of a year; 0 where month or day
 * is none. Who was born on 29 February celebrates on the 28th in other years. */
uint32_t tally_birthday_bits(uint32_t birth_month, uint32_t birth_day, int32_t day);

/* Bytes of the block that the sale needs. */
size_t tally_sale_room(const struct tally_programme *programme, const struct tally_account *account,
                       const struct tally_basket *basket);

/* The sale event for that basket and what it comes to. Spends the lots of this terminal's drawer:
 * those of the hold, then the free ones, earliest last day first; pays a debt from what is earned;
 * gives back holds of this terminal whose time limit has passed, and counts as expired what has
 * lapsed in its drawer. `room` is aligned as malloc's is.
 *   TALLY_OK              *ret_event is complete but for id, time, ref and cashier
 *   TALLY_E_INVALID       a basket that can't be; a claim of no reward; a day outside 2000..2199
 *   TALLY_E_RULE          points below the minimum, off the step, above the share, or above a
 *                         limit; a reward that may not be claimed (its conditions, limit or stock)
 *   TALLY_E_POINTS_SHORT  a drawer holds fewer of a purse than is redeemed, or the balance less the
 *                         debt is smaller; ret_quote is written for this one, too
 *   TALLY_E_NOT_FOUND     no such hold
 *   TALLY_E_BLOCKED       the account is blocked
 *   TALLY_E_OVERFLOW, TALLY_E_NO_MEMORY (room_len) */
TALLY_MUST_USE enum tally_status tally_sale_plan(const struct tally_programme *programme,
                                                 const struct tally_account *account,
                                                 const struct tally_basket *basket,
                                                 const struct tally_occasion *occasion, void *room,
                                                 size_t room_len, struct tally_event *ret_event,
                                                 struct tally_quote *ret_quote);

/* What the sale would come to: as tally_sale_plan, but points that the drawer does not hold are no
 * error; compare with redeemable_here. */
TALLY_MUST_USE enum tally_status tally_sale_quote(const struct tally_programme *programme,
                                                  const struct tally_account *account,
                                                  const struct tally_basket *basket,
                                                  const struct tally_occasion *occasion, void *room,
                                                  size_t room_len, struct tally_quote *ret_quote);

/* Head office's half: works a sale out again from the basket and from what it says that the
 * decision saw, and compares all that follows: total, discount, value of points, points of every
 * purse with their days, shares, counts. Which lots were spent is the terminal's.
 *   TALLY_OK
 *   TALLY_E_MISMATCH   something differs, or the rules don't allow it
 *   TALLY_E_INVALID    no sale, a basket that can't be, or decided under another version
 *   TALLY_E_OVERFLOW, TALLY_E_NO_MEMORY (room_len below tally_sale_check_room) */
size_t tally_sale_check_room(const struct tally_programme *programme,
                             const struct tally_event *event);
TALLY_MUST_USE enum tally_status tally_sale_check(const struct tally_programme *programme,
                                                  const struct tally_event *event, void *room,
                                                  size_t room_len);

/* Whether a till that sends a reference again asks for the sale that was committed: member, lines'
 * total, points and claims are the same. */
bool tally_sale_is_repeat(const struct tally_event *sale, uint64_t member,
                          const struct tally_basket *basket);

/* What of head office's drawer that is usable on `day` goes to a terminal, earliest last day first,
 * until `points` of a purse are reached or nothing is left: the moves of a grant. `moves` has room
 * for TALLY_MOVES_MAX; returns how many it filled. *ret_points is their sum, at most `points`. */
size_t tally_draw_moves(const struct tally_account *account, uint32_t purse, int64_t points,
                        int32_t day, struct tally_move *moves, int64_t *ret_points);

#endif
