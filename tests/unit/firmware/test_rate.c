/* SPDX-License-Identifier: Apache-2.0 */
/* How many swipes the decoder reads at each wear, and that none is read as another card. The short
 * version of `tools/bench decode`. TALLY_SEED repeats a run. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/measure/rate.h"

enum { SWIPES = 20000 };

static uint64_t seed = 20260101;

static struct rate_counts count(enum tally_swipe_wear wear)
{
    struct rate_counts ours;
    rate_count(seed, wear, SWIPES, &ours, NULL);
    print_message("%s: %" PRIu64 " of %d read, %" PRIu64 " wrong\n", tally_swipe_noise(wear)->name,
                  ours.read, SWIPES, ours.wrong);
    if (ours.wrong > 0) {
        fail_msg("swipe 0x%016" PRIx64 " is read as another card", ours.first_wrong);
    }
    return ours;
}

static void a_clean_card_is_read_at_the_first_swipe(void **state)
{
    (void)state;
    assert_int_equal(SWIPES, count(TALLY_SWIPE_CLEAN).read);
}

static void at_the_level_of_the_captures_995_of_1000_swipes_are_read(void **state)
{
    (void)state;
    assert_true(count(TALLY_SWIPE_CAPTURED).read >= SWIPES / 1000 * 995);
}

/* What a worn card cannot help: one swipe in twelve meets a missing or an extra transition. */
static void a_worn_card_is_read_at_the_second_swipe_at_the_latest(void **state)
{
    (void)state;
    uint64_t read = count(TALLY_SWIPE_WORN).read;
    assert_true(read >= SWIPES / 100 * 88);
    assert_true(read <= SWIPES / 100 * 97); /* or the card is not worn */
}

static void a_terrible_card_is_refused_or_read_and_never_misread(void **state)
{
    (void)state;
    assert_true(count(TALLY_SWIPE_TERRIBLE).read > 0);
}

static void the_naive_decoder_reads_a_clean_card_too(void **state)
{
    (void)state;
    struct rate_counts ours, naive;
    rate_count(seed, TALLY_SWIPE_CLEAN, SWIPES / 20, &ours, &naive);
    assert_int_equal(SWIPES / 20, naive.swipes);
    assert_true(naive.read >= SWIPES / 20 / 100 * 99);
}

/* A failure can be had again from the one number that it prints. */
static void the_same_seed_is_the_same_swipe(void **state)
{
    (void)state;
    static struct rate_swipe first, second;
    for (int wear = 0; wear < TALLY_SWIPE_WEARS; wear++) {
        memset(&first, 0, sizeof first);
        memset(&second, 0, sizeof second);
        rate_swipe(seed, (enum tally_swipe_wear)wear, &first);
        rate_swipe(seed, (enum tally_swipe_wear)wear, &second);
        assert_memory_equal(&first, &second, sizeof first);
        rate_swipe(seed + 1, (enum tally_swipe_wear)wear, &second);
        assert_string_not_equal(first.text, second.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_card_is_read_at_the_first_swipe),
        cmocka_unit_test(at_the_level_of_the_captures_995_of_1000_swipes_are_read),
        cmocka_unit_test(a_worn_card_is_read_at_the_second_swipe_at_the_latest),
        cmocka_unit_test(a_terrible_card_is_refused_or_read_and_never_misread),
        cmocka_unit_test(the_naive_decoder_reads_a_clean_card_too),
        cmocka_unit_test(the_same_seed_is_the_same_swipe),
    };
    const char *text = getenv("TALLY_SEED");
    if (text != NULL) {
        seed = strtoull(text, NULL, 0);
    }
    print_message("TALLY_SEED=%" PRIu64 "\n", seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
