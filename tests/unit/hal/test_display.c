/* SPDX-License-Identifier: Apache-2.0 */
/* What a customer reads: on a display of its own, and on one that hangs on the receipt printer. */
#include "hal/display/display.h"
#include "tests/unit/hal/fake_printer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = HAL_CD5220_ROWS, COLUMNS = HAL_CD5220_COLUMNS };

/* ---- a display that holds what it shows ---- */

/* As strict as the manuals: after ESC Q nothing but text, CR, the next ESC Q, CLR and CAN. */
struct glass {
    char cells[ROWS][COLUMNS + 1];
    size_t at; /* cursor, 0..39 */
    bool in_string;
    int row; /* of the string; -1: none */
    uint8_t command[4];
    size_t command_len;
    unsigned brightness, inits, ignored;
};

static void wipe_glass(struct glass *glass)
{
    for (size_t row = 0; row < ROWS; row++) {
        memset(glass->cells[row], ' ', COLUMNS);
        glass->cells[row][COLUMNS] = '\0';
    }
    glass->at = 0;
    glass->in_string = false;
}

static size_t command_wants(const uint8_t *command)
{
    return command[1] == '@' ? 2 : command[1] == 'l' ? 4 : 3;
}

static void obey(struct glass *glass)
{
    const uint8_t *command = glass->command;
    if (command[1] == 'Q') {
        glass->in_string = true;
        glass->row = command[2] == 'A' ? 0 : 1;
        glass->at = (size_t)glass->row * COLUMNS;
    } else if (glass->in_string) {
        glass->ignored++;
    } else if (command[1] == '@') {
        wipe_glass(glass);
        glass->inits++;
    } else if (command[1] == '*') {
        glass->brightness = command[2];
    } else if (command[1] == 'l') {
        glass->at = (size_t)(command[3] - 1) * COLUMNS + command[2] - 1U;
    }
}

static void show_byte(struct glass *glass, uint8_t byte)
{
    if (glass->command_len > 0 || byte == 0x1b) {
        glass->command[glass->command_len++] = byte;
        if (glass->command_len >= 2 && glass->command_len == command_wants(glass->command)) {
            glass->command_len = 0;
            obey(glass);
        }
    } else if (byte == 0x0c) {
        wipe_glass(glass);
    } else if (byte >= 0x20) {
        glass->cells[glass->at / COLUMNS][glass->at % COLUMNS] = (char)byte;
        glass->at = (glass->at + 1) % (ROWS * COLUMNS);
    }
}

static void on_display(void *context, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        show_byte(context, bytes[i]);
    }
}

static void expect_glass(const struct glass *glass, const char *upper, const char *lower)
{
    char rows[ROWS][COLUMNS + 1];
    snprintf(rows[0], sizeof rows[0], "%-20s", upper);
    snprintf(rows[1], sizeof rows[1], "%-20s", lower);
    assert_string_equal(rows[0], glass->cells[0]);
    assert_string_equal(rows[1], glass->cells[1]);
    assert_int_equal(0, glass->ignored);
    assert_int_equal(0, glass->command_len);
}

/* ---- the desk ---- */

struct desk {
    struct hal_printer *printer;
    struct hal_display *display;
    struct glass glass;
    struct fake_printer fake; /* the printer, or the display on USB */
    unsigned own, others;     /* jobs done */
};

static void on_done(void *context, uint32_t job, enum hal_print_result result)
{
    struct desk *desk = context;
    (void)result;
    if (hal_display_on_printed(desk->display, job)) {
        desk->own++;
    } else {
        desk->others++;
    }
}

static void on_state(void *context, const struct hal_printer_state *state)
{
    struct desk *desk = context;
    hal_display_on_printer_state(desk->display, state);
}

static void make_desk(struct desk *desk, const struct hal_display_settings *settings)
{
    const struct hal_printer_watcher watcher = {desk, on_done, on_state};
    assert_int_equal(TALLY_OK, hal_printer_new(&watcher, &desk->printer));
    assert_int_equal(TALLY_OK, hal_display_new(settings, desk->printer, &desk->display));
    wipe_glass(&desk->glass);
    fake_printer_init(&desk->fake, desk->printer);
    desk->fake.on_display = on_display;
    desk->fake.context = &desk->glass;
    desk->fake.settings.display = desk->display;
}

