/* SPDX-License-Identifier: Apache-2.0 */
/* A basket of 30 lines under 200 rules that are all in force, and what it would cost only to add
 * up. */
#include "tools/measure/quote.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/alloc.h"

enum { QUOTES = 200, /* of a round */ MULTIPLIERS = 10 };

/* ------------------------------------------------------------------ the shop */

static uint32_t id_of(const char *text)
{
    return tally_word_id(text, strlen(text));
}

static int compare_words(const void *left, const void *right)
{
    const struct tally_word *a = left, *b = right;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* `count` texts in a row from `first`, of `all`. */
static struct tally_words some_words(struct tally_word *words, char (*texts)[16], size_t all,
                                     size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = texts[(first + i) % all];
        words[i] = (struct tally_word){id_of(text), text};
    }
    qsort(words, count, sizeof words[0], compare_words);
    return (struct tally_words){words, count};
}

/* A quarter of the rules speaks about every line, one about some categories, one about some
 * articles, and one leaves categories out; some count pieces, some are capped, some multiply. */
static void make_rule(struct quote_shop *shop, size_t i)
{
    struct tally_rule *rule = &shop->rules[i];
    snprintf(shop->codes[i], sizeof shop->codes[i], "rule-%zu", i);
    shop->caps[i] = (struct tally_cap){.period = {TALLY_PERIOD_MONTH, 0}, .points_max = 100000};
    *rule = (struct tally_rule){
        .code = shop->codes[i],
        .id = id_of(shop->codes[i]),
        .name = {shop->codes[i], shop->codes[i]},
        .when = {.from_day = QUOTE_DAY - 100, .until_day = QUOTE_DAY + 100, .weekdays = 127},
        .kind = i % 10 == 9                            ? TALLY_EARN_PER_ITEM
                : i % (QUOTE_RULES / MULTIPLIERS) == 0 ? TALLY_EARN_MULTIPLY
                                                       : TALLY_EARN_PER_MONEY,
        .points = 1 + (int64_t)(i % 5),
        .per_minor = 100,
        .per_milli = 1000,
        .multiply_pct = 110,
        .is_multiplied = i % 10 != 9,
        .counts_for_tier = i % 10 != 9,
        .caps = &shop->caps[i],
        .cap_count = i % 10 == 5 ? 1 : 0};
    rule->purse = rule->kind == TALLY_EARN_PER_ITEM ? shop->stamps.id : TALLY_PURSE_POINTS;
    struct tally_word *words = shop->words[i];
    switch (i / 2 % 4) {
    case 1:
        rule->lines.categories = some_words(words, shop->categories, QUOTE_CATEGORIES, i, 6);
        break;
    case 2:
        rule->lines.skus = some_words(words, shop->articles, QUOTE_ARTICLES, i, QUOTE_WORDS_MAX);
        break;
    case 3:
        rule->lines.except_categories = some_words(words, shop->categories, QUOTE_CATEGORIES, i, 3);
        break;
    default:
        break;
    }
}

static void make_lines(struct quote_shop *shop, uint64_t *seed)
{
    for (size_t i = 0; i < QUOTE_LINES; i++) {
        snprintf(shop->line_categories[i], sizeof shop->line_categories[i], "%s,%s",
                 shop->categories[i % QUOTE_CATEGORIES],
                 shop->categories[(i * 5 + 1) % QUOTE_CATEGORIES]);
        shop->lines[i] =
            (struct tally_line){.sku = tally_slice_text(shop->articles[i * 2 % QUOTE_ARTICLES]),
                                .categories = tally_slice_text(shop->line_categories[i]),
                                .quantity_milli = 1000,
                                .amount_minor = 100 + (int64_t)(bench_random(seed) % 10000)};
    }
    shop->basket =
        (struct tally_basket){.lines = shop->lines, .line_count = QUOTE_LINES, .shop = 1};
}

static void open_shop(struct quote_shop *shop, uint64_t seed)
{
    for (size_t i = 0; i < QUOTE_ARTICLES; i++) {
        snprintf(shop->articles[i], sizeof shop->articles[i], "40063813%05zu", i);
    }
    for (size_t i = 0; i < QUOTE_CATEGORIES; i++) {
        snprintf(shop->categories[i], sizeof shop->categories[i], "category-%zu", i);
    }
    shop->tier = (struct tally_tier){
        .code = "P", .id = id_of("P"), .name = {"P", "P"}, .multiplier_pct = 100};
    shop->stamps =
        (struct tally_purse_rules){.code = "stamps", .id = id_of("stamps"), .name = {"s", "s"}};
    for (size_t i = 0; i < QUOTE_RULES; i++) {
        make_rule(shop, i);
    }
    make_lines(shop, &seed);
    shop->programme = (struct tally_programme){
        .name = "Shop",
        .version = 1,
        .currency = "EUR",
        .currency_exponent = 2,
        .rules = shop->rules,
        .rule_count = QUOTE_RULES,
        .purses = &shop->stamps,
        .purse_count = 1,
        .redeem = {.step_points = 1, .value_minor = 1, .share_pct = 100},
        .hold_minutes = 60,
        .tiers = {.window = {TALLY_PERIOD_YEAR, 0}, .tiers = &shop->tier, .tier_count = 1}};
    for (size_t i = 0; i < QUOTE_RULES; i++) { /* a multiplying rule has no caps */
        shop->rules[i].cap_count =
            shop->rules[i].kind == TALLY_EARN_MULTIPLY ? 0 : shop->rules[i].cap_count;
    }
    bench_check(tally_programme_check(&shop->programme), "the programme of the quotes");
    tally_account_clear(&shop->account);
    shop->room_len = tally_sale_room(&shop->programme, &shop->account, &shop->basket);
    shop->room = tally_alloc(1, shop->room_len);
    if (shop->room == NULL) {
        bench_die("no memory");
    }
}

/* ------------------------------------------------------------------ */

/* Nanoseconds a line, for one round of quotes. */
static double time_ours(struct quote_shop *shop)
{
    double begin_s = bench_now_s();
    for (size_t i = 0; i < QUOTES; i++) {
        if (ours_quote(shop) == 0) {
            bench_die("a basket earns nothing");
        }
    }
    return (bench_now_s() - begin_s) * 1e9 / (QUOTES * QUOTE_LINES);
}

static double time_sum(const struct quote_shop *shop)
{
    double begin_s = bench_now_s();
    for (size_t i = 0; i < QUOTES; i++) {
        if (sum_quote(shop) == 0) {
            bench_die("a basket adds up to nothing");
        }
    }
    return (bench_now_s() - begin_s) * 1e9 / (QUOTES * QUOTE_LINES);
}

void quote_measure(const struct bench_options *options)
{
    static struct quote_shop shop;
    double ours[BENCH_ROUNDS_MAX], sum[BENCH_ROUNDS_MAX];
    open_shop(&shop, options->seed);
    for (size_t i = 0; i < options->rounds; i++) {
        ours[i] = time_ours(&shop);
        sum[i] = time_sum(&shop);
    }
    fprintf(stderr, "quotes: %d lines under %d rules earn %" PRId64 " points\n", (int)QUOTE_LINES,
            (int)QUOTE_RULES, ours_quote(&shop));
    bench_say("quote-time", "ns-per-line", 0, bench_median(ours, options->rounds), "sum",
              bench_median(sum, options->rounds));
    tally_free(shop.room);
}
