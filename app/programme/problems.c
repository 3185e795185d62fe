/* SPDX-License-Identifier: Apache-2.0 */
/* Collects what is to be said about a document. */
#include "app/programme/problems.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <stdio.h>

enum { PROBLEM_LEN_MAX = 640 };

enum tally_status problems_add(struct tally_programme_problems *problems, size_t line,
                               const char *text)
{
    if (problems->count == TALLY_PROGRAMME_PROBLEMS_MAX) {
        problems->untold++;
        return TALLY_OK;
    }
    struct tally_programme_problem *items =
        tally_realloc(problems->items, problems->count + 1, sizeof *items);
    if (items == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    problems->items = items;
    char *copy = tally_copy_text(text);
    if (copy == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    for (char *at = copy; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7F) {
            *at = '?';
        }
    }
    items[problems->count] = (struct tally_programme_problem){line, copy};
    problems->count++;
    return TALLY_OK;
}

/* By insertion: there are never many, and qsort would not keep their order. */
void problems_sort(struct tally_programme_problems *problems)
{
    for (size_t i = 1; i < problems->count; i++) {
        struct tally_programme_problem problem = problems->items[i];
        size_t to = i;
        for (; to > 0 && problems->items[to - 1].line > problem.line; to--) {
            problems->items[to] = problems->items[to - 1];
        }
        problems->items[to] = problem;
    }
}

enum tally_status problems_say(struct tally_programme_problems *problems, struct tally_slice json,
                               const struct locate_path *path, const char *format, va_list args)
{
    if (problems->count == TALLY_PROGRAMME_PROBLEMS_MAX) {
        problems->untold++; /* finding its line would be in vain */
        return TALLY_OK;
    }
    char text[PROBLEM_LEN_MAX];
    locate_text(path, text, sizeof text / 2);
    size_t len = strlen(text);
    snprintf(text + len, sizeof text - len, ": ");
    len = strlen(text);
    vsnprintf(text + len, sizeof text - len, format, args);
    return problems_add(problems, locate_line(json, path), text);
}

void tally_programme_problems_free(struct tally_programme_problems *problems)
{
    assert(problems != NULL);

    for (size_t i = 0; i < problems->count; i++) {
        tally_free(problems->items[i].text);
    }
    tally_free(problems->items);
    *problems = (struct tally_programme_problems){0};
}
