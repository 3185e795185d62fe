/* SPDX-License-Identifier: Apache-2.0 */
/* The HID report descriptor parser: real readers, and everything that is not one. */
#include "hal/reader/hid_descriptor.h"

#include "tests/unit/hal/hid_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

enum { FIELDS_MAX = 64 };

struct fields {
    struct hal_hid_field list[FIELDS_MAX];
    size_t count;
};

static void collect(void *context, const struct hal_hid_field *field)
{
    struct fields *fields = context;
    assert_true(field->count > 0);
    assert_true(field->element_bits > 0);
    if (fields->count < FIELDS_MAX) {
        fields->list[fields->count] = *field;
    }
    fields->count++;
}

/* The bytes are walked in a block of exactly their length, so that the sanitizer sees one too
 * far. */
static enum tally_status walk_exactly(const uint8_t *data, size_t len, struct fields *fields,
                                      struct hal_hid_sizes *sizes)
{
    uint8_t *copy = test_malloc(len == 0 ? 1 : len);
    for (size_t i = 0; i < len; i++) {
        copy[i] = data[i];
    }
    *fields = (struct fields){.count = 0};
    enum tally_status status = hal_hid_walk(len == 0 ? NULL : copy, len, collect, fields, sizes);
    test_free(copy);
    return status;
}

static enum tally_status walk(const struct build *build, struct fields *fields,
                              struct hal_hid_sizes *sizes)
{
    return walk_exactly(build->data, build->len, fields, sizes);
}

static const struct hal_hid_field *field_of(const struct fields *fields, uint16_t usage)
{
    for (size_t i = 0; i < fields->count && i < FIELDS_MAX; i++) {
        if (fields->list[i].usage == usage) {
            return &fields->list[i];
        }
    }
    fail_msg("no field with usage %02x", usage);
    return NULL;
}

static void expect_text_at(const struct fields *fields, uint16_t usage, uint32_t at, uint32_t count)
{
    const struct hal_hid_field *field = field_of(fields, usage);
    assert_int_equal(at * 8, field->bit_at);
    assert_int_equal(8, field->element_bits);
    assert_int_equal(count, field->count);
}

static void expect_sureswipe(const uint8_t *data, size_t len)
{
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_OK, walk_exactly(data, len, &fields, &sizes));
    assert_int_equal(337, sizes.input_len);
    assert_int_equal(24, sizes.feature_len);
    assert_int_equal(0, sizes.output_len);
    assert_false(sizes.has_report_ids);
    assert_false(sizes.input_len_varies);
    assert_int_equal(10, fields.count);
    expect_text_at(&fields, 0x20, 0, 1);
    expect_text_at(&fields, 0x29, 4, 1);
    expect_text_at(&fields, 0x38, 6, 1);
    expect_text_at(&fields, 0x30, 7, 110);
    expect_text_at(&fields, 0x31, 117, 110);
    expect_text_at(&fields, 0x32, 227, 110);
}

static void a_sureswipe_reader_sends_337_bytes_with_tracks_where_the_manual_says(void **state)
{
    (void)state;
    struct build build = sureswipe_descriptor();
    expect_sureswipe(build.data, build.len);
}

static void the_published_sureswipe_descriptor_reads_the_same(void **state)
{
    (void)state;
    FILE *file = fopen(TALLY_TEST_VECTORS "/magtek/report-descriptors.json", "rb");
    if (file == NULL) {
        skip();
    }
    char text[8192];
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    static const char key[] = "\"sureswipe_hid_0801_0002\": \"";
    const char *hex = strstr(text, key);
    assert_non_null(hex);
    hex += sizeof key - 1;
    struct build published = {.len = 0};
    while (hex[0] != '"') {
        char pair[3] = {hex[0], hex[1], '\0'};
        put_byte(&published, (uint8_t)strtoul(pair, NULL, 16));
        hex += 2;
    }
    expect_sureswipe(published.data, published.len);
    struct build built = sureswipe_descriptor();
    assert_int_equal(built.len, published.len);
    assert_memory_equal(built.data, published.data, built.len);
}

static void a_dynamag_reader_sends_856_bytes(void **state)
{
    (void)state;
    struct build build = dynamag_descriptor();
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    assert_int_equal(856, sizes.input_len);
    assert_int_equal(60, sizes.feature_len);
    expect_text_at(&fields, 0x47, 505, 1);
    expect_text_at(&fields, 0x4a, 508, 112);
    expect_text_at(&fields, 0x4b, 620, 112);
    assert_int_equal(344 * 8, field_of(&fields, 0x23)->bit_at);
    assert_int_equal(32, field_of(&fields, 0x23)->element_bits);
}

