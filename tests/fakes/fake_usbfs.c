/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's side of usbfs, as far as it is the same for every device. */
#include "tests/fakes/fake_usbfs.h"

#include <errno.h>

void fake_usbfs_add_root_hub(UMockdevTestbed *testbed)
{
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

char *fake_usbfs_device(unsigned address, const uint8_t *descriptors, size_t len,
                        const char *product)
{
    GString *hex = g_string_new(NULL);
    for (size_t i = 0; i < len; i++) {
        g_string_append_printf(hex, "%02X", descriptors[i]);
    }
    char *escaped = g_strescape(product == NULL ? "" : product, NULL);
    char *name = product == NULL ? g_strdup("") : g_strdup_printf("A: product=%s\\n\n", escaped);
    char *text = g_strdup_printf(
        "P: /devices/usb1/1-%u\nN: bus/usb/001/%03u=%s\nE: SUBSYSTEM=usb\nE: DRIVER=usb\n"
        "E: DEVTYPE=usb_device\nE: DEVNAME=/dev/bus/usb/001/%03u\nE: BUSNUM=001\nE: DEVNUM=%03u\n"
        "A: busnum=1\nA: devnum=%u\nA: bConfigurationValue=1\nA: speed=12\n%s"
        "H: descriptors=%s\n\n",
        address, address, hex->str, address, address, address, name, hex->str);
    g_free(escaped);
    g_free(name);
    g_string_free(hex, TRUE);
    return text;
}

static UMockdevIoctlData *resolve(UMockdevIoctlData *from, size_t at, size_t len)
{
    UMockdevIoctlData *value = umockdev_ioctl_data_resolve(from, at, len, NULL);
    g_assert_nonnull(value);
    return value;
}

int fake_usbfs_tell_capabilities(UMockdevIoctlData *arg)
{
    UMockdevIoctlData *value = resolve(arg, 0, sizeof(uint32_t));
    *(uint32_t *)(void *)value->data =
        USBDEVFS_CAP_BULK_SCATTER_GATHER | USBDEVFS_CAP_BULK_CONTINUATION |
        USBDEVFS_CAP_NO_PACKET_SIZE_LIM | USBDEVFS_CAP_REAP_AFTER_DISCONNECT |
        USBDEVFS_CAP_ZERO_PACKET;
    g_object_unref(value);
    return 0;
}

int fake_usbfs_tell_connection(UMockdevIoctlData *arg, unsigned devnum)
{
    UMockdevIoctlData *value = resolve(arg, 0, sizeof(struct usbdevfs_connectinfo));
    struct usbdevfs_connectinfo *info = (struct usbdevfs_connectinfo *)(void *)value->data;
    *info = (struct usbdevfs_connectinfo){.devnum = devnum};
    g_object_unref(value);
    return 0;
}

uint8_t fake_usbfs_endpoint(UMockdevIoctlData *arg)
{
    UMockdevIoctlData *value = resolve(arg, 0, sizeof(unsigned));
    unsigned endpoint = *(const unsigned *)(const void *)value->data;
    g_object_unref(value);
    return (uint8_t)endpoint;
}

/* ---- requests ---- */

struct usbdevfs_urb *fake_urb_of(const struct fake_urb *urb)
{
    return (struct usbdevfs_urb *)(void *)urb->data->data;
}

struct fake_urb *fake_urb_new(const UMockdevIoctlClient *client, UMockdevIoctlData *arg)
{
    struct fake_urb *urb = g_new0(struct fake_urb, 1);
    urb->client = client;
    urb->data = resolve(arg, 0, sizeof(struct usbdevfs_urb));
    size_t len = (size_t)fake_urb_of(urb)->buffer_length;
    if (len > 0) {
        urb->buffer = resolve(urb->data, offsetof(struct usbdevfs_urb, buffer), len);
    }
    return urb;
}

void fake_urb_free(void *urb)
{
    struct fake_urb *freed = urb;
    g_object_unref(freed->data);
    g_clear_object(&freed->buffer);
    g_free(freed);
}

void fake_urb_finish(GQueue *done, struct fake_urb *urb, int status, size_t len)
{
    fake_urb_of(urb)->status = status;
    fake_urb_of(urb)->actual_length = (int)len;
    g_queue_push_tail(done, urb);
}

static struct fake_urb *pop_done(GQueue *done, const UMockdevIoctlClient *client)
{
    for (GList *at = done->head; at != NULL; at = at->next) {
        struct fake_urb *urb = at->data;
        if (urb->client == client) {
            g_queue_delete_link(done, at);
            return urb;
        }
    }
    return NULL;
}

int fake_urb_reap(GQueue *done, const UMockdevIoctlClient *client, UMockdevIoctlData *arg,
                  bool is_gone, struct fake_urb **ret_urb)
{
    struct fake_urb *urb = pop_done(done, client);
    if (urb == NULL) {
        return is_gone ? ENODEV : EAGAIN;
    }
    UMockdevIoctlData *pointer = resolve(arg, 0, sizeof(void *));
    umockdev_ioctl_data_set_ptr(pointer, 0, urb->data);
    g_object_unref(pointer);
    *ret_urb = urb;
    return 0;
}

GList *fake_urb_find(GQueue *pending, const UMockdevIoctlData *arg)
{
    gulong address = *(const gulong *)(const void *)arg->data;
    for (GList *at = pending->head; at != NULL; at = at->next) {
        const struct fake_urb *urb = at->data;
        if (urb->data->client_addr == address) {
            return at;
        }
    }
    return NULL;
}
