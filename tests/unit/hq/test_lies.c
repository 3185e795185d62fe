/* SPDX-License-Identifier: Apache-2.0 */
/* Random events within what the codec lets through: whatever a terminal writes, head office answers
 * it, its books agree, and an honest terminal in the same transaction is not hurt. */
#include "tests/unit/hq/hq_world.h"

#include "app/base/alloc.h"
#include "app/hq/acts.h"
#include "app/hq/surprise.h"
#include "app/proto/event_codec.h"
#include "tests/unit/core/seeded.h"

#include <string.h>

enum { ACCOUNTS = 4, LINES = 4, MOVES = 12, COUNTS = 6, ROUNDS = 400, FIRST_ACCOUNT = 0x1001 };

static uint64_t seed;

static int64_t below(int64_t limit)
{
    return seeded_below(&seed, limit);
}

static bool one_in(int64_t n)
{
    return below(n) == 0;
}

/* Mostly small, sometimes at an edge. */
static int64_t amount(int64_t max)
{
    const int64_t edges[] = {0, 1, -1, max, max + 1, max - 1, INT64_MAX, INT64_MIN, INT64_MAX - 1};
    return one_in(8) ? edges[below(sizeof edges / sizeof edges[0])] : below(20000);
}

static int32_t day(void)
{
    const int32_t edges[] = {0,         1,          WORLD_DAY - 1, WORLD_DAY + 1, INT32_MAX,
                             INT32_MIN, -WORLD_DAY, 10957,         84005,         INT32_MAX - 1};
    return one_in(4) ? edges[below(sizeof edges / sizeof edges[0])]
                     : WORLD_DAY - 400 + (int32_t)below(800);
}

static uint64_t some_account(void)
{
    return one_in(30) ? (uint64_t)below(INT64_MAX) : FIRST_ACCOUNT + (uint64_t)below(ACCOUNTS);
}

/* ------------------------------------------------------------------ a random event */

struct lie {
    const struct tally_programme *programme;
    struct tally_line lines[LINES];
    struct tally_line_paid paid[LINES];
    struct tally_share shares[LINES];
    struct tally_exchange exchange;
    struct tally_claim claim;
    struct tally_returned_line returned[LINES];
    struct tally_move moves[MOVES];
    struct tally_count counts[COUNTS], used[COUNTS];
    char ref[24];
    struct tally_event event;
};

static uint32_t some_purse(const struct lie *lie)
{
    size_t purses = lie->programme->purse_count;
    if (purses > 0 && one_in(3)) {
        return lie->programme->purses[below((int64_t)purses)].id;
    }
    return one_in(10) ? (uint32_t)below(UINT32_MAX) : (uint32_t)TALLY_PURSE_POINTS;
}

static uint32_t some_tier(const struct lie *lie)
{
    size_t tiers = lie->programme->tiers.tier_count;
    return one_in(5) ? (uint32_t)below(4) : lie->programme->tiers.tiers[below((int64_t)tiers)].id;
}

static enum tally_move_kind some_kind(enum tally_event_type type)
{
    static const enum tally_move_kind sale[] = {TALLY_MOVE_EARN, TALLY_MOVE_EARN,
                                                TALLY_MOVE_EARN_DEBT, TALLY_MOVE_REDEEM,
                                                TALLY_MOVE_REDEEM_EARNED};
    static const enum tally_move_kind back[] = {TALLY_MOVE_UNREDEEM, TALLY_MOVE_UNEARN,
                                                TALLY_MOVE_UNEARN_DEBT};
    switch (type) {
    case TALLY_EVENT_SALE:
        return sale[below(5)];
    case TALLY_EVENT_AWARD:
        return sale[below(3)];
    case TALLY_EVENT_VOID:
    case TALLY_EVENT_REFUND:
        return back[below(3)];
    case TALLY_EVENT_HOLD:
        return TALLY_MOVE_HOLD;
    case TALLY_EVENT_RELEASE:
        return TALLY_MOVE_RELEASE;
    case TALLY_EVENT_GRANT:
        return TALLY_MOVE_GRANT;
    case TALLY_EVENT_ADJUST:
        return (enum tally_move_kind)(TALLY_MOVE_ADJUST_OUT + below(2));
    default:
        return (enum tally_move_kind)(1 + below(TALLY_MOVE_KIND_COUNT - 1));
    }
}

