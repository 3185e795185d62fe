/* SPDX-License-Identifier: Apache-2.0 */
/* The till's desk: identifies, quotes, commits, voids and enrols, on the ledger. */
#include "app/terminal/desk.h"

#include "app/base/alloc.h"
#include "app/base/log.h"
#include "app/crypto/seal.h"
#include "app/proto/event_codec.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { CARD_TOKEN_LEN = 16, SPARE_LOTS = 4 };

/* A void's reference is made from the sale's, so that a sale is voided once, whoever asks. */
static const char void_prefix[] = "void:";

/* A sale that waits for its draw. */
struct waiting {
    struct desk *desk;
    struct till_request *request; /* NULL: the till is gone */
    struct waiting *next;
};

struct desk {
    struct ledger *ledger;
    struct desk_ports ports;
    struct waiting *waiting;
    char card_token[2 * CARD_TOKEN_LEN + 1]; /* "" when there is no unknown card to enrol */
    uint8_t card_handle[TALLY_HANDLE_LEN];
    struct tally_buffer name; /* of the member in the answer being made; wiped after it */
};

/* Everything one answer about a member needs. */
struct person {
    struct store_member member;
    struct store_account account;
};

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
    tally_buffer_wipe(&desk->name);
    tally_free(desk);
}

/* ------------------------------------------------------------------ people */

static void person_free(struct person *person)
{
    store_member_free(&person->member);
    store_account_free(&person->account);
}

static enum tally_status person_get(struct desk *desk, uint64_t member, struct person *ret_person)
{
    struct person person = {0};
    TALLY_TRY(store_member_get(desk->ledger->store, member, &person.member));
    enum tally_status status =
        store_account_get(desk->ledger->store, person.member.account, SPARE_LOTS, &person.account);
    if (status != TALLY_OK) {
        store_member_free(&person.member);
        return status;
    }
    *ret_person = person;
    return TALLY_OK;
}

/* The name is for the screen alone; without the key (erased, or not received yet) there is none. */
static const char *name_of(struct desk *desk, const struct store_member *member)
{
    struct tally_buffer plain = {0};
    struct tally_msg_profile profile;
    desk->name.len = 0;
    enum tally_status status = tally_profile_open(desk->ledger->data_key, member->member,
                                                  tally_buffer_slice(&member->profile),
                                                  tally_buffer_slice(&member->wrapped_key), &plain);
    if (status == TALLY_OK) {
        status = tally_msg_profile_decode(tally_buffer_slice(&plain), &profile);
    }
    if (status == TALLY_OK) {
        status = tally_buffer_append(&desk->name, profile.name.data, profile.name.len);
    }
    tally_buffer_wipe(&plain);
    if (status != TALLY_OK) {
        desk->name.len = 0;
    }
    return tally_buffer_append(&desk->name, "", 1) == TALLY_OK ? (const char *)desk->name.data : "";
}

static struct till_tier tier_view(const struct tally_programme *programme, size_t index)
{
    if (index >= programme->tier_count) {
        return (struct till_tier){0};
    }
    const struct tally_tier *tier = &programme->tiers[index];
    return (struct till_tier){.code = tier->code,
                              .name_en = tier->name_en,
                              .name_zh = tier->name_zh,
                              .stars = tier->stars,
                              .multiplier_pct = tier->multiplier_pct};
}

static void next_expiry(const struct tally_account *account, int32_t day, int32_t *ret_day,
                        int64_t *ret_points)
{
    *ret_day = TALLY_DAY_NEVER;
    *ret_points = 0;
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        if (lot->expires_day < day || lot->expires_day == TALLY_DAY_NEVER) {
            continue;
        }
        if (lot->expires_day < *ret_day) {
            *ret_day = lot->expires_day;
            *ret_points = 0;
        }
        if (lot->expires_day == *ret_day) {
            *ret_points += lot->points;
        }
    }
}

