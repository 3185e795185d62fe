/* SPDX-License-Identifier: Apache-2.0 */
/* FunctionFS endpoints, with asynchronous transfers. */
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

/* ---- descriptors: the device's own, without the header that the kernel writes itself ---- */

enum {
    INTERFACES_LEN_MAX = TALLY_USB_CONFIG_LEN_MAX - TALLY_USB_CONFIG_HEADER_LEN,
    IINTERFACE_AT = 8,
    LANGUAGE_EN_US = 0x0409
};

struct interfaces {
    size_t len;
    uint32_t count; /* of descriptors */
    uint8_t bytes[INTERFACES_LEN_MAX];
};

/* FunctionFS counts its own strings from 1, one for each interface, and renumbers them. */
static void number_strings(struct interfaces *interfaces)
{
    uint8_t string = 0;
    interfaces->count = 0;
    for (size_t at = 0; at < interfaces->len; at += interfaces->bytes[at]) {
        assert(interfaces->bytes[at] >= 2);
        if (interfaces->bytes[at + 1] == USB_DT_INTERFACE) {
            interfaces->bytes[at + IINTERFACE_AT] = ++string;
        }
        interfaces->count++;
    }
}

static struct interfaces interfaces_of(struct tally_usb_device *device, enum tally_usb_speed speed)
{
    struct interfaces interfaces = {0};
    const struct tally_usb_setup get_configuration = {.bmRequestType = TALLY_USB_IN,
                                                      .bRequest = TALLY_USB_GET_DESCRIPTOR,
                                                      .wValue = TALLY_USB_DESCRIPTOR_CONFIGURATION
                                                                << 8,
                                                      .wLength = TALLY_USB_CONFIG_LEN_MAX};
    tally_usb_device_reset(device, speed);
    struct tally_usb_answer answer = tally_usb_device_setup(device, &get_configuration);
    assert(answer.kind == TALLY_USB_SEND && answer.len > TALLY_USB_CONFIG_HEADER_LEN);
    interfaces.len = answer.len - TALLY_USB_CONFIG_HEADER_LEN;
    memcpy(interfaces.bytes, answer.data + TALLY_USB_CONFIG_HEADER_LEN, interfaces.len);
    number_strings(&interfaces);
    return interfaces;
}

static bool write_descriptors(int ep0_fd, const struct interfaces *fs, const struct interfaces *hs)
{
    struct {
        struct usb_functionfs_descs_head_v2 head;
        __le32 fs_count;
        __le32 hs_count;
        uint8_t bytes[2 * INTERFACES_LEN_MAX];
    } __attribute__((packed)) block = {
        .head = {.magic = htole32(FUNCTIONFS_DESCRIPTORS_MAGIC_V2),
                 .flags = htole32(FUNCTIONFS_HAS_FS_DESC | FUNCTIONFS_HAS_HS_DESC)},
        .fs_count = htole32(fs->count),
        .hs_count = htole32(hs->count),
    };
    size_t len = sizeof block - sizeof block.bytes + fs->len + hs->len;
    block.head.length = htole32((uint32_t)len);
    memcpy(block.bytes, fs->bytes, fs->len);
    memcpy(block.bytes + fs->len, hs->bytes, hs->len);
    return write(ep0_fd, &block, len) == (ssize_t)len;
}

static bool write_strings(int ep0_fd, const struct interfaces *interfaces)
{
    static const char names[] = TALLY_USB_INTERFACE "\0" TALLY_USB_CCID_INTERFACE_NAME;
    bool has_slot = interfaces->len > TALLY_USB_CONFIG_LEN - TALLY_USB_CONFIG_HEADER_LEN;
    struct {
        struct usb_functionfs_strings_head head;
        __le16 language;
        char names[sizeof names];
    } __attribute__((packed)) block = {
        .head = {.magic = htole32(FUNCTIONFS_STRINGS_MAGIC),
                 .str_count = htole32(has_slot ? 2 : 1),
                 .lang_count = htole32(1)},
        .language = htole16(LANGUAGE_EN_US),
    };
    size_t names_len = has_slot ? sizeof names : sizeof TALLY_USB_INTERFACE;
    size_t len = sizeof block - sizeof names + names_len;
    block.head.length = htole32((uint32_t)len);
    memcpy(block.names, names, names_len);
    return write(ep0_fd, &block, len) == (ssize_t)len;
}

/* ---- opening and closing ---- */

