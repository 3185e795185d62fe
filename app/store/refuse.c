/* SPDX-License-Identifier: Apache-2.0 */
/* What this store, and no one else, must not let into the journal. */
#include "app/store/internal.h"

#include "app/proto/event_codec.h"
#include "app/store/rows.h"

enum tally_status store_find_ref(struct store *store, struct tally_slice ref, uint32_t *ret_epoch,
                                 uint64_t *ret_seq)
{
    struct view view = store_view(store);
    struct tally_buffer value = {0};
    uint32_t epoch = 0;
    uint64_t seq = 0;
    enum tally_status status = view_get(&view, STATE_REFS, ref, &value);
    if (status == TALLY_OK) {
        status = row_event_decode(tally_buffer_slice(&value), &epoch, &seq);
    }
    tally_buffer_free(&value);
    TALLY_TRY(store_found(store, status));
    *ret_epoch = epoch;
    *ret_seq = seq;
    return TALLY_OK;
}

uint64_t store_seq_now(const struct store *store, uint32_t epoch, uint64_t seq)
{
    return epoch == store->now.mark.epoch ? seq : 0;
}

static enum tally_status refuse_known_ref(struct store *store, struct tally_slice ref,
                                          uint64_t *ret_existing_seq)
{
    uint32_t epoch = 0;
    uint64_t seq = 0;
    enum tally_status status = store_find_ref(store, ref, &epoch, &seq);
    if (status == TALLY_OK) {
        *ret_existing_seq = store_seq_now(store, epoch, seq);
        return TALLY_E_EXISTS;
    }
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
}

enum tally_status store_find_card(struct store *store, const uint8_t *handle, uint64_t *ret_member,
                                  bool *ret_blocked)
{
    struct view view = store_view(store);
    struct tally_buffer value = {0};
    enum tally_status status =
        view_get(&view, STATE_CARDS, (struct tally_slice){handle, TALLY_HANDLE_LEN}, &value);
    if (status == TALLY_OK) {
        status = row_card_decode(tally_buffer_slice(&value), ret_member, ret_blocked);
    }
    tally_buffer_free(&value);
    return store_found(store, status);
}

static enum tally_status refuse_known_member(struct store *store, const struct tally_event *event)
{
    const struct tally_enrol *enrol = &event->as.enrol;
    struct view view = store_view(store);
    struct tally_buffer value = {0};
    uint8_t key[ROW_ID_KEY_LEN];
    row_id_key(event->member, key);
    enum tally_status status =
        view_get(&view, STATE_MEMBERS, (struct tally_slice){key, sizeof key}, &value);
    if (status == TALLY_E_NOT_FOUND) {
        status = view_get(&view, STATE_CARDS, (struct tally_slice){enrol->handle, TALLY_HANDLE_LEN},
                          &value);
    }
    if (status == TALLY_E_NOT_FOUND && enrol->has_phone_handle) {
        struct tally_slice phone = {enrol->phone_handle, TALLY_HANDLE_LEN};
        status = view_get(&view, STATE_CARDS, phone, &value);
    }
    tally_buffer_free(&value);
    if (status == TALLY_OK) {
        return TALLY_E_EXISTS;
    }
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : store_found(store, status);
}

static int64_t quantity_back(const struct row_reversal *row, uint32_t line)
{
    for (size_t i = 0; i < row->line_count && row->lines[i].line <= line; i++) {
        if (row->lines[i].line == line) {
            return row->lines[i].quantity_milli;
        }
    }
    return 0;
}

/* Whether more of a sale, of which `before` came back, may come back by this event. */
static enum tally_status refuse_after(const struct store *store, const struct row_reversal *before,
                                      const struct tally_event *event, uint64_t *ret_existing_seq)
{
    const struct tally_reversal *reversal = &event->as.reversal;
    if (before->seq != 0 && (before->is_void || event->type == TALLY_EVENT_VOID)) {
        *ret_existing_seq = store_seq_now(store, before->epoch, before->seq);
        return TALLY_E_EXISTS;
    }
    for (size_t i = 0; i < reversal->line_count; i++) {
        if (reversal->lines[i].quantity_before_milli !=
            quantity_back(before, reversal->lines[i].line)) {
            return TALLY_E_INVALID;
        }
    }
    return TALLY_OK;
}