static void every_cut_inside_the_collection_is_refused(void **state)
{
    (void)state;
    struct build builds[] = {sureswipe_descriptor(), dynamag_descriptor(), pos_page_descriptor(2)};
    for (size_t which = 0; which < 3; which++) {
        size_t head = 3 + 2; /* usage page and usage stand before the collection */
        for (size_t len = 0; len < builds[which].len; len++) {
            struct fields fields;
            struct hal_hid_sizes sizes;
            enum tally_status status = walk_exactly(builds[which].data, len, &fields, &sizes);
            bool is_whole_item = len == 3 || len == head;
            assert_int_equal(is_whole_item ? TALLY_OK : TALLY_E_DEVICE, status);
        }
    }
}

static void a_report_id_takes_the_first_byte(void **state)
{
    (void)state;
    struct build build = pos_page_descriptor(7);
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    assert_true(sizes.has_report_ids);
    assert_int_equal(1 + 3 * 81, sizes.input_len);
    assert_int_equal(7, field_of(&fields, 0x21)->report_id);
    expect_text_at(&fields, 0x11, 1, 1);
    expect_text_at(&fields, 0x22, 1 + 81 + 1, 80);
}

static void two_input_reports_of_different_length_are_noticed(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_item(&build, ITEM_REPORT_ID, 1);
    put_input(&build, 0x01, 4);
    put_item(&build, ITEM_REPORT_ID, 2);
    put_input(&build, 0x02, 9);
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    assert_true(sizes.input_len_varies);
    assert_int_equal(10, sizes.input_len);
    expect_text_at(&fields, 0x02, 1, 9);
}

static void fields_with_and_without_report_id_are_refused(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_input(&build, 0x01, 4);
    put_item(&build, ITEM_REPORT_ID, 2);
    put_input(&build, 0x02, 9);
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_E_DEVICE, walk(&build, &fields, &sizes));
}

static void report_id_zero_is_refused(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    put_item(&build, ITEM_REPORT_ID, 0);
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_E_DEVICE, walk(&build, &fields, &sizes));
}

static void pop_brings_back_what_push_saved(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    put_item(&build, ITEM_USAGE_PAGE, 0x8e);
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_item(&build, ITEM_REPORT_COUNT, 2);
    put_bare(&build, ITEM_PUSH);
    put_item(&build, ITEM_USAGE_PAGE, 0x01);
    put_item(&build, ITEM_REPORT_SIZE, 3);
    put_item(&build, ITEM_REPORT_COUNT, 5);
    put_bare(&build, ITEM_POP);
    put_item(&build, ITEM_USAGE, 0x30);
    put_item(&build, ITEM_INPUT, DATA_VARIABLE);
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    assert_int_equal(2, sizes.input_len);
    assert_int_equal(0x8e, fields.list[0].page);
    expect_text_at(&fields, 0x30, 0, 2);
}

static void pop_without_push_is_refused(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    put_bare(&build, ITEM_POP);
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_E_DEVICE, walk(&build, &fields, &sizes));
}

static void pushing_deeper_than_the_limit_is_refused(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    struct fields fields;
    struct hal_hid_sizes sizes;
    for (int i = 0; i < HAL_HID_PUSH_MAX; i++) {
        put_bare(&build, ITEM_PUSH);
    }
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    put_bare(&build, ITEM_PUSH);
    assert_int_equal(TALLY_E_DEVICE, walk(&build, &fields, &sizes));
}

static void long_items_are_skipped(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    put_byte(&build, 0xfe);
    put_byte(&build, 3); /* bDataSize */
    put_byte(&build, 0xf1);
    put_byte(&build, ITEM_POP); /* would be refused if it were an item */
    put_byte(&build, ITEM_POP);
    put_byte(&build, ITEM_POP);
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_input(&build, 0x42, 1);
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    expect_text_at(&fields, 0x42, 0, 1);
}

static void a_long_item_that_reaches_past_the_end_is_refused(void **state)
{
    (void)state;
    static const uint8_t item[] = {0xfe, 3, 0xf1, 0, 0};
    for (size_t len = 1; len <= sizeof item; len++) {
        struct fields fields;
        struct hal_hid_sizes sizes;
        assert_int_equal(TALLY_E_DEVICE, walk_exactly(item, len, &fields, &sizes));
    }
}

static void a_usage_range_gives_one_usage_to_each_element(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    put_item(&build, ITEM_REPORT_SIZE, 4);
    put_item(&build, ITEM_REPORT_COUNT, 5);
    put_item(&build, ITEM_USAGE_MIN, 0x10);
    put_item(&build, ITEM_USAGE_MAX, 0x12);
    put_item(&build, ITEM_INPUT, DATA_VARIABLE);
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    assert_int_equal(3, sizes.input_len);
    assert_int_equal(3, fields.count);
    assert_int_equal(4, field_of(&fields, 0x11)->bit_at);
    assert_int_equal(1, field_of(&fields, 0x11)->count);
    assert_int_equal(3, field_of(&fields, 0x12)->count); /* the last one takes the rest */
}

