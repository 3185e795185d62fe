/* app/sync/enrol.h: a new terminal asks HQ for its certificate with a one-time token.
 *
 * Connects to HQ's enrolment port without a certificate of its own. The root that the token pins
 * must be in the chain that HQ shows, and HQ's certificate must chain to it and carry `host`,
 * before the token's secret is sent.
 *
 * Memory   what the result points at lives only during the callback; key_pem is a secret.
 * Blocking nothing blocks.
 * Threads  the loop's thread only. */
#ifndef TALLY_SYNC_ENROL_H
#define TALLY_SYNC_ENROL_H

#include "app/sync/grpc.h"

struct sync_enrol;

struct sync_enrol_result {
    struct tally_slice key_pem; /* NUL-terminated, the NUL counts */
    struct tally_slice cert_der;
    const struct tally_slice *issuers_der; /* behind the certificate, the root last */
    size_t issuer_count;
    struct tally_slice root_der; /* the last of issuers_der */
    uint32_t terminal;
    uint32_t shop;
    uint32_t epoch;
    char hq_name[256]; /* the name HQ's certificate must carry on the sync port */
};

struct sync_enrol_options {
    const char *host;           /* HQ's name or address, which its certificate must carry */
    uint16_t port;              /* enrolment port */
    const char *token;          /* as typed */
    struct tally_slice key_pem; /* the terminal's key, kept before the first attempt: HQ lets a
                                   token be used again with the same key only; empty: a new one */
    const char *software;       /* program and version, for HQ's list */
    uint32_t timeout_ms;        /* for all of it; 0: 30 s */
    void *context;
    /* Once, from the loop; result is NULL unless TALLY_OK. Else: TALLY_E_TOKEN (HQ refuses it),
     * TALLY_E_PEER_* (not the HQ that made the token), TALLY_E_OFFLINE, TALLY_E_TIMEOUT,
     * TALLY_E_PROTOCOL, TALLY_E_CRYPTO, TALLY_E_NO_MEMORY. */
    void (*on_done)(void *context, enum tally_status status,
                    const struct sync_enrol_result *result);
};

/* TALLY_OK (on_done follows), TALLY_E_TOKEN (mistyped: nothing was sent), TALLY_E_CRYPTO,
 * TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status sync_enrol_start(uv_loop_t *loop,
                                                  const struct sync_enrol_options *options,
                                                  struct sync_enrol **ret_enrol);

/* Frees it, before or after on_done (also from within); on_closed (may be NULL) comes from the
 * loop. */
void sync_enrol_close(struct sync_enrol *enrol, void (*on_closed)(void *context), void *context);

#endif
