/* tests/fakes/fake_link_hid.h: a link (hal/reader/link.h) to a HID device that the test plays: it
 * notes what the driver asks and says, and hands it what the device answers, with a clock of its
 * own.
 *
 * Memory   one struct; reports are handed over in blocks of exactly their length, and must come
 * back wiped or be wiped after. */
#ifndef TESTS_FAKES_FAKE_LINK_HID_H
#define TESTS_FAKES_FAKE_LINK_HID_H

#include "hal/reader/link.h"

enum { FAKE_CONTROLS_MAX = 16, FAKE_STATE_MAX = 8192, FAKE_DATA_MAX = 64 };

struct fake_control {
    struct hal_setup setup;
    uint8_t data[FAKE_DATA_MAX]; /* of an OUT request */
};

struct fake_link {
    struct hal_link link; /* first, as link.h says */
    const struct hal_reader_driver *driver;
    struct hal_interface interface;
    _Alignas(16) uint8_t state[FAKE_STATE_MAX];

    struct fake_control controls[FAKE_CONTROLS_MAX];
    size_t control_count;
    size_t report_len; /* of listen; 0: it was not called */
    bool short_ends;
    uint64_t now_ms;
    uint64_t timer_at_ms; /* 0: stopped */

    char serial[HAL_READER_SERIAL_LEN_MAX + 1]; /* "": it did not say that it is ours */
    bool is_paired;
    unsigned paired_count;
    enum tally_status paired_status; /* the last */
    unsigned ready_count;
    unsigned card_count;
    unsigned refusal_count;
    struct tally_card card;    /* the last */
    enum tally_status refusal; /* the last */
    bool has_ended;
    enum tally_status end;
};

/* A driver on a claimed interface, started. */
void fake_link_start(struct fake_link *fake, const struct hal_reader_driver *driver,
                     const struct hal_interface *interface,
                     const struct hal_reader_settings *settings);

/* The device answers the last control request. */
void fake_link_answer(struct fake_link *fake, enum tally_status status, const uint8_t *bytes,
                      size_t len);

/* The device sends a report. */
void fake_link_report(struct fake_link *fake, const uint8_t *report, size_t len);

/* A report broke off. */
void fake_link_broken(struct fake_link *fake);

/* Time passes; the timer goes off in it as often as it is set. */
void fake_link_wait(struct fake_link *fake, uint32_t ms);

/* Whether these bytes stand anywhere in the driver's state. */
bool fake_link_state_holds(const struct fake_link *fake, const void *bytes, size_t len);

#endif
