/* SPDX-License-Identifier: Apache-2.0 */
/* Arm's MPS2 board with a Cortex-M3 (AN385), from reset to main() and back: the board that QEMU
 * models and that the firmware's tests run on. Nothing here needs more than ARMv6-M. */
#include <stdint.h>

#include "firmware/port/cortex-m/mps2/startup.h"

enum { EXCEPTIONS = 16, FAULT_STATUS = 125 };

extern uint32_t data_load[], data_begin[], data_end[], bss_begin[], bss_end[]; /* mps2-an385.ld */
extern uint32_t stack_begin[], stack_end[];

int main(void);
/* newlib's semihosting opens stdin, stdout, stderr; only in a program that uses stdio. */
__attribute__((weak)) void initialise_monitor_handles(void);
void reset_handler(void);
void fault_handler(void);

static const uint32_t unused_stack = 0xa5a5a5a5;

size_t mps2_stack_used(void)
{
    const uint32_t *lowest = stack_begin;
    while (lowest < stack_end && *lowest == unused_stack) {
        lowest++;
    }
    return (size_t)(stack_end - lowest) * sizeof *lowest;
}

/* Semihosting for AArch32 and AArch64, 2.0: on a Cortex-M a call is BKPT 0xAB with its number in
 * r0. */
static uint32_t semihosting(uint32_t number, const void *argument)
{
    register uint32_t r0 __asm__("r0") = number;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void mps2_say(const char *text)
{
    enum { SYS_WRITE0 = 0x04 };
    (void)semihosting(SYS_WRITE0, text);
}

void mps2_exit(int status)
{
    enum { SYS_EXIT_EXTENDED = 0x20 };
    static const uint32_t ADP_Stopped_ApplicationExit = 0x20026;
    const uint32_t block[] = {ADP_Stopped_ApplicationExit, (uint32_t)status};
    for (;;) {
        (void)semihosting(SYS_EXIT_EXTENDED, block);
    }
}

/* Everything below the stack pointer of now, minus a few words that this very loop may push. */
static inline void paint_stack(void)
{
    enum { SPARE_WORDS = 32 };
    const uint32_t *now = __builtin_frame_address(0);
    for (volatile uint32_t *word = stack_begin; word + SPARE_WORDS < now; word++) {
        *word = unused_stack;
    }
}

__attribute__((noreturn)) void reset_handler(void)
{
    const uint32_t *from = data_load;
    for (uint32_t *to = data_begin; to < data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = bss_begin; to < bss_end; to++) {
        *to = 0;
    }
    if (initialise_monitor_handles != 0) {
        initialise_monitor_handles();
    }
    paint_stack();
    mps2_exit(main());
}

/* A fault of the program: an address, an instruction or an alignment that is none. */
__attribute__((noreturn)) void fault_handler(void)
{
    mps2_say("the processor took a fault\n");
    mps2_exit(FAULT_STATUS);
}

/* ARMv6-M and ARMv7-M, B1.5.2 and B1.5.3: the first word is the stack pointer, then come the
 * exceptions from number 1. Interrupts stay off, so that none beyond them is ever taken. */
struct vectors {
    const void *stack;
    void (*handlers[EXCEPTIONS - 1])(void);
};
__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    .stack = stack_end,
    .handlers =
        {
            reset_handler, fault_handler /* NMI */, fault_handler /* HardFault */,
            fault_handler /* MemManage */, fault_handler /* BusFault */,
            fault_handler /* UsageFault */
        },
};
