/* hal/reader/drivers.h: the drivers of reader.c's table, each a file of this folder. */
#ifndef HAL_READER_DRIVERS_H
#define HAL_READER_DRIVERS_H

#include "hal/reader/link.h"

/* Magnetic stripe readers that are HID devices and no keyboards. */
extern const struct hal_reader_driver hal_driver_hid_msr;

/* Boot keyboards that are readers: those of the settings (struct hal_wedge_settings). */
extern const struct hal_reader_driver hal_driver_wedge;

/* Bar code scanners after the USB-IF's page 8C. */
extern const struct hal_reader_driver hal_driver_scanner;

/* CCID readers with contactless slots. */
extern const struct hal_reader_driver hal_driver_ccid;

/* Whether a shop with these settings has a use for this driver on this interface. Pure. */
static inline bool hal_driver_is_wanted(const struct hal_reader_driver *driver,
                                        const struct hal_interface *interface,
                                        const struct hal_reader_settings *settings)
{
    bool reads_cards = driver->on_end == NULL;
    return !(reads_cards && settings->no_cards) && driver->fits(interface, settings);
}

/* Whether a shop with these settings uses a reader that this driver has made ready. What serves
 * somebody else than the card events (on_end) is no reader. Pure. */
static inline bool hal_reader_is_allowed(const struct hal_reader_driver *driver,
                                         const struct hal_reader_settings *settings, bool is_paired)
{
    return is_paired || !settings->only_paired || driver->on_end != NULL;
}

/* NULL ends it. The first driver that fits an interface gets it; when it says that the device is
 * not one of its kind after all, the next one that fits has a look. */
extern const struct hal_reader_driver *const hal_reader_drivers[];

#endif
