/* SPDX-License-Identifier: Apache-2.0 */
/* TinyUSB's device stack as the controller of bus.h: a class driver of our own for all interfaces,
 * and the device model's descriptors. TinyUSB answers the standard requests to the device
 * itself. */
#include <string.h>
#include <tusb.h>
#include <device/usbd_pvt.h>

#include "firmware/port/cortex-m/rp2040/board.h"
#include "firmware/usb/descriptors.h"

enum { RHPORT = 0 };

static struct bus *the_bus;
static size_t owed_len; /* of a bulk message whose empty packet is under way; 0: none is */
static bool is_leaving; /* a transfer was given up: leave the bus, come back later */
static bool is_away;
static uint32_t away_since_ms;
static uint8_t out_packet[TALLY_USB_BULK_PACKET_LEN_FS];
static uint8_t control_data[TALLY_USB_CONTROL_LEN_MAX];

/* ---- what the bus asks of a controller ---- */

static bool send(void *self, uint8_t endpoint, const uint8_t *bytes, size_t len)
{
    (void)self;
    /* TinyUSB does not write to what is sent; its interface only does not say so. */
    return usbd_edpt_xfer(RHPORT, endpoint, (uint8_t *)(uintptr_t)bytes, (uint16_t)len);
}

/* TinyUSB has no call that takes a transfer back without losing the endpoint's data toggle. Leaving
 * the bus does it, and the host learns that what it has taken so far has no rest. */
static void give_up(void *self, uint8_t endpoint)
{
    (void)self;
    (void)endpoint;
    is_leaving = true;
}

static bool receive(void *self, uint8_t endpoint)
{
    (void)self;
    return usbd_edpt_xfer(RHPORT, endpoint, out_packet, sizeof out_packet);
}

static void connect(void *self, bool is_connected)
{
    (void)self;
    if (is_connected) {
        tud_connect();
    } else {
        tud_disconnect();
    }
}

static const struct controller controller = {
    .send = send, .give_up = give_up, .receive = receive, .connect = connect};

/* ---- descriptors ---- */

static const uint8_t *descriptor(uint8_t type, uint8_t index)
{
    const struct tally_usb_setup setup = {.bmRequestType = TALLY_USB_IN,
                                          .bRequest = TALLY_USB_GET_DESCRIPTOR,
                                          .wValue = (uint16_t)(type << 8 | index),
                                          .wLength = UINT16_MAX};
    struct tally_usb_answer answer = bus_setup(the_bus, &setup);
    return answer.kind == TALLY_USB_SEND ? answer.data : NULL;
}

const uint8_t *tud_descriptor_device_cb(void)
{
    return descriptor(TALLY_USB_DESCRIPTOR_DEVICE, 0);
}

const uint8_t *tud_descriptor_configuration_cb(uint8_t index)
{
    return descriptor(TALLY_USB_DESCRIPTOR_CONFIGURATION, index);
}

const uint16_t *tud_descriptor_string_cb(uint8_t index, uint16_t language)
{
    (void)language;
    static uint16_t string[TALLY_USB_STRING_LEN_MAX / 2];
    const uint8_t *bytes = descriptor(TALLY_USB_DESCRIPTOR_STRING, index);
    if (bytes == NULL) {
        return NULL;
    }
    memcpy(string, bytes, bytes[0]); /* at most TALLY_USB_STRING_LEN_MAX: the model's own */
    return string;
}

/* ---- the class driver ---- */

static void driver_init(void)
{
}

static bool driver_deinit(void)
{
    return true;
}

static void driver_reset(uint8_t rhport)
{
    (void)rhport;
    owed_len = 0;
    bus_reset(the_bus);
}

/* Takes one interface, whichever it is, with all that belongs to it; opens its endpoints. */
static uint16_t driver_open(uint8_t rhport, const tusb_desc_interface_t *interface,
                            uint16_t len_max)
{
    const uint8_t *first = (const uint8_t *)interface;
    uint16_t len = first[0];
    while (len < len_max && first[len + 1] != TUSB_DESC_INTERFACE && first[len] != 0) {
        if (first[len + 1] == TUSB_DESC_ENDPOINT &&
            !usbd_edpt_open(rhport, (const tusb_desc_endpoint_t *)(first + len))) {
            return 0;
        }
        len = (uint16_t)(len + first[len]);
    }
    return len;
}

