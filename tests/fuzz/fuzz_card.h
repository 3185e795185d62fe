/* tests/fuzz/fuzz_card.h: what a card must be that came out of a reader, and settings to read
 * by. */
#ifndef TALLY_TESTS_FUZZ_CARD_H
#define TALLY_TESTS_FUZZ_CARD_H

#include "hal/reader/code.h"
#include "tests/fuzz/fuzz.h"

static const struct tally_card_rule fuzz_rules[] = {{"600585", 17}, {"61021", 12}, {"29", 13}};

/* The moment of the examples in CODES.md, so that a seed holds a code of that moment. */
static inline int64_t fuzz_wall_ms(void *context)
{
    (void)context;
    return INT64_C(1767225642345);
}

static inline struct hal_reader_settings fuzz_settings(struct hal_code_memory *memory)
{
    struct hal_reader_settings settings = {.rules = {fuzz_rules, 3},
                                           .keys = {.has_code_key = true},
                                           .wall_ms = fuzz_wall_ms,
                                           .codes = memory};
    for (uint8_t i = 0; i < HAL_READER_KEY_LEN; i++) {
        settings.keys.code_key[i] = i;
    }
    hal_code_memory_start(memory, fuzz_wall_ms(NULL) - INT64_C(3600000));
    return settings;
}

/* A number that a rule claims, or a code: nothing else ever leaves. */
static inline void claim_card(const struct hal_reader_settings *settings,
                              const struct tally_card *card)
{
    if (card->kind == TALLY_CARD_CODE) {
        FUZZ_CLAIM(card->len == HAL_CODE_HANDLE_LEN && card->strength >= TALLY_STRENGTH_STATIC);
        return;
    }
    FUZZ_CLAIM(card->kind == TALLY_CARD_NUMBER && card->strength == TALLY_STRENGTH_STATIC);
    FUZZ_CLAIM(tally_card_classify(&settings->rules, card->bytes, card->len) == TALLY_OK);
}

static inline void claim_wiped(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        FUZZ_CLAIM(bytes[i] == 0);
    }
}

#endif
