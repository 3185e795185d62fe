/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a scanner says of itself and sends: at most a card of ours, and nothing of it is left.
 * The first byte is how long the descriptor is, in steps of 4 bytes; then reports of the length
 * that it announces. */
#include "tests/fuzz/fuzz_card.h"

#include "app/base/alloc.h"
#include "hal/reader/scanner.h"

#include <string.h>

static void end_scan(struct hal_scanner_scan *scan, const struct hal_reader_settings *settings)
{
    struct tally_card card;
    if (hal_scanner_card(scan, settings, &card) == TALLY_OK) {
        claim_card(settings, &card);
    }
    claim_wiped(scan->text, sizeof scan->text);
}

static enum tally_status take(const struct hal_scanner_layout *layout,
                              struct hal_scanner_scan *scan, const uint8_t *bytes, size_t len)
{
    uint8_t *report = tally_alloc(len + 1, 1);
    FUZZ_CLAIM(report != NULL);
    memcpy(report, bytes, len);
    enum tally_status status = hal_scanner_report(layout, scan, report, len);
    claim_wiped(report, len);
    tally_free(report);
    FUZZ_CLAIM(scan->len <= HAL_SCANNER_TEXT_MAX);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hal_code_memory memory;
    struct hal_reader_settings settings = fuzz_settings(&memory);
    struct hal_scanner_layout layout;
    struct hal_scanner_scan scan = {.len = 0};
    if (size == 0) {
        return 0;
    }
    size_t at = 1, descriptor_len = data[0] * (size_t)4;
    descriptor_len = descriptor_len < size - 1 ? descriptor_len : size - 1;
    if (hal_scanner_layout(data + at, descriptor_len, &layout) != TALLY_OK) {
        return 0;
    }
    for (at += descriptor_len; at < size; at += layout.sizes.input_len) {
        size_t left = size - at, len = layout.sizes.input_len;
        enum tally_status status = take(&layout, &scan, data + at, left < len ? left : len);
        if (status == TALLY_OK) {
            end_scan(&scan, &settings);
        } else if (status == TALLY_E_CARD_UNREADABLE) {
            hal_scanner_drop(&scan);
        }
    }
    return 0;
}
