/* SPDX-License-Identifier: Apache-2.0 */
/* The programme document: what it can say, what is meant where it is silent, and that every mistake
 * is named by line and path. */
#include "tests/unit/programme/paper.h"

#include "app/base/alloc.h"
#include "app/core/basket.h"

#include <inttypes.h>

static uint32_t id_of(const char *text)
{
    return tally_word_id(text, strlen(text));
}

static int32_t day(int32_t year, int32_t month, int32_t of_month)
{
    return tally_day_from_date(year, month, of_month);
}

/* ------------------------------------------------------------------ what is allowed */

static void the_club_means_what_it_says(void **state)
{
    (void)state;
    struct tally_buffer text = file_bytes(SAMPLES "/club.json");
    struct tally_programme_document *document = text_accepted(tally_buffer_slice(&text));
    const struct tally_programme *programme = tally_programme_of(document);
    assert_int_equal(tally_programme_check(programme), TALLY_OK);
    assert_string_equal(programme->name, "Tallystick Club");
    assert_int_equal(programme->version, 1);
    assert_true(programme->effective_ms == INT64_C(1767196800000)); /* 2025-12-31T16:00:00Z */
    assert_int_equal(programme->zone.offset_s, 8 * 3600);
    assert_string_equal(programme->currency, "CNY");
    assert_int_equal(programme->currency_exponent, 2);
    assert_int_equal(programme->rule_count, 1);
    assert_int_equal(programme->rules[0].kind, TALLY_EARN_PER_MONEY);
    assert_true(programme->rules[0].points == 1);
    assert_true(programme->rules[0].per_minor == 100);
    assert_true(programme->rules[0].is_multiplied && programme->rules[0].counts_for_tier);
    assert_int_equal(programme->rules[0].rounding, TALLY_ROUND_FLOOR);
    assert_string_equal(programme->rules[0].name.zh, "每 1 元积 1 分");
    assert_true(programme->redeem.step_points == 100 && programme->redeem.value_minor == 100);
    assert_true(programme->redeem.points_min == 100 && programme->redeem.points_max == 0);
    assert_int_equal(programme->redeem.share_pct, 50);
    assert_int_equal(programme->expiry.kind, TALLY_EXPIRY_END_OF_MONTH);
    assert_int_equal(programme->expiry.count, 12);
    const struct tally_tier_rules *tiers = &programme->tiers;
    assert_int_equal(tiers->window.kind, TALLY_PERIOD_YEAR);
    assert_int_equal(tiers->hold, TALLY_TIER_HOLD_NEXT_PERIOD);
    assert_int_equal(tiers->tier_count, 5);
    assert_int_equal(tiers->tiers[0].condition_count, 0);
    assert_string_equal(tiers->tiers[3].code, "2xVIP");
    assert_int_equal(tiers->tiers[3].id, id_of("2xVIP"));
    assert_string_equal(tiers->tiers[3].name.en, "Double VIP");
    assert_string_equal(tiers->tiers[3].name.zh, "双倍贵宾");
    assert_int_equal(tiers->tiers[3].stars, 4);
    assert_int_equal(tiers->tiers[3].multiplier_pct, 200);
    assert_int_equal(tiers->tiers[3].condition_count, 1);
    assert_int_equal(tiers->tiers[3].conditions[0].metric, TALLY_METRIC_SPEND);
    assert_true(tiers->tiers[3].conditions[0].threshold == 800000);
    assert_int_equal(programme->cards.count, 2);
    assert_string_equal(programme->cards.rules[1].prefix, "6102145");
    assert_int_equal(programme->cards.rules[1].length, 12);
    tally_programme_document_free(document);
    tally_buffer_free(&text);
}

static void the_shortest_document_means_its_defaults(void **state)
{
    (void)state;
    struct tally_programme_document *document = accepted(PAPER_RULES(""));
    const struct tally_programme *programme = tally_programme_of(document);
    assert_int_equal(programme->rule_count, 0);
    assert_int_equal(programme->multipliers, TALLY_MULTIPLIERS_COMPOUND);
    assert_false(programme->earn_on_redeemed);
    assert_false(programme->earn_without_tax);
    assert_false(programme->earn_before_discount);
    assert_int_equal(programme->expiry.kind, TALLY_EXPIRY_NEVER);
    assert_int_equal(programme->pending.kind, TALLY_PENDING_NONE);
    assert_int_equal(programme->redeem.share_pct, 0);
    assert_int_equal(programme->refund.policy, TALLY_REFUND_DEBT);
    assert_true(programme->refund.pending_first);
    assert_false(programme->refund.by_amount || programme->refund.capped_first);
    assert_int_equal(programme->hold_minutes, 15);
    assert_int_equal(programme->tiers.tier_count, 1);
    assert_string_equal(programme->tiers.tiers[0].code, "member");
    assert_int_equal(programme->tiers.tiers[0].multiplier_pct, 100);
    assert_false(programme->transfer.allowed);
    assert_int_equal(programme->merchant_count + programme->guard_count + programme->award_count +
                         programme->reward_count + programme->purse_count + programme->group_count +
                         programme->cards.count,
                     0);
    tally_programme_document_free(document);
}

static void every_form_of_a_rule_is_understood(void **state)
{
    (void)state;
    struct tally_programme_document *document =
        accepted("\"purses\": [{ \"code\": \"stamps\" }],\n" PAPER_RULES(
            "{ \"code\": \"money\", \"points\": 3, \"per_minor\": 250, \"rounding\": \"ceil\","
            "  \"per_line\": true },"
            "{ \"code\": \"kilos\", \"points\": 5, \"per_quantity_milli\": 500 },"
            "{ \"code\": \"pieces\", \"points\": 1, \"per_items\": 2, \"purse\": \"stamps\" },"
            "{ \"code\": \"fixed\", \"points\": 50, \"multiplied\": true, \"uses\": 3,"
            "  \"stop\": true, \"counts_for_tier\": false },"
            "{ \"code\": \"twice\", \"multiply_pct\": 200 },"
            "{ \"code\": \"club\", \"gives_tier\": \"member\", \"months\": 12 }"));
    const struct tally_rule *rules = tally_programme_of(document)->rules;
    assert_int_equal(rules[0].kind, TALLY_EARN_PER_MONEY);
    assert_true(rules[0].points == 3 && rules[0].per_minor == 250);
    assert_int_equal(rules[0].rounding, TALLY_ROUND_CEIL);
    assert_true(rules[0].per_line && rules[0].is_multiplied);
    assert_int_equal(rules[1].kind, TALLY_EARN_PER_ITEM);
    assert_true(rules[1].per_milli == 500);
    assert_true(rules[1].purse == TALLY_PURSE_POINTS && rules[1].counts_for_tier);
    assert_int_equal(rules[2].kind, TALLY_EARN_PER_ITEM);
    assert_true(rules[2].per_milli == 2000);
    assert_int_equal(rules[2].purse, id_of("stamps"));
    assert_false(rules[2].is_multiplied || rules[2].counts_for_tier);
    assert_int_equal(rules[3].kind, TALLY_EARN_FIXED);
    assert_true(rules[3].is_multiplied && rules[3].stops && rules[3].uses_max == 3);
    assert_false(rules[3].counts_for_tier);
    assert_int_equal(rules[4].kind, TALLY_EARN_MULTIPLY);
    assert_int_equal(rules[4].multiply_pct, 200);
    assert_false(rules[4].is_multiplied || rules[4].counts_for_tier);
    assert_int_equal(rules[5].kind, TALLY_EARN_TIER);
    assert_int_equal(rules[5].tier, id_of("member"));
    assert_int_equal(rules[5].tier_months, 12);
    assert_string_equal(rules[5].name.en, "club");
    tally_programme_document_free(document);
}