static int open_file(const char *dir, const char *name, size_t number)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s%zu", dir, name, number);
    if (len < 0 || (size_t)len >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static uint16_t packet_len_at(const struct interfaces *interfaces, size_t at)
{
    return (uint16_t)(interfaces->bytes[at + 4] | interfaces->bytes[at + 5] << 8);
}

/* FunctionFS names its files by the order of the descriptors: ep1, ep2, ... The two speeds have the
 * same endpoints at the same places. */
static bool open_endpoints(struct endpoints *endpoints, const char *dir,
                           const struct interfaces *fs, const struct interfaces *hs)
{
    for (size_t at = 0; at < fs->len; at += fs->bytes[at]) {
        if (fs->bytes[at + 1] != USB_DT_ENDPOINT) {
            continue;
        }
        assert(endpoints->count < ENDPOINTS_MAX);
        struct endpoint *endpoint = &endpoints->list[endpoints->count++];
        *endpoint = (struct endpoint){.fd = open_file(dir, "ep", endpoints->count),
                                      .address = fs->bytes[at + 2],
                                      .is_bulk = (fs->bytes[at + 3] & USB_ENDPOINT_XFERTYPE_MASK) ==
                                                 USB_ENDPOINT_XFER_BULK,
                                      .packet_len_fs = packet_len_at(fs, at),
                                      .packet_len_hs = packet_len_at(hs, at)};
        if (endpoint->fd < 0) {
            return false;
        }
    }
    return true;
}

bool endpoints_open(struct endpoints *endpoints, const char *dir, struct tally_usb_device *device)
{
    struct interfaces hs = interfaces_of(device, TALLY_USB_HIGH_SPEED);
    struct interfaces fs = interfaces_of(device, TALLY_USB_FULL_SPEED);
    *endpoints = (struct endpoints){.ep0_fd = open_file(dir, "ep", 0), .done_fd = -1};
    if (endpoints->ep0_fd < 0 || !write_descriptors(endpoints->ep0_fd, &fs, &hs) ||
        !write_strings(endpoints->ep0_fd, &fs)) {
        goto close_all;
    }
    endpoints->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (endpoints->done_fd < 0 || !open_endpoints(endpoints, dir, &fs, &hs) ||
        syscall(SYS_io_setup, ENDPOINTS_MAX, &endpoints->aio) != 0) {
        goto close_all;
    }
    return true;
close_all:;
    int first_error = errno;
    endpoints_close(endpoints);
    errno = first_error;
    return false;
}

static void close_file(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void endpoints_close(struct endpoints *endpoints)
{
    if (endpoints->aio != 0) {
        (void)syscall(SYS_io_destroy, endpoints->aio);
    }
    close_file(endpoints->done_fd);
    for (size_t i = 0; i < endpoints->count; i++) {
        close_file(endpoints->list[i].fd);
    }
    close_file(endpoints->ep0_fd);
    explicit_bzero(endpoints, sizeof *endpoints); /* what came in may have been of a card */
    endpoints->ep0_fd = endpoints->done_fd = -1;
}

/* ---- endpoint 0 ---- */

/* FunctionFS stalls when the data stage is asked for in the wrong direction. */
static void stall(int ep0_fd, bool is_in)
{
    uint8_t none = 0;
    ssize_t ignored = is_in ? read(ep0_fd, &none, 0) : write(ep0_fd, &none, 0);
    (void)ignored; /* EL2HLT by design; EIDRM when the host has given up meanwhile */
}

/* The status stage has gone by when the data is here: what it says is told in the next answer. */
static void receive_control(int ep0_fd, struct tally_usb_device *device, uint16_t wanted_len)
{
    uint8_t data[TALLY_USB_CONTROL_LEN_MAX];
    if (wanted_len > sizeof data) {
        stall(ep0_fd, false);
        return;
    }
    ssize_t len = read(ep0_fd, data, wanted_len);
    if (len >= 0) {
        (void)tally_usb_device_setup_data(device, data, (uint16_t)len);
    }
    explicit_bzero(data, sizeof data);
}

static void answer_setup(int ep0_fd, struct tally_usb_device *device,
                         const struct usb_ctrlrequest *request)
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
    struct tally_usb_answer answer = tally_usb_device_setup(device, &setup);
    switch (answer.kind) {
    case TALLY_USB_STALL:
        stall(ep0_fd, (setup.bmRequestType & USB_DIR_IN) != 0);
        break;
    case TALLY_USB_SEND:
        ignored = write(ep0_fd, answer.data, answer.len);
        break;
    case TALLY_USB_RECEIVE:
        receive_control(ep0_fd, device, setup.wLength);
        break;
    case TALLY_USB_DONE:
        ignored = read(ep0_fd, &none, 0);
        break;
    }
    (void)ignored; /* the host may give up a request at any time; the next event says so */
}

size_t endpoints_serve(struct endpoints *endpoints, struct tally_usb_device *device,
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
            answer_setup(endpoints->ep0_fd, device, &events[i].u.setup);
            break;
        default: /* bind, suspend, resume: the reader does the same in all of them */
            break;
        }
    }
    return count;
}

/* ---- transfers ---- */

static struct endpoint *find(struct endpoints *endpoints, uint8_t address)
{
    for (size_t i = 0; i < endpoints->count; i++) {
        if (endpoints->list[i].address == address) {
            return &endpoints->list[i];
        }
    }
    return NULL;
}

