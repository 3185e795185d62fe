/* SPDX-License-Identifier: Apache-2.0 */
/* Heapsort: no heap memory and no bad case; the C library's qsort promises neither. */
#include "app/core/rank.h"

#include <assert.h>
#include <stdbool.h>

static bool is_before(const struct tally_rank *left, const struct tally_rank *right)
{
    return left->key != right->key ? left->key < right->key : left->index < right->index;
}

static void swap(struct tally_rank *left, struct tally_rank *right)
{
    struct tally_rank other = *left;
    *left = *right;
    *right = other;
}

static void sift_down(struct tally_rank *ranks, size_t root, size_t count)
{
    while (2 * root + 1 < count) {
        size_t child = 2 * root + 1;
        if (child + 1 < count && is_before(&ranks[child], &ranks[child + 1])) {
            child++;
        }
        if (!is_before(&ranks[root], &ranks[child])) {
            return;
        }
        swap(&ranks[root], &ranks[child]);
        root = child;
    }
}

void tally_ranks_sort(struct tally_rank *ranks, size_t count)
{
    assert(ranks != NULL || count == 0);

    for (size_t root = count / 2; root > 0; root--) {
        sift_down(ranks, root - 1, count);
    }
    for (size_t end = count; end > 1; end--) {
        swap(&ranks[0], &ranks[end - 1]);
        sift_down(ranks, 0, end - 1);
    }
}
