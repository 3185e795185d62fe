/* SPDX-License-Identifier: Apache-2.0 */
/* Cards as tables of bytes, and the few commands that read them. */
#include "firmware/port/host/virtual_card.h"

#include <assert.h>
#include <string.h>

enum { PAGE_LEN = 4, BLOCK_LEN = 16, SECTOR_BLOCKS = 4, READ_LEN = 16 };
enum { SW_LEN = 2, SELECT_BY_NAME = 0x04 };

/* ---- cards ---- */

static void be_card(struct tally_virtual_card *card, enum tally_virtual_kind kind, uint8_t atqa,
                    uint8_t sak, const char *uid, uint8_t uid_len)
{
    memset(card, 0, sizeof *card);
    card->kind = kind;
    card->card.atqa[0] = atqa;
    card->card.sak = sak;
    card->card.uid_len = uid_len;
    memcpy(card->card.uid, uid, uid_len);
}

static void give_ats(struct tally_virtual_card *card, const char *ats, uint8_t len)
{
    card->card.ats_len = len;
    memcpy(card->card.ats, ats, len);
}

static void put(uint8_t *to, const uint8_t *bytes, size_t len)
{
    if (len > 0) { /* no bytes at all may be no pointer either */
        memcpy(to, bytes, len);
    }
}

static uint16_t store(struct tally_virtual_card *card, const uint8_t *bytes, size_t len)
{
    uint16_t at = card->memory_len;
    assert(len <= sizeof card->memory - at);
    put(card->memory + at, bytes, len);
    card->memory_len = (uint16_t)(at + len);
    return at;
}

static void add_file(struct tally_virtual_card *card, uint16_t id, const uint8_t *bytes, size_t len)
{
    assert(card->file_count < TALLY_VIRTUAL_FILES_MAX);
    uint16_t at = store(card, bytes, len);
    card->files[card->file_count++] = (struct tally_virtual_file){id, at, (uint16_t)len};
}

static void give_aid(struct tally_virtual_card *card, const uint8_t *aid, size_t len)
{
    assert(len <= sizeof card->aid);
    card->aid_len = (uint8_t)len;
    put(card->aid, aid, len);
}

void tally_virtual_phone(struct tally_virtual_card *card)
{
    be_card(card, TALLY_VIRTUAL_UID_ONLY, 0x04, 0x20, "\x08\x5a\x31\xc7", 4);
    give_ats(card, "\x05\x78\x80\x70\x02", 5);
}

void tally_virtual_ntag213(struct tally_virtual_card *card, const uint8_t *ndef, size_t len)
{
    static const uint8_t head[16] = {0x04,
                                     0xa1,
                                     0xb2,
                                     0x04 ^ 0xa1 ^ 0xb2 ^ 0x88, /* BCC0 */
                                     0xc3,
                                     0xd4,
                                     0xe5,
                                     0x80,
                                     0xc3 ^ 0xd4 ^ 0xe5 ^ 0x80,
                                     0x48,
                                     0x00,
                                     0x00,
                                     0xe1,
                                     0x10,
                                     0x12,
                                     0x00};
    enum { PAGES = 45, USER_LEN = 144, TLV_LEN = 3 };
    be_card(card, TALLY_VIRTUAL_PAGES, 0x44, 0x00, "\x04\xa1\xb2\xc3\xd4\xe5\x80", 7);
    assert(len <= USER_LEN - TLV_LEN - 4);
    const uint8_t tlv[2] = {0x03, (uint8_t)len};
    const uint8_t end = 0xfe;
    (void)store(card, head, sizeof head);
    (void)store(card, tlv, sizeof tlv);
    (void)store(card, ndef, len);
    (void)store(card, &end, 1);
    card->memory_len = PAGES * PAGE_LEN;
}

void tally_virtual_classic(struct tally_virtual_card *card, const uint8_t key[6], uint8_t number,
                           const uint8_t block[16])
{
    static const uint8_t head[BLOCK_LEN] = {0xde, 0xad, 0x4b, 0x17, 0xde ^ 0xad ^ 0x4b ^ 0x17,
                                            0x08, 0x04, 0x00};
    be_card(card, TALLY_VIRTUAL_BLOCKS, 0x04, 0x08, "\xde\xad\x4b\x17", 4);
    card->memory_len = TALLY_VIRTUAL_MEMORY_LEN;
    assert(number < TALLY_VIRTUAL_MEMORY_LEN / BLOCK_LEN);
    memcpy(card->memory, head, sizeof head);
    memcpy(card->memory + number * BLOCK_LEN, block, BLOCK_LEN);
    memcpy(card->key_a, key, sizeof card->key_a);
    memset(card->key_b, 0xff, sizeof card->key_b);
}

