/* SPDX-License-Identifier: Apache-2.0 */
/* What tills do with baskets: sales and what they would come to, voids, refunds and holds. */
#include "app/story/run.h"

#include "app/base/alloc.h"
#include "app/core/reversal.h"

#include <assert.h>

enum { MILLI_DECIMALS = 3, MILLI = 1000 };

/* A basket in the making; its arrays are owned. */
struct basket_of {
    struct tally_basket basket;
    struct tally_line *lines;
    struct tally_tender *tenders;
    struct tally_slice *codes;
    struct tally_claim *claims;
};

/* ------------------------------------------------------------------ baskets */

static void basket_free(struct basket_of *made)
{
    tally_free(made->lines);
    tally_free(made->tenders);
    tally_free(made->codes);
    tally_free(made->claims);
}

/* "0.435" as 435; at most three decimals. */
static int64_t milli_of(const struct story_amount *quantity)
{
    int64_t milli = quantity->digits;
    for (uint32_t i = quantity->decimals; i < MILLI_DECIMALS; i++) {
        milli *= 10;
    }
    return milli;
}

static enum tally_status fill_line(struct run *run, const struct story_step *step,
                                   const struct story_line *told, struct tally_line *line)
{
    *line = (struct tally_line){.sku = told->sku,
                                .categories = told->categories,
                                .quantity_milli = milli_of(&told->quantity)};
    TALLY_TRY(run_minor(run, step, &told->tax, &line->tax_minor));
    TALLY_TRY(run_minor(run, step, &told->discount, &line->discount_minor));
    TALLY_TRY(run_minor(run, step, &told->amount, &line->amount_minor));
    if (!told->is_each) {
        return TALLY_OK;
    }
    int64_t whole = 0;
    if (tally_multiply(line->amount_minor, line->quantity_milli, &whole) != TALLY_OK) {
        return story_complain(run->problem, step->line, "the basket is too large");
    }
    if (whole % MILLI != 0) {
        return story_complain(run->problem, step->line,
                              "that is no whole amount: write it, and quantity= behind it");
    }
    line->amount_minor = whole / MILLI;
    return TALLY_OK;
}

static enum tally_status fill_tenders(struct run *run, const struct story_step *step,
                                      struct basket_of *made)
{
    for (size_t i = 0; i < step->tenders.count; i++) {
        const struct story_tender *told = &run->story->tenders[step->tenders.first + i];
        made->tenders[i].kind = told->kind;
        TALLY_TRY(run_minor(run, step, &told->amount, &made->tenders[i].amount_minor));
    }
    return TALLY_OK;
}

/* In rising order, each once, as a basket has them. */
static void add_claim(struct basket_of *made, uint32_t reward, uint32_t times)
{
    size_t at = 0, count = made->basket.claim_count;
    while (at < count && made->claims[at].reward < reward) {
        at++;
    }
    if (at < count && made->claims[at].reward == reward) {
        uint32_t left = UINT32_MAX - made->claims[at].times;
        made->claims[at].times += times < left ? times : left;
        return;
    }
    for (size_t i = count; i > at; i--) {
        made->claims[i] = made->claims[i - 1];
    }
    made->claims[at] = (struct tally_claim){reward, times};
    made->basket.claim_count++;
}

static enum tally_status fill_basket(struct run *run, const struct story_step *step,
                                     struct basket_of *made)
{
    const struct story *story = run->story;
    for (size_t i = 0; i < step->lines.count; i++) {
        TALLY_TRY(fill_line(run, step, &story->lines[step->lines.first + i], &made->lines[i]));
    }
    TALLY_TRY(fill_tenders(run, step, made));
    struct tally_slice codes = step->codes, code = {NULL, 0};
    size_t code_count = 0;
    while (story_next_of(&codes, &code)) {
        made->codes[code_count] = code;
        code_count++;
    }
    for (size_t i = 0; i < step->claims.count; i++) {
        const struct story_claim *told = &story->claims[step->claims.first + i];
        add_claim(made, tally_word_id(told->reward.data, told->reward.len), told->times);
    }
    made->basket.lines = made->lines;
    made->basket.line_count = step->lines.count;
    made->basket.tenders = made->tenders;
    made->basket.tender_count = step->tenders.count;
    made->basket.codes = made->codes;
    made->basket.code_count = code_count;
    made->basket.claims = made->claims;
    made->basket.channel = step->channel;
    made->basket.shop = run->shop.tills[step->till].shop;
    made->basket.points = step->points;
    return TALLY_OK;
}

