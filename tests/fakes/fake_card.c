/* SPDX-License-Identifier: Apache-2.0 */
/* Contactless cards behind a reader. The NTAG 424 DNA does its own arithmetic, from the data sheet
 * and with OpenSSL-checked primitives of app/crypto, not with hal/reader/tag424.c. */
#include "tests/fakes/fake_card.h"

#include "app/crypto/crypto.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void fake_unhex(const char *hex, uint8_t *ret_bytes, size_t *ret_len)
{
    size_t len = 0;
    for (const char *at = hex; *at != '\0';) {
        unsigned value = 0;
        if (*at == ' ') {
            at++;
            continue;
        }
        int read = sscanf(at, "%2x", &value);
        assert(read == 1);
        (void)read;
        ret_bytes[len++] = (uint8_t)value;
        at += 2;
    }
    *ret_len = len;
}

/* ---- answers ---- */

static size_t put(uint8_t *answer, const uint8_t *data, size_t len, unsigned sw)
{
    assert(len + 2 <= FAKE_CARD_ANSWER_MAX);
    if (len > 0) {
        memmove(answer, data, len);
    }
    answer[len] = (uint8_t)(sw >> 8);
    answer[len + 1] = (uint8_t)sw;
    return len + 2;
}

static size_t refuse(uint8_t *answer, unsigned sw)
{
    return put(answer, NULL, 0, sw);
}

/* ---- the reader's pseudo-commands ---- */

static size_t read_pages(struct fake_card *card, const uint8_t *apdu, uint8_t *answer)
{
    size_t at = (size_t)apdu[3] * 4;
    if (card->has_classic) {
        return card->is_classic_open ? put(answer, card->classic_block, 16, 0x9000)
                                     : refuse(answer, 0x6300);
    }
    if (card->pages_len == 0 || at >= card->pages_len) {
        return refuse(answer, 0x6300);
    }
    uint8_t pages[16] = {0};
    size_t left = card->pages_len - at;
    memcpy(pages, card->pages + at, left < 16 ? left : 16);
    return put(answer, pages, 16, 0x9000);
}

static size_t answer_pseudo(struct fake_card *card, const uint8_t *apdu, size_t len,
                            uint8_t *answer)
{
    switch (apdu[1]) {
    case 0xca:
        if (card->uid_len == 0) {
            return refuse(answer, 0x6e00);
        }
        if (apdu[2] == 1) {
            return card->is_iso_dep ? put(answer, (const uint8_t *)"\x75\x77\x81\x02", 4, 0x9000)
                                    : refuse(answer, 0x6a81);
        }
        return put(answer, card->uid, card->uid_len, 0x9000);
    case 0x82:
        card->has_classic_key = len == 11 && memcmp(apdu + 5, card->classic_key, 6) == 0;
        return refuse(answer, 0x9000);
    case 0x86:
        card->is_classic_open = card->has_classic && card->has_classic_key;
        return refuse(answer, card->is_classic_open ? 0x9000 : 0x6300);
    case 0xb0:
        return read_pages(card, apdu, answer);
    default:
        return refuse(answer, 0x6d00);
    }
}

/* ---- NTAG 424 DNA ---- */

static const uint8_t zeros[16];

static void cmac(const uint8_t key[16], const uint8_t *message, size_t len, uint8_t ret_mac[16])
{
    enum tally_status status = tally_aes_cmac(key, (struct tally_slice){message, len}, ret_mac);
    assert(status == TALLY_OK);
    (void)status;
}

static void encrypt(const uint8_t key[16], const uint8_t *plain, size_t len, uint8_t *ret_cipher)
{
    enum tally_status status =
        tally_aes_cbc_encrypt(key, zeros, (struct tally_slice){plain, len}, ret_cipher);
    assert(status == TALLY_OK);
    (void)status;
}

/* 01, UID (zeros for key 2), D2760000850101, "TLY", key number: TAGS.md. */
static void key_of(const struct fake_card *card, uint8_t number, uint8_t ret_key[16])
{
    uint8_t input[19] = {0x01};
    if (number != 2) {
        memcpy(input + 1, card->uid, 7);
    }
    memcpy(input + 8, "\xd2\x76\x00\x00\x85\x01\x01TLY", 10);
    input[18] = number;
    cmac(card->master, input, sizeof input, ret_key);
}

