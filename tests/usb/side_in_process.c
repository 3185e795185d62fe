/* SPDX-License-Identifier: Apache-2.0 */
/* hal's drivers against device models in one process: no kernel, no loop, and time is a number, so
 * a minute of silence costs nothing. Each link does for its driver what reader.c and libusb do on a
 * real bus (hal/reader/link.h). */
#include "app/crypto/crypto.h"
#include "hal/reader/drivers.h"
#include "tests/usb/port.h"
#include "tests/usb/must.h"
#include "tests/usb/say.h"
#include "tests/usb/settings.h"
#include "tests/usb/side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEAR_MS_MAX = 60000, /* of the table's own time: what has not been said by then is not coming */
    QUIET_MS = 10000,
    GAP_MS = 2000,      /* a report that stops for so long is broken (hal/usb/usb.h) */
    MODEL_EPOCH = -100, /* the device's clock wraps soon after the start */
    NEVER = 0x7fffffff
};

struct plug;

struct in_link {
    struct hal_link base;
    struct hal_interface interface;
    struct plug *plug;
    const struct hal_reader_driver *driver; /* NULL: nobody has this interface */
    size_t row;                             /* of the driver table */
    void *state;
    bool is_ours, is_paired;
    bool is_barred; /* ready, and not used */
    bool is_left_alone;
    bool is_ready;
    struct {
        bool is_asked;
        struct tally_usb_setup setup;
        uint8_t data[HAL_LINK_CONTROL_LEN_MAX];
    } control;
    struct {
        bool is_asked, short_ends;
        struct port_in request; /* cap: what is missing of the report */
        uint8_t *report;
        size_t report_len, have;
        uint64_t gap_at_ms; /* 0: no transfer has ended inside of a report */
    } listen;
    struct {
        bool is_asked;
        struct port_in request;
    } receive;
    struct {
        bool is_asked;
        uint8_t *bytes;
        struct port_out request;
    } send;
    uint64_t timer_at_ms; /* 0: off */
};

struct plug {
    struct in_process *side;
    struct model *model;
    struct port port;
    struct in_link links[PORT_INTERFACES_MAX];
    struct plug *next;
    const char *kind; /* the caller's words */
    bool has_left;    /* the terminal knows */
    bool is_hub_off;  /* it comes back with its hub */
    bool is_first;
};

struct line {
    struct line *next;
    char text[SAY_LEN_MAX];
};

struct in_process {
    struct talk_side base;
    struct hal_reader_settings settings;
    uint64_t now_ms;
    struct plug *plugs; /* the newest first */
    struct line *lines;
    unsigned ready_count;
    bool is_paced;
    bool is_closing;
    bool has_plugged;
    struct side_cut cut;
    bool was_cut;
};

static struct in_process *self_of(const struct talk_side *side)
{
    return (struct in_process *)(uintptr_t)side;
}

static struct in_link *link_of(struct hal_link *link)
{
    return (struct in_link *)(void *)link;
}

/* ---- what the terminal says ---- */

static char *new_line(struct in_process *self)
{
    struct line **at = &self->lines;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = calloc(1, sizeof **at);
    MUST(*at != NULL);
    return (*at)->text;
}

static void let_go(struct in_link *link);

static void on_ours(struct hal_link *link, const char *serial, bool is_paired)
{
    MUST(serial[0] != '\0');
    link_of(link)->is_ours = true;
    link_of(link)->is_paired = is_paired;
}

static void on_paired(struct hal_link *link, enum tally_status status)
{
    snprintf(new_line(link_of(link)->plug->side), SAY_LEN_MAX, "paired %s",
             tally_status_name(status));
}

/* As reader.c does: of readers that are not used, ours stay claimed. */
static void on_ready(struct hal_link *base)
{
    struct in_link *link = link_of(base);
    struct in_process *self = link->plug->side;
    MUST(!link->is_ready && !link->is_barred);
    if (hal_reader_is_allowed(link->driver, &self->settings, link->is_paired)) {
        link->is_ready = true;
        say_state(TALLY_OK, ++self->ready_count, new_line(self));
        return;
    }
    link->is_barred = true;
    say_state(TALLY_E_READER_UNPAIRED, self->ready_count, new_line(self));
    if (!link->is_ours) {
        let_go(link);
        link->is_left_alone = true;
    }
}

