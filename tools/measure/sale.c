/* SPDX-License-Identifier: Apache-2.0 */
/* Sales by our store and by its peers, taking turns: sales a second, and bytes a sale. */
#include "tools/measure/sale.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { WAYS = 4, PATH_LEN_MAX = 1024 };

struct result {
    double per_second;
    double bytes;
};

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

static struct result measure(const struct sale_way *way, const struct bench_options *options)
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
    double start = bench_now_s();
    for (uint64_t number = 1; number <= options->sales; number++) {
        way->sell(self, number, 1 + bench_random(&seed) % options->members);
    }
    way->finish(self);
    double seconds = bench_now_s() - start;
    sync(); /* inodes, free lists: late, but theirs */
    counted = counted && disk_bytes(dir, &after);
    way->close(self);
    bench_remove(dir);
    return (struct result){.per_second = (double)options->sales / seconds,
                           .bytes =
                               counted ? (double)(after - before) / (double)options->sales : 0};
}

static double median_per_second(const struct result *results, size_t count)
{
    double numbers[BENCH_ROUNDS_MAX];
    for (size_t i = 0; i < count; i++) {
        numbers[i] = results[i].per_second;
    }
    return bench_median(numbers, count);
}

static double least_bytes(const struct result *results, size_t count)
{
    double least = results[0].bytes;
    for (size_t i = 1; i < count; i++) {
        least = results[i].bytes < least ? results[i].bytes : least;
    }
    return least;
}

void sale_measure(const struct bench_options *options)
{
    static const struct sale_way *const ways[WAYS] = {&sale_ours, &sale_append, &sale_lmdb,
                                                      &sale_sqlite};
    static struct result results[WAYS][BENCH_ROUNDS_MAX];
    for (size_t round = 0; round < options->rounds; round++) {
        for (size_t i = 0; i < WAYS; i++) {
            results[i][round] = measure(ways[i], options);
            fprintf(stderr, "round %zu %s: %.0f sales/s, %.0f B/sale\n", round + 1, ways[i]->name,
                    results[i][round].per_second, results[i][round].bytes);
        }
    }
    size_t rounds = (size_t)options->rounds;
    for (size_t i = 1; i < WAYS; i++) {
        bench_say("sale-commits", "per_s", 0, median_per_second(results[0], rounds), ways[i]->name,
                  median_per_second(results[i], rounds));
    }
    if (least_bytes(results[0], rounds) <= 0) {
        fprintf(stderr, "sale-bytes is left out: the kernel does not count this disk's bytes\n");
        return;
    }
    for (size_t i = 1; i < WAYS; i++) {
        bench_say("sale-bytes", "B", 0, least_bytes(results[0], rounds), ways[i]->name,
                  least_bytes(results[i], rounds));
    }
}
