/* SPDX-License-Identifier: Apache-2.0 */
/* CCID: the class descriptor, messages, and one command on one slot from its first byte to its
 * end. */
#include "hal/reader/ccid.h"

#include <assert.h>
#include <string.h>

/* ---- the class descriptor (5.1) ---- */

enum {
    DESCRIPTOR_LEN_MIN = 2,
    CLASS_DESCRIPTOR_LEN = 54,
    CLASS_DESCRIPTOR_TYPE = 0x21,
    PROTOCOL_T0 = 0x01
};

static uint32_t dword(const uint8_t *at)
{
    return (uint32_t)tally_load_le(at, 4);
}

static struct hal_ccid_class class_of(const uint8_t *bytes)
{
    return (struct hal_ccid_class){.bcdCCID = (uint16_t)tally_load_le(bytes + 2, 2),
                                   .bMaxSlotIndex = bytes[4],
                                   .bVoltageSupport = bytes[5],
                                   .dwProtocols = dword(bytes + 6),
                                   .dwMaxIFSD = dword(bytes + 28),
                                   .dwFeatures = dword(bytes + 40),
                                   .dwMaxCCIDMessageLength = dword(bytes + 44),
                                   .bClassGetResponse = bytes[48],
                                   .bMaxCCIDBusySlots = bytes[53]};
}

enum tally_status hal_ccid_class_read(struct tally_slice descriptors,
                                      struct hal_ccid_class *ret_class)
{
    assert(descriptors.data != NULL || descriptors.len == 0);
    assert(ret_class != NULL);

    for (size_t at = 0; at < descriptors.len;) {
        const uint8_t *found = descriptors.data + at;
        size_t left = descriptors.len - at;
        if (left < DESCRIPTOR_LEN_MIN || found[0] < DESCRIPTOR_LEN_MIN || found[0] > left) {
            return TALLY_E_DEVICE;
        }
        if (found[0] == CLASS_DESCRIPTOR_LEN && found[1] == CLASS_DESCRIPTOR_TYPE) {
            struct hal_ccid_class about = class_of(found);
            if (about.dwMaxCCIDMessageLength < HAL_CCID_MESSAGE_LEN_MIN) {
                return TALLY_E_DEVICE;
            }
            if (about.dwMaxCCIDMessageLength > HAL_CCID_MESSAGE_LEN_MAX) {
                about.dwMaxCCIDMessageLength = HAL_CCID_MESSAGE_LEN_MAX;
            }
            *ret_class = about;
            return TALLY_OK;
        }
        at += found[0];
    }
    return TALLY_E_NOT_FOUND;
}

bool hal_ccid_is_spoken(const struct hal_ccid_class *about)
{
    assert(about != NULL);
    bool is_apdu =
        (about->dwFeatures & (HAL_CCID_FEATURE_SHORT_APDU | HAL_CCID_FEATURE_EXTENDED_APDU)) != 0;
    bool is_tpdu = (about->dwFeatures & HAL_CCID_FEATURE_TPDU) != 0;
    return is_apdu || (is_tpdu && (about->dwProtocols & PROTOCOL_T0) != 0);
}

unsigned hal_ccid_slot_count(const struct hal_ccid_class *about)
{
    assert(about != NULL);
    unsigned count = about->bMaxSlotIndex + 1U;
    return count < HAL_CCID_SLOTS_MAX ? count : HAL_CCID_SLOTS_MAX;
}

unsigned hal_ccid_voltages(const struct hal_ccid_class *about,
                           uint8_t ret_voltages[HAL_CCID_VOLTAGES_MAX])
{
    enum { AUTOMATIC = 0, VOLTS_5 = 1 };
    assert(about != NULL && ret_voltages != NULL);

    unsigned count = 0;
    if ((about->dwFeatures & HAL_CCID_FEATURE_AUTO_VOLTAGE) != 0) {
        ret_voltages[count++] = AUTOMATIC;
        return count;
    }
    for (unsigned bit = 0; bit < HAL_CCID_VOLTAGES_MAX; bit++) {
        if ((about->bVoltageSupport >> bit & 1) != 0) {
            ret_voltages[count++] = (uint8_t)(VOLTS_5 + bit);
        }
    }
    if (count == 0) {
        ret_voltages[count++] = VOLTS_5;
    }
    return count;
}

