/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions, selectors, caps and the dates of points. */
#include "app/programme/parts.h"

#include "app/programme/dates.h"

/* ------------------------------------------------------------------ names */

static const struct field name_fields[] = {
    {.key = "en",
     .kind = FIELD_TEXT,
     .required = true,
     FIELD_AT(tally_name, en),
     .high = TALLY_PROGRAMME_TEXT_LEN_MAX},
    {.key = "zh",
     .kind = FIELD_TEXT,
     .required = true,
     FIELD_AT(tally_name, zh),
     .high = TALLY_PROGRAMME_TEXT_LEN_MAX},
};
const struct shape shape_name = SHAPE("name", name_fields);

static const struct field note_fields[] = {
    {.key = "en",
     .kind = FIELD_TEXT,
     .required = true,
     FIELD_AT(tally_name, en),
     .high = TALLY_PROGRAMME_NOTE_LEN_MAX},
    {.key = "zh",
     .kind = FIELD_TEXT,
     .required = true,
     FIELD_AT(tally_name, zh),
     .high = TALLY_PROGRAMME_NOTE_LEN_MAX},
};
const struct shape shape_note = SHAPE("note", note_fields);

void name_default(struct tally_name *name, const char *code)
{
    if (name->en == NULL && name->zh == NULL) {
        *name = (struct tally_name){code, code};
    }
}

/* ------------------------------------------------------------------ when */

static void take_weekdays(struct reading *reading, struct node node, void *member)
{
    static const struct choice days[] = {{"mon", 0}, {"tue", 1}, {"wed", 2}, {"thu", 3},
                                         {"fri", 4}, {"sat", 5}, {"sun", 6}, {NULL, 0}};
    uint32_t *weekdays = member;
    size_t count = 0;
    int *unused = reading_items(reading, node, 1, 7, sizeof *unused, &count);
    for (size_t i = 0; i < count; i++) {
        struct locate_path path = {node.path, NULL, i};
        int day = 0;
        if (!reading_choice(reading, (struct node){json_array_get(node.value, i), &path}, days,
                            &day)) {
            continue;
        }
        if ((*weekdays & 1U << day) != 0) {
            reading_report(reading, &path, "is there twice");
        }
        *weekdays |= 1U << day;
    }
}

static void take_hours(struct reading *reading, struct node node, void *item)
{
    const char *text = reading_text(reading, node, TALLY_PROGRAMME_TEXT_LEN_MAX);
    if (text != NULL && !hours_read(text, item)) {
        reading_report(reading, node.path,
                       "must be like \"17:00-19:30\", ending after it begins and by 24:00 (past "
                       "midnight: two of them), is \"%s\"",
                       text);
    }
}

void take_shop(struct reading *reading, struct node node, void *item)
{
    int64_t shop = 0;
    if (reading_number(reading, node, 1, UINT32_MAX, &shop)) {
        *(uint32_t *)item = (uint32_t)shop;
    }
}

static const struct choice birthdays[] = {{"day", TALLY_BIRTHDAY_DAY},
                                          {"week", TALLY_BIRTHDAY_WEEK},
                                          {"month", TALLY_BIRTHDAY_MONTH},
                                          {NULL, 0}};

