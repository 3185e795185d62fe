/* SPDX-License-Identifier: Apache-2.0 */
/* usb_clock ROUNDS COUNT TERMINAL POKE: microseconds from the moment when a device under umockdev
 * has handed out the last transfer of a card to the moment when the terminal has the card (TERMINAL
 * is usb_terminal: libusb, loop and all of hal), beside bare libusb that only reads the report
 * (POKE is usb_poke). They take turns; the lines are those of tools/bench. Run under
 * umockdev-wrapper. */
#include "tests/usb/must.h"
#include "tests/usb/side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 100, COUNT_MAX = 10000, WAYS = 2 };

static const struct kind {
    const char *name, *plug, *act;
    const char *listen; /* bare libusb's order */
} kinds[] = {
    {"stripe", "plug reader", "swipe T2 ;60058541029558180=9904?", "terminal listen 81 337"},
    {"scanner", "plug scanner", "scan ]C0 60058541029558180", "terminal listen 81 64"},
};

static void hear(struct talk_side *side, const char *beginning, char line[TALK_LINE_LEN_MAX])
{
    if (!side->hear(side, line) || strncmp(line, beginning, strlen(beginning)) != 0) {
        fprintf(stderr, "usb_clock: expected: %s\n           heard:    %s\n", beginning, line);
        exit(1);
    }
}

static void act(struct talk_side *side, const char *words)
{
    MUST(side->act(side, words) == TALK_DONE);
}

static void set_up(struct talk_side *side, const struct kind *kind, bool is_ours)
{
    char line[TALK_LINE_LEN_MAX] = "";
    side->begin(side);
    act(side, kind->plug);
    if (is_ours) {
        hear(side, "ready 1", line);
        act(side, "terminal stamp");
        hear(side, "set", line);
    } else {
        act(side, "terminal find");
        hear(side, "found", line);
        act(side, "terminal stamp");
        act(side, kind->listen);
    }
}

static double one_us(struct talk_side *side, const struct kind *kind, bool is_ours)
{
    char line[TALK_LINE_LEN_MAX] = "";
    act(side, kind->act);
    hear(side, is_ours ? "card number 60058541029558180" : "report", line);
    const char *stamp = strstr(line, " at ");
    MUST(stamp != NULL);
    int64_t took_ns = strtoll(stamp + 4, NULL, 10) - side_umockdev_handed_ns(side);
    MUST(took_ns >= 0);
    return (double)took_ns / 1000;
}

/* The device goes first: bare libusb listens until it is gone. */
static void take_down(struct talk_side *side)
{
    char line[TALK_LINE_LEN_MAX] = "";
    act(side, "unplug");
    side->finish(side);
    while (side->hear(side, line)) {
    }
    MUST(side->end(side));
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static double median(double *us, size_t count)
{
    qsort(us, count, sizeof us[0], compare);
    return us[count / 2];
}

static void measure(struct talk_side *const sides[WAYS], const struct kind *kind, size_t rounds,
                    size_t count)
{
    double *us[WAYS], middle[WAYS];
    for (size_t way = 0; way < WAYS; way++) {
        us[way] = calloc(rounds * count, sizeof us[way][0]);
        MUST(us[way] != NULL);
    }
    for (size_t turn = 0; turn < WAYS * rounds; turn++) {
        size_t way = turn % WAYS;
        set_up(sides[way], kind, way == 0);
        for (size_t i = 0; i < count; i++) {
            us[way][turn / WAYS * count + i] = one_us(sides[way], kind, way == 0);
        }
        take_down(sides[way]);
    }
    for (size_t way = 0; way < WAYS; way++) {
        middle[way] = median(us[way], rounds * count);
        fprintf(stderr, "%s, %s: %zu cards, median %.1f us, 99 of 100 within %.1f us\n", kind->name,
                way == 0 ? "ours" : "libusb", rounds * count, middle[way],
                us[way][rounds * count - 1 - rounds * count / 100]);
        free(us[way]);
    }
    printf("bench reader-to-card-%s ours=%.1f unit=us peer=libusb peer_value=%.1f ratio=%.2f\n",
           kind->name, middle[0], middle[1], middle[0] / middle[1]);
}

int main(int argc, char **argv)
{
    int rounds = argc == 5 ? atoi(argv[1]) : 0, count = argc == 5 ? atoi(argv[2]) : 0;
    if (rounds < 1 || rounds > ROUNDS_MAX || count < 1 || count > COUNT_MAX) {
        fprintf(stderr, "usage: usb_clock ROUNDS COUNT TERMINAL POKE\n");
        return 2;
    }
    struct talk_side *sides[WAYS] = {side_umockdev(argv[3]), side_umockdev(argv[4])};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        measure(sides, &kinds[i], (size_t)rounds, (size_t)count);
    }
    free(sides[0]);
    free(sides[1]);
    return 0;
}
