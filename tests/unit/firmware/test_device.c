/* SPDX-License-Identifier: Apache-2.0 */
/* The whole reader as a host meets it: SETUP packets and transfers in, bytes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/usb/descriptors.h"
#include "firmware/usb/device.h"

static const struct tally_ports no_ports = {.serial = "S1"};

static struct tally_usb_answer ask(struct tally_usb_device *device, int type, int request,
                                   int value, int index, int len)
{
    const struct tally_usb_setup setup = {(uint8_t)type, (uint8_t)request, (uint16_t)value,
                                          (uint16_t)index, (uint16_t)len};
    return tally_usb_device_setup(device, &setup);
}

static struct tally_usb_device a_device(const struct tally_ports *ports)
{
    struct tally_usb_device device;
    tally_usb_device_init(&device, ports);
    return device;
}

static void set_up(struct tally_usb_device *device)
{
    tally_usb_device_reset(device, TALLY_USB_FULL_SPEED);
    assert_int_equal(TALLY_USB_DONE, ask(device, 0x00, 0x05, 7, 0, 0).kind);
    assert_int_equal(TALLY_USB_DONE, ask(device, 0x00, 0x09, 1, 0, 0).kind);
}

static void swipe(struct tally_usb_device *device)
{
    (void)tally_reader_event(&device->reader, TALLY_READER_SWIPE_BEGINS);
    (void)tally_reader_event(&device->reader, TALLY_READER_SWIPE_ENDS);
}

static const uint8_t *pending(struct tally_usb_device *device, uint8_t endpoint, size_t expected)
{
    size_t len = 1;
    const uint8_t *bytes = tally_usb_device_pending(device, endpoint, &len);
    assert_int_equal(expected, len);
    assert_int_equal(expected == 0, bytes == NULL);
    return bytes;
}

/* ---- standard requests ---- */

static void a_host_enumerates_it_as_it_does_any_device(void **state)
{
    (void)state;
    struct tally_usb_device device = a_device(&no_ports);
    struct tally_usb_answer answer = ask(&device, 0x80, 0x06, 0x0100, 0, 64);
    assert_int_equal(TALLY_USB_SEND, answer.kind);
    assert_int_equal(18, answer.len);
    assert_int_equal(8, ask(&device, 0x80, 0x06, 0x0100, 0, 8).len);
    answer = ask(&device, 0x80, 0x06, 0x0200, 0, 9);
    assert_int_equal(9, answer.len);
    assert_int_equal(TALLY_USB_CONFIG_LEN, answer.data[2]);
    answer = ask(&device, 0x80, 0x06, 0x0200, 0, 255);
    assert_int_equal(TALLY_USB_CONFIG_LEN, answer.len);
    assert_memory_equal(tally_usb_config_fs, answer.data, TALLY_USB_CONFIG_LEN);
    answer = ask(&device, 0x80, 0x06, 0x0300, 0, 255);
    assert_int_equal(4, answer.len);
    assert_memory_equal("\x04\x03\x09\x04", answer.data, 4);
    answer = ask(&device, 0x80, 0x06, 0x0303, 0x0409, 255);
    assert_int_equal(6, answer.len);
    assert_memory_equal("\x06\x03S\0001\0", answer.data, 6);
    assert_int_equal(TALLY_USB_STALL, ask(&device, 0x80, 0x06, 0x0309, 0x0409, 255).kind);
    assert_int_equal(0, device.configuration);
    set_up(&device);
    assert_int_equal(1, ask(&device, 0x80, 0x08, 0, 0, 1).data[0]);
    assert_int_equal(TALLY_USB_STALL, ask(&device, 0x00, 0x09, 2, 0, 0).kind);
    assert_int_equal(TALLY_USB_DONE, ask(&device, 0x00, 0x09, 0, 0, 0).kind);
    assert_int_equal(0, ask(&device, 0x80, 0x08, 0, 0, 1).data[0]);
}

