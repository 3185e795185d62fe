/* SPDX-License-Identifier: Apache-2.0 */
/* What a scanned text is: whose card, or why not. */
#include "hal/reader/scan.h"

#include "hal/reader/code.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#define STATIC_CODE "TLY1:AKQKDIVDUSS2NJ5IVGZSVCWEFP3WMLJ5" /* CODES.md */

/* A club's stripe numbers, its UPC-A numbers, its in-store EAN-13 and EAN-8. */
static const struct tally_card_rule own_rules[] = {
    {"600585", 17}, {"61021", 12}, {"29", 13}, {"2", 8}, {"9", 13},
};
static struct hal_reader_settings settings = {.rules = {own_rules, 5}};

static enum tally_status scan(enum hal_symbology symbology, const char *text,
                              struct tally_card *card)
{
    return hal_scan_card(&settings, symbology, TALLY_ENTRY_SCANNED, (const uint8_t *)text,
                         strlen(text), card);
}

static void expect_number(const char *digits, enum hal_symbology symbology, const char *text)
{
    struct tally_card card;
    if (scan(symbology, text, &card) != TALLY_OK) {
        fail_msg("%s is not read", text);
    }
    assert_int_equal(TALLY_CARD_NUMBER, card.kind);
    assert_int_equal(TALLY_ENTRY_SCANNED, card.entry);
    assert_int_equal(TALLY_STRENGTH_STATIC, card.strength);
    assert_int_equal(strlen(digits), card.len);
    assert_memory_equal(digits, card.bytes, card.len);
}

static void expect_refused(enum tally_status expected, enum hal_symbology symbology,
                           const char *text)
{
    struct tally_card card, untouched;
    memset(&card, 0x5a, sizeof card);
    memset(&untouched, 0x5a, sizeof untouched);
    enum tally_status status = scan(symbology, text, &card);
    if (status != expected) {
        fail_msg("%s: %s", text, tally_status_name(status));
    }
    assert_memory_equal(&untouched, &card, sizeof card);
}

static void digits_that_a_rule_claims_are_a_number(void **state)
{
    (void)state;
    expect_number("60058541029558180", HAL_SYMBOLOGY_UNKNOWN, "60058541029558180");
    expect_number("60058541029558180", HAL_SYMBOLOGY_PLAIN, "60058541029558180");
    expect_number("60058541029558180", HAL_SYMBOLOGY_UNKNOWN, "60058541029558180\r\n");
    expect_number("60058541029558180", HAL_SYMBOLOGY_UNKNOWN, "]C060058541029558180\t");
}

static void a_payment_number_is_refused_as_one(void **state)
{
    (void)state;
    expect_refused(TALLY_E_PAYMENT_CARD, HAL_SYMBOLOGY_UNKNOWN, "4111111111111111");
    expect_refused(TALLY_E_PAYMENT_CARD, HAL_SYMBOLOGY_PLAIN, "4111111111111111");
    expect_refused(TALLY_E_PAYMENT_CARD, HAL_SYMBOLOGY_PLAIN, "member:4111111111111111");
    expect_refused(TALLY_E_UNKNOWN_CARD, HAL_SYMBOLOGY_PLAIN, "12345");
    expect_refused(TALLY_E_UNKNOWN_CARD, HAL_SYMBOLOGY_UNKNOWN, "41111111111111111111");
}

static void an_ean_must_have_its_check_digit(void **state)
{
    (void)state;
    expect_number("2900000000018", HAL_SYMBOLOGY_EAN_13, "2900000000018");
    expect_number("20000011", HAL_SYMBOLOGY_EAN_8, "20000011");
    for (char last = '0'; last <= '9'; last++) {
        char ean_13[] = "2900000000018", ean_8[] = "20000011";
        ean_13[12] = last;
        ean_8[7] = last;
        if (last != '8') {
            expect_refused(TALLY_E_CARD_UNREADABLE, HAL_SYMBOLOGY_EAN_13, ean_13);
        }
        if (last != '1') {
            expect_refused(TALLY_E_CARD_UNREADABLE, HAL_SYMBOLOGY_EAN_8, ean_8);
        }
    }
}

