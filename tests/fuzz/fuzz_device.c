/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a host, a cashier and a clock do to the reader, in whatever order: no answer is longer
 * than was asked for, no transfer longer than the longest, every CCID message as long as it says,
 * and the pair key is in none of them.
 *
 * A seed is a row of steps; a step is one byte that says which, and what it takes:
 *   s  SETUP packet, 8 bytes, and the data it announces if the reader wants it (wLength bytes)
 *   o  endpoint, length, bytes
 *   t  endpoint: take what is pending
 *   b  as t, but break it off
 *   w  milliseconds (2)
 *   c  which card is put on the slot
 *   e  event of the reader
 *   f  track, interval (2)
 *   r  bus reset, speed
 *   p  power off and on */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "firmware/port/host/board.h"
#include "firmware/port/host/virtual_card.h"
#include "firmware/usb/descriptors.h"
#include "firmware/usb/device.h"

struct input {
    const uint8_t *at;
    size_t left;
};

struct desk {
    struct tally_host_board board;
    struct tally_ports ports;
    struct tally_virtual_slot slot;
    struct tally_virtual_card card;
    struct tally_usb_device device;
    uint32_t now_ms;
    uint8_t sum; /* of every byte that was handed out: each has been read */
};

/* What an unlucky guess of the fuzzer does not hit upon. */
static const uint8_t pair_key[TALLY_HMAC_KEY_LEN] =
    "\x9d\x41\xe7\x03 the pair key of this \xc8\x55\xf0";

static uint8_t take_byte(struct input *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->at++;
}

static uint16_t take_16(struct input *input)
{
    uint16_t low = take_byte(input);
    return (uint16_t)(low | take_byte(input) << 8);
}

/* Fewer than `len` bytes where the input ends. */
static struct input take_bytes(struct input *input, size_t len)
{
    struct input taken = {input->at, len < input->left ? len : input->left};
    input->at += taken.left;
    input->left -= taken.left;
    return taken;
}

static void read_all(struct desk *desk, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        desk->sum = (uint8_t)(desk->sum + bytes[i]);
        FUZZ_CLAIM(len - i < 16 || memcmp(bytes + i, pair_key, 16) != 0);
        FUZZ_CLAIM(len - i < 16 || memcmp(bytes + i, pair_key + 16, 16) != 0);
    }
}

static void power_on(struct desk *desk)
{
    tally_usb_device_init(&desk->device, &desk->ports);
}

static void do_setup(struct desk *desk, struct input *input)
{
    struct tally_usb_setup setup;
    setup.bmRequestType = take_byte(input);
    setup.bRequest = take_byte(input);
    setup.wValue = take_16(input);
    setup.wIndex = take_16(input);
    setup.wLength = take_16(input);
    struct tally_usb_answer answer = tally_usb_device_setup(&desk->device, &setup);
    FUZZ_CLAIM(answer.len <= setup.wLength);
    FUZZ_CLAIM(answer.len == 0 || (answer.kind == TALLY_USB_SEND && answer.data != NULL));
    if (answer.kind == TALLY_USB_SEND) {
        read_all(desk, answer.data, answer.len);
    } else if (answer.kind == TALLY_USB_RECEIVE) {
        FUZZ_CLAIM(setup.wLength > 0 && setup.wLength <= TALLY_USB_CONTROL_LEN_MAX);
        struct input data = take_bytes(input, setup.wLength);
        bool is_taken = tally_usb_device_setup_data(&desk->device, data.at, (uint16_t)data.left);
        FUZZ_CLAIM(is_taken == (data.left == setup.wLength));
    }
}

static void do_out(struct desk *desk, struct input *input)
{
    uint8_t endpoint = take_byte(input);
    struct input bytes = take_bytes(input, take_byte(input));
    tally_usb_device_received(&desk->device, endpoint, bytes.at, bytes.left);
}

static void check_transfer(const struct desk *desk, uint8_t endpoint, const uint8_t *bytes,
                           size_t len)
{
    enum tally_msr_form form = (enum tally_msr_form)desk->device.hid.settings.form;
    FUZZ_CLAIM(len > 0 && len <= TALLY_USB_TRANSFER_LEN_MAX);
    switch (endpoint) {
    case TALLY_USB_HID_IN:
        FUZZ_CLAIM(len == tally_usb_report_len(form));
        break;
    case TALLY_USB_SLOT_IN:
        FUZZ_CLAIM(len == 2 && bytes[0] == 0x50);
        break;
    case TALLY_USB_CCID_IN:
        FUZZ_CLAIM(len >= TALLY_CCID_HEADER_LEN && len <= TALLY_CCID_MESSAGE_LEN_MAX);
        FUZZ_CLAIM(len - TALLY_CCID_HEADER_LEN == (bytes[1] | (size_t)bytes[2] << 8));
        break;
    default:
        FUZZ_CLAIM(!"something waits on an endpoint that is not there");
        break;
    }
}

