/* firmware/usb/hid.h: the requests a host puts to interface 0 on endpoint 0: HID 1.11, and through
 * the feature report the reader's properties (REPORTS.md).
 *
 * A port, or device.h, hands in each SETUP packet that is addressed to the interface and does what
 * the answer says.
 *
 * Memory   one struct; no heap; answers point into it or into constants, until the next call
 * Errors   what is not understood stalls
 * Threads  pure but for the ports; one caller at a time */
#ifndef TALLY_FIRMWARE_USB_HID_H
#define TALLY_FIRMWARE_USB_HID_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/core/settings.h"
#include "firmware/reports.h"
#include "firmware/usb/setup.h"
#include "firmware/usb/signer.h"

struct tally_hid {
    const struct tally_ports *ports;
    struct tally_settings settings; /* in force */
    struct tally_settings chosen;   /* after the next restart; kept by the port */
    struct tally_signer signer;
    bool wants_restart; /* a RESET command has come */
    uint8_t protocol;   /* 0 boot, 1 report; the same for a keyboard, and others have only 1 */
    uint8_t feature[TALLY_MSR_FEATURE_LEN]; /* the answer the next GET_REPORT (feature) takes */
    uint8_t scratch[TALLY_MSR_SIGNED_REPORT_LEN]; /* for answers that are made up on the spot */
};

/* Fetches settings and pairing from the ports. `ports` is borrowed. */
void tally_hid_init(struct tally_hid *hid, const struct tally_ports *ports);

/* Bus reset: puts the chosen settings in force if a RESET command wanted it. */
void tally_hid_restart(struct tally_hid *hid);

/* What to do about one SETUP packet. wIndex is not looked at: the port has done so. */
struct tally_usb_answer tally_hid_setup(struct tally_hid *hid, const struct tally_usb_setup *setup);

/* The data of a request that answered TALLY_USB_RECEIVE. Wrong data makes an answer that says so;
 * one byte is the lamps of a keyboard, which the reader does not have. */
void tally_hid_received(struct tally_hid *hid, const uint8_t *data, uint16_t len);

#endif