static void every_condition_is_understood(void **state)
{
    (void)state;
    struct tally_programme_document *document =
        accepted("\"merchants\": [{ \"code\": \"m\", \"shops\": [3] }],\n" PAPER_RULE(
            "\"points\": 1, \"when\": { \"from\": \"2026-02-28\", \"until\": \"2028-02-29\","
            "  \"weekdays\": [\"sun\", \"mon\"], \"hours\": [\"00:00-09:30\", \"22:15-24:00\"],"
            "  \"shops\": [3, 4294967295], \"channels\": [\"web\", \"app\"],"
            "  \"tiers\": [\"member\"], \"merchants\": [\"m\"], \"tenders\": [\"cash\"],"
            "  \"codes\": [\"SPRING\"], \"visit_first\": 4, \"visit_every\": 2,"
            "  \"away_days\": 30, \"joined_days\": 60, \"birthday\": \"week\","
            "  \"basket_minor_min\": 1, \"spend_minor_min\": 2, \"spend_without_tax\": true,"
            "  \"quantity_milli_min\": 3 },"
            "\"lines\": { \"skus\": [\"b\", \"a\"], \"categories\": [\"c\"],"
            "  \"except_skus\": [\"d\"], \"except_categories\": [\"e\"],"
            "  \"price_minor_min\": 9 }"));
    const struct tally_rule *rule = &tally_programme_of(document)->rules[0];
    const struct tally_when *when = &rule->when;
    assert_int_equal(when->from_day, day(2026, 2, 28));
    assert_int_equal(when->until_day, day(2028, 2, 29));
    assert_int_equal(when->weekdays, 1 << 0 | 1 << 6);
    assert_int_equal(when->hour_count, 2);
    assert_int_equal(when->hours[0].from_minute, 0);
    assert_int_equal(when->hours[0].until_minute, 570);
    assert_int_equal(when->hours[1].from_minute, 22 * 60 + 15);
    assert_int_equal(when->hours[1].until_minute, 1440);
    assert_int_equal(when->shop_count, 2);
    assert_true(when->shops[1] == UINT32_MAX);
    assert_int_equal(when->channels.count, 2);
    assert_true(when->channels.items[0].id < when->channels.items[1].id);
    assert_int_equal(when->tiers.items[0].id, id_of("member"));
    assert_int_equal(when->merchants.items[0].id, id_of("m"));
    assert_string_equal(when->tenders.items[0].text, "cash");
    assert_string_equal(when->codes.items[0].text, "SPRING");
    assert_int_equal(when->visit_first, 4);
    assert_int_equal(when->visit_every, 2);
    assert_int_equal(when->away_days, 30);
    assert_int_equal(when->joined_days, 60);
    assert_int_equal(when->birthday, TALLY_BIRTHDAY_WEEK);
    assert_true(when->basket_minor_min == 1 && when->spend_minor_min == 2);
    assert_true(when->spend_without_tax && when->quantity_milli_min == 3);
    assert_int_equal(rule->lines.skus.count, 2);
    assert_string_equal(rule->lines.categories.items[0].text, "c");
    assert_string_equal(rule->lines.except_skus.items[0].text, "d");
    assert_string_equal(rule->lines.except_categories.items[0].text, "e");
    assert_true(rule->lines.price_minor_min == 9);
    tally_programme_document_free(document);
}

static void every_period_of_a_cap_is_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum tally_period_kind kind;
        int32_t length;
    } periods[] = {
        {"\"sale\"", TALLY_PERIOD_SALE, 0},
        {"\"day\"", TALLY_PERIOD_DAY, 0},
        {"\"week\"", TALLY_PERIOD_WEEK, 0},
        {"\"month\"", TALLY_PERIOD_MONTH, 0},
        {"\"quarter\"", TALLY_PERIOD_QUARTER, 0},
        {"\"half_year\"", TALLY_PERIOD_HALF_YEAR, 0},
        {"\"year\"", TALLY_PERIOD_YEAR, 0},
        {"\"anniversary\"", TALLY_PERIOD_ANNIVERSARY, 0},
        {"\"campaign\"", TALLY_PERIOD_CAMPAIGN, 0},
        {"\"lifetime\"", TALLY_PERIOD_LIFETIME, 0},
        {"{ \"rolling_days\": 30 }", TALLY_PERIOD_ROLLING_DAYS, 30},
        {"{ \"rolling_months\": 12 }", TALLY_PERIOD_ROLLING_MONTHS, 12},
    };
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
        char sections[512];
        snprintf(sections, sizeof sections,
                 PAPER_RULE("\"points\": 1, \"when\": { \"from\": \"2026-01-01\","
                            " \"until\": \"2026-12-31\" },"
                            "\"caps\": [{ \"per\": %s, \"points\": 7, \"refuses\": true }]"),
                 periods[i].text);
        struct tally_programme_document *document = accepted(sections);
        const struct tally_rule *rule = &tally_programme_of(document)->rules[0];
        assert_int_equal(rule->cap_count, 1);
        assert_int_equal(rule->caps[0].period.kind, periods[i].kind);
        assert_int_equal(rule->caps[0].period.length, periods[i].length);
        assert_true(rule->caps[0].points_max == 7 && rule->caps[0].refuses);
        tally_programme_document_free(document);
    }
}

static void all_dates_of_points_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum tally_expiry_kind kind;
        int32_t count;
    } kinds[] = {
        {"\"never\"", TALLY_EXPIRY_NEVER, 0},
        {"\"months\", \"months\": 1", TALLY_EXPIRY_MONTHS, 1},
        {"\"end_of_month\", \"months\": 0", TALLY_EXPIRY_END_OF_MONTH, 0},
        {"\"days\", \"days\": 90", TALLY_EXPIRY_DAYS, 90},
        {"\"end_of_year\", \"years\": 2", TALLY_EXPIRY_END_OF_YEAR, 2},
        {"\"fixed\", \"day\": \"2026-12-31\"", TALLY_EXPIRY_FIXED, 0},
        {"\"inactive\", \"months\": 18", TALLY_EXPIRY_INACTIVE, 18},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char sections[512];
        snprintf(sections, sizeof sections,
                 "\"expiry\": { \"kind\": %s },\n" PAPER_RULE(
                     "\"points\": 1, \"expiry\": { \"kind\": %s },"
                     " \"pending\": { \"kind\": \"days\", \"days\": 14 }"),
                 kinds[i].text, kinds[i].text);
        struct tally_programme_document *document = accepted(sections);
        const struct tally_programme *programme = tally_programme_of(document);
        assert_int_equal(programme->expiry.kind, kinds[i].kind);
        assert_int_equal(programme->expiry.count, kinds[i].count);
        assert_int_equal(programme->expiry.day,
                         kinds[i].kind == TALLY_EXPIRY_FIXED ? day(2026, 12, 31) : 0);
        assert_true(programme->rules[0].has_expiry && programme->rules[0].has_pending);
        assert_int_equal(programme->rules[0].pending.kind, TALLY_PENDING_DAYS);
        assert_int_equal(programme->rules[0].pending.count, 14);
        tally_programme_document_free(document);
    }
}

