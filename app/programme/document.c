/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the programme document and says everything that is wrong with it. */
#include "app/programme/document.h"

#include "app/base/alloc.h"
#include "app/programme/locate.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

enum { PROBLEM_LEN_MAX = 512, HOUR_S = 3600, MINUTE_S = 60 };

struct tally_programme_document {
    struct tally_programme programme;
    struct tally_tier *tiers;
    struct tally_card_rule *rules;
    json_t *root; /* holds the texts */
};

struct reading {
    struct tally_slice json;
    struct tally_programme_problems *problems; /* may be NULL */
    bool failed;
    bool no_memory;
    struct tally_programme_document *document;
};

/* An object or a value, and how it was reached. */
struct node {
    json_t *value;
    const struct locate_path *path;
};

/* ------------------------------------------------------------------ problems */

static void add_problem(struct reading *reading, size_t line, const char *text)
{
    reading->failed = true;
    struct tally_programme_problems *problems = reading->problems;
    if (problems == NULL) {
        return;
    }
    if (problems->count == TALLY_PROGRAMME_PROBLEMS_MAX) {
        problems->untold++;
        return;
    }
    struct tally_programme_problem *items =
        tally_realloc(problems->items, problems->count + 1, sizeof *items);
    if (items == NULL) {
        reading->no_memory = true;
        return;
    }
    problems->items = items;
    char *copy = tally_copy_text(text);
    if (copy == NULL) {
        reading->no_memory = true;
        return;
    }
    for (char *at = copy; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7F) {
            *at = '?';
        }
    }
    items[problems->count] = (struct tally_programme_problem){line, copy};
    problems->count++;
}

__attribute__((format(printf, 3, 4))) static void
report(struct reading *reading, const struct locate_path *path, const char *format, ...)
{
    char text[PROBLEM_LEN_MAX];
    locate_text(path, text, sizeof text);
    size_t len = strlen(text);
    snprintf(text + len, sizeof text - len, ": ");
    len = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + len, sizeof text - len, format, args);
    va_end(args);
    add_problem(reading, locate_line(reading->json, path), text);
}

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
        return "a number";
    case JSON_REAL:
        return "a number with a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

/* ------------------------------------------------------------------ values of an object */

static bool is_known(const char *key, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        if (strcmp(key, *keys) == 0) {
            return true;
        }
    }
    return false;
}

/* An object whose every key is in the NULL-ended list; whether it is an object at all. */
static bool check_object(struct reading *reading, struct node node, const char *const *keys)
{
    if (!json_is_object(node.value)) {
        report(reading, node.path, "must be an object, is %s", type_name(node.value));
        return false;
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(node.value, key, value)
    {
        if (!is_known(key, keys)) {
            struct locate_path path = {node.path, key, 0};
            report(reading, &path, "unknown key");
        }
    }
    return true;
}

/* The value of a key that has to be there; NULL (and reported) when it isn't. */
static json_t *required(struct reading *reading, struct node node, const char *key)
{
    json_t *value = json_object_get(node.value, key);
    if (value == NULL) {
        report(reading, node.path, "\"%s\" is missing", key);
    }
    return value;
}

/* Whether *ret_number was set. */
static bool take_number(struct reading *reading, struct node node, const char *key, int64_t low,
                        int64_t high, int64_t *ret_number)
{
    struct locate_path path = {node.path, key, 0};
    json_t *value = required(reading, node, key);
    if (value == NULL) {
        return false;
    }
    if (!json_is_integer(value)) {
        report(reading, &path, "must be a whole number, is %s", type_name(value));
        return false;
    }
    int64_t number = json_integer_value(value);
    if (number < low || number > high) {
        report(reading, &path, "must be %" PRId64 "..%" PRId64 ", is %" PRId64, low, high, number);
        return false;
    }
    *ret_number = number;
    return true;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) {
            return true;
        }
    }
    return false;
}

