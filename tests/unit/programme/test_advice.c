/* SPDX-License-Identifier: Apache-2.0 */
/* What is warned of, by line and path, and what is not. */
#include "tests/unit/programme/paper.h"

/* Points that pay and are earned, so that nothing else is odd; the rules begin at line 9. */
#define REDEEM "\"redeem\": { \"step_points\": 100, \"step_value_minor\": 100 },\n"
#define BASE   "{ \"code\": \"base\", \"points\": 1, \"per_minor\": 100 }"
#define CLUB(rules)                                                                                \
    "\"groups\": [{ \"code\": \"best\" }, { \"code\": \"first\", \"kind\": \"first\" }],\n" REDEEM \
    "\"earn\": { \"rules\": [\n" rules "] }"
#define REWARDS(rewards) "\"rewards\": [\n" rewards "],\n" REDEEM PAPER_RULES(BASE)

static void the_samples_are_not_warned_of(void **state)
{
    (void)state;
    static const char *const samples[] = {"club", "coalition", "stamps", "supermarket"};
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char path[512], all[4096];
        snprintf(path, sizeof path, "%s/%s.json", SAMPLES, samples[i]);
        struct tally_buffer text = file_bytes(path);
        struct tally_programme_document *document = text_accepted(tally_buffer_slice(&text));
        struct tally_programme_problems list = {0};
        assert_int_equal(tally_programme_advise(document, tally_buffer_slice(&text),
                                                TALLY_PROGRAMME_VALUE_PCT_MAX, &list),
                         TALLY_OK);
        paper_list(&list, all, sizeof all);
        assert_string_equal(all, "");
        tally_programme_problems_free(&list);
        tally_programme_document_free(document);
        tally_buffer_free(&text);
    }
}

static void a_rule_that_can_never_hold_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *when, *why;
    } cases[] = {
        {"\"until\": \"2025-12-31\"", "it ends before the programme begins"},
        {"\"until\": \"2026-01-02\", \"weekdays\": [\"sat\"]", /* 1 January is a Thursday */
         "none of its weekdays is among its days"},
        {"\"from\": \"2026-02-02\", \"until\": \"2026-02-03\", \"weekdays\": [\"wed\"]",
         "none of its weekdays is among its days"},
        {"\"visit_first\": 3, \"visit_every\": 5", "visit_every is beyond visit_first"},
        {"\"visit_first\": 1, \"away_days\": 9", "who buys for the first time was never away"},
        {"\"joined_days\": 30, \"away_days\": 30", "who was away that long joined longer ago"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char sections[1024], warning[256];
        snprintf(sections, sizeof sections,
                 CLUB(BASE ",\n{ \"code\": \"odd\", \"points\": 1, \"per_minor\": 1000,\n"
                           "\"when\": { %s } }"),
                 cases[i].when);
        snprintf(warning, sizeof warning, "line 12: earn.rules[1].when: never holds: %s",
                 cases[i].why);
        warned(sections, warning);
    }
    warned(CLUB(BASE ",\n{ \"code\": \"fine\", \"points\": 1, \"per_minor\": 1000,\n"
                     "\"when\": { \"from\": \"2026-02-02\", \"until\": \"2026-02-04\","
                     " \"weekdays\": [\"wed\"], \"visit_first\": 5, \"visit_every\": 5 } }"),
           "");
    warned("\"merchants\": [{ \"code\": \"m\", \"shops\": [1] }],\n" REDEEM PAPER_RULES(
               BASE ",\n{ \"code\": \"odd\", \"points\": 1, \"per_minor\": 1000,"
                    " \"when\": { \"shops\": [2], \"merchants\": [\"m\"] } }"),
           "line 10: earn.rules[1].when: never holds: none of its shops is one of its merchants'");
}

