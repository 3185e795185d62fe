/* SPDX-License-Identifier: Apache-2.0 */
/* NTAG 424 DNA: diversified keys, secure dynamic messages, and AuthenticateEV2First. */
#include "hal/reader/tag424.h"

#include "app/crypto/crypto.h"

#include <assert.h>
#include <string.h>

_Static_assert(HAL_TAG424_KEY_LEN == (int)TALLY_AES_LEN, "its keys are AES-128");

/* ---- keys ---- */

/* DF name of the card's one application, and the name of this system (AN10922, 2.2). */
static const uint8_t system_name[] = {0xd2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x01, 'T', 'L', 'Y'};

enum {
    DIVERSIFY_AES_128 = 0x01,
    INPUT_LEN_MIN = 16,
    INPUT_LEN_MAX = 31,
    INPUT_LEN = HAL_TAG424_UID_LEN + sizeof system_name + 1
};
_Static_assert(INPUT_LEN >= INPUT_LEN_MIN && INPUT_LEN <= INPUT_LEN_MAX, "AN10922, 2.2");

enum tally_status hal_tag424_diversify(const uint8_t master[HAL_TAG424_KEY_LEN],
                                       struct tally_slice input,
                                       uint8_t ret_key[HAL_TAG424_KEY_LEN])
{
    assert(input.len >= INPUT_LEN_MIN && input.len <= INPUT_LEN_MAX);
    uint8_t message[1 + INPUT_LEN_MAX] = {DIVERSIFY_AES_128};
    memcpy(message + 1, input.data, input.len);
    return tally_aes_cmac(master, (struct tally_slice){message, 1 + input.len}, ret_key);
}

enum tally_status hal_tag424_key(const uint8_t master[HAL_TAG424_KEY_LEN],
                                 const uint8_t uid[HAL_TAG424_UID_LEN], enum hal_tag424_key number,
                                 uint8_t ret_key[HAL_TAG424_KEY_LEN])
{
    uint8_t input[INPUT_LEN] = {0};
    if (number != HAL_TAG424_KEY_META) {
        memcpy(input, uid, HAL_TAG424_UID_LEN);
    }
    memcpy(input + HAL_TAG424_UID_LEN, system_name, sizeof system_name);
    input[INPUT_LEN - 1] = (uint8_t)number;
    return hal_tag424_diversify(master, (struct tally_slice){input, sizeof input}, ret_key);
}

/* ---- (a) messages ---- */

static const uint8_t zero_iv[TALLY_AES_LEN];

static bool hex_digit(uint8_t byte, uint8_t *ret_value)
{
    if (byte >= '0' && byte <= '9') {
        *ret_value = (uint8_t)(byte - '0');
    } else if (byte >= 'A' && byte <= 'F') {
        *ret_value = (uint8_t)(byte - 'A' + 10);
    } else if (byte >= 'a' && byte <= 'f') {
        *ret_value = (uint8_t)(byte - 'a' + 10);
    } else {
        return false;
    }
    return true;
}

/* `len` bytes of hexadecimal digits. */
static bool read_hex(const uint8_t *digits, size_t len, uint8_t *ret_bytes)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t high = 0, low = 0;
        if (!hex_digit(digits[2 * i], &high) || !hex_digit(digits[2 * i + 1], &low)) {
            return false;
        }
        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

enum tally_status hal_tag424_find(struct tally_slice uri, struct hal_tag424_message *ret_message)
{
    assert(ret_message != NULL);
    /* ?e= ... &c= ... */
    enum {
        E_AT = 3,
        C_SIGN_AT = E_AT + 2 * HAL_TAG424_PICC_DATA_LEN,
        C_AT = C_SIGN_AT + 3,
        TAIL_LEN = C_AT + 2 * HAL_TAG424_MAC_LEN
    };
    if (uri.len < TAIL_LEN) {
        return TALLY_E_NOT_FOUND;
    }
    const uint8_t *tail = uri.data + uri.len - TAIL_LEN;
    struct hal_tag424_message message;
    if ((tail[0] != '?' && tail[0] != '&') || memcmp(tail + 1, "e=", 2) != 0 ||
        memcmp(tail + C_SIGN_AT, "&c=", 3) != 0 ||
        !read_hex(tail + E_AT, sizeof message.picc_data, message.picc_data) ||
        !read_hex(tail + C_AT, sizeof message.mac, message.mac)) {
        return TALLY_E_NOT_FOUND;
    }
    *ret_message = message;
    return TALLY_OK;
}

enum tally_status hal_tag424_open(const uint8_t meta_key[HAL_TAG424_KEY_LEN],
                                  const struct hal_tag424_message *message,
                                  struct hal_tag424_tap *ret_tap)
{
    assert(message != NULL && ret_tap != NULL);
    enum { UID_AND_COUNTER_MIRRORED = 0xc0 | HAL_TAG424_UID_LEN, UID_AT = 1, COUNTER_AT = 8 };
    uint8_t plain[HAL_TAG424_PICC_DATA_LEN];
    TALLY_TRY(tally_aes_cbc_decrypt(
        meta_key, zero_iv, (struct tally_slice){message->picc_data, sizeof message->picc_data},
        plain));
    bool is_ours = plain[0] == UID_AND_COUNTER_MIRRORED;
    if (is_ours) {
        struct hal_tag424_tap tap = {.counter = (uint32_t)plain[COUNTER_AT] |
                                                (uint32_t)plain[COUNTER_AT + 1] << 8 |
                                                (uint32_t)plain[COUNTER_AT + 2] << 16};
        memcpy(tap.uid, plain + UID_AT, sizeof tap.uid);
        *ret_tap = tap;
    }
    explicit_bzero(plain, sizeof plain);
    return is_ours ? TALLY_OK : TALLY_E_NOT_FOUND;
}

