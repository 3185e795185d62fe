/* SPDX-License-Identifier: Apache-2.0 */
/* A device model behind QEMU's usb-redir: the guest's xHCI, kernel and usbfs are real, and ask us
 * over a socket. The protocol is libusbredirparser's business; we are its USB host side. A thread
 * serves the socket, because the guest asks at any time. */
#include "tests/usb/port.h"
#include "tests/usb/must.h"
#include "tests/usb/side.h"
#include "tests/usb/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <usbredirparser.h>

enum {
    BULK_LEN_MAX = 65536,
    CONTROL_LEN_MAX = 65536,
    INTERRUPT_LEN_MAX = 4096,
    ENDPOINT_SLOTS = 32, /* 0 to 15 OUT, 16 to 31 IN */
    IDLE_MS = 1000
};

/* A bulk transfer that the guest waits for. */
struct bulk {
    struct bulk *next;
    uint64_t id;
    struct usb_redir_bulk_packet_header header;
    uint8_t *bytes;
    struct port_in in;
    struct port_out out;
};

struct redir {
    struct talk_side base;
    const char *socket_path;
    const char *terminal_at;
    struct terminal terminal;
    pthread_t thread;
    pthread_mutex_t lock; /* all of the rest */
    struct model *model;  /* NULL: nothing is plugged in */
    struct port port;
    struct usbredirparser *parser;
    int fd;
    int wake_fd; /* eventfd: something has happened on the far side, or it is over */
    bool is_over;
    bool is_receiving[ENDPOINT_SLOTS];
    struct bulk *bulks; /* in their order */
};

static struct redir *self_of(const struct talk_side *side)
{
    return (struct redir *)(uintptr_t)side;
}

static uint32_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static size_t slot_of(uint8_t endpoint)
{
    return (size_t)((endpoint & 0x0f) + ((endpoint & 0x80) != 0 ? 16 : 0));
}

static uint8_t status_of(enum port_result result)
{
    switch (result) {
    case PORT_DONE:
        return usb_redir_success;
    case PORT_BABBLE:
        return usb_redir_babble;
    case PORT_GONE:
        return usb_redir_ioerror;
    default:
        return usb_redir_stall;
    }
}

/* ---- what the guest's host controller asks ---- */

static void tell_endpoints(struct redir *self)
{
    struct usb_redir_ep_info_header info = {.interval = {0}};
    memset(info.type, usb_redir_type_invalid, sizeof info.type);
    info.type[0] = info.type[16] = usb_redir_type_control;
    info.max_packet_size[0] = info.max_packet_size[16] = self->port.device[7];
    for (size_t i = 0; i < self->port.endpoint_count; i++) {
        const struct port_endpoint *endpoint = &self->port.endpoints[i];
        size_t slot = slot_of(endpoint->bEndpointAddress);
        info.type[slot] = endpoint->bmAttributes & 3;
        info.interval[slot] = endpoint->bInterval;
        info.interface[slot] = endpoint->interface;
        info.max_packet_size[slot] = endpoint->wMaxPacketSize;
    }
    usbredirparser_send_ep_info(self->parser, &info);
}

static void tell_interfaces(struct redir *self)
{
    struct usb_redir_interface_info_header info = {.interface_count =
                                                       (uint32_t)self->port.interface_count};
    for (size_t i = 0; i < self->port.interface_count; i++) {
        const struct port_interface *interface = &self->port.interfaces[i];
        info.interface[i] = interface->bInterfaceNumber;
        info.interface_class[i] = interface->bInterfaceClass;
        info.interface_subclass[i] = interface->bInterfaceSubClass;
        info.interface_protocol[i] = interface->bInterfaceProtocol;
    }
    usbredirparser_send_interface_info(self->parser, &info);
}

static void on_hello(void *context, struct usb_redir_hello_header *hello)
{
    (void)hello;
    struct redir *self = context;
    const uint8_t *device = self->port.device;
    struct usb_redir_device_connect_header connect = {
        .speed = usb_redir_speed_full,
        .device_class = device[4],
        .device_subclass = device[5],
        .device_protocol = device[6],
        .vendor_id = (uint16_t)(device[8] | device[9] << 8),
        .product_id = (uint16_t)(device[10] | device[11] << 8),
        .device_version_bcd = (uint16_t)(device[12] | device[13] << 8)};
    tell_endpoints(self);
    tell_interfaces(self);
    usbredirparser_send_device_connect(self->parser, &connect);
}

