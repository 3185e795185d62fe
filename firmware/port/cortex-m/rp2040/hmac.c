/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA-256 from mbedTLS, where its sources were there at build time. */
#include "firmware/port/cortex-m/rp2040/board.h"

#if defined(HAS_HMAC)
#include <mbedtls/md.h>

bool hmac_sha256(void *self, const uint8_t key[TALLY_HMAC_KEY_LEN], const uint8_t *bytes,
                 size_t len, uint8_t ret_mac[TALLY_HMAC_LEN])
{
    (void)self;
    return mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key, TALLY_HMAC_KEY_LEN,
                           bytes, len, ret_mac) == 0;
}
#endif
