/* firmware/usb/hid.h: the requests a host puts to the reader on endpoint 0, without the hardware.
 *
 * A port hands in each SETUP packet that is addressed to the interface and does what the answer
 * says.
 *
 * Memory   one struct; no heap; answers point into it or into constants and last until the next
 * call Errors   what is not understood stalls Threads  pure; one caller at a time */
#ifndef TALLY_FIRMWARE_USB_HID_H
#define TALLY_FIRMWARE_USB_HID_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/reports.h"
#include "firmware/usb/setup.h"

struct tally_hid {
    const char *serial; /* borrowed, ASCII; the first 22 characters are reported */
    uint8_t feature[TALLY_MSR_FEATURE_LEN]; /* the answer the next GET_REPORT (feature) takes */
    uint8_t scratch[TALLY_MSR_REPORT_LEN];  /* room for answers that are made up on the spot */
};

void tally_hid_init(struct tally_hid *hid, const char *serial);

/* What to do about one SETUP packet. wIndex is not looked at: the port has done so. */
struct tally_usb_answer tally_hid_setup(struct tally_hid *hid, const struct tally_usb_setup *setup);

/* The data of a request that answered TALLY_USB_RECEIVE. Wrong data makes an answer that says so.
 */
void tally_hid_received(struct tally_hid *hid, const uint8_t *data, uint16_t len);

#endif
