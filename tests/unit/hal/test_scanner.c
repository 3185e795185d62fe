/* SPDX-License-Identifier: Apache-2.0 */
/* HID-POS scanners: where the data stands, scans of several reports, and the driver on a played
 * device. */
#include "hal/reader/scanner.h"

#include "hal/reader/drivers.h"
#include "tests/fakes/fake_link.h"
#include "tests/unit/hal/hid_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define OURS "60058541029558180"

enum { REPORT_LEN = 64, DATA_AT = 5, CODE_ID_AT = 61, FLAGS_AT = 63, ROOM = 56 };

static const struct tally_card_rule own_rules[] = {{"600585", 17}, {"61021", 12}, {"29", 13}};
static struct hal_reader_settings settings = {.rules = {own_rules, 3}};
static struct hal_scanner_scan scan;

static struct hal_scanner_layout layout_of(const struct build *descriptor)
{
    struct hal_scanner_layout layout;
    assert_int_equal(TALLY_OK, hal_scanner_layout(descriptor->data, descriptor->len, &layout));
    return layout;
}

static struct hal_scanner_layout honeywell(void)
{
    struct build descriptor = scanner_descriptor();
    return layout_of(&descriptor);
}

static int set_up(void **state)
{
    (void)state;
    hal_scanner_drop(&scan);
    return 0;
}

struct report {
    uint8_t bytes[REPORT_LEN];
};

/* The report of the manuals; bytes behind the data are not zero, as in life. */
static struct report report_of(const char *aim, const char *text, bool has_more)
{
    struct report report;
    size_t len = strlen(text);
    assert_true(len <= ROOM);
    memset(report.bytes, 'z', REPORT_LEN);
    report.bytes[0] = 2;
    report.bytes[1] = (uint8_t)len;
    memset(report.bytes + 2, 0, HAL_AIM_LEN);
    memcpy(report.bytes + 2, aim, strlen(aim));
    memcpy(report.bytes + DATA_AT, text, len);
    report.bytes[CODE_ID_AT] = 0;
    report.bytes[FLAGS_AT] = has_more;
    return report;
}

/* In a block of exactly `len` bytes, which must come back wiped. */
static enum tally_status take(const struct hal_scanner_layout *layout, const uint8_t *bytes,
                              size_t len)
{
    uint8_t *copy = test_malloc(len == 0 ? 1 : len);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    enum tally_status status = hal_scanner_report(layout, &scan, copy, len);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(0, copy[i]);
    }
    test_free(copy);
    return status;
}

static enum tally_status take_report(const struct report *report)
{
    struct hal_scanner_layout layout = honeywell();
    return take(&layout, report->bytes, REPORT_LEN);
}

static void expect_text(const char *text)
{
    assert_int_equal(strlen(text), scan.len);
    assert_memory_equal(text, scan.text, scan.len);
}

static enum tally_status read_card(struct tally_card *card)
{
    enum tally_status status = hal_scanner_card(&scan, &settings, card);
    const struct hal_scanner_scan nothing = {.len = 0};
    assert_memory_equal(&nothing, &scan, sizeof scan);
    return status;
}

static void expect_ours(const struct tally_card *card)
{
    assert_int_equal(TALLY_CARD_NUMBER, card->kind);
    assert_int_equal(TALLY_ENTRY_SCANNED, card->entry);
    assert_int_equal(strlen(OURS), card->len);
    assert_memory_equal(OURS, card->bytes, card->len);
}

static void a_scan_is_read_where_the_descriptor_says(void **state)
{
    (void)state;
    struct tally_card card;
    struct report report = report_of("]C0", OURS, false);
    assert_int_equal(TALLY_OK, take_report(&report));
    assert_int_equal(HAL_SYMBOLOGY_PLAIN, scan.symbology);
    assert_int_equal(TALLY_OK, read_card(&card));
    expect_ours(&card);

    struct build small = small_scanner_descriptor();
    struct hal_scanner_layout layout = layout_of(&small);
    uint8_t bytes[34] = "]Q0" OURS; /* a 0 ends it */
    assert_int_equal(TALLY_OK, take(&layout, bytes, sizeof bytes));
    assert_int_equal(TALLY_OK, read_card(&card));
    expect_ours(&card);
    bytes[33] = 1;
    assert_int_equal(TALLY_E_AGAIN, take(&layout, bytes, sizeof bytes));
}

