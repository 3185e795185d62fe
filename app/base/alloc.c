/* SPDX-License-Identifier: Apache-2.0 */
/* Memory, from the C library, with the multiplication checked. */
#include "app/base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *tally_alloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
}

void *tally_realloc(void *old, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    size_t len = count * size;
    return realloc(old, len == 0 ? 1 : len);
}

char *tally_copy_text(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = malloc(len);
    if (copy != NULL) {
        memcpy(copy, text, len);
    }
    return copy;
}

void tally_free(void *block)
{
    free(block);
}
