/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's side of usbfs for devices with an interrupt IN endpoint and, if wanted, a second
 * interface with bulk endpoints. */
#include "tests/unit/hal/usb_sim.h"

#include "tests/fakes/fake_usbfs.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETUP_LEN = 8, DESCRIPTORS_LEN_MAX = 128, ENDPOINTS = 256 };

struct chunk {
    size_t len;
    uint8_t *bytes;
};

/* What is wrong with an endpoint; endpoint 0 is where a driver's requests go. */
struct trouble {
    bool is_stalled;     /* the device's side */
    bool is_out_of_step; /* the device's toggle was reset, the controller's was not */
    int error;
    unsigned error_count;
};

struct sim {
    UMockdevTestbed *testbed;
    UMockdevIoctlBase *handler;
    struct sim_kind kind;
    unsigned number;
    char *node;
    char *path;
    pthread_mutex_t lock;
    GQueue *pending;           /* struct fake_urb: asked, not answered */
    GQueue *done;              /* struct fake_urb: answered, not reaped */
    GQueue *chunks[ENDPOINTS]; /* of IN endpoints; NULL: none yet */
    struct trouble troubles[ENDPOINTS];
    bool is_gone;
    bool is_silent;
    bool mends_when_reset;
    bool is_taken; /* by the kernel's driver, after a sleep */
    struct chunk last_words;
    unsigned handed_in;
    unsigned answered;
    int torn_fd;
    pthread_cond_t is_opened;
    unsigned opened;
    unsigned calls;
    unsigned claims;
    unsigned resets;
    unsigned empty_packets;
    GArray *requests; /* unsigned: lengths */
};

/* ---- descriptors (USB 2.0, 9.6) ---- */

static void put(GByteArray *into, const uint8_t *bytes, size_t len)
{
    g_byte_array_append(into, bytes, (guint)len);
}

static void put_interface(GByteArray *into, uint8_t number, uint8_t endpoints,
                          const uint8_t kind[3])
{
    const uint8_t bytes[] = {9, 4, number, 0, endpoints, kind[0], kind[1], kind[2], 0};
    put(into, bytes, sizeof bytes);
}

static void put_endpoint(GByteArray *into, uint8_t address, uint8_t type, uint8_t packet_len)
{
    const uint8_t bytes[] = {7, 5, address, type, packet_len, 0, 10};
    put(into, bytes, sizeof bytes);
}

static GByteArray *make_descriptors(const struct sim_kind *kind)
{
    GByteArray *made = g_byte_array_new();
    const uint8_t device[] = {18,   1,    0x00, 0x02, 0, 0, 0, 64, 0x09,
                              0x12, 0x01, 0x00, 0x00, 1, 0, 2, 0,  1};
    const uint8_t configuration[] = {9, 2, 0, 0, kind->echo_text == NULL ? 1 : 2, 1, 0, 0x80, 50};
    size_t report_len = kind->report_descriptor.len;
    const uint8_t hid[] = {
        9, 0x21, 0x11, 0x01, 0, 1, 0x22, (uint8_t)report_len, (uint8_t)(report_len >> 8)};
    const uint8_t first[] = {kind->interface_class, kind->interface_subclass,
                             kind->interface_protocol};
    const uint8_t echo[] = {0xff, 0, SIM_ECHO_PROTOCOL};
    put(made, device, sizeof device);
    put(made, configuration, sizeof configuration);
    put_interface(made, 0, 1, first);
    put(made, hid, sizeof hid);
    put_endpoint(made, SIM_INTERRUPT_IN, 3, 8);
    if (kind->echo_text != NULL) {
        put_interface(made, 1, 3, echo);
        put_endpoint(made, SIM_BULK_IN, 2, SIM_PACKET_LEN);
        put_endpoint(made, SIM_BULK_OUT, 2, SIM_PACKET_LEN);
        put_endpoint(made, SIM_ECHO_INTERRUPT_IN, 3, 8);
    }
    made->data[sizeof device + 2] = (uint8_t)(made->len - sizeof device);
    return made;
}

/* ---- answers ---- */

static void free_chunk(void *pointer)
{
    struct chunk *chunk = pointer;
    g_free(chunk->bytes);
    g_free(chunk);
}