static void a_scanner_that_describes_nothing_has_the_report_of_the_manuals(void **state)
{
    (void)state;
    struct build silent = silent_scanner_descriptor();
    struct hal_scanner_layout layout = layout_of(&silent);
    struct report report = report_of("]C0", OURS, false);
    struct tally_card card;
    assert_int_equal(TALLY_OK, take(&layout, report.bytes, REPORT_LEN));
    assert_int_equal(TALLY_OK, read_card(&card));
    expect_ours(&card);
    report.bytes[FLAGS_AT] = 1;
    assert_int_equal(TALLY_E_AGAIN, take(&layout, report.bytes, REPORT_LEN));
}

static void a_byte_that_does_not_stand_directly_in_front_is_no_length(void **state)
{
    (void)state;
    struct build build = {.len = 0};
    put_item(&build, ITEM_USAGE_PAGE, 0x8c);
    put_item(&build, ITEM_USAGE, 0x02);
    put_item(&build, ITEM_COLLECTION, 0x01);
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_input(&build, 0x15, 1); /* a status */
    put_item(&build, ITEM_INPUT, CONSTANT);
    put_input(&build, 0xfe, 30);
    put_bare(&build, ITEM_END_COLLECTION);
    struct hal_scanner_layout layout = layout_of(&build);
    const uint8_t bytes[32] = "\3\0" OURS;
    assert_int_equal(TALLY_OK, take(&layout, bytes, sizeof bytes));
    expect_text(OURS);
}

static void symbologies_decide_what_digits_are(void **state)
{
    (void)state;
    static const struct {
        const char *aim;
        char code_id;
        const char *text;
        enum tally_status status;
    } rows[] = {
        {"]E0", 0, "2900000000018", TALLY_OK},
        {"]E0", 0, "2900000000017", TALLY_E_CARD_UNREADABLE},
        {"]E0", 0, "610210000013", TALLY_OK},
        {"]E0", 0, "9780306406157", TALLY_E_UNKNOWN_CARD},
        {"]E4", 0, "96385074", TALLY_E_UNKNOWN_CARD},
        {"]E4", 0, "96385073", TALLY_E_CARD_UNREADABLE},
        {"]C0", 0, OURS, TALLY_OK},
        {"]Q1", 0, "member:" OURS, TALLY_OK},
        {"", 'd', "2900000000017", TALLY_E_CARD_UNREADABLE},
        {"", 'D', "96385073", TALLY_E_CARD_UNREADABLE},
        {"", 'c', "610210000012", TALLY_E_CARD_UNREADABLE},
        {"", 'j', OURS, TALLY_OK},
        {"", 's', "4111111111111111", TALLY_E_PAYMENT_CARD},
        {"", 0, "2900000000017", TALLY_OK}, /* nobody says that it is an EAN */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tally_card card;
        struct report report = report_of(rows[i].aim, rows[i].text, false);
        report.bytes[CODE_ID_AT] = (uint8_t)rows[i].code_id;
        assert_int_equal(TALLY_OK, take_report(&report));
        enum tally_status status = read_card(&card);
        if (status != rows[i].status) {
            fail_msg("row %zu: %s", i, tally_status_name(status));
        }
    }
}

static void a_scanner_that_puts_everything_one_byte_later_is_read(void **state)
{
    (void)state;
    struct tally_card card;
    struct report plain = report_of("]C0", OURS, false), report = plain;
    memmove(report.bytes + 3, plain.bytes + 2, FLAGS_AT - 3);
    report.bytes[2] = 0;
    assert_int_equal(TALLY_OK, take_report(&report));
    assert_int_equal(TALLY_OK, read_card(&card));
    expect_ours(&card);
    plain = report_of("]E4", "20000011", false);
    memmove(report.bytes + 3, plain.bytes + 2, FLAGS_AT - 3);
    report.bytes[1] = 8;
    assert_int_equal(TALLY_OK, take_report(&report));
    assert_int_equal(HAL_SYMBOLOGY_EAN_8, scan.symbology);
    expect_text("20000011");
}

