/* firmware/usb/port.h: what a board lends to the reader: a memory for settings, HMAC, a card slot.
 *
 * Every part may be missing (NULL), and the reader then does without: no contactless interface, the
 * settings of the factory after each start, no signing.
 *
 * Units    lengths are bytes
 * Memory   all borrowed; buffers that are handed in last until the call returns
 * Errors   false, or a status; the reader says so to the terminal
 * Threads  called from within tally_usb_device_*() only */
#ifndef TALLY_FIRMWARE_USB_PORT_H
#define TALLY_FIRMWARE_USB_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the antenna ---- */

enum {
    TALLY_CARD_UID_LEN_MAX = 10,
    TALLY_CARD_ATS_LEN_MAX = 64,      /* TL counts itself; longer ones are cut */
    TALLY_CARD_COMMAND_LEN_MAX = 261, /* a short APDU: header, Lc, 255 bytes, Le */
    TALLY_CARD_ANSWER_LEN_MAX = 258   /* 256 bytes, SW1, SW2 */
};

/* A card that has been selected (ISO/IEC 14443-3 type A). Bytes in the order of the air. */
struct tally_slot_card {
    uint8_t uid_len; /* 4, 7 or 10 */
    uint8_t uid[TALLY_CARD_UID_LEN_MAX];
    uint8_t atqa[2];
    uint8_t sak;
    uint8_t ats_len; /* 0: no ISO/IEC 14443-4; else TL, T0, TA(1).., historical bytes */
    uint8_t ats[TALLY_CARD_ATS_LEN_MAX];
};

enum tally_card_status {
    TALLY_CARD_OK = 0,
    TALLY_CARD_WAIT,    /* not yet: ask again */
    TALLY_CARD_NONE,    /* there is no card, or it has left */
    TALLY_CARD_REFUSED, /* it is there, and did not answer or said no */
    TALLY_CARD_BROKEN   /* the front end itself does not answer */
};

/* One front end with one antenna. None of the calls blocks. look() and begin() start work that
 * their partner is asked for until it does not say WAIT; at most one of the two is under way. */
struct tally_card_slot {
    void *self;
    /* Looks whether a card stands there, the one that is selected or a new one. `ret_card` is
     * written on TALLY_CARD_OK only. WAIT: call look() again later to get the result.
     * OK, WAIT, NONE, BROKEN */
    enum tally_card_status (*look)(void *self, struct tally_slot_card *ret_card);
    /* Begins one exchange with the selected card. `bytes` are copied.
     * To an ISO/IEC 14443-4 card: an APDU; blocks, CRC and chaining are the front end's.
     * To any other: a command without CRC: `30 page`, `60 block key[6] uid[4]` (MIFARE Classic
     * key A; 61 is key B; the front end does the cipher). */
    void (*begin)(void *self, const uint8_t *bytes, size_t len);
    /* How that exchange ended. An authentication that worked answers OK without bytes.
     * OK (*ret_len bytes, at most `size`, are in ret_bytes), WAIT, NONE, REFUSED, BROKEN */
    enum tally_card_status (*end)(void *self, uint8_t *ret_bytes, size_t size, size_t *ret_len);
    /* Gives up what is under way and lets go of the card: whatever it had opened is closed. The
     * next look() or begin() selects it anew. */
    void (*drop)(void *self);
};

/* ---- the board ---- */

/* Records that outlast the power, each of one fixed length. */
enum tally_keep { TALLY_KEEP_SETTINGS = 0, TALLY_KEEP_PAIR, TALLY_KEEP_COUNTER, TALLY_KEEP_COUNT };

enum { TALLY_KEEP_LEN_MAX = 64, TALLY_HMAC_KEY_LEN = 32, TALLY_HMAC_LEN = 32 };

struct tally_ports {
    void *self;
    const char *serial;                 /* ASCII, 1 to 22 letters and digits; never NULL */
    const struct tally_card_slot *slot; /* NULL: no contactless interface */
    bool is_high_speed;                 /* the controller can do it: the device has a qualifier */

    /* Reads a record as it was saved. False: never saved, or it does not read back whole. */
    bool (*load)(void *self, enum tally_keep what, uint8_t *ret_bytes, size_t len);
    /* Replaces a record: after a power cut the old one or the new one is there, never a mixture.
     * False: the old one is still there. True: the new one outlasts a power cut from now on. */
    bool (*save)(void *self, enum tally_keep what, const uint8_t *bytes, size_t len);
    /* HMAC-SHA-256 (RFC 2104). False: the library failed. */
    bool (*hmac)(void *self, const uint8_t key[TALLY_HMAC_KEY_LEN], const uint8_t *bytes,
                 size_t len, uint8_t ret_mac[TALLY_HMAC_LEN]);
    /* Somebody stands at the reader and holds its button: a pair key may be replaced. NULL:
     * never. */
    bool (*may_pair)(void *self);
};

#endif
