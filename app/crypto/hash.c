/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, the chain of events, and the handle of a card. */
#include "app/crypto/internal.h"

#include <mbedtls/hkdf.h>
#include <mbedtls/platform_util.h>

#include <assert.h>

enum tally_status tally_sha256(const struct tally_slice *parts, size_t part_count,
                               uint8_t ret_hash[TALLY_HASH_LEN])
{
    assert(parts != NULL || part_count == 0);
    mbedtls_md_context_t md;
    mbedtls_md_init(&md);
    int error = mbedtls_md_setup(&md, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 0);
    if (error == 0) {
        error = mbedtls_md_starts(&md);
    }
    for (size_t i = 0; error == 0 && i < part_count; i++) {
        if (parts[i].len > 0) {
            error = mbedtls_md_update(&md, parts[i].data, parts[i].len);
        }
    }
    if (error == 0) {
        error = mbedtls_md_finish(&md, ret_hash);
    }
    mbedtls_md_free(&md);
    return error == 0 ? TALLY_OK : TALLY_E_CRYPTO;
}

enum tally_status tally_chain_next(const uint8_t before[TALLY_HASH_LEN], struct tally_slice event,
                                   uint8_t ret_after[TALLY_HASH_LEN])
{
    const struct tally_slice parts[] = {{before, TALLY_HASH_LEN}, event};
    return tally_sha256(parts, 2, ret_after);
}

enum tally_status tally_hmac(const uint8_t key[TALLY_KEY_LEN], struct tally_slice message,
                             uint8_t ret_mac[TALLY_HASH_LEN])
{
    int error = mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key, TALLY_KEY_LEN,
                                message.data, message.len, ret_mac);
    return error == 0 ? TALLY_OK : TALLY_E_CRYPTO;
}

enum tally_status tally_key_derive(const uint8_t key[TALLY_KEY_LEN], const char *purpose,
                                   uint8_t *ret_key, size_t len)
{
    int error =
        mbedtls_hkdf_expand(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key, TALLY_KEY_LEN,
                            (const unsigned char *)purpose, strlen(purpose), ret_key, len);
    return error == 0 ? TALLY_OK : TALLY_E_CRYPTO;
}

enum tally_status tally_card_handle(const uint8_t card_key[TALLY_KEY_LEN],
                                    const struct tally_card *card,
                                    uint8_t ret_handle[TALLY_HANDLE_LEN])
{
    assert(card->len >= 1 && card->len <= TALLY_CARD_LEN_MAX);
    uint8_t message[1 + TALLY_CARD_LEN_MAX];
    uint8_t mac[TALLY_HASH_LEN];
    message[0] = (uint8_t)card->kind;
    memcpy(message + 1, card->bytes, card->len);
    struct tally_slice spoken = {message, (size_t)1 + card->len};
    enum tally_status status = tally_hmac(card_key, spoken, mac);
    mbedtls_platform_zeroize(message, sizeof message);
    TALLY_TRY(status);
    memcpy(ret_handle, mac, TALLY_HANDLE_LEN);
    mbedtls_platform_zeroize(mac, sizeof mac);
    return TALLY_OK;
}