static struct desk *on_printer(void)
{
    static const struct hal_display_settings settings = {.choice = HAL_DISPLAY_ON_PRINTER};
    struct desk *desk = test_calloc(1, sizeof *desk);
    make_desk(desk, &settings);
    return desk;
}

static struct desk *on_usb(void)
{
    static const struct hal_display_settings settings = {
        .choice = HAL_DISPLAY_USB, .idVendor = 0x1234, .idProduct = 0x5678, .brightness = 2};
    struct desk *desk = test_calloc(1, sizeof *desk);
    make_desk(desk, &settings);
    desk->fake.driver = &hal_driver_display;
    desk->fake.interface = (struct hal_interface){.idVendor = 0x1234,
                                                  .idProduct = 0x5678,
                                                  .bInterfaceClass = 0x0a,
                                                  .bulk_out = 2,
                                                  .bulk_out_packet_len = 64};
    return desk;
}

static void close_desk(struct desk *desk)
{
    fake_printer_unplug(&desk->fake);
    hal_display_free(desk->display);
    hal_printer_free(desk->printer);
    test_free(desk);
}

static void plug(struct desk *desk)
{
    fake_printer_plug(&desk->fake);
    fake_printer_settle(&desk->fake);
}

static void show(struct desk *desk, const char *upper, const char *lower)
{
    hal_display_show(desk->display, upper, lower);
    fake_printer_settle(&desk->fake);
}

/* ---- bytes ---- */

static void expect_bytes(const char *expected, size_t len, struct tally_buffer *bytes)
{
    if (bytes->len != len || memcmp(expected, bytes->data, len) != 0) {
        for (size_t i = 0; i < len || i < bytes->len; i++) {
            print_error("%3zu: expected %02x got %02x\n", i, i < len ? (uint8_t)expected[i] : 0U,
                        i < bytes->len ? bytes->data[i] : 0U);
        }
        fail();
    }
    tally_buffer_free(bytes);
}
#define EXPECT_BYTES(expected, bytes) expect_bytes(expected, sizeof(expected) - 1, bytes)

static void two_lines_are_one_string_each(void **state)
{
    (void)state;
    struct hal_cd5220 display = {.charset = HAL_CHARSET_ASCII};
    struct tally_buffer bytes = {0};
    assert_int_equal(TALLY_OK, hal_cd5220_show(&display, tally_slice_text("Hello"),
                                               tally_slice_text("12 points"), &bytes));
    EXPECT_BYTES("\x0c\x1bQAHello               \r\x1bQB12 points           \r", &bytes);
}

static void the_way_out_of_a_string_is_to_clear(void **state)
{
    (void)state;
    struct hal_cd5220 display = {.charset = HAL_CHARSET_ASCII};
    struct tally_buffer bytes = {0};
    assert_int_equal(TALLY_OK, hal_cd5220_move(&display, 1, 2, &bytes));
    EXPECT_BYTES("\x1bl\x01\x02", &bytes);
    assert_int_equal(TALLY_OK,
                     hal_cd5220_show(&display, tally_slice_text(""), tally_slice_text(""), &bytes));
    bytes.len = 0;
    assert_int_equal(TALLY_OK, hal_cd5220_move(&display, 20, 1, &bytes));
    assert_int_equal(TALLY_OK, hal_cd5220_select(&display, false, &bytes));
    EXPECT_BYTES("\x0c\x1bl\x14\x01\x1b=\x01", &bytes);
}

static void it_starts_blank_and_as_bright_as_wanted(void **state)
{
    (void)state;
    struct hal_cd5220 display = {.charset = HAL_CHARSET_ASCII, .in_string = true};
    struct tally_buffer bytes = {0};
    assert_int_equal(TALLY_OK, hal_cd5220_start(&display, 3, &bytes));
    EXPECT_BYTES("\x0c\x1b@\x1b*\x03\x0c", &bytes);
}