static void on_reset(void *context)
{
    struct redir *self = context;
    self->model->ops->reset(self->model);
    for (size_t i = 0; i < self->port.endpoint_count; i++) {
        self->port.endpoints[i].is_halted = false;
        self->port.endpoints[i].taken = 0;
    }
}

static void on_set_configuration(void *context, uint64_t id,
                                 struct usb_redir_set_configuration_header *asked)
{
    struct redir *self = context;
    const struct tally_usb_setup setup = {.bRequest = 9, .wValue = asked->configuration};
    size_t len = 0;
    enum port_result result = port_control(&self->port, &setup, NULL, &len);
    struct usb_redir_configuration_status_header status = {.status = status_of(result),
                                                           .configuration = asked->configuration};
    usbredirparser_send_configuration_status(self->parser, id, &status);
}

static void on_get_configuration(void *context, uint64_t id)
{
    struct redir *self = context;
    const struct tally_usb_setup setup = {.bmRequestType = 0x80, .bRequest = 8, .wLength = 1};
    uint8_t configuration = 0;
    size_t len = 0;
    enum port_result result = port_control(&self->port, &setup, &configuration, &len);
    struct usb_redir_configuration_status_header status = {.status = status_of(result),
                                                           .configuration = configuration};
    usbredirparser_send_configuration_status(self->parser, id, &status);
}

static void on_set_alt(void *context, uint64_t id, struct usb_redir_set_alt_setting_header *asked)
{
    struct redir *self = context;
    struct usb_redir_alt_setting_status_header status = {
        .status = asked->alt == 0 ? usb_redir_success : usb_redir_stall,
        .interface = asked->interface};
    usbredirparser_send_alt_setting_status(self->parser, id, &status);
}

static void on_get_alt(void *context, uint64_t id, struct usb_redir_get_alt_setting_header *asked)
{
    struct redir *self = context;
    struct usb_redir_alt_setting_status_header status = {.status = usb_redir_success,
                                                         .interface = asked->interface};
    usbredirparser_send_alt_setting_status(self->parser, id, &status);
}

static void on_control(void *context, uint64_t id, struct usb_redir_control_packet_header *asked,
                       uint8_t *data, int data_len)
{
    static uint8_t room[CONTROL_LEN_MAX];
    struct redir *self = context;
    const struct tally_usb_setup setup = {.bmRequestType = asked->requesttype,
                                          .bRequest = asked->request,
                                          .wValue = asked->value,
                                          .wIndex = asked->index,
                                          .wLength = asked->length};
    bool is_in = (asked->requesttype & 0x80) != 0;
    size_t len = 0;
    if (data_len > 0) {
        memcpy(room, data, (size_t)data_len);
    }
    usbredirparser_free_packet_data(self->parser, data);
    enum port_result result = port_control(&self->port, &setup, room, &len);
    asked->status = status_of(result);
    asked->length = (uint16_t)len;
    usbredirparser_send_control_packet(self->parser, id, asked, is_in ? room : NULL,
                                       is_in ? (int)len : 0);
}

static void on_start_interrupts(void *context, uint64_t id,
                                struct usb_redir_start_interrupt_receiving_header *asked)
{
    struct redir *self = context;
    struct usb_redir_interrupt_receiving_status_header status = {.status = usb_redir_success,
                                                                 .endpoint = asked->endpoint};
    self->is_receiving[slot_of(asked->endpoint)] = true;
    usbredirparser_send_interrupt_receiving_status(self->parser, id, &status);
}

static void on_stop_interrupts(void *context, uint64_t id,
                               struct usb_redir_stop_interrupt_receiving_header *asked)
{
    struct redir *self = context;
    struct usb_redir_interrupt_receiving_status_header status = {.status = usb_redir_success,
                                                                 .endpoint = asked->endpoint};
    self->is_receiving[slot_of(asked->endpoint)] = false;
    usbredirparser_send_interrupt_receiving_status(self->parser, id, &status);
}

