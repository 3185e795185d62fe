/* hal/reader/tlv.h: finds the NDEF message among the TLV blocks of a type 2 tag.
 *
 * NFC Forum Type 2 Tag specification 1.0, 2.3: a type byte, a length of one byte or of FF and two
 * bytes (most significant first), a value. NULL (00) and Terminator (FE) have neither length nor
 * value.
 *
 * Units    lengths are bytes.
 * Memory   nothing is allocated; what is found points into the given bytes.
 * Errors   the bytes come from outside: whatever they are, the answer is a status.
 * Threads  pure. */
#ifndef HAL_READER_TLV_H
#define HAL_READER_TLV_H

#include "app/core/bytes.h"
#include "app/core/status.h"

enum { HAL_TLV_NULL = 0x00, HAL_TLV_NDEF = 0x03, HAL_TLV_TERMINATOR = 0xfe };

/* The value of the first block of type `type` (neither NULL nor Terminator) in the part of the
 * tag's memory that has been read so far.
 *   TALLY_OK           *ret_value is whole
 *   TALLY_E_AGAIN      it begins behind what has been read, or reaches behind it: read more
 *   TALLY_E_NOT_FOUND  the blocks end without one */
TALLY_MUST_USE enum tally_status hal_tlv_find(struct tally_slice read_so_far, uint8_t type,
                                              struct tally_slice *ret_value);

#endif
