/* SPDX-License-Identifier: Apache-2.0 */
/* Who a member, a card or a typed number is, and what their sealed profile says. */
#include "app/terminal/desk_inside.h"

#include "app/crypto/seal.h"
#include "hal/reader/scan.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void person_free(struct person *person)
{
    store_member_free(&person->member);
    store_account_free(&person->account);
}

enum tally_status person_get(struct desk *desk, uint64_t member, struct person *ret_person)
{
    struct person person = {0};
    TALLY_TRY(store_member_get(desk->ledger->store, member, &person.member));
    enum tally_status status =
        store_account_get(desk->ledger->store, person.member.account, &person.account);
    if (status != TALLY_OK) {
        store_member_free(&person.member);
        return status;
    }
    *ret_person = person;
    return TALLY_OK;
}

struct profile profile_of(struct desk *desk, const struct store_member *member)
{
    struct tally_buffer plain = {0};
    struct tally_msg_profile opened = {0};
    struct profile profile = {.name = ""};
    desk->name.len = 0;
    enum tally_status status = tally_profile_open(desk->ledger->data_key, member->member,
                                                  tally_buffer_slice(&member->profile),
                                                  tally_buffer_slice(&member->wrapped_key), &plain);
    if (status == TALLY_OK) {
        status = tally_msg_profile_decode(tally_buffer_slice(&plain), &opened);
    }
    if (status == TALLY_OK) {
        status = tally_buffer_append(&desk->name, opened.name.data, opened.name.len);
    }
    if (status == TALLY_OK && tally_buffer_append(&desk->name, "", 1) == TALLY_OK) {
        profile =
            (struct profile){(const char *)desk->name.data, opened.birth_month, opened.birth_day};
    }
    explicit_bzero(&opened, sizeof opened);
    tally_buffer_wipe(&plain);
    return profile;
}

enum tally_status handle_of(struct desk *desk, const struct tally_card *card,
                            uint8_t ret_handle[TALLY_HANDLE_LEN])
{
    if (!desk->ledger->has_keys) {
        return TALLY_E_NOT_READY;
    }
    return tally_card_handle(desk->ledger->card_key, card, ret_handle);
}

/* People type digits. What begins with a letter came from the till's own scanner, and is one of the
 * forms of hal/reader/CODES.md or nothing. */
static enum tally_status card_of_text(struct desk *desk, const struct tally_programme *programme,
                                      const char *text, struct tally_card *ret_card)
{
    if (!isalpha((unsigned char)text[0])) {
        return tally_card_from_typed(&programme->cards, text, ret_card);
    }
    struct hal_reader_settings reading = *desk->ports.reading(desk->ports.self);
    reading.rules = programme->cards;
    enum tally_status status = hal_scan_card(&reading, HAL_SYMBOLOGY_UNKNOWN, TALLY_ENTRY_SCANNED,
                                             (const uint8_t *)text, strlen(text), ret_card);
    explicit_bzero(&reading, sizeof reading);
    return status;
}

enum tally_status handle_of_typed(struct desk *desk, const struct tally_programme *programme,
                                  const char *text, uint8_t ret_handle[TALLY_HANDLE_LEN])
{
    struct tally_card card;
    TALLY_TRY(card_of_text(desk, programme, text, &card));
    enum tally_status status = handle_of(desk, &card, ret_handle);
    explicit_bzero(&card, sizeof card);
    return status;
}

enum tally_status person_by_handle(struct desk *desk, const uint8_t handle[TALLY_HANDLE_LEN],
                                   struct person *ret_person)
{
    uint64_t member = 0;
    enum tally_status status = store_card_get(desk->ledger->store, handle, &member);
    if (status == TALLY_E_NOT_FOUND) {
        return TALLY_E_UNKNOWN_CARD;
    }
    TALLY_TRY(status);
    return person_get(desk, member, ret_person);
}

bool is_own_card(const struct errand *errand, uint64_t member)
{
    char number[24];
    uint8_t handle[TALLY_HANDLE_LEN];
    uint64_t found = 0;
    snprintf(number, sizeof number, "%" PRIu64, member);
    if (strcmp(errand->params->cashier, number) == 0) {
        return true;
    }
    return errand->params->cashier[0] != '\0' &&
           handle_of_typed(errand->desk, errand->programme, errand->params->cashier, handle) ==
               TALLY_OK &&
           store_card_get(errand->desk->ledger->store, handle, &found) == TALLY_OK &&
           found == member;
}

