/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a programme alone: days, dates of points, values, and which rules make no
 * sense. */
#include "app/core/account.h"

#include "tests/unit/core/club.h"

static int32_t day(int32_t year, int32_t month, int32_t of_month)
{
    return tally_day_from_date(year, month, of_month);
}

/* ------------------------------------------------------------------ days */

static void the_business_day_is_the_programmes(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    assert_int_equal(tally_programme_day(&club, INT64_C(57600000) - 1), 0);
    assert_int_equal(tally_programme_day(&club, INT64_C(57600000)), 1);
    assert_int_equal(tally_programme_minute(&club, INT64_C(57600000) - 1), 1439);
    assert_int_equal(tally_programme_minute(&club, INT64_C(57600000)), 0);
}

static int32_t lasts(enum tally_expiry_kind kind, int32_t count, int32_t fixed, int32_t earned)
{
    struct tally_programme club = a_club();
    struct tally_expiry expiry = {kind, count, fixed};
    struct tally_pending pending = {0};
    struct tally_span span = tally_programme_dates(&club, &expiry, &pending, earned);
    assert_int_equal(span.from_day, 0);
    return span.until_day;
}

static void points_live_as_long_as_the_programme_says(void **state)
{
    (void)state;
    assert_int_equal(lasts(TALLY_EXPIRY_NEVER, 0, 0, day(2026, 1, 31)), TALLY_DAY_NEVER);
    assert_int_equal(lasts(TALLY_EXPIRY_MONTHS, 1, 0, day(2026, 1, 31)), day(2026, 2, 28));
    assert_int_equal(lasts(TALLY_EXPIRY_MONTHS, 1200, 0, day(2026, 1, 31)), day(2126, 1, 31));
    assert_int_equal(lasts(TALLY_EXPIRY_END_OF_MONTH, 12, 0, day(2027, 2, 3)), day(2028, 2, 29));
    assert_int_equal(lasts(TALLY_EXPIRY_END_OF_MONTH, 0, 0, day(2026, 12, 1)), day(2026, 12, 31));
    assert_int_equal(lasts(TALLY_EXPIRY_END_OF_MONTH, 1, 0, day(2026, 1, 31)), day(2026, 2, 28));
    assert_int_equal(lasts(TALLY_EXPIRY_DAYS, 90, 0, day(2026, 1, 1)), day(2026, 4, 1));
    assert_int_equal(lasts(TALLY_EXPIRY_DAYS, 0, 0, 500), 500);
    assert_int_equal(lasts(TALLY_EXPIRY_END_OF_YEAR, 0, 0, day(2026, 12, 31)), day(2026, 12, 31));
    assert_int_equal(lasts(TALLY_EXPIRY_END_OF_YEAR, 2, 0, day(2026, 1, 1)), day(2028, 12, 31));
    assert_int_equal(lasts(TALLY_EXPIRY_INACTIVE, 6, 0, 500), TALLY_DAY_ACTIVE);
}

static void a_fixed_day_comes_again_every_year(void **state)
{
    (void)state;
    int32_t fixed = day(2026, 6, 30);
    assert_int_equal(lasts(TALLY_EXPIRY_FIXED, 0, fixed, day(2024, 1, 1)), fixed);
    assert_int_equal(lasts(TALLY_EXPIRY_FIXED, 0, fixed, fixed), fixed);
    assert_int_equal(lasts(TALLY_EXPIRY_FIXED, 0, fixed, fixed + 1), day(2027, 6, 30));
    assert_int_equal(lasts(TALLY_EXPIRY_FIXED, 0, fixed, day(2027, 1, 1)), day(2027, 6, 30));
    assert_int_equal(lasts(TALLY_EXPIRY_FIXED, 0, fixed, day(2199, 7, 1)), day(2200, 6, 30));
    int32_t leap = day(2024, 2, 29);
    assert_int_equal(lasts(TALLY_EXPIRY_FIXED, 0, leap, leap + 1), day(2025, 2, 28));
    assert_int_equal(lasts(TALLY_EXPIRY_FIXED, 0, leap, day(2027, 3, 1)), day(2028, 2, 29));
}

