/* SPDX-License-Identifier: Apache-2.0 */
/* The fold: what one event does to the points of one account. */
#include "app/core/account.h"

#include <assert.h>
#include <string.h>

/* No total and no counter goes above this on either side of 0, so that all points of a purse
 * together fit an int64 whatever the totals are. */
#define TOTAL_MAX (INT64_C(1) << 60)

/* `total` plus `amount`, which is within TOTAL_MAX as is the sum. */
static enum tally_status total_add(int64_t *total, int64_t amount)
{
    int64_t sum = *total + amount; /* two of at most 2^60 fit */
    if (sum > TOTAL_MAX || sum < -TOTAL_MAX) {
        return TALLY_E_OVERFLOW;
    }
    *total = sum;
    return TALLY_OK;
}

static int by_number(uint64_t left, uint64_t right)
{
    return left < right ? -1 : left > right;
}

static int by_day(int32_t left, int32_t right)
{
    return left < right ? -1 : left > right;
}

static int32_t later(int32_t left, int32_t right)
{
    return left > right ? left : right;
}

void tally_account_clear(struct tally_account *account)
{
    assert(account != NULL);

    *account = (struct tally_account){
        .since_day = INT32_MAX,
        .last_sale_day = INT32_MIN,
        .newest_day = INT32_MIN,
        .purses = account->purses,
        .lots = account->lots,
        .counts = account->counts,
        .holds = account->holds,
        .room = account->room,
    };
}

/* ------------------------------------------------------------------ lots */

static int lot_compare(const struct tally_lot *left, const struct tally_lot *right)
{
    int order = by_number(left->drawer, right->drawer);
    order = order != 0 ? order : by_number(left->purse, right->purse);
    order = order != 0 ? order : by_number(left->hold, right->hold);
    order = order != 0 ? order : by_day(left->expires_day, right->expires_day);
    return order != 0 ? order : by_day(left->from_day, right->from_day);
}

