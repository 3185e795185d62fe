/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of the head, the news of the cable, and the one loop between them. */
#include "firmware/port/linux-gadget/reader.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "firmware/core/settings.h"
#include "firmware/port/hmac.h"
#include "firmware/port/linux-gadget/taps.h"

enum { PLUG_MS_MAX = 10000 }; /* a host that has not configured us by then is not there */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the lamp and the beeper; a board with real ones drives them here ---- */

static const char *light_name(enum tally_reader_light light)
{
    static const char *const names[] = {"off", "green", "amber", "red"};
    return names[light];
}

static void show(struct reader *reader)
{
    const struct tally_reader *now = &reader->cable.device.reader;
    if (now->light != reader->shown_light || now->is_beeping != reader->shown_beeping) {
        reader->shown_light = now->light;
        reader->shown_beeping = now->is_beeping;
        printf("light %s, beeper %s\n", light_name(now->light), now->is_beeping ? "on" : "off");
        fflush(stdout);
    }
}

/* ---- what the cable says ---- */

static void on_news(void *self, enum cable_news news)
{
    struct reader *reader = self;
    struct talkers *talkers = &reader->talkers;
    switch (news) {
    case CABLE_HOST_UP:
        talkers_answer_waiting(talkers, TALKERS_WAIT_PLUG, "ok", NULL);
        break;
    case CABLE_HOST_DOWN:
        talkers_answer_waiting(talkers, TALKERS_WAIT_REPORT, "error",
                               "the reader was unplugged before the report was taken");
        break;
    case CABLE_REPORT_TAKEN:
        talkers_answer_waiting(talkers, TALKERS_WAIT_REPORT, "ok", NULL);
        break;
    case CABLE_REPORT_CUT:
        talkers_answer_waiting(talkers, TALKERS_WAIT_REPORT, "ok",
                               "unplugged in the middle of the report");
        break;
    case CABLE_REPORT_BROKEN:
        talkers_answer_waiting(talkers, TALKERS_WAIT_REPORT, "error",
                               "the terminal broke off the report");
        break;
    case CABLE_REPORT_LATE:
        talkers_answer_waiting(talkers, TALKERS_WAIT_REPORT, "error",
                               "the terminal did not take the report in time");
        break;
    }
}

/* ---- what the lines ask for ---- */

/* Of a real antenna only the device model knows what lies on it. A card that was taken away is
 * there until the reader, which looks now and then, has seen it leave. */
static const char *card_word(const struct reader *reader)
{
    bool is_there = reader->has_card || reader->cable.device.ccid.card.is_present;
    if (reader->slot == READER_SLOT_NONE) {
        return "no-slot";
    }
    return reader->slot == READER_SLOT_PN532 ? "antenna" : is_there ? "yes" : "no";
}

static void answer_status(struct reader *reader, struct talker *talker)
{
    static const char *const states[TALLY_READER_STATE_COUNT] = {"off", "idle", "swiping",
                                                                 "reporting"};
    const struct tally_reader *now = &reader->cable.device.reader;
    char text[160];
    snprintf(text, sizeof text, "plugged=%s state=%s light=%s swipes=%lu beeper=%s card=%s",
             reader->cable.gadget.is_bound ? "yes" : "no", states[now->state],
             light_name(now->light), (unsigned long)now->swipe_number,
             now->is_beeping ? "on" : "off", card_word(reader));
    talkers_answer(&reader->talkers, talker, "ok", text);
}

/* `plug` is answered when a host has configured us: then the next line can be a swipe. */
static void plug(struct reader *reader, struct talker *talker)
{
    if (reader->cable.device.reader.state != TALLY_READER_OFF) {
        talkers_answer(&reader->talkers, talker, "ok", NULL);
    } else if (!cable_plug(&reader->cable)) {
        talkers_answer(&reader->talkers, talker, "error", reader->cable.gadget.error);
    } else {
        talker->wait = TALKERS_WAIT_PLUG;
        reader->plug_deadline_ms = now_ms() + PLUG_MS_MAX;
    }
}

static void unplug(struct reader *reader, struct talker *talker)
{
    bool is_out = cable_pull(&reader->cable);
    talkers_answer(&reader->talkers, talker, is_out ? "ok" : "error",
                   is_out ? NULL : reader->cable.gadget.error);
}

