/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a programme: days, tiers, values, and which rules make no sense. */
#include "tests/unit/core/club.h"

static int32_t day(int32_t year, int32_t month, int32_t of_month)
{
    return tally_day_from_date(year, month, of_month);
}

static void the_business_day_is_the_programmes(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    assert_int_equal(tally_programme_day(&club, INT64_C(57600000) - 1), 0);
    assert_int_equal(tally_programme_day(&club, INT64_C(57600000)), 1);
}

static void points_live_as_long_as_the_programme_says(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    assert_int_equal(tally_programme_expiry_day(&club, day(2027, 2, 3)), day(2028, 2, 29));
    assert_int_equal(tally_programme_expiry_day(&club, day(2026, 12, 31)), day(2027, 12, 31));
    club.expiry_months = 0;
    assert_int_equal(tally_programme_expiry_day(&club, day(2026, 2, 28)), day(2026, 2, 28));
    assert_int_equal(tally_programme_expiry_day(&club, day(2026, 12, 1)), day(2026, 12, 31));
    club.expiry_months = 1200;
    assert_int_equal(tally_programme_expiry_day(&club, day(2026, 1, 31)), day(2126, 1, 31));
    club.expiry = TALLY_EXPIRY_MONTHS;
    club.expiry_months = 1;
    assert_int_equal(tally_programme_expiry_day(&club, day(2026, 1, 31)), day(2026, 2, 28));
    club.expiry = TALLY_EXPIRY_NEVER;
    assert_int_equal(tally_programme_expiry_day(&club, day(2026, 1, 31)), TALLY_DAY_NEVER);
}

static void a_threshold_belongs_to_its_tier(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    assert_int_equal(tally_programme_tier_of(&club, -5), 0);
    assert_int_equal(tally_programme_tier_of(&club, 199999), 0);
    assert_int_equal(tally_programme_tier_of(&club, 200000), 1);
    assert_int_equal(tally_programme_tier_of(&club, 1999999), 1);
    assert_int_equal(tally_programme_tier_of(&club, INT64_MAX), 2);
}

static void points_are_worth_their_steps_rounded_down(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    int64_t minor = 77;
    assert_int_equal(tally_programme_value(&club, 250, &minor), TALLY_OK);
    assert_true(minor == 250);
    club.redeem_step = 300;
    assert_int_equal(tally_programme_value(&club, 250, &minor), TALLY_OK);
    assert_true(minor == 83);
    club.redeem_step = 1;
    assert_int_equal(tally_programme_value(&club, INT64_MAX, &minor), TALLY_E_OVERFLOW);
    assert_true(minor == 83);
}

static void rules_that_make_sense_pass(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    assert_int_equal(tally_programme_check(&club), TALLY_OK);
    club.expiry = TALLY_EXPIRY_NEVER;
    club.expiry_months = 0;
    assert_int_equal(tally_programme_check(&club), TALLY_OK);
}

static void every_rule_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct tally_programme club;
#define REFUSED(change)                                                                            \
    club = a_club();                                                                               \
    club.change;                                                                                   \
    if (tally_programme_check(&club) != TALLY_E_RULE) {                                            \
        fail_msg("%s", #change);                                                                   \
    }
    REFUSED(name = NULL)
    REFUSED(name = "")
    REFUSED(version = 0)
    REFUSED(utc_offset_s = TALLY_OFFSET_S_MAX + 1)
    REFUSED(utc_offset_s = -TALLY_OFFSET_S_MAX - 1)
    REFUSED(currency[0] = 'c')
    REFUSED(currency[2] = '\0')
    REFUSED(currency[3] = 'Y')
    REFUSED(currency_exponent = 5)
    REFUSED(earn_points_per_major_milli = 0)
    REFUSED(earn_points_per_major_milli = 1000001)
    REFUSED(earn_rounding = (enum tally_rounding)3)
    REFUSED(redeem_value_minor = 0)
    REFUSED(redeem_value_minor = TALLY_REDEEM_MAX + INT64_C(1))
    REFUSED(redeem_step = 0)
    REFUSED(redeem_min = 0)
    REFUSED(redeem_min = 150)
    REFUSED(redeem_max_share_pct = 0)
    REFUSED(redeem_max_share_pct = 101)
    REFUSED(expiry = (enum tally_expiry_kind)3)
    REFUSED(expiry = TALLY_EXPIRY_NEVER)
    REFUSED(expiry_months = -1)
    REFUSED(expiry_months = 1201)
    REFUSED(tier_metric = (enum tally_tier_metric)0)
    REFUSED(tiers = NULL)
    REFUSED(tier_count = 0)
    REFUSED(cards.count = TALLY_CARD_RULES_MAX + 1)
    club = a_club();
    club.expiry = TALLY_EXPIRY_MONTHS;
    club.expiry_months = 0;
    assert_int_equal(tally_programme_check(&club), TALLY_E_RULE);
#undef REFUSED
}

static void every_tier_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct tally_programme club = a_club();
    struct tally_tier tiers[3];
    club.tiers = tiers;
#define REFUSED(change)                                                                              \
    memcpy(tiers, club_tiers, sizeof tiers);                                                         \
    assert_int_equal(tally_programme_check(&club), TALLY_OK);                                        \
    tiers[change;                                                                                  \
    if (tally_programme_check(&club) != TALLY_E_RULE) {                                            \
        fail_msg("%s", #change);                                                                   \
    }
    REFUSED(0].threshold = 1)
    REFUSED(1].threshold = 0)
    REFUSED(2].threshold = 200000)
    REFUSED(1].code = NULL)
    REFUSED(1].code = "")
    REFUSED(2].code = "P")
    REFUSED(1].name_en = "")
    REFUSED(1].name_zh = NULL)
    REFUSED(1].stars = 10)
    REFUSED(1].multiplier_pct = 10001)
#undef REFUSED
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
        cmocka_unit_test(a_threshold_belongs_to_its_tier),
        cmocka_unit_test(points_are_worth_their_steps_rounded_down),
        cmocka_unit_test(rules_that_make_sense_pass),
        cmocka_unit_test(every_rule_that_makes_no_sense_is_refused),
        cmocka_unit_test(every_tier_that_makes_no_sense_is_refused),
        cmocka_unit_test(a_card_rule_that_swallows_payment_cards_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
