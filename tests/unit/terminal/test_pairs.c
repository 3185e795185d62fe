/* SPDX-License-Identifier: Apache-2.0 */
/* The table of paired readers: what is kept of it, when, and what a restart finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/terminal/pairs.h"
#include "hal/reader/signed.h"

struct shop {
    char dir[64];
    char path[80];
    struct pairs pairs;
    uint8_t key[HAL_READER_KEY_LEN], other_key[HAL_READER_KEY_LEN];
};

static int open_shop(void **state)
{
    static struct shop shop;
    memset(&shop, 0, sizeof shop);
    snprintf(shop.dir, sizeof shop.dir, "/tmp/tally-pairs-XXXXXX");
    assert_non_null(mkdtemp(shop.dir));
    snprintf(shop.path, sizeof shop.path, "%s/readers", shop.dir);
    memset(shop.key, 0xa5, sizeof shop.key);
    memset(shop.other_key, 0x1f, sizeof shop.other_key);
    pairs_open(&shop.pairs, shop.dir);
    *state = &shop;
    return 0;
}

static int close_shop(void **state)
{
    struct shop *shop = *state;
    pairs_close(&shop->pairs);
    (void)unlink(shop->path);
    return rmdir(shop->dir);
}

/* As after a power cut: nothing is written at the end. */
static void open_again(struct shop *shop, struct pairs *again)
{
    pairs_open(again, shop->dir);
}

static struct hal_reader_pair *find(struct pairs *pairs, const char *serial)
{
    return hal_signed_find(&pairs->table, serial);
}

/* What a driver does with a good report. */
static void swipe(struct pairs *pairs, const char *serial, uint32_t counter)
{
    struct hal_reader_pair *pair = find(pairs, serial);
    pair->counter = counter;
    pairs->table.on_counter(pairs->table.context, pair);
}

