/* hal/usb/usb.h: USB devices on the event loop. The only room that includes libusb.
 *
 * Units    lengths are bytes, times are milliseconds.
 * Memory   hal_usb_open() and hal_usb_claim() allocate; hal_usb_close() and hal_usb_release() give
 *          it back when nothing is pending on it any more. Bytes handed to a call are copied before
 *          it returns; bytes that a handler is given live during its call and are wiped after it.
 * Errors   see each function; libusb's and the kernel's own codes stop here.
 * Blocking nothing. What may wait for the kernel (looking at the bus, opening and closing a device)
 *          is done in libuv's thread pool; all else is asynchronous.
 * Threads  the loop's thread only. Every handler is called from the loop, never from inside a call
 *          into this room, and may call anything of this room.
 * Privacy  every buffer of a transfer is wiped before it is used again or freed. */
#ifndef HAL_USB_USB_H
#define HAL_USB_USB_H

#include "hal/reader/link.h"

#include <uv.h>

enum {
    HAL_USB_GAP_MS = 2000, /* a report that stops for so long is broken: readers give up then too */
    HAL_USB_RETRY_MS = 50, /* more after each failure in a row */
    HAL_USB_RETRIES_MAX = 10,
    HAL_USB_LOOK_MS = 30000 /* quiet for so long: a device is asked whether it is there */
};

/* One interface of a device that is plugged in. Valid from on_found until on_left. */
struct hal_usb_interface {
    struct hal_interface is; /* with the kernel's copy of the report descriptor, if it has one */
    const char *node;        /* "/dev/bus/usb/001/002" */
    const char *name;        /* product string in printable ASCII, else the node */
    enum tally_status said; /* the caller's: what it told people last; TALLY_E_NOT_FOUND at first */
};

struct hal_usb;
struct hal_usb_claim;

struct hal_usb_watcher {
    /* An interface that nobody here has claimed: it is new, or hal_usb_show_again() asked for
     * it. */
    void (*on_found)(void *context, struct hal_usb_interface *found);
    /* Its device was unplugged, and every claim on it is closed. */
    void (*on_left)(void *context, struct hal_usb_interface *left);
};

/* What a claim says. A claim that never asks for something never hears of it. */
struct hal_usb_handlers {
    /* TALLY_OK: the interface is ours, also after hal_usb_renew(). Else it is not; release the
     * claim:
     *   TALLY_E_NO_PERMISSION  its node may not be opened
     *   TALLY_E_READER_GONE    unplugged meanwhile, or its node is not there
     *   TALLY_E_BUSY           another program has it
     *   TALLY_E_READER_SILENT  it was silent before, and still is
     *   TALLY_E_NO_MEMORY, TALLY_E_DEVICE */
    void (*on_open)(void *context, enum tally_status status);

    /* As in struct hal_reader_driver. */
    void (*on_control)(void *context, enum tally_status status, uint8_t *bytes, size_t len);
    void (*on_report)(void *context, enum tally_status status, uint8_t *report, size_t len);
    void (*on_received)(void *context, enum tally_status status, uint8_t *bytes, size_t len);
    void (*on_sent)(void *context, enum tally_status status);
    void (*on_timer)(void *context);

    /* It is over; release the claim. Called at most once, and not after an on_open that failed:
     *   TALLY_E_READER_GONE    unplugged, or the kernel took the interface back (a hub was reset,
     *                          the machine slept): hal_usb_show_again() shows it if it is still
     *                          there
     *   TALLY_E_READER_SILENT  it is there and does not answer; it is being reset
     *   TALLY_E_DEVICE         it fails again and again */
    void (*on_end)(void *context, enum tally_status status);

    /* The last call, after hal_usb_release(): `context` is not used any more. */
    void (*on_closed)(void *context);
};

typedef void hal_usb_closed_fn(void *context);

/* Starts watching the bus. Devices that are there already are shown too. `watcher` must outlive it.
 * A claimed device that said nothing for `look_ms` is asked for its status; one that leaves two
 * such requests unanswered is silent. TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_DEVICE (the kernel does
 * not tell of devices); on failure a handle or two are still closing, so run the loop before
 * closing it */
TALLY_MUST_USE enum tally_status hal_usb_open(uv_loop_t *loop, uint32_t look_ms,
                                              const struct hal_usb_watcher *watcher, void *context,
                                              struct hal_usb **ret_usb);

/* Releases what is still claimed, and calls `on_closed` when all is done; `usb` is dead then. No
 * on_found is called any more; on_closed of each claim and on_left of each interface are. */
void hal_usb_close(struct hal_usb *usb, hal_usb_closed_fn *on_closed, void *context);

/* Shows an interface again, if it is still there: in `in_ms`, or once its claim is closed,
 * whichever is later. */
void hal_usb_show_again(struct hal_usb_interface *interface, uint32_t in_ms);

/* The same, as soon as its node may be opened. */
void hal_usb_show_when_allowed(struct hal_usb_interface *interface);

/* Opens the device and takes the interface, also from a kernel driver (which gets it back on
 * release). The answer is on_open(). `handlers` must outlive the claim. One claim at a time on an
 * interface. TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status hal_usb_claim(struct hal_usb_interface *interface,
                                               const struct hal_usb_handlers *handlers,
                                               void *context, struct hal_usb_claim **ret_claim);

/* What hal_link_*() of hal/reader/link.h asks for, with its statuses. */
TALLY_MUST_USE enum tally_status
hal_usb_control(struct hal_usb_claim *claim, const struct hal_setup *setup, const uint8_t *data);
TALLY_MUST_USE enum tally_status hal_usb_listen(struct hal_usb_claim *claim, size_t report_len,
                                                bool short_ends);
TALLY_MUST_USE enum tally_status hal_usb_receive(struct hal_usb_claim *claim, size_t len_max);
TALLY_MUST_USE enum tally_status hal_usb_send(struct hal_usb_claim *claim, const uint8_t *bytes,
                                              size_t len);
void hal_usb_set_timer(struct hal_usb_claim *claim, uint32_t in_ms);
uint64_t hal_usb_now_ms(void);

/* Takes back all that was asked for; on_open() comes again when nothing is pending any more. For
 * another driver to have a look without giving the interface back to the kernel. */
void hal_usb_renew(struct hal_usb_claim *claim);

/* Gives the interface back. No handler of this claim is called any more but on_closed. */
void hal_usb_release(struct hal_usb_claim *claim);

#endif
