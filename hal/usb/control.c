/* SPDX-License-Identifier: Apache-2.0 */
/* Requests on endpoint 0 (USB 2.0, 9.3), each with a time limit. */
#include "hal/usb/room.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <string.h>

enum { SETUP_LEN = LIBUSB_CONTROL_SETUP_SIZE };

static enum usb_answer answer_from(enum libusb_transfer_status status)
{
    switch (status) {
    case LIBUSB_TRANSFER_COMPLETED:
        return USB_ANSWERED;
    case LIBUSB_TRANSFER_STALL:
        return USB_STALLED;
    default:
        return USB_UNANSWERED;
    }
}

/* The buffer is taken out of the request, so that on_answer may ask for the next thing. */
static void LIBUSB_CALL on_done(struct libusb_transfer *transfer)
{
    struct usb_request *request = transfer->user_data;
    struct usb_pipe *pipe = &request->pipe;
    if (!usb_take_back(pipe)) {
        return;
    }
    enum usb_answer answer = answer_from(transfer->status);
    uint8_t *buffer = pipe->buffer;
    size_t buffer_len = pipe->len;
    size_t received = transfer->actual_length > 0 ? (size_t)transfer->actual_length : 0;
    size_t len = request->is_in && received < request->data_len ? received : request->data_len;
    pipe->buffer = NULL;
    request->on_answer(request, answer, buffer + SETUP_LEN, answer == USB_ANSWERED ? len : 0);
    explicit_bzero(buffer, buffer_len);
    tally_free(buffer);
}

static void on_late(uv_timer_t *timer)
{
    usb_cancel(timer->data);
}

enum tally_status usb_ask(struct usb_request *request, const struct hal_setup *setup,
                          const uint8_t *data, usb_answer_fn *on_answer)
{
    struct usb_pipe *pipe = &request->pipe;
    bool is_in = (setup->bmRequestType & LIBUSB_ENDPOINT_IN) != 0;
    assert(setup->wLength <= HAL_LINK_CONTROL_LEN_MAX);
    assert(is_in || setup->wLength == 0 || data != NULL);

    if (usb_is_dead(pipe->claim)) {
        return TALLY_E_READER_GONE;
    }
    if (pipe->is_pending) {
        return TALLY_E_BUSY;
    }
    enum tally_status status = usb_give_buffer(pipe, SETUP_LEN + (size_t)setup->wLength);
    if (status != TALLY_OK) {
        return status;
    }
    libusb_fill_control_setup(pipe->buffer, setup->bmRequestType, setup->bRequest, setup->wValue,
                              setup->wIndex, setup->wLength);
    if (!is_in && setup->wLength > 0) {
        memcpy(pipe->buffer + SETUP_LEN, data, setup->wLength);
    }
    request->is_in = is_in;
    request->data_len = setup->wLength;
    request->on_answer = on_answer;
    libusb_fill_control_transfer(pipe->transfer, pipe->claim->handle, pipe->buffer, on_done,
                                 request, 0);
    status = usb_submit(pipe);
    if (status != TALLY_OK) {
        usb_drop_buffer(pipe);
        return status;
    }
    pipe->timer.data = pipe;
    (void)uv_timer_start(&pipe->timer, on_late, HAL_LINK_CONTROL_MS, 0);
    return TALLY_OK;
}

static void on_drivers_answer(struct usb_request *request, enum usb_answer answer, uint8_t *bytes,
                              size_t len)
{
    const struct hal_usb_claim *claim = request->pipe.claim;
    enum tally_status status = answer == USB_ANSWERED ? TALLY_OK : TALLY_E_DEVICE;
    claim->handlers->on_control(claim->context, status, bytes, len);
}

enum tally_status hal_usb_control(struct hal_usb_claim *claim, const struct hal_setup *setup,
                                  const uint8_t *data)
{
    assert(claim != NULL && setup != NULL);
    return usb_ask(&claim->control, setup, data, on_drivers_answer);
}