static void every_kind_of_reward_is_understood(void **state)
{
    (void)state;
    struct tally_programme_document *document = accepted(
        "\"groups\": [{ \"code\": \"other\" }, { \"code\": \"one\", \"kind\": \"first\" }],\n"
        "\"purses\": [{ \"code\": \"stamps\", \"per_sale_max\": 3 }, { \"code\": \"vouchers\" }],\n"
        "\"rewards\": [\n"
        "{ \"code\": \"a\", \"kind\": \"amount\", \"amount_minor\": 500, \"cost\": 100 },\n"
        "{ \"code\": \"p\", \"kind\": \"percent\", \"percent\": 20, \"amount_minor\": 900,"
        "  \"automatic\": true, \"group\": \"one\" },\n"
        "{ \"code\": \"i\", \"kind\": \"item\", \"cost\": 10, \"cost_purse\": \"stamps\","
        "  \"limits\": [{ \"per\": \"sale\", \"times\": 2 }], \"total\": 1000 },\n"
        "{ \"code\": \"b\", \"kind\": \"bundle\", \"buy\": 2, \"get\": 1, \"percent\": 50 },\n"
        "{ \"code\": \"g\", \"kind\": \"gift\" },\n"
        "{ \"code\": \"v\", \"kind\": \"purse\", \"gives_purse\": \"vouchers\", \"cost\": 9 "
        "}],\n" PAPER_RULES(""));
    const struct tally_programme *programme = tally_programme_of(document);
    const struct tally_reward *rewards = programme->rewards;
    assert_int_equal(programme->reward_count, 6);
    assert_int_equal(rewards[0].kind, TALLY_REWARD_AMOUNT);
    assert_true(rewards[0].amount_minor == 500 && rewards[0].cost == 100);
    assert_int_equal(rewards[0].cost_purse, TALLY_PURSE_POINTS);
    assert_int_equal(rewards[1].percent, 20);
    assert_true(rewards[1].is_automatic && rewards[1].group == 2);
    assert_int_equal(programme->groups[0].kind, TALLY_GROUP_BEST);
    assert_int_equal(programme->groups[1].kind, TALLY_GROUP_FIRST);
    assert_int_equal(rewards[2].cost_purse, id_of("stamps"));
    assert_true(rewards[2].percent == 100 && rewards[2].get == 1);
    assert_true(rewards[2].limits[0].points_max == 2 && rewards[2].total_max == 1000);
    assert_true(rewards[3].buy == 2 && rewards[3].get == 1 && rewards[3].percent == 50);
    assert_int_equal(rewards[4].kind, TALLY_REWARD_GIFT);
    assert_int_equal(rewards[5].gives_purse, id_of("vouchers"));
    assert_true(rewards[5].gives == 1);
    assert_int_equal(programme->purse_count, 2);
    assert_true(programme->purses[0].id < programme->purses[1].id);
    assert_true(tally_programme_purse(programme, id_of("stamps"))->per_sale_max == 3);
    tally_programme_document_free(document);
}

static void everything_about_tiers_is_understood(void **state)
{
    (void)state;
    struct tally_programme_document *document = accepted(
        "\"tiers\": { \"metric\": \"visits\", \"window\": { \"rolling_months\": 12 },\n"
        "\"hold\": { \"months\": 6 }, \"downgrade\": \"never\",\n"
        "\"grace\": { \"days\": 1, \"months\": 2, \"to_month_end\": true },\n"
        "\"levels\": [{ \"code\": \"a\" },\n"
        "{ \"code\": \"b\", \"name\": \"B\", \"note\": \"skip the queue\", \"stars\": 9,"
        "  \"colour\": \"#d4AF37\", \"threshold\": 10, \"step_value_minor\": 3 },\n"
        "{ \"code\": \"c\", \"conditions\": { \"any\": [{ \"metric\": \"balance\","
        "  \"threshold\": 5 }, { \"metric\": \"points\", \"threshold\": 6 }] } },\n"
        "{ \"code\": \"d\", \"given_only\": true, \"multiplier_pct\": 0 }] },\n" PAPER_RULES(""));
    const struct tally_tier_rules *rules = &tally_programme_of(document)->tiers;
    assert_int_equal(rules->window.kind, TALLY_PERIOD_ROLLING_MONTHS);
    assert_int_equal(rules->window.length, 12);
    assert_int_equal(rules->hold, TALLY_TIER_HOLD_MONTHS);
    assert_int_equal(rules->hold_months, 6);
    assert_int_equal(rules->downgrade, TALLY_DOWNGRADE_NEVER);
    assert_true(rules->grace_days == 1 && rules->grace_months == 2 && rules->grace_to_month_end);
    assert_string_equal(rules->tiers[0].name.zh, "a");
    assert_int_equal(rules->tiers[1].colour, 0xD4AF37);
    assert_string_equal(rules->tiers[1].note.en, "skip the queue");
    assert_int_equal(rules->tiers[1].conditions[0].metric, TALLY_METRIC_VISITS);
    assert_true(rules->tiers[1].redeem_value_minor == 3);
    assert_true(rules->tiers[2].any_condition && rules->tiers[2].condition_count == 2);
    assert_int_equal(rules->tiers[2].conditions[0].metric, TALLY_METRIC_BALANCE);
    assert_true(rules->tiers[3].is_given_only && rules->tiers[3].multiplier_pct == 0);
    tally_programme_document_free(document);
}

