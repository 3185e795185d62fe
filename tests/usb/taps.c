/* SPDX-License-Identifier: Apache-2.0 */
/* Words to virtual cards. */
#include "tests/usb/taps.h"

#include "tests/usb/hex.h"

#include <stdio.h>
#include <string.h>

enum { NDEF_LEN_MAX = 137, WORD_LEN_MAX = 15 };

/* One short record of a well-known type (NFC Forum NDEF 1.0, 3.2; URI RTD 3.2; Text RTD 3.2). */
static size_t write_record(char type, const char *before, size_t before_len, const char *text,
                           uint8_t into[NDEF_LEN_MAX])
{
    size_t len = strlen(text);
    if (len > NDEF_LEN_MAX - 4 - before_len) {
        return 0;
    }
    into[0] = 0xd1; /* MB, ME, SR, TNF 1 */
    into[1] = 1;
    into[2] = (uint8_t)(before_len + len);
    into[3] = (uint8_t)type;
    memcpy(into + 4, before, before_len);
    memcpy(into + 4 + before_len, text, len);
    return 4 + before_len + len;
}

static size_t read_message(const char *form, const char *argument, uint8_t into[NDEF_LEN_MAX])
{
    if (strcmp(form, "uri") == 0) {
        return write_record('U', "\0", 1, argument, into);
    }
    if (strcmp(form, "text") == 0) {
        return write_record('T', "\2en", 3, argument, into);
    }
    int len = strcmp(form, "hex") == 0 ? hex_read(argument, into, NDEF_LEN_MAX) : 0;
    return len < 0 ? 0 : (size_t)len;
}

/* "KIND FORM ARGUMENT": the kind and the NDEF message; 0: not understood. */
static size_t read_tag(const char *words, char kind[WORD_LEN_MAX + 1], uint8_t ndef[NDEF_LEN_MAX])
{
    char form[WORD_LEN_MAX + 1] = "";
    int argument_at = 0;
    if (sscanf(words, "%15s %15s %n", kind, form, &argument_at) != 2 || argument_at == 0) {
        return 0;
    }
    bool is_known = strcmp(kind, "ntag213") == 0 || strcmp(kind, "type4") == 0;
    return is_known ? read_message(form, words + argument_at, ndef) : 0;
}

bool taps_read(const char *words, struct tally_virtual_card *ret_card)
{
    char kind[WORD_LEN_MAX + 1] = "";
    uint8_t ndef[NDEF_LEN_MAX];
    memset(ret_card, 0, sizeof *ret_card);
    if (strcmp(words, "phone") == 0) {
        tally_virtual_phone(ret_card);
        return true;
    }
    if (strcmp(words, "payment") == 0) {
        tally_virtual_payment(ret_card);
        return true;
    }
    size_t len = read_tag(words, kind, ndef);
    if (len > 0 && kind[0] == 'n') {
        tally_virtual_ntag213(ret_card, ndef, len);
    } else if (len > 0) {
        tally_virtual_type4(ret_card, ndef, len);
    }
    return len > 0;
}

bool taps_head_line(const char *words, char into[TAPS_LINE_LEN_MAX])
{
    char kind[WORD_LEN_MAX + 1] = "";
    uint8_t ndef[NDEF_LEN_MAX];
    if (strcmp(words, "phone") == 0 || strcmp(words, "payment") == 0) {
        snprintf(into, TAPS_LINE_LEN_MAX, "tap %s", words);
        return true;
    }
    size_t len = read_tag(words, kind, ndef);
    int at = snprintf(into, TAPS_LINE_LEN_MAX, "tap %s ", kind);
    for (size_t i = 0; i < len; i++) {
        at += snprintf(into + at, TAPS_LINE_LEN_MAX - (size_t)at, "%02x", ndef[i]);
    }
    return len > 0;
}
