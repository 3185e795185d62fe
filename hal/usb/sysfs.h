/* hal/usb/sysfs.h: what is on the bus, as the kernel shows it in /sys and /dev.
 *
 * libusb keeps a list of its own, but hears of arrivals only from udevd, which small images do not
 * have; the kernel's files are always true.
 *
 * Units    lengths are bytes.
 * Memory   a scan allocates its list; usb_free_seen() gives one entry of it back.
 * Blocking everything here may wait for the kernel: it shows a device's configuration only when it
 *          has finished with the device. So call it from libuv's thread pool.
 * Threads  any; nothing is shared. */
#ifndef HAL_USB_SYSFS_H
#define HAL_USB_SYSFS_H

#include "hal/reader/link.h"

#include <sys/types.h>

enum {
    USB_DIR_LEN_MAX = 63,   /* "1-2.3.4": bus and ports; no deeper tree comes near */
    USB_NAME_LEN_MAX = 127, /* a string descriptor holds no more characters */
    USB_NODE_LEN_MAX = 31   /* "/dev/bus/usb/001/002" */
};

/* One plugging-in of one device: the address alone would come round again. A device without a
 * configuration (not chosen yet, or not authorized) is none. */
struct usb_identity {
    unsigned busnum;
    unsigned devnum;
    ino_t inode;            /* of its folder */
    unsigned configuration; /* chosen anew, its interfaces are others */
};

struct usb_seen {
    struct usb_identity identity;
    char dir[USB_DIR_LEN_MAX + 1];
    bool is_known; /* was in `known`: nothing below is filled */
    char node[USB_NODE_LEN_MAX + 1];
    char name[USB_NAME_LEN_MAX + 1]; /* product string in printable ASCII, else the node */
    uint8_t *descriptors;
    struct hal_interface *interfaces; /* their pointers are this entry's memory */
    size_t interface_count;
    struct usb_seen *next;
};

/* All devices that have a configuration, those in `known` without their details. A device that goes
 * away while it is read, or that there is no memory for, is left out: look again on the next
 * change. */
struct usb_seen *usb_scan_sysfs(const struct usb_identity *known, size_t known_count);

void usb_free_seen(struct usb_seen *seen);

bool usb_is_same(const struct usb_identity *a, const struct usb_identity *b);

#endif
