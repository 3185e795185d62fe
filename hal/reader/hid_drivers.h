/* hal/reader/hid_drivers.h: the drivers of HID readers that are written against link.h.
 *
 * Threads  the loop's thread only. */
#ifndef HAL_READER_HID_DRIVERS_H
#define HAL_READER_HID_DRIVERS_H

#include "hal/reader/link.h"

/* Boot keyboards that are readers: those of the settings (struct hal_wedge_settings). */
extern const struct hal_reader_driver hal_driver_wedge;

/* Bar code scanners after the USB-IF's page 8C. */
extern const struct hal_reader_driver hal_driver_scanner;

#endif
