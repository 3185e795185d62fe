/* SPDX-License-Identifier: Apache-2.0 */
/* Reads certificates: pin, validity, and the extensions that decide what a key may do. */
#include "app/crypto/internal.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>

#include <arpa/inet.h>
#include <strings.h>

static enum tally_status parse(struct tally_slice cert_der, mbedtls_x509_crt *cert)
{
    if (cert_der.len == 0 || mbedtls_x509_crt_parse_der(cert, cert_der.data, cert_der.len) != 0) {
        return TALLY_E_INVALID;
    }
    return TALLY_OK;
}

enum tally_status tally_cert_pin(struct tally_slice cert_der, uint8_t ret_pin[TALLY_HASH_LEN])
{
    mbedtls_x509_crt cert;
    mbedtls_x509_crt_init(&cert);
    enum tally_status status = parse(cert_der, &cert);
    if (status == TALLY_OK) {
        const struct tally_slice spki = {cert.pk_raw.p, cert.pk_raw.len};
        status = tally_sha256(&spki, 1, ret_pin);
    }
    mbedtls_x509_crt_free(&cert);
    return status;
}

static int64_t time_ms(const mbedtls_x509_time *time)
{
    int64_t day = tally_day_from_date(time->year, time->mon, time->day);
    return ((day * 24 + time->hour) * 60 + time->min) * 60000 + (int64_t)time->sec * 1000;
}

enum tally_status tally_cert_validity(struct tally_slice cert_der, int64_t *ret_not_before_ms,
                                      int64_t *ret_not_after_ms)
{
    mbedtls_x509_crt cert;
    mbedtls_x509_crt_init(&cert);
    enum tally_status status = parse(cert_der, &cert);
    if (status == TALLY_OK) {
        *ret_not_before_ms = time_ms(&cert.valid_from);
        *ret_not_after_ms = time_ms(&cert.valid_to);
    }
    mbedtls_x509_crt_free(&cert);
    return status;
}

/* ------------------------------------------------------------------ extensions */

/* Bytes of DER still to be read; mbedTLS wants a writable pointer and writes nothing. */
struct der {
    unsigned char *at;
    const unsigned char *end;
};

static bool take(struct der *from, int tag, struct der *ret_inside)
{
    size_t len = 0;
    if (mbedtls_asn1_get_tag(&from->at, from->end, &len, tag) != 0) {
        return false;
    }
    *ret_inside = (struct der){from->at, from->at + len};
    from->at += len;
    return true;
}

static bool take_sequence(struct der *from, struct der *ret_inside)
{
    return take(from, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE, ret_inside);
}

static bool at_end(const struct der *der)
{
    return der->at == der->end;
}

static bool is_oid(const struct der *oid, const char *wanted, size_t wanted_len)
{
    return (size_t)(oid->end - oid->at) == wanted_len && memcmp(oid->at, wanted, wanted_len) == 0;
}

#define IS_OID(der, oid) is_oid(der, oid, sizeof(oid) - 1)

static bool read_basic_constraints(struct der value, struct crypto_extensions *out)
{
    struct der inside;
    int ca = 0, path_len = 0;
    if (out->has_basic_constraints || !take_sequence(&value, &inside) || !at_end(&value)) {
        return false;
    }
    out->has_basic_constraints = true;
    if (!at_end(&inside) && *inside.at == MBEDTLS_ASN1_BOOLEAN &&
        mbedtls_asn1_get_bool(&inside.at, inside.end, &ca) != 0) {
        return false;
    }
    out->ca = ca != 0;
    return at_end(&inside) ||
           (mbedtls_asn1_get_int(&inside.at, inside.end, &path_len) == 0 && at_end(&inside));
}

static bool read_key_usage(struct der value, struct crypto_extensions *out)
{
    struct der bits;
    if (out->has_key_usage || !take(&value, MBEDTLS_ASN1_BIT_STRING, &bits) || !at_end(&value) ||
        bits.end - bits.at < 2 || bits.end - bits.at > 3) {
        return false;
    }
    out->has_key_usage = true;
    out->key_usage = bits.at[1]; /* at[0] counts the unused bits */
    if (bits.end - bits.at == 3) {
        out->key_usage = (uint16_t)(out->key_usage | bits.at[2] << 8);
    }
    return true;
}

