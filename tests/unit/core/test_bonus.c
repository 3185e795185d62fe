/* SPDX-License-Identifier: Apache-2.0 */
/* What happens outside a sale: what is planned can be applied, and what may not be is refused. */
#include "app/core/bonus.h"

#include "app/core/tier.h"
#include "tests/unit/core/fold.h"
#include "tests/unit/core/seeded.h"

enum { STAMPS = 77, OTHER = 10, THIRD = 11, COUNTS = 16, MINUTE_MS = 60000 };
enum {
    SIGN_UP = 1,
    PROFILE,
    BIRTHDAY,
    REFERRER,
    REFERRED,
    SURPRISE,
    MONTHLY,
    VIP_ONLY,
    AWARDS = VIP_ONLY
};

static struct fold fold;
static struct tally_move moved[TALLY_MOVES_MAX];
static struct tally_count counted[COUNTS];
static const struct tally_bonus_room room = {moved, TALLY_MOVES_MAX, counted, COUNTS};
static struct tally_event event;
static uint64_t seq;

static const struct tally_condition vip_condition = {TALLY_METRIC_SPEND, 1000};
static struct tally_tier tiers[] = {
    {.code = "P", .id = 1}, {.code = "VIP", .conditions = &vip_condition, .condition_count = 1}};
static struct tally_word vip_word = {0, "VIP"};
static struct tally_award_rule awards[AWARDS] = {
    {.code = "sign_up", .id = SIGN_UP, .kind = TALLY_AWARD_SIGN_UP, .points = 100},
    {.code = "profile", .id = PROFILE, .kind = TALLY_AWARD_PROFILE, .points = 20},
    {.code = "birthday", .id = BIRTHDAY, .kind = TALLY_AWARD_BIRTHDAY, .points = 50},
    {.code = "referrer", .id = REFERRER, .kind = TALLY_AWARD_REFERRER, .points = 30, .uses_max = 2},
    {.code = "referred", .id = REFERRED, .kind = TALLY_AWARD_REFERRED, .points = 10, .uses_max = 1},
    {.code = "surprise", .id = SURPRISE, .kind = TALLY_AWARD_SURPRISE, .points = 500, .every = 10},
    {.code = "monthly",
     .id = MONTHLY,
     .kind = TALLY_AWARD_PERIOD,
     .purse = STAMPS,
     .points = 1,
     .period = {TALLY_PERIOD_MONTH, 0}},
    {.code = "vip",
     .id = VIP_ONLY,
     .kind = TALLY_AWARD_PERIOD,
     .points = 5,
     .period = {TALLY_PERIOD_YEAR, 0},
     .tiers = {&vip_word, 1}},
};
static const struct tally_purse_rules stamps = {
    .code = "stamps", .id = STAMPS, .expiry = {.kind = TALLY_EXPIRY_DAYS, .count = 10}};
static struct tally_cap transfer_limits[] = {
    {.period = {TALLY_PERIOD_MONTH, 0}, .points_max = 100},
    {.period = {TALLY_PERIOD_ROLLING_DAYS, 3}, .points_max = 60},
};
static struct tally_programme programme;

/* Points live for 12 months; a hold lasts an hour. */
static struct tally_programme *a_programme(void)
{
    programme = (struct tally_programme){
        .name = "Club",
        .version = 1,
        .hold_minutes = 60,
        .expiry = {.kind = TALLY_EXPIRY_MONTHS, .count = 12},
        .purses = &stamps,
        .purse_count = 1,
        .tiers = {.window = {TALLY_PERIOD_YEAR, 0},
                  .hold = TALLY_TIER_HOLD_NEXT_PERIOD,
                  .tiers = tiers,
                  .tier_count = 2},
        .awards = awards,
        .award_count = AWARDS,
        .transfer = {.allowed = true, .points_min = 10, .points_max = 80},
    };
    vip_word.id = tiers[1].id = tally_word_id("VIP", 3);
    opened(&fold);
    seq = 0;
    return &programme;
}

static struct tally_moment now(void)
{
    return (struct tally_moment){TERMINAL, (int64_t)TODAY * 86400000, TODAY};
}

/* Applies what was planned, as the terminal writes it. */
static void happens_at(uint32_t terminal)
{
    event.id = (struct tally_event_id){terminal, 1, ++seq};
    event.time = seq << 16;
    if (event.account == 0) {
        event.account = ACCOUNT;
    }
    assert_int_equal(tally_account_apply(&fold.account, &event, &fold.spare), TALLY_OK);
    struct tally_account before = fold.account;
    fold.account = fold.spare;
    fold.spare = before;
    assert_int_equal(tally_account_check(&fold.account), TALLY_OK);
}

