/* firmware/port/linux-gadget/cable.h: the device model on a real bus: the loop that usb/device.h
 * describes, with FunctionFS as its controller.
 *
 * Units    times are milliseconds of CLOCK_MONOTONIC
 * Errors   false, and a sentence in cable->gadget.error
 * Threads  one */
#ifndef TALLY_FIRMWARE_PORT_LINUX_GADGET_CABLE_H
#define TALLY_FIRMWARE_PORT_LINUX_GADGET_CABLE_H

#include "firmware/port/linux-gadget/endpoints.h"
#include "firmware/port/linux-gadget/gadget.h"
#include "firmware/usb/device.h"

enum cable_news {
    CABLE_HOST_UP,       /* a host has configured the reader */
    CABLE_HOST_DOWN,     /* it is gone; a report that waited is gone with it */
    CABLE_REPORT_TAKEN,  /* whole */
    CABLE_REPORT_CUT,    /* a part of it, as cable_cut_next_report() has asked */
    CABLE_REPORT_BROKEN, /* a part of it, or the kernel refused it */
    CABLE_REPORT_LATE    /* nobody took it in time */
};

struct cable {
    struct tally_usb_device device;
    struct gadget gadget;
    struct endpoints endpoints;
    const char *serial;
    bool is_reporting;  /* as last told */
    bool is_cutting;    /* the next report is cut */
    bool is_away;       /* left the bus to come back with other descriptors */
    int64_t back_at_ms; /* while is_away */
    void (*tell)(void *listener, enum cable_news news);
    void *listener;
};

/* Makes the gadget and plugs it in. `udc` NULL: the first there is. `ports` is borrowed.
 * `tell` is called from within the calls below, with `listener`. */
bool cable_open(struct cable *cable, const struct tally_ports *ports, const char *udc,
                void (*tell)(void *listener, enum cable_news news), void *listener);
void cable_close(struct cable *cable);

bool cable_plug(struct cable *cable);
bool cable_pull(struct cable *cable);

/* The next report ends after three packets, with the cable pulled. */
void cable_cut_next_report(struct cable *cable);

/* After poll() has found the file of endpoint 0, or of ended transfers, readable. */
void cable_serve_ep0(struct cable *cable);
void cable_finish_transfers(struct cable *cable);

/* The time; after anything has happened, and when it said it wants it again. Returns that time. */
int64_t cable_time(struct cable *cable, int64_t now_ms);

#endif
