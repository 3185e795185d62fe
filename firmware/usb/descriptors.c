/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors, field by field as the specifications list them. */
#include "firmware/usb/descriptors.h"

#include "firmware/reports.h"

#define LE16(value) (value) & 0xff, (value) >> 8

const uint8_t tally_usb_device[TALLY_USB_DEVICE_LEN] = {
    TALLY_USB_DEVICE_LEN, /* bLength */
    0x01,                 /* bDescriptorType: DEVICE */
    LE16(TALLY_USB_BCD_USB),
    0x00, /* bDeviceClass: each interface says */
    0x00,
    0x00,
    64, /* bMaxPacketSize0 */
    LE16(TALLY_MSR_USB_VENDOR),
    LE16(TALLY_MSR_USB_PRODUCT),
    LE16(TALLY_USB_BCD_DEVICE),
    TALLY_USB_STRING_MANUFACTURER,
    TALLY_USB_STRING_PRODUCT,
    TALLY_USB_STRING_SERIAL,
    1, /* bNumConfigurations */
};

#define CONFIG(interval)                                                                           \
    {                                                                                              \
        9, 0x02, LE16(TALLY_USB_CONFIG_LEN), 1, /* bNumInterfaces */                               \
            1,                                  /* bConfigurationValue */                          \
            0,                                  /* iConfiguration */                               \
            0x80,                               /* bmAttributes: bus powered */                    \
            TALLY_USB_POWER_MA / 2,             /* bMaxPower, units of 2 mA */                     \
            9, 0x04, 0, 0,                      /* INTERFACE 0, bAlternateSetting 0 */             \
            1,                                  /* bNumEndpoints */                                \
            0x03, 0, 0,                         /* HID, no boot subclass, no protocol */           \
            TALLY_USB_STRING_INTERFACE, TALLY_USB_HID_LEN, 0x21, LE16(0x0111), /* bcdHID */        \
            0,                                                                 /* bCountryCode */  \
            1, 0x22, LE16(TALLY_USB_REPORT_DESCRIPTOR_LEN), 7, 0x05, TALLY_USB_ENDPOINT,           \
            0x03, /* interrupt */                                                                  \
            LE16(TALLY_USB_PACKET_LEN), (interval),                                                \
    }

const uint8_t tally_usb_config_fs[TALLY_USB_CONFIG_LEN] = CONFIG(TALLY_USB_INTERVAL_FS);
const uint8_t tally_usb_config_hs[TALLY_USB_CONFIG_LEN] = CONFIG(TALLY_USB_INTERVAL_HS);

#define USAGE(usage) 0x09, (usage)

const uint8_t tally_usb_report_descriptor[TALLY_USB_REPORT_DESCRIPTOR_LEN] = {
    /* clang-format off */
    0x06, LE16(TALLY_MSR_USAGE_PAGE),
    USAGE(TALLY_MSR_USAGE_READER),
    0xa1, 0x01,       /* Collection (Application) */
    0x15, 0x00,       /*   Logical Minimum 0 */
    0x26, LE16(0xff), /*   Logical Maximum 255 */
    0x75, 8,          /*   Report Size */
    USAGE(TALLY_MSR_USAGE_STATUS_1),
    USAGE(TALLY_MSR_USAGE_STATUS_2),
    USAGE(TALLY_MSR_USAGE_STATUS_3),
    USAGE(TALLY_MSR_USAGE_LEN_1),
    USAGE(TALLY_MSR_USAGE_LEN_2),
    USAGE(TALLY_MSR_USAGE_LEN_3),
    USAGE(TALLY_MSR_USAGE_ENCODE_TYPE),
    0x95, TALLY_MSR_DATA_AT,
    0x81, 0x02,       /*   Input (Data, Variable, Absolute) */
    USAGE(TALLY_MSR_USAGE_DATA_1),
    0x95, TALLY_MSR_TRACK_LEN_MAX,
    0x82, LE16(0x0102), /* Input (Data, Variable, Absolute, Buffered Bytes) */
    USAGE(TALLY_MSR_USAGE_DATA_2),
    0x95, TALLY_MSR_TRACK_LEN_MAX,
    0x82, LE16(0x0102),
    USAGE(TALLY_MSR_USAGE_DATA_3),
    0x95, TALLY_MSR_TRACK_LEN_MAX,
    0x82, LE16(0x0102),
    USAGE(TALLY_MSR_USAGE_COMMAND),
    0x95, TALLY_MSR_FEATURE_LEN,
    0xb2, LE16(0x0102), /* Feature (Data, Variable, Absolute, Buffered Bytes) */
    0xc0,
    /* clang-format on */
};
