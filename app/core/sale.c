/* SPDX-License-Identifier: Apache-2.0 */
/* A basket becomes a quote or a sale: a deal, and the lots of one drawer that it moves. */
#include "app/core/sale.h"

#include "app/core/deal.h"
#include "app/core/used.h"

#include <assert.h>
#include <string.h>

enum { HOUR_MS = 3600000 };

/* ------------------------------------------------------------------ what a decision sees */

static int32_t birthday_in(int32_t year, uint32_t birth_month, uint32_t birth_day)
{
    int32_t first = tally_day_from_date(year, (int32_t)birth_month, 1);
    int32_t last = tally_day_end_of_month(first);
    int32_t day = first + (int32_t)birth_day - 1;
    return day < last ? day : last;
}

uint32_t tally_birthday_bits(uint32_t birth_month, uint32_t birth_day, int32_t day)
{
    if (birth_month < 1 || birth_month > 12 || birth_day < 1 || birth_day > 31) {
        return 0;
    }
    int32_t year = 0, month = 0, of_month = 0;
    tally_day_to_date(day, &year, &month, &of_month);
    uint32_t bits = (uint32_t)month == birth_month ? TALLY_BIRTHDAY_MONTH : 0;
    int32_t monday = day - tally_day_weekday(day);
    for (int32_t i = year - 1; i <= year + 1; i++) { /* a week may hold days of two years */
        int32_t birthday = birthday_in(i, birth_month, birth_day);
        bits |= birthday == day ? TALLY_BIRTHDAY_DAY : 0;
        bits |= birthday >= monday && birthday <= monday + 6 ? TALLY_BIRTHDAY_WEEK : 0;
    }
    return bits;
}

static int32_t days_since(int32_t from_day, int32_t day)
{
    int64_t days = (int64_t)day - from_day;
    return days < 0 ? 0 : days > INT32_MAX ? INT32_MAX : (int32_t)days;
}

enum tally_status tally_seen_read(const struct tally_programme *programme,
                                  const struct tally_account *account,
                                  const struct tally_occasion *occasion, struct tally_counts *used,
                                  struct tally_seen *ret_seen)
{
    struct tally_seen seen = {
        .minute = occasion->minute,
        .tier = (uint32_t)tally_tier_of(account, programme, occasion->day).tier,
        .days_away = -1,
        .birthday = tally_birthday_bits(occasion->birth_month, occasion->birth_day, occasion->day),
    };
    if (account->id != 0) {
        seen.visits = tally_account_visits(account);
        seen.days_away = account->last_sale_day == INT32_MIN
                             ? -1
                             : days_since(account->last_sale_day, occasion->day);
        seen.days_member = days_since(account->since_day, occasion->day);
    }
    TALLY_TRY(tally_used_read(programme, account, occasion->member,
                              occasion->day - seen.days_member, occasion->day, used));
    seen.used = used->items;
    seen.used_count = used->count;
    *ret_seen = seen;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ one block */

struct work {
    struct tally_deal deal;
    struct tally_till till;
    struct tally_seen *seen;
    struct tally_counts used;
    struct tally_moves moves;
};

static void carve(struct tally_carver *carver, const struct tally_programme *programme,
                  size_t line_count, struct work *work)
{
    tally_deal_carve(carver, programme, line_count, &work->deal);
    work->used.cap = tally_used_max(programme);
    work->used.items = tally_carve_list(carver, work->used.cap, sizeof *work->used.items);
    work->moves.cap = TALLY_MOVES_MAX;
    work->moves.items = tally_carve_list(carver, work->moves.cap, sizeof *work->moves.items);
    work->seen = tally_carve(carver, 1, sizeof *work->seen);
}

size_t tally_sale_room(const struct tally_programme *programme, const struct tally_account *account,
                       const struct tally_basket *basket)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(basket != NULL);

    struct work work = {0};
    struct tally_carver carver = {0};
    (void)account; /* its lots are walked where they are */
    carve(&carver, programme, basket->line_count, &work);
    return carver.at;
}

/* ------------------------------------------------------------------ working it out */

