/* SPDX-License-Identifier: Apache-2.0 */
/* NTAG 424 DNA: the worked examples of NXP's application notes, and what is refused. */
#include "hal/reader/tag424.h"

#include "tests/fakes/fake_card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const uint8_t zero_key[HAL_TAG424_KEY_LEN];

static void unhex(const char *digits, uint8_t *ret_bytes)
{
    size_t len = 0;
    fake_unhex(digits, ret_bytes, &len);
}

/* AN10922, 2.2.1: table 2. */
static void a_key_is_diversified_as_an10922_shows(void **state)
{
    (void)state;
    uint8_t master[16], input[17], expected[16], key[16];
    unhex("00112233445566778899aabbccddeeff", master);
    unhex("04782e21801d80 3042f5 4e585020416275", input);
    unhex("a8dd63a3b89d54b37ca802473fda9175", expected);
    assert_int_equal(TALLY_OK,
                     hal_tag424_diversify(master, (struct tally_slice){input, sizeof input}, key));
    assert_memory_equal(expected, key, sizeof key);
}

/* Computed with `openssl mac -cipher AES-128-CBC -macopt hexkey:0011..ff CMAC` over the input of
 * TAGS.md, and that is 01, UID, D2760000850101 544C59, key number. */
static void our_keys_differ_by_card_and_by_number_and_the_meta_key_by_neither(void **state)
{
    (void)state;
    uint8_t master[16], uid[7], other_uid[7], key[16], other[16];
    unhex("00112233445566778899aabbccddeeff", master);
    unhex("04de5f1eacc040", uid);
    unhex("04de5f1eacc041", other_uid);
    assert_int_equal(TALLY_OK, hal_tag424_key(master, uid, HAL_TAG424_KEY_PROOF, key));
    uint8_t expected[16];
    unhex("3ae7d85c82f1f40b2283db48ccaa84b2", expected);
    assert_memory_equal(expected, key, 16);
    assert_int_equal(TALLY_OK, hal_tag424_key(master, other_uid, HAL_TAG424_KEY_PROOF, other));
    assert_memory_not_equal(key, other, 16);
    assert_int_equal(TALLY_OK, hal_tag424_key(master, uid, HAL_TAG424_KEY_FILE, other));
    assert_memory_not_equal(key, other, 16);
    assert_int_equal(TALLY_OK, hal_tag424_key(master, uid, HAL_TAG424_KEY_META, key));
    assert_int_equal(TALLY_OK, hal_tag424_key(master, NULL, HAL_TAG424_KEY_META, other));
    assert_memory_equal(key, other, 16);
}

/* AN12196 rev. 1.8, 4.4.2 (tables 2 to 4): both keys zero. */
#define EXAMPLE_URI "https://ntag.nxp.com/424?e=EF963FF7828658A599F3041510671E88&c=94EED9EE65337086"

static struct tally_slice slice(const char *text)
{
    return tally_slice_text(text);
}

static void the_message_of_an12196_is_opened_and_checked(void **state)
{
    (void)state;
    struct hal_tag424_message message;
    struct hal_tag424_tap tap;
    uint8_t uid[7];
    unhex("04de5f1eacc040", uid);
    assert_int_equal(TALLY_OK, hal_tag424_find(slice(EXAMPLE_URI), &message));
    assert_int_equal(TALLY_OK, hal_tag424_open(zero_key, &message, &tap));
    assert_memory_equal(uid, tap.uid, 7);
    assert_int_equal(61, tap.counter);
    assert_int_equal(TALLY_OK, hal_tag424_check(zero_key, &tap, &message));
}

static void a_message_changed_in_any_bit_is_refused(void **state)
{
    (void)state;
    struct hal_tag424_message message;
    struct hal_tag424_tap tap;
    assert_int_equal(TALLY_OK, hal_tag424_find(slice(EXAMPLE_URI), &message));
    for (size_t bit = 0; bit < 8 * (sizeof message.picc_data + sizeof message.mac); bit++) {
        struct hal_tag424_message changed = message;
        uint8_t *byte = bit / 8 < sizeof message.picc_data
                            ? &changed.picc_data[bit / 8]
                            : &changed.mac[bit / 8 - sizeof message.picc_data];
        *byte ^= (uint8_t)(1U << bit % 8);
        bool is_taken = hal_tag424_open(zero_key, &changed, &tap) == TALLY_OK &&
                        hal_tag424_check(zero_key, &tap, &changed) == TALLY_OK;
        assert_false(is_taken);
    }
}

static void a_message_under_another_key_is_refused(void **state)
{
    (void)state;
    uint8_t other_key[16] = {1};
    struct hal_tag424_message message;
    struct hal_tag424_tap tap;
    assert_int_equal(TALLY_OK, hal_tag424_find(slice(EXAMPLE_URI), &message));
    assert_int_equal(TALLY_E_NOT_FOUND, hal_tag424_open(other_key, &message, &tap));
    assert_int_equal(TALLY_OK, hal_tag424_open(zero_key, &message, &tap));
    assert_int_equal(TALLY_E_SIGNATURE, hal_tag424_check(other_key, &tap, &message));
}

