/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked of an event without an account. */
#include "app/core/event.h"

#include <assert.h>

uint32_t tally_event_drawer(const struct tally_event *event)
{
    assert(event != NULL);

    switch (event->type) {
    case TALLY_EVENT_GRANT:
        return event->as.grant.to_terminal;
    case TALLY_EVENT_ADJUST:
        return event->as.adjust.drawer;
    case TALLY_EVENT_SALE:
    case TALLY_EVENT_VOID:
    case TALLY_EVENT_ENROL:
    case TALLY_EVENT_REFUND:
    case TALLY_EVENT_HOLD:
    case TALLY_EVENT_RELEASE:
    case TALLY_EVENT_AWARD:
    case TALLY_EVENT_STANDING:
    case TALLY_EVENT_TRANSFER:
    case TALLY_EVENT_CARD:
    case TALLY_EVENT_BLOCK:
        break;
    }
    return event->id.terminal;
}

struct tally_slice tally_event_ref(const struct tally_event *event)
{
    assert(event != NULL);

    switch (event->type) {
    case TALLY_EVENT_SALE:
        return event->as.sale.ref;
    case TALLY_EVENT_VOID:
    case TALLY_EVENT_REFUND:
        return event->as.reversal.ref;
    case TALLY_EVENT_HOLD:
        return event->as.hold.ref;
    case TALLY_EVENT_ENROL:
    case TALLY_EVENT_GRANT:
    case TALLY_EVENT_ADJUST:
    case TALLY_EVENT_RELEASE:
    case TALLY_EVENT_AWARD:
    case TALLY_EVENT_STANDING:
    case TALLY_EVENT_TRANSFER:
    case TALLY_EVENT_CARD:
    case TALLY_EVENT_BLOCK:
        break;
    }
    return (struct tally_slice){NULL, 0};
}

/* Which kind a move is counted under by tally_event_points. */
static enum tally_move_kind meaning_of(enum tally_move_kind kind)
{
    switch (kind) {
    case TALLY_MOVE_EARN_DEBT:
        return TALLY_MOVE_EARN;
    case TALLY_MOVE_REDEEM_HELD:
    case TALLY_MOVE_REDEEM_EARNED:
        return TALLY_MOVE_REDEEM;
    case TALLY_MOVE_UNEARN_DEBT:
        return TALLY_MOVE_UNEARN;
    default:
        return kind;
    }
}

int64_t tally_event_points(const struct tally_event *event, uint32_t purse,
                           enum tally_move_kind kind)
{
    assert(event != NULL);

    int64_t points = 0;
    for (size_t i = 0; i < event->effects.move_count; i++) {
        const struct tally_move *move = &event->effects.moves[i];
        if (move->purse != purse || (move->kind != kind && meaning_of(move->kind) != kind)) {
            continue;
        }
        if (tally_add(points, move->points, &points) != TALLY_OK) {
            return INT64_MAX; /* no event that passes tally_effects_check */
        }
    }
    return points;
}

uint32_t tally_member_id(uint64_t member)
{
    uint32_t id = (uint32_t)(member ^ member >> 32);
    return id == 0 ? 1 : id;
}

/* ------------------------------------------------------------------ order */

static int by_number(int64_t left, int64_t right)
{
    return left < right ? -1 : left > right;
}

int tally_move_compare(const struct tally_move *left, const struct tally_move *right)
{
    assert(left != NULL);
    assert(right != NULL);

    int order = by_number(left->kind, right->kind);
    order = order != 0 ? order : by_number(left->purse, right->purse);
    order = order != 0 ? order : by_number(left->expires_day, right->expires_day);
    return order != 0 ? order : by_number(left->from_day, right->from_day);
}

int tally_count_compare(const struct tally_count *left, const struct tally_count *right)
{
    assert(left != NULL);
    assert(right != NULL);

    int order = by_number(left->what, right->what);
    order = order != 0 ? order : by_number(left->of, right->of);
    order = order != 0 ? order : by_number(left->from_day, right->from_day);
    return order != 0 ? order : by_number(left->until_day, right->until_day);
}

