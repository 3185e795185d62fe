/* SPDX-License-Identifier: Apache-2.0 */
/* tally-bench: our numbers and the peers', in one run, on the same disk; one line for each pair. */
#include "tools/measure/sale.h"

#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "app/crypto/crypto.h"

enum { ROUNDS_MAX = 15, WAYS = 4, PATH_LEN_MAX = 1024 };
#define TMPFS_MAGIC 0x01021994

static const char usage[] =
    "usage: tally-bench [--dir DIR] [--sales N] [--members N] [--rounds N] [--seed N]\n"
    "\n"
    "Durable sales by our store and by its peers, in one run, on the disk that holds DIR. Prints\n"
    "one line for each measure and peer:\n"
    "\n"
    "  bench NAME ours=N unit=U peer=P peer_value=N ratio=R      (ratio: ours / peer)\n"
    "\n"
    "  sale_commits  sales made durable one after the other, per second; more is better\n"
    "  sale_bytes    bytes written to the disk for a sale, batches and checkpoints included, "
    "without\n"
    "                the file system's own journal (/proc/self/io); fewer is better\n"
    "\n"
    "  --dir DIR     a directory on the disk to measure; what is made there is removed "
    "(build/bench)\n"
    "  --sales N     sales in a round (2000)\n"
    "  --members N   members that the stores know before (100000)\n"
    "  --rounds N    rounds, 1 to 15, the ways taking turns; the median rate counts (3)\n"
    "  --seed N      which members buy (1)\n";

struct options {
    const char *dir;
    uint64_t sales, members, rounds, seed;
};

struct result {
    double per_second;
    double bytes;
};

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

/* ------------------------------------------------------------------ measuring */

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Bytes that the disk under `dir` was given to write since it was plugged in; false where the
 * kernel doesn't say. The process's own account (/proc/self/io) is of no use here: it counts a
 * whole folio, 64 KiB or more, where one block of it is written. */
static bool disk_bytes(const char *dir, uint64_t *ret_bytes)
{
    struct stat about;
    char path[64];
    if (stat(dir, &about) != 0) {
        return false;
    }
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u/stat", major(about.st_dev),
             minor(about.st_dev));
    FILE *counters = fopen(path, "re");
    uint64_t sectors = 0; /* always of 512 bytes */
    bool found =
        counters != NULL && fscanf(counters, "%*u %*u %*u %*u %*u %*u %" SCNu64, &sectors) == 1;
    if (counters != NULL) {
        fclose(counters);
    }
    *ret_bytes = sectors * 512;
    return found;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *walk)
{
    (void)about;
    (void)type;
    (void)walk;
    return remove(path);
}

static struct result measure(const struct sale_way *way, const struct options *options)
{
    char dir[PATH_LEN_MAX];
    snprintf(dir, sizeof dir, "%s/%s-%ld", options->dir, way->name, (long)getpid());
    if (mkdir(dir, 0700) != 0) {
        bench_die("%s: %s", dir, strerror(errno));
    }
    void *self = way->open(dir, options->members);
    sync(); /* what is left to write from before is not a sale's to pay for */
    uint64_t seed = options->seed, before = 0, after = 0;
    bool counted = disk_bytes(dir, &before);
    double start = now_s();
    for (uint64_t number = 1; number <= options->sales; number++) {
        way->sell(self, number, 1 + next_random(&seed) % options->members);
    }
    way->finish(self);
    double seconds = now_s() - start;
    sync(); /* inodes, free lists: late, but theirs */
    counted = counted && disk_bytes(dir, &after);
    way->close(self);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return (struct result){.per_second = (double)options->sales / seconds,
                           .bytes =
                               counted ? (double)(after - before) / (double)options->sales : 0};
}

static int compare_numbers(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static double median_per_second(const struct result *results, size_t count)
{
    double numbers[ROUNDS_MAX];
    for (size_t i = 0; i < count; i++) {
        numbers[i] = results[i].per_second;
    }
    qsort(numbers, count, sizeof numbers[0], compare_numbers);
    return count % 2 == 1 ? numbers[count / 2] : (numbers[count / 2 - 1] + numbers[count / 2]) / 2;
}

static double least_bytes(const struct result *results, size_t count)
{
    double least = results[0].bytes;
    for (size_t i = 1; i < count; i++) {
        least = results[i].bytes < least ? results[i].bytes : least;
    }
    return least;
}

static void say(const char *name, const char *unit, double ours, const char *peer, double value)
{
    printf("bench %s ours=%.0f unit=%s peer=%s peer_value=%.0f ratio=%.2f\n", name, ours, unit,
           peer, value, ours / value);
}

static void measure_sales(const struct options *options)
{
    static const struct sale_way *const ways[WAYS] = {&sale_ours, &sale_append, &sale_lmdb,
                                                      &sale_sqlite};
    static struct result results[WAYS][ROUNDS_MAX];
    for (size_t round = 0; round < options->rounds; round++) {
        for (size_t i = 0; i < WAYS; i++) {
            results[i][round] = measure(ways[i], options);
            fprintf(stderr, "round %zu %s: %.0f sales/s, %.0f B/sale\n", round + 1, ways[i]->name,
                    results[i][round].per_second, results[i][round].bytes);
        }
    }
    size_t rounds = (size_t)options->rounds;
    for (size_t i = 1; i < WAYS; i++) {
        say("sale_commits", "per_s", median_per_second(results[0], rounds), ways[i]->name,
            median_per_second(results[i], rounds));
    }
    if (least_bytes(results[0], rounds) <= 0) {
        fprintf(stderr, "sale_bytes is left out: the kernel does not count this disk's bytes\n");
        return;
    }
    for (size_t i = 1; i < WAYS; i++) {
        say("sale_bytes", "B", least_bytes(results[0], rounds), ways[i]->name,
            least_bytes(results[i], rounds));
    }
}

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

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"dir", required_argument, NULL, 'd'},
        {"sales", required_argument, NULL, 's'},
        {"members", required_argument, NULL, 'm'},
        {"rounds", required_argument, NULL, 'r'},
        {"seed", required_argument, NULL, 'e'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {
        .dir = "build/bench", .sales = 2000, .members = 100000, .rounds = 3, .seed = 1};
    int option;
    while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        switch (option) {
        case 'd':
            options.dir = optarg;
            break;
        case 's':
            options.sales = number_of("--sales", optarg, 100000);
            break;
        case 'm':
            options.members = number_of("--members", optarg, 2000000);
            break;
        case 'r':
            options.rounds = number_of("--rounds", optarg, ROUNDS_MAX);
            break;
        case 'e':
            options.seed = number_of("--seed", optarg, UINT64_MAX);
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind != argc) {
        fputs(usage, stderr);
        return 2;
    }
    if (tally_crypto_start() != TALLY_OK) {
        bench_die("no randomness");
    }
    prepare_dir(options.dir);
    measure_sales(&options);
    return 0;
}
