/* tests/unit/core/desk.h: one account at one terminal: sales, refunds and voids are planned,
 * checked as head office does, applied, and the account must add up after each. */
#ifndef TALLY_TESTS_DESK_H
#define TALLY_TESTS_DESK_H

#include "app/core/reversal.h"
#include "app/core/sale.h"
#include "tests/unit/core/club.h"

enum {
    DESK_LOTS = 1024,
    DESK_COUNTS = 2048,
    DESK_PURSES = 16,
    DESK_HOLDS = 64,
    DESK_RULES = 16,
    DESK_LINES = 16,
    DESK_SALES = 32,
    DESK_ROOM = 1 << 18,
    TODAY = 20779 /* 22 November 2026 */
};

struct desk_arrays {
    struct tally_purse purses[DESK_LOTS];
    struct tally_lot lots[DESK_LOTS];
    struct tally_count counts[DESK_COUNTS];
    struct tally_open_hold holds[DESK_HOLDS];
};

struct desk {
    struct tally_programme programme;
    struct tally_rule rules[DESK_RULES];
    struct tally_reward rewards[DESK_RULES];
    struct tally_purse_rules purses[DESK_PURSES];
    struct tally_group groups[DESK_PURSES];
    struct tally_account account;
    struct tally_account spare;
    struct desk_arrays arrays[2];
    struct tally_occasion occasion;
    struct tally_basket basket;
    struct tally_line lines[DESK_LINES];
    struct tally_claim claims[DESK_LINES];
    struct tally_slice codes[DESK_LINES];
    uint64_t seq;
    struct tally_quote quote;
    struct tally_event event; /* planned last */
    struct tally_event sales[DESK_SALES];
    struct tally_line sold[DESK_SALES][DESK_LINES];
    struct tally_claim claimed[DESK_SALES][DESK_LINES];
    size_t next; /* of the rooms */
    _Alignas(max_align_t) uint8_t rooms[DESK_SALES + 1][DESK_ROOM];
    _Alignas(max_align_t) uint8_t check_room[DESK_ROOM];
};

static inline struct tally_account desk_account(struct desk_arrays *arrays)
{
    struct tally_account account = {
        .purses = arrays->purses,
        .lots = arrays->lots,
        .counts = arrays->counts,
        .holds = arrays->holds,
        .room = {DESK_LOTS, DESK_LOTS, DESK_COUNTS, DESK_HOLDS},
    };
    tally_account_clear(&account);
    return account;
}

/* ------------------------------------------------------------------ what there is */

static inline void basket_is_empty(struct desk *desk)
{
    desk->basket = (struct tally_basket){.lines = desk->lines, .claims = desk->claims};
}

static inline void day_is(struct desk *desk, int32_t day)
{
    desk->occasion.day = day;
    desk->occasion.minute = 720;
    desk->occasion.now_ms = (int64_t)day * 86400000 + 4 * 3600000; /* noon by +08:00 */
}

static inline void sell_line(struct desk *desk, const char *sku, int64_t pieces,
                             int64_t amount_minor)
{
    assert_true(desk->basket.line_count < DESK_LINES);
    struct tally_line *line = &desk->lines[desk->basket.line_count++];
    *line = a_line(sku, "food", amount_minor);
    line->quantity_milli = pieces * 1000;
}

static inline void one_line(struct desk *desk, int64_t amount_minor)
{
    basket_is_empty(desk);
    sell_line(desk, "tea", 1, amount_minor);
}

/* Claims must rise by id. */
static inline void claim(struct desk *desk, const char *code, uint32_t times)
{
    size_t at = desk->basket.claim_count++;
    assert_true(at < DESK_LINES);
    for (; at > 0 && desk->claims[at - 1].reward > id_of(code); at--) {
        desk->claims[at] = desk->claims[at - 1];
    }
    desk->claims[at] = (struct tally_claim){id_of(code), times};
}

static inline struct tally_rule *add_rule(struct desk *desk, struct tally_rule rule)
{
    assert_true(desk->programme.rule_count < DESK_RULES);
    desk->rules[desk->programme.rule_count] = rule;
    desk->programme.rule_count++;
    return &desk->rules[desk->programme.rule_count - 1];
}

