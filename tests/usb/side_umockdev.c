/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's side of usbfs, in front of any device model: unmodified libusb in another process
 * asks, umockdev hands its ioctls to us. */
#include "tests/usb/port.h"
#include "tests/usb/must.h"
#include "tests/usb/side.h"
#include "tests/usb/terminal.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <umockdev.h>
#include <unistd.h>

#include <linux/ioctl.h>
#include <linux/usbdevice_fs.h>

enum { SETUP_LEN = 8, FIRST_ADDRESS = 2, CONTROL_LEN_MAX = 4096 };

struct urb {
    const UMockdevIoctlClient *client; /* whose open file it is: it fetches the answer */
    UMockdevIoctlData *data;           /* struct usbdevfs_urb */
    UMockdevIoctlData *buffer;
    size_t have; /* so far */
};

struct plug {
    struct umockdev_side *side;
    struct model *model;
    struct port port;
    UMockdevIoctlBase *handler;
    pthread_mutex_t lock;
    GQueue *pending; /* struct urb: asked, not answered */
    GQueue *done;    /* struct urb: answered, not reaped */
    char *node;
    char *path;
    bool is_shown; /* the bus still has it */
    bool has_told; /* that the cable was pulled by the port */
    struct plug *next;
};

struct umockdev_side {
    struct talk_side base;
    const char *program;
    UMockdevTestbed *testbed;
    struct terminal terminal;
    struct plug *plugs; /* the newest first; all of this conversation */
    unsigned next_address;
    int pulled_fd; /* eventfd: a port has pulled its cable */
    struct side_cut cut;
    bool was_cut;
};

static struct umockdev_side *self_of(const struct talk_side *side)
{
    return (struct umockdev_side *)(uintptr_t)side;
}

static uint32_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* ---- requests ---- */

static struct usbdevfs_urb *urb_of(const struct urb *urb)
{
    return (struct usbdevfs_urb *)(void *)urb->data->data;
}

static void free_urb(void *pointer)
{
    struct urb *urb = pointer;
    g_object_unref(urb->data);
    g_clear_object(&urb->buffer);
    g_free(urb);
}

static int status_of(enum port_result result)
{
    switch (result) {
    case PORT_DONE:
        return 0;
    case PORT_BABBLE:
        return -EOVERFLOW;
    case PORT_GONE:
        return -ESHUTDOWN;
    default:
        return -EPIPE;
    }
}

static void finish_urb(struct plug *plug, struct urb *urb, int status, size_t len)
{
    urb_of(urb)->status = status;
    urb_of(urb)->actual_length = (int)len;
    g_queue_push_tail(plug->done, urb);
}

static struct tally_usb_setup read_setup(const uint8_t *bytes)
{
    return (struct tally_usb_setup){.bmRequestType = bytes[0],
                                    .bRequest = bytes[1],
                                    .wValue = (uint16_t)(bytes[2] | bytes[3] << 8),
                                    .wIndex = (uint16_t)(bytes[4] | bytes[5] << 8),
                                    .wLength = (uint16_t)(bytes[6] | bytes[7] << 8)};
}

static void answer_control(struct plug *plug, struct urb *urb)
{
    const struct tally_usb_setup setup = read_setup(urb->buffer->data);
    size_t len = 0;
    MUST((size_t)setup.wLength + SETUP_LEN <= (size_t)urb_of(urb)->buffer_length);
    enum port_result result =
        port_control(&plug->port, &setup, urb->buffer->data + SETUP_LEN, &len);
    finish_urb(plug, urb, status_of(result), len);
}

static bool is_in(const struct urb *urb)
{
    return (urb_of(urb)->endpoint & 0x80) != 0;
}

static enum port_result go_on_in(struct plug *plug, struct urb *urb)
{
    struct port_in request = {.endpoint = urb_of(urb)->endpoint,
                              .into = urb->buffer->data,
                              .cap = (size_t)urb_of(urb)->buffer_length,
                              .have = urb->have};
    enum port_result result = port_in(&plug->port, &request);
    urb->have = request.have;
    return result;
}

