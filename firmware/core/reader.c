/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's state machine and the building of its report. */
#include "firmware/core/reader.h"

#include "firmware/core/wipe.h"

#include <stddef.h>

/* clang-format off */
static const struct tally_reader_cell table[TALLY_READER_STATE_COUNT][TALLY_READER_EVENT_COUNT] = {
    [TALLY_READER_OFF] = {
        [TALLY_READER_HOST_UP]      = {TALLY_READER_SHOW_IDLE,       TALLY_READER_IDLE},
        [TALLY_READER_HOST_DOWN]    = {TALLY_READER_FORGET,          TALLY_READER_OFF},
    },
    [TALLY_READER_IDLE] = {
        [TALLY_READER_HOST_UP]      = {TALLY_READER_SHOW_IDLE,       TALLY_READER_IDLE},
        [TALLY_READER_HOST_DOWN]    = {TALLY_READER_FORGET,          TALLY_READER_OFF},
        [TALLY_READER_SWIPE_BEGINS] = {TALLY_READER_LISTEN,          TALLY_READER_SWIPING},
    },
    [TALLY_READER_SWIPING] = {
        [TALLY_READER_HOST_DOWN]    = {TALLY_READER_FORGET,          TALLY_READER_OFF},
        [TALLY_READER_SWIPE_ENDS]   = {TALLY_READER_REPORT,          TALLY_READER_REPORTING},
        [TALLY_READER_SWIPE_LOST]   = {TALLY_READER_FORGET_AND_WARN, TALLY_READER_IDLE},
    },
    [TALLY_READER_REPORTING] = {
        [TALLY_READER_HOST_DOWN]    = {TALLY_READER_FORGET,          TALLY_READER_OFF},
        [TALLY_READER_REPORT_TAKEN] = {TALLY_READER_FORGET,          TALLY_READER_IDLE},
        [TALLY_READER_REPORT_STALE] = {TALLY_READER_FORGET_AND_WARN, TALLY_READER_IDLE},
    },
};
/* clang-format on */

/* ---- light and beeper ---- */

enum { TRACKS_ALL = 0x07 };
enum { STEPS_MAX = 6, STAYS = 0, FOREVER_MS = 60000 };

struct step {
    uint16_t ms; /* STAYS: until another pattern begins */
    uint8_t value;
};

static const struct {
    struct step steps[STEPS_MAX];
    uint8_t count;
    enum tally_reader_pattern then; /* itself: over and over */
} patterns[TALLY_READER_PATTERN_COUNT] = {
    [TALLY_READER_LOOK_NO_HOST] = {{{1950, TALLY_READER_LIGHT_OFF}, {50, TALLY_READER_LIGHT_AMBER}},
                                   2,
                                   TALLY_READER_LOOK_NO_HOST},
    [TALLY_READER_LOOK_IDLE] = {{{STAYS, TALLY_READER_LIGHT_GREEN}}, 1, TALLY_READER_LOOK_IDLE},
    [TALLY_READER_LOOK_BUSY] = {{{STAYS, TALLY_READER_LIGHT_AMBER}}, 1, TALLY_READER_LOOK_BUSY},
    [TALLY_READER_LOOK_GOOD] = {{{120, TALLY_READER_LIGHT_GREEN},
                                 {120, TALLY_READER_LIGHT_OFF},
                                 {120, TALLY_READER_LIGHT_GREEN},
                                 {120, TALLY_READER_LIGHT_OFF}},
                                4,
                                TALLY_READER_LOOK_IDLE},
    [TALLY_READER_LOOK_BAD] = {{{STAYS, TALLY_READER_LIGHT_RED}}, 1, TALLY_READER_LOOK_BAD},
    [TALLY_READER_SOUND_NONE] = {{{STAYS, 0}}, 1, TALLY_READER_SOUND_NONE},
    [TALLY_READER_SOUND_GOOD] = {{{90, 1}}, 1, TALLY_READER_SOUND_NONE},
    [TALLY_READER_SOUND_BAD] = {{{90, 1}, {90, 0}, {90, 1}, {90, 0}, {90, 1}},
                                5,
                                TALLY_READER_SOUND_NONE},
};

