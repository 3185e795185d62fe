/* SPDX-License-Identifier: Apache-2.0 */
/* Readers that come, speak and go, seen by the real hal room and libusb in another process.
 * Usage: umockdev-wrapper test_hal_readers_usb PATH-OF-terminal_child */
#include "tests/unit/hal/usb_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define OURS           "60058541029558180"
#define OURS_TRACK_2   ";60058541029558180=9904?"
#define PAYMENT_NUMBER "4111111111111111"
#define PAYMENT_2      ";4111111111111111=30011010000?"
#define PAYMENT_1      "%B4111111111111111^DOE/JANE^30011010000?"
#define NAME           "Swipe Reader"

enum { LINE_LEN_MAX = 512, MASK = 0x55 };

static const char *terminal_path;

struct bench {
    UMockdevTestbed *testbed;
    pid_t terminal;
    FILE *orders;
    FILE *events;
};

/* ---- the bench: a bus, and a terminal on it ---- */

static void add_root_hub(UMockdevTestbed *testbed)
{
    /* A hub with one interface, as every bus begins with. */
    static const char text[] =
        "P: /devices/usb1\nN: bus/usb/001/001=00\nE: SUBSYSTEM=usb\nE: DRIVER=usb\n"
        "E: DEVTYPE=usb_device\nE: DEVNAME=/dev/bus/usb/001/001\nE: BUSNUM=001\nE: DEVNUM=001\n"
        "A: busnum=1\nA: devnum=1\nA: bConfigurationValue=1\nA: speed=480\n"
        "H: descriptors=1201000209000140"
        "6b1d020001050302010109021900010100e0000904000001090000000705810304000c\n\n";
    GError *error = NULL;
    umockdev_testbed_add_from_string(testbed, text, &error);
    g_assert_no_error(error);
}

static void start_terminal(struct bench *bench)
{
    int orders[2], events[2];
    assert_int_equal(0, pipe(orders));
    assert_int_equal(0, pipe(events));
    bench->terminal = fork();
    if (bench->terminal == 0) {
        dup2(orders[0], STDIN_FILENO);
        dup2(events[1], STDOUT_FILENO);
        close(orders[0]);
        close(orders[1]);
        close(events[0]);
        close(events[1]);
        execl(terminal_path, terminal_path, (char *)NULL);
        _exit(127);
    }
    assert_true(bench->terminal > 0);
    close(orders[0]);
    close(events[1]);
    bench->orders = fdopen(orders[1], "w");
    bench->events = fdopen(events[0], "r");
    setvbuf(bench->orders, NULL, _IOLBF, 0);
}

static void read_line(struct bench *bench, char line[LINE_LEN_MAX])
{
    if (fgets(line, LINE_LEN_MAX, bench->events) == NULL) {
        fail_msg("the terminal has died");
    }
    line[strcspn(line, "\n")] = '\0';
}

static void expect_line(struct bench *bench, const char *expected)
{
    char line[LINE_LEN_MAX];
    read_line(bench, line);
    assert_string_equal(expected, line);
}

static struct bench bench_without_terminal(void)
{
    struct bench bench = {.testbed = umockdev_testbed_new()};
    add_root_hub(bench.testbed);
    return bench;
}

static struct bench bench_with_terminal(void)
{
    struct bench bench = bench_without_terminal();
    start_terminal(&bench);
    expect_line(&bench, "open");
    return bench;
}

/* Nothing may have been said that the test did not expect; and the terminal ends clean. */
static void take_down(struct bench *bench)
{
    fprintf(bench->orders, "quit\n");
    expect_line(bench, "closed");
    int status = 0;
    assert_int_equal(bench->terminal, waitpid(bench->terminal, &status, 0));
    assert_true(WIFEXITED(status));
    assert_int_equal(0, WEXITSTATUS(status));
    fclose(bench->orders);
    fclose(bench->events);
    g_object_unref(bench->testbed);
}

static size_t count_in_terminal_memory(struct bench *bench, const char *text)
{
    fprintf(bench->orders, "scan ");
    for (const char *at = text; *at != '\0'; at++) {
        fprintf(bench->orders, "%02x", (unsigned)(uint8_t)*at ^ MASK);
    }
    fprintf(bench->orders, "\n");
    char line[LINE_LEN_MAX];
    size_t count = 0;
    read_line(bench, line);
    assert_int_equal(1, sscanf(line, "found %zu", &count));
    return count;
}

