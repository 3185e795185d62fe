/* app/story/steps.h: what the parser makes of a story, for the runner.
 *
 * Memory   slices point into the story's own text; a step's amounts and expectations are ranges of
 *          the story's arrays.
 * Threads  plain data. */
#ifndef TALLY_STORY_STEPS_H
#define TALLY_STORY_STEPS_H

#include "app/core/types.h"
#include "app/story/story.h"

enum story_verb {
    STORY_ENROLS,
    STORY_BRINGS,
    STORY_BUYS,
    STORY_ASKS,
    STORY_HAS,
    STORY_SHOWS,
    STORY_VOID,
    STORY_CONNECTS
};

/* What a line may ask about. The second group is the member's, and is there after every line that
 * has one; the first comes out of what just happened. */
enum story_fact {
    STORY_EARNED,
    STORY_REDEEMED,
    STORY_REDEEMED_VALUE,
    STORY_TOTAL,
    STORY_PAYS,
    STORY_DREW,
    STORY_DEBT_PAID,
    STORY_EXPIRES,
    STORY_MOST,
    STORY_MOST_ONLINE,
    STORY_TIER_AFTER,
    STORY_POINTS,
    STORY_HERE,
    STORY_AT_HQ,
    STORY_VALUE,
    STORY_TIER,
    STORY_NEXT,
    STORY_NEEDS,
    STORY_DEBT,
    STORY_VISITS,
    STORY_EXPIRED,
    STORY_EARNED_TOTAL,
    STORY_REDEEMED_TOTAL,
    STORY_ADJUSTED,
    STORY_LOTS,
    STORY_LOTS_HERE
};

enum story_kind {
    STORY_IS_POINTS,
    STORY_IS_MONEY,
    STORY_IS_METRIC, /* money or points, as the programme's tiers count */
    STORY_IS_DAY,
    STORY_IS_CODE,
    STORY_IS_LOTS
};

/* "128.50" before the currency is known. */
struct story_amount {
    int64_t digits;    /* 12850, 0..TALLY_MONEY_MAX in size */
    uint32_t decimals; /* 2; 0..4 */
};

struct story_expect {
    enum story_fact fact;
    struct tally_slice told;    /* the value as written */
    struct story_amount amount; /* of a number; may be negative */
};

struct story_range {
    size_t first;
    size_t count;
};

struct story_step {
    size_t line;
    struct tally_slice text; /* the line without its comment */
    enum story_verb verb;
    int32_t day; /* of the calendar, in the programme's time zone */
    int32_t minute;
    size_t member;              /* index of a name; SIZE_MAX: none */
    uint32_t till;              /* TALLY_TERMINAL_HQ: head office */
    bool has_till;              /* said, not assumed */
    bool offline;               /* this till has no network */
    bool no_draw;               /* head office does not answer a draw */
    struct story_range amounts; /* of the basket */
    int64_t points;             /* redeemed or brought */
    int32_t expires_day;        /* INT32_MIN: as points that are earned on that day */
    struct story_amount counts; /* towards the tier */
    struct tally_slice ref;     /* empty: none */
    struct tally_slice card;    /* as typed; empty: none */
    struct story_range expects;
    bool again;               /* expects the answer of an earlier line */
    bool refused;             /* expects a refusal, */
    enum tally_status status; /* this one; TALLY_OK: any */
};

struct story_change {
    struct tally_slice key; /* "earn.rounding" */
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
    struct story_amount *amounts;
    size_t amount_count;
    struct story_expect *expects;
    size_t expect_count;
    struct story_change *changes;
    size_t change_count;
    struct tally_slice *names;
    size_t name_count;
};

/* The word that asks for a fact, and what it is. */
const char *story_fact_name(enum story_fact fact);
enum story_kind story_fact_kind(enum story_fact fact);

/* Sets the problem and answers TALLY_E_INVALID. Digits of what may be a card number are masked and
 * control characters replaced. */
TALLY_MUST_USE enum tally_status story_complain(struct story_problem *problem, size_t line,
                                                const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One more place behind `count` in an array from tally_alloc; NULL without memory. */
void *story_one_more(void *list, size_t count, size_t size);

bool story_same(struct tally_slice left, struct tally_slice right);

/* "2027-01-31", or "never" for TALLY_DAY_NEVER. */
enum { STORY_DAY_TEXT_MAX = 32 };
void story_day_text(int32_t day, char text[STORY_DAY_TEXT_MAX]);

#endif
