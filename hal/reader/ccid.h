/* hal/reader/ccid.h: CCID 1.1 messages, and one command on one slot.
 *
 * Names as in the "Specification for Integrated Circuit(s) Cards Interface Devices", revision 1.1,
 * 22 April 2005. Spoken: short APDU level, extended APDU level (short APDUs only, for nothing here
 * is longer), and TPDU level with protocol T=0. Not spoken: character level, TPDU level with T=1
 * alone, PINs, and parameters: a contactless reader has nothing to negotiate.
 *
 * Units    lengths are bytes, times are milliseconds.
 * Memory   nothing is allocated; a struct hal_ccid holds the command under way.
 * Errors   the reader's bytes come from outside: whatever they are, a command ends.
 * Threads  one at a time.
 * Privacy  hal_ccid_wipe() when an answer was used: it may be somebody's payment card. */
#ifndef HAL_READER_CCID_H
#define HAL_READER_CCID_H

#include "app/core/bytes.h"
#include "app/core/status.h"

enum {
    HAL_CCID_CLASS = 0x0b, /* bInterfaceClass */
    HAL_CCID_PROTOCOL_BULK = 0,
    HAL_CCID_HEADER_LEN = 10,
    HAL_CCID_APDU_LEN_MAX = 261,      /* a short one: header, Lc, 255 bytes, Le */
    HAL_CCID_ANSWER_LEN_MAX = 514,    /* longer is refused: nothing here asks for more than 258 */
    HAL_CCID_MESSAGE_LEN_MAX = 65556, /* dwMaxCCIDMessageLength above this is cut to it */
    HAL_CCID_MESSAGE_LEN_MIN = HAL_CCID_HEADER_LEN + HAL_CCID_APDU_LEN_MAX,
    HAL_CCID_SLOTS_MAX = 16, /* further slots of one interface are left alone */
    HAL_CCID_VOLTAGES_MAX = 3,
    HAL_CCID_WAIT_MS = 3000 /* for one answer; slow readers take up to 1 s for a slot status */
};

/* 5.1 */
enum {
    HAL_CCID_FEATURE_AUTO_VOLTAGE = 0x00000008,
    HAL_CCID_FEATURE_TPDU = 0x00010000,
    HAL_CCID_FEATURE_SHORT_APDU = 0x00020000,
    HAL_CCID_FEATURE_EXTENDED_APDU = 0x00040000
};

struct hal_ccid_class {
    uint16_t bcdCCID;
    uint8_t bMaxSlotIndex;
    uint8_t bVoltageSupport; /* bit 0: 5.0 V, 1: 3.0 V, 2: 1.8 V */
    uint32_t dwProtocols;    /* bit 0: T=0, 1: T=1 */
    uint32_t dwMaxIFSD;
    uint32_t dwFeatures;
    uint32_t dwMaxCCIDMessageLength;
    uint8_t bClassGetResponse;
    uint8_t bMaxCCIDBusySlots;
};

/* Finds the class descriptor (5.1, 54 bytes, type 21) among what follows an interface descriptor.
 *   TALLY_OK
 *   TALLY_E_NOT_FOUND  none
 *   TALLY_E_DEVICE     the descriptors are cut off, or its messages are too short for a short
 *   APDU */
TALLY_MUST_USE enum tally_status hal_ccid_class_read(struct tally_slice descriptors,
                                                     struct hal_ccid_class *ret_class);

/* Whether its level of exchange is one that is spoken here. */
bool hal_ccid_is_spoken(const struct hal_ccid_class *about);

/* How many slots are looked at, 1 to HAL_CCID_SLOTS_MAX. */
unsigned hal_ccid_slot_count(const struct hal_ccid_class *about);

/* bPowerSelect values to try one after the other (6.1.1): 0 where the reader chooses itself. */
unsigned hal_ccid_voltages(const struct hal_ccid_class *about,
                           uint8_t ret_voltages[HAL_CCID_VOLTAGES_MAX]);

/* ---- the interrupt endpoint (6.3) ---- */

enum hal_ccid_notice_kind {
    HAL_CCID_NOTICE_NONE = 0, /* nothing that is known */
    HAL_CCID_NOTICE_SLOTS,    /* RDR_to_PC_NotifySlotChange */
    HAL_CCID_NOTICE_HARDWARE  /* RDR_to_PC_HardwareError, for whatever slot */
};

struct hal_ccid_notice {
    enum hal_ccid_notice_kind kind;
    uint32_t present; /* bit n: slot n holds a card */
    uint32_t changed; /* bit n: slot n has changed, or said for the first time */
};

