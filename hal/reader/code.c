/* SPDX-License-Identifier: Apache-2.0 */
/* TLY1 codes: Base32, check, MAC, time and replay. CODES.md states every byte. */
#include "hal/reader/code.h"

#include "app/crypto/crypto.h"

#include <assert.h>
#include <string.h>

_Static_assert((int)HAL_READER_KEY_LEN == (int)TALLY_KEY_LEN, "the keys are those of HMAC-SHA-256");
_Static_assert((int)HAL_CODE_HANDLE_LEN <= (int)TALLY_CARD_LEN_MAX, "a handle fits a card");

static const uint8_t scheme[] = {'T', 'L', 'Y', '1', ':'};

enum form { FORM_ROTATING = 1, FORM_STATIC = 2 };

enum {
    SCHEME_LEN = sizeof scheme,
    FORM_AT = 0,
    HANDLE_AT = 1,
    STEP_AT = HANDLE_AT + HAL_CODE_HANDLE_LEN,
    STEP_LEN = 4,
    CHECK_LEN = 2,
    ROTATING_MAC_LEN = 8,
    STATIC_MAC_LEN = 7,
    ROTATING_LEN = STEP_AT + STEP_LEN + ROTATING_MAC_LEN + CHECK_LEN,
    STATIC_LEN = STEP_AT + STATIC_MAC_LEN + CHECK_LEN,
    BODY_LEN_MAX = ROTATING_LEN
};
_Static_assert(SCHEME_LEN + ROTATING_LEN / 5 * 8 == HAL_CODE_ROTATING_LEN && ROTATING_LEN % 5 == 0,
               "whole groups of Base32");
_Static_assert(SCHEME_LEN + STATIC_LEN / 5 * 8 == HAL_CODE_STATIC_LEN && STATIC_LEN % 5 == 0,
               "whole groups of Base32");

/* A code, decoded. */
struct body {
    uint8_t bytes[BODY_LEN_MAX];
    size_t len;
    size_t mac_len;
};

/* ---- Base32 (RFC 4648, 6), upper case, whole groups only ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static bool base32_value(uint8_t character, uint8_t *ret_value)
{
    if (character >= 'A' && character <= 'Z') {
        *ret_value = (uint8_t)(character - 'A');
        return true;
    }
    *ret_value = (uint8_t)(character - '2' + 26);
    return character >= '2' && character <= '7';
}

static bool base32_decode(const uint8_t *text, size_t len, uint8_t *bytes)
{
    assert(len % 8 == 0);
    for (size_t group = 0; group < len / 8; group++) {
        uint64_t bits = 0;
        for (size_t i = 0; i < 8; i++) {
            uint8_t value = 0;
            if (!base32_value(text[group * 8 + i], &value)) {
                return false;
            }
            bits = bits << 5 | value;
        }
        for (size_t i = 0; i < 5; i++) {
            bytes[group * 5 + i] = (uint8_t)(bits >> (32 - 8 * i));
        }
    }
    return true;
}

static void base32_encode(const uint8_t *bytes, size_t len, char *text)
{
    assert(len % 5 == 0);
    for (size_t group = 0; group < len / 5; group++) {
        uint64_t bits = 0;
        for (size_t i = 0; i < 5; i++) {
            bits = bits << 8 | bytes[group * 5 + i];
        }
        for (size_t i = 0; i < 8; i++) {
            text[group * 8 + i] = alphabet[bits >> (35 - 5 * i) & 31];
        }
    }
    text[len / 5 * 8] = '\0';
}

/* ---- bytes ---- */