static void a_rule_that_selects_or_gives_nothing_is_told(void **state)
{
    (void)state;
    warned(CLUB(BASE ",\n{ \"code\": \"a\", \"points\": 0 },\n"
                     "{ \"code\": \"b\", \"multiply_pct\": 100 },\n"
                     "{ \"code\": \"c\", \"points\": 10, \"caps\": [{ \"per\": \"day\","
                     " \"points\": 9, \"refuses\": true }] },\n"
                     "{ \"code\": \"d\", \"points\": 1, \"per_minor\": 1000,\n"
                     "\"lines\": { \"skus\": [\"x\"], \"except_skus\": [\"x\", \"y\"] } }"),
           "line 11: earn.rules[1]: gives 0 points\n"
           "line 12: earn.rules[2]: multiplies by 100 %, which changes nothing\n"
           "line 13: earn.rules[3]: gives more than the cap that refuses it\n"
           "line 15: earn.rules[4].lines: selects nothing: all of it is excepted");
    warned(REDEEM "\"earn\": { \"lines\": { \"except_categories\": [\"fuel\"] }, \"rules\": [" BASE
                  ",\n{ \"code\": \"f\", \"points\": 1, \"per_minor\": 1000,"
                  " \"lines\": { \"categories\": [\"fuel\"] } }] }",
           "line 9: earn.rules[1].lines: selects nothing that earns: earn.lines excepts all of it");
}

static void a_rule_behind_a_wider_one_that_stops_is_told(void **state)
{
    (void)state;
    warned(CLUB("{ \"code\": \"a\", \"points\": 1, \"per_minor\": 100, \"stop\": true,"
                " \"when\": { \"weekdays\": [\"sat\", \"sun\"] } },\n"
                "{ \"code\": \"b\", \"points\": 2, \"per_minor\": 100,"
                " \"when\": { \"weekdays\": [\"sun\"], \"shops\": [3] } },\n"
                "{ \"code\": \"c\", \"points\": 2, \"per_minor\": 100,"
                " \"when\": { \"weekdays\": [\"fri\", \"sun\"] } },\n"
                "{ \"code\": \"d\", \"multiply_pct\": 200,"
                " \"when\": { \"weekdays\": [\"sun\"] } }"),
           "line 11: earn.rules[1]: is shut out by earn.rules[0], which holds wherever this does "
           "and stops");
    /* one that may run dry leaves room for others */
    warned(CLUB("{ \"code\": \"a\", \"points\": 1, \"per_minor\": 100, \"stop\": true,"
                " \"uses\": 3 },\n"
                "{ \"code\": \"b\", \"points\": 1, \"per_minor\": 100 }"),
           "");
}

static void the_second_of_a_first_group_is_told(void **state)
{
    (void)state;
    warned(CLUB("{ \"code\": \"a\", \"points\": 1, \"per_minor\": 100, \"group\": \"first\","
                " \"when\": { \"spend_minor_min\": 1000 } },\n"
                "{ \"code\": \"b\", \"points\": 2, \"per_minor\": 100, \"group\": \"first\","
                " \"when\": { \"spend_minor_min\": 5000 } }"),
           "line 11: earn.rules[1]: is shut out by earn.rules[0], which holds wherever this does "
           "and comes first in their group");
    warned(CLUB("{ \"code\": \"b\", \"points\": 2, \"per_minor\": 100, \"group\": \"first\","
                " \"when\": { \"spend_minor_min\": 5000 } },\n"
                "{ \"code\": \"a\", \"points\": 1, \"per_minor\": 100, \"group\": \"first\","
                " \"when\": { \"spend_minor_min\": 1000 } }"),
           "");
}