/* Slots past what the report tells, and past HAL_CCID_SLOTS_MAX, have no bits. */
struct hal_ccid_notice hal_ccid_notice_read(const uint8_t *report, size_t len);

/* How long the longest such report is. */
size_t hal_ccid_notice_len(const struct hal_ccid_class *about);

/* ---- one command ---- */

/* 6.2.6, bmICCStatus */
enum hal_ccid_presence {
    HAL_CCID_ACTIVE = 0,
    HAL_CCID_INACTIVE = 1,
    HAL_CCID_ABSENT = 2,
    HAL_CCID_UNKNOWN = 3 /* no valid answer came */
};

enum hal_ccid_outcome {
    HAL_CCID_DONE = 0,
    HAL_CCID_BUSY,    /* the slot is busy: send it again in a while */
    HAL_CCID_REFUSED, /* the reader says that it failed: `bError` */
    HAL_CCID_GARBLED  /* no answer that fits: bytes missing, too many, or not to this command */
};

enum hal_ccid_next {
    HAL_CCID_SEND = 0, /* hal_ccid_message() is to be sent, then wait */
    HAL_CCID_WAIT,     /* that was not it: go on waiting as before */
    HAL_CCID_EXTEND,   /* the card needs more time: wait `wait_ms` from now on */
    HAL_CCID_END       /* see `outcome` */
};

/* 6.2.6, bError */
enum {
    HAL_CCID_ERROR_MUTE = 0xfe,
    HAL_CCID_ERROR_PARITY = 0xfd,
    HAL_CCID_ERROR_OVERRUN = 0xfc,
    HAL_CCID_ERROR_HARDWARE = 0xfb,
    HAL_CCID_ERROR_PROTOCOL = 0xf6,
    HAL_CCID_ERROR_BUSY = 0xe0,
    HAL_CCID_ERROR_SLOT = 0x05,
    HAL_CCID_ERROR_LENGTH = 0x01,
    HAL_CCID_ERROR_UNSUPPORTED = 0x00
};

struct hal_ccid {
    struct hal_ccid_class about;
    enum hal_ccid_outcome outcome;
    enum hal_ccid_presence presence;
    uint8_t bError;   /* of HAL_CCID_REFUSED */
    uint32_t wait_ms; /* for the next answer */

    uint8_t message[HAL_CCID_MESSAGE_LEN_MIN]; /* to send */
    size_t message_len;
    uint8_t answer[HAL_CCID_ANSWER_LEN_MAX]; /* of HAL_CCID_DONE: ATR, or data with SW1 SW2 */
    size_t answer_len;

    /* private */
    uint8_t bSlot;
    uint8_t bSeq;
    uint8_t expected; /* bMessageType of the answer */
    uint8_t apdu[HAL_CCID_APDU_LEN_MAX];
    size_t apdu_len;
    size_t data_len;     /* what GET RESPONSE adds to */
    unsigned stray;      /* answers to something else */
    unsigned extensions; /* of time */
    unsigned rounds;     /* of GET RESPONSE, corrected Le and chained blocks */
};

void hal_ccid_init(struct hal_ccid *ccid, const struct hal_ccid_class *about);

/* Each of these begins a command: hal_ccid_message() is to be sent. A slot is below
 * hal_ccid_slot_count(). */
void hal_ccid_get_slot_status(struct hal_ccid *ccid, uint8_t slot);
void hal_ccid_power_on(struct hal_ccid *ccid, uint8_t slot, uint8_t bPowerSelect);
void hal_ccid_power_off(struct hal_ccid *ccid, uint8_t slot);
/* A short APDU of 4 to HAL_CCID_APDU_LEN_MAX bytes. */
void hal_ccid_transmit(struct hal_ccid *ccid, uint8_t slot, const uint8_t *apdu, size_t len);
/* 6.1.13, after the ABORT request on the control endpoint (5.3.1): breaks off the last command,
 * whose bSeq it repeats. Its answers are skipped. */
void hal_ccid_abort(struct hal_ccid *ccid);

/* Sends the last message again, under a new bSeq. */
void hal_ccid_again(struct hal_ccid *ccid);

const uint8_t *hal_ccid_message(const struct hal_ccid *ccid, size_t *ret_len);

/* One transfer from the reader. */
enum hal_ccid_next hal_ccid_received(struct hal_ccid *ccid, const uint8_t *bytes, size_t len);

/* wValue of the ABORT request that belongs to hal_ccid_abort() (5.3.1). */
uint16_t hal_ccid_abort_value(const struct hal_ccid *ccid);

/* Wipes what went over the wire; the reader's features and bSeq stay. */
void hal_ccid_wipe(struct hal_ccid *ccid);

#endif
