/* SPDX-License-Identifier: Apache-2.0 */
/* The club, and its members' swipes by our terminal and by its peers, taking turns. */
#include "tools/measure/swipe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/alloc.h"
#include "app/crypto/seal.h"
#include "app/proto/messages.h"
#include "app/terminal/ledger.h"

enum { WAYS = 3, PATH_LEN_MAX = 1024, OTHER_TERMINAL = 9 };

/* ------------------------------------------------------------------ the club */

static void make_card(struct swipe_club *club, struct swipe_person *person)
{
    char digits[TALLY_CARD_LEN_MAX];
    int len = snprintf(digits, sizeof digits, "600585%011" PRIu64, person->member);
    person->card = (struct tally_card){
        .kind = TALLY_CARD_NUMBER, .entry = TALLY_ENTRY_SWIPED, .len = (uint8_t)len};
    memcpy(person->card.bytes, digits, (size_t)len);
    bench_check(tally_card_handle(club->card_key, &person->card, person->handle), "handle");
}

static void make_profile(const struct swipe_club *club, struct swipe_person *person)
{
    char phone[16];
    struct tally_buffer plain = {0};
    snprintf(person->name, sizeof person->name, "%s %05" PRIu64,
             person->member % 2 == 0 ? "王小明" : "Anna Example", person->member);
    snprintf(phone, sizeof phone, "139%08" PRIu64, person->member);
    struct tally_msg_profile profile = {.name = tally_slice_text(person->name),
                                        .phone = tally_slice_text(phone)};
    bench_check(tally_msg_profile_encode(&profile, &plain), "profile");
    bench_check(tally_profile_seal(club->data_key, person->member, tally_buffer_slice(&plain),
                                   &person->profile, &person->wrapped_key),
                "seal");
    tally_buffer_wipe(&plain);
}

/* Points held at head office and at another terminal; every tier occurs. */
static void make_account(struct swipe_person *person, int32_t today)
{
    const struct tally_period year = {TALLY_PERIOD_YEAR, 0};
    struct tally_span span = tally_period_span(year, 0, today);
    struct tally_span next = tally_period_next(year, 0, span);
    person->lots[0] =
        (struct tally_lot){.drawer = TALLY_TERMINAL_HQ, .expires_day = today + 100, .points = 500};
    person->lots[1] = (struct tally_lot){.drawer = OTHER_TERMINAL,
                                         .expires_day = today + 200,
                                         .points = 100 + (int64_t)(person->member % 1000)};
    person->points =
        (struct tally_purse){.earned = person->lots[0].points + person->lots[1].points};
    person->counts[0] = (struct tally_count){TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER,
                                             1 + (int64_t)(person->member % 300)};
    person->counts[1] = (struct tally_count){TALLY_COUNT_SPEND, 0, span.from_day, next.until_day,
                                             1 + (int64_t)(person->member * 7919 % 2500000)};
    person->account =
        (struct tally_account){.id = person->member,
                               .since_day = today - 400,
                               .last_sale_day = today - 1,
                               .newest_day = today - 1,
                               .purses = &person->points,
                               .purse_count = 1,
                               .lots = person->lots,
                               .lot_count = SWIPE_LOTS,
                               .counts = person->counts,
                               .count_count = SWIPE_COUNTS,
                               .room = {.purses = 1, .lots = SWIPE_LOTS, .counts = SWIPE_COUNTS}};
    struct tally_buffer *bytes = &person->account_bytes;
    bench_check(tally_buffer_reserve(bytes, tally_account_encoded_len(&person->account)),
                "account");
    bench_check(tally_account_encode(&person->account, bytes->data, bytes->cap, &bytes->len),
                "account");
}

