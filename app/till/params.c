/* SPDX-License-Identifier: Apache-2.0 */
/* JSON into requests: which parameters each method has, and every check on them. */
#include "app/till/read.h"

#include <stdio.h>
#include <string.h>

enum {
    CARD_TEXT_LEN_MAX = 256, /* a typed number with its spaces, or a card token */
    PHONE_LEN_MAX = 32,
    TEXT = TALLY_TEXT_LEN_MAX
};

enum field_kind {
    FIELD_TEXT,
    FIELD_SLICE,
    FIELD_NUMBER, /* of a member: a text of digits */
    FIELD_INTEGER,
    FIELD_BIRTHDAY,
    FIELD_LIST
};

struct field {
    const char *name;
    enum field_kind kind;
    bool required;
    int64_t min, max; /* of an integer; bytes of a text */
    size_t offset;    /* in struct till_params; not for birthdays and lists */
    bool (*read)(json_t *value, struct till_request *request, struct till_fault *ret_fault);
};

struct method {
    const char *name;
    int method;
    const struct field *fields;
    size_t field_count;
};

#define AT(member) offsetof(struct till_params, member)
#define REQUIRED   true
#define OPTIONAL   false

static const struct field identify_fields[] = {
    {"text", FIELD_TEXT, REQUIRED, 1, CARD_TEXT_LEN_MAX, AT(text), NULL}};
static const struct field member_fields[] = {
    {"member", FIELD_NUMBER, REQUIRED, 0, 0, AT(member), NULL}};
static const struct field enrol_fields[] = {
    {"card", FIELD_TEXT, OPTIONAL, 1, CARD_TEXT_LEN_MAX, AT(card), NULL},
    {"text", FIELD_TEXT, OPTIONAL, 1, CARD_TEXT_LEN_MAX, AT(text), NULL},
    {"name", FIELD_TEXT, REQUIRED, 1, TILL_NAME_LEN_MAX, AT(name), NULL},
    {"phone", FIELD_TEXT, OPTIONAL, 0, PHONE_LEN_MAX, AT(phone), NULL},
    {"birthday", FIELD_BIRTHDAY, OPTIONAL, 0, 0, 0, NULL},
    {"referrer", FIELD_NUMBER, OPTIONAL, 0, 0, AT(referrer), NULL}};
static const struct field receipt_fields[] = {
    {"ref", FIELD_TEXT, REQUIRED, 1, TEXT, AT(ref), NULL},
    {"language", FIELD_TEXT, OPTIONAL, 1, TEXT, AT(language), NULL},
    {"columns", FIELD_INTEGER, OPTIONAL, TILL_COLUMNS_MIN, TILL_COLUMNS_MAX, AT(columns), NULL}};
static const struct field print_fields[] = {
    {"ref", FIELD_TEXT, REQUIRED, 1, TEXT, AT(ref), NULL},
    {"language", FIELD_TEXT, OPTIONAL, 1, TEXT, AT(language), NULL}};

/* A quote and a sale have the basket in common. */
#define BASKET_FIELDS                                                                              \
    {"member", FIELD_NUMBER, REQUIRED, 0, 0, AT(member), NULL},                                    \
        {"lines", FIELD_LIST, REQUIRED, 0, 0, 0, till_read_lines},                                 \
        {"tenders", FIELD_LIST, OPTIONAL, 0, 0, 0, till_read_tenders},                             \
        {"codes", FIELD_LIST, OPTIONAL, 0, 0, 0, till_read_codes},                                 \
        {"claims", FIELD_LIST, OPTIONAL, 0, 0, 0, till_read_claims},                               \
        {"channel", FIELD_SLICE, OPTIONAL, 0, TEXT, AT(basket.channel), NULL},                     \
        {"points", FIELD_INTEGER, OPTIONAL, 0, INT64_MAX, AT(basket.points), NULL},                \
        {"hold", FIELD_INTEGER, OPTIONAL, 1, INT64_MAX, AT(hold), NULL},                           \
    {                                                                                              \
        "cashier", FIELD_TEXT, OPTIONAL, 0, TEXT, AT(cashier), NULL                                \
    }

