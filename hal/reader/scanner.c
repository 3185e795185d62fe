/* SPDX-License-Identifier: Apache-2.0 */
/* Bar code scanners after the USB-IF's page: where the scanned data stands, and scans of several
 * reports. */
#include "hal/reader/scanner.h"

#include <assert.h>
#include <string.h>

enum {
    PAGE_SCANNER = 0x8c,
    USAGE_SCANNER = 0x02,
    USAGE_AIM_1 = 0xfb,
    USAGE_DATA = 0xfe,
    USAGE_MORE = 0xff,
    PAGE_HONEYWELL = 0xff66,
    USAGE_CODE_ID = 0x04
};

/* The report of the manuals (Honeywell 2020-5b, Access-IS LSR118): ID 02, length, AIM, 56 bytes,
 * the maker's letter for the symbology, reserved, flags. */
enum {
    FIXED_ID = 2,
    FIXED_REPORT_LEN = 64,
    FIXED_LEN_AT = 1,
    FIXED_AIM_AT = 2,
    FIXED_DATA_AT = 5,
    FIXED_DATA_LEN = 56,
    FIXED_MORE_AT = 63
};

struct search {
    struct hal_scanner_layout layout;
    struct hal_hid_field before; /* the field in front of the first of AIM and data */
    struct hal_hid_field last;
    bool has_page;
};

static void note(struct hal_hid_field *slot, const struct hal_hid_field *field)
{
    if (slot->count == 0) {
        *slot = *field;
    }
}

/* Usages have no name for the length. It is the byte in front, whatever its usage, in the same
 * report. */
static void note_place(struct search *search, const struct hal_hid_field *field)
{
    bool is_first = search->layout.aim[0].count == 0 && search->layout.data.count == 0;
    if (is_first) {
        search->before = search->last;
    }
    if (field->usage == USAGE_DATA) {
        note(&search->layout.data, field);
    } else {
        note(&search->layout.aim[field->usage - USAGE_AIM_1], field);
    }
}

static void on_field(void *context, const struct hal_hid_field *field)
{
    struct search *search = context;
    if (field->page == PAGE_HONEYWELL && field->usage == USAGE_CODE_ID) {
        note(&search->layout.code_id, field);
    }
    if (field->page == PAGE_SCANNER) {
        search->has_page = true;
        if (field->usage >= USAGE_AIM_1 && field->usage <= USAGE_DATA) {
            note_place(search, field);
        } else if (field->usage == USAGE_MORE) {
            note(&search->layout.more, field);
        }
    }
    search->last = *field;
}

static bool is_byte(const struct hal_hid_field *field, uint8_t report_id)
{
    return field->count > 0 && field->element_bits == 8 && field->bit_at % 8 == 0 &&
           field->report_id == report_id;
}

static void forget_unless(bool is_sound, struct hal_hid_field *field)
{
    if (!is_sound) {
        *field = (struct hal_hid_field){.count = 0};
    }
}

/* Keeps of what was found what stands in the data's report. */
static enum tally_status described_layout(struct search *search)
{
    struct hal_scanner_layout *layout = &search->layout;
    uint8_t id = layout->data.report_id;
    if (!is_byte(&layout->data, id)) {
        return TALLY_E_DEVICE;
    }
    layout->report_id = id;
    layout->len = search->before;
    uint32_t first_bit = layout->aim[0].count != 0 ? layout->aim[0].bit_at : layout->data.bit_at;
    bool is_len =
        is_byte(&layout->len, id) && layout->len.count == 1 && layout->len.bit_at + 8 == first_bit;
    forget_unless(is_len, &layout->len);
    for (size_t i = 0; i < HAL_AIM_LEN; i++) {
        forget_unless(is_byte(&layout->aim[i], id), &layout->aim[i]);
    }
    forget_unless(is_byte(&layout->code_id, id), &layout->code_id);
    forget_unless(layout->more.report_id == id && layout->more.element_bits <= 32, &layout->more);
    return TALLY_OK;
}

