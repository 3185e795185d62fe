/* SPDX-License-Identifier: Apache-2.0 */
/* ATR and pseudo APDUs of a contactless card. */
#include "firmware/usb/contactless.h"

#include "firmware/core/wipe.h"

enum { SAK_ISO_DEP = 0x20, SAK_CLASSIC = 0x08 }; /* bits, ISO/IEC 14443-3 and NXP's AN10833 */
enum { CLA_READER = 0xff };
/* INS of the reader's own commands, PC/SC part 3 */
enum {
    INS_LOAD_KEYS = 0x82,
    INS_GENERAL_AUTHENTICATE = 0x86,
    INS_READ_BINARY = 0xb0,
    INS_GET_DATA = 0xca
};
/* offsets in a command APDU */
enum {
    CLA_AT = 0,
    INS_AT = 1,
    P1_AT = 2,
    P2_AT = 3,
    LC_AT = 4, /* or Le */
    DATA_AT = 5,
    APDU_LEN_MIN = 4
};
/* SW1 SW2 */
enum {
    SW_OK = 0x9000,
    SW_END_REACHED = 0x6282,
    SW_FAILED = 0x6300,
    SW_WRONG_LENGTH = 0x6700,
    SW_SECURITY = 0x6982,
    SW_KEY_TYPE = 0x6986,
    SW_KEY_NUMBER = 0x6988,
    SW_KEY_LENGTH = 0x6989,
    SW_NOT_SUPPORTED = 0x6a81,
    SW_WRONG_P1_P2 = 0x6b00,
    SW_WRONG_LE = 0x6c00,
    SW_CLASS = 0x6e00
};
enum { MIFARE_KEY_A = 0x60, MIFARE_KEY_B = 0x61, MIFARE_READ = 0x30, MIFARE_READ_LEN = 16 };
enum { LOOK_AGAIN_MS = 5 };

static void copy(uint8_t *to, const uint8_t *from, size_t len)
{
    while (len-- > 0) {
        *to++ = *from++;
    }
}

static bool is_iso_dep(const struct tally_slot_card *card)
{
    return (card->sak & SAK_ISO_DEP) != 0;
}

/* ---- coming and going ---- */

void tally_contactless_init(struct tally_contactless *contactless,
                            const struct tally_card_slot *slot)
{
    tally_wipe(contactless, sizeof *contactless);
    contactless->slot = slot;
}

void tally_contactless_off(struct tally_contactless *contactless)
{
    if (contactless->is_on) {
        contactless->slot->drop(contactless->slot->self);
    }
    contactless->is_on = false;
    contactless->exchange = TALLY_EXCHANGE_NONE;
    contactless->keys_loaded = 0;
    tally_wipe(contactless->keys, sizeof contactless->keys);
}

static void card_has_left(struct tally_contactless *contactless)
{
    tally_contactless_off(contactless);
    contactless->is_present = false;
    tally_wipe(&contactless->card, sizeof contactless->card);
}

static bool is_same(const struct tally_slot_card *one, const struct tally_slot_card *other)
{
    bool is_equal = one->uid_len == other->uid_len;
    for (int i = 0; i < TALLY_CARD_UID_LEN_MAX; i++) {
        is_equal = is_equal && one->uid[i] == other->uid[i];
    }
    return is_equal;
}

/* A field that a card cannot have filled is cut, whatever the front end says. */
static void card_has_come(struct tally_contactless *contactless, const struct tally_slot_card *card)
{
    contactless->card = *card;
    if (contactless->card.uid_len > TALLY_CARD_UID_LEN_MAX) {
        contactless->card.uid_len = TALLY_CARD_UID_LEN_MAX;
    }
    if (contactless->card.ats_len > TALLY_CARD_ATS_LEN_MAX) {
        contactless->card.ats_len = TALLY_CARD_ATS_LEN_MAX;
    }
    contactless->is_present = true;
}

uint32_t tally_contactless_look(struct tally_contactless *contactless, uint32_t now_ms)
{
    struct tally_slot_card card = {0};
    uint32_t wait_ms = contactless->look_at_ms - now_ms;
    if (!contactless->is_looking && wait_ms != 0 && wait_ms <= TALLY_CARD_LEAVE_ALONE_MS) {
        return contactless->look_at_ms;
    }
    enum tally_card_status status = contactless->slot->look(contactless->slot->self, &card);
    contactless->is_looking = status == TALLY_CARD_WAIT;
    if (contactless->is_looking) {
        return now_ms + LOOK_AGAIN_MS;
    }
    if (contactless->is_present &&
        (status != TALLY_CARD_OK || !is_same(&card, &contactless->card))) {
        card_has_left(contactless); /* another card comes with the next look */
    } else if (status == TALLY_CARD_OK && !contactless->is_present) {
        card_has_come(contactless, &card);
    }
    contactless->look_at_ms = now_ms + TALLY_CARD_LOOK_MS;
    return contactless->look_at_ms;
}

