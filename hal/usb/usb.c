/* SPDX-License-Identifier: Apache-2.0 */
/* libusb on a libuv loop: hot-plug, claims, and one pending interrupt transfer for each claim.
 *
 * libusb calls back from inside many of its functions. So its callbacks here only note what
 * happened and start an idle handle; all work, and every call out of this room, is done in
 * on_work(). */
#include "hal/usb/usb.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <libusb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HID_DT_HID = 0x21, HID_DT_REPORT = 0x22, HID_DESCRIPTOR_LEN_MIN = 9 };
enum {
    SETTLE_MS = 50,
    SETTLE_LOOKS_MAX = 40
}; /* two seconds for the kernel to configure a device */

/* A file descriptor of libusb's on the loop. */
struct poller {
    uv_poll_t handle;
    int fd;
    struct hal_usb *usb;
    struct poller *next;
};

/* A device that has been shown. */
struct hal_usb_known {
    libusb_device *device;
    struct hal_usb *usb;
    struct hal_usb_interface *interfaces;
    size_t interface_count;
    uint8_t configuration;
    bool is_there;
    struct hal_usb_known *next;
};

struct hal_usb_claim {
    struct hal_usb *usb;
    libusb_device *device; /* borrowed from `handle` */
    libusb_device_handle *handle;
    struct hal_usb_interface interface;
    const struct hal_usb_handlers *handlers;
    void *context;
    char name[HAL_USB_NAME_LEN_MAX + 1];
    struct libusb_transfer *transfer;
    uint8_t *report; /* report_len bytes, `have` of them received */
    size_t report_len;
    size_t have;
    bool short_ends;
    bool is_pending;    /* libusb has the transfer */
    bool is_done;       /* it came back and has not been looked at */
    bool is_restarting; /* cancelled because the report broke off */
    bool is_halted;
    bool has_left; /* the bus says that the device went */
    bool has_ended;
    bool is_released;
    bool timer_is_closed;
    unsigned failures; /* in a row */
    uv_timer_t timer;  /* pending: the rest of a report is late; else: time to try again */
    struct hal_usb_claim *next;
};

struct hal_usb {
    uv_loop_t *loop;
    libusb_context *context;
    libusb_hotplug_callback_handle hotplug;
    hal_usb_arrived_fn *on_arrived;
    void *arrived_context;
    hal_usb_closed_fn *on_closed;
    void *closed_context;
    struct poller *pollers;
    struct hal_usb_known *known;
    struct hal_usb_claim *claims;
    uv_idle_t work;     /* active when something has been noted */
    uv_timer_t timeout; /* libusb's own time-outs, where the system has no timerfd */
    uv_timer_t settle;  /* a device that has no configuration yet is looked at again */
    unsigned looks;     /* at such devices since the bus changed last */
    bool is_unsettled;  /* there is one */
    unsigned handles;   /* of libuv, not closed yet */
    bool poll_failed;
    bool bus_changed;
    bool is_closing;
    bool is_shut; /* libusb is gone, handles are closing */
};

