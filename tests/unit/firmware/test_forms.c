/* SPDX-License-Identifier: Apache-2.0 */
/* One swipe in every form, settings that are kept, and a reader that is paired. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/port/host/board.h"
#include "firmware/usb/descriptors.h"
#include "firmware/usb/device.h"
#include "firmware/usb/keyboard.h"
#include "tools/swipe/swipe.h"

/* ---- a reader and its terminal ---- */

struct desk {
    struct tally_host_board board;
    struct tally_ports ports;
    struct tally_usb_device device;
};

static void configure(struct desk *desk)
{
    const struct tally_usb_setup set_configuration = {0x00, 0x09, 1, 0, 0};
    tally_usb_device_reset(&desk->device, TALLY_USB_FULL_SPEED);
    assert_int_equal(TALLY_USB_DONE,
                     tally_usb_device_setup(&desk->device, &set_configuration).kind);
}

/* The power comes: what has not been saved is not there. */
static void switch_on(struct desk *desk)
{
    memset(&desk->device, 0xa5, sizeof desk->device);
    desk->ports = tally_host_board_ports(&desk->board, "S1");
    tally_usb_device_init(&desk->device, &desk->ports);
    configure(desk);
}

static void a_new_reader(struct desk *desk)
{
    memset(desk, 0, sizeof *desk);
    switch_on(desk);
}

/* One command of the feature report; returns the answer. `data` begins with the property. */
static const uint8_t *command(struct desk *desk, int code, const void *data, size_t len)
{
    uint8_t report[TALLY_MSR_FEATURE_LEN] = {(uint8_t)code, (uint8_t)len};
    const struct tally_usb_setup set = {0x21, 0x09, 0x0300, 0, sizeof report};
    const struct tally_usb_setup get = {0xa1, 0x01, 0x0300, 0, sizeof report};
    memcpy(report + 2, data, len);
    assert_int_equal(TALLY_USB_RECEIVE, tally_usb_device_setup(&desk->device, &set).kind);
    assert_true(tally_usb_device_setup_data(&desk->device, report, sizeof report));
    return tally_usb_device_setup(&desk->device, &get).data;
}

static int set(struct desk *desk, int property, const void *data, size_t len)
{
    uint8_t bytes[TALLY_MSR_FEATURE_DATA_LEN_MAX] = {(uint8_t)property};
    memcpy(bytes + 1, data, len);
    return command(desk, TALLY_MSR_SET_PROP, bytes, len + 1)[0];
}

static int set_byte(struct desk *desk, int property, int value)
{
    const uint8_t byte = (uint8_t)value;
    return set(desk, property, &byte, 1);
}

static const uint8_t *get(struct desk *desk, int property)
{
    const uint8_t byte = (uint8_t)property;
    return command(desk, TALLY_MSR_GET_PROP, &byte, 1);
}

/* RESET, the cable's flick that it brings, and the host again. */
static void restart(struct desk *desk)
{
    assert_int_equal(TALLY_MSR_ANSWER_OK, command(desk, TALLY_MSR_RESET, "", 0)[0]);
    assert_true(tally_usb_device_wants_reconnect(&desk->device));
    configure(desk);
    assert_false(tally_usb_device_wants_reconnect(&desk->device));
}

static void use_form(struct desk *desk, enum tally_msr_form form)
{
    assert_int_equal(TALLY_MSR_ANSWER_OK, set_byte(desk, TALLY_MSR_PROP_FORM, (int)form));
    restart(desk);
}

static const char *const a_card[3] = {"%NDOE/JANE^X?", ";6100000011224=4912?", NULL};

static void swipe(struct desk *desk, const char *const tracks[3], bool is_damaged)
{
    static struct tally_swipe_flux flux;
    const struct tally_swipe_hand hand = {.seed = 11, .is_damaged = is_damaged};
    (void)tally_reader_event(&desk->device.reader, TALLY_READER_SWIPE_BEGINS);
    for (int track = 0; track < 3; track++) {
        if (tracks[track] != NULL) {
            assert_true(tally_swipe_flux(&hand, track + 1, tracks[track], &flux));
            for (size_t i = 0; i < flux.count; i++) {
                tally_reader_flux(&desk->device.reader, (enum tally_f2f_track)track,
                                  flux.intervals[i]);
            }
        }
    }
    (void)tally_reader_event(&desk->device.reader, TALLY_READER_SWIPE_ENDS);
}