/* Text of 1..TALLY_PROGRAMME_TEXT_LEN_MAX bytes that may be sent to a printer; else NULL. */
static const char *take_text(struct reading *reading, struct node node, const char *key)
{
    struct locate_path path = {node.path, key, 0};
    json_t *value = required(reading, node, key);
    if (value == NULL) {
        return NULL;
    }
    if (!json_is_string(value)) {
        report(reading, &path, "must be text, is %s", type_name(value));
        return NULL;
    }
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    if (len < 1 || len > TALLY_PROGRAMME_TEXT_LEN_MAX) {
        report(reading, &path, "must be 1..%d bytes long, is %zu", TALLY_PROGRAMME_TEXT_LEN_MAX,
               len);
        return NULL;
    }
    if (has_control(text)) {
        report(reading, &path, "must not hold control characters");
        return NULL;
    }
    return text;
}

static void take_flag(struct reading *reading, struct node node, const char *key, bool *ret_flag)
{
    struct locate_path path = {node.path, key, 0};
    json_t *value = required(reading, node, key);
    if (value == NULL) {
        return;
    }
    if (!json_is_boolean(value)) {
        report(reading, &path, "must be true or false, is %s", type_name(value));
        return;
    }
    *ret_flag = json_is_true(value);
}

struct choice {
    const char *word;
    int value;
};

/* One of a few words, ended by one without a word. */
static void take_choice(struct reading *reading, struct node node, const char *key,
                        const struct choice *choices, int *ret_value)
{
    const char *text = take_text(reading, node, key);
    if (text == NULL) {
        return;
    }
    char words[PROBLEM_LEN_MAX / 2] = "";
    for (const struct choice *choice = choices; choice->word != NULL; choice++) {
        if (strcmp(choice->word, text) == 0) {
            *ret_value = choice->value;
            return;
        }
        size_t len = strlen(words);
        snprintf(words + len, sizeof words - len, "%s\"%s\"", len > 0 ? ", " : "", choice->word);
    }
    struct locate_path path = {node.path, key, 0};
    report(reading, &path, "must be one of %s, is \"%s\"", words, text);
}

static struct node child(struct reading *reading, struct node node, const char *key,
                         struct locate_path *ret_path)
{
    *ret_path = (struct locate_path){node.path, key, 0};
    return (struct node){required(reading, node, key), ret_path};
}

/* ------------------------------------------------------------------ time */

/* `count` digits at *at, which moves behind them; -1 when they are not there. */
static int32_t take_digits(const char **at, int count)
{
    int32_t number = 0;
    for (int i = 0; i < count; i++) {
        if ((*at)[i] < '0' || (*at)[i] > '9') {
            return -1;
        }
        number = number * 10 + ((*at)[i] - '0');
    }
    *at += count;
    return number;
}

static bool take_mark(const char **at, char mark)
{
    if (**at != mark) {
        return false;
    }
    (*at)++;
    return true;
}

/* "Z", "+08:00" or "-03:30", to the end of the text (ISO 8601-1, 4.2.5). */
static bool read_offset(const char *text, int32_t *ret_offset_s)
{
    if (strcmp(text, "Z") == 0) {
        *ret_offset_s = 0;
        return true;
    }
    const char *at = text;
    bool west = *at == '-';
    if (!take_mark(&at, west ? '-' : '+')) {
        return false;
    }
    int32_t hours = take_digits(&at, 2);
    bool colon = hours >= 0 && take_mark(&at, ':');
    int32_t minutes = colon ? take_digits(&at, 2) : -1;
    if (minutes < 0 || minutes > 59 || *at != '\0') {
        return false;
    }
    int32_t offset_s = hours * HOUR_S + minutes * MINUTE_S;
    *ret_offset_s = west ? -offset_s : offset_s;
    return offset_s <= TALLY_OFFSET_S_MAX;
}

