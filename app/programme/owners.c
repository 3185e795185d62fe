/* SPDX-License-Identifier: Apache-2.0 */
/* The sections merchants, guards and cards: who takes part, and what is looked at twice. */
#include "app/programme/parts.h"
#include "app/programme/sections.h"

#include "app/core/basket.h"

#include <stdlib.h>

enum { PERCENT_WHOLE = 100, CARD_DIGITS_MAX = 19 };

/* ------------------------------------------------------------------ merchants */

static const struct field merchant_fields[] = {
    FIELD_CODE_OF(tally_merchant),
    FIELD_NAME_OF(tally_merchant),
    {.key = "shops",
     .kind = FIELD_LIST,
     .required = true,
     FIELD_LIST_AT(tally_merchant, shops, shop_count),
     .low = 1,
     .high = TALLY_PROGRAMME_SHOPS_MAX,
     .take = take_shop},
    {.key = "earn_pct",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_merchant, earn_pct),
     .high = PERCENT_WHOLE},
    {.key = "issue_price_micro",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_merchant, issue_price_micro),
     .high = TALLY_POINTS_MAX},
    {.key = "redeem_price_micro",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_merchant, redeem_price_micro),
     .high = TALLY_POINTS_MAX},
};
const struct shape shape_merchant = SHAPE("merchant", merchant_fields);

void take_merchant(struct reading *reading, struct node node, void *item)
{
    struct tally_merchant *merchant = item;
    merchant->earn_pct = PERCENT_WHOLE;
    if (reading_object(reading, node, &shape_merchant, merchant)) {
        name_default(&merchant->name, merchant->code);
    }
}

struct shop_place {
    uint32_t shop;
    size_t merchant;
    size_t index;
};

static int compare_shops(const void *left_item, const void *right_item)
{
    const struct shop_place *left = left_item, *right = right_item;
    if (left->shop != right->shop) {
        return left->shop < right->shop ? -1 : 1;
    }
    if (left->merchant != right->merchant) {
        return left->merchant < right->merchant ? -1 : 1;
    }
    return left->index < right->index ? -1 : left->index > right->index;
}

/* A shop has one owner. */
void check_merchants(struct reading *reading)
{
    const struct tally_programme *programme = reading->programme;
    size_t count = 0, at = 0;
    for (size_t i = 0; i < programme->merchant_count; i++) {
        count += programme->merchants[i].shop_count;
    }
    if (count > TALLY_PROGRAMME_SHOPS_MAX) {
        struct locate_path path = {NULL, "merchants", 0};
        reading_report(reading, &path, "must have at most %d shops together, have %zu",
                       TALLY_PROGRAMME_SHOPS_MAX, count);
        return;
    }
    struct shop_place *places = arena_alloc(reading->arena, count, sizeof *places);
    if (places == NULL) {
        reading->no_memory = true;
        return;
    }
    for (size_t i = 0; i < programme->merchant_count; i++) {
        for (size_t j = 0; j < programme->merchants[i].shop_count; j++) {
            places[at++] = (struct shop_place){programme->merchants[i].shops[j], i, j};
        }
    }
    if (count > 1) {
        qsort(places, count, sizeof *places, compare_shops);
    }
    for (size_t i = 1; i < count; i++) {
        if (places[i].shop == places[i - 1].shop && places[i].shop != 0) {
            struct locate_path merchants = {NULL, "merchants", 0};
            struct locate_path merchant = {&merchants, NULL, places[i].merchant};
            struct locate_path shops = {&merchant, "shops", 0};
            struct locate_path shop = {&shops, NULL, places[i].index};
            reading_report(reading, &shop, "shop %lu is there twice: also in merchants[%zu]",
                           (unsigned long)places[i].shop, places[i - 1].merchant);
        }
    }
}

/* ------------------------------------------------------------------ guards */

static const struct choice guard_kinds[] = {
    {"card_sales_hour", TALLY_GUARD_CARD_SALES_HOUR},
    {"card_sales_day", TALLY_GUARD_CARD_SALES_DAY},
    {"card_earned_day", TALLY_GUARD_CARD_EARNED_DAY},
    {"card_redeemed_day", TALLY_GUARD_CARD_REDEEMED_DAY},
    {"cashier_sales_hour", TALLY_GUARD_CASHIER_SALES_HOUR},
    {"cashier_earned_day", TALLY_GUARD_CASHIER_EARNED_DAY},
    {"travel_minutes", TALLY_GUARD_TRAVEL_MINUTES},
    {"own_card", TALLY_GUARD_OWN_CARD},
    {"adjust_points", TALLY_GUARD_ADJUST_POINTS},
    {NULL, 0},
};

