/* firmware/port/linux-gadget/kept.h: what outlasts the power on a Linux board: records as files of
 * one folder. What load and save promise is in usb/port.h.
 *
 * Errors   false: see there
 * Threads  one; a save blocks until the disk has it */
#ifndef TALLY_FIRMWARE_PORT_LINUX_GADGET_KEPT_H
#define TALLY_FIRMWARE_PORT_LINUX_GADGET_KEPT_H

#include "firmware/usb/port.h"

struct kept {
    const char *dir; /* borrowed; made with mode 0700 where it is missing */
};

/* Makes the folder. On false, errno. */
bool kept_open(struct kept *kept, const char *dir);

bool kept_load(const struct kept *kept, enum tally_keep what, uint8_t *ret_bytes, size_t len);
bool kept_save(const struct kept *kept, enum tally_keep what, const uint8_t *bytes, size_t len);

#endif
