/* SPDX-License-Identifier: Apache-2.0 */
/* PN532: frames in and out, and the few commands that a card slot needs. */
#include "firmware/port/pn532.h"

#include "firmware/core/wipe.h"

#include <assert.h>
#include <string.h>

enum { TFI_TO_CHIP = 0xd4, TFI_FROM_CHIP = 0xd5, TFI_ERROR = 0x7f };
/* commands; the answer is one more */
enum {
    DIAGNOSE = 0x00,
    SAM_CONFIGURATION = 0x14,
    RF_CONFIGURATION = 0x32,
    IN_DATA_EXCHANGE = 0x40,
    IN_LIST_PASSIVE_TARGET = 0x4a,
    IN_RELEASE = 0x52,
    NOTHING_ASKED = 0xff
};
/* status of an exchange, 7.1 */
enum {
    STATUS_OK = 0x00,
    STATUS_ERROR_BITS = 0x3f,
    STATUS_MORE = 0x40,
    STATUS_NO_TARGET = 0x27,
    STATUS_TARGET_GONE = 0x2b
};
enum { TARGET = 1, SAK_ISO_DEP = 0x20 };
enum { WAKE_LEN = 16, FRAME_OVERHEAD_MAX = 11 };

static const uint8_t ack_frame[] = {0x00, 0x00, 0xff, 0x00, 0xff, 0x00};
static const uint8_t nack_frame[] = {0x00, 0x00, 0xff, 0xff, 0x00, 0x00};

/* ---- to the chip ---- */

/* A frame around TFI and `body`: normal up to 255 bytes, else extended (6.2.1.1, 6.2.1.2). */
static size_t put_frame(uint8_t *frame, const uint8_t *body, size_t body_len)
{
    size_t len = body_len + 1, at = 0;
    uint8_t sum = TFI_TO_CHIP;
    frame[at++] = 0x00;
    frame[at++] = 0x00;
    frame[at++] = 0xff;
    if (len > 255) {
        frame[at++] = 0xff;
        frame[at++] = 0xff;
        frame[at++] = (uint8_t)(len >> 8);
        frame[at++] = (uint8_t)len;
        frame[at++] = (uint8_t)(0x100 - ((len >> 8) + len));
    } else {
        frame[at++] = (uint8_t)len;
        frame[at++] = (uint8_t)(0x100 - len);
    }
    frame[at++] = TFI_TO_CHIP;
    for (size_t i = 0; i < body_len; i++) {
        frame[at++] = body[i];
        sum = (uint8_t)(sum + body[i]);
    }
    frame[at++] = (uint8_t)(0x100 - sum);
    frame[at++] = 0x00;
    return at;
}

/* A sleeping chip wakes from 55 55 and some bytes of nothing (HSU, 7.2.11). */
static void ask(struct tally_pn532 *pn532, const uint8_t *body, size_t body_len)
{
    uint8_t bytes[WAKE_LEN + FRAME_OVERHEAD_MAX + TALLY_PN532_BODY_LEN_MAX] = {0x55, 0x55};
    size_t at = pn532->is_awake ? 0 : WAKE_LEN;
    assert(body_len + 1 <= TALLY_PN532_BODY_LEN_MAX);
    at += put_frame(bytes + at, body, body_len);
    pn532->asked = body[0];
    pn532->asked_ms = pn532->now_ms;
    pn532->repeats = TALLY_PN532_REPEATS_MAX;
    pn532->write(pn532->line, bytes, at);
    tally_wipe(bytes, sizeof bytes); /* a key of a card may have been among them */
}

static void ask_exchange(struct tally_pn532 *pn532)
{
    uint8_t body[2 + TALLY_CARD_COMMAND_LEN_MAX] = {IN_DATA_EXCHANGE, TARGET};
    memcpy(body + 2, pn532->command, pn532->command_len);
    ask(pn532, body, 2 + (size_t)pn532->command_len);
    tally_wipe(body, sizeof body);
}

static void finish(struct tally_pn532 *pn532, enum tally_card_status result)
{
    pn532->asked = NOTHING_ASKED;
    pn532->result = result;
    tally_wipe(pn532->command, sizeof pn532->command);
}

