/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a receipt: printed, held, given up, cut short; and what is said about it. */
#include "tests/unit/hal/fake_printer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define RECEIPT "Tea 12.00\nPoints 12\n"

enum { JOBS_MAX = 256, STATES_MAX = 512, LONG_LEN = 3000, WAITS_MAX = 100 };

struct desk {
    struct hal_printer *printer;
    struct fake_printer fake;
    enum hal_print_result results[JOBS_MAX]; /* by job number */
    unsigned calls[JOBS_MAX];
    enum hal_printer_condition states[STATES_MAX];
    size_t state_count;
    bool ends_paper; /* with the next job that is done */
    unsigned told;   /* of anything */
    unsigned closes; /* the readers from within that call; 0: never */
};

static void note_call(struct desk *desk)
{
    if (++desk->told == desk->closes) {
        fake_printer_unplug(&desk->fake);
    }
}

static void on_done(void *context, uint32_t job, enum hal_print_result result)
{
    struct desk *desk = context;
    assert_true(job > 0 && job < JOBS_MAX);
    desk->results[job] = result;
    desk->calls[job]++;
    desk->fake.paper_out = desk->fake.paper_out || desk->ends_paper;
    note_call(desk);
}

static void on_state(void *context, const struct hal_printer_state *state)
{
    struct desk *desk = context;
    assert_true(desk->state_count < STATES_MAX);
    desk->states[desk->state_count++] = state->condition;
    note_call(desk);
}

static void make_desk(struct desk *desk)
{
    memset(desk, 0, sizeof *desk);
    const struct hal_printer_watcher watcher = {desk, on_done, on_state};
    assert_int_equal(TALLY_OK, hal_printer_new(&watcher, &desk->printer));
    fake_printer_init(&desk->fake, desk->printer);
}

static void close_desk(struct desk *desk)
{
    fake_printer_unplug(&desk->fake);
    hal_printer_free(desk->printer);
}

static int set_up(void **state)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    make_desk(desk);
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    close_desk(*state);
    test_free(*state);
    return 0;
}

static struct desk *plugged(void **state)
{
    struct desk *desk = *state;
    fake_printer_plug(&desk->fake);
    fake_printer_settle(&desk->fake);
    return desk;
}

static uint32_t print(struct desk *desk, const char *text)
{
    uint32_t job = 0;
    assert_int_equal(TALLY_OK, hal_printer_print(desk->printer, tally_slice_text(text), &job));
    assert_int_equal(0, desk->calls[job]);
    fake_printer_settle(&desk->fake);
    return job;
}

static void expect_result(const struct desk *desk, uint32_t job, enum hal_print_result result)
{
    assert_int_equal(1, desk->calls[job]);
    assert_int_equal(result, desk->results[job]);
}

static void expect_paper(const struct desk *desk, const char *text)
{
    if (desk->fake.paper_len != strlen(text) ||
        memcmp(desk->fake.paper, text, desk->fake.paper_len) != 0) {
        print_error("expected \"%s\"\ngot      \"%.*s\"\n", text, (int)desk->fake.paper_len,
                    desk->fake.paper);
        fail();
    }
}

static enum hal_printer_condition condition(const struct desk *desk)
{
    return hal_printer_state(desk->printer).condition;
}

static void fill_long(char text[LONG_LEN + 1])
{
    for (size_t i = 0; i < LONG_LEN; i++) {
        text[i] = (char)('a' + i % 26);
    }
    text[LONG_LEN] = '\0';
}

/* ---- what is a printer ---- */

