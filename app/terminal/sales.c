/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes and sales; what a drawer lacks is drawn from head office first. */
#include "app/terminal/desk_inside.h"

#include "app/base/alloc.h"

/* A sale as it is planned. */
struct plan {
    struct tally_basket basket;
    struct tally_occasion occasion;
    struct stock stock; /* owned */
    void *room;         /* owned */
    size_t room_len;
    struct tally_event event; /* where status is TALLY_OK */
    struct tally_quote quote; /* and where it is TALLY_E_POINTS_SHORT */
    enum tally_status status;
};

static void plan_free(struct plan *plan)
{
    stock_close(&plan->stock);
    tally_free(plan->room);
}

static enum tally_status plan_work(const struct errand *errand, const struct tally_account *account,
                                   struct plan *plan)
{
    plan->occasion.stock = stock_left;
    plan->occasion.stock_context = &plan->stock;
    plan->room_len = tally_sale_room(errand->programme, account, &plan->basket);
    plan->room = tally_alloc(plan->room_len, 1);
    if (plan->room == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    plan->status = tally_sale_plan(errand->programme, account, &plan->basket, &plan->occasion,
                                   plan->room, plan->room_len, &plan->event, &plan->quote);
    plan->event.as.sale.ref = tally_slice_text(errand->params->ref);
    plan->event.as.sale.cashier = tally_slice_text(errand->params->cashier);
    if (plan->status == TALLY_E_RULE) {
        stock_explain(errand->desk, errand->programme, &plan->basket, &plan->stock);
    }
    return TALLY_OK;
}

/* Free with plan_free() where it is TALLY_OK. `with_hq`: what head office holds of rewards that all
 * members share counts, too. */
static enum tally_status plan_make(const struct errand *errand, const struct person *person,
                                   bool with_hq, struct plan *plan)
{
    const struct till_params *params = errand->params;
    const struct tally_moment moment = errand_moment(errand);
    struct profile profile = profile_of(errand->desk, &person->member);
    *plan = (struct plan){.basket = params->basket};
    plan->basket.shop = errand->desk->ports.shop(errand->desk->ports.self);
    plan->occasion = (struct tally_occasion){
        .terminal = errand->head.terminal,
        .now_ms = errand->now_ms,
        .day = errand->day,
        .minute = tally_programme_minute(errand->programme, errand->now_ms),
        .member = params->member,
        .birth_month = profile.birth_month,
        .birth_day = profile.birth_day,
        .hold = params->hold,
    };
    TALLY_TRY(stock_open(errand->desk, errand->programme, &moment, with_hq, &plan->stock));
    plan->stock.asked = errand->stock_asked;
    enum tally_status status = plan_work(errand, &person->account.book.account, plan);
    if (status != TALLY_OK) {
        plan_free(plan);
    }
    return status;
}

/* ------------------------------------------------------------------ quotes */

static enum tally_status quote_planned(const struct errand *errand, const struct person *person,
                                       struct plan *plan)
{
    struct till_quote view = {.programme = errand->programme,
                              .basket = &plan->basket,
                              .quote = &plan->quote,
                              .day = errand->day};
    if (plan->status == TALLY_OK) {
        view.event = &plan->event;
        if (guard_planned(errand, person, &plan->event, &view.ruling) != TALLY_OK) {
            desk_explain(errand->desk, ""); /* the quote says so itself */
        }
    } else if (plan->status == TALLY_E_POINTS_SHORT) {
        TALLY_TRY(tally_sale_quote(errand->programme, &person->account.book.account, &plan->basket,
                                   &plan->occasion, plan->room, plan->room_len, &plan->quote));
    } else {
        return plan->status;
    }
    till_answer_quote(errand->request, &view);
    return TALLY_OK;
}

enum tally_status do_quote(const struct errand *errand)
{
    struct person person;
    struct plan plan;
    TALLY_TRY(person_get(errand->desk, errand->params->member, &person));
    enum tally_status status =
        plan_make(errand, &person, stock_at_hq(errand->desk, errand->programme), &plan);
    if (status == TALLY_OK) {
        status = quote_planned(errand, &person, &plan);
        plan_free(&plan);
    }
    person_free(&person);
    return status;
}

/* ------------------------------------------------------------------ sales */

/* Units of a purse that claimed rewards cost. */
static int64_t claimed_cost(const struct tally_programme *programme,
                            const struct tally_basket *basket, uint32_t purse)
{
    int64_t sum = 0;
    for (size_t i = 0; i < basket->claim_count; i++) {
        const struct tally_reward *reward =
            tally_programme_reward(programme, basket->claims[i].reward);
        int64_t cost = 0;
        if (reward != NULL && reward->cost_purse == purse &&
            (tally_multiply(reward->cost, basket->claims[i].times, &cost) != TALLY_OK ||
             tally_add(sum, cost, &sum) != TALLY_OK)) {
            return INT64_MAX;
        }
    }
    return sum;
}

/* Asks head office for the first purse of which this drawer holds too little, though the member has
 * enough. TALLY_E_POINTS_SHORT: there is none, or it can't be had. */
static enum tally_status draw_missing(const struct errand *errand, const struct person *person,
                                      const struct plan *plan)
{
    const struct tally_account *account = &person->account.book.account;
    if (plan->quote.missing_here > 0 && !errand->asked.has) {
        return errand_draw(errand, account->id, TALLY_PURSE_POINTS, plan->quote.missing_here);
    }
    for (size_t i = 0; i < errand->programme->purse_count; i++) {
        uint32_t purse = errand->programme->purses[i].id;
        int64_t cost = claimed_cost(errand->programme, &plan->basket, purse);
        int64_t here = tally_account_in_drawer(account, purse, errand->head.terminal, errand->day,
                                               errand->now_ms);
        struct tally_balance balance =
            tally_account_balance(account, purse, errand->day, errand->now_ms);
        if ((!errand->asked.has || purse > errand->asked.purse) && cost > here &&
            cost <= balance.usable) {
            return errand_draw(errand, account->id, purse, cost - here);
        }
    }
    return TALLY_E_POINTS_SHORT;
}

static enum tally_status commit_planned(const struct errand *errand, const struct person *person,
                                        struct plan *plan)
{
    struct tally_ruling ruling = {0};
    if (plan->status == TALLY_E_POINTS_SHORT) {
        return draw_missing(errand, person, plan);
    }
    TALLY_TRY(plan->status);
    TALLY_TRY(guard_planned(errand, person, &plan->event, &ruling));
    enum tally_status status = stock_fetch(errand, &plan->stock, &plan->quote);
    if (status != TALLY_E_NOT_FOUND) {
        return status;
    }
    TALLY_TRY(stock_take(errand, &plan->quote));
    TALLY_TRY(errand_commit(errand, &plan->event, (struct tally_slice){0}));
    cashiers_count(&errand->desk->cashiers, errand->params->cashier, &plan->event, errand->now_ms);
    return answer_receipt(errand, &plan->event, false, &ruling);
}

/* TALLY_E_OFFLINE: it counted on units of a reward that head office can't be asked for now. */
static enum tally_status sell(const struct errand *errand, const struct person *person,
                              bool with_hq)
{
    struct plan plan;
    TALLY_TRY(plan_make(errand, person, with_hq, &plan));
    enum tally_status status = commit_planned(errand, person, &plan);
    plan_free(&plan);
    return status;
}

enum tally_status do_sale(const struct errand *errand)
{
    struct person person;
    enum tally_status status = answer_again(errand);
    if (status != TALLY_E_NOT_FOUND) {
        return status;
    }
    TALLY_TRY(person_get(errand->desk, errand->params->member, &person));
    status = sell(errand, &person, true);
    if (status == TALLY_E_OFFLINE) {
        status = sell(errand, &person, false);
    }
    person_free(&person);
    return status;
}
