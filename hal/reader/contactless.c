/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation with one contactless card: a table of steps, each with what it asks and what it
 * makes of the answer. */
#include "hal/reader/contactless.h"

#include "hal/reader/scan.h"

#include "hal/reader/tlv.h"

#include <assert.h>
#include <string.h>

/* SW1 SW2 (ISO/IEC 7816-4, table 6; PC/SC part 3, table 3.6; 91xx: DESFire and its kin). */
enum {
    SW_OK = 0x9000,
    SW_END_REACHED = 0x6282,
    SW_SELECTED_BLOCKED = 0x6283,
    SW_FAILED = 0x6300,
    SW_NO_ANSWER = 0x6401,
    SW_NATIVE_OK = 0x9100,
    SW_NATIVE_MORE = 0x91af
};

enum { NO_LE = -1, ANY_LE = 0 };

struct answer {
    struct tally_slice data;
    unsigned sw;
};

/* ---- deciding ---- */

static void decide(struct hal_contactless *talk, enum tally_status verdict)
{
    talk->verdict = verdict;
    talk->step = HAL_STEP_DECIDED;
}

static void decide_uid(struct hal_contactless *talk, const uint8_t *uid, size_t len,
                       enum tally_card_strength strength)
{
    talk->card = (struct tally_card){.kind = TALLY_CARD_UID,
                                     .entry = TALLY_ENTRY_TAPPED,
                                     .strength = strength,
                                     .len = (uint8_t)len};
    memcpy(talk->card.bytes, uid, len);
    decide(talk, TALLY_OK);
}

/* What is left when the card holds nothing of ours and takes no money. */
static void decide_by_uid(struct hal_contactless *talk)
{
    if (talk->needs.settings->accepts_uid && talk->uid_len > 0) {
        decide_uid(talk, talk->uid, talk->uid_len, TALLY_STRENGTH_WEAK);
    } else {
        decide(talk, TALLY_E_UNKNOWN_CARD);
    }
}

/* The card left, or a reader's failed transfer with it. */
static bool is_lost(const struct answer *answer)
{
    return answer->sw == SW_FAILED || answer->sw == SW_NO_ANSWER;
}

/* Nothing of ours by this way. */
static void no_more_of_ours(struct hal_contactless *talk)
{
    if (talk->kind == HAL_CONTACTLESS_ISO_DEP) {
        talk->step = HAL_STEP_PPSE;
    } else {
        decide_by_uid(talk);
    }
}

/* A memory card did not let itself be read: moved, or locked. */
static void could_not_read(struct hal_contactless *talk)
{
    if (talk->needs.is_last_try) {
        talk->step = HAL_STEP_STILL_THERE;
    } else {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    }
}

/* ---- commands ---- */

static void ask(struct hal_contactless *talk, uint32_t header, struct tally_slice data, int le)
{
    struct tally_writer writer = {.data = talk->command, .cap = sizeof talk->command};
    for (int shift = 24; shift >= 0; shift -= 8) {
        tally_write_le(&writer, 1, header >> shift & 0xff);
    }
    if (data.len > 0) {
        tally_write_le(&writer, 1, data.len);
        tally_write_bytes(&writer, data.data, data.len);
    }
    if (le != NO_LE) {
        tally_write_le(&writer, 1, (uint64_t)le & 0xff);
    }
    assert(!writer.failed);
    talk->command_len = writer.at;
}

static const struct tally_slice no_data = {NULL, 0};

static void ask_select(struct hal_contactless *talk, const uint8_t *name, size_t len)
{
    ask(talk, 0x00a40400, (struct tally_slice){name, len}, ANY_LE);
}

static void ask_select_file(struct hal_contactless *talk, uint16_t file_id)
{
    const uint8_t id[] = {(uint8_t)(file_id >> 8), (uint8_t)file_id};
    ask(talk, 0x00a4000c, (struct tally_slice){id, sizeof id}, NO_LE);
}

/* READ BINARY of the selected file. */
static void ask_binary(struct hal_contactless *talk, size_t offset, size_t len)
{
    assert(offset <= 0x7fff && len > 0 && len <= 0xff);
    talk->read_asked = len;
    ask(talk, 0x00b00000 | (uint32_t)offset, no_data, (int)len);
}

/* Takes what the command under way read. False: more than was asked for, or nothing. */
static bool take_read(struct hal_contactless *talk, const struct answer *answer)
{
    size_t len = answer->data.len;
    if (len == 0 || len > talk->read_asked || len > sizeof talk->read - talk->read_len) {
        return false;
    }
    memcpy(talk->read + talk->read_len, answer->data.data, len);
    talk->read_len += len;
    return true;
}

