/* firmware/port/cortex-m/rp2040/board.h: what is soldered to which pin of the RP2040, and the parts
 * of this port. Every GPIO here is a pin of the Raspberry Pi Pico's edge.
 *
 * Threads  the main loop, except where an interrupt is named */
#ifndef TALLY_FIRMWARE_PORT_CORTEX_M_RP2040_BOARD_H
#define TALLY_FIRMWARE_PORT_CORTEX_M_RP2040_BOARD_H

#include "firmware/port/cortex-m/bus.h"
#include "firmware/port/cortex-m/capture.h"

enum {
    /* The head's amplifiers: one comparator output a track, which toggles at each flux
     * transition. */
    PIN_TRACK_1 = 2,
    PIN_TRACK_2 = 3,
    PIN_TRACK_3 = 4,
    PIN_LED_GREEN = 6, /* high is on; both are amber */
    PIN_LED_RED = 7,
    PIN_BEEPER = 8,      /* high sounds; one with its own oscillator */
    PIN_PAIR = 9,        /* a button to ground: held down while a terminal pairs */
    PIN_ANTENNA_TX = 20, /* to a PN532's RX, in a build with ANTENNA */
    PIN_ANTENNA_RX = 21
};

/* usb.c: TinyUSB as the bus's controller. usb_start() borrows `bus`; usb_poll() does what waits. */
void usb_start(struct bus *bus, struct tally_usb_device *device);
void usb_poll(uint32_t now_ms);

/* head.c: edges of the three pins into `capture`, from the GPIO interrupt. */
void head_start(struct capture *capture);

/* antenna.c: the card slot, NULL in a build without one. */
const struct tally_card_slot *antenna_start(void);
void antenna_poll(uint32_t now_ms);

/* flash.c: as struct tally_ports wants them. */
bool flash_load(void *self, enum tally_keep what, uint8_t *ret_bytes, size_t len);
bool flash_save(void *self, enum tally_keep what, const uint8_t *bytes, size_t len);

#endif
