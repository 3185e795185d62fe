/* SPDX-License-Identifier: Apache-2.0 */
/* ESC/POS as bytes: what a document is made of, what text becomes, and what a printer's bytes
 * mean. */
#include "hal/printer/escpos.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- rows ---- */

static void print_hex(const char *what, const uint8_t *bytes, size_t len)
{
    print_error("%s", what);
    for (size_t i = 0; i < len; i++) {
        print_error(" %02x", bytes[i]);
    }
    print_error("\n");
}

static void expect_bytes(const char *expected, size_t expected_len, const uint8_t *bytes,
                         size_t len)
{
    if (expected_len != len || memcmp(expected, bytes, len) != 0) {
        print_hex("expected", (const uint8_t *)expected, expected_len);
        print_hex("got     ", bytes, len);
        fail();
    }
}

#define EXPECT_DOCUMENT(expected, document)                                                        \
    do {                                                                                           \
        assert_int_equal(TALLY_OK, (document)->status);                                            \
        expect_bytes(expected, sizeof(expected) - 1, (document)->bytes.data,                       \
                     (document)->bytes.len);                                                       \
        hal_escpos_free(document);                                                                 \
    } while (0)

static void expect_text(enum hal_charset charset, const char *expected, const char *utf8)
{
    struct tally_buffer bytes = {0};
    assert_int_equal(TALLY_OK, hal_charset_append(charset, tally_slice_text(utf8), &bytes));
    expect_bytes(expected, strlen(expected), bytes.data, bytes.len);
    tally_buffer_free(&bytes);
}

/* ---- text ---- */

static void plain_letters_are_themselves_everywhere(void **state)
{
    (void)state;
    static const enum hal_charset all[] = {HAL_CHARSET_ASCII, HAL_CHARSET_PC437,
                                           HAL_CHARSET_GB18030};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        expect_text(all[i], "Points: 1,234 ~!", "Points: 1,234 ~!");
    }
}

static void what_ascii_lacks_is_written_as_people_write_it(void **state)
{
    (void)state;
    expect_text(HAL_CHARSET_ASCII, "Cafe Muller, Strasse", "Café Müller, Straße");
    expect_text(HAL_CHARSET_ASCII, "Lodz Dvorak Aarhus EUR 5", "Łódź Dvořák Aarhus € 5");
    expect_text(HAL_CHARSET_ASCII, "\"so\" - *** ...", "“so” — ★★★ …");
    expect_text(HAL_CHARSET_ASCII, "??", "李伟");
}

static void a_code_page_has_its_own_signs(void **state)
{
    (void)state;
    expect_text(HAL_CHARSET_PC437,
                "Caf\x82 M\x81ller, Stra\xe1"
                "e \x9d"
                "5",
                "Café Müller, Straße ¥5");
    expect_text(HAL_CHARSET_PC437, "Lodz EUR", "Łodź €");
}

static void chinese_is_two_bytes_a_character(void **state)
{
    (void)state;
    iconv_t converter = iconv_open("GB18030", "UTF-8");
    if (converter == (iconv_t)-1) {
        skip(); /* this libc came without the table */
    }
    iconv_close(converter);
    expect_text(HAL_CHARSET_GB18030, "\xc0\xee\xce\xb0 100 \xb7\xd6", "李伟 100 分");
    expect_text(HAL_CHARSET_GB18030, "?", "𠮷"); /* four bytes in GB18030: no printer's */
    expect_text(HAL_CHARSET_GB18030, "Ab",
                "Ä\xef\xb8\x8f"
                "b");
}

