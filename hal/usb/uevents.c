/* SPDX-License-Identifier: Apache-2.0 */
/* News of devices, from udevd where there is one, else from the kernel itself
 * (NETLINK_KOBJECT_UEVENT).
 *
 * libusb listens to one of them only, whichever it was built for. What a message says is not looked
 * at: it means that the bus is to be looked at. Where udevd runs, its message comes when it has set
 * the node's owner and mode; the kernel's comes before that, and would find the node closed. */
#include "hal/usb/room.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GROUP_KERNEL = 1, GROUP_UDEV = 2 }; /* linux: lib/kobject_uevent.c; systemd: sd-device */
enum { MESSAGE_LEN_MAX = 8192 };           /* longer ones are cut, which does no harm */

static bool is_news(const struct msghdr *header, const char *message, size_t len)
{
    const struct sockaddr_nl *from = header->msg_name;
    bool is_kernels = header->msg_namelen >= sizeof *from && from->nl_groups == GROUP_KERNEL;
    if (is_kernels && access("/run/udev/control", F_OK) == 0) {
        return false; /* udevd will say it again */
    }
    bool is_cut = (header->msg_flags & MSG_TRUNC) != 0;
    return is_cut || memmem(message, len, "usb", 3) != NULL;
}

/* One message; false when there is none. A socket that overflowed has lost some: that is news
 * too. */
static bool take_message(struct hal_usb *usb)
{
    char message[MESSAGE_LEN_MAX];
    struct sockaddr_nl from = {.nl_family = AF_UNSPEC};
    struct iovec part = {.iov_base = message, .iov_len = sizeof message};
    struct msghdr header = {
        .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1};
    ssize_t len = recvmsg(usb->uevents_fd, &header, MSG_DONTWAIT);
    if (len < 0 && errno != ENOBUFS) {
        return errno == EINTR;
    }
    if (len < 0 || is_news(&header, message, (size_t)len)) {
        usb_look_at_bus(usb);
    }
    return len != 0;
}

static void on_uevents(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct hal_usb *usb = handle->data;
    while (take_message(usb)) {
    }
}

enum tally_status usb_watch_uevents(struct hal_usb *usb)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK,
                                        .nl_groups = GROUP_KERNEL | GROUP_UDEV};
    usb->uevents_fd =
        socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (usb->uevents_fd < 0) {
        return TALLY_E_DEVICE;
    }
    bool is_bound =
        bind(usb->uevents_fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0;
    if (!is_bound || uv_poll_init(usb->loop, &usb->uevents, usb->uevents_fd) != 0) {
        close(usb->uevents_fd);
        usb->uevents_fd = -1;
        return TALLY_E_DEVICE;
    }
    usb->uevents.data = usb;
    usb_add_part(usb);
    return uv_poll_start(&usb->uevents, UV_READABLE, on_uevents) == 0 ? TALLY_OK : TALLY_E_DEVICE;
}

static void on_closed(uv_handle_t *handle)
{
    struct hal_usb *usb = handle->data;
    close(usb->uevents_fd);
    usb_drop_part(usb);
}

void usb_stop_uevents(struct hal_usb *usb)
{
    if (usb->uevents_fd >= 0) {
        uv_close((uv_handle_t *)&usb->uevents, on_closed);
    }
}
