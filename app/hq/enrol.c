/* SPDX-License-Identifier: Apache-2.0 */
/* A one-time token and a certificate request become a terminal, in one transaction. */
#include "app/hq/tables.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { TOKEN_LEN = 4 + 4 + 8 + 4 + TALLY_HASH_LEN };

static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;

struct token {
    uint32_t shop;
    uint32_t wanted; /* terminal number asked for; 0: the next free one */
    int64_t expires_ms;
    uint32_t used_by; /* terminal; 0: not used yet */
    uint8_t used_pin[TALLY_HASH_LEN];
};

static struct hq_key token_key(const uint8_t hash[TALLY_HASH_LEN])
{
    struct hq_key key = {.len = 0};
    hq_key_bytes(&key, hash, TALLY_HASH_LEN);
    return key;
}

static enum tally_status token_put(struct hq_txn *txn, const uint8_t hash[TALLY_HASH_LEN],
                                   const struct token *token)
{
    uint8_t bytes[TOKEN_LEN];
    struct tally_writer writer = {bytes, sizeof bytes, 0, false};
    tally_write_le(&writer, 4, token->shop);
    tally_write_le(&writer, 4, token->wanted);
    tally_write_le(&writer, 8, (uint64_t)token->expires_ms);
    tally_write_le(&writer, 4, token->used_by);
    tally_write_bytes(&writer, token->used_pin, TALLY_HASH_LEN);
    assert(!writer.failed && writer.at == sizeof bytes);
    struct hq_key key = token_key(hash);
    return hq_put(txn, HQ_TOKENS, &key, (struct tally_slice){bytes, sizeof bytes});
}

static enum tally_status token_get(struct hq_txn *txn, const uint8_t hash[TALLY_HASH_LEN],
                                   struct token *ret_token)
{
    struct hq_key key = token_key(hash);
    struct tally_slice value;
    TALLY_TRY(hq_get(txn, HQ_TOKENS, &key, &value));
    struct tally_reader reader = {value.data, value.len, 0, false};
    struct token token;
    token.shop = (uint32_t)tally_read_le(&reader, 4);
    token.wanted = (uint32_t)tally_read_le(&reader, 4);
    token.expires_ms = (int64_t)tally_read_le(&reader, 8);
    token.used_by = (uint32_t)tally_read_le(&reader, 4);
    struct tally_slice pin = tally_read_slice(&reader, TALLY_HASH_LEN);
    if (reader.failed) {
        return TALLY_E_STORE_DAMAGED;
    }
    memcpy(token.used_pin, pin.data, TALLY_HASH_LEN);
    *ret_token = token;
    return TALLY_OK;
}

enum tally_status hq_store_token_add(struct hq_store *store, const uint8_t hash[TALLY_HASH_LEN],
                                     uint32_t shop, uint32_t terminal, int64_t expires_ms)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, true, 0, &txn));
    struct token token;
    enum tally_status status = token_get(&txn, hash, &token);
    if (status == TALLY_OK) {
        status = TALLY_E_EXISTS;
    } else if (status == TALLY_E_NOT_FOUND) {
        token = (struct token){.shop = shop, .wanted = terminal, .expires_ms = expires_ms};
        status = token_put(&txn, hash, &token);
    }
    return hq_end(&txn, status);
}

/* ------------------------------------------------------------------ certificate */

/* As long as the CA's own: HQ ends a terminal by its table, at the terminal's next message. */
static enum tally_status certificate_make(uint32_t terminal, struct tally_slice csr_der,
                                          const struct hq_issuer *issuer, int64_t now_ms,
                                          struct tally_buffer *ret_cert_der,
                                          uint8_t ret_pin[TALLY_HASH_LEN])
{
    char name[32];
    snprintf(name, sizeof name, "tally:terminal:%" PRIu32, terminal);
    struct tally_cert_request request = {.use = TALLY_CERT_TERMINAL, .name = name};
    int64_t ca_from_ms = 0;
    TALLY_TRY(tally_cert_validity(issuer->cert_der, &ca_from_ms, &request.not_after_ms));
    request.not_before_ms = now_ms - day_ms > ca_from_ms ? now_ms - day_ms : ca_from_ms;
    TALLY_TRY(tally_random(request.serial, sizeof request.serial));
    request.serial[0] = (request.serial[0] & 0x7f) | 0x01;
    size_t before = ret_cert_der->len;
    TALLY_TRY(
        tally_cert_issue_csr(&request, csr_der, issuer->key_pem, issuer->cert_der, ret_cert_der));
    struct tally_slice cert = {ret_cert_der->data + before, ret_cert_der->len - before};
    return tally_cert_pin(cert, ret_pin);
}

/* ------------------------------------------------------------------ the terminal's row */

static enum tally_status pin_put(struct hq_txn *txn, const uint8_t pin[TALLY_HASH_LEN],
                                 uint32_t terminal)
{
    uint8_t number[4];
    tally_store_le(number, sizeof number, terminal);
    struct hq_key key = {.len = 0};
    hq_key_bytes(&key, pin, TALLY_HASH_LEN);
    return hq_put(txn, HQ_PINS, &key, (struct tally_slice){number, sizeof number});
}

