/* SPDX-License-Identifier: Apache-2.0 */
/* A device model with nothing but a port before it: requests.txt in process. Orders are those of
 * poke.c. */
#include "tests/usb/hex.h"
#include "tests/usb/must.h"
#include "tests/usb/port.h"
#include "tests/usb/side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = 1024, WAIT_MS = 5000 };

struct bare {
    struct talk_side base;
    struct model *model; /* NULL: nothing is plugged in */
    struct port port;
    uint32_t now_ms;
    char line[TALK_LINE_LEN_MAX]; /* "": none waits */
};

static struct bare *self_of(const struct talk_side *side)
{
    return (struct bare *)(uintptr_t)side;
}

static void say(struct bare *self, const char *text)
{
    snprintf(self->line, sizeof self->line, "%s", text);
}

static void say_hex(struct bare *self, const uint8_t *bytes, size_t len)
{
    say(self, len == 0 ? "empty" : "");
    for (size_t i = 0; i < len; i++) {
        size_t at = strlen(self->line);
        snprintf(self->line + at, sizeof self->line - at, "%s%02x", i == 0 ? "" : " ", bytes[i]);
    }
}

static void say_result(struct bare *self, enum port_result result)
{
    static const char *const words[] = {"nothing", "done", "stall", "babble", "gone"};
    say(self, words[result]);
}

/* Time goes on until the device answers, or WAIT_MS are over. */
static bool wait(struct bare *self, uint32_t until_ms)
{
    uint32_t next_ms = self->model->ops->time(self->model, self->now_ms);
    uint32_t left_ms = until_ms - self->now_ms, in_ms = next_ms - self->now_ms;
    if (left_ms == 0) {
        return false;
    }
    self->now_ms += in_ms == 0 ? 1 : in_ms < left_ms ? in_ms : left_ms;
    (void)self->model->ops->time(self->model, self->now_ms);
    return true;
}

static void control(struct bare *self, const char *words)
{
    uint8_t bytes[BYTES_MAX], data[BYTES_MAX];
    char text[TALK_LINE_LEN_MAX];
    snprintf(text, sizeof text, "%s", words);
    char *out = strchr(text, ':');
    int out_len = 0;
    if (out != NULL) {
        *out++ = '\0';
        out_len = hex_read(out, data, BYTES_MAX);
    }
    MUST(hex_read(text, bytes, BYTES_MAX) == 8 && out_len >= 0);
    const struct tally_usb_setup setup = {.bmRequestType = bytes[0],
                                          .bRequest = bytes[1],
                                          .wValue = (uint16_t)(bytes[2] | bytes[3] << 8),
                                          .wIndex = (uint16_t)(bytes[4] | bytes[5] << 8),
                                          .wLength = (uint16_t)(bytes[6] | bytes[7] << 8)};
    MUST(setup.wLength <= BYTES_MAX);
    size_t len = 0;
    enum port_result result = port_control(&self->port, &setup, data, &len);
    if (result == PORT_DONE && (bytes[0] & 0x80) != 0) {
        say_hex(self, data, len);
    } else {
        say_result(self, result);
    }
}

static void in(struct bare *self, unsigned endpoint, size_t cap)
{
    uint8_t bytes[BYTES_MAX];
    struct port_in request = {.endpoint = (uint8_t)endpoint, .into = bytes, .cap = cap};
    uint32_t until_ms = self->now_ms + WAIT_MS;
    enum port_result result = PORT_WAIT;
    MUST(cap <= BYTES_MAX);
    do {
        result = port_in(&self->port, &request);
    } while (result == PORT_WAIT && wait(self, until_ms));
    if (result == PORT_DONE) {
        say_hex(self, bytes, request.have);
    } else {
        say_result(self, result);
    }
}

static void out(struct bare *self, unsigned endpoint, const char *hex)
{
    uint8_t bytes[BYTES_MAX];
    int len = hex_read(hex, bytes, BYTES_MAX);
    MUST(len >= 0);
    struct port_out request = {
        .endpoint = (uint8_t)endpoint, .bytes = bytes, .len = (size_t)len, .ends = true};
    uint32_t until_ms = self->now_ms + WAIT_MS;
    enum port_result result = PORT_WAIT;
    do {
        result = port_out(&self->port, &request);
    } while (result == PORT_WAIT && wait(self, until_ms));
    say_result(self, result);
}

static bool obey(struct bare *self, const char *words)
{
    unsigned endpoint = 0;
    size_t cap = 0;
    int at = 0;
    if (strcmp(words, "find") == 0) {
        const uint8_t *device = self->port.device;
        snprintf(self->line, sizeof self->line, "found %02x%02x:%02x%02x", device[9], device[8],
                 device[11], device[10]);
    } else if (strncmp(words, "control ", 8) == 0) {
        control(self, words + 8);
    } else if (sscanf(words, "in %x %zu", &endpoint, &cap) == 2) {
        in(self, endpoint, cap);
    } else if (sscanf(words, "out %x %n", &endpoint, &at) == 1 && at > 0) {
        out(self, endpoint, words + at);
    } else if (sscanf(words, "clear %x", &endpoint) == 1) {
        const struct tally_usb_setup setup = {
            .bmRequestType = 2, .bRequest = 1, .wIndex = (uint16_t)endpoint};
        size_t len = 0;
        say_result(self, port_control(&self->port, &setup, NULL, &len));
    } else {
        return false;
    }
    return true;
}

/* ---- a conversation ---- */

static void begin(struct talk_side *base)
{
    self_of(base)->line[0] = '\0';
}

static bool plug_in(struct bare *self, const char *kind)
{
    self->model = model_make(kind);
    if (self->model != NULL) {
        (void)self->model->ops->time(self->model, self->now_ms);
        port_open(&self->port, self->model);
    }
    return self->model != NULL;
}

static enum talk_answer act(struct talk_side *base, const char *words)
{
    struct bare *self = self_of(base);
    unsigned endpoint = 0;
    bool is_done = false;
    if (strncmp(words, "plug ", 5) == 0) {
        is_done = self->model == NULL && plug_in(self, words + 5);
    } else if (self->model != NULL && strncmp(words, "terminal ", 9) == 0) {
        is_done = obey(self, words + 9);
    } else if (self->model != NULL && sscanf(words, "stall %x", &endpoint) == 1) {
        port_halt(&self->port, (uint8_t)endpoint);
        is_done = true;
    } else if (self->model != NULL) {
        is_done = self->model->ops->outside(self->model, words);
    }
    return is_done ? TALK_DONE : TALK_NOT_UNDERSTOOD;
}

static bool hear(struct talk_side *base, char line[TALK_LINE_LEN_MAX])
{
    struct bare *self = self_of(base);
    bool is_there = self->line[0] != '\0';
    snprintf(line, TALK_LINE_LEN_MAX, "%s", self->line);
    self->line[0] = '\0';
    return is_there;
}

static void finish(struct talk_side *base)
{
    (void)base;
}

static bool end(struct talk_side *base)
{
    struct bare *self = self_of(base);
    if (self->model != NULL) {
        model_free(self->model);
        self->model = NULL;
    }
    return true;
}

struct talk_side *side_bare(void)
{
    struct bare *self = calloc(1, sizeof *self);
    MUST(self != NULL);
    self->base = (struct talk_side){.name = "in process",
                                    .begin = begin,
                                    .act = act,
                                    .hear = hear,
                                    .finish = finish,
                                    .end = end};
    self->now_ms = (uint32_t)-100; /* it wraps soon */
    return &self->base;
}
