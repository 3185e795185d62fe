/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to an account outside a sale. */
#include "app/core/bonus.h"

#include "app/core/spend.h"
#include "app/core/tier.h"
#include "app/core/used.h"

#include <assert.h>

static const struct tally_span lifetime = {INT32_MIN, TALLY_DAY_NEVER};
static const struct tally_when always = {.from_day = INT32_MIN, .until_day = TALLY_DAY_NEVER};

/* ---------------------------------------------------------------- an event while it is planned */

/* Everything that a plan puts together before its event is written out. */
struct draft {
    struct tally_moves moves;
    struct tally_counts counts;
    struct tally_event event;
};

static struct draft draft_of(enum tally_event_type type, uint64_t account,
                             const struct tally_moment *moment, const struct tally_bonus_room *room)
{
    return (struct draft){
        .moves = {room == NULL ? NULL : room->moves, 0, room == NULL ? 0 : room->move_cap},
        .counts = {room == NULL ? NULL : room->counts, 0, room == NULL ? 0 : room->count_cap},
        .event = {.type = type, .account = account, .business_day = moment->day},
    };
}

static enum tally_status put_move(struct draft *draft, struct tally_move move)
{
    size_t cap = draft->moves.cap < TALLY_MOVES_MAX ? draft->moves.cap : TALLY_MOVES_MAX;
    enum tally_status status = tally_moves_add(&draft->moves, move);
    return status == TALLY_E_OVERFLOW && draft->moves.count >= cap ? TALLY_E_NO_MEMORY : status;
}

static enum tally_status put_count(struct draft *draft, struct tally_count count)
{
    return tally_counts_put(&draft->counts, count) == TALLY_OK ? TALLY_OK : TALLY_E_NO_MEMORY;
}

/* The counters of a change and the standing that follows from it. */
static enum tally_status put_tier(struct draft *draft, const struct tally_programme *programme,
                                  const struct tally_account *account, int32_t day,
                                  const struct tally_tier_change *change)
{
    struct tally_count counts[TALLY_TIER_COUNTS];
    size_t count = tally_tier_counts(account, programme, change, counts);
    for (size_t i = 0; i < count; i++) {
        TALLY_TRY(put_count(draft, counts[i]));
    }
    struct tally_effects *effects = &draft->event.effects;
    effects->has_standing =
        tally_tier_standing(account, programme, day, change, NULL, &effects->standing);
    return TALLY_OK;
}

static enum tally_status finish(struct draft *draft, struct tally_event *ret_event)
{
    struct tally_effects *effects = &draft->event.effects;
    effects->moves = draft->moves.items;
    effects->move_count = draft->moves.count;
    effects->counts = draft->counts.items;
    effects->count_count = draft->counts.count;
    *ret_event = draft->event;
    return TALLY_OK;
}

static struct tally_move move_of(enum tally_move_kind kind, const struct tally_lot *lot,
                                 int64_t points)
{
    return (struct tally_move){kind, lot->purse, lot->expires_day, lot->from_day, points};
}

/* Points that live on activity need an account that is active, whoever gives them. */
static void keep_alive(struct draft *draft, const struct tally_programme *programme, int32_t day,
                       int32_t expires_day)
{
    if (expires_day == TALLY_DAY_ACTIVE) {
        draft->event.effects.active_until_day = tally_programme_active_until(programme, day);
    }
}

static bool is_blocked(const struct tally_account *account)
{
    return account->id != 0 && account->blocked;
}

/* What an account was first known on; today where this is its first event. */
static int32_t joined_on(const struct tally_account *account, int32_t day)
{
    return account->id == 0 || account->since_day == INT32_MAX ? day : account->since_day;
}

/* ------------------------------------------------------------------ holds */

static bool may_take(const struct tally_account *account, const struct tally_lot *lot, int32_t day,
                     bool with_pending)
{
    return with_pending ? tally_lot_last_day(account, lot) >= day
                        : tally_lot_is_valid(account, lot, day);
}