static void printers_are_known_by_their_descriptors(void **state)
{
    struct desk *desk = *state;
    static const struct {
        struct hal_interface interface;
        bool fits;
    } rows[] = {
        {{.bInterfaceClass = 7, .bInterfaceSubClass = 1, .bInterfaceProtocol = 1, .bulk_out = 1},
         true},
        {{.bInterfaceClass = 7, .bInterfaceSubClass = 1, .bInterfaceProtocol = 2, .bulk_out = 1},
         true},
        {{.bInterfaceClass = 7, .bInterfaceSubClass = 1, .bInterfaceProtocol = 3, .bulk_out = 1},
         true},
        {{.bInterfaceClass = 7, .bInterfaceSubClass = 1, .bInterfaceProtocol = 4, .bulk_out = 1},
         false}, /* IPP over USB: no ESC/POS */
        {{.bInterfaceClass = 7, .bInterfaceSubClass = 1, .bInterfaceProtocol = 2}, false},
        {{.bInterfaceClass = 3, .bInterfaceSubClass = 1, .bInterfaceProtocol = 1, .bulk_out = 1},
         false},
        {{.idVendor = 0x04b8, .idProduct = 0x0202, .bInterfaceClass = 0xff, .bulk_out = 1}, true},
        {{.idVendor = 0x04b8, .idProduct = 0x0203, .bInterfaceClass = 0xff, .bulk_out = 1}, false},
        {{.idVendor = 0x04b9, .idProduct = 0x0202, .bInterfaceClass = 0xff, .bulk_out = 1}, false},
    };
    const struct hal_reader_settings none = {.printer = NULL};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(rows[i].fits,
                         hal_driver_printer.fits(&rows[i].interface, &desk->fake.settings));
        assert_false(hal_driver_printer.fits(&rows[i].interface, &none));
    }
}

static void a_printer_says_its_name(void **state)
{
    struct desk *desk = plugged(state);
    assert_string_equal("EPSON TM-T88V", hal_printer_state(desk->printer).name);
    assert_int_equal(HAL_PRINTER_READY, condition(desk));
}

static void any_name_is_taken_as_far_as_it_is_one(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *id, *name;
    } rows[] = {
        {"", ""},
        {"MFG:", ""},
        {"MODEL:P\x01\xff;MANUFACTURER:Q", "Q P??"},
        {";;;MDL:x", "x"},
        {"XMFG:no;CMD:MFG:no", ""},
        {"MFG:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;MDL:b",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        desk->fake.device_id = rows[i].id;
        fake_printer_plug(&desk->fake);
        fake_printer_settle(&desk->fake);
        assert_string_equal(rows[i].name, hal_printer_state(desk->printer).name);
        fake_printer_unplug(&desk->fake);
    }
}

static void a_second_printer_waits_unused(void **state)
{
    struct desk *desk = plugged(state);
    struct fake_printer *second = test_calloc(1, sizeof *second);
    fake_printer_init(second, desk->printer);
    fake_printer_plug(second);
    assert_null(second->state);
    test_free(second);
    expect_result(desk, print(desk, RECEIPT), HAL_PRINT_DONE);
}

/* ---- all is well ---- */

static void a_receipt_is_printed_and_confirmed(void **state)
{
    struct desk *desk = plugged(state);
    expect_result(desk, print(desk, RECEIPT), HAL_PRINT_DONE);
    expect_paper(desk, RECEIPT);
    assert_int_equal(1, desk->fake.resets);
    assert_true(desk->fake.reports);
    assert_int_equal(0, desk->fake.timer_ms);
}

static void it_does_not_matter_which_word_comes_first(void **state)
{
    struct desk *desk = *state;
    desk->fake.answers_first = true;
    (void)plugged(state);
    expect_result(desk, print(desk, RECEIPT), HAL_PRINT_DONE);
    expect_paper(desk, RECEIPT);
}

static void jobs_come_out_in_order_and_whole(void **state)
{
    struct desk *desk = plugged(state);
    char text[LONG_LEN + 1], all[2 * LONG_LEN + sizeof RECEIPT];
    fill_long(text);
    uint32_t jobs[3];
    const char *const texts[] = {text, RECEIPT, text};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(TALLY_OK,
                         hal_printer_print(desk->printer, tally_slice_text(texts[i]), &jobs[i]));
    }
    fake_printer_settle(&desk->fake);
    for (size_t i = 0; i < 3; i++) {
        expect_result(desk, jobs[i], HAL_PRINT_DONE);
    }
    snprintf(all, sizeof all, "%s%s%s", text, RECEIPT, text);
    expect_paper(desk, all);
}

