/* SPDX-License-Identifier: Apache-2.0 */
/* One event of every type, any event at all, and whether two are the same. */
#include "tests/unit/proto/events.h"

#include <stdlib.h>

enum { POINTS = TALLY_PURSE_POINTS, STAMPS = 0x5EED, DAY = 20415, LAST_DAY = 20800 };

struct tally_slice text(const char *from)
{
    return (struct tally_slice){(const uint8_t *)from, strlen(from)};
}

#define WORDS(literal)                                                                             \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

/* ------------------------------------------------------------------ samples */

static const struct tally_line lines[] = {
    {WORDS("4006381333931"), WORDS("food,red"), 1000, 1290, 206, 100},
    {{NULL, 0}, {NULL, 0}, 250, 500, 0, 0},
    {WORDS("\xE8\x8B\xB9\xE6\x9E\x9C"), {NULL, 0}, 1, 600000000, 600000000, 0},
};
static const struct tally_tender tenders[] = {{WORDS("cash"), 700}, {WORDS("gift_card"), 1}};
static const struct tally_slice codes[] = {WORDS("SUMMER"), WORDS("x")};
static const struct tally_claim claims[] = {{1, 1}, {0xFFFFFFFF, 3}};
static const struct tally_count used[] = {
    {TALLY_COUNT_EARNED, POINTS, DAY, DAY, 70},
    {TALLY_COUNT_HOUR, 0, 489960, DAY, -1},
};
static const struct tally_line_paid paid[] = {{0, 90, 100}, {1, 0, 7}};
static const struct tally_share shares[] = {
    {0, POINTS, 11, 0}, {0, STAMPS, 1, 0}, {2, POINTS, 60, 0}};
static const struct tally_move sale_moves[] = {
    {TALLY_MOVE_EXPIRE, POINTS, -3, 0, 1},
    {TALLY_MOVE_RELEASE, POINTS, LAST_DAY, 0, 5},
    {TALLY_MOVE_REDEEM_HELD, POINTS, LAST_DAY, DAY, 60},
    {TALLY_MOVE_REDEEM, POINTS, 0, 0, 40},
    {TALLY_MOVE_EARN_DEBT, POINTS, LAST_DAY, 0, 4},
    {TALLY_MOVE_EARN, POINTS, TALLY_DAY_NEVER, DAY + 14, 67},
    {TALLY_MOVE_EARN, STAMPS, INT32_MAX - 1, 0, 1},
    {TALLY_MOVE_REDEEM_EARNED, STAMPS, INT32_MAX - 1, 0, 1},
};
static const struct tally_count sale_counts[] = {
    {TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, 1},
    {TALLY_COUNT_SPEND, 0, DAY - 50, DAY + 315, 1093},
    {TALLY_COUNT_MEMBER, 77, 0, 0, 100},
};
static const struct tally_move void_moves[] = {
    {TALLY_MOVE_UNREDEEM, POINTS, LAST_DAY, 0, 100},
    {TALLY_MOVE_UNEARN, POINTS, LAST_DAY, 0, 70},
    {TALLY_MOVE_UNEARN_DEBT, POINTS, 0, 0, 1},
};
static const struct tally_count void_counts[] = {
    {TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, -1},
};
static const struct tally_move grant_moves[] = {
    {TALLY_MOVE_GRANT, POINTS, LAST_DAY, 0, 70},
    {TALLY_MOVE_GRANT, POINTS, TALLY_DAY_NEVER, 0, 29},
};
static const struct tally_move adjust_moves[] = {
    {TALLY_MOVE_ADJUST_OUT, POINTS, LAST_DAY, 0, 70},
    {TALLY_MOVE_ADJUST_DEBT, POINTS, 0, 0, 2},
};
static const struct tally_move hold_moves[] = {{TALLY_MOVE_HOLD, STAMPS, LAST_DAY, 0, 9}};
static const struct tally_move release_moves[] = {{TALLY_MOVE_RELEASE, STAMPS, LAST_DAY, 0, 9}};
static const struct tally_move award_moves[] = {{TALLY_MOVE_EARN, POINTS, LAST_DAY, 0, 500}};
static const struct tally_count award_counts[] = {
    {TALLY_COUNT_AWARD, 0xA0A0A0A0, DAY, DAY + 365, 1},
};
static const struct tally_move transfer_moves[] = {{TALLY_MOVE_ADJUST_IN, POINTS, LAST_DAY, 0, 3}};
static const struct tally_move merger_moves[] = {
    {TALLY_MOVE_ADJUST_OUT, POINTS, LAST_DAY, 0, 3},
    {TALLY_MOVE_FORGIVE_DEBT, STAMPS, 0, 0, 8},
};
static const struct tally_returned_line returned[] = {{0, 1000, 0}, {4, 500, 250}};

