/* SPDX-License-Identifier: Apache-2.0 */
/* The whole document: its head, its sections in the order in which they name each other. */
#include "app/programme/document.h"

#include "app/base/alloc.h"
#include "app/core/basket.h"
#include "app/programme/dates.h"
#include "app/programme/internal.h"
#include "app/programme/parts.h"
#include "app/programme/problems.h"
#include "app/programme/sections.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ head */

static void take_instant(struct reading *reading, struct node node, void *member)
{
    const char *text = reading_text(reading, node, TALLY_PROGRAMME_TEXT_LEN_MAX);
    if (text != NULL && !instant_read(text, member)) {
        reading_report(
            reading, node.path,
            "must be an instant like \"2026-12-01T00:00:00+08:00\", 1970 or later, is \"%s\"",
            text);
    }
}

static void take_zone(struct reading *reading, struct node node, void *member)
{
    const char *text = reading_text(reading, node, TALLY_ZONE_LEN_MAX);
    if (text == NULL) {
        return;
    }
    struct tally_slice slice = {(const uint8_t *)text, strlen(text)};
    if (tally_zone_parse(slice, member) == TALLY_OK) {
        return;
    }
    if (!zone_is_name(text)) {
        reading_report(reading, node.path,
                       "must be \"Z\", \"-14:00\"..\"+14:00\" or a rule like "
                       "\"CET-1CEST,M3.5.0,M10.5.0/3\" (POSIX TZ), is \"%s\"",
                       text);
    } else if (zone_rule_of(text) != NULL) {
        reading_report(reading, node.path,
                       "\"%s\" is a name, and what it means changes with the machine: write \"%s\"",
                       text, zone_rule_of(text));
    } else {
        reading_report(reading, node.path,
                       "\"%s\" is a name, and what it means changes with the machine: write its "
                       "rule, the last line of /usr/share/zoneinfo/%s",
                       text, text);
    }
}

static void take_currency_code(struct reading *reading, struct node node, void *member)
{
    const char *code = reading_text(reading, node, TALLY_PROGRAMME_TEXT_LEN_MAX);
    if (code == NULL) {
        return;
    }
    if (strlen(code) != TALLY_CURRENCY_LEN ||
        strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != TALLY_CURRENCY_LEN) {
        reading_report(reading, node.path, "must be three capital letters (ISO 4217), is \"%s\"",
                       code);
        return;
    }
    memcpy(member, code, TALLY_CURRENCY_LEN + 1);
}

static const struct field currency_fields[] = {
    {.key = "code",
     .kind = FIELD_SPECIAL,
     .required = true,
     FIELD_AT(tally_programme, currency),
     .take = take_currency_code},
    {.key = "exponent",
     .kind = FIELD_NUMBER,
     .required = true,
     FIELD_AT(tally_programme, currency_exponent),
     .high = TALLY_EXPONENT_MAX},
};
const struct shape shape_currency = SHAPE("currency", currency_fields);

/* ------------------------------------------------------------------ groups and purses */

static const struct choice group_kinds[] = {
    {"best", TALLY_GROUP_BEST}, {"first", TALLY_GROUP_FIRST}, {NULL, 0}};
static const struct field group_fields[] = {
    FIELD_CODE_OF(tally_group),
    {.key = "kind", .kind = FIELD_CHOICE, FIELD_AT(tally_group, kind), .choices = group_kinds},
};
const struct shape shape_group = SHAPE("group", group_fields);

static void take_group(struct reading *reading, struct node node, void *item)
{
    struct tally_group *group = item;
    group->kind = TALLY_GROUP_BEST;
    (void)reading_object(reading, node, &shape_group, group);
}