static void happens(void)
{
    happens_at(TERMINAL);
}

/* Refused, and nothing was said. */
#define REFUSED(status, call)                                                                      \
    do {                                                                                           \
        memset(&event, 0x5A, sizeof event);                                                        \
        static struct tally_event untouched;                                                       \
        memset(&untouched, 0x5A, sizeof untouched);                                                \
        assert_int_equal((call), (status));                                                        \
        assert_memory_equal(&event, &untouched, sizeof event);                                     \
    } while (0)
#define OK(call) assert_int_equal((call), TALLY_OK)

/* ------------------------------------------------------------------ holds */

static enum tally_status holds_points(int64_t points, struct tally_moment moment)
{
    return tally_hold_plan(&programme, &fold.account, points, &moment, &room, &event);
}

static enum tally_status releases(uint64_t hold)
{
    struct tally_moment moment = now();
    return tally_release_plan(&fold.account, hold, &moment, &room, &event);
}

static void a_hold_takes_what_lapses_first_and_gives_it_all_back(void **state)
{
    (void)state;
    a_programme();
    given(&fold, TERMINAL, 0, 21000, 30);
    given(&fold, TERMINAL, 0, 20900, 30);
    OK(holds_points(40, now()));
    assert_int_equal(event.type, TALLY_EVENT_HOLD);
    assert_true(event.as.hold.until_ms == now().now_ms + (int64_t)60 * MINUTE_MS);
    happens();
    lots_are(&fold.account, "7/0:21000=20 7/0#1:20900=30 7/0#1:21000=10");
    OK(releases(1));
    happens();
    lots_are(&fold.account, "7/0:20900=30 7/0:21000=30");
    REFUSED(TALLY_E_NOT_FOUND, releases(1));
}

static void a_hold_never_takes_what_is_not_there(void **state)
{
    (void)state;
    a_programme();
    given(&fold, TERMINAL, 0, 21000, 30);
    given(&fold, OTHER_TERMINAL, 0, 21000, 30);
    REFUSED(TALLY_E_INVALID, holds_points(0, now()));
    REFUSED(TALLY_E_INVALID, holds_points(-1, now()));
    REFUSED(TALLY_E_INVALID, holds_points(TALLY_POINTS_MAX + 1, now()));
    REFUSED(TALLY_E_POINTS_SHORT, holds_points(31, now())); /* the rest is in another drawer */
    REFUSED(TALLY_E_POINTS_SHORT, holds_points(61, now()));
    struct happening owed = a_happening(TALLY_EVENT_ADJUST, TERMINAL, 50);
    moves(&owed, TALLY_MOVE_ADJUST_DEBT, 0, 0, 0, 40);
    applied(&fold, &owed);
    OK(holds_points(20, now()));
    REFUSED(TALLY_E_POINTS_SHORT, holds_points(21, now())); /* 40 are owed */
    const struct tally_moment later = {TERMINAL, now().now_ms, 21001};
    REFUSED(TALLY_E_POINTS_SHORT, holds_points(1, later));
    const struct tally_bonus_room none = {moved, 0, counted, 0};
    const struct tally_moment moment = now();
    REFUSED(TALLY_E_NO_MEMORY,
            tally_hold_plan(&programme, &fold.account, 1, &moment, &none, &event));
}

static void a_hold_past_its_limit_makes_room_for_the_next(void **state)
{
    (void)state;
    a_programme();
    given(&fold, TERMINAL, 0, 21000, 30);
    OK(holds_points(30, now()));
    happens();
    REFUSED(TALLY_E_POINTS_SHORT, holds_points(20, now()));
    struct tally_moment later = now();
    later.now_ms += (int64_t)61 * MINUTE_MS;
    OK(holds_points(20, later));
    happens();
    lots_are(&fold.account, "7/0:21000=10 7/0#2:21000=20");
    assert_int_equal(fold.account.hold_count, 1);
}

/* ------------------------------------------------------------------ awards */

static enum tally_status awards_on(uint32_t award, int32_t day, uint64_t other, int64_t points)
{
    const struct tally_award_request request = {
        .award = award, .why = {TERMINAL, 1, 5}, .other = other, .points = points};
    const struct tally_moment moment = {TERMINAL, 0, day};
    return tally_award_plan(&programme, &fold.account, &request, &moment, &room, &event);
}