static void finish_urb(struct sim *sim, struct fake_urb *urb, int status, const uint8_t *bytes,
                       size_t len)
{
    size_t at = fake_urb_of(urb)->type == USBDEVFS_URB_TYPE_CONTROL ? SETUP_LEN : 0;
    size_t room = (size_t)fake_urb_of(urb)->buffer_length - at;
    size_t fits = len < room ? len : room;
    if (fits > 0) {
        memcpy(urb->buffer->data + at, bytes, fits);
    }
    fake_urb_finish(sim->done, urb, len > room && at == 0 ? -EOVERFLOW : status, fits);
}

/* ---- faults ---- */

/* A request has been handed in, or its answer fetched. */
static void count_towards_tear(struct sim *sim, bool is_answered)
{
    unsigned *count = is_answered ? &sim->answered : &sim->handed_in;
    *count += 1;
    if (is_answered == sim->kind.tear_when_answered && *count == sim->kind.tear_after) {
        sim->is_gone = true;
        g_assert_cmpint(eventfd_write(sim->torn_fd, 1), ==, 0);
    }
}

/* True when the transfer is over already. */
static bool fails(struct sim *sim, struct fake_urb *urb, uint8_t endpoint)
{
    struct trouble *trouble = &sim->troubles[endpoint];
    if (trouble->error_count > 0) {
        trouble->error_count--;
        finish_urb(sim, urb, trouble->error, NULL, 0);
    } else if (trouble->is_stalled) {
        finish_urb(sim, urb, -EPIPE, NULL, 0);
    } else if (trouble->is_out_of_step) {
        finish_urb(sim, urb, -EPROTO, NULL, 0);
    } else {
        return false;
    }
    return true;
}

/* ---- answers ---- */

static GQueue *chunks_of(struct sim *sim, uint8_t endpoint)
{
    if (sim->chunks[endpoint] == NULL) {
        sim->chunks[endpoint] = g_queue_new();
    }
    return sim->chunks[endpoint];
}

static void push_chunk(struct sim *sim, uint8_t endpoint, const uint8_t *bytes, size_t len)
{
    struct chunk *chunk = g_new0(struct chunk, 1);
    *chunk = (struct chunk){len, g_memdup2(bytes, len)};
    g_queue_push_tail(chunks_of(sim, endpoint), chunk);
}

static void answer_echo_request(struct sim *sim, struct fake_urb *urb, uint8_t bRequest)
{
    static const uint8_t greeting[] = {'T', 'L', 'Y', '1'};
    uint8_t text[SIM_ECHO_LEN] = {0};
    if (bRequest == 1) {
        finish_urb(sim, urb, 0, greeting, sizeof greeting);
    } else if (bRequest == 4) {
        memcpy(text, sim->kind.echo_text, strlen(sim->kind.echo_text));
        finish_urb(sim, urb, 0, text, sizeof text);
        explicit_bzero(text, sizeof text);
    } else {
        finish_urb(sim, urb, -EPIPE, NULL, 0);
    }
}

static void answer_control(struct sim *sim, struct fake_urb *urb)
{
    static const uint8_t self_powered[] = {1, 0};
    const uint8_t *setup = urb->buffer->data;
    const struct build *descriptor = &sim->kind.report_descriptor;
    if (setup[0] == 0x02 && setup[1] == 1) { /* CLEAR_FEATURE(ENDPOINT_HALT) */
        sim->troubles[setup[4]].is_stalled = false;
        sim->troubles[setup[4]].is_out_of_step = true;
        finish_urb(sim, urb, 0, NULL, 0);
    } else if (setup[0] == 0x80 && setup[1] == 0) { /* GET_STATUS */
        finish_urb(sim, urb, 0, self_powered, sizeof self_powered);
    } else if (fails(sim, urb, 0)) {
        return;
    } else if (setup[0] == 0x81 && setup[1] == 6 && setup[3] == 0x22) {
        finish_urb(sim, urb, 0, descriptor->data, descriptor->len);
    } else if (setup[0] == 0xc1 && sim->kind.echo_text != NULL) {
        answer_echo_request(sim, urb, setup[1]);
    } else {
        finish_urb(sim, urb, -EPIPE, NULL, 0);
    }
}

