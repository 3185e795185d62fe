/* SPDX-License-Identifier: Apache-2.0 */
/* The whole reader on the emulated board with a controller that takes everything: what it costs in
 * flash, in memory and in stack. The linker keeps what is used here, so each part is used once: a
 * host sets the reader up, a card is swiped, its report arrives. */
#include <stdint.h>
#include <string.h>

#include "firmware/port/cortex-m/bus.h"
#include "firmware/port/cortex-m/capture.h"
#include "firmware/port/cortex-m/keep.h"
#include "firmware/port/cortex-m/mps2/startup.h"
#include "firmware/port/pn532.h"

enum { CELL_US = 1000, STACK_MAX = 1024 };

static struct tally_usb_device device;
static struct bus bus;
static struct capture capture;
static uint32_t now_us;
static size_t sent_len;

/* ---- a board of which nothing is there ---- */

static bool send(void *self, uint8_t endpoint, const uint8_t *bytes, size_t len)
{
    (void)self;
    static const char card[] = ";12=3?";
    if (endpoint == TALLY_USB_HID_IN &&
        memcmp(bytes + TALLY_MSR_DATA_AT + TALLY_MSR_TRACK_LEN_MAX, card, sizeof card - 1) == 0) {
        sent_len = len;
    }
    return true;
}

static void give_up(void *self, uint8_t endpoint)
{
    (void)self;
    (void)endpoint;
}

static bool receive(void *self, uint8_t endpoint)
{
    (void)self;
    (void)endpoint;
    return true;
}

static void connect(void *self, bool is_connected)
{
    (void)self;
    (void)is_connected;
}

static const struct controller controller = {
    .send = send, .give_up = give_up, .receive = receive, .connect = connect};

static void erase(void *self, int sector)
{
    (void)self;
    (void)sector;
}

static void program(void *self, int page, const uint8_t bytes[KEEP_PAGE_LEN])
{
    (void)self;
    (void)page;
    (void)bytes;
}

/* What is kept stands where a real board has the end of its flash: nothing is there. */
static const struct keep_flash flash = {
    .bytes = (const uint8_t *)0x00300000, .erase = erase, .program = program};

static bool load(void *self, enum tally_keep what, uint8_t *ret_bytes, size_t len)
{
    (void)self;
    return keep_load(&flash, what, ret_bytes, len);
}

static bool save(void *self, enum tally_keep what, const uint8_t *bytes, size_t len)
{
    (void)self;
    return keep_save(&flash, what, bytes, len);
}

/* Not counted: a board brings its own library, or does without pairing. */
static bool hmac(void *self, const uint8_t key[TALLY_HMAC_KEY_LEN], const uint8_t *bytes,
                 size_t len, uint8_t ret_mac[TALLY_HMAC_LEN])
{
    (void)self;
    (void)key;
    (void)bytes;
    (void)len;
    (void)ret_mac;
    return false;
}

/* The line to the PN532. */
static void write_line(void *self, const uint8_t *bytes, size_t len)
{
    (void)self;
    (void)bytes;
    (void)len;
}

static struct tally_pn532 pn532;
static const struct tally_ports ports = {
    .serial = "IMAGE", .slot = &pn532.slot, .load = load, .save = save, .hmac = hmac};

/* ---- one card ---- */

static void poll(void)
{
    tally_pn532_time(&pn532, now_us / 1000);
    capture_poll(&capture, &device.reader, now_us);
    (void)bus_poll(&bus, now_us / 1000);
}

static void edge_after(uint32_t us)
{
    now_us += us;
    capture_edge(&capture, TALLY_F2F_TRACK_2, now_us);
    poll();
}

static void swipe_bit(int bit)
{
    if (bit != 0) {
        edge_after(CELL_US / 2);
        edge_after(CELL_US / 2);
    } else {
        edge_after(CELL_US);
    }
}

static void swipe_character(int code)
{
    int parity = 1;
    for (int i = 0; i < 4; i++) {
        swipe_bit(code >> i & 1);
        parity ^= code >> i & 1;
    }
    swipe_bit(parity);
}

static void swipe_card(void)
{
    int lrc = 0;
    for (int i = 0; i < 25; i++) {
        swipe_bit(0);
    }
    for (const char *at = ";12=3?"; *at != '\0'; at++) {
        swipe_character(*at - '0');
        lrc ^= *at - '0';
    }
    swipe_character(lrc);
    for (int i = 0; i < 25; i++) {
        swipe_bit(0);
    }
    now_us += CAPTURE_SILENCE_US;
    poll();
}

static void say_number(const char *text, uint32_t number)
{
    char digits[12];
    char *at = digits + sizeof digits - 1;
    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    mps2_say(text);
    mps2_say(at);
    mps2_say("\n");
}

int main(void)
{
    static const uint8_t get_slot_status[10] = {0x65};
    const struct tally_usb_setup set_configuration = {.bRequest = TALLY_USB_SET_CONFIGURATION,
                                                      .wValue = 1};
    tally_pn532_init(&pn532, write_line, NULL);
    tally_usb_device_init(&device, &ports);
    bus_init(&bus, &device, &controller);
    if (bus_setup(&bus, &set_configuration).kind != TALLY_USB_DONE) {
        mps2_say("the reader refused its configuration\n");
        return 1;
    }
    swipe_card();
    bus_sent(&bus, TALLY_USB_HID_IN, sent_len);
    bus_received(&bus, TALLY_USB_CCID_OUT, get_slot_status, sizeof get_slot_status);
    tally_pn532_received(&pn532, get_slot_status, sizeof get_slot_status);
    poll();
    say_number("stack used, bytes: ", (uint32_t)mps2_stack_used());
    if (mps2_stack_used() > STACK_MAX) {
        mps2_say("that is more than it may be\n");
        return 1;
    }
    if (sent_len != TALLY_MSR_REPORT_LEN) {
        mps2_say("the card's report did not arrive\n");
        return 1;
    }
    return 0;
}