/* Takes the next transfer of interface 0 into ret_bytes; returns its length, 0 if there is none. */
static size_t take(struct desk *desk, uint8_t ret_bytes[TALLY_USB_TRANSFER_LEN_MAX])
{
    size_t len = 0;
    const uint8_t *bytes = tally_usb_device_pending(&desk->device, TALLY_USB_HID_IN, &len);
    assert_true(len <= TALLY_USB_TRANSFER_LEN_MAX);
    if (bytes != NULL) {
        memcpy(ret_bytes, bytes, len);
        tally_usb_device_sent(&desk->device, TALLY_USB_HID_IN, len);
    }
    return len;
}

/* ---- page 8E ---- */

static void page_8e_carries_the_same_tracks(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t report[TALLY_USB_TRANSFER_LEN_MAX];
    a_new_reader(&desk);
    use_form(&desk, TALLY_MSR_FORM_8E);
    swipe(&desk, a_card, false);
    assert_int_equal(333, take(&desk, report));
    assert_int_equal(strlen(a_card[0]), report[0]);
    assert_int_equal(strlen(a_card[1]), report[1]);
    assert_int_equal(0, report[2]);
    assert_memory_equal(a_card[0], report + 3, strlen(a_card[0]));
    assert_memory_equal(a_card[1], report + 3 + 110, strlen(a_card[1]));
    assert_int_equal(0, take(&desk, report));
}

/* ---- keyboard ---- */

/* What a US keyboard driver makes of the reports, character by character. */
static size_t type(struct desk *desk, char *ret_text)
{
    static const char plain[] = "1234567890\r\0\0\0 -=[]\\\0;'`,./";
    static const char shifted[] = "!@#$%^&*()\0\0\0\0\0_+{}|\0:\"~<>?";
    uint8_t report[TALLY_USB_TRANSFER_LEN_MAX];
    size_t count = 0, reports = 0;
    for (size_t len; (len = take(desk, report)) != 0; reports++) {
        assert_int_equal(8, len);
        assert_int_equal(0, report[1]);
        if (reports % 2 == 1) { /* every key comes up again before the next goes down */
            assert_memory_equal("\0\0\0\0\0\0\0", report, 8);
        } else if (report[2] >= 0x1e) {
            ret_text[count++] = (report[0] == 2 ? shifted : plain)[report[2] - 0x1e];
        } else {
            ret_text[count++] = (char)((report[0] == 2 ? 'A' : 'a') + report[2] - 4);
        }
    }
    ret_text[count] = '\0';
    return reports;
}

static void every_printable_character_has_its_key(void **state)
{
    (void)state;
    uint8_t modifiers = 0, usage = 0;
    static const struct {
        char character;
        uint8_t modifiers;
        uint8_t usage;
    } some[] = {{'%', 2, 0x22},  {';', 0, 0x33}, {'?', 2, 0x38}, {'^', 2, 0x23}, {'=', 0, 0x2e},
                {'0', 0, 0x27},  {'1', 0, 0x1e}, {'Z', 2, 0x1d}, {'a', 0, 0x04}, {' ', 0, 0x2c},
                {'\r', 0, 0x28}, {'+', 2, 0x2e}, {'@', 2, 0x1f}, {'&', 2, 0x24}, {'_', 2, 0x2d},
                {'/', 0, 0x38},  {'`', 0, 0x35}, {'\\', 0, 0x31}};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        assert_true(tally_keyboard_key((uint8_t)some[i].character, &modifiers, &usage));
        assert_int_equal(some[i].modifiers, modifiers);
        assert_int_equal(some[i].usage, usage);
    }
    for (int character = 0; character < 256; character++) {
        bool is_typed = (character >= 0x20 && character < 0x7f) || character == '\r';
        assert_int_equal(is_typed, tally_keyboard_key((uint8_t)character, &modifiers, &usage));
    }
}

