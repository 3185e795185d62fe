/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the certificates, good and odd, that the tests of sync show each other. */
#include "tests/unit/sync/house.h"

#include "app/crypto/internal.h"

#include <mbedtls/asn1write.h>
#include <mbedtls/oid.h>

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <cmocka.h>

static const int64_t day_ms = INT64_C(86400000);

void paper_free(struct paper *paper)
{
    tally_buffer_wipe(&paper->key);
    tally_buffer_free(&paper->cert);
}

void paper_issue(struct paper *ret_paper, enum tally_cert_use use, const char *name,
                 enum paper_time when, const struct paper *issuer)
{
    const struct tally_slice none = {0};
    int64_t now = (int64_t)time(NULL) * 1000;
    struct tally_cert_request request = {
        .use = use, .name = name, .not_before_ms = now - day_ms, .not_after_ms = now + day_ms};
    if (when == PAPER_EXPIRED) {
        request.not_before_ms = now - 3 * day_ms;
        request.not_after_ms = now - 2 * day_ms;
    } else if (when == PAPER_FUTURE) {
        request.not_before_ms = now + 2 * day_ms;
        request.not_after_ms = now + 3 * day_ms;
    }
    assert_int_equal(tally_random(request.serial, 16), TALLY_OK);
    request.serial[0] = 0x11;
    *ret_paper = (struct paper){0};
    assert_int_equal(tally_key_generate(&ret_paper->key), TALLY_OK);
    assert_int_equal(tally_cert_issue(&request, tally_buffer_slice(&ret_paper->key),
                                      issuer != NULL ? tally_buffer_slice(&issuer->key) : none,
                                      issuer != NULL ? tally_buffer_slice(&issuer->cert) : none,
                                      &ret_paper->cert),
                     TALLY_OK);
}

static size_t put_name(unsigned char **at, unsigned char *start, const char *name, int tag)
{
    int len = mbedtls_asn1_write_raw_buffer(at, start, (const unsigned char *)name, strlen(name));
    len += mbedtls_asn1_write_len(at, start, strlen(name));
    len += mbedtls_asn1_write_tag(at, start, (unsigned char)(MBEDTLS_ASN1_CONTEXT_SPECIFIC | tag));
    return (size_t)len;
}

static void set_list(mbedtls_x509write_cert *writer, const char *oid, size_t oid_len,
                     unsigned char *start, unsigned char *at, size_t len)
{
    if (len == 0) {
        return;
    }
    len += (size_t)mbedtls_asn1_write_len(&at, start, len);
    len += (size_t)mbedtls_asn1_write_tag(&at, start,
                                          MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
    assert_int_equal(mbedtls_x509write_crt_set_extension(writer, oid, oid_len, 0, at, len), 0);
}

static void set_odd_extensions(mbedtls_x509write_cert *writer, const struct odd *odd)
{
    static const char server_auth[] = MBEDTLS_OID_SERVER_AUTH;
    static const char client_auth[] = MBEDTLS_OID_CLIENT_AUTH;
    unsigned char bytes[500], *at = bytes + sizeof bytes;
    size_t len = 0;
    if (!odd->no_constraints) {
        assert_int_equal(mbedtls_x509write_crt_set_basic_constraints(writer, odd->ca,
                                                                     odd->ca ? odd->path_len : -1),
                         0);
    }
    if (odd->key_usage != 0) {
        assert_int_equal(mbedtls_x509write_crt_set_key_usage(writer, odd->key_usage), 0);
    }
    if (odd->client_auth) {
        len += (size_t)mbedtls_asn1_write_oid(&at, bytes, client_auth, sizeof client_auth - 1);
    }
    if (odd->server_auth) {
        len += (size_t)mbedtls_asn1_write_oid(&at, bytes, server_auth, sizeof server_auth - 1);
    }
    set_list(writer, MBEDTLS_OID_EXTENDED_KEY_USAGE,
             MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), bytes, at, len);
    at = bytes + sizeof bytes;
    len = 0;
    if (odd->dns != NULL) {
        len += put_name(&at, bytes, odd->dns, 2);
    }
    for (size_t i = 0; i < 2 && odd->uris[i] != NULL; i++) {
        len += put_name(&at, bytes, odd->uris[i], 6);
    }
    set_list(writer, MBEDTLS_OID_SUBJECT_ALT_NAME, MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME),
             bytes, at, len);
}

