/* SPDX-License-Identifier: Apache-2.0 */
/* P-256 keys and ECDSA signatures. */
#include "app/crypto/internal.h"

#include <mbedtls/platform_util.h>

enum { PEM_LEN_MAX = 1024, SPKI_LEN_MAX = 256 };

bool crypto_is_p256(const mbedtls_pk_context *pk)
{
    return mbedtls_pk_can_do(pk, MBEDTLS_PK_ECDSA) &&
           (mbedtls_pk_get_type(pk) == MBEDTLS_PK_ECKEY ||
            mbedtls_pk_get_type(pk) == MBEDTLS_PK_ECDSA) &&
           compat_group(pk) == MBEDTLS_ECP_DP_SECP256R1;
}

enum tally_status crypto_parse_key(struct tally_slice key_pem, mbedtls_pk_context *pk)
{
    if (key_pem.len == 0 || compat_parse_key(pk, key_pem.data, key_pem.len, crypto_rng) != 0 ||
        !crypto_is_p256(pk)) {
        return TALLY_E_INVALID;
    }
    return TALLY_OK;
}

enum tally_status tally_key_generate(struct tally_buffer *ret_pem)
{
    unsigned char pem[PEM_LEN_MAX];
    mbedtls_pk_context pk;
    mbedtls_pk_init(&pk);
    enum tally_status status = TALLY_E_CRYPTO;
    if (mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0 &&
        mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(pk), crypto_rng, NULL) == 0 &&
        mbedtls_pk_write_key_pem(&pk, pem, sizeof pem) == 0) {
        status = tally_buffer_append(ret_pem, pem, strlen((const char *)pem) + 1);
    }
    mbedtls_pk_free(&pk);
    mbedtls_platform_zeroize(pem, sizeof pem);
    return status;
}

enum tally_status tally_key_public(struct tally_slice key_pem, struct tally_buffer *ret_spki_der)
{
    unsigned char der[SPKI_LEN_MAX];
    mbedtls_pk_context pk;
    mbedtls_pk_init(&pk);
    enum tally_status status = crypto_parse_key(key_pem, &pk);
    if (status == TALLY_OK) {
        int len = mbedtls_pk_write_pubkey_der(&pk, der, sizeof der); /* at the buffer's end */
        status = len <= 0 ? TALLY_E_CRYPTO
                          : tally_buffer_append(ret_spki_der, der + sizeof der - len, (size_t)len);
    }
    mbedtls_pk_free(&pk);
    return status;
}

enum tally_status tally_sign(struct tally_slice key_pem, struct tally_slice message,
                             struct tally_buffer *ret_signature)
{
    uint8_t hash[TALLY_HASH_LEN];
    unsigned char signature[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
    size_t len = 0;
    TALLY_TRY(tally_sha256(&message, 1, hash));
    mbedtls_pk_context pk;
    mbedtls_pk_init(&pk);
    enum tally_status status = crypto_parse_key(key_pem, &pk);
    if (status == TALLY_OK &&
        compat_sign(&pk, hash, sizeof hash, signature, sizeof signature, &len, crypto_rng) != 0) {
        status = TALLY_E_CRYPTO;
    }
    if (status == TALLY_OK) {
        status = tally_buffer_append(ret_signature, signature, len);
    }
    mbedtls_pk_free(&pk);
    return status;
}

enum tally_status tally_verify(struct tally_slice spki_der, struct tally_slice message,
                               struct tally_slice signature)
{
    uint8_t hash[TALLY_HASH_LEN];
    TALLY_TRY(tally_sha256(&message, 1, hash));
    mbedtls_pk_context pk;
    mbedtls_pk_init(&pk);
    bool good = spki_der.len > 0 && signature.len > 0 &&
                mbedtls_pk_parse_public_key(&pk, spki_der.data, spki_der.len) == 0 &&
                crypto_is_p256(&pk) &&
                mbedtls_pk_verify(&pk, MBEDTLS_MD_SHA256, hash, sizeof hash, signature.data,
                                  signature.len) == 0;
    mbedtls_pk_free(&pk);
    return good ? TALLY_OK : TALLY_E_SIGNATURE;
}
