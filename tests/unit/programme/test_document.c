/* SPDX-License-Identifier: Apache-2.0 */
/* The programme document: what the sample says, and that every mistake is named by line and path.
 */
#include "app/programme/document.h"

#include "app/base/alloc.h"
#include "app/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

/* ------------------------------------------------------------------ helpers */

static struct tally_buffer sample;

static int read_sample(void **state)
{
    (void)state;
    FILE *file = fopen(SAMPLE_PATH, "rb");
    assert_non_null(file);
    char chunk[512];
    size_t len = 0;
    while ((len = fread(chunk, 1, sizeof chunk, file)) > 0) {
        assert_int_equal(tally_buffer_append(&sample, chunk, len), TALLY_OK);
    }
    fclose(file);
    return 0;
}

static int free_sample(void **state)
{
    (void)state;
    tally_buffer_free(&sample);
    return 0;
}

/* The sample with the first `from` replaced by `to`. */
static struct tally_buffer changed(const char *from, const char *to)
{
    struct tally_buffer text = {0};
    const uint8_t *at = memmem(sample.data, sample.len, from, strlen(from));
    assert_non_null(at);
    size_t before = (size_t)(at - sample.data), behind = before + strlen(from);
    assert_int_equal(tally_buffer_append(&text, sample.data, before), TALLY_OK);
    assert_int_equal(tally_buffer_append(&text, to, strlen(to)), TALLY_OK);
    assert_int_equal(tally_buffer_append(&text, sample.data + behind, sample.len - behind),
                     TALLY_OK);
    return text;
}

/* The text is refused, for exactly this one reason. */
static void text_is_refused(struct tally_slice text, const char *reason)
{
    struct tally_programme_document *document = NULL;
    struct tally_programme_problems problems = {0};
    assert_int_equal(tally_programme_parse(text, &document, &problems), TALLY_E_INVALID);
    assert_null(document);
    char all[4096] = "";
    for (size_t i = 0; i < problems.count; i++) {
        size_t len = strlen(all);
        snprintf(all + len, sizeof all - len, "%sline %zu: %s", i > 0 ? "\n" : "",
                 problems.items[i].line, problems.items[i].text);
    }
    assert_string_equal(all, reason);
    tally_programme_problems_free(&problems);
    assert_int_equal(problems.count, 0);
}

static void change_is_refused(const char *from, const char *to, const char *reason)
{
    struct tally_buffer text = changed(from, to);
    text_is_refused(tally_buffer_slice(&text), reason);
    tally_buffer_free(&text);
}

static struct tally_programme_document *accepted(struct tally_slice text)
{
    struct tally_programme_document *document = NULL;
    assert_int_equal(tally_programme_parse(text, &document, NULL), TALLY_OK);
    return document;
}

/* ------------------------------------------------------------------ what is allowed */

static void the_sample_means_what_it_says(void **state)
{
    (void)state;
    struct tally_programme_document *document = accepted(tally_buffer_slice(&sample));
    const struct tally_programme *programme = tally_programme_of(document);
    assert_int_equal(tally_programme_check(programme), TALLY_OK);
    assert_string_equal(programme->name, "Tallystick Club");
    assert_int_equal(programme->version, 1);
    assert_true(programme->effective_ms == INT64_C(1767196800000)); /* 2025-12-31T16:00:00Z */
    assert_int_equal(programme->utc_offset_s, 8 * 3600);
    assert_string_equal(programme->currency, "CNY");
    assert_int_equal(programme->currency_exponent, 2);
    assert_int_equal(programme->earn_points_per_major_milli, 1000);
    assert_int_equal(programme->earn_rounding, TALLY_ROUND_FLOOR);
    assert_false(programme->earn_on_redeemed);
    assert_int_equal(programme->redeem_step, 100);
    assert_int_equal(programme->redeem_value_minor, 100);
    assert_int_equal(programme->redeem_min, 100);
    assert_int_equal(programme->redeem_max_share_pct, 50);
    assert_int_equal(programme->expiry, TALLY_EXPIRY_END_OF_MONTH);
    assert_int_equal(programme->expiry_months, 12);
    assert_int_equal(programme->tier_metric, TALLY_METRIC_SPEND);
    static const struct tally_tier tiers[] = {
        {"P", "Member", "普通会员", 1, 0, 100},
        {"IP", "Important member", "重要会员", 2, 50000, 110},
        {"VIP", "VIP", "贵宾会员", 3, 200000, 125},
        {"2xVIP", "Double VIP", "双倍贵宾", 4, 800000, 200},
        {"3xVIP", "Triple VIP", "三倍贵宾", 5, 2000000, 300},
    };
    assert_int_equal(programme->tier_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(programme->tiers[i].code, tiers[i].code);
        assert_string_equal(programme->tiers[i].name_en, tiers[i].name_en);
        assert_string_equal(programme->tiers[i].name_zh, tiers[i].name_zh);
        assert_int_equal(programme->tiers[i].stars, tiers[i].stars);
        assert_true(programme->tiers[i].threshold == tiers[i].threshold);
        assert_int_equal(programme->tiers[i].multiplier_pct, tiers[i].multiplier_pct);
    }
    assert_int_equal(programme->cards.count, 2);
    assert_string_equal(programme->cards.rules[0].prefix, "600585");
    assert_int_equal(programme->cards.rules[0].length, 17);
    assert_string_equal(programme->cards.rules[1].prefix, "6102145");
    assert_int_equal(programme->cards.rules[1].length, 12);
    tally_programme_document_free(document);
}

