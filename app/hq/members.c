/* SPDX-License-Identifier: Apache-2.0 */
/* People and their cards: who belongs to which account, and which card is whose. */
#include "app/hq/tables.h"

#include <assert.h>

enum { MEMBER_HEAD_LEN = 14, CARD_LEN = 9 };

static enum tally_status exists(struct hq_txn *txn, enum hq_table table, const struct hq_key *key,
                                bool *ret_exists)
{
    struct tally_slice value;
    enum tally_status status = hq_get(txn, table, key, &value);
    *ret_exists = status == TALLY_OK;
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
}

static enum tally_status member_put(struct hq_txn *txn, const struct tally_event *event,
                                    struct tally_slice wrapped_key)
{
    const struct tally_enrol *enrol = &event->as.enrol;
    uint8_t row[MEMBER_HEAD_LEN + TALLY_SIDECAR_LEN_MAX + TALLY_PROFILE_LEN_MAX];
    struct tally_writer writer = {row, sizeof row, 0, false};
    tally_write_le(&writer, 8, event->account);
    tally_write_le(&writer, 4, enrol->home_shop);
    tally_write_le(&writer, 2, wrapped_key.len);
    tally_write_bytes(&writer, wrapped_key.data, wrapped_key.len);
    tally_write_bytes(&writer, enrol->profile.data, enrol->profile.len);
    assert(!writer.failed); /* both codecs hold those limits */
    struct hq_key key = hq_key_u64(event->member), pair = hq_key_u64(event->account);
    TALLY_TRY(hq_put(txn, HQ_MEMBERS, &key, (struct tally_slice){row, writer.at}));
    hq_key_number(&pair, 8, event->member);
    return hq_put(txn, HQ_ACCOUNT_MEMBERS, &pair, (struct tally_slice){NULL, 0});
}

enum tally_status hq_member_get(struct hq_txn *txn, uint64_t id,
                                struct tally_msg_member_row *ret_member)
{
    struct hq_key key = hq_key_u64(id);
    struct tally_slice value;
    TALLY_TRY(hq_get(txn, HQ_MEMBERS, &key, &value));
    struct tally_reader reader = {value.data, value.len, 0, false};
    struct tally_msg_member_row member = {.member = id};
    member.account = tally_read_le(&reader, 8);
    member.home_shop = (uint32_t)tally_read_le(&reader, 4);
    member.wrapped_key = tally_read_slice(&reader, (size_t)tally_read_le(&reader, 2));
    member.profile = tally_read_slice(&reader, reader.len - reader.at);
    if (reader.failed) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_member = member;
    return TALLY_OK;
}

/* Both tables say whether it is blocked: one is asked by card, the other by member. */
static enum tally_status card_put(struct hq_txn *txn, uint64_t id,
                                  const uint8_t handle[TALLY_HANDLE_LEN], bool blocked)
{
    uint8_t row[CARD_LEN];
    tally_store_le(row, 8, id);
    row[8] = blocked ? 1 : 0;
    struct hq_key key = {.len = 0}, pair = hq_key_u64(id);
    hq_key_bytes(&key, handle, TALLY_HANDLE_LEN);
    hq_key_bytes(&pair, handle, TALLY_HANDLE_LEN);
    TALLY_TRY(hq_put(txn, HQ_CARDS, &key, (struct tally_slice){row, sizeof row}));
    return hq_put(txn, HQ_MEMBER_CARDS, &pair, (struct tally_slice){row + 8, 1});
}

enum tally_status hq_card_known(struct hq_txn *txn, const uint8_t handle[TALLY_HANDLE_LEN],
                                bool *ret_known)
{
    struct hq_key card = {.len = 0};
    hq_key_bytes(&card, handle, TALLY_HANDLE_LEN);
    return exists(txn, HQ_CARDS, &card, ret_known);
}

/* Whether there is room for one more card. TALLY_OK, TALLY_E_END */
static enum tally_status card_room(struct hq_txn *txn, uint64_t member)
{
    struct hq_key prefix = hq_key_u64(member);
    struct hq_scan scan;
    size_t count = 0;
    TALLY_TRY(hq_scan_open(txn, HQ_MEMBER_CARDS, &prefix, NULL, &scan));
    enum tally_status status = TALLY_OK;
    while (count < HQ_MEMBER_CARDS_MAX && (status = hq_scan_next(&scan)) == TALLY_OK) {
        count++;
    }
    hq_scan_close(&scan);
    return count == HQ_MEMBER_CARDS_MAX ? TALLY_E_END : status == TALLY_E_END ? TALLY_OK : status;
}