/* Moves of one kind out of the free lots of a till's drawer, earliest last day first. */
static enum tally_status take(struct draft *draft, const struct tally_till *till, uint32_t purse,
                              int64_t points, enum tally_move_kind kind, bool with_pending)
{
    const struct tally_lot *lot;
    struct tally_walk walk =
        tally_walk_start(till->account, till->drawer, purse, till->lapsed, TALLY_WALK_BOTH);
    while (points > 0 && (lot = tally_walk_next(&walk)) != NULL) {
        if (may_take(till->account, lot, till->day, with_pending)) {
            int64_t here = lot->points < points ? lot->points : points;
            TALLY_TRY(put_move(draft, move_of(kind, lot, here)));
            points -= here;
        }
    }
    return points > 0 ? TALLY_E_POINTS_SHORT : TALLY_OK;
}

/* The hold whose time has passed is given back with the event that needs its points. */
static enum tally_status put_lapsed_hold(struct draft *draft, const struct tally_till *till)
{
    if (till->lapsed == 0) {
        return TALLY_OK;
    }
    const struct tally_account *account = till->account;
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        if (lot->drawer == till->drawer && lot->hold == till->lapsed) {
            TALLY_TRY(put_move(draft, move_of(TALLY_MOVE_RELEASE, lot, lot->points)));
            draft->event.effects.hold = till->lapsed;
        }
    }
    return TALLY_OK;
}

enum tally_status tally_hold_plan(const struct tally_programme *programme,
                                  const struct tally_account *account, int64_t points,
                                  const struct tally_moment *moment,
                                  const struct tally_bonus_room *room,
                                  struct tally_event *ret_event)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    if (points <= 0 || points > TALLY_POINTS_MAX) {
        return TALLY_E_INVALID;
    }
    if (account->id != 0 && account->blocked) {
        return TALLY_E_BLOCKED;
    }
    if (tally_account_balance(account, TALLY_PURSE_POINTS, moment->day, moment->now_ms).usable <
        points) {
        return TALLY_E_POINTS_SHORT;
    }
    struct draft draft = draft_of(TALLY_EVENT_HOLD, account->id, moment, room);
    struct tally_till till;
    TALLY_TRY(tally_till_open(account, moment->terminal, moment->day, moment->now_ms, 0, &till));
    TALLY_TRY(put_lapsed_hold(&draft, &till));
    TALLY_TRY(take(&draft, &till, TALLY_PURSE_POINTS, points, TALLY_MOVE_HOLD, false));
    draft.event.as.hold.until_ms = moment->now_ms + (int64_t)programme->hold_minutes * 60000;
    return finish(&draft, ret_event);
}

enum tally_status tally_release_plan(const struct tally_account *account, uint64_t hold,
                                     const struct tally_moment *moment,
                                     const struct tally_bonus_room *room,
                                     struct tally_event *ret_event)
{
    assert(account != NULL);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    struct draft draft = draft_of(TALLY_EVENT_RELEASE, account->id, moment, room);
    struct tally_till till = {.account = account, .drawer = moment->terminal, .lapsed = hold};
    TALLY_TRY(put_lapsed_hold(&draft, &till));
    return draft.moves.count == 0 ? TALLY_E_NOT_FOUND : finish(&draft, ret_event);
}

/* ------------------------------------------------------------------ awards */

static bool is_for_tier(const struct tally_award_rule *award,
                        const struct tally_programme *programme,
                        const struct tally_account *account, int32_t day)
{
    if (award->tiers.count == 0 || award->kind == TALLY_AWARD_SURPRISE) { /* drawn by the sale's */
        return true;
    }
    const struct tally_tier *tier =
        &programme->tiers.tiers[tally_tier_of(account, programme, day).tier];
    return tally_words_have(&award->tiers, tier->code, strlen(tier->code));
}

/* Where something of `day` is counted for a limit. */
static struct tally_span counts_in(const struct tally_account *account, const struct tally_cap *cap,
                                   int32_t day)
{
    return tally_cap_counts_in(cap, &always, joined_on(account, day), day);
}

