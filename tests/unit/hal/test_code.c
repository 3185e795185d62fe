/* SPDX-License-Identifier: Apache-2.0 */
/* Codes of our own: the bytes of CODES.md, and when a code is worth anything. */
#include "hal/reader/code.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

/* The worked examples of CODES.md, computed by another program. */
#define EXAMPLE_ROTATING "TLY1:AGQKDIVDUSS2NJ5IVEBYFW4BT7PCYWTS6KYW3IWS"
#define EXAMPLE_STATIC   "TLY1:AKQKDIVDUSS2NJ5IVGZSVCWEFP3WMLJ5"
/* A right check over a form that nobody knows, in the length of a rotating code. */
#define EXAMPLE_FORM_3 "TLY1:AOQKDIVDUSS2NJ5IVEBYFW4BAAAAAAAAAAAAB7NC"

static const int64_t example_ms = INT64_C(1767225642345);
static const int64_t step_ms = INT64_C(1767225630000); /* when the step of the example begins */
static const uint8_t handle[HAL_CODE_HANDLE_LEN] = {0xa0, 0xa1, 0xa2, 0xa3, 0xa4,
                                                    0xa5, 0xa6, 0xa7, 0xa8, 0xa9};

static int64_t now_ms;
static struct hal_reader_settings settings;
static struct hal_code_memory memory;

static int64_t wall_ms(void *context)
{
    return *(int64_t *)context;
}

static int set_up(void **state)
{
    (void)state;
    settings = (struct hal_reader_settings){.wall_ms = wall_ms, .wall_context = &now_ms};
    settings.keys.has_code_key = true;
    for (uint8_t i = 0; i < HAL_READER_KEY_LEN; i++) {
        settings.keys.code_key[i] = i;
    }
    now_ms = example_ms;
    hal_code_memory_start(&memory, example_ms - INT64_C(3600000));
    return 0;
}

static enum tally_status read_text(const char *text, struct tally_card *card)
{
    return hal_code_read(&settings, &memory, (const uint8_t *)text, strlen(text), card);
}

static void expect_status(enum tally_status expected, const char *text)
{
    struct tally_card card, untouched;
    memset(&card, 0x5a, sizeof card);
    memset(&untouched, 0x5a, sizeof untouched);
    assert_int_equal(expected, read_text(text, &card));
    if (expected != TALLY_OK) {
        assert_memory_equal(&untouched, &card, sizeof card);
    }
}

/* The code that the phone of the member with this handle shows at that moment. */
static void show(const uint8_t whose[HAL_CODE_HANDLE_LEN], int64_t at_ms,
                 char text[HAL_CODE_ROTATING_LEN + 1])
{
    uint8_t member_key[HAL_READER_KEY_LEN];
    assert_int_equal(TALLY_OK, hal_code_member_key(settings.keys.code_key, whose, member_key));
    assert_int_equal(TALLY_OK, hal_code_make_rotating(member_key, whose, at_ms, text));
}

static void expect_at(enum tally_status expected, int64_t at_ms)
{
    now_ms = at_ms;
    hal_code_memory_start(&memory, at_ms - INT64_C(3600000));
    expect_status(expected, EXAMPLE_ROTATING);
}

static void the_examples_of_the_specification_are_made(void **state)
{
    (void)state;
    static const uint8_t member_key[] = {0xf7, 0xcd, 0xbe, 0x23, 0x48, 0xea, 0x93, 0xba,
                                         0x24, 0x90, 0x0b, 0x13, 0x21, 0x90, 0x49, 0xe7,
                                         0x7c, 0xd0, 0x3e, 0x52, 0x39, 0x7b, 0xe3, 0x5b,
                                         0xa0, 0x47, 0x31, 0x0b, 0xdd, 0x31, 0x11, 0xb2};
    uint8_t key[HAL_READER_KEY_LEN];
    char rotating[HAL_CODE_ROTATING_LEN + 1], printed[HAL_CODE_STATIC_LEN + 1];
    assert_int_equal(TALLY_OK, hal_code_member_key(settings.keys.code_key, handle, key));
    assert_memory_equal(member_key, key, sizeof key);
    assert_int_equal(TALLY_OK, hal_code_make_rotating(key, handle, example_ms, rotating));
    assert_string_equal(EXAMPLE_ROTATING, rotating);
    assert_int_equal(TALLY_OK, hal_code_make_static(settings.keys.code_key, handle, printed));
    assert_string_equal(EXAMPLE_STATIC, printed);
}