/* ---- devices ---- */

static struct sim_kind a_reader(void)
{
    return (struct sim_kind){
        .product = NAME, .interface_class = 3, .report_descriptor = sureswipe_descriptor()};
}

static struct sim *plug_reader(struct bench *bench, unsigned number)
{
    struct sim_kind kind = a_reader();
    struct sim *sim = sim_plug(bench->testbed, &kind, number);
    expect_line(bench, "state TALLY_OK ready=1 [" NAME "]");
    return sim;
}

static void swipe(struct sim *sim, const char *track_1, const char *track_2, size_t damaged_track)
{
    const char *const tracks[] = {track_1, track_2, NULL};
    uint8_t report[TALLY_MSR_REPORT_LEN];
    sureswipe_report(report, tracks);
    if (damaged_track != 0) {
        damage_track(report, damaged_track);
    }
    sim_send(sim, report, sizeof report);
}

static void swipe_ours_and_expect_it(struct bench *bench, struct sim *sim)
{
    swipe(sim, NULL, OURS_TRACK_2, 0);
    expect_line(bench, "card TALLY_OK ready=1 [" NAME "] " OURS);
}

/* ---- claims ---- */

static void a_reader_that_arrives_is_ready_and_reads_a_card(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_reader(&bench, 2);
    swipe_ours_and_expect_it(&bench, sim);
    swipe_ours_and_expect_it(&bench, sim);
    assert_int_equal(TALLY_MSR_REPORT_LEN, sim_request(sim, 0)); /* exactly: see hal_usb_listen() */
    assert_int_equal(TALLY_MSR_REPORT_LEN, sim_request(sim, 1));
    take_down(&bench);
    assert_int_equal(0, sim_claims(sim)); /* given back */
    sim_free(sim);
}

static void a_reader_that_was_there_before_the_terminal_is_found(void **state)
{
    (void)state;
    struct bench bench = bench_without_terminal();
    struct sim_kind kind = a_reader();
    struct sim *sim = sim_plug(bench.testbed, &kind, 2);
    start_terminal(&bench);
    expect_line(&bench, "open");
    expect_line(&bench, "state TALLY_OK ready=1 [" NAME "]");
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(sim);
}

static void a_payment_card_is_refused_and_leaves_no_trace_in_memory(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_reader(&bench, 2);
    swipe(sim, PAYMENT_1, PAYMENT_2, 0);
    expect_line(&bench, "refused TALLY_E_PAYMENT_CARD ready=1 [" NAME "]");
    assert_int_not_equal(0, count_in_terminal_memory(&bench, NAME)); /* the search does find */
    assert_int_equal(0, count_in_terminal_memory(&bench, PAYMENT_NUMBER));
    assert_int_equal(0, count_in_terminal_memory(&bench, "DOE/JANE"));
    assert_int_equal(0, count_in_terminal_memory(&bench, "=30011010000?"));
    take_down(&bench);
    sim_free(sim);
}

static void a_damaged_card_means_swipe_again(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_reader(&bench, 2);
    swipe(sim, NULL, OURS_TRACK_2, 2);
    expect_line(&bench, "refused TALLY_E_CARD_UNREADABLE ready=1 [" NAME "]");
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(sim);
}

static void
a_reader_unplugged_inside_a_report_gives_no_card_and_works_again_when_replugged(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_reader(&bench, 2);
    const char *const tracks[] = {PAYMENT_1, PAYMENT_2, NULL};
    uint8_t report[TALLY_MSR_REPORT_LEN];
    sureswipe_report(report, tracks);
    sim_unplug(sim, report, 200);
    expect_line(&bench, "state TALLY_E_READER_GONE ready=0 [" NAME "]");
    assert_int_equal(0, count_in_terminal_memory(&bench, PAYMENT_NUMBER));
    struct sim *again = plug_reader(&bench, 3);
    swipe_ours_and_expect_it(&bench, again);
    take_down(&bench);
    sim_free(sim);
    sim_free(again);
}