/* What was counted for `of` in the days that a limit looks at on `day`. */
static int64_t counted_for(const struct tally_account *account, const struct tally_cap *cap,
                           uint32_t of, int32_t day)
{
    struct tally_span span = tally_period_span(cap->period, joined_on(account, day), day);
    int64_t amount = 0;
    for (size_t i = 0; i < account->count_count; i++) {
        const struct tally_count *count = &account->counts[i];
        if (count->what == TALLY_COUNT_AWARD && count->of == of &&
            count->from_day >= span.from_day && count->from_day <= span.until_day &&
            count->until_day == counts_in(account, cap, count->from_day).until_day &&
            tally_add(amount, count->amount, &amount) != TALLY_OK) {
            return INT64_MAX;
        }
    }
    return amount;
}

/* How often an award may be given, and in which days; 0: as often as one likes. */
static struct tally_cap allowance_of(const struct tally_award_rule *award)
{
    struct tally_cap cap = {.period = {TALLY_PERIOD_LIFETIME, 0}, .points_max = 1};
    switch (award->kind) {
    case TALLY_AWARD_SIGN_UP:
    case TALLY_AWARD_PROFILE:
        break;
    case TALLY_AWARD_BIRTHDAY:
        cap.period.kind = TALLY_PERIOD_YEAR;
        break;
    case TALLY_AWARD_PERIOD:
        cap.period = award->period;
        break;
    case TALLY_AWARD_REFERRER:
    case TALLY_AWARD_REFERRED:
    case TALLY_AWARD_SURPRISE:
        cap.points_max = award->uses_max;
        break;
    }
    return cap;
}

static enum tally_status put_allowance(struct draft *draft, const struct tally_award_rule *award,
                                       const struct tally_account *account, int32_t day)
{
    const struct tally_cap cap = allowance_of(award);
    if (cap.points_max > 0 && counted_for(account, &cap, award->id, day) >= cap.points_max) {
        return TALLY_E_EXISTS;
    }
    struct tally_span span = counts_in(account, &cap, day);
    return put_count(draft, (struct tally_count){TALLY_COUNT_AWARD, award->id, span.from_day,
                                                 span.until_day, 1});
}

/* The referrer is paid once for each member that it brought. */
static enum tally_status put_referral(struct draft *draft, const struct tally_account *account,
                                      uint64_t other)
{
    uint32_t member = tally_member_id(other);
    if (tally_account_count(account, TALLY_COUNT_REFERRAL, member, lifetime) > 0) {
        return TALLY_E_EXISTS;
    }
    return put_count(draft, (struct tally_count){TALLY_COUNT_REFERRAL, member, lifetime.from_day,
                                                 lifetime.until_day, 1});
}

/* Into the acting drawer; what is owed is paid first. */
static enum tally_status put_earned(struct draft *draft, const struct tally_programme *programme,
                                    const struct tally_account *account, uint32_t purse,
                                    int64_t points, int32_t day)
{
    struct tally_span dates = tally_programme_purse_dates(programme, purse, day);
    int64_t debt = tally_account_purse(account, purse).debt;
    int64_t paid = debt < points ? debt : points;
    const struct tally_move pays = {TALLY_MOVE_EARN_DEBT, purse, dates.until_day, dates.from_day,
                                    paid};
    const struct tally_move enters = {TALLY_MOVE_EARN, purse, dates.until_day, dates.from_day,
                                      points - paid};
    TALLY_TRY(put_move(draft, pays));
    TALLY_TRY(put_move(draft, enters));
    keep_alive(draft, programme, day, dates.until_day);
    return TALLY_OK;
}

