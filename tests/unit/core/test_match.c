/* SPDX-License-Identifier: Apache-2.0 */
/* Whether rules speak about a sale and about which lines; baskets that can't be; dividing. */
#include "tests/unit/core/till.h"

#include "tests/unit/core/seeded.h"

static struct till till;

/* ------------------------------------------------------------------ baskets */

static struct tally_tender tender;
static struct tally_slice code;
static struct tally_claim claims[2];

static void a_basket(void)
{
    open_till(&till);
    add_line(&till, "A", "food", 1000);
    add_line(&till, "B", "", 500);
    tender = (struct tally_tender){text_of("cash"), 1500};
    code = text_of("SPRING");
    claims[0] = (struct tally_claim){5, 1};
    claims[1] = (struct tally_claim){6, 2};
    till.basket.tenders = &tender;
    till.basket.tender_count = 1;
    till.basket.codes = &code;
    till.basket.code_count = 1;
    till.basket.claims = claims;
    till.basket.claim_count = 2;
}

static void a_basket_that_can_be_is_added_up(void **state)
{
    (void)state;
    a_basket();
    int64_t total = 77;
    assert_int_equal(tally_basket_check(&till.basket, &total), TALLY_OK);
    assert_true(total == 1500);
    till.lines[0].amount_minor = TALLY_MONEY_MAX - 500;
    assert_int_equal(tally_basket_check(&till.basket, &total), TALLY_OK);
    assert_true(total == TALLY_MONEY_MAX);
}

static void a_basket_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static char long_text[TALLY_CATEGORIES_LEN_MAX + 2];
    memset(long_text, 'x', sizeof long_text - 1);
#define REFUSED(change, status)                                                                    \
    {                                                                                              \
        int64_t total = 77;                                                                        \
        a_basket();                                                                                \
        change;                                                                                    \
        if (tally_basket_check(&till.basket, &total) != (status) || total != 77) {                 \
            fail_msg("%s", #change);                                                               \
        }                                                                                          \
    }
    REFUSED(till.basket.line_count = 0, TALLY_E_INVALID)
    REFUSED(till.basket.line_count = TALLY_LINES_MAX + 1, TALLY_E_INVALID)
    REFUSED(till.lines[0].amount_minor = -1, TALLY_E_INVALID)
    REFUSED(till.lines[0].amount_minor = TALLY_MONEY_MAX, TALLY_E_OVERFLOW)
    REFUSED(till.lines[0].amount_minor = INT64_MAX, TALLY_E_OVERFLOW)
    REFUSED(till.lines[0].quantity_milli = 0, TALLY_E_INVALID)
    REFUSED(till.lines[0].quantity_milli = -1000, TALLY_E_INVALID)
    REFUSED(till.lines[0].quantity_milli = INT64_MAX, TALLY_E_OVERFLOW)
    REFUSED(till.lines[0].tax_minor = -1, TALLY_E_INVALID)
    REFUSED(till.lines[0].tax_minor = 1001, TALLY_E_INVALID)
    REFUSED(till.lines[0].discount_minor = -1, TALLY_E_INVALID)
    REFUSED(till.lines[0].discount_minor = INT64_MAX, TALLY_E_OVERFLOW)
    REFUSED(till.lines[0].sku.len = TALLY_TEXT_LEN_MAX + 1;
            till.lines[0].sku.data = (uint8_t *)long_text, TALLY_E_INVALID)
    REFUSED(till.lines[0].sku = text_of("\xc3\x28"), TALLY_E_INVALID)
    REFUSED(till.lines[0].categories = text_of(long_text), TALLY_E_INVALID)
    REFUSED(till.lines[0].categories = text_of("\xff"), TALLY_E_INVALID)
    REFUSED(till.lines[0].categories = text_of("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"),
            TALLY_E_INVALID)
    REFUSED(tender.amount_minor = 0, TALLY_E_INVALID)
    REFUSED(tender.amount_minor = -5, TALLY_E_INVALID)
    REFUSED(tender.amount_minor = TALLY_MONEY_MAX + 1, TALLY_E_OVERFLOW)
    REFUSED(tender.kind.len = 0, TALLY_E_INVALID)
    REFUSED(till.basket.tender_count = TALLY_TENDERS_MAX + 1, TALLY_E_INVALID)
    REFUSED(code.len = 0, TALLY_E_INVALID)
    REFUSED(till.basket.code_count = TALLY_PROMO_CODES_MAX + 1, TALLY_E_INVALID)
    REFUSED(claims[1].reward = 5, TALLY_E_INVALID) /* twice */
    REFUSED(claims[0].reward = 7, TALLY_E_INVALID) /* not rising */
    REFUSED(claims[0].reward = 0, TALLY_E_INVALID)
    REFUSED(claims[1].times = 0, TALLY_E_INVALID)
    REFUSED(till.basket.claim_count = TALLY_CLAIMS_MAX + 1, TALLY_E_INVALID)
    REFUSED(till.basket.channel = text_of("\x80"), TALLY_E_INVALID)
    REFUSED(till.basket.points = -1, TALLY_E_INVALID)
    REFUSED(till.basket.points = TALLY_POINTS_MAX + 1, TALLY_E_OVERFLOW)
#undef REFUSED
}

