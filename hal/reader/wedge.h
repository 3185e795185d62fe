/* hal/reader/wedge.h: from the key reports of a keyboard wedge to a text, and from the text to a
 * card.
 *
 * A wedge is a reader that types. Each report says which keys are down (HID 1.11, appendix B.1:
 * byte 0 modifiers, bytes 2..7 usages of page 7); what came down since the report before was typed,
 * in the order of the report. Whatever leaves doubt about a character spoils the whole text: then
 * it is unreadable, and never another card's number.
 *
 * Units    lengths are bytes or characters.
 * Memory   nothing is allocated; a struct hal_wedge is a value, zeroed before its first report.
 * Threads  pure, but for the settings' memory of codes.
 * Privacy  a text is wiped with explicit_bzero as soon as it is decided or given up. */
#ifndef HAL_READER_WEDGE_H
#define HAL_READER_WEDGE_H

#include "app/core/card.h"
#include "hal/reader/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HAL_WEDGE_REPORT_LEN = 8, /* the boot report */
    HAL_WEDGE_KEYS = 6,
    HAL_WEDGE_TEXT_MAX = 512, /* three tracks have 226; a longer text is spoiled */
    /* A reader that polls every 10 ms, or is busy with its light, pauses between characters; a
     * person who shows the next card does not come so soon. */
    HAL_WEDGE_SILENCE_MS = 500,
    HAL_WEDGE_RECOVERY_MS = 1500 /* more, before the rest of a broken text is surely over */
};

struct hal_wedge {
    uint8_t down[HAL_WEDGE_KEYS]; /* usages of the report before */
    bool has_alt;                 /* Alt is down, and a character's number is typed on the keypad */
    uint32_t alt_number;
    unsigned alt_digits;
    bool has_dead_key; /* the character before was a dead key: a space only ends it */
    bool is_spoiled;
    bool spoils_next; /* something was typed behind Enter in the same report */
    size_t len;       /* of the text up to now */
    uint8_t text[HAL_WEDGE_TEXT_MAX];
};

enum hal_wedge_step {
    HAL_WEDGE_NOTHING = 0, /* keys went up, or lock keys were typed */
    HAL_WEDGE_TYPED,       /* the text grew, or was spoiled */
    HAL_WEDGE_END          /* Enter or Tab: call hal_wedge_card() */
};

/* Whether this is a keyboard that is sold as a card reader: its numbers are in wedge.c's table. */
bool hal_wedge_is_known(uint16_t idVendor, uint16_t idProduct);

/* Takes one report. What is typed behind Enter in the same report spoils the next text. */
enum hal_wedge_step hal_wedge_report(struct hal_wedge *wedge, enum hal_keyboard_layout layout,
                                     const uint8_t *report, size_t len);

/* A report was lost: the text is spoiled. */
void hal_wedge_lost(struct hal_wedge *wedge);

/* Whether a text is under way. */
bool hal_wedge_is_typing(const struct hal_wedge *wedge);

/* Whether a text that just stopped, without Enter or Tab, is surely whole: a stripe up to its last
 * end sentinel, or a TLY1 code with its right length, or one with the suffix of the settings. Of
 * bare digits nobody can say. */
bool hal_wedge_is_whole(const struct hal_wedge *wedge, const struct hal_wedge_settings *settings);

/* Gives up the text, which must be wiped now, but not the doubt: until hal_wedge_card(), whatever
 * is typed belongs to it. */
void hal_wedge_give_up(struct hal_wedge *wedge);

/* The card that the text names, and a fresh start: the text is wiped. A stripe's text is read as
 * tracks (TALLY_ENTRY_SWIPED), any other as hal_scan_card() does (TALLY_ENTRY_SCANNED).
 *   TALLY_OK, TALLY_E_PAYMENT_CARD, TALLY_E_UNKNOWN_CARD
 *   TALLY_E_CARD_UNREADABLE  spoiled, damaged tracks, or without the prefix or suffix of the
 *                            settings
 *   TALLY_E_NOT_FOUND        nothing was typed
 *   and as hal_scan_card() */
TALLY_MUST_USE enum tally_status hal_wedge_card(struct hal_wedge *wedge,
                                                const struct hal_reader_settings *settings,
                                                struct tally_card *ret_card);

#endif