static enum port_result go_on_out(struct plug *plug, struct urb *urb)
{
    bool ends = (urb_of(urb)->flags & USBDEVFS_URB_ZERO_PACKET) != 0;
    struct port_out request = {.endpoint = urb_of(urb)->endpoint,
                               .bytes = urb->buffer->data,
                               .len = (size_t)urb_of(urb)->buffer_length,
                               .ends = ends,
                               .sent = urb->have};
    enum port_result result = port_out(&plug->port, &request);
    urb->have = request.sent;
    return result;
}

/* The requests of one endpoint are served in their order. */
static void go_on(struct plug *plug)
{
    uint32_t waiting = 0; /* bit per endpoint */
    plug->model->ops->time(plug->model, now_ms());
    for (GList *at = plug->pending->head; at != NULL;) {
        struct urb *urb = at->data;
        GList *next = at->next;
        uint8_t endpoint = urb_of(urb)->endpoint;
        uint32_t bit = 1u << ((endpoint & 0x0f) + (is_in(urb) ? 16 : 0));
        if ((waiting & bit) == 0) {
            enum port_result result = is_in(urb) ? go_on_in(plug, urb) : go_on_out(plug, urb);
            waiting |= result == PORT_WAIT ? bit : 0;
            if (result != PORT_WAIT) {
                g_queue_delete_link(plug->pending, at);
                finish_urb(plug, urb, status_of(result), urb->have);
            }
        }
        at = next;
    }
    if (plug->port.is_gone && !plug->has_told) {
        plug->has_told = true;
        (void)eventfd_write(plug->side->pulled_fd, 1);
    }
}

static int submit(struct plug *plug, const UMockdevIoctlClient *client, UMockdevIoctlData *arg)
{
    struct urb *urb = g_new0(struct urb, 1);
    urb->client = client;
    urb->data = umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_urb), NULL);
    g_assert_nonnull(urb->data);
    size_t len = (size_t)urb_of(urb)->buffer_length;
    if (len > 0) {
        urb->buffer = umockdev_ioctl_data_resolve(urb->data, offsetof(struct usbdevfs_urb, buffer),
                                                  len, NULL);
        g_assert_nonnull(urb->buffer);
    }
    if (urb_of(urb)->type == USBDEVFS_URB_TYPE_CONTROL) {
        answer_control(plug, urb);
    } else {
        g_assert_nonnull(port_find(&plug->port, urb_of(urb)->endpoint));
        g_queue_push_tail(plug->pending, urb);
    }
    return 0;
}

static int discard(struct plug *plug, const UMockdevIoctlData *arg)
{
    gulong address = *(const gulong *)(const void *)arg->data;
    for (GList *at = plug->pending->head; at != NULL; at = at->next) {
        struct urb *urb = at->data;
        if (urb->data->client_addr == address) {
            g_queue_delete_link(plug->pending, at);
            finish_urb(plug, urb, -ENOENT, urb->have);
            return 0;
        }
    }
    return EINVAL;
}

static struct urb *pop_done(struct plug *plug, const UMockdevIoctlClient *client)
{
    for (GList *at = plug->done->head; at != NULL; at = at->next) {
        struct urb *urb = at->data;
        if (urb->client == client) {
            g_queue_delete_link(plug->done, at);
            return urb;
        }
    }
    return NULL;
}

static int reap(struct plug *plug, const UMockdevIoctlClient *client, UMockdevIoctlData *arg,
                struct urb **ret_urb)
{
    struct urb *urb = pop_done(plug, client);
    if (urb == NULL) {
        return plug->port.is_gone ? ENODEV : EAGAIN;
    }
    UMockdevIoctlData *pointer = umockdev_ioctl_data_resolve(arg, 0, sizeof(void *), NULL);
    g_assert_nonnull(pointer);
    umockdev_ioctl_data_set_ptr(pointer, 0, urb->data);
    g_object_unref(pointer);
    *ret_urb = urb;
    return 0;
}

/* ---- the other calls ---- */

