/* SPDX-License-Identifier: Apache-2.0 */
/* What stands before a line's arrow: WHO VERB words key=value ..., into a step. */
#include "app/story/parser.h"

#include "app/core/event.h"

#include <assert.h>
#include <inttypes.h>

enum {
    REF_LEN_MAX = TALLY_TEXT_LEN_MAX - 7, /* as at the till, which puts "refund:" before it */
    NAME_LEN_MAX = 64,
    QUANTITY_DECIMALS = 3
};

/* ------------------------------------------------------------------ the grammar */

/* A key of a key=value word. */
enum option {
    TAKES_TILL = 1 << 0, /* till=, shop= and offline */
    TAKES_HQ = 1 << 1,   /* till=hq, too */
    TAKES_CARD = 1 << 2,
    TAKES_REDEEM = 1 << 3,
    TAKES_REF = 1 << 4,
    TAKES_DRAW = 1 << 5,
    TAKES_EXPIRES = 1 << 6,
    TAKES_COUNTS = 1 << 7,
    TAKES_BIRTHDAY = 1 << 8,
    TAKES_REFERRER = 1 << 9,
    TAKES_PURSE = 1 << 10,
    TAKES_REASON = 1 << 11, /* reason= and by= */
    TAKES_SECOND = 1 << 12,
    TAKES_TIER = 1 << 13, /* tier= and until= */
    TAKES_AWARD = 1 << 14,
    TAKES_TO = 1 << 15,
    TAKES_INTO = 1 << 16,
    TAKES_CASHIER = 1 << 17,
    TAKES_SALE = 1 << 18, /* channel= and code= */
    TAKES_HOLD = 1 << 19,
    TAKES_SEED = 1 << 20,
    TAKES_LINE = 1 << 21, /* what belongs to a line of the basket */
    TAKES_RETURN = 1 << 22
};

/* What its value is, and where in the step it goes. */
enum takes {
    AS_TEXT,
    AS_TILL,
    AS_SHOP,
    AS_CARD,
    AS_REF,
    AS_REDEEM,
    AS_DRAW,
    AS_DAY, /* or never */
    AS_MONEY,
    AS_BIRTHDAY,
    AS_MEMBER,
    AS_LINE_TEXT, /* of the basket's last line: where in struct story_line */
    AS_LINE_MONEY,
    AS_LINE_QUANTITY,
    AS_RETURN_LINE,
    AS_RETURN_QUANTITY
};

#define IN_STEP(field) offsetof(struct story_step, field)
#define IN_LINE(field) offsetof(struct story_line, field)

static const struct key {
    const char *word;
    int option;
    enum takes takes;
    size_t at;
} keys[] = {
    {"till", TAKES_TILL, AS_TILL, 0},
    {"shop", TAKES_TILL, AS_SHOP, 0},
    {"card", TAKES_CARD, AS_CARD, IN_STEP(card)},
    {"phone", TAKES_CARD, AS_CARD, IN_STEP(phone)},
    {"redeem", TAKES_REDEEM, AS_REDEEM, 0},
    {"ref", TAKES_REF, AS_REF, IN_STEP(ref)},
    {"draw", TAKES_DRAW, AS_DRAW, 0},
    {"expires", TAKES_EXPIRES, AS_DAY, IN_STEP(expires_day)},
    {"counts", TAKES_COUNTS, AS_MONEY, IN_STEP(counts)},
    {"birthday", TAKES_BIRTHDAY, AS_BIRTHDAY, 0},
    {"referred_by", TAKES_REFERRER, AS_MEMBER, IN_STEP(brought)},
    {"purse", TAKES_PURSE, AS_TEXT, IN_STEP(purse)},
    {"reason", TAKES_REASON, AS_TEXT, IN_STEP(reason)},
    {"by", TAKES_REASON, AS_TEXT, IN_STEP(by)},
    {"second", TAKES_SECOND, AS_TEXT, IN_STEP(second)},
    {"tier", TAKES_TIER, AS_TEXT, IN_STEP(tier)},
    {"until", TAKES_TIER, AS_DAY, IN_STEP(until_day)},
    {"award", TAKES_AWARD, AS_TEXT, IN_STEP(award)},
    {"to", TAKES_TO, AS_MEMBER, IN_STEP(other)},
    {"into", TAKES_INTO, AS_MEMBER, IN_STEP(other)},
    {"cashier", TAKES_CASHIER, AS_TEXT, IN_STEP(cashier)},
    {"channel", TAKES_SALE, AS_TEXT, IN_STEP(channel)},
    {"code", TAKES_SALE, AS_TEXT, IN_STEP(codes)},
    {"hold", TAKES_HOLD, AS_REF, IN_STEP(hold)},
    {"seed", TAKES_SEED, AS_TEXT, IN_STEP(seed)},
    {"sku", TAKES_LINE, AS_LINE_TEXT, IN_LINE(sku)},
    {"cat", TAKES_LINE, AS_LINE_TEXT, IN_LINE(categories)},
    {"tax", TAKES_LINE, AS_LINE_MONEY, IN_LINE(tax)},
    {"discount", TAKES_LINE, AS_LINE_MONEY, IN_LINE(discount)},
    {"quantity", TAKES_LINE, AS_LINE_QUANTITY, 0},
    {"line", TAKES_RETURN, AS_RETURN_LINE, 0},
    {"quantity", TAKES_RETURN, AS_RETURN_QUANTITY, 0},
};

