/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes in memory: who gets in, and who is refused with which word. */
#include "app/sync/tls.h"
#include "tests/unit/sync/house.h"

#include <mbedtls/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct house house;

static int set_up(void **state)
{
    (void)state;
    if (tally_crypto_start() != TALLY_OK) {
        return -1;
    }
    house_open(&house, "hq.example,127.0.0.1");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    house_close(&house);
    return 0;
}

/* ------------------------------------------------------------------ two ends of a wire */

struct end {
    struct sync_tls_config *config;
    struct sync_tls *tls;
    struct tally_buffer plain;
    enum tally_status status;
};

struct wire {
    struct end client, server;
    size_t step; /* bytes handed over at a time */
};

static void open_end(struct end *end, const struct sync_identity *identity, enum sync_tls_side side,
                     bool client_certificate, const char *name)
{
    *end = (struct end){0};
    assert_int_equal(sync_tls_config_open(identity, side, client_certificate, &end->config),
                     TALLY_OK);
    assert_int_equal(sync_tls_open(end->config, name, &end->tls), TALLY_OK);
}

static void close_end(struct end *end)
{
    sync_tls_close(end->tls);
    sync_tls_config_close(end->config);
    tally_buffer_free(&end->plain);
}

static void close_wire(struct wire *wire)
{
    close_end(&wire->client);
    close_end(&wire->server);
}

/* Carries everything that waits from one end to the other. Whether there was any. */
static bool carry(struct end *from, struct end *to, size_t step)
{
    struct tally_buffer *output = sync_tls_output(from->tls);
    bool any = output->len > 0;
    while (output->len > 0) {
        size_t len = step > 0 && step < output->len ? step : output->len;
        if (to->status == TALLY_OK) {
            to->status =
                sync_tls_feed(to->tls, (struct tally_slice){output->data, len}, &to->plain);
        }
        tally_buffer_consume(output, len);
    }
    return any;
}

static void run(struct wire *wire)
{
    if (!sync_tls_is_up(wire->client.tls) && wire->client.status == TALLY_OK) {
        wire->client.status =
            sync_tls_feed(wire->client.tls, (struct tally_slice){0}, &wire->client.plain);
    }
    bool any = true;
    while (any) {
        any = carry(&wire->client, &wire->server, wire->step);
        any = carry(&wire->server, &wire->client, wire->step) || any;
    }
}

static struct sync_identity hq_identity(void)
{
    static struct tally_slice issuers[1];
    issuers[0] = tally_buffer_slice(&house.root.cert);
    return house_hq(&house, issuers);
}

/* A terminal with `paper` calls HQ by `name`. */
static struct wire shake(const struct paper *paper, const char *name)
{
    struct wire wire = {0};
    const struct sync_identity hq = hq_identity(), terminal = house_identity(&house, paper);
    open_end(&wire.server, &hq, SYNC_TLS_SERVER, true, NULL);
    open_end(&wire.client, &terminal, SYNC_TLS_CLIENT, true, name);
    run(&wire);
    return wire;
}

static void expect_client_refused(const struct paper *paper, enum tally_status status,
                                  const char *detail)
{
    struct wire wire = shake(paper, "hq.example");
    if (wire.server.status != status) {
        print_error("%s\n", sync_tls_detail(wire.server.tls));
    }
    assert_int_equal(wire.server.status, status);
    assert_false(sync_tls_is_up(wire.server.tls));
    if (detail != NULL) {
        assert_string_equal(sync_tls_detail(wire.server.tls), detail);
    }
    if (wire.client.status != TALLY_E_REVOKED) {
        print_error("%s\n", sync_tls_detail(wire.client.tls));
    }
    assert_int_equal(wire.client.status, TALLY_E_REVOKED); /* and it is told */
    close_wire(&wire);
}