static void reports_are_put_together_until_none_follows(void **state)
{
    (void)state;
    char text[3 * ROOM + 1] = {0};
    for (size_t i = 0; i < 3 * ROOM - 7; i++) {
        text[i] = (char)('A' + i % 26);
    }
    for (size_t i = 0; i < 3; i++) {
        char part[ROOM + 1] = {0};
        memcpy(part, text + i * ROOM, ROOM);
        struct report report = report_of(i == 0 ? "]Q1" : "", part, i < 2);
        assert_int_equal(i < 2 ? TALLY_E_AGAIN : TALLY_OK, take_report(&report));
    }
    expect_text(text);
    assert_int_equal(HAL_SYMBOLOGY_PLAIN, scan.symbology);
}

/* The longest that fits names a card of ours; with more behind it, it is another text. */
static void a_text_that_is_too_long_is_read_to_its_end_and_refused(void **state)
{
    (void)state;
    enum { PARTS = HAL_SCANNER_TEXT_MAX / ROOM };
    char text[PARTS * ROOM + 1];
    struct tally_card card;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://", 8);
    strcpy(text + sizeof text - sizeof "#member:" OURS, "#member:" OURS);
    for (int has_tail = 0; has_tail <= 1; has_tail++) {
        for (size_t i = 0; i < PARTS; i++) {
            char part[ROOM + 1] = {0};
            memcpy(part, text + i * ROOM, ROOM);
            struct report report = report_of("]Q1", part, i < PARTS - 1 || has_tail);
            (void)take_report(&report);
        }
        struct report tail = report_of("", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false);
        if (has_tail) {
            assert_int_equal(TALLY_OK, take_report(&tail));
        }
        assert_int_equal(has_tail ? TALLY_E_UNKNOWN_CARD : TALLY_OK, read_card(&card));
    }
}

static void a_length_that_does_not_fit_is_unreadable(void **state)
{
    (void)state;
    struct report report = report_of("]C0", OURS, false);
    for (unsigned len = ROOM + 1; len <= 255; len++) {
        report.bytes[1] = (uint8_t)len;
        assert_int_equal(TALLY_E_CARD_UNREADABLE, take_report(&report));
    }
    report.bytes[2] = 0;
    report.bytes[3] = ']'; /* one byte later: one byte less has room */
    report.bytes[1] = ROOM;
    assert_int_equal(TALLY_E_CARD_UNREADABLE, take_report(&report));
}

static void a_report_that_is_cut_short_is_unreadable(void **state)
{
    (void)state;
    struct hal_scanner_layout layout = honeywell();
    struct report report = report_of("]C0", OURS, false);
    for (size_t len = 1; len < REPORT_LEN; len++) {
        assert_int_equal(TALLY_E_CARD_UNREADABLE, take(&layout, report.bytes, len));
    }
}

static void other_reports_and_empty_ones_are_no_scan(void **state)
{
    (void)state;
    struct hal_scanner_layout layout = honeywell();
    struct report report = report_of("]C0", OURS, false), empty = report_of("", "", false);
    report.bytes[0] = 4;
    assert_int_equal(TALLY_E_NOT_FOUND, take_report(&report));
    assert_int_equal(TALLY_E_NOT_FOUND, take_report(&empty));
    assert_int_equal(TALLY_E_NOT_FOUND, take(&layout, NULL, 0));
}

