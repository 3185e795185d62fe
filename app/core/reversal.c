/* SPDX-License-Identifier: Apache-2.0 */
/* Voids and refunds of one sale, and head office's check of them: REFUNDS.md tells the order. */
#include "app/core/reversal.h"

#include "app/core/carve.h"
#include "app/core/rank.h"
#include "app/core/undo.h"

#include <assert.h>
#include <string.h>

enum { MOVES_KEPT = 256 }; /* for debts and what has lapsed */

/* ------------------------------------------------------------------ one block */

/* A lot of the drawer that points can be taken from, once what comes back is in it. */
struct stock {
    uint32_t purse;
    int32_t expires_day;
    int32_t from_day;
    int32_t last_day;
    int64_t points;
};

struct work {
    struct tally_undo undo;
    const struct tally_programme *programme;
    const struct tally_account *account;
    const struct tally_refund_request *request;
    enum tally_refund_policy policy;
    struct tally_till till;
    struct tally_moves moves;
    struct tally_moves due; /* earned points of one purse, by the lots they went into */
    struct tally_counts counts;
    struct tally_returned_line *lines; /* the event's own */
    struct stock *stock;
    size_t stock_count;
    struct tally_rank *ranks; /* of stock, last day latest first */
    int64_t back_points;      /* of purse 0: given back, and taken back */
    int64_t due_points;
};

static size_t stock_max(const struct tally_account *account)
{
    return account->lot_count < SIZE_MAX - TALLY_MOVES_MAX ? account->lot_count + TALLY_MOVES_MAX
                                                           : SIZE_MAX;
}

static void carve(struct tally_carver *carver, const struct tally_account *account,
                  const struct tally_refund_request *request, struct work *work)
{
    size_t counts = request->sale->effects.count_count, lines = request->line_count;
    lines = lines < TALLY_LINES_MAX ? lines : TALLY_LINES_MAX;
    work->lines = tally_carve_list(carver, lines, sizeof *work->lines);
    work->moves.cap = TALLY_MOVES_MAX;
    work->moves.items = tally_carve_list(carver, work->moves.cap, sizeof *work->moves.items);
    work->due.cap = TALLY_MOVES_MAX;
    work->due.items = tally_carve_list(carver, work->due.cap, sizeof *work->due.items);
    work->counts.cap = counts < TALLY_COUNTS_MAX ? counts : TALLY_COUNTS_MAX;
    work->counts.items = tally_carve_list(carver, work->counts.cap, sizeof *work->counts.items);
    work->stock = tally_carve_list(carver, stock_max(account), sizeof *work->stock);
    work->ranks = tally_carve_list(carver, stock_max(account), sizeof *work->ranks);
}

size_t tally_refund_room(const struct tally_account *account,
                         const struct tally_refund_request *request)
{
    assert(account != NULL);
    assert(request != NULL);

    struct tally_carver carver = {0};
    struct work work = {0};
    carve(&carver, account, request, &work);
    return carver.at;
}

/* ------------------------------------------------------------------ what comes back */

static int32_t last_day_of(const struct tally_account *account, int32_t expires_day)
{
    return expires_day == TALLY_DAY_ACTIVE ? account->active_until_day : expires_day;
}

/* Points come back with their days; those that are over live on for the grace, if there is one. */
static int32_t expires_again(int32_t expires_day, int32_t last_day, int32_t day, int32_t grace_days)
{
    return last_day < day && grace_days > 0 ? day + grace_days : expires_day;
}

