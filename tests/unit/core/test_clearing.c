/* SPDX-License-Identifier: Apache-2.0 */
/* Merchants that share a programme: what each owes, and payments that leave nothing over. */
#include "app/core/clearing.h"

#include "tests/unit/core/fold.h"
#include "tests/unit/core/seeded.h"

enum { MERCHANTS = 5, BAKER = 0, BUTCHER = 1, GROCER = 2 };

static const uint32_t shops[MERCHANTS][2] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}};
static struct tally_merchant all[MERCHANTS];
static struct tally_clearing merchants[MERCHANTS + 1];
static struct tally_programme programme;

/* A point costs 1.00 minor unit to give, and brings 0.80 to take. */
static void merchants_of(size_t count)
{
    memset(merchants, 0, sizeof merchants);
    for (size_t i = 0; i < MERCHANTS; i++) {
        all[i] = (struct tally_merchant){.shops = shops[i],
                                         .shop_count = 2,
                                         .issue_price_micro = 1000000,
                                         .redeem_price_micro = 800000};
    }
    programme = (struct tally_programme){.merchants = all, .merchant_count = count};
}

static enum tally_status happened(enum tally_event_type type, uint32_t shop,
                                  enum tally_move_kind kind, uint32_t purse, int64_t points)
{
    struct happening happening = a_happening(type, TERMINAL, 1);
    bool is_debt = kind == TALLY_MOVE_UNEARN_DEBT;
    moves(&happening, kind, purse, is_debt ? 0 : 21000, 0, points);
    return tally_clearing_add(&programme, merchants, event_of(&happening), shop);
}

static void sums_are(size_t merchant, int64_t issued, int64_t redeemed)
{
    assert_true(merchants[merchant].issued == issued);
    assert_true(merchants[merchant].redeemed == redeemed);
}

static void points_are_counted_where_they_are_given_and_taken(void **state)
{
    (void)state;
    merchants_of(3);
    assert_int_equal(happened(TALLY_EVENT_SALE, 2, TALLY_MOVE_EARN, 0, 100), TALLY_OK);
    assert_int_equal(happened(TALLY_EVENT_SALE, 1, TALLY_MOVE_EARN_DEBT, 0, 20), TALLY_OK);
    assert_int_equal(happened(TALLY_EVENT_SALE, 3, TALLY_MOVE_REDEEM, 0, 60), TALLY_OK);
    assert_int_equal(happened(TALLY_EVENT_SALE, 4, TALLY_MOVE_REDEEM_HELD, 0, 5), TALLY_OK);
    assert_int_equal(happened(TALLY_EVENT_REFUND, 1, TALLY_MOVE_UNEARN, 0, 10), TALLY_OK);
    assert_int_equal(happened(TALLY_EVENT_REFUND, 1, TALLY_MOVE_UNEARN_DEBT, 0, 1), TALLY_OK);
    assert_int_equal(happened(TALLY_EVENT_VOID, 3, TALLY_MOVE_UNREDEEM, 0, 15), TALLY_OK);
    sums_are(BAKER, 109, 0);
    sums_are(BUTCHER, 0, 50);
    sums_are(GROCER, 0, 0);
}

static void what_is_nobodys_or_no_points_is_not_counted(void **state)
{
    (void)state;
    merchants_of(2);
    assert_int_equal(happened(TALLY_EVENT_SALE, 5, TALLY_MOVE_EARN, 0, 100), TALLY_OK);
    assert_int_equal(happened(TALLY_EVENT_SALE, 0, TALLY_MOVE_EARN, 0, 100), TALLY_OK);
    assert_int_equal(happened(TALLY_EVENT_SALE, 1, TALLY_MOVE_EARN, 77, 100), TALLY_OK);
    assert_int_equal(happened(TALLY_EVENT_ADJUST, 1, TALLY_MOVE_ADJUST_IN, 0, 100), TALLY_OK);
    assert_int_equal(happened(TALLY_EVENT_SALE, 1, TALLY_MOVE_EXPIRE, 0, 100), TALLY_OK);
    sums_are(BAKER, 0, 0);
    sums_are(BUTCHER, 0, 0);
}

