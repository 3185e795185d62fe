/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a story: each step becomes what a terminal or head office would ask of the engine, and
 * events. */
#include "app/story/outcome.h"

#include "app/base/alloc.h"

#include <assert.h>

enum { CARD_SHOWN = 4 };

/* ------------------------------------------------------------------ what all verbs need */

enum tally_status run_purse(struct run *run, size_t line, struct tally_slice code,
                            uint32_t *ret_purse)
{
    *ret_purse = TALLY_PURSE_POINTS;
    if (code.len == 0) {
        return TALLY_OK;
    }
    uint32_t id = tally_word_id(code.data, code.len);
    if (tally_programme_purse(run->programme, id) == NULL) {
        return story_complain(run->problem, line, "the programme has no purse '%.*s'",
                              (int)code.len, (const char *)code.data);
    }
    *ret_purse = id;
    return TALLY_OK;
}

struct tally_moment run_moment(const struct run *run, uint32_t till)
{
    return (struct tally_moment){.terminal = till, .now_ms = run->now_ms, .day = run->day};
}

struct tally_bonus_room run_room(const struct run *run)
{
    return (struct tally_bonus_room){run->moves, TALLY_MOVES_MAX, run->counts, TALLY_COUNTS_MAX};
}

/* Where a reference belongs that the story gives none. */
static struct tally_slice *ref_of(struct tally_event *event)
{
    switch (event->type) {
    case TALLY_EVENT_SALE:
        return &event->as.sale.ref;
    case TALLY_EVENT_VOID:
    case TALLY_EVENT_REFUND:
        return &event->as.reversal.ref;
    case TALLY_EVENT_HOLD:
    case TALLY_EVENT_RELEASE:
        return &event->as.hold.ref;
    default:
        return NULL;
    }
}

enum tally_status run_commit(struct run *run, uint32_t till, size_t member,
                             struct tally_event *planned, struct outcome *outcome,
                             struct shop_event **ret_event)
{
    struct shop_event *kept = NULL;
    planned->business_day = run->day;
    planned->programme_version = run->programme->version;
    planned->member = (uint64_t)member + 1;
    TALLY_TRY(shop_keep(&run->shop, planned, member, &kept));
    struct tally_slice *ref = ref_of(&kept->event);
    if (ref != NULL && ref->len == 0) {
        snprintf(kept->ref, sizeof kept->ref, "event-%zu", run->shop.event_count);
        *ref = tally_slice_text(kept->ref);
    }
    outcome->status = shop_commit(&run->shop, till, kept, run->now_ms);
    *ret_event = kept;
    return outcome->status == TALLY_E_NO_MEMORY ? TALLY_E_NO_MEMORY : TALLY_OK;
}

/* ------------------------------------------------------------------ cashiers */

static struct run_cashier *find_cashier(const struct run *run, const struct story_step *step)
{
    for (size_t i = 0; i < run->cashier_count; i++) {
        if (run->cashiers[i].till == step->till &&
            story_same(run->cashiers[i].name, step->cashier)) {
            return &run->cashiers[i];
        }
    }
    return NULL;
}

void run_guard(struct run *run, const struct story_step *step, const struct tally_event *planned,
               struct outcome *outcome)
{
    const struct run_cashier *cashier = find_cashier(run, step);
    struct tally_slice who = step->verb == STORY_GETS ? step->by : step->cashier;
    const struct tally_guard_scene scene = {
        .account = shop_account(&run->shop, step->till, step->member),
        .cashier = cashier == NULL ? NULL : &cashier->count,
        .event = planned,
        .now_ms = run->now_ms,
        .is_own_card = story_same(who, run->story->names[step->member])};
    outcome->ruling = tally_guard_rule(run->programme, &scene);
    if (outcome->ruling.verdict == TALLY_REFUSE) {
        outcome->status = TALLY_E_BLOCKED;
        outcome->has_quote = false;
    }
}

