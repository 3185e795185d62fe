/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded walk over HID report descriptors. */
#include "hal/reader/hid_descriptor.h"

#include <assert.h>
#include <string.h>

/* bType and bTag of a short item's prefix, as one number: prefix & ITEM_MASK (HID 1.11,
 * 6.2.2.2). */
enum {
    ITEM_MASK = 0xfc,
    ITEM_LONG = 0xfe,
    MAIN_INPUT = 0x80,
    MAIN_OUTPUT = 0x90,
    MAIN_FEATURE = 0xb0,
    MAIN_COLLECTION = 0xa0,
    MAIN_END_COLLECTION = 0xc0,
    GLOBAL_USAGE_PAGE = 0x04,
    GLOBAL_REPORT_SIZE = 0x74,
    GLOBAL_REPORT_ID = 0x84,
    GLOBAL_REPORT_COUNT = 0x94,
    GLOBAL_PUSH = 0xa4,
    GLOBAL_POP = 0xb4,
    LOCAL_USAGE = 0x08,
    LOCAL_USAGE_MINIMUM = 0x18,
    LOCAL_USAGE_MAXIMUM = 0x28,
    LOCAL_DELIMITER = 0xa8
};

enum { FLAG_CONSTANT = 0x01, COLLECTION_DEPTH_MAX = 64, REPORT_IDS = 256, KINDS = 3 };
enum { REPORT_BITS_MAX = HAL_HID_REPORT_LEN_MAX * 8 };

struct globals {
    uint16_t page;
    uint8_t report_id;
    uint32_t element_bits;
    uint32_t count;
};

/* A Usage item is a range of one. `has_page` marks a four-byte usage, which names its own page. */
struct usage_range {
    uint16_t page;
    uint16_t first;
    uint16_t last;
    bool has_page;
};

struct walk {
    struct globals now;
    struct globals pushed[HAL_HID_PUSH_MAX];
    size_t pushed_count;
    struct usage_range usages[HAL_HID_USAGES_MAX];
    size_t usage_count;
    bool has_minimum;
    struct usage_range minimum;
    unsigned depth;
    uint32_t bits[KINDS][REPORT_IDS]; /* so far in each report, without the ID byte */
    bool has_report_ids;
    bool has_anonymous; /* a field was met before any report ID */
    hal_hid_field_fn *on_field;
    void *context;
};

static uint32_t item_value(const uint8_t *data, size_t len)
{
    uint32_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value |= (uint32_t)data[i] << (8 * i);
    }
    return value;
}

static struct usage_range one_usage(uint32_t value, size_t len)
{
    return (struct usage_range){.page = (uint16_t)(value >> 16),
                                .first = (uint16_t)value,
                                .last = (uint16_t)value,
                                .has_page = len == 4};
}

static enum tally_status add_usages(struct walk *walk, struct usage_range range)
{
    if (walk->usage_count == HAL_HID_USAGES_MAX || range.last < range.first) {
        return TALLY_E_DEVICE;
    }
    walk->usages[walk->usage_count++] = range;
    return TALLY_OK;
}

static void forget_locals(struct walk *walk)
{
    walk->usage_count = 0;
    walk->has_minimum = false;
}

static void show_field(struct walk *walk, const struct usage_range *range, uint16_t usage,
                       uint32_t bit_at, uint32_t count)
{
    struct hal_hid_field field = {.page = range->has_page ? range->page : walk->now.page,
                                  .usage = usage,
                                  .report_id = walk->now.report_id,
                                  .bit_at = bit_at,
                                  .element_bits = walk->now.element_bits,
                                  .count = count};
    walk->on_field(walk->context, &field);
}

/* Gives the usages to the elements in order; the last usage takes all elements that are left (HID
 * 1.11, 6.2.2.8). The loops are bounded by `count`, which main_item() has bounded before. */
