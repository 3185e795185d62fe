/* SPDX-License-Identifier: Apache-2.0 */
/* Makes certificates and requests for them (RFC 5280, RFC 2986). */
#include "app/crypto/internal.h"

#include <mbedtls/asn1write.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_csr.h>

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <time.h>

enum {
    CERT_LEN_MAX = 4096,
    EXTENSION_LEN_MAX = 2048,
    DN_LEN_MAX = 300,
    COMMON_NAME_LEN_MAX = 64, /* ub-common-name, RFC 5280 A.1 */
    DNS_NAME_LEN_MAX = 253,
    TIME_LEN = 14 /* YYYYMMDDhhmmss */
};

/* ------------------------------------------------------------------ names and times */

/* Characters that need no escaping in a distinguished name (RFC 4514, 2.4). */
static bool name_is_plain(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c < 0x20 || c == 0x7f || strchr(",+\"\\<>;=#", c) != NULL) {
            return false;
        }
    }
    return len > 0 && name[0] != ' ' && name[len - 1] != ' ';
}

/* "CN=<first of the comma-separated names>", cut to the longest common name allowed: what counts is
 * the SAN. */
static enum tally_status make_subject(const char *names, char ret_dn[DN_LEN_MAX])
{
    size_t len = strcspn(names, ",");
    if (!name_is_plain(names, len)) {
        return TALLY_E_INVALID;
    }
    if (len > COMMON_NAME_LEN_MAX) {
        len = COMMON_NAME_LEN_MAX;
    }
    snprintf(ret_dn, DN_LEN_MAX, "CN=%.*s", (int)len, names);
    return TALLY_OK;
}

static enum tally_status make_time(int64_t time_ms, char ret_text[TIME_LEN + 1])
{
    if (time_ms < 0 || time_ms / 1000 > INT64_C(253402300799)) { /* 1970 to 9999 */
        return TALLY_E_INVALID;
    }
    int32_t year = 0, month = 0, day = 0;
    int64_t seconds = time_ms / 1000;
    int32_t of_day = (int32_t)(seconds % 86400);
    char text[40];
    tally_day_to_date((int32_t)(seconds / 86400), &year, &month, &day);
    snprintf(text, sizeof text, "%04d%02d%02d%02d%02d%02d", (int)year, (int)month, (int)day,
             (int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60));
    memcpy(ret_text, text, TIME_LEN);
    ret_text[TIME_LEN] = '\0';
    return TALLY_OK;
}

/* ------------------------------------------------------------------ extensions */

/* mbedTLS writes DER from the end of a buffer to its front. */
struct der {
    unsigned char bytes[EXTENSION_LEN_MAX];
    unsigned char *at;
    bool failed;
};

static void der_start(struct der *der)
{
    der->at = der->bytes + sizeof der->bytes;
    der->failed = false;
}

static size_t der_len(const struct der *der)
{
    return (size_t)(der->bytes + sizeof der->bytes - der->at);
}

static void der_check(struct der *der, int written)
{
    if (written < 0) {
        der->failed = true;
    }
}

/* Puts a tag and the length of all that was written since `end` in front of it. */
static void der_wrap(struct der *der, const unsigned char *end, unsigned char tag)
{
    if (!der->failed) {
        size_t len = (size_t)(end - der->at);
        der_check(der, mbedtls_asn1_write_len(&der->at, der->bytes, len));
    }
    if (!der->failed) {
        der_check(der, mbedtls_asn1_write_tag(&der->at, der->bytes, tag));
    }
}

static void der_raw(struct der *der, const void *bytes, size_t len)
{
    if (!der->failed) {
        der_check(der, mbedtls_asn1_write_raw_buffer(&der->at, der->bytes, bytes, len));
    }
}

