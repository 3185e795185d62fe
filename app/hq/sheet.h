/* app/hq/sheet.h: rows on standard output as CSV (RFC 4180, but lines end in LF alone) or NDJSON,
 * the same columns in both.
 *
 * Memory   columns are borrowed.
 * Errors   sticky; hq_sheet_close() says whether everything was written.
 * Threads  one. */
#ifndef TALLY_HQ_SHEET_H
#define TALLY_HQ_SHEET_H

#include "app/core/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct hq_sheet {
    const char *const *columns;
    size_t column_count;
    bool ndjson;
    FILE *file;
    size_t at;      /* column that comes next */
    json_t *object; /* of this row, NDJSON */
    bool failed;
};

/* CSV begins with a header line. */
void hq_sheet_open(struct hq_sheet *sheet, FILE *file, bool ndjson, const char *const *columns,
                   size_t column_count);
/* The next column of this row; after the last one the row is written. */
void hq_sheet_text(struct hq_sheet *sheet, const char *text, size_t len);
void hq_sheet_word(struct hq_sheet *sheet, const char *text);
void hq_sheet_number(struct hq_sheet *sheet, int64_t number);
/* An id: decimal, as protobuf and the till API write it; text also in NDJSON, whose readers lose
 * digits. */
void hq_sheet_id(struct hq_sheet *sheet, uint64_t id);
/* TALLY_OK, TALLY_E_STORE_IO (a row could not be written) */
TALLY_MUST_USE enum tally_status hq_sheet_close(struct hq_sheet *sheet);

#endif