/* `arg` is the third argument of ioctl() itself: what it points at must be resolved first. */
static int tell_capabilities(UMockdevIoctlData *arg)
{
    UMockdevIoctlData *value = umockdev_ioctl_data_resolve(arg, 0, sizeof(uint32_t), NULL);
    g_assert_nonnull(value);
    *(uint32_t *)(void *)value->data =
        USBDEVFS_CAP_BULK_SCATTER_GATHER | USBDEVFS_CAP_BULK_CONTINUATION |
        USBDEVFS_CAP_NO_PACKET_SIZE_LIM | USBDEVFS_CAP_REAP_AFTER_DISCONNECT |
        USBDEVFS_CAP_ZERO_PACKET;
    g_object_unref(value);
    return 0;
}

static int tell_connection(UMockdevIoctlData *arg)
{
    UMockdevIoctlData *value =
        umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_connectinfo), NULL);
    g_assert_nonnull(value);
    *(struct usbdevfs_connectinfo *)(void *)value->data = (struct usbdevfs_connectinfo){0};
    g_object_unref(value);
    return 0;
}

/* What the kernel sends when a program asks for it (USB 2.0, 9.4.1). */
static int clear_halt(struct plug *plug, UMockdevIoctlData *arg)
{
    UMockdevIoctlData *value = umockdev_ioctl_data_resolve(arg, 0, sizeof(unsigned), NULL);
    g_assert_nonnull(value);
    unsigned endpoint = *(const unsigned *)(const void *)value->data;
    g_object_unref(value);
    const struct tally_usb_setup setup = {
        .bmRequestType = 2, .bRequest = 1, .wIndex = (uint16_t)endpoint};
    size_t len = 0;
    return port_control(&plug->port, &setup, NULL, &len) == PORT_DONE ? 0 : EPIPE;
}

/* The kernel sets the device up again as it was. */
static int reset_device(struct plug *plug)
{
    const struct tally_usb_setup choose = {.bRequest = 9, .wValue = plug->port.config[5]};
    size_t len = 0;
    plug->model->ops->reset(plug->model);
    return port_control(&plug->port, &choose, NULL, &len) == PORT_DONE ? 0 : EIO;
}

static int answer(struct plug *plug, UMockdevIoctlClient *client, struct urb **ret_urb)
{
    UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
    unsigned long request = umockdev_ioctl_client_get_request(client);
    go_on(plug);
    if (request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY) {
        return reap(plug, client, arg, ret_urb);
    }
    if (plug->port.is_gone) {
        return ENODEV;
    }
    switch (request) {
    case USBDEVFS_GET_CAPABILITIES:
        return tell_capabilities(arg);
    case USBDEVFS_CONNECTINFO:
        return tell_connection(arg);
    case USBDEVFS_CONTROL: /* libusb asks for the configuration as it opens, and can do without */
        return ETIMEDOUT;
    case USBDEVFS_RESET:
        return reset_device(plug);
    case USBDEVFS_GETDRIVER:
        return ENODATA;
    case USBDEVFS_CLAIMINTERFACE:
    case USBDEVFS_DISCONNECT_CLAIM:
    case USBDEVFS_RELEASEINTERFACE:
    case USBDEVFS_SETINTERFACE:
    case USBDEVFS_RESETEP:
    case USBDEVFS_IOCTL:
        return 0;
    case USBDEVFS_CLEAR_HALT:
        return clear_halt(plug, arg);
    case USBDEVFS_SUBMITURB:
        return submit(plug, client, arg);
    case USBDEVFS_DISCARDURB:
        return discard(plug, arg);
    default:
        return ENOTTY;
    }
}

static gboolean on_ioctl(UMockdevIoctlBase *handler, UMockdevIoctlClient *client, gpointer user)
{
    (void)handler;
    struct plug *plug = user;
    struct urb *reaped = NULL;
    pthread_mutex_lock(&plug->lock);
    int error = answer(plug, client, &reaped);
    pthread_mutex_unlock(&plug->lock);
    umockdev_ioctl_client_complete(client, error == 0 ? 0 : -1, error);
    if (reaped != NULL) {
        free_urb(reaped);
    }
    return TRUE;
}

/* ---- plug and unplug ---- */

