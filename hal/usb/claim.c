/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing an interface, and every way in which a claim ends.
 *
 * Opening waits while the kernel still gets to know the device, and closing while its own driver
 * takes it back and asks it for its descriptors, which a dead device never sends: so both are jobs
 * for a thread of the pool. Each claim has a libusb context of its own, so that the thread shares
 * nothing. */
#include "hal/usb/room.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- in a thread of the pool ---- */

static enum tally_status status_from_open(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return TALLY_E_NO_PERMISSION;
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return TALLY_E_READER_GONE;
    case ENOMEM:
        return TALLY_E_NO_MEMORY;
    default:
        return TALLY_E_DEVICE;
    }
}

static void give_back(struct hal_usb_claim *claim)
{
    if (claim->handle != NULL) {
        if (claim->wants_reset) {
            (void)libusb_reset_device(claim->handle); /* what comes of it is seen on the bus */
        }
        (void)libusb_release_interface(claim->handle, claim->number);
        libusb_close(claim->handle);
        claim->handle = NULL;
    }
    if (claim->libusb != NULL) {
        libusb_exit(claim->libusb);
        claim->libusb = NULL;
    }
    if (claim->fd >= 0) {
        close(claim->fd);
        claim->fd = -1;
    }
}

static int take_interface(struct hal_usb_claim *claim)
{
    int code = libusb_init(&claim->libusb);
    if (code == LIBUSB_SUCCESS) {
        code = libusb_wrap_sys_device(claim->libusb, claim->fd, &claim->handle);
    }
    if (code == LIBUSB_SUCCESS) {
        /* Not supported means that no kernel driver can be in the way. */
        (void)libusb_set_auto_detach_kernel_driver(claim->handle, 1);
        code = libusb_claim_interface(claim->handle, claim->number);
    }
    return code;
}

static void open_job(uv_work_t *job)
{
    struct hal_usb_claim *claim = job->data;
    claim->fd = open(claim->node, O_RDWR | O_CLOEXEC);
    if (claim->fd < 0) {
        claim->opened = status_from_open(errno);
        return;
    }
    claim->opened = usb_status(take_interface(claim));
    if (claim->opened != TALLY_OK) {
        uint32_t caps = 0; /* libusb does not always say why it can't; the kernel does */
        bool is_gone = ioctl(claim->fd, USBDEVFS_GET_CAPABILITIES, &caps) != 0 && errno == ENODEV;
        claim->opened = is_gone ? TALLY_E_READER_GONE : claim->opened;
        give_back(claim);
    }
}

static void close_job(uv_work_t *job)
{
    struct hal_usb_claim *claim = job->data;
    for (struct usb_pipe *pipe = claim->pipes; pipe != NULL; pipe = pipe->next) {
        usb_free_pipe(pipe); /* before its context: a transfer holds on to its device */
    }
    give_back(claim);
}

/* ---- closing ---- */

static void finish(struct hal_usb_claim *claim)
{
    struct hal_usb *usb = claim->usb;
    struct usb_offer *offer = claim->offer;
    claim->handlers->on_closed(claim->context);
    tally_free(claim);
    usb_note_claim_closed(offer);
    usb_drop_part(usb);
}

static void on_job_closed(uv_work_t *job, int status)
{
    (void)status; /* never cancelled */
    finish(job->data);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct hal_usb_claim *claim = handle->data;
    claim->handles--;
    if (claim->handles > 0) {
        return;
    }
    if (claim->handle == NULL) {
        finish(claim); /* it was never opened */
        return;
    }
    claim->stage = USB_CLOSING;
    (void)uv_queue_work(claim->usb->loop, &claim->job, close_job, on_job_closed);
}

static void close_handle(struct hal_usb_claim *claim, uv_handle_t *handle)
{
    handle->data = claim;
    uv_close(handle, on_handle_closed);
}

static void close_handles(struct hal_usb_claim *claim)
{
    claim->stage = USB_HANDLES_CLOSING;
    for (struct usb_pipe *pipe = claim->pipes; pipe != NULL; pipe = pipe->next) {
        close_handle(claim, (uv_handle_t *)&pipe->timer);
    }
    for (size_t i = 0; i < claim->poller_count; i++) {
        close_handle(claim, (uv_handle_t *)&claim->pollers[i].handle);
    }
    close_handle(claim, (uv_handle_t *)&claim->timer);
    close_handle(claim, (uv_handle_t *)&claim->look_timer);
    close_handle(claim, (uv_handle_t *)&claim->renewal);
}