static void the_rest_of_a_programme_is_understood(void **state)
{
    (void)state;
    struct tally_programme_document *document = accepted(
        "\"redeem\": { \"step_points\": 10, \"step_value_minor\": 5, \"maximum_points\": 100,"
        "  \"limits\": [{ \"per\": \"day\", \"points\": 50 }],"
        "  \"member_limits\": [{ \"per\": \"sale\", \"points\": 20 }],"
        "  \"lines\": { \"except_categories\": [\"fuel\"] }, \"earned_pays\": true },\n"
        "\"refunds\": { \"policy\": \"pending\", \"pending_first\": false, \"window_days\": 14,"
        "  \"grace_days\": 3, \"by\": \"amount\", \"capped_first\": true },\n"
        "\"holds\": { \"minutes\": 30 },\n"
        "\"awards\": [{ \"code\": \"w\", \"kind\": \"period\", \"per\": \"month\", \"points\": 1,"
        "  \"tiers\": [\"member\"] },\n"
        "{ \"code\": \"s\", \"kind\": \"surprise\", \"chance_ppm\": 5, \"multiply_pct\": 300,"
        "  \"budget\": 9 },\n"
        "{ \"code\": \"f\", \"kind\": \"referred\", \"points\": 2, \"uses\": 1,"
        "  \"spend_minor_min\": 7 }],\n"
        "\"transfer\": { \"points_min\": 5, \"renews_expiry\": true },\n"
        "\"merchants\": [{ \"code\": \"m\", \"shops\": [1, 2], \"earn_pct\": 25,"
        "  \"issue_price_micro\": 8, \"redeem_price_micro\": 9 }],\n"
        "\"guards\": [{ \"kind\": \"own_card\", \"refuses\": true },"
        "  { \"kind\": \"travel_minutes\", \"limit\": 0 }],\n"
        "\"earn\": { \"rules\": [], \"multipliers\": \"sum\", \"on_redeemed\": true,"
        "  \"on_tax\": false, \"on_discounts\": true, \"tenders_without_points\": [\"card\"],"
        "  \"lines\": { \"categories\": [\"food\"] },"
        "  \"caps\": [{ \"per\": \"week\", \"points\": 3 }],"
        "  \"pending\": { \"kind\": \"return_window\" } }");
    const struct tally_programme *programme = tally_programme_of(document);
    assert_true(programme->redeem.points_min == 10 && programme->redeem.points_max == 100);
    assert_int_equal(programme->redeem.share_pct, 100);
    assert_true(programme->redeem.limits[0].points_max == 50);
    assert_int_equal(programme->redeem.member_limits[0].period.kind, TALLY_PERIOD_SALE);
    assert_int_equal(programme->redeem.lines.except_categories.count, 1);
    assert_true(programme->redeem.earned_pays);
    assert_int_equal(programme->refund.policy, TALLY_REFUND_PENDING);
    assert_false(programme->refund.pending_first);
    assert_int_equal(programme->refund.window_days, 14);
    assert_int_equal(programme->refund.grace_days, 3);
    assert_true(programme->refund.by_amount && programme->refund.capped_first);
    assert_int_equal(programme->hold_minutes, 30);
    assert_int_equal(programme->awards[0].period.kind, TALLY_PERIOD_MONTH);
    assert_int_equal(programme->awards[1].chance_ppm, 5);
    assert_int_equal(programme->awards[1].multiply_pct, 300);
    assert_true(programme->awards[1].budget == 9);
    assert_true(programme->awards[2].uses_max == 1 && programme->awards[2].spend_minor_min == 7);
    assert_true(programme->transfer.allowed && programme->transfer.renews_expiry);
    assert_true(programme->transfer.points_min == 5);
    assert_int_equal(programme->merchants[0].earn_pct, 25);
    assert_true(programme->merchants[0].issue_price_micro == 8);
    assert_true(programme->merchants[0].redeem_price_micro == 9);
    assert_int_equal(programme->merchants[0].shops[1], 2);
    assert_int_equal(programme->guards[0].kind, TALLY_GUARD_OWN_CARD);
    assert_true(programme->guards[0].refuses);
    assert_int_equal(programme->multipliers, TALLY_MULTIPLIERS_SUM);
    assert_true(programme->earn_on_redeemed && programme->earn_without_tax);
    assert_true(programme->earn_before_discount);
    assert_string_equal(programme->tenders_without_points.items[0].text, "card");
    assert_int_equal(programme->earn_lines.categories.count, 1);
    assert_true(programme->earn_caps[0].points_max == 3);
    assert_int_equal(programme->pending.kind, TALLY_PENDING_RETURN);
    tally_programme_document_free(document);
}

static void a_time_zone_may_have_summer_time(void **state)
{
    (void)state;
    struct tally_buffer text = paper(PAPER_RULES(""));
    struct tally_slice all = tally_buffer_slice(&text);
    uint8_t *at = memmem(text.data, all.len, "\"time_zone\": \"Z\"", 16);
    assert_non_null(at);
    struct tally_buffer summer = {0};
    static const char zone[] = "\"time_zone\": \"CET-1CEST,M3.5.0,M10.5.0/3\"";
    size_t before = (size_t)(at - text.data);
    assert_int_equal(tally_buffer_append(&summer, text.data, before), TALLY_OK);
    assert_int_equal(tally_buffer_append(&summer, zone, sizeof zone - 1), TALLY_OK);
    assert_int_equal(tally_buffer_append(&summer, at + 16, all.len - before - 16), TALLY_OK);
    struct tally_programme_document *document = text_accepted(tally_buffer_slice(&summer));
    const struct tally_zone *read = &tally_programme_of(document)->zone;
    assert_true(read->has_summer);
    assert_int_equal(read->offset_s, 3600);
    assert_int_equal(read->summer_offset_s, 7200);
    tally_programme_document_free(document);
    tally_buffer_free(&summer);
    tally_buffer_free(&text);
}

static void ten_thousand_rules_are_read(void **state)
{
    (void)state;
    struct tally_buffer text = {0};
    static const char head[] = PAPER_HEAD "\"earn\": { \"rules\": [";
    assert_int_equal(tally_buffer_append(&text, head, sizeof head - 1), TALLY_OK);
    for (int i = 0; i < TALLY_RULES_MAX; i++) {
        char rule[128];
        int len = snprintf(rule, sizeof rule, "%s{ \"code\": \"r%d\", \"points\": 1 }",
                           i > 0 ? ",\n" : "", i);
        assert_int_equal(tally_buffer_append(&text, rule, (size_t)len), TALLY_OK);
    }
    assert_int_equal(tally_buffer_append(&text, "] } }", 5), TALLY_OK);
    struct tally_programme_document *document = text_accepted(tally_buffer_slice(&text));
    assert_int_equal(tally_programme_of(document)->rule_count, TALLY_RULES_MAX);
    tally_programme_document_free(document);
    tally_buffer_free(&text);
}

/* ------------------------------------------------------------------ what is refused */

static void bytes_refused(const char *text, const char *reason)
{
    text_is_refused((struct tally_slice){(const uint8_t *)text, strlen(text)}, reason);
}

static void text_that_is_not_json_is_refused_with_its_line(void **state)
{
    (void)state;
    text_is_refused((struct tally_slice){NULL, 0},
                    "line 1: the document: '[' or '{' expected near end of file");
    bytes_refused("{\n\"version\": 1\n\"earn\": {}\n}",
                  "line 3: the document: '}' expected near '\"earn\"'");
    bytes_refused("[]", "line 1: the document: must be an object, is a list");
    bytes_refused("{ \"programme\": \"\xC3(\" }",
                  "line 1: the document: unable to decode byte 0xc3 near '\"'");
    bytes_refused("{ \"programme\": \"a\\u0000b\" }",
                  "line 1: the document: text must not hold \\u0000");
    bytes_refused("{ \"version\": 1,\n\"version\": 2 }",
                  "line 2: the document: duplicate object key near '\"version\"'");
    bytes_refused("{ \"version\": 99999999999999999999 }",
                  "line 1: the document: too big integer near '99999999999999999999'");
}

static void nesting_without_end_is_refused(void **state)
{
    (void)state;
    struct tally_buffer text = {0};
    for (int i = 0; i < 500000; i++) {
        assert_int_equal(tally_buffer_append(&text, "[", 1), TALLY_OK);
    }
    text_is_refused(tally_buffer_slice(&text),
                    "line 1: the document: maximum parsing depth reached near '['");
    tally_buffer_free(&text);
}

static void a_document_above_a_mebibyte_is_refused(void **state)
{
    (void)state;
    struct tally_buffer text = paper(PAPER_RULES(""));
    while (text.len <= TALLY_PROGRAMME_DOCUMENT_LEN_MAX) {
        assert_int_equal(tally_buffer_append(&text, "\n", 1), TALLY_OK);
    }
    text_is_refused(tally_buffer_slice(&text), "line 1: the document: is longer than 1 MiB");
    text.len--;
    tally_programme_document_free(text_accepted(tally_buffer_slice(&text)));
    tally_buffer_free(&text);
}

