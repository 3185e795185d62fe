/* tests/unit/hal/fake_printer.h: a receipt printer in this process, on the other end of a driver's
 * link: it has paper, a cover and a buffer, and answers as ESC/POS printers do.
 *
 * Nothing happens by itself: one call of fake_printer_step() is one thing that a bus brings. */
#ifndef TALLY_TESTS_FAKE_PRINTER_H
#define TALLY_TESTS_FAKE_PRINTER_H

#include "hal/printer/printer.h"

enum { FAKE_PAPER_MAX = 256 * 1024, FAKE_BUFFER_MAX = 700, FAKE_SPEAKS_MAX = 256 };

struct fake_printer {
    struct hal_link link;
    struct hal_interface interface;
    struct hal_reader_settings settings;
    const struct hal_reader_driver *driver;
    void *state; /* NULL: unplugged */

    /* how it is */
    bool paper_out, cover_open, paper_low, cutter_jammed;
    long paper_left; /* characters until the paper is out; below 0: no end */
    bool is_mute;    /* answers no questions */
    bool knows_reports, knows_marks;
    bool answers_first; /* its answer overtakes the word that the question went out */
    bool refuses_control;
    bool fails_sends; /* its endpoint stalls, half of a transfer taken */
    uint8_t port_status;
    const char *device_id;

    /* what it has */
    uint8_t buffer[FAKE_BUFFER_MAX];
    size_t buffer_len;
    char paper[FAKE_PAPER_MAX];
    size_t paper_len;
    uint8_t speaks[FAKE_SPEAKS_MAX]; /* on its way to the driver */
    size_t speaks_len;
    bool reports;
    unsigned resets;
    bool to_display; /* ESC = 2: what comes is for the display that hangs on it */
    void (*on_display)(void *context, const uint8_t *bytes, size_t len);
    void *context;

    /* the bus */
    bool has_control;
    struct hal_setup control;
    uint8_t sent[1024];
    size_t sent_len;
    bool has_sent;  /* a transfer is pending */
    bool was_taken; /* the printer has it, the driver has not been told */
    bool receives;
    uint32_t timer_ms; /* 0: none */
    uint64_t now_ms;
    bool logs; /* prints each row */
};

/* A healthy bidirectional printer that knows everything. */
void fake_printer_init(struct fake_printer *fake, struct hal_printer *printer);
void fake_printer_plug(struct fake_printer *fake);
void fake_printer_unplug(struct fake_printer *fake);

/* Delivers one thing that is due; false: nothing is, but time may pass. */
bool fake_printer_step(struct fake_printer *fake);
/* Steps until nothing is due. */
void fake_printer_settle(struct fake_printer *fake);
/* Lets the driver's timer run out, where one is set; then settles. */
bool fake_printer_wait(struct fake_printer *fake);

/* Somebody does something to it; reports go out where they are wanted. */
void fake_printer_change(struct fake_printer *fake);

#endif
