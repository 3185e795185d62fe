/* app/story/steps.h: what the parser makes of a story, for the runner.
 *
 * Memory   slices point into the story's own text; what a step has several of are ranges of the
 *          story's arrays.
 * Threads  plain data. */
#ifndef TALLY_STORY_STEPS_H
#define TALLY_STORY_STEPS_H

#include "app/core/types.h"
#include "app/story/story.h"

enum story_verb {
    STORY_ENROLS, /* a new member; into another's account: `other` */
    STORY_BRINGS,
    STORY_BUYS,
    STORY_ASKS,
    STORY_HAS,
    STORY_SHOWS,
    STORY_HOLDS,
    STORY_GETS, /* points, a tier or an award, outside a sale */
    STORY_GIVES,
    STORY_MERGES,
    STORY_ADDS, /* a card more */
    STORY_REPLACES,
    STORY_BLOCKED,
    STORY_UNBLOCKED,
    STORY_VOID,
    STORY_REFUND,
    STORY_RELEASE,
    STORY_NIGHT, /* what head office does between two days */
    STORY_SURPRISES,
    STORY_CLEARING,
    STORY_CONNECTS,
    STORY_VERB_COUNT
};

/* What a line may ask about. The second group is the member's, and is there after every line that
 * has one; the first comes out of what just happened. */
enum story_fact {
    STORY_EARNED,
    STORY_REDEEMED,
    STORY_REDEEMED_VALUE,
    STORY_TOTAL,
    STORY_DISCOUNT,
    STORY_PAYS,
    STORY_DREW,
    STORY_DEBT_PAID,
    STORY_EXPIRES,
    STORY_BEGINS,
    STORY_MOST,
    STORY_MOST_ONLINE,
    STORY_TIER_AFTER,
    STORY_COST,
    STORY_TIMES,
    STORY_OFF,
    STORY_LINE,
    STORY_WHY,
    STORY_SURPRISE,
    STORY_GUARD,
    STORY_WORTH,
    STORY_PAYS_BACK,
    STORY_GIVES_BACK,
    STORY_TAKES_BACK,
    STORY_OWES,
    STORY_ISSUED,
    STORY_TAKEN,
    STORY_PAYMENTS,
    STORY_POINTS, /* the member's, from here on */
    STORY_HERE,
    STORY_AT_HQ,
    STORY_PENDING,
    STORY_HELD,
    STORY_VALUE,
    STORY_TIER,
    STORY_TIER_UNTIL,
    STORY_TIER_GIVEN,
    STORY_NEXT,
    STORY_NEEDS,
    STORY_NEEDS_UNTIL,
    STORY_KEEP_NEEDS,
    STORY_KEEP_UNTIL,
    STORY_COUNTS,
    STORY_DEBT,
    STORY_VISITS,
    STORY_EXPIRED,
    STORY_EARNED_TOTAL,
    STORY_EARNED_SINCE,
    STORY_REDEEMED_TOTAL,
    STORY_ADJUSTED,
    STORY_LOTS,
    STORY_LOTS_HERE,
    STORY_FACT_COUNT
};

enum story_kind {
    STORY_IS_POINTS,
    STORY_IS_MONEY,
    STORY_IS_METRIC, /* money, points or visits, as the programme's tiers count */
    STORY_IS_DAY,
    STORY_IS_WORD, /* a code, or one of a few words */
    STORY_IS_WHY,  /* points, or a word */
    STORY_IS_LOTS,
    STORY_IS_PAYMENTS
};

/* What may stand behind the dot of a fact: "points.coffee". */
enum story_part {
    STORY_NO_PART,
    STORY_MAY_PURSE, /* a purse; without it the points */
    STORY_MUST_CODE, /* of a rule, reward or merchant */
    STORY_MUST_LINE,
    STORY_MUST_METRIC,
    STORY_MUST_DAY
};

/* "128.50" before the currency is known. */
struct story_amount {
    int64_t digits;    /* 12850, 0..TALLY_MONEY_MAX in size */
    uint32_t decimals; /* 2; 0..4 */
};

struct story_expect {
    enum story_fact fact;
    struct tally_slice part;    /* behind the dot; empty: none */
    struct tally_slice told;    /* the value as written */
    struct story_amount amount; /* of a number; may be negative */
};

struct story_range {
    size_t first;
    size_t count;
};

/* One line of a basket: an amount, or a price for each of `quantity` pieces. */
struct story_line {
    struct story_amount amount;
    struct story_amount quantity; /* at most three decimals */
    bool is_each;
    struct story_amount tax;
    struct story_amount discount;
    struct tally_slice sku;
    struct tally_slice categories;
};