static void no_piece_ends_with_a_full_packet(void **state)
{
    struct desk *desk = *state;
    char text[LONG_LEN + 1];
    fill_long(text);
    (void)plugged(state);
    for (size_t len = 50; len < 700; len++) {
        uint32_t job = 0;
        text[len] = '\0';
        assert_int_equal(TALLY_OK, hal_printer_print(desk->printer, tally_slice_text(text), &job));
        do {
            assert_true(!desk->fake.has_sent || desk->fake.sent_len % 64 != 0);
        } while (fake_printer_step(&desk->fake));
        desk->calls[1] = desk->calls[job] = 0;
        desk->fake.paper_len = 0;
        text[len] = (char)('a' + len % 26);
        if (job + 1 == JOBS_MAX) {
            break;
        }
    }
}

static void epsons_vendor_class_needs_no_control_requests(void **state)
{
    struct desk *desk = *state;
    desk->fake.interface.bInterfaceClass = 0xff;
    desk->fake.interface.idProduct = 0x0202;
    fake_printer_plug(&desk->fake);
    assert_false(desk->fake.has_control);
    fake_printer_settle(&desk->fake);
    expect_result(desk, print(desk, RECEIPT), HAL_PRINT_DONE);
}

/* ---- printers that say little ---- */

static void a_silent_printer_gets_the_data_when_its_port_says_ready(void **state)
{
    struct desk *desk = *state;
    desk->fake.is_mute = true;
    (void)plugged(state);
    (void)fake_printer_wait(&desk->fake);
    assert_true(hal_printer_state(desk->printer).is_silent);
    uint32_t job = print(desk, RECEIPT);
    for (int i = 0; i < WAITS_MAX && desk->calls[job] == 0; i++) {
        (void)fake_printer_wait(&desk->fake);
    }
    expect_result(desk, job, HAL_PRINT_UNCONFIRMED);
    expect_paper(desk, RECEIPT);
    assert_false(desk->fake.reports);
}

static void a_silent_printer_whose_port_says_no_paper_holds_the_job(void **state)
{
    struct desk *desk = *state;
    desk->fake.is_mute = true;
    desk->fake.port_status = 0x30;
    (void)plugged(state);
    (void)fake_printer_wait(&desk->fake);
    assert_int_equal(HAL_PRINTER_PAPER_OUT, condition(desk));
    uint32_t job = print(desk, RECEIPT);
    for (int i = 0; i < 10; i++) {
        (void)fake_printer_wait(&desk->fake);
    }
    assert_int_equal(0, desk->calls[job]);
    assert_int_equal(0, desk->fake.resets);
    desk->fake.port_status = 0x18;
    for (int i = 0; i < WAITS_MAX && desk->calls[job] == 0; i++) {
        (void)fake_printer_wait(&desk->fake);
    }
    expect_result(desk, job, HAL_PRINT_UNCONFIRMED);
    expect_paper(desk, RECEIPT);
}

static void a_port_status_that_means_nothing_holds_nothing(void **state)
{
    static const uint8_t rows[] = {0x00, 0xff, 0xb8, 0x19};
    for (size_t i = 0; i < sizeof rows; i++) {
        struct desk *desk = *state;
        desk->fake.is_mute = true;
        desk->fake.port_status = rows[i];
        desk->fake.paper_len = 0;
        (void)plugged(state);
        uint32_t job = print(desk, RECEIPT);
        for (int j = 0; j < WAITS_MAX && desk->calls[job] == 0; j++) {
            (void)fake_printer_wait(&desk->fake);
        }
        expect_result(desk, job, HAL_PRINT_UNCONFIRMED);
        fake_printer_unplug(&desk->fake);
    }
}

static void a_port_status_is_read_bit_by_bit(void **state)
{
    static const struct {
        uint8_t port;
        enum hal_printer_condition condition;
    } rows[] = {{0x18, HAL_PRINTER_READY},     {0x08, HAL_PRINTER_OFFLINE},
                {0x10, HAL_PRINTER_ERROR},     {0x38, HAL_PRINTER_PAPER_OUT},
                {0x20, HAL_PRINTER_PAPER_OUT}, {0x00, HAL_PRINTER_READY}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct desk *desk = *state;
        desk->fake.is_mute = true;
        desk->fake.port_status = rows[i].port;
        (void)plugged(state);
        (void)fake_printer_wait(&desk->fake);
        assert_int_equal(rows[i].condition, condition(desk));
        fake_printer_unplug(&desk->fake);
    }
}

