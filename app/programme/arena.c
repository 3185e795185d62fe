/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of memory in a chain, handed out piece by piece. */
#include "app/programme/arena.h"

#include "app/base/alloc.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK_LEN = 16 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t len;
    size_t cap;
    max_align_t data[];
};

static size_t rounded_up(size_t len)
{
    size_t unit = sizeof(max_align_t);
    return (len + unit - 1) / unit * unit;
}

static struct arena_block *add_block(struct arena *arena, size_t len)
{
    size_t cap = len > BLOCK_LEN ? len : BLOCK_LEN;
    if (cap > SIZE_MAX - sizeof(struct arena_block)) {
        return NULL;
    }
    struct arena_block *block = tally_alloc(1, sizeof *block + cap);
    if (block != NULL) {
        block->cap = cap;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    if (size > 0 && count > (SIZE_MAX - sizeof(max_align_t)) / size) {
        return NULL;
    }
    size_t len = rounded_up(count * size);
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->cap - block->len < len) {
        block = add_block(arena, len);
    }
    if (block == NULL) {
        return NULL;
    }
    void *at = (uint8_t *)block->data + block->len;
    block->len += len;
    return at;
}

const char *arena_text(struct arena *arena, const char *text, size_t len)
{
    char *copy = len < SIZE_MAX ? arena_alloc(arena, len + 1, 1) : NULL;
    if (copy != NULL && len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        tally_free(block);
    }
}
