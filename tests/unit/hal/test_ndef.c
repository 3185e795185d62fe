/* SPDX-License-Identifier: Apache-2.0 */
/* NDEF messages and the TLV blocks around them: what is read, and that nothing is read beyond. */
#include "hal/reader/ndef.h"
#include "hal/reader/tlv.h"

#include "tests/fakes/fake_card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint8_t bytes[1200];
static size_t len;

static struct tally_slice hex(const char *digits)
{
    fake_unhex(digits, bytes, &len);
    return (struct tally_slice){bytes, len};
}

static void expect_text(const char *expected, const char *message)
{
    struct hal_ndef_record record;
    struct hal_ndef_text text;
    size_t at = 0;
    assert_int_equal(TALLY_OK, hal_ndef_next(hex(message), &at, &record));
    assert_int_equal(TALLY_OK, hal_ndef_text(&record, &text));
    assert_int_equal(strlen(expected), text.len);
    assert_memory_equal(expected, text.bytes, text.len);
    assert_int_equal(TALLY_E_END, hal_ndef_next((struct tally_slice){bytes, len}, &at, &record));
}

static void expect_no_text(const char *message)
{
    struct hal_ndef_record record;
    struct hal_ndef_text text;
    size_t at = 0;
    assert_int_equal(TALLY_OK, hal_ndef_next(hex(message), &at, &record));
    assert_int_equal(TALLY_E_NOT_FOUND, hal_ndef_text(&record, &text));
}

static void expect_invalid(const char *message)
{
    struct hal_ndef_record record;
    size_t at = 0;
    struct tally_slice all = hex(message);
    enum tally_status status = TALLY_OK;
    while (status == TALLY_OK) {
        status = hal_ndef_next(all, &at, &record);
    }
    assert_int_equal(TALLY_E_INVALID, status);
}

static void an_abbreviated_uri_is_written_out(void **state)
{
    (void)state;
    expect_text("https://a.b/7", "d1 01 06 55 04 612e622f37");
    expect_text("urn:nfc:x", "d1 01 02 55 23 78");
    expect_text("member:1", "d1 01 09 55 00 6d656d6265723a31");
    expect_text("http://www.x", "d1 01 02 55 01 78");
}

static void a_text_is_read_in_utf8_and_in_utf16_of_both_orders(void **state)
{
    (void)state;
    expect_text("12", "d1 01 05 54 02 656e 3132");
    expect_text("12", "d1 01 07 54 82 656e 00310032");
    expect_text("12", "d1 01 09 54 82 656e feff 00310032");
    expect_text("12", "d1 01 09 54 82 656e fffe 31003200");
    expect_text("", "d1 01 01 54 00");
}

static void long_records_and_records_with_an_id_are_read(void **state)
{
    (void)state;
    expect_text("12", "c1 01 00000005 54 02 656e 3132");
    expect_text("12", "d9 01 05 02 54 6964 02 656e 3132");
}

static void what_is_not_printable_ascii_or_of_another_type_has_no_text(void **state)
{
    (void)state;
    expect_no_text("d1 01 04 54 00 31c3a9"); /* é */
    expect_no_text("d1 01 03 54 80 0131");   /* U+0131 */
    expect_no_text("d1 01 04 54 80 003100"); /* half a character */
    expect_no_text("d1 01 03 54 00 3100");   /* a NUL */
    expect_no_text("d1 01 02 54 05 31");     /* the language is cut off */
    expect_no_text("d1 01 02 55 24 31");     /* no such abbreviation */
    expect_no_text("d1 01 00 55");           /* no payload at all */
    expect_no_text("d2 01 02 55 00 31");     /* a media type */
    expect_no_text("d1 02 03 5370 003100");  /* a poster */
    expect_no_text("d0 00 00");              /* empty */
}

static void a_text_longer_than_the_limit_is_not_read(void **state)
{
    (void)state;
    uint8_t message[400] = {0xc1, 1, 0, 0, 1, 2, 'T', 0};
    memset(message + 8, '7', 257);
    struct hal_ndef_record record;
    struct hal_ndef_text text;
    size_t at = 0;
    assert_int_equal(TALLY_OK, hal_ndef_next((struct tally_slice){message, 8 + 257}, &at, &record));
    assert_int_equal(TALLY_E_NOT_FOUND, hal_ndef_text(&record, &text));
    message[5] = 1;
    at = 0;
    assert_int_equal(TALLY_OK, hal_ndef_next((struct tally_slice){message, 8 + 256}, &at, &record));
    assert_int_equal(TALLY_OK, hal_ndef_text(&record, &text));
    assert_int_equal(HAL_NDEF_TEXT_LEN_MAX, text.len);
}

