/* SPDX-License-Identifier: Apache-2.0 */
/* A device's interfaces out of its descriptors: what well-behaved devices send, and what others do.
 */
#include "hal/usb/descriptors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = 1024, DEVICE = 1, CONFIGURATION = 2, INTERFACE = 4, ENDPOINT = 5 };
enum { HID = 0x21, HID_REPORT = 0x22, INTERRUPT = 3, BULK = 2 };

/* What a device sends, and what is found in it. */
struct device {
    uint8_t bytes[BYTES_MAX];
    size_t len;
    struct hal_interface found[USB_INTERFACES_MAX];
    size_t count;
};

/* bLength is how many bytes are given, unless they say otherwise themselves. */
#define PUT(device, ...)                                                                           \
    put(device, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__})

static void put(struct device *device, const uint8_t *bytes, size_t len)
{
    assert_true(len <= BYTES_MAX - device->len);
    memcpy(device->bytes + device->len, bytes, len);
    device->len += len;
}

/* 1209:0042 with one configuration, whose number is 1. */
static struct device a_device(void)
{
    struct device device = {.len = 0};
    PUT(&device, 18, DEVICE, 0, 2, 0, 0, 0, 64, 0x09, 0x12, 0x42, 0, 0, 1, 0, 0, 0, 1);
    return device;
}

static void put_configuration(struct device *device, uint8_t value)
{
    PUT(device, 9, CONFIGURATION, 0, 0, 1, value, 0, 0x80, 50);
}

static void put_hid(struct device *device, uint8_t number)
{
    PUT(device, 9, INTERFACE, number, 0, 1, 3, 0, 0, 0);
    PUT(device, 9, HID, 0x11, 1, 0, 1, HID_REPORT, 0x34, 0x12);
    PUT(device, 7, ENDPOINT, (uint8_t)(0x81 + number), INTERRUPT, 8, 0, 10);
}

static void put_ccid(struct device *device, uint8_t number)
{
    uint8_t about[54] = {54, HID};
    PUT(device, 9, INTERFACE, number, 0, 3, 0x0b, 0, 0, 0);
    put(device, about, sizeof about);
    PUT(device, 7, ENDPOINT, 0x8a, INTERRUPT, 8, 0, 10);
    PUT(device, 7, ENDPOINT, 0x0b, BULK, 64, 0, 0);
    PUT(device, 7, ENDPOINT, 0x8c, BULK, 0x00, 0x1a,
        0); /* 512, and bits that mean something else */
}

/* In a block of exactly that length, so that the sanitizer sees one byte too far; what is found
 * there is shifted to where the device's own bytes are. */
static void find(struct device *device, size_t len, uint8_t configuration)
{
    uint8_t *copy = test_malloc(len == 0 ? 1 : len);
    memcpy(copy, device->bytes, len);
    device->count = usb_find_interfaces(copy, len, configuration, device->found);
    for (size_t i = 0; i < device->count; i++) {
        const uint8_t *at = device->found[i].class_descriptors;
        assert_true(at >= copy && at <= copy + len);
        assert_true(device->found[i].class_descriptors_len <= (size_t)(copy + len - at));
        device->found[i].class_descriptors = device->bytes + (at - copy);
    }
    test_free(copy);
}

static void find_all(struct device *device)
{
    find(device, device->len, 1);
}

/* ---- what well-behaved devices send ---- */

static void an_interface_is_found_with_its_endpoints_and_class_descriptors(void **state)
{
    (void)state;
    struct device device = a_device();
    put_configuration(&device, 1);
    put_hid(&device, 0);
    find_all(&device);
    assert_int_equal(device.count, 1);
    const struct hal_interface *found = &device.found[0];
    assert_int_equal(found->idVendor, 0x1209);
    assert_int_equal(found->idProduct, 0x0042);
    assert_int_equal(found->bInterfaceClass, 3);
    assert_int_equal(found->interrupt_in, 0x81);
    assert_int_equal(found->bulk_in, 0);
    assert_int_equal(found->report_descriptor_len, 0x1234);
    assert_null(found->report_descriptor);
    assert_int_equal(found->class_descriptors_len, 9 + 7);
    assert_int_equal(found->class_descriptors[1], HID);
}

static void what_stands_behind_an_interface_belongs_to_it_and_to_no_other(void **state)
{
    (void)state;
    struct device device = a_device();
    put_configuration(&device, 1);
    PUT(&device, 8, 0x0b, 0, 2, 3, 0, 0, 0); /* an association: to none yet */
    put_hid(&device, 0);
    put_ccid(&device, 1);
    find_all(&device);
    assert_int_equal(device.count, 2);
    assert_int_equal(device.found[0].class_descriptors_len, 9 + 7);
    assert_int_equal(device.found[0].bulk_in, 0);
    const struct hal_interface *ccid = &device.found[1];
    assert_int_equal(ccid->class_descriptors_len, 54 + 3 * 7);
    assert_int_equal(ccid->report_descriptor_len,
                     0); /* 54 bytes of type 21h are no HID descriptor */
    assert_int_equal(ccid->interrupt_in, 0x8a);
    assert_int_equal(ccid->bulk_out, 0x0b);
    assert_int_equal(ccid->bulk_out_packet_len, 64);
    assert_int_equal(ccid->bulk_in, 0x8c);
    assert_int_equal(ccid->bulk_in_packet_len, 0x200);
}

