/* SPDX-License-Identifier: Apache-2.0 */
/* Which cards are ours, which are payment cards, and which nobody knows. */
#include "app/core/card.h"
#include "app/core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

static const struct tally_card_rule club[] = {{"600585", 17}, {"6102145", 12}};
static const struct tally_card_rules ours = {club, 2};
static const struct tally_card_rules nobodys = {NULL, 0};

static enum tally_status classify(const struct tally_card_rules *rules, const char *digits)
{
    return tally_card_classify(rules, (const uint8_t *)digits, strlen(digits));
}

/* A number that begins with `prefix`, filled up with nines, which Luhn would refuse or not. */
static enum tally_status classify_filled(const char *prefix, size_t len)
{
    char digits[24];
    memset(digits, '9', sizeof digits);
    memcpy(digits, prefix, strlen(prefix));
    return tally_card_classify(&nobodys, (const uint8_t *)digits, len);
}

static void a_number_with_our_prefix_and_length_is_ours(void **state)
{
    (void)state;
    assert_int_equal(classify(&ours, "60058541029558180"), TALLY_OK);
    assert_int_equal(classify(&ours, "610214500001"), TALLY_OK);
}

static void our_prefix_with_another_length_is_not_ours(void **state)
{
    (void)state;
    assert_int_equal(classify(&ours, "6005854102955818"), TALLY_E_PAYMENT_CARD); /* as Maestro */
    assert_int_equal(classify(&ours, "60058541029"), TALLY_E_UNKNOWN_CARD);
}

static void without_rules_nothing_is_ours(void **state)
{
    (void)state;
    assert_int_equal(classify(&nobodys, "60058541029558180"), TALLY_E_PAYMENT_CARD);
    assert_int_equal(classify(&nobodys, "00007399"), TALLY_E_UNKNOWN_CARD);
}

static void every_payment_brand_is_known_by_prefix_and_length(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        size_t len;
    } cards[] = {
        {"34", 15},   {"37", 15},   {"4", 13},      {"4", 16},    {"4", 19},    {"51", 16},
        {"55", 16},   {"2221", 16}, {"2720", 16},   {"6011", 16}, {"6011", 19}, {"644", 16},
        {"649", 19},  {"65", 16},   {"622126", 16}, {"62", 16},   {"62", 17},   {"62", 18},
        {"62", 19},   {"3528", 16}, {"3589", 16},   {"300", 14},  {"305", 14},  {"309", 14},
        {"36", 14},   {"38", 14},   {"39", 14},     {"1", 15},    {"2200", 16}, {"2204", 19},
        {"5019", 16}, {"636", 16},  {"636", 19},    {"50", 12},   {"56", 12},   {"69", 19},
    };
    for (size_t i = 0; i < sizeof cards / sizeof cards[0]; i++) {
        if (classify_filled(cards[i].prefix, cards[i].len) != TALLY_E_PAYMENT_CARD) {
            fail_msg("%s.. of %zu digits", cards[i].prefix, cards[i].len);
        }
    }
}

static void what_lies_beside_a_brand_is_unknown(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        size_t len;
    } cards[] = {
        {"34", 14},   {"37", 16},   {"4", 14},   {"4", 12},  {"2220", 16}, {"2721", 16},
        {"3527", 16}, {"3590", 16}, {"306", 14}, {"1", 16},  {"2205", 16}, {"55", 15},
        {"70", 16},   {"9", 16},    {"0", 12},   {"56", 11}, {"54", 12},
    };
    for (size_t i = 0; i < sizeof cards / sizeof cards[0]; i++) {
        if (classify_filled(cards[i].prefix, cards[i].len) != TALLY_E_UNKNOWN_CARD) {
            fail_msg("%s.. of %zu digits", cards[i].prefix, cards[i].len);
        }
    }
}

