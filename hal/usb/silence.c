/* SPDX-License-Identifier: Apache-2.0 */
/* A reader at rest says nothing, and so does one that has hung up. So it is asked now and then. */
#include "hal/usb/room.h"

enum { GET_STATUS = 0, STATUS_LEN = 2, MISSES_MAX = 2 }; /* USB 2.0, 9.4.5 */

/* Every claim on the device ends; the first one's end resets it. */
static void say_silent(struct usb_device *device)
{
    bool is_first = true;
    for (size_t i = 0; i < device->offer_count; i++) {
        struct usb_offer *offer = &device->offers[i];
        if (offer->claim == NULL || usb_is_dead(offer->claim)) {
            continue;
        }
        offer->was_silent = true;
        offer->claim->wants_reset = is_first;
        is_first = false;
        usb_end_claim(offer->claim, TALLY_E_READER_SILENT);
    }
}

static void on_answer(struct usb_request *request, enum usb_answer answer, uint8_t *bytes,
                      size_t len)
{
    (void)bytes;
    (void)len;
    struct hal_usb_claim *claim = request->pipe.claim;
    claim->was_heard = false; /* that it answers does not save the next question */
    if (answer != USB_UNANSWERED) {
        return;
    }
    if (++claim->misses < MISSES_MAX) {
        usb_ask_if_there(claim, on_answer);
    } else {
        say_silent(claim->offer->device);
    }
}

static void on_look(uv_timer_t *timer)
{
    struct hal_usb_claim *claim = timer->data;
    bool is_quiet = !claim->was_heard && !claim->look.pipe.is_pending;
    claim->was_heard = false;
    if (is_quiet && !usb_is_dead(claim)) {
        usb_ask_if_there(claim, on_answer);
    }
}

void usb_start_looking(struct hal_usb_claim *claim)
{
    uint32_t look_ms = claim->usb->look_ms;
    (void)uv_timer_start(&claim->look_timer, on_look, look_ms, look_ms);
}

/* Any answer will do, a refusal too. */
void usb_ask_if_there(struct hal_usb_claim *claim, usb_answer_fn *on_any_answer)
{
    const struct hal_setup setup = {
        .bmRequestType = LIBUSB_ENDPOINT_IN, .bRequest = GET_STATUS, .wLength = STATUS_LEN};
    enum tally_status status = usb_ask(&claim->look, &setup, NULL, on_any_answer);
    if (status != TALLY_OK && status != TALLY_E_NO_MEMORY) {
        usb_end_claim(claim, status == TALLY_E_READER_GONE ? status : TALLY_E_DEVICE);
    }
}
