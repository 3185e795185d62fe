/* SPDX-License-Identifier: Apache-2.0 */
/* Tills and head office: who has seen which event, and whether the two halves match. */
#include "app/story/shop.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <inttypes.h>

enum { EPOCH = 1 };

/* ------------------------------------------------------------------ accounts */

/* Keeps the first; `status` of TALLY_OK says no more than `what`. */
static void broken(struct shop *shop, const char *what, enum tally_status status)
{
    if (shop->broken[0] != '\0') {
        return;
    }
    snprintf(shop->broken, sizeof shop->broken, "%s%s%s", what, status == TALLY_OK ? "" : ": ",
             status == TALLY_OK ? "" : tally_status_text(status));
}

static enum tally_status lots_room(struct tally_account *account, size_t lots)
{
    if (lots <= account->lot_cap) {
        return TALLY_OK;
    }
    struct tally_lot *grown = tally_realloc(account->lots, lots, sizeof *grown);
    if (grown == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    account->lots = grown;
    account->lot_cap = lots;
    return TALLY_OK;
}

static enum tally_status copy_account(struct tally_account *to, const struct tally_account *from)
{
    TALLY_TRY(lots_room(to, from->lot_count));
    struct tally_account copy = *from;
    copy.lots = to->lots;
    copy.lot_cap = to->lot_cap;
    for (size_t i = 0; i < from->lot_count; i++) {
        copy.lots[i] = from->lots[i];
    }
    *to = copy;
    return TALLY_OK;
}

static enum tally_status fold(struct shop *shop, struct tally_account *account,
                              const struct tally_event *event)
{
    TALLY_TRY(lots_room(account, tally_account_lots_needed(account, event)));
    TALLY_TRY(tally_account_apply(account, event));
    if (tally_account_check(account) != TALLY_OK) {
        broken(shop, "the account does not add up", TALLY_OK);
    }
    return TALLY_OK;
}

/* Byte for byte, but for whose event was the last: a till counts a draw as its own. */
static bool is_same_account(const struct tally_account *left, const struct tally_account *right)
{
    const struct tally_account *sides[2] = {left, right};
    uint8_t *bytes[2] = {NULL, NULL};
    size_t len[2] = {0, 0};
    bool is_same = true;
    for (size_t i = 0; i < 2; i++) {
        struct tally_account side = *sides[i];
        side.last = (struct tally_event_id){0};
        size_t cap = tally_account_encoded_len(&side);
        bytes[i] = tally_alloc(cap, 1);
        is_same = is_same && bytes[i] != NULL &&
                  tally_account_encode(&side, bytes[i], cap, &len[i]) == TALLY_OK;
    }
    is_same = is_same && len[0] == len[1] && memcmp(bytes[0], bytes[1], len[0]) == 0;
    tally_free(bytes[0]);
    tally_free(bytes[1]);
    return is_same;
}

/* ------------------------------------------------------------------ who knows what */

struct tally_account *shop_account(struct shop *shop, uint32_t till, size_t member)
{
    assert(till <= STORY_TILL_MAX && member < shop->tills[till].account_count);