static void no_text_carries_a_command(void **state)
{
    (void)state;
    expect_text(HAL_CHARSET_ASCII, " p  @ V ", "\x1bp\x01\x1b@\x1dV\x7f");
    for (int charset = HAL_CHARSET_ASCII; charset <= HAL_CHARSET_GB18030; charset++) {
        for (uint32_t code = 1; code < 0x3000; code++) {
            struct tally_buffer bytes = {0};
            char utf8[4] = {(char)code};
            if (code >= 0x800) {
                utf8[0] = (char)(0xe0 | code >> 12);
                utf8[1] = (char)(0x80 | (code >> 6 & 0x3f));
                utf8[2] = (char)(0x80 | (code & 0x3f));
            } else if (code >= 0x80) {
                utf8[0] = (char)(0xc0 | code >> 6);
                utf8[1] = (char)(0x80 | (code & 0x3f));
            }
            assert_int_equal(TALLY_OK, hal_charset_append((enum hal_charset)charset,
                                                          tally_slice_text(utf8), &bytes));
            for (size_t i = 0; i < bytes.len; i++) {
                assert_true(bytes.data[i] >= 0x20 && bytes.data[i] != 0x7f);
            }
            tally_buffer_free(&bytes);
        }
    }
}

static void bytes_that_are_no_utf8_are_question_marks(void **state)
{
    (void)state;
    expect_text(HAL_CHARSET_ASCII, "a?b",
                "a\xff"
                "b");
    expect_text(HAL_CHARSET_ASCII, "??", "\xc0\x80");      /* a NUL in two bytes */
    expect_text(HAL_CHARSET_ASCII, "???", "\xed\xa0\x80"); /* half a surrogate pair */
    expect_text(HAL_CHARSET_ASCII, "x?", "x\xe4");         /* the text ends too soon */
    expect_text(HAL_CHARSET_GB18030, "??", "\xe6\x9d");
}

static void a_cut_text_never_ends_in_half_a_character(void **state)
{
    (void)state;
    const struct tally_slice mixed = tally_slice_text("a\xc0\xee\xce\xb0"
                                                      "b");
    static const size_t fits[] = {0, 1, 1, 3, 3, 5, 6, 6};
    for (size_t columns = 0; columns < sizeof fits / sizeof fits[0]; columns++) {
        assert_int_equal(fits[columns], hal_charset_fit(HAL_CHARSET_GB18030, mixed, columns));
    }
    assert_int_equal(2, hal_charset_fit(HAL_CHARSET_PC437, mixed, 2));
}

/* ---- documents ---- */

static void a_line_says_how_it_stands_and_ends(void **state)
{
    (void)state;
    struct hal_escpos document;
    hal_escpos_start(&document, HAL_CHARSET_ASCII);
    hal_escpos_line(&document, "Hi",
                    (struct hal_escpos_style){HAL_ESCPOS_CENTRE, .bold = true, .tall = true});
    hal_escpos_line(&document, "", (struct hal_escpos_style){0});
    EXPECT_DOCUMENT("\x1b"
                    "a\x01"
                    "\x1b"
                    "E\x01"
                    "\x1d!\x01"
                    "Hi\n"
                    "\x1b"
                    "a\0"
                    "\x1b"
                    "E\0"
                    "\x1d!\0"
                    "\n",
                    &document);
}

static void a_document_chooses_its_characters_first(void **state)
{
    (void)state;
    struct hal_escpos document;
    hal_escpos_start(&document, HAL_CHARSET_PC437);
    EXPECT_DOCUMENT("\x1bt\0", &document);
    hal_escpos_start(&document, HAL_CHARSET_GB18030);
    EXPECT_DOCUMENT("\x1c&", &document);
}

static void feeding_cutting_and_the_drawer_are_single_commands(void **state)
{
    (void)state;
    struct hal_escpos document;
    hal_escpos_start(&document, HAL_CHARSET_ASCII);
    hal_escpos_feed(&document, 255);
    hal_escpos_cut(&document);
    hal_escpos_open_drawer(&document, false, 100, 510);
    hal_escpos_open_drawer(&document, true, 0, 0);
    EXPECT_DOCUMENT("\x1b"
                    "d\xff"
                    "\x1b"
                    "d\x05\x1dV\x01"
                    "\x1bp\0\x32\xff"
                    "\x1bp\x01\0\0",
                    &document);
}