static void devices_that_are_no_scanners_are_left_alone(void **state)
{
    (void)state;
    struct hal_scanner_layout layout;
    struct build stripe = sureswipe_descriptor(), page = pos_page_descriptor(1);
    assert_int_equal(TALLY_E_NOT_FOUND, hal_scanner_layout(stripe.data, stripe.len, &layout));
    assert_int_equal(TALLY_E_NOT_FOUND, hal_scanner_layout(page.data, page.len, &layout));

    struct build vendor = silent_scanner_descriptor(); /* 64 bytes of anybody else */
    vendor.data[1] = 0x01;
    assert_int_equal(TALLY_E_NOT_FOUND, hal_scanner_layout(vendor.data, vendor.len, &layout));

    struct build narrow = {.len = 0};
    put_item(&narrow, ITEM_USAGE_PAGE, 0x8c);
    put_item(&narrow, ITEM_USAGE, 0x02);
    put_item(&narrow, ITEM_COLLECTION, 0x01);
    put_item(&narrow, ITEM_REPORT_SIZE, 4);
    put_input(&narrow, 0xfe, 56);
    put_bare(&narrow, ITEM_END_COLLECTION);
    assert_int_equal(TALLY_E_DEVICE, hal_scanner_layout(narrow.data, narrow.len, &layout));
    struct build whole = scanner_descriptor();
    for (size_t len = 0; len < whole.len; len++) {
        assert_int_not_equal(TALLY_OK, hal_scanner_layout(whole.data, len, &layout));
    }
}

/* The boarding pass of a manual, in two reports; the manual leaves out the end, which is padded
 * here. */
static void the_published_scan_of_two_reports_is_put_together(void **state)
{
    (void)state;
    FILE *file = fopen(TALLY_TEST_VECTORS "/hidpos/access-is-two-report-scan.txt", "r");
    if (file == NULL) {
        skip();
    }
    char line[512], data[ROOM + 1];
    memset(data, ' ', ROOM);
    data[ROOM] = '\0';
    bool is_found = false;
    while (fgets(line, sizeof line, file) != NULL) {
        char *begin = strncmp(line, "data1=\"", 7) == 0 ? line + 7 : NULL;
        char *end = begin == NULL ? NULL : strchr(begin, '"');
        if (end != NULL && end - begin <= ROOM) {
            memcpy(data, begin, (size_t)(end - begin));
            is_found = true;
        }
    }
    fclose(file);
    assert_true(is_found);
    struct report first = report_of("]Q0", data, true), second = report_of("", "    ", false);
    first.bytes[CODE_ID_AT] = 's';
    memset(second.bytes + DATA_AT + 4, 0, ROOM - 4);
    assert_int_equal(TALLY_E_AGAIN, take_report(&first));
    assert_int_equal(TALLY_OK, take_report(&second));
    assert_int_equal(60, scan.len);
    assert_memory_equal(data, scan.text, ROOM);
    struct tally_card card;
    assert_int_equal(TALLY_E_UNKNOWN_CARD, read_card(&card));
}

static void noise_is_never_a_card_and_never_left_in_memory(void **state)
{
    (void)state;
    uint32_t seed = 1201;
    print_message("seed %u\n", (unsigned)seed);
    for (int round = 0; round < 4000; round++) {
        struct build descriptor = scanner_descriptor();
        descriptor.data[next_random(&seed) % descriptor.len] = (uint8_t)next_random(&seed);
        struct hal_scanner_layout layout;
        if (hal_scanner_layout(descriptor.data, descriptor.len, &layout) != TALLY_OK) {
            continue;
        }
        struct report report = report_of("]C0", "4111111111111111", false);
        for (int i = 0; i < 4; i++) {
            report.bytes[next_random(&seed) % REPORT_LEN] = (uint8_t)next_random(&seed);
        }
        struct tally_card card;
        if (take(&layout, report.bytes, next_random(&seed) % (REPORT_LEN + 1)) == TALLY_OK) {
            assert_int_not_equal(TALLY_OK, read_card(&card));
        }
    }
}

/* ---- the driver ---- */

static struct fake_link fake;
static struct build whole_descriptor;

static struct hal_interface interface_of(uint16_t vendor, bool is_described)
{
    whole_descriptor = scanner_descriptor();
    return (struct hal_interface){
        .idVendor = vendor,
        .bInterfaceNumber = 1,
        .bInterfaceClass = 3,
        .interrupt_in = 0x82,
        .report_descriptor_len = (uint16_t)whole_descriptor.len,
        .report_descriptor = is_described ? whole_descriptor.data : NULL,
    };
}