/* "2026-12-01" as days; false when there is no such day. */
static bool read_date(const char **at, int32_t *ret_day)
{
    int32_t year = take_digits(at, 4);
    int32_t month = year >= 0 && take_mark(at, '-') ? take_digits(at, 2) : -1;
    int32_t of_month = month >= 1 && month <= 12 && take_mark(at, '-') ? take_digits(at, 2) : -1;
    if (year < 1970 || of_month < 1) {
        return false;
    }
    int32_t day = tally_day_from_date(year, month, of_month);
    int32_t same_year = 0, same_month = 0, same_day = 0;
    tally_day_to_date(day, &same_year, &same_month, &same_day);
    *ret_day = day;
    return same_month == month; /* 30 February is in March */
}

/* "2026-12-01T00:00:00+08:00" */
static bool read_instant(const char *text, int64_t *ret_ms)
{
    const char *at = text;
    int32_t day = 0, offset_s = 0;
    if (!read_date(&at, &day) || !take_mark(&at, 'T')) {
        return false;
    }
    int32_t hour = take_digits(&at, 2);
    int32_t minute = hour >= 0 && take_mark(&at, ':') ? take_digits(&at, 2) : -1;
    int32_t second = minute >= 0 && take_mark(&at, ':') ? take_digits(&at, 2) : -1;
    if (hour > 23 || minute > 59 || second < 0 || second > 59 || !read_offset(at, &offset_s)) {
        return false;
    }
    int64_t in_day_s = hour * HOUR_S + minute * MINUTE_S + second;
    *ret_ms = ((int64_t)day * 24 * HOUR_S + in_day_s - offset_s) * 1000;
    return true;
}

/* ------------------------------------------------------------------ parts of the document */

static void read_head(struct reading *reading, struct node root)
{
    struct tally_programme *programme = &reading->document->programme;
    int64_t version = 0;
    programme->name = take_text(reading, root, "programme");
    if (take_number(reading, root, "version", 1, UINT32_MAX, &version)) {
        programme->version = (uint32_t)version;
    }
    const char *from = take_text(reading, root, "effective_from");
    if (from != NULL && !read_instant(from, &programme->effective_ms)) {
        struct locate_path path = {root.path, "effective_from", 0};
        report(reading, &path,
               "must be an instant like \"2026-12-01T00:00:00+08:00\", 1970 or later, is \"%s\"",
               from);
    }
    const char *zone = take_text(reading, root, "time_zone");
    if (zone != NULL && !read_offset(zone, &programme->utc_offset_s)) {
        struct locate_path path = {root.path, "time_zone", 0};
        report(reading, &path, "must be \"Z\" or \"-14:00\"..\"+14:00\", is \"%s\"", zone);
    }
}

static void read_currency(struct reading *reading, struct node root)
{
    static const char *const keys[] = {"code", "exponent", NULL};
    struct locate_path path;
    struct node node = child(reading, root, "currency", &path);
    if (node.value == NULL || !check_object(reading, node, keys)) {
        return;
    }
    struct tally_programme *programme = &reading->document->programme;
    const char *code = take_text(reading, node, "code");
    if (code != NULL) {
        if (strlen(code) == TALLY_CURRENCY_LEN &&
            strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == TALLY_CURRENCY_LEN) {
            memcpy(programme->currency, code, TALLY_CURRENCY_LEN + 1);
        } else {
            struct locate_path at = {&path, "code", 0};
            report(reading, &at, "must be three capital letters (ISO 4217), is \"%s\"", code);
        }
    }
    int64_t exponent = 0;
    if (take_number(reading, node, "exponent", 0, TALLY_EXPONENT_MAX, &exponent)) {
        programme->currency_exponent = (uint32_t)exponent;
    }
}

static void read_earn(struct reading *reading, struct node root)
{
    static const char *const keys[] = {"points_per_major_milli", "rounding", "on_redeemed", NULL};
    static const struct choice roundings[] = {{"floor", TALLY_ROUND_FLOOR},
                                              {"half_up", TALLY_ROUND_HALF_UP},
                                              {"half_even", TALLY_ROUND_HALF_EVEN},
                                              {NULL, 0}};
    struct locate_path path;
    struct node node = child(reading, root, "earn", &path);
    if (node.value == NULL || !check_object(reading, node, keys)) {
        return;
    }
    struct tally_programme *programme = &reading->document->programme;
    int64_t rate = 0;
    if (take_number(reading, node, "points_per_major_milli", 1, TALLY_RATE_MILLI_MAX, &rate)) {
        programme->earn_points_per_major_milli = (uint32_t)rate;
    }
    int rounding = TALLY_ROUND_FLOOR;
    take_choice(reading, node, "rounding", roundings, &rounding);
    programme->earn_rounding = (enum tally_rounding)rounding;
    take_flag(reading, node, "on_redeemed", &programme->earn_on_redeemed);
}

