/* SPDX-License-Identifier: Apache-2.0 */
/* Whether something looks like fraud. */
#include "app/core/guard.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

static int64_t hour_of(int64_t now_ms)
{
    return now_ms / HOUR_MS;
}

static int64_t plus(int64_t left, int64_t right)
{
    int64_t sum = 0;
    return tally_add(left, right, &sum) == TALLY_OK ? sum : INT64_MAX;
}

/* ------------------------------------------------------------------ what each guard looks at */

static int64_t card_sales_in_hour(const struct tally_guard_scene *scene)
{
    int64_t sales = 1; /* this one */
    for (size_t i = 0; i < scene->account->count_count; i++) {
        const struct tally_count *count = &scene->account->counts[i];
        if (count->what == TALLY_COUNT_HOUR && count->from_day == hour_of(scene->now_ms)) {
            sales = plus(sales, count->amount);
        }
    }
    return sales;
}

static int64_t card_in_day(const struct tally_guard_scene *scene, enum tally_counter what)
{
    int32_t day = scene->event->business_day;
    return tally_account_count(scene->account, what, TALLY_PURSE_POINTS,
                               (struct tally_span){day, day});
}

static int64_t points_of(const struct tally_guard_scene *scene, enum tally_move_kind kind)
{
    return tally_event_points(scene->event, TALLY_PURSE_POINTS, kind);
}

static int64_t adjusted(const struct tally_event *event)
{
    int64_t points = 0;
    for (size_t i = 0; i < event->effects.move_count; i++) {
        const struct tally_move *move = &event->effects.moves[i];
        if (move->kind == TALLY_MOVE_ADJUST_IN || move->kind == TALLY_MOVE_ADJUST_OUT ||
            move->kind == TALLY_MOVE_ADJUST_DEBT || move->kind == TALLY_MOVE_FORGIVE_DEBT) {
            points = plus(points, move->points);
        }
    }
    return points;
}

/* Minutes since the last sale in another shop, whichever of the two clocks is ahead; false where
 * there is none. */
static bool was_elsewhere(const struct tally_guard_scene *scene, int64_t *ret_minutes)
{
    const struct tally_account *account = scene->account;
    uint32_t here = scene->event->as.sale.basket.shop;
    if (account->last_sale_time == 0 || account->last_sale_shop == 0 || here == 0 ||
        account->last_sale_shop == here) {
        return false;
    }
    int64_t between_ms = scene->now_ms - tally_hlc_ms(account->last_sale_time);
    *ret_minutes = (between_ms < 0 ? -between_ms : between_ms) / MINUTE_MS;
    return true;
}

/* What a guard finds in a sale; false: it has nothing to say. */
static bool sale_value(enum tally_guard_kind kind, const struct tally_guard_scene *scene,
                       int64_t *ret_value)
{
    const struct tally_cashier_count *cashier = scene->cashier;
    int64_t hour = hour_of(scene->now_ms);
    switch (kind) {
    case TALLY_GUARD_CARD_SALES_HOUR:
        *ret_value = card_sales_in_hour(scene);
        return true;
    case TALLY_GUARD_CARD_SALES_DAY:
        *ret_value = plus(card_in_day(scene, TALLY_COUNT_SALES), 1);
        return true;
    case TALLY_GUARD_CARD_EARNED_DAY:
        *ret_value =
            plus(card_in_day(scene, TALLY_COUNT_EARNED), points_of(scene, TALLY_MOVE_EARN));
        return true;
    case TALLY_GUARD_CARD_REDEEMED_DAY:
        *ret_value =
            plus(card_in_day(scene, TALLY_COUNT_REDEEMED), points_of(scene, TALLY_MOVE_REDEEM));
        return true;
    case TALLY_GUARD_CASHIER_SALES_HOUR:
        *ret_value = plus(cashier != NULL && cashier->hour == hour ? cashier->sales_in_hour : 0, 1);
        return cashier != NULL;
    case TALLY_GUARD_CASHIER_EARNED_DAY:
        *ret_value = plus(cashier != NULL && cashier->day == scene->event->business_day
                              ? cashier->earned_in_day
                              : 0,
                          points_of(scene, TALLY_MOVE_EARN));
        return cashier != NULL;
    case TALLY_GUARD_TRAVEL_MINUTES:
        return was_elsewhere(scene, ret_value);
    case TALLY_GUARD_OWN_CARD:
        *ret_value = 1;
        return scene->is_own_card;
    case TALLY_GUARD_ADJUST_POINTS:
        break;
    }
    return false;
}

static bool value_of(const struct tally_guard *guard, const struct tally_guard_scene *scene,
                     int64_t *ret_value)
{
    const struct tally_event *event = scene->event;
    if (event->type == TALLY_EVENT_SALE) {
        return sale_value(guard->kind, scene, ret_value);
    }
    if (event->type != TALLY_EVENT_ADJUST || guard->kind != TALLY_GUARD_ADJUST_POINTS) {
        return false;
    }
    *ret_value = adjusted(event);
    return event->as.adjust.second.len == 0; /* two people may */
}