static void a_word_has_the_id_that_the_algorithm_says(void **state)
{
    (void)state;
    assert_int_equal(tally_word_id("", 0), UINT32_C(0x811c9dc5));
    assert_int_equal(tally_word_id("a", 1), UINT32_C(0xe40c292c));
    assert_int_equal(tally_word_id("foobar", 6), UINT32_C(0xbf9cf968));
}

/* ------------------------------------------------------------------ lines */

static bool selects(const struct tally_selector *selector, size_t line)
{
    read_lines(&till);
    struct tally_block_names names;
    tally_names_read(till.work, till.basket.line_count, &names);
    bool has = tally_selector_has(selector, &till.work[line]);
    uint64_t block = tally_selector_block(selector, &names, till.work, till.basket.line_count);
    uint64_t slow = tally_selector_block(selector, NULL, till.work, till.basket.line_count);
    assert_true((block >> line & 1) == has);
    assert_true(block == slow);
    return has;
}

static void a_selector_that_says_nothing_takes_every_line(void **state)
{
    (void)state;
    a_basket();
    struct tally_selector selector = {0};
    assert_true(selects(&selector, 0));
    assert_true(selects(&selector, 1));
}

static void lines_are_chosen_by_article_or_category_and_left_out_by_either(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "A", "food,red", 1000);
    add_line(&till, "B", "red", 1000);
    add_line(&till, "C", "", 1000);
    add_line(&till, "", ",food,", 1000);
    struct tally_selector selector = {.skus = words_of("C"), .categories = words_of("food")};
    assert_true(selects(&selector, 0));
    assert_false(selects(&selector, 1));
    assert_true(selects(&selector, 2));
    assert_true(selects(&selector, 3));
    selector.except_skus = words_of("A");
    assert_false(selects(&selector, 0));
    selector.except_skus = (struct tally_words){0};
    selector.except_categories = words_of("red,blue");
    assert_false(selects(&selector, 0));
    assert_true(selects(&selector, 2));
    selector = (struct tally_selector){.except_categories = words_of("red")};
    assert_false(selects(&selector, 1));
    assert_true(selects(&selector, 2));
}

static void a_part_of_a_name_is_not_the_name(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "4006381333931", "foo,food court", 1000);
    struct tally_selector selector = {.categories = words_of("food,fo,court")};
    assert_false(selects(&selector, 0));
    selector = (struct tally_selector){.skus = words_of("400638133393,40063813339310")};
    assert_false(selects(&selector, 0));
}

