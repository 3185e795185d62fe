/* firmware/usb/keyboard.h: which key types a character on a US keyboard (HID Usage Tables, page
 * 07).
 *
 * Memory   constants
 * Threads  pure */
#ifndef TALLY_FIRMWARE_USB_KEYBOARD_H
#define TALLY_FIRMWARE_USB_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

enum { TALLY_KEY_ENTER = 0x28, TALLY_KEY_LEFT_SHIFT = 0x02 /* in the modifier byte */ };

/* Printable ASCII and carriage return (Enter).
 *   true    *ret_modifiers and *ret_usage type `character`
 *   false   no key does */
bool tally_keyboard_key(uint8_t character, uint8_t *ret_modifiers, uint8_t *ret_usage);

#endif
