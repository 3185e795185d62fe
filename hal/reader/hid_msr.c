/* SPDX-License-Identifier: Apache-2.0 */
/* Driver for magnetic stripe readers that are HID devices but no keyboards: the MagTek vendor page
 * and all who copied it, and the USB-IF's stripe page. */
#include "hal/reader/driver.h"

#include "hal/reader/msr.h"

#include <assert.h>

enum { HID_CLASS = 3, HID_NO_SUBCLASS = 0 };

/* Subclass 1 is a keyboard or a mouse at boot. Of the others, the kernel's HID driver holds touch
 * screens and UPSes too: where it shows us the descriptor, nothing but a stripe reader is claimed.
 */
static bool fits(const struct hal_usb_device *device, const struct hal_usb_interface *interface)
{
    bool may_be = interface->bInterfaceClass == HID_CLASS &&
                  interface->bInterfaceSubClass == HID_NO_SUBCLASS && interface->in_endpoint != 0 &&
                  interface->report_descriptor_len != 0;
    if (!may_be) {
        return false;
    }
    uint8_t descriptor[HAL_HID_DESCRIPTOR_LEN_MAX];
    size_t len = 0;
    enum tally_status status =
        hal_usb_peek_report_descriptor(device, interface, descriptor, sizeof descriptor, &len);
    if (status == TALLY_E_NOT_FOUND) {
        return true; /* nobody has looked at it yet: nobody is disturbed when we ask */
    }
    struct hal_msr_layout layout;
    return status == TALLY_OK && hal_msr_layout(descriptor, len, &layout) == TALLY_OK;
}

static enum tally_status start(void *state, struct hal_usb_claim *claim)
{
    struct hal_msr_layout *layout = state;
    uint8_t descriptor[HAL_HID_DESCRIPTOR_LEN_MAX];
    size_t len = 0;
    TALLY_TRY(hal_usb_report_descriptor(claim, descriptor, sizeof descriptor, &len));
    TALLY_TRY(hal_msr_layout(descriptor, len, layout));
    return hal_usb_listen(claim, layout->sizes.input_len, layout->sizes.input_len_varies);
}

static enum tally_status read_report(void *state, uint8_t *report, size_t len,
                                     const struct tally_card_rules *rules,
                                     struct tally_card *ret_card)
{
    return hal_msr_read(state, report, len, rules, ret_card);
}

const struct hal_reader_driver hal_driver_hid_msr = {.name = "HID magnetic stripe",
                                                     .state_len = sizeof(struct hal_msr_layout),
                                                     .fits = fits,
                                                     .start = start,
                                                     .read = read_report};
