/* SPDX-License-Identifier: Apache-2.0 */
/* Random lives of one account, from a printed seed: what holds after every single step. */
#include "tests/unit/core/club.h"
#include "tests/unit/core/seeded.h"

enum { HISTORIES = 60, STEPS = 250, START = 20779, SALES_KEPT = 64 };

static struct club_account club, other;
static struct tally_move moves[CLUB_LOTS], returned[CLUB_LOTS], taken[CLUB_LOTS];

/* What a test remembers beside the account: its own sums, made from the events alone. */
struct shadow {
    int64_t entered; /* points that came in, by any way */
    int64_t left;
    int64_t debt;
};

struct kept_sale {
    struct tally_event event;
    struct tally_line line;
    struct tally_move spent[TALLY_MOVES_MAX];
    bool voided;
};

struct life {
    uint64_t seed;
    struct tally_programme programme;
    struct tally_account *account;
    struct shadow shadow;
    int32_t day;
    uint64_t seq;
    struct kept_sale sales[SALES_KEPT];
    size_t sale_count;
};

/* FNV-1a over the bytes of every account after every event of the histories from seed 1. Changes
 * only when what an event does, or the layout, or this test changes; is the same on every
 * architecture. */
static const uint64_t histories_digest = UINT64_C(0x23E908C0AA5DC97C);
static uint64_t digest = UINT64_C(0xCBF29CE484222325);

static int64_t lots_total(const struct tally_account *account)
{
    int64_t points = 0;
    for (size_t i = 0; i < account->lot_count; i++) {
        points += account->lots[i].points;
    }
    return points;
}

/* Applies, checks conservation, the shadow's sums, and that the bytes come back. */
static void live(struct life *life, const struct tally_event *event)
{
    static uint8_t bytes[102 + 16 * CLUB_LOTS];
    struct tally_account *account = life->account;
    int64_t expired = account->expired;
    applied(account, event);
    life->shadow.left += account->expired - expired;
    assert_true(life->shadow.entered - life->shadow.left == lots_total(account));
    assert_true(life->shadow.debt == account->debt);
    size_t len = 0, needed = 0;
    assert_int_equal(tally_account_encode(account, bytes, sizeof bytes, &len), TALLY_OK);
    for (size_t i = 0; i < len; i++) {
        digest = (digest ^ bytes[i]) * UINT64_C(0x100000001B3);
    }
    assert_int_equal(tally_account_decode(opened(&other), bytes, len, &needed), TALLY_OK);
    assert_true(is_same(account, &other.account));
}

static void a_sale_happens(struct life *life)
{
    struct kept_sale *kept = &life->sales[life->sale_count % SALES_KEPT];
    uint32_t terminal = TERMINAL + (uint32_t)seeded_below(&life->seed, 3);
    int64_t debt_before = life->account->debt;
    kept->line = (struct tally_line){{NULL, 0}, 1000, seeded_below(&life->seed, 300000)};
    kept->voided = false;
    kept->event = an_event_of(TALLY_EVENT_SALE, terminal, ++life->seq, life->day);
    const struct tally_basket basket = {&kept->line, 1};
    struct tally_quote quote = {0};
    assert_int_equal(
        tally_sale_quote(&life->programme, life->account, &basket, 0, terminal, life->day, &quote),
        TALLY_OK);
    assert_true(quote.redeemable_here <= quote.redeemable_online);
    int64_t points = seeded_below(&life->seed, 2) == 0 ? quote.redeemable_here : 0;
    struct tally_sale *sale = &kept->event.as.sale;
    assert_int_equal(tally_sale_plan(&life->programme, life->account, MEMBER, &basket, points,
                                     terminal, life->day, moves, CLUB_LOTS, sale),
                     TALLY_OK);
    memcpy(kept->spent, moves, sale->spent_count * sizeof moves[0]);
    sale->spent = kept->spent;
    sale->account = ACCOUNT;
    assert_int_equal(tally_sale_check(&life->programme, &kept->event), TALLY_OK);
    assert_true(sale->debt_paid <= debt_before);
    life->shadow.entered += sale->earned_points - sale->debt_paid;
    life->shadow.left += sale->redeemed_points;
    life->shadow.debt -= sale->debt_paid;
    live(life, &kept->event);
    life->sale_count++;
}

