/* tools/measure/sale.h: one durable sale, by our store and by its peers.
 *
 * Each way of selling opens what it needs in a directory of its own, with the same members, and
 * then makes sale after sale durable, one at a time, as a till does.
 *
 * Errors   as bench.h. */
#ifndef TALLY_TOOLS_MEASURE_SALE_H
#define TALLY_TOOLS_MEASURE_SALE_H

#include "app/base/buffer.h"
#include "app/core/types.h"
#include "tools/measure/bench.h"

enum {
    SALE_TERMINAL = 7,
    SALE_DAY = 20000, /* 4 October 2024 */
    SALE_EXPIRES = 20365,
    SALE_YEAR_FROM = 19723,  /* 1 January 2024: what is spent counts towards tiers to the end of */
    SALE_YEAR_UNTIL = 20453, /* 2025 */
    SALE_POINTS = 25
};

struct sale_way {
    const char *name;
    /* Opens in `dir`, which is there and empty, with accounts 1..members. */
    void *(*open)(const char *dir, uint64_t members);
    /* Sale `number` (from 1) of `account`, durable on return. */
    void (*sell)(void *self, uint64_t number, uint64_t account);
    /* What was put off is done: it belongs to what the sales cost. */
    void (*finish)(void *self);
    void (*close)(void *self);
};

extern const struct sale_way sale_ours, sale_append, sale_lmdb, sale_sqlite;

/* The record that our journal writes for a sale: what the peers append, put or insert too. */
void sale_record(uint64_t number, uint64_t account, struct tally_buffer *ret_bytes);

/* sale-commits and sale-bytes. */
void sale_measure(const struct bench_options *options);

#endif
