/* SPDX-License-Identifier: Apache-2.0 */
/* Who is a member, by which card, and whether it is served. */
#include "app/story/run.h"

#include "app/base/alloc.h"

enum { HANDLE_USED = 8 };

/* ------------------------------------------------------------------ cards */

static bool is_same_card(const struct tally_card *left, const struct tally_card *right)
{
    return left->len == right->len && left->kind == right->kind &&
           memcmp(left->bytes, right->bytes, left->len) == 0;
}

/* What stands for a card in events: a story has no card key. */
static uint64_t handle_of(const struct run *run, const struct run_card *card)
{
    return STORY_MEMBERS_MAX + 1 + (uint64_t)(card - run->cards);
}

static enum tally_status card_of(const struct run *run, struct tally_slice typed,
                                 struct tally_card *ret_card)
{
    char text[TALLY_CARD_LEN_MAX + 1];
    snprintf(text, sizeof text, "%.*s", (int)typed.len, (const char *)typed.data);
    return tally_card_from_typed(&run->programme->cards, text, ret_card);
}

/* A card as a till knows it; NULL: nobody's. */
static struct run_card *find_card(struct run *run, uint32_t till, const struct tally_card *card)
{
    size_t heard = run->shop.tills[till].notices;
    for (size_t i = 0; i < run->card_count; i++) {
        if (is_same_card(&run->cards[i].card, card) && run->cards[i].valid.since <= heard &&
            shop_account(&run->shop, till, run->cards[i].member) != NULL) {
            return &run->cards[i];
        }
    }
    return NULL;
}

static bool holds_at(const struct run *run, uint32_t till, const struct run_span *span)
{
    size_t heard = run->shop.tills[till].notices;
    return span->since <= heard && heard < span->until;
}

enum tally_status run_find_member(struct run *run, const struct story_step *step,
                                  enum tally_status *ret_status)
{
    struct tally_card card = {0};
    *ret_status = TALLY_OK;
    if (step->card.len > 0) {
        *ret_status = card_of(run, step->card, &card);
        struct run_card *found = *ret_status == TALLY_OK ? find_card(run, step->till, &card) : NULL;
        if (found != NULL && found->member != step->member) {
            return story_complain(run->problem, step->line, "this card is another member's");
        }
        if (*ret_status == TALLY_OK) {
            *ret_status = found == NULL                               ? TALLY_E_UNKNOWN_CARD
                          : !holds_at(run, step->till, &found->valid) ? TALLY_E_BLOCKED
                                                                      : TALLY_OK;
        }
    }
    if (*ret_status == TALLY_OK && shop_account(&run->shop, step->till, step->member) == NULL) {
        *ret_status = TALLY_E_UNKNOWN_CARD;
    }
    if (*ret_status == TALLY_OK && shop_account(&run->shop, step->till, step->member)->blocked) {
        *ret_status = TALLY_E_BLOCKED;
    }
    return TALLY_OK;
}