static uint32_t step_of(const struct body *body)
{
    const uint8_t *at = body->bytes + STEP_AT;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The lower half of CRC-32C over everything before it. */
static void put_check(const struct body *body, uint8_t check[CHECK_LEN])
{
    uint32_t crc = tally_crc32c(0, body->bytes, body->len - CHECK_LEN);
    check[0] = (uint8_t)(crc >> 8);
    check[1] = (uint8_t)crc;
}

static bool check_is_right(const struct body *body)
{
    uint8_t check[CHECK_LEN];
    put_check(body, check);
    return memcmp(check, body->bytes + body->len - CHECK_LEN, CHECK_LEN) == 0;
}

/* HMAC-SHA-256(key, label || bytes); a label ends with its NUL, so that none is the start of
 * another. */
static enum tally_status labelled_mac(const uint8_t key[HAL_READER_KEY_LEN], const char *label,
                                      const uint8_t *bytes, size_t len,
                                      uint8_t ret_mac[TALLY_HASH_LEN])
{
    uint8_t message[32 + BODY_LEN_MAX];
    size_t label_len = strlen(label) + 1;
    assert(label_len <= 32 && len <= BODY_LEN_MAX);
    memcpy(message, label, label_len);
    memcpy(message + label_len, bytes, len);
    return tally_hmac(key, (struct tally_slice){message, label_len + len}, ret_mac);
}

static enum tally_status rotating_mac(const uint8_t member_key[HAL_READER_KEY_LEN],
                                      const struct body *body, uint8_t ret_mac[TALLY_HASH_LEN])
{
    return labelled_mac(member_key, "TLY1 rotating", body->bytes + HANDLE_AT,
                        HAL_CODE_HANDLE_LEN + STEP_LEN, ret_mac);
}

static enum tally_status static_mac(const uint8_t code_key[HAL_READER_KEY_LEN],
                                    const struct body *body, uint8_t ret_mac[TALLY_HASH_LEN])
{
    return labelled_mac(code_key, "TLY1 static", body->bytes + HANDLE_AT, HAL_CODE_HANDLE_LEN,
                        ret_mac);
}

enum tally_status hal_code_member_key(const uint8_t code_key[HAL_READER_KEY_LEN],
                                      const uint8_t handle[HAL_CODE_HANDLE_LEN],
                                      uint8_t ret_key[HAL_READER_KEY_LEN])
{
    assert(code_key != NULL && handle != NULL && ret_key != NULL);
    return labelled_mac(code_key, "TLY1 member", handle, HAL_CODE_HANDLE_LEN, ret_key);
}

/* ---- the memory ---- */

/* A terminal whose clock says so has not been told the time yet. */
enum { CLOCK_IS_SET_S = 1704067200 }; /* 2024-01-01 */

static int64_t valid_from_ms(uint32_t step)
{
    return (int64_t)step * HAL_CODE_STEP_MS - HAL_CODE_TOLERANCE_MS;
}

/* The first moment at which it is not accepted any more. */
static int64_t valid_until_ms(uint32_t step)
{
    return ((int64_t)step + 1) * HAL_CODE_STEP_MS + HAL_CODE_TOLERANCE_MS;
}

static bool is_time(int64_t wall_ms)
{
    return wall_ms >= (int64_t)CLOCK_IS_SET_S * 1000 &&
           wall_ms < (int64_t)UINT32_MAX * HAL_CODE_STEP_MS - HAL_CODE_STEP_MS;
}

void hal_code_memory_start(struct hal_code_memory *memory, int64_t wall_ms)
{
    assert(memory != NULL);

    explicit_bzero(memory, sizeof *memory);
    if (is_time(wall_ms)) { /* the first step that is valid only after this moment */
        int64_t step = (wall_ms + HAL_CODE_TOLERANCE_MS) / HAL_CODE_STEP_MS + 1;
        memory->step_min = (uint32_t)step;
    }
}

/* Drops a use that has expired. The clock may be set back later: then all codes as old are refused,
 * because it is not known any more which of them were used. */
static void drop_if_expired(struct hal_code_memory *memory, struct hal_code_use *use,
                            int64_t wall_ms)
{
    if (use->step == 0 || wall_ms < valid_until_ms(use->step)) {
        return;
    }
    if (use->step >= memory->step_min) {
        memory->step_min = use->step + 1;
    }
    explicit_bzero(use, sizeof *use);
}

static enum tally_status remember(struct hal_code_memory *memory, const struct body *body,
                                  int64_t wall_ms)
{
    const uint8_t *handle = body->bytes + HANDLE_AT;
    struct hal_code_use *slot = NULL;
    uint32_t step = step_of(body);
    for (size_t i = 0; i < HAL_CODE_MEMORY_MAX; i++) {
        struct hal_code_use *use = &memory->uses[i];
        bool is_same = use->step != 0 && memcmp(use->handle, handle, HAL_CODE_HANDLE_LEN) == 0;
        if (is_same && step <= use->step) {
            return TALLY_E_CODE_USED;
        }
        if (is_same) {
            use->step = step; /* the older ones are refused by this one */
            return TALLY_OK;
        }
        drop_if_expired(memory, use, wall_ms);
        slot = slot == NULL && use->step == 0 ? use : slot;
    }
    if (slot == NULL) {
        return TALLY_E_BUSY;
    }
    memcpy(slot->handle, handle, HAL_CODE_HANDLE_LEN);
    slot->step = step;
    return TALLY_OK;
}

/* ---- reading ---- */

bool hal_code_is(const uint8_t *text, size_t len)
{
    assert(text != NULL || len == 0);
    return len >= SCHEME_LEN && memcmp(text, scheme, SCHEME_LEN) == 0;
}

/* TALLY_OK, TALLY_E_CARD_UNREADABLE, TALLY_E_UNKNOWN_CARD */
static enum tally_status decode(const uint8_t *text, size_t len, struct body *body)
{
    bool is_rotating = len == HAL_CODE_ROTATING_LEN;
    if (!hal_code_is(text, len) || (!is_rotating && len != HAL_CODE_STATIC_LEN) ||
        !base32_decode(text + SCHEME_LEN, len - SCHEME_LEN, body->bytes)) {
        return TALLY_E_CARD_UNREADABLE;
    }
    body->len = is_rotating ? ROTATING_LEN : STATIC_LEN;
    body->mac_len = is_rotating ? ROTATING_MAC_LEN : STATIC_MAC_LEN;
    if (!check_is_right(body)) {
        return TALLY_E_CARD_UNREADABLE;
    }
    uint8_t form = is_rotating ? FORM_ROTATING : FORM_STATIC;
    return body->bytes[FORM_AT] == form ? TALLY_OK : TALLY_E_UNKNOWN_CARD;
}

/* In a time that does not depend on where they differ. */
static bool are_equal(const uint8_t *left, const uint8_t *right, size_t len)
{
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference = (uint8_t)(difference | (left[i] ^ right[i]));
    }
    return difference == 0;
}

