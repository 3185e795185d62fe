/* app/crypto/crypto.h: hash, MAC, sealing, signatures, certificates and randomness, by our names.
 *
 * mbedTLS (2.28 or 3.6; the differences stand in mbedtls_compat.h) is called here and in app/sync's
 * TLS file, nowhere else. Nothing in this room logs.
 *
 * Units    lengths are bytes.
 * Memory   keys and certificates in PEM or DER live in the caller's buffers; secrets are wiped from
 *          temporaries before return.
 * Errors   TALLY_E_CRYPTO where mbedTLS fails for a reason of its own (no memory, no entropy).
 * Threads  any; randomness is locked inside. */
#ifndef TALLY_CRYPTO_CRYPTO_H
#define TALLY_CRYPTO_CRYPTO_H

#include "app/base/buffer.h"
#include "app/core/card.h"
#include "app/core/types.h"

enum {
    TALLY_KEY_LEN = 32,   /* AES-256, HMAC-SHA-256 */
    TALLY_NONCE_LEN = 12, /* AES-GCM (NIST SP 800-38D, 5.2.1.1) */
    TALLY_TAG_LEN = 16,
    TALLY_SEAL_OVERHEAD = TALLY_NONCE_LEN + TALLY_TAG_LEN,
    TALLY_WRAPPED_KEY_LEN = TALLY_KEY_LEN + TALLY_SEAL_OVERHEAD,
    TALLY_AES_LEN = 16 /* an AES-128 key, a block, a whole CMAC */
};

/* Must be called once before anything else here, and after any fork: seeds the generator from the
 * kernel, and blocks until the kernel's own generator is seeded (first boot).
 *   TALLY_OK, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status tally_crypto_start(void);

TALLY_MUST_USE enum tally_status tally_random(void *bytes, size_t len);

/* SHA-256 (FIPS 180-4) over the slices one after the other. */
TALLY_MUST_USE enum tally_status tally_sha256(const struct tally_slice *parts, size_t part_count,
                                              uint8_t ret_hash[TALLY_HASH_LEN]);

/* The chain: SHA-256(before || event). */
TALLY_MUST_USE enum tally_status tally_chain_next(const uint8_t before[TALLY_HASH_LEN],
                                                  struct tally_slice event,
                                                  uint8_t ret_after[TALLY_HASH_LEN]);

/* HMAC-SHA-256 (RFC 2104) of a message. */
TALLY_MUST_USE enum tally_status tally_hmac(const uint8_t key[TALLY_KEY_LEN],
                                            struct tally_slice message,
                                            uint8_t ret_mac[TALLY_HASH_LEN]);

/* A key for one purpose out of a key for many: HKDF-Expand (RFC 5869, 2.3) with SHA-256; `purpose`
 * is the info, without its NUL. `len` is 1 to 8160. */
TALLY_MUST_USE enum tally_status tally_key_derive(const uint8_t key[TALLY_KEY_LEN],
                                                  const char *purpose, uint8_t *ret_key,
                                                  size_t len);

/* AES-128 in CBC mode without padding (NIST SP 800-38A, 6.2): for chips that speak it; what is ours
 * is sealed with tally_seal(). ret_cipher and ret_plain hold as many bytes as come in, and may be
 * the same memory.
 *   TALLY_OK, TALLY_E_INVALID (not whole blocks of 16 bytes), TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status tally_aes_cbc_encrypt(const uint8_t key[TALLY_AES_LEN],
                                                       const uint8_t iv[TALLY_AES_LEN],
                                                       struct tally_slice plain,
                                                       uint8_t *ret_cipher);
TALLY_MUST_USE enum tally_status tally_aes_cbc_decrypt(const uint8_t key[TALLY_AES_LEN],
                                                       const uint8_t iv[TALLY_AES_LEN],
                                                       struct tally_slice cipher,
                                                       uint8_t *ret_plain);

/* AES-128-CMAC of a message of any length (NIST SP 800-38B, 6.2).
 *   TALLY_OK, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status tally_aes_cmac(const uint8_t key[TALLY_AES_LEN],
                                                struct tally_slice message,
                                                uint8_t ret_mac[TALLY_AES_LEN]);

/* HMAC-SHA-256 (RFC 2104) of kind byte || identity under the card key, first 16 bytes. */
TALLY_MUST_USE enum tally_status tally_card_handle(const uint8_t card_key[TALLY_KEY_LEN],
                                                   const struct tally_card *card,
                                                   uint8_t ret_handle[TALLY_HANDLE_LEN]);