static void on_bulk(void *context, uint64_t id, struct usb_redir_bulk_packet_header *asked,
                    uint8_t *data, int data_len)
{
    struct redir *self = context;
    size_t len = (size_t)asked->length | (size_t)asked->length_high << 16;
    struct bulk *bulk = calloc(1, sizeof *bulk);
    struct bulk **last = &self->bulks;
    MUST(bulk != NULL && len <= BULK_LEN_MAX);
    bulk->id = id;
    bulk->header = *asked;
    bulk->bytes = calloc(1, len + 1);
    MUST(bulk->bytes != NULL);
    if (data_len > 0) {
        memcpy(bulk->bytes, data, (size_t)data_len);
    }
    usbredirparser_free_packet_data(self->parser, data);
    bulk->in = (struct port_in){.endpoint = asked->endpoint, .into = bulk->bytes, .cap = len};
    bulk->out = (struct port_out){.endpoint = asked->endpoint, .bytes = bulk->bytes, .len = len};
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = bulk;
}

static void finish_bulk(struct redir *self, struct bulk **at, uint8_t status, size_t len)
{
    struct bulk *bulk = *at;
    bool is_in = (bulk->header.endpoint & 0x80) != 0;
    bulk->header.status = status;
    bulk->header.length = (uint16_t)len;
    bulk->header.length_high = (uint16_t)(len >> 16);
    usbredirparser_send_bulk_packet(self->parser, bulk->id, &bulk->header,
                                    is_in ? bulk->bytes : NULL, is_in ? (int)len : 0);
    *at = bulk->next;
    free(bulk->bytes);
    free(bulk);
}

static void on_cancel(void *context, uint64_t id)
{
    struct redir *self = context;
    for (struct bulk **at = &self->bulks; *at != NULL; at = &(*at)->next) {
        if ((*at)->id == id) {
            finish_bulk(self, at, usb_redir_cancelled, 0);
            return;
        }
    }
}

/* ---- what the device has to say ---- */

/* The requests of one endpoint are served in their order. */
static void go_on_bulks(struct redir *self)
{
    uint32_t waiting = 0;
    for (struct bulk **at = &self->bulks; *at != NULL;) {
        struct bulk *bulk = *at;
        uint32_t bit = 1u << slot_of(bulk->header.endpoint);
        bool is_in = (bulk->header.endpoint & 0x80) != 0;
        enum port_result result = PORT_WAIT;
        if ((waiting & bit) == 0) {
            result = is_in ? port_in(&self->port, &bulk->in) : port_out(&self->port, &bulk->out);
        }
        if (result == PORT_WAIT) {
            waiting |= bit;
            at = &bulk->next;
        } else {
            finish_bulk(self, at, status_of(result), is_in ? bulk->in.have : bulk->out.sent);
        }
    }
}

/* QEMU keeps what comes before the guest asks, and hands out one of our packets for each of its
 * requests: so one is a whole transfer. */
static bool push_interrupt(struct redir *self, const struct port_endpoint *endpoint)
{
    static uint8_t room[INTERRUPT_LEN_MAX];
    size_t len = 0;
    uint8_t address = endpoint->bEndpointAddress;
    if (!endpoint->is_halted && self->model->ops->pending(self->model, address, &len) == NULL) {
        return false;
    }
    MUST(len <= sizeof room);
    struct port_in request = {.endpoint = address, .into = room, .cap = len};
    enum port_result result = port_in(&self->port, &request);
    struct usb_redir_interrupt_packet_header header = {
        .endpoint = address, .status = status_of(result), .length = (uint16_t)request.have};
    if (result == PORT_STALL) {
        self->is_receiving[slot_of(address)] = false; /* until the guest asks again */
    }
    usbredirparser_send_interrupt_packet(self->parser, 0, &header, room, (int)request.have);
    return true;
}

static void push_interrupts(struct redir *self)
{
    for (size_t i = 0; i < self->port.endpoint_count; i++) {
        const struct port_endpoint *endpoint = &self->port.endpoints[i];
        bool is_interrupt = (endpoint->bmAttributes & 3) == usb_redir_type_interrupt;
        size_t slot = slot_of(endpoint->bEndpointAddress);
        while (is_interrupt && slot >= 16 && self->is_receiving[slot] &&
               push_interrupt(self, endpoint)) {
        }
    }
}