/* True when it was answered. */
static bool answer_urb(struct sim *sim, struct fake_urb *urb)
{
    uint8_t endpoint = fake_urb_of(urb)->endpoint;
    bool is_control = fake_urb_of(urb)->type == USBDEVFS_URB_TYPE_CONTROL;
    size_t len = (size_t)fake_urb_of(urb)->buffer_length;
    if (sim->is_gone) {
        finish_urb(sim, urb, -ESHUTDOWN, is_control ? NULL : sim->last_words.bytes,
                   is_control ? 0 : sim->last_words.len);
    } else if (is_control && sim->is_silent) {
        return false;
    } else if (is_control) {
        answer_control(sim, urb);
    } else if (fails(sim, urb, endpoint)) {
        return true;
    } else if (endpoint == SIM_BULK_OUT) {
        sim->empty_packets += (fake_urb_of(urb)->flags & USBDEVFS_URB_ZERO_PACKET) != 0;
        push_chunk(sim, SIM_BULK_IN, urb->buffer->data, len);
        finish_urb(sim, urb, 0, urb->buffer->data, len);
    } else if (!g_queue_is_empty(chunks_of(sim, endpoint))) {
        struct chunk *chunk = g_queue_pop_head(chunks_of(sim, endpoint));
        finish_urb(sim, urb, 0, chunk->bytes, chunk->len);
        free_chunk(chunk);
    } else {
        return false;
    }
    return true;
}

static void answer_urbs(struct sim *sim)
{
    for (GList *at = sim->pending->head; at != NULL;) {
        GList *next = at->next;
        struct fake_urb *urb = at->data;
        g_queue_unlink(sim->pending, at);
        if (answer_urb(sim, urb)) {
            g_list_free(at);
        } else if (next == NULL) {
            g_queue_push_tail_link(sim->pending, at);
        } else {
            g_queue_insert_before_link(sim->pending, next, at);
        }
        at = next;
    }
}

static int submit(struct sim *sim, const UMockdevIoctlClient *client, UMockdevIoctlData *arg)
{
    struct fake_urb *urb = fake_urb_new(client, arg);
    if (fake_urb_of(urb)->type == USBDEVFS_URB_TYPE_INTERRUPT) {
        unsigned request_len = (unsigned)fake_urb_of(urb)->buffer_length;
        g_array_append_val(sim->requests, request_len);
    }
    g_queue_push_tail(sim->pending, urb);
    count_towards_tear(sim, false);
    return 0;
}

static int tell_address(struct sim *sim, UMockdevIoctlData *arg)
{
    sim->opened++;
    pthread_cond_broadcast(&sim->is_opened);
    return fake_usbfs_tell_connection(arg, sim->number);
}

static void finish_pending(struct sim *sim, GList *at, int status)
{
    struct fake_urb *urb = at->data;
    g_queue_delete_link(sim->pending, at);
    finish_urb(sim, urb, status, NULL, 0);
}

static int discard(struct sim *sim, const UMockdevIoctlData *arg)
{
    GList *at = fake_urb_find(sim->pending, arg);
    if (at == NULL) {
        return EINVAL;
    }
    finish_pending(sim, at, -ENOENT);
    return 0;
}

static int reap(struct sim *sim, const UMockdevIoctlClient *client, UMockdevIoctlData *arg,
                struct fake_urb **ret_urb)
{
    answer_urbs(sim);
    int error = fake_urb_reap(sim->done, client, arg, sim->is_gone, ret_urb);
    if (error == 0) {
        count_towards_tear(sim, true);
    }
    return error;
}

static int reset_endpoint(struct sim *sim, UMockdevIoctlData *arg)
{
    sim->troubles[fake_usbfs_endpoint(arg)].is_out_of_step = false;
    return 0;
}

static int reset_device(struct sim *sim)
{
    sim->resets++;
    sim->is_silent = sim->is_silent && !sim->mends_when_reset;
    return 0;
}

