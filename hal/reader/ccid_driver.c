/* SPDX-License-Identifier: Apache-2.0 */
/* Driver for CCID readers: notices a card, powers it on, lets contactless.c speak with it, and says
 * what came of it. One command is under way at a time, on one slot. */
#include "hal/reader/ccid_driver.h"

#include "app/crypto/crypto.h"
#include "hal/reader/ccid.h"
#include "hal/reader/contactless.h"

#include <assert.h>
#include <string.h>

enum {
    POLL_MS = 250,          /* for cards, where no interrupt endpoint tells */
    POLL_LEAVING_MS = 1000, /* a card lies there; the notice that it left may get lost */
    POLL_SILENT_MS = 5000,  /* is the reader still alive? */
    BUSY_MS = 100,
    BUSY_MAX = 20,
    FAILURES_MAX = 3, /* commands in a row without an answer that fits: given up */
    TRIES_MAX = 3,    /* conversations with a card that moves */
    READ_LEN = 128    /* what every reader can pass on from a card in one answer */
};

enum slot_state {
    SLOT_EMPTY = 0,
    SLOT_ARRIVED, /* a card that nobody has spoken with */
    SLOT_SERVED,  /* its card was decided on; it must leave first */
    SLOT_DEAD     /* the reader says that there is no such slot */
};

/* What the command under way is for. */
enum phase {
    PHASE_IDLE = 0,
    PHASE_STATUS,
    PHASE_POWER_ON,
    PHASE_TALK,
    PHASE_POWER_OFF,
    PHASE_ABORT_REQUEST,
    PHASE_ABORT
};

struct ccid_reader {
    struct hal_ccid ccid;
    struct hal_contactless talk;
    struct hal_tag424_seen seen;
    enum slot_state slots[HAL_CCID_SLOTS_MAX];
    bool is_quiet[HAL_CCID_SLOTS_MAX]; /* held a card before we came: a SAM, as a rule */
    unsigned slot_count;
    uint8_t slot;
    uint8_t voltages[HAL_CCID_VOLTAGES_MAX];
    unsigned voltage_count;
    unsigned voltage;
    enum phase phase;
    enum phase aborted; /* what PHASE_ABORT is for */
    unsigned tries;
    unsigned failures;
    unsigned busy;
    bool is_ready;
    bool has_notices;  /* there is an interrupt endpoint */
    bool has_card;     /* a card on `slot` is being spoken with */
    bool has_left;     /* ... and has left meanwhile */
    bool has_returned; /* ... and then one was shown again */
    bool is_sending;   /* on_sent() is to come */
    bool send_waits;   /* for it */
    bool is_stuck;     /* the last send was refused at once */
    bool awaits;       /* an answer */
};

static bool fits(const struct hal_interface *interface, const struct hal_reader_settings *settings)
{
    (void)settings;
    struct tally_slice descriptors = {interface->class_descriptors,
                                      interface->class_descriptors_len};
    struct hal_ccid_class about;
    return interface->bInterfaceClass == HAL_CCID_CLASS &&
           interface->bInterfaceProtocol == HAL_CCID_PROTOCOL_BULK && interface->bulk_in != 0 &&
           interface->bulk_out != 0 && hal_ccid_class_read(descriptors, &about) == TALLY_OK &&
           hal_ccid_is_spoken(&about);
}

/* ---- commands out ---- */

/* A send that is refused at once must not end anything from in here: the timer does. */
static void submit(struct ccid_reader *reader, struct hal_link *link)
{
    reader->awaits = true;
    reader->send_waits = reader->is_sending;
    if (reader->is_sending) {
        return;
    }
    size_t len = 0;
    const uint8_t *message = hal_ccid_message(&reader->ccid, &len);
    reader->is_stuck = hal_link_send(link, message, len) != TALLY_OK;
    reader->is_sending = !reader->is_stuck;
    hal_link_set_timer(link, reader->is_stuck ? BUSY_MS : reader->ccid.wait_ms);
}

