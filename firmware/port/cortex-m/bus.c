/* SPDX-License-Identifier: Apache-2.0 */
/* Moves transfers between the device model and a controller. */
#include "firmware/port/cortex-m/bus.h"

static const uint8_t in_endpoints[] = {TALLY_USB_HID_IN, TALLY_USB_SLOT_IN, TALLY_USB_CCID_IN};
static const uint8_t out_endpoints[] = {TALLY_USB_CCID_OUT};

static uint8_t bit_of(uint8_t endpoint)
{
    return (uint8_t)(1u << (endpoint & 0x07));
}

/* What was under way has ended with the configuration; the controller knows. */
static void forget_transfers(struct bus *bus)
{
    bus->sending = 0;
    bus->receiving = 0;
}

void bus_init(struct bus *bus, struct tally_usb_device *device, const struct controller *controller)
{
    *bus = (struct bus){.device = device, .controller = controller};
    controller->connect(controller->self, true);
}

void bus_reset(struct bus *bus)
{
    forget_transfers(bus);
    tally_usb_device_reset(bus->device, TALLY_USB_FULL_SPEED);
}

void bus_configured(struct bus *bus, uint8_t configuration)
{
    forget_transfers(bus);
    tally_usb_device_configured(bus->device, configuration);
}

struct tally_usb_answer bus_setup(struct bus *bus, const struct tally_usb_setup *setup)
{
    if (setup->bmRequestType == TALLY_USB_TO_DEVICE &&
        setup->bRequest == TALLY_USB_SET_CONFIGURATION) {
        forget_transfers(bus);
    }
    return tally_usb_device_setup(bus->device, setup);
}

bool bus_setup_data(struct bus *bus, const uint8_t *bytes, uint16_t len)
{
    return tally_usb_device_setup_data(bus->device, bytes, len);
}

void bus_sent(struct bus *bus, uint8_t endpoint, size_t len)
{
    if ((bus->sending & bit_of(endpoint)) != 0) {
        bus->sending &= (uint8_t)~bit_of(endpoint);
        tally_usb_device_sent(bus->device, endpoint, len);
    }
}

void bus_received(struct bus *bus, uint8_t endpoint, const uint8_t *bytes, size_t len)
{
    if ((bus->receiving & bit_of(endpoint)) != 0) {
        bus->receiving &= (uint8_t)~bit_of(endpoint);
        tally_usb_device_received(bus->device, endpoint, bytes, len);
    }
}

/* ---- the loop that device.h describes ---- */

static void send_or_give_up(struct bus *bus, uint8_t endpoint)
{
    const struct controller *controller = bus->controller;
    size_t len = 0;
    const uint8_t *bytes = tally_usb_device_pending(bus->device, endpoint, &len);
    bool is_sending = (bus->sending & bit_of(endpoint)) != 0;
    if (bytes != NULL && !is_sending) {
        if (controller->send(controller->self, endpoint, bytes, len)) {
            bus->sending |= bit_of(endpoint);
        }
    } else if (bytes == NULL && is_sending) {
        bus->sending &= (uint8_t)~bit_of(endpoint);
        controller->give_up(controller->self, endpoint);
    }
}

static void let_in(struct bus *bus, uint8_t endpoint)
{
    const struct controller *controller = bus->controller;
    if ((bus->receiving & bit_of(endpoint)) == 0 &&
        tally_usb_device_is_ready(bus->device, endpoint) &&
        controller->receive(controller->self, endpoint)) {
        bus->receiving |= bit_of(endpoint);
    }
}

static void come_and_go(struct bus *bus, uint32_t now_ms)
{
    const struct controller *controller = bus->controller;
    if (!bus->is_away && tally_usb_device_wants_reconnect(bus->device)) {
        bus->is_away = true;
        bus->away_since_ms = now_ms;
        controller->connect(controller->self, false);
        bus_reset(bus);
    } else if (bus->is_away && now_ms - bus->away_since_ms >= BUS_AWAY_MS) {
        bus->is_away = false;
        controller->connect(controller->self, true);
    }
}

static uint32_t sooner(const struct bus *bus, uint32_t now_ms, uint32_t next_ms)
{
    uint32_t back_ms = bus->away_since_ms + BUS_AWAY_MS;
    return bus->is_away && back_ms - now_ms < next_ms - now_ms ? back_ms : next_ms;
}

uint32_t bus_poll(struct bus *bus, uint32_t now_ms)
{
    uint32_t next_ms = now_ms;
    tally_usb_device_time(bus->device, now_ms, &next_ms);
    come_and_go(bus, now_ms);
    for (size_t i = 0; i < sizeof in_endpoints; i++) {
        send_or_give_up(bus, in_endpoints[i]);
    }
    for (size_t i = 0; i < sizeof out_endpoints; i++) {
        let_in(bus, out_endpoints[i]);
    }
    return sooner(bus, now_ms, next_ms);
}