static void a_printer_that_refuses_every_control_request_still_prints(void **state)
{
    struct desk *desk = *state;
    desk->fake.refuses_control = desk->fake.is_mute = true;
    (void)plugged(state);
    uint32_t job = print(desk, RECEIPT);
    for (int i = 0; i < WAITS_MAX && desk->calls[job] == 0; i++) {
        (void)fake_printer_wait(&desk->fake);
    }
    expect_result(desk, job, HAL_PRINT_UNCONFIRMED);
    expect_paper(desk, RECEIPT);
}

static void a_printer_with_no_way_back_still_prints(void **state)
{
    struct desk *desk = *state;
    desk->fake.interface.bulk_in = 0;
    (void)plugged(state);
    expect_result(desk, print(desk, RECEIPT), HAL_PRINT_UNCONFIRMED);
    expect_paper(desk, RECEIPT);
}

static void a_printer_that_knows_no_marks_is_waited_for_once(void **state)
{
    struct desk *desk = *state;
    desk->fake.knows_marks = false;
    (void)plugged(state);
    uint32_t first = print(desk, RECEIPT);
    for (unsigned i = 0; i < HAL_PRINTER_FINISH_LOOKS; i++) {
        assert_int_equal(0, desk->calls[first]);
        (void)fake_printer_wait(&desk->fake);
    }
    expect_result(desk, first, HAL_PRINT_UNCONFIRMED);
    expect_result(desk, print(desk, RECEIPT), HAL_PRINT_UNCONFIRMED);
}

/* ---- trouble ---- */

static void run_out_and_mend(struct desk *desk, bool *trouble, enum hal_printer_condition expected)
{
    *trouble = true;
    fake_printer_change(&desk->fake);
    uint32_t job = print(desk, RECEIPT);
    for (int i = 0; i < 5; i++) {
        (void)fake_printer_wait(&desk->fake);
    }
    assert_int_equal(expected, condition(desk));
    assert_int_equal(0, desk->calls[job]);
    assert_int_equal(0, desk->fake.paper_len);
    *trouble = false;
    fake_printer_change(&desk->fake);
    (void)fake_printer_wait(&desk->fake);
    expect_result(desk, job, HAL_PRINT_DONE);
    expect_paper(desk, RECEIPT);
    assert_int_equal(HAL_PRINTER_READY, condition(desk));
    desk->fake.paper_len = 0;
}

static void a_job_waits_while_a_person_is_needed(void **state)
{
    struct desk *desk = plugged(state);
    run_out_and_mend(desk, &desk->fake.paper_out, HAL_PRINTER_PAPER_OUT);
    run_out_and_mend(desk, &desk->fake.cover_open, HAL_PRINTER_COVER_OPEN);
    run_out_and_mend(desk, &desk->fake.cutter_jammed, HAL_PRINTER_ERROR);
}

static void trouble_is_also_noticed_where_nothing_is_reported(void **state)
{
    struct desk *desk = *state;
    desk->fake.knows_reports = false;
    (void)plugged(state);
    run_out_and_mend(desk, &desk->fake.paper_out, HAL_PRINTER_PAPER_OUT);
    run_out_and_mend(desk, &desk->fake.cover_open, HAL_PRINTER_COVER_OPEN);
}

static void an_idle_printer_reports_its_trouble(void **state)
{
    struct desk *desk = plugged(state);
    desk->fake.cover_open = true;
    fake_printer_change(&desk->fake);
    fake_printer_settle(&desk->fake);
    assert_int_equal(HAL_PRINTER_COVER_OPEN, condition(desk));
    desk->fake.cover_open = false;
    desk->fake.paper_low = true;
    fake_printer_change(&desk->fake);
    fake_printer_settle(&desk->fake);
    assert_int_equal(HAL_PRINTER_PAPER_LOW, condition(desk));
    assert_int_equal(HAL_PRINTER_READY, desk->states[0]);
    assert_int_equal(HAL_PRINTER_COVER_OPEN, desk->states[1]);
    assert_int_equal(HAL_PRINTER_PAPER_LOW, desk->states[2]);
    assert_int_equal(3, desk->state_count);
}

