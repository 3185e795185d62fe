/* SPDX-License-Identifier: Apache-2.0 */
/* What looks like fraud: the last value that is all right, and the first that is not. */
#include "app/core/guard.h"

#include "tests/unit/core/fold.h"

enum { SHOP = 3, OTHER_SHOP = 4, MINUTE_MS = 60000 };

static const int64_t now_ms = (int64_t)TODAY * 86400000 + (int64_t)10 * 3600000;
static struct fold fold;
static struct tally_guard guards[4];
static struct tally_programme programme;
static struct happening sale, adjustment;
static struct tally_guard_scene scene;

static void a_guard(enum tally_guard_kind kind, int64_t limit, bool refuses)
{
    guards[programme.guard_count++] = (struct tally_guard){kind, limit, refuses};
}

static void the_guards_are(enum tally_guard_kind kind, int64_t limit, bool refuses)
{
    programme = (struct tally_programme){.guards = guards};
    a_guard(kind, limit, refuses);
    opened(&fold);
    sale = a_happening(TALLY_EVENT_SALE, TERMINAL, 1);
    sale.event.as.sale.basket.shop = SHOP;
    scene = (struct tally_guard_scene){
        .account = &fold.account, .event = event_of(&sale), .now_ms = now_ms};
}

static struct tally_ruling ruling(void)
{
    return tally_guard_rule(&programme, &scene);
}

static void says(const char *expected)
{
    char text[128];
    struct tally_ruling found = ruling();
    size_t len = tally_guard_text(&found, text, sizeof text);
    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));
}

/* What the card did before. */
static void counted(enum tally_counter what, int32_t from_day, int64_t amount)
{
    struct happening before = a_happening(TALLY_EVENT_SALE, TERMINAL, 1);
    before.event.as.sale.basket.shop = SHOP;
    counts(&before, what, 0, from_day, TODAY, amount);
    applied(&fold, &before);
}

static void a_programme_without_guards_allows_everything(void **state)
{
    (void)state;
    the_guards_are(TALLY_GUARD_OWN_CARD, 0, true);
    scene.is_own_card = true;
    programme.guard_count = 0;
    assert_int_equal(ruling().verdict, TALLY_ALLOW);
    says("");
}

static void sales_of_a_card_are_counted_by_the_hour_of_the_clock(void **state)
{
    (void)state;
    the_guards_are(TALLY_GUARD_CARD_SALES_HOUR, 6, true);
    counted(TALLY_COUNT_HOUR, (int32_t)(now_ms / 3600000), 5);
    counted(TALLY_COUNT_HOUR, (int32_t)(now_ms / 3600000) - 1, 100);
    assert_int_equal(ruling().verdict, TALLY_ALLOW);
    counted(TALLY_COUNT_HOUR, (int32_t)(now_ms / 3600000), 1);
    assert_int_equal(ruling().verdict, TALLY_REFUSE);
    assert_int_equal(ruling().kind, TALLY_GUARD_CARD_SALES_HOUR);
    says("this card: 7 sales in this hour, 6 are all right");
    scene.now_ms += 3600000;
    assert_int_equal(ruling().verdict, TALLY_ALLOW);
}