static void a_rotating_code_is_a_proven_card(void **state)
{
    (void)state;
    struct tally_card card;
    assert_int_equal(TALLY_OK, read_text(EXAMPLE_ROTATING, &card));
    assert_int_equal(TALLY_CARD_CODE, card.kind);
    assert_int_equal(TALLY_STRENGTH_PROVEN, card.strength);
    assert_int_equal(sizeof handle, card.len);
    assert_memory_equal(handle, card.bytes, sizeof handle);
}

static void a_static_code_is_a_static_card_again_and_again(void **state)
{
    (void)state;
    struct tally_card card;
    settings.wall_ms = NULL;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(TALLY_OK, hal_code_read(&settings, NULL, (const uint8_t *)EXAMPLE_STATIC,
                                                 strlen(EXAMPLE_STATIC), &card));
        assert_int_equal(TALLY_STRENGTH_STATIC, card.strength);
        assert_memory_equal(handle, card.bytes, sizeof handle);
    }
}

static void a_code_lives_for_sixty_seconds_and_not_a_millisecond_longer(void **state)
{
    (void)state;
    expect_at(TALLY_E_CODE_EXPIRED, step_ms - 15001);
    expect_at(TALLY_OK, step_ms - 15000);
    expect_at(TALLY_OK, step_ms + 44999);
    expect_at(TALLY_E_CODE_EXPIRED, step_ms + 45000);
    expect_at(TALLY_E_CODE_EXPIRED, step_ms + INT64_C(86400000));
}

static void a_code_is_accepted_once(void **state)
{
    (void)state;
    expect_status(TALLY_OK, EXAMPLE_ROTATING);
    expect_status(TALLY_E_CODE_USED, EXAMPLE_ROTATING);
    now_ms = step_ms + 44999;
    expect_status(TALLY_E_CODE_USED, EXAMPLE_ROTATING);
}

static void no_older_code_is_accepted_after_a_newer_one(void **state)
{
    (void)state;
    char newer[HAL_CODE_ROTATING_LEN + 1], next[HAL_CODE_ROTATING_LEN + 1];
    now_ms = step_ms + 31000; /* the example's tolerance still runs */
    show(handle, now_ms, newer);
    expect_status(TALLY_OK, newer);
    expect_status(TALLY_E_CODE_USED, EXAMPLE_ROTATING);
    now_ms += HAL_CODE_STEP_MS;
    show(handle, now_ms, next);
    expect_status(TALLY_OK, next);
    expect_status(TALLY_E_CODE_USED, next);
    expect_status(TALLY_E_CODE_USED, newer);
}

static void a_terminal_that_just_started_refuses_what_was_valid_before(void **state)
{
    (void)state;
    expect_status(TALLY_OK, EXAMPLE_ROTATING);
    hal_code_memory_start(&memory, now_ms); /* and has forgotten it */
    expect_status(TALLY_E_CODE_EXPIRED, EXAMPLE_ROTATING);
    int64_t started_ms = now_ms;
    int64_t longest_ms = 0;
    for (int64_t after = 0; after <= 60000; after += 1000) {
        char text[HAL_CODE_ROTATING_LEN + 1];
        now_ms = started_ms + after;
        show(handle, now_ms, text);
        struct tally_card card;
        if (read_text(text, &card) == TALLY_E_CODE_EXPIRED) {
            longest_ms = after;
        }
    }
    assert_in_range(longest_ms, 1, 44999);
}

static void a_restart_at_any_moment_forgets_no_code_that_is_still_valid(void **state)
{
    (void)state;
    for (int64_t start = step_ms - 15000; start < step_ms + 45000; start += 500) {
        hal_code_memory_start(&memory, start);
        now_ms = start;
        expect_status(TALLY_E_CODE_EXPIRED, EXAMPLE_ROTATING);
    }
    hal_code_memory_start(&memory, step_ms - 15001); /* before it could have been used */
    now_ms = step_ms;
    expect_status(TALLY_OK, EXAMPLE_ROTATING);
}

