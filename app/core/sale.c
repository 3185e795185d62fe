/* SPDX-License-Identifier: Apache-2.0 */
/* A basket becomes a quote, a sale or a void; the arithmetic of earning and redeeming is here once.
 */
#include "app/core/sale.h"

#include <assert.h>

/* ------------------------------------------------------------------ basket and rules */

static enum tally_status basket_total(const struct tally_line *lines, size_t count,
                                      int64_t *ret_total_minor)
{
    if (lines == NULL || count < 1 || count > TALLY_LINES_MAX) {
        return TALLY_E_INVALID;
    }
    int64_t total_minor = 0;
    for (size_t i = 0; i < count; i++) {
        if (lines[i].sku.len > TALLY_TEXT_LEN_MAX || lines[i].quantity_milli <= 0 ||
            lines[i].amount_minor < 0) {
            return TALLY_E_INVALID;
        }
        TALLY_TRY(tally_add(total_minor, lines[i].amount_minor, &total_minor));
    }
    *ret_total_minor = total_minor;
    return TALLY_OK;
}

/* The most that points may pay of a basket. */
static enum tally_status share_minor(const struct tally_programme *programme, int64_t total_minor,
                                     int64_t *ret_minor)
{
    return tally_scale(total_minor, programme->redeem_max_share_pct, 100, TALLY_ROUND_FLOOR,
                       ret_minor);
}

static enum tally_status redemption_value(const struct tally_programme *programme,
                                          int64_t total_minor, int64_t points, int64_t *ret_minor)
{
    if (points == 0) {
        *ret_minor = 0;
        return TALLY_OK;
    }
    if (points < programme->redeem_min || points % programme->redeem_step != 0) {
        return points < 0 ? TALLY_E_INVALID : TALLY_E_RULE;
    }
    int64_t allowed_minor = 0, value_minor = 0;
    TALLY_TRY(share_minor(programme, total_minor, &allowed_minor));
    TALLY_TRY(tally_programme_value(programme, points, &value_minor));
    if (value_minor > allowed_minor) {
        return TALLY_E_RULE;
    }
    *ret_minor = value_minor;
    return TALLY_OK;
}

/* The most points of `held` that the rules let pay for this basket; 0 if none. */
static enum tally_status redeemable(const struct tally_programme *programme, int64_t total_minor,
                                    int64_t held, int64_t *ret_points)
{
    int64_t allowed_minor = 0;
    TALLY_TRY(share_minor(programme, total_minor, &allowed_minor));
    int64_t steps = allowed_minor / programme->redeem_value_minor;
    int64_t steps_held = held < 0 ? 0 : held / programme->redeem_step;
    int64_t points = (steps < steps_held ? steps : steps_held) * programme->redeem_step;
    *ret_points = points < programme->redeem_min ? 0 : points;
    return TALLY_OK;
}

static enum tally_status earned_points(const struct tally_programme *programme, int64_t base_minor,
                                       uint32_t multiplier_pct, int64_t *ret_points)
{
    int64_t rate = (int64_t)programme->earn_points_per_major_milli * multiplier_pct;
    int64_t unit = 1000 * 100;
    for (uint32_t i = 0; i < programme->currency_exponent; i++) {
        unit *= 10;
    }
    return tally_scale(base_minor, rate, unit, programme->earn_rounding, ret_points);
}

/* Everything about a sale that follows from the programme, the basket, the tier and the points. */
struct outcome {
    int64_t total_minor;
    int64_t redeemed_minor;
    int64_t earned_points;
    int64_t qualifying;
};

