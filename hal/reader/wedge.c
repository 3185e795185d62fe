/* SPDX-License-Identifier: Apache-2.0 */
/* Keyboard wedges: which key is which character, and what was typed. */
#include "hal/reader/wedge.h"

#include "hal/reader/code.h"
#include "hal/reader/scan.h"
#include "hal/reader/tracks.h"

#include <assert.h>
#include <string.h>

/* Modifiers, byte 0 of a boot report (HID 1.11, 8.3); left or right. */
enum { MOD_CTRL = 0x11, MOD_SHIFT = 0x22, MOD_LEFT_ALT = 0x04, MOD_ALT_GR = 0x40, MOD_GUI = 0x88 };

/* Usages of page 7 (HID Usage Tables 1.4, 10). */
enum {
    KEY_ROLL_OVER = 0x01, /* too many keys; 02 self test failed, 03 undefined: as bad */
    KEY_ERROR_LAST = 0x03,
    KEY_A = 0x04,
    KEY_ENTER = 0x28,
    KEY_TAB = 0x2b,
    KEY_SLASH = 0x38,
    KEY_CAPS_LOCK = 0x39,
    KEY_SCROLL_LOCK = 0x47,
    KEY_NUM_LOCK = 0x53,
    KEYPAD_SLASH = 0x54,
    KEYPAD_ENTER = 0x58,
    KEYPAD_1 = 0x59,
    KEYPAD_0 = 0x62,
    KEY_NON_US = 0x64 /* beside the left Shift */
};

enum { KEYS_AT = 2, LAYOUT_KEYS = KEY_SLASH - KEY_A + 1, LEVELS = 3 };

/* What is behind a key. NONE: no character of ASCII. A dead key types its character when a space,
 * or any other, follows. */
enum { NONE = 0, DEAD = 0x80, END = '\n' };
#define N          "\0"
#define DEAD_CARET "\xde"
#define DEAD_GRAVE "\xe0"
#define DEAD_TILDE "\xfe"
/* Enter, Escape, Backspace, Tab, Space: the same everywhere; Escape and Backspace type nothing. */
#define EDITING "\n" N N "\n "

/* Keys 04..38 in order: letters, digits, editing keys, then 2D..38; for each: plain, Shift,
 * AltGr. */
struct layout {
    char levels[LEVELS][LAYOUT_KEYS + 1];
    char non_us[LEVELS + 1]; /* key 64 */
};

#define NO_LETTERS N N N N N N N N N N N N N N N N N N N N N N N N N N

static const struct layout layouts[] = {
    [HAL_LAYOUT_US] = {{"abcdefghijklmnopqrstuvwxyz"
                        "1234567890" EDITING "-=[]\\\\;'`,./",
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "!@#$%^&*()" EDITING "_+{}||:\"~<>?",
                        ""},
                       "\\|" N},
    [HAL_LAYOUT_GERMAN] = {{"abcdefghijklmnopqrstuvwxzy"
                            "1234567890" EDITING N N N "+##" N N DEAD_CARET ",.-",
                            "ABCDEFGHIJKLMNOPQRSTUVWXZY"
                            "!\"" N "$%&/()=" EDITING "?" DEAD_GRAVE N "*''" N N N ";:_",
                            N N N N N N N N N N N N N N N N "@" N N N N N N N N N N N N N N N
                                                            "{[]}" N N N N N "\\" N N
                                                            "~" N N N N N N N N},
                           "<>|"},
    [HAL_LAYOUT_FRENCH] = {{"qbcdefghijkl,noparstuvzxyw"
                            "&" N "\"'(-" N "_" N N EDITING ")=" DEAD_CARET "$**m" N N ";:!",
                            "QBCDEFGHIJKL?NOPARSTUVZXYW"
                            "1234567890" EDITING N "+" N N N N "M%" N "./" N,
                            NO_LETTERS N DEAD_TILDE "#{[|" DEAD_GRAVE "\\^@" N N N N N
                                                    "]}" N N N N N N N N N N},
                           "<>" N},
};

/* Boot keyboards that are card readers. MagTek 99875206; ID TECH SecureMag; two makes of which many
 * copies are sold. Not here: 0801:0003, a card writer under MagTek's number, which is no
 * keyboard. */
static const struct {
    uint16_t idVendor;
    uint16_t idProduct;
} known_wedges[] = {
    {0x0801, 0x0001},
    {0x0acd, 0x2030},
    {0xffff, 0x0035},
    {0xc216, 0x0180},
};