/* ---- texts ---- */

static bool begins_with(struct tally_slice text, const char *head, struct tally_slice *ret_rest)
{
    size_t len = strlen(head);
    if (text.len < len || memcmp(text.data, head, len) != 0) {
        return false;
    }
    *ret_rest = (struct tally_slice){text.data + len, text.len - len};
    return true;
}

static enum tally_status take_digits(const struct hal_reader_settings *settings,
                                     struct tally_slice digits, struct tally_card *ret_card)
{
    TALLY_TRY(tally_card_classify(&settings->rules, digits.data, digits.len));
    tally_card_from_number(TALLY_ENTRY_TAPPED, digits.data, digits.len, ret_card);
    return TALLY_OK;
}

enum tally_status hal_contactless_member(const struct hal_reader_settings *settings,
                                         struct tally_slice text, struct tally_card *ret_card)
{
    assert(settings != NULL && ret_card != NULL);
    struct tally_slice text_left = text;
    if (settings->tag.uri_prefix[0] == '\0' ||
        !begins_with(text, settings->tag.uri_prefix, &text_left)) {
        return hal_scan_card(settings, HAL_SYMBOLOGY_PLAIN, TALLY_ENTRY_TAPPED, text.data, text.len,
                             ret_card);
    }
    return take_digits(settings, text_left, ret_card);
}

/* A message of NTAG 424 DNA whose MAC is right. */
static bool holds_tap(const struct hal_contactless *talk, struct tally_slice text,
                      struct hal_tag424_tap *ret_tap)
{
    const struct hal_reader_keys *keys = &talk->needs.settings->keys;
    struct hal_tag424_message message;
    struct hal_tag424_tap tap;
    uint8_t key[HAL_TAG424_KEY_LEN];
    bool is_right = keys->has_tag_key && hal_tag424_find(text, &message) == TALLY_OK &&
                    hal_tag424_key(keys->tag_key, NULL, HAL_TAG424_KEY_META, key) == TALLY_OK &&
                    hal_tag424_open(key, &message, &tap) == TALLY_OK &&
                    hal_tag424_key(keys->tag_key, tap.uid, HAL_TAG424_KEY_FILE, key) == TALLY_OK &&
                    hal_tag424_check(key, &tap, &message) == TALLY_OK;
    if (is_right) {
        *ret_tap = tap;
    }
    explicit_bzero(key, sizeof key);
    return is_right;
}

/* The UID of the anticollision, where it is not a random one, must be the one in the message: else
 * it is another card's message. */
static bool is_of_this_card(const struct hal_contactless *talk, const struct hal_tag424_tap *tap)
{
    return talk->uid_len != sizeof tap->uid || memcmp(talk->uid, tap->uid, sizeof tap->uid) == 0;
}

static enum tally_status judge_text(struct hal_contactless *talk, struct tally_slice text)
{
    if (holds_tap(talk, text, &talk->tap)) {
        return is_of_this_card(talk, &talk->tap) ? TALLY_E_AGAIN : TALLY_E_UNKNOWN_CARD;
    }
    return hal_contactless_member(talk->needs.settings, text, &talk->card);
}

/* The first text of a message that is decided on; TALLY_E_AGAIN: the card must prove itself. */
static enum tally_status judge_message(struct hal_contactless *talk, struct tally_slice message)
{
    enum tally_status verdict = TALLY_E_UNKNOWN_CARD;
    struct hal_ndef_record record;
    struct hal_ndef_text text = {.len = 0};
    size_t at = 0;
    while (verdict == TALLY_E_UNKNOWN_CARD && hal_ndef_next(message, &at, &record) == TALLY_OK) {
        if (hal_ndef_text(&record, &text) == TALLY_OK) {
            verdict = judge_text(talk, (struct tally_slice){text.bytes, text.len});
        }
    }
    explicit_bzero(&text, sizeof text);
    return verdict;
}

static void on_message(struct hal_contactless *talk, struct tally_slice message)
{
    enum tally_status verdict = judge_message(talk, message);
    if (verdict == TALLY_E_AGAIN) {
        talk->step = HAL_STEP_PROOF_FIRST;
    } else if (verdict == TALLY_E_UNKNOWN_CARD) {
        no_more_of_ours(talk);
    } else {
        /* A code of ours that is too old says so, on a phone that pays too. */
        decide(talk, verdict);
    }
}