static void a_line_is_cut_between_characters(void **state)
{
    (void)state;
    struct hal_cd5220 display = {.charset = HAL_CHARSET_GB18030};
    struct tally_buffer bytes = {0};
    assert_int_equal(TALLY_OK, hal_charset_append(display.charset, tally_slice_text("李"), &bytes));
    if (bytes.len != 2) {
        tally_buffer_free(&bytes);
        skip(); /* this libc came without the table */
    }
    bytes.len = 0;
    assert_int_equal(TALLY_OK,
                     hal_cd5220_show_plainly(&display, tally_slice_text("1234567890123456789李"),
                                             tally_slice_text("123456789012345678901"), &bytes));
    EXPECT_BYTES("\x0c"
                 "1234567890123456789 "
                 "12345678901234567890",
                 &bytes);
}

/* ---- on USB ---- */

static void a_display_is_the_one_that_the_setting_names(void **state)
{
    (void)state;
    struct desk *desk = on_usb();
    struct hal_interface other = desk->fake.interface;
    assert_true(hal_driver_display.fits(&other, &desk->fake.settings));
    other.bInterfaceClass = 0xff;
    assert_true(hal_driver_display.fits(&other, &desk->fake.settings));
    other.bInterfaceClass = 0x03;
    assert_false(hal_driver_display.fits(&other, &desk->fake.settings));
    other = desk->fake.interface;
    other.idProduct++;
    assert_false(hal_driver_display.fits(&other, &desk->fake.settings));
    other = desk->fake.interface;
    other.bulk_out = 0;
    assert_false(hal_driver_display.fits(&other, &desk->fake.settings));
    const struct hal_reader_settings none = {.display = NULL};
    assert_false(hal_driver_display.fits(&desk->fake.interface, &none));
    close_desk(desk);
}

static void settings_that_name_nothing_are_refused(void **state)
{
    (void)state;
    static const struct hal_display_settings rows[] = {
        {.choice = HAL_DISPLAY_USB},
        {.choice = HAL_DISPLAY_ON_PRINTER},
        {.choice = HAL_DISPLAY_NONE, .brightness = 5},
        {.choice = (enum hal_display_choice)9},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hal_display *display = NULL;
        assert_int_equal(TALLY_E_INVALID, hal_display_new(&rows[i], NULL, &display));
        assert_null(display);
    }
}

static void two_lines_are_shown(void **state)
{
    (void)state;
    struct desk *desk = on_usb();
    plug(desk);
    show(desk, "Welcome, Ada", "12,840 points");
    expect_glass(&desk->glass, "Welcome, Ada", "12,840 points");
    show(desk, "", "Bye");
    expect_glass(&desk->glass, "", "Bye");
    assert_int_equal(2, desk->glass.brightness);
    assert_int_equal(1, desk->glass.inits);
    close_desk(desk);
}

static void newer_lines_overtake_older_ones(void **state)
{
    (void)state;
    struct desk *desk = on_usb();
    plug(desk);
    hal_display_show(desk->display, "a", "1");
    hal_display_show(desk->display, "b", "2");
    hal_display_show(desk->display, "c", "3");
    assert_true(fake_printer_step(&desk->fake));
    expect_glass(&desk->glass, "a", "1");
    assert_true(fake_printer_step(&desk->fake));
    expect_glass(&desk->glass, "c", "3");
    assert_false(fake_printer_step(&desk->fake));
    close_desk(desk);
}

static void the_lines_come_back_with_the_display(void **state)
{
    (void)state;
    struct desk *desk = on_usb();
    show(desk, "early", "bird");
    for (int i = 0; i < 3; i++) {
        wipe_glass(&desk->glass);
        plug(desk);
        expect_glass(&desk->glass, "early", "bird");
        fake_printer_unplug(&desk->fake);
    }
    assert_int_equal(3, desk->glass.inits);
    close_desk(desk);
}

static void a_display_that_fails_is_tried_again_and_then_given_up(void **state)
{
    (void)state;
    struct desk *desk = on_usb();
    plug(desk);
    desk->fake.fails_sends = true;
    hal_display_show(desk->display, "a", "b");
    assert_true(fake_printer_step(&desk->fake));
    desk->fake.fails_sends = false;
    fake_printer_settle(&desk->fake);
    expect_glass(&desk->glass, "a", "b");
    desk->fake.fails_sends = true;
    show(desk, "c", "d");
    assert_null(desk->fake.state);
    show(desk, "e", "f");
    close_desk(desk);
}

