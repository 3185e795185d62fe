/* hal/reader/ndef.h: texts and URIs out of an NDEF message.
 *
 * NFC Forum NDEF 1.0, 3.2 (records), URI Record Type Definition 1.0, 3.2, Text Record Type
 * Definition 1.0, 3.2.
 *
 * Units    lengths are bytes.
 * Memory   nothing is allocated; a record points into the message.
 * Errors   the bytes come from outside: whatever they are, the answer is a status.
 * Threads  pure.
 * Privacy  what a text holds may be somebody's: the caller wipes it. */
#ifndef HAL_READER_NDEF_H
#define HAL_READER_NDEF_H

#include "app/core/bytes.h"
#include "app/core/status.h"

enum {
    HAL_NDEF_LEN_MAX = 1024, /* of a message; what names a member is shorter by far */
    HAL_NDEF_TEXT_LEN_MAX = 256
};

struct hal_ndef_record {
    uint8_t tnf; /* 1: a type of the NFC Forum's */
    struct tally_slice type;
    struct tally_slice payload;
};

/* Printable ASCII, a URI with its abbreviation written out. */
struct hal_ndef_text {
    size_t len;
    uint8_t bytes[HAL_NDEF_TEXT_LEN_MAX];
};

/* The record at *at (0 for the first one), and moves *at behind it. Chunked records are refused:
 * a tag has no reason to send any.
 *   TALLY_OK
 *   TALLY_E_END      the one before was the last
 *   TALLY_E_INVALID  not an NDEF message: cut off, not begun or not ended where it should */
TALLY_MUST_USE enum tally_status hal_ndef_next(struct tally_slice message, size_t *at,
                                               struct hal_ndef_record *ret_record);

/* The text of a URI record or of a Text record in UTF-8 or UTF-16.
 *   TALLY_OK
 *   TALLY_E_NOT_FOUND  another record, or one that is malformed, too long, or not printable ASCII
 *                      (nothing of ours is anything else) */
TALLY_MUST_USE enum tally_status hal_ndef_text(const struct hal_ndef_record *record,
                                               struct hal_ndef_text *ret_text);

#endif
