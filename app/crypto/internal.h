/* app/crypto/internal.h: what the files of this room, and app/sync/tls.c, share.
 *
 * Memory   the caller frees what an init function of mbedTLS made.
 * Threads  any. */
#ifndef TALLY_CRYPTO_INTERNAL_H
#define TALLY_CRYPTO_INTERNAL_H

#include "app/crypto/crypto.h"
#include "app/crypto/mbedtls_compat.h"

/* Randomness in the form in which mbedTLS asks for it; `context` is not used. 0, or an mbedTLS
 * error when tally_crypto_start() was not called or entropy failed. */
int crypto_rng(void *context, unsigned char *bytes, size_t len);

/* Whether it is a P-256 key for ECDSA. */
bool crypto_is_p256(const mbedtls_pk_context *pk);

/* Parses a private P-256 key; the NUL behind the PEM counts in len. `pk` is initialised by the
 * caller.  TALLY_OK, TALLY_E_INVALID */
TALLY_MUST_USE enum tally_status crypto_parse_key(struct tally_slice key_pem,
                                                  mbedtls_pk_context *pk);

/* The extensions of a certificate that decide what its key may do, strictly read (RFC 5280, 4.2):
 * each at most once. */
enum { CRYPTO_SAN_MAX = 16 };

struct crypto_san {
    uint8_t tag; /* context tag number of GeneralName: 2 dNSName, 6 URI, 7 iPAddress */
    struct tally_slice value;
};

struct crypto_extensions {
    bool has_basic_constraints;
    bool ca;
    bool has_key_usage;
    uint16_t
        key_usage; /* bit 0 of the BIT STRING is 0x80; a second byte stands in the upper half */
    size_t ext_key_usage_count;
    bool server_auth;
    bool client_auth;
    size_t san_count;
    struct crypto_san sans[CRYPTO_SAN_MAX]; /* borrow from the certificate */
};

/* TALLY_OK, TALLY_E_INVALID (malformed, an extension twice, more than CRYPTO_SAN_MAX names) */
TALLY_MUST_USE enum tally_status crypto_read_extensions(const mbedtls_x509_crt *cert,
                                                        struct crypto_extensions *ret_extensions);

/* Whether `name` (a DNS name, or a textual IP address) is exactly one of the SANs: no wildcards, no
 * fall-back to the common name. */
bool crypto_name_matches(const struct crypto_extensions *extensions, const char *name);

#endif
