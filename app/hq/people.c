/* SPDX-License-Identifier: Apache-2.0 */
/* Members that HQ brings in itself: an enrolment and an opening balance each, as HQ's own
 * events. */
#include "app/hq/tables.h"

#include "app/core/bonus.h"
#include "app/crypto/seal.h"

/* A member's and its account's number: neither 0 nor the house's, and in no use. */
static enum tally_status new_id(struct hq_txn *txn, uint64_t *ret_id)
{
    for (;;) {
        uint8_t bytes[8];
        TALLY_TRY(tally_random(bytes, sizeof bytes));
        uint64_t id = tally_load_le(bytes, sizeof bytes);
        struct hq_key key = hq_key_u64(id);
        struct tally_slice value;
        enum tally_status status = hq_get(txn, HQ_MEMBERS, &key, &value);
        if (status == TALLY_E_NOT_FOUND && id > TALLY_ACCOUNT_HOUSE) {
            *ret_id = id;
            return TALLY_OK;
        }
        if (status != TALLY_OK && status != TALLY_E_NOT_FOUND) {
            return status;
        }
    }
}

static enum tally_status enrol(struct hq_txn *txn, struct hq_terminal *self,
                               const uint8_t data_key[TALLY_KEY_LEN],
                               const struct hq_import_row *row, bool with_phone, uint64_t id)
{
    struct tally_buffer sealed = {0}, wrapped = {0};
    enum tally_status status = tally_profile_seal(data_key, id, row->profile, &sealed, &wrapped);
    if (status == TALLY_OK) {
        struct tally_event event = {.type = TALLY_EVENT_ENROL, .account = id, .member = id};
        event.as.enrol = (struct tally_enrol){.home_shop = row->home_shop,
                                              .profile = tally_buffer_slice(&sealed),
                                              .has_phone_handle = with_phone};
        memcpy(event.as.enrol.handle, row->handle, TALLY_HANDLE_LEN);
        memcpy(event.as.enrol.phone_handle, row->phone_handle, TALLY_HANDLE_LEN);
        status = hq_append(txn, self, &event, tally_buffer_slice(&wrapped));
    }
    tally_buffer_free(&sealed);
    tally_buffer_free(&wrapped);
    return status;
}

/* What the file says towards tiers counts in the metric that the tiers ask for. */
static bool tiers_ask_for(const struct tally_programme *programme, enum tally_metric metric)
{
    for (size_t i = 0; i < programme->tiers.tier_count; i++) {
        const struct tally_tier *tier = &programme->tiers.tiers[i];
        for (size_t j = 0; j < tier->condition_count; j++) {
            if (tier->conditions[j].metric == metric) {
                return true;
            }
        }
    }
    return false;
}

static enum tally_status open_balance(struct hq_txn *txn, struct hq_terminal *self,
                                      const struct hq_import_row *row, uint64_t id)
{
    struct hq_today today;
    struct tally_book book;
    struct tally_move moves[2];
    struct tally_count counts[TALLY_BONUS_COUNTS_MAX];
    const struct tally_bonus_room room = {moves, 2, counts, TALLY_BONUS_COUNTS_MAX};
    if (row->points == 0 && row->qualifying == 0) {
        return TALLY_OK;
    }
    TALLY_TRY(hq_today(txn, &today));
    if (today.programme == NULL) {
        return TALLY_E_NOT_READY;
    }
    int64_t points = row->expires_day < today.day ? 0 : row->points; /* lapsed before it came */
    if (points == 0 && row->qualifying == 0) {
        return TALLY_OK;
    }
    bool by_spend = tiers_ask_for(today.programme, TALLY_METRIC_SPEND);
    const struct tally_adjust_request request = {.drawer = TALLY_TERMINAL_HQ,
                                                 .points = points,
                                                 .expires_day = points > 0 ? row->expires_day : 0,
                                                 .spend_minor = by_spend ? row->qualifying : 0,
                                                 .tier_points = by_spend ? 0 : row->qualifying};
    const struct tally_moment moment = {TALLY_TERMINAL_HQ, txn->now_ms, today.day};
    TALLY_TRY(hq_account_load(txn, id, &book));
    struct tally_event event;
    enum tally_status status =
        tally_adjust_plan(today.programme, &book.account, &request, &moment, &room, &event);
    if (status == TALLY_OK) {
        event.as.adjust.reason = tally_slice_text("opening balance");
        event.as.adjust.who = tally_slice_text("import");
        status = hq_append(txn, self, &event, (struct tally_slice){NULL, 0});
    }
    tally_book_free(&book);
    return status;
}

static enum tally_status import_row(struct hq_txn *txn, struct hq_terminal *self,
                                    const uint8_t data_key[TALLY_KEY_LEN],
                                    const struct hq_import_row *row, struct hq_import_known *known)
{
    bool card_known = false, phone_known = false;
    TALLY_TRY(hq_card_known(txn, row->handle, &card_known));
    if (card_known) {
        known->cards++;
        return TALLY_OK;
    }
    if (row->has_phone_handle) {
        TALLY_TRY(hq_card_known(txn, row->phone_handle, &phone_known));
    }
    known->phones += phone_known;
    uint64_t id = 0;
    TALLY_TRY(new_id(txn, &id));
    TALLY_TRY(enrol(txn, self, data_key, row, row->has_phone_handle && !phone_known, id));
    return open_balance(txn, self, row, id);
}

enum tally_status hq_store_import(struct hq_store *store, const uint8_t data_key[TALLY_KEY_LEN],
                                  const struct hq_import_row *rows, size_t count, int64_t now_ms,
                                  struct hq_import_known *ret_known)
{
    struct hq_txn txn;
    struct hq_import_known known = {0, 0};
    TALLY_TRY(hq_begin(store, true, now_ms, &txn));
    struct hq_terminal self;
    enum tally_status status = hq_terminal_get(&txn, TALLY_TERMINAL_HQ, &self);
    for (size_t i = 0; i < count && status == TALLY_OK; i++) {
        status = import_row(&txn, &self, data_key, &rows[i], &known);
    }
    if (status == TALLY_OK) {
        status = hq_terminal_put(&txn, &self);
    }
    TALLY_TRY(hq_end(&txn, status));
    *ret_known = known;
    return TALLY_OK;
}