/* What stands bare behind the verb. */
enum bare {
    BARE_NONE,
    BARE_BASKET, /* lines, and the sections "pays" and "claims" */
    BARE_POINTS,
    BARE_CHANGE, /* points with a sign */
    BARE_MEMBER,
    BARE_SALE,
    BARE_HOLD
};

enum {
    BASKET_TAKES = TAKES_TILL | TAKES_CARD | TAKES_REDEEM | TAKES_CASHIER | TAKES_SALE |
                   TAKES_HOLD | TAKES_LINE,
    OFFICE_TAKES = TAKES_TILL | TAKES_HQ
};

static const struct {
    bool has_member;
    bool is_hq; /* at head office, if no till is said */
    enum bare bare;
    int options;
} grammar[] = {
    [STORY_ENROLS] = {true, false, BARE_MEMBER,
                      TAKES_TILL | TAKES_CARD | TAKES_BIRTHDAY | TAKES_REFERRER},
    [STORY_BRINGS] = {true, true, BARE_POINTS, TAKES_EXPIRES | TAKES_COUNTS | TAKES_PURSE},
    [STORY_BUYS] = {true, false, BARE_BASKET, BASKET_TAKES | TAKES_REF | TAKES_DRAW},
    [STORY_ASKS] = {true, false, BARE_BASKET, BASKET_TAKES},
    [STORY_HAS] = {true, false, BARE_NONE, OFFICE_TAKES},
    [STORY_SHOWS] = {true, false, BARE_NONE, TAKES_TILL | TAKES_CARD},
    [STORY_HOLDS] = {true, false, BARE_POINTS, TAKES_TILL | TAKES_REF | TAKES_DRAW | TAKES_CASHIER},
    [STORY_GETS] = {true, true, BARE_CHANGE,
                    OFFICE_TAKES | TAKES_PURSE | TAKES_EXPIRES | TAKES_REASON | TAKES_SECOND |
                        TAKES_TIER | TAKES_AWARD},
    [STORY_GIVES] = {true, true, BARE_POINTS, TAKES_TO | TAKES_REASON},
    [STORY_MERGES] = {true, true, BARE_NONE, TAKES_INTO},
    [STORY_ADDS] = {true, true, BARE_NONE, TAKES_CARD},
    [STORY_REPLACES] = {true, true, BARE_NONE, TAKES_CARD},
    [STORY_BLOCKED] = {true, true, BARE_NONE, TAKES_CARD | TAKES_REASON},
    [STORY_UNBLOCKED] = {true, true, BARE_NONE, TAKES_CARD | TAKES_REASON},
    [STORY_VOID] = {false, false, BARE_SALE, TAKES_TILL},
    [STORY_REFUND] = {false, false, BARE_SALE,
                      TAKES_TILL | TAKES_RETURN | TAKES_REF | TAKES_CASHIER},
    [STORY_RELEASE] = {false, false, BARE_HOLD, TAKES_TILL},
    [STORY_NIGHT] = {false, true, BARE_NONE, 0},
    [STORY_SURPRISES] = {false, true, BARE_NONE, TAKES_SEED},
    [STORY_CLEARING] = {false, true, BARE_NONE, 0},
    [STORY_CONNECTS] = {false, false, BARE_NONE, TAKES_TILL},
};
_Static_assert(sizeof grammar / sizeof grammar[0] == STORY_VERB_COUNT, "each verb is there");