static void two_readers_work_side_by_side(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *first = plug_reader(&bench, 2);
    struct sim_kind kind = a_reader();
    kind.product = "Other";
    struct sim *second = sim_plug(bench.testbed, &kind, 3);
    expect_line(&bench, "state TALLY_OK ready=2 [Other]");
    swipe(second, NULL, OURS_TRACK_2, 0);
    expect_line(&bench, "card TALLY_OK ready=2 [Other] " OURS);
    sim_unplug(second, NULL, 0);
    expect_line(&bench, "state TALLY_E_READER_GONE ready=1 [Other]");
    swipe_ours_and_expect_it(&bench, first);
    take_down(&bench);
    sim_free(first);
    sim_free(second);
}

static void a_report_in_pieces_is_put_together(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_reader(&bench, 2);
    const char *const tracks[] = {NULL, OURS_TRACK_2, NULL};
    uint8_t report[TALLY_MSR_REPORT_LEN];
    sureswipe_report(report, tracks);
    sim_send(sim, report, 100);
    sim_send(sim, report + 100, 130);
    sim_send(sim, report + 230, sizeof report - 230);
    expect_line(&bench, "card TALLY_OK ready=1 [" NAME "] " OURS);
    assert_int_equal(TALLY_MSR_REPORT_LEN - 100, sim_request(sim, 1));
    assert_int_equal(TALLY_MSR_REPORT_LEN - 230, sim_request(sim, 2));
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(sim);
}

static void a_report_that_stops_half_way_is_dropped_and_the_next_one_is_read(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_reader(&bench, 2);
    const char *const tracks[] = {PAYMENT_1, PAYMENT_2, NULL};
    uint8_t report[TALLY_MSR_REPORT_LEN];
    sureswipe_report(report, tracks);
    sim_send(sim, report, 200);
    expect_line(&bench, "refused TALLY_E_CARD_UNREADABLE ready=1 [" NAME "]");
    assert_int_equal(0, count_in_terminal_memory(&bench, PAYMENT_NUMBER));
    swipe_ours_and_expect_it(&bench, sim);
    assert_int_equal(TALLY_MSR_REPORT_LEN - 200, sim_request(sim, 1));
    assert_int_equal(TALLY_MSR_REPORT_LEN, sim_request(sim, 2));
    take_down(&bench);
    sim_free(sim);
}

static void a_report_longer_than_announced_is_dropped(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_reader(&bench, 2);
    uint8_t report[TALLY_MSR_REPORT_LEN + 8] = {0};
    sim_send(sim, report, sizeof report);
    expect_line(&bench, "refused TALLY_E_CARD_UNREADABLE ready=1 [" NAME "]");
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(sim);
}

static void a_stalled_endpoint_is_cleared(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_reader(&bench, 2);
    sim_stall(sim, SIM_INTERRUPT_IN);
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(sim);
}

static void devices_that_are_no_readers_are_left_alone(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim_kind printer = {.product = "Printer", .interface_class = 7};
    struct sim_kind keyboard = {.product = "Keyboard",
                                .interface_class = 3,
                                .interface_subclass = 1,
                                .interface_protocol = 1,
                                .report_descriptor = sureswipe_descriptor()};
    struct sim_kind touch = {.product = "Touch", .interface_class = 3, .held_by_kernel = true};
    put_item(&touch.report_descriptor, ITEM_USAGE_PAGE, 0x0d);
    put_item(&touch.report_descriptor, ITEM_REPORT_SIZE, 8);
    put_input(&touch.report_descriptor, 0x30, 4);
    struct sim *sims[] = {sim_plug(bench.testbed, &printer, 2),
                          sim_plug(bench.testbed, &keyboard, 3),
                          sim_plug(bench.testbed, &touch, 4)};
    struct sim *reader = plug_reader(&bench, 5); /* the others came before it, so were seen too */
    take_down(&bench);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(0, sim_calls(sims[i]));
        sim_free(sims[i]);
    }
    sim_free(reader);
}

static void a_hid_device_nobody_holds_is_asked_and_given_back(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim_kind other = {.product = "Other", .interface_class = 3};
    put_item(&other.report_descriptor, ITEM_USAGE_PAGE, 0x84);
    put_item(&other.report_descriptor, ITEM_REPORT_SIZE, 8);
    put_input(&other.report_descriptor, 0x30, 4);
    struct sim *sim = sim_plug(bench.testbed, &other, 2);
    struct sim *reader = plug_reader(&bench, 3);
    take_down(&bench);
    assert_int_not_equal(0, sim_calls(sim));
    assert_int_equal(0, sim_claims(sim));
    assert_int_equal(0, sim_request(sim, 0)); /* never listened to */
    sim_free(sim);
    sim_free(reader);
}

