/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors, field by field as the specifications list them. */
#include "firmware/usb/descriptors.h"

#include <stddef.h>

#include "firmware/usb/ccid.h"

#define LE16(value) (value) & 0xff, (value) >> 8 & 0xff
#define LE32(value) LE16(value), (value) >> 16 & 0xff, (value) >> 24 & 0xff

const uint8_t tally_usb_device_descriptor[TALLY_USB_DEVICE_LEN] = {
    TALLY_USB_DEVICE_LEN, /* bLength */
    TALLY_USB_DESCRIPTOR_DEVICE,
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

const uint8_t tally_usb_qualifier[TALLY_USB_QUALIFIER_LEN] = {
    TALLY_USB_QUALIFIER_LEN,
    TALLY_USB_DESCRIPTOR_QUALIFIER,
    LE16(TALLY_USB_BCD_USB),
    0x00,
    0x00,
    0x00,
    64, /* bMaxPacketSize0 */
    1,  /* bNumConfigurations */
    0,
};

/* ---- report descriptors (HID 1.11, 6.2.2) ---- */

#define USAGE(usage) 0x09, (usage)
#define BUFFERED     LE16(0x0102) /* Data, Variable, Absolute, Buffered Bytes */

/* clang-format off */
#define BYTES_FROM_HERE \
    0x15, 0x00,         /* Logical Minimum 0 */ \
    0x26, LE16(0xff),   /* Logical Maximum 255 */ \
    0x75, 8             /* Report Size */
#define TRACK(usage) \
    USAGE(usage), 0x95, TALLY_MSR_TRACK_LEN_MAX, 0x82, BUFFERED /* Input */
#define STRIPE_FIELDS \
    0x06, LE16(TALLY_MSR_USAGE_PAGE), \
    USAGE(TALLY_MSR_USAGE_READER), \
    0xa1, 0x01,         /* Collection (Application) */ \
    BYTES_FROM_HERE, \
    USAGE(TALLY_MSR_USAGE_STATUS_1), \
    USAGE(TALLY_MSR_USAGE_STATUS_2), \
    USAGE(TALLY_MSR_USAGE_STATUS_3), \
    USAGE(TALLY_MSR_USAGE_LEN_1), \
    USAGE(TALLY_MSR_USAGE_LEN_2), \
    USAGE(TALLY_MSR_USAGE_LEN_3), \
    USAGE(TALLY_MSR_USAGE_ENCODE_TYPE), \
    0x95, TALLY_MSR_DATA_AT, \
    0x81, 0x02,         /* Input (Data, Variable, Absolute) */ \
    TRACK(TALLY_MSR_USAGE_DATA_1), \
    TRACK(TALLY_MSR_USAGE_DATA_2), \
    TRACK(TALLY_MSR_USAGE_DATA_3)
#define COMMAND_AND_END \
    USAGE(TALLY_MSR_USAGE_COMMAND), \
    0x95, TALLY_MSR_FEATURE_LEN, \
    0xb2, BUFFERED,     /* Feature */ \
    0xc0

static const uint8_t sureswipe[] = { STRIPE_FIELDS, COMMAND_AND_END };

static const uint8_t signed_report[] = {
    STRIPE_FIELDS,
    USAGE(TALLY_MSR_USAGE_COUNTER), 0x95, TALLY_MSR_COUNTER_LEN, 0x82, BUFFERED,
    USAGE(TALLY_MSR_USAGE_MAC), 0x95, TALLY_MSR_MAC_LEN, 0x82, BUFFERED,
    COMMAND_AND_END
};

static const uint8_t page_8e[] = {
    0x05, TALLY_MSR_8E_USAGE_PAGE,
    USAGE(TALLY_MSR_8E_USAGE_READER),
    0xa1, 0x01,
    BYTES_FROM_HERE,
    USAGE(TALLY_MSR_8E_USAGE_LEN_1),
    USAGE(TALLY_MSR_8E_USAGE_LEN_1 + 1),
    USAGE(TALLY_MSR_8E_USAGE_LEN_1 + 2),
    0x95, TALLY_MSR_TRACKS,
    0x81, 0x02,
    TRACK(TALLY_MSR_8E_USAGE_DATA_1),
    TRACK(TALLY_MSR_8E_USAGE_DATA_1 + 1),
    TRACK(TALLY_MSR_8E_USAGE_DATA_1 + 2),
    0x06, LE16(TALLY_MSR_USAGE_PAGE),
    COMMAND_AND_END
};

/* HID 1.11, appendix B.1, and our feature report. */
static const uint8_t keyboard[] = {
    0x05, 0x01,         /* Usage Page (Generic Desktop) */
    USAGE(0x06),        /* Keyboard */
    0xa1, 0x01,
    0x05, 0x07,         /* Usage Page (Keyboard) */
    0x19, 0xe0, 0x29, 0xe7, 0x15, 0, 0x25, 1, 0x75, 1, 0x95, 8,
    0x81, 0x02,         /* Input: eight modifier keys */
    0x75, 8, 0x95, 1,
    0x81, 0x01,         /* Input (Constant): the reserved byte */
    0x05, 0x08,         /* Usage Page (LEDs) */
    0x19, 1, 0x29, 5, 0x75, 1, 0x95, 5,
    0x91, 0x02,         /* Output: five lamps */
    0x75, 3, 0x95, 1,
    0x91, 0x01,         /* Output (Constant): padding */
    0x05, 0x07,
    0x19, 0, 0x29, 101, 0x25, 101, 0x75, 8, 0x95, 6,
    0x81, 0x00,         /* Input (Array): six keys */
    0x06, LE16(TALLY_MSR_USAGE_PAGE),
    BYTES_FROM_HERE,
    COMMAND_AND_END
};
/* clang-format on */

static const struct {
    const uint8_t *descriptor;
    uint16_t descriptor_len;
    uint16_t report_len;
} forms[TALLY_MSR_FORM_COUNT] = {
    [TALLY_MSR_FORM_SURESWIPE] = {sureswipe, sizeof sureswipe, TALLY_MSR_REPORT_LEN},
    [TALLY_MSR_FORM_KEYBOARD] = {keyboard, sizeof keyboard, TALLY_MSR_KEYBOARD_REPORT_LEN},
    [TALLY_MSR_FORM_SIGNED] = {signed_report, sizeof signed_report, TALLY_MSR_SIGNED_REPORT_LEN},
    [TALLY_MSR_FORM_8E] = {page_8e, sizeof page_8e, TALLY_MSR_8E_REPORT_LEN},
};

const uint8_t *tally_usb_report_descriptor(enum tally_msr_form form, uint16_t *ret_len)
{
    *ret_len = forms[form].descriptor_len;
    return forms[form].descriptor;
}

uint16_t tally_usb_report_len(enum tally_msr_form form)
{
    return forms[form].report_len;
}

/* ---- configurations ---- */

#define CONFIG(interval)                                                                           \
    {                                                                                              \
        9, TALLY_USB_DESCRIPTOR_CONFIGURATION, LE16(TALLY_USB_CONFIG_LEN), 1, /* bNumInterfaces */ \
            1,                      /* bConfigurationValue */                                      \
            0,                      /* iConfiguration */                                           \
            0x80,                   /* bmAttributes: bus powered */                                \
            TALLY_USB_POWER_MA / 2, /* bMaxPower, units of 2 mA */                                 \
            9, 0x04, 0, 0,          /* INTERFACE 0, bAlternateSetting 0 */                         \
            1,                      /* bNumEndpoints */                                            \
            0x03, 0, 0,             /* HID, no boot subclass, no protocol */                       \
            TALLY_USB_STRING_INTERFACE, TALLY_USB_HID_LEN, TALLY_USB_DESCRIPTOR_HID,               \
            LE16(0x0111), /* bcdHID */                                                             \
            0,            /* bCountryCode */                                                       \
            1, TALLY_USB_DESCRIPTOR_REPORT, LE16(sizeof sureswipe), 7, 0x05, TALLY_USB_ENDPOINT,   \
            0x03, /* interrupt */                                                                  \
            LE16(TALLY_USB_PACKET_LEN), (interval),                                                \
    }

const uint8_t tally_usb_config_fs[TALLY_USB_CONFIG_LEN] = CONFIG(TALLY_USB_INTERVAL_FS);
const uint8_t tally_usb_config_hs[TALLY_USB_CONFIG_LEN] = CONFIG(TALLY_USB_INTERVAL_HS);

/* offsets in the above */
enum {
    TOTAL_LEN_AT = 2,
    NUM_INTERFACES_AT = 4,
    SUBCLASS_AT = 9 + 6,
    PROTOCOL_AT = 9 + 7,
    REPORT_DESCRIPTOR_LEN_AT = TALLY_USB_HID_AT + 7,
    INTERVAL_AT = 33
};
enum { SUBCLASS_BOOT = 1, PROTOCOL_KEYBOARD = 1 };

/* bInterval 16 ms at full speed; 8: 2^7 microframes, the same, at high speed. */
#define SLOT_INTERFACE(bulk_len, interval)                                                         \
    {                                                                                              \
        9, 0x04, 1, 0,  /* INTERFACE 1, bAlternateSetting 0 */                                     \
            3,          /* bNumEndpoints */                                                        \
            0x0b, 0, 0, /* smart card, CCID's own bulk protocol */                                 \
            TALLY_USB_STRING_CCID_INTERFACE, TALLY_USB_CCID_LEN, 0x21, LE16(0x0110), /* bcdCCID */ \
            0,       /* bMaxSlotIndex */                                                           \
            0x07,    /* bVoltageSupport: there is no contact; every wish is granted */             \
            LE32(2), /* dwProtocols: T=1 */                                                        \
            LE32(TALLY_CCID_CLOCK_KHZ), /* dwDefaultClock, kHz: the carrier */                     \
            LE32(TALLY_CCID_CLOCK_KHZ), /* dwMaximumClock */                                       \
            0,                          /* bNumClockSupported: just that one */                    \
            LE32(TALLY_CCID_RATE_BPS),  /* dwDataRate, bit/s: carrier / 128 */                     \
            LE32(TALLY_CCID_RATE_BPS),  /* dwMaxDataRate */                                        \
            0,                          /* bNumDataRatesSupported */                               \
            LE32(254),                  /* dwMaxIFSD */                                            \
            LE32(0),                    /* dwSynchProtocols */                                     \
            LE32(0),                    /* dwMechanical */                                         \
            LE32(0x000204ba),                                                                      \
            /* dwFeatures: short APDUs; parameters, voltage, clock, rate, PPS */ /* and IFSD are   \
                                                                                    nobody's       \
                                                                                    business but   \
                                                                                    the reader's   \
                                                                                  */               \
            LE32(TALLY_CCID_MESSAGE_LEN_MAX), /* dwMaxCCIDMessageLength */                         \
            0xff, 0xff, /* bClassGetResponse, bClassEnvelope: the command's */                     \
            LE16(0),    /* wLcdLayout */                                                           \
            0,          /* bPINSupport */                                                          \
            1,          /* bMaxCCIDBusySlots */                                                    \
            7, 0x05, 0x82, 0x03, LE16(TALLY_USB_PACKET_LEN), (interval), 7, 0x05, 0x83, 0x02,      \
            LE16(bulk_len), 0, 7, 0x05, 0x03, 0x02, LE16(bulk_len), 0,                             \
    }

enum { SLOT_INTERFACE_LEN = TALLY_USB_CONFIG_LEN_MAX - TALLY_USB_CONFIG_LEN };
static const uint8_t slot_fs[SLOT_INTERFACE_LEN] = SLOT_INTERFACE(TALLY_USB_BULK_PACKET_LEN_FS, 16);
static const uint8_t slot_hs[SLOT_INTERFACE_LEN] = SLOT_INTERFACE(TALLY_USB_BULK_PACKET_LEN_HS, 8);

static void copy(uint8_t *to, const uint8_t *from, uint16_t len)
{
    while (len-- > 0) {
        *to++ = *from++;
    }
}

/* At high speed bInterval n is 2^(n-1) microframes of 1/8 ms: the longest that is not longer. */
static uint8_t interval_of(uint8_t polling_ms, enum tally_usb_speed speed)
{
    uint8_t exponent = 4;
    if (speed == TALLY_USB_FULL_SPEED) {
        return polling_ms;
    }
    while (1u << (exponent - 3) <= polling_ms) {
        exponent++;
    }
    return exponent;
}

uint16_t tally_usb_config(const struct tally_usb_shape *shape, enum tally_usb_speed speed,
                          uint8_t ret_config[TALLY_USB_CONFIG_LEN_MAX])
{
    uint16_t len = TALLY_USB_CONFIG_LEN;
    copy(ret_config, tally_usb_config_fs, TALLY_USB_CONFIG_LEN);
    ret_config[INTERVAL_AT] = interval_of(shape->polling_ms, speed);
    ret_config[REPORT_DESCRIPTOR_LEN_AT] = (uint8_t)(forms[shape->form].descriptor_len & 0xff);
    ret_config[REPORT_DESCRIPTOR_LEN_AT + 1] = (uint8_t)(forms[shape->form].descriptor_len >> 8);
    if (shape->form == TALLY_MSR_FORM_KEYBOARD) {
        ret_config[SUBCLASS_AT] = SUBCLASS_BOOT;
        ret_config[PROTOCOL_AT] = PROTOCOL_KEYBOARD;
    }
    if (shape->has_slot) {
        copy(ret_config + len, speed == TALLY_USB_HIGH_SPEED ? slot_hs : slot_fs,
             SLOT_INTERFACE_LEN);
        len += SLOT_INTERFACE_LEN;
        ret_config[NUM_INTERFACES_AT] = 2;
        ret_config[TOTAL_LEN_AT] = (uint8_t)len;
    }
    return len;
}
_Static_assert(TALLY_USB_CONFIG_LEN_MAX <= 255, "one byte of wTotalLength is enough");

/* ---- strings ---- */

enum { LANGUAGE_EN_US = 0x0409, SERIAL_LEN_MAX = TALLY_MSR_FEATURE_DATA_LEN_MAX };

static const char *text_of(uint8_t index, const char *serial, bool has_slot)
{
    switch (index) {
    case TALLY_USB_STRING_MANUFACTURER:
        return TALLY_USB_MANUFACTURER;
    case TALLY_USB_STRING_PRODUCT:
        return TALLY_USB_PRODUCT;
    case TALLY_USB_STRING_SERIAL:
        return serial;
    case TALLY_USB_STRING_INTERFACE:
        return TALLY_USB_INTERFACE;
    case TALLY_USB_STRING_CCID_INTERFACE:
        return has_slot ? TALLY_USB_CCID_INTERFACE_NAME : NULL;
    default:
        return NULL;
    }
}

uint16_t tally_usb_string(uint8_t index, const char *serial, bool has_slot,
                          uint8_t ret_string[TALLY_USB_STRING_LEN_MAX])
{
    uint16_t len = 2;
    const char *text = text_of(index, serial, has_slot);
    if (index == TALLY_USB_STRING_LANGUAGES) {
        ret_string[len++] = LANGUAGE_EN_US & 0xff;
        ret_string[len++] = LANGUAGE_EN_US >> 8;
    } else if (text == NULL) {
        return 0;
    } else {
        for (int i = 0; text[i] != '\0' && i < SERIAL_LEN_MAX; i++) {
            ret_string[len++] = (uint8_t)text[i];
            ret_string[len++] = 0;
        }
    }
    ret_string[0] = (uint8_t)len;
    ret_string[1] = TALLY_USB_DESCRIPTOR_STRING;
    return len;
}
_Static_assert(sizeof TALLY_USB_INTERFACE - 1 <= SERIAL_LEN_MAX &&
                   sizeof TALLY_USB_PRODUCT - 1 <= SERIAL_LEN_MAX &&
                   2 + 2 * SERIAL_LEN_MAX <= TALLY_USB_STRING_LEN_MAX,
               "no text of ours is cut");
