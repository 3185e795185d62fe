/* app/crypto/mbedtls_compat.h: the differences between mbedTLS 2.28 (Debian 12, TLS 1.2) and 3.6
 * (Debian 13, TLS 1.3), all of them; everything else is written against what both have.
 *
 * Private to app/crypto and app/sync/tls.c. */
#ifndef TALLY_CRYPTO_MBEDTLS_COMPAT_H
#define TALLY_CRYPTO_MBEDTLS_COMPAT_H

#include <mbedtls/version.h>

#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if MBEDTLS_VERSION_NUMBER < 0x021c0000
#error "mbedTLS 2.28 or newer is needed"
#endif
#if MBEDTLS_VERSION_NUMBER >= 0x04000000
#error "mbedTLS 4 is another interface (PSA only)"
#endif

typedef int compat_rng(void *context, unsigned char *bytes, size_t len);

#if MBEDTLS_VERSION_NUMBER >= 0x03000000

#include <psa/crypto.h>

/* TLS 1.3 computes with PSA, which keeps a generator of its own. */
static inline bool compat_psa_start(const uint8_t *fresh, size_t len)
{
    if (psa_crypto_init() != PSA_SUCCESS) {
        return false;
    }
#if MBEDTLS_VERSION_NUMBER >= 0x03060600 /* else a fork or a copied machine repeats itself */
    return psa_random_reseed(fresh, len) == PSA_SUCCESS;
#else
    (void)fresh;
    (void)len;
    return true;
#endif
}

static inline int compat_parse_key(mbedtls_pk_context *pk, const unsigned char *key, size_t len,
                                   compat_rng *rng)
{
    return mbedtls_pk_parse_key(pk, key, len, NULL, 0, rng, NULL);
}

static inline int compat_sign(mbedtls_pk_context *pk, const unsigned char *hash, size_t hash_len,
                              unsigned char *signature, size_t cap, size_t *ret_len,
                              compat_rng *rng)
{
    return mbedtls_pk_sign(pk, MBEDTLS_MD_SHA256, hash, hash_len, signature, cap, ret_len, rng,
                           NULL);
}

static inline mbedtls_ecp_group_id compat_group(const mbedtls_pk_context *pk)
{
    return mbedtls_ecp_keypair_get_group_id(mbedtls_pk_ec(*pk));
}

static inline int compat_set_serial(mbedtls_x509write_cert *writer, const uint8_t serial[16])
{
    unsigned char copy[16];
    memcpy(copy, serial, sizeof copy);
    return mbedtls_x509write_crt_set_serial_raw(writer, copy, sizeof copy);
}

static inline void compat_conf_versions(mbedtls_ssl_config *conf)
{
    mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_conf_max_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_tls13_key_exchange_modes(
        conf, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL); /* no PSK, so no resumption */
#else
    mbedtls_ssl_conf_max_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
}

/* X25519 and P-256; ECDSA P-256 with SHA-256. */
static inline void compat_conf_groups(mbedtls_ssl_config *conf)
{
    static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
                                      MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                      MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
    static const uint16_t algorithms[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                          MBEDTLS_TLS1_3_SIG_NONE};
    mbedtls_ssl_conf_groups(conf, groups);
    mbedtls_ssl_conf_sig_algs(conf, algorithms);
}

static inline void compat_conf_no_tickets(mbedtls_ssl_config *conf, bool server)
{
#if defined(MBEDTLS_SSL_SESSION_TICKETS)
#if defined(MBEDTLS_SSL_CLI_C)
    if (!server) {
        mbedtls_ssl_conf_session_tickets(conf, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    }
#endif
#if defined(MBEDTLS_SSL_SRV_C) && defined(MBEDTLS_SSL_PROTO_TLS1_3)
    if (server) {
        mbedtls_ssl_conf_new_session_tickets(conf, 0);
    }
#endif
#else
    (void)conf;
    (void)server;
#endif
}

#define COMPAT_TLS13_SUITES_CHACHA MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
#define COMPAT_TLS13_SUITES_AES    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
#define COMPAT_USES_ARM_AES        1 /* the library uses ARMv8's AES instructions */

#else /* 2.28 */

static inline bool compat_psa_start(const uint8_t *fresh, size_t len)
{
    (void)fresh;
    (void)len;
    return true;
}

static inline int compat_parse_key(mbedtls_pk_context *pk, const unsigned char *key, size_t len,
                                   compat_rng *rng)
{
    (void)rng;
    return mbedtls_pk_parse_key(pk, key, len, NULL, 0);
}

static inline int compat_sign(mbedtls_pk_context *pk, const unsigned char *hash, size_t hash_len,
                              unsigned char *signature, size_t cap, size_t *ret_len,
                              compat_rng *rng)
{
    if (cap < MBEDTLS_PK_SIGNATURE_MAX_SIZE) {
        return MBEDTLS_ERR_PK_BAD_INPUT_DATA;
    }
    return mbedtls_pk_sign(pk, MBEDTLS_MD_SHA256, hash, hash_len, signature, ret_len, rng, NULL);
}

static inline mbedtls_ecp_group_id compat_group(const mbedtls_pk_context *pk)
{
    return mbedtls_pk_ec(*pk)->grp.id;
}

static inline int compat_set_serial(mbedtls_x509write_cert *writer, const uint8_t serial[16])
{
    mbedtls_mpi number;
    mbedtls_mpi_init(&number);
    int error = mbedtls_mpi_read_binary(&number, serial, 16);
    if (error == 0) {
        error = mbedtls_x509write_crt_set_serial(writer, &number);
    }
    mbedtls_mpi_free(&number);
    return error;
}

static inline void compat_conf_versions(mbedtls_ssl_config *conf)
{
    mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
}

static inline void compat_conf_groups(mbedtls_ssl_config *conf)
{
    static const mbedtls_ecp_group_id curves[] = {MBEDTLS_ECP_DP_CURVE25519,
                                                  MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE};
    static const int hashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_NONE};
    mbedtls_ssl_conf_curves(conf, curves);
    mbedtls_ssl_conf_sig_hashes(conf, hashes);
}

static inline void compat_conf_no_tickets(mbedtls_ssl_config *conf, bool server)
{
    /* A server issues tickets only with callbacks, which nobody sets. */
    if (!server) {
        mbedtls_ssl_conf_session_tickets(conf, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    }
}

#define COMPAT_TLS13_SUITES_CHACHA
#define COMPAT_TLS13_SUITES_AES
#define COMPAT_USES_ARM_AES 0

#endif
#endif
