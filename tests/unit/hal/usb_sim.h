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

enum {
    SIM_INTERRUPT_IN = 0x81,
    SIM_BULK_IN = 0x82,
    SIM_BULK_OUT = 0x03,
    SIM_ECHO_INTERRUPT_IN = 0x84
};
enum { SIM_ECHO_LEN = 64, SIM_ECHO_PROTOCOL = 0xec, SIM_PACKET_LEN = 64 };

struct sim;

struct sim_kind {
    const char *product; /* NULL: the device has no product string */
    uint8_t interface_class;
    uint8_t interface_subclass;
    uint8_t interface_protocol;
    struct build report_descriptor;
    /* Besides, an interface 1 for echo_driver.c, class FF: request C1 01 gives 4 bytes, C1 04 gives
     * this text in SIM_ECHO_LEN bytes, and what comes in on SIM_BULK_OUT goes out on
     * SIM_BULK_IN. */
    const char *echo_text;
    bool held_by_kernel; /* the kernel's HID driver has it, and shows its report descriptor */
    bool silent;         /* it answers no request on endpoint 0 */
    bool forbidden;      /* its node may not be opened: plug it in before the terminal starts */
    /* The cable is torn when so many requests have been handed in (or, with `tear_when_answered`,
     * when so many answers have been fetched); sim_torn_fd() becomes readable then, and
     * sim_unplug() tells the bus. 0: never. */
    unsigned tear_after;
    bool tear_when_answered;
    bool is_dead; /* torn before anybody opens it */
};

/* Plugs a device in. `number` is both its port and its bus address: take a new one each time. */
struct sim *sim_plug(UMockdevTestbed *testbed, const struct sim_kind *kind, unsigned number);

/* Pulls it out; `len` bytes of a report had reached the host's buffer already. */
void sim_unplug(struct sim *sim, const uint8_t *bytes, size_t len);

int sim_torn_fd(const struct sim *sim);

/* One interrupt transfer's worth of bytes, kept until the host asks; the second for interface 1. */
void sim_send(struct sim *sim, const uint8_t *bytes, size_t len);
void sim_send_echo(struct sim *sim, const uint8_t *bytes, size_t len);

/* The endpoint stalls until the host clears it, both in the device and in its own controller. */
void sim_stall(struct sim *sim, uint8_t endpoint);
/* The next `count` transfers on it (0: of a driver's on endpoint 0) fail: -EPROTO, -EPIPE, ... */
void sim_fail(struct sim *sim, uint8_t endpoint, int error, unsigned count);
/* Answers no request on endpoint 0 any more, until it is reset (`mends`) or for good. */
void sim_fall_silent(struct sim *sim, bool mends);
void sim_speak_again(struct sim *sim);
/* The kernel takes the interfaces back, as after a sleep without power. */
void sim_sleep(struct sim *sim);
/* The kernel takes its configuration away, or gives it back (its "authorized" file). */
void sim_authorize(struct sim *sim, bool is_authorized);
/* The node may be opened from now on. */
void sim_allow(struct sim *sim);

/* Waits until the host has opened it so often. */
void sim_wait_opened(struct sim *sim, unsigned times);

/* What the host did so far. */
unsigned sim_calls(const struct sim *sim);  /* of any kind */
unsigned sim_claims(const struct sim *sim); /* claims that are held now */
unsigned sim_resets(const struct sim *sim);
unsigned sim_empty_packets(const struct sim *sim); /* that it put behind a full one */
/* Bytes that the host asked for in its interrupt request number `index`, from 0; 0: no such one. */
unsigned sim_request(const struct sim *sim, size_t index);

void sim_free(struct sim *sim);

#endif
