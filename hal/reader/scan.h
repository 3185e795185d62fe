/* hal/reader/scan.h: from a text to a card: what a scanner read, a wedge typed, or a tag holds.
 *
 * The forms are stated in CODES.md, "Texts": a TLY1 code, `member:` and digits, an https URI with
 * one of these behind `#`, and digits alone.
 *
 * Units    lengths are characters.
 * Memory   nothing is allocated, but for the settings' memory of codes nothing is kept.
 * Errors   *ret_card is written only on TALLY_OK.
 * Threads  the loop's thread only, because of that memory.
 * Privacy  copies are wiped before return; the text is the caller's to wipe. */
#ifndef HAL_READER_SCAN_H
#define HAL_READER_SCAN_H

#include "app/core/card.h"
#include "hal/reader/settings.h"

#include <stddef.h>
#include <stdint.h>

/* What a number in a bar code is held to. */
enum hal_symbology {
    HAL_SYMBOLOGY_UNKNOWN = 0, /* the reader does not say */
    HAL_SYMBOLOGY_EAN_13,      /* and UPC-A, which is an EAN-13 that begins with 0 */
    HAL_SYMBOLOGY_EAN_8,
    HAL_SYMBOLOGY_EAN_OTHER, /* UPC-E with 6 digits, and add-ons: never a member's */
    HAL_SYMBOLOGY_PLAIN      /* Code 128, QR and others whose text means what its form says */
};

enum { HAL_AIM_LEN = 3 };

/* From an AIM symbology identifier (ISO/IEC 15424): `]`, a letter, a modifier. */
enum hal_symbology hal_scan_symbology(const uint8_t aim[HAL_AIM_LEN]);

/* The card that a text names. Line ends and tabs behind it, and an AIM identifier in front of it,
 * do not belong to it.
 *
 * Digits are a member number if a rule says so (tally_card_classify). As EAN-13 or EAN-8 their
 * check digit must be right; an EAN-13 that begins with 977 to 979, 05, 98 or 99 is a periodical, a
 * book or a coupon and never a card, also where the reader does not say what 13 digits are. What
 * has 12 and 13 digits, the longer beginning with 0, is the same number: that of 12 digits if a
 * rule claims it.
 *   TALLY_OK                 a card of ours: `entry` as given; numbers are TALLY_STRENGTH_STATIC
 *   TALLY_E_PAYMENT_CARD     refused
 *   TALLY_E_UNKNOWN_CARD     refused
 *   TALLY_E_CARD_UNREADABLE  empty, or a check digit or a check is wrong: scan it again
 *   and as hal_code_read(): TALLY_E_CODE_EXPIRED, TALLY_E_CODE_USED, TALLY_E_BUSY,
 *   TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status hal_scan_card(const struct hal_reader_settings *settings,
                                               enum hal_symbology symbology,
                                               enum tally_card_entry entry, const uint8_t *text,
                                               size_t len, struct tally_card *ret_card);

#endif