/* The card writes its message into the file, at each first read. */
static void mirror(struct fake_card *card)
{
    uint8_t meta[16], file[16], session[16], mac[16], plain[16] = {0xc7}, picc_data[16];
    uint8_t sv2[16] = {0x3c, 0xc3, 0x00, 0x01, 0x00, 0x80};
    const uint8_t counter[] = {(uint8_t)card->read_counter, (uint8_t)(card->read_counter >> 8),
                               (uint8_t)(card->read_counter >> 16)};
    key_of(card, 2, meta);
    key_of(card, 3, file);
    memcpy(plain + 1, card->uid, 7);
    memcpy(plain + 8, counter, 3);
    memcpy(plain + 11, "noise", 5);
    encrypt(meta, plain, 16, picc_data);
    memcpy(sv2 + 6, card->uid, 7);
    memcpy(sv2 + 13, counter, 3);
    cmac(file, sv2, 16, session);
    cmac(session, zeros, 0, mac);
    char uri[200];
    int len = snprintf(uri, sizeof uri, "%c%s?e=", 0x04, card->url);
    for (size_t i = 0; i < 16; i++) {
        len += snprintf(uri + len, sizeof uri - (size_t)len, "%02X", picc_data[i]);
    }
    len += snprintf(uri + len, sizeof uri - (size_t)len, "&c=");
    for (size_t i = 1; i < 16; i += 2) {
        len += snprintf(uri + len, sizeof uri - (size_t)len, "%02X", mac[i]);
    }
    fake_card_put_ndef(card, 'U', uri, (size_t)len);
}

static size_t prove_first(struct fake_card *card, const uint8_t *apdu, size_t len, uint8_t *answer)
{
    if (!card->is_424 || card->app != FAKE_NDEF_APP || len < 7 || apdu[5] != 1) {
        return refuse(answer, 0x6d00);
    }
    uint8_t cipher[16];
    key_of(card, 1, card->proof_key);
    card->proof_key[0] ^= card->forgets_proof_key ? 1 : 0;
    memset(card->rnd_b, 0x30 + (int)(card->read_counter & 0x0f), sizeof card->rnd_b);
    card->rnd_b[3] = 0x99;
    encrypt(card->proof_key, card->rnd_b, 16, cipher);
    card->is_proving = true;
    return put(answer, cipher, 16, 0x91af);
}

static size_t prove_second(struct fake_card *card, const uint8_t *apdu, size_t len, uint8_t *answer)
{
    uint8_t plain[32], reply[32] = {0x11, 0x22, 0x33, 0x44}, cipher[32];
    bool was_proving = card->is_proving;
    card->is_proving = false;
    if (!was_proving || len < 37 || apdu[4] != 32) {
        return refuse(answer, 0x917e);
    }
    enum tally_status status =
        tally_aes_cbc_decrypt(card->proof_key, zeros, (struct tally_slice){apdu + 5, 32}, plain);
    bool is_terminal_right = status == TALLY_OK && memcmp(plain + 16, card->rnd_b + 1, 15) == 0 &&
                             plain[31] == card->rnd_b[0];
    if (!is_terminal_right) {
        return refuse(answer, 0x91ae);
    }
    memcpy(reply + 4, plain + 1, 15);
    reply[19] = plain[0];
    encrypt(card->proof_key, reply, 32, cipher);
    return put(answer, cipher, 32, 0x9100);
}

/* ---- ISO/IEC 7816-4 ---- */

static const uint8_t ndef_name[] = {0xd2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x01};

static bool names(const uint8_t *apdu, size_t len, const void *name, size_t name_len)
{
    return name_len > 0 && len >= 5 + name_len && apdu[4] == name_len &&
           memcmp(apdu + 5, name, name_len) == 0;
}

