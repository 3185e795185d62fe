/* app/story/run.h: a story that is being told, and what the lines of one kind do.
 *
 * run.c keeps the clock and tells line after line; sales.c does what tills do with baskets,
 * members.c who is a member and by which card, office.c what head office gives, moves and settles.
 *
 * Memory   a run owns what it holds but for the story and the ports.
 * Threads  one at a time. */
#ifndef TALLY_STORY_RUN_H
#define TALLY_STORY_RUN_H

#include "app/core/bonus.h"
#include "app/core/clearing.h"
#include "app/core/guard.h"
#include "app/core/merge.h"
#include "app/core/surprise.h"
#include "app/story/shop.h"

/* From which notice of head office on something holds, and from which no more; SIZE_MAX: never. */
struct run_span {
    size_t since;
    size_t until;
};

struct run_card {
    struct tally_card card;
    size_t member;
    struct run_span valid; /* then it is blocked */
};

struct run_member {
    uint32_t birth_month; /* 0: not known */
    uint32_t birth_day;
    size_t brought; /* by this member; SIZE_MAX: by nobody */
};

/* One cashier at one till. */
struct run_cashier {
    uint32_t till;
    struct tally_slice name;
    struct tally_cashier_count count;
};

/* Of one award. */
struct run_surprise {
    uint32_t award;
    struct tally_surprise_state state;
};

/* What came of a line. */
struct outcome {
    enum tally_status status;
    bool again;    /* answered as an earlier line was */
    size_t member; /* SIZE_MAX: nobody */
    uint32_t till;
    const struct shop_event *event; /* a sale or a reversal; NULL: none */
    bool has_quote;
    struct tally_quote quote; /* of a new sale or an `asks` */
    struct tally_ruling ruling;
    size_t first_event;                     /* of the shop's, that this line brought about */
    const struct tally_clearing *merchants; /* NULL: none; the programme's is the last */
    const char *payments;
};

struct run {
    const struct story *story;
    struct story_problem *problem;
    struct story_rules rules;
    struct shop shop;
    struct run_member *members; /* by member */
    struct run_card *cards;
    size_t card_count;
    struct run_cashier *cashiers;
    size_t cashier_count;
    struct tally_slice seed; /* of surprises; empty: none */
    struct run_surprise *surprises;
    size_t surprise_count;
    struct tally_move *moves;         /* TALLY_MOVES_MAX: of the event being planned */
    struct tally_count *counts;       /* TALLY_COUNTS_MAX */
    struct tally_clearing *merchants; /* of the newest clearing */
    struct tally_buffer payments;
    int64_t now_ms; /* of this line */
    int32_t day;    /* its business day and minute */
    int32_t minute;
    const struct tally_programme *programme; /* in force */
};

static inline struct tally_slice run_text_or(struct tally_slice text, const char *usual)
{
    return text.len > 0 ? text : tally_slice_text(usual);
}

/* An amount in minor units, with a complaint about decimals that the currency does not have. */
TALLY_MUST_USE enum tally_status run_minor(struct run *run, const struct story_step *step,
                                           const struct story_amount *amount, int64_t *ret_minor);
/* "-12.50". TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status
story_say_money(struct tally_buffer *said, const struct tally_programme *programme, int64_t minor);
/* Id of a purse by its code; empty: the points. Complains where the programme has none. */
TALLY_MUST_USE enum tally_status run_purse(struct run *run, size_t line, struct tally_slice code,
                                           uint32_t *ret_purse);

/* Where and when, as the engine asks; and room for what it plans. */
struct tally_moment run_moment(const struct run *run, uint32_t till);
struct tally_bonus_room run_room(const struct run *run);

/* Sets what every event has, keeps and commits it. outcome->status: the fold's.
 * TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status run_commit(struct run *run, uint32_t till, size_t member,
                                            struct tally_event *planned, struct outcome *outcome,
                                            struct shop_event **ret_event);

/* Whether the till finds the member, by the card if one is shown, and serves it.
 * In *ret_status: TALLY_OK, TALLY_E_UNKNOWN_CARD, TALLY_E_BLOCKED, statuses of
 * tally_card_from_typed. TALLY_OK, TALLY_E_INVALID (the card is another's) */
TALLY_MUST_USE enum tally_status run_find_member(struct run *run, const struct story_step *step,
                                                 enum tally_status *ret_status);

/* The ruling of the programme's guards on a planned event; a refusal goes into the outcome. */
void run_guard(struct run *run, const struct story_step *step, const struct tally_event *planned,
               struct outcome *outcome);
/* Counts a sale for its cashier. TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status run_count_cashier(struct run *run, const struct story_step *step,
                                                   const struct tally_event *sold);

/* Each does what its verb says; what the engine answers is in the outcome.
 * TALLY_OK, TALLY_E_INVALID (the line makes no sense: run->problem), TALLY_E_NO_MEMORY */
#define RUN_VERB(name)                                                                             \
    TALLY_MUST_USE enum tally_status name(struct run *run, const struct story_step *step,          \
                                          struct outcome *outcome)
RUN_VERB(run_enrol);
RUN_VERB(run_card_change); /* adds, replaces, blocked, unblocked */
RUN_VERB(run_merge);
RUN_VERB(run_buy);
RUN_VERB(run_ask);
RUN_VERB(run_void);
RUN_VERB(run_refund);
RUN_VERB(run_hold);
RUN_VERB(run_release);
RUN_VERB(run_bring);
RUN_VERB(run_get);
RUN_VERB(run_give);
RUN_VERB(run_night);
RUN_VERB(run_clear);

/* An award of the programme to a member, into the drawer of `till`.
 * In *ret_status: statuses of tally_award_plan. TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status run_award(struct run *run, uint32_t till, size_t member,
                                           const struct tally_award_request *request,
                                           enum tally_status *ret_status);
/* What head office gives for the sales that have reached it, referrals and surprises, and takes
 * back when they are undone. */
TALLY_MUST_USE enum tally_status run_arrivals(struct run *run);

/* Tills that hear of a merge send after what their drawers still hold. */
TALLY_MUST_USE enum tally_status run_follow_merges(struct run *run);

/* A till that a line speaks of by its sale or hold; else the step's own. */
uint32_t run_till_of(const struct run *run, const struct story_step *step);

#endif
