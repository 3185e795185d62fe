/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a sale by line, and what of them has come back. */
#include "app/core/undo.h"

#include <assert.h>

/* ------------------------------------------------------------------ the lines of a sale */

struct facts {
    int64_t amount_minor;
    int64_t quantity_milli;
    int64_t discount_minor;
    int64_t points_minor;
    int64_t share; /* of the purse asked for */
    int64_t cut;   /* that caps took off it */
    int64_t before_milli;
    int64_t after_milli;
};

struct walk {
    const struct tally_undo *undo;
    uint32_t purse;
    size_t line;
    size_t paid;
    size_t share;
    size_t returned;
};

static struct walk walk_start(const struct tally_undo *undo, uint32_t purse)
{
    return (struct walk){.undo = undo, .purse = purse};
}

static void read_paid(struct walk *walk, struct facts *facts)
{
    const struct tally_sale *sale = &walk->undo->sale->as.sale;
    if (walk->paid < sale->paid_count && sale->paid[walk->paid].line == walk->line) {
        facts->discount_minor = sale->paid[walk->paid].discount_minor;
        facts->points_minor = sale->paid[walk->paid].points_minor;
        walk->paid++;
    }
}

static void read_share(struct walk *walk, struct facts *facts)
{
    const struct tally_sale *sale = &walk->undo->sale->as.sale;
    while (walk->share < sale->share_count && sale->shares[walk->share].line == walk->line) {
        if (sale->shares[walk->share].purse == walk->purse) {
            facts->share = sale->shares[walk->share].points;
            facts->cut = sale->shares[walk->share].cut;
        }
        walk->share++;
    }
}

static void read_returned(struct walk *walk, struct facts *facts)
{
    const struct tally_undo *undo = walk->undo;
    if (undo->is_void) {
        facts->after_milli = facts->quantity_milli;
    } else if (walk->returned < undo->line_count &&
               undo->lines[walk->returned].line == walk->line) {
        facts->before_milli = undo->lines[walk->returned].quantity_before_milli;
        facts->after_milli = facts->before_milli + undo->lines[walk->returned].quantity_milli;
        walk->returned++;
    }
}

static bool walk_next(struct walk *walk, struct facts *ret_facts)
{
    const struct tally_basket *basket = &walk->undo->sale->as.sale.basket;
    if (walk->line == basket->line_count) {
        return false;
    }
    const struct tally_line *line = &basket->lines[walk->line];
    *ret_facts =
        (struct facts){.amount_minor = line->amount_minor, .quantity_milli = line->quantity_milli};
    read_paid(walk, ret_facts);
    read_share(walk, ret_facts);
    read_returned(walk, ret_facts);
    walk->line++;
    return true;
}

static bool paid_can_be(const struct tally_sale *sale)
{
    for (size_t i = 0; i < sale->paid_count; i++) {
        const struct tally_line_paid *paid = &sale->paid[i];
        if (paid->line >= sale->basket.line_count ||
            (i > 0 && paid->line <= sale->paid[i - 1].line)) {
            return false;
        }
        int64_t amount_minor = sale->basket.lines[paid->line].amount_minor;
        if (paid->discount_minor < 0 || paid->discount_minor > amount_minor ||
            paid->points_minor < 0 || paid->points_minor > amount_minor - paid->discount_minor) {
            return false;
        }
    }
    return true;
}

static bool shares_can_be(const struct tally_sale *sale)
{
    for (size_t i = 0; i < sale->share_count; i++) {
        const struct tally_share *share = &sale->shares[i];
        bool rises = i == 0 || share->line > share[-1].line ||
                     (share->line == share[-1].line && share->purse > share[-1].purse);
        if (!rises || share->line >= sale->basket.line_count || share->points < 0 ||
            share->points > TALLY_POINTS_MAX || share->cut < 0 || share->cut > TALLY_POINTS_MAX ||
            (share->points == 0 && share->cut == 0)) {
            return false;
        }
    }
    return sale->share_count <= TALLY_SHARES_MAX;
}

static bool exchanges_can_be(const struct tally_sale *sale)
{
    for (size_t i = 0; i < sale->exchange_count; i++) {
        const struct tally_exchange *exchange = &sale->exchanges[i];
        if (exchange->times == 0 || exchange->cost < 1 || exchange->gives < 0 ||
            exchange->cost > TALLY_POINTS_MAX / exchange->times ||
            exchange->gives > TALLY_POINTS_MAX / exchange->times) {
            return false;
        }
    }
    return sale->exchange_count <= TALLY_EXCHANGES_MAX;
}

