/* SPDX-License-Identifier: Apache-2.0 */
/* HID devices that are not ours, as their makers' manuals print them: a report descriptor, one
 * interrupt IN endpoint, and reports that wait on it. */
#include "tests/usb/model_kinds.h"

#include "tests/unit/hal/hid_build.h"
#include "tests/unit/hal/wedge_keys.h"
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
    REPORTS_MAX = 256, /* a text has two for each key */
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
    bool is_keyboard;
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
    uint8_t is_boot = self->is_keyboard; /* HID 1.11, 4.2 and 4.3: boot interface, keyboard */
    const uint8_t interface[] = {9, 4, 0, 0, 1, 3, is_boot, is_boot, 0};
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
    } else if (packet->bmRequestType == 0x21 && packet->bRequest == 0x0b) {
        answer.kind = TALLY_USB_DONE; /* SET_PROTOCOL */
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

/* MagneSafe V5 (MagTek 99875475): the tracks as they may be seen, and whether they are masked. */
static void dynamag_report(struct report *report, const char *const *tracks, bool is_masked)
{
    enum { LEN = 856, ENCRYPTION_AT = 494, MASKED_LEN_AT = 505, MASKED_AT = 508, TRACK_LEN = 112 };
    memset(report->bytes, 0, LEN);
    report->len = LEN;
    report->bytes[ENCRYPTION_AT] = is_masked ? 6 : 0; /* keys loaded, enabled */
    for (size_t i = 0; i < HAND_TRACKS; i++) {
        size_t len = tracks[i] == NULL ? 0 : strlen(tracks[i]);
        MUST(len <= TRACK_LEN);
        report->bytes[MASKED_LEN_AT + i] = (uint8_t)len;
        if (len > 0) {
            memcpy(report->bytes + MASKED_AT + i * TRACK_LEN, tracks[i], len);
        }
    }
}

static bool send_swipe(struct hid_model *self, const char *words, bool is_masked)
{
    char *copy = strdup(words);
    const char *tracks[HAND_TRACKS];
    bool is_good = copy != NULL && hand_tracks(copy, tracks);
    if (is_good && strcmp(self->product, "Dynamag") == 0) {
        dynamag_report(next_report(self), tracks, is_masked);
    } else if (is_good) {
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

static void send_key(struct hid_model *self, uint8_t modifiers, uint8_t usage)
{
    const uint8_t keys[8] = {modifiers, 0, usage};
    struct report *report = next_report(self);
    memcpy(report->bytes, keys, sizeof keys);
    report->len = sizeof keys;
}

/* The reader's own layout, and the text: every key down and up again, and Enter. */
static bool send_keys(struct hid_model *self, enum hal_keyboard_layout layout, const char *text)
{
    struct key_press press;
    bool is_good = self->is_keyboard;
    for (; is_good && *text != '\0'; text++) {
        is_good = find_key(layout, *text, &press) && !press.is_dead;
        if (is_good) {
            send_key(self, press.modifiers, press.usage);
            send_key(self, 0, 0);
        }
    }
    send_key(self, 0, 0x28);
    send_key(self, 0, 0);
    return is_good;
}

static bool type(struct hid_model *self, const char *words)
{
    static const struct {
        const char *name;
        enum hal_keyboard_layout layout;
    } layouts[] = {
        {"us ", HAL_LAYOUT_US}, {"german ", HAL_LAYOUT_GERMAN}, {"french ", HAL_LAYOUT_FRENCH}};
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        size_t len = strlen(layouts[i].name);
        if (strncmp(words, layouts[i].name, len) == 0) {
            return send_keys(self, layouts[i].layout, words + len);
        }
    }
    return false;
}

static bool outside(struct model *model, const char *words)
{
    struct hid_model *self = self_of(model);
    if (strncmp(words, "type ", 5) == 0) {
        return type(self, words + 5);
    }
    if (strncmp(words, "masked ", 7) == 0) {
        return send_swipe(self, words + 7, true);
    }
    if (strncmp(words, "report ", 7) == 0) {
        return send_hex(self, words + 7);
    }
    if (strncmp(words, "swipe ", 6) == 0) {
        return send_swipe(self, words + 6, false);
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

/* Boot keyboard (HID 1.11, B.1): modifiers, a reserved byte, six keys. */
static struct build keyboard_descriptor(void)
{
    struct build build = {.len = 0};
    put_item(&build, ITEM_USAGE_PAGE, 0x01);
    put_item(&build, ITEM_USAGE, 0x06);
    put_item(&build, ITEM_COLLECTION, 0x01);
    put_item(&build, ITEM_USAGE_PAGE, 0x07);
    put_item(&build, ITEM_USAGE_MIN, 0xe0);
    put_item(&build, ITEM_USAGE_MAX, 0xe7);
    put_item(&build, ITEM_LOGICAL_MIN, 0);
    put_item(&build, ITEM_LOGICAL_MAX, 1);
    put_item(&build, ITEM_REPORT_SIZE, 1);
    put_item(&build, ITEM_REPORT_COUNT, 8);
    put_item(&build, ITEM_INPUT, DATA_VARIABLE);
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_item(&build, ITEM_REPORT_COUNT, 1);
    put_item(&build, ITEM_INPUT, CONSTANT);
    put_item(&build, ITEM_REPORT_COUNT, 6);
    put_item(&build, ITEM_LOGICAL_MAX, 0x65);
    put_item(&build, ITEM_USAGE_MIN, 0);
    put_item(&build, ITEM_USAGE_MAX, 0x65);
    put_item(&build, ITEM_INPUT, 0);
    put_bare(&build, ITEM_END_COLLECTION);
    return build;
}

static const struct {
    const char *kind;
    const char *product;
    uint16_t idVendor;
    uint16_t idProduct;
    uint8_t packet_len;
    bool is_keyboard;
    struct build (*descriptor)(void);
} kinds[] = {
    {"sureswipe", "Swipe Reader", 0x0801, 0x0002, 8, false, sureswipe_descriptor},
    {"dynamag", "Dynamag", 0x0801, 0x0011, 8, false, dynamag_descriptor},
    {"scanner", "Scanner", 0x05f9, 0x4204, 64, false, scanner_descriptor},
    {"wedge", "Wedge", 0x0c27, 0x3bfa, 8, true, keyboard_descriptor},
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
            self->is_keyboard = kinds[i].is_keyboard;
            self->descriptor = kinds[i].descriptor();
            return &self->base;
        }
    }
    return NULL;
}