static void read_redeem(struct reading *reading, struct node root)
{
    static const char *const keys[] = {"step_points", "step_value_minor", "minimum_points",
                                       "maximum_share_pct", NULL};
    struct locate_path path;
    struct node node = child(reading, root, "redeem", &path);
    if (node.value == NULL || !check_object(reading, node, keys)) {
        return;
    }
    struct tally_programme *programme = &reading->document->programme;
    int64_t share = 0;
    bool step =
        take_number(reading, node, "step_points", 1, TALLY_REDEEM_MAX, &programme->redeem_step);
    (void)take_number(reading, node, "step_value_minor", 1, TALLY_REDEEM_MAX,
                      &programme->redeem_value_minor);
    if (take_number(reading, node, "minimum_points", 1, TALLY_REDEEM_MAX, &programme->redeem_min) &&
        step && programme->redeem_min % programme->redeem_step != 0) {
        struct locate_path at = {&path, "minimum_points", 0};
        report(reading, &at, "must be a multiple of step_points, %" PRId64 ", is %" PRId64,
               programme->redeem_step, programme->redeem_min);
    }
    if (take_number(reading, node, "maximum_share_pct", 1, 100, &share)) {
        programme->redeem_max_share_pct = (uint32_t)share;
    }
}

static void read_expiry(struct reading *reading, struct node root)
{
    static const char *const keys[] = {"kind", "months", NULL};
    static const struct choice kinds[] = {{"never", TALLY_EXPIRY_NEVER},
                                          {"months", TALLY_EXPIRY_MONTHS},
                                          {"end_of_month", TALLY_EXPIRY_END_OF_MONTH},
                                          {NULL, 0}};
    struct locate_path path;
    struct node node = child(reading, root, "expiry", &path);
    if (node.value == NULL || !check_object(reading, node, keys)) {
        return;
    }
    struct tally_programme *programme = &reading->document->programme;
    int kind = -1;
    take_choice(reading, node, "kind", kinds, &kind);
    if (kind == -1) {
        return;
    }
    programme->expiry = (enum tally_expiry_kind)kind;
    if (kind == TALLY_EXPIRY_NEVER) {
        if (json_object_get(node.value, "months") != NULL) {
            struct locate_path at = {&path, "months", 0};
            report(reading, &at, "has no meaning when points never expire");
        }
        return;
    }
    int64_t months = 0;
    if (take_number(reading, node, "months", kind == TALLY_EXPIRY_MONTHS ? 1 : 0,
                    TALLY_EXPIRY_MONTHS_MAX, &months)) {
        programme->expiry_months = (int32_t)months;
    }
}

static void read_tier_names(struct reading *reading, struct node node, struct tally_tier *tier)
{
    static const char *const keys[] = {"en", "zh", NULL};
    struct locate_path path;
    struct node names = child(reading, node, "name", &path);
    if (names.value == NULL || !check_object(reading, names, keys)) {
        return;
    }
    tier->name_en = take_text(reading, names, "en");
    tier->name_zh = take_text(reading, names, "zh");
}

