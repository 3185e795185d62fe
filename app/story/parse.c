/* SPDX-License-Identifier: Apache-2.0 */
/* A story's text becomes steps: DATE [TIME] [WHO] VERB words key=value -> expectations. */
#include "app/story/parser.h"

#include "app/base/alloc.h"
#include "app/core/utf8.h"

#include <assert.h>

enum { MINUTE_NOON = 12 * 60, TILL_USUAL = 1 };

void *parser_append(void **list, size_t *count, size_t size)
{
    void *grown = story_one_more(*list, *count, size);
    if (grown == NULL) {
        return NULL;
    }
    *list = grown;
    void *item = (uint8_t *)grown + *count * size;
    memset(item, 0, size);
    (*count)++;
    return item;
}

/* ------------------------------------------------------------------ lines */

static struct tally_slice trimmed(struct tally_slice line)
{
    while (line.len > 0 && strchr(" \t\r", line.data[line.len - 1]) != NULL) {
        line.len--;
    }
    while (line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t')) {
        line.data++;
        line.len--;
    }
    return line;
}

static bool next_line(struct parser *parser, struct tally_slice *ret_line)
{
    if (parser->rest.len == 0) {
        return false;
    }
    const uint8_t *end = memchr(parser->rest.data, '\n', parser->rest.len);
    size_t len = end == NULL ? parser->rest.len : (size_t)(end - parser->rest.data);
    *ret_line = (struct tally_slice){parser->rest.data, len};
    len += end == NULL ? 0 : 1;
    parser->rest.data += len;
    parser->rest.len -= len;
    parser->line++;
    return true;
}

static bool has_control(struct tally_slice line)
{
    for (size_t i = 0; i < line.len; i++) {
        uint8_t byte = line.data[i];
        if ((byte < ' ' && byte != '\t' && byte != '\r') || byte == 0x7F) {
            return true;
        }
    }
    return false;
}