#define MOVES(list)  .moves = (list), .move_count = sizeof(list) / sizeof(list)[0]
#define COUNTS(list) .counts = (list), .count_count = sizeof(list) / sizeof(list)[0]

static struct tally_event an_event(enum tally_event_type type)
{
    return (struct tally_event){
        .id = {7, 2, 900719925474099300},
        .time = UINT64_C(0xFEDCBA9876543210),
        .business_day = DAY,
        .programme_version = 3,
        .type = type,
        .account = 9,
        .member = UINT64_MAX,
    };
}

static struct tally_event a_sale(void)
{
    struct tally_event event = an_event(TALLY_EVENT_SALE);
    event.effects = (struct tally_effects){
        MOVES(sale_moves),
        COUNTS(sale_counts),
        .hold = 41,
        .has_standing = true,
        .standing = {0xC0FFEE, DAY, DAY + 365},
        .active_until_day = DAY + 400,
    };
    event.as.sale = (struct tally_sale){
        .ref = text("till-4/2026-11-22/0001"),
        .cashier = text("\xE7\x8E\x8B"),
        .basket =
            {
                .lines = lines,
                .line_count = 3,
                .tenders = tenders,
                .tender_count = 2,
                .codes = codes,
                .code_count = 2,
                .claims = claims,
                .claim_count = 2,
                .channel = text("web"),
                .shop = 12,
                .points = 100,
            },
        .seen =
            {
                .minute = 1439,
                .tier = 2,
                .visits = 300,
                .days_away = -1,
                .days_member = 400,
                .birthday = TALLY_BIRTHDAY_DAY | TALLY_BIRTHDAY_MONTH,
                .used = used,
                .used_count = 2,
            },
        .total_minor = 600001790,
        .discount_minor = 90,
        .redeemed_minor = 107,
        .paid = paid,
        .paid_count = 2,
        .shares = shares,
        .share_count = 3,
        .standing_before = {1, -1, 2},
    };
    return event;
}

static struct tally_event a_void(void)
{
    struct tally_event event = an_event(TALLY_EVENT_VOID);
    event.effects = (struct tally_effects){MOVES(void_moves), COUNTS(void_counts),
                                           .has_standing = true}; /* back to none at all */
    event.as.reversal = (struct tally_reversal){
        .ref = text("v1"),
        .cashier = text("anna"),
        .sale = {7, 2, 17},
        .sale_day = DAY,
        .amount_minor = 5000,
        .redeemed_minor = 100,
    };
    return event;
}

static struct tally_event a_refund(void)
{
    struct tally_event event = an_event(TALLY_EVENT_REFUND);
    event.effects = (struct tally_effects){MOVES(void_moves)};
    event.as.reversal = (struct tally_reversal){
        .ref = text("r1"),
        .sale = {8, 1, 17},
        .sale_day = DAY - 20,
        .lines = returned,
        .line_count = 2,
        .amount_minor = 1290,
        .redeemed_minor = 100,
    };
    return event;
}

static struct tally_event an_enrolment(void)
{
    struct tally_event event = an_event(TALLY_EVENT_ENROL);
    event.as.enrol = (struct tally_enrol){
        .handle = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
        .home_shop = 3,
        .profile = {(const uint8_t *)"\0sealed\xFF", 8},
        .has_phone_handle = true,
        .referrer = 0x0102030405060708,
    };
    memset(event.as.enrol.phone_handle, 0xA7, TALLY_HANDLE_LEN);
    return event;
}

static struct tally_event an_adjustment(void)
{
    struct tally_event event = an_event(TALLY_EVENT_ADJUST);
    event.id.terminal = TALLY_TERMINAL_HQ;
    event.effects = (struct tally_effects){MOVES(adjust_moves), .has_floor = true,
                                           .floor = {0xC0FFEE, DAY, TALLY_DAY_NEVER}};
    event.as.adjust = (struct tally_adjust){
        .drawer = 7,
        .reason = text("goodwill"),
        .who = text("anna"),
        .second = text("berta"),
    };
    return event;
}

static struct tally_event a_card(enum tally_card_action action)
{
    struct tally_event event = an_event(TALLY_EVENT_CARD);
    event.as.card = (struct tally_card_change){
        .action = action,
        .handle = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
        .reason = text("lost"),
        .who = text("anna"),
    };
    if (action == TALLY_CARD_REPLACE) {
        memset(event.as.card.old, 0xA7, TALLY_HANDLE_LEN);
    }
    return event;
}

static struct tally_event a_block(bool blocked)
{
    struct tally_event event = an_event(TALLY_EVENT_BLOCK);
    event.effects = (struct tally_effects){.has_block = true, .blocked = blocked};
    event.as.given = (struct tally_given){text("stolen"), text("anna")};
    return event;
}