void tally_virtual_type4(struct tally_virtual_card *card, const uint8_t *ndef, size_t len)
{
    static const uint8_t aid[] = {0xd2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x01};
    /* NFC Forum Type 4 Tag 2.0: CCLEN, version, MLe, MLc, NDEF file control TLV */
    static const uint8_t container[15] = {0x00, 0x0f, 0x20, 0x00, 0x80, 0x00, 0x34, 0x04,
                                          0x06, 0xe1, 0x04, 0x03, 0x00, 0x00, 0xff};
    const uint8_t length[2] = {(uint8_t)(len >> 8), (uint8_t)len};
    be_card(card, TALLY_VIRTUAL_FILES, 0x44, 0x20, "\x04\x5c\x11\x92\x6f\x70\x80", 7);
    give_ats(card, "\x06\x77\x77\x71\x02\x80", 6);
    give_aid(card, aid, sizeof aid);
    add_file(card, 0xe103, container, sizeof container);
    add_file(card, 0xe104, length, sizeof length);
    (void)store(card, ndef, len);
    card->files[1].len = (uint16_t)(sizeof length + len);
}

void tally_virtual_desfire(struct tally_virtual_card *card, const uint8_t *aid, size_t aid_len,
                           uint16_t file, const uint8_t *bytes, size_t len)
{
    be_card(card, TALLY_VIRTUAL_FILES, 0x44, 0x20, "\x04\x8d\x24\x32\x27\x3b\x80", 7);
    card->card.atqa[1] = 0x03;
    give_ats(card, "\x06\x75\x77\x81\x02\x80", 6);
    give_aid(card, aid, aid_len);
    add_file(card, file, bytes, len);
}

void tally_virtual_payment(struct tally_virtual_card *card)
{
    static const char ppse[] = "2PAY.SYS.DDF01";
    /* FCI with one made-up application: A0 00 00 00 03 10 10 */
    static const uint8_t fci[] = {0x6f, 0x23, 0x84, 0x0e, 0x32, 0x50, 0x41, 0x59, 0x2e, 0x53,
                                  0x59, 0x53, 0x2e, 0x44, 0x44, 0x46, 0x30, 0x31, 0xa5, 0x11,
                                  0xbf, 0x0c, 0x0e, 0x61, 0x0c, 0x4f, 0x07, 0xa0, 0x00, 0x00,
                                  0x00, 0x03, 0x10, 0x10, 0x87, 0x01, 0x01};
    be_card(card, TALLY_VIRTUAL_FILES, 0x04, 0x20, "\x4a\x29\x8e\xf6", 4);
    give_ats(card, "\x0b\x78\x80\x81\x02\x4b\x4f\x4e\x41\x14\x11", 11);
    give_aid(card, (const uint8_t *)ppse, sizeof ppse - 1);
    add_file(card, 0, fci, sizeof fci);
}

/* ---- commands ---- */

static enum tally_card_status status_word(uint16_t sw, size_t data_len, uint8_t *ret_bytes,
                                          size_t *ret_len)
{
    ret_bytes[data_len] = (uint8_t)(sw >> 8);
    ret_bytes[data_len + 1] = (uint8_t)sw;
    *ret_len = data_len + SW_LEN;
    return TALLY_CARD_OK;
}

/* Four pages; behind the last one comes the first again (NTAG213, 10.2). */
static enum tally_card_status read_pages(const struct tally_virtual_slot *slot, uint8_t *ret_bytes,
                                         size_t *ret_len)
{
    const struct tally_virtual_card *card = slot->card;
    size_t at = (size_t)slot->command[1] * PAGE_LEN;
    if (slot->command_len != 2 || slot->command[0] != 0x30 || at >= card->memory_len) {
        return TALLY_CARD_REFUSED;
    }
    for (size_t i = 0; i < READ_LEN; i++) {
        ret_bytes[i] = card->memory[(at + i) % card->memory_len];
    }
    *ret_len = READ_LEN;
    return TALLY_CARD_OK;
}