/* Before anything else: whether these bytes can be a story at all. */
static enum tally_status check_bytes(struct parser *parser)
{
    struct tally_slice line, all = parser->rest;
    if (all.len > STORY_LEN_MAX) {
        return story_complain(parser->problem, 1, "a story has at most %d bytes, this one has %zu",
                              STORY_LEN_MAX, all.len);
    }
    while (next_line(parser, &line)) {
        if (line.len > STORY_LINE_LEN_MAX) {
            return WRONG(parser, "a line has at most %d bytes, this one has %zu",
                         STORY_LINE_LEN_MAX, line.len);
        }
        if (!tally_utf8_valid(line)) {
            return WRONG(parser, "this is not text in UTF-8");
        }
        if (has_control(line)) {
            return WRONG(parser, "there is a control character in this line");
        }
    }
    parser->rest = all;
    parser->line = 0;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ programme */

/* Moves the parser behind the brace that closes the one at `open`; the slice from brace to
 * brace. */
static enum tally_status take_json(struct parser *parser, struct tally_slice line,
                                   const uint8_t *open, struct tally_slice *ret_json)
{
    size_t depth = 0, first_line = parser->line;
    bool quoted = false;
    const uint8_t *at = open;
    do {
        for (; at < line.data + line.len; at++) {
            if (quoted && *at == '\\') {
                at += at + 1 < line.data + line.len ? 1 : 0;
            } else if (*at == '"') {
                quoted = !quoted;
            } else if (!quoted && *at == '{') {
                depth++;
            } else if (!quoted && *at == '}' && --depth == 0) {
                struct tally_slice after = {at + 1, (size_t)(line.data + line.len - at - 1)};
                after = trimmed(after);
                if (after.len > 0 && after.data[0] != '#') {
                    return WRONG(parser, "nothing may follow the programme's closing brace");
                }
                *ret_json = (struct tally_slice){open, (size_t)(at + 1 - open)};
                return TALLY_OK;
            }
        }
        quoted = false; /* no text in JSON goes past the end of its line */
    } while (next_line(parser, &line) && (at = line.data) != NULL);
    parser->line = first_line;
    return WRONG(parser, "the programme that begins here has no closing brace");
}

/* rule=value ... behind "with". */
static enum tally_status take_changes(struct parser *parser, struct tally_slice words,
                                      struct story_programme *programme)
{
    struct story *story = parser->story;
    struct story_word word;
    const char *wrong = NULL;
    while (story_next_word(&words, &word, &wrong)) {
        if (wrong != NULL) {
            return WRONG(parser, "%s", wrong);
        }
        if (!word.has_value) {
            return WRONG(parser, "'%.*s': write programme FILE with rule=value ...",
                         SHOWN(word.key));
        }
        struct story_change *change = APPEND(story->changes, story->change_count);
        if (change == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        *change = (struct story_change){parser->line, word.key, word.value};
        programme->changes.count++;
    }
    return TALLY_OK;
}

/* A line that begins with "with" is about the programme before it. */
static enum tally_status take_with(struct parser *parser, struct tally_slice words)
{
    struct story *story = parser->story;
    if (story->programme_count == 0) {
        return WRONG(parser, "'with' belongs behind or below a programme");
    }
    return take_changes(parser, words, &story->programmes[story->programme_count - 1]);
}

/* `words` is what stands behind "programme". */
static enum tally_status take_programme(struct parser *parser, struct tally_slice line,
                                        struct tally_slice words)
{
    struct story *story = parser->story;
    struct story_programme programme = {.line = parser->line};
    struct story_word word;
    const char *wrong = NULL;
    words = trimmed(words);
    programme.changes.first = story->change_count;
    if (story->programme_count == STORY_PROGRAMMES_MAX) {
        return WRONG(parser, "a story has at most %d programmes", STORY_PROGRAMMES_MAX);
    }
    if (words.len > 0 && words.data[0] == '{') {
        TALLY_TRY(take_json(parser, line, words.data, &programme.json));
    } else if (!story_next_word(&words, &word, &wrong) || word.has_value || word.is_arrow ||
               word.key.len == 0) {
        return WRONG(parser, "write programme FILE, or programme { with the document behind it");
    } else if (wrong != NULL) {
        return WRONG(parser, "%s", wrong);
    } else {
        programme.path = word.key;
        struct story_word with = {.has_value = false};
        if (story_next_word(&words, &with, &wrong) &&
            (with.has_value || !story_is(with.key, "with"))) {
            return WRONG(parser, "'%.*s': write programme FILE with rule=value ...",
                         SHOWN(with.key));
        }
        TALLY_TRY(take_changes(parser, words, &programme));
    }
    struct story_programme *place = APPEND(story->programmes, story->programme_count);
    if (place == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *place = programme;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ one line */

/* Takes date and time off the front, if they are there. */
static enum tally_status take_moment(struct parser *parser, struct tally_slice *words)
{
    struct tally_slice ahead = *words;
    struct story_word word;
    const char *wrong = NULL;
    int32_t day = parser->day, minute = parser->minute;
    bool more = story_next_word(&ahead, &word, &wrong);
    enum tally_status status = more ? story_day_of(word.key, &day) : TALLY_E_NOT_FOUND;
    if (status == TALLY_OK) {
        minute = parser->has_day && day == parser->day ? minute : MINUTE_NOON;
        *words = ahead;
        more = story_next_word(&ahead, &word, &wrong);
    }
    enum tally_status time_status = more ? story_minute_of(word.key, &minute) : TALLY_E_NOT_FOUND;
    if (time_status == TALLY_OK) {
        *words = ahead;
    }
    if (status == TALLY_E_INVALID || time_status == TALLY_E_INVALID) {
        return WRONG(parser, "'%.*s' is not in the calendar or on the clock", SHOWN(word.key));
    }
    if (status != TALLY_OK && !parser->has_day) {
        return WRONG(parser, "the first line that happens begins with a date like 2026-01-31");
    }
    if (parser->has_day && (day < parser->day || (day == parser->day && minute < parser->minute))) {
        return WRONG(parser, "this is before the line above: a story goes forward in time");
    }
    parser->has_day = true;
    parser->day = day;
    parser->minute = minute;
    return TALLY_OK;
}

/* What stands before the comment; the words behind the arrow in *ret_expected if there is one. */
static enum tally_status cut_line(struct parser *parser, struct tally_slice line,
                                  struct tally_slice *ret_said, struct tally_slice *ret_expected,
                                  bool *ret_has_arrow)
{
    struct tally_slice words = line;
    struct story_word word;
    const char *wrong = NULL;
    *ret_has_arrow = false;
    while (story_next_word(&words, &word, &wrong)) {
        if (wrong != NULL) {
            return WRONG(parser, "%s", wrong);
        }
        if (word.is_arrow && !*ret_has_arrow) {
            *ret_has_arrow = true;
            *ret_expected = words;
        }
    }
    *ret_said = trimmed((struct tally_slice){line.data, (size_t)(words.data - line.data)});
    return TALLY_OK;
}

static enum tally_status take_step(struct parser *parser, struct tally_slice line,
                                   struct tally_slice words)
{
    struct story *story = parser->story;
    struct story_step step = {.line = parser->line,
                              .member = SIZE_MAX,
                              .other = SIZE_MAX,
                              .brought = SIZE_MAX,
                              .till = TILL_USUAL,
                              .expires_day = INT32_MIN,
                              .until_day = INT32_MIN};
    struct tally_slice expected = {NULL, 0};
    bool has_arrow = false;
    if (story->step_count == STORY_STEPS_MAX) {
        return WRONG(parser, "a story has at most %d lines that happen", STORY_STEPS_MAX);
    }
    step.lines.first = story->line_count;
    step.tenders.first = story->tender_count;
    step.claims.first = story->claim_count;
    step.returns.first = story->return_count;
    step.expects.first = story->expect_count;
    TALLY_TRY(cut_line(parser, line, &step.text, &expected, &has_arrow));
    TALLY_TRY(take_moment(parser, &words));
    step.day = parser->day;
    step.minute = parser->minute;
    TALLY_TRY(parser_take_happening(parser, words, &step));
    if (has_arrow) {
        TALLY_TRY(parser_take_expected(parser, expected, &step));
    }
    struct story_step *place = APPEND(story->steps, story->step_count);
    if (place == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *place = step;
    return TALLY_OK;
}

static enum tally_status take_line(struct parser *parser, struct tally_slice line)
{
    struct tally_slice words = line;
    struct story_word word;
    const char *wrong = NULL;
    if (!story_next_word(&words, &word, &wrong)) {
        return TALLY_OK;
    }
    if (wrong != NULL) {
        return WRONG(parser, "%s", wrong);
    }
    if (!word.has_value && story_is(word.key, "programme")) {
        return take_programme(parser, line, words);
    }
    if (!word.has_value && story_is(word.key, "with")) {
        return take_with(parser, words);
    }
    return take_step(parser, line, line);
}

static enum tally_status take_story(struct parser *parser)
{
    struct tally_slice line;
    TALLY_TRY(check_bytes(parser));
    while (next_line(parser, &line)) {
        TALLY_TRY(take_line(parser, line));
    }
    parser->line += parser->line == 0 ? 1 : 0;
    if (parser->story->programme_count == 0) {
        return WRONG(parser, "a story needs its rules: write programme FILE");
    }
    return parser->story->step_count > 0 ? TALLY_OK : WRONG(parser, "nothing happens");
}

enum tally_status story_parse(struct tally_slice text, struct story **ret_story,
                              struct story_problem *ret_problem)
{
    assert(text.data != NULL || text.len == 0);
    assert(ret_story != NULL);
    assert(ret_problem != NULL);

    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    const size_t mark_len = sizeof byte_order_mark - 1;
    if (text.len >= mark_len && memcmp(text.data, byte_order_mark, mark_len) == 0) {
        text.data += mark_len;
        text.len -= mark_len;
    }
    struct story *story = tally_alloc(1, sizeof *story);
    if (story == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct parser parser = {.story = story, .problem = ret_problem, .rest = text};
    enum tally_status status = TALLY_OK;
    if (text.len <= STORY_LEN_MAX) { /* a longer one is only complained about */
        status = tally_buffer_append(&story->text, text.data, text.len);
        parser.rest = tally_buffer_slice(&story->text);
    }
    if (status == TALLY_OK) {
        status = take_story(&parser);
    }
    if (status != TALLY_OK) {
        story_free(story);
        return status;
    }
    *ret_story = story;
    return TALLY_OK;
}

void story_free(struct story *story)
{
    if (story == NULL) {
        return;
    }
    tally_buffer_free(&story->text);
    tally_free(story->steps);
    tally_free(story->programmes);
    tally_free(story->lines);
    tally_free(story->tenders);
    tally_free(story->claims);
    tally_free(story->returns);
    tally_free(story->expects);
    tally_free(story->changes);
    tally_free(story->names);
    tally_free(story);
}
