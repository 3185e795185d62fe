/* SPDX-License-Identifier: Apache-2.0 */
/* Reading CSV. */
#include "app/hq/csv.h"

#include <stdbool.h>
#include <string.h>

static enum tally_status bad(struct hq_csv *csv, const char *problem)
{
    csv->problem = problem;
    return TALLY_E_INVALID;
}

/* One field from `from` on, unquoted in place. *ret_next is behind its comma, NULL at the end. */
static bool field_take(char *from, char **ret_next)
{
    if (*from != '"') {
        char *comma = strchr(from, ',');
        *ret_next = comma != NULL ? comma + 1 : NULL;
        if (comma != NULL) {
            *comma = '\0';
        }
        return strchr(from, '"') == NULL;
    }
    char *read = from + 1, *write = from;
    for (;; read++) {
        if (*read == '\0') {
            return false;
        }
        if (*read == '"' && *++read != '"') {
            break;
        }
        *write++ = *read;
    }
    bool ends = *read == ',' || *read == '\0';
    *ret_next = *read == ',' ? read + 1 : NULL;
    *write = '\0';
    return ends;
}

static enum tally_status split(struct hq_csv *csv)
{
    csv->field_count = 0;
    char *next = csv->text;
    while (next != NULL) {
        if (csv->field_count == HQ_CSV_FIELDS_MAX) {
            return bad(csv, "too many fields");
        }
        char *from = next;
        csv->fields[csv->field_count++] = from;
        if (!field_take(from, &next)) {
            return bad(csv, "a quote is out of place");
        }
    }
    return TALLY_OK;
}

enum tally_status hq_csv_next(struct hq_csv *csv)
{
    do {
        if (fgets(csv->text, sizeof csv->text, csv->file) == NULL) {
            return ferror(csv->file) ? TALLY_E_STORE_IO : TALLY_E_END;
        }
        csv->line++;
        size_t len = strlen(csv->text);
        if (len == sizeof csv->text - 1 && csv->text[len - 1] != '\n') {
            return bad(csv, "the line is too long");
        }
        csv->text[strcspn(csv->text, "\r\n")] = '\0';
        if (csv->line == 1 && strncmp(csv->text, "\xef\xbb\xbf", 3) == 0) {
            memmove(csv->text, csv->text + 3, strlen(csv->text + 3) + 1); /* a byte order mark */
        }
    } while (csv->text[0] == '\0');
    return split(csv);
}