static void ask_status(struct ccid_reader *reader, struct hal_link *link, unsigned slot)
{
    reader->phase = PHASE_STATUS;
    reader->slot = (uint8_t)slot;
    hal_ccid_get_slot_status(&reader->ccid, reader->slot);
    submit(reader, link);
}

static void power_on(struct ccid_reader *reader, struct hal_link *link)
{
    reader->phase = PHASE_POWER_ON;
    hal_ccid_power_on(&reader->ccid, reader->slot, reader->voltages[reader->voltage]);
    submit(reader, link);
}

static void power_off(struct ccid_reader *reader, struct hal_link *link)
{
    reader->phase = PHASE_POWER_OFF;
    hal_ccid_power_off(&reader->ccid, reader->slot);
    submit(reader, link);
}

static void transmit(struct ccid_reader *reader, struct hal_link *link)
{
    size_t len = 0;
    const uint8_t *command = hal_contactless_command(&reader->talk, &len);
    reader->phase = PHASE_TALK;
    hal_ccid_transmit(&reader->ccid, reader->slot, command, len);
    submit(reader, link);
}

/* ---- what next ---- */

static uint32_t poll_ms(const struct ccid_reader *reader)
{
    if (!reader->has_notices) {
        return POLL_MS;
    }
    for (unsigned slot = 0; slot < reader->slot_count; slot++) {
        if (reader->slots[slot] == SLOT_SERVED) {
            return POLL_LEAVING_MS;
        }
    }
    return POLL_SILENT_MS;
}

static void begin_card(struct ccid_reader *reader, struct hal_link *link, unsigned slot)
{
    reader->slot = (uint8_t)slot;
    reader->has_card = true;
    reader->has_left = reader->has_returned = false;
    reader->tries = reader->voltage = 0;
    power_on(reader, link);
}

static void next(struct ccid_reader *reader, struct hal_link *link)
{
    for (unsigned slot = 0; slot < reader->slot_count; slot++) {
        if (reader->slots[slot] == SLOT_ARRIVED) {
            begin_card(reader, link, slot);
            return;
        }
    }
    reader->phase = PHASE_IDLE;
    hal_link_set_timer(link, poll_ms(reader));
}

static void forget_card(struct ccid_reader *reader)
{
    hal_contactless_wipe(&reader->talk);
    hal_ccid_wipe(&reader->ccid);
}

/* It is over with this card. What is said to the link comes last: it may end this driver. */
static void finish(struct ccid_reader *reader, struct hal_link *link, enum tally_status verdict,
                   struct tally_card *card, bool is_there)
{
    enum slot_state gone = reader->has_returned ? SLOT_ARRIVED : SLOT_EMPTY;
    unsigned slot = reader->slot;
    bool is_said = verdict != TALLY_E_NOT_FOUND &&
                   !(verdict == TALLY_E_CARD_UNREADABLE && reader->is_quiet[slot]);
    reader->slots[slot] = is_there && !reader->has_left ? SLOT_SERVED : gone;
    reader->has_card = false;
    forget_card(reader);
    if (is_there) {
        power_off(reader, link);
    } else {
        next(reader, link);
    }
    if (verdict == TALLY_OK) {
        hal_link_card(link, card);
        explicit_bzero(card, sizeof *card);
    } else if (is_said) {
        hal_link_refuse(link, verdict);
    }
}

/* The card answered nothing, or nonsense: from the start, unless it is gone. */
static void card_failed(struct ccid_reader *reader, struct hal_link *link)
{
    bool is_gone = reader->has_left || reader->ccid.presence == HAL_CCID_ABSENT;
    forget_card(reader);
    if (is_gone || ++reader->tries == TRIES_MAX) {
        finish(reader, link, TALLY_E_CARD_UNREADABLE, NULL, !is_gone);
    } else {
        power_off(reader, link);
    }
}

