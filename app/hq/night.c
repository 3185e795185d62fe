/* SPDX-License-Identifier: Apache-2.0 */
/* Once a day, over all accounts: lapses, birthdays, awards of a period. */
#include "app/hq/night.h"

#include "app/base/alloc.h"
#include "app/core/bonus.h"
#include "app/core/sale.h"
#include "app/crypto/seal.h"
#include "app/hq/tables.h"

enum { ACCOUNTS_AT_ONCE = 500 };

struct walk {
    struct hq_txn txn;
    struct hq_today today;
    const uint8_t *data_key;
    struct tally_move *moves;
    struct tally_count counts[TALLY_BONUS_COUNTS_MAX];
    uint64_t ids[ACCOUNTS_AT_ONCE];
    size_t id_count;
    struct hq_night *night;
};

static struct tally_bonus_room room_of(struct walk *walk)
{
    return (struct tally_bonus_room){walk->moves, TALLY_MOVES_MAX, walk->counts,
                                     TALLY_BONUS_COUNTS_MAX};
}

static struct tally_moment moment_of(const struct walk *walk)
{
    return (struct tally_moment){TALLY_TERMINAL_HQ, walk->txn.now_ms, walk->today.day};
}

/* ------------------------------------------------------------------ one account */

static enum tally_status lapse(struct walk *walk, const struct tally_account *account)
{
    struct tally_moment moment = moment_of(walk);
    struct tally_bonus_room room = room_of(walk);
    struct tally_event event;
    enum tally_status status = tally_lapse_plan(account, TALLY_TERMINAL_HQ, &moment, &room, &event);
    if (status != TALLY_OK) {
        return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
    }
    event.as.adjust.reason = tally_slice_text("lapsed");
    event.as.adjust.who = tally_slice_text("head office");
    walk->night->lapsed +=
        (uint64_t)tally_event_points(&event, TALLY_PURSE_POINTS, TALLY_MOVE_EXPIRE);
    return hq_append_own(&walk->txn, &event);
}

static enum tally_status give(struct walk *walk, uint64_t account,
                              const struct tally_award_rule *rule, uint64_t *count)
{
    struct tally_moment moment = moment_of(walk);
    struct tally_bonus_room room = room_of(walk);
    const struct tally_award_request request = {.award = rule->id};
    struct tally_book book;
    struct tally_event event;
    TALLY_TRY(hq_account_load(&walk->txn, account, &book)); /* as the award before left it */
    enum tally_status status =
        tally_award_plan(walk->today.programme, &book.account, &request, &moment, &room, &event);
    tally_book_free(&book);
    if (status != TALLY_OK) {
        return status == TALLY_E_EXISTS || status == TALLY_E_RULE ? TALLY_OK : status;
    }
    (*count)++;
    return hq_append_own(&walk->txn, &event);
}

/* A profile that can't be opened (its key was destroyed) has no birthday. */
static enum tally_status has_birthday(struct walk *walk, uint64_t member, bool *ret_today)
{
    struct tally_msg_member_row row;
    struct tally_buffer plain = {0};
    struct tally_msg_profile profile;
    *ret_today = false;
    TALLY_TRY(hq_member_get(&walk->txn, member, &row));
    if (tally_profile_open(walk->data_key, member, row.profile, row.wrapped_key, &plain) ==
            TALLY_OK &&
        tally_msg_profile_decode(tally_buffer_slice(&plain), &profile) == TALLY_OK) {
        *ret_today = (tally_birthday_bits(profile.birth_month, profile.birth_day, walk->today.day) &
                      TALLY_BIRTHDAY_DAY) != 0;
    }
    tally_buffer_wipe(&plain);
    return TALLY_OK;
}

static enum tally_status any_birthday(struct walk *walk, uint64_t account, bool *ret_today)
{
    struct hq_key prefix = hq_key_u64(account);
    struct hq_scan scan;
    bool today = false;
    TALLY_TRY(hq_scan_open(&walk->txn, HQ_ACCOUNT_MEMBERS, &prefix, NULL, &scan));
    enum tally_status status = TALLY_OK;
    while (status == TALLY_OK && !today && (status = hq_scan_next(&scan)) == TALLY_OK) {
        status = scan.key.len == 16
                     ? has_birthday(walk, tally_load_be(scan.key.data + 8, 8), &today)
                     : TALLY_E_STORE_DAMAGED;
    }
    hq_scan_close(&scan);
    *ret_today = today;
    return status == TALLY_E_END ? TALLY_OK : status;
}

