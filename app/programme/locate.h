/* app/programme/locate.h: where in a JSON text a value stands. Private to app/programme.
 *
 * The JSON library doesn't keep lines. This only finds positions, in text that the library has
 * accepted; it decides nothing.
 *
 * Memory   nothing is allocated.
 * Threads  pure. */
#ifndef TALLY_PROGRAMME_LOCATE_H
#define TALLY_PROGRAMME_LOCATE_H

#include "app/core/bytes.h"

/* One step down from `parent` (NULL: the whole document): into an object by `key`, or into an array
 * by `index` when key is NULL. */
struct locate_path {
    const struct locate_path *parent;
    const char *key;
    size_t index;
};

/* Line of the value that `path` leads to (of its key, in an object); when a step isn't found, of
 * the last one that is. */
size_t locate_line(struct tally_slice json, const struct locate_path *path);

/* "tiers.levels[2].code" into `text`, cut where it doesn't fit; "the document" for NULL. */
void locate_text(const struct locate_path *path, char *text, size_t cap);

#endif