static void pending_points_begin_later_and_never_end_before(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    club.refund.window_days = 14;
    struct tally_expiry expiry = {TALLY_EXPIRY_DAYS, 10, 0};
    static const struct {
        struct tally_pending pending;
        int32_t from, until;
    } cases[] = {{{TALLY_PENDING_NONE, 0, 0}, 0, 110},    {{TALLY_PENDING_DAYS, 3, 0}, 103, 110},
                 {{TALLY_PENDING_DAYS, 30, 0}, 130, 130}, {{TALLY_PENDING_DAY, 0, 105}, 105, 110},
                 {{TALLY_PENDING_DAY, 0, 100}, 0, 110},   {{TALLY_PENDING_DAY, 0, 99}, 0, 110},
                 {{TALLY_PENDING_RETURN, 0, 0}, 115, 115}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tally_span span = tally_programme_dates(&club, &expiry, &cases[i].pending, 100);
        assert_int_equal(span.from_day, cases[i].from);
        assert_int_equal(span.until_day, cases[i].until);
    }
    expiry = (struct tally_expiry){TALLY_EXPIRY_INACTIVE, 6, 0};
    struct tally_span span = tally_programme_dates(&club, &expiry, &cases[2].pending, 100);
    assert_int_equal(span.until_day, TALLY_DAY_ACTIVE);
}

static struct tally_purse_rules a_purse(const char *code)
{
    return (struct tally_purse_rules){.code = code, .id = id_of(code), .name = {code, code}};
}

static void a_purse_has_dates_of_its_own(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    struct tally_purse_rules stamps = a_purse("stamps");
    stamps.expiry = (struct tally_expiry){TALLY_EXPIRY_DAYS, 7, 0};
    club.purses = &stamps;
    club.purse_count = 1;
    assert_int_equal(tally_programme_purse_dates(&club, stamps.id, 100).until_day, 107);
    assert_int_equal(
        tally_programme_purse_dates(&club, TALLY_PURSE_POINTS, day(2026, 1, 1)).until_day,
        day(2027, 1, 31));
}

static void activity_lasts_where_anything_lives_on_it(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    assert_int_equal(tally_programme_active_until(&club, day(2026, 8, 31)), 0);
    struct tally_rule rule = a_rule("base", 1, 100);
    rule.has_expiry = true;
    rule.expiry = (struct tally_expiry){TALLY_EXPIRY_INACTIVE, 6, 0};
    club.rules = &rule;
    assert_int_equal(tally_programme_active_until(&club, day(2026, 8, 31)), day(2027, 2, 28));
    assert_int_equal(tally_programme_check(&club), TALLY_OK);
    club.expiry = (struct tally_expiry){TALLY_EXPIRY_INACTIVE, 7, 0}; /* an account has one day */
    assert_int_equal(tally_programme_check(&club), TALLY_E_RULE);
    club.expiry.count = 6;
    assert_int_equal(tally_programme_check(&club), TALLY_OK);
}

/* ------------------------------------------------------------------ values and look-ups */

static void points_are_worth_their_steps_rounded_down(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    int64_t minor = 77;
    assert_int_equal(tally_programme_value(&club, 0, 250, &minor), TALLY_OK);
    assert_true(minor == 250);
    club.redeem.step_points = 300;
    assert_int_equal(tally_programme_value(&club, 0, 250, &minor), TALLY_OK);
    assert_true(minor == 83);
    club.redeem.step_points = 1;
    assert_int_equal(tally_programme_value(&club, 0, INT64_MAX, &minor), TALLY_E_OVERFLOW);
    assert_true(minor == 83);
}

static void a_tier_may_get_more_for_its_points(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    struct tally_tier tiers[3];
    memcpy(tiers, club_tiers(), sizeof tiers);
    tiers[1].redeem_value_minor = 120;
    club.tiers.tiers = tiers;
    int64_t minor = 0;
    assert_int_equal(tally_programme_value(&club, 1, 200, &minor), TALLY_OK);
    assert_true(minor == 240);
    assert_int_equal(tally_programme_value(&club, 2, 200, &minor), TALLY_OK);
    assert_true(minor == 200);
}