static const struct field purse_fields[] = {
    FIELD_CODE_OF(tally_purse_rules),
    FIELD_NAME_OF(tally_purse_rules),
    {.key = "expiry",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_purse_rules, expiry),
     .shape = &shape_expiry,
     .take = take_expiry},
    {.key = "pending",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_purse_rules, pending),
     .shape = &shape_pending,
     .take = take_pending},
    {.key = "per_sale_max",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_purse_rules, per_sale_max),
     .low = 1,
     .high = TALLY_POINTS_MAX},
};
const struct shape shape_purse = SHAPE("purse", purse_fields);

static void take_purse(struct reading *reading, struct node node, void *item)
{
    struct tally_purse_rules *purse = item;
    if (!reading_object(reading, node, &shape_purse, purse)) {
        return;
    }
    name_default(&purse->name, purse->code);
    if (purse->code != NULL && strcmp(purse->code, TALLY_PROGRAMME_POINTS) == 0) {
        reading_report_key(reading, node, "code",
                           "\"%s\" is the purse that is always there: choose another",
                           TALLY_PROGRAMME_POINTS);
    }
}

/* The engine wants them by id; rules name ids, so only advice asks where they stood. */
static void sort_purses(struct reading *reading, struct tally_programme_document *document)
{
    const struct tally_programme *programme = &document->programme;
    size_t count = reading->codes[CODES_PURSES].count;
    struct tally_purse_rules *purses = arena_alloc(&document->arena, count, sizeof *purses);
    size_t *places = arena_alloc(&document->arena, count, sizeof *places);
    if (purses == NULL || places == NULL) {
        reading->no_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        places[i] = reading->codes[CODES_PURSES].items[i].index;
        purses[i] = programme->purses[places[i]];
    }
    document->programme.purses = purses;
    document->programme.purse_count = count;
    document->purse_places = places;
}

/* ------------------------------------------------------------------ dates together */

/* An account has one last day of activity, and a return window has to be somewhere. */
struct dates_check {
    struct reading *reading;
    int32_t inactive_months; /* 0: none yet */
};

static void check_dates(struct dates_check *check, const struct locate_path *owner,
                        const struct tally_expiry *expiry, const struct tally_pending *pending)
{
    struct locate_path expiry_path = {owner, "expiry", 0}, pending_path = {owner, "pending", 0};
    if (expiry->kind == TALLY_EXPIRY_INACTIVE && check->inactive_months == 0) {
        check->inactive_months = expiry->count;
    } else if (expiry->kind == TALLY_EXPIRY_INACTIVE && expiry->count != check->inactive_months) {
        reading_report(check->reading, &expiry_path,
                       "all \"inactive\" must have the same months, %d elsewhere, is %d",
                       (int)check->inactive_months, (int)expiry->count);
    }
    if (pending->kind == TALLY_PENDING_RETURN &&
        check->reading->programme->refund.window_days == 0) {
        reading_report(check->reading, &pending_path,
                       "needs \"window_days\" in refunds, which says no return window");
    }
}

static void check_all_dates(struct reading *reading)
{
    const struct tally_programme *programme = reading->programme;
    static const struct tally_expiry never = {TALLY_EXPIRY_NEVER, 0, 0};
    static const struct tally_pending none = {TALLY_PENDING_NONE, 0, 0};
    struct dates_check check = {reading, 0};
    struct locate_path earn = {NULL, "earn", 0}, rules = {&earn, "rules", 0};
    struct locate_path purses = {NULL, "purses", 0};
    check_dates(&check, NULL, &programme->expiry, &none);
    check_dates(&check, &earn, &never, &programme->pending);
    for (size_t i = 0; i < programme->purse_count; i++) {
        struct locate_path path = {&purses, NULL, i};
        check_dates(&check, &path, &programme->purses[i].expiry, &programme->purses[i].pending);
    }
    for (size_t i = 0; i < programme->rule_count; i++) {
        struct locate_path path = {&rules, NULL, i};
        check_dates(&check, &path, &programme->rules[i].expiry, &programme->rules[i].pending);
    }
}

/* ------------------------------------------------------------------ the document */

