/* SPDX-License-Identifier: Apache-2.0 */
/* The driver table. */
#include "hal/reader/drivers.h"

const struct hal_reader_driver *const hal_reader_drivers[] = {
    &hal_driver_hid_msr,
    NULL,
};