static void each_price_is_applied_and_rounded_once_half_to_even(void **state)
{
    (void)state;
    static const struct {
        int64_t issued, redeemed, issue_price, redeem_price, owes;
    } cases[] = {
        {100, 50, 1000000, 800000, 60},
        {50, 100, 1000000, 800000, -30},
        {1, 0, 500000, 0, 0},
        {3, 0, 500000, 0, 2},
        {5, 0, 500000, 0, 2},
        {0, 1, 0, 500000, 0},
        {0, 3, 0, 500000, -2},
        {-3, 0, 500000, 0, -2},
        {0, -3, 0, 500000, 2},
        {1, 1, 500000, 500001, 0},
        {7, 0, 333333, 0, 2},
        {0, 0, 1000000, 1000000, 0},
        {TALLY_POINTS_MAX, TALLY_POINTS_MAX, INT64_C(1000000000000), INT64_C(999999000000),
         INT64_C(1000000000000)},
        {TALLY_POINTS_MAX, TALLY_POINTS_MAX, INT64_C(1000000000000), INT64_C(999990000000),
         INT64_C(10000000000000)},
        {TALLY_POINTS_MAX, TALLY_POINTS_MAX, INT64_C(1000000000000), INT64_C(900000000000),
         INT64_C(100000000000000000)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        merchants_of(1);
        merchants[0] = (struct tally_clearing){cases[i].issued, cases[i].redeemed, 0};
        all[0].issue_price_micro = cases[i].issue_price;
        all[0].redeem_price_micro = cases[i].redeem_price;
        assert_int_equal(tally_clearing_settle(&programme, merchants), TALLY_OK);
        assert_true(merchants[0].owes_minor == cases[i].owes);
        assert_true(merchants[1].owes_minor == -cases[i].owes); /* the programme's */
    }
}

static void sums_that_do_not_fit_are_refused_and_nothing_is_set(void **state)
{
    (void)state;
    merchants_of(2);
    merchants[BAKER].issued = INT64_MAX;
    assert_int_equal(happened(TALLY_EVENT_SALE, 1, TALLY_MOVE_EARN, 0, 1), TALLY_E_OVERFLOW);
    sums_are(BAKER, INT64_MAX, 0);
    all[BAKER].issue_price_micro = INT64_MAX;
    merchants[BAKER].owes_minor = merchants[2].owes_minor = 4711;
    assert_int_equal(tally_clearing_settle(&programme, merchants), TALLY_E_OVERFLOW);
    assert_true(merchants[BAKER].owes_minor == 4711 && merchants[2].owes_minor == 4711);
    all[BAKER].issue_price_micro = all[BUTCHER].issue_price_micro = 1000000;
    merchants[BUTCHER].issued = 1;
    assert_int_equal(tally_clearing_settle(&programme, merchants), TALLY_E_OVERFLOW);
}

static void payments_go_from_the_greatest_debt_to_the_greatest_claim(void **state)
{
    (void)state;
    merchants_of(3);
    merchants[BAKER].owes_minor = 50;
    merchants[BUTCHER].owes_minor = 70;
    merchants[GROCER].owes_minor = -100;
    merchants[3].owes_minor = -20; /* the programme */
    static const struct {
        size_t from, to;
        int64_t minor;
    } payments[] = {{BUTCHER, GROCER, 70}, {BAKER, GROCER, 30}, {BAKER, 3, 20}};
    size_t from = 0, to = 0;
    int64_t minor = 0;
    for (size_t i = 0; i < sizeof payments / sizeof payments[0]; i++) {
        assert_true(tally_clearing_next(&programme, merchants, &from, &to, &minor));
        assert_int_equal(from, payments[i].from);
        assert_int_equal(to, payments[i].to);
        assert_true(minor == payments[i].minor);
    }
    assert_false(tally_clearing_next(&programme, merchants, &from, &to, &minor));
    assert_true(minor == 20); /* nothing is written where there is nothing */
}

static void of_equal_merchants_the_first_one_pays_first(void **state)
{
    (void)state;
    merchants_of(2);
    merchants[BAKER].owes_minor = merchants[BUTCHER].owes_minor = 10;
    merchants[2].owes_minor = -20;
    size_t from = 9, to = 9;
    int64_t minor = 0;
    assert_true(tally_clearing_next(&programme, merchants, &from, &to, &minor));
    assert_int_equal(from, BAKER);
    assert_int_equal(to, 2);
}

static void payments_leave_nothing_over_and_are_fewer_than_the_merchants(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(3);
    for (int life = 0; life < 2000; life++) {
        merchants_of((size_t)seeded_below(&seed, MERCHANTS + 1));
        const size_t count = programme.merchant_count;
        int64_t owed[MERCHANTS + 1] = {0}, sum = 0;
        for (int i = 0; i < 20; i++) {
            static const enum tally_move_kind kinds[] = {TALLY_MOVE_EARN, TALLY_MOVE_REDEEM,
                                                         TALLY_MOVE_UNEARN, TALLY_MOVE_UNREDEEM};
            assert_int_equal(happened(TALLY_EVENT_SALE, (uint32_t)seeded_below(&seed, 11),
                                      kinds[seeded_below(&seed, 4)], 0,
                                      1 + seeded_below(&seed, 100000)),
                             TALLY_OK);
        }
        for (size_t i = 0; i < count; i++) {
            all[i].issue_price_micro = seeded_below(&seed, 3000000);
            all[i].redeem_price_micro = seeded_below(&seed, 3000000);
        }
        assert_int_equal(tally_clearing_settle(&programme, merchants), TALLY_OK);
        for (size_t i = 0; i <= count; i++) {
            owed[i] = merchants[i].owes_minor;
            sum += owed[i];
        }
        assert_true(sum == 0);
        size_t payments = 0, from = 0, to = 0;
        int64_t minor = 0;
        while (tally_clearing_next(&programme, merchants, &from, &to, &minor)) {
            assert_true(minor > 0 && from != to && from <= count && to <= count);
            owed[from] -= minor;
            owed[to] += minor;
            payments++;
        }
        assert_true(payments <= count);
        for (size_t i = 0; i <= count; i++) {
            assert_true(merchants[i].owes_minor == 0 && owed[i] == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_counted_where_they_are_given_and_taken),
        cmocka_unit_test(what_is_nobodys_or_no_points_is_not_counted),
        cmocka_unit_test(each_price_is_applied_and_rounded_once_half_to_even),
        cmocka_unit_test(sums_that_do_not_fit_are_refused_and_nothing_is_set),
        cmocka_unit_test(payments_go_from_the_greatest_debt_to_the_greatest_claim),
        cmocka_unit_test(of_equal_merchants_the_first_one_pays_first),
        cmocka_unit_test(payments_leave_nothing_over_and_are_fewer_than_the_merchants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