/* Digits, then nothing but filling. */
static bool judge_digits(struct hal_contactless *talk, struct tally_slice content)
{
    size_t count = 0;
    while (count < content.len && tally_is_digit(content.data[count])) {
        count++;
    }
    for (size_t i = count; i < content.len; i++) {
        uint8_t byte = content.data[i];
        if (byte != 0x00 && byte != 0xff && byte != ' ') {
            return false;
        }
    }
    enum tally_status status =
        take_digits(talk->needs.settings, (struct tally_slice){content.data, count}, &talk->card);
    if (status == TALLY_E_UNKNOWN_CARD) {
        return false;
    }
    decide(talk, status);
    return true;
}

/* ---- what it is ---- */

/* 08: random. xF: fixed, but other cards may have it too (ISO/IEC 14443-3, 6.5.4). */
static bool uid_names_the_card(const struct hal_contactless *talk, struct tally_slice uid)
{
    if (uid.len == 4) {
        return uid.data[0] != 0x08 && (uid.data[0] & 0x0f) != 0x0f && !talk->is_type_b;
    }
    return uid.len == HAL_TAG424_UID_LEN || uid.len == HAL_CONTACTLESS_UID_LEN_MAX;
}

static void begin_iso_dep(struct hal_contactless *talk)
{
    talk->kind = HAL_CONTACTLESS_ISO_DEP;
    talk->step = talk->needs.settings->tag.aid_len > 0 ? HAL_STEP_OWN_SELECT : HAL_STEP_NDEF_SELECT;
}

static void ask_uid(struct hal_contactless *talk)
{
    ask(talk, 0xffca0000, no_data, ANY_LE);
}

static void hear_uid(struct hal_contactless *talk, const struct answer *answer)
{
    if (is_lost(answer)) {
        decide(talk, TALLY_E_CARD_UNREADABLE);
        return;
    }
    bool has_uid = answer->sw == SW_OK && answer->data.len > 0;
    if (has_uid && uid_names_the_card(talk, answer->data)) {
        talk->uid_len = answer->data.len;
        memcpy(talk->uid, answer->data.data, answer->data.len);
    }
    switch (talk->kind) {
    case HAL_CONTACTLESS_OTHER: /* a contact card does not know FF CA */
        talk->step = HAL_STEP_ATS;
        if (!has_uid) {
            decide(talk, TALLY_E_NOT_FOUND);
        }
        break;
    case HAL_CONTACTLESS_ISO_DEP:
        begin_iso_dep(talk);
        break;
    case HAL_CONTACTLESS_PAGES:
        talk->step = HAL_STEP_PAGES_FIRST;
        break;
    case HAL_CONTACTLESS_CLASSIC:
        talk->step = HAL_STEP_CLASSIC_KEY;
        if (!talk->needs.settings->tag.reads_classic) {
            decide_by_uid(talk);
        }
        break;
    case HAL_CONTACTLESS_STORAGE:
        decide_by_uid(talk);
        break;
    }
}

/* A reader that makes up its own ATRs still knows whether the card has an ATS. */
static void ask_ats(struct hal_contactless *talk)
{
    ask(talk, 0xffca0100, no_data, ANY_LE);
}

static void hear_ats(struct hal_contactless *talk, const struct answer *answer)
{
    if (is_lost(answer)) {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    } else if (answer->sw == SW_OK) {
        begin_iso_dep(talk);
    } else {
        talk->step = HAL_STEP_PAGES_FIRST;
    }
}

static void hear_still_there(struct hal_contactless *talk, const struct answer *answer)
{
    bool is_same =
        answer->sw == SW_OK && answer->data.len > 0 &&
        (talk->uid_len == 0 || (answer->data.len == talk->uid_len &&
                                memcmp(answer->data.data, talk->uid, talk->uid_len) == 0));
    if (is_same) {
        decide_by_uid(talk);
    } else {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    }
}

/* ---- MIFARE Classic (PC/SC part 3, 3.2.2.1) ---- */

static void ask_classic_key(struct hal_contactless *talk)
{
    const struct hal_tag_settings *tag = &talk->needs.settings->tag;
    ask(talk, 0xff820000, (struct tally_slice){tag->classic_key, sizeof tag->classic_key}, NO_LE);
}

static void hear_classic_key(struct hal_contactless *talk, const struct answer *answer)
{
    if (answer->sw == SW_OK) {
        talk->step = HAL_STEP_CLASSIC_OPEN;
    } else {
        decide_by_uid(talk); /* the reader takes no keys */
    }
}