static void an_award_enters_the_acting_drawer_with_the_dates_of_its_day(void **state)
{
    (void)state;
    a_programme();
    OK(awards_on(SIGN_UP, TODAY, 0, 0));
    assert_int_equal(event.type, TALLY_EVENT_AWARD);
    assert_int_equal(event.as.award.award, SIGN_UP);
    assert_int_equal(event.as.award.why.seq, 5);
    happens();
    lots_are(&fold.account, "7/0:21144=100"); /* 22 November 2027 */
    purse_is(&fold.account, 0, "100 0 0 0 0");
    OK(awards_on(MONTHLY, TODAY, 0, 0));
    happens();
    lots_are(&fold.account, "7/0:21144=100 7/77:20789=1");
}

static void an_award_is_given_once_in_its_time(void **state)
{
    (void)state;
    a_programme();
    const int32_t days[] = {TODAY, TODAY + 30, TODAY + 60};
    static const struct {
        uint32_t award;
        bool again_in_a_month; /* 22 December */
        bool again_in_a_year;  /* 21 January */
    } times[] = {{SIGN_UP, false, false},
                 {PROFILE, false, false},
                 {BIRTHDAY, false, true},
                 {MONTHLY, true, true},
                 {REFERRED, false, false}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        a_programme();
        OK(awards_on(times[i].award, days[0], 0, 0));
        happens();
        REFUSED(TALLY_E_EXISTS, awards_on(times[i].award, days[0], 0, 0));
        assert_int_equal(awards_on(times[i].award, days[1], 0, 0),
                         times[i].again_in_a_month ? TALLY_OK : TALLY_E_EXISTS);
        assert_int_equal(awards_on(times[i].award, days[2], 0, 0),
                         times[i].again_in_a_year ? TALLY_OK : TALLY_E_EXISTS);
    }
}

static void a_referrer_is_paid_once_for_each_member_and_for_so_many(void **state)
{
    (void)state;
    a_programme();
    REFUSED(TALLY_E_RULE, awards_on(REFERRER, TODAY, 0, 0));
    given(&fold, TERMINAL, 0, 21000, 1);
    REFUSED(TALLY_E_RULE, awards_on(REFERRER, TODAY, ACCOUNT, 0)); /* oneself */
    OK(awards_on(REFERRER, TODAY, OTHER, 0));
    happens();
    REFUSED(TALLY_E_EXISTS, awards_on(REFERRER, TODAY + 400, OTHER, 0));
    OK(awards_on(REFERRER, TODAY, THIRD, 0));
    happens();
    REFUSED(TALLY_E_EXISTS, awards_on(REFERRER, TODAY, 12, 0)); /* two members at most */
}

static void an_award_pays_what_is_owed_first(void **state)
{
    (void)state;
    a_programme();
    struct happening owed = a_happening(TALLY_EVENT_ADJUST, TERMINAL, 50);
    moves(&owed, TALLY_MOVE_ADJUST_DEBT, 0, 0, 0, 30);
    applied(&fold, &owed);
    OK(awards_on(SIGN_UP, TODAY, 0, 0));
    happens();
    lots_are(&fold.account, "7/0:21144=70");
    purse_is(&fold.account, 0, "100 0 0 -30 0");
}

static void a_surprise_brings_what_was_drawn(void **state)
{
    (void)state;
    a_programme();
    REFUSED(TALLY_E_RULE, awards_on(SURPRISE, TODAY, 0, 0));
    REFUSED(TALLY_E_OVERFLOW, awards_on(SURPRISE, TODAY, 0, TALLY_POINTS_MAX + 1));
    for (int i = 0; i < 3; i++) {
        OK(awards_on(SURPRISE, TODAY, 0, 40));
        happens();
    }
    lots_are(&fold.account, "7/0:21144=120");
}

/* 2 pieces of 10.00 and one of 0.01; 5.00 was a reward's, 1.00 paid with points. */
static const struct tally_line sold_lines[] = {{.quantity_milli = 2000, .amount_minor = 2000},
                                               {.quantity_milli = 1000, .amount_minor = 1}};
static struct tally_event a_sold_basket(void)
{
    struct tally_event sale = {.type = TALLY_EVENT_SALE};
    sale.as.sale.basket.lines = sold_lines;
    sale.as.sale.basket.line_count = 2;
    sale.as.sale.total_minor = 2001;
    sale.as.sale.discount_minor = 500;
    sale.as.sale.redeemed_minor = 100;
    return sale;
}