static void multipliers_that_compound_are_told(void **state)
{
    (void)state;
#define TWO(more, first, second)                                                                   \
    "\"groups\": [{ \"code\": \"g\" }],\n" REDEEM "\"earn\": { " more "\"rules\": [\n" BASE        \
    ",\n{ \"code\": \"a\", \"multiply_pct\": 200" first                                            \
    " },\n{ \"code\": \"b\", \"multiply_pct\": 300" second " }] }"
    static const char told[] = "line 12: earn.rules[2]: multiplies with earn.rules[1] on the same "
                               "lines and days, to 600 %: a group or earn.multipliers can say "
                               "which counts";
    warned(TWO("", "", ""), told);
    warned(TWO("", ", \"lines\": { \"categories\": [\"x\", \"y\"] }",
               ", \"lines\": { \"categories\": [\"y\", \"z\"] }"),
           told);
    warned(TWO("\"multipliers\": \"best\", ", "", ""), "");
    warned(TWO("", ", \"group\": \"g\"", ", \"group\": \"g\""), "");
    warned(TWO("", ", \"stop\": true, \"when\": { \"weekdays\": [\"mon\"] }", ""), "");
    warned(TWO("", ", \"lines\": { \"categories\": [\"x\"] }",
               ", \"lines\": { \"categories\": [\"z\"] }"),
           "");
    warned(TWO("", ", \"when\": { \"until\": \"2026-03-31\" }",
               ", \"when\": { \"from\": \"2026-04-01\" }"),
           "");
    warned(TWO("", ", \"when\": { \"hours\": [\"10:00-12:00\"] }",
               ", \"when\": { \"hours\": [\"12:00-14:00\"] }"),
           "");
#undef TWO
}

static void points_above_a_fifth_of_what_is_spent_are_told(void **state)
{
    (void)state;
    warned(CLUB("{ \"code\": \"a\", \"points\": 20, \"per_minor\": 100 }"), "");
    warned(CLUB("{ \"code\": \"a\", \"points\": 21, \"per_minor\": 100 }"),
           "line 10: earn.rules[0]: gives up to 21.0 % of what is spent, at the best tier and "
           "multipliers");
    warned(CLUB("{ \"code\": \"a\", \"points\": 10, \"per_minor\": 100 },\n"
                "{ \"code\": \"b\", \"multiply_pct\": 250 }"),
           "line 10: earn.rules[0]: gives up to 25.0 % of what is spent, at the best tier and "
           "multipliers");
    warned(CLUB("{ \"code\": \"a\", \"points\": 10, \"per_minor\": 100, \"multiplied\": false },\n"
                "{ \"code\": \"b\", \"multiply_pct\": 250 }"),
           "");
    warned(CLUB("{ \"code\": \"a\", \"points\": 12, \"per_minor\": 100 },\n"
                "{ \"code\": \"b\", \"points\": 10, \"per_minor\": 100,"
                " \"when\": { \"tiers\": [\"member\"] } }"),
           "line 11: earn.rules[1]: gives up to 22.0 % of what is spent, together with rules "
           "before it and at the best tier and multipliers");
    warned(CLUB("{ \"code\": \"a\", \"points\": 500, \"when\": { \"spend_minor_min\": 1000 } }"),
           "line 10: earn.rules[0]: gives up to 50.0 % of what is spent, at the best tier and "
           "multipliers");
    warned(
        "\"tiers\": { \"metric\": \"spend\", \"levels\": [{ \"code\": \"a\" }, { \"code\": \"b\","
        " \"threshold\": 1, \"multiplier_pct\": 300, \"step_value_minor\": 800 }] },\n" REDEEM
            PAPER_RULES(BASE),
        "line 9: earn.rules[0]: gives up to 24.0 % of what is spent, at the best tier and "
        "multipliers");
}

static void points_for_any_purchase_at_all_are_told(void **state)
{
    (void)state;
    warned(CLUB(BASE ",\n{ \"code\": \"a\", \"points\": 50 }"),
           "line 11: earn.rules[1]: gives 50 points for a purchase of any size: a cap, uses or a "
           "least amount can say how often");
    warned(CLUB(BASE ",\n{ \"code\": \"a\", \"points\": 50, \"uses\": 1 }"), "");
    warned(CLUB(BASE ",\n{ \"code\": \"a\", \"points\": 50,"
                     " \"caps\": [{ \"per\": \"day\", \"points\": 50 }] }"),
           "");
}