struct tally_event a_sample(enum sample which)
{
    struct tally_event event = {0};
    switch (which) {
    case SAMPLE_SALE:
        return a_sale();
    case SAMPLE_VOID:
        return a_void();
    case SAMPLE_ENROL:
        return an_enrolment();
    case SAMPLE_GRANT:
        event = an_event(TALLY_EVENT_GRANT);
        event.effects = (struct tally_effects){MOVES(grant_moves)};
        event.as.grant = (struct tally_grant){4, 7};
        return event;
    case SAMPLE_ADJUST:
        return an_adjustment();
    case SAMPLE_REFUND:
        return a_refund();
    case SAMPLE_HOLD:
        event = an_event(TALLY_EVENT_HOLD);
        event.effects = (struct tally_effects){MOVES(hold_moves)};
        event.as.hold = (struct tally_hold){text("h1"), text("anna"), 1763800000123};
        return event;
    case SAMPLE_RELEASE:
        event = an_event(TALLY_EVENT_RELEASE);
        event.effects = (struct tally_effects){MOVES(release_moves), .hold = 41};
        event.as.hold = (struct tally_hold){text("h2"), text("anna"), 0};
        return event;
    case SAMPLE_AWARD:
        event = an_event(TALLY_EVENT_AWARD);
        event.effects = (struct tally_effects){MOVES(award_moves), COUNTS(award_counts)};
        event.as.award = (struct tally_award){0xA0A0A0A0, {7, 2, 17}, 10};
        return event;
    case SAMPLE_STANDING:
        event = an_event(TALLY_EVENT_STANDING);
        event.effects = (struct tally_effects){.has_floor = true, .floor = {5, DAY, DAY + 90}};
        event.as.given = (struct tally_given){text("came from elsewhere"), text("anna")};
        return event;
    case SAMPLE_TRANSFER:
        event = an_event(TALLY_EVENT_TRANSFER);
        event.effects = (struct tally_effects){MOVES(transfer_moves)};
        event.as.transfer = (struct tally_transfer){10, text("family"), text("anna")};
        return event;
    case SAMPLE_MERGER:
        event = an_event(TALLY_EVENT_TRANSFER);
        event.effects = (struct tally_effects){MOVES(merger_moves), .merged_into = 10};
        event.as.transfer = (struct tally_transfer){10, text("one person"), text("anna")};
        return event;
    case SAMPLE_CARD:
        return a_card(TALLY_CARD_BLOCK);
    case SAMPLE_REPLACED_CARD:
        return a_card(TALLY_CARD_REPLACE);
    case SAMPLE_BLOCK:
        return a_block(true);
    case SAMPLE_LET_IN:
        return a_block(false);
    case SAMPLE_COUNT:
        break;
    }
    return event;
}

struct tally_event a_small_sale(void)
{
    static const struct tally_line line = {WORDS("4006381333931"), {NULL, 0}, 1000, 2590, 0, 0};
    static const struct tally_move move = {TALLY_MOVE_EARN, POINTS, LAST_DAY, 0, 259};
    static const struct tally_count count = {TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, 1};
    static const struct tally_share share = {0, POINTS, 259, 0};
    return (struct tally_event){
        .id = {12, 1, 123456},
        .time = UINT64_C(1763800000123) << 16,
        .business_day = DAY,
        .programme_version = 3,
        .type = TALLY_EVENT_SALE,
        .account = UINT64_C(0x8F3A55D10C77E29B),
        .member = UINT64_C(0x1B8E02F7A94C6D31),
        .effects = {.moves = &move, .move_count = 1, .counts = &count, .count_count = 1},
        .as.sale =
            {
                .ref = text("4-0123456"),
                .cashier = text("anna"),
                .basket = {.lines = &line, .line_count = 1, .shop = 12},
                .seen = {.minute = 750, .visits = 17, .days_away = 9, .days_member = 312},
                .total_minor = 2590,
                .shares = &share,
                .share_count = 1,
            },
    };
}

/* ------------------------------------------------------------------ any event */