bool endpoints_is_busy(const struct endpoints *endpoints, uint8_t address)
{
    for (size_t i = 0; i < endpoints->count; i++) {
        if (endpoints->list[i].address == address) {
            return endpoints->list[i].is_busy;
        }
    }
    return true; /* there is no such endpoint: nothing can be done with it */
}

static bool submit(struct endpoints *endpoints, struct endpoint *endpoint, uint16_t operation,
                   const uint8_t *bytes, size_t len)
{
    struct iocb *request = &endpoint->request;
    *request = (struct iocb){
        .aio_data = endpoint->address,
        .aio_lio_opcode = operation,
        .aio_fildes = (uint32_t)endpoint->fd,
        .aio_buf = (uint64_t)(uintptr_t)bytes,
        .aio_nbytes = len,
        .aio_flags = IOCB_FLAG_RESFD,
        .aio_resfd = (uint32_t)endpoints->done_fd,
    };
    endpoint->is_given_up = false;
    endpoint->is_busy = syscall(SYS_io_submit, endpoints->aio, 1, &request) == 1;
    return endpoint->is_busy;
}

static size_t packet_len(const struct endpoint *endpoint, enum tally_usb_speed speed)
{
    return speed == TALLY_USB_HIGH_SPEED ? endpoint->packet_len_hs : endpoint->packet_len_fs;
}

bool endpoints_send(struct endpoints *endpoints, uint8_t address, const uint8_t *bytes, size_t len,
                    enum tally_usb_speed speed)
{
    struct endpoint *endpoint = find(endpoints, address);
    assert(endpoint != NULL && !endpoint->is_busy);
    bool needs_empty = endpoint->is_bulk && len % packet_len(endpoint, speed) == 0;
    endpoint->owed_len = 0;
    if (!submit(endpoints, endpoint, IOCB_CMD_PWRITE, bytes, len)) {
        return false;
    }
    endpoint->owed_len = needs_empty ? len : 0;
    return true;
}

bool endpoints_receive(struct endpoints *endpoints, uint8_t address, enum tally_usb_speed speed)
{
    struct endpoint *endpoint = find(endpoints, address);
    assert(endpoint != NULL && !endpoint->is_busy);
    return submit(endpoints, endpoint, IOCB_CMD_PREAD, endpoint->packet,
                  packet_len(endpoint, speed));
}

/* A transfer that was a whole number of packets long is followed by an empty packet. */
static bool goes_on(struct endpoints *endpoints, struct endpoint *endpoint, bool is_whole)
{
    bool is_empty_packet = endpoint->request.aio_nbytes == 0;
    return is_whole && endpoint->owed_len != 0 && !is_empty_packet && !endpoint->is_given_up &&
           submit(endpoints, endpoint, IOCB_CMD_PWRITE, endpoint->packet, 0);
}

bool endpoints_finish(struct endpoints *endpoints, struct endpoints_end *ret_end)
{
    uint64_t ignored = 0;
    struct io_event event;
    struct timespec now = {0};
    /* First its count, then the transfers: one that ends in between counts again. */
    bool was_counted = read(endpoints->done_fd, &ignored, sizeof ignored) > 0;
    (void)was_counted; /* EAGAIN: an earlier call has taken the count */
    while (syscall(SYS_io_getevents, endpoints->aio, 0, 1, &event, &now) == 1) {
        struct endpoint *endpoint = find(endpoints, (uint8_t)event.data);
        assert(endpoint != NULL);
        bool is_in = (endpoint->address & USB_DIR_IN) != 0, is_whole = event.res >= 0;
        endpoint->is_busy = false;
        if (goes_on(endpoints, endpoint, is_whole) || endpoint->is_given_up) {
            continue;
        }
        bool was_owed = is_whole && endpoint->owed_len != 0;
        *ret_end = (struct endpoints_end){.address = endpoint->address,
                                          .len = was_owed   ? endpoint->owed_len
                                                 : is_whole ? (size_t)event.res
                                                            : 0,
                                          .is_whole = is_whole,
                                          .bytes = is_in ? NULL : endpoint->packet};
        endpoint->owed_len = 0;
        return true;
    }
    return false;
}

void endpoints_give_up(struct endpoints *endpoints, uint8_t address)
{
    struct endpoint *endpoint = find(endpoints, address);
    struct io_event event;
    if (endpoint != NULL && endpoint->is_busy) {
        endpoint->is_given_up = true;
        (void)syscall(SYS_io_cancel, endpoints->aio, &endpoint->request, &event);
    }
}

void endpoints_give_up_all(struct endpoints *endpoints)
{
    for (size_t i = 0; i < endpoints->count; i++) {
        endpoints_give_up(endpoints, endpoints->list[i].address);
    }
}
