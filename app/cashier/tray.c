/* SPDX-License-Identifier: Apache-2.0 */
/* Sample cards, swiped by the program tally-swipe. */
#include "app/cashier/tray.h"

#include "app/base/alloc.h"
#include "app/base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { KEYS_OF_CARD = 7, ARGUMENTS_MAX = 16 };

_Static_assert((int)TRAY_PROBLEM_MAX == (int)TALLY_CONFIG_PROBLEM_MAX, "one buffer serves both");

enum tally_status tray_open(struct tray *tray, const char *path, const char *head,
                            const char *program, char problem[TRAY_PROBLEM_MAX])
{
    static const char *const sections[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
    struct tally_config_key keys[SCREEN_TRAY_CARDS * KEYS_OF_CARD];
    size_t count = 0;
    *tray = (struct tray){.head = head, .program = program, .output_fd = -1};
    for (size_t i = 0; i < SCREEN_TRAY_CARDS; i++) {
        size_t card = offsetof(struct tray, cards) + i * sizeof(struct tray_card);
        size_t tracks = card + offsetof(struct tray_card, tracks);
        const struct tally_config_key of_card[KEYS_OF_CARD] = {
            {sections[i], "name", TALLY_CONFIG_TEXT, card + offsetof(struct tray_card, name), 0, 0,
             NULL},
            {sections[i], "name_zh", TALLY_CONFIG_TEXT, card + offsetof(struct tray_card, name_zh),
             0, 0, NULL},
            {sections[i], "track1", TALLY_CONFIG_TEXT, tracks, 0, 0, NULL},
            {sections[i], "track2", TALLY_CONFIG_TEXT, tracks + sizeof(char *), 0, 0, NULL},
            {sections[i], "track3", TALLY_CONFIG_TEXT, tracks + 2 * sizeof(char *), 0, 0, NULL},
            {sections[i], "damage", TALLY_CONFIG_SWITCH, card + offsetof(struct tray_card, damage),
             0, 0, NULL},
            {sections[i], "seed", TALLY_CONFIG_NUMBER, card + offsetof(struct tray_card, seed), 0,
             INT32_MAX, NULL}};
        memcpy(&keys[count], of_card, sizeof of_card);
        count += KEYS_OF_CARD;
    }
    enum tally_status status = tally_config_read(path, keys, count, tray, problem);
    if (status != TALLY_OK) {
        tray_close(tray);
    }
    return status;
}

void tray_close(struct tray *tray)
{
    for (size_t i = 0; i < SCREEN_TRAY_CARDS; i++) {
        tally_free(tray->cards[i].name);
        tally_free(tray->cards[i].name_zh);
        for (size_t track = 0; track < 3; track++) {
            tally_free(tray->cards[i].tracks[track]);
        }
    }
    if (tray->output_fd >= 0) {
        close(tray->output_fd);
        waitpid(tray->child, NULL, 0);
    }
    *tray = (struct tray){.output_fd = -1};
}

static enum tally_status spawn(struct tray *tray, char *const arguments[])
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return TALLY_E_DEVICE;
    }
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        close(ends[0]);
        close(ends[1]);
        return TALLY_E_NO_MEMORY;
    }
    int error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    error = error != 0 ? error : posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    error = error != 0 ? error : posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    pid_t child = 0;
    error = error != 0 ? error
                       : posix_spawnp(&child, tray->program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        close(ends[0]);
        return TALLY_E_DEVICE;
    }
    tray->child = child;
    tray->output_fd = ends[0];
    tray->output_len = 0;
    return TALLY_OK;
}

enum tally_status tray_swipe(struct tray *tray, int card)
{
    static const char *const track_options[] = {"--track1", "--track2", "--track3"};
    const struct tray_card *swiped = &tray->cards[card - 1];
    const char *arguments[ARGUMENTS_MAX];
    char seed[24];
    size_t count = 0;
    if (tray->output_fd >= 0) {
        return TALLY_E_BUSY;
    }
    snprintf(seed, sizeof seed, "%" PRId64, swiped->seed);
    arguments[count++] = tray->program;
    for (size_t track = 0; track < 3; track++) {
        if (swiped->tracks[track] != NULL) {
            arguments[count++] = track_options[track];
            arguments[count++] = swiped->tracks[track];
        }
    }
    if (swiped->damage) {
        arguments[count++] = "--damage";
    }
    if (swiped->seed != 0) {
        arguments[count++] = "--seed";
        arguments[count++] = seed;
    }
    arguments[count++] = "--head";
    arguments[count++] = tray->head;
    arguments[count] = NULL;
    /* posix_spawn() takes char *const by tradition and changes nothing. */
    char *const *plain = NULL;
    memcpy(&plain, &(const char *const *){arguments}, sizeof plain);
    return spawn(tray, plain);
}

/* The last line that is not empty, without its newline. */
static const char *last_line(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '\n') {
        text[--len] = '\0';
    }
    char *newline = strrchr(text, '\n');
    return newline == NULL ? text : newline + 1;
}

bool tray_step(struct tray *tray, const char **ret_why)
{
    char more[128];
    ssize_t got = read(tray->output_fd, more, sizeof more);
    if (got > 0) {
        size_t room = sizeof tray->output - 1;
        size_t keep = tray->output_len + (size_t)got > room ? room - (size_t)got : tray->output_len;
        memmove(tray->output, tray->output + (tray->output_len - keep), keep);
        memcpy(tray->output + keep, more, (size_t)got); /* got <= sizeof more < room */
        tray->output_len = keep + (size_t)got;
        return false;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    close(tray->output_fd);
    tray->output_fd = -1;
    tray->output[tray->output_len] = '\0';
    int state = 0;
    bool good = waitpid(tray->child, &state, 0) == tray->child && WIFEXITED(state) &&
                WEXITSTATUS(state) == 0;
    *ret_why = good ? NULL : tray->output_len == 0 ? tray->program : last_line(tray->output);
    return true;
}