static void expect_hq_refused(const struct paper *paper, const char *name, enum tally_status status)
{
    struct wire wire = {0};
    const struct sync_identity hq = house_identity(&house, paper);
    const struct sync_identity terminal = house_identity(&house, &house.terminal);
    open_end(&wire.server, &hq, SYNC_TLS_SERVER, true, NULL);
    open_end(&wire.client, &terminal, SYNC_TLS_CLIENT, true, name);
    run(&wire);
    if (wire.client.status != status) {
        print_error("%s\n", sync_tls_detail(wire.client.tls));
    }
    assert_int_equal(wire.client.status, status);
    assert_false(sync_tls_is_up(wire.client.tls));
    assert_false(sync_tls_is_up(wire.server.tls));
    assert_int_equal(wire.server.plain.len, 0);
    close_wire(&wire);
}

/* mbedTLS's server does not even show a certificate that is not a server's, so that the client
 * hears only that the handshake failed. */
static void expect_either(enum tally_status status)
{
    assert_true(status == TALLY_E_PEER_UNTRUSTED || status == TALLY_E_PROTOCOL);
}

static void expect_not_a_server(const struct paper *paper)
{
    struct wire wire = {0};
    const struct sync_identity hq = house_identity(&house, paper);
    const struct sync_identity terminal = house_identity(&house, &house.terminal);
    open_end(&wire.server, &hq, SYNC_TLS_SERVER, true, NULL);
    open_end(&wire.client, &terminal, SYNC_TLS_CLIENT, true, "hq.example");
    run(&wire);
    expect_either(wire.client.status);
    assert_false(sync_tls_is_up(wire.client.tls));
    close_wire(&wire);
}

/* ------------------------------------------------------------------ let in */

static void a_terminal_and_hq_know_each_other_and_speak_both_ways(void **state)
{
    (void)state;
    uint8_t pin[TALLY_HASH_LEN];
    struct wire wire = shake(&house.terminal, "hq.example");
    assert_int_equal(wire.client.status, TALLY_OK);
    assert_int_equal(wire.server.status, TALLY_OK);
    assert_true(sync_tls_is_up(wire.client.tls) && sync_tls_is_up(wire.server.tls));
    print_message("%s\n", sync_tls_version(wire.client.tls));
    assert_string_equal(sync_tls_peer(wire.server.tls)->uri, "tally:terminal:7");
    assert_int_equal(tally_cert_pin(tally_buffer_slice(&house.terminal.cert), pin), TALLY_OK);
    assert_memory_equal(sync_tls_peer(wire.server.tls)->pin, pin, sizeof pin);
    assert_int_equal(tally_cert_pin(tally_buffer_slice(&house.hq.cert), pin), TALLY_OK);
    assert_memory_equal(sync_tls_peer(wire.client.tls)->pin, pin, sizeof pin);
    assert_int_equal(sync_tls_peer(wire.client.tls)->chain_count, 2);

    static uint8_t much[100000];
    memset(much, 'x', sizeof much);
    assert_int_equal(sync_tls_write(wire.client.tls, (struct tally_slice){much, sizeof much}),
                     TALLY_OK);
    assert_int_equal(sync_tls_write(wire.server.tls, house_text("hello")), TALLY_OK);
    run(&wire);
    assert_int_equal(wire.server.plain.len, sizeof much);
    assert_memory_equal(wire.server.plain.data, much, sizeof much);
    assert_int_equal(wire.client.plain.len, 5);
    assert_memory_equal(wire.client.plain.data, "hello", 5);
    sync_tls_end(wire.client.tls, false);
    run(&wire);
    assert_int_equal(wire.server.status, TALLY_E_END);
    close_wire(&wire);
}

static void a_handshake_survives_being_handed_over_byte_by_byte(void **state)
{
    (void)state;
    struct wire wire = {.step = 1};
    const struct sync_identity hq = hq_identity(), me = house_identity(&house, &house.terminal);
    open_end(&wire.server, &hq, SYNC_TLS_SERVER, true, NULL);
    open_end(&wire.client, &me, SYNC_TLS_CLIENT, true, "127.0.0.1");
    run(&wire);
    assert_true(sync_tls_is_up(wire.client.tls) && sync_tls_is_up(wire.server.tls));
    close_wire(&wire);
}

