/* app/story/story.h: a story in plain text, one event a line with what is to come of it, told to
 * the real engine.
 *
 * The format is in tests/stories/README.md. No rule of points is here: a story's lines become
 * events of app/core, folded at a terminal and at head office as both do it, and what comes out is
 * held against what the line says.
 *
 * Units    lines count from 1; lengths are bytes.
 * Memory   a story keeps a copy of its text; free it with story_free().
 * Blocking story_tell reads files; the others do no I/O but through the ports.
 * Threads  one at a time for each story. */
#ifndef TALLY_STORY_STORY_H
#define TALLY_STORY_STORY_H

#include "app/base/buffer.h"

#include <stdio.h>

enum {
    STORY_LEN_MAX = 1024 * 1024,
    STORY_LINE_LEN_MAX = 4096,
    STORY_STEPS_MAX = 10000,
    STORY_MEMBERS_MAX = 1000,
    STORY_TILL_MAX = 99,
    STORY_PROGRAMMES_MAX = 100,
    STORY_PROBLEM_MAX = 256
};

struct story;

/* Why a story can't be read; one sentence without control characters or card numbers. */
struct story_problem {
    size_t line;
    char text[STORY_PROBLEM_MAX];
};

/* Reads any bytes. TALLY_OK, TALLY_E_INVALID (*ret_problem says why), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status story_parse(struct tally_slice text, struct story **ret_story,
                                             struct story_problem *ret_problem);

/* NULL is allowed. */
void story_free(struct story *story);

/* One line that was told. The texts live until the call returns. */
struct story_told {
    size_t line;
    struct tally_slice text; /* as written, without its comment; card numbers are masked */
    bool as_told;
    bool is_broken;       /* something came out that must never be, whatever was told */
    const char *came_out; /* what differs; "" when as told */
};

struct story_ports {
    void *context;
    /* A programme document named in the story, appended to *ret_bytes. TALLY_OK, else the reason */
    enum tally_status (*read)(void *context, const char *path, struct tally_buffer *ret_bytes);
    void (*told)(void *context, const struct story_told *told);
};

struct story_count {
    size_t as_told;
    size_t different;
};

/* Tells a story from its beginning; one that can be read is told to its end, whatever comes out.
 *   TALLY_OK
 *   TALLY_E_INVALID    a programme can't be read, or a line makes no sense where it stands:
 *                      *ret_problem says why; the lines before it have been told
 *   TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status story_run(const struct story *story,
                                           const struct story_ports *ports,
                                           struct story_count *ret_count,
                                           struct story_problem *ret_problem);

/* Tells the story in a file, each line with what came of it, to `out`; why it can't be read, to
 * `err`. Paths in it are relative to the file. Returns an exit code: 0 all as told, 1 a line came
 * out differently, 2 it can't be read. */
int story_tell(const char *path, FILE *out, FILE *err);

#endif
