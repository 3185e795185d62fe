/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind a line's arrow: ok, again, refused, and facts with their values. */
#include "app/story/parser.h"

#include "app/core/event.h"

#define FACT(fact) (UINT64_C(1) << (fact))

/* What comes out of a line beside what is the member's. */
#define FACTS_OF_BASKET                                                                            \
    (FACT(STORY_EARNED) | FACT(STORY_REDEEMED) | FACT(STORY_REDEEMED_VALUE) | FACT(STORY_TOTAL) |  \
     FACT(STORY_DISCOUNT) | FACT(STORY_PAYS) | FACT(STORY_COST) | FACT(STORY_TIMES) |              \
     FACT(STORY_OFF) | FACT(STORY_LINE) | FACT(STORY_WHY) | FACT(STORY_EXPIRES) |                  \
     FACT(STORY_BEGINS))
#define FACTS_OF_REVERSAL                                                                          \
    (FACT(STORY_WORTH) | FACT(STORY_PAYS_BACK) | FACT(STORY_GIVES_BACK) | FACT(STORY_TAKES_BACK))

_Static_assert(STORY_FACT_COUNT <= 64, "facts are bits");

static const struct {
    uint64_t facts;
    bool has_member; /* whose facts may be asked, too */
    bool repeats;    /* the same reference again is answered again */
} grammar[STORY_VERB_COUNT] = {
    [STORY_ENROLS] = {FACT(STORY_EARNED), true, false},
    [STORY_BRINGS] = {0, true, false},
    [STORY_BUYS] = {FACTS_OF_BASKET | FACT(STORY_DREW) | FACT(STORY_DEBT_PAID) |
                        FACT(STORY_SURPRISE) | FACT(STORY_GUARD),
                    true, true},
    [STORY_ASKS] = {FACTS_OF_BASKET | FACT(STORY_DEBT_PAID) | FACT(STORY_MOST) |
                        FACT(STORY_MOST_ONLINE) | FACT(STORY_TIER_AFTER),
                    true, false},
    [STORY_HAS] = {0, true, false},
    [STORY_SHOWS] = {0, true, false},
    [STORY_HOLDS] = {FACT(STORY_DREW), true, true},
    [STORY_GETS] = {FACT(STORY_EARNED) | FACT(STORY_GUARD), true, false},
    [STORY_GIVES] = {0, true, false},
    [STORY_MERGES] = {0, true, false},
    [STORY_ADDS] = {0, true, false},
    [STORY_REPLACES] = {0, true, false},
    [STORY_BLOCKED] = {0, true, false},
    [STORY_UNBLOCKED] = {0, true, false},
    [STORY_VOID] = {FACTS_OF_REVERSAL, true, true},
    [STORY_REFUND] = {FACTS_OF_REVERSAL, true, true},
    [STORY_RELEASE] = {0, true, true},
    [STORY_NIGHT] = {0, false, false},
    [STORY_SURPRISES] = {0, false, false},
    [STORY_CLEARING] = {FACT(STORY_OWES) | FACT(STORY_ISSUED) | FACT(STORY_TAKEN) |
                            FACT(STORY_PAYMENTS),
                        false, false},
    [STORY_CONNECTS] = {0, false, false},
};

/* ------------------------------------------------------------------ values */

static bool is_day(struct tally_slice text)
{
    int32_t day = 0;
    return story_is(text, "never") || story_is(text, "none") ||
           story_day_of(text, &day) == TALLY_OK;
}

/* "2027-01-31", or "2026-02-01..2027-01-31" of points that begin later. */
static bool is_span(struct tally_slice text)
{
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.data[i] == '.' && text.data[i + 1] == '.') {
            return is_day((struct tally_slice){text.data, i}) &&
                   is_day((struct tally_slice){text.data + i + 2, text.len - i - 2});
        }
    }
    return is_day(text);
}

/* "2027-01-31:128,never:5", or "none". */
static bool is_lots(struct tally_slice told)
{
    struct tally_slice lot = {NULL, 0};
    if (story_is(told, "none")) {
        return true;
    }
    while (story_next_of(&told, &lot)) {
        const uint8_t *colon = memchr(lot.data, ':', lot.len);
        struct story_amount amount;
        if (colon == NULL) {
            return false;
        }
        struct tally_slice span = {lot.data, (size_t)(colon - lot.data)};
        struct tally_slice points = {colon + 1, lot.len - span.len - 1};
        if (!is_span(span) || story_amount_of(points, false, &amount) != TALLY_OK ||
            amount.decimals > 0) {
            return false;
        }
    }
    return true;
}

