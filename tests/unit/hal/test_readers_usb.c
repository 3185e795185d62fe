/* SPDX-License-Identifier: Apache-2.0 */
/* Readers that come, speak and go, seen by the real hal room and libusb in another process.
 * Usage: umockdev-wrapper test_hal_readers_usb [valgrind OPTIONS] PATH-OF-terminal_child */
#include "tests/fakes/fake_usbfs.h"
#include "tests/unit/hal/usb_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
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

enum { COMMAND_WORDS_MAX = 16 };
static char *terminal_command[COMMAND_WORDS_MAX + 2];
static size_t terminal_words;

struct bench {
    UMockdevTestbed *testbed;
    pid_t terminal;
    FILE *orders;
    FILE *events;
    GPtrArray *unplugged; /* struct sim: the terminal may not have closed them yet */
};

/* ---- the bench: a bus, and a terminal on it ---- */

/* `look_ms`: NULL is the terminal's own choice. */
static void start_terminal(struct bench *bench, char *look_ms)
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
        terminal_command[terminal_words] = look_ms;
        execvp(terminal_command[0], terminal_command);
        _exit(127);
    }
    assert_true(bench->terminal > 0);
    close(orders[0]);
    close(events[1]);
    bench->orders = fdopen(orders[1], "w");
    bench->events = fdopen(events[0], "r");
    setvbuf(bench->orders, NULL, _IOLBF, 0);
    setvbuf(bench->events, NULL, _IONBF, 0); /* so that poll() knows of all that there is */
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

static void free_sim(void *sim)
{
    sim_free(sim);
}

static struct bench bench_without_terminal(void)
{
    struct bench bench = {.testbed = umockdev_testbed_new(),
                          .unplugged = g_ptr_array_new_with_free_func(free_sim)};
    fake_usbfs_add_root_hub(bench.testbed);
    return bench;
}

static struct bench bench_with_looks(char *look_ms)
{
    struct bench bench = bench_without_terminal();
    start_terminal(&bench, look_ms);
    expect_line(&bench, "open");
    return bench;
}

static struct bench bench_with_terminal(void)
{
    return bench_with_looks(NULL);
}

/* What is said until the terminal closes is `noise` or not expected; NULL: nothing may be said. And
 * the terminal ends clean. */
static void take_down_after(struct bench *bench, const char *noise)
{
    char line[LINE_LEN_MAX];
    fprintf(bench->orders, "quit\n");
    do {
        read_line(bench, line);
    } while (noise != NULL && strcmp(line, noise) == 0);
    assert_string_equal("closed", line);
    int status = 0;
    assert_int_equal(bench->terminal, waitpid(bench->terminal, &status, 0));
    assert_true(WIFEXITED(status));
    assert_int_equal(0, WEXITSTATUS(status));
    fclose(bench->orders);
    fclose(bench->events);
    g_ptr_array_free(bench->unplugged, TRUE);
    g_object_unref(bench->testbed);
}

