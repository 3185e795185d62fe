/* SPDX-License-Identifier: Apache-2.0 */
/* Sales that come back: voided as a whole on their day, or refunded line by line later. */
#include "app/terminal/desk_inside.h"

#include "app/base/alloc.h"
#include "app/core/reversal.h"

#include <string.h>

/* The sale that is spoken of, what of it is back, and its account. */
struct returning {
    struct held_event sale;
    struct store_reversal reversal; /* zeroed: nothing has come back */
    struct store_account account;
};

static void returning_free(struct returning *returning)
{
    store_account_free(&returning->account);
    store_reversal_free(&returning->reversal);
    held_event_free(&returning->sale);
}

static enum tally_status returning_get(const struct errand *errand, struct returning *ret_returning)
{
    struct store *store = errand->desk->ledger->store;
    struct returning returning = {0};
    uint64_t seq = 0;
    TALLY_TRY(store_ref_get(store, tally_slice_text(errand->params->sale_ref), &seq));
    TALLY_TRY(held_event_get(errand->desk, seq, &returning.sale));
    const struct tally_event *sale = &returning.sale.decoded.event;
    enum tally_status status = sale->type == TALLY_EVENT_SALE ? TALLY_OK : TALLY_E_INVALID;
    if (status == TALLY_OK) {
        status = store_reversal_get(store, &sale->id, &returning.reversal);
        status = status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
    }
    if (status == TALLY_OK) {
        status = store_account_get(store, sale->account, &returning.account);
    }
    if (status != TALLY_OK) {
        returning_free(&returning);
        return status;
    }
    *ret_returning = returning;
    return TALLY_OK;
}

typedef enum tally_status reversal_plan(const struct tally_programme *programme,
                                        const struct tally_account *account,
                                        const struct tally_refund_request *request, void *room,
                                        size_t room_len, struct tally_event *ret_event);

static enum tally_status commit_reversal(const struct errand *errand,
                                         const struct returning *returning,
                                         const struct tally_returned_line *lines, size_t line_count,
                                         reversal_plan *make)
{
    struct tally_refund_request request = {.sale = &returning->sale.decoded.event,
                                           .lines = lines,
                                           .line_count = line_count,
                                           .terminal = errand->head.terminal,
                                           .now_ms = errand->now_ms,
                                           .day = errand->day};
    const struct tally_account *account = &returning->account.book.account;
    struct tally_event event;
    size_t room_len = tally_refund_room(account, &request);
    void *room = tally_alloc(room_len, 1);
    if (room == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = make(errand->programme, account, &request, room, room_len, &event);
    if (status == TALLY_OK) {
        event.member = request.sale->member;
        event.as.reversal.ref = tally_slice_text(errand->params->ref);
        event.as.reversal.cashier = tally_slice_text(errand->params->cashier);
        status = errand_commit(errand, &event, (struct tally_slice){0});
    }
    if (status == TALLY_OK && event.type == TALLY_EVENT_VOID) {
        stock_put_back(errand, request.sale);
    }
    if (status == TALLY_OK) {
        status = answer_receipt(errand, &event, false, NULL);
    }
    tally_free(room);
    return status;
}

/* ------------------------------------------------------------------ voids */

/* A sale is voided once, under whatever reference: asked again, the first void is the answer. */
static enum tally_status answer_void(const struct errand *errand, uint64_t seq)
{
    struct held_event held;
    TALLY_TRY(held_event_get(errand->desk, seq, &held));
    enum tally_status status = answer_receipt(errand, &held.decoded.event, true, NULL);
    held_event_free(&held);
    return status;
}

static enum tally_status void_sale(const struct errand *errand, const struct returning *returning)
{
    if (returning->reversal.is_void) {
        return answer_void(errand, returning->reversal.newest_seq);
    }
    if (returning->reversal.line_count > 0) {
        desk_explain(errand->desk, "a part of this sale was refunded: refund the rest");
        return TALLY_E_RULE;
    }
    return commit_reversal(errand, returning, NULL, 0, tally_void_plan);
}

/* ------------------------------------------------------------------ refunds */

static int64_t returned_before(const struct store_reversal *reversal, uint32_t line)
{
    for (size_t i = 0; i < reversal->line_count; i++) {
        if (reversal->lines[i].line == line) {
            return reversal->lines[i].quantity_before_milli;
        }
    }
    return 0;
}

/* The lines that the till names, or all that is not back yet, with what came back before. `lines`
 * has room for either. */
static size_t lines_to_refund(const struct errand *errand, const struct returning *returning,
                              struct tally_returned_line *lines)
{
    const struct tally_basket *basket = &returning->sale.decoded.event.as.sale.basket;
    const struct till_params *params = errand->params;
    size_t count = 0;
    for (size_t i = 0; i < params->returned_count; i++) {
        lines[count] = params->returned[i];
        lines[count].quantity_before_milli =
            returned_before(&returning->reversal, params->returned[i].line);
        count++;
    }
    for (size_t i = 0; params->returned_count == 0 && i < basket->line_count; i++) {
        int64_t before = returned_before(&returning->reversal, (uint32_t)i);
        if (basket->lines[i].quantity_milli > before) {
            lines[count++] = (struct tally_returned_line){
                .line = (uint32_t)i,
                .quantity_milli = basket->lines[i].quantity_milli - before,
                .quantity_before_milli = before};
        }
    }
    return count;
}

static enum tally_status refund_sale(const struct errand *errand, const struct returning *returning)
{
    const struct tally_basket *basket = &returning->sale.decoded.event.as.sale.basket;
    size_t room = errand->params->returned_count > basket->line_count
                      ? errand->params->returned_count
                      : basket->line_count;
    if (returning->reversal.is_void) {
        desk_explain(errand->desk, "this sale was voided");
        return TALLY_E_RULE;
    }
    struct tally_returned_line *lines = tally_alloc(room, sizeof *lines);
    if (lines == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    size_t count = lines_to_refund(errand, returning, lines);
    enum tally_status status = TALLY_E_RULE;
    if (count == 0) {
        desk_explain(errand->desk, "all of this sale is back already");
    } else {
        status = commit_reversal(errand, returning, lines, count, tally_refund_plan);
    }
    tally_free(lines);
    return status;
}

/* ------------------------------------------------------------------ both */

static enum tally_status reverse(const struct errand *errand,
                                 enum tally_status (*work)(const struct errand *errand,
                                                           const struct returning *returning))
{
    struct returning returning;
    enum tally_status status = answer_again(errand);
    if (status != TALLY_E_NOT_FOUND) {
        return status;
    }
    status = returning_get(errand, &returning);
    if (status == TALLY_E_NOT_FOUND) {
        desk_explain(errand->desk, "this terminal did not record such a sale");
    }
    TALLY_TRY(status);
    status = work(errand, &returning);
    returning_free(&returning);
    return status;
}

enum tally_status do_void(const struct errand *errand)
{
    return reverse(errand, void_sale);
}

enum tally_status do_refund(const struct errand *errand)
{
    return reverse(errand, refund_sale);
}
