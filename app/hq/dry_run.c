/* SPDX-License-Identifier: Apache-2.0 */
/* One account's history, folded as it was and planned anew under another programme. */
#include "app/hq/dry_run.h"

#include "app/base/alloc.h"
#include "app/core/bonus.h"
#include "app/core/reversal.h"
#include "app/proto/event_codec.h"

#include <assert.h>

enum { DRAWER = 1 }; /* everything is in it */

/* ------------------------------------------------------------------ one account in play */

/* A sale as it was planned anew; found by the id of the stored one. */
struct replayed {
    struct tally_event_id stored;
    struct tally_buffer bytes;
};

struct play {
    struct dry_run *run;
    struct tally_book was;
    struct tally_book would;
    uint64_t seq; /* of the account's events that were planned anew */
    struct replayed *sales;
    size_t sale_count;
    size_t sale_cap;
    struct tally_move moves[TALLY_MOVES_MAX];
    struct tally_count counts[TALLY_BONUS_COUNTS_MAX];
    int64_t more_minor; /* redeemed and discounted, would less was */
};

static void play_free(struct play *play)
{
    for (size_t i = 0; i < play->sale_count; i++) {
        tally_buffer_free(&play->sales[i].bytes);
    }
    tally_free(play->sales);
    tally_book_free(&play->was);
    tally_book_free(&play->would);
    tally_free(play);
}

static struct tally_bonus_room bonus_room(struct play *play)
{
    return (struct tally_bonus_room){play->moves, TALLY_MOVES_MAX, play->counts,
                                     sizeof play->counts / sizeof play->counts[0]};
}

static struct tally_moment moment_of(const struct play *play, const struct tally_event *stored)
{
    int64_t ms = tally_hlc_ms(stored->time);
    return (struct tally_moment){DRAWER, ms, tally_programme_day(play->run->would, ms)};
}

static enum tally_status take(struct play *play, struct tally_event *event,
                              const struct tally_event *stored)
{
    event->id = (struct tally_event_id){DRAWER, 1, ++play->seq};
    event->time = stored->time;
    event->business_day = moment_of(play, stored).day;
    event->programme_version = play->run->would->version;
    return tally_book_apply(&play->would, event);
}

/* What the other programme would not do is left out, and counted. */
static bool is_refusal(enum tally_status status)
{
    return tally_status_family(status) == TALLY_FAMILY_REFUSED && status != TALLY_E_OVERFLOW;
}

/* ------------------------------------------------------------------ sales */

/* A date of birth that makes the same rules hold on the sale's day. */
static void birth_of(const struct tally_seen *seen, int32_t day, struct tally_occasion *occasion)
{
    int32_t year, month, of_month, born = day;
    if (seen->birthday == 0) {
        return;
    }
    tally_day_to_date(day, &year, &month, &of_month);
    if ((seen->birthday & TALLY_BIRTHDAY_DAY) == 0) {
        bool in_week = (seen->birthday & TALLY_BIRTHDAY_WEEK) != 0;
        int32_t away = in_week ? 1 : 8; /* another day of the week; of the month, not of the week */
        int32_t last = in_week ? 6 - tally_day_weekday(day) : tally_day_end_of_month(day) - day;
        born = last >= away ? day + away : day - away;
    }
    tally_day_to_date(born, &year, &month, &of_month);
    occasion->birth_month = (uint32_t)month;
    occasion->birth_day = (uint32_t)of_month;
}