static void a_keyboard_types_the_tracks_between_prefix_and_suffix(void **state)
{
    (void)state;
    struct desk desk;
    char text[400];
    a_new_reader(&desk);
    assert_int_equal(0, set(&desk, TALLY_MSR_PROP_PREFIX, "[~", 2));
    assert_int_equal(0, set(&desk, TALLY_MSR_PROP_SUFFIX, "]", 1));
    use_form(&desk, TALLY_MSR_FORM_KEYBOARD);
    swipe(&desk, a_card, false);
    size_t reports = type(&desk, text);
    assert_string_equal("[~%NDOE/JANE^X?;6100000011224=4912?]\r", text);
    assert_int_equal(2 * strlen(text), reports);
    assert_int_equal(TALLY_READER_IDLE, desk.device.reader.state);
}

static void an_unreadable_track_is_typed_as_an_e(void **state)
{
    (void)state;
    struct desk desk;
    char text[400];
    static const char *const one_track[3] = {NULL, ";6100000011224=4912?", NULL};
    static const char *const no_track[3] = {NULL, NULL, NULL};
    a_new_reader(&desk);
    use_form(&desk, TALLY_MSR_FORM_KEYBOARD);
    swipe(&desk, one_track, true);
    (void)type(&desk, text);
    assert_string_equal(";E?\r", text);
    swipe(&desk, no_track, false);
    (void)type(&desk, text);
    assert_string_equal("", text);
    assert_int_equal(TALLY_READER_IDLE, desk.device.reader.state);
}

static void a_keyboard_that_is_given_up_lets_its_key_go(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t report[TALLY_USB_TRANSFER_LEN_MAX];
    uint32_t next = 0;
    a_new_reader(&desk);
    use_form(&desk, TALLY_MSR_FORM_KEYBOARD);
    swipe(&desk, a_card, false);
    assert_int_equal(8, take(&desk, report));
    assert_int_not_equal(0, report[2]);
    tally_usb_device_time(&desk.device, 1000, &next);
    tally_usb_device_time(&desk.device, 1000 + TALLY_READER_HOLD_MS, &next);
    assert_int_equal(TALLY_READER_IDLE, desk.device.reader.state);
    assert_int_equal(8, take(&desk, report));
    assert_memory_equal("\0\0\0\0\0\0\0", report, 8);
    assert_int_equal(0, take(&desk, report));
    for (size_t i = 0; i + 6 < sizeof desk.device; i++) {
        assert_memory_not_equal("610000", (uint8_t *)&desk.device + i, 6);
    }
}

static void slow_typing_is_not_stale_while_the_host_goes_on_taking(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t report[TALLY_USB_TRANSFER_LEN_MAX];
    uint32_t next = 0, now = 0, count = 0;
    a_new_reader(&desk);
    use_form(&desk, TALLY_MSR_FORM_KEYBOARD);
    swipe(&desk, a_card, false);
    while (take(&desk, report) == 8) {
        count++;
        now += 250; /* 67 reports: three times as long as a report may wait */
        tally_usb_device_time(&desk.device, now, &next);
    }
    assert_int_equal(2 * (strlen(a_card[0]) + strlen(a_card[1]) + 1), count);
}

static void a_boot_keyboard_takes_what_a_driver_asks_of_it(void **state)
{
    (void)state;
    struct desk desk;
    const struct tally_usb_setup boot = {0x21, 0x0b, 0, 0, 0}, protocol = {0xa1, 0x03, 0, 0, 1};
    const struct tally_usb_setup lamps = {0x21, 0x09, 0x0200, 0, 1};
    const struct tally_usb_setup config = {0x80, 0x06, 0x0200, 0, 255};
    const uint8_t caps_lock = 2;
    a_new_reader(&desk);
    assert_int_equal(TALLY_USB_STALL, tally_usb_device_setup(&desk.device, &boot).kind);
    assert_int_equal(TALLY_USB_STALL, tally_usb_device_setup(&desk.device, &lamps).kind);
    use_form(&desk, TALLY_MSR_FORM_KEYBOARD);
    assert_int_equal(TALLY_USB_DONE, tally_usb_device_setup(&desk.device, &boot).kind);
    assert_int_equal(0, tally_usb_device_setup(&desk.device, &protocol).data[0]);
    assert_int_equal(TALLY_USB_RECEIVE, tally_usb_device_setup(&desk.device, &lamps).kind);
    assert_true(tally_usb_device_setup_data(&desk.device, &caps_lock, 1));
    const uint8_t *bytes = tally_usb_device_setup(&desk.device, &config).data;
    assert_memory_equal("\x09\x04\0\0\1\3\1\1", bytes + 9, 8);
}