/* Free it in any case. */
static enum tally_status make_basket(struct run *run, const struct story_step *step,
                                     struct basket_of *made)
{
    *made = (struct basket_of){
        .lines = tally_alloc(step->lines.count, sizeof *made->lines),
        .tenders = tally_alloc(step->tenders.count, sizeof *made->tenders),
        .codes = tally_alloc(step->codes.len, sizeof *made->codes),
        .claims = tally_alloc(step->claims.count, sizeof *made->claims),
    };
    if (made->lines == NULL || made->tenders == NULL || made->codes == NULL ||
        made->claims == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    return fill_basket(run, step, made);
}

/* ------------------------------------------------------------------ occasions */

struct stock_of {
    const struct run *run;
    uint32_t till;
};

static int64_t stock_left(void *context, uint32_t id)
{
    const struct stock_of *stock = context;
    const struct tally_reward *reward = tally_programme_reward(stock->run->programme, id);
    return reward == NULL ? 0 : shop_stock(&stock->run->shop, stock->till, reward);
}

static struct shop_event *find_event(const struct run *run, enum tally_event_type type,
                                     uint32_t till, struct tally_slice ref)
{
    for (size_t i = run->shop.event_count; i-- > 0;) {
        struct shop_event *event = run->shop.events[i];
        if (event->is_committed && event->event.type == type &&
            (till == TALLY_TERMINAL_HQ || event->event.id.terminal == till) &&
            story_same(tally_event_ref(&event->event), ref)) {
            return event;
        }
    }
    return NULL;
}

static struct tally_occasion occasion_of(const struct run *run, const struct story_step *step,
                                         struct stock_of *stock)
{
    const struct run_member *member = &run->members[step->member];
    const struct shop_event *hold =
        step->hold.len == 0 ? NULL : find_event(run, TALLY_EVENT_HOLD, step->till, step->hold);
    *stock = (struct stock_of){run, step->till};
    return (struct tally_occasion){.terminal = step->till,
                                   .now_ms = run->now_ms,
                                   .day = run->day,
                                   .minute = run->minute,
                                   .member = (uint64_t)step->member + 1,
                                   .birth_month = member->birth_month,
                                   .birth_day = member->birth_day,
                                   .hold = hold == NULL ? (step->hold.len > 0 ? UINT64_MAX : 0)
                                                        : hold->event.id.seq,
                                   .stock = stock_left,
                                   .stock_context = stock};
}

/* What the basket would come to now; the arrays of outcome->quote are in the shop's room. */
static enum tally_status quote(struct run *run, const struct story_step *step,
                               const struct tally_basket *basket, struct outcome *outcome)
{
    const struct tally_account *account = shop_account(&run->shop, step->till, step->member);
    struct stock_of stock;
    const struct tally_occasion occasion = occasion_of(run, step, &stock);
    size_t len = tally_sale_room(run->programme, account, basket);
    void *room = shop_room(&run->shop, len);
    if (room == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    outcome->status =
        tally_sale_quote(run->programme, account, basket, &occasion, room, len, &outcome->quote);
    outcome->has_quote = outcome->status == TALLY_OK;
    return TALLY_OK;
}

/* redeem=most: what the till offers, and no more. */
static enum tally_status set_most(struct run *run, const struct story_step *step,
                                  struct basket_of *made, struct outcome *outcome)
{
    if (!step->redeems_most) {
        return TALLY_OK;
    }
    TALLY_TRY(quote(run, step, &made->basket, outcome));
    if (outcome->has_quote) {
        bool is_alone = step->offline || step->no_draw;
        made->basket.points =
            is_alone ? outcome->quote.redeemable_here : outcome->quote.redeemable_online;
    }
    return TALLY_OK;
}

enum tally_status run_ask(struct run *run, const struct story_step *step, struct outcome *outcome)
{
    struct basket_of made = {0};
    TALLY_TRY(run_find_member(run, step, &outcome->status));
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    enum tally_status status = make_basket(run, step, &made);
    if (status == TALLY_OK) {
        status = set_most(run, step, &made, outcome);
    }
    if (status == TALLY_OK && outcome->status == TALLY_OK) {
        status = quote(run, step, &made.basket, outcome);
    }
    basket_free(&made);
    return status;
}

/* ------------------------------------------------------------------ sales */

/* Units of another purse that the rewards of a quote cost beyond what is here. */
static int64_t missing_of(const struct run *run, const struct story_step *step, uint32_t purse,
                          const struct tally_quote *quoted)
{
    const struct tally_account *account = shop_account(&run->shop, step->till, step->member);
    int64_t missing = -tally_account_in_drawer(account, purse, step->till, run->day, run->now_ms);
    for (size_t i = 0; i < quoted->taken_count; i++) {
        const struct tally_reward *reward = &run->programme->rewards[quoted->taken[i].reward];
        missing += reward->cost_purse == purse ? quoted->taken[i].cost : 0;
    }
    return missing;
}

/* As a terminal: what the drawer lacks is drawn, if the rules and the balance let it be spent. */
static enum tally_status draw_missing(struct run *run, const struct story_step *step,
                                      const struct tally_basket *basket, struct outcome *outcome,
                                      int64_t *ret_drew)
{
    int64_t drew = 0;
    TALLY_TRY(quote(run, step, basket, outcome));
    if (!outcome->has_quote || step->offline || step->no_draw) {
        return TALLY_OK;
    }
    const struct tally_quote quoted = outcome->quote;
    if (quoted.missing_here > 0) {
        TALLY_TRY(shop_draw(&run->shop, step->till, step->member, TALLY_PURSE_POINTS,
                            quoted.missing_here, run->now_ms, ret_drew));
    }
    for (size_t i = 0; i < run->programme->purse_count; i++) {
        uint32_t purse = run->programme->purses[i].id;
        int64_t missing = missing_of(run, step, purse, &quoted);
        if (missing > 0) {
            TALLY_TRY(shop_draw(&run->shop, step->till, step->member, purse, missing, run->now_ms,
                                &drew));
        }
    }
    return TALLY_OK;
}

static enum tally_status sell(struct run *run, const struct story_step *step,
                              const struct tally_basket *basket, int64_t drew,
                              struct outcome *outcome)
{
    const struct tally_account *account = shop_account(&run->shop, step->till, step->member);
    struct tally_event event = {0};
    struct stock_of stock;
    const struct tally_occasion occasion = occasion_of(run, step, &stock);
    size_t len = tally_sale_room(run->programme, account, basket);
    void *room = shop_room(&run->shop, len);
    if (room == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    outcome->status = tally_sale_plan(run->programme, account, basket, &occasion, room, len, &event,
                                      &outcome->quote);
    outcome->has_quote = outcome->status == TALLY_OK;
    if (outcome->status == TALLY_OK) {
        run_guard(run, step, &event, outcome);
    }
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    struct shop_event *sold = NULL;
    event.as.sale.ref = step->ref;
    event.as.sale.cashier = step->cashier;
    TALLY_TRY(run_commit(run, step->till, step->member, &event, outcome, &sold));
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    sold->drew = drew;
    sold->quote = outcome->quote;
    outcome->event = sold;
    return run_count_cashier(run, step, &sold->event);
}

static enum tally_status buy(struct run *run, const struct story_step *step, struct basket_of *made,
                             struct outcome *outcome)
{
    int64_t drew = 0;
    TALLY_TRY(set_most(run, step, made, outcome));
    const struct shop_event *before =
        step->ref.len > 0 ? find_event(run, TALLY_EVENT_SALE, step->till, step->ref) : NULL;
    if (before != NULL) {
        outcome->again =
            tally_sale_is_repeat(&before->event, (uint64_t)step->member + 1, &made->basket);
        outcome->status = outcome->again ? TALLY_OK : TALLY_E_EXISTS;
        outcome->event = outcome->again ? before : NULL;
        outcome->has_quote = false;
        return TALLY_OK;
    }
    if (outcome->status == TALLY_OK) {
        TALLY_TRY(draw_missing(run, step, &made->basket, outcome, &drew));
    }
    return outcome->status == TALLY_OK ? sell(run, step, &made->basket, drew, outcome) : TALLY_OK;
}

enum tally_status run_buy(struct run *run, const struct story_step *step, struct outcome *outcome)
{
    struct basket_of made = {0};
    TALLY_TRY(run_find_member(run, step, &outcome->status));
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    enum tally_status status = make_basket(run, step, &made);
    if (status == TALLY_OK) {
        status = buy(run, step, &made, outcome);
    }
    basket_free(&made);
    return status;
}

/* ------------------------------------------------------------------ voids and refunds */

/* The sale that a line is about, if this till can know it: its own, or one that is at head
 * office. */
static struct shop_event *sale_known_at(struct run *run, const struct story_step *step,
                                        uint32_t till)
{
    struct shop_event *sold = find_event(run, TALLY_EVENT_SALE, till, step->sale);
    if (sold == NULL && step->verb == STORY_REFUND && !step->offline) {
        sold = find_event(run, TALLY_EVENT_SALE, TALLY_TERMINAL_HQ, step->sale);
        sold = sold != NULL && sold->is_at_hq ? sold : NULL;
    }
    return sold;
}

static bool is_anything_back(const struct shop_event *sold)
{
    for (size_t i = 0; i < sold->event.as.sale.basket.line_count; i++) {
        if (sold->returned_milli[i] > 0) {
            return true;
        }
    }
    return false;
}

static struct tally_refund_request request_of(const struct run *run, const struct shop_event *sold,
                                              uint32_t till)
{
    return (struct tally_refund_request){
        .sale = &sold->event, .terminal = till, .now_ms = run->now_ms, .day = run->day};
}

static enum tally_status reverse(struct run *run, const struct story_step *step,
                                 struct shop_event *sold,
                                 const struct tally_refund_request *request,
                                 struct outcome *outcome)
{
    const struct tally_account *account = shop_account(&run->shop, outcome->till, sold->member);
    struct tally_event event = {0};
    size_t len = tally_refund_room(account, request);
    void *room = shop_room(&run->shop, len);
    if (room == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    outcome->status = step->verb == STORY_VOID
                          ? tally_void_plan(run->programme, account, request, room, len, &event)
                          : tally_refund_plan(run->programme, account, request, room, len, &event);
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    struct shop_event *undone = NULL;
    event.as.reversal.ref = step->ref;
    event.as.reversal.cashier = step->cashier;
    TALLY_TRY(run_commit(run, outcome->till, sold->member, &event, outcome, &undone));
    outcome->event = outcome->status == TALLY_OK ? undone : NULL;
    return TALLY_OK;
}

enum tally_status run_void(struct run *run, const struct story_step *step, struct outcome *outcome)
{
    struct shop_event *sold = sale_known_at(run, step, outcome->till);
    if (sold == NULL) {
        outcome->status = TALLY_E_NOT_FOUND;
        return TALLY_OK;
    }
    outcome->member = sold->member;
    if (sold->is_voided || is_anything_back(sold)) {
        outcome->again = sold->is_voided;
        outcome->status = sold->is_voided ? TALLY_OK : TALLY_E_RULE;
        return TALLY_OK;
    }
    const struct tally_refund_request request = request_of(run, sold, outcome->till);
    TALLY_TRY(reverse(run, step, sold, &request, outcome));
    sold->is_voided = outcome->status == TALLY_OK;
    return TALLY_OK;
}

static int64_t left_of(const struct shop_event *sold, uint32_t line)
{
    const struct tally_basket *basket = &sold->event.as.sale.basket;
    return line < basket->line_count
               ? basket->lines[line].quantity_milli - sold->returned_milli[line]
               : 0;
}

/* What comes back: the lines that are told, or all that is left. `lines` has room for both. */
static size_t fill_returns(const struct run *run, const struct story_step *step,
                           const struct shop_event *sold, struct tally_returned_line *lines)
{
    size_t count = 0;
    for (size_t i = 0; i < step->returns.count; i++) {
        const struct story_return *told = &run->story->returns[step->returns.first + i];
        uint32_t line = told->line - 1;
        bool is_there = line < sold->event.as.sale.basket.line_count;
        lines[count].line = line;
        lines[count].quantity_milli =
            told->has_quantity ? milli_of(&told->quantity) : left_of(sold, line);
        lines[count].quantity_before_milli = is_there ? sold->returned_milli[line] : 0;
        count++;
    }
    for (uint32_t i = 0; i < sold->event.as.sale.basket.line_count && step->returns.count == 0;
         i++) {
        if (left_of(sold, i) > 0) {
            lines[count] =
                (struct tally_returned_line){i, left_of(sold, i), sold->returned_milli[i]};
            count++;
        }
    }
    return count;
}

static enum tally_status refund(struct run *run, const struct story_step *step,
                                struct shop_event *sold, struct tally_returned_line *lines,
                                struct outcome *outcome)
{
    struct tally_refund_request request = request_of(run, sold, outcome->till);
    request.lines = lines;
    request.line_count = fill_returns(run, step, sold, lines);
    if (request.line_count == 0) {
        outcome->status = TALLY_E_RULE; /* all of it is back */
        return TALLY_OK;
    }
    TALLY_TRY(reverse(run, step, sold, &request, outcome));
    for (size_t i = 0; i < request.line_count && outcome->status == TALLY_OK; i++) {
        sold->returned_milli[lines[i].line] += lines[i].quantity_milli;
    }
    return TALLY_OK;
}

enum tally_status run_refund(struct run *run, const struct story_step *step,
                             struct outcome *outcome)
{
    struct shop_event *sold = sale_known_at(run, step, outcome->till);
    const struct shop_event *before =
        step->ref.len == 0 ? NULL : find_event(run, TALLY_EVENT_REFUND, outcome->till, step->ref);
    if (sold == NULL || shop_account(&run->shop, outcome->till, sold->member) == NULL) {
        outcome->status = TALLY_E_NOT_FOUND;
        return TALLY_OK;
    }
    outcome->member = sold->member;
    if (before != NULL || sold->is_voided) {
        outcome->again = before != NULL && before->sale == sold;
        outcome->event = outcome->again ? before : NULL;
        outcome->status = outcome->again   ? TALLY_OK
                          : before != NULL ? TALLY_E_EXISTS
                                           : TALLY_E_RULE;
        return TALLY_OK;
    }
    size_t room = sold->event.as.sale.basket.line_count + step->returns.count;
    struct tally_returned_line *lines = tally_alloc(room, sizeof *lines);
    if (lines == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = refund(run, step, sold, lines, outcome);
    tally_free(lines);
    return status;
}

/* ------------------------------------------------------------------ holds */

enum tally_status run_hold(struct run *run, const struct story_step *step, struct outcome *outcome)
{
    struct tally_moment moment = run_moment(run, step->till);
    struct tally_bonus_room room = run_room(run);
    struct tally_event event = {0};
    struct shop_event *kept = NULL;
    int64_t drew = 0;
    const struct shop_event *before =
        step->ref.len > 0 ? find_event(run, TALLY_EVENT_HOLD, step->till, step->ref) : NULL;
    TALLY_TRY(run_find_member(run, step, &outcome->status));
    if (outcome->status == TALLY_OK && before != NULL) {
        outcome->again = before->member == step->member;
        outcome->status = outcome->again ? TALLY_OK : TALLY_E_EXISTS;
        return TALLY_OK;
    }
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    const struct tally_account *account = shop_account(&run->shop, step->till, step->member);
    outcome->status =
        tally_hold_plan(run->programme, account, step->points, &moment, &room, &event);
    if (outcome->status == TALLY_E_POINTS_SHORT && !step->offline && !step->no_draw) {
        int64_t here =
            tally_account_in_drawer(account, TALLY_PURSE_POINTS, step->till, run->day, run->now_ms);
        TALLY_TRY(shop_draw(&run->shop, step->till, step->member, TALLY_PURSE_POINTS,
                            step->points - here, run->now_ms, &drew));
        outcome->status =
            tally_hold_plan(run->programme, account, step->points, &moment, &room, &event);
    }
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    event.as.hold.ref = step->ref;
    event.as.hold.cashier = step->cashier;
    TALLY_TRY(run_commit(run, step->till, step->member, &event, outcome, &kept));
    if (outcome->status == TALLY_OK) {
        kept->drew = drew;
        outcome->event = kept;
    }
    return TALLY_OK;
}

enum tally_status run_release(struct run *run, const struct story_step *step,
                              struct outcome *outcome)
{
    struct tally_moment moment = run_moment(run, outcome->till);
    struct tally_bonus_room room = run_room(run);
    struct tally_event event = {0};
    struct shop_event *kept = NULL;
    const struct shop_event *held = find_event(run, TALLY_EVENT_HOLD, outcome->till, step->hold);
    if (held == NULL) {
        outcome->status = TALLY_E_NOT_FOUND;
        return TALLY_OK;
    }
    outcome->member = held->member;
    outcome->status = tally_release_plan(shop_account(&run->shop, outcome->till, held->member),
                                         held->event.id.seq, &moment, &room, &event);
    return outcome->status == TALLY_OK
               ? run_commit(run, outcome->till, held->member, &event, outcome, &kept)
               : TALLY_OK;
}

/* ------------------------------------------------------------------ tills */

uint32_t run_till_of(const struct run *run, const struct story_step *step)
{
    const struct shop_event *told = NULL;
    if (step->has_till) {
        return step->till;
    }
    if (step->verb == STORY_VOID || step->verb == STORY_REFUND) {
        told = find_event(run, TALLY_EVENT_SALE, TALLY_TERMINAL_HQ, step->sale);
    } else if (step->verb == STORY_RELEASE) {
        told = find_event(run, TALLY_EVENT_HOLD, TALLY_TERMINAL_HQ, step->hold);
    }
    return told != NULL ? told->event.id.terminal : step->till;
}