static const struct field guard_fields[] = {
    {.key = "kind",
     .kind = FIELD_CHOICE,
     .required = true,
     FIELD_AT(tally_guard, kind),
     .choices = guard_kinds},
    {.key = "limit", .kind = FIELD_NUMBER, FIELD_AT(tally_guard, limit), .high = TALLY_POINTS_MAX},
    {.key = "refuses", .kind = FIELD_FLAG, FIELD_AT(tally_guard, refuses)},
};
const struct shape shape_guard = SHAPE("guard", guard_fields);

void take_guard(struct reading *reading, struct node node, void *item)
{
    static const char *const limits[] = {"limit", NULL};
    struct tally_guard *guard = item;
    if (!reading_object(reading, node, &shape_guard, guard) || guard->kind == 0) {
        return;
    }
    if (guard->kind == TALLY_GUARD_OWN_CARD) {
        reading_no_keys(reading, node, limits, "for \"own_card\"");
    } else if (!reading_has(node, "limit")) {
        reading_report(reading, node.path, "\"limit\" is missing");
    }
}

/* ------------------------------------------------------------------ cards */

static bool is_prefix(const char *text)
{
    size_t len = strlen(text);
    return len >= 1 && len <= TALLY_CARD_PREFIX_MAX && strspn(text, "0123456789") == len;
}

static void take_prefix(struct reading *reading, struct node node, void *member)
{
    const char *prefix = reading_text(reading, node, TALLY_PROGRAMME_TEXT_LEN_MAX);
    if (prefix != NULL && !is_prefix(prefix)) {
        reading_report(reading, node.path, "must be 1..%d digits, is \"%s\"", TALLY_CARD_PREFIX_MAX,
                       prefix);
    } else if (prefix != NULL) {
        memcpy(member, prefix, strlen(prefix) + 1);
    }
}

static void take_length(struct reading *reading, struct node node, void *member)
{
    int64_t length = 0;
    if (reading_number(reading, node, 2, CARD_DIGITS_MAX, &length)) {
        *(uint8_t *)member = (uint8_t)length;
    }
}

static const struct field card_fields[] = {
    {.key = "prefix",
     .kind = FIELD_SPECIAL,
     .required = true,
     FIELD_AT(tally_card_rule, prefix),
     .take = take_prefix},
    {.key = "length",
     .kind = FIELD_SPECIAL,
     .required = true,
     FIELD_AT(tally_card_rule, length),
     .low = 2,
     .high = CARD_DIGITS_MAX,
     .take = take_length},
};
const struct shape shape_card = SHAPE("card", card_fields);

void take_card(struct reading *reading, struct node node, void *item)
{
    struct tally_card_rule *rule = item;
    if (!reading_object(reading, node, &shape_card, rule) || rule->prefix[0] == '\0' ||
        rule->length == 0) {
        return;
    }
    if (rule->length <= strlen(rule->prefix)) {
        reading_report_key(reading, node, "length", "must be more digits than the prefix has, %zu",
                           strlen(rule->prefix));
    } else if (tally_card_rule_check(rule) != TALLY_OK) {
        reading_report(reading, node.path,
                       "numbers of %d digits that begin with %s include payment cards",
                       rule->length, rule->prefix);
    }
}

struct card_place {
    const struct tally_card_rule *rule;
    size_t index;
};

static int compare_cards(const void *left_item, const void *right_item)
{
    const struct card_place *left = left_item, *right = right_item;
    if (left->rule->length != right->rule->length) {
        return left->rule->length < right->rule->length ? -1 : 1;
    }
    int order = strcmp(left->rule->prefix, right->rule->prefix);
    if (order != 0) {
        return order;
    }
    return left->index < right->index ? -1 : left->index > right->index;
}

void check_cards(struct reading *reading)
{
    const struct tally_card_rules *cards = &reading->programme->cards;
    struct card_place *places = arena_alloc(reading->arena, cards->count, sizeof *places);
    if (places == NULL) {
        reading->no_memory = true;
        return;
    }
    for (size_t i = 0; i < cards->count; i++) {
        places[i] = (struct card_place){&cards->rules[i], i};
    }
    if (cards->count > 1) {
        qsort(places, cards->count, sizeof *places, compare_cards);
    }
    for (size_t i = 1; i < cards->count; i++) {
        const struct tally_card_rule *rule = places[i].rule, *before = places[i - 1].rule;
        if (rule->length != 0 && rule->prefix[0] != '\0' && rule->length == before->length &&
            strcmp(rule->prefix, before->prefix) == 0) {
            struct locate_path list = {NULL, "cards", 0}, path = {&list, NULL, places[i].index};
            reading_report(reading, &path, "is the same as cards[%zu]", places[i - 1].index);
        }
    }
}
