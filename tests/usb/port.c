/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers of a device model, packet by packet. */
#include "tests/usb/port.h"
#include "tests/usb/must.h"

#include <stdio.h>
#include <string.h>

/* USB 2.0, tables 9-4 to 9-6 */
enum {
    REQUEST_CLEAR_FEATURE = 1,
    REQUEST_SET_CONFIGURATION = 9,
    REQUEST_GET_DESCRIPTOR = 6,
    DEVICE = 1,
    CONFIGURATION = 2,
    INTERFACE = 4,
    ENDPOINT = 5,
    DIRECTION_IN = 0x80,
    TO_ENDPOINT = 0x02,
    FEATURE_ENDPOINT_HALT = 0,
    TYPE_BULK = 2,
    TYPE_INTERRUPT = 3,
    TYPE_MASK = 3
};

struct port_endpoint *port_find(struct port *port, uint8_t endpoint)
{
    for (size_t i = 0; i < port->endpoint_count; i++) {
        if (port->endpoints[i].bEndpointAddress == endpoint) {
            return &port->endpoints[i];
        }
    }
    return NULL;
}

/* ---- enumeration ---- */

static size_t get_descriptor(struct port *port, uint8_t type, uint8_t *into, size_t cap)
{
    const struct tally_usb_setup setup = {.bmRequestType = DIRECTION_IN,
                                          .bRequest = REQUEST_GET_DESCRIPTOR,
                                          .wValue = (uint16_t)(type << 8),
                                          .wLength = (uint16_t)cap};
    size_t len = 0;
    enum port_result result = port_control(port, &setup, into, &len);
    MUST(result == PORT_DONE);
    return len;
}

static void note_interface(struct port *port, const uint8_t *at)
{
    MUST(at[0] >= 9 && port->interface_count < PORT_INTERFACES_MAX);
    port->interfaces[port->interface_count++] =
        (struct port_interface){.bInterfaceNumber = at[2],
                                .bInterfaceClass = at[5],
                                .bInterfaceSubClass = at[6],
                                .bInterfaceProtocol = at[7],
                                .class_descriptors = at + at[0]};
}

static void note_endpoint(struct port *port, const uint8_t *at)
{
    MUST(at[0] >= 7 && port->endpoint_count < PORT_ENDPOINTS_MAX && port->interface_count > 0);
    port->endpoints[port->endpoint_count++] = (struct port_endpoint){
        .bEndpointAddress = at[2],
        .bmAttributes = at[3],
        .wMaxPacketSize = (uint16_t)(at[4] | at[5] << 8),
        .bInterval = at[6],
        .interface = port->interfaces[port->interface_count - 1].bInterfaceNumber};
}

/* Class descriptors stand between their interface's and its first endpoint's (USB 2.0, 9.5). */
static void read_config(struct port *port)
{
    for (size_t at = 0; at < port->config_len; at += port->config[at]) {
        const uint8_t *found = port->config + at;
        MUST(found[0] >= 2 && at + found[0] <= port->config_len);
        if (found[1] == INTERFACE) {
            note_interface(port, found);
        } else if (found[1] == ENDPOINT) {
            note_endpoint(port, found);
        } else if (port->interface_count > 0) {
            port->interfaces[port->interface_count - 1].class_descriptors_len += found[0];
        }
    }
}

void port_open(struct port *port, struct model *model)
{
    memset(port, 0, sizeof *port);
    port->model = model;
    model->ops->reset(model);
    size_t device_len = get_descriptor(port, DEVICE, port->device, sizeof port->device);
    MUST(device_len == sizeof port->device);
    port->config_len = get_descriptor(port, CONFIGURATION, port->config, sizeof port->config);
    MUST(port->config_len >= 9);
    MUST(port->config_len == (size_t)(port->config[2] | port->config[3] << 8));
    read_config(port);
    const struct tally_usb_setup choose = {.bRequest = REQUEST_SET_CONFIGURATION,
                                           .wValue = port->config[5]};
    size_t len = 0;
    enum port_result result = port_control(port, &choose, NULL, &len);
    MUST(result == PORT_DONE);
    port->transfers = 0;
    port->packets = 0;
}

/* ---- transfers ---- */

static void pull_cable(struct port *port)
{
    port->is_gone = true;
    port->model->ops->reset(port->model);
}

static void count_transfer(struct port *port)
{
    port->transfers++;
    if (port->transfers == port->unplug_after_transfers && !port->is_gone) {
        pull_cable(port);
    }
}

static void count_packet(struct port *port)
{
    port->packets++;
    if (port->packets == port->unplug_after_packets && !port->is_gone) {
        pull_cable(port);
    }
}

void port_halt(struct port *port, uint8_t endpoint)
{
    struct port_endpoint *found = port_find(port, endpoint);
    MUST(found != NULL);
    found->is_halted = true;
}

bool port_order(struct port *port, const char *words)
{
    unsigned endpoint = 0;
    if (sscanf(words, "stall %x", &endpoint) == 1) {
        port_halt(port, (uint8_t)endpoint);
        return true;
    }
    return sscanf(words, "pieces %zu", &port->piece_len) == 1 ||
           sscanf(words, "break %zu", &port->breaks_after) == 1;
}

static void clear_halt(struct port *port, const struct tally_usb_setup *setup)
{
    struct port_endpoint *endpoint = port_find(port, (uint8_t)setup->wIndex);
    if (setup->bmRequestType == TO_ENDPOINT && setup->bRequest == REQUEST_CLEAR_FEATURE &&
        setup->wValue == FEATURE_ENDPOINT_HALT && endpoint != NULL) {
        endpoint->is_halted = false;
        endpoint->taken = 0;
    }
}