/* ---- settings ---- */

static void a_setting_waits_for_a_reset_and_outlasts_the_power(void **state)
{
    (void)state;
    struct desk desk;
    const struct tally_usb_setup config = {0x80, 0x06, 0x0200, 0, 255};
    a_new_reader(&desk);
    assert_int_equal(0, set_byte(&desk, TALLY_MSR_PROP_POLLING_MS, 33));
    assert_memory_equal("\0\1\x21", get(&desk, TALLY_MSR_PROP_POLLING_MS), 3);
    assert_int_equal(10, tally_usb_device_setup(&desk.device, &config).data[33]);
    configure(&desk); /* the host's own bus reset changes nothing */
    assert_int_equal(10, tally_usb_device_setup(&desk.device, &config).data[33]);
    restart(&desk);
    assert_int_equal(33, tally_usb_device_setup(&desk.device, &config).data[33]);
    tally_usb_device_reset(&desk.device, TALLY_USB_HIGH_SPEED);
    assert_int_equal(9, tally_usb_device_setup(&desk.device, &config).data[33]); /* 32 ms */
    switch_on(&desk);
    assert_int_equal(33, tally_usb_device_setup(&desk.device, &config).data[33]);
    assert_int_equal(0, command(&desk, TALLY_MSR_RESET, "\1", 1)[0]);
    configure(&desk);
    assert_int_equal(10, tally_usb_device_setup(&desk.device, &config).data[33]);
}

static void a_value_out_of_range_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct desk desk;
    static const struct {
        int property;
        const char *data;
        size_t len;
    } wrong[] = {{TALLY_MSR_PROP_POLLING_MS, "\0", 1},
                 {TALLY_MSR_PROP_POLLING_MS, "\1\1", 2},
                 {TALLY_MSR_PROP_POLLING_MS, "", 0},
                 {TALLY_MSR_PROP_TRACKS, "\0", 1},
                 {TALLY_MSR_PROP_TRACKS, "\x08", 1},
                 {TALLY_MSR_PROP_FORM, "\4", 1},
                 {TALLY_MSR_PROP_PREFIX, "a\t", 2},
                 {TALLY_MSR_PROP_PREFIX, "\x80", 1},
                 {TALLY_MSR_PROP_SUFFIX, "012345678901234567890", 21},
                 {TALLY_MSR_PROP_PAIRED, "\1", 1},
                 {TALLY_MSR_PROP_PAIR_KEY_1, "short", 5},
                 {0x7f, "\1", 1}};
    a_new_reader(&desk);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(TALLY_MSR_ANSWER_BAD_PARAMETER,
                         set(&desk, wrong[i].property, wrong[i].data, wrong[i].len));
    }
    assert_int_equal(0, desk.board.saves);
    assert_int_equal(TALLY_MSR_ANSWER_FAILED, set(&desk, TALLY_MSR_PROP_SERIAL, "S2", 2));
    assert_int_equal(TALLY_MSR_ANSWER_BAD_PARAMETER, command(&desk, TALLY_MSR_RESET, "\2", 1)[0]);
    assert_int_equal(TALLY_MSR_ANSWER_BAD_PARAMETER, command(&desk, TALLY_MSR_RESET, "\1\1", 2)[0]);
    assert_false(tally_usb_device_wants_reconnect(&desk.device));
    assert_memory_equal("\0\1\x0a", get(&desk, TALLY_MSR_PROP_POLLING_MS), 3);
    assert_memory_equal("\0\1\7", get(&desk, TALLY_MSR_PROP_TRACKS), 3);
    assert_memory_equal("\0\0", get(&desk, TALLY_MSR_PROP_PREFIX), 2);
}