static void ask_classic_open(struct hal_contactless *talk)
{
    enum { KEY_A = 0x60, KEY_B = 0x61 };
    const struct hal_tag_settings *tag = &talk->needs.settings->tag;
    const uint8_t data[] = {0x01, 0x00, tag->classic_block, tag->classic_key_b ? KEY_B : KEY_A,
                            0x00};
    ask(talk, 0xff860000, (struct tally_slice){data, sizeof data}, NO_LE);
}

static void hear_classic_open(struct hal_contactless *talk, const struct answer *answer)
{
    if (answer->sw == SW_OK) {
        talk->step = HAL_STEP_CLASSIC_READ;
    } else {
        could_not_read(talk); /* the card left, or has another key */
    }
}

static void ask_classic_read(struct hal_contactless *talk)
{
    ask(talk, 0xffb00000 | talk->needs.settings->tag.classic_block, no_data, 16);
}

static void hear_classic_read(struct hal_contactless *talk, const struct answer *answer)
{
    if (answer->sw != SW_OK || answer->data.len != 16) {
        could_not_read(talk);
    } else if (!judge_digits(talk, answer->data)) {
        decide_by_uid(talk);
    }
}

/* ---- Ultralight and NTAG 2xx: NFC Forum type 2 ---- */

enum { PAGE_LEN = 4, PAGES_READ_LEN = 16, CC_PAGE = 3, FIRST_DATA_PAGE = 4, LAST_PAGE = 255 };
_Static_assert((LAST_PAGE + 1 - FIRST_DATA_PAGE) * PAGE_LEN <= HAL_NDEF_LEN_MAX,
               "the whole memory of a tag fits");

static void ask_pages_first(struct hal_contactless *talk)
{
    ask(talk, 0xffb00000 | CC_PAGE, no_data, PAGES_READ_LEN);
}

/* Capability container (Type 2 Tag 1.0, 6.1): E1, version, memory / 8, access. */
static void hear_pages_first(struct hal_contactless *talk, const struct answer *answer)
{
    enum { MAGIC = 0xe1, MAJOR_VERSION = 0x10, MAJOR_MASK = 0xf0, READ_MASK = 0xf0 };
    if (answer->sw != SW_OK || answer->data.len < PAGE_LEN) {
        could_not_read(talk);
        return;
    }
    const uint8_t *cc = answer->data.data;
    bool is_readable =
        cc[0] == MAGIC && (cc[1] & MAJOR_MASK) == MAJOR_VERSION && (cc[3] & READ_MASK) == 0;
    if (!is_readable || cc[2] == 0) {
        decide_by_uid(talk);
        return;
    }
    talk->read_len = 0;
    talk->read_total = (size_t)cc[2] * 8;
    talk->step = HAL_STEP_PAGES_MORE;
}

static void ask_pages_more(struct hal_contactless *talk)
{
    size_t page = FIRST_DATA_PAGE + talk->read_len / PAGE_LEN;
    talk->read_asked = PAGES_READ_LEN;
    ask(talk, 0xffb00000 | (uint32_t)page, no_data, PAGES_READ_LEN);
}

static void hear_pages_more(struct hal_contactless *talk, const struct answer *answer)
{
    if (answer->sw != SW_OK || answer->data.len != PAGES_READ_LEN || !take_read(talk, answer)) {
        could_not_read(talk);
        return;
    }
    size_t len = talk->read_len < talk->read_total ? talk->read_len : talk->read_total;
    struct tally_slice message;
    enum tally_status status =
        hal_tlv_find((struct tally_slice){talk->read, len}, HAL_TLV_NDEF, &message);
    bool has_more = talk->read_len < talk->read_total &&
                    FIRST_DATA_PAGE + talk->read_len / PAGE_LEN <= LAST_PAGE;
    if (status == TALLY_OK) {
        on_message(talk, message);
    } else if (status != TALLY_E_AGAIN || !has_more) {
        decide_by_uid(talk);
    }
}

/* ---- a file of ours, by the name of its application ---- */

enum { NATIVE_AID_LEN = 3, OWN_READ_LEN = 32 };

static void ask_own_select(struct hal_contactless *talk)
{
    const struct hal_tag_settings *tag = &talk->needs.settings->tag;
    if (tag->aid_len == NATIVE_AID_LEN) {
        ask(talk, 0x905a0000, (struct tally_slice){tag->aid, NATIVE_AID_LEN}, ANY_LE);
    } else {
        ask_select(talk, tag->aid, tag->aid_len);
    }
}

static void hear_own_select(struct hal_contactless *talk, const struct answer *answer)
{
    if (is_lost(answer)) {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    } else if (answer->sw == SW_OK) {
        talk->step = HAL_STEP_OWN_READ;
    } else if (answer->sw == SW_NATIVE_OK) {
        talk->step = HAL_STEP_OWN_READ_NATIVE;
    } else {
        talk->step = HAL_STEP_NDEF_SELECT;
    }
}