static enum tally_status outcome_of(const struct tally_programme *programme,
                                    const struct tally_line *lines, size_t line_count,
                                    int64_t points, size_t tier, struct outcome *ret_outcome)
{
    struct outcome outcome = {0};
    TALLY_TRY(basket_total(lines, line_count, &outcome.total_minor));
    TALLY_TRY(redemption_value(programme, outcome.total_minor, points, &outcome.redeemed_minor));
    int64_t paid_minor = outcome.total_minor - outcome.redeemed_minor;
    TALLY_TRY(earned_points(programme,
                            programme->earn_on_redeemed ? outcome.total_minor : paid_minor,
                            programme->tiers[tier].multiplier_pct, &outcome.earned_points));
    outcome.qualifying =
        programme->tier_metric == TALLY_METRIC_SPEND ? paid_minor : outcome.earned_points;
    *ret_outcome = outcome;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ lots of one drawer */

/* The lots of `drawer` that are valid on `day`: [first, end) of the account's. */
struct drawer_lots {
    const struct tally_lot *lots;
    size_t count;
};

static struct drawer_lots lots_of(const struct tally_account *account, uint32_t drawer, int32_t day)
{
    size_t first = 0;
    while (first < account->lot_count &&
           (account->lots[first].drawer < drawer ||
            (account->lots[first].drawer == drawer && account->lots[first].expires_day < day))) {
        first++;
    }
    size_t end = first;
    while (end < account->lot_count && account->lots[end].drawer == drawer) {
        end++;
    }
    return (struct drawer_lots){account->lots == NULL ? NULL : account->lots + first, end - first};
}

/* What one redemption can reach: an event names at most TALLY_MOVES_MAX lots, and a debt comes off
 * the balance. */
static int64_t spendable_here(const struct tally_account *account, uint32_t terminal, int32_t day)
{
    struct drawer_lots drawer = lots_of(account, terminal, day);
    int64_t held = 0, balance = tally_account_balance(account, day);
    for (size_t i = 0; i < drawer.count && i < TALLY_MOVES_MAX; i++) {
        held += drawer.lots[i].points;
    }
    return held < balance ? held : balance;
}

/* ------------------------------------------------------------------ quote and sale */

enum tally_status tally_sale_quote(const struct tally_programme *programme,
                                   const struct tally_account *account,
                                   const struct tally_basket *basket, int64_t points,
                                   uint32_t terminal, int32_t day, struct tally_quote *ret_quote)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(basket != NULL);
    assert(ret_quote != NULL);

    size_t tier = tally_account_tier(account, programme, day);
    struct outcome outcome = {0};
    TALLY_TRY(outcome_of(programme, basket->lines, basket->line_count, points, tier, &outcome));
    struct tally_quote quote = {
        .total_minor = outcome.total_minor,
        .earned_points = outcome.earned_points,
        .redeemed_points = points,
        .redeemed_minor = outcome.redeemed_minor,
        .to_pay_minor = outcome.total_minor - outcome.redeemed_minor,
        .tier = tier,
        .tier_after = tally_account_tier_after(account, programme, day, outcome.qualifying),
    };
    TALLY_TRY(redeemable(programme, outcome.total_minor, spendable_here(account, terminal, day),
                         &quote.redeemable_here));
    TALLY_TRY(redeemable(programme, outcome.total_minor, tally_account_balance(account, day),
                         &quote.redeemable_online));
    *ret_quote = quote;
    return TALLY_OK;
}

/* Earliest last day first. */
static enum tally_status spend(struct drawer_lots drawer, int64_t points, struct tally_move *moves,
                               size_t move_cap, size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < drawer.count && points > 0; i++) {
        if (count == move_cap) {
            return TALLY_E_NO_MEMORY;
        }
        int64_t here = drawer.lots[i].points < points ? drawer.lots[i].points : points;
        moves[count] = (struct tally_move){drawer.lots[i].expires_day, here};
        count++;
        points -= here;
    }
    assert(points == 0);
    *ret_count = count;
    return TALLY_OK;
}

