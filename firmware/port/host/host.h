/* firmware/port/host/host.h: the reader inside a test: lines of the head in, report bytes out. The
 * same core, head protocol and class requests as on the cable, and a terminal that never lets go.
 *
 * Memory   one struct; no heap
 * Threads  one caller at a time */
#ifndef TALLY_FIRMWARE_PORT_HOST_HOST_H
#define TALLY_FIRMWARE_PORT_HOST_HOST_H

#include <stddef.h>

#include "firmware/core/reader.h"
#include "firmware/port/head.h"
#include "firmware/usb/hid.h"

struct tally_host_port {
    struct tally_reader reader;
    struct tally_ports ports;
    struct tally_hid hid;
    struct tally_head head;
};

/* A reader that a terminal has just configured. `serial` is borrowed. */
void tally_host_port_plug(struct tally_host_port *port, const char *serial);

/* Feeds lines until one finishes a swipe, and hands out its report as a terminal would get it.
 *   true    *ret_report is the report; what follows the swipe in `lines` has not been looked at
 *   false   no swipe was finished; *ret_error is the first error, or NULL if there was none */
bool tally_host_port_swipe(struct tally_host_port *port, const char *lines,
                           uint8_t ret_report[TALLY_MSR_REPORT_LEN], const char **ret_error);

#endif