void tally_contactless_cancel(struct tally_contactless *contactless)
{
    if (contactless->exchange != TALLY_EXCHANGE_NONE || contactless->is_looking) {
        contactless->slot->drop(contactless->slot->self);
    }
    contactless->exchange = TALLY_EXCHANGE_NONE;
    contactless->is_looking = false;
}

/* ---- ATR (PC/SC part 3, 3.1.3.2.3) ---- */

/* The historical bytes stand in the ATS behind TL, T0 and those of TA, TB, TC that T0 announces. */
static uint8_t historical_bytes(const struct tally_slot_card *card, uint8_t ret_bytes[15])
{
    uint8_t at = 2, len = 0;
    if (card->ats_len < 2) {
        return 0;
    }
    for (uint8_t bit = 0x10; bit <= 0x40; bit = (uint8_t)(bit << 1)) {
        at += (card->ats[1] & bit) != 0;
    }
    while (at < card->ats_len && len < 15) {
        ret_bytes[len++] = card->ats[at++];
    }
    return len;
}

static uint8_t name_of(uint8_t sak)
{
    switch (sak) {
    case 0x08:
        return 0x01; /* MIFARE Classic 1K */
    case 0x18:
        return 0x02; /* MIFARE Classic 4K */
    case 0x00:
        return 0x03; /* MIFARE Ultralight, NTAG */
    case 0x09:
        return 0x26; /* MIFARE Mini */
    default:
        return 0;
    }
}

/* RID of PC/SC, standard 03 (ISO/IEC 14443 A, part 3), card name, four reserved bytes. */
static uint8_t storage_card_bytes(const struct tally_slot_card *card, uint8_t ret_bytes[15])
{
    static const uint8_t bytes[15] = {0x80, 0x4f, 0x0c, 0xa0, 0, 0, 0x03, 0x06, 0x03};
    uint8_t name = name_of(card->sak);
    copy(ret_bytes, bytes, sizeof bytes);
    ret_bytes[9] = name == 0 ? 0xff : 0;
    ret_bytes[10] = name == 0 ? card->sak : name;
    return sizeof bytes;
}

uint8_t tally_contactless_on(struct tally_contactless *contactless,
                             uint8_t ret_atr[TALLY_CARD_ATR_LEN_MAX])
{
    uint8_t len = 0, check = 0;
    if (!contactless->is_present) {
        return 0;
    }
    ret_atr[0] = 0x3b;
    ret_atr[2] = 0x80;
    ret_atr[3] = 0x01;
    len = is_iso_dep(&contactless->card) ? historical_bytes(&contactless->card, ret_atr + 4)
                                         : storage_card_bytes(&contactless->card, ret_atr + 4);
    ret_atr[1] = (uint8_t)(0x80 | len);
    len += 4;
    for (uint8_t i = 1; i < len; i++) {
        check ^= ret_atr[i];
    }
    ret_atr[len++] = check;
    contactless->is_on = true;
    return len;
}

/* ---- APDUs ---- */

static enum tally_card_status answer(uint8_t *ret_answer, size_t *ret_len, size_t data_len,
                                     uint16_t sw)
{
    ret_answer[data_len] = (uint8_t)(sw >> 8);
    ret_answer[data_len + 1] = (uint8_t)sw;
    *ret_len = data_len + 2;
    return TALLY_CARD_OK;
}

/* `le` is 0 for "all", else how many bytes are wanted of `len` that there are. */
static enum tally_card_status answer_data(uint8_t *ret_answer, size_t *ret_len, const uint8_t *data,
                                          uint8_t len, uint8_t le)
{
    if (le != 0 && le < len) {
        return answer(ret_answer, ret_len, 0, SW_WRONG_LE | len);
    }
    copy(ret_answer, data, len);
    return answer(ret_answer, ret_len, len, le > len ? SW_END_REACHED : SW_OK);
}