static void an_unknown_key_is_refused_at_every_level(void **state)
{
    (void)state;
    refused("\"earnings\": 1,\n" PAPER_RULES(""), "line 7: earnings: unknown key");
    refused(PAPER_RULE("\"points\": 1,\n\"when\": {\n\"weekday\": 1 }"),
            "line 9: earn.rules[0].when.weekday: unknown key");
    refused("\"tiers\": { \"levels\": [{ \"code\": \"a\",\n\"color\": 1 }] },\n" PAPER_RULES(""),
            "line 8: tiers.levels[0].color: unknown key");
}

static void a_missing_key_is_named_at_its_object(void **state)
{
    (void)state;
    bytes_refused("{}", "line 1: the document: \"programme\" is missing\n"
                        "line 1: the document: \"version\" is missing\n"
                        "line 1: the document: \"effective_from\" is missing\n"
                        "line 1: the document: \"time_zone\" is missing\n"
                        "line 1: the document: \"currency\" is missing\n"
                        "line 1: the document: \"earn\" is missing");
    refused("\"earn\":\n{}", "line 7: earn: \"rules\" is missing");
    refused(PAPER_RULES("{ \"points\": 1 }"), "line 7: earn.rules[0]: \"code\" is missing");
    refused("\"rewards\": [{ \"code\": \"b\",\n\"kind\": \"bundle\" }],\n" PAPER_RULES(""),
            "line 7: rewards[0]: \"buy\" is missing\nline 7: rewards[0]: \"get\" is missing");
    refused("\"expiry\": { \"kind\": \"days\" },\n" PAPER_RULES(""),
            "line 7: expiry: \"days\" is missing");
    refused("\"guards\": [{ \"kind\": \"card_sales_day\" }],\n" PAPER_RULES(""),
            "line 7: guards[0]: \"limit\" is missing");
    refused(
        "\"awards\": [{ \"code\": \"a\", \"kind\": \"period\", \"points\": 1 }],\n" PAPER_RULES(""),
        "line 7: awards[0]: \"per\" is missing");
}

static void a_wrong_type_is_named(void **state)
{
    (void)state;
    refused("\"earn\": []", "line 7: earn: must be an object, is a list");
    refused("\"earn\": { \"rules\": {} }", "line 7: earn.rules: must be a list, is an object");
    refused(PAPER_RULE("\"points\": 1.0"),
            "line 7: earn.rules[0].points: must be a whole number, is a number with a fraction");
    refused(PAPER_RULE("\"points\": \"1\""),
            "line 7: earn.rules[0].points: must be a whole number, is text");
    refused(PAPER_RULE("\"points\": 1, \"stop\": 1"),
            "line 7: earn.rules[0].stop: must be true or false, is a number");
    refused(PAPER_RULE("\"points\": 1, \"name\": null"),
            "line 7: earn.rules[0].name: must be text, is null");
    refused(PAPER_RULE("\"points\": 1, \"name\": { \"en\": \"a\" }"),
            "line 7: earn.rules[0].name: \"zh\" is missing");
    refused(PAPER_RULES("1"), "line 7: earn.rules[0]: must be an object, is a number");
}

static void an_impossible_value_is_named_with_what_is_possible(void **state)
{
    (void)state;
    refused(PAPER_RULE("\"points\": -3"),
            "line 7: earn.rules[0].points: must be 0..1000000000, is -3");
    refused(PAPER_RULE("\"points\": 1, \"rounding\": \"ceiling\""),
            "line 7: earn.rules[0].rounding: must be one of \"floor\", \"half_up\", \"half_even\", "
            "\"ceil\", is \"ceiling\"");
    refused(PAPER_RULE("\"points\": 1, \"lines\": { \"skus\": [] }"),
            "line 7: earn.rules[0].lines.skus: must have 1..100000 items, has 0");
    refused(PAPER_RULE("\"points\": 1, \"lines\": { \"skus\": [\"a\", \"b\", \"a\"] }"),
            "line 7: earn.rules[0].lines.skus: \"a\" is there twice");
    refused(PAPER_RULE("\"points\": 1, \"when\": { \"weekdays\": [\"mon\", \"mon\"] }"),
            "line 7: earn.rules[0].when.weekdays[1]: is there twice");
    refused(PAPER_RULE("\"points\": 1, \"name\": \"\""),
            "line 7: earn.rules[0].name: must be 1..64 bytes long, is 0");
    refused(PAPER_RULE("\"points\": 1, \"name\": \"a\\u001b[2J\""),
            "line 7: earn.rules[0].name: must not hold control characters");
    refused("\"redeem\": { \"step_points\": 100, \"step_value_minor\": 1,"
            " \"minimum_points\": 150, \"maximum_points\": 100 },\n" PAPER_RULES(""),
            "line 7: redeem.minimum_points: must be a multiple of step_points, 100, is 150\n"
            "line 7: redeem.maximum_points: must not be below the minimum, 150, is 100");
    refused("\"transfer\": { \"points_min\": 2, \"points_max\": 1 },\n" PAPER_RULES(""),
            "line 7: transfer.points_max: must not be below points_min, 2");
    refused(
        "\"tiers\": { \"levels\": [{ \"code\": \"a\", \"colour\": \"#12345\" }] },\n" PAPER_RULES(
            ""),
        "line 7: tiers.levels[0].colour: must be like \"#D4AF37\", is \"#12345\"");
}

static void a_day_or_hour_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    static const char *const days[] = {"2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00",
                                       "1999-12-31", "2200-01-01", "2026-1-1",   "2026-01-01 ",
                                       "26-01-01",   "2026/01/01", "-026-01-01"};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        char sections[256], reason[256];
        snprintf(sections, sizeof sections,
                 PAPER_RULE("\"points\": 1, \"when\": { \"from\": \"%s\" }"), days[i]);
        snprintf(reason, sizeof reason,
                 "line 7: earn.rules[0].when.from: must be a day like \"2026-12-31\", 2000..2199, "
                 "is \"%s\"",
                 days[i]);
        refused(sections, reason);
    }
    static const char *const hours[] = {"17-19",       "17:00-16:59", "17:00-17:00",  "22:00-02:00",
                                        "17:60-18:00", "00:00-24:01", "17:00-19:00x", "7:00-9:00"};
    for (size_t i = 0; i < sizeof hours / sizeof hours[0]; i++) {
        char sections[256], reason[256];
        snprintf(sections, sizeof sections,
                 PAPER_RULE("\"points\": 1, \"when\": { \"hours\": [\"%s\"] }"), hours[i]);
        snprintf(reason, sizeof reason,
                 "line 7: earn.rules[0].when.hours[0]: must be like \"17:00-19:30\", ending after "
                 "it begins and by 24:00 (past midnight: two of them), is \"%s\"",
                 hours[i]);
        refused(sections, reason);
    }
    refused(PAPER_RULE("\"points\": 1, \"when\": { \"from\": \"2026-02-02\","
                       " \"until\": \"2026-02-01\" }"),
            "line 7: earn.rules[0].when: \"until\" is before \"from\"");
}

