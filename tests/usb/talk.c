/* SPDX-License-Identifier: Apache-2.0 */
/* Reads conversations and plays them over a bus. */
#include "tests/usb/talk.h"
#include "tests/usb/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the file ---- */

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    char *text = NULL;
    size_t len = 0;
    for (size_t got = 1; got > 0; len += got) {
        text = realloc(text, len + BUFSIZ + 1);
        MUST(text != NULL);
        got = fread(text + len, 1, BUFSIZ, file);
    }
    text[len] = '\0';
    fclose(file);
    return text;
}

static char *trim(char *text)
{
    char *end = text + strlen(text);
    while (end > text && end[-1] == ' ') {
        *--end = '\0';
    }
    return text + strspn(text, " ");
}

static void add_talk(struct talks *talks, const char *name)
{
    talks->talks = realloc(talks->talks, (talks->count + 1) * sizeof *talks->talks);
    MUST(talks->talks != NULL);
    talks->talks[talks->count++] = (struct talk){.name = name};
}

static void add_row(struct talk *talk, struct talk_row row)
{
    talk->rows = realloc(talk->rows, (talk->row_count + 1) * sizeof *talk->rows);
    MUST(talk->rows != NULL);
    talk->rows[talk->row_count++] = row;
}

static void read_row(struct talks *talks, char *text, unsigned line)
{
    if (talks->count == 0) {
        fprintf(stderr, "%s:%u: a row before the first conversation\n", talks->path, line);
        exit(2);
    }
    struct talk_row row = {.line = line};
    char *hear = strstr(text, " > ");
    if (hear != NULL) {
        *hear = '\0';
        row.hear = trim(hear + 3);
    }
    char *act = trim(text);
    row.act = act[0] == '\0' ? NULL : act;
    add_row(&talks->talks[talks->count - 1], row);
}

void talks_read(struct talks *talks, const char *path)
{
    *talks = (struct talks){.path = path, .text = read_file(path)};
    unsigned line = 0;
    char *rest = talks->text;
    for (char *text = strsep(&rest, "\n"); text != NULL; text = strsep(&rest, "\n")) {
        line++;
        bool is_empty = text[strspn(text, " ")] == '\0';
        if (text[0] == '#' || is_empty) {
            continue;
        }
        if (text[0] == ' ') {
            read_row(talks, text, line);
        } else {
            add_talk(talks, trim(text));
        }
    }
}

void talks_free(struct talks *talks)
{
    for (size_t i = 0; i < talks->count; i++) {
        free(talks->talks[i].rows);
    }
    free(talks->talks);
    free(talks->text);
}

/* ---- playing ---- */

static const char *const verdict_words[] = {"ok", "FAILED", "skipped: not on this bus"};

struct scene {
    const struct talks *talks;
    const struct talk *talk;
    struct talk_side *side;
    const char *done; /* the last thing */
};

static void show(const struct scene *scene, unsigned line, const char *expected, const char *heard)
{
    fprintf(stderr, "%s:%u: %s, over %s\n    done:     %s\n    expected: %s\n    heard:    %s\n",
            scene->talks->path, line, scene->talk->name, scene->side->name,
            scene->done == NULL ? "nothing" : scene->done, expected, heard);
}

static enum talk_verdict do_act(struct scene *scene, const struct talk_row *row)
{
    if (row->act == NULL) {
        return TALK_PASSED;
    }
    scene->done = row->act;
    switch (scene->side->act(scene->side, row->act)) {
    case TALK_DONE:
        return TALK_PASSED;
    case TALK_CANNOT:
        return TALK_SKIPPED;
    case TALK_NOT_UNDERSTOOD:
        break;
    }
    show(scene, row->line, "something that can be done", "not understood");
    return TALK_FAILED;
}

static bool is_as_written(const char *hear, const char *line)
{
    size_t len = strlen(hear);
    bool is_beginning = len > 4 && strcmp(hear + len - 4, " ...") == 0;
    return is_beginning ? strncmp(hear, line, len - 4) == 0 : strcmp(hear, line) == 0;
}

static enum talk_verdict play_row(struct scene *scene, const struct talk_row *row)
{
    enum talk_verdict verdict = do_act(scene, row);
    if (verdict != TALK_PASSED || row->hear == NULL) {
        return verdict;
    }
    char line[TALK_LINE_LEN_MAX];
    bool is_heard = scene->side->hear(scene->side, line);
    if (is_heard && is_as_written(row->hear, line)) {
        return TALK_PASSED;
    }
    show(scene, row->line, row->hear, is_heard ? line : "nothing more");
    return TALK_FAILED;
}