static void discounts_that_take_everything_are_told(void **state)
{
    (void)state;
    warned(REWARDS("{ \"code\": \"a\", \"kind\": \"percent\", \"percent\": 60 },\n"
                   "{ \"code\": \"b\", \"kind\": \"bundle\", \"buy\": 1, \"get\": 1 }"),
           "line 9: rewards[1]: takes off 110 % together with rewards before it on the same lines, "
           "the last of them rewards[0]");
    warned(REWARDS("{ \"code\": \"a\", \"kind\": \"percent\", \"percent\": 100 }"),
           "line 8: rewards[0]: takes off the whole price, costs nothing and has no limit");
    warned(REWARDS("{ \"code\": \"a\", \"kind\": \"amount\", \"amount_minor\": 500,"
                   " \"when\": { \"spend_minor_min\": 500 } }"),
           "line 8: rewards[0]: takes off the whole price, costs nothing and has no limit");
    warned(REWARDS("{ \"code\": \"a\", \"kind\": \"item\" }"),
           "line 8: rewards[0]: takes off the whole price, costs nothing and has no limit");
    warned(REWARDS("{ \"code\": \"a\", \"kind\": \"item\", \"cost\": 5 },\n"
                   "{ \"code\": \"b\", \"kind\": \"percent\", \"percent\": 60,"
                   " \"lines\": { \"categories\": [\"x\"] } },\n"
                   "{ \"code\": \"c\", \"kind\": \"percent\", \"percent\": 60,"
                   " \"lines\": { \"categories\": [\"y\"] } }"),
           "");
}

static void a_reward_out_of_reach_is_told(void **state)
{
    (void)state;
    warned("\"purses\": [{ \"code\": \"stamps\" }],\n\"rewards\": [{ \"code\": \"a\","
           " \"kind\": \"gift\", \"cost_purse\": \"stamps\",\n\"cost\": 3 }],\n" REDEEM PAPER_RULES(
               BASE),
           "line 7: purses[0]: nobody earns it: no rule, award or reward gives any\n"
           "line 9: rewards[0].cost: nobody can pay it: nothing gives any of this purse");
    warned(REWARDS("{ \"code\": \"a\", \"kind\": \"gift\","
                   " \"when\": { \"until\": \"2020-01-01\" } }"),
           "line 8: rewards[0].when: never holds: it ends before the programme begins");
}

static void a_purse_that_nobody_spends_is_told_where_it_stands(void **state)
{
    (void)state;
    warned(
        "\"purses\": [\n{ \"code\": \"a\" },\n{ \"code\": \"b\" },\n{ \"code\": \"c\" }],\n"
        "\"rewards\": [{ \"code\": \"x\", \"kind\": \"gift\", \"cost_purse\": \"a\","
        " \"cost\": 1 }, { \"code\": \"y\", \"kind\": \"gift\", \"cost_purse\": \"c\","
        " \"cost\": 1 }],\n" PAPER_RULES("{ \"code\": \"ra\", \"points\": 1, \"purse\": \"a\" },"
                                         "{ \"code\": \"rb\", \"points\": 1, \"purse\": \"b\" },"
                                         "{ \"code\": \"rc\", \"points\": 1, \"purse\": \"c\" }"),
        "line 9: purses[1]: nobody spends it: no reward costs any");
}

static void points_that_nothing_takes_are_told(void **state)
{
    (void)state;
    warned(PAPER_RULES(BASE),
           "line 7: earn: points are given, and neither redeem nor a reward takes them");
    warned(REDEEM PAPER_RULES(""), "line 7: redeem: points pay, and nothing gives any");
    warned(PAPER_RULES(""), "");
}

