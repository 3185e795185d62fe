/* SPDX-License-Identifier: Apache-2.0 */
/* Strict INI reading on inih, which does not tell its handler the line: our own line source
 * does. */
#include "app/base/config.h"

#include "app/base/alloc.h"

#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    const char *path;
    FILE *file;
    int line;
    const struct tally_config_key *keys;
    size_t key_count;
    bool *seen;
    char *destination;
    char *problem;
    enum tally_status status;
};

static char *next_line(char *text, int size, void *context)
{
    struct reading *reading = context;
    if (reading->status != TALLY_OK) {
        return NULL; /* one mistake at a time: the first */
    }
    reading->line++;
    return fgets(text, size, reading->file);
}

static int mistake(struct reading *reading, enum tally_status status, const char *what,
                   const char *name)
{
    if (reading->status == TALLY_OK) {
        snprintf(reading->problem, TALLY_CONFIG_PROBLEM_MAX, "%s:%d: %s: %s", reading->path,
                 reading->line, name, what);
        reading->status = status;
    }
    return 0;
}

static int set_text(struct reading *reading, const struct tally_config_key *key, const char *value)
{
    if (value[0] == '\0') {
        return mistake(reading, TALLY_E_INVALID, "must not be empty", key->key);
    }
    char *copy = tally_copy_text(value);
    if (copy == NULL) {
        return mistake(reading, TALLY_E_NO_MEMORY, "not enough memory", key->key);
    }
    char **field = (char **)(void *)(reading->destination + key->offset);
    tally_free(*field);
    *field = copy;
    return 1;
}

static int set_number(struct reading *reading, const struct tally_config_key *key,
                      const char *value)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (value[0] == '\0' || *end != '\0' || errno != 0 || number < key->min || number > key->max) {
        char what[128];
        snprintf(what, sizeof what, "must be a whole number from %" PRId64 " to %" PRId64, key->min,
                 key->max);
        return mistake(reading, TALLY_E_INVALID, what, key->key);
    }
    *(int64_t *)(void *)(reading->destination + key->offset) = number;
    return 1;
}

static int set_switch(struct reading *reading, const struct tally_config_key *key,
                      const char *value)
{
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0) {
        return mistake(reading, TALLY_E_INVALID, "must be yes or no", key->key);
    }
    *(bool *)(void *)(reading->destination + key->offset) = yes;
    return 1;
}

static int set_choice(struct reading *reading, const struct tally_config_key *key,
                      const char *value)
{
    char what[128] = "must be one of:";
    for (int i = 0; key->words[i] != NULL; i++) {
        if (strcmp(value, key->words[i]) == 0) {
            *(int *)(void *)(reading->destination + key->offset) = i;
            return 1;
        }
        size_t len = strlen(what);
        snprintf(what + len, sizeof what - len, " %s", key->words[i]);
    }
    return mistake(reading, TALLY_E_INVALID, what, key->key);
}

static int on_value(void *context, const char *section, const char *name, const char *value)
{
    struct reading *reading = context;
    for (size_t i = 0; i < reading->key_count; i++) {
        const struct tally_config_key *key = &reading->keys[i];
        if (strcmp(key->section, section) != 0 || strcmp(key->key, name) != 0) {
            continue;
        }
        if (reading->seen[i]) {
            return mistake(reading, TALLY_E_INVALID, "stands here a second time", name);
        }
        reading->seen[i] = true;
        switch (key->type) {
        case TALLY_CONFIG_TEXT:
            return set_text(reading, key, value);
        case TALLY_CONFIG_NUMBER:
            return set_number(reading, key, value);
        case TALLY_CONFIG_SWITCH:
            return set_switch(reading, key, value);
        case TALLY_CONFIG_CHOICE:
            return set_choice(reading, key, value);
        }
    }
    char what[160];
    snprintf(what, sizeof what, "there is no such key in section [%.60s]", section);
    return mistake(reading, TALLY_E_INVALID, what, name);
}

enum tally_status tally_config_read(const char *path, const struct tally_config_key *keys,
                                    size_t key_count, void *destination,
                                    char problem[TALLY_CONFIG_PROBLEM_MAX])
{
    struct reading reading = {.path = path,
                              .keys = keys,
                              .key_count = key_count,
                              .destination = destination,
                              .problem = problem,
                              .status = TALLY_OK};
    problem[0] = '\0';
    reading.seen = tally_alloc(key_count, sizeof *reading.seen);
    if (reading.seen == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    reading.file = fopen(path, "re");
    if (reading.file == NULL) {
        snprintf(problem, TALLY_CONFIG_PROBLEM_MAX, "%s: %s", path, strerror(errno));
        tally_free(reading.seen);
        return TALLY_E_NOT_FOUND;
    }
    int bad_line = ini_parse_stream(next_line, &reading, on_value, &reading);
    if (bad_line != 0 && reading.status == TALLY_OK) {
        snprintf(problem, TALLY_CONFIG_PROBLEM_MAX,
                 "%s:%d: neither [section], nor key = value, nor a comment", path,
                 bad_line > 0 ? bad_line : reading.line);
        reading.status = TALLY_E_INVALID;
    }
    (void)fclose(reading.file);
    tally_free(reading.seen);
    return reading.status;
}