static void write_file(const struct shop *shop, const char *text)
{
    FILE *file = fopen(shop->path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void pairs_survive_a_restart_and_are_nobody_elses_to_read(void **state)
{
    struct shop *shop = *state;
    struct pairs again;
    struct stat file;
    assert_int_equal(TALLY_OK, pairs_add(&shop->pairs, "TR 42", shop->key));
    assert_int_equal(TALLY_OK, pairs_add(&shop->pairs, "TR-43", shop->other_key));
    assert_int_equal(0, stat(shop->path, &file));
    assert_int_equal(0600, file.st_mode & 0777);
    open_again(shop, &again);
    assert_int_equal(2, again.table.count);
    assert_memory_equal(shop->key, find(&again, "TR 42")->key, sizeof shop->key);
    assert_memory_equal(shop->other_key, find(&again, "TR-43")->key, sizeof shop->key);
    assert_null(find(&again, "TR"));
    pairs_close(&again);
}

static void a_counter_is_kept_in_strides_and_at_the_end(void **state)
{
    struct shop *shop = *state;
    struct pairs again;
    assert_int_equal(TALLY_OK, pairs_add(&shop->pairs, "A", shop->key));
    swipe(&shop->pairs, "A", PAIRS_COUNTER_STRIDE - 1);
    open_again(shop, &again);
    assert_int_equal(0, find(&again, "A")->counter);
    pairs_close(&again);
    swipe(&shop->pairs, "A", PAIRS_COUNTER_STRIDE);
    open_again(shop, &again);
    assert_int_equal(PAIRS_COUNTER_STRIDE, find(&again, "A")->counter);
    pairs_close(&again);
    swipe(&shop->pairs, "A", UINT32_MAX - 1);
    swipe(&shop->pairs, "A", UINT32_MAX);
    pairs_close(&shop->pairs);
    pairs_open(&shop->pairs, shop->dir);
    assert_int_equal(UINT32_MAX, find(&shop->pairs, "A")->counter);
}

static void a_reader_that_is_paired_anew_has_its_new_key_alone(void **state)
{
    struct shop *shop = *state;
    assert_int_equal(TALLY_OK, pairs_add(&shop->pairs, "A", shop->key));
    swipe(&shop->pairs, "A", 9);
    assert_int_equal(TALLY_OK, pairs_add(&shop->pairs, "A", shop->other_key));
    assert_int_equal(1, shop->pairs.table.count);
    assert_memory_equal(shop->other_key, find(&shop->pairs, "A")->key, sizeof shop->key);
    assert_int_equal(0, find(&shop->pairs, "A")->counter);
}

static void a_pair_that_is_removed_is_gone_and_the_others_stay(void **state)
{
    struct shop *shop = *state;
    struct pairs again;
    assert_int_equal(TALLY_OK, pairs_add(&shop->pairs, "A", shop->key));
    assert_int_equal(TALLY_OK, pairs_add(&shop->pairs, "B", shop->other_key));
    swipe(&shop->pairs, "B", 5);
    assert_int_equal(TALLY_E_NOT_FOUND, pairs_remove(&shop->pairs, "C"));
    assert_int_equal(TALLY_OK, pairs_remove(&shop->pairs, "A"));
    assert_null(find(&shop->pairs, "A"));
    open_again(shop, &again);
    assert_int_equal(1, again.table.count);
    assert_int_equal(5, find(&again, "B")->counter);
    pairs_close(&again);
}

static void what_can_not_be_kept_is_not_changed(void **state)
{
    struct shop *shop = *state;
    assert_int_equal(TALLY_OK, pairs_add(&shop->pairs, "A", shop->key));
    assert_int_equal(TALLY_OK, pairs_add(&shop->pairs, "B", shop->key));
    shop->pairs.dir = "/nowhere";
    assert_int_not_equal(TALLY_OK, pairs_add(&shop->pairs, "C", shop->key));
    assert_int_not_equal(TALLY_OK, pairs_add(&shop->pairs, "B", shop->other_key));
    assert_int_not_equal(TALLY_OK, pairs_remove(&shop->pairs, "A"));
    shop->pairs.dir = shop->dir;
    assert_int_equal(2, shop->pairs.table.count);
    assert_memory_equal(shop->key, find(&shop->pairs, "A")->key, sizeof shop->key);
    assert_memory_equal(shop->key, find(&shop->pairs, "B")->key, sizeof shop->key);
}

static void there_is_a_limit_to_pairs(void **state)
{
    struct shop *shop = *state;
    char serial[8];
    char *text = calloc(PAIRS_MAX, 80);
    size_t len = 0;
    for (int i = 0; i < PAIRS_MAX; i++) {
        len += (size_t)sprintf(text + len, "%064d %d S%d\n", 0, i, i);
    }
    write_file(shop, text);
    free(text);
    pairs_close(&shop->pairs);
    pairs_open(&shop->pairs, shop->dir);
    assert_int_equal(PAIRS_MAX, shop->pairs.table.count);
    snprintf(serial, sizeof serial, "S%d", PAIRS_MAX - 1);
    assert_int_equal(PAIRS_MAX - 1, find(&shop->pairs, serial)->counter);
    assert_int_equal(TALLY_E_OVERFLOW, pairs_add(&shop->pairs, "one more", shop->key));
    assert_int_equal(TALLY_OK, pairs_add(&shop->pairs, serial, shop->key));
}

#define KEY_TEXT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void a_damaged_file_pairs_nobody(void **state)
{
    struct shop *shop = *state;
    static const char *const texts[] = {
        KEY_TEXT " 1 A\nx\n",       KEY_TEXT " -1 A\n",
        KEY_TEXT " 4294967296 A\n", KEY_TEXT " 1\n",
        KEY_TEXT " 1 \n",           KEY_TEXT " 1 01234567890123456789012\n",
        "0x" KEY_TEXT " 1 A\n",     "\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct pairs again;
        write_file(shop, texts[i]);
        open_again(shop, &again);
        assert_int_equal(0, again.table.count);
        pairs_close(&again);
    }
    struct pairs again;
    write_file(shop, KEY_TEXT " 4294967295 0123456789012345678901\n");
    open_again(shop, &again);
    assert_int_equal(1, again.table.count);
    assert_int_equal(0x1f, again.table.pairs[0].key[31]);
    pairs_close(&again);
}

int main(void)
{
#define SHOP_TEST(name) cmocka_unit_test_setup_teardown(name, open_shop, close_shop)
    const struct CMUnitTest tests[] = {
        SHOP_TEST(pairs_survive_a_restart_and_are_nobody_elses_to_read),
        SHOP_TEST(a_counter_is_kept_in_strides_and_at_the_end),
        SHOP_TEST(a_reader_that_is_paired_anew_has_its_new_key_alone),
        SHOP_TEST(a_pair_that_is_removed_is_gone_and_the_others_stay),
        SHOP_TEST(what_can_not_be_kept_is_not_changed),
        SHOP_TEST(there_is_a_limit_to_pairs),
        SHOP_TEST(a_damaged_file_pairs_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
