/* firmware/port/linux-gadget/talkers.h: who talks on the head's socket, and what they are answered.
 *
 * Every line gets one answer, in order: a talker whose answer has to wait is not read meanwhile.
 *
 * Memory   a talker's input is wiped when it hangs up: it was a card
 * Threads  one */
#ifndef TALLY_FIRMWARE_PORT_LINUX_GADGET_TALKERS_H
#define TALLY_FIRMWARE_PORT_LINUX_GADGET_TALKERS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "firmware/port/head.h"

enum {
    TALKERS_MAX = 8,         /* one head and a few people who look; more are told so */
    TALKERS_INPUT_LEN = 4096 /* bytes of a talker read at once; lines may be longer */
};

/* Why a talker's answer has to wait. */
enum talkers_wait { TALKERS_WAIT_NONE = 0, TALKERS_WAIT_REPORT, TALKERS_WAIT_PLUG };

struct talker {
    int fd; /* -1: free */
    struct tally_head head;
    enum talkers_wait wait;
    size_t input_at;
    size_t input_len;
    char input[TALKERS_INPUT_LEN];
};

/* What a line asks for, beyond what head.c has done about it. It answers the talker, now or
 * later. */
typedef void talkers_do_line(void *self, struct talker *talker, enum tally_head_result result,
                             const char *error);

struct talkers {
    const char *path;
    int listen_fd;
    struct tally_reader *reader;
    talkers_do_line *do_line;
    void *self;
    struct talker list[TALKERS_MAX];
};

/* Listens at `path`. On false, errno; nothing stays open. */
bool talkers_open(struct talkers *talkers, const char *path, struct tally_reader *reader,
                  talkers_do_line *do_line, void *self);
void talkers_close(struct talkers *talkers);

/* For poll(): fills TALKERS_MAX + 1 entries, and serves them afterwards. */
void talkers_fill_polls(const struct talkers *talkers, struct pollfd polls[TALKERS_MAX + 1]);
void talkers_serve(struct talkers *talkers, const struct pollfd polls[TALKERS_MAX + 1]);
/* Reads the lines that waited for an answer to go out. */
void talkers_go_on(struct talkers *talkers);

/* `ok`, `ok TEXT` or `error TEXT`: to one, or to all that wait for it. */
void talkers_answer(struct talkers *talkers, struct talker *talker, const char *word,
                    const char *text);
void talkers_answer_waiting(struct talkers *talkers, enum talkers_wait wait, const char *word,
                            const char *text);
bool talkers_anybody_waits(const struct talkers *talkers, enum talkers_wait wait);

#endif