static void a_memory_that_nobody_started_starts_itself_and_refuses(void **state)
{
    (void)state;
    char text[HAL_CODE_ROTATING_LEN + 1];
    memset(&memory, 0, sizeof memory);
    expect_status(TALLY_E_CODE_EXPIRED, EXAMPLE_ROTATING);
    now_ms += 2 * HAL_CODE_STEP_MS;
    show(handle, now_ms, text);
    expect_status(TALLY_OK, text);
}

static void a_clock_that_was_never_set_reads_no_rotating_code(void **state)
{
    (void)state;
    char text[HAL_CODE_ROTATING_LEN + 1];
    now_ms = 120000; /* two minutes after 1970 began */
    hal_code_memory_start(&memory, now_ms);
    show(handle, now_ms, text);
    expect_status(TALLY_E_CODE_EXPIRED, text);
    now_ms = example_ms; /* told the time: now it starts */
    expect_status(TALLY_E_CODE_EXPIRED, EXAMPLE_ROTATING);
}

static void a_clock_set_back_brings_no_used_code_to_life(void **state)
{
    (void)state;
    expect_status(TALLY_OK, EXAMPLE_ROTATING);
    uint8_t other[HAL_CODE_HANDLE_LEN] = {1};
    char text[HAL_CODE_ROTATING_LEN + 1];
    now_ms += INT64_C(600000); /* the use is dropped for another's */
    show(other, now_ms, text);
    expect_status(TALLY_OK, text);
    now_ms = example_ms;
    expect_status(TALLY_E_CODE_EXPIRED, EXAMPLE_ROTATING);
}

static void fill_memory(void)
{
    for (size_t i = 0; i < HAL_CODE_MEMORY_MAX; i++) {
        uint8_t whose[HAL_CODE_HANDLE_LEN] = {(uint8_t)i, (uint8_t)(i >> 8), 7};
        char text[HAL_CODE_ROTATING_LEN + 1];
        show(whose, now_ms, text);
        expect_status(TALLY_OK, text);
    }
}

static void a_full_memory_refuses_new_members_and_forgets_nobody(void **state)
{
    (void)state;
    fill_memory();
    expect_status(TALLY_E_BUSY, EXAMPLE_ROTATING);
    for (size_t i = 0; i < HAL_CODE_MEMORY_MAX; i++) {
        uint8_t whose[HAL_CODE_HANDLE_LEN] = {(uint8_t)i, (uint8_t)(i >> 8), 7};
        char text[HAL_CODE_ROTATING_LEN + 1];
        show(whose, now_ms, text);
        expect_status(TALLY_E_CODE_USED, text);
    }
    char fresh[HAL_CODE_ROTATING_LEN + 1];
    now_ms = step_ms + 45000; /* they have all expired */
    show(handle, now_ms, fresh);
    expect_status(TALLY_OK, fresh);
}

static void a_garbled_code_is_unreadable(void **state)
{
    (void)state;
    for (size_t at = 5; at < strlen(EXAMPLE_ROTATING); at++) {
        char text[] = EXAMPLE_ROTATING;
        text[at] = text[at] == 'A' ? 'B' : 'A';
        expect_status(TALLY_E_CARD_UNREADABLE, text);
        text[at] = '1'; /* not of the alphabet */
        expect_status(TALLY_E_CARD_UNREADABLE, text);
    }
    char text[] = EXAMPLE_ROTATING "A";
    expect_status(TALLY_E_CARD_UNREADABLE, text);
    for (size_t len = 0; len < strlen(EXAMPLE_ROTATING); len++) {
        text[strlen(EXAMPLE_ROTATING) - len] = '\0';
        if (strlen(text) != HAL_CODE_ROTATING_LEN) {
            expect_status(TALLY_E_CARD_UNREADABLE, text);
        }
    }
    expect_status(TALLY_E_CARD_UNREADABLE, "TLY1:agqkdivduss2nj5ivebyfw4bt7pcywts6kyw3iws");
    expect_status(TALLY_E_CARD_UNREADABLE, "TLY2:AKQKDIVDUSS2NJ5IVGZSVCWEFP3WMLJ5");
}

static void a_code_made_with_another_key_is_nobodys(void **state)
{
    (void)state;
    settings.keys.code_key[31] ^= 1;
    expect_status(TALLY_E_UNKNOWN_CARD, EXAMPLE_ROTATING);
    expect_status(TALLY_E_UNKNOWN_CARD, EXAMPLE_STATIC);
}