/* Time between two shops is too short below the limit; everything else is too much above it. */
static bool is_wrong(const struct tally_guard *guard, int64_t value)
{
    switch (guard->kind) {
    case TALLY_GUARD_OWN_CARD:
        return true;
    case TALLY_GUARD_TRAVEL_MINUTES:
        return value < guard->limit;
    default:
        return value > guard->limit;
    }
}

/* ------------------------------------------------------------------ public */

struct tally_ruling tally_guard_rule(const struct tally_programme *programme,
                                     const struct tally_guard_scene *scene)
{
    assert(programme != NULL);
    assert(scene != NULL);
    assert(scene->account != NULL);
    assert(scene->event != NULL);

    struct tally_ruling ruling = {.verdict = TALLY_ALLOW};
    for (size_t i = 0; i < programme->guard_count; i++) {
        const struct tally_guard *guard = &programme->guards[i];
        enum tally_verdict verdict = guard->refuses ? TALLY_REFUSE : TALLY_WARN;
        int64_t value = 0;
        if (verdict > ruling.verdict && value_of(guard, scene, &value) && is_wrong(guard, value)) {
            ruling = (struct tally_ruling){verdict, guard->kind, value, guard->limit};
        }
    }
    return ruling;
}

void tally_guard_count(struct tally_cashier_count *cashier, const struct tally_event *event,
                       int64_t now_ms)
{
    assert(cashier != NULL);
    assert(event != NULL);

    if (event->type != TALLY_EVENT_SALE) {
        return;
    }
    if (cashier->hour != hour_of(now_ms)) {
        cashier->hour = hour_of(now_ms);
        cashier->sales_in_hour = 0;
    }
    if (cashier->day != event->business_day) {
        cashier->day = event->business_day;
        cashier->earned_in_day = 0;
    }
    cashier->sales_in_hour = plus(cashier->sales_in_hour, 1);
    cashier->earned_in_day = plus(cashier->earned_in_day,
                                  tally_event_points(event, TALLY_PURSE_POINTS, TALLY_MOVE_EARN));
}

const char *tally_guard_name(enum tally_guard_kind kind)
{
    switch (kind) {
    case TALLY_GUARD_CARD_SALES_HOUR:
        return "card_sales_hour";
    case TALLY_GUARD_CARD_SALES_DAY:
        return "card_sales_day";
    case TALLY_GUARD_CARD_EARNED_DAY:
        return "card_earned_day";
    case TALLY_GUARD_CARD_REDEEMED_DAY:
        return "card_redeemed_day";
    case TALLY_GUARD_CASHIER_SALES_HOUR:
        return "cashier_sales_hour";
    case TALLY_GUARD_CASHIER_EARNED_DAY:
        return "cashier_earned_day";
    case TALLY_GUARD_TRAVEL_MINUTES:
        return "travel_minutes";
    case TALLY_GUARD_OWN_CARD:
        return "own_card";
    case TALLY_GUARD_ADJUST_POINTS:
        return "adjust_points";
    }
    return "";
}

size_t tally_guard_text(const struct tally_ruling *ruling, char *text, size_t cap)
{
    assert(ruling != NULL);
    assert(text != NULL || cap == 0);

    static const struct {
        const char *who;
        const char *what;
    } found[] = {
        [TALLY_GUARD_CARD_SALES_HOUR] = {"this card", "sales in this hour"},
        [TALLY_GUARD_CARD_SALES_DAY] = {"this card", "sales today"},
        [TALLY_GUARD_CARD_EARNED_DAY] = {"this card", "points earned today"},
        [TALLY_GUARD_CARD_REDEEMED_DAY] = {"this card", "points redeemed today"},
        [TALLY_GUARD_CASHIER_SALES_HOUR] = {"this cashier", "sales in this hour"},
        [TALLY_GUARD_CASHIER_EARNED_DAY] = {"this cashier", "points given today"},
        [TALLY_GUARD_TRAVEL_MINUTES] = {"this card", "minutes since a sale in another shop"},
        [TALLY_GUARD_ADJUST_POINTS] = {"this adjustment", "points by one person alone"},
    };
    int len = 0;
    if (cap > 0) {
        text[0] = '\0';
    }
    if (ruling->verdict == TALLY_ALLOW) {
        return 0;
    }
    if (ruling->kind == TALLY_GUARD_OWN_CARD) {
        len = snprintf(text, cap, "this card: it is the cashier's own");
    } else {
        assert(ruling->kind > 0 && (size_t)ruling->kind < sizeof found / sizeof found[0]);
        len = snprintf(text, cap, "%s: %" PRId64 " %s, %" PRId64 " are all right",
                       found[ruling->kind].who, ruling->value, found[ruling->kind].what,
                       ruling->limit);
    }
    return len < 0 || cap == 0 ? 0 : (size_t)len < cap ? (size_t)len : cap - 1;
}
