/* tests/usb/settings.h: a shop's settings, word by word: "uid yes", "wedge all", "layout german".
 * "clock MS" sets its clock, which then stands still; with the first one it has the key of rotating
 * codes of CODES.md's examples, and a memory that starts then.
 *
 * Memory   the caller's
 * Threads  one: the clock is one for the process */
#ifndef TESTS_USB_SETTINGS_H
#define TESTS_USB_SETTINGS_H

#include "hal/reader/settings.h"

/* The shop before anybody has said anything. Numbers with its prefix are cards from 7 to 17 digits
 * on, so that half a number would be one too. */
struct hal_reader_settings settings_of_the_shop(void);

/* False: not understood, nothing is changed. */
bool settings_read(struct hal_reader_settings *settings, const char *words);

#endif
