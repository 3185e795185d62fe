/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that add up, and answers to the requests of a host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/reports.h"
#include "firmware/usb/descriptors.h"
#include "firmware/usb/hid.h"

static void check_config(const uint8_t *config, int interval)
{
    int at = 0, interfaces = 0, endpoints = 0, hids = 0;
    assert_int_equal(TALLY_USB_CONFIG_LEN, config[2] | config[3] << 8);
    for (; at < TALLY_USB_CONFIG_LEN; at += config[at]) {
        assert_true(config[at] >= 2);
        interfaces += config[at + 1] == 0x04;
        hids += config[at + 1] == 0x21;
        endpoints += config[at + 1] == 0x05;
        if (config[at + 1] == 0x21) {
            assert_int_equal(TALLY_USB_HID_AT, at);
            uint16_t len = 0;
            (void)tally_usb_report_descriptor(TALLY_MSR_FORM_SURESWIPE, &len);
            assert_int_equal(len, config[at + 7] | config[at + 8] << 8);
        }
        if (config[at + 1] == 0x05) {
            assert_int_equal(0x81, config[at + 2]);
            assert_int_equal(3, config[at + 3]);
            assert_int_equal(8, config[at + 4] | config[at + 5] << 8);
            assert_int_equal(interval, config[at + 6]);
        }
    }
    assert_int_equal(TALLY_USB_CONFIG_LEN, at);
    assert_int_equal(config[4], interfaces);
    assert_int_equal(config[9 + 4], endpoints);
    assert_int_equal(1, hids);
}

static void the_configurations_add_up(void **state)
{
    (void)state;
    check_config(tally_usb_config_fs, 10);
    check_config(tally_usb_config_hs, 7);
    assert_int_equal(TALLY_USB_DEVICE_LEN, tally_usb_device_descriptor[0]);
    assert_int_equal(0x1209, tally_usb_device_descriptor[8] | tally_usb_device_descriptor[9] << 8);
    assert_int_equal(0x0001,
                     tally_usb_device_descriptor[10] | tally_usb_device_descriptor[11] << 8);
}

/* Walks the items (HID 1.11, 6.2.2) and finds where each input usage stands. */
struct layout {
    int input_bits;
    int feature_bits;
    int collections;
    int offset_of[256]; /* bytes, by usage; -1 is not there */
};

static struct layout read_report_descriptor(enum tally_msr_form form)
{
    uint16_t descriptor_len = 0;
    const uint8_t *descriptor = tally_usb_report_descriptor(form, &descriptor_len);
    struct layout layout = {0};
    int size = 0, count = 0, usages[16], usage_count = 0;
    memset(layout.offset_of, 0xff, sizeof layout.offset_of);
    for (int at = 0; at < descriptor_len;) {
        int item = descriptor[at] & 0xfc;
        int len = descriptor[at] & 0x03;
        int value = 0;
        assert_true(len != 3 && at + 1 + len <= descriptor_len);
        for (int i = 0; i < len; i++) {
            value |= descriptor[at + 1 + i] << (8 * i);
        }
        at += 1 + len;
        switch (item) {
        case 0x04: /* usage page */
            assert_int_equal(TALLY_MSR_USAGE_PAGE, value);
            break;
        case 0x08: /* usage */
            usages[usage_count++] = value;
            break;
        case 0x74:
            size = value;
            break;
        case 0x94:
            count = value;
            break;
        case 0x80: /* input */
            for (int i = 0; i < usage_count; i++) {
                layout.offset_of[usages[i]] = layout.input_bits / 8 + i;
            }
            assert_true(usage_count == 1 || usage_count == count);
            layout.input_bits += size * count;
            usage_count = 0;
            break;
        case 0xb0: /* feature */
            layout.feature_bits += size * count;
            usage_count = 0;
            break;
        case 0xa0:
            layout.collections++;
            usage_count = 0;
            break;
        case 0xc0:
            layout.collections--;
            break;
        case 0x84:
            fail_msg("a report ID");
            break;
        default:
            break;
        }
    }
    return layout;
}

static void the_report_descriptor_describes_the_337_bytes(void **state)
{
    (void)state;
    struct layout layout = read_report_descriptor(TALLY_MSR_FORM_SURESWIPE);
    assert_int_equal(0, layout.collections);
    assert_int_equal(337 * 8, layout.input_bits);
    assert_int_equal(TALLY_MSR_FEATURE_LEN * 8, layout.feature_bits);
    for (int track = 0; track < TALLY_MSR_TRACKS; track++) {
        assert_int_equal(TALLY_MSR_STATUS_AT + track,
                         layout.offset_of[TALLY_MSR_USAGE_STATUS_1 + track]);
        assert_int_equal(TALLY_MSR_LEN_AT + track, layout.offset_of[TALLY_MSR_USAGE_LEN_1 + track]);
        assert_int_equal(TALLY_MSR_DATA_AT + track * TALLY_MSR_TRACK_LEN_MAX,
                         layout.offset_of[TALLY_MSR_USAGE_DATA_1 + track]);
    }
    assert_int_equal(TALLY_MSR_ENCODE_TYPE_AT, layout.offset_of[TALLY_MSR_USAGE_ENCODE_TYPE]);
}

