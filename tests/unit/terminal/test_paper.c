/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts and greetings at a terminal with one printer and the customer display that hangs on
 * it. */
#include "app/terminal/paper.h"
#include "tests/unit/hal/fake_printer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GLASS_MAX = 4096 };

struct counter {
    struct paper *paper;
    struct fake_printer fake;
    char glass[GLASS_MAX]; /* all that the display was sent, but commands */
    size_t glass_len;
    unsigned states, done;
    enum hal_print_result result;
};

static const struct receipt_facts facts = {
    .programme = "Golden Leaf", .earned = 135, .balance = 11988, .expiry_day = TALLY_DAY_NEVER};

static void on_state(void *context)
{
    ((struct counter *)context)->states++;
}

static void on_done(void *context, enum hal_print_result result)
{
    struct counter *counter = context;
    counter->done++;
    counter->result = result;
}

static void on_display(void *context, const uint8_t *bytes, size_t len)
{
    struct counter *counter = context;
    for (size_t i = 0; i < len && counter->glass_len + 1 < GLASS_MAX; i++) {
        if (bytes[i] >= 0x20) {
            counter->glass[counter->glass_len++] = (char)bytes[i];
        }
    }
}

static struct counter *a_counter(const struct paper_settings *settings)
{
    struct counter *counter = test_calloc(1, sizeof *counter);
    const struct paper_watcher watcher = {counter, on_state};
    assert_int_equal(TALLY_OK, paper_open(settings, &watcher, &counter->paper));
    fake_printer_init(&counter->fake, paper_printer(counter->paper));
    counter->fake.settings.display = paper_display(counter->paper);
    counter->fake.on_display = on_display;
    counter->fake.context = counter;
    return counter;
}

static void close_counter(struct counter *counter)
{
    fake_printer_unplug(&counter->fake);
    paper_close(counter->paper);
    test_free(counter);
}

static const struct paper_settings with_both = {
    .prints = true, .columns = 32, .display = {.choice = HAL_DISPLAY_ON_PRINTER}};
static const struct paper_settings with_printer = {.prints = true, .columns = 32};

static bool paper_says(const struct counter *counter, const char *text)
{
    return memmem(counter->fake.paper, counter->fake.paper_len, text, strlen(text)) != NULL;
}

static void a_receipt_is_printed_and_its_till_is_told(void **state)
{
    (void)state;
    struct counter *counter = a_counter(&with_printer);
    uint32_t job = 0;
    fake_printer_plug(&counter->fake);
    fake_printer_settle(&counter->fake);
    assert_string_equal("ready", paper_printer_state(counter->paper));
    assert_int_equal(1, counter->states);
    assert_int_equal(TALLY_OK,
                     paper_print(counter->paper, &facts, RECEIPT_CHINESE, on_done, counter, &job));
    assert_int_equal(0, counter->done);
    fake_printer_settle(&counter->fake);
    assert_int_equal(1, counter->done);
    assert_int_equal(HAL_PRINT_DONE, counter->result);
    assert_true(paper_says(counter, "Points earned                135\n")); /* it has no Chinese */
    close_counter(counter);
}

static void without_a_printer_a_till_is_told_at_once(void **state)
{
    (void)state;
    static const struct paper_settings none = {.columns = 32};
    struct counter *counter = a_counter(&none);
    uint32_t job = 0;
    assert_null(paper_printer_state(counter->paper));
    assert_int_equal(TALLY_E_NOT_FOUND,
                     paper_print(counter->paper, &facts, RECEIPT_ENGLISH, on_done, counter, &job));
    paper_welcome(counter->paper, "Ada", 1);
    paper_thank(counter->paper, &facts);
    paper_welcome(NULL, "Ada", 1);
    close_counter(counter);
    counter = a_counter(&with_printer);
    assert_string_equal("unplugged", paper_printer_state(counter->paper));
    assert_int_equal(TALLY_E_READER_GONE,
                     paper_print(counter->paper, &facts, RECEIPT_ENGLISH, on_done, counter, &job));
    close_counter(counter);
}

static void a_receipt_that_is_given_up_is_not_told_of_nor_printed(void **state)
{
    (void)state;
    struct counter *counter = a_counter(&with_printer);
    uint32_t job = 0;
    counter->fake.paper_out = true;
    fake_printer_plug(&counter->fake);
    fake_printer_settle(&counter->fake);
    assert_string_equal("paper_out", paper_printer_state(counter->paper));
    assert_int_equal(TALLY_OK,
                     paper_print(counter->paper, &facts, RECEIPT_ENGLISH, on_done, counter, &job));
    fake_printer_settle(&counter->fake);
    paper_give_up(counter->paper, job);
    paper_give_up(counter->paper, job);
    counter->fake.paper_out = false;
    (void)fake_printer_wait(&counter->fake);
    assert_int_equal(0, counter->done);
    assert_int_equal(0, counter->fake.paper_len);
    close_counter(counter);
}

static void unplugging_tells_whoever_waits(void **state)
{
    (void)state;
    struct counter *counter = a_counter(&with_printer);
    uint32_t job = 0;
    counter->fake.cover_open = true;
    fake_printer_plug(&counter->fake);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            TALLY_OK, paper_print(counter->paper, &facts, RECEIPT_ENGLISH, on_done, counter, &job));
    }
    fake_printer_settle(&counter->fake);
    fake_printer_unplug(&counter->fake);
    assert_int_equal(3, counter->done);
    assert_int_equal(HAL_PRINT_NOT, counter->result);
    close_counter(counter);
}

static void a_member_is_greeted_and_thanked_on_the_printers_display(void **state)
{
    (void)state;
    struct counter *counter = a_counter(&with_both);
    uint32_t job = 0;
    paper_welcome(counter->paper, "Ada Lovelace", 12840);
    fake_printer_plug(&counter->fake);
    fake_printer_settle(&counter->fake);
    paper_thank(counter->paper, &facts);
    assert_int_equal(TALLY_OK,
                     paper_print(counter->paper, &facts, RECEIPT_ENGLISH, on_done, counter, &job));
    fake_printer_settle(&counter->fake);
    assert_string_equal("Welcome, Ada        12,840 points       "
                        "+135 points         You have 11,988     ",
                        counter->glass);
    assert_int_equal(1, counter->done);
    assert_false(paper_says(counter, "Welcome"));
    close_counter(counter);
}

static void a_display_on_a_printer_that_is_not_wanted_is_refused(void **state)
{
    (void)state;
    static const struct paper_settings wrong = {.columns = 32,
                                                .display = {.choice = HAL_DISPLAY_ON_PRINTER}};
    const struct paper_watcher watcher = {NULL, NULL};
    struct paper *paper = NULL;
    assert_int_equal(TALLY_E_INVALID, paper_open(&wrong, &watcher, &paper));
    assert_null(paper);
    paper_close(paper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_is_printed_and_its_till_is_told),
        cmocka_unit_test(without_a_printer_a_till_is_told_at_once),
        cmocka_unit_test(a_receipt_that_is_given_up_is_not_told_of_nor_printed),
        cmocka_unit_test(unplugging_tells_whoever_waits),
        cmocka_unit_test(a_member_is_greeted_and_thanked_on_the_printers_display),
        cmocka_unit_test(a_display_on_a_printer_that_is_not_wanted_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