static bool begin_control(uint8_t rhport, const tusb_control_request_t *request)
{
    const struct tally_usb_setup setup = {.bmRequestType = request->bmRequestType,
                                          .bRequest = request->bRequest,
                                          .wValue = request->wValue,
                                          .wIndex = request->wIndex,
                                          .wLength = request->wLength};
    struct tally_usb_answer answer = bus_setup(the_bus, &setup);
    switch (answer.kind) {
    case TALLY_USB_SEND:
        return tud_control_xfer(rhport, request, (uint8_t *)(uintptr_t)answer.data, answer.len);
    case TALLY_USB_RECEIVE:
        return request->wLength <= sizeof control_data &&
               tud_control_xfer(rhport, request, control_data, request->wLength);
    case TALLY_USB_DONE:
        return tud_control_status(rhport, request);
    case TALLY_USB_STALL:
        break;
    }
    return false;
}

static bool driver_control(uint8_t rhport, uint8_t stage, const tusb_control_request_t *request)
{
    if (stage == CONTROL_STAGE_SETUP) {
        return begin_control(rhport, request);
    }
    if (stage == CONTROL_STAGE_DATA && request->bmRequestType_bit.direction == TUSB_DIR_OUT) {
        bool is_taken = bus_setup_data(the_bus, control_data, request->wLength);
        volatile uint8_t *byte = control_data; /* it may have been a key */
        for (size_t i = 0; i < sizeof control_data; i++) {
            byte[i] = 0;
        }
        return is_taken;
    }
    return true;
}

static bool driver_transfer(uint8_t rhport, uint8_t endpoint, xfer_result_t result, uint32_t len)
{
    size_t done = result == XFER_RESULT_SUCCESS ? len : 0;
    if (tu_edpt_dir(endpoint) == TUSB_DIR_OUT) {
        bus_received(the_bus, endpoint, out_packet, done);
        return true;
    }
    if (endpoint == TALLY_USB_CCID_IN && owed_len != 0) {
        done = owed_len;
        owed_len = 0;
    } else if (endpoint == TALLY_USB_CCID_IN && done != 0 &&
               done % TALLY_USB_BULK_PACKET_LEN_FS == 0 &&
               usbd_edpt_xfer(rhport, endpoint, NULL, 0)) {
        owed_len = done;
        return true;
    }
    bus_sent(the_bus, endpoint, done);
    return true;
}

const usbd_class_driver_t *usbd_app_driver_get_cb(uint8_t *ret_count)
{
    static const usbd_class_driver_t driver = {.name = "tally",
                                               .init = driver_init,
                                               .deinit = driver_deinit,
                                               .reset = driver_reset,
                                               .open = driver_open,
                                               .control_xfer_cb = driver_control,
                                               .xfer_cb = driver_transfer};
    *ret_count = 1;
    return &driver;
}

void tud_mount_cb(void)
{
    bus_configured(the_bus, 1);
}

void tud_umount_cb(void)
{
    bus_reset(the_bus);
}

/* ---- the board's side ---- */

void usb_start(struct bus *bus, struct tally_usb_device *device)
{
    static const tusb_rhport_init_t init = {.role = TUSB_ROLE_DEVICE, .speed = TUSB_SPEED_FULL};
    the_bus = bus;
    /* Descriptors are asked for as soon as TinyUSB runs: the bus knows its device before. */
    *bus = (struct bus){.device = device, .controller = &controller};
    tusb_init(RHPORT, &init);
    bus_init(bus, device, &controller);
}

void usb_poll(uint32_t now_ms)
{
    tud_task();
    if (is_leaving) {
        is_leaving = false;
        is_away = true;
        away_since_ms = now_ms;
        tud_disconnect();
        bus_reset(the_bus);
    } else if (is_away && now_ms - away_since_ms >= BUS_AWAY_MS) {
        is_away = false;
        tud_connect();
    }
}
