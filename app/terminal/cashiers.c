/* SPDX-License-Identifier: Apache-2.0 */
/* What each cashier did lately, and what the programme's guards say about it. */
#include "app/terminal/desk_inside.h"

#include "app/base/alloc.h"

#include <stdio.h>
#include <string.h>

static struct cashier *find(const struct cashiers *cashiers, const char *name)
{
    for (size_t i = 0; i < cashiers->count; i++) {
        if (strcmp(cashiers->items[i].name, name) == 0) {
            return &cashiers->items[i];
        }
    }
    return NULL;
}

const struct tally_cashier_count *cashiers_find(const struct cashiers *cashiers, const char *name)
{
    const struct cashier *cashier = find(cashiers, name);
    return cashier == NULL ? NULL : &cashier->count;
}

/* Whoever did nothing today is forgotten, so that names don't pile up. */
static void forget_old(struct cashiers *cashiers, int32_t day)
{
    size_t kept = 0;
    for (size_t i = 0; i < cashiers->count; i++) {
        if (cashiers->items[i].count.day == day) {
            cashiers->items[kept++] = cashiers->items[i];
        }
    }
    cashiers->count = kept;
}

/* NULL without memory: then this sale is not counted. */
static struct cashier *add(struct cashiers *cashiers, const char *name, int32_t day)
{
    if (cashiers->count == cashiers->room) {
        forget_old(cashiers, day);
    }
    if (cashiers->count == cashiers->room) {
        size_t room = cashiers->room == 0 ? 16 : 2 * cashiers->room;
        struct cashier *items = tally_realloc(cashiers->items, room, sizeof *items);
        if (items == NULL) {
            return NULL;
        }
        cashiers->items = items;
        cashiers->room = room;
    }
    struct cashier *cashier = &cashiers->items[cashiers->count++];
    *cashier = (struct cashier){0};
    snprintf(cashier->name, sizeof cashier->name, "%s", name);
    return cashier;
}

void cashiers_count(struct cashiers *cashiers, const char *name, const struct tally_event *event,
                    int64_t now_ms)
{
    if (name[0] == '\0') {
        return;
    }
    struct cashier *cashier = find(cashiers, name);
    if (cashier == NULL) {
        cashier = add(cashiers, name, event->business_day);
    }
    if (cashier != NULL) {
        tally_guard_count(&cashier->count, event, now_ms);
    }
}

void cashiers_free(struct cashiers *cashiers)
{
    tally_free(cashiers->items);
    *cashiers = (struct cashiers){0};
}

enum tally_status guard_planned(const struct errand *errand, const struct person *person,
                                const struct tally_event *event, struct tally_ruling *ret_ruling)
{
    struct desk *desk = errand->desk;
    struct tally_guard_scene scene = {
        .account = &person->account.book.account,
        .cashier = cashiers_find(&desk->cashiers, errand->params->cashier),
        .event = event,
        .now_ms = errand->now_ms,
        .is_own_card = is_own_card(errand, person->member.member),
    };
    struct tally_ruling ruling = tally_guard_rule(errand->programme, &scene);
    *ret_ruling = ruling;
    if (ruling.verdict == TALLY_REFUSE) {
        (void)tally_guard_text(&ruling, desk->detail, sizeof desk->detail);
        return TALLY_E_RULE;
    }
    return TALLY_OK;
}
