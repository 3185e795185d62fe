/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and requests: what is in them, what openssl says about them, what is refused. */
#include "app/crypto/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static const struct tally_slice none;
static const int64_t jan_2026 = INT64_C(1767225600000);
static const int64_t jan_2050 = INT64_C(2524608000000);

static struct tally_slice text(const char *string)
{
    return (struct tally_slice){(const uint8_t *)string, strlen(string)};
}

static struct tally_cert_request a_request(enum tally_cert_use use, const char *name)
{
    struct tally_cert_request request = {
        .use = use, .name = name, .not_before_ms = jan_2026, .not_after_ms = jan_2050};
    assert_int_equal(tally_random(request.serial, 16), TALLY_OK);
    request.serial[0] = (uint8_t)((request.serial[0] & 0x3f) | 0x40);
    return request;
}

struct house {
    struct tally_buffer ca_key, ca, hq_key, hq, terminal_key, csr, terminal;
};

static struct house *make_house(void)
{
    struct house *house = calloc(1, sizeof *house);
    struct tally_cert_request ca = a_request(TALLY_CERT_CA, "Example HQ root");
    struct tally_cert_request hq = a_request(TALLY_CERT_HQ, "hq.example,10.0.0.7,2001:db8::7");
    struct tally_cert_request terminal = a_request(TALLY_CERT_TERMINAL, "tally:terminal:7");
    assert_int_equal(tally_key_generate(&house->ca_key), TALLY_OK);
    assert_int_equal(tally_key_generate(&house->hq_key), TALLY_OK);
    assert_int_equal(tally_key_generate(&house->terminal_key), TALLY_OK);
    assert_int_equal(
        tally_cert_issue(&ca, tally_buffer_slice(&house->ca_key), none, none, &house->ca),
        TALLY_OK);
    assert_int_equal(tally_cert_issue(&hq, tally_buffer_slice(&house->hq_key),
                                      tally_buffer_slice(&house->ca_key),
                                      tally_buffer_slice(&house->ca), &house->hq),
                     TALLY_OK);
    assert_int_equal(
        tally_csr_make(tally_buffer_slice(&house->terminal_key), "till 3", &house->csr), TALLY_OK);
    assert_int_equal(tally_cert_issue_csr(&terminal, tally_buffer_slice(&house->csr),
                                          tally_buffer_slice(&house->ca_key),
                                          tally_buffer_slice(&house->ca), &house->terminal),
                     TALLY_OK);
    return house;
}

static int set_up(void **state)
{
    if (tally_crypto_start() != TALLY_OK) {
        return -1;
    }
    *state = make_house();
    return 0;
}

static int tear_down(void **state)
{
    struct house *house = *state;
    tally_buffer_wipe(&house->ca_key);
    tally_buffer_free(&house->ca);
    tally_buffer_wipe(&house->hq_key);
    tally_buffer_free(&house->hq);
    tally_buffer_wipe(&house->terminal_key);
    tally_buffer_free(&house->csr);
    tally_buffer_free(&house->terminal);
    free(house);
    return 0;
}

static struct crypto_extensions extensions_of(const struct tally_buffer *der,
                                              mbedtls_x509_crt *cert)
{
    struct crypto_extensions extensions;
    mbedtls_x509_crt_init(cert);
    assert_int_equal(mbedtls_x509_crt_parse_der(cert, der->data, der->len), 0);
    assert_int_equal(crypto_read_extensions(cert, &extensions), TALLY_OK);
    return extensions;
}

static void a_root_may_sign_certificates_and_nothing_else(void **state)
{
    const struct house *house = *state;
    mbedtls_x509_crt cert;
    const struct crypto_extensions have = extensions_of(&house->ca, &cert);
    assert_int_equal(cert.version, 3);
    assert_true(have.has_basic_constraints && have.ca);
    assert_int_equal(have.key_usage, 0x04);
    assert_int_equal(have.ext_key_usage_count, 0);
    mbedtls_x509_crt_free(&cert);
}