/* Names with one id are what the bytes are compared for: these are known to share one. */
static void names_that_share_an_id_are_told_apart(void **state)
{
    (void)state;
    const char *twin = "liquid", *other = "costarring"; /* both 0x5e4daa9d */
    assert_int_equal(id_of(twin), id_of(other));
    open_till(&till);
    add_line(&till, twin, "", 1000);
    add_line(&till, other, "", 1000);
    add_line(&till, "x", other, 1000);
    struct tally_selector selector = {.skus = words_of("liquid")};
    assert_true(selects(&selector, 0));
    assert_false(selects(&selector, 1));
    selector.skus = words_of("costarring");
    assert_false(selects(&selector, 0));
    assert_true(selects(&selector, 1));
    selector.skus = words_of("costarring,liquid,x");
    assert_true(selects(&selector, 0));
    assert_true(selects(&selector, 1));
    selector = (struct tally_selector){.categories = words_of("liquid")};
    assert_false(selects(&selector, 2));
    assert_int_equal(id_of("declinate"), id_of("macallums")); /* and are of one length */
    till.lines[0].sku = text_of("declinate");
    selector = (struct tally_selector){.skus = words_of("macallums")};
    assert_false(selects(&selector, 0));
    selector.skus = words_of("macallums,declinate");
    assert_true(selects(&selector, 0));
    selector = (struct tally_selector){.categories = words_of("liquid")};
    assert_true(tally_words_have(&selector.categories, "liquid", 6));
    assert_false(tally_words_have(&selector.categories, "costarring", 10));
}

static void a_price_is_that_of_one_piece(void **state)
{
    (void)state;
    open_till(&till);
    add_line(&till, "A", "", 1000)->quantity_milli = 3000;
    struct tally_selector selector = {.price_minor_min = 333};
    assert_true(selects(&selector, 0));
    selector.price_minor_min = 334;
    assert_false(selects(&selector, 0));
    till.lines[0].quantity_milli = 500; /* half a kilogram for 10.00 */
    selector.price_minor_min = 2000;
    assert_true(selects(&selector, 0));
    selector.price_minor_min = 2001;
    assert_false(selects(&selector, 0));
    till.lines[0].quantity_milli = TALLY_MONEY_MAX;
    selector.price_minor_min = TALLY_MONEY_MAX;
    assert_false(selects(&selector, 0));
}

/* Long and short lists, many and few categories, colliding ids: asked line by line or all at once,
 * the answer is the same, and what a plain search for the text says. */
static bool is_in(const char *list, const char *text, size_t len)
{
    const char *at = list;
    for (;;) {
        const char *end = strchr(at, ',');
        size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
        if (size == len && len > 0 && memcmp(at, text, len) == 0) {
            return true;
        }
        if (end == NULL) {
            return false;
        }
        at = end + 1;
    }
}

static void all_ways_to_search_find_the_same(void **state)
{
    (void)state;
    static const char *const lists[] = {
        "a", "b,c,d", "liquid,e", "costarring,f,g", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w",
    };
    static const char *const texts[] = {"a",  "b",   "c", "d",      "e",          "f",
                                        "gg", "i,j", "",  "liquid", "costarring", "k,liquid,b"};
    enum { LISTS = sizeof lists / sizeof lists[0], TEXTS = sizeof texts / sizeof texts[0] };
    struct tally_words words[LISTS];
    for (size_t i = 0; i < LISTS; i++) {
        words[i] = words_of(lists[i]);
    }
    uint64_t seed = seeded_start(20261122);
    for (int round = 0; round < 3000; round++) {
        open_till(&till);
        int64_t lines = 1 + seeded_below(&seed, TALLY_BLOCK);
        for (int64_t i = 0; i < lines; i++) {
            add_line(&till, texts[seeded_below(&seed, TEXTS)], texts[seeded_below(&seed, TEXTS)],
                     100);
        }
        size_t sku = (size_t)seeded_below(&seed, LISTS), out = (size_t)seeded_below(&seed, LISTS);
        struct tally_selector selector = {.skus = words[sku], .except_categories = words[out]};
        for (size_t i = 0; i < till.basket.line_count; i++) {
            const struct tally_line *line = &till.lines[i];
            bool wanted = is_in(lists[sku], (const char *)line->sku.data, line->sku.len);
            const char *at = (const char *)line->categories.data;
            for (bool more = true; more;) {
                const char *end = strchr(at, ',');
                size_t len = end == NULL ? strlen(at) : (size_t)(end - at);
                wanted = wanted && !is_in(lists[out], at, len);
                more = end != NULL;
                at = more ? end + 1 : at;
            }
            assert_true(selects(&selector, i) == wanted);
        }
    }
}

