/* SPDX-License-Identifier: Apache-2.0 */
/* What the measures share. */
#include "tools/measure/bench.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

void bench_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("tally-bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void bench_check(enum tally_status status, const char *what)
{
    if (status != TALLY_OK) {
        bench_die("%s: %s (%s)", what, tally_status_text(status), tally_status_name(status));
    }
}

double bench_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

uint64_t bench_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static int compare_numbers(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

double bench_median(double *numbers, size_t count)
{
    qsort(numbers, count, sizeof numbers[0], compare_numbers);
    return count % 2 == 1 ? numbers[count / 2] : (numbers[count / 2 - 1] + numbers[count / 2]) / 2;
}

void bench_say(const char *name, const char *unit, int decimals, double ours, const char *peer,
               double value)
{
    printf("bench %s ours=%.*f unit=%s peer=%s peer_value=%.*f ratio=%.2f\n", name, decimals, ours,
           unit, peer, decimals, value, ours / value);
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *walk)
{
    (void)about;
    (void)type;
    (void)walk;
    return remove(path);
}

void bench_remove(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