static void add_root_hub(UMockdevTestbed *testbed)
{
    /* A hub with one interface, as every bus begins with. */
    static const char text[] =
        "P: /devices/usb1\nN: bus/usb/001/001=00\nE: SUBSYSTEM=usb\nE: DRIVER=usb\n"
        "E: DEVTYPE=usb_device\nE: DEVNAME=/dev/bus/usb/001/001\nE: BUSNUM=001\nE: DEVNUM=001\n"
        "A: busnum=1\nA: devnum=1\nA: bConfigurationValue=1\nA: speed=480\n"
        "H: descriptors=1201000209000140"
        "6b1d020001050302010109021900010100e0000904000001090000000705810304000c\n\n";
    GError *error = NULL;
    umockdev_testbed_add_from_string(testbed, text, &error);
    g_assert_no_error(error);
}

static void show_on_bus(struct plug *plug, unsigned address)
{
    GString *hex = g_string_new(NULL);
    for (size_t i = 0; i < sizeof plug->port.device; i++) {
        g_string_append_printf(hex, "%02X", plug->port.device[i]);
    }
    for (size_t i = 0; i < plug->port.config_len; i++) {
        g_string_append_printf(hex, "%02X", plug->port.config[i]);
    }
    char *text = g_strdup_printf(
        "P: /devices/usb1/1-%u\nN: bus/usb/001/%03u=%s\nE: SUBSYSTEM=usb\nE: DRIVER=usb\n"
        "E: DEVTYPE=usb_device\nE: DEVNAME=/dev/bus/usb/001/%03u\nE: BUSNUM=001\nE: DEVNUM=%03u\n"
        "A: busnum=1\nA: devnum=%u\nA: bConfigurationValue=1\nA: speed=12\nH: descriptors=%s\n\n",
        address, address, hex->str, address, address, address, hex->str);
    GError *error = NULL;
    /* The handler comes first: adding the device tells the world at once. */
    umockdev_testbed_attach_ioctl(plug->side->testbed, plug->node, plug->handler, &error);
    g_assert_no_error(error);
    umockdev_testbed_add_from_string(plug->side->testbed, text, &error);
    g_assert_no_error(error);
    plug->is_shown = true;
    g_free(text);
    g_string_free(hex, TRUE);
}

static bool plug_in(struct umockdev_side *side, const char *kind)
{
    struct model *model = model_make(kind);
    if (model == NULL) {
        return false;
    }
    struct plug *plug = g_new0(struct plug, 1);
    unsigned address = side->next_address++;
    plug->side = side;
    plug->model = model;
    plug->pending = g_queue_new();
    plug->done = g_queue_new();
    plug->node = g_strdup_printf("/dev/bus/usb/001/%03u", address);
    plug->path = g_strdup_printf("/sys/devices/usb1/1-%u", address);
    pthread_mutex_init(&plug->lock, NULL);
    model->ops->time(model, now_ms());
    port_open(&plug->port, model);
    if (address == FIRST_ADDRESS) {
        plug->port.unplug_after_transfers = side->cut.after_transfers;
        plug->port.unplug_after_packets = side->cut.after_packets;
    }
    plug->handler = umockdev_ioctl_base_new();
    g_signal_connect(plug->handler, "handle-ioctl", G_CALLBACK(on_ioctl), plug);
    plug->next = side->plugs;
    side->plugs = plug;
    show_on_bus(plug, address);
    return true;
}

static void take_from_bus(struct plug *plug)
{
    if (plug->is_shown) {
        plug->is_shown = false;
        umockdev_testbed_uevent(plug->side->testbed, plug->path, "remove");
        umockdev_testbed_remove_device(plug->side->testbed, plug->path);
    }
}

static void pull_out(struct plug *plug)
{
    pthread_mutex_lock(&plug->lock);
    plug->has_told = true;
    plug->port.is_gone = true;
    plug->model->ops->reset(plug->model);
    pthread_mutex_unlock(&plug->lock);
    take_from_bus(plug);
}

static void free_plug(struct plug *plug)
{
    take_from_bus(plug);
    umockdev_testbed_detach_ioctl(plug->side->testbed, plug->node, NULL);
    g_object_unref(plug->handler);
    g_queue_free_full(plug->pending, free_urb);
    g_queue_free_full(plug->done, free_urb);
    pthread_mutex_destroy(&plug->lock);
    model_free(plug->model);
    g_free(plug->node);
    g_free(plug->path);
    g_free(plug);
}

