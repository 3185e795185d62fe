/* SPDX-License-Identifier: Apache-2.0 */
/* Single JSON values and objects, checked. */
#include "app/till/read.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { KEY_SHOWN_LEN_MAX = 48 };

bool till_fault_say(struct till_fault *ret_fault, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ret_fault->code = code;
    vsnprintf(ret_fault->text, sizeof(ret_fault->text), format, arguments);
    va_end(arguments);
    return false;
}

int till_key_shown(const char *key)
{
    size_t len = strlen(key);
    if (len > KEY_SHOWN_LEN_MAX) {
        len = KEY_SHOWN_LEN_MAX;
        while (len > 0 && ((unsigned char)key[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    return (int)len;
}

/* Control characters (C0, DEL, C1) would reach receipts, logs and terminals. */
static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == 0x7F) {
            return true;
        }
        if (byte == 0xC2 && i + 1 < len && (unsigned char)text[i + 1] < 0xA0) {
            return true;
        }
    }
    return false;
}

bool till_read_text(const json_t *value, const char *path, size_t len_min, size_t len_max,
                    const char **ret_text, struct till_fault *ret_fault)
{
    if (!json_is_string(value)) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "%s: must be a string", path);
    }
    size_t len = json_string_length(value);
    if (len < len_min || len > len_max) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "%s: must be %zu to %zu bytes long",
                              path, len_min, len_max);
    }
    if (has_control(json_string_value(value), len)) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS,
                              "%s: must not hold control characters", path);
    }
    *ret_text = json_string_value(value);
    return true;
}

bool till_read_integer(const json_t *value, const char *path, int64_t min, int64_t max,
                       int64_t *ret_integer, struct till_fault *ret_fault)
{
    if (!json_is_integer(value)) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "%s: must be an integer", path);
    }
    int64_t integer = json_integer_value(value);
    if (integer < min) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "%s: must be %" PRId64 " or more",
                              path, min);
    }
    if (integer > max) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "%s: must be %" PRId64 " or less",
                              path, max);
    }
    *ret_integer = integer;
    return true;
}

bool till_read_number_text(const json_t *value, const char *path, uint64_t *ret_number,
                           struct till_fault *ret_fault)
{
    const char *text = json_string_value(value);
    uint64_t number = 0;
    bool good = text != NULL && text[0] >= '1' && text[0] <= '9';
    for (; good && *text != '\0'; text++) {
        unsigned digit = (unsigned)(*text - '0');
        good = digit <= 9 && number <= (UINT64_MAX - digit) / 10;
        number = number * 10 + digit;
    }
    if (!good) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS,
                              "%s: must be a string of decimal digits, as other answers give it",
                              path);
    }
    *ret_number = number;
    return true;
}

bool till_read_count(const json_t *value, const char *list, size_t min, size_t max,
                     size_t *ret_count, struct till_fault *ret_fault)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count < min || count > max) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS,
                              "%s: must be an array of %zu to %zu entries", list, min, max);
    }
    *ret_count = count;
    return true;
}

static bool read_part(const struct till_part *part, json_t *value, const char *path, void *at,
                      struct till_fault *ret_fault)
{
    const char *text = NULL;
    switch (part->kind) {
    case TILL_PART_TEXT:
        if (!till_read_text(value, path, (size_t)part->min, (size_t)part->max, &text, ret_fault)) {
            return false;
        }
        *(struct tally_slice *)at = (struct tally_slice){(const uint8_t *)text, strlen(text)};
        return true;
    case TILL_PART_INTEGER:
        return till_read_integer(value, path, part->min, part->max, at, ret_fault);
    case TILL_PART_TEXTS:
        if (!json_is_array(value)) {
            return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "%s: must be an array", path);
        }
        *(json_t **)at = value;
        return true;
    }
    return till_fault_say(ret_fault, TILL_INTERNAL_ERROR, "unreachable");
}

bool till_read_object(json_t *value, const char *list, size_t index, const struct till_part *parts,
                      size_t part_count, void *into, struct till_fault *ret_fault)
{
    char path[TILL_PATH_LEN_MAX];
    const char *key = NULL;
    json_t *inside = NULL;
    if (!json_is_object(value)) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "%s[%zu]: must be an object", list,
                              index);
    }
    json_object_foreach(value, key, inside)
    {
        size_t i = 0;
        while (i < part_count && strcmp(key, parts[i].name) != 0) {
            i++;
        }
        if (i == part_count) {
            return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "%s[%zu].%.*s: unknown parameter",
                                  list, index, till_key_shown(key), key);
        }
        snprintf(path, sizeof(path), "%s[%zu].%s", list, index, key);
        if (!read_part(&parts[i], inside, path, (char *)into + parts[i].offset, ret_fault)) {
            return false;
        }
    }
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].required && json_object_get(value, parts[i].name) == NULL) {
            return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "%s[%zu].%s: is missing", list,
                                  index, parts[i].name);
        }
    }
    return true;
}