static void a_link_becomes_a_qr_code(void **state)
{
    (void)state;
    struct hal_escpos document;
    hal_escpos_start(&document, HAL_CHARSET_ASCII);
    hal_escpos_qr(&document, "https://a.example/m", 6);
    EXPECT_DOCUMENT("\x1b"
                    "a\x01"
                    "\x1d(k\x04\0\x31\x41\x32\0"
                    "\x1d(k\x03\0\x31\x43\x06"
                    "\x1d(k\x03\0\x31\x45\x31"
                    "\x1d(k\x16\0\x31\x50\x30https://a.example/m"
                    "\x1d(k\x03\0\x31\x51\x30",
                    &document);
}

static void the_longest_link_has_its_length_in_two_bytes(void **state)
{
    (void)state;
    struct hal_escpos document;
    char link[HAL_ESCPOS_LINK_LEN_MAX + 2];
    memset(link, 'x', sizeof link);
    link[HAL_ESCPOS_LINK_LEN_MAX] = '\0';
    hal_escpos_start(&document, HAL_CHARSET_ASCII);
    hal_escpos_qr(&document, link, 1);
    assert_int_equal(TALLY_OK, document.status);
    assert_memory_equal("\x1d(k\x03\x02\x31\x50\x30x", document.bytes.data + 3 + 9 + 8 + 8, 9);
    hal_escpos_free(&document);
}

static void a_link_with_anything_but_printable_letters_is_refused(void **state)
{
    (void)state;
    char too_long[HAL_ESCPOS_LINK_LEN_MAX + 2];
    memset(too_long, 'x', sizeof too_long);
    too_long[sizeof too_long - 1] = '\0';
    const char *const links[] = {"", "a\x10\x04\x01", "é", "a\n", too_long};
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        struct hal_escpos document;
        hal_escpos_start(&document, HAL_CHARSET_ASCII);
        hal_escpos_qr(&document, links[i], 4);
        hal_escpos_cut(&document);
        assert_int_equal(TALLY_E_INVALID, document.status);
        assert_int_equal(0, document.bytes.len);
        hal_escpos_free(&document);
    }
}

/* ---- statuses ---- */

static void a_question_is_three_control_characters(void **state)
{
    (void)state;
    for (int n = HAL_ESCPOS_ASKS_PRINTER; n < HAL_ESCPOS_QUESTION_COUNT; n++) {
        uint8_t bytes[HAL_ESCPOS_QUESTION_LEN];
        const uint8_t expected[] = {0x10, 0x04, (uint8_t)n};
        hal_escpos_ask((enum hal_escpos_question)n, bytes);
        assert_memory_equal(expected, bytes, sizeof bytes);
    }
}

static struct hal_escpos_status told(enum hal_escpos_question question, uint8_t byte)
{
    struct hal_escpos_ears ears = {0};
    assert_int_equal(HAL_ESCPOS_HEARD_ANSWER, hal_escpos_hear(&ears, question, byte));
    return hal_escpos_status(&ears);
}

static void expect_status(struct hal_escpos_status expected, struct hal_escpos_status got)
{
    assert_int_equal(expected.is_offline, got.is_offline);
    assert_int_equal(expected.cover_open, got.cover_open);
    assert_int_equal(expected.paper_out, got.paper_out);
    assert_int_equal(expected.paper_low, got.paper_low);
    assert_int_equal(expected.has_error, got.has_error);
    assert_int_equal(expected.drawer_signal, got.drawer_signal);
}