static const struct field quote_fields[] = {BASKET_FIELDS};
static const struct field sale_fields[] = {{"ref", FIELD_TEXT, REQUIRED, 1, TEXT, AT(ref), NULL},
                                           BASKET_FIELDS};
static const struct field void_fields[] = {
    {"ref", FIELD_TEXT, REQUIRED, 1, TEXT, AT(ref), NULL},
    {"sale_ref", FIELD_TEXT, REQUIRED, 1, TEXT, AT(sale_ref), NULL},
    {"cashier", FIELD_TEXT, OPTIONAL, 0, TEXT, AT(cashier), NULL}};
static const struct field refund_fields[] = {
    {"ref", FIELD_TEXT, REQUIRED, 1, TEXT, AT(ref), NULL},
    {"sale_ref", FIELD_TEXT, REQUIRED, 1, TEXT, AT(sale_ref), NULL},
    {"lines", FIELD_LIST, OPTIONAL, 0, 0, 0, till_read_returned},
    {"cashier", FIELD_TEXT, OPTIONAL, 0, TEXT, AT(cashier), NULL}};
static const struct field hold_fields[] = {
    {"ref", FIELD_TEXT, REQUIRED, 1, TEXT, AT(ref), NULL},
    {"member", FIELD_NUMBER, REQUIRED, 0, 0, AT(member), NULL},
    {"points", FIELD_INTEGER, REQUIRED, 1, TALLY_POINTS_MAX, AT(points), NULL},
    {"cashier", FIELD_TEXT, OPTIONAL, 0, TEXT, AT(cashier), NULL}};
static const struct field release_fields[] = {
    {"member", FIELD_NUMBER, REQUIRED, 0, 0, AT(member), NULL},
    {"hold", FIELD_INTEGER, REQUIRED, 1, INT64_MAX, AT(hold), NULL},
    {"cashier", FIELD_TEXT, OPTIONAL, 0, TEXT, AT(cashier), NULL}};
static const struct field card_fields[] = {
    {"member", FIELD_NUMBER, REQUIRED, 0, 0, AT(member), NULL},
    {"action", FIELD_TEXT, REQUIRED, 1, TEXT, AT(action), NULL},
    {"card", FIELD_TEXT, OPTIONAL, 1, CARD_TEXT_LEN_MAX, AT(card), NULL},
    {"text", FIELD_TEXT, OPTIONAL, 1, CARD_TEXT_LEN_MAX, AT(text), NULL},
    {"old", FIELD_TEXT, OPTIONAL, 1, CARD_TEXT_LEN_MAX, AT(old), NULL},
    {"reason", FIELD_TEXT, OPTIONAL, 0, TEXT, AT(reason), NULL},
    {"who", FIELD_TEXT, REQUIRED, 1, TEXT, AT(who), NULL}};
static const struct field adjust_fields[] = {
    {"member", FIELD_NUMBER, REQUIRED, 0, 0, AT(member), NULL},
    {"purse", FIELD_TEXT, OPTIONAL, 0, TEXT, AT(purse), NULL},
    {"points", FIELD_INTEGER, REQUIRED, -TALLY_POINTS_MAX, TALLY_POINTS_MAX, AT(points), NULL},
    {"reason", FIELD_TEXT, REQUIRED, 1, TEXT, AT(reason), NULL},
    {"who", FIELD_TEXT, REQUIRED, 1, TEXT, AT(who), NULL},
    {"second", FIELD_TEXT, OPTIONAL, 0, TEXT, AT(second), NULL}};
static const struct field unpair_fields[] = {
    {"serial", FIELD_TEXT, REQUIRED, 1, TEXT, AT(serial), NULL}};

