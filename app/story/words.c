/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a story: where one ends, and what the known ones mean. */
#include "app/story/words.h"

#include "app/core/event.h"

#include <assert.h>

enum { YEAR_FIRST = 1970, YEAR_LAST = 2199, DECIMALS_MAX = 4 };

static const struct {
    const char *word;
    enum story_verb verb;
} verbs[] = {
    {"enrols", STORY_ENROLS},     {"enrolls", STORY_ENROLS},
    {"joins", STORY_ENROLS},      {"brings", STORY_BRINGS},
    {"buys", STORY_BUYS},         {"asks", STORY_ASKS},
    {"has", STORY_HAS},           {"shows", STORY_SHOWS},
    {"holds", STORY_HOLDS},       {"gets", STORY_GETS},
    {"gives", STORY_GIVES},       {"merges", STORY_MERGES},
    {"adds", STORY_ADDS},         {"replaces", STORY_REPLACES},
    {"blocked", STORY_BLOCKED},   {"unblocked", STORY_UNBLOCKED},
    {"void", STORY_VOID},         {"voids", STORY_VOID},
    {"refund", STORY_REFUND},     {"refunds", STORY_REFUND},
    {"release", STORY_RELEASE},   {"releases", STORY_RELEASE},
    {"night", STORY_NIGHT},       {"surprises", STORY_SURPRISES},
    {"clearing", STORY_CLEARING}, {"connects", STORY_CONNECTS},
};

static const struct {
    const char *word;
    enum story_kind kind;
    enum story_part part;
} facts[] = {
    [STORY_EARNED] = {"earned", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_REDEEMED] = {"redeemed", STORY_IS_POINTS, STORY_NO_PART},
    [STORY_REDEEMED_VALUE] = {"redeemed_value", STORY_IS_MONEY, STORY_NO_PART},
    [STORY_TOTAL] = {"total", STORY_IS_MONEY, STORY_NO_PART},
    [STORY_DISCOUNT] = {"discount", STORY_IS_MONEY, STORY_NO_PART},
    [STORY_PAYS] = {"pays", STORY_IS_MONEY, STORY_NO_PART},
    [STORY_DREW] = {"drew", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_DEBT_PAID] = {"debt_paid", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_EXPIRES] = {"expires", STORY_IS_DAY, STORY_MAY_PURSE},
    [STORY_BEGINS] = {"begins", STORY_IS_DAY, STORY_MAY_PURSE},
    [STORY_MOST] = {"most", STORY_IS_POINTS, STORY_NO_PART},
    [STORY_MOST_ONLINE] = {"most_online", STORY_IS_POINTS, STORY_NO_PART},
    [STORY_TIER_AFTER] = {"tier_after", STORY_IS_WORD, STORY_NO_PART},
    [STORY_COST] = {"cost", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_TIMES] = {"times", STORY_IS_POINTS, STORY_MUST_CODE},
    [STORY_OFF] = {"off", STORY_IS_MONEY, STORY_MUST_CODE},
    [STORY_LINE] = {"line", STORY_IS_MONEY, STORY_MUST_LINE},
    [STORY_WHY] = {"why", STORY_IS_WHY, STORY_MUST_CODE},
    [STORY_SURPRISE] = {"surprise", STORY_IS_POINTS, STORY_NO_PART},
    [STORY_GUARD] = {"guard", STORY_IS_WORD, STORY_NO_PART},
    [STORY_WORTH] = {"worth", STORY_IS_MONEY, STORY_NO_PART},
    [STORY_PAYS_BACK] = {"pays_back", STORY_IS_MONEY, STORY_NO_PART},
    [STORY_GIVES_BACK] = {"gives_back", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_TAKES_BACK] = {"takes_back", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_OWES] = {"owes", STORY_IS_MONEY, STORY_MUST_CODE},
    [STORY_ISSUED] = {"issued", STORY_IS_POINTS, STORY_MUST_CODE},
    [STORY_TAKEN] = {"taken", STORY_IS_POINTS, STORY_MUST_CODE},
    [STORY_PAYMENTS] = {"payments", STORY_IS_PAYMENTS, STORY_NO_PART},
    [STORY_POINTS] = {"points", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_HERE] = {"here", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_AT_HQ] = {"hq", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_PENDING] = {"pending", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_HELD] = {"held", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_VALUE] = {"value", STORY_IS_MONEY, STORY_NO_PART},
    [STORY_TIER] = {"tier", STORY_IS_WORD, STORY_NO_PART},
    [STORY_TIER_UNTIL] = {"tier_until", STORY_IS_DAY, STORY_NO_PART},
    [STORY_TIER_GIVEN] = {"tier_given", STORY_IS_WORD, STORY_NO_PART},
    [STORY_NEXT] = {"next", STORY_IS_WORD, STORY_NO_PART},
    [STORY_NEEDS] = {"needs", STORY_IS_METRIC, STORY_NO_PART},
    [STORY_NEEDS_UNTIL] = {"needs_until", STORY_IS_DAY, STORY_NO_PART},
    [STORY_KEEP_NEEDS] = {"keep_needs", STORY_IS_METRIC, STORY_NO_PART},
    [STORY_KEEP_UNTIL] = {"keep_until", STORY_IS_DAY, STORY_NO_PART},
    [STORY_COUNTS] = {"counts", STORY_IS_METRIC, STORY_MUST_METRIC},
    [STORY_DEBT] = {"debt", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_VISITS] = {"visits", STORY_IS_POINTS, STORY_NO_PART},
    [STORY_EXPIRED] = {"expired", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_EARNED_TOTAL] = {"earned_total", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_EARNED_SINCE] = {"earned_since", STORY_IS_POINTS, STORY_MUST_DAY},
    [STORY_REDEEMED_TOTAL] = {"redeemed_total", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_ADJUSTED] = {"adjusted", STORY_IS_POINTS, STORY_MAY_PURSE},
    [STORY_LOTS] = {"lots", STORY_IS_LOTS, STORY_MAY_PURSE},
    [STORY_LOTS_HERE] = {"lots_here", STORY_IS_LOTS, STORY_MAY_PURSE},
};

