/* app/programme/document.h: the programme document (JSON) as the rules that the engine uses.
 *
 * A document says everything: no key is optional but where README.md says so, and a key that is not
 * known is an error, so a misspelt rule never becomes a default.
 *
 * Units    as app/core/programme.h; lines count from 1.
 * Memory   a document owns its programme until tally_programme_document_free(); the bytes it was
 * parsed from are not needed any more. A problem list owns its texts. Errors   outputs are written
 * only on TALLY_OK, but for the problems. Threads  any; nothing is shared. */
#ifndef TALLY_PROGRAMME_DOCUMENT_H
#define TALLY_PROGRAMME_DOCUMENT_H

#include "app/core/bytes.h"
#include "app/core/programme.h"

enum {
    TALLY_PROGRAMME_TEXT_LEN_MAX = 64,              /* bytes of a name or a code */
    TALLY_PROGRAMME_DOCUMENT_LEN_MAX = 1024 * 1024, /* as on the wire */
    TALLY_PROGRAMME_PROBLEMS_MAX = 100              /* more are counted, not told */
};

struct tally_programme_document;

/* "earn.points_per_major_milli: must be 1..1000000, is -3", and its line. Without control
 * characters, fit for a terminal. */
struct tally_programme_problem {
    size_t line;
    char *text;
};

/* A zeroed struct is an empty list. */
struct tally_programme_problems {
    struct tally_programme_problem
        *items; /* owned, in the order of the rules' names in README.md */
    size_t count;
    size_t untold; /* found after TALLY_PROGRAMME_PROBLEMS_MAX */
};

/* Reads a document and reports every mistake in it. `problems` may be NULL; else it is empty
 * before. TALLY_OK           *ret_document holds a programme that passes tally_programme_check
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
