/* SPDX-License-Identifier: Apache-2.0 */
/* FunctionFS endpoints, with asynchronous sending. */
#include "firmware/port/linux-gadget/endpoints.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/usb/functionfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firmware/usb/descriptors.h"

enum {
    INTERFACE_LEN = TALLY_USB_CONFIG_LEN - TALLY_USB_CONFIG_HEADER_LEN,
    INTERFACE_DESCRIPTORS = 3, /* interface, HID, endpoint */
    IINTERFACE_AT = 8,
    FFS_STRING_INTERFACE = 1 /* FunctionFS counts its own strings from 1 and renumbers them */
};

struct ffs_descriptors {
    struct usb_functionfs_descs_head_v2 head;
    __le32 fs_count;
    __le32 hs_count;
    uint8_t fs[INTERFACE_LEN];
    uint8_t hs[INTERFACE_LEN];
} __attribute__((packed));

struct ffs_strings {
    struct usb_functionfs_strings_head head;
    __le16 language;
    char interface_name[sizeof TALLY_USB_INTERFACE];
} __attribute__((packed));

static bool write_descriptors(int ep0_fd)
{
    struct ffs_descriptors block = {
        .head = {.magic = htole32(FUNCTIONFS_DESCRIPTORS_MAGIC_V2),
                 .length = htole32(sizeof block),
                 .flags = htole32(FUNCTIONFS_HAS_FS_DESC | FUNCTIONFS_HAS_HS_DESC)},
        .fs_count = htole32(INTERFACE_DESCRIPTORS),
        .hs_count = htole32(INTERFACE_DESCRIPTORS),
    };
    memcpy(block.fs, tally_usb_config_fs + TALLY_USB_CONFIG_HEADER_LEN, INTERFACE_LEN);
    memcpy(block.hs, tally_usb_config_hs + TALLY_USB_CONFIG_HEADER_LEN, INTERFACE_LEN);
    block.fs[IINTERFACE_AT] = FFS_STRING_INTERFACE;
    block.hs[IINTERFACE_AT] = FFS_STRING_INTERFACE;
    return write(ep0_fd, &block, sizeof block) == (ssize_t)sizeof block;
}

static bool write_strings(int ep0_fd)
{
    struct ffs_strings block = {
        .head = {.magic = htole32(FUNCTIONFS_STRINGS_MAGIC),
                 .length = htole32(sizeof block),
                 .str_count = htole32(1),
                 .lang_count = htole32(1)},
        .language = htole16(0x0409),
        .interface_name = TALLY_USB_INTERFACE,
    };
    return write(ep0_fd, &block, sizeof block) == (ssize_t)sizeof block;
}