static void a_reader_held_by_the_kernel_is_taken_over(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim_kind kind = a_reader();
    kind.held_by_kernel = true;
    struct sim *sim = sim_plug(bench.testbed, &kind, 2);
    expect_line(&bench, "state TALLY_OK ready=1 [" NAME "]");
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(sim);
}

static void a_malformed_report_descriptor_is_refused(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim_kind cut = a_reader();
    cut.report_descriptor.len -= 1; /* the collection stays open */
    struct sim_kind noise = a_reader();
    memset(noise.report_descriptor.data, 0xff, noise.report_descriptor.len);
    struct sim *sims[] = {sim_plug(bench.testbed, &cut, 2), NULL};
    expect_line(&bench, "state TALLY_E_DEVICE ready=0 [" NAME "]");
    sims[1] = sim_plug(bench.testbed, &noise, 3);
    expect_line(&bench, "state TALLY_E_DEVICE ready=0 [" NAME "]");
    struct sim *reader = plug_reader(&bench, 4);
    swipe_ours_and_expect_it(&bench, reader);
    take_down(&bench);
    sim_free(sims[0]);
    sim_free(sims[1]);
    sim_free(reader);
}

static void a_reader_that_may_not_be_opened_is_named(void **state)
{
    (void)state;
    struct bench bench = bench_without_terminal();
    struct sim_kind kind = a_reader();
    kind.forbidden = true;
    struct sim *sim = sim_plug(bench.testbed, &kind, 2);
    start_terminal(&bench);
    expect_line(&bench, "open");
    expect_line(&bench, "state TALLY_E_NO_PERMISSION ready=0 [/dev/bus/usb/001/002]");
    take_down(&bench);
    sim_free(sim);
}

static void control_characters_in_a_name_do_not_reach_the_screen(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim_kind kind = a_reader();
    kind.product = "Bad\nName\x1b[2J";
    struct sim *sim = sim_plug(bench.testbed, &kind, 2);
    expect_line(&bench, "state TALLY_OK ready=1 [Bad?Name?[2J]");
    take_down(&bench);
    sim_free(sim);
}

static void a_reader_without_a_name_is_called_by_its_node(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim_kind kind = a_reader();
    kind.product = NULL;
    struct sim *sim = sim_plug(bench.testbed, &kind, 2);
    expect_line(&bench, "state TALLY_OK ready=1 [/dev/bus/usb/001/002]");
    take_down(&bench);
    sim_free(sim);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: umockdev-wrapper %s terminal_child\n", argv[0]);
        return 2;
    }
    terminal_path = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_that_arrives_is_ready_and_reads_a_card),
        cmocka_unit_test(a_reader_that_was_there_before_the_terminal_is_found),
        cmocka_unit_test(a_payment_card_is_refused_and_leaves_no_trace_in_memory),
        cmocka_unit_test(a_damaged_card_means_swipe_again),
        cmocka_unit_test(
            a_reader_unplugged_inside_a_report_gives_no_card_and_works_again_when_replugged),
        cmocka_unit_test(two_readers_work_side_by_side),
        cmocka_unit_test(a_report_in_pieces_is_put_together),
        cmocka_unit_test(a_report_that_stops_half_way_is_dropped_and_the_next_one_is_read),
        cmocka_unit_test(a_report_longer_than_announced_is_dropped),
        cmocka_unit_test(a_stalled_endpoint_is_cleared),
        cmocka_unit_test(devices_that_are_no_readers_are_left_alone),
        cmocka_unit_test(a_hid_device_nobody_holds_is_asked_and_given_back),
        cmocka_unit_test(a_reader_held_by_the_kernel_is_taken_over),
        cmocka_unit_test(a_malformed_report_descriptor_is_refused),
        cmocka_unit_test(a_reader_that_may_not_be_opened_is_named),
        cmocka_unit_test(control_characters_in_a_name_do_not_reach_the_screen),
        cmocka_unit_test(a_reader_without_a_name_is_called_by_its_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
