/* tests/usb/terminal.h: the terminal as a process of its own, one line a time: here, or in a guest.
 *
 * Errors   what can't be started or reached ends the program with a sentence
 * Threads  one */
#ifndef TESTS_USB_TERMINAL_H
#define TESTS_USB_TERMINAL_H

#include "tests/usb/talk.h"

#include <sys/types.h>

enum { TERMINAL_PATIENCE_MS = 20000 }; /* a line that has not come by then is not coming */

struct terminal {
    pid_t pid; /* 0: it is behind a socket */
    int orders_fd;
    int lines_fd;
    char text[TALK_LINE_LEN_MAX];
    size_t len;
    bool has_said_closed;
};

/* `program` is a shell command: "valgrind -q bin/usb_terminal". */
void terminal_spawn(struct terminal *terminal, const char *program);
/* HOST:PORT, or the path of a Unix socket. */
void terminal_connect(struct terminal *terminal, const char *where);

/* One line to it. */
void terminal_order(struct terminal *terminal, const char *line);

/* The next line. `wake_fd`, -1 or one that becomes readable: then *ret_woken is set and there is no
 * line. False: it has said all, or nothing for TERMINAL_PATIENCE_MS. The line "closed" is its last
 * one and is not handed out. */
bool terminal_hear(struct terminal *terminal, int wake_fd, char line[TALK_LINE_LEN_MAX],
                   bool *ret_woken);

/* Reaps it. False, after it has printed why: it did not say "closed", or ended with an error. */
bool terminal_end(struct terminal *terminal);

#endif