static void on_card(struct hal_link *link, const struct tally_card *card)
{
    if (!link_of(link)->is_barred) {
        say_card(card, new_line(link_of(link)->plug->side));
    }
}

static void on_refuse(struct hal_link *link, enum tally_status status)
{
    if (!link_of(link)->is_barred) {
        say_refused(status, new_line(link_of(link)->plug->side));
    }
}

/* ---- a driver's life ---- */

static void try_drivers(struct in_link *link, size_t row);

static void let_go(struct in_link *link)
{
    free(link->state);
    free(link->listen.report);
    free(link->receive.request.into);
    free(link->send.bytes);
    struct in_link rest = {.base = link->base, .interface = link->interface, .plug = link->plug};
    *link = rest;
}

static void end_link(struct in_link *link, enum tally_status status)
{
    struct in_process *self = link->plug->side;
    bool was_ready = link->is_ready;
    size_t row = link->row;
    let_go(link);
    if (status == TALLY_E_NOT_FOUND && !was_ready) {
        try_drivers(link, row + 1);
        return;
    }
    self->ready_count -= was_ready ? 1 : 0;
    if (!self->is_closing) {
        say_state(status, self->ready_count, new_line(self));
    }
}

static void on_end(struct hal_link *link, enum tally_status status)
{
    end_link(link_of(link), status);
}

/* ---- what a driver asks ---- */

static enum tally_status on_control(struct hal_link *base, const struct hal_setup *setup,
                                    const uint8_t *data)
{
    struct in_link *link = link_of(base);
    if (link->control.is_asked) {
        return TALLY_E_BUSY;
    }
    MUST(setup->wLength <= HAL_LINK_CONTROL_LEN_MAX);
    link->control.is_asked = true;
    link->control.setup = (struct tally_usb_setup){.bmRequestType = setup->bmRequestType,
                                                   .bRequest = setup->bRequest,
                                                   .wValue = setup->wValue,
                                                   .wIndex = setup->wIndex,
                                                   .wLength = setup->wLength};
    if ((setup->bmRequestType & 0x80) == 0 && setup->wLength > 0) {
        memcpy(link->control.data, data, setup->wLength);
    }
    return TALLY_OK;
}

static void ask_report(struct in_link *link)
{
    link->listen.request = (struct port_in){.endpoint = link->interface.interrupt_in,
                                            .into = link->listen.report + link->listen.have,
                                            .cap = link->listen.report_len - link->listen.have};
}

static enum tally_status on_listen(struct hal_link *base, size_t report_len, bool short_ends)
{
    struct in_link *link = link_of(base);
    MUST(!link->listen.is_asked && report_len > 0);
    if (link->interface.interrupt_in == 0) {
        return TALLY_E_DEVICE;
    }
    link->listen.is_asked = true;
    link->listen.report_len = report_len;
    link->listen.short_ends = short_ends;
    link->listen.report = calloc(1, report_len);
    MUST(link->listen.report != NULL);
    ask_report(link);
    return TALLY_OK;
}

static enum tally_status on_receive(struct hal_link *base, size_t len_max)
{
    struct in_link *link = link_of(base);
    MUST(!link->receive.is_asked && len_max > 0);
    if (link->interface.bulk_in == 0) {
        return TALLY_E_DEVICE;
    }
    link->receive.is_asked = true;
    link->receive.request = (struct port_in){
        .endpoint = link->interface.bulk_in, .into = calloc(1, len_max), .cap = len_max};
    MUST(link->receive.request.into != NULL);
    return TALLY_OK;
}

static enum tally_status on_send(struct hal_link *base, const uint8_t *bytes, size_t len)
{
    struct in_link *link = link_of(base);
    if (link->interface.bulk_out == 0 || link->send.is_asked) {
        return link->send.is_asked ? TALLY_E_BUSY : TALLY_E_DEVICE;
    }
    link->send.is_asked = true;
    link->send.bytes = malloc(len); /* exactly: a device that reads on is caught */
    MUST(link->send.bytes != NULL);
    memcpy(link->send.bytes, bytes, len);
    link->send.request = (struct port_out){
        .endpoint = link->interface.bulk_out, .bytes = link->send.bytes, .len = len, .ends = true};
    return TALLY_OK;
}

static void on_set_timer(struct hal_link *base, uint32_t in_ms)
{
    struct in_link *link = link_of(base);
    link->timer_at_ms = in_ms == 0 ? 0 : link->plug->side->now_ms + in_ms;
}

