/* SPDX-License-Identifier: Apache-2.0 */
/* What a microcontroller adds to the device model: a controller's transfers, edges of the head,
 * records in flash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/port/cortex-m/bus.h"
#include "firmware/port/cortex-m/capture.h"
#include "firmware/port/cortex-m/keep.h"
#include "tools/swipe/swipe.h"

/* ---- a controller that holds one transfer for each endpoint ---- */

struct fake_controller {
    bool is_connected;
    bool is_busy;
    const uint8_t *sending;
    size_t sending_len;
    int sends;
    int give_ups;
};

static bool fake_send(void *self, uint8_t endpoint, const uint8_t *bytes, size_t len)
{
    struct fake_controller *fake = self;
    assert_int_equal(TALLY_USB_HID_IN, endpoint);
    if (!fake->is_busy) {
        fake->sending = bytes;
        fake->sending_len = len;
        fake->sends++;
    }
    return !fake->is_busy;
}

static void fake_give_up(void *self, uint8_t endpoint)
{
    struct fake_controller *fake = self;
    assert_int_equal(TALLY_USB_HID_IN, endpoint);
    fake->sending = NULL;
    fake->give_ups++;
}

static bool fake_receive(void *self, uint8_t endpoint)
{
    (void)self;
    (void)endpoint;
    return true;
}

static void fake_connect(void *self, bool is_connected)
{
    struct fake_controller *fake = self;
    fake->is_connected = is_connected;
}

static const struct tally_ports ports = {.serial = "S1"};

struct bench {
    struct fake_controller fake;
    struct controller controller;
    struct tally_usb_device device;
    struct bus bus;
    struct capture capture;
    uint32_t now_us;
};

static void set_up_by_a_host(struct bench *bench)
{
    const struct tally_usb_setup set_configuration = {.bRequest = TALLY_USB_SET_CONFIGURATION,
                                                      .wValue = 1};
    assert_int_equal(TALLY_USB_DONE, bus_setup(&bench->bus, &set_configuration).kind);
}

static struct bench *a_bench(void)
{
    static struct bench bench;
    memset(&bench, 0, sizeof bench);
    bench.controller = (struct controller){.self = &bench.fake,
                                           .send = fake_send,
                                           .give_up = fake_give_up,
                                           .receive = fake_receive,
                                           .connect = fake_connect};
    tally_usb_device_init(&bench.device, &ports);
    bus_init(&bench.bus, &bench.device, &bench.controller);
    set_up_by_a_host(&bench);
    return &bench;
}

static void poll(struct bench *bench)
{
    capture_poll(&bench->capture, &bench->device.reader, bench->now_us);
    (void)bus_poll(&bench->bus, bench->now_us / 1000);
}

/* One track moved past the head; the main loop runs after every `every` edges. */
static void move(struct bench *bench, int track, const char *text, size_t every)
{
    static struct tally_swipe_flux flux;
    const struct tally_swipe_hand hand = {.seed = 3};
    assert_true(tally_swipe_flux(&hand, track, text, &flux));
    for (size_t i = 0; i < flux.count; i++) {
        bench->now_us += flux.intervals[i];
        capture_edge(&bench->capture, (enum tally_f2f_track)(track - 1), bench->now_us);
        if (i % every == 0) {
            poll(bench);
        }
    }
}

static void be_silent(struct bench *bench)
{
    bench->now_us += CAPTURE_SILENCE_US;
    poll(bench);
}

static void swipe(struct bench *bench)
{
    move(bench, 2, ";61021000123=4912?", 1);
    be_silent(bench);
}

/* ---- edges ---- */

static void edges_of_a_card_become_its_report_at_the_controller(void **state)
{
    (void)state;
    struct bench *bench = a_bench();
    assert_true(bench->fake.is_connected);
    bench->now_us = UINT32_MAX - 100000; /* the clock wraps in the middle of the card */
    swipe(bench);
    assert_int_equal(TALLY_MSR_REPORT_LEN, bench->fake.sending_len);
    assert_memory_equal(";61021000123=4912?",
                        bench->fake.sending + TALLY_MSR_DATA_AT + TALLY_MSR_TRACK_LEN_MAX, 18);
    bus_sent(&bench->bus, TALLY_USB_HID_IN, TALLY_MSR_REPORT_LEN);
    poll(bench);
    assert_int_equal(TALLY_READER_IDLE, bench->device.reader.state);
    assert_int_equal(1, bench->fake.sends);
    assert_int_equal(0, bench->fake.give_ups);
}

static void a_spark_is_no_swipe(void **state)
{
    (void)state;
    struct bench *bench = a_bench();
    for (int i = 0; i < CAPTURE_EDGES_MIN - 1; i++) {
        bench->now_us += 500;
        capture_edge(&bench->capture, TALLY_F2F_TRACK_2, bench->now_us);
        poll(bench);
    }
    be_silent(bench);
    assert_int_equal(0, bench->device.reader.swipe_number);
    assert_int_equal(bench->capture.put, bench->capture.taken);
}

