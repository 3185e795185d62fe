/* SPDX-License-Identifier: Apache-2.0 */
/* Points set aside and given back, and points that a person gives or takes. */
#include "app/terminal/desk_inside.h"

#include "app/base/alloc.h"
#include "app/core/bonus.h"

#include <string.h>

enum { COUNTS_ROOM = 16 };

/* An event outside a sale, and the room that it points into. */
struct bonus {
    struct tally_bonus_room room;
    struct tally_event event;
};

static enum tally_status bonus_open(struct bonus *bonus)
{
    *bonus = (struct bonus){0};
    bonus->room = (struct tally_bonus_room){
        .moves = tally_alloc(TALLY_MOVES_MAX, sizeof(struct tally_move)),
        .move_cap = TALLY_MOVES_MAX,
        .counts = tally_alloc(COUNTS_ROOM, sizeof(struct tally_count)),
        .count_cap = COUNTS_ROOM,
    };
    return bonus->room.moves == NULL || bonus->room.counts == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
}

static void bonus_close(struct bonus *bonus)
{
    tally_free(bonus->room.moves);
    tally_free(bonus->room.counts);
}

/* Plans into the bonus with a person at hand, and leaves both behind. */
static enum tally_status with_person(const struct errand *errand,
                                     enum tally_status (*work)(const struct errand *errand,
                                                               const struct person *person,
                                                               struct bonus *bonus))
{
    struct person person;
    struct bonus bonus;
    TALLY_TRY(person_get(errand->desk, errand->params->member, &person));
    enum tally_status status = bonus_open(&bonus);
    if (status == TALLY_OK) {
        status = work(errand, &person, &bonus);
    }
    bonus_close(&bonus);
    person_free(&person);
    return status;
}

/* ------------------------------------------------------------------ holds */

static enum tally_status hold_work(const struct errand *errand, const struct person *person,
                                   struct bonus *bonus)
{
    const struct till_params *params = errand->params;
    const struct tally_account *account = &person->account.book.account;
    struct tally_moment moment = errand_moment(errand);
    enum tally_status status = tally_hold_plan(errand->programme, account, params->points, &moment,
                                               &bonus->room, &bonus->event);
    if (status == TALLY_E_POINTS_SHORT && !errand->asked.has) {
        struct tally_balance balance =
            tally_account_balance(account, TALLY_PURSE_POINTS, errand->day, errand->now_ms);
        int64_t here = tally_account_in_drawer(account, TALLY_PURSE_POINTS, errand->head.terminal,
                                               errand->day, errand->now_ms);
        return params->points > here && params->points <= balance.usable
                   ? errand_draw(errand, account->id, TALLY_PURSE_POINTS, params->points - here)
                   : status;
    }
    TALLY_TRY(status);
    bonus->event.member = params->member;
    bonus->event.as.hold.ref = tally_slice_text(params->ref);
    bonus->event.as.hold.cashier = tally_slice_text(params->cashier);
    TALLY_TRY(errand_commit(errand, &bonus->event, (struct tally_slice){0}));
    return answer_receipt(errand, &bonus->event, false, NULL);
}

enum tally_status do_hold(const struct errand *errand)
{
    enum tally_status status = answer_again(errand);
    return status == TALLY_E_NOT_FOUND ? with_person(errand, hold_work) : status;
}

static enum tally_status release_of(const struct errand *errand, uint64_t account)
{
    struct store_account held;
    struct bonus bonus;
    struct tally_moment moment = errand_moment(errand);
    TALLY_TRY(store_account_get(errand->desk->ledger->store, account, &held));
    enum tally_status status = bonus_open(&bonus);
    if (status == TALLY_OK) {
        status = tally_release_plan(&held.book.account, errand->params->hold, &moment, &bonus.room,
                                    &bonus.event);
    }
    if (status == TALLY_OK) {
        bonus.event.member = errand->params->member;
        bonus.event.as.hold.cashier = tally_slice_text(errand->params->cashier);
        status = errand_commit(errand, &bonus.event, (struct tally_slice){0});
    }
    if (status == TALLY_OK) {
        status = answer_receipt(errand, &bonus.event, false, NULL);
    }
    bonus_close(&bonus);
    store_account_free(&held);
    return status;
}

/* The hold is in the account that the member had then: it may have been merged into another. */
enum tally_status do_release(const struct errand *errand)
{
    struct held_event held;
    TALLY_TRY(held_event_get(errand->desk, errand->params->hold, &held));
    const struct tally_event *event = &held.decoded.event;
    enum tally_status status =
        event->type == TALLY_EVENT_HOLD && event->member == errand->params->member
            ? release_of(errand, event->account)
            : TALLY_E_NOT_FOUND;
    held_event_free(&held);
    return status;
}

/* ------------------------------------------------------------------ adjustments */

static enum tally_status purse_of(const struct tally_programme *programme, const char *code,
                                  uint32_t *ret_purse)
{
    *ret_purse = TALLY_PURSE_POINTS;
    if (code[0] == '\0') {
        return TALLY_OK;
    }
    for (size_t i = 0; i < programme->purse_count; i++) {
        if (strcmp(programme->purses[i].code, code) == 0) {
            *ret_purse = programme->purses[i].id;
            return TALLY_OK;
        }
    }
    return TALLY_E_NOT_FOUND;
}

static enum tally_status adjust_work(const struct errand *errand, const struct person *person,
                                     struct bonus *bonus)
{
    const struct till_params *params = errand->params;
    struct tally_moment moment = errand_moment(errand);
    struct tally_ruling ruling = {0};
    struct tally_adjust_request request = {.drawer = errand->head.terminal,
                                           .points = params->points};
    enum tally_status status = purse_of(errand->programme, params->purse, &request.purse);
    if (status != TALLY_OK) {
        desk_explain(errand->desk, "the programme has no such purse");
        return status;
    }
    TALLY_TRY(tally_adjust_plan(errand->programme, &person->account.book.account, &request, &moment,
                                &bonus->room, &bonus->event));
    bonus->event.member = params->member;
    bonus->event.as.adjust.reason = tally_slice_text(params->reason);
    bonus->event.as.adjust.who = tally_slice_text(params->who);
    bonus->event.as.adjust.second = tally_slice_text(params->second);
    TALLY_TRY(guard_planned(errand, person, &bonus->event, &ruling));
    TALLY_TRY(errand_commit(errand, &bonus->event, (struct tally_slice){0}));
    return answer_receipt(errand, &bonus->event, false, &ruling);
}

enum tally_status do_adjust(const struct errand *errand)
{
    return with_person(errand, adjust_work);
}