static bool read_ext_key_usage(struct der value, struct crypto_extensions *out)
{
    struct der inside, oid;
    if (out->ext_key_usage_count > 0 || !take_sequence(&value, &inside) || !at_end(&value) ||
        at_end(&inside)) {
        return false;
    }
    while (!at_end(&inside)) {
        if (!take(&inside, MBEDTLS_ASN1_OID, &oid)) {
            return false;
        }
        out->ext_key_usage_count++;
        out->server_auth = out->server_auth || IS_OID(&oid, MBEDTLS_OID_SERVER_AUTH);
        out->client_auth = out->client_auth || IS_OID(&oid, MBEDTLS_OID_CLIENT_AUTH);
    }
    return true;
}

static bool read_alternative_names(struct der value, struct crypto_extensions *out)
{
    struct der inside, name;
    if (out->san_count > 0 || !take_sequence(&value, &inside) || !at_end(&value) ||
        at_end(&inside)) {
        return false;
    }
    while (!at_end(&inside)) {
        int tag = *inside.at;
        if ((tag & 0xc0) != MBEDTLS_ASN1_CONTEXT_SPECIFIC || out->san_count == CRYPTO_SAN_MAX ||
            !take(&inside, tag, &name)) {
            return false;
        }
        out->sans[out->san_count++] =
            (struct crypto_san){(uint8_t)(tag & 0x1f), {name.at, (size_t)(name.end - name.at)}};
    }
    return true;
}

static bool read_extension(struct der extension, struct crypto_extensions *out)
{
    struct der oid, value;
    int critical = 0;
    if (!take(&extension, MBEDTLS_ASN1_OID, &oid)) {
        return false;
    }
    if (!at_end(&extension) && *extension.at == MBEDTLS_ASN1_BOOLEAN &&
        mbedtls_asn1_get_bool(&extension.at, extension.end, &critical) != 0) {
        return false;
    }
    if (!take(&extension, MBEDTLS_ASN1_OCTET_STRING, &value) || !at_end(&extension)) {
        return false;
    }
    if (IS_OID(&oid, MBEDTLS_OID_BASIC_CONSTRAINTS)) {
        return read_basic_constraints(value, out);
    }
    if (IS_OID(&oid, MBEDTLS_OID_KEY_USAGE)) {
        return read_key_usage(value, out);
    }
    if (IS_OID(&oid, MBEDTLS_OID_EXTENDED_KEY_USAGE)) {
        return read_ext_key_usage(value, out);
    }
    if (IS_OID(&oid, MBEDTLS_OID_SUBJECT_ALT_NAME)) {
        return read_alternative_names(value, out);
    }
    return true; /* mbedTLS refuses a critical one that it doesn't know when it parses */
}

enum tally_status crypto_read_extensions(const mbedtls_x509_crt *cert,
                                         struct crypto_extensions *ret_extensions)
{
    struct crypto_extensions out;
    memset(&out, 0, sizeof out);
    if (cert->v3_ext.len > 0) {
        struct der all = {cert->v3_ext.p, cert->v3_ext.p + cert->v3_ext.len};
        struct der list, extension;
        if (!take_sequence(&all, &list) || !at_end(&all)) {
            return TALLY_E_INVALID;
        }
        while (!at_end(&list)) {
            if (!take_sequence(&list, &extension) || !read_extension(extension, &out)) {
                return TALLY_E_INVALID;
            }
        }
    }
    *ret_extensions = out;
    return TALLY_OK;
}

bool crypto_name_matches(const struct crypto_extensions *extensions, const char *name)
{
    unsigned char address[16];
    size_t address_len = inet_pton(AF_INET, name, address) == 1    ? 4
                         : inet_pton(AF_INET6, name, address) == 1 ? 16
                                                                   : 0;
    size_t name_len = strlen(name);
    for (size_t i = 0; i < extensions->san_count; i++) {
        const struct crypto_san *san = &extensions->sans[i];
        if (address_len > 0) {
            if (san->tag == 7 && san->value.len == address_len &&
                memcmp(san->value.data, address, address_len) == 0) {
                return true;
            }
        } else if (san->tag == 2 && san->value.len == name_len &&
                   strncasecmp((const char *)san->value.data, name, name_len) == 0) {
            return true;
        }
    }
    return false;
}
