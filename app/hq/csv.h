/* app/hq/csv.h: reading CSV (RFC 4180) line by line; a quoted field may not hold a line break.
 *
 * Memory   fields point into the reader's line until the next one.
 * Blocking reads a file.
 * Threads  one. */
#ifndef TALLY_HQ_CSV_H
#define TALLY_HQ_CSV_H

#include "app/core/status.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { HQ_CSV_LINE_MAX = 8192, HQ_CSV_FIELDS_MAX = 16 };

struct hq_csv {
    FILE *file;
    uint64_t line; /* number of the line just read, from 1 */
    char text[HQ_CSV_LINE_MAX];
    char *fields[HQ_CSV_FIELDS_MAX]; /* NUL-terminated */
    size_t field_count;
    const char *problem; /* of that line */
};

/* The next line that isn't empty. TALLY_OK, TALLY_E_END, TALLY_E_INVALID (problem says what),
 * TALLY_E_STORE_IO */
TALLY_MUST_USE enum tally_status hq_csv_next(struct hq_csv *csv);

#endif