/* READ BINARY by short file identifier. */
static void ask_own_read(struct hal_contactless *talk)
{
    ask(talk, 0x00b08000 | (uint32_t)(talk->needs.settings->tag.file_number & 0x1f) << 8, no_data,
        OWN_READ_LEN);
}

static void hear_own_read(struct hal_contactless *talk, const struct answer *answer)
{
    bool is_read = answer->sw == SW_OK || answer->sw == SW_END_REACHED;
    if (is_lost(answer)) {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    } else if (!is_read) {
        talk->step = HAL_STEP_OWN_READ_NATIVE;
    } else if (!judge_digits(talk, answer->data)) {
        talk->step = HAL_STEP_NDEF_SELECT;
    }
}

/* ReadData, the whole file (DESFire's native command in ISO clothes). */
static void ask_own_read_native(struct hal_contactless *talk)
{
    const uint8_t file[7] = {talk->needs.settings->tag.file_number};
    ask(talk, 0x90bd0000, (struct tally_slice){file, sizeof file}, ANY_LE);
}

/* More than one frame of it (91AF): a number stands in the first. */
static void hear_own_read_native(struct hal_contactless *talk, const struct answer *answer)
{
    bool is_read = answer->sw == SW_NATIVE_OK || answer->sw == SW_NATIVE_MORE;
    if (is_lost(answer)) {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    } else if (!is_read || !judge_digits(talk, answer->data)) {
        talk->step = HAL_STEP_NDEF_SELECT;
    }
}

/* ---- NDEF on an ISO-DEP card: NFC Forum type 4 ---- */

static const uint8_t ndef_name[] = {0xd2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x01};

enum {
    CC_FILE = 0xe103,
    CC_LEN = 15,
    CC_MLE_AT = 3,
    CC_CONTROL_AT = 7,
    CONTROL_NDEF = 0x04,
    CONTROL_LEN = 6,
    NLEN_LEN = 2
};

static void ask_ndef_select(struct hal_contactless *talk)
{
    ask_select(talk, ndef_name, sizeof ndef_name);
}

static void go_on_or_none(struct hal_contactless *talk, const struct answer *answer,
                          enum hal_contactless_step next)
{
    if (is_lost(answer)) {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    } else if (answer->sw == SW_OK) {
        talk->step = next;
    } else {
        no_more_of_ours(talk);
    }
}

static void hear_ndef_select(struct hal_contactless *talk, const struct answer *answer)
{
    go_on_or_none(talk, answer, HAL_STEP_CC_SELECT);
}

static void ask_cc_select(struct hal_contactless *talk)
{
    ask_select_file(talk, CC_FILE);
}

static void hear_cc_select(struct hal_contactless *talk, const struct answer *answer)
{
    go_on_or_none(talk, answer, HAL_STEP_CC_READ);
}

static void ask_cc_read(struct hal_contactless *talk)
{
    ask_binary(talk, 0, CC_LEN);
}

/* Capability container (Type 4 Tag 2.0, 5.1): CCLEN, version, MLe, MLc, then the NDEF file's
 * control TLV: 04 06, file, size, read access, write access. */
static void hear_cc_read(struct hal_contactless *talk, const struct answer *answer)
{
    go_on_or_none(talk, answer, HAL_STEP_FILE_SELECT);
    if (talk->step != HAL_STEP_FILE_SELECT) {
        return;
    }
    const uint8_t *cc = answer->data.data;
    bool is_readable = answer->data.len == CC_LEN && cc[CC_CONTROL_AT] == CONTROL_NDEF &&
                       cc[CC_CONTROL_AT + 1] == CONTROL_LEN && cc[CC_CONTROL_AT + 6] == 0;
    if (!is_readable) {
        no_more_of_ours(talk);
        return;
    }
    size_t mle = (size_t)tally_load_be(cc + CC_MLE_AT, 2);
    size_t chunk = talk->needs.read_len_max;
    talk->file_chunk = mle >= CC_LEN && mle < chunk ? mle : chunk;
    talk->file_id = (uint16_t)tally_load_be(cc + CC_CONTROL_AT + 2, 2);
}

static void ask_file_select(struct hal_contactless *talk)
{
    ask_select_file(talk, talk->file_id);
}

static void hear_file_select(struct hal_contactless *talk, const struct answer *answer)
{
    go_on_or_none(talk, answer, HAL_STEP_FILE_LEN);
}

