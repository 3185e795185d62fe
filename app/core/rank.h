/* app/core/rank.h: an order of things by a number: a sort with no memory of its own.
 *
 * Threads  pure. */
#ifndef TALLY_CORE_RANK_H
#define TALLY_CORE_RANK_H

#include <stddef.h>
#include <stdint.h>

struct tally_rank {
    int64_t key;
    size_t index; /* of the thing; the lower one goes first among equal keys */
};

void tally_ranks_sort(struct tally_rank *ranks, size_t count);

#endif