static enum talk_verdict expect_silence(struct scene *scene)
{
    char line[TALK_LINE_LEN_MAX];
    enum talk_verdict verdict = TALK_PASSED;
    const struct talk *talk = scene->talk;
    while (scene->side->hear(scene->side, line)) {
        unsigned at = talk->row_count == 0 ? 0 : talk->rows[talk->row_count - 1].line;
        show(scene, at, "nothing more", line);
        verdict = TALK_FAILED;
    }
    return verdict;
}

static void swallow(struct talk_side *side)
{
    char line[TALK_LINE_LEN_MAX];
    while (side->hear(side, line)) {
    }
}

enum talk_verdict talk_play(const struct talks *talks, const struct talk *talk,
                            struct talk_side *side)
{
    struct scene scene = {.talks = talks, .talk = talk, .side = side};
    enum talk_verdict verdict = TALK_PASSED;
    side->begin(side);
    for (size_t i = 0; i < talk->row_count && verdict == TALK_PASSED; i++) {
        verdict = play_row(&scene, &talk->rows[i]);
    }
    side->finish(side);
    if (verdict == TALK_PASSED) {
        verdict = expect_silence(&scene);
    } else {
        swallow(side);
    }
    return side->end(side) ? verdict : TALK_FAILED;
}

unsigned talks_play(const struct talks *talks, struct talk_side *side, const char *only)
{
    unsigned counts[3] = {0, 0, 0};
    for (size_t i = 0; i < talks->count; i++) {
        if (only == NULL || strstr(talks->talks[i].name, only) != NULL) {
            enum talk_verdict verdict = talk_play(talks, &talks->talks[i], side);
            counts[verdict]++;
            printf("%s: %s ... %s\n", side->name, talks->talks[i].name, verdict_words[verdict]);
        }
    }
    printf("%s: %u passed, %u failed, %u not on this bus\n", side->name, counts[TALK_PASSED],
           counts[TALK_FAILED], counts[TALK_SKIPPED]);
    return counts[TALK_FAILED];
}

/* ---- with the cable pulled ---- */

static bool is_card(const char *line)
{
    return strncmp(line, "card ", 5) == 0;
}

static bool is_written(const struct talk *talk, const char *line)
{
    for (size_t i = 0; i < talk->row_count; i++) {
        if (talk->rows[i].hear != NULL && strcmp(talk->rows[i].hear, line) == 0) {
            return true;
        }
    }
    return false;
}

/* Rows as written, until one is not heard: the cable was out by then. */
static enum talk_verdict play_until_cut(struct scene *scene, char last[TALK_LINE_LEN_MAX])
{
    for (size_t i = 0; i < scene->talk->row_count; i++) {
        const struct talk_row *row = &scene->talk->rows[i];
        last[0] = '\0';
        enum talk_verdict verdict = do_act(scene, row);
        if (verdict != TALK_PASSED) {
            return verdict;
        }
        if (row->hear != NULL &&
            (!scene->side->hear(scene->side, last) || !is_as_written(row->hear, last))) {
            return TALK_PASSED;
        }
    }
    last[0] = '\0';
    return TALK_PASSED;
}

/* ---- and put back ---- */

static bool is_plug(const struct talk_row *row)
{
    return row->act != NULL && strncmp(row->act, "plug ", 5) == 0;
}

/* The next line that begins so. What else is said on the way is no card that the table does not
 * name. */
static bool hear_until(struct scene *scene, const char *beginning)
{
    char line[TALK_LINE_LEN_MAX];
    while (scene->side->hear(scene->side, line)) {
        if (strncmp(line, beginning, strlen(beginning)) == 0) {
            return true;
        }
        if (is_card(line) && !is_written(scene->talk, line)) {
            show(scene, scene->talk->rows[0].line, beginning, line);
            return false;
        }
    }
    show(scene, scene->talk->rows[0].line, beginning, "nothing more, after the cable was put back");
    return false;
}

/* The settings of the conversation up to a row: some may have been made before the cut. */
static bool set_again(struct scene *scene, size_t until)
{
    for (size_t i = 0; i < until; i++) {
        const struct talk_row *row = &scene->talk->rows[i];
        bool is_setting = row->act != NULL && strncmp(row->act, "terminal ", 9) == 0;
        if (is_setting && (do_act(scene, row) != TALK_PASSED || !hear_until(scene, row->hear))) {
            return false;
        }
    }
    return true;
}