static inline struct tally_reward *add_reward(struct desk *desk, const char *code,
                                              enum tally_reward_kind kind, int64_t cost)
{
    assert_true(desk->programme.reward_count < DESK_RULES);
    struct tally_reward *reward = &desk->rewards[desk->programme.reward_count++];
    *reward = (struct tally_reward){.code = code,
                                    .id = id_of(code),
                                    .name = {code, code},
                                    .kind = kind,
                                    .when = always(),
                                    .percent = 100,
                                    .cost = cost};
    return reward;
}

/* Purses must rise by id. */
static inline struct tally_purse_rules *add_purse(struct desk *desk, const char *code)
{
    size_t at = desk->programme.purse_count++;
    assert_true(at < DESK_PURSES - 1);
    for (; at > 0 && desk->purses[at - 1].id > id_of(code); at--) {
        desk->purses[at] = desk->purses[at - 1];
    }
    desk->purses[at] =
        (struct tally_purse_rules){.code = code, .id = id_of(code), .name = {code, code}};
    return &desk->purses[at];
}

static inline size_t add_group(struct desk *desk, const char *code, enum tally_group_kind kind)
{
    desk->groups[desk->programme.group_count++] = (struct tally_group){code, id_of(code), kind};
    return desk->programme.group_count;
}

/* The club of club.h, an account without points, an empty basket. */
static inline void open_desk(struct desk *desk)
{
    desk->programme = a_club();
    desk->rules[0] = desk->programme.rules[0];
    desk->programme.rules = desk->rules;
    desk->programme.rewards = desk->rewards;
    desk->programme.purses = desk->purses;
    desk->programme.groups = desk->groups;
    desk->account = desk_account(&desk->arrays[0]);
    desk->spare = desk_account(&desk->arrays[1]);
    desk->occasion = (struct tally_occasion){.terminal = TERMINAL, .member = MEMBER};
    desk->seq = 0;
    desk->next = 0;
    day_is(desk, TODAY);
    basket_is_empty(desk);
}

/* ------------------------------------------------------------------ what happens */

/* Applies it; conservation holds afterwards. */
static inline void apply(struct desk *desk, const struct tally_event *event)
{
    assert_int_equal(tally_account_apply(&desk->account, event, &desk->spare), TALLY_OK);
    struct tally_account before = desk->account;
    desk->account = desk->spare;
    desk->spare = before;
    assert_int_equal(tally_account_check(&desk->account), TALLY_OK);
}

static inline void number(struct desk *desk, struct tally_event *event)
{
    desk->seq++;
    event->id = (struct tally_event_id){desk->occasion.terminal, 1, desk->seq};
    event->time = (tally_hlc)desk->occasion.now_ms << 16 | desk->seq;
    event->account = ACCOUNT; /* an account that no event has opened has no id yet */
}

/* Head office gives points of a purse into a drawer. */
static inline void give(struct desk *desk, uint32_t drawer, uint32_t purse, int32_t expires_day,
                        int64_t points)
{
    struct tally_move move = {TALLY_MOVE_ADJUST_IN, purse, expires_day, 0, points};
    struct tally_event event = {.business_day = desk->occasion.day,
                                .type = TALLY_EVENT_ADJUST,
                                .effects = {.moves = &move, .move_count = 1}};
    number(desk, &event);
    event.id.terminal = TALLY_TERMINAL_HQ;
    event.as.adjust = (struct tally_adjust){drawer, text_of("test"), text_of("test"), {NULL, 0}};
    apply(desk, &event);
}

static inline int64_t balance_of(const struct desk *desk, uint32_t purse)
{
    return tally_account_balance(&desk->account, purse, desk->occasion.day, desk->occasion.now_ms)
        .usable;
}

static inline int64_t balance(const struct desk *desk)
{
    return balance_of(desk, TALLY_PURSE_POINTS);
}

static inline enum tally_status quote_sale(struct desk *desk)
{
    assert_true(tally_sale_room(&desk->programme, &desk->account, &desk->basket) <= DESK_ROOM);
    return tally_sale_quote(&desk->programme, &desk->account, &desk->basket, &desk->occasion,
                            desk->rooms[DESK_SALES], DESK_ROOM, &desk->quote);
}

static inline enum tally_status check_sale(struct desk *desk, const struct tally_event *event)
{
    assert_true(tally_sale_check_room(&desk->programme, event) <= DESK_ROOM);
    return tally_sale_check(&desk->programme, event, desk->check_room, DESK_ROOM);
}