/* The next command of the job under way. */
static void go_on(struct tally_pn532 *pn532)
{
    static const uint8_t sam[] = {SAM_CONFIGURATION, 0x01, 0x14, 0x01}; /* normal mode */
    static const uint8_t retries[] = {RF_CONFIGURATION, 0x05, 0x00, 0x01, 0x02};
    static const uint8_t release[] = {IN_RELEASE, 0x00};
    static const uint8_t list[] = {IN_LIST_PASSIVE_TARGET, 0x01, 0x00}; /* one, 106 kbit/s type A */
    static const uint8_t attention[] = {DIAGNOSE, 0x06};
    if (!pn532->is_awake) {
        ask(pn532, sam, sizeof sam);
    } else if (!pn532->is_set_up) {
        ask(pn532, retries, sizeof retries);
    } else if (pn532->must_release) {
        ask(pn532, release, sizeof release);
    } else if (!pn532->is_selected) {
        ask(pn532, list, sizeof list);
    } else if (pn532->job == TALLY_PN532_EXCHANGE) {
        ask_exchange(pn532);
    } else {
        ask(pn532, attention, sizeof attention);
    }
}

/* ---- answers ---- */

/* Tg, SENS_RES (high byte first), SEL_RES, length and NFCID1, and for part 4 the ATS (7.3.5). */
static bool read_target(const uint8_t *bytes, size_t len, struct tally_slot_card *ret_card)
{
    enum { ID_AT = 5 };
    struct tally_slot_card card = {0};
    if (len < ID_AT || bytes[4] > TALLY_CARD_UID_LEN_MAX || bytes[4] == 0 ||
        len < ID_AT + (size_t)bytes[4]) {
        return false;
    }
    card.atqa[0] = bytes[2];
    card.atqa[1] = bytes[1];
    card.sak = bytes[3];
    card.uid_len = bytes[4];
    memcpy(card.uid, bytes + ID_AT, card.uid_len);
    size_t at = ID_AT + (size_t)card.uid_len;
    if ((card.sak & SAK_ISO_DEP) != 0 && at < len) {
        size_t ats_len = bytes[at] < len - at ? bytes[at] : len - at;
        card.ats_len = (uint8_t)(ats_len < sizeof card.ats ? ats_len : sizeof card.ats);
        memcpy(card.ats, bytes + at, card.ats_len);
    }
    *ret_card = card;
    return true;
}

static bool is_same(const struct tally_slot_card *one, const struct tally_slot_card *other)
{
    return one->uid_len == other->uid_len && memcmp(one->uid, other->uid, one->uid_len) == 0;
}

static void listed(struct tally_pn532 *pn532, const uint8_t *bytes, size_t len)
{
    struct tally_slot_card card;
    if (len < 1 || bytes[0] == 0 || !read_target(bytes + 1, len - 1, &card)) {
        pn532->was_seen = false;
        finish(pn532, TALLY_CARD_NONE);
        return;
    }
    bool is_another = pn532->was_seen && !is_same(&card, &pn532->card);
    pn532->card = card;
    pn532->was_seen = true;
    pn532->is_selected = true;
    if (pn532->job == TALLY_PN532_LOOK) {
        finish(pn532, TALLY_CARD_OK);
    } else if (is_another) { /* never say to one card what was meant for another */
        finish(pn532, TALLY_CARD_NONE);
    } else {
        go_on(pn532);
    }
}

static void diagnosed(struct tally_pn532 *pn532, const uint8_t *bytes, size_t len)
{
    pn532->is_selected = len == 1 && bytes[0] == STATUS_OK;
    pn532->must_release = !pn532->is_selected;
    finish(pn532, pn532->is_selected ? TALLY_CARD_OK : TALLY_CARD_NONE);
}

/* A card that has refused once listens again only after it has been selected anew. */
static void exchanged(struct tally_pn532 *pn532, const uint8_t *bytes, size_t len)
{
    uint8_t status = len > 0 ? bytes[0] : STATUS_ERROR_BITS;
    bool is_good = (status & STATUS_ERROR_BITS) == STATUS_OK && (status & STATUS_MORE) == 0 &&
                   len - 1 <= sizeof pn532->answer;
    if (is_good) {
        pn532->answer_len = (uint16_t)(len - 1);
        memcpy(pn532->answer, bytes + 1, len - 1);
        finish(pn532, TALLY_CARD_OK);
        return;
    }
    status &= STATUS_ERROR_BITS;
    pn532->is_selected = false;
    pn532->must_release = true;
    finish(pn532, status == STATUS_NO_TARGET || status == STATUS_TARGET_GONE ? TALLY_CARD_NONE
                                                                             : TALLY_CARD_REFUSED);
}