static enum tally_status status_from_usb(int code)
{
    switch (code) {
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

static void on_work(uv_idle_t *idle);

static void note(struct hal_usb *usb)
{
    if (!usb->is_shut) {
        (void)uv_idle_start(&usb->work, on_work); /* fails only without a callback */
    }
}

/* ---- libusb's file descriptors and time-outs on the loop ---- */

static void handle_events(struct hal_usb *usb);

static void on_timeout(uv_timer_t *timer)
{
    handle_events(timer->data);
}

static void arm_timeout(struct hal_usb *usb)
{
    if (libusb_pollfds_handle_timeouts(usb->context) != 0) {
        return;
    }
    struct timeval left;
    if (libusb_get_next_timeout(usb->context, &left) == 1) {
        uint64_t left_ms = (uint64_t)left.tv_sec * 1000 + ((uint64_t)left.tv_usec + 999) / 1000;
        (void)uv_timer_start(&usb->timeout, on_timeout, left_ms, 0);
    } else {
        (void)uv_timer_stop(&usb->timeout);
    }
}

static void handle_events(struct hal_usb *usb)
{
    struct timeval now = {0, 0};
    (void)libusb_handle_events_timeout_completed(usb->context, &now, NULL);
    arm_timeout(usb);
}

/* libuv stops a handle on POLLERR and says so in `status`; libusb looks at the descriptor itself.
 */
static void on_poll(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct poller *poller = handle->data;
    handle_events(poller->usb);
}

static void finish_close(struct hal_usb *usb)
{
    if (usb->handles > 0 || !usb->is_shut) {
        return;
    }
    hal_usb_closed_fn *on_closed = usb->on_closed;
    void *context = usb->closed_context;
    tally_free(usb);
    if (on_closed != NULL) {
        on_closed(context);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct hal_usb *usb = handle->data;
    usb->handles--;
    finish_close(usb);
}

static void on_poller_closed(uv_handle_t *handle)
{
    struct poller *poller = handle->data;
    struct hal_usb *usb = poller->usb;
    tally_free(poller);
    usb->handles--;
    finish_close(usb);
}

static void on_fd_added(int fd, short events, void *context)
{
    struct hal_usb *usb = context;
    struct poller *poller = tally_alloc(1, sizeof *poller);
    if (poller == NULL || uv_poll_init(usb->loop, &poller->handle, fd) != 0) {
        tally_free(poller);
        usb->poll_failed = true;
        return;
    }
    poller->handle.data = poller;
    poller->fd = fd;
    poller->usb = usb;
    poller->next = usb->pollers;
    usb->pollers = poller;
    usb->handles++;
    int wanted = ((events & POLLIN) != 0 ? UV_READABLE : 0) | //
                 ((events & POLLOUT) != 0 ? UV_WRITABLE : 0);
    if (uv_poll_start(&poller->handle, wanted, on_poll) != 0) {
        usb->poll_failed = true;
    }
}

static void on_fd_removed(int fd, void *context)
{
    struct hal_usb *usb = context;
    for (struct poller **at = &usb->pollers; *at != NULL; at = &(*at)->next) {
        struct poller *poller = *at;
        if (poller->fd == fd) {
            *at = poller->next;
            uv_close((uv_handle_t *)&poller->handle, on_poller_closed);
            return;
        }
    }
}

static enum tally_status watch_fds(struct hal_usb *usb)
{
    const struct libusb_pollfd **fds = libusb_get_pollfds(usb->context);
    if (fds == NULL) {
        return TALLY_E_DEVICE;
    }
    for (size_t i = 0; fds[i] != NULL; i++) {
        on_fd_added(fds[i]->fd, fds[i]->events, usb);
    }
    libusb_free_pollfds(fds);
    libusb_set_pollfd_notifiers(usb->context, on_fd_added, on_fd_removed, usb);
    return usb->poll_failed ? TALLY_E_DEVICE : TALLY_OK;
}

/* ---- what is on the bus ---- */

static int LIBUSB_CALL on_hotplug(libusb_context *context, libusb_device *device,
                                  libusb_hotplug_event event, void *user_data)
{
    (void)context;
    (void)device;
    (void)event;
    struct hal_usb *usb = user_data;
    usb->bus_changed = true;
    usb->looks = 0;
    note(usb);
    return 0; /* stay registered */
}

/* The report descriptor's length, out of the class descriptors behind an interface descriptor (HID
 * 1.11, 6.2.1). */
static uint16_t find_report_descriptor_len(const uint8_t *extra, size_t len)
{
    size_t at = 0;
    while (len - at >= 2 && extra[at] >= 2 && extra[at] <= len - at) {
        const uint8_t *found = extra + at;
        bool is_hid = found[1] == HID_DT_HID && found[0] >= HID_DESCRIPTOR_LEN_MIN;
        if (is_hid && found[6] == HID_DT_REPORT) {
            return (uint16_t)(found[7] | found[8] << 8);
        }
        at += found[0];
    }
    return 0;
}

static uint8_t find_interrupt_in(const struct libusb_interface_descriptor *from)
{
    for (size_t i = 0; i < from->bNumEndpoints; i++) {
        const struct libusb_endpoint_descriptor *endpoint = &from->endpoint[i];
        bool is_in = (endpoint->bEndpointAddress & LIBUSB_ENDPOINT_IN) != 0;
        if (is_in && (endpoint->bmAttributes & 3) == LIBUSB_TRANSFER_TYPE_INTERRUPT) {
            return endpoint->bEndpointAddress;
        }
    }
    return 0;
}

static enum tally_status read_interfaces(struct hal_usb_known *known,
                                         const struct libusb_config_descriptor *config)
{
    known->configuration = config->bConfigurationValue;
    known->interfaces = tally_alloc(config->bNumInterfaces, sizeof *known->interfaces);
    if (known->interfaces == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < config->bNumInterfaces; i++) {
        if (config->interface[i].num_altsetting < 1) {
            continue;
        }
        const struct libusb_interface_descriptor *from = &config->interface[i].altsetting[0];
        size_t extra_len = from->extra_length > 0 ? (size_t)from->extra_length : 0;
        known->interfaces[known->interface_count++] = (struct hal_usb_interface){
            .bInterfaceNumber = from->bInterfaceNumber,
            .bInterfaceClass = from->bInterfaceClass,
            .bInterfaceSubClass = from->bInterfaceSubClass,
            .bInterfaceProtocol = from->bInterfaceProtocol,
            .in_endpoint = find_interrupt_in(from),
            .report_descriptor_len = find_report_descriptor_len(from->extra, extra_len)};
    }
    return TALLY_OK;
}

static void forget_device(struct hal_usb_known *known)
{
    libusb_unref_device(known->device);
    tally_free(known->interfaces);
    tally_free(known);
}

static void node_name(libusb_device *device, char *into, size_t cap)
{
    snprintf(into, cap, "/dev/bus/usb/%03u/%03u", (unsigned)libusb_get_bus_number(device),
             (unsigned)libusb_get_device_address(device));
}

static void on_settle(uv_timer_t *timer)
{
    struct hal_usb *usb = timer->data;
    usb->bus_changed = true;
    note(usb);
}

/* The kernel announces a device before it has chosen its configuration, and says nothing when it
 * has: so such a device stays unknown, and the bus is looked at again soon, for a while. */
static bool is_unsettled(struct hal_usb *usb, int code)
{
    if (code != LIBUSB_ERROR_NOT_FOUND || usb->looks >= SETTLE_LOOKS_MAX) {
        return false;
    }
    usb->is_unsettled = true;
    return true;
}

/* Shows a device that is new. Without memory it stays unknown, and the next change on the bus tries
 * again. */
static void meet_device(struct hal_usb *usb, libusb_device *device)
{
    struct libusb_config_descriptor *config = NULL;
    int code = libusb_get_active_config_descriptor(device, &config);
    if (is_unsettled(usb, code)) {
        return;
    }
    struct hal_usb_known *known = tally_alloc(1, sizeof *known);
    if (known == NULL) {
        if (code == LIBUSB_SUCCESS) {
            libusb_free_config_descriptor(config);
        }
        return;
    }
    known->device = libusb_ref_device(device);
    known->usb = usb;
    known->is_there = true;
    if (code == LIBUSB_SUCCESS) {
        enum tally_status status = read_interfaces(known, config);
        libusb_free_config_descriptor(config);
        if (status != TALLY_OK) {
            forget_device(known);
            return;
        }
    }
    known->next = usb->known;
    usb->known = known;

    struct libusb_device_descriptor descriptor;
    if (libusb_get_device_descriptor(device, &descriptor) != LIBUSB_SUCCESS) {
        return;
    }
    struct hal_usb_device shown = {.idVendor = descriptor.idVendor,
                                   .idProduct = descriptor.idProduct,
                                   .interfaces = known->interfaces,
                                   .interface_count = known->interface_count,
                                   .known = known};
    node_name(device, shown.node, sizeof shown.node);
    usb->on_arrived(usb->arrived_context, &shown);
}

static struct hal_usb_known *find_known(struct hal_usb *usb, libusb_device *device)
{
    struct hal_usb_known *known = usb->known;
    while (known != NULL && known->device != device) {
        known = known->next;
    }
    return known;
}

static void say_device_left(struct hal_usb *usb, libusb_device *device)
{
    for (struct hal_usb_claim *claim = usb->claims; claim != NULL; claim = claim->next) {
        claim->has_left = claim->has_left || claim->device == device;
    }
}

/* Compares the bus with what is known. We hold a reference to each known device, so a device that
 * went and came back is another pointer. */
static void scan_bus(struct hal_usb *usb)
{
    libusb_device **devices = NULL;
    ssize_t count = libusb_get_device_list(usb->context, &devices);
    if (count < 0) {
        return;
    }
    for (struct hal_usb_known *known = usb->known; known != NULL; known = known->next) {
        known->is_there = false;
    }
    for (ssize_t i = 0; i < count; i++) {
        struct hal_usb_known *known = find_known(usb, devices[i]);
        if (known != NULL) {
            known->is_there = true;
        }
    }
    for (struct hal_usb_known **at = &usb->known; *at != NULL;) {
        struct hal_usb_known *known = *at;
        if (known->is_there) {
            at = &known->next;
            continue;
        }
        *at = known->next;
        say_device_left(usb, known->device);
        forget_device(known);
    }
    for (ssize_t i = 0; i < count && !usb->is_closing; i++) {
        if (find_known(usb, devices[i]) == NULL) {
            meet_device(usb, devices[i]);
        }
    }
    libusb_free_device_list(devices, 1);
    if (usb->is_unsettled) {
        usb->is_unsettled = false;
        usb->looks++;
        (void)uv_timer_start(&usb->settle, on_settle, SETTLE_MS, 0);
    }
}

/* ---- reports ---- */

static void wipe_report(struct hal_usb_claim *claim)
{
    if (claim->report != NULL) {
        explicit_bzero(claim->report, claim->report_len);
    }
    claim->have = 0;
}

static void end_claim(struct hal_usb_claim *claim, enum tally_status status)
{
    wipe_report(claim);
    (void)uv_timer_stop(&claim->timer);
    if (!claim->has_ended && !claim->is_released) {
        claim->has_ended = true;
        claim->handlers->on_end(claim->context, status);
    }
}

static void say_broken(struct hal_usb_claim *claim)
{
    wipe_report(claim);
    if (!claim->is_released) {
        claim->handlers->on_broken(claim->context);
    }
}

static void LIBUSB_CALL on_transfer(struct libusb_transfer *transfer)
{
    struct hal_usb_claim *claim = transfer->user_data;
    claim->is_pending = false;
    claim->is_done = true;
    note(claim->usb);
}

static enum tally_status submit(struct hal_usb_claim *claim)
{
    assert(!claim->is_pending);
    assert(claim->have < claim->report_len);

    libusb_fill_interrupt_transfer(claim->transfer, claim->handle, claim->interface.in_endpoint,
                                   claim->report + claim->have,
                                   (int)(claim->report_len - claim->have), on_transfer, claim, 0);
    TALLY_TRY(status_from_usb(libusb_submit_transfer(claim->transfer)));
    claim->is_pending = true;
    arm_timeout(claim->usb);
    return TALLY_OK;
}

static void on_claim_timer(uv_timer_t *timer);

static void resubmit(struct hal_usb_claim *claim)
{
    if (claim->is_released || claim->has_ended) {
        return;
    }
    enum tally_status status = submit(claim);
    if (status != TALLY_OK) {
        end_claim(claim, status == TALLY_E_READER_GONE ? status : TALLY_E_DEVICE);
    }
}

/* The first try is made at once, later ones after a growing while: a loose cable fails in bursts.
 */
static void retry_later(struct hal_usb_claim *claim)
{
    if (claim->is_released || claim->has_ended) {
        return;
    }
    if (claim->failures++ == HAL_USB_RETRIES_MAX) {
        end_claim(claim, TALLY_E_DEVICE);
        return;
    }
    uint64_t wait_ms = (claim->failures - 1) * (uint64_t)HAL_USB_RETRY_MS;
    (void)uv_timer_start(&claim->timer, on_claim_timer, wait_ms, 0);
}

static void on_claim_timer(uv_timer_t *timer)
{
    struct hal_usb_claim *claim = timer->data;
    if (claim->is_pending) {
        claim->is_restarting = true;
        (void)libusb_cancel_transfer(claim->transfer); /* else it is complete already: noted */
        return;
    }
    if (claim->is_done || claim->is_released || claim->has_ended) {
        return;
    }
    if (claim->is_halted) {
        int code = libusb_clear_halt(claim->handle, claim->interface.in_endpoint);
        if (code == LIBUSB_ERROR_NO_DEVICE) {
            end_claim(claim, TALLY_E_READER_GONE);
            return;
        }
        claim->is_halted = code != LIBUSB_SUCCESS;
    }
    if (claim->is_halted) {
        retry_later(claim);
    } else {
        resubmit(claim);
    }
}

static void take_bytes(struct hal_usb_claim *claim)
{
    int received = claim->transfer->actual_length;
    assert(received >= 0 && (size_t)received <= claim->report_len - claim->have);
    claim->have += (size_t)received;
    claim->failures = 0;
    (void)uv_timer_stop(&claim->timer);
    bool is_whole = claim->have == claim->report_len || (claim->short_ends && claim->have > 0);
    if (is_whole) {
        if (!claim->is_released) {
            claim->handlers->on_report(claim->context, claim->report, claim->have);
        }
        wipe_report(claim);
    } else if (claim->have > 0 && !claim->is_released) {
        (void)uv_timer_start(&claim->timer, on_claim_timer, HAL_USB_GAP_MS, 0);
    }
    resubmit(claim);
}

static void take_failure(struct hal_usb_claim *claim, bool is_halted)
{
    bool has_bytes = claim->have > 0 || claim->transfer->actual_length > 0;
    wipe_report(claim);
    claim->is_halted = is_halted;
    if (has_bytes) {
        say_broken(claim);
    }
    retry_later(claim);
}

static void take_transfer(struct hal_usb_claim *claim)
{
    bool is_restarting = claim->is_restarting;
    claim->is_done = false;
    claim->is_restarting = false;
    if (claim->has_ended || claim->is_released) {
        wipe_report(claim);
        return;
    }
    switch (claim->transfer->status) {
    case LIBUSB_TRANSFER_COMPLETED:
        take_bytes(claim);
        return;
    case LIBUSB_TRANSFER_CANCELLED:
        if (is_restarting) {
            say_broken(claim);
        }
        wipe_report(claim);
        resubmit(claim);
        return;
    case LIBUSB_TRANSFER_OVERFLOW: /* out of step with the reports: begin anew */
        say_broken(claim);
        retry_later(claim);
        return;
    case LIBUSB_TRANSFER_NO_DEVICE:
        end_claim(claim, TALLY_E_READER_GONE);
        return;
    case LIBUSB_TRANSFER_STALL:
        take_failure(claim, true);
        return;
    case LIBUSB_TRANSFER_ERROR:
    case LIBUSB_TRANSFER_TIMED_OUT:
        take_failure(claim, false);
        return;
    }
}

/* ---- claims ---- */

static void on_claim_timer_closed(uv_handle_t *handle)
{
    struct hal_usb_claim *claim = handle->data;
    struct hal_usb *usb = claim->usb;
    claim->timer_is_closed = true;
    usb->handles--;
    note(usb);
}

static void free_claim(struct hal_usb_claim *claim)
{
    wipe_report(claim);
    (void)libusb_release_interface(claim->handle, claim->interface.bInterfaceNumber);
    libusb_close(claim->handle);
    libusb_free_transfer(claim->transfer);
    tally_free(claim->report);
    tally_free(claim);
}

static void free_released_claims(struct hal_usb *usb)
{
    for (struct hal_usb_claim **at = &usb->claims; *at != NULL;) {
        struct hal_usb_claim *claim = *at;
        if (claim->is_released && !claim->is_pending && claim->timer_is_closed) {
            *at = claim->next;
            free_claim(claim);
        } else {
            at = &claim->next;
        }
    }
}

/* Control characters of a device don't belong on a screen or in a log. */
static void read_name(struct hal_usb_claim *claim)
{
    struct libusb_device_descriptor descriptor;
    unsigned char text[HAL_USB_NAME_LEN_MAX + 1];
    int len = 0;
    if (libusb_get_device_descriptor(claim->device, &descriptor) == LIBUSB_SUCCESS &&
        descriptor.iProduct != 0) {
        len = libusb_get_string_descriptor_ascii(claim->handle, descriptor.iProduct, text,
                                                 sizeof text);
    }
    if (len <= 0) {
        node_name(claim->device, claim->name, sizeof claim->name);
        return;
    }
    int at = 0;
    for (; at < len && at < HAL_USB_NAME_LEN_MAX; at++) {
        claim->name[at] = text[at] >= 0x20 && text[at] < 0x7f ? (char)text[at] : '?';
    }
    claim->name[at] = '\0';
}

static enum tally_status open_and_claim(struct hal_usb_claim *claim)
{
    struct hal_usb *usb = claim->usb;
    usb->poll_failed = false;
    TALLY_TRY(status_from_usb(libusb_open(claim->device, &claim->handle)));
    enum tally_status status = usb->poll_failed ? TALLY_E_DEVICE : TALLY_OK;
    if (status == TALLY_OK) {
        /* Not supported means that no kernel driver can be in the way. */
        (void)libusb_set_auto_detach_kernel_driver(claim->handle, 1);
        status = status_from_usb(
            libusb_claim_interface(claim->handle, claim->interface.bInterfaceNumber));
    }
    if (status != TALLY_OK) {
        libusb_close(claim->handle);
    }
    return status;
}

enum tally_status hal_usb_claim(const struct hal_usb_device *device,
                                const struct hal_usb_interface *interface,
                                const struct hal_usb_handlers *handlers, void *context,
                                struct hal_usb_claim **ret_claim)
{
    assert(device != NULL && interface != NULL && handlers != NULL && ret_claim != NULL);

    struct hal_usb *usb = device->known->usb;
    struct hal_usb_claim *claim = tally_alloc(1, sizeof *claim);
    if (claim == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    claim->usb = usb;
    claim->device = device->known->device;
    claim->interface = *interface;
    claim->handlers = handlers;
    claim->context = context;
    claim->transfer = libusb_alloc_transfer(0);
    enum tally_status status = claim->transfer == NULL ? TALLY_E_NO_MEMORY : open_and_claim(claim);
    if (status != TALLY_OK) {
        libusb_free_transfer(claim->transfer);
        tally_free(claim);
        return status;
    }
    (void)uv_timer_init(usb->loop, &claim->timer); /* never fails */
    claim->timer.data = claim;
    usb->handles++;
    claim->next = usb->claims;
    usb->claims = claim;
    read_name(claim);
    arm_timeout(usb);
    *ret_claim = claim;
    return TALLY_OK;
}

const char *hal_usb_claim_name(const struct hal_usb_claim *claim)
{
    return claim->name;
}

enum tally_status hal_usb_report_descriptor(struct hal_usb_claim *claim, uint8_t *into, size_t cap,
                                            size_t *ret_len)
{
    assert(claim != NULL && into != NULL && ret_len != NULL);

    uint16_t wanted = claim->interface.report_descriptor_len;
    if (wanted == 0 || wanted > cap) {
        return TALLY_E_DEVICE;
    }
    int received = libusb_control_transfer(
        claim->handle, LIBUSB_ENDPOINT_IN | LIBUSB_RECIPIENT_INTERFACE,
        LIBUSB_REQUEST_GET_DESCRIPTOR, HID_DT_REPORT << 8, claim->interface.bInterfaceNumber, into,
        wanted, HAL_USB_CONTROL_MS);
    if (received == LIBUSB_ERROR_NO_DEVICE) {
        return TALLY_E_READER_GONE;
    }
    if (received != wanted) {
        return TALLY_E_DEVICE;
    }
    *ret_len = wanted;
    return TALLY_OK;
}

enum tally_status hal_usb_listen(struct hal_usb_claim *claim, size_t report_len, bool short_ends)
{
    assert(claim != NULL && claim->report == NULL);
    assert(report_len > 0 && report_len <= INT32_MAX);

    if (claim->interface.in_endpoint == 0) {
        return TALLY_E_DEVICE;
    }
    claim->report = tally_alloc(report_len, 1);
    if (claim->report == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    claim->report_len = report_len;
    claim->short_ends = short_ends;
    return submit(claim);
}

void hal_usb_release(struct hal_usb_claim *claim)
{
    assert(claim != NULL && !claim->is_released);

    claim->is_released = true;
    if (claim->is_pending) {
        (void)libusb_cancel_transfer(claim->transfer); /* its callback comes in any case */
    }
    uv_close((uv_handle_t *)&claim->timer, on_claim_timer_closed);
}

/* ---- the kernel's copy of a report descriptor ---- */

/* "/sys/bus/usb/devices/1-2.3:1.0", the directory of an interface. */
static bool interface_path(const struct hal_usb_known *known,
                           const struct hal_usb_interface *interface, char *path, size_t cap)
{
    uint8_t ports[7]; /* USB 3.0 allows no deeper tree */
    int depth = libusb_get_port_numbers(known->device, ports, (int)sizeof ports);
    if (depth <= 0) {
        return false; /* a root hub */
    }
    int len = snprintf(path, cap, "/sys/bus/usb/devices/%u",
                       (unsigned)libusb_get_bus_number(known->device));
    for (int i = 0; i < depth && len > 0 && (size_t)len < cap; i++) {
        len +=
            snprintf(path + len, cap - (size_t)len, "%c%u", i == 0 ? '-' : '.', (unsigned)ports[i]);
    }
    if (len > 0 && (size_t)len < cap) {
        len += snprintf(path + len, cap - (size_t)len, ":%u.%u", (unsigned)known->configuration,
                        (unsigned)interface->bInterfaceNumber);
    }
    return len > 0 && (size_t)len < cap;
}

static enum tally_status read_whole(int fd, uint8_t *into, size_t cap, size_t *ret_len)
{
    size_t len = 0;
    for (;;) {
        uint8_t one_more;
        bool is_full = len == cap;
        ssize_t got = read(fd, is_full ? &one_more : into + len, is_full ? 1 : cap - len);
        if (got < 0) {
            return TALLY_E_NOT_FOUND;
        }
        if (got == 0) {
            *ret_len = len;
            return TALLY_OK;
        }
        if (is_full) {
            return TALLY_E_DEVICE;
        }
        len += (size_t)got;
    }
}

enum tally_status hal_usb_peek_report_descriptor(const struct hal_usb_device *device,
                                                 const struct hal_usb_interface *interface,
                                                 uint8_t *into, size_t cap, size_t *ret_len)
{
    assert(device != NULL && interface != NULL && into != NULL && ret_len != NULL);

    char path[96];
    if (!interface_path(device->known, interface, path, sizeof path)) {
        return TALLY_E_NOT_FOUND;
    }
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return TALLY_E_NOT_FOUND;
    }
    enum tally_status status = TALLY_E_NOT_FOUND;
    const struct dirent *entry;
    while (status == TALLY_E_NOT_FOUND && (entry = readdir(dir)) != NULL) {
        char file[NAME_MAX + sizeof "/report_descriptor"];
        snprintf(file, sizeof file, "%s/report_descriptor", entry->d_name);
        int fd =
            strchr(entry->d_name, ':') == NULL /* a HID device is called bus:vendor:product.n */
                ? -1
                : openat(dirfd(dir), file, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            status = read_whole(fd, into, cap, ret_len);
            close(fd);
        }
    }
    closedir(dir);
    return status;
}

/* ---- the room itself ---- */

static void shut(struct hal_usb *usb)
{
    while (usb->known != NULL) {
        struct hal_usb_known *known = usb->known;
        usb->known = known->next;
        forget_device(known);
    }
    if (usb->context != NULL) {
        libusb_set_pollfd_notifiers(usb->context, NULL, NULL, NULL);
    }
    while (usb->pollers != NULL) {
        on_fd_removed(usb->pollers->fd, usb);
    }
    if (usb->context != NULL) {
        libusb_exit(usb->context);
    }
    usb->is_shut = true;
    uv_close((uv_handle_t *)&usb->work, on_handle_closed);
    uv_close((uv_handle_t *)&usb->timeout, on_handle_closed);
    uv_close((uv_handle_t *)&usb->settle, on_handle_closed);
}

static void on_work(uv_idle_t *idle)
{
    struct hal_usb *usb = idle->data;
    (void)uv_idle_stop(idle);
    for (struct hal_usb_claim *claim = usb->claims; claim != NULL; claim = claim->next) {
        if (claim->is_done) {
            take_transfer(claim);
        }
    }
    if (usb->bus_changed && !usb->is_closing) {
        usb->bus_changed = false;
        scan_bus(usb);
    }
    for (struct hal_usb_claim *claim = usb->claims; claim != NULL; claim = claim->next) {
        if (claim->has_left) {
            end_claim(claim, TALLY_E_READER_GONE);
        }
    }
    free_released_claims(usb);
    if (usb->is_closing && usb->claims == NULL && !usb->is_shut) {
        shut(usb);
    }
}

static enum tally_status start_libusb(struct hal_usb *usb)
{
    TALLY_TRY(status_from_usb(libusb_init(&usb->context)));
    TALLY_TRY(watch_fds(usb));
    if (!libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG)) {
        return TALLY_E_DEVICE;
    }
    return status_from_usb(libusb_hotplug_register_callback(
        usb->context, LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT,
        LIBUSB_HOTPLUG_ENUMERATE, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
        LIBUSB_HOTPLUG_MATCH_ANY, on_hotplug, usb, &usb->hotplug));
}

enum tally_status hal_usb_open(uv_loop_t *loop, hal_usb_arrived_fn *on_arrived, void *context,
                               struct hal_usb **ret_usb)
{
    assert(loop != NULL && on_arrived != NULL && ret_usb != NULL);

    struct hal_usb *usb = tally_alloc(1, sizeof *usb);
    if (usb == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    usb->loop = loop;
    usb->on_arrived = on_arrived;
    usb->arrived_context = context;
    (void)uv_idle_init(loop, &usb->work); /* these never fail */
    (void)uv_timer_init(loop, &usb->timeout);
    (void)uv_timer_init(loop, &usb->settle);
    usb->work.data = usb;
    usb->timeout.data = usb;
    usb->settle.data = usb;
    usb->handles = 3;
    enum tally_status status = start_libusb(usb);
    if (status != TALLY_OK) {
        shut(usb); /* frees itself from the loop */
        return status == TALLY_E_NO_MEMORY ? status : TALLY_E_DEVICE;
    }
    arm_timeout(usb);
    *ret_usb = usb;
    return TALLY_OK;
}

void hal_usb_close(struct hal_usb *usb, hal_usb_closed_fn *on_closed, void *context)
{
    assert(usb != NULL && !usb->is_closing);

    usb->is_closing = true;
    usb->on_closed = on_closed;
    usb->closed_context = context;
    libusb_hotplug_deregister_callback(usb->context, usb->hotplug);
    for (struct hal_usb_claim *claim = usb->claims; claim != NULL; claim = claim->next) {
        if (!claim->is_released) {
            hal_usb_release(claim);
        }
    }
    note(usb);
}