static void each_answer_is_read_by_its_question(void **state)
{
    (void)state;
    static const struct {
        enum hal_escpos_question question;
        uint8_t byte;
        struct hal_escpos_status status;
    } rows[] = {
        {HAL_ESCPOS_ASKS_PRINTER, 0x12, {0}},
        {HAL_ESCPOS_ASKS_PRINTER, 0x16, {.drawer_signal = true}},
        {HAL_ESCPOS_ASKS_PRINTER, 0x1a, {.is_offline = true}},
        {HAL_ESCPOS_ASKS_PRINTER, 0x52, {0}}, /* the feed button */
        {HAL_ESCPOS_ASKS_OFFLINE_CAUSE, 0x12, {0}},
        {HAL_ESCPOS_ASKS_OFFLINE_CAUSE, 0x16, {.cover_open = true}},
        {HAL_ESCPOS_ASKS_OFFLINE_CAUSE, 0x32, {.paper_out = true}},
        {HAL_ESCPOS_ASKS_OFFLINE_CAUSE, 0x52, {.has_error = true}},
        {HAL_ESCPOS_ASKS_ERROR, 0x1a, {.has_error = true}}, /* the cutter */
        {HAL_ESCPOS_ASKS_ERROR, 0x32, {.has_error = true}},
        {HAL_ESCPOS_ASKS_ERROR, 0x52, {.has_error = true}},
        {HAL_ESCPOS_ASKS_PAPER, 0x12, {0}},
        {HAL_ESCPOS_ASKS_PAPER, 0x1e, {.paper_low = true}},
        {HAL_ESCPOS_ASKS_PAPER, 0x72, {.paper_out = true}},
        {HAL_ESCPOS_ASKS_PAPER, 0x7e, {.paper_low = true, .paper_out = true}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_status(rows[i].status, told(rows[i].question, rows[i].byte));
    }
}

static void bytes_with_other_fixed_bits_are_no_answer(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte <= 0xff; byte++) {
        struct hal_escpos_ears ears = {0};
        bool is_answer =
            (byte & 0x80) == 0 && (byte & 0x10) != 0 && (byte & 0x02) != 0 && (byte & 0x01) == 0;
        enum hal_escpos_heard heard = hal_escpos_hear(&ears, HAL_ESCPOS_ASKS_PAPER, (uint8_t)byte);
        assert_int_equal(is_answer, heard == HAL_ESCPOS_HEARD_ANSWER);
        assert_int_equal(is_answer, ears.answers[HAL_ESCPOS_ASKS_PAPER] != 0);
    }
}

static void an_answer_that_nobody_asked_for_is_dropped(void **state)
{
    (void)state;
    struct hal_escpos_ears ears = {0};
    assert_int_equal(HAL_ESCPOS_HEARD_NOTHING,
                     hal_escpos_hear(&ears, HAL_ESCPOS_ASKS_NOTHING, 0x1a));
    assert_false(hal_escpos_status(&ears).is_offline);
}

static enum hal_escpos_heard hear_all(struct hal_escpos_ears *ears, const char *bytes, size_t len)
{
    enum hal_escpos_heard heard = HAL_ESCPOS_HEARD_NOTHING;
    for (size_t i = 0; i < len; i++) {
        heard = hal_escpos_hear(ears, HAL_ESCPOS_ASKS_NOTHING, (uint8_t)bytes[i]);
    }
    return heard;
}