static void only_the_configuration_in_force_counts(void **state)
{
    (void)state;
    struct device device = a_device();
    put_configuration(&device, 1);
    put_hid(&device, 0);
    put_configuration(&device, 2);
    put_ccid(&device, 0);
    put_hid(&device, 1);
    find(&device, device.len, 2);
    assert_int_equal(device.count, 2);
    assert_int_equal(device.found[0].bInterfaceClass, 0x0b);
    find(&device, device.len, 1);
    assert_int_equal(device.count, 1);
    find(&device, device.len, 3);
    assert_int_equal(device.count, 0);
}

static void of_alternate_settings_the_first_counts(void **state)
{
    (void)state;
    struct device device = a_device();
    put_configuration(&device, 1);
    put_hid(&device, 0);
    PUT(&device, 9, INTERFACE, 0, 1, 1, 3, 0, 0, 0);
    PUT(&device, 7, ENDPOINT, 0x85, INTERRUPT, 8, 0, 10);
    put_hid(&device, 1);
    find_all(&device);
    assert_int_equal(device.count, 2);
    assert_int_equal(device.found[0].interrupt_in, 0x81);
    assert_int_equal(device.found[0].class_descriptors_len, 9 + 7);
    assert_int_equal(device.found[1].interrupt_in, 0x82);
}

static void of_endpoints_of_one_kind_the_first_counts(void **state)
{
    (void)state;
    struct device device = a_device();
    put_configuration(&device, 1);
    put_hid(&device, 0);
    PUT(&device, 7, ENDPOINT, 0x8f, INTERRUPT, 8, 0, 10);
    PUT(&device, 7, ENDPOINT, 0x0f, INTERRUPT, 8, 0, 10); /* to the device: nobody wants it */
    find_all(&device);
    assert_int_equal(device.found[0].interrupt_in, 0x81);
    assert_int_equal(device.found[0].bulk_out, 0);
}

static void a_hid_descriptor_that_names_no_report_descriptor_says_no_length(void **state)
{
    (void)state;
    struct device device = a_device();
    put_configuration(&device, 1);
    PUT(&device, 9, INTERFACE, 0, 0, 1, 3, 0, 0, 0);
    PUT(&device, 9, HID, 0x11, 1, 0, 1, 0x23, 5, 0); /* physical (HID 1.11, 7.1) */
    find_all(&device);
    assert_int_equal(device.count, 1);
    assert_int_equal(device.found[0].report_descriptor_len, 0);
}

/* ---- what others send ---- */

static void every_cut_finds_what_stands_before_it(void **state)
{
    (void)state;
    struct device device = a_device();
    put_configuration(&device, 1);
    put_hid(&device, 0);
    put_ccid(&device, 1);
    enum { HID_AT = 18 + 9, CCID_AT = HID_AT + 9 + 9 + 7 };
    for (size_t len = 0; len <= device.len; len++) {
        find(&device, len, 1);
        size_t expected = (len >= HID_AT + 9) + (len >= CCID_AT + 9);
        assert_int_equal(device.count, expected);
    }
}

static void a_descriptor_of_no_length_ends_the_search(void **state)
{
    (void)state;
    for (uint8_t len = 0; len < 2; len++) {
        struct device device = a_device();
        put_configuration(&device, 1);
        put_hid(&device, 0);
        PUT(&device, len, 0xff);
        put_hid(&device, 1);
        find_all(&device);
        assert_int_equal(device.count, 1);
        assert_int_equal(device.found[0].class_descriptors_len, 9 + 7);
    }
}

static void a_descriptor_longer_than_the_rest_ends_the_search(void **state)
{
    (void)state;
    struct device device = a_device();
    put_configuration(&device, 1);
    put_hid(&device, 0);
    PUT(&device, 200, INTERFACE, 1, 0, 1, 3, 0, 0, 0);
    find_all(&device);
    assert_int_equal(device.count, 1);
    assert_int_equal(device.found[0].class_descriptors_len, 9 + 7);
}

static void descriptors_shorter_than_their_kind_are_not_believed(void **state)
{
    (void)state;
    struct device device = a_device();
    put_configuration(&device, 1);
    put_hid(&device, 0);
    PUT(&device, 6, ENDPOINT, 0x83, BULK, 64, 0);
    PUT(&device, 8, HID, 0x11, 1, 0, 1, HID_REPORT, 0xff);
    PUT(&device, 8, INTERFACE, 7, 0, 1, 3, 0, 0); /* and what follows is nobody's */
    PUT(&device, 7, ENDPOINT, 0x84, BULK, 64, 0, 0);
    PUT(&device, 8, CONFIGURATION, 0, 0, 1, 1, 0, 0x80);
    put_hid(&device, 8);
    find_all(&device);
    assert_int_equal(device.count, 1);
    assert_int_equal(device.found[0].bulk_in, 0);
    assert_int_equal(device.found[0].report_descriptor_len, 0x1234);
    assert_int_equal(device.found[0].class_descriptors_len, 9 + 7 + 6 + 8);
}