static void ask_file_len(struct hal_contactless *talk)
{
    ask_binary(talk, 0, NLEN_LEN);
}

static void hear_file_len(struct hal_contactless *talk, const struct answer *answer)
{
    go_on_or_none(talk, answer, HAL_STEP_FILE_READ);
    if (talk->step != HAL_STEP_FILE_READ) {
        return;
    }
    talk->read_len = 0;
    talk->read_total =
        answer->data.len == NLEN_LEN ? (size_t)tally_load_be(answer->data.data, NLEN_LEN) : 0;
    if (talk->read_total == 0 || talk->read_total > sizeof talk->read) {
        no_more_of_ours(talk);
    }
}

static void ask_file_read(struct hal_contactless *talk)
{
    size_t left = talk->read_total - talk->read_len;
    ask_binary(talk, NLEN_LEN + talk->read_len, left < talk->file_chunk ? left : talk->file_chunk);
}

static void hear_file_read(struct hal_contactless *talk, const struct answer *answer)
{
    if (answer->sw != SW_OK || !take_read(talk, answer)) {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    } else if (talk->read_len == talk->read_total) {
        on_message(talk, (struct tally_slice){talk->read, talk->read_len});
    }
}

/* ---- NTAG 424 DNA: its message was right, now it is to prove that it is no copy ---- */

/* Remembered only here, at the end: a conversation that breaks off leaves nothing behind. */
static void decide_by_tap(struct hal_contactless *talk, bool is_proven)
{
    bool is_new = hal_tag424_is_new(talk->needs.seen, &talk->tap);
    if (is_proven || is_new) {
        decide_uid(talk, talk->tap.uid, sizeof talk->tap.uid,
                   is_proven ? TALLY_STRENGTH_PROVEN : TALLY_STRENGTH_STATIC);
    } else {
        decide(talk, TALLY_E_UNKNOWN_CARD); /* a message that was used here before */
    }
}

/* AuthenticateEV2First, part 1 (NT4H2421Gx, 10.4.1): key number, no capabilities. */
static void ask_proof_first(struct hal_contactless *talk)
{
    const uint8_t data[] = {HAL_TAG424_KEY_PROOF, 0x00};
    ask(talk, 0x90710000, (struct tally_slice){data, sizeof data}, ANY_LE);
}

static void hear_proof_first(struct hal_contactless *talk, const struct answer *answer)
{
    if (is_lost(answer)) {
        decide(talk, TALLY_E_CARD_UNREADABLE);
        return;
    }
    if (answer->sw != SW_NATIVE_MORE || answer->data.len != HAL_TAG424_RANDOM_LEN) {
        decide_by_tap(talk, false); /* what is left: a message that somebody has read off it once */
        return;
    }
    const uint8_t *master = talk->needs.settings->keys.tag_key;
    bool is_made =
        hal_tag424_key(master, talk->tap.uid, HAL_TAG424_KEY_PROOF, talk->proof_key) == TALLY_OK &&
        talk->needs.random(talk->rnd_a, sizeof talk->rnd_a) == TALLY_OK &&
        hal_tag424_token(talk->proof_key, talk->rnd_a, answer->data.data, talk->token) == TALLY_OK;
    if (is_made) {
        talk->step = HAL_STEP_PROOF_SECOND;
    } else {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    }
}

static void ask_proof_second(struct hal_contactless *talk)
{
    ask(talk, 0x90af0000, (struct tally_slice){talk->token, sizeof talk->token}, ANY_LE);
}

static void hear_proof_second(struct hal_contactless *talk, const struct answer *answer)
{
    bool is_answer = answer->sw == SW_NATIVE_OK && answer->data.len == HAL_TAG424_ANSWER_LEN;
    if (is_lost(answer)) {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    } else if (is_answer &&
               hal_tag424_prove(talk->proof_key, talk->rnd_a, answer->data.data) == TALLY_OK) {
        decide_by_tap(talk, true);
    } else {
        decide_by_tap(talk, false);
    }
}

/* ---- payment cards ---- */

/* PPSE, the list of a card's contactless payment applications (EMV contactless book B, 3.3.1). */
static const uint8_t ppse_name[] = "2PAY.SYS.DDF01";

/* Registered application providers (ISO/IEC 7816-5) that take money: the first application of each
 * is selected by its provider's 5 bytes. For cards without a PPSE. */
