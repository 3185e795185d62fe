/* app/terminal/desk_inside.h: what the files of the desk share: people.c (who), answers.c (what is
 * said of them), sales.c, stock.c, returns.c, holds.c, enrolment.c, cashiers.c, receipts.c; desk.c
 * gives out the work. Not for others.
 *
 * Memory   a person is freed with person_free(); what a view points at lives until the next view is
 *          made.
 * Errors   outputs are written only on TALLY_OK.
 * Threads  the loop's thread only. */
#ifndef TALLY_TERMINAL_DESK_INSIDE_H
#define TALLY_TERMINAL_DESK_INSIDE_H

#include "app/core/bonus.h"
#include "app/proto/event_codec.h"
#include "app/terminal/desk.h"

enum { CARD_TOKEN_LEN = 16 };

/* ------------------------------------------------------------------ cashiers.c */

/* What each cashier did this hour and this day, for the programme's guards; a restart forgets. */
struct cashier {
    char name[TALLY_TEXT_LEN_MAX + 1];
    struct tally_cashier_count count;
};
struct cashiers {
    struct cashier *items; /* owned */
    size_t count, room;
};
void cashiers_free(struct cashiers *cashiers);
/* NULL: has sold nothing yet, or no name. */
const struct tally_cashier_count *cashiers_find(const struct cashiers *cashiers, const char *name);
/* Counts a committed sale. */
void cashiers_count(struct cashiers *cashiers, const char *name, const struct tally_event *event,
                    int64_t now_ms);

/* ------------------------------------------------------------------ the desk */

/* How far head office was asked for purses of one account: up to this one, in rising order. */
struct asked {
    bool has;
    uint32_t purse;
};

/* A sale or hold that waits for its draw. */
struct waiting {
    struct desk *desk;
    struct till_request *request; /* NULL: the till is gone */
    struct asked asked;           /* with what it waits for */
    struct asked stock_asked;
    struct waiting *next;
};

/* A receipt that is being printed. */
struct printing {
    struct desk *desk;
    struct till_request *request;
    uint32_t job;
    struct printing *next;
};

struct desk {
    struct ledger *ledger;
    struct desk_ports ports;
    struct waiting *waiting;
    struct printing *printing;
    char card_token[2 * CARD_TOKEN_LEN + 1]; /* "" when there is no unknown card to enrol */
    uint8_t card_handle[TALLY_HANDLE_LEN];
    struct cashiers cashiers;
    struct tally_buffer name;   /* of the member in the answer being made; wiped after it */
    struct tally_offer *offers; /* of that member; owned */
    size_t offer_room;
    char detail[TILL_DETAIL_LEN_MAX + 1]; /* of the refusal being made */
};

/* One request as it is worked on. */
struct errand {
    struct desk *desk;
    struct till_request *request;
    const struct till_params *params;
    const struct tally_programme *programme;
    struct store_head head;
    int64_t now_ms;
    int32_t day;
    struct asked asked;       /* for the member's purses */
    struct asked stock_asked; /* for those of the house account */
};

/* Where an account is acted on. */
struct tally_moment errand_moment(const struct errand *errand);

/* Commits an event that was decided under the errand's programme, and tells the rest of the daemon.
 * As ledger_commit. */
TALLY_MUST_USE enum tally_status
errand_commit(const struct errand *errand, struct tally_event *event, struct tally_slice sidecar);

/* Asks head office for what is missing here of a purse; then the request is tried again. Purses of
 * the member's account, and those of the house account, are asked for in rising order, each once.
 *   TALLY_OK              the answer waits
 *   TALLY_E_POINTS_SHORT  it was asked for already, or head office can't be reached */
TALLY_MUST_USE enum tally_status errand_draw(const struct errand *errand, uint64_t account,
                                             uint32_t purse, int64_t points);

/* Whether head office can be asked now. */
bool desk_reaches_hq(const struct desk *desk);

/* The detail of a refusal. */
void desk_explain(struct desk *desk, const char *text);

/* ------------------------------------------------------------------ people.c */

/* Everything one answer about a member needs. */
struct person {
    struct store_member member;
    struct store_account account;
};
void person_free(struct person *person);
TALLY_MUST_USE enum tally_status person_get(struct desk *desk, uint64_t member,
                                            struct person *ret_person);
/* TALLY_E_UNKNOWN_CARD where nobody has this card. */
TALLY_MUST_USE enum tally_status person_by_handle(struct desk *desk,
                                                  const uint8_t handle[TALLY_HANDLE_LEN],
                                                  struct person *ret_person);

/* What a sealed profile says. Without the key (erased, or not received yet) it says nothing. */
struct profile {
    const char *name; /* in desk->name */
    uint32_t birth_month, birth_day;
};
struct profile profile_of(struct desk *desk, const struct store_member *member);

TALLY_MUST_USE enum tally_status handle_of(struct desk *desk, const struct tally_card *card,
                                           uint8_t ret_handle[TALLY_HANDLE_LEN]);
/* As tally_card_from_typed and handle_of. */
TALLY_MUST_USE enum tally_status handle_of_typed(struct desk *desk,
                                                 const struct tally_programme *programme,
                                                 const char *text,
                                                 uint8_t ret_handle[TALLY_HANDLE_LEN]);
