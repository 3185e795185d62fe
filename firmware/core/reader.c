/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's state machine and the building of its report. */
#include "firmware/core/reader.h"

#include <stddef.h>

enum { BEEPS_GOOD = 1, BEEPS_BAD = 3 };

static const struct tally_reader_cell table[TALLY_READER_STATE_COUNT][TALLY_READER_EVENT_COUNT] = {
    [TALLY_READER_OFF] =
        {
            [TALLY_READER_HOST_UP] = {TALLY_READER_SHOW_IDLE, TALLY_READER_IDLE},
            [TALLY_READER_HOST_DOWN] = {TALLY_READER_FORGET, TALLY_READER_OFF},
        },
    [TALLY_READER_IDLE] =
        {
            [TALLY_READER_HOST_UP] = {TALLY_READER_SHOW_IDLE, TALLY_READER_IDLE},
            [TALLY_READER_HOST_DOWN] = {TALLY_READER_FORGET, TALLY_READER_OFF},
            [TALLY_READER_SWIPE_BEGINS] = {TALLY_READER_LISTEN, TALLY_READER_SWIPING},
        },
    [TALLY_READER_SWIPING] =
        {
            [TALLY_READER_HOST_DOWN] = {TALLY_READER_FORGET, TALLY_READER_OFF},
            [TALLY_READER_SWIPE_ENDS] = {TALLY_READER_REPORT, TALLY_READER_REPORTING},
            [TALLY_READER_SWIPE_LOST] = {TALLY_READER_FORGET_AND_WARN, TALLY_READER_IDLE},
        },
    [TALLY_READER_REPORTING] =
        {
            [TALLY_READER_HOST_DOWN] = {TALLY_READER_FORGET, TALLY_READER_OFF},
            [TALLY_READER_REPORT_TAKEN] = {TALLY_READER_FORGET, TALLY_READER_IDLE},
            [TALLY_READER_REPORT_STALE] = {TALLY_READER_FORGET_AND_WARN, TALLY_READER_IDLE},
        },
};

static void wipe(void *memory, size_t len)
{
    volatile uint8_t *byte = memory;
    while (len-- > 0) {
        *byte++ = 0;
    }
}

static void forget(struct tally_reader *reader)
{
    for (int track = 0; track < TALLY_MSR_TRACKS; track++) {
        tally_f2f_reset(&reader->tracks[track]);
    }
    wipe(reader->report, sizeof reader->report);
}

static void report(struct tally_reader *reader)
{
    bool is_good = tally_reader_build_report(reader->tracks, reader->report);
    for (int track = 0; track < TALLY_MSR_TRACKS; track++) {
        tally_f2f_reset(&reader->tracks[track]);
    }
    reader->light = is_good ? TALLY_READER_LIGHT_AMBER : TALLY_READER_LIGHT_RED;
    reader->beeps = is_good ? BEEPS_GOOD : BEEPS_BAD;
}

/* The light of a failed swipe stays red until the next event says otherwise. */
static enum tally_reader_light light_after_forgetting(const struct tally_reader *reader)
{
    if (reader->state == TALLY_READER_OFF) {
        return TALLY_READER_LIGHT_OFF;
    }
    return reader->light == TALLY_READER_LIGHT_RED ? TALLY_READER_LIGHT_RED
                                                   : TALLY_READER_LIGHT_GREEN;
}

static void act(struct tally_reader *reader, enum tally_reader_action action)
{
    reader->beeps = 0;
    switch (action) {
    case TALLY_READER_REFUSE:
        break;
    case TALLY_READER_SHOW_IDLE:
        reader->light = TALLY_READER_LIGHT_GREEN;
        break;
    case TALLY_READER_LISTEN:
        forget(reader);
        reader->swipe_number++;
        reader->light = TALLY_READER_LIGHT_AMBER;
        break;
    case TALLY_READER_REPORT:
        report(reader);
        break;
    case TALLY_READER_FORGET:
        forget(reader);
        reader->light = light_after_forgetting(reader);
        break;
    case TALLY_READER_FORGET_AND_WARN:
        forget(reader);
        reader->light = TALLY_READER_LIGHT_RED;
        reader->beeps = BEEPS_BAD;
        break;
    }
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
    wipe(reader, sizeof *reader);
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

bool tally_reader_build_report(const struct tally_f2f tracks[TALLY_MSR_TRACKS],
                               uint8_t ret_report[TALLY_MSR_REPORT_LEN])
{
    bool any_ok = false, any_damaged = false;
    wipe(ret_report, TALLY_MSR_REPORT_LEN);
    for (int track = 0; track < TALLY_MSR_TRACKS; track++) {
        struct tally_f2f_text text;
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
        wipe(&text, sizeof text);
    }
    ret_report[TALLY_MSR_ENCODE_TYPE_AT] = (uint8_t)(any_ok        ? TALLY_MSR_ENCODE_ISO
                                                     : any_damaged ? TALLY_MSR_ENCODE_UNDETERMINED
                                                                   : TALLY_MSR_ENCODE_NONE);
    return any_ok && !any_damaged;
}
_Static_assert((int)TALLY_F2F_TEXT_LEN_MAX <= (int)TALLY_MSR_TRACK_LEN_MAX,
               "a track fits its field");
