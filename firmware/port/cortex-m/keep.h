/* firmware/port/cortex-m/keep.h: records that outlast the power (usb/port.h, enum tally_keep), in
 * two sectors of flash.
 *
 * Records are appended page by page, each with a sequence number and a CRC; the newest whole one of
 * a kind counts. When a sector is full, the newest of each kind goes to the other one, which is
 * erased first. A power cut leaves the old record or the new one, at any moment: a torn page fails
 * its CRC, and a sector is erased only when it holds no record that counts.
 *
 * Memory   one page on the stack; no heap
 * Errors   false: see tally_ports.load and save
 * Threads  one */
#ifndef TALLY_FIRMWARE_PORT_CORTEX_M_KEEP_H
#define TALLY_FIRMWARE_PORT_CORTEX_M_KEEP_H

#include "firmware/usb/port.h"

enum { KEEP_SECTORS = 2, KEEP_PAGES = 16, KEEP_PAGE_LEN = 256 };

struct keep_flash {
    void *self;
    const uint8_t *bytes; /* both sectors, as the processor reads them; erased flash is FF */
    void (*erase)(void *self, int sector);
    /* Programs one erased page. */
    void (*program)(void *self, int page, const uint8_t bytes[KEEP_PAGE_LEN]);
};

bool keep_load(const struct keep_flash *flash, enum tally_keep what, uint8_t *ret_bytes,
               size_t len);
bool keep_save(const struct keep_flash *flash, enum tally_keep what, const uint8_t *bytes,
               size_t len);

#endif