/* Each purse is worked out by itself; no programme has more. */
static bool purses_can_be(const struct tally_event *event)
{
    int64_t purse = -1;
    size_t count = 0;
    while (count <= TALLY_PURSES_MAX + 1 && tally_undo_next_purse(event, &purse)) {
        count++;
    }
    return count <= TALLY_PURSES_MAX + 1;
}

/* Head office also looks at sales that did not pass its check: they must do no harm here. */
static bool sale_can_be(const struct tally_event *event)
{
    const struct tally_sale *sale = &event->as.sale;
    int64_t total_minor = 0;
    if (event->type != TALLY_EVENT_SALE || tally_effects_check(event) != TALLY_OK ||
        tally_basket_check(&sale->basket, &total_minor) != TALLY_OK || !paid_can_be(sale) ||
        !shares_can_be(sale) || !exchanges_can_be(sale) || !purses_can_be(event)) {
        return false;
    }
    for (size_t i = 0; i < event->effects.count_count; i++) {
        if (event->effects.counts[i].amount <= 0) {
            return false;
        }
    }
    return true;
}

enum tally_status tally_undo_check(const struct tally_undo *undo)
{
    assert(undo != NULL);

    const struct tally_basket *basket = &undo->sale->as.sale.basket;
    if (!sale_can_be(undo->sale) || (!undo->is_void && undo->line_count == 0)) {
        return TALLY_E_INVALID;
    }
    for (size_t i = 0; !undo->is_void && i < undo->line_count; i++) {
        const struct tally_returned_line *line = &undo->lines[i];
        if (line->line >= basket->line_count || line->quantity_milli <= 0 ||
            line->quantity_before_milli < 0 || (i > 0 && line->line <= undo->lines[i - 1].line)) {
            return TALLY_E_INVALID;
        }
        int64_t sold = basket->lines[line->line].quantity_milli;
        if (line->quantity_before_milli > sold ||
            line->quantity_milli > sold - line->quantity_before_milli) {
            return TALLY_E_RULE;
        }
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ what is undone of a part */

static int64_t least(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

/* Of a line's part: what is undone before and after this return. */
static enum tally_status undone(int64_t part, const struct facts *facts, int64_t *ret_before,
                                int64_t *ret_after)
{
    TALLY_TRY(tally_scale(part, facts->before_milli, facts->quantity_milli, TALLY_ROUND_FLOOR,
                          ret_before));
    return tally_scale(part, facts->after_milli, facts->quantity_milli, TALLY_ROUND_FLOOR,
                       ret_after);
}

enum tally_status tally_undo_money(const struct tally_undo *undo, int64_t *ret_amount_minor,
                                   int64_t *ret_redeemed_minor)
{
    assert(undo != NULL);
    assert(ret_amount_minor != NULL);
    assert(ret_redeemed_minor != NULL);

    int64_t amount_minor = 0, redeemed_minor = 0;
    struct facts facts;
    for (struct walk walk = walk_start(undo, 0); walk_next(&walk, &facts);) {
        int64_t before = 0, after = 0;
        TALLY_TRY(undone(facts.amount_minor - facts.discount_minor, &facts, &before, &after));
        amount_minor += after - before; /* at most the basket */
        TALLY_TRY(undone(facts.points_minor, &facts, &before, &after));
        redeemed_minor += after - before;
    }
    *ret_amount_minor = amount_minor;
    *ret_redeemed_minor = redeemed_minor;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ dividing a whole over lines */

enum weight {
    BY_SHARE,    /* what each line earned */
    BY_CUT,      /* what caps took off that */
    BY_POINTS,   /* what points paid of it */
    BY_DISCOUNT, /* what rewards took off it */
    BY_MONEY,    /* what was paid for it with money */
    BY_AMOUNT,
    BY_QUANTITY
};

static int64_t weight_of(const struct facts *facts, enum weight weight)
{
    switch (weight) {
    case BY_SHARE:
        return facts->share;
    case BY_CUT:
        return facts->cut;
    case BY_POINTS:
        return facts->points_minor;
    case BY_DISCOUNT:
        return facts->discount_minor;
    case BY_MONEY:
        return facts->amount_minor - facts->discount_minor - facts->points_minor;
    case BY_AMOUNT:
        return facts->amount_minor;
    case BY_QUANTITY:
        break;
    }
    return facts->quantity_milli;
}

struct division {
    enum weight weight;
    struct tally_allotment allotment;
};

/* By `weight`; where no line has any, by amount, and where all amounts are 0, by quantity. */
static enum tally_status divide(const struct tally_undo *undo, uint32_t purse, int64_t total,
                                enum weight weight, struct division *ret_division)
{
    const enum weight ways[] = {weight, BY_AMOUNT, BY_QUANTITY};
    for (size_t i = 0; i < 3; i++) {
        int64_t sum = 0;
        struct facts facts;
        for (struct walk walk = walk_start(undo, purse); walk_next(&walk, &facts);) {
            TALLY_TRY(tally_add(sum, weight_of(&facts, ways[i]), &sum));
        }
        if (sum > 0) {
            *ret_division = (struct division){ways[i], {.total = total, .weight_total = sum}};
            break;
        }
    }
    return TALLY_OK;
}

static enum tally_status part_of(struct division *division, const struct facts *facts,
                                 int64_t *ret_part)
{
    if (division->allotment.total == 0) {
        *ret_part = 0;
        return TALLY_OK;
    }
    return tally_allot(&division->allotment, weight_of(facts, division->weight), ret_part);
}

/* --------------------------------------------------------------- the lots of a sale, backwards */

/* The moves of one purse of two kinds, from the last: what was spent last, or what was earned with
 * the latest last day, comes first. A line's points are a stretch of them. */
struct source {
    const struct tally_effects *effects;
    uint32_t purse;
    bool is_earned; /* else spent */
    size_t left;
    int64_t rest; /* of moves[left] */
};

static bool is_earned(enum tally_move_kind kind)
{
    return kind == TALLY_MOVE_EARN || kind == TALLY_MOVE_EARN_DEBT;
}

static bool is_spent(enum tally_move_kind kind)
{
    return kind == TALLY_MOVE_REDEEM || kind == TALLY_MOVE_REDEEM_HELD ||
           kind == TALLY_MOVE_REDEEM_EARNED;
}

/* Passes `points` over, or on to `moves` as `kind`; of those that paid a debt to *in_debt. */
static enum tally_status source_take(struct source *source, int64_t points,
                                     enum tally_move_kind kind, struct tally_moves *moves,
                                     int64_t *in_debt)
{
    while (points > 0) {
        while (source->rest == 0 && source->left > 0) {
            const struct tally_move *next = &source->effects->moves[--source->left];
            bool is_ours = source->is_earned ? is_earned(next->kind) : is_spent(next->kind);
            source->rest = is_ours && next->purse == source->purse ? next->points : 0;
        }
        if (source->rest == 0) {
            return TALLY_OK; /* a sale whose shares are more than it gave does not pass its check */
        }
        struct tally_move move = source->effects->moves[source->left];
        int64_t here = source->rest < points ? source->rest : points;
        source->rest -= here;
        points -= here;
        if (moves == NULL) {
            continue;
        }
        if (move.kind == TALLY_MOVE_EARN_DEBT) {
            *in_debt += here;
            continue;
        }
        move.kind = kind;
        move.points = here;
        TALLY_TRY(tally_moves_add(moves, move));
    }
    return TALLY_OK;
}

/* What belongs to a line, and how much of it is undone before and after this return. */
struct stretch {
    int64_t part;
    int64_t before;
    int64_t after;
};

/* One line's stretch of points: what came back before is passed over, what comes now is taken, and
 * the rest is passed over, too. */
static enum tally_status take_stretch(struct source *source, const struct stretch *stretch,
                                      enum tally_move_kind kind, struct tally_moves *moves,
                                      int64_t *in_debt)
{
    TALLY_TRY(source_take(source, stretch->before, kind, NULL, NULL));
    TALLY_TRY(source_take(source, stretch->after - stretch->before, kind, moves, in_debt));
    return source_take(source, stretch->part - stretch->after, kind, NULL, NULL);
}

/* ------------------------------------------------------------------ what was earned, by line */

/* What exchanges gave of a purse together, or what they cost. */
static int64_t exchanged(const struct tally_sale *sale, uint32_t purse, bool cost)
{
    int64_t units = 0;
    for (size_t i = 0; i < sale->exchange_count; i++) {
        const struct tally_exchange *exchange = &sale->exchanges[i];
        if ((cost ? exchange->cost_purse : exchange->purse) == purse) {
            units += exchange->times * (cost ? exchange->cost : exchange->gives);
        }
    }
    return units; /* at most 256 times TALLY_POINTS_MAX: sale_can_be */
}

/* What rules and free rewards gave of a purse. */
static int64_t given_of(const struct tally_event *sale, uint32_t purse)
{
    int64_t total = tally_event_points(sale, purse, TALLY_MOVE_EARN);
    return total - least(exchanged(&sale->as.sale, purse, false), total);
}

static int64_t cut_of(const struct tally_sale *sale, uint32_t purse)
{
    int64_t cut = 0;
    for (size_t i = 0; i < sale->share_count; i++) {
        cut += sale->shares[i].purse == purse ? sale->shares[i].cut : 0;
    }
    return cut; /* at most 20000 times TALLY_POINTS_MAX: sale_can_be */
}

/* What was given of a purse, and what caps took off that, by line. */
struct earnings {
    struct division given;
    struct division cut;
};

static enum tally_status divide_earnings(const struct tally_undo *undo, uint32_t purse,
                                         struct earnings *ret_earnings)
{
    TALLY_TRY(divide(undo, purse, given_of(undo->sale, purse),
                     undo->by_amount ? BY_AMOUNT : BY_SHARE, &ret_earnings->given));
    return divide(undo, purse, cut_of(&undo->sale->as.sale, purse),
                  undo->by_amount ? BY_AMOUNT : BY_CUT, &ret_earnings->cut);
}

/* So much of `part` as the rest of the line would not have earned, had no cap taken `cut` off. */
static enum tally_status undone_after_cut(int64_t part, int64_t cut, int64_t back_milli,
                                          int64_t quantity_milli, int64_t *ret_undone)
{
    int64_t deserved = 0;
    TALLY_TRY(tally_scale(part + cut, quantity_milli - back_milli, quantity_milli,
                          TALLY_ROUND_FLOOR, &deserved));
    *ret_undone = part - least(part, deserved);
    return TALLY_OK;
}

/* What a line earned. Its `pace` is that of what follows the points: as they do where a cap cut
 * them, else as the pieces do. */
static enum tally_status next_earnings(struct earnings *earnings, const struct facts *facts,
                                       struct stretch *ret_earned, struct stretch *ret_pace)
{
    struct stretch earned = {0};
    struct stretch pace = {facts->quantity_milli, facts->before_milli, facts->after_milli};
    int64_t cut = 0;
    TALLY_TRY(part_of(&earnings->given, facts, &earned.part));
    TALLY_TRY(part_of(&earnings->cut, facts, &cut));
    if (cut == 0 || earned.part == 0) {
        TALLY_TRY(undone(earned.part, facts, &earned.before, &earned.after));
    } else {
        TALLY_TRY(undone_after_cut(earned.part, cut, facts->before_milli, facts->quantity_milli,
                                   &earned.before));
        TALLY_TRY(undone_after_cut(earned.part, cut, facts->after_milli, facts->quantity_milli,
                                   &earned.after));
        pace = earned;
    }
    *ret_earned = earned;
    *ret_pace = pace;
    return TALLY_OK;
}

static enum tally_status undone_at(int64_t part, const struct stretch *pace,
                                   enum tally_rounding rounding, struct stretch *ret_stretch)
{
    struct stretch stretch = {.part = part};
    TALLY_TRY(tally_scale(part, pace->before, pace->part, rounding, &stretch.before));
    TALLY_TRY(tally_scale(part, pace->after, pace->part, rounding, &stretch.after));
    *ret_stretch = stretch;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ exchanges */

/* Whole exchanges, so many of each line, undone one by one as it comes back: of vouchers early, so
 * that points that were earned with the line are not owed while a voucher is there that they paid
 * for; of a gift, which nobody brings back, when the line is back as a whole. */
struct exchanging {
    const struct tally_exchange *exchange;
    struct division lines;
    struct earnings earnings; /* of the purse that paid */
};

static enum tally_status divide_exchange(const struct tally_undo *undo,
                                         const struct tally_exchange *exchange,
                                         struct exchanging *ret_exchanging)
{
    ret_exchanging->exchange = exchange;
    TALLY_TRY(divide_earnings(undo, exchange->cost_purse, &ret_exchanging->earnings));
    return divide(undo, exchange->cost_purse, exchange->times, BY_AMOUNT, &ret_exchanging->lines);
}

/* The running share, rounded up for a voucher, less what was given before. */
static enum tally_status times_of(struct exchanging *exchanging, const struct facts *facts,
                                  struct stretch *ret_times)
{
    struct tally_allotment *allotment = &exchanging->lines.allotment;
    const enum tally_rounding rounding =
        exchanging->exchange->gives > 0 ? TALLY_ROUND_CEIL : TALLY_ROUND_FLOOR;
    struct stretch earned, pace;
    int64_t running = 0, times = 0;
    TALLY_TRY(next_earnings(&exchanging->earnings, facts, &earned, &pace));
    allotment->weight_done += weight_of(facts, exchanging->lines.weight); /* at most the total */
    TALLY_TRY(tally_scale(allotment->total, allotment->weight_done, allotment->weight_total,
                          rounding, &running));
    times = running - allotment->given;
    allotment->given = running;
    return undone_at(times, &pace, rounding, ret_times);
}

/* The units of one exchange: `each` for one, of all lines. */
static enum tally_status take_exchange(struct source *source, const struct tally_undo *undo,
                                       const struct tally_exchange *exchange, int64_t each,
                                       enum tally_move_kind kind, struct tally_moves *moves,
                                       int64_t *in_debt)
{
    struct exchanging exchanging = {0};
    struct facts facts;
    TALLY_TRY(divide_exchange(undo, exchange, &exchanging));
    for (struct walk walk = walk_start(undo, exchange->cost_purse); walk_next(&walk, &facts);) {
        struct stretch times; /* times `each` fit: sale_can_be */
        TALLY_TRY(times_of(&exchanging, &facts, &times));
        TALLY_TRY(take_stretch(
            source, &(struct stretch){times.part * each, times.before * each, times.after * each},
            kind, moves, in_debt));
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ points and units */

enum tally_status tally_undo_earned(const struct tally_undo *undo, uint32_t purse, bool bought,
                                    struct tally_moves *moves, int64_t *ret_in_debt)
{
    assert(undo != NULL);
    assert(moves != NULL);
    assert(ret_in_debt != NULL);

    const struct tally_sale *sale = &undo->sale->as.sale;
    const struct tally_effects *effects = &undo->sale->effects;
    struct source source = {effects, purse, true, effects->move_count, 0};
    struct earnings earnings = {0};
    struct facts facts;
    int64_t in_debt = 0;
    for (size_t i = 0; i < sale->exchange_count; i++) {
        const struct tally_exchange *exchange = &sale->exchanges[i];
        if (exchange->gives > 0 && exchange->purse == purse) {
            TALLY_TRY(take_exchange(&source, undo, exchange, exchange->gives, TALLY_MOVE_UNEARN,
                                    bought ? moves : NULL, &in_debt));
        }
    }
    TALLY_TRY(divide_earnings(undo, purse, &earnings));
    for (struct walk walk = walk_start(undo, purse); walk_next(&walk, &facts);) {
        struct stretch earned, pace;
        TALLY_TRY(next_earnings(&earnings, &facts, &earned, &pace));
        TALLY_TRY(
            take_stretch(&source, &earned, TALLY_MOVE_UNEARN, bought ? NULL : moves, &in_debt));
    }
    *ret_in_debt = in_debt;
    return TALLY_OK;
}

enum tally_status tally_undo_spent(const struct tally_undo *undo, uint32_t purse,
                                   struct tally_moves *moves)
{
    assert(undo != NULL);
    assert(moves != NULL);

    const struct tally_sale *sale = &undo->sale->as.sale;
    const struct tally_effects *effects = &undo->sale->effects;
    struct source source = {effects, purse, false, effects->move_count, 0};
    struct division payment = {0}, cost = {0};
    struct facts facts;
    int64_t total = tally_event_points(undo->sale, purse, TALLY_MOVE_REDEEM), nothing = 0;
    for (size_t i = sale->exchange_count; i > 0; i--) { /* the last ones were paid last */
        const struct tally_exchange *exchange = &sale->exchanges[i - 1];
        if (exchange->cost_purse == purse) {
            TALLY_TRY(take_exchange(&source, undo, exchange, exchange->cost, TALLY_MOVE_UNREDEEM,
                                    moves, &nothing));
        }
    }
    total -= least(exchanged(sale, purse, true), total);
    int64_t paid = purse == TALLY_PURSE_POINTS ? least(sale->basket.points, total) : 0;
    TALLY_TRY(divide(undo, purse, paid, BY_POINTS, &payment));
    TALLY_TRY(divide(undo, purse, total - paid, BY_DISCOUNT, &cost));
    for (struct walk walk = walk_start(undo, purse); walk_next(&walk, &facts);) {
        int64_t by_payment = 0, by_cost = 0;
        TALLY_TRY(part_of(&payment, &facts, &by_payment));
        TALLY_TRY(part_of(&cost, &facts, &by_cost));
        struct stretch spent = {.part = by_payment + by_cost};
        TALLY_TRY(undone(spent.part, &facts, &spent.before, &spent.after));
        TALLY_TRY(take_stretch(&source, &spent, TALLY_MOVE_UNREDEEM, moves, &nothing));
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ counts */

static enum tally_status undo_spend(const struct tally_undo *undo, int64_t amount,
                                    int64_t *ret_undone)
{
    struct division division = {0};
    struct facts facts;
    int64_t sum = 0;
    TALLY_TRY(divide(undo, TALLY_PURSE_POINTS, amount, BY_MONEY, &division));
    for (struct walk walk = walk_start(undo, TALLY_PURSE_POINTS); walk_next(&walk, &facts);) {
        int64_t part = 0, before = 0, after = 0;
        TALLY_TRY(part_of(&division, &facts, &part));
        TALLY_TRY(undone(part, &facts, &before, &after));
        sum += after - before; /* at most the count */
    }
    *ret_undone = sum;
    return TALLY_OK;
}

/* Points towards tiers go as the points do. */
static enum tally_status undo_tier_points(const struct tally_undo *undo, int64_t points,
                                          int64_t *ret_undone)
{
    struct division division = {0};
    struct earnings earnings = {0};
    struct facts facts;
    int64_t sum = 0;
    TALLY_TRY(divide(undo, TALLY_PURSE_POINTS, points, undo->by_amount ? BY_AMOUNT : BY_SHARE,
                     &division));
    TALLY_TRY(divide_earnings(undo, TALLY_PURSE_POINTS, &earnings));
    for (struct walk walk = walk_start(undo, TALLY_PURSE_POINTS); walk_next(&walk, &facts);) {
        struct stretch earned, pace, counted;
        int64_t part = 0;
        TALLY_TRY(part_of(&division, &facts, &part));
        TALLY_TRY(next_earnings(&earnings, &facts, &earned, &pace));
        TALLY_TRY(undone_at(part, &pace, TALLY_ROUND_FLOOR, &counted));
        sum += counted.after - counted.before; /* at most the count */
    }
    *ret_undone = sum;
    return TALLY_OK;
}

enum tally_status tally_undo_counts(const struct tally_undo *undo, struct tally_counts *counts)
{
    assert(undo != NULL);
    assert(counts != NULL);

    const struct tally_effects *effects = &undo->sale->effects;
    for (size_t i = 0; i < effects->count_count; i++) {
        struct tally_count count = effects->counts[i];
        int64_t back = count.amount;
        if (!undo->is_void) {
            if (count.what != TALLY_COUNT_SPEND && count.what != TALLY_COUNT_POINTS) {
                continue;
            }
            TALLY_TRY(count.what == TALLY_COUNT_SPEND
                          ? undo_spend(undo, count.amount, &back)
                          : undo_tier_points(undo, count.amount, &back));
        }
        count.amount = -back;
        TALLY_TRY(tally_counts_put(counts, count));
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ purses */

bool tally_undo_next_purse(const struct tally_event *sale, int64_t *purse)
{
    assert(sale != NULL);
    assert(purse != NULL);

    int64_t next = INT64_MAX;
    for (size_t i = 0; i < sale->effects.move_count; i++) {
        const struct tally_move *move = &sale->effects.moves[i];
        if ((is_earned(move->kind) || is_spent(move->kind)) && (int64_t)move->purse > *purse &&
            (int64_t)move->purse < next) {
            next = move->purse;
        }
    }
    *purse = next;
    return next != INT64_MAX;
}