static uint64_t draw(uint64_t *seed)
{
    *seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t x = *seed;
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* 0..max, small ones often, the ends too. */
static uint64_t any_up_to(uint64_t max, uint64_t *seed)
{
    uint64_t kind = draw(seed) % 8, value = draw(seed);
    if (kind == 0) {
        return 0;
    }
    if (kind == 1) {
        return max;
    }
    value = kind < 6 ? value % 1000 : value;
    return max == UINT64_MAX ? value : value % (max + 1);
}

static int64_t any_from(int64_t min, int64_t max, uint64_t *seed)
{
    return min + (int64_t)any_up_to((uint64_t)(max - min), seed);
}

static int32_t any_day(uint64_t *seed)
{
    static const int32_t ends[] = {INT32_MIN, 0, DAY, TALLY_DAY_NEVER - 1, TALLY_DAY_NEVER};
    return draw(seed) % 2 == 0 ? ends[draw(seed) % 5] : (int32_t)draw(seed);
}

static struct tally_slice any_text(size_t len_min, uint64_t *seed)
{
    static const uint8_t letters[] =
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-+";
    _Static_assert(sizeof letters == TALLY_TEXT_LEN_MAX + 1, "enough for the longest text");
    size_t len = (size_t)any_from((int64_t)len_min, TALLY_TEXT_LEN_MAX, seed);
    return (struct tally_slice){len == 0 ? NULL : letters, len};
}

static int by_move(const void *left, const void *right)
{
    return tally_move_compare(left, right);
}

static int by_count(const void *left, const void *right)
{
    return tally_count_compare(left, right);
}

/* Kinds that a type may have beside EXPIRE. */
static size_t kinds_of(enum tally_event_type type, enum tally_move_kind ret_kinds[3])
{
    static const enum tally_move_kind kinds[][3] = {
        [TALLY_EVENT_SALE] = {TALLY_MOVE_REDEEM, TALLY_MOVE_EARN, TALLY_MOVE_REDEEM_EARNED},
        [TALLY_EVENT_VOID] = {TALLY_MOVE_UNREDEEM, TALLY_MOVE_UNEARN, TALLY_MOVE_UNEARN_DEBT},
        [TALLY_EVENT_REFUND] = {TALLY_MOVE_UNREDEEM, TALLY_MOVE_UNEARN, TALLY_MOVE_UNEARN_DEBT},
        [TALLY_EVENT_GRANT] = {TALLY_MOVE_GRANT},
        [TALLY_EVENT_ADJUST] = {TALLY_MOVE_ADJUST_IN, TALLY_MOVE_ADJUST_OUT,
                                TALLY_MOVE_ADJUST_DEBT},
        [TALLY_EVENT_HOLD] = {TALLY_MOVE_HOLD},
        [TALLY_EVENT_RELEASE] = {TALLY_MOVE_RELEASE},
        [TALLY_EVENT_AWARD] = {TALLY_MOVE_EARN_DEBT, TALLY_MOVE_EARN},
        [TALLY_EVENT_TRANSFER] = {TALLY_MOVE_ADJUST_OUT, TALLY_MOVE_FORGIVE_DEBT},
    };
    size_t count = 0;
    if ((size_t)type < sizeof kinds / sizeof kinds[0]) {
        for (; count < 3 && kinds[type][count] != 0; count++) {
            ret_kinds[count] = kinds[type][count];
        }
    }
    return count;
}

static size_t any_moves(struct any_event *any, uint64_t *seed)
{
    enum tally_move_kind kinds[3];
    size_t kind_count = kinds_of(any->event.type, kinds), count = 0, kept = 0;
    if (kind_count == 0) {
        return 0;
    }
    bool needed = any->event.type >= TALLY_EVENT_GRANT && any->event.type < TALLY_EVENT_CARD;
    count = (size_t)any_from(needed, 12, seed);
    for (size_t i = 0; i < count; i++) {
        enum tally_move_kind kind = kinds[draw(seed) % kind_count];
        bool has_lot = kind != TALLY_MOVE_UNEARN_DEBT && kind != TALLY_MOVE_ADJUST_DEBT &&
                       kind != TALLY_MOVE_FORGIVE_DEBT;
        any->moves[i] = (struct tally_move){
            .kind = kind,
            .purse = draw(seed) % 2 == 0 ? 0 : (uint32_t)draw(seed),
            .expires_day = has_lot ? any_day(seed) : 0,
            .from_day = has_lot ? any_day(seed) : 0,
            .points = any_from(1, TALLY_POINTS_MAX / 12, seed),
        };
    }
    qsort(any->moves, count, sizeof any->moves[0], by_move);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || tally_move_compare(&any->moves[kept - 1], &any->moves[i]) != 0) {
            any->moves[kept++] = any->moves[i];
        }
    }
    return kept;
}

static size_t any_counts(struct tally_count *counts, size_t max, uint64_t *seed)
{
    size_t count = (size_t)any_from(0, (int64_t)max, seed), kept = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t one = any_day(seed), other = any_day(seed);
        counts[i] = (struct tally_count){
            .what = (enum tally_counter)any_from(TALLY_COUNT_SALES, TALLY_COUNT_AWARD, seed),
            .of = draw(seed) % 2 == 0 ? 0 : (uint32_t)draw(seed),
            .from_day = one < other ? one : other,
            .until_day = one < other ? other : one,
            .amount = any_from(1, TALLY_MONEY_MAX, seed) * (draw(seed) % 2 == 0 ? 1 : -1),
        };
    }
    qsort(counts, count, sizeof counts[0], by_count);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || tally_count_compare(&counts[kept - 1], &counts[i]) != 0) {
            counts[kept++] = counts[i];
        }
    }
    return kept;
}