static const uint8_t payment_providers[][5] = {
    {0xa0, 0x00, 0x00, 0x00, 0x03}, /* Visa */
    {0xa0, 0x00, 0x00, 0x00, 0x04}, /* Mastercard, Maestro */
    {0xa0, 0x00, 0x00, 0x00, 0x25}, /* American Express */
    {0xa0, 0x00, 0x00, 0x00, 0x65}, /* JCB */
    {0xa0, 0x00, 0x00, 0x01, 0x52}, /* Discover, Diners Club */
    {0xa0, 0x00, 0x00, 0x03, 0x33}, /* UnionPay */
    {0xa0, 0x00, 0x00, 0x03, 0x59}, /* girocard */
};
enum { PAYMENT_PROVIDERS = sizeof payment_providers / sizeof payment_providers[0] };

static bool is_selected(const struct answer *answer)
{
    return answer->sw == SW_OK || answer->sw == SW_SELECTED_BLOCKED;
}

static void ask_ppse(struct hal_contactless *talk)
{
    ask_select(talk, ppse_name, sizeof ppse_name - 1);
}

static void hear_ppse(struct hal_contactless *talk, const struct answer *answer)
{
    if (is_lost(answer)) {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    } else if (is_selected(answer)) {
        decide(talk, TALLY_E_PAYMENT_CARD);
    } else {
        talk->payment_row = 0;
        talk->step = HAL_STEP_PAYMENT;
    }
}

static void ask_payment(struct hal_contactless *talk)
{
    const uint8_t *provider = payment_providers[talk->payment_row];
    ask_select(talk, provider, sizeof payment_providers[0]);
}

static void hear_payment(struct hal_contactless *talk, const struct answer *answer)
{
    if (is_lost(answer)) {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    } else if (is_selected(answer)) {
        decide(talk, TALLY_E_PAYMENT_CARD);
    } else if (++talk->payment_row == PAYMENT_PROVIDERS) {
        decide_by_uid(talk);
    }
}

/* ---- the steps ---- */

static const struct step {
    void (*ask)(struct hal_contactless *talk);
    void (*hear)(struct hal_contactless *talk, const struct answer *answer);
} steps[HAL_STEP_COUNT] = {
    [HAL_STEP_UID] = {ask_uid, hear_uid},
    [HAL_STEP_ATS] = {ask_ats, hear_ats},
    [HAL_STEP_STILL_THERE] = {ask_uid, hear_still_there},
    [HAL_STEP_CLASSIC_KEY] = {ask_classic_key, hear_classic_key},
    [HAL_STEP_CLASSIC_OPEN] = {ask_classic_open, hear_classic_open},
    [HAL_STEP_CLASSIC_READ] = {ask_classic_read, hear_classic_read},
    [HAL_STEP_PAGES_FIRST] = {ask_pages_first, hear_pages_first},
    [HAL_STEP_PAGES_MORE] = {ask_pages_more, hear_pages_more},
    [HAL_STEP_OWN_SELECT] = {ask_own_select, hear_own_select},
    [HAL_STEP_OWN_READ] = {ask_own_read, hear_own_read},
    [HAL_STEP_OWN_READ_NATIVE] = {ask_own_read_native, hear_own_read_native},
    [HAL_STEP_NDEF_SELECT] = {ask_ndef_select, hear_ndef_select},
    [HAL_STEP_CC_SELECT] = {ask_cc_select, hear_cc_select},
    [HAL_STEP_CC_READ] = {ask_cc_read, hear_cc_read},
    [HAL_STEP_FILE_SELECT] = {ask_file_select, hear_file_select},
    [HAL_STEP_FILE_LEN] = {ask_file_len, hear_file_len},
    [HAL_STEP_FILE_READ] = {ask_file_read, hear_file_read},
    [HAL_STEP_PROOF_FIRST] = {ask_proof_first, hear_proof_first},
    [HAL_STEP_PROOF_SECOND] = {ask_proof_second, hear_proof_second},
    [HAL_STEP_PPSE] = {ask_ppse, hear_ppse},
    [HAL_STEP_PAYMENT] = {ask_payment, hear_payment},
};

static void ask_next(struct hal_contactless *talk)
{
    talk->command_len = 0;
    if (talk->step != HAL_STEP_DECIDED) {
        assert(talk->step < HAL_STEP_COUNT && steps[talk->step].ask != NULL);
        steps[talk->step].ask(talk);
    }
}

/* ---- ATR ---- */

/* TS T0 TD1 TD2, then historical bytes and TCK (PC/SC part 3, 3.1.3.2.3). */
enum { ATR_HISTORY_AT = 4, STORAGE_ATR_LEN = 20, STORAGE_SS_AT = 12, STORAGE_NAME_AT = 13 };

