/* SPDX-License-Identifier: Apache-2.0 */
/* TLS sessions over buffers with mbedTLS, and the leaf policy that its chain check lacks. */
#include "app/sync/tls.h"

#include "app/base/alloc.h"
#include "app/crypto/internal.h"

#include <mbedtls/error.h>
#include <mbedtls/platform_util.h>

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

enum {
    SERIAL_LEN_MAX = 20, /* RFC 5280, 4.1.2.2 */
    CHAIN_CERTS_MAX = 8,
    DEPTH_MAX = 2, /* leaf -> issuer -> root */
    KEY_USAGE_DIGITAL_SIGNATURE = 0x80,
    READ_LEN = 16384, /* one TLS record */
    DETAIL_LEN = 200,
    SAN_URI = 6
};

struct sync_tls_config {
    enum sync_tls_side side;
    mbedtls_ssl_config ssl;
    mbedtls_pk_context key;
    mbedtls_x509_crt chain;   /* our certificate and its issuers */
    mbedtls_x509_crt trusted; /* the root; for a pinned client one that signs nothing */
    bool pinned;
    uint8_t root_pin[TALLY_HASH_LEN];
};

struct sync_tls {
    struct sync_tls_config *config;
    mbedtls_ssl_context ssl;
    char *peer_name; /* NULL for a server */
    struct tally_buffer input, output;
    bool up;
    bool heard;         /* something of the peer's was decrypted since it is up */
    bool peer_verified; /* the chain and the leaf were accepted */
    uint32_t flags;     /* what verification found wrong, over the whole chain */
    int depth;          /* of the root above the leaf */
    enum tally_status broken;
    struct sync_peer peer;
    struct tally_slice peer_chain[CHAIN_CERTS_MAX];
    char detail[DETAIL_LEN];
};

/* ------------------------------------------------------------------ configuration */

static const char *const alpn_protocols[] = {"h2", NULL};

static const int suites_chacha_first[] = {COMPAT_TLS13_SUITES_CHACHA COMPAT_TLS13_SUITES_AES
                                              MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                          MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 0};
static const int suites_aes_first[] = {COMPAT_TLS13_SUITES_AES COMPAT_TLS13_SUITES_CHACHA
                                           MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                       MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 0};

/* Whether the library computes AES with instructions of this processor; else ChaCha20 is three
 * times as fast. Bits: Linux' arch/arm*'s uapi/asm/hwcap.h. */
static bool has_fast_aes(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_cpu_supports("aes") != 0;
#elif defined(__aarch64__)
    return COMPAT_USES_ARM_AES && (getauxval(AT_HWCAP) & 1u << 3) != 0;
#else
    return false;
#endif
}

static const mbedtls_x509_crt_profile certificate_profile = {
    .allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256),
    .allowed_pks = MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
    .allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1),
    .rsa_min_bitlen = 0};

static enum tally_status parse_der(mbedtls_x509_crt *chain, struct tally_slice der)
{
    if (der.len == 0 || mbedtls_x509_crt_parse_der(chain, der.data, der.len) != 0) {
        return TALLY_E_INVALID;
    }
    return TALLY_OK;
}

/* A pinned client trusts nobody until the peer has shown the pinned root, but mbedTLS wants a list
 * to verify against: a root whose key is thrown away at once. */
static enum tally_status trust_nobody(mbedtls_x509_crt *trusted)
{
    struct tally_buffer key = {0}, cert = {0};
    struct tally_cert_request request = {
        .use = TALLY_CERT_CA, .name = "nobody", .not_after_ms = 1000};
    enum tally_status status = tally_random(request.serial, sizeof request.serial);
    request.serial[0] = 1;
    if (status == TALLY_OK) {
        status = tally_key_generate(&key);
    }
    if (status == TALLY_OK) {
        status = tally_cert_issue(&request, tally_buffer_slice(&key), (struct tally_slice){0},
                                  (struct tally_slice){0}, &cert);
    }
    if (status == TALLY_OK) {
        status = parse_der(trusted, tally_buffer_slice(&cert));
    }
    tally_buffer_wipe(&key);
    tally_buffer_free(&cert);
    return status;
}