static void a_path_through_one_issuer_is_accepted_and_through_two_refused(void **state)
{
    (void)state;
    struct paper root, between, below, leaf, deep_leaf;
    const struct odd ca = {.ca = true, .path_len = 5, .key_usage = MBEDTLS_X509_KU_KEY_CERT_SIGN};
    const struct odd good = {.key_usage = MBEDTLS_X509_KU_DIGITAL_SIGNATURE,
                             .client_auth = true,
                             .uris = {"tally:terminal:8"}};
    paper_issue(&root, TALLY_CERT_CA, "self", PAPER_VALID, NULL);
    paper_issue_odd(&between, &ca, &root); /* the root's path length is 0, so trust this one */
    paper_issue_odd(&below, &ca, &between);
    paper_issue_odd(&leaf, &good, &between);
    paper_issue_odd(&deep_leaf, &good, &below);
    for (int deep = 0; deep < 2; deep++) {
        struct wire wire = {0};
        struct tally_slice issuers[1] = {tally_buffer_slice(&below.cert)};
        const struct sync_identity hq = {.key_pem = tally_buffer_slice(&house.hq.key),
                                         .cert_der = tally_buffer_slice(&house.hq.cert),
                                         .trusted_root_der = tally_buffer_slice(&between.cert)};
        struct sync_identity me = {.key_pem = tally_buffer_slice(deep ? &deep_leaf.key : &leaf.key),
                                   .cert_der =
                                       tally_buffer_slice(deep ? &deep_leaf.cert : &leaf.cert),
                                   .issuers_der = issuers,
                                   .issuer_count = deep ? 1 : 0,
                                   .trusted_root_der = tally_buffer_slice(&house.root.cert)};
        open_end(&wire.server, &hq, SYNC_TLS_SERVER, true, NULL);
        open_end(&wire.client, &me, SYNC_TLS_CLIENT, true, "hq.example");
        run(&wire);
        assert_int_equal(wire.server.status, TALLY_OK);
        assert_true(sync_tls_is_up(wire.server.tls));
        close_wire(&wire);
    }
    /* leaf -> below -> between -> top is one too many */
    struct paper top, mid;
    paper_issue_odd(&top, &ca, &root);
    paper_issue_odd(&mid, &ca, &top);
    paper_free(&below);
    paper_free(&deep_leaf);
    paper_issue_odd(&below, &ca, &mid);
    paper_issue_odd(&deep_leaf, &good, &below);
    struct wire wire = {0};
    struct tally_slice issuers[2] = {tally_buffer_slice(&below.cert),
                                     tally_buffer_slice(&mid.cert)};
    const struct sync_identity hq = {.key_pem = tally_buffer_slice(&house.hq.key),
                                     .cert_der = tally_buffer_slice(&house.hq.cert),
                                     .trusted_root_der = tally_buffer_slice(&top.cert)};
    const struct sync_identity me = {.key_pem = tally_buffer_slice(&deep_leaf.key),
                                     .cert_der = tally_buffer_slice(&deep_leaf.cert),
                                     .issuers_der = issuers,
                                     .issuer_count = 2,
                                     .trusted_root_der = tally_buffer_slice(&house.root.cert)};
    open_end(&wire.server, &hq, SYNC_TLS_SERVER, true, NULL);
    open_end(&wire.client, &me, SYNC_TLS_CLIENT, true, "hq.example");
    run(&wire);
    assert_int_equal(wire.server.status, TALLY_E_PEER_UNTRUSTED);
    close_wire(&wire);
    struct paper *all[] = {&root, &between, &below, &leaf, &deep_leaf, &top, &mid};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        paper_free(all[i]);
    }
}

/* ------------------------------------------------------------------ refused by HQ */

