/* SPDX-License-Identifier: Apache-2.0 */
/* The three tracks' edges, by GPIO interrupt and the 1 MHz timer. */
#include <hardware/gpio.h>
#include <hardware/timer.h>

#include "firmware/port/cortex-m/rp2040/board.h"

static struct capture *edges;

/* At 150 cm/s three tracks make 60,000 edges a second: 2000 cycles for each. */
static void on_edge(uint pin, uint32_t events)
{
    (void)events;
    capture_edge(edges, (enum tally_f2f_track)(pin - PIN_TRACK_1), time_us_32());
}
_Static_assert(PIN_TRACK_2 == PIN_TRACK_1 + 1 && PIN_TRACK_3 == PIN_TRACK_1 + 2,
               "a pin's number tells its track");

void head_start(struct capture *capture)
{
    edges = capture;
    for (uint pin = PIN_TRACK_1; pin <= PIN_TRACK_3; pin++) {
        gpio_init(pin);
        gpio_pull_up(pin);
        gpio_set_irq_enabled_with_callback(pin, GPIO_IRQ_EDGE_RISE | GPIO_IRQ_EDGE_FALL, true,
                                           on_edge);
    }
}