/* ---- commands that have ended ---- */

static void note_presence(struct ccid_reader *reader, unsigned slot, bool is_present)
{
    enum slot_state *state = &reader->slots[slot];
    if (*state == SLOT_DEAD) {
        return;
    }
    if (reader->has_card && slot == reader->slot) {
        reader->has_returned = is_present && reader->has_left;
        reader->has_left = reader->has_left || !is_present;
    } else if (!is_present) {
        *state = SLOT_EMPTY;
        reader->is_quiet[slot] = false;
    } else if (*state == SLOT_EMPTY) {
        *state = SLOT_ARRIVED;
        reader->is_quiet[slot] = !reader->is_ready;
    }
}

static void on_status(struct ccid_reader *reader, struct hal_link *link)
{
    if (reader->ccid.outcome == HAL_CCID_GARBLED) {
        ask_status(reader, link, reader->slot);
        return;
    }
    bool is_refused = reader->ccid.outcome != HAL_CCID_DONE;
    if (is_refused && reader->ccid.bError == HAL_CCID_ERROR_SLOT) {
        reader->slots[reader->slot] = SLOT_DEAD;
    } else if (reader->ccid.presence != HAL_CCID_UNKNOWN) {
        note_presence(reader, reader->slot, reader->ccid.presence != HAL_CCID_ABSENT);
    }
    if (reader->slot + 1U < reader->slot_count) {
        ask_status(reader, link, reader->slot + 1U);
        return;
    }
    bool was_ready = reader->is_ready;
    reader->is_ready = true;
    next(reader, link);
    if (!was_ready) {
        hal_link_ready(link);
    }
}

static void on_power_on(struct ccid_reader *reader, struct hal_link *link)
{
    bool is_there = !reader->has_left && reader->ccid.presence != HAL_CCID_ABSENT;
    if (is_there && reader->ccid.outcome == HAL_CCID_DONE) {
        struct hal_contactless_needs needs = {.settings = link->settings,
                                              .seen = &reader->seen,
                                              .random = tally_random,
                                              .read_len_max = READ_LEN,
                                              .is_last_try = reader->tries + 1 == TRIES_MAX};
        hal_contactless_begin(&reader->talk, &needs, reader->ccid.answer, reader->ccid.answer_len);
        transmit(reader, link);
    } else if (is_there && reader->ccid.outcome == HAL_CCID_REFUSED &&
               reader->voltage + 1 < reader->voltage_count) {
        reader->voltage++;
        power_on(reader, link);
    } else {
        card_failed(reader, link);
    }
}

static void on_talk(struct ccid_reader *reader, struct hal_link *link)
{
    bool is_answer = reader->ccid.outcome == HAL_CCID_DONE &&
                     reader->ccid.presence != HAL_CCID_ABSENT && !reader->has_left;
    if (!is_answer) {
        card_failed(reader, link);
        return;
    }
    reader->talk.needs.settings = link->settings; /* the old ones may be gone */
    hal_contactless_answer(&reader->talk, reader->ccid.answer, reader->ccid.answer_len);
    hal_ccid_wipe(&reader->ccid);
    struct tally_card card = {.len = 0};
    enum tally_status verdict = hal_contactless_verdict(&reader->talk, &card);
    if (verdict == TALLY_E_AGAIN) {
        transmit(reader, link);
    } else if (verdict == TALLY_E_CARD_UNREADABLE) {
        card_failed(reader, link);
    } else {
        finish(reader, link, verdict, &card, true);
    }
    explicit_bzero(&card, sizeof card);
}

static void on_power_off(struct ccid_reader *reader, struct hal_link *link)
{
    if (reader->has_card && (reader->has_left || reader->ccid.presence == HAL_CCID_ABSENT)) {
        finish(reader, link, TALLY_E_CARD_UNREADABLE, NULL, false);
    } else if (reader->has_card) {
        reader->voltage = 0;
        power_on(reader, link);
    } else {
        next(reader, link);
    }
}