static void goods_are_no_cards_and_no_payment_cards(void **state)
{
    (void)state;
    /* 13 from 4: Visa. */
    expect_refused(TALLY_E_UNKNOWN_CARD, HAL_SYMBOLOGY_EAN_13, "4006381333931");
    expect_refused(TALLY_E_UNKNOWN_CARD, HAL_SYMBOLOGY_EAN_13, "036000291452");
    expect_refused(TALLY_E_UNKNOWN_CARD, HAL_SYMBOLOGY_EAN_8, "96385074");
    expect_refused(TALLY_E_UNKNOWN_CARD, HAL_SYMBOLOGY_EAN_OTHER, "20000011");
    expect_refused(TALLY_E_UNKNOWN_CARD, HAL_SYMBOLOGY_EAN_13, "20000011"); /* UPC-E, shortened */
}

static void books_periodicals_and_coupons_are_never_cards(void **state)
{
    (void)state;
    /* the rule 9.. of 13 digits claims most of them */
    static const char *const eans[] = {"9780306406157", "9771144875007", "9790260000438",
                                       "9811234567891", "9910000000010", "0512345000107"};
    for (size_t i = 0; i < sizeof eans / sizeof eans[0]; i++) {
        expect_refused(TALLY_E_UNKNOWN_CARD, HAL_SYMBOLOGY_EAN_13, eans[i]);
        expect_refused(TALLY_E_UNKNOWN_CARD, HAL_SYMBOLOGY_UNKNOWN, eans[i]);
    }
    expect_refused(TALLY_E_UNKNOWN_CARD, HAL_SYMBOLOGY_EAN_13, "512345000107"); /* as UPC-A */
    expect_number("9780306406157", HAL_SYMBOLOGY_PLAIN, "9780306406157");       /* surely no EAN */
    expect_number("9700000000000", HAL_SYMBOLOGY_EAN_13, "9700000000000");
}

static void a_upc_a_is_the_same_number_with_and_without_its_zero(void **state)
{
    (void)state;
    static const enum hal_symbology symbologies[] = {HAL_SYMBOLOGY_EAN_13, HAL_SYMBOLOGY_UNKNOWN};
    for (size_t i = 0; i < 2; i++) {
        expect_number("610210000013", symbologies[i], "610210000013");
        expect_number("610210000013", symbologies[i], "0610210000013");
    }
    static const struct tally_card_rule long_rule[] = {{"061021", 13}};
    settings.rules = (struct tally_card_rules){long_rule, 1};
    for (size_t i = 0; i < 2; i++) {
        expect_number("0610210000013", symbologies[i], "610210000013");
        expect_number("0610210000013", symbologies[i], "0610210000013");
    }
    settings.rules = (struct tally_card_rules){own_rules, 5};
}

static void a_member_uri_names_a_number(void **state)
{
    (void)state;
    expect_number("60058541029558180", HAL_SYMBOLOGY_PLAIN, "member:60058541029558180");
    expect_number("60058541029558180", HAL_SYMBOLOGY_PLAIN, "MEMBER:60058541029558180\r");
    expect_number("60058541029558180", HAL_SYMBOLOGY_PLAIN,
                  "https://club.example/app?x=1#member:60058541029558180");
    /* what looks like an EAN here is none */
    expect_number("9780306406157", HAL_SYMBOLOGY_UNKNOWN, "member:9780306406157");
}