static void der_sequence(struct der *der)
{
    der_wrap(der, der->bytes + sizeof der->bytes, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
}

static enum tally_status set_extension(mbedtls_x509write_cert *writer, const char *oid,
                                       size_t oid_len, bool critical, const struct der *der)
{
    if (der->failed) {
        return TALLY_E_INVALID;
    }
    return mbedtls_x509write_crt_set_extension(writer, oid, oid_len, critical ? 1 : 0, der->at,
                                               der_len(der)) == 0
               ? TALLY_OK
               : TALLY_E_CRYPTO;
}

/* Written here and not by mbedTLS, which leaves it uncritical (RFC 5280, 4.2.1.9 wants it critical
 * in a CA). */
static enum tally_status set_basic_constraints(mbedtls_x509write_cert *writer, bool ca)
{
    struct der der;
    der_start(&der);
    if (ca) {
        der_check(&der, mbedtls_asn1_write_int(&der.at, der.bytes, 0)); /* pathlen */
        if (!der.failed) {
            der_check(&der, mbedtls_asn1_write_bool(&der.at, der.bytes, 1));
        }
    }
    der_sequence(&der);
    return set_extension(writer, MBEDTLS_OID_BASIC_CONSTRAINTS,
                         MBEDTLS_OID_SIZE(MBEDTLS_OID_BASIC_CONSTRAINTS), true, &der);
}

static enum tally_status set_ext_key_usage(mbedtls_x509write_cert *writer, bool server)
{
    static const char server_auth[] = MBEDTLS_OID_SERVER_AUTH;
    static const char client_auth[] = MBEDTLS_OID_CLIENT_AUTH;
    _Static_assert(sizeof server_auth == sizeof client_auth, "one length for both");
    struct der der;
    der_start(&der);
    der_check(&der, mbedtls_asn1_write_oid(&der.at, der.bytes, server ? server_auth : client_auth,
                                           sizeof server_auth - 1));
    der_sequence(&der);
    return set_extension(writer, MBEDTLS_OID_EXTENDED_KEY_USAGE,
                         MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), false, &der);
}

/* GeneralName (RFC 5280, 4.2.1.6). */
static void put_general_name(struct der *der, unsigned char tag_number, const void *value,
                             size_t len)
{
    const unsigned char *end = der->at;
    der_raw(der, value, len);
    der_wrap(der, end, (unsigned char)(MBEDTLS_ASN1_CONTEXT_SPECIFIC | tag_number));
}

static enum tally_status put_host(struct der *der, const char *host, size_t len)
{
    char name[DNS_NAME_LEN_MAX + 1];
    unsigned char address[16];
    if (len == 0 || len > DNS_NAME_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    memcpy(name, host, len);
    name[len] = '\0';
    if (inet_pton(AF_INET, name, address) == 1) {
        put_general_name(der, 7, address, 4);
    } else if (inet_pton(AF_INET6, name, address) == 1) {
        put_general_name(der, 7, address, 16);
    } else if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
               len) {
        put_general_name(der, 2, name, len);
    } else {
        return TALLY_E_INVALID;
    }
    return TALLY_OK;
}

/* The comma-separated hosts, from the last to the first: DER grows to the front. */
static enum tally_status put_hosts(struct der *der, const char *hosts)
{
    size_t end = strlen(hosts);
    size_t count = 0;
    for (;;) {
        size_t start = end;
        while (start > 0 && hosts[start - 1] != ',') {
            start--;
        }
        TALLY_TRY(put_host(der, hosts + start, end - start));
        if (++count > CRYPTO_SAN_MAX) {
            return TALLY_E_INVALID;
        }
        if (start == 0) {
            return TALLY_OK;
        }
        end = start - 1;
    }
}

static enum tally_status set_alternative_names(mbedtls_x509write_cert *writer,
                                               const struct tally_cert_request *request)
{
    struct der der;
    der_start(&der);
    if (request->use == TALLY_CERT_HQ) {
        TALLY_TRY(put_hosts(&der, request->name));
    } else {
        put_general_name(&der, 6, request->name, strlen(request->name));
    }
    der_sequence(&der);
    return set_extension(writer, MBEDTLS_OID_SUBJECT_ALT_NAME,
                         MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), false, &der);
}

