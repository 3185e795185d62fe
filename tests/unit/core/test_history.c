/* SPDX-License-Identifier: Apache-2.0 */
/* Random lives of one account, from a printed seed: what holds after every single event, and in
 * whatever order the drawers' events arrive. */
#include "tests/unit/core/fold.h"
#include "tests/unit/core/seeded.h"

enum {
    HISTORIES = 20000,
    DRAWERS = 4, /* head office's and those of three terminals */
    CHAIN_MAX = 8,
    PURSES = 3,
    DEEP_HISTORIES = 40, /* with many events each */
    DEEP_STEPS = 400
};

/* What each drawer's writer did, in its order. */
struct chain {
    struct happening happenings[CHAIN_MAX];
    size_t count;
};

static struct chain chains[DRAWERS];
static struct fold solo, folds[2];
static uint64_t seed;

/* FNV-1a over the bytes of the account after every event of the deep histories from seed 1. Changes
 * only when what an event does, or the layout, or this test changes; is the same on every
 * architecture. */
static const uint64_t histories_digest = UINT64_C(0x258A4F5587FA378F);
static uint64_t digest = UINT64_C(0xCBF29CE484222325);

static int64_t below(int64_t limit)
{
    return seeded_below(&seed, limit);
}

static bool one_in(int64_t chances)
{
    return below(chances) == 0;
}

static uint32_t purse_of(int64_t number)
{
    return (uint32_t)number * 0x01234567;
}

/* ------------------------------------------------------------------ random events */

/* In order; the same move twice is one of both. */
static void moves_in_order(struct happening *happening, struct tally_move move)
{
    size_t at = 0;
    while (at < happening->move_count && tally_move_compare(&happening->moves[at], &move) < 0) {
        at++;
    }
    if (at < happening->move_count && tally_move_compare(&happening->moves[at], &move) == 0) {
        happening->moves[at].points += move.points;
        return;
    }
    assert_true(happening->move_count < FOLD_MOVES);
    memmove(&happening->moves[at + 1], &happening->moves[at],
            (happening->move_count - at) * sizeof move);
    happening->moves[at] = move;
    happening->move_count++;
}

static void counts_in_order(struct happening *happening, struct tally_count count)
{
    size_t at = 0;
    while (at < happening->count_count && tally_count_compare(&happening->counts[at], &count) < 0) {
        at++;
    }
    if (at < happening->count_count && tally_count_compare(&happening->counts[at], &count) == 0) {
        return;
    }
    assert_true(happening->count_count < FOLD_MOVES);
    memmove(&happening->counts[at + 1], &happening->counts[at],
            (happening->count_count - at) * sizeof count);
    happening->counts[at] = count;
    happening->count_count++;
}

/* One random number a statement, here and below: C does not say which part of an initializer comes
 * first. */
static struct tally_move into_some_lot(enum tally_move_kind kind)
{
    static const int32_t lasts[] = {TODAY - 3, TODAY, TODAY + 30, TALLY_DAY_ACTIVE,
                                    TALLY_DAY_NEVER};
    struct tally_move move = {.kind = kind};
    move.purse = purse_of(below(PURSES));
    move.expires_day = lasts[below(5)];
    move.from_day = one_in(4) ? TODAY + (int32_t)below(3) : 0;
    move.points = 1 + below(1000);
    return move;
}

/* Some points of some of the drawer's free lots, each lot for one kind alone. */
static void takes(struct happening *happening, const struct tally_account *account, uint32_t drawer,
                  const enum tally_move_kind *kinds, int64_t kind_count)
{
    for (size_t i = 0; i < account->lot_count && happening->move_count < FOLD_MOVES / 2; i++) {
        const struct tally_lot *lot = &account->lots[i];
        if (lot->drawer != drawer || lot->hold != 0 || !one_in(3)) {
            continue;
        }
        int64_t points = one_in(2) ? lot->points : 1 + below(lot->points);
        moves_in_order(happening, (struct tally_move){kinds[below(kind_count)], lot->purse,
                                                      lot->expires_day, lot->from_day,
                                                      points < TALLY_POINTS_MAX / FOLD_MOVES
                                                          ? points
                                                          : TALLY_POINTS_MAX / FOLD_MOVES});
    }
}

