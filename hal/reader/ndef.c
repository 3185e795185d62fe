/* SPDX-License-Identifier: Apache-2.0 */
/* NDEF messages: records, and the texts and URIs in them. */
#include "hal/reader/ndef.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* The first byte of a record (NDEF 1.0, 3.2). */
enum {
    FLAG_MB = 0x80,
    FLAG_ME = 0x40,
    FLAG_CF = 0x20,
    FLAG_SR = 0x10,
    FLAG_IL = 0x08,
    TNF_MASK = 0x07,
    TNF_WELL_KNOWN = 1,
    TNF_UNCHANGED = 6
};

/* The status byte of a text (Text RTD 1.0, 3.2.1). */
enum { TEXT_UTF16 = 0x80, TEXT_LANGUAGE_LEN = 0x3f };

/* URI RTD 1.0, 3.2.2, table 3: codes 00 to 23. */
static const char *const uri_prefixes[] = {
    "",
    "http://www.",
    "https://www.",
    "http://",
    "https://",
    "tel:",
    "mailto:",
    "ftp://anonymous:anonymous@",
    "ftp://ftp.",
    "ftps://",
    "sftp://",
    "smb://",
    "nfs://",
    "ftp://",
    "dav://",
    "news:",
    "telnet://",
    "imap:",
    "rtsp://",
    "urn:",
    "pop:",
    "sip:",
    "sips:",
    "tftp:",
    "btspp://",
    "btl2cap://",
    "btgoep://",
    "tcpobex://",
    "irdaobex://",
    "file://",
    "urn:epc:id:",
    "urn:epc:tag:",
    "urn:epc:pat:",
    "urn:epc:raw:",
    "urn:epc:",
    "urn:nfc:",
};
enum { URI_PREFIXES = sizeof uri_prefixes / sizeof uri_prefixes[0] };
_Static_assert(URI_PREFIXES == 0x24, "codes 00 to 23");

/* ---- records ---- */

static bool take(struct tally_slice message, size_t *at, size_t len, struct tally_slice *ret_part)
{
    if (len > message.len - *at) {
        return false;
    }
    *ret_part = (struct tally_slice){message.data + *at, len};
    *at += len;
    return true;
}

/* A number of `len` bytes, most significant first. */
static bool take_number(struct tally_slice message, size_t *at, size_t len, size_t *ret_number)
{
    struct tally_slice bytes;
    if (!take(message, at, len, &bytes)) {
        return false;
    }
    size_t number = 0;
    for (size_t i = 0; i < len; i++) {
        number = number << 8 | bytes.data[i];
    }
    *ret_number = number;
    return true;
}

static bool take_record(struct tally_slice message, size_t *at, uint8_t head,
                        struct hal_ndef_record *record)
{
    size_t type_len = 0, payload_len = 0, id_len = 0;
    struct tally_slice id;
    return take_number(message, at, 1, &type_len) &&
           take_number(message, at, (head & FLAG_SR) != 0 ? 1 : 4, &payload_len) &&
           ((head & FLAG_IL) == 0 || take_number(message, at, 1, &id_len)) &&
           take(message, at, type_len, &record->type) && take(message, at, id_len, &id) &&
           take(message, at, payload_len, &record->payload);
}

enum tally_status hal_ndef_next(struct tally_slice message, size_t *at,
                                struct hal_ndef_record *ret_record)
{
    assert(message.data != NULL || message.len == 0);
    assert(at != NULL && *at <= message.len);
    assert(ret_record != NULL);

    if (*at == message.len) {
        return message.len == 0 ? TALLY_E_INVALID : TALLY_E_END;
    }
    size_t behind = *at;
    uint8_t head = message.data[behind++];
    struct hal_ndef_record record = {.tnf = head & TNF_MASK};
    bool is_first = *at == 0;
    if ((head & FLAG_CF) != 0 || record.tnf >= TNF_UNCHANGED ||
        ((head & FLAG_MB) != 0) != is_first || !take_record(message, &behind, head, &record)) {
        return TALLY_E_INVALID;
    }
    bool is_last = behind == message.len;
    if (((head & FLAG_ME) != 0) != is_last) {
        return TALLY_E_INVALID;
    }
    *at = behind;
    *ret_record = record;
    return TALLY_OK;
}

/* ---- texts ---- */

static bool put_char(struct hal_ndef_text *text, unsigned code)
{
    if (code < ' ' || code > '~' || text->len == HAL_NDEF_TEXT_LEN_MAX) {
        return false;
    }
    text->bytes[text->len++] = (uint8_t)code;
    return true;
}

static bool put_bytes(struct hal_ndef_text *text, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!put_char(text, bytes[i])) {
            return false;
        }
    }
    return true;
}

/* Big-endian unless a byte order mark says otherwise (Text RTD 1.0, 3.2.1). */
static bool put_utf16(struct hal_ndef_text *text, const uint8_t *bytes, size_t len)
{
    bool little = len >= 2 && bytes[0] == 0xff && bytes[1] == 0xfe;
    bool marked = little || (len >= 2 && bytes[0] == 0xfe && bytes[1] == 0xff);
    if (len % 2 != 0) {
        return false;
    }
    for (size_t i = marked ? 2 : 0; i < len; i += 2) {
        unsigned high = bytes[little ? i + 1 : i], low = bytes[little ? i : i + 1];
        if (!put_char(text, high << 8 | low)) {
            return false;
        }
    }
    return true;
}

static bool read_uri(struct tally_slice payload, struct hal_ndef_text *text)
{
    if (payload.len == 0 || payload.data[0] >= URI_PREFIXES) {
        return false;
    }
    const char *prefix = uri_prefixes[payload.data[0]];
    return put_bytes(text, (const uint8_t *)prefix, strlen(prefix)) &&
           put_bytes(text, payload.data + 1, payload.len - 1);
}

static bool read_text(struct tally_slice payload, struct hal_ndef_text *text)
{
    if (payload.len == 0) {
        return false;
    }
    size_t skipped = (size_t)1 + (payload.data[0] & TEXT_LANGUAGE_LEN);
    if (skipped > payload.len) {
        return false;
    }
    const uint8_t *bytes = payload.data + skipped;
    size_t len = payload.len - skipped;
    return (payload.data[0] & TEXT_UTF16) != 0 ? put_utf16(text, bytes, len)
                                               : put_bytes(text, bytes, len);
}

enum tally_status hal_ndef_text(const struct hal_ndef_record *record,
                                struct hal_ndef_text *ret_text)
{
    assert(record != NULL && ret_text != NULL);

    bool is_short_type = record->tnf == TNF_WELL_KNOWN && record->type.len == 1;
    struct hal_ndef_text text = {.len = 0};
    bool is_read =
        is_short_type && ((record->type.data[0] == 'U' && read_uri(record->payload, &text)) ||
                          (record->type.data[0] == 'T' && read_text(record->payload, &text)));
    if (is_read) {
        *ret_text = text;
    }
    explicit_bzero(&text, sizeof text);
    return is_read ? TALLY_OK : TALLY_E_NOT_FOUND;
}