static uint64_t on_now_ms(struct hal_link *base)
{
    return link_of(base)->plug->side->now_ms;
}

static const struct hal_link_ops link_ops = {.control = on_control,
                                             .listen = on_listen,
                                             .receive = on_receive,
                                             .send = on_send,
                                             .set_timer = on_set_timer,
                                             .now_ms = on_now_ms,
                                             .ours = on_ours,
                                             .paired = on_paired,
                                             .ready = on_ready,
                                             .card = on_card,
                                             .refuse = on_refuse,
                                             .end = on_end};

/* ---- one step of one link; each says whether something happened ---- */

static bool step_control(struct in_link *link)
{
    if (!link->control.is_asked) {
        return false;
    }
    uint8_t data[HAL_LINK_CONTROL_LEN_MAX];
    size_t len = 0;
    memcpy(data, link->control.data, sizeof data);
    enum port_result result = port_control(&link->plug->port, &link->control.setup, data, &len);
    link->control.is_asked = false;
    if (result == PORT_DONE || result == PORT_STALL) {
        link->driver->on_control(link->state, &link->base,
                                 result == PORT_DONE ? TALLY_OK : TALLY_E_DEVICE, data, len);
    }
    return true;
}

static void clear_halt(struct in_link *link, uint8_t endpoint)
{
    const struct tally_usb_setup setup = {.bmRequestType = 2, .bRequest = 1, .wIndex = endpoint};
    size_t len = 0;
    (void)port_control(&link->plug->port, &setup, NULL, &len);
}

static void end_report(struct in_link *link, enum tally_status status)
{
    uint8_t *report = link->listen.report;
    size_t len = status == TALLY_OK ? link->listen.have : 0;
    uint8_t *copy = malloc(len + 1); /* a driver that reads past `len` is caught */
    MUST(copy != NULL);
    memcpy(copy, report, len);
    memset(report, 0, link->listen.report_len);
    link->listen.have = 0;
    link->listen.gap_at_ms = 0;
    ask_report(link);
    link->driver->on_report(link->state, &link->base, status, copy, len);
    free(copy);
}

static bool step_listen(struct in_link *link)
{
    if (!link->listen.is_asked) {
        return false;
    }
    struct port_in *request = &link->listen.request;
    enum port_result result = port_in(&link->plug->port, request);
    if (result == PORT_WAIT || result == PORT_GONE) {
        return false;
    }
    if (result == PORT_STALL) {
        clear_halt(link, request->endpoint);
        return true;
    }
    link->listen.have += request->have;
    bool is_whole = link->listen.have == link->listen.report_len || link->listen.short_ends;
    if (result == PORT_BABBLE || is_whole) {
        end_report(link, result == PORT_BABBLE ? TALLY_E_CARD_UNREADABLE : TALLY_OK);
    } else {
        ask_report(link);
        link->listen.gap_at_ms = link->plug->side->now_ms + GAP_MS;
    }
    return true;
}

static bool step_receive(struct in_link *link)
{
    struct port_in *request = &link->receive.request;
    enum port_result result =
        link->receive.is_asked ? port_in(&link->plug->port, request) : PORT_WAIT;
    if (result == PORT_WAIT || result == PORT_GONE) {
        return false;
    }
    if (result == PORT_STALL) {
        clear_halt(link, request->endpoint);
    }
    enum tally_status status = result == PORT_DONE ? TALLY_OK : TALLY_E_DEVICE;
    size_t len = status == TALLY_OK ? request->have : 0;
    uint8_t *copy = malloc(len + 1);
    MUST(copy != NULL);
    memcpy(copy, request->into, len);
    request->have = 0;
    link->driver->on_received(link->state, &link->base, status, copy, len);
    free(copy);
    return true;
}

static bool step_send(struct in_link *link)
{
    enum port_result result =
        link->send.is_asked ? port_out(&link->plug->port, &link->send.request) : PORT_WAIT;
    if (result == PORT_WAIT || result == PORT_GONE) {
        return false;
    }
    if (result == PORT_STALL) {
        clear_halt(link, link->send.request.endpoint);
    }
    link->send.is_asked = false;
    free(link->send.bytes);
    link->send.bytes = NULL;
    link->driver->on_sent(link->state, &link->base,
                          result == PORT_DONE ? TALLY_OK : TALLY_E_DEVICE);
    return true;
}

