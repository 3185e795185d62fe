/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a programme document, and saying what is wrong with it. */
#include "app/hq/document_file.h"

#include "app/hq/command.h"

#include <stdio.h>

enum { CHUNK_LEN = 64 * 1024 };

static int file_read(const char *path, struct tally_buffer *ret_text)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return hq_failed("%s can't be read", path);
    }
    enum tally_status status = TALLY_OK;
    size_t got = 1;
    /* One byte more than allowed is read, so that too long is seen as that. */
    while (status == TALLY_OK && got > 0 && ret_text->len <= TALLY_PROGRAMME_DOCUMENT_LEN_MAX) {
        status = tally_buffer_reserve(ret_text, CHUNK_LEN);
        if (status == TALLY_OK) {
            got = fread(ret_text->data + ret_text->len, 1, CHUNK_LEN, file);
            ret_text->len += got;
        }
    }
    bool failed = ferror(file) != 0 || status != TALLY_OK;
    fclose(file);
    if (!failed && ret_text->len > TALLY_PROGRAMME_DOCUMENT_LEN_MAX) {
        fprintf(stderr, "%s: longer than 1 MB\n", path);
        return HQ_EXIT_USAGE;
    }
    return failed ? hq_failed("%s can't be read", path) : HQ_EXIT_OK;
}

/* Says every mistake as "FILE:LINE: PATH: what is wrong". */
static int document_check(const char *path, const struct tally_buffer *text,
                          struct tally_programme_document **ret_document)
{
    struct tally_programme_problems problems = {0};
    enum tally_status status =
        tally_programme_parse(tally_buffer_slice(text), ret_document, &problems);
    for (size_t i = 0; i < problems.count; i++) {
        fprintf(stderr, "%s:%zu: %s\n", path, problems.items[i].line, problems.items[i].text);
    }
    if (problems.untold > 0) {
        fprintf(stderr, "%s: and %zu more\n", path, problems.untold);
    }
    tally_programme_problems_free(&problems);
    if (status != TALLY_OK && status != TALLY_E_INVALID) {
        return hq_failed("%s: %s", path, tally_status_text(status));
    }
    return status == TALLY_OK ? HQ_EXIT_OK : HQ_EXIT_USAGE;
}

int hq_document_load(const char *path, struct tally_buffer *ret_text,
                     struct tally_programme_document **ret_document)
{
    struct tally_buffer own = {0};
    struct tally_buffer *text = ret_text != NULL ? ret_text : &own;
    int result = file_read(path, text);
    if (result == HQ_EXIT_OK) {
        result = document_check(path, text, ret_document);
    }
    tally_buffer_free(&own);
    return result;
}