static struct till_member member_view(struct desk *desk, const struct person *person,
                                      int64_t now_ms)
{
    const struct tally_programme *programme = ledger_programme(desk->ledger, now_ms);
    const struct tally_account *account = &person->account.account;
    int32_t day = tally_programme_day(programme, now_ms);
    size_t tier = tally_account_tier(account, programme, day);
    struct store_head head;
    store_head(desk->ledger->store, &head);
    struct till_member view = {
        .member = person->member.member,
        .account = person->member.account,
        .name = name_of(desk, &person->member),
        .tier = tier_view(programme, tier),
        .next_tier = tier_view(programme, tier + 1),
        .metric_is_spend = programme->tier_metric == TALLY_METRIC_SPEND,
        .points = tally_account_balance(account, day),
        .points_here = tally_account_in_drawer(account, head.terminal, day),
        .debt = account->debt,
        .visits = account->visits,
        .lots = account->lots,
        .lot_count = account->lot_count,
    };
    if (tier + 1 < programme->tier_count) {
        int32_t year, month, day_of_month;
        tally_day_to_date(day, &year, &month, &day_of_month);
        int64_t reached = account->qualifying_year == year ? account->qualifying : 0;
        view.next_tier_needed = programme->tiers[tier + 1].threshold - reached;
    }
    if (view.points < 0 ||
        tally_programme_value(programme, view.points, &view.value_minor) != TALLY_OK) {
        view.value_minor = 0;
    }
    next_expiry(account, day, &view.next_expiry_day, &view.next_expiry_points);
    return view;
}

static enum tally_status handle_of(struct desk *desk, const struct tally_card *card,
                                   uint8_t ret_handle[TALLY_HANDLE_LEN])
{
    if (!desk->ledger->has_keys) {
        return TALLY_E_NOT_READY;
    }
    return tally_card_handle(desk->ledger->card_key, card, ret_handle);
}

