/* tests/usb/port.h: the socket that a device model is plugged into: transfers, cut into packets as
 * on the wire, and what may go wrong with them.
 *
 * Each bus of these tests (in process, umockdev, usbredir) hands its requests in here, so that
 * packet lengths, halted endpoints and a cable that is pulled at transfer N are the same on each.
 *
 * Units    lengths are bytes
 * Memory   one struct; the model stays the caller's
 * Threads  one caller at a time */
#ifndef TESTS_USB_PORT_H
#define TESTS_USB_PORT_H

#include "tests/usb/model.h"

enum { PORT_DESCRIPTOR_LEN_MAX = 1024, PORT_ENDPOINTS_MAX = 8, PORT_INTERFACES_MAX = 4 };

enum port_result {
    PORT_WAIT = 0, /* nothing yet (NAK): ask again */
    PORT_DONE,
    PORT_STALL,
    PORT_BABBLE, /* a packet was longer than the room for it */
    PORT_GONE
};

/* Fields as in USB 2.0, 9.6.6. */
struct port_endpoint {
    uint8_t bEndpointAddress;
    uint8_t bmAttributes;
    uint8_t bInterval;
    uint16_t wMaxPacketSize;
    uint8_t interface;
    bool is_halted;
    size_t taken; /* IN: bytes of the pending transfer that the host has */
};

struct port_interface {
    uint8_t bInterfaceNumber;
    uint8_t bInterfaceClass;
    uint8_t bInterfaceSubClass;
    uint8_t bInterfaceProtocol;
    const uint8_t *class_descriptors; /* into `config` */
    size_t class_descriptors_len;
};

struct port {
    struct model *model;
    uint8_t device[18];
    uint8_t config[PORT_DESCRIPTOR_LEN_MAX];
    size_t config_len;
    struct port_endpoint endpoints[PORT_ENDPOINTS_MAX];
    size_t endpoint_count;
    struct port_interface interfaces[PORT_INTERFACES_MAX];
    size_t interface_count;
    unsigned transfers;              /* that ended so far, enumeration not counted */
    unsigned packets;                /* a control transfer counts as one */
    unsigned unplug_after_transfers; /* the cable is pulled after so many; 0: it is not */
    unsigned unplug_after_packets;
    bool is_gone;
    bool is_paced;       /* interrupt IN: one packet for each port_in(), as a host that polls */
    bool has_more;       /* ..and the next one is there when time has gone on */
    size_t piece_len;    /* interrupt IN: packets are shorter than they may be, so that each ends a
                            transfer; 0: they are not */
    size_t breaks_after; /* the report that is sent next is given up after so many bytes; 0: it is
                            not */
};

/* An IN transfer that the host waits for. */
struct port_in {
    uint8_t endpoint;
    uint8_t *into;
    size_t cap;
    size_t have;
};

/* An OUT transfer that the host sends; `ends`: with an empty packet where it is made of full
 * ones. */
struct port_out {
    uint8_t endpoint;
    const uint8_t *bytes;
    size_t len;
    bool ends;
    size_t sent;
};

/* Enumerates `model` (which stays the caller's) and chooses its first configuration. Asserts that
 * its descriptors make sense. */
void port_open(struct port *port, struct model *model);

/* One control transfer. OUT: wLength bytes of `data` are sent. IN: up to wLength bytes come into
 * `data`, *ret_len of them.
 *   PORT_DONE, PORT_STALL, PORT_GONE */
enum port_result port_control(struct port *port, const struct tally_usb_setup *setup, uint8_t *data,
                              size_t *ret_len);

/* Goes on with an IN transfer: full packets go on filling it, a short one ends it. On a bulk
 * endpoint a transfer of full packets is ended by an empty one; on an interrupt endpoint nothing
 * ends it. */
enum port_result port_in(struct port *port, struct port_in *request);

/* Goes on with an OUT transfer, as far as the device takes packets. */
enum port_result port_out(struct port *port, struct port_out *request);

/* The endpoint stalls until the host clears it. */
void port_halt(struct port *port, uint8_t endpoint);

/* What may go wrong, in words: "stall 81", "pieces 5", "break 24". False: none of these. */
bool port_order(struct port *port, const char *words);

struct port_endpoint *port_find(struct port *port, uint8_t endpoint);

#endif