static int by_move(const void *left, const void *right)
{
    return tally_move_compare(left, right);
}

static int by_count(const void *left, const void *right)
{
    return tally_count_compare(left, right);
}

static void lie_of_moves(struct lie *lie)
{
    size_t count = one_in(4) ? 0 : (size_t)below(MOVES), kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct tally_move *move = &lie->moves[i];
        *move = (struct tally_move){some_kind(lie->event.type), some_purse(lie), day(),
                                    one_in(3) ? day() : 0, amount(TALLY_POINTS_MAX)};
        move->points = move->points < 1 ? 1 : move->points;
        if (move->kind == TALLY_MOVE_UNEARN_DEBT || move->kind == TALLY_MOVE_ADJUST_DEBT) {
            move->expires_day = move->from_day = 0;
        }
    }
    qsort(lie->moves, count, sizeof lie->moves[0], by_move);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || by_move(&lie->moves[kept - 1], &lie->moves[i]) != 0) {
            lie->moves[kept++] = lie->moves[i];
        }
    }
    lie->event.effects.moves = lie->moves;
    lie->event.effects.move_count = kept;
}

static size_t lie_of_counts(struct tally_count *counts, bool seen)
{
    size_t count = one_in(3) ? 0 : (size_t)below(COUNTS), kept = 0;
    for (size_t i = 0; i < count; i++) {
        counts[i] = (struct tally_count){(enum tally_counter)(1 + below(TALLY_COUNT_AWARD)),
                                         (uint32_t)below(3), day(), day(),
                                         one_in(9) || seen ? amount(TALLY_MONEY_MAX) : below(900)};
        counts[i].amount = counts[i].amount == 0 ? 1 : counts[i].amount;
    }
    qsort(counts, count, sizeof counts[0], by_count);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || by_count(&counts[kept - 1], &counts[i]) != 0) {
            counts[kept++] = counts[i];
        }
    }
    return kept;
}

static void lie_of_sale(struct lie *lie)
{
    struct tally_sale *sale = &lie->event.as.sale;
    size_t lines = 1 + (size_t)below(LINES);
    *sale = (struct tally_sale){.ref = {(const uint8_t *)lie->ref, strlen(lie->ref)},
                                .basket = {.lines = lie->lines, .line_count = lines}};
    for (size_t i = 0; i < lines; i++) {
        lie->lines[i] = (struct tally_line){
            .sku = {(const uint8_t *)"tea", 3},
            .quantity_milli = 1 + below(one_in(9) ? INT32_MAX : 5000),
            .amount_minor = one_in(12) ? TALLY_MONEY_MAX / LINES : below(50000)};
        sale->total_minor += lie->lines[i].amount_minor;
        lie->paid[i] = (struct tally_line_paid){(uint32_t)i, below(100), below(100)};
        lie->shares[i] = (struct tally_share){
            .line = (uint32_t)i, .purse = some_purse(lie), .points = 1 + below(500)};
    }
    sale->basket.points = one_in(3) ? below(2000) : 0;
    sale->paid = lie->paid;
    sale->paid_count = one_in(2) ? 0 : (size_t)below((int64_t)lines + 1);
    sale->shares = lie->shares;
    sale->share_count = (size_t)below((int64_t)lines + 1);
    sale->discount_minor = one_in(3) ? below(1000) : 0;
    sale->redeemed_minor = one_in(3) ? below(1000) : 0;
    lie->exchange = (struct tally_exchange){1 + (uint32_t)below(4), some_purse(lie), 1 + below(900),
                                            some_purse(lie), 1 + below(3)};
    sale->exchanges = &lie->exchange;
    sale->exchange_count = one_in(3) ? 1 : 0;
    if (lie->programme->reward_count > 0 && one_in(3)) {
        const struct tally_programme *programme = lie->programme;
        lie->claim = (struct tally_claim){
            programme->rewards[below((int64_t)programme->reward_count)].id, 1 + (uint32_t)below(9)};
        sale->basket.claims = &lie->claim;
        sale->basket.claim_count = 1;
    }
    sale->seen = (struct tally_seen){.minute = (int32_t)below(1440),
                                     .tier = (uint32_t)below(7),
                                     .visits = one_in(9) ? INT64_MAX : below(9),
                                     .days_away = one_in(9) ? INT32_MAX : (int32_t)below(90) - 1,
                                     .days_member = one_in(9) ? INT32_MAX : (int32_t)below(900),
                                     .birthday = (uint32_t)below(8),
                                     .used = lie->used};
    sale->seen.used_count = lie_of_counts(lie->used, true);
    sale->standing_before = (struct tally_standing){some_tier(lie), day(), day()};
}

