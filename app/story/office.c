/* SPDX-License-Identifier: Apache-2.0 */
/* What head office gives, moves and settles: adjustments, tiers, awards, transfers, nights,
 * surprises and clearing. */
#include "app/story/run.h"

#include "app/base/alloc.h"
#include "app/crypto/crypto.h"

/* ------------------------------------------------------------------ points */

/* Points into a drawer, or out of it. */
static enum tally_status adjust(struct run *run, const struct story_step *step,
                                const struct tally_adjust_request *request, const char *reason,
                                struct outcome *outcome)
{
    struct tally_moment moment = run_moment(run, step->till);
    struct tally_bonus_room room = run_room(run);
    struct tally_event event = {0};
    struct shop_event *kept = NULL;
    outcome->status =
        tally_adjust_plan(run->programme, shop_account(&run->shop, step->till, step->member),
                          request, &moment, &room, &event);
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    event.as.adjust.drawer = request->drawer;
    event.as.adjust.reason = run_text_or(step->reason, reason);
    event.as.adjust.who = run_text_or(step->by, "story");
    event.as.adjust.second = step->second;
    if (step->verb == STORY_GETS) {
        run_guard(run, step, &event, outcome);
    }
    return outcome->status == TALLY_OK
               ? run_commit(run, step->till, step->member, &event, outcome, &kept)
               : TALLY_OK;
}

/* An opening balance, as head office takes one over from another scheme. */
enum tally_status run_bring(struct run *run, const struct story_step *step, struct outcome *outcome)
{
    struct tally_adjust_request request = {.drawer = TALLY_TERMINAL_HQ, .points = step->points};
    const struct tally_tier_rules *tiers = &run->programme->tiers;
    bool counts_points = tiers->tier_count > 1 && tiers->tiers[1].condition_count > 0 &&
                         tiers->tiers[1].conditions[0].metric == TALLY_METRIC_POINTS;
    if (shop_account(&run->shop, TALLY_TERMINAL_HQ, step->member) == NULL) {
        outcome->status = TALLY_E_NOT_FOUND;
        return TALLY_OK;
    }
    TALLY_TRY(run_purse(run, step->line, step->purse, &request.purse));
    request.expires_day = step->expires_day == INT32_MIN ? 0 : step->expires_day;
    if (counts_points && step->counts.decimals > 0) {
        return story_complain(run->problem, step->line, "the tiers count whole points");
    }
    if (counts_points) {
        request.tier_points = step->counts.digits;
    } else {
        TALLY_TRY(run_minor(run, step, &step->counts, &request.spend_minor));
    }
    if (request.points == 0 && step->counts.digits == 0) {
        return TALLY_OK; /* nothing to take over */
    }
    return adjust(run, step, &request, "opening balance", outcome);
}

static enum tally_status get_points(struct run *run, const struct story_step *step,
                                    struct outcome *outcome)
{
    struct tally_adjust_request request = {.drawer = step->till, .points = step->points};
    TALLY_TRY(run_purse(run, step->line, step->purse, &request.purse));
    request.expires_day = step->expires_day == INT32_MIN ? 0 : step->expires_day;
    return adjust(run, step, &request, "a gesture", outcome);
}

static enum tally_status get_tier(struct run *run, const struct story_step *step,
                                  struct outcome *outcome)
{
    struct tally_moment moment = run_moment(run, step->till);
    struct tally_event event = {0};
    struct shop_event *kept = NULL;
    bool is_none = story_is(step->tier, "none");
    size_t tier = is_none ? 0
                          : tally_programme_tier_index(
                                run->programme, tally_word_id(step->tier.data, step->tier.len));
    if (tier == run->programme->tiers.tier_count) {
        return story_complain(run->problem, step->line, "the programme has no tier '%.*s'",
                              (int)step->tier.len, (const char *)step->tier.data);
    }
    outcome->status = tally_standing_plan(
        run->programme, shop_account(&run->shop, step->till, step->member), tier,
        step->until_day == INT32_MIN ? TALLY_DAY_NEVER : step->until_day, &moment, &event);
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    event.as.given.reason = run_text_or(step->reason, "a gesture");
    event.as.given.who = run_text_or(step->by, "story");
    return run_commit(run, step->till, step->member, &event, outcome, &kept);
}

enum tally_status run_get(struct run *run, const struct story_step *step, struct outcome *outcome)
{
    const struct tally_award_request request = {
        .award = tally_word_id(step->award.data, step->award.len)};
    if (shop_account(&run->shop, step->till, step->member) == NULL) {
        outcome->status = TALLY_E_UNKNOWN_CARD;
        return TALLY_OK;
    }
    if (step->award.len > 0) {
        return run_award(run, step->till, step->member, &request, &outcome->status);
    }
    return step->tier.len > 0 ? get_tier(run, step, outcome) : get_points(run, step, outcome);
}

