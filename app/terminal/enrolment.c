/* SPDX-License-Identifier: Apache-2.0 */
/* New members, and what the programme gives them for coming. */
#include "app/terminal/desk_inside.h"

#include "app/base/alloc.h"
#include "app/base/log.h"
#include "app/core/bonus.h"
#include "app/crypto/seal.h"

#include <string.h>

enum { AWARD_ROOM = 16 };

/* The phone number is a second handle, unless there is none or the first one is the same. */
static enum tally_status phone_to_enrol(const struct errand *errand, struct tally_enrol *enrol)
{
    if (errand->params->phone[0] == '\0') {
        return TALLY_OK;
    }
    struct tally_card card;
    TALLY_TRY(tally_card_from_typed(&errand->programme->cards, errand->params->phone, &card));
    enum tally_status status = card.kind == TALLY_CARD_PHONE
                                   ? handle_of(errand->desk, &card, enrol->phone_handle)
                                   : TALLY_E_INVALID;
    explicit_bzero(&card, sizeof card);
    enrol->has_phone_handle =
        status == TALLY_OK && memcmp(enrol->phone_handle, enrol->handle, TALLY_HANDLE_LEN) != 0;
    return status;
}

/* TALLY_E_EXISTS where somebody is found by either handle. */
static enum tally_status refuse_known(const struct errand *errand, const struct tally_enrol *enrol)
{
    struct store *store = errand->desk->ledger->store;
    uint64_t taken = 0;
    enum tally_status status = store_card_get(store, enrol->handle, &taken);
    if (status == TALLY_E_NOT_FOUND && enrol->has_phone_handle) {
        status = store_card_get(store, enrol->phone_handle, &taken);
        if (status == TALLY_OK) {
            desk_explain(errand->desk, "this phone number belongs to another member");
        }
    }
    if (status == TALLY_E_NOT_FOUND) {
        return TALLY_OK;
    }
    return status == TALLY_OK ? TALLY_E_EXISTS : status;
}

static enum tally_status referrer_to_enrol(const struct errand *errand, struct tally_enrol *enrol)
{
    struct store_member referrer;
    if (errand->params->referrer == 0) {
        return TALLY_OK;
    }
    enum tally_status status =
        store_member_get(errand->desk->ledger->store, errand->params->referrer, &referrer);
    if (status == TALLY_E_NOT_FOUND) {
        desk_explain(errand->desk, "the member who brought this one is not known");
    }
    TALLY_TRY(status);
    enrol->referrer = referrer.account;
    store_member_free(&referrer);
    return TALLY_OK;
}

/* Neither 0 nor the house account's. */
static enum tally_status new_id(uint64_t *ret_id)
{
    do {
        TALLY_TRY(tally_random(ret_id, sizeof *ret_id));
    } while (*ret_id <= TALLY_ACCOUNT_HOUSE);
    return TALLY_OK;
}

static enum tally_status seal_profile(const struct errand *errand, uint64_t member,
                                      struct tally_buffer *ret_sealed,
                                      struct tally_buffer *ret_wrapped)
{
    struct tally_buffer plain = {0};
    struct tally_msg_profile profile = {.name = tally_slice_text(errand->params->name),
                                        .phone = tally_slice_text(errand->params->phone),
                                        .birth_month = errand->params->birth_month,
                                        .birth_day = errand->params->birth_day};
    enum tally_status status = tally_msg_profile_encode(&profile, &plain);
    if (status == TALLY_OK) {
        status = tally_profile_seal(errand->desk->ledger->data_key, member,
                                    tally_buffer_slice(&plain), ret_sealed, ret_wrapped);
    }
    tally_buffer_wipe(&plain);
    return status;
}

/* ------------------------------------------------------------------ what a new member gets */

static enum tally_status give(const struct errand *errand, uint64_t member, uint32_t award)
{
    struct tally_move moves[AWARD_ROOM];
    struct tally_count counts[AWARD_ROOM];
    struct tally_bonus_room room = {moves, AWARD_ROOM, counts, AWARD_ROOM};
    struct tally_award_request request = {.award = award};
    struct tally_moment moment = errand_moment(errand);
    struct tally_event event = {0};
    struct person person;
    TALLY_TRY(person_get(errand->desk, member, &person));
    enum tally_status status = tally_award_plan(errand->programme, &person.account.book.account,
                                                &request, &moment, &room, &event);
    if (status == TALLY_OK) {
        event.member = member;
        status = errand_commit(errand, &event, (struct tally_slice){0});
    }
    person_free(&person);
    return status;
}

/* A profile with name, phone number and birthday is complete. The member is enrolled by now,
 * whatever becomes of this. */
static void give_awards(const struct errand *errand, uint64_t member)
{
    bool is_complete = errand->params->phone[0] != '\0' && errand->params->birth_month != 0;
    for (size_t i = 0; i < errand->programme->award_count; i++) {
        const struct tally_award_rule *award = &errand->programme->awards[i];
        if (award->kind != TALLY_AWARD_SIGN_UP &&
            !(award->kind == TALLY_AWARD_PROFILE && is_complete)) {
            continue;
        }
        enum tally_status status = give(errand, member, award->id);
        if (status != TALLY_OK && status != TALLY_E_RULE && status != TALLY_E_EXISTS) {
            tally_log("enrolment: award %s was not given: %s (%s)", award->code,
                      tally_status_text(status), tally_status_name(status));
            return;
        }
    }
}

enum tally_status do_enrol(const struct errand *errand)
{
    struct desk *desk = errand->desk;
    struct tally_event event = {.type = TALLY_EVENT_ENROL, .business_day = errand->day};
    struct tally_enrol *enrol = &event.as.enrol;
    struct tally_buffer wrapped = {0}, sealed = {0};
    TALLY_TRY(handle_of_request(errand, enrol->handle));
    TALLY_TRY(phone_to_enrol(errand, enrol));
    TALLY_TRY(refuse_known(errand, enrol));
    TALLY_TRY(referrer_to_enrol(errand, enrol));
    TALLY_TRY(new_id(&event.member));
    event.account = event.member;
    enrol->home_shop = desk->ports.shop(desk->ports.self);
    enum tally_status status = seal_profile(errand, event.member, &sealed, &wrapped);
    if (status == TALLY_OK) {
        enrol->profile = tally_buffer_slice(&sealed);
        status = errand_commit(errand, &event, tally_buffer_slice(&wrapped));
    }
    struct person person;
    if (status == TALLY_OK) {
        forget_card(desk);
        give_awards(errand, event.member);
        status = ledger_ready(desk->ledger, errand->now_ms);
    }
    if (status == TALLY_OK) {
        status = person_get(desk, event.member, &person);
    }
    if (status == TALLY_OK) {
        answer_member(desk, errand->request, &person);
        person_free(&person);
    }
    tally_buffer_wipe(&wrapped);
    tally_buffer_free(&sealed);
    return status;
}
