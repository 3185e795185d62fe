/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a story: each step becomes what a terminal would ask of the engine, and an event. */
#include "app/story/outcome.h"

#include "app/base/alloc.h"

#include <assert.h>

enum { DAY_MINUTES = 24 * 60, CARD_SHOWN = 4, HANDLE_USED = 8 };

struct run {
    const struct story *story;
    const struct story_ports *ports;
    struct story_problem *problem;
    struct story_rules rules;
    struct shop shop;
    struct tally_card *cards;                /* by member; len 0: none */
    struct tally_buffer said;                /* what differs on this line */
    struct tally_buffer echo;                /* the line, masked */
    int64_t now_ms;                          /* of this line */
    int32_t day;                             /* its business day */
    const struct tally_programme *programme; /* in force */
};

static struct tally_slice text_slice(const char *text)
{
    return (struct tally_slice){(const uint8_t *)text, strlen(text)};
}

static enum tally_status minor_of(struct run *run, const struct story_step *step,
                                  const struct story_amount *amount, int64_t *ret_minor)
{
    if (outcome_minor(run->programme, amount, ret_minor) != TALLY_OK) {
        return story_complain(run->problem, step->line, "%s has no %u decimals",
                              run->programme->currency, (unsigned)amount->decimals);
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ cards and members */

static bool is_same_card(const struct tally_card *left, const struct tally_card *right)
{
    return left->len == right->len && left->kind == right->kind &&
           memcmp(left->bytes, right->bytes, left->len) == 0;
}

static enum tally_status card_of(const struct run *run, const struct story_step *step,
                                 struct tally_card *ret_card)
{
    char text[TALLY_CARD_LEN_MAX + 1];
    snprintf(text, sizeof text, "%.*s", (int)step->card.len, (const char *)step->card.data);
    return tally_card_from_typed(&run->programme->cards, text, ret_card);
}

/* Whose card it is, at a till that knows them; SIZE_MAX: nobody's. */
static size_t owner_of(struct run *run, uint32_t till, const struct tally_card *card)
{
    for (size_t i = 0; i < run->story->name_count; i++) {
        if (run->cards[i].len > 0 && is_same_card(&run->cards[i], card) &&
            shop_account(&run->shop, till, i)->id != 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Whether the till finds the member, by the card if one is shown.
 * In *ret_status: TALLY_OK, TALLY_E_UNKNOWN_CARD, statuses of tally_card_from_typed */
static enum tally_status find_member(struct run *run, const struct story_step *step,
                                     enum tally_status *ret_status)
{
    struct tally_card card = {0};
    enum tally_status status = TALLY_OK;
    size_t owner = step->member;
    if (step->card.len > 0) {
        status = card_of(run, step, &card);
        owner = status == TALLY_OK ? owner_of(run, step->till, &card) : owner;
    }
    if (status == TALLY_OK && owner != SIZE_MAX && owner != step->member) {
        return story_complain(run->problem, step->line, "this card is another member's");
    }
    if (status == TALLY_OK &&
        (owner == SIZE_MAX || shop_account(&run->shop, step->till, owner)->id == 0)) {
        status = TALLY_E_UNKNOWN_CARD;
    }
    *ret_status = status;
    return TALLY_OK;
}

static void begin(const struct run *run, struct shop_event *event)
{
    event->event.business_day = run->day;
    event->event.programme_version = run->programme->version;
}

static enum tally_status commit(struct run *run, uint32_t till, struct shop_event *event,
                                struct outcome *outcome)
{
    outcome->status = shop_commit(&run->shop, till, event, run->now_ms);
    return outcome->status == TALLY_E_NO_MEMORY ? TALLY_E_NO_MEMORY : TALLY_OK;
}

static enum tally_status do_enrol(struct run *run, const struct story_step *step,
                                  struct outcome *outcome)
{
    struct tally_card card = {0};
    if (shop_account(&run->shop, step->till, step->member)->id != 0) {
        return story_complain(run->problem, step->line, "this member has enrolled already");
    }
    if (step->card.len > 0) {
        outcome->status = card_of(run, step, &card);
        if (outcome->status == TALLY_OK && owner_of(run, step->till, &card) != SIZE_MAX) {
            outcome->status = TALLY_E_EXISTS;
        }
        if (outcome->status != TALLY_OK) {
            return TALLY_OK;
        }
    }
    struct shop_event *event = NULL;
    uint64_t id = (uint64_t)step->member + 1;
    TALLY_TRY(shop_event_new(&run->shop, TALLY_EVENT_ENROL, step->member, 0, 0, &event));
    begin(run, event);
    event->event.as.enrol = (struct tally_enrol){.account = id, .member = id};
    tally_store_le(event->event.as.enrol.handle, HANDLE_USED, id);
    TALLY_TRY(commit(run, step->till, event, outcome));
    if (outcome->status == TALLY_OK) {
        run->cards[step->member] = card;
    }
    return TALLY_OK;
}

/* An opening balance, as head office takes one over from another scheme. */
static enum tally_status do_bring(struct run *run, const struct story_step *step,
                                  struct outcome *outcome)
{
    struct shop_event *event = NULL;
    int64_t qualifying = 0;
    if (shop_account(&run->shop, TALLY_TERMINAL_HQ, step->member)->id == 0) {
        outcome->status = TALLY_E_NOT_FOUND;
        return TALLY_OK;
    }
    if (run->programme->tier_metric == TALLY_METRIC_SPEND) {
        TALLY_TRY(minor_of(run, step, &step->counts, &qualifying));
    } else if (step->counts.decimals > 0) {
        return story_complain(run->problem, step->line, "the tiers count whole points");
    } else {
        qualifying = step->counts.digits;
    }
    TALLY_TRY(shop_event_new(&run->shop, TALLY_EVENT_ADJUST, step->member, 0, 1, &event));
    begin(run, event);
    event->moves[0] = (struct tally_move){
        step->expires_day != INT32_MIN ? step->expires_day
                                       : tally_programme_expiry_day(run->programme, run->day),
        step->points};
    event->event.as.adjust = (struct tally_adjust){.account = (uint64_t)step->member + 1,
                                                   .drawer = TALLY_TERMINAL_HQ,
                                                   .points = step->points,
                                                   .moves = event->moves,
                                                   .move_count = step->points > 0 ? 1 : 0,
                                                   .qualifying = qualifying,
                                                   .reason = text_slice("opening balance"),
                                                   .who = text_slice("story")};
    return commit(run, TALLY_TERMINAL_HQ, event, outcome);
}

/* ------------------------------------------------------------------ baskets */

static enum tally_status fill_lines(struct run *run, const struct story_step *step,
                                    struct tally_line *lines, int64_t *ret_total_minor)
{
    int64_t total = 0;
    for (size_t i = 0; i < step->amounts.count; i++) {
        const struct story_amount *amount = &run->story->amounts[step->amounts.first + i];
        lines[i].quantity_milli = 1000;
        TALLY_TRY(minor_of(run, step, amount, &lines[i].amount_minor));
        if (tally_add(total, lines[i].amount_minor, &total) != TALLY_OK) {
            return story_complain(run->problem, step->line, "the basket is too large");
        }
    }
    *ret_total_minor = total;
    return TALLY_OK;
}

static enum tally_status do_ask(struct run *run, const struct story_step *step,
                                struct outcome *outcome)
{
    int64_t total = 0;
    TALLY_TRY(find_member(run, step, &outcome->status));
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    struct tally_line *lines = tally_alloc(step->amounts.count, sizeof *lines);
    if (lines == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = fill_lines(run, step, lines, &total);
    if (status == TALLY_OK) {
        const struct tally_basket basket = {lines, step->amounts.count};
        outcome->status =
            tally_sale_quote(run->programme, shop_account(&run->shop, step->till, step->member),
                             &basket, step->points, step->till, run->day, &outcome->quote);
        outcome->has_quote = outcome->status == TALLY_OK;
    }
    tally_free(lines);
    return status;
}

/* A sale with this reference; NULL: none. `till` of TALLY_TERMINAL_HQ: at whichever till. */
static struct shop_event *find_sale(const struct run *run, uint32_t till, struct tally_slice ref)
{
    for (size_t i = 0; i < run->shop.event_count; i++) {
        struct shop_event *event = run->shop.events[i];
        if (event->is_committed && event->event.type == TALLY_EVENT_SALE &&
            (till == TALLY_TERMINAL_HQ || event->event.id.terminal == till) &&
            story_same(event->event.as.sale.ref, ref)) {
            return event;
        }
    }
    return NULL;
}

/* As a terminal: what the drawer lacks is drawn, if the rules and the balance let it be spent. */
static enum tally_status draw_missing(struct run *run, const struct story_step *step,
                                      const struct tally_basket *basket, struct outcome *outcome,
                                      int64_t *ret_drew)
{
    const struct tally_account *account = shop_account(&run->shop, step->till, step->member);
    struct tally_quote quote;
    outcome->status = tally_sale_quote(run->programme, account, basket, step->points, step->till,
                                       run->day, &quote);
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    int64_t here = tally_account_in_drawer(account, step->till, run->day);
    if (step->points <= here || step->points > quote.redeemable_online || step->offline ||
        step->no_draw) {
        return TALLY_OK;
    }
    outcome->status =
        shop_draw(&run->shop, step->till, step->member, step->points - here, run->now_ms, ret_drew);
    return outcome->status == TALLY_E_NO_MEMORY ? TALLY_E_NO_MEMORY : TALLY_OK;
}

static enum tally_status sell(struct run *run, const struct story_step *step,
                              struct shop_event *sold, size_t move_cap, struct outcome *outcome)
{
    const struct tally_basket basket = {sold->lines, step->amounts.count};
    struct tally_sale *sale = &sold->event.as.sale;
    begin(run, sold);
    outcome->status =
        tally_sale_plan(run->programme, shop_account(&run->shop, step->till, step->member),
                        (uint64_t)step->member + 1, &basket, step->points, step->till, run->day,
                        sold->moves, move_cap, sale);
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    snprintf(sold->ref, sizeof sold->ref, "line-%zu", step->line);
    sale->ref = step->ref.len > 0 ? step->ref : text_slice(sold->ref);
    TALLY_TRY(commit(run, step->till, sold, outcome));
    outcome->event = outcome->status == TALLY_OK ? sold : NULL;
    return TALLY_OK;
}

static enum tally_status do_buy(struct run *run, const struct story_step *step,
                                struct outcome *outcome)
{
    TALLY_TRY(find_member(run, step, &outcome->status));
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    /* room for every lot that a draw may bring beside those that are here */
    size_t move_cap = shop_account(&run->shop, step->till, step->member)->lot_count +
                      shop_account(&run->shop, TALLY_TERMINAL_HQ, step->member)->lot_count;
    struct shop_event *sold = NULL;
    int64_t total = 0;
    TALLY_TRY(shop_event_new(&run->shop, TALLY_EVENT_SALE, step->member, step->amounts.count,
                             move_cap, &sold));
    TALLY_TRY(fill_lines(run, step, sold->lines, &total));
    const struct shop_event *before =
        step->ref.len > 0 ? find_sale(run, step->till, step->ref) : NULL;
    if (before != NULL) {
        const struct tally_sale *sale = &before->event.as.sale;
        outcome->again = before->member == step->member && sale->total_minor == total &&
                         sale->redeemed_points == step->points;
        outcome->status = outcome->again ? TALLY_OK : TALLY_E_EXISTS;
        outcome->event = outcome->again ? before : NULL;
        return TALLY_OK;
    }
    const struct tally_basket basket = {sold->lines, step->amounts.count};
    TALLY_TRY(draw_missing(run, step, &basket, outcome, &sold->drew));
    return outcome->status == TALLY_OK ? sell(run, step, sold, move_cap, outcome) : TALLY_OK;
}

/* ------------------------------------------------------------------ void */

static enum tally_status do_void(struct run *run, const struct story_step *step,
                                 struct outcome *outcome)
{
    struct shop_event *sold = find_sale(run, outcome->till, step->ref), *undone = NULL;
    if (sold == NULL) {
        outcome->status = TALLY_E_NOT_FOUND;
        return TALLY_OK;
    }
    outcome->member = sold->member;
    if (sold->is_voided) {
        outcome->again = true;
        return TALLY_OK;
    }
    const struct tally_account *account = shop_account(&run->shop, outcome->till, sold->member);
    size_t move_cap = account->lot_count + sold->event.as.sale.spent_count + 1;
    TALLY_TRY(shop_event_new(&run->shop, TALLY_EVENT_VOID, sold->member, 0, 2 * move_cap, &undone));
    begin(run, undone);
    outcome->status = tally_void_plan(account, &sold->event, run->day, undone->moves,
                                      undone->moves + move_cap, move_cap, &undone->event.as.voided);
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    undone->event.as.voided.ref = step->ref;
    TALLY_TRY(commit(run, outcome->till, undone, outcome));
    sold->is_voided = outcome->status == TALLY_OK;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ one line */

static enum tally_status do_step(struct run *run, const struct story_step *step,
                                 struct outcome *outcome)
{
    switch (step->verb) {
    case STORY_ENROLS:
        return do_enrol(run, step, outcome);
    case STORY_BRINGS:
        return do_bring(run, step, outcome);
    case STORY_BUYS:
        return do_buy(run, step, outcome);
    case STORY_ASKS:
        return do_ask(run, step, outcome);
    case STORY_HAS:
        if (shop_account(&run->shop, step->till, step->member)->id == 0) {
            outcome->status = TALLY_E_UNKNOWN_CARD;
        }
        return TALLY_OK;
    case STORY_SHOWS:
        return find_member(run, step, &outcome->status);
    case STORY_VOID:
        return do_void(run, step, outcome);
    case STORY_CONNECTS:
        break;
    }
    return TALLY_OK;
}

/* The till that a line is about: a void's is the one that sold, where none is said. */
static uint32_t till_of(const struct run *run, const struct story_step *step)
{
    if (step->verb == STORY_BRINGS) {
        return TALLY_TERMINAL_HQ;
    }
    const struct shop_event *sold = step->verb == STORY_VOID && !step->has_till
                                        ? find_sale(run, TALLY_TERMINAL_HQ, step->ref)
                                        : NULL;
    return sold != NULL ? sold->event.id.terminal : step->till;
}

static void set_clock(struct run *run, const struct story_step *step)
{
    int64_t minute = (int64_t)step->day * DAY_MINUTES + step->minute;
    run->now_ms = (minute * 60 - story_rules_first(&run->rules)->utc_offset_s) * 1000;
    run->programme = story_rules_at(&run->rules, run->now_ms);
    run->day = tally_programme_day(run->programme, run->now_ms);
}

/* The line with the digits of its card masked but for the last ones. */
static enum tally_status set_echo(struct run *run, const struct story_step *step)
{
    run->echo.len = 0;
    TALLY_TRY(tally_buffer_append(&run->echo, step->text.data, step->text.len));
    if (step->card.len > 0) {
        uint8_t *card = run->echo.data + (step->card.data - step->text.data);
        for (size_t i = 0; i + CARD_SHOWN < step->card.len; i++) {
            card[i] = card[i] >= '0' && card[i] <= '9' ? '*' : card[i];
        }
    }
    return TALLY_OK;
}

static enum tally_status tell(struct run *run, const struct story_step *step,
                              struct story_count *count)
{
    set_clock(run, step);
    struct outcome outcome = {.member = step->member, .till = till_of(run, step)};
    TALLY_TRY(set_echo(run, step));
    TALLY_TRY(shop_connect(&run->shop, outcome.till, step->offline));
    TALLY_TRY(do_step(run, step, &outcome));
    run->said.len = 0;
    TALLY_TRY(outcome_compare(&run->shop, run->story, step, &outcome, run->now_ms, &run->said,
                              run->problem));
    if (run->shop.broken[0] != '\0') {
        const char *join = run->said.len > 0 ? "; BROKEN: " : "BROKEN: ";
        TALLY_TRY(tally_buffer_append(&run->said, join, strlen(join)));
        TALLY_TRY(tally_buffer_append(&run->said, run->shop.broken, strlen(run->shop.broken)));
        run->shop.broken[0] = '\0';
    }
    bool as_told = run->said.len == 0;
    TALLY_TRY(tally_buffer_append(&run->said, "", 1));
    run->ports->told(run->ports->context,
                     &(struct story_told){.line = step->line,
                                          .text = tally_buffer_slice(&run->echo),
                                          .as_told = as_told,
                                          .came_out = (const char *)run->said.data});
    count->as_told += as_told ? 1 : 0;
    count->different += as_told ? 0 : 1;
    return TALLY_OK;
}

enum tally_status story_run(const struct story *story, const struct story_ports *ports,
                            struct story_count *ret_count, struct story_problem *ret_problem)
{
    assert(story != NULL);
    assert(ports != NULL);
    assert(ret_count != NULL);
    assert(ret_problem != NULL);

    struct run run = {.story = story, .ports = ports, .problem = ret_problem};
    struct story_count count = {0, 0};
    enum tally_status status = story_rules_read(story, ports, &run.rules, ret_problem);
    if (status != TALLY_OK) {
        return status;
    }
    run.cards = tally_alloc(story->name_count, sizeof *run.cards);
    status = shop_open(&run.shop, &run.rules, story->name_count);
    status = run.cards == NULL ? TALLY_E_NO_MEMORY : status;
    for (size_t i = 0; i < story->step_count && status == TALLY_OK; i++) {
        status = tell(&run, &story->steps[i], &count);
    }
    shop_close(&run.shop);
    story_rules_free(&run.rules);
    tally_free(run.cards);
    tally_buffer_free(&run.said);
    tally_buffer_free(&run.echo);
    if (status == TALLY_OK) {
        *ret_count = count;
    }
    return status;
}