/* Index of the first lot that is not before `lot`; lot_count if all are. */
static size_t lot_index(const struct tally_account *account, const struct tally_lot *lot)
{
    size_t low = 0, high = account->lot_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lot_compare(&account->lots[middle], lot) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool lot_is_at(const struct tally_account *account, size_t at, const struct tally_lot *lot)
{
    return at < account->lot_count && lot_compare(&account->lots[at], lot) == 0;
}

/* Adds the points to the lot of that key, which appears if it was not there. A sum of lots is
 * within what the totals of its purse allow, so it fits. */
static void lot_put(struct tally_account *account, const struct tally_lot *lot)
{
    size_t at = lot_index(account, lot);
    if (lot_is_at(account, at, lot)) {
        account->lots[at].points += lot->points;
        return;
    }
    assert(account->lot_count < account->room.lots);
    memmove(&account->lots[at + 1], &account->lots[at],
            (account->lot_count - at) * sizeof account->lots[0]);
    account->lots[at] = *lot;
    account->lot_count++;
}

static int64_t lot_points(const struct tally_account *account, const struct tally_lot *lot)
{
    size_t at = lot_index(account, lot);
    return lot_is_at(account, at, lot) ? account->lots[at].points : 0;
}

/* Takes the points out of the lot of that key, which goes when it is empty.
 * TALLY_OK, TALLY_E_POINTS_SHORT */
static enum tally_status lot_take(struct tally_account *account, const struct tally_lot *lot)
{
    size_t at = lot_index(account, lot);
    if (!lot_is_at(account, at, lot) || account->lots[at].points < lot->points) {
        return TALLY_E_POINTS_SHORT;
    }
    account->lots[at].points -= lot->points;
    if (account->lots[at].points == 0) {
        account->lot_count--;
        memmove(&account->lots[at], &account->lots[at + 1],
                (account->lot_count - at) * sizeof account->lots[0]);
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ purses */

static size_t purse_index(const struct tally_account *account, uint32_t purse)
{
    size_t at = 0;
    while (at < account->purse_count && account->purses[at].purse < purse) {
        at++;
    }
    return at;
}

/* The entry of that purse, which appears if it was not there. */
static struct tally_purse *purse_opened(struct tally_account *account, uint32_t purse)
{
    size_t at = purse_index(account, purse);
    if (at == account->purse_count || account->purses[at].purse != purse) {
        assert(account->purse_count < account->room.purses);
        memmove(&account->purses[at + 1], &account->purses[at],
                (account->purse_count - at) * sizeof account->purses[0]);
        account->purses[at] = (struct tally_purse){.purse = purse};
        account->purse_count++;
    }
    return &account->purses[at];
}

static bool purse_is_empty(const struct tally_purse *purse)
{
    return purse->earned == 0 && purse->redeemed == 0 && purse->expired == 0 &&
           purse->adjusted == 0 && purse->debt == 0;
}

static void empty_purses_go(struct tally_account *account)
{
    size_t kept = 0;
    for (size_t i = 0; i < account->purse_count; i++) {
        if (!purse_is_empty(&account->purses[i])) {
            account->purses[kept++] = account->purses[i];
        }
    }
    account->purse_count = kept;
}

/* ------------------------------------------------------------------ holds */

static int hold_compare(const struct tally_open_hold *left, const struct tally_open_hold *right)
{
    int order = by_number(left->drawer, right->drawer);
    return order != 0 ? order : by_number(left->hold, right->hold);
}

static size_t hold_index(const struct tally_account *account, const struct tally_open_hold *hold)
{
    size_t at = 0;
    while (at < account->hold_count && hold_compare(&account->holds[at], hold) < 0) {
        at++;
    }
    return at;
}

static bool hold_is_at(const struct tally_account *account, size_t at,
                       const struct tally_open_hold *hold)
{
    return at < account->hold_count && hold_compare(&account->holds[at], hold) == 0;
}

/* A hold of that number that is there already was written in an epoch before this one, and its
 * terminal has forgotten it: both are one from now on. */
static void hold_put(struct tally_account *account, const struct tally_open_hold *hold)
{
    size_t at = hold_index(account, hold);
    if (hold_is_at(account, at, hold)) {
        if (hold->until_ms > account->holds[at].until_ms) {
            account->holds[at].until_ms = hold->until_ms;
        }
        return;
    }
    assert(account->hold_count < account->room.holds);
    memmove(&account->holds[at + 1], &account->holds[at],
            (account->hold_count - at) * sizeof account->holds[0]);
    account->holds[at] = *hold;
    account->hold_count++;
}

static bool has_lots_of(const struct tally_account *account, const struct tally_open_hold *hold)
{
    for (size_t i = 0; i < account->lot_count; i++) {
        if (account->lots[i].drawer == hold->drawer && account->lots[i].hold == hold->hold) {
            return true;
        }
    }
    return false;
}

static void hold_goes_if_empty(struct tally_account *account, const struct tally_open_hold *hold)
{
    size_t at = hold_index(account, hold);
    assert(hold_is_at(account, at, hold));
    if (!has_lots_of(account, hold)) {
        account->hold_count--;
        memmove(&account->holds[at], &account->holds[at + 1],
                (account->hold_count - at) * sizeof account->holds[0]);
    }
}

/* ------------------------------------------------------------------ moves */

/* Where points come from and where they go. */
enum place {
    NOWHERE = 0,
    FREE,   /* the free lot of the acting drawer */
    HELD,   /* its lot of the hold that the event opens */
    SET_UP, /* its lot of the hold that the event is */
    OFFICE, /* the free lot of head office's drawer */
    DEBT
};

enum total { NO_TOTAL = 0, EARNED, REDEEMED, EXPIRED, ADJUSTED };

static const struct move_rule {
    enum place from;
    enum place to;
    enum total total;
    int sign;
} move_rules[TALLY_MOVE_KIND_COUNT] = {
    [TALLY_MOVE_EXPIRE] = {FREE, NOWHERE, EXPIRED, 1},
    [TALLY_MOVE_RELEASE] = {HELD, FREE, NO_TOTAL, 0},
    [TALLY_MOVE_REDEEM_HELD] = {HELD, NOWHERE, REDEEMED, 1},
    [TALLY_MOVE_UNREDEEM] = {NOWHERE, FREE, REDEEMED, -1},
    [TALLY_MOVE_REDEEM] = {FREE, NOWHERE, REDEEMED, 1},
    [TALLY_MOVE_UNEARN] = {FREE, NOWHERE, EARNED, -1},
    [TALLY_MOVE_UNEARN_DEBT] = {DEBT, NOWHERE, EARNED, -1},
    [TALLY_MOVE_EARN_DEBT] = {NOWHERE, DEBT, EARNED, 1},
    [TALLY_MOVE_EARN] = {NOWHERE, FREE, EARNED, 1},
    [TALLY_MOVE_HOLD] = {FREE, SET_UP, NO_TOTAL, 0},
    [TALLY_MOVE_ADJUST_OUT] = {FREE, NOWHERE, ADJUSTED, -1},
    [TALLY_MOVE_ADJUST_IN] = {NOWHERE, FREE, ADJUSTED, 1},
    [TALLY_MOVE_GRANT] = {OFFICE, FREE, NO_TOTAL, 0},
    [TALLY_MOVE_ADJUST_DEBT] = {DEBT, NOWHERE, ADJUSTED, -1},
    [TALLY_MOVE_FORGIVE_DEBT] = {NOWHERE, DEBT, ADJUSTED, 1},
    [TALLY_MOVE_REDEEM_EARNED] = {FREE, NOWHERE, REDEEMED, 1},
};

static struct tally_lot lot_of(const struct tally_event *event, const struct tally_move *move,
                               enum place place)
{
    return (struct tally_lot){
        .drawer = place == OFFICE ? TALLY_TERMINAL_HQ : tally_event_drawer(event),
        .purse = move->purse,
        .hold = place == HELD     ? event->effects.hold
                : place == SET_UP ? event->id.seq
                                  : 0,
        .expires_day = move->expires_day,
        .from_day = move->from_day,
        .points = move->points,
    };
}

/* A grant whose picture of head office's drawer is old: what is not there counts as adjusted. */
static enum tally_status take_from_office(struct tally_account *account, struct tally_lot lot)
{
    int64_t there = lot_points(account, &lot);
    if (there < lot.points) {
        struct tally_purse *purse = purse_opened(account, lot.purse);
        TALLY_TRY(total_add(&purse->adjusted, lot.points - there));
        lot.points = there;
    }
    return lot.points > 0 ? lot_take(account, &lot) : TALLY_OK;
}

static enum tally_status take(struct tally_account *account, const struct tally_event *event,
                              const struct tally_move *move, enum place from)
{
    struct tally_lot lot = lot_of(event, move, from);
    switch (from) {
    case NOWHERE:
        return TALLY_OK;
    case DEBT:
        return total_add(&purse_opened(account, move->purse)->debt, move->points);
    case OFFICE:
        return take_from_office(account, lot);
    case FREE:
    case HELD:
    case SET_UP:
        break;
    }
    return lot_take(account, &lot);
}

static void put(struct tally_account *account, const struct tally_event *event,
                const struct tally_move *move, enum place to)
{
    if (to == NOWHERE) {
        return;
    }
    struct tally_lot lot = lot_of(event, move, to == DEBT ? OFFICE : to);
    if (to == DEBT) {
        struct tally_purse *purse = purse_opened(account, move->purse);
        int64_t paid = purse->debt < lot.points ? purse->debt : lot.points;
        purse->debt -= paid;
        lot.points -= paid; /* another drawer paid the same debt: what is too much */
    }
    if (lot.points > 0) {
        lot_put(account, &lot);
    }
}

static enum tally_status count_total(struct tally_account *account, const struct move_rule *rule,
                                     const struct tally_move *move)
{
    struct tally_purse *purse = purse_opened(account, move->purse);
    switch (rule->total) {
    case NO_TOTAL:
        return TALLY_OK;
    case EARNED:
        return total_add(&purse->earned, rule->sign * move->points);
    case REDEEMED:
        return total_add(&purse->redeemed, rule->sign * move->points);
    case EXPIRED:
        return total_add(&purse->expired, rule->sign * move->points);
    case ADJUSTED:
        break;
    }
    return total_add(&purse->adjusted, rule->sign * move->points);
}

static enum tally_status apply_moves(struct tally_account *account, const struct tally_event *event)
{
    const struct tally_effects *effects = &event->effects;
    struct tally_open_hold opened = {tally_event_drawer(event), effects->hold, 0};
    if (effects->hold != 0 && !hold_is_at(account, hold_index(account, &opened), &opened)) {
        return TALLY_E_NOT_FOUND;
    }
    for (size_t i = 0; i < effects->move_count; i++) {
        const struct tally_move *move = &effects->moves[i];
        const struct move_rule *rule = &move_rules[move->kind];
        TALLY_TRY(take(account, event, move, rule->from));
        TALLY_TRY(count_total(account, rule, move));
        put(account, event, move, rule->to);
    }
    if (event->type == TALLY_EVENT_HOLD) {
        struct tally_open_hold hold = {opened.drawer, event->id.seq, event->as.hold.until_ms};
        hold_put(account, &hold);
    }
    if (effects->hold != 0) {
        hold_goes_if_empty(account, &opened);
    }
    empty_purses_go(account);
    return TALLY_OK;
}

/* ------------------------------------------------------------------ counters */

struct counts {
    const struct tally_count *all;
    size_t count;
};

/* A counter stays within TOTAL_MAX, whatever is added: nobody's event is refused for what others
 * counted before it. */
static int64_t counted(int64_t left, int64_t right)
{
    int64_t sum = left + right; /* two of at most 2^60 fit */
    return sum > TOTAL_MAX ? TOTAL_MAX : sum < -TOTAL_MAX ? -TOTAL_MAX : sum;
}

/* Two rising lists into account->counts as one: equal ones added, those that came to 0 or ended
 * before the newest day dropped. As newest_day only rises, a counter that one order of events keeps
 * is never dropped in another. */
static void counts_join(struct tally_account *account, struct counts left, struct counts right)
{
    size_t l = 0, r = 0;
    account->count_count = 0;
    while (l < left.count || r < right.count) {
        int order = l == left.count    ? 1
                    : r == right.count ? -1
                                       : tally_count_compare(&left.all[l], &right.all[r]);
        struct tally_count count = order <= 0 ? left.all[l++] : right.all[r++];
        if (order == 0) {
            count.amount = counted(count.amount, right.all[r++].amount);
        }
        if (count.amount != 0 && count.until_day >= account->newest_day) {
            assert(account->count_count < account->room.counts);
            account->counts[account->count_count++] = count;
        }
    }
}

/* ------------------------------------------------------------------ days and standings */

/* Below 0 if the left standing gives way to the right one. */
static int standing_compare(tally_hlc left_time, const struct tally_standing *left,
                            tally_hlc right_time, const struct tally_standing *right)
{
    int order = by_number(left_time, right_time);
    order = order != 0 ? order : by_number(left->tier, right->tier);
    order = order != 0 ? order : by_day(left->until_day, right->until_day);
    return order != 0 ? order : by_day(left->since_day, right->since_day);
}

static void standing_take(struct tally_standing *standing, tally_hlc *standing_time,
                          const struct tally_standing *newer, tally_hlc newer_time)
{
    if (standing_compare(*standing_time, standing, newer_time, newer) < 0) {
        *standing = *newer;
        *standing_time = newer_time;
    }
}

static void blocked_take(struct tally_account *account, bool blocked, tally_hlc time)
{
    if (time > account->blocked_time || (time == account->blocked_time && blocked)) {
        account->blocked = blocked;
        account->blocked_time = time;
    }
}

static void last_sale_take(struct tally_account *account, int32_t day, tally_hlc time,
                           uint32_t shop)
{
    int order = by_number(account->last_sale_time, time);
    order = order != 0 ? order : by_number(account->last_sale_shop, shop);
    order = order != 0 ? order : by_day(account->last_sale_day, day);
    if (account->last_sale_day == INT32_MIN || order < 0) {
        account->last_sale_day = day;
        account->last_sale_time = time;
        account->last_sale_shop = shop;
    }
}

static void apply_days(struct tally_account *account, const struct tally_event *event)
{
    const struct tally_effects *effects = &event->effects;
    int32_t day = event->business_day;
    account->since_day = day < account->since_day ? day : account->since_day;
    account->newest_day = later(account->newest_day, day);
    account->active_until_day = later(account->active_until_day, effects->active_until_day);
    if (event->type == TALLY_EVENT_SALE) {
        last_sale_take(account, day, event->time, event->as.sale.basket.shop);
    }
    if (effects->has_standing) {
        standing_take(&account->standing, &account->standing_time, &effects->standing, event->time);
    }
    if (effects->has_floor) {
        standing_take(&account->floor, &account->floor_time, &effects->floor, event->time);
    }
    if (effects->has_block) {
        blocked_take(account, effects->blocked, event->time);
    }
    if (effects->merged_into > account->merged_into) {
        account->merged_into = effects->merged_into;
    }
}

/* ------------------------------------------------------------------ the fold */

struct tally_account_room tally_account_room(const struct tally_account *before,
                                             const struct tally_event *event)
{
    assert(before != NULL);
    assert(event != NULL);

    return (struct tally_account_room){
        .purses = before->purse_count + event->effects.move_count,
        .lots = before->lot_count + event->effects.move_count,
        .counts = before->count_count + event->effects.count_count,
        .holds = before->hold_count + 1,
    };
}

static bool has_room(const struct tally_account *account, const struct tally_account_room *needed)
{
    return account->room.purses >= needed->purses && account->room.lots >= needed->lots &&
           account->room.counts >= needed->counts && account->room.holds >= needed->holds;
}

static void copy_bytes(void *to, const void *from, size_t len)
{
    if (len > 0) {
        memcpy(to, from, len);
    }
}

/* Everything of `from` but its counters, into the arrays of `to`. */
static void copy_but_counts(struct tally_account *to, const struct tally_account *from)
{
    assert(from->lots != to->lots || from->lots == NULL);
    assert(from->purses != to->purses || from->purses == NULL);
    assert(from->counts != to->counts || from->counts == NULL);
    assert(from->holds != to->holds || from->holds == NULL);

    struct tally_account copy = *from;
    copy.purses = to->purses;
    copy.lots = to->lots;
    copy.counts = to->counts;
    copy.holds = to->holds;
    copy.room = to->room;
    copy.count_count = 0;
    if (from->id == 0) {
        tally_account_clear(&copy);
    }
    copy_bytes(copy.purses, from->purses, copy.purse_count * sizeof copy.purses[0]);
    copy_bytes(copy.lots, from->lots, copy.lot_count * sizeof copy.lots[0]);
    copy_bytes(copy.holds, from->holds, copy.hold_count * sizeof copy.holds[0]);
    *to = copy;
}

enum tally_status tally_account_apply(const struct tally_account *before,
                                      const struct tally_event *event, struct tally_account *after)
{
    assert(before != NULL);
    assert(event != NULL);
    assert(after != NULL && after != before);

    if (event->account == 0 || (before->id != 0 && before->id != event->account)) {
        return TALLY_E_INVALID;
    }
    TALLY_TRY(tally_effects_check(event));
    struct tally_account_room needed = tally_account_room(before, event);
    if (!has_room(after, &needed)) {
        return TALLY_E_NO_MEMORY;
    }
    struct tally_account next = *after;
    copy_but_counts(&next, before);
    next.id = event->account;
    next.last = event->id;
    TALLY_TRY(apply_moves(&next, event));
    apply_days(&next, event);
    counts_join(&next, (struct counts){before->counts, before->count_count},
                (struct counts){event->effects.counts, event->effects.count_count});
    *after = next;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ questions */

int32_t tally_lot_last_day(const struct tally_account *account, const struct tally_lot *lot)
{
    assert(account != NULL);
    assert(lot != NULL);

    return lot->expires_day == TALLY_DAY_ACTIVE ? account->active_until_day : lot->expires_day;
}

enum lot_state { LOT_USABLE, LOT_PENDING, LOT_HELD, LOT_LAPSED };

/* A hold within its limit keeps its points, begun or not and over or not. */
static enum lot_state lot_state(const struct tally_account *account, const struct tally_lot *lot,
                                int32_t day, int64_t now_ms)
{
    if (lot->hold != 0) {
        struct tally_open_hold hold = {lot->drawer, lot->hold, 0};
        size_t at = hold_index(account, &hold);
        if (hold_is_at(account, at, &hold) && account->holds[at].until_ms >= now_ms) {
            return LOT_HELD;
        }
    }
    if (tally_lot_last_day(account, lot) < day) {
        return LOT_LAPSED;
    }
    return lot->from_day > day ? LOT_PENDING : LOT_USABLE;
}

bool tally_lot_is_usable(const struct tally_account *account, const struct tally_lot *lot,
                         int32_t day, int64_t now_ms)
{
    assert(account != NULL);
    assert(lot != NULL);

    return lot_state(account, lot, day, now_ms) == LOT_USABLE;
}

struct tally_balance tally_account_balance(const struct tally_account *account, uint32_t purse,
                                           int32_t day, int64_t now_ms)
{
    assert(account != NULL);

    struct tally_balance balance = {.debt = tally_account_purse(account, purse).debt};
    int64_t points[LOT_LAPSED + 1] = {0};
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        if (lot->purse == purse) {
            points[lot_state(account, lot, day, now_ms)] += lot->points;
        }
    }
    balance.usable = points[LOT_USABLE] - balance.debt;
    balance.pending = points[LOT_PENDING];
    balance.held = points[LOT_HELD];
    balance.lapsed = points[LOT_LAPSED];
    return balance;
}

int64_t tally_account_in_drawer(const struct tally_account *account, uint32_t purse,
                                uint32_t drawer, int32_t day, int64_t now_ms)
{
    assert(account != NULL);

    int64_t points = 0;
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        if (lot->purse == purse && lot->drawer == drawer &&
            lot_state(account, lot, day, now_ms) == LOT_USABLE) {
            points += lot->points;
        }
    }
    return points;
}

struct tally_purse tally_account_purse(const struct tally_account *account, uint32_t purse)
{
    assert(account != NULL);

    size_t at = purse_index(account, purse);
    return at < account->purse_count && account->purses[at].purse == purse
               ? account->purses[at]
               : (struct tally_purse){.purse = purse};
}

/* Index of the first counter that is not before `count`; count_count if all are. */
static size_t count_index(const struct tally_account *account, const struct tally_count *count)
{
    size_t low = 0, high = account->count_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tally_count_compare(&account->counts[middle], count) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int64_t tally_account_count(const struct tally_account *account, enum tally_counter what,
                            uint32_t of, struct tally_span span)
{
    assert(account != NULL);

    struct tally_count key = {what, of, span.from_day, span.until_day, 0};
    size_t at = count_index(account, &key);
    return at < account->count_count && tally_count_compare(&account->counts[at], &key) == 0
               ? account->counts[at].amount
               : 0;
}

int64_t tally_account_count_within(const struct tally_account *account, enum tally_counter what,
                                   uint32_t of, struct tally_span span)
{
    assert(account != NULL);

    int64_t sum = 0;
    struct tally_count key = {what, of, span.from_day, INT32_MIN, 0};
    for (size_t i = count_index(account, &key); i < account->count_count; i++) {
        const struct tally_count *count = &account->counts[i];
        if (count->what != what || count->of != of || count->from_day > span.until_day) {
            break;
        }
        if (tally_add(sum, count->amount, &sum) != TALLY_OK) {
            return sum > 0 ? INT64_MAX : INT64_MIN;
        }
    }
    return sum;
}

int64_t tally_account_visits(const struct tally_account *account)
{
    return tally_account_count(account, TALLY_COUNT_SALES, 0,
                               (struct tally_span){INT32_MIN, TALLY_DAY_NEVER});
}

/* ------------------------------------------------------------------ invariant */

static bool total_is_sane(int64_t total)
{
    return total <= TOTAL_MAX && total >= -TOTAL_MAX;
}

/* earned - redeemed - expired + adjusted = lots - debt, of totals that all are there for a
 * reason */
static bool purse_adds_up(const struct tally_account *account, const struct tally_purse *purse)
{
    if (purse_is_empty(purse) || purse->debt < 0 || !total_is_sane(purse->earned) ||
        !total_is_sane(purse->redeemed) || !total_is_sane(purse->expired) ||
        !total_is_sane(purse->adjusted) || !total_is_sane(purse->debt)) {
        return false;
    }
    int64_t left = purse->earned - purse->redeemed - purse->expired + purse->adjusted + purse->debt;
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        if (lot->purse != purse->purse) {
            continue;
        }
        if (lot->points > left) {
            return false;
        }
        left -= lot->points;
    }
    return left == 0;
}

static bool purses_are_sound(const struct tally_account *account)
{
    for (size_t i = 0; i < account->purse_count; i++) {
        if ((i > 0 && account->purses[i - 1].purse >= account->purses[i].purse) ||
            !purse_adds_up(account, &account->purses[i])) {
            return false;
        }
    }
    return true;
}

static bool lots_are_sound(const struct tally_account *account)
{
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        struct tally_open_hold hold = {lot->drawer, lot->hold, 0};
        size_t purse = purse_index(account, lot->purse);
        if (lot->points <= 0 || (i > 0 && lot_compare(&account->lots[i - 1], lot) >= 0) ||
            purse == account->purse_count || account->purses[purse].purse != lot->purse ||
            (lot->hold != 0 && !hold_is_at(account, hold_index(account, &hold), &hold))) {
            return false;
        }
    }
    return true;
}

static bool counts_are_sound(const struct tally_account *account)
{
    for (size_t i = 0; i < account->count_count; i++) {
        const struct tally_count *count = &account->counts[i];
        if (count->what < TALLY_COUNT_SALES || count->what > TALLY_COUNT_AWARD ||
            count->amount == 0 || !total_is_sane(count->amount) ||
            count->until_day < account->newest_day ||
            (i > 0 && tally_count_compare(&account->counts[i - 1], count) >= 0)) {
            return false;
        }
    }
    return true;
}

static bool holds_are_sound(const struct tally_account *account)
{
    for (size_t i = 0; i < account->hold_count; i++) {
        const struct tally_open_hold *hold = &account->holds[i];
        if (hold->hold == 0 || !has_lots_of(account, hold) ||
            (i > 0 && hold_compare(&account->holds[i - 1], hold) >= 0)) {
            return false;
        }
    }
    return true;
}

enum tally_status tally_account_check(const struct tally_account *account)
{
    assert(account != NULL);

    bool is_empty = account->purse_count == 0 && account->lot_count == 0 &&
                    account->count_count == 0 && account->hold_count == 0;
    bool is_sound = (account->id != 0 || is_empty) && purses_are_sound(account) &&
                    lots_are_sound(account) && counts_are_sound(account) &&
                    holds_are_sound(account);
    return is_sound ? TALLY_OK : TALLY_E_STORE_DAMAGED;
}
