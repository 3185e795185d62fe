/* tests/unit/core/club.h: a programme and accounts to test with. */
#ifndef TALLY_TESTS_CLUB_H
#define TALLY_TESTS_CLUB_H

#include "app/core/sale.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

enum { CLUB_LOTS = 4096, TERMINAL = 7, OTHER_TERMINAL = 8, ACCOUNT = 9, MEMBER = 5 };

static const struct tally_tier club_tiers[] = {
    {"P", "P", "P", 1, 0, 100},
    {"VIP", "V", "V", 3, 200000, 125},
    {"3xVIP", "W", "W", 5, 2000000, 300},
};

/* 1 point per 1.00, 100 points pay 1.00, half a basket at most, points live to the end of the month
 * a year later. */
static inline struct tally_programme a_club(void)
{
    return (struct tally_programme){
        .name = "Club",
        .version = 3,
        .utc_offset_s = 8 * 3600,
        .currency = "CNY",
        .currency_exponent = 2,
        .earn_points_per_major_milli = 1000,
        .earn_rounding = TALLY_ROUND_FLOOR,
        .redeem_value_minor = 100,
        .redeem_step = 100,
        .redeem_min = 100,
        .redeem_max_share_pct = 50,
        .expiry = TALLY_EXPIRY_END_OF_MONTH,
        .expiry_months = 12,
        .tier_metric = TALLY_METRIC_SPEND,
        .tiers = club_tiers,
        .tier_count = 3,
    };
}

struct club_account {
    struct tally_account account;
    struct tally_lot lots[CLUB_LOTS];
};

static inline struct tally_account *opened(struct club_account *club)
{
    club->account = (struct tally_account){.lots = club->lots, .lot_cap = CLUB_LOTS};
    return &club->account;
}

/* Whether two accounts are the same, byte for byte; prints the first difference otherwise. */
static inline bool is_same(const struct tally_account *left, const struct tally_account *right)
{
    static uint8_t bytes[2][102 + 16 * CLUB_LOTS];
    size_t len[2] = {0, 0};
    assert_int_equal(tally_account_encode(left, bytes[0], sizeof bytes[0], &len[0]), TALLY_OK);
    assert_int_equal(tally_account_encode(right, bytes[1], sizeof bytes[1], &len[1]), TALLY_OK);
    return len[0] == len[1] && memcmp(bytes[0], bytes[1], len[0]) == 0;
}

static inline struct tally_event an_event_of(enum tally_event_type type, uint32_t terminal,
                                             uint64_t seq, int32_t day)
{
    return (struct tally_event){.id = {terminal, 1, seq},
                                .time = seq,
                                .business_day = day,
                                .programme_version = 3,
                                .type = type};
}

static inline struct tally_event an_adjustment_of(uint32_t drawer, const struct tally_move *move,
                                                  bool gives)
{
    struct tally_event event = an_event_of(TALLY_EVENT_ADJUST, TALLY_TERMINAL_HQ, 1, 0);
    event.as.adjust = (struct tally_adjust){
        .account = ACCOUNT,
        .drawer = drawer,
        .points = gives ? move->points : -move->points,
        .moves = move,
        .move_count = 1,
        .reason = {(const uint8_t *)"test", 4},
        .who = {(const uint8_t *)"test", 4},
    };
    return event;
}

/* Applies it, and conservation holds afterwards. */
static inline void applied(struct tally_account *account, const struct tally_event *event)
{
    assert_int_equal(tally_account_apply(account, event), TALLY_OK);
    assert_int_equal(tally_account_check(account), TALLY_OK);
    assert_true(account->last.seq == event->id.seq);
}

static inline void given(struct tally_account *account, uint32_t drawer, int32_t expires_day,
                         int64_t points)
{
    struct tally_move move = {expires_day, points};
    struct tally_event event = an_adjustment_of(drawer, &move, true);
    applied(account, &event);
}

/* "7:20000=30 7:20500=5" */
static inline void holds(const struct tally_account *account, const char *expected)
{
    char text[1024] = "";
    for (size_t i = 0; i < account->lot_count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%u:%d=%lld", i > 0 ? " " : "",
                 (unsigned)account->lots[i].drawer, (int)account->lots[i].expires_day,
                 (long long)account->lots[i].points);
    }
    assert_string_equal(text, expected);
}

/* Refused with this status, and the account is as it was. */
static inline void apply_is_refused(struct tally_account *account, const struct tally_event *event,
                                    enum tally_status status)
{
    static struct club_account before;
    before.account = *account;
    before.account.lots = before.lots;
    memcpy(before.lots, account->lots, account->lot_count * sizeof account->lots[0]);
    assert_int_equal(tally_account_apply(account, event), status);
    assert_true(is_same(&before.account, account));
}

#endif