static void things_are_found_by_their_id_or_not_at_all(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    static const uint32_t shops[][2] = {{1, 2}, {3, 4}};
    struct tally_merchant merchants[] = {
        {.code = "a", .id = id_of("a"), .name = {"a", "a"}, .shops = shops[0], .shop_count = 2},
        {.code = "b", .id = id_of("b"), .name = {"b", "b"}, .shops = shops[1], .shop_count = 2}};
    struct tally_reward reward = {.code = "r", .id = id_of("r")};
    struct tally_award_rule award = {.code = "w", .id = id_of("w")};
    struct tally_purse_rules purse = a_purse("stamps");
    club.merchants = merchants;
    club.merchant_count = 2;
    club.rewards = &reward;
    club.reward_count = 1;
    club.awards = &award;
    club.award_count = 1;
    club.purses = &purse;
    club.purse_count = 1;
    assert_ptr_equal(tally_programme_merchant(&club, 4), &merchants[1]);
    assert_null(tally_programme_merchant(&club, 5));
    assert_null(tally_programme_merchant(&club, 0));
    assert_ptr_equal(tally_programme_reward(&club, id_of("r")), &reward);
    assert_null(tally_programme_reward(&club, id_of("w")));
    assert_ptr_equal(tally_programme_award(&club, id_of("w")), &award);
    assert_null(tally_programme_award(&club, id_of("r")));
    assert_ptr_equal(tally_programme_purse(&club, id_of("stamps")), &purse);
    assert_null(tally_programme_purse(&club, TALLY_PURSE_POINTS));
    assert_int_equal(tally_programme_tier_index(&club, id_of("VIP")), 1);
    assert_int_equal(tally_programme_tier_index(&club, id_of("none")), 3);
}

/* ------------------------------------------------------------------ what makes sense */

/* A programme with one of everything; all of it may be changed. */
static struct everything {
    struct tally_programme club;
    struct tally_rule rules[4];
    struct tally_cap cap, earn_cap, limit, reward_limit;
    struct tally_hours hours;
    struct tally_group groups[2];
    struct tally_purse_rules purses[2];
    struct tally_reward rewards[6];
    struct tally_tier tiers[4];
    struct tally_condition conditions[4];
    struct tally_award_rule awards[2];
    struct tally_merchant merchants[2];
    uint32_t shops[2];
    struct tally_guard guard;
    struct tally_word words[2];
} all;

static struct tally_reward a_reward(const char *code, enum tally_reward_kind kind)
{
    return (struct tally_reward){.code = code,
                                 .id = id_of(code),
                                 .name = {code, code},
                                 .kind = kind,
                                 .when = always(),
                                 .amount_minor = 500,
                                 .percent = 10,
                                 .buy = 2,
                                 .get = 1,
                                 .cost = 100};
}

static struct tally_award_rule an_award(const char *code, enum tally_award_kind kind)
{
    return (struct tally_award_rule){
        .code = code, .id = id_of(code), .name = {code, code}, .kind = kind, .points = 10};
}

static void make_rules(void)
{
    all.rules[0] = a_rule("base", 1, 100);
    all.rules[0].caps = &all.cap;
    all.rules[0].cap_count = 1;
    all.rules[0].group = 1;
    all.rules[0].when.hours = &all.hours;
    all.rules[0].when.hour_count = 1;
    all.rules[0].when.tiers = words_of("VIP,3xVIP");
    all.rules[0].when.merchants = words_of("a");
    all.rules[0].lines.skus = (struct tally_words){all.words, 2};
    all.rules[1] = a_multiplier("double", 200);
    all.rules[1].group = 2;
    all.rules[2] = a_rule("stamps", 1, 1);
    all.rules[2].kind = TALLY_EARN_PER_ITEM;
    all.rules[2].purse = all.purses[0].id;
    all.rules[2].counts_for_tier = false;
    all.rules[3] = a_rule("club tier", 0, 1);
    all.rules[3].kind = TALLY_EARN_TIER;
    all.rules[3].tier = id_of("VIP");
    all.rules[3].tier_months = 12;
    all.club.rules = all.rules;
    all.club.rule_count = 4;
}

static void make_rewards(void)
{
    static const char *const codes[] = {"amount", "percent", "item", "bundle", "gift", "voucher"};
    for (size_t i = 0; i < 6; i++) {
        all.rewards[i] = a_reward(codes[i], (enum tally_reward_kind)(i + 1));
    }
    all.rewards[0].limits = &all.reward_limit;
    all.rewards[0].limit_count = 1;
    all.rewards[5].gives_purse = all.purses[1].id;
    all.rewards[5].gives = 1;
    all.club.rewards = all.rewards;
    all.club.reward_count = 6;
    all.club.redeem.limits = &all.limit;
    all.club.redeem.limit_count = 1;
}

