/* SPDX-License-Identifier: Apache-2.0 */
/* A story from a file to people: its lines with what came of each. */
#include "app/story/story.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>

enum { AS_TOLD = 0, DIFFERENT = 1, UNREADABLE = 2, READ_MAX = STORY_LEN_MAX + 1 };

struct telling {
    const char *path;
    FILE *out;
};

/* Up to READ_MAX bytes: what is longer is too long for anybody. */
static enum tally_status read_file(const char *path, struct tally_buffer *ret_bytes)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return errno == ENOENT   ? TALLY_E_NOT_FOUND
               : errno == EACCES ? TALLY_E_NO_PERMISSION
                                 : TALLY_E_STORE_IO;
    }
    char piece[BUFSIZ];
    enum tally_status status = TALLY_OK;
    size_t got = 0;
    do {
        got = fread(piece, 1, sizeof piece, file);
        status = tally_buffer_append(ret_bytes, piece, got);
    } while (status == TALLY_OK && got > 0 && ret_bytes->len < READ_MAX);
    if (status == TALLY_OK && ferror(file) != 0) {
        status = TALLY_E_STORE_IO; /* a folder, for one */
    }
    fclose(file);
    return status;
}

/* A programme's path is relative to the story's. */
static enum tally_status read_beside(void *context, const char *path,
                                     struct tally_buffer *ret_bytes)
{
    const struct telling *telling = context;
    const char *slash = strrchr(telling->path, '/');
    size_t folder = slash == NULL || path[0] == '/' ? 0 : (size_t)(slash + 1 - telling->path);
    char whole[PATH_MAX];
    if (folder + strlen(path) >= sizeof whole) {
        return TALLY_E_NOT_FOUND;
    }
    snprintf(whole, sizeof whole, "%.*s%s", (int)folder, telling->path, path);
    return read_file(whole, ret_bytes);
}

static void print(void *context, const struct story_told *told)
{
    const struct telling *telling = context;
    fprintf(telling->out, "%5zu  %s  %.*s\n", told->line, told->as_told ? "ok  " : "DIFF",
            (int)told->text.len, (const char *)told->text.data);
    if (!told->as_told) {
        fprintf(telling->out, "%13s%s\n", "", told->came_out);
    }
}

int story_tell(const char *path, FILE *out, FILE *err)
{
    assert(path != NULL);
    assert(out != NULL);
    assert(err != NULL);

    struct telling telling = {path, out};
    const struct story_ports ports = {&telling, read_beside, print};
    struct tally_buffer text = {0};
    struct story *story = NULL;
    struct story_problem problem = {.line = 0};
    struct story_count count = {0, 0};
    enum tally_status status = read_file(path, &text);
    if (status == TALLY_OK) {
        status = story_parse(tally_buffer_slice(&text), &story, &problem);
    }
    tally_buffer_free(&text);
    if (status == TALLY_OK) {
        fprintf(out, "%s\n", path);
        status = story_run(story, &ports, &count, &problem);
    }
    story_free(story);
    if (status != TALLY_OK && problem.line > 0) {
        fprintf(err, "%s:%zu: %s\n", path, problem.line, problem.text);
    } else if (status != TALLY_OK) {
        fprintf(err, "%s: %s\n", path, tally_status_text(status));
    } else {
        fprintf(out, "%zu lines as told, %zu not\n", count.as_told, count.different);
    }
    return status != TALLY_OK ? UNREADABLE : count.different > 0 ? DIFFERENT : AS_TOLD;
}