static void an_edge_after_the_clock_was_read_is_not_the_end_of_the_swipe(void **state)
{
    (void)state;
    struct bench *bench = a_bench();
    for (int i = 0; i < 4 * CAPTURE_EDGES_MIN; i++) {
        bench->now_us += 500;
        uint32_t read_us = bench->now_us - 1;
        capture_edge(&bench->capture, TALLY_F2F_TRACK_2, bench->now_us);
        capture_poll(&bench->capture, &bench->device.reader, read_us);
    }
    assert_int_equal(1, bench->device.reader.swipe_number);
    assert_int_equal(TALLY_READER_SWIPING, bench->device.reader.state);
}

static void edges_that_nobody_took_in_time_lose_the_swipe_and_not_the_next(void **state)
{
    (void)state;
    struct bench *bench = a_bench();
    move(bench, 2, ";61021000123=4912?", CAPTURE_RING_LEN + 1);
    be_silent(bench);
    assert_int_equal(0, bench->fake.sends);
    assert_int_equal(TALLY_READER_LIGHT_RED, bench->device.reader.light);
    swipe(bench);
    assert_int_equal(1, bench->fake.sends);
}

static void a_swipe_while_a_report_waits_is_let_pass(void **state)
{
    (void)state;
    struct bench *bench = a_bench();
    swipe(bench);
    move(bench, 2, ";999=1?", 1);
    be_silent(bench);
    assert_int_equal(1, bench->device.reader.swipe_number);
    assert_memory_equal(";6102", bench->fake.sending + TALLY_MSR_DATA_AT + TALLY_MSR_TRACK_LEN_MAX,
                        5);
}

static void no_edge_of_a_card_stays_in_the_ring(void **state)
{
    (void)state;
    struct bench *bench = a_bench();
    swipe(bench);
    for (int i = 0; i < CAPTURE_RING_LEN; i++) {
        assert_int_equal(0, bench->capture.ring[i]);
    }
}

/* ---- transfers ---- */

static void a_controller_that_is_busy_is_asked_again(void **state)
{
    (void)state;
    struct bench *bench = a_bench();
    bench->fake.is_busy = true;
    swipe(bench);
    assert_int_equal(0, bench->fake.sends);
    bench->fake.is_busy = false;
    poll(bench);
    assert_int_equal(1, bench->fake.sends);
}

static void a_report_that_nobody_takes_is_taken_back_from_the_controller(void **state)
{
    (void)state;
    struct bench *bench = a_bench();
    swipe(bench);
    bench->now_us += TALLY_READER_HOLD_MS * 1000u - 1000;
    poll(bench);
    assert_int_equal(0, bench->fake.give_ups);
    bench->now_us += 2000;
    poll(bench);
    assert_int_equal(1, bench->fake.give_ups);
    bus_sent(&bench->bus, TALLY_USB_HID_IN, TALLY_MSR_REPORT_LEN); /* too late, and not believed */
    swipe(bench);
    assert_int_equal(2, bench->fake.sends);
}

static void a_bus_reset_in_the_middle_of_a_report_forgets_it(void **state)
{
    (void)state;
    struct bench *bench = a_bench();
    swipe(bench);
    bus_reset(&bench->bus);
    poll(bench);
    assert_int_equal(TALLY_READER_OFF, bench->device.reader.state);
    set_up_by_a_host(bench);
    poll(bench);
    assert_int_equal(1, bench->fake.sends);
    assert_int_equal(0, bench->fake.give_ups);
    swipe(bench);
    assert_int_equal(2, bench->fake.sends);
}

/* ---- flash that loses its power in the middle of a step ---- */

struct fake_flash {
    uint8_t bytes[KEEP_SECTORS * KEEP_PAGES * KEEP_PAGE_LEN];
    int steps_left; /* below 0: no cut to come */
    size_t torn_at; /* how far the step of the cut comes */
    int erases;
};

static size_t reach(struct fake_flash *fake, size_t len)
{
    if (fake->steps_left < 0) {
        return len;
    }
    if (fake->steps_left == 0) {
        return 0;
    }
    fake->steps_left--;
    return fake->steps_left == 0 ? fake->torn_at % len : len;
}

static void fake_erase(void *self, int sector)
{
    struct fake_flash *fake = self;
    fake->erases++;
    memset(fake->bytes + sector * KEEP_PAGES * KEEP_PAGE_LEN, 0xff,
           reach(fake, KEEP_PAGES * KEEP_PAGE_LEN));
}