static void more_categories_than_can_be_numbered_are_searched_one_by_one(void **state)
{
    (void)state;
    static char names[TALLY_BLOCK][40];
    open_till(&till);
    for (size_t i = 0; i < TALLY_BLOCK; i++) {
        snprintf(names[i], sizeof names[i], "one-%zu,two-%zu", i, i);
        add_line(&till, "A", names[i], 100);
    }
    struct tally_selector selector = {.categories = words_of("two-63,one-5")};
    for (size_t i = 0; i < TALLY_BLOCK; i++) {
        assert_true(selects(&selector, i) == (i == 5 || i == 63));
    }
}

/* ------------------------------------------------------------------ when */

static bool holds(const struct tally_when *when)
{
    struct tally_scene scene = scene_of(&till);
    read_lines(&till);
    return tally_when_holds(when, &scene);
}

static void a_day_a_weekday_and_an_hour_hold_at_their_edges(void **state)
{
    (void)state;
    a_basket();
    struct tally_when when = always();
    assert_true(holds(&when));
    when.from_day = TILL_DAY;
    when.until_day = TILL_DAY;
    assert_true(holds(&when));
    when.from_day = TILL_DAY + 1;
    when.until_day = TILL_DAY + 1;
    assert_false(holds(&when));
    when = always();
    when.until_day = TILL_DAY - 1;
    assert_false(holds(&when));
    when = always();
    when.weekdays = 1 << 6; /* 22 November 2026 is a Sunday */
    assert_true(holds(&when));
    when.weekdays = 0x7F - (1 << 6);
    assert_false(holds(&when));
    when = always();
    struct tally_hours hours[] = {{0, 60}, {600, 720}};
    when.hours = hours;
    when.hour_count = 2;
    static const int32_t minutes[] = {0, 59, 60, 599, 600, 719, 720, 1439};
    for (size_t i = 0; i < 8; i++) {
        till.seen.minute = minutes[i];
        assert_true(holds(&when) == (minutes[i] < 60 || (minutes[i] >= 600 && minutes[i] < 720)));
    }
}

static void a_place_a_channel_and_a_merchant_must_be_the_ones(void **state)
{
    (void)state;
    a_basket();
    static const uint32_t shops[] = {3, 4};
    struct tally_merchant merchant = {
        .code = "m", .id = id_of("m"), .shops = shops, .shop_count = 2, .earn_pct = 100};
    till.programme.merchants = &merchant;
    till.programme.merchant_count = 1;
    struct tally_when when = always();
    when.shops = shops;
    when.shop_count = 2;
    assert_false(holds(&when)); /* it is not known where */
    till.basket.shop = 4;
    assert_true(holds(&when));
    till.basket.shop = 5;
    assert_false(holds(&when));
    when = always();
    when.merchants = words_of("m");
    assert_false(holds(&when));
    till.basket.shop = 3;
    assert_true(holds(&when));
    when = always();
    when.channels = words_of("web,app");
    assert_false(holds(&when));
    till.basket.channel = text_of("web");
    assert_true(holds(&when));
}