static void what_is_not_exactly_a_form_is_unknown(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "member:",
        "member: 60058541029558180",
        "member:60058541029558180 ",
        "member:+60058541029558180",
        "members:60058541029558180",
        "http://club.example/#member:60058541029558180",
        "https://club.example/60058541029558180",
        "https://club.example/#60058541029558180",
        "https://club.example/#",
        "https://club.example/##member:60058541029558180",
        "https://a#https://b#member:60058541029558180",
        "60058541029558180 ",
        "6005854102955818O",
        " 60058541029558180",
        "]160058541029558180",
        "]",
        "]E0",
        "HELLO",
        "tly1:AKQKDIVDUSS2NJ5IVGZSVCWEFP3WMLJ5",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect_refused(TALLY_E_UNKNOWN_CARD, HAL_SYMBOLOGY_UNKNOWN, texts[i]);
    }
}

static void nothing_is_unreadable(void **state)
{
    (void)state;
    expect_refused(TALLY_E_CARD_UNREADABLE, HAL_SYMBOLOGY_UNKNOWN, "");
    expect_refused(TALLY_E_CARD_UNREADABLE, HAL_SYMBOLOGY_UNKNOWN, "\r\n");
    struct tally_card card;
    assert_int_equal(TALLY_E_CARD_UNREADABLE, hal_scan_card(&settings, HAL_SYMBOLOGY_UNKNOWN,
                                                            TALLY_ENTRY_TAPPED, NULL, 0, &card));
}

static void a_code_of_ours_is_read_in_every_form_that_may_hold_one(void **state)
{
    (void)state;
    static const char *const texts[] = {STATIC_CODE, ("]Q1" STATIC_CODE "\r"),
                                        ("HTTPS://CLUB.EXAMPLE/#" STATIC_CODE)};
    settings.keys.has_code_key = true;
    for (uint8_t i = 0; i < HAL_READER_KEY_LEN; i++) {
        settings.keys.code_key[i] = i;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct tally_card card;
        assert_int_equal(TALLY_OK,
                         hal_scan_card(&settings, HAL_SYMBOLOGY_UNKNOWN, TALLY_ENTRY_TAPPED,
                                       (const uint8_t *)texts[i], strlen(texts[i]), &card));
        assert_int_equal(TALLY_CARD_CODE, card.kind);
        assert_int_equal(TALLY_ENTRY_TAPPED, card.entry);
    }
    expect_refused(TALLY_E_CARD_UNREADABLE, HAL_SYMBOLOGY_PLAIN, STATIC_CODE "A");
    settings.keys.has_code_key = false;
    expect_refused(TALLY_E_UNKNOWN_CARD, HAL_SYMBOLOGY_PLAIN, STATIC_CODE);
}

static void symbologies_are_told_by_their_aim_identifier(void **state)
{
    (void)state;
    static const struct {
        const char *aim;
        enum hal_symbology symbology;
    } rows[] = {
        {"]E0", HAL_SYMBOLOGY_EAN_13},     {"]E4", HAL_SYMBOLOGY_EAN_8},
        {"]E3", HAL_SYMBOLOGY_EAN_OTHER},  {"]C0", HAL_SYMBOLOGY_PLAIN},
        {"]C1", HAL_SYMBOLOGY_PLAIN},      {"]Q1", HAL_SYMBOLOGY_PLAIN},
        {"\0\0\0", HAL_SYMBOLOGY_UNKNOWN}, {"]\0\0", HAL_SYMBOLOGY_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(rows[i].symbology, hal_scan_symbology((const uint8_t *)rows[i].aim));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_that_a_rule_claims_are_a_number),
        cmocka_unit_test(a_payment_number_is_refused_as_one),
        cmocka_unit_test(an_ean_must_have_its_check_digit),
        cmocka_unit_test(goods_are_no_cards_and_no_payment_cards),
        cmocka_unit_test(books_periodicals_and_coupons_are_never_cards),
        cmocka_unit_test(a_upc_a_is_the_same_number_with_and_without_its_zero),
        cmocka_unit_test(a_member_uri_names_a_number),
        cmocka_unit_test(what_is_not_exactly_a_form_is_unknown),
        cmocka_unit_test(nothing_is_unreadable),
        cmocka_unit_test(a_code_of_ours_is_read_in_every_form_that_may_hold_one),
        cmocka_unit_test(symbologies_are_told_by_their_aim_identifier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