/* Bits of input and feature reports, with whatever usages. */
static void count_bits(enum tally_msr_form form, int *ret_input, int *ret_feature)
{
    uint16_t len = 0;
    int size = 0, count = 0;
    const uint8_t *items = tally_usb_report_descriptor(form, &len);
    *ret_input = *ret_feature = 0;
    for (int at = 0; at < len; at += 1 + (items[at] & 3)) {
        int value = at + 1 < len ? items[at + 1] : 0;
        size = (items[at] & 0xfc) == 0x74 ? value : size;
        count = (items[at] & 0xfc) == 0x94 ? value : count;
        *ret_input += (items[at] & 0xfc) == 0x80 ? size * count : 0;
        *ret_feature += (items[at] & 0xfc) == 0xb0 ? size * count : 0;
    }
}

static void every_form_describes_the_report_that_it_sends(void **state)
{
    (void)state;
    static const int lens[TALLY_MSR_FORM_COUNT] = {337, 8, 357, 333};
    for (int form = 0; form < TALLY_MSR_FORM_COUNT; form++) {
        int input = 0, feature = 0;
        count_bits((enum tally_msr_form)form, &input, &feature);
        assert_int_equal(lens[form], tally_usb_report_len((enum tally_msr_form)form));
        assert_int_equal(lens[form] * 8, input);
        assert_int_equal(TALLY_MSR_FEATURE_LEN * 8, feature);
    }
    struct layout layout = read_report_descriptor(TALLY_MSR_FORM_SIGNED);
    assert_int_equal(TALLY_MSR_COUNTER_AT, layout.offset_of[TALLY_MSR_USAGE_COUNTER]);
    assert_int_equal(TALLY_MSR_MAC_AT, layout.offset_of[TALLY_MSR_USAGE_MAC]);
}

/* At high speed a host asks every 2^(n-1) microframes of 125 us: never less often than was set. */
static void the_interval_at_high_speed_is_the_longest_that_is_not_longer(void **state)
{
    (void)state;
    for (int ms = 1; ms <= 255; ms++) {
        uint8_t config[TALLY_USB_CONFIG_LEN_MAX];
        const struct tally_usb_shape shape = {.polling_ms = (uint8_t)ms};
        assert_int_equal(34, tally_usb_config(&shape, TALLY_USB_FULL_SPEED, config));
        assert_int_equal(ms, config[33]);
        (void)tally_usb_config(&shape, TALLY_USB_HIGH_SPEED, config);
        assert_in_range(config[33], 1, 16);
        assert_true(125 << (config[33] - 1) <= ms * 1000);
        assert_true(250 << (config[33] - 1) > ms * 1000);
    }
}

/* ---- requests ---- */

static const struct tally_ports no_ports = {.serial = "S1"};

static struct tally_usb_answer ask(struct tally_hid *hid, int type, int request, int value, int len)
{
    const struct tally_usb_setup setup = {(uint8_t)type, (uint8_t)request, (uint16_t)value, 0,
                                          (uint16_t)len};
    return tally_hid_setup(hid, &setup);
}

static void a_host_gets_the_descriptors_and_never_more_than_it_asks_for(void **state)
{
    (void)state;
    struct tally_hid hid;
    tally_hid_init(&hid, &no_ports);
    struct tally_usb_answer answer = ask(&hid, 0x81, 0x06, 0x2200, 255);
    assert_int_equal(TALLY_USB_SEND, answer.kind);
    uint16_t len = 0;
    assert_ptr_equal(tally_usb_report_descriptor(TALLY_MSR_FORM_SURESWIPE, &len), answer.data);
    assert_int_equal(len, answer.len);
    answer = ask(&hid, 0x81, 0x06, 0x2200, 10);
    assert_int_equal(10, answer.len);
    answer = ask(&hid, 0x81, 0x06, 0x2100, 255);
    assert_int_equal(TALLY_USB_HID_LEN, answer.len);
    assert_int_equal(0x21, answer.data[1]);
    assert_int_equal(TALLY_USB_STALL, ask(&hid, 0x81, 0x06, 0x2300, 255).kind);
}

static void get_report_never_hands_out_a_card(void **state)
{
    (void)state;
    struct tally_hid hid;
    tally_hid_init(&hid, &no_ports);
    struct tally_usb_answer answer = ask(&hid, 0xa1, 0x01, 0x0100, 337);
    assert_int_equal(TALLY_USB_SEND, answer.kind);
    assert_int_equal(337, answer.len);
    for (int i = 0; i < 337; i++) {
        assert_int_equal(i == TALLY_MSR_ENCODE_TYPE_AT ? TALLY_MSR_ENCODE_NONE : 0, answer.data[i]);
    }
}