static enum tally_status load_trust(struct sync_tls_config *config,
                                    const struct sync_identity *identity)
{
    if (identity->trusted_root_der.len > 0) {
        return parse_der(&config->trusted, identity->trusted_root_der);
    }
    if (config->side != SYNC_TLS_CLIENT || identity->root_pin == NULL) {
        return TALLY_E_INVALID;
    }
    config->pinned = true;
    memcpy(config->root_pin, identity->root_pin, TALLY_HASH_LEN);
    return trust_nobody(&config->trusted);
}

static enum tally_status load_own(struct sync_tls_config *config,
                                  const struct sync_identity *identity)
{
    struct tally_buffer spki = {0};
    TALLY_TRY(crypto_parse_key(identity->key_pem, &config->key));
    TALLY_TRY(parse_der(&config->chain, identity->cert_der));
    for (size_t i = 0; i < identity->issuer_count; i++) {
        TALLY_TRY(parse_der(&config->chain, identity->issuers_der[i]));
    }
    enum tally_status status = tally_key_public(identity->key_pem, &spki);
    if (status == TALLY_OK && (spki.len != config->chain.pk_raw.len ||
                               memcmp(spki.data, config->chain.pk_raw.p, spki.len) != 0)) {
        status = TALLY_E_INVALID;
    }
    tally_buffer_free(&spki);
    TALLY_TRY(status);
    return mbedtls_ssl_conf_own_cert(&config->ssl, &config->chain, &config->key) == 0
               ? TALLY_OK
               : TALLY_E_NO_MEMORY;
}

