/* SPDX-License-Identifier: Apache-2.0 */
/* The interrupt and bulk endpoints of a claim: keeping a transfer pending, and starting anew after
 * a failure. */
#include "hal/usb/room.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/usbdevice_fs.h>
#include <string.h>
#include <sys/ioctl.h>

enum { CLEAR_FEATURE = 1, ENDPOINT_HALT = 0, TO_ENDPOINT = 0x02 }; /* USB 2.0, 9.4 */

static void LIBUSB_CALL on_transfer(struct libusb_transfer *transfer);
static void on_timer(uv_timer_t *timer);

/* ---- going on ---- */

static void wipe(struct usb_endpoint *endpoint)
{
    if (endpoint->pipe.buffer != NULL) {
        explicit_bzero(endpoint->pipe.buffer, endpoint->pipe.len);
    }
    endpoint->have = 0;
}

static enum tally_status submit(struct usb_endpoint *endpoint)
{
    struct usb_pipe *pipe = &endpoint->pipe;
    assert(endpoint->have < pipe->len || endpoint->kind == USB_BULK_OUT);

    uint8_t *into = pipe->buffer + endpoint->have;
    int len = (int)(pipe->len - endpoint->have);
    if (endpoint->kind == USB_INTERRUPT_IN) {
        libusb_fill_interrupt_transfer(pipe->transfer, pipe->claim->handle, endpoint->address, into,
                                       len, on_transfer, endpoint, 0);
    } else {
        libusb_fill_bulk_transfer(pipe->transfer, pipe->claim->handle, endpoint->address, into, len,
                                  on_transfer, endpoint, 0);
    }
    return usb_submit(pipe);
}

/* What the kernel refuses here it allowed before: it has taken the interface back (a hub was reset,
 * the machine slept) and given it to a driver of its own. */
static void resubmit(struct usb_endpoint *endpoint)
{
    struct hal_usb_claim *claim = endpoint->pipe.claim;
    if (usb_is_dead(claim)) {
        return;
    }
    enum tally_status status = submit(endpoint);
    if (status != TALLY_OK) {
        usb_end_claim(claim, status == TALLY_E_NO_MEMORY ? TALLY_E_DEVICE : TALLY_E_READER_GONE);
    }
}

/* ---- starting anew ---- */

/* The first try is made at once, later ones after a growing while: a loose cable fails in
 * bursts. */
static void retry(struct usb_endpoint *endpoint, bool clears)
{
    struct hal_usb_claim *claim = endpoint->pipe.claim;
    if (usb_is_dead(claim)) {
        return;
    }
    endpoint->is_to_clear = endpoint->is_to_clear || clears;
    if (endpoint->failures++ == HAL_USB_RETRIES_MAX) {
        usb_end_claim(claim, TALLY_E_DEVICE);
        return;
    }
    uint64_t wait_ms = (endpoint->failures - 1) * (uint64_t)HAL_USB_RETRY_MS;
    (void)uv_timer_start(&endpoint->pipe.timer, on_timer, wait_ms, 0);
}

static void start_anew(struct usb_endpoint *endpoint)
{
    const struct hal_usb_claim *claim = endpoint->pipe.claim;
    if (endpoint->kind == USB_BULK_OUT) {
        claim->handlers->on_sent(claim->context, TALLY_E_DEVICE);
        return;
    }
    resubmit(endpoint);
    if (endpoint->kind == USB_BULK_IN && !usb_is_dead(claim)) {
        claim->handlers->on_received(claim->context, TALLY_E_DEVICE, NULL, 0);
    }
}

/* The device has forgotten the halt and its data toggle; RESETEP makes the host controller forget
 * its own. Together that is what libusb_clear_halt() does, but that one blocks until the device
 * answers. */
static void on_cleared(struct usb_request *request, enum usb_answer answer, uint8_t *bytes,
                       size_t len)
{
    (void)bytes;
    (void)len;
    struct hal_usb_claim *claim = request->pipe.claim;
    struct usb_endpoint *endpoint = request->owner;
    unsigned address = endpoint->address;
    bool is_cleared = answer == USB_ANSWERED && ioctl(claim->fd, USBDEVFS_RESETEP, &address) == 0;
    if (is_cleared) {
        endpoint->is_to_clear = false;
        start_anew(endpoint);
    } else if (answer == USB_ANSWERED && errno == ENODEV) {
        usb_end_claim(claim, TALLY_E_READER_GONE);
    } else {
        retry(endpoint, true);
    }
}

