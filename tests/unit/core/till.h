/* tests/unit/core/till.h: a sale put before the rules, without an account. */
#ifndef TALLY_TESTS_TILL_H
#define TALLY_TESTS_TILL_H

#include "app/core/earn.h"
#include "tests/unit/core/club.h"

enum {
    TILL_LINES = 200,
    TILL_RULES = 64,
    TILL_PURSES = 4,
    TILL_DAY = 20779
}; /* 22 November 2026 */

struct till {
    struct tally_programme programme;
    struct tally_rule rules[TILL_RULES]; /* the programme's */
    struct tally_basket basket;
    struct tally_line lines[TILL_LINES]; /* the basket's */
    struct tally_seen seen;
    int32_t day;
    struct tally_line_work work[TILL_LINES];
    struct tally_earned earned[TILL_RULES];
    int64_t shares[TILL_LINES * (TILL_PURSES + 1)];
    int64_t cuts[TILL_LINES * (TILL_PURSES + 1)];
};

/* The club, with neither rules nor lines yet. */
static inline void open_till(struct till *till)
{
    memset(till, 0, sizeof *till);
    till->programme = a_club();
    till->programme.rules = till->rules;
    till->programme.rule_count = 0;
    till->basket.lines = till->lines;
    till->seen = (struct tally_seen){.minute = 720, .days_away = -1};
    till->day = TILL_DAY;
}

static inline struct tally_rule *add_rule(struct till *till, struct tally_rule rule)
{
    assert_true(till->programme.rule_count < TILL_RULES);
    struct tally_rule *added = &till->rules[till->programme.rule_count++];
    *added = rule;
    return added;
}

static inline struct tally_line *add_line(struct till *till, const char *sku,
                                          const char *categories, int64_t amount_minor)
{
    assert_true(till->basket.line_count < TILL_LINES);
    struct tally_line *added = &till->lines[till->basket.line_count++];
    *added = a_line(sku, categories, amount_minor);
    return added;
}

static inline struct tally_scene scene_of(struct till *till)
{
    return (struct tally_scene){&till->programme, &till->basket, &till->seen, till->day,
                                till->work};
}

static inline void read_lines(struct till *till)
{
    tally_lines_read(&till->basket, till->work);
}

/* Works the rules out; the lines have been read, and rewards may have changed them. */
static inline enum tally_status earn_on(struct till *till)
{
    struct tally_scene scene = scene_of(till);
    struct tally_earning earning = {till->earned, till->shares, till->cuts};
    return tally_earn(&scene, &earning);
}

/* Points of a purse that the rules gave together; each rule's and each purse's shares add up. */
static inline int64_t earned_of(const struct till *till, uint32_t purse)
{
    int64_t points = 0, shared = 0;
    size_t column = 0, columns = till->programme.purse_count + 1;
    for (size_t i = 0; i < till->programme.purse_count; i++) {
        column = till->programme.purses[i].id == purse ? i + 1 : column;
    }
    for (size_t i = 0; i < till->programme.rule_count; i++) {
        assert_true(till->earned[i].points >= 0);
        points += till->rules[i].purse == purse ? till->earned[i].points : 0;
    }
    for (size_t i = 0; i < till->basket.line_count; i++) {
        assert_true(till->shares[i * columns + column] >= 0);
        shared += till->shares[i * columns + column];
    }
    assert_true(points == shared);
    return points;
}

/* What the basket earns in points. */
static inline int64_t earned_by(struct till *till)
{
    read_lines(till);
    assert_int_equal(earn_on(till), TALLY_OK);
    return earned_of(till, TALLY_PURSE_POINTS);
}

#endif