static enum tally_status refuse_reversal(struct store *store, const struct tally_event *event,
                                         uint64_t *ret_existing_seq)
{
    const struct tally_event_id *sale = &event->as.reversal.sale;
    if (event->type == TALLY_EVENT_VOID && sale->terminal != store->now.terminal) {
        return TALLY_E_INVALID;
    }
    struct view view = store_view(store);
    struct row_reversal before = {0};
    enum tally_status status = view_reversal(&view, sale, &before);
    if (status == TALLY_OK || status == TALLY_E_NOT_FOUND) {
        status = refuse_after(store, &before, event, ret_existing_seq);
    } else {
        status = store_found(store, status);
    }
    row_reversal_free(&before);
    return status;
}

/* TALLY_OK, TALLY_E_NOT_FOUND (also of another member), store statuses */
static enum tally_status find_own_card(struct store *store, const uint8_t *handle, uint64_t member,
                                       bool *ret_blocked)
{
    uint64_t holder = 0;
    TALLY_TRY(store_find_card(store, handle, &holder, ret_blocked));
    return holder == member ? TALLY_OK : TALLY_E_NOT_FOUND;
}

static enum tally_status refuse_card(struct store *store, const struct tally_event *event)
{
    const struct tally_card_change *change = &event->as.card;
    struct store_member member;
    TALLY_TRY(store_member_get(store, event->member, &member));
    uint64_t account = member.account, holder = 0;
    store_member_free(&member);
    if (account != event->account) {
        return TALLY_E_INVALID;
    }
    bool blocked = false;
    if (change->action == TALLY_CARD_BLOCK || change->action == TALLY_CARD_UNBLOCK) {
        TALLY_TRY(find_own_card(store, change->handle, event->member, &blocked));
        return blocked == (change->action == TALLY_CARD_BLOCK) ? TALLY_E_EXISTS : TALLY_OK;
    }
    enum tally_status status = store_find_card(store, change->handle, &holder, &blocked);
    if (status != TALLY_E_NOT_FOUND) {
        return status == TALLY_OK ? TALLY_E_EXISTS : status;
    }
    return change->action == TALLY_CARD_REPLACE
               ? find_own_card(store, change->old, event->member, &blocked)
               : TALLY_OK;
}

/* The send of an account's drawer that has not been received. TALLY_OK, TALLY_E_NOT_FOUND */
static enum tally_status find_sent(struct store *store, uint64_t account, uint32_t *ret_epoch,
                                   uint64_t *ret_seq)
{
    struct view view = store_view(store);
    struct tally_buffer value = {0};
    uint8_t key[ROW_ID_KEY_LEN];
    row_id_key(account, key);
    enum tally_status status =
        view_get(&view, STATE_SENT, (struct tally_slice){key, sizeof key}, &value);
    if (status == TALLY_OK) {
        status = row_event_decode(tally_buffer_slice(&value), ret_epoch, ret_seq);
    }
    tally_buffer_free(&value);
    return store_found(store, status);
}

/* A terminal moves points of an account only where head office says that it has ended, and what
 * debts and counters there are went with head office's own transfer. */
static enum tally_status refuse_send(struct store *store, const struct tally_event *event,
                                     uint64_t *ret_existing_seq)
{
    const struct tally_effects *effects = &event->effects;
    uint32_t epoch = 0;
    uint64_t seq = 0;
    enum tally_status status = find_sent(store, event->account, &epoch, &seq);
    if (status == TALLY_OK) {
        *ret_existing_seq = store_seq_now(store, epoch, seq);
        return TALLY_E_EXISTS;
    }
    struct store_account account;
    TALLY_TRY(status == TALLY_E_NOT_FOUND ? TALLY_OK : status);
    TALLY_TRY(store_account_get(store, event->account, &account));
    bool has_ended = account.book.account.merged_into == event->as.transfer.other;
    store_account_free(&account);
    for (size_t i = 0; i < effects->move_count; i++) {
        has_ended = has_ended && effects->moves[i].kind != TALLY_MOVE_FORGIVE_DEBT;
    }
    return has_ended && effects->merged_into == 0 && effects->count_count == 0 ? TALLY_OK
                                                                               : TALLY_E_INVALID;
}