static void make_tiers(void)
{
    memcpy(all.tiers, club_tiers(), 3 * sizeof all.tiers[0]);
    for (size_t i = 0; i < 2; i++) {
        all.conditions[i] = all.tiers[i + 1].conditions[0];
        all.tiers[i + 1].conditions = &all.conditions[i];
    }
    all.tiers[3] = all.tiers[2];
    all.tiers[3].code = "given";
    all.tiers[3].id = id_of("given");
    all.tiers[3].is_given_only = true;
    all.tiers[3].condition_count = 0;
    all.club.tiers.tiers = all.tiers;
    all.club.tiers.tier_count = 4;
}

static void make_everything(void)
{
    memset(&all, 0, sizeof all);
    all.club = a_club();
    all.cap = a_cap(TALLY_PERIOD_CAMPAIGN, 1000);
    all.earn_cap = a_cap(TALLY_PERIOD_MONTH, 1000);
    all.limit = a_cap(TALLY_PERIOD_DAY, 1000);
    all.limit.period = (struct tally_period){TALLY_PERIOD_ROLLING_DAYS, 30};
    all.reward_limit = a_cap(TALLY_PERIOD_CAMPAIGN, 3);
    all.hours = (struct tally_hours){600, 1440};
    all.groups[0] = (struct tally_group){"g", id_of("g"), TALLY_GROUP_BEST};
    all.groups[1] = (struct tally_group){"h", id_of("h"), TALLY_GROUP_FIRST};
    all.club.groups = all.groups;
    all.club.group_count = 2;
    all.purses[0] = a_purse("stamps");
    all.purses[1] = a_purse("vouchers");
    if (all.purses[0].id > all.purses[1].id) {
        struct tally_purse_rules first = all.purses[0];
        all.purses[0] = all.purses[1];
        all.purses[1] = first;
    }
    all.club.purses = all.purses;
    all.club.purse_count = 2;
    struct tally_words words = words_of("4006381333931,4006381333948");
    memcpy(all.words, words.items, sizeof all.words);
    all.shops[0] = 1;
    all.shops[1] = 2;
    for (size_t i = 0; i < 2; i++) {
        const char *code = i == 0 ? "a" : "b";
        all.merchants[i] = (struct tally_merchant){.code = code,
                                                   .id = id_of(code),
                                                   .name = {code, code},
                                                   .shops = &all.shops[i],
                                                   .shop_count = 1,
                                                   .earn_pct = 100};
    }
    all.club.merchants = all.merchants;
    all.club.merchant_count = 2;
    all.club.earn_caps = &all.earn_cap;
    all.club.earn_cap_count = 1;
    all.awards[0] = an_award("surprise", TALLY_AWARD_SURPRISE);
    all.awards[0].every = 100;
    all.awards[1] = an_award("monthly", TALLY_AWARD_PERIOD);
    all.awards[1].period.kind = TALLY_PERIOD_MONTH;
    all.club.awards = all.awards;
    all.club.award_count = 2;
    all.club.transfer = (struct tally_transfer_rules){.allowed = true,
                                                      .points_min = 1,
                                                      .points_max = 1000,
                                                      .limits = &all.limit,
                                                      .limit_count = 1};
    all.guard = (struct tally_guard){TALLY_GUARD_CARD_SALES_DAY, 5, true};
    all.club.guards = &all.guard;
    all.club.guard_count = 1;
    make_rules();
    make_rewards();
    make_tiers();
}

static void rules_that_make_sense_pass(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    assert_int_equal(tally_programme_check(&club), TALLY_OK);
    club.expiry = (struct tally_expiry){0};
    assert_int_equal(tally_programme_check(&club), TALLY_OK);
    club.rule_count = 0; /* points for nothing that is bought: awards only */
    assert_int_equal(tally_programme_check(&club), TALLY_OK);
    make_everything();
    assert_int_equal(tally_programme_check(&all.club), TALLY_OK);
}