static void each_job_begins_with_a_new_look(void **state)
{
    struct desk *desk = *state;
    uint32_t first = 0, second = 0;
    desk->fake.knows_reports = false;
    (void)plugged(state);
    desk->ends_paper = true;
    assert_int_equal(TALLY_OK, hal_printer_print(desk->printer, tally_slice_text("one"), &first));
    assert_int_equal(TALLY_OK, hal_printer_print(desk->printer, tally_slice_text("two"), &second));
    fake_printer_settle(&desk->fake);
    expect_result(desk, first, HAL_PRINT_DONE);
    assert_int_equal(1, desk->fake.resets);
    assert_int_equal(0, desk->fake.buffer_len);
    assert_int_equal(HAL_PRINTER_PAPER_OUT, condition(desk));
    desk->fake.paper_out = desk->ends_paper = false;
    (void)fake_printer_wait(&desk->fake);
    expect_result(desk, second, HAL_PRINT_DONE);
    expect_paper(desk, "onetwo");
}

static void little_paper_holds_nothing(void **state)
{
    struct desk *desk = *state;
    desk->fake.paper_low = true;
    (void)plugged(state);
    expect_result(desk, print(desk, RECEIPT), HAL_PRINT_DONE);
}

/* The paper ends after `at` characters; with the rest of it in the printer's buffer, in a transfer
 * that is not taken, and still here. */
static void a_receipt_on_two_rolls_is_printed_once(void **state)
{
    char text[LONG_LEN + 1];
    fill_long(text);
    for (long at = 1; at <= LONG_LEN; at += 97) {
        for (int reports = 0; reports < 2; reports++) {
            struct desk *desk = *state;
            desk->fake.knows_reports = reports != 0;
            desk->fake.paper_left = at;
            desk->fake.paper_len = 0;
            (void)plugged(state);
            uint32_t job = print(desk, text);
            for (int i = 0; i < 5; i++) {
                (void)fake_printer_wait(&desk->fake);
            }
            assert_int_equal(at, desk->fake.paper_len);
            assert_int_equal(0, desk->calls[job]);
            assert_int_equal(HAL_PRINTER_PAPER_OUT, condition(desk));
            desk->fake.paper_out = false;
            desk->fake.paper_left = -1;
            fake_printer_change(&desk->fake);
            for (int i = 0; i < WAITS_MAX && desk->calls[job] == 0; i++) {
                (void)fake_printer_wait(&desk->fake);
            }
            expect_result(desk, job, HAL_PRINT_DONE);
            expect_paper(desk, text);
            fake_printer_unplug(&desk->fake);
        }
    }
}

static void a_held_job_is_given_up_unprinted(void **state)
{
    struct desk *desk = *state;
    enum hal_print_result result = HAL_PRINT_DONE;
    desk->fake.paper_out = true;
    (void)plugged(state);
    uint32_t job = print(desk, RECEIPT), next = print(desk, "next");
    assert_int_equal(TALLY_OK, hal_printer_give_up(desk->printer, job, &result));
    assert_int_equal(HAL_PRINT_NOT, result);
    assert_int_equal(TALLY_E_NOT_FOUND, hal_printer_give_up(desk->printer, job, &result));
    desk->fake.paper_out = false;
    (void)fake_printer_wait(&desk->fake);
    assert_int_equal(0, desk->calls[job]);
    expect_result(desk, next, HAL_PRINT_DONE);
    expect_paper(desk, "next");
}

static void a_job_given_up_in_the_middle_may_be_printed(void **state)
{
    struct desk *desk = *state;
    char text[LONG_LEN + 1];
    enum hal_print_result result = HAL_PRINT_DONE;
    fill_long(text);
    desk->fake.paper_left = 100;
    (void)plugged(state);
    uint32_t job = print(desk, text), next = print(desk, "next");
    (void)fake_printer_wait(&desk->fake);
    assert_int_equal(TALLY_OK, hal_printer_give_up(desk->printer, job, &result));
    assert_int_equal(HAL_PRINT_MAYBE, result);
    desk->fake.paper_out = false;
    desk->fake.paper_left = -1;
    for (int i = 0; i < WAITS_MAX && desk->calls[next] == 0; i++) {
        (void)fake_printer_wait(&desk->fake);
    }
    assert_int_equal(0, desk->calls[job]);
    expect_result(desk, next, HAL_PRINT_DONE);
    assert_memory_equal("next", desk->fake.paper + desk->fake.paper_len - 4, 4);
}

