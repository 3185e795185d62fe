/* firmware/port/linux-gadget/gadget.h: the reader as a USB gadget in configfs, with FunctionFS
 * mounted.
 *
 * Ownership  paths are fixed (GADGET_*), so what a killed run left is found and removed
 * Errors     false, and a sentence in gadget->error that says what to do
 * Threads    one; calls block as long as the kernel takes */
#ifndef TALLY_FIRMWARE_PORT_LINUX_GADGET_GADGET_H
#define TALLY_FIRMWARE_PORT_LINUX_GADGET_GADGET_H

#include <limits.h>
#include <stdbool.h>

#define GADGET_RUN_DIR "/run/tally-reader"
#define GADGET_FFS_DIR GADGET_RUN_DIR "/ffs"

struct gadget {
    char udc[NAME_MAX + 1];
    bool is_bound;
    char error[PATH_MAX + 256];
};

/* Chooses the UDC: `udc`, or the first of /sys/class/udc when it is NULL. */
bool gadget_choose_udc(struct gadget *gadget, const char *udc);

/* Makes the gadget and mounts its FunctionFS at GADGET_FFS_DIR; removes a stale one first. */
bool gadget_create(struct gadget *gadget, const char *serial);

/* Plugs in: the host sees us. The endpoints must be open by then (endpoints.h). */
bool gadget_bind(struct gadget *gadget);

/* Pulls the plug. Nothing happens when it is out already. */
bool gadget_unbind(struct gadget *gadget);

/* Has the bus reset settled on high speed? False where the controller does not say. */
bool gadget_is_high_speed(const struct gadget *gadget);

/* Takes away all that gadget_create() made. Never fails; what is not there is not missed. */
void gadget_remove(struct gadget *gadget);

#endif