static const struct field when_fields[] = {
    {.key = "from", .kind = FIELD_DATE, FIELD_AT(tally_when, from_day)},
    {.key = "until", .kind = FIELD_DATE, FIELD_AT(tally_when, until_day)},
    {.key = "weekdays",
     .kind = FIELD_SPECIAL,
     FIELD_AT(tally_when, weekdays),
     .take = take_weekdays},
    {.key = "hours",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_when, hours, hour_count),
     .low = 1,
     .high = TALLY_PROGRAMME_HOURS_MAX,
     .take = take_hours},
    {.key = "shops",
     .kind = FIELD_LIST,
     FIELD_LIST_AT(tally_when, shops, shop_count),
     .low = 1,
     .high = TALLY_PROGRAMME_SHOPS_MAX,
     .take = take_shop},
    {.key = "channels", .kind = FIELD_WORDS, FIELD_AT(tally_when, channels), .low = 1},
    {.key = "tiers",
     .kind = FIELD_WORDS,
     FIELD_AT(tally_when, tiers),
     .low = 1,
     .codes = CODES_TIERS},
    {.key = "merchants",
     .kind = FIELD_WORDS,
     FIELD_AT(tally_when, merchants),
     .low = 1,
     .codes = CODES_MERCHANTS},
    {.key = "tenders", .kind = FIELD_WORDS, FIELD_AT(tally_when, tenders), .low = 1},
    {.key = "codes", .kind = FIELD_WORDS, FIELD_AT(tally_when, codes), .low = 1},
    {.key = "visit_first",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_when, visit_first),
     .low = 1,
     .high = TALLY_PROGRAMME_VISITS_MAX},
    {.key = "visit_every",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_when, visit_every),
     .low = 1,
     .high = TALLY_PROGRAMME_VISITS_MAX},
    {.key = "away_days",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_when, away_days),
     .low = 1,
     .high = TALLY_EXPIRY_DAYS_MAX},
    {.key = "joined_days",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_when, joined_days),
     .low = 1,
     .high = TALLY_EXPIRY_DAYS_MAX},
    {.key = "birthday", .kind = FIELD_CHOICE, FIELD_AT(tally_when, birthday), .choices = birthdays},
    {.key = "basket_minor_min",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_when, basket_minor_min),
     .low = 1,
     .high = TALLY_MONEY_MAX},
    {.key = "spend_minor_min",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_when, spend_minor_min),
     .low = 1,
     .high = TALLY_MONEY_MAX},
    {.key = "spend_without_tax", .kind = FIELD_FLAG, FIELD_AT(tally_when, spend_without_tax)},
    {.key = "quantity_milli_min",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_when, quantity_milli_min),
     .low = 1,
     .high = TALLY_MONEY_MAX},
};
const struct shape shape_when = SHAPE("when", when_fields);

struct tally_when when_always(void)
{
    return (struct tally_when){.from_day = INT32_MIN, .until_day = TALLY_DAY_NEVER};
}

void check_when(struct reading *reading, struct node node, const struct tally_when *when)
{
    if (when->until_day < when->from_day) {
        struct locate_path path = {node.path, "when", 0};
        reading_report(reading, &path, "\"until\" is before \"from\"");
    }
}

/* ------------------------------------------------------------------ lines */

static const struct field lines_fields[] = {
    {.key = "skus", .kind = FIELD_WORDS, FIELD_AT(tally_selector, skus), .low = 1},
    {.key = "categories", .kind = FIELD_WORDS, FIELD_AT(tally_selector, categories), .low = 1},
    {.key = "except_skus", .kind = FIELD_WORDS, FIELD_AT(tally_selector, except_skus), .low = 1},
    {.key = "except_categories",
     .kind = FIELD_WORDS,
     FIELD_AT(tally_selector, except_categories),
     .low = 1},
    {.key = "price_minor_min",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_selector, price_minor_min),
     .low = 1,
     .high = TALLY_MONEY_MAX},
};
const struct shape shape_lines = SHAPE("lines", lines_fields);

/* ------------------------------------------------------------------ caps and limits */

const struct choice cap_periods[] = {
    {"sale", TALLY_PERIOD_SALE},
    {"day", TALLY_PERIOD_DAY},
    {"week", TALLY_PERIOD_WEEK},
    {"month", TALLY_PERIOD_MONTH},
    {"quarter", TALLY_PERIOD_QUARTER},
    {"half_year", TALLY_PERIOD_HALF_YEAR},
    {"year", TALLY_PERIOD_YEAR},
    {"anniversary", TALLY_PERIOD_ANNIVERSARY},
    {"campaign", TALLY_PERIOD_CAMPAIGN},
    {"lifetime", TALLY_PERIOD_LIFETIME},
    {NULL, 0},
};
const struct choice limit_periods[] = {
    {"sale", TALLY_PERIOD_SALE},         {"day", TALLY_PERIOD_DAY},
    {"week", TALLY_PERIOD_WEEK},         {"month", TALLY_PERIOD_MONTH},
    {"quarter", TALLY_PERIOD_QUARTER},   {"half_year", TALLY_PERIOD_HALF_YEAR},
    {"year", TALLY_PERIOD_YEAR},         {"anniversary", TALLY_PERIOD_ANNIVERSARY},
    {"lifetime", TALLY_PERIOD_LIFETIME}, {NULL, 0},
};
const struct choice tier_windows[] = {
    {"month", TALLY_PERIOD_MONTH},
    {"quarter", TALLY_PERIOD_QUARTER},
    {"half_year", TALLY_PERIOD_HALF_YEAR},
    {"year", TALLY_PERIOD_YEAR},
    {"anniversary", TALLY_PERIOD_ANNIVERSARY},
    {"lifetime", TALLY_PERIOD_LIFETIME},
    {NULL, 0},
};
const struct choice award_periods[] = {
    {"day", TALLY_PERIOD_DAY},
    {"week", TALLY_PERIOD_WEEK},
    {"month", TALLY_PERIOD_MONTH},
    {"quarter", TALLY_PERIOD_QUARTER},
    {"half_year", TALLY_PERIOD_HALF_YEAR},
    {"year", TALLY_PERIOD_YEAR},
    {"anniversary", TALLY_PERIOD_ANNIVERSARY},
    {NULL, 0},
};

