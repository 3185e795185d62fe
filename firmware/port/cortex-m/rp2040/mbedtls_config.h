/* firmware/port/cortex-m/rp2040/mbedtls_config.h: of mbedTLS, HMAC-SHA-256 and nothing else. */
#ifndef TALLY_FIRMWARE_PORT_CORTEX_M_RP2040_MBEDTLS_CONFIG_H
#define TALLY_FIRMWARE_PORT_CORTEX_M_RP2040_MBEDTLS_CONFIG_H

#define MBEDTLS_MD_C
#define MBEDTLS_SHA256_C

#endif