static void read_tier(struct reading *reading, struct node node, size_t index)
{
    static const char *const keys[] = {"code",      "name",           "stars",
                                       "threshold", "multiplier_pct", NULL};
    if (!check_object(reading, node, keys)) {
        return;
    }
    struct tally_tier *tiers = reading->document->tiers, *tier = &tiers[index];
    int64_t number = 0;
    tier->code = take_text(reading, node, "code");
    for (size_t i = 0; i < index && tier->code != NULL; i++) {
        if (tiers[i].code != NULL && strcmp(tiers[i].code, tier->code) == 0) {
            struct locate_path path = {node.path, "code", 0};
            report(reading, &path, "\"%s\" is the code of level %zu too", tier->code, i);
            break;
        }
    }
    read_tier_names(reading, node, tier);
    if (take_number(reading, node, "stars", 0, TALLY_STARS_MAX, &number)) {
        tier->stars = (uint32_t)number;
    }
    struct locate_path path = {node.path, "threshold", 0};
    if (take_number(reading, node, "threshold", 0, INT64_MAX, &tier->threshold)) {
        if (index == 0 && tier->threshold != 0) {
            report(reading, &path, "must be 0 in the first level, is %" PRId64, tier->threshold);
        } else if (index > 0 && tier->threshold <= tiers[index - 1].threshold) {
            report(reading, &path, "must be above the level before it, %" PRId64 ", is %" PRId64,
                   tiers[index - 1].threshold, tier->threshold);
        }
    }
    if (take_number(reading, node, "multiplier_pct", 0, TALLY_MULTIPLIER_PCT_MAX, &number)) {
        tier->multiplier_pct = (uint32_t)number;
    }
}

/* A list of low..high items; *ret_count is 0 when it isn't one. */
static void check_list(struct reading *reading, struct node node, size_t low, size_t high,
                       size_t *ret_count)
{
    *ret_count = 0;
    if (!json_is_array(node.value)) {
        report(reading, node.path, "must be a list, is %s", type_name(node.value));
        return;
    }
    size_t count = json_array_size(node.value);
    if (count < low || count > high) {
        report(reading, node.path, "must have %zu..%zu items, has %zu", low, high, count);
        return;
    }
    *ret_count = count;
}

static void read_tiers(struct reading *reading, struct node root)
{
    static const char *const keys[] = {"metric", "levels", NULL};
    static const struct choice metrics[] = {
        {"spend", TALLY_METRIC_SPEND}, {"points", TALLY_METRIC_POINTS}, {NULL, 0}};
    struct locate_path path, levels_path;
    struct node node = child(reading, root, "tiers", &path);
    if (node.value == NULL || !check_object(reading, node, keys)) {
        return;
    }
    int metric = TALLY_METRIC_SPEND;
    take_choice(reading, node, "metric", metrics, &metric);
    struct tally_programme_document *document = reading->document;
    document->programme.tier_metric = (enum tally_tier_metric)metric;
    struct node levels = child(reading, node, "levels", &levels_path);
    if (levels.value == NULL) {
        return;
    }
    size_t count = 0;
    check_list(reading, levels, 1, TALLY_TIERS_MAX, &count);
    document->tiers = tally_alloc(count, sizeof *document->tiers);
    if (document->tiers == NULL) {
        reading->no_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct locate_path at = {&levels_path, NULL, i};
        read_tier(reading, (struct node){json_array_get(levels.value, i), &at}, i);
    }
    document->programme.tiers = document->tiers;
    document->programme.tier_count = count;
}

static bool is_prefix(const char *text)
{
    size_t len = strlen(text);
    return len >= 1 && len <= TALLY_CARD_PREFIX_MAX && strspn(text, "0123456789") == len;
}

static void read_card(struct reading *reading, struct node node, size_t index)
{
    static const char *const keys[] = {"prefix", "length", NULL};
    if (!check_object(reading, node, keys)) {
        return;
    }
    struct tally_card_rule *rules = reading->document->rules, *rule = &rules[index];
    const char *prefix = take_text(reading, node, "prefix");
    if (prefix != NULL && !is_prefix(prefix)) {
        struct locate_path path = {node.path, "prefix", 0};
        report(reading, &path, "must be 1..%d digits, is \"%s\"", TALLY_CARD_PREFIX_MAX, prefix);
        prefix = NULL;
    }
    int64_t length = 0, low = prefix == NULL ? 2 : (int64_t)strlen(prefix) + 1;
    if (!take_number(reading, node, "length", low, 19, &length) || prefix == NULL) {
        return;
    }
    memcpy(rule->prefix, prefix, strlen(prefix) + 1);
    rule->length = (uint8_t)length;
    if (tally_card_rule_check(rule) != TALLY_OK) {
        report(reading, node.path,
               "numbers of %" PRId64 " digits that begin with %s include payment cards", length,
               prefix);
    }
    for (size_t i = 0; i < index; i++) {
        if (rules[i].length == rule->length && strcmp(rules[i].prefix, rule->prefix) == 0) {
            report(reading, node.path, "is the same as card %zu", i);
            return;
        }
    }
}

