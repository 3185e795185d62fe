/* tests/usb/model_kinds.h: the kinds of devices that model.c can make, one file each.
 *
 * Memory   each maker allocates; model_free() frees
 * Threads  one */
#ifndef TESTS_USB_MODEL_KINDS_H
#define TESTS_USB_MODEL_KINDS_H

#include "tests/usb/model.h"

/* Our own reader (firmware/): the stripe as "msr" or "keyboard"; NULL: no such form. */
struct model *model_reader_make(const char *form);

/* HID devices that are not ours: "sureswipe", "dynamag", "scanner", "wedge"; NULL: no such kind. */
struct model *model_hid_make(const char *kind);

#endif