static void lie_of_reversal(struct lie *lie, const struct till *till, const struct till *other)
{
    const struct till *sold = one_in(4) ? other : till;
    const bool is_void = lie->event.type == TALLY_EVENT_VOID;
    size_t lines = is_void ? 0 : 1 + (size_t)below(LINES);
    int64_t worth = below(2000);
    for (size_t i = 0; i < lines; i++) {
        lie->returned[i] = (struct tally_returned_line){
            (uint32_t)i, one_in(5) ? amount(INT64_MAX - 2) : 1 + below(3000),
            one_in(3) ? below(2000) : 0};
    }
    lie->event.as.reversal = (struct tally_reversal){
        .ref = {(const uint8_t *)lie->ref, strlen(lie->ref)},
        .sale = {sold->number, sold->epoch, 1 + (uint64_t)below((int64_t)till->seq + 1)},
        .sale_day = WORLD_DAY,
        .lines = lie->returned,
        .line_count = lines,
        .amount_minor = worth,
        .redeemed_minor = one_in(2) ? 0 : worth};
}

static void lie_of_body(struct lie *lie, const struct till *till, const struct till *other)
{
    struct tally_event *event = &lie->event;
    const struct tally_slice words = {(const uint8_t *)"why", 3};
    switch (event->type) {
    case TALLY_EVENT_SALE:
        lie_of_sale(lie);
        break;
    case TALLY_EVENT_VOID:
    case TALLY_EVENT_REFUND:
        lie_of_reversal(lie, till, other);
        break;
    case TALLY_EVENT_ENROL:
        event->as.enrol.home_shop = 7;
        event->as.enrol.referrer = one_in(2) ? some_account() : 0;
        memset(event->as.enrol.handle, (int)below(20), TALLY_HANDLE_LEN);
        break;
    case TALLY_EVENT_GRANT:
        event->as.grant = (struct tally_grant){1 + (uint64_t)below(4), till->number};
        break;
    case TALLY_EVENT_ADJUST:
        event->as.adjust = (struct tally_adjust){till->number, words, words, words};
        break;
    case TALLY_EVENT_HOLD:
    case TALLY_EVENT_RELEASE:
        event->as.hold = (struct tally_hold){.ref = {(const uint8_t *)lie->ref, strlen(lie->ref)},
                                             .until_ms = 1 + below(INT64_MAX - 1)};
        event->effects.hold = event->type == TALLY_EVENT_RELEASE ? (uint64_t)below(20) : 0;
        break;
    case TALLY_EVENT_AWARD:
        event->as.award.award =
            lie->programme->award_count == 0 || one_in(5)
                ? 1 + (uint32_t)below(9)
                : lie->programme->awards[below((int64_t)lie->programme->award_count)].id;
        event->as.award.other = one_in(2) ? some_account() : 0;
        break;
    case TALLY_EVENT_STANDING:
    case TALLY_EVENT_BLOCK:
        event->as.given = (struct tally_given){words, words};
        break;
    case TALLY_EVENT_TRANSFER:
        event->as.transfer = (struct tally_transfer){some_account(), words, words};
        break;
    case TALLY_EVENT_CARD:
        event->as.card.action = (enum tally_card_action)(1 + below(4));
        memset(event->as.card.handle, (int)below(20), TALLY_HANDLE_LEN);
        memset(event->as.card.old, 30 + (int)below(20), TALLY_HANDLE_LEN);
        break;
    }
}

