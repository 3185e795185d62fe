/* SPDX-License-Identifier: Apache-2.0 */
/* Driver for keyboard wedges: boot keyboards, claimed so that the digits reach no other window. */
#include "hal/reader/hid_drivers.h"
#include "hal/reader/hid_request.h"
#include "hal/reader/wedge.h"

#include <string.h>

enum { HID_CLASS = 3, HID_BOOT_SUBCLASS = 1, HID_KEYBOARD_PROTOCOL = 1, BOOT_PROTOCOL = 0 };

enum wedge_stage { STAGE_SET_PROTOCOL = 0, STAGE_SET_IDLE, STAGE_READ };

struct wedge_state {
    enum wedge_stage stage;
    bool is_broken; /* the text stopped in the middle, and what comes is still the rest of it */
    struct hal_wedge wedge;
};

static bool is_named(const struct hal_interface *interface, const struct hal_wedge_settings *wedge)
{
    return wedge->idVendor != 0 && wedge->idVendor == interface->idVendor &&
           wedge->idProduct == interface->idProduct;
}

static bool fits(const struct hal_interface *interface, const struct hal_reader_settings *settings)
{
    if (interface->bInterfaceClass != HID_CLASS ||
        interface->bInterfaceSubClass != HID_BOOT_SUBCLASS ||
        interface->bInterfaceProtocol != HID_KEYBOARD_PROTOCOL || interface->interrupt_in == 0) {
        return false;
    }
    switch (settings->wedge.choice) {
    case HAL_WEDGE_ALL:
        return true;
    case HAL_WEDGE_KNOWN:
        return is_named(interface, &settings->wedge) ||
               hal_wedge_is_known(interface->idVendor, interface->idProduct);
    case HAL_WEDGE_NONE:
        break;
    }
    return is_named(interface, &settings->wedge);
}

/* A request that fails at once fails for the reason that it says. */
static void ask(struct hal_link *link, const struct hal_setup *setup)
{
    enum tally_status status = hal_link_control(link, setup, NULL);
    if (status != TALLY_OK) {
        hal_link_end(link, status);
    }
}

static void start(void *state, struct hal_link *link)
{
    (void)state;
    struct hal_setup setup = hal_hid_set_protocol(link->interface, BOOT_PROTOCOL);
    ask(link, &setup);
}

/* A boot report is a whole one with 8 bytes, or with fewer: a device that sends others is heard
 * too, and understood as spoiled. */
static void listen(struct wedge_state *self, struct hal_link *link)
{
    self->stage = STAGE_READ;
    enum tally_status status = hal_link_listen(link, HAL_WEDGE_REPORT_LEN, true);
    if (status != TALLY_OK) {
        hal_link_end(link, status);
        return;
    }
    hal_link_ready(link);
}

/* A boot device must know SET_PROTOCOL (HID 1.11, 7.2.6). One that refuses it speaks the report
 * protocol, which keyboards lay out in the same way; one that refuses SET_IDLE repeats its keys,
 * which types nothing. */
static void on_control(void *state, struct hal_link *link, enum tally_status status, uint8_t *bytes,
                       size_t len)
{
    struct wedge_state *self = state;
    (void)status;
    (void)bytes;
    (void)len;
    if (self->stage == STAGE_SET_PROTOCOL) {
        self->stage = STAGE_SET_IDLE;
        struct hal_setup setup = hal_hid_set_idle(link->interface);
        ask(link, &setup);
    } else if (self->stage == STAGE_SET_IDLE) {
        listen(self, link);
    }
}

/* The text has ended: says what it is, and lets a new one begin. */
static void decide(struct wedge_state *self, struct hal_link *link)
{
    struct tally_card card = {.len = 0};
    enum tally_status status = hal_wedge_card(&self->wedge, link->settings, &card);
    self->is_broken = false;
    hal_link_set_timer(link, hal_wedge_is_typing(&self->wedge) ? HAL_WEDGE_SILENCE_MS : 0);
    if (status == TALLY_OK) {
        hal_link_card(link, &card);
    } else if (status != TALLY_E_NOT_FOUND) {
        hal_link_refuse(link, status);
    }
    explicit_bzero(&card, sizeof card);
}

static void on_report(void *state, struct hal_link *link, enum tally_status status, uint8_t *report,
                      size_t len)
{
    struct wedge_state *self = state;
    enum hal_wedge_step step = HAL_WEDGE_TYPED;
    if (status == TALLY_OK) {
        step = hal_wedge_report(&self->wedge, link->settings->wedge.layout, report, len);
    } else {
        hal_wedge_lost(&self->wedge);
    }
    if (step == HAL_WEDGE_END) {
        decide(self, link);
    } else if (step == HAL_WEDGE_TYPED) {
        hal_link_set_timer(link, self->is_broken ? HAL_WEDGE_RECOVERY_MS : HAL_WEDGE_SILENCE_MS);
    }
}

/* Silence. A text that may be half a card is given up, and what still comes of it must not begin a
 * new one: the end of a number could be another member's. */
static void on_timer(void *state, struct hal_link *link)
{
    struct wedge_state *self = state;
    if (self->is_broken || hal_wedge_is_whole(&self->wedge, &link->settings->wedge)) {
        decide(self, link);
        return;
    }
    self->is_broken = true;
    hal_wedge_give_up(&self->wedge);
    hal_link_set_timer(link, HAL_WEDGE_RECOVERY_MS);
}

const struct hal_reader_driver hal_driver_wedge = {.name = "keyboard wedge",
                                                   .state_len = sizeof(struct wedge_state),
                                                   .fits = fits,
                                                   .start = start,
                                                   .on_control = on_control,
                                                   .on_report = on_report,
                                                   .on_timer = on_timer};
