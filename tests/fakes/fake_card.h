/* tests/fakes/fake_card.h: contactless cards as seen through a reader's pseudo-commands: an APDU
 * in, an answer out. What a card does not have it refuses as real ones do. */
#ifndef TALLY_TESTS_FAKE_CARD_H
#define TALLY_TESTS_FAKE_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAKE_CARD_ANSWER_MAX = 300, FAKE_FILE_MAX = 1100, FAKE_ATR_MAX = 33 };

struct fake_card {
    uint8_t atr[FAKE_ATR_MAX];
    size_t atr_len;
    uint8_t uid[10];
    size_t uid_len; /* 0: the reader has no FF CA for it */
    bool is_iso_dep;

    uint8_t pages[FAKE_FILE_MAX]; /* type 2: from page 0 on */
    size_t pages_len;

    uint8_t ndef_file[FAKE_FILE_MAX]; /* type 4: NLEN and message; "" none */
    size_t ndef_len;
    uint16_t mle; /* of its capability container */

    uint8_t aid[16]; /* of a file of ours */
    size_t aid_len;
    const char *digits;
    bool only_native; /* no READ BINARY */

    bool has_ppse;
    uint8_t provider[5]; /* of a payment application without PPSE */
    bool has_provider;

    uint8_t classic_key[6];
    uint8_t classic_block[16];
    bool has_classic;

    bool is_424;            /* its NDEF file carries a message of its own */
    const char *url;        /* in front of ?e= */
    uint8_t master[16];     /* whoever set it up derived its keys from this */
    uint32_t read_counter;  /* SDMReadCtr */
    bool forgets_proof_key; /* a copy: it has the message but not the key */
    bool has_replay;        /* ... and this is the message */
    uint8_t replay_file[FAKE_FILE_MAX];
    size_t replay_len;

    /* private */
    enum { FAKE_NO_APP = 0, FAKE_OWN_APP, FAKE_NDEF_APP } app;
    enum { FAKE_NO_FILE = 0, FAKE_CC_FILE, FAKE_NDEF_FILE } file;
    bool has_classic_key, is_classic_open, is_proving;
    uint8_t proof_key[16], rnd_b[16];
    unsigned commands;
};

/* Answer to a short APDU, data and SW1 SW2; its length. */
size_t fake_card_answer(struct fake_card *card, const uint8_t *apdu, size_t len,
                        uint8_t ret_answer[FAKE_CARD_ANSWER_MAX]);

/* The field went off and on. */
void fake_card_reset(struct fake_card *card);

/* Ready-made cards. UID and content as given. */
struct fake_card fake_card_iso_dep(const char *uid_hex);
struct fake_card fake_card_storage(const char *uid_hex, uint16_t name);

/* A type 2 or type 4 tag's content: one record with this type ('U' or 'T') and payload. */
void fake_card_put_ndef(struct fake_card *card, char type, const void *payload, size_t len);

/* An NTAG 424 DNA set up as TAGS.md says. */
struct fake_card fake_card_424(const char *uid_hex, const uint8_t master[16]);

void fake_unhex(const char *hex, uint8_t *ret_bytes, size_t *ret_len);

#endif