static const struct tally_move *next_of(const struct tally_effects *effects,
                                        enum tally_move_kind kind, size_t *at)
{
    while (*at < effects->move_count && effects->moves[*at].kind != kind) {
        (*at)++;
    }
    return *at < effects->move_count ? &effects->moves[(*at)++] : NULL;
}

/* Every point that was sent comes in, and none beside. */
static bool receives_all(const struct tally_event *event, const struct tally_event *sent)
{
    size_t in_at = 0, out_at = 0, debt_at = 0;
    if (sent->type != TALLY_EVENT_TRANSFER || sent->as.transfer.other != event->account ||
        sent->account != event->as.transfer.other || event->effects.count_count > 0 ||
        next_of(&event->effects, TALLY_MOVE_ADJUST_DEBT, &debt_at) != NULL) {
        return false;
    }
    for (;;) {
        const struct tally_move *in = next_of(&event->effects, TALLY_MOVE_ADJUST_IN, &in_at);
        const struct tally_move *out = next_of(&sent->effects, TALLY_MOVE_ADJUST_OUT, &out_at);
        if (in == NULL || out == NULL) {
            return in == NULL && out == NULL;
        }
        if (in->purse != out->purse || in->expires_day != out->expires_day ||
            in->from_day != out->from_day || in->points != out->points) {
            return false;
        }
    }
}

static enum tally_status refuse_receipt(struct store *store, const struct tally_event *event)
{
    uint32_t epoch = 0;
    uint64_t seq = 0;
    struct tally_buffer bytes = {0};
    struct tally_event_decoded sent = {0};
    enum tally_status status = find_sent(store, event->as.transfer.other, &epoch, &seq);
    if (status == TALLY_E_NOT_FOUND) {
        return TALLY_E_INVALID;
    }
    if (status == TALLY_OK) {
        status = store_event_of_epoch(store, epoch, seq, &bytes);
    }
    if (status == TALLY_OK) {
        status = tally_event_decode(tally_buffer_slice(&bytes), &sent);
    }
    if (status == TALLY_OK && !receives_all(event, &sent.event)) {
        status = TALLY_E_INVALID;
    }
    tally_event_decoded_free(&sent);
    tally_buffer_free(&bytes);
    return status;
}

enum tally_status store_refuse(struct store *store, const struct tally_event *event,
                               uint64_t *ret_existing_seq)
{
    struct tally_slice ref = tally_event_ref(event);
    if (ref.len > STORE_REF_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    if (ref.len > 0) {
        TALLY_TRY(refuse_known_ref(store, ref, ret_existing_seq));
    }
    switch (event->type) {
    case TALLY_EVENT_SALE:
    case TALLY_EVENT_HOLD:
    case TALLY_EVENT_RELEASE:
    case TALLY_EVENT_AWARD:
        return TALLY_OK;
    case TALLY_EVENT_VOID:
    case TALLY_EVENT_REFUND:
        return refuse_reversal(store, event, ret_existing_seq);
    case TALLY_EVENT_ENROL:
        return refuse_known_member(store, event);
    case TALLY_EVENT_GRANT:
        if (event->as.grant.to_terminal != store->now.terminal) {
            return TALLY_E_INVALID;
        }
        return event->as.grant.grant_seq <= store->now.grant_seq ? TALLY_E_EXISTS : TALLY_OK;
    case TALLY_EVENT_ADJUST:
        return event->as.adjust.drawer == store->now.terminal ? TALLY_OK : TALLY_E_INVALID;
    case TALLY_EVENT_CARD:
        return refuse_card(store, event);
    case TALLY_EVENT_TRANSFER:
        return fold_sends(event) ? refuse_send(store, event, ret_existing_seq)
                                 : refuse_receipt(store, event);
    case TALLY_EVENT_STANDING:
    case TALLY_EVENT_BLOCK:
        break; /* head office's alone */
    }
    return TALLY_E_INVALID;
}
