/* hal/reader/keys.h: the readers' keys, out of the card key that head office and its terminals
 * share.
 *
 * Memory   nothing is allocated; who gets keys wipes them.
 * Threads  pure. */
#ifndef HAL_READER_KEYS_H
#define HAL_READER_KEYS_H

#include "app/crypto/crypto.h"
#include "hal/reader/settings.h"

/* HKDF-Expand (RFC 5869, 2.3) of the card key with the purposes "tally code key" (CODES.md) and
 * "tally tag key" (TAGS.md).
 *   TALLY_OK, TALLY_E_CRYPTO (*ret_keys holds none) */
TALLY_MUST_USE enum tally_status hal_reader_keys_derive(const uint8_t card_key[TALLY_KEY_LEN],
                                                        struct hal_reader_keys *ret_keys);

#endif