/* ---- a conversation ---- */

static void begin(struct talk_side *base)
{
    struct umockdev_side *self = self_of(base);
    self->testbed = umockdev_testbed_new();
    self->next_address = FIRST_ADDRESS;
    self->was_cut = false;
    self->pulled_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    add_root_hub(self->testbed);
    terminal_spawn(&self->terminal, self->program);
    char line[TALK_LINE_LEN_MAX] = "";
    bool woken = false;
    if (!terminal_hear(&self->terminal, -1, line, &woken) || strcmp(line, "open") != 0) {
        fprintf(stderr, "%s does not say \"open\" but \"%s\"\n", self->program, line);
        exit(2);
    }
}

static bool do_outside(struct plug *plug, const char *words)
{
    pthread_mutex_lock(&plug->lock);
    unsigned endpoint = 0;
    bool is_done = true;
    if (plug->port.is_gone) {
        is_done = true; /* a card is shown to a reader whose cable is out */
    } else if (sscanf(words, "stall %x", &endpoint) == 1) {
        port_halt(&plug->port, (uint8_t)endpoint);
    } else {
        is_done = plug->model->ops->outside(plug->model, words);
    }
    pthread_mutex_unlock(&plug->lock);
    return is_done;
}

static enum talk_answer act(struct talk_side *base, const char *words)
{
    struct umockdev_side *self = self_of(base);
    if (strncmp(words, "terminal ", 9) == 0) {
        terminal_order(&self->terminal, words + 9);
        return TALK_DONE;
    }
    if (strcmp(words, "replug") == 0) {
        return TALK_CANNOT;
    }
    if (strncmp(words, "plug ", 5) == 0) {
        return plug_in(self, words + 5) ? TALK_DONE : TALK_NOT_UNDERSTOOD;
    }
    if (self->plugs == NULL) {
        return TALK_NOT_UNDERSTOOD;
    }
    if (strcmp(words, "unplug") == 0) {
        pull_out(self->plugs);
        return TALK_DONE;
    }
    return do_outside(self->plugs, words) ? TALK_DONE : TALK_NOT_UNDERSTOOD;
}

/* The port has pulled its cable: the bus says so too. */
static void on_pulled(struct umockdev_side *self)
{
    eventfd_t count = 0;
    (void)eventfd_read(self->pulled_fd, &count);
    for (struct plug *plug = self->plugs; plug != NULL; plug = plug->next) {
        if (plug->has_told) {
            take_from_bus(plug);
            self->was_cut = true;
        }
    }
}

static bool hear(struct talk_side *base, char line[TALK_LINE_LEN_MAX])
{
    struct umockdev_side *self = self_of(base);
    bool woken = true;
    while (woken) {
        if (terminal_hear(&self->terminal, self->pulled_fd, line, &woken)) {
            return true;
        }
        if (woken) {
            on_pulled(self);
        }
    }
    return false;
}

static void finish(struct talk_side *base)
{
    terminal_order(&self_of(base)->terminal, "quit");
}

static bool end(struct talk_side *base)
{
    struct umockdev_side *self = self_of(base);
    bool is_clean = terminal_end(&self->terminal);
    while (self->plugs != NULL) {
        struct plug *plug = self->plugs;
        self->plugs = plug->next;
        free_plug(plug);
    }
    g_object_unref(self->testbed);
    close(self->pulled_fd);
    return is_clean;
}

static void cut_at(struct talk_side *base, struct side_cut cut)
{
    self_of(base)->cut = cut;
}

static bool was_cut(const struct talk_side *base)
{
    return self_of(base)->was_cut;
}

struct talk_side *side_umockdev(const char *program)
{
    struct umockdev_side *self = calloc(1, sizeof *self);
    MUST(self != NULL);
    self->base = (struct talk_side){.name = "umockdev",
                                    .begin = begin,
                                    .act = act,
                                    .hear = hear,
                                    .finish = finish,
                                    .end = end,
                                    .cut = cut_at,
                                    .was_cut = was_cut};
    self->program = program;
    return &self->base;
}
