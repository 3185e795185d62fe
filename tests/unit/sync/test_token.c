/* SPDX-License-Identifier: Apache-2.0 */
/* The enrolment token: what an installer may do to it, and what is noticed. */
#include "app/sync/token.h"

#include "app/crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>

/* ------------------------------------------------------------------ helpers */

static struct sync_token a_token(uint8_t first)
{
    struct sync_token token;
    for (size_t i = 0; i < sizeof token.secret; i++) {
        token.secret[i] = (uint8_t)(first + i * 37);
    }
    for (size_t i = 0; i < sizeof token.root_pin; i++) {
        token.root_pin[i] = (uint8_t)(first ^ (i * 91 + 5));
    }
    return token;
}

static bool same(const struct sync_token *left, const struct sync_token *right)
{
    return memcmp(left->secret, right->secret, sizeof left->secret) == 0 &&
           memcmp(left->root_pin, right->root_pin, sizeof left->root_pin) == 0;
}

static void expect_read(const char *text, const struct sync_token *token)
{
    struct sync_token read;
    assert_int_equal(TALLY_OK, sync_token_decode(text, &read));
    assert_true(same(&read, token));
}

static void expect_refused(const char *text)
{
    struct sync_token read = a_token(77), untouched = read;
    assert_int_equal(TALLY_E_TOKEN, sync_token_decode(text, &read));
    assert_true(same(&read, &untouched));
}

static struct sync_token token;
static char text[SYNC_TOKEN_TEXT_MAX];

static int write_a_token(void **state)
{
    (void)state;
    token = a_token(200);
    return sync_token_encode(&token, text) == TALLY_OK ? 0 : -1;
}

/* The letter that a character is read as; '\0': it doesn't matter, '?': it is no symbol. */
static char read_as(int character)
{
    switch (character) {
    case '0':
        return 'O';
    case '1':
        return 'I';
    case '8':
        return 'B';
    case ' ':
    case '-':
    case '\t':
    case '\r':
    case '\n':
        return '\0';
    case '9':
        return '?';
    default:
        return isalnum(character) ? (char)toupper(character) : '?';
    }
}

/* ------------------------------------------------------------------ tests */

static void every_token_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (int first = 0; first < 256; first++) {
        struct sync_token one = a_token((uint8_t)first);
        assert_int_equal(TALLY_OK, sync_token_encode(&one, text));
        expect_read(text, &one);
    }
}

static void the_text_is_the_one_that_the_header_describes(void **state)
{
    (void)state;
    /* Computed with Python's hashlib and base64: secret 00..0f, pin 20..3f. */
    struct sync_token known;
    for (size_t i = 0; i < sizeof known.secret; i++) {
        known.secret[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof known.root_pin; i++) {
        known.root_pin[i] = (uint8_t)(0x20 + i);
    }
    assert_int_equal(TALLY_OK, sync_token_encode(&known, text));
    assert_string_equal("TLY-AEAAC-AQDAQ-CQMBY-IBEFA-WDANB-YHSAI-JCEMS-CKJRH-FAUSU-KZMFU-XC6MB-"
                        "RGIZT-INJWG-44DSO-R3HQ6-T4PZT-RYWQ",
                        text);
}

static void case_dashes_and_spaces_do_not_matter(void **state)
{
    (void)state;
    char lower[SYNC_TOKEN_TEXT_MAX] = "", bare[SYNC_TOKEN_TEXT_MAX] = "";
    char spaced[3 * SYNC_TOKEN_TEXT_MAX] = " \r\n";
    for (size_t i = 0; text[i] != '\0'; i++) {
        lower[i] = (char)tolower(text[i]);
        if (text[i] != '-') {
            bare[strlen(bare)] = text[i];
        }
        spaced[strlen(spaced)] = text[i];
        spaced[strlen(spaced)] = i % 3 == 0 ? ' ' : '-';
    }
    expect_read(lower, &token);
    expect_read(bare, &token);
    expect_read(spaced, &token);
    strcat(lower, "\n");
    expect_read(lower, &token);
}

static void zero_one_and_eight_are_read_as_the_letters_they_look_like(void **state)
{
    (void)state;
    unsigned replaced = 0;
    for (int first = 0; first < 32; first++) {
        struct sync_token one = a_token((uint8_t)first);
        assert_int_equal(TALLY_OK, sync_token_encode(&one, text));
        for (size_t i = 4; text[i] != '\0'; i++) {
            char like = text[i] == 'O' ? '0' : text[i] == 'I' ? '1' : text[i] == 'B' ? '8' : '\0';
            replaced += like != '\0';
            text[i] = like != '\0' ? like : text[i];
        }
        expect_read(text, &one);
    }
    assert_true(replaced > 0);
}

static void every_slip_of_one_character_is_noticed_or_harmless(void **state)
{
    (void)state;
    unsigned refused = 0, harmless = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        char right = text[i];
        for (int wrong = 1; wrong < 256; wrong++) {
            text[i] = (char)wrong;
            if (read_as(wrong) == read_as(right)) {
                expect_read(text, &token);
                harmless++;
            } else {
                expect_refused(text);
                refused++;
            }
        }
        text[i] = right;
    }
    assert_true(refused > 80 * 200 && harmless > 80);
}