/* The change is refused, and nothing else was wrong. */
#define REFUSED(change)                                                                            \
    make_everything();                                                                             \
    assert_int_equal(tally_programme_check(&all.club), TALLY_OK);                                  \
    all.change;                                                                                    \
    if (tally_programme_check(&all.club) != TALLY_E_RULE) {                                        \
        fail_msg("%s", #change);                                                                   \
    }

static void every_head_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    REFUSED(club.name = NULL)
    REFUSED(club.name = "")
    REFUSED(club.name = "\xff")
    REFUSED(club.version = 0)
    REFUSED(club.effective_ms = -1)
    REFUSED(club.zone.offset_s = TALLY_OFFSET_S_MAX + 1)
    REFUSED(club.zone.offset_s = -TALLY_OFFSET_S_MAX - 1)
    REFUSED(club.zone.has_summer = true) /* with no change that could be */
    REFUSED(club.currency[0] = 'c')
    REFUSED(club.currency[2] = '\0')
    REFUSED(club.currency[3] = 'Y')
    REFUSED(club.currency_exponent = 5)
    REFUSED(club.multipliers = (enum tally_multipliers)3)
    REFUSED(club.expiry.kind = (enum tally_expiry_kind)7)
    REFUSED(club.expiry.kind = TALLY_EXPIRY_NEVER) /* and a count */
    REFUSED(club.expiry.count = -1)
    REFUSED(club.expiry.count = 1201)
    REFUSED(club.expiry.kind = TALLY_EXPIRY_FIXED) /* in 1970 */
    REFUSED(club.pending.kind = (enum tally_pending_kind)4)
    REFUSED(club.pending.kind = TALLY_PENDING_DAYS)   /* 0 of them */
    REFUSED(club.pending.kind = TALLY_PENDING_RETURN) /* with no window */
    REFUSED(club.refund.policy = (enum tally_refund_policy)4)
    REFUSED(club.refund.window_days = -1)
    REFUSED(club.refund.grace_days = -1)
    REFUSED(club.hold_minutes = 0)
    REFUSED(club.hold_minutes = 10081)
    REFUSED(club.cards.count = TALLY_CARD_RULES_MAX + 1)
    REFUSED(club.cards.count = 1) /* which is not there */
    REFUSED(earn_cap.period.kind = TALLY_PERIOD_CAMPAIGN)
    REFUSED(earn_cap.before_multiplier = true)
}

static void every_rule_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    REFUSED(club.rules = NULL)
    REFUSED(club.rule_count = TALLY_RULES_MAX + 1)
    REFUSED(rules[0].code = NULL)
    REFUSED(rules[0].code = "")
    REFUSED(rules[0].id = 5)
    REFUSED(rules[1] = all.rules[0])
    REFUSED(rules[0].name.en = "")
    REFUSED(rules[0].name.zh = NULL)
    REFUSED(rules[0].kind = (enum tally_earn_kind)6)
    REFUSED(rules[0].points = -1)
    REFUSED(rules[0].points = TALLY_REDEEM_MAX + INT64_C(1))
    REFUSED(rules[0].per_minor = 0)
    REFUSED(rules[2].per_milli = 0)
    REFUSED(rules[2].purse = 12345)
    REFUSED(rules[2].counts_for_tier = true)
    REFUSED(rules[0].rounding = (enum tally_rounding)4)
    REFUSED(rules[0].uses_max = -1)
    REFUSED(rules[0].group = 3)
    REFUSED(rules[0].group = 2) /* with one that multiplies */
    REFUSED(rules[2].group = 1) /* stamps against points */
    REFUSED(rules[3].group = 1) /* a tier against points */
    REFUSED(rules[1].multiply_pct = TALLY_PERCENT_MAX + 1)
    REFUSED(rules[3].tier = 5)
    REFUSED(rules[3].tier_months = 0)
    REFUSED(rules[0].caps = NULL)
    REFUSED(rules[0].cap_count = TALLY_CAPS_MAX + 1)
    REFUSED(cap.points_max = -1)
    REFUSED(cap.points_max = TALLY_POINTS_MAX + 1)
    REFUSED(cap.before_multiplier = true) /* of a campaign */
    REFUSED(cap.period.kind = (enum tally_period_kind)12)
    REFUSED(cap.period.length = 1)
    REFUSED(cap.period.kind = TALLY_PERIOD_ROLLING_DAYS) /* how many? */
    REFUSED(rules[1].caps = &all.cap; all.rules[1].cap_count = 1)
    REFUSED(rules[0].kind = TALLY_EARN_FIXED; all.rules[0].per_line = true)
    REFUSED(rules[0].kind = TALLY_EARN_FIXED; all.rules[0].whole_steps = true)
    REFUSED(rules[0].has_expiry = true; all.rules[0].expiry.count = 1)
    REFUSED(rules[0].has_pending = true; all.rules[0].pending.kind = TALLY_PENDING_DAYS)
}

