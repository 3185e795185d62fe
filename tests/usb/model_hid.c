/* SPDX-License-Identifier: Apache-2.0 */
/* HID devices that are not ours, as their makers' manuals print them: a report descriptor, one
 * interrupt IN endpoint, and reports that wait on it. */
#include "tests/usb/model_kinds.h"

#include "tests/unit/hal/hid_build.h"
#include "tests/usb/hand.h"
#include "tests/usb/hex.h"
#include "tests/usb/must.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ENDPOINT_IN = 0x81,
    STRING_PRODUCT = 2,
    DEVICE_LEN = 18,
    CONFIG_LEN = 34,
    REPORTS_MAX = 16,
    REPORT_LEN_MAX = 1024,
    ANSWER_LEN_MAX = 256
};

struct report {
    size_t len;
    uint8_t bytes[REPORT_LEN_MAX];
};

struct hid_model {
    struct model base;
    const char *product;
    uint16_t idVendor;
    uint16_t idProduct;
    uint8_t packet_len;
    struct build descriptor;
    struct report reports[REPORTS_MAX]; /* a ring */
    size_t first;
    size_t count;
    uint8_t answer[BUILD_MAX];
    bool is_configured;
};

static struct hid_model *self_of(struct model *model)
{
    return (struct hid_model *)(void *)model;
}

/* ---- endpoint 0 (USB 2.0, 9.4; HID 1.11, 7.1) ---- */

static size_t write_device(struct hid_model *self)
{
    const uint8_t bytes[DEVICE_LEN] = {18,
                                       1,
                                       0x00,
                                       0x02,
                                       0,
                                       0,
                                       0,
                                       8,
                                       (uint8_t)self->idVendor,
                                       (uint8_t)(self->idVendor >> 8),
                                       (uint8_t)self->idProduct,
                                       (uint8_t)(self->idProduct >> 8),
                                       0,
                                       1,
                                       0,
                                       STRING_PRODUCT,
                                       0,
                                       1};
    memcpy(self->answer, bytes, sizeof bytes);
    return sizeof bytes;
}

static size_t write_config(struct hid_model *self)
{
    uint8_t len_low = (uint8_t)self->descriptor.len;
    uint8_t len_high = (uint8_t)(self->descriptor.len >> 8);
    const uint8_t header[] = {9, 2, CONFIG_LEN, 0, 1, 1, 0, 0x80, 50};
    const uint8_t interface[] = {9, 4, 0, 0, 1, 3, 0, 0, 0};
    const uint8_t hid[] = {9, 0x21, 0x11, 0x01, 0, 1, 0x22, len_low, len_high};
    const uint8_t endpoint[] = {7, 5, ENDPOINT_IN, 3, self->packet_len, 0, 10};
    memcpy(self->answer, header, 9);
    memcpy(self->answer + 9, interface, 9);
    memcpy(self->answer + 18, hid, 9);
    memcpy(self->answer + 27, endpoint, 7);
    return CONFIG_LEN;
}

static size_t write_string(struct hid_model *self, uint8_t index)
{
    const char *text = self->product;
    size_t len = index == 0 ? 1 : strlen(text);
    self->answer[0] = (uint8_t)(2 + 2 * len);
    self->answer[1] = 3;
    for (size_t i = 0; i < len; i++) {
        self->answer[2 + 2 * i] = index == 0 ? 0x09 : (uint8_t)text[i];
        self->answer[3 + 2 * i] = index == 0 ? 0x04 : 0;
    }
    return self->answer[0];
}

static size_t write_report_descriptor(struct hid_model *self)
{
    memcpy(self->answer, self->descriptor.data, self->descriptor.len);
    return self->descriptor.len;
}

static size_t write_descriptor(struct hid_model *self, const struct tally_usb_setup *packet)
{
    uint8_t index = (uint8_t)packet->wValue;
    switch (packet->bmRequestType << 8 | packet->wValue >> 8) {
    case 0x8001:
        return write_device(self);
    case 0x8002:
        return write_config(self);
    case 0x8003:
        return index == 0 || index == STRING_PRODUCT ? write_string(self, index) : 0;
    case 0x8122:
        return write_report_descriptor(self);
    default:
        return 0;
    }
}

static struct tally_usb_answer setup(struct model *model, const struct tally_usb_setup *packet)
{
    struct hid_model *self = self_of(model);
    struct tally_usb_answer answer = {TALLY_USB_STALL, 0, NULL};
    if (packet->bRequest == 6 && (packet->bmRequestType & 0x80) != 0) {
        size_t len = write_descriptor(self, packet);
        answer.kind = len > 0 ? TALLY_USB_SEND : TALLY_USB_STALL;
        answer.len = (uint16_t)(len < packet->wLength ? len : packet->wLength);
        answer.data = self->answer;
    } else if (packet->bmRequestType == 0 && packet->bRequest == 9) {
        self->is_configured = packet->wValue != 0;
        answer.kind = TALLY_USB_DONE;
    } else if (packet->bmRequestType == 0x02 && packet->bRequest == 1) {
        answer.kind = TALLY_USB_DONE; /* CLEAR_FEATURE(ENDPOINT_HALT) */
    } else if (packet->bmRequestType == 0x21 && packet->bRequest == 0x0a) {
        answer.kind = TALLY_USB_DONE; /* SET_IDLE */
    } else if (packet->bmRequestType == 0x21 && packet->bRequest == 0x09) {
        answer.kind = TALLY_USB_RECEIVE; /* SET_REPORT */
    }
    return answer;
}