static enum tally_status verify_mac(const uint8_t code_key[HAL_READER_KEY_LEN],
                                    const struct body *body)
{
    uint8_t mac[TALLY_HASH_LEN], member_key[HAL_READER_KEY_LEN];
    enum tally_status status;
    if (body->bytes[FORM_AT] == FORM_STATIC) {
        status = static_mac(code_key, body, mac);
    } else {
        status = hal_code_member_key(code_key, body->bytes + HANDLE_AT, member_key);
        if (status == TALLY_OK) {
            status = rotating_mac(member_key, body, mac);
        }
    }
    const uint8_t *claimed = body->bytes + body->len - CHECK_LEN - body->mac_len;
    if (status == TALLY_OK && !are_equal(mac, claimed, body->mac_len)) {
        status = TALLY_E_UNKNOWN_CARD;
    }
    explicit_bzero(mac, sizeof mac);
    explicit_bzero(member_key, sizeof member_key);
    return status;
}

/* Whether it is this code's time, and for the first time. */
static enum tally_status use_once(const struct hal_reader_settings *settings,
                                  struct hal_code_memory *memory, const struct body *body)
{
    int64_t wall_ms = settings->wall_ms(settings->wall_context);
    uint32_t step = step_of(body);
    if (!is_time(wall_ms)) {
        return TALLY_E_CODE_EXPIRED;
    }
    if (memory->step_min == 0) {
        hal_code_memory_start(memory, wall_ms);
    }
    bool is_now = wall_ms >= valid_from_ms(step) && wall_ms < valid_until_ms(step);
    if (!is_now || step < memory->step_min) {
        return TALLY_E_CODE_EXPIRED;
    }
    return remember(memory, body, wall_ms);
}