static enum hal_contactless_kind kind_of_storage(const uint8_t *atr)
{
    enum { SS_14443A_PART_3 = 0x03 };
    enum { CLASSIC_1K = 0x0001, CLASSIC_4K = 0x0002, ULTRALIGHT = 0x0003, CLASSIC_MINI = 0x0026 };
    enum { ULTRALIGHT_C = 0x003a, ULTRALIGHT_EV1 = 0x003d };
    if (atr[STORAGE_SS_AT] != SS_14443A_PART_3) {
        return HAL_CONTACTLESS_STORAGE;
    }
    switch (tally_load_be(atr + STORAGE_NAME_AT, 2)) {
    case CLASSIC_1K:
    case CLASSIC_4K:
    case CLASSIC_MINI:
        return HAL_CONTACTLESS_CLASSIC;
    case ULTRALIGHT:
    case ULTRALIGHT_C:
    case ULTRALIGHT_EV1:
        return HAL_CONTACTLESS_PAGES;
    default:
        return HAL_CONTACTLESS_STORAGE;
    }
}

enum hal_contactless_kind hal_contactless_kind_of(const uint8_t *atr, size_t len,
                                                  bool *ret_is_type_b)
{
    static const uint8_t storage_head[] = {0x3b, 0x8f, 0x80, 0x01, 0x80, 0x4f,
                                           0x0c, 0xa0, 0x00, 0x00, 0x03, 0x06};
    enum { TYPE_B_HISTORY_LEN = 8 };
    assert(atr != NULL || len == 0);
    assert(ret_is_type_b != NULL);

    *ret_is_type_b = false;
    if (len < ATR_HISTORY_AT || atr[0] != 0x3b || (atr[1] & 0xf0) != 0x80 || atr[2] != 0x80 ||
        atr[3] != 0x01) {
        return HAL_CONTACTLESS_OTHER;
    }
    size_t history_len = atr[1] & 0x0f;
    uint8_t check = 0;
    for (size_t i = 1; i < len; i++) {
        check ^= atr[i];
    }
    if (len != ATR_HISTORY_AT + history_len + 1 || check != 0) {
        return HAL_CONTACTLESS_OTHER;
    }
    if (len == STORAGE_ATR_LEN && memcmp(atr, storage_head, sizeof storage_head) == 0) {
        return kind_of_storage(atr);
    }
    *ret_is_type_b = history_len == TYPE_B_HISTORY_LEN;
    return HAL_CONTACTLESS_ISO_DEP;
}

/* ---- the conversation ---- */

void hal_contactless_begin(struct hal_contactless *talk, const struct hal_contactless_needs *needs,
                           const uint8_t *atr, size_t len)
{
    assert(talk != NULL && needs != NULL);
    assert(needs->settings != NULL && needs->seen != NULL && needs->random != NULL);
    assert(needs->read_len_max >= HAL_CONTACTLESS_READ_LEN_MIN);
    assert(needs->settings->tag.aid_len <= HAL_AID_LEN_MAX);

    hal_contactless_wipe(talk);
    talk->needs = *needs;
    talk->verdict = TALLY_E_AGAIN;
    talk->kind = hal_contactless_kind_of(atr, len, &talk->is_type_b);
    talk->step = HAL_STEP_UID;
    ask_next(talk);
}

const uint8_t *hal_contactless_command(const struct hal_contactless *talk, size_t *ret_len)
{
    assert(talk != NULL && ret_len != NULL);
    *ret_len = talk->command_len;
    return talk->step == HAL_STEP_DECIDED ? NULL : talk->command;
}

void hal_contactless_answer(struct hal_contactless *talk, const uint8_t *bytes, size_t len)
{
    assert(talk != NULL && talk->step != HAL_STEP_DECIDED);
    assert(bytes != NULL || len == 0);

    if (len < 2) {
        decide(talk, TALLY_E_CARD_UNREADABLE);
    } else {
        struct answer answer = {.data = {bytes, len - 2},
                                .sw = (unsigned)tally_load_be(bytes + len - 2, 2)};
        steps[talk->step].hear(talk, &answer);
    }
    ask_next(talk);
}

enum tally_status hal_contactless_verdict(const struct hal_contactless *talk,
                                          struct tally_card *ret_card)
{
    assert(talk != NULL && ret_card != NULL);
    if (talk->verdict == TALLY_OK) {
        *ret_card = talk->card;
    }
    return talk->verdict;
}

void hal_contactless_wipe(struct hal_contactless *talk)
{
    assert(talk != NULL);
    explicit_bzero(talk, sizeof *talk);
}