/* Whether a cashier is this member: by number, or by a card or phone number. */
bool is_own_card(const struct errand *errand, uint64_t member);
void forget_card(struct desk *desk);
/* Of the card that a request brings: the token of the last unknown one, or a typed number.
 * TALLY_E_NOT_FOUND: another card was swiped since */
TALLY_MUST_USE enum tally_status handle_of_request(const struct errand *errand,
                                                   uint8_t ret_handle[TALLY_HANDLE_LEN]);

/* ------------------------------------------------------------------ answers.c */

struct till_member member_view(struct desk *desk, const struct person *person, int64_t now_ms);
void answer_member(struct desk *desk, struct till_request *request, const struct person *person);
/* The receipt of an event that is durable, from the event itself: the same again when asked
 * again. */
TALLY_MUST_USE enum tally_status answer_receipt(const struct errand *errand,
                                                const struct tally_event *event, bool repeated,
                                                const struct tally_ruling *ruling);

/* An event of this journal; free with held_event_free(). */
struct held_event {
    struct tally_buffer bytes;
    struct tally_event_decoded decoded;
};
/* TALLY_OK, TALLY_E_NOT_FOUND, store statuses */
TALLY_MUST_USE enum tally_status held_event_get(struct desk *desk, uint64_t seq,
                                                struct held_event *ret_event);
void held_event_free(struct held_event *event);

/* Answers a reference that was committed before, if it asks for the same thing.
 *   TALLY_OK          answered
 *   TALLY_E_NOT_FOUND the reference is new: go on
 *   TALLY_E_EXISTS    it stands for something else */
TALLY_MUST_USE enum tally_status answer_again(const struct errand *errand);

/* ------------------------------------------------------------------ stock.c */

/* What is left of the rewards that all members share (app/core/stock.h). */
struct stock {
    struct store_account house; /* where it is known */
    bool is_known;
    struct tally_moment moment;
    bool with_hq;       /* head office can be asked */
    struct asked asked; /* what it was asked already */
};
/* Whether the programme has such rewards and head office can be asked for them: most have none, and
 * a swipe does not look. */
bool stock_at_hq(const struct desk *desk, const struct tally_programme *programme);
/* Free with stock_close(). TALLY_OK, store statuses */
TALLY_MUST_USE enum tally_status stock_open(struct desk *desk,
                                            const struct tally_programme *programme,
                                            const struct tally_moment *moment, bool with_hq,
                                            struct stock *ret_stock);
void stock_close(struct stock *stock);
/* The occasion's `stock`; its context is a struct stock. */
int64_t stock_left(void *context, uint32_t reward);
/* The detail of a refusal, where a claim is for more than is left. */
void stock_explain(struct desk *desk, const struct tally_programme *programme,
                   const struct tally_basket *basket, struct stock *stock);

/* Draws the first thing that a sale gives away and this drawer lacks.
 *   TALLY_OK            the answer waits
 *   TALLY_E_NOT_FOUND   it lacks nothing
 *   TALLY_E_OFFLINE     head office can't be asked */
TALLY_MUST_USE enum tally_status stock_fetch(const struct errand *errand, const struct stock *stock,
                                             const struct tally_quote *quote);
/* Takes what a sale gives away out of the drawer, just before the sale is committed. A power cut
 * between the two loses units and gives none twice. TALLY_OK (also: nothing), as errand_commit */
TALLY_MUST_USE enum tally_status stock_take(const struct errand *errand,
                                            const struct tally_quote *quote);
/* Puts it back, after the sale's void is durable. */
void stock_put_back(const struct errand *errand, const struct tally_event *sale);

/* ------------------------------------------------------------------ what is asked for */

/* Each answers its errand's request; with any other status nothing was answered. */
TALLY_MUST_USE enum tally_status do_quote(const struct errand *errand);
TALLY_MUST_USE enum tally_status do_sale(const struct errand *errand);
TALLY_MUST_USE enum tally_status do_void(const struct errand *errand);
TALLY_MUST_USE enum tally_status do_refund(const struct errand *errand);
TALLY_MUST_USE enum tally_status do_hold(const struct errand *errand);
TALLY_MUST_USE enum tally_status do_release(const struct errand *errand);
TALLY_MUST_USE enum tally_status do_adjust(const struct errand *errand);
TALLY_MUST_USE enum tally_status do_enrol(const struct errand *errand);
TALLY_MUST_USE enum tally_status do_card(const struct errand *errand);
TALLY_MUST_USE enum tally_status do_receipt(const struct errand *errand);
TALLY_MUST_USE enum tally_status do_print(const struct errand *errand);
/* Its till is gone, or (NULL) all of them: nobody waits for paper any more. */
void printing_forget(struct desk *desk, const struct till_request *request);
/* A member's welcome on the customer display. */
void show_welcome(struct desk *desk, const struct till_member *member);
/* Thanks on the customer display for a sale that was recorded just now. */
void show_thanks(const struct errand *errand, const struct tally_event *event,
                 const struct till_member *member);

/* Looks at a planned sale or adjustment. TALLY_OK (*ret_ruling may warn), TALLY_E_RULE (a guard
 * refuses; the detail is set) */
TALLY_MUST_USE enum tally_status guard_planned(const struct errand *errand,
                                               const struct person *person,
                                               const struct tally_event *event,
                                               struct tally_ruling *ret_ruling);

#endif