enum tally_status tally_sale_plan(const struct tally_programme *programme,
                                  const struct tally_account *account, uint64_t member,
                                  const struct tally_basket *basket, int64_t points,
                                  uint32_t terminal, int32_t day, struct tally_move *moves,
                                  size_t move_cap, struct tally_sale *ret_sale)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(basket != NULL);
    assert(moves != NULL || move_cap == 0);
    assert(ret_sale != NULL);

    size_t tier = tally_account_tier(account, programme, day), spent_count = 0;
    struct outcome outcome = {0};
    TALLY_TRY(outcome_of(programme, basket->lines, basket->line_count, points, tier, &outcome));
    if (points > 0) {
        if (points > spendable_here(account, terminal, day)) {
            return TALLY_E_POINTS_SHORT;
        }
        TALLY_TRY(spend(lots_of(account, terminal, day), points, moves, move_cap, &spent_count));
    }
    *ret_sale = (struct tally_sale){
        .account = account->id,
        .member = member,
        .lines = basket->lines,
        .line_count = basket->line_count,
        .total_minor = outcome.total_minor,
        .redeemed_points = points,
        .redeemed_minor = outcome.redeemed_minor,
        .spent = moves,
        .spent_count = spent_count,
        .earned_points = outcome.earned_points,
        .earned_expires_day = tally_programme_expiry_day(programme, day),
        .debt_paid = outcome.earned_points < account->debt ? outcome.earned_points : account->debt,
        .qualifying = outcome.qualifying,
        .tier = (uint32_t)tier,
        .multiplier_pct = programme->tiers[tier].multiplier_pct,
    };
    return TALLY_OK;
}

/* ------------------------------------------------------------------ void */

/* The drawer's lots as they will be once `returned` is back, walked from the latest last day down.
 */
struct walk {
    struct drawer_lots drawer;
    const struct tally_move *returned;
    size_t lots_left;
    size_t returned_left;
};

static struct walk walk_start(struct drawer_lots drawer, const struct tally_sale *sale)
{
    return (struct walk){drawer, sale->spent, drawer.count, sale->spent_count};
}

static bool walk_next(struct walk *walk, struct tally_move *ret_lot)
{
    if (walk->lots_left == 0 && walk->returned_left == 0) {
        return false;
    }
    const struct tally_lot *lot =
        walk->lots_left > 0 ? &walk->drawer.lots[walk->lots_left - 1] : NULL;
    const struct tally_move *move =
        walk->returned_left > 0 ? &walk->returned[walk->returned_left - 1] : NULL;
    bool from_lot = lot != NULL && (move == NULL || lot->expires_day >= move->expires_day);
    bool from_move = move != NULL && (lot == NULL || move->expires_day >= lot->expires_day);
    struct tally_move both = {from_lot ? lot->expires_day : move->expires_day, 0};
    if (from_lot) {
        both.points += lot->points;
        walk->lots_left--;
    }
    if (from_move) {
        both.points += move->points;
        walk->returned_left--;
    }
    *ret_lot = both;
    return true;
}

static int64_t least(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

/* What comes out of the lot that the sale's points went into. */
static int64_t take_from_own_lot(struct walk walk, const struct tally_sale *sale)
{
    struct tally_move lot;
    while (walk_next(&walk, &lot)) {
        if (lot.expires_day == sale->earned_expires_day) {
            return least(lot.points, sale->earned_points);
        }
    }
    return 0;
}

static void reverse(struct tally_move *moves, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct tally_move other = moves[i];
        moves[i] = moves[count - 1 - i];
        moves[count - 1 - i] = other;
    }
}

/* Fills `taken` in rising order of days; *ret_debt is what is gone already. */
static enum tally_status take_back(struct walk walk, const struct tally_sale *sale,
                                   struct tally_move *taken, size_t move_cap, size_t *ret_count,
                                   int64_t *ret_debt)
{
    int64_t own = take_from_own_lot(walk, sale), rest = sale->earned_points - own;
    size_t count = 0, others_max = TALLY_MOVES_MAX - 1; /* one is kept for its own lot */
    struct tally_move lot;
    while (walk_next(&walk, &lot)) {
        bool is_own = lot.expires_day == sale->earned_expires_day;
        int64_t points = is_own ? own : others_max > 0 ? least(lot.points, rest) : 0;
        if (points == 0) {
            continue;
        }
        if (count == move_cap) {
            return TALLY_E_NO_MEMORY;
        }
        taken[count] = (struct tally_move){lot.expires_day, points};
        count++;
        if (!is_own) {
            rest -= points;
            others_max--;
        }
    }
    reverse(taken, count);
    *ret_count = count;
    *ret_debt = rest;
    return TALLY_OK;
}

