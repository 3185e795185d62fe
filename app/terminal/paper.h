/* app/terminal/paper.h: the member's side of the till: receipt printer and customer display, as one
 * thing that the desk works on.
 *
 * Units    columns as receipt.h.
 * Memory   one object; close it after the readers that name its printer and display are closed.
 * Errors   a display never stands in anybody's way: what it can't show now it shows later or never.
 * Blocking nothing.
 * Threads  the loop's thread only. */
#ifndef TALLY_TERMINAL_PAPER_H
#define TALLY_TERMINAL_PAPER_H

#include "app/terminal/receipt.h"
#include "hal/display/display.h"

struct paper;

struct paper_settings {
    bool prints; /* a printer is wanted */
    enum hal_charset charset;
    size_t columns; /* TILL_COLUMNS_MIN..TILL_COLUMNS_MAX */
    struct hal_display_settings display;
};

struct paper_watcher {
    void *context;
    void (*on_state)(void *context); /* paper_printer_state() has changed; may be NULL */
};

/* TALLY_OK, TALLY_E_INVALID (a display on a printer that is not wanted, or no device is named),
 * TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status paper_open(const struct paper_settings *settings,
                                            const struct paper_watcher *watcher,
                                            struct paper **ret_paper);
void paper_close(struct paper *paper); /* NULL is allowed */

/* For the readers' settings; NULL: none is wanted. */
struct hal_printer *paper_printer(const struct paper *paper);
struct hal_display *paper_display(const struct paper *paper);

/* "unplugged", "ready", "paper_low", "paper_out", "cover_open", "error", "offline"; NULL: no
 * printer is wanted. */
const char *paper_printer_state(const struct paper *paper);

typedef void paper_done_fn(void *context, enum hal_print_result result);

/* Prints a receipt; in English where the printer has no Chinese. `done` comes once, later, unless
 * the receipt is given up. TALLY_OK (*ret_job names it), TALLY_E_NOT_FOUND (no printer is wanted),
 * TALLY_E_READER_GONE, TALLY_E_BUSY, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status paper_print(struct paper *paper, const struct receipt_facts *facts,
                                             enum receipt_language language, paper_done_fn *done,
                                             void *context, uint32_t *ret_job);
/* Nobody waits for it any more. What is on paper is on paper. */
void paper_give_up(struct paper *paper, uint32_t job);

/* On the display, in Chinese where it has it. */
void paper_welcome(struct paper *paper, const char *name, int64_t points);
void paper_thank(struct paper *paper, const struct receipt_facts *facts);

#endif