static void show_fields(struct walk *walk, uint32_t bit_at)
{
    uint32_t left = walk->now.count;
    for (size_t i = 0; i < walk->usage_count && left > 0; i++) {
        const struct usage_range *range = &walk->usages[i];
        bool is_last_range = i + 1 == walk->usage_count;
        for (uint32_t usage = range->first; usage <= range->last && left > 0; usage++) {
            bool is_last = is_last_range && usage == range->last;
            uint32_t count = is_last ? left : 1;
            show_field(walk, range, (uint16_t)usage, bit_at, count);
            bit_at += count * walk->now.element_bits;
            left -= count;
        }
    }
}

static enum tally_status main_item(struct walk *walk, unsigned kind, uint32_t flags)
{
    if (walk->has_minimum) {
        return TALLY_E_DEVICE; /* a range that was begun and not ended */
    }
    uint64_t added = (uint64_t)walk->now.element_bits * walk->now.count;
    uint32_t *bits = &walk->bits[kind][walk->now.report_id];
    if (*bits + added > REPORT_BITS_MAX) { /* two 32-bit factors leave room for the sum */
        return TALLY_E_DEVICE;
    }
    if (walk->now.report_id == 0) {
        walk->has_anonymous = true;
    }
    uint32_t bit_at = *bits + (walk->now.report_id != 0 ? 8 : 0);
    if (kind == 0 && added > 0 && (flags & FLAG_CONSTANT) == 0 && walk->on_field != NULL) {
        show_fields(walk, bit_at);
    }
    *bits += (uint32_t)added;
    forget_locals(walk);
    return TALLY_OK;
}

static enum tally_status pop_globals(struct walk *walk)
{
    if (walk->pushed_count == 0) {
        return TALLY_E_DEVICE;
    }
    walk->now = walk->pushed[--walk->pushed_count];
    return TALLY_OK;
}

static enum tally_status push_globals(struct walk *walk)
{
    if (walk->pushed_count == HAL_HID_PUSH_MAX) {
        return TALLY_E_DEVICE;
    }
    walk->pushed[walk->pushed_count++] = walk->now;
    return TALLY_OK;
}

static enum tally_status set_report_id(struct walk *walk, uint32_t value)
{
    if (value == 0 || value >= REPORT_IDS) {
        return TALLY_E_DEVICE;
    }
    walk->now.report_id = (uint8_t)value;
    walk->has_report_ids = true;
    return TALLY_OK;
}

static enum tally_status end_usage_range(struct walk *walk, uint32_t value, size_t len)
{
    struct usage_range range = walk->minimum;
    struct usage_range end = one_usage(value, len);
    bool same_page = !range.has_page || !end.has_page || range.page == end.page;
    if (!walk->has_minimum || !same_page) {
        return TALLY_E_DEVICE;
    }
    walk->has_minimum = false;
    range.last = end.last;
    return add_usages(walk, range);
}

static enum tally_status short_item(struct walk *walk, uint8_t item, uint32_t value, size_t len)
{
    switch (item) {
    case MAIN_INPUT:
        return main_item(walk, 0, value);
    case MAIN_OUTPUT:
        return main_item(walk, 1, value);
    case MAIN_FEATURE:
        return main_item(walk, 2, value);
    case MAIN_COLLECTION:
        forget_locals(walk);
        return ++walk->depth > COLLECTION_DEPTH_MAX ? TALLY_E_DEVICE : TALLY_OK;
    case MAIN_END_COLLECTION:
        forget_locals(walk);
        return walk->depth-- == 0 ? TALLY_E_DEVICE : TALLY_OK;
    case GLOBAL_USAGE_PAGE:
        walk->now.page = (uint16_t)value;
        return value > UINT16_MAX ? TALLY_E_DEVICE : TALLY_OK;
    case GLOBAL_REPORT_SIZE:
        walk->now.element_bits = value;
        return TALLY_OK;
    case GLOBAL_REPORT_COUNT:
        walk->now.count = value;
        return TALLY_OK;
    case GLOBAL_REPORT_ID:
        return set_report_id(walk, value);
    case GLOBAL_PUSH:
        return push_globals(walk);
    case GLOBAL_POP:
        return pop_globals(walk);
    case LOCAL_USAGE:
        return add_usages(walk, one_usage(value, len));
    case LOCAL_USAGE_MINIMUM:
        walk->minimum = one_usage(value, len);
        walk->has_minimum = true;
        return TALLY_OK;
    case LOCAL_USAGE_MAXIMUM:
        return end_usage_range(walk, value, len);
    case LOCAL_DELIMITER:
        return TALLY_E_DEVICE; /* alternative usages: no reader that we know of has them */
    default:
        return TALLY_OK; /* units, limits, strings, and items not known yet: no effect on places */
    }
}

