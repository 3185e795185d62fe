/* SPDX-License-Identifier: Apache-2.0 */
/* The room itself: opening, closing, and when it is done. */
#include "hal/usb/room.h"

#include "app/base/alloc.h"

#include <assert.h>

enum tally_status usb_status(int libusb_code)
{
    switch (libusb_code) {
    case LIBUSB_SUCCESS:
        return TALLY_OK;
    case LIBUSB_ERROR_ACCESS:
        return TALLY_E_NO_PERMISSION;
    case LIBUSB_ERROR_NO_DEVICE:
        return TALLY_E_READER_GONE;
    case LIBUSB_ERROR_BUSY:
        return TALLY_E_BUSY;
    case LIBUSB_ERROR_NO_MEM:
        return TALLY_E_NO_MEMORY;
    default:
        return TALLY_E_DEVICE;
    }
}

void usb_add_part(struct hal_usb *usb)
{
    usb->parts++;
}

void usb_drop_part(struct hal_usb *usb)
{
    assert(usb->parts > 0);

    usb->parts--;
    if (usb->parts > 0 || !usb->is_closing) {
        return;
    }
    hal_usb_closed_fn *on_closed = usb->on_closed;
    void *context = usb->closed_context;
    tally_free(usb);
    if (on_closed != NULL) {
        on_closed(context);
    }
}

static void on_shut(uv_handle_t *handle)
{
    struct hal_usb *usb = handle->data;
    usb_leave_bus(usb);
    usb_drop_part(usb);
}

/* May be called while the devices are being walked: they go from the loop. */
static void shut(struct hal_usb *usb)
{
    usb->is_closing = true;
    usb_stop_uevents(usb);
    uv_close((uv_handle_t *)&usb->again, on_shut);
}

enum tally_status hal_usb_open(uv_loop_t *loop, uint32_t look_ms,
                               const struct hal_usb_watcher *watcher, void *context,
                               struct hal_usb **ret_usb)
{
    assert(loop != NULL && watcher != NULL && ret_usb != NULL);
    assert(look_ms > 0);

    struct hal_usb *usb = tally_alloc(1, sizeof *usb);
    if (usb == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    usb->loop = loop;
    usb->look_ms = look_ms;
    usb->watcher = watcher;
    usb->context = context;
    usb->uevents_fd = -1;
    (void)uv_timer_init(loop, &usb->again); /* never fails */
    usb->again.data = usb;
    usb_add_part(usb);
    /* A context is made for each claim; none of them is to look at the bus, this room does. */
    (void)libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
    enum tally_status status = usb_watch_uevents(usb);
    if (status != TALLY_OK) {
        shut(usb); /* frees itself from the loop */
        return status;
    }
    usb_look_at_bus(usb);
    *ret_usb = usb;
    return TALLY_OK;
}

void hal_usb_close(struct hal_usb *usb, hal_usb_closed_fn *on_closed, void *context)
{
    assert(usb != NULL && !usb->is_closing);

    usb->on_closed = on_closed;
    usb->closed_context = context;
    shut(usb);
}
