/* tests/unit/hal/echo_driver.h: a driver for usb_sim's echo interface that uses every kind of
 * transfer, and two that only have a look. */
#ifndef TESTS_UNIT_HAL_ECHO_DRIVER_H
#define TESTS_UNIT_HAL_ECHO_DRIVER_H

#include "hal/reader/link.h"

extern const struct hal_reader_driver echo_looker; /* gives every echo interface up again */
extern const struct hal_reader_driver echo_driver;

#endif