static void what_is_no_number_is_unknown(void **state)
{
    (void)state;
    assert_int_equal(classify(&ours, ""), TALLY_E_UNKNOWN_CARD);
    assert_int_equal(classify(&ours, "6005854102955818X"), TALLY_E_UNKNOWN_CARD);
    assert_int_equal(classify(&ours, "41111111111111111111"), TALLY_E_UNKNOWN_CARD); /* 20 digits */
    assert_int_equal(tally_card_classify(&ours, NULL, 0), TALLY_E_UNKNOWN_CARD);
}

static void real_club_ranges_may_stand_in_a_programme(void **state)
{
    (void)state;
    assert_int_equal(tally_card_rule_check(&club[0]), TALLY_OK);
    assert_int_equal(tally_card_rule_check(&club[1]), TALLY_OK);
    /* a club whose numbers begin as Visa's do, but are of no length that Visa has */
    assert_int_equal(tally_card_rule_check(&(struct tally_card_rule){"45020", 12}), TALLY_OK);
    assert_int_equal(tally_card_rule_check(&(struct tally_card_rule){"9", 19}), TALLY_OK);
}

static void a_range_that_swallows_a_payment_brand_may_not(void **state)
{
    (void)state;
    static const struct tally_card_rule rules[] = {
        {"4", 16},      {"45020", 13}, {"34", 15}, {"3", 15},
        {"5", 16},      {"2", 16},     {"27", 16}, {"60", 16},
        {"601100", 19}, {"6", 17},     {"62", 17}, {"35", 16},
        {"30", 14},     {"1", 15},     {"22", 19}, {"622126000000", 16},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (tally_card_rule_check(&rules[i]) != TALLY_E_PAYMENT_CARD) {
            fail_msg("%s.. of %u digits", rules[i].prefix, rules[i].length);
        }
    }
}

static void a_malformed_range_may_not_either(void **state)
{
    (void)state;
    static const struct tally_card_rule rules[] = {
        {"", 10}, {"60a", 10}, {"600585", 6}, {"600585", 5}, {"600585", 20}, {"9", 0},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        assert_int_equal(tally_card_rule_check(&rules[i]), TALLY_E_INVALID);
    }
    struct tally_card_rule endless = {.length = 19};
    memset(endless.prefix, '9', sizeof endless.prefix);
    assert_int_equal(tally_card_rule_check(&endless), TALLY_E_INVALID);
}

/* ------------------------------------------------------------------ typed */

static void typed_is(const char *text, enum tally_card_kind kind, const char *digits)
{
    struct tally_card card;
    assert_int_equal(tally_card_from_typed(&ours, text, &card), TALLY_OK);
    assert_int_equal(card.kind, kind);
    assert_int_equal(card.entry, TALLY_ENTRY_TYPED);
    assert_int_equal(card.len, strlen(digits));
    assert_memory_equal(card.bytes, digits, card.len);
}

static void typed_is_refused(const char *text, enum tally_status status)
{
    struct tally_card card, before;
    memset(&card, 0x5A, sizeof card);
    before = card;
    assert_int_equal(tally_card_from_typed(&ours, text, &card), status);
    assert_memory_equal(&card, &before, sizeof card);
}

static void a_typed_member_number_is_the_card_itself(void **state)
{
    (void)state;
    typed_is("60058541029558180", TALLY_CARD_NUMBER, "60058541029558180");
    typed_is("6005 8541 0295 5818 0", TALLY_CARD_NUMBER, "60058541029558180");
    typed_is("6102145-00001", TALLY_CARD_NUMBER, "610214500001");
}

static void a_typed_phone_number_is_a_phone_with_or_without_plus(void **state)
{
    (void)state;
    typed_is("13812345678", TALLY_CARD_PHONE, "13812345678");
    typed_is("+86 138-1234-5678", TALLY_CARD_PHONE, "8613812345678");
    typed_is("8613812345678", TALLY_CARD_PHONE, "8613812345678");
    typed_is("1234567", TALLY_CARD_PHONE, "1234567");
}

