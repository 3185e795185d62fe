/* app/story/facts.h: what the engine answers to what a line may ask about.
 *
 * Memory   borrows the run.
 * Threads  pure. */
#ifndef TALLY_STORY_FACTS_H
#define TALLY_STORY_FACTS_H

#include "app/story/run.h"

/* What there is to ask. */
struct fact_view {
    struct run *run;
    const struct story_step *step;
    const struct tally_account *account; /* NULL: nobody's */
    const struct outcome *outcome;
};

struct fact_value {
    bool exists;
    int64_t number;   /* points, minor units or a day */
    const char *word; /* instead */
    bool is_money;    /* of a metric */
};

/* TALLY_OK, TALLY_E_INVALID (run->problem: no such rule, reward, merchant or purse) */
TALLY_MUST_USE enum tally_status fact_of(const struct fact_view *view,
                                         const struct story_expect *expect,
                                         struct fact_value *ret_value);

/* Points that have not lapsed by their last day, earliest first: "2027-01-31:128,never:5", or
 * "none". TALLY_OK, TALLY_E_INVALID (no such purse), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status fact_lots(const struct fact_view *view,
                                           const struct story_expect *expect,
                                           struct tally_buffer *text);

#endif
