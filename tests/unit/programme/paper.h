/* tests/unit/programme/paper.h: documents made of a head and what a test says. */
#ifndef TALLY_TESTS_PROGRAMME_PAPER_H
#define TALLY_TESTS_PROGRAMME_PAPER_H

#include "app/base/buffer.h"
#include "app/programme/advice.h"
#include "app/programme/document.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

/* Lines 1 to 6; what follows is line 7. */
#define PAPER_HEAD                                                                                 \
    "{\n\"programme\": \"Paper\",\n\"version\": 1,\n"                                              \
    "\"effective_from\": \"2026-01-01T00:00:00Z\",\n\"time_zone\": \"Z\",\n"                       \
    "\"currency\": { \"code\": \"EUR\", \"exponent\": 2 },\n"
#define PAPER_RULES(rules) "\"earn\": { \"rules\": [" rules "] }"
#define PAPER_RULE(rule)   PAPER_RULES("{ \"code\": \"r\", " rule " }")

static inline struct tally_buffer paper(const char *sections)
{
    struct tally_buffer text = {0};
    assert_int_equal(tally_buffer_append(&text, PAPER_HEAD, strlen(PAPER_HEAD)), TALLY_OK);
    assert_int_equal(tally_buffer_append(&text, sections, strlen(sections)), TALLY_OK);
    assert_int_equal(tally_buffer_append(&text, "\n}\n", 3), TALLY_OK);
    return text;
}

/* "line 7: a\nline 9: b" */
static inline void paper_list(const struct tally_programme_problems *problems, char *text,
                              size_t cap)
{
    text[0] = '\0';
    for (size_t i = 0; i < problems->count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, cap - len, "%sline %zu: %s", i > 0 ? "\n" : "",
                 problems->items[i].line, problems->items[i].text);
    }
}

/* The text is refused, for exactly these reasons. */
static inline void text_is_refused(struct tally_slice text, const char *reasons)
{
    struct tally_programme_document *document = NULL;
    struct tally_programme_problems problems = {0};
    char all[8192];
    assert_int_equal(tally_programme_parse(text, &document, &problems), TALLY_E_INVALID);
    assert_null(document);
    paper_list(&problems, all, sizeof all);
    assert_string_equal(all, reasons);
    tally_programme_problems_free(&problems);
    assert_int_equal(problems.count, 0);
}

static inline void refused(const char *sections, const char *reasons)
{
    struct tally_buffer text = paper(sections);
    text_is_refused(tally_buffer_slice(&text), reasons);
    tally_buffer_free(&text);
}

static inline struct tally_programme_document *text_accepted(struct tally_slice text)
{
    struct tally_programme_document *document = NULL;
    struct tally_programme_problems problems = {0};
    char all[8192];
    enum tally_status status = tally_programme_parse(text, &document, &problems);
    paper_list(&problems, all, sizeof all);
    assert_string_equal(all, "");
    assert_int_equal(status, TALLY_OK);
    tally_programme_problems_free(&problems);
    return document;
}

static inline struct tally_programme_document *accepted(const char *sections)
{
    struct tally_buffer text = paper(sections);
    struct tally_programme_document *document = text_accepted(tally_buffer_slice(&text));
    tally_buffer_wipe(&text); /* nothing may point into it */
    return document;
}

/* Accepted, with exactly these warnings. */
static inline void warned(const char *sections, const char *warnings)
{
    struct tally_buffer text = paper(sections);
    struct tally_programme_document *document = text_accepted(tally_buffer_slice(&text));
    struct tally_programme_problems list = {0};
    char all[8192];
    assert_int_equal(tally_programme_advise(document, tally_buffer_slice(&text),
                                            TALLY_PROGRAMME_VALUE_PCT_MAX, &list),
                     TALLY_OK);
    paper_list(&list, all, sizeof all);
    assert_string_equal(all, warnings);
    tally_programme_problems_free(&list);
    tally_programme_document_free(document);
    tally_buffer_free(&text);
}

static inline struct tally_buffer file_bytes(const char *path)
{
    struct tally_buffer text = {0};
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char chunk[4096];
    size_t len = 0;
    while ((len = fread(chunk, 1, sizeof chunk, file)) > 0) {
        assert_int_equal(tally_buffer_append(&text, chunk, len), TALLY_OK);
    }
    fclose(file);
    return text;
}

#endif