static struct tally_standing any_standing(uint64_t *seed)
{
    return (struct tally_standing){(uint32_t)any_up_to(UINT32_MAX, seed), any_day(seed),
                                   any_day(seed)};
}

static void any_effects(struct any_event *any, uint64_t *seed)
{
    struct tally_effects *effects = &any->event.effects;
    enum tally_event_type type = any->event.type;
    effects->moves = any->moves;
    effects->move_count = any_moves(any, seed);
    effects->hold = type == TALLY_EVENT_RELEASE ? 1 + any_up_to(UINT64_MAX - 1, seed) : 0;
    effects->merged_into =
        type == TALLY_EVENT_TRANSFER ? any_up_to(UINT64_MAX, seed) : effects->merged_into;
    effects->has_block = type == TALLY_EVENT_BLOCK;
    effects->blocked = effects->has_block && draw(seed) % 2 == 0;
    if (type == TALLY_EVENT_GRANT || type == TALLY_EVENT_HOLD || type == TALLY_EVENT_RELEASE ||
        type >= TALLY_EVENT_CARD) {
        return;
    }
    effects->counts = any->counts;
    effects->count_count = any_counts(any->counts, 12, seed);
    effects->has_standing = draw(seed) % 2 == 0;
    effects->has_floor = type == TALLY_EVENT_STANDING || draw(seed) % 2 == 0;
    effects->standing = effects->has_standing ? any_standing(seed) : effects->standing;
    effects->floor = effects->has_floor ? any_standing(seed) : effects->floor;
    effects->active_until_day = any_day(seed);
}

static struct tally_basket any_basket(struct any_event *any, uint64_t *seed)
{
    struct tally_basket basket = {
        .lines = any->lines,
        .line_count = (size_t)any_from(1, 8, seed),
        .tenders = any->tenders,
        .tender_count = (size_t)any_from(0, 4, seed),
        .codes = any->codes,
        .code_count = (size_t)any_from(0, 4, seed),
        .claims = any->claims,
        .claim_count = (size_t)any_from(0, 4, seed),
        .channel = any_text(0, seed),
        .shop = (uint32_t)any_up_to(UINT32_MAX, seed),
        .points = any_from(0, TALLY_POINTS_MAX, seed),
    };
    for (size_t i = 0; i < basket.line_count; i++) {
        int64_t amount = any_from(0, TALLY_MONEY_MAX / 8, seed);
        any->lines[i] = (struct tally_line){
            .sku = any_text(0, seed),
            .categories = any_text(0, seed),
            .quantity_milli = any_from(1, TALLY_MONEY_MAX / 8, seed),
            .amount_minor = amount,
            .tax_minor = any_from(0, amount, seed),
            .discount_minor = any_from(0, TALLY_MONEY_MAX / 8, seed),
        };
    }
    for (size_t i = 0; i < 4; i++) {
        any->tenders[i] =
            (struct tally_tender){any_text(1, seed), any_from(1, TALLY_MONEY_MAX / 4, seed)};
        any->codes[i] = any_text(1, seed);
        any->claims[i] = (struct tally_claim){(uint32_t)(1000 * i + 1 + draw(seed) % 1000),
                                              (uint32_t)any_from(1, UINT32_MAX, seed)};
    }
    return basket;
}

static void any_sale(struct any_event *any, uint64_t *seed)
{
    struct tally_sale *sale = &any->event.as.sale;
    *sale = (struct tally_sale){
        .ref = any_text(1, seed),
        .cashier = any_text(0, seed),
        .basket = any_basket(any, seed),
        .seen =
            {
                .minute = (int32_t)any_from(0, 1439, seed),
                .tier = (uint32_t)any_up_to(UINT32_MAX, seed),
                .visits = any_from(0, INT64_MAX, seed),
                .days_away = (int32_t)any_from(-1, INT32_MAX, seed),
                .days_member = (int32_t)any_from(0, INT32_MAX, seed),
                .birthday = (uint32_t)any_from(0, 7, seed),
                .used = any->used,
                .used_count = any_counts(any->used, 6, seed),
            },
        .discount_minor = any_from(0, TALLY_MONEY_MAX, seed),
        .redeemed_minor = any_from(0, TALLY_MONEY_MAX, seed),
        .paid = any->paid,
        .shares = any->shares,
        .exchanges = any->exchanges,
        .exchange_count = (size_t)any_from(0, 4, seed),
        .standing_before = any_standing(seed),
    };
    for (size_t i = 0; i < sale->exchange_count; i++) {
        int64_t gives = any_from(0, 1000, seed);
        any->exchanges[i] = (struct tally_exchange){
            (uint32_t)any_from(1, 1000, seed), (uint32_t)any_up_to(UINT32_MAX, seed),
            any_from(1, TALLY_POINTS_MAX / 1000, seed),
            gives > 0 ? (uint32_t)any_up_to(UINT32_MAX, seed) : 0, gives};
    }
    for (size_t i = 0; i < sale->basket.line_count; i++) {
        int64_t amount = any->lines[i].amount_minor, discount = any_from(0, amount, seed);
        int64_t points = any_from(0, amount - discount, seed);
        sale->total_minor += amount;
        if (discount > 0 || points > 0) {
            any->paid[sale->paid_count++] = (struct tally_line_paid){(uint32_t)i, discount, points};
        }
        for (uint32_t purse = 0; purse < 2 && draw(seed) % 2 == 0; purse++) {
            any->shares[sale->share_count++] = (struct tally_share){
                (uint32_t)i, purse * STAMPS, any_from(1, TALLY_POINTS_MAX, seed),
                any_up_to(1, seed) == 0 ? 0 : any_from(1, TALLY_POINTS_MAX, seed)};
        }
    }
}

