/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's side of usbfs for devices with one interface and one interrupt IN endpoint. */
#include "tests/unit/hal/usb_sim.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <linux/ioctl.h>
#include <linux/usbdevice_fs.h>

enum { ENDPOINT_IN = 0x81, STRING_PRODUCT = 2, SETUP_LEN = 8, DESCRIPTORS_LEN = 18 + 34 };

struct chunk {
    size_t len;
    uint8_t *bytes;
};

struct urb {
    UMockdevIoctlData *data; /* struct usbdevfs_urb */
    UMockdevIoctlData *buffer;
};

struct sim {
    UMockdevTestbed *testbed;
    UMockdevIoctlBase *handler;
    struct sim_kind kind;
    unsigned number;
    char *node;
    char *path;
    pthread_mutex_t lock;
    GQueue *pending; /* struct urb: asked, not answered */
    GQueue *done;    /* struct urb: answered, not reaped */
    GQueue *chunks;
    bool is_gone;
    bool is_stalled;
    struct chunk last_words;
    unsigned calls;
    unsigned claims;
    GArray *requests; /* unsigned: lengths */
};

/* ---- descriptors (USB 2.0, 9.6) ---- */

static void write_descriptors(const struct sim *sim, uint8_t into[DESCRIPTORS_LEN])
{
    size_t report_len = sim->kind.report_descriptor.len;
    const uint8_t bytes[DESCRIPTORS_LEN] = {
        18,
        1,
        0x00,
        0x02,
        0,
        0,
        0,
        64,
        0x09,
        0x12,
        0x01,
        0x00,
        0x00,
        0x01,
        0,
        (uint8_t)(sim->kind.product == NULL ? 0 : STRING_PRODUCT),
        0,
        1,
        /* configuration */ 9,
        2,
        34,
        0,
        1,
        1,
        0,
        0x80,
        50,
        /* interface */ 9,
        4,
        0,
        0,
        1,
        sim->kind.interface_class,
        sim->kind.interface_subclass,
        sim->kind.interface_protocol,
        0,
        /* HID */ 9,
        0x21,
        0x11,
        0x01,
        0,
        1,
        0x22,
        (uint8_t)report_len,
        (uint8_t)(report_len >> 8),
        /* endpoint */ 7,
        5,
        ENDPOINT_IN,
        3,
        8,
        0,
        10};
    memcpy(into, bytes, sizeof bytes);
}

static char *hex_of(const uint8_t *bytes, size_t len)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < len; i++) {
        g_string_append_printf(text, "%02X", bytes[i]);
    }
    return g_string_free(text, FALSE);
}

/* ---- answers ---- */

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

static void free_chunk(void *pointer)
{
    struct chunk *chunk = pointer;
    g_free(chunk->bytes);
    g_free(chunk);
}

static void finish_urb(struct sim *sim, struct urb *urb, int status, const uint8_t *bytes,
                       size_t len)
{
    size_t at = urb_of(urb)->type == USBDEVFS_URB_TYPE_CONTROL ? SETUP_LEN : 0;
    size_t room = (size_t)urb_of(urb)->buffer_length - at;
    size_t fits = len < room ? len : room;
    if (fits > 0) {
        memcpy(urb->buffer->data + at, bytes, fits);
    }
    urb_of(urb)->actual_length = (int)fits;
    urb_of(urb)->status = len > room && at == 0 ? -EOVERFLOW : status;
    g_queue_push_tail(sim->done, urb);
}

static size_t write_string(uint8_t into[2 + 2 * 127], const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len && i < 126; i++) {
        into[2 + 2 * i] = (uint8_t)text[i];
        into[3 + 2 * i] = 0;
    }
    into[0] = (uint8_t)(2 + 2 * len);
    into[1] = 3;
    return into[0];
}

static void answer_control(struct sim *sim, struct urb *urb)
{
    const uint8_t *setup = urb->buffer->data;
    bool wants_report = setup[0] == 0x81 && setup[1] == 6 && setup[3] == 0x22;
    bool wants_string = setup[0] == 0x80 && setup[1] == 6 && setup[3] == 3;
    uint8_t text[2 + 2 * 127];
    static const uint8_t languages[] = {4, 3, 0x09, 0x04};
    if (wants_report) {
        const struct build *descriptor = &sim->kind.report_descriptor;
        finish_urb(sim, urb, 0, descriptor->data, descriptor->len);
    } else if (wants_string && setup[2] == 0) {
        finish_urb(sim, urb, 0, languages, sizeof languages);
    } else if (wants_string && setup[2] == STRING_PRODUCT && sim->kind.product != NULL) {
        finish_urb(sim, urb, 0, text, write_string(text, sim->kind.product));
    } else {
        finish_urb(sim, urb, -EPIPE, NULL, 0);
    }
}

