/* firmware/usb/descriptors.h: what the reader tells a USB host about itself. REPORTS.md says what
 * the bytes mean. Names of fields are those of USB 2.0, chapter 9, HID 1.11 and CCID rev. 1.1.
 *
 * Memory   constants in flash, and buffers the caller gives
 * Threads  pure */
#ifndef TALLY_FIRMWARE_USB_DESCRIPTORS_H
#define TALLY_FIRMWARE_USB_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/reports.h"
#include "firmware/usb/setup.h"

#define TALLY_USB_MANUFACTURER        "Tallystick"
#define TALLY_USB_PRODUCT             "Tallystick reader"
#define TALLY_USB_INTERFACE           "Magnetic stripe reader"
#define TALLY_USB_CCID_INTERFACE_NAME "Contactless reader"

/* bDescriptorType */
enum {
    TALLY_USB_DESCRIPTOR_DEVICE = 0x01,
    TALLY_USB_DESCRIPTOR_CONFIGURATION = 0x02,
    TALLY_USB_DESCRIPTOR_STRING = 0x03,
    TALLY_USB_DESCRIPTOR_QUALIFIER = 0x06,
    TALLY_USB_DESCRIPTOR_OTHER_SPEED = 0x07,
    TALLY_USB_DESCRIPTOR_HID = 0x21,
    TALLY_USB_DESCRIPTOR_REPORT = 0x22
};

enum {
    TALLY_USB_DEVICE_LEN = 18,
    TALLY_USB_QUALIFIER_LEN = 10,
    TALLY_USB_CONFIG_HEADER_LEN = 9, /* in front of interface, HID and endpoint descriptor */
    TALLY_USB_HID_AT = 18,           /* in a configuration; 9 bytes */
    TALLY_USB_HID_LEN = 9,
    TALLY_USB_CCID_LEN = 54,
    TALLY_USB_CONFIG_LEN = 34,      /* without a card slot */
    TALLY_USB_CONFIG_LEN_MAX = 118, /* with one */
    TALLY_USB_STRING_LEN_MAX = 64
};

enum {
    TALLY_USB_BCD_USB = 0x0200,
    TALLY_USB_BCD_DEVICE = 0x0001, /* version 0.01 */
    TALLY_USB_ENDPOINT = 0x81,
    TALLY_USB_PACKET_LEN = 8,          /* of the interrupt endpoints */
    TALLY_USB_BULK_PACKET_LEN_FS = 64, /* of the bulk endpoints */
    TALLY_USB_BULK_PACKET_LEN_HS = 512,
    TALLY_USB_INTERVAL_FS = TALLY_MSR_POLLING_MS,
    TALLY_USB_INTERVAL_HS = 7, /* 2^(7-1) microframes = 8 ms: the slowest that is not slower */
    TALLY_USB_POWER_MA = 100
};

/* String descriptor indices. */
enum {
    TALLY_USB_STRING_LANGUAGES = 0,
    TALLY_USB_STRING_MANUFACTURER = 1,
    TALLY_USB_STRING_PRODUCT = 2,
    TALLY_USB_STRING_SERIAL = 3,
    TALLY_USB_STRING_INTERFACE = 4,
    TALLY_USB_STRING_CCID_INTERFACE = 5
};

/* What the settings and the board make of the device. */
struct tally_usb_shape {
    enum tally_msr_form form;
    uint8_t polling_ms; /* 1..255: how often the host asks for a report */
    bool has_slot;      /* there is a contactless interface */
};

extern const uint8_t tally_usb_device_descriptor[TALLY_USB_DEVICE_LEN];
extern const uint8_t tally_usb_qualifier[TALLY_USB_QUALIFIER_LEN];
/* Of the factory's settings, without a card slot. */
extern const uint8_t tally_usb_config_fs[TALLY_USB_CONFIG_LEN];
extern const uint8_t tally_usb_config_hs[TALLY_USB_CONFIG_LEN];

/* Writes the configuration with everything below it and returns its length (wTotalLength). */
uint16_t tally_usb_config(const struct tally_usb_shape *shape, enum tally_usb_speed speed,
                          uint8_t ret_config[TALLY_USB_CONFIG_LEN_MAX]);

/* The report descriptor of interface 0, and the length of its input report. */
const uint8_t *tally_usb_report_descriptor(enum tally_msr_form form, uint16_t *ret_len);
uint16_t tally_usb_report_len(enum tally_msr_form form);

/* Writes string `index`, in UTF-16, and returns its length; 0 if there is none. The serial number
 * is cut to 22 characters. */
uint16_t tally_usb_string(uint8_t index, const char *serial, bool has_slot,
                          uint8_t ret_string[TALLY_USB_STRING_LEN_MAX]);

#endif
