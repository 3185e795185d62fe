/* firmware/usb/ccid.h: a CCID reader (Device Class Smart Card CCID, rev. 1.1) with one contactless
 * slot, at the short APDU level of exchange.
 *
 * Units    lengths are bytes, times are milliseconds
 * Memory   one struct; no heap; pointers that are handed out point into it
 * Errors   a message that is not understood is answered with bStatus "failed" and the bError of the
 *          specification's table 6.2-2: the offset of the byte that is wrong, or a reason
 * Threads  pure; one caller at a time */
#ifndef TALLY_FIRMWARE_USB_CCID_H
#define TALLY_FIRMWARE_USB_CCID_H

#include "firmware/usb/contactless.h"
#include "firmware/usb/setup.h"

enum {
    TALLY_CCID_HEADER_LEN = 10,
    TALLY_CCID_MESSAGE_LEN_MAX = 271, /* dwMaxCCIDMessageLength: 10 and a short APDU */
    TALLY_CCID_NOTICE_LEN = 2,
    TALLY_CCID_CLOCK_KHZ = 13560, /* dwDefaultClock: the carrier */
    TALLY_CCID_RATE_BPS = 105938, /* dwDataRate: carrier / 128 */
    TALLY_CCID_EXTEND_MS = 400    /* a card that takes longer: a time extension each time */
};

/* PC_to_RDR_Abort and the ABORT request (5.3.1) come as a pair, in either order. */
enum tally_ccid_abort { TALLY_CCID_NO_ABORT = 0, TALLY_CCID_ABORT_ASKED, TALLY_CCID_ABORT_SENT };

struct tally_ccid {
    struct tally_contactless card;
    uint32_t request_len; /* bytes that have come of the message that is being assembled */
    uint16_t answer_len;  /* 0: none waits */
    uint16_t packet_len; /* of the OUT endpoint: a piece that is no multiple of it ends a message */
    bool is_exchanging;  /* an XfrBlock waits for its card */
    bool was_present;    /* as the host was last told */
    bool has_notice;
    enum tally_ccid_abort abort;
    uint8_t abort_seq;
    uint8_t exchange_seq;
    uint32_t extend_at_ms;
    uint8_t scratch[4];
    uint8_t notice[TALLY_CCID_NOTICE_LEN];
    uint8_t request[TALLY_CCID_MESSAGE_LEN_MAX];
    uint8_t answer[TALLY_CCID_MESSAGE_LEN_MAX];
};

/* `slot` is borrowed. */
void tally_ccid_init(struct tally_ccid *ccid, const struct tally_card_slot *slot);

/* A host has set us up, or is gone. Everything under way is given up. */
void tally_ccid_reset(struct tally_ccid *ccid, uint16_t packet_len);

/* A class request to the interface: ABORT, GET_CLOCK_FREQUENCIES, GET_DATA_RATES. */
struct tally_usb_answer tally_ccid_setup(struct tally_ccid *ccid,
                                         const struct tally_usb_setup *setup);

/* A piece of a message: a packet, several, or all of it. A message ends where its dwLength says, or
 * with a piece that is no multiple of the packet length. May be called only while
 * tally_ccid_is_ready(). */
bool tally_ccid_is_ready(const struct tally_ccid *ccid);
void tally_ccid_received(struct tally_ccid *ccid, const uint8_t *bytes, size_t len,
                         uint32_t now_ms);

/* Looks for cards and asks after a slow one. Returns when it wants to be called again. */
uint32_t tally_ccid_time(struct tally_ccid *ccid, uint32_t now_ms);

/* The bulk message that waits to be sent (NULL: none), and that it is gone. */
const uint8_t *tally_ccid_pending(const struct tally_ccid *ccid, size_t *ret_len);
void tally_ccid_sent(struct tally_ccid *ccid);

/* RDR_to_PC_NotifySlotChange that waits to be sent (NULL: none), and that it is gone. */
const uint8_t *tally_ccid_notice(const struct tally_ccid *ccid, size_t *ret_len);
void tally_ccid_noticed(struct tally_ccid *ccid);

#endif