/* `bytes` stand behind TFI and command. */
static void answered(struct tally_pn532 *pn532, const uint8_t *bytes, size_t len)
{
    uint8_t asked = pn532->asked;
    pn532->asked = NOTHING_ASKED;
    switch (asked) {
    case SAM_CONFIGURATION:
        pn532->is_awake = true;
        go_on(pn532);
        break;
    case RF_CONFIGURATION:
        pn532->is_set_up = true;
        go_on(pn532);
        break;
    case IN_RELEASE:
        pn532->must_release = false;
        go_on(pn532);
        break;
    case IN_LIST_PASSIVE_TARGET:
        listed(pn532, bytes, len);
        break;
    case DIAGNOSE:
        diagnosed(pn532, bytes, len);
        break;
    default:
        exchanged(pn532, bytes, len);
        break;
    }
}

static void break_down(struct tally_pn532 *pn532)
{
    pn532->is_awake = false;
    pn532->is_set_up = false;
    pn532->is_selected = false;
    pn532->must_release = false;
    pn532->was_seen = false;
    finish(pn532, TALLY_CARD_BROKEN);
}

/* ---- from the chip ---- */

/* Answers to questions that have been given up are not for anybody. */
static void take_frame(struct tally_pn532 *pn532)
{
    const uint8_t *body = pn532->body;
    if (pn532->asked == NOTHING_ASKED) {
        return;
    }
    if (pn532->body_len == 1 && body[0] == TFI_ERROR) {
        break_down(pn532);
    } else if (pn532->body_len >= 2 && body[0] == TFI_FROM_CHIP && body[1] == pn532->asked + 1) {
        answered(pn532, body + 2, pn532->body_len - 2u);
    }
}

static void take_damaged_frame(struct tally_pn532 *pn532)
{
    pn532->expects = TALLY_PN532_AT_ZERO;
    if (pn532->asked == NOTHING_ASKED) {
        return;
    }
    if (pn532->repeats == 0) {
        break_down(pn532);
    } else {
        pn532->repeats--;
        pn532->write(pn532->line, nack_frame, sizeof nack_frame);
    }
}

static void begin_body(struct tally_pn532 *pn532, bool is_length_whole)
{
    pn532->body_at = 0;
    pn532->sum = 0;
    pn532->expects = TALLY_PN532_AT_BODY;
    if (!is_length_whole || pn532->body_len == 0 || pn532->body_len > sizeof pn532->body) {
        take_damaged_frame(pn532);
    }
}

/* LEN and LCS of 00 FF are an ACK, FF 00 a NACK: neither has a body, and a repeat is not ours. */
static void take_lcs(struct tally_pn532 *pn532, uint8_t byte)
{
    bool is_ack = pn532->body_len == 0x00 && byte == 0xff;
    bool is_nack = pn532->body_len == 0xff && byte == 0x00;
    if (is_ack || is_nack) {
        pn532->expects = TALLY_PN532_AT_ZERO;
    } else if (pn532->body_len == 0xff && byte == 0xff) {
        pn532->expects = TALLY_PN532_AT_LEN_HIGH;
    } else {
        begin_body(pn532, (uint8_t)(pn532->body_len + byte) == 0);
    }
}

static void take_body(struct tally_pn532 *pn532, uint8_t byte)
{
    pn532->body[pn532->body_at++] = byte;
    pn532->sum = (uint8_t)(pn532->sum + byte);
    if (pn532->body_at == pn532->body_len) {
        pn532->expects = TALLY_PN532_AT_DCS;
    }
}

static void take_dcs(struct tally_pn532 *pn532, uint8_t byte)
{
    pn532->expects = TALLY_PN532_AT_ZERO;
    if ((uint8_t)(pn532->sum + byte) != 0) {
        take_damaged_frame(pn532);
    } else {
        take_frame(pn532);
    }
    tally_wipe(pn532->body, sizeof pn532->body);
}