static void what_cannot_be_kept_is_not_set(void **state)
{
    (void)state;
    struct desk desk;
    a_new_reader(&desk);
    desk.board.is_worn_out = true;
    assert_int_equal(TALLY_MSR_ANSWER_FAILED, set_byte(&desk, TALLY_MSR_PROP_TRACKS, 2));
    assert_memory_equal("\0\1\7", get(&desk, TALLY_MSR_PROP_TRACKS), 3);
}

static void a_record_that_is_damaged_is_the_factorys(void **state)
{
    (void)state;
    struct desk desk;
    a_new_reader(&desk);
    assert_int_equal(0, set_byte(&desk, TALLY_MSR_PROP_TRACKS, 2));
    for (int at = 0; at < 6; at++) {
        uint8_t *byte = &desk.board.records[TALLY_KEEP_SETTINGS][at];
        uint8_t good = *byte;
        *byte = at == 2 ? 0 : 0xee; /* 0xEE ms is a polling interval like any other */
        switch_on(&desk);
        assert_memory_equal("\0\1\7", get(&desk, TALLY_MSR_PROP_TRACKS), 3);
        *byte = good;
    }
    switch_on(&desk);
    assert_memory_equal("\0\1\2", get(&desk, TALLY_MSR_PROP_TRACKS), 3);
}

static void a_track_that_is_switched_off_is_as_if_the_card_did_not_have_it(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t report[TALLY_USB_TRANSFER_LEN_MAX];
    a_new_reader(&desk);
    assert_int_equal(0, set_byte(&desk, TALLY_MSR_PROP_TRACKS, 2));
    restart(&desk);
    swipe(&desk, a_card, false);
    assert_int_equal(TALLY_MSR_REPORT_LEN, take(&desk, report));
    assert_memory_equal("\0\0\0\0\x14\0\0", report, 7);
    for (int i = 0; i < 110; i++) {
        assert_int_equal(0, report[7 + i]);
    }
    assert_int_equal(TALLY_READER_LIGHT_GREEN, desk.device.reader.light);
}

/* ---- pairing ---- */

static const uint8_t key[33] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
                               "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";

static int pair(struct desk *desk, const uint8_t *with)
{
    int first = set(desk, TALLY_MSR_PROP_PAIR_KEY_1, with, 16);
    int second = set(desk, TALLY_MSR_PROP_PAIR_KEY_2, with + 16, 16);
    return first != 0 ? first : second;
}

static void a_paired_reader(struct desk *desk)
{
    a_new_reader(desk);
    assert_int_equal(TALLY_MSR_ANSWER_OK, pair(desk, key));
    use_form(desk, TALLY_MSR_FORM_SIGNED);
}

/* Swipes, takes the report, and checks its MAC with the port's HMAC. Returns the counter. */
static uint32_t signed_swipe(struct desk *desk, uint8_t ret_report[TALLY_USB_TRANSFER_LEN_MAX])
{
    uint8_t text[4 + TALLY_MSR_REPORT_LEN], mac[32];
    swipe(desk, a_card, false);
    assert_int_equal(TALLY_MSR_SIGNED_REPORT_LEN, take(desk, ret_report));
    const uint8_t *counter = ret_report + TALLY_MSR_COUNTER_AT;
    memcpy(text, counter, 4);
    memcpy(text + 4, ret_report, TALLY_MSR_REPORT_LEN);
    assert_true(desk->ports.hmac(&desk->board, key, text, sizeof text, mac));
    assert_memory_equal(mac, ret_report + TALLY_MSR_MAC_AT, TALLY_MSR_MAC_LEN);
    return counter[0] | (uint32_t)counter[1] << 8 | (uint32_t)counter[2] << 16 |
           (uint32_t)counter[3] << 24;
}

