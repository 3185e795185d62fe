/* SPDX-License-Identifier: Apache-2.0 */
/* Gives each request of a till to the file that answers it, and tries again what waited for
 * points. */
#include "app/terminal/desk_inside.h"

#include "app/base/alloc.h"
#include "app/base/log.h"
#include "app/terminal/merges.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum tally_status desk_new(struct ledger *ledger, const struct desk_ports *ports,
                           struct desk **ret_desk)
{
    struct desk *desk = tally_alloc(1, sizeof *desk);
    if (desk == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    desk->ledger = ledger;
    desk->ports = *ports;
    *ret_desk = desk;
    return TALLY_OK;
}

void desk_free(struct desk *desk)
{
    if (desk == NULL) {
        return;
    }
    while (desk->waiting != NULL) {
        struct waiting *waiting = desk->waiting;
        desk->waiting = waiting->next;
        tally_free(waiting);
    }
    printing_forget(desk, NULL);
    forget_card(desk);
    cashiers_free(&desk->cashiers);
    tally_free(desk->offers);
    tally_buffer_wipe(&desk->name);
    tally_free(desk);
}

bool desk_reaches_hq(const struct desk *desk)
{
    struct till_status now = {0};
    desk->ports.fill_status(desk->ports.self, &now);
    return strcmp(now.hq_state, "up") == 0;
}

void desk_explain(struct desk *desk, const char *text)
{
    snprintf(desk->detail, sizeof desk->detail, "%s", text);
}

/* ------------------------------------------------------------------ errands */

/* TALLY_E_NOT_READY: there is no programme or no key yet. */
static enum tally_status errand_start(struct desk *desk, struct till_request *request,
                                      int64_t now_ms, struct errand *ret_errand)
{
    const struct tally_programme *programme = ledger_programme(desk->ledger, now_ms);
    if (programme == NULL || !desk->ledger->has_keys) {
        return TALLY_E_NOT_READY;
    }
    *ret_errand = (struct errand){.desk = desk,
                                  .request = request,
                                  .params = till_request_params(request),
                                  .programme = programme,
                                  .now_ms = now_ms,
                                  .day = tally_programme_day(programme, now_ms)};
    store_head(desk->ledger->store, &ret_errand->head);
    return TALLY_OK;
}

struct tally_moment errand_moment(const struct errand *errand)
{
    return (struct tally_moment){errand->head.terminal, errand->now_ms, errand->day};
}

/* What comes back to an account that has ended goes where that went. It is durable already; a fault
 * here is mended with the next rows of head office. */
static void send_on(const struct errand *errand, uint64_t account)
{
    enum tally_status status = merges_send(errand->desk->ledger, account, errand->now_ms);
    if (status != TALLY_OK) {
        tally_log("account %" PRIu64 ": %s (%s)", account, tally_status_text(status),
                  tally_status_name(status));
    }
}

enum tally_status errand_commit(const struct errand *errand, struct tally_event *event,
                                struct tally_slice sidecar)
{
    struct desk *desk = errand->desk;
    event->programme_version = errand->programme->version;
    TALLY_TRY(ledger_commit(desk->ledger, event, sidecar, errand->now_ms, NULL));
    send_on(errand, event->account);
    desk->ports.committed(desk->ports.self);
    return desk->ledger->store == NULL ? desk->ledger->status : TALLY_OK;
}

/* ------------------------------------------------------------------ waiting for points */

static enum tally_status do_identify(const struct errand *errand);
static enum tally_status do_member(const struct errand *errand);

static enum tally_status carry_out(const struct errand *errand)
{
    switch (till_request_method(errand->request)) {
    case TILL_IDENTIFY:
        return do_identify(errand);
    case TILL_MEMBER:
        return do_member(errand);
    case TILL_ENROL:
        return do_enrol(errand);
    case TILL_QUOTE:
        return do_quote(errand);
    case TILL_SALE:
        return do_sale(errand);
    case TILL_VOID:
        return do_void(errand);
    case TILL_REFUND:
        return do_refund(errand);
    case TILL_HOLD:
        return do_hold(errand);
    case TILL_RELEASE:
        return do_release(errand);
    case TILL_CARD:
        return do_card(errand);
    case TILL_ADJUST:
        return do_adjust(errand);
    case TILL_RECEIPT:
        return do_receipt(errand);
    case TILL_PRINT:
        return do_print(errand);
    case TILL_STATUS:
    case TILL_VERIFY:
    case TILL_SYNC:
    case TILL_READERS: /* pairing.h */
    case TILL_READER_PAIR:
    case TILL_READER_UNPAIR:
        break;
    }
    return TALLY_E_INVALID;
}

static void unlink_waiting(struct desk *desk, const struct waiting *waiting)
{
    struct waiting **place = &desk->waiting;
    while (*place != waiting) {
        place = &(*place)->next;
    }
    *place = waiting->next;
}

/* Whatever the draw brought: the request is tried with what is here now. It may have been asked
 * twice and be committed meanwhile; then it gets its receipt again. */
static void on_drawn(void *context, enum tally_status drawn)
{
    struct waiting *waiting = context;
    struct desk *desk = waiting->desk;
    struct till_request *request = waiting->request;
    const struct asked asked = waiting->asked, stock_asked = waiting->stock_asked;
    int64_t now_ms = ledger_now_ms();
    struct errand errand;
    unlink_waiting(desk, waiting);
    tally_free(waiting);
    if (request == NULL) {
        return;
    }
    desk->detail[0] = '\0';
    enum tally_status status = ledger_ready(desk->ledger, now_ms);
    if (status == TALLY_OK) {
        status = errand_start(desk, request, now_ms, &errand);
    }
    if (status == TALLY_OK) {
        errand.asked = asked;
        errand.stock_asked = stock_asked;
        status = ledger_judge(desk->ledger, carry_out(&errand), now_ms);
    }
    if (status == TALLY_E_POINTS_SHORT && drawn != TALLY_OK) {
        desk_explain(desk, tally_status_text(drawn));
    }
    if (status != TALLY_OK) {
        till_answer_refused(request, status, desk->detail);
    }
}

enum tally_status errand_draw(const struct errand *errand, uint64_t account, uint32_t purse,
                              int64_t points)
{
    struct desk *desk = errand->desk;
    struct asked asked[] = {errand->asked, errand->stock_asked};
    struct asked *of = &asked[account == TALLY_ACCOUNT_HOUSE ? 1 : 0];
    if (of->has && purse <= of->purse) {
        return TALLY_E_POINTS_SHORT;
    }
    *of = (struct asked){true, purse};
    struct waiting *waiting = tally_alloc(1, sizeof *waiting);
    if (waiting == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *waiting = (struct waiting){desk, errand->request, asked[0], asked[1], desk->waiting};
    desk->waiting = waiting;
    if (desk->ports.draw(desk->ports.self, account, purse, points, on_drawn, waiting) != TALLY_OK) {
        unlink_waiting(desk, waiting);
        tally_free(waiting);
        return TALLY_E_POINTS_SHORT; /* offline */
    }
    return TALLY_OK;
}

void desk_cancelled(struct desk *desk, struct till_request *request)
{
    printing_forget(desk, request);
    for (struct waiting *waiting = desk->waiting; waiting != NULL; waiting = waiting->next) {
        if (waiting->request == request) {
            waiting->request = NULL;
        }
    }
}

/* --------------------------------------------------------------- what needs no file of its own */

static enum tally_status do_member(const struct errand *errand)
{
    struct person person;
    TALLY_TRY(person_get(errand->desk, errand->params->member, &person));
    answer_member(errand->desk, errand->request, &person);
    person_free(&person);
    return TALLY_OK;
}

static enum tally_status do_identify(const struct errand *errand)
{
    struct person person;
    uint8_t handle[TALLY_HANDLE_LEN];
    TALLY_TRY(handle_of_typed(errand->desk, errand->programme, errand->params->text, handle));
    TALLY_TRY(person_by_handle(errand->desk, handle, &person));
    answer_member(errand->desk, errand->request, &person);
    person_free(&person);
    return TALLY_OK;
}

static enum tally_status do_verify(struct desk *desk, struct till_request *request)
{
    struct store_verified verified = {0};
    enum tally_status status = store_verify(desk->ledger->store, NULL, NULL, &verified);
    if (status != TALLY_OK && verified.difference[0] == '\0') {
        return status;
    }
    till_answer_verified(request, &(struct till_verified){.events = verified.events,
                                                          .accounts = verified.accounts,
                                                          .difference = verified.difference});
    return TALLY_OK;
}

static enum tally_status answer(struct desk *desk, struct till_request *request, int64_t now_ms)
{
    enum till_method method = till_request_method(request);
    struct errand errand;
    if (method == TILL_STATUS) {
        struct till_status view = {0};
        desk->ports.fill_status(desk->ports.self, &view);
        till_answer_status(request, &view);
        return TALLY_OK;
    }
    if (method == TILL_SYNC) {
        desk->ports.try_hq_now(desk->ports.self);
        till_answer_done(request);
        return TALLY_OK;
    }
    TALLY_TRY(ledger_ready(desk->ledger, now_ms));
    if (method == TILL_VERIFY) {
        return do_verify(desk, request);
    }
    TALLY_TRY(errand_start(desk, request, now_ms, &errand));
    return carry_out(&errand);
}

void desk_request(struct desk *desk, struct till_request *request)
{
    int64_t now_ms = ledger_now_ms();
    desk->detail[0] = '\0';
    enum tally_status status = ledger_judge(desk->ledger, answer(desk, request, now_ms), now_ms);
    if (status != TALLY_OK) {
        till_answer_refused(request, status, desk->detail);
    }
}