static void take_down(struct bench *bench)
{
    take_down_after(bench, NULL);
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
    start_terminal(&bench, NULL);
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

static struct bench bench_with_uevents(const char *whose)
{
    assert_int_equal(0, setenv("TALLY_TEST_UEVENTS", whose, 1));
    struct bench bench = bench_with_terminal();
    assert_int_equal(0, unsetenv("TALLY_TEST_UEVENTS"));
    return bench;
}

static void a_reader_arrives_where_no_udevd_runs(void **state)
{
    (void)state;
    struct bench bench = bench_with_uevents("kernel");
    struct sim *sim = plug_reader(&bench, 2);
    swipe_ours_and_expect_it(&bench, sim);
    sim_unplug(sim, NULL, 0);
    expect_line(&bench, "state TALLY_E_READER_GONE ready=0 [" NAME "]");
    take_down(&bench);
    sim_free(sim);
}

/* The first reader says when the terminal's first look at the bus is over. */
static void the_kernels_word_does_not_count_where_udevd_will_say_it_again(void **state)
{
    (void)state;
    struct bench bench = bench_without_terminal();
    struct sim_kind kind = a_reader();
    struct sim *first = sim_plug(bench.testbed, &kind, 2);
    assert_int_equal(0, setenv("TALLY_TEST_UEVENTS", "both", 1));
    start_terminal(&bench, NULL);
    assert_int_equal(0, unsetenv("TALLY_TEST_UEVENTS"));
    expect_line(&bench, "open");
    expect_line(&bench, "state TALLY_OK ready=1 [" NAME "]");
    struct sim *sim = sim_plug(bench.testbed, &kind, 3);
    expect_line(&bench, "udevd runs");
    sim_unplug(sim, NULL, 0);
    expect_line(&bench, "udevd runs");
    take_down_after(&bench, "udevd runs"); /* versions of umockdev differ in how many messages */
    assert_int_equal(0, sim_calls(sim));
    sim_free(first);
    sim_free(sim);
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

static void a_reader_that_may_not_be_opened_is_named_and_works_once_it_may(void **state)
{
    (void)state;
    struct bench bench = bench_without_terminal();
    struct sim_kind kind = a_reader();
    kind.forbidden = true;
    struct sim *sim = sim_plug(bench.testbed, &kind, 2);
    start_terminal(&bench, NULL);
    expect_line(&bench, "open");
    expect_line(&bench,
                "state TALLY_E_NO_PERMISSION ready=0 [/dev/bus/usb/001/002] ACTION==\"add\", "
                "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", ATTR{idVendor}==\"1209\", "
                "GROUP=\"tally\", MODE=\"0660\"");
    sim_allow(sim);
    expect_line(&bench, "state TALLY_OK ready=1 [" NAME "]");
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(sim);
}

static void a_forbidden_reader_that_is_unplugged_is_forgotten(void **state)
{
    (void)state;
    struct bench bench = bench_without_terminal();
    struct sim_kind kind = a_reader();
    kind.forbidden = true;
    struct sim *sim = sim_plug(bench.testbed, &kind, 2);
    char line[LINE_LEN_MAX];
    start_terminal(&bench, NULL);
    expect_line(&bench, "open");
    read_line(&bench, line);
    sim_unplug(sim, NULL, 0);
    expect_line(&bench, "state TALLY_E_READER_GONE ready=0 [" NAME "]");
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

/* ---- every kind of transfer ---- */

static const uint8_t report_8[8] = {1};

static struct sim_kind an_echo(const char *text)
{
    return (struct sim_kind){.product = "Echo", .interface_class = 7, .echo_text = text};
}

static struct sim *plug_echo(struct bench *bench, const char *text)
{
    struct sim_kind kind = an_echo(text);
    struct sim *sim = sim_plug(bench->testbed, &kind, 2);
    expect_line(bench, "state TALLY_OK ready=1 [Echo]");
    return sim;
}

static void show_echo_and_expect(struct bench *bench, struct sim *sim, const char *expected)
{
    sim_send_echo(sim, report_8, sizeof report_8);
    expect_line(bench, expected);
}

#define ECHO_CARD "card TALLY_OK ready=1 [Echo] " OURS

static void a_card_comes_through_requests_bulk_transfers_and_a_timer(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_echo(&bench, OURS);
    show_echo_and_expect(&bench, sim, ECHO_CARD);
    show_echo_and_expect(&bench, sim, ECHO_CARD);
    assert_int_equal(2, sim_empty_packets(sim)); /* the text ends with a full packet */
    take_down(&bench);
    assert_int_equal(0, sim_claims(sim));
    sim_free(sim);
}

static void no_buffer_of_any_transfer_keeps_a_payment_number(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_echo(&bench, PAYMENT_NUMBER);
    show_echo_and_expect(&bench, sim, "refused TALLY_E_PAYMENT_CARD ready=1 [Echo]");
    assert_int_not_equal(0, count_in_terminal_memory(&bench, "Echo")); /* the search does find */
    assert_int_equal(0, count_in_terminal_memory(&bench, PAYMENT_NUMBER));
    take_down(&bench);
    sim_free(sim);
}

static void a_driver_that_gives_up_leaves_the_device_to_the_next(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_echo(&bench, OURS); /* the looker was there before, and left no trace */
    show_echo_and_expect(&bench, sim, ECHO_CARD);
    assert_int_equal(1, sim_claims(sim));
    take_down(&bench);
    sim_free(sim);
}

static void two_drivers_share_one_device(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim_kind kind = a_reader();
    kind.echo_text = OURS;
    struct sim *sim = sim_plug(bench.testbed, &kind, 2);
    expect_line(&bench, "state TALLY_OK ready=1 [" NAME "]");
    expect_line(&bench, "state TALLY_OK ready=2 [" NAME "]");
    swipe(sim, NULL, OURS_TRACK_2, 0);
    expect_line(&bench, "card TALLY_OK ready=2 [" NAME "] " OURS);
    show_echo_and_expect(&bench, sim, "card TALLY_OK ready=2 [" NAME "] " OURS);
    assert_int_equal(2, sim_claims(sim));
    sim_unplug(sim, NULL, 0);
    expect_line(&bench, "state TALLY_E_READER_GONE ready=1 [" NAME "]");
    expect_line(&bench, "state TALLY_E_READER_GONE ready=0 [" NAME "]");
    take_down(&bench);
    sim_free(sim);
}

static void the_template_reads_cards_and_refuses_nonsense(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim_kind kind = {.product = "New", .interface_class = 0xff, .interface_protocol = 0x54};
    struct sim *sim = sim_plug(bench.testbed, &kind, 2);
    uint8_t report[32] = {17};
    memcpy(report + 1, OURS, 17);
    expect_line(&bench, "state TALLY_OK ready=1 [New]");
    sim_send(sim, report, sizeof report);
    expect_line(&bench, "card TALLY_OK ready=1 [New] " OURS);
    report[0] = 32; /* more than fit */
    sim_send(sim, report, sizeof report);
    expect_line(&bench, "refused TALLY_E_CARD_UNREADABLE ready=1 [New]");
    take_down(&bench);
    sim_free(sim);
}

/* ---- what goes wrong on the wire ---- */

static void stalled_bulk_endpoints_are_cleared(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_echo(&bench, OURS);
    sim_stall(sim, SIM_BULK_OUT);
    show_echo_and_expect(&bench, sim, ECHO_CARD);
    sim_stall(sim, SIM_BULK_IN);
    expect_line(&bench, "refused TALLY_E_CARD_UNREADABLE ready=1 [Echo]"); /* the driver is told */
    show_echo_and_expect(&bench, sim, ECHO_CARD);
    sim_stall(sim, SIM_ECHO_INTERRUPT_IN);
    show_echo_and_expect(&bench, sim, ECHO_CARD);
    take_down(&bench);
    sim_free(sim);
}

static void a_refused_request_is_the_drivers_business(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_echo(&bench, OURS);
    sim_fail(sim, 0, -EPIPE, 1);
    show_echo_and_expect(&bench, sim, "refused TALLY_E_CARD_UNREADABLE ready=1 [Echo]");
    show_echo_and_expect(&bench, sim, ECHO_CARD);
    take_down(&bench);
    sim_free(sim);
}

static void errors_in_bursts_are_outlived(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_reader(&bench, 2);
    sim_fail(sim, SIM_INTERRUPT_IN, -EPROTO, 5);
    swipe_ours_and_expect_it(&bench, sim);
    sim_fail(sim, SIM_INTERRUPT_IN, -EILSEQ, 5); /* counted anew after a success */
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(sim);
}

static void a_bulk_transfer_that_is_too_long_is_dropped(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_echo(&bench, OURS);
    sim_fail(sim, SIM_BULK_IN, -EOVERFLOW, 1);
    expect_line(&bench, "refused TALLY_E_CARD_UNREADABLE ready=1 [Echo]");
    show_echo_and_expect(&bench, sim, ECHO_CARD);
    take_down(&bench);
    sim_free(sim);
}

static void a_reader_that_fails_for_good_is_said_once_and_works_when_it_is_mended(void **state)
{
    (void)state;
    struct bench bench = bench_with_looks((char[]){"300"});
    struct sim *sim = plug_reader(&bench, 2);
    sim_fail(sim, SIM_INTERRUPT_IN, -EPROTO, 60); /* more than five claims' worth of tries */
    expect_line(&bench, "state TALLY_E_DEVICE ready=0 [" NAME "]");
    sim_fail(sim, SIM_INTERRUPT_IN, 0, 0);
    expect_line(&bench, "state TALLY_OK ready=1 [" NAME "]");
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(sim);
}

/* ---- silence, sleep, and devices that vanish ---- */

static void a_silent_reader_is_noticed_and_reset(void **state)
{
    (void)state;
    struct bench bench = bench_with_looks((char[]){"100"});
    struct sim *sim = plug_reader(&bench, 2);
    sim_fall_silent(sim, true);
    expect_line(&bench, "state TALLY_E_READER_SILENT ready=0 [" NAME "]");
    expect_line(&bench, "state TALLY_OK ready=1 [" NAME "]");
    assert_int_equal(1, sim_resets(sim));
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(sim);
}

/* The template's device: its driver does not mind that its only request is not answered. */
static void a_reader_that_stays_silent_is_said_once_and_used_when_it_speaks(void **state)
{
    (void)state;
    struct bench bench = bench_with_looks((char[]){"100"});
    struct sim_kind silent = {
        .product = "New", .interface_class = 0xff, .interface_protocol = 0x54};
    struct sim_kind kind = a_reader();
    struct sim *sim = sim_plug(bench.testbed, &silent, 2);
    expect_line(&bench, "state TALLY_OK ready=1 [New]");
    sim_fall_silent(sim, false);
    expect_line(&bench, "state TALLY_E_READER_SILENT ready=0 [New]");
    struct sim *other = sim_plug(bench.testbed, &kind, 3);
    expect_line(&bench, "state TALLY_OK ready=1 [" NAME "]"); /* nobody waits for the silent one */
    sim_wait_opened(sim, 4);                                  /* tried in vain, which is no news */
    sim_speak_again(sim);
    expect_line(&bench, "state TALLY_OK ready=2 [New]");
    assert_int_equal(1, sim_resets(sim));
    take_down(&bench);
    sim_free(sim);
    sim_free(other);
}

static void a_silent_reader_that_is_unplugged_is_gone(void **state)
{
    (void)state;
    struct bench bench = bench_with_looks((char[]){"100"});
    struct sim *sim = plug_reader(&bench, 2);
    sim_fall_silent(sim, false);
    expect_line(&bench, "state TALLY_E_READER_SILENT ready=0 [" NAME "]");
    sim_unplug(sim, NULL, 0);
    expect_line(&bench, "state TALLY_E_READER_GONE ready=0 [" NAME "]");
    take_down(&bench);
    sim_free(sim);
}

static void a_terminal_that_stops_while_it_waits_for_an_answer_stops(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim_kind kind = a_reader();
    kind.silent = true;
    struct sim *sim = sim_plug(bench.testbed, &kind, 2);
    sim_wait_opened(sim, 1);
    take_down(&bench);
    sim_free(sim);
}

static void a_reader_that_the_kernel_took_in_its_sleep_is_claimed_again(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim_kind kind = a_reader();
    kind.held_by_kernel = true;
    struct sim *sim = sim_plug(bench.testbed, &kind, 2);
    expect_line(&bench, "state TALLY_OK ready=1 [" NAME "]");
    sim_sleep(sim);
    expect_line(&bench, "state TALLY_E_READER_GONE ready=0 [" NAME "]");
    expect_line(&bench, "state TALLY_OK ready=1 [" NAME "]");
    swipe_ours_and_expect_it(&bench, sim);
    assert_int_equal(1, sim_claims(sim));
    take_down(&bench);
    sim_free(sim);
}

static void a_reader_that_nobody_else_wants_sleeps_and_goes_on(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_reader(&bench, 2);
    sim_sleep(sim);
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(sim);
}

static void a_reader_that_loses_its_configuration_is_gone_until_it_has_one_again(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim *sim = plug_reader(&bench, 2);
    sim_authorize(sim, false);
    expect_line(&bench, "state TALLY_E_READER_GONE ready=0 [" NAME "]");
    sim_authorize(sim, true);
    expect_line(&bench, "state TALLY_OK ready=1 [" NAME "]");
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(sim);
}

static void a_hub_that_resets_takes_its_readers_and_brings_them_back(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim_kind kind = a_reader();
    struct sim *before[] = {plug_reader(&bench, 2), sim_plug(bench.testbed, &kind, 3)};
    expect_line(&bench, "state TALLY_OK ready=2 [" NAME "]");
    sim_unplug(before[0], NULL, 0);
    sim_unplug(before[1], NULL, 0);
    expect_line(&bench, "state TALLY_E_READER_GONE ready=1 [" NAME "]");
    expect_line(&bench, "state TALLY_E_READER_GONE ready=0 [" NAME "]");
    struct sim *after[] = {plug_reader(&bench, 4), sim_plug(bench.testbed, &kind, 5)};
    expect_line(&bench, "state TALLY_OK ready=2 [" NAME "]");
    swipe(after[1], NULL, OURS_TRACK_2, 0);
    expect_line(&bench, "card TALLY_OK ready=2 [" NAME "] " OURS);
    take_down(&bench);
    for (size_t i = 0; i < 2; i++) {
        sim_free(before[i]);
        sim_free(after[i]);
    }
}

static void a_reader_that_dies_before_it_is_opened_is_no_news(void **state)
{
    (void)state;
    struct bench bench = bench_with_terminal();
    struct sim_kind kind = a_reader();
    kind.is_dead = true;
    struct sim *dead = sim_plug(bench.testbed, &kind, 2);
    struct sim *sim = plug_reader(&bench, 3); /* the first thing that is said */
    sim_unplug(dead, NULL, 0);
    swipe_ours_and_expect_it(&bench, sim);
    take_down(&bench);
    sim_free(dead);
    sim_free(sim);
}

/* ---- the cable is torn at every transfer of a conversation ---- */

struct conversation {
    struct sim_kind kind;
    void (*show_card)(struct sim *sim);
};

static void show_stripe(struct sim *sim)
{
    swipe(sim, NULL, OURS_TRACK_2, 0);
}

static void show_stripe_in_pieces(struct sim *sim)
{
    const char *const tracks[] = {NULL, OURS_TRACK_2, NULL};
    uint8_t report[TALLY_MSR_REPORT_LEN];
    sureswipe_report(report, tracks);
    sim_send(sim, report, 100);
    sim_send(sim, report + 100, sizeof report - 100);
}

static void show_to_echo(struct sim *sim)
{
    sim_send_echo(sim, report_8, sizeof report_8);
}

static bool is_line_of(const char *line, const char *name)
{
    char ready[LINE_LEN_MAX], card[LINE_LEN_MAX], gone[LINE_LEN_MAX];
    snprintf(ready, sizeof ready, "state TALLY_OK ready=1 [%s]", name);
    snprintf(card, sizeof card, "card TALLY_OK ready=1 [%s] " OURS, name);
    snprintf(gone, sizeof gone, "state TALLY_E_READER_GONE ready=0 [%s]", name);
    return strcmp(line, ready) == 0 || strcmp(line, card) == 0 || strcmp(line, gone) == 0;
}

/* False: the cable is torn. */
static bool card_comes(struct bench *bench, const struct sim *sim, const char *name)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = fileno(bench->events), .events = POLLIN},
                               {.fd = sim_torn_fd(sim), .events = POLLIN}};
        assert_true(poll(fds, 2, -1) > 0);
        if (fds[0].revents == 0) {
            return false;
        }
        char line[LINE_LEN_MAX];
        read_line(bench, line);
        if (!is_line_of(line, name)) {
            fail_msg("unexpected: %s", line);
        }
        if (strncmp(line, "card", 4) == 0) {
            return true;
        }
    }
}