/* The head with another value for one key. */
static void head_refused(const char *was, const char *is, const char *reason)
{
    static const char all[] = PAPER_HEAD PAPER_RULES("") "}";
    struct tally_buffer text = {0};
    const char *at = strstr(all, was);
    assert_non_null(at);
    assert_int_equal(tally_buffer_append(&text, all, (size_t)(at - all)), TALLY_OK);
    assert_int_equal(tally_buffer_append(&text, is, strlen(is)), TALLY_OK);
    at += strlen(was);
    assert_int_equal(tally_buffer_append(&text, at, strlen(at)), TALLY_OK);
    text_is_refused(tally_buffer_slice(&text), reason);
    tally_buffer_free(&text);
}

static void an_impossible_instant_is_refused(void **state)
{
    (void)state;
    static const char *const instants[] = {
        "2026-01-01",           "2026-01-01T00:00:00",   "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z",  "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",  "2026-01-01T00:00:00+15:00",
        "1969-12-31T23:59:59Z", "2026-01-01T00:00:00Z ", "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00+", "2026-1-01T00:00:00Z",   "2",
    };
    for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
        char reason[256];
        snprintf(reason, sizeof reason,
                 "line 4: effective_from: must be an instant like \"2026-12-01T00:00:00+08:00\", "
                 "1970 or later, is \"%s\"",
                 instants[i]);
        head_refused("2026-01-01T00:00:00Z", instants[i], reason);
    }
}

static void the_head_is_checked(void **state)
{
    (void)state;
    head_refused("\"version\": 1", "\"version\": 0",
                 "line 3: version: must be 1..4294967295, is 0");
    head_refused("\"EUR\"", "\"eur\"",
                 "line 6: currency.code: must be three capital letters (ISO 4217), is \"eur\"");
    head_refused("\"exponent\": 2", "\"exponent\": 5",
                 "line 6: currency.exponent: must be 0..4, is 5");
    static const char *const zones[] = {"+8:00",   "08:00", "+14:01",    "+08:60",
                                        "+08:00x", "+",     "CET-1CEST", "Z0"};
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        char is[64], reason[256];
        snprintf(is, sizeof is, "\"time_zone\": \"%s\"", zones[i]);
        snprintf(reason, sizeof reason,
                 "line 5: time_zone: must be \"Z\", \"-14:00\"..\"+14:00\" or a rule like "
                 "\"CET-1CEST,M3.5.0,M10.5.0/3\" (POSIX TZ), is \"%s\"",
                 zones[i]);
        head_refused("\"time_zone\": \"Z\"", is, reason);
    }
}

static void the_name_of_a_time_zone_is_told_its_rule(void **state)
{
    (void)state;
    head_refused("\"time_zone\": \"Z\"", "\"time_zone\": \"Europe/Berlin\"",
                 "line 5: time_zone: \"Europe/Berlin\" is a name, and what it means changes with "
                 "the machine: write \"CET-1CEST,M3.5.0,M10.5.0/3\"");
    head_refused("\"time_zone\": \"Z\"", "\"time_zone\": \"Asia/Shanghai\"",
                 "line 5: time_zone: \"Asia/Shanghai\" is a name, and what it means changes with "
                 "the machine: write \"+08:00\"");
    head_refused("\"time_zone\": \"Z\"", "\"time_zone\": \"Antarctica/Troll\"",
                 "line 5: time_zone: \"Antarctica/Troll\" is a name, and what it means changes "
                 "with the machine: write its rule, the last line of "
                 "/usr/share/zoneinfo/Antarctica/Troll");
}

static void a_code_that_is_not_there_is_refused(void **state)
{
    (void)state;
    refused(PAPER_RULE("\"points\": 1, \"purse\": \"stamps\""),
            "line 7: earn.rules[0].purse: \"stamps\" is no code in purses");
    refused(PAPER_RULE("\"points\": 1, \"group\": \"g\""),
            "line 7: earn.rules[0].group: \"g\" is no code in groups");
    refused(PAPER_RULE("\"points\": 1, \"when\": { \"tiers\": [\"VIP\"] }"),
            "line 7: earn.rules[0].when.tiers[0]: \"VIP\" is no code in tiers.levels");
    refused(PAPER_RULE("\"points\": 1, \"when\": { \"merchants\": [\"m\"] }"),
            "line 7: earn.rules[0].when.merchants[0]: \"m\" is no code in merchants");
    refused(PAPER_RULE("\"gives_tier\": \"CLUB\", \"months\": 1"),
            "line 7: earn.rules[0].gives_tier: \"CLUB\" is no code in tiers.levels");
}

static void a_code_is_used_once(void **state)
{
    (void)state;
    refused(PAPER_RULES("{ \"code\": \"a\", \"points\": 1 },\n{ \"code\": \"b\", \"points\": 1 },\n"
                        "{ \"code\": \"a\", \"points\": 1 }"),
            "line 9: earn.rules[2].code: \"a\" is the code of [0] too");
    refused("\"purses\": [{ \"code\": \"points\" }],\n" PAPER_RULES(""),
            "line 7: purses[0].code: \"points\" is the purse that is always there: choose another");
}

static void codes_that_make_one_number_are_refused(void **state)
{
    (void)state;
    assert_int_equal(id_of("costarring"), id_of("liquid")); /* a known pair of FNV-1a */
    refused(PAPER_RULES("{ \"code\": \"costarring\", \"points\": 1 },\n"
                        "{ \"code\": \"liquid\", \"points\": 1 }"),
            "line 8: earn.rules[1].code: \"liquid\" makes the same number as [0], \"costarring\": "
            "choose another");
    struct tally_programme_document *document = accepted(
        PAPER_RULE("\"points\": 1, \"lines\": { \"skus\": [\"liquid\", \"costarring\"] }"));
    const struct tally_words *skus = &tally_programme_of(document)->rules[0].lines.skus;
    assert_int_equal(skus->count, 2);
    assert_string_equal(skus->items[0].text, "costarring");
    tally_programme_document_free(document);
}

static void a_rule_takes_one_form(void **state)
{
    (void)state;
    refused(PAPER_RULE("\"stop\": true"),
            "line 7: earn.rules[0]: must say one of \"points\", \"multiply_pct\" and "
            "\"gives_tier\", says none");
    refused(PAPER_RULE("\"points\": 1, \"multiply_pct\": 200"),
            "line 7: earn.rules[0]: must say one of \"points\", \"multiply_pct\" and "
            "\"gives_tier\", says more");
    refused(PAPER_RULE("\"points\": 1, \"per_minor\": 1, \"per_items\": 1"),
            "line 7: earn.rules[0]: must say one of \"per_minor\", \"per_quantity_milli\" and "
            "\"per_items\", says more");
    refused(PAPER_RULE("\"multiply_pct\": 200, \"per_minor\": 1, \"caps\": []"),
            "line 7: earn.rules[0].per_minor: has no meaning beside \"multiply_pct\"\n"
            "line 7: earn.rules[0].caps: has no meaning beside \"multiply_pct\"");
    refused(PAPER_RULE("\"gives_tier\": \"member\""),
            "line 7: earn.rules[0]: \"months\" is missing");
    refused(PAPER_RULE("\"points\": 1, \"whole_steps\": true, \"months\": 1"),
            "line 7: earn.rules[0].whole_steps: has no meaning for points per sale\n"
            "line 7: earn.rules[0].months: has no meaning without \"gives_tier\"");
    refused("\"purses\": [{ \"code\": \"s\" }],\n" PAPER_RULE(
                "\"points\": 1, \"purse\": \"s\", \"counts_for_tier\": true"),
            "line 8: earn.rules[0].counts_for_tier: has no meaning for a purse that is not the "
            "points");
}

