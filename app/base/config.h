/* app/base/config.h: a strict INI file: a table says which keys exist, and everything else is an
 * error with file, line and what is wrong.
 *
 * Memory   text values are copies owned by the destination; free with tally_free().
 * Blocking reads one file.
 * Threads  any, one at a time for a destination. */
#ifndef TALLY_BASE_CONFIG_H
#define TALLY_BASE_CONFIG_H

#include "app/core/status.h"

#include <stddef.h>
#include <stdint.h>

enum tally_config_type {
    TALLY_CONFIG_TEXT,   /* char *; not empty */
    TALLY_CONFIG_NUMBER, /* int64_t; min..max */
    TALLY_CONFIG_SWITCH, /* bool; yes or no */
    TALLY_CONFIG_CHOICE  /* int; the index of one of `words` */
};

struct tally_config_key {
    const char *section;
    const char *key;
    enum tally_config_type type;
    size_t offset; /* of the value in the destination struct */
    int64_t min;   /* of a number */
    int64_t max;
    const char *const *words; /* of a choice; the last is NULL */
};

enum { TALLY_CONFIG_PROBLEM_MAX = 512 };

/* Reads `path` into `destination`, whose fields hold the defaults. Stops at the first mistake and
 * writes one sentence about it, "FILE:LINE: what is wrong", into `problem`.
 *   TALLY_OK, TALLY_E_INVALID, TALLY_E_NOT_FOUND (can't be read), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tally_config_read(const char *path,
                                                   const struct tally_config_key *keys,
                                                   size_t key_count, void *destination,
                                                   char problem[TALLY_CONFIG_PROBLEM_MAX]);

#endif
