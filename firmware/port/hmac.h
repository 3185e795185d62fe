/* firmware/port/hmac.h: tally_ports.hmac for ports that have mbedTLS.
 *
 * Memory   as mbedTLS does: a small context on its heap
 * Threads  any */
#ifndef TALLY_FIRMWARE_PORT_HMAC_H
#define TALLY_FIRMWARE_PORT_HMAC_H

#include "firmware/usb/port.h"

/* HMAC-SHA-256. `self` is not looked at. False: the library failed. */
bool tally_port_hmac(void *self, const uint8_t key[TALLY_HMAC_KEY_LEN], const uint8_t *bytes,
                     size_t len, uint8_t ret_mac[TALLY_HMAC_LEN]);

#endif