static void clear(struct usb_endpoint *endpoint)
{
    const struct hal_setup setup = {.bmRequestType = TO_ENDPOINT,
                                    .bRequest = CLEAR_FEATURE,
                                    .wValue = ENDPOINT_HALT,
                                    .wIndex = endpoint->address};
    enum tally_status status = usb_ask(&endpoint->clear, &setup, NULL, on_cleared);
    if (status == TALLY_E_READER_GONE) {
        usb_end_claim(endpoint->pipe.claim, status);
    } else if (status != TALLY_OK) {
        retry(endpoint, true);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct usb_endpoint *endpoint = timer->data;
    if (endpoint->pipe.is_pending) {
        usb_cancel(&endpoint->pipe); /* the rest of a report is late */
    } else if (usb_is_dead(endpoint->pipe.claim)) {
        return;
    } else if (endpoint->is_to_clear) {
        clear(endpoint);
    } else {
        start_anew(endpoint);
    }
}

/* ---- what came ---- */

static void say_report(struct usb_endpoint *endpoint, enum tally_status status)
{
    const struct hal_usb_claim *claim = endpoint->pipe.claim;
    bool is_whole = status == TALLY_OK;
    size_t len = endpoint->have;
    if (!is_whole) {
        wipe(endpoint);
    }
    claim->handlers->on_report(claim->context, status, is_whole ? endpoint->pipe.buffer : NULL,
                               is_whole ? len : 0);
    wipe(endpoint);
}

static void take_report_bytes(struct usb_endpoint *endpoint, size_t received)
{
    struct usb_pipe *pipe = &endpoint->pipe;
    assert(received <= pipe->len - endpoint->have);
    endpoint->have += received;
    endpoint->failures = 0;
    bool is_whole = endpoint->have == pipe->len || (endpoint->short_ends && endpoint->have > 0);
    bool is_begun = !is_whole && endpoint->have > 0;
    if (is_whole) {
        say_report(endpoint, TALLY_OK);
    }
    resubmit(endpoint);
    if (is_begun && pipe->is_pending) {
        (void)uv_timer_start(&pipe->timer, on_timer, HAL_USB_GAP_MS, 0);
    }
}

/* A stall, an overflow (out of step with the reports) or an error on the wire. */
static void take_report_failure(struct usb_endpoint *endpoint, size_t received)
{
    enum libusb_transfer_status status = endpoint->pipe.transfer->status;
    bool has_begun = endpoint->have > 0 || received > 0 || status == LIBUSB_TRANSFER_OVERFLOW;
    wipe(endpoint);
    if (has_begun) {
        say_report(endpoint, TALLY_E_CARD_UNREADABLE);
    }
    retry(endpoint, status == LIBUSB_TRANSFER_STALL);
}

static void take_interrupt(struct usb_endpoint *endpoint, size_t received)
{
    switch (endpoint->pipe.transfer->status) {
    case LIBUSB_TRANSFER_COMPLETED:
        take_report_bytes(endpoint, received);
        return;
    case LIBUSB_TRANSFER_CANCELLED: /* by us: its rest was late */
        say_report(endpoint, TALLY_E_CARD_UNREADABLE);
        resubmit(endpoint);
        return;
    default:
        take_report_failure(endpoint, received);
        return;
    }
}

static void take_bulk_in(struct usb_endpoint *endpoint, size_t received)
{
    const struct hal_usb_claim *claim = endpoint->pipe.claim;
    bool is_ok = endpoint->pipe.transfer->status == LIBUSB_TRANSFER_COMPLETED;
    if (is_ok && received > 0) {
        claim->handlers->on_received(claim->context, TALLY_OK, endpoint->pipe.buffer, received);
    }
    wipe(endpoint);
    if (is_ok) {
        endpoint->failures = 0;
        resubmit(endpoint);
    } else {
        retry(endpoint, true);
    }
}

static void take_bulk_out(struct usb_endpoint *endpoint, size_t sent)
{
    const struct hal_usb_claim *claim = endpoint->pipe.claim;
    bool is_ok =
        endpoint->pipe.transfer->status == LIBUSB_TRANSFER_COMPLETED && sent == endpoint->pipe.len;
    usb_drop_buffer(&endpoint->pipe);
    if (is_ok) {
        endpoint->failures = 0;
        claim->handlers->on_sent(claim->context, TALLY_OK);
    } else {
        retry(endpoint, true);
    }
}

static void LIBUSB_CALL on_transfer(struct libusb_transfer *transfer)
{
    struct usb_endpoint *endpoint = transfer->user_data;
    if (!usb_take_back(&endpoint->pipe)) {
        return;
    }
    size_t len = transfer->actual_length > 0 ? (size_t)transfer->actual_length : 0;
    switch (endpoint->kind) {
    case USB_INTERRUPT_IN:
        take_interrupt(endpoint, len);
        return;
    case USB_BULK_IN:
        take_bulk_in(endpoint, len);
        return;
    case USB_BULK_OUT:
        take_bulk_out(endpoint, len);
        return;
    }
}

/* ---- what a claim may ask for ---- */

static void init_endpoint(struct usb_endpoint *endpoint, struct hal_usb_claim *claim, int kind,
                          uint8_t address)
{
    usb_init_pipe(&endpoint->pipe, claim);
    usb_init_pipe(&endpoint->clear.pipe, claim);
    endpoint->pipe.timer.data = endpoint;
    endpoint->clear.owner = endpoint;
    endpoint->kind = kind;
    endpoint->address = address;
}

void usb_init_endpoints(struct hal_usb_claim *claim)
{
    const struct hal_interface *is = &claim->offer->shown.is;
    init_endpoint(&claim->interrupt_in, claim, USB_INTERRUPT_IN, is->interrupt_in);
    init_endpoint(&claim->bulk_in, claim, USB_BULK_IN, is->bulk_in);
    init_endpoint(&claim->bulk_out, claim, USB_BULK_OUT, is->bulk_out);
}

void usb_forget_failures(struct hal_usb_claim *claim)
{
    struct usb_endpoint *endpoints[] = {&claim->interrupt_in, &claim->bulk_in, &claim->bulk_out};
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        endpoints[i]->have = 0;
        endpoints[i]->failures = 0;
        endpoints[i]->is_to_clear = false;
    }
}