/* Planned into desk->event; it does not happen. */
static inline enum tally_status plan_sale(struct desk *desk)
{
    assert_int_equal(tally_programme_check(&desk->programme), TALLY_OK);
    return tally_sale_plan(&desk->programme, &desk->account, &desk->basket, &desk->occasion,
                           desk->rooms[desk->next % DESK_SALES], DESK_ROOM, &desk->event,
                           &desk->quote);
}

/* The basket is sold; the sale stays for as many sales as there are rooms. */
static inline const struct tally_event *sell(struct desk *desk)
{
    assert_int_equal(plan_sale(desk), TALLY_OK);
    number(desk, &desk->event);
    desk->event.as.sale.ref = text_of("ref");
    assert_int_equal(check_sale(desk, &desk->event), TALLY_OK);
    size_t at = desk->next % DESK_SALES;
    memcpy(desk->sold[at], desk->lines, sizeof desk->lines);
    memcpy(desk->claimed[at], desk->claims, sizeof desk->claims);
    desk->event.as.sale.basket.lines = desk->sold[at];
    desk->event.as.sale.basket.claims = desk->claimed[at];
    desk->sales[at] = desk->event;
    desk->next++;
    apply(desk, &desk->sales[at]);
    return &desk->sales[at];
}

static inline struct tally_refund_request request_of(const struct desk *desk,
                                                     const struct tally_event *sale,
                                                     const struct tally_returned_line *lines,
                                                     size_t count)
{
    return (struct tally_refund_request){.sale = sale,
                                         .lines = lines,
                                         .line_count = count,
                                         .terminal = desk->occasion.terminal,
                                         .now_ms = desk->occasion.now_ms,
                                         .day = desk->occasion.day};
}

/* Plans, checks and applies; nothing happens unless TALLY_OK. */
static inline enum tally_status refund_lines(struct desk *desk, const struct tally_event *sale,
                                             const struct tally_returned_line *lines, size_t count)
{
    struct tally_refund_request request = request_of(desk, sale, lines, count);
    assert_true(tally_refund_room(&desk->account, &request) <= DESK_ROOM);
    TALLY_TRY(tally_refund_plan(&desk->programme, &desk->account, &request, desk->rooms[DESK_SALES],
                                DESK_ROOM, &desk->event));
    number(desk, &desk->event);
    assert_int_equal(tally_reversal_check(&desk->programme, sale, &desk->event), TALLY_OK);
    apply(desk, &desk->event);
    return TALLY_OK;
}

static inline enum tally_status refund(struct desk *desk, const struct tally_event *sale,
                                       uint32_t line, int64_t before_milli, int64_t now_milli)
{
    struct tally_returned_line returned = {line, now_milli, before_milli};
    return refund_lines(desk, sale, &returned, 1);
}

static inline enum tally_status refund_all(struct desk *desk, const struct tally_event *sale)
{
    struct tally_returned_line lines[DESK_LINES];
    const struct tally_basket *basket = &sale->as.sale.basket;
    for (size_t i = 0; i < basket->line_count; i++) {
        lines[i] = (struct tally_returned_line){(uint32_t)i, basket->lines[i].quantity_milli, 0};
    }
    return refund_lines(desk, sale, lines, basket->line_count);
}

static inline enum tally_status void_sale(struct desk *desk, const struct tally_event *sale)
{
    struct tally_refund_request request = request_of(desk, sale, NULL, 0);
    TALLY_TRY(tally_void_plan(&desk->programme, &desk->account, &request, desk->rooms[DESK_SALES],
                              DESK_ROOM, &desk->event));
    number(desk, &desk->event);
    assert_int_equal(tally_reversal_check(&desk->programme, sale, &desk->event), TALLY_OK);
    apply(desk, &desk->event);
    return TALLY_OK;
}

/* "7:0:21152=30": drawer, purse (0 or 1 for any other), last day and points of each lot. */
static inline void lots_are(const struct desk *desk, const char *expected)
{
    char text[1024] = "";
    for (size_t i = 0; i < desk->account.lot_count; i++) {
        const struct tally_lot *lot = &desk->account.lots[i];
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%u:%u%s:%d=%lld", i > 0 ? " " : "",
                 (unsigned)lot->drawer, lot->purse != 0, lot->hold != 0 ? "h" : "",
                 (int)lot->expires_day, (long long)lot->points);
    }
    assert_string_equal(text, expected);
}

#endif
