/* tools/measure/quote.h: what a basket earns, worked out by our rules and by bare sums.
 *
 * Errors   as bench.h. */
#ifndef TALLY_TOOLS_MEASURE_QUOTE_H
#define TALLY_TOOLS_MEASURE_QUOTE_H

#include "app/core/sale.h"
#include "tools/measure/bench.h"

enum {
    QUOTE_LINES = 30,
    QUOTE_RULES = 200,
    QUOTE_DAY = 20779,
    QUOTE_CATEGORIES = 12,
    QUOTE_ARTICLES = 60,
    QUOTE_WORDS_MAX = 32
};

/* Rules that are all in force, and a basket. */
struct quote_shop {
    struct tally_programme programme;
    struct tally_rule rules[QUOTE_RULES];
    struct tally_cap caps[QUOTE_RULES];
    struct tally_tier tier;
    struct tally_purse_rules stamps;
    char codes[QUOTE_RULES][16];
    char articles[QUOTE_ARTICLES][16];
    char categories[QUOTE_CATEGORIES][16];
    struct tally_word words[QUOTE_RULES][QUOTE_WORDS_MAX];
    struct tally_line lines[QUOTE_LINES];
    char line_categories[QUOTE_LINES][40];
    struct tally_basket basket;
    struct tally_account account;
    void *room;
    size_t room_len;
};

/* Points that the basket earns: by the whole quote (rewards, payment, every rule, lots, counters,
 * tier, the event); and as if every rule spoke about every line and nothing else were asked. They
 * stand in files of their own so that no compiler makes two of them, or fewer calls. */
int64_t ours_quote(struct quote_shop *shop);
int64_t sum_quote(const struct quote_shop *shop);

/* quote-time; `tools/bench instructions` counts what the two calls cost. */
void quote_measure(const struct bench_options *options);

#endif