static void a_document_outlives_the_bytes_it_was_read_from(void **state)
{
    (void)state;
    struct tally_buffer text = changed("Tallystick Club", "Another club");
    struct tally_programme_document *document = accepted(tally_buffer_slice(&text));
    tally_buffer_wipe(&text);
    assert_string_equal(tally_programme_of(document)->name, "Another club");
    assert_string_equal(tally_programme_of(document)->tiers[3].code, "2xVIP");
    tally_programme_document_free(document);
}

static void the_other_words_are_understood(void **state)
{
    (void)state;
    struct tally_buffer text =
        changed("\"kind\": \"end_of_month\", \"months\": 12", "\"kind\": \"never\"");
    struct tally_programme_document *document = accepted(tally_buffer_slice(&text));
    assert_int_equal(tally_programme_of(document)->expiry, TALLY_EXPIRY_NEVER);
    tally_programme_document_free(document);
    tally_buffer_free(&text);
    text = changed("\"floor\"", "\"half_even\"");
    document = accepted(tally_buffer_slice(&text));
    assert_int_equal(tally_programme_of(document)->earn_rounding, TALLY_ROUND_HALF_EVEN);
    tally_programme_document_free(document);
    tally_buffer_free(&text);
    text = changed("\"+08:00\"", "\"-03:30\"");
    document = accepted(tally_buffer_slice(&text));
    assert_int_equal(tally_programme_of(document)->utc_offset_s, -12600);
    tally_programme_document_free(document);
    tally_buffer_free(&text);
    text = changed("2026-01-01T00:00:00+08:00", "2024-02-29T23:59:59Z");
    document = accepted(tally_buffer_slice(&text));
    assert_true(tally_programme_of(document)->effective_ms == INT64_C(1709251199000));
    tally_programme_document_free(document);
    tally_buffer_free(&text);
}

/* ------------------------------------------------------------------ what is refused */

static void text_that_is_not_json_is_refused_with_its_line(void **state)
{
    (void)state;
    text_is_refused((struct tally_slice){NULL, 0},
                    "line 1: the document: '[' or '{' expected near end of file");
    change_is_refused("\"version\": 1,", "\"version\": 1",
                      "line 4: the document: '}' expected near '\"effective_from\"'");
    text_is_refused((struct tally_slice){(const uint8_t *)"[]", 2},
                    "line 1: the document: must be an object, is a list");
}

static void a_key_that_is_there_twice_is_refused(void **state)
{
    (void)state;
    change_is_refused("\"version\": 1,", "\"version\": 1,\n\"version\": 2,",
                      "line 4: the document: duplicate object key near '\"version\"'");
}

static void an_unknown_key_is_refused_at_every_level(void **state)
{
    (void)state;
    change_is_refused("\"version\": 1,", "\"version\": 1, \"verison\": 1,",
                      "line 3: verison: unknown key");
    change_is_refused("\"rounding\"", "\"per_line\": true, \"rounding\"",
                      "line 7: earn.per_line: unknown key");
    change_is_refused("\"stars\": 3", "\"colour\": \"gold\", \"stars\": 3",
                      "line 35: tiers.levels[2].colour: unknown key");
    change_is_refused("\"length\": 12", "\"length\": 12, \"luhn\": true",
                      "line 57: cards[1].luhn: unknown key");
}

