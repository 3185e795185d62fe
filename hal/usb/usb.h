/* hal/usb/usb.h: USB devices on the event loop. The only room that includes libusb.
 *
 * Units    lengths are bytes, times are milliseconds.
 * Memory   hal_usb_open() and hal_usb_claim() allocate one object each; hal_usb_close() and
 *          hal_usb_release() give it back when nothing is pending on it any more.
 * Errors   see each function; libusb's own codes stop here.
 * Blocking transfers never block. Opening, claiming, reading descriptors and clearing a stalled
 *          endpoint are control requests that do, for HAL_USB_CONTROL_MS at the most each.
 * Threads  the loop's thread only. Every handler is called from the loop, never from inside a call
 *          into this room, and may call anything of this room.
 * Privacy  every buffer that held a report, whole or in part, is wiped before it is used again. */
#ifndef HAL_USB_USB_H
#define HAL_USB_USB_H

#include "app/core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum {
    HAL_USB_CONTROL_MS = 1000,
    HAL_USB_GAP_MS = 2000, /* a report that stops for so long is broken: readers give up then too */
    HAL_USB_RETRY_MS = 50, /* more after each failure in a row */
    HAL_USB_RETRIES_MAX = 10,
    HAL_USB_NAME_LEN_MAX = 127 /* a string descriptor holds no more characters */
};

/* One interface in its first alternate setting; names as in USB 2.0, 9.6.5. */
struct hal_usb_interface {
    uint8_t bInterfaceNumber;
    uint8_t bInterfaceClass;
    uint8_t bInterfaceSubClass;
    uint8_t bInterfaceProtocol;
    uint8_t in_endpoint;            /* the first interrupt IN endpoint; 0: none */
    uint16_t report_descriptor_len; /* from the HID class descriptor; 0: none */
};

/* A device that is plugged in. Borrowed: valid during the on_arrived call that shows it. */
struct hal_usb_device {
    uint16_t idVendor;
    uint16_t idProduct;
    char node[32]; /* "/dev/bus/usb/001/002" */
    const struct hal_usb_interface *interfaces;
    size_t interface_count;
    struct hal_usb_known *known; /* this room's */
};

struct hal_usb;
struct hal_usb_claim;

typedef void hal_usb_arrived_fn(void *context, const struct hal_usb_device *device);
typedef void hal_usb_closed_fn(void *context);

struct hal_usb_handlers {
    /* One whole report. The bytes may be changed; they are wiped after the call. */
    void (*on_report)(void *context, uint8_t *report, size_t len);
    /* A report began and did not end, or came garbled. Its bytes are wiped already; listening goes
     * on. */
    void (*on_broken)(void *context);
    /* Listening is over: TALLY_E_READER_GONE (unplugged), TALLY_E_DEVICE (it fails again and
     * again). Called once; release the claim. */
    void (*on_end)(void *context, enum tally_status status);
};

/* Starts watching the bus. Devices that are there already are shown too.
 *   TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_DEVICE (libusb does not start); on failure a handle or two
 *   are still closing, so run the loop before closing it */
TALLY_MUST_USE enum tally_status hal_usb_open(uv_loop_t *loop, hal_usb_arrived_fn *on_arrived,
                                              void *context, struct hal_usb **ret_usb);

/* Releases what is still claimed, and calls `on_closed` when all is done; `usb` is dead then. */
void hal_usb_close(struct hal_usb *usb, hal_usb_closed_fn *on_closed, void *context);

/* The report descriptor that the kernel read when its own HID driver took the interface: lets a
 * driver look without taking the device away from anybody.
 *   TALLY_OK           *ret_len bytes stand in `into`
 *   TALLY_E_NOT_FOUND  no kernel driver has it, or the kernel does not show it
 *   TALLY_E_DEVICE     longer than `cap` */
TALLY_MUST_USE enum tally_status
hal_usb_peek_report_descriptor(const struct hal_usb_device *device,
                               const struct hal_usb_interface *interface, uint8_t *into, size_t cap,
                               size_t *ret_len);

/* Opens the device and takes the interface, also from a kernel driver (which gets it back on
 * release). No handler is called before hal_usb_listen(). `handlers` must outlive the claim.
 *   TALLY_OK, TALLY_E_NO_MEMORY
 *   TALLY_E_NO_PERMISSION  device->node may not be opened
 *   TALLY_E_READER_GONE    unplugged meanwhile
 *   TALLY_E_BUSY           another program has it
 *   TALLY_E_DEVICE         anything else */
TALLY_MUST_USE enum tally_status hal_usb_claim(const struct hal_usb_device *device,
                                               const struct hal_usb_interface *interface,
                                               const struct hal_usb_handlers *handlers,
                                               void *context, struct hal_usb_claim **ret_claim);

/* Product string in printable ASCII, else the device node. Lives as long as the claim. */
const char *hal_usb_claim_name(const struct hal_usb_claim *claim);

/* Asks the device itself for the HID report descriptor (HID 1.11, 7.1.1).
 *   TALLY_OK
 *   TALLY_E_READER_GONE
 *   TALLY_E_DEVICE  no answer, a shorter one than announced, or longer than `cap` */
TALLY_MUST_USE enum tally_status
hal_usb_report_descriptor(struct hal_usb_claim *claim, uint8_t *into, size_t cap, size_t *ret_len);

/* Keeps an interrupt transfer pending from now on, each for exactly what is missing of a report: a
 * longer one would wait for the next swipe when the report ends with a full packet. A report is
 * whole after `report_len` bytes; with `short_ends`, for devices whose reports differ in length,
 * also with the transfer that comes short.
 *   TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_READER_GONE, TALLY_E_DEVICE */
TALLY_MUST_USE enum tally_status hal_usb_listen(struct hal_usb_claim *claim, size_t report_len,
                                                bool short_ends);

/* Gives the interface back. No handler of this claim is called any more. */
void hal_usb_release(struct hal_usb_claim *claim);

#endif
