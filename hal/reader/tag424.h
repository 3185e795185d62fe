/* hal/reader/tag424.h: the arithmetic of NTAG 424 DNA cards: keys, messages, and proof.
 *
 * TAGS.md says how our cards are set up. Sources: NXP AN12196 rev. 1.8 (4.4 and 6.6, with worked
 * examples), NT4H2421Gx data sheet rev. 3.0 (9.1.5, 9.3), NXP AN10922 rev. 2.2 (2.2).
 *
 * Units    lengths are bytes.
 * Memory   nothing is allocated.
 * Errors   TALLY_E_CRYPTO where the crypto room fails; else see each function.
 * Threads  pure but for the caller's memory.
 * Privacy  keys are wiped from temporaries before return. */
#ifndef HAL_READER_TAG424_H
#define HAL_READER_TAG424_H

#include "app/core/bytes.h"
#include "app/core/status.h"

#include <stdbool.h>

enum {
    HAL_TAG424_UID_LEN = 7,
    HAL_TAG424_KEY_LEN = 16,
    HAL_TAG424_RANDOM_LEN = 16,
    HAL_TAG424_PICC_DATA_LEN = 16, /* encrypted, as mirrored */
    HAL_TAG424_MAC_LEN = 8,
    HAL_TAG424_TOKEN_LEN = 32,  /* what the terminal sends to prove itself */
    HAL_TAG424_ANSWER_LEN = 32, /* what the card answers */
    HAL_TAG424_TAPS = 256       /* cards that are remembered; the one not seen for longest goes */
};

/* Numbers of a card's application keys, as TAGS.md gives them out. */
enum hal_tag424_key {
    HAL_TAG424_KEY_PROOF = 1, /* AuthenticateEV2First */
    HAL_TAG424_KEY_META = 2,  /* SDMMetaRead: the same in all cards, for it is what tells the UID */
    HAL_TAG424_KEY_FILE = 3   /* SDMFileRead */
};

/* One of the keys of the card with this UID, from the master key (AN10922, 2.2, with UID, DF name,
 * "TLY" and key number as diversification input). `uid` is not looked at for HAL_TAG424_KEY_META.
 *   TALLY_OK, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status hal_tag424_key(const uint8_t master[HAL_TAG424_KEY_LEN],
                                                const uint8_t uid[HAL_TAG424_UID_LEN],
                                                enum hal_tag424_key number,
                                                uint8_t ret_key[HAL_TAG424_KEY_LEN]);

/* AES-128 diversification: CMAC under `master` of 01 and `input` of 16 to 31 bytes (AN10922, 2.2;
 * with less than 16 it would no longer be a plain CMAC).
 *   TALLY_OK, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status hal_tag424_diversify(const uint8_t master[HAL_TAG424_KEY_LEN],
                                                      struct tally_slice input,
                                                      uint8_t ret_key[HAL_TAG424_KEY_LEN]);

/* ---- (a) the message that a card writes into its NDEF text at each tap ---- */

struct hal_tag424_message {
    uint8_t picc_data[HAL_TAG424_PICC_DATA_LEN];
    uint8_t mac[HAL_TAG424_MAC_LEN];
};

struct hal_tag424_tap {
    uint8_t uid[HAL_TAG424_UID_LEN];
    uint32_t counter; /* SDMReadCtr, 24 bits */
};

/* Finds a message in a URI that ends in `?e=` 32 hexadecimal digits `&c=` 16 more, or has `&e=`.
 *   TALLY_OK, TALLY_E_NOT_FOUND */
TALLY_MUST_USE enum tally_status hal_tag424_find(struct tally_slice uri,
                                                 struct hal_tag424_message *ret_message);

/* What the encrypted part says (NT4H2421Gx, 9.3.3 and 9.3.4). Nothing is proven by it.
 *   TALLY_OK, TALLY_E_NOT_FOUND (not under this key, or it mirrors something else) */
TALLY_MUST_USE enum tally_status hal_tag424_open(const uint8_t meta_key[HAL_TAG424_KEY_LEN],
                                                 const struct hal_tag424_message *message,
                                                 struct hal_tag424_tap *ret_tap);

/* Whether the card that holds `file_key` wrote it: SDMMAC over an empty input (NT4H2421Gx, 9.3.8,
 * 9.3.9.1). Compares in constant time.
 *   TALLY_OK, TALLY_E_SIGNATURE */
TALLY_MUST_USE enum tally_status hal_tag424_check(const uint8_t file_key[HAL_TAG424_KEY_LEN],
                                                  const struct hal_tag424_tap *tap,
                                                  const struct hal_tag424_message *message);

/* The highest counter of each card that was seen here. A zeroed one is empty. */
struct hal_tag424_seen {
    struct hal_tag424_tap taps[HAL_TAG424_TAPS];
    uint32_t at[HAL_TAG424_TAPS]; /* when it was seen last, in taps; 0: nobody */
    uint32_t now;
};

/* Remembers a tap. False: its counter is not above one seen before; a message used twice. */
bool hal_tag424_is_new(struct hal_tag424_seen *seen, const struct hal_tag424_tap *tap);

/* ---- (b) the card proves that it holds its key, now (NT4H2421Gx, 9.1.5) ---- */

/* Step 1: the card's first answer, RndB under the key, and `rnd_a` of ours, make our token.
 *   TALLY_OK, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status hal_tag424_token(const uint8_t key[HAL_TAG424_KEY_LEN],
                                                  const uint8_t rnd_a[HAL_TAG424_RANDOM_LEN],
                                                  const uint8_t first[HAL_TAG424_RANDOM_LEN],
                                                  uint8_t ret_token[HAL_TAG424_TOKEN_LEN]);

/* Step 2: whether the card's second answer gives RndA back, turned by one byte. Compares in
 * constant time. TALLY_OK, TALLY_E_SIGNATURE, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status hal_tag424_prove(const uint8_t key[HAL_TAG424_KEY_LEN],
                                                  const uint8_t rnd_a[HAL_TAG424_RANDOM_LEN],
                                                  const uint8_t second[HAL_TAG424_ANSWER_LEN]);

#endif