/* ---- the socket ---- */

static int on_read(void *context, uint8_t *data, int count)
{
    ssize_t got = read(((struct redir *)context)->fd, data, (size_t)count);
    if (got < 0 && errno == EAGAIN) {
        return 0;
    }
    return got <= 0 ? -1 : (int)got;
}

static int on_write(void *context, uint8_t *data, int count)
{
    ssize_t put = send(((struct redir *)context)->fd, data, (size_t)count, MSG_NOSIGNAL);
    if (put < 0 && errno == EAGAIN) {
        return 0;
    }
    return (int)put;
}

static void on_log(void *context, int level, const char *text)
{
    (void)context;
    if (level <= usbredirparser_warning) {
        fprintf(stderr, "usbredir: %s\n", text);
    }
}

/* Returns how long nothing will happen. */
static int serve(struct redir *self)
{
    uint32_t at_ms = now_ms();
    uint32_t in_ms = self->model->ops->time(self->model, at_ms) - at_ms;
    go_on_bulks(self);
    push_interrupts(self);
    while (usbredirparser_has_data_to_write(self->parser) > 0 &&
           usbredirparser_do_write(self->parser) == 0) {
    }
    return in_ms < IDLE_MS ? (int)in_ms : IDLE_MS;
}

static void *serve_all(void *context)
{
    struct redir *self = context;
    bool is_over = false;
    while (!is_over) {
        pthread_mutex_lock(&self->lock);
        int wait_ms = serve(self);
        pthread_mutex_unlock(&self->lock);
        struct pollfd fds[2] = {{self->fd, POLLIN, 0}, {self->wake_fd, POLLIN, 0}};
        (void)poll(fds, 2, wait_ms);
        pthread_mutex_lock(&self->lock);
        eventfd_t count = 0;
        (void)eventfd_read(self->wake_fd, &count);
        is_over = self->is_over;
        if (fds[0].revents != 0 && usbredirparser_do_read(self->parser) != 0) {
            is_over = true; /* QEMU is gone */
        }
        pthread_mutex_unlock(&self->lock);
    }
    return NULL;
}

static void connect_socket(struct redir *self)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", self->socket_path);
    self->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (self->fd < 0 || connect(self->fd, (const void *)&address, sizeof address) != 0 ||
        fcntl(self->fd, F_SETFL, O_NONBLOCK) != 0) {
        fprintf(stderr, "%s: %s\n", self->socket_path, strerror(errno));
        exit(2);
    }
}

static void make_parser(struct redir *self)
{
    uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};
    self->parser = usbredirparser_create();
    MUST(self->parser != NULL);
    self->parser->priv = self;
    self->parser->log_func = on_log;
    self->parser->read_func = on_read;
    self->parser->write_func = on_write;
    self->parser->hello_func = on_hello;
    self->parser->reset_func = on_reset;
    self->parser->set_configuration_func = on_set_configuration;
    self->parser->get_configuration_func = on_get_configuration;
    self->parser->set_alt_setting_func = on_set_alt;
    self->parser->get_alt_setting_func = on_get_alt;
    self->parser->control_packet_func = on_control;
    self->parser->start_interrupt_receiving_func = on_start_interrupts;
    self->parser->stop_interrupt_receiving_func = on_stop_interrupts;
    self->parser->bulk_packet_func = on_bulk;
    self->parser->cancel_data_packet_func = on_cancel;
    /* Without the last three an xHCI refuses us. */
    usbredirparser_caps_set_cap(caps, usb_redir_cap_connect_device_version);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_ep_info_max_packet_size);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_64bits_ids);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_32bits_bulk_length);
    usbredirparser_init(self->parser, "usb_talk", caps, USB_REDIR_CAPS_SIZE,
                        usbredirparser_fl_usb_host);
}

/* ---- plug and unplug ---- */

