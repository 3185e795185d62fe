/* tests/unit/hal/wedge_keys.h: types a text as a keyboard wedge does. Which key is which character
 * stands here a second time, row by row as on the key caps. Header only: the tests here are small
 * programs. */
#ifndef TESTS_UNIT_HAL_WEDGE_KEYS_H
#define TESTS_UNIT_HAL_WEDGE_KEYS_H

#include "hal/reader/settings.h"
#include "hal/reader/wedge.h"

#include <assert.h>
#include <string.h>

struct key_press {
    uint8_t modifiers;
    uint8_t usage;
    bool is_dead; /* a space follows */
};

/* The rows of a keyboard, from the key beside 1; and the usages at these places (HID Usage Tables,
 * page 7), the same on all. A space: no ASCII character there. */
static const uint8_t caps_usages[] = {
    0x35, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2d, 0x2e, /* digits */
    0x14, 0x1a, 0x08, 0x15, 0x17, 0x1c, 0x18, 0x0c, 0x12, 0x13, 0x2f, 0x30,       /* Q to P */
    0x04, 0x16, 0x07, 0x09, 0x0a, 0x0b, 0x0d, 0x0e, 0x0f, 0x33, 0x34,             /* A to L */
    0x1d, 0x1b, 0x06, 0x19, 0x05, 0x11, 0x10, 0x36, 0x37, 0x38,                   /* Z to / */
    0x64, 0x31,
};

/* Plain, Shift, AltGr; what is dead stands in `dead`. */
struct caps {
    const char *levels[3];
    const char *dead;
};

static const struct caps caps_of[] = {
    [HAL_LAYOUT_US] = {{"`1234567890-=qwertyuiop[]asdfghjkl;'zxcvbnm,./\\\\",
                        "~!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>?||", ""},
                       ""},
    [HAL_LAYOUT_GERMAN] = {{"^1234567890  qwertzuiop +asdfghjkl  yxcvbnm,.-<#",
                            " !\" $%&/()=?`QWERTZUIOP *ASDFGHJKL  YXCVBNM;:_>'",
                            "       {[]}\\ @          ~                     | "},
                           "^`"},
    [HAL_LAYOUT_FRENCH] = {{" & \"'(- _  )=azertyuiop^$qsdfghjklm wxcvbn,;:!<*",
                            " 1234567890 +AZERTYUIOP  QSDFGHJKLM%WXCVBN?./ > ",
                            "  ~#{[|`\\^@]}                                   "},
                           "`~"},
};

static const uint8_t caps_modifiers[] = {0x00, 0x02, 0x40};

/* French has ^ twice: dead beside P, and plain on AltGr 9; the plain one is listed last. */
static inline bool find_key(enum hal_keyboard_layout layout, char character,
                            struct key_press *ret_press)
{
    bool is_found = false;
    if (character == ' ' || character == '\n' || character == '\t') {
        *ret_press = (struct key_press){0,
                                        character == ' '    ? 0x2c
                                        : character == '\n' ? 0x28
                                                            : 0x2b,
                                        false};
        return true;
    }
    for (size_t level = 0; level < 3; level++) {
        const char *caps = caps_of[layout].levels[level];
        for (size_t i = 0; caps[i] != '\0'; i++) {
            if (caps[i] == character) {
                assert(i < sizeof caps_usages);
                bool is_dead = strchr(caps_of[layout].dead, character) != NULL;
                *ret_press = (struct key_press){caps_modifiers[level], caps_usages[i], is_dead};
                is_found = true;
            }
        }
    }
    return is_found;
}

#endif