static void take_byte(struct tally_pn532 *pn532, uint8_t byte)
{
    switch (pn532->expects) {
    case TALLY_PN532_AT_ZERO:
        pn532->expects = byte == 0x00 ? TALLY_PN532_AT_START : TALLY_PN532_AT_ZERO;
        break;
    case TALLY_PN532_AT_START:
        pn532->expects = byte == 0xff   ? TALLY_PN532_AT_LEN
                         : byte == 0x00 ? TALLY_PN532_AT_START
                                        : TALLY_PN532_AT_ZERO;
        break;
    case TALLY_PN532_AT_LEN:
        pn532->body_len = byte;
        pn532->expects = TALLY_PN532_AT_LCS;
        break;
    case TALLY_PN532_AT_LCS:
        take_lcs(pn532, byte);
        break;
    case TALLY_PN532_AT_LEN_HIGH:
        pn532->body_len = (uint16_t)(byte << 8);
        pn532->expects = TALLY_PN532_AT_LEN_LOW;
        break;
    case TALLY_PN532_AT_LEN_LOW:
        pn532->body_len |= byte;
        pn532->expects = TALLY_PN532_AT_LCS_EXTENDED;
        break;
    case TALLY_PN532_AT_LCS_EXTENDED:
        begin_body(pn532, (uint8_t)((pn532->body_len >> 8) + pn532->body_len + byte) == 0);
        break;
    case TALLY_PN532_AT_BODY:
        take_body(pn532, byte);
        break;
    case TALLY_PN532_AT_DCS:
        take_dcs(pn532, byte);
        break;
    }
}

void tally_pn532_received(struct tally_pn532 *pn532, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        take_byte(pn532, bytes[i]);
    }
}

void tally_pn532_time(struct tally_pn532 *pn532, uint32_t now_ms)
{
    uint32_t limit_ms =
        pn532->asked == IN_DATA_EXCHANGE ? TALLY_PN532_CARD_MS_MAX : TALLY_PN532_ANSWER_MS_MAX;
    pn532->now_ms = now_ms;
    if (pn532->asked != NOTHING_ASKED && now_ms - pn532->asked_ms >= limit_ms) {
        break_down(pn532);
    }
}

/* ---- the slot ---- */

static void start(struct tally_pn532 *pn532, enum tally_pn532_job job)
{
    pn532->job = job;
    pn532->result = TALLY_CARD_WAIT;
    pn532->answer_len = 0;
    go_on(pn532);
}

/* A storage card is selected anew to see whether it is there; one of part 4 is asked politely. */
static enum tally_card_status look(void *self, struct tally_slot_card *ret_card)
{
    struct tally_pn532 *pn532 = self;
    if (pn532->job == TALLY_PN532_NO_JOB) {
        if (pn532->is_selected && (pn532->card.sak & SAK_ISO_DEP) == 0) {
            pn532->is_selected = false;
            pn532->must_release = true;
        }
        start(pn532, TALLY_PN532_LOOK);
    }
    if (pn532->result != TALLY_CARD_WAIT) {
        pn532->job = TALLY_PN532_NO_JOB;
    }
    if (pn532->result == TALLY_CARD_OK) {
        *ret_card = pn532->card;
    }
    return pn532->result;
}

static void begin(void *self, const uint8_t *bytes, size_t len)
{
    struct tally_pn532 *pn532 = self;
    assert(len <= sizeof pn532->command);
    memcpy(pn532->command, bytes, len);
    pn532->command_len = (uint16_t)len;
    start(pn532, TALLY_PN532_EXCHANGE);
}

static enum tally_card_status end(void *self, uint8_t *ret_bytes, size_t size, size_t *ret_len)
{
    struct tally_pn532 *pn532 = self;
    *ret_len = 0;
    if (pn532->result == TALLY_CARD_WAIT) {
        return TALLY_CARD_WAIT;
    }
    pn532->job = TALLY_PN532_NO_JOB;
    if (pn532->result == TALLY_CARD_OK && pn532->answer_len > size) {
        return TALLY_CARD_REFUSED;
    }
    memcpy(ret_bytes, pn532->answer, pn532->answer_len);
    *ret_len = pn532->answer_len;
    tally_wipe(pn532->answer, sizeof pn532->answer);
    return pn532->result;
}

/* An ACK from us makes the chip give up the command under way (6.2.1.3). */
static void drop(void *self)
{
    struct tally_pn532 *pn532 = self;
    if (pn532->asked != NOTHING_ASKED) {
        pn532->write(pn532->line, ack_frame, sizeof ack_frame);
    }
    pn532->must_release = pn532->must_release || pn532->is_selected;
    pn532->is_selected = false;
    pn532->job = TALLY_PN532_NO_JOB;
    finish(pn532, TALLY_CARD_NONE);
    tally_wipe(pn532->answer, sizeof pn532->answer);
}

void tally_pn532_init(struct tally_pn532 *pn532,
                      void (*write)(void *line, const uint8_t *bytes, size_t len), void *line)
{
    memset(pn532, 0, sizeof *pn532);
    pn532->slot = (struct tally_card_slot){pn532, look, begin, end, drop};
    pn532->write = write;
    pn532->line = line;
    pn532->asked = NOTHING_ASKED;
}