static int set_up_driver(void **state)
{
    set_up(state);
    struct hal_interface interface = interface_of(0x05e0, true);
    fake_link_open(&fake, &hal_driver_scanner, &interface, &settings, NULL, NULL);
    return 0;
}

static void play(const char *aim, const char *text, bool has_more)
{
    struct report report = report_of(aim, text, has_more);
    fake_link_report(&fake, report.bytes, REPORT_LEN);
    fake_link_run(&fake);
}

static void expect_said(unsigned cards, unsigned refusals)
{
    assert_int_equal(cards, fake.card_count);
    assert_int_equal(refusals, fake.refused_count);
}

static void a_scanner_is_claimed_by_its_descriptor(void **state)
{
    (void)state;
    struct hal_interface known = interface_of(0x05e0, true), unknown = interface_of(0x05e0, false);
    struct hal_interface other = known, keyboard = unknown, deaf = unknown;
    struct build stripe = sureswipe_descriptor();
    other.report_descriptor = stripe.data;
    other.report_descriptor_len = (uint16_t)stripe.len;
    keyboard.bInterfaceSubClass = 1;
    deaf.interrupt_in = 0;
    assert_true(hal_driver_scanner.fits(&known, &settings));
    assert_true(hal_driver_scanner.fits(&unknown, &settings));
    assert_false(hal_driver_scanner.fits(&other, &settings));
    assert_false(hal_driver_scanner.fits(&keyboard, &settings));
    assert_false(hal_driver_scanner.fits(&deaf, &settings));
}

static void a_descriptor_that_nobody_has_read_is_asked_for(void **state)
{
    (void)state;
    struct hal_interface interface = interface_of(0x05e0, false);
    fake_link_open(&fake, &hal_driver_scanner, &interface, &settings, NULL, NULL);
    const struct hal_setup expected = {0x81, 0x06, 0x2200, 1, (uint16_t)whole_descriptor.len};
    assert_int_equal(1, fake.control_count);
    assert_memory_equal(&expected, &fake.controls[0].setup, sizeof expected);
    fake_link_answer_control(&fake, TALLY_OK, whole_descriptor.data, whole_descriptor.len);
    assert_int_equal(1, fake.control_count);
    assert_int_equal(REPORT_LEN, fake.listen_len);
    assert_int_equal(1, fake.ready_count);

    fake_link_open(&fake, &hal_driver_scanner, &interface, &settings, NULL, NULL);
    struct build stripe = sureswipe_descriptor();
    fake_link_answer_control(&fake, TALLY_OK, stripe.data, stripe.len);
    assert_true(fake.has_ended);
    assert_int_equal(TALLY_E_NOT_FOUND, fake.ended);

    fake_link_open(&fake, &hal_driver_scanner, &interface, &settings, NULL, NULL);
    fake_link_answer_control(&fake, TALLY_E_DEVICE, NULL, 0);
    assert_true(fake.has_ended);
    assert_int_equal(TALLY_E_DEVICE, fake.ended);
}

static void makers_that_want_a_mode_are_told_it(void **state)
{
    (void)state;
    static const uint16_t vendors[] = {0x0c2e, 0x23d0};
    static const enum tally_status answers[] = {TALLY_OK, TALLY_E_DEVICE}; /* refused: no harm */
    for (size_t i = 0; i < 2; i++) {
        struct hal_interface interface = interface_of(vendors[i], true);
        fake_link_open(&fake, &hal_driver_scanner, &interface, &settings, NULL, NULL);
        const struct hal_setup expected = {0x21, 0x09, 0x03fe, 1, 2};
        static const uint8_t mode[] = {0xfe, 0x01};
        assert_int_equal(1, fake.control_count);
        assert_memory_equal(&expected, &fake.controls[0].setup, sizeof expected);
        assert_memory_equal(mode, fake.controls[0].data, sizeof mode);
        assert_int_equal(0, fake.ready_count);
        fake_link_answer_control(&fake, answers[i], NULL, 0);
        assert_int_equal(1, fake.ready_count);
        assert_int_equal(REPORT_LEN, fake.listen_len);
    }
}

