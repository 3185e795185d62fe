/* SPDX-License-Identifier: Apache-2.0 */
/* The US layout. */
#include "firmware/usb/keyboard.h"

#include <stddef.h>

/* From usage 1E on: what the key types, and what it types with Shift. Usages 28 to 2C type no
 * character but Enter and space, 32 is not on a US keyboard. */
static const char plain[] = "1234567890\r\0\0\0 -=[]\\\0;'`,./";
static const char shifted[] = "!@#$%^&*()\0\0\0\0\0_+{}|\0:\"~<>?";
enum { FIRST_LETTER = 0x04, FIRST_OTHER = 0x1e };
_Static_assert(sizeof plain == sizeof shifted, "every key has both");

bool tally_keyboard_key(uint8_t character, uint8_t *ret_modifiers, uint8_t *ret_usage)
{
    bool is_upper = character >= 'A' && character <= 'Z';
    *ret_modifiers = is_upper ? TALLY_KEY_LEFT_SHIFT : 0;
    if (is_upper || (character >= 'a' && character <= 'z')) {
        *ret_usage = (uint8_t)(FIRST_LETTER + character - (is_upper ? 'A' : 'a'));
        return true;
    }
    for (size_t i = 0; i < sizeof plain - 1 && character != 0; i++) {
        if ((uint8_t)plain[i] == character || (uint8_t)shifted[i] == character) {
            *ret_modifiers = (uint8_t)shifted[i] == character ? TALLY_KEY_LEFT_SHIFT : 0;
            *ret_usage = (uint8_t)(FIRST_OTHER + i);
            return true;
        }
    }
    return false;
}