static enum tally_status give_back(struct work *work, uint32_t purse)
{
    const int32_t day = work->request->day;
    struct tally_moves *back = &work->due;
    back->count = 0;
    TALLY_TRY(tally_undo_spent(&work->undo, purse, back));
    for (size_t i = 0; i < back->count; i++) {
        struct tally_move move = back->items[i];
        move.expires_day =
            expires_again(move.expires_day, last_day_of(work->account, move.expires_day), day,
                          work->programme->refund.grace_days);
        TALLY_TRY(tally_moves_add(&work->moves, move));
        bool lives = last_day_of(work->account, move.expires_day) >= day;
        work->back_points += purse == TALLY_PURSE_POINTS && lives ? move.points : 0;
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ what can be taken */

static void add_stock(struct work *work, uint32_t purse, int32_t expires_day, int32_t from_day,
                      int64_t points)
{
    int32_t last_day = last_day_of(work->account, expires_day);
    if (last_day < work->request->day) {
        return;
    }
    for (size_t i = 0; i < work->stock_count; i++) {
        struct stock *stock = &work->stock[i];
        if (stock->purse == purse && stock->expires_day == expires_day &&
            stock->from_day == from_day) {
            stock->points += points;
            return;
        }
    }
    work->stock[work->stock_count] = (struct stock){purse, expires_day, from_day, last_day, points};
    work->stock_count++;
}

/* The free lots of the drawer with what this event has put into them so far. */
static void take_stock(struct work *work)
{
    for (size_t i = 0; i < work->account->lot_count; i++) {
        const struct tally_lot *lot = &work->account->lots[i];
        int32_t last_day = last_day_of(work->account, lot->expires_day);
        if (lot->drawer == work->request->terminal && lot->hold == 0 &&
            last_day >= work->request->day) {
            work->stock[work->stock_count] =
                (struct stock){lot->purse, lot->expires_day, lot->from_day, last_day, lot->points};
            work->stock_count++;
        }
    }
    for (size_t i = 0; i < work->moves.count; i++) {
        const struct tally_move *move = &work->moves.items[i];
        if (move->kind == TALLY_MOVE_RELEASE || move->kind == TALLY_MOVE_UNREDEEM) {
            add_stock(work, move->purse, move->expires_day, move->from_day, move->points);
        }
    }
    for (size_t i = 0; i < work->stock_count; i++) {
        work->ranks[i] = (struct tally_rank){-(int64_t)work->stock[i].last_day, i};
    }
    tally_ranks_sort(work->ranks, work->stock_count);
}

enum phase { ANY, PENDING, USABLE };

static bool is_of(const struct work *work, const struct stock *stock, enum phase phase)
{
    bool is_pending = stock->from_day > work->request->day;
    return phase == ANY || (phase == PENDING) == is_pending;
}

static enum tally_status take_from(struct work *work, struct stock *stock, int64_t *points)
{
    int64_t here = stock->points < *points ? stock->points : *points;
    TALLY_TRY(tally_moves_add(&work->moves,
                              (struct tally_move){TALLY_MOVE_UNEARN, stock->purse,
                                                  stock->expires_day, stock->from_day, here}));
    stock->points -= here;
    *points -= here;
    return TALLY_OK;
}

/* Out of the lots that the sale's points went into, so much as went into each. */
static enum tally_status take_own(struct work *work, enum phase phase, int64_t *rest)
{
    for (size_t i = work->due.count; i > 0; i--) {
        struct tally_move *due = &work->due.items[i - 1];
        for (size_t j = 0; j < work->stock_count && due->points > 0; j++) {
            struct stock *stock = &work->stock[j];
            if (stock->purse == due->purse && stock->expires_day == due->expires_day &&
                stock->from_day == due->from_day && is_of(work, stock, phase)) {
                int64_t left = due->points < *rest ? due->points : *rest, wanted = left;
                TALLY_TRY(take_from(work, stock, &left));
                due->points -= wanted - left;
                *rest -= wanted - left;
            }
        }
    }
    return TALLY_OK;
}

static enum tally_status take_others(struct work *work, uint32_t purse, enum phase phase,
                                     int64_t *rest)
{
    for (size_t i = 0; i<work->stock_count && * rest> 0; i++) {
        struct stock *stock = &work->stock[work->ranks[i].index];
        if (work->moves.count + MOVES_KEPT > work->moves.cap) {
            break;
        }
        if (stock->purse == purse && is_of(work, stock, phase)) {
            TALLY_TRY(take_from(work, stock, rest));
        }
    }
    return TALLY_OK;
}

static enum tally_status take(struct work *work, uint32_t purse, enum tally_refund_policy policy,
                              int64_t *rest)
{
    bool in_two = policy == TALLY_REFUND_PENDING || work->programme->refund.pending_first;
    TALLY_TRY(take_own(work, in_two ? PENDING : ANY, rest));
    TALLY_TRY(take_others(work, purse, in_two ? PENDING : ANY, rest));
    if (in_two && policy != TALLY_REFUND_PENDING) {
        TALLY_TRY(take_own(work, USABLE, rest));
        TALLY_TRY(take_others(work, purse, USABLE, rest));
    }
    return TALLY_OK;
}

static enum tally_status take_due(struct work *work, uint32_t purse, bool bought,
                                  enum tally_refund_policy policy)
{
    int64_t rest = 0;
    work->due.count = 0;
    TALLY_TRY(tally_undo_earned(&work->undo, purse, bought, &work->due, &rest));
    for (size_t i = 0; i < work->due.count; i++) {
        rest += work->due.items[i].points; /* at most what the sale earned */
    }
    work->due_points += purse == TALLY_PURSE_POINTS ? rest : 0;
    TALLY_TRY(take(work, purse, policy, &rest));
    if (rest > 0 && policy == TALLY_REFUND_REFUSE) {
        return TALLY_E_POINTS_SHORT;
    }
    if (rest > 0 && policy == TALLY_REFUND_DEBT) {
        return tally_moves_add(&work->moves,
                               (struct tally_move){TALLY_MOVE_UNEARN_DEBT, purse, 0, 0, rest});
    }
    return TALLY_OK;
}

/* What points paid for is never forgiven, since those points come back. */
static enum tally_refund_policy policy_of_bought(enum tally_refund_policy policy)
{
    return policy == TALLY_REFUND_REFUSE ? TALLY_REFUND_REFUSE : TALLY_REFUND_DEBT;
}

static enum tally_status take_back(struct work *work, uint32_t purse)
{
    TALLY_TRY(take_due(work, purse, true, policy_of_bought(work->policy)));
    return take_due(work, purse, false, work->policy);
}

static enum tally_status make_moves(struct work *work)
{
    int64_t purse = -1;
    TALLY_TRY(tally_till_release(&work->till, &work->moves));
    while (tally_undo_next_purse(work->undo.sale, &purse)) {
        TALLY_TRY(give_back(work, (uint32_t)purse));
    }
    take_stock(work);
    purse = -1;
    while (tally_undo_next_purse(work->undo.sale, &purse)) {
        TALLY_TRY(take_back(work, (uint32_t)purse));
    }
    tally_till_expire(&work->till, &work->moves);
    return TALLY_OK;
}

/* ------------------------------------------------------------------ the event */

static int64_t counted(const struct work *work, enum tally_counter what)
{
    for (size_t i = 0; i < work->counts.count; i++) {
        if (work->counts.items[i].what == what) {
            return work->counts.items[i].amount;
        }
    }
    return 0;
}

static bool is_same_standing(const struct tally_standing *left, const struct tally_standing *right)
{
    return left->tier == right->tier && left->since_day == right->since_day &&
           left->until_day == right->until_day;
}

static struct tally_effects effects_of(const struct work *work)
{
    const struct tally_event *sale = work->undo.sale;
    const struct tally_account *account = work->account;
    const struct tally_tier_change change = {
        .spend_minor = counted(work, TALLY_COUNT_SPEND),
        .points = counted(work, TALLY_COUNT_POINTS),
        .visits = work->undo.is_void ? -1 : 0,
        .balance = work->back_points - work->due_points,
        .counted_day = sale->business_day,
    };
    bool set_it =
        sale->effects.has_standing && is_same_standing(&account->standing, &sale->effects.standing);
    struct tally_effects effects = {
        .moves = work->moves.items,
        .move_count = work->moves.count,
        .counts = work->counts.items,
        .count_count = work->counts.count,
    };
    for (size_t i = 0; i < work->moves.count; i++) {
        if (work->moves.items[i].kind == TALLY_MOVE_RELEASE) {
            effects.hold = work->till.lapsed;
        }
    }
    effects.has_standing =
        tally_tier_standing(account, work->programme, work->request->day, &change,
                            set_it ? &sale->as.sale.standing_before : NULL, &effects.standing);
    /* the floor that was there before the sale is not known any more: none is left */
    effects.has_floor = work->undo.is_void && sale->effects.has_floor &&
                        is_same_standing(&account->floor, &sale->effects.floor);
    return effects;
}

static enum tally_status plan(struct work *work, void *room, size_t room_len,
                              struct tally_event *ret_event)
{
    const struct tally_refund_request *request = work->request;
    const struct tally_event *sale = request->sale;
    struct tally_carver carver = {.block = room, .len = room_len};
    struct tally_reversal reversal = {.sale = sale->id, .sale_day = sale->business_day};
    TALLY_TRY(tally_undo_check(&work->undo));
    carve(&carver, work->account, request, work);
    if (carver.failed) {
        return TALLY_E_NO_MEMORY;
    }
    TALLY_TRY(tally_till_open(work->account, request->terminal, request->day, request->now_ms, 0,
                              &work->till));
    TALLY_TRY(tally_undo_money(&work->undo, &reversal.amount_minor, &reversal.redeemed_minor));
    TALLY_TRY(make_moves(work));
    TALLY_TRY(tally_undo_counts(&work->undo, &work->counts));
    if (!work->undo.is_void) {
        memcpy(work->lines, request->lines, request->line_count * sizeof *work->lines);
        reversal.lines = work->lines;
        reversal.line_count = request->line_count;
    }
    *ret_event = (struct tally_event){
        .business_day = request->day,
        .programme_version = work->programme->version,
        .type = work->undo.is_void ? TALLY_EVENT_VOID : TALLY_EVENT_REFUND,
        .account = work->account->id,
        .member = sale->member,
        .effects = effects_of(work),
        .as.reversal = reversal,
    };
    return TALLY_OK;
}

static bool is_sale_of(const struct tally_event *sale, const struct tally_account *account)
{
    return sale->type == TALLY_EVENT_SALE && account->id != 0 && sale->account == account->id;
}

static bool is_calendar_day(int32_t day)
{
    return day >= tally_day_from_date(TALLY_YEAR_MIN, 1, 1) &&
           day <= tally_day_from_date(TALLY_YEAR_MAX, 12, 31);
}

static bool is_too_late(const struct tally_programme *programme, int32_t sale_day, int32_t day)
{
    return programme->refund.window_days > 0 &&
           (int64_t)day - sale_day > programme->refund.window_days;
}

enum tally_status tally_refund_plan(const struct tally_programme *programme,
                                    const struct tally_account *account,
                                    const struct tally_refund_request *request, void *room,
                                    size_t room_len, struct tally_event *ret_event)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(request != NULL && request->sale != NULL);
    assert(ret_event != NULL);

    if (!is_sale_of(request->sale, account) || !is_calendar_day(request->day)) {
        return TALLY_E_INVALID;
    }
    if (is_too_late(programme, request->sale->business_day, request->day)) {
        return TALLY_E_TOO_LATE;
    }
    struct work work = {
        .undo = {.sale = request->sale,
                 .lines = request->lines,
                 .line_count = request->line_count,
                 .by_amount = programme->refund.by_amount},
        .programme = programme,
        .account = account,
        .request = request,
        .policy = programme->refund.policy,
    };
    return plan(&work, room, room_len, ret_event);
}

/* A void is as if the sale had not been: only what the programme forgives stays. */
static enum tally_refund_policy void_policy(const struct tally_programme *programme)
{
    return programme->refund.policy == TALLY_REFUND_CLAMP ? TALLY_REFUND_CLAMP : TALLY_REFUND_DEBT;
}

enum tally_status tally_void_plan(const struct tally_programme *programme,
                                  const struct tally_account *account,
                                  const struct tally_refund_request *request, void *room,
                                  size_t room_len, struct tally_event *ret_event)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(request != NULL && request->sale != NULL);
    assert(ret_event != NULL);

