/* hal/reader/template.h: a driver to copy (README.md); its declaration goes into drivers.h. */
#ifndef HAL_READER_TEMPLATE_H
#define HAL_READER_TEMPLATE_H

#include "hal/reader/link.h"

extern const struct hal_reader_driver hal_driver_template;

#endif
