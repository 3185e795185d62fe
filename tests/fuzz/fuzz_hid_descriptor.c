/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a device sends as its report descriptor: it is refused, or its fields lie inside of the
 * reports that it announces, and so do those of a stripe reader or a scanner in it. */
#include "tests/fuzz/fuzz.h"

#include "hal/reader/msr.h"
#include "hal/reader/scanner.h"

struct seen {
    uint64_t end_bit_max;
};

static void on_field(void *context, const struct hal_hid_field *field)
{
    struct seen *seen = context;
    FUZZ_CLAIM(field->count > 0 && field->element_bits > 0);
    uint64_t end_bit = field->bit_at + (uint64_t)field->count * field->element_bits;
    seen->end_bit_max = end_bit > seen->end_bit_max ? end_bit : seen->end_bit_max;
}

static void claim_inside(const struct hal_hid_field *field, const struct hal_hid_sizes *sizes)
{
    uint64_t end_bit = field->bit_at + (uint64_t)field->count * field->element_bits;
    FUZZ_CLAIM(field->count == 0 || end_bit <= (uint64_t)sizes->input_len * 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hal_hid_sizes sizes;
    struct seen seen = {0};
    enum tally_status status = hal_hid_walk(data, size, on_field, &seen, &sizes);
    FUZZ_CLAIM(status == TALLY_OK || status == TALLY_E_DEVICE);
    FUZZ_CLAIM(status != TALLY_OK || (sizes.input_len <= HAL_HID_REPORT_LEN_MAX + 1u &&
                                      seen.end_bit_max <= (uint64_t)sizes.input_len * 8));
    struct hal_msr_layout stripe;
    if (hal_msr_layout(data, size, &stripe) == TALLY_OK) {
        FUZZ_CLAIM(status == TALLY_OK);
        for (size_t i = 0; i < HAL_TRACKS; i++) {
            claim_inside(&stripe.tracks[i].data, &sizes);
            claim_inside(&stripe.tracks[i].len, &sizes);
        }
    }
    struct hal_scanner_layout scanner;
    if (hal_scanner_layout(data, size, &scanner) == TALLY_OK) {
        FUZZ_CLAIM(status == TALLY_OK);
        claim_inside(&scanner.data, &sizes);
        claim_inside(&scanner.more, &sizes);
    }
    return 0;
}