static void the_worked_example_of_reports_md_is_true(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t report[TALLY_USB_TRANSFER_LEN_MAX];
    static const char *const card[3] = {NULL, ";6100000011224=4912?", NULL};
    a_paired_reader(&desk);
    swipe(&desk, card, false);
    assert_int_equal(TALLY_MSR_SIGNED_REPORT_LEN, take(&desk, report));
    assert_memory_equal("\0\0\0\0\x14\0\0", report, 7);
    assert_memory_equal("\x01\0\0\0"
                        "\xf9\xc0\x82\xf1\x79\x75\xcf\x3d\xd2\xba\x7e\xa9\x98\x6a\xe6\xa9",
                        report + TALLY_MSR_COUNTER_AT, 20);
    const uint8_t *answer = command(&desk, TALLY_MSR_GET_PROP,
                                    "\x23"
                                    "0123456789abcdef",
                                    1 + TALLY_MSR_NONCE_LEN);
    assert_memory_equal("\0\x10"
                        "\x9e\x3c\x8f\x2f\x36\x17\xbf\xd0\x6a\x55\x05\x80\xca\xb9\xb6\xce",
                        answer, 18);
}

static void the_counter_rises_with_every_swipe_and_over_every_power_cut(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t report[TALLY_USB_TRANSFER_LEN_MAX];
    uint32_t last = 0;
    a_paired_reader(&desk);
    uint32_t saves = desk.board.saves;
    for (int i = 0; i < 1000; i++) {
        if (i % 333 == 100) {
            switch_on(&desk);
        }
        uint32_t counter = signed_swipe(&desk, report);
        assert_true(counter > last);
        last = counter;
    }
    assert_in_range(desk.board.saves - saves, 4, 8); /* not one for each swipe */
}

static void an_unpaired_reader_signs_nothing_and_proves_nothing(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t report[TALLY_USB_TRANSFER_LEN_MAX];
    a_new_reader(&desk);
    assert_memory_equal("\0\1\0", get(&desk, TALLY_MSR_PROP_PAIRED), 3);
    use_form(&desk, TALLY_MSR_FORM_SIGNED);
    swipe(&desk, a_card, false);
    assert_int_equal(TALLY_MSR_SIGNED_REPORT_LEN, take(&desk, report));
    for (int i = TALLY_MSR_COUNTER_AT; i < TALLY_MSR_SIGNED_REPORT_LEN; i++) {
        assert_int_equal(0, report[i]);
    }
    assert_int_equal(TALLY_MSR_ANSWER_FAILED, command(&desk, TALLY_MSR_GET_PROP,
                                                      "\x23"
                                                      "0123456789abcdef",
                                                      17)[0]);
    assert_int_equal(TALLY_MSR_ANSWER_BAD_PARAMETER, command(&desk, TALLY_MSR_GET_PROP,
                                                             "\x23"
                                                             "0123456789abcde",
                                                             16)[0]);
}

static void a_paired_reader_takes_another_key_only_from_who_holds_its_button(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t other[32] = {1};
    a_paired_reader(&desk);
    assert_memory_equal("\0\1\1", get(&desk, TALLY_MSR_PROP_PAIRED), 3);
    assert_int_equal(TALLY_MSR_ANSWER_FAILED, pair(&desk, other));
    assert_int_equal(TALLY_MSR_ANSWER_FAILED, set_byte(&desk, TALLY_MSR_PROP_PAIRED, 0));
    assert_int_equal(TALLY_MSR_ANSWER_OK, command(&desk, TALLY_MSR_RESET, "\1", 1)[0]);
    switch_on(&desk); /* the factory's settings, and the same pair key */
    assert_memory_equal(key, desk.device.hid.signer.key, 32);
    desk.board.is_button_held = true;
    assert_int_equal(TALLY_MSR_ANSWER_OK, pair(&desk, other));
    assert_memory_equal(other, desk.board.records[TALLY_KEEP_PAIR], 32);
    assert_int_equal(TALLY_MSR_ANSWER_OK, set_byte(&desk, TALLY_MSR_PROP_PAIRED, 0));
    assert_memory_equal("\0\1\0", get(&desk, TALLY_MSR_PROP_PAIRED), 3);
    switch_on(&desk);
    assert_memory_equal("\0\1\0", get(&desk, TALLY_MSR_PROP_PAIRED), 3);
}