static void do_take(struct desk *desk, struct input *input, bool is_whole)
{
    size_t len = 0, again = 0;
    uint8_t endpoint = take_byte(input);
    const uint8_t *bytes = tally_usb_device_pending(&desk->device, endpoint, &len);
    FUZZ_CLAIM(bytes == tally_usb_device_pending(&desk->device, endpoint, &again) && len == again);
    FUZZ_CLAIM((bytes == NULL) == (len == 0));
    if (bytes != NULL) {
        FUZZ_CLAIM(desk->device.configuration == 1);
        check_transfer(desk, endpoint, bytes, len);
        read_all(desk, bytes, len);
    }
    tally_usb_device_sent(&desk->device, endpoint, is_whole ? len : len / 2);
}

static void do_wait(struct desk *desk, struct input *input)
{
    uint32_t next_ms = 0;
    desk->now_ms += take_16(input);
    tally_usb_device_time(&desk->device, desk->now_ms, &next_ms);
    FUZZ_CLAIM(next_ms - desk->now_ms <= 60000);
}

static void do_card(struct desk *desk, struct input *input)
{
    static const uint8_t bytes[16] = "\xd1\x01\x09T\x02"
                                     "en610001";
    uint8_t which = take_byte(input);
    switch (which % 8) {
    case 0:
        tally_virtual_slot_put(&desk->slot, NULL);
        return;
    case 1:
        tally_virtual_phone(&desk->card);
        break;
    case 2:
        tally_virtual_ntag213(&desk->card, bytes, 13);
        break;
    case 3:
        tally_virtual_classic(&desk->card, bytes, 4, bytes);
        break;
    case 4:
        tally_virtual_type4(&desk->card, bytes, 13);
        break;
    case 5:
        tally_virtual_desfire(&desk->card, bytes, 6, 1, bytes, 13);
        break;
    case 6:
        tally_virtual_payment(&desk->card);
        break;
    default: /* the same again, or what fate has in store for it */
        desk->card.is_mute = (which & 0x08) != 0;
        desk->card.is_gone_at_next = (which & 0x10) != 0;
        desk->slot.is_broken = (which & 0x20) != 0;
        desk->card.waits = (uint16_t)(which >> 6);
        break;
    }
    tally_virtual_slot_put(&desk->slot, &desk->card);
}

static void do_event(struct desk *desk, struct input *input)
{
    uint8_t event = (uint8_t)(take_byte(input) % TALLY_READER_EVENT_COUNT);
    if (event == TALLY_READER_SWIPE_BEGINS || event == TALLY_READER_SWIPE_ENDS ||
        event == TALLY_READER_SWIPE_LOST) { /* the others are the device's to tell */
        (void)tally_reader_event(&desk->device.reader, (enum tally_reader_event)event);
    }
}

static void do_flux(struct desk *desk, struct input *input)
{
    enum tally_f2f_track track = (enum tally_f2f_track)(take_byte(input) % TALLY_MSR_TRACKS);
    tally_reader_flux(&desk->device.reader, track, take_16(input));
}

static void step(struct desk *desk, struct input *input)
{
    switch (take_byte(input)) {
    case 's':
        do_setup(desk, input);
        break;
    case 'o':
        do_out(desk, input);
        break;
    case 't':
        do_take(desk, input, true);
        break;
    case 'b':
        do_take(desk, input, false);
        break;
    case 'w':
        do_wait(desk, input);
        break;
    case 'c':
        do_card(desk, input);
        break;
    case 'e':
        do_event(desk, input);
        break;
    case 'f':
        do_flux(desk, input);
        break;
    case 'r':
        tally_usb_device_reset(&desk->device, (enum tally_usb_speed)(take_byte(input) & 1));
        break;
    case 'p':
        power_on(desk);
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct desk desk;
    struct input input = {data, size};
    memset(&desk, 0, sizeof desk);
    desk.now_ms = UINT32_MAX - 1000;
    tally_virtual_slot_init(&desk.slot);
    desk.ports = tally_host_board_ports(&desk.board, "FUZZ1");
    desk.ports.slot = &desk.slot.slot;
    desk.ports.is_high_speed = size % 2 == 1;
    desk.board.is_worn_out = size % 16 == 3;
    desk.board.is_button_held = size % 16 == 5;
    if (size % 4 != 0) { /* most are paired already */
        memcpy(desk.board.records[TALLY_KEEP_PAIR], pair_key, sizeof pair_key);
        desk.board.record_lens[TALLY_KEEP_PAIR] = sizeof pair_key;
        desk.board.record_lens[TALLY_KEEP_COUNTER] = 4;
        desk.board.records[TALLY_KEEP_COUNTER][0] = 1;
    }
    power_on(&desk);
    while (input.left > 0) {
        step(&desk, &input);
    }
    return 0;
}