static bool is_anything_pending(const struct hal_usb_claim *claim)
{
    for (const struct usb_pipe *pipe = claim->pipes; pipe != NULL; pipe = pipe->next) {
        if (pipe->is_pending) {
            return true;
        }
    }
    return false;
}

static void on_renewal(uv_timer_t *timer);

void usb_settle(struct hal_usb_claim *claim)
{
    if (claim->stage != USB_OPEN || is_anything_pending(claim)) {
        return;
    }
    if (claim->is_released) {
        close_handles(claim);
    } else if (claim->is_renewing && !claim->has_ended) {
        (void)uv_timer_start(&claim->renewal, on_renewal, 0, 0);
    }
}

static void cancel_all(struct hal_usb_claim *claim)
{
    for (struct usb_pipe *pipe = claim->pipes; pipe != NULL; pipe = pipe->next) {
        (void)uv_timer_stop(&pipe->timer);
        usb_cancel(pipe);
    }
    (void)uv_timer_stop(&claim->timer);
}

void hal_usb_release(struct hal_usb_claim *claim)
{
    assert(claim != NULL && !claim->is_released);

    claim->is_released = true;
    cancel_all(claim);
    usb_settle(claim);
}

/* ---- ending ---- */

bool usb_is_dead(const struct hal_usb_claim *claim)
{
    return claim->has_ended || claim->is_released || claim->is_renewing;
}

void usb_end_claim(struct hal_usb_claim *claim, enum tally_status status)
{
    bool is_open = claim->stage == USB_OPEN && claim->opened == TALLY_OK;
    if (!is_open || claim->has_ended || claim->is_released) {
        return; /* opening: its end looks whether the device is there */
    }
    claim->has_ended = true;
    for (struct usb_pipe *pipe = claim->pipes; pipe != NULL; pipe = pipe->next) {
        if (pipe->buffer != NULL) {
            explicit_bzero(pipe->buffer, pipe->len); /* and again when it comes back */
        }
    }
    cancel_all(claim);
    claim->handlers->on_end(claim->context, status);
}

/* ---- renewing ---- */

static void on_renewal(uv_timer_t *timer)
{
    struct hal_usb_claim *claim = timer->data;
    if (claim->has_ended || claim->is_released) {
        return;
    }
    for (struct usb_pipe *pipe = claim->pipes; pipe != NULL; pipe = pipe->next) {
        usb_drop_buffer(pipe);
    }
    usb_forget_failures(claim);
    claim->is_renewing = false;
    claim->handlers->on_open(claim->context, TALLY_OK);
}

void hal_usb_renew(struct hal_usb_claim *claim)
{
    assert(claim != NULL && !usb_is_dead(claim));

    claim->is_renewing = true;
    cancel_all(claim);
    usb_settle(claim);
}

/* ---- opening ---- */

static void on_poll(uv_poll_t *handle, int status, int events)
{
    (void)status; /* libuv stops a handle on POLLERR; libusb looks at the descriptor itself */
    (void)events;
    const struct usb_poller *poller = (const struct usb_poller *)(void *)handle;
    struct timeval now = {0, 0};
    (void)libusb_handle_events_timeout_completed(poller->claim->libusb, &now, NULL);
}

static enum tally_status poll_one(struct hal_usb_claim *claim, const struct libusb_pollfd *from)
{
    if (claim->poller_count == USB_POLLERS_MAX) {
        return TALLY_E_DEVICE;
    }
    struct usb_poller *poller = &claim->pollers[claim->poller_count];
    if (uv_poll_init(claim->usb->loop, &poller->handle, from->fd) != 0) {
        return TALLY_E_DEVICE;
    }
    poller->claim = claim;
    claim->poller_count++;
    claim->handles++;
    int wanted = ((from->events & POLLIN) != 0 ? UV_READABLE : 0) | //
                 ((from->events & POLLOUT) != 0 ? UV_WRITABLE : 0);
    return uv_poll_start(&poller->handle, wanted, on_poll) == 0 ? TALLY_OK : TALLY_E_DEVICE;
}

