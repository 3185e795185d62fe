/* firmware/port/linux-gadget/antenna.h: a PN532 (firmware/port/pn532.h) at a serial line of this
 * board.
 *
 * Errors   a line that is lost is said once on stderr; its slot is then broken, as pn532.h says
 * Threads  one; nothing blocks */
#ifndef TALLY_FIRMWARE_PORT_LINUX_GADGET_ANTENNA_H
#define TALLY_FIRMWARE_PORT_LINUX_GADGET_ANTENNA_H

#include "firmware/port/pn532.h"

struct antenna {
    int fd; /* -1: none, or lost; poll for POLLIN, then antenna_serve() */
    struct tally_pn532 pn532;
};

/* Opens the tty at `path`: 115200 baud, 8N1, raw. On false, errno. */
bool antenna_open(struct antenna *antenna, const char *path);
void antenna_serve(struct antenna *antenna);
void antenna_close(struct antenna *antenna);

#endif