static void only_a_uri_that_ends_in_a_message_has_one(void **state)
{
    (void)state;
    struct hal_tag424_message message;
    static const char *const others[] = {"",
                                         "https://ntag.nxp.com/424",
                                         "?e=EF963FF7828658A599F3041510671E88&c=94EED9EE6533708",
                                         "?e=EF963FF7828658A599F3041510671E88&c=94EED9EE653370866",
                                         "?e=EF963FF7828658A599F3041510671E8G&c=94EED9EE65337086",
                                         "?e=EF963FF7828658A599F3041510671E88&m=94EED9EE65337086",
                                         "/e=EF963FF7828658A599F3041510671E88&c=94EED9EE65337086",
                                         EXAMPLE_URI "#"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(TALLY_E_NOT_FOUND, hal_tag424_find(slice(others[i]), &message));
    }
    assert_int_equal(
        TALLY_OK, hal_tag424_find(slice("x&e=ef963ff7828658a599f3041510671e88&c=94eed9ee65337086"),
                                  &message));
}

/* AN12196 rev. 1.8, 6.6 (key 0) and 6.10 (key 3): all keys zero. */
static void the_authentications_of_an12196_are_repeated(void **state)
{
    (void)state;
    static const struct {
        const char *rnd_a, *first, *token, *second;
    } examples[] = {
        {"13c5db8a5930439fc3def9a4c675360f", "a04c124213c186f22399d33ac2a30215",
         "35c3e05a752e0144bac0de51c1f22c56b34408a23d8aea266cab947ea8e0118d",
         "3fa64db5446d1f34cd6ea311167f5e4985b89690c04a05f17fa7ab2f08120663"},
        {"b98f4c50cf1c2e084fd150e33992b048", "b875ceb0e66a6c5cd00898dc371f92d1",
         "ff0306e47dfbc50087c4d8a78e88e62de1e8be457aa477c707e2f0874916a8b1",
         "0cc9a8094a8eea683ecaac5c7bf20584206d0608d477110fc6b3d5d3f65c3a6a"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        uint8_t rnd_a[16], first[16], token[32], second[32], have[32];
        unhex(examples[i].rnd_a, rnd_a);
        unhex(examples[i].first, first);
        unhex(examples[i].token, token);
        unhex(examples[i].second, second);
        assert_int_equal(TALLY_OK, hal_tag424_token(zero_key, rnd_a, first, have));
        assert_memory_equal(token, have, 32);
        assert_int_equal(TALLY_OK, hal_tag424_prove(zero_key, rnd_a, second));
        rnd_a[15] ^= 1;
        assert_int_equal(TALLY_E_SIGNATURE, hal_tag424_prove(zero_key, rnd_a, second));
        rnd_a[15] ^= 1;
        second[17] ^= 1; /* in the block that holds most of RndA' */
        assert_int_equal(TALLY_E_SIGNATURE, hal_tag424_prove(zero_key, rnd_a, second));
    }
}

static struct hal_tag424_tap tap_of(unsigned card, uint32_t counter)
{
    struct hal_tag424_tap tap = {.uid = {4, (uint8_t)card, (uint8_t)(card >> 8)},
                                 .counter = counter};
    return tap;
}

static void a_counter_must_rise_for_each_card(void **state)
{
    (void)state;
    static struct hal_tag424_seen seen;
    struct hal_tag424_tap first = tap_of(1, 10), other = tap_of(2, 3), again = tap_of(1, 10),
                          older = tap_of(1, 9), newer = tap_of(1, 11);
    assert_true(hal_tag424_is_new(&seen, &first));
    assert_true(hal_tag424_is_new(&seen, &other));
    assert_false(hal_tag424_is_new(&seen, &again));
    assert_false(hal_tag424_is_new(&seen, &older));
    assert_true(hal_tag424_is_new(&seen, &newer));
    assert_false(hal_tag424_is_new(&seen, &newer));
}

static void the_card_not_seen_for_longest_is_forgotten_first(void **state)
{
    (void)state;
    static struct hal_tag424_seen seen;
    for (unsigned card = 0; card < HAL_TAG424_TAPS; card++) {
        struct hal_tag424_tap tap = tap_of(card, 5);
        assert_true(hal_tag424_is_new(&seen, &tap));
    }
    struct hal_tag424_tap first = tap_of(0, 6), one_more = tap_of(9999, 1), second = tap_of(1, 5),
                          third = tap_of(2, 5);
    assert_true(hal_tag424_is_new(&seen, &first));    /* now card 1 is the oldest */
    assert_true(hal_tag424_is_new(&seen, &one_more)); /* takes its place */
    assert_false(hal_tag424_is_new(&seen, &third));
    assert_true(hal_tag424_is_new(&seen, &second)); /* forgotten */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_diversified_as_an10922_shows),
        cmocka_unit_test(our_keys_differ_by_card_and_by_number_and_the_meta_key_by_neither),
        cmocka_unit_test(the_message_of_an12196_is_opened_and_checked),
        cmocka_unit_test(a_message_changed_in_any_bit_is_refused),
        cmocka_unit_test(a_message_under_another_key_is_refused),
        cmocka_unit_test(only_a_uri_that_ends_in_a_message_has_one),
        cmocka_unit_test(the_authentications_of_an12196_are_repeated),
        cmocka_unit_test(a_counter_must_rise_for_each_card),
        cmocka_unit_test(the_card_not_seen_for_longest_is_forgotten_first),
    };
    return cmocka_run_group_tests_name("tag424", tests, NULL, NULL);
}