static void every_condition_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    REFUSED(rules[0].when.until_day = INT32_MIN; all.rules[0].when.from_day = 0)
    REFUSED(rules[0].when.weekdays = 128)
    REFUSED(rules[0].when.hours = NULL)
    REFUSED(hours.from_minute = -1)
    REFUSED(hours.from_minute = 1440)
    REFUSED(hours.until_minute = 600)
    REFUSED(hours.until_minute = 1441)
    REFUSED(rules[0].when.shop_count = 1) /* which is not there */
    REFUSED(rules[0].when.tiers = words_of("gold"))
    REFUSED(rules[0].when.merchants = words_of("c"))
    REFUSED(rules[0].when.away_days = -1)
    REFUSED(rules[0].when.joined_days = -1)
    REFUSED(rules[0].when.birthday = 3)
    REFUSED(rules[0].when.basket_minor_min = -1)
    REFUSED(rules[0].when.spend_minor_min = TALLY_MONEY_MAX + 1)
    REFUSED(rules[0].when.quantity_milli_min = -1)
    REFUSED(rules[0].lines.price_minor_min = -1)
    REFUSED(words[0].id = 5)
    REFUSED(words[0].text = "")
    REFUSED(words[1] = all.words[0])
    REFUSED(words[0] = all.words[1])
    struct tally_word first;
    REFUSED(rules[0].lines.skus.count = 2; first = all.words[0]; all.words[0] = all.words[1];
            all.words[1] = first)
}

static void everything_else_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    REFUSED(groups[1].kind = (enum tally_group_kind)0)
    REFUSED(groups[1] = all.groups[0])
    REFUSED(purses[1] = all.purses[0])
    REFUSED(purses[0].name.en = "")
    REFUSED(purses[0].per_sale_max = -1)
    REFUSED(purses[0].expiry.kind = TALLY_EXPIRY_MONTHS) /* 0 of them */
    REFUSED(club.redeem.value_minor = 0)
    REFUSED(club.redeem.value_minor = TALLY_REDEEM_MAX + INT64_C(1))
    REFUSED(club.redeem.step_points = 0)
    REFUSED(club.redeem.points_min = -100)
    REFUSED(club.redeem.points_min = 150)
    REFUSED(club.redeem.points_max = 50)
    REFUSED(club.redeem.share_pct = 101)
    REFUSED(limit.refuses = true)
    REFUSED(limit.period.kind = TALLY_PERIOD_CAMPAIGN; all.limit.period.length = 0)
    REFUSED(rewards[1] = all.rewards[0])
    REFUSED(rewards[0].kind = (enum tally_reward_kind)0)
    REFUSED(rewards[0].amount_minor = 0)
    REFUSED(rewards[1].percent = 0)
    REFUSED(rewards[1].percent = 101)
    REFUSED(rewards[3].buy = 0)
    REFUSED(rewards[3].get = 0)
    REFUSED(rewards[5].gives = 0)
    REFUSED(rewards[5].gives_purse = TALLY_PURSE_POINTS)
    REFUSED(rewards[0].cost = -1)
    REFUSED(rewards[0].cost_purse = 5)
    REFUSED(rewards[0].group = 3)
    REFUSED(rewards[0].total_max = -1)
    REFUSED(awards[0].points = 0)
    REFUSED(awards[0].every = 0)
    REFUSED(awards[0].chance_ppm = 5) /* and every */
    REFUSED(awards[1].every = 5)
    REFUSED(awards[1].period.kind = TALLY_PERIOD_LIFETIME)
    REFUSED(awards[1].tiers = words_of("gold"))
    REFUSED(awards[1] = all.awards[0])
    REFUSED(club.transfer.points_min = 0)
    REFUSED(club.transfer.points_max = 0)
    REFUSED(merchants[1].id = all.merchants[0].id)
    REFUSED(merchants[1].earn_pct = 101)
    REFUSED(merchants[1].issue_price_micro = -1)
    REFUSED(shops[1] = 1) /* two merchants' */
    REFUSED(shops[1] = 0)
    REFUSED(guard.kind = (enum tally_guard_kind)0)
    REFUSED(guard.limit = -1)
}

