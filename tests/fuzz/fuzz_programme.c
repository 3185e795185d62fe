/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a programme document: they are refused with a reason, or make a programme that
 * passes its own check and can be advised on. */
#include "tests/fuzz/fuzz.h"

#include "app/programme/advice.h"

#include <string.h>

static void check_list(const struct tally_programme_problems *list, const uint8_t *data,
                       size_t size)
{
    size_t lines = 1;
    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n' ? 1 : 0;
    }
    for (size_t i = 0; i < list->count; i++) {
        const char *text = list->items[i].text;
        FUZZ_CLAIM(list->items[i].line >= 1 && list->items[i].line <= lines);
        FUZZ_CLAIM(i == 0 || list->items[i - 1].line <= list->items[i].line);
        FUZZ_CLAIM(text[0] != '\0');
        for (const char *at = text; *at != '\0'; at++) {
            FUZZ_CLAIM((unsigned char)*at >= 0x20 && *at != 0x7F);
        }
        /* the reader found nothing, and the engine's check did */
        FUZZ_CLAIM(strcmp(text, "the document: the rules do not hold together, and the reader "
                                "cannot say why: this is a fault of the program") != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tally_slice json = {data, size};
    struct tally_programme_document *document = NULL;
    struct tally_programme_problems problems = {0}, warnings = {0};
    enum tally_status status = tally_programme_parse(json, &document, &problems);
    FUZZ_CLAIM(status == TALLY_OK || status == TALLY_E_INVALID);
    FUZZ_CLAIM((status == TALLY_OK) == (problems.count == 0));
    FUZZ_CLAIM((status == TALLY_OK) == (document != NULL));
    check_list(&problems, data, size);
    if (status == TALLY_OK) {
        FUZZ_CLAIM(tally_programme_check(tally_programme_of(document)) == TALLY_OK);
        FUZZ_CLAIM(tally_programme_advise(document, json, TALLY_PROGRAMME_VALUE_PCT_MAX,
                                          &warnings) == TALLY_OK);
        check_list(&warnings, data, size);
    }
    tally_programme_problems_free(&problems);
    tally_programme_problems_free(&warnings);
    tally_programme_document_free(document);
    return 0;
}