/* ---- the interrupt endpoint (6.3) ---- */

enum { NOTIFY_SLOT_CHANGE = 0x50, HARDWARE_ERROR = 0x51, HARDWARE_ERROR_LEN = 4 };

struct hal_ccid_notice hal_ccid_notice_read(const uint8_t *report, size_t len)
{
    assert(report != NULL || len == 0);
    struct hal_ccid_notice notice = {.kind = HAL_CCID_NOTICE_NONE};
    if (len >= HARDWARE_ERROR_LEN && report[0] == HARDWARE_ERROR) {
        notice.kind = HAL_CCID_NOTICE_HARDWARE;
    }
    if (len < 2 || report[0] != NOTIFY_SLOT_CHANGE) {
        return notice;
    }
    notice.kind = HAL_CCID_NOTICE_SLOTS;
    for (size_t slot = 0; slot < HAL_CCID_SLOTS_MAX && 1 + slot / 4 < len; slot++) {
        unsigned bits = report[1 + slot / 4] >> (2 * (slot % 4));
        notice.present |= (uint32_t)(bits & 1) << slot;
        notice.changed |= (uint32_t)(bits >> 1 & 1) << slot;
    }
    return notice;
}

size_t hal_ccid_notice_len(const struct hal_ccid_class *about)
{
    assert(about != NULL);
    size_t slots_len = 1 + (2 * (about->bMaxSlotIndex + (size_t)1) + 7) / 8;
    return slots_len > HARDWARE_ERROR_LEN ? slots_len : HARDWARE_ERROR_LEN;
}

/* ---- messages out (6.1) ---- */

enum {
    PC_TO_RDR_ICC_POWER_ON = 0x62,
    PC_TO_RDR_ICC_POWER_OFF = 0x63,
    PC_TO_RDR_GET_SLOT_STATUS = 0x65,
    PC_TO_RDR_XFR_BLOCK = 0x6f,
    PC_TO_RDR_ABORT = 0x72,
    RDR_TO_PC_DATA_BLOCK = 0x80,
    RDR_TO_PC_SLOT_STATUS = 0x81
};
enum { SEQ_AT = 6, LEVEL_WHOLE = 0x0000, LEVEL_CONTINUE = 0x0010 };

static void put_message(struct hal_ccid *ccid, uint8_t type, const uint8_t special[3],
                        struct tally_slice data)
{
    struct tally_writer writer = {.data = ccid->message, .cap = sizeof ccid->message};
    tally_write_le(&writer, 1, type);
    tally_write_le(&writer, 4, data.len);
    tally_write_le(&writer, 1, ccid->bSlot);
    tally_write_le(&writer, 1, ccid->bSeq);
    tally_write_bytes(&writer, special, 3);
    if (data.len > 0) {
        tally_write_bytes(&writer, data.data, data.len);
    }
    assert(!writer.failed);
    ccid->message_len = writer.at;
    ccid->wait_ms = HAL_CCID_WAIT_MS;
}

static void begin(struct hal_ccid *ccid, uint8_t slot, uint8_t type, uint8_t expected,
                  uint8_t special)
{
    assert(ccid != NULL);
    assert(slot < hal_ccid_slot_count(&ccid->about));
    ccid->bSlot = slot;
    ccid->bSeq++;
    ccid->expected = expected;
    ccid->outcome = HAL_CCID_GARBLED; /* until an answer says better */
    ccid->presence = HAL_CCID_UNKNOWN;
    ccid->apdu_len = ccid->answer_len = ccid->data_len = 0;
    ccid->stray = ccid->extensions = ccid->rounds = 0;
    put_message(ccid, type, (const uint8_t[]){special, 0, 0}, (struct tally_slice){NULL, 0});
}

void hal_ccid_init(struct hal_ccid *ccid, const struct hal_ccid_class *about)
{
    assert(ccid != NULL && about != NULL);
    memset(ccid, 0, sizeof *ccid);
    ccid->about = *about;
    ccid->presence = HAL_CCID_UNKNOWN;
}