static enum tally_status begin(struct usb_endpoint *endpoint, size_t len)
{
    assert(endpoint->pipe.buffer == NULL && len <= INT_MAX);

    if (usb_is_dead(endpoint->pipe.claim)) {
        return TALLY_E_READER_GONE;
    }
    if (endpoint->address == 0) {
        return TALLY_E_DEVICE;
    }
    return usb_give_buffer(&endpoint->pipe, len);
}

static enum tally_status submit_first(struct usb_endpoint *endpoint)
{
    enum tally_status status = submit(endpoint);
    if (status != TALLY_OK) {
        usb_drop_buffer(&endpoint->pipe);
    }
    return status;
}

enum tally_status hal_usb_listen(struct hal_usb_claim *claim, size_t report_len, bool short_ends)
{
    assert(claim != NULL && report_len > 0);

    TALLY_TRY(begin(&claim->interrupt_in, report_len));
    claim->interrupt_in.short_ends = short_ends;
    return submit_first(&claim->interrupt_in);
}

enum tally_status hal_usb_receive(struct hal_usb_claim *claim, size_t len_max)
{
    assert(claim != NULL && len_max > 0);

    TALLY_TRY(begin(&claim->bulk_in, len_max));
    return submit_first(&claim->bulk_in);
}

enum tally_status hal_usb_send(struct hal_usb_claim *claim, const uint8_t *bytes, size_t len)
{
    assert(claim != NULL && bytes != NULL && len > 0);

    struct usb_endpoint *endpoint = &claim->bulk_out;
    bool is_failing =
        uv_is_active((uv_handle_t *)&endpoint->pipe.timer) != 0 || endpoint->clear.pipe.is_pending;
    if (endpoint->pipe.is_pending || is_failing) {
        return TALLY_E_BUSY;
    }
    TALLY_TRY(begin(endpoint, len));
    memcpy(endpoint->pipe.buffer, bytes, len);
    uint16_t packet_len = claim->offer->shown.is.bulk_out_packet_len;
    bool ends_full = packet_len != 0 && len % packet_len == 0;
    endpoint->pipe.transfer->flags = ends_full ? LIBUSB_TRANSFER_ADD_ZERO_PACKET : 0;
    return submit_first(endpoint);
}