struct story_tender {
    struct tally_slice kind;
    struct story_amount amount;
};

struct story_claim {
    struct tally_slice reward;
    uint32_t times;
};

/* A line of a sale that comes back; without a quantity all that is left of it. */
struct story_return {
    uint32_t line; /* from 1 */
    bool has_quantity;
    struct story_amount quantity;
};

struct story_step {
    size_t line;
    struct tally_slice text; /* the line without its comment */
    enum story_verb verb;
    int32_t day; /* of the calendar, in the programme's time zone */
    int32_t minute;
    size_t member;  /* index of a name; SIZE_MAX: none */
    size_t other;   /* another one: to=, into=, or whose account is joined; SIZE_MAX: none */
    size_t brought; /* by referred_by=; SIZE_MAX: nobody */
    uint32_t till;  /* TALLY_TERMINAL_HQ: head office */
    bool has_till;  /* said, not assumed */
    uint32_t shop;  /* where the till stands from now on, if it is said */
    bool has_shop;
    bool offline; /* this till has no network */
    bool no_draw; /* head office does not answer a draw */
    struct story_range lines;
    struct story_range tenders;
    struct story_range claims;
    struct story_range returns;
    int64_t points; /* redeemed, brought, set aside or given; below 0: taken */
    bool has_points;
    bool redeems_most;
    int32_t expires_day; /* INT32_MIN: not said */
    int32_t until_day;   /* of a tier; INT32_MIN: not said */
    uint32_t birth_month;
    uint32_t birth_day;
    struct story_amount counts; /* towards the tier */
    struct tally_slice ref;     /* empty: not said, as all texts */
    struct tally_slice sale;    /* whose ref the line is about */
    struct tally_slice hold;
    struct tally_slice card;  /* or phone number, as typed */
    struct tally_slice phone; /* of one who enrols with both */
    struct tally_slice purse;
    struct tally_slice tier;
    struct tally_slice award;
    struct tally_slice reason;
    struct tally_slice by;
    struct tally_slice second;
    struct tally_slice cashier;
    struct tally_slice channel;
    struct tally_slice codes; /* with commas between */
    struct tally_slice seed;
    struct story_range expects;
    bool again;               /* expects the answer of an earlier line */
    bool refused;             /* expects a refusal, */
    enum tally_status status; /* this one; TALLY_OK: any */
};

struct story_change {
    size_t line;
    struct tally_slice key; /* "earn.rules.1.rounding" */
    struct tally_slice value;
};

struct story_programme {
    size_t line;
    struct tally_slice path; /* empty: */
    struct tally_slice json; /* written out in the story */
    struct story_range changes;
};

struct story {
    struct tally_buffer text; /* owned, as all arrays */
    struct story_step *steps;
    size_t step_count;
    struct story_programme *programmes;
    size_t programme_count;
    struct story_line *lines;
    size_t line_count;
    struct story_tender *tenders;
    size_t tender_count;
    struct story_claim *claims;
    size_t claim_count;
    struct story_return *returns;
    size_t return_count;
    struct story_expect *expects;
    size_t expect_count;
    struct story_change *changes;
    size_t change_count;
    struct tally_slice *names;
    size_t name_count;
};

/* The word that asks for a fact, what it is, and what stands behind its dot. */
const char *story_fact_name(enum story_fact fact);
enum story_kind story_fact_kind(enum story_fact fact);
enum story_part story_fact_part(enum story_fact fact);

/* Sets the problem and answers TALLY_E_INVALID. Digits of what may be a card number are masked and
 * control characters replaced. */
TALLY_MUST_USE enum tally_status story_complain(struct story_problem *problem, size_t line,
                                                const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One more place behind `count` in an array from tally_alloc; NULL without memory. */
void *story_one_more(void *list, size_t count, size_t size);

bool story_same(struct tally_slice left, struct tally_slice right);
bool story_is(struct tally_slice word, const char *text);

/* The next of texts with commas between; false at the end. Empty ones are passed over. */
bool story_next_of(struct tally_slice *list, struct tally_slice *ret_text);

/* "2027-01-31", or "never" for TALLY_DAY_NEVER. */
enum { STORY_DAY_TEXT_MAX = 32 };
void story_day_text(int32_t day, char text[STORY_DAY_TEXT_MAX]);

/* Appends to what is said. TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status story_say(struct tally_buffer *said, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Each: TALLY_OK, TALLY_E_NOT_FOUND (it is no such word), TALLY_E_INVALID (out of range). */
TALLY_MUST_USE enum tally_status story_day_of(struct tally_slice word, int32_t *ret_day);

#endif