static void sales_and_points_of_a_card_are_counted_by_the_business_day(void **state)
{
    (void)state;
    static const struct {
        enum tally_guard_kind kind;
        enum tally_counter what;
        const char *text;
    } cases[] = {
        {TALLY_GUARD_CARD_SALES_DAY, TALLY_COUNT_SALES,
         "this card: 31 sales today, 30 are all right"},
        {TALLY_GUARD_CARD_EARNED_DAY, TALLY_COUNT_EARNED,
         "this card: 31 points earned today, 30 are all right"},
        {TALLY_GUARD_CARD_REDEEMED_DAY, TALLY_COUNT_REDEEMED,
         "this card: 31 points redeemed today, 30 are all right"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        the_guards_are(cases[i].kind, 30, false);
        moves(&sale, TALLY_MOVE_REDEEM_HELD, 0, 21000, 0, 1);
        moves(&sale, TALLY_MOVE_EARN_DEBT, 0, 21000, 0, 1);
        (void)event_of(&sale);
        counted(cases[i].what, TODAY, 29);
        assert_int_equal(ruling().verdict, TALLY_ALLOW);
        counted(cases[i].what, TODAY, 1);
        assert_int_equal(ruling().verdict, TALLY_WARN);
        assert_true(ruling().value == 31 && ruling().limit == 30);
        says(cases[i].text);
        sale.event.business_day = TODAY + 1;
        assert_int_equal(ruling().verdict, TALLY_ALLOW);
    }
}

static void a_cashier_is_counted_by_the_hour_and_by_the_day(void **state)
{
    (void)state;
    the_guards_are(TALLY_GUARD_CASHIER_SALES_HOUR, 2, false);
    a_guard(TALLY_GUARD_CASHIER_EARNED_DAY, 100, true);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, 0, 40);
    (void)event_of(&sale);
    struct tally_cashier_count cashier = {0};
    assert_int_equal(ruling().verdict, TALLY_ALLOW); /* nobody in particular */
    scene.cashier = &cashier;
    tally_guard_count(&cashier, &sale.event, now_ms);
    assert_int_equal(ruling().verdict, TALLY_ALLOW);
    tally_guard_count(&cashier, &sale.event, now_ms);
    assert_int_equal(ruling().verdict, TALLY_REFUSE); /* the graver one: 120 points */
    says("this cashier: 120 points given today, 100 are all right");
    programme.guard_count = 1;
    says("this cashier: 3 sales in this hour, 2 are all right");
    programme.guard_count = 2;
    scene.now_ms += 3600000; /* another hour, the same day */
    assert_int_equal(ruling().kind, TALLY_GUARD_CASHIER_EARNED_DAY);
    sale.event.business_day++;
    assert_int_equal(ruling().verdict, TALLY_ALLOW);
    tally_guard_count(&cashier, &sale.event, scene.now_ms);
    assert_true(cashier.sales_in_hour == 1 && cashier.earned_in_day == 40);
    adjustment = a_happening(TALLY_EVENT_ADJUST, TERMINAL, 1);
    tally_guard_count(&cashier, event_of(&adjustment), scene.now_ms);
    assert_true(cashier.sales_in_hour == 1);
}

static void nobody_is_in_two_shops_at_once(void **state)
{
    (void)state;
    the_guards_are(TALLY_GUARD_TRAVEL_MINUTES, 30, true);
    assert_int_equal(ruling().verdict, TALLY_ALLOW); /* the first sale ever */
    struct happening before = a_happening(TALLY_EVENT_SALE, TERMINAL, 1);
    before.event.time = (tally_hlc)(now_ms - (int64_t)12 * MINUTE_MS) << 16;
    before.event.as.sale.basket.shop = OTHER_SHOP;
    applied(&fold, &before);
    says("this card: 12 minutes since a sale in another shop, 30 are all right");
    scene.now_ms = now_ms + (int64_t)18 * MINUTE_MS - 1;
    assert_int_equal(ruling().verdict, TALLY_REFUSE);
    scene.now_ms++;
    assert_int_equal(ruling().verdict, TALLY_ALLOW);
    scene.now_ms = now_ms - (int64_t)20 * MINUTE_MS; /* this clock is behind the other */
    assert_int_equal(ruling().verdict, TALLY_REFUSE);
    scene.now_ms = now_ms - (int64_t)100 * MINUTE_MS;
    assert_int_equal(ruling().verdict, TALLY_ALLOW);
    scene.now_ms = now_ms;
    sale.event.as.sale.basket.shop = OTHER_SHOP;
    assert_int_equal(ruling().verdict, TALLY_ALLOW);
    sale.event.as.sale.basket.shop = 0;
    assert_int_equal(ruling().verdict, TALLY_ALLOW);
}