/* TALLY_E_UNKNOWN_CARD where nobody has this card. */
static enum tally_status person_by_handle(struct desk *desk, const uint8_t handle[TALLY_HANDLE_LEN],
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

/* ------------------------------------------------------------------ cards */

static void forget_card(struct desk *desk)
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

void desk_card(struct desk *desk, const struct tally_card *card, struct till_server *till)
{
    static const char *const entries[] = {
        [TALLY_ENTRY_SWIPED] = "swiped",
        [TALLY_ENTRY_SCANNED] = "scanned",
        [TALLY_ENTRY_TAPPED] = "tapped",
        [TALLY_ENTRY_TYPED] = "typed",
    };
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
    till_notify_member(till, &view, entries[card->entry]);
    person_free(&person);
}

/* ------------------------------------------------------------------ answers */

static void answer_member(struct desk *desk, struct till_request *request,
                          const struct person *person)
{
    struct till_member view = member_view(desk, person, ledger_now_ms());
    till_answer_member(request, &view);
}

/* The receipt of an event that is durable, from the event itself: the same again when asked
 * again.*/
static enum tally_status answer_receipt(struct desk *desk, struct till_request *request,
                                        const struct tally_event *event, bool repeated)
{
    struct person person;
    struct till_receipt receipt = {.id = event->id, .repeated = repeated};
    uint64_t member = 0;
    if (event->type == TALLY_EVENT_SALE) {
        const struct tally_sale *sale = &event->as.sale;
        member = sale->member;
        receipt.total_minor = sale->total_minor;
        receipt.redeemed_points = sale->redeemed_points;
        receipt.redeemed_minor = sale->redeemed_minor;
        receipt.earned_points = sale->earned_points;
    } else {
        assert(event->type == TALLY_EVENT_VOID);
        const struct tally_void *undone = &event->as.voided;
        member = undone->member;
        receipt.redeemed_points = -undone->redeemed_points;
        receipt.earned_points = -undone->earned_points;
    }
    TALLY_TRY(person_get(desk, member, &person));
    receipt.member = member_view(desk, &person, ledger_now_ms());
    till_answer_receipt(request, &receipt);
    person_free(&person);
    return TALLY_OK;
}

static enum tally_status event_at(struct desk *desk, uint64_t seq, struct tally_buffer *ret_bytes,
                                  struct tally_event_decoded *ret_event)
{
    uint8_t chain[TALLY_HASH_LEN];
    struct tally_buffer sidecar = {0};
    enum tally_status status =
        store_event_get(desk->ledger->store, seq, ret_bytes, &sidecar, chain);
    tally_buffer_wipe(&sidecar);
    TALLY_TRY(status);
    return tally_event_decode(tally_buffer_slice(ret_bytes), ret_event);
}

/* A reference that was committed before gets the same receipt, if it asks for the same thing. */
static enum tally_status answer_again(struct desk *desk, struct till_request *request, uint64_t seq)
{
    const struct till_params *params = till_request_params(request);
    struct tally_buffer bytes = {0};
    struct tally_event_decoded decoded = {0};
    enum tally_status status = event_at(desk, seq, &bytes, &decoded);
    if (status == TALLY_OK && till_request_method(request) == TILL_SALE) {
        const struct tally_sale *sale = &decoded.event.as.sale;
        int64_t total = 0;
        bool adds_up = true;
        for (size_t i = 0; i < params->basket.line_count && adds_up; i++) {
            adds_up = tally_add(total, params->basket.lines[i].amount_minor, &total) == TALLY_OK;
        }
        bool same = adds_up && decoded.event.type == TALLY_EVENT_SALE &&
                    sale->member == params->member && sale->total_minor == total &&
                    sale->redeemed_points == params->points;
        status = same ? TALLY_OK : TALLY_E_EXISTS;
    }
    if (status == TALLY_OK) {
        status = answer_receipt(desk, request, &decoded.event, true);
    }
    tally_event_decoded_free(&decoded);
    tally_buffer_free(&bytes);
    return status;
}

static struct tally_slice text_slice(const char *text)
{
    return (struct tally_slice){(const uint8_t *)text, strlen(text)};
}

/* ------------------------------------------------------------------ sales */

static enum tally_status commit_sale(struct desk *desk, struct till_request *request,
                                     const struct person *person, int64_t now_ms)
{
    const struct till_params *params = till_request_params(request);
    const struct tally_programme *programme = ledger_programme(desk->ledger, now_ms);
    struct store_head head;
    store_head(desk->ledger->store, &head);
    struct tally_event event = {.type = TALLY_EVENT_SALE,
                                .business_day = tally_programme_day(programme, now_ms),
                                .programme_version = programme->version};
    size_t move_cap = person->account.account.lot_count;
    struct tally_move *moves = tally_alloc(move_cap, sizeof *moves);
    if (moves == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    uint64_t existing = 0;
    enum tally_status status = tally_sale_plan(
        programme, &person->account.account, person->member.member, &params->basket, params->points,
        head.terminal, event.business_day, moves, move_cap, &event.as.sale);
    if (status == TALLY_OK) {
        event.as.sale.ref = text_slice(params->ref);
        event.as.sale.cashier = text_slice(params->cashier);
        status = ledger_commit(desk->ledger, &event, (struct tally_slice){0}, now_ms, &existing);
    }
    if (status == TALLY_OK) {
        desk->ports.committed(desk->ports.self);
        status = answer_receipt(desk, request, &event, false);
    }
    tally_free(moves);
    return status;
}

/* After a draw: the same sale may have been asked for twice, and be committed meanwhile. */
static enum tally_status sell(struct desk *desk, struct till_request *request, int64_t now_ms)
{
    struct person person;
    uint64_t seq = 0;
    enum tally_status status =
        store_ref_get(desk->ledger->store, text_slice(till_request_params(request)->ref), &seq);
    if (status != TALLY_E_NOT_FOUND) {
        return status == TALLY_OK ? answer_again(desk, request, seq) : status;
    }
    TALLY_TRY(person_get(desk, till_request_params(request)->member, &person));
    status = commit_sale(desk, request, &person, now_ms);
    person_free(&person);
    return status;
}

static void unlink_waiting(struct desk *desk, const struct waiting *waiting)
{
    struct waiting **place = &desk->waiting;
    while (*place != waiting) {
        place = &(*place)->next;
    }
    *place = waiting->next;
}

/* Whatever the draw brought: redeem what is here now, or say that it is too little. */
static void on_drawn(void *context, enum tally_status drawn)
{
    struct waiting *waiting = context;
    struct desk *desk = waiting->desk;
    struct till_request *request = waiting->request;
    unlink_waiting(desk, waiting);
    tally_free(waiting);
    if (request == NULL) {
        return;
    }
    enum tally_status status = ledger_ready(desk->ledger, ledger_now_ms());
    if (status == TALLY_OK) {
        status = sell(desk, request, ledger_now_ms());
    }
    if (status == TALLY_E_POINTS_SHORT && drawn != TALLY_OK) {
        till_answer_refused(request, status, tally_status_text(drawn));
    } else if (status != TALLY_OK) {
        till_answer_refused(request, status, "");
    }
}

/* Sets *ret_drawing when the answer waits for head office. */
static enum tally_status draw_missing(struct desk *desk, struct till_request *request,
                                      const struct person *person, int64_t now_ms,
                                      bool *ret_drawing)
{
    const struct till_params *params = till_request_params(request);
    const struct tally_programme *programme = ledger_programme(desk->ledger, now_ms);
    const struct tally_account *account = &person->account.account;
    int32_t day = tally_programme_day(programme, now_ms);
    struct store_head head;
    struct tally_quote quote;
    store_head(desk->ledger->store, &head);
    TALLY_TRY(tally_sale_quote(programme, account, &params->basket, params->points, head.terminal,
                               day, &quote));
    int64_t here = tally_account_in_drawer(account, head.terminal, day);
    if (params->points <= here || params->points > quote.redeemable_online) {
        return TALLY_OK;
    }
    struct waiting *waiting = tally_alloc(1, sizeof *waiting);
    if (waiting == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *waiting = (struct waiting){.desk = desk, .request = request, .next = desk->waiting};
    desk->waiting = waiting;
    if (desk->ports.draw(desk->ports.self, person->member.account, params->points - here, on_drawn,
                         waiting) != TALLY_OK) {
        unlink_waiting(desk, waiting);
        tally_free(waiting);
        return TALLY_OK; /* offline: the plan says what is short */
    }
    *ret_drawing = true;
    return TALLY_OK;
}

static enum tally_status do_sale(struct desk *desk, struct till_request *request, int64_t now_ms)
{
    const struct till_params *params = till_request_params(request);
    if (params->ref[0] == '\0' || strncmp(params->ref, void_prefix, strlen(void_prefix)) == 0 ||
        strlen(params->ref) + strlen(void_prefix) > TALLY_TEXT_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    uint64_t seq = 0;
    enum tally_status status = store_ref_get(desk->ledger->store, text_slice(params->ref), &seq);
    if (status == TALLY_OK) {
        return answer_again(desk, request, seq);
    }
    if (status != TALLY_E_NOT_FOUND) {
        return status;
    }
    struct person person;
    bool drawing = false;
    TALLY_TRY(person_get(desk, params->member, &person));
    status = draw_missing(desk, request, &person, now_ms, &drawing);
    if (status == TALLY_OK && !drawing) {
        status = commit_sale(desk, request, &person, now_ms);
    }
    person_free(&person);
    return status;
}

static enum tally_status do_quote(struct desk *desk, struct till_request *request, int64_t now_ms)
{
    const struct till_params *params = till_request_params(request);
    const struct tally_programme *programme = ledger_programme(desk->ledger, now_ms);
    struct store_head head;
    struct person person;
    struct till_quote view = {0};
    store_head(desk->ledger->store, &head);
    TALLY_TRY(person_get(desk, params->member, &person));
    enum tally_status status =
        tally_sale_quote(programme, &person.account.account, &params->basket, params->points,
                         head.terminal, tally_programme_day(programme, now_ms), &view.quote);
    person_free(&person);
    TALLY_TRY(status);
    view.tier = tier_view(programme, view.quote.tier);
    view.tier_after = tier_view(programme, view.quote.tier_after);
    till_answer_quote(request, &view);
    return TALLY_OK;
}

/* ------------------------------------------------------------------ voids */

static enum tally_status commit_void(struct desk *desk, struct till_request *request,
                                     const struct tally_event *sale, struct tally_slice ref,
                                     int64_t now_ms)
{
    const struct tally_programme *programme = ledger_programme(desk->ledger, now_ms);
    struct tally_event event = {.type = TALLY_EVENT_VOID,
                                .business_day = tally_programme_day(programme, now_ms),
                                .programme_version = programme->version};
    struct store_account account;
    TALLY_TRY(store_account_get(desk->ledger->store, sale->as.sale.account, SPARE_LOTS, &account));
    size_t move_cap = account.account.lot_count + sale->as.sale.spent_count + 1;
    struct tally_move *moves = tally_alloc(2 * move_cap, sizeof *moves);
    enum tally_status status = moves == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
    if (status == TALLY_OK) {
        status = tally_void_plan(&account.account, sale, event.business_day, moves,
                                 moves + move_cap, move_cap, &event.as.voided);
    }
    if (status == TALLY_OK) {
        event.as.voided.ref = ref;
        event.as.voided.cashier = text_slice(till_request_params(request)->cashier);
        status = ledger_commit(desk->ledger, &event, (struct tally_slice){0}, now_ms, NULL);
    }
    if (status == TALLY_OK) {
        desk->ports.committed(desk->ports.self);
        status = answer_receipt(desk, request, &event, false);
    }
    tally_free(moves);
    store_account_free(&account);
    return status;
}

static enum tally_status do_void(struct desk *desk, struct till_request *request, int64_t now_ms)
{
    const struct till_params *params = till_request_params(request);
    char ref[TALLY_TEXT_LEN_MAX + 1];
    uint64_t seq = 0;
    int ref_len = snprintf(ref, sizeof ref, "%s%s", void_prefix, params->sale_ref);
    if (params->sale_ref[0] == '\0' || ref_len > TALLY_TEXT_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    enum tally_status status = store_ref_get(desk->ledger->store, text_slice(ref), &seq);
    if (status == TALLY_OK) {
        return answer_again(desk, request, seq);
    }
    if (status != TALLY_E_NOT_FOUND) {
        return status;
    }
    TALLY_TRY(store_ref_get(desk->ledger->store, text_slice(params->sale_ref), &seq));
    struct tally_buffer bytes = {0};
    struct tally_event_decoded decoded = {0};
    status = event_at(desk, seq, &bytes, &decoded);
    if (status == TALLY_OK) {
        status = decoded.event.type != TALLY_EVENT_SALE
                     ? TALLY_E_INVALID
                     : commit_void(desk, request, &decoded.event, text_slice(ref), now_ms);
    }
    tally_event_decoded_free(&decoded);
    tally_buffer_free(&bytes);
    return status;
}

/* ------------------------------------------------------------------ enrolment of a member */

static enum tally_status handle_to_enrol(struct desk *desk, const struct till_params *params,
                                         int64_t now_ms, uint8_t ret_handle[TALLY_HANDLE_LEN])
{
    if (params->card[0] != '\0') {
        if (strcmp(params->card, desk->card_token) != 0) {
            return TALLY_E_NOT_FOUND; /* another card was swiped since: swipe this one again */
        }
        memcpy(ret_handle, desk->card_handle, TALLY_HANDLE_LEN);
        return TALLY_OK;
    }
    struct tally_card card;
    const struct tally_programme *programme = ledger_programme(desk->ledger, now_ms);
    TALLY_TRY(tally_card_from_typed(&programme->cards, params->text, &card));
    enum tally_status status = handle_of(desk, &card, ret_handle);
    explicit_bzero(&card, sizeof card);
    return status;
}

/* The phone number is a second handle, unless there is none or the first one is the same. */
static enum tally_status phone_to_enrol(struct desk *desk, const struct till_params *params,
                                        int64_t now_ms, struct tally_enrol *enrol)
{
    if (params->phone[0] == '\0') {
        return TALLY_OK;
    }
    struct tally_card card;
    const struct tally_programme *programme = ledger_programme(desk->ledger, now_ms);
    TALLY_TRY(tally_card_from_typed(&programme->cards, params->phone, &card));
    enum tally_status status = card.kind == TALLY_CARD_PHONE
                                   ? handle_of(desk, &card, enrol->phone_handle)
                                   : TALLY_E_INVALID;
    explicit_bzero(&card, sizeof card);
    enrol->has_phone_handle =
        status == TALLY_OK && memcmp(enrol->phone_handle, enrol->handle, TALLY_HANDLE_LEN) != 0;
    return status;
}

/* TALLY_E_EXISTS where somebody is found by either handle. */
static enum tally_status refuse_known(struct desk *desk, const struct tally_enrol *enrol,
                                      const char **ret_detail)
{
    uint64_t taken = 0;
    enum tally_status status = store_card_get(desk->ledger->store, enrol->handle, &taken);
    if (status == TALLY_E_NOT_FOUND && enrol->has_phone_handle) {
        status = store_card_get(desk->ledger->store, enrol->phone_handle, &taken);
        if (status == TALLY_OK) {
            *ret_detail = "this phone number belongs to another member";
        }
    }
    if (status == TALLY_E_NOT_FOUND) {
        return TALLY_OK;
    }
    return status == TALLY_OK ? TALLY_E_EXISTS : status;
}

static enum tally_status new_id(uint64_t *ret_id)
{
    do {
        TALLY_TRY(tally_random(ret_id, sizeof *ret_id));
    } while (*ret_id == 0);
    return TALLY_OK;
}

static enum tally_status seal_profile(struct desk *desk, const struct till_params *params,
                                      uint64_t member, struct tally_buffer *ret_sealed,
                                      struct tally_buffer *ret_wrapped)
{
    struct tally_buffer plain = {0};
    struct tally_msg_profile profile = {text_slice(params->name), text_slice(params->phone)};
    enum tally_status status = tally_msg_profile_encode(&profile, &plain);
    if (status == TALLY_OK) {
        status = tally_profile_seal(desk->ledger->data_key, member, tally_buffer_slice(&plain),
                                    ret_sealed, ret_wrapped);
    }
    tally_buffer_wipe(&plain);
    return status;
}

static enum tally_status do_enrol(struct desk *desk, struct till_request *request, int64_t now_ms,
                                  const char **ret_detail)
{
    const struct till_params *params = till_request_params(request);
    const struct tally_programme *programme = ledger_programme(desk->ledger, now_ms);
    struct till_status about = {0};
    struct tally_event event = {.type = TALLY_EVENT_ENROL,
                                .business_day = tally_programme_day(programme, now_ms),
                                .programme_version = programme->version};
    struct tally_enrol *enrol = &event.as.enrol;
    struct tally_buffer wrapped = {0}, sealed = {0};
    if (params->name[0] == '\0') {
        return TALLY_E_INVALID;
    }
    TALLY_TRY(handle_to_enrol(desk, params, now_ms, enrol->handle));
    TALLY_TRY(phone_to_enrol(desk, params, now_ms, enrol));
    TALLY_TRY(refuse_known(desk, enrol, ret_detail));
    TALLY_TRY(new_id(&enrol->member));
    enrol->account = enrol->member;
    desk->ports.fill_status(desk->ports.self, &about);
    enrol->home_shop = about.shop;
    enum tally_status status = seal_profile(desk, params, enrol->member, &sealed, &wrapped);
    if (status == TALLY_OK) {
        enrol->profile = tally_buffer_slice(&sealed);
        status = ledger_commit(desk->ledger, &event, tally_buffer_slice(&wrapped), now_ms, NULL);
    }
    struct person person;
    if (status == TALLY_OK) {
        forget_card(desk);
        desk->ports.committed(desk->ports.self);
        status = person_get(desk, enrol->member, &person);
    }
    if (status == TALLY_OK) {
        answer_member(desk, request, &person);
        person_free(&person);
    }
    tally_buffer_wipe(&wrapped);
    tally_buffer_free(&sealed);
    return status;
}

/* ------------------------------------------------------------------ the rest */

static enum tally_status do_member(struct desk *desk, struct till_request *request)
{
    struct person person;
    TALLY_TRY(person_get(desk, till_request_params(request)->member, &person));
    answer_member(desk, request, &person);
    person_free(&person);
    return TALLY_OK;
}

static enum tally_status do_identify(struct desk *desk, struct till_request *request,
                                     int64_t now_ms)
{
    struct tally_card card;
    struct person person;
    uint8_t handle[TALLY_HANDLE_LEN];
    const struct tally_programme *programme = ledger_programme(desk->ledger, now_ms);
    TALLY_TRY(tally_card_from_typed(&programme->cards, till_request_params(request)->text, &card));
    enum tally_status status = handle_of(desk, &card, handle);
    explicit_bzero(&card, sizeof card);
    TALLY_TRY(status);
    TALLY_TRY(person_by_handle(desk, handle, &person));
    answer_member(desk, request, &person);
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

/* Refused, *ret_detail may say more than the status does. */
static enum tally_status answer(struct desk *desk, struct till_request *request, int64_t now_ms,
                                const char **ret_detail)
{
    enum till_method method = till_request_method(request);
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
    if (ledger_programme(desk->ledger, now_ms) == NULL || !desk->ledger->has_keys) {
        return TALLY_E_NOT_READY;
    }
    switch (method) {
    case TILL_IDENTIFY:
        return do_identify(desk, request, now_ms);
    case TILL_MEMBER:
        return do_member(desk, request);
    case TILL_ENROL:
        return do_enrol(desk, request, now_ms, ret_detail);
    case TILL_QUOTE:
        return do_quote(desk, request, now_ms);
    case TILL_SALE:
        return do_sale(desk, request, now_ms);
    case TILL_VOID:
        return do_void(desk, request, now_ms);
    case TILL_STATUS:
    case TILL_VERIFY:
    case TILL_SYNC:
        break;
    }
    return TALLY_E_INVALID;
}

void desk_request(struct desk *desk, struct till_request *request)
{
    const char *detail = "";
    enum tally_status status = answer(desk, request, ledger_now_ms(), &detail);
    status = ledger_judge(desk->ledger, status, ledger_now_ms());
    if (status != TALLY_OK) {
        till_answer_refused(request, status, detail);
    }
}

void desk_cancelled(struct desk *desk, struct till_request *request)
{
    for (struct waiting *waiting = desk->waiting; waiting != NULL; waiting = waiting->next) {
        if (waiting->request == request) {
            waiting->request = NULL;
        }
    }
}
