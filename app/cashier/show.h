/* app/cashier/show.h: runs the cashier's screen on this terminal (ncurses) until Q.
 *
 * Blocking for as long as the cashier works.
 * Threads  one. lang_open() first. */
#ifndef TALLY_CASHIER_SHOW_H
#define TALLY_CASHIER_SHOW_H

#include "app/cashier/tray.h"

struct show_options {
    const char *socket; /* of tallyd: a path or HOST:PORT */
    struct tray *tray;  /* or NULL */
};

/* TALLY_OK, TALLY_E_INVALID (the socket's address), TALLY_E_DEVICE (no terminal, or ncurses does
 * not know its kind), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status show_run(const struct show_options *options);

#endif