static void a_tier_a_tender_and_a_code_must_be_among_those_named(void **state)
{
    (void)state;
    a_basket();
    struct tally_when when = always();
    when.tiers = words_of("VIP,3xVIP");
    assert_false(holds(&when));
    till.seen.tier = 1;
    assert_true(holds(&when));
    till.seen.tier = 99; /* of a programme with more of them */
    assert_false(holds(&when));
    when = always();
    when.tenders = words_of("card");
    assert_false(holds(&when));
    tender.kind = text_of("card");
    assert_true(holds(&when));
    when = always();
    when.codes = words_of("SUMMER");
    assert_false(holds(&when));
    when.codes = words_of("SUMMER,SPRING");
    assert_true(holds(&when));
    till.basket.code_count = 0;
    assert_false(holds(&when));
}

static void visits_days_and_birthdays_are_the_members(void **state)
{
    (void)state;
    a_basket();
    struct tally_when when = always();
    when.visit_first = 1;
    assert_true(holds(&when));
    till.seen.visits = 1;
    assert_false(holds(&when));
    when = always();
    when.visit_every = 3;
    for (int64_t visits = 0; visits < 9; visits++) {
        till.seen.visits = visits;
        assert_true(holds(&when) == (visits % 3 == 2));
    }
    when = always();
    when.away_days = 90;
    till.seen.days_away = 89;
    assert_false(holds(&when));
    till.seen.days_away = 90;
    assert_true(holds(&when));
    till.seen.days_away = -1; /* never here: not away */
    assert_false(holds(&when));
    when = always();
    when.joined_days = 30;
    till.seen.days_member = 29;
    assert_true(holds(&when));
    till.seen.days_member = 30;
    assert_false(holds(&when));
    when = always();
    when.birthday = TALLY_BIRTHDAY_WEEK;
    assert_false(holds(&when));
    till.seen.birthday = TALLY_BIRTHDAY_MONTH;
    assert_false(holds(&when));
    till.seen.birthday = TALLY_BIRTHDAY_MONTH | TALLY_BIRTHDAY_WEEK;
    assert_true(holds(&when));
}

static void a_minimum_is_of_what_is_left_after_rewards(void **state)
{
    (void)state;
    a_basket();
    till.lines[0].tax_minor = 200;
    struct tally_scene scene = scene_of(&till);
    struct tally_when when = always();
    struct tally_selector food = {.categories = words_of("food")};
    when.basket_minor_min = 1500;
    when.spend_minor_min = 1000;
    when.quantity_milli_min = 1000;
    read_lines(&till);
    assert_true(tally_when_holds(&when, &scene));
    assert_true(tally_when_lines_hold(&when, &food, &scene));
    till.work[0].net_minor = 999;
    assert_false(tally_when_holds(&when, &scene));
    assert_false(tally_when_lines_hold(&when, &food, &scene));
    when.basket_minor_min = 1000; /* 500 net, 100 of it tax; and 500 */
    when.spend_minor_min = 400;
    till.work[0].net_minor = 500;
    assert_true(tally_when_holds(&when, &scene));
    when.spend_without_tax = true;
    assert_false(tally_when_holds(&when, &scene));
    assert_true(tally_when_lines_hold(&when, &food, &scene));
    when.spend_minor_min = 401;
    assert_false(tally_when_lines_hold(&when, &food, &scene));
    when.spend_minor_min = 0;
    when.quantity_milli_min = 1001;
    assert_false(tally_when_lines_hold(&when, &food, &scene));
}

/* ------------------------------------------------------------------ caps and parts */

