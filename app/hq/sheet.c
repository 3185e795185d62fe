/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as CSV or NDJSON. */
#include "app/hq/sheet.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static void csv_field(struct hq_sheet *sheet, const char *text, size_t len)
{
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        quoted = quoted || strchr(",\"\r\n", text[i]) != NULL;
    }
    if (quoted) {
        fputc('"', sheet->file);
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"') {
            fputc('"', sheet->file);
        }
        fputc(text[i], sheet->file);
    }
    if (quoted) {
        fputc('"', sheet->file);
    }
}

static void row_end(struct hq_sheet *sheet)
{
    if (sheet->ndjson) {
        if (sheet->object == NULL || json_dumpf(sheet->object, sheet->file, JSON_COMPACT) != 0) {
            sheet->failed = true;
        }
        json_decref(sheet->object);
        sheet->object = NULL;
        fputc('\n', sheet->file);
    } else {
        fputc('\n', sheet->file);
    }
    sheet->at = 0;
    if (ferror(sheet->file)) {
        sheet->failed = true;
    }
}

static void next_column(struct hq_sheet *sheet)
{
    sheet->at++;
    if (sheet->at == sheet->column_count) {
        row_end(sheet);
    } else if (!sheet->ndjson) {
        fputc(',', sheet->file);
    }
}

/* Takes the reference. */
static void json_column(struct hq_sheet *sheet, json_t *value)
{
    if (sheet->object == NULL) {
        sheet->object = json_object();
    }
    if (json_object_set_new(sheet->object, sheet->columns[sheet->at], value) != 0) {
        sheet->failed = true;
    }
}

void hq_sheet_open(struct hq_sheet *sheet, FILE *file, bool ndjson, const char *const *columns,
                   size_t column_count)
{
    *sheet = (struct hq_sheet){
        .columns = columns, .column_count = column_count, .ndjson = ndjson, .file = file};
    for (size_t i = 0; i < column_count && !ndjson; i++) {
        csv_field(sheet, columns[i], strlen(columns[i]));
        next_column(sheet);
    }
}

void hq_sheet_text(struct hq_sheet *sheet, const char *text, size_t len)
{
    if (sheet->ndjson) {
        json_column(sheet, json_stringn(len > 0 ? text : "", len));
    } else {
        csv_field(sheet, text, len);
    }
    next_column(sheet);
}

void hq_sheet_word(struct hq_sheet *sheet, const char *text)
{
    hq_sheet_text(sheet, text, strlen(text));
}

void hq_sheet_number(struct hq_sheet *sheet, int64_t number)
{
    if (sheet->ndjson) {
        json_column(sheet, json_integer(number));
    } else {
        fprintf(sheet->file, "%" PRId64, number);
    }
    next_column(sheet);
}

void hq_sheet_id(struct hq_sheet *sheet, uint64_t id)
{
    char text[21];
    snprintf(text, sizeof text, "%" PRIu64, id);
    hq_sheet_word(sheet, id == 0 ? "" : text);
}

enum tally_status hq_sheet_close(struct hq_sheet *sheet)
{
    assert(sheet->at == 0);
    return fflush(sheet->file) == 0 && !sheet->failed ? TALLY_OK : TALLY_E_STORE_IO;
}
