/* SPDX-License-Identifier: Apache-2.0 */
/* tally-bench: our numbers and the peers', in one run, on the same machine; one line for each
 * pair. */
#include "tools/measure/decode.h"
#include "tools/measure/quote.h"
#include "tools/measure/sale.h"
#include "tools/measure/swipe.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "app/crypto/crypto.h"

#define TMPFS_MAGIC 0x01021994

static const char usage[] =
    "usage: tally-bench [OPTIONS] [sales | swipes | quotes | decode]\n"
    "\n"
    "Our numbers beside those of others, measured in one run; all measures unless one is named.\n"
    "\n"
    "  --dir DIR     a directory on the disk to measure (build/bench)\n"
    "  --rounds N    rounds, 1 to 15 (3)\n"
    "  --seed N      which members buy and swipe (1)\n"
    "  --sales N     sales in a round (2000)\n"
    "  --members N   members that the stores of the sales know before (100000)\n"
    "  --swipes N    swipes in a round (5000)\n"
    "  --club N      members in the stores of the swipes (1000)\n"
    "  --decodes N   swipes for the card reader to decode, at each wear of the card (100000)\n"
    "\n"
    "What the measures are: tools/bench --help, and tools/measure/README.md.\n";

/* ------------------------------------------------------------------ options */

static uint64_t number_of(const char *name, const char *text, uint64_t max)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number == 0 || number > max) {
        bench_die("%s wants a number from 1 to %" PRIu64 ", not '%s'", name, max, text);
    }
    return number;
}

static void prepare_dir(const char *dir)
{
    struct statfs about;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        bench_die("%s: %s", dir, strerror(errno));
    }
    if (statfs(dir, &about) != 0) {
        bench_die("%s: %s", dir, strerror(errno));
    }
    if (about.f_type == TMPFS_MAGIC) {
        bench_die("%s is in memory, not on a disk: name another with --dir", dir);
    }
}

static void take_option(struct bench_options *options, int option)
{
    switch (option) {
    case 'd':
        options->dir = optarg;
        break;
    case 's':
        options->sales = number_of("--sales", optarg, 100000);
        break;
    case 'm':
        options->members = number_of("--members", optarg, 2000000);
        break;
    case 'w':
        options->swipes = number_of("--swipes", optarg, 1000000);
        break;
    case 'c':
        options->club = number_of("--club", optarg, SWIPE_CLUB_MAX);
        break;
    case 'f':
        options->decodes = number_of("--decodes", optarg, 1000000000);
        break;
    case 'r':
        options->rounds = number_of("--rounds", optarg, BENCH_ROUNDS_MAX);
        break;
    case 'e':
        options->seed = number_of("--seed", optarg, UINT64_MAX);
        break;
    case 'h':
        fputs(usage, stdout);
        exit(0);
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"dir", required_argument, NULL, 'd'},     {"sales", required_argument, NULL, 's'},
        {"members", required_argument, NULL, 'm'}, {"swipes", required_argument, NULL, 'w'},
        {"club", required_argument, NULL, 'c'},    {"decodes", required_argument, NULL, 'f'},
        {"rounds", required_argument, NULL, 'r'},  {"seed", required_argument, NULL, 'e'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    struct bench_options options = {.dir = "build/bench",
                                    .sales = 2000,
                                    .members = 100000,
                                    .swipes = 5000,
                                    .club = 1000,
                                    .decodes = 100000,
                                    .rounds = 3,
                                    .seed = 1};
    int option;
    while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        take_option(&options, option);
    }
    const char *only = optind < argc ? argv[optind++] : NULL;
    bool sales = only == NULL || strcmp(only, "sales") == 0;
    bool swipes = only == NULL || strcmp(only, "swipes") == 0;
    bool quotes = only == NULL || strcmp(only, "quotes") == 0;
    bool decode = only == NULL || strcmp(only, "decode") == 0;
    if (optind != argc || (!sales && !swipes && !quotes && !decode)) {
        fputs(usage, stderr);
        return 2;
    }
    if (decode) {
        decode_measure(&options);
    }
    if (!sales && !swipes && !quotes) {
        return 0; /* no disk is needed */
    }
    bench_check(tally_crypto_start(), "randomness");
    prepare_dir(options.dir);
    if (sales) {
        sale_measure(&options);
    }
    if (swipes) {
        swipe_measure(&options);
    }
    if (quotes) {
        quote_measure(&options);
    }
    return 0;
}