enum tally_status
tally_award_plan(const struct tally_programme *programme, const struct tally_account *account,
                 const struct tally_award_request *request, const struct tally_moment *moment,
                 const struct tally_bonus_room *room, struct tally_event *ret_event)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(request != NULL);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    const struct tally_award_rule *award = tally_programme_award(programme, request->award);
    if (award == NULL) {
        return TALLY_E_NOT_FOUND;
    }
    bool is_referrer = award->kind == TALLY_AWARD_REFERRER;
    int64_t points = award->kind == TALLY_AWARD_SURPRISE ? request->points : award->points;
    if (points <= 0 || is_blocked(account) ||
        !is_for_tier(award, programme, account, moment->day) ||
        (is_referrer && (request->other == 0 || request->other == account->id))) {
        return TALLY_E_RULE;
    }
    if (points > TALLY_POINTS_MAX) {
        return TALLY_E_OVERFLOW;
    }
    struct draft draft = draft_of(TALLY_EVENT_AWARD, account->id, moment, room);
    if (is_referrer) {
        TALLY_TRY(put_referral(&draft, account, request->other));
    }
    TALLY_TRY(put_allowance(&draft, award, account, moment->day));
    TALLY_TRY(put_earned(&draft, programme, account, award->purse, points, moment->day));
    const struct tally_tier_change change = {
        .balance = award->purse == TALLY_PURSE_POINTS ? points : 0, .counted_day = moment->day};
    TALLY_TRY(put_tier(&draft, programme, account, moment->day, &change));
    draft.event.as.award =
        (struct tally_award){.award = award->id, .why = request->why, .other = request->other};
    return finish(&draft, ret_event);
}

/* ------------------------------------------------------------------ standings */

enum tally_status tally_standing_plan(const struct tally_programme *programme,
                                      const struct tally_account *account, size_t tier,
                                      int32_t until_day, const struct tally_moment *moment,
                                      struct tally_event *ret_event)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(moment != NULL);
    assert(ret_event != NULL);

    if (tier >= programme->tiers.tier_count || (tier > 0 && until_day < moment->day)) {
        return TALLY_E_INVALID;
    }
    struct draft draft = draft_of(TALLY_EVENT_STANDING, account->id, moment, NULL);
    draft.event.effects.has_floor = true;
    if (tier > 0) {
        draft.event.effects.floor =
            (struct tally_standing){programme->tiers.tiers[tier].id, moment->day, until_day};
    }
    return finish(&draft, ret_event);
}

/* ------------------------------------------------------------------ transfers */

/* Counts what is sent for every limit, and refuses what passes one. */
static enum tally_status put_limits(struct draft *draft, const struct tally_transfer_rules *rules,
                                    const struct tally_account *from, int64_t points, int32_t day)
{
    for (size_t i = 0; i < rules->limit_count; i++) {
        const struct tally_cap *limit = &rules->limits[i];
        bool is_counted = limit->period.kind != TALLY_PERIOD_SALE;
        int64_t sent = is_counted ? counted_for(from, limit, 0, day) : 0;
        if (points > limit->points_max - sent) {
            return TALLY_E_RULE;
        }
        if (is_counted) {
            struct tally_span span = counts_in(from, limit, day);
            TALLY_TRY(put_count(draft, (struct tally_count){TALLY_COUNT_AWARD, 0, span.from_day,
                                                            span.until_day, points}));
        }
    }
    return TALLY_OK;
}

enum tally_status tally_transfer_plan(const struct tally_programme *programme,
                                      const struct tally_account *from, uint64_t to, int64_t points,
                                      const struct tally_moment *moment,
                                      const struct tally_bonus_room *room,
                                      struct tally_event *ret_event)
{
    assert(programme != NULL);
    assert(from != NULL);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    const struct tally_transfer_rules *rules = &programme->transfer;
    if (!rules->allowed || to == 0 || to == from->id || points <= 0 || points > TALLY_POINTS_MAX ||
        points < rules->points_min || (rules->points_max > 0 && points > rules->points_max)) {
        return TALLY_E_RULE;
    }
    if (from->blocked) {
        return TALLY_E_BLOCKED;
    }
    if (tally_account_balance(from, TALLY_PURSE_POINTS, moment->day, moment->now_ms).usable <
        points) {
        return TALLY_E_POINTS_SHORT;
    }
    struct draft draft = draft_of(TALLY_EVENT_TRANSFER, from->id, moment, room);
    const struct tally_till till = {
        .account = from, .drawer = moment->terminal, .day = moment->day};
    const struct tally_tier_change change = {.balance = -points, .counted_day = moment->day};
    TALLY_TRY(put_limits(&draft, rules, from, points, moment->day));
    TALLY_TRY(take(&draft, &till, TALLY_PURSE_POINTS, points, TALLY_MOVE_ADJUST_OUT, false));
    TALLY_TRY(put_tier(&draft, programme, from, moment->day, &change));
    draft.event.as.transfer.other = to;
    return finish(&draft, ret_event);
}