static void a_text_without_end_is_cut(void **state)
{
    (void)state;
    struct desk *desk = on_usb();
    char text[4 * HAL_DISPLAY_TEXT_LEN_MAX];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    plug(desk);
    show(desk, text, "ü\x1b@\x0c!");
    expect_glass(&desk->glass, "xxxxxxxxxxxxxxxxxxxx", "u @ !");
    close_desk(desk);
}

/* ---- on the printer ---- */

static void a_display_on_the_printer_leaves_the_paper_clean(void **state)
{
    (void)state;
    struct desk *desk = on_printer();
    uint32_t job = 0;
    plug(desk);
    show(desk, "Welcome, Ada", "12,840 points");
    expect_glass(&desk->glass, "Welcome, Ada", "12,840 points");
    assert_int_equal(0, desk->fake.paper_len);
    assert_int_equal(TALLY_OK, hal_printer_print(desk->printer, tally_slice_text("receipt"), &job));
    fake_printer_settle(&desk->fake);
    assert_int_equal(7, desk->fake.paper_len);
    assert_memory_equal("receipt", desk->fake.paper, 7);
    expect_glass(&desk->glass, "Welcome, Ada", "12,840 points");
    assert_int_equal(1, desk->own);
    assert_int_equal(1, desk->others);
    close_desk(desk);
}

static void old_lines_do_not_queue_up_at_a_printer_without_paper(void **state)
{
    (void)state;
    struct desk *desk = on_printer();
    desk->fake.paper_out = true;
    plug(desk);
    for (int i = 0; i < 1000; i++) {
        char text[8];
        snprintf(text, sizeof text, "%d", i);
        show(desk, text, "");
    }
    desk->fake.paper_out = false;
    (void)fake_printer_wait(&desk->fake);
    (void)fake_printer_wait(&desk->fake);
    expect_glass(&desk->glass, "999", "");
    assert_int_equal(2, desk->own);
    close_desk(desk);
}

static void the_lines_come_back_with_the_printer(void **state)
{
    (void)state;
    struct desk *desk = on_printer();
    show(desk, "early", "bird");
    for (int i = 0; i < 3; i++) {
        plug(desk);
        expect_glass(&desk->glass, "early", "bird");
        hal_display_show(desk->display, "early", "bird"); /* under way when the plug is pulled */
        fake_printer_unplug(&desk->fake);
        wipe_glass(&desk->glass);
    }
    close_desk(desk);
}

static void a_receipt_after_half_a_line_is_printed_on_paper(void **state)
{
    (void)state;
    struct desk *desk = on_printer();
    uint32_t job = 0;
    plug(desk);
    desk->fake.to_display = true; /* the way back was lost */
    assert_int_equal(TALLY_OK, hal_printer_print(desk->printer, tally_slice_text("receipt"), &job));
    fake_printer_settle(&desk->fake);
    assert_int_equal(7, desk->fake.paper_len);
    close_desk(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_lines_are_one_string_each),
        cmocka_unit_test(the_way_out_of_a_string_is_to_clear),
        cmocka_unit_test(it_starts_blank_and_as_bright_as_wanted),
        cmocka_unit_test(a_line_is_cut_between_characters),
        cmocka_unit_test(a_display_is_the_one_that_the_setting_names),
        cmocka_unit_test(settings_that_name_nothing_are_refused),
        cmocka_unit_test(two_lines_are_shown),
        cmocka_unit_test(newer_lines_overtake_older_ones),
        cmocka_unit_test(the_lines_come_back_with_the_display),
        cmocka_unit_test(a_display_that_fails_is_tried_again_and_then_given_up),
        cmocka_unit_test(a_text_without_end_is_cut),
        cmocka_unit_test(a_display_on_the_printer_leaves_the_paper_clean),
        cmocka_unit_test(old_lines_do_not_queue_up_at_a_printer_without_paper),
        cmocka_unit_test(the_lines_come_back_with_the_printer),
        cmocka_unit_test(a_receipt_after_half_a_line_is_printed_on_paper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