    if (!is_sale_of(request->sale, account) || request->sale->id.terminal != request->terminal) {
        return TALLY_E_INVALID;
    }
    if (request->day != request->sale->business_day) {
        return TALLY_E_TOO_LATE;
    }
    struct work work = {
        .undo = {.sale = request->sale, .is_void = true},
        .programme = programme,
        .account = account,
        .request = request,
        .policy = void_policy(programme),
    };
    return plan(&work, room, room_len, ret_event);
}

/* ------------------------------------------------------------------ head office's half */

static bool moves_are_a_reversals(const struct tally_event *sale,
                                  const struct tally_effects *effects)
{
    for (size_t i = 0; i < effects->move_count; i++) {
        const struct tally_move *move = &effects->moves[i];
        int64_t purse = (int64_t)move->purse - 1;
        switch (move->kind) {
        case TALLY_MOVE_EXPIRE:
        case TALLY_MOVE_RELEASE:
            break;
        case TALLY_MOVE_UNREDEEM:
        case TALLY_MOVE_UNEARN:
        case TALLY_MOVE_UNEARN_DEBT:
            if (!tally_undo_next_purse(sale, &purse) || purse != move->purse) {
                return false;
            }
            break;
        default:
            return false;
        }
    }
    return true;
}

/* Whether all that comes back of a purse comes back into its lots. Lots that live on activity may
 * have been over or not: head office takes the terminal's word, but for all of them alike. */
