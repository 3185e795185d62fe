/* app/core/deal.h: what follows from a programme, a basket and what was seen, and from nothing
 * else: the half of a sale that a terminal decides and head office works out again.
 *
 * The order of work: rewards in the programme's order, points as payment, earning, what rewards
 * give of other purses, what is counted. Which lots points come from is not part of it.
 *
 * Memory   carved from one block; borrows programme, basket and seen.
 * Errors   unless TALLY_OK, what the deal holds is undefined.
 * Threads  pure. */
#ifndef TALLY_CORE_DEAL_H
#define TALLY_CORE_DEAL_H

#include "app/core/carve.h"
#include "app/core/reward.h"
#include "app/core/sale.h"
#include "app/core/spend.h"

struct tally_deal {
    /* set by the caller, after tally_deal_carve */
    struct tally_scene scene; /* but for its lines */
    uint64_t member;
    int64_t hour; /* since 1970, for guards */
    /* Of a reward with total_max, how often it may still be taken. NULL: not counted. */
    int64_t (*stock)(void *context, uint32_t reward);
    void *stock_context;
    int64_t *here;   /* units of each purse that this drawer can spend */
    int64_t *online; /* that the member has anywhere, less what is owed */
    int64_t *debt;
    /* For head office's check: how often an automatic reward that costs was taken. NULL: as often
     * as it is paid for. */
    int64_t (*taken_times)(void *context, uint32_t reward);

    /* worked out */
    int64_t total_minor;
    int64_t discount_minor;
    int64_t redeemed_minor;
    int64_t pay_max; /* most points that the rules let pay, whoever has them */
    struct tally_taken *taken;
    size_t taken_count;
    int64_t *spent; /* units of each purse: rewards, and of points the payment */
    int64_t *asked; /* of those, what claims and payment need */
    int64_t *late;  /* of those, what was spent after earning */
    int64_t *earned;
    int64_t tier_points; /* of those earned, what counts towards tiers */
    bool has_floor;      /* a rule gives a tier */
    struct tally_standing floor;
    struct tally_earning earning;
    struct tally_line_paid *paid;
    size_t paid_count;
    struct tally_share *shares;
    size_t share_count;
    size_t share_room;
    struct tally_exchange *exchanges;
    size_t exchange_count;
    size_t exchange_room;
    struct tally_moves credits; /* EARN of each purse and pair of dates, before a debt is paid */
    struct tally_counts counts;

    /* scratch */
    struct tally_reward_work work;
    struct tally_line_work *lines;
    int64_t *reserved; /* units of each purse that claims and payment need */
    size_t *winners;   /* per group */
};

/* What a decision sees of an account (sale.c); `used` has room for tally_used_max, and what is seen
 * points into it. TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_seen_read(const struct tally_programme *programme,
                                                 const struct tally_account *account,
                                                 const struct tally_occasion *occasion,
                                                 struct tally_counts *used,
                                                 struct tally_seen *ret_seen);

/* Index of a purse: 0 the points, then the programme's in order; purse_count + 1 if unknown. */
size_t tally_deal_purse(const struct tally_programme *programme, uint32_t purse);
uint32_t tally_deal_purse_id(const struct tally_programme *programme, size_t index);

void tally_deal_carve(struct tally_carver *carver, const struct tally_programme *programme,
                      size_t line_count, struct tally_deal *deal);

/* TALLY_OK, TALLY_E_INVALID (basket, claim of no reward, day), TALLY_E_RULE, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_deal_make(struct tally_deal *deal);

/* Joined on: the day that anniversaries are counted from. */
int32_t tally_deal_since(const struct tally_deal *deal);

/* What the deal adds towards tiers. */
struct tally_tier_change tally_deal_change(const struct tally_deal *deal);

/* What the sale itself lends to its claims and payment, of the purse with that index: what it earns
 * at once, where the programme says so; else 0. A debt is paid from it first. */
int64_t tally_deal_lends(const struct tally_deal *deal, size_t purse);

/* Most points that may pay if `held` of them can be spent beside the claims; 0: none. */
int64_t tally_deal_redeemable(const struct tally_deal *deal, int64_t held);

#endif
