/* tests/fakes/fake_usbfs.h: what every answer to usbfs under umockdev begins with: the bus, a
 * device on it, and requests on their way (struct usbdevfs_urb, linux/usbdevice_fs.h). What a
 * device says to them is the caller's.
 *
 * Memory   GLib's; a request belongs to whoever has it, or to the queue that it stands in.
 * Errors   a claim about umockdev or libusb that does not hold ends the program.
 * Threads  one at a time for each queue. */
#ifndef TESTS_FAKES_FAKE_USBFS_H
#define TESTS_FAKES_FAKE_USBFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <umockdev.h>

#include <linux/ioctl.h>
#include <linux/usbdevice_fs.h>

struct fake_urb {
    const UMockdevIoctlClient *client; /* whose open file it is: it fetches the answer */
    UMockdevIoctlData *data;           /* struct usbdevfs_urb */
    UMockdevIoctlData *buffer;         /* NULL: of no length */
    size_t have;                       /* so far; the caller's */
};

/* A hub with one interface, as every bus begins with. */
void fake_usbfs_add_root_hub(UMockdevTestbed *testbed);

/* A device of this address on port `address` of that hub, for umockdev_testbed_add_from_string();
 * free with g_free(). `descriptors` are the device's and its configuration's; `product` NULL: it
 * has no such string. */
char *fake_usbfs_device(unsigned address, const uint8_t *descriptors, size_t len,
                        const char *product);

/* In each, `arg` is the third argument of ioctl() itself: what it points at is resolved first. The
 * answer is ioctl()'s: 0 or an errno. */
int fake_usbfs_tell_capabilities(UMockdevIoctlData *arg);
int fake_usbfs_tell_connection(UMockdevIoctlData *arg, unsigned devnum);
/* The unsigned that CLEAR_HALT and RESETEP point at. */
uint8_t fake_usbfs_endpoint(UMockdevIoctlData *arg);

/* The request of a SUBMITURB. */
struct fake_urb *fake_urb_new(const UMockdevIoctlClient *client, UMockdevIoctlData *arg);
void fake_urb_free(void *urb);
struct usbdevfs_urb *fake_urb_of(const struct fake_urb *urb);

/* Answered: it waits in `done` to be fetched. */
void fake_urb_finish(GQueue *done, struct fake_urb *urb, int status, size_t len);

/* REAPURB: EAGAIN when nothing of this client's is done, ENODEV when nothing will be. The one that
 * it gets is to be freed after the ioctl was completed. */
int fake_urb_reap(GQueue *done, const UMockdevIoctlClient *client, UMockdevIoctlData *arg,
                  bool is_gone, struct fake_urb **ret_urb);

/* DISCARDURB: its place in `pending`, or NULL. */
GList *fake_urb_find(GQueue *pending, const UMockdevIoctlData *arg);

#endif
