/* firmware/core/reader.h: the card reader between its head and its cable: a state machine in a
 * table.
 *
 * The port tells what happened (EVENT), the reader says what to do about it (ACTION, light, beeper)
 * and holds the report while one waits for the terminal.
 *
 * Units    intervals as in f2f.h
 * Memory   one struct, about 900 bytes; no heap
 * Errors   an event that does not fit the state is refused: TALLY_READER_REFUSE, nothing changes
 * Threads  pure; one caller at a time */
#ifndef TALLY_FIRMWARE_CORE_READER_H
#define TALLY_FIRMWARE_CORE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/core/f2f.h"
#include "firmware/reports.h"

enum tally_reader_state {
    TALLY_READER_OFF = 0, /* no terminal has set us up: a swipe could go nowhere */
    TALLY_READER_IDLE,
    TALLY_READER_SWIPING,
    TALLY_READER_REPORTING, /* the report waits for the terminal */
    TALLY_READER_STATE_COUNT
};

enum tally_reader_event {
    TALLY_READER_HOST_UP = 0,  /* a terminal has chosen our configuration */
    TALLY_READER_HOST_DOWN,    /* cable out, bus reset, configuration 0 */
    TALLY_READER_SWIPE_BEGINS, /* first transition after silence */
    TALLY_READER_SWIPE_ENDS,   /* silence after transitions */
    TALLY_READER_SWIPE_LOST,   /* the head failed: what came is not a swipe */
    TALLY_READER_REPORT_TAKEN, /* the terminal has every byte */
    TALLY_READER_REPORT_STALE, /* TALLY_READER_HOLD_MS have passed and it has not */
    TALLY_READER_EVENT_COUNT
};

enum tally_reader_action {
    TALLY_READER_REFUSE = 0, /* the state stays, whatever the cell's `next` says */
    TALLY_READER_SHOW_IDLE,
    TALLY_READER_LISTEN, /* forget the last card, collect transitions */
    TALLY_READER_REPORT, /* decode, build the report: send it */
    TALLY_READER_FORGET, /* wipe tracks and report */
    TALLY_READER_FORGET_AND_WARN
};

struct tally_reader_cell {
    enum tally_reader_action action;
    enum tally_reader_state next;
};

enum tally_reader_light {
    TALLY_READER_LIGHT_OFF = 0,
    TALLY_READER_LIGHT_GREEN, /* swipe now */
    TALLY_READER_LIGHT_AMBER, /* busy */
    TALLY_READER_LIGHT_RED    /* the last swipe failed; swipe again */
};

/* How light and beeper look and sound, step by step; the tables are in reader.c. */
enum tally_reader_pattern {
    TALLY_READER_LOOK_NO_HOST = 0,
    TALLY_READER_LOOK_IDLE,
    TALLY_READER_LOOK_BUSY,
    TALLY_READER_LOOK_GOOD, /* then IDLE */
    TALLY_READER_LOOK_BAD,  /* until the next swipe */
    TALLY_READER_SOUND_NONE,
    TALLY_READER_SOUND_GOOD,
    TALLY_READER_SOUND_BAD,
    TALLY_READER_PATTERN_COUNT
};

/* One of the two players of patterns. */
struct tally_reader_player {
    enum tally_reader_pattern pattern;
    uint8_t step;
    bool is_running; /* since_ms is known */
    uint32_t since_ms;
};

struct tally_reader_show {
    struct tally_reader_player light;
    struct tally_reader_player beeper;
};

/* How long a report may wait for the terminal (REPORTS.md). The port keeps the time. */
enum { TALLY_READER_HOLD_MS = 5000 };

struct tally_reader {
    enum tally_reader_state state;
    enum tally_reader_light light; /* shine this */
    bool is_beeping;               /* sound the beeper now */
    uint8_t beeps;                 /* the sound that the last event began; 0: none */
    uint8_t tracks_enabled;        /* bit n: track n + 1 is reported; init sets all */
    struct tally_reader_show show; /* private */
    uint32_t swipe_number;         /* counts the swipes that began; tells one from the next */
    struct tally_f2f tracks[TALLY_MSR_TRACKS];
    uint8_t report[TALLY_MSR_REPORT_LEN]; /* all zero unless the state is REPORTING */
};

/* The table: what `event` does in `state`. Pure, for tests and for the curious. */
struct tally_reader_cell tally_reader_step(enum tally_reader_state state,
                                           enum tally_reader_event event);

void tally_reader_init(struct tally_reader *reader);

/* Tells the reader what happened and returns what it did. After TALLY_READER_REPORT the port sends
 * reader->report and later says TAKEN or STALE; light and beeps are up to date after every call. */
enum tally_reader_action tally_reader_event(struct tally_reader *reader,
                                            enum tally_reader_event event);

/* Lets light and beeper go on to where they are at now_ms (of any monotonic clock; it may wrap).
 * Returns when they change next, 60 s ahead at most. A pattern begins with the first call after the
 * event that began it. */
uint32_t tally_reader_time(struct tally_reader *reader, uint32_t now_ms);

/* One interval of one track. Ignored unless SWIPING. */
void tally_reader_flux(struct tally_reader *reader, enum tally_f2f_track track, uint32_t interval);

/* The report of three finished tracks, also used by tests. Wipes what it does not need.
 * Returns true when the cashier need not swipe again: a track was read and none is damaged. */
bool tally_reader_build_report(const struct tally_f2f tracks[TALLY_MSR_TRACKS],
                               uint8_t ret_report[TALLY_MSR_REPORT_LEN]);

#endif