static const struct field rolling_fields[] = {
    {.key = "rolling_days",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_period, length),
     .low = 1,
     .high = TALLY_PROGRAMME_ROLLING_DAYS_MAX},
    {.key = "rolling_months",
     .kind = FIELD_NUMBER,
     FIELD_AT(tally_period, length),
     .low = 1,
     .high = TALLY_PROGRAMME_ROLLING_MONTHS_MAX},
};
const struct shape shape_rolling = SHAPE("rolling", rolling_fields);

#define FIELD_PER(list)                                                                            \
    {                                                                                              \
        .key = "per", .kind = FIELD_PERIOD, .required = true, FIELD_AT(tally_cap, period),         \
        .high = 1, .choices = (list), .shape = &shape_rolling                                      \
    }

static const struct field cap_fields[] = {
    FIELD_PER(cap_periods),
    {.key = "points",
     .kind = FIELD_NUMBER,
     .required = true,
     FIELD_AT(tally_cap, points_max),
     .low = 1,
     .high = TALLY_POINTS_MAX},
    {.key = "before_multiplier", .kind = FIELD_FLAG, FIELD_AT(tally_cap, before_multiplier)},
    {.key = "refuses", .kind = FIELD_FLAG, FIELD_AT(tally_cap, refuses)},
};
const struct shape shape_cap = SHAPE("cap", cap_fields);

static const struct field points_limit_fields[] = {
    FIELD_PER(limit_periods),
    {.key = "points",
     .kind = FIELD_NUMBER,
     .required = true,
     FIELD_AT(tally_cap, points_max),
     .low = 1,
     .high = TALLY_POINTS_MAX},
};
const struct shape shape_points_limit = SHAPE("points_limit", points_limit_fields);

static const struct field times_limit_fields[] = {
    FIELD_PER(cap_periods),
    {.key = "times",
     .kind = FIELD_NUMBER,
     .required = true,
     FIELD_AT(tally_cap, points_max),
     .low = 1,
     .high = TALLY_POINTS_MAX},
};
const struct shape shape_times_limit = SHAPE("times_limit", times_limit_fields);

void take_cap(struct reading *reading, struct node node, void *item)
{
    struct tally_cap *cap = item;
    if (reading_object(reading, node, &shape_cap, cap) && cap->before_multiplier &&
        cap->period.kind != TALLY_PERIOD_SALE) {
        reading_report_key(reading, node, "before_multiplier", "stands only in a cap per sale");
    }
}

void take_points_limit(struct reading *reading, struct node node, void *cap)
{
    (void)reading_object(reading, node, &shape_points_limit, cap);
}

void take_times_limit(struct reading *reading, struct node node, void *cap)
{
    (void)reading_object(reading, node, &shape_times_limit, cap);
}

void check_campaigns(struct reading *reading, struct node node, const char *key,
                     const struct tally_cap *caps, size_t count, const struct tally_when *when)
{
    if (when->from_day != INT32_MIN && when->until_day != TALLY_DAY_NEVER) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (caps[i].period.kind == TALLY_PERIOD_CAMPAIGN) {
            struct locate_path list = {node.path, key, 0}, cap = {&list, NULL, i};
            reading_report(reading, &cap,
                           "a campaign is the days of when.from to when.until: give both");
        }
    }
}

/* ------------------------------------------------------------------ dates of points */

/* What is read before it is known which of it the kind needs. */
struct dates {
    int kind;
    int32_t months;
    int32_t days;
    int32_t years;
    int32_t day;
};