/* Whether it was one that the codec lets through. */
static bool write_lie(struct lie *lie, struct till *till, const struct till *other)
{
    struct tally_event *event = &lie->event;
    *event = (struct tally_event){
        .type = one_in(2) ? TALLY_EVENT_SALE
                          : (enum tally_event_type)(1 + below(TALLY_EVENT_TYPE_COUNT - 1)),
        .account = some_account(),
        .member = some_account(),
        .programme_version = one_in(20) ? 99 : lie->programme->version};
    snprintf(lie->ref, sizeof lie->ref, "L%llu", (unsigned long long)till->seq);
    if (event->type != TALLY_EVENT_ENROL && event->type != TALLY_EVENT_CARD) {
        lie_of_moves(lie);
        event->effects.counts = lie->counts;
        event->effects.count_count = lie_of_counts(lie->counts, false);
    }
    for (size_t i = 0; i < event->effects.count_count; i++) {
        bool undoes = event->type == TALLY_EVENT_VOID || event->type == TALLY_EVENT_REFUND;
        int64_t *of = &lie->counts[i].amount;
        *of = (*of < 0) != undoes && *of != INT64_MIN && !one_in(20) ? -*of : *of;
    }
    event->effects.has_standing = one_in(6);
    event->effects.has_floor = one_in(12);
    if (event->effects.has_standing) {
        event->effects.standing = (struct tally_standing){some_tier(lie), day(), day()};
    }
    if (event->effects.has_floor) {
        event->effects.floor = (struct tally_standing){some_tier(lie), day(), day()};
    }
    lie_of_body(lie, till, other);
    struct tally_buffer bytes = {0};
    event->id = (struct tally_event_id){till->number, till->epoch, till->seq + 1};
    event->business_day = WORLD_DAY;
    bool can_be = tally_event_encode(event, &bytes) == TALLY_OK;
    tally_buffer_free(&bytes);
    if (can_be) {
        till_write(till, event);
    }
    return can_be;
}

/* ------------------------------------------------------------------ the play */

struct play {
    struct world world;
    struct till till, other;
    struct tally_programme_document *document;
    struct lie lie;
    unsigned taken, refused, opened;
};

static void enrol_all(struct play *play)
{
    char text[HQ_TEXT_MAX];
    const struct hq_act act = {
        .account = FIRST_ACCOUNT, .who = "kim", .reason = "one person", .second = ""};
    for (uint64_t i = 0; i < ACCOUNTS; i++) {
        till_enrol(&play->other, FIRST_ACCOUNT + i, (uint8_t)(100 + i));
    }
    till_push_all(&play->other);
    OK(hq_store_merge(play->world.store, &act, FIRST_ACCOUNT + 1, WORLD_NOW, text));
}

static void push_both(struct play *play, uint64_t first)
{
    struct tally_buffer messages[2] = {{0}, {0}};
    struct hq_push lying = {.accepted = 0}, honest = {.accepted = 0};
    struct hq_push *pushes[] = {&lying, &honest};
    if (play->other.seq < WORLD_JOURNAL_MAX - 1) {
        till_sale(&play->other, FIRST_ACCOUNT + (uint64_t)below(ACCOUNTS), 1 + below(9), 0);
    }
    till_push_encode(&play->till, first, play->till.seq, &messages[0]);
    till_push_encode(&play->other, 1, play->other.seq, &messages[1]);
    lying.message = tally_buffer_slice(&messages[0]);
    honest.message = tally_buffer_slice(&messages[1]);
    memcpy(lying.pin, play->till.pin, TALLY_HASH_LEN);
    memcpy(honest.pin, play->other.pin, TALLY_HASH_LEN);
    OK(hq_store_push(play->world.store, pushes, 2, WORLD_NOW));
    OK(honest.status);
    play->taken += (unsigned)lying.accepted;
    if (lying.status != TALLY_OK) {
        play->refused++;
        till_close(&play->till);
        till_open(&play->world, &play->till, (uint8_t)(3 + play->opened++ % 250), 0);
    }
    tally_buffer_free(&messages[0]);
    tally_buffer_free(&messages[1]);
}