static void every_tier_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    REFUSED(club.tiers.tiers = NULL)
    REFUSED(club.tiers.tier_count = 0)
    REFUSED(club.tiers.window.kind = TALLY_PERIOD_SALE)
    REFUSED(club.tiers.window.kind = TALLY_PERIOD_CAMPAIGN)
    REFUSED(club.tiers.window.kind = TALLY_PERIOD_LIFETIME) /* holds to the end of the next */
    REFUSED(club.tiers.hold = (enum tally_tier_hold)5)
    REFUSED(club.tiers.hold = TALLY_TIER_HOLD_MONTHS)
    REFUSED(club.tiers.hold_months = 1)
    REFUSED(club.tiers.downgrade = (enum tally_tier_downgrade)3)
    REFUSED(club.tiers.grace_days = -1)
    REFUSED(club.tiers.grace_months = -1)
    REFUSED(tiers[0].conditions = all.conditions; all.tiers[0].condition_count = 1)
    REFUSED(tiers[0].is_given_only = true)
    REFUSED(tiers[1].condition_count = 0)
    REFUSED(tiers[1].conditions = NULL)
    REFUSED(conditions[0].threshold = 0)
    REFUSED(conditions[0].metric = (enum tally_metric)5)
    REFUSED(conditions[1].threshold = 200000) /* no higher than the one before */
    REFUSED(tiers[1].code = NULL)
    REFUSED(tiers[1].code = "")
    REFUSED(tiers[2].code = "P"; all.tiers[2].id = id_of("P"))
    REFUSED(tiers[1].name.en = "")
    REFUSED(tiers[1].name.zh = NULL)
    REFUSED(tiers[1].stars = 10)
    REFUSED(tiers[1].colour = 0x1000000)
    REFUSED(tiers[1].multiplier_pct = 10001)
    REFUSED(tiers[1].redeem_value_minor = -1)
    make_everything();
    all.conditions[1] = (struct tally_condition){TALLY_METRIC_VISITS, 5}; /* can't be compared */
    assert_int_equal(tally_programme_check(&all.club), TALLY_OK);
}

static void a_card_rule_that_swallows_payment_cards_is_refused_by_name(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    struct tally_card_rule rules[] = {{"600585", 17}, {"4", 16}};
    club.cards = (struct tally_card_rules){rules, 2};
    assert_int_equal(tally_programme_check(&club), TALLY_E_PAYMENT_CARD);
    rules[1] = (struct tally_card_rule){"600585", 6};
    assert_int_equal(tally_programme_check(&club), TALLY_E_RULE);
    club.cards.count = 1;
    assert_int_equal(tally_programme_check(&club), TALLY_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_business_day_is_the_programmes),
        cmocka_unit_test(points_live_as_long_as_the_programme_says),
        cmocka_unit_test(a_fixed_day_comes_again_every_year),
        cmocka_unit_test(pending_points_begin_later_and_never_end_before),
        cmocka_unit_test(a_purse_has_dates_of_its_own),
        cmocka_unit_test(activity_lasts_where_anything_lives_on_it),
        cmocka_unit_test(points_are_worth_their_steps_rounded_down),
        cmocka_unit_test(a_tier_may_get_more_for_its_points),
        cmocka_unit_test(things_are_found_by_their_id_or_not_at_all),
        cmocka_unit_test(rules_that_make_sense_pass),
        cmocka_unit_test(every_head_that_makes_no_sense_is_refused),
        cmocka_unit_test(every_rule_that_makes_no_sense_is_refused),
        cmocka_unit_test(every_condition_that_makes_no_sense_is_refused),
        cmocka_unit_test(everything_else_that_makes_no_sense_is_refused),
        cmocka_unit_test(every_tier_that_makes_no_sense_is_refused),
        cmocka_unit_test(a_card_rule_that_swallows_payment_cards_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
