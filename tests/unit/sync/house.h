/* tests/unit/sync/house.h: a root, an HQ and terminals with good and odd certificates, for tests.
 *
 * Memory   house_close() frees everything.
 * Errors   a cmocka assertion fails. */
#ifndef TALLY_TEST_SYNC_HOUSE_H
#define TALLY_TEST_SYNC_HOUSE_H

#include "app/crypto/crypto.h"
#include "app/sync/grpc.h"

/* One key with its certificate. */
struct paper {
    struct tally_buffer key, cert;
};

struct house {
    struct paper root, hq, terminal;
    uint8_t root_pin[TALLY_HASH_LEN]; /* SHA-256 of the root's DER */
};

void house_open(struct house *house, const char *hq_names);
void house_close(struct house *house);
void paper_free(struct paper *paper);

enum paper_time { PAPER_VALID, PAPER_EXPIRED, PAPER_FUTURE };

/* What an odd certificate is made of; a zeroed one is a v3 leaf without any extension. */
struct odd {
    bool ca;
    int path_len;        /* of a CA */
    bool no_constraints; /* leave basicConstraints out */
    unsigned key_usage;  /* MBEDTLS_X509_KU_*; 0: leave it out */
    bool server_auth, client_auth;
    const char *uris[2]; /* SAN */
    const char *dns;     /* SAN */
    bool version_1;
    bool sha1;
};

/* A new key with a certificate by `issuer` (NULL: by itself), as tally_cert_issue. */
void paper_issue(struct paper *ret_paper, enum tally_cert_use use, const char *name,
                 enum paper_time time, const struct paper *issuer);
void paper_issue_odd(struct paper *ret_paper, const struct odd *odd, const struct paper *issuer);

struct sync_identity house_hq(const struct house *house, const struct tally_slice issuers[1]);
struct sync_identity house_identity(const struct house *house, const struct paper *paper);

static inline struct tally_slice house_text(const char *text)
{
    return (struct tally_slice){(const uint8_t *)text, strlen(text)};
}

#endif