_Static_assert(sizeof facts / sizeof facts[0] == STORY_FACT_COUNT, "each fact has its word");

enum { VERB_COUNT = sizeof verbs / sizeof verbs[0] };

const char *story_fact_name(enum story_fact fact)
{
    assert(fact < STORY_FACT_COUNT);
    return facts[fact].word;
}

enum story_kind story_fact_kind(enum story_fact fact)
{
    assert(fact < STORY_FACT_COUNT);
    return facts[fact].kind;
}

enum story_part story_fact_part(enum story_fact fact)
{
    assert(fact < STORY_FACT_COUNT);
    return facts[fact].part;
}

/* ------------------------------------------------------------------ where words end */

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static void skip(struct tally_slice *text, size_t len)
{
    text->data += len;
    text->len -= len;
}

/* Length of an arrow that `line` begins with: ->, => or U+2192; 0 if none. */
static size_t arrow_len(struct tally_slice line)
{
    static const char *const arrows[] = {"->", "=>", "\xE2\x86\x92"};
    for (size_t i = 0; i < sizeof arrows / sizeof arrows[0]; i++) {
        size_t len = strlen(arrows[i]);
        if (line.len >= len && memcmp(line.data, arrows[i], len) == 0) {
            return len;
        }
    }
    return 0;
}

static bool ends_word(struct tally_slice line, bool stop_at_equals)
{
    return is_blank(line.data[0]) || (stop_at_equals && line.data[0] == '=') || arrow_len(line) > 0;
}