static void answer_interrupts(struct sim *sim)
{
    while (!g_queue_is_empty(sim->pending)) {
        if (sim->is_gone) {
            finish_urb(sim, g_queue_pop_head(sim->pending), -ESHUTDOWN, sim->last_words.bytes,
                       sim->last_words.len);
        } else if (sim->is_stalled) {
            finish_urb(sim, g_queue_pop_head(sim->pending), -EPIPE, NULL, 0);
        } else if (!g_queue_is_empty(sim->chunks)) {
            struct chunk *chunk = g_queue_pop_head(sim->chunks);
            finish_urb(sim, g_queue_pop_head(sim->pending), 0, chunk->bytes, chunk->len);
            free_chunk(chunk);
        } else {
            return;
        }
    }
}

static int submit(struct sim *sim, UMockdevIoctlData *arg)
{
    struct urb *urb = g_new0(struct urb, 1);
    urb->data = umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_urb), NULL);
    g_assert_nonnull(urb->data);
    size_t len = (size_t)urb_of(urb)->buffer_length;
    urb->buffer =
        umockdev_ioctl_data_resolve(urb->data, offsetof(struct usbdevfs_urb, buffer), len, NULL);
    g_assert_nonnull(urb->buffer);
    if (urb_of(urb)->type == USBDEVFS_URB_TYPE_CONTROL) {
        answer_control(sim, urb);
        return 0;
    }
    g_assert_cmpuint(urb_of(urb)->endpoint, ==, ENDPOINT_IN);
    unsigned request_len = (unsigned)len;
    g_array_append_val(sim->requests, request_len);
    g_queue_push_tail(sim->pending, urb);
    return 0;
}

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

static int discard(struct sim *sim, const UMockdevIoctlData *arg)
{
    gulong address = *(const gulong *)(const void *)arg->data;
    for (GList *at = sim->pending->head; at != NULL; at = at->next) {
        struct urb *urb = at->data;
        if (urb->data->client_addr == address) {
            g_queue_delete_link(sim->pending, at);
            finish_urb(sim, urb, -ENOENT, NULL, 0);
            return 0;
        }
    }
    return EINVAL;
}

static int reap(struct sim *sim, UMockdevIoctlData *arg, struct urb **ret_urb)
{
    answer_interrupts(sim);
    struct urb *urb = g_queue_pop_head(sim->done);
    if (urb == NULL) {
        return sim->is_gone ? ENODEV : EAGAIN;
    }
    UMockdevIoctlData *pointer = umockdev_ioctl_data_resolve(arg, 0, sizeof(void *), NULL);
    g_assert_nonnull(pointer);
    umockdev_ioctl_data_set_ptr(pointer, 0, urb->data);
    g_object_unref(pointer);
    *ret_urb = urb;
    return 0;
}

static int answer(struct sim *sim, UMockdevIoctlClient *client, struct urb **ret_urb)
{
    UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
    unsigned long request = umockdev_ioctl_client_get_request(client);
    if (request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY) {
        return reap(sim, arg, ret_urb);
    }
    if (sim->is_gone) {
        return ENODEV;
    }
    sim->calls++;
    switch (request) {
    case USBDEVFS_GET_CAPABILITIES:
        return tell_capabilities(arg);
    case USBDEVFS_GETDRIVER:
        return ENODATA;
    case USBDEVFS_CLAIMINTERFACE:
    case USBDEVFS_DISCONNECT_CLAIM:
        sim->claims++;
        return 0;
    case USBDEVFS_RELEASEINTERFACE:
        sim->claims--;
        return 0;
    case USBDEVFS_CLEAR_HALT:
        sim->is_stalled = false;
        return 0;
    case USBDEVFS_IOCTL:
        return 0;
    case USBDEVFS_SUBMITURB:
        return submit(sim, arg);
    case USBDEVFS_DISCARDURB:
        return discard(sim, arg);
    default:
        return ENOTTY;
    }
}

static gboolean on_ioctl(UMockdevIoctlBase *handler, UMockdevIoctlClient *client, gpointer user)
{
    (void)handler;
    struct sim *sim = user;
    struct urb *reaped = NULL;
    pthread_mutex_lock(&sim->lock);
    int error = answer(sim, client, &reaped);
    pthread_mutex_unlock(&sim->lock);
    umockdev_ioctl_client_complete(client, error == 0 ? 0 : -1, error);
    if (reaped != NULL) {
        free_urb(reaped);
    }
    return TRUE;
}

/* ---- plug and unplug ---- */

static void show_kernel_copy(const struct sim *sim)
{
    const struct build *descriptor = &sim->kind.report_descriptor;
    char *hex = hex_of(descriptor->data, descriptor->len);
    char *text = g_strdup_printf("P: /devices/usb1/1-%u/1-%u:1.0\nE: SUBSYSTEM=usb\n"
                                 "E: DEVTYPE=usb_interface\n\n"
                                 "P: /devices/usb1/1-%u/1-%u:1.0/0003:1209:0001.0001\n"
                                 "E: SUBSYSTEM=hid\nH: report_descriptor=%s\n\n",
                                 sim->number, sim->number, sim->number, sim->number, hex);
    GError *error = NULL;
    umockdev_testbed_add_from_string(sim->testbed, text, &error);
    g_assert_no_error(error);
    g_free(text);
    g_free(hex);
}