static enum tally_status is_given_back(const struct tally_undo *undo,
                                       const struct tally_event *reversal, uint32_t purse,
                                       int32_t grace_days, bool active_is_over, bool *ret_is)
{
    struct tally_move items[2][TALLY_MOVES_MAX];
    struct tally_moves spent = {items[0], 0, TALLY_MOVES_MAX}, due = {items[1], 0, TALLY_MOVES_MAX};
    TALLY_TRY(tally_undo_spent(undo, purse, &spent));
    for (size_t i = 0; i < spent.count; i++) {
        struct tally_move move = spent.items[i];
        int32_t last_day = move.expires_day;
        if (last_day == TALLY_DAY_ACTIVE && active_is_over) {
            last_day = INT32_MIN;
        }
        move.expires_day =
            expires_again(move.expires_day, last_day, reversal->business_day, grace_days);
        TALLY_TRY(tally_moves_add(&due, move));
    }
    size_t found = 0;
    bool is = true;
    for (size_t i = 0; i < reversal->effects.move_count; i++) {
        const struct tally_move *move = &reversal->effects.moves[i];
        if (move->kind == TALLY_MOVE_UNREDEEM && move->purse == purse) {
            is = is && found < due.count && tally_move_compare(move, &due.items[found]) == 0 &&
                 move->points == due.items[found].points;
            found++;
        }
    }
    *ret_is = is && found == due.count;
    return TALLY_OK;
}