void paper_issue_odd(struct paper *ret_paper, const struct odd *odd, const struct paper *issuer)
{
    static const uint8_t serial[16] = {0x22, 1};
    unsigned char der[2000];
    char dn[200];
    mbedtls_x509write_cert writer;
    mbedtls_pk_context key, issuer_key;
    mbedtls_x509_crt issuer_cert;
    *ret_paper = (struct paper){0};
    assert_int_equal(tally_key_generate(&ret_paper->key), TALLY_OK);
    mbedtls_x509write_crt_init(&writer);
    mbedtls_pk_init(&key);
    mbedtls_pk_init(&issuer_key);
    mbedtls_x509_crt_init(&issuer_cert);
    assert_int_equal(crypto_parse_key(tally_buffer_slice(&ret_paper->key), &key), TALLY_OK);
    assert_int_equal(crypto_parse_key(tally_buffer_slice(&issuer->key), &issuer_key), TALLY_OK);
    assert_int_equal(mbedtls_x509_crt_parse_der(&issuer_cert, issuer->cert.data, issuer->cert.len),
                     0);
    assert_true(mbedtls_x509_dn_gets(dn, sizeof dn, &issuer_cert.subject) > 0);
    mbedtls_x509write_crt_set_version(&writer, odd->version_1 ? MBEDTLS_X509_CRT_VERSION_1
                                                              : MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writer, odd->sha1 ? MBEDTLS_MD_SHA1 : MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&writer, &key);
    mbedtls_x509write_crt_set_issuer_key(&writer, &issuer_key);
    assert_int_equal(compat_set_serial(&writer, serial), 0);
    assert_int_equal(
        mbedtls_x509write_crt_set_subject_name(&writer, odd->ca ? "CN=odd CA" : "CN=hq.example"),
        0);
    assert_int_equal(mbedtls_x509write_crt_set_issuer_name(&writer, dn), 0);
    assert_int_equal(
        mbedtls_x509write_crt_set_validity(&writer, "20200101000000", "20490101000000"), 0);
    if (!odd->version_1) {
        set_odd_extensions(&writer, odd);
    }
    int len = mbedtls_x509write_crt_der(&writer, der, sizeof der, crypto_rng, NULL);
    assert_true(len > 0);
    assert_int_equal(tally_buffer_append(&ret_paper->cert, der + sizeof der - len, (size_t)len),
                     TALLY_OK);
    mbedtls_x509write_crt_free(&writer);
    mbedtls_pk_free(&key);
    mbedtls_pk_free(&issuer_key);
    mbedtls_x509_crt_free(&issuer_cert);
}

void house_open(struct house *house, const char *hq_names)
{
    *house = (struct house){0};
    paper_issue(&house->root, TALLY_CERT_CA, "Example HQ root", PAPER_VALID, NULL);
    paper_issue(&house->hq, TALLY_CERT_HQ, hq_names, PAPER_VALID, &house->root);
    paper_issue(&house->terminal, TALLY_CERT_TERMINAL, "tally:terminal:7", PAPER_VALID,
                &house->root);
    const struct tally_slice der = tally_buffer_slice(&house->root.cert);
    assert_int_equal(tally_sha256(&der, 1, house->root_pin), TALLY_OK);
}

void house_close(struct house *house)
{
    paper_free(&house->root);
    paper_free(&house->hq);
    paper_free(&house->terminal);
}

struct sync_identity house_identity(const struct house *house, const struct paper *paper)
{
    return (struct sync_identity){.key_pem = tally_buffer_slice(&paper->key),
                                  .cert_der = tally_buffer_slice(&paper->cert),
                                  .trusted_root_der = tally_buffer_slice(&house->root.cert)};
}

struct sync_identity house_hq(const struct house *house, const struct tally_slice issuers[1])
{
    struct sync_identity identity = house_identity(house, &house->hq);
    identity.issuers_der = issuers;
    identity.issuer_count = 1;
    return identity;
}
