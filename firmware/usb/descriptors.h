/* firmware/usb/descriptors.h: what the reader tells a USB host about itself. The bytes are
 * constant; REPORTS.md says what they mean. Names of fields are those of USB 2.0, chapter 9, and
 * HID 1.11.
 *
 * Memory   constants in flash; nothing to free
 * Threads  pure */
#ifndef TALLY_FIRMWARE_USB_DESCRIPTORS_H
#define TALLY_FIRMWARE_USB_DESCRIPTORS_H

#include <stdint.h>

#define TALLY_USB_MANUFACTURER "Tallystick"
#define TALLY_USB_PRODUCT      "Tallystick reader"
#define TALLY_USB_INTERFACE    "Magnetic stripe reader"

enum {
    TALLY_USB_DEVICE_LEN = 18,
    TALLY_USB_CONFIG_HEADER_LEN = 9, /* in front of interface, HID and endpoint descriptor */
    TALLY_USB_HID_AT = 18,           /* in a configuration; 9 bytes */
    TALLY_USB_HID_LEN = 9,
    TALLY_USB_CONFIG_LEN = 34,
    TALLY_USB_REPORT_DESCRIPTOR_LEN = 61
};

enum {
    TALLY_USB_BCD_USB = 0x0200,
    TALLY_USB_BCD_DEVICE = 0x0001, /* version 0.01 */
    TALLY_USB_ENDPOINT = 0x81,
    TALLY_USB_PACKET_LEN = 8,
    TALLY_USB_INTERVAL_FS = 10, /* ms */
    TALLY_USB_INTERVAL_HS = 7,  /* 2^(7-1) microframes = 8 ms: the slowest that is not slower */
    TALLY_USB_POWER_MA = 100
};

/* String descriptor indices. A port keeps the texts (the serial number is its own). */
enum {
    TALLY_USB_STRING_MANUFACTURER = 1,
    TALLY_USB_STRING_PRODUCT = 2,
    TALLY_USB_STRING_SERIAL = 3,
    TALLY_USB_STRING_INTERFACE = 4
};

extern const uint8_t tally_usb_device[TALLY_USB_DEVICE_LEN];
extern const uint8_t tally_usb_config_fs[TALLY_USB_CONFIG_LEN];
extern const uint8_t tally_usb_config_hs[TALLY_USB_CONFIG_LEN];
extern const uint8_t tally_usb_report_descriptor[TALLY_USB_REPORT_DESCRIPTOR_LEN];

#endif