static void a_report_of_four_bytes_tells_everything(void **state)
{
    (void)state;
    static const struct {
        char bytes[5];
        struct hal_escpos_status status;
    } rows[] = {
        {"\x10\0\0\0", {0}},
        {"\x14\0\0\x0f", {.drawer_signal = true}},
        {"\x18\0\0\0", {.is_offline = true}},
        {"\x38\0\0\0", {.is_offline = true, .cover_open = true}},
        {"\x18\x08\0\0", {.is_offline = true, .has_error = true}},
        {"\x18\x20\0\0", {.is_offline = true, .has_error = true}},
        {"\x18\x40\0\0", {.is_offline = true, .has_error = true}},
        {"\x10\0\x03\0", {.paper_low = true}},
        {"\x18\0\x0f\0", {.is_offline = true, .paper_low = true, .paper_out = true}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hal_escpos_ears ears = {0};
        assert_int_equal(HAL_ESCPOS_HEARD_CHANGE, hear_all(&ears, rows[i].bytes, 4));
        expect_status(rows[i].status, hal_escpos_status(&ears));
    }
}

static void a_report_overrules_what_was_answered_before(void **state)
{
    (void)state;
    struct hal_escpos_ears ears = {0};
    (void)hal_escpos_hear(&ears, HAL_ESCPOS_ASKS_OFFLINE_CAUSE, 0x36);
    (void)hal_escpos_hear(&ears, HAL_ESCPOS_ASKS_PAPER, 0x7e);
    assert_int_equal(HAL_ESCPOS_HEARD_CHANGE, hear_all(&ears, "\x10\0\0\0", 4));
    expect_status((struct hal_escpos_status){0}, hal_escpos_status(&ears));
}

static void an_answer_within_a_report_spoils_neither(void **state)
{
    (void)state;
    struct hal_escpos_ears ears = {0};
    (void)hear_all(&ears, "\x18\0", 2);
    assert_int_equal(HAL_ESCPOS_HEARD_ANSWER, hal_escpos_hear(&ears, HAL_ESCPOS_ASKS_PAPER, 0x72));
    assert_true(hal_escpos_status(&ears).paper_out);
    assert_int_equal(HAL_ESCPOS_HEARD_CHANGE, hear_all(&ears, "\x0c\0", 2));
    assert_true(hal_escpos_status(&ears).paper_out);
    assert_true(hal_escpos_status(&ears).is_offline);
}

static void garbage_in_a_report_drops_the_report(void **state)
{
    (void)state;
    static const char *const rows[] = {"\x18\x80", "\x18\x11", "\x18\xff", "\x18\x13"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hal_escpos_ears ears = {0};
        (void)hear_all(&ears, rows[i], 2);
        assert_int_equal(HAL_ESCPOS_HEARD_MARK, hear_all(&ears, "\x00\x0c\x00", 3));
        assert_int_equal(HAL_ESCPOS_HEARD_CHANGE, hear_all(&ears, "\x10\0\0\0", 4));
        assert_false(hal_escpos_status(&ears).is_offline);
    }
}

static void a_byte_outside_a_report_is_the_mark(void **state)
{
    (void)state;
    struct hal_escpos_ears ears = {0};
    assert_int_equal(HAL_ESCPOS_HEARD_MARK, hear_all(&ears, "\0", 1));
    assert_int_equal(HAL_ESCPOS_HEARD_MARK, hear_all(&ears, "\x03", 1));
    assert_int_equal(HAL_ESCPOS_HEARD_NOTHING, hear_all(&ears, "\x90", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_letters_are_themselves_everywhere),
        cmocka_unit_test(what_ascii_lacks_is_written_as_people_write_it),
        cmocka_unit_test(a_code_page_has_its_own_signs),
        cmocka_unit_test(chinese_is_two_bytes_a_character),
        cmocka_unit_test(no_text_carries_a_command),
        cmocka_unit_test(bytes_that_are_no_utf8_are_question_marks),
        cmocka_unit_test(a_cut_text_never_ends_in_half_a_character),
        cmocka_unit_test(a_line_says_how_it_stands_and_ends),
        cmocka_unit_test(a_document_chooses_its_characters_first),
        cmocka_unit_test(feeding_cutting_and_the_drawer_are_single_commands),
        cmocka_unit_test(a_link_becomes_a_qr_code),
        cmocka_unit_test(the_longest_link_has_its_length_in_two_bytes),
        cmocka_unit_test(a_link_with_anything_but_printable_letters_is_refused),
        cmocka_unit_test(a_question_is_three_control_characters),
        cmocka_unit_test(each_answer_is_read_by_its_question),
        cmocka_unit_test(bytes_with_other_fixed_bits_are_no_answer),
        cmocka_unit_test(an_answer_that_nobody_asked_for_is_dropped),
        cmocka_unit_test(a_report_of_four_bytes_tells_everything),
        cmocka_unit_test(a_report_overrules_what_was_answered_before),
        cmocka_unit_test(an_answer_within_a_report_spoils_neither),
        cmocka_unit_test(garbage_in_a_report_drops_the_report),
        cmocka_unit_test(a_byte_outside_a_report_is_the_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