static size_t select_name(struct fake_card *card, const uint8_t *apdu, size_t len, uint8_t *answer)
{
    card->app = FAKE_NO_APP;
    card->file = FAKE_NO_FILE;
    if (names(apdu, len, card->aid, card->aid_len)) {
        card->app = FAKE_OWN_APP;
    } else if (card->ndef_len > 0 && names(apdu, len, ndef_name, sizeof ndef_name)) {
        card->app = FAKE_NDEF_APP;
    } else if (!(card->has_ppse && names(apdu, len, "2PAY.SYS.DDF01", 14)) &&
               !(card->has_provider && names(apdu, len, card->provider, 5))) {
        return refuse(answer, 0x6a82);
    }
    return refuse(answer, 0x9000);
}

static size_t select_file(struct fake_card *card, const uint8_t *apdu, uint8_t *answer)
{
    unsigned id = (unsigned)apdu[5] << 8 | apdu[6];
    if (card->app != FAKE_NDEF_APP || (id != 0xe103 && id != 0xe104)) {
        return refuse(answer, 0x6a82);
    }
    card->file = id == 0xe103 ? FAKE_CC_FILE : FAKE_NDEF_FILE;
    if (card->is_424 && card->file == FAKE_NDEF_FILE) {
        card->read_counter++;
        mirror(card);
    }
    if (card->has_replay && card->file == FAKE_NDEF_FILE) {
        memcpy(card->ndef_file, card->replay_file, card->replay_len);
        card->ndef_len = card->replay_len;
    }
    return refuse(answer, 0x9000);
}

static size_t read_part(const uint8_t *file, size_t file_len, size_t at, size_t wanted,
                        uint8_t *answer)
{
    wanted = wanted == 0 ? 256 : wanted;
    if (at > file_len) {
        return refuse(answer, 0x6b00);
    }
    size_t left = file_len - at;
    return put(answer, file + at, left < wanted ? left : wanted, left < wanted ? 0x6282 : 0x9000);
}

static size_t read_binary(struct fake_card *card, const uint8_t *apdu, uint8_t *answer)
{
    const uint8_t cc[] = {0x00,
                          0x0f,
                          0x20,
                          (uint8_t)(card->mle >> 8),
                          (uint8_t)card->mle,
                          0x00,
                          0xff,
                          0x04,
                          0x06,
                          0xe1,
                          0x04,
                          0x04,
                          0x00,
                          0x00,
                          0x00};
    if ((apdu[2] & 0x80) != 0) {
        return card->app == FAKE_OWN_APP && !card->only_native
                   ? read_part((const uint8_t *)card->digits, strlen(card->digits), 0, apdu[4],
                               answer)
                   : refuse(answer, 0x6a82);
    }
    size_t at = (size_t)apdu[2] << 8 | apdu[3];
    switch (card->file) {
    case FAKE_CC_FILE:
        return read_part(cc, sizeof cc, at, apdu[4], answer);
    case FAKE_NDEF_FILE:
        return apdu[4] > card->mle
                   ? refuse(answer, 0x6700)
                   : read_part(card->ndef_file, card->ndef_len, at, apdu[4], answer);
    default:
        return refuse(answer, 0x6986);
    }
}

static size_t answer_native(struct fake_card *card, const uint8_t *apdu, size_t len,
                            uint8_t *answer)
{
    switch (apdu[1]) {
    case 0x5a:
        card->app = names(apdu, len, card->aid, card->aid_len) ? FAKE_OWN_APP : FAKE_NO_APP;
        return refuse(answer, card->app == FAKE_OWN_APP ? 0x9100 : 0x91a0);
    case 0xbd:
        return card->app == FAKE_OWN_APP
                   ? put(answer, (const uint8_t *)card->digits, strlen(card->digits), 0x9100)
                   : refuse(answer, 0x919d);
    case 0x71:
        return prove_first(card, apdu, len, answer);
    case 0xaf:
        return prove_second(card, apdu, len, answer);
    default:
        return refuse(answer, 0x911c);
    }
}