/* ------------------------------------------------------------------ transfers */

enum tally_status run_give(struct run *run, const struct story_step *step, struct outcome *outcome)
{
    const struct tally_account *from = shop_account(&run->shop, TALLY_TERMINAL_HQ, step->member);
    const struct tally_account *to = shop_account(&run->shop, TALLY_TERMINAL_HQ, step->other);
    struct tally_moment moment = run_moment(run, TALLY_TERMINAL_HQ);
    struct tally_bonus_room room = run_room(run);
    struct tally_event sent = {0}, received = {0};
    struct shop_event *kept = NULL, *kept_too = NULL;
    if (from == NULL || to == NULL) {
        outcome->status = TALLY_E_NOT_FOUND;
        return TALLY_OK;
    }
    outcome->status =
        tally_transfer_plan(run->programme, from, to->id, step->points, &moment, &room, &sent);
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    sent.as.transfer.reason = run_text_or(step->reason, "a gift");
    sent.as.transfer.who = run_text_or(step->by, "story");
    TALLY_TRY(run_commit(run, TALLY_TERMINAL_HQ, step->member, &sent, outcome, &kept));
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    outcome->status =
        tally_transfer_receive_plan(run->programme, &kept->event, &moment, &room, &received);
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    received.as.transfer.reason = sent.as.transfer.reason;
    received.as.transfer.who = sent.as.transfer.who;
    return run_commit(run, TALLY_TERMINAL_HQ, step->other, &received, outcome, &kept_too);
}

/* ------------------------------------------------------------------ awards */

enum tally_status run_award(struct run *run, uint32_t till, size_t member,
                            const struct tally_award_request *request,
                            enum tally_status *ret_status)
{
    struct tally_moment moment = run_moment(run, till);
    struct tally_bonus_room room = run_room(run);
    struct tally_event event = {0};
    struct outcome outcome = {.status = TALLY_OK};
    struct shop_event *kept = NULL;
    *ret_status = tally_award_plan(run->programme, shop_account(&run->shop, till, member), request,
                                   &moment, &room, &event);
    if (*ret_status != TALLY_OK) {
        return TALLY_OK;
    }
    TALLY_TRY(run_commit(run, till, member, &event, &outcome, &kept));
    *ret_status = outcome.status;
    return TALLY_OK;
}

