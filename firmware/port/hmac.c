/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA-256 by mbedTLS. */
#include "firmware/port/hmac.h"

#include <mbedtls/md.h>

bool tally_port_hmac(void *self, const uint8_t key[TALLY_HMAC_KEY_LEN], const uint8_t *bytes,
                     size_t len, uint8_t ret_mac[TALLY_HMAC_LEN])
{
    (void)self;
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    return sha256 != NULL &&
           mbedtls_md_hmac(sha256, key, TALLY_HMAC_KEY_LEN, bytes, len, ret_mac) == 0;
}
