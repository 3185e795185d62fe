/* SPDX-License-Identifier: Apache-2.0 */
/* HID 1.11 class requests and the reader's properties. */
#include "firmware/usb/hid.h"

#include <stddef.h>

#include "firmware/core/wipe.h"
#include "firmware/usb/descriptors.h"

#ifndef TALLY_VERSION
#define TALLY_VERSION "0"
#endif

/* bmRequestType: direction, type, recipient interface */
enum { STANDARD_IN = 0x81, CLASS_IN = 0xa1, CLASS_OUT = 0x21 };

/* bRequest */
enum {
    GET_DESCRIPTOR = 0x06,
    GET_REPORT = 0x01,
    GET_IDLE = 0x02,
    GET_PROTOCOL = 0x03,
    SET_REPORT = 0x09,
    SET_IDLE = 0x0a,
    SET_PROTOCOL = 0x0b
};

/* wValue, report ID 0 */
enum { REPORT_INPUT = 0x0100, REPORT_OUTPUT = 0x0200, REPORT_FEATURE = 0x0300 };
enum { PROTOCOL_BOOT = 0, PROTOCOL_REPORT = 1 };
enum { LAMPS_LEN = 1 }; /* the output report of a keyboard */

static bool is_keyboard(const struct tally_hid *hid)
{
    return hid->settings.form == TALLY_MSR_FORM_KEYBOARD;
}

/* ---- requests ---- */

static struct tally_usb_answer send_byte(struct tally_hid *hid, const struct tally_usb_setup *setup,
                                         uint8_t value)
{
    hid->scratch[0] = value;
    return tally_usb_send(setup, hid->scratch, 1);
}

static struct tally_usb_answer get_descriptor(struct tally_hid *hid,
                                              const struct tally_usb_setup *setup)
{
    const struct tally_usb_shape shape = {.form = (enum tally_msr_form)hid->settings.form,
                                          .polling_ms = hid->settings.polling_ms};
    uint16_t len = 0;
    const uint8_t *descriptor = tally_usb_report_descriptor(shape.form, &len);
    switch (setup->wValue) {
    case TALLY_USB_DESCRIPTOR_HID << 8:
        (void)tally_usb_config(&shape, TALLY_USB_FULL_SPEED, hid->scratch);
        return tally_usb_send(setup, hid->scratch + TALLY_USB_HID_AT, TALLY_USB_HID_LEN);
    case TALLY_USB_DESCRIPTOR_REPORT << 8:
        return tally_usb_send(setup, descriptor, len);
    default:
        return tally_usb_stall();
    }
}

static struct tally_usb_answer get_report(struct tally_hid *hid,
                                          const struct tally_usb_setup *setup)
{
    bool is_sureswipe = hid->settings.form == TALLY_MSR_FORM_SURESWIPE ||
                        hid->settings.form == TALLY_MSR_FORM_SIGNED;
    switch (setup->wValue) {
    case REPORT_INPUT: /* never a card: that one travels once, on the interrupt endpoint */
        tally_wipe(hid->scratch, sizeof hid->scratch);
        hid->scratch[TALLY_MSR_ENCODE_TYPE_AT] = is_sureswipe ? TALLY_MSR_ENCODE_NONE : 0;
        return tally_usb_send(setup, hid->scratch,
                              tally_usb_report_len((enum tally_msr_form)hid->settings.form));
    case REPORT_FEATURE:
        return tally_usb_send(setup, hid->feature, TALLY_MSR_FEATURE_LEN);
    default:
        return tally_usb_stall();
    }
}

static struct tally_usb_answer set_report(const struct tally_hid *hid,
                                          const struct tally_usb_setup *setup)
{
    bool is_command = setup->wValue == REPORT_FEATURE && setup->wLength == TALLY_MSR_FEATURE_LEN;
    bool is_lamps =
        is_keyboard(hid) && setup->wValue == REPORT_OUTPUT && setup->wLength == LAMPS_LEN;
    return is_command || is_lamps ? tally_usb_receive() : tally_usb_stall();
}

static struct tally_usb_answer set_protocol(struct tally_hid *hid,
                                            const struct tally_usb_setup *setup)
{
    bool is_ours = setup->wLength == 0 && (setup->wValue == PROTOCOL_REPORT ||
                                           (setup->wValue == PROTOCOL_BOOT && is_keyboard(hid)));
    hid->protocol = is_ours ? (uint8_t)setup->wValue : hid->protocol;
    return tally_usb_done_if(is_ours);
}

