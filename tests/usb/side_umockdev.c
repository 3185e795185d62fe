/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's side of usbfs, in front of any device model: unmodified libusb in another process
 * asks, umockdev hands its ioctls to us. */
#include "tests/fakes/fake_usbfs.h"
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
#include <unistd.h>

enum { SETUP_LEN = 8, FIRST_ADDRESS = 2, CONTROL_LEN_MAX = 4096 };

struct plug {
    struct umockdev_side *side;
    struct model *model;
    struct port port;
    UMockdevIoctlBase *handler;
    pthread_mutex_t lock;
    GQueue *pending; /* struct fake_urb: asked, not answered */
    GQueue *done;    /* struct fake_urb: answered, not reaped */
    char *node;
    char *path;
    const char *kind; /* the caller's words */
    bool is_shown;    /* the bus still has it */
    bool has_told;    /* that the cable was pulled by the port */
    bool is_hub_off;  /* it comes back with its hub */
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
    int64_t handed_ns; /* CLOCK_MONOTONIC: when the last IN transfer was handed out */
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

static struct tally_usb_setup read_setup(const uint8_t *bytes)
{
    return (struct tally_usb_setup){.bmRequestType = bytes[0],
                                    .bRequest = bytes[1],
                                    .wValue = (uint16_t)(bytes[2] | bytes[3] << 8),
                                    .wIndex = (uint16_t)(bytes[4] | bytes[5] << 8),
                                    .wLength = (uint16_t)(bytes[6] | bytes[7] << 8)};
}

static void answer_control(struct plug *plug, struct fake_urb *urb)
{
    const struct tally_usb_setup setup = read_setup(urb->buffer->data);
    size_t len = 0;
    MUST((size_t)setup.wLength + SETUP_LEN <= (size_t)fake_urb_of(urb)->buffer_length);
    enum port_result result =
        port_control(&plug->port, &setup, urb->buffer->data + SETUP_LEN, &len);
    fake_urb_finish(plug->done, urb, status_of(result), len);
}

static bool is_in(const struct fake_urb *urb)
{
    return (fake_urb_of(urb)->endpoint & 0x80) != 0;
}

static enum port_result go_on_in(struct plug *plug, struct fake_urb *urb)
{
    struct port_in request = {.endpoint = fake_urb_of(urb)->endpoint,
                              .into = urb->buffer->data,
                              .cap = (size_t)fake_urb_of(urb)->buffer_length,
                              .have = urb->have};
    enum port_result result = port_in(&plug->port, &request);
    urb->have = request.have;
    return result;
}

static enum port_result go_on_out(struct plug *plug, struct fake_urb *urb)
{
    bool ends = (fake_urb_of(urb)->flags & USBDEVFS_URB_ZERO_PACKET) != 0;
    struct port_out request = {.endpoint = fake_urb_of(urb)->endpoint,
                               .bytes = urb->buffer->data,
                               .len = (size_t)fake_urb_of(urb)->buffer_length,
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
        struct fake_urb *urb = at->data;
        GList *next = at->next;
        uint8_t endpoint = fake_urb_of(urb)->endpoint;
        uint32_t bit = 1u << ((endpoint & 0x0f) + (is_in(urb) ? 16 : 0));
        if ((waiting & bit) == 0) {
            enum port_result result = is_in(urb) ? go_on_in(plug, urb) : go_on_out(plug, urb);
            waiting |= result == PORT_WAIT ? bit : 0;
            if (result != PORT_WAIT) {
                g_queue_delete_link(plug->pending, at);
                fake_urb_finish(plug->done, urb, status_of(result), urb->have);
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
    struct fake_urb *urb = fake_urb_new(client, arg);
    if (fake_urb_of(urb)->type == USBDEVFS_URB_TYPE_CONTROL) {
        answer_control(plug, urb);
    } else {
        g_assert_nonnull(port_find(&plug->port, fake_urb_of(urb)->endpoint));
        g_queue_push_tail(plug->pending, urb);
    }
    return 0;
}

static int discard(struct plug *plug, const UMockdevIoctlData *arg)
{
    GList *at = fake_urb_find(plug->pending, arg);
    if (at == NULL) {
        return EINVAL;
    }
    struct fake_urb *urb = at->data;
    g_queue_delete_link(plug->pending, at);
    fake_urb_finish(plug->done, urb, -ENOENT, urb->have);
    return 0;
}

/* When the host was handed the last transfer from an IN endpoint other than 0. */
static void note_time(struct plug *plug, const struct fake_urb *urb)
{
    if (is_in(urb) && fake_urb_of(urb)->type != USBDEVFS_URB_TYPE_CONTROL) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        plug->side->handed_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    }
}

static int reap(struct plug *plug, const UMockdevIoctlClient *client, UMockdevIoctlData *arg,
                struct fake_urb **ret_urb)
{
    int error = fake_urb_reap(plug->done, client, arg, plug->port.is_gone, ret_urb);
    if (*ret_urb != NULL) {
        note_time(plug, *ret_urb);
    }
    return error;
}

/* ---- the other calls ---- */

/* What the kernel sends when a program asks for it (USB 2.0, 9.4.1). */
static int clear_halt(struct plug *plug, UMockdevIoctlData *arg)
{
    const struct tally_usb_setup setup = {
        .bmRequestType = 2, .bRequest = 1, .wIndex = fake_usbfs_endpoint(arg)};
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

static int answer(struct plug *plug, UMockdevIoctlClient *client, struct fake_urb **ret_urb)
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
        return fake_usbfs_tell_capabilities(arg);
    case USBDEVFS_CONNECTINFO:
        return fake_usbfs_tell_connection(arg, 0);
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
    struct fake_urb *reaped = NULL;
    pthread_mutex_lock(&plug->lock);
    int error = answer(plug, client, &reaped);
    pthread_mutex_unlock(&plug->lock);
    umockdev_ioctl_client_complete(client, error == 0 ? 0 : -1, error);
    if (reaped != NULL) {
        fake_urb_free(reaped);
    }
    return TRUE;
}

/* ---- plug and unplug ---- */

static void show_on_bus(struct plug *plug, unsigned address)
{
    GByteArray *descriptors = g_byte_array_new();
    g_byte_array_append(descriptors, plug->port.device, sizeof plug->port.device);
    g_byte_array_append(descriptors, plug->port.config, (guint)plug->port.config_len);
    char *text = fake_usbfs_device(address, descriptors->data, descriptors->len, NULL);
    GError *error = NULL;
    /* The handler comes first: adding the device tells the world at once. */
    umockdev_testbed_attach_ioctl(plug->side->testbed, plug->node, plug->handler, &error);
    g_assert_no_error(error);
    umockdev_testbed_add_from_string(plug->side->testbed, text, &error);
    g_assert_no_error(error);
    plug->is_shown = true;
    g_free(text);
    g_byte_array_unref(descriptors);
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
    plug->kind = kind;
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

/* Before the machine sleeps, usbfs takes all requests back; no driver of the kernel's wants the
 * interface when it wakes. */
static void sleep_and_wake(struct umockdev_side *self)
{
    for (struct plug *plug = self->plugs; plug != NULL; plug = plug->next) {
        pthread_mutex_lock(&plug->lock);
        while (!g_queue_is_empty(plug->pending)) {
            struct fake_urb *urb = g_queue_pop_head(plug->pending);
            fake_urb_finish(plug->done, urb, -ENOENT, urb->have);
        }
        pthread_mutex_unlock(&plug->lock);
    }
}

/* A hub that resets: all of its devices are gone, and then there again, new. */
static void hub_off(struct umockdev_side *self)
{
    for (struct plug *plug = self->plugs; plug != NULL; plug = plug->next) {
        plug->is_hub_off = plug->is_shown;
        if (plug->is_shown) {
            pull_out(plug);
        }
    }
}

/* The oldest first, as they were plugged in. */
static void hub_on(struct umockdev_side *self, struct plug *plug)
{
    if (plug != NULL) {
        hub_on(self, plug->next);
        bool comes_back = plug->is_hub_off && plug_in(self, plug->kind);
        plug->is_hub_off = plug->is_hub_off && !comes_back;
    }
}

static void free_plug(struct plug *plug)
{
    take_from_bus(plug);
    umockdev_testbed_detach_ioctl(plug->side->testbed, plug->node, NULL);
    g_object_unref(plug->handler);
    g_queue_free_full(plug->pending, fake_urb_free);
    g_queue_free_full(plug->done, fake_urb_free);
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
    fake_usbfs_add_root_hub(self->testbed);
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
    /* A card may be shown to a reader whose cable is out. */
    bool is_done = plug->port.is_gone || port_order(&plug->port, words) ||
                   plug->model->ops->outside(plug->model, words);
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
    if (strcmp(words, "sleep") == 0) {
        sleep_and_wake(self);
        return TALK_DONE;
    }
    if (strcmp(words, "hub off") == 0) {
        hub_off(self);
        return TALK_DONE;
    }
    if (strcmp(words, "hub on") == 0) {
        hub_on(self, self->plugs);
        return TALK_DONE;
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

int64_t side_umockdev_handed_ns(const struct talk_side *side)
{
    struct umockdev_side *self = self_of(side);
    int64_t handed_ns = 0;
    if (self->plugs != NULL) {
        pthread_mutex_lock(&self->plugs->lock);
        handed_ns = self->handed_ns;
        pthread_mutex_unlock(&self->plugs->lock);
    }
    return handed_ns;
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