size_t fake_card_answer(struct fake_card *card, const uint8_t *apdu, size_t len,
                        uint8_t ret_answer[FAKE_CARD_ANSWER_MAX])
{
    assert(len >= 5);
    card->commands++;
    if (apdu[0] == 0xff) {
        return answer_pseudo(card, apdu, len, ret_answer);
    }
    if (!card->is_iso_dep) {
        return refuse(ret_answer, 0x6300);
    }
    if (apdu[0] == 0x90) {
        return answer_native(card, apdu, len, ret_answer);
    }
    if (apdu[1] == 0xa4) {
        return apdu[2] == 4 ? select_name(card, apdu, len, ret_answer)
                            : select_file(card, apdu, ret_answer);
    }
    return apdu[1] == 0xb0 ? read_binary(card, apdu, ret_answer) : refuse(ret_answer, 0x6d00);
}

void fake_card_reset(struct fake_card *card)
{
    card->app = FAKE_NO_APP;
    card->file = FAKE_NO_FILE;
    card->has_classic_key = card->is_classic_open = card->is_proving = false;
}

/* ---- ready-made ---- */

static void set_atr(struct fake_card *card, const char *hex)
{
    fake_unhex(hex, card->atr, &card->atr_len);
    uint8_t check = 0;
    for (size_t i = 1; i < card->atr_len; i++) {
        check ^= card->atr[i];
    }
    card->atr[card->atr_len++] = check;
}

struct fake_card fake_card_iso_dep(const char *uid_hex)
{
    struct fake_card card = {.is_iso_dep = true, .mle = 0x3b};
    fake_unhex(uid_hex, card.uid, &card.uid_len);
    set_atr(&card, "3b818001 80");
    return card;
}

struct fake_card fake_card_storage(const char *uid_hex, uint16_t name)
{
    struct fake_card card = {.is_iso_dep = false};
    char atr[64];
    fake_unhex(uid_hex, card.uid, &card.uid_len);
    snprintf(atr, sizeof atr, "3b8f8001 804f0ca000000306 03 %04x 00000000", name);
    set_atr(&card, atr);
    return card;
}

static size_t put_record(uint8_t *to, char type, const void *payload, size_t len)
{
    size_t at = 0;
    to[at++] = len > 255 ? 0xc1 : 0xd1;
    to[at++] = 1;
    if (len > 255) {
        to[at++] = 0;
        to[at++] = 0;
        to[at++] = (uint8_t)(len >> 8);
    }
    to[at++] = (uint8_t)len;
    to[at++] = (uint8_t)type;
    memcpy(to + at, payload, len);
    return at + len;
}

void fake_card_put_ndef(struct fake_card *card, char type, const void *payload, size_t len)
{
    assert(len < 1000);
    if (card->is_iso_dep) {
        size_t message_len = put_record(card->ndef_file + 2, type, payload, len);
        card->ndef_file[0] = (uint8_t)(message_len >> 8);
        card->ndef_file[1] = (uint8_t)message_len;
        card->ndef_len = message_len + 2;
        return;
    }
    static const uint8_t head[] = {0xe1, 0x10, 0x7f, 0x00, 0x01, 0x03, 0xa0, 0x10, 0x44};
    memcpy(card->pages + 12, head, sizeof head);
    size_t at = 12 + sizeof head;
    uint8_t *length = card->pages + at + 1;
    card->pages[at] = 0x03;
    at += len + 8 > 254 ? 4 : 2;
    size_t message_len = put_record(card->pages + at, type, payload, len);
    if (len + 8 > 254) {
        length[0] = 0xff;
        length[1] = (uint8_t)(message_len >> 8);
        length[2] = (uint8_t)message_len;
    } else {
        length[0] = (uint8_t)message_len;
    }
    at += message_len;
    card->pages[at++] = 0xfe;
    card->pages_len = (at + 15) / 16 * 16 + 16;
}

struct fake_card fake_card_424(const char *uid_hex, const uint8_t master[16])
{
    struct fake_card card = fake_card_iso_dep(uid_hex);
    card.is_424 = true;
    card.url = "club.example/t";
    memcpy(card.master, master, 16);
    card.mle = 0x100;
    mirror(&card);
    return card;
}