static void a_malformed_message_is_refused(void **state)
{
    (void)state;
    struct hal_ndef_record record;
    size_t at = 0;
    assert_int_equal(TALLY_E_INVALID, hal_ndef_next((struct tally_slice){NULL, 0}, &at, &record));
    expect_invalid("d1");
    expect_invalid("d1 01 05 54 02 656e 31");              /* cut off */
    expect_invalid("91 01 02 54 00 31");                   /* no end */
    expect_invalid("51 01 02 54 00 31");                   /* no beginning */
    expect_invalid("d1 01 02 54 00 31 00");                /* goes on behind its end */
    expect_invalid("b1 01 02 54 00 31");                   /* a chunk */
    expect_invalid("d7 01 02 54 00 31");                   /* a reserved kind */
    expect_invalid("c1 01 ffffffff 54 00 31");             /* a length beyond all */
    expect_invalid("91 01 02 54 00 31 d1 01 02 54 00 32"); /* begins twice */
}

static void every_cut_of_a_message_is_refused(void **state)
{
    (void)state;
    struct tally_slice all = hex("91 01 02 54 00 31 59 01 05 02 54 6964 02 656e 3132");
    for (size_t cut = 1; cut < all.len; cut++) {
        uint8_t *exact = test_malloc(cut);
        memcpy(exact, all.data, cut);
        struct hal_ndef_record record;
        size_t at = 0;
        enum tally_status status = TALLY_OK;
        while (status == TALLY_OK) {
            status = hal_ndef_next((struct tally_slice){exact, cut}, &at, &record);
        }
        assert_int_equal(TALLY_E_INVALID, status);
        test_free(exact);
    }
}

static void the_ndef_block_is_found_behind_others(void **state)
{
    (void)state;
    struct tally_slice value;
    assert_int_equal(TALLY_OK, hal_tlv_find(hex("00 0103a01044 00 03 02 aabb fe"), 3, &value));
    assert_int_equal(2, value.len);
    assert_int_equal(0xaa, value.data[0]);
    assert_int_equal(TALLY_OK, hal_tlv_find(hex("fd 00 03 ff0001 cc"), 3, &value));
    assert_int_equal(1, value.len);
    assert_int_equal(0xcc, value.data[0]);
    assert_int_equal(TALLY_OK, hal_tlv_find(hex("03 00"), 3, &value));
    assert_int_equal(0, value.len);
}

static void a_block_that_is_not_all_there_asks_for_more(void **state)
{
    (void)state;
    struct tally_slice value;
    assert_int_equal(TALLY_E_AGAIN, hal_tlv_find((struct tally_slice){NULL, 0}, 3, &value));
    assert_int_equal(TALLY_E_AGAIN, hal_tlv_find(hex("03"), 3, &value));
    assert_int_equal(TALLY_E_AGAIN, hal_tlv_find(hex("03 02 aa"), 3, &value));
    assert_int_equal(TALLY_E_AGAIN, hal_tlv_find(hex("03 ff 00"), 3, &value));
    assert_int_equal(TALLY_E_AGAIN, hal_tlv_find(hex("01 05 00"), 3, &value));
    assert_int_equal(TALLY_E_AGAIN, hal_tlv_find(hex("0000"), 3, &value));
}

static void the_terminator_ends_the_search(void **state)
{
    (void)state;
    struct tally_slice value;
    assert_int_equal(TALLY_E_NOT_FOUND, hal_tlv_find(hex("fe 03 01 aa"), 3, &value));
    assert_int_equal(TALLY_E_NOT_FOUND, hal_tlv_find(hex("0103a01044 fe"), 3, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_abbreviated_uri_is_written_out),
        cmocka_unit_test(a_text_is_read_in_utf8_and_in_utf16_of_both_orders),
        cmocka_unit_test(long_records_and_records_with_an_id_are_read),
        cmocka_unit_test(what_is_not_printable_ascii_or_of_another_type_has_no_text),
        cmocka_unit_test(a_text_longer_than_the_limit_is_not_read),
        cmocka_unit_test(a_malformed_message_is_refused),
        cmocka_unit_test(every_cut_of_a_message_is_refused),
        cmocka_unit_test(the_ndef_block_is_found_behind_others),
        cmocka_unit_test(a_block_that_is_not_all_there_asks_for_more),
        cmocka_unit_test(the_terminator_ends_the_search),
    };
    return cmocka_run_group_tests_name("ndef", tests, NULL, NULL);
}