static void an_endpoint_that_fails_fails_the_job_and_resets_the_printer(void **state)
{
    struct desk *desk = plugged(state);
    uint32_t job = 0;
    assert_int_equal(TALLY_OK, hal_printer_print(desk->printer, tally_slice_text(RECEIPT), &job));
    while (desk->fake.has_sent && desk->fake.sent_len != strlen(RECEIPT)) {
        (void)fake_printer_step(&desk->fake);
        while (!desk->fake.has_sent && fake_printer_step(&desk->fake)) {
        }
    }
    desk->fake.fails_sends = true;
    (void)fake_printer_step(&desk->fake);
    desk->fake.fails_sends = false;
    assert_int_equal(2, desk->fake.control.bRequest);
    expect_result(desk, job, HAL_PRINT_MAYBE);
    fake_printer_settle(&desk->fake);
    expect_result(desk, print(desk, RECEIPT), HAL_PRINT_DONE);
}

static void an_endpoint_that_always_fails_is_given_up(void **state)
{
    struct desk *desk = plugged(state);
    desk->fake.fails_sends = true;
    uint32_t jobs[] = {print(desk, "a"), print(desk, "b"), print(desk, "c")};
    for (size_t i = 0; i < 3; i++) {
        expect_result(desk, jobs[i], HAL_PRINT_NOT);
    }
    assert_null(desk->fake.state);
    assert_int_equal(HAL_PRINTER_UNPLUGGED, condition(desk));
}

/* ---- limits ---- */

static void without_a_printer_nothing_is_kept(void **state)
{
    struct desk *desk = *state;
    uint32_t job = 7;
    assert_int_equal(TALLY_E_READER_GONE,
                     hal_printer_print(desk->printer, tally_slice_text(RECEIPT), &job));
    assert_int_equal(7, job);
}

static void a_full_queue_says_so_and_empties(void **state)
{
    struct desk *desk = *state;
    static uint8_t page[HAL_PRINTER_WAITING_MAX / 4];
    const struct tally_slice quarter = {page, sizeof page}, one = {page, 1};
    uint32_t jobs[4], more = 0;
    enum hal_print_result result;
    memset(page, 'x', sizeof page);
    desk->fake.cover_open = true;
    (void)plugged(state);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(TALLY_OK, hal_printer_print(desk->printer, quarter, &jobs[i]));
    }
    assert_int_equal(TALLY_E_BUSY, hal_printer_print(desk->printer, one, &more));
    assert_int_equal(TALLY_OK, hal_printer_give_up(desk->printer, jobs[2], &result));
    assert_int_equal(TALLY_OK, hal_printer_print(desk->printer, one, &more));
    assert_int_equal(TALLY_E_INVALID,
                     hal_printer_print(desk->printer, (struct tally_slice){page, 0}, &more));
}

/* ---- unplugged ---- */

/* What a result promises of the paper. */
static void expect_honest(const struct desk *desk, uint32_t job, const char *text)
{
    bool is_there = desk->fake.paper_len + desk->fake.buffer_len > 0;
    bool is_whole = desk->fake.paper_len == strlen(text) &&
                    memcmp(desk->fake.paper, text, desk->fake.paper_len) == 0;
    assert_int_equal(1, desk->calls[job]);
    if (desk->results[job] == HAL_PRINT_DONE) {
        assert_true(is_whole);
    }
    if (desk->results[job] == HAL_PRINT_NOT) {
        assert_false(is_there && desk->fake.paper_len > 0);
    }
    if (is_there && desk->fake.paper_len > 0 && !is_whole) {
        assert_int_equal(HAL_PRINT_MAYBE, desk->results[job]);
    }
}

