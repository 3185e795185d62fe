/* hal/reader/driver.h: what a reader driver is: one file, and one row in reader.c's table.
 *
 * Memory   a driver's state is `state_len` zeroed bytes that reader.c allocates for each reader and
 *          wipes and frees with it; a driver allocates nothing.
 * Threads  the loop's thread only. */
#ifndef HAL_READER_DRIVER_H
#define HAL_READER_DRIVER_H

#include "app/core/card.h"
#include "hal/usb/usb.h"

struct hal_reader_driver {
    const char *name; /* for people */
    size_t state_len;

    /* Whether to claim this interface. Decide by descriptors; look at vendor and product only for a
     * device that lies in them. Must not disturb a device that is not ours. */
    bool (*fits)(const struct hal_usb_device *device, const struct hal_usb_interface *interface);

    /* The interface is claimed: find out how to read it, and call hal_usb_listen().
     *   TALLY_OK
     *   TALLY_E_NOT_FOUND  not one of ours after all: it is released in silence
     *   else               reported as a reader that can't be used */
    enum tally_status (*start)(void *state, struct hal_usb_claim *claim);

    /* The card in one report. Wipes what it copied; reader.c wipes `report` and `ret_card`.
     *   TALLY_OK, TALLY_E_PAYMENT_CARD, TALLY_E_UNKNOWN_CARD, TALLY_E_CARD_UNREADABLE
     *   TALLY_E_NOT_FOUND  no card in this report
     *   else               counts as TALLY_E_CARD_UNREADABLE */
    enum tally_status (*read)(void *state, uint8_t *report, size_t len,
                              const struct tally_card_rules *rules, struct tally_card *ret_card);
};

extern const struct hal_reader_driver hal_driver_hid_msr;

#endif