/* Two terminals may enrol the same card or phone number while they are offline: the first one keeps
 * it. */
static enum tally_status card_add(struct hq_txn *txn, const struct tally_event *event,
                                  const uint8_t handle[TALLY_HANDLE_LEN], const char *what)
{
    bool known = false;
    TALLY_TRY(hq_card_known(txn, handle, &known));
    if (known) {
        return hq_flag_add(txn, &event->id, event->account,
                           "enrolled with a %s that belongs to another member; that one keeps it",
                           what);
    }
    enum tally_status status = card_room(txn, event->member);
    if (status == TALLY_E_END) {
        return hq_flag_add(txn, &event->id, event->account,
                           "a %s more for a member who has as many cards as one can", what);
    }
    TALLY_TRY(status);
    return card_put(txn, event->member, handle, false);
}

/* Who brought the first member of an account; nobody says so of an account that is there. */
static enum tally_status referral_put(struct hq_txn *txn, const struct tally_event *event)
{
    uint8_t referrer[8];
    bool known = false;
    struct hq_key key = hq_key_u64(event->account);
    if (event->as.enrol.referrer == 0 || event->as.enrol.referrer == event->account) {
        return TALLY_OK;
    }
    TALLY_TRY(exists(txn, HQ_REFERRALS, &key, &known));
    tally_store_le(referrer, sizeof referrer, event->as.enrol.referrer);
    return known ? TALLY_OK
                 : hq_put(txn, HQ_REFERRALS, &key, (struct tally_slice){referrer, sizeof referrer});
}

enum tally_status hq_people_add(struct hq_txn *txn, const struct tally_event *event,
                                struct tally_slice wrapped_key)
{
    const struct tally_enrol *enrol = &event->as.enrol;
    bool member_known = false;
    struct hq_key member = hq_key_u64(event->member);
    TALLY_TRY(exists(txn, HQ_MEMBERS, &member, &member_known));
    if (member_known) {
        return hq_flag_add(txn, &event->id, event->account,
                           "enrolled a member that is known already; the first enrolment stays");
    }
    size_t count = 0;
    TALLY_TRY(hq_people_count(txn, event->account, &count));
    if (count >= HQ_ACCOUNT_MEMBERS_MAX) {
        return hq_flag_add(txn, &event->id, event->account,
                           "enrolled into an account that has as many members as it can");
    }
    TALLY_TRY(member_put(txn, event, wrapped_key));
    if (count == 0) {
        TALLY_TRY(referral_put(txn, event));
    }
    TALLY_TRY(card_add(txn, event, enrol->handle, "card"));
    return enrol->has_phone_handle ? card_add(txn, event, enrol->phone_handle, "phone number")
                                   : TALLY_OK;
}

/* ------------------------------------------------------------------ changes */