static enum tally_card_status open_sector(struct tally_virtual_slot *slot)
{
    const struct tally_virtual_card *card = slot->card;
    const uint8_t *key = slot->command[0] == 0x60 ? card->key_a : card->key_b;
    bool is_right = slot->command_len == 12 && slot->command[1] * BLOCK_LEN < card->memory_len &&
                    memcmp(slot->command + 2, key, sizeof card->key_a) == 0 &&
                    memcmp(slot->command + 8, card->card.uid, 4) == 0;
    slot->sector = (int16_t)(is_right ? slot->command[1] / SECTOR_BLOCKS : -1);
    return is_right ? TALLY_CARD_OK : TALLY_CARD_REFUSED;
}

static enum tally_card_status read_block(struct tally_virtual_slot *slot, uint8_t *ret_bytes,
                                         size_t *ret_len)
{
    if (slot->command_len > 0 && (slot->command[0] == 0x60 || slot->command[0] == 0x61)) {
        return open_sector(slot);
    }
    if (slot->command_len != 2 || slot->command[0] != 0x30 ||
        slot->command[1] / SECTOR_BLOCKS != slot->sector) {
        slot->sector = -1;
        return TALLY_CARD_REFUSED;
    }
    memcpy(ret_bytes, slot->card->memory + slot->command[1] * BLOCK_LEN, BLOCK_LEN);
    *ret_len = BLOCK_LEN;
    return TALLY_CARD_OK;
}

static int find_file(const struct tally_virtual_card *card, uint16_t id)
{
    for (int i = 0; i < card->file_count; i++) {
        if (card->files[i].id == id) {
            return i;
        }
    }
    return -1;
}

static enum tally_card_status select_application(struct tally_virtual_slot *slot,
                                                 uint8_t *ret_bytes, size_t *ret_len)
{
    const struct tally_virtual_card *card = slot->card;
    uint8_t len = slot->command[4];
    slot->file = -1;
    slot->is_selected = len == card->aid_len && slot->command_len >= 5 + len &&
                        memcmp(slot->command + 5, card->aid, len) == 0;
    if (!slot->is_selected) {
        return status_word(0x6a82, 0, ret_bytes, ret_len);
    }
    int answer = find_file(card, 0);
    if (answer < 0) {
        return status_word(0x9000, 0, ret_bytes, ret_len);
    }
    const struct tally_virtual_file *file = &card->files[answer];
    memcpy(ret_bytes, card->memory + file->at, file->len);
    return status_word(0x9000, file->len, ret_bytes, ret_len);
}

static enum tally_card_status select_file(struct tally_virtual_slot *slot, uint8_t *ret_bytes,
                                          size_t *ret_len)
{
    uint16_t id = (uint16_t)(slot->command[5] << 8 | slot->command[6]);
    bool is_found = slot->is_selected && slot->command_len >= 7 && slot->command[4] == 2 &&
                    id != 0 && find_file(slot->card, id) >= 0;
    slot->file = (int16_t)(is_found ? find_file(slot->card, id) : -1);
    return status_word(is_found ? 0x9000 : 0x6a82, 0, ret_bytes, ret_len);
}

/* P1 bit 8: a short file identifier in its low bits, and P2 is the offset. */
static enum tally_card_status read_binary(struct tally_virtual_slot *slot, uint8_t *ret_bytes,
                                          size_t *ret_len)
{
    const uint8_t *apdu = slot->command;
    bool is_short_id = (apdu[2] & 0x80) != 0;
    size_t offset = is_short_id ? apdu[3] : (size_t)(apdu[2] << 8 | apdu[3]);
    if (is_short_id && slot->is_selected) {
        for (int i = 0; i < slot->card->file_count; i++) {
            slot->file =
                (int16_t)((slot->card->files[i].id & 0x1f) == (apdu[2] & 0x1f) ? i : slot->file);
        }
    }
    if (slot->command_len != 5) {
        return status_word(0x6700, 0, ret_bytes, ret_len);
    }
    if (slot->file < 0) {
        return status_word(0x6986, 0, ret_bytes, ret_len);
    }
    const struct tally_virtual_file *file = &slot->card->files[slot->file];
    size_t wanted = apdu[4] == 0 ? 256 : apdu[4];
    if (offset > file->len) {
        return status_word(0x6b00, 0, ret_bytes, ret_len);
    }
    size_t len = wanted < file->len - offset ? wanted : file->len - offset;
    memcpy(ret_bytes, slot->card->memory + file->at + offset, len);
    return status_word(len < wanted && apdu[4] != 0 ? 0x6282 : 0x9000, len, ret_bytes, ret_len);
}

