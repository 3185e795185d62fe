/* SPDX-License-Identifier: Apache-2.0 */
/* JSON into requests: which parameters each method has, and every check on them. */
#include "app/till/request.h"

#include "app/base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    CARD_TEXT_LEN_MAX = 256, /* a typed number with its spaces, or a card token */
    PHONE_LEN_MAX = 32,
    KEY_SHOWN_LEN_MAX = 48 /* bytes of a foreign key that an error repeats */
};

enum field_kind { FIELD_TEXT, FIELD_MEMBER, FIELD_POINTS, FIELD_LINES };

struct field {
    const char *name;
    enum field_kind kind;
    bool required;
    size_t len_min, len_max; /* bytes, of a text */
    size_t offset;           /* in struct till_params; not for lines */
};

struct method {
    const char *name;
    int method;
    const struct field *fields;
    size_t field_count;
};

#define TEXT(field, required, len_min, len_max)                                                    \
    {                                                                                              \
#field, FIELD_TEXT, required, len_min, len_max, offsetof(struct till_params, field)        \
    }
#define MEMBER                                                                                     \
    {                                                                                              \
        "member", FIELD_MEMBER, true, 0, 0, offsetof(struct till_params, member)                   \
    }
#define LINES                                                                                      \
    {                                                                                              \
        "lines", FIELD_LINES, true, 0, 0, 0                                                        \
    }
#define POINTS                                                                                     \
    {                                                                                              \
        "points", FIELD_POINTS, false, 0, 0, offsetof(struct till_params, points)                  \
    }

static const struct field identify_fields[] = {TEXT(text, true, 1, CARD_TEXT_LEN_MAX)};
static const struct field member_fields[] = {MEMBER};
static const struct field enrol_fields[] = {
    TEXT(card, false, 1, CARD_TEXT_LEN_MAX), TEXT(text, false, 1, CARD_TEXT_LEN_MAX),
    TEXT(name, true, 1, TILL_NAME_LEN_MAX), TEXT(phone, false, 0, PHONE_LEN_MAX)};
static const struct field quote_fields[] = {MEMBER, LINES, POINTS};
static const struct field sale_fields[] = {TEXT(ref, true, 1, TALLY_TEXT_LEN_MAX), MEMBER, LINES,
                                           POINTS, TEXT(cashier, false, 0, TALLY_TEXT_LEN_MAX)};
static const struct field void_fields[] = {TEXT(ref, true, 1, TALLY_TEXT_LEN_MAX),
                                           TEXT(sale_ref, true, 1, TALLY_TEXT_LEN_MAX),
                                           TEXT(cashier, false, 0, TALLY_TEXT_LEN_MAX)};

#define WITH(fields) fields, sizeof(fields) / sizeof((fields)[0])
static const struct method methods[] = {{"status", TILL_STATUS, NULL, 0},
                                        {"subscribe", TILL_SUBSCRIBE, NULL, 0},
                                        {"identify", TILL_IDENTIFY, WITH(identify_fields)},
                                        {"member", TILL_MEMBER, WITH(member_fields)},
                                        {"enrol", TILL_ENROL, WITH(enrol_fields)},
                                        {"quote", TILL_QUOTE, WITH(quote_fields)},
                                        {"sale", TILL_SALE, WITH(sale_fields)},
                                        {"void", TILL_VOID, WITH(void_fields)},
                                        {"verify", TILL_VERIFY, NULL, 0},
                                        {"sync", TILL_SYNC, NULL, 0}};

