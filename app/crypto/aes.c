/* SPDX-License-Identifier: Apache-2.0 */
/* AES-128 as cards speak it: CBC without padding, and CMAC. */
#include "app/crypto/internal.h"

#include <mbedtls/aes.h>
#include <mbedtls/cmac.h>
#include <mbedtls/platform_util.h>

#include <assert.h>

enum { AES_KEY_BITS = TALLY_AES_LEN * 8 };

static enum tally_status crypt_cbc(int mode, const uint8_t key[TALLY_AES_LEN],
                                   const uint8_t iv[TALLY_AES_LEN], struct tally_slice from,
                                   uint8_t *ret_to)
{
    assert(from.len == 0 || (from.data != NULL && ret_to != NULL));
    if (from.len % TALLY_AES_LEN != 0) {
        return TALLY_E_INVALID;
    }
    if (from.len == 0) {
        return TALLY_OK;
    }
    uint8_t running[TALLY_AES_LEN]; /* mbedTLS writes on it */
    memcpy(running, iv, sizeof running);
    mbedtls_aes_context aes;
    mbedtls_aes_init(&aes);
    int error = mode == MBEDTLS_AES_ENCRYPT ? mbedtls_aes_setkey_enc(&aes, key, AES_KEY_BITS)
                                            : mbedtls_aes_setkey_dec(&aes, key, AES_KEY_BITS);
    if (error == 0) {
        error = mbedtls_aes_crypt_cbc(&aes, mode, from.len, running, from.data, ret_to);
    }
    mbedtls_aes_free(&aes);
    mbedtls_platform_zeroize(running, sizeof running);
    return error == 0 ? TALLY_OK : TALLY_E_CRYPTO;
}

enum tally_status tally_aes_cbc_encrypt(const uint8_t key[TALLY_AES_LEN],
                                        const uint8_t iv[TALLY_AES_LEN], struct tally_slice plain,
                                        uint8_t *ret_cipher)
{
    return crypt_cbc(MBEDTLS_AES_ENCRYPT, key, iv, plain, ret_cipher);
}

enum tally_status tally_aes_cbc_decrypt(const uint8_t key[TALLY_AES_LEN],
                                        const uint8_t iv[TALLY_AES_LEN], struct tally_slice cipher,
                                        uint8_t *ret_plain)
{
    return crypt_cbc(MBEDTLS_AES_DECRYPT, key, iv, cipher, ret_plain);
}

enum tally_status tally_aes_cmac(const uint8_t key[TALLY_AES_LEN], struct tally_slice message,
                                 uint8_t ret_mac[TALLY_AES_LEN])
{
    static const uint8_t nothing[1] = {0}; /* mbedTLS wants a pointer even to no bytes */
    const mbedtls_cipher_info_t *info = mbedtls_cipher_info_from_type(MBEDTLS_CIPHER_AES_128_ECB);
    int error = mbedtls_cipher_cmac(info, key, AES_KEY_BITS,
                                    message.len > 0 ? message.data : nothing, message.len, ret_mac);
    return error == 0 ? TALLY_OK : TALLY_E_CRYPTO;
}