    return &shop->tills[till].accounts[member];
}

/* A till knows what head office knows. */
static enum tally_status feed(struct shop *shop, struct shop_till *till, size_t member)
{
    if (till->number == TALLY_TERMINAL_HQ || !till->is_open || till->offline) {
        return TALLY_OK;
    }
    return copy_account(&till->accounts[member], shop_account(shop, TALLY_TERMINAL_HQ, member));
}

static enum tally_status feed_all(struct shop *shop, size_t member)
{
    for (size_t i = 0; i <= STORY_TILL_MAX; i++) {
        TALLY_TRY(feed(shop, &shop->tills[i], member));
    }
    return TALLY_OK;
}

static enum tally_status till_open(struct shop *shop, struct shop_till *till)
{
    till->accounts = tally_alloc(shop->member_count, sizeof *till->accounts);
    if (till->accounts == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    till->account_count = shop->member_count;
    till->is_open = true;
    for (size_t member = 0; member < shop->member_count; member++) {
        TALLY_TRY(feed(shop, till, member));
    }
    return TALLY_OK;
}

/* Head office takes an event in: it computes the sale again, and folds. */
static enum tally_status take_in(struct shop *shop, const struct shop_event *taken)
{
    const struct tally_event *event = &taken->event;
    const struct tally_programme *programme =
        story_rules_version(shop->rules, event->programme_version);
    if (event->type == TALLY_EVENT_SALE) {
        enum tally_status status =
            programme == NULL ? TALLY_E_NOT_FOUND : tally_sale_check(programme, event);
        if (status != TALLY_OK) {
            broken(shop, "head office does not agree with the sale", status);
        }
    }
    enum tally_status status =
        fold(shop, shop_account(shop, TALLY_TERMINAL_HQ, taken->member), event);
    if (status == TALLY_E_NO_MEMORY) {
        return status;
    }
    if (status != TALLY_OK) {
        broken(shop, "head office can't take the event in", status);
    }
    return TALLY_OK;
}

static void compare_halves(struct shop *shop, const struct shop_till *till, size_t member)
{
    if (!is_same_account(&till->accounts[member], shop_account(shop, TALLY_TERMINAL_HQ, member))) {
        broken(shop, "the till's half and head office's don't match", TALLY_OK);
    }
}

static enum tally_status wait_for_network(struct shop_till *till, struct shop_event *event)
{
    struct shop_event **grown =
        story_one_more(till->waiting, till->waiting_count, sizeof(struct shop_event *));
    if (grown == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    till->waiting = grown;
    till->waiting[till->waiting_count] = event;
    till->waiting_count++;
    return TALLY_OK;
}

enum tally_status shop_connect(struct shop *shop, uint32_t number, bool offline)
{
    struct shop_till *till = &shop->tills[number];
    if (!till->is_open) {
        TALLY_TRY(till_open(shop, till));
    }
    bool is_back = till->offline && !offline;
    till->offline = offline;
    if (!is_back) {
        return TALLY_OK;
    }
    for (size_t i = 0; i < till->waiting_count; i++) {
        TALLY_TRY(take_in(shop, till->waiting[i]));
    }
    till->waiting_count = 0;
    for (size_t member = 0; member < shop->member_count; member++) {
        TALLY_TRY(feed_all(shop, member));
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ events */

enum tally_status shop_event_new(struct shop *shop, enum tally_event_type type, size_t member,
                                 size_t line_count, size_t move_count,
                                 struct shop_event **ret_event)
{
    struct shop_event **grown =
        story_one_more(shop->events, shop->event_count, sizeof(struct shop_event *));
    if (grown == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    shop->events = grown;
    struct shop_event *event = tally_alloc(1, sizeof *event);
    if (event == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    shop->events[shop->event_count] = event;
    shop->event_count++;
    event->event.type = type;
    event->member = member;
    event->lines = tally_alloc(line_count, sizeof *event->lines);
    event->moves = tally_alloc(move_count, sizeof *event->moves);
    if (event->lines == NULL || event->moves == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *ret_event = event;
    return TALLY_OK;
}

static enum tally_status happen(struct shop *shop, struct shop_till *till,
                                struct tally_event *event, size_t member, int64_t now_ms)
{
    event->id = (struct tally_event_id){till->number, EPOCH, till->seq + 1};
    event->time = tally_hlc_next(till->time, now_ms);
    TALLY_TRY(fold(shop, &till->accounts[member], event));
    till->seq = event->id.seq;
    till->time = event->time;
    return TALLY_OK;
}

enum tally_status shop_commit(struct shop *shop, uint32_t number, struct shop_event *event,
                              int64_t now_ms)
{
    struct shop_till *till = &shop->tills[number];
    TALLY_TRY(happen(shop, till, &event->event, event->member, now_ms));
    event->is_committed = true;
    if (till->offline) {
        return wait_for_network(till, event);
    }
    if (number != TALLY_TERMINAL_HQ) {
        TALLY_TRY(take_in(shop, event));
        compare_halves(shop, till, event->member);
    }
    return feed_all(shop, event->member);
}

enum tally_status shop_draw(struct shop *shop, uint32_t number, size_t member, int64_t points,
                            int64_t now_ms, int64_t *ret_points)
{
    struct shop_till *till = &shop->tills[number], *hq = &shop->tills[TALLY_TERMINAL_HQ];
    const struct tally_account *account = shop_account(shop, TALLY_TERMINAL_HQ, member);
    struct shop_event *event = NULL;
    int64_t granted = 0;
    size_t move_cap = account->lot_count < TALLY_MOVES_MAX ? account->lot_count : TALLY_MOVES_MAX;
    TALLY_TRY(shop_event_new(shop, TALLY_EVENT_GRANT, member, 0, move_cap, &event));
    const struct tally_programme *programme = story_rules_at(shop->rules, now_ms);
    int32_t day = tally_programme_day(programme, now_ms);
    size_t count = tally_draw_moves(account, points, day, event->moves, &granted);
    event->event.business_day = day;
    event->event.programme_version = programme->version;
    event->event.as.grant = (struct tally_grant){.account = account->id,
                                                 .grant_seq = till->grants + 1,
                                                 .to_terminal = number,
                                                 .moves = event->moves,
                                                 .move_count = count};
    if (count > 0) {
        till->grants++;
        struct tally_event confirmed = event->event; /* the till writes it into its own journal */
        TALLY_TRY(happen(shop, hq, &event->event, member, now_ms));
        TALLY_TRY(happen(shop, till, &confirmed, member, now_ms));
        compare_halves(shop, till, member);
        TALLY_TRY(feed_all(shop, member));
    }
    *ret_points = granted;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ the shop itself */

enum tally_status shop_open(struct shop *shop, const struct story_rules *rules, size_t member_count)
{
    *shop = (struct shop){.rules = rules, .member_count = member_count};
    for (uint32_t i = 0; i <= STORY_TILL_MAX; i++) {
        shop->tills[i].number = i;
    }
    return till_open(shop, &shop->tills[TALLY_TERMINAL_HQ]);
}

void shop_close(struct shop *shop)
{
    for (size_t i = 0; i <= STORY_TILL_MAX; i++) {
        struct shop_till *till = &shop->tills[i];
        for (size_t member = 0; member < till->account_count; member++) {
            tally_free(till->accounts[member].lots);
        }
        tally_free(till->accounts);
        tally_free(till->waiting);
    }
    for (size_t i = 0; i < shop->event_count; i++) {
        tally_free(shop->events[i]->lines);
        tally_free(shop->events[i]->moves);
        tally_free(shop->events[i]);
    }
    tally_free(shop->events);
    *shop = (struct shop){0};
}