static enum tally_card_status do_apdu(struct tally_virtual_slot *slot, uint8_t *ret_bytes,
                                      size_t *ret_len)
{
    if (slot->command_len < 5 || slot->command[0] != 0x00) {
        return status_word(slot->command_len < 5 ? 0x6700 : 0x6e00, 0, ret_bytes, ret_len);
    }
    switch (slot->command[1]) {
    case 0xa4:
        return slot->command[2] == SELECT_BY_NAME ? select_application(slot, ret_bytes, ret_len)
                                                  : select_file(slot, ret_bytes, ret_len);
    case 0xb0:
        return read_binary(slot, ret_bytes, ret_len);
    default:
        return status_word(0x6d00, 0, ret_bytes, ret_len);
    }
}

static enum tally_card_status answer(struct tally_virtual_slot *slot, uint8_t *ret_bytes,
                                     size_t *ret_len)
{
    switch (slot->card->kind) {
    case TALLY_VIRTUAL_PAGES:
        return read_pages(slot, ret_bytes, ret_len);
    case TALLY_VIRTUAL_BLOCKS:
        return read_block(slot, ret_bytes, ret_len);
    case TALLY_VIRTUAL_FILES:
        return do_apdu(slot, ret_bytes, ret_len);
    default:
        return slot->card->card.ats_len > 0 ? status_word(0x6a82, 0, ret_bytes, ret_len)
                                            : TALLY_CARD_REFUSED;
    }
}

/* ---- the slot ---- */

static enum tally_card_status look(void *self, struct tally_slot_card *ret_card)
{
    struct tally_virtual_slot *slot = self;
    if (slot->is_broken) {
        return TALLY_CARD_BROKEN;
    }
    if (slot->card == NULL) {
        return TALLY_CARD_NONE;
    }
    *ret_card = slot->card->card;
    return TALLY_CARD_OK;
}

static void begin(void *self, const uint8_t *bytes, size_t len)
{
    struct tally_virtual_slot *slot = self;
    assert(len <= sizeof slot->command);
    memset(slot->command, 0, sizeof slot->command);
    memcpy(slot->command, bytes, len);
    slot->command_len = (uint16_t)len;
    slot->waits = slot->card != NULL ? slot->card->waits : 0;
    slot->exchanges++;
}

static enum tally_card_status end(void *self, uint8_t *ret_bytes, size_t size, size_t *ret_len)
{
    struct tally_virtual_slot *slot = self;
    uint8_t bytes[TALLY_VIRTUAL_MEMORY_LEN + SW_LEN];
    *ret_len = 0;
    if (slot->card != NULL && slot->card->is_gone_at_next) {
        slot->card = NULL;
    }
    if (slot->is_broken || slot->card == NULL) {
        return slot->is_broken ? TALLY_CARD_BROKEN : TALLY_CARD_NONE;
    }
    if (slot->waits > 0) {
        slot->waits--;
        return TALLY_CARD_WAIT;
    }
    size_t len = 0;
    enum tally_card_status status =
        slot->card->is_mute ? TALLY_CARD_REFUSED : answer(slot, bytes, &len);
    if (status == TALLY_CARD_OK && len > size) {
        return TALLY_CARD_REFUSED;
    }
    memcpy(ret_bytes, bytes, len);
    *ret_len = len;
    return status;
}

static void drop(void *self)
{
    struct tally_virtual_slot *slot = self;
    slot->is_selected = false;
    slot->file = -1;
    slot->sector = -1;
}

void tally_virtual_slot_init(struct tally_virtual_slot *slot)
{
    memset(slot, 0, sizeof *slot);
    slot->slot = (struct tally_card_slot){slot, look, begin, end, drop};
    drop(slot);
}

void tally_virtual_slot_put(struct tally_virtual_slot *slot, struct tally_virtual_card *card)
{
    drop(slot);
    slot->card = card;
}
