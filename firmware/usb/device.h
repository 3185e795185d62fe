/* firmware/usb/device.h: the whole reader as a USB device, without a USB controller.
 *
 * A port stands between this and a bus: a real controller (port/linux-gadget, port/cortex-m), or a
 * simulated one in a test. The port hands in SETUP packets, what the host sent, and the time; it
 * asks what waits to be sent. What goes to the host is handed out in whole transfers: an interrupt
 * report, a CCID message. The port cuts them into packets, and ends one on a bulk endpoint that is
 * a whole number of packets long with an empty packet. What comes from the host may be handed in
 * packet by packet or in whole transfers.
 *
 * The stripe's side is `reader` (core/reader.h): the port tells it swipes and intervals, and reads
 * its light and beeper. What it then has to send turns up as pending.
 *
 * A port's loop:
 *     tally_usb_device_time(), at *ret_next_ms and whenever something has happened
 *     show reader.light and reader.is_beeping
 *     for each IN endpoint that is not sending: if something is pending, send it
 *     for each IN endpoint that is sending: if nothing is pending any more, give it up
 *     for each OUT endpoint: while tally_usb_device_is_ready(), let the host send
 *     if tally_usb_device_wants_reconnect(): leave the bus for 100 ms, init or reset, come back
 *
 * Units    lengths are bytes, times are milliseconds of any monotonic clock; it may wrap
 * Memory   one struct, no heap; pointers that are handed out point into it or into constants
 * Errors   what is not understood stalls
 * Threads  one caller at a time */
#ifndef TALLY_FIRMWARE_USB_DEVICE_H
#define TALLY_FIRMWARE_USB_DEVICE_H

#include <stddef.h>

#include "firmware/core/reader.h"
#include "firmware/usb/ccid.h"
#include "firmware/usb/hid.h"
#include "firmware/usb/outgoing.h"
#include "firmware/usb/port.h"
#include "firmware/usb/setup.h"

/* Interface 0 is the stripe reader, in the form that the settings choose (REPORTS.md); interface 1
 * is a CCID reader with one contactless slot, where the port has a front end for one. */
enum tally_usb_endpoint {
    TALLY_USB_HID_IN = 0x81,
    TALLY_USB_SLOT_IN = 0x82, /* RDR_to_PC_NotifySlotChange */
    TALLY_USB_CCID_IN = 0x83,
    TALLY_USB_CCID_OUT = 0x03
};

enum { TALLY_USB_HID_INTERFACE = 0, TALLY_USB_CCID_INTERFACE = 1 };

enum {
    TALLY_USB_TRANSFER_LEN_MAX = 400, /* no transfer is longer, on any endpoint */
    TALLY_USB_CONTROL_LEN_MAX = 400   /* nor the data of a request, in either direction */
};

enum { TALLY_USB_DEVICE_SIZE_MAX = 4096 };

struct tally_usb_device {
    const struct tally_ports *ports;
    struct tally_reader reader;
    struct tally_hid hid;
    struct tally_outgoing outgoing; /* the swipe that the reader reports */
    uint32_t outgoing_number;       /* which it is: reader.swipe_number */
    struct tally_ccid ccid;
    struct tally_usb_setup receiving; /* the request whose data is awaited; wLength 0: none */
    enum tally_usb_speed speed;
    uint8_t configuration; /* 0: a terminal has not set us up */
    uint8_t halted;        /* bit per endpoint */
    uint32_t now_ms;
    uint32_t held_since_ms; /* while is_holding */
    bool is_holding;        /* a report waits for the terminal, and its time runs */
    uint8_t control[TALLY_USB_CONTROL_LEN_MAX]; /* answers that are made up on the spot */
};

/* `ports` is what the board can do. Borrowed. The device is unplugged. */
void tally_usb_device_init(struct tally_usb_device *device, const struct tally_ports *ports);

/* Cable in and out, bus reset: the host is gone until it sets us up again. Settings that a RESET
 * command has called for are in force afterwards. `speed` is what the bus reset has settled. */
void tally_usb_device_reset(struct tally_usb_device *device, enum tally_usb_speed speed);

/* The time, as often as the port likes, but at *ret_next_ms again. */
void tally_usb_device_time(struct tally_usb_device *device, uint32_t now_ms, uint32_t *ret_next_ms);

/* One SETUP packet, standard requests included (SET_ADDRESS is agreed to; the address is the
 * controller's business). A port whose controller answers some of them itself does not hand those
 * in, but calls tally_usb_device_configured(). */
struct tally_usb_answer tally_usb_device_setup(struct tally_usb_device *device,
                                               const struct tally_usb_setup *setup);
/* The data of a request that answered TALLY_USB_RECEIVE. False: stall the status stage. */
bool tally_usb_device_setup_data(struct tally_usb_device *device, const uint8_t *data,
                                 uint16_t len);
/* The host has chosen configuration 1, or 0. Other values: as 0. */
void tally_usb_device_configured(struct tally_usb_device *device, uint8_t configuration);

/* What waits to be sent on an IN endpoint; NULL: nothing, *ret_len is 0. It stays until
 * tally_usb_device_sent(), or until the device takes it back: a report that has waited too long. */
const uint8_t *tally_usb_device_pending(struct tally_usb_device *device, uint8_t endpoint,
                                        size_t *ret_len);
/* The host took `len` bytes of it; fewer than were pending: it broke off. */
void tally_usb_device_sent(struct tally_usb_device *device, uint8_t endpoint, size_t len);

/* May the host send to this OUT endpoint now? If not, the controller answers NAK. */
bool tally_usb_device_is_ready(const struct tally_usb_device *device, uint8_t endpoint);
/* One packet, or a whole transfer, that the host sent to an OUT endpoint. */
void tally_usb_device_received(struct tally_usb_device *device, uint8_t endpoint,
                               const uint8_t *bytes, size_t len);

/* An endpoint answers STALL (ENDPOINT_HALT is set). */
bool tally_usb_device_is_halted(const struct tally_usb_device *device, uint8_t endpoint);

/* A RESET command has come: leave the bus, reset, and come back with new descriptors. True until
 * the next tally_usb_device_reset(). */
bool tally_usb_device_wants_reconnect(const struct tally_usb_device *device);

_Static_assert(sizeof(struct tally_usb_device) <= TALLY_USB_DEVICE_SIZE_MAX,
               "the whole reader in half of the 8 KB it may take");

#endif