/* After a cut, a reader may be paired or not, and either is right. */
static bool is_pairing(const struct talk_row *row)
{
    return row->act != NULL && strcmp(row->act, "terminal pairs it") == 0;
}

/* The device whose cable was pulled is plugged in again, and the conversation's first card is shown
 * to it. A card that is another device's is none for it. */
static enum talk_verdict plug_in_again(struct scene *scene)
{
    const struct talk *talk = scene->talk;
    size_t plug = 0, card = 0;
    while (plug < talk->row_count && !is_plug(&talk->rows[plug])) {
        plug++;
    }
    for (card = plug; card < talk->row_count; card++) {
        const struct talk_row *row = &talk->rows[card];
        if ((card > plug && is_plug(row)) || is_pairing(row) ||
            (row->act != NULL && row->hear != NULL && is_card(row->hear))) {
            break;
        }
    }
    if (card >= talk->row_count || is_plug(&talk->rows[card]) || is_pairing(&talk->rows[card])) {
        return TALK_PASSED; /* no card in this conversation, or another device's */
    }
    bool is_fine = set_again(scene, card) && do_act(scene, &talk->rows[plug]) == TALK_PASSED &&
                   hear_until(scene, "ready ") && do_act(scene, &talk->rows[card]) == TALK_PASSED &&
                   hear_until(scene, talk->rows[card].hear);
    return is_fine ? TALK_PASSED : TALK_FAILED;
}

static enum talk_verdict play_cut_once(struct scene *scene)
{
    char line[TALK_LINE_LEN_MAX] = "";
    struct talk_side *side = scene->side;
    side->begin(side);
    enum talk_verdict verdict = play_until_cut(scene, line);
    if (verdict == TALK_PASSED && side->was_cut(side)) {
        if (is_card(line) && !is_written(scene->talk, line)) {
            show(scene, scene->talk->rows[0].line, "no card but those written here", line);
            verdict = TALK_FAILED;
        } else {
            verdict = plug_in_again(scene);
        }
        line[0] = '\0';
    }
    side->finish(side);
    do {
        if (verdict == TALK_PASSED && is_card(line) && !is_written(scene->talk, line)) {
            show(scene, scene->talk->rows[0].line, "no card but those written here", line);
            verdict = TALK_FAILED;
        }
    } while (side->hear(side, line));
    return side->end(side) ? verdict : TALK_FAILED;
}

/* All of the first ones, where a conversation begins; then, of a sample, every so many. */
static unsigned next_cut(unsigned at, struct talk_cuts cuts)
{
    enum { FIRST_ONES = 8, SAMPLE = 23 };
    return at + (cuts.is_sample && at >= FIRST_ONES ? SAMPLE : 1);
}

enum talk_verdict talk_play_cut(const struct talks *talks, const struct talk *talk,
                                struct talk_side *side, struct talk_cuts cuts)
{
    struct scene scene = {.talks = talks, .talk = talk, .side = side};
    enum talk_verdict verdict = TALK_PASSED;
    bool goes_on = true;
    unsigned at = 1, last = 0, count = 0;
    for (; goes_on && verdict == TALK_PASSED; at = next_cut(at, cuts)) {
        side->cut(side, (struct side_cut){.after_transfers = cuts.by_packets ? 0 : at,
                                          .after_packets = cuts.by_packets ? at : 0});
        last = at;
        verdict = play_cut_once(&scene);
        goes_on = side->was_cut(side);
        count += goes_on;
    }
    side->cut(side, (struct side_cut){0, 0});
    printf("%s: the cable pulled at %u points", side->name, count);
    if (verdict == TALK_FAILED) {
        printf(", FAILED at %s %u", cuts.by_packets ? "packet" : "transfer", last);
    }
    printf(": ");
    return verdict;
}

unsigned talks_play_cut(const struct talks *talks, struct talk_side *side, const char *only,
                        struct talk_cuts cuts)
{
    unsigned failed = 0;
    for (size_t i = 0; i < talks->count; i++) {
        if (only == NULL || strstr(talks->talks[i].name, only) != NULL) {
            enum talk_verdict verdict = talk_play_cut(talks, &talks->talks[i], side, cuts);
            printf("%s ... %s\n", talks->talks[i].name, verdict_words[verdict]);
            failed += verdict == TALK_FAILED;
        }
    }
    return failed;
}
