/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever stands on a tag: as a message, as a type 2 tag's memory, and as a URI with a tap in it.
 * What is found lies inside what was given. */
#include "tests/fuzz/fuzz.h"

#include "hal/reader/contactless.h"
#include "hal/reader/ndef.h"
#include "hal/reader/tag424.h"
#include "hal/reader/tlv.h"

static const struct tally_card_rule own_rules[] = {{"600585", 17}};

static void claim_inside(struct tally_slice part, struct tally_slice whole)
{
    FUZZ_CLAIM(part.len <= whole.len);
    FUZZ_CLAIM(part.len == 0 ||
               (part.data >= whole.data && part.data + part.len <= whole.data + whole.len));
}

static void try_text(const struct hal_ndef_text *text)
{
    struct hal_reader_settings settings = {.rules = {own_rules, 1}, .tag = {.uri_prefix = "h:"}};
    struct tally_card card;
    struct hal_tag424_message message;
    struct tally_slice bytes = {text->bytes, text->len};
    FUZZ_CLAIM(text->len <= HAL_NDEF_TEXT_LEN_MAX);
    for (size_t i = 0; i < text->len; i++) {
        FUZZ_CLAIM(text->bytes[i] >= ' ' && text->bytes[i] <= '~');
    }
    if (hal_contactless_member(&settings, bytes, &card) == TALLY_OK) {
        FUZZ_CLAIM(card.kind == TALLY_CARD_NUMBER && card.len == 17);
    }
    (void)!hal_tag424_find(bytes, &message);
}

static void try_message(struct tally_slice message)
{
    struct hal_ndef_record record;
    struct hal_ndef_text text;
    size_t at = 0;
    while (hal_ndef_next(message, &at, &record) == TALLY_OK) {
        FUZZ_CLAIM(at <= message.len);
        claim_inside(record.type, message);
        claim_inside(record.payload, message);
        if (hal_ndef_text(&record, &text) == TALLY_OK) {
            try_text(&text);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tally_slice all = {data, size}, value;
    try_message(all);
    if (hal_tlv_find(all, HAL_TLV_NDEF, &value) == TALLY_OK) {
        claim_inside(value, all);
        try_message(value);
    }
    return 0;
}