static void a_cashiers_own_card_is_seen(void **state)
{
    (void)state;
    the_guards_are(TALLY_GUARD_OWN_CARD, 0, false);
    assert_int_equal(ruling().verdict, TALLY_ALLOW);
    scene.is_own_card = true;
    assert_int_equal(ruling().verdict, TALLY_WARN);
    says("this card: it is the cashier's own");
}

static void a_large_adjustment_needs_two_people(void **state)
{
    (void)state;
    the_guards_are(TALLY_GUARD_ADJUST_POINTS, 500, true);
    a_guard(TALLY_GUARD_CARD_SALES_DAY, 0, true); /* says nothing about adjustments */
    adjustment = a_happening(TALLY_EVENT_ADJUST, TERMINAL, 1);
    moves(&adjustment, TALLY_MOVE_ADJUST_OUT, 0, 21000, 0, 500);
    scene.event = event_of(&adjustment);
    assert_int_equal(ruling().verdict, TALLY_ALLOW);
    moves(&adjustment, TALLY_MOVE_ADJUST_DEBT, 0, 0, 0, 1);
    scene.event = event_of(&adjustment);
    says("this adjustment: 501 points by one person alone, 500 are all right");
    adjustment.event.as.adjust.second = (struct tally_slice){(const uint8_t *)"ann", 3};
    assert_int_equal(ruling().verdict, TALLY_ALLOW);
    moves(&sale, TALLY_MOVE_EARN, 0, 21000, 0, 5000);
    scene.event = event_of(&sale);
    programme.guard_count = 1;
    assert_int_equal(ruling().verdict, TALLY_ALLOW); /* nor the other about sales */
}

static void the_gravest_ruling_is_told_and_of_equals_the_first(void **state)
{
    (void)state;
    the_guards_are(TALLY_GUARD_OWN_CARD, 0, false);
    a_guard(TALLY_GUARD_CARD_SALES_DAY, 0, false);
    scene.is_own_card = true;
    assert_int_equal(ruling().kind, TALLY_GUARD_OWN_CARD);
    a_guard(TALLY_GUARD_CARD_SALES_DAY, 0, true);
    a_guard(TALLY_GUARD_OWN_CARD, 0, true);
    assert_int_equal(ruling().verdict, TALLY_REFUSE);
    assert_int_equal(ruling().kind, TALLY_GUARD_CARD_SALES_DAY);
}

static void the_sentence_is_cut_to_its_room(void **state)
{
    (void)state;
    const struct tally_ruling long_one = {TALLY_REFUSE, TALLY_GUARD_TRAVEL_MINUTES, INT64_MAX,
                                          INT64_MIN};
    char text[16];
    memset(text, 'x', sizeof text);
    assert_int_equal(tally_guard_text(&long_one, text, 10), 9);
    assert_string_equal(text, "this card");
    assert_int_equal(text[10], 'x');
    assert_int_equal(tally_guard_text(&long_one, text, 1), 0);
    assert_string_equal(text, "");
    assert_int_equal(tally_guard_text(&long_one, NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_programme_without_guards_allows_everything),
        cmocka_unit_test(sales_of_a_card_are_counted_by_the_hour_of_the_clock),
        cmocka_unit_test(sales_and_points_of_a_card_are_counted_by_the_business_day),
        cmocka_unit_test(a_cashier_is_counted_by_the_hour_and_by_the_day),
        cmocka_unit_test(nobody_is_in_two_shops_at_once),
        cmocka_unit_test(a_cashiers_own_card_is_seen),
        cmocka_unit_test(a_large_adjustment_needs_two_people),
        cmocka_unit_test(the_gravest_ruling_is_told_and_of_equals_the_first),
        cmocka_unit_test(the_sentence_is_cut_to_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
