/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal's events come in: each is proved to follow the one before it, recomputed, and folded.
 *
 * What a right terminal can never send puts it into quarantine: nothing of it is taken any more
 * until a person has looked. What it may honestly get wrong (an old programme, a card enrolled
 * twice) is kept as claimed and flagged. */
#include "app/hq/tables.h"

#include "app/base/alloc.h"
#include "app/core/stock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static enum tally_status quarantine(struct hq_txn *txn, struct hq_terminal *terminal,
                                    struct hq_push *push, uint64_t seq, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Marks the terminal and raises a flag; TALLY_E_CHAIN unless the store fails. */
static enum tally_status quarantine(struct hq_txn *txn, struct hq_terminal *terminal,
                                    struct hq_push *push, uint64_t seq, const char *format, ...)
{
    char why[HQ_TEXT_MAX / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    snprintf(terminal->reason, sizeof terminal->reason, "quarantined at event %" PRIu64 ": %s", seq,
             why);
    terminal->state = HQ_TERMINAL_QUARANTINED;
    snprintf(push->text, sizeof push->text, "%s", terminal->reason);
    struct tally_event_id id = {terminal->number, terminal->epoch, seq};
    TALLY_TRY(hq_flag_add(txn, &id, 0, "%s", terminal->reason));
    return TALLY_E_CHAIN;
}

/* What can't be taken yet: of a newer kind, before what it speaks of, or of a day that has not
 * come, perhaps by HQ's own clock. Time or an upgrade heals it, so no quarantine; a person is told
 * once. */
static enum tally_status wait_with(struct hq_txn *txn, struct hq_terminal *terminal,
                                   struct hq_push *push, const char *why)
{
    const struct tally_event_id id = {terminal->number, terminal->epoch, terminal->seq + 1};
    snprintf(push->text, sizeof push->text, "event %" PRIu64 " is not taken yet: %s", id.seq, why);
    if (strcmp(terminal->reason, push->text) != 0) {
        snprintf(terminal->reason, sizeof terminal->reason, "%s", push->text);
        TALLY_TRY(hq_flag_add(txn, &id, 0, "%s", terminal->reason));
    }
    return TALLY_E_INVALID;
}

/* ------------------------------------------------------------------ is its day right? */

enum { DAYS_OFF_MAX = 2 };

/* The days of a right terminal come from the clock that its times come from, and those never go
 * back. A clock that was wrong itself is not told from one that lies: a day that has not come would
 * make accounts forget what they count, so it waits. */
static enum tally_status check_clock(struct hq_txn *txn, const struct hq_terminal *terminal,
                                     const struct tally_event *event, const char **ret_why)
{
    const int32_t own = tally_day_from_ms(tally_hlc_ms(event->time), 0), day = event->business_day;
    const int32_t today = tally_day_from_ms(txn->now_ms, 0);
    if (event->time <= terminal->time) {
        *ret_why = "its time goes back";
        return TALLY_E_MISMATCH;
    }
    if (day > own + 1) { /* no zone is farther from UTC */
        *ret_why = "its business day is ahead of its own time";
        return TALLY_E_MISMATCH;
    }
    if (own > today + DAYS_OFF_MAX) {
        *ret_why = "its day has not come; a clock is wrong";
        return TALLY_E_NOT_READY;
    }
    if (own < tally_day_from_ms(terminal->enrolled_ms, 0) - DAYS_OFF_MAX) {
        return hq_flag_add(txn, &event->id, event->account,
                           "of a time before its terminal was enrolled");
    }
    return day < own - DAYS_OFF_MAX ? hq_flag_add(txn, &event->id, event->account,
                                                  "of a business day long before its own time")
                                    : TALLY_OK;
}

/* ------------------------------------------------------------------ is the event right? */

/* An event that HQ stored can be decoded, else the store is damaged. */
static enum tally_status decode_held(struct tally_slice bytes,
                                     struct tally_event_decoded *ret_decoded)
{
    enum tally_status status = tally_event_decode(bytes, ret_decoded);
    return status == TALLY_E_INVALID ? TALLY_E_STORE_DAMAGED : status;
}

static bool moves_equal(const struct tally_effects *left, const struct tally_effects *right)
{
    bool equal = left->move_count == right->move_count;
    for (size_t i = 0; i < left->move_count && equal; i++) {
        equal = tally_move_compare(&left->moves[i], &right->moves[i]) == 0 &&
                left->moves[i].points == right->moves[i].points;
    }
    return equal;
}

static bool grants_equal(const struct tally_event *left, const struct tally_event *right)
{
    return left->type == TALLY_EVENT_GRANT && left->account == right->account &&
           left->as.grant.grant_seq == right->as.grant.grant_seq &&
           left->as.grant.to_terminal == right->as.grant.to_terminal &&
           moves_equal(&left->effects, &right->effects);
}

/* HQ moved those points when it decided; here it only hears that the terminal has them. */
static enum tally_status check_grant(struct hq_txn *txn, const struct tally_event *event)
{
    const uint64_t grant_seq = event->as.grant.grant_seq;
    struct hq_key key = hq_key_u32(event->id.terminal);
    hq_key_number(&key, 8, grant_seq);
    struct tally_slice value;
    bool equal = false;
    enum tally_status status = hq_get(txn, HQ_GRANTS, &key, &value);
    if (status == TALLY_OK) {
        struct tally_event_id own = {TALLY_TERMINAL_HQ, HQ_EPOCH, 0};
        if (value.len != 8) {
            return TALLY_E_STORE_DAMAGED;
        }
        own.seq = tally_load_le(value.data, 8);
        struct hq_event_row row;
        struct tally_event_decoded decoded;
        TALLY_TRY(hq_event_get(txn, &own, &row));
        TALLY_TRY(decode_held(row.event, &decoded));
        equal = grants_equal(&decoded.event, event);
        tally_event_decoded_free(&decoded);
    } else if (status != TALLY_E_NOT_FOUND) {
        return status;
    }
    return equal ? TALLY_OK
                 : hq_flag_add(txn, &event->id, event->account,
                               "confirms grant %" PRIu64 ", which HQ did not make like that",
                               grant_seq);
}

/* Whether these moves put in what those took out. */
static bool moves_mirror(const struct tally_effects *out, const struct tally_effects *in)
{
    bool mirror = out->move_count == in->move_count;
    for (size_t i = 0; i < out->move_count && mirror; i++) {
        struct tally_move move = out->moves[i];
        mirror = move.kind == TALLY_MOVE_ADJUST_OUT;
        move.kind = TALLY_MOVE_ADJUST_IN;
        mirror = mirror && tally_move_compare(&move, &in->moves[i]) == 0 &&
                 move.points == in->moves[i].points;
    }
    return mirror;
}

/* The receiving side follows its sending side in the terminal's journal. */
static enum tally_status check_receipt(struct hq_txn *txn, const struct tally_event *event,
                                       bool *ret_right)
{
    struct tally_event_id before = event->id;
    struct hq_event_row row;
    struct tally_event_decoded sent;
    before.seq--;
    enum tally_status status = hq_event_get(txn, &before, &row);
    if (status != TALLY_OK) {
        *ret_right = false;
        return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
    }
    TALLY_TRY(decode_held(row.event, &sent));
    *ret_right = sent.event.type == TALLY_EVENT_TRANSFER &&
                 sent.event.account == event->as.transfer.other &&
                 sent.event.as.transfer.other == event->account &&
                 moves_mirror(&sent.event.effects, &event->effects);
    tally_event_decoded_free(&sent);
    return TALLY_OK;
}

/* A terminal moves points from one account to another only after a merge, and all of them. */
static enum tally_status check_transfer(struct hq_txn *txn, const struct tally_event *event,
                                        const char **ret_why)
{
    const struct tally_effects *effects = &event->effects;
    bool right = effects->count_count == 0 && !effects->has_standing && !effects->has_floor &&
                 effects->merged_into == 0;
    bool receives = effects->move_count > 0 && effects->moves[0].kind == TALLY_MOVE_ADJUST_IN;
    if (right && receives) {
        TALLY_TRY(check_receipt(txn, event, &right));
    } else if (right) {
        struct tally_book book;
        TALLY_TRY(hq_account_load(txn, event->account, &book));
        right = book.account.merged_into == event->as.transfer.other;
        tally_book_free(&book);
    }
    *ret_why = "moves points between accounts that were not merged";
    return right ? TALLY_OK : TALLY_E_MISMATCH;
}

/* An old programme is honest for a while; one that has not begun is nobody's. A version that HQ
 * never published is flagged where it is asked for. */
static enum tally_status check_rules(struct hq_txn *txn, const struct tally_event *event)
{
    bool timely = true,
         decides = event->type == TALLY_EVENT_SALE || event->type == TALLY_EVENT_AWARD ||
                   event->type == TALLY_EVENT_VOID || event->type == TALLY_EVENT_REFUND;
    if (decides) {
        TALLY_TRY(
            hq_programme_timely(txn, event->programme_version, tally_hlc_ms(event->time), &timely));
    }
    return timely ? TALLY_OK
                  : hq_flag_add(txn, &event->id, event->account,
                                "under programme version %" PRIu32 ", which was not in force then",
                                event->programme_version);
}

/* What no plan of a terminal's ever says, whatever it knew. NULL, or why. */
static const char *why_never(const struct tally_event *event)
{
    const struct tally_effects *effects = &event->effects;
    if (event->account == TALLY_ACCOUNT_HOUSE && event->type != TALLY_EVENT_ADJUST &&
        event->type != TALLY_EVENT_GRANT) {
        return "acts on head office's own account";
    }
    if (event->type == TALLY_EVENT_ENROL &&
        (effects->count_count > 0 || effects->has_standing || effects->has_floor ||
         effects->active_until_day != 0)) {
        return "an enrolment says more than who came";
    }
    bool adjusts = event->type == TALLY_EVENT_ADJUST;
    if ((event->type == TALLY_EVENT_AWARD || adjusts) && effects->has_floor) {
        return "gives a tier, which only a person at head office does";
    }
    if (adjusts && effects->count_count > 0) {
        return "counts what only head office counts";
    }
    bool gives = event->type == TALLY_EVENT_SALE || event->type == TALLY_EVENT_AWARD;
    bool undoes = event->type == TALLY_EVENT_VOID || event->type == TALLY_EVENT_REFUND;
    for (size_t i = 0; i < effects->count_count; i++) {
        if (gives && effects->counts[i].amount < 0) {
            return "takes counters back";
        }
        if (undoes && effects->counts[i].amount > 0) {
            return "counts what it undoes";
        }
    }
    return NULL;
}

static enum tally_status check(struct hq_txn *txn, const struct tally_event *event,
                               const char **ret_why)
{
    const char *why = why_never(event);
    if (why != NULL) {
        *ret_why = why;
        return TALLY_E_MISMATCH;
    }
    switch (event->type) {
    case TALLY_EVENT_SALE:
        return hq_sale_check(txn, event);
    case TALLY_EVENT_VOID:
    case TALLY_EVENT_REFUND:
        return hq_reversal_check(txn, event, ret_why);
    case TALLY_EVENT_GRANT:
        return check_grant(txn, event);
    case TALLY_EVENT_AWARD:
        return hq_award_check(txn, event);
    case TALLY_EVENT_ADJUST:
        if (event->as.adjust.drawer != event->id.terminal) {
            *ret_why = "adjusts another terminal's drawer";
            return TALLY_E_MISMATCH;
        }
        return tally_stock_moves_only(event) /* hq_stock_after looks at them */
                   ? TALLY_OK
                   : hq_flag_add(txn, &event->id, event->account, "points adjusted at a terminal");
    case TALLY_EVENT_TRANSFER:
        return check_transfer(txn, event, ret_why);
    case TALLY_EVENT_STANDING:
    case TALLY_EVENT_BLOCK:
        *ret_why = "does what only head office may";
        return TALLY_E_MISMATCH;
    case TALLY_EVENT_CARD: /* what cannot be is flagged when it is taken */
    case TALLY_EVENT_ENROL:
    case TALLY_EVENT_HOLD:
    case TALLY_EVENT_RELEASE:
        break;
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ one event */

/* The event is in: what HQ does by itself after it may not undo that, nor stop the others in the
 * same transaction. Only a store that fails does. */
static enum tally_status follow(struct hq_txn *txn, const struct tally_event *event,
                                enum tally_status status)
{
    bool is_the_store =
        tally_status_family(status) == TALLY_FAMILY_STOP || status == TALLY_E_NO_MEMORY;
    return status == TALLY_OK || is_the_store
               ? status
               : hq_flag_add(txn, &event->id, event->account,
                             "what follows from it could not be done: %s",
                             tally_status_text(status));
}

static enum tally_status take(struct hq_txn *txn, struct hq_terminal *terminal,
                              struct hq_push *push, const struct tally_msg_record *record,
                              const struct tally_event *event, const uint8_t chain[TALLY_HASH_LEN])
{
    const uint64_t seq = terminal->seq + 1;
    if (event->id.terminal != terminal->number || event->id.epoch != terminal->epoch ||
        event->id.seq != seq) {
        return quarantine(txn, terminal, push, seq, "it carries another event's number");
    }
    const char *why = "";
    enum tally_status status = check_clock(txn, terminal, event, &why);
    if (status == TALLY_OK) {
        status = check(txn, event, &why);
    }
    if (status == TALLY_OK) {
        status = check_rules(txn, event);
    }
    if (status == TALLY_E_MISMATCH) {
        return quarantine(txn, terminal, push, seq, "%s", why);
    }
    if (status == TALLY_E_NOT_READY) {
        return wait_with(txn, terminal, push, why);
    }
    TALLY_TRY(status);
    status = hq_event_add(txn, event, record->event, record->sidecar, chain);
    if (status == TALLY_E_POINTS_SHORT || status == TALLY_E_NOT_FOUND) {
        return quarantine(txn, terminal, push, seq,
                          "it spends points that its drawer does not hold");
    }
    if (status == TALLY_E_INVALID || status == TALLY_E_OVERFLOW) {
        return quarantine(txn, terminal, push, seq, "its sums don't agree");
    }
    TALLY_TRY(status);
    TALLY_TRY(follow(txn, event, hq_bonus_after(txn, event, chain)));
    TALLY_TRY(follow(txn, event, hq_merge_after(txn, event->account)));
    terminal->seq = seq;
    terminal->reason[0] = '\0';
    terminal->time = event->time;
    memcpy(terminal->chain, chain, TALLY_HASH_LEN);
    push->accepted++;
    return TALLY_OK;
}

static enum tally_status take_record(struct hq_txn *txn, struct hq_terminal *terminal,
                                     struct hq_push *push, const struct tally_msg_record *record,
                                     const uint8_t chain[TALLY_HASH_LEN])
{
    struct tally_event_decoded decoded;
    enum tally_status status = tally_event_decode(record->event, &decoded);
    if (status == TALLY_E_INVALID) {
        return wait_with(txn, terminal, push, "this HQ can't read it");
    }
    TALLY_TRY(status);
    status = take(txn, terminal, push, record, &decoded.event, chain);
    tally_event_decoded_free(&decoded);
    return status;
}

/* ------------------------------------------------------------------ one push */

/* The chain hash after event `seq`, 0 to terminal->seq. */
static enum tally_status chain_at(struct hq_txn *txn, const struct hq_terminal *terminal,
                                  uint64_t seq, uint8_t ret_chain[TALLY_HASH_LEN])
{
    if (seq == terminal->seq) {
        memcpy(ret_chain, terminal->chain, TALLY_HASH_LEN);
        return TALLY_OK;
    }
    if (seq == 0) {
        memset(ret_chain, 0, TALLY_HASH_LEN);
        return TALLY_OK;
    }
    struct tally_event_id id = {terminal->number, terminal->epoch, seq};
    struct hq_event_row row;
    enum tally_status status = hq_event_get(txn, &id, &row);
    if (status != TALLY_OK) {
        return status == TALLY_E_NOT_FOUND ? TALLY_E_STORE_DAMAGED : status;
    }
    memcpy(ret_chain, row.chain, TALLY_HASH_LEN);
    return TALLY_OK;
}

/* The hash after each record, from what the sender says came before. */
static enum tally_status chains_make(const struct tally_msg_push_request *request,
                                     uint8_t (*chains)[TALLY_HASH_LEN])
{
    const uint8_t *before = request->chain_before;
    for (size_t i = 0; i < request->record_count; i++) {
        TALLY_TRY(tally_chain_next(before, request->records[i].event, chains[i]));
        before = chains[i];
    }
    return memcmp(before, request->chain_after, TALLY_HASH_LEN) == 0 ? TALLY_OK : TALLY_E_INVALID;
}

/* What HQ holds already must be the same, byte for byte; *ret_held says how many records that
 * is. */
static enum tally_status check_held(struct hq_txn *txn, struct hq_terminal *terminal,
                                    struct hq_push *push,
                                    const struct tally_msg_push_request *request,
                                    uint8_t (*chains)[TALLY_HASH_LEN], size_t *ret_held)
{
    uint8_t chain[TALLY_HASH_LEN];
    TALLY_TRY(chain_at(txn, terminal, request->first_seq - 1, chain));
    if (memcmp(chain, request->chain_before, TALLY_HASH_LEN) != 0) {
        return quarantine(txn, terminal, push, request->first_seq,
                          "the chain before it is not the one that HQ holds");
    }
    size_t held = 0;
    while (held < request->record_count && request->first_seq + held <= terminal->seq) {
        TALLY_TRY(chain_at(txn, terminal, request->first_seq + held, chain));
        if (memcmp(chain, chains[held], TALLY_HASH_LEN) != 0) {
            return quarantine(txn, terminal, push, request->first_seq + held,
                              "HQ holds another event of that number");
        }
        held++;
    }
    *ret_held = held;
    return TALLY_OK;
}

/* No more of one push is taken in one transaction: others wait for it. What is left comes with the
 * next push, since the answer says how far this one went. */
enum { PUSH_WORK_MAX = TALLY_MSG_LEN_MAX };

static enum tally_status push_records(struct hq_txn *txn, struct hq_terminal *terminal,
                                      struct hq_push *push,
                                      const struct tally_msg_push_request *request,
                                      uint8_t (*chains)[TALLY_HASH_LEN])
{
    if (request->epoch != terminal->epoch) {
        snprintf(push->text, sizeof push->text, "epoch %" PRIu32 " is not the terminal's, %" PRIu32,
                 request->epoch, terminal->epoch);
        return TALLY_E_PROTOCOL;
    }
    if (request->first_seq == 0 || chains_make(request, chains) != TALLY_OK) {
        snprintf(push->text, sizeof push->text, "the batch does not agree with its own chain");
        return TALLY_E_INVALID;
    }
    if (request->first_seq - 1 > terminal->seq) {
        snprintf(push->text, sizeof push->text, "a gap: HQ holds events up to %" PRIu64,
                 terminal->seq);
        return TALLY_E_PROTOCOL;
    }
    size_t at = 0;
    enum tally_status status = check_held(txn, terminal, push, request, chains, &at);
    txn->work = 0;
    while (status == TALLY_OK && at < request->record_count && txn->work < PUSH_WORK_MAX) {
        txn->work += request->records[at].event.len;
        status = take_record(txn, terminal, push, &request->records[at], chains[at]);
        at++;
    }
    if (status == TALLY_OK) {
        terminal->heard_ms = txn->now_ms;
    }
    return status;
}

/* What belongs to the push alone ends in push->status; only the store's failures come back. */
static bool is_an_answer(enum tally_status status)
{
    return status == TALLY_OK || status == TALLY_E_CHAIN || status == TALLY_E_REVOKED ||
           status == TALLY_E_INVALID || status == TALLY_E_PROTOCOL;
}

static enum tally_status push_decoded(struct hq_txn *txn, struct hq_push *push,
                                      const struct tally_msg_push_request *request)
{
    struct hq_terminal terminal;
    TALLY_TRY(hq_caller(txn, push->pin, push->text, &terminal));
    uint8_t(*chains)[TALLY_HASH_LEN] = tally_alloc(request->record_count, sizeof *chains);
    if (chains == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = push_records(txn, &terminal, push, request, chains);
    tally_free(chains);
    if (!is_an_answer(status)) {
        return status;
    }
    TALLY_TRY(hq_terminal_put(txn, &terminal)); /* also when only a part was taken */
    push->reply.acked_seq = terminal.seq;
    memcpy(push->reply.chain, terminal.chain, TALLY_HASH_LEN);
    return status;
}

static enum tally_status push_one(struct hq_txn *txn, struct hq_push *push)
{
    struct tally_msg_push_request request = {0};
    push->text[0] = '\0';
    push->accepted = 0;
    enum tally_status status = tally_msg_push_request_decode(push->message, &request);
    if (status == TALLY_E_INVALID) {
        snprintf(push->text, sizeof push->text, "the request can't be read");
    }
    if (status == TALLY_OK) {
        status = push_decoded(txn, push, &request);
        tally_msg_push_request_free(&request);
    }
    push->status = status;
    return is_an_answer(status) ? TALLY_OK : status;
}

enum tally_status hq_store_push(struct hq_store *store, struct hq_push **pushes, size_t count,
                                int64_t now_ms)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, true, now_ms, &txn));
    enum tally_status status = TALLY_OK;
    for (size_t i = 0; i < count && status == TALLY_OK; i++) {
        status = push_one(&txn, pushes[i]);
    }
    return hq_end(&txn, status);
}