static enum tally_status keep_sale(struct play *play, const struct tally_event *stored,
                                   const struct tally_event *event)
{
    if (play->sale_count == play->sale_cap) {
        size_t cap = play->sale_cap == 0 ? 16 : 2 * play->sale_cap;
        struct replayed *grown = tally_realloc(play->sales, cap, sizeof *grown);
        if (grown == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        play->sales = grown;
        play->sale_cap = cap;
    }
    struct replayed *sale = &play->sales[play->sale_count];
    *sale = (struct replayed){.stored = stored->id};
    TALLY_TRY(tally_event_encode(event, &sale->bytes));
    play->sale_count++;
    return TALLY_OK;
}

static enum tally_status sell_basket(struct play *play, const struct tally_event *stored,
                                     const struct tally_basket *basket)
{
    const struct tally_programme *would = play->run->would;
    int64_t ms = tally_hlc_ms(stored->time);
    struct tally_occasion occasion = {.terminal = DRAWER,
                                      .now_ms = ms,
                                      .day = tally_programme_day(would, ms),
                                      .minute = tally_programme_minute(would, ms),
                                      .member = stored->member};
    birth_of(&stored->as.sale.seen, occasion.day, &occasion);
    size_t room_len = tally_sale_room(would, &play->would.account, basket);
    void *room = tally_alloc(room_len, 1);
    if (room == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct tally_event event;
    struct tally_quote quote;
    enum tally_status status = tally_sale_plan(would, &play->would.account, basket, &occasion, room,
                                               room_len, &event, &quote);
    if (status == TALLY_OK) {
        event.as.sale.ref = stored->as.sale.ref;
        status = take(play, &event, stored);
    }
    if (status == TALLY_OK) {
        status = keep_sale(play, stored, &event);
    }
    if (status == TALLY_OK) {
        play->run->after.redeemed_minor += quote.redeemed_minor;
        play->run->after.discount_minor += quote.discount_minor;
        play->more_minor += quote.redeemed_minor + quote.discount_minor;
    }
    tally_free(room);
    return status;
}

static enum tally_status sell(struct play *play, const struct tally_event *stored)
{
    const struct tally_sale *sale = &stored->as.sale;
    struct tally_basket basket = sale->basket;
    play->run->sales++;
    play->run->before.redeemed_minor += sale->redeemed_minor;
    play->run->before.discount_minor += sale->discount_minor;
    play->more_minor -= sale->redeemed_minor + sale->discount_minor;
    enum tally_status status = sell_basket(play, stored, &basket);
    if (is_refusal(status) && (basket.points > 0 || basket.claim_count > 0)) {
        play->run->refused++;
        basket.points = 0;
        basket.claim_count = 0;
        status = sell_basket(play, stored, &basket);
    }
    if (is_refusal(status)) {
        play->run->skipped++;
        return TALLY_OK;
    }
    return status;
}

/* ------------------------------------------------------------------ reversals */

static const struct replayed *replayed_sale(const struct play *play,
                                            const struct tally_event_id *stored)
{
    for (size_t i = play->sale_count; i > 0; i--) {
        const struct tally_event_id *id = &play->sales[i - 1].stored;
        if (id->terminal == stored->terminal && id->epoch == stored->epoch &&
            id->seq == stored->seq) {
            return &play->sales[i - 1];
        }
    }
    return NULL;
}

static enum tally_status undo_sale(struct play *play, const struct tally_event *stored,
                                   const struct tally_event *sale)
{
    const struct tally_programme *would = play->run->would;
    const struct tally_reversal *reversal = &stored->as.reversal;
    struct tally_moment moment = moment_of(play, stored);
    struct tally_refund_request request = {.sale = sale,
                                           .lines = reversal->lines,
                                           .line_count = reversal->line_count,
                                           .terminal = DRAWER,
                                           .now_ms = moment.now_ms,
                                           .day = moment.day};
    size_t room_len = tally_refund_room(&play->would.account, &request);
    void *room = tally_alloc(room_len, 1);
    if (room == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct tally_event event;
    enum tally_status status =
        (stored->type == TALLY_EVENT_VOID ? tally_void_plan : tally_refund_plan)(
            would, &play->would.account, &request, room, room_len, &event);
    if (status == TALLY_OK) {
        event.as.reversal.ref = reversal->ref;
        status = take(play, &event, stored);
    }
    if (status == TALLY_OK) {
        play->run->after.redeemed_minor -= event.as.reversal.redeemed_minor;
        play->more_minor -= event.as.reversal.redeemed_minor;
    }
    tally_free(room);
    return status;
}

static enum tally_status undo(struct play *play, const struct tally_event *stored)
{
    const struct replayed *replayed = replayed_sale(play, &stored->as.reversal.sale);
    play->run->reversals++;
    play->run->before.redeemed_minor -= stored->as.reversal.redeemed_minor;
    play->more_minor += stored->as.reversal.redeemed_minor;
    if (replayed == NULL) {
        play->run->skipped++;
        return TALLY_OK;
    }
    struct tally_event_decoded sale;
    TALLY_TRY(tally_event_decode(tally_buffer_slice(&replayed->bytes), &sale));
    enum tally_status status = undo_sale(play, stored, &sale.event);
    tally_event_decoded_free(&sale);
    if (is_refusal(status)) {
        play->run->skipped++;
        return TALLY_OK;
    }
    return status;
}

/* ------------------------------------------------------------------ the rest */

static enum tally_status award(struct play *play, const struct tally_event *stored,
                               const struct tally_award_request *request)
{
    struct tally_event event;
    struct tally_moment moment = moment_of(play, stored);
    struct tally_bonus_room room = bonus_room(play);
    enum tally_status status =
        tally_award_plan(play->run->would, &play->would.account, request, &moment, &room, &event);
    return status == TALLY_OK ? take(play, &event, stored) : status;
}

/* What a surprise brought. */
static int64_t given(const struct tally_event *stored)
{
    const struct tally_effects *effects = &stored->effects;
    return effects->move_count == 0
               ? 0
               : tally_event_points(stored, effects->moves[0].purse, TALLY_MOVE_EARN);
}

static enum tally_status award_again(struct play *play, const struct tally_event *stored)
{
    const struct tally_award_request request = {.award = stored->as.award.award,
                                                .why = stored->as.award.why,
                                                .other = stored->as.award.other,
                                                .points = given(stored)};
    enum tally_status status = award(play, stored, &request);
    if (status == TALLY_E_NOT_FOUND || status == TALLY_E_RULE) {
        play->run->skipped++;
        return TALLY_OK;
    }
    return status == TALLY_E_EXISTS ? TALLY_OK : status; /* given with the enrolment already */
}

static enum tally_status enrol(struct play *play, const struct tally_event *stored)
{
    struct tally_event event = *stored;
    TALLY_TRY(take(play, &event, stored));
    for (size_t i = 0; i < play->run->would->award_count; i++) {
        const struct tally_award_rule *rule = &play->run->would->awards[i];
        if (rule->kind != TALLY_AWARD_SIGN_UP) {
            continue;
        }
        const struct tally_award_request request = {.award = rule->id};
        enum tally_status status = award(play, stored, &request);
        if (status != TALLY_OK && !is_refusal(status)) {
            return status;
        }
    }
    return TALLY_OK;
}

/* Points that a person gave or took, or another member. */
static enum tally_status adjust(struct play *play, const struct tally_event *stored)
{
    static const struct {
        enum tally_move_kind kind;
        int sign;
    } kinds[] = {
        {TALLY_MOVE_ADJUST_IN, 1}, {TALLY_MOVE_ADJUST_OUT, -1}, {TALLY_MOVE_ADJUST_DEBT, -1}};
    struct tally_event event = *stored;
    int64_t points = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        points += kinds[i].sign * tally_event_points(stored, TALLY_PURSE_POINTS, kinds[i].kind);
    }
    if (points < 0) {
        struct tally_moment moment = moment_of(play, stored);
        struct tally_bonus_room room = bonus_room(play);
        const struct tally_adjust_request request = {.drawer = DRAWER, .points = points};
        enum tally_status status = tally_adjust_plan(play->run->would, &play->would.account,
                                                     &request, &moment, &room, &event);
        if (is_refusal(status)) {
            play->run->skipped++;
            return TALLY_OK;
        }
        TALLY_TRY(status);
    }
    event.type = TALLY_EVENT_ADJUST;
    event.as.adjust = (struct tally_adjust){.drawer = DRAWER};
    return take(play, &event, stored);
}

/* A grant whose points were earned where this journal does not reach. */
static enum tally_status come_in(struct play *play, const struct tally_event *stored)
{
    struct tally_event event = *stored;
    event.as.grant.to_terminal = DRAWER;
    return take(play, &event, stored);
}

static enum tally_status again(struct play *play, const struct tally_event *stored)
{
    switch (stored->type) {
    case TALLY_EVENT_SALE:
        return sell(play, stored);
    case TALLY_EVENT_VOID:
    case TALLY_EVENT_REFUND:
        return undo(play, stored);
    case TALLY_EVENT_ENROL:
        return enrol(play, stored);
    case TALLY_EVENT_AWARD:
        return award_again(play, stored);
    case TALLY_EVENT_ADJUST:
    case TALLY_EVENT_TRANSFER:
        return adjust(play, stored);
    case TALLY_EVENT_BLOCK: /* it was blocked all the same */
    case TALLY_EVENT_STANDING: {
        struct tally_event event = *stored;
        return take(play, &event, stored);
    }
    case TALLY_EVENT_GRANT:
        return play->run->is_one_terminal ? come_in(play, stored) : TALLY_OK;
    case TALLY_EVENT_CARD:
    case TALLY_EVENT_HOLD: /* from one drawer to another, or set aside: there is but one here */
    case TALLY_EVENT_RELEASE:
        break;
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ what came of it */

static enum tally_status side_add(const struct tally_programme *programme,
                                  const struct tally_account *account, int64_t now_ms,
                                  struct dry_run_side *side, int64_t *ret_worth_minor)
{
    int32_t day = tally_programme_day(programme, now_ms);
    struct tally_balance balance = tally_account_balance(account, TALLY_PURSE_POINTS, day, now_ms);
    struct tally_purse totals = tally_account_purse(account, TALLY_PURSE_POINTS);
    struct tally_tier_view tier = tally_tier_of(account, programme, day);
    int64_t points = balance.usable + balance.debt + balance.pending + balance.held, worth = 0;
    TALLY_TRY(tally_programme_value(programme, tier.tier, points, &worth));
    side->tiers[tier.tier]++;
    side->debt += balance.debt;
    TALLY_TRY(tally_add(side->points, points, &side->points));
    TALLY_TRY(tally_add(side->liability_minor, worth, &side->liability_minor));
    TALLY_TRY(tally_add(side->earned, totals.earned, &side->earned));
    TALLY_TRY(tally_add(side->redeemed, totals.redeemed, &side->redeemed));
    TALLY_TRY(tally_add(side->expired, totals.expired + balance.lapsed, &side->expired));
    *ret_worth_minor = worth;
    return TALLY_OK;
}

/* Keeps a list of those who differ most, most first. */
static void list_add(struct dry_run_member *list, struct dry_run_member member)
{
    int64_t size = member.more_minor < 0 ? -member.more_minor : member.more_minor;
    for (size_t i = 0; i < DRY_RUN_LISTED; i++) {
        int64_t there = list[i].more_minor < 0 ? -list[i].more_minor : list[i].more_minor;
        if (list[i].account == 0 || there < size) {
            struct dry_run_member pushed = list[i];
            list[i] = member;
            if (pushed.account == 0) {
                return;
            }
            member = pushed;
            size = there;
        }
    }
}

static enum tally_status settle(struct play *play)
{
    struct dry_run *run = play->run;
    int64_t was_minor = 0, would_minor = 0;
    if (play->was.account.id == 0 || play->was.account.merged_into != 0) {
        return TALLY_OK; /* nothing happened to it, or it went on in another account */
    }
    TALLY_TRY(side_add(run->was, &play->was.account, run->now_ms, &run->before, &was_minor));
    TALLY_TRY(side_add(run->would, &play->would.account, run->now_ms, &run->after, &would_minor));
    run->accounts++;
    struct dry_run_member member = {play->was.account.id,
                                    play->more_minor + would_minor - was_minor};
    if (member.more_minor > 0) {
        run->winners++;
        list_add(run->won, member);
    } else if (member.more_minor < 0) {
        run->losers++;
        list_add(run->lost, member);
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ public */

enum tally_status dry_run_start(struct dry_run *run, const struct tally_programme *was,
                                const struct tally_programme *would, int64_t now_ms)
{
    assert(run != NULL);
    assert(was != NULL);
    assert(would != NULL);

    *run = (struct dry_run){.was = was, .would = would, .now_ms = now_ms};
    run->before.tiers = tally_alloc(was->tiers.tier_count, sizeof *run->before.tiers);
    run->after.tiers = tally_alloc(would->tiers.tier_count, sizeof *run->after.tiers);
    if (run->before.tiers == NULL || run->after.tiers == NULL) {
        dry_run_free(run);
        return TALLY_E_NO_MEMORY;
    }
    return TALLY_OK;
}

enum tally_status dry_run_account(struct dry_run *run, const struct tally_event *const *events,
                                  size_t count)
{
    assert(run != NULL);

    struct play *play = tally_alloc(1, sizeof *play);
    if (play == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    play->run = run;
    tally_account_clear(&play->was.account);
    tally_account_clear(&play->would.account);
    enum tally_status status = TALLY_OK;
    for (size_t i = 0; i < count && status == TALLY_OK; i++) {
        bool confirms = events[i]->type == TALLY_EVENT_GRANT && !run->is_one_terminal &&
                        events[i]->id.terminal != TALLY_TERMINAL_HQ;
        if (!confirms) {
            status = tally_book_apply(&play->was, events[i]);
        }
        if (status == TALLY_E_POINTS_SHORT || status == TALLY_E_INVALID ||
            status == TALLY_E_NOT_FOUND) {
            status = TALLY_E_STORE_DAMAGED;
        }
        if (status == TALLY_OK) {
            status = again(play, events[i]);
        }
    }
    if (status == TALLY_OK) {
        status = settle(play);
    }
    play_free(play);
    return status;
}

void dry_run_free(struct dry_run *run)
{
    tally_free(run->before.tiers);
    tally_free(run->after.tiers);
    *run = (struct dry_run){.accounts = 0};
}