/* Whatever was on its way, the next reader is ready and reads. */
static void next_reader_works(struct bench *bench, const char *torn_name, unsigned number)
{
    char line[LINE_LEN_MAX];
    struct sim_kind kind = a_reader();
    struct sim *sim = sim_plug(bench->testbed, &kind, number);
    for (read_line(bench, line); is_line_of(line, torn_name); read_line(bench, line)) {
    }
    assert_string_equal("state TALLY_OK ready=1 [" NAME "]", line);
    swipe_ours_and_expect_it(bench, sim);
    sim_unplug(sim, NULL, 0);
    expect_line(bench, "state TALLY_E_READER_GONE ready=0 [" NAME "]");
    g_ptr_array_add(bench->unplugged, sim);
}

/* False: the conversation is shorter than that. */
static bool tear_once(struct bench *bench, const struct conversation *conversation,
                      unsigned tear_after, bool when_answered, unsigned number)
{
    struct sim_kind kind = conversation->kind;
    kind.tear_after = tear_after;
    kind.tear_when_answered = when_answered;
    struct sim *sim = sim_plug(bench->testbed, &kind, number);
    conversation->show_card(sim);
    bool is_over = card_comes(bench, sim, kind.product);
    sim_unplug(sim, NULL, 0);
    next_reader_works(bench, kind.product, number + 1);
    g_ptr_array_add(bench->unplugged, sim);
    return !is_over;
}

