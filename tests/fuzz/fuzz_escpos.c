/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a printer says: what is heard fits the fixed bits, and a report in good order is always
 * understood afterwards. The first byte of each pair says which question is waiting. */
#include "tests/fuzz/fuzz.h"

#include "hal/printer/escpos.h"

static void claim_answers(const struct hal_escpos_ears *ears)
{
    for (size_t i = 0; i < HAL_ESCPOS_QUESTION_COUNT; i++) {
        uint8_t answer = ears->answers[i];
        FUZZ_CLAIM(answer == 0 || (answer & 0x93) == 0x12);
    }
    FUZZ_CLAIM(ears->answers[HAL_ESCPOS_ASKS_NOTHING] == 0);
    FUZZ_CLAIM(ears->report_len < sizeof ears->report);
}

/* Any text becomes bytes without commands. */
static void try_text(const uint8_t *data, size_t size)
{
    struct tally_buffer bytes = {0};
    FUZZ_CLAIM(hal_charset_append((enum hal_charset)(size % 3), (struct tally_slice){data, size},
                                  &bytes) == TALLY_OK);
    for (size_t i = 0; i < bytes.len; i++) {
        FUZZ_CLAIM(bytes.data[i] >= 0x20 && bytes.data[i] != 0x7f);
    }
    tally_buffer_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t well[] = {0x10, 0, 0, 0};
    struct hal_escpos_ears ears = {0};
    enum hal_escpos_heard heard = HAL_ESCPOS_HEARD_NOTHING;
    for (size_t i = 0; i + 1 < size; i += 2) {
        (void)hal_escpos_hear(
            &ears, (enum hal_escpos_question)(data[i] % HAL_ESCPOS_QUESTION_COUNT), data[i + 1]);
        claim_answers(&ears);
    }
    for (size_t i = 0; i < sizeof well; i++) {
        heard = hal_escpos_hear(&ears, HAL_ESCPOS_ASKS_NOTHING, well[i]);
    }
    struct hal_escpos_status status = hal_escpos_status(&ears);
    FUZZ_CLAIM(heard == HAL_ESCPOS_HEARD_CHANGE && !status.is_offline && !status.paper_out);
    try_text(data, size);
    return 0;
}