static enum port_result finish_control(struct port *port, const struct tally_usb_setup *setup,
                                       uint8_t *data, size_t *ret_len)
{
    struct tally_usb_answer answer = port->model->ops->setup(port->model, setup);
    switch (answer.kind) {
    case TALLY_USB_SEND:
        MUST((setup->bmRequestType & DIRECTION_IN) != 0 && answer.len <= setup->wLength);
        memcpy(data, answer.data, answer.len);
        *ret_len = answer.len;
        return PORT_DONE;
    case TALLY_USB_RECEIVE:
        MUST((setup->bmRequestType & DIRECTION_IN) == 0);
        *ret_len = setup->wLength;
        return port->model->ops->setup_data(port->model, data, setup->wLength) ? PORT_DONE
                                                                               : PORT_STALL;
    case TALLY_USB_DONE:
        return PORT_DONE;
    case TALLY_USB_STALL:
        break;
    }
    return PORT_STALL;
}

enum port_result port_control(struct port *port, const struct tally_usb_setup *setup, uint8_t *data,
                              size_t *ret_len)
{
    *ret_len = 0;
    if (port->is_gone) {
        return PORT_GONE;
    }
    clear_halt(port, setup);
    enum port_result result = finish_control(port, setup, data, ret_len);
    count_packet(port);
    count_transfer(port);
    return result;
}

/* How long the next packet is. */
static size_t packet_len(const struct port *port, const struct port_endpoint *endpoint, size_t len)
{
    bool is_interrupt = (endpoint->bmAttributes & TYPE_MASK) == TYPE_INTERRUPT;
    size_t most = endpoint->wMaxPacketSize, left = len - endpoint->taken;
    if (is_interrupt && port->piece_len != 0 && port->piece_len < most) {
        most = port->piece_len;
    }
    return left < most ? left : most;
}

/* Whether the device gives the rest of this report up. */
static bool breaks_off(struct port *port, const struct port_endpoint *endpoint)
{
    bool is_over = port->breaks_after != 0 && endpoint->taken >= port->breaks_after;
    port->breaks_after = is_over ? 0 : port->breaks_after;
    return is_over;
}

/* The packets that wait, as far as the request has room. */
static enum port_result take_packets(struct port *port, struct port_endpoint *endpoint,
                                     const uint8_t *pending, size_t len, struct port_in *request,
                                     bool *ret_all)
{
    while (request->have < request->cap) {
        size_t packet = packet_len(port, endpoint, len);
        if (packet > request->cap - request->have) {
            return PORT_BABBLE;
        }
        memcpy(request->into + request->have, pending + endpoint->taken, packet);
        request->have += packet;
        endpoint->taken += packet;
        bool is_short = packet < endpoint->wMaxPacketSize;
        bool is_bulk = (endpoint->bmAttributes & TYPE_MASK) == TYPE_BULK;
        bool is_broken = !is_bulk && breaks_off(port, endpoint);
        *ret_all = is_broken || (endpoint->taken == len && (is_short || !is_bulk));
        count_packet(port);
        if (is_short) {
            return PORT_DONE;
        }
        if (port->is_gone) {
            return PORT_GONE;
        }
        if (*ret_all || (port->is_paced && !is_bulk)) {
            break;
        }
    }
    return request->have == request->cap ? PORT_DONE : PORT_WAIT;
}

enum port_result port_in(struct port *port, struct port_in *request)
{
    struct port_endpoint *endpoint = port_find(port, request->endpoint);
    MUST(endpoint != NULL);
    if (port->is_gone || endpoint->is_halted) {
        return port->is_gone ? PORT_GONE : PORT_STALL;
    }
    size_t len = 0;
    const uint8_t *pending = port->model->ops->pending(port->model, request->endpoint, &len);
    if (pending == NULL) {
        endpoint->taken = 0;
        return PORT_WAIT;
    }
    bool all = false;
    enum port_result result = take_packets(port, endpoint, pending, len, request, &all);
    port->has_more = result == PORT_WAIT && !all;
    if (!port->is_gone && (all || result == PORT_BABBLE)) {
        size_t taken = endpoint->taken;
        endpoint->taken = 0;
        port->model->ops->sent(port->model, request->endpoint, taken);
    }
    if (result == PORT_DONE || result == PORT_BABBLE) {
        count_transfer(port);
    }
    return result;
}

/* Packets as long as the device takes them. */
static enum port_result give_packets(struct port *port, const struct port_endpoint *endpoint,
                                     struct port_out *request)
{
    const struct model_ops *ops = port->model->ops;
    bool is_over = false;
    while (!is_over) {
        if (!ops->is_ready(port->model, request->endpoint)) {
            return PORT_WAIT;
        }
        size_t left = request->len - request->sent;
        size_t packet = left < endpoint->wMaxPacketSize ? left : endpoint->wMaxPacketSize;
        ops->received(port->model, request->endpoint, request->bytes + request->sent, packet);
        request->sent += packet;
        count_packet(port);
        if (port->is_gone) {
            return PORT_GONE;
        }
        bool is_short = packet < endpoint->wMaxPacketSize;
        is_over = is_short || (request->sent == request->len && !request->ends);
    }
    return PORT_DONE;
}

enum port_result port_out(struct port *port, struct port_out *request)
{
    const struct port_endpoint *endpoint = port_find(port, request->endpoint);
    MUST(endpoint != NULL);
    if (port->is_gone || endpoint->is_halted) {
        return port->is_gone ? PORT_GONE : PORT_STALL;
    }
    enum port_result result = give_packets(port, endpoint, request);
    if (result == PORT_DONE) {
        count_transfer(port);
    }
    return result;
}
