/* SPDX-License-Identifier: Apache-2.0 */
/* The enrolment token as text and back. */
#include "app/sync/token.h"

#include "app/crypto/crypto.h"

#include <string.h>
#include <strings.h>

enum {
    VERSION = 1,
    CHECKSUM_LEN = 3,
    BODY_LEN = 1 + SYNC_TOKEN_SECRET_LEN + TALLY_HASH_LEN,
    ALL_LEN = BODY_LEN + CHECKSUM_LEN,
    DIGITS = (ALL_LEN * 8 + 4) / 5,
    GROUP = 5
};
#define PREFIX "TLY"
_Static_assert(sizeof PREFIX + DIGITS + DIGITS / GROUP + 2 <= SYNC_TOKEN_TEXT_MAX, "text fits");

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; /* RFC 4648, section 6 */

static enum tally_status checksum(const uint8_t body[BODY_LEN], uint8_t ret_sum[CHECKSUM_LEN])
{
    uint8_t hash[TALLY_HASH_LEN];
    const struct tally_slice slice = {body, BODY_LEN};
    TALLY_TRY(tally_sha256(&slice, 1, hash));
    memcpy(ret_sum, hash, CHECKSUM_LEN);
    return TALLY_OK;
}

enum tally_status sync_token_encode(const struct sync_token *token,
                                    char ret_text[SYNC_TOKEN_TEXT_MAX])
{
    uint8_t all[ALL_LEN];
    all[0] = VERSION;
    memcpy(all + 1, token->secret, SYNC_TOKEN_SECRET_LEN);
    memcpy(all + 1 + SYNC_TOKEN_SECRET_LEN, token->root_pin, TALLY_HASH_LEN);
    TALLY_TRY(checksum(all, all + BODY_LEN));
    char *to = ret_text + sizeof PREFIX - 1;
    memcpy(ret_text, PREFIX, sizeof PREFIX - 1);
    for (size_t digit = 0; digit < DIGITS; digit++) {
        unsigned value = 0;
        for (size_t bit = digit * 5; bit < digit * 5 + 5; bit++) {
            unsigned one = bit < ALL_LEN * 8 ? all[bit / 8] >> (7 - bit % 8) & 1u : 0;
            value = value << 1 | one;
        }
        if (digit % GROUP == 0) {
            *to++ = '-';
        }
        *to++ = alphabet[value];
    }
    *to = '\0';
    explicit_bzero(all, sizeof all);
    return TALLY_OK;
}

/* The value of a base32 digit as people type it; -1 if it is none. */
static int digit_value(char c)
{
    if (c >= 'a' && c <= 'z') {
        c = (char)(c - 'a' + 'A');
    }
    c = (char)(c == '0' ? 'O' : c == '1' ? 'I' : c == '8' ? 'B' : c);
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

static enum tally_status read_digits(const char *text, uint8_t ret_all[ALL_LEN])
{
    size_t digits = 0;
    memset(ret_all, 0, ALL_LEN);
    for (; *text != '\0'; text++) {
        if (strchr("- \t\r\n", *text) != NULL) {
            continue;
        }
        int value = digit_value(*text);
        if (value < 0 || digits == DIGITS) {
            return TALLY_E_TOKEN;
        }
        for (size_t i = 0; i < 5; i++) {
            size_t bit = digits * 5 + i;
            unsigned one = (unsigned)value >> (4 - i) & 1u;
            if (bit >= ALL_LEN * 8) {
                if (one != 0) {
                    return TALLY_E_TOKEN;
                }
                continue;
            }
            ret_all[bit / 8] = (uint8_t)(ret_all[bit / 8] | one << (7 - bit % 8));
        }
        digits++;
    }
    return digits == DIGITS ? TALLY_OK : TALLY_E_TOKEN;
}

enum tally_status sync_token_decode(const char *text, struct sync_token *ret_token)
{
    uint8_t all[ALL_LEN], sum[CHECKSUM_LEN];
    text += strspn(text, " \t\r\n");
    if (strncasecmp(text, PREFIX "-", sizeof PREFIX) != 0) {
        return TALLY_E_TOKEN;
    }
    enum tally_status status = read_digits(text + sizeof PREFIX, all);
    if (status == TALLY_OK) {
        status = checksum(all, sum);
    }
    if (status == TALLY_OK && (all[0] != VERSION || memcmp(sum, all + BODY_LEN, sizeof sum) != 0)) {
        status = TALLY_E_TOKEN;
    }
    if (status == TALLY_OK) {
        memcpy(ret_token->secret, all + 1, SYNC_TOKEN_SECRET_LEN);
        memcpy(ret_token->root_pin, all + 1 + SYNC_TOKEN_SECRET_LEN, TALLY_HASH_LEN);
    }
    explicit_bzero(all, sizeof all);
    return status;
}

enum tally_status sync_token_hash(const struct sync_token *token, uint8_t ret_hash[TALLY_HASH_LEN])
{
    const struct tally_slice secret = {token->secret, SYNC_TOKEN_SECRET_LEN};
    return tally_sha256(&secret, 1, ret_hash);
}
