/* app/programme/document.h: the programme document (JSON) as the rules that the engine uses.
 *
 * README.md says which keys there are and what a missing one means. A key that is not known is an
 * error, so a misspelt rule never becomes a default.
 *
 * Units    as app/core/programme.h; lines count from 1.
 * Memory   a document owns its programme until tally_programme_document_free(); the bytes it was
 *          parsed from are not needed any more. A problem list owns its texts.
 * Errors   outputs are written only on TALLY_OK, but for the problems.
 * Threads  any; nothing is shared. */
#ifndef TALLY_PROGRAMME_DOCUMENT_H
#define TALLY_PROGRAMME_DOCUMENT_H

#include "app/core/bytes.h"
#include "app/core/programme.h"

enum {
    TALLY_PROGRAMME_TEXT_LEN_MAX = 64,              /* bytes of a name or a code */
    TALLY_PROGRAMME_NOTE_LEN_MAX = 200,             /* of a tier's note */
    TALLY_PROGRAMME_DOCUMENT_LEN_MAX = 1024 * 1024, /* as on the wire */
    TALLY_PROGRAMME_PROBLEMS_MAX = 100,             /* more are counted, not told */
    TALLY_PROGRAMME_HOURS_MAX = 48,                 /* of one rule */
    TALLY_PROGRAMME_VISITS_MAX = 1000000,
    TALLY_PROGRAMME_ROLLING_DAYS_MAX = 3660,
    TALLY_PROGRAMME_ROLLING_MONTHS_MAX = 120,
    TALLY_PROGRAMME_TIER_MONTHS_MAX = 120,
    TALLY_PROGRAMME_EXPIRY_YEARS_MAX = 100,
    TALLY_PROGRAMME_GUARDS_MAX = 100,
    TALLY_PROGRAMME_SHOPS_MAX = 20000, /* of one condition; of all merchants together */
    TALLY_PROGRAMME_MERCHANTS_MAX = 10000,
    TALLY_PROGRAMME_AWARDS_MAX = 1000,
    TALLY_PROGRAMME_CONDITIONS_MAX = 16,
    TALLY_PROGRAMME_HOLD_MINUTES_MAX = 10080,
    TALLY_PROGRAMME_HOLD_MINUTES_DEFAULT = 15
};

/* What documents call the purse that is always there. */
#define TALLY_PROGRAMME_POINTS "points"

struct tally_programme_document;

/* "earn.rules[3].points: must be 0..1000000000, is -3", and its line. Without control characters,
 * fit for a terminal. */
struct tally_programme_problem {
    size_t line;
    char *text;
};

/* A zeroed struct is an empty list. */
struct tally_programme_problems {
    struct tally_programme_problem *items; /* owned, rising by line */
    size_t count;
    size_t untold; /* found after TALLY_PROGRAMME_PROBLEMS_MAX */
};

/* Reads a document and reports every mistake in it. `problems` may be NULL; else it is empty
 * before.
 *   TALLY_OK           *ret_document holds a programme that passes tally_programme_check
 *   TALLY_E_INVALID    no JSON, or any mistake: `problems` says which
 *   TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status
tally_programme_parse(struct tally_slice json, struct tally_programme_document **ret_document,
                      struct tally_programme_problems *problems);

/* Lives as long as the document. Never NULL. */
const struct tally_programme *tally_programme_of(const struct tally_programme_document *document);

/* NULL is allowed. */
void tally_programme_document_free(struct tally_programme_document *document);

/* Leaves an empty list. */
void tally_programme_problems_free(struct tally_programme_problems *problems);

#endif