static bool fault(struct till_fault *ret_fault, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Always false, so that a check can end with `return fault(...)`. */
static bool fault(struct till_fault *ret_fault, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ret_fault->code = code;
    vsnprintf(ret_fault->text, sizeof(ret_fault->text), format, arguments);
    va_end(arguments);
    return false;
}

/* How many bytes of a foreign key an error shows: never half a character. */
static int key_shown(const char *key)
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

/* `value` as a text of len_min..len_max bytes; `path` names it in the error. */
static bool read_text(const json_t *value, const char *path, size_t len_min, size_t len_max,
                      const char **ret_text, struct till_fault *ret_fault)
{
    if (!json_is_string(value)) {
        return fault(ret_fault, TILL_INVALID_PARAMS, "%s: must be a string", path);
    }
    size_t len = json_string_length(value);
    if (len < len_min || len > len_max) {
        return fault(ret_fault, TILL_INVALID_PARAMS, "%s: must be %zu to %zu bytes long", path,
                     len_min, len_max);
    }
    if (has_control(json_string_value(value), len)) {
        return fault(ret_fault, TILL_INVALID_PARAMS, "%s: must not hold control characters", path);
    }
    *ret_text = json_string_value(value);
    return true;
}

/* Decimal digits of a number from 1 to 2^64 - 1, without a leading zero. */
static bool read_member(const json_t *value, const char *path, uint64_t *ret_member,
                        struct till_fault *ret_fault)
{
    const char *text = json_string_value(value);
    uint64_t member = 0;
    bool good = text != NULL && text[0] >= '1' && text[0] <= '9';
    for (; good && *text != '\0'; text++) {
        unsigned digit = (unsigned)(*text - '0');
        good = digit <= 9 && member <= (UINT64_MAX - digit) / 10;
        member = member * 10 + digit;
    }
    if (!good) {
        return fault(ret_fault, TILL_INVALID_PARAMS,
                     "%s: must be a string of decimal digits, as other answers give it", path);
    }
    *ret_member = member;
    return true;
}

static bool read_integer(const json_t *value, const char *path, int64_t min, int64_t *ret_integer,
                         struct till_fault *ret_fault)
{
    if (!json_is_integer(value)) {
        return fault(ret_fault, TILL_INVALID_PARAMS, "%s: must be an integer", path);
    }
    if (json_integer_value(value) < min) {
        return fault(ret_fault, TILL_INVALID_PARAMS, "%s: must be %d or more", path, (int)min);
    }
    *ret_integer = json_integer_value(value);
    return true;
}

static bool read_line(json_t *value, size_t index, struct tally_line *ret_line,
                      struct till_fault *ret_fault)
{
    char path[64];
    struct tally_line line = {.quantity_milli = 1000};
    if (!json_is_object(value)) {
        return fault(ret_fault, TILL_INVALID_PARAMS, "lines[%zu]: must be an object", index);
    }
    bool has_amount = false;
    const char *key = NULL;
    json_t *part = NULL;
    json_object_foreach(value, key, part)
    {
        if (strcmp(key, "sku") == 0) {
            const char *sku = NULL;
            snprintf(path, sizeof(path), "lines[%zu].sku", index);
            if (!read_text(part, path, 0, TALLY_TEXT_LEN_MAX, &sku, ret_fault)) {
                return false;
            }
            line.sku = (struct tally_slice){(const uint8_t *)sku, strlen(sku)};
        } else if (strcmp(key, "quantity_milli") == 0) {
            snprintf(path, sizeof(path), "lines[%zu].quantity_milli", index);
            if (!read_integer(part, path, 1, &line.quantity_milli, ret_fault)) {
                return false;
            }
        } else if (strcmp(key, "amount_minor") == 0) {
            snprintf(path, sizeof(path), "lines[%zu].amount_minor", index);
            if (!read_integer(part, path, 0, &line.amount_minor, ret_fault)) {
                return false;
            }
            has_amount = true;
        } else {
            return fault(ret_fault, TILL_INVALID_PARAMS, "lines[%zu].%.*s: unknown parameter",
                         index, key_shown(key), key);
        }
    }
    if (!has_amount) {
        return fault(ret_fault, TILL_INVALID_PARAMS, "lines[%zu].amount_minor: is missing", index);
    }
    *ret_line = line;
    return true;
}

static bool read_lines(json_t *value, struct till_request *request, struct till_fault *ret_fault)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count < 1 || count > TALLY_LINES_MAX) {
        return fault(ret_fault, TILL_INVALID_PARAMS, "lines: must be an array of 1 to %d lines",
                     TALLY_LINES_MAX);
    }
    request->lines = tally_alloc(count, sizeof(*request->lines));
    if (request->lines == NULL) {
        return fault(ret_fault, TILL_INTERNAL_ERROR, "not enough memory");
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_line(json_array_get(value, i), i, &request->lines[i], ret_fault)) {
            return false;
        }
    }
    request->params.basket = (struct tally_basket){request->lines, count};
    return true;
}