static bool step_timer(struct in_link *link)
{
    uint64_t now_ms = link->plug->side->now_ms;
    if (link->timer_at_ms != 0 && link->timer_at_ms <= now_ms) {
        link->timer_at_ms = 0;
        link->driver->on_timer(link->state, &link->base);
        return true;
    }
    if (link->listen.gap_at_ms != 0 && link->listen.gap_at_ms <= now_ms) {
        end_report(link, TALLY_E_CARD_UNREADABLE);
        return true;
    }
    return false;
}

static bool step_link(struct in_link *link)
{
    return link->driver != NULL && (step_control(link) || step_send(link) || step_receive(link) ||
                                    step_listen(link) || step_timer(link));
}

/* ---- all of them, and time ---- */

static uint32_t model_ms(const struct in_process *self)
{
    return (uint32_t)self->now_ms + (uint32_t)MODEL_EPOCH;
}

/* The port has pulled its own cable. */
static void note_cut(struct plug *plug)
{
    plug->side->was_cut = plug->side->was_cut || (plug->is_first && plug->port.is_gone);
}

static void see_it_leave(struct plug *plug)
{
    plug->has_left = true;
    for (size_t i = 0; i < plug->port.interface_count; i++) {
        if (plug->links[i].driver != NULL) {
            end_link(&plug->links[i], TALLY_E_READER_GONE);
        } else if (plug->links[i].is_left_alone) {
            say_state(TALLY_E_READER_GONE, plug->side->ready_count, new_line(plug->side));
        }
    }
}

static bool step_plug(struct plug *plug)
{
    if (plug->has_left) {
        return false;
    }
    if (plug->port.is_gone) {
        note_cut(plug);
        see_it_leave(plug);
        return true;
    }
    (void)plug->model->ops->time(plug->model, model_ms(plug->side));
    for (size_t i = 0; i < plug->port.interface_count; i++) {
        if (step_link(&plug->links[i])) {
            return true;
        }
    }
    return false;
}

static bool step(struct in_process *self)
{
    for (struct plug *plug = self->plugs; plug != NULL; plug = plug->next) {
        if (step_plug(plug)) {
            return true;
        }
    }
    return false;
}

static uint64_t soonest(uint64_t at_ms, uint64_t other_ms)
{
    return other_ms != 0 && other_ms < at_ms ? other_ms : at_ms;
}

/* When something can happen next, though nothing does now. */
static uint64_t next_ms(struct in_process *self)
{
    uint64_t at_ms = self->now_ms + NEVER;
    for (struct plug *plug = self->plugs; plug != NULL; plug = plug->next) {
        if (plug->has_left) {
            continue;
        }
        uint32_t now_ms = model_ms(self);
        uint32_t in_ms = plug->model->ops->time(plug->model, now_ms) - now_ms;
        at_ms = soonest(at_ms, self->now_ms + (in_ms == 0 || plug->port.has_more ? 1 : in_ms));
        for (size_t i = 0; i < plug->port.interface_count; i++) {
            at_ms = soonest(at_ms, plug->links[i].timer_at_ms);
            at_ms = soonest(at_ms, plug->links[i].listen.gap_at_ms);
        }
    }
    return at_ms;
}

/* Until a line is said, or `until_ms`. */
static void run(struct in_process *self, uint64_t until_ms)
{
    while (self->lines == NULL) {
        if (step(self)) {
            continue;
        }
        uint64_t at_ms = next_ms(self);
        if (at_ms > until_ms) {
            self->now_ms = until_ms;
            return;
        }
        self->now_ms = at_ms;
    }
}

/* ---- plugging in ---- */

static void note_endpoints(struct in_link *link, const struct port *port)
{
    struct hal_interface *interface = &link->interface;
    for (size_t i = 0; i < port->endpoint_count; i++) {
        const struct port_endpoint *endpoint = &port->endpoints[i];
        bool is_in = (endpoint->bEndpointAddress & 0x80) != 0;
        unsigned type = endpoint->bmAttributes & 3;
        if (endpoint->interface != interface->bInterfaceNumber) {
            continue;
        }
        if (type == 3 && is_in && interface->interrupt_in == 0) {
            interface->interrupt_in = endpoint->bEndpointAddress;
        } else if (type == 2 && is_in && interface->bulk_in == 0) {
            interface->bulk_in = endpoint->bEndpointAddress;
            interface->bulk_in_packet_len = endpoint->wMaxPacketSize;
        } else if (type == 2 && !is_in && interface->bulk_out == 0) {
            interface->bulk_out = endpoint->bEndpointAddress;
            interface->bulk_out_packet_len = endpoint->wMaxPacketSize;
        }
    }
}