static void a_group_weighs_like_with_like(void **state)
{
    (void)state;
    refused("\"groups\": [{ \"code\": \"g\" }],\n" PAPER_RULES(
                "{ \"code\": \"a\", \"points\": 1, \"group\": \"g\" },\n"
                "{ \"code\": \"b\", \"multiply_pct\": 200, \"group\": \"g\" }"),
            "line 9: earn.rules[1].group: earn.rules[0] of the same group gives points, and this "
            "one multiplies");
    refused("\"groups\": [{ \"code\": \"g\" }], \"purses\": [{ \"code\": \"s\" }],\n" PAPER_RULES(
                "{ \"code\": \"a\", \"points\": 1, \"group\": \"g\" },\n"
                "{ \"code\": \"b\", \"points\": 1, \"purse\": \"s\", \"group\": \"g\" }"),
            "line 9: earn.rules[1].group: earn.rules[0] of the same group gives to another purse");
    refused("\"groups\": [{ \"code\": \"g\" }],\n" PAPER_RULE(
                "\"gives_tier\": \"member\", \"months\": 1, \"group\": \"g\""),
            "line 8: earn.rules[0].group: has no meaning beside \"gives_tier\"");
}

static void a_cap_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    refused(PAPER_RULE("\"points\": 1, \"caps\": [{ \"per\": \"campaign\", \"points\": 1 }]"),
            "line 7: earn.rules[0].caps[0]: a campaign is the days of when.from to when.until: "
            "give both");
    refused(PAPER_RULE("\"points\": 1, \"caps\": [{ \"per\": \"day\", \"points\": 1,"
                       " \"before_multiplier\": true }]"),
            "line 7: earn.rules[0].caps[0].before_multiplier: stands only in a cap per sale");
    refused(PAPER_RULE("\"points\": 1, \"caps\": [{ \"per\": {}, \"points\": 1 }]"),
            "line 7: earn.rules[0].caps[0].per: must hold \"rolling_days\" or \"rolling_months\", "
            "holds neither");
    refused(PAPER_RULE("\"points\": 1, \"caps\": [{ \"per\": { \"rolling_days\": 3661 },"
                       " \"points\": 1 }]"),
            "line 7: earn.rules[0].caps[0].per.rolling_days: must be 1..3660, is 3661");
}

static void a_key_of_another_kind_is_refused(void **state)
{
    (void)state;
    refused("\"expiry\": { \"kind\": \"never\", \"months\": 3 },\n" PAPER_RULES(""),
            "line 7: expiry.months: has no meaning for \"never\"");
    refused("\"expiry\": { \"kind\": \"months\", \"months\": 0 },\n" PAPER_RULES(""),
            "line 7: expiry.months: must be 1 or more for \"months\"");
    refused(
        "\"rewards\": [{ \"code\": \"g\", \"kind\": \"gift\", \"percent\": 3 }],\n" PAPER_RULES(""),
        "line 7: rewards[0].percent: has no meaning for \"gift\"");
    refused("\"rewards\": [{ \"code\": \"g\", \"kind\": \"purse\", \"gives_purse\": \"points\" "
            "}],\n" PAPER_RULES(""),
            "line 7: rewards[0].gives_purse: must be one of purses, not the points");
    refused("\"awards\": [{ \"code\": \"a\", \"kind\": \"sign_up\", \"points\": 1, \"every\": 2 "
            "}],\n" PAPER_RULES(""),
            "line 7: awards[0].every: has no meaning for \"sign_up\"");
    refused(
        "\"awards\": [{ \"code\": \"a\", \"kind\": \"surprise\", \"points\": 1 }],\n" PAPER_RULES(
            ""),
        "line 7: awards[0]: must say \"chance_ppm\" or \"every\", says neither");
    refused("\"guards\": [{ \"kind\": \"own_card\", \"limit\": 2 }],\n" PAPER_RULES(""),
            "line 7: guards[0].limit: has no meaning for \"own_card\"");
}

static void dates_have_to_fit_together(void **state)
{
    (void)state;
    refused("\"expiry\": { \"kind\": \"inactive\", \"months\": 6 },\n" PAPER_RULE(
                "\"points\": 1, \"expiry\": { \"kind\": \"inactive\", \"months\": 7 }"),
            "line 8: earn.rules[0].expiry: all \"inactive\" must have the same months, 6 "
            "elsewhere, is 7");
    refused("\"earn\": { \"rules\": [], \"pending\": { \"kind\": \"return_window\" } }",
            "line 7: earn.pending: needs \"window_days\" in refunds, which says no return window");
}

static void tiers_have_to_rise_under_codes_of_their_own(void **state)
{
    (void)state;
#define LEVELS(levels)                                                                             \
    "\"tiers\": { \"metric\": \"spend\", \"levels\": [\n" levels "] },\n" PAPER_RULES("")
    refused(LEVELS("{ \"code\": \"a\", \"threshold\": 1 }"),
            "line 8: tiers.levels[0].threshold: must be 0 in the first level, is 1");
    refused(LEVELS("{ \"code\": \"a\" },\n{ \"code\": \"b\", \"threshold\": 5 },\n"
                   "{ \"code\": \"c\", \"threshold\": 5 }"),
            "line 10: tiers.levels[2].threshold: must be above the level before it, 5, is 5");
    refused(LEVELS("{ \"code\": \"a\" },\n{ \"code\": \"b\", \"threshold\": 5 },\n"
                   "{ \"code\": \"c\", \"conditions\": { \"all\": [{ \"metric\": \"spend\","
                   " \"threshold\": 4 }] } }"),
            "line 10: tiers.levels[2].conditions: must be above the level before it, 5, is 4");
    refused(LEVELS("{ \"code\": \"a\" },\n{ \"code\": \"b\" }"),
            "line 9: tiers.levels[1]: must say \"threshold\", \"conditions\" or \"given_only\", "
            "says none");
    refused(LEVELS("{ \"code\": \"a\" },\n{ \"code\": \"b\", \"threshold\": 0 }"),
            "line 9: tiers.levels[1].threshold: must be above 0 but in the first level");
    refused(
        LEVELS("{ \"code\": \"a\" },\n{ \"code\": \"b\", \"threshold\": 1, \"given_only\": true }"),
        "line 9: tiers.levels[1].threshold: has no meaning for a tier that is only given");
    refused(LEVELS("{ \"code\": \"a\" },\n{ \"code\": \"b\", \"conditions\": {} }"),
            "line 9: tiers.levels[1].conditions: must hold \"all\" or \"any\", holds neither");
    refused(LEVELS("{ \"code\": \"a\" },\n{ \"code\": \"a\", \"threshold\": 1 }"),
            "line 9: tiers.levels[1].code: \"a\" is the code of [0] too");
    refused(LEVELS(""), "line 7: tiers.levels: must have 1..1000 items, has 0");
#undef LEVELS
    refused("\"tiers\": { \"levels\": [{ \"code\": \"a\" }, { \"code\": \"b\","
            " \"threshold\": 1 }] },\n" PAPER_RULES(""),
            "line 7: tiers: \"metric\" is missing: what the thresholds are of");
    refused("\"tiers\": { \"window\": \"lifetime\", \"hold\": \"period\","
            " \"levels\": [{ \"code\": \"a\" }] },\n" PAPER_RULES(""),
            "line 7: tiers.hold: needs a window that has periods, from month to anniversary");
}