static void forbid_node(const struct sim *sim)
{
    char *root = umockdev_testbed_get_root_dir(sim->testbed);
    char *path = g_strconcat(root, sim->node, NULL);
    g_assert_cmpint(chmod(path, 0), ==, 0);
    g_free(path);
    g_free(root);
}

struct sim *sim_plug(UMockdevTestbed *testbed, const struct sim_kind *kind, unsigned number)
{
    struct sim *sim = g_new0(struct sim, 1);
    sim->testbed = g_object_ref(testbed);
    sim->kind = *kind;
    sim->number = number;
    sim->node = g_strdup_printf("/dev/bus/usb/001/%03u", number);
    sim->path = g_strdup_printf("/sys/devices/usb1/1-%u", number);
    sim->pending = g_queue_new();
    sim->done = g_queue_new();
    sim->chunks = g_queue_new();
    sim->requests = g_array_new(FALSE, TRUE, sizeof(unsigned));
    pthread_mutex_init(&sim->lock, NULL);
    sim->handler = umockdev_ioctl_base_new();
    g_signal_connect(sim->handler, "handle-ioctl", G_CALLBACK(on_ioctl), sim);

    uint8_t descriptors[DESCRIPTORS_LEN];
    write_descriptors(sim, descriptors);
    char *hex = hex_of(descriptors, sizeof descriptors);
    char *text = g_strdup_printf(
        "P: /devices/usb1/1-%u\nN: bus/usb/001/%03u=%s\nE: SUBSYSTEM=usb\nE: DRIVER=usb\n"
        "E: DEVTYPE=usb_device\nE: DEVNAME=/dev/bus/usb/001/%03u\nE: BUSNUM=001\nE: DEVNUM=%03u\n"
        "A: busnum=1\nA: devnum=%u\nA: bConfigurationValue=1\nA: speed=12\nH: descriptors=%s\n\n",
        number, number, hex, number, number, number, hex);
    GError *error = NULL;
    umockdev_testbed_attach_ioctl(testbed, sim->node, sim->handler, &error);
    g_assert_no_error(error);
    if (kind->held_by_kernel) {
        /* The interface comes first: adding the device tells the world at once. */
        show_kernel_copy(sim);
    }
    umockdev_testbed_add_from_string(testbed, text, &error);
    g_assert_no_error(error);
    if (kind->forbidden) {
        forbid_node(sim);
    }
    g_free(text);
    g_free(hex);
    return sim;
}

void sim_unplug(struct sim *sim, const uint8_t *bytes, size_t len)
{
    pthread_mutex_lock(&sim->lock);
    sim->is_gone = true;
    sim->last_words = (struct chunk){len, g_memdup2(bytes, len)};
    pthread_mutex_unlock(&sim->lock);
    umockdev_testbed_uevent(sim->testbed, sim->path, "remove");
    umockdev_testbed_remove_device(sim->testbed, sim->path);
}

void sim_send(struct sim *sim, const uint8_t *bytes, size_t len)
{
    struct chunk *chunk = g_new0(struct chunk, 1);
    *chunk = (struct chunk){len, g_memdup2(bytes, len)};
    pthread_mutex_lock(&sim->lock);
    g_queue_push_tail(sim->chunks, chunk);
    pthread_mutex_unlock(&sim->lock);
}

void sim_stall(struct sim *sim)
{
    pthread_mutex_lock(&sim->lock);
    sim->is_stalled = true;
    pthread_mutex_unlock(&sim->lock);
}

static unsigned read_counter(const struct sim *sim, const unsigned *counter)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&sim->lock;
    pthread_mutex_lock(lock);
    unsigned value = *counter;
    pthread_mutex_unlock(lock);
    return value;
}

unsigned sim_calls(const struct sim *sim)
{
    return read_counter(sim, &sim->calls);
}

unsigned sim_claims(const struct sim *sim)
{
    return read_counter(sim, &sim->claims);
}

unsigned sim_request(const struct sim *sim, size_t index)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&sim->lock;
    pthread_mutex_lock(lock);
    unsigned len = index < sim->requests->len ? g_array_index(sim->requests, unsigned, index) : 0;
    pthread_mutex_unlock(lock);
    return len;
}

void sim_free(struct sim *sim)
{
    umockdev_testbed_detach_ioctl(sim->testbed, sim->node, NULL);
    g_object_unref(sim->handler);
    g_object_unref(sim->testbed);
    g_queue_free_full(sim->pending, free_urb);
    g_queue_free_full(sim->done, free_urb);
    g_queue_free_full(sim->chunks, free_chunk);
    g_array_free(sim->requests, TRUE);
    g_free(sim->last_words.bytes);
    pthread_mutex_destroy(&sim->lock);
    g_free(sim->node);
    g_free(sim->path);
    g_free(sim);
}