static enum tally_status awards(struct walk *walk, uint64_t account)
{
    const struct tally_programme *programme = walk->today.programme;
    bool asked = false, birthday = false;
    for (size_t i = 0; i < programme->award_count; i++) {
        const struct tally_award_rule *rule = &programme->awards[i];
        if (rule->kind == TALLY_AWARD_PERIOD) {
            TALLY_TRY(give(walk, account, rule, &walk->night->period_awards));
        } else if (rule->kind == TALLY_AWARD_BIRTHDAY && !asked) {
            TALLY_TRY(any_birthday(walk, account, &birthday));
            asked = true;
        }
        if (rule->kind == TALLY_AWARD_BIRTHDAY && birthday) {
            TALLY_TRY(give(walk, account, rule, &walk->night->birthdays));
        }
    }
    return TALLY_OK;
}

static enum tally_status visit(struct walk *walk, uint64_t id)
{
    struct tally_book book;
    if (id == TALLY_ACCOUNT_HOUSE) {
        return TALLY_OK;
    }
    TALLY_TRY(hq_account_load(&walk->txn, id, &book));
    bool open = book.account.merged_into == 0 && !book.account.blocked;
    enum tally_status status = lapse(walk, &book.account);
    tally_book_free(&book);
    walk->night->accounts++;
    return status == TALLY_OK && open ? awards(walk, id) : status;
}

/* ------------------------------------------------------------------ all of them */

/* The next accounts behind *after; none when the end was reached. */
static enum tally_status gather(struct walk *walk, uint64_t after)
{
    struct hq_key from = hq_key_u64(after + 1);
    struct hq_scan scan;
    walk->id_count = 0;
    if (after == UINT64_MAX) {
        return TALLY_OK;
    }
    TALLY_TRY(hq_scan_open(&walk->txn, HQ_ACCOUNTS, NULL, &from, &scan));
    enum tally_status status = TALLY_OK;
    while (walk->id_count < ACCOUNTS_AT_ONCE && (status = hq_scan_next(&scan)) == TALLY_OK) {
        if (scan.key.len != 8) {
            status = TALLY_E_STORE_DAMAGED;
            break;
        }
        walk->ids[walk->id_count] = tally_load_be(scan.key.data, 8);
        walk->id_count++;
    }
    hq_scan_close(&scan);
    return status == TALLY_E_END ? TALLY_OK : status;
}

static enum tally_status some(struct walk *walk, uint64_t after)
{
    TALLY_TRY(hq_today(&walk->txn, &walk->today));
    if (walk->today.programme == NULL) {
        return TALLY_E_NOT_READY;
    }
    TALLY_TRY(gather(walk, after));
    enum tally_status status = TALLY_OK;
    for (size_t i = 0; i < walk->id_count && status == TALLY_OK; i++) {
        status = visit(walk, walk->ids[i]);
    }
    return status;
}

enum tally_status hq_store_night(struct hq_store *store, const uint8_t data_key[TALLY_KEY_LEN],
                                 int64_t now_ms,
                                 void (*progress)(void *context, const struct hq_night *night),
                                 void *context, struct hq_night *ret_night)
{
    struct walk *walk = tally_alloc(1, sizeof *walk);
    if (walk == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *ret_night = (struct hq_night){.accounts = 0};
    *walk = (struct walk){.data_key = data_key,
                          .moves = tally_alloc(TALLY_MOVES_MAX, sizeof *walk->moves),
                          .night = ret_night};
    enum tally_status status = walk->moves == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
    uint64_t after = 0;
    if (status == TALLY_OK) {
        status = hq_store_stock(store, now_ms);
    }
    do {
        if (status == TALLY_OK) {
            status = hq_begin(store, true, now_ms, &walk->txn);
        }
        if (status == TALLY_OK) {
            status = hq_end(&walk->txn, some(walk, after));
        }
        if (status == TALLY_OK && walk->id_count > 0) {
            after = walk->ids[walk->id_count - 1];
            if (progress != NULL) {
                progress(context, ret_night);
            }
        }
    } while (status == TALLY_OK && walk->id_count == ACCOUNTS_AT_ONCE);
    tally_free(walk->moves);
    tally_free(walk);
    return status;
}