/* Opens some hold of the drawer, wholly or in part. */
static void opens_a_hold(struct happening *happening, const struct tally_account *account,
                         uint32_t drawer, bool redeems)
{
    for (size_t h = 0; h < account->hold_count; h++) {
        if (account->holds[h].drawer != drawer || !one_in(2)) {
            continue;
        }
        for (size_t i = 0; i < account->lot_count; i++) {
            const struct tally_lot *lot = &account->lots[i];
            if (lot->drawer != drawer || lot->hold != account->holds[h].hold || one_in(3)) {
                continue;
            }
            happening->event.effects.hold = lot->hold;
            enum tally_move_kind kind =
                redeems && one_in(2) ? TALLY_MOVE_REDEEM_HELD : TALLY_MOVE_RELEASE;
            moves_in_order(happening, (struct tally_move){kind, lot->purse, lot->expires_day,
                                                          lot->from_day, 1 + below(lot->points)});
        }
        return;
    }
}

static void counts_something(struct happening *happening, int32_t day)
{
    int64_t sign = one_in(3) ? -1 : 1;
    counts_in_order(happening,
                    (struct tally_count){TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, sign});
    struct tally_count rule = {TALLY_COUNT_RULE, 0, day, day, 0};
    rule.of = (uint32_t)below(2);
    rule.amount = sign * (1 + below(3));
    counts_in_order(happening, rule);
    struct tally_count spend = {TALLY_COUNT_SPEND, 0, day - 2, 0, 0};
    spend.until_day = day + (int32_t)below(4);
    spend.amount = 1 + below(3);
    counts_in_order(happening, spend);
}

static void says_more(struct happening *happening)
{
    struct tally_effects *effects = &happening->event.effects;
    int32_t day = happening->event.business_day;
    counts_something(happening, day);
    effects->active_until_day = one_in(2) ? day + (int32_t)below(50) : 0;
    if (one_in(3)) {
        effects->has_standing = true;
        effects->standing.tier = (uint32_t)below(3);
        effects->standing.since_day = day;
        effects->standing.until_day = day + (int32_t)below(3);
    }
    if (one_in(5)) {
        effects->has_floor = true;
        effects->floor = (struct tally_standing){(uint32_t)below(3), day, TALLY_DAY_NEVER};
    }
}

static void gives(struct happening *happening, enum tally_move_kind kind, int64_t lots)
{
    for (int64_t i = 0; i < lots; i++) {
        moves_in_order(happening, into_some_lot(kind));
    }
}

/* A random event of `terminal`'s writer on what `account` says its drawer holds. Debts are paid
 * only `with_debts`. */