void hal_ccid_get_slot_status(struct hal_ccid *ccid, uint8_t slot)
{
    begin(ccid, slot, PC_TO_RDR_GET_SLOT_STATUS, RDR_TO_PC_SLOT_STATUS, 0);
}

void hal_ccid_power_on(struct hal_ccid *ccid, uint8_t slot, uint8_t bPowerSelect)
{
    begin(ccid, slot, PC_TO_RDR_ICC_POWER_ON, RDR_TO_PC_DATA_BLOCK, bPowerSelect);
}

void hal_ccid_power_off(struct hal_ccid *ccid, uint8_t slot)
{
    begin(ccid, slot, PC_TO_RDR_ICC_POWER_OFF, RDR_TO_PC_SLOT_STATUS, 0);
}

void hal_ccid_abort(struct hal_ccid *ccid)
{
    uint8_t seq = ccid->bSeq;
    begin(ccid, ccid->bSlot, PC_TO_RDR_ABORT, RDR_TO_PC_SLOT_STATUS, 0);
    ccid->bSeq = seq;
    ccid->message[SEQ_AT] = seq;
}

uint16_t hal_ccid_abort_value(const struct hal_ccid *ccid)
{
    assert(ccid != NULL);
    return (uint16_t)(ccid->bSeq << 8 | ccid->bSlot);
}

void hal_ccid_again(struct hal_ccid *ccid)
{
    assert(ccid != NULL && ccid->message_len >= HAL_CCID_HEADER_LEN);
    ccid->message[SEQ_AT] = ++ccid->bSeq;
    ccid->outcome = HAL_CCID_GARBLED;
    ccid->presence = HAL_CCID_UNKNOWN;
    ccid->wait_ms = HAL_CCID_WAIT_MS;
}

/* T=0 sends Lc or Le, never both: the card says by 61xx what waits (ISO/IEC 7816-3, 12.1.2). */
static size_t tpdu_len(const struct hal_ccid *ccid)
{
    enum { APDU_HEADER_LEN = 4, LC_AT = 4 };
    bool is_tpdu_level = (ccid->about.dwFeatures &
                          (HAL_CCID_FEATURE_SHORT_APDU | HAL_CCID_FEATURE_EXTENDED_APDU)) == 0;
    bool has_lc_and_le = ccid->apdu_len > LC_AT + 1 &&
                         ccid->apdu_len == (size_t)APDU_HEADER_LEN + 1 + ccid->apdu[LC_AT] + 1;
    return is_tpdu_level && has_lc_and_le ? ccid->apdu_len - 1 : ccid->apdu_len;
}

static void put_block(struct hal_ccid *ccid, uint16_t wLevelParameter, struct tally_slice data)
{
    const uint8_t special[] = {0, (uint8_t)wLevelParameter, (uint8_t)(wLevelParameter >> 8)};
    put_message(ccid, PC_TO_RDR_XFR_BLOCK, special, data);
}

void hal_ccid_transmit(struct hal_ccid *ccid, uint8_t slot, const uint8_t *apdu, size_t len)
{
    assert(apdu != NULL && len >= 4 && len <= HAL_CCID_APDU_LEN_MAX);
    begin(ccid, slot, PC_TO_RDR_XFR_BLOCK, RDR_TO_PC_DATA_BLOCK, 0);
    memcpy(ccid->apdu, apdu, len);
    ccid->apdu_len = len;
    put_block(ccid, LEVEL_WHOLE, (struct tally_slice){ccid->apdu, tpdu_len(ccid)});
}

const uint8_t *hal_ccid_message(const struct hal_ccid *ccid, size_t *ret_len)
{
    assert(ccid != NULL && ret_len != NULL);
    *ret_len = ccid->message_len;
    return ccid->message;
}

void hal_ccid_wipe(struct hal_ccid *ccid)
{
    assert(ccid != NULL);
    explicit_bzero(ccid->message, sizeof ccid->message);
    explicit_bzero(ccid->answer, sizeof ccid->answer);
    explicit_bzero(ccid->apdu, sizeof ccid->apdu);
    ccid->message_len = ccid->answer_len = ccid->apdu_len = ccid->data_len = 0;
}

