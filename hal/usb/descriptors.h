/* hal/usb/descriptors.h: the interfaces of a device, out of the descriptors that it sent.
 *
 * Units    lengths are bytes.
 * Memory   nothing is allocated; what is found points into the bytes given.
 * Errors   the bytes come from a device: whatever they are, what is found lies inside them.
 * Threads  pure. */
#ifndef HAL_USB_DESCRIPTORS_H
#define HAL_USB_DESCRIPTORS_H

#include "hal/reader/link.h"

enum {
    USB_DEVICE_DESCRIPTOR_LEN = 18, /* USB 2.0, table 9-8 */
    USB_INTERFACES_MAX = 32,        /* the kernel knows no more; those behind are not seen */
    USB_DESCRIPTORS_LEN_MAX = 65536 /* USB 2.0, table 9-10: wTotalLength has 16 bits */
};

/* `bytes` is the device descriptor and, behind it, every configuration with all that belongs to it,
 * as Linux shows them (ABI/testing/sysfs-bus-usb, "descriptors"). Finds the interfaces of the
 * configuration whose bConfigurationValue is `configuration`, each in its first alternate setting.
 * A descriptor that is cut off ends the search. Returns how many stand in `into`; report_descriptor
 * is NULL in all. */
size_t usb_find_interfaces(const uint8_t *bytes, size_t len, uint8_t configuration,
                           struct hal_interface into[USB_INTERFACES_MAX]);

#endif