static enum tally_status walk_items(struct walk *walk, const uint8_t *descriptor, size_t len)
{
    size_t at = 0;
    while (at < len) {
        uint8_t prefix = descriptor[at++];
        if (prefix == ITEM_LONG) { /* bDataSize, bLongItemTag, data: reserved, so skipped */
            if (len - at < 2 || len - at - 2 < descriptor[at]) {
                return TALLY_E_DEVICE;
            }
            at += 2u + descriptor[at];
            continue;
        }
        size_t data_len = (prefix & 3u) == 3 ? 4 : prefix & 3u;
        if (len - at < data_len) {
            return TALLY_E_DEVICE;
        }
        uint32_t value = item_value(descriptor + at, data_len);
        TALLY_TRY(short_item(walk, prefix & ITEM_MASK, value, data_len));
        at += data_len;
    }
    return TALLY_OK;
}

static uint32_t longest(const struct walk *walk, unsigned kind, bool *ret_varies)
{
    uint32_t len_max = 0;
    bool varies = false;
    for (size_t id = 0; id < REPORT_IDS; id++) {
        if (walk->bits[kind][id] == 0) {
            continue;
        }
        uint32_t len = (walk->bits[kind][id] + 7) / 8 + (id != 0);
        varies = varies || (len_max != 0 && len != len_max);
        len_max = len > len_max ? len : len_max;
    }
    *ret_varies = varies;
    return len_max;
}

enum tally_status hal_hid_walk(const uint8_t *descriptor, size_t len, hal_hid_field_fn *on_field,
                               void *context, struct hal_hid_sizes *ret_sizes)
{
    assert(descriptor != NULL || len == 0);
    assert(ret_sizes != NULL);

    if (len == 0 || len > HAL_HID_DESCRIPTOR_LEN_MAX) {
        return TALLY_E_DEVICE;
    }
    struct walk walk = {.on_field = on_field, .context = context};
    TALLY_TRY(walk_items(&walk, descriptor, len));
    bool mixes_ids = walk.has_report_ids && walk.has_anonymous;
    if (walk.depth != 0 || mixes_ids) {
        return TALLY_E_DEVICE;
    }
    struct hal_hid_sizes sizes = {.has_report_ids = walk.has_report_ids};
    bool varies = false;
    sizes.output_len = longest(&walk, 1, &varies);
    sizes.feature_len = longest(&walk, 2, &varies);
    sizes.input_len = longest(&walk, 0, &varies);
    sizes.input_len_varies = varies;
    *ret_sizes = sizes;
    return TALLY_OK;
}

enum tally_status hal_hid_element(const struct hal_hid_field *field, const uint8_t *report,
                                  size_t len, uint32_t index, uint32_t *ret_value)
{
    assert(field != NULL);
    assert(report != NULL || len == 0);
    assert(ret_value != NULL);

    if (index >= field->count || field->element_bits > 32) {
        return TALLY_E_DEVICE;
    }
    uint64_t bit_at = field->bit_at + (uint64_t)index * field->element_bits;
    if (bit_at + field->element_bits > (uint64_t)len * 8) {
        return TALLY_E_DEVICE;
    }
    uint32_t value = 0;
    for (uint32_t i = 0; i < field->element_bits; i++) {
        uint64_t bit = bit_at + i;
        value |= (uint32_t)((report[bit / 8] >> (bit % 8)) & 1u) << i;
    }
    *ret_value = value;
    return TALLY_OK;
}