static void what_is_left_of_a_cap_is_what_was_not_counted_in_its_span(void **state)
{
    (void)state;
    a_basket();
    struct tally_when when = always();
    when.from_day = TILL_DAY - 5;
    when.until_day = TILL_DAY + 5;
    struct tally_cap cap = a_cap(TALLY_PERIOD_MONTH, 100);
    struct tally_count used[] = {
        {TALLY_COUNT_RULE, 8, TILL_DAY - 21, TILL_DAY + 8, 30}, /* November */
        {TALLY_COUNT_RULE, 9, TILL_DAY - 21, TILL_DAY + 8, 60},
        {TALLY_COUNT_RULE, 9, TILL_DAY - 5, TILL_DAY + 5, 10},
        {TALLY_COUNT_EARNED, 9, TILL_DAY, TILL_DAY, 500}};
    till.seen.used = used;
    till.seen.used_count = 4;
#define LEFT(of) tally_cap_left(&cap, &when, &till.seen, TALLY_COUNT_RULE, of, TILL_DAY)
    assert_true(LEFT(9) == 40);
    assert_true(LEFT(8) == 70);
    assert_true(LEFT(7) == 100);
    used[1].amount = 101;
    assert_true(LEFT(9) == 0);
    used[1].amount = -3; /* a void that came in before its sale */
    assert_true(LEFT(9) == 100);
    cap.period.kind = TALLY_PERIOD_CAMPAIGN;
    assert_true(LEFT(9) == 90);
    cap.period.kind = TALLY_PERIOD_SALE;
    assert_true(LEFT(9) == 100);
    cap.period.kind = TALLY_PERIOD_DAY;
    assert_true(tally_cap_left(&cap, NULL, &till.seen, TALLY_COUNT_EARNED, 9, TILL_DAY) == 0);
#undef LEFT
}

static void parts_add_up_and_none_is_negative(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(20261122);
    for (int round = 0; round < 20000; round++) {
        int64_t weights[8], count = 1 + seeded_below(&seed, 8), sum = 0;
        struct tally_allotment allotment = {
            .total = (int64_t)(seeded_next(&seed) >> (1 + seeded_below(&seed, 63)))};
        for (int64_t i = 0; i < count; i++) {
            weights[i] = seeded_below(&seed, 3) == 0
                             ? 0
                             : (int64_t)(seeded_next(&seed) >> (4 + seeded_below(&seed, 60)));
            allotment.weight_total += weights[i];
        }
        for (int64_t i = 0; i < count; i++) {
            int64_t part = -1;
            assert_int_equal(tally_allot(&allotment, weights[i], &part), TALLY_OK);
            assert_true(part >= 0);
            assert_true(weights[i] > 0 || part == 0 || (allotment.weight_total == 0 && i == 0));
            sum += part;
        }
        assert_true(sum == allotment.total);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_basket_that_can_be_is_added_up),
        cmocka_unit_test(a_basket_that_cannot_be_is_refused),
        cmocka_unit_test(a_word_has_the_id_that_the_algorithm_says),
        cmocka_unit_test(a_selector_that_says_nothing_takes_every_line),
        cmocka_unit_test(lines_are_chosen_by_article_or_category_and_left_out_by_either),
        cmocka_unit_test(a_part_of_a_name_is_not_the_name),
        cmocka_unit_test(names_that_share_an_id_are_told_apart),
        cmocka_unit_test(a_price_is_that_of_one_piece),
        cmocka_unit_test(all_ways_to_search_find_the_same),
        cmocka_unit_test(more_categories_than_can_be_numbered_are_searched_one_by_one),
        cmocka_unit_test(a_day_a_weekday_and_an_hour_hold_at_their_edges),
        cmocka_unit_test(a_place_a_channel_and_a_merchant_must_be_the_ones),
        cmocka_unit_test(a_tier_a_tender_and_a_code_must_be_among_those_named),
        cmocka_unit_test(visits_days_and_birthdays_are_the_members),
        cmocka_unit_test(a_minimum_is_of_what_is_left_after_rewards),
        cmocka_unit_test(what_is_left_of_a_cap_is_what_was_not_counted_in_its_span),
        cmocka_unit_test(parts_add_up_and_none_is_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
