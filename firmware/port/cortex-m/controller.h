/* firmware/port/cortex-m/controller.h: what a USB device controller must be able to do for the
 * reader.
 *
 * A driver is a file that fills this in and calls bus.h for what the bus says. Endpoint 0, the
 * address and the packets are the driver's own affair: it hands SETUP packets to bus_setup() and
 * does what the answer says. Everything here is a whole transfer on another endpoint.
 *
 * Units    lengths are bytes
 * Memory   buffers are the device model's and stay as they are until the transfer ends
 * Threads  called from bus_poll() only */
#ifndef TALLY_FIRMWARE_PORT_CORTEX_M_CONTROLLER_H
#define TALLY_FIRMWARE_PORT_CORTEX_M_CONTROLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct controller {
    void *self;
    /* Starts to send; the end comes as bus_sent(). A transfer on a bulk endpoint that is a whole
     * number of packets long is ended by an empty packet. False: not now, ask again. */
    bool (*send)(void *self, uint8_t endpoint, const uint8_t *bytes, size_t len);
    /* Takes back what is being sent: from now on the bytes are not looked at, and bus_sent() does
     * not come. If the host has taken a part of it, it must learn that there is no rest. */
    void (*give_up)(void *self, uint8_t endpoint);
    /* Lets the host send one packet; it comes as bus_received(). False: not now, ask again. */
    bool (*receive)(void *self, uint8_t endpoint);
    /* The pull-up resistor: are we on the bus? */
    void (*connect)(void *self, bool is_connected);
};

#endif
