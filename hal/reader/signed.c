/* SPDX-License-Identifier: Apache-2.0 */
/* Signed reports, proofs, and the commands of our own reader. */
#include "hal/reader/signed.h"

#include "app/crypto/crypto.h"

#include <assert.h>
#include <string.h>

_Static_assert((int)HAL_READER_SERIAL_LEN_MAX == (int)TALLY_MSR_FEATURE_DATA_LEN_MAX,
               "a serial number fills an answer");
_Static_assert((int)HAL_READER_KEY_LEN == (int)TALLY_KEY_LEN &&
                   (int)HAL_READER_KEY_LEN == 2 * (int)TALLY_MSR_PAIR_HALF_LEN,
               "two halves are a key");

static const char software_id[] = "tally-reader ";

/* ---- layout ---- */

bool hal_signed_may_ask(const struct hal_msr_layout *layout)
{
    return layout->sizes.feature_len == TALLY_MSR_FEATURE_LEN && !layout->sizes.has_report_ids;
}

static bool is_bytes_at(const struct hal_hid_field *field, uint32_t at, uint32_t len)
{
    return field->report_id == 0 && field->element_bits == 8 && field->bit_at == at * 8 &&
           field->count == len;
}

bool hal_signed_has_trailer(const struct hal_msr_layout *layout)
{
    return layout->sizes.input_len == TALLY_MSR_SIGNED_REPORT_LEN &&
           is_bytes_at(&layout->counter, TALLY_MSR_COUNTER_AT, TALLY_MSR_COUNTER_LEN) &&
           is_bytes_at(&layout->mac, TALLY_MSR_MAC_AT, TALLY_MSR_MAC_LEN);
}

struct hal_reader_pair *hal_signed_find(const struct hal_reader_pairs *pairs, const char *serial)
{
    for (size_t i = 0; pairs != NULL && i < pairs->count; i++) {
        if (strcmp(pairs->pairs[i].serial, serial) == 0) {
            return &pairs->pairs[i];
        }
    }
    return NULL;
}

/* ---- MACs ---- */

/* The time does not depend on where they differ. */
static bool is_same(const uint8_t *left, const uint8_t *right, size_t len)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference = (uint8_t)(difference | (left[i] ^ right[i]));
    }
    return difference == 0;
}

static enum tally_status check_mac(const uint8_t key[HAL_READER_KEY_LEN], const uint8_t *bytes,
                                   size_t len, const uint8_t mac[TALLY_MSR_MAC_LEN])
{
    uint8_t expected[TALLY_HASH_LEN];
    TALLY_TRY(tally_hmac(key, (struct tally_slice){bytes, len}, expected));
    bool is_right = is_same(expected, mac, TALLY_MSR_MAC_LEN);
    explicit_bzero(expected, sizeof expected);
    return is_right ? TALLY_OK : TALLY_E_READER_SWAPPED;
}

static uint32_t get_le32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* What is signed begins with the counter; what is sent ends with it. 0 is never above `last`. */
enum tally_status hal_signed_check(const struct hal_msr_layout *layout,
                                   const uint8_t key[HAL_READER_KEY_LEN], uint32_t last,
                                   const uint8_t *report, size_t len, uint32_t *ret_counter)
{
    assert(layout != NULL && key != NULL && report != NULL && ret_counter != NULL);

    uint8_t text[TALLY_MSR_COUNTER_LEN + TALLY_MSR_REPORT_LEN];
    if (!hal_signed_has_trailer(layout) || len != TALLY_MSR_SIGNED_REPORT_LEN) {
        return TALLY_E_DEVICE;
    }
    memcpy(text, report + TALLY_MSR_COUNTER_AT, TALLY_MSR_COUNTER_LEN);
    memcpy(text + TALLY_MSR_COUNTER_LEN, report, TALLY_MSR_REPORT_LEN);
    enum tally_status status = check_mac(key, text, sizeof text, report + TALLY_MSR_MAC_AT);
    explicit_bzero(text, sizeof text);
    TALLY_TRY(status);
    uint32_t counter = get_le32(report + TALLY_MSR_COUNTER_AT);
    if (counter <= last) {
        return TALLY_E_READER_SWAPPED;
    }
    *ret_counter = counter;
    return TALLY_OK;
}

/* ---- commands ---- */

static void write_command(enum tally_msr_command command, const uint8_t *data, size_t len,
                          uint8_t ret_command[TALLY_MSR_FEATURE_LEN])
{
    assert(len <= TALLY_MSR_FEATURE_DATA_LEN_MAX);
    memset(ret_command, 0, TALLY_MSR_FEATURE_LEN);
    ret_command[TALLY_MSR_FEATURE_CODE_AT] = (uint8_t)command;
    ret_command[TALLY_MSR_FEATURE_DATA_LEN_AT] = (uint8_t)len;
    for (size_t i = 0; i < len; i++) {
        ret_command[TALLY_MSR_FEATURE_DATA_AT + i] = data[i];
    }
}

