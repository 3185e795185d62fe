/* SPDX-License-Identifier: Apache-2.0 */
/* The reader on an RP2040: one loop, and one interrupt for the head. */
#include <pico/stdlib.h>
#include <pico/unique_id.h>

#include "firmware/port/cortex-m/rp2040/board.h"
#include "firmware/port/hmac.h"

static struct tally_usb_device device;
static struct bus bus;
static struct capture capture;
static char serial[2 * PICO_UNIQUE_BOARD_ID_SIZE_BYTES + 1];

static bool may_pair(void *self)
{
    (void)self;
    return !gpio_get(PIN_PAIR);
}

static struct tally_ports ports = {
    .serial = serial,
    .load = flash_load,
    .save = flash_save,
#if defined(HAS_HMAC)
    .hmac = tally_port_hmac,
#endif
    .may_pair = may_pair,
};

static void start_pins(void)
{
    static const uint outputs[] = {PIN_LED_GREEN, PIN_LED_RED, PIN_BEEPER};
    for (size_t i = 0; i < count_of(outputs); i++) {
        gpio_init(outputs[i]);
        gpio_set_dir(outputs[i], GPIO_OUT);
    }
    gpio_init(PIN_PAIR);
    gpio_pull_up(PIN_PAIR);
}

static void show(const struct tally_reader *reader)
{
    enum tally_reader_light light = reader->light;
    gpio_put(PIN_LED_GREEN, light == TALLY_READER_LIGHT_GREEN || light == TALLY_READER_LIGHT_AMBER);
    gpio_put(PIN_LED_RED, light == TALLY_READER_LIGHT_RED || light == TALLY_READER_LIGHT_AMBER);
    gpio_put(PIN_BEEPER, reader->is_beeping);
}

int main(void)
{
    pico_get_unique_board_id_string(serial, sizeof serial);
    start_pins();
    ports.slot = antenna_start();
    tally_usb_device_init(&device, &ports);
    head_start(&capture);
    usb_start(&bus, &device);
    for (;;) {
        uint32_t now_ms = to_ms_since_boot(get_absolute_time());
        usb_poll(now_ms);
        capture_poll(&capture, &device.reader, time_us_32());
        antenna_poll(now_ms);
        (void)bus_poll(&bus, now_ms);
        show(&device.reader);
    }
}