static void a_referral_is_paid_by_the_money_of_a_sale(void **state)
{
    (void)state;
    const struct tally_event sale = a_sold_basket();
    struct tally_award_rule award = {.kind = TALLY_AWARD_REFERRER, .spend_minor_min = 1401};
    assert_true(tally_award_is_paid_by(&award, &sale));
    award.spend_minor_min = 1402;
    assert_false(tally_award_is_paid_by(&award, &sale));
    award = (struct tally_award_rule){.kind = TALLY_AWARD_REFERRED};
    assert_true(tally_award_is_paid_by(&award, &sale));
    award.kind = TALLY_AWARD_BIRTHDAY;
    assert_false(tally_award_is_paid_by(&award, &sale));
}

static int64_t points_back(const struct tally_event *sale, int64_t first, int64_t second,
                           bool is_void, int64_t points)
{
    const struct tally_returned_line lines[] = {{.line = 0, .quantity_before_milli = first},
                                                {.line = 1, .quantity_before_milli = second}};
    int64_t back = -1;
    assert_int_equal(tally_award_points_back(sale, lines, 2, is_void, points, &back), TALLY_OK);
    return back;
}

static void an_award_goes_back_with_as_much_of_its_sale_rounded_up(void **state)
{
    (void)state;
    struct tally_event sale = a_sold_basket();
    assert_int_equal(points_back(&sale, 0, 0, false, 100), 0);
    assert_int_equal(points_back(&sale, 1000, 0, false, 100), 50); /* 1000 of 2001 */
    assert_int_equal(points_back(&sale, 0, 1000, false, 100), 1);
    assert_int_equal(points_back(&sale, 2000, 1000, false, 100), 100);
    assert_int_equal(points_back(&sale, 0, 0, true, 100), 100);
    sale.as.sale.total_minor = 0; /* what is worth nothing goes back whole */
    assert_int_equal(points_back(&sale, 0, 1000, false, 100), 100);
}

static void an_award_is_taken_from_its_drawer_and_the_rest_is_owed(void **state)
{
    (void)state;
    const struct tally_moment moment = now();
    a_programme();
    given(&fold, TERMINAL, 0, 21000, 30);
    given(&fold, OTHER_TERMINAL, 0, 21000, 50);
    OK(tally_award_back_plan(&programme, &fold.account, 0, 20, &moment, &room, &event));
    event.as.adjust.reason = event.as.adjust.who = (struct tally_slice){(const uint8_t *)"x", 1};
    happens();
    lots_are(&fold.account, "7/0:21000=10 8/0:21000=50");
    OK(tally_award_back_plan(&programme, &fold.account, 0, 25, &moment, &room, &event));
    happens();
    lots_are(&fold.account, "8/0:21000=50");
    assert_int_equal(tally_account_purse(&fold.account, 0).debt, 15);
    OK(tally_award_back_plan(&programme, &fold.account, STAMPS, 2, &moment, &room, &event));
    happens();
    assert_int_equal(tally_account_purse(&fold.account, STAMPS).debt, 2);
    REFUSED(TALLY_E_INVALID,
            tally_award_back_plan(&programme, &fold.account, 0, 0, &moment, &room, &event));
    REFUSED(TALLY_E_INVALID, tally_award_back_plan(&programme, &fold.account, 0,
                                                   TALLY_POINTS_MAX + 1, &moment, &room, &event));
    const struct tally_bonus_room narrow = {moved, 0, counted, COUNTS};
    REFUSED(TALLY_E_NO_MEMORY,
            tally_award_back_plan(&programme, &fold.account, 0, 1, &moment, &narrow, &event));
}

static void an_award_for_a_tier_is_for_no_other(void **state)
{
    (void)state;
    a_programme();
    REFUSED(TALLY_E_NOT_FOUND, awards_on(4711, TODAY, 0, 0));
    REFUSED(TALLY_E_RULE, awards_on(VIP_ONLY, TODAY, 0, 0));
    const struct tally_moment moment = now();
    OK(tally_standing_plan(&programme, &fold.account, 1, TODAY + 5, &moment, &event));
    happens();
    OK(awards_on(VIP_ONLY, TODAY + 5, 0, 0));
    REFUSED(TALLY_E_RULE, awards_on(VIP_ONLY, TODAY + 6, 0, 0));
    const struct tally_bonus_room narrow = {moved, TALLY_MOVES_MAX, counted, 0};
    const struct tally_award_request request = {.award = SIGN_UP};
    REFUSED(TALLY_E_NO_MEMORY,
            tally_award_plan(&programme, &fold.account, &request, &moment, &narrow, &event));
}

