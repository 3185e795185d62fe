/* SPDX-License-Identifier: Apache-2.0 */
/* CCID messages (rev. 1.1, chapter 6) around a contactless card. */
#include "firmware/usb/ccid.h"

#include "firmware/core/wipe.h"

/* bMessageType, 6.1 and 6.2 */
enum {
    PC_TO_RDR_SET_PARAMETERS = 0x61,
    PC_TO_RDR_ICC_POWER_ON = 0x62,
    PC_TO_RDR_ICC_POWER_OFF = 0x63,
    PC_TO_RDR_GET_SLOT_STATUS = 0x65,
    PC_TO_RDR_SECURE = 0x69,
    PC_TO_RDR_ESCAPE = 0x6b,
    PC_TO_RDR_GET_PARAMETERS = 0x6c,
    PC_TO_RDR_RESET_PARAMETERS = 0x6d,
    PC_TO_RDR_XFR_BLOCK = 0x6f,
    PC_TO_RDR_ABORT = 0x72,
    PC_TO_RDR_SET_DATA_RATE = 0x73,
    RDR_TO_PC_NOTIFY_SLOT_CHANGE = 0x50,
    RDR_TO_PC_DATA_BLOCK = 0x80,
    RDR_TO_PC_SLOT_STATUS = 0x81,
    RDR_TO_PC_PARAMETERS = 0x82,
    RDR_TO_PC_ESCAPE = 0x83,
    RDR_TO_PC_DATA_RATE = 0x84
};

/* offsets in a message */
enum {
    TYPE_AT = 0,
    LENGTH_AT = 1,
    SLOT_AT = 5,
    SEQ_AT = 6,
    SPECIFIC_AT = 7, /* bPowerSelect, bProtocolNum, bBWI; on the way back bStatus */
    LEVEL_AT = 8,    /* wLevelParameter; on the way back bError, bChainParameter */
    STATUS_AT = 7,
    ERROR_AT = 8
};

enum { STATUS_FAILED = 0x40, STATUS_TIME_EXTENSION = 0x80 }; /* bmCommandStatus, table 6.2-1 */
enum { ICC_ACTIVE = 0, ICC_INACTIVE = 1, ICC_ABSENT = 2 };   /* bmICCStatus */
/* bError, table 6.2-2; 1 to 127 is the offset of the wrong byte */
enum {
    ERROR_NOT_SUPPORTED = 0x00,
    ERROR_LENGTH = LENGTH_AT,
    ERROR_SLOT = SLOT_AT,
    ERROR_SLOT_BUSY = 0xe0,
    ERROR_HARDWARE = 0xfb,
    ERROR_ICC_MUTE = 0xfe,
    ERROR_ABORTED = 0xff
};
enum { REQUEST_ABORT = 0x01, REQUEST_GET_CLOCK = 0x02, REQUEST_GET_RATES = 0x03 }; /* 5.3 */
enum { POWER_SELECT_MAX = 3, PROTOCOL_T1 = 1, BWT_MULTIPLIER = 1, POLL_MS = 5 };

static uint32_t le32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void put_le32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

/* ---- answers ---- */

static uint8_t icc_status(const struct tally_ccid *ccid)
{
    if (!ccid->card.is_present) {
        return ICC_ABSENT;
    }
    return ccid->card.is_on ? ICC_ACTIVE : ICC_INACTIVE;
}

/* An answer of `type` to message `seq`, whose data stands behind the header already. */
static void reply(struct tally_ccid *ccid, uint8_t type, uint8_t seq, size_t data_len,
                  uint8_t command_status, uint8_t error)
{
    uint8_t *answer = ccid->answer;
    answer[TYPE_AT] = type;
    put_le32(answer + LENGTH_AT, (uint32_t)data_len);
    answer[SLOT_AT] = 0;
    answer[SEQ_AT] = seq;
    answer[STATUS_AT] = command_status | icc_status(ccid);
    answer[ERROR_AT] = error;
    answer[9] = 0; /* the clock runs; no chaining */
    ccid->answer_len = (uint16_t)(TALLY_CCID_HEADER_LEN + data_len);
}

/* The kind of answer that each message has (table 6.1-1). */
static uint8_t answer_type(uint8_t message_type)
{
    switch (message_type) {
    case PC_TO_RDR_ICC_POWER_ON:
    case PC_TO_RDR_XFR_BLOCK:
    case PC_TO_RDR_SECURE:
        return RDR_TO_PC_DATA_BLOCK;
    case PC_TO_RDR_GET_PARAMETERS:
    case PC_TO_RDR_RESET_PARAMETERS:
    case PC_TO_RDR_SET_PARAMETERS:
        return RDR_TO_PC_PARAMETERS;
    case PC_TO_RDR_ESCAPE:
        return RDR_TO_PC_ESCAPE;
    case PC_TO_RDR_SET_DATA_RATE:
        return RDR_TO_PC_DATA_RATE;
    default:
        return RDR_TO_PC_SLOT_STATUS;
    }
}

