/* SPDX-License-Identifier: Apache-2.0 */
/* A story's text becomes steps: DATE [TIME] [WHO] VERB words key=value -> expectations. */
#include "app/story/words.h"

#include "app/base/alloc.h"
#include "app/core/event.h"
#include "app/core/utf8.h"

#include <assert.h>
#include <inttypes.h>

enum {
    WORD_SHOWN_MAX = 40,                  /* bytes of a word in a problem */
    REF_LEN_MAX = TALLY_TEXT_LEN_MAX - 5, /* as at the till, which puts "void:" before it */
    NAME_LEN_MAX = 64,
    MINUTE_NOON = 12 * 60,
    TILL_USUAL = 1
};

#define SHOWN(word)                                                                                \
    (int)((word).len < WORD_SHOWN_MAX ? (word).len : WORD_SHOWN_MAX), (const char *)(word).data

/* Which key=value words a verb takes. */
enum option {
    TAKES_TILL = 1,
    TAKES_CARD = 2,
    TAKES_REDEEM = 4,
    TAKES_REF = 8,
    TAKES_DRAW = 16,
    TAKES_EXPIRES = 32,
    TAKES_COUNTS = 64,
    TAKES_HQ = 128, /* till=hq */
};

#define FACT(fact) (1U << (fact))

enum {
    FACTS_OF_BASKET = FACT(STORY_EARNED) | FACT(STORY_REDEEMED) | FACT(STORY_REDEEMED_VALUE) |
                      FACT(STORY_TOTAL) | FACT(STORY_PAYS)
};

enum bare { BARE_NONE, BARE_AMOUNTS, BARE_POINTS, BARE_REF };

static const struct {
    bool has_member;
    enum bare bare; /* what stands behind the verb */
    int options;
    unsigned facts; /* that come out of it, beside the member's: bits of enum story_fact */
    bool repeats;   /* the same reference again is answered again */
} grammar[] = {
    [STORY_ENROLS] = {true, BARE_NONE, TAKES_TILL | TAKES_CARD, 0, false},
    [STORY_BRINGS] = {true, BARE_POINTS, TAKES_EXPIRES | TAKES_COUNTS, 0, false},
    [STORY_BUYS] = {true, BARE_AMOUNTS,
                    TAKES_TILL | TAKES_CARD | TAKES_REDEEM | TAKES_REF | TAKES_DRAW,
                    FACTS_OF_BASKET | FACT(STORY_DREW) | FACT(STORY_DEBT_PAID) |
                        FACT(STORY_EXPIRES),
                    true},
    [STORY_ASKS] = {true, BARE_AMOUNTS, TAKES_TILL | TAKES_CARD | TAKES_REDEEM,
                    FACTS_OF_BASKET | FACT(STORY_MOST) | FACT(STORY_MOST_ONLINE) |
                        FACT(STORY_TIER_AFTER),
                    false},
    [STORY_HAS] = {true, BARE_NONE, TAKES_TILL | TAKES_HQ, 0, false},
    [STORY_SHOWS] = {true, BARE_NONE, TAKES_TILL | TAKES_CARD, 0, false},
    [STORY_VOID] = {false, BARE_REF, TAKES_TILL, 0, true},
    [STORY_CONNECTS] = {false, BARE_NONE, TAKES_TILL, 0, false},
};

struct parser {
    struct story *story;
    struct story_problem *problem;
    struct tally_slice rest; /* of the text, from the next line on */
    size_t line;
    bool has_day;
    int32_t day;
    int32_t minute;
};

/* Appends a zeroed item to one of the story's arrays; NULL without memory. */
#define APPEND(list, count) append((void **)&(list), &(count), sizeof *(list))

static void *append(void **list, size_t *count, size_t size)
{
    void *grown = story_one_more(*list, *count, size);
    if (grown == NULL) {
        return NULL;
    }
    *list = grown;
    void *item = (uint8_t *)grown + *count * size;
    memset(item, 0, size);
    (*count)++;
    return item;
}

#define WRONG(parser, ...) story_complain((parser)->problem, (parser)->line, __VA_ARGS__)

/* ------------------------------------------------------------------ lines */

