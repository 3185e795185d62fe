/* SPDX-License-Identifier: Apache-2.0 */
/* Tills and head office: who has seen which event, and whether the two halves match. */
#include "app/story/shop.h"

#include "app/base/alloc.h"
#include "app/core/reversal.h"

#include <assert.h>
#include <inttypes.h>

enum { EPOCH = 1 };

/* ------------------------------------------------------------------ what must never be */

/* Keeps the first; `status` of TALLY_OK says no more than `what`. */
static void broken(struct shop *shop, const char *what, enum tally_status status)
{
    if (shop->broken[0] != '\0') {
        return;
    }
    snprintf(shop->broken, sizeof shop->broken, "%s%s%s", what, status == TALLY_OK ? "" : ": ",
             status == TALLY_OK ? "" : tally_status_text(status));
}

/* The account as bytes, but for whose event was the last: a till counts a draw as its own. */
static enum tally_status bytes_of(const struct tally_account *account, struct tally_buffer *bytes)
{
    struct tally_book book = {.account = *account};
    book.account.last = (struct tally_event_id){0, 0, 0};
    bytes->len = 0;
    return tally_book_encode(&book, bytes);
}

static bool is_same_bytes(const struct shop *shop)
{
    return story_same(tally_buffer_slice(&shop->bytes[0]), tally_buffer_slice(&shop->bytes[1]));
}

/* Whether the account adds up, and is the same once it was written down and read again. */
static enum tally_status check(struct shop *shop, const struct tally_account *account)
{
    if (tally_account_check(account) != TALLY_OK) {
        broken(shop, "the account does not add up", TALLY_OK);
        return TALLY_OK;
    }
    TALLY_TRY(bytes_of(account, &shop->bytes[0]));
    enum tally_status status = tally_book_decode(&shop->copy, tally_buffer_slice(&shop->bytes[0]));
    if (status == TALLY_E_NO_MEMORY) {
        return status;
    }
    if (status == TALLY_OK) {
        TALLY_TRY(bytes_of(&shop->copy.account, &shop->bytes[1]));
    }
    if (status != TALLY_OK || !is_same_bytes(shop)) {
        broken(shop, "the account is not the same once it was written and read", status);
    }
    return TALLY_OK;
}

static enum tally_status fold(struct shop *shop, struct tally_book *book,
                              const struct tally_event *event)
{
    TALLY_TRY(tally_book_apply(book, event));
    return check(shop, &book->account);
}

static enum tally_status compare_halves(struct shop *shop, const struct shop_till *till,
                                        size_t account)
{
    TALLY_TRY(bytes_of(&till->books[account].account, &shop->bytes[0]));
    TALLY_TRY(bytes_of(&shop->tills[TALLY_TERMINAL_HQ].books[account].account, &shop->bytes[1]));
    if (!is_same_bytes(shop)) {
        broken(shop, "the till's half and head office's don't match", TALLY_OK);
    }
    return TALLY_OK;
}

void *shop_room(struct shop *shop, size_t len)
{
    if (len > shop->room_len) {
        void *grown = tally_realloc(shop->room, len, 1);
        if (grown == NULL) {
            return NULL;
        }
        shop->room = grown;
        shop->room_len = len;
    }
    return shop->room;
}

/* ------------------------------------------------------------------ who knows what */

const struct tally_account *shop_account(const struct shop *shop, uint32_t number, size_t member)
{
    const struct shop_till *till = &shop->tills[number];
    assert(number <= STORY_TILL_MAX && member < shop->member_count && till->is_open);

    size_t account = till->accounts[member];
    return account == SIZE_MAX ? NULL : &till->books[account].account;
}

const struct tally_account *shop_account_of(const struct shop *shop, uint32_t till, size_t account)
{
    assert(till <= STORY_TILL_MAX && account < shop->member_count && shop->tills[till].is_open);

    return &shop->tills[till].books[account].account;
}