static void half_a_key_is_no_key_and_no_answer_shows_one(void **state)
{
    (void)state;
    struct desk desk;
    const uint8_t zero[32] = {0};
    a_new_reader(&desk);
    assert_int_equal(TALLY_MSR_ANSWER_FAILED, set(&desk, TALLY_MSR_PROP_PAIR_KEY_2, key + 16, 16));
    assert_int_equal(TALLY_MSR_ANSWER_BAD_PARAMETER, pair(&desk, zero));
    assert_int_equal(TALLY_MSR_ANSWER_OK, set(&desk, TALLY_MSR_PROP_PAIR_KEY_1, key, 16));
    assert_memory_equal("\0\1\0", get(&desk, TALLY_MSR_PROP_PAIRED), 3);
    configure(&desk); /* another host does not complete it */
    assert_int_equal(TALLY_MSR_ANSWER_FAILED, set(&desk, TALLY_MSR_PROP_PAIR_KEY_2, key + 16, 16));
    assert_int_equal(TALLY_MSR_ANSWER_OK, pair(&desk, key));
    for (int property = 0; property < 256; property++) {
        const uint8_t *answer = get(&desk, property);
        for (int at = 2; at + 4 <= TALLY_MSR_FEATURE_LEN; at++) {
            assert_memory_not_equal(key + 4, answer + at, 4);
            assert_memory_not_equal(key + 20, answer + at, 4);
        }
    }
}

static void a_reader_that_has_lost_its_counter_is_not_paired(void **state)
{
    (void)state;
    struct desk desk;
    a_paired_reader(&desk);
    desk.board.record_lens[TALLY_KEEP_COUNTER] = 0;
    switch_on(&desk);
    assert_memory_equal("\0\1\0", get(&desk, TALLY_MSR_PROP_PAIRED), 3);
}

static void a_counter_that_cannot_be_kept_is_not_used(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t report[TALLY_USB_TRANSFER_LEN_MAX];
    const uint8_t at_its_end[4] = {0xfe, 0xff, 0xff, 0xff};
    a_paired_reader(&desk);
    desk.board.is_worn_out = true;
    swipe(&desk, a_card, false);
    assert_int_equal(TALLY_MSR_SIGNED_REPORT_LEN, take(&desk, report));
    assert_memory_equal("\0\0\0\0\0\0\0\0", report + TALLY_MSR_COUNTER_AT, 8);
    desk.board.is_worn_out = false;
    memcpy(desk.board.records[TALLY_KEEP_COUNTER], at_its_end, 4);
    switch_on(&desk);
    assert_int_equal(0xfffffffe, signed_swipe(&desk, report));
    swipe(&desk, a_card, false); /* the last one has been used */
    assert_int_equal(TALLY_MSR_SIGNED_REPORT_LEN, take(&desk, report));
    assert_memory_equal("\0\0\0\0\0\0\0\0", report + TALLY_MSR_COUNTER_AT, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_8e_carries_the_same_tracks),
        cmocka_unit_test(every_printable_character_has_its_key),
        cmocka_unit_test(a_keyboard_types_the_tracks_between_prefix_and_suffix),
        cmocka_unit_test(an_unreadable_track_is_typed_as_an_e),
        cmocka_unit_test(a_keyboard_that_is_given_up_lets_its_key_go),
        cmocka_unit_test(slow_typing_is_not_stale_while_the_host_goes_on_taking),
        cmocka_unit_test(a_boot_keyboard_takes_what_a_driver_asks_of_it),
        cmocka_unit_test(a_setting_waits_for_a_reset_and_outlasts_the_power),
        cmocka_unit_test(a_value_out_of_range_is_refused_and_changes_nothing),
        cmocka_unit_test(what_cannot_be_kept_is_not_set),
        cmocka_unit_test(a_record_that_is_damaged_is_the_factorys),
        cmocka_unit_test(a_track_that_is_switched_off_is_as_if_the_card_did_not_have_it),
        cmocka_unit_test(the_worked_example_of_reports_md_is_true),
        cmocka_unit_test(the_counter_rises_with_every_swipe_and_over_every_power_cut),
        cmocka_unit_test(an_unpaired_reader_signs_nothing_and_proves_nothing),
        cmocka_unit_test(a_paired_reader_takes_another_key_only_from_who_holds_its_button),
        cmocka_unit_test(half_a_key_is_no_key_and_no_answer_shows_one),
        cmocka_unit_test(a_reader_that_has_lost_its_counter_is_not_paired),
        cmocka_unit_test(a_counter_that_cannot_be_kept_is_not_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