static void read_cards(struct reading *reading, struct node root)
{
    struct locate_path path;
    struct node node = child(reading, root, "cards", &path);
    if (node.value == NULL) {
        return;
    }
    struct tally_programme_document *document = reading->document;
    size_t count = 0;
    check_list(reading, node, 0, TALLY_CARD_RULES_MAX, &count);
    document->rules = tally_alloc(count, sizeof *document->rules);
    if (document->rules == NULL) {
        reading->no_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct locate_path at = {&path, NULL, i};
        read_card(reading, (struct node){json_array_get(node.value, i), &at}, i);
    }
    document->programme.cards = (struct tally_card_rules){document->rules, count};
}

static void read_document(struct reading *reading)
{
    static const char *const keys[] = {
        "programme", "version", "effective_from", "time_zone", "currency", "earn",
        "redeem",    "expiry",  "tiers",          "cards",     NULL};
    struct node root = {reading->document->root, NULL};
    if (!check_object(reading, root, keys)) {
        return;
    }
    read_head(reading, root);
    read_currency(reading, root);
    read_earn(reading, root);
    read_redeem(reading, root);
    read_expiry(reading, root);
    read_tiers(reading, root);
    read_cards(reading, root);
    if (!reading->failed && !reading->no_memory &&
        tally_programme_check(&reading->document->programme) != TALLY_OK) {
        report(reading, NULL, "the rules do not hold together");
    }
}

/* ------------------------------------------------------------------ public */

static void load(struct reading *reading)
{
    if (reading->json.len > TALLY_PROGRAMME_DOCUMENT_LEN_MAX) {
        add_problem(reading, 1, "the document: is longer than 1 MiB");
        return;
    }
    const char *text = reading->json.len > 0 ? (const char *)reading->json.data : "";
    json_error_t error;
    reading->document->root = json_loadb(text, reading->json.len, JSON_REJECT_DUPLICATES, &error);
    if (reading->document->root != NULL) {
        read_document(reading);
        return;
    }
    if (json_error_code(&error) == json_error_out_of_memory) {
        reading->no_memory = true;
        return;
    }
    char problem[JSON_ERROR_TEXT_LENGTH + 32];
    snprintf(problem, sizeof problem, "the document: %s", error.text);
    add_problem(reading, error.line > 0 ? (size_t)error.line : 1, problem);
}

enum tally_status tally_programme_parse(struct tally_slice json,
                                        struct tally_programme_document **ret_document,
                                        struct tally_programme_problems *problems)
{
    assert(json.data != NULL || json.len == 0);
    assert(ret_document != NULL);

    struct reading reading = {.json = json, .problems = problems};
    reading.document = tally_alloc(1, sizeof *reading.document);
    if (reading.document == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    load(&reading);
    if (reading.no_memory || reading.failed) {
        tally_programme_document_free(reading.document);
        return reading.no_memory ? TALLY_E_NO_MEMORY : TALLY_E_INVALID;
    }
    *ret_document = reading.document;
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
    tally_free(document->tiers);
    tally_free(document->rules);
    json_decref(document->root);
    tally_free(document);
}

void tally_programme_problems_free(struct tally_programme_problems *problems)
{
    assert(problems != NULL);

    for (size_t i = 0; i < problems->count; i++) {
        tally_free(problems->items[i].text);
    }
    tally_free(problems->items);
    *problems = (struct tally_programme_problems){0};
}