/* ------------------------------------------------------------------ what effects may be */

#define KIND(name) (1U << TALLY_MOVE_##name)

/* What a drawer's own terminal clears away in passing: points that lapsed, a hold timed out. */
#define PASSING (KIND(EXPIRE) | KIND(RELEASE))

/* The two sides of a transfer. */
#define SENT     (KIND(ADJUST_OUT) | KIND(FORGIVE_DEBT))
#define RECEIVED (KIND(ADJUST_IN) | KIND(ADJUST_DEBT))

static const struct effects_rule {
    uint32_t kinds;  /* of moves that the type may have */
    uint32_t needs;  /* one of these must be there; 0: none must */
    bool may_say;    /* counts, a standing, a floor, activity */
    bool any_drawer; /* PASSING is allowed in a drawer that is not the writer's, too */
} effects_rules[] = {
    [TALLY_EVENT_SALE] = {.kinds = KIND(REDEEM_HELD) | KIND(REDEEM) | KIND(EARN_DEBT) | KIND(EARN) |
                                   KIND(REDEEM_EARNED),
                          .may_say = true},
    [TALLY_EVENT_VOID] = {.kinds = KIND(UNREDEEM) | KIND(UNEARN) | KIND(UNEARN_DEBT),
                          .may_say = true},
    [TALLY_EVENT_REFUND] = {.kinds = KIND(UNREDEEM) | KIND(UNEARN) | KIND(UNEARN_DEBT),
                            .may_say = true},
    [TALLY_EVENT_ENROL] = {.may_say = true},
    [TALLY_EVENT_GRANT] = {.kinds = KIND(GRANT), .needs = KIND(GRANT)},
    [TALLY_EVENT_ADJUST] = {.kinds = KIND(ADJUST_OUT) | KIND(ADJUST_IN) | KIND(ADJUST_DEBT) |
                                     KIND(FORGIVE_DEBT),
                            .may_say = true,
                            .any_drawer = true},
    [TALLY_EVENT_HOLD] = {.kinds = KIND(HOLD), .needs = KIND(HOLD)},
    [TALLY_EVENT_RELEASE] = {.needs = KIND(RELEASE)},
    [TALLY_EVENT_AWARD] = {.kinds = KIND(EARN_DEBT) | KIND(EARN), .may_say = true},
    [TALLY_EVENT_STANDING] = {.may_say = true},
    [TALLY_EVENT_TRANSFER] = {.kinds = SENT | RECEIVED, .may_say = true},
    [TALLY_EVENT_CARD] = {.may_say = false},
    [TALLY_EVENT_BLOCK] = {.may_say = false},
};

/* Each move is one that can be, in order, and they fit together; *ret_kinds says which there
 * are. */
static enum tally_status check_moves(const struct tally_effects *effects, uint32_t *ret_kinds)
{
    int64_t points = 0;
    uint32_t kinds = 0;
    for (size_t i = 0; i < effects->move_count; i++) {
        const struct tally_move *move = &effects->moves[i];
        bool has_lot = move->kind != TALLY_MOVE_UNEARN_DEBT && move->kind != TALLY_MOVE_ADJUST_DEBT;
        if (move->kind < TALLY_MOVE_EXPIRE || move->kind >= TALLY_MOVE_KIND_COUNT ||
            move->points < 1 || move->points > TALLY_POINTS_MAX ||
            (!has_lot && (move->expires_day != 0 || move->from_day != 0)) ||
            (i > 0 && tally_move_compare(&effects->moves[i - 1], move) >= 0)) {
            return TALLY_E_INVALID;
        }
        points += move->points; /* at most TALLY_MOVES_MAX times TALLY_POINTS_MAX: fits */
        kinds |= 1U << move->kind;
    }
    if (points > TALLY_POINTS_MAX) {
        return TALLY_E_OVERFLOW;
    }
    *ret_kinds = kinds;
    return TALLY_OK;
}