static enum tally_status due_of(const struct tally_undo *undo, uint32_t purse, bool bought,
                                int64_t *ret_due)
{
    struct tally_move items[TALLY_MOVES_MAX];
    struct tally_moves moves = {items, 0, TALLY_MOVES_MAX};
    int64_t due = 0;
    TALLY_TRY(tally_undo_earned(undo, purse, bought, &moves, &due));
    for (size_t i = 0; i < moves.count; i++) {
        due += moves.items[i].points;
    }
    *ret_due = due;
    return TALLY_OK;
}

/* What is gone of them only the terminal saw; the policy says what it may have done about that. */
static bool is_taken_back(const struct tally_event *reversal, uint32_t purse, int64_t bought,
                          int64_t given, enum tally_refund_policy policy)
{
    int64_t taken = 0, pending = 0, owed = 0;
    for (size_t i = 0; i < reversal->effects.move_count; i++) {
        const struct tally_move *move = &reversal->effects.moves[i];
        if (move->purse == purse && move->kind == TALLY_MOVE_UNEARN) {
            taken += move->points; /* tally_effects_check bounds the sum */
            pending += move->from_day > reversal->business_day ? move->points : 0;
        }
        if (move->purse == purse && move->kind == TALLY_MOVE_UNEARN_DEBT) {
            owed += move->points;
        }
    }
    const int64_t back = taken + owed, due = bought + given;
    switch (policy) {
    case TALLY_REFUND_DEBT:
        return back == due;
    case TALLY_REFUND_REFUSE:
        return back == due && owed == 0;
    case TALLY_REFUND_PENDING:
        if (back - pending > bought) {
            return false;
        }
        break;
    case TALLY_REFUND_CLAMP:
        break;
    }
    return back >= bought && back <= due && owed <= bought;
}

static enum tally_status check_points(const struct tally_programme *programme,
                                      const struct tally_undo *undo,
                                      const struct tally_event *reversal,
                                      enum tally_refund_policy policy)
{
    int64_t purse = -1;
    while (tally_undo_next_purse(undo->sale, &purse)) {
        const int32_t grace = programme->refund.grace_days;
        bool is_back = false;
        int64_t bought = 0, given = 0;
        TALLY_TRY(is_given_back(undo, reversal, (uint32_t)purse, grace, false, &is_back));
        if (!is_back) {
            TALLY_TRY(is_given_back(undo, reversal, (uint32_t)purse, grace, true, &is_back));
        }
        TALLY_TRY(due_of(undo, (uint32_t)purse, true, &bought));
        TALLY_TRY(due_of(undo, (uint32_t)purse, false, &given));
        if (!is_back || !is_taken_back(reversal, (uint32_t)purse, bought, given, policy)) {
            return TALLY_E_MISMATCH;
        }
    }
    return TALLY_OK;
}

