/* SPDX-License-Identifier: Apache-2.0 */
/* Typed values of JSON, and problems with their line and path. */
#include "app/programme/reader.h"

#include "app/core/basket.h"
#include "app/programme/dates.h"
#include "app/programme/problems.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHOICES_LEN_MAX = 320 };

/* Whatever has a code begins with it and its id. */
#define CODED(type)                                                                                \
    _Static_assert(offsetof(struct type, code) == 0 &&                                             \
                       offsetof(struct type, id) == sizeof(const char *),                          \
                   "begins with its code and id")
CODED(tally_rule);
CODED(tally_group);
CODED(tally_purse_rules);
CODED(tally_reward);
CODED(tally_tier);
CODED(tally_award_rule);
CODED(tally_merchant);

/* ------------------------------------------------------------------ problems */

static void report(struct reading *reading, const struct locate_path *path, const char *format,
                   va_list args) __attribute__((format(printf, 3, 0)));
static void report(struct reading *reading, const struct locate_path *path, const char *format,
                   va_list args)
{
    reading->failed = true;
    if (reading->problems != NULL &&
        problems_say(reading->problems, reading->json, path, format, args) != TALLY_OK) {
        reading->no_memory = true;
    }
}

void reading_report(struct reading *reading, const struct locate_path *path, const char *format,
                    ...)
{
    va_list args;
    va_start(args, format);
    report(reading, path, format, args);
    va_end(args);
}

void reading_report_key(struct reading *reading, struct node node, const char *key,
                        const char *format, ...)
{
    struct locate_path path = {node.path, key, 0};
    va_list args;
    va_start(args, format);
    report(reading, &path, format, args);
    va_end(args);
}

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
        return "a number";
    case JSON_REAL:
        return "a number with a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

/* ------------------------------------------------------------------ single values */

bool reading_number(struct reading *reading, struct node node, int64_t low, int64_t high,
                    int64_t *ret_number)
{
    if (!json_is_integer(node.value)) {
        reading_report(reading, node.path, "must be a whole number, is %s", type_name(node.value));
        return false;
    }
    int64_t number = json_integer_value(node.value);
    if (number < low || number > high) {
        reading_report(reading, node.path, "must be %" PRId64 "..%" PRId64 ", is %" PRId64, low,
                       high, number);
        return false;
    }
    *ret_number = number;
    return true;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) {
            return true;
        }
    }
    return false;
}

const char *reading_text(struct reading *reading, struct node node, size_t len_max)
{
    if (!json_is_string(node.value)) {
        reading_report(reading, node.path, "must be text, is %s", type_name(node.value));
        return NULL;
    }
    const char *text = json_string_value(node.value);
    size_t len = json_string_length(node.value);
    if (len < 1 || len > len_max) {
        reading_report(reading, node.path, "must be 1..%zu bytes long, is %zu", len_max, len);
        return NULL;
    }
    if (has_control(text)) {
        reading_report(reading, node.path, "must not hold control characters");
        return NULL;
    }
    const char *copy = arena_text(reading->arena, text, len);
    if (copy == NULL) {
        reading->no_memory = true;
    }
    return copy;
}

bool reading_choice(struct reading *reading, struct node node, const struct choice *choices,
                    int *ret_value)
{
    const char *text = reading_text(reading, node, TALLY_PROGRAMME_TEXT_LEN_MAX);
    if (text == NULL) {
        return false;
    }
    char words[CHOICES_LEN_MAX] = "";
    for (const struct choice *choice = choices; choice->word != NULL; choice++) {
        if (strcmp(choice->word, text) == 0) {
            *ret_value = choice->value;
            return true;
        }
        size_t len = strlen(words);
        snprintf(words + len, sizeof words - len, "%s\"%s\"", len > 0 ? ", " : "", choice->word);
    }
    reading_report(reading, node.path, "must be one of %s, is \"%s\"", words, text);
    return false;
}

/* ------------------------------------------------------------------ codes and words */

static int compare_codes(const void *left_item, const void *right_item)
{
    const struct reading_code *left = left_item, *right = right_item;
    if (left->id != right->id) {
        return left->id < right->id ? -1 : 1;
    }
    return left->index < right->index ? -1 : left->index > right->index;
}

