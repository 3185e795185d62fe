/* SPDX-License-Identifier: Apache-2.0 */
/* One libusb transfer with its buffer and its timer. */
#include "hal/usb/room.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <string.h>

void usb_init_pipe(struct usb_pipe *pipe, struct hal_usb_claim *claim)
{
    pipe->claim = claim;
    (void)uv_timer_init(claim->usb->loop, &pipe->timer); /* never fails */
    claim->handles++;
    pipe->next = claim->pipes;
    claim->pipes = pipe;
}

/* The transfer is kept, the buffer is new each time: drop the old one first. */
enum tally_status usb_give_buffer(struct usb_pipe *pipe, size_t len)
{
    assert(!pipe->is_pending && pipe->buffer == NULL);

    if (pipe->transfer == NULL) {
        pipe->transfer = libusb_alloc_transfer(0);
    }
    pipe->buffer = pipe->transfer == NULL ? NULL : tally_alloc(len, 1);
    pipe->len = len;
    return pipe->buffer == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
}

void usb_drop_buffer(struct usb_pipe *pipe)
{
    assert(!pipe->is_pending);

    if (pipe->buffer != NULL) {
        explicit_bzero(pipe->buffer, pipe->len);
    }
    tally_free(pipe->buffer);
    pipe->buffer = NULL;
}

enum tally_status usb_submit(struct usb_pipe *pipe)
{
    assert(!pipe->is_pending);

    if (usb_is_dead(pipe->claim)) {
        return TALLY_E_READER_GONE;
    }
    pipe->is_cancelled = false;
    enum tally_status status = usb_status(libusb_submit_transfer(pipe->transfer));
    pipe->is_pending = status == TALLY_OK;
    return status == TALLY_OK || status == TALLY_E_READER_GONE || status == TALLY_E_NO_MEMORY
               ? status
               : TALLY_E_DEVICE;
}

/* It comes back as cancelled, unless it is complete already. */
void usb_cancel(struct usb_pipe *pipe)
{
    if (pipe->is_pending) {
        pipe->is_cancelled = true;
        (void)libusb_cancel_transfer(pipe->transfer);
    }
}

void usb_free_pipe(struct usb_pipe *pipe)
{
    usb_drop_buffer(pipe);
    libusb_free_transfer(pipe->transfer);
    pipe->transfer = NULL;
}

/* A request that comes back cancelled, and not by us, was taken by the kernel together with the
 * interface. (A bulk or interrupt transfer comes back empty then; see resubmit().) */
bool usb_take_back(struct usb_pipe *pipe)
{
    struct hal_usb_claim *claim = pipe->claim;
    enum libusb_transfer_status status = pipe->transfer->status;
    pipe->is_pending = false;
    (void)uv_timer_stop(&pipe->timer);
    if (status == LIBUSB_TRANSFER_COMPLETED || status == LIBUSB_TRANSFER_STALL) {
        claim->was_heard = true;
        claim->misses = 0;
    }
    bool is_taken = status == LIBUSB_TRANSFER_CANCELLED && !pipe->is_cancelled;
    if (status == LIBUSB_TRANSFER_NO_DEVICE || is_taken) {
        usb_end_claim(claim, TALLY_E_READER_GONE);
    }
    if (!usb_is_dead(claim)) {
        return true;
    }
    usb_drop_buffer(pipe);
    usb_settle(claim);
    return false;
}