static uint16_t report_descriptor_len(const struct port_interface *found)
{
    const uint8_t *at = found->class_descriptors;
    bool is_hid = found->class_descriptors_len >= 9 && at[1] == 0x21 && at[6] == 0x22;
    return is_hid ? (uint16_t)(at[7] | at[8] << 8) : 0;
}

static void try_drivers(struct in_link *link, size_t row)
{
    struct in_process *self = link->plug->side;
    for (; hal_reader_drivers[row] != NULL; row++) {
        const struct hal_reader_driver *driver = hal_reader_drivers[row];
        if (hal_driver_is_wanted(driver, &link->interface, &self->settings)) {
            link->driver = driver;
            link->row = row;
            link->state = calloc(1, driver->state_len);
            MUST(link->state != NULL);
            driver->start(link->state, &link->base);
            return;
        }
    }
}

static void open_link(struct plug *plug, size_t index)
{
    const struct port_interface *found = &plug->port.interfaces[index];
    struct in_link *link = &plug->links[index];
    const uint8_t *device = plug->port.device;
    link->plug = plug;
    link->interface = (struct hal_interface){.idVendor = (uint16_t)(device[8] | device[9] << 8),
                                             .idProduct = (uint16_t)(device[10] | device[11] << 8),
                                             .bInterfaceNumber = found->bInterfaceNumber,
                                             .bInterfaceClass = found->bInterfaceClass,
                                             .bInterfaceSubClass = found->bInterfaceSubClass,
                                             .bInterfaceProtocol = found->bInterfaceProtocol,
                                             .class_descriptors = found->class_descriptors,
                                             .class_descriptors_len = found->class_descriptors_len,
                                             .report_descriptor_len = report_descriptor_len(found)};
    note_endpoints(link, &plug->port);
    link->base = (struct hal_link){
        .ops = &link_ops, .interface = &link->interface, .settings = &plug->side->settings};
    try_drivers(link, 0);
}

static bool plug_in(struct in_process *self, const char *kind)
{
    struct model *model = model_make(kind);
    if (model == NULL) {
        return false;
    }
    struct plug *plug = calloc(1, sizeof *plug);
    MUST(plug != NULL);
    plug->side = self;
    plug->model = model;
    plug->kind = kind;
    (void)model->ops->time(model, model_ms(self));
    port_open(&plug->port, model);
    plug->port.is_paced = self->is_paced;
    plug->is_first = !self->has_plugged;
    if (plug->is_first) {
        plug->port.unplug_after_transfers = self->cut.after_transfers;
        plug->port.unplug_after_packets = self->cut.after_packets;
    }
    self->has_plugged = true;
    plug->next = self->plugs;
    self->plugs = plug;
    for (size_t i = 0; i < plug->port.interface_count; i++) {
        open_link(plug, i);
    }
    return true;
}

static void pull_out(struct plug *plug)
{
    if (!plug->has_left) {
        note_cut(plug);
        plug->port.is_gone = true;
        plug->model->ops->reset(plug->model);
        see_it_leave(plug);
    }
}

/* A hub that resets: all of its devices are gone, and then there again, new. */
static void hub_off(struct in_process *self)
{
    for (struct plug *plug = self->plugs; plug != NULL; plug = plug->next) {
        plug->is_hub_off = !plug->has_left;
        pull_out(plug);
    }
}

/* The oldest first, as they were plugged in. */
static void hub_on(struct in_process *self, struct plug *plug)
{
    if (plug != NULL) {
        hub_on(self, plug->next);
        bool comes_back = plug->is_hub_off && plug_in(self, plug->kind);
        plug->is_hub_off = plug->is_hub_off && !comes_back;
    }
}

/* The same device again, after a bus reset: what a RESET command has called for is in force. What
 * can happen before happens. */
static void plug_in_again(struct plug *plug)
{
    while (step(plug->side)) {
    }
    pull_out(plug);
    port_open(&plug->port, plug->model);
    plug->has_left = false;
    for (size_t i = 0; i < plug->port.interface_count; i++) {
        memset(&plug->links[i], 0, sizeof plug->links[i]);
        open_link(plug, i);
    }
}

