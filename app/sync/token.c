/* SPDX-License-Identifier: Apache-2.0 */
/* The enrolment token as text that a person can type. */
#include "app/sync/token.h"

#include "app/crypto/crypto.h"

#include <assert.h>

enum {
    TOKEN_VERSION = 1,
    TOKEN_CHECKSUM_LEN = 3,
    TOKEN_BODY_LEN = 1 + SYNC_TOKEN_SECRET_LEN + TALLY_HASH_LEN,
    TOKEN_LEN = TOKEN_BODY_LEN + TOKEN_CHECKSUM_LEN,
    TOKEN_SYMBOLS = (TOKEN_LEN * 8 + 4) / 5,
    TOKEN_GROUP = 5,
    TOKEN_PREFIX_LEN = 3
};

static const char token_prefix[] = "TLY";
static const char token_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; /* RFC 4648, section 6 */

_Static_assert(TOKEN_PREFIX_LEN + TOKEN_SYMBOLS + (TOKEN_SYMBOLS + TOKEN_GROUP - 1) / TOKEN_GROUP <
                   SYNC_TOKEN_TEXT_MAX,
               "the text of a token fits");

static enum tally_status token_checksum(const uint8_t body[TOKEN_BODY_LEN],
                                        uint8_t ret_checksum[TOKEN_CHECKSUM_LEN])
{
    uint8_t hash[TALLY_HASH_LEN];
    struct tally_slice part = {body, TOKEN_BODY_LEN};
    TALLY_TRY(tally_sha256(&part, 1, hash));
    memcpy(ret_checksum, hash, TOKEN_CHECKSUM_LEN);
    return TALLY_OK;
}

/* ------------------------------------------------------------------ to text */

/* The five bits of symbol `index`; bits behind the end are zero. */
static unsigned symbol_at(const uint8_t bytes[TOKEN_LEN], size_t index)
{
    unsigned value = 0;
    for (size_t bit = index * 5; bit < index * 5 + 5; bit++) {
        unsigned one = bit / 8 < TOKEN_LEN ? bytes[bit / 8] >> (7 - bit % 8) & 1u : 0;
        value = value << 1 | one;
    }
    return value;
}

enum tally_status sync_token_encode(const struct sync_token *token,
                                    char ret_text[SYNC_TOKEN_TEXT_MAX])
{
    assert(token != NULL);
    uint8_t bytes[TOKEN_LEN] = {TOKEN_VERSION};
    memcpy(bytes + 1, token->secret, SYNC_TOKEN_SECRET_LEN);
    memcpy(bytes + 1 + SYNC_TOKEN_SECRET_LEN, token->root_pin, TALLY_HASH_LEN);
    enum tally_status status = token_checksum(bytes, bytes + TOKEN_BODY_LEN);
    if (status == TALLY_OK) {
        char *to = ret_text;
        memcpy(to, token_prefix, TOKEN_PREFIX_LEN);
        to += TOKEN_PREFIX_LEN;
        for (size_t i = 0; i < TOKEN_SYMBOLS; i++) {
            if (i % TOKEN_GROUP == 0) {
                *to++ = '-';
            }
            *to++ = token_alphabet[symbol_at(bytes, i)];
        }
        *to = '\0';
    }
    explicit_bzero(bytes, sizeof bytes);
    return status;
}

/* ------------------------------------------------------------------ from text */

/* The next character that counts, as a capital letter or a digit of the alphabet; 0 at the end. */
static char next_symbol(const char **at)
{
    while (**at == ' ' || **at == '-' || **at == '\t' || **at == '\r' || **at == '\n') {
        (*at)++;
    }
    char symbol = **at;
    if (symbol == '\0') {
        return '\0';
    }
    (*at)++;
    if (symbol >= 'a' && symbol <= 'z') {
        return (char)(symbol - 'a' + 'A');
    }
    return symbol == '0' ? 'O' : symbol == '1' ? 'I' : symbol == '8' ? 'B' : symbol;
}

/* TALLY_OK, TALLY_E_TOKEN (a symbol too few, too many or strange; stray bits behind the end) */
static enum tally_status read_symbols(const char *text, uint8_t bytes[TOKEN_LEN])
{
    for (size_t i = 0; i < TOKEN_PREFIX_LEN; i++) {
        if (next_symbol(&text) != token_prefix[i]) {
            return TALLY_E_TOKEN;
        }
    }
    uint32_t bits = 0;
    size_t bit_count = 0, len = 0;
    for (size_t i = 0; i < TOKEN_SYMBOLS; i++) {
        char symbol = next_symbol(&text);
        const char *found = symbol == '\0' ? NULL : strchr(token_alphabet, symbol);
        if (found == NULL) {
            return TALLY_E_TOKEN;
        }
        bits = bits << 5 | (uint32_t)(found - token_alphabet);
        bit_count += 5;
        if (bit_count >= 8) {
            bit_count -= 8;
            bytes[len++] = (uint8_t)(bits >> bit_count);
            bits &= (1u << bit_count) - 1;
        }
    }
    assert(len == TOKEN_LEN);
    return bits == 0 && next_symbol(&text) == '\0' ? TALLY_OK : TALLY_E_TOKEN;
}

enum tally_status sync_token_decode(const char *text, struct sync_token *ret_token)
{
    assert(text != NULL);
    uint8_t bytes[TOKEN_LEN], checksum[TOKEN_CHECKSUM_LEN];
    enum tally_status status = read_symbols(text, bytes);
    if (status == TALLY_OK) {
        status = token_checksum(bytes, checksum);
    }
    if (status == TALLY_OK && (memcmp(checksum, bytes + TOKEN_BODY_LEN, sizeof checksum) != 0 ||
                               bytes[0] != TOKEN_VERSION)) {
        status = TALLY_E_TOKEN;
    }
    if (status == TALLY_OK) {
        memcpy(ret_token->secret, bytes + 1, SYNC_TOKEN_SECRET_LEN);
        memcpy(ret_token->root_pin, bytes + 1 + SYNC_TOKEN_SECRET_LEN, TALLY_HASH_LEN);
    }
    explicit_bzero(bytes, sizeof bytes);
    return status;
}

enum tally_status sync_token_hash(const struct sync_token *token, uint8_t ret_hash[TALLY_HASH_LEN])
{
    assert(token != NULL);
    struct tally_slice part = {token->secret, SYNC_TOKEN_SECRET_LEN};
    return tally_sha256(&part, 1, ret_hash);
}
