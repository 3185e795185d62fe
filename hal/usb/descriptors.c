/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a device's descriptors (USB 2.0, 9.5 and 9.6), each with its length checked. */
#include "hal/usb/descriptors.h"

#include <assert.h>

enum { CONFIGURATION = 2, INTERFACE = 4, ENDPOINT = 5, HID = 0x21, HID_REPORT = 0x22 };
enum {
    CONFIGURATION_LEN = 9,
    INTERFACE_LEN = 9,
    ENDPOINT_LEN = 7,
    HID_LEN = 9 /* with one class descriptor named (HID 1.11, 6.2.1) */
};
enum { DIRECTION_IN = 0x80, TYPE_BULK = 2, TYPE_INTERRUPT = 3, PACKET_LEN_MASK = 0x7ff };

struct walk {
    struct hal_interface *interfaces;
    size_t count;
    struct hal_interface *open; /* what follows belongs to this one; NULL: to none */
    uint16_t idVendor;
    uint16_t idProduct;
    uint8_t wanted;
    bool is_wanted; /* inside the wanted configuration */
};

static uint16_t get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static bool has_number(const struct walk *walk, uint8_t number)
{
    for (size_t i = 0; i < walk->count; i++) {
        if (walk->interfaces[i].bInterfaceNumber == number) {
            return true;
        }
    }
    return false;
}

static void open_interface(struct walk *walk, const uint8_t *at)
{
    walk->open = NULL;
    bool is_new = at[0] >= INTERFACE_LEN && !has_number(walk, at[2]);
    if (!walk->is_wanted || !is_new || walk->count == USB_INTERFACES_MAX) {
        return;
    }
    walk->open = &walk->interfaces[walk->count++];
    *walk->open = (struct hal_interface){.idVendor = walk->idVendor,
                                         .idProduct = walk->idProduct,
                                         .bInterfaceNumber = at[2],
                                         .bInterfaceClass = at[5],
                                         .bInterfaceSubClass = at[6],
                                         .bInterfaceProtocol = at[7],
                                         .class_descriptors = at + at[0]};
}

static void note_endpoint(struct hal_interface *interface, const uint8_t *at)
{
    uint8_t address = at[2];
    uint16_t packet_len = get_u16(at + 4) & PACKET_LEN_MASK;
    bool is_in = (address & DIRECTION_IN) != 0;
    uint8_t type = at[3] & 3;
    if (type == TYPE_INTERRUPT && is_in && interface->interrupt_in == 0) {
        interface->interrupt_in = address;
    } else if (type == TYPE_BULK && is_in && interface->bulk_in == 0) {
        interface->bulk_in = address;
        interface->bulk_in_packet_len = packet_len;
    } else if (type == TYPE_BULK && !is_in && interface->bulk_out == 0) {
        interface->bulk_out = address;
        interface->bulk_out_packet_len = packet_len;
    }
}

static void note_descriptor(struct walk *walk, const uint8_t *at)
{
    if (at[1] == CONFIGURATION) {
        walk->is_wanted = at[0] >= CONFIGURATION_LEN && at[5] == walk->wanted;
        walk->open = NULL;
        return;
    }
    if (at[1] == INTERFACE) {
        open_interface(walk, at);
        return;
    }
    if (walk->open == NULL) {
        return;
    }
    walk->open->class_descriptors_len += at[0];
    if (at[1] == ENDPOINT && at[0] >= ENDPOINT_LEN) {
        note_endpoint(walk->open, at);
    } else if (at[1] == HID && at[0] >= HID_LEN && at[6] == HID_REPORT) {
        walk->open->report_descriptor_len = get_u16(at + 7);
    }
}

size_t usb_find_interfaces(const uint8_t *bytes, size_t len, uint8_t configuration,
                           struct hal_interface into[USB_INTERFACES_MAX])
{
    assert(bytes != NULL || len == 0);
    assert(into != NULL);

    if (len < USB_DEVICE_DESCRIPTOR_LEN) {
        return 0;
    }
    struct walk walk = {.interfaces = into,
                        .idVendor = get_u16(bytes + 8),
                        .idProduct = get_u16(bytes + 10),
                        .wanted = configuration};
    size_t at = USB_DEVICE_DESCRIPTOR_LEN;
    while (len - at >= 2 && bytes[at] >= 2 && bytes[at] <= len - at) {
        note_descriptor(&walk, bytes + at);
        at += bytes[at];
    }
    return walk.count;
}