static void only_a_controller_that_can_be_fast_tells_of_its_other_speed(void **state)
{
    (void)state;
    const struct tally_ports fast = {.serial = "S1", .is_high_speed = true};
    struct tally_usb_device device = a_device(&no_ports);
    assert_int_equal(TALLY_USB_STALL, ask(&device, 0x80, 0x06, 0x0600, 0, 10).kind);
    assert_int_equal(TALLY_USB_STALL, ask(&device, 0x80, 0x06, 0x0700, 0, 255).kind);
    device = a_device(&fast);
    assert_int_equal(10, ask(&device, 0x80, 0x06, 0x0600, 0, 10).len);
    struct tally_usb_answer answer = ask(&device, 0x80, 0x06, 0x0700, 0, 255);
    assert_int_equal(0x07, answer.data[1]);
    assert_memory_equal(tally_usb_config_hs + 2, answer.data + 2, TALLY_USB_CONFIG_LEN - 2);
    tally_usb_device_reset(&device, TALLY_USB_HIGH_SPEED);
    answer = ask(&device, 0x80, 0x06, 0x0200, 0, 255);
    assert_memory_equal(tally_usb_config_hs, answer.data, TALLY_USB_CONFIG_LEN);
}

static void a_halted_endpoint_keeps_its_report_until_the_halt_is_cleared(void **state)
{
    (void)state;
    struct tally_usb_device device = a_device(&no_ports);
    set_up(&device);
    swipe(&device);
    (void)pending(&device, TALLY_USB_HID_IN, TALLY_MSR_REPORT_LEN);
    assert_int_equal(0, ask(&device, 0x82, 0x00, 0, 0x81, 2).data[0]);
    assert_int_equal(TALLY_USB_DONE, ask(&device, 0x02, 0x03, 0, 0x81, 0).kind);
    assert_true(tally_usb_device_is_halted(&device, 0x81));
    assert_int_equal(1, ask(&device, 0x82, 0x00, 0, 0x81, 2).data[0]);
    (void)pending(&device, TALLY_USB_HID_IN, 0);
    assert_int_equal(TALLY_USB_DONE, ask(&device, 0x02, 0x01, 0, 0x81, 0).kind);
    (void)pending(&device, TALLY_USB_HID_IN, TALLY_MSR_REPORT_LEN);
    assert_int_equal(TALLY_USB_STALL, ask(&device, 0x82, 0x00, 0, 0x84, 2).kind);
    assert_int_equal(TALLY_USB_SEND, ask(&device, 0x82, 0x00, 0, 0x80, 2).kind);
}

static void an_interface_is_there_once_the_device_is_configured(void **state)
{
    (void)state;
    struct tally_usb_device device = a_device(&no_ports);
    assert_int_equal(TALLY_USB_STALL, ask(&device, 0x81, 0x0a, 0, 0, 1).kind);
    assert_int_equal(TALLY_USB_SEND, ask(&device, 0x81, 0x06, 0x2200, 0, 255).kind);
    set_up(&device);
    assert_int_equal(0, ask(&device, 0x81, 0x0a, 0, 0, 1).data[0]);
    assert_int_equal(2, ask(&device, 0x81, 0x00, 0, 0, 2).len);
    assert_int_equal(TALLY_USB_DONE, ask(&device, 0x01, 0x0b, 0, 0, 0).kind);
    assert_int_equal(TALLY_USB_STALL, ask(&device, 0x01, 0x0b, 1, 0, 0).kind);
    assert_int_equal(TALLY_USB_STALL, ask(&device, 0x81, 0x0a, 0, 1, 1).kind);
}

/* ---- reports ---- */

static void a_report_waits_until_the_host_has_taken_all_of_it(void **state)
{
    (void)state;
    struct tally_usb_device device = a_device(&no_ports);
    swipe(&device);
    (void)pending(&device, TALLY_USB_HID_IN, 0);
    set_up(&device);
    (void)pending(&device, TALLY_USB_HID_IN, 0);
    swipe(&device);
    const uint8_t *report = pending(&device, TALLY_USB_HID_IN, TALLY_MSR_REPORT_LEN);
    assert_int_equal(TALLY_MSR_ENCODE_NONE, report[TALLY_MSR_ENCODE_TYPE_AT]);
    tally_usb_device_sent(&device, TALLY_USB_HID_IN, TALLY_MSR_REPORT_LEN);
    (void)pending(&device, TALLY_USB_HID_IN, 0);
    assert_int_equal(TALLY_READER_IDLE, device.reader.state);
}

