/* tests/unit/hal/usb_sim.h: USB devices that umockdev shows to another process, which runs the real
 * libusb. The simulator answers the kernel's usbfs calls as the kernel would.
 *
 * Memory   sim_plug() allocates with GLib, sim_free() frees.
 * Threads  umockdev answers in a thread of its own; every function here may be called meanwhile. */
#ifndef TESTS_UNIT_HAL_USB_SIM_H
#define TESTS_UNIT_HAL_USB_SIM_H

#include "tests/unit/hal/hid_build.h"

#include <stdbool.h>
#include <umockdev.h>

struct sim;

struct sim_kind {
    const char *product; /* NULL: the device has no product string */
    uint8_t interface_class;
    uint8_t interface_subclass;
    uint8_t interface_protocol;
    struct build report_descriptor;
    bool held_by_kernel; /* the kernel's HID driver has it, and shows its report descriptor */
    bool forbidden;      /* its node may not be opened: plug it in before the terminal starts */
};

/* Plugs a device in. `number` is both its port and its bus address: take a new one each time. */
struct sim *sim_plug(UMockdevTestbed *testbed, const struct sim_kind *kind, unsigned number);

/* Pulls it out; `len` bytes of a report had reached the host's buffer already. */
void sim_unplug(struct sim *sim, const uint8_t *bytes, size_t len);

/* One interrupt transfer's worth of bytes, kept until the host asks. */
void sim_send(struct sim *sim, const uint8_t *bytes, size_t len);

/* The endpoint stalls until the host clears it. */
void sim_stall(struct sim *sim);

/* What the host did so far. */
unsigned sim_calls(const struct sim *sim);  /* of any kind */
unsigned sim_claims(const struct sim *sim); /* claims that are held now */
/* Bytes that the host asked for in its interrupt request number `index`, from 0; 0: no such one. */
unsigned sim_request(const struct sim *sim, size_t index);

void sim_free(struct sim *sim);

#endif