static const struct field holds_fields[] = {
    {.key = "minutes",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_programme, hold_minutes),
     .low = 1,
     .high = TALLY_PROGRAMME_HOLD_MINUTES_MAX},
};
const struct shape shape_holds = SHAPE("holds", holds_fields);

/* In this order: codes are there before they are named. */
static const struct field document_fields[] = {
    {.key = "programme",
     .kind = FIELD_TEXT,
     .required = true,
     FIELD_AT(tally_programme, name),
     .high = TALLY_PROGRAMME_TEXT_LEN_MAX},
    {.key = "version",
     .kind = FIELD_NUMBER,
     .required = true,
     FIELD_AT(tally_programme, version),
     .low = 1,
     .high = UINT32_MAX},
    {.key = "effective_from",
     .kind = FIELD_SPECIAL,
     .required = true,
     FIELD_AT(tally_programme, effective_ms),
     .take = take_instant},
    {.key = "time_zone",
     .kind = FIELD_SPECIAL,
     .required = true,
     FIELD_AT(tally_programme, zone),
     .take = take_zone},
    {.key = "currency",
     .kind = FIELD_OBJECT,
     .required = true,
     .at = 0, /* several members */
     .shape = &shape_currency},
    {.key = "groups",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_programme, groups, group_count),
     .high = TALLY_GROUPS_MAX,
     .codes = CODES_GROUPS,
     .shape = &shape_group,
     .take = take_group},
    {.key = "purses",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_programme, purses, purse_count),
     .high = TALLY_PURSES_MAX,
     .codes = CODES_PURSES,
     .shape = &shape_purse,
     .take = take_purse},
    {.key = "tiers",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_programme, tiers),
     .shape = &shape_tiers,
     .take = take_tiers},
    {.key = "merchants",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_programme, merchants, merchant_count),
     .high = TALLY_PROGRAMME_MERCHANTS_MAX,
     .codes = CODES_MERCHANTS,
     .shape = &shape_merchant,
     .take = take_merchant},
    {.key = "expiry",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_programme, expiry),
     .shape = &shape_expiry,
     .take = take_expiry},
    {.key = "earn", .kind = FIELD_OBJECT, .required = true, .at = 0, .shape = &shape_earn},
    {.key = "redeem",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_programme, redeem),
     .shape = &shape_redeem,
     .take = take_redeem},
    {.key = "rewards",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_programme, rewards, reward_count),
     .high = TALLY_REWARDS_MAX,
     .codes = CODES_REWARDS,
     .shape = &shape_reward,
     .take = take_reward},
    {.key = "refunds",
     .kind = FIELD_OBJECT,
     FIELD_AT(tally_programme, refund),
     .shape = &shape_refunds},
    {.key = "holds", .kind = FIELD_OBJECT, .at = 0, .shape = &shape_holds},
    {.key = "awards",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_programme, awards, award_count),
     .high = TALLY_PROGRAMME_AWARDS_MAX,
     .codes = CODES_AWARDS,
     .shape = &shape_award,
     .take = take_award},
    {.key = "transfer",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_programme, transfer),
     .shape = &shape_transfer,
     .take = take_transfer},
    {.key = "guards",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_programme, guards, guard_count),
     .high = TALLY_PROGRAMME_GUARDS_MAX,
     .shape = &shape_guard,
     .take = take_guard},
    {.key = "cards",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_programme, cards.rules, cards.count),
     .high = TALLY_CARD_RULES_MAX,
     .shape = &shape_card,
     .take = take_card},
};
const struct shape shape_document = SHAPE("document", document_fields);

const struct shape *const all_shapes[] = {
    &shape_document,   &shape_currency,  &shape_group,        &shape_purse,
    &shape_tiers,      &shape_hold,      &shape_grace,        &shape_level,
    &shape_conditions, &shape_condition, &shape_merchant,     &shape_expiry,
    &shape_pending,    &shape_earn,      &shape_rule,         &shape_when,
    &shape_lines,      &shape_cap,       &shape_points_limit, &shape_times_limit,
    &shape_rolling,    &shape_redeem,    &shape_reward,       &shape_refunds,
    &shape_holds,      &shape_award,     &shape_transfer,     &shape_guard,
    &shape_card,       &shape_name,      &shape_note,         NULL,
};

