/* app/programme/advice.h: what a programme may say and hardly means.
 *
 * Advice is about the rules alone, so it says "may": whether two categories share an article, only
 * the shelves know.
 *
 * Units    money is in minor units; shares of money are percent.
 * Memory   the list owns its texts.
 * Threads  any; nothing is shared. */
#ifndef TALLY_PROGRAMME_ADVICE_H
#define TALLY_PROGRAMME_ADVICE_H

#include "app/programme/document.h"

enum { TALLY_PROGRAMME_VALUE_PCT_MAX = 20 }; /* of what is spent; more is worth a warning */

/* Warns, by line and path, of
 *   rules and rewards that can never hold, are shut out by one before them, or give nothing;
 *   multipliers that multiply each other, and discounts that take everything together;
 *   points that are worth more than `value_pct_max` percent of what is spent, at the best tier and
 *   multipliers;
 *   rewards whose price nobody can have, tiers that nobody reaches, purses that nobody earns or
 *   spends, points that nothing takes or that end before they begin.
 * `json` is what the document was parsed from. `warnings` is empty before; rising by line after.
 *   TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status
tally_programme_advise(const struct tally_programme_document *document, struct tally_slice json,
                       uint32_t value_pct_max, struct tally_programme_problems *warnings);

#endif