static struct happening something_happens(const struct tally_account *account, uint32_t terminal,
                                          uint64_t seq, int32_t day, bool with_debts)
{
    static const enum tally_move_kind out_sale[] = {TALLY_MOVE_REDEEM, TALLY_MOVE_EXPIRE};
    static const enum tally_move_kind out_refund[] = {TALLY_MOVE_UNEARN, TALLY_MOVE_EXPIRE};
    static const enum tally_move_kind out_hold[] = {TALLY_MOVE_HOLD, TALLY_MOVE_EXPIRE};
    static const enum tally_move_kind out_adjust[] = {TALLY_MOVE_ADJUST_OUT, TALLY_MOVE_EXPIRE};
    static const enum tally_event_type types[] = {
        TALLY_EVENT_SALE,   TALLY_EVENT_SALE,  TALLY_EVENT_SALE,    TALLY_EVENT_REFUND,
        TALLY_EVENT_HOLD,   TALLY_EVENT_HOLD,  TALLY_EVENT_RELEASE, TALLY_EVENT_AWARD,
        TALLY_EVENT_ADJUST, TALLY_EVENT_ENROL, TALLY_EVENT_STANDING};
    enum tally_event_type type = types[below(11)];
    struct happening happening = a_happening(type, terminal, seq);
    struct tally_event *event = &happening.event;
    event->business_day = day;
    event->time = (tally_hlc)(day - TODAY + 10) * 4 + (tally_hlc)below(4);
    switch (type) {
    case TALLY_EVENT_SALE:
        event->as.sale.basket.shop = (uint32_t)below(3);
        opens_a_hold(&happening, account, terminal, true);
        takes(&happening, account, terminal, out_sale, 2);
        gives(&happening, TALLY_MOVE_EARN, below(3));
        gives(&happening, TALLY_MOVE_EARN_DEBT, with_debts ? below(2) : 0);
        says_more(&happening);
        break;
    case TALLY_EVENT_REFUND:
        takes(&happening, account, terminal, out_refund, 2);
        gives(&happening, TALLY_MOVE_UNREDEEM, below(2));
        if (one_in(3)) {
            moves_in_order(&happening,
                           (struct tally_move){TALLY_MOVE_UNEARN_DEBT, 0, 0, 0, 1 + below(500)});
        }
        says_more(&happening);
        break;
    case TALLY_EVENT_HOLD:
        event->as.hold.until_ms = 1000 + below(1000);
        takes(&happening, account, terminal, out_hold, 2);
        break;
    case TALLY_EVENT_RELEASE:
        opens_a_hold(&happening, account, terminal, false);
        break;
    case TALLY_EVENT_AWARD:
        gives(&happening, TALLY_MOVE_EARN, below(3));
        says_more(&happening);
        break;
    case TALLY_EVENT_ADJUST:
        takes(&happening, account, terminal, out_adjust, 2);
        gives(&happening, TALLY_MOVE_ADJUST_IN, below(3));
        if (one_in(3)) {
            moves_in_order(&happening,
                           (struct tally_move){TALLY_MOVE_ADJUST_DEBT, 0, 0, 0, 1 + below(500)});
        }
        break;
    default:
        event->effects.has_floor = type == TALLY_EVENT_STANDING;
        event->effects.floor = (struct tally_standing){(uint32_t)below(3), day, TALLY_DAY_NEVER};
        break;
    }
    return happening;
}

/* One that the fold takes, at last. */
static struct happening something_that_can_happen(const struct tally_account *account,
                                                  uint32_t terminal, uint64_t seq, int32_t day,
                                                  bool with_debts)
{
    for (;;) {
        struct happening happening = something_happens(account, terminal, seq, day, with_debts);
        if (tally_effects_check(event_of(&happening)) == TALLY_OK) {
            return happening;
        }
    }
}

/* ------------------------------------------------------------------ any order */

static uint32_t terminal_of(size_t drawer)
{
    return drawer == 0 ? TALLY_TERMINAL_HQ : TERMINAL + (uint32_t)drawer;
}

/* Each writer knows its own drawer alone. Head office pays no debts: what is too much would enter
 * the drawer it knows. */
static void chains_are_written(bool with_debts)
{
    for (size_t d = 0; d < DRAWERS; d++) {
        struct chain *chain = &chains[d];
        opened(&solo);
        chain->count = (size_t)below(CHAIN_MAX + 1);
        int32_t day = TODAY - (int32_t)below(3);
        for (size_t i = 0; i < chain->count; i++) {
            chain->happenings[i] = something_that_can_happen(&solo.account, terminal_of(d), i + 1,
                                                             day, with_debts && d > 0);
            applied(&solo, &chain->happenings[i]);
            day += (int32_t)below(2);
        }
    }
}