static void points_that_live_on_activity_do_not_lapse_as_they_come(void **state)
{
    (void)state;
    a_programme()->expiry = (struct tally_expiry){.kind = TALLY_EXPIRY_INACTIVE, .count = 6};
    OK(awards_on(SIGN_UP, TODAY, 0, 0));
    assert_true(event.effects.active_until_day > TODAY + 150);
    happens();
    assert_true(tally_account_balance(&fold.account, 0, TODAY + 150, 0).usable == 100);
    assert_true(tally_account_balance(&fold.account, 0, TODAY + 200, 0).lapsed == 100);
}

/* ------------------------------------------------------------------ standings */

static void a_tier_is_given_and_taken_away(void **state)
{
    (void)state;
    a_programme();
    const struct tally_moment moment = now();
    REFUSED(TALLY_E_INVALID,
            tally_standing_plan(&programme, &fold.account, 2, TODAY, &moment, &event));
    REFUSED(TALLY_E_INVALID,
            tally_standing_plan(&programme, &fold.account, 1, TODAY - 1, &moment, &event));
    OK(tally_standing_plan(&programme, &fold.account, 1, TALLY_DAY_NEVER, &moment, &event));
    happens();
    assert_int_equal(tally_tier_of(&fold.account, &programme, TODAY + 5000).tier, 1);
    OK(tally_standing_plan(&programme, &fold.account, 0, 0, &moment, &event));
    happens();
    assert_int_equal(tally_tier_of(&fold.account, &programme, TODAY).tier, 0);
}

/* ------------------------------------------------------------------ transfers */

static enum tally_status sends(uint64_t to, int64_t points, int32_t day)
{
    const struct tally_moment moment = {TALLY_TERMINAL_HQ, 0, day};
    return tally_transfer_plan(&programme, &fold.account, to, points, &moment, &room, &event);
}

static void points_go_from_one_account_to_another_with_their_dates(void **state)
{
    (void)state;
    static struct fold other;
    static struct tally_move received[TALLY_MOVES_MAX];
    const struct tally_bonus_room second = {received, TALLY_MOVES_MAX, counted, COUNTS};
    const struct tally_moment moment = {TALLY_TERMINAL_HQ, 0, TODAY};
    for (int renews = 0; renews < 2; renews++) {
        a_programme()->transfer.renews_expiry = renews == 1;
        given(&fold, TALLY_TERMINAL_HQ, 0, 20900, 30);
        given(&fold, TALLY_TERMINAL_HQ, 0, 20800, 30);
        OK(sends(OTHER, 40, TODAY));
        struct tally_event in;
        OK(tally_transfer_receive_plan(&programme, &event, &moment, &second, &in));
        happens_at(TALLY_TERMINAL_HQ);
        lots_are(&fold.account, "0/0:20900=20");
        assert_true(in.account == OTHER && in.as.transfer.other == ACCOUNT);
        in.id = (struct tally_event_id){TALLY_TERMINAL_HQ, 1, 1};
        opened(&other);
        OK(tally_account_apply(&other.account, &in, &other.spare));
        lots_are(&other.spare, renews == 1 ? "0/0:21144=40" : "0/0:20800=30 0/0:20900=10");
        purse_is(&other.spare, 0, "0 0 0 40 0");
    }
}

static void a_transfer_outside_its_limits_is_refused(void **state)
{
    (void)state;
    a_programme();
    given(&fold, TALLY_TERMINAL_HQ, 0, 21000, 500);
    given(&fold, TERMINAL, 0, 21000, 500);
    REFUSED(TALLY_E_RULE, sends(ACCOUNT, 40, TODAY));
    REFUSED(TALLY_E_RULE, sends(0, 40, TODAY));
    REFUSED(TALLY_E_RULE, sends(OTHER, 9, TODAY));
    REFUSED(TALLY_E_RULE, sends(OTHER, 81, TODAY));
    programme.transfer.points_max = 0;
    REFUSED(TALLY_E_POINTS_SHORT, sends(OTHER, 501, TODAY)); /* the rest is at a terminal */
    programme.transfer.points_max = 80;
    programme.transfer.limits = transfer_limits;
    programme.transfer.limit_count = 2;
    OK(sends(OTHER, 50, TODAY - 10)); /* 12 November */
    happens_at(TALLY_TERMINAL_HQ);
    REFUSED(TALLY_E_RULE, sends(OTHER, 51, TODAY)); /* the month has 100 */
    OK(sends(OTHER, 40, TODAY));
    happens_at(TALLY_TERMINAL_HQ);
    REFUSED(TALLY_E_RULE, sends(OTHER, 11, TODAY + 2));
    OK(sends(OTHER, 10, TODAY + 2));
    OK(sends(OTHER, 60, TODAY + 9)); /* December */
    programme.transfer.allowed = false;
    REFUSED(TALLY_E_RULE, sends(OTHER, 10, TODAY));
}