/* The member who has this card. TALLY_OK, TALLY_E_NOT_FOUND */
static enum tally_status card_owner(struct hq_txn *txn, const uint8_t handle[TALLY_HANDLE_LEN],
                                    uint64_t *ret_member)
{
    struct hq_key card = {.len = 0};
    struct tally_slice value;
    hq_key_bytes(&card, handle, TALLY_HANDLE_LEN);
    TALLY_TRY(hq_get(txn, HQ_CARDS, &card, &value));
    if (value.len != CARD_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_member = tally_load_le(value.data, 8);
    return TALLY_OK;
}

/* A card of this member is blocked or let in; one that is not is flagged. */
static enum tally_status card_set(struct hq_txn *txn, const struct tally_event *event,
                                  const uint8_t handle[TALLY_HANDLE_LEN], bool blocked)
{
    uint64_t owner = 0;
    enum tally_status status = card_owner(txn, handle, &owner);
    if (status != TALLY_OK && status != TALLY_E_NOT_FOUND) {
        return status;
    }
    if (status == TALLY_E_NOT_FOUND || owner != event->member) {
        return hq_flag_add(txn, &event->id, event->account,
                           "a card was blocked or let in that is not this member's");
    }
    return card_put(txn, event->member, handle, blocked);
}

enum tally_status hq_card_change(struct hq_txn *txn, const struct tally_event *event)
{
    const struct tally_card_change *change = &event->as.card;
    struct hq_key member = hq_key_u64(event->member);
    bool known = false;
    TALLY_TRY(exists(txn, HQ_MEMBERS, &member, &known));
    if (!known) {
        return hq_flag_add(txn, &event->id, event->account, "a card of a member that HQ lacks");
    }
    switch (change->action) {
    case TALLY_CARD_LINK:
        return card_add(txn, event, change->handle, "card");
    case TALLY_CARD_REPLACE:
        TALLY_TRY(card_set(txn, event, change->old, true));
        return card_add(txn, event, change->handle, "card");
    case TALLY_CARD_BLOCK:
        return card_set(txn, event, change->handle, true);
    case TALLY_CARD_UNBLOCK:
        return card_set(txn, event, change->handle, false);
    }
    return TALLY_E_INVALID;
}

static enum tally_status member_move(struct hq_txn *txn, uint64_t member, uint64_t from,
                                     uint64_t into)
{
    uint8_t row[MEMBER_HEAD_LEN + TALLY_SIDECAR_LEN_MAX + TALLY_PROFILE_LEN_MAX];
    struct hq_key key = hq_key_u64(member), old = hq_key_u64(from), new = hq_key_u64(into);
    struct tally_slice value;
    TALLY_TRY(hq_get(txn, HQ_MEMBERS, &key, &value));
    if (value.len < MEMBER_HEAD_LEN || value.len > sizeof row) {
        return TALLY_E_STORE_DAMAGED;
    }
    const size_t len = value.len;
    memcpy(row, value.data, len);
    tally_store_le(row, 8, into);
    hq_key_number(&old, 8, member);
    hq_key_number(&new, 8, member);
    TALLY_TRY(hq_put(txn, HQ_MEMBERS, &key, (struct tally_slice){row, len}));
    TALLY_TRY(hq_delete(txn, HQ_ACCOUNT_MEMBERS, &old));
    return hq_put(txn, HQ_ACCOUNT_MEMBERS, &new, (struct tally_slice){NULL, 0});
}

/* The first member of an account. TALLY_OK, TALLY_E_END */
static enum tally_status first_member(struct hq_txn *txn, uint64_t account, uint64_t *ret_member)
{
    struct hq_key prefix = hq_key_u64(account);
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_ACCOUNT_MEMBERS, &prefix, NULL, &scan));
    enum tally_status status = hq_scan_next(&scan);
    if (status == TALLY_OK && scan.key.len != 16) {
        status = TALLY_E_STORE_DAMAGED;
    }
    if (status == TALLY_OK) {
        *ret_member = tally_load_be(scan.key.data + 8, 8);
    }
    hq_scan_close(&scan);
    return status;
}

enum tally_status hq_people_move(struct hq_txn *txn, uint64_t from, uint64_t into)
{
    uint64_t member = 0;
    enum tally_status status;
    while ((status = first_member(txn, from, &member)) == TALLY_OK) {
        TALLY_TRY(member_move(txn, member, from, into));
    }
    return status == TALLY_E_END ? TALLY_OK : status;
}

enum tally_status hq_people_count(struct hq_txn *txn, uint64_t account, size_t *ret_count)
{
    size_t count = 0;
    struct hq_key prefix = hq_key_u64(account);
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_ACCOUNT_MEMBERS, &prefix, NULL, &scan));
    enum tally_status status;
    while ((status = hq_scan_next(&scan)) == TALLY_OK) {
        count++;
    }
    hq_scan_close(&scan);
    *ret_count = count;
    return status == TALLY_E_END ? TALLY_OK : status;
}

/* ------------------------------------------------------------------ looking */

static enum tally_status card_find(struct hq_txn *txn, const uint8_t handle[TALLY_HANDLE_LEN],
                                   uint64_t *ret_member, uint64_t *ret_account)
{
    uint64_t id = 0;
    struct tally_msg_member_row member;
    TALLY_TRY(card_owner(txn, handle, &id));
    TALLY_TRY(hq_member_get(txn, id, &member));
    *ret_account = member.account;
    *ret_member = id;
    return TALLY_OK;
}

enum tally_status hq_store_card(struct hq_store *store, const uint8_t handle[TALLY_HANDLE_LEN],
                                uint64_t *ret_member, uint64_t *ret_account)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, 0, &txn));
    return hq_end(&txn, card_find(&txn, handle, ret_member, ret_account));
}
