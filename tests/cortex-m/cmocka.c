/* SPDX-License-Identifier: Apache-2.0 */
/* The runner and the assertions behind cmocka.h of this folder. Lengths and numbers are printed as
 * long: newlib here is built without the formats of C99. */
#include "tests/cortex-m/cmocka.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum outcome { PASSED = 0, FAILED, SKIPPED };

static jmp_buf leave_test;

void print_message(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
}

void mini_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    printf("%s:%d: ", file, line);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    longjmp(leave_test, FAILED);
}

void mini_skip(void)
{
    longjmp(leave_test, SKIPPED);
}

void mini_true(bool holds, const char *claim, const char *file, int line)
{
    if (!holds) {
        mini_fail(file, line, "%s does not hold", claim);
    }
}

void mini_equal(uintmax_t left, uintmax_t right, bool are_equal, const char *claim,
                const char *file, int line)
{
    if ((left == right) != are_equal) {
        mini_fail(file, line, "%s does not hold: %#llx and %#llx", claim, (unsigned long long)left,
                  (unsigned long long)right);
    }
}

void mini_strings(const char *left, const char *right, bool are_equal, const char *claim,
                  const char *file, int line)
{
    if ((strcmp(left, right) == 0) != are_equal) {
        mini_fail(file, line, "%s does not hold: \"%s\" and \"%s\"", claim, left, right);
    }
}

void mini_memory(const void *left, const void *right, size_t len, bool are_equal, const char *claim,
                 const char *file, int line)
{
    const uint8_t *a = left, *b = right;
    size_t at = 0;
    while (at < len && a[at] == b[at]) {
        at++;
    }
    if (at < len && are_equal) {
        mini_fail(file, line, "%s does not hold: byte %zu of %zu is %02x and %02x", claim, at, len,
                  a[at], b[at]);
    }
    if (at == len && !are_equal) {
        mini_fail(file, line, "%s does not hold: all %lu bytes are alike", claim,
                  (unsigned long)len);
    }
}

void mini_range(uintmax_t value, uintmax_t least, uintmax_t most, const char *claim,
                const char *file, int line)
{
    if (value < least || value > most) {
        mini_fail(file, line, "%s is %llu, which is not in %llu..%llu", claim,
                  (unsigned long long)value, (unsigned long long)least, (unsigned long long)most);
    }
}

static enum outcome run_one(const struct CMUnitTest *test, void **state)
{
    enum outcome outcome = (enum outcome)setjmp(leave_test);
    if (outcome != PASSED) {
        return outcome;
    }
    if (test->setup != NULL && test->setup(state) != 0) {
        return FAILED;
    }
    test->test(state);
    return test->teardown == NULL || test->teardown(state) == 0 ? PASSED : FAILED;
}

int mini_run(const struct CMUnitTest tests[], size_t count, int (*setup)(void **state),
             int (*teardown)(void **state))
{
    static const char *const words[] = {"passed", "FAILED", "skipped"};
    int counts[] = {0, 0, 0};
    void *state = NULL;
    if (setup != NULL && setup(&state) != 0) {
        printf("the group's set-up failed\n");
        fflush(stdout);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        printf("runs: %s\n", tests[i].name);
        fflush(stdout); /* a fault of the processor takes what is still in the buffer */
        enum outcome outcome = run_one(&tests[i], &state);
        counts[outcome]++;
        if (outcome != PASSED) {
            printf("%s: %s\n", words[outcome], tests[i].name);
        }
    }
    if (teardown != NULL && teardown(&state) != 0) {
        printf("the group's teardown failed\n");
        counts[FAILED]++;
    }
    printf("%d passed, %d failed, %d skipped\n", counts[PASSED], counts[FAILED], counts[SKIPPED]);
    fflush(stdout);
    return counts[FAILED];
}
