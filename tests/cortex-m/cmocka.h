/* tests/cortex-m/cmocka.h: as much of cmocka's face as the firmware's tests look at, for a
 * Cortex-M, where Debian has no cmocka. The tests themselves are the ones of tests/unit/firmware,
 * unchanged.
 *
 * A test that fails or skips leaves by longjmp(); what it had on its stack is gone, as with cmocka.
 * Threads  one */
#ifndef TALLY_TESTS_CORTEX_M_CMOCKA_H
#define TALLY_TESTS_CORTEX_M_CMOCKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct CMUnitTest {
    const char *name;
    void (*test)(void **state);
    int (*setup)(void **state); /* NULL: none. Not 0 is a failure */
    int (*teardown)(void **state);
};

#define cmocka_unit_test(f)                                                                        \
    {                                                                                              \
#f, f, NULL, NULL                                                                          \
    }
#define cmocka_unit_test_setup_teardown(f, setup, teardown)                                        \
    {                                                                                              \
#f, f, setup, teardown                                                                     \
    }
#define cmocka_run_group_tests(tests, setup, teardown)                                             \
    mini_run(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

/* Runs all, names each that fails or skips, and returns how many failed. */
int mini_run(const struct CMUnitTest tests[], size_t count, int (*setup)(void **state),
             int (*teardown)(void **state));

/* Each compares, and when it does not hold prints both sides with file and line and ends the
 * test. */
void mini_true(bool holds, const char *claim, const char *file, int line);
void mini_equal(uintmax_t left, uintmax_t right, bool are_equal, const char *claim,
                const char *file, int line);
void mini_strings(const char *left, const char *right, bool are_equal, const char *claim,
                  const char *file, int line);
void mini_memory(const void *left, const void *right, size_t len, bool are_equal, const char *claim,
                 const char *file, int line);
void mini_range(uintmax_t value, uintmax_t least, uintmax_t most, const char *claim,
                const char *file, int line);
__attribute__((noreturn, format(printf, 3, 4))) void mini_fail(const char *file, int line,
                                                               const char *format, ...);
__attribute__((noreturn)) void mini_skip(void);
__attribute__((format(printf, 1, 2))) void print_message(const char *format, ...);
#define print_error print_message

#define MINI_HERE __FILE__, __LINE__
/* As cmocka does: any integer or pointer, widened with its sign. */
#define MINI_WIDE(value) ((uintmax_t)(value))

#define assert_true(c)         mini_true((bool)(c), #c, MINI_HERE)
#define assert_false(c)        mini_true(!(c), "!(" #c ")", MINI_HERE)
#define assert_null(p)         mini_true((p) == NULL, #p " == NULL", MINI_HERE)
#define assert_non_null(p)     mini_true((p) != NULL, #p " != NULL", MINI_HERE)
#define assert_int_equal(a, b) mini_equal(MINI_WIDE(a), MINI_WIDE(b), true, #a " == " #b, MINI_HERE)
#define assert_int_not_equal(a, b)                                                                 \
    mini_equal(MINI_WIDE(a), MINI_WIDE(b), false, #a " != " #b, MINI_HERE)
#define assert_uint_equal     assert_int_equal
#define assert_uint_not_equal assert_int_not_equal
#define assert_ptr_equal(a, b)                                                                     \
    mini_equal((uintptr_t)(a), (uintptr_t)(b), true, #a " == " #b, MINI_HERE)
#define assert_ptr_not_equal(a, b)                                                                 \
    mini_equal((uintptr_t)(a), (uintptr_t)(b), false, #a " != " #b, MINI_HERE)
#define assert_string_equal(a, b)     mini_strings(a, b, true, #a " equals " #b, MINI_HERE)
#define assert_string_not_equal(a, b) mini_strings(a, b, false, #a " differs from " #b, MINI_HERE)
#define assert_memory_equal(a, b, n)  mini_memory(a, b, n, true, #a " equals " #b, MINI_HERE)
#define assert_memory_not_equal(a, b, n)                                                           \
    mini_memory(a, b, n, false, #a " differs from " #b, MINI_HERE)
#define assert_in_range(v, least, most)                                                            \
    mini_range(MINI_WIDE(v), MINI_WIDE(least), MINI_WIDE(most), #v, MINI_HERE)
#define fail()        mini_fail(MINI_HERE, "fail()")
#define fail_msg(...) mini_fail(MINI_HERE, __VA_ARGS__)
#define skip()        mini_skip()

#endif
