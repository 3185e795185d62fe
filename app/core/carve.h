/* app/core/carve.h: several arrays out of one block of the caller's, so that nothing is allocated.
 *
 * Measuring and carving are the same walk: without a block, `at` becomes the length that is needed.
 *
 * Memory   what is carved lives as long as the block.
 * Threads  pure. */
#ifndef TALLY_CORE_CARVE_H
#define TALLY_CORE_CARVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally_carver {
    uint8_t *block; /* aligned as malloc's; NULL: measure only */
    size_t len;
    size_t at;   /* SIZE_MAX once it did not fit in a size_t */
    bool failed; /* the block is too small, or `at` overflowed */
};

/* `count` things of `size` bytes, zeroed; NULL when measuring or failed. */
void *tally_carve(struct tally_carver *carver, size_t count, size_t size);
/* The same, not zeroed: for lists that are filled from their beginning. */
void *tally_carve_list(struct tally_carver *carver, size_t count, size_t size);

#endif