static struct tally_slice trimmed(struct tally_slice line)
{
    while (line.len > 0 && strchr(" \t\r", line.data[line.len - 1]) != NULL) {
        line.len--;
    }
    while (line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t')) {
        line.data++;
        line.len--;
    }
    return line;
}

static bool next_line(struct parser *parser, struct tally_slice *ret_line)
{
    if (parser->rest.len == 0) {
        return false;
    }
    const uint8_t *end = memchr(parser->rest.data, '\n', parser->rest.len);
    size_t len = end == NULL ? parser->rest.len : (size_t)(end - parser->rest.data);
    *ret_line = (struct tally_slice){parser->rest.data, len};
    len += end == NULL ? 0 : 1;
    parser->rest.data += len;
    parser->rest.len -= len;
    parser->line++;
    return true;
}

static bool has_control(struct tally_slice line)
{
    for (size_t i = 0; i < line.len; i++) {
        uint8_t byte = line.data[i];
        if ((byte < ' ' && byte != '\t' && byte != '\r') || byte == 0x7F) {
            return true;
        }
    }
    return false;
}

/* Before anything else: whether these bytes can be a story at all. */
static enum tally_status check_bytes(struct parser *parser)
{
    struct tally_slice line, all = parser->rest;
    if (all.len > STORY_LEN_MAX) {
        return story_complain(parser->problem, 1, "a story has at most %d bytes, this one has %zu",
                              STORY_LEN_MAX, all.len);
    }
    while (next_line(parser, &line)) {
        if (line.len > STORY_LINE_LEN_MAX) {
            return WRONG(parser, "a line has at most %d bytes, this one has %zu",
                         STORY_LINE_LEN_MAX, line.len);
        }
        if (!tally_utf8_valid(line)) {
            return WRONG(parser, "this is not text in UTF-8");
        }
        if (has_control(line)) {
            return WRONG(parser, "there is a control character in this line");
        }
    }
    parser->rest = all;
    parser->line = 0;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ programme */

/* Moves the parser behind the brace that closes the one at `open`; the slice from brace to brace.
 */
static enum tally_status take_json(struct parser *parser, struct tally_slice line,
                                   const uint8_t *open, struct tally_slice *ret_json)
{
    size_t depth = 0, first_line = parser->line;
    bool quoted = false;
    const uint8_t *at = open;
    do {
        for (; at < line.data + line.len; at++) {
            if (quoted && *at == '\\') {
                at += at + 1 < line.data + line.len ? 1 : 0;
            } else if (*at == '"') {
                quoted = !quoted;
            } else if (!quoted && *at == '{') {
                depth++;
            } else if (!quoted && *at == '}' && --depth == 0) {
                struct tally_slice after = {at + 1, (size_t)(line.data + line.len - at - 1)};
                after = trimmed(after);
                if (after.len > 0 && after.data[0] != '#') {
                    return WRONG(parser, "nothing may follow the programme's closing brace");
                }
                *ret_json = (struct tally_slice){open, (size_t)(at + 1 - open)};
                return TALLY_OK;
            }
        }
        quoted = false; /* no text in JSON goes past the end of its line */
    } while (next_line(parser, &line) && (at = line.data) != NULL);
    parser->line = first_line;
    return WRONG(parser, "the programme that begins here has no closing brace");
}

static enum tally_status take_changes(struct parser *parser, struct tally_slice words,
                                      struct story_programme *programme)
{
    struct story *story = parser->story;
    struct story_word word;
    const char *wrong = NULL;
    programme->changes.first = story->change_count;
    bool is_first = true;
    for (; story_next_word(&words, &word, &wrong); is_first = false) {
        if (wrong != NULL) {
            return WRONG(parser, "%s", wrong);
        }
        if (is_first && !word.has_value && story_is(word.key, "with")) {
            continue;
        }
        if (is_first || !word.has_value) {
            return WRONG(parser, "'%.*s': write programme FILE with rule=value ...",
                         SHOWN(word.key));
        }
        struct story_change *change = APPEND(story->changes, story->change_count);
        if (change == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        *change = (struct story_change){word.key, word.value};
        programme->changes.count++;
    }
    return TALLY_OK;
}

/* `words` is what stands behind "programme". */
static enum tally_status take_programme(struct parser *parser, struct tally_slice line,
                                        struct tally_slice words)
{
    struct story *story = parser->story;
    struct story_programme programme = {.line = parser->line};
    struct story_word word;
    const char *wrong = NULL;
    words = trimmed(words);
    if (story->programme_count == STORY_PROGRAMMES_MAX) {
        return WRONG(parser, "a story has at most %d programmes", STORY_PROGRAMMES_MAX);
    }
    if (words.len > 0 && words.data[0] == '{') {
        TALLY_TRY(take_json(parser, line, words.data, &programme.json));
    } else if (!story_next_word(&words, &word, &wrong) || word.has_value || word.is_arrow ||
               word.key.len == 0) {
        return WRONG(parser, "write programme FILE, or programme { with the document behind it");
    } else if (wrong != NULL) {
        return WRONG(parser, "%s", wrong);
    } else {
        programme.path = word.key;
        TALLY_TRY(take_changes(parser, words, &programme));
    }
    struct story_programme *place = APPEND(story->programmes, story->programme_count);
    if (place == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *place = programme;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ members */

static size_t find_name(const struct story *story, struct tally_slice name)
{
    for (size_t i = 0; i < story->name_count; i++) {
        if (story_same(story->names[i], name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static enum tally_status take_member(struct parser *parser, struct tally_slice name,
                                     struct story_step *step)
{
    struct story *story = parser->story;
    step->member = find_name(story, name);
    if (step->member != SIZE_MAX) {
        return TALLY_OK;
    }
    if (step->verb != STORY_ENROLS) {
        return WRONG(parser, "'%.*s' has not enrolled on a line before this one", SHOWN(name));
    }
    if (story->name_count == STORY_MEMBERS_MAX) {
        return WRONG(parser, "a story has at most %d members", STORY_MEMBERS_MAX);
    }
    if (name.len == 0 || name.len > NAME_LEN_MAX) {
        return WRONG(parser, "a name has 1 to %d bytes", NAME_LEN_MAX);
    }
    struct tally_slice *place = APPEND(story->names, story->name_count);
    if (place == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *place = name;
    step->member = story->name_count - 1;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ what happens */

static enum tally_status take_points(struct parser *parser, struct tally_slice word,
                                     int64_t *ret_points)
{
    struct story_amount amount;
    if (story_amount_of(word, false, &amount) != TALLY_OK || amount.decimals > 0 ||
        amount.digits > TALLY_POINTS_MAX) {
        return WRONG(parser, "'%.*s' is not a number of points: 0 to %" PRId64, SHOWN(word),
                     TALLY_POINTS_MAX);
    }
    *ret_points = amount.digits;
    return TALLY_OK;
}

static enum tally_status take_till(struct parser *parser, struct tally_slice word,
                                   struct story_step *step)
{
    bool takes_hq = (grammar[step->verb].options & TAKES_HQ) != 0;
    struct story_amount amount;
    step->has_till = true;
    if (takes_hq && story_is(word, "hq")) {
        step->till = TALLY_TERMINAL_HQ;
        return TALLY_OK;
    }
    if (story_amount_of(word, false, &amount) != TALLY_OK || amount.decimals > 0 ||
        amount.digits < 1 || amount.digits > STORY_TILL_MAX) {
        return WRONG(parser, "'%.*s' is not a till: 1 to %d%s", SHOWN(word), STORY_TILL_MAX,
                     takes_hq ? ", or hq" : "");
    }
    step->till = (uint32_t)amount.digits;
    return TALLY_OK;
}

static enum tally_status take_ref(struct parser *parser, struct tally_slice word,
                                  struct story_step *step)
{
    if (word.len == 0 || word.len > REF_LEN_MAX) {
        return WRONG(parser, "a reference has 1 to %d bytes", REF_LEN_MAX);
    }
    step->ref = word;
    return TALLY_OK;
}

static enum tally_status take_money(struct parser *parser, struct tally_slice word,
                                    struct story_amount *ret_amount)
{
    enum tally_status status = story_amount_of(word, false, ret_amount);
    if (status != TALLY_OK) {
        return WRONG(parser, "'%.*s' is not an amount%s", SHOWN(word),
                     status == TALLY_E_INVALID ? ": it is too large, or has too many decimals"
                                               : " like 128.50");
    }
    return TALLY_OK;
}

static enum tally_status take_expires(struct parser *parser, struct tally_slice word,
                                      int32_t *ret_day)
{
    if (story_is(word, "never")) {
        *ret_day = TALLY_DAY_NEVER;
    } else if (story_day_of(word, ret_day) != TALLY_OK) {
        return WRONG(parser, "'%.*s' is not a date like 2027-01-31, or never", SHOWN(word));
    }
    return TALLY_OK;
}

static enum tally_status take_option(struct parser *parser, const struct story_word *word,
                                     struct story_step *step)
{
    static const struct {
        const char *key;
        enum option option;
    } keys[] = {{"till", TAKES_TILL},     {"card", TAKES_CARD},      {"phone", TAKES_CARD},
                {"redeem", TAKES_REDEEM}, {"ref", TAKES_REF},        {"draw", TAKES_DRAW},
                {"counts", TAKES_COUNTS}, {"expires", TAKES_EXPIRES}};
    int option = 0;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        option = story_is(word->key, keys[i].key) ? (int)keys[i].option : option;
    }
    switch (option & grammar[step->verb].options) {
    case TAKES_TILL:
        return take_till(parser, word->value, step);
    case TAKES_CARD:
        step->card = word->value;
        return word->value.len <= TALLY_CARD_LEN_MAX ? TALLY_OK
                                                     : WRONG(parser, "that is no card: too long");
    case TAKES_REDEEM:
        return take_points(parser, word->value, &step->points);
    case TAKES_REF:
        return take_ref(parser, word->value, step);
    case TAKES_DRAW:
        step->no_draw = story_is(word->value, "no");
        return step->no_draw || story_is(word->value, "yes")
                   ? TALLY_OK
                   : WRONG(parser, "'%.*s': draw=yes or draw=no", SHOWN(word->value));
    case TAKES_COUNTS:
        return take_money(parser, word->value, &step->counts);
    case TAKES_EXPIRES:
        return take_expires(parser, word->value, &step->expires_day);
    }
    return WRONG(parser, option == 0 ? "there is no '%.*s='" : "'%.*s=' does not belong here",
                 SHOWN(word->key));
}

/* A word behind the verb. */
static enum tally_status take_bare(struct parser *parser, struct tally_slice word, size_t index,
                                   struct story_step *step)
{
    enum bare bare = grammar[step->verb].bare;
    if (bare == BARE_AMOUNTS) {
        struct story_amount *amount = APPEND(parser->story->amounts, parser->story->amount_count);
        if (amount == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        step->amounts.count++;
        return take_money(parser, word, amount);
    }
    if (bare == BARE_NONE || index > 0) {
        return WRONG(parser, "'%.*s' is one word too many", SHOWN(word));
    }
    return bare == BARE_POINTS ? take_points(parser, word, &step->points)
                               : take_ref(parser, word, step);
}

static enum tally_status is_complete(struct parser *parser, const struct story_step *step,
                                     size_t bare_count)
{
    switch (step->verb) {
    case STORY_BUYS:
    case STORY_ASKS:
        return bare_count > 0 ? TALLY_OK : WRONG(parser, "an amount is missing, like 128.50");
    case STORY_BRINGS:
        return bare_count > 0 ? TALLY_OK : WRONG(parser, "the number of points is missing");
    case STORY_VOID:
        return bare_count > 0 ? TALLY_OK
                              : WRONG(parser, "which sale? write void and the sale's ref=");
    case STORY_SHOWS:
        return step->card.len > 0 ? TALLY_OK : WRONG(parser, "card= or phone= is missing");
    case STORY_CONNECTS:
        return step->has_till ? TALLY_OK : WRONG(parser, "which till? write till=2 connects");
    case STORY_HAS:
        return step->till != TALLY_TERMINAL_HQ || !step->offline
                   ? TALLY_OK
                   : WRONG(parser, "head office is never offline: its tills are");
    case STORY_ENROLS:
        break;
    }
    return TALLY_OK;
}

/* The words before the arrow, but for date and time: first who and what, then the rest, for the
 * verb says what may stand before it. */
static enum tally_status take_happening(struct parser *parser, struct tally_slice words,
                                        struct story_step *step)
{
    struct tally_slice again = words, who = {NULL, 0};
    struct story_word word;
    const char *wrong = NULL;
    size_t plain = 0, head = 0;
    while (head == 0 && story_next_word(&again, &word, &wrong) && !word.is_arrow) {
        if (wrong != NULL) {
            return WRONG(parser, "%s", wrong);
        }
        if (word.has_value || story_is(word.key, "offline")) {
            continue;
        }
        bool is_verb = story_verb_of(word.key, &step->verb) == TALLY_OK;
        if (is_verb && grammar[step->verb].has_member == (plain == 1)) {
            head = plain + 1;
        } else if (plain == 1 || is_verb) {
            return WRONG(parser,
                         is_verb ? "'%.*s' does not belong here: write WHO buys 128.50"
                                 : "'%.*s' is not a word that a story knows",
                         SHOWN(word.key));
        }
        who = plain == 0 && !is_verb ? word.key : who;
        plain++;
    }
    if (head == 0) {
        return WRONG(parser, "what happens is missing: write WHO buys 128.50");
    }
    if (grammar[step->verb].has_member) {
        TALLY_TRY(take_member(parser, who, step));
    }
    for (plain = 0; story_next_word(&words, &word, &wrong) && !word.is_arrow;) {
        if (wrong != NULL) {
            return WRONG(parser, "%s", wrong);
        }
        if (word.has_value) {
            TALLY_TRY(take_option(parser, &word, step));
        } else if (story_is(word.key, "offline") &&
                   (grammar[step->verb].options & TAKES_TILL) != 0) {
            step->offline = true;
        } else if (++plain > head) {
            TALLY_TRY(take_bare(parser, word.key, plain - head - 1, step));
        }
    }
    return is_complete(parser, step, plain - head);
}

/* ------------------------------------------------------------------ what is expected */

static bool is_lots(struct tally_slice told)
{
    if (story_is(told, "none")) {
        return true;
    }
    while (told.len > 0) {
        const uint8_t *comma = memchr(told.data, ',', told.len);
        size_t len = comma == NULL ? told.len : (size_t)(comma - told.data);
        const uint8_t *colon = memchr(told.data, ':', len);
        if (colon == NULL || (comma != NULL && len + 1 == told.len)) {
            return false;
        }
        struct tally_slice day = {told.data, (size_t)(colon - told.data)};
        struct tally_slice points = {colon + 1, len - day.len - 1};
        struct story_amount amount;
        int32_t days = 0;
        if ((!story_is(day, "never") && story_day_of(day, &days) != TALLY_OK) ||
            story_amount_of(points, false, &amount) != TALLY_OK || amount.decimals > 0) {
            return false;
        }
        len += comma == NULL ? 0 : 1;
        told.data += len;
        told.len -= len;
    }
    return true;
}

static enum tally_status take_value(struct parser *parser, struct story_expect *expect)
{
    int32_t day = 0;
    enum tally_status status = TALLY_OK;
    const char *what = "";
    switch (story_fact_kind(expect->fact)) {
    case STORY_IS_POINTS:
        what = "a number of points";
        status = story_amount_of(expect->told, true, &expect->amount);
        status = expect->amount.decimals > 0 ? TALLY_E_INVALID : status;
        break;
    case STORY_IS_MONEY:
    case STORY_IS_METRIC:
        what = "an amount";
        status = story_amount_of(expect->told, true, &expect->amount);
        break;
    case STORY_IS_DAY:
        what = "a date like 2027-01-31, or never";
        status = story_is(expect->told, "never") ? TALLY_OK : story_day_of(expect->told, &day);
        break;
    case STORY_IS_LOTS:
        what = "like 2027-01-31:128,never:5, or none";
        status = is_lots(expect->told) ? TALLY_OK : TALLY_E_INVALID;
        break;
    case STORY_IS_CODE:
        break;
    }
    return status == TALLY_OK ? TALLY_OK
                              : WRONG(parser, "%s=%.*s is not %s", story_fact_name(expect->fact),
                                      SHOWN(expect->told), what);
}

static enum tally_status take_expectation(struct parser *parser, const struct story_word *word,
                                          struct story_step *step)
{
    struct story *story = parser->story;
    enum story_fact fact;
    if (story_fact_of(word->key, &fact) != TALLY_OK) {
        return WRONG(parser, "'%.*s' is nothing that comes out of a line", SHOWN(word->key));
    }
    bool is_members = fact >= STORY_POINTS;
    unsigned own = step->refused ? 0 : grammar[step->verb].facts;
    if (is_members ? step->verb == STORY_CONNECTS : (own & FACT(fact)) == 0) {
        return WRONG(parser, "'%.*s' does not come out of this line", SHOWN(word->key));
    }
    struct story_expect *expect = APPEND(story->expects, story->expect_count);
    if (expect == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    step->expects.count++;
    expect->fact = fact;
    expect->told = word->value;
    return take_value(parser, expect);
}

/* "refused points short": `words` begins behind "refused"; takes the words up to a key=value. */
static enum tally_status take_refusal(struct parser *parser, struct tally_slice *words,
                                      struct story_step *step)
{
    struct tally_slice reason = {NULL, 0}, ahead = *words;
    struct story_word word;
    const char *wrong = NULL;
    step->refused = true;
    while (story_next_word(&ahead, &word, &wrong) && !word.has_value && wrong == NULL) {
        reason.data = reason.len == 0 ? word.key.data : reason.data;
        reason.len = (size_t)(word.key.data + word.key.len - reason.data);
        *words = ahead;
    }
    if (reason.len > 0 && story_status_of(reason, &step->status) != TALLY_OK) {
        return WRONG(parser, "'%.*s' is no reason to refuse: see tests/stories/README.md",
                     SHOWN(reason));
    }
    return TALLY_OK;
}

static enum tally_status take_expectations(struct parser *parser, struct tally_slice words,
                                           struct story_step *step)
{
    struct story_word word;
    const char *wrong = NULL;
    size_t count = 0;
    for (; story_next_word(&words, &word, &wrong); count++) {
        if (wrong != NULL) {
            return WRONG(parser, "%s", wrong);
        }
        if (word.is_arrow) {
            return WRONG(parser, "a line has one ->");
        }
        if (word.has_value) {
            TALLY_TRY(take_expectation(parser, &word, step));
        } else if (story_is(word.key, "refused") && count == 0) {
            TALLY_TRY(take_refusal(parser, &words, step));
        } else if (story_is(word.key, "again") && grammar[step->verb].repeats && !step->refused) {
            step->again = true;
        } else if (!story_is(word.key, "ok") || count > 0) {
            return WRONG(parser, "'%.*s' is nothing that comes out of this line", SHOWN(word.key));
        }
    }
    return count > 0 ? TALLY_OK : WRONG(parser, "what is to come of it is missing behind ->");
}

/* ------------------------------------------------------------------ one line */

/* Takes date and time off the front, if they are there. */
static enum tally_status take_moment(struct parser *parser, struct tally_slice *words)
{
    struct tally_slice ahead = *words;
    struct story_word word;
    const char *wrong = NULL;
    int32_t day = parser->day, minute = parser->minute;
    bool more = story_next_word(&ahead, &word, &wrong);
    enum tally_status status = more ? story_day_of(word.key, &day) : TALLY_E_NOT_FOUND;
    if (status == TALLY_OK) {
        minute = parser->has_day && day == parser->day ? minute : MINUTE_NOON;
        *words = ahead;
        more = story_next_word(&ahead, &word, &wrong);
    }
    enum tally_status time_status = more ? story_minute_of(word.key, &minute) : TALLY_E_NOT_FOUND;
    if (time_status == TALLY_OK) {
        *words = ahead;
    }
    if (status == TALLY_E_INVALID || time_status == TALLY_E_INVALID) {
        return WRONG(parser, "'%.*s' is not in the calendar or on the clock", SHOWN(word.key));
    }
    if (status != TALLY_OK && !parser->has_day) {
        return WRONG(parser, "the first line that happens begins with a date like 2026-01-31");
    }
    if (parser->has_day && (day < parser->day || (day == parser->day && minute < parser->minute))) {
        return WRONG(parser, "this is before the line above: a story goes forward in time");
    }
    parser->has_day = true;
    parser->day = day;
    parser->minute = minute;
    return TALLY_OK;
}

/* What stands before the comment; the words behind the arrow in *ret_expected if there is one. */
static enum tally_status cut_line(struct parser *parser, struct tally_slice line,
                                  struct tally_slice *ret_said, struct tally_slice *ret_expected,
                                  bool *ret_has_arrow)
{
    struct tally_slice words = line;
    struct story_word word;
    const char *wrong = NULL;
    *ret_has_arrow = false;
    while (story_next_word(&words, &word, &wrong)) {
        if (wrong != NULL) {
            return WRONG(parser, "%s", wrong);
        }
        if (word.is_arrow && !*ret_has_arrow) {
            *ret_has_arrow = true;
            *ret_expected = words;
        }
    }
    *ret_said = trimmed((struct tally_slice){line.data, (size_t)(words.data - line.data)});
    return TALLY_OK;
}

static enum tally_status take_step(struct parser *parser, struct tally_slice line,
                                   struct tally_slice words)
{
    struct story *story = parser->story;
    struct story_step step = {.line = parser->line, .member = SIZE_MAX, .till = TILL_USUAL};
    struct tally_slice expected = {NULL, 0};
    bool has_arrow = false;
    if (story->step_count == STORY_STEPS_MAX) {
        return WRONG(parser, "a story has at most %d lines that happen", STORY_STEPS_MAX);
    }
    step.expires_day = INT32_MIN;
    step.amounts.first = story->amount_count;
    step.expects.first = story->expect_count;
    TALLY_TRY(cut_line(parser, line, &step.text, &expected, &has_arrow));
    TALLY_TRY(take_moment(parser, &words));
    step.day = parser->day;
    step.minute = parser->minute;
    TALLY_TRY(take_happening(parser, words, &step));
    if (has_arrow) {
        TALLY_TRY(take_expectations(parser, expected, &step));
    }
    struct story_step *place = APPEND(story->steps, story->step_count);
    if (place == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *place = step;
    return TALLY_OK;
}

static enum tally_status take_line(struct parser *parser, struct tally_slice line)
{
    struct tally_slice words = line;
    struct story_word word;
    const char *wrong = NULL;
    if (!story_next_word(&words, &word, &wrong)) {
        return TALLY_OK;
    }
    if (wrong != NULL) {
        return WRONG(parser, "%s", wrong);
    }
    if (!word.has_value && story_is(word.key, "programme")) {
        return take_programme(parser, line, words);
    }
    return take_step(parser, line, line);
}

static enum tally_status take_story(struct parser *parser)
{
    struct tally_slice line;
    TALLY_TRY(check_bytes(parser));
    while (next_line(parser, &line)) {
        TALLY_TRY(take_line(parser, line));
    }
    parser->line += parser->line == 0 ? 1 : 0;
    if (parser->story->programme_count == 0) {
        return WRONG(parser, "a story needs its rules: write programme FILE");
    }
    return parser->story->step_count > 0 ? TALLY_OK : WRONG(parser, "nothing happens");
}

enum tally_status story_parse(struct tally_slice text, struct story **ret_story,
                              struct story_problem *ret_problem)
{
    assert(text.data != NULL || text.len == 0);
    assert(ret_story != NULL);
    assert(ret_problem != NULL);

    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    const size_t mark_len = sizeof byte_order_mark - 1;
    if (text.len >= mark_len && memcmp(text.data, byte_order_mark, mark_len) == 0) {
        text.data += mark_len;
        text.len -= mark_len;
    }
    struct story *story = tally_alloc(1, sizeof *story);
    if (story == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct parser parser = {.story = story, .problem = ret_problem, .rest = text};
    enum tally_status status = TALLY_OK;
    if (text.len <= STORY_LEN_MAX) { /* a longer one is only complained about */
        status = tally_buffer_append(&story->text, text.data, text.len);
        parser.rest = tally_buffer_slice(&story->text);
    }
    if (status == TALLY_OK) {
        status = take_story(&parser);
    }
    if (status != TALLY_OK) {
        story_free(story);
        return status;
    }
    *ret_story = story;
    return TALLY_OK;
}

void story_free(struct story *story)
{
    if (story == NULL) {
        return;
    }
    tally_buffer_free(&story->text);
    tally_free(story->steps);
    tally_free(story->programmes);
    tally_free(story->amounts);
    tally_free(story->expects);
    tally_free(story->changes);
    tally_free(story->names);
    tally_free(story);
}
