/* hal/reader/ccid_driver.h: the driver for CCID readers with contactless slots.
 *
 * Memory   see struct hal_reader_driver. */
#ifndef HAL_READER_CCID_DRIVER_H
#define HAL_READER_CCID_DRIVER_H

#include "hal/reader/link.h"

extern const struct hal_reader_driver hal_driver_ccid;

#endif