/* Length of JSON in brackets, to the one that closes the first; 0: it is not closed. */
static size_t brackets_len(struct tally_slice line)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < line.len; i++) {
        uint8_t byte = line.data[i];
        if (quoted && byte == '\\') {
            i++;
        } else if (byte == '"') {
            quoted = !quoted;
        } else if (!quoted && (byte == '{' || byte == '[')) {
            depth++;
        } else if (!quoted && (byte == '}' || byte == ']') && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* What stands between quotes. */
static struct tally_slice take_quoted(struct tally_slice *line, bool stop_at_equals,
                                      const char **ret_wrong)
{
    skip(line, 1);
    const uint8_t *end = memchr(line->data, '"', line->len);
    struct tally_slice text = {line->data, end == NULL ? line->len : (size_t)(end - line->data)};
    skip(line, text.len);
    if (end == NULL) {
        *ret_wrong = "the closing quote is missing";
        return text;
    }
    skip(line, 1);
    bool ends = line->len == 0 || is_blank(line->data[0]) || line->data[0] == ',';
    if (!ends && !(stop_at_equals && line->data[0] == '=')) {
        *ret_wrong = "a blank is missing after a closing quote";
    }
    return text;
}

/* Up to a blank or an arrow, without commas at the end; what stands between quotes; or JSON in
 * brackets. */
static struct tally_slice take_text(struct tally_slice *line, bool is_key, const char **ret_wrong)
{
    size_t len = 0;
    if (line->len > 0 && line->data[0] == '"') {
        return take_quoted(line, is_key, ret_wrong);
    }
    if (!is_key && line->len > 0 && (line->data[0] == '{' || line->data[0] == '[')) {
        len = brackets_len(*line);
        *ret_wrong = len == 0 ? "a closing bracket is missing" : NULL;
        len = len == 0 ? line->len : len;
    } else {
        while (len < line->len &&
               !ends_word((struct tally_slice){line->data + len, line->len - len}, is_key)) {
            len++;
        }
    }
    struct tally_slice text = {line->data, len};
    skip(line, len);
    while (text.len > 0 && text.data[text.len - 1] == ',') {
        text.len--;
    }
    return text;
}

bool story_next_word(struct tally_slice *line, struct story_word *ret_word, const char **ret_wrong)
{
    *ret_wrong = NULL;
    while (line->len > 0 && (is_blank(line->data[0]) || line->data[0] == ',')) {
        skip(line, 1);
    }
    if (line->len == 0 || line->data[0] == '#') {
        return false;
    }
    size_t arrow = arrow_len(*line);
    if (arrow > 0) {
        *ret_word = (struct story_word){.key = {line->data, arrow}, .is_arrow = true};
        skip(line, arrow);
        return true;
    }
    struct story_word word = {.key = take_text(line, true, ret_wrong)};
    if (*ret_wrong == NULL && line->len > 0 && line->data[0] == '=') {
        skip(line, 1);
        word.has_value = true;
        word.value = take_text(line, false, ret_wrong);
        if (*ret_wrong == NULL && (word.key.len == 0 || word.value.len == 0)) {
            *ret_wrong = "write key=value without blanks round the =";
        }
    }
    *ret_word = word;
    return true;
}

/* ------------------------------------------------------------------ what words mean */

enum tally_status story_verb_of(struct tally_slice word, enum story_verb *ret_verb)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (story_is(word, verbs[i].word)) {
            *ret_verb = verbs[i].verb;
            return TALLY_OK;
        }
    }
    return TALLY_E_NOT_FOUND;
}

enum tally_status story_fact_of(struct tally_slice word, enum story_fact *ret_fact,
                                struct tally_slice *ret_part)
{
    const uint8_t *dot = word.len == 0 ? NULL : memchr(word.data, '.', word.len);
    struct tally_slice name = {word.data, dot == NULL ? word.len : (size_t)(dot - word.data)};
    for (size_t i = 0; i < STORY_FACT_COUNT; i++) {
        if (story_is(name, facts[i].word)) {
            *ret_fact = (enum story_fact)i;
            *ret_part = dot == NULL ? (struct tally_slice){NULL, 0}
                                    : (struct tally_slice){dot + 1, word.len - name.len - 1};
            return TALLY_OK;
        }
    }
    return TALLY_E_NOT_FOUND;
}

/* A picture: 0 stands for a digit, anything else for itself. */
static bool looks_like(struct tally_slice word, const char *picture)
{
    if (word.len != strlen(picture)) {
        return false;
    }
    for (size_t i = 0; i < word.len; i++) {
        if (picture[i] == '0' ? !tally_is_digit(word.data[i])
                              : word.data[i] != (uint8_t)picture[i]) {
            return false;
        }
    }
    return true;
}

static int32_t number_at(struct tally_slice word, size_t at, size_t len)
{
    int32_t number = 0;
    for (size_t i = at; i < at + len; i++) {
        number = number * 10 + (word.data[i] - '0');
    }
    return number;
}

