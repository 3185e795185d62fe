/* firmware/usb/contactless.h: a contactless card as a PC/SC reader shows it: an ATR, and APDUs of
 * which those with CLA FF are the reader's own (PC/SC part 3, 3.1.3.2.3 and 3.2.2).
 *
 * Units    lengths are bytes, times are milliseconds
 * Memory   one struct; no heap
 * Errors   SW1 SW2 in the answer; TALLY_CARD_NONE when the card has left
 * Threads  pure; one caller at a time */
#ifndef TALLY_FIRMWARE_USB_CONTACTLESS_H
#define TALLY_FIRMWARE_USB_CONTACTLESS_H

#include "firmware/usb/port.h"

enum {
    TALLY_CARD_ATR_LEN_MAX = 20,
    TALLY_CARD_KEYS = 2, /* MIFARE Classic keys that can be loaded at a time */
    TALLY_CARD_KEY_LEN = 6,
    TALLY_CARD_LOOK_MS = 250,        /* how often the antenna is asked */
    TALLY_CARD_LEAVE_ALONE_MS = 1000 /* not after an exchange: looking ends an authentication */
};

/* What the exchange under way with the card is for. */
enum tally_contactless_exchange {
    TALLY_EXCHANGE_NONE = 0,
    TALLY_EXCHANGE_PASS, /* an APDU for the card itself */
    TALLY_EXCHANGE_READ, /* READ BINARY of a storage card */
    TALLY_EXCHANGE_AUTHENTICATE
};

struct tally_contactless {
    const struct tally_card_slot *slot; /* NULL: nothing will ever be there */
    struct tally_slot_card card;        /* while is_present */
    bool is_present;
    bool is_on; /* IccPowerOn has been asked for, and the same card is still there */
    bool is_looking;
    enum tally_contactless_exchange exchange;
    uint8_t read_len;    /* of a TALLY_EXCHANGE_READ: Le, 1 to 16 */
    uint8_t keys_loaded; /* bit n: key n */
    uint8_t keys[TALLY_CARD_KEYS][TALLY_CARD_KEY_LEN];
    uint32_t look_at_ms;
};

void tally_contactless_init(struct tally_contactless *contactless,
                            const struct tally_card_slot *slot);

/* Switches the card off and wipes the keys. The card may stay where it is. */
void tally_contactless_off(struct tally_contactless *contactless);

/* Looks for a card if it is time to. Not during an exchange. Returns when it wants to be called
 * again. */
uint32_t tally_contactless_look(struct tally_contactless *contactless, uint32_t now_ms);

/* Switches on and builds the ATR. Returns its length, 0 if there is no card. */
uint8_t tally_contactless_on(struct tally_contactless *contactless,
                             uint8_t ret_atr[TALLY_CARD_ATR_LEN_MAX]);

/* Begins an APDU of 4 to 261 bytes. What the reader answers itself is there at once.
 * OK: *ret_len bytes stand in ret_answer. WAIT: ask tally_contactless_end(). NONE: no card is
 * switched on, or the length is wrong. */
enum tally_card_status tally_contactless_begin(struct tally_contactless *contactless,
                                               const uint8_t *apdu, size_t len,
                                               uint8_t ret_answer[TALLY_CARD_ANSWER_LEN_MAX],
                                               size_t *ret_len);

/* OK: as above. WAIT: not yet. NONE: the card has left. REFUSED: it is mute. BROKEN: the front end
 * is. */
enum tally_card_status tally_contactless_end(struct tally_contactless *contactless, uint32_t now_ms,
                                             uint8_t ret_answer[TALLY_CARD_ANSWER_LEN_MAX],
                                             size_t *ret_len);

/* Gives up the exchange under way. The card has to be found again. */
void tally_contactless_cancel(struct tally_contactless *contactless);

#endif
