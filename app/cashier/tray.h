/* app/cashier/tray.h: nine sample cards for a terminal without customers: an INI file with sections
 * [1] to [9] and the keys name, name_zh, track1, track2, track3 (data between the sentinels),
 * damage (yes or no) and seed.
 *
 * Memory   tray_open() allocates, tray_close() gives back.
 * Blocking reads one small file; a swipe runs as a child process and does not block.
 * Threads  one. */
#ifndef TALLY_CASHIER_TRAY_H
#define TALLY_CASHIER_TRAY_H

#include "app/cashier/screen.h"

struct tray_card {
    char *name;    /* NULL: there is no such card; likewise the tracks */
    char *name_zh; /* NULL: name, in both languages */
    char *tracks[3];
    bool damage;
    int64_t seed;
};

struct tray {
    struct tray_card cards[SCREEN_TRAY_CARDS];
    const char *head;    /* borrowed: the reader's head, HOST:PORT or a path */
    const char *program; /* borrowed: tally-swipe */
    int output_fd;       /* of the swipe under way, to be polled for input; -1: none */
    int child;
    char output[256]; /* its last words */
    size_t output_len;
};

enum { TRAY_PROBLEM_MAX = 512 };

/* TALLY_OK, else `problem` says what is wrong, in one sentence:
 *   TALLY_E_INVALID, TALLY_E_NOT_FOUND, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tray_open(struct tray *tray, const char *path, const char *head,
                                           const char *program, char problem[TRAY_PROBLEM_MAX]);
void tray_close(struct tray *tray);

/* Swipes card 1..9. TALLY_OK, TALLY_E_BUSY (the last one is still moving), TALLY_E_DEVICE (the
 * program can't be run), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tray_swipe(struct tray *tray, int card);

/* Reads what output_fd has. Returns false while the swipe goes on; true when it is over, then
 * *ret_why is NULL or what the program said when it failed. */
bool tray_step(struct tray *tray, const char **ret_why);

#endif
