/* tests/fakes/fake_link.h: the link of a reader driver to a device in the same process, and to a
 * clock that moves when the test says so.
 *
 * What happens to a driver waits in a queue and is delivered in order, never from inside a call of
 * the driver's. Writing against hal/reader/link.h's contract, it asserts that a driver keeps it.
 *
 * Memory   a zeroed struct is closed. The driver's state is a block of exactly the length that it
 *          asks for, and so is what it is handed: a sanitizer sees one byte too far. */
#ifndef TALLY_TESTS_FAKE_LINK_H
#define TALLY_TESTS_FAKE_LINK_H

#include "hal/reader/link.h"

enum {
    FAKE_EVENTS_MAX = 64,
    FAKE_EVENT_LEN_MAX = 1200,
    FAKE_SAID_MAX = 64,
    FAKE_CONTROLS_MAX = 16,
    FAKE_DATA_MAX = 64
};

struct fake_link;

/* What the device does with a transfer on its bulk OUT endpoint. */
typedef void fake_out_fn(struct fake_link *fake, const uint8_t *bytes, size_t len);

enum fake_event_kind { FAKE_CONTROL = 1, FAKE_REPORT, FAKE_RECEIVED, FAKE_SENT };

struct fake_event {
    enum fake_event_kind kind;
    enum tally_status status;
    size_t len;
    uint8_t bytes[FAKE_EVENT_LEN_MAX];
};

struct fake_control {
    struct hal_setup setup;
    uint8_t data[FAKE_DATA_MAX]; /* of an OUT request */
};

struct fake_link {
    struct hal_link link; /* first, as link.h says */
    const struct hal_reader_driver *driver;
    struct hal_interface interface;
    void *state;
    fake_out_fn *on_out;
    void *device; /* on_out's own */

    /* how the bus behaves */
    bool control_waits;         /* for fake_link_answer_control(); else it is answered at once: */
    bool control_fails;         /* with a stall */
    enum tally_status send;     /* what a send answers at once, if not TALLY_OK */
    enum tally_status sent;     /* what it comes to */
    bool sends_hang;            /* on_sent() never comes */
    bool answers_overtake_sent; /* the answer is delivered before on_sent() */

    /* what the driver asked for and said */
    size_t receive_len, listen_len;
    bool short_ends;                                 /* of listen */
    struct fake_control controls[FAKE_CONTROLS_MAX]; /* the first ones */
    struct hal_setup setup;                          /* of the last */
    unsigned control_count, send_count;
    unsigned ready_count, card_count, refused_count, paired_count;
    char serial[HAL_READER_SERIAL_LEN_MAX + 1]; /* "": it did not say that it is ours */
    bool is_paired;
    enum tally_status paired_status;          /* the last */
    struct tally_card card;                   /* the last one */
    enum tally_status refused[FAKE_SAID_MAX]; /* the first ones */
    enum tally_status refusal;                /* the last */
    bool has_ended;
    enum tally_status ended;

    /* private */
    struct fake_event events[FAKE_EVENTS_MAX];
    size_t event_count;
    bool is_sending, is_controlling;
    uint64_t now_ms, timer_at; /* 0: not set */
};

/* Makes a driver for this interface and starts it, after closing what was open. `settings` is
 * borrowed, and so is what the interface points at. `on_out` NULL: a HID device, which has no bulk
 * endpoints, and whose control requests wait for an answer of the test's. */
void fake_link_open(struct fake_link *fake, const struct hal_reader_driver *driver,
                    const struct hal_interface *interface,
                    const struct hal_reader_settings *settings, fake_out_fn *on_out, void *device);
void fake_link_close(struct fake_link *fake);

/* The device says something: a transfer on the bulk IN endpoint, or a report. Delivered by the next
 * run. */
void fake_link_answer(struct fake_link *fake, const uint8_t *bytes, size_t len);
void fake_link_answer_fails(struct fake_link *fake);
void fake_link_report(struct fake_link *fake, const uint8_t *bytes, size_t len);

/* The device answers the last control request, or breaks off a report. Delivered at once, so not
 * for on_out. */
void fake_link_answer_control(struct fake_link *fake, enum tally_status status,
                              const uint8_t *bytes, size_t len);
void fake_link_broken(struct fake_link *fake);

/* Delivers what waits, and what comes of it, without time passing. */
void fake_link_run(struct fake_link *fake);

/* Lets time pass, timers fire and things happen. */
void fake_link_wait(struct fake_link *fake, uint32_t ms);

/* Whether these bytes stand anywhere in the driver's state. */
bool fake_link_state_holds(const struct fake_link *fake, const void *bytes, size_t len);

/* Two rows of bytes as hexadecimal digits on stderr. */
void fake_print_both(const char *what, const uint8_t *expected, size_t expected_len,
                     const uint8_t *found, size_t found_len);

#endif
