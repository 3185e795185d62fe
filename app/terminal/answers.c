/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a member and of an event, now and when it is asked again. */
#include "app/terminal/desk_inside.h"

#include "app/base/alloc.h"

#include <string.h>

/* Room for every reward of the programme. */
static bool make_room(struct desk *desk, size_t count)
{
    if (count > desk->offer_room) {
        struct tally_offer *offers = tally_realloc(desk->offers, count, sizeof *offers);
        if (offers == NULL) {
            return false;
        }
        desk->offers = offers;
        desk->offer_room = count;
    }
    return true;
}

/* What can't be worked out is not offered; the member is shown all the same. */
static size_t find_offers(struct desk *desk, const struct tally_programme *programme,
                          const struct tally_account *account,
                          const struct tally_occasion *occasion)
{
    size_t room_len = tally_offers_room(programme), count = 0;
    if (programme->reward_count == 0 || !make_room(desk, programme->reward_count)) {
        return 0;
    }
    void *room = tally_alloc(room_len, 1);
    if (room == NULL ||
        tally_offers(programme, account, occasion, desk->ports.shop(desk->ports.self), room,
                     room_len, desk->offers, &count) != TALLY_OK) {
        count = 0;
    }
    tally_free(room);
    return count;
}

/* The same, with what is left of the rewards that all members share. */
static size_t offers_now(struct desk *desk, const struct tally_programme *programme,
                         const struct tally_account *account, struct tally_occasion *occasion)
{
    const struct tally_moment moment = {occasion->terminal, occasion->now_ms, occasion->day};
    struct stock stock;
    if (stock_open(desk, programme, &moment, stock_at_hq(desk, programme), &stock) != TALLY_OK) {
        return 0;
    }
    occasion->stock = stock_left;
    occasion->stock_context = &stock;
    size_t count = find_offers(desk, programme, account, occasion);
    stock_close(&stock);
    return count;
}

struct till_member member_view(struct desk *desk, const struct person *person, int64_t now_ms)
{
    const struct tally_programme *programme = ledger_programme(desk->ledger, now_ms);
    const struct tally_account *account = &person->account.book.account;
    struct profile profile = profile_of(desk, &person->member);
    struct store_head head;
    store_head(desk->ledger->store, &head);
    struct tally_occasion occasion = {
        .terminal = head.terminal,
        .now_ms = now_ms,
        .day = tally_programme_day(programme, now_ms),
        .minute = tally_programme_minute(programme, now_ms),
        .member = person->member.member,
        .birth_month = profile.birth_month,
        .birth_day = profile.birth_day,
    };
    struct till_member view = {
        .member = person->member.member,
        .name = profile.name,
        .programme = programme,
        .account = account,
        .offer_count = offers_now(desk, programme, account, &occasion),
        .terminal = head.terminal,
        .now_ms = now_ms,
    };
    view.offers = desk->offers;
    return view;
}

void answer_member(struct desk *desk, struct till_request *request, const struct person *person)
{
    struct till_member view = member_view(desk, person, ledger_now_ms());
    till_answer_member(request, &view);
}

enum tally_status answer_receipt(const struct errand *errand, const struct tally_event *event,
                                 bool repeated, const struct tally_ruling *ruling)
{
    struct person person;
    struct till_receipt receipt = {.event = event, .repeated = repeated};
    TALLY_TRY(person_get(errand->desk, event->member, &person));
    if (ruling != NULL) {
        receipt.ruling = *ruling;
    }
    receipt.member = member_view(errand->desk, &person, errand->now_ms);
    till_answer_receipt(errand->request, &receipt);
    if (!repeated && event->type == TALLY_EVENT_SALE) {
        show_thanks(errand, event, &receipt.member);
    }
    person_free(&person);
    return TALLY_OK;
}

/* ------------------------------------------------------------------ asked again */

enum tally_status held_event_get(struct desk *desk, uint64_t seq, struct held_event *ret_event)
{
    uint8_t chain[TALLY_HASH_LEN];
    struct tally_buffer sidecar = {0};
    struct held_event event = {0};
    enum tally_status status =
        store_event_get(desk->ledger->store, seq, &event.bytes, &sidecar, chain);
    tally_buffer_wipe(&sidecar);
    if (status == TALLY_OK) {
        status = tally_event_decode(tally_buffer_slice(&event.bytes), &event.decoded);
    }
    if (status != TALLY_OK) {
        tally_buffer_free(&event.bytes);
        return status;
    }
    *ret_event = event;
    return TALLY_OK;
}

void held_event_free(struct held_event *event)
{
    tally_event_decoded_free(&event->decoded);
    tally_buffer_free(&event->bytes);
}

/* The same sale, and where the till says which lines, the same of them. */
static bool is_same_reversal(const struct errand *errand, const struct tally_event *event,
                             enum tally_event_type type)
{
    const struct tally_reversal *reversal = &event->as.reversal;
    const struct till_params *params = errand->params;
    uint64_t sale_seq = 0;
    if (event->type != type ||
        store_ref_get(errand->desk->ledger->store, tally_slice_text(params->sale_ref), &sale_seq) !=
            TALLY_OK ||
        reversal->sale.seq != sale_seq || reversal->sale.epoch != errand->head.epoch) {
        return false;
    }
    if (params->returned_count == 0) {
        return true;
    }
    if (params->returned_count != reversal->line_count) {
        return false;
    }
    for (size_t i = 0; i < reversal->line_count; i++) {
        if (reversal->lines[i].line != params->returned[i].line ||
            reversal->lines[i].quantity_milli != params->returned[i].quantity_milli) {
            return false;
        }
    }
    return true;
}

static bool is_same(const struct errand *errand, const struct tally_event *event)
{
    const struct till_params *params = errand->params;
    switch (till_request_method(errand->request)) {
    case TILL_SALE:
        return event->type == TALLY_EVENT_SALE &&
               tally_sale_is_repeat(event, params->member, &params->basket);
    case TILL_VOID:
        return is_same_reversal(errand, event, TALLY_EVENT_VOID);
    case TILL_REFUND:
        return is_same_reversal(errand, event, TALLY_EVENT_REFUND);
    case TILL_HOLD:
        return event->type == TALLY_EVENT_HOLD && event->member == params->member &&
               tally_event_points(event, TALLY_PURSE_POINTS, TALLY_MOVE_HOLD) == params->points;
    default:
        return false;
    }
}

enum tally_status answer_again(const struct errand *errand)
{
    uint64_t seq = 0;
    TALLY_TRY(
        store_ref_get(errand->desk->ledger->store, tally_slice_text(errand->params->ref), &seq));
    struct held_event held;
    enum tally_status status =
        seq == 0 ? TALLY_E_NOT_FOUND : held_event_get(errand->desk, seq, &held);
    if (status == TALLY_E_NOT_FOUND) {
        return TALLY_E_EXISTS; /* from before this epoch, or pruned: no receipt can be made */
    }
    TALLY_TRY(status);
    status = is_same(errand, &held.decoded.event)
                 ? answer_receipt(errand, &held.decoded.event, true, NULL)
                 : TALLY_E_EXISTS;
    held_event_free(&held);
    return status;
}