static enum tally_status read_body(const struct hal_reader_settings *settings,
                                   struct hal_code_memory *memory, const uint8_t *text, size_t len,
                                   struct body *body)
{
    TALLY_TRY(decode(text, len, body));
    if (!settings->keys.has_code_key) {
        return TALLY_E_UNKNOWN_CARD;
    }
    TALLY_TRY(verify_mac(settings->keys.code_key, body));
    if (body->bytes[FORM_AT] == FORM_STATIC) {
        return TALLY_OK;
    }
    if (memory == NULL || settings->wall_ms == NULL) {
        return TALLY_E_UNKNOWN_CARD;
    }
    return use_once(settings, memory, body);
}

enum tally_status hal_code_read(const struct hal_reader_settings *settings,
                                struct hal_code_memory *memory, const uint8_t *text, size_t len,
                                struct tally_card *ret_card)
{
    assert(settings != NULL);
    assert(text != NULL || len == 0);
    assert(ret_card != NULL);

    struct body body = {.len = 0};
    enum tally_status status = read_body(settings, memory, text, len, &body);
    if (status == TALLY_OK) {
        bool is_static = body.bytes[FORM_AT] == FORM_STATIC;
        struct tally_card card = {.kind = TALLY_CARD_CODE,
                                  .strength =
                                      is_static ? TALLY_STRENGTH_STATIC : TALLY_STRENGTH_PROVEN,
                                  .len = HAL_CODE_HANDLE_LEN};
        memcpy(card.bytes, body.bytes + HANDLE_AT, HAL_CODE_HANDLE_LEN);
        *ret_card = card;
    }
    explicit_bzero(&body, sizeof body);
    return status;
}

/* ---- making ---- */

static void finish(struct body *body, const uint8_t mac[TALLY_HASH_LEN], char *text)
{
    memcpy(body->bytes + body->len - CHECK_LEN - body->mac_len, mac, body->mac_len);
    put_check(body, body->bytes + body->len - CHECK_LEN);
    memcpy(text, scheme, SCHEME_LEN);
    base32_encode(body->bytes, body->len, text + SCHEME_LEN);
}

enum tally_status hal_code_make_rotating(const uint8_t member_key[HAL_READER_KEY_LEN],
                                         const uint8_t handle[HAL_CODE_HANDLE_LEN], int64_t wall_ms,
                                         char ret_text[HAL_CODE_ROTATING_LEN + 1])
{
    assert(member_key != NULL && handle != NULL && ret_text != NULL);

    if (wall_ms < 0 || wall_ms / HAL_CODE_STEP_MS > UINT32_MAX) {
        return TALLY_E_INVALID;
    }
    uint32_t step = (uint32_t)(wall_ms / HAL_CODE_STEP_MS);
    struct body body = {.bytes = {FORM_ROTATING}, .len = ROTATING_LEN, .mac_len = ROTATING_MAC_LEN};
    memcpy(body.bytes + HANDLE_AT, handle, HAL_CODE_HANDLE_LEN);
    for (size_t i = 0; i < STEP_LEN; i++) {
        body.bytes[STEP_AT + i] = (uint8_t)(step >> (24 - 8 * i));
    }
    uint8_t mac[TALLY_HASH_LEN];
    TALLY_TRY(rotating_mac(member_key, &body, mac));
    finish(&body, mac, ret_text);
    return TALLY_OK;
}

enum tally_status hal_code_make_static(const uint8_t code_key[HAL_READER_KEY_LEN],
                                       const uint8_t handle[HAL_CODE_HANDLE_LEN],
                                       char ret_text[HAL_CODE_STATIC_LEN + 1])
{
    assert(code_key != NULL && handle != NULL && ret_text != NULL);

    struct body body = {.bytes = {FORM_STATIC}, .len = STATIC_LEN, .mac_len = STATIC_MAC_LEN};
    memcpy(body.bytes + HANDLE_AT, handle, HAL_CODE_HANDLE_LEN);
    uint8_t mac[TALLY_HASH_LEN];
    TALLY_TRY(static_mac(code_key, &body, mac));
    finish(&body, mac, ret_text);
    return TALLY_OK;
}