enum tally_status run_count_cashier(struct run *run, const struct story_step *step,
                                    const struct tally_event *sold)
{
    struct run_cashier *cashier = find_cashier(run, step);
    if (step->cashier.len == 0) {
        return TALLY_OK;
    }
    if (cashier == NULL) {
        struct run_cashier *grown =
            story_one_more(run->cashiers, run->cashier_count, sizeof *grown);
        if (grown == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        run->cashiers = grown;
        cashier = &grown[run->cashier_count];
        *cashier = (struct run_cashier){.till = step->till, .name = step->cashier};
        run->cashier_count++;
    }
    tally_guard_count(&cashier->count, sold, run->now_ms);
    return TALLY_OK;
}

/* ------------------------------------------------------------------ one line */

static enum tally_status do_step(struct run *run, const struct story_step *step,
                                 struct outcome *outcome)
{
    switch (step->verb) {
    case STORY_ENROLS:
        return run_enrol(run, step, outcome);
    case STORY_BRINGS:
        return run_bring(run, step, outcome);
    case STORY_BUYS:
        return run_buy(run, step, outcome);
    case STORY_ASKS:
        return run_ask(run, step, outcome);
    case STORY_HAS:
        if (shop_account(&run->shop, step->till, step->member) == NULL) {
            outcome->status = TALLY_E_UNKNOWN_CARD;
        }
        return TALLY_OK;
    case STORY_SHOWS:
        return run_find_member(run, step, &outcome->status);
    case STORY_HOLDS:
        return run_hold(run, step, outcome);
    case STORY_RELEASE:
        return run_release(run, step, outcome);
    case STORY_GETS:
        return run_get(run, step, outcome);
    case STORY_GIVES:
        return run_give(run, step, outcome);
    case STORY_MERGES:
        return run_merge(run, step, outcome);
    case STORY_ADDS:
    case STORY_REPLACES:
    case STORY_BLOCKED:
    case STORY_UNBLOCKED:
        return run_card_change(run, step, outcome);
    case STORY_VOID:
        return run_void(run, step, outcome);
    case STORY_REFUND:
        return run_refund(run, step, outcome);
    case STORY_NIGHT:
        return run_night(run, step, outcome);
    case STORY_SURPRISES:
        run->seed = step->seed;
        return TALLY_OK;
    case STORY_CLEARING:
        return run_clear(run, step, outcome);
    case STORY_CONNECTS:
    case STORY_VERB_COUNT:
        break;
    }
    return TALLY_OK;
}

static void set_clock(struct run *run, const struct story_step *step)
{
    run->now_ms =
        tally_zone_instant_ms(&story_rules_first(&run->rules)->zone, step->day, step->minute);
    run->programme = story_rules_at(&run->rules, run->now_ms);
    run->day = tally_programme_day(run->programme, run->now_ms);
    run->minute = tally_programme_minute(run->programme, run->now_ms);
}

static void mask(const struct story_step *step, struct tally_slice card, struct tally_buffer *echo)
{
    uint8_t *digits = card.len == 0 ? NULL : echo->data + (card.data - step->text.data);
    for (size_t i = 0; i + CARD_SHOWN < card.len; i++) {
        digits[i] = digits[i] >= '0' && digits[i] <= '9' ? '*' : digits[i];
    }
}

/* The line with the digits of its card masked but for the last ones. */
static enum tally_status set_echo(const struct story_step *step, struct tally_buffer *echo)
{
    echo->len = 0;
    TALLY_TRY(tally_buffer_append(echo, step->text.data, step->text.len));
    mask(step, step->card, echo);
    mask(step, step->phone, echo);
    return TALLY_OK;
}

static enum tally_status happen(struct run *run, const struct story_step *step,
                                struct outcome *outcome)
{
    set_clock(run, step);
    outcome->till = run_till_of(run, step);
    outcome->member = step->member;
    outcome->first_event = run->shop.event_count;
    TALLY_TRY(shop_connect(&run->shop, outcome->till, step->offline));
    if (step->has_shop) {
        run->shop.tills[outcome->till].shop = step->shop;
    }
    TALLY_TRY(run_arrivals(run)); /* of a till that is back */
    TALLY_TRY(run_follow_merges(run));
    TALLY_TRY(do_step(run, step, outcome));
    TALLY_TRY(run_arrivals(run));
    return run_follow_merges(run);
}

static enum tally_status say_broken(struct run *run, struct tally_buffer *said, bool *ret_is_broken)
{
    *ret_is_broken = run->shop.broken[0] != '\0';
    if (!*ret_is_broken) {
        return TALLY_OK;
    }
    TALLY_TRY(story_say(said, "%sBROKEN: %s", said->len > 0 ? "; " : "", run->shop.broken));
    run->shop.broken[0] = '\0';
    return TALLY_OK;
}

static enum tally_status tell(struct run *run, const struct story_step *step,
                              const struct story_ports *ports, struct tally_buffer said[2],
                              struct story_count *count)
{
    struct tally_buffer *differences = &said[0], *echo = &said[1];
    struct outcome outcome = {.status = TALLY_OK};
    TALLY_TRY(set_echo(step, echo));
    TALLY_TRY(happen(run, step, &outcome));
    outcome.payments = outcome.merchants == NULL ? NULL : (const char *)run->payments.data;
    differences->len = 0;
    TALLY_TRY(outcome_compare(run, step, &outcome, differences));
    bool is_broken = false;
    TALLY_TRY(say_broken(run, differences, &is_broken));
    bool as_told = differences->len == 0;
    TALLY_TRY(tally_buffer_append(differences, "", 1));
    ports->told(ports->context, &(struct story_told){.line = step->line,
                                                     .text = tally_buffer_slice(echo),
                                                     .as_told = as_told,
                                                     .is_broken = is_broken,
                                                     .came_out = (const char *)differences->data});
    count->as_told += as_told ? 1 : 0;
    count->different += as_told ? 0 : 1;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ all lines */

static enum tally_status run_open(struct run *run)
{
    size_t names = run->story->name_count;
    TALLY_TRY(shop_open(&run->shop, &run->rules, names));
    run->members = tally_alloc(names, sizeof *run->members);
    run->moves = tally_alloc(TALLY_MOVES_MAX, sizeof *run->moves);
    run->counts = tally_alloc(TALLY_COUNTS_MAX, sizeof *run->counts);
    if (run->members == NULL || run->moves == NULL || run->counts == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < names; i++) {
        run->members[i].brought = SIZE_MAX;
    }
    return TALLY_OK;
}

static void run_close(struct run *run)
{
    shop_close(&run->shop);
    story_rules_free(&run->rules);
    tally_free(run->members);
    tally_free(run->cards);
    tally_free(run->cashiers);
    tally_free(run->surprises);
    tally_free(run->moves);
    tally_free(run->counts);
    tally_free(run->merchants);
    tally_buffer_free(&run->payments);
}

enum tally_status story_run(const struct story *story, const struct story_ports *ports,
                            struct story_count *ret_count, struct story_problem *ret_problem)
{
    assert(story != NULL);
    assert(ports != NULL);
    assert(ret_count != NULL);
    assert(ret_problem != NULL);

    struct run run = {.story = story, .problem = ret_problem};
    struct story_count count = {0, 0};
    struct tally_buffer said[2] = {{0}, {0}};
    TALLY_TRY(story_rules_read(story, ports, &run.rules, ret_problem));
    enum tally_status status = run_open(&run);
    for (size_t i = 0; i < story->step_count && status == TALLY_OK; i++) {
        status = tell(&run, &story->steps[i], ports, said, &count);
    }
    run_close(&run);
    tally_buffer_free(&said[0]);
    tally_buffer_free(&said[1]);
    if (status == TALLY_OK) {
        *ret_count = count;
    }
    return status;
}
