/* firmware/port/host/board.h: the rest of a board for tests: a memory that outlasts the device
 * struct, a button, HMAC.
 *
 * Memory   one struct; no heap of its own
 * Threads  one caller at a time */
#ifndef TALLY_FIRMWARE_PORT_HOST_BOARD_H
#define TALLY_FIRMWARE_PORT_HOST_BOARD_H

#include "firmware/usb/port.h"

/* All zero: nothing has ever been saved, nobody is there. */
struct tally_host_board {
    uint8_t record_lens[TALLY_KEEP_COUNT]; /* 0: not saved */
    uint8_t records[TALLY_KEEP_COUNT][TALLY_KEEP_LEN_MAX];
    uint32_t saves;      /* how often something was written */
    bool is_worn_out;    /* no save works any more */
    bool is_button_held; /* somebody may pair it anew */
    bool is_hmac_broken;
};

/* Ports on that board, without a card slot. Both are borrowed. */
struct tally_ports tally_host_board_ports(struct tally_host_board *board, const char *serial);

#endif