bool hal_wedge_is_known(uint16_t idVendor, uint16_t idProduct)
{
    for (size_t i = 0; i < sizeof known_wedges / sizeof known_wedges[0]; i++) {
        if (known_wedges[i].idVendor == idVendor && known_wedges[i].idProduct == idProduct) {
            return true;
        }
    }
    return false;
}

/* ---- one key ---- */

static uint8_t keypad_digit(uint8_t key)
{
    return key == KEYPAD_0 ? '0' : (uint8_t)('1' + key - KEYPAD_1);
}

static bool is_keypad_digit(uint8_t key)
{
    return key >= KEYPAD_1 && key <= KEYPAD_0;
}

static uint8_t keypad_character(uint8_t key)
{
    static const char signs[] = "/*-+\n";
    if (is_keypad_digit(key)) {
        return keypad_digit(key);
    }
    bool is_sign = key >= KEYPAD_SLASH && key <= KEYPAD_ENTER;
    return is_sign ? (uint8_t)signs[key - KEYPAD_SLASH] : (uint8_t)NONE;
}

/* The character of a key with these modifiers, perhaps with the bit DEAD; NONE if there is none. */
static uint8_t character_of(enum hal_keyboard_layout which, uint8_t key, uint8_t modifiers)
{
    const struct layout *layout = &layouts[which];
    bool is_alt_gr = (modifiers & MOD_ALT_GR) != 0 ||
                     ((modifiers & MOD_CTRL) != 0 && (modifiers & MOD_LEFT_ALT) != 0);
    size_t level = is_alt_gr ? 2 : (modifiers & MOD_SHIFT) != 0;
    if (key == KEY_NON_US) {
        return (uint8_t)layout->non_us[level];
    }
    if (key < KEY_A || key > KEY_SLASH) {
        return is_alt_gr ? (uint8_t)NONE : keypad_character(key);
    }
    return (uint8_t)layout->levels[level][key - KEY_A];
}

static bool is_lock_key(uint8_t key)
{
    return key == KEY_CAPS_LOCK || key == KEY_SCROLL_LOCK || key == KEY_NUM_LOCK;
}

static void spoil(struct hal_wedge *wedge)
{
    wedge->is_spoiled = true;
}

static enum hal_wedge_step put_character(struct hal_wedge *wedge, uint8_t character)
{
    bool is_dead = (character & DEAD) != 0;
    bool ends_dead_key = wedge->has_dead_key && character == ' ';
    wedge->has_dead_key = is_dead;
    if (character == END) {
        return HAL_WEDGE_END;
    }
    if (ends_dead_key) {
        return HAL_WEDGE_TYPED;
    }
    if (wedge->len == HAL_WEDGE_TEXT_MAX) {
        spoil(wedge);
    }
    if (!wedge->is_spoiled) {
        wedge->text[wedge->len++] = character & (uint8_t)~DEAD;
    }
    return HAL_WEDGE_TYPED;
}

static enum hal_wedge_step put_unknown(struct hal_wedge *wedge)
{
    if (!hal_wedge_is_typing(wedge)) {
        return HAL_WEDGE_NOTHING; /* somebody's F key or arrow, and no card */
    }
    spoil(wedge);
    return HAL_WEDGE_TYPED;
}

/* Ctrl and a letter is a control character: ^I, ^J and ^M end the text, others say nothing. The
 * letter is the layout's. */
static enum hal_wedge_step put_control(struct hal_wedge *wedge, enum hal_keyboard_layout layout,
                                       uint8_t key)
{
    uint8_t letter = character_of(layout, key, 0);
    bool is_end = letter == 'i' || letter == 'j' || letter == 'm';
    return is_end ? put_character(wedge, END) : HAL_WEDGE_NOTHING;
}

static enum hal_wedge_step put_key(struct hal_wedge *wedge, enum hal_keyboard_layout layout,
                                   uint8_t key, uint8_t modifiers)
{
    bool has_ctrl = (modifiers & MOD_CTRL) != 0, has_alt = (modifiers & MOD_LEFT_ALT) != 0;
    if (is_lock_key(key)) {
        return HAL_WEDGE_NOTHING; /* the reader types as if its lights were off: none is ever lit */
    }
    if (has_alt && !has_ctrl && is_keypad_digit(key)) {
        wedge->alt_number = wedge->alt_number * 10 + keypad_digit(key) - '0';
        wedge->alt_digits++;
        return HAL_WEDGE_TYPED;
    }
    if ((modifiers & MOD_GUI) != 0 || (has_alt && !has_ctrl)) {
        return put_unknown(wedge);
    }
    if (has_ctrl && !has_alt) {
        return put_control(wedge, layout, key);
    }
    uint8_t character = character_of(layout, key, modifiers);
    return character == NONE ? put_unknown(wedge) : put_character(wedge, character);
}

