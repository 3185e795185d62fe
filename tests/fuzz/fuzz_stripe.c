/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a stripe reader says of itself and sends: at most a card of ours, and nothing of it is
 * left. The first byte is how long the descriptor is, in steps of 4 bytes; the rest is a report. */
#include "tests/fuzz/fuzz_card.h"

#include "app/base/alloc.h"
#include "hal/reader/msr.h"

#include <string.h>

static void read_report(const struct hal_msr_layout *layout, const uint8_t *bytes, size_t len)
{
    static struct hal_code_memory memory;
    struct hal_reader_settings settings = fuzz_settings(&memory);
    uint8_t *report = tally_alloc(len + 1, 1);
    struct tally_card card;
    FUZZ_CLAIM(report != NULL);
    memcpy(report, bytes, len);
    if (hal_msr_read(layout, report, len, &settings.rules, &card) == TALLY_OK) {
        claim_card(&settings, &card);
    }
    claim_wiped(report, len);
    tally_free(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    size_t descriptor_len = data[0] * (size_t)4, rest = size - 1;
    descriptor_len = descriptor_len < rest ? descriptor_len : rest;
    struct hal_msr_layout layout;
    if (hal_msr_layout(data + 1, descriptor_len, &layout) == TALLY_OK) {
        read_report(&layout, data + 1 + descriptor_len, rest - descriptor_len);
    }
    return 0;
}
