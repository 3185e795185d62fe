/* firmware/port/cortex-m/mbedtls_config.h: of mbedTLS, HMAC-SHA-256 and nothing else. */
#ifndef TALLY_FIRMWARE_PORT_CORTEX_M_MBEDTLS_CONFIG_H
#define TALLY_FIRMWARE_PORT_CORTEX_M_MBEDTLS_CONFIG_H

#define MBEDTLS_MD_C
#define MBEDTLS_SHA256_C

#endif
