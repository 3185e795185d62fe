/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever keys a wedge says are down: at most a card of ours, and no text is left when one has
 * ended. The first byte is the layout; then reports of 8 bytes. */
#include "tests/fuzz/fuzz_card.h"

#include "hal/reader/wedge.h"

static void end_text(struct hal_wedge *wedge, const struct hal_reader_settings *settings)
{
    struct tally_card card;
    if (hal_wedge_card(wedge, settings, &card) == TALLY_OK) {
        claim_card(settings, &card);
    }
    claim_wiped(wedge->text, sizeof wedge->text);
    FUZZ_CLAIM(wedge->len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hal_code_memory memory;
    struct hal_reader_settings settings = fuzz_settings(&memory);
    struct hal_wedge wedge = {.len = 0};
    if (size == 0) {
        return 0;
    }
    enum hal_keyboard_layout layout = (enum hal_keyboard_layout)(data[0] % 3);
    for (size_t at = 1; at < size; at += HAL_WEDGE_REPORT_LEN) {
        size_t len = size - at < HAL_WEDGE_REPORT_LEN ? size - at : HAL_WEDGE_REPORT_LEN;
        enum hal_wedge_step step = hal_wedge_report(&wedge, layout, data + at, len);
        FUZZ_CLAIM(wedge.len <= HAL_WEDGE_TEXT_MAX);
        (void)hal_wedge_is_whole(&wedge, &settings.wedge);
        if (step == HAL_WEDGE_END) {
            end_text(&wedge, &settings);
        }
    }
    end_text(&wedge, &settings);
    return 0;
}