/* SV2 (NT4H2421Gx, 9.3.9.1). */
static void session_vector(const struct hal_tag424_tap *tap, uint8_t ret_sv2[TALLY_AES_LEN])
{
    static const uint8_t head[] = {0x3c, 0xc3, 0x00, 0x01, 0x00, 0x80};
    memcpy(ret_sv2, head, sizeof head);
    memcpy(ret_sv2 + sizeof head, tap->uid, sizeof tap->uid);
    for (size_t i = 0; i < 3; i++) {
        ret_sv2[sizeof head + sizeof tap->uid + i] = (uint8_t)(tap->counter >> (8 * i));
    }
}

static bool is_same(const uint8_t *one, const uint8_t *other, size_t len)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= one[i] ^ other[i];
    }
    return difference == 0;
}

enum tally_status hal_tag424_check(const uint8_t file_key[HAL_TAG424_KEY_LEN],
                                   const struct hal_tag424_tap *tap,
                                   const struct hal_tag424_message *message)
{
    assert(tap != NULL && message != NULL);
    uint8_t sv2[TALLY_AES_LEN], session_key[TALLY_AES_LEN], mac[TALLY_AES_LEN];
    uint8_t truncated[HAL_TAG424_MAC_LEN] = {0};
    session_vector(tap, sv2);
    enum tally_status status =
        tally_aes_cmac(file_key, (struct tally_slice){sv2, sizeof sv2}, session_key);
    if (status == TALLY_OK) {
        status = tally_aes_cmac(session_key, (struct tally_slice){NULL, 0}, mac);
    }
    explicit_bzero(session_key, sizeof session_key);
    TALLY_TRY(status);
    for (size_t i = 0; i < sizeof truncated; i++) {
        truncated[i] = mac[2 * i + 1]; /* NT4H2421Gx, 9.1.3 */
    }
    bool is_right = is_same(truncated, message->mac, sizeof truncated);
    explicit_bzero(mac, sizeof mac);
    explicit_bzero(truncated, sizeof truncated);
    return is_right ? TALLY_OK : TALLY_E_SIGNATURE;
}

/* The card's place, or the one that was not used for longest. */
static size_t place_of(const struct hal_tag424_seen *seen, const struct hal_tag424_tap *tap)
{
    size_t oldest = 0;
    for (size_t i = 0; i < HAL_TAG424_TAPS; i++) {
        if (seen->at[i] != 0 && memcmp(seen->taps[i].uid, tap->uid, sizeof tap->uid) == 0) {
            return i;
        }
        if (seen->at[i] < seen->at[oldest]) {
            oldest = i;
        }
    }
    return oldest;
}

bool hal_tag424_is_new(struct hal_tag424_seen *seen, const struct hal_tag424_tap *tap)
{
    assert(seen != NULL && tap != NULL);
    size_t place = place_of(seen, tap);
    struct hal_tag424_tap *known = &seen->taps[place];
    bool is_known = seen->at[place] != 0 && memcmp(known->uid, tap->uid, sizeof tap->uid) == 0;
    if (is_known && tap->counter <= known->counter) {
        return false;
    }
    *known = *tap;
    seen->at[place] = ++seen->now;
    return true;
}

/* ---- (b) proof ---- */

/* By one byte to the left (NT4H2421Gx, 9.1.5). */
static void turn(const uint8_t from[HAL_TAG424_RANDOM_LEN], uint8_t ret_to[HAL_TAG424_RANDOM_LEN])
{
    for (size_t i = 0; i < HAL_TAG424_RANDOM_LEN; i++) {
        ret_to[i] = from[(i + 1) % HAL_TAG424_RANDOM_LEN];
    }
}

enum tally_status hal_tag424_token(const uint8_t key[HAL_TAG424_KEY_LEN],
                                   const uint8_t rnd_a[HAL_TAG424_RANDOM_LEN],
                                   const uint8_t first[HAL_TAG424_RANDOM_LEN],
                                   uint8_t ret_token[HAL_TAG424_TOKEN_LEN])
{
    uint8_t rnd_b[HAL_TAG424_RANDOM_LEN], plain[HAL_TAG424_TOKEN_LEN];
    TALLY_TRY(tally_aes_cbc_decrypt(key, zero_iv,
                                    (struct tally_slice){first, HAL_TAG424_RANDOM_LEN}, rnd_b));
    memcpy(plain, rnd_a, HAL_TAG424_RANDOM_LEN);
    turn(rnd_b, plain + HAL_TAG424_RANDOM_LEN);
    enum tally_status status =
        tally_aes_cbc_encrypt(key, zero_iv, (struct tally_slice){plain, sizeof plain}, ret_token);
    explicit_bzero(rnd_b, sizeof rnd_b);
    explicit_bzero(plain, sizeof plain);
    return status;
}

enum tally_status hal_tag424_prove(const uint8_t key[HAL_TAG424_KEY_LEN],
                                   const uint8_t rnd_a[HAL_TAG424_RANDOM_LEN],
                                   const uint8_t second[HAL_TAG424_ANSWER_LEN])
{
    enum { RND_A_AT = 4 }; /* behind TI */
    uint8_t plain[HAL_TAG424_ANSWER_LEN], turned[HAL_TAG424_RANDOM_LEN];
    TALLY_TRY(tally_aes_cbc_decrypt(key, zero_iv,
                                    (struct tally_slice){second, HAL_TAG424_ANSWER_LEN}, plain));
    turn(rnd_a, turned);
    bool is_right = is_same(plain + RND_A_AT, turned, sizeof turned);
    explicit_bzero(plain, sizeof plain);
    explicit_bzero(turned, sizeof turned);
    return is_right ? TALLY_OK : TALLY_E_SIGNATURE;
}