static void any_reversal(struct any_event *any, uint64_t *seed)
{
    struct tally_reversal *reversal = &any->event.as.reversal;
    *reversal = (struct tally_reversal){
        .ref = any_text(1, seed),
        .cashier = any_text(0, seed),
        .sale = {(uint32_t)draw(seed), (uint32_t)draw(seed), 1 + any_up_to(1000000, seed)},
        .sale_day = (int32_t)any_from(10957, 84005, seed),
        .amount_minor = any_from(0, TALLY_MONEY_MAX, seed),
    };
    reversal->redeemed_minor = any_from(0, reversal->amount_minor, seed);
    if (any->event.type == TALLY_EVENT_REFUND) {
        reversal->lines = any->returned;
        reversal->line_count = (size_t)any_from(1, 8, seed);
    }
    for (size_t i = 0; i < reversal->line_count; i++) {
        any->returned[i] = (struct tally_returned_line){(uint32_t)(100 * i + draw(seed) % 100),
                                                        any_from(1, INT64_MAX / 2, seed),
                                                        any_from(0, INT64_MAX / 2, seed)};
    }
}

static void any_enrolment(struct tally_event *event, uint64_t *seed)
{
    event->member = 1 + any_up_to(UINT64_MAX - 1, seed);
    event->as.enrol = (struct tally_enrol){
        .home_shop = (uint32_t)any_up_to(UINT32_MAX, seed),
        .profile = any_text(0, seed),
        .has_phone_handle = draw(seed) % 2 == 0,
        .referrer = any_up_to(UINT64_MAX, seed),
    };
    memset(event->as.enrol.handle, (int)(draw(seed) & 0x7F), TALLY_HANDLE_LEN);
    if (event->as.enrol.has_phone_handle) {
        memset(event->as.enrol.phone_handle, (int)(0x80 | (draw(seed) & 0x7F)), TALLY_HANDLE_LEN);
    }
}

static void any_card(struct tally_event *event, uint64_t *seed)
{
    event->member = 1 + any_up_to(UINT64_MAX - 1, seed);
    event->as.card = (struct tally_card_change){
        .action = (enum tally_card_action)any_from(TALLY_CARD_LINK, TALLY_CARD_UNBLOCK, seed),
        .reason = any_text(0, seed),
        .who = any_text(0, seed),
    };
    memset(event->as.card.handle, (int)(draw(seed) & 0x7F), TALLY_HANDLE_LEN);
    if (event->as.card.action == TALLY_CARD_REPLACE) {
        memset(event->as.card.old, (int)(0x80 | (draw(seed) & 0x7F)), TALLY_HANDLE_LEN);
    }
}

static void any_what(struct any_event *any, uint64_t *seed)
{
    struct tally_event *event = &any->event;
    switch (event->type) {
    case TALLY_EVENT_SALE:
        any_sale(any, seed);
        break;
    case TALLY_EVENT_VOID:
    case TALLY_EVENT_REFUND:
        any_reversal(any, seed);
        break;
    case TALLY_EVENT_ENROL:
        any_enrolment(event, seed);
        break;
    case TALLY_EVENT_GRANT:
        event->as.grant = (struct tally_grant){1 + any_up_to(UINT64_MAX - 1, seed),
                                               (uint32_t)any_from(1, UINT32_MAX, seed)};
        break;
    case TALLY_EVENT_ADJUST:
        event->as.adjust =
            (struct tally_adjust){(uint32_t)any_up_to(UINT32_MAX, seed), any_text(1, seed),
                                  any_text(1, seed), any_text(0, seed)};
        break;
    case TALLY_EVENT_HOLD:
    case TALLY_EVENT_RELEASE:
        event->as.hold =
            (struct tally_hold){any_text(1, seed), any_text(0, seed), any_from(1, INT64_MAX, seed)};
        break;
    case TALLY_EVENT_AWARD:
        event->as.award = (struct tally_award){(uint32_t)any_from(1, UINT32_MAX, seed),
                                               {(uint32_t)any_up_to(UINT32_MAX, seed),
                                                (uint32_t)any_up_to(UINT32_MAX, seed),
                                                any_up_to(UINT64_MAX, seed)},
                                               any_up_to(UINT64_MAX, seed)};
        break;
    case TALLY_EVENT_STANDING:
    case TALLY_EVENT_BLOCK:
        event->as.given = (struct tally_given){any_text(1, seed), any_text(0, seed)};
        break;
    case TALLY_EVENT_TRANSFER:
        event->account = 1;
        event->as.transfer = (struct tally_transfer){2 + any_up_to(UINT64_MAX - 2, seed),
                                                     any_text(0, seed), any_text(0, seed)};
        break;
    case TALLY_EVENT_CARD:
        any_card(event, seed);
        break;
        break;
    }
}