static void a_missing_key_is_named_at_its_object(void **state)
{
    (void)state;
    change_is_refused("  \"time_zone\": \"+08:00\",\n", "",
                      "line 1: the document: \"time_zone\" is missing");
    change_is_refused("\"rounding\": \"floor\", ", "", "line 7: earn: \"rounding\" is missing");
    change_is_refused(", \"zh\": \"贵宾会员\"", "",
                      "line 34: tiers.levels[2].name: \"zh\" is missing");
    change_is_refused("\"end_of_month\", \"months\": 12", "\"months\"",
                      "line 14: expiry: \"months\" is missing");
}

static void a_wrong_type_is_named(void **state)
{
    (void)state;
    change_is_refused("\"version\": 1", "\"version\": \"1\"",
                      "line 3: version: must be a whole number, is text");
    change_is_refused("\"version\": 1", "\"version\": 1.0",
                      "line 3: version: must be a whole number, is a number with a fraction");
    change_is_refused("\"on_redeemed\": false", "\"on_redeemed\": 0",
                      "line 7: earn.on_redeemed: must be true or false, is a number");
    change_is_refused("\"Tallystick Club\"", "null", "line 2: programme: must be text, is null");
    change_is_refused("{ \"code\": \"CNY\", \"exponent\": 2 }", "\"CNY\"",
                      "line 6: currency: must be an object, is text");
    change_is_refused("{ \"prefix\": \"600585\", \"length\": 17 }", "600585",
                      "line 56: cards[0]: must be an object, is a number");
}

static void an_impossible_value_is_named_with_what_is_possible(void **state)
{
    (void)state;
    change_is_refused("\"points_per_major_milli\": 1000", "\"points_per_major_milli\": -3",
                      "line 7: earn.points_per_major_milli: must be 1..1000000, is -3");
    change_is_refused("\"exponent\": 2", "\"exponent\": 5",
                      "line 6: currency.exponent: must be 0..4, is 5");
    change_is_refused(
        "\"CNY\"", "\"cny\"",
        "line 6: currency.code: must be three capital letters (ISO 4217), is \"cny\"");
    change_is_refused(
        "\"floor\"", "\"ceiling\"",
        "line 7: earn.rounding: must be one of \"floor\", \"half_up\", \"half_even\", "
        "is \"ceiling\"");
    change_is_refused("\"minimum_points\": 100", "\"minimum_points\": 150",
                      "line 11: redeem.minimum_points: must be a multiple of step_points, 100, is "
                      "150");
    change_is_refused("\"maximum_share_pct\": 50", "\"maximum_share_pct\": 101",
                      "line 12: redeem.maximum_share_pct: must be 1..100, is 101");
    change_is_refused("\"end_of_month\"", "\"never\"",
                      "line 14: expiry.months: has no meaning when points never expire");
    change_is_refused("Tallystick Club", "", "line 2: programme: must be 1..64 bytes long, is 0");
    change_is_refused("Tallystick Club", "Tally\\u001b@stick",
                      "line 2: programme: must not hold control characters");
}

static void an_impossible_time_is_refused(void **state)
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
        change_is_refused("2026-01-01T00:00:00+08:00", instants[i], reason);
    }
    static const char *const zones[] = {"+8:00", "08:00", "+14:01", "+08:60", "+08:00x", "z", "+"};
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        char from[] = "\"+08:00\"", to[32], reason[256];
        snprintf(to, sizeof to, "\"%s\"", zones[i]);
        snprintf(reason, sizeof reason,
                 "line 5: time_zone: must be \"Z\" or \"-14:00\"..\"+14:00\", is \"%s\"", zones[i]);
        change_is_refused(from, to, reason);
    }
}

static void tiers_have_to_rise_from_zero_under_codes_of_their_own(void **state)
{
    (void)state;
    change_is_refused("\"threshold\": 0", "\"threshold\": 1",
                      "line 22: tiers.levels[0].threshold: must be 0 in the first level, is 1");
    change_is_refused("\"threshold\": 200000", "\"threshold\": 50000",
                      "line 36: tiers.levels[2].threshold: must be above the level before it, "
                      "50000, is 50000");
    change_is_refused("\"code\": \"2xVIP\"", "\"code\": \"VIP\"",
                      "line 40: tiers.levels[3].code: \"VIP\" is the code of level 2 too");
}

