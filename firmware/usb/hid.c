/* SPDX-License-Identifier: Apache-2.0 */
/* HID 1.11 class requests and the reader's properties. */
#include "firmware/usb/hid.h"

#include <stddef.h>

#include "firmware/usb/descriptors.h"

#ifndef TALLY_VERSION
#define TALLY_VERSION "0"
#endif

enum { /* bmRequestType: direction, type, recipient interface */
       STANDARD_IN = 0x81,
       CLASS_IN = 0xa1,
       CLASS_OUT = 0x21
};

enum { /* bRequest */
       GET_DESCRIPTOR = 0x06,
       GET_REPORT = 0x01,
       GET_IDLE = 0x02,
       GET_PROTOCOL = 0x03,
       SET_REPORT = 0x09,
       SET_IDLE = 0x0a,
       SET_PROTOCOL = 0x0b
};

enum { REPORT_INPUT = 0x0100, REPORT_FEATURE = 0x0300 }; /* wValue, report ID 0 */
enum { PROTOCOL_REPORT = 1 };

static struct tally_usb_answer send_byte(struct tally_hid *hid, const struct tally_usb_setup *setup,
                                         uint8_t value)
{
    hid->scratch[0] = value;
    return tally_usb_send(setup, hid->scratch, 1);
}

static struct tally_usb_answer get_descriptor(const struct tally_usb_setup *setup)
{
    uint16_t len = 0;
    const uint8_t *descriptor = tally_usb_report_descriptor(TALLY_MSR_FORM_SURESWIPE, &len);
    switch (setup->wValue) {
    case 0x2100:
        return tally_usb_send(setup, tally_usb_config_fs + TALLY_USB_HID_AT, TALLY_USB_HID_LEN);
    case 0x2200:
        return tally_usb_send(setup, descriptor, len);
    default:
        return tally_usb_stall();
    }
}

static struct tally_usb_answer get_report(struct tally_hid *hid,
                                          const struct tally_usb_setup *setup)
{
    switch (setup->wValue) {
    case REPORT_INPUT: /* never a card: that one travels once, on the interrupt endpoint */
        for (int i = 0; i < TALLY_MSR_REPORT_LEN; i++) {
            hid->scratch[i] = 0;
        }
        hid->scratch[TALLY_MSR_ENCODE_TYPE_AT] = TALLY_MSR_ENCODE_NONE;
        return tally_usb_send(setup, hid->scratch, TALLY_MSR_REPORT_LEN);
    case REPORT_FEATURE:
        return tally_usb_send(setup, hid->feature, TALLY_MSR_FEATURE_LEN);
    default:
        return tally_usb_stall();
    }
}

static struct tally_usb_answer set_report(const struct tally_usb_setup *setup)
{
    if (setup->wValue != REPORT_FEATURE || setup->wLength != TALLY_MSR_FEATURE_LEN) {
        return tally_usb_stall();
    }
    return tally_usb_receive();
}

static void answer(struct tally_hid *hid, enum tally_msr_answer result)
{
    for (int i = 0; i < TALLY_MSR_FEATURE_LEN; i++) {
        hid->feature[i] = 0;
    }
    hid->feature[TALLY_MSR_FEATURE_CODE_AT] = (uint8_t)result;
}

static void answer_text(struct tally_hid *hid, const char *text)
{
    uint8_t len = 0;
    answer(hid, TALLY_MSR_ANSWER_OK);
    while (text[len] != '\0' && len < TALLY_MSR_FEATURE_DATA_LEN_MAX) {
        hid->feature[TALLY_MSR_FEATURE_DATA_AT + len] = (uint8_t)text[len];
        len++;
    }
    hid->feature[TALLY_MSR_FEATURE_DATA_LEN_AT] = len;
}

static void answer_byte(struct tally_hid *hid, uint8_t value)
{
    answer(hid, TALLY_MSR_ANSWER_OK);
    hid->feature[TALLY_MSR_FEATURE_DATA_LEN_AT] = 1;
    hid->feature[TALLY_MSR_FEATURE_DATA_AT] = value;
}

static void get_property(struct tally_hid *hid, uint8_t property)
{
    switch (property) {
    case TALLY_MSR_PROP_SOFTWARE_ID:
        answer_text(hid, "tally-reader " TALLY_VERSION);
        break;
    case TALLY_MSR_PROP_SERIAL:
        answer_text(hid, hid->serial);
        break;
    case TALLY_MSR_PROP_POLLING_MS:
        answer_byte(hid, TALLY_USB_INTERVAL_FS);
        break;
    case TALLY_MSR_PROP_PACKET_LEN:
        answer_byte(hid, TALLY_USB_PACKET_LEN);
        break;
    default:
        answer(hid, TALLY_MSR_ANSWER_BAD_PARAMETER);
        break;
    }
}

void tally_hid_init(struct tally_hid *hid, const char *serial)
{
    *hid = (struct tally_hid){.serial = serial};
}

struct tally_usb_answer tally_hid_setup(struct tally_hid *hid, const struct tally_usb_setup *setup)
{
    switch (setup->bmRequestType << 8 | setup->bRequest) {
    case STANDARD_IN << 8 | GET_DESCRIPTOR:
        return get_descriptor(setup);
    case CLASS_IN << 8 | GET_REPORT:
        return get_report(hid, setup);
    case CLASS_IN << 8 | GET_IDLE:
        return send_byte(hid, setup, 0);
    case CLASS_IN << 8 | GET_PROTOCOL:
        return send_byte(hid, setup, PROTOCOL_REPORT);
    case CLASS_OUT << 8 | SET_REPORT:
        return set_report(setup);
    case CLASS_OUT << 8 | SET_IDLE: /* rate in the high byte; 0 is "only when there is news" */
        return tally_usb_done_if(setup->wValue == 0 && setup->wLength == 0);
    case CLASS_OUT << 8 | SET_PROTOCOL:
        return tally_usb_done_if(setup->wValue == PROTOCOL_REPORT && setup->wLength == 0);
    default:
        return tally_usb_stall();
    }
}

void tally_hid_received(struct tally_hid *hid, const uint8_t *data, uint16_t len)
{
    if (len != TALLY_MSR_FEATURE_LEN) {
        answer(hid, TALLY_MSR_ANSWER_BAD_PARAMETER);
        return;
    }
    switch (data[TALLY_MSR_FEATURE_CODE_AT]) {
    case TALLY_MSR_GET_PROP:
        if (data[TALLY_MSR_FEATURE_DATA_LEN_AT] != 1) {
            answer(hid, TALLY_MSR_ANSWER_BAD_PARAMETER);
        } else {
            get_property(hid, data[TALLY_MSR_FEATURE_DATA_AT]);
        }
        break;
    case TALLY_MSR_SET_PROP:
        answer(hid, TALLY_MSR_ANSWER_FAILED);
        break;
    case TALLY_MSR_RESET:
        answer(hid, TALLY_MSR_ANSWER_OK);
        break;
    default:
        answer(hid, TALLY_MSR_ANSWER_BAD_PARAMETER);
        break;
    }
}
