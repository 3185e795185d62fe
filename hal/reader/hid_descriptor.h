/* hal/reader/hid_descriptor.h: where each usage stands in a device's input reports.
 *
 * Report sizes and offsets differ between readers and between firmware versions of one reader, so
 * they are always taken from the HID report descriptor (HID 1.11, 6.2.2).
 *
 * Units    positions and sizes of fields are bits from the start of the report as it arrives, that
 *          is with the report ID byte when the device uses report IDs; report lengths are bytes.
 * Memory   nothing is allocated; the descriptor is borrowed for the call.
 * Errors   the bytes come from outside: whatever they are, the answer is a status.
 * Threads  pure. */
#ifndef HAL_READER_HID_DESCRIPTOR_H
#define HAL_READER_HID_DESCRIPTOR_H

#include "app/core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HAL_HID_DESCRIPTOR_LEN_MAX = 4096, /* the kernel's limit too */
    HAL_HID_REPORT_LEN_MAX = 4096,     /* longer reports are refused */
    HAL_HID_PUSH_MAX = 8,              /* nesting of Push; deeper is refused */
    HAL_HID_USAGES_MAX = 256           /* Usage items and ranges before one main item */
};

/* One usage of an input main item. A usage that covers several elements (a text) is one field. */
struct hal_hid_field {
    uint16_t page;
    uint16_t usage;
    uint8_t report_id; /* 0: the device does not use report IDs */
    uint32_t bit_at;
    uint32_t element_bits; /* above 0 */
    uint32_t count;        /* elements, above 0 */
};

/* The longest report of each kind, in bytes as they travel (with the ID byte, if any). */
struct hal_hid_sizes {
    uint32_t input_len;
    uint32_t output_len;
    uint32_t feature_len;
    bool has_report_ids;
    bool input_len_varies; /* two input reports of this device have different lengths */
};

typedef void hal_hid_field_fn(void *context, const struct hal_hid_field *field);

/* Walks the descriptor and calls `on_field` (may be NULL) for each data field of each input report,
 * in order. Constant fields (padding) are counted but not shown. Fields may have been shown before
 * a mistake is found: forget them unless the answer is TALLY_OK.
 *   TALLY_OK
 *   TALLY_E_DEVICE  cut off, unbalanced, contradictory, or above the limits of this file */
TALLY_MUST_USE enum tally_status hal_hid_walk(const uint8_t *descriptor, size_t len,
                                              hal_hid_field_fn *on_field, void *context,
                                              struct hal_hid_sizes *ret_sizes);

/* Element `index` of a field, little-endian as HID says, from a report of `len` bytes. Elements are
 * read up to 32 bits.
 *   TALLY_OK, TALLY_E_DEVICE (the report is too short, no such element, or a wider one) */
TALLY_MUST_USE enum tally_status hal_hid_element(const struct hal_hid_field *field,
                                                 const uint8_t *report, size_t len, uint32_t index,
                                                 uint32_t *ret_value);

#endif
