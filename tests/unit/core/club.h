/* tests/unit/core/club.h: a programme and baskets to test with.
 *
 * What is made here lives as long as the test program; pools are never given back. */
#ifndef TALLY_TESTS_CLUB_H
#define TALLY_TESTS_CLUB_H

#include "app/core/programme.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TERMINAL = 7, OTHER_TERMINAL = 8, ACCOUNT = 9, MEMBER = 5 };

static inline struct tally_slice text_of(const char *text)
{
    return (struct tally_slice){(const uint8_t *)text, strlen(text)};
}

static inline uint32_t id_of(const char *code)
{
    return tally_word_id(code, strlen(code));
}

static inline int compare_words(const void *left, const void *right)
{
    const struct tally_word *a = left, *b = right;
    return a->id != b->id ? (a->id < b->id ? -1 : 1) : strcmp(a->text, b->text);
}

/* "red,blue" in the order that lists have. */
static inline struct tally_words words_of(const char *list)
{
    static struct tally_word words[16384];
    static char texts[262144];
    static size_t word_count, text_len;
    size_t len = strlen(list) + 1, first = word_count;
    assert_true(text_len + len <= sizeof texts);
    char *text = memcpy(&texts[text_len], list, len);
    text_len += len;
    for (char *next = NULL; text != NULL && *text != '\0'; text = next) {
        next = strchr(text, ',');
        if (next != NULL) {
            *next++ = '\0';
        }
        assert_true(word_count < sizeof words / sizeof words[0]);
        words[word_count++] = (struct tally_word){id_of(text), text};
    }
    qsort(&words[first], word_count - first, sizeof words[0], compare_words);
    return (struct tally_words){word_count > first ? &words[first] : NULL, word_count - first};
}

static inline struct tally_when always(void)
{
    return (struct tally_when){.from_day = INT32_MIN, .until_day = TALLY_DAY_NEVER};
}

/* `points` per `per_minor`, times tier and multipliers, rounded down once. */
static inline struct tally_rule a_rule(const char *code, int64_t points, int64_t per_minor)
{
    return (struct tally_rule){.code = code,
                               .id = id_of(code),
                               .name = {code, code},
                               .when = always(),
                               .kind = TALLY_EARN_PER_MONEY,
                               .points = points,
                               .per_minor = per_minor,
                               .per_milli = 1000,
                               .is_multiplied = true,
                               .counts_for_tier = true};
}

static inline struct tally_rule a_multiplier(const char *code, uint32_t percent)
{
    struct tally_rule rule = a_rule(code, 0, 1);
    rule.kind = TALLY_EARN_MULTIPLY;
    rule.multiply_pct = percent;
    return rule;
}

static inline struct tally_rule a_fixed(const char *code, int64_t points)
{
    struct tally_rule rule = a_rule(code, points, 1);
    rule.kind = TALLY_EARN_FIXED;
    rule.is_multiplied = false;
    return rule;
}

static inline struct tally_cap a_cap(enum tally_period_kind kind, int64_t points_max)
{
    return (struct tally_cap){.period = {kind, 0}, .points_max = points_max};
}

/* P, VIP from 2000.00 and 3xVIP from 20000.00 a year, with 100, 125 and 300 percent. */
static inline const struct tally_tier *club_tiers(void)
{
    static const struct tally_condition conditions[] = {{TALLY_METRIC_SPEND, 200000},
                                                        {TALLY_METRIC_SPEND, 2000000}};
    static struct tally_tier tiers[3];
    static const struct {
        const char *code;
        uint32_t stars, percent;
    } club[] = {{"P", 1, 100}, {"VIP", 3, 125}, {"3xVIP", 5, 300}};
    for (size_t i = 0; i < 3; i++) {
        tiers[i] = (struct tally_tier){.code = club[i].code,
                                       .id = id_of(club[i].code),
                                       .name = {club[i].code, club[i].code},
                                       .stars = club[i].stars,
                                       .conditions = i > 0 ? &conditions[i - 1] : NULL,
                                       .condition_count = i > 0 ? 1 : 0,
                                       .multiplier_pct = club[i].percent};
    }
    return tiers;
}

/* 1 point per 1.00, 100 points pay 1.00, half a basket at most, points live to the end of the month
 * a year later. */
static inline struct tally_programme a_club(void)
{
    static struct tally_rule base;
    base = a_rule("base", 1, 100);
    return (struct tally_programme){
        .name = "Club",
        .version = 3,
        .zone = {.offset_s = 8 * 3600},
        .currency = "CNY",
        .currency_exponent = 2,
        .rules = &base,
        .rule_count = 1,
        .expiry = {.kind = TALLY_EXPIRY_END_OF_MONTH, .count = 12},
        .redeem = {.step_points = 100, .value_minor = 100, .points_min = 100, .share_pct = 50},
        .hold_minutes = 60,
        .tiers = {.window = {.kind = TALLY_PERIOD_YEAR},
                  .hold = TALLY_TIER_HOLD_NEXT_PERIOD,
                  .tiers = club_tiers(),
                  .tier_count = 3},
    };
}

static inline struct tally_line a_line(const char *sku, const char *categories,
                                       int64_t amount_minor)
{
    return (struct tally_line){.sku = text_of(sku),
                               .categories = text_of(categories),
                               .quantity_milli = 1000,
                               .amount_minor = amount_minor};
}

#endif
