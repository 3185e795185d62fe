/* SPDX-License-Identifier: Apache-2.0 */
/* Between the device model and FunctionFS. */
#include "firmware/port/linux-gadget/cable.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/usb/descriptors.h"

enum {
    AWAY_MS = 150, /* longer than a host's debouncing (USB 2.0, 7.1.7.3) */
    PACKETS_BEFORE_CUT = 3
};

static const uint8_t in_endpoints[] = {TALLY_USB_HID_IN, TALLY_USB_SLOT_IN, TALLY_USB_CCID_IN};

static void tell(struct cable *cable, enum cable_news news)
{
    cable->tell(cable->listener, news);
}

/* Says how a report ended, once: `news` if it was there before the last call and is not any
 * more. */
static void tell_end_of_report(struct cable *cable, enum cable_news news)
{
    bool was_reporting = cable->is_reporting;
    cable->is_reporting = cable->device.reader.state == TALLY_READER_REPORTING;
    if (was_reporting && !cable->is_reporting) {
        tell(cable, news);
    }
}

/* ---- coming and going ---- */

/* FunctionFS does not say how fast the bus is; the controller does. */
static enum tally_usb_speed speed_of(const struct gadget *gadget)
{
    return gadget_is_high_speed(gadget) ? TALLY_USB_HIGH_SPEED : TALLY_USB_FULL_SPEED;
}

static void host_up(struct cable *cable)
{
    endpoints_give_up_all(&cable->endpoints);
    tally_usb_device_reset(&cable->device, speed_of(&cable->gadget));
    tally_usb_device_configured(&cable->device, 1);
    cable->is_reporting = false;
    tell(cable, CABLE_HOST_UP);
}

static void host_down(struct cable *cable)
{
    endpoints_give_up_all(&cable->endpoints);
    tally_usb_device_reset(&cable->device, cable->device.speed);
    cable->is_reporting = false;
    tell(cable, CABLE_HOST_DOWN);
}

void cable_serve_ep0(struct cable *cable)
{
    enum endpoints_event events[ENDPOINTS_EVENTS_MAX];
    size_t count = endpoints_serve(&cable->endpoints, &cable->device, events);
    for (size_t i = 0; i < count; i++) {
        if (events[i] == ENDPOINTS_HOST_UP) {
            host_up(cable);
        } else {
            host_down(cable);
        }
    }
}

bool cable_plug(struct cable *cable)
{
    return gadget_bind(&cable->gadget);
}

bool cable_pull(struct cable *cable)
{
    if (!gadget_unbind(&cable->gadget)) {
        return false;
    }
    host_down(cable);
    return true;
}

/* The kernel takes descriptors once, when its file system is opened: other ones need another. */
static bool make_gadget(struct cable *cable)
{
    struct gadget *gadget = &cable->gadget;
    if (!gadget_create(gadget, cable->serial)) {
        return false;
    }
    if (!endpoints_open(&cable->endpoints, GADGET_FFS_DIR, &cable->device)) {
        snprintf(gadget->error, sizeof gadget->error, "FunctionFS refuses the endpoints: %s",
                 strerror(errno));
        gadget_remove(gadget);
        return false;
    }
    return gadget_bind(gadget);
}

bool cable_open(struct cable *cable, const struct tally_ports *ports, const char *udc,
                void (*tell_news)(void *listener, enum cable_news news), void *listener)
{
    cable->endpoints = (struct endpoints){.ep0_fd = -1, .done_fd = -1};
    cable->serial = ports->serial;
    cable->tell = tell_news;
    cable->listener = listener;
    tally_usb_device_init(&cable->device, ports);
    return gadget_choose_udc(&cable->gadget, udc) && make_gadget(cable);
}

static void take_apart(struct cable *cable)
{
    (void)gadget_unbind(&cable->gadget);
    endpoints_close(&cable->endpoints);
    gadget_remove(&cable->gadget);
}

void cable_close(struct cable *cable)
{
    take_apart(cable);
    explicit_bzero(&cable->device, sizeof cable->device);
}