static void a_missing_or_doubled_or_swapped_character_is_noticed(void **state)
{
    (void)state;
    char slip[SYNC_TOKEN_TEXT_MAX + 1];
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '-') {
            continue;
        }
        memcpy(slip, text, i);
        memcpy(slip + i, text + i + 1, len - i);
        expect_refused(slip);
        memcpy(slip, text, i + 1);
        memcpy(slip + i + 1, text + i, len - i + 1);
        expect_refused(slip);
        if (i + 1 < len && text[i + 1] != '-' && text[i + 1] != text[i]) {
            memcpy(slip, text, len + 1);
            slip[i] = text[i + 1];
            slip[i + 1] = text[i];
            expect_refused(slip);
        }
    }
}

static void a_part_of_a_token_is_refused_wherever_it_ends(void **state)
{
    (void)state;
    for (size_t len = strlen(text); len > 0; len--) {
        text[len - 1] = '\0';
        expect_refused(text);
    }
}

static void something_behind_a_token_is_refused(void **state)
{
    (void)state;
    char longer[2 * SYNC_TOKEN_TEXT_MAX];
    snprintf(longer, sizeof longer, "%s-A", text);
    expect_refused(longer);
    snprintf(longer, sizeof longer, "%s%s", text, text);
    expect_refused(longer);
}

static void a_token_of_another_version_is_refused(void **state)
{
    (void)state;
    /* Version 2 with a right checksum. */
    expect_refused("TLY-AIAAC-AQDAQ-CQMBY-IBEFA-WDANB-YHSAI-JCEMS-CKJRH-FAUSU-KZMFU-XC6MB-RGIZT-"
                   "INJWG-44DSO-R3HQ6-T4PYV-3QCQ");
}

static void head_office_keeps_the_hash_of_the_secret_alone(void **state)
{
    (void)state;
    struct sync_token other_root = token;
    other_root.root_pin[0] ^= 1;
    uint8_t hash[TALLY_HASH_LEN], other[TALLY_HASH_LEN], expected[TALLY_HASH_LEN];
    struct tally_slice secret = {token.secret, sizeof token.secret};
    assert_int_equal(TALLY_OK, tally_sha256(&secret, 1, expected));
    assert_int_equal(TALLY_OK, sync_token_hash(&token, hash));
    assert_int_equal(TALLY_OK, sync_token_hash(&other_root, other));
    assert_memory_equal(expected, hash, sizeof hash);
    assert_memory_equal(expected, other, sizeof other);
}

#define TEST(name) cmocka_unit_test_setup(name, write_a_token)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_token_is_read_as_it_was_written),
        TEST(the_text_is_the_one_that_the_header_describes),
        TEST(case_dashes_and_spaces_do_not_matter),
        TEST(zero_one_and_eight_are_read_as_the_letters_they_look_like),
        TEST(every_slip_of_one_character_is_noticed_or_harmless),
        TEST(a_missing_or_doubled_or_swapped_character_is_noticed),
        TEST(a_part_of_a_token_is_refused_wherever_it_ends),
        TEST(something_behind_a_token_is_refused),
        TEST(a_token_of_another_version_is_refused),
        TEST(head_office_keeps_the_hash_of_the_secret_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
