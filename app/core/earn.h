/* app/core/earn.h: what the rules give for a basket, and why.
 *
 * The order of work is the same for every sale and is told in app/core/EARNING.md: what each line
 * earns on, which multipliers meet on it, what each rule gives, what groups and stops leave of it,
 * rules' caps, the merchant's share, the programme's caps, purses' limits. Every rule rounds once.
 *
 * Units    points whole, money minor units.
 * Memory   nothing is allocated; results go into the caller's arrays.
 * Errors   unless TALLY_OK, what the arrays hold is undefined.
 * Threads  pure. */
#ifndef TALLY_CORE_EARN_H
#define TALLY_CORE_EARN_H

#include "app/core/match.h"

/* Why a rule gave what it gave: what the screen and `tally quote` show. A tier's multiplier is part
 * of it, so points = (base * rate) * multiplier, rounded, then capped. */
enum tally_why {
    TALLY_WHY_GAVE = 1,
    TALLY_WHY_WHEN = 2,    /* its conditions don't hold */
    TALLY_WHY_LINES = 3,   /* no line is selected, or too little of them */
    TALLY_WHY_GROUP = 4,   /* another of its group went first or gives more */
    TALLY_WHY_STOPPED = 5, /* a rule before it stopped the rest */
    TALLY_WHY_CAPPED = 6,  /* a cap took all or part of it */
    TALLY_WHY_NOTHING = 7  /* it came to less than one point */
};

enum {
    TALLY_CAP_SHARED = TALLY_CAPS_MAX + 1,
    TALLY_MULTIPLIER_ONE = 1000000,
    TALLY_MULTIPLIER_MAX = 1000000000 /* a thousandfold: what meets on a line comes to no more */
};

struct tally_earned { /* of one rule; also those that gave nothing */
    size_t rule;      /* index */
    enum tally_why why;
    int64_t base;              /* minor units or thousandths of pieces that it looked at */
    int64_t before_multiplier; /* points in thousandths, without multipliers, rounded down */
    uint32_t multiplier_ppm;   /* on the whole: 1000000 is none; where lines differ, their mean */
    int64_t uncapped;          /* points */
    int64_t points;            /* given */
    int64_t weight;            /* of its lines together: what points are divided by among them */
    uint64_t lines;            /* of the first 64 lines those it is about: bit 0 is the first */
    size_t cap; /* index + 1 of its own cap that took most; TALLY_CAP_SHARED: the programme's, the
                   merchant's or the purse's; 0: none, or its uses_max */
};

struct tally_earning {
    struct tally_earned *rules; /* the caller's, programme->rule_count of them */
    int64_t *shares; /* the caller's, line_count rows of purse_count + 1: what each line earned of
                        the points, then of each purse in the programme's order */
    int64_t *cuts;   /* the caller's, as many: what caps took off that; NULL: not asked for. A rule
                        that a cap refuses, or its own cap leaves nothing of, has none */
};

/* Works out every rule. `scene->lines` hold net_minor and points_minor; base and multiplier are set
 * here. A rule's points are divided among its lines by what they weighed (tally_allot).
 *   TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_earn(const struct tally_scene *scene,
                                            struct tally_earning *earning);

#endif