static enum tally_status add_card(struct run *run, const struct tally_card *card, size_t member,
                                  size_t since)
{
    struct run_card *grown = story_one_more(run->cards, run->card_count, sizeof *grown);
    if (grown == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    run->cards = grown;
    run->cards[run->card_count] = (struct run_card){*card, member, {since, SIZE_MAX}};
    run->card_count++;
    return TALLY_OK;
}

/* A card that a member is to have: not a payment card, and nobody's. */
static enum tally_status new_card(struct run *run, uint32_t till, struct tally_slice typed,
                                  struct tally_card *ret_card)
{
    if (typed.len == 0) {
        return TALLY_OK;
    }
    TALLY_TRY(card_of(run, typed, ret_card));
    return find_card(run, till, ret_card) == NULL ? TALLY_OK : TALLY_E_EXISTS;
}

/* Writes down what becomes of a card, as head office does. */
static enum tally_status write_card(struct run *run, const struct story_step *step,
                                    enum tally_card_action action, const struct run_card *card,
                                    const struct run_card *old, struct outcome *outcome)
{
    struct tally_event event = {.type = TALLY_EVENT_CARD};
    struct shop_event *kept = NULL;
    event.account = shop_account(&run->shop, step->till, step->member)->id;
    event.as.card.action = action;
    tally_store_le(event.as.card.handle, HANDLE_USED, handle_of(run, card));
    if (old != NULL) {
        tally_store_le(event.as.card.old, HANDLE_USED, handle_of(run, old));
    }
    event.as.card.reason = step->reason;
    event.as.card.who = run_text_or(step->by, "story");
    return run_commit(run, step->till, step->member, &event, outcome, &kept);
}

static enum tally_status block_account(struct run *run, const struct story_step *step,
                                       struct outcome *outcome)
{
    struct tally_event event = {.type = TALLY_EVENT_BLOCK};
    struct shop_event *kept = NULL;
    event.account = shop_account(&run->shop, step->till, step->member)->id;
    event.effects.has_block = true;
    event.effects.blocked = step->verb == STORY_BLOCKED;
    event.as.given.reason = run_text_or(step->reason, "asked for");
    event.as.given.who = run_text_or(step->by, "story");
    return run_commit(run, step->till, step->member, &event, outcome, &kept);
}

static enum tally_status block_card(struct run *run, const struct story_step *step,
                                    struct outcome *outcome)
{
    bool is_blocked = step->verb == STORY_BLOCKED;
    struct tally_card card = {0};
    outcome->status = card_of(run, step->card, &card);
    struct run_card *found = outcome->status == TALLY_OK ? find_card(run, step->till, &card) : NULL;
    if (found == NULL) {
        outcome->status = outcome->status == TALLY_OK ? TALLY_E_UNKNOWN_CARD : outcome->status;
        return TALLY_OK;
    }
    TALLY_TRY(write_card(run, step, is_blocked ? TALLY_CARD_BLOCK : TALLY_CARD_UNBLOCK, found, NULL,
                         outcome));
    size_t notice = shop_notice(&run->shop);
    found->valid.until = is_blocked ? notice : SIZE_MAX;
    return TALLY_OK;
}

/* The newest card of the member of that kind which is not blocked: a phone number is not lost with
 * a card. */
static struct run_card *lost_card(struct run *run, size_t member, enum tally_card_kind kind,
                                  const struct run_card *but)
{
    for (size_t i = run->card_count; i-- > 0;) {
        struct run_card *card = &run->cards[i];
        if (card != but && card->member == member && card->card.kind == kind &&
            card->valid.until == SIZE_MAX) {
            return card;
        }
    }
    return NULL;
}

enum tally_status run_card_change(struct run *run, const struct story_step *step,
                                  struct outcome *outcome)
{
    struct tally_card card = {0};
    if (shop_account(&run->shop, step->till, step->member) == NULL) {
        outcome->status = TALLY_E_NOT_FOUND;
        return TALLY_OK;
    }
    if (step->verb == STORY_BLOCKED || step->verb == STORY_UNBLOCKED) {
        return step->card.len > 0 ? block_card(run, step, outcome)
                                  : block_account(run, step, outcome);
    }
    outcome->status = new_card(run, step->till, step->card, &card);
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    size_t notice = shop_notice(&run->shop);
    TALLY_TRY(add_card(run, &card, step->member, SIZE_MAX)); /* nobody has heard of it */
    struct run_card *added = &run->cards[run->card_count - 1];
    struct run_card *old =
        step->verb == STORY_REPLACES ? lost_card(run, step->member, card.kind, added) : NULL;
    TALLY_TRY(write_card(run, step, old == NULL ? TALLY_CARD_LINK : TALLY_CARD_REPLACE, added, old,
                         outcome));
    added->valid.since = notice;
    if (old != NULL) {
        old->valid.until = notice;
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ members */

/* What the programme gives to a new member; as at a terminal, a profile with a phone number and a
 * birthday is complete. */
static enum tally_status welcome(struct run *run, const struct story_step *step, bool is_complete)
{
    for (size_t i = 0; i < run->programme->award_count; i++) {
        const struct tally_award_rule *award = &run->programme->awards[i];
        const struct tally_award_request request = {.award = award->id};
        enum tally_status status = TALLY_OK;
        if (award->kind == TALLY_AWARD_SIGN_UP ||
            (award->kind == TALLY_AWARD_PROFILE && is_complete)) {
            TALLY_TRY(run_award(run, step->till, step->member, &request, &status));
        }
    }
    return TALLY_OK;
}

/* Into whose account: the member's own, or another's whom the till knows. */
static enum tally_status account_to_join(struct run *run, const struct story_step *step,
                                         uint64_t *ret_account)
{
    *ret_account = (uint64_t)step->member + 1;
    if (step->other == SIZE_MAX) {
        return TALLY_OK;
    }
    const struct tally_account *joined = shop_account(&run->shop, step->till, step->other);
    if (joined == NULL || step->other == step->member) {
        return TALLY_E_UNKNOWN_CARD;
    }
    *ret_account = joined->id;
    return TALLY_OK;
}

enum tally_status run_enrol(struct run *run, const struct story_step *step, struct outcome *outcome)
{
    struct tally_card card = {0}, phone = {0};
    struct run_member *member = &run->members[step->member];
    struct tally_event event = {.type = TALLY_EVENT_ENROL};
    if (shop_account(&run->shop, step->till, step->member) != NULL) {
        return story_complain(run->problem, step->line, "this member has enrolled already");
    }
    outcome->status = new_card(run, step->till, step->card, &card);
    if (outcome->status == TALLY_OK) {
        outcome->status = new_card(run, step->till, step->phone, &phone);
    }
    if (outcome->status == TALLY_OK) {
        outcome->status = account_to_join(run, step, &event.account);
    }
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    const struct tally_account *referrer =
        step->brought == SIZE_MAX ? NULL : shop_account(&run->shop, step->till, step->brought);
    tally_store_le(event.as.enrol.handle, HANDLE_USED, (uint64_t)step->member + 1);
    event.as.enrol.home_shop = run->shop.tills[step->till].shop;
    event.as.enrol.referrer = referrer == NULL ? 0 : referrer->id;
    struct shop_event *kept = NULL;
    TALLY_TRY(run_commit(run, step->till, step->member, &event, outcome, &kept));
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    *member = (struct run_member){.birth_month = step->birth_month,
                                  .birth_day = step->birth_day,
                                  .brought = referrer == NULL ? SIZE_MAX : step->brought};
    if (card.len > 0) {
        TALLY_TRY(add_card(run, &card, step->member, 0));
    }
    if (phone.len > 0) {
        TALLY_TRY(add_card(run, &phone, step->member, 0));
    }
    bool has_phone = card.kind == TALLY_CARD_PHONE || phone.kind == TALLY_CARD_PHONE;
    return welcome(run, step, has_phone && step->birth_month != 0);
}

/* Sends one drawer of an account that ends after it, and receives it: two events of one place. */
static enum tally_status send_after(struct run *run, uint32_t till, size_t account, uint64_t into,
                                    struct outcome *outcome)
{
    struct tally_moment moment = run_moment(run, till);
    struct tally_bonus_room room = run_room(run);
    struct tally_event sent = {0}, received = {0};
    struct shop_event *kept = NULL;
    const struct tally_account *from = shop_account_of(&run->shop, till, account);
    outcome->status = tally_merge_plan(from, into, &moment, &room, &sent);
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    sent.as.transfer.reason = tally_slice_text("one person, two accounts");
    sent.as.transfer.who = tally_slice_text("story");
    TALLY_TRY(run_commit(run, till, account, &sent, outcome, &kept));
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    outcome->status = tally_merge_receive_plan(run->programme, from,
                                               shop_account_of(&run->shop, till, (size_t)into - 1),
                                               &kept->event, &moment, &room, &received);
    if (outcome->status != TALLY_OK) {
        outcome->status = outcome->status == TALLY_E_NOT_FOUND ? TALLY_OK : outcome->status;
        return TALLY_OK;
    }
    received.as.transfer.reason = sent.as.transfer.reason;
    received.as.transfer.who = sent.as.transfer.who;
    return run_commit(run, till, (size_t)into - 1, &received, outcome, &kept);
}

enum tally_status run_merge(struct run *run, const struct story_step *step, struct outcome *outcome)
{
    const struct tally_account *from = shop_account(&run->shop, TALLY_TERMINAL_HQ, step->member);
    const struct tally_account *into = shop_account(&run->shop, TALLY_TERMINAL_HQ, step->other);
    if (from == NULL || into == NULL || from->id == into->id) {
        outcome->status = from != NULL && into != NULL ? TALLY_E_EXISTS : TALLY_E_NOT_FOUND;
        return TALLY_OK;
    }
    return send_after(run, TALLY_TERMINAL_HQ, (size_t)from->id - 1, into->id, outcome);
}

/* Whether a place still holds anything of an account that has gone into another one; at head office
 * also what was counted by tills that had not heard of it. */
static bool has_more_to_send(const struct tally_account *from, uint32_t till)
{
    bool has_more = till == TALLY_TERMINAL_HQ && from->count_count > 0;
    for (size_t i = 0; i < from->lot_count; i++) {
        has_more = has_more || from->lots[i].drawer == till;
    }
    for (size_t i = 0; i < from->purse_count && till == TALLY_TERMINAL_HQ; i++) {
        has_more = has_more || from->purses[i].debt > 0;
    }
    return from->merged_into != 0 && has_more;
}

enum tally_status run_follow_merges(struct run *run)
{
    for (uint32_t i = 0; i <= STORY_TILL_MAX && run->shop.has_merged; i++) {
        const struct shop_till *till = &run->shop.tills[i];
        for (size_t k = 0; k < run->shop.member_count && till->is_open && !till->offline; k++) {
            const struct tally_account *from = shop_account_of(&run->shop, i, k);
            struct outcome outcome = {.status = TALLY_OK};
            if (has_more_to_send(from, i)) {
                TALLY_TRY(send_after(run, i, k, from->merged_into, &outcome));
            }
        }
    }
    return TALLY_OK;
}
