/* SPDX-License-Identifier: Apache-2.0 */
/* The head's socket. */
#include "firmware/port/linux-gadget/talkers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void hang_up(struct talkers *talkers, struct talker *talker)
{
    tally_head_gone(&talker->head, talkers->reader);
    close(talker->fd);
    explicit_bzero(talker, sizeof *talker); /* its input was a card */
    talker->fd = -1;
}

/* An answer is shorter than any socket buffer: a talker that has let it fill up is not
 * listening. */
void talkers_answer(struct talkers *talkers, struct talker *talker, const char *word,
                    const char *text)
{
    char line[256];
    int len = snprintf(line, sizeof line - 1, "%s%s%s", word, text != NULL ? " " : "",
                       text != NULL ? text : "");
    len = len < (int)sizeof line - 1 ? len : (int)sizeof line - 2;
    line[len++] = '\n';
    talker->wait = TALKERS_WAIT_NONE;
    if (send(talker->fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) != len) {
        hang_up(talkers, talker);
    }
}

void talkers_answer_waiting(struct talkers *talkers, enum talkers_wait wait, const char *word,
                            const char *text)
{
    for (int i = 0; i < TALKERS_MAX; i++) {
        if (talkers->list[i].fd >= 0 && talkers->list[i].wait == wait) {
            talkers_answer(talkers, &talkers->list[i], word, text);
        }
    }
}

bool talkers_anybody_waits(const struct talkers *talkers, enum talkers_wait wait)
{
    int i = 0;
    while (i < TALKERS_MAX && (talkers->list[i].fd < 0 || talkers->list[i].wait != wait)) {
        i++;
    }
    return i < TALKERS_MAX;
}

/* ---- reading ---- */

static void read_lines(struct talkers *talkers, struct talker *talker)
{
    while (talker->fd >= 0 && talker->wait == TALKERS_WAIT_NONE &&
           talker->input_at < talker->input_len) {
        const char *error = NULL;
        char character = talker->input[talker->input_at++];
        enum tally_head_result result =
            tally_head_push(&talker->head, talkers->reader, character, &error);
        if (result != TALLY_HEAD_MORE) {
            talkers->do_line(talkers->self, talker, result, error);
        }
    }
}

void talkers_go_on(struct talkers *talkers)
{
    for (int i = 0; i < TALKERS_MAX; i++) {
        read_lines(talkers, &talkers->list[i]);
    }
}

static void read_talker(struct talkers *talkers, struct talker *talker)
{
    ssize_t len = recv(talker->fd, talker->input, sizeof talker->input, MSG_DONTWAIT);
    if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR)) {
        hang_up(talkers, talker);
    } else if (len > 0) {
        talker->input_at = 0;
        talker->input_len = (size_t)len;
        read_lines(talkers, talker);
    }
}

static void accept_talker(struct talkers *talkers)
{
    int fd = accept4(talkers->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    for (int i = 0; i < TALKERS_MAX; i++) {
        if (talkers->list[i].fd < 0) {
            talkers->list[i].fd = fd;
            return;
        }
    }
    static const char full[] = "error too many are talking to this head\n";
    (void)!send(fd, full, sizeof full - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

/* A waiting talker is not read, but its hanging up is still seen (POLLHUP, POLLERR need no
 * asking). */
void talkers_fill_polls(const struct talkers *talkers, struct pollfd polls[TALKERS_MAX + 1])
{
    polls[TALKERS_MAX] = (struct pollfd){.fd = talkers->listen_fd, .events = POLLIN};
    for (int i = 0; i < TALKERS_MAX; i++) {
        const struct talker *talker = &talkers->list[i];
        polls[i] = (struct pollfd){.fd = talker->fd,
                                   .events = talker->wait == TALKERS_WAIT_NONE ? POLLIN : 0};
    }
}

void talkers_serve(struct talkers *talkers, const struct pollfd polls[TALKERS_MAX + 1])
{
    for (int i = 0; i < TALKERS_MAX; i++) {
        struct talker *talker = &talkers->list[i];
        short ready = polls[i].revents;
        if (talker->fd < 0 || talker->fd != polls[i].fd) {
            continue; /* came or went while the others were served */
        }
        if (talker->wait != TALKERS_WAIT_NONE && (ready & (POLLHUP | POLLERR)) != 0) {
            hang_up(talkers, talker);
        } else if (talker->wait == TALKERS_WAIT_NONE && ready != 0) {
            read_talker(talkers, talker);
        }
    }
    if ((polls[TALKERS_MAX].revents & POLLIN) != 0) {
        accept_talker(talkers);
    }
}

/* ---- opening and closing ---- */

bool talkers_open(struct talkers *talkers, const char *path, struct tally_reader *reader,
                  talkers_do_line *do_line, void *self)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *talkers = (struct talkers){
        .path = path, .reader = reader, .do_line = do_line, .self = self, .listen_fd = -1};
    for (int i = 0; i < TALKERS_MAX; i++) {
        talkers->list[i].fd = -1;
    }
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    (void)unlink(path);
    talkers->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return talkers->listen_fd >= 0 &&
           bind(talkers->listen_fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
           chmod(path, 0660) == 0 && listen(talkers->listen_fd, TALKERS_MAX) == 0;
}

void talkers_close(struct talkers *talkers)
{
    for (int i = 0; i < TALKERS_MAX; i++) {
        if (talkers->list[i].fd >= 0) {
            hang_up(talkers, &talkers->list[i]);
        }
    }
    if (talkers->listen_fd >= 0) {
        close(talkers->listen_fd);
        (void)unlink(talkers->path);
        talkers->listen_fd = -1;
    }
}