struct tally_usb_answer tally_hid_setup(struct tally_hid *hid, const struct tally_usb_setup *setup)
{
    switch (setup->bmRequestType << 8 | setup->bRequest) {
    case STANDARD_IN << 8 | GET_DESCRIPTOR:
        return get_descriptor(hid, setup);
    case CLASS_IN << 8 | GET_REPORT:
        return get_report(hid, setup);
    case CLASS_IN << 8 | GET_IDLE:
        return send_byte(hid, setup, 0);
    case CLASS_IN << 8 | GET_PROTOCOL:
        return send_byte(hid, setup, hid->protocol);
    case CLASS_OUT << 8 | SET_REPORT:
        return set_report(hid, setup);
    case CLASS_OUT << 8 | SET_IDLE: /* rate in the high byte; 0 is "only when there is news" */
        return tally_usb_done_if(setup->wValue == 0 && setup->wLength == 0);
    case CLASS_OUT << 8 | SET_PROTOCOL:
        return set_protocol(hid, setup);
    default:
        return tally_usb_stall();
    }
}

/* ---- answers of the feature report ---- */

static void answer(struct tally_hid *hid, enum tally_msr_answer result)
{
    tally_wipe(hid->feature, sizeof hid->feature);
    hid->feature[TALLY_MSR_FEATURE_CODE_AT] = (uint8_t)result;
}

static void answer_bytes(struct tally_hid *hid, const uint8_t *bytes, uint8_t len)
{
    answer(hid, TALLY_MSR_ANSWER_OK);
    hid->feature[TALLY_MSR_FEATURE_DATA_LEN_AT] = len;
    for (uint8_t i = 0; i < len; i++) {
        hid->feature[TALLY_MSR_FEATURE_DATA_AT + i] = bytes[i];
    }
}

static void answer_text(struct tally_hid *hid, const char *text)
{
    uint8_t bytes[TALLY_MSR_FEATURE_DATA_LEN_MAX], len = 0;
    while (text[len] != '\0' && len < sizeof bytes) {
        bytes[len] = (uint8_t)text[len];
        len++;
    }
    answer_bytes(hid, bytes, len);
}

static void answer_byte(struct tally_hid *hid, uint8_t value)
{
    answer_bytes(hid, &value, 1);
}

/* ---- properties ---- */

static void prove(struct tally_hid *hid, const uint8_t *nonce)
{
    uint8_t proof[TALLY_MSR_MAC_LEN];
    if (tally_signer_prove(&hid->signer, nonce, proof)) {
        answer_bytes(hid, proof, sizeof proof);
    } else {
        answer(hid, TALLY_MSR_ANSWER_FAILED);
    }
}

static void get_setting(struct tally_hid *hid, uint8_t property)
{
    uint8_t data[TALLY_MSR_FEATURE_DATA_LEN_MAX], len = 0;
    if (tally_settings_get(&hid->chosen, property, data, &len)) {
        answer_bytes(hid, data, len);
    } else {
        answer(hid, TALLY_MSR_ANSWER_BAD_PARAMETER);
    }
}

/* `data` is the property's number, and for a proof the nonce. */
static void get_property(struct tally_hid *hid, const uint8_t *data, uint8_t len)
{
    bool is_proof = len > 0 && data[0] == TALLY_MSR_PROP_PROOF;
    if (len != (is_proof ? 1 + TALLY_MSR_NONCE_LEN : 1)) {
        answer(hid, TALLY_MSR_ANSWER_BAD_PARAMETER);
        return;
    }
    switch (data[0]) {
    case TALLY_MSR_PROP_SOFTWARE_ID:
        answer_text(hid, "tally-reader " TALLY_VERSION);
        break;
    case TALLY_MSR_PROP_SERIAL:
        answer_text(hid, hid->ports->serial);
        break;
    case TALLY_MSR_PROP_PACKET_LEN:
        answer_byte(hid, TALLY_USB_PACKET_LEN);
        break;
    case TALLY_MSR_PROP_PAIRED:
        answer_byte(hid, hid->signer.is_paired);
        break;
    case TALLY_MSR_PROP_PROOF:
        prove(hid, data + 1);
        break;
    default: /* a setting; a pair key is not to be had */
        get_setting(hid, data[0]);
        break;
    }
}

/* Nothing is chosen that could not be kept, where there is something to keep it in. */
static bool choose(struct tally_hid *hid, const struct tally_settings *settings)
{
    uint8_t record[TALLY_SETTINGS_RECORD_LEN];
    const struct tally_ports *ports = hid->ports;
    tally_settings_write(settings, record);
    if (ports->save != NULL &&
        !ports->save(ports->self, TALLY_KEEP_SETTINGS, record, sizeof record)) {
        return false;
    }
    hid->chosen = *settings;
    return true;
}

static enum tally_msr_answer set_setting(struct tally_hid *hid, uint8_t property,
                                         const uint8_t *data, uint8_t len)
{
    struct tally_settings settings = hid->chosen;
    if (!tally_settings_set(&settings, property, data, len)) {
        return TALLY_MSR_ANSWER_BAD_PARAMETER;
    }
    return choose(hid, &settings) ? TALLY_MSR_ANSWER_OK : TALLY_MSR_ANSWER_FAILED;
}