static void a_member_cannot_make_another_members_code(void **state)
{
    (void)state;
    uint8_t member_key[HAL_READER_KEY_LEN], other[HAL_CODE_HANDLE_LEN] = {9};
    char text[HAL_CODE_ROTATING_LEN + 1];
    assert_int_equal(TALLY_OK, hal_code_member_key(settings.keys.code_key, handle, member_key));
    assert_int_equal(TALLY_OK, hal_code_make_rotating(member_key, other, now_ms, text));
    expect_status(TALLY_E_UNKNOWN_CARD, text);
}

static void a_forged_code_uses_up_nothing(void **state)
{
    (void)state;
    uint8_t wrong_key[HAL_READER_KEY_LEN] = {1};
    char text[HAL_CODE_ROTATING_LEN + 1];
    assert_int_equal(TALLY_OK, hal_code_make_rotating(wrong_key, handle, now_ms, text));
    expect_status(TALLY_E_UNKNOWN_CARD, text);
    expect_status(TALLY_OK, EXAMPLE_ROTATING);
}

static void a_form_that_nobody_knows_is_refused(void **state)
{
    (void)state;
    expect_status(TALLY_E_UNKNOWN_CARD, EXAMPLE_FORM_3);
}

static void without_key_memory_or_clock_nothing_rotates(void **state)
{
    (void)state;
    struct tally_card card;
    const uint8_t *text = (const uint8_t *)EXAMPLE_ROTATING;
    assert_int_equal(TALLY_E_UNKNOWN_CARD,
                     hal_code_read(&settings, NULL, text, HAL_CODE_ROTATING_LEN, &card));
    settings.wall_ms = NULL;
    expect_status(TALLY_E_UNKNOWN_CARD, EXAMPLE_ROTATING);
    settings.keys.has_code_key = false;
    expect_status(TALLY_E_UNKNOWN_CARD, EXAMPLE_ROTATING);
    expect_status(TALLY_E_UNKNOWN_CARD, EXAMPLE_STATIC);
}

static void a_time_outside_of_steps_makes_no_code(void **state)
{
    (void)state;
    char text[HAL_CODE_ROTATING_LEN + 1];
    const uint8_t *key = settings.keys.code_key;
    assert_int_equal(TALLY_E_INVALID, hal_code_make_rotating(key, handle, -1, text));
    assert_int_equal(TALLY_E_INVALID,
                     hal_code_make_rotating(key, handle, INT64_C(30000) << 32, text));
    now_ms = INT64_MAX; /* and reads none */
    expect_status(TALLY_E_CODE_EXPIRED, EXAMPLE_ROTATING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_examples_of_the_specification_are_made, set_up),
        cmocka_unit_test_setup(a_rotating_code_is_a_proven_card, set_up),
        cmocka_unit_test_setup(a_static_code_is_a_static_card_again_and_again, set_up),
        cmocka_unit_test_setup(a_code_lives_for_sixty_seconds_and_not_a_millisecond_longer, set_up),
        cmocka_unit_test_setup(a_code_is_accepted_once, set_up),
        cmocka_unit_test_setup(no_older_code_is_accepted_after_a_newer_one, set_up),
        cmocka_unit_test_setup(a_terminal_that_just_started_refuses_what_was_valid_before, set_up),
        cmocka_unit_test_setup(a_restart_at_any_moment_forgets_no_code_that_is_still_valid, set_up),
        cmocka_unit_test_setup(a_memory_that_nobody_started_starts_itself_and_refuses, set_up),
        cmocka_unit_test_setup(a_clock_that_was_never_set_reads_no_rotating_code, set_up),
        cmocka_unit_test_setup(a_clock_set_back_brings_no_used_code_to_life, set_up),
        cmocka_unit_test_setup(a_full_memory_refuses_new_members_and_forgets_nobody, set_up),
        cmocka_unit_test_setup(a_garbled_code_is_unreadable, set_up),
        cmocka_unit_test_setup(a_code_made_with_another_key_is_nobodys, set_up),
        cmocka_unit_test_setup(a_member_cannot_make_another_members_code, set_up),
        cmocka_unit_test_setup(a_forged_code_uses_up_nothing, set_up),
        cmocka_unit_test_setup(a_form_that_nobody_knows_is_refused, set_up),
        cmocka_unit_test_setup(without_key_memory_or_clock_nothing_rotates, set_up),
        cmocka_unit_test_setup(a_time_outside_of_steps_makes_no_code, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