/* AES-256-GCM: nonce || ciphertext || tag, a fresh random nonce each time. `context` is
 * authenticated with it and not stored (for example "profile" || member id).
 *   TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status tally_seal(const uint8_t key[TALLY_KEY_LEN],
                                            struct tally_slice context, struct tally_slice plain,
                                            struct tally_buffer *ret_sealed);

/* The reverse; appends to ret_plain, which the caller wipes.
 *   TALLY_OK, TALLY_E_SIGNATURE (changed, wrong key or wrong context), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tally_unseal(const uint8_t key[TALLY_KEY_LEN],
                                              struct tally_slice context, struct tally_slice sealed,
                                              struct tally_buffer *ret_plain);

/* A new P-256 key as PEM, PKCS#8 or SEC1, NUL-terminated inside `ret_pem` (the NUL counts in len,
 * as mbedTLS wants it). */
TALLY_MUST_USE enum tally_status tally_key_generate(struct tally_buffer *ret_pem);

/* Public key of a private one, DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). */
TALLY_MUST_USE enum tally_status tally_key_public(struct tally_slice key_pem,
                                                  struct tally_buffer *ret_spki_der);

/* ECDSA P-256 with SHA-256 over `message`; DER signature (RFC 3279, 2.2.3). */
TALLY_MUST_USE enum tally_status tally_sign(struct tally_slice key_pem, struct tally_slice message,
                                            struct tally_buffer *ret_signature);
/* TALLY_OK, TALLY_E_SIGNATURE, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status
tally_verify(struct tally_slice spki_der, struct tally_slice message, struct tally_slice signature);

/* PKCS#10 request (RFC 2986) for this key with subject "CN=<name>", DER. */
TALLY_MUST_USE enum tally_status tally_csr_make(struct tally_slice key_pem, const char *name,
                                                struct tally_buffer *ret_csr_der);

/* What a certificate is for; sets EKU, KU and SAN (RFC 5280, 4.2.1). */
enum tally_cert_use {
    TALLY_CERT_CA = 1,      /* self-signed root, pathlen 0, keyCertSign */
    TALLY_CERT_HQ = 2,      /* serverAuth, digitalSignature, SAN dNSName or iPAddress = name */
    TALLY_CERT_TERMINAL = 3 /* clientAuth, digitalSignature, SAN URI = "tally:terminal:<number>" */
};

struct tally_cert_request {
    enum tally_cert_use use;
    const char *name; /* common name, and the SAN (for HQ: comma-separated names allowed) */
    int64_t not_before_ms;
    int64_t not_after_ms;
    uint8_t serial[16]; /* random, not negative, not zero */
};

/* A self-signed CA or HQ's own certificate for `key_pem`, issued by issuer_key/issuer_cert (NULL
 * slices: self-signed). DER. */
TALLY_MUST_USE enum tally_status tally_cert_issue(const struct tally_cert_request *request,
                                                  struct tally_slice subject_key_pem,
                                                  struct tally_slice issuer_key_pem,
                                                  struct tally_slice issuer_cert_der,
                                                  struct tally_buffer *ret_cert_der);

/* A certificate for the public key in a CSR, whose self-signature is checked first; subject, SAN
 * and extensions come from `request` alone. P-256 only. TALLY_OK, TALLY_E_SIGNATURE,
 * TALLY_E_INVALID (malformed or another kind of key) */
TALLY_MUST_USE enum tally_status tally_cert_issue_csr(const struct tally_cert_request *request,
                                                      struct tally_slice csr_der,
                                                      struct tally_slice issuer_key_pem,
                                                      struct tally_slice issuer_cert_der,
                                                      struct tally_buffer *ret_cert_der);

/* SHA-256 of a certificate's SubjectPublicKeyInfo: what gets pinned. */
TALLY_MUST_USE enum tally_status tally_cert_pin(struct tally_slice cert_der,
                                                uint8_t ret_pin[TALLY_HASH_LEN]);

/* Validity of a certificate, ms since 1970 UTC. */
TALLY_MUST_USE enum tally_status tally_cert_validity(struct tally_slice cert_der,
                                                     int64_t *ret_not_before_ms,
                                                     int64_t *ret_not_after_ms);

/* CRC-32C (RFC 3720, appendix B.4), for journal records: detects damage, not malice. */
uint32_t tally_crc32c(uint32_t crc, const void *bytes, size_t len);

#endif