/* A new number, or the next epoch of one that is in use: its old key ends here. */
static enum tally_status terminal_make(struct hq_txn *txn, const struct token *token,
                                       const char *software, struct hq_terminal *ret_terminal)
{
    struct hq_terminal terminal;
    uint32_t number = token->wanted != 0 ? token->wanted : txn->counters.terminal_top + 1;
    enum tally_status status = hq_terminal_get(txn, number, &terminal);
    if (status == TALLY_OK) {
        struct hq_key old = {.len = 0};
        hq_key_bytes(&old, terminal.pin, TALLY_HASH_LEN);
        TALLY_TRY(hq_delete(txn, HQ_PINS, &old));
        terminal.grant_base = terminal.grant_seq;
    } else if (status == TALLY_E_NOT_FOUND) {
        terminal = (struct hq_terminal){.number = number};
    } else {
        return status;
    }
    terminal.shop = token->shop;
    terminal.epoch++;
    terminal.state = HQ_TERMINAL_OK;
    terminal.seq = 0;
    memset(terminal.chain, 0, TALLY_HASH_LEN);
    terminal.time = 0;
    terminal.enrolled_ms = txn->now_ms;
    terminal.reason[0] = '\0';
    snprintf(terminal.software, sizeof terminal.software, "%s", software);
    if (number > txn->counters.terminal_top) {
        txn->counters.terminal_top = number;
    }
    *ret_terminal = terminal;
    return TALLY_OK;
}

static enum tally_status use_first(struct hq_txn *txn, const uint8_t hash[TALLY_HASH_LEN],
                                   struct token *token, struct tally_slice csr_der,
                                   const char *software, const struct hq_issuer *issuer,
                                   struct hq_terminal *ret_terminal,
                                   struct tally_buffer *ret_cert_der)
{
    struct hq_terminal terminal;
    TALLY_TRY(terminal_make(txn, token, software, &terminal));
    TALLY_TRY(certificate_make(terminal.number, csr_der, issuer, txn->now_ms, ret_cert_der,
                               terminal.pin));
    struct hq_key key = {.len = 0};
    hq_key_bytes(&key, terminal.pin, TALLY_HASH_LEN);
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_PINS, &key, &value);
    if (status != TALLY_E_NOT_FOUND) {
        return status == TALLY_OK ? TALLY_E_EXISTS : status;
    }
    TALLY_TRY(pin_put(txn, terminal.pin, terminal.number));
    TALLY_TRY(hq_terminal_put(txn, &terminal));
    token->used_by = terminal.number;
    memcpy(token->used_pin, terminal.pin, TALLY_HASH_LEN);
    TALLY_TRY(token_put(txn, hash, token));
    *ret_terminal = terminal;
    return TALLY_OK;
}

/* A terminal that lost the reply asks again with the same key. TALLY_E_TOKEN: it is another key. */
static enum tally_status use_again(struct hq_txn *txn, const struct token *token,
                                   struct tally_slice csr_der, const struct hq_issuer *issuer,
                                   struct hq_terminal *ret_terminal,
                                   struct tally_buffer *ret_cert_der)
{
    struct hq_terminal terminal;
    uint8_t pin[TALLY_HASH_LEN];
    TALLY_TRY(hq_terminal_get(txn, token->used_by, &terminal));
    TALLY_TRY(certificate_make(terminal.number, csr_der, issuer, txn->now_ms, ret_cert_der, pin));
    if (memcmp(pin, token->used_pin, sizeof pin) != 0 ||
        memcmp(pin, terminal.pin, sizeof pin) != 0 || terminal.state != HQ_TERMINAL_OK) {
        struct tally_event_id id = {terminal.number, terminal.epoch, 0};
        TALLY_TRY(hq_flag_add(txn, &id, 0, "its enrolment token was tried again by another key"));
        return TALLY_E_TOKEN;
    }
    *ret_terminal = terminal;
    return TALLY_OK;
}

enum tally_status hq_store_enrol(struct hq_store *store, const uint8_t token_hash[TALLY_HASH_LEN],
                                 struct tally_slice csr_der, const char *software,
                                 const struct hq_issuer *issuer, int64_t now_ms,
                                 struct hq_terminal *ret_terminal,
                                 struct tally_buffer *ret_cert_der)
{
    size_t before = ret_cert_der->len;
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, true, now_ms, &txn));
    struct token token;
    struct hq_terminal terminal;
    enum tally_status status = token_get(&txn, token_hash, &token);
    if (status == TALLY_E_NOT_FOUND || (status == TALLY_OK && token.expires_ms <= now_ms)) {
        status = TALLY_E_TOKEN;
    } else if (status == TALLY_OK && token.used_by == 0) {
        status =
            use_first(&txn, token_hash, &token, csr_der, software, issuer, &terminal, ret_cert_der);
    } else if (status == TALLY_OK) {
        status = use_again(&txn, &token, csr_der, issuer, &terminal, ret_cert_der);
        if (status == TALLY_E_TOKEN) {
            ret_cert_der->len = before;
            TALLY_TRY(hq_end(&txn, TALLY_OK)); /* the flag stays */
            return TALLY_E_TOKEN;
        }
    }
    status = hq_end(&txn, status);
    if (status != TALLY_OK) {
        ret_cert_der->len = before;
        return status;
    }
    *ret_terminal = terminal;
    return TALLY_OK;
}
