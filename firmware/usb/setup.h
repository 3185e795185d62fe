/* firmware/usb/setup.h: SETUP packets (USB 2.0, 9.3) and what a device does about one.
 *
 * Memory   plain values
 * Threads  pure */
#ifndef TALLY_FIRMWARE_USB_SETUP_H
#define TALLY_FIRMWARE_USB_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tally_usb_speed { TALLY_USB_FULL_SPEED = 0, TALLY_USB_HIGH_SPEED };

/* In the byte order of the processor. */
struct tally_usb_setup {
    uint8_t bmRequestType;
    uint8_t bRequest;
    uint16_t wValue;
    uint16_t wIndex;
    uint16_t wLength;
};

/* bmRequestType: direction, type, recipient */
enum {
    TALLY_USB_IN = 0x80,
    TALLY_USB_CLASS = 0x20,
    TALLY_USB_TO_DEVICE = 0x00,
    TALLY_USB_TO_INTERFACE = 0x01,
    TALLY_USB_TO_ENDPOINT = 0x02
};

/* bRequest, USB 2.0, table 9-4 */
enum {
    TALLY_USB_GET_STATUS = 0x00,
    TALLY_USB_CLEAR_FEATURE = 0x01,
    TALLY_USB_SET_FEATURE = 0x03,
    TALLY_USB_SET_ADDRESS = 0x05,
    TALLY_USB_GET_DESCRIPTOR = 0x06,
    TALLY_USB_GET_CONFIGURATION = 0x08,
    TALLY_USB_SET_CONFIGURATION = 0x09,
    TALLY_USB_GET_INTERFACE = 0x0a,
    TALLY_USB_SET_INTERFACE = 0x0b
};

enum tally_usb_answer_kind {
    TALLY_USB_STALL = 0,
    TALLY_USB_SEND,    /* send data[0..len-1]; len never exceeds wLength */
    TALLY_USB_RECEIVE, /* read wLength bytes, then hand them in */
    TALLY_USB_DONE     /* no data: finish with the status stage */
};

struct tally_usb_answer {
    enum tally_usb_answer_kind kind;
    uint16_t len;        /* 0 unless SEND */
    const uint8_t *data; /* lasts until the next SETUP packet */
};

static inline struct tally_usb_answer tally_usb_stall(void)
{
    return (struct tally_usb_answer){TALLY_USB_STALL, 0, NULL};
}

static inline struct tally_usb_answer tally_usb_done_if(bool ok)
{
    return (struct tally_usb_answer){ok ? TALLY_USB_DONE : TALLY_USB_STALL, 0, NULL};
}

static inline struct tally_usb_answer tally_usb_receive(void)
{
    return (struct tally_usb_answer){TALLY_USB_RECEIVE, 0, NULL};
}

/* The first wLength of `len` bytes. */
static inline struct tally_usb_answer tally_usb_send(const struct tally_usb_setup *setup,
                                                     const uint8_t *data, uint16_t len)
{
    return (struct tally_usb_answer){TALLY_USB_SEND, len < setup->wLength ? len : setup->wLength,
                                     data};
}

#endif