static int answer(struct sim *sim, UMockdevIoctlClient *client, struct fake_urb **ret_urb)
{
    UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
    unsigned long request = umockdev_ioctl_client_get_request(client);
    if (request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY) {
        return reap(sim, client, arg, ret_urb);
    }
    if (sim->is_gone) {
        return ENODEV;
    }
    sim->calls++;
    switch (request) {
    case USBDEVFS_GET_CAPABILITIES:
        return fake_usbfs_tell_capabilities(arg);
    case USBDEVFS_CONNECTINFO:
        return tell_address(sim, arg);
    case USBDEVFS_CONTROL: /* libusb asks for the configuration as it opens, and can do without */
        return ETIMEDOUT;
    case USBDEVFS_GETDRIVER:
        return ENODATA;
    case USBDEVFS_CLAIMINTERFACE:
    case USBDEVFS_DISCONNECT_CLAIM:
        sim->claims++;
        sim->is_taken = false;
        return 0;
    case USBDEVFS_RELEASEINTERFACE:
        sim->claims -= sim->claims > 0; /* 0: the kernel has taken it */
        return 0;
    case USBDEVFS_RESETEP:
        return reset_endpoint(sim, arg);
    case USBDEVFS_RESET:
        return reset_device(sim);
    case USBDEVFS_IOCTL:
        return 0;
    case USBDEVFS_SUBMITURB:
        return sim->is_taken ? EBUSY : submit(sim, client, arg);
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
    struct fake_urb *reaped = NULL;
    pthread_mutex_lock(&sim->lock);
    int error = answer(sim, client, &reaped);
    pthread_mutex_unlock(&sim->lock);
    umockdev_ioctl_client_complete(client, error == 0 ? 0 : -1, error);
    if (reaped != NULL) {
        fake_urb_free(reaped);
    }
    return TRUE;
}

/* ---- plug and unplug ---- */

static void show_kernel_copy(const struct sim *sim)
{
    const struct build *descriptor = &sim->kind.report_descriptor;
    GString *hex = g_string_new(NULL);
    for (size_t i = 0; i < descriptor->len; i++) {
        g_string_append_printf(hex, "%02X", descriptor->data[i]);
    }
    char *text = g_strdup_printf("P: /devices/usb1/1-%u/1-%u:1.0\nE: SUBSYSTEM=usb\n"
                                 "E: DEVTYPE=usb_interface\n\n"
                                 "P: /devices/usb1/1-%u/1-%u:1.0/0003:1209:0001.0001\n"
                                 "E: SUBSYSTEM=hid\nH: report_descriptor=%s\n\n",
                                 sim->number, sim->number, sim->number, sim->number, hex->str);
    GError *error = NULL;
    umockdev_testbed_add_from_string(sim->testbed, text, &error);
    g_assert_no_error(error);
    g_free(text);
    g_string_free(hex, TRUE);
}

static void set_node_mode(const struct sim *sim, mode_t mode)
{
    char *root = umockdev_testbed_get_root_dir(sim->testbed);
    char *path = g_strconcat(root, sim->node, NULL);
    g_assert_cmpint(chmod(path, mode), ==, 0);
    g_free(path);
    g_free(root);
}

static struct sim *make_sim(UMockdevTestbed *testbed, const struct sim_kind *kind, unsigned number)
{
    struct sim *sim = g_new0(struct sim, 1);
    sim->testbed = g_object_ref(testbed);
    sim->kind = *kind;
    sim->number = number;
    sim->node = g_strdup_printf("/dev/bus/usb/001/%03u", number);
    sim->path = g_strdup_printf("/sys/devices/usb1/1-%u", number);
    sim->pending = g_queue_new();
    sim->done = g_queue_new();
    sim->requests = g_array_new(FALSE, TRUE, sizeof(unsigned));
    sim->is_gone = kind->is_dead;
    sim->is_silent = kind->silent;
    sim->torn_fd = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&sim->lock, NULL);
    pthread_cond_init(&sim->is_opened, NULL);
    sim->handler = umockdev_ioctl_base_new();
    g_signal_connect(sim->handler, "handle-ioctl", G_CALLBACK(on_ioctl), sim);
    return sim;
}

