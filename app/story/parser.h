/* app/story/parser.h: what the parser's files share: parse.c takes lines apart, happening.c reads
 * what stands before the arrow, expected.c what stands behind it.
 *
 * Memory   a parser borrows the story that it fills.
 * Threads  one at a time. */
#ifndef TALLY_STORY_PARSER_H
#define TALLY_STORY_PARSER_H

#include "app/story/words.h"

struct parser {
    struct story *story;
    struct story_problem *problem;
    struct tally_slice rest; /* of the text, from the next line on */
    size_t line;
    bool has_day;
    int32_t day;
    int32_t minute;
};

enum { WORD_SHOWN_MAX = 40 }; /* bytes of a word in a problem */

#define SHOWN(word)                                                                                \
    (int)((word).len < WORD_SHOWN_MAX ? (word).len : WORD_SHOWN_MAX), (const char *)(word).data

#define WRONG(parser, ...) story_complain((parser)->problem, (parser)->line, __VA_ARGS__)

/* Appends a zeroed item to one of the story's arrays; NULL without memory. */
#define APPEND(list, count) parser_append((void **)&(list), &(count), sizeof *(list))
void *parser_append(void **list, size_t *count, size_t size);

/* The words between the date and the arrow, into the step.
 * Each: TALLY_OK, TALLY_E_INVALID (the problem says why), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status
parser_take_happening(struct parser *parser, struct tally_slice words, struct story_step *step);
/* The words behind the arrow. */
TALLY_MUST_USE enum tally_status
parser_take_expected(struct parser *parser, struct tally_slice words, struct story_step *step);

#endif
