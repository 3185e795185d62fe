/* app/sync/token.h: the one-time enrolment token that an installer types or pastes.
 *
 * Text: "TLY-" and base32 (RFC 4648, section 6, no padding) in groups of five, joined by dashes, of
 *   version (1 byte, 1) || secret (16) || pin (32) || checksum (3)
 * where pin is the SHA-256 of HQ's root certificate (DER) and checksum is the first 3 bytes of the
 * SHA-256 of all before it: a slip of the finger is told from a token that HQ refuses. Case, spaces
 * and dashes don't matter when reading; 0, 1 and 8 are read as O, I and B.
 *
 * HQ stores only SHA-256(secret).
 *
 * Threads  any. */
#ifndef TALLY_SYNC_TOKEN_H
#define TALLY_SYNC_TOKEN_H

#include "app/core/types.h"

enum {
    SYNC_TOKEN_SECRET_LEN = 16,
    SYNC_TOKEN_TEXT_MAX = 128 /* with the NUL */
};

struct sync_token {
    uint8_t secret[SYNC_TOKEN_SECRET_LEN];
    uint8_t root_pin[TALLY_HASH_LEN];
};

/* TALLY_OK, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status sync_token_encode(const struct sync_token *token,
                                                   char ret_text[SYNC_TOKEN_TEXT_MAX]);

/* TALLY_OK, TALLY_E_TOKEN (not a token, or mistyped), TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status sync_token_decode(const char *text, struct sync_token *ret_token);

/* What HQ keeps of it. TALLY_OK, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status sync_token_hash(const struct sync_token *token,
                                                 uint8_t ret_hash[TALLY_HASH_LEN]);

#endif
