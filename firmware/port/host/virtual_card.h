/* firmware/port/host/virtual_card.h: contactless cards that are not there, and an antenna for them.
 *
 * A card is made by one of the functions below, changed where a test wants it otherwise, and put on
 * the slot. It holds what it says: nothing on it is decided by the slot.
 *
 * Memory   structs of the caller's; a card is borrowed while it lies on the slot
 * Errors   what does not fit a card is an error of the test's: assert
 * Threads  one caller at a time */
#ifndef TALLY_FIRMWARE_PORT_HOST_VIRTUAL_CARD_H
#define TALLY_FIRMWARE_PORT_HOST_VIRTUAL_CARD_H

#include "firmware/usb/port.h"

enum {
    TALLY_VIRTUAL_MEMORY_LEN = 1024, /* 64 blocks of a MIFARE Classic 1K; all files of another */
    TALLY_VIRTUAL_FILES_MAX = 4,
    TALLY_VIRTUAL_AID_LEN_MAX = 16
};

enum tally_virtual_kind {
    TALLY_VIRTUAL_UID_ONLY = 0, /* says who it is and nothing else */
    TALLY_VIRTUAL_PAGES,        /* NTAG, MIFARE Ultralight: `30 page` reads four pages */
    TALLY_VIRTUAL_BLOCKS,       /* MIFARE Classic: key A or B first */
    TALLY_VIRTUAL_FILES         /* ISO/IEC 7816-4: SELECT, READ BINARY */
};

/* An elementary file, or (id 0) what SELECT of the application answers before SW1 SW2. */
struct tally_virtual_file {
    uint16_t id;
    uint16_t at; /* in the card's memory */
    uint16_t len;
};

struct tally_virtual_card {
    struct tally_slot_card card;
    enum tally_virtual_kind kind;
    uint16_t memory_len;
    uint8_t memory[TALLY_VIRTUAL_MEMORY_LEN];
    uint8_t key_a[6]; /* of all sectors */
    uint8_t key_b[6];
    uint8_t aid_len; /* one application */
    uint8_t aid[TALLY_VIRTUAL_AID_LEN_MAX];
    uint8_t file_count;
    struct tally_virtual_file files[TALLY_VIRTUAL_FILES_MAX];
    uint16_t waits;       /* how often each answer is "not yet" before it comes */
    bool is_gone_at_next; /* pulled away during the next exchange */
    bool is_mute;         /* answers no command */
};

/* A phone: a random UID of 4 bytes that begins with 08, and nothing more. */
void tally_virtual_phone(struct tally_virtual_card *card);
/* NTAG213 (UID of 7 bytes, 45 pages) with an NDEF message of up to 137 bytes. */
void tally_virtual_ntag213(struct tally_virtual_card *card, const uint8_t *ndef, size_t len);
/* MIFARE Classic 1K: `block` (16 bytes) stands in block `number`; `key` is key A of all sectors. */
void tally_virtual_classic(struct tally_virtual_card *card, const uint8_t key[6], uint8_t number,
                           const uint8_t block[16]);
/* NFC Forum Type 4 tag: capability container E103, NDEF file E104. Also an NTAG 424 DNA, whose SUN
 * message is text that comes out of the card ready made: give its NDEF message. */
void tally_virtual_type4(struct tally_virtual_card *card, const uint8_t *ndef, size_t len);
/* A DESFire as ISO/IEC 7816-4 sees it: one application with one file. */
void tally_virtual_desfire(struct tally_virtual_card *card, const uint8_t *aid, size_t aid_len,
                           uint16_t file, const uint8_t *bytes, size_t len);
/* A payment card: answers SELECT of the PPSE (EMV Contactless Book B). */
void tally_virtual_payment(struct tally_virtual_card *card);

struct tally_virtual_slot {
    struct tally_card_slot slot; /* give its address to tally_ports */
    struct tally_virtual_card *card;
    bool is_broken;   /* the front end answers nothing */
    uint16_t waits;   /* left, of the exchange under way */
    bool is_selected; /* the application */
    int16_t file;     /* index of the selected file, or -1 */
    int16_t sector;   /* that a key has opened, or -1 */
    uint16_t command_len;
    uint8_t command[TALLY_CARD_COMMAND_LEN_MAX];
    uint32_t exchanges; /* that have begun */
};

void tally_virtual_slot_init(struct tally_virtual_slot *slot);
/* NULL takes the card away. */
void tally_virtual_slot_put(struct tally_virtual_slot *slot, struct tally_virtual_card *card);

#endif