static enum talk_answer plug_in(struct redir *self, const char *kind)
{
    if (self->model != NULL) {
        return TALK_CANNOT; /* one usb-redir is one port */
    }
    self->model = model_make(kind);
    if (self->model == NULL) {
        return TALK_NOT_UNDERSTOOD;
    }
    (void)self->model->ops->time(self->model, now_ms());
    port_open(&self->port, self->model);
    self->is_over = false;
    memset(self->is_receiving, 0, sizeof self->is_receiving);
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    connect_socket(self);
    make_parser(self);
    int error = pthread_create(&self->thread, NULL, serve_all, self);
    MUST(error == 0);
    return TALK_DONE;
}

static void pull_out(struct redir *self)
{
    if (self->model == NULL) {
        return;
    }
    pthread_mutex_lock(&self->lock);
    self->is_over = true;
    pthread_mutex_unlock(&self->lock);
    (void)eventfd_write(self->wake_fd, 1);
    pthread_join(self->thread, NULL);
    usbredirparser_send_device_disconnect(self->parser);
    (void)usbredirparser_do_write(self->parser);
    while (self->bulks != NULL) {
        struct bulk *bulk = self->bulks;
        self->bulks = bulk->next;
        free(bulk->bytes);
        free(bulk);
    }
    usbredirparser_destroy(self->parser);
    close(self->fd); /* QEMU waits for the next one to connect */
    close(self->wake_fd);
    model_free(self->model);
    self->model = NULL;
}

/* ---- a conversation ---- */

static void begin(struct talk_side *base)
{
    struct redir *self = self_of(base);
    char line[TALK_LINE_LEN_MAX] = "";
    bool woken = false;
    terminal_connect(&self->terminal, self->terminal_at);
    if (!terminal_hear(&self->terminal, -1, line, &woken) || strcmp(line, "open") != 0) {
        fprintf(stderr, "%s does not say \"open\" but \"%s\"\n", self->terminal_at, line);
        exit(2);
    }
}

static enum talk_answer do_outside(struct redir *self, const char *words)
{
    unsigned endpoint = 0;
    bool is_done = true;
    pthread_mutex_lock(&self->lock);
    if (sscanf(words, "stall %x", &endpoint) == 1) {
        port_halt(&self->port, (uint8_t)endpoint);
    } else {
        is_done = self->model->ops->outside(self->model, words);
    }
    pthread_mutex_unlock(&self->lock);
    (void)eventfd_write(self->wake_fd, 1);
    return is_done ? TALK_DONE : TALK_NOT_UNDERSTOOD;
}

static enum talk_answer act(struct talk_side *base, const char *words)
{
    struct redir *self = self_of(base);
    if (strncmp(words, "terminal ", 9) == 0) {
        terminal_order(&self->terminal, words + 9);
        return TALK_DONE;
    }
    if (strcmp(words, "replug") == 0) {
        return TALK_CANNOT;
    }
    if (strncmp(words, "plug ", 5) == 0) {
        return plug_in(self, words + 5);
    }
    if (strcmp(words, "unplug") == 0) {
        pull_out(self);
        return TALK_DONE;
    }
    bool needs_packets = strncmp(words, "pieces ", 7) == 0 || strncmp(words, "break ", 6) == 0;
    if (needs_packets || strncmp(words, "hub ", 4) == 0 || strcmp(words, "sleep") == 0) {
        return TALK_CANNOT; /* QEMU takes an interrupt transfer as a whole; there is one device; the
                               guest stays awake */
    }
    return self->model == NULL ? TALK_DONE : do_outside(self, words);
}

static bool hear(struct talk_side *base, char line[TALK_LINE_LEN_MAX])
{
    bool woken = false;
    return terminal_hear(&self_of(base)->terminal, -1, line, &woken);
}

static void finish(struct talk_side *base)
{
    terminal_order(&self_of(base)->terminal, "quit");
}

static bool end(struct talk_side *base)
{
    struct redir *self = self_of(base);
    bool is_clean = terminal_end(&self->terminal);
    pull_out(self);
    return is_clean;
}

struct talk_side *side_usbredir(const char *redir, const char *terminal)
{
    struct redir *self = calloc(1, sizeof *self);
    MUST(self != NULL);
    self->base = (struct talk_side){
        .name = "usbredir", .begin = begin, .act = act, .hear = hear, .finish = finish, .end = end};
    pthread_mutex_init(&self->lock, NULL);
    self->socket_path = redir;
    self->terminal_at = terminal;
    return &self->base;
}
