/* tools/measure/swipe.h: from a card to the line in the till's socket, by our terminal and by
 * peers.
 *
 * Every way knows the same club of people, each with a card, a sealed profile and an account with
 * two lots, and answers one card at a time, all from one thread of one process.
 *
 * Memory   a way borrows the club.
 * Errors   as bench.h. */
#ifndef TALLY_TOOLS_MEASURE_SWIPE_H
#define TALLY_TOOLS_MEASURE_SWIPE_H

#include "app/core/account.h"
#include "app/crypto/crypto.h"
#include "tools/measure/bench.h"

enum { SWIPE_CLUB_MAX = 100000, SWIPE_NAME_LEN_MAX = 64, SWIPE_LOTS = 2, SWIPE_COUNTS = 2 };

struct swipe_person {
    uint64_t member; /* and account: each has their own */
    char name[SWIPE_NAME_LEN_MAX];
    struct tally_card card; /* as hal hands it over */
    uint8_t handle[TALLY_HANDLE_LEN];
    struct tally_account account;
    struct tally_purse points;
    struct tally_lot lots[SWIPE_LOTS];
    struct tally_count counts[SWIPE_COUNTS]; /* sales; what was spent this year */
    struct tally_buffer account_bytes;
    struct tally_buffer profile; /* sealed */
    struct tally_buffer wrapped_key;
    struct tally_buffer line; /* what our daemon answered first: the peers send the same bytes */
};

struct swipe_club {
    uint8_t card_key[TALLY_KEY_LEN];
    uint8_t data_key[TALLY_KEY_LEN];
    struct swipe_person *people;
    size_t count;
};

struct swipe_way {
    const char *name;
    /* Opens in `dir`, which is there and empty, and takes in the whole club. */
    void *(*open)(const char *dir, struct swipe_club *club);
    /* What is timed: the card is there; on return the answer is in the till's socket. */
    void (*swipe)(void *self, struct swipe_person *person);
    /* What is not: the till reads the answer, which must be there, whole and right. */
    void (*settle)(void *self, struct swipe_person *person);
    void (*close)(void *self);
};

extern const struct swipe_way swipe_ours, swipe_sqlite, swipe_lmdb;

/* swipe-to-answer. */
void swipe_measure(const struct bench_options *options);

#endif
