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

static enum tally_status card_of(const struct run *run, const struct story_step *step,
                                 struct tally_card *ret_card)
{
    char text[TALLY_CARD_LEN_MAX + 1];
    snprintf(text, sizeof text, "%.*s", (int)step->card.len, (const char *)step->card.data);
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
        *ret_status = card_of(run, step, &card);
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
    if (*ret_status == TALLY_OK && holds_at(run, step->till, &run->members[step->member].blocked)) {
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
static enum tally_status new_card(struct run *run, const struct story_step *step,
                                  struct tally_card *ret_card)
{
    TALLY_TRY(card_of(run, step, ret_card));
    return find_card(run, step->till, ret_card) == NULL ? TALLY_OK : TALLY_E_EXISTS;
}

static enum tally_status block(struct run *run, const struct story_step *step,
                               struct outcome *outcome)
{
    bool is_blocked = step->verb == STORY_BLOCKED;
    struct tally_card card = {0};
    struct run_card *found = NULL;
    if (step->card.len > 0) {
        outcome->status = card_of(run, step, &card);
        found = outcome->status == TALLY_OK ? find_card(run, step->till, &card) : NULL;
        if (found == NULL && outcome->status == TALLY_OK) {
            outcome->status = TALLY_E_UNKNOWN_CARD;
        }
        if (outcome->status != TALLY_OK) {
            return TALLY_OK;
        }
    }
    size_t notice = shop_notice(&run->shop);
    if (found != NULL) {
        found->valid.until = is_blocked ? notice : SIZE_MAX;
    } else if (is_blocked) {
        run->members[step->member].blocked = (struct run_span){notice, SIZE_MAX};
    } else {
        run->members[step->member].blocked.until = notice;
    }
    return TALLY_OK;
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
        return block(run, step, outcome);
    }
    outcome->status = new_card(run, step, &card);
    if (outcome->status != TALLY_OK) {
        return TALLY_OK;
    }
    size_t notice = shop_notice(&run->shop);
    for (size_t i = 0; i < run->card_count && step->verb == STORY_REPLACES; i++) {
        struct run_card *old = &run->cards[i];
        bool is_number = old->card.kind == card.kind; /* a phone number is not lost with a card */
        if (old->member == step->member && is_number && old->valid.until == SIZE_MAX) {
            old->valid.until = notice;
        }
    }
    return add_card(run, &card, step->member, notice);
}

/* ------------------------------------------------------------------ members */

/* What the programme gives to a new member. */
static enum tally_status welcome(struct run *run, const struct story_step *step)
{
    for (size_t i = 0; i < run->programme->award_count; i++) {
        const struct tally_award_rule *award = &run->programme->awards[i];
        const struct tally_award_request request = {.award = award->id};
        enum tally_status status = TALLY_OK;
        if (award->kind == TALLY_AWARD_SIGN_UP) {
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
    struct tally_card card = {0};
    struct run_member *member = &run->members[step->member];
    struct tally_event event = {.type = TALLY_EVENT_ENROL};
    if (shop_account(&run->shop, step->till, step->member) != NULL) {
        return story_complain(run->problem, step->line, "this member has enrolled already");
    }
    if (step->card.len > 0) {
        outcome->status = new_card(run, step, &card);
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
                                  .brought = referrer == NULL ? SIZE_MAX : step->brought,
                                  .blocked = {SIZE_MAX, SIZE_MAX}};
    if (card.len > 0) {
        TALLY_TRY(add_card(run, &card, step->member, 0));
    }
    return welcome(run, step);
}

enum tally_status run_merge(struct run *run, const struct story_step *step, struct outcome *outcome)
{
    if (shop_account(&run->shop, TALLY_TERMINAL_HQ, step->member) == NULL ||
        shop_account(&run->shop, TALLY_TERMINAL_HQ, step->other) == NULL) {
        outcome->status = TALLY_E_NOT_FOUND;
        return TALLY_OK;
    }
    outcome->status = shop_merge(&run->shop, step->member, step->other);
    return outcome->status == TALLY_E_NO_MEMORY ? TALLY_E_NO_MEMORY : TALLY_OK;
}
