/* tests/usb/say.h: what a terminal has to say about its readers, one line for each event.
 *
 *   card KIND DIGITS-OR-HEX STRENGTH ENTRY     card number 60058541029558180 static swiped
 *   refused STATUS                             refused TALLY_E_PAYMENT_CARD
 *   ready N                                    one more reader works: N in all
 *   state STATUS N                             state TALLY_E_READER_GONE 0
 *
 * Memory   the caller's
 * Threads  pure */
#ifndef TESTS_USB_SAY_H
#define TESTS_USB_SAY_H

#include "app/core/card.h"

enum { SAY_LEN_MAX = 256 };

void say_card(const struct tally_card *card, char into[SAY_LEN_MAX]);
void say_refused(enum tally_status status, char into[SAY_LEN_MAX]);
void say_state(enum tally_status status, unsigned ready_count, char into[SAY_LEN_MAX]);

#endif
