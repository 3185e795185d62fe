/* SPDX-License-Identifier: Apache-2.0 */
/* Words to virtual cards. */
#include "firmware/port/linux-gadget/taps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 5, BYTES_MAX = 256, TEXT_MAX = 1000, KEY_LEN = 6, BLOCK_LEN = 16 };
enum { NTAG213_NDEF_LEN_MAX = 137, BLOCKS = 64 };

struct bytes {
    size_t len;
    uint8_t bytes[BYTES_MAX];
};

/* ---- words ---- */

static bool hex(const char *text, struct bytes *ret_bytes)
{
    size_t len = strlen(text);
    if (len % 2 != 0 || len / 2 > BYTES_MAX || strspn(text, "0123456789abcdefABCDEF") != len) {
        return false;
    }
    for (size_t i = 0; i < len / 2; i++) {
        const char pair[] = {text[2 * i], text[2 * i + 1], '\0'};
        ret_bytes->bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    ret_bytes->len = len / 2;
    return true;
}

/* NFC Forum RTD Text, 3.2: one short record, UTF-8, English. */
static bool text_record(const char *text, struct bytes *ret_ndef)
{
    static const uint8_t head[] = {0xd1, 0x01, 0, 'T', 0x02, 'e', 'n'};
    size_t len = strlen(text);
    if (sizeof head + len > BYTES_MAX) {
        return false;
    }
    memcpy(ret_ndef->bytes, head, sizeof head);
    memcpy(ret_ndef->bytes + sizeof head, text, len);
    ret_ndef->bytes[2] = (uint8_t)(len + 3);
    ret_ndef->len = sizeof head + len;
    return true;
}

static bool ndef(const char *word, struct bytes *ret_ndef)
{
    return strncmp(word, "text:", 5) == 0 ? text_record(word + 5, ret_ndef) : hex(word, ret_ndef);
}

/* ---- kinds ---- */

static const char *phone(char *const words[], struct tally_virtual_card *ret_card)
{
    (void)words;
    tally_virtual_phone(ret_card);
    return NULL;
}

static const char *payment(char *const words[], struct tally_virtual_card *ret_card)
{
    (void)words;
    tally_virtual_payment(ret_card);
    return NULL;
}

static const char *ntag213(char *const words[], struct tally_virtual_card *ret_card)
{
    struct bytes message;
    if (!ndef(words[1], &message) || message.len > NTAG213_NDEF_LEN_MAX) {
        return "ntag213 takes an NDEF message of up to 137 bytes in hex, or text:WORD";
    }
    tally_virtual_ntag213(ret_card, message.bytes, message.len);
    return NULL;
}

static const char *type4(char *const words[], struct tally_virtual_card *ret_card)
{
    struct bytes message;
    if (!ndef(words[1], &message)) {
        return "type4 takes an NDEF message of up to 256 bytes in hex, or text:WORD";
    }
    tally_virtual_type4(ret_card, message.bytes, message.len);
    return NULL;
}

static const char *classic(char *const words[], struct tally_virtual_card *ret_card)
{
    struct bytes key, block;
    char *end = NULL;
    unsigned long number = strtoul(words[2], &end, 10);
    if (!hex(words[1], &key) || key.len != KEY_LEN || *end != '\0' || number >= BLOCKS ||
        !hex(words[3], &block) || block.len != BLOCK_LEN) {
        return "classic takes a key (6 bytes in hex), a block number and its 16 bytes in hex";
    }
    tally_virtual_classic(ret_card, key.bytes, (uint8_t)number, block.bytes);
    return NULL;
}

static const char *desfire(char *const words[], struct tally_virtual_card *ret_card)
{
    struct bytes aid, file, content;
    if (!hex(words[1], &aid) || aid.len == 0 || aid.len > TALLY_VIRTUAL_AID_LEN_MAX ||
        !hex(words[2], &file) || file.len != 2 || !hex(words[3], &content)) {
        return "desfire takes an AID, a file number of 2 bytes and the file, all in hex";
    }
    tally_virtual_desfire(ret_card, aid.bytes, aid.len,
                          (uint16_t)(file.bytes[0] << 8 | file.bytes[1]), content.bytes,
                          content.len);
    return NULL;
}

static const struct {
    const char *name;
    size_t words; /* the name too */
    const char *(*make)(char *const words[], struct tally_virtual_card *ret_card);
} kinds[] = {
    {"phone", 1, phone}, {"payment", 1, payment}, {"ntag213", 2, ntag213},
    {"type4", 2, type4}, {"classic", 4, classic}, {"desfire", 4, desfire},
};

static const char *give_uid(const char *word, struct tally_virtual_card *card)
{
    struct bytes uid;
    if (!hex(word, &uid) || (uid.len != 4 && uid.len != 7 && uid.len != 10)) {
        return "a uid is 4, 7 or 10 bytes in hex";
    }
    card->card.uid_len = (uint8_t)uid.len;
    memcpy(card->card.uid, uid.bytes, uid.len);
    return NULL;
}

static const char *make(char *words[], size_t count, struct tally_virtual_card *ret_card)
{
    const char *uid = NULL;
    if (count > 0 && strncmp(words[count - 1], "uid=", 4) == 0) {
        uid = words[--count] + 4;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (count == kinds[i].words && strcmp(words[0], kinds[i].name) == 0) {
            const char *wrong = kinds[i].make(words, ret_card);
            return wrong != NULL || uid == NULL ? wrong : give_uid(uid, ret_card);
        }
    }
    return "a card is: phone, payment, ntag213 NDEF, type4 NDEF, classic KEY BLOCK DATA, "
           "desfire AID FILE DATA; then uid=HEX if it is to be another";
}

const char *taps_card(const char *description, struct tally_virtual_card *ret_card)
{
    char text[TEXT_MAX + 1], *words[WORDS_MAX], *rest = NULL;
    size_t count = 0;
    if (strlen(description) > TEXT_MAX) {
        return "a card is described in 1000 characters";
    }
    snprintf(text, sizeof text, "%s", description);
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (count == WORDS_MAX) {
            return "there are too many words";
        }
        words[count++] = word;
    }
    const char *wrong = make(words, count, ret_card);
    explicit_bzero(text, sizeof text);
    return wrong;
}
