/* app/hq/dir.h: head office's data directory: its keys and certificates, and the file by which
 * admin commands wake the server.
 *
 *   DIR/keys/ca.key ca.crt            root of every certificate, 10 years
 *   DIR/keys/hq.key hq.crt            the server's own; made again by `serve` before it ends
 *   DIR/keys/programme.key            signs programmes
 *   DIR/keys/card.key data.key        32 bytes each, shared with enrolled terminals
 *   DIR/keys/names                    names of HQ, comma-separated, the first one for terminals
 *   DIR/hq.mdb hq.mdb-lock            the store
 *   DIR/changed                       written after each admin command's commit
 *
 * Memory   struct hq_keys owns its buffers; hq_keys_free() overwrites them.
 * Errors   with text for the operator in `problem`; no key material in it.
 * Blocking reads and writes files.
 * Threads  one. */
#ifndef TALLY_HQ_DIR_H
#define TALLY_HQ_DIR_H

#include "app/base/buffer.h"
#include "app/crypto/crypto.h"

enum { HQ_PROBLEM_MAX = 512, HQ_NAME_MAX = 256 };

struct hq_keys {
    struct tally_buffer ca_key; /* PEM, the NUL counts */
    struct tally_buffer ca_cert;
    struct tally_buffer hq_key;
    struct tally_buffer hq_cert;
    struct tally_buffer programme_key;
    struct tally_buffer programme_public; /* DER SubjectPublicKeyInfo */
    uint8_t card_key[TALLY_KEY_LEN];
    uint8_t data_key[TALLY_KEY_LEN];
    char names[1024];
    char name[HQ_NAME_MAX]; /* the first of them */
};

/* Makes the directory with keys and an empty store; the last step makes it count, so an attempt
 * that was cut short is simply made again.
 *   TALLY_OK, TALLY_E_EXISTS, TALLY_E_INVALID (names), TALLY_E_STORE_IO, TALLY_E_CRYPTO, ... */
TALLY_MUST_USE enum tally_status hq_dir_init(const char *dir, const char *names, int64_t now_ms,
                                             char problem[HQ_PROBLEM_MAX]);

/* TALLY_OK, TALLY_E_NOT_FOUND (not made yet), TALLY_E_STORE_IO, TALLY_E_STORE_DAMAGED */
TALLY_MUST_USE enum tally_status hq_keys_load(const char *dir, struct hq_keys *ret_keys,
                                              char problem[HQ_PROBLEM_MAX]);
void hq_keys_free(struct hq_keys *keys);

/* Makes HQ's own certificate again when less than 60 days of it are left.
 *   TALLY_OK, TALLY_E_STORE_IO, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status hq_keys_renew(const char *dir, struct hq_keys *keys,
                                               int64_t now_ms, bool *ret_renewed,
                                               char problem[HQ_PROBLEM_MAX]);

/* Tells a running server that the store has changed. Losing this call only delays the news. */
void hq_dir_touch(const char *dir);

#endif