static void a_rolling_limit_of_transfers_forgets_day_by_day(void **state)
{
    (void)state;
    a_programme();
    given(&fold, TALLY_TERMINAL_HQ, 0, 21000, 500);
    programme.transfer.limits = &transfer_limits[1]; /* 60 in three days */
    programme.transfer.limit_count = 1;
    for (int32_t day = TODAY; day < TODAY + 2; day++) {
        OK(sends(OTHER, 30, day));
        happens_at(TALLY_TERMINAL_HQ);
    }
    REFUSED(TALLY_E_RULE, sends(OTHER, 10, TODAY + 2));
    OK(sends(OTHER, 30, TODAY + 3));
    happens_at(TALLY_TERMINAL_HQ);
    REFUSED(TALLY_E_RULE, sends(OTHER, 10, TODAY + 3));
}

/* ------------------------------------------------------------------ blocked accounts */

static void a_blocked_account_gets_and_gives_nothing_by_itself(void **state)
{
    (void)state;
    a_programme();
    given(&fold, TALLY_TERMINAL_HQ, 0, 21000, 50);
    given(&fold, TERMINAL, 0, 21000, 50);
    fold.account.blocked = true;
    REFUSED(TALLY_E_BLOCKED, holds_points(10, now()));
    REFUSED(TALLY_E_BLOCKED, sends(OTHER, 10, TODAY));
    REFUSED(TALLY_E_RULE, awards_on(SIGN_UP, TODAY, 0, 0));
    const struct tally_moment moment = {TALLY_TERMINAL_HQ, 0, TODAY};
    const struct tally_adjust_request request = {.points = -50};
    OK(tally_adjust_plan(&programme, &fold.account, &request, &moment, &room, &event));
    fold.account.blocked = false;
    OK(holds_points(10, now()));
}

/* ------------------------------------------------------------------ adjustments */

static enum tally_status adjusts(struct tally_adjust_request request)
{
    const struct tally_moment moment = {TALLY_TERMINAL_HQ, 0, TODAY};
    return tally_adjust_plan(&programme, &fold.account, &request, &moment, &room, &event);
}

static void a_person_gives_and_takes_points_in_one_drawer(void **state)
{
    (void)state;
    a_programme();
    OK(adjusts((struct tally_adjust_request){.drawer = TERMINAL, .points = 50}));
    happens_at(TALLY_TERMINAL_HQ);
    OK(adjusts(
        (struct tally_adjust_request){.drawer = TERMINAL, .points = 20, .expires_day = TODAY + 1}));
    happens_at(TALLY_TERMINAL_HQ);
    lots_are(&fold.account, "7/0:20780=20 7/0:21144=50");
    OK(adjusts((struct tally_adjust_request){.drawer = TERMINAL, .points = -30}));
    happens_at(TALLY_TERMINAL_HQ);
    lots_are(&fold.account, "7/0:21144=40");
    purse_is(&fold.account, 0, "0 0 0 40 0");
    REFUSED(TALLY_E_POINTS_SHORT,
            adjusts((struct tally_adjust_request){.drawer = TERMINAL, .points = -41}));
    REFUSED(TALLY_E_POINTS_SHORT,
            adjusts((struct tally_adjust_request){.drawer = OTHER_TERMINAL, .points = -1}));
    REFUSED(TALLY_E_POINTS_SHORT, adjusts((struct tally_adjust_request){
                                      .purse = STAMPS, .drawer = TERMINAL, .points = -1}));
}

