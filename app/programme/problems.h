/* app/programme/problems.h: lists of problems and of warnings. Private to app/programme.
 *
 * Errors   TALLY_OK, TALLY_E_NO_MEMORY.
 * Threads  one at a time for each list. */
#ifndef TALLY_PROGRAMME_PROBLEMS_H
#define TALLY_PROGRAMME_PROBLEMS_H

#include "app/programme/document.h"
#include "app/programme/locate.h"

#include <stdarg.h>

/* A text at a line; what is no fit for a terminal becomes a question mark. A full list counts it
 * only. */
TALLY_MUST_USE enum tally_status problems_add(struct tally_programme_problems *problems,
                                              size_t line, const char *text);

/* "path: text" at the line of `path` in `json`. */
TALLY_MUST_USE enum tally_status problems_say(struct tally_programme_problems *problems,
                                              struct tally_slice json,
                                              const struct locate_path *path, const char *format,
                                              va_list args) __attribute__((format(printf, 4, 0)));

/* Rising by line; of one line in the order in which they were found. */
void problems_sort(struct tally_programme_problems *problems);

#endif