enum tally_status story_day_of(struct tally_slice word, int32_t *ret_day)
{
    if (!looks_like(word, "0000-00-00")) {
        return TALLY_E_NOT_FOUND;
    }
    int32_t year = number_at(word, 0, 4), month = number_at(word, 5, 2),
            day = number_at(word, 8, 2);
    if (year < YEAR_FIRST || year > YEAR_LAST || month < 1 || month > 12 || day < 1) {
        return TALLY_E_INVALID;
    }
    int32_t back_year = 0, back_month = 0, back_day = 0,
            days = tally_day_from_date(year, month, day);
    tally_day_to_date(days, &back_year, &back_month, &back_day);
    if (back_month != month || back_day != day) {
        return TALLY_E_INVALID; /* 30 February */
    }
    *ret_day = days;
    return TALLY_OK;
}

enum tally_status story_birthday_of(struct tally_slice word, uint32_t *ret_month, uint32_t *ret_day)
{
    static const uint8_t lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!looks_like(word, "00-00")) {
        return TALLY_E_NOT_FOUND;
    }
    int32_t month = number_at(word, 0, 2), day = number_at(word, 3, 2);
    if (month < 1 || month > 12 || day < 1 || day > lengths[month - 1]) {
        return TALLY_E_INVALID;
    }
    *ret_month = (uint32_t)month;
    *ret_day = (uint32_t)day;
    return TALLY_OK;
}

enum tally_status story_minute_of(struct tally_slice word, int32_t *ret_minute)
{
    if (!looks_like(word, "00:00") && !looks_like(word, "0:00")) {
        return TALLY_E_NOT_FOUND;
    }
    int32_t hour = number_at(word, 0, word.len - 3), minute = number_at(word, word.len - 2, 2);
    if (hour > 23 || minute > 59) {
        return TALLY_E_INVALID;
    }
    *ret_minute = hour * 60 + minute;
    return TALLY_OK;
}

enum tally_status story_amount_of(struct tally_slice word, bool may_be_signed,
                                  struct story_amount *ret_amount)
{
    struct story_amount amount = {0, 0};
    bool is_negative = may_be_signed && word.len > 0 && word.data[0] == '-', has_point = false;
    bool is_signed = is_negative || (may_be_signed && word.len > 0 && word.data[0] == '+');
    size_t at = is_signed ? 1 : 0;
    if (at == word.len || !tally_is_digit(word.data[at]) ||
        !tally_is_digit(word.data[word.len - 1])) {
        return TALLY_E_NOT_FOUND;
    }
    for (; at < word.len; at++) {
        if (word.data[at] == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (!tally_is_digit(word.data[at])) {
            return TALLY_E_NOT_FOUND;
        }
        amount.digits = amount.digits * 10 + (word.data[at] - '0');
        amount.decimals += has_point ? 1 : 0;
        if (amount.digits > TALLY_MONEY_MAX || amount.decimals > DECIMALS_MAX) {
            return TALLY_E_INVALID;
        }
    }
    amount.digits = is_negative ? -amount.digits : amount.digits;
    *ret_amount = amount;
    return TALLY_OK;
}

static char folded(char byte)
{
    return byte >= 'a' && byte <= 'z'   ? (char)(byte - 'a' + 'A')
           : byte == ' ' || byte == '-' ? '_'
                                        : byte;
}

static bool names_status(struct tally_slice word, const char *name)
{
    static const char prefix[] = "TALLY_E_";
    const char *brief = strncmp(name, prefix, strlen(prefix)) == 0 ? name + strlen(prefix) : name;
    const char *spellings[] = {name, brief};
    for (size_t i = 0; i < 2; i++) {
        size_t at = 0;
        while (at < word.len && folded((char)word.data[at]) == spellings[i][at] &&
               spellings[i][at] != '\0') {
            at++;
        }
        if (at == word.len && spellings[i][at] == '\0') {
            return true;
        }
    }
    return false;
}

enum tally_status story_status_of(struct tally_slice word, enum tally_status *ret_status)
{
#define X(name, code, text)                                                                        \
    if (name != TALLY_OK && names_status(word, #name)) {                                           \
        *ret_status = name;                                                                        \
        return TALLY_OK;                                                                           \
    }
    TALLY_STATUS_LIST(X)
#undef X
    return TALLY_E_NOT_FOUND;
}
