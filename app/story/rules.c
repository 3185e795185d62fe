/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the programmes of a story with app/programme; a story may change single rules of one. */
#include "app/story/rules.h"

#include "app/base/alloc.h"
#include "app/programme/document.h"

#include <inttypes.h>
#include <jansson.h>

enum { KEY_LEN_MAX = 128, VALUE_LEN_MAX = STORY_LINE_LEN_MAX, PATH_LEN_MAX = STORY_LINE_LEN_MAX };

#define TEXT(slice) (int)(slice).len, (const char *)(slice).data

/* ------------------------------------------------------------------ one rule changed */

/* "3" in a list: 1 to one more than it has; 0: it is none of its places. */
static size_t index_of(const json_t *list, const char *part)
{
    size_t index = 0;
    for (const char *at = part; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || index > json_array_size(list)) {
            return 0;
        }
        index = index * 10 + (size_t)(*at - '0');
    }
    return index <= json_array_size(list) + 1 ? index : 0;
}

/* The place of one part of a key: in an object by name, in a list by number from 1. */
static json_t *get(json_t *json, const char *part)
{
    if (json_is_array(json)) {
        size_t index = index_of(json, part);
        return index == 0 ? NULL : json_array_get(json, index - 1);
    }
    return json_object_get(json, part);
}

/* Sets a place, in a list also the one behind its last; takes `value`.
 * TALLY_OK, TALLY_E_NOT_FOUND (no such place), TALLY_E_NO_MEMORY */
static enum tally_status set(json_t *json, const char *part, json_t *value)
{
    int failed = 0;
    if (json_is_array(json)) {
        size_t index = index_of(json, part);
        if (index == 0) {
            json_decref(value);
            return TALLY_E_NOT_FOUND;
        }
        failed = index > json_array_size(json) ? json_array_append_new(json, value)
                                               : json_array_set_new(json, index - 1, value);
    } else if (json_is_object(json) && part[0] != '\0') {
        failed = json_object_set_new(json, part, value);
    } else {
        json_decref(value);
        return TALLY_E_NOT_FOUND;
    }
    return failed == 0 ? TALLY_OK : TALLY_E_NO_MEMORY;
}

/* get(); what is not there yet is made: a list if a number follows. NULL: no such place, or no
 * memory */
static json_t *get_or_make(json_t *json, const char *part, const char *next)
{
    json_t *place = get(json, part);
    if (place == NULL) {
        json_t *made = next[0] >= '0' && next[0] <= '9' ? json_array() : json_object();
        place = made != NULL && set(json, part, made) == TALLY_OK ? get(json, part) : NULL;
    }
    return place;
}

/* A number, true, false or a text; and any JSON, for the rules that are more than one value. */
static json_t *value_of(struct tally_slice text)
{
    json_t *value = json_loadb((const char *)text.data, text.len, JSON_DECODE_ANY, NULL);
    return value != NULL ? value : json_stringn((const char *)text.data, text.len);
}