static void play(struct tally_reader_player *player, enum tally_reader_pattern pattern)
{
    player->pattern = pattern;
    player->step = 0;
    player->is_running = false;
}

static const struct step *step_of(const struct tally_reader_player *player)
{
    return &patterns[player->pattern].steps[player->step];
}

static void go_on(struct tally_reader_player *player)
{
    player->since_ms += step_of(player)->ms;
    player->step++;
    if (player->step == patterns[player->pattern].count) {
        player->pattern = patterns[player->pattern].then;
        player->step = 0;
    }
}

/* Returns when its value changes next. */
static uint32_t go_to(struct tally_reader_player *player, uint32_t now_ms)
{
    if (!player->is_running || now_ms - player->since_ms > FOREVER_MS) { /* who slept starts anew */
        player->is_running = true;
        player->since_ms = now_ms;
    }
    while (step_of(player)->ms != STAYS && now_ms - player->since_ms >= step_of(player)->ms) {
        go_on(player);
    }
    if (step_of(player)->ms == STAYS) {
        player->since_ms = now_ms;
        return now_ms + FOREVER_MS;
    }
    return player->since_ms + step_of(player)->ms;
}

static void show(struct tally_reader *reader)
{
    reader->light = (enum tally_reader_light)step_of(&reader->show.light)->value;
    reader->is_beeping = step_of(&reader->show.beeper)->value != 0;
}

uint32_t tally_reader_time(struct tally_reader *reader, uint32_t now_ms)
{
    uint32_t light_ms = go_to(&reader->show.light, now_ms);
    uint32_t beeper_ms = go_to(&reader->show.beeper, now_ms);
    show(reader);
    return light_ms - now_ms < beeper_ms - now_ms ? light_ms : beeper_ms;
}

static void sound(struct tally_reader *reader, enum tally_reader_pattern pattern)
{
    play(&reader->show.beeper, pattern);
    for (uint8_t i = 0; i < patterns[pattern].count; i++) {
        reader->beeps = (uint8_t)(reader->beeps + patterns[pattern].steps[i].value);
    }
}

/* ---- the machine ---- */

static void forget(struct tally_reader *reader)
{
    for (int track = 0; track < TALLY_MSR_TRACKS; track++) {
        tally_f2f_reset(&reader->tracks[track]);
    }
    tally_wipe(reader->report, sizeof reader->report);
}

static bool build(const struct tally_f2f tracks[TALLY_MSR_TRACKS], uint8_t enabled,
                  uint8_t ret_report[TALLY_MSR_REPORT_LEN]);

static void report(struct tally_reader *reader)
{
    bool is_good = build(reader->tracks, reader->tracks_enabled, reader->report);
    for (int track = 0; track < TALLY_MSR_TRACKS; track++) {
        tally_f2f_reset(&reader->tracks[track]);
    }
    play(&reader->show.light, is_good ? TALLY_READER_LOOK_BUSY : TALLY_READER_LOOK_BAD);
    sound(reader, is_good ? TALLY_READER_SOUND_GOOD : TALLY_READER_SOUND_BAD);
}

/* The light of a failed swipe stays red until the next swipe says otherwise. */
static enum tally_reader_pattern look_after_forgetting(const struct tally_reader *reader)
{
    if (reader->state == TALLY_READER_OFF) {
        return TALLY_READER_LOOK_NO_HOST;
    }
    return reader->show.light.pattern == TALLY_READER_LOOK_BAD ? TALLY_READER_LOOK_BAD
                                                               : TALLY_READER_LOOK_GOOD;
}

