/* SPDX-License-Identifier: Apache-2.0 */
/* The driver table. */
#include "hal/reader/drivers.h"

#include "hal/display/display.h"
#include "hal/printer/printer.h"

/* clang-format off: one to a line */
const struct hal_reader_driver *const hal_reader_drivers[] = {
    &hal_driver_hid_msr,
    &hal_driver_wedge,
    &hal_driver_scanner,
    &hal_driver_ccid,
    &hal_driver_printer,
    &hal_driver_display,
    NULL,
};