/* Where in a basket's line the parser is. */
enum section { IN_LINES, IN_PAYS, IN_CLAIMS };

struct happening {
    struct parser *parser;
    struct story_step *step;
    enum section section;
    size_t bare_count; /* words behind the verb */
};

static bool takes(const struct story_step *step, int option)
{
    return (grammar[step->verb].options & option) != 0;
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

/* One who has enrolled on a line above. */
static enum tally_status find_member(struct parser *parser, struct tally_slice name,
                                     size_t *ret_member)
{
    *ret_member = find_name(parser->story, name);
    return *ret_member != SIZE_MAX
               ? TALLY_OK
               : WRONG(parser, "'%.*s' has not enrolled on a line before this one", SHOWN(name));
}

static enum tally_status take_member(struct parser *parser, struct tally_slice name,
                                     struct story_step *step)
{
    struct story *story = parser->story;
    if (step->verb != STORY_ENROLS || find_name(story, name) != SIZE_MAX) {
        return find_member(parser, name, &step->member);
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

/* ------------------------------------------------------------------ values */

static enum tally_status take_points(struct parser *parser, struct tally_slice word, bool is_change,
                                     int64_t *ret_points)
{
    struct story_amount amount;
    if (story_amount_of(word, is_change, &amount) != TALLY_OK || amount.decimals > 0 ||
        amount.digits > TALLY_POINTS_MAX || amount.digits < -TALLY_POINTS_MAX) {
        return WRONG(parser, "'%.*s' is not a number of points: 0 to %" PRId64, SHOWN(word),
                     TALLY_POINTS_MAX);
    }
    *ret_points = amount.digits;
    return TALLY_OK;
}

static enum tally_status take_number(struct parser *parser, struct tally_slice word,
                                     const char *what, int64_t most, uint32_t *ret_number)
{
    struct story_amount amount;
    if (story_amount_of(word, false, &amount) != TALLY_OK || amount.decimals > 0 ||
        amount.digits < 1 || amount.digits > most) {
        return WRONG(parser, "'%.*s' is not a %s: 1 to %" PRId64, SHOWN(word), what, most);
    }
    *ret_number = (uint32_t)amount.digits;
    return TALLY_OK;
}

static enum tally_status take_till(struct parser *parser, struct tally_slice word,
                                   struct story_step *step)
{
    bool takes_hq = takes(step, TAKES_HQ);
    step->has_till = true;
    if (takes_hq && story_is(word, "hq")) {
        step->till = TALLY_TERMINAL_HQ;
        return TALLY_OK;
    }
    return take_number(parser, word, takes_hq ? "till, nor hq" : "till", STORY_TILL_MAX,
                       &step->till);
}

static enum tally_status take_ref(struct parser *parser, struct tally_slice word,
                                  struct tally_slice *ret_ref)
{
    if (word.len == 0 || word.len > REF_LEN_MAX) {
        return WRONG(parser, "a reference has 1 to %d bytes", REF_LEN_MAX);
    }
    *ret_ref = word;
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

static enum tally_status take_quantity(struct parser *parser, struct tally_slice word,
                                       struct story_amount *ret_quantity)
{
    struct story_amount quantity;
    if (story_amount_of(word, false, &quantity) != TALLY_OK ||
        quantity.decimals > QUANTITY_DECIMALS || quantity.digits == 0 ||
        quantity.digits > INT32_MAX) {
        return WRONG(parser, "'%.*s' is not a quantity like 3 or 0.435", SHOWN(word));
    }
    *ret_quantity = quantity;
    return TALLY_OK;
}

static enum tally_status take_day(struct parser *parser, struct tally_slice word, int32_t *ret_day)
{
    if (story_is(word, "never")) {
        *ret_day = TALLY_DAY_NEVER;
    } else if (story_day_of(word, ret_day) != TALLY_OK) {
        return WRONG(parser, "'%.*s' is not a date like 2027-01-31, or never", SHOWN(word));
    }
    return TALLY_OK;
}

static enum tally_status take_redeem(struct parser *parser, struct tally_slice word,
                                     struct story_step *step)
{
    step->redeems_most = story_is(word, "most");
    return step->redeems_most ? TALLY_OK : take_points(parser, word, false, &step->points);
}

/* ------------------------------------------------------------------ baskets */

static struct story_line *last_line(struct happening *at)
{
    struct story *story = at->parser->story;
    return at->step->lines.count == 0 ? NULL : &story->lines[story->line_count - 1];
}

/* "128.50", or "3 x 2.50", of which the first word was taken as an amount. */
static enum tally_status take_line_word(struct happening *at, struct tally_slice word)
{
    struct story *story = at->parser->story;
    struct story_line *line = last_line(at);
    bool is_price = line != NULL && line->is_each && line->amount.digits < 0;
    if (is_price) {
        return take_money(at->parser, word, &line->amount);
    }
    if (line != NULL && !line->is_each && (story_is(word, "x") || story_is(word, "\xC3\x97"))) {
        struct story_amount quantity = line->amount;
        if (quantity.decimals > QUANTITY_DECIMALS || quantity.digits == 0 ||
            quantity.digits > INT32_MAX) {
            return WRONG(at->parser, "write 3 x 2.50: how many, and the price of one");
        }
        line->is_each = true;
        line->quantity = quantity;
        line->amount.digits = -1; /* the price is to come */
        return TALLY_OK;
    }
    line = APPEND(story->lines, story->line_count);
    if (line == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    at->step->lines.count++;
    line->quantity = (struct story_amount){1, 0};
    return take_money(at->parser, word, &line->amount);
}

/* "COFFEE", or "x2" behind it. */
static enum tally_status take_claim_word(struct happening *at, struct tally_slice word)
{
    struct story *story = at->parser->story;
    bool is_times = word.len > 1 && word.data[0] == 'x' && word.data[1] >= '0' &&
                    word.data[1] <= '9' && at->step->claims.count > 0;
    if (is_times) {
        struct tally_slice times = {word.data + 1, word.len - 1};
        return take_number(at->parser, times, "number of times", INT32_MAX,
                           &story->claims[story->claim_count - 1].times);
    }
    struct story_claim *claim = APPEND(story->claims, story->claim_count);
    if (claim == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    at->step->claims.count++;
    *claim = (struct story_claim){word, 1};
    return TALLY_OK;
}

static enum tally_status take_basket_word(struct happening *at, struct tally_slice word)
{
    if (story_is(word, "pays")) {
        at->section = IN_PAYS;
        return TALLY_OK;
    }
    if (story_is(word, "claims")) {
        at->section = IN_CLAIMS;
        return TALLY_OK;
    }
    if (at->section == IN_PAYS) {
        return WRONG(at->parser, "'%.*s': write pays cash=20.00 gift_card=30.00", SHOWN(word));
    }
    return at->section == IN_CLAIMS ? take_claim_word(at, word) : take_line_word(at, word);
}

static enum tally_status take_tender(struct happening *at, const struct story_word *word)
{
    struct story *story = at->parser->story;
    struct story_tender *tender = APPEND(story->tenders, story->tender_count);
    if (tender == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    at->step->tenders.count++;
    tender->kind = word->key;
    return take_money(at->parser, word->value, &tender->amount);
}

/* ------------------------------------------------------------------ key=value */

static enum tally_status take_of_line(struct happening *at, const struct key *key,
                                      struct tally_slice value)
{
    struct story_line *line = last_line(at);
    if (line == NULL) {
        return WRONG(at->parser, "'%s=' stands behind the amount of its line", key->word);
    }
    if (key->takes == AS_LINE_QUANTITY) {
        return line->is_each ? WRONG(at->parser, "the quantity has been said already")
                             : take_quantity(at->parser, value, &line->quantity);
    }
    void *place = (uint8_t *)line + key->at;
    if (key->takes == AS_LINE_MONEY) {
        return take_money(at->parser, value, place);
    }
    *(struct tally_slice *)place = value;
    return TALLY_OK;
}

static enum tally_status take_of_return(struct happening *at, const struct key *key,
                                        struct tally_slice value)
{
    struct story *story = at->parser->story;
    if (key->takes == AS_RETURN_LINE) {
        struct story_return *back = APPEND(story->returns, story->return_count);
        if (back == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        at->step->returns.count++;
        return take_number(at->parser, value, "line of a basket", TALLY_LINES_MAX, &back->line);
    }
    if (at->step->returns.count == 0) {
        return WRONG(at->parser, "of which line? write line=2 quantity=1");
    }
    struct story_return *back = &story->returns[story->return_count - 1];
    back->has_quantity = true;
    return take_quantity(at->parser, value, &back->quantity);
}

static enum tally_status take_value(struct happening *at, const struct key *key,
                                    struct tally_slice value)
{
    struct parser *parser = at->parser;
    struct story_step *step = at->step;
    void *place = (uint8_t *)step + key->at;
    switch (key->takes) {
    case AS_TEXT:
        *(struct tally_slice *)place = value;
        return TALLY_OK;
    case AS_TILL:
        return take_till(parser, value, step);
    case AS_SHOP:
        step->has_shop = true;
        return take_number(parser, value, "shop", INT32_MAX, &step->shop);
    case AS_CARD:
        *(struct tally_slice *)place = value;
        return value.len <= TALLY_CARD_LEN_MAX ? TALLY_OK
                                               : WRONG(parser, "that is no card: too long");
    case AS_REF:
        return take_ref(parser, value, place);
    case AS_REDEEM:
        return take_redeem(parser, value, step);
    case AS_DRAW:
        step->no_draw = story_is(value, "no");
        return step->no_draw || story_is(value, "yes")
                   ? TALLY_OK
                   : WRONG(parser, "'%.*s': draw=yes or draw=no", SHOWN(value));
    case AS_DAY:
        return take_day(parser, value, place);
    case AS_MONEY:
        return take_money(parser, value, place);
    case AS_BIRTHDAY:
        return story_birthday_of(value, &step->birth_month, &step->birth_day) == TALLY_OK
                   ? TALLY_OK
                   : WRONG(parser, "'%.*s' is not a birthday like 02-29", SHOWN(value));
    case AS_MEMBER:
        return find_member(parser, value, place);
    case AS_LINE_TEXT:
    case AS_LINE_MONEY:
    case AS_LINE_QUANTITY:
        return take_of_line(at, key, value);
    case AS_RETURN_LINE:
    case AS_RETURN_QUANTITY:
        return take_of_return(at, key, value);
    }
    return TALLY_OK;
}

static enum tally_status take_option(struct happening *at, const struct story_word *word)
{
    bool is_key = false;
    if (at->section == IN_PAYS) {
        return take_tender(at, word);
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (story_is(word->key, keys[i].word)) {
            is_key = true;
            if (takes(at->step, keys[i].option)) {
                return take_value(at, &keys[i], word->value);
            }
        }
    }
    return WRONG(at->parser, is_key ? "'%.*s=' does not belong here" : "there is no '%.*s='",
                 SHOWN(word->key));
}

/* ------------------------------------------------------------------ bare words */

static enum tally_status take_bare(struct happening *at, struct tally_slice word)
{
    enum bare bare = grammar[at->step->verb].bare;
    size_t index = at->bare_count;
    at->bare_count++;
    if (bare == BARE_BASKET) {
        return take_basket_word(at, word);
    }
    if (bare == BARE_NONE || index > 0) {
        return WRONG(at->parser, "'%.*s' is one word too many", SHOWN(word));
    }
    switch (bare) {
    case BARE_MEMBER:
        return find_member(at->parser, word, &at->step->other);
    case BARE_SALE:
        return take_ref(at->parser, word, &at->step->sale);
    case BARE_HOLD:
        return take_ref(at->parser, word, &at->step->hold);
    default:
        at->step->has_points = true;
        return take_points(at->parser, word, bare == BARE_CHANGE, &at->step->points);
    }
}

/* ------------------------------------------------------------------ what must be there */

/* Points, a tier or an award: one of them. */
static enum tally_status is_one_gift(struct parser *parser, const struct story_step *step)
{
    int gifts =
        (step->has_points ? 1 : 0) + (step->tier.len > 0 ? 1 : 0) + (step->award.len > 0 ? 1 : 0);
    return gifts == 1 ? TALLY_OK
                      : WRONG(parser, "what is given? write gets 50, gets tier=GOLD or "
                                      "gets award=CODE");
}

static enum tally_status is_complete(struct happening *at)
{
    struct parser *parser = at->parser;
    const struct story_step *step = at->step;
    const struct story_line *line = last_line(at);
    switch (step->verb) {
    case STORY_BUYS:
    case STORY_ASKS:
        return line != NULL && line->amount.digits >= 0
                   ? TALLY_OK
                   : WRONG(parser, "an amount is missing, like 128.50");
    case STORY_BRINGS:
    case STORY_HOLDS:
    case STORY_GIVES:
        if (!step->has_points) {
            return WRONG(parser, "the number of points is missing");
        }
        return step->verb != STORY_GIVES || step->other != SIZE_MAX
                   ? TALLY_OK
                   : WRONG(parser, "to whom? write gives 100 to=bob");
    case STORY_GETS:
        return is_one_gift(parser, step);
    case STORY_MERGES:
        return step->other != SIZE_MAX ? TALLY_OK
                                       : WRONG(parser, "with whom? write merges into=ann");
    case STORY_VOID:
    case STORY_REFUND:
        return at->bare_count > 0 ? TALLY_OK : WRONG(parser, "which sale? write its ref=");
    case STORY_RELEASE:
        return at->bare_count > 0 ? TALLY_OK : WRONG(parser, "which hold? write its ref=");
    case STORY_SHOWS:
    case STORY_ADDS:
    case STORY_REPLACES:
        return step->card.len > 0 ? TALLY_OK : WRONG(parser, "card= or phone= is missing");
    case STORY_SURPRISES:
        return step->seed.len > 0 ? TALLY_OK : WRONG(parser, "seed= is missing");
    case STORY_CONNECTS:
        return step->has_till ? TALLY_OK : WRONG(parser, "which till? write till=2 connects");
    default:
        break;
    }
    return step->till != TALLY_TERMINAL_HQ || !step->offline
               ? TALLY_OK
               : WRONG(parser, "head office is never offline: its tills are");
}

/* A phone number does for a card. */
static enum tally_status settle_card(struct parser *parser, struct story_step *step)
{
    if (step->card.len == 0) {
        step->card = step->phone;
        step->phone.len = 0;
    }
    return step->phone.len == 0 || step->verb == STORY_ENROLS
               ? TALLY_OK
               : WRONG(parser, "card= or phone=: one of them");
}

/* ------------------------------------------------------------------ who and what */

/* Looks for WHO and VERB, which say what else may stand on the line.
 * *ret_head is how many bare words they are */
static enum tally_status take_head(struct parser *parser, struct tally_slice words,
                                   struct story_step *step, size_t *ret_head)
{
    struct tally_slice who = {NULL, 0};
    struct story_word word;
    const char *wrong = NULL;
    size_t plain = 0, head = 0;
    while (head == 0 && story_next_word(&words, &word, &wrong) && !word.is_arrow) {
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
    *ret_head = head;
    return grammar[step->verb].has_member ? take_member(parser, who, step) : TALLY_OK;
}

enum tally_status parser_take_happening(struct parser *parser, struct tally_slice words,
                                        struct story_step *step)
{
    struct happening at = {.parser = parser, .step = step};
    struct story_word word;
    const char *wrong = NULL;
    size_t head = 0, plain = 0;
    TALLY_TRY(take_head(parser, words, step, &head));
    step->till = grammar[step->verb].is_hq ? TALLY_TERMINAL_HQ : step->till;
    while (story_next_word(&words, &word, &wrong) && !word.is_arrow) {
        if (wrong != NULL) {
            return WRONG(parser, "%s", wrong);
        }
        if (word.has_value) {
            TALLY_TRY(take_option(&at, &word));
        } else if (story_is(word.key, "offline") && takes(step, TAKES_TILL)) {
            step->offline = true;
        } else if (++plain > head) {
            TALLY_TRY(take_bare(&at, word.key));
        }
    }
    TALLY_TRY(settle_card(parser, step));
    return is_complete(&at);
}