static void set_defaults(struct reading *reading)
{
    struct tally_programme *programme = reading->programme;
    redeem_default(&programme->redeem);
    tiers_default(reading);
    programme->refund.pending_first = true;
    programme->hold_minutes = TALLY_PROGRAMME_HOLD_MINUTES_DEFAULT;
    programme->transfer =
        (struct tally_transfer_rules){.points_min = 1, .points_max = TALLY_POINTS_MAX};
}

static void read_document(struct reading *reading, struct tally_programme_document *document,
                          json_t *root)
{
    set_defaults(reading);
    struct node node = {root, NULL};
    if (reading->no_memory || !reading_object(reading, node, &shape_document, reading->programme)) {
        return;
    }
    check_groups(reading);
    check_all_dates(reading);
    check_merchants(reading);
    check_cards(reading);
    if (reading->failed || reading->no_memory) {
        return;
    }
    sort_purses(reading, document);
    if (!reading->no_memory && tally_programme_check(reading->programme) != TALLY_OK) {
        reading_report(reading, NULL,
                       "the rules do not hold together, and the reader cannot say why: this is a "
                       "fault of the program");
    }
}

/* ------------------------------------------------------------------ public */

static void refuse(struct reading *reading, size_t line, const char *text)
{
    reading->failed = true;
    if (reading->problems != NULL && problems_add(reading->problems, line, text) != TALLY_OK) {
        reading->no_memory = true;
    }
}

static void load(struct reading *reading, struct tally_programme_document *document)
{
    if (reading->json.len > TALLY_PROGRAMME_DOCUMENT_LEN_MAX) {
        refuse(reading, 1, "the document: is longer than 1 MiB");
        return;
    }
    const char *text = reading->json.len > 0 ? (const char *)reading->json.data : "";
    json_error_t error;
    json_t *root = json_loadb(text, reading->json.len, JSON_REJECT_DUPLICATES, &error);
    if (root != NULL) {
        read_document(reading, document, root);
        json_decref(root);
        return;
    }
    if (json_error_code(&error) == json_error_out_of_memory) {
        reading->no_memory = true;
        return;
    }
    char problem[JSON_ERROR_TEXT_LENGTH + 32];
    bool is_nul = json_error_code(&error) == json_error_null_character;
    snprintf(problem, sizeof problem, "the document: %s",
             is_nul ? "text must not hold \\u0000" : error.text);
    refuse(reading, error.line > 0 ? (size_t)error.line : 1, problem);
}

enum tally_status tally_programme_parse(struct tally_slice json,
                                        struct tally_programme_document **ret_document,
                                        struct tally_programme_problems *problems)
{
    assert(json.data != NULL || json.len == 0);
    assert(ret_document != NULL);

    struct tally_programme_document *document = tally_alloc(1, sizeof *document);
    if (document == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct reading reading = {.json = json,
                              .problems = problems,
                              .arena = &document->arena,
                              .programme = &document->programme};
    load(&reading, document);
    if (problems != NULL) {
        problems_sort(problems);
    }
    if (reading.no_memory || reading.failed) {
        tally_programme_document_free(document);
        return reading.no_memory ? TALLY_E_NO_MEMORY : TALLY_E_INVALID;
    }
    *ret_document = document;
    return TALLY_OK;
}

const struct tally_programme *tally_programme_of(const struct tally_programme_document *document)
{
    assert(document != NULL);

    return &document->programme;
}

void tally_programme_document_free(struct tally_programme_document *document)
{
    if (document == NULL) {
        return;
    }
    arena_free(&document->arena);
    tally_free(document);
}
