/* SPDX-License-Identifier: Apache-2.0 */
/* What is on the bus: what is new is shown, what has left is ended, what waits is shown again. */
#include "hal/usb/room.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPEN_AGAIN_MS = 1000 };

/* ---- devices ---- */

static void free_device(struct usb_device *device)
{
    struct hal_usb *usb = device->usb;
    usb_free_seen(device->seen);
    tally_free(device->offers);
    tally_free(device);
    usb_drop_part(usb);
}

static void on_watch_closed(uv_handle_t *handle)
{
    free_device(handle->data);
}

static void unlink_device(struct usb_device *device)
{
    struct usb_device **at = &device->usb->devices;
    while (*at != device) {
        at = &(*at)->next;
    }
    *at = device->next;
}

/* A device that has left goes when the last claim on it is closed. */
static void drop_if_done(struct usb_device *device)
{
    struct hal_usb *usb = device->usb;
    for (size_t i = 0; i < device->offer_count; i++) {
        if (device->offers[i].claim != NULL) {
            return;
        }
    }
    unlink_device(device);
    for (size_t i = 0; i < device->offer_count; i++) {
        usb->watcher->on_left(usb->context, &device->offers[i].shown);
    }
    if (device->has_watch) {
        uv_close((uv_handle_t *)&device->watch, on_watch_closed);
    } else {
        free_device(device);
    }
}

static struct usb_device *make_device(struct hal_usb *usb, struct usb_seen *seen)
{
    struct usb_device *device = tally_alloc(1, sizeof *device);
    struct usb_offer *offers = tally_alloc(seen->interface_count, sizeof *offers);
    if (device == NULL || offers == NULL) {
        tally_free(device);
        tally_free(offers);
        return NULL;
    }
    *device = (struct usb_device){
        .usb = usb, .seen = seen, .offers = offers, .offer_count = seen->interface_count};
    for (size_t i = 0; i < device->offer_count; i++) {
        offers[i].device = device;
        offers[i].shown = (struct hal_usb_interface){.is = seen->interfaces[i],
                                                     .node = seen->node,
                                                     .name = seen->name,
                                                     .said = TALLY_E_NOT_FOUND};
    }
    device->is_there = true;
    device->next = usb->devices;
    usb->devices = device;
    usb_add_part(usb);
    return device;
}

static void leave(struct usb_device *device)
{
    device->is_there = false;
    device->has_left = true;
    for (size_t i = 0; i < device->offer_count; i++) {
        device->offers[i].wait = USB_WAIT_NOT;
        if (device->offers[i].claim != NULL) {
            usb_end_claim(device->offers[i].claim, TALLY_E_READER_GONE);
        }
    }
    drop_if_done(device);
}

/* ---- showing ---- */

static void show(struct usb_offer *offer)
{
    struct hal_usb *usb = offer->device->usb;
    offer->wait = USB_WAIT_NOT;
    if (!usb->is_closing) {
        usb->watcher->on_found(usb->context, &offer->shown);
    }
}

static bool is_due(const struct usb_offer *offer)
{
    if (offer->claim != NULL || offer->wait == USB_WAIT_NOT) {
        return false;
    }
    return offer->wait == USB_WAIT_TIME
               ? uv_now(offer->device->usb->loop) >= offer->due_ms
               : offer->has_news && access(offer->shown.node, R_OK | W_OK) == 0;
}

static void plan(struct hal_usb *usb);

/* on_found only adds claims: no device goes while this walks. */
static void show_due(struct hal_usb *usb)
{
    for (struct usb_device *device = usb->devices; device != NULL; device = device->next) {
        for (size_t i = 0; i < device->offer_count; i++) {
            if (is_due(&device->offers[i])) {
                show(&device->offers[i]);
            }
        }
    }
    plan(usb);
}

static void on_again(uv_timer_t *timer)
{
    show_due(timer->data);
}