/* A new form of report, for example: other descriptors, so it must look like another device. */
static void come_and_go(struct cable *cable, int64_t now_ms)
{
    if (!cable->is_away && tally_usb_device_wants_reconnect(&cable->device)) {
        cable->is_away = true;
        cable->back_at_ms = now_ms + AWAY_MS;
        take_apart(cable);
        host_down(cable);
    } else if (cable->is_away && now_ms >= cable->back_at_ms) {
        cable->is_away = false;
        if (!make_gadget(cable)) {
            fprintf(stderr, "tally-reader: cannot come back: %s\n", cable->gadget.error);
        }
    }
}

/* ---- transfers ---- */

void cable_cut_next_report(struct cable *cable)
{
    cable->is_cutting = true;
}

static void send_or_give_up(struct cable *cable, uint8_t address)
{
    size_t len = 0;
    const uint8_t *bytes = tally_usb_device_pending(&cable->device, address, &len);
    bool is_busy = endpoints_is_busy(&cable->endpoints, address);
    tell_end_of_report(cable, CABLE_REPORT_TAKEN); /* a keyboard with nothing to type */
    if (bytes == NULL) {
        endpoints_give_up(&cable->endpoints, address);
        return;
    }
    if (is_busy) { /* being sent; or what was given up has not come back yet */
        return;
    }
    size_t cut = PACKETS_BEFORE_CUT * TALLY_USB_PACKET_LEN;
    if (cable->is_cutting && address == TALLY_USB_HID_IN && len > cut) {
        len = cut;
    }
    if (!endpoints_send(&cable->endpoints, address, bytes, len, cable->device.speed)) {
        fprintf(stderr, "tally-reader: endpoint %02x: %s\n", address, strerror(errno));
        tally_usb_device_sent(&cable->device, address, 0);
        tell_end_of_report(cable, CABLE_REPORT_BROKEN);
    }
}

static void let_in(struct cable *cable, uint8_t address)
{
    if (cable->device.configuration != 0 && !endpoints_is_busy(&cable->endpoints, address) &&
        tally_usb_device_is_ready(&cable->device, address)) {
        (void)endpoints_receive(&cable->endpoints, address, cable->device.speed);
    }
}

static void finish_one(struct cable *cable, const struct endpoints_end *end)
{
    if (end->bytes != NULL) {
        if (end->is_whole) {
            tally_usb_device_received(&cable->device, end->address, end->bytes, end->len);
        }
        return;
    }
    if (cable->is_cutting && end->address == TALLY_USB_HID_IN && end->len > 0) {
        cable->is_cutting = false;
        cable->is_reporting = false;
        tell(cable, CABLE_REPORT_CUT);
        (void)cable_pull(cable);
        return;
    }
    size_t pending = 0;
    (void)tally_usb_device_pending(&cable->device, end->address, &pending);
    tally_usb_device_sent(&cable->device, end->address, end->len);
    tell_end_of_report(cable, end->len == pending ? CABLE_REPORT_TAKEN : CABLE_REPORT_BROKEN);
}

void cable_finish_transfers(struct cable *cable)
{
    struct endpoints_end end;
    while (endpoints_finish(&cable->endpoints, &end)) {
        finish_one(cable, &end);
    }
}

int64_t cable_time(struct cable *cable, int64_t now_ms)
{
    uint32_t next_ms = (uint32_t)now_ms;
    tell_end_of_report(cable, CABLE_REPORT_BROKEN);
    tally_usb_device_time(&cable->device, (uint32_t)now_ms, &next_ms);
    tell_end_of_report(cable, CABLE_REPORT_LATE);
    come_and_go(cable, now_ms);
    for (size_t i = 0; i < sizeof in_endpoints && !cable->is_away; i++) {
        send_or_give_up(cable, in_endpoints[i]);
    }
    if (!cable->is_away) {
        let_in(cable, TALLY_USB_CCID_OUT);
    }
    int64_t wants = now_ms + (int64_t)(next_ms - (uint32_t)now_ms);
    return cable->is_away && cable->back_at_ms < wants ? cable->back_at_ms : wants;
}