static enum tally_status change_rule(json_t *root, const struct story_change *change,
                                     struct story_problem *problem)
{
    char key[KEY_LEN_MAX], *rest = key;
    if (change->key.len >= sizeof key) {
        return story_complain(problem, change->line, "no rule has so long a name");
    }
    snprintf(key, sizeof key, "%.*s", TEXT(change->key));
    json_t *place = root;
    for (char *dot = strchr(rest, '.'); dot != NULL && place != NULL; dot = strchr(rest, '.')) {
        *dot = '\0';
        place = get_or_make(place, rest, dot + 1);
        rest = dot + 1;
    }
    json_t *value = value_of(change->value);
    if (value == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = set(place, rest, value);
    return status == TALLY_E_NOT_FOUND
               ? story_complain(problem, change->line, "the programme has no place '%.*s'",
                                TEXT(change->key))
               : status;
}

static int append_output(const char *bytes, size_t len, void *buffer)
{
    return tally_buffer_append(buffer, bytes, len) == TALLY_OK ? 0 : -1;
}

/* The document with the story's changes, as JSON text. */
static enum tally_status change_rules(const struct story *story,
                                      const struct story_programme *programme,
                                      struct tally_buffer *bytes, struct story_problem *problem)
{
    json_error_t error;
    json_t *root =
        json_loadb((const char *)bytes->data, bytes->len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return story_complain(problem, programme->line, "%.*s:%d: %s", TEXT(programme->path),
                              error.line, error.text);
    }
    enum tally_status status = TALLY_OK;
    for (size_t i = 0; i < programme->changes.count && status == TALLY_OK; i++) {
        status = change_rule(root, &story->changes[programme->changes.first + i], problem);
    }
    bytes->len = status == TALLY_OK ? 0 : bytes->len;
    if (status == TALLY_OK && json_dump_callback(root, append_output, bytes, 0) != 0) {
        status = TALLY_E_NO_MEMORY;
    }
    json_decref(root);
    return status;
}

/* ------------------------------------------------------------------ all programmes */

static enum tally_status load(const struct story *story, const struct story_programme *programme,
                              const struct story_ports *ports, struct tally_buffer *bytes,
                              struct story_problem *problem)
{
    if (programme->path.len == 0) {
        TALLY_TRY(tally_buffer_append(bytes, programme->json.data, programme->json.len));
        return programme->changes.count == 0 ? TALLY_OK
                                             : change_rules(story, programme, bytes, problem);
    }
    char path[PATH_LEN_MAX + 1];
    snprintf(path, sizeof path, "%.*s", TEXT(programme->path));
    enum tally_status status = ports->read(ports->context, path, bytes);
    if (status == TALLY_E_NO_MEMORY) {
        return status;
    }
    if (status != TALLY_OK) {
        return story_complain(problem, programme->line, "%s can't be read: %s", path,
                              tally_status_text(status));
    }
    return programme->changes.count == 0 ? TALLY_OK
                                         : change_rules(story, programme, bytes, problem);
}

/* The first mistake; its line is the document's own where nothing was changed. */
static enum tally_status report(const struct story_programme *programme,
                                const struct tally_programme_problems *found,
                                struct story_problem *problem)
{
    const char *text = found->count > 0 ? found->items[0].text : "it is no programme";
    size_t line = found->count > 0 ? found->items[0].line : 1;
    if (programme->changes.count > 0) {
        return story_complain(problem, programme->line, "with these changes: %s", text);
    }
    if (programme->path.len == 0) {
        return story_complain(problem, programme->line + line - 1, "%s", text);
    }
    return story_complain(problem, programme->line, "%.*s:%zu: %s", TEXT(programme->path), line,
                          text);
}

static enum tally_status read_one(const struct story *story,
                                  const struct story_programme *programme,
                                  const struct story_ports *ports, struct story_rules *rules,
                                  struct story_problem *problem)
{
    struct tally_buffer bytes = {0};
    struct tally_programme_problems found = {0};
    struct tally_programme_document *document = NULL;
    enum tally_status status = load(story, programme, ports, &bytes, problem);
    if (status == TALLY_OK) {
        status = tally_programme_parse(tally_buffer_slice(&bytes), &document, &found);
        if (status == TALLY_E_INVALID) {
            status = report(programme, &found, problem);
        }
    }
    if (status == TALLY_OK &&
        story_rules_version(rules, tally_programme_of(document)->version) != NULL) {
        status = story_complain(problem, programme->line, "version %" PRIu32 " is there already",
                                tally_programme_of(document)->version);
        tally_programme_document_free(document);
    }
    tally_programme_problems_free(&found);
    tally_buffer_free(&bytes);
    TALLY_TRY(status);
    rules->documents[rules->count] = document;
    rules->count++;
    return TALLY_OK;
}

enum tally_status story_rules_read(const struct story *story, const struct story_ports *ports,
                                   struct story_rules *ret_rules, struct story_problem *ret_problem)
{
    struct story_rules rules = {.count = 0};
    rules.documents = tally_alloc(story->programme_count, sizeof(void *));
    enum tally_status status = rules.documents == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
    for (size_t i = 0; i < story->programme_count && status == TALLY_OK; i++) {
        status = read_one(story, &story->programmes[i], ports, &rules, ret_problem);
    }
    if (status != TALLY_OK) {
        story_rules_free(&rules);
        return status;
    }
    *ret_rules = rules;
    return TALLY_OK;
}

void story_rules_free(struct story_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        tally_programme_document_free(rules->documents[i]);
    }
    tally_free(rules->documents);
    *rules = (struct story_rules){0};
}

const struct tally_programme *story_rules_at(const struct story_rules *rules, int64_t now_ms)
{
    const struct tally_programme *newest = NULL, *lowest = NULL;
    for (size_t i = 0; i < rules->count; i++) {
        const struct tally_programme *programme = tally_programme_of(rules->documents[i]);
        if (lowest == NULL || programme->version < lowest->version) {
            lowest = programme;
        }
        if (programme->effective_ms <= now_ms &&
            (newest == NULL || programme->version > newest->version)) {
            newest = programme;
        }
    }
    return newest != NULL ? newest : lowest;
}

const struct tally_programme *story_rules_first(const struct story_rules *rules)
{
    return tally_programme_of(rules->documents[0]);
}

const struct tally_programme *story_rules_version(const struct story_rules *rules, uint32_t version)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct tally_programme *programme = tally_programme_of(rules->documents[i]);
        if (programme->version == version) {
            return programme;
        }
    }
    return NULL;
}