struct sim *sim_plug(UMockdevTestbed *testbed, const struct sim_kind *kind, unsigned number)
{
    struct sim *sim = make_sim(testbed, kind, number);
    GByteArray *descriptors = make_descriptors(kind);
    char *text = fake_usbfs_device(number, descriptors->data, descriptors->len, kind->product);
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
        set_node_mode(sim, 0);
    }
    g_byte_array_unref(descriptors);
    g_free(text);
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
    /* The kernel takes a device off its bus before it says so; umockdev can't. So there is more
     * news. */
    umockdev_testbed_uevent(sim->testbed, "/sys/devices/usb1", "change");
}

int sim_torn_fd(const struct sim *sim)
{
    return sim->torn_fd;
}

static void send_on(struct sim *sim, uint8_t endpoint, const uint8_t *bytes, size_t len)
{
    pthread_mutex_lock(&sim->lock);
    push_chunk(sim, endpoint, bytes, len);
    pthread_mutex_unlock(&sim->lock);
}

void sim_send(struct sim *sim, const uint8_t *bytes, size_t len)
{
    send_on(sim, SIM_INTERRUPT_IN, bytes, len);
}

void sim_send_echo(struct sim *sim, const uint8_t *bytes, size_t len)
{
    send_on(sim, SIM_ECHO_INTERRUPT_IN, bytes, len);
}

void sim_stall(struct sim *sim, uint8_t endpoint)
{
    pthread_mutex_lock(&sim->lock);
    sim->troubles[endpoint].is_stalled = true;
    pthread_mutex_unlock(&sim->lock);
}

void sim_fail(struct sim *sim, uint8_t endpoint, int error, unsigned count)
{
    pthread_mutex_lock(&sim->lock);
    sim->troubles[endpoint].error = error;
    sim->troubles[endpoint].error_count = count;
    pthread_mutex_unlock(&sim->lock);
}

static void set_silent(struct sim *sim, bool is_silent, bool mends)
{
    pthread_mutex_lock(&sim->lock);
    sim->is_silent = is_silent;
    sim->mends_when_reset = mends;
    pthread_mutex_unlock(&sim->lock);
}

void sim_fall_silent(struct sim *sim, bool mends)
{
    set_silent(sim, true, mends);
}

void sim_speak_again(struct sim *sim)
{
    set_silent(sim, false, false);
}

void sim_sleep(struct sim *sim)
{
    pthread_mutex_lock(&sim->lock);
    while (!g_queue_is_empty(sim->pending)) {
        finish_pending(sim, sim->pending->head, -ENOENT);
    }
    sim->is_taken = sim->kind.held_by_kernel;
    sim->claims = sim->is_taken ? 0 : sim->claims; /* else the next request claims it by itself */
    pthread_mutex_unlock(&sim->lock);
}

void sim_authorize(struct sim *sim, bool is_authorized)
{
    umockdev_testbed_set_attribute(sim->testbed, sim->path, "bConfigurationValue",
                                   is_authorized ? "1\n" : "\n");
    if (!is_authorized) {
        sim_sleep(sim);
    }
    umockdev_testbed_uevent(sim->testbed, sim->path, "change");
}

void sim_allow(struct sim *sim)
{
    set_node_mode(sim, 0666);
}

void sim_wait_opened(struct sim *sim, unsigned times)
{
    pthread_mutex_lock(&sim->lock);
    while (sim->opened < times) {
        pthread_cond_wait(&sim->is_opened, &sim->lock);
    }
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

unsigned sim_resets(const struct sim *sim)
{
    return read_counter(sim, &sim->resets);
}

unsigned sim_empty_packets(const struct sim *sim)
{
    return read_counter(sim, &sim->empty_packets);
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
    g_queue_free_full(sim->pending, fake_urb_free);
    g_queue_free_full(sim->done, fake_urb_free);
    for (size_t i = 0; i < ENDPOINTS; i++) {
        if (sim->chunks[i] != NULL) {
            g_queue_free_full(sim->chunks[i], free_chunk);
        }
    }
    g_array_free(sim->requests, TRUE);
    g_free(sim->last_words.bytes);
    close(sim->torn_fd);
    pthread_cond_destroy(&sim->is_opened);
    pthread_mutex_destroy(&sim->lock);
    g_free(sim->node);
    g_free(sim->path);
    g_free(sim);
}
