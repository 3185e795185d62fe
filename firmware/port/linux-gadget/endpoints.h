/* firmware/port/linux-gadget/endpoints.h: FunctionFS: endpoint 0 and the other endpoints as files.
 *
 * Reading or writing a FunctionFS endpoint blocks until the host comes for it, whatever O_NONBLOCK
 * says, and the host may never come. So transfers go by the kernel's own asynchronous I/O
 * (io_submit), whose end wakes poll() through an eventfd, and which can be cancelled.
 *
 * Errors   false, and errno
 * Threads  one */
#ifndef TALLY_FIRMWARE_PORT_LINUX_GADGET_ENDPOINTS_H
#define TALLY_FIRMWARE_PORT_LINUX_GADGET_ENDPOINTS_H

#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/usb/device.h"

enum {
    ENDPOINTS_MAX = 4, /* those of device.h */
    ENDPOINTS_EVENTS_MAX = 4,
    ENDPOINTS_PACKET_LEN = 512 /* of a bulk endpoint at the most */
};

enum endpoints_event { /* what ep0 had to say, in order */
                       ENDPOINTS_NOTHING = 0,
                       ENDPOINTS_HOST_UP,
                       ENDPOINTS_HOST_DOWN
};

/* One endpoint. Its transfer is the kernel's until it has ended, given up or not. */
struct endpoint {
    int fd;
    uint8_t address;
    uint16_t packet_len_fs;
    uint16_t packet_len_hs;
    bool is_bulk;
    bool is_busy;
    bool is_given_up; /* its end is nobody's business any more */
    size_t owed_len;  /* sent, and its empty packet is under way; 0: none is */
    struct iocb request;
    uint8_t packet[ENDPOINTS_PACKET_LEN]; /* what comes in on an OUT endpoint */
};

struct endpoints {
    int ep0_fd;  /* poll for POLLIN, then endpoints_serve() */
    int done_fd; /* eventfd: poll for POLLIN, then endpoints_finish() */
    aio_context_t aio;
    size_t count;
    struct endpoint list[ENDPOINTS_MAX];
};

/* How a transfer ended. */
struct endpoints_end {
    uint8_t address;
    size_t len;           /* bytes the host took or sent */
    bool is_whole;        /* false: it broke off */
    const uint8_t *bytes; /* of an OUT endpoint, until the next transfer */
};

/* Opens the mounted FunctionFS at `dir` and writes the descriptors and strings of `device`: from
 * here on the gadget may be bound. The device is reset. On false nothing stays open. */
bool endpoints_open(struct endpoints *endpoints, const char *dir, struct tally_usb_device *device);

/* Reads the events that wait on ep0 and answers SETUP packets from `device`. Blocks while the host
 * does the data stage it has asked for. Returns how many of ret_events[ENDPOINTS_EVENTS_MAX] were
 * written, 0 included. */
size_t endpoints_serve(struct endpoints *endpoints, struct tally_usb_device *device,
                       enum endpoints_event ret_events[ENDPOINTS_EVENTS_MAX]);

/* Is a transfer of this endpoint with the kernel, given up or not? */
bool endpoints_is_busy(const struct endpoints *endpoints, uint8_t address);

/* Starts to send, which copies `bytes`, or to receive one packet. Only while it is not busy. */
bool endpoints_send(struct endpoints *endpoints, uint8_t address, const uint8_t *bytes, size_t len,
                    enum tally_usb_speed speed);
bool endpoints_receive(struct endpoints *endpoints, uint8_t address, enum tally_usb_speed speed);

/* After done_fd became readable, until it says false: the next transfer that has ended and was not
 * given up. */
bool endpoints_finish(struct endpoints *endpoints, struct endpoints_end *ret_end);

/* Gives up what an endpoint, or every one, is doing. It is busy until the kernel lets go. */
void endpoints_give_up(struct endpoints *endpoints, uint8_t address);
void endpoints_give_up_all(struct endpoints *endpoints);

/* Closes all. */
void endpoints_close(struct endpoints *endpoints);

#endif
