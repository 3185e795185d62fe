/* tests/usb/settings.h: a shop's settings, word by word: "uid yes", "wedge all", "layout german".
 *
 * Memory   the caller's
 * Threads  pure */
#ifndef TESTS_USB_SETTINGS_H
#define TESTS_USB_SETTINGS_H

#include "hal/reader/settings.h"

/* False: not understood, nothing is changed. */
bool settings_read(struct hal_reader_settings *settings, const char *words);

#endif