static void a_report_that_is_broken_off_is_not_sent_again(void **state)
{
    (void)state;
    struct tally_usb_device device = a_device(&no_ports);
    set_up(&device);
    swipe(&device);
    tally_usb_device_sent(&device, TALLY_USB_HID_IN, 40);
    (void)pending(&device, TALLY_USB_HID_IN, 0);
    assert_int_equal(TALLY_READER_LIGHT_RED, device.reader.light);
}

static void a_report_that_nobody_takes_is_dropped_after_five_seconds(void **state)
{
    (void)state;
    struct tally_usb_device device = a_device(&no_ports);
    const uint32_t start = UINT32_MAX - 2000; /* the clock wraps meanwhile */
    uint32_t next = 0;
    set_up(&device);
    swipe(&device);
    tally_usb_device_time(&device, start, &next);
    tally_usb_device_time(&device, start + TALLY_READER_HOLD_MS - 1, &next);
    (void)pending(&device, TALLY_USB_HID_IN, TALLY_MSR_REPORT_LEN);
    assert_int_equal(start + TALLY_READER_HOLD_MS, next);
    tally_usb_device_time(&device, next, &next);
    (void)pending(&device, TALLY_USB_HID_IN, 0);
}

static void a_bus_reset_forgets_the_card(void **state)
{
    (void)state;
    struct tally_usb_device device = a_device(&no_ports);
    set_up(&device);
    swipe(&device);
    set_up(&device);
    (void)pending(&device, TALLY_USB_HID_IN, 0);
    tally_usb_device_sent(&device, TALLY_USB_HID_IN, TALLY_MSR_REPORT_LEN);
    assert_int_equal(TALLY_READER_IDLE, device.reader.state);
}

static void the_data_of_a_request_must_be_as_long_as_announced(void **state)
{
    (void)state;
    struct tally_usb_device device = a_device(&no_ports);
    const uint8_t get_serial[TALLY_MSR_FEATURE_LEN] = {TALLY_MSR_GET_PROP, 1,
                                                       TALLY_MSR_PROP_SERIAL};
    set_up(&device);
    assert_false(tally_usb_device_setup_data(&device, get_serial, sizeof get_serial));
    assert_int_equal(TALLY_USB_RECEIVE, ask(&device, 0x21, 0x09, 0x0300, 0, 24).kind);
    assert_false(tally_usb_device_setup_data(&device, get_serial, 3));
    assert_int_equal(TALLY_USB_RECEIVE, ask(&device, 0x21, 0x09, 0x0300, 0, 24).kind);
    assert_true(tally_usb_device_setup_data(&device, get_serial, sizeof get_serial));
    struct tally_usb_answer answer = ask(&device, 0xa1, 0x01, 0x0300, 0, 24);
    assert_memory_equal("\0\2S1", answer.data, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_enumerates_it_as_it_does_any_device),
        cmocka_unit_test(only_a_controller_that_can_be_fast_tells_of_its_other_speed),
        cmocka_unit_test(a_halted_endpoint_keeps_its_report_until_the_halt_is_cleared),
        cmocka_unit_test(an_interface_is_there_once_the_device_is_configured),
        cmocka_unit_test(a_report_waits_until_the_host_has_taken_all_of_it),
        cmocka_unit_test(a_report_that_is_broken_off_is_not_sent_again),
        cmocka_unit_test(a_report_that_nobody_takes_is_dropped_after_five_seconds),
        cmocka_unit_test(a_bus_reset_forgets_the_card),
        cmocka_unit_test(the_data_of_a_request_must_be_as_long_as_announced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
