/* SPDX-License-Identifier: Apache-2.0 */
/* The gadget in the guest: tally-reader is the device, its head a socket; the terminal answers at
 * another one. */
#include "tests/usb/hand.h"
#include "tests/usb/must.h"
#include "tests/usb/side.h"
#include "tests/usb/taps.h"
#include "tests/usb/terminal.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKS_MAX = 10000 }; /* at a card that leaves */

struct gadget {
    struct talk_side base;
    const char *kind; /* what it can be plugged in as */
    const char *head_at;
    const char *terminal_at;
    struct terminal terminal;
    struct terminal head; /* lines both ways as well */
    bool owes_answer;     /* to the line that ended a swipe: it comes when the host has read */
};

static struct gadget *self_of(const struct talk_side *side)
{
    return (struct gadget *)(uintptr_t)side;
}

static bool hear_head(struct gadget *self, const char *line)
{
    char answer[TALK_LINE_LEN_MAX] = "";
    bool woken = false;
    bool is_ok = terminal_hear(&self->head, -1, answer, &woken) && strncmp(answer, "ok", 2) == 0;
    if (!is_ok) {
        fprintf(stderr, "    the head: %.40s: %s\n", line, answer);
    }
    return is_ok;
}

/* One line to the head, and its answer. */
static bool tell_head(struct gadget *self, const char *line)
{
    bool was_read = !self->owes_answer || hear_head(self, "end");
    self->owes_answer = false;
    terminal_order(&self->head, line);
    return hear_head(self, line) && was_read;
}

static bool swipe(struct gadget *self, const char *words, bool is_damaged)
{
    char *lines = hand_swipe(words, is_damaged), *rest = lines;
    bool is_ok = lines != NULL;
    for (char *line = strsep(&rest, "\n"); is_ok && line != NULL; line = strsep(&rest, "\n")) {
        if (strcmp(line, "end") == 0) {
            terminal_order(&self->head, line);
            self->owes_answer = true;
        } else if (line[0] != '\0') {
            is_ok = tell_head(self, line);
        }
    }
    free(lines);
    return is_ok;
}

/* The reader looks for cards now and then: until it has seen the last one leave, the same card
 * again would be no new one. */
static bool see_card_leave(struct gadget *self)
{
    char answer[TALK_LINE_LEN_MAX] = "";
    bool woken = false;
    for (int i = 0; i < LOOKS_MAX && strstr(answer, "card=no") == NULL; i++) {
        terminal_order(&self->head, "status");
        if (!terminal_hear(&self->head, -1, answer, &woken)) {
            return false;
        }
    }
    return strstr(answer, "card=no") != NULL;
}

static bool tap(struct gadget *self, const char *words)
{
    char line[TAPS_LINE_LEN_MAX];
    return taps_head_line(words, line) && tell_head(self, "untap") && see_card_leave(self) &&
           tell_head(self, line);
}

static void begin(struct talk_side *base)
{
    struct gadget *self = self_of(base);
    char line[TALK_LINE_LEN_MAX] = "";
    bool woken = false;
    terminal_connect(&self->head, self->head_at);
    self->owes_answer = false;
    (void)tell_head(self, "unplug");
    if (strcmp(self->kind, "nfc-reader") == 0) {
        (void)tell_head(self, "untap"); /* what the last conversation has left there */
    }
    terminal_connect(&self->terminal, self->terminal_at);
    if (!terminal_hear(&self->terminal, -1, line, &woken) || strcmp(line, "open") != 0) {
        fprintf(stderr, "%s does not say \"open\" but \"%s\"\n", self->terminal_at, line);
        exit(2);
    }
}

static enum talk_answer act(struct talk_side *base, const char *words)
{
    struct gadget *self = self_of(base);
    bool is_done = false;
    if (strncmp(words, "terminal ", 9) == 0) {
        terminal_order(&self->terminal, words + 9);
        is_done = true;
    } else if (strncmp(words, "plug ", 5) == 0 && strcmp(words + 5, self->kind) == 0) {
        is_done = tell_head(self, "plug");
    } else if (strcmp(words, "unplug") == 0) {
        is_done = tell_head(self, "unplug");
    } else if (strncmp(words, "swipe ", 6) == 0) {
        is_done = swipe(self, words + 6, false);
    } else if (strncmp(words, "scratch ", 8) == 0) {
        is_done = swipe(self, words + 8, true);
    } else if (strncmp(words, "tap ", 4) == 0) {
        is_done = tap(self, words + 4);
    } else if (strcmp(words, "untap") == 0) {
        is_done = tell_head(self, "untap");
    } else {
        return TALK_CANNOT; /* another device, a fault of the bus */
    }
    return is_done ? TALK_DONE : TALK_NOT_UNDERSTOOD;
}

static bool hear(struct talk_side *base, char line[TALK_LINE_LEN_MAX])
{
    bool woken = false;
    return terminal_hear(&self_of(base)->terminal, -1, line, &woken);
}

static void finish(struct talk_side *base)
{
    terminal_order(&self_of(base)->terminal, "quit");
}

static bool end(struct talk_side *base)
{
    struct gadget *self = self_of(base);
    bool is_clean = terminal_end(&self->terminal);
    (void)tell_head(self, "unplug");
    self->head.has_said_closed = true; /* it goes on without us */
    (void)terminal_end(&self->head);
    return is_clean;
}

struct talk_side *side_gadget(const char *head, const char *terminal, const char *kind)
{
    struct gadget *self = calloc(1, sizeof *self);
    MUST(self != NULL);
    self->base = (struct talk_side){
        .name = "gadget", .begin = begin, .act = act, .hear = hear, .finish = finish, .end = end};
    self->kind = kind;
    self->head_at = head;
    self->terminal_at = terminal;
    return &self->base;
}