static void a_programme_without_tiers_is_refused(void **state)
{
    (void)state;
    struct tally_buffer text = {0};
    const uint8_t *at = memmem(sample.data, sample.len, "\"levels\": [", 11);
    const uint8_t *end = memmem(sample.data, sample.len, "    ]\n  },\n  \"cards\"", 18);
    assert_true(at != NULL && end != NULL);
    size_t before = (size_t)(at - sample.data) + 11, behind = (size_t)(end - sample.data);
    assert_int_equal(tally_buffer_append(&text, sample.data, before), TALLY_OK);
    assert_int_equal(tally_buffer_append(&text, sample.data + behind, sample.len - behind),
                     TALLY_OK);
    text_is_refused(tally_buffer_slice(&text),
                    "line 17: tiers.levels: must have 1..1000 items, has 0");
    tally_buffer_free(&text);
}

static void a_card_range_with_payment_cards_is_refused(void **state)
{
    (void)state;
    change_is_refused("\"600585\", \"length\": 17", "\"4\", \"length\": 16",
                      "line 56: cards[0]: numbers of 16 digits that begin with 4 include payment "
                      "cards");
    change_is_refused("\"600585\", \"length\": 17", "\"6\", \"length\": 16",
                      "line 56: cards[0]: numbers of 16 digits that begin with 6 include payment "
                      "cards");
    change_is_refused("\"6102145\", \"length\": 12", "\"600585\", \"length\": 17",
                      "line 57: cards[1]: is the same as card 0");
    change_is_refused("\"6102145\", \"length\": 12", "\"6102145\", \"length\": 7",
                      "line 57: cards[1].length: must be 8..19, is 7");
    change_is_refused("\"6102145\"", "\"61021x5\"",
                      "line 57: cards[1].prefix: must be 1..12 digits, is \"61021x5\"");
}

static void every_mistake_is_told_at_once(void **state)
{
    (void)state;
    change_is_refused("\"version\": 1,\n  \"effective_from\": \"2026-01-01T00:00:00+08:00\"",
                      "\"version\": 0,\n  \"effective_from\": \"soon\", \"x\\ny\": 1",
                      "line 1: x?y: unknown key\n"
                      "line 3: version: must be 1..4294967295, is 0\n"
                      "line 4: effective_from: must be an instant like "
                      "\"2026-12-01T00:00:00+08:00\", 1970 or later, is \"soon\"");
}

static void quotes_and_braces_inside_text_do_not_mislead_the_line(void **state)
{
    (void)state;
    change_is_refused("\"Tallystick Club\",\n  \"version\": 1",
                      "\"A \\\" }, \\\\\",\n  \"version\": 0",
                      "line 3: version: must be 1..4294967295, is 0");
    change_is_refused("\"Tallystick Club\",\n  \"version\": 1",
                      "\"A \\\"version\\\": [\",\n\n  \"version\": 0",
                      "line 4: version: must be 1..4294967295, is 0");
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
    assert_int_equal(problems.untold, 50 + 10); /* and the keys that are missing */
    assert_int_equal(problems.items[99].line, 101);
    assert_string_equal(problems.items[99].text, "k99: unknown key");
    tally_programme_problems_free(&problems);
    tally_buffer_free(&text);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_means_what_it_says),
        cmocka_unit_test(a_document_outlives_the_bytes_it_was_read_from),
        cmocka_unit_test(the_other_words_are_understood),
        cmocka_unit_test(text_that_is_not_json_is_refused_with_its_line),
        cmocka_unit_test(a_key_that_is_there_twice_is_refused),
        cmocka_unit_test(an_unknown_key_is_refused_at_every_level),
        cmocka_unit_test(a_missing_key_is_named_at_its_object),
        cmocka_unit_test(a_wrong_type_is_named),
        cmocka_unit_test(an_impossible_value_is_named_with_what_is_possible),
        cmocka_unit_test(an_impossible_time_is_refused),
        cmocka_unit_test(tiers_have_to_rise_from_zero_under_codes_of_their_own),
        cmocka_unit_test(a_programme_without_tiers_is_refused),
        cmocka_unit_test(a_card_range_with_payment_cards_is_refused),
        cmocka_unit_test(every_mistake_is_told_at_once),
        cmocka_unit_test(quotes_and_braces_inside_text_do_not_mislead_the_line),
        cmocka_unit_test(mistakes_without_end_are_counted),
        cmocka_unit_test(every_truncation_is_refused),
    };
    return cmocka_run_group_tests(tests, read_sample, free_sample);
}