enum tally_status tally_void_plan(const struct tally_account *account,
                                  const struct tally_event *sale, int32_t day,
                                  struct tally_move *returned, struct tally_move *taken,
                                  size_t move_cap, struct tally_void *ret_void)
{
    assert(account != NULL);
    assert(sale != NULL);
    assert((returned != NULL && taken != NULL) || move_cap == 0);
    assert(ret_void != NULL);

    const struct tally_sale *sold = &sale->as.sale;
    if (sale->type != TALLY_EVENT_SALE || sold->account != account->id) {
        return TALLY_E_INVALID;
    }
    if (day != sale->business_day) {
        return TALLY_E_TOO_LATE;
    }
    int64_t redeemed = 0, held = 0, debt = 0;
    TALLY_TRY(tally_moves_sum(sold->spent, sold->spent_count, &redeemed));
    if (redeemed != sold->redeemed_points || sold->earned_points < 0) {
        return TALLY_E_INVALID;
    }
    struct drawer_lots drawer = lots_of(account, sale->id.terminal, day);
    held = tally_account_in_drawer(account, sale->id.terminal, day);
    TALLY_TRY(tally_add(held, redeemed, &held)); /* so no lot overflows while it is walked */
    if (sold->spent_count > move_cap) {
        return TALLY_E_NO_MEMORY;
    }
    size_t taken_count = 0;
    TALLY_TRY(take_back(walk_start(drawer, sold), sold, taken, move_cap, &taken_count, &debt));
    for (size_t i = 0; i < sold->spent_count; i++) {
        returned[i] = sold->spent[i];
    }
    *ret_void = (struct tally_void){
        .account = account->id,
        .member = sold->member,
        .sale = sale->id,
        .returned = returned,
        .returned_count = sold->spent_count,
        .taken = taken,
        .taken_count = taken_count,
        .redeemed_points = redeemed,
        .earned_points = sold->earned_points,
        .debt_added = debt,
        .qualifying = sold->qualifying,
        .sale_day = sale->business_day,
    };
    return TALLY_OK;
}

/* ------------------------------------------------------------------ head office's half */

size_t tally_draw_moves(const struct tally_account *account, int64_t points, int32_t day,
                        struct tally_move *moves, int64_t *ret_points)
{
    assert(account != NULL);
    assert(moves != NULL);
    assert(ret_points != NULL);

    struct drawer_lots drawer = lots_of(account, TALLY_TERMINAL_HQ, day);
    size_t count = 0;
    int64_t moved = 0;
    for (size_t i = 0; i < drawer.count && moved < points && count < TALLY_MOVES_MAX; i++) {
        moves[count] = (struct tally_move){drawer.lots[i].expires_day,
                                           least(drawer.lots[i].points, points - moved)};
        moved += moves[count].points;
        count++;
    }
    *ret_points = moved;
    return count;
}

enum tally_status tally_sale_check(const struct tally_programme *programme,
                                   const struct tally_event *event)
{
    assert(programme != NULL);
    assert(event != NULL);

    const struct tally_sale *sale = &event->as.sale;
    if (event->type != TALLY_EVENT_SALE || event->programme_version != programme->version) {
        return TALLY_E_INVALID;
    }
    if (sale->tier >= programme->tier_count ||
        sale->multiplier_pct != programme->tiers[sale->tier].multiplier_pct) {
        return TALLY_E_MISMATCH;
    }
    int64_t spent = 0;
    TALLY_TRY(tally_moves_sum(sale->spent, sale->spent_count, &spent));
    struct outcome outcome = {0};
    enum tally_status status = outcome_of(programme, sale->lines, sale->line_count,
                                          sale->redeemed_points, sale->tier, &outcome);
    if (status != TALLY_OK) {
        return status == TALLY_E_RULE ? TALLY_E_MISMATCH : status;
    }
    bool agrees =
        spent == sale->redeemed_points && outcome.total_minor == sale->total_minor &&
        outcome.redeemed_minor == sale->redeemed_minor &&
        outcome.earned_points == sale->earned_points && outcome.qualifying == sale->qualifying &&
        sale->debt_paid >= 0 && sale->debt_paid <= sale->earned_points &&
        sale->earned_expires_day == tally_programme_expiry_day(programme, event->business_day);
    return agrees ? TALLY_OK : TALLY_E_MISMATCH;
}