/* As a till asks for it; the key is that of `terminal pair`, which must have come before. */
static void pair_now(struct plug *plug)
{
    struct in_link *link = &plug->links[0];
    const struct hal_reader_pairs *pairs = plug->side->settings.pairs;
    if (pairs != NULL && link->is_ours && !plug->port.is_gone) {
        link->driver->pair(link->state, &link->base, pairs->pairs[0].key);
    } else {
        on_paired(&link->base, TALLY_E_NOT_FOUND);
    }
}

/* ---- a conversation ---- */

static void begin(struct talk_side *base)
{
    struct in_process *self = self_of(base);
    self->settings = settings_of_the_shop();
    self->now_ms = 1;
    self->ready_count = 0;
    self->is_closing = false;
    self->has_plugged = false;
    self->was_cut = false;
}

static bool do_outside(struct plug *plug, const char *words)
{
    if (plug->port.is_gone) {
        return true; /* a card is shown to a reader whose cable is out */
    }
    return port_order(&plug->port, words) || plug->model->ops->outside(plug->model, words);
}

static enum talk_answer act(struct talk_side *base, const char *words)
{
    struct in_process *self = self_of(base);
    bool is_done = false;
    if (strcmp(words, "sleep") == 0) {
        return TALK_CANNOT; /* a driver never hears of it */
    }
    if (strcmp(words, "terminal pairs it") == 0) {
        MUST(self->plugs != NULL);
        pair_now(self->plugs);
        is_done = true;
    } else if (strncmp(words, "terminal ", 9) == 0) {
        is_done = settings_read(&self->settings, words + 9);
        snprintf(new_line(self), SAY_LEN_MAX, "set");
    } else if (strncmp(words, "plug ", 5) == 0) {
        is_done = plug_in(self, words + 5);
    } else if (self->plugs != NULL && strcmp(words, "unplug") == 0) {
        pull_out(self->plugs);
        is_done = true;
    } else if (strcmp(words, "hub off") == 0) {
        hub_off(self);
        is_done = true;
    } else if (strcmp(words, "hub on") == 0) {
        hub_on(self, self->plugs);
        is_done = true;
    } else if (self->plugs != NULL && strcmp(words, "replug") == 0) {
        plug_in_again(self->plugs);
        is_done = true;
    } else if (self->plugs != NULL) {
        is_done = do_outside(self->plugs, words);
    }
    return is_done ? TALK_DONE : TALK_NOT_UNDERSTOOD;
}

static bool hear(struct talk_side *base, char line[TALK_LINE_LEN_MAX])
{
    struct in_process *self = self_of(base);
    run(self, self->now_ms + (self->is_closing ? QUIET_MS : HEAR_MS_MAX));
    struct line *said = self->lines;
    if (said == NULL) {
        return false;
    }
    snprintf(line, TALK_LINE_LEN_MAX, "%s", said->text);
    self->lines = said->next;
    free(said);
    return true;
}

static void finish(struct talk_side *base)
{
    self_of(base)->is_closing = true;
}

static void free_plug(struct plug *plug)
{
    for (size_t i = 0; i < plug->port.interface_count; i++) {
        let_go(&plug->links[i]);
    }
    model_free(plug->model);
    free(plug);
}

static bool end(struct talk_side *base)
{
    struct in_process *self = self_of(base);
    while (self->plugs != NULL) {
        struct plug *plug = self->plugs;
        self->plugs = plug->next;
        free_plug(plug);
    }
    return true;
}

static void cut_at(struct talk_side *base, struct side_cut cut)
{
    self_of(base)->cut = cut;
}

static bool was_cut(const struct talk_side *base)
{
    return self_of(base)->was_cut;
}

struct talk_side *side_in_process(bool is_paced)
{
    struct in_process *self = calloc(1, sizeof *self);
    MUST(self != NULL && tally_crypto_start() == TALLY_OK);
    self->base = (struct talk_side){.name = "in process",
                                    .begin = begin,
                                    .act = act,
                                    .hear = hear,
                                    .finish = finish,
                                    .end = end,
                                    .cut = cut_at,
                                    .was_cut = was_cut};
    self->is_paced = is_paced;
    return &self->base;
}
