/* firmware/port/cortex-m/mps2/startup.h: the emulated board: main() is called after reset, and what
 * it returns is the exit status of QEMU. For programs without stdio there are the two calls below.
 *
 * Threads  one */
#ifndef TALLY_FIRMWARE_PORT_CORTEX_M_MPS2_STARTUP_H
#define TALLY_FIRMWARE_PORT_CORTEX_M_MPS2_STARTUP_H

#include <stddef.h>

/* The most stack that was in use at any time since main() was called, in bytes. */
size_t mps2_stack_used(void);

/* Prints on the machine that runs the emulator. `text` ends with a zero. */
void mps2_say(const char *text);

/* Ends the emulator with this exit status. */
__attribute__((noreturn)) void mps2_exit(int status);

#endif