static void a_peer_without_a_certificate_is_refused(void **state)
{
    (void)state;
    struct wire wire = {0};
    const struct sync_identity hq = hq_identity();
    const struct sync_identity nobody = {.trusted_root_der = tally_buffer_slice(&house.root.cert)};
    open_end(&wire.server, &hq, SYNC_TLS_SERVER, true, NULL);
    open_end(&wire.client, &nobody, SYNC_TLS_CLIENT, true, "hq.example");
    run(&wire);
    assert_int_equal(wire.server.status, TALLY_E_PEER_UNTRUSTED);
    assert_false(sync_tls_is_up(wire.server.tls));
    close_wire(&wire);
}

static void certificates_that_are_not_a_terminals_are_refused(void **state)
{
    (void)state;
    struct paper other_root, paper;
    paper_issue(&other_root, TALLY_CERT_CA, "Example HQ root", PAPER_VALID, NULL); /* same name */
    paper_issue(&paper, TALLY_CERT_TERMINAL, "tally:terminal:7", PAPER_VALID, &other_root);
    expect_client_refused(&paper, TALLY_E_PEER_UNTRUSTED, NULL);
    paper_free(&paper);
    paper_free(&other_root);

    paper_issue(&paper, TALLY_CERT_TERMINAL, "tally:terminal:7", PAPER_VALID, NULL);
    expect_client_refused(&paper, TALLY_E_PEER_UNTRUSTED, NULL); /* signed by itself */
    paper_free(&paper);

    expect_client_refused(&house.hq, TALLY_E_PEER_UNTRUSTED,
                          "the extended key usage is not exactly clientAuth");
    expect_client_refused(&house.root, TALLY_E_PEER_UNTRUSTED, NULL);

    paper_issue(&paper, TALLY_CERT_CA, "odd", PAPER_VALID, &house.root);
    expect_client_refused(&paper, TALLY_E_PEER_UNTRUSTED, "the certificate is a CA's");
    paper_free(&paper);
}

static void a_terminals_certificate_out_of_its_time_is_refused_as_expired(void **state)
{
    (void)state;
    struct paper paper;
    paper_issue(&paper, TALLY_CERT_TERMINAL, "tally:terminal:7", PAPER_EXPIRED, &house.root);
    expect_client_refused(&paper, TALLY_E_PEER_EXPIRED, NULL);
    paper_free(&paper);
    paper_issue(&paper, TALLY_CERT_TERMINAL, "tally:terminal:7", PAPER_FUTURE, &house.root);
    expect_client_refused(&paper, TALLY_E_PEER_EXPIRED, NULL);
    paper_free(&paper);
}

#define SIGNS MBEDTLS_X509_KU_DIGITAL_SIGNATURE
#define URI   "tally:terminal:7"

static void a_leaf_that_says_more_or_less_than_a_terminals_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct odd odd;
        const char *detail;
    } cases[] = {
        {{.key_usage = SIGNS, .uris = {URI}}, "the extended key usage is not exactly clientAuth"},
        {{.key_usage = SIGNS, .uris = {URI}, .client_auth = true, .server_auth = true},
         "the extended key usage is not exactly clientAuth"},
        {{.uris = {URI}, .client_auth = true}, "the key usage is not exactly digitalSignature"},
        {{.key_usage = SIGNS | MBEDTLS_X509_KU_KEY_CERT_SIGN, .uris = {URI}, .client_auth = true},
         "the key usage is not exactly digitalSignature"},
        {{.key_usage = SIGNS, .client_auth = true},
         "the subject alternative name is not exactly one URI"},
        {{.key_usage = SIGNS, .client_auth = true, .uris = {URI, "tally:terminal:8"}},
         "the subject alternative name is not exactly one URI"},
        {{.key_usage = SIGNS, .client_auth = true, .uris = {URI}, .dns = "a.example"},
         "the subject alternative name is not exactly one URI"},
        {{.key_usage = SIGNS, .client_auth = true, .dns = "a.example"},
         "the subject alternative name is not exactly one URI"},
        {{.version_1 = true}, "the certificate is not version 3"},
        {{.key_usage = SIGNS, .client_auth = true, .uris = {URI}, .sha1 = true}, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct paper paper;
        paper_issue_odd(&paper, &cases[i].odd, &house.root);
        expect_client_refused(&paper, TALLY_E_PEER_UNTRUSTED, cases[i].detail);
        paper_free(&paper);
    }
}

