/* SPDX-License-Identifier: Apache-2.0 */
/* Driver for bar code scanners after the USB-IF's page 8C. */
#include "hal/reader/hid_drivers.h"
#include "hal/reader/hid_request.h"
#include "hal/reader/scanner.h"

#include <string.h>

enum { HID_CLASS = 3, HID_NO_SUBCLASS = 0, MODE_REPORT_ID = 254, MODE_REPORT_LEN = 2 };

enum scanner_stage { STAGE_DESCRIPTOR = 0, STAGE_MODE, STAGE_READ };

struct scanner_state {
    enum scanner_stage stage;
    bool is_broken; /* a part of the scan is missing, and what comes is still the rest of it */
    struct hal_scanner_layout layout;
    struct hal_scanner_scan scan;
};

/* The kernel's HID driver holds touch screens and UPSes too: where it shows us the descriptor,
 * nothing but a scanner is claimed. */
static bool fits(const struct hal_interface *interface, const struct hal_reader_settings *settings)
{
    (void)settings;
    bool may_be = interface->bInterfaceClass == HID_CLASS &&
                  interface->bInterfaceSubClass == HID_NO_SUBCLASS &&
                  interface->interrupt_in != 0 && interface->report_descriptor_len != 0 &&
                  interface->report_descriptor_len <= HAL_HID_DESCRIPTOR_LEN_MAX;
    if (!may_be || interface->report_descriptor == NULL) {
        return may_be; /* nobody has looked at it yet: nobody is disturbed when we ask */
    }
    struct hal_scanner_layout layout;
    return hal_scanner_layout(interface->report_descriptor, interface->report_descriptor_len,
                              &layout) == TALLY_OK;
}

static void ask(struct hal_link *link, const struct hal_setup *setup, const uint8_t *data)
{
    enum tally_status status = hal_link_control(link, setup, data);
    if (status != TALLY_OK) {
        hal_link_end(link, status);
    }
}

static void listen(struct scanner_state *self, struct hal_link *link)
{
    const struct hal_hid_sizes *sizes = &self->layout.sizes;
    self->stage = STAGE_READ;
    enum tally_status status = hal_link_listen(link, sizes->input_len, sizes->input_len_varies);
    if (status != TALLY_OK) {
        hal_link_end(link, status);
        return;
    }
    hal_link_ready(link);
}

/* Honeywell's and Youjie's scanners send reports on this interface only when told to. */
static bool wants_mode(const struct hal_interface *interface)
{
    return interface->idVendor == 0x0c2e || interface->idVendor == 0x23d0;
}

static void use_descriptor(struct scanner_state *self, struct hal_link *link,
                           const uint8_t *descriptor, size_t len)
{
    enum tally_status status = hal_scanner_layout(descriptor, len, &self->layout);
    if (status != TALLY_OK) {
        hal_link_end(link, status);
        return;
    }
    if (!wants_mode(link->interface)) {
        listen(self, link);
        return;
    }
    static const uint8_t mode[MODE_REPORT_LEN] = {MODE_REPORT_ID, 1};
    self->stage = STAGE_MODE;
    struct hal_setup setup = hal_hid_set_feature(link->interface, MODE_REPORT_ID, MODE_REPORT_LEN);
    ask(link, &setup, mode);
}

static void start(void *state, struct hal_link *link)
{
    const struct hal_interface *interface = link->interface;
    if (interface->report_descriptor != NULL) {
        use_descriptor(state, link, interface->report_descriptor, interface->report_descriptor_len);
        return;
    }
    struct hal_setup setup = hal_hid_get_report_descriptor(interface);
    ask(link, &setup, NULL);
}

/* A scanner of these makers that refuses the mode has no other. */
static void on_control(void *state, struct hal_link *link, enum tally_status status, uint8_t *bytes,
                       size_t len)
{
    struct scanner_state *self = state;
    if (self->stage == STAGE_MODE) {
        listen(self, link);
    } else if (status != TALLY_OK) {
        hal_link_end(link, status);
    } else if (self->stage == STAGE_DESCRIPTOR) {
        use_descriptor(self, link, bytes, len);
    }
}

/* What still comes of this scan must not begin a new one: the end of a number could be another
 * member's. */
static void break_off(struct scanner_state *self, struct hal_link *link)
{
    self->is_broken = true;
    hal_scanner_drop(&self->scan);
    hal_link_set_timer(link, HAL_SCANNER_RECOVERY_MS);
}

/* The scan is over: says what it is. */
static void decide(struct scanner_state *self, struct hal_link *link)
{
    struct tally_card card = {.len = 0};
    enum tally_status status = TALLY_E_CARD_UNREADABLE;
    if (!self->is_broken) {
        status = hal_scanner_card(&self->scan, link->settings, &card);
    }
    self->is_broken = false;
    hal_scanner_drop(&self->scan);
    hal_link_set_timer(link, 0);
    if (status == TALLY_OK) {
        hal_link_card(link, &card);
    } else {
        hal_link_refuse(link, status);
    }
    explicit_bzero(&card, sizeof card);
}

static void on_report(void *state, struct hal_link *link, enum tally_status status, uint8_t *report,
                      size_t len)
{
    struct scanner_state *self = state;
    if (status == TALLY_OK) {
        status = hal_scanner_report(&self->layout, &self->scan, report, len);
    }
    if (status == TALLY_E_NOT_FOUND) {
        return; /* a trigger or status report; a scan that waits goes on waiting */
    }
    if (status == TALLY_OK) {
        decide(self, link);
    } else if (status == TALLY_E_AGAIN && !self->is_broken) {
        hal_link_set_timer(link, HAL_SCANNER_GAP_MS);
    } else {
        break_off(self, link);
    }
}

static void on_timer(void *state, struct hal_link *link)
{
    struct scanner_state *self = state;
    if (self->is_broken) {
        decide(self, link);
    } else {
        break_off(self, link);
    }
}

const struct hal_reader_driver hal_driver_scanner = {.name = "HID bar code scanner",
                                                     .state_len = sizeof(struct scanner_state),
                                                     .fits = fits,
                                                     .start = start,
                                                     .on_control = on_control,
                                                     .on_report = on_report,
                                                     .on_timer = on_timer};