static struct tally_surprise_state *state_of(struct run *run, uint32_t award)
{
    for (size_t i = 0; i < run->surprise_count; i++) {
        if (run->surprises[i].award == award) {
            return &run->surprises[i].state;
        }
    }
    struct run_surprise *grown = story_one_more(run->surprises, run->surprise_count, sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    run->surprises = grown;
    run->surprises[run->surprise_count] = (struct run_surprise){.award = award};
    run->surprise_count++;
    return &run->surprises[run->surprise_count - 1].state;
}

/* The draw of one sale: as head office's, but for the chain hash, in whose place the sale's id
 * stands: a story has no chain. */
static enum tally_status draw_bytes(const struct run *run, const struct tally_event *sale,
                                    uint8_t ret_draw[TALLY_HASH_LEN])
{
    uint8_t id[16], key[TALLY_HASH_LEN], name[TALLY_HASH_LEN];
    const struct tally_slice seed = run->seed, told = {id, sizeof id};
    tally_store_le(id, 4, sale->id.terminal);
    tally_store_le(id + 4, 4, sale->id.epoch);
    tally_store_le(id + 8, 8, sale->id.seq);
    TALLY_TRY(tally_sha256(&seed, 1, key));
    TALLY_TRY(tally_sha256(&told, 1, name));
    return tally_hmac(key, (struct tally_slice){name, sizeof name}, ret_draw);
}

static enum tally_status draw_surprises(struct run *run, struct shop_event *sold)
{
    uint8_t draw[TALLY_HASH_LEN];
    for (size_t i = 0; i < run->programme->award_count; i++) {
        const struct tally_award_rule *award = &run->programme->awards[i];
        struct tally_award_request request = {.award = award->id, .why = sold->event.id};
        enum tally_status status = TALLY_OK;
        if (award->kind != TALLY_AWARD_SURPRISE || run->seed.len == 0) {
            continue;
        }
        struct tally_surprise_state *state = state_of(run, award->id);
        if (state == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        TALLY_TRY(draw_bytes(run, &sold->event, draw));
        if (tally_surprise_draw(award, draw, &sold->event, state, &request.points) != TALLY_OK ||
            request.points == 0) {
            continue;
        }
        TALLY_TRY(run_award(run, TALLY_TERMINAL_HQ, sold->member, &request, &status));
        sold->surprise +=
            status == TALLY_OK && award->purse == TALLY_PURSE_POINTS ? request.points : 0;
    }
    return TALLY_OK;
}

/* Who brought this account: a member whose account is another one now; SIZE_MAX: nobody. */
static size_t brought_by(const struct run *run, uint64_t account)
{
    size_t brought = run->members[account - 1].brought;
    const struct tally_account *referrer =
        brought == SIZE_MAX ? NULL : shop_account(&run->shop, TALLY_TERMINAL_HQ, brought);
    return referrer == NULL || referrer->id == account ? SIZE_MAX : brought;
}

static enum tally_status pay_referral(struct run *run, const struct shop_event *sold)
{
    size_t referrer = brought_by(run, sold->event.account);
    for (size_t i = 0; i < run->programme->award_count && referrer != SIZE_MAX; i++) {
        const struct tally_award_rule *award = &run->programme->awards[i];
        struct tally_award_request request = {.award = award->id, .why = sold->event.id};
        enum tally_status status = TALLY_OK;
        if (!tally_award_is_paid_by(award, &sold->event)) {
            continue;
        }
        if (award->kind == TALLY_AWARD_REFERRER) {
            request.other = sold->event.account;
            TALLY_TRY(run_award(run, TALLY_TERMINAL_HQ, referrer, &request, &status));
        } else if (award->kind == TALLY_AWARD_REFERRED) {
            TALLY_TRY(run_award(run, TALLY_TERMINAL_HQ, sold->member, &request, &status));
        }
    }
    return TALLY_OK;
}

static bool is_for_sale(const struct shop_event *award, const struct tally_event_id *sale)
{
    const struct tally_event_id *why = &award->event.as.award.why;
    return award->event.type == TALLY_EVENT_AWARD && award->is_at_hq && why->seq == sale->seq &&
           why->epoch == sale->epoch && why->terminal == sale->terminal && sale->seq != 0;
}

/* As much of one award as its sale is back. */
static enum tally_status take_award_back(struct run *run, struct shop_event *award,
                                         const struct shop_event *sold,
                                         const struct tally_returned_line *lines)
{
    struct tally_moment moment = run_moment(run, TALLY_TERMINAL_HQ);
    struct tally_bonus_room room = run_room(run);
    struct outcome outcome = {.status = TALLY_OK};
    struct shop_event *kept = NULL;
    struct tally_event event = {0};
    const struct tally_move *given = award->event.effects.moves;
    uint32_t purse = award->event.effects.move_count > 0 ? given[0].purse : TALLY_PURSE_POINTS;
    int64_t back = 0, points = tally_event_points(&award->event, purse, TALLY_MOVE_EARN);
    if (tally_award_points_back(&sold->event, lines, sold->event.as.sale.basket.line_count,
                                sold->is_voided, points, &back) != TALLY_OK ||
        back <= award->taken_back) {
        return TALLY_OK;
    }
    const struct tally_account *account =
        shop_account_of(&run->shop, TALLY_TERMINAL_HQ, (size_t)award->event.account - 1);
    if (tally_award_back_plan(run->programme, account, purse, back - award->taken_back, &moment,
                              &room, &event) != TALLY_OK) {
        return TALLY_OK;
    }
    event.as.adjust.reason = tally_slice_text("the sale that brought it was undone");
    event.as.adjust.who = tally_slice_text("head office");
    TALLY_TRY(run_commit(run, TALLY_TERMINAL_HQ, award->member, &event, &outcome, &kept));
    award->taken_back = outcome.status == TALLY_OK ? back : award->taken_back;
    return TALLY_OK;
}

static enum tally_status take_awards_back(struct run *run, const struct shop_event *sold)
{
    size_t count = sold->event.as.sale.basket.line_count;
    struct tally_returned_line *lines = tally_alloc(count, sizeof *lines);
    enum tally_status status = lines == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
    for (size_t i = 0; i < count && status == TALLY_OK; i++) {
        lines[i] = (struct tally_returned_line){.line = (uint32_t)i,
                                                .quantity_before_milli = sold->returned_milli[i]};
    }
    size_t event_count = run->shop.event_count; /* what this brings about comes behind */
    for (size_t i = 0; i < event_count && status == TALLY_OK; i++) {
        if (is_for_sale(run->shop.events[i], &sold->event.id)) {
            status = take_award_back(run, run->shop.events[i], sold, lines);
        }
    }
    tally_free(lines);
    return status;
}

enum tally_status run_arrivals(struct run *run)
{
    for (size_t i = 0; i < run->shop.arrived_count; i++) {
        struct shop_event *arrived = run->shop.arrived[i];
        if (arrived->sale != NULL) {
            TALLY_TRY(take_awards_back(run, arrived->sale));
        } else {
            TALLY_TRY(pay_referral(run, arrived));
            TALLY_TRY(draw_surprises(run, arrived));
        }
    }
    run->shop.arrived_count = 0;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ nights */

/* Counts as expired what has lapsed in head office's drawer. */
static enum tally_status lapse(struct run *run, size_t member)
{
    struct tally_moment moment = run_moment(run, TALLY_TERMINAL_HQ);
    struct tally_bonus_room room = run_room(run);
    struct outcome outcome = {.status = TALLY_OK};
    struct shop_event *kept = NULL;
    while (outcome.status == TALLY_OK) {
        struct tally_event event = {0};
        outcome.status = tally_lapse_plan(shop_account(&run->shop, TALLY_TERMINAL_HQ, member),
                                          TALLY_TERMINAL_HQ, &moment, &room, &event);
        if (outcome.status == TALLY_OK) {
            event.as.adjust.reason = tally_slice_text("lapsed");
            event.as.adjust.who = tally_slice_text("head office");
            TALLY_TRY(run_commit(run, TALLY_TERMINAL_HQ, member, &event, &outcome, &kept));
        }
    }
    return outcome.status == TALLY_E_NO_MEMORY ? TALLY_E_NO_MEMORY : TALLY_OK;
}

/* Birthdays of the day, and what comes once in each period. */
static enum tally_status give_due(struct run *run, size_t member)
{
    const struct run_member *who = &run->members[member];
    bool is_birthday =
        (tally_birthday_bits(who->birth_month, who->birth_day, run->day) & TALLY_BIRTHDAY_DAY) != 0;
    for (size_t i = 0; i < run->programme->award_count; i++) {
        const struct tally_award_rule *award = &run->programme->awards[i];
        const struct tally_award_request request = {.award = award->id};
        enum tally_status status = TALLY_OK;
        bool is_due = award->kind == TALLY_AWARD_PERIOD ||
                      (award->kind == TALLY_AWARD_BIRTHDAY && is_birthday);
        if (is_due) {
            TALLY_TRY(run_award(run, TALLY_TERMINAL_HQ, member, &request, &status));
        }
    }
    return TALLY_OK;
}

enum tally_status run_night(struct run *run, const struct story_step *step, struct outcome *outcome)
{
    (void)step;
    (void)outcome;
    for (size_t i = 0; i < run->story->name_count; i++) {
        if (shop_account(&run->shop, TALLY_TERMINAL_HQ, i) != NULL) {
            TALLY_TRY(lapse(run, i));
            TALLY_TRY(give_due(run, i));
        }
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ clearing */

static enum tally_status say_payments(struct run *run)
{
    size_t count = run->programme->merchant_count, from = 0, to = 0;
    struct tally_clearing *left = tally_alloc(count + 1, sizeof *left);
    enum tally_status status = left == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
    int64_t minor = 0;
    for (size_t i = 0; i <= count && status == TALLY_OK; i++) {
        left[i] = run->merchants[i];
    }
    run->payments.len = 0;
    while (status == TALLY_OK && tally_clearing_next(run->programme, left, &from, &to, &minor)) {
        const char *payer = from == count ? "programme" : run->programme->merchants[from].code;
        const char *payee = to == count ? "programme" : run->programme->merchants[to].code;
        status =
            story_say(&run->payments, "%s%s>%s:", run->payments.len > 0 ? "," : "", payer, payee);
        if (status == TALLY_OK) {
            status = story_say_money(&run->payments, run->programme, minor);
        }
    }
    tally_free(left);
    TALLY_TRY(status);
    if (run->payments.len == 0) {
        TALLY_TRY(story_say(&run->payments, "none"));
    }
    return tally_buffer_append(&run->payments, "", 1);
}

enum tally_status run_clear(struct run *run, const struct story_step *step, struct outcome *outcome)
{
    size_t count = run->programme->merchant_count;
    (void)step;
    tally_free(run->merchants);
    run->merchants = tally_alloc(count + 1, sizeof *run->merchants);
    if (run->merchants == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < run->shop.event_count && outcome->status == TALLY_OK; i++) {
        const struct shop_event *event = run->shop.events[i];
        uint32_t shop = event->sale != NULL ? event->sale->shop : event->shop;
        if (event->is_at_hq) {
            outcome->status =
                tally_clearing_add(run->programme, run->merchants, &event->event, shop);
        }
    }
    if (outcome->status == TALLY_OK) {
        outcome->status = tally_clearing_settle(run->programme, run->merchants);
    }
    if (outcome->status == TALLY_OK) {
        TALLY_TRY(say_payments(run));
        outcome->merchants = run->merchants;
    }
    return TALLY_OK;
}
