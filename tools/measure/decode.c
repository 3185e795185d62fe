/* SPDX-License-Identifier: Apache-2.0 */
/* Read rates and wrong reads of the card reader, beside those of a naive decoder. */
#include "tools/measure/decode.h"

#include <inttypes.h>
#include <stdio.h>

#include "tools/measure/rate.h"

static void say_counts(const char *wear, const char *who, const struct rate_counts *counts)
{
    fprintf(stderr, "decode %s, %s: %" PRIu64 " swipes, %" PRIu64 " read, %" PRIu64 " wrong", wear,
            who, counts->swipes, counts->read, counts->wrong);
    if (counts->wrong > 0) {
        fprintf(stderr, ", the first is swipe 0x%016" PRIx64, counts->first_wrong);
    }
    fputc('\n', stderr);
}

/* Two that never fail are equals; bench_say would divide nothing by nothing. */
static void say_wrong(const char *name, const struct rate_counts *ours,
                      const struct rate_counts *naive)
{
    double ours_rate = 1e6 * (double)ours->wrong / (double)ours->swipes;
    double naive_rate = 1e6 * (double)naive->wrong / (double)naive->swipes;
    if (naive->wrong > 0) {
        bench_say(name, "wrong-per-million", 2, ours_rate, "naive", naive_rate);
    } else {
        printf("bench %s ours=%.2f unit=wrong-per-million peer=naive peer_value=0.00 ratio=%s\n",
               name, ours_rate, ours->wrong > 0 ? "inf" : "1.00");
    }
}

void decode_measure(const struct bench_options *options)
{
    fprintf(stderr, "decode: seed %" PRIu64 "\n", options->seed);
    for (int wear = 0; wear < TALLY_SWIPE_WEARS; wear++) {
        const char *wear_name = tally_swipe_noise((enum tally_swipe_wear)wear)->name;
        struct rate_counts ours, naive;
        char name[40];
        rate_count(options->seed + (uint64_t)wear, (enum tally_swipe_wear)wear, options->decodes,
                   &ours, &naive);
        say_counts(wear_name, "ours", &ours);
        say_counts(wear_name, "naive", &naive);
        snprintf(name, sizeof name, "decode-read-%s", wear_name);
        bench_say(name, "percent", 3, 100 * (double)ours.read / (double)ours.swipes, "naive",
                  100 * (double)naive.read / (double)naive.swipes);
        snprintf(name, sizeof name, "decode-wrong-%s", wear_name);
        say_wrong(name, &ours, &naive);
        fflush(stdout);
    }
}