static void a_backward_or_unfinished_usage_range_is_refused(void **state)
{
    (void)state;
    struct fields fields;
    struct hal_hid_sizes sizes;
    struct build backward = {.len = 0};
    put_item(&backward, ITEM_USAGE_MIN, 0x12);
    put_item(&backward, ITEM_USAGE_MAX, 0x10);
    assert_int_equal(TALLY_E_DEVICE, walk(&backward, &fields, &sizes));
    struct build unfinished = {.len = 0};
    put_item(&unfinished, ITEM_USAGE_MIN, 0x12);
    put_item(&unfinished, ITEM_INPUT, DATA_VARIABLE);
    assert_int_equal(TALLY_E_DEVICE, walk(&unfinished, &fields, &sizes));
    struct build only_end = {.len = 0};
    put_item(&only_end, ITEM_USAGE_MAX, 0x12);
    assert_int_equal(TALLY_E_DEVICE, walk(&only_end, &fields, &sizes));
}

static void a_four_byte_usage_names_its_own_page(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    put_item(&build, ITEM_USAGE_PAGE, 0x01);
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_item(&build, ITEM_REPORT_COUNT, 1);
    put_item_wide(&build, ITEM_USAGE, 0x008e0022, 4);
    put_item(&build, ITEM_INPUT, DATA_VARIABLE);
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    assert_int_equal(0x8e, fields.list[0].page);
    assert_int_equal(0x22, fields.list[0].usage);
}

static void padding_takes_room_but_is_not_a_field(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_item(&build, ITEM_REPORT_COUNT, 3);
    put_item(&build, ITEM_USAGE, 0x55);
    put_item(&build, ITEM_INPUT, CONSTANT);
    put_input(&build, 0x42, 1);
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    assert_int_equal(1, fields.count);
    expect_text_at(&fields, 0x42, 3, 1);
}

static void sizes_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const uint32_t cases[][2] = {{0xffffffff, 0xffffffff},
                                        {1, 0xffffffff},
                                        {0xffffffff, 1},
                                        {0x10000, 0x10000},
                                        {8, HAL_HID_REPORT_LEN_MAX + 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct build build = {.len = 0};
        put_item(&build, ITEM_REPORT_SIZE, cases[i][0]);
        put_item(&build, ITEM_REPORT_COUNT, cases[i][1]);
        put_item(&build, ITEM_USAGE, 1);
        put_item(&build, ITEM_INPUT, DATA_VARIABLE);
        struct fields fields;
        struct hal_hid_sizes sizes;
        assert_int_equal(TALLY_E_DEVICE, walk(&build, &fields, &sizes));
        assert_int_equal(0, fields.count);
    }
}

static void reports_that_grow_past_the_limit_are_refused(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_item(&build, ITEM_REPORT_COUNT, HAL_HID_REPORT_LEN_MAX / 2);
    put_item(&build, ITEM_INPUT, CONSTANT);
    put_item(&build, ITEM_INPUT, CONSTANT);
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    put_item(&build, ITEM_REPORT_COUNT, 1);
    put_item(&build, ITEM_INPUT, CONSTANT);
    assert_int_equal(TALLY_E_DEVICE, walk(&build, &fields, &sizes));
}

static void elements_of_no_bits_are_no_fields(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    put_item(&build, ITEM_REPORT_COUNT, 0xffffffff);
    put_item(&build, ITEM_USAGE_MIN, 0);
    put_item(&build, ITEM_USAGE_MAX, 0xffff);
    put_item(&build, ITEM_INPUT, DATA_VARIABLE);
    struct fields fields;
    struct hal_hid_sizes sizes;
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    assert_int_equal(0, fields.count);
    assert_int_equal(0, sizes.input_len);
}

static void more_usages_than_the_limit_are_refused(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    struct fields fields;
    struct hal_hid_sizes sizes;
    for (int i = 0; i < HAL_HID_USAGES_MAX; i++) {
        put_item(&build, ITEM_USAGE, 1);
    }
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    put_item(&build, ITEM_USAGE, 1);
    assert_int_equal(TALLY_E_DEVICE, walk(&build, &fields, &sizes));
}

static void collections_that_do_not_balance_are_refused(void **state)
{
    (void)state;
    struct fields fields;
    struct hal_hid_sizes sizes;
    struct build open = {.len = 0};
    put_item(&open, ITEM_COLLECTION, 1);
    assert_int_equal(TALLY_E_DEVICE, walk(&open, &fields, &sizes));
    struct build closed = {.len = 0};
    put_bare(&closed, ITEM_END_COLLECTION);
    assert_int_equal(TALLY_E_DEVICE, walk(&closed, &fields, &sizes));
}

