/* SPDX-License-Identifier: Apache-2.0 */
/* programme.schema.json says of every key what the reader's tables say. */
#include "tests/unit/programme/paper.h"

#include "app/programme/sections.h"

#include <inttypes.h>

static json_t *schema;

static int read_schema(void **state)
{
    (void)state;
    schema = json_load_file(SCHEMA_PATH, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(schema);
    return 0;
}

static int free_schema(void **state)
{
    (void)state;
    json_decref(schema);
    return 0;
}

static json_t *definition(const char *name)
{
    json_t *found = json_object_get(json_object_get(schema, "$defs"), name);
    if (found == NULL) {
        fail_msg("the schema has no %s", name);
    }
    return found;
}

static const struct field *field_of(const struct shape *shape, const char *key)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (strcmp(shape->fields[i].key, key) == 0) {
            return &shape->fields[i];
        }
    }
    return NULL;
}

static bool has_text(json_t *list, const char *text)
{
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(list, index, item)
    {
        if (strcmp(json_string_value(item), text) == 0) {
            return true;
        }
    }
    return false;
}

static void every_key_of_the_reader_is_in_the_schema(void **state)
{
    (void)state;
    for (const struct shape *const *shape = all_shapes; *shape != NULL; shape++) {
        json_t *keys = json_object_get(definition((*shape)->name), "properties");
        for (size_t i = 0; i < (*shape)->count; i++) {
            if (json_object_get(keys, (*shape)->fields[i].key) == NULL) {
                fail_msg("%s.%s is not in the schema", (*shape)->name, (*shape)->fields[i].key);
            }
        }
    }
}

static void every_key_of_the_schema_is_read(void **state)
{
    (void)state;
    for (const struct shape *const *shape = all_shapes; *shape != NULL; shape++) {
        json_t *object = definition((*shape)->name);
        const char *key = NULL;
        json_t *value = NULL;
        json_object_foreach(json_object_get(object, "properties"), key, value)
        {
            if (field_of(*shape, key) == NULL) {
                fail_msg("%s.%s is not read", (*shape)->name, key);
            }
        }
        assert_true(json_is_false(json_object_get(object, "additionalProperties")));
    }
}

static void what_is_required_is_the_same(void **state)
{
    (void)state;
    for (const struct shape *const *shape = all_shapes; *shape != NULL; shape++) {
        json_t *required = json_object_get(definition((*shape)->name), "required");
        for (size_t i = 0; i < (*shape)->count; i++) {
            const struct field *field = &(*shape)->fields[i];
            if (field->required != has_text(required, field->key)) {
                fail_msg("%s.%s is required in one of the two", (*shape)->name, field->key);
            }
        }
    }
}

static void limits_of_numbers_are_the_same(void **state)
{
    (void)state;
    for (const struct shape *const *shape = all_shapes; *shape != NULL; shape++) {
        json_t *keys = json_object_get(definition((*shape)->name), "properties");
        for (size_t i = 0; i < (*shape)->count; i++) {
            const struct field *field = &(*shape)->fields[i];
            json_t *value = json_object_get(keys, field->key);
            if (field->kind != FIELD_NUMBER) {
                continue;
            }
            json_t *low = json_object_get(value, "minimum"),
                   *high = json_object_get(value, "maximum");
            if (!json_is_integer(low) || json_integer_value(low) != field->low ||
                !json_is_integer(high) || json_integer_value(high) != field->high) {
                fail_msg("%s.%s is %" PRId64 "..%" PRId64, (*shape)->name, field->key, field->low,
                         field->high);
            }
        }
    }
}

/* The list of words, alone or beside an object. */
static json_t *words_of(json_t *value)
{
    json_t *words = json_object_get(value, "enum");
    return words != NULL
               ? words
               : json_object_get(json_array_get(json_object_get(value, "anyOf"), 0), "enum");
}

static void words_to_choose_from_are_the_same(void **state)
{
    (void)state;
    size_t seen = 0;
    for (const struct shape *const *shape = all_shapes; *shape != NULL; shape++) {
        json_t *keys = json_object_get(definition((*shape)->name), "properties");
        for (size_t i = 0; i < (*shape)->count; i++) {
            const struct field *field = &(*shape)->fields[i];
            if (field->choices == NULL) {
                continue;
            }
            json_t *words = words_of(json_object_get(keys, field->key));
            size_t count = 0;
            for (; field->choices[count].word != NULL; count++) {
                if (!has_text(words, field->choices[count].word)) {
                    fail_msg("%s.%s: \"%s\" is not in the schema", (*shape)->name, field->key,
                             field->choices[count].word);
                }
            }
            assert_int_equal(json_array_size(words), count);
            seen++;
        }
    }
    assert_true(seen > 10);
}

static void every_shape_that_a_table_names_is_listed(void **state)
{
    (void)state;
    for (const struct shape *const *shape = all_shapes; *shape != NULL; shape++) {
        for (size_t i = 0; i < (*shape)->count; i++) {
            const struct shape *named = (*shape)->fields[i].shape;
            bool listed = named == NULL;
            for (const struct shape *const *other = all_shapes; *other != NULL; other++) {
                listed = listed || *other == named;
            }
            if (!listed) {
                fail_msg("%s is not in all_shapes", named->name);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_of_the_reader_is_in_the_schema),
        cmocka_unit_test(every_key_of_the_schema_is_read),
        cmocka_unit_test(what_is_required_is_the_same),
        cmocka_unit_test(limits_of_numbers_are_the_same),
        cmocka_unit_test(words_to_choose_from_are_the_same),
        cmocka_unit_test(every_shape_that_a_table_names_is_listed),
    };
    return cmocka_run_group_tests(tests, read_schema, free_schema);
}