/* ------------------------------------------------------------------ cards */

void forget_card(struct desk *desk)
{
    explicit_bzero(desk->card_handle, sizeof desk->card_handle);
    desk->card_token[0] = '\0';
}

/* A random name for the unknown card just read: its number stays inside the reader room. */
static void remember_card(struct desk *desk, const uint8_t handle[TALLY_HANDLE_LEN])
{
    uint8_t token[CARD_TOKEN_LEN];
    forget_card(desk);
    if (tally_random(token, sizeof token) != TALLY_OK) {
        return;
    }
    for (size_t i = 0; i < sizeof token; i++) {
        snprintf(desk->card_token + 2 * i, 3, "%02x", token[i]);
    }
    memcpy(desk->card_handle, handle, TALLY_HANDLE_LEN);
}

enum tally_status handle_of_request(const struct errand *errand,
                                    uint8_t ret_handle[TALLY_HANDLE_LEN])
{
    struct desk *desk = errand->desk;
    if (errand->params->card[0] == '\0') {
        return handle_of_typed(desk, errand->programme, errand->params->text, ret_handle);
    }
    if (strcmp(errand->params->card, desk->card_token) != 0) {
        return TALLY_E_NOT_FOUND; /* another card was swiped since: swipe this one again */
    }
    memcpy(ret_handle, desk->card_handle, TALLY_HANDLE_LEN);
    return TALLY_OK;
}

/* A card linked, replaced, blocked or let in again; whether that may be is the store's to say. */
enum tally_status do_card(const struct errand *errand)
{
    static const struct {
        const char *name;
        enum tally_card_action action;
    } actions[] = {{"link", TALLY_CARD_LINK},
                   {"replace", TALLY_CARD_REPLACE},
                   {"block", TALLY_CARD_BLOCK},
                   {"unblock", TALLY_CARD_UNBLOCK}};
    const struct till_params *params = errand->params;
    struct tally_event event = {
        .type = TALLY_EVENT_CARD, .business_day = errand->day, .member = params->member};
    struct tally_card_change *change = &event.as.card;
    struct person person;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].name, params->action) == 0) {
            change->action = actions[i].action;
        }
    }
    TALLY_TRY(handle_of_request(errand, change->handle));
    if (change->action == TALLY_CARD_REPLACE) {
        TALLY_TRY(handle_of_typed(errand->desk, errand->programme, params->old, change->old));
    }
    TALLY_TRY(person_get(errand->desk, params->member, &person));
    event.account = person.member.account;
    person_free(&person);
    change->reason = tally_slice_text(params->reason);
    change->who = tally_slice_text(params->who);
    TALLY_TRY(errand_commit(errand, &event, (struct tally_slice){0}));
    forget_card(errand->desk);
    TALLY_TRY(person_get(errand->desk, params->member, &person));
    answer_member(errand->desk, errand->request, &person);
    person_free(&person);
    return TALLY_OK;
}

void desk_card(struct desk *desk, const struct tally_card *card, struct till_server *till)
{
    int64_t now_ms = ledger_now_ms();
    uint8_t handle[TALLY_HANDLE_LEN];
    struct person person;
    forget_card(desk);
    enum tally_status status = ledger_ready(desk->ledger, now_ms);
    if (status == TALLY_OK && ledger_programme(desk->ledger, now_ms) == NULL) {
        status = TALLY_E_NOT_READY;
    }
    if (status == TALLY_OK) {
        status = handle_of(desk, card, handle);
    }
    if (status == TALLY_OK) {
        status = person_by_handle(desk, handle, &person);
        if (status == TALLY_E_UNKNOWN_CARD) {
            remember_card(desk, handle);
        }
    }
    if (ledger_judge(desk->ledger, status, now_ms) != TALLY_OK) {
        till_notify_refused(till, status, desk->card_token);
        return;
    }
    struct till_member view = member_view(desk, &person, now_ms);
    till_notify_member(till, &view, card->entry, card->strength);
    show_welcome(desk, &view);
    person_free(&person);
}