#define WITH(fields) fields, sizeof(fields) / sizeof((fields)[0])
static const struct method methods[] = {
    {"status", TILL_STATUS, NULL, 0},
    {"subscribe", TILL_SUBSCRIBE, NULL, 0},
    {"identify", TILL_IDENTIFY, WITH(identify_fields)},
    {"member", TILL_MEMBER, WITH(member_fields)},
    {"enrol", TILL_ENROL, WITH(enrol_fields)},
    {"quote", TILL_QUOTE, WITH(quote_fields)},
    {"sale", TILL_SALE, WITH(sale_fields)},
    {"void", TILL_VOID, WITH(void_fields)},
    {"refund", TILL_REFUND, WITH(refund_fields)},
    {"hold", TILL_HOLD, WITH(hold_fields)},
    {"release", TILL_RELEASE, WITH(release_fields)},
    {"card", TILL_CARD, WITH(card_fields)},
    {"adjust", TILL_ADJUST, WITH(adjust_fields)},
    {"receipt", TILL_RECEIPT, WITH(receipt_fields)},
    {"print", TILL_PRINT, WITH(print_fields)},
    {"verify", TILL_VERIFY, NULL, 0},
    {"sync", TILL_SYNC, NULL, 0},
    {"readers", TILL_READERS, NULL, 0},
    {"reader_pair", TILL_READER_PAIR, NULL, 0},
    {"reader_unpair", TILL_READER_UNPAIR, WITH(unpair_fields)},
};

/* "MM-DD" of a day that some year has. */
static bool read_birthday(const json_t *value, struct till_params *params,
                          struct till_fault *ret_fault)
{
    const char *text = json_string_value(value);
    bool good = text != NULL && strlen(text) == 5 && text[2] == '-';
    for (size_t i = 0; good && i < 5; i++) {
        good = i == 2 || (text[i] >= '0' && text[i] <= '9');
    }
    int32_t month = good ? (text[0] - '0') * 10 + text[1] - '0' : 0;
    int32_t day = good ? (text[3] - '0') * 10 + text[4] - '0' : 0;
    if (month >= 1 && month <= 12 && day >= 1) {
        int32_t year_of = 0, month_of = 0, day_of = 0;
        tally_day_to_date(tally_day_from_date(2000, month, 1) + day - 1, &year_of, &month_of,
                          &day_of);
        good = month_of == month; /* 2000 has a 29 February */
    } else {
        good = false;
    }
    if (!good) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS,
                              "birthday: must be a day of the year such as \"02-29\"");
    }
    params->birth_month = (uint32_t)month;
    params->birth_day = (uint32_t)day;
    return true;
}

static bool read_field(const struct field *field, json_t *value, struct till_request *request,
                       struct till_fault *ret_fault)
{
    char *at = (char *)&request->params + field->offset;
    const char *text = NULL;
    int64_t integer = 0;
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_SLICE:
        if (!till_read_text(value, field->name, (size_t)field->min, (size_t)field->max, &text,
                            ret_fault)) {
            return false;
        }
        if (field->kind == FIELD_TEXT) {
            *(const char **)(void *)at = text;
        } else {
            *(struct tally_slice *)(void *)at =
                (struct tally_slice){(const uint8_t *)text, strlen(text)};
        }
        return true;
    case FIELD_NUMBER:
        return till_read_number_text(value, field->name, (uint64_t *)(void *)at, ret_fault);
    case FIELD_INTEGER:
        if (!till_read_integer(value, field->name, field->min, field->max, &integer, ret_fault)) {
            return false;
        }
        memcpy(at, &integer, sizeof integer); /* int64_t or, where min is above 0, uint64_t */
        return true;
    case FIELD_BIRTHDAY:
        return read_birthday(value, &request->params, ret_fault);
    case FIELD_LIST:
        return field->read(value, request, ret_fault);
    }
    return till_fault_say(ret_fault, TILL_INTERNAL_ERROR, "unreachable");
}

