/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays out of one block. */
#include "app/core/carve.h"

#include <assert.h>
#include <string.h>

enum { ALIGNMENT = _Alignof(max_align_t) };

static void *fail(struct tally_carver *carver, size_t at)
{
    carver->failed = true;
    carver->at = at;
    return NULL;
}

void *tally_carve_list(struct tally_carver *carver, size_t count, size_t size)
{
    assert(carver != NULL);
    assert(size > 0);

    if (carver->at == SIZE_MAX || count > (SIZE_MAX - ALIGNMENT) / size) {
        return fail(carver, SIZE_MAX);
    }
    size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (bytes > SIZE_MAX - 1 - carver->at) {
        return fail(carver, SIZE_MAX);
    }
    size_t at = carver->at;
    carver->at = at + bytes;
    if (carver->block == NULL) {
        return NULL;
    }
    if (carver->failed || carver->at > carver->len) {
        return fail(carver, carver->at);
    }
    return carver->block + at;
}

void *tally_carve(struct tally_carver *carver, size_t count, size_t size)
{
    void *things = tally_carve_list(carver, count, size);
    if (things != NULL) {
        memset(things, 0, count * size);
    }
    return things;
}