static bool hears_head_office(const struct shop_till *till)
{
    return till->number != TALLY_TERMINAL_HQ && till->is_open && !till->offline;
}

/* A till knows what head office knows: one account, and whose it is. */
static enum tally_status feed(struct shop *shop, struct shop_till *till, size_t account)
{
    const struct shop_till *hq = &shop->tills[TALLY_TERMINAL_HQ];
    if (!hears_head_office(till)) {
        return TALLY_OK;
    }
    till->notices = shop->notices;
    for (size_t member = 0; member < shop->member_count; member++) {
        till->accounts[member] = hq->accounts[member];
    }
    return tally_book_copy(&till->books[account], &hq->books[account].account);
}

static enum tally_status feed_all(struct shop *shop, size_t account)
{
    for (size_t i = 0; i <= STORY_TILL_MAX; i++) {
        TALLY_TRY(feed(shop, &shop->tills[i], account));
    }
    return TALLY_OK;
}

static enum tally_status till_open(struct shop *shop, struct shop_till *till)
{
    till->books = tally_alloc(shop->member_count, sizeof *till->books);
    till->accounts = tally_alloc(shop->member_count, sizeof *till->accounts);
    if (till->books == NULL || till->accounts == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    till->is_open = true;
    till->notices = shop->notices;
    for (size_t i = 0; i < shop->member_count; i++) {
        till->accounts[i] = SIZE_MAX;
    }
    for (size_t i = 0; i < shop->member_count; i++) {
        TALLY_TRY(feed(shop, till, i));
    }
    return TALLY_OK;
}

static enum tally_status remember(struct shop_event ***list, size_t *count,
                                  struct shop_event *event)
{
    struct shop_event **grown = story_one_more(*list, *count, sizeof(struct shop_event *));
    if (grown == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *list = grown;
    grown[*count] = event;
    (*count)++;
    return TALLY_OK;
}

/* What head office took in while a till was alone. */
static enum tally_status note_missed(struct shop *shop, struct shop_event *event, uint32_t by)
{
    for (uint32_t i = 1; i <= STORY_TILL_MAX; i++) {
        struct shop_till *till = &shop->tills[i];
        if (i != by && till->is_open && till->offline) {
            TALLY_TRY(remember(&till->missed, &till->missed_count, event));
        }
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ head office */

/* Head office works a sale or a reversal out again. */
static enum tally_status recompute(struct shop *shop, const struct shop_event *taken)
{
    const struct tally_event *event = &taken->event;
    const struct tally_programme *programme =
        story_rules_version(shop->rules, event->programme_version);
    enum tally_status status = programme == NULL ? TALLY_E_NOT_FOUND : TALLY_OK;
    if (status == TALLY_OK && event->type == TALLY_EVENT_SALE) {
        size_t len = tally_sale_check_room(programme, event);
        void *room = tally_alloc(len, 1); /* the shop's own may hold the plan */
        if (room == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        status = tally_sale_check(programme, event, room, len);
        tally_free(room);
    } else if (status == TALLY_OK && taken->sale != NULL) {
        status = tally_reversal_check(programme, &taken->sale->event, event);
    }
    if (status != TALLY_OK) {
        broken(shop, "head office comes to something else", status);
    }
    return TALLY_OK;
}

/* Head office takes an event in: it computes it again, and folds. */
static enum tally_status take_in(struct shop *shop, struct shop_event *taken)
{
    struct shop_till *hq = &shop->tills[TALLY_TERMINAL_HQ];
    const struct tally_event *event = &taken->event;
    size_t account = (size_t)event->account - 1;
    TALLY_TRY(recompute(shop, taken));
    enum tally_status status = fold(shop, &hq->books[account], event);
    if (status == TALLY_E_NO_MEMORY) {
        return status;
    }
    if (status != TALLY_OK) {
        broken(shop, "head office can't take the event in", status);
    }
    if (event->type == TALLY_EVENT_ENROL) {
        hq->accounts[taken->member] = account;
    }
    taken->is_at_hq = true;
    if (event->type == TALLY_EVENT_SALE || taken->sale != NULL) {
        TALLY_TRY(remember(&shop->arrived, &shop->arrived_count, taken));
    }
    return note_missed(shop, taken, event->id.terminal);
}

/* Debts belong to no drawer, and grants to two: what they leave where can depend on the order. */
static bool is_shared(const struct tally_event *event)
{
    bool shared = event->type == TALLY_EVENT_GRANT;
    for (size_t i = 0; i < event->effects.move_count; i++) {
        enum tally_move_kind kind = event->effects.moves[i].kind;
        shared = shared || kind == TALLY_MOVE_EARN_DEBT || kind == TALLY_MOVE_UNEARN_DEBT ||
                 kind == TALLY_MOVE_ADJUST_DEBT;
    }
    return shared;
}

static bool has_shared(struct shop_event *const *events, size_t count, size_t account)
{
    for (size_t i = 0; i < count; i++) {
        if (events[i]->event.account == (uint64_t)account + 1 && is_shared(&events[i]->event)) {
            return true;
        }
    }
    return false;
}

/* A till that was alone takes in what it missed and ends with head office's accounts, though the
 * two took the same events in another order. */
static enum tally_status catch_up(struct shop *shop, struct shop_till *till)
{
    for (size_t i = 0; i < till->missed_count; i++) {
        const struct tally_event *event = &till->missed[i]->event;
        enum tally_status status = fold(shop, &till->books[event->account - 1], event);
        if (status == TALLY_E_NO_MEMORY) {
            return status;
        }
        if (status != TALLY_OK) {
            broken(shop, "the till can't take in what it missed", status);
        }
    }
    for (size_t i = 0; i < shop->member_count; i++) {
        if (!has_shared(till->missed, till->missed_count, i) &&
            !has_shared(till->waiting, till->waiting_count, i)) {
            TALLY_TRY(compare_halves(shop, till, i));
        }
    }
    till->missed_count = 0;
    till->waiting_count = 0;
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
    TALLY_TRY(catch_up(shop, till));
    for (size_t account = 0; account < shop->member_count; account++) {
        TALLY_TRY(feed_all(shop, account));
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ events */

/* A copy of an array that lives as long as the event; NULL without memory. */
static void *own(struct shop_event *event, const void *items, size_t count, size_t size)
{
    assert(event->owned_count < SHOP_OWNED_MAX);

    void *copy = tally_alloc(count, size);
    if (copy == NULL) {
        return NULL;
    }
    if (count > 0 && items != NULL) {
        memcpy(copy, items, count * size);
    }
    event->owned[event->owned_count] = copy;
    event->owned_count++;
    return copy;
}

#define OWN(event, items, count) ((items = own(event, items, count, sizeof *(items))) != NULL)

static bool own_sale(struct shop_event *kept)
{
    struct tally_sale *sale = &kept->event.as.sale;
    struct tally_basket *basket = &sale->basket;
    kept->returned_milli = own(kept, NULL, basket->line_count, sizeof *kept->returned_milli);
    return kept->returned_milli != NULL && OWN(kept, basket->lines, basket->line_count) &&
           OWN(kept, basket->tenders, basket->tender_count) &&
           OWN(kept, basket->codes, basket->code_count) &&
           OWN(kept, basket->claims, basket->claim_count) &&
           OWN(kept, sale->seen.used, sale->seen.used_count) &&
           OWN(kept, sale->paid, sale->paid_count) && OWN(kept, sale->shares, sale->share_count) &&
           OWN(kept, sale->exchanges, sale->exchange_count);
}

static struct shop_event *event_of(const struct shop *shop, const struct tally_event_id *id)
{
    for (size_t i = shop->event_count; i-- > 0;) {
        const struct tally_event_id *other = &shop->events[i]->event.id;
        if (shop->events[i]->is_committed && other->terminal == id->terminal &&
            other->epoch == id->epoch && other->seq == id->seq) {
            return shop->events[i];
        }
    }
    return NULL;
}

enum tally_status shop_keep(struct shop *shop, const struct tally_event *planned, size_t member,
                            struct shop_event **ret_event)
{
    struct shop_event *kept = tally_alloc(1, sizeof *kept);
    if (kept == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = remember(&shop->events, &shop->event_count, kept);
    if (status != TALLY_OK) {
        tally_free(kept);
        return status;
    }
    kept->event = *planned;
    kept->member = member;
    struct tally_effects *effects = &kept->event.effects;
    bool is_kept = OWN(kept, effects->moves, effects->move_count) &&
                   OWN(kept, effects->counts, effects->count_count);
    if (planned->type == TALLY_EVENT_SALE) {
        is_kept = is_kept && own_sale(kept);
    } else if (planned->type == TALLY_EVENT_VOID || planned->type == TALLY_EVENT_REFUND) {
        struct tally_reversal *reversal = &kept->event.as.reversal;
        kept->sale = event_of(shop, &reversal->sale);
        is_kept = is_kept && OWN(kept, reversal->lines, reversal->line_count);
    }
    *ret_event = kept;
    return is_kept ? TALLY_OK : TALLY_E_NO_MEMORY;
}

static enum tally_status happen(struct shop *shop, struct shop_till *till,
                                struct tally_event *event, int64_t now_ms)
{
    event->id = (struct tally_event_id){till->number, EPOCH, till->seq + 1};
    event->time = tally_hlc_next(till->time, now_ms);
    TALLY_TRY(fold(shop, &till->books[event->account - 1], event));
    till->seq = event->id.seq;
    till->time = event->time;
    return TALLY_OK;
}

/* Who had an account that was merged into another one has that one from now on. */
static void follow_merge(struct shop *shop, const struct tally_event *event)
{
    struct shop_till *hq = &shop->tills[TALLY_TERMINAL_HQ];
    size_t from = (size_t)event->account - 1;
    for (size_t i = 0; i < shop->member_count && event->effects.merged_into != 0; i++) {
        bool had = hq->accounts[i] == from;
        hq->accounts[i] = had ? (size_t)event->effects.merged_into - 1 : hq->accounts[i];
        shop->has_merged = true;
    }
}

enum tally_status shop_commit(struct shop *shop, uint32_t number, struct shop_event *event,
                              int64_t now_ms)
{
    struct shop_till *till = &shop->tills[number];
    size_t account = (size_t)event->event.account - 1;
    TALLY_TRY(happen(shop, till, &event->event, now_ms));
    event->is_committed = true;
    event->shop = till->shop;
    if (event->event.type == TALLY_EVENT_ENROL) {
        till->accounts[event->member] = account;
    }
    if (till->offline) {
        return remember(&till->waiting, &till->waiting_count, event);
    }
    if (number == TALLY_TERMINAL_HQ) {
        follow_merge(shop, &event->event);
        event->is_at_hq = true;
        TALLY_TRY(note_missed(shop, event, number));
    } else {
        TALLY_TRY(take_in(shop, event));
        TALLY_TRY(compare_halves(shop, till, account));
    }
    return feed_all(shop, account);
}

enum tally_status shop_draw(struct shop *shop, uint32_t number, size_t member, uint32_t purse,
                            int64_t points, int64_t now_ms, int64_t *ret_points)
{
    struct shop_till *till = &shop->tills[number], *hq = &shop->tills[TALLY_TERMINAL_HQ];
    const struct tally_account *account = shop_account(shop, TALLY_TERMINAL_HQ, member);
    const struct tally_programme *programme = story_rules_at(shop->rules, now_ms);
    int64_t granted = 0;
    *ret_points = 0;
    struct tally_move *moves = tally_alloc(TALLY_MOVES_MAX, sizeof *moves);
    if (moves == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct tally_event event = {.type = TALLY_EVENT_GRANT,
                                .business_day = tally_programme_day(programme, now_ms),
                                .programme_version = programme->version,
                                .account = account->id,
                                .member = (uint64_t)member + 1};
    size_t count = tally_draw_moves(account, purse, points, event.business_day, moves, &granted);
    event.effects.moves = moves;
    event.effects.move_count = count;
    event.as.grant = (struct tally_grant){.grant_seq = till->grants + 1, .to_terminal = number};
    struct shop_event *kept = NULL;
    enum tally_status status = count == 0 ? TALLY_OK : shop_keep(shop, &event, member, &kept);
    tally_free(moves);
    if (status != TALLY_OK || count == 0) {
        return status;
    }
    till->grants++;
    struct tally_event confirmed = kept->event; /* the till writes it into its own journal */
    TALLY_TRY(happen(shop, hq, &kept->event, now_ms));
    kept->is_committed = true;
    kept->is_at_hq = true;
    TALLY_TRY(note_missed(shop, kept, TALLY_TERMINAL_HQ));
    TALLY_TRY(happen(shop, till, &confirmed, now_ms));
    TALLY_TRY(compare_halves(shop, till, (size_t)account->id - 1));
    TALLY_TRY(feed_all(shop, (size_t)account->id - 1));
    *ret_points = granted;
    return TALLY_OK;
}

size_t shop_notice(struct shop *shop)
{
    shop->notices++;
    for (size_t i = 0; i <= STORY_TILL_MAX; i++) {
        struct shop_till *till = &shop->tills[i];
        bool hears = till->number == TALLY_TERMINAL_HQ || hears_head_office(till);
        till->notices = hears ? shop->notices : till->notices;
    }
    return shop->notices;
}

/* ------------------------------------------------------------------ stock */

/* What one event says of a reward that all members share: it is counted for the day itself. */
static int64_t taken_by(const struct tally_event *event, uint32_t reward)
{
    int64_t taken = 0;
    for (size_t i = 0; i < event->effects.count_count; i++) {
        const struct tally_count *count = &event->effects.counts[i];
        bool is_of_day = count->from_day == count->until_day;
        if (count->what == TALLY_COUNT_REWARD && count->of == reward && is_of_day) {
            taken += count->amount;
        }
    }
    return taken;
}

/* A till without a network can't know what the others have given away. */
int64_t shop_stock(const struct shop *shop, uint32_t till, const struct tally_reward *reward)
{
    int64_t left = reward->total_max;
    if (shop->tills[till].offline) {
        return 0;
    }
    for (size_t i = 0; i < shop->event_count; i++) {
        const struct shop_event *event = shop->events[i];
        left -= event->is_at_hq ? taken_by(&event->event, reward->id) : 0;
    }
    return left > 0 ? left : 0;
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

static void till_close(struct shop *shop, struct shop_till *till)
{
    for (size_t i = 0; i < shop->member_count && till->books != NULL; i++) {
        tally_book_free(&till->books[i]);
    }
    tally_free(till->books);
    tally_free(till->accounts);
    tally_free(till->waiting);
    tally_free(till->missed);
}

void shop_close(struct shop *shop)
{
    for (size_t i = 0; i <= STORY_TILL_MAX; i++) {
        till_close(shop, &shop->tills[i]);
    }
    for (size_t i = 0; i < shop->event_count; i++) {
        for (size_t j = 0; j < shop->events[i]->owned_count; j++) {
            tally_free(shop->events[i]->owned[j]);
        }
        tally_free(shop->events[i]);
    }
    tally_free(shop->events);
    tally_free(shop->arrived);
    tally_free(shop->room);
    tally_buffer_free(&shop->bytes[0]);
    tally_buffer_free(&shop->bytes[1]);
    tally_book_free(&shop->copy);
    *shop = (struct shop){0};
}
