/* app/core/tier.h: which tier a member is in, why, to when, and what is missing for the next.
 *
 * A tier follows from what was counted and, where that is not enough to tell, from the standing
 * that the newest event wrote down, and from a floor that a person gave.
 *
 * Units    days as types.h; amounts in the metric's unit.
 * Threads  pure. */
#ifndef TALLY_CORE_TIER_H
#define TALLY_CORE_TIER_H

#include "app/core/account.h"
#include "app/core/programme.h"

struct tally_tier_view {
    size_t tier;       /* index */
    int32_t until_day; /* held to this day if nothing happens any more, grace included;
                          TALLY_DAY_NEVER. By a balance it holds only while there is enough: `day`
                          itself, or with the grace. Of tier 0 TALLY_DAY_NEVER */
    bool is_floor;     /* because it was given */
    size_t next;       /* index of the next one that can be reached; tier_count: none */
    int64_t needed;    /* more of `metric` for the next; 0 with none. Of several conditions: the one
                          that is nearest (any) or farthest (all), by the share that is missing */
    enum tally_metric metric;
    int32_t needed_until_day; /* last day of the window in which it counts */
    int64_t keep_needed;      /* more of `keep_metric` to stay in this tier beyond until_day by what
                                 the window counts now; 0: enough, or nothing to be done */
    enum tally_metric keep_metric;
    int32_t keep_until_day; /* last day of the window in which that counts */
};

/* TALLY_E_INVALID does not come: an account that a programme knows nothing of is in tier 0. */
struct tally_tier_view tally_tier_of(const struct tally_account *account,
                                     const struct tally_programme *programme, int32_t day);

/* What an event on `day` adds before it is applied; negative for a reversal. */
struct tally_tier_change {
    int64_t spend_minor;
    int64_t points; /* that count for tiers */
    int64_t visits;
    int64_t balance;     /* of usable and pending points */
    int32_t counted_day; /* the day in whose period they count: a reversal's sale's */
};
/* The same once `change` counts, too. */
struct tally_tier_view tally_tier_after(const struct tally_account *account,
                                        const struct tally_programme *programme, int32_t day,
                                        const struct tally_tier_change *change);

/* The counters of such a change: SALES, SPEND, POINTS with the spans that the programme's window
 * needs and the day after which they may be forgotten; at most TALLY_TIER_COUNTS, those not 0.
 * Appends in order. */
enum { TALLY_TIER_COUNTS = 8 };
size_t tally_tier_counts(const struct tally_account *account,
                         const struct tally_programme *programme,
                         const struct tally_tier_change *change, struct tally_count *counts);

/* Whether the event must write a standing down, and which: a tier reached, or lost by a reversal.
 * `before` is the standing to go back to for a reversal of the sale that set it; else NULL. */
bool tally_tier_standing(const struct tally_account *account,
                         const struct tally_programme *programme, int32_t day,
                         const struct tally_tier_change *change,
                         const struct tally_standing *before, struct tally_standing *ret_standing);

/* What one metric comes to on `day`. */
int64_t tally_tier_metric(const struct tally_account *account,
                          const struct tally_programme *programme, enum tally_metric metric,
                          int32_t day);

#endif