static enum tally_status check_counts(const struct tally_effects *effects)
{
    for (size_t i = 0; i < effects->count_count; i++) {
        const struct tally_count *count = &effects->counts[i];
        /* The first "day" of an hour is that hour. */
        bool is_span = count->what == TALLY_COUNT_HOUR || count->from_day <= count->until_day;
        if (count->what < TALLY_COUNT_SALES || count->what > TALLY_COUNT_AWARD || !is_span ||
            count->amount == 0 || count->amount > TALLY_MONEY_MAX ||
            count->amount < -TALLY_MONEY_MAX ||
            (i > 0 && tally_count_compare(&effects->counts[i - 1], count) >= 0)) {
            return TALLY_E_INVALID;
        }
    }
    return TALLY_OK;
}

static bool kinds_are_allowed(const struct tally_event *event, uint32_t kinds)
{
    const struct effects_rule *rule = &effects_rules[event->type];
    bool is_own = tally_event_drawer(event) == event->id.terminal;
    uint32_t allowed = rule->kinds;
    if (is_own || rule->any_drawer) {
        allowed |= PASSING;
    }
    return (kinds & ~allowed) == 0 && (rule->needs == 0 || (kinds & rule->needs) != 0);
}

/* One side sends, the other receives; the side that sends may end with it. Where there are no
 * points, a merge moves what was counted and reached. */
static bool transfer_is_right(const struct tally_event *event, uint32_t kinds)
{
    bool sends = (kinds & SENT) != 0, receives = (kinds & RECEIVED) != 0;
    bool ends = event->effects.merged_into != 0;
    bool says_more =
        event->effects.count_count > 0 || event->effects.has_standing || event->effects.has_floor;
    if (event->type != TALLY_EVENT_TRANSFER) {
        return !ends;
    }
    return sends != receives ? !(receives && ends) : !sends && (ends || says_more);
}

static bool block_is_right(const struct tally_event *event)
{
    const struct tally_effects *effects = &event->effects;
    return (event->type == TALLY_EVENT_BLOCK) == effects->has_block &&
           (effects->has_block || !effects->blocked);
}

enum tally_status tally_effects_check(const struct tally_event *event)
{
    assert(event != NULL);

    const struct tally_effects *effects = &event->effects;
    if (event->type < TALLY_EVENT_SALE || event->type > TALLY_EVENT_BLOCK ||
        effects->move_count > TALLY_MOVES_MAX || effects->count_count > TALLY_COUNTS_MAX) {
        return TALLY_E_INVALID;
    }
    assert(effects->moves != NULL || effects->move_count == 0);
    assert(effects->counts != NULL || effects->count_count == 0);
    uint32_t kinds = 0;
    TALLY_TRY(check_moves(effects, &kinds));
    TALLY_TRY(check_counts(effects));
    bool opens_hold = (kinds & (KIND(RELEASE) | KIND(REDEEM_HELD))) != 0;
    bool says_more = effects->count_count > 0 || effects->has_standing || effects->has_floor ||
                     effects->active_until_day != 0;
    if (!kinds_are_allowed(event, kinds) || !transfer_is_right(event, kinds) ||
        !block_is_right(event) || opens_hold != (effects->hold != 0) ||
        (says_more && !effects_rules[event->type].may_say) ||
        (event->type == TALLY_EVENT_GRANT && event->as.grant.to_terminal == TALLY_TERMINAL_HQ) ||
        (event->type == TALLY_EVENT_HOLD && event->id.seq == 0) ||
        (event->type == TALLY_EVENT_STANDING && !effects->has_floor && !effects->has_standing)) {
        return TALLY_E_INVALID;
    }
    return TALLY_OK;
}