static void ended(struct ccid_reader *reader, struct hal_link *link)
{
    switch (reader->phase) {
    case PHASE_STATUS:
        on_status(reader, link);
        break;
    case PHASE_POWER_ON:
        on_power_on(reader, link);
        break;
    case PHASE_TALK:
        on_talk(reader, link);
        break;
    case PHASE_POWER_OFF:
        on_power_off(reader, link);
        break;
    case PHASE_IDLE:
    case PHASE_ABORT_REQUEST:
    case PHASE_ABORT:
        assert(!"a command has ended that was never begun");
    }
}

/* Ends the driver after too many in a row; true: it is over. */
static bool count_failure(struct ccid_reader *reader, struct hal_link *link)
{
    if (++reader->failures < FAILURES_MAX) {
        return false;
    }
    forget_card(reader);
    hal_link_end(link, TALLY_E_DEVICE);
    return true;
}

static void abort_over(struct ccid_reader *reader, struct hal_link *link)
{
    reader->phase = reader->aborted;
    reader->ccid.outcome = HAL_CCID_GARBLED;
    reader->ccid.presence = HAL_CCID_UNKNOWN;
    ended(reader, link);
}

static void command_ended(struct ccid_reader *reader, struct hal_link *link)
{
    reader->awaits = false;
    hal_link_set_timer(link, 0);
    if (reader->phase == PHASE_ABORT) {
        abort_over(reader, link);
        return;
    }
    if (reader->ccid.outcome == HAL_CCID_BUSY && ++reader->busy < BUSY_MAX) {
        hal_link_set_timer(link, BUSY_MS);
        return;
    }
    reader->busy = 0;
    if (reader->ccid.outcome != HAL_CCID_GARBLED) {
        reader->failures = 0;
    } else if (count_failure(reader, link)) {
        return;
    }
    ended(reader, link);
}

static void command_garbled(struct ccid_reader *reader, struct hal_link *link)
{
    reader->ccid.outcome = HAL_CCID_GARBLED;
    reader->ccid.presence = HAL_CCID_UNKNOWN;
    command_ended(reader, link);
}

/* No answer in time: break the command off on both endpoints (CCID 1.1, 5.3.1). */
static void timed_out(struct ccid_reader *reader, struct hal_link *link)
{
    enum { CLASS_TO_INTERFACE = 0x21, ABORT = 0x01 };
    reader->awaits = false;
    if (count_failure(reader, link)) {
        return;
    }
    if (reader->phase == PHASE_ABORT) {
        abort_over(reader, link);
        return;
    }
    const struct hal_setup setup = {.bmRequestType = CLASS_TO_INTERFACE,
                                    .bRequest = ABORT,
                                    .wValue = hal_ccid_abort_value(&reader->ccid),
                                    .wIndex = link->interface->bInterfaceNumber};
    reader->aborted = reader->phase;
    reader->phase = PHASE_ABORT_REQUEST;
    if (hal_link_control(link, &setup, NULL) != TALLY_OK) {
        abort_over(reader, link);
    }
}

/* ---- what the link says ---- */

static void start(void *state, struct hal_link *link)
{
    struct ccid_reader *reader = state;
    struct tally_slice descriptors = {link->interface->class_descriptors,
                                      link->interface->class_descriptors_len};
    struct hal_ccid_class about;
    enum tally_status status = hal_ccid_class_read(descriptors, &about);
    if (status == TALLY_OK) {
        status = hal_link_receive(link, about.dwMaxCCIDMessageLength);
    }
    reader->has_notices = link->interface->interrupt_in != 0;
    if (status == TALLY_OK && reader->has_notices) {
        status = hal_link_listen(link, hal_ccid_notice_len(&about), true);
    }
    if (status != TALLY_OK) {
        hal_link_end(link, status);
        return;
    }
    hal_ccid_init(&reader->ccid, &about);
    reader->slot_count = hal_ccid_slot_count(&about);
    reader->voltage_count = hal_ccid_voltages(&about, reader->voltages);
    ask_status(reader, link, 0);
}

