/* tests/usb/taps.h: contactless cards by the words of a conversation.
 *
 *   phone                          a random UID and nothing more
 *   payment                        answers the PPSE
 *   ntag213 uri|text|hex ARGUMENT  a Type 2 tag with that NDEF record (hex: that message)
 *   type4 uri|text|hex ARGUMENT    a Type 4 tag
 *
 * Threads  pure */
#ifndef TESTS_USB_TAPS_H
#define TESTS_USB_TAPS_H

#include "firmware/port/host/virtual_card.h"

enum { TAPS_LINE_LEN_MAX = 400 };

/* False: not understood. */
bool taps_read(const char *words, struct tally_virtual_card *ret_card);

/* The same card as a line to tally-reader's head. False: not understood. */
bool taps_head_line(const char *words, char into[TAPS_LINE_LEN_MAX]);

#endif
