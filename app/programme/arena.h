/* app/programme/arena.h: memory that is given back at once. Private to app/programme.
 *
 * Memory   a zeroed struct is an empty arena; what it gives lives until arena_free().
 * Errors   NULL when there is no memory.
 * Threads  one at a time for each arena. */
#ifndef TALLY_PROGRAMME_ARENA_H
#define TALLY_PROGRAMME_ARENA_H

#include <stddef.h>

struct arena_block;
struct arena {
    struct arena_block *blocks; /* owned; the newest first */
};

/* `count` objects of `size` bytes, all zero and aligned for anything; never NULL for 0 of them. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of `len` bytes. */
const char *arena_text(struct arena *arena, const char *text, size_t len);

/* Leaves an empty arena. */
void arena_free(struct arena *arena);

#endif