/* Each writer's events in its order, the writers in any. */
static void chains_arrive(struct fold *fold)
{
    size_t at[DRAWERS] = {0}, left = 0;
    opened(fold);
    for (size_t d = 0; d < DRAWERS; d++) {
        left += chains[d].count;
    }
    while (left > 0) {
        size_t d = (size_t)below(DRAWERS);
        if (at[d] < chains[d].count) {
            applied(fold, &chains[d].happenings[at[d]++]);
            left--;
        }
    }
    fold->account.last = (struct tally_event_id){0, 0, 0};
}

static void events_on_different_drawers_give_the_same_bytes_in_any_order(void **state)
{
    (void)state;
    seed = seeded_start(1);
    size_t held_ones = 0, owed = 0, forgotten = 0;
    for (int history = 0; history < HISTORIES; history++) {
        chains_are_written(false);
        chains_arrive(&folds[0]);
        chains_arrive(&folds[1]);
        assert_true(is_same(&folds[0].account, &folds[1].account));
        held_ones += folds[0].account.hold_count;
        owed += tally_account_purse(&folds[0].account, 0).debt > 0 ? 1 : 0;
        forgotten += folds[0].account.count_count == 1 ? 1 : 0;
    }
    assert_true(held_ones > 0 && owed > 0 && forgotten > 0); /* the histories were interesting */
}

static int64_t lots_less_debt(const struct tally_account *account, uint32_t purse)
{
    int64_t points = -tally_account_purse(account, purse).debt;
    for (size_t i = 0; i < account->lot_count; i++) {
        points += account->lots[i].purse == purse ? account->lots[i].points : 0;
    }
    return points;
}

static void a_debt_paid_anywhere_in_any_order_leaves_the_same_balance(void **state)
{
    (void)state;
    seed = seeded_start(2);
    size_t differing = 0;
    for (int history = 0; history < HISTORIES / 2; history++) {
        chains_are_written(true);
        chains_arrive(&folds[0]);
        chains_arrive(&folds[1]);
        differing += is_same(&folds[0].account, &folds[1].account) ? 0 : 1;
        for (int i = 0; i < PURSES; i++) {
            uint32_t purse = purse_of(i);
            struct tally_purse left = tally_account_purse(&folds[0].account, purse);
            struct tally_purse right = tally_account_purse(&folds[1].account, purse);
            assert_true(lots_less_debt(&folds[0].account, purse) ==
                        lots_less_debt(&folds[1].account, purse));
            assert_true(left.earned == right.earned && left.redeemed == right.redeemed &&
                        left.expired == right.expired && left.adjusted == right.adjusted);
        }
    }
    assert_true(differing > 0); /* that is why the contract says only "balance" */
}

/* ------------------------------------------------------------------ conservation */

/* What the moves of an event say about lots less debts: the test's own table. */
static int64_t net_of(const struct happening *happening, uint32_t purse)
{
    static const int signs[TALLY_MOVE_KIND_COUNT] = {
        [TALLY_MOVE_EXPIRE] = -1,   [TALLY_MOVE_REDEEM_HELD] = -1, [TALLY_MOVE_UNREDEEM] = 1,
        [TALLY_MOVE_REDEEM] = -1,   [TALLY_MOVE_UNEARN] = -1,      [TALLY_MOVE_UNEARN_DEBT] = -1,
        [TALLY_MOVE_EARN_DEBT] = 1, [TALLY_MOVE_EARN] = 1,         [TALLY_MOVE_ADJUST_OUT] = -1,
        [TALLY_MOVE_ADJUST_IN] = 1, [TALLY_MOVE_ADJUST_DEBT] = -1, [TALLY_MOVE_FORGIVE_DEBT] = 1,
    };
    int64_t net = 0;
    for (size_t i = 0; i < happening->move_count; i++) {
        const struct tally_move *move = &happening->moves[i];
        net += move->purse == purse ? signs[move->kind] * move->points : 0;
    }
    return net;
}

