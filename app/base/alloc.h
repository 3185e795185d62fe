/* app/base/alloc.h: the one place where memory comes from, so that a failing allocation can be
 * tested everywhere.
 *
 * Errors   NULL when there is no memory; the caller answers TALLY_E_NO_MEMORY.
 * Threads  any. */
#ifndef TALLY_BASE_ALLOC_H
#define TALLY_BASE_ALLOC_H

#include <stddef.h>

/* `count` objects of `size` bytes, all zero; NULL on overflow or without memory. count * size of 0
 * gives a valid pointer. Freed with tally_free(). */
void *tally_alloc(size_t count, size_t size);

/* Makes `old` (NULL or from tally_alloc) hold `count` objects; new bytes are not set. On NULL the
 * old block is untouched. */
void *tally_realloc(void *old, size_t count, size_t size);

/* A NUL-terminated copy. */
char *tally_copy_text(const char *text);

/* NULL is allowed. */
void tally_free(void *block);

#endif
