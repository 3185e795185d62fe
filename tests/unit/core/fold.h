/* tests/unit/core/fold.h: accounts and events to test the fold with, under no programme. */
#ifndef TALLY_TESTS_FOLD_H
#define TALLY_TESTS_FOLD_H

#include "app/core/account.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    FOLD_LOTS = 512,
    FOLD_COUNTS = 512,
    FOLD_PURSES = 128,
    FOLD_HOLDS = 128,
    FOLD_MOVES = 32,
    FOLD_BYTES = 40000,
    TERMINAL = 7,
    OTHER_TERMINAL = 8,
    ACCOUNT = 9,
    TODAY = 20779 /* 2026-11-22 */
};

struct fold_arrays {
    struct tally_purse purses[FOLD_PURSES];
    struct tally_lot lots[FOLD_LOTS];
    struct tally_count counts[FOLD_COUNTS];
    struct tally_open_hold holds[FOLD_HOLDS];
};

/* An account and the arrays that its next change is written into. */
struct fold {
    struct tally_account account;
    struct tally_account spare;
    struct fold_arrays arrays[2];
};

static inline struct tally_account an_account_in(struct fold_arrays *arrays)
{
    struct tally_account account = {
        .purses = arrays->purses,
        .lots = arrays->lots,
        .counts = arrays->counts,
        .holds = arrays->holds,
        .room = {FOLD_PURSES, FOLD_LOTS, FOLD_COUNTS, FOLD_HOLDS},
    };
    tally_account_clear(&account);
    return account;
}

static inline struct tally_account *opened(struct fold *fold)
{
    fold->account = an_account_in(&fold->arrays[0]);
    fold->spare = an_account_in(&fold->arrays[1]);
    return &fold->account;
}

/* An event with arrays of its own. */
struct happening {
    struct tally_event event;
    struct tally_move moves[FOLD_MOVES];
    size_t move_count;
    struct tally_count counts[FOLD_MOVES];
    size_t count_count;
};

static inline struct happening a_happening(enum tally_event_type type, uint32_t terminal,
                                           uint64_t seq)
{
    struct happening happening = {
        .event = {.id = {terminal, 1, seq},
                  .time = seq << 16,
                  .business_day = TODAY,
                  .type = type,
                  .account = ACCOUNT},
    };
    if (type == TALLY_EVENT_ADJUST) {
        happening.event.as.adjust.drawer = terminal;
    }
    return happening;
}

static inline void moves(struct happening *happening, enum tally_move_kind kind, uint32_t purse,
                         int32_t expires_day, int32_t from_day, int64_t points)
{
    assert_true(happening->move_count < FOLD_MOVES);
    happening->moves[happening->move_count++] =
        (struct tally_move){kind, purse, expires_day, from_day, points};
}

static inline void counts(struct happening *happening, enum tally_counter what, uint32_t of,
                          int32_t from_day, int32_t until_day, int64_t amount)
{
    assert_true(happening->count_count < FOLD_MOVES);
    happening->counts[happening->count_count++] =
        (struct tally_count){what, of, from_day, until_day, amount};
}

static inline const struct tally_event *event_of(struct happening *happening)
{
    happening->event.effects.moves = happening->moves;
    happening->event.effects.move_count = happening->move_count;
    happening->event.effects.counts = happening->counts;
    happening->event.effects.count_count = happening->count_count;
    return &happening->event;
}

static inline size_t bytes_of(const struct tally_account *account, uint8_t *bytes)
{
    size_t len = 0;
    assert_int_equal(tally_account_encode(account, bytes, FOLD_BYTES, &len), TALLY_OK);
    assert_int_equal(tally_account_encoded_len(account), len);
    return len;
}

static inline bool is_same(const struct tally_account *left, const struct tally_account *right)
{
    static uint8_t bytes[2][FOLD_BYTES];
    size_t left_len = bytes_of(left, bytes[0]), right_len = bytes_of(right, bytes[1]);
    return left_len == right_len && memcmp(bytes[0], bytes[1], left_len) == 0;
}

/* Applies it, and conservation holds afterwards. */
static inline void applied(struct fold *fold, struct happening *happening)
{
    assert_int_equal(tally_account_apply(&fold->account, event_of(happening), &fold->spare),
                     TALLY_OK);
    struct tally_account before = fold->account;
    fold->account = fold->spare;
    fold->spare = before;
    assert_int_equal(tally_account_check(&fold->account), TALLY_OK);
    assert_true(fold->account.last.seq == happening->event.id.seq);
}

/* Refused with this status; the account, and what was in `after`, are as they were. */
static inline void apply_is_refused(struct fold *fold, struct happening *happening,
                                    enum tally_status status)
{
    static uint8_t before[FOLD_BYTES], after[FOLD_BYTES];
    size_t len = bytes_of(&fold->account, before);
    struct tally_account spare = fold->spare;
    assert_int_equal(tally_account_apply(&fold->account, event_of(happening), &fold->spare),
                     status);
    assert_int_equal(bytes_of(&fold->account, after), len);
    assert_memory_equal(before, after, len);
    assert_memory_equal(&spare, &fold->spare, sizeof spare);
}

/* Points into a drawer, as a person gives them. */
static inline void given(struct fold *fold, uint32_t drawer, uint32_t purse, int32_t expires_day,
                         int64_t points)
{
    struct happening adjusted = a_happening(TALLY_EVENT_ADJUST, TALLY_TERMINAL_HQ, 1);
    adjusted.event.as.adjust.drawer = drawer;
    moves(&adjusted, TALLY_MOVE_ADJUST_IN, purse, expires_day, 0, points);
    applied(fold, &adjusted);
}

/* "7/0:20000=30 7/5#12:20500>20400=5": drawer/purse#hold:last day>first day=points */
static inline void lots_are(const struct tally_account *account, const char *expected)
{
    char text[2048] = "";
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        char hold[24] = "", from[24] = "", one[160];
        if (lot->hold != 0) {
            snprintf(hold, sizeof hold, "#%" PRIu64, lot->hold);
        }
        if (lot->from_day != 0) {
            snprintf(from, sizeof from, ">%" PRId32, lot->from_day);
        }
        snprintf(one, sizeof one, "%s%" PRIu32 "/%" PRIu32 "%s:%" PRId32 "%s=%" PRId64,
                 i > 0 ? " " : "", lot->drawer, lot->purse, hold, lot->expires_day, from,
                 lot->points);
        strncat(text, one, sizeof text - strlen(text) - 1);
    }
    assert_string_equal(text, expected);
}

/* "earned redeemed expired adjusted debt" of one purse */
static inline void purse_is(const struct tally_account *account, uint32_t purse,
                            const char *expected)
{
    struct tally_purse totals = tally_account_purse(account, purse);
    char text[160];
    snprintf(text, sizeof text, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
             totals.earned, totals.redeemed, totals.expired, totals.adjusted, totals.debt);
    assert_string_equal(text, expected);
}

#endif