/* Prints, and pulls the plug after `steps`; false: it was done before. */
static bool pull_after(int steps, const struct fake_printer *kind)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    char text[LONG_LEN + 1];
    uint32_t job = 0;
    bool is_early = true;
    fill_long(text);
    make_desk(desk);
    desk->fake.is_mute = kind->is_mute;
    desk->fake.answers_first = kind->answers_first;
    desk->fake.interface.bulk_in = kind->interface.bulk_in;
    fake_printer_plug(&desk->fake);
    assert_int_equal(TALLY_OK, hal_printer_print(desk->printer, tally_slice_text(text), &job));
    while (steps > 0 && desk->calls[job] == 0) {
        if (!fake_printer_step(&desk->fake)) {
            desk->fake.timer_ms = 0;
            desk->fake.driver->on_timer(desk->fake.state, &desk->fake.link);
        }
        steps--;
    }
    is_early = desk->calls[job] == 0;
    fake_printer_unplug(&desk->fake);
    expect_honest(desk, job, text);
    assert_int_equal(HAL_PRINTER_UNPLUGGED, condition(desk));
    close_desk(desk);
    test_free(desk);
    return is_early;
}

static void unplugged_at_any_moment_it_is_said_what_became_of_the_job(void **state)
{
    (void)state;
    static const struct fake_printer kinds[] = {
        {.interface = {.bulk_in = 0x82}},
        {.interface = {.bulk_in = 0x82}, .answers_first = true},
        {.interface = {.bulk_in = 0x82}, .is_mute = true},
        {.interface = {.bulk_in = 0}},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        int steps = 0;
        while (pull_after(steps, &kinds[i])) {
            steps++;
        }
        print_message("kind %zu: unplugged at each of %d steps\n", i, steps);
        assert_true(steps > 8);
    }
}

/* Readiness, two jobs, a cover that opens between them; closed from within each of these calls. */
static void whoever_is_told_may_close_everything(void **state)
{
    (void)state;
    for (unsigned call = 1; call <= 6; call++) {
        for (int is_mute = 0; is_mute < 2; is_mute++) {
            struct desk *desk = test_calloc(1, sizeof *desk);
            uint32_t jobs[2] = {0, 0};
            make_desk(desk);
            desk->closes = call;
            desk->fake.is_mute = is_mute != 0;
            fake_printer_plug(&desk->fake);
            for (size_t i = 0; i < 2; i++) {
                assert_int_equal(TALLY_OK,
                                 hal_printer_print(desk->printer, tally_slice_text("x"), &jobs[i]));
            }
            for (int i = 0; i < 20 && desk->fake.state != NULL; i++) {
                desk->fake.cover_open = desk->calls[jobs[0]] == 1 && i < 10;
                fake_printer_change(&desk->fake);
                (void)fake_printer_wait(&desk->fake);
            }
            close_desk(desk);
            assert_int_equal(1, desk->calls[jobs[0]]);
            assert_int_equal(1, desk->calls[jobs[1]]);
            test_free(desk);
        }
    }
}

static void a_printer_that_comes_back_prints_again(void **state)
{
    struct desk *desk = plugged(state);
    char text[LONG_LEN + 1];
    fill_long(text);
    for (int i = 0; i < 3; i++) {
        uint32_t job = 0;
        assert_int_equal(TALLY_OK, hal_printer_print(desk->printer, tally_slice_text(text), &job));
        for (int step = 0; step < 8 + i; step++) {
            (void)fake_printer_step(&desk->fake);
        }
        fake_printer_unplug(&desk->fake);
        assert_int_equal(1, desk->calls[job]);
        desk->fake.buffer_len = desk->fake.paper_len = 0;
        fake_printer_plug(&desk->fake);
        fake_printer_settle(&desk->fake);
        expect_result(desk, print(desk, RECEIPT), HAL_PRINT_DONE);
    }
}

/* ---- chance ---- */

static uint64_t seed;

static unsigned chance(unsigned below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % below;
}