static const struct choice expiry_kinds[] = {
    {"never", TALLY_EXPIRY_NEVER},
    {"months", TALLY_EXPIRY_MONTHS},
    {"end_of_month", TALLY_EXPIRY_END_OF_MONTH},
    {"days", TALLY_EXPIRY_DAYS},
    {"end_of_year", TALLY_EXPIRY_END_OF_YEAR},
    {"fixed", TALLY_EXPIRY_FIXED},
    {"inactive", TALLY_EXPIRY_INACTIVE},
    {NULL, 0},
};
static const struct field expiry_fields[] = {
    {.key = "kind",
     .kind = FIELD_CHOICE,
     .required = true,
     FIELD_AT(dates, kind),
     .choices = expiry_kinds},
    {.key = "months",
     .kind = FIELD_NUMBER,
     FIELD_AT(dates, months),
     .high = TALLY_EXPIRY_MONTHS_MAX},
    {.key = "days", .kind = FIELD_NUMBER, FIELD_AT(dates, days), .high = TALLY_EXPIRY_DAYS_MAX},
    {.key = "years",
     .kind = FIELD_NUMBER,
     FIELD_AT(dates, years),
     .high = TALLY_PROGRAMME_EXPIRY_YEARS_MAX},
    {.key = "day", .kind = FIELD_DATE, FIELD_AT(dates, day)},
};
const struct shape shape_expiry = SHAPE("expiry", expiry_fields);

static const struct choice pending_kinds[] = {
    {"none", TALLY_PENDING_NONE},
    {"days", TALLY_PENDING_DAYS},
    {"day", TALLY_PENDING_DAY},
    {"return_window", TALLY_PENDING_RETURN},
    {NULL, 0},
};
static const struct field pending_fields[] = {
    {.key = "kind",
     .kind = FIELD_CHOICE,
     .required = true,
     FIELD_AT(dates, kind),
     .choices = pending_kinds},
    {.key = "days",
     .kind = FIELD_NUMBER,
     FIELD_AT(dates, days),
     .low = 1,
     .high = TALLY_EXPIRY_DAYS_MAX},
    {.key = "day", .kind = FIELD_DATE, FIELD_AT(dates, day)},
};
const struct shape shape_pending = SHAPE("pending", pending_fields);

/* `needed` (NULL: none) is there, and at least `low` unless it's a date; the others are not. */
static void check_keys(struct reading *reading, struct node node, const struct shape *shape,
                       const char *needed, int64_t low, const char *kind)
{
    for (size_t i = 1; i < shape->count; i++) {
        const char *key = shape->fields[i].key;
        bool is_needed = needed != NULL && strcmp(key, needed) == 0;
        json_t *value = json_object_get(node.value, key);
        if (is_needed && value == NULL) {
            reading_report(reading, node.path, "\"%s\" is missing", key);
        } else if (is_needed && json_is_integer(value) && json_integer_value(value) < low &&
                   json_integer_value(value) >= shape->fields[i].low) {
            reading_report_key(reading, node, key, "must be %d or more for \"%s\"", (int)low, kind);
        } else if (!is_needed && value != NULL) {
            reading_report_key(reading, node, key, "has no meaning for \"%s\"", kind);
        }
    }
}

void take_expiry(struct reading *reading, struct node node, void *member)
{
    static const struct {
        const char *key;
        int64_t low;
    } needs[] = {
        [TALLY_EXPIRY_NEVER] = {NULL, 0},
        [TALLY_EXPIRY_MONTHS] = {"months", 1},
        [TALLY_EXPIRY_END_OF_MONTH] = {"months", 0},
        [TALLY_EXPIRY_DAYS] = {"days", 1},
        [TALLY_EXPIRY_END_OF_YEAR] = {"years", 0},
        [TALLY_EXPIRY_FIXED] = {"day", 0},
        [TALLY_EXPIRY_INACTIVE] = {"months", 1},
    };
    struct dates dates = {.kind = -1};
    if (!reading_object(reading, node, &shape_expiry, &dates) || dates.kind < 0) {
        return;
    }
    check_keys(reading, node, &shape_expiry, needs[dates.kind].key, needs[dates.kind].low,
               expiry_kinds[dates.kind].word);
    *(struct tally_expiry *)member = (struct tally_expiry){
        .kind = (enum tally_expiry_kind)dates.kind,
        .count = dates.months + dates.days + dates.years, /* only one of them is there */
        .day = dates.day,
    };
}

void take_pending(struct reading *reading, struct node node, void *member)
{
    static const char *const needs[] = {[TALLY_PENDING_NONE] = NULL,
                                        [TALLY_PENDING_DAYS] = "days",
                                        [TALLY_PENDING_DAY] = "day",
                                        [TALLY_PENDING_RETURN] = NULL};
    struct dates dates = {.kind = -1};
    if (!reading_object(reading, node, &shape_pending, &dates) || dates.kind < 0) {
        return;
    }
    check_keys(reading, node, &shape_pending, needs[dates.kind], 1, pending_kinds[dates.kind].word);
    *(struct tally_pending *)member = (struct tally_pending){
        .kind = (enum tally_pending_kind)dates.kind, .count = dates.days, .day = dates.day};
}