static void a_shop_has_one_merchant(void **state)
{
    (void)state;
    refused("\"merchants\": [{ \"code\": \"a\", \"shops\": [7, 8] },\n"
            "{ \"code\": \"b\", \"shops\": [9,\n7] }],\n" PAPER_RULES(""),
            "line 9: merchants[1].shops[1]: shop 7 is there twice: also in merchants[0]");
}

static void a_card_range_with_payment_cards_is_refused(void **state)
{
    (void)state;
#define CARDS(cards) "\"cards\": [\n" cards "],\n" PAPER_RULES("")
    refused(CARDS("{ \"prefix\": \"4\", \"length\": 16 }"),
            "line 8: cards[0]: numbers of 16 digits that begin with 4 include payment cards");
    refused(CARDS("{ \"prefix\": \"600585\", \"length\": 17 },\n"
                  "{ \"prefix\": \"77\", \"length\": 5 },\n"
                  "{ \"prefix\": \"600585\", \"length\": 17 }"),
            "line 10: cards[2]: is the same as cards[0]");
    refused(CARDS("{ \"prefix\": \"6102145\", \"length\": 7 }"),
            "line 8: cards[0].length: must be more digits than the prefix has, 7");
    refused(CARDS("{ \"prefix\": \"61021x5\", \"length\": 20 }"),
            "line 8: cards[0].prefix: must be 1..12 digits, is \"61021x5\"\n"
            "line 8: cards[0].length: must be 2..19, is 20");
#undef CARDS
}

static void every_mistake_is_told_at_once_in_the_order_of_lines(void **state)
{
    (void)state;
    refused("\"cards\": 1,\n\"x\\ny\": 1,\n\"tiers\": 2,\n\"earn\": 3",
            "line 1: x?y: unknown key\n" /* a key with escapes is not looked for */
            "line 7: cards: must be a list, is a number\n"
            "line 9: tiers: must be an object, is a number\n"
            "line 10: earn: must be an object, is a number");
}

static void quotes_and_braces_inside_text_do_not_mislead_the_line(void **state)
{
    (void)state;
    refused("\"purses\": [{ \"code\": \"A \\\" }, \\\\\", \"name\": \"\\\"earn\\\": [\" }],\n"
            "\"earn\": 1",
            "line 8: earn: must be an object, is a number");
}

static void mistakes_without_end_are_counted(void **state)
{
    (void)state;
    struct tally_buffer text = {0};
    assert_int_equal(tally_buffer_append(&text, "{", 1), TALLY_OK);
    for (int i = 0; i < 150; i++) {
        char key[32];
        int len = snprintf(key, sizeof key, "%s\n\"k%d\":[{}]", i > 0 ? "," : "", i);
        assert_int_equal(tally_buffer_append(&text, key, (size_t)len), TALLY_OK);
    }
    assert_int_equal(tally_buffer_append(&text, "}", 1), TALLY_OK);
    struct tally_programme_document *document = NULL;
    struct tally_programme_problems problems = {0};
    assert_int_equal(tally_programme_parse(tally_buffer_slice(&text), &document, &problems),
                     TALLY_E_INVALID);
    assert_int_equal(problems.count, TALLY_PROGRAMME_PROBLEMS_MAX);
    assert_int_equal(problems.untold, 50 + 6); /* and the keys that are missing */
    assert_int_equal(problems.items[99].line, 101);
    assert_string_equal(problems.items[99].text, "k99: unknown key");
    tally_programme_problems_free(&problems);
    tally_buffer_free(&text);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct tally_buffer sample = file_bytes(SAMPLES "/stamps.json");
    size_t len_max = sample.len - 1; /* the last byte is the newline behind the document */
    for (size_t len = 0; len < len_max; len++) {
        uint8_t *exact = tally_alloc(len, 1);
        assert_non_null(exact);
        memcpy(exact, sample.data, len);
        struct tally_programme_document *document = NULL;
        struct tally_programme_problems problems = {0};
        assert_int_equal(
            tally_programme_parse((struct tally_slice){exact, len}, &document, &problems),
            TALLY_E_INVALID);
        assert_int_equal(problems.count, 1);
        tally_programme_problems_free(&problems);
        tally_free(exact);
    }
    tally_buffer_free(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_club_means_what_it_says),
        cmocka_unit_test(the_shortest_document_means_its_defaults),
        cmocka_unit_test(every_form_of_a_rule_is_understood),
        cmocka_unit_test(every_condition_is_understood),
        cmocka_unit_test(every_period_of_a_cap_is_understood),
        cmocka_unit_test(all_dates_of_points_are_understood),
        cmocka_unit_test(every_kind_of_reward_is_understood),
        cmocka_unit_test(everything_about_tiers_is_understood),
        cmocka_unit_test(the_rest_of_a_programme_is_understood),
        cmocka_unit_test(a_time_zone_may_have_summer_time),
        cmocka_unit_test(ten_thousand_rules_are_read),
        cmocka_unit_test(text_that_is_not_json_is_refused_with_its_line),
        cmocka_unit_test(nesting_without_end_is_refused),
        cmocka_unit_test(a_document_above_a_mebibyte_is_refused),
        cmocka_unit_test(an_unknown_key_is_refused_at_every_level),
        cmocka_unit_test(a_missing_key_is_named_at_its_object),
        cmocka_unit_test(a_wrong_type_is_named),
        cmocka_unit_test(an_impossible_value_is_named_with_what_is_possible),
        cmocka_unit_test(a_day_or_hour_that_does_not_exist_is_refused),
        cmocka_unit_test(an_impossible_instant_is_refused),
        cmocka_unit_test(the_head_is_checked),
        cmocka_unit_test(the_name_of_a_time_zone_is_told_its_rule),
        cmocka_unit_test(a_code_that_is_not_there_is_refused),
        cmocka_unit_test(a_code_is_used_once),
        cmocka_unit_test(codes_that_make_one_number_are_refused),
        cmocka_unit_test(a_rule_takes_one_form),
        cmocka_unit_test(a_group_weighs_like_with_like),
        cmocka_unit_test(a_cap_that_makes_no_sense_is_refused),
        cmocka_unit_test(a_key_of_another_kind_is_refused),
        cmocka_unit_test(dates_have_to_fit_together),
        cmocka_unit_test(tiers_have_to_rise_under_codes_of_their_own),
        cmocka_unit_test(a_shop_has_one_merchant),
        cmocka_unit_test(a_card_range_with_payment_cards_is_refused),
        cmocka_unit_test(every_mistake_is_told_at_once_in_the_order_of_lines),
        cmocka_unit_test(quotes_and_braces_inside_text_do_not_mislead_the_line),
        cmocka_unit_test(mistakes_without_end_are_counted),
        cmocka_unit_test(every_truncation_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