enum tally_status tally_transfer_receive_plan(const struct tally_programme *programme,
                                              const struct tally_event *sent,
                                              const struct tally_moment *moment,
                                              const struct tally_bonus_room *room,
                                              struct tally_event *ret_event)
{
    assert(programme != NULL);
    assert(sent != NULL);
    assert(sent->type == TALLY_EVENT_TRANSFER);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    struct draft draft = draft_of(TALLY_EVENT_TRANSFER, sent->as.transfer.other, moment, room);
    struct tally_span fresh =
        tally_programme_purse_dates(programme, TALLY_PURSE_POINTS, moment->day);
    for (size_t i = 0; i < sent->effects.move_count; i++) {
        struct tally_move move = sent->effects.moves[i];
        if (move.kind != TALLY_MOVE_ADJUST_OUT) {
            continue;
        }
        move.kind = TALLY_MOVE_ADJUST_IN;
        if (programme->transfer.renews_expiry) {
            move.expires_day = fresh.until_day;
            move.from_day = fresh.from_day;
        }
        TALLY_TRY(put_move(&draft, move));
        keep_alive(&draft, programme, moment->day, move.expires_day);
    }
    draft.event.as.transfer.other = sent->account;
    return finish(&draft, ret_event);
}

/* ------------------------------------------------------------------ adjustments and lapses */

static enum tally_status put_given(struct draft *draft, const struct tally_programme *programme,
                                   const struct tally_adjust_request *request, int32_t day)
{
    struct tally_span dates = tally_programme_purse_dates(programme, request->purse, day);
    if (request->expires_day != 0) {
        dates = (struct tally_span){0, request->expires_day};
    }
    const struct tally_move move = {TALLY_MOVE_ADJUST_IN, request->purse, dates.until_day,
                                    dates.from_day, request->points};
    keep_alive(draft, programme, day, dates.until_day);
    return put_move(draft, move);
}

static bool adjustment_is_valid(const struct tally_programme *programme,
                                const struct tally_adjust_request *request, int32_t day)
{
    bool is_something =
        request->points != 0 || request->spend_minor != 0 || request->tier_points != 0;
    return is_something && request->points <= TALLY_POINTS_MAX &&
           request->points >= -TALLY_POINTS_MAX && request->spend_minor <= TALLY_MONEY_MAX &&
           request->spend_minor >= -TALLY_MONEY_MAX && request->tier_points <= TALLY_POINTS_MAX &&
           request->tier_points >= -TALLY_POINTS_MAX &&
           (request->expires_day == 0 || request->expires_day >= day) &&
           (request->purse == TALLY_PURSE_POINTS ||
            tally_programme_purse(programme, request->purse) != NULL);
}

enum tally_status
tally_adjust_plan(const struct tally_programme *programme, const struct tally_account *account,
                  const struct tally_adjust_request *request, const struct tally_moment *moment,
                  const struct tally_bonus_room *room, struct tally_event *ret_event)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(request != NULL);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    int32_t day = moment->day;
    if (!adjustment_is_valid(programme, request, day)) {
        return TALLY_E_INVALID;
    }
    struct draft draft = draft_of(TALLY_EVENT_ADJUST, account->id, moment, room);
    const struct tally_till till = {.account = account, .drawer = request->drawer, .day = day};
    if (request->points > 0) {
        TALLY_TRY(put_given(&draft, programme, request, day));
    } else {
        TALLY_TRY(
            take(&draft, &till, request->purse, -request->points, TALLY_MOVE_ADJUST_OUT, true));
    }
    const struct tally_tier_change change = {
        .spend_minor = request->spend_minor,
        .points = request->tier_points,
        .balance = request->purse == TALLY_PURSE_POINTS ? request->points : 0,
        .counted_day = day,
    };
    TALLY_TRY(put_tier(&draft, programme, account, day, &change));
    draft.event.as.adjust.drawer = request->drawer;
    return finish(&draft, ret_event);
}

