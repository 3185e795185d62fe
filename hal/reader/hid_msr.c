/* SPDX-License-Identifier: Apache-2.0 */
/* Driver for magnetic stripe readers that are HID devices but no keyboards: the MagTek vendor page
 * and all who copied it, and the USB-IF's stripe page. */
#include "hal/reader/drivers.h"

#include "hal/reader/msr.h"

#include <string.h>

enum { HID_CLASS = 3, HID_NO_SUBCLASS = 0 };
enum { FROM_INTERFACE = 0x81, GET_DESCRIPTOR = 6, HID_REPORT = 0x22 }; /* HID 1.11, 7.1.1 */

/* Subclass 1 is a keyboard or a mouse at boot. Of the others, the kernel's HID driver holds touch
 * screens and UPSes too: where it shows us the descriptor, nothing but a stripe reader is claimed.
 * Where nobody has looked at the descriptor yet, nobody is disturbed when we ask. */
static bool fits(const struct hal_interface *interface, const struct hal_reader_settings *settings)
{
    (void)settings;
    bool may_be = interface->bInterfaceClass == HID_CLASS &&
                  interface->bInterfaceSubClass == HID_NO_SUBCLASS &&
                  interface->interrupt_in != 0 && interface->report_descriptor_len != 0;
    if (!may_be || interface->report_descriptor == NULL) {
        return may_be;
    }
    struct hal_msr_layout layout;
    return hal_msr_layout(interface->report_descriptor, interface->report_descriptor_len,
                          &layout) == TALLY_OK;
}

/* Less than announced is no whole descriptor. */
static void take_descriptor(struct hal_msr_layout *layout, struct hal_link *link,
                            const uint8_t *bytes, size_t len)
{
    enum tally_status status = len == link->interface->report_descriptor_len
                                   ? hal_msr_layout(bytes, len, layout)
                                   : TALLY_E_DEVICE;
    if (status == TALLY_OK) {
        status = hal_link_listen(link, layout->sizes.input_len, layout->sizes.input_len_varies);
    }
    if (status == TALLY_OK) {
        hal_link_ready(link);
    } else {
        hal_link_end(link, status);
    }
}

static enum tally_status ask_descriptor(struct hal_link *link)
{
    const struct hal_interface *interface = link->interface;
    const struct hal_setup setup = {.bmRequestType = FROM_INTERFACE,
                                    .bRequest = GET_DESCRIPTOR,
                                    .wValue = HID_REPORT << 8,
                                    .wIndex = interface->bInterfaceNumber,
                                    .wLength = interface->report_descriptor_len};
    return setup.wLength > HAL_HID_DESCRIPTOR_LEN_MAX ? TALLY_E_DEVICE
                                                      : hal_link_control(link, &setup, NULL);
}

static void start(void *state, struct hal_link *link)
{
    const struct hal_interface *interface = link->interface;
    if (interface->report_descriptor != NULL) {
        take_descriptor(state, link, interface->report_descriptor,
                        interface->report_descriptor_len);
        return;
    }
    enum tally_status status = ask_descriptor(link);
    if (status != TALLY_OK) {
        hal_link_end(link, status);
    }
}

static void on_control(void *state, struct hal_link *link, enum tally_status status, uint8_t *bytes,
                       size_t len)
{
    if (status == TALLY_OK) {
        take_descriptor(state, link, bytes, len);
    } else {
        hal_link_end(link, status);
    }
}

static void on_report(void *state, struct hal_link *link, enum tally_status status, uint8_t *report,
                      size_t len)
{
    struct tally_card card = {0};
    if (status == TALLY_OK) {
        status = hal_msr_read(state, report, len, &link->settings->rules, &card);
    }
    if (status == TALLY_OK) {
        hal_link_card(link, &card);
    } else if (status != TALLY_E_NOT_FOUND) {
        hal_link_refuse(link, status);
    }
    explicit_bzero(&card, sizeof card);
}

const struct hal_reader_driver hal_driver_hid_msr = {.name = "HID magnetic stripe",
                                                     .state_len = sizeof(struct hal_msr_layout),
                                                     .fits = fits,
                                                     .start = start,
                                                     .on_control = on_control,
                                                     .on_report = on_report};
