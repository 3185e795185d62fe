/* SPDX-License-Identifier: Apache-2.0 */
/* Pair key, counter and MACs. */
#include "firmware/usb/signer.h"

#include "firmware/core/wipe.h"

enum { SERIAL_LEN_MAX = TALLY_MSR_FEATURE_DATA_LEN_MAX };

static void copy(uint8_t *to, const uint8_t *from, size_t len)
{
    while (len-- > 0) {
        *to++ = *from++;
    }
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;
    while (len-- > 0) {
        any |= *bytes++;
    }
    return any == 0;
}

static void put_le32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

/* ---- what is kept ---- */

static bool save(const struct tally_signer *signer, enum tally_keep what, const uint8_t *bytes,
                 size_t len)
{
    const struct tally_ports *ports = signer->ports;
    return ports->save != NULL && ports->save(ports->self, what, bytes, len);
}

static bool load(const struct tally_signer *signer, enum tally_keep what, uint8_t *ret_bytes,
                 size_t len)
{
    const struct tally_ports *ports = signer->ports;
    return ports->load != NULL && ports->load(ports->self, what, ret_bytes, len);
}

/* Every counter below `end` counts as used from now on, whenever the power goes. */
static bool keep_counter(struct tally_signer *signer, uint32_t end)
{
    uint8_t record[TALLY_SIGNER_COUNTER_RECORD_LEN];
    put_le32(record, end);
    if (!save(signer, TALLY_KEEP_COUNTER, record, sizeof record)) {
        return false;
    }
    signer->counter_end = end;
    return true;
}

/* A key without its counter could repeat one: such a reader is not paired. */
void tally_signer_init(struct tally_signer *signer, const struct tally_ports *ports)
{
    uint8_t record[TALLY_SIGNER_COUNTER_RECORD_LEN];
    tally_wipe(signer, sizeof *signer);
    signer->ports = ports;
    bool has_counter = load(signer, TALLY_KEEP_COUNTER, record, sizeof record);
    signer->counter = has_counter ? record[0] | (uint32_t)record[1] << 8 |
                                        (uint32_t)record[2] << 16 | (uint32_t)record[3] << 24
                                  : 1; /* 0 says: not signed */
    signer->counter_end = signer->counter;
    signer->is_paired = has_counter && ports->hmac != NULL &&
                        load(signer, TALLY_KEEP_PAIR, signer->key, sizeof signer->key) &&
                        !is_zero(signer->key, sizeof signer->key);
    if (!signer->is_paired) {
        tally_wipe(signer->key, sizeof signer->key);
    }
}

/* ---- pairing ---- */

static bool may_change(const struct tally_signer *signer)
{
    const struct tally_ports *ports = signer->ports;
    return !signer->is_paired || (ports->may_pair != NULL && ports->may_pair(ports->self));
}

/* The counter goes first: a key that is kept has its counter kept. */
static bool keep_key(struct tally_signer *signer, const uint8_t key[TALLY_HMAC_KEY_LEN])
{
    if (!keep_counter(signer, signer->counter) ||
        !save(signer, TALLY_KEEP_PAIR, key, TALLY_HMAC_KEY_LEN)) {
        return false;
    }
    copy(signer->key, key, TALLY_HMAC_KEY_LEN);
    signer->is_paired = !is_zero(key, TALLY_HMAC_KEY_LEN);
    return true;
}

void tally_signer_forget_half(struct tally_signer *signer)
{
    tally_wipe(signer->first_half, sizeof signer->first_half);
    signer->has_first_half = false;
}