/* ---- messages in (6.2) ---- */

/* bmCommandStatus, bits 6 and 7 of bStatus */
enum { COMMAND_DONE = 0, COMMAND_FAILED = 1, COMMAND_TIME_EXTENSION = 2 };
enum { CHAIN_WHOLE = 0, CHAIN_BEGINS = 1, CHAIN_ENDS = 2, CHAIN_MIDDLE = 3 };

enum {
    STRAY_MAX = 10,       /* answers to commands that were given up */
    EXTENSIONS_MAX = 100, /* a reader must not keep a card for ever */
    EXTENSION_FACTOR_MAX = 5,
    ROUNDS_MAX = 16
};

struct reply {
    uint8_t bMessageType;
    uint32_t dwLength;
    uint8_t bSlot;
    uint8_t bSeq;
    uint8_t bStatus;
    uint8_t bError;
    uint8_t last; /* bChainParameter, bClockStatus */
    const uint8_t *data;
};

static bool read_reply(const uint8_t *bytes, size_t len, struct reply *ret_reply)
{
    if (len < HAL_CCID_HEADER_LEN) {
        return false;
    }
    *ret_reply = (struct reply){.bMessageType = bytes[0],
                                .dwLength = dword(bytes + 1),
                                .bSlot = bytes[5],
                                .bSeq = bytes[6],
                                .bStatus = bytes[7],
                                .bError = bytes[8],
                                .last = bytes[9],
                                .data = bytes + HAL_CCID_HEADER_LEN};
    return ret_reply->dwLength == len - HAL_CCID_HEADER_LEN;
}

static enum hal_ccid_next end(struct hal_ccid *ccid, enum hal_ccid_outcome outcome)
{
    if (outcome != HAL_CCID_DONE) {
        explicit_bzero(ccid->answer, sizeof ccid->answer);
        ccid->answer_len = 0;
    }
    ccid->outcome = outcome;
    return HAL_CCID_END;
}

static enum hal_ccid_next send_round(struct hal_ccid *ccid, uint16_t wLevelParameter,
                                     struct tally_slice data)
{
    if (++ccid->rounds > ROUNDS_MAX) {
        return end(ccid, HAL_CCID_GARBLED);
    }
    ccid->bSeq++;
    put_block(ccid, wLevelParameter, data);
    return HAL_CCID_SEND;
}

/* GET RESPONSE in the class that the reader asks for; FF and 00 leave it to us: as the
 * command's. */
static enum hal_ccid_next get_response(struct hal_ccid *ccid, uint8_t len)
{
    uint8_t cla = ccid->about.bClassGetResponse;
    bool is_given = cla != 0x00 && cla != 0xff;
    const uint8_t apdu[] = {is_given ? cla : ccid->apdu[0], 0xc0, 0x00, 0x00, len};
    ccid->answer_len -= 2; /* 61xx */
    ccid->data_len = ccid->answer_len;
    return send_round(ccid, LEVEL_WHOLE, (struct tally_slice){apdu, sizeof apdu});
}

/* The same command with the length that the card named. */
static enum hal_ccid_next correct_le(struct hal_ccid *ccid, uint8_t len)
{
    ccid->answer_len = ccid->data_len;
    ccid->apdu[ccid->apdu_len - 1] = len;
    return send_round(ccid, LEVEL_WHOLE, (struct tally_slice){ccid->apdu, ccid->apdu_len});
}

/* A whole answer to a block is there: SW1 says whether it is the answer to the command. */
static enum hal_ccid_next on_block(struct hal_ccid *ccid)
{
    enum { SW1_MORE = 0x61, SW1_WRONG_LE = 0x6c, LE_ONLY_LEN = 5 };
    if (ccid->apdu_len == 0) {
        return end(ccid, HAL_CCID_DONE); /* an ATR */
    }
    if (ccid->answer_len - ccid->data_len < 2) {
        return end(ccid, HAL_CCID_GARBLED);
    }
    const uint8_t *sw = ccid->answer + ccid->answer_len - 2;
    bool is_bare = ccid->answer_len - ccid->data_len == 2;
    if (sw[0] == SW1_MORE) {
        return get_response(ccid, sw[1]);
    }
    if (sw[0] == SW1_WRONG_LE && is_bare && ccid->apdu_len == LE_ONLY_LEN) {
        return correct_le(ccid, sw[1]);
    }
    return end(ccid, HAL_CCID_DONE);
}

