/* app/core/match.h: whether a rule or reward speaks about this sale, and about which of its lines.
 *
 * Memory   nothing is allocated; the lines' ids are kept in the caller's array.
 * Threads  pure. */
#ifndef TALLY_CORE_MATCH_H
#define TALLY_CORE_MATCH_H

#include "app/core/programme.h"

/* A line while a sale is worked out. The first part is set by tally_lines_read, once; the money
 * follows rewards and payment. */
struct tally_line_work {
    uint32_t sku;
    uint32_t categories[TALLY_CATEGORIES_MAX];
    uint32_t category_count;
    const struct tally_line *line;
    int64_t net_minor;       /* after rewards */
    int64_t points_minor;    /* of that, paid with points */
    int64_t free_milli;      /* pieces that a reward made free: rules per item don't count them */
    int64_t base_minor;      /* what earns: net less what is excluded */
    int64_t base_milli;      /* pieces that earn */
    struct tally_wide worth; /* base times multiplier_ppm */
    int64_t weight;          /* that in minor units, rounded up: its part of a rule's points */
    uint32_t multiplier_ppm; /* tier and rules together; 1000000 is no bonus */
    uint32_t taken_milli;    /* pieces that a free item has used already */
    bool earns;              /* among the programme's earn_lines */
    bool is_multiplied;      /* a multiplier met it already */
};

/* The sale as the conditions see it. */
struct tally_scene {
    const struct tally_programme *programme;
    const struct tally_basket *basket;
    const struct tally_seen *seen;
    int32_t day;
    struct tally_line_work *lines; /* basket->line_count */
};

/* Fills sku and categories; net is the line's amount, nothing is paid, multiplier 1. */
void tally_lines_read(const struct tally_basket *basket, struct tally_line_work *lines);

bool tally_selector_has(const struct tally_selector *selector, const struct tally_line_work *line);

/* Names that the first TALLY_BLOCK lines of a basket have, each once, and which lines have it: a
 * list of words is held against all lines at once. */
enum { TALLY_BLOCK = 64, TALLY_SLOTS = 256 };
struct tally_names {
    uint32_t ids[TALLY_BLOCK];
    struct tally_slice texts[TALLY_BLOCK];
    uint64_t lines[TALLY_BLOCK]; /* bit 0 is the first line */
    size_t count;
    bool is_whole;              /* else there are more names */
    uint8_t slots[TALLY_SLOTS]; /* by id: index + 1 of a name, 0: none; then `next` */
    uint8_t next[TALLY_BLOCK];
};
struct tally_block_names {
    struct tally_names skus;
    struct tally_names categories;
};
void tally_names_read(const struct tally_line_work *lines, size_t line_count,
                      struct tally_block_names *ret_names);
/* The same as tally_selector_has for up to TALLY_BLOCK lines: bit i for lines[i]. `names` are those
 * of these lines; NULL: lines are asked one by one. */
uint64_t tally_selector_block(const struct tally_selector *selector,
                              const struct tally_block_names *names,
                              const struct tally_line_work *lines, size_t line_count);

/* Everything in `when` but the amounts of lines; what the whole basket must be worth is part of
 * it. */
bool tally_when_holds(const struct tally_when *when, const struct tally_scene *scene);

/* The selected lines reach the spend and the quantity that `when` asks for. */
bool tally_when_lines_hold(const struct tally_when *when, const struct tally_selector *selector,
                           const struct tally_scene *scene);

/* The span in which a cap counts: that of its period, or the days of `when` for a campaign (NULL:
 * from ever to ever). `since_day` is the day that the member joined. */
struct tally_span tally_cap_span(const struct tally_cap *cap, const struct tally_when *when,
                                 int32_t since_day, int32_t day);
/* What `used` says was counted for (what, of) in exactly this span. */
int64_t tally_used(const struct tally_seen *seen, enum tally_counter what, uint32_t of,
                   struct tally_span span);
/* What is left of a cap: points_max less what was counted for (what, of) in its span; all of
 * points_max where the period is a sale's. Never below 0. */
int64_t tally_cap_left(const struct tally_cap *cap, const struct tally_when *when,
                       const struct tally_seen *seen, enum tally_counter what, uint32_t of,
                       int32_t day);

/* Whole parts of `total` for the weights, none negative, that add up to it: each is the floor of
 * the running share less what was given before, so that no split gains. All weights 0: everything
 * goes to the first. TALLY_OK, TALLY_E_OVERFLOW */
struct tally_allotment {
    int64_t total;
    int64_t weight_total;
    int64_t weight_done;
    int64_t given;
};
TALLY_MUST_USE enum tally_status tally_allot(struct tally_allotment *allotment, int64_t weight,
                                             int64_t *ret_part);

#endif