static enum tally_card_status get_data(const struct tally_contactless *contactless,
                                       const uint8_t *apdu, size_t len, uint8_t *ret_answer,
                                       size_t *ret_len)
{
    const struct tally_slot_card *card = &contactless->card;
    uint8_t le = len > APDU_LEN_MIN ? apdu[LC_AT] : 0;
    if (len > LC_AT + 1) {
        return answer(ret_answer, ret_len, 0, SW_WRONG_LENGTH);
    }
    if (apdu[P1_AT] == 0 && apdu[P2_AT] == 0) {
        return answer_data(ret_answer, ret_len, card->uid, card->uid_len, le);
    }
    if (apdu[P1_AT] == 1 && apdu[P2_AT] == 0 && card->ats_len > 0) {
        return answer_data(ret_answer, ret_len, card->ats, card->ats_len, le);
    }
    return answer(ret_answer, ret_len, 0, SW_NOT_SUPPORTED);
}

static uint16_t load_keys(struct tally_contactless *contactless, const uint8_t *apdu, size_t len)
{
    uint8_t number = apdu[P2_AT];
    if (apdu[P1_AT] != 0) { /* only plain card keys into memory that forgets */
        return SW_WRONG_P1_P2;
    }
    if (number >= TALLY_CARD_KEYS) {
        return SW_KEY_NUMBER;
    }
    if (len != DATA_AT + TALLY_CARD_KEY_LEN || apdu[LC_AT] != TALLY_CARD_KEY_LEN) {
        return SW_KEY_LENGTH;
    }
    copy(contactless->keys[number], apdu + DATA_AT, TALLY_CARD_KEY_LEN);
    contactless->keys_loaded |= (uint8_t)(1u << number);
    return SW_OK;
}

/* The card's command is the key type, the block, the key and the last four bytes of its UID. */
static void begin_authentication(struct tally_contactless *contactless, uint8_t block, uint8_t type,
                                 uint8_t number)
{
    enum { UID_PART_LEN = 4 };
    uint8_t command[2 + TALLY_CARD_KEY_LEN + UID_PART_LEN] = {type, block};
    const struct tally_slot_card *card = &contactless->card;
    uint8_t skipped = card->uid_len > UID_PART_LEN ? (uint8_t)(card->uid_len - UID_PART_LEN) : 0;
    copy(command + 2, contactless->keys[number], TALLY_CARD_KEY_LEN);
    copy(command + 2 + TALLY_CARD_KEY_LEN, card->uid + skipped, UID_PART_LEN);
    contactless->exchange = TALLY_EXCHANGE_AUTHENTICATE;
    contactless->slot->begin(contactless->slot->self, command, sizeof command);
    tally_wipe(command, sizeof command);
}

/* Data: version 1, 0, block, key type, key number. SW_OK: the exchange has begun. */
static uint16_t authenticate(struct tally_contactless *contactless, const uint8_t *apdu, size_t len)
{
    if (len != DATA_AT + 5 || apdu[LC_AT] != 5) {
        return SW_WRONG_LENGTH;
    }
    const uint8_t *data = apdu + DATA_AT;
    if (apdu[P1_AT] != 0 || apdu[P2_AT] != 0 || data[0] != 1 || data[1] != 0) {
        return SW_WRONG_P1_P2;
    }
    if ((contactless->card.sak & SAK_CLASSIC) == 0) {
        return SW_NOT_SUPPORTED;
    }
    if (data[3] != MIFARE_KEY_A && data[3] != MIFARE_KEY_B) {
        return SW_KEY_TYPE;
    }
    if (data[4] >= TALLY_CARD_KEYS || (contactless->keys_loaded & 1u << data[4]) == 0) {
        return SW_KEY_NUMBER;
    }
    begin_authentication(contactless, data[2], data[3], data[4]);
    return SW_OK;
}

/* SW_OK: the exchange has begun. */
static uint16_t read_binary(struct tally_contactless *contactless, const uint8_t *apdu, size_t len)
{
    if (len != LC_AT + 1) {
        return SW_WRONG_LENGTH;
    }
    if (apdu[P1_AT] != 0) {
        return SW_WRONG_P1_P2;
    }
    if (apdu[LC_AT] > MIFARE_READ_LEN) {
        return SW_WRONG_LE | MIFARE_READ_LEN;
    }
    const uint8_t command[2] = {MIFARE_READ, apdu[P2_AT]};
    contactless->read_len = apdu[LC_AT] == 0 ? MIFARE_READ_LEN : apdu[LC_AT];
    contactless->exchange = TALLY_EXCHANGE_READ;
    contactless->slot->begin(contactless->slot->self, command, sizeof command);
    return SW_OK;
}

static uint16_t storage_card_command(struct tally_contactless *contactless, const uint8_t *apdu,
                                     size_t len)
{
    switch (apdu[INS_AT]) {
    case INS_GENERAL_AUTHENTICATE:
        return authenticate(contactless, apdu, len);
    case INS_READ_BINARY:
        return read_binary(contactless, apdu, len);
    default:
        return SW_NOT_SUPPORTED;
    }
}

