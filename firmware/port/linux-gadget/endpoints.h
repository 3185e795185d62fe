/* firmware/port/linux-gadget/endpoints.h: FunctionFS: endpoint 0 and the interrupt endpoint as
 * files.
 *
 * A write to a FunctionFS endpoint blocks until the host has taken it, whatever O_NONBLOCK says,
 * and the host may never come. So reports are sent with the kernel's own asynchronous I/O
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

#include "firmware/usb/hid.h"

enum endpoints_event { /* what ep0 had to say, in order */
                       ENDPOINTS_NOTHING = 0,
                       ENDPOINTS_HOST_UP,
                       ENDPOINTS_HOST_DOWN
};
enum { ENDPOINTS_EVENTS_MAX = 4 };

struct endpoints {
    int ep0_fd;  /* poll for POLLIN, then endpoints_serve() */
    int ep1_fd;  /* interrupt IN */
    int done_fd; /* eventfd: poll for POLLIN, then endpoints_finish() */
    aio_context_t aio;
    struct iocb request;
    bool is_sending;
};

/* Opens the mounted FunctionFS at `dir` and writes descriptors and strings: from here on the gadget
 * may be bound. On false nothing stays open. */
bool endpoints_open(struct endpoints *endpoints, const char *dir);

/* Reads the events that wait on ep0 and answers SETUP packets from `hid`. Blocks while the host
 * does the data stage it has asked for. Returns how many of ret_events[ENDPOINTS_EVENTS_MAX] were
 * written, 0 included. */
size_t endpoints_serve(struct endpoints *endpoints, struct tally_hid *hid,
                       enum endpoints_event ret_events[ENDPOINTS_EVENTS_MAX]);

/* Starts to send; `data` is copied by the kernel. Only while !is_sending. */
bool endpoints_send(struct endpoints *endpoints, const uint8_t *data, size_t len);

/* After done_fd became readable: the bytes the host took, or -1 when the transfer was given up. */
long endpoints_finish(struct endpoints *endpoints);

/* Gives up what is being sent; its end still comes through done_fd. */
void endpoints_cancel(struct endpoints *endpoints);

/* Closes all. */
void endpoints_close(struct endpoints *endpoints);

#endif
