/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 into what printers and customer displays know, with a stand-in for everything else. */
#include "hal/printer/charset.h"

#include "app/core/utf8.h"

#include <assert.h>
#include <iconv.h>

enum { ASCII_LAST = 0x7e, LATIN_FIRST = 0xc0, LATIN_LAST = 0x17f };

/* The upper half of code page 437, as Unicode. */
static const uint16_t pc437[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
    0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
    0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa,
    0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
    0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
    0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
    0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
    0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4,
    0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
    0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0};

/* U+00C0 to U+017F with the letters that everybody has: the base letters of their decomposition
 * (Unicode, NFKD), and those that people write for what has none. */
static const char latin[][3] = {
    "A", "A", "A",  "A",  "A", "A", "AE", "C",  "E",  "E", "E", "E", "I",  "I",  "I", "I", "D", "N",
    "O", "O", "O",  "O",  "O", "x", "O",  "U",  "U",  "U", "U", "Y", "Th", "ss", "a", "a", "a", "a",
    "a", "a", "ae", "c",  "e", "e", "e",  "e",  "i",  "i", "i", "i", "d",  "n",  "o", "o", "o", "o",
    "o", "/", "o",  "u",  "u", "u", "u",  "y",  "th", "y", "A", "a", "A",  "a",  "A", "a", "C", "c",
    "C", "c", "C",  "c",  "C", "c", "D",  "d",  "D",  "d", "E", "e", "E",  "e",  "E", "e", "E", "e",
    "E", "e", "G",  "g",  "G", "g", "G",  "g",  "G",  "g", "H", "h", "H",  "h",  "I", "i", "I", "i",
    "I", "i", "I",  "i",  "I", "i", "IJ", "ij", "J",  "j", "K", "k", "k",  "L",  "l", "L", "l", "L",
    "l", "L", "l",  "L",  "l", "N", "n",  "N",  "n",  "N", "n", "n", "N",  "n",  "O", "o", "O", "o",
    "O", "o", "OE", "oe", "R", "r", "R",  "r",  "R",  "r", "S", "s", "S",  "s",  "S", "s", "S", "s",
    "T", "t", "T",  "t",  "T", "t", "U",  "u",  "U",  "u", "U", "u", "U",  "u",  "U", "u", "U", "u",
    "W", "w", "Y",  "y",  "Y", "Z", "z",  "Z",  "z",  "Z", "z", "s"};
_Static_assert(sizeof latin / sizeof latin[0] == LATIN_LAST - LATIN_FIRST + 1, "one for each");

static const struct {
    uint16_t code;
    const char *text;
} others[] = {
    {0x00a0, " "},    {0x00a1, "!"},   {0x00a2, "c"},   {0x00a3, "GBP"}, {0x00a5, "Y"},
    {0x00a7, "S"},    {0x00a9, "(c)"}, {0x00ab, "\""},  {0x00ad, ""},    {0x00ae, "(r)"},
    {0x00b0, "o"},    {0x00b4, "'"},   {0x00b7, "."},   {0x00bb, "\""},  {0x00bf, "?"},
    {0x2010, "-"},    {0x2011, "-"},   {0x2012, "-"},   {0x2013, "-"},   {0x2014, "-"},
    {0x2018, "'"},    {0x2019, "'"},   {0x201a, ","},   {0x201c, "\""},  {0x201d, "\""},
    {0x201e, "\""},   {0x2022, "*"},   {0x2026, "..."}, {0x202f, " "},   {0x20ac, "EUR"},
    {0x2122, "(tm)"}, {0x2212, "-"},   {0x2605, "*"},   {0x2606, "*"},   {0x3000, "  "},
    {0xffe5, "Y"},
};

/* ---- one character ---- */