static void fake_program(void *self, int page, const uint8_t bytes[KEEP_PAGE_LEN])
{
    struct fake_flash *fake = self;
    size_t len = reach(fake, KEEP_PAGE_LEN);
    for (size_t i = 0; i < len; i++) {
        fake->bytes[(size_t)page * KEEP_PAGE_LEN + i] &= bytes[i]; /* a bit only ever falls */
    }
}

static struct fake_flash flash_memory;
static const struct keep_flash flash = {&flash_memory, flash_memory.bytes, fake_erase,
                                        fake_program};

static void a_new_board(void)
{
    memset(&flash_memory, 0xff, sizeof flash_memory);
    flash_memory.steps_left = -1;
    flash_memory.erases = 0;
}

static bool save_number(enum tally_keep what, uint8_t number)
{
    uint8_t bytes[TALLY_KEEP_LEN_MAX];
    memset(bytes, number, sizeof bytes);
    return keep_save(&flash, what, bytes, 8 + (size_t)what);
}

/* -1: nothing is kept. */
static int kept_number(enum tally_keep what)
{
    uint8_t bytes[TALLY_KEEP_LEN_MAX];
    return keep_load(&flash, what, bytes, 8 + (size_t)what) ? bytes[0] : -1;
}

static void a_record_reads_back_in_its_own_length_only(void **state)
{
    (void)state;
    uint8_t bytes[TALLY_KEEP_LEN_MAX + 1] = {0};
    a_new_board();
    assert_int_equal(-1, kept_number(TALLY_KEEP_PAIR));
    assert_true(save_number(TALLY_KEEP_PAIR, 7));
    assert_int_equal(7, kept_number(TALLY_KEEP_PAIR));
    assert_int_equal(-1, kept_number(TALLY_KEEP_SETTINGS));
    assert_false(keep_load(&flash, TALLY_KEEP_PAIR, bytes, 8));
    assert_false(keep_save(&flash, TALLY_KEEP_PAIR, bytes, sizeof bytes));
    assert_int_equal(7, kept_number(TALLY_KEEP_PAIR));
}

static void records_outlast_any_number_of_saves_of_another(void **state)
{
    (void)state;
    a_new_board();
    assert_true(save_number(TALLY_KEEP_PAIR, 7));
    for (int i = 0; i < 200; i++) {
        assert_true(save_number(TALLY_KEEP_COUNTER, (uint8_t)i));
        assert_int_equal(i, kept_number(TALLY_KEEP_COUNTER));
        assert_int_equal(7, kept_number(TALLY_KEEP_PAIR));
    }
    assert_in_range(flash_memory.erases, 10, 16); /* and each erase wears the flash */
}

static void after_a_power_cut_a_record_is_the_old_or_the_new_one(void **state)
{
    (void)state;
    uint32_t random = 1;
    int cuts = 0;
    a_new_board();
    assert_true(save_number(TALLY_KEEP_SETTINGS, 5));
    assert_true(save_number(TALLY_KEEP_PAIR, 7));
    assert_true(save_number(TALLY_KEEP_COUNTER, 0));
    for (int i = 1; i < 4000; i++) {
        random = random * 1664525 + 1013904223;
        int before = kept_number(TALLY_KEEP_COUNTER);
        flash_memory.steps_left = random >> 28 < 6 ? 1 + (int)(random >> 24) % 4 : -1;
        flash_memory.torn_at = random >> 8;
        bool is_saved = save_number(TALLY_KEEP_COUNTER, (uint8_t)i);
        bool is_cut = flash_memory.steps_left == 0;
        cuts += is_cut;
        flash_memory.steps_left = -1;
        int after = kept_number(TALLY_KEEP_COUNTER);
        assert_true(after == (uint8_t)i || (!is_saved && after == before));
        assert_true(is_saved || is_cut);
        assert_int_equal(5, kept_number(TALLY_KEEP_SETTINGS));
        assert_int_equal(7, kept_number(TALLY_KEEP_PAIR));
    }
    assert_in_range(cuts, 300, 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_of_a_card_become_its_report_at_the_controller),
        cmocka_unit_test(a_spark_is_no_swipe),
        cmocka_unit_test(an_edge_after_the_clock_was_read_is_not_the_end_of_the_swipe),
        cmocka_unit_test(edges_that_nobody_took_in_time_lose_the_swipe_and_not_the_next),
        cmocka_unit_test(a_swipe_while_a_report_waits_is_let_pass),
        cmocka_unit_test(no_edge_of_a_card_stays_in_the_ring),
        cmocka_unit_test(a_controller_that_is_busy_is_asked_again),
        cmocka_unit_test(a_report_that_nobody_takes_is_taken_back_from_the_controller),
        cmocka_unit_test(a_bus_reset_in_the_middle_of_a_report_forgets_it),
        cmocka_unit_test(a_record_reads_back_in_its_own_length_only),
        cmocka_unit_test(records_outlast_any_number_of_saves_of_another),
        cmocka_unit_test(after_a_power_cut_a_record_is_the_old_or_the_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