/* Alt and up to four digits on the keypad type a character by its number, on every layout. It comes
 * when Alt goes up. */
static enum hal_wedge_step follow_alt(struct hal_wedge *wedge, uint8_t modifiers)
{
    enum { ALT_DIGITS_MAX = 4, ASCII_FIRST = ' ', ASCII_LAST = '~' };
    bool had_alt = wedge->has_alt;
    uint32_t number = wedge->alt_number;
    unsigned digits = wedge->alt_digits;
    wedge->has_alt = (modifiers & MOD_LEFT_ALT) != 0;
    if (!had_alt || wedge->has_alt || digits == 0) {
        return HAL_WEDGE_NOTHING;
    }
    wedge->alt_number = 0;
    wedge->alt_digits = 0;
    if (number == '\r' || number == '\n' || number == '\t') {
        return put_character(wedge, END);
    }
    if (digits > ALT_DIGITS_MAX || number < ASCII_FIRST || number > ASCII_LAST) {
        spoil(wedge);
        return HAL_WEDGE_TYPED;
    }
    return put_character(wedge, (uint8_t)number);
}

/* ---- one report ---- */

static bool holds(const uint8_t *keys, size_t count, uint8_t key)
{
    return key != 0 && memchr(keys, key, count) != NULL;
}

/* Rollover and errors say that the keys are not known; a key twice is in no keyboard's power. */
static bool is_doubtful(const uint8_t *keys)
{
    for (size_t i = 0; i < HAL_WEDGE_KEYS; i++) {
        bool is_error = keys[i] >= KEY_ROLL_OVER && keys[i] <= KEY_ERROR_LAST;
        if (is_error || holds(keys, i, keys[i])) {
            return true;
        }
    }
    return false;
}

static bool is_end_key(uint8_t key)
{
    return key == KEY_ENTER || key == KEY_TAB || key == KEYPAD_ENTER;
}

enum hal_wedge_step hal_wedge_report(struct hal_wedge *wedge, enum hal_keyboard_layout layout,
                                     const uint8_t *report, size_t len)
{
    assert(wedge != NULL);
    assert((size_t)layout < sizeof layouts / sizeof layouts[0]);
    assert(report != NULL || len == 0);

    if (len != HAL_WEDGE_REPORT_LEN || is_doubtful(report + KEYS_AT)) {
        spoil(wedge);
        return HAL_WEDGE_TYPED;
    }
    const uint8_t *keys = report + KEYS_AT;
    enum hal_wedge_step total = follow_alt(wedge, report[0]);
    for (size_t i = 0; i < HAL_WEDGE_KEYS; i++) {
        if (keys[i] == 0 || holds(wedge->down, HAL_WEDGE_KEYS, keys[i])) {
            continue;
        }
        if (total == HAL_WEDGE_END) {
            wedge->spoils_next = wedge->spoils_next || !is_end_key(keys[i]);
            continue;
        }
        enum hal_wedge_step step = put_key(wedge, layout, keys[i], report[0]);
        total = step > total ? step : total;
    }
    memcpy(wedge->down, keys, HAL_WEDGE_KEYS);
    return total;
}

void hal_wedge_lost(struct hal_wedge *wedge)
{
    assert(wedge != NULL);
    spoil(wedge);
}

bool hal_wedge_is_typing(const struct hal_wedge *wedge)
{
    assert(wedge != NULL);
    return wedge->len > 0 || wedge->is_spoiled || wedge->alt_digits > 0;
}

/* ---- the text ---- */

/* Takes the prefix and the suffix of the settings off. False: they are not there. */
static bool strip(const struct hal_wedge *wedge, const struct hal_wedge_settings *settings,
                  const uint8_t **ret_text, size_t *ret_len)
{
    size_t prefix_len = strnlen(settings->prefix, HAL_AFFIX_LEN_MAX);
    size_t suffix_len = strnlen(settings->suffix, HAL_AFFIX_LEN_MAX);
    if (wedge->len < prefix_len + suffix_len ||
        memcmp(wedge->text, settings->prefix, prefix_len) != 0 ||
        memcmp(wedge->text + wedge->len - suffix_len, settings->suffix, suffix_len) != 0) {
        return false;
    }
    *ret_text = wedge->text + prefix_len;
    *ret_len = wedge->len - prefix_len - suffix_len;
    return true;
}