static void make_club(struct swipe_club *club, size_t count)
{
    int32_t today = tally_day_from_ms(ledger_now_ms(), 0);
    club->count = count;
    club->people = tally_alloc(count, sizeof club->people[0]);
    if (club->people == NULL) {
        bench_die("no memory");
    }
    bench_check(tally_random(club->card_key, sizeof club->card_key), "key");
    bench_check(tally_random(club->data_key, sizeof club->data_key), "key");
    for (size_t i = 0; i < count; i++) {
        club->people[i].member = i + 1;
        make_card(club, &club->people[i]);
        make_profile(club, &club->people[i]);
        make_account(&club->people[i], today);
    }
}

static void free_club(struct swipe_club *club)
{
    for (size_t i = 0; i < club->count; i++) {
        tally_buffer_free(&club->people[i].account_bytes);
        tally_buffer_free(&club->people[i].profile);
        tally_buffer_free(&club->people[i].wrapped_key);
        tally_buffer_free(&club->people[i].line);
    }
    tally_free(club->people);
}

/* ------------------------------------------------------------------ measuring */

struct turn {
    const struct swipe_way *way;
    void *self;
    char dir[PATH_LEN_MAX];
    double *us; /* of every swipe, round after round */
};

/* Each card once: it warms what there is to warm, and ours, the first, leaves its lines. */
static void open_way(struct turn *turn, const struct bench_options *options,
                     struct swipe_club *club)
{
    snprintf(turn->dir, sizeof turn->dir, "%s/swipe-%s-%ld", options->dir, turn->way->name,
             (long)getpid());
    if (mkdir(turn->dir, 0700) != 0) {
        bench_die("%s: %s", turn->dir, strerror(errno));
    }
    turn->us = tally_alloc((size_t)(options->rounds * options->swipes), sizeof turn->us[0]);
    if (turn->us == NULL) {
        bench_die("no memory");
    }
    turn->self = turn->way->open(turn->dir, club);
    for (size_t i = 0; i < club->count; i++) {
        turn->way->swipe(turn->self, &club->people[i]);
        turn->way->settle(turn->self, &club->people[i]);
    }
}

static void swipe_round(struct turn *turn, const struct bench_options *options,
                        struct swipe_club *club, double *us)
{
    uint64_t seed = options->seed;
    for (size_t i = 0; i < options->swipes; i++) {
        struct swipe_person *person = &club->people[bench_random(&seed) % club->count];
        double start = bench_now_s();
        turn->way->swipe(turn->self, person);
        us[i] = (bench_now_s() - start) * 1e6;
        turn->way->settle(turn->self, person);
    }
}

static void close_way(struct turn *turn)
{
    turn->way->close(turn->self);
    bench_remove(turn->dir);
    tally_free(turn->us);
}

void swipe_measure(const struct bench_options *options)
{
    static struct turn turns[WAYS] = {
        {.way = &swipe_ours}, {.way = &swipe_sqlite}, {.way = &swipe_lmdb}};
    struct swipe_club club = {0};
    double median[WAYS];
    size_t swipes = (size_t)options->swipes, count = swipes * (size_t)options->rounds;
    make_club(&club, (size_t)options->club);
    for (size_t i = 0; i < WAYS; i++) {
        open_way(&turns[i], options, &club);
    }
    for (size_t round = 0; round < options->rounds; round++) {
        for (size_t i = 0; i < WAYS; i++) {
            swipe_round(&turns[i], options, &club, turns[i].us + round * swipes);
        }
    }
    for (size_t i = 0; i < WAYS; i++) {
        median[i] = bench_median(turns[i].us, count); /* and now they are in order */
        fprintf(stderr, "%s: %zu swipes, median %.2f us, 99 of 100 within %.2f us\n",
                turns[i].way->name, count, median[i], turns[i].us[count - 1 - count / 100]);
        close_way(&turns[i]);
    }
    for (size_t i = 1; i < WAYS; i++) {
        bench_say("swipe-to-answer", "us", 2, median[0], turns[i].way->name, median[i]);
    }
    free_club(&club);
}