static void succeed(struct tally_ccid *ccid, size_t data_len)
{
    reply(ccid, answer_type(ccid->request[TYPE_AT]), ccid->request[SEQ_AT], data_len, 0, 0);
}

static void fail(struct tally_ccid *ccid, uint8_t error)
{
    reply(ccid, answer_type(ccid->request[TYPE_AT]), ccid->request[SEQ_AT], 0, STATUS_FAILED,
          error);
}

/* ---- messages ---- */

static void give_up_exchange(struct tally_ccid *ccid)
{
    if (ccid->is_exchanging) {
        ccid->is_exchanging = false;
        tally_contactless_cancel(&ccid->card);
    }
}

static void power_on(struct tally_ccid *ccid)
{
    uint8_t len = 0;
    if (ccid->request[SPECIFIC_AT] > POWER_SELECT_MAX) {
        fail(ccid, SPECIFIC_AT);
        return;
    }
    len = tally_contactless_on(&ccid->card, ccid->answer + TALLY_CCID_HEADER_LEN);
    if (len == 0) {
        fail(ccid, ERROR_ICC_MUTE);
        return;
    }
    succeed(ccid, len);
}

static void power_off(struct tally_ccid *ccid)
{
    tally_contactless_off(&ccid->card);
    succeed(ccid, 0);
}

static void end_exchange(struct tally_ccid *ccid, enum tally_card_status status, size_t len)
{
    ccid->is_exchanging = false;
    if (status == TALLY_CARD_OK) {
        reply(ccid, RDR_TO_PC_DATA_BLOCK, ccid->exchange_seq, len, 0, 0);
    } else {
        reply(ccid, RDR_TO_PC_DATA_BLOCK, ccid->exchange_seq, 0, STATUS_FAILED,
              status == TALLY_CARD_BROKEN ? ERROR_HARDWARE : ERROR_ICC_MUTE);
    }
}

static void ask_card(struct tally_ccid *ccid, uint32_t now_ms)
{
    size_t len = 0;
    enum tally_card_status status =
        tally_contactless_end(&ccid->card, now_ms, ccid->answer + TALLY_CCID_HEADER_LEN, &len);
    if (status != TALLY_CARD_WAIT) {
        end_exchange(ccid, status, len);
    } else if ((int32_t)(now_ms - ccid->extend_at_ms) >= 0) {
        ccid->extend_at_ms = now_ms + TALLY_CCID_EXTEND_MS;
        reply(ccid, RDR_TO_PC_DATA_BLOCK, ccid->exchange_seq, 0, STATUS_TIME_EXTENSION,
              BWT_MULTIPLIER);
    }
}

static void transfer_block(struct tally_ccid *ccid, size_t apdu_len, uint32_t now_ms)
{
    size_t len = 0;
    const uint8_t *request = ccid->request;
    if (request[LEVEL_AT] != 0 || request[LEVEL_AT + 1] != 0) { /* a whole APDU at a time */
        fail(ccid, LEVEL_AT);
    } else if (apdu_len < 4) {
        fail(ccid, ERROR_LENGTH);
    } else if (!ccid->card.is_on) {
        fail(ccid, ERROR_ICC_MUTE);
    } else {
        ccid->exchange_seq = request[SEQ_AT];
        ccid->is_exchanging = true;
        ccid->extend_at_ms = now_ms + TALLY_CCID_EXTEND_MS;
        enum tally_card_status status =
            tally_contactless_begin(&ccid->card, request + TALLY_CCID_HEADER_LEN, apdu_len,
                                    ccid->answer + TALLY_CCID_HEADER_LEN, &len);
        if (status == TALLY_CARD_WAIT) {
            ask_card(ccid, now_ms); /* most have answered at once */
        } else {
            end_exchange(ccid, status, len);
        }
    }
}

/* T=1 (6.2.3): F and D of the default, LRC, IFSC 254. Nobody uses them, some hosts read them. */
static void parameters(struct tally_ccid *ccid)
{
    static const uint8_t t1[] = {0x11, 0x10, 0x00, 0x4d, 0x00, 0xfe, 0x00};
    uint8_t *data = ccid->answer + TALLY_CCID_HEADER_LEN;
    for (size_t i = 0; i < sizeof t1; i++) {
        data[i] = t1[i];
    }
    succeed(ccid, sizeof t1);
    ccid->answer[9] = PROTOCOL_T1; /* bProtocolNum */
}

static void set_parameters(struct tally_ccid *ccid, size_t len)
{
    enum { T1_LEN = 7 };
    if (ccid->request[SPECIFIC_AT] != PROTOCOL_T1) {
        fail(ccid, SPECIFIC_AT);
    } else if (len != T1_LEN) {
        fail(ccid, ERROR_LENGTH);
    } else {
        parameters(ccid);
    }
}