void make_any_event(struct any_event *any, uint64_t *seed)
{
    memset(any, 0, sizeof *any);
    any->event = (struct tally_event){
        .id = {(uint32_t)any_up_to(UINT32_MAX, seed), (uint32_t)any_up_to(UINT32_MAX, seed),
               1 + any_up_to(UINT64_MAX - 1, seed)},
        .time = any_up_to(UINT64_MAX, seed),
        .business_day = (int32_t)any_from(10957, 84005, seed),
        .programme_version = (uint32_t)any_up_to(UINT32_MAX, seed),
        .type = (enum tally_event_type)(1 + draw(seed) % (TALLY_EVENT_TYPE_COUNT - 1)),
        .account = 1 + any_up_to(UINT64_MAX - 1, seed),
        .member = any_up_to(UINT64_MAX, seed),
    };
    any_what(any, seed);
    any_effects(any, seed);
}

/* ------------------------------------------------------------------ the same */

void expect_same(struct tally_slice left, struct tally_slice right)
{
    assert_int_equal(left.len, right.len);
    if (left.len > 0) {
        assert_memory_equal(left.data, right.data, left.len);
    }
}

/* Arrays of structs without padding in between are compared field by field all the same. */
#define SAME(field) assert_true(left->field == right->field)

static void expect_same_id(struct tally_event_id left, struct tally_event_id right)
{
    assert_true(left.terminal == right.terminal && left.epoch == right.epoch &&
                left.seq == right.seq);
}

static void expect_same_standing(const struct tally_standing *left,
                                 const struct tally_standing *right)
{
    SAME(tier);
    SAME(since_day);
    SAME(until_day);
}

static void expect_same_counts(const struct tally_count *left, const struct tally_count *right,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(tally_count_compare(&left[i], &right[i]), 0);
        assert_true(left[i].amount == right[i].amount);
    }
}

static void expect_same_effects(const struct tally_effects *left, const struct tally_effects *right)
{
    SAME(move_count);
    SAME(count_count);
    for (size_t i = 0; i < left->move_count; i++) {
        assert_int_equal(tally_move_compare(&left->moves[i], &right->moves[i]), 0);
        SAME(moves[i].points);
    }
    expect_same_counts(left->counts, right->counts, left->count_count);
    SAME(hold);
    SAME(has_standing);
    expect_same_standing(&left->standing, &right->standing);
    SAME(has_floor);
    expect_same_standing(&left->floor, &right->floor);
    SAME(active_until_day);
    SAME(merged_into);
    SAME(has_block);
    SAME(blocked);
}

static void expect_same_basket(const struct tally_basket *left, const struct tally_basket *right)
{
    SAME(line_count);
    SAME(tender_count);
    SAME(code_count);
    SAME(claim_count);
    for (size_t i = 0; i < left->line_count; i++) {
        expect_same(left->lines[i].sku, right->lines[i].sku);
        expect_same(left->lines[i].categories, right->lines[i].categories);
        SAME(lines[i].quantity_milli);
        SAME(lines[i].amount_minor);
        SAME(lines[i].tax_minor);
        SAME(lines[i].discount_minor);
    }
    for (size_t i = 0; i < left->tender_count; i++) {
        expect_same(left->tenders[i].kind, right->tenders[i].kind);
        SAME(tenders[i].amount_minor);
    }
    for (size_t i = 0; i < left->code_count; i++) {
        expect_same(left->codes[i], right->codes[i]);
    }
    for (size_t i = 0; i < left->claim_count; i++) {
        SAME(claims[i].reward);
        SAME(claims[i].times);
    }
    expect_same(left->channel, right->channel);
    SAME(shop);
    SAME(points);
}

static void expect_same_seen(const struct tally_seen *left, const struct tally_seen *right)
{
    SAME(minute);
    SAME(tier);
    SAME(visits);
    SAME(days_away);
    SAME(days_member);
    SAME(birthday);
    SAME(used_count);
    expect_same_counts(left->used, right->used, left->used_count);
}