static void plain_text_and_garbage_are_refused_and_the_next_peer_is_served(void **state)
{
    (void)state;
    const struct sync_identity hq = hq_identity();
    static const struct tally_slice texts[] = {
        {(const uint8_t *)"GET / HTTP/1.1\r\n\r\n", 18},
        {(const uint8_t *)"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24},
        {(const uint8_t *)"\x17\x03\x03\x00\x05zzzzz", 10}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct end server;
        open_end(&server, &hq, SYNC_TLS_SERVER, true, NULL);
        server.status = sync_tls_feed(server.tls, texts[i], &server.plain);
        assert_int_equal(server.status, TALLY_E_PROTOCOL);
        assert_int_equal(sync_tls_feed(server.tls, house_text("more"), &server.plain),
                         TALLY_E_PROTOCOL);
        assert_int_equal(server.plain.len, 0);
        close_end(&server);
    }
    srand(7); /* a fixed seed: the same garbage each time */
    for (int i = 0; i < 300; i++) {
        struct end server;
        uint8_t garbage[600];
        for (size_t at = 0; at < sizeof garbage; at++) {
            garbage[at] = (uint8_t)rand();
        }
        if (i % 2 == 0) {
            memcpy(garbage, "\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03", 11);
        }
        open_end(&server, &hq, SYNC_TLS_SERVER, true, NULL);
        (void)!sync_tls_feed(server.tls, (struct tally_slice){garbage, sizeof garbage},
                             &server.plain);
        assert_false(sync_tls_is_up(server.tls));
        close_end(&server);
    }
    struct wire wire = shake(&house.terminal, "hq.example");
    assert_true(sync_tls_is_up(wire.server.tls));
    close_wire(&wire);
}

static void every_changed_byte_of_the_clients_flight_is_refused(void **state)
{
    (void)state;
    const struct sync_identity hq = hq_identity(), me = house_identity(&house, &house.terminal);
    for (size_t at = 0;; at += 7) {
        struct wire wire = {0};
        open_end(&wire.server, &hq, SYNC_TLS_SERVER, true, NULL);
        open_end(&wire.client, &me, SYNC_TLS_CLIENT, true, "hq.example");
        wire.client.status =
            sync_tls_feed(wire.client.tls, (struct tally_slice){0}, &wire.client.plain);
        carry(&wire.client, &wire.server, 0);
        carry(&wire.server, &wire.client, 0);
        struct tally_buffer *flight = sync_tls_output(wire.client.tls);
        bool inside = at < flight->len;
        if (inside) {
            flight->data[at] ^= 0x01;
            run(&wire);
            assert_false(sync_tls_is_up(wire.server.tls));
        }
        close_wire(&wire);
        if (!inside) {
            assert_true(at > 500);
            break;
        }
    }
}

/* ------------------------------------------------------------------ refused by a terminal */

static void an_hq_that_is_not_the_expected_one_is_refused(void **state)
{
    (void)state;
    struct paper paper, other_root;
    expect_hq_refused(&house.hq, "other.example", TALLY_E_PEER_NAME);
    expect_hq_refused(&house.hq, "127.0.0.2", TALLY_E_PEER_NAME);
    expect_not_a_server(&house.terminal);
    expect_not_a_server(&house.root);

    paper_issue(&other_root, TALLY_CERT_CA, "Example HQ root", PAPER_VALID, NULL);
    paper_issue(&paper, TALLY_CERT_HQ, "hq.example", PAPER_VALID, &other_root);
    expect_hq_refused(&paper, "hq.example", TALLY_E_PEER_UNTRUSTED);
    paper_free(&paper);
    paper_free(&other_root);

    paper_issue(&paper, TALLY_CERT_HQ, "hq.example", PAPER_EXPIRED, &house.root);
    expect_hq_refused(&paper, "hq.example", TALLY_E_PEER_EXPIRED);
    expect_hq_refused(&paper, "other.example", TALLY_E_PEER_NAME);
    paper_free(&paper);

    /* The right name as common name only. */
    const struct odd no_san = {.key_usage = SIGNS, .server_auth = true};
    paper_issue_odd(&paper, &no_san, &house.root);
    expect_hq_refused(&paper, "hq.example", TALLY_E_PEER_NAME);
    paper_free(&paper);
    const struct odd other_san = {.key_usage = SIGNS, .server_auth = true, .dns = "x.example"};
    paper_issue_odd(&paper, &other_san, &house.root);
    expect_hq_refused(&paper, "hq.example", TALLY_E_PEER_NAME);
    paper_free(&paper);
    const struct odd wildcard = {.key_usage = SIGNS, .server_auth = true, .dns = "*.example"};
    paper_issue_odd(&paper, &wildcard, &house.root);
    expect_hq_refused(&paper, "hq.example", TALLY_E_PEER_NAME);
    paper_free(&paper);
}

static void an_hq_leaf_that_says_more_or_less_than_a_servers_is_refused(void **state)
{
    (void)state;
    static const struct odd cases[] = {
        {.key_usage = SIGNS, .dns = "hq.example"},
        {.key_usage = SIGNS, .dns = "hq.example", .server_auth = true, .client_auth = true},
        {.dns = "hq.example", .server_auth = true},
        {.key_usage = SIGNS | MBEDTLS_X509_KU_KEY_CERT_SIGN,
         .dns = "hq.example",
         .server_auth = true},
        {.key_usage = SIGNS, .dns = "hq.example", .server_auth = true, .ca = true},
        {.version_1 = true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct paper paper;
        paper_issue_odd(&paper, &cases[i], &house.root);
        expect_hq_refused(&paper, "hq.example", TALLY_E_PEER_UNTRUSTED);
        paper_free(&paper);
    }
}

/* ------------------------------------------------------------------ enrolment */

static struct wire shake_pinned(const struct paper *hq_paper, const struct tally_slice *issuers,
                                size_t issuer_count, const uint8_t pin[TALLY_HASH_LEN],
                                const char *name)
{
    struct wire wire = {0};
    struct sync_identity hq = house_identity(&house, hq_paper);
    const struct sync_identity newcomer = {.root_pin = pin};
    hq.issuers_der = issuers;
    hq.issuer_count = issuer_count;
    open_end(&wire.server, &hq, SYNC_TLS_SERVER, false, NULL);
    open_end(&wire.client, &newcomer, SYNC_TLS_CLIENT, true, name);
    run(&wire);
    return wire;
}

static void expect_pinned(const struct paper *hq_paper, const struct tally_slice *issuers,
                          size_t issuer_count, const uint8_t pin[TALLY_HASH_LEN], const char *name,
                          enum tally_status status)
{
    struct wire wire = shake_pinned(hq_paper, issuers, issuer_count, pin, name);
    if (wire.client.status != status) {
        print_error("%s\n", sync_tls_detail(wire.client.tls));
    }
    assert_int_equal(wire.client.status, status);
    assert_int_equal(sync_tls_is_up(wire.client.tls), status == TALLY_OK);
    close_wire(&wire);
}

static void a_newcomer_trusts_only_the_chain_to_the_root_that_its_token_pins(void **state)
{
    (void)state;
    struct house other;
    struct paper expired;
    const struct tally_slice root = tally_buffer_slice(&house.root.cert);
    uint8_t wrong[TALLY_HASH_LEN];
    house_open(&other, "hq.example");
    memcpy(wrong, house.root_pin, sizeof wrong);
    wrong[31] ^= 1;
    expect_pinned(&house.hq, &root, 1, house.root_pin, "hq.example", TALLY_OK);
    expect_pinned(&house.hq, &root, 1, house.root_pin, "127.0.0.1", TALLY_OK);
    expect_pinned(&house.hq, &root, 1, house.root_pin, "other.example", TALLY_E_PEER_NAME);
    expect_pinned(&house.hq, &root, 1, wrong, "hq.example", TALLY_E_PEER_UNTRUSTED);
    expect_pinned(&house.hq, NULL, 0, house.root_pin, "hq.example", TALLY_E_PEER_UNTRUSTED);
    /* The pinned root is shown, but it did not sign this one. */
    expect_pinned(&other.hq, &root, 1, house.root_pin, "hq.example", TALLY_E_PEER_UNTRUSTED);
    struct wire wire = shake_pinned(&house.terminal, &root, 1, house.root_pin, "hq.example");
    expect_either(wire.client.status);
    assert_false(sync_tls_is_up(wire.client.tls));
    close_wire(&wire);
    paper_issue(&expired, TALLY_CERT_HQ, "hq.example", PAPER_EXPIRED, &house.root);
    expect_pinned(&expired, &root, 1, house.root_pin, "hq.example", TALLY_E_PEER_EXPIRED);
    paper_free(&expired);
    house_close(&other);
}

/* ------------------------------------------------------------------ configuration */

static void a_configuration_that_cannot_be_safe_is_refused(void **state)
{
    (void)state;
    struct sync_tls_config *config = NULL;
    struct sync_identity identity = house_identity(&house, &house.terminal);
    identity.key_pem = tally_buffer_slice(&house.hq.key); /* not this certificate's */
    assert_int_equal(sync_tls_config_open(&identity, SYNC_TLS_CLIENT, true, &config),
                     TALLY_E_INVALID);
    identity = house_identity(&house, &house.terminal);
    identity.trusted_root_der = (struct tally_slice){0}; /* trusts nobody, pins nobody */
    assert_int_equal(sync_tls_config_open(&identity, SYNC_TLS_CLIENT, true, &config),
                     TALLY_E_INVALID);
    identity.root_pin = house.root_pin; /* a pin is for newcomers, not for HQ */
    assert_int_equal(sync_tls_config_open(&identity, SYNC_TLS_SERVER, true, &config),
                     TALLY_E_INVALID);
    const struct sync_identity keyless = {.trusted_root_der = tally_buffer_slice(&house.root.cert)};
    assert_int_equal(sync_tls_config_open(&keyless, SYNC_TLS_SERVER, true, &config),
                     TALLY_E_INVALID);
    assert_null(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_and_hq_know_each_other_and_speak_both_ways),
        cmocka_unit_test(a_handshake_survives_being_handed_over_byte_by_byte),
        cmocka_unit_test(a_path_through_one_issuer_is_accepted_and_through_two_refused),
        cmocka_unit_test(a_peer_without_a_certificate_is_refused),
        cmocka_unit_test(certificates_that_are_not_a_terminals_are_refused),
        cmocka_unit_test(a_terminals_certificate_out_of_its_time_is_refused_as_expired),
        cmocka_unit_test(a_leaf_that_says_more_or_less_than_a_terminals_is_refused),
        cmocka_unit_test(plain_text_and_garbage_are_refused_and_the_next_peer_is_served),
        cmocka_unit_test(every_changed_byte_of_the_clients_flight_is_refused),
        cmocka_unit_test(an_hq_that_is_not_the_expected_one_is_refused),
        cmocka_unit_test(an_hq_leaf_that_says_more_or_less_than_a_servers_is_refused),
        cmocka_unit_test(a_newcomer_trusts_only_the_chain_to_the_root_that_its_token_pins),
        cmocka_unit_test(a_configuration_that_cannot_be_safe_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
