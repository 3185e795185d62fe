/* app/story/outcome.h: what came of a line, held against what it says.
 *
 * Memory   borrows the run; appends to the caller's buffer.
 * Threads  pure. */
#ifndef TALLY_STORY_OUTCOME_H
#define TALLY_STORY_OUTCOME_H

#include "app/story/run.h"

/* Appends what differs from what the step expects, "" if nothing does.
 *   TALLY_OK, TALLY_E_INVALID (run->problem: too many decimals, or a code that is not there),
 *   TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status outcome_compare(struct run *run, const struct story_step *step,
                                                 const struct outcome *outcome,
                                                 struct tally_buffer *differences);

#endif