static void a_plus_tells_a_phone_number_from_a_payment_card_of_its_length(void **state)
{
    (void)state;
    typed_is("+49 1512 3456789", TALLY_CARD_PHONE, "4915123456789"); /* as long as an old Visa */
    typed_is("+63 917 123 4567", TALLY_CARD_PHONE, "639171234567");  /* Maestro's range */
    typed_is_refused("4915123456789", TALLY_E_PAYMENT_CARD);
    typed_is_refused("+36227206271667", TALLY_E_PAYMENT_CARD); /* 14 digits: cards in use */
}

static void a_typed_payment_card_is_refused_and_not_kept(void **state)
{
    (void)state;
    typed_is_refused("4111 1111 1111 1111", TALLY_E_PAYMENT_CARD);
    typed_is_refused("378282246310005", TALLY_E_PAYMENT_CARD);
    typed_is_refused("+378282246310005", TALLY_E_PAYMENT_CARD);
    typed_is_refused("36227206271667", TALLY_E_PAYMENT_CARD);
}

static void what_is_neither_card_nor_phone_is_refused(void **state)
{
    (void)state;
    typed_is_refused("", TALLY_E_INVALID);
    typed_is_refused(" - ", TALLY_E_INVALID);
    typed_is_refused("123456", TALLY_E_INVALID);
    typed_is_refused("0123456789012345", TALLY_E_INVALID);     /* 16 digits */
    typed_is_refused("01234567890123456789", TALLY_E_INVALID); /* 20 digits */
    typed_is_refused("1381234567a", TALLY_E_INVALID);
    typed_is_refused("138+12345678", TALLY_E_INVALID);
    typed_is_refused("++13812345678", TALLY_E_INVALID);
    typed_is_refused("\xEF\xBC\x91", TALLY_E_INVALID); /* a full-width digit */
}

/* ------------------------------------------------------------------ text */

static bool is_text(const char *bytes, size_t len)
{
    return tally_utf8_valid((struct tally_slice){(const uint8_t *)bytes, len});
}

static void well_formed_utf8_is_text(void **state)
{
    (void)state;
    assert_true(tally_utf8_valid((struct tally_slice){NULL, 0}));
    assert_true(
        is_text("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF", 17));
    assert_true(is_text("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8));
}

static void anything_else_is_not(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "\x80",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC2",
        "\xC2\x41",
        "\xE0\x9F\xBF",
        "\xE1\x80",
        "\xE1\x80\x41",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xF0\x8F\xBF\xBF",
        "\xF1\x80\x80",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFE",
        "a\xFF",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(is_text(wrong[i], strlen(wrong[i])));
    }
    assert_false(is_text("a\0b", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_with_our_prefix_and_length_is_ours),
        cmocka_unit_test(our_prefix_with_another_length_is_not_ours),
        cmocka_unit_test(without_rules_nothing_is_ours),
        cmocka_unit_test(every_payment_brand_is_known_by_prefix_and_length),
        cmocka_unit_test(what_lies_beside_a_brand_is_unknown),
        cmocka_unit_test(what_is_no_number_is_unknown),
        cmocka_unit_test(real_club_ranges_may_stand_in_a_programme),
        cmocka_unit_test(a_range_that_swallows_a_payment_brand_may_not),
        cmocka_unit_test(a_malformed_range_may_not_either),
        cmocka_unit_test(a_typed_member_number_is_the_card_itself),
        cmocka_unit_test(a_typed_phone_number_is_a_phone_with_or_without_plus),
        cmocka_unit_test(a_plus_tells_a_phone_number_from_a_payment_card_of_its_length),
        cmocka_unit_test(a_typed_payment_card_is_refused_and_not_kept),
        cmocka_unit_test(what_is_neither_card_nor_phone_is_refused),
        cmocka_unit_test(well_formed_utf8_is_text),
        cmocka_unit_test(anything_else_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