static void idle_and_protocol_have_one_value_each(void **state)
{
    (void)state;
    struct tally_hid hid;
    tally_hid_init(&hid, &no_ports);
    assert_int_equal(TALLY_USB_DONE, ask(&hid, 0x21, 0x0a, 0x0000, 0).kind);
    assert_int_equal(TALLY_USB_STALL, ask(&hid, 0x21, 0x0a, 0x0400, 0).kind);
    assert_int_equal(TALLY_USB_DONE, ask(&hid, 0x21, 0x0b, 1, 0).kind);
    assert_int_equal(TALLY_USB_STALL, ask(&hid, 0x21, 0x0b, 0, 0).kind);
    assert_int_equal(0, ask(&hid, 0xa1, 0x02, 0, 1).data[0]);
    assert_int_equal(1, ask(&hid, 0xa1, 0x03, 0, 1).data[0]);
    assert_int_equal(0, ask(&hid, 0xa1, 0x03, 0, 0).len);
}

static void what_is_not_a_request_of_ours_stalls(void **state)
{
    (void)state;
    struct tally_hid hid;
    tally_hid_init(&hid, &no_ports);
    int understood = 0;
    for (int type = 0; type < 256; type++) {
        for (int request = 0; request < 256; request++) {
            understood += ask(&hid, type, request, 0xffff, 24).kind != TALLY_USB_STALL;
        }
    }
    assert_int_equal(2, understood); /* GET_IDLE and GET_PROTOCOL do not look at wValue */
    assert_int_equal(TALLY_USB_STALL, ask(&hid, 0x21, 0x09, 0x0300, 23).kind);
    assert_int_equal(TALLY_USB_STALL, ask(&hid, 0x21, 0x09, 0x0200, 24).kind);
}

static const uint8_t *command(struct tally_hid *hid, int code, int len, int property)
{
    uint8_t data[TALLY_MSR_FEATURE_LEN] = {(uint8_t)code, (uint8_t)len, (uint8_t)property};
    assert_int_equal(TALLY_USB_RECEIVE, ask(hid, 0x21, 0x09, 0x0300, sizeof data).kind);
    tally_hid_received(hid, data, sizeof data);
    struct tally_usb_answer answer = ask(hid, 0xa1, 0x01, 0x0300, sizeof data);
    assert_int_equal(TALLY_MSR_FEATURE_LEN, answer.len);
    return answer.data;
}

static void properties_can_be_read_and_not_set(void **state)
{
    (void)state;
    struct tally_hid hid;
    const struct tally_ports ports = {.serial = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"};
    tally_hid_init(&hid, &ports);
    const uint8_t *answer = command(&hid, TALLY_MSR_GET_PROP, 1, TALLY_MSR_PROP_SOFTWARE_ID);
    assert_int_equal(TALLY_MSR_ANSWER_OK, answer[0]);
    assert_memory_equal("tally-reader", answer + 2, strlen("tally-reader"));
    answer = command(&hid, TALLY_MSR_GET_PROP, 1, TALLY_MSR_PROP_SERIAL);
    assert_int_equal(TALLY_MSR_FEATURE_DATA_LEN_MAX, answer[1]);
    assert_memory_equal("ABCDEFGHIJKLMNOPQRSTUV", answer + 2, 22);
    answer = command(&hid, TALLY_MSR_GET_PROP, 1, TALLY_MSR_PROP_PACKET_LEN);
    assert_int_equal(1, answer[1]);
    assert_int_equal(8, answer[2]);
    assert_int_equal(TALLY_MSR_ANSWER_BAD_PARAMETER, command(&hid, TALLY_MSR_GET_PROP, 1, 99)[0]);
    assert_int_equal(TALLY_MSR_ANSWER_BAD_PARAMETER, command(&hid, TALLY_MSR_GET_PROP, 0, 0)[0]);
    assert_int_equal(TALLY_MSR_ANSWER_FAILED, command(&hid, TALLY_MSR_SET_PROP, 2, 1)[0]);
    assert_int_equal(TALLY_MSR_ANSWER_BAD_PARAMETER, command(&hid, 9, 0, 0)[0]);
    assert_int_equal(TALLY_MSR_ANSWER_OK, command(&hid, TALLY_MSR_RESET, 0, 0)[0]);
}

static void a_short_feature_report_is_a_bad_parameter(void **state)
{
    (void)state;
    struct tally_hid hid;
    const uint8_t data[1] = {TALLY_MSR_GET_PROP};
    tally_hid_init(&hid, &no_ports);
    tally_hid_received(&hid, data, sizeof data);
    assert_int_equal(TALLY_MSR_ANSWER_BAD_PARAMETER, ask(&hid, 0xa1, 0x01, 0x0300, 24).data[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_configurations_add_up),
        cmocka_unit_test(the_report_descriptor_describes_the_337_bytes),
        cmocka_unit_test(every_form_describes_the_report_that_it_sends),
        cmocka_unit_test(the_interval_at_high_speed_is_the_longest_that_is_not_longer),
        cmocka_unit_test(a_host_gets_the_descriptors_and_never_more_than_it_asks_for),
        cmocka_unit_test(get_report_never_hands_out_a_card),
        cmocka_unit_test(idle_and_protocol_have_one_value_each),
        cmocka_unit_test(what_is_not_a_request_of_ours_stalls),
        cmocka_unit_test(properties_can_be_read_and_not_set),
        cmocka_unit_test(a_short_feature_report_is_a_bad_parameter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