static enum tally_status check_counts(const struct tally_undo *undo,
                                      const struct tally_event *reversal)
{
    struct tally_count items[TALLY_COUNTS_MAX];
    struct tally_counts counts = {items, 0, TALLY_COUNTS_MAX};
    TALLY_TRY(tally_undo_counts(undo, &counts));
    if (counts.count != reversal->effects.count_count) {
        return TALLY_E_MISMATCH;
    }
    for (size_t i = 0; i < counts.count; i++) {
        const struct tally_count *count = &reversal->effects.counts[i];
        if (tally_count_compare(&items[i], count) != 0 || items[i].amount != count->amount) {
            return TALLY_E_MISMATCH;
        }
    }
    return TALLY_OK;
}

static bool is_of_sale(const struct tally_event *sale, const struct tally_event *reversal)
{
    const struct tally_reversal *body = &reversal->as.reversal;
    return body->sale.terminal == sale->id.terminal && body->sale.epoch == sale->id.epoch &&
           body->sale.seq == sale->id.seq && body->sale_day == sale->business_day &&
           reversal->account == sale->account;
}

static bool standing_is_possible(const struct tally_programme *programme,
                                 const struct tally_event *sale, const struct tally_event *reversal)
{
    const struct tally_effects *effects = &reversal->effects;
    bool is_known =
        effects->standing.tier == 0 ||
        tally_programme_tier_index(programme, effects->standing.tier) < programme->tiers.tier_count;
    bool clears_floor =
        reversal->type == TALLY_EVENT_VOID && sale->effects.has_floor && effects->floor.tier == 0;
    return (!effects->has_standing || is_known) && (!effects->has_floor || clears_floor) &&
           effects->active_until_day == 0;
}

static bool is_in_time(const struct tally_programme *programme, const struct tally_event *sale,
                       const struct tally_event *reversal)
{
    if (reversal->type == TALLY_EVENT_VOID) {
        return reversal->business_day == sale->business_day &&
               reversal->id.terminal == sale->id.terminal;
    }
    return !is_too_late(programme, sale->business_day, reversal->business_day);
}

enum tally_status tally_reversal_check(const struct tally_programme *programme,
                                       const struct tally_event *sale,
                                       const struct tally_event *reversal)
{
    assert(programme != NULL);
    assert(sale != NULL);
    assert(reversal != NULL);

    const struct tally_reversal *body = &reversal->as.reversal;
    const bool is_void = reversal->type == TALLY_EVENT_VOID;
    if (sale->type != TALLY_EVENT_SALE || (!is_void && reversal->type != TALLY_EVENT_REFUND) ||
        reversal->programme_version != programme->version || !is_of_sale(sale, reversal)) {
        return TALLY_E_INVALID;
    }
    const struct tally_undo undo = {.sale = sale,
                                    .lines = body->lines,
                                    .line_count = body->line_count,
                                    .is_void = is_void,
                                    .by_amount = programme->refund.by_amount};
    int64_t amount_minor = 0, redeemed_minor = 0;
    if (tally_undo_check(&undo) != TALLY_OK || (is_void && body->line_count != 0) ||
        !is_in_time(programme, sale, reversal) || tally_effects_check(reversal) != TALLY_OK ||
        !moves_are_a_reversals(sale, &reversal->effects) ||
        !standing_is_possible(programme, sale, reversal)) {
        return TALLY_E_MISMATCH;
    }
    TALLY_TRY(tally_undo_money(&undo, &amount_minor, &redeemed_minor));
    if (body->amount_minor != amount_minor || body->redeemed_minor != redeemed_minor) {
        return TALLY_E_MISMATCH;
    }
    TALLY_TRY(check_counts(&undo, reversal));
    return check_points(programme, &undo, reversal,
                        is_void ? void_policy(programme) : programme->refund.policy);
}