/* The second of the pair: the slot is free again. The first: it waits for its partner. */
static void abort_message(struct tally_ccid *ccid)
{
    uint8_t seq = ccid->request[SEQ_AT];
    give_up_exchange(ccid);
    if (ccid->abort == TALLY_CCID_ABORT_ASKED && ccid->abort_seq == seq) {
        ccid->abort = TALLY_CCID_NO_ABORT;
        succeed(ccid, 0);
        return;
    }
    ccid->abort = TALLY_CCID_ABORT_SENT;
    ccid->abort_seq = seq;
}

/* Messages whose data may only be empty. */
static bool must_be_empty(uint8_t type)
{
    return type == PC_TO_RDR_ICC_POWER_ON || type == PC_TO_RDR_ICC_POWER_OFF ||
           type == PC_TO_RDR_GET_SLOT_STATUS || type == PC_TO_RDR_GET_PARAMETERS ||
           type == PC_TO_RDR_RESET_PARAMETERS || type == PC_TO_RDR_ABORT;
}

static void do_command(struct tally_ccid *ccid, size_t data_len, uint32_t now_ms)
{
    switch (ccid->request[TYPE_AT]) {
    case PC_TO_RDR_ICC_POWER_ON:
        power_on(ccid);
        break;
    case PC_TO_RDR_ICC_POWER_OFF:
        power_off(ccid);
        break;
    case PC_TO_RDR_GET_SLOT_STATUS:
        succeed(ccid, 0);
        break;
    case PC_TO_RDR_XFR_BLOCK:
        transfer_block(ccid, data_len, now_ms);
        break;
    case PC_TO_RDR_GET_PARAMETERS:
    case PC_TO_RDR_RESET_PARAMETERS:
        parameters(ccid);
        break;
    case PC_TO_RDR_SET_PARAMETERS:
        set_parameters(ccid, data_len);
        break;
    default: /* Escape too: there is no command that would need a way round PC/SC */
        fail(ccid, ERROR_NOT_SUPPORTED);
        break;
    }
}

/* A message as long as it says. */
static void do_message(struct tally_ccid *ccid, uint32_t now_ms)
{
    uint8_t type = ccid->request[TYPE_AT];
    size_t data_len = ccid->request_len - TALLY_CCID_HEADER_LEN;
    if (ccid->abort == TALLY_CCID_ABORT_SENT && type != PC_TO_RDR_ABORT) {
        ccid->abort = TALLY_CCID_NO_ABORT; /* the host has thought better of it */
    }
    if (ccid->request[SLOT_AT] != 0) {
        fail(ccid, ERROR_SLOT);
        ccid->answer[SLOT_AT] = ccid->request[SLOT_AT];
        ccid->answer[STATUS_AT] = STATUS_FAILED | ICC_ABSENT;
    } else if (data_len != 0 && must_be_empty(type)) {
        fail(ccid, ERROR_LENGTH);
    } else if (type == PC_TO_RDR_ABORT) {
        abort_message(ccid);
    } else if (ccid->abort == TALLY_CCID_ABORT_ASKED) {
        fail(ccid, ERROR_ABORTED);
    } else if (ccid->is_exchanging) {
        fail(ccid, ERROR_SLOT_BUSY);
    } else {
        do_command(ccid, data_len, now_ms);
    }
}

/* ---- coming and going ---- */

void tally_ccid_init(struct tally_ccid *ccid, const struct tally_card_slot *slot)
{
    *ccid = (struct tally_ccid){.packet_len = 1};
    tally_contactless_init(&ccid->card, slot);
}

void tally_ccid_reset(struct tally_ccid *ccid, uint16_t packet_len)
{
    give_up_exchange(ccid);
    tally_contactless_off(&ccid->card);
    ccid->packet_len = packet_len;
    ccid->request_len = 0;
    tally_wipe(ccid->request, sizeof ccid->request);
    tally_ccid_sent(ccid);
    ccid->has_notice = false;
    ccid->was_present = false;
    ccid->abort = TALLY_CCID_NO_ABORT;
}

/* ---- requests on endpoint 0 ---- */

static struct tally_usb_answer abort_request(struct tally_ccid *ccid, uint16_t value)
{
    uint8_t slot = (uint8_t)value, seq = (uint8_t)(value >> 8);
    if (slot != 0) {
        return tally_usb_stall();
    }
    give_up_exchange(ccid);
    if (ccid->abort == TALLY_CCID_ABORT_SENT && ccid->abort_seq == seq) {
        ccid->abort = TALLY_CCID_NO_ABORT;
        reply(ccid, RDR_TO_PC_SLOT_STATUS, seq, 0, 0, 0);
    } else {
        ccid->abort = TALLY_CCID_ABORT_ASKED;
        ccid->abort_seq = seq;
        tally_ccid_sent(ccid); /* an answer to what is being aborted */
    }
    return tally_usb_done_if(true);
}