static void a_void_happens(struct life *life)
{
    if (life->sale_count == 0) {
        return;
    }
    size_t kept_count = life->sale_count < SALES_KEPT ? life->sale_count : SALES_KEPT;
    struct kept_sale *kept = &life->sales[seeded_below(&life->seed, (int64_t)kept_count)];
    struct tally_event event =
        an_event_of(TALLY_EVENT_VOID, kept->event.id.terminal, ++life->seq, life->day);
    enum tally_status status = tally_void_plan(life->account, &kept->event, life->day, returned,
                                               taken, CLUB_LOTS, &event.as.voided);
    if (kept->event.business_day != life->day) {
        assert_int_equal(status, TALLY_E_TOO_LATE);
        return;
    }
    assert_int_equal(status, TALLY_OK);
    if (kept->voided) {
        return; /* the store's business: the sale's reference is known as voided */
    }
    const struct tally_void *voided = &event.as.voided;
    const struct tally_sale *sale = &kept->event.as.sale;
    assert_true(voided->redeemed_points == sale->redeemed_points);
    assert_true(voided->earned_points == sale->earned_points);
    assert_int_equal(voided->returned_count, sale->spent_count);
    for (size_t i = 0; i < sale->spent_count; i++) {
        assert_int_equal(voided->returned[i].expires_day, sale->spent[i].expires_day);
        assert_true(voided->returned[i].points == sale->spent[i].points);
    }
    int64_t balance_of_void = voided->redeemed_points - voided->earned_points;
    int64_t before = tally_account_balance(life->account, life->day);
    life->shadow.entered += voided->redeemed_points;
    life->shadow.left += voided->earned_points - voided->debt_added;
    life->shadow.debt += voided->debt_added;
    live(life, &event);
    assert_true(tally_account_balance(life->account, life->day) == before + balance_of_void);
    kept->voided = true;
}

static void a_grant_happens(struct life *life)
{
    struct tally_move granted[8];
    size_t count = 0;
    for (size_t i = 0; i < life->account->lot_count && count < 8; i++) {
        const struct tally_lot *lot = &life->account->lots[i];
        if (lot->drawer == TALLY_TERMINAL_HQ) {
            granted[count++] = (struct tally_move){lot->expires_day,
                                                   1 + seeded_below(&life->seed, lot->points + 3)};
        }
    }
    int64_t hq_before = tally_account_in_drawer(life->account, TALLY_TERMINAL_HQ, INT32_MIN);
    struct tally_event event = an_event_of(TALLY_EVENT_GRANT, TERMINAL, ++life->seq, life->day);
    event.as.grant = (struct tally_grant){ACCOUNT, life->seq, TERMINAL, granted, count};
    int64_t points = 0, known = 0;
    for (size_t i = 0; i < count; i++) {
        points += granted[i].points;
    }
    int64_t total_before = lots_total(life->account);
    int64_t adjusted_before = life->account->adjusted;
    assert_int_equal(tally_account_apply(life->account, &event), TALLY_OK);
    known = hq_before - tally_account_in_drawer(life->account, TALLY_TERMINAL_HQ, INT32_MIN);
    int64_t surplus = points - known;
    assert_true(surplus >= 0);
    assert_true(life->account->adjusted == adjusted_before + surplus);
    assert_true(lots_total(life->account) == total_before + surplus);
    assert_int_equal(tally_account_check(life->account), TALLY_OK);
    life->shadow.entered += surplus;
}