static enum tally_status set_extensions(mbedtls_x509write_cert *writer,
                                        const struct tally_cert_request *request)
{
    bool ca = request->use == TALLY_CERT_CA;
    TALLY_TRY(set_basic_constraints(writer, ca));
    if (mbedtls_x509write_crt_set_key_usage(writer, ca ? MBEDTLS_X509_KU_KEY_CERT_SIGN
                                                       : MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0 ||
        mbedtls_x509write_crt_set_subject_key_identifier(writer) != 0 ||
        mbedtls_x509write_crt_set_authority_key_identifier(writer) != 0) {
        return TALLY_E_CRYPTO;
    }
    if (ca) {
        return TALLY_OK;
    }
    TALLY_TRY(set_ext_key_usage(writer, request->use == TALLY_CERT_HQ));
    return set_alternative_names(writer, request);
}

/* ------------------------------------------------------------------ certificates */

static enum tally_status check_request(const struct tally_cert_request *request)
{
    if (request->use < TALLY_CERT_CA || request->use > TALLY_CERT_TERMINAL ||
        request->serial[0] == 0 || request->serial[0] > 0x7f || /* 16 bytes, positive */
        request->not_after_ms <= request->not_before_ms) {
        return TALLY_E_INVALID;
    }
    return TALLY_OK;
}

static enum tally_status issuer_dn(struct tally_slice issuer_cert_der, char ret_dn[DN_LEN_MAX])
{
    mbedtls_x509_crt cert;
    mbedtls_x509_crt_init(&cert);
    enum tally_status status = TALLY_E_INVALID;
    if (mbedtls_x509_crt_parse_der(&cert, issuer_cert_der.data, issuer_cert_der.len) == 0 &&
        mbedtls_x509_dn_gets(ret_dn, DN_LEN_MAX, &cert.subject) > 0) {
        status = TALLY_OK;
    }
    mbedtls_x509_crt_free(&cert);
    return status;
}

/* `issuer_cert_der` empty: self-signed. The keys are borrowed. */
static enum tally_status issue(const struct tally_cert_request *request,
                               mbedtls_pk_context *subject_key, mbedtls_pk_context *issuer_key,
                               struct tally_slice issuer_cert_der,
                               struct tally_buffer *ret_cert_der)
{
    char subject[DN_LEN_MAX], issuer[DN_LEN_MAX];
    char not_before[TIME_LEN + 1], not_after[TIME_LEN + 1];
    unsigned char der[CERT_LEN_MAX];
    TALLY_TRY(check_request(request));
    TALLY_TRY(make_subject(request->name, subject));
    TALLY_TRY(make_time(request->not_before_ms, not_before));
    TALLY_TRY(make_time(request->not_after_ms, not_after));
    if (issuer_cert_der.len > 0) {
        TALLY_TRY(issuer_dn(issuer_cert_der, issuer));
    } else {
        memcpy(issuer, subject, sizeof issuer);
    }

    mbedtls_x509write_cert writer;
    mbedtls_x509write_crt_init(&writer);
    mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&writer, subject_key);
    mbedtls_x509write_crt_set_issuer_key(&writer, issuer_key);
    enum tally_status status = TALLY_E_CRYPTO;
    if (compat_set_serial(&writer, request->serial) == 0 &&
        mbedtls_x509write_crt_set_subject_name(&writer, subject) == 0 &&
        mbedtls_x509write_crt_set_issuer_name(&writer, issuer) == 0 &&
        mbedtls_x509write_crt_set_validity(&writer, not_before, not_after) == 0) {
        status = set_extensions(&writer, request);
    }
    if (status == TALLY_OK) {
        int len = mbedtls_x509write_crt_der(&writer, der, sizeof der, crypto_rng, NULL);
        status = len <= 0 ? TALLY_E_CRYPTO
                          : tally_buffer_append(ret_cert_der, der + sizeof der - len, (size_t)len);
    }
    mbedtls_x509write_crt_free(&writer);
    return status;
}

enum tally_status tally_cert_issue(const struct tally_cert_request *request,
                                   struct tally_slice subject_key_pem,
                                   struct tally_slice issuer_key_pem,
                                   struct tally_slice issuer_cert_der,
                                   struct tally_buffer *ret_cert_der)
{
    assert((issuer_key_pem.len == 0) == (issuer_cert_der.len == 0));
    mbedtls_pk_context subject, issuer;
    mbedtls_pk_init(&subject);
    mbedtls_pk_init(&issuer);
    bool self_signed = issuer_key_pem.len == 0;
    enum tally_status status = crypto_parse_key(subject_key_pem, &subject);
    if (status == TALLY_OK && !self_signed) {
        status = crypto_parse_key(issuer_key_pem, &issuer);
    }
    if (status == TALLY_OK) {
        status = issue(request, &subject, self_signed ? &subject : &issuer, issuer_cert_der,
                       ret_cert_der);
    }
    mbedtls_pk_free(&issuer);
    mbedtls_pk_free(&subject);
    return status;
}

