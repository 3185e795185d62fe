/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing with AES-256-GCM: nonce || ciphertext || tag. */
#include "app/crypto/internal.h"

#include <mbedtls/gcm.h>

static int start(mbedtls_gcm_context *gcm, const uint8_t key[TALLY_KEY_LEN])
{
    mbedtls_gcm_init(gcm);
    return mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, key, TALLY_KEY_LEN * 8);
}

enum tally_status tally_seal(const uint8_t key[TALLY_KEY_LEN], struct tally_slice context,
                             struct tally_slice plain, struct tally_buffer *ret_sealed)
{
    if (plain.len > SIZE_MAX - TALLY_SEAL_OVERHEAD) {
        return TALLY_E_NO_MEMORY;
    }
    TALLY_TRY(tally_buffer_reserve(ret_sealed, plain.len + TALLY_SEAL_OVERHEAD));
    uint8_t *nonce = ret_sealed->data + ret_sealed->len;
    uint8_t *body = nonce + TALLY_NONCE_LEN;
    TALLY_TRY(tally_random(nonce, TALLY_NONCE_LEN));
    mbedtls_gcm_context gcm;
    int error = start(&gcm, key);
    if (error == 0) {
        error = mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, plain.len, nonce,
                                          TALLY_NONCE_LEN, context.data, context.len, plain.data,
                                          body, TALLY_TAG_LEN, body + plain.len);
    }
    mbedtls_gcm_free(&gcm);
    if (error != 0) {
        return TALLY_E_CRYPTO;
    }
    ret_sealed->len += plain.len + TALLY_SEAL_OVERHEAD;
    return TALLY_OK;
}

enum tally_status tally_unseal(const uint8_t key[TALLY_KEY_LEN], struct tally_slice context,
                               struct tally_slice sealed, struct tally_buffer *ret_plain)
{
    if (sealed.len < TALLY_SEAL_OVERHEAD) {
        return TALLY_E_SIGNATURE;
    }
    size_t len = sealed.len - TALLY_SEAL_OVERHEAD;
    const uint8_t *body = sealed.data + TALLY_NONCE_LEN;
    TALLY_TRY(tally_buffer_reserve(ret_plain, len > 0 ? len : 1));
    mbedtls_gcm_context gcm;
    int error = start(&gcm, key);
    if (error == 0) {
        /* Zeroes the output when the tag is wrong. */
        error = mbedtls_gcm_auth_decrypt(&gcm, len, sealed.data, TALLY_NONCE_LEN, context.data,
                                         context.len, body + len, TALLY_TAG_LEN, body,
                                         ret_plain->data + ret_plain->len);
    }
    mbedtls_gcm_free(&gcm);
    if (error != 0) {
        return error == MBEDTLS_ERR_GCM_AUTH_FAILED ? TALLY_E_SIGNATURE : TALLY_E_CRYPTO;
    }
    ret_plain->len += len;
    return TALLY_OK;
}
