/* tests/unit/core/seeded.h: randomness that a printed seed brings back. TALLY_SEED chooses one. */
#ifndef TALLY_TESTS_SEEDED_H
#define TALLY_TESTS_SEEDED_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* splitmix64: small, and the same on every architecture. */
static inline uint64_t seeded_next(uint64_t *seed)
{
    uint64_t value = *seed += UINT64_C(0x9E3779B97F4A7C15);
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

/* 0..below-1 */
static inline int64_t seeded_below(uint64_t *seed, int64_t below)
{
    return (int64_t)(seeded_next(seed) % (uint64_t)below);
}

static inline uint64_t seeded_start(uint64_t otherwise)
{
    const char *text = getenv("TALLY_SEED");
    uint64_t seed = text == NULL ? otherwise : strtoull(text, NULL, 0);
    printf("TALLY_SEED=%" PRIu64 "\n", seed);
    return seed;
}

#endif