static void tear_everywhere(const struct conversation *conversation)
{
    struct bench bench = bench_with_terminal();
    unsigned number = 2;
    for (int when_answered = 0; when_answered < 2; when_answered++) {
        unsigned after = 1;
        for (; tear_once(&bench, conversation, after, when_answered != 0, number); number += 2) {
            after++;
        }
        assert_true(after > 2);
        print_message("torn at %u places, %s\n", after - 1,
                      when_answered ? "when answered" : "when handed in");
        number += 2;
    }
    take_down(&bench);
}

static void a_stripe_reader_may_be_torn_out_at_every_transfer(void **state)
{
    (void)state;
    struct conversation conversation = {a_reader(), show_stripe};
    conversation.kind.product = "Torn";
    tear_everywhere(&conversation);
    conversation.show_card = show_stripe_in_pieces;
    tear_everywhere(&conversation);
}

static void a_bulk_reader_may_be_torn_out_at_every_transfer(void **state)
{
    (void)state;
    struct conversation conversation = {an_echo(OURS), show_to_echo};
    conversation.kind.product = "Torn";
    tear_everywhere(&conversation);
}

int main(int argc, char **argv)
{
    terminal_words = (size_t)argc - 1;
    if (argc < 2 || terminal_words > COMMAND_WORDS_MAX) {
        fprintf(stderr, "usage: umockdev-wrapper %s [valgrind OPTIONS] terminal_child\n", argv[0]);
        return 2;
    }
    memcpy(terminal_command, argv + 1, terminal_words * sizeof *argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_that_arrives_is_ready_and_reads_a_card),
        cmocka_unit_test(a_reader_that_was_there_before_the_terminal_is_found),
        cmocka_unit_test(a_payment_card_is_refused_and_leaves_no_trace_in_memory),
        cmocka_unit_test(a_damaged_card_means_swipe_again),
        cmocka_unit_test(
            a_reader_unplugged_inside_a_report_gives_no_card_and_works_again_when_replugged),
        cmocka_unit_test(a_reader_arrives_where_no_udevd_runs),
        cmocka_unit_test(the_kernels_word_does_not_count_where_udevd_will_say_it_again),
        cmocka_unit_test(two_readers_work_side_by_side),
        cmocka_unit_test(a_report_in_pieces_is_put_together),
        cmocka_unit_test(a_report_that_stops_half_way_is_dropped_and_the_next_one_is_read),
        cmocka_unit_test(a_report_longer_than_announced_is_dropped),
        cmocka_unit_test(a_stalled_endpoint_is_cleared),
        cmocka_unit_test(devices_that_are_no_readers_are_left_alone),
        cmocka_unit_test(a_hid_device_nobody_holds_is_asked_and_given_back),
        cmocka_unit_test(a_reader_held_by_the_kernel_is_taken_over),
        cmocka_unit_test(a_malformed_report_descriptor_is_refused),
        cmocka_unit_test(a_reader_that_may_not_be_opened_is_named_and_works_once_it_may),
        cmocka_unit_test(a_forbidden_reader_that_is_unplugged_is_forgotten),
        cmocka_unit_test(control_characters_in_a_name_do_not_reach_the_screen),
        cmocka_unit_test(a_reader_without_a_name_is_called_by_its_node),
        cmocka_unit_test(a_card_comes_through_requests_bulk_transfers_and_a_timer),
        cmocka_unit_test(no_buffer_of_any_transfer_keeps_a_payment_number),
        cmocka_unit_test(a_driver_that_gives_up_leaves_the_device_to_the_next),
        cmocka_unit_test(two_drivers_share_one_device),
        cmocka_unit_test(the_template_reads_cards_and_refuses_nonsense),
        cmocka_unit_test(stalled_bulk_endpoints_are_cleared),
        cmocka_unit_test(a_refused_request_is_the_drivers_business),
        cmocka_unit_test(errors_in_bursts_are_outlived),
        cmocka_unit_test(a_bulk_transfer_that_is_too_long_is_dropped),
        cmocka_unit_test(a_reader_that_fails_for_good_is_said_once_and_works_when_it_is_mended),
        cmocka_unit_test(a_silent_reader_is_noticed_and_reset),
        cmocka_unit_test(a_reader_that_stays_silent_is_said_once_and_used_when_it_speaks),
        cmocka_unit_test(a_silent_reader_that_is_unplugged_is_gone),
        cmocka_unit_test(a_terminal_that_stops_while_it_waits_for_an_answer_stops),
        cmocka_unit_test(a_reader_that_the_kernel_took_in_its_sleep_is_claimed_again),
        cmocka_unit_test(a_reader_that_nobody_else_wants_sleeps_and_goes_on),
        cmocka_unit_test(a_reader_that_loses_its_configuration_is_gone_until_it_has_one_again),
        cmocka_unit_test(a_hub_that_resets_takes_its_readers_and_brings_them_back),
        cmocka_unit_test(a_reader_that_dies_before_it_is_opened_is_no_news),
        cmocka_unit_test(a_stripe_reader_may_be_torn_out_at_every_transfer),
        cmocka_unit_test(a_bulk_reader_may_be_torn_out_at_every_transfer),
    };
    cmocka_set_test_filter(getenv("TALLY_TEST_FILTER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