static enum hal_ccid_next on_data(struct hal_ccid *ccid, const struct reply *reply)
{
    if (reply->dwLength > sizeof ccid->answer - ccid->answer_len) {
        return end(ccid, HAL_CCID_GARBLED);
    }
    if (reply->dwLength > 0) {
        memcpy(ccid->answer + ccid->answer_len, reply->data, reply->dwLength);
        ccid->answer_len += reply->dwLength;
    }
    switch (reply->last) {
    case CHAIN_BEGINS:
    case CHAIN_MIDDLE:
        return ccid->apdu_len == 0 ? end(ccid, HAL_CCID_GARBLED)
                                   : send_round(ccid, LEVEL_CONTINUE, (struct tally_slice){0});
    case CHAIN_WHOLE:
    case CHAIN_ENDS:
        return on_block(ccid);
    default: /* the rest of our command is wanted, and there is none */
        return end(ccid, HAL_CCID_GARBLED);
    }
}

static enum hal_ccid_next extend(struct hal_ccid *ccid, uint8_t factor)
{
    if (++ccid->extensions > EXTENSIONS_MAX) {
        return end(ccid, HAL_CCID_GARBLED);
    }
    uint32_t times = factor == 0 ? 1 : factor;
    ccid->wait_ms =
        HAL_CCID_WAIT_MS * (times < EXTENSION_FACTOR_MAX ? times : EXTENSION_FACTOR_MAX);
    return HAL_CCID_EXTEND;
}

static enum hal_ccid_next on_reply(struct hal_ccid *ccid, const struct reply *reply)
{
    unsigned command_status = reply->bStatus >> 6;
    ccid->presence = (enum hal_ccid_presence)(reply->bStatus & 3);
    switch (command_status) {
    case COMMAND_TIME_EXTENSION:
        return extend(ccid, reply->bError);
    case COMMAND_FAILED:
        ccid->bError = reply->bError;
        return end(ccid, reply->bError == HAL_CCID_ERROR_BUSY ? HAL_CCID_BUSY : HAL_CCID_REFUSED);
    case COMMAND_DONE: /* bError means nothing then; the ACR122U writes 81 into it */
        break;
    default:
        return end(ccid, HAL_CCID_GARBLED);
    }
    if (ccid->expected == RDR_TO_PC_DATA_BLOCK) {
        return on_data(ccid, reply);
    }
    return end(ccid, HAL_CCID_DONE);
}

enum hal_ccid_next hal_ccid_received(struct hal_ccid *ccid, const uint8_t *bytes, size_t len)
{
    assert(ccid != NULL);
    assert(bytes != NULL || len == 0);

    struct reply reply;
    if (!read_reply(bytes, len, &reply)) {
        return end(ccid, HAL_CCID_GARBLED);
    }
    if (reply.bSeq != ccid->bSeq || reply.bSlot != ccid->bSlot) {
        return ++ccid->stray > STRAY_MAX ? end(ccid, HAL_CCID_GARBLED) : HAL_CCID_WAIT;
    }
    bool is_failure = reply.bStatus >> 6 == COMMAND_FAILED; /* whatever its type */
    if (reply.bMessageType != ccid->expected && !is_failure) {
        /* An aborted command's own answer carries the same bSeq. */
        bool is_abort = ccid->message_len > 0 && ccid->message[0] == PC_TO_RDR_ABORT;
        bool is_skipped = is_abort && ++ccid->stray <= STRAY_MAX;
        return is_skipped ? HAL_CCID_WAIT : end(ccid, HAL_CCID_GARBLED);
    }
    return on_reply(ccid, &reply);
}