static void put_card(struct reader *reader, const struct tally_virtual_card *card)
{
    tally_virtual_slot_put(&reader->virtual_slot, NULL);
    explicit_bzero(&reader->card, sizeof reader->card);
    reader->has_card = card != NULL;
    if (card != NULL) {
        reader->card = *card;
        tally_virtual_slot_put(&reader->virtual_slot, &reader->card);
    }
}

static void tap(struct reader *reader, struct talker *talker)
{
    struct tally_virtual_card card;
    const char *wrong = reader->slot == READER_SLOT_VIRTUAL
                            ? taps_card(talker->head.text, &card)
                            : "there is no such slot: start tally-reader with --slot virtual";
    if (wrong == NULL) {
        put_card(reader, &card);
    }
    explicit_bzero(&card, sizeof card);
    explicit_bzero(talker->head.text, sizeof talker->head.text);
    talkers_answer(&reader->talkers, talker, wrong == NULL ? "ok" : "error", wrong);
}

/* What the port does about a line that head.c has done its part of. */
static void do_line(void *self, struct talker *talker, enum tally_head_result result,
                    const char *error)
{
    struct reader *reader = self;
    switch (result) {
    case TALLY_HEAD_ERROR:
        talkers_answer(&reader->talkers, talker, "error", error);
        return;
    case TALLY_HEAD_REPORT: /* the loop sends it; the news of its end is the answer */
        talker->wait = TALKERS_WAIT_REPORT;
        return;
    case TALLY_HEAD_PLUG:
        plug(reader, talker);
        return;
    case TALLY_HEAD_UNPLUG:
        unplug(reader, talker);
        return;
    case TALLY_HEAD_STATUS:
        answer_status(reader, talker);
        return;
    case TALLY_HEAD_TAP:
        tap(reader, talker);
        return;
    case TALLY_HEAD_UNPLUG_MID_REPORT:
        cable_cut_next_report(&reader->cable);
        break;
    case TALLY_HEAD_UNTAP:
        put_card(reader, NULL);
        break;
    case TALLY_HEAD_PRESS:
    case TALLY_HEAD_RELEASE:
        reader->is_button_held = result == TALLY_HEAD_PRESS;
        break;
    case TALLY_HEAD_OK:
    case TALLY_HEAD_MORE:
        break;
    }
    talkers_answer(&reader->talkers, talker, "ok", NULL);
}

/* ---- loop ---- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Everything that time alone brings about. Returns when it is to be looked at again. */
static int64_t go_on(struct reader *reader)
{
    int64_t now = now_ms(), next = 0;
    if (reader->slot == READER_SLOT_PN532) {
        tally_pn532_time(&reader->antenna.pn532, (uint32_t)now);
    }
    next = cable_time(&reader->cable, now);
    show(reader);
    if (talkers_anybody_waits(&reader->talkers, TALKERS_WAIT_PLUG)) {
        if (now >= reader->plug_deadline_ms) {
            talkers_answer_waiting(&reader->talkers, TALKERS_WAIT_PLUG, "error",
                                   "plugged in, but no terminal configures the reader");
        }
        next = sooner(next, reader->plug_deadline_ms);
    }
    return next;
}

/* Lines that waited for an answer may go on, and what they do has its time to be told: until every
 * talker waits for something that poll() or the clock will bring. */
static int wait_ms(struct reader *reader)
{
    int64_t next = go_on(reader);
    talkers_go_on(&reader->talkers);
    next = sooner(next, go_on(reader));
    int64_t left = next - now_ms();
    return left < 0 ? 0 : (int)left;
}