void hal_signed_ask(enum tally_msr_property property, uint8_t ret_command[TALLY_MSR_FEATURE_LEN])
{
    const uint8_t data[] = {(uint8_t)property};
    write_command(TALLY_MSR_GET_PROP, data, sizeof data, ret_command);
}

void hal_signed_ask_proof(const uint8_t nonce[TALLY_MSR_NONCE_LEN],
                          uint8_t ret_command[TALLY_MSR_FEATURE_LEN])
{
    uint8_t data[1 + TALLY_MSR_NONCE_LEN] = {TALLY_MSR_PROP_PROOF};
    memcpy(data + 1, nonce, TALLY_MSR_NONCE_LEN);
    write_command(TALLY_MSR_GET_PROP, data, sizeof data, ret_command);
}

void hal_signed_set_key(const uint8_t key[HAL_READER_KEY_LEN], int half,
                        uint8_t ret_command[TALLY_MSR_FEATURE_LEN])
{
    assert(half == 0 || half == 1);
    uint8_t data[1 + TALLY_MSR_PAIR_HALF_LEN] = {(uint8_t)(TALLY_MSR_PROP_PAIR_KEY_1 + half)};
    memcpy(data + 1, key + half * TALLY_MSR_PAIR_HALF_LEN, TALLY_MSR_PAIR_HALF_LEN);
    write_command(TALLY_MSR_SET_PROP, data, sizeof data, ret_command);
    explicit_bzero(data, sizeof data);
}

void hal_signed_set_form(enum tally_msr_form form, uint8_t ret_command[TALLY_MSR_FEATURE_LEN])
{
    const uint8_t data[] = {TALLY_MSR_PROP_FORM, (uint8_t)form};
    write_command(TALLY_MSR_SET_PROP, data, sizeof data, ret_command);
}

void hal_signed_reset(uint8_t ret_command[TALLY_MSR_FEATURE_LEN])
{
    write_command(TALLY_MSR_RESET, NULL, 0, ret_command);
}

/* ---- answers ---- */

enum tally_status hal_signed_answer(const uint8_t *answer, size_t len, const uint8_t **ret_data,
                                    size_t *ret_len)
{
    if (len != TALLY_MSR_FEATURE_LEN ||
        answer[TALLY_MSR_FEATURE_DATA_LEN_AT] > TALLY_MSR_FEATURE_DATA_LEN_MAX) {
        return TALLY_E_DEVICE;
    }
    if (answer[TALLY_MSR_FEATURE_CODE_AT] != TALLY_MSR_ANSWER_OK) {
        return answer[TALLY_MSR_FEATURE_CODE_AT] == TALLY_MSR_ANSWER_FAILED ? TALLY_E_NO_PERMISSION
                                                                            : TALLY_E_DEVICE;
    }
    if (ret_data != NULL) {
        *ret_data = answer + TALLY_MSR_FEATURE_DATA_AT;
    }
    if (ret_len != NULL) {
        *ret_len = answer[TALLY_MSR_FEATURE_DATA_LEN_AT];
    }
    return TALLY_OK;
}

bool hal_signed_is_ours(const uint8_t *answer, size_t len)
{
    const uint8_t *data = NULL;
    size_t data_len = 0, name_len = strlen(software_id);
    return hal_signed_answer(answer, len, &data, &data_len) == TALLY_OK && data_len >= name_len &&
           memcmp(data, software_id, name_len) == 0;
}

enum tally_status hal_signed_serial(const uint8_t *answer, size_t len,
                                    char ret_serial[HAL_READER_SERIAL_LEN_MAX + 1])
{
    const uint8_t *data = NULL;
    size_t data_len = 0;
    TALLY_TRY(hal_signed_answer(answer, len, &data, &data_len));
    for (size_t i = 0; i < data_len; i++) {
        if (data[i] < ' ' || data[i] > '~') {
            return TALLY_E_DEVICE;
        }
        ret_serial[i] = (char)data[i];
    }
    ret_serial[data_len] = '\0';
    return data_len > 0 ? TALLY_OK : TALLY_E_DEVICE;
}

enum tally_status hal_signed_proof(const struct hal_reader_pair *pair,
                                   const uint8_t nonce[TALLY_MSR_NONCE_LEN], const uint8_t *answer,
                                   size_t len)
{
    const uint8_t *proof = NULL;
    size_t proof_len = 0, serial_len = strlen(pair->serial);
    uint8_t text[TALLY_MSR_NONCE_LEN + HAL_READER_SERIAL_LEN_MAX];
    assert(serial_len <= HAL_READER_SERIAL_LEN_MAX);
    if (hal_signed_answer(answer, len, &proof, &proof_len) != TALLY_OK ||
        proof_len != TALLY_MSR_MAC_LEN) {
        return TALLY_E_READER_SWAPPED;
    }
    memcpy(text, nonce, TALLY_MSR_NONCE_LEN);
    memcpy(text + TALLY_MSR_NONCE_LEN, pair->serial, serial_len);
    return check_mac(pair->key, text, TALLY_MSR_NONCE_LEN + serial_len, proof);
}
