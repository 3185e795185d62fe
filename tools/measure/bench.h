/* tools/measure/bench.h: what every measure needs: options, a clock, medians, and the line that
 * says what came out.
 *
 * Errors   whatever goes wrong is said on standard error and ends the program: a measure that went
 *          wrong must not look like a number.
 * Threads  one. */
#ifndef TALLY_TOOLS_MEASURE_BENCH_H
#define TALLY_TOOLS_MEASURE_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "app/core/status.h"

enum { BENCH_ROUNDS_MAX = 15 };

struct bench_options {
    const char *dir; /* there; measures make their own directories in it, and remove them */
    uint64_t sales, members;
    uint64_t swipes, club;
    uint64_t decodes; /* at each wear of the card */
    uint64_t rounds;  /* 1..BENCH_ROUNDS_MAX */
    uint64_t seed;    /* above 0 */
};

__attribute__((format(printf, 1, 2))) _Noreturn void bench_die(const char *format, ...);
/* Dies unless TALLY_OK. */
void bench_check(enum tally_status status, const char *what);

/* Monotonic. */
double bench_now_s(void);
/* Xorshift; the seed is above 0 and stays so. */
uint64_t bench_random(uint64_t *seed);
/* Sorts `numbers`; `count` is above 0. */
double bench_median(double *numbers, size_t count);

/* bench NAME ours=N unit=U peer=P peer_value=N ratio=R, with so many decimals. */
void bench_say(const char *name, const char *unit, int decimals, double ours, const char *peer,
               double value);

/* A directory and everything in it. */
void bench_remove(const char *dir);

#endif