static void an_adjustment_happens(struct life *life)
{
    uint32_t drawer = seeded_below(&life->seed, 2) == 0 ? TALLY_TERMINAL_HQ : TERMINAL;
    struct tally_move move = {life->day + (int32_t)seeded_below(&life->seed, 400) - 20,
                              1 + seeded_below(&life->seed, 2000)};
    bool gives = seeded_below(&life->seed, 4) != 0 || life->account->lot_count == 0;
    if (!gives) {
        const struct tally_lot *lot =
            &life->account->lots[seeded_below(&life->seed, (int64_t)life->account->lot_count)];
        drawer = lot->drawer;
        move = (struct tally_move){lot->expires_day, 1 + seeded_below(&life->seed, lot->points)};
    }
    struct tally_event event = an_adjustment_of(drawer, &move, gives);
    event.id.seq = ++life->seq;
    event.business_day = life->day;
    life->shadow.entered += gives ? move.points : 0;
    life->shadow.left += gives ? 0 : move.points;
    live(life, &event);
}

static void a_day_passes(struct life *life)
{
    life->day += 1 + (int32_t)seeded_below(&life->seed, 90);
}

static void conservation_holds_after_every_event_of_any_history(void **state)
{
    (void)state;
    static struct life life;
    uint64_t seed = seeded_start(1);
    size_t debts = 0, lapses = 0;
    for (int history = 0; history < HISTORIES; history++) {
        life = (struct life){.seed = seeded_next(&seed),
                             .programme = a_club(),
                             .account = opened(&club),
                             .day = START};
        life.programme.expiry_months = (int32_t)seeded_below(&life.seed, 14);
        life.programme.redeem_max_share_pct = 100;
        for (int step = 0; step < STEPS; step++) {
            static void (*const happenings[])(struct life *) = {
                a_sale_happens, a_sale_happens,  a_sale_happens,        a_void_happens,
                a_void_happens, a_grant_happens, an_adjustment_happens, a_day_passes};
            happenings[seeded_below(&life.seed, 8)](&life);
            debts += life.account->debt > 0 ? 1 : 0;
        }
        lapses += life.account->expired > 0 ? 1 : 0;
    }
    assert_true(debts > 0 && lapses > 0); /* the histories were interesting */
    printf("digest %016" PRIx64 "\n", digest);
    if (getenv("TALLY_SEED") == NULL) {
        assert_true(digest == histories_digest);
    }
}

/* A sale and its void, with nothing between them, leave the lots as they were. */
static void a_sale_and_its_void_leave_the_same_lots_and_never_more(void **state)
{
    (void)state;
    uint64_t seed = seeded_start(2);
    static struct life life;
    for (int history = 0; history < 300; history++) {
        life = (struct life){.seed = seeded_next(&seed),
                             .programme = a_club(),
                             .account = opened(&club),
                             .day = START};
        for (int i = 0; i < 12; i++) {
            given(life.account, (uint32_t)seeded_below(&life.seed, 2) * TERMINAL,
                  START + (int32_t)seeded_below(&life.seed, 500),
                  1 + seeded_below(&life.seed, 500));
        }
        life.shadow.entered = lots_total(life.account);
        other.account = *life.account;
        other.account.lots = other.lots;
        memcpy(other.lots, club.lots, life.account->lot_count * sizeof club.lots[0]);
        static struct club_account before;
        before = other;
        before.account.lots = before.lots;
        life.seq = 1;
        a_sale_happens(&life);
        while (!life.sales[0].voided) {
            life.day = life.sales[0].event.business_day;
            a_void_happens(&life);
        }
        assert_int_equal(life.account->lot_count, before.account.lot_count);
        for (size_t i = 0; i < before.account.lot_count; i++) {
            assert_int_equal(life.account->lots[i].drawer, before.lots[i].drawer);
            assert_int_equal(life.account->lots[i].expires_day, before.lots[i].expires_day);
            assert_true(life.account->lots[i].points == before.lots[i].points);
        }
        assert_true(life.account->debt == 0 && life.account->qualifying == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conservation_holds_after_every_event_of_any_history),
        cmocka_unit_test(a_sale_and_its_void_leave_the_same_lots_and_never_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