static void a_tier_that_nobody_is_in_is_told(void **state)
{
    (void)state;
#define LEVELS(levels)                                                                             \
    "\"tiers\": { \"levels\": [{ \"code\": \"a\" },\n" levels "] },\n" REDEEM PAPER_RULES(         \
        "{ \"code\": \"r\", \"points\": 1, \"per_minor\": 100, \"counts_for_tier\": false }")
    warned(LEVELS("{ \"code\": \"b\", \"conditions\": { \"all\": [{ \"metric\": \"points\","
                  " \"threshold\": 5 }] } }"),
           "line 8: tiers.levels[1]: nobody reaches it: nothing counts towards it");
    warned(LEVELS("{ \"code\": \"b\", \"conditions\": { \"all\": [{ \"metric\": \"spend\","
                  " \"threshold\": 5000 }, { \"metric\": \"visits\", \"threshold\": 9 }] } },\n"
                  "{ \"code\": \"c\", \"conditions\": { \"any\": [{ \"metric\": \"visits\","
                  " \"threshold\": 8 }, { \"metric\": \"balance\", \"threshold\": 1 }] } }"),
           "line 8: tiers.levels[1]: nobody is in it: who reaches it reaches tiers.levels[2] too");
    warned(LEVELS("{ \"code\": \"b\", \"conditions\": { \"all\": [{ \"metric\": \"spend\","
                  " \"threshold\": 5000 }] } },\n"
                  "{ \"code\": \"c\", \"conditions\": { \"any\": [{ \"metric\": \"visits\","
                  " \"threshold\": 8 }, { \"metric\": \"spend\", \"threshold\": 6000 }] } },\n"
                  "{ \"code\": \"d\", \"given_only\": true }"),
           "");
#undef LEVELS
}

static void points_that_end_before_they_begin_are_told(void **state)
{
    (void)state;
    warned("\"expiry\": { \"kind\": \"end_of_month\", \"months\": 0 },\n" REDEEM
           "\"earn\": { \"pending\": { \"kind\": \"days\", \"days\": 14 }, \"rules\": [" BASE "] }",
           "line 7: expiry: points of 2026-01-18 end on 2026-01-31, before they begin on "
           "2026-02-01");
    warned("\"expiry\": { \"kind\": \"end_of_month\", \"months\": 1 },\n" REDEEM
           "\"earn\": { \"pending\": { \"kind\": \"days\", \"days\": 14 }, \"rules\": [" BASE "] }",
           "");
    warned(REDEEM PAPER_RULES(BASE ",\n{ \"code\": \"a\", \"points\": 1, \"per_minor\": 1000,"
                                   " \"when\": { \"from\": \"2026-12-01\" },"
                                   " \"pending\": { \"kind\": \"days\", \"days\": 7 },"
                                   " \"expiry\": { \"kind\": \"end_of_year\", \"years\": 0 } }"),
           "line 9: earn.rules[1]: points of 2026-12-25 end on 2026-12-31, before they begin on "
           "2027-01-01");
}

static void the_limit_of_value_is_the_callers(void **state)
{
    (void)state;
    struct tally_buffer text = paper(REDEEM PAPER_RULES(BASE));
    struct tally_programme_document *document = text_accepted(tally_buffer_slice(&text));
    struct tally_programme_problems list = {0};
    assert_int_equal(tally_programme_advise(document, tally_buffer_slice(&text), 0, &list),
                     TALLY_OK);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].text, "earn.rules[0]: gives up to 1.0 % of what is spent, at "
                                            "the best tier and multipliers");
    tally_programme_problems_free(&list);
    tally_programme_document_free(document);
    tally_buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_samples_are_not_warned_of),
        cmocka_unit_test(a_rule_that_can_never_hold_is_told),
        cmocka_unit_test(a_rule_that_selects_or_gives_nothing_is_told),
        cmocka_unit_test(a_rule_behind_a_wider_one_that_stops_is_told),
        cmocka_unit_test(the_second_of_a_first_group_is_told),
        cmocka_unit_test(multipliers_that_compound_are_told),
        cmocka_unit_test(points_above_a_fifth_of_what_is_spent_are_told),
        cmocka_unit_test(points_for_any_purchase_at_all_are_told),
        cmocka_unit_test(discounts_that_take_everything_are_told),
        cmocka_unit_test(a_reward_out_of_reach_is_told),
        cmocka_unit_test(a_purse_that_nobody_spends_is_told_where_it_stands),
        cmocka_unit_test(points_that_nothing_takes_are_told),
        cmocka_unit_test(a_tier_that_nobody_is_in_is_told),
        cmocka_unit_test(points_that_end_before_they_begin_are_told),
        cmocka_unit_test(the_limit_of_value_is_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
