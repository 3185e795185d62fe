/* SPDX-License-Identifier: Apache-2.0 */
/* In-process port: no cable, no clock. */
#include "firmware/port/host/host.h"

#include <string.h>

void tally_host_port_plug(struct tally_host_port *port, const char *serial)
{
    memset(port, 0, sizeof *port);
    tally_reader_init(&port->reader);
    port->ports.serial = serial;
    tally_hid_init(&port->hid, &port->ports);
    (void)tally_reader_event(&port->reader, TALLY_READER_HOST_UP);
}

bool tally_host_port_swipe(struct tally_host_port *port, const char *lines,
                           uint8_t ret_report[TALLY_MSR_REPORT_LEN], const char **ret_error)
{
    *ret_error = NULL;
    for (const char *at = lines; *at != '\0'; at++) {
        const char *error = NULL;
        switch (tally_head_push(&port->head, &port->reader, *at, &error)) {
        case TALLY_HEAD_REPORT:
            memcpy(ret_report, port->reader.report, TALLY_MSR_REPORT_LEN);
            (void)tally_reader_event(&port->reader, TALLY_READER_REPORT_TAKEN);
            return true;
        case TALLY_HEAD_ERROR:
            *ret_error = *ret_error == NULL ? error : *ret_error;
            break;
        default:
            break;
        }
    }
    return false;
}