static enum tally_msr_answer set_pairing(struct tally_hid *hid, uint8_t property,
                                         const uint8_t *data, uint8_t len)
{
    if (property == TALLY_MSR_PROP_PAIRED) { /* there is only one way to set it: off */
        return len == 1 && data[0] == 0 ? tally_signer_unpair(&hid->signer)
                                        : TALLY_MSR_ANSWER_BAD_PARAMETER;
    }
    return len == TALLY_MSR_PAIR_HALF_LEN
               ? tally_signer_pair(&hid->signer, property - TALLY_MSR_PROP_PAIR_KEY_1, data)
               : TALLY_MSR_ANSWER_BAD_PARAMETER;
}

/* `data` is the property's number and its new content. */
static enum tally_msr_answer set_property(struct tally_hid *hid, const uint8_t *data, uint8_t len)
{
    if (len == 0) {
        return TALLY_MSR_ANSWER_BAD_PARAMETER;
    }
    switch (data[0]) {
    case TALLY_MSR_PROP_SOFTWARE_ID:
    case TALLY_MSR_PROP_SERIAL:
    case TALLY_MSR_PROP_PACKET_LEN:
    case TALLY_MSR_PROP_PROOF:
        return TALLY_MSR_ANSWER_FAILED; /* they are as they are */
    case TALLY_MSR_PROP_PAIR_KEY_1:
    case TALLY_MSR_PROP_PAIR_KEY_2:
    case TALLY_MSR_PROP_PAIRED:
        return set_pairing(hid, data[0], data + 1, (uint8_t)(len - 1));
    default:
        return set_setting(hid, data[0], data + 1, (uint8_t)(len - 1));
    }
}

static enum tally_msr_answer reset(struct tally_hid *hid, const uint8_t *data, uint8_t len)
{
    const struct tally_settings factory = tally_settings_factory();
    if (len > 1 || (len == 1 && data[0] != TALLY_MSR_RESET_FACTORY)) {
        return TALLY_MSR_ANSWER_BAD_PARAMETER;
    }
    if (len == 1 && !choose(hid, &factory)) {
        return TALLY_MSR_ANSWER_FAILED;
    }
    hid->wants_restart = true;
    return TALLY_MSR_ANSWER_OK;
}

static void do_command(struct tally_hid *hid, uint8_t command, const uint8_t *data, uint8_t len)
{
    switch (command) {
    case TALLY_MSR_GET_PROP:
        get_property(hid, data, len);
        break;
    case TALLY_MSR_SET_PROP:
        answer(hid, set_property(hid, data, len));
        break;
    case TALLY_MSR_RESET:
        answer(hid, reset(hid, data, len));
        break;
    default:
        answer(hid, TALLY_MSR_ANSWER_BAD_PARAMETER);
        break;
    }
}

void tally_hid_received(struct tally_hid *hid, const uint8_t *data, uint16_t len)
{
    if (is_keyboard(hid) && len == LAMPS_LEN) {
        return;
    }
    if (len != TALLY_MSR_FEATURE_LEN ||
        data[TALLY_MSR_FEATURE_DATA_LEN_AT] > TALLY_MSR_FEATURE_DATA_LEN_MAX) {
        answer(hid, TALLY_MSR_ANSWER_BAD_PARAMETER);
        return;
    }
    do_command(hid, data[TALLY_MSR_FEATURE_CODE_AT], data + TALLY_MSR_FEATURE_DATA_AT,
               data[TALLY_MSR_FEATURE_DATA_LEN_AT]);
}

/* ---- coming and going ---- */

void tally_hid_restart(struct tally_hid *hid)
{
    hid->protocol = PROTOCOL_REPORT;
    tally_wipe(hid->feature, sizeof hid->feature);
    tally_signer_forget_half(&hid->signer);
    if (hid->wants_restart) {
        hid->wants_restart = false;
        hid->settings = hid->chosen;
    }
}

void tally_hid_init(struct tally_hid *hid, const struct tally_ports *ports)
{
    uint8_t record[TALLY_SETTINGS_RECORD_LEN];
    tally_wipe(hid, sizeof *hid);
    hid->ports = ports;
    hid->chosen = tally_settings_factory();
    if (ports->load != NULL &&
        ports->load(ports->self, TALLY_KEEP_SETTINGS, record, sizeof record)) {
        /* A record that is no good: the factory's. */
        (void)tally_settings_read(record, &hid->chosen);
    }
    hid->wants_restart = true;
    tally_hid_restart(hid);
    tally_signer_init(&hid->signer, ports);
}