/* The timer runs until the first of those that wait. */
static void plan(struct hal_usb *usb)
{
    uint64_t now_ms = uv_now(usb->loop), first_ms = UINT64_MAX;
    for (const struct usb_device *device = usb->devices; device != NULL; device = device->next) {
        for (size_t i = 0; i < device->offer_count; i++) {
            const struct usb_offer *offer = &device->offers[i];
            bool waits = offer->wait == USB_WAIT_TIME && offer->claim == NULL;
            first_ms = waits && offer->due_ms < first_ms ? offer->due_ms : first_ms;
        }
    }
    if (first_ms != UINT64_MAX && !usb->is_closing) {
        uint64_t wait_ms = first_ms > now_ms ? first_ms - now_ms : 0;
        (void)uv_timer_start(&usb->again, on_again, wait_ms, 0);
    }
}

void hal_usb_show_again(struct hal_usb_interface *interface, uint32_t in_ms)
{
    assert(interface != NULL);

    struct usb_offer *offer = (struct usb_offer *)interface;
    struct hal_usb *usb = offer->device->usb;
    offer->wait = offer->device->is_there ? USB_WAIT_TIME : USB_WAIT_NOT;
    offer->due_ms = uv_now(usb->loop) + in_ms;
    plan(usb);
}

static void note_news(struct usb_device *device)
{
    for (size_t i = 0; i < device->offer_count; i++) {
        device->offers[i].has_news = true;
    }
}

static void on_nodes_changed(uv_fs_event_t *watch, const char *name, int events, int status)
{
    (void)events;
    (void)status;
    struct usb_device *device = watch->data;
    const char *own_name = strrchr(device->seen->node, '/') + 1;
    if (name == NULL || strcmp(name, own_name) == 0) {
        note_news(device);
        show_due(device->usb);
    }
}

/* inotify wants to read what it watches, so it is given the folder: a node that is closed to us, or
 * not there yet, can't be read. */
static void watch_node(struct usb_device *device)
{
    char folder[USB_NODE_LEN_MAX + 1];
    if (!device->has_watch) {
        device->has_watch = uv_fs_event_init(device->usb->loop, &device->watch) == 0;
        device->watch.data = device;
    }
    snprintf(folder, sizeof folder, "%s", device->seen->node);
    *strrchr(folder, '/') = '\0';
    if (device->has_watch) {
        (void)uv_fs_event_stop(&device->watch); /* it may have been made anew */
        (void)uv_fs_event_start(&device->watch, on_nodes_changed, folder, 0);
    }
}

/* A node that looks open already was opened between the attempt and this call, or something else
 * forbids it (a device cgroup), or the device is dying: nobody will send news of that. */
void hal_usb_show_when_allowed(struct hal_usb_interface *interface)
{
    assert(interface != NULL);

    struct usb_offer *offer = (struct usb_offer *)interface;
    if (!offer->device->is_there || offer->device->usb->is_closing) {
        return;
    }
    offer->wait = USB_WAIT_ALLOWED;
    offer->has_news = false;
    watch_node(offer->device);
    if (access(interface->node, R_OK | W_OK) == 0) {
        hal_usb_show_again(interface, OPEN_AGAIN_MS);
    }
}

void usb_note_claim_closed(struct usb_offer *offer)
{
    struct hal_usb *usb = offer->device->usb;
    bool comes_back = offer->device->comes_back;
    offer->claim = NULL;
    if (offer->device->has_left) {
        drop_if_done(offer->device);
        if (comes_back) {
            usb_look_at_bus(usb);
        }
    } else {
        show_due(usb); /* a node may have been opened to us meanwhile */
    }
}

/* ---- looking ---- */

static struct usb_device *find_device(struct hal_usb *usb, const struct usb_identity *identity)
{
    struct usb_device *device = usb->devices;
    while (device != NULL && !usb_is_same(&device->seen->identity, identity)) {
        device = device->next;
    }
    return device;
}

