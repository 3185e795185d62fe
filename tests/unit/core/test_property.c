/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the programme and whatever happens: points are conserved, nobody profits from a return
 * or from splitting, and head office agrees with every plan and with no changed one.
 *
 * TALLY_SEED is the first run's seed, TALLY_PROPERTY_RUNS how many runs there are. A run that fails
 * says its seed; TALLY_SEED=that TALLY_PROPERTY_RUNS=1 brings it back. */
#include "app/core/bonus.h"
#include "tests/unit/core/desk.h"
#include "tests/unit/core/seeded.h"

enum { STEPS = 64, PURSES = 3, LINES = 4, CAPS = 3 };

static struct desk desk;
static uint64_t seed;     /* of the run, as far as it has got */
static uint64_t run_seed; /* of the run */
static bool is_running;
static uint64_t events;
static struct tally_cap caps[DESK_RULES * 2 + 4][CAPS];
static uint8_t again[DESK_ROOM];

static int64_t below(int64_t limit)
{
    return seeded_below(&seed, limit);
}

static bool one_in(int64_t chances)
{
    return below(chances) == 0;
}

static uint64_t runs_of(uint64_t otherwise)
{
    const char *text = getenv("TALLY_PROPERTY_RUNS");
    return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

static int tell_seed(void **state)
{
    (void)state;
    if (is_running) {
        printf("this run: TALLY_SEED=%" PRIu64 " TALLY_PROPERTY_RUNS=1\n", run_seed);
    }
    is_running = false;
    return 0;
}

/* ------------------------------------------------------------------ programmes */

static const char *const skus[] = {"tea", "cup", "pot", "oil"};
static const char *const purse_codes[PURSES] = {"points", "stamp", "voucher"};

static uint32_t purse_at(int64_t index)
{
    return index == 0 ? (uint32_t)TALLY_PURSE_POINTS : id_of(purse_codes[index]);
}

static struct tally_expiry an_expiry(void)
{
    switch (below(5)) {
    case 0:
        return (struct tally_expiry){.kind = TALLY_EXPIRY_DAYS, .count = 1 + (int32_t)below(60)};
    case 1:
        return (struct tally_expiry){.kind = TALLY_EXPIRY_MONTHS, .count = 1 + (int32_t)below(3)};
    case 2:
        return (struct tally_expiry){.kind = TALLY_EXPIRY_END_OF_MONTH, .count = (int32_t)below(3)};
    case 3:
        return (struct tally_expiry){.kind = TALLY_EXPIRY_INACTIVE, .count = 1};
    default:
        return (struct tally_expiry){.kind = TALLY_EXPIRY_NEVER};
    }
}

static struct tally_pending a_pending(void)
{
    return one_in(3)
               ? (struct tally_pending){.kind = TALLY_PENDING_DAYS, .count = 1 + (int32_t)below(9)}
               : (struct tally_pending){.kind = TALLY_PENDING_NONE};
}

static struct tally_selector some_lines(void)
{
    static struct tally_word words[64][1];
    static size_t next;
    if (!one_in(3)) {
        return (struct tally_selector){0};
    }
    struct tally_word *word = words[next++ % 64];
    const char *sku = skus[below(4)];
    *word = (struct tally_word){id_of(sku), sku};
    struct tally_words list = {word, 1};
    return one_in(2) ? (struct tally_selector){.skus = list}
                     : (struct tally_selector){.except_skus = list};
}

static size_t some_caps(size_t slot, int64_t scale, const struct tally_cap **ret_caps)
{
    static const enum tally_period_kind kinds[] = {
        TALLY_PERIOD_SALE,         TALLY_PERIOD_DAY,           TALLY_PERIOD_WEEK,
        TALLY_PERIOD_MONTH,        TALLY_PERIOD_ANNIVERSARY,   TALLY_PERIOD_LIFETIME,
        TALLY_PERIOD_ROLLING_DAYS, TALLY_PERIOD_ROLLING_MONTHS};
    size_t count = one_in(2) ? 0 : (size_t)below(CAPS);
    for (size_t i = 0; i < count; i++) {
        enum tally_period_kind kind = kinds[below(8)];
        bool is_rolling = kind == TALLY_PERIOD_ROLLING_DAYS || kind == TALLY_PERIOD_ROLLING_MONTHS;
        caps[slot][i] = (struct tally_cap){.period = {kind, is_rolling ? 1 + (int32_t)below(9) : 0},
                                           .points_max = 1 + below(scale)};
    }
    *ret_caps = count > 0 ? caps[slot] : NULL;
    return count;
}

static void a_random_rule(size_t slot, const char *code)
{
    static const enum tally_earn_kind kinds[] = {TALLY_EARN_PER_MONEY, TALLY_EARN_PER_MONEY,
                                                 TALLY_EARN_PER_ITEM, TALLY_EARN_FIXED,
                                                 TALLY_EARN_MULTIPLY};
    struct tally_rule rule = a_rule(code, 1 + below(20), 1 + below(500));
    rule.kind = kinds[below(5)];
    rule.lines = some_lines();
    rule.rounding = (enum tally_rounding)below(4);
    rule.is_multiplied = one_in(2);
    if (rule.kind == TALLY_EARN_MULTIPLY) {
        rule.multiply_pct = (uint32_t)below(400);
    } else {
        rule.purse = purse_at(below(PURSES));
        rule.counts_for_tier = rule.purse == TALLY_PURSE_POINTS;
        rule.cap_count = some_caps(slot, 500, &rule.caps);
        rule.uses_max = one_in(8) ? 1 + (int32_t)below(9) : 0;
    }
    if (rule.kind == TALLY_EARN_PER_MONEY || rule.kind == TALLY_EARN_PER_ITEM) {
        rule.per_line = one_in(4);
        rule.whole_steps = !rule.per_line && one_in(4);
    }
    rule.has_expiry = one_in(3);
    rule.expiry = an_expiry();
    rule.has_pending = one_in(3);
    rule.pending = a_pending();
    rule.stops = one_in(16);
    rule.when.spend_minor_min = one_in(4) ? below(5000) : 0;
    add_rule(&desk, rule);
}

static void a_random_reward(size_t slot, const char *code)
{
    struct tally_reward *reward =
        add_reward(&desk, code, (enum tally_reward_kind)(1 + below(TALLY_REWARD_PURSE)), below(60));
    reward->lines = some_lines();
    reward->cost_purse = purse_at(below(PURSES));
    reward->is_automatic = one_in(2);
    reward->percent = reward->kind == TALLY_REWARD_PERCENT ? 1 + (uint32_t)below(99) : 100;
    if (reward->kind == TALLY_REWARD_AMOUNT || one_in(3)) {
        reward->amount_minor = 1 + below(2000);
    }
    if (reward->kind == TALLY_REWARD_ITEM || reward->kind == TALLY_REWARD_BUNDLE) {
        reward->percent = 1 + (uint32_t)below(100);
        reward->amount_minor = 0;
    }
    if (reward->kind == TALLY_REWARD_BUNDLE) {
        reward->buy = 1 + below(3);
        reward->get = 1 + below(3);
    }
    if (reward->kind == TALLY_REWARD_PURSE) {
        reward->gives_purse = purse_at(1 + below(PURSES - 1));
        reward->gives = 1 + below(9);
    }
    if (reward->kind == TALLY_REWARD_GIFT || reward->kind == TALLY_REWARD_PURSE) {
        reward->percent = 0;
        reward->amount_minor = 0;
        reward->cost = 1 + below(60);
        if (reward->gives_purse == reward->cost_purse) {
            reward->cost_purse = TALLY_PURSE_POINTS;
        }
    }
    reward->limit_count = some_caps(slot, 9, &reward->limits);
    reward->total_max = one_in(4) ? 1000000 : 0;
    reward->group = desk.programme.group_count > 0 && one_in(2) ? 1 : 0;
    reward->when.spend_minor_min = one_in(4) ? below(5000) : 0;
}

static void a_random_programme(void)
{
    static const char *const rule_codes[] = {"r1", "r2", "r3", "r4"};
    static const char *const reward_codes[] = {"w1", "w2", "w3", "w4"};
    struct tally_programme *programme = &desk.programme;
    programme->rule_count = 0;
    for (size_t i = 1; i < PURSES; i++) {
        struct tally_purse_rules *purse = add_purse(&desk, purse_codes[i]);
        purse->expiry = an_expiry();
        purse->pending = a_pending();
        purse->per_sale_max = one_in(4) ? 1 + below(50) : 0;
    }
    programme->expiry = an_expiry();
    programme->pending = a_pending();
    if (one_in(3)) {
        add_group(&desk, "g", one_in(2) ? TALLY_GROUP_BEST : TALLY_GROUP_FIRST);
    }
    for (size_t i = 0, count = 1 + (size_t)below(4); i < count; i++) {
        a_random_rule(i, rule_codes[i]);
    }
    for (size_t i = 0, count = (size_t)below(5); i < count; i++) {
        a_random_reward(DESK_RULES + i, reward_codes[i]);
    }
    programme->multipliers = (enum tally_multipliers)below(3);
    programme->earn_on_redeemed = one_in(3);
    programme->earn_without_tax = one_in(3);
    programme->earn_before_discount = one_in(3);
    programme->earn_cap_count = some_caps(2 * DESK_RULES, 900, &programme->earn_caps);
    int64_t step = 1 + below(20);
    programme->redeem = (struct tally_redeem_rules){.step_points = step,
                                                    .value_minor = 1 + below(50),
                                                    .points_min = step * below(3),
                                                    .share_pct = (uint32_t)below(101),
                                                    .lines = some_lines()};
    programme->redeem.limit_count = some_caps(2 * DESK_RULES + 1, 900, &programme->redeem.limits);
    programme->refund = (struct tally_refund_rules){
        .policy = one_in(3) ? (enum tally_refund_policy)below(4) : TALLY_REFUND_DEBT,
        .pending_first = one_in(3),
        .grace_days = one_in(3) ? (int32_t)below(40) : 0,
        .by_amount = one_in(3),
        .capped_first = one_in(2)};
}

static void a_random_basket(void)
{
    const struct tally_programme *programme = &desk.programme;
    basket_is_empty(&desk);
    for (int64_t i = 0, count = 1 + below(LINES); i < count; i++) {
        sell_line(&desk, skus[below(4)], 1 + below(5), one_in(20) ? 0 : below(10000));
        struct tally_line *line = &desk.lines[i];
        line->tax_minor = below(line->amount_minor + 1);
        line->quantity_milli += one_in(4) ? below(1000) : 0;
    }
    for (size_t i = 0; i < programme->reward_count; i++) {
        if (!programme->rewards[i].is_automatic && one_in(2)) {
            claim(&desk, programme->rewards[i].code, 1 + (uint32_t)below(2));
        }
    }
    if (one_in(2) && quote_sale(&desk) == TALLY_OK && desk.quote.redeemable_here > 0) {
        int64_t step = programme->redeem.step_points, most = desk.quote.redeemable_here;
        int64_t points = (1 + below(most / step)) * step;
        desk.basket.points = points < programme->redeem.points_min ? most : points;
    }
}

/* ------------------------------------------------------------------ what must hold of an event */

static bool same_bytes(const void *left, const void *right, size_t len)
{
    return len == 0 || memcmp(left, right, len) == 0;
}

static void effects_are_same(const struct tally_effects *left, const struct tally_effects *right)
{
    assert_int_equal(left->move_count, right->move_count);
    assert_true(same_bytes(left->moves, right->moves, left->move_count * sizeof *left->moves));
    assert_int_equal(left->count_count, right->count_count);
    assert_true(same_bytes(left->counts, right->counts, left->count_count * sizeof *left->counts));
    assert_true(left->hold == right->hold && left->has_standing == right->has_standing);
    assert_int_equal(left->standing.tier, right->standing.tier);
    assert_int_equal(left->active_until_day, right->active_until_day);
}

/* Planned once more in a room full of other bytes: the same. */
static void planning_again_gives_the_same(void)
{
    struct tally_event event;
    struct tally_quote quote;
    memset(again, 0xA5, tally_sale_room(&desk.programme, &desk.account, &desk.basket));
    assert_int_equal(tally_sale_plan(&desk.programme, &desk.account, &desk.basket, &desk.occasion,
                                     again, sizeof again, &event, &quote),
                     TALLY_OK);
    const struct tally_sale *left = &desk.event.as.sale, *right = &event.as.sale;
    effects_are_same(&desk.event.effects, &event.effects);
    assert_true(left->total_minor == right->total_minor);
    assert_true(left->discount_minor == right->discount_minor);
    assert_true(left->redeemed_minor == right->redeemed_minor);
    assert_int_equal(left->share_count, right->share_count);
    assert_true(same_bytes(left->shares, right->shares, left->share_count * sizeof *left->shares));
    assert_int_equal(left->paid_count, right->paid_count);
    for (size_t i = 0; i < left->paid_count; i++) {
        assert_int_equal(left->paid[i].line, right->paid[i].line);
        assert_true(left->paid[i].discount_minor == right->paid[i].discount_minor);
        assert_true(left->paid[i].points_minor == right->paid[i].points_minor);
    }
    assert_true(desk.quote.to_pay_minor == quote.to_pay_minor);
    assert_true(desk.quote.redeemable_here == quote.redeemable_here);
}

/* What lapsed is not spent, and what is counted as lapsed had. */
static void days_are_kept(const struct tally_event *event)
{
    for (size_t i = 0; i < event->effects.move_count; i++) {
        const struct tally_move *move = &event->effects.moves[i];
        int32_t last = move->expires_day == TALLY_DAY_ACTIVE ? desk.account.active_until_day
                                                             : move->expires_day;
        if (move->kind == TALLY_MOVE_EXPIRE) {
            assert_true(last < event->business_day);
        } else if (move->kind == TALLY_MOVE_REDEEM || move->kind == TALLY_MOVE_UNEARN) {
            assert_true(last >= event->business_day);
        }
        if (move->kind == TALLY_MOVE_REDEEM) {
            assert_true(move->from_day <= event->business_day);
        }
    }
}

static enum tally_status checked(const struct tally_event *sale, const struct tally_event *event)
{
    return event->type == TALLY_EVENT_SALE ? check_sale(&desk, event)
                                           : tally_reversal_check(&desk.programme, sale, event);
}

/* One amount of the planned event is changed: head office says so. */
static void a_change_is_found(const struct tally_event *sale, const struct tally_event *event)
{
    const struct tally_effects *effects = &event->effects;
    int64_t by = one_in(2) ? 1 : -1;
    if (effects->count_count > 0 && one_in(3)) {
        size_t at = (size_t)below((int64_t)effects->count_count);
        struct tally_count *count = (struct tally_count *)(uintptr_t)&effects->counts[at];
        count->amount += by;
        assert_int_equal(checked(sale, event), TALLY_E_MISMATCH);
        count->amount -= by;
    } else if (effects->move_count > 0) {
        size_t at = (size_t)below((int64_t)effects->move_count);
        struct tally_move *move = (struct tally_move *)(uintptr_t)&effects->moves[at];
        /* what lapsed or was held is in the terminal's lots, and what is gone only it knows */
        bool forgives =
            event->type != TALLY_EVENT_SALE && desk.programme.refund.policy != TALLY_REFUND_DEBT;
        if (move->kind == TALLY_MOVE_EXPIRE || move->kind == TALLY_MOVE_RELEASE ||
            (forgives && move->kind == TALLY_MOVE_UNEARN && by < 0)) {
            return;
        }
        bool may_forgive_less = forgives && move->kind == TALLY_MOVE_UNEARN;
        move->points += may_forgive_less ? TALLY_POINTS_MAX / 4 : by;
        assert_int_equal(checked(sale, event), TALLY_E_MISMATCH);
        move->points -= may_forgive_less ? TALLY_POINTS_MAX / 4 : by;
    }
    assert_int_equal(checked(sale, event), TALLY_OK);
}

/* ------------------------------------------------------------------ histories */

struct bought {
    const struct tally_event *sale;
    int64_t back_milli[DESK_LINES];
    bool is_void;
};

static struct bought bought[DESK_SALES];
static size_t bought_count;
static uint64_t open_hold;

static int64_t stock_of_many(void *context, uint32_t reward)
{
    (void)context;
    (void)reward;
    return 5;
}

static void something_is_sold(void)
{
    if (bought_count == DESK_SALES) {
        return;
    }
    a_random_basket();
    desk.occasion.hold = open_hold;
    enum tally_status status = plan_sale(&desk);
    if (status == TALLY_E_RULE || status == TALLY_E_POINTS_SHORT) {
        desk.basket.claim_count = 0;
        desk.basket.points = 0;
        status = plan_sale(&desk);
        if (status == TALLY_E_RULE) { /* of a group that shuts out nothing was claimed */
            return;
        }
    }
    assert_int_equal(status, TALLY_OK);
    if (one_in(4)) {
        planning_again_gives_the_same();
    }
    days_are_kept(&desk.event);
    const struct tally_event *sale = sell(&desk);
    open_hold = 0;
    desk.occasion.hold = 0;
    if (one_in(4)) {
        a_change_is_found(sale, sale);
    }
    bought[bought_count++] = (struct bought){.sale = sale};
    events++;
}

static void something_comes_back(struct bought *back, bool all)
{
    const struct tally_basket *basket = &back->sale->as.sale.basket;
    struct tally_returned_line lines[DESK_LINES];
    size_t count = 0;
    for (uint32_t i = 0; i < basket->line_count; i++) {
        int64_t rest = basket->lines[i].quantity_milli - back->back_milli[i];
        int64_t now = all || one_in(4) ? rest : rest > 0 && one_in(2) ? below(rest + 1) : 0;
        if (now > 0) {
            lines[count++] = (struct tally_returned_line){i, now, back->back_milli[i]};
        }
    }
    if (count == 0 || back->is_void) {
        return;
    }
    enum tally_status status = refund_lines(&desk, back->sale, lines, count);
    if (status == TALLY_E_POINTS_SHORT) {
        assert_int_equal(desk.programme.refund.policy, TALLY_REFUND_REFUSE);
        return;
    }
    assert_int_equal(status, TALLY_OK);
    if (one_in(4)) {
        a_change_is_found(back->sale, &desk.event);
    }
    for (size_t i = 0; i < count; i++) {
        back->back_milli[lines[i].line] += lines[i].quantity_milli;
    }
    events++;
}

static void something_is_voided(struct bought *back)
{
    for (size_t i = 0; i < DESK_LINES; i++) {
        if (back->back_milli[i] > 0) {
            return;
        }
    }
    if (!back->is_void && back->sale->business_day == desk.occasion.day) {
        assert_int_equal(void_sale(&desk, back->sale), TALLY_OK);
        back->is_void = true;
        events++;
    }
}

static void points_are_held(void)
{
    static struct tally_move moves[TALLY_MOVES_MAX];
    static struct tally_count counts[16];
    struct tally_moment moment = {TERMINAL, desk.occasion.now_ms, desk.occasion.day};
    struct tally_bonus_room room = {moves, TALLY_MOVES_MAX, counts, 16};
    struct tally_event event;
    if (open_hold == 0 && tally_hold_plan(&desk.programme, &desk.account, 1 + below(50), &moment,
                                          &room, &event) == TALLY_OK) {
        number(&desk, &event);
        apply(&desk, &event);
        open_hold = event.id.seq;
        events++;
    }
}

static bool hold_is_open(void)
{
    for (size_t i = 0; i < desk.account.hold_count; i++) {
        if (desk.account.holds[i].hold == open_hold) {
            return true;
        }
    }
    return false;
}

static void something_happens(void)
{
    struct bought *any = bought_count > 0 ? &bought[below((int64_t)bought_count)] : NULL;
    open_hold = hold_is_open() ? open_hold : 0;
    switch (below(10)) {
    case 0:
        give(&desk, one_in(4) ? TALLY_TERMINAL_HQ : TERMINAL, purse_at(below(PURSES)),
             one_in(4) ? TALLY_DAY_ACTIVE : desk.occasion.day + (int32_t)below(40), 1 + below(300));
        events++;
        break;
    case 1:
        points_are_held();
        break;
    case 2:
    case 3:
    case 4:
        if (any != NULL) {
            something_comes_back(any, one_in(4));
        }
        break;
    case 5:
        if (any != NULL) {
            something_is_voided(any);
        }
        break;
    default:
        something_is_sold();
    }
    day_is(&desk, desk.occasion.day + (one_in(2) ? 0 : (int32_t)below(20)));
    desk.occasion.now_ms += below(3600000);
}

/* Everything comes back: the member has what was given, less what lapsed, and no more. */
static void nobody_has_profited(void)
{
    while (bought_count > 0) {
        struct bought *back = &bought[--bought_count];
        something_comes_back(back, true);
    }
    for (int64_t i = 0; i < PURSES; i++) {
        struct tally_purse purse = tally_account_purse(&desk.account, purse_at(i));
        assert_true(purse.redeemed == 0);
        assert_true(purse.earned == 0);
    }
}

static void start_run(uint64_t number)
{
    run_seed = seed = number;
    is_running = true;
    open_desk(&desk);
    bought_count = 0;
    open_hold = 0;
}

static void histories_conserve_points_and_nobody_profits(void **state)
{
    (void)state;
    uint64_t first = seeded_start(1), runs = runs_of(1700), refused = 0;
    events = 0;
    for (uint64_t run = 0; run < runs; run++) {
        start_run(first + run);
        a_random_programme();
        if (tally_programme_check(&desk.programme) != TALLY_OK) {
            refused++;
            continue;
        }
        desk.occasion.stock = stock_of_many;
        for (size_t step = 0; step < STEPS; step++) {
            something_happens();
        }
        if (desk.programme.refund.policy == TALLY_REFUND_DEBT) {
            nobody_has_profited();
        }
    }
    is_running = false;
    printf("%" PRIu64 " events, %" PRIu64 " of %" PRIu64 " programmes not allowed\n", events,
           refused, runs);
    assert_true(refused * 2 < runs || runs < 10);
    assert_true(events > 100000 || runs < 1700);
}

/* ------------------------------------------------------------------ one sale, there and back */

static int64_t has(int64_t purse)
{
    struct tally_purse totals = tally_account_purse(&desk.account, purse_at(purse));
    return totals.earned - totals.redeemed - totals.expired + totals.adjusted;
}

/* Right after the sale, in any split: exactly what there was, whatever the policy gives away. */
static void a_sale_that_comes_back_at_once_leaves_what_there_was(void **state)
{
    (void)state;
    uint64_t first = seeded_start(1000001), runs = runs_of(3000);
    for (uint64_t run = 0; run < runs; run++) {
        start_run(first + run);
        a_random_programme();
        if (tally_programme_check(&desk.programme) != TALLY_OK) {
            continue;
        }
        for (int64_t i = 0; i < 6; i++) {
            give(&desk, TERMINAL, purse_at(i / 2), desk.occasion.day + (int32_t)below(9),
                 1 + below(300));
        }
        int64_t before[PURSES];
        for (int64_t i = 0; i < PURSES; i++) {
            before[i] = has(i);
        }
        something_is_sold();
        if (bought_count == 0) {
            continue;
        }
        struct bought *back = &bought[0];
        bool is_void = one_in(4);
        if (is_void) {
            something_is_voided(back);
        }
        for (int64_t i = 0, parts = below(6); i < parts && !is_void; i++) {
            something_comes_back(back, false);
        }
        something_comes_back(back, true);
        enum tally_refund_policy policy = desk.programme.refund.policy;
        for (int64_t i = 0; i < PURSES; i++) {
            assert_true(has(i) >= before[i]); /* nobody loses by it */
            if (policy == TALLY_REFUND_DEBT || (is_void && policy != TALLY_REFUND_CLAMP)) {
                assert_true(has(i) == before[i]);
            }
        }
    }
    is_running = false;
}

/* ------------------------------------------------------------------ splitting */

static int64_t earned_by_quote(void)
{
    assert_int_equal(quote_sale(&desk), TALLY_OK);
    return desk.quote.earned_points;
}

static void splitting_a_line_gains_nothing(void **state)
{
    (void)state;
    uint64_t first = seeded_start(2000001), runs = runs_of(5000);
    for (uint64_t run = 0; run < runs; run++) {
        start_run(first + run);
        a_random_rule(0, "r1");
        a_random_rule(1, "r2");
        int64_t slack = 0; /* each line may be rounded up once */
        for (size_t i = 0; i < desk.programme.rule_count; i++) {
            slack += desk.rules[i].per_line ? 1 : 0;
            desk.rules[i].purse = TALLY_PURSE_POINTS;
        }
        int64_t pieces = 1 + below(5), amount_minor = below(5000);
        basket_is_empty(&desk);
        sell_line(&desk, "tea", 2 * pieces, 2 * amount_minor);
        sell_line(&desk, "cup", 1, below(5000));
        int64_t whole = earned_by_quote();
        desk.lines[0].quantity_milli = pieces * 1000;
        desk.lines[0].amount_minor = amount_minor;
        sell_line(&desk, "tea", pieces, amount_minor);
        assert_true(earned_by_quote() <= whole + slack);
    }
    is_running = false;
}

static void splitting_a_sale_gains_nothing_but_its_rounding(void **state)
{
    (void)state;
    uint64_t first = seeded_start(3000001), runs = runs_of(3000);
    for (uint64_t run = 0; run < runs; run++) {
        start_run(first + run);
        struct tally_cap day_cap = a_cap(TALLY_PERIOD_DAY, 1 + below(400));
        int64_t slack = 0;
        for (size_t i = 0; i < 2; i++) {
            struct tally_rule rule = a_rule(i == 0 ? "r1" : "r2", 1 + below(20), 1 + below(500));
            rule.kind = one_in(2) ? TALLY_EARN_PER_MONEY : TALLY_EARN_PER_ITEM;
            rule.rounding = (enum tally_rounding)below(4);
            rule.whole_steps = one_in(3);
            rule.caps = &day_cap;
            rule.cap_count = one_in(2) ? 1 : 0;
            slack += rule.rounding == TALLY_ROUND_FLOOR ? 0 : 1;
            add_rule(&desk, rule);
        }
        desk.rules[0] = desk.rules[1];
        desk.rules[1] = desk.rules[2];
        desk.programme.rule_count = 2;
        struct tally_line lines[2];
        basket_is_empty(&desk);
        sell_line(&desk, "tea", 1 + below(5), below(5000));
        sell_line(&desk, "cup", 1 + below(5), below(5000));
        memcpy(lines, desk.lines, sizeof lines);
        int64_t whole = earned_by_quote(), parts = 0;
        for (size_t i = 0; i < 2; i++) {
            basket_is_empty(&desk);
            desk.lines[0] = lines[i];
            desk.basket.line_count = 1;
            parts += sell(&desk)->as.sale.share_count > 0 ? desk.quote.earned_points : 0;
        }
        assert_true(parts <= whole + slack);
    }
    is_running = false;
}

static void splitting_a_basket_gains_nothing_from_a_bundle(void **state)
{
    (void)state;
    uint64_t first = seeded_start(4000001), runs = runs_of(5000);
    for (uint64_t run = 0; run < runs; run++) {
        start_run(first + run);
        struct tally_reward *bundle = add_reward(&desk, "B", TALLY_REWARD_BUNDLE, 0);
        bundle->buy = 1 + below(3);
        bundle->get = 1 + below(3);
        bundle->is_automatic = true;
        int64_t prices[12], parts = 0;
        size_t count = 2 + (size_t)below(11), side[12];
        basket_is_empty(&desk);
        for (size_t i = 0; i < count; i++) {
            prices[i] = below(100) * 10;
            side[i] = (size_t)below(2);
            sell_line(&desk, "tea", 1, prices[i]);
        }
        assert_int_equal(quote_sale(&desk), TALLY_OK);
        int64_t whole = desk.quote.discount_minor;
        for (size_t part = 0; part < 2; part++) {
            basket_is_empty(&desk);
            for (size_t i = 0; i < count; i++) {
                if (side[i] == part) {
                    sell_line(&desk, "tea", 1, prices[i]);
                }
            }
            if (desk.basket.line_count > 0) {
                assert_int_equal(quote_sale(&desk), TALLY_OK);
                parts += desk.quote.discount_minor;
            }
        }
        assert_true(parts <= whole);
    }
    is_running = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(histories_conserve_points_and_nobody_profits, tell_seed),
        cmocka_unit_test_teardown(a_sale_that_comes_back_at_once_leaves_what_there_was, tell_seed),
        cmocka_unit_test_teardown(splitting_a_line_gains_nothing, tell_seed),
        cmocka_unit_test_teardown(splitting_a_sale_gains_nothing_but_its_rounding, tell_seed),
        cmocka_unit_test_teardown(splitting_a_basket_gains_nothing_from_a_bundle, tell_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