/* Points, or a word such as "capped". */
static enum tally_status take_why(struct story_expect *expect)
{
    enum tally_status status = story_amount_of(expect->told, true, &expect->amount);
    if (status == TALLY_E_NOT_FOUND) {
        uint8_t first = expect->told.data[0];
        return first >= 'a' && first <= 'z' ? TALLY_OK : TALLY_E_INVALID;
    }
    return expect->amount.decimals > 0 ? TALLY_E_INVALID : status;
}

static enum tally_status take_value(struct parser *parser, struct story_expect *expect)
{
    enum tally_status status = TALLY_OK;
    const char *what = "";
    switch (story_fact_kind(expect->fact)) {
    case STORY_IS_POINTS:
        what = "a number of points";
        status = story_amount_of(expect->told, true, &expect->amount);
        status = expect->amount.decimals > 0 ? TALLY_E_INVALID : status;
        break;
    case STORY_IS_WHY:
        what = "a number of points, or a word";
        status = take_why(expect);
        break;
    case STORY_IS_MONEY:
    case STORY_IS_METRIC:
        what = "an amount";
        status = story_amount_of(expect->told, true, &expect->amount);
        break;
    case STORY_IS_DAY:
        what = "a date like 2027-01-31, or never";
        status = is_day(expect->told) ? TALLY_OK : TALLY_E_INVALID;
        break;
    case STORY_IS_LOTS:
        what = "like 2027-01-31:128,never:5, or none";
        status = is_lots(expect->told) ? TALLY_OK : TALLY_E_INVALID;
        break;
    case STORY_IS_WORD:
    case STORY_IS_PAYMENTS:
        break;
    }
    return status == TALLY_OK ? TALLY_OK
                              : WRONG(parser, "%s=%.*s is not %s", story_fact_name(expect->fact),
                                      SHOWN(expect->told), what);
}

/* ------------------------------------------------------------------ facts */

static bool is_part(enum story_part part, struct tally_slice text)
{
    struct story_amount number;
    int32_t day = 0;
    switch (part) {
    case STORY_NO_PART:
        return text.data == NULL;
    case STORY_MAY_PURSE:
        return text.data == NULL || text.len > 0;
    case STORY_MUST_CODE:
        return text.len > 0;
    case STORY_MUST_LINE:
        return story_amount_of(text, false, &number) == TALLY_OK && number.decimals == 0 &&
               number.digits >= 1 && number.digits <= TALLY_LINES_MAX;
    case STORY_MUST_METRIC:
        return story_is(text, "spend") || story_is(text, "points") || story_is(text, "visits") ||
               story_is(text, "balance");
    case STORY_MUST_DAY:
        return story_day_of(text, &day) == TALLY_OK;
    }
    return false;
}

static const char *part_text(enum story_part part)
{
    switch (part) {
    case STORY_MUST_CODE:
        return ".CODE";
    case STORY_MUST_LINE:
        return ".1";
    case STORY_MUST_METRIC:
        return ".spend, .points, .visits or .balance";
    case STORY_MUST_DAY:
        return ".2027-01-31";
    case STORY_MAY_PURSE:
        return " or .PURSE";
    case STORY_NO_PART:
        break;
    }
    return " alone";
}

static enum tally_status take_fact(struct parser *parser, const struct story_word *word,
                                   struct story_step *step)
{
    struct story *story = parser->story;
    struct tally_slice part;
    enum story_fact fact;
    if (story_fact_of(word->key, &fact, &part) != TALLY_OK) {
        return WRONG(parser, "'%.*s' is nothing that comes out of a line", SHOWN(word->key));
    }
    uint64_t own = grammar[step->verb].facts & (step->refused ? FACT(STORY_GUARD) : UINT64_MAX);
    bool comes = fact >= STORY_POINTS ? grammar[step->verb].has_member : (own & FACT(fact)) != 0;
    if (!comes) {
        return WRONG(parser, "'%.*s' does not come out of this line", SHOWN(word->key));
    }
    if (!is_part(story_fact_part(fact), part)) {
        return WRONG(parser, "'%.*s': write %s%s", SHOWN(word->key), story_fact_name(fact),
                     part_text(story_fact_part(fact)));
    }
    struct story_expect *expect = APPEND(story->expects, story->expect_count);
    if (expect == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    step->expects.count++;
    *expect = (struct story_expect){.fact = fact, .part = part, .told = word->value};
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

enum tally_status parser_take_expected(struct parser *parser, struct tally_slice words,
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
            TALLY_TRY(take_fact(parser, &word, step));
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
