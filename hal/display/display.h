/* hal/display/display.h: the customer display of this terminal: the newest two lines, on whatever
 * it hangs.
 *
 * The terminal makes one display, whether one is plugged in or not, and names it in the settings of
 * the readers (hal/reader/settings.h), like the printer. Which device it is can't be told from
 * descriptors (a CDC-ACM data interface may be anything), so a setting says it.
 *
 * Units    texts are UTF-8; columns as cd5220.h.
 * Memory   texts are copied, and wiped when they are replaced: a line may hold a name.
 * Errors   a display that is not there, is unplugged or fails shows nothing and stops nobody; the
 *          newest lines appear when it is back.
 * Blocking nothing.
 * Threads  the loop's thread only. */
#ifndef HAL_DISPLAY_DISPLAY_H
#define HAL_DISPLAY_DISPLAY_H

#include "hal/display/cd5220.h"
#include "hal/printer/printer.h"

enum { HAL_DISPLAY_TEXT_LEN_MAX = 255 }; /* bytes of one line; the rest would not be seen anyhow */

enum hal_display_choice {
    HAL_DISPLAY_NONE = 0,
    HAL_DISPLAY_USB,       /* idVendor and idProduct, bulk OUT of a CDC data or vendor interface */
    HAL_DISPLAY_ON_PRINTER /* listens in on the receipt printer's bytes */
};

struct hal_display_settings {
    enum hal_display_choice choice;
    uint16_t idVendor;
    uint16_t idProduct;
    enum hal_charset charset;
    unsigned brightness; /* HAL_CD5220_BRIGHTNESS_MIN..MAX; 0: the brightest */
};

struct hal_display;

/* `printer` is needed for HAL_DISPLAY_ON_PRINTER, and borrowed.
 * TALLY_OK, TALLY_E_INVALID (no device is named, no printer, a brightness that is none),
 * TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status hal_display_new(const struct hal_display_settings *settings,
                                                 struct hal_printer *printer,
                                                 struct hal_display **ret_display);

/* After the readers that name it are closed. */
void hal_display_free(struct hal_display *display);

/* Shows two lines from now on. Newer lines overtake older ones that are not out yet. */
void hal_display_show(struct hal_display *display, const char *upper, const char *lower);

/* For whoever watches the printer, each time it is told of a job that is done or of a state: lines
 * that were held back may go now. Jobs that are the display's are answered with true: they are
 * nobody else's. */
bool hal_display_on_printed(struct hal_display *display, uint32_t job);
void hal_display_on_printer_state(struct hal_display *display,
                                  const struct hal_printer_state *state);

/* A row of the driver table. */
extern const struct hal_reader_driver hal_driver_display;

#endif