static int64_t least(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

static void look_into_purses(struct work *work, const struct tally_programme *programme,
                             const struct tally_account *account,
                             const struct tally_occasion *occasion)
{
    struct tally_deal *deal = &work->deal;
    for (size_t i = 0; i <= programme->purse_count; i++) {
        uint32_t purse = tally_deal_purse_id(programme, i);
        deal->here[i] = tally_till_has(&work->till, purse);
        deal->online[i] =
            tally_account_balance(account, purse, occasion->day, occasion->now_ms).usable +
            tally_till_captured(&work->till, purse);
        deal->debt[i] = account->id == 0 ? 0 : tally_account_purse(account, purse).debt;
    }
}

/* Everything but the moves. */
static enum tally_status work_out(const struct tally_programme *programme,
                                  const struct tally_account *account,
                                  const struct tally_basket *basket,
                                  const struct tally_occasion *occasion, void *room,
                                  size_t room_len, struct work *work)
{
    struct tally_carver carver = {.block = room, .len = room_len};
    int64_t total_minor = 0;
    TALLY_TRY(tally_basket_check(basket, &total_minor)); /* before its counts size anything */
    if (occasion->day < tally_day_from_date(TALLY_YEAR_MIN, 1, 1) ||
        occasion->day > tally_day_from_date(TALLY_YEAR_MAX, 12, 31) || occasion->minute < 0 ||
        occasion->minute >= 24 * 60) {
        return TALLY_E_INVALID;
    }
    carve(&carver, programme, basket->line_count, work);
    if (carver.failed) {
        return TALLY_E_NO_MEMORY;
    }
    TALLY_TRY(tally_till_open(account, occasion->terminal, occasion->day, occasion->now_ms,
                              occasion->hold, &work->till));
    TALLY_TRY(tally_seen_read(programme, account, occasion, &work->used, work->seen));
    look_into_purses(work, programme, account, occasion);
    struct tally_deal *deal = &work->deal;
    deal->scene = (struct tally_scene){
        .programme = programme, .basket = basket, .seen = work->seen, .day = occasion->day};
    deal->member = occasion->member;
    deal->hour = occasion->now_ms / HOUR_MS;
    deal->stock = occasion->stock;
    deal->stock_context = occasion->stock_context;
    return tally_deal_make(deal);
}

/* What this drawer has of a purse, and the member anywhere, with what the sale lends itself. */
static int64_t here_with(const struct tally_deal *deal, size_t purse)
{
    int64_t lent = tally_deal_lends(deal, purse), debt = deal->debt[purse];
    return deal->here[purse] + (lent > debt ? lent - debt : 0);
}

static int64_t online_with(const struct tally_deal *deal, size_t purse)
{
    return deal->online[purse] + tally_deal_lends(deal, purse);
}

/* What was spent after earning was there by then. */
static bool is_short(const struct tally_deal *deal)
{
    for (size_t i = 0; i <= deal->scene.programme->purse_count; i++) {
        int64_t needed = deal->spent[i] - deal->late[i];
        if (needed > 0 && needed > least(here_with(deal, i), online_with(deal, i))) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------ the quote */

static struct tally_span largest_dates(const struct tally_deal *deal)
{
    struct tally_span dates = {0, 0};
    int64_t most = 0;
    for (size_t i = 0; i < deal->credits.count; i++) {
        const struct tally_move *credit = &deal->credits.items[i];
        if (credit->purse == TALLY_PURSE_POINTS && credit->points > most) {
            most = credit->points;
            dates = (struct tally_span){credit->from_day, credit->expires_day};
        }
    }
    return dates;
}

static struct tally_quote quote_of(const struct work *work, const struct tally_account *account)
{
    const struct tally_deal *deal = &work->deal;
    const struct tally_scene *scene = &deal->scene;
    const int64_t points = scene->basket->points, claims = deal->asked[0] - points;
    const struct tally_tier_change change = tally_deal_change(deal);
    const int64_t here = here_with(deal, 0);
    bool draws = deal->asked[0] > here && deal->asked[0] <= online_with(deal, 0);
    return (struct tally_quote){
        .total_minor = deal->total_minor,
        .discount_minor = deal->discount_minor,
        .redeemed_points = points,
        .redeemed_minor = deal->redeemed_minor,
        .to_pay_minor = deal->total_minor - deal->discount_minor - deal->redeemed_minor,
        .cost_points = deal->spent[0] - points,
        .earned_points = deal->earned[0],
        .debt_paid = least(deal->debt[0], deal->earned[0]),
        .earned_dates = largest_dates(deal),
        .redeemable_here =
            tally_deal_redeemable(deal, least(deal->here[0], deal->online[0]) - claims),
        .redeemable_online = tally_deal_redeemable(deal, deal->online[0] - claims),
        .missing_here = draws ? deal->asked[0] - here : 0,
        .taken = deal->taken,
        .taken_count = deal->taken_count,
        .lines = deal->lines,
        .earning = deal->earning,
        .tier = tally_tier_of(account, scene->programme, scene->day),
        .tier_after = tally_tier_after(account, scene->programme, scene->day, &change),
    };
}

enum tally_status tally_sale_quote(const struct tally_programme *programme,
                                   const struct tally_account *account,
                                   const struct tally_basket *basket,
                                   const struct tally_occasion *occasion, void *room,
                                   size_t room_len, struct tally_quote *ret_quote)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(basket != NULL);
    assert(occasion != NULL);
    assert(ret_quote != NULL);

    struct work work = {0};
    if (account->id != 0 && account->blocked) {
        return TALLY_E_BLOCKED;
    }
    TALLY_TRY(work_out(programme, account, basket, occasion, room, room_len, &work));
    *ret_quote = quote_of(&work, account);
    return TALLY_OK;
}

/* ------------------------------------------------------------------ the event */

/* What is earned pays a debt first, from the points that lapse first. */
static enum tally_status enter_credits(struct work *work)
{
    const struct tally_moves *credits = &work->deal.credits;
    int64_t debt = 0;
    for (size_t i = 0; i < credits->count; i++) {
        struct tally_move move = credits->items[i];
        if (i == 0 || move.purse != credits->items[i - 1].purse) {
            debt = work->deal.debt[tally_deal_purse(work->deal.scene.programme, move.purse)];
        }
        const int64_t points = move.points;
        move.kind = TALLY_MOVE_EARN_DEBT;
        move.points = least(points, debt);
        debt -= move.points;
        TALLY_TRY(tally_moves_add(&work->moves, move));
        move.kind = TALLY_MOVE_EARN;
        move.points = points - move.points;
        TALLY_TRY(tally_moves_add(&work->moves, move));
    }
    return TALLY_OK;
}

/* Out of the lots that this event has just filled, earliest last day first. */
static enum tally_status spend_earned(struct work *work, uint32_t purse, int64_t points)
{
    for (size_t i = 0; points > 0 && i < work->moves.count; i++) {
        struct tally_move move = work->moves.items[i];
        if (move.kind == TALLY_MOVE_EARN && move.purse == purse &&
            move.from_day <= work->deal.scene.day) {
            move.kind = TALLY_MOVE_REDEEM_EARNED; /* stands behind all that is still to be seen */
            move.points = least(move.points, points);
            points -= move.points;
            TALLY_TRY(tally_moves_add(&work->moves, move));
        }
    }
    return points == 0 ? TALLY_OK : TALLY_E_POINTS_SHORT;
}

static enum tally_status make_moves(struct work *work)
{
    const struct tally_deal *deal = &work->deal;
    const struct tally_programme *programme = deal->scene.programme;
    for (size_t i = 0; i <= programme->purse_count; i++) {
        TALLY_TRY(tally_till_spend(&work->till, tally_deal_purse_id(programme, i),
                                   least(deal->spent[i], deal->here[i]), &work->moves));
    }
    TALLY_TRY(tally_till_release(&work->till, &work->moves));
    TALLY_TRY(enter_credits(work));
    for (size_t i = 0; i <= programme->purse_count; i++) {
        if (deal->spent[i] > deal->here[i]) {
            TALLY_TRY(spend_earned(work, tally_deal_purse_id(programme, i),
                                   deal->spent[i] - deal->here[i]));
        }
    }
    tally_till_expire(&work->till, &work->moves);
    return TALLY_OK;
}

static uint64_t opened_hold(const struct work *work)
{
    for (size_t i = 0; i < work->moves.count; i++) {
        enum tally_move_kind kind = work->moves.items[i].kind;
        if (kind == TALLY_MOVE_RELEASE || kind == TALLY_MOVE_REDEEM_HELD) {
            return work->till.captured != 0 ? work->till.captured : work->till.lapsed;
        }
    }
    return 0;
}

/* A floor that is as good stays. */
static bool has_better_floor(const struct tally_programme *programme,
                             const struct tally_account *account, int32_t day,
                             const struct tally_standing *floor)
{
    size_t old = tally_programme_tier_index(programme, account->floor.tier);
    size_t tier = tally_programme_tier_index(programme, floor->tier);
    if (account->id == 0 || account->floor.tier == 0 || account->floor.until_day < day ||
        old == programme->tiers.tier_count) {
        return false;
    }
    return old > tier || (old == tier && account->floor.until_day >= floor->until_day);
}

static struct tally_effects effects_of(const struct work *work, const struct tally_account *account)
{
    const struct tally_deal *deal = &work->deal;
    const struct tally_scene *scene = &deal->scene;
    const struct tally_tier_change change = tally_deal_change(deal);
    struct tally_effects effects = {
        .moves = work->moves.items,
        .move_count = work->moves.count,
        .counts = deal->counts.items,
        .count_count = deal->counts.count,
        .hold = opened_hold(work),
        .active_until_day = tally_programme_active_until(scene->programme, scene->day),
    };
    effects.has_standing = tally_tier_standing(account, scene->programme, scene->day, &change, NULL,
                                               &effects.standing);
    if (deal->has_floor && !has_better_floor(scene->programme, account, scene->day, &deal->floor)) {
        effects.has_floor = true;
        effects.floor = deal->floor;
    }
    return effects;
}

static struct tally_event event_of(const struct work *work, const struct tally_account *account)
{
    const struct tally_deal *deal = &work->deal;
    const struct tally_scene *scene = &deal->scene;
    struct tally_event event = {
        .business_day = scene->day,
        .programme_version = scene->programme->version,
        .type = TALLY_EVENT_SALE,
        .account = account->id,
        .member = deal->member,
        .effects = effects_of(work, account),
    };
    event.as.sale = (struct tally_sale){
        .basket = *scene->basket,
        .seen = *scene->seen,
        .total_minor = deal->total_minor,
        .discount_minor = deal->discount_minor,
        .redeemed_minor = deal->redeemed_minor,
        .paid = deal->paid,
        .paid_count = deal->paid_count,
        .shares = deal->shares,
        .share_count = deal->share_count,
        .exchanges = deal->exchanges,
        .exchange_count = deal->exchange_count,
    };
    if (account->id != 0) {
        event.as.sale.standing_before = account->standing;
    }
    return event;
}

enum tally_status tally_sale_plan(const struct tally_programme *programme,
                                  const struct tally_account *account,
                                  const struct tally_basket *basket,
                                  const struct tally_occasion *occasion, void *room,
                                  size_t room_len, struct tally_event *ret_event,
                                  struct tally_quote *ret_quote)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(basket != NULL);
    assert(occasion != NULL);
    assert(ret_event != NULL);
    assert(ret_quote != NULL);

    struct work work = {0};
    if (account->id != 0 && account->blocked) {
        return TALLY_E_BLOCKED;
    }
    TALLY_TRY(work_out(programme, account, basket, occasion, room, room_len, &work));
    if (is_short(&work.deal)) {
        *ret_quote = quote_of(&work, account);
        return TALLY_E_POINTS_SHORT;
    }
    TALLY_TRY(make_moves(&work));
    struct tally_event event = event_of(&work, account);
    event.id.terminal = occasion->terminal; /* whose drawer it is */
    if (tally_effects_check(&event) != TALLY_OK) {
        return TALLY_E_OVERFLOW; /* more points together than one event may move */
    }
    event.id.terminal = 0;
    *ret_event = event;
    *ret_quote = quote_of(&work, account);
    return TALLY_OK;
}

/* ------------------------------------------------------------------ small questions */

static bool claims_are_same(const struct tally_basket *left, const struct tally_basket *right)
{
    if (left->claim_count != right->claim_count) {
        return false;
    }
    for (size_t i = 0; i < left->claim_count; i++) {
        if (left->claims[i].reward != right->claims[i].reward ||
            left->claims[i].times != right->claims[i].times) {
            return false;
        }
    }
    return true;
}

bool tally_sale_is_repeat(const struct tally_event *sale, uint64_t member,
                          const struct tally_basket *basket)
{
    assert(sale != NULL);
    assert(basket != NULL);

    int64_t total_minor = 0;
    return sale->type == TALLY_EVENT_SALE && sale->member == member &&
           tally_basket_check(basket, &total_minor) == TALLY_OK &&
           sale->as.sale.total_minor == total_minor &&
           sale->as.sale.basket.points == basket->points &&
           claims_are_same(&sale->as.sale.basket, basket);
}

size_t tally_draw_moves(const struct tally_account *account, uint32_t purse, int64_t points,
                        int32_t day, struct tally_move *moves, int64_t *ret_points)
{
    assert(account != NULL);
    assert(moves != NULL);
    assert(ret_points != NULL);

    struct tally_moves list = {.items = moves, .cap = TALLY_MOVES_MAX};
    struct tally_walk walk =
        tally_walk_start(account, TALLY_TERMINAL_HQ, purse, 0, TALLY_WALK_FREE);
    const struct tally_lot *lot;
    int64_t sum = 0;
    points = least(points, TALLY_POINTS_MAX);
    while (sum < points && (lot = tally_walk_next(&walk)) != NULL) {
        struct tally_move move = {TALLY_MOVE_GRANT, purse, lot->expires_day, lot->from_day,
                                  least(lot->points, points - sum)};
        if (!tally_lot_is_valid(account, lot, day)) {
            continue;
        }
        if (tally_moves_add(&list, move) != TALLY_OK) {
            break;
        }
        sum += move.points;
    }
    *ret_points = sum;
    return list.count;
}
