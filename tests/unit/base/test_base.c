/* SPDX-License-Identifier: Apache-2.0 */
/* The base room: growing bytes and the strict configuration file. */
#include "app/base/alloc.h"
#include "app/base/buffer.h"
#include "app/base/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

struct shop {
    char *name;
    int64_t port;
    bool open;
    int size;
};

static const char *const sizes[] = {"small", "large", NULL};

static const struct tally_config_key shop_keys[] = {
    {"shop", "name", TALLY_CONFIG_TEXT, offsetof(struct shop, name), 0, 0, NULL},
    {"shop", "port", TALLY_CONFIG_NUMBER, offsetof(struct shop, port), 1, 65535, NULL},
    {"shop", "open", TALLY_CONFIG_SWITCH, offsetof(struct shop, open), 0, 0, NULL},
    {"shop", "size", TALLY_CONFIG_CHOICE, offsetof(struct shop, size), 0, 0, sizes},
};
enum { SHOP_KEYS = sizeof shop_keys / sizeof shop_keys[0] };

static enum tally_status read_text(const char *text, struct shop *shop, char *problem)
{
    char path[] = "test_base_config_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    enum tally_status status = tally_config_read(path, shop_keys, SHOP_KEYS, shop, problem);
    unlink(path);
    return status;
}

static void refused_at(const char *text, int line, const char *word)
{
    struct shop shop = {0};
    char problem[TALLY_CONFIG_PROBLEM_MAX], place[16];
    assert_int_equal(read_text(text, &shop, problem), TALLY_E_INVALID);
    snprintf(place, sizeof place, ":%d: ", line);
    assert_non_null(strstr(problem, place));
    assert_non_null(strstr(problem, word));
    tally_free(shop.name);
}

static void a_good_file_sets_every_value(void **state)
{
    (void)state;
    struct shop shop = {0};
    char problem[TALLY_CONFIG_PROBLEM_MAX];
    assert_int_equal(
        read_text("# a shop\n[shop]\nname = North Gate\nport = 7443\nopen = yes\nsize = large\n",
                  &shop, problem),
        TALLY_OK);
    assert_string_equal(shop.name, "North Gate");
    assert_int_equal(shop.port, 7443);
    assert_true(shop.open);
    assert_int_equal(shop.size, 1);
    tally_free(shop.name);
}

static void each_mistake_is_named_with_its_line(void **state)
{
    (void)state;
    refused_at("[shop]\nnmae = x\n", 2, "nmae");
    refused_at("[shop]\n\nport = many\n", 3, "whole number");
    refused_at("[shop]\nport = 70000\n", 2, "65535");
    refused_at("[shop]\nport = 1x\n", 2, "whole number");
    refused_at("[shop]\nopen = perhaps\n", 2, "yes or no");
    refused_at("[shop]\nsize = huge\n", 2, "must be one of: small large");
    refused_at("[shop]\nname =\n", 2, "empty");
    refused_at("[shop]\nport = 1\nport = 2\n", 3, "second time");
    refused_at("[store]\nname = x\n", 2, "[store]");
    refused_at("[shop]\nthis is no setting\n", 2, "key = value");
}

static void a_missing_file_says_which(void **state)
{
    (void)state;
    struct shop shop = {0};
    char problem[TALLY_CONFIG_PROBLEM_MAX];
    assert_int_equal(tally_config_read("no/such/file", shop_keys, SHOP_KEYS, &shop, problem),
                     TALLY_E_NOT_FOUND);
    assert_non_null(strstr(problem, "no/such/file"));
}

static void a_buffer_gives_back_what_was_appended(void **state)
{
    (void)state;
    struct tally_buffer buffer = {0};
    for (int i = 0; i < 1000; i++) {
        uint8_t byte = (uint8_t)i;
        assert_int_equal(tally_buffer_append(&buffer, &byte, 1), TALLY_OK);
    }
    tally_buffer_consume(&buffer, 500);
    assert_int_equal(buffer.len, 500);
    assert_int_equal(buffer.data[0], (uint8_t)500);
    tally_buffer_consume(&buffer, 10000);
    assert_int_equal(buffer.len, 0);
    assert_int_equal(tally_buffer_reserve(&buffer, SIZE_MAX), TALLY_E_NO_MEMORY);
    tally_buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_sets_every_value),
        cmocka_unit_test(each_mistake_is_named_with_its_line),
        cmocka_unit_test(a_missing_file_says_which),
        cmocka_unit_test(a_buffer_gives_back_what_was_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
