/* firmware/port/linux-gadget/taps.h: contactless cards as words, for `tap` (README.md).
 *
 * Threads  pure */
#ifndef TALLY_FIRMWARE_PORT_LINUX_GADGET_TAPS_H
#define TALLY_FIRMWARE_PORT_LINUX_GADGET_TAPS_H

#include "firmware/port/host/virtual_card.h"

/* Makes the card that `description` names. Returns NULL, or a text that says what is wrong with it;
 * then *ret_card is not to be used. */
const char *taps_card(const char *description, struct tally_virtual_card *ret_card);

#endif
