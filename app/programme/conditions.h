/* app/programme/conditions.h: how the conditions of two rules lie to each other. Private to
 * app/programme.
 *
 * Where it cannot be told from the programme alone (a SKU may be in a category), things may meet
 * and nothing is wider.
 *
 * Threads  pure. */
#ifndef TALLY_PROGRAMME_CONDITIONS_H
#define TALLY_PROGRAMME_CONDITIONS_H

#include "app/core/programme.h"

/* What a rule or a reward looks at. */
struct reach {
    const struct tally_when *when;
    const struct tally_selector *lines;
};

/* Wherever `narrow` holds, `wide` does, and for at least its lines. */
bool reach_covers(struct reach wide, struct reach narrow);

/* There may be a sale in which both hold, for the same line. */
bool reach_meets(struct reach left, struct reach right);

/* Why `when` can never hold from `first_day` on; NULL when it can. */
const char *when_never(const struct tally_programme *programme, const struct tally_when *when,
                       int32_t first_day);

/* Whether no line can be selected, because what is selected is excepted by `but` as well. */
bool lines_are_excepted(const struct tally_selector *lines, const struct tally_selector *but);

#endif