static void what_is_pending_can_be_taken_and_what_has_lapsed_can_not(void **state)
{
    (void)state;
    a_programme()->pending = (struct tally_pending){.kind = TALLY_PENDING_DAYS, .count = 14};
    OK(adjusts((struct tally_adjust_request){.points = 50}));
    happens_at(TALLY_TERMINAL_HQ);
    given(&fold, TALLY_TERMINAL_HQ, 0, TODAY - 1, 30);
    REFUSED(TALLY_E_POINTS_SHORT, adjusts((struct tally_adjust_request){.points = -51}));
    OK(adjusts((struct tally_adjust_request){.points = -50}));
    happens_at(TALLY_TERMINAL_HQ);
    lots_are(&fold.account, "0/0:20778=30");
}

static void a_tier_by_balance_follows_every_way_that_points_come_and_go(void **state)
{
    (void)state;
    static const struct tally_condition balance = {TALLY_METRIC_BALANCE, 100};
    a_programme()->tiers.window.kind = TALLY_PERIOD_LIFETIME;
    programme.tiers.hold = TALLY_TIER_HOLD_NONE;
    programme.tiers.grace_days = 5;
    tiers[1].conditions = &balance;
    const struct tally_moment moment = {TALLY_TERMINAL_HQ, 0, TODAY};
    const struct tally_award_request request = {.award = SIGN_UP};
    OK(tally_award_plan(&programme, &fold.account, &request, &moment, &room, &event));
    assert_true(event.effects.has_standing && event.effects.standing.until_day == TODAY + 5);
    happens_at(TALLY_TERMINAL_HQ);
    OK(sends(OTHER, 10, TODAY + 30));
    assert_true(event.effects.has_standing && event.effects.standing.until_day == TODAY + 35);
    happens_at(TALLY_TERMINAL_HQ);
    assert_int_equal(tally_tier_of(&fold.account, &programme, TODAY + 35).tier, 1);
    assert_int_equal(tally_tier_of(&fold.account, &programme, TODAY + 36).tier, 0);
    tiers[1].conditions = &vip_condition;
}

static void an_adjustment_of_nothing_or_of_too_much_is_refused(void **state)
{
    (void)state;
    a_programme();
    const struct tally_adjust_request refused[] = {
        {.drawer = TERMINAL},
        {.points = TALLY_POINTS_MAX + 1},
        {.points = -TALLY_POINTS_MAX - 1},
        {.points = INT64_MIN},
        {.points = 1, .expires_day = TODAY - 1},
        {.points = 1, .purse = 4711},
        {.spend_minor = TALLY_MONEY_MAX + 1},
        {.spend_minor = INT64_MIN},
        {.tier_points = TALLY_POINTS_MAX + 1},
        {.tier_points = INT64_MIN},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        REFUSED(TALLY_E_INVALID, adjusts(refused[i]));
    }
}

static void an_adjustment_can_count_towards_a_tier(void **state)
{
    (void)state;
    a_programme();
    OK(adjusts((struct tally_adjust_request){.spend_minor = 1000}));
    assert_int_equal(event.effects.move_count, 0);
    happens_at(TALLY_TERMINAL_HQ);
    assert_int_equal(tally_tier_of(&fold.account, &programme, TODAY).tier, 1);
    OK(adjusts((struct tally_adjust_request){.spend_minor = -1}));
    happens_at(TALLY_TERMINAL_HQ);
    assert_int_equal(tally_tier_of(&fold.account, &programme, TODAY).tier, 0);
}

static void what_has_lapsed_in_a_drawer_is_counted_as_expired(void **state)
{
    (void)state;
    a_programme();
    const struct tally_moment moment = {TALLY_TERMINAL_HQ, 0, 20901};
    given(&fold, TALLY_TERMINAL_HQ, 0, 20900, 30);
    given(&fold, TALLY_TERMINAL_HQ, 0, 20901, 5);
    given(&fold, TALLY_TERMINAL_HQ, STAMPS, 20800, 2);
    given(&fold, TERMINAL, 0, 20900, 7);
    const struct tally_bonus_room none = {moved, 0, counted, 0};
    REFUSED(TALLY_E_NO_MEMORY, tally_lapse_plan(&fold.account, 0, &moment, &none, &event));
    const struct tally_bonus_room one = {moved, 1, counted, 0};
    for (int i = 0; i < 2; i++) { /* what finds no room waits for the next one */
        OK(tally_lapse_plan(&fold.account, 0, &moment, &one, &event));
        happens_at(TALLY_TERMINAL_HQ);
    }
    lots_are(&fold.account, "0/0:20901=5 7/0:20900=7");
    purse_is(&fold.account, 0, "0 0 30 42 0");
    REFUSED(TALLY_E_NOT_FOUND, tally_lapse_plan(&fold.account, 0, &moment, &room, &event));
}

