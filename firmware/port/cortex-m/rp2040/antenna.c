/* SPDX-License-Identifier: Apache-2.0 */
/* A PN532 at the second UART; only in a build with ANTENNA, because a reader must not show a card
 * slot that it does not have. */
#include <hardware/gpio.h>
#include <hardware/uart.h>

#include "firmware/port/cortex-m/rp2040/board.h"
#include "firmware/port/pn532.h"

#if defined(HAS_ANTENNA)
enum { BAUD = 115200, PIECE_LEN = 32 /* of the UART's own queue */ };

static struct tally_pn532 pn532;

/* At 115200 baud the longest frame takes 25 ms, in which edges of the head still come by interrupt,
 * but the main loop does not run: a card swiped in the very moment of a tap can be lost, with a red
 * light. */
static void write_line(void *self, const uint8_t *bytes, size_t len)
{
    (void)self;
    uart_write_blocking(uart1, bytes, len);
}

const struct tally_card_slot *antenna_start(void)
{
    uart_init(uart1, BAUD);
    gpio_set_function(PIN_ANTENNA_TX, GPIO_FUNC_UART);
    gpio_set_function(PIN_ANTENNA_RX, GPIO_FUNC_UART);
    tally_pn532_init(&pn532, write_line, NULL);
    return &pn532.slot;
}

void antenna_poll(uint32_t now_ms)
{
    uint8_t bytes[PIECE_LEN];
    size_t len = 0;
    while (len < sizeof bytes && uart_is_readable(uart1)) {
        bytes[len++] = (uint8_t)uart_getc(uart1);
    }
    tally_pn532_received(&pn532, bytes, len);
    tally_pn532_time(&pn532, now_ms);
}
#else
const struct tally_card_slot *antenna_start(void)
{
    return NULL;
}

void antenna_poll(uint32_t now_ms)
{
    (void)now_ms;
}
#endif