bool hal_wedge_is_whole(const struct hal_wedge *wedge, const struct hal_wedge_settings *settings)
{
    assert(wedge != NULL && settings != NULL);

    const uint8_t *text = NULL;
    size_t len = 0;
    if (wedge->is_spoiled || wedge->alt_digits > 0 || !strip(wedge, settings, &text, &len) ||
        len == 0) {
        return false;
    }
    if (settings->suffix[0] != '\0') {
        return true;
    }
    if (hal_code_is(text, len)) {
        return len == HAL_CODE_ROTATING_LEN || len == HAL_CODE_STATIC_LEN;
    }
    return hal_tracks_are_text(text, len) && text[len - 1] == '?';
}

void hal_wedge_give_up(struct hal_wedge *wedge)
{
    assert(wedge != NULL);
    explicit_bzero(wedge->text, sizeof wedge->text);
    wedge->len = 0;
    wedge->alt_number = 0;
    spoil(wedge);
}

static int hex_value(uint8_t digit)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *at = digit == '\0' ? NULL : strchr(digits, digit);
    return at == NULL ? -1 : (int)(at - digits);
}

/* MagneSafe V5 types, behind the tracks, `|` and its encryption status as four hexadecimal digits
 * (MagTek 99875475, appendix D, example 5); no track has a `|`. One that encrypts masks what is
 * laid out like a payment card, club cards included. Which byte comes first is not asked: bit 2 in
 * either is enough, and a status that can't be read counts as yes. */
static bool may_mask(const uint8_t *status, size_t len)
{
    enum { STATUS_DIGITS = 4, ENCRYPTION_ENABLED = 0x4 };
    bool encrypts = len < STATUS_DIGITS + 1 || status[STATUS_DIGITS] != '|';
    for (size_t i = 0; i < STATUS_DIGITS && !encrypts; i++) {
        int value = hex_value(status[i]);
        bool is_low_half = i % 2 == 1;
        encrypts = value < 0 || (is_low_half && (value & ENCRYPTION_ENABLED) != 0);
    }
    return encrypts;
}

static enum tally_status judge_stripe(const uint8_t *text, size_t len,
                                      const struct hal_reader_settings *settings,
                                      struct tally_card *ret_card)
{
    struct hal_track tracks[HAL_TRACKS];
    const uint8_t *bar = memchr(text, '|', len);
    size_t tracks_len = bar == NULL ? len : (size_t)(bar - text);
    hal_tracks_split(text, tracks_len, tracks);
    bool masks = bar != NULL && may_mask(bar + 1, len - tracks_len - 1);
    return hal_tracks_card(tracks, &settings->rules, masks, ret_card);
}

static enum tally_status judge(const struct hal_wedge *wedge,
                               const struct hal_reader_settings *settings,
                               struct tally_card *ret_card)
{
    const uint8_t *text = NULL;
    size_t len = 0;
    if (!hal_wedge_is_typing(wedge)) {
        return TALLY_E_NOT_FOUND;
    }
    if (wedge->is_spoiled || wedge->alt_digits > 0 ||
        !strip(wedge, &settings->wedge, &text, &len)) {
        return TALLY_E_CARD_UNREADABLE;
    }
    if (!hal_tracks_are_text(text, len)) {
        return hal_scan_card(settings, HAL_SYMBOLOGY_UNKNOWN, TALLY_ENTRY_SCANNED, text, len,
                             ret_card);
    }
    return judge_stripe(text, len, settings, ret_card);
}

/* What of the state is not the text: keys that are still down stay known. */
static void start_anew(struct hal_wedge *wedge)
{
    explicit_bzero(wedge->text, sizeof wedge->text);
    wedge->len = 0;
    wedge->alt_number = 0;
    wedge->alt_digits = 0;
    wedge->has_dead_key = false;
    wedge->is_spoiled = wedge->spoils_next;
    wedge->spoils_next = false;
}

enum tally_status hal_wedge_card(struct hal_wedge *wedge,
                                 const struct hal_reader_settings *settings,
                                 struct tally_card *ret_card)
{
    assert(wedge != NULL && settings != NULL && ret_card != NULL);

    enum tally_status status = judge(wedge, settings, ret_card);
    start_anew(wedge);
    return status;
}
