/* firmware/port/cortex-m/bus.h: between the device model (usb/device.h) and a USB controller
 * (controller.h): what waits is sent, what was taken back is given up, what may come is let in.
 *
 * Units    times are milliseconds of a clock that may wrap
 * Memory   one struct; no heap; device and controller are borrowed
 * Threads  all calls from the main loop */
#ifndef TALLY_FIRMWARE_PORT_CORTEX_M_BUS_H
#define TALLY_FIRMWARE_PORT_CORTEX_M_BUS_H

#include "firmware/port/cortex-m/controller.h"
#include "firmware/usb/device.h"

/* How long a host needs to see that a device has left (USB 2.0, 7.1.7.3: 100 ms of debouncing). */
enum { BUS_AWAY_MS = 150 };

struct bus {
    struct tally_usb_device *device;
    const struct controller *controller;
    uint8_t sending;   /* bit n: endpoint 8n hex is with the controller */
    uint8_t receiving; /* bit n: endpoint 0n may be sent to */
    bool is_away;
    uint32_t away_since_ms;
};

/* Connects to the bus. */
void bus_init(struct bus *bus, struct tally_usb_device *device,
              const struct controller *controller);

/* ---- the controller's driver says ---- */

/* Bus reset, or the cable is out. */
void bus_reset(struct bus *bus);
/* The host has chosen a configuration, and the driver has agreed without bus_setup(). */
void bus_configured(struct bus *bus, uint8_t configuration);
/* A SETUP packet, and the data of one that answered TALLY_USB_RECEIVE (false: stall). */
struct tally_usb_answer bus_setup(struct bus *bus, const struct tally_usb_setup *setup);
bool bus_setup_data(struct bus *bus, const uint8_t *bytes, uint16_t len);
/* The host has taken `len` bytes of what controller->send() was given; fewer: it broke off. */
void bus_sent(struct bus *bus, uint8_t endpoint, size_t len);
/* A packet that controller->receive() has let in. */
void bus_received(struct bus *bus, uint8_t endpoint, const uint8_t *bytes, size_t len);

/* ---- the main loop says ---- */

/* The time; to be called after each of the above and at the time that it returns at the latest. */
uint32_t bus_poll(struct bus *bus, uint32_t now_ms);

#endif
