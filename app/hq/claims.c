/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal claims that its customers earned: worked out again, from what it says it saw and
 * from what HQ sees. A claim that differs is kept as it is, and flagged: an old programme, or sales
 * elsewhere that the terminal had not heard of, are honest reasons. */
#include "app/hq/tables.h"

#include "app/base/alloc.h"
#include "app/core/bonus.h"
#include "app/core/deal.h"
#include "app/core/sale.h"
#include "app/core/used.h"

#include <inttypes.h>

static bool is_same_standing(const struct tally_effects *left, const struct tally_effects *right)
{
    return left->has_standing == right->has_standing &&
           (!left->has_standing || (left->standing.tier == right->standing.tier &&
                                    left->standing.since_day == right->standing.since_day &&
                                    left->standing.until_day == right->standing.until_day));
}

static bool is_same_counts(const struct tally_effects *left, const struct tally_effects *right)
{
    bool same = left->count_count == right->count_count;
    for (size_t i = 0; i < left->count_count && same; i++) {
        same = tally_count_compare(&left->counts[i], &right->counts[i]) == 0 &&
               left->counts[i].amount == right->counts[i].amount;
    }
    return same;
}

/* ------------------------------------------------------------------ sales */

static enum tally_status recompute(const struct tally_programme *programme,
                                   const struct tally_event *event)
{
    size_t room_len = tally_sale_check_room(programme, event);
    void *room = tally_alloc(room_len, 1);
    if (room == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = tally_sale_check(programme, event, room, room_len);
    tally_free(room);
    return status;
}

/* What HQ sees of the account; of the moment and the birthday it takes the terminal's word. */
static enum tally_status see(const struct tally_programme *programme,
                             const struct tally_account *account, const struct tally_event *event,
                             struct tally_counts *used, struct tally_seen *ret_seen)
{
    const struct tally_occasion occasion = {.terminal = event->id.terminal,
                                            .now_ms = tally_hlc_ms(event->time),
                                            .day = event->business_day,
                                            .minute = event->as.sale.seen.minute,
                                            .member = event->member};
    TALLY_TRY(tally_seen_read(programme, account, &occasion, used, ret_seen));
    ret_seen->birthday = event->as.sale.seen.birthday;
    return TALLY_OK;
}

static bool is_same_seen(const struct tally_seen *left, const struct tally_seen *right)
{
    const struct tally_effects used = {.counts = left->used, .count_count = left->used_count};
    const struct tally_effects other = {.counts = right->used, .count_count = right->used_count};
    return left->tier == right->tier && left->visits == right->visits &&
           left->days_away == right->days_away && left->days_member == right->days_member &&
           is_same_counts(&used, &other);
}

/* Caps, limits, tiers and visits hold only as far as what was seen is true. */
static enum tally_status check_seen(struct hq_txn *txn, const struct tally_programme *programme,
                                    const struct tally_account *account,
                                    const struct tally_event *event)
{
    struct tally_counts used = {.cap = tally_used_max(programme)};
    struct tally_event ours = *event;
    used.items = tally_alloc(used.cap, sizeof *used.items);
    if (used.items == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = see(programme, account, event, &used, &ours.as.sale.seen);
    if (status == TALLY_OK && !is_same_seen(&event->as.sale.seen, &ours.as.sale.seen)) {
        status = recompute(programme, &ours);
    }
    tally_free(used.items);
    return status == TALLY_OK || status == TALLY_E_NO_MEMORY
               ? status
               : hq_flag_add(
                     txn, &event->id, event->account,
                     "by what it knows, head office would have decided this sale otherwise");
}

static int64_t most_counted(const struct tally_effects *effects, enum tally_counter what)
{
    int64_t most = 0;
    for (size_t i = 0; i < effects->count_count; i++) {
        if (effects->counts[i].what == what && effects->counts[i].amount > most) {
            most = effects->counts[i].amount;
        }
    }
    return most;
}

/* A sale that passed its check counts what it adds towards tiers. */
static enum tally_status check_standing(struct hq_txn *txn, const struct tally_programme *programme,
                                        const struct tally_account *account,
                                        const struct tally_event *event)
{
    const struct tally_sale *sale = &event->as.sale;
    const struct tally_tier_change change = {
        .spend_minor = sale->total_minor - sale->discount_minor - sale->redeemed_minor,
        .points = most_counted(&event->effects, TALLY_COUNT_POINTS),
        .visits = 1,
        .balance = tally_event_points(event, TALLY_PURSE_POINTS, TALLY_MOVE_EARN) -
                   tally_event_points(event, TALLY_PURSE_POINTS, TALLY_MOVE_REDEEM),
        .counted_day = event->business_day,
    };
    struct tally_effects ours = {0};
    ours.has_standing =
        tally_tier_standing(account, programme, event->business_day, &change, NULL, &ours.standing);
    return is_same_standing(&event->effects, &ours)
               ? TALLY_OK
               : hq_flag_add(txn, &event->id, event->account,
                             "a standing that head office does not derive");
}

static enum tally_status check_known(struct hq_txn *txn, const struct tally_programme *programme,
                                     const struct tally_event *event)
{
    struct tally_book book;
    TALLY_TRY(hq_account_load(txn, event->account, &book));
    enum tally_status status;
    if (book.account.id == 0) {
        status = hq_flag_add(txn, &event->id, event->account,
                             "sale on an account that HQ does not know");
    } else {
        status = check_seen(txn, programme, &book.account, event);
        if (status == TALLY_OK) {
            status = check_standing(txn, programme, &book.account, event);
        }
    }
    tally_book_free(&book);
    return status;
}

enum tally_status hq_sale_check(struct hq_txn *txn, const struct tally_event *event)
{
    const struct tally_programme *programme = NULL;
    enum tally_status status = hq_programme(txn, event->programme_version, &programme);
    if (status == TALLY_E_NOT_FOUND) {
        return hq_flag_add(txn, &event->id, event->account,
                           "sale under programme version %" PRIu32 ", which HQ never published",
                           event->programme_version);
    }
    TALLY_TRY(status);
    status = recompute(programme, event);
    if (status == TALLY_OK) {
        return check_known(txn, programme, event);
    }
    return status == TALLY_E_NO_MEMORY
               ? status
               : hq_flag_add(txn, &event->id, event->account,
                             "sale does not recompute under programme version %" PRIu32 ": %s",
                             event->programme_version, tally_status_text(status));
}

/* ------------------------------------------------------------------ awards */

/* What a terminal gives when it enrols; all others are given by HQ itself. */
static bool is_a_terminals(const struct tally_award_rule *rule)
{
    return rule->kind == TALLY_AWARD_SIGN_UP || rule->kind == TALLY_AWARD_PROFILE;
}

/* The same points with the same days, whatever of them paid a debt; and nothing else comes in. */
static bool is_same_credit(const struct tally_effects *theirs, const struct tally_effects *ours)
{
    int64_t points = 0;
    for (size_t i = 0; i < ours->move_count; i++) {
        points += ours->moves[i].points;
    }
    for (size_t i = 0; i < theirs->move_count; i++) {
        const struct tally_move *move = &theirs->moves[i], *like = &ours->moves[0];
        if (move->kind != TALLY_MOVE_EARN && move->kind != TALLY_MOVE_EARN_DEBT) {
            continue; /* clears away what lapsed */
        }
        if (move->purse != like->purse || move->expires_day != like->expires_day ||
            move->from_day != like->from_day) {
            return false;
        }
        points -= move->points;
    }
    return points == 0;
}

/* Whether HQ would give that award now. */
static enum tally_status is_due(const struct tally_programme *programme,
                                const struct tally_account *account,
                                const struct tally_event *event)
{
    struct tally_move moves[TALLY_AWARD_MOVES_MAX];
    struct tally_count counts[TALLY_BONUS_COUNTS_MAX];
    const struct tally_bonus_room room = {moves, TALLY_AWARD_MOVES_MAX, counts,
                                          TALLY_BONUS_COUNTS_MAX};
    const struct tally_moment moment = {event->id.terminal, tally_hlc_ms(event->time),
                                        event->business_day};
    const struct tally_award_request request = {
        .award = event->as.award.award, .why = event->as.award.why, .other = event->as.award.other};
    const struct tally_award_rule *rule = tally_programme_award(programme, request.award);
    struct tally_event ours;
    if (rule == NULL || !is_a_terminals(rule)) {
        return TALLY_E_RULE;
    }
    TALLY_TRY(tally_award_plan(programme, account, &request, &moment, &room, &ours));
    bool same = is_same_credit(&event->effects, &ours.effects) &&
                is_same_counts(&event->effects, &ours.effects) &&
                is_same_standing(&event->effects, &ours.effects) &&
                event->effects.active_until_day == ours.effects.active_until_day;
    return same ? TALLY_OK : TALLY_E_MISMATCH;
}

enum tally_status hq_award_check(struct hq_txn *txn, const struct tally_event *event)
{
    const struct tally_programme *programme = NULL;
    enum tally_status status = hq_programme(txn, event->programme_version, &programme);
    if (status == TALLY_OK) {
        struct tally_book book;
        TALLY_TRY(hq_account_load(txn, event->account, &book));
        status = is_due(programme, &book.account, event);
        tally_book_free(&book);
    }
    if (tally_status_family(status) == TALLY_FAMILY_STOP) {
        return status;
    }
    return status == TALLY_OK ? TALLY_OK
                              : hq_flag_add(txn, &event->id, event->account,
                                            "an award that head office does not give like that: %s",
                                            tally_status_text(status));
}