static struct hal_hid_field fixed_field(uint32_t byte_at, uint32_t count, uint8_t report_id)
{
    return (struct hal_hid_field){.page = PAGE_SCANNER,
                                  .report_id = report_id,
                                  .bit_at = byte_at * 8,
                                  .element_bits = 8,
                                  .count = count};
}

static void fixed_layout(struct hal_scanner_layout *layout)
{
    uint8_t id = layout->sizes.has_report_ids ? FIXED_ID : 0;
    layout->report_id = id;
    layout->len = fixed_field(FIXED_LEN_AT, 1, id);
    for (uint32_t i = 0; i < HAL_AIM_LEN; i++) {
        layout->aim[i] = fixed_field(FIXED_AIM_AT + i, 1, id);
    }
    layout->data = fixed_field(FIXED_DATA_AT, FIXED_DATA_LEN, id);
    layout->more = fixed_field(FIXED_MORE_AT, 1, id);
    layout->more.element_bits = 1;
}

/* Whether the first things a descriptor says are page 8C and usage 02. */
static bool begins_as_scanner(const uint8_t *descriptor, size_t len)
{
    static const uint8_t short_page[] = {0x05, PAGE_SCANNER, 0x09, USAGE_SCANNER};
    static const uint8_t long_page[] = {0x06, PAGE_SCANNER, 0x00, 0x09, USAGE_SCANNER};
    return (len >= sizeof short_page && memcmp(descriptor, short_page, sizeof short_page) == 0) ||
           (len >= sizeof long_page && memcmp(descriptor, long_page, sizeof long_page) == 0);
}

enum tally_status hal_scanner_layout(const uint8_t *descriptor, size_t len,
                                     struct hal_scanner_layout *ret_layout)
{
    assert(ret_layout != NULL);

    struct search search = {.has_page = false};
    struct hal_hid_sizes sizes;
    TALLY_TRY(hal_hid_walk(descriptor, len, on_field, &search, &sizes));
    search.layout.sizes = sizes;
    bool is_fixed = sizes.input_len == FIXED_REPORT_LEN &&
                    (search.has_page || begins_as_scanner(descriptor, len));
    if (search.layout.data.count != 0) {
        TALLY_TRY(described_layout(&search));
    } else if (is_fixed) {
        fixed_layout(&search.layout);
    } else {
        return TALLY_E_NOT_FOUND;
    }
    *ret_layout = search.layout;
    return TALLY_OK;
}

/* ---- one report ---- */

/* Element `index` of a field; 0 where the device does not have it, or the report ends before. */
static uint8_t byte_of(const struct hal_hid_field *field, const uint8_t *report, size_t len,
                       uint32_t index)
{
    uint32_t value = 0;
    if (field->count == 0 || hal_hid_element(field, report, len, index, &value) != TALLY_OK) {
        return 0;
    }
    return (uint8_t)value;
}

/* The letters of Honeywell 2020-5b, for scanners that send no AIM identifier. */
static enum hal_symbology honeywell_symbology(uint8_t code_id)
{
    switch (code_id) {
    case 0:
        return HAL_SYMBOLOGY_UNKNOWN;
    case 'c': /* UPC-A */
    case 'd':
        return HAL_SYMBOLOGY_EAN_13;
    case 'D':
        return HAL_SYMBOLOGY_EAN_8;
    case 'E': /* UPC-E */
        return HAL_SYMBOLOGY_EAN_OTHER;
    default:
        return HAL_SYMBOLOGY_PLAIN;
    }
}

/* Where AIM and data really begin. Some scanners put both one byte later than they should. */
static uint32_t shift_of(const struct hal_scanner_layout *layout, const uint8_t *report, size_t len)
{
    bool is_there = byte_of(&layout->aim[0], report, len, 0) == ']';
    bool is_later = byte_of(&layout->aim[1], report, len, 0) == ']';
    return layout->aim[0].count != 0 && !is_there && is_later ? 1 : 0;
}

