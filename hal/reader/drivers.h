/* hal/reader/drivers.h: the drivers of reader.c's table, each a file of this folder. */
#ifndef HAL_READER_DRIVERS_H
#define HAL_READER_DRIVERS_H

#include "hal/reader/link.h"

extern const struct hal_reader_driver hal_driver_hid_msr; /* magnetic stripe, HID but no keyboard */

/* NULL ends it. The first driver that fits an interface gets it; when it says that the device is
 * not one of its kind after all, the next one that fits has a look. */
extern const struct hal_reader_driver *const hal_reader_drivers[];

#endif