static bool read_field(const struct field *field, json_t *value, struct till_request *request,
                       struct till_fault *ret_fault)
{
    char *at = (char *)&request->params + field->offset;
    switch (field->kind) {
    case FIELD_TEXT:
        return read_text(value, field->name, field->len_min, field->len_max,
                         (const char **)(void *)at, ret_fault);
    case FIELD_MEMBER:
        return read_member(value, field->name, (uint64_t *)(void *)at, ret_fault);
    case FIELD_POINTS:
        return read_integer(value, field->name, 0, (int64_t *)(void *)at, ret_fault);
    case FIELD_LINES:
        return read_lines(value, request, ret_fault);
    }
    return fault(ret_fault, TILL_INTERNAL_ERROR, "unreachable");
}

static bool read_fields(const struct method *method, json_t *given, struct till_request *request,
                        struct till_fault *ret_fault)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(given, key, value)
    {
        size_t i = 0;
        while (i < method->field_count && strcmp(key, method->fields[i].name) != 0) {
            i++;
        }
        if (i == method->field_count) {
            return fault(ret_fault, TILL_INVALID_PARAMS, "%.*s: unknown parameter", key_shown(key),
                         key);
        }
        if (!read_field(&method->fields[i], value, request, ret_fault)) {
            return false;
        }
    }
    for (size_t i = 0; i < method->field_count; i++) {
        if (method->fields[i].required && json_object_get(given, method->fields[i].name) == NULL) {
            return fault(ret_fault, TILL_INVALID_PARAMS, "%s: is missing", method->fields[i].name);
        }
    }
    if (method->method == TILL_ENROL &&
        (request->params.card[0] == '\0') == (request->params.text[0] == '\0')) {
        return fault(ret_fault, TILL_INVALID_PARAMS, "card, text: exactly one of them is needed");
    }
    return true;
}

static bool read_envelope(struct till_request *request, struct till_fault *ret_fault)
{
    json_t *root = request->root;
    if (json_is_array(root)) {
        return fault(ret_fault, TILL_INVALID_REQUEST, "no batches: send one request a line");
    }
    if (!json_is_object(root)) {
        return fault(ret_fault, TILL_INVALID_REQUEST, "a request is a JSON object");
    }
    json_t *id = json_object_get(root, "id");
    if (!json_is_integer(id) &&
        !(json_is_string(id) && json_string_length(id) <= TILL_ID_LEN_MAX)) {
        return fault(ret_fault, TILL_INVALID_REQUEST,
                     "id: must be an integer or a string of at most %d bytes", TILL_ID_LEN_MAX);
    }
    request->id = id;
    const char *version = json_string_value(json_object_get(root, "jsonrpc"));
    if (version == NULL || strcmp(version, "2.0") != 0) {
        return fault(ret_fault, TILL_INVALID_REQUEST, "jsonrpc: must be \"2.0\"");
    }
    if (!json_is_string(json_object_get(root, "method"))) {
        return fault(ret_fault, TILL_INVALID_REQUEST, "method: must be a string");
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(root, key, value)
    {
        if (strcmp(key, "id") != 0 && strcmp(key, "jsonrpc") != 0 && strcmp(key, "method") != 0 &&
            strcmp(key, "params") != 0) {
            return fault(ret_fault, TILL_INVALID_REQUEST, "%.*s: does not belong to a request",
                         key_shown(key), key);
        }
    }
    return true;
}

bool till_params_read(struct till_request *request, struct till_fault *ret_fault)
{
    request->params = (struct till_params){
        .text = "", .card = "", .name = "", .phone = "", .ref = "", .sale_ref = "", .cashier = ""};
    if (!read_envelope(request, ret_fault)) {
        return false;
    }
    const char *name = json_string_value(json_object_get(request->root, "method"));
    size_t i = 0;
    while (i < sizeof(methods) / sizeof(methods[0]) && strcmp(name, methods[i].name) != 0) {
        i++;
    }
    if (i == sizeof(methods) / sizeof(methods[0])) {
        return fault(ret_fault, TILL_METHOD_NOT_FOUND, "%.*s: unknown method", key_shown(name),
                     name);
    }
    json_t *params = json_object_get(request->root, "params");
    if (params != NULL && !json_is_object(params)) {
        return fault(ret_fault, TILL_INVALID_PARAMS, "params: must be an object");
    }
    request->method = methods[i].method;
    return read_fields(&methods[i], params, request, ret_fault);
}

enum till_method till_request_method(const struct till_request *request)
{
    return (enum till_method)request->method;
}

const struct till_params *till_request_params(const struct till_request *request)
{
    return &request->params;
}
