/* tests/usb/hex.h: bytes as people write them.
 *
 * Memory   the caller's
 * Threads  pure */
#ifndef TESTS_USB_HEX_H
#define TESTS_USB_HEX_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Two digits for each byte, with or without blanks between them. Returns how many bytes, at most
 * `cap`; -1: not hex, or more. */
static inline int hex_read(const char *hex, uint8_t *into, int cap)
{
    int len = 0, used = 0;
    unsigned byte = 0;
    while (len < cap && sscanf(hex, " %2x%n", &byte, &used) == 1) {
        into[len++] = (uint8_t)byte;
        hex += used;
    }
    return hex[strspn(hex, " ")] == '\0' ? len : -1;
}

#endif