static void act(struct tally_reader *reader, enum tally_reader_action action)
{
    reader->beeps = 0;
    switch (action) {
    case TALLY_READER_REFUSE:
        break;
    case TALLY_READER_SHOW_IDLE:
        play(&reader->show.light, TALLY_READER_LOOK_IDLE);
        break;
    case TALLY_READER_LISTEN:
        forget(reader);
        reader->swipe_number++;
        play(&reader->show.light, TALLY_READER_LOOK_BUSY);
        break;
    case TALLY_READER_REPORT:
        report(reader);
        break;
    case TALLY_READER_FORGET:
        forget(reader);
        play(&reader->show.light, look_after_forgetting(reader));
        break;
    case TALLY_READER_FORGET_AND_WARN:
        forget(reader);
        play(&reader->show.light, TALLY_READER_LOOK_BAD);
        sound(reader, TALLY_READER_SOUND_BAD);
        break;
    }
    show(reader);
}

struct tally_reader_cell tally_reader_step(enum tally_reader_state state,
                                           enum tally_reader_event event)
{
    struct tally_reader_cell cell = table[state][event];
    if (cell.action == TALLY_READER_REFUSE) {
        cell.next = state;
    }
    return cell;
}

void tally_reader_init(struct tally_reader *reader)
{
    tally_wipe(reader, sizeof *reader);
    reader->tracks_enabled = TRACKS_ALL;
    play(&reader->show.light, TALLY_READER_LOOK_NO_HOST);
    play(&reader->show.beeper, TALLY_READER_SOUND_NONE);
}

enum tally_reader_action tally_reader_event(struct tally_reader *reader,
                                            enum tally_reader_event event)
{
    struct tally_reader_cell cell = tally_reader_step(reader->state, event);
    reader->state = cell.next;
    act(reader, cell.action);
    return cell.action;
}

void tally_reader_flux(struct tally_reader *reader, enum tally_f2f_track track, uint32_t interval)
{
    if (reader->state == TALLY_READER_SWIPING) {
        tally_f2f_push(&reader->tracks[track], interval);
    }
}

static bool build(const struct tally_f2f tracks[TALLY_MSR_TRACKS], uint8_t enabled,
                  uint8_t ret_report[TALLY_MSR_REPORT_LEN])
{
    bool any_ok = false, any_damaged = false;
    tally_wipe(ret_report, TALLY_MSR_REPORT_LEN);
    for (int track = 0; track < TALLY_MSR_TRACKS; track++) {
        struct tally_f2f_text text;
        if ((enabled & 1u << track) == 0) {
            continue; /* as if the card did not have it */
        }
        uint8_t *data = ret_report + TALLY_MSR_DATA_AT + track * TALLY_MSR_TRACK_LEN_MAX;
        switch (tally_f2f_decode(&tracks[track], (enum tally_f2f_track)track, &text)) {
        case TALLY_F2F_OK:
            any_ok = true;
            ret_report[TALLY_MSR_LEN_AT + track] = text.len;
            for (uint8_t i = 0; i < text.len; i++) {
                data[i] = (uint8_t)text.text[i];
            }
            break;
        case TALLY_F2F_NO_DATA:
            break;
        case TALLY_F2F_DAMAGED:
            any_damaged = true;
            ret_report[TALLY_MSR_STATUS_AT + track] = TALLY_MSR_STATUS_ERROR;
            break;
        }
        tally_wipe(&text, sizeof text);
    }
    ret_report[TALLY_MSR_ENCODE_TYPE_AT] = (uint8_t)(any_ok        ? TALLY_MSR_ENCODE_ISO
                                                     : any_damaged ? TALLY_MSR_ENCODE_UNDETERMINED
                                                                   : TALLY_MSR_ENCODE_NONE);
    return any_ok && !any_damaged;
}

bool tally_reader_build_report(const struct tally_f2f tracks[TALLY_MSR_TRACKS],
                               uint8_t ret_report[TALLY_MSR_REPORT_LEN])
{
    return build(tracks, TRACKS_ALL, ret_report);
}
_Static_assert((int)TALLY_F2F_TEXT_LEN_MAX <= (int)TALLY_MSR_TRACK_LEN_MAX,
               "a track fits its field");