static bool setup_data(struct model *model, const uint8_t *data, uint16_t len)
{
    (void)model;
    (void)data;
    (void)len;
    return true;
}

/* ---- reports ---- */

static const uint8_t *pending(struct model *model, uint8_t endpoint, size_t *ret_len)
{
    const struct hid_model *self = self_of(model);
    const struct report *report = &self->reports[self->first];
    bool is_there = endpoint == ENDPOINT_IN && self->is_configured && self->count > 0;
    *ret_len = is_there ? report->len : 0;
    return is_there ? report->bytes : NULL;
}

static void sent(struct model *model, uint8_t endpoint, size_t len)
{
    (void)endpoint;
    (void)len;
    struct hid_model *self = self_of(model);
    self->first = (self->first + 1) % REPORTS_MAX;
    self->count--;
}

static bool is_ready(struct model *model, uint8_t endpoint)
{
    (void)model;
    (void)endpoint;
    return false; /* it has no OUT endpoint */
}

static void received(struct model *model, uint8_t endpoint, const uint8_t *bytes, size_t len)
{
    (void)model;
    (void)endpoint;
    (void)bytes;
    (void)len;
}

static void reset(struct model *model)
{
    self_of(model)->count = 0;
    self_of(model)->is_configured = false;
}

static uint32_t tell_time(struct model *model, uint32_t now_ms)
{
    (void)model;
    return now_ms - 1;
}

/* ---- their far side ---- */

static struct report *next_report(struct hid_model *self)
{
    MUST(self->count < REPORTS_MAX);
    struct report *report = &self->reports[(self->first + self->count++) % REPORTS_MAX];
    report->len = 0;
    return report;
}

static bool send_hex(struct hid_model *self, const char *hex)
{
    struct report *report = next_report(self);
    int len = hex_read(hex, report->bytes, REPORT_LEN_MAX);
    report->len = len < 0 ? 0 : (size_t)len;
    return len > 0;
}

static bool send_swipe(struct hid_model *self, const char *words)
{
    char *copy = strdup(words);
    const char *tracks[HAND_TRACKS];
    bool is_good = copy != NULL && hand_tracks(copy, tracks);
    if (is_good) {
        struct report *report = next_report(self);
        sureswipe_report(report->bytes, tracks);
        report->len = TALLY_MSR_REPORT_LEN;
    }
    free(copy);
    return is_good;
}

/* "]E0 4006381333931" as one report of the HID Point of Sale page (report ID 2, 64 bytes). */
static bool send_scan(struct hid_model *self, const char *words)
{
    enum { LEN = 64, DATA_AT = 5, DATA_LEN_MAX = 56 };
    const char *data = strchr(words, ' ');
    if (data == NULL || data - words != 3 || strlen(data + 1) > DATA_LEN_MAX) {
        return false;
    }
    struct report *report = next_report(self);
    memset(report->bytes, 0, LEN);
    report->bytes[0] = 2;
    report->bytes[1] = (uint8_t)strlen(data + 1);
    memcpy(report->bytes + 2, words, 3);
    memcpy(report->bytes + DATA_AT, data + 1, strlen(data + 1));
    report->len = LEN;
    return true;
}

static bool outside(struct model *model, const char *words)
{
    struct hid_model *self = self_of(model);
    if (strncmp(words, "report ", 7) == 0) {
        return send_hex(self, words + 7);
    }
    if (strncmp(words, "swipe ", 6) == 0) {
        return send_swipe(self, words + 6);
    }
    return strncmp(words, "scan ", 5) == 0 && send_scan(self, words + 5);
}

static void free_hid(struct model *model)
{
    free(model);
}

static const struct model_ops hid_ops = {.setup = setup,
                                         .setup_data = setup_data,
                                         .pending = pending,
                                         .sent = sent,
                                         .is_ready = is_ready,
                                         .received = received,
                                         .reset = reset,
                                         .time = tell_time,
                                         .outside = outside,
                                         .free = free_hid};

static const struct {
    const char *kind;
    const char *product;
    uint16_t idVendor;
    uint16_t idProduct;
    uint8_t packet_len;
    struct build (*descriptor)(void);
} kinds[] = {
    {"sureswipe", "Swipe Reader", 0x0801, 0x0002, 8, sureswipe_descriptor},
    {"dynamag", "Dynamag", 0x0801, 0x0011, 8, dynamag_descriptor},
    {"scanner", "Scanner", 0x05f9, 0x4204, 64, scanner_descriptor},
};

struct model *model_hid_make(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            struct hid_model *self = calloc(1, sizeof *self);
            MUST(self != NULL);
            self->base.ops = &hid_ops;
            self->product = kinds[i].product;
            self->idVendor = kinds[i].idVendor;
            self->idProduct = kinds[i].idProduct;
            self->packet_len = kinds[i].packet_len;
            self->descriptor = kinds[i].descriptor();
            return &self->base;
        }
    }
    return NULL;
}