static enum tally_card_status reader_command(struct tally_contactless *contactless,
                                             const uint8_t *apdu, size_t len, uint8_t *ret_answer,
                                             size_t *ret_len)
{
    if (apdu[INS_AT] == INS_GET_DATA) {
        return get_data(contactless, apdu, len, ret_answer, ret_len);
    }
    if (apdu[INS_AT] == INS_LOAD_KEYS) {
        return answer(ret_answer, ret_len, 0, load_keys(contactless, apdu, len));
    }
    uint16_t sw = is_iso_dep(&contactless->card) ? SW_NOT_SUPPORTED
                                                 : storage_card_command(contactless, apdu, len);
    return sw == SW_OK ? TALLY_CARD_WAIT : answer(ret_answer, ret_len, 0, sw);
}

enum tally_card_status tally_contactless_begin(struct tally_contactless *contactless,
                                               const uint8_t *apdu, size_t len,
                                               uint8_t ret_answer[TALLY_CARD_ANSWER_LEN_MAX],
                                               size_t *ret_len)
{
    *ret_len = 0;
    if (!contactless->is_on || len < APDU_LEN_MIN || len > TALLY_CARD_COMMAND_LEN_MAX) {
        return TALLY_CARD_NONE;
    }
    tally_contactless_cancel(contactless);
    if (apdu[CLA_AT] == CLA_READER) {
        return reader_command(contactless, apdu, len, ret_answer, ret_len);
    }
    if (!is_iso_dep(&contactless->card)) {
        return answer(ret_answer, ret_len, 0, SW_CLASS);
    }
    contactless->exchange = TALLY_EXCHANGE_PASS;
    contactless->slot->begin(contactless->slot->self, apdu, len);
    return TALLY_CARD_WAIT;
}

/* ---- the end of an exchange ---- */

static enum tally_card_status finish(const struct tally_contactless *contactless,
                                     enum tally_contactless_exchange exchange, size_t len,
                                     uint8_t *ret_answer, size_t *ret_len)
{
    switch (exchange) {
    case TALLY_EXCHANGE_PASS: /* SW1 SW2 are the card's own */
        *ret_len = len;
        return len >= 2 ? TALLY_CARD_OK : TALLY_CARD_REFUSED;
    case TALLY_EXCHANGE_READ:
        return len < contactless->read_len
                   ? answer(ret_answer, ret_len, len, SW_END_REACHED)
                   : answer(ret_answer, ret_len, contactless->read_len, SW_OK);
    default:
        return answer(ret_answer, ret_len, 0, SW_OK);
    }
}

/* The card is there and said no, or nothing. */
static enum tally_card_status refuse(const struct tally_contactless *contactless,
                                     enum tally_contactless_exchange exchange, uint8_t *ret_answer,
                                     size_t *ret_len)
{
    bool is_classic = (contactless->card.sak & SAK_CLASSIC) != 0;
    if (exchange == TALLY_EXCHANGE_PASS) {
        return TALLY_CARD_REFUSED;
    }
    return answer(ret_answer, ret_len, 0,
                  exchange == TALLY_EXCHANGE_READ && is_classic ? SW_SECURITY : SW_FAILED);
}

enum tally_card_status tally_contactless_end(struct tally_contactless *contactless, uint32_t now_ms,
                                             uint8_t ret_answer[TALLY_CARD_ANSWER_LEN_MAX],
                                             size_t *ret_len)
{
    size_t len = 0;
    enum tally_contactless_exchange exchange = contactless->exchange;
    *ret_len = 0;
    size_t size = exchange == TALLY_EXCHANGE_PASS ? TALLY_CARD_ANSWER_LEN_MAX : MIFARE_READ_LEN;
    enum tally_card_status status =
        contactless->slot->end(contactless->slot->self, ret_answer, size, &len);
    if (status == TALLY_CARD_WAIT) {
        return status;
    }
    contactless->exchange = TALLY_EXCHANGE_NONE;
    contactless->look_at_ms = now_ms + TALLY_CARD_LEAVE_ALONE_MS;
    switch (status) {
    case TALLY_CARD_OK:
        return finish(contactless, exchange, len, ret_answer, ret_len);
    case TALLY_CARD_REFUSED:
        return refuse(contactless, exchange, ret_answer, ret_len);
    case TALLY_CARD_NONE:
        card_has_left(contactless);
        return TALLY_CARD_NONE;
    default:
        return TALLY_CARD_BROKEN;
    }
}