static void play_one(struct play *play)
{
    if (play->till.seq > WORLD_JOURNAL_MAX - 8) {
        till_close(&play->till);
        till_open(&play->world, &play->till, (uint8_t)(3 + play->opened++ % 250), 0);
    }
    uint64_t first = play->till.seq + 1;
    for (int64_t i = 1 + below(3); i > 0; i--) {
        (void)write_lie(&play->lie, &play->till, &play->other);
    }
    if (play->till.seq >= first) {
        push_both(play, first);
    }
}

static void expect_feed(struct play *play)
{
    struct hq_pull pull = {.cursor = 0};
    memcpy(pull.pin, play->other.pin, TALLY_HASH_LEN);
    for (pull.caught_up = false; !pull.caught_up;) {
        struct tally_buffer bytes = {0};
        OK(hq_store_pull(play->world.store, &pull, WORLD_NOW, &bytes));
        assert_true(bytes.len <= TALLY_MSG_LEN_MAX);
        tally_buffer_free(&bytes);
    }
}

static void play_under(struct tally_programme_document *(*publish)(struct world *world))
{
    struct play *play = tally_alloc(1, sizeof *play);
    memset(play, 0, sizeof *play);
    world_open(&play->world);
    play->document = publish(&play->world);
    play->lie.programme = tally_programme_of(play->document);
    till_open(&play->world, &play->till, 1, 0);
    till_open(&play->world, &play->other, 2, 0);
    OK(hq_store_seeds_commit(play->world.store, WORLD_NOW, 2));
    enrol_all(play);
    for (int i = 0; i < ROUNDS; i++) {
        play_one(play);
    }
    struct hq_verified verified;
    enum tally_status status = hq_store_verify(play->world.store, &verified);
    assert_string_equal(verified.difference, "");
    OK(status);
    expect_feed(play);
    print_message("%u events taken, %u pushes refused, %llu flags\n", play->taken, play->refused,
                  (unsigned long long)world_flags(&play->world));
    assert_true(play->taken > 50 && play->refused > 50);
    till_close(&play->till);
    till_close(&play->other);
    tally_programme_document_free(play->document);
    world_close(&play->world);
    tally_free(play);
}

static struct tally_programme_document *club(struct world *world)
{
    return world_publish_with(
        world,
        "\"version\": 1, \"awards\": ["
        "{\"code\": \"hello\", \"kind\": \"sign_up\", \"points\": 30},"
        "{\"code\": \"friend\", \"kind\": \"referrer\", \"points\": 50},"
        "{\"code\": \"welcome\", \"kind\": \"referred\", \"points\": 20},"
        "{\"code\": \"lucky\", \"kind\": \"surprise\", \"every\": 3, \"multiply_pct\": 900}],");
}

static struct tally_programme_document *supermarket(struct world *world)
{
    return world_publish_sample(world, "supermarket.json");
}

static struct tally_programme_document *stamps(struct world *world)
{
    return world_publish_sample(world, "stamps.json");
}

static void lies_under_tiers_and_awards(void **state)
{
    (void)state;
    play_under(club);
}

static void lies_under_a_supermarkets_rules(void **state)
{
    (void)state;
    play_under(supermarket);
}

static void lies_about_stamps(void **state)
{
    (void)state;
    play_under(stamps);
}

int main(void)
{
    seed = seeded_start(20261122);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lies_under_tiers_and_awards),
        cmocka_unit_test(lies_under_a_supermarkets_rules),
        cmocka_unit_test(lies_about_stamps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