void reader_run(struct reader *reader, int signal_fd)
{
    enum { SIGNAL, EP0, DONE, ANTENNA, TALKERS, POLLS = TALKERS + TALKERS_MAX + 1 };
    for (;;) {
        struct pollfd polls[POLLS] = {[SIGNAL] = {.fd = signal_fd, .events = POLLIN}};
        int timeout_ms = wait_ms(reader);
        polls[EP0] = (struct pollfd){.fd = reader->cable.endpoints.ep0_fd, .events = POLLIN};
        polls[DONE] = (struct pollfd){.fd = reader->cable.endpoints.done_fd, .events = POLLIN};
        polls[ANTENNA] = (struct pollfd){.fd = reader->antenna.fd, .events = POLLIN};
        talkers_fill_polls(&reader->talkers, polls + TALKERS);
        if (poll(polls, POLLS, timeout_ms) < 0 && errno != EINTR) {
            perror("tally-reader: poll");
            return;
        }
        if (polls[SIGNAL].revents != 0) {
            return;
        }
        if ((polls[EP0].revents & POLLIN) != 0) {
            cable_serve_ep0(&reader->cable);
        }
        if ((polls[DONE].revents & POLLIN) != 0) {
            cable_finish_transfers(&reader->cable);
        }
        if (polls[ANTENNA].revents != 0) {
            antenna_serve(&reader->antenna);
        }
        show(reader);
        talkers_serve(&reader->talkers, polls + TALKERS);
    }
}

/* ---- start and end ---- */

static bool load(void *self, enum tally_keep what, uint8_t *ret_bytes, size_t len)
{
    const struct reader *reader = self;
    return kept_load(&reader->kept, what, ret_bytes, len);
}

static bool save(void *self, enum tally_keep what, const uint8_t *bytes, size_t len)
{
    const struct reader *reader = self;
    return kept_save(&reader->kept, what, bytes, len);
}

static bool may_pair(void *self)
{
    const struct reader *reader = self;
    return reader->is_button_held;
}

static bool complain(const char *what)
{
    fprintf(stderr, "tally-reader: %s: %s\n", what, strerror(errno));
    return false;
}

/* --form is a setting like any other, made before the start. */
static bool keep_form(const struct kept *kept, int form)
{
    uint8_t record[TALLY_SETTINGS_RECORD_LEN], value = (uint8_t)form;
    struct tally_settings settings = tally_settings_factory();
    if (form == READER_FORM_KEPT) {
        return true;
    }
    if (kept_load(kept, TALLY_KEEP_SETTINGS, record, sizeof record)) {
        (void)tally_settings_read(record, &settings); /* a strange record is as good as none */
    }
    if (!tally_settings_set(&settings, TALLY_MSR_PROP_FORM, &value, 1)) {
        errno = EINVAL;
        return false;
    }
    tally_settings_write(&settings, record);
    return kept_save(kept, TALLY_KEEP_SETTINGS, record, sizeof record);
}

/* The slot that was asked for, NULL for none. */
static const struct tally_card_slot *slot_of(struct reader *reader)
{
    switch (reader->slot) {
    case READER_SLOT_VIRTUAL:
        return &reader->virtual_slot.slot;
    case READER_SLOT_PN532:
        return &reader->antenna.pn532.slot;
    case READER_SLOT_NONE:
        break;
    }
    return NULL;
}

static void start(struct reader *reader, const struct reader_options *options)
{
    memset(reader, 0, sizeof *reader);
    reader->slot = options->slot;
    reader->antenna.fd = -1;
    tally_virtual_slot_init(&reader->virtual_slot);
    reader->ports = (struct tally_ports){.self = reader,
                                         .serial = options->serial,
                                         .slot = slot_of(reader),
                                         .is_high_speed = true,
                                         .load = load,
                                         .save = save,
                                         .hmac = tally_port_hmac,
                                         .may_pair = may_pair};
}

bool reader_open(struct reader *reader, const struct reader_options *options)
{
    start(reader, options);
    if (!kept_open(&reader->kept, options->keep_dir) || !keep_form(&reader->kept, options->form)) {
        return complain(options->keep_dir);
    }
    if (options->slot == READER_SLOT_PN532 && !antenna_open(&reader->antenna, options->tty)) {
        return complain(options->tty);
    }
    if (!talkers_open(&reader->talkers, options->head_path, &reader->cable.device.reader, do_line,
                      reader)) {
        bool is_open = complain(options->head_path);
        talkers_close(&reader->talkers);
        return is_open;
    }
    if (!cable_open(&reader->cable, &reader->ports, options->udc, on_news, reader)) {
        fprintf(stderr, "tally-reader: %s\n", reader->cable.gadget.error);
        reader_close(reader);
        return false;
    }
    return true;
}

void reader_close(struct reader *reader)
{
    (void)gadget_unbind(&reader->cable.gadget);
    talkers_close(&reader->talkers);
    cable_close(&reader->cable);
    antenna_close(&reader->antenna);
    put_card(reader, NULL);
}