static bool check_card(const struct till_params *params, struct till_fault *ret_fault)
{
    static const char *const actions[] = {"link", "replace", "block", "unblock"};
    size_t i = 0;
    while (i < sizeof(actions) / sizeof(actions[0]) && strcmp(actions[i], params->action) != 0) {
        i++;
    }
    if (i == sizeof(actions) / sizeof(actions[0])) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS,
                              "action: must be link, replace, block or unblock");
    }
    bool is_replace = strcmp(params->action, "replace") == 0;
    if (is_replace != (params->old[0] != '\0')) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS,
                              is_replace ? "old: is missing" : "old: goes with replace only");
    }
    return true;
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
            return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "%.*s: unknown parameter",
                                  till_key_shown(key), key);
        }
        if (!read_field(&method->fields[i], value, request, ret_fault)) {
            return false;
        }
    }
    for (size_t i = 0; i < method->field_count; i++) {
        if (method->fields[i].required && json_object_get(given, method->fields[i].name) == NULL) {
            return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "%s: is missing",
                                  method->fields[i].name);
        }
    }
    if ((method->method == TILL_ENROL || method->method == TILL_CARD) &&
        (request->params.card[0] == '\0') == (request->params.text[0] == '\0')) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS,
                              "card, text: exactly one of them is needed");
    }
    if (method->method == TILL_ADJUST && request->params.points == 0) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "points: must not be 0");
    }
    if (strcmp(request->params.language, "en") != 0 &&
        strcmp(request->params.language, "zh") != 0) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "language: must be en or zh");
    }
    return method->method != TILL_CARD || check_card(&request->params, ret_fault);
}

static bool read_envelope(struct till_request *request, struct till_fault *ret_fault)
{
    json_t *root = request->root;
    if (json_is_array(root)) {
        return till_fault_say(ret_fault, TILL_INVALID_REQUEST,
                              "no batches: send one request a line");
    }
    if (!json_is_object(root)) {
        return till_fault_say(ret_fault, TILL_INVALID_REQUEST, "a request is a JSON object");
    }
    json_t *id = json_object_get(root, "id");
    if (!json_is_integer(id) &&
        !(json_is_string(id) && json_string_length(id) <= TILL_ID_LEN_MAX)) {
        return till_fault_say(ret_fault, TILL_INVALID_REQUEST,
                              "id: must be an integer or a string of at most %d bytes",
                              TILL_ID_LEN_MAX);
    }
    request->id = id;
    const char *version = json_string_value(json_object_get(root, "jsonrpc"));
    if (version == NULL || strcmp(version, "2.0") != 0) {
        return till_fault_say(ret_fault, TILL_INVALID_REQUEST, "jsonrpc: must be \"2.0\"");
    }
    if (!json_is_string(json_object_get(root, "method"))) {
        return till_fault_say(ret_fault, TILL_INVALID_REQUEST, "method: must be a string");
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(root, key, value)
    {
        if (strcmp(key, "id") != 0 && strcmp(key, "jsonrpc") != 0 && strcmp(key, "method") != 0 &&
            strcmp(key, "params") != 0) {
            return till_fault_say(ret_fault, TILL_INVALID_REQUEST,
                                  "%.*s: does not belong to a request", till_key_shown(key), key);
        }
    }
    return true;
}

bool till_params_read(struct till_request *request, struct till_fault *ret_fault)
{
    request->params = (struct till_params){.text = "",
                                           .card = "",
                                           .name = "",
                                           .phone = "",
                                           .ref = "",
                                           .sale_ref = "",
                                           .cashier = "",
                                           .purse = "",
                                           .reason = "",
                                           .who = "",
                                           .second = "",
                                           .action = "",
                                           .old = "",
                                           .language = "en",
                                           .columns = TILL_COLUMNS};
    if (!read_envelope(request, ret_fault)) {
        return false;
    }
    const char *name = json_string_value(json_object_get(request->root, "method"));
    size_t i = 0;
    while (i < sizeof(methods) / sizeof(methods[0]) && strcmp(name, methods[i].name) != 0) {
        i++;
    }
    if (i == sizeof(methods) / sizeof(methods[0])) {
        return till_fault_say(ret_fault, TILL_METHOD_NOT_FOUND, "%.*s: unknown method",
                              till_key_shown(name), name);
    }
    json_t *params = json_object_get(request->root, "params");
    if (params != NULL && !json_is_object(params)) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "params: must be an object");
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