static void hqs_certificate_is_for_a_server_of_exactly_these_names(void **state)
{
    const struct house *house = *state;
    mbedtls_x509_crt cert;
    const struct crypto_extensions have = extensions_of(&house->hq, &cert);
    assert_int_equal(cert.version, 3);
    assert_int_equal(cert.serial.len, 16);
    assert_true(have.has_basic_constraints && !have.ca);
    assert_int_equal(have.key_usage, 0x80);
    assert_int_equal(have.ext_key_usage_count, 1);
    assert_true(have.server_auth && !have.client_auth);
    assert_int_equal(have.san_count, 3);
    assert_true(crypto_name_matches(&have, "hq.example"));
    assert_true(crypto_name_matches(&have, "HQ.Example"));
    assert_true(crypto_name_matches(&have, "10.0.0.7"));
    assert_true(crypto_name_matches(&have, "2001:db8:0::7"));
    assert_false(crypto_name_matches(&have, "hq.example.com"));
    assert_false(crypto_name_matches(&have, "q.example"));
    assert_false(crypto_name_matches(&have, "10.0.0.8"));
    assert_false(crypto_name_matches(&have, ""));
    mbedtls_x509_crt_free(&cert);
}

static void a_terminals_certificate_is_for_a_client_with_one_uri(void **state)
{
    const struct house *house = *state;
    mbedtls_x509_crt cert;
    const struct crypto_extensions have = extensions_of(&house->terminal, &cert);
    assert_int_equal(cert.version, 3);
    assert_true(have.has_basic_constraints && !have.ca);
    assert_int_equal(have.key_usage, 0x80);
    assert_int_equal(have.ext_key_usage_count, 1);
    assert_true(have.client_auth && !have.server_auth);
    assert_int_equal(have.san_count, 1);
    assert_int_equal(have.sans[0].tag, 6);
    assert_int_equal(have.sans[0].value.len, strlen("tally:terminal:7"));
    assert_memory_equal(have.sans[0].value.data, "tally:terminal:7", 16);
    mbedtls_x509_crt_free(&cert);
}

static void validity_and_pin_are_what_was_asked_for(void **state)
{
    const struct house *house = *state;
    int64_t from = 0, to = 0;
    uint8_t pin[32], want[32];
    struct tally_buffer spki = {0};
    assert_int_equal(tally_cert_validity(tally_buffer_slice(&house->terminal), &from, &to),
                     TALLY_OK);
    assert_int_equal(from, jan_2026);
    assert_int_equal(to, jan_2050); /* GeneralizedTime from 2050 on */
    assert_int_equal(tally_cert_pin(tally_buffer_slice(&house->terminal), pin), TALLY_OK);
    assert_int_equal(tally_key_public(tally_buffer_slice(&house->terminal_key), &spki), TALLY_OK);
    const struct tally_slice slice = tally_buffer_slice(&spki);
    assert_int_equal(tally_sha256(&slice, 1, want), TALLY_OK);
    assert_memory_equal(pin, want, 32);
    tally_buffer_free(&spki);
    assert_int_equal(tally_cert_pin(text("garbage"), pin), TALLY_E_INVALID);
    assert_int_equal(tally_cert_validity(none, &from, &to), TALLY_E_INVALID);
}

static void a_request_that_was_changed_anywhere_gets_no_certificate(void **state)
{
    const struct house *house = *state;
    const struct tally_cert_request request = a_request(TALLY_CERT_TERMINAL, "tally:terminal:9");
    struct tally_buffer csr = {0}, cert = {0};
    assert_int_equal(tally_buffer_append(&csr, house->csr.data, house->csr.len), TALLY_OK);
    for (size_t i = 0; i < csr.len; i++) {
        csr.data[i] ^= 1;
        enum tally_status status = tally_cert_issue_csr(&request, tally_buffer_slice(&csr),
                                                        tally_buffer_slice(&house->ca_key),
                                                        tally_buffer_slice(&house->ca), &cert);
        assert_true(status == TALLY_E_SIGNATURE || status == TALLY_E_INVALID);
        csr.data[i] ^= 1;
    }
    for (size_t len = 0; len < csr.len; len++) {
        assert_int_equal(tally_cert_issue_csr(&request, (struct tally_slice){csr.data, len},
                                              tally_buffer_slice(&house->ca_key),
                                              tally_buffer_slice(&house->ca), &cert),
                         TALLY_E_INVALID);
    }
    assert_int_equal(cert.len, 0);
    tally_buffer_free(&csr);
}