static void descriptors_above_the_limit_are_refused(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    struct fields fields;
    struct hal_hid_sizes sizes;
    while (build.len < HAL_HID_DESCRIPTOR_LEN_MAX) {
        put_item(&build, ITEM_LOGICAL_MIN, 0);
    }
    assert_int_equal(TALLY_OK, walk(&build, &fields, &sizes));
    put_item(&build, ITEM_LOGICAL_MIN, 0);
    assert_int_equal(TALLY_E_DEVICE, walk(&build, &fields, &sizes));
}

/* Half of the cases are a real descriptor with a few bytes changed, half are noise. */
static void garbage_is_answered_with_a_status_and_fields_inside_the_report(void **state)
{
    (void)state;
    uint32_t seed = 20240611;
    print_message("seed %u\n", (unsigned)seed);
    for (int round = 0; round < 20000; round++) {
        struct build build = round % 2 == 0 ? dynamag_descriptor() : (struct build){.len = 0};
        if (round % 2 == 0) {
            for (uint32_t i = next_random(&seed) % 4; i < 4; i++) {
                build.data[next_random(&seed) % build.len] = (uint8_t)next_random(&seed);
            }
        } else {
            for (uint32_t left = next_random(&seed) % 64; left > 0; left--) {
                put_byte(&build, (uint8_t)next_random(&seed));
            }
        }
        struct fields fields;
        struct hal_hid_sizes sizes;
        if (walk(&build, &fields, &sizes) != TALLY_OK) {
            continue;
        }
        for (size_t i = 0; i < fields.count && i < FIELDS_MAX; i++) {
            const struct hal_hid_field *field = &fields.list[i];
            uint64_t end = field->bit_at + (uint64_t)field->element_bits * field->count;
            assert_true(end <= (uint64_t)sizes.input_len * 8);
        }
    }
}

static void elements_are_read_little_endian_across_bytes(void **state)
{
    (void)state;
    static const uint8_t report[] = {0x21, 0x43, 0x65};
    struct hal_hid_field field = {.bit_at = 4, .element_bits = 12, .count = 1};
    uint32_t value = 0;
    assert_int_equal(TALLY_OK, hal_hid_element(&field, report, sizeof report, 0, &value));
    assert_int_equal(0x432, value);
}

static void an_element_outside_the_report_is_refused(void **state)
{
    (void)state;
    static const uint8_t report[] = {1, 2, 3};
    struct hal_hid_field field = {.bit_at = 8, .element_bits = 8, .count = 3};
    uint32_t value = 77;
    assert_int_equal(TALLY_OK, hal_hid_element(&field, report, sizeof report, 1, &value));
    assert_int_equal(3, value);
    value = 77;
    assert_int_equal(TALLY_E_DEVICE, hal_hid_element(&field, report, sizeof report, 2, &value));
    assert_int_equal(TALLY_E_DEVICE, hal_hid_element(&field, report, sizeof report, 3, &value));
    assert_int_equal(77, value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sureswipe_reader_sends_337_bytes_with_tracks_where_the_manual_says),
        cmocka_unit_test(the_published_sureswipe_descriptor_reads_the_same),
        cmocka_unit_test(a_dynamag_reader_sends_856_bytes),
        cmocka_unit_test(every_cut_inside_the_collection_is_refused),
        cmocka_unit_test(a_report_id_takes_the_first_byte),
        cmocka_unit_test(two_input_reports_of_different_length_are_noticed),
        cmocka_unit_test(fields_with_and_without_report_id_are_refused),
        cmocka_unit_test(report_id_zero_is_refused),
        cmocka_unit_test(pop_brings_back_what_push_saved),
        cmocka_unit_test(pop_without_push_is_refused),
        cmocka_unit_test(pushing_deeper_than_the_limit_is_refused),
        cmocka_unit_test(long_items_are_skipped),
        cmocka_unit_test(a_long_item_that_reaches_past_the_end_is_refused),
        cmocka_unit_test(a_usage_range_gives_one_usage_to_each_element),
        cmocka_unit_test(a_backward_or_unfinished_usage_range_is_refused),
        cmocka_unit_test(a_four_byte_usage_names_its_own_page),
        cmocka_unit_test(padding_takes_room_but_is_not_a_field),
        cmocka_unit_test(sizes_that_do_not_fit_are_refused),
        cmocka_unit_test(reports_that_grow_past_the_limit_are_refused),
        cmocka_unit_test(elements_of_no_bits_are_no_fields),
        cmocka_unit_test(more_usages_than_the_limit_are_refused),
        cmocka_unit_test(collections_that_do_not_balance_are_refused),
        cmocka_unit_test(descriptors_above_the_limit_are_refused),
        cmocka_unit_test(garbage_is_answered_with_a_status_and_fields_inside_the_report),
        cmocka_unit_test(elements_are_read_little_endian_across_bytes),
        cmocka_unit_test(an_element_outside_the_report_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