static void disturb(struct desk *desk)
{
    struct fake_printer *fake = &desk->fake;
    switch (chance(8)) {
    case 0:
        fake->paper_out = !fake->paper_out;
        break;
    case 1:
        fake->cover_open = !fake->cover_open;
        break;
    case 2:
        fake->is_mute = !fake->is_mute;
        break;
    case 3: /* garbage on the line; what looks like a mark is none of its */
        if (fake->speaks_len < 8) {
            fake->speaks[fake->speaks_len++] = (uint8_t)(0x80 | chance(0x80));
        }
        break;
    case 4:
        fake->paper_left = 1 + (long)chance(500);
        break;
    default:
        return;
    }
    fake_printer_change(fake);
}

static void in_any_weather_each_job_is_done_once(void **state)
{
    struct desk *desk = *state;
    const char *text = getenv("TALLY_SEED");
    seed = text != NULL ? strtoull(text, NULL, 10) : 20260101;
    print_message("TALLY_SEED=%" PRIu64 "\n", seed);
    (void)plugged(state);
    for (int run = 0; run < 120; run++) {
        char body[64];
        uint32_t job = 0;
        snprintf(body, sizeof body, "<job %d: %0*d>", run, 1 + (int)chance(30), 0);
        assert_int_equal(TALLY_OK, hal_printer_print(desk->printer, tally_slice_text(body), &job));
        for (int i = 0; i < 60; i++) {
            if (chance(4) == 0) {
                disturb(desk);
            }
            if (!fake_printer_step(&desk->fake)) {
                (void)fake_printer_wait(&desk->fake);
            }
        }
        desk->fake.paper_out = desk->fake.cover_open = desk->fake.is_mute = false;
        desk->fake.paper_left = -1;
        fake_printer_change(&desk->fake);
        for (int i = 0; i < WAITS_MAX && desk->calls[job] == 0; i++) {
            (void)fake_printer_wait(&desk->fake);
        }
        fake_printer_settle(&desk->fake);
        assert_int_equal(1, desk->calls[job]);
        assert_true(desk->results[job] == HAL_PRINT_DONE ||
                    desk->results[job] == HAL_PRINT_UNCONFIRMED);
        desk->fake.paper[desk->fake.paper_len] = '\0';
        assert_string_equal(body, desk->fake.paper);
        desk->fake.paper_len = 0;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(printers_are_known_by_their_descriptors),
        TEST(a_printer_says_its_name),
        TEST(any_name_is_taken_as_far_as_it_is_one),
        TEST(a_second_printer_waits_unused),
        TEST(a_receipt_is_printed_and_confirmed),
        TEST(it_does_not_matter_which_word_comes_first),
        TEST(jobs_come_out_in_order_and_whole),
        TEST(no_piece_ends_with_a_full_packet),
        TEST(epsons_vendor_class_needs_no_control_requests),
        TEST(a_silent_printer_gets_the_data_when_its_port_says_ready),
        TEST(a_silent_printer_whose_port_says_no_paper_holds_the_job),
        TEST(a_port_status_that_means_nothing_holds_nothing),
        TEST(a_port_status_is_read_bit_by_bit),
        TEST(a_printer_that_refuses_every_control_request_still_prints),
        TEST(a_printer_with_no_way_back_still_prints),
        TEST(a_printer_that_knows_no_marks_is_waited_for_once),
        TEST(a_job_waits_while_a_person_is_needed),
        TEST(trouble_is_also_noticed_where_nothing_is_reported),
        TEST(an_idle_printer_reports_its_trouble),
        TEST(each_job_begins_with_a_new_look),
        TEST(little_paper_holds_nothing),
        TEST(a_receipt_on_two_rolls_is_printed_once),
        TEST(a_held_job_is_given_up_unprinted),
        TEST(a_job_given_up_in_the_middle_may_be_printed),
        TEST(an_endpoint_that_fails_fails_the_job_and_resets_the_printer),
        TEST(an_endpoint_that_always_fails_is_given_up),
        TEST(without_a_printer_nothing_is_kept),
        TEST(a_full_queue_says_so_and_empties),
        TEST(unplugged_at_any_moment_it_is_said_what_became_of_the_job),
        TEST(whoever_is_told_may_close_everything),
        TEST(a_printer_that_comes_back_prints_again),
        TEST(in_any_weather_each_job_is_done_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