const struct reading_code *reading_code(const struct reading *reading, enum reading_codes codes,
                                        const char *text)
{
    const struct reading_code *items = reading->codes[codes].items;
    uint32_t id = tally_word_id(text, strlen(text));
    size_t low = 0, high = reading->codes[codes].count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (items[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_there = low < reading->codes[codes].count && items[low].id == id &&
                    strcmp(items[low].text, text) == 0;
    return is_there ? &items[low] : NULL;
}

/* Gives each item that has a code its id, and keeps the codes for others to name. */
static void register_codes(struct reading *reading, struct node list, const struct field *field,
                           void *items, size_t count)
{
    struct reading_code *codes = arena_alloc(reading->arena, count, sizeof *codes);
    if (codes == NULL) {
        reading->no_memory = true;
        return;
    }
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t *item = (uint8_t *)items + i * field->size;
        const char *text = NULL;
        memcpy(&text, item, sizeof text);
        if (text == NULL) {
            continue; /* reported */
        }
        uint32_t id = tally_word_id(text, strlen(text));
        memcpy(item + sizeof text, &id, sizeof id);
        codes[known++] = (struct reading_code){id, i, text};
    }
    qsort(codes, known, sizeof *codes, compare_codes);
    for (size_t i = 1; i < known; i++) {
        if (codes[i].id != codes[i - 1].id) {
            continue;
        }
        struct locate_path item = {list.path, NULL, codes[i].index}, path = {&item, "code", 0};
        bool same = strcmp(codes[i].text, codes[i - 1].text) == 0;
        reading_report(reading, &path, "\"%s\" %s [%zu]%s%s%s", codes[i].text,
                       same ? "is the code of" : "makes the same number as", codes[i - 1].index,
                       same ? " too" : ", \"", same ? "" : codes[i - 1].text,
                       same ? "" : "\": choose another");
    }
    reading->codes[field->codes].items = codes;
    reading->codes[field->codes].count = known;
}

static const char *codes_place(enum reading_codes codes)
{
    static const char *const places[CODES_COUNT] = {
        [CODES_NONE] = "",           [CODES_TIERS] = "tiers.levels",  [CODES_GROUPS] = "groups",
        [CODES_PURSES] = "purses",   [CODES_MERCHANTS] = "merchants", [CODES_RULES] = "earn.rules",
        [CODES_REWARDS] = "rewards", [CODES_AWARDS] = "awards",
    };
    return places[codes];
}

static const struct reading_code *take_code(struct reading *reading, struct node node,
                                            enum reading_codes codes)
{
    const char *text = reading_text(reading, node, TALLY_PROGRAMME_TEXT_LEN_MAX);
    if (text == NULL) {
        return NULL;
    }
    const struct reading_code *code = reading_code(reading, codes, text);
    if (code == NULL) {
        reading_report(reading, node.path, "\"%s\" is no code in %s", text, codes_place(codes));
    }
    return code;
}

static int compare_words(const void *left_item, const void *right_item)
{
    const struct tally_word *left = left_item, *right = right_item;
    if (left->id != right->id) {
        return left->id < right->id ? -1 : 1;
    }
    return strcmp(left->text, right->text);
}

static void take_words(struct reading *reading, struct node node, const struct field *field,
                       struct tally_words *ret_words)
{
    size_t count = 0, known = 0;
    int64_t high = field->high > 0 ? field->high : TALLY_WORDS_MAX;
    struct tally_word *words =
        reading_items(reading, node, (size_t)field->low, (size_t)high, sizeof *words, &count);
    for (size_t i = 0; i < count; i++) {
        struct locate_path path = {node.path, NULL, i};
        struct node item = {json_array_get(node.value, i), &path};
        if (field->codes != CODES_NONE) {
            const struct reading_code *code = take_code(reading, item, field->codes);
            if (code != NULL) {
                words[known++] = (struct tally_word){code->id, code->text};
            }
            continue;
        }
        const char *text = reading_text(reading, item, TALLY_TEXT_LEN_MAX);
        if (text != NULL) {
            words[known++] = (struct tally_word){tally_word_id(text, strlen(text)), text};
        }
    }
    if (known > 1) {
        qsort(words, known, sizeof *words, compare_words);
    }
    for (size_t i = 1; i < known; i++) {
        if (compare_words(&words[i - 1], &words[i]) == 0) {
            reading_report(reading, node.path, "\"%s\" is there twice", words[i].text);
        }
    }
    *ret_words = (struct tally_words){words, known};
}

/* ------------------------------------------------------------------ lists */

void *reading_items(struct reading *reading, struct node node, size_t low, size_t high, size_t size,
                    size_t *ret_count)
{
    *ret_count = 0;
    if (!json_is_array(node.value)) {
        reading_report(reading, node.path, "must be a list, is %s", type_name(node.value));
        return NULL;
    }
    size_t count = json_array_size(node.value);
    if (count < low || count > high) {
        reading_report(reading, node.path, "must have %zu..%zu items, has %zu", low, high, count);
        return NULL;
    }
    if (count == 0) {
        return NULL;
    }
    void *items = arena_alloc(reading->arena, count, size);
    if (items == NULL) {
        reading->no_memory = true;
        return NULL;
    }
    *ret_count = count;
    return items;
}

static void take_list(struct reading *reading, struct node node, const struct field *field,
                      uint8_t *object)
{
    size_t count = 0;
    uint8_t *items =
        reading_items(reading, node, (size_t)field->low, (size_t)field->high, field->size, &count);
    for (size_t i = 0; i < count && !reading->no_memory; i++) {
        struct locate_path path = {node.path, NULL, i};
        field->take(reading, (struct node){json_array_get(node.value, i), &path},
                    items + i * field->size);
    }
    if (field->codes != CODES_NONE) {
        register_codes(reading, node, field, items, count);
    }
    memcpy(object + field->at, &items, sizeof items);
    memcpy(object + field->count_at, &count, sizeof count);
}

/* ------------------------------------------------------------------ fields */

static void take_number(struct reading *reading, struct node node, const struct field *field,
                        uint8_t *member)
{
    int64_t number = 0;
    if (!reading_number(reading, node, field->low, field->high, &number)) {
        return;
    }
    if (field->size == sizeof number) {
        memcpy(member, &number, sizeof number);
    } else {
        uint32_t low_half = (uint32_t)number; /* of an int32_t too */
        assert(field->size == sizeof low_half);
        memcpy(member, &low_half, sizeof low_half);
    }
}

static void take_flag(struct reading *reading, struct node node, bool turned, uint8_t *member)
{
    if (!json_is_boolean(node.value)) {
        reading_report(reading, node.path, "must be true or false, is %s", type_name(node.value));
        return;
    }
    bool flag = json_is_true(node.value) != turned;
    memcpy(member, &flag, sizeof flag);
}

static void take_choice(struct reading *reading, struct node node, const struct field *field,
                        uint8_t *member)
{
    int value = 0;
    assert(field->size == sizeof value);
    if (reading_choice(reading, node, field->choices, &value)) {
        memcpy(member, &value, sizeof value);
    }
}

static void take_text(struct reading *reading, struct node node, size_t len_max, uint8_t *member)
{
    const char *text = reading_text(reading, node, len_max);
    if (text != NULL) {
        memcpy(member, &text, sizeof text);
    }
}

static void take_name(struct reading *reading, struct node node, const struct field *field,
                      uint8_t *member)
{
    if (json_is_object(node.value)) {
        (void)reading_object(reading, node, field->shape, member);
        return;
    }
    const char *text = reading_text(reading, node, (size_t)field->high);
    if (text != NULL) {
        struct tally_name name = {text, text};
        memcpy(member, &name, sizeof name);
    }
}

static void take_date(struct reading *reading, struct node node, uint8_t *member)
{
    const char *text = reading_text(reading, node, TALLY_PROGRAMME_TEXT_LEN_MAX);
    int32_t day = 0;
    if (text == NULL) {
        return;
    }
    if (!date_read(text, &day)) {
        reading_report(reading, node.path, "must be a day like \"2026-12-31\", %d..%d, is \"%s\"",
                       TALLY_YEAR_MIN, TALLY_YEAR_MAX, text);
        return;
    }
    memcpy(member, &day, sizeof day);
}

static void take_period(struct reading *reading, struct node node, const struct field *field,
                        uint8_t *member)
{
    struct tally_period period = {TALLY_PERIOD_SALE, 0};
    if (json_is_object(node.value) && field->high > 0) {
        if (!reading_object(reading, node, field->shape, &period)) {
            return;
        }
        bool days = reading_has(node, "rolling_days"), months = reading_has(node, "rolling_months");
        if (days == months) {
            reading_report(reading, node.path,
                           "must hold \"rolling_days\" or \"rolling_months\", holds %s",
                           days ? "both" : "neither");
            return;
        }
        period.kind = days ? TALLY_PERIOD_ROLLING_DAYS : TALLY_PERIOD_ROLLING_MONTHS;
    } else {
        int kind = 0;
        if (!reading_choice(reading, node, field->choices, &kind)) {
            return;
        }
        period.kind = (enum tally_period_kind)kind;
    }
    memcpy(member, &period, sizeof period);
}

static void take_group(struct reading *reading, struct node node, uint8_t *member)
{
    const struct reading_code *code = take_code(reading, node, CODES_GROUPS);
    if (code != NULL) {
        size_t group = code->index + 1;
        memcpy(member, &group, sizeof group);
    }
}

/* The points are a purse that nobody has to declare. */
static void take_reference(struct reading *reading, struct node node, const struct field *field,
                           uint8_t *member)
{
    uint32_t id = TALLY_PURSE_POINTS;
    bool is_points = field->codes == CODES_PURSES && json_is_string(node.value) &&
                     strcmp(json_string_value(node.value), TALLY_PROGRAMME_POINTS) == 0;
    if (!is_points) {
        const struct reading_code *code = take_code(reading, node, field->codes);
        if (code == NULL) {
            return;
        }
        id = code->id;
    }
    memcpy(member, &id, sizeof id);
}

static void take_field(struct reading *reading, struct node node, const struct field *field,
                       uint8_t *object)
{
    uint8_t *member = object + field->at;
    switch (field->kind) {
    case FIELD_NUMBER:
        take_number(reading, node, field, member);
        break;
    case FIELD_FLAG:
    case FIELD_NO_FLAG:
        take_flag(reading, node, field->kind == FIELD_NO_FLAG, member);
        break;
    case FIELD_CHOICE:
        take_choice(reading, node, field, member);
        break;
    case FIELD_TEXT:
        take_text(reading, node, (size_t)field->high, member);
        break;
    case FIELD_NAME:
        take_name(reading, node, field, member);
        break;
    case FIELD_DATE:
        take_date(reading, node, member);
        break;
    case FIELD_PERIOD:
        take_period(reading, node, field, member);
        break;
    case FIELD_WORDS: {
        struct tally_words words = {NULL, 0};
        take_words(reading, node, field, &words);
        memcpy(member, &words, sizeof words);
        break;
    }
    case FIELD_CODE:
        take_reference(reading, node, field, member);
        break;
    case FIELD_GROUP:
        take_group(reading, node, member);
        break;
    case FIELD_OBJECT:
        (void)reading_object(reading, node, field->shape, member);
        break;
    case FIELD_LIST:
        take_list(reading, node, field, object);
        break;
    case FIELD_SPECIAL:
        field->take(reading, node, member);
        break;
    case FIELD_LATER:
        break;
    }
}

/* ------------------------------------------------------------------ objects */

static bool is_known(const struct shape *shape, const char *key)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (strcmp(key, shape->fields[i].key) == 0) {
            return true;
        }
    }
    return false;
}

bool reading_object(struct reading *reading, struct node node, const struct shape *shape,
                    void *object)
{
    if (!json_is_object(node.value)) {
        reading_report(reading, node.path, "must be an object, is %s", type_name(node.value));
        return false;
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(node.value, key, value)
    {
        if (!is_known(shape, key)) {
            reading_report_key(reading, node, key, "unknown key");
        }
    }
    for (size_t i = 0; i < shape->count && !reading->no_memory; i++) {
        const struct field *field = &shape->fields[i];
        struct locate_path path = {node.path, field->key, 0};
        value = json_object_get(node.value, field->key);
        if (value != NULL) {
            take_field(reading, (struct node){value, &path}, field, object);
        } else if (field->required) {
            reading_report(reading, node.path, "\"%s\" is missing", field->key);
        }
    }
    return true;
}

bool reading_has(struct node node, const char *key)
{
    return json_object_get(node.value, key) != NULL;
}

void reading_no_keys(struct reading *reading, struct node node, const char *const *keys,
                     const char *why)
{
    for (; *keys != NULL; keys++) {
        if (reading_has(node, *keys)) {
            reading_report_key(reading, node, *keys, "has no meaning %s", why);
        }
    }
}