/* A grant of what is in head office's drawer, and sometimes of more. */
static struct happening a_grant(const struct tally_account *account, uint32_t terminal,
                                uint64_t seq, int32_t day)
{
    struct happening grant = a_happening(TALLY_EVENT_GRANT, TALLY_TERMINAL_HQ, seq);
    grant.event.business_day = day;
    grant.event.as.grant = (struct tally_grant){seq, terminal};
    for (size_t i = 0; i < account->lot_count && grant.move_count < FOLD_MOVES / 2; i++) {
        const struct tally_lot *lot = &account->lots[i];
        if (lot->drawer == TALLY_TERMINAL_HQ && lot->hold == 0 && one_in(2)) {
            moves_in_order(&grant,
                           (struct tally_move){TALLY_MOVE_GRANT, lot->purse, lot->expires_day,
                                               lot->from_day, 1 + below(lot->points + 3)});
        }
    }
    if (grant.move_count == 0) {
        moves_in_order(&grant, into_some_lot(TALLY_MOVE_GRANT));
    }
    return grant;
}

/* The bytes come back, and go into the digest. */
static void bytes_come_back(struct fold *fold)
{
    static uint8_t bytes[FOLD_BYTES];
    size_t len = bytes_of(&fold->account, bytes);
    for (size_t i = 0; i < len; i++) {
        digest = (digest ^ bytes[i]) * UINT64_C(0x100000001B3);
    }
    struct tally_account_room room = {0};
    opened(&solo);
    assert_int_equal(tally_account_room_of(bytes, len, &room), TALLY_OK);
    solo.account.room = room;
    assert_int_equal(tally_account_decode(&solo.account, bytes, len), TALLY_OK);
    assert_true(is_same(&fold->account, &solo.account));
}

static void lives_on(struct fold *fold, struct happening *happening)
{
    int64_t before[PURSES], adjusted[PURSES];
    for (int i = 0; i < PURSES; i++) {
        before[i] = lots_less_debt(&fold->account, purse_of(i));
        adjusted[i] = tally_account_purse(&fold->account, purse_of(i)).adjusted;
    }
    applied(fold, happening);
    for (int i = 0; i < PURSES; i++) {
        uint32_t purse = purse_of(i);
        int64_t surplus = tally_account_purse(&fold->account, purse).adjusted - adjusted[i];
        int64_t net =
            happening->event.type == TALLY_EVENT_GRANT ? surplus : net_of(happening, purse);
        assert_true(lots_less_debt(&fold->account, purse) == before[i] + net);
        assert_true(happening->event.type != TALLY_EVENT_GRANT || surplus >= 0);
    }
    bytes_come_back(fold);
}

static void conservation_holds_after_every_event_of_any_history(void **state)
{
    (void)state;
    seed = seeded_start(1);
    size_t grants = 0, lots_most = 0;
    for (int history = 0; history < DEEP_HISTORIES; history++) {
        struct fold *fold = &folds[0];
        opened(fold);
        int32_t day = TODAY;
        for (uint64_t step = 1; step <= DEEP_STEPS; step++) {
            uint32_t terminal = terminal_of((size_t)below(DRAWERS));
            bool is_grant = one_in(6) && terminal != TALLY_TERMINAL_HQ;
            struct happening happening =
                is_grant ? a_grant(&fold->account, terminal, step, day)
                         : something_that_can_happen(&fold->account, terminal, step, day, true);
            lives_on(fold, &happening);
            day += one_in(20) ? 1 : 0;
            grants += is_grant ? 1 : 0;
            lots_most = fold->account.lot_count > lots_most ? fold->account.lot_count : lots_most;
        }
    }
    assert_true(grants > 0 && lots_most > 20);
    printf("digest %016" PRIx64 "\n", digest);
    if (getenv("TALLY_SEED") == NULL) {
        assert_true(digest == histories_digest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_on_different_drawers_give_the_same_bytes_in_any_order),
        cmocka_unit_test(a_debt_paid_anywhere_in_any_order_leaves_the_same_balance),
        cmocka_unit_test(conservation_holds_after_every_event_of_any_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