static void a_longer_interface_descriptor_pushes_its_class_descriptors_back(void **state)
{
    (void)state;
    struct device device = a_device();
    put_configuration(&device, 1);
    PUT(&device, 11, INTERFACE, 0, 0, 1, 3, 0, 0, 0, 0xee, 0xee);
    PUT(&device, 9, HID, 0x11, 1, 0, 1, HID_REPORT, 5, 0);
    find_all(&device);
    assert_int_equal(device.count, 1);
    assert_int_equal(device.found[0].class_descriptors[0], 9);
    assert_int_equal(device.found[0].report_descriptor_len, 5);
}

static void interfaces_beyond_the_limit_are_not_seen_and_give_nothing_to_others(void **state)
{
    (void)state;
    struct device device = a_device();
    put_configuration(&device, 1);
    for (unsigned i = 0; i < USB_INTERFACES_MAX + 3; i++) {
        PUT(&device, 9, INTERFACE, (uint8_t)i, 0, 1, 3, 0, 0, 0);
    }
    PUT(&device, 7, ENDPOINT, 0x84, BULK, 64, 0, 0);
    find_all(&device);
    assert_int_equal(device.count, USB_INTERFACES_MAX);
    assert_int_equal(device.found[USB_INTERFACES_MAX - 1].class_descriptors_len, 0);
    assert_int_equal(device.found[USB_INTERFACES_MAX - 1].bulk_in, 0);
}

static void a_device_descriptor_that_is_cut_has_no_interfaces(void **state)
{
    (void)state;
    struct device device = a_device();
    find(&device, 0, 1);
    assert_int_equal(device.count, 0);
    find(&device, USB_DEVICE_DESCRIPTOR_LEN - 1, 1);
    assert_int_equal(device.count, 0);
    find(&device, USB_DEVICE_DESCRIPTOR_LEN, 1);
    assert_int_equal(device.count, 0);
}

/* ---- a published recording of a real keyboard ---- */

/* The first "H: descriptors=" of a umockdev file. */
static void read_recorded(struct device *device, FILE *file)
{
    char line[2048];
    unsigned byte = 0;
    bool is_there = false;
    device->len = 0;
    while (!is_there && fgets(line, sizeof line, file) != NULL) {
        is_there = strncmp(line, "H: descriptors=", 15) == 0;
    }
    assert_true(is_there);
    for (const char *at = line + 15; sscanf(at, "%2x", &byte) == 1; at += 2) {
        put(device, (const uint8_t[]){(uint8_t)byte}, 1);
    }
}

static void a_recorded_keyboard_has_its_keys_and_its_media_keys(void **state)
{
    (void)state;
    FILE *file = fopen(TALLY_TEST_VECTORS "/hidkbd/usbkbd.pcap.umockdev", "r");
    if (file == NULL) {
        skip();
    }
    struct device device = {.len = 0};
    read_recorded(&device, file);
    fclose(file);
    find_all(&device);
    assert_int_equal(device.count, 2);
    assert_int_equal(device.found[0].idVendor, 0x04d9);
    assert_int_equal(device.found[0].bInterfaceSubClass, 1);
    assert_int_equal(device.found[0].bInterfaceProtocol, 1);
    assert_int_equal(device.found[0].interrupt_in, 0x81);
    assert_int_equal(device.found[0].report_descriptor_len, 62);
    assert_int_equal(device.found[1].bInterfaceSubClass, 0);
    assert_int_equal(device.found[1].interrupt_in, 0x82);
    assert_int_equal(device.found[1].report_descriptor_len, 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interface_is_found_with_its_endpoints_and_class_descriptors),
        cmocka_unit_test(what_stands_behind_an_interface_belongs_to_it_and_to_no_other),
        cmocka_unit_test(only_the_configuration_in_force_counts),
        cmocka_unit_test(of_alternate_settings_the_first_counts),
        cmocka_unit_test(of_endpoints_of_one_kind_the_first_counts),
        cmocka_unit_test(a_hid_descriptor_that_names_no_report_descriptor_says_no_length),
        cmocka_unit_test(every_cut_finds_what_stands_before_it),
        cmocka_unit_test(a_descriptor_of_no_length_ends_the_search),
        cmocka_unit_test(a_descriptor_longer_than_the_rest_ends_the_search),
        cmocka_unit_test(descriptors_shorter_than_their_kind_are_not_believed),
        cmocka_unit_test(a_longer_interface_descriptor_pushes_its_class_descriptors_back),
        cmocka_unit_test(interfaces_beyond_the_limit_are_not_seen_and_give_nothing_to_others),
        cmocka_unit_test(a_device_descriptor_that_is_cut_has_no_interfaces),
        cmocka_unit_test(a_recorded_keyboard_has_its_keys_and_its_media_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