enum tally_msr_answer tally_signer_pair(struct tally_signer *signer, int half,
                                        const uint8_t bytes[TALLY_MSR_PAIR_HALF_LEN])
{
    uint8_t key[TALLY_HMAC_KEY_LEN];
    if (!may_change(signer) || signer->ports->hmac == NULL) {
        return TALLY_MSR_ANSWER_FAILED;
    }
    if (half == 0) {
        copy(signer->first_half, bytes, sizeof signer->first_half);
        signer->has_first_half = true;
        return TALLY_MSR_ANSWER_OK;
    }
    if (!signer->has_first_half) {
        return TALLY_MSR_ANSWER_FAILED;
    }
    copy(key, signer->first_half, sizeof signer->first_half);
    copy(key + TALLY_MSR_PAIR_HALF_LEN, bytes, TALLY_MSR_PAIR_HALF_LEN);
    tally_signer_forget_half(signer);
    enum tally_msr_answer answer = TALLY_MSR_ANSWER_BAD_PARAMETER;
    if (!is_zero(key, sizeof key)) {
        answer = keep_key(signer, key) ? TALLY_MSR_ANSWER_OK : TALLY_MSR_ANSWER_FAILED;
    }
    tally_wipe(key, sizeof key);
    return answer;
}
_Static_assert(2 * (int)TALLY_MSR_PAIR_HALF_LEN == (int)TALLY_HMAC_KEY_LEN, "two halves are a key");

enum tally_msr_answer tally_signer_unpair(struct tally_signer *signer)
{
    static const uint8_t no_key[TALLY_HMAC_KEY_LEN];
    if (!signer->is_paired) {
        return TALLY_MSR_ANSWER_OK;
    }
    return may_change(signer) && keep_key(signer, no_key) ? TALLY_MSR_ANSWER_OK
                                                          : TALLY_MSR_ANSWER_FAILED;
}

/* ---- MACs ---- */

static bool take_counter(struct tally_signer *signer, uint32_t *ret_counter)
{
    if (signer->counter == UINT32_MAX) {
        return false;
    }
    if (signer->counter >= signer->counter_end) {
        uint32_t left = UINT32_MAX - signer->counter;
        uint32_t stride = left < TALLY_SIGNER_COUNTER_STRIDE ? left : TALLY_SIGNER_COUNTER_STRIDE;
        if (!keep_counter(signer, signer->counter + stride)) {
            return false;
        }
    }
    *ret_counter = signer->counter++;
    return true;
}

static bool mac_of(const struct tally_signer *signer, const uint8_t *bytes, size_t len,
                   uint8_t ret_mac[TALLY_MSR_MAC_LEN])
{
    uint8_t mac[TALLY_HMAC_LEN];
    bool is_made =
        signer->is_paired && signer->ports->hmac(signer->ports->self, signer->key, bytes, len, mac);
    if (is_made) {
        copy(ret_mac, mac, TALLY_MSR_MAC_LEN);
    }
    tally_wipe(mac, sizeof mac);
    return is_made;
}

bool tally_signer_sign(struct tally_signer *signer, const uint8_t report[TALLY_MSR_REPORT_LEN],
                       uint8_t ret_report[TALLY_MSR_SIGNED_REPORT_LEN])
{
    uint32_t counter = 0;
    uint8_t mac[TALLY_MSR_MAC_LEN] = {0};
    bool is_signed = signer->is_paired && take_counter(signer, &counter);
    if (is_signed) { /* what is signed begins with the counter; what is sent ends with it */
        put_le32(ret_report, counter);
        copy(ret_report + TALLY_MSR_COUNTER_LEN, report, TALLY_MSR_REPORT_LEN);
        is_signed = mac_of(signer, ret_report, TALLY_MSR_COUNTER_LEN + TALLY_MSR_REPORT_LEN, mac);
    }
    copy(ret_report, report, TALLY_MSR_REPORT_LEN);
    put_le32(ret_report + TALLY_MSR_COUNTER_AT, is_signed ? counter : 0);
    copy(ret_report + TALLY_MSR_MAC_AT, mac, sizeof mac);
    return is_signed;
}

bool tally_signer_prove(const struct tally_signer *signer, const uint8_t nonce[TALLY_MSR_NONCE_LEN],
                        uint8_t ret_proof[TALLY_MSR_MAC_LEN])
{
    uint8_t text[TALLY_MSR_NONCE_LEN + SERIAL_LEN_MAX];
    size_t len = TALLY_MSR_NONCE_LEN;
    const char *serial = signer->ports->serial;
    copy(text, nonce, TALLY_MSR_NONCE_LEN);
    for (int i = 0; serial[i] != '\0' && i < SERIAL_LEN_MAX; i++) {
        text[len++] = (uint8_t)serial[i];
    }
    return mac_of(signer, text, len, ret_proof);
}