static int open_endpoint(const char *dir, const char *name)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (len < 0 || (size_t)len >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

bool endpoints_open(struct endpoints *endpoints, const char *dir)
{
    *endpoints = (struct endpoints){.ep0_fd = -1, .ep1_fd = -1, .done_fd = -1};
    endpoints->ep0_fd = open_endpoint(dir, "ep0");
    if (endpoints->ep0_fd < 0 || !write_descriptors(endpoints->ep0_fd) ||
        !write_strings(endpoints->ep0_fd)) {
        goto close_all;
    }
    endpoints->ep1_fd = open_endpoint(dir, "ep1");
    endpoints->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (endpoints->ep1_fd < 0 || endpoints->done_fd < 0 ||
        syscall(SYS_io_setup, 1, &endpoints->aio) != 0) {
        goto close_all;
    }
    return true;
close_all:;
    int first_error = errno;
    endpoints_close(endpoints);
    errno = first_error;
    return false;
}

/* FunctionFS stalls when the data stage is asked for in the wrong direction. */
static void stall(int ep0_fd, bool is_in)
{
    uint8_t none = 0;
    ssize_t ignored = is_in ? read(ep0_fd, &none, 0) : write(ep0_fd, &none, 0);
    (void)ignored; /* EL2HLT by design; EIDRM when the host has given up meanwhile */
}

static void receive(int ep0_fd, struct tally_hid *hid)
{
    uint8_t data[TALLY_MSR_FEATURE_LEN];
    ssize_t len = read(ep0_fd, data, sizeof data);
    if (len >= 0) {
        tally_hid_received(hid, data, (uint16_t)len);
    }
}

static void answer_setup(int ep0_fd, struct tally_hid *hid, const struct usb_ctrlrequest *request)
{
    struct tally_usb_setup setup = {
        .bmRequestType = request->bRequestType,
        .bRequest = request->bRequest,
        .wValue = le16toh(request->wValue),
        .wIndex = le16toh(request->wIndex),
        .wLength = le16toh(request->wLength),
    };
    uint8_t none = 0;
    ssize_t ignored = 0;
    struct tally_usb_answer answer = tally_hid_setup(hid, &setup);
    switch (answer.kind) {
    case TALLY_USB_STALL:
        stall(ep0_fd, (setup.bmRequestType & USB_DIR_IN) != 0);
        break;
    case TALLY_USB_SEND:
        ignored = write(ep0_fd, answer.data, answer.len);
        break;
    case TALLY_USB_RECEIVE:
        receive(ep0_fd, hid);
        break;
    case TALLY_USB_DONE:
        ignored = read(ep0_fd, &none, 0);
        break;
    }
    (void)ignored; /* the host may give up a request at any time; the next event says so */
}

size_t endpoints_serve(struct endpoints *endpoints, struct tally_hid *hid,
                       enum endpoints_event ret_events[ENDPOINTS_EVENTS_MAX])
{
    struct usb_functionfs_event events[ENDPOINTS_EVENTS_MAX];
    size_t count = 0;
    ssize_t len = read(endpoints->ep0_fd, events, sizeof events);
    for (ssize_t i = 0; i < len / (ssize_t)sizeof events[0]; i++) {
        switch (events[i].type) {
        case FUNCTIONFS_ENABLE:
            ret_events[count++] = ENDPOINTS_HOST_UP;
            break;
        case FUNCTIONFS_DISABLE:
        case FUNCTIONFS_UNBIND:
            ret_events[count++] = ENDPOINTS_HOST_DOWN;
            break;
        case FUNCTIONFS_SETUP:
            answer_setup(endpoints->ep0_fd, hid, &events[i].u.setup);
            break;
        default: /* bind, suspend, resume: the reader does the same in all of them */
            break;
        }
    }
    return count;
}

bool endpoints_send(struct endpoints *endpoints, const uint8_t *data, size_t len)
{
    assert(!endpoints->is_sending);
    struct iocb *request = &endpoints->request;
    *request = (struct iocb){
        .aio_lio_opcode = IOCB_CMD_PWRITE,
        .aio_fildes = (uint32_t)endpoints->ep1_fd,
        .aio_buf = (uint64_t)(uintptr_t)data,
        .aio_nbytes = len,
        .aio_flags = IOCB_FLAG_RESFD,
        .aio_resfd = (uint32_t)endpoints->done_fd,
    };
    endpoints->is_sending = syscall(SYS_io_submit, endpoints->aio, 1, &request) == 1;
    return endpoints->is_sending;
}

long endpoints_finish(struct endpoints *endpoints)
{
    uint64_t count = 0;
    struct io_event event;
    if (read(endpoints->done_fd, &count, sizeof count) != (ssize_t)sizeof count ||
        syscall(SYS_io_getevents, endpoints->aio, 1, 1, &event, NULL) != 1) {
        return -1;
    }
    endpoints->is_sending = false;
    return event.res < 0 ? -1 : (long)event.res;
}

void endpoints_cancel(struct endpoints *endpoints)
{
    struct io_event event;
    if (endpoints->is_sending) {
        (void)syscall(SYS_io_cancel, endpoints->aio, &endpoints->request, &event);
    }
}

void endpoints_close(struct endpoints *endpoints)
{
    if (endpoints->aio != 0) {
        (void)syscall(SYS_io_destroy, endpoints->aio);
    }
    const int fds[] = {endpoints->done_fd, endpoints->ep1_fd, endpoints->ep0_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    *endpoints = (struct endpoints){.ep0_fd = -1, .ep1_fd = -1, .done_fd = -1};
}
