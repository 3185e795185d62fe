/* app/story/outcome.h: what came of a line, and what it says of a member.
 *
 * Memory   borrows the event; appends to the caller's buffer.
 * Threads  pure. */
#ifndef TALLY_STORY_OUTCOME_H
#define TALLY_STORY_OUTCOME_H

#include "app/story/shop.h"

struct outcome {
    enum tally_status status;
    bool again;    /* answered as an earlier line was */
    size_t member; /* SIZE_MAX: nobody */
    uint32_t till;
    const struct shop_event *event; /* a sale or a void; NULL: none */
    bool has_quote;
    struct tally_quote quote;
};

/* The amount in minor units. TALLY_OK, TALLY_E_INVALID (more decimals than the currency has) */
TALLY_MUST_USE enum tally_status outcome_minor(const struct tally_programme *programme,
                                               const struct story_amount *amount,
                                               int64_t *ret_minor);

/* Appends what differs from what the step expects, "" if nothing does.
 *   TALLY_OK, TALLY_E_INVALID (*ret_problem: an expectation has too many decimals),
 *   TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status outcome_compare(struct shop *shop, const struct story *story,
                                                 const struct story_step *step,
                                                 const struct outcome *outcome, int64_t now_ms,
                                                 struct tally_buffer *differences,
                                                 struct story_problem *ret_problem);

#endif