enum tally_status tally_lapse_plan(const struct tally_account *account, uint32_t drawer,
                                   const struct tally_moment *moment,
                                   const struct tally_bonus_room *room,
                                   struct tally_event *ret_event)
{
    assert(account != NULL);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    if (room->move_cap == 0) {
        return TALLY_E_NO_MEMORY;
    }
    struct draft draft = draft_of(TALLY_EVENT_ADJUST, account->id, moment, room);
    const struct tally_till till = {.account = account, .drawer = drawer, .day = moment->day};
    tally_till_expire(&till, &draft.moves); /* what finds no room waits for the next one */
    draft.event.as.adjust.drawer = drawer;
    return draft.moves.count == 0 ? TALLY_E_NOT_FOUND : finish(&draft, ret_event);
}

/* ------------------------------------------------------------------ awards that hang on a sale */

bool tally_award_is_paid_by(const struct tally_award_rule *award, const struct tally_event *sale)
{
    assert(award != NULL);
    assert(sale != NULL && sale->type == TALLY_EVENT_SALE);

    const struct tally_sale *sold = &sale->as.sale;
    bool is_referral = award->kind == TALLY_AWARD_REFERRER || award->kind == TALLY_AWARD_REFERRED;
    return is_referral && sold->total_minor - sold->discount_minor - sold->redeemed_minor >=
                              award->spend_minor_min;
}

enum tally_status tally_award_points_back(const struct tally_event *sale,
                                          const struct tally_returned_line *lines,
                                          size_t line_count, bool is_void, int64_t points,
                                          int64_t *ret_back)
{
    assert(sale != NULL && sale->type == TALLY_EVENT_SALE);
    assert(lines != NULL || line_count == 0);
    assert(ret_back != NULL);

    const struct tally_basket *basket = &sale->as.sale.basket;
    int64_t back = 0, whole = sale->as.sale.total_minor;
    for (size_t i = 0; i < line_count && whole > 0; i++) {
        int64_t worth = 0;
        if (lines[i].line < basket->line_count) {
            const struct tally_line *line = &basket->lines[lines[i].line];
            TALLY_TRY(tally_scale(line->amount_minor, lines[i].quantity_before_milli,
                                  line->quantity_milli, TALLY_ROUND_FLOOR, &worth));
        }
        TALLY_TRY(tally_add(back, worth, &back));
    }
    if (is_void || whole == 0) {
        back = whole = 1;
    }
    return tally_scale(points, back < whole ? back : whole, whole, TALLY_ROUND_CEIL, ret_back);
}

enum tally_status tally_award_back_plan(const struct tally_programme *programme,
                                        const struct tally_account *account, uint32_t purse,
                                        int64_t points, const struct tally_moment *moment,
                                        const struct tally_bonus_room *room,
                                        struct tally_event *ret_event)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(moment != NULL);
    assert(room != NULL);
    assert(ret_event != NULL);

    int64_t here =
        tally_account_in_drawer(account, purse, moment->terminal, moment->day, moment->now_ms);
    here = here < points ? here : points;
    struct draft draft = draft_of(TALLY_EVENT_ADJUST, account->id, moment, room);
    const struct tally_adjust_request request = {
        .purse = purse, .drawer = moment->terminal, .points = -here};
    struct tally_event event = draft.event;
    event.as.adjust.drawer = moment->terminal;
    if (points <= 0 || points > TALLY_POINTS_MAX) {
        return TALLY_E_INVALID;
    }
    if (here > 0) {
        TALLY_TRY(tally_adjust_plan(programme, account, &request, moment, room, &event));
    }
    if (here < points) {
        draft.moves.count = event.effects.move_count;
        TALLY_TRY(put_move(&draft, (struct tally_move){.kind = TALLY_MOVE_ADJUST_DEBT,
                                                       .purse = purse,
                                                       .points = points - here}));
        event.effects.moves = draft.moves.items;
        event.effects.move_count = draft.moves.count;
    }
    *ret_event = event;
    return TALLY_OK;
}