static void a_scan_is_a_card_or_a_refusal(void **state)
{
    (void)state;
    assert_int_equal(0, fake.control_count);
    play("]C0", OURS, false);
    expect_said(1, 0);
    expect_ours(&fake.card);
    play("]C0", "4111111111111111", false);
    expect_said(1, 1);
    assert_int_equal(TALLY_E_PAYMENT_CARD, fake.refusal);
    assert_false(fake_link_state_holds(&fake, "411111", 6));
    play("]Q1", "member:60058541", true);
    play("", "029558180", false);
    expect_said(2, 1);
    expect_ours(&fake.card);
    fake_link_wait(&fake, 60000);
    expect_said(2, 1);
}

static void half_a_scan_is_never_a_card(void **state)
{
    (void)state;
    play("]C0", "999", true); /* what follows is a card of ours, but for this */
    fake_link_wait(&fake, HAL_SCANNER_GAP_MS);
    assert_false(fake_link_state_holds(&fake, "999", 3));
    play("", OURS, false);
    expect_said(0, 1);
    assert_int_equal(TALLY_E_CARD_UNREADABLE, fake.refusal);
    play("]C0", OURS, false);
    expect_said(1, 1);

    play("]C0", "999", true); /* the rest never comes */
    fake_link_wait(&fake, HAL_SCANNER_GAP_MS + HAL_SCANNER_RECOVERY_MS);
    expect_said(1, 2);
    fake_link_wait(&fake, 60000);
    expect_said(1, 2);
    play("]C0", OURS, false);
    expect_said(2, 2);
}

static void the_rest_of_a_broken_scan_is_no_card(void **state)
{
    (void)state;
    fake_link_broken(&fake);
    play("", "000", true);
    play("", OURS, false);
    expect_said(0, 1);
    assert_int_equal(TALLY_E_CARD_UNREADABLE, fake.refusal);
    play("]C0", "6", true);
    fake_link_broken(&fake);
    fake_link_wait(&fake, HAL_SCANNER_RECOVERY_MS);
    expect_said(0, 2);
    play("]C0", OURS, false);
    expect_said(1, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_scan_is_read_where_the_descriptor_says, set_up),
        cmocka_unit_test_setup(a_scanner_that_describes_nothing_has_the_report_of_the_manuals,
                               set_up),
        cmocka_unit_test_setup(a_byte_that_does_not_stand_directly_in_front_is_no_length, set_up),
        cmocka_unit_test_setup(symbologies_decide_what_digits_are, set_up),
        cmocka_unit_test_setup(a_scanner_that_puts_everything_one_byte_later_is_read, set_up),
        cmocka_unit_test_setup(reports_are_put_together_until_none_follows, set_up),
        cmocka_unit_test_setup(a_text_that_is_too_long_is_read_to_its_end_and_refused, set_up),
        cmocka_unit_test_setup(a_length_that_does_not_fit_is_unreadable, set_up),
        cmocka_unit_test_setup(a_report_that_is_cut_short_is_unreadable, set_up),
        cmocka_unit_test_setup(other_reports_and_empty_ones_are_no_scan, set_up),
        cmocka_unit_test_setup(devices_that_are_no_scanners_are_left_alone, set_up),
        cmocka_unit_test_setup(the_published_scan_of_two_reports_is_put_together, set_up),
        cmocka_unit_test_setup(noise_is_never_a_card_and_never_left_in_memory, set_up),
        cmocka_unit_test_setup(a_scanner_is_claimed_by_its_descriptor, set_up),
        cmocka_unit_test_setup(a_descriptor_that_nobody_has_read_is_asked_for, set_up),
        cmocka_unit_test_setup(makers_that_want_a_mode_are_told_it, set_up),
        cmocka_unit_test_setup(a_scan_is_a_card_or_a_refusal, set_up_driver),
        cmocka_unit_test_setup(half_a_scan_is_never_a_card, set_up_driver),
        cmocka_unit_test_setup(the_rest_of_a_broken_scan_is_no_card, set_up_driver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