static void drop_the_left(struct hal_usb *usb)
{
    struct usb_device *device = usb->devices;
    while (device != NULL) {
        struct usb_device *next = device->next;
        if (!device->is_there) {
            leave(device); /* again, when it was waiting for a claim: that does nothing */
        }
        device = next;
    }
}

static void meet(struct hal_usb *usb, struct usb_seen *seen)
{
    struct usb_device *device = make_device(usb, seen);
    if (device == NULL) {
        usb_free_seen(seen); /* the next change on the bus tries again */
        return;
    }
    for (size_t i = 0; i < device->offer_count; i++) {
        show(&device->offers[i]);
    }
}

/* Compares the bus with what is known. */
static void merge(struct hal_usb *usb, struct usb_seen *seen)
{
    for (struct usb_device *device = usb->devices; device != NULL; device = device->next) {
        device->is_there = false;
    }
    for (const struct usb_seen *at = seen; at != NULL; at = at->next) {
        struct usb_device *device = find_device(usb, &at->identity);
        if (device != NULL && device->has_left) {
            device->comes_back = true; /* deauthorised and authorised, it is the same to the bus */
        } else if (device != NULL) {
            device->is_there = true;
            note_news(device);
        }
    }
    drop_the_left(usb);
    while (seen != NULL) {
        struct usb_seen *next = seen->next;
        if (seen->is_known || find_device(usb, &seen->identity) != NULL) {
            usb_free_seen(seen);
        } else {
            meet(usb, seen);
        }
        seen = next;
    }
    show_due(usb);
}

static void scan(uv_work_t *work) /* in a thread of the pool */
{
    struct hal_usb *usb = work->data;
    usb->seen = usb_scan_sysfs(usb->known, usb->known_count);
}

static void on_scanned(uv_work_t *work, int status)
{
    (void)status;
    struct hal_usb *usb = work->data;
    struct usb_seen *seen = usb->seen;
    usb->seen = NULL;
    tally_free(usb->known);
    usb->known = NULL;
    usb->is_scanning = false;
    if (usb->is_closing) {
        while (seen != NULL) {
            struct usb_seen *next = seen->next;
            usb_free_seen(seen);
            seen = next;
        }
    } else {
        merge(usb, seen);
    }
    if (usb->has_changed) {
        usb_look_at_bus(usb);
    }
    usb_drop_part(usb);
}

static size_t count_devices(const struct hal_usb *usb)
{
    size_t count = 0;
    for (const struct usb_device *device = usb->devices; device != NULL; device = device->next) {
        count++;
    }
    return count;
}

void usb_look_at_bus(struct hal_usb *usb)
{
    usb->has_changed = usb->is_scanning && !usb->is_closing;
    if (usb->is_scanning || usb->is_closing) {
        return;
    }
    usb->known = tally_alloc(count_devices(usb), sizeof *usb->known);
    if (usb->known == NULL) {
        return; /* the next change tries again */
    }
    usb->known_count = 0;
    for (const struct usb_device *device = usb->devices; device != NULL; device = device->next) {
        if (!device->has_left) {
            usb->known[usb->known_count++] = device->seen->identity;
        }
    }
    usb->scan.data = usb;
    usb->is_scanning = true;
    usb_add_part(usb);
    /* Fails only without a callback. */
    (void)uv_queue_work(usb->loop, &usb->scan, scan, on_scanned);
}

void usb_leave_bus(struct hal_usb *usb)
{
    struct usb_device *device = usb->devices;
    while (device != NULL) {
        struct usb_device *next = device->next;
        device->is_there = false;
        device->has_left = true;
        for (size_t i = 0; i < device->offer_count; i++) {
            struct hal_usb_claim *claim = device->offers[i].claim;
            if (claim != NULL && !claim->is_released) {
                hal_usb_release(claim);
            }
        }
        drop_if_done(device);
        device = next;
    }
}