static void a_serial_that_is_negative_or_short_and_a_name_with_syntax_are_refused(void **state)
{
    const struct house *house = *state;
    const struct tally_slice key = tally_buffer_slice(&house->ca_key);
    struct tally_buffer cert = {0};
    struct tally_cert_request request = a_request(TALLY_CERT_CA, "root");
    request.serial[0] = 0x80;
    assert_int_equal(tally_cert_issue(&request, key, none, none, &cert), TALLY_E_INVALID);
    request.serial[0] = 0;
    assert_int_equal(tally_cert_issue(&request, key, none, none, &cert), TALLY_E_INVALID);
    request = a_request(TALLY_CERT_CA, "root+O=x");
    assert_int_equal(tally_cert_issue(&request, key, none, none, &cert), TALLY_E_INVALID);
    request = a_request(TALLY_CERT_CA, "");
    assert_int_equal(tally_cert_issue(&request, key, none, none, &cert), TALLY_E_INVALID);
    request = a_request(TALLY_CERT_HQ, "hq.example,,b");
    assert_int_equal(tally_cert_issue(&request, key, none, none, &cert), TALLY_E_INVALID);
    request = a_request(TALLY_CERT_HQ, "hq example");
    assert_int_equal(tally_cert_issue(&request, key, none, none, &cert), TALLY_E_INVALID);
    request = a_request(TALLY_CERT_CA, "root");
    request.not_after_ms = request.not_before_ms;
    assert_int_equal(tally_cert_issue(&request, key, none, none, &cert), TALLY_E_INVALID);
    assert_int_equal(cert.len, 0);
}

/* ------------------------------------------------------------------ a second opinion: openssl */

static void write_file(const char *dir, const char *name, struct tally_slice bytes)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static int run(const char *dir, const char *command, char *ret_output, size_t cap)
{
    char line[1000];
    snprintf(line, sizeof line, "cd %s && { %s; } 2>&1", dir, command);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    size_t len = fread(ret_output, 1, cap - 1, pipe);
    ret_output[len] = '\0';
    return pclose(pipe);
}

static void openssl_accepts_the_chains_and_reads_what_we_meant(void **state)
{
    const struct house *house = *state;
    static char output[20000];
    char dir[] = "/tmp/tally-cert-XXXXXX";
    assert_non_null(mkdtemp(dir));
    if (run(dir, "command -v openssl", output, sizeof output) != 0) {
        rmdir(dir);
        print_message("openssl is not installed\n");
        skip();
    }
    write_file(dir, "ca.der", tally_buffer_slice(&house->ca));
    write_file(dir, "hq.der", tally_buffer_slice(&house->hq));
    write_file(dir, "t.der", tally_buffer_slice(&house->terminal));
    write_file(dir, "t.csr", tally_buffer_slice(&house->csr));
    struct tally_slice key = tally_buffer_slice(&house->terminal_key);
    key.len--; /* the NUL */
    write_file(dir, "t.key", key);
    const int failed =
        run(dir,
            "for n in ca hq t; do openssl x509 -inform DER -in $n.der -out $n.pem || exit 1; done;"
            " openssl verify -x509_strict -CAfile ca.pem -purpose sslserver"
            " -verify_hostname hq.example hq.pem &&"
            " openssl verify -x509_strict -CAfile ca.pem -purpose sslserver -verify_ip 10.0.0.7"
            " hq.pem && openssl verify -x509_strict -CAfile ca.pem -purpose sslclient t.pem &&"
            " ! openssl verify -CAfile ca.pem -purpose sslserver t.pem &&"
            " ! openssl verify -CAfile ca.pem -purpose sslclient hq.pem &&"
            " openssl req -inform DER -in t.csr -verify -noout && openssl pkey -in t.key -noout &&"
            " openssl x509 -in t.pem -noout -text && openssl x509 -in ca.pem -noout -text",
            output, sizeof output);
    char ignored[100];
    run(dir, "rm -f *.der *.pem t.csr t.key", ignored, sizeof ignored);
    rmdir(dir);
    if (failed != 0) {
        print_error("%s\n", output);
    }
    assert_int_equal(failed, 0);
    assert_non_null(strstr(output, "URI:tally:terminal:7"));
    assert_non_null(strstr(output, "ecdsa-with-SHA256"));
    assert_non_null(strstr(output, "X509v3 Basic Constraints: critical"));
    assert_non_null(strstr(output, "X509v3 Key Usage: critical"));
    assert_non_null(strstr(output, "CA:TRUE, pathlen:0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_may_sign_certificates_and_nothing_else),
        cmocka_unit_test(hqs_certificate_is_for_a_server_of_exactly_these_names),
        cmocka_unit_test(a_terminals_certificate_is_for_a_client_with_one_uri),
        cmocka_unit_test(validity_and_pin_are_what_was_asked_for),
        cmocka_unit_test(a_request_that_was_changed_anywhere_gets_no_certificate),
        cmocka_unit_test(a_serial_that_is_negative_or_short_and_a_name_with_syntax_are_refused),
        cmocka_unit_test(openssl_accepts_the_chains_and_reads_what_we_meant),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