static void on_control(void *state, struct hal_link *link, enum tally_status status, uint8_t *bytes,
                       size_t len)
{
    struct ccid_reader *reader = state;
    (void)bytes;
    (void)len;
    if (reader->phase != PHASE_ABORT_REQUEST) {
        return;
    }
    if (status == TALLY_OK) {
        reader->phase = PHASE_ABORT;
        hal_ccid_abort(&reader->ccid);
        submit(reader, link);
    } else {
        abort_over(reader, link); /* many readers do not know ABORT */
    }
}

static void on_report(void *state, struct hal_link *link, enum tally_status status, uint8_t *report,
                      size_t len)
{
    struct ccid_reader *reader = state;
    if (status != TALLY_OK) {
        return; /* the slow poll finds out what it was */
    }
    struct hal_ccid_notice notice = hal_ccid_notice_read(report, len);
    if (notice.kind != HAL_CCID_NOTICE_SLOTS) {
        return; /* a hardware error: the command under way ends without it */
    }
    for (unsigned slot = 0; slot < reader->slot_count; slot++) {
        if ((notice.changed >> slot & 1) != 0) {
            note_presence(reader, slot, (notice.present >> slot & 1) != 0);
        }
    }
    if (reader->phase == PHASE_IDLE) {
        next(reader, link);
    }
}

static void on_received(void *state, struct hal_link *link, enum tally_status status,
                        uint8_t *bytes, size_t len)
{
    struct ccid_reader *reader = state;
    if (!reader->awaits || (status == TALLY_OK && len == 0)) {
        return; /* too late, or an empty packet that ends a message */
    }
    if (status != TALLY_OK) {
        command_garbled(reader, link);
        return;
    }
    switch (hal_ccid_received(&reader->ccid, bytes, len)) {
    case HAL_CCID_WAIT:
        break;
    case HAL_CCID_EXTEND:
        hal_link_set_timer(link, reader->ccid.wait_ms);
        break;
    case HAL_CCID_SEND:
        submit(reader, link);
        break;
    case HAL_CCID_END:
        command_ended(reader, link);
        break;
    }
}

static void on_sent(void *state, struct hal_link *link, enum tally_status status)
{
    struct ccid_reader *reader = state;
    reader->is_sending = false;
    if (reader->send_waits) { /* the answer overtook the end of its own command */
        submit(reader, link);
    } else if (reader->awaits && status != TALLY_OK) {
        command_garbled(reader, link);
    } else if (reader->awaits) {
        hal_link_set_timer(link, reader->ccid.wait_ms);
    }
}

static void on_timer(void *state, struct hal_link *link)
{
    struct ccid_reader *reader = state;
    if (reader->phase == PHASE_IDLE) {
        ask_status(reader, link, 0);
    } else if (reader->is_stuck) {
        reader->is_stuck = false;
        command_garbled(reader, link);
    } else if (reader->awaits && reader->is_sending) {
        forget_card(reader);
        hal_link_end(link, TALLY_E_DEVICE); /* it does not even take commands */
    } else if (reader->awaits) {
        timed_out(reader, link);
    } else if (reader->ccid.outcome == HAL_CCID_BUSY) {
        hal_ccid_again(&reader->ccid);
        submit(reader, link);
    }
}

const struct hal_reader_driver hal_driver_ccid = {
    .name = "contactless reader (CCID)",
    .state_len = sizeof(struct ccid_reader),
    .fits = fits,
    .start = start,
    .on_control = on_control,
    .on_report = on_report,
    .on_received = on_received,
    .on_sent = on_sent,
    .on_timer = on_timer,
};
