/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over valid JSON to the place of one value. */
#include "app/programme/locate.h"

#include <stdio.h>

static bool is_at(struct tally_slice json, size_t at, char byte)
{
    return at < json.len && json.data[at] == (uint8_t)byte;
}

static size_t skip_space(struct tally_slice json, size_t at)
{
    while (is_at(json, at, ' ') || is_at(json, at, '\t') || is_at(json, at, '\n') ||
           is_at(json, at, '\r')) {
        at++;
    }
    return at;
}

/* From an opening quote to behind the closing one. */
static size_t skip_string(struct tally_slice json, size_t at)
{
    at++;
    while (at < json.len && !is_at(json, at, '"')) {
        at += is_at(json, at, '\\') ? 2 : 1;
    }
    return at < json.len ? at + 1 : json.len;
}

static size_t skip_value(struct tally_slice json, size_t at)
{
    size_t depth = 0;
    while (at < json.len) {
        uint8_t byte = json.data[at];
        bool closes = byte == '}' || byte == ']';
        if (depth == 0 && (closes || byte == ',')) {
            return at;
        }
        if (byte == '"') {
            at = skip_string(json, at);
            continue;
        }
        depth += byte == '{' || byte == '[' ? 1 : 0;
        depth -= closes ? 1 : 0;
        at++;
    }
    return at;
}

/* Where a value stands, and the key that leads to it. */
struct place {
    size_t named_at;
    size_t value_at;
};

static bool find_key(struct tally_slice json, size_t object_at, const char *key,
                     struct place *ret_place)
{
    size_t len = strlen(key), at = skip_space(json, object_at + 1);
    while (is_at(json, at, '"')) {
        size_t key_at = at, end = skip_string(json, at);
        size_t value_at = skip_space(json, skip_space(json, end) + 1);
        if (end - key_at == len + 2 && memcmp(json.data + key_at + 1, key, len) == 0) {
            *ret_place = (struct place){key_at, value_at};
            return true;
        }
        at = skip_space(json, skip_value(json, value_at) + 1);
    }
    return false;
}

static bool find_index(struct tally_slice json, size_t array_at, size_t index,
                       struct place *ret_place)
{
    size_t at = skip_space(json, array_at + 1);
    for (size_t i = 0; i < index; i++) {
        at = skip_value(json, at);
        if (!is_at(json, at, ',')) {
            return false;
        }
        at = skip_space(json, at + 1);
    }
    *ret_place = (struct place){at, at};
    return !is_at(json, at, ']');
}

/* True when the whole path was found; *ret_place is the last step found. */
static bool find(struct tally_slice json, const struct locate_path *path, struct place *ret_place)
{
    if (path == NULL) {
        size_t at = skip_space(json, 0);
        *ret_place = (struct place){at, at};
        return true;
    }
    struct place parent, place;
    bool found = find(json, path->parent, &parent);
    *ret_place = parent;
    if (!found) {
        return false;
    }
    if (path->key != NULL) {
        found =
            is_at(json, parent.value_at, '{') && find_key(json, parent.value_at, path->key, &place);
    } else {
        found = is_at(json, parent.value_at, '[') &&
                find_index(json, parent.value_at, path->index, &place);
    }
    if (found) {
        *ret_place = place;
    }
    return found;
}

size_t locate_line(struct tally_slice json, const struct locate_path *path)
{
    struct place place;
    (void)find(json, path, &place);
    size_t line = 1;
    for (size_t i = 0; i < place.named_at && i < json.len; i++) {
        line += json.data[i] == '\n' ? 1 : 0;
    }
    return line;
}

void locate_text(const struct locate_path *path, char *text, size_t cap)
{
    if (path == NULL) {
        snprintf(text, cap, "the document");
        return;
    }
    size_t len = 0;
    if (path->parent != NULL) {
        locate_text(path->parent, text, cap);
        len = strlen(text);
    }
    if (path->key == NULL) {
        snprintf(text + len, cap - len, "[%zu]", path->index);
    } else {
        snprintf(text + len, cap - len, "%s%.64s", len > 0 ? "." : "", path->key);
    }
}
