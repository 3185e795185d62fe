/* SPDX-License-Identifier: Apache-2.0 */
/* The driver table. */
#include "hal/reader/drivers.h"

#include "hal/reader/ccid_driver.h"
#include "hal/reader/hid_drivers.h"

const struct hal_reader_driver *const hal_reader_drivers[] = {
    &hal_driver_hid_msr, &hal_driver_wedge, &hal_driver_scanner, &hal_driver_ccid, NULL,
};