static void expect_same_sale(const struct tally_sale *left, const struct tally_sale *right)
{
    expect_same(left->ref, right->ref);
    expect_same(left->cashier, right->cashier);
    expect_same_basket(&left->basket, &right->basket);
    expect_same_seen(&left->seen, &right->seen);
    SAME(total_minor);
    SAME(discount_minor);
    SAME(redeemed_minor);
    SAME(paid_count);
    for (size_t i = 0; i < left->paid_count; i++) {
        SAME(paid[i].line);
        SAME(paid[i].discount_minor);
        SAME(paid[i].points_minor);
    }
    SAME(share_count);
    for (size_t i = 0; i < left->share_count; i++) {
        SAME(shares[i].line);
        SAME(shares[i].purse);
        SAME(shares[i].points);
        SAME(shares[i].cut);
    }
    SAME(exchange_count);
    for (size_t i = 0; i < left->exchange_count; i++) {
        SAME(exchanges[i].times);
        SAME(exchanges[i].cost_purse);
        SAME(exchanges[i].cost);
        SAME(exchanges[i].purse);
        SAME(exchanges[i].gives);
    }
    expect_same_standing(&left->standing_before, &right->standing_before);
}

static void expect_same_reversal(const struct tally_reversal *left,
                                 const struct tally_reversal *right)
{
    expect_same(left->ref, right->ref);
    expect_same(left->cashier, right->cashier);
    expect_same_id(left->sale, right->sale);
    SAME(sale_day);
    SAME(line_count);
    for (size_t i = 0; i < left->line_count; i++) {
        SAME(lines[i].line);
        SAME(lines[i].quantity_milli);
        SAME(lines[i].quantity_before_milli);
    }
    SAME(amount_minor);
    SAME(redeemed_minor);
}

static void expect_same_enrolment(const struct tally_enrol *left, const struct tally_enrol *right)
{
    assert_memory_equal(left->handle, right->handle, TALLY_HANDLE_LEN);
    SAME(home_shop);
    expect_same(left->profile, right->profile);
    SAME(has_phone_handle);
    if (left->has_phone_handle) {
        assert_memory_equal(left->phone_handle, right->phone_handle, TALLY_HANDLE_LEN);
    }
    SAME(referrer);
}

static void expect_same_what(const struct tally_event *left, const struct tally_event *right)
{
    switch (left->type) {
    case TALLY_EVENT_SALE:
        expect_same_sale(&left->as.sale, &right->as.sale);
        break;
    case TALLY_EVENT_VOID:
    case TALLY_EVENT_REFUND:
        expect_same_reversal(&left->as.reversal, &right->as.reversal);
        break;
    case TALLY_EVENT_ENROL:
        expect_same_enrolment(&left->as.enrol, &right->as.enrol);
        break;
    case TALLY_EVENT_GRANT:
        SAME(as.grant.grant_seq);
        SAME(as.grant.to_terminal);
        break;
    case TALLY_EVENT_ADJUST:
        SAME(as.adjust.drawer);
        expect_same(left->as.adjust.reason, right->as.adjust.reason);
        expect_same(left->as.adjust.who, right->as.adjust.who);
        expect_same(left->as.adjust.second, right->as.adjust.second);
        break;
    case TALLY_EVENT_HOLD:
    case TALLY_EVENT_RELEASE:
        expect_same(left->as.hold.ref, right->as.hold.ref);
        expect_same(left->as.hold.cashier, right->as.hold.cashier);
        SAME(as.hold.until_ms);
        break;
    case TALLY_EVENT_AWARD:
        SAME(as.award.award);
        expect_same_id(left->as.award.why, right->as.award.why);
        SAME(as.award.other);
        break;
    case TALLY_EVENT_STANDING:
    case TALLY_EVENT_BLOCK:
        expect_same(left->as.given.reason, right->as.given.reason);
        expect_same(left->as.given.who, right->as.given.who);
        break;
    case TALLY_EVENT_TRANSFER:
        SAME(as.transfer.other);
        expect_same(left->as.transfer.reason, right->as.transfer.reason);
        expect_same(left->as.transfer.who, right->as.transfer.who);
        break;
    case TALLY_EVENT_CARD:
        SAME(as.card.action);
        assert_memory_equal(left->as.card.handle, right->as.card.handle, TALLY_HANDLE_LEN);
        assert_memory_equal(left->as.card.old, right->as.card.old, TALLY_HANDLE_LEN);
        expect_same(left->as.card.reason, right->as.card.reason);
        expect_same(left->as.card.who, right->as.card.who);
        break;
        break;
    }
}

void expect_same_event(const struct tally_event *left, const struct tally_event *right)
{
    expect_same_id(left->id, right->id);
    SAME(time);
    SAME(business_day);
    SAME(programme_version);
    SAME(type);
    SAME(account);
    SAME(member);
    expect_same_effects(&left->effects, &right->effects);
    expect_same_what(left, right);
}
