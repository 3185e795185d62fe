/* SPDX-License-Identifier: Apache-2.0 */
/* A strict UTF-8 check. */
#include "app/core/utf8.h"

/* Length of the sequence that starts with `lead`, 0 if none does; the range of its second byte is
 * what keeps out overlong forms, surrogates and what lies above U+10FFFF. */
static size_t sequence(uint8_t lead, uint8_t *ret_second_low, uint8_t *ret_second_high)
{
    *ret_second_low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *ret_second_high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead >= 0x01 && lead <= 0x7F) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return 3;
    }
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

bool tally_utf8_valid(struct tally_slice text)
{
    size_t at = 0;
    while (at < text.len) {
        if (text.data[at] >= 0x01 && text.data[at] <= 0x7F) { /* nearly all of a basket */
            at++;
            continue;
        }
        uint8_t low = 0, high = 0;
        size_t len = sequence(text.data[at], &low, &high);
        if (len == 0 || len > text.len - at) {
            return false;
        }
        for (size_t i = 1; i < len; i++) {
            uint8_t byte = text.data[at + i];
            if (byte < low || byte > high) {
                return false;
            }
            low = 0x80;
            high = 0xBF;
        }
        at += len;
    }
    return true;
}