static enum tally_status configure(struct sync_tls_config *config,
                                   const struct sync_identity *identity, bool client_certificate)
{
    bool server = config->side == SYNC_TLS_SERVER;
    mbedtls_ssl_config *ssl = &config->ssl;
    if (mbedtls_ssl_config_defaults(ssl, server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                    MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        return TALLY_E_CRYPTO;
    }
    mbedtls_ssl_conf_rng(ssl, crypto_rng, NULL);
    compat_conf_versions(ssl);
    compat_conf_groups(ssl);
    compat_conf_no_tickets(ssl, server);
    mbedtls_ssl_conf_ciphersuites(ssl, has_fast_aes() ? suites_aes_first : suites_chacha_first);
    mbedtls_ssl_conf_cert_profile(ssl, &certificate_profile);
    mbedtls_ssl_conf_extended_master_secret(ssl, MBEDTLS_SSL_EXTENDED_MS_ENABLED);
    mbedtls_ssl_conf_renegotiation(ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
    mbedtls_ssl_conf_legacy_renegotiation(ssl, MBEDTLS_SSL_LEGACY_BREAK_HANDSHAKE);
    /* mbedTLS keeps the list and does not change it, but its type says otherwise. */
    union {
        const char *const *ours;
        const char **theirs;
    } list = {.ours = alpn_protocols};
    if (mbedtls_ssl_conf_alpn_protocols(ssl, list.theirs) != 0) {
        return TALLY_E_CRYPTO;
    }
    if (!server || client_certificate) {
        TALLY_TRY(load_trust(config, identity));
        mbedtls_ssl_conf_ca_chain(ssl, &config->trusted, NULL);
        mbedtls_ssl_conf_authmode(ssl, MBEDTLS_SSL_VERIFY_REQUIRED);
    } else {
        mbedtls_ssl_conf_authmode(ssl, MBEDTLS_SSL_VERIFY_NONE);
    }
    if (server || identity->key_pem.len > 0) {
        TALLY_TRY(load_own(config, identity));
    }
    return TALLY_OK;
}

enum tally_status sync_tls_config_open(const struct sync_identity *identity,
                                       enum sync_tls_side side, bool client_certificate,
                                       struct sync_tls_config **ret_config)
{
    struct sync_tls_config *config = tally_alloc(1, sizeof *config);
    if (config == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    config->side = side;
    mbedtls_ssl_config_init(&config->ssl);
    mbedtls_pk_init(&config->key);
    mbedtls_x509_crt_init(&config->chain);
    mbedtls_x509_crt_init(&config->trusted);
    enum tally_status status = configure(config, identity, client_certificate);
    if (status != TALLY_OK) {
        sync_tls_config_close(config);
        return status;
    }
    *ret_config = config;
    return TALLY_OK;
}

void sync_tls_config_close(struct sync_tls_config *config)
{
    if (config == NULL) {
        return;
    }
    mbedtls_ssl_config_free(&config->ssl);
    mbedtls_pk_free(&config->key);
    mbedtls_x509_crt_free(&config->chain);
    mbedtls_x509_crt_free(&config->trusted);
    tally_free(config);
}

/* ------------------------------------------------------------------ verification */

static void explain(struct sync_tls *tls, const char *sentence)
{
    if (tls->detail[0] == '\0') {
        snprintf(tls->detail, sizeof tls->detail, "%s", sentence);
    }
}

static bool uri_is_plain(struct tally_slice uri)
{
    for (size_t i = 0; i < uri.len; i++) {
        if (uri.data[i] <= 0x20 || uri.data[i] >= 0x7f) {
            return false;
        }
    }
    return uri.len > 0;
}

/* The leaf of either side. NULL: good. */
static const char *leaf_fault(struct sync_tls *tls, const mbedtls_x509_crt *leaf,
                              const struct crypto_extensions *ext)
{
    bool peer_is_client = tls->config->side == SYNC_TLS_SERVER;
    if (leaf->version != 3) {
        return "the certificate is not version 3";
    }
    if (ext->ca) {
        return "the certificate is a CA's";
    }
    if (leaf->serial.len > SERIAL_LEN_MAX) {
        return "the serial number is too long";
    }
    if (!ext->has_key_usage || ext->key_usage != KEY_USAGE_DIGITAL_SIGNATURE) {
        return "the key usage is not exactly digitalSignature";
    }
    if (ext->ext_key_usage_count != 1 || !(peer_is_client ? ext->client_auth : ext->server_auth)) {
        return peer_is_client ? "the extended key usage is not exactly clientAuth"
                              : "the extended key usage is not exactly serverAuth";
    }
    if (peer_is_client &&
        (ext->san_count != 1 || ext->sans[0].tag != SAN_URI ||
         ext->sans[0].value.len >= sizeof tls->peer.uri || !uri_is_plain(ext->sans[0].value))) {
        return "the subject alternative name is not exactly one URI";
    }
    return NULL;
}

/* Called by mbedTLS for every certificate of the path, the root first. */
static int count_depth(void *context, mbedtls_x509_crt *cert, int depth, uint32_t *flags)
{
    int *deepest = context;
    (void)cert;
    (void)flags;
    if (depth > *deepest) {
        *deepest = depth;
    }
    return 0;
}

/* The chain that the peer sent against the pinned root, which must be in it. */
static uint32_t verify_pinned(struct sync_tls *tls, mbedtls_x509_crt *sent)
{
    for (const mbedtls_x509_crt *cert = sent; cert != NULL; cert = cert->next) {
        uint8_t hash[TALLY_HASH_LEN];
        const struct tally_slice der = {cert->raw.p, cert->raw.len};
        if (tally_sha256(&der, 1, hash) != TALLY_OK ||
            memcmp(hash, tls->config->root_pin, TALLY_HASH_LEN) != 0) {
            continue;
        }
        mbedtls_x509_crt root;
        mbedtls_x509_crt_init(&root);
        uint32_t flags = MBEDTLS_X509_BADCERT_OTHER;
        if (mbedtls_x509_crt_parse_der(&root, der.data, der.len) == 0) {
            int depth = 0;
            int error = mbedtls_x509_crt_verify_with_profile(
                sent, &root, NULL, &certificate_profile, NULL, &flags, count_depth, &depth);
            tls->depth = depth;
            if (error != 0 && flags == 0) {
                flags = MBEDTLS_X509_BADCERT_OTHER;
            }
        }
        mbedtls_x509_crt_free(&root);
        return flags;
    }
    explain(tls, "the chain does not hold the root that the token names");
    return MBEDTLS_X509_BADCERT_NOT_TRUSTED;
}

static uint32_t judge_leaf(struct sync_tls *tls, mbedtls_x509_crt *leaf, uint32_t flags)
{
    struct crypto_extensions ext;
    /* Names are checked here: mbedTLS falls back to the common name, and 2.28 knows no
     * addresses. */
    flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
    if (tls->config->pinned) {
        flags = verify_pinned(tls, leaf);
    }
    if (crypto_read_extensions(leaf, &ext) != TALLY_OK) {
        explain(tls, "the certificate's extensions are malformed");
        return flags | MBEDTLS_X509_BADCERT_OTHER;
    }
    const char *fault = leaf_fault(tls, leaf, &ext);
    if (fault == NULL && (tls->depth < 1 || tls->depth > DEPTH_MAX)) {
        fault = "the path to the root has a wrong length";
    }
    if (fault != NULL) {
        flags |= MBEDTLS_X509_BADCERT_OTHER;
        if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) == 0) {
            explain(tls, fault);
        }
    }
    if (tls->peer_name != NULL && !crypto_name_matches(&ext, tls->peer_name)) {
        flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    if (tls->config->side == SYNC_TLS_SERVER && fault == NULL) {
        memcpy(tls->peer.uri, ext.sans[0].value.data, ext.sans[0].value.len);
        tls->peer.uri[ext.sans[0].value.len] = '\0';
    }
    return flags;
}

/* mbedTLS calls this for the root first and for the leaf last. */
static int judge(void *context, mbedtls_x509_crt *cert, int depth, uint32_t *flags)
{
    struct sync_tls *tls = context;
    if (tls->config->pinned && depth > 0) {
        *flags = 0; /* judged with the leaf, against the pinned root */
        return 0;
    }
    (void)count_depth(&tls->depth, cert, depth, flags);
    if (depth == 0) {
        *flags = judge_leaf(tls, cert, *flags);
    }
    tls->flags |= *flags;
    if (depth == 0) {
        tls->peer_verified = tls->flags == 0;
    }
    return 0;
}

static enum tally_status status_from_flags(uint32_t flags)
{
    const uint32_t time = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;
    const uint32_t name = MBEDTLS_X509_BADCERT_CN_MISMATCH;
    if ((flags & ~(time | name)) != 0) {
        return TALLY_E_PEER_UNTRUSTED;
    }
    return (flags & name) != 0 ? TALLY_E_PEER_NAME : TALLY_E_PEER_EXPIRED;
}

static enum tally_status status_from_tls(struct sync_tls *tls, int error)
{
    char text[DETAIL_LEN] = "";
    enum tally_status status = TALLY_E_PROTOCOL;
    if (tls->flags != 0) {
        status = status_from_flags(tls->flags);
        if (mbedtls_x509_crt_verify_info(text, sizeof text, "", tls->flags) > 0) {
            text[strcspn(text, "\n")] = '\0';
        }
        explain(tls, text);
        return status;
    }
    if (error == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE) {
        explain(tls, "the peer shows no certificate");
        return TALLY_E_PEER_UNTRUSTED;
    }
    mbedtls_strerror(error, text, sizeof text);
    explain(tls, text);
    switch (error) {
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return TALLY_E_END;
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        return tls->config->side == SYNC_TLS_CLIENT && tls->peer_verified ? TALLY_E_REVOKED
                                                                          : TALLY_E_PROTOCOL;
    case MBEDTLS_ERR_SSL_INVALID_MAC:
        /* A TLS 1.3 client is done before the server has judged its certificate, and mbedTLS's
         * server (3.6, issue 10877) sends that refusal under keys that are no longer in use. */
        return tls->config->side == SYNC_TLS_CLIENT && tls->up && !tls->heard ? TALLY_E_REVOKED
                                                                              : TALLY_E_PROTOCOL;
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
        return TALLY_E_PEER_UNTRUSTED;
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_PK_ALLOC_FAILED:
    case MBEDTLS_ERR_MPI_ALLOC_FAILED:
        return TALLY_E_NO_MEMORY;
    case MBEDTLS_ERR_SSL_INTERNAL_ERROR:
        return TALLY_E_CRYPTO;
    default:
        return status;
    }
}

/* ------------------------------------------------------------------ sessions */

static int bio_send(void *context, const unsigned char *bytes, size_t len)
{
    struct sync_tls *tls = context;
    if (len > INT32_MAX) {
        len = INT32_MAX;
    }
    if (tally_buffer_append(&tls->output, bytes, len) != TALLY_OK) {
        return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    }
    return (int)len;
}

static int bio_receive(void *context, unsigned char *bytes, size_t cap)
{
    struct sync_tls *tls = context;
    size_t len = tls->input.len < cap ? tls->input.len : cap;
    if (len == 0) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    memcpy(bytes, tls->input.data, len);
    tally_buffer_consume(&tls->input, len);
    return (int)len;
}

static bool is_address(const char *name)
{
    unsigned char address[16];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

enum tally_status sync_tls_open(struct sync_tls_config *config, const char *peer_name,
                                struct sync_tls **ret_tls)
{
    assert((config->side == SYNC_TLS_CLIENT) == (peer_name != NULL));
    struct sync_tls *tls = tally_alloc(1, sizeof *tls);
    if (tls == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    tls->config = config;
    mbedtls_ssl_init(&tls->ssl);
    if (peer_name != NULL) {
        tls->peer_name = tally_copy_text(peer_name);
        if (tls->peer_name == NULL) {
            goto fail;
        }
    }
    if (mbedtls_ssl_setup(&tls->ssl, &config->ssl) != 0) {
        goto fail;
    }
    /* Server name indication carries no addresses (RFC 6066, 3); NULL says so in so many words. Our
     * own check of the name stands in judge_leaf either way. */
    if (peer_name != NULL &&
        mbedtls_ssl_set_hostname(&tls->ssl, is_address(peer_name) ? NULL : peer_name) != 0) {
        goto fail;
    }
    mbedtls_ssl_set_verify(&tls->ssl, judge, tls);
    mbedtls_ssl_set_bio(&tls->ssl, tls, bio_send, bio_receive, NULL);
    *ret_tls = tls;
    return TALLY_OK;
fail:
    sync_tls_close(tls);
    return TALLY_E_NO_MEMORY;
}

void sync_tls_close(struct sync_tls *tls)
{
    if (tls == NULL) {
        return;
    }
    mbedtls_ssl_free(&tls->ssl);
    tally_buffer_wipe(&tls->input);
    tally_buffer_wipe(&tls->output);
    tally_free(tls->peer_name);
    tally_free(tls);
}

/* What the application asks about the peer: its pin and the chain as sent. */
static enum tally_status learn_peer(struct sync_tls *tls)
{
    const mbedtls_x509_crt *cert = mbedtls_ssl_get_peer_cert(&tls->ssl);
    if (cert == NULL) {
        return TALLY_OK; /* the enrolment port */
    }
    const struct tally_slice spki = {cert->pk_raw.p, cert->pk_raw.len};
    TALLY_TRY(tally_sha256(&spki, 1, tls->peer.pin));
    for (; cert != NULL && tls->peer.chain_count < CHAIN_CERTS_MAX; cert = cert->next) {
        tls->peer_chain[tls->peer.chain_count++] = (struct tally_slice){cert->raw.p, cert->raw.len};
    }
    tls->peer.chain_der = tls->peer_chain;
    return TALLY_OK;
}

static enum tally_status shake(struct sync_tls *tls)
{
    int error = mbedtls_ssl_handshake(&tls->ssl);
    if (error == MBEDTLS_ERR_SSL_WANT_READ || error == MBEDTLS_ERR_SSL_WANT_WRITE) {
        return TALLY_OK;
    }
    if (error != 0) {
        return status_from_tls(tls, error);
    }
    const char *protocol = mbedtls_ssl_get_alpn_protocol(&tls->ssl);
    if (protocol == NULL || strcmp(protocol, alpn_protocols[0]) != 0) {
        explain(tls, "the peer does not speak HTTP/2 (ALPN)");
        return TALLY_E_PROTOCOL;
    }
    bool no_certificates =
        tls->config->side == SYNC_TLS_SERVER && tls->config->trusted.raw.len == 0;
    if (!no_certificates && !tls->peer_verified) { /* mbedTLS should have refused it */
        explain(tls, "the peer was not verified");
        return TALLY_E_PEER_UNTRUSTED;
    }
    TALLY_TRY(learn_peer(tls));
    tls->up = true;
    return TALLY_OK;
}

static enum tally_status decrypt(struct sync_tls *tls, struct tally_buffer *ret_plain)
{
    for (;;) {
        enum tally_status status = tally_buffer_reserve(ret_plain, READ_LEN);
        if (status != TALLY_OK) {
            return status;
        }
        int got = mbedtls_ssl_read(&tls->ssl, ret_plain->data + ret_plain->len, READ_LEN);
        if (got > 0) {
            ret_plain->len += (size_t)got;
            tls->heard = true;
            continue;
        }
        if (got == MBEDTLS_ERR_SSL_WANT_READ || got == MBEDTLS_ERR_SSL_WANT_WRITE) {
            return TALLY_OK;
        }
        return got == 0 ? TALLY_E_END : status_from_tls(tls, got);
    }
}

enum tally_status sync_tls_feed(struct sync_tls *tls, struct tally_slice cipher,
                                struct tally_buffer *ret_plain)
{
    if (tls->broken != TALLY_OK) {
        return tls->broken;
    }
    enum tally_status status = tally_buffer_append(&tls->input, cipher.data, cipher.len);
    if (status == TALLY_OK && !tls->up) {
        status = shake(tls);
    }
    if (status == TALLY_OK && tls->up) {
        status = decrypt(tls, ret_plain);
    }
    tls->broken = status;
    return status;
}

bool sync_tls_is_up(const struct sync_tls *tls)
{
    return tls->up;
}

enum tally_status sync_tls_write(struct sync_tls *tls, struct tally_slice plain)
{
    if (!tls->up || (tls->broken != TALLY_OK && tls->broken != TALLY_E_END)) {
        return TALLY_E_PROTOCOL;
    }
    while (plain.len > 0) {
        int put = mbedtls_ssl_write(&tls->ssl, plain.data, plain.len);
        if (put <= 0) {
            tls->broken = status_from_tls(tls, put);
            return tls->broken;
        }
        plain.data += put;
        plain.len -= (size_t)put;
    }
    return TALLY_OK;
}

void sync_tls_end(struct sync_tls *tls, bool refuse)
{
    if (!tls->up || (tls->broken != TALLY_OK && tls->broken != TALLY_E_END)) {
        return;
    }
    if (refuse) {
        (void)mbedtls_ssl_send_alert_message(&tls->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                             MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
    } else {
        (void)mbedtls_ssl_close_notify(&tls->ssl);
    }
}

struct tally_buffer *sync_tls_output(struct sync_tls *tls)
{
    return &tls->output;
}

struct sync_peer *sync_tls_peer(struct sync_tls *tls)
{
    return &tls->peer;
}

const char *sync_tls_detail(const struct sync_tls *tls)
{
    return tls->detail;
}

const char *sync_tls_version(const struct sync_tls *tls)
{
    return mbedtls_ssl_get_version(&tls->ssl);
}