/* How many bytes a character with this first byte has (RFC 3629, 3); 1 where none begins so. */
static size_t sequence_len(uint8_t first)
{
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

/* The character at the front of `text`, which is not empty; *ret_len bytes. Of bytes that are none
 * the first is taken, as a character that no table has. */
static uint32_t first_character(struct tally_slice text, size_t *ret_len)
{
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t len = sequence_len(text.data[0]);
    *ret_len = 1;
    if (text.data[0] == 0) {
        return 0;
    }
    if (len > text.len || !tally_utf8_valid((struct tally_slice){text.data, len})) {
        return UINT32_MAX;
    }
    uint32_t code = text.data[0] & lead_bits[len];
    for (size_t i = 1; i < len; i++) {
        code = code << 6 | (text.data[i] & 0x3fU);
    }
    *ret_len = len;
    return code;
}

/* Combining marks, joiners, variation selectors, the byte order mark. */
static bool is_invisible(uint32_t code)
{
    return (code >= 0x300 && code <= 0x36f) || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0xfe00 && code <= 0xfe0f) || code == 0xfeff;
}

static const char *stand_in(uint32_t code, char own[2])
{
    if (code < 0x20 || code == 0x7f) {
        return " ";
    }
    if (code <= ASCII_LAST) {
        own[0] = (char)code;
        own[1] = '\0';
        return own;
    }
    if (is_invisible(code)) {
        return "";
    }
    if (code >= LATIN_FIRST && code <= LATIN_LAST) {
        return latin[code - LATIN_FIRST];
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i].code == code) {
            return others[i].text;
        }
    }
    return "?";
}

/* ---- character sets ---- */

static size_t in_pc437(uint32_t code, uint8_t ret_bytes[2])
{
    for (size_t i = 0; i < sizeof pc437 / sizeof pc437[0]; i++) {
        if (pc437[i] == code) {
            ret_bytes[0] = (uint8_t)(0x80 + i);
            return 1;
        }
    }
    return 0;
}

/* Two-byte characters only: printers don't know the four-byte ones. A libc without the table has
 * none, and stand-ins are printed. */
static size_t in_gb18030(const uint8_t *utf8, size_t len, uint8_t ret_bytes[2])
{
    iconv_t converter = iconv_open("GB18030", "UTF-8");
    if (converter == (iconv_t)-1) {
        return 0;
    }
    char in[4], out[8];
    char *from = in, *to = out;
    size_t from_left = len, to_left = sizeof out;
    memcpy(in, utf8, len);
    size_t lost = iconv(converter, &from, &from_left, &to, &to_left);
    iconv_close(converter);
    if (lost != 0 || from_left != 0 || sizeof out - to_left != 2) {
        return 0;
    }
    memcpy(ret_bytes, out, 2);
    return 2;
}

enum tally_status hal_charset_append(enum hal_charset charset, struct tally_slice utf8,
                                     struct tally_buffer *bytes)
{
    assert(bytes != NULL);

    while (utf8.len > 0) {
        size_t len = 0, count = 0;
        uint8_t encoded[2];
        char own[2];
        uint32_t code = first_character(utf8, &len);
        if (code > ASCII_LAST && code != UINT32_MAX && charset == HAL_CHARSET_PC437) {
            count = in_pc437(code, encoded);
        } else if (code > ASCII_LAST && code != UINT32_MAX && charset == HAL_CHARSET_GB18030) {
            count = in_gb18030(utf8.data, len, encoded);
        }
        if (count > 0) {
            TALLY_TRY(tally_buffer_append(bytes, encoded, count));
        } else {
            const char *text = stand_in(code, own);
            TALLY_TRY(tally_buffer_append(bytes, text, strlen(text)));
        }
        utf8.data += len;
        utf8.len -= len;
    }
    return TALLY_OK;
}

size_t hal_charset_fit(enum hal_charset charset, struct tally_slice encoded, size_t columns)
{
    size_t fit = 0;
    while (fit < encoded.len) {
        bool is_pair = charset == HAL_CHARSET_GB18030 && encoded.data[fit] >= 0x80;
        size_t len = is_pair ? 2 : 1;
        if (fit + len > columns || fit + len > encoded.len) {
            break;
        }
        fit += len;
    }
    return fit;
}
