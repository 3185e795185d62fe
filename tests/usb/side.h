/* tests/usb/side.h: the buses a conversation is played over.
 *
 * Memory   each maker allocates, side_free() frees
 * Errors   what can't be set up ends the program with a sentence
 * Threads  one; umockdev answers from a thread of its own, behind a lock */
#ifndef TESTS_USB_SIDE_H
#define TESTS_USB_SIDE_H

#include "tests/usb/talk.h"

#include <stdint.h>

/* In process: hal's drivers against the device model; time is a number. `is_paced`: a report comes
 * packet by packet, and time goes on in between. */
struct talk_side *side_in_process(bool is_paced);

/* In process without hal: `terminal` rows are requests to the device model, as in poke.c. */
struct talk_side *side_bare(void);

/* umockdev: `program` is the terminal, with the real libusb in it. Run under umockdev-wrapper. */
struct talk_side *side_umockdev(const char *program);
/* CLOCK_MONOTONIC: when the device that was plugged in last handed out its last interrupt or bulk
 * IN transfer; 0: it has none yet. */
int64_t side_umockdev_handed_ns(const struct talk_side *side);

/* usbredir: QEMU waits for us at the Unix socket `redir`; the guest's terminal answers at
 * `terminal` (HOST:PORT). */
struct talk_side *side_usbredir(const char *redir, const char *terminal);

/* The FunctionFS gadget in the guest: its head and the terminal answer at HOST:PORT. `kind` is the
 * device that tally-reader was started as; others are not on this bus. */
struct talk_side *side_gadget(const char *head, const char *terminal, const char *kind);

/* Of any of them. */
void side_free(struct talk_side *side);

#endif