/* ------------------------------------------------------------------ requests */

enum tally_status tally_csr_make(struct tally_slice key_pem, const char *name,
                                 struct tally_buffer *ret_csr_der)
{
    char subject[DN_LEN_MAX];
    unsigned char der[CERT_LEN_MAX];
    TALLY_TRY(make_subject(name, subject));
    mbedtls_pk_context key;
    mbedtls_x509write_csr writer;
    mbedtls_pk_init(&key);
    mbedtls_x509write_csr_init(&writer);
    enum tally_status status = crypto_parse_key(key_pem, &key);
    if (status == TALLY_OK) {
        mbedtls_x509write_csr_set_md_alg(&writer, MBEDTLS_MD_SHA256);
        mbedtls_x509write_csr_set_key(&writer, &key);
        int len = mbedtls_x509write_csr_set_subject_name(&writer, subject);
        if (len == 0) {
            len = mbedtls_x509write_csr_der(&writer, der, sizeof der, crypto_rng, NULL);
        }
        status = len <= 0 ? TALLY_E_CRYPTO
                          : tally_buffer_append(ret_csr_der, der + sizeof der - len, (size_t)len);
    }
    mbedtls_x509write_csr_free(&writer);
    mbedtls_pk_free(&key);
    return status;
}

/* The signature over the request's body, which mbedTLS parses but does not check. */
static enum tally_status check_csr_signature(mbedtls_x509_csr *csr)
{
    static const char ecdsa_sha256[] = MBEDTLS_OID_ECDSA_SHA256;
    if (csr->sig_oid.len != sizeof ecdsa_sha256 - 1 ||
        memcmp(csr->sig_oid.p, ecdsa_sha256, csr->sig_oid.len) != 0 || !crypto_is_p256(&csr->pk)) {
        return TALLY_E_INVALID;
    }
    unsigned char *at = csr->cri.p + csr->cri.len;
    const unsigned char *end = csr->raw.p + csr->raw.len;
    mbedtls_asn1_buf algorithm, parameters;
    size_t len = 0;
    if (mbedtls_asn1_get_alg(&at, end, &algorithm, &parameters) != 0 ||
        mbedtls_asn1_get_bitstring_null(&at, end, &len) != 0 || len != (size_t)(end - at)) {
        return TALLY_E_INVALID;
    }
    uint8_t hash[TALLY_HASH_LEN];
    const struct tally_slice body = {csr->cri.p, csr->cri.len};
    TALLY_TRY(tally_sha256(&body, 1, hash));
    return mbedtls_pk_verify(&csr->pk, MBEDTLS_MD_SHA256, hash, sizeof hash, at, len) == 0
               ? TALLY_OK
               : TALLY_E_SIGNATURE;
}

enum tally_status tally_cert_issue_csr(const struct tally_cert_request *request,
                                       struct tally_slice csr_der,
                                       struct tally_slice issuer_key_pem,
                                       struct tally_slice issuer_cert_der,
                                       struct tally_buffer *ret_cert_der)
{
    mbedtls_x509_csr csr;
    mbedtls_pk_context issuer;
    mbedtls_x509_csr_init(&csr);
    mbedtls_pk_init(&issuer);
    enum tally_status status = TALLY_E_INVALID;
    if (csr_der.len > 0 && csr_der.len <= CERT_LEN_MAX &&
        mbedtls_x509_csr_parse_der(&csr, csr_der.data, csr_der.len) == 0) {
        status = check_csr_signature(&csr);
    }
    if (status == TALLY_OK) {
        status = crypto_parse_key(issuer_key_pem, &issuer);
    }
    if (status == TALLY_OK) {
        status = issue(request, &csr.pk, &issuer, issuer_cert_der, ret_cert_der);
    }
    mbedtls_pk_free(&issuer);
    mbedtls_x509_csr_free(&csr);
    return status;
}