/* They stay the same as long as the one device is open. libusb's own time limits are not used. */
static enum tally_status start_polling(struct hal_usb_claim *claim)
{
    const struct libusb_pollfd **fds = libusb_get_pollfds(claim->libusb);
    if (fds == NULL) {
        return TALLY_E_DEVICE;
    }
    enum tally_status status = TALLY_OK;
    for (size_t i = 0; fds[i] != NULL && status == TALLY_OK; i++) {
        status = poll_one(claim, fds[i]);
    }
    libusb_free_pollfds(fds);
    return status;
}

static void say_open(struct hal_usb_claim *claim)
{
    usb_start_looking(claim);
    claim->handlers->on_open(claim->context, TALLY_OK);
}

static void on_first_answer(struct usb_request *request, enum usb_answer answer, uint8_t *bytes,
                            size_t len)
{
    (void)bytes;
    (void)len;
    struct hal_usb_claim *claim = request->pipe.claim;
    if (answer == USB_UNANSWERED) {
        claim->opened = TALLY_E_READER_SILENT;
        claim->handlers->on_open(claim->context, claim->opened);
        return;
    }
    claim->offer->was_silent = false;
    say_open(claim);
}

static enum tally_status after_opening(struct hal_usb_claim *claim)
{
    TALLY_TRY(claim->opened);
    if (!claim->offer->device->is_there) {
        return TALLY_E_READER_GONE;
    }
    return start_polling(claim);
}

static void on_opened(uv_work_t *job, int status)
{
    (void)status; /* never cancelled */
    struct hal_usb_claim *claim = job->data;
    claim->stage = USB_OPEN;
    if (claim->is_released) {
        usb_settle(claim);
        return;
    }
    claim->opened = after_opening(claim);
    if (claim->opened != TALLY_OK) {
        claim->handlers->on_open(claim->context, claim->opened);
    } else if (claim->offer->was_silent) {
        usb_ask_if_there(claim, on_first_answer);
    } else {
        say_open(claim);
    }
}

static void init_timer(struct hal_usb_claim *claim, uv_timer_t *timer)
{
    (void)uv_timer_init(claim->usb->loop, timer); /* never fails */
    timer->data = claim;
    claim->handles++;
}

enum tally_status hal_usb_claim(struct hal_usb_interface *interface,
                                const struct hal_usb_handlers *handlers, void *context,
                                struct hal_usb_claim **ret_claim)
{
    assert(interface != NULL && handlers != NULL && ret_claim != NULL);

    struct usb_offer *offer = (struct usb_offer *)interface;
    struct hal_usb *usb = offer->device->usb;
    struct hal_usb_claim *claim = tally_alloc(1, sizeof *claim);
    assert(offer->claim == NULL && !usb->is_closing);
    if (claim == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    claim->usb = usb;
    claim->offer = offer;
    claim->handlers = handlers;
    claim->context = context;
    claim->fd = -1;
    claim->number = interface->is.bInterfaceNumber;
    snprintf(claim->node, sizeof claim->node, "%s", interface->node);
    usb_init_pipe(&claim->control.pipe, claim);
    usb_init_pipe(&claim->look.pipe, claim);
    usb_init_endpoints(claim);
    init_timer(claim, &claim->timer);
    init_timer(claim, &claim->look_timer);
    init_timer(claim, &claim->renewal);
    offer->claim = claim;
    usb_add_part(usb);
    claim->job.data = claim;
    (void)uv_queue_work(usb->loop, &claim->job, open_job, on_opened); /* needs only a callback */
    *ret_claim = claim;
    return TALLY_OK;
}

/* ---- the driver's clock ---- */

static void on_timer(uv_timer_t *timer)
{
    struct hal_usb_claim *claim = timer->data;
    claim->handlers->on_timer(claim->context);
}

void hal_usb_set_timer(struct hal_usb_claim *claim, uint32_t in_ms)
{
    assert(claim != NULL);

    if (in_ms == 0 || usb_is_dead(claim)) {
        (void)uv_timer_stop(&claim->timer);
    } else {
        uv_update_time(claim->usb->loop); /* a long turn of the loop is no part of the wait */
        (void)uv_timer_start(&claim->timer, on_timer, in_ms, 0);
    }
}

uint64_t hal_usb_now_ms(void)
{
    return uv_hrtime() / 1000000;
}