/* ------------------------------------------------------------------ lives from a seed */

/* Whatever is planned is applied, and no drawer is ever below zero. */
static void whatever_is_planned_can_be_applied(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(5);
    for (int life = 0; life < 60; life++) {
        a_programme();
        struct tally_moment moment = now();
        for (int step = 0; step < 60; step++) {
            moment.day += (int32_t)seeded_below(&seed, 12);
            moment.now_ms += seeded_below(&seed, 90) * MINUTE_MS;
            moment.terminal = (uint32_t)seeded_below(&seed, 3) * TERMINAL;
            const struct tally_award_request award = {
                .award = 1 + (uint32_t)seeded_below(&seed, AWARDS),
                .other = OTHER + (uint64_t)seeded_below(&seed, 4),
                .points = seeded_below(&seed, 60)};
            const struct tally_adjust_request adjust = {
                .purse = seeded_below(&seed, 4) == 0 ? STAMPS : 0,
                .drawer = moment.terminal,
                .points = seeded_below(&seed, 300) - 100,
                .spend_minor = seeded_below(&seed, 300)};
            enum tally_status status = TALLY_OK;
            uint64_t hold = fold.account.hold_count > 0 ? fold.account.holds[0].hold : seq;
            switch (seeded_below(&seed, 6)) {
            case 0:
                status = tally_hold_plan(&programme, &fold.account, seeded_below(&seed, 60),
                                         &moment, &room, &event);
                break;
            case 1:
                status = tally_release_plan(&fold.account, hold, &moment, &room, &event);
                break;
            case 2:
                status =
                    tally_award_plan(&programme, &fold.account, &award, &moment, &room, &event);
                break;
            case 3:
                status = tally_transfer_plan(&programme, &fold.account, OTHER,
                                             seeded_below(&seed, 90), &moment, &room, &event);
                break;
            case 4:
                status = tally_lapse_plan(&fold.account, moment.terminal, &moment, &room, &event);
                break;
            default:
                status =
                    tally_adjust_plan(&programme, &fold.account, &adjust, &moment, &room, &event);
                break;
            }
            if (status == TALLY_OK) {
                happens_at(moment.terminal);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_takes_what_lapses_first_and_gives_it_all_back),
        cmocka_unit_test(a_hold_never_takes_what_is_not_there),
        cmocka_unit_test(a_hold_past_its_limit_makes_room_for_the_next),
        cmocka_unit_test(an_award_enters_the_acting_drawer_with_the_dates_of_its_day),
        cmocka_unit_test(an_award_is_given_once_in_its_time),
        cmocka_unit_test(a_referrer_is_paid_once_for_each_member_and_for_so_many),
        cmocka_unit_test(an_award_pays_what_is_owed_first),
        cmocka_unit_test(a_surprise_brings_what_was_drawn),
        cmocka_unit_test(a_referral_is_paid_by_the_money_of_a_sale),
        cmocka_unit_test(an_award_goes_back_with_as_much_of_its_sale_rounded_up),
        cmocka_unit_test(an_award_is_taken_from_its_drawer_and_the_rest_is_owed),
        cmocka_unit_test(an_award_for_a_tier_is_for_no_other),
        cmocka_unit_test(points_that_live_on_activity_do_not_lapse_as_they_come),
        cmocka_unit_test(a_tier_is_given_and_taken_away),
        cmocka_unit_test(points_go_from_one_account_to_another_with_their_dates),
        cmocka_unit_test(a_transfer_outside_its_limits_is_refused),
        cmocka_unit_test(a_rolling_limit_of_transfers_forgets_day_by_day),
        cmocka_unit_test(a_blocked_account_gets_and_gives_nothing_by_itself),
        cmocka_unit_test(a_person_gives_and_takes_points_in_one_drawer),
        cmocka_unit_test(what_is_pending_can_be_taken_and_what_has_lapsed_can_not),
        cmocka_unit_test(a_tier_by_balance_follows_every_way_that_points_come_and_go),
        cmocka_unit_test(an_adjustment_of_nothing_or_of_too_much_is_refused),
        cmocka_unit_test(an_adjustment_can_count_towards_a_tier),
        cmocka_unit_test(what_has_lapsed_in_a_drawer_is_counted_as_expired),
        cmocka_unit_test(whatever_is_planned_can_be_applied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