static enum hal_symbology symbology_of(const struct hal_scanner_layout *layout,
                                       const uint8_t *report, size_t len, uint32_t shift)
{
    uint8_t aim[HAL_AIM_LEN];
    for (uint32_t i = 0; i < HAL_AIM_LEN; i++) {
        aim[i] = byte_of(&layout->aim[i], report, len, 0);
    }
    if (shift == 1) {
        memmove(aim, aim + 1, HAL_AIM_LEN - 1);
        aim[HAL_AIM_LEN - 1] = byte_of(&layout->data, report, len, 0);
    }
    enum hal_symbology symbology = hal_scan_symbology(aim);
    if (symbology == HAL_SYMBOLOGY_UNKNOWN) {
        symbology = honeywell_symbology(byte_of(&layout->code_id, report, len, 0));
    }
    return symbology;
}

/* How many bytes of data this report holds. */
static enum tally_status text_len_of(const struct hal_scanner_layout *layout, const uint8_t *report,
                                     size_t len, uint32_t shift, size_t *ret_len)
{
    size_t data_at = layout->data.bit_at / 8, room = layout->data.count;
    if (data_at + room > len || room < shift) {
        return TALLY_E_CARD_UNREADABLE;
    }
    room -= shift;
    size_t text_len = byte_of(&layout->len, report, len, 0);
    if (layout->len.count == 0) {
        text_len = strnlen((const char *)report + data_at + shift, room);
    }
    if (text_len > room) {
        return TALLY_E_CARD_UNREADABLE;
    }
    *ret_len = text_len;
    return TALLY_OK;
}

static void append(struct hal_scanner_scan *scan, const uint8_t *text, size_t len)
{
    if (len > sizeof scan->text - scan->len) {
        scan->is_too_long = true;
        return;
    }
    memcpy(scan->text + scan->len, text, len);
    scan->len += len;
}

static enum tally_status take_report(const struct hal_scanner_layout *layout,
                                     struct hal_scanner_scan *scan, const uint8_t *report,
                                     size_t len)
{
    if (layout->report_id != 0 && (len == 0 || report[0] != layout->report_id)) {
        return TALLY_E_NOT_FOUND;
    }
    uint32_t shift = shift_of(layout, report, len);
    size_t text_len = 0;
    TALLY_TRY(text_len_of(layout, report, len, shift, &text_len));
    uint32_t more = 0;
    if (layout->more.count != 0 &&
        hal_hid_element(&layout->more, report, len, 0, &more) != TALLY_OK) {
        return TALLY_E_CARD_UNREADABLE;
    }
    bool has_more = (more & 1) != 0;
    if (text_len == 0 && !has_more && !scan->has_begun) {
        return TALLY_E_NOT_FOUND;
    }
    if (!scan->has_begun) {
        scan->symbology = symbology_of(layout, report, len, shift);
        scan->has_begun = true;
    }
    append(scan, report + layout->data.bit_at / 8 + shift, text_len);
    return has_more ? TALLY_E_AGAIN : TALLY_OK;
}

enum tally_status hal_scanner_report(const struct hal_scanner_layout *layout,
                                     struct hal_scanner_scan *scan, uint8_t *report, size_t len)
{
    assert(layout != NULL && scan != NULL);
    assert(report != NULL || len == 0);

    enum tally_status status = take_report(layout, scan, report, len);
    if (len > 0) {
        explicit_bzero(report, len);
    }
    return status;
}

enum tally_status hal_scanner_card(struct hal_scanner_scan *scan,
                                   const struct hal_reader_settings *settings,
                                   struct tally_card *ret_card)
{
    assert(scan != NULL && settings != NULL && ret_card != NULL);

    enum tally_status status = TALLY_E_UNKNOWN_CARD;
    if (!scan->is_too_long) {
        status = hal_scan_card(settings, scan->symbology, TALLY_ENTRY_SCANNED, scan->text,
                               scan->len, ret_card);
    }
    hal_scanner_drop(scan);
    return status;
}

void hal_scanner_drop(struct hal_scanner_scan *scan)
{
    assert(scan != NULL);
    explicit_bzero(scan, sizeof *scan);
}