static struct tally_usb_answer send_value(struct tally_ccid *ccid,
                                          const struct tally_usb_setup *setup, uint32_t value)
{
    put_le32(ccid->scratch, value);
    return tally_usb_send(setup, ccid->scratch, sizeof ccid->scratch);
}

struct tally_usb_answer tally_ccid_setup(struct tally_ccid *ccid,
                                         const struct tally_usb_setup *setup)
{
    enum { CLASS_OUT = TALLY_USB_CLASS | TALLY_USB_TO_INTERFACE };
    switch (setup->bmRequestType << 8 | setup->bRequest) {
    case CLASS_OUT << 8 | REQUEST_ABORT:
        return setup->wLength == 0 ? abort_request(ccid, setup->wValue) : tally_usb_stall();
    case (TALLY_USB_IN | CLASS_OUT) << 8 | REQUEST_GET_CLOCK:
        return send_value(ccid, setup, TALLY_CCID_CLOCK_KHZ);
    case (TALLY_USB_IN | CLASS_OUT) << 8 | REQUEST_GET_RATES:
        return send_value(ccid, setup, TALLY_CCID_RATE_BPS);
    default:
        return tally_usb_stall();
    }
}

/* ---- transfers ---- */

bool tally_ccid_is_ready(const struct tally_ccid *ccid)
{
    return ccid->answer_len == 0 && !ccid->card.is_looking;
}

static void take(struct tally_ccid *ccid, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (ccid->request_len < TALLY_CCID_MESSAGE_LEN_MAX) {
            ccid->request[ccid->request_len] = bytes[i];
        }
        ccid->request_len++; /* counts on, so that what is too long is known to be */
    }
}

void tally_ccid_received(struct tally_ccid *ccid, const uint8_t *bytes, size_t len, uint32_t now_ms)
{
    if (!tally_ccid_is_ready(ccid)) {
        return;
    }
    take(ccid, bytes, len);
    bool is_end = len % ccid->packet_len != 0 || len == 0;
    if (ccid->request_len < TALLY_CCID_HEADER_LEN) {
        ccid->request_len = is_end ? 0 : ccid->request_len; /* nobody to answer */
        return;
    }
    uint32_t data_len = ccid->request_len - TALLY_CCID_HEADER_LEN;
    uint32_t announced_len = le32(ccid->request + LENGTH_AT);
    if (data_len < announced_len && !is_end) {
        return;
    }
    if (data_len != announced_len || ccid->request_len > TALLY_CCID_MESSAGE_LEN_MAX) {
        fail(ccid, ERROR_LENGTH);
    } else {
        do_message(ccid, now_ms);
    }
    tally_wipe(ccid->request, sizeof ccid->request); /* a key may have been loaded */
    ccid->request_len = 0;
}

const uint8_t *tally_ccid_pending(const struct tally_ccid *ccid, size_t *ret_len)
{
    *ret_len = ccid->answer_len;
    return ccid->answer_len > 0 ? ccid->answer : NULL;
}

void tally_ccid_sent(struct tally_ccid *ccid)
{
    tally_wipe(ccid->answer, sizeof ccid->answer); /* that was a card */
    ccid->answer_len = 0;
}

const uint8_t *tally_ccid_notice(const struct tally_ccid *ccid, size_t *ret_len)
{
    *ret_len = ccid->has_notice ? TALLY_CCID_NOTICE_LEN : 0;
    return ccid->has_notice ? ccid->notice : NULL;
}

void tally_ccid_noticed(struct tally_ccid *ccid)
{
    ccid->has_notice = false;
}

/* ---- time ---- */

/* bmSlotICCState (6.3.1): bit 0 a card is there, bit 1 that has changed. What has come and gone
 * before the host asked is told as it is now. */
static void notify(struct tally_ccid *ccid)
{
    if (ccid->card.is_present == ccid->was_present) {
        return;
    }
    ccid->was_present = ccid->card.is_present;
    ccid->notice[0] = RDR_TO_PC_NOTIFY_SLOT_CHANGE;
    ccid->notice[1] = ccid->was_present ? 0x03 : 0x02;
    ccid->has_notice = true;
}

uint32_t tally_ccid_time(struct tally_ccid *ccid, uint32_t now_ms)
{
    uint32_t next_ms = now_ms + POLL_MS;
    if (ccid->is_exchanging) {
        if (ccid->answer_len == 0) {
            ask_card(ccid, now_ms);
        }
    } else if (ccid->request_len == 0 || ccid->card.is_looking) {
        next_ms = tally_contactless_look(&ccid->card, now_ms);
    }
    notify(ccid);
    return next_ms;
}
