/* SPDX-License-Identifier: Apache-2.0 */
/* The receipt printer: one decision at a time (go_on), taken anew after whatever has happened. */
#include "hal/printer/printer.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <stdio.h>

/* USB Device Class Definition for Printing Devices 1.1, 4.1 to 4.3; and Epson's printers that are
 * no such devices. */
enum {
    CLASS_PRINTER = 7,
    SUBCLASS_PRINTER = 1,
    PROTOCOL_FIRST = 1, /* unidirectional; 2 bidirectional, 3 IEEE 1284.4 */
    PROTOCOL_LAST = 3,
    CLASS_VENDOR = 0xff,
    EPSON = 0x04b8,
    EPSON_VENDOR_CLASS = 0x0202,
    GET_DEVICE_ID = 0,
    GET_PORT_STATUS = 1,
    SOFT_RESET = 2,
    FROM_INTERFACE = 0xa1,
    TO_INTERFACE = 0x21,
    DEVICE_ID_LEN_MAX = 1023
};

/* The port status, as on the Centronics cable that it comes from. */
enum { PORT_NO_ERROR = 0x08, PORT_SELECTED = 0x10, PORT_PAPER_OUT = 0x20, PORT_RESERVED = 0xc7 };

enum { PIECE_LEN_MAX = 512, PACKET_LEN = 64, FAILED_SENDS_MAX = 3, AT_ONCE_MS = 1 };

enum phase {
    PHASE_ABSENT = 0,
    PHASE_NAMING,    /* GET_DEVICE_ID is under way */
    PHASE_IDLE,      /* nothing is, and there is no job */
    PHASE_ASKING,    /* a question, or its answer */
    PHASE_PORT,      /* GET_PORT_STATUS */
    PHASE_SENDING,   /* bytes */
    PHASE_HELD,      /* the first job waits for a person */
    PHASE_FINISHING, /* the first job waits for its mark */
    PHASE_FAILING,   /* the first job is about to fail */
    PHASE_RESETTING, /* SOFT_RESET */
    PHASE_TELLING    /* somebody is being told of a job that is done */
};

/* What of a job comes next. */
enum step { STEP_RESET = 0, STEP_BODY, STEP_MARK, STEP_WAIT };

struct job {
    struct job *next;
    uint32_t number;
    enum step step;
    size_t len, sent;
    bool is_touched;    /* bytes of the body went out, or may have */
    bool is_worked_off; /* its mark was heard */
    unsigned looks;     /* at a printer that is well, while the mark does not come */
    uint8_t bytes[];
};

struct hal_printer {
    struct hal_printer_watcher watcher;
    struct hal_link *link; /* NULL: unplugged */
    enum phase phase;
    bool is_sending;     /* a bulk transfer is under way */
    bool is_controlling; /* a control transfer is */
    uint32_t piece_job;  /* whose piece it is; 0: nobody's */
    size_t piece_len;
    unsigned failed_sends; /* in a row */

    struct hal_escpos_ears ears;
    enum hal_escpos_question asked;
    bool is_answered;
    unsigned unanswered;  /* bit n: question n never is */
    bool is_silent;       /* nor is the first */
    bool reports_changes; /* was asked to */
    bool ignores_marks;   /* one never came */
    bool is_fresh;        /* it was asked how it is, and nothing has begun since */
    bool is_stalled;      /* it has not taken a piece for a while */
    bool has_port;        /* its port status can be read */
    uint8_t port;
    struct hal_printer_state told;
    char name[HAL_PRINTER_NAME_LEN_MAX + 1];

    struct job *jobs; /* the first is the one at work */
    size_t waiting_len;
    uint32_t last_number;
};

/* Of one claimed interface. */
struct plug {
    struct hal_printer *printer; /* NULL: another one is in use */
};

static void go_on(struct hal_printer *printer);

/* ---- how it is ---- */

static bool is_class(const struct hal_interface *interface)
{
    return interface->bInterfaceClass == CLASS_PRINTER;
}

/* A printer that puts nothing into the bits, or something into the reserved ones, knows nothing. */
static enum hal_printer_condition port_condition(const struct hal_printer *printer)
{
    uint8_t port = printer->port;
    if (!printer->has_port || port == 0 || (port & PORT_RESERVED) != 0) {
        return HAL_PRINTER_READY;
    }
    return (port & PORT_PAPER_OUT) != 0  ? HAL_PRINTER_PAPER_OUT
           : (port & PORT_NO_ERROR) == 0 ? HAL_PRINTER_ERROR
           : (port & PORT_SELECTED) == 0 ? HAL_PRINTER_OFFLINE
                                         : HAL_PRINTER_READY;
}

static enum hal_printer_condition told_condition(const struct hal_escpos_status *status)
{
    return status->cover_open   ? HAL_PRINTER_COVER_OPEN
           : status->paper_out  ? HAL_PRINTER_PAPER_OUT
           : status->has_error  ? HAL_PRINTER_ERROR
           : status->is_offline ? HAL_PRINTER_OFFLINE
           : status->paper_low  ? HAL_PRINTER_PAPER_LOW
                                : HAL_PRINTER_READY;
}

static bool is_trouble(enum hal_printer_condition condition)
{
    return condition != HAL_PRINTER_READY && condition != HAL_PRINTER_PAPER_LOW;
}

static enum hal_printer_condition condition_of(const struct hal_printer *printer)
{
    if (printer->link == NULL) {
        return HAL_PRINTER_UNPLUGGED;
    }
    struct hal_escpos_status status = hal_escpos_status(&printer->ears);
    enum hal_printer_condition condition =
        printer->is_silent ? port_condition(printer) : told_condition(&status);
    if (printer->is_stalled && !is_trouble(condition)) {
        condition = port_condition(printer);
        return is_trouble(condition) ? condition : HAL_PRINTER_OFFLINE;
    }
    return condition;
}

struct hal_printer_state hal_printer_state(const struct hal_printer *printer)
{
    assert(printer != NULL);
    return (struct hal_printer_state){
        .condition = condition_of(printer),
        .drawer_signal = hal_escpos_status(&printer->ears).drawer_signal,
        .is_silent = printer->is_silent,
        .name = printer->name,
    };
}

/* Says it where it has changed. */
static void tell_state(struct hal_printer *printer)
{
    struct hal_printer_state now = hal_printer_state(printer);
    bool is_new = now.condition != printer->told.condition ||
                  now.drawer_signal != printer->told.drawer_signal ||
                  now.is_silent != printer->told.is_silent;
    printer->told = now;
    if (is_new && printer->watcher.on_state != NULL) {
        printer->watcher.on_state(printer->watcher.context, &now);
    }
}

/* ---- jobs ---- */

/* Takes a job out of the queue; where it is none, NULL. */
static struct job *take_job(struct hal_printer *printer, uint32_t number)
{
    struct job **at = &printer->jobs;
    while (*at != NULL && (*at)->number != number) {
        at = &(*at)->next;
    }
    struct job *job = *at;
    if (job != NULL) {
        *at = job->next;
        printer->waiting_len -= job->len;
    }
    return job;
}

/* Its text may name somebody. */
static void free_job(struct job *job)
{
    explicit_bzero(job->bytes, job->len);
    tally_free(job);
}

static enum hal_print_result broken_off(const struct job *job)
{
    return job->is_worked_off ? HAL_PRINT_DONE : job->is_touched ? HAL_PRINT_MAYBE : HAL_PRINT_NOT;
}

/* The first job is done. What follows needs a new look. */
static void finish(struct hal_printer *printer, enum hal_print_result result)
{
    uint32_t number = printer->jobs->number;
    free_job(take_job(printer, number));
    printer->is_fresh = false;
    printer->phase = printer->link == NULL ? PHASE_ABSENT : PHASE_TELLING;
    printer->watcher.on_done(printer->watcher.context, number, result);
}

/* ---- bytes out ---- */

/* A request that fails at once must not become a call from within the caller's own. */
static void fail_soon(struct hal_printer *printer)
{
    printer->phase = PHASE_FAILING;
    hal_link_set_timer(printer->link, AT_ONCE_MS);
}

static bool start_send(struct hal_printer *printer, enum phase phase, const uint8_t *bytes,
                       size_t len)
{
    if (hal_link_send(printer->link, bytes, len) != TALLY_OK) {
        fail_soon(printer);
        return false;
    }
    printer->is_sending = true;
    printer->phase = phase;
    return true;
}

static void send_piece(struct hal_printer *printer, uint32_t job, const uint8_t *bytes, size_t len)
{
    if (start_send(printer, PHASE_SENDING, bytes, len)) {
        printer->piece_job = job;
        printer->piece_len = len;
        hal_link_set_timer(printer->link, HAL_PRINTER_STALL_MS);
    }
}

static void send_reset(struct hal_printer *printer, const struct job *job)
{
    uint8_t bytes[sizeof hal_escpos_reset + sizeof hal_escpos_report_changes];
    size_t len = sizeof hal_escpos_reset;
    memcpy(bytes, hal_escpos_reset, len);
    if (!printer->is_silent) { /* resetting may have ended the reports */
        memcpy(bytes + len, hal_escpos_report_changes, sizeof hal_escpos_report_changes);
        len += sizeof hal_escpos_report_changes;
    }
    send_piece(printer, job->number, bytes, len);
}

/* A piece does not end with a full packet, so that no empty one has to follow: some printers choke
 * on it. */
static void send_body(struct hal_printer *printer, struct job *job)
{
    size_t packet_len = printer->link->interface->bulk_out_packet_len, left = job->len - job->sent;
    size_t len = left < PIECE_LEN_MAX ? left : PIECE_LEN_MAX;
    if (packet_len > 1 && len % packet_len == 0) {
        len--;
    }
    send_piece(printer, job->number, job->bytes + job->sent, len);
    job->is_touched = job->is_touched || printer->phase == PHASE_SENDING;
}

static void advance(struct hal_printer *printer, struct job *job)
{
    switch (job->step) {
    case STEP_RESET:
        job->step = STEP_BODY;
        break;
    case STEP_BODY:
        job->sent += printer->piece_len;
        if (job->sent == job->len) {
            job->step = printer->is_silent || printer->ignores_marks ? STEP_WAIT : STEP_MARK;
            printer->is_fresh = job->step == STEP_MARK;
        }
        break;
    case STEP_MARK:
    case STEP_WAIT:
        job->step = STEP_WAIT;
        break;
    }
}

/* ---- questions ---- */

static void end_round(struct hal_printer *printer)
{
    printer->asked = HAL_ESCPOS_ASKS_NOTHING;
    printer->is_fresh = true;
    printer->phase = PHASE_TELLING;
    tell_state(printer);
    go_on(printer);
}

static bool start_control(struct hal_printer *printer, uint8_t bmRequestType, uint8_t bRequest,
                          uint16_t wIndex, uint16_t wLength)
{
    const struct hal_setup setup = {
        .bmRequestType = bmRequestType, .bRequest = bRequest, .wIndex = wIndex, .wLength = wLength};
    if (!is_class(printer->link->interface) || printer->is_controlling ||
        hal_link_control(printer->link, &setup, NULL) != TALLY_OK) {
        return false;
    }
    printer->is_controlling = true;
    return true;
}

static bool ask_port(struct hal_printer *printer)
{
    return start_control(printer, FROM_INTERFACE, GET_PORT_STATUS,
                         printer->link->interface->bInterfaceNumber, 1);
}

/* Of a printer that answers no questions. One look may be under way already. */
static void end_round_with_port(struct hal_printer *printer)
{
    if (ask_port(printer) || printer->is_controlling) {
        printer->phase = PHASE_PORT;
        hal_link_set_timer(printer->link, 0);
    } else {
        end_round(printer);
    }
}

/* Asks the next question of a round from `question` on. */
static void ask(struct hal_printer *printer, unsigned question)
{
    while (question < HAL_ESCPOS_QUESTION_COUNT && (printer->unanswered & 1U << question) != 0) {
        question++;
    }
    if (question == HAL_ESCPOS_QUESTION_COUNT) {
        hal_link_set_timer(printer->link, 0);
        end_round(printer);
        return;
    }
    uint8_t bytes[HAL_ESCPOS_QUESTION_LEN];
    hal_escpos_ask((enum hal_escpos_question)question, bytes);
    if (start_send(printer, PHASE_ASKING, bytes, sizeof bytes)) {
        printer->asked = (enum hal_escpos_question)question;
        printer->is_answered = false;
        hal_link_set_timer(printer->link, HAL_PRINTER_STALL_MS);
    }
}

static void start_round(struct hal_printer *printer)
{
    if (printer->link->interface->bulk_in == 0) {
        printer->is_silent = true;
        end_round_with_port(printer);
    } else {
        ask(printer, HAL_ESCPOS_ASKS_PRINTER);
    }
}

static void on_answer(struct hal_printer *printer)
{
    printer->is_silent = false;
    ask(printer, printer->asked + 1U);
}

/* The other questions wait for another round: an answer that comes late would be taken for
 * theirs. */
static void on_no_answer(struct hal_printer *printer)
{
    if (printer->asked == HAL_ESCPOS_ASKS_PRINTER) {
        printer->asked = HAL_ESCPOS_ASKS_NOTHING;
        printer->is_silent = true;
        printer->ears = (struct hal_escpos_ears){.report_len = 0};
        end_round_with_port(printer);
        return;
    }
    printer->unanswered |= 1U << printer->asked;
    printer->ears.answers[printer->asked] = 0;
    end_round(printer);
}

/* ---- what to do next ---- */

static void rest(struct hal_printer *printer)
{
    if (!printer->is_silent && !printer->reports_changes) {
        printer->reports_changes = true;
        send_piece(printer, 0, hal_escpos_report_changes, sizeof hal_escpos_report_changes);
        return;
    }
    printer->phase = PHASE_IDLE;
    printer->is_fresh = false;
    hal_link_set_timer(printer->link, 0);
}

/* All of the job is with the printer, which is well. */
static void wait_for_mark(struct hal_printer *printer, struct job *job)
{
    bool will_say = !printer->is_silent && !printer->ignores_marks;
    if (!job->is_worked_off && will_say && job->looks < HAL_PRINTER_FINISH_LOOKS) {
        job->looks++;
        printer->phase = PHASE_FINISHING;
        hal_link_set_timer(printer->link, HAL_PRINTER_LOOK_MS);
        return;
    }
    printer->ignores_marks = printer->ignores_marks || (will_say && !job->is_worked_off);
    finish(printer, job->is_worked_off ? HAL_PRINT_DONE : HAL_PRINT_UNCONFIRMED);
    go_on(printer);
}

/* Nothing is under way: does what comes next. Whoever was told of something may have closed all. */
static void go_on(struct hal_printer *printer)
{
    struct job *job = printer->jobs;
    if (printer->link == NULL) {
        return;
    }
    if (job == NULL) {
        rest(printer);
    } else if (job->is_worked_off) {
        wait_for_mark(printer, job);
    } else if (!printer->is_fresh) {
        start_round(printer);
    } else if (is_trouble(condition_of(printer))) {
        printer->phase = PHASE_HELD;
        hal_link_set_timer(printer->link, HAL_PRINTER_LOOK_MS);
    } else if (job->step == STEP_RESET) {
        send_reset(printer, job);
    } else if (job->step == STEP_BODY) {
        send_body(printer, job);
    } else if (job->step == STEP_MARK) {
        send_piece(printer, job->number, hal_escpos_mark, sizeof hal_escpos_mark);
    } else {
        wait_for_mark(printer, job);
    }
}

/* The endpoint failed: what is in the printer's buffer is best forgotten. */
static void fail_first(struct hal_printer *printer)
{
    if (++printer->failed_sends >= FAILED_SENDS_MAX) {
        hal_link_end(printer->link, TALLY_E_DEVICE);
        return;
    }
    if (printer->jobs != NULL) {
        finish(printer, broken_off(printer->jobs));
    }
    if (start_control(printer, TO_INTERFACE, SOFT_RESET, printer->link->interface->bInterfaceNumber,
                      0)) {
        printer->phase = PHASE_RESETTING;
        hal_link_set_timer(printer->link, 0);
    } else {
        go_on(printer);
    }
}

/* ---- what the link says ---- */

static bool fits(const struct hal_interface *interface, const struct hal_reader_settings *settings)
{
    bool is_printer = is_class(interface) && interface->bInterfaceSubClass == SUBCLASS_PRINTER &&
                      interface->bInterfaceProtocol >= PROTOCOL_FIRST &&
                      interface->bInterfaceProtocol <= PROTOCOL_LAST;
    bool is_epson = interface->idVendor == EPSON && interface->idProduct == EPSON_VENDOR_CLASS &&
                    interface->bInterfaceClass == CLASS_VENDOR;
    return settings->printer != NULL && interface->bulk_out != 0 && (is_printer || is_epson);
}

/* What one plug knew is worth nothing at the next. */
static void forget_plug(struct hal_printer *printer)
{
    printer->link = NULL;
    printer->phase = PHASE_ABSENT;
    printer->is_sending = printer->is_controlling = false;
    printer->piece_job = 0;
    printer->failed_sends = 0;
    printer->ears = (struct hal_escpos_ears){.report_len = 0};
    printer->asked = HAL_ESCPOS_ASKS_NOTHING;
    printer->unanswered = 0;
    printer->is_silent = printer->reports_changes = printer->ignores_marks = false;
    printer->is_fresh = printer->is_stalled = printer->has_port = false;
    printer->name[0] = '\0';
}

/* A whole packet: a longer one than was asked for is an error on the bus, however little is in
 * it. */
static bool start_receive(struct hal_link *link)
{
    size_t len = link->interface->bulk_in_packet_len;
    return link->interface->bulk_in == 0 ||
           hal_link_receive(link, len != 0 ? len : PACKET_LEN) == TALLY_OK;
}

static void start(void *state, struct hal_link *link)
{
    struct plug *plug = state;
    struct hal_printer *printer = link->settings->printer;
    const struct hal_interface *interface = link->interface;
    if (printer == NULL || printer->link != NULL) {
        hal_link_end(link, TALLY_E_NOT_FOUND);
        return;
    }
    if (!start_receive(link)) {
        hal_link_end(link, TALLY_E_DEVICE);
        return;
    }
    plug->printer = printer;
    printer->link = link;
    printer->phase = PHASE_NAMING;
    if (!start_control(printer, FROM_INTERFACE, GET_DEVICE_ID,
                       (uint16_t)(interface->bInterfaceNumber << 8), DEVICE_ID_LEN_MAX)) {
        start_round(printer);
    }
}

/* The value of "KEY:value;" in an IEEE 1284 device ID, appended to the name as far as it fits. */
static void add_to_name(struct hal_printer *printer, const char *key, const uint8_t *id, size_t len)
{
    size_t key_len = strlen(key), at = 0, end = strlen(printer->name);
    while (at + key_len <= len && memcmp(id + at, key, key_len) != 0) {
        const uint8_t *semicolon = memchr(id + at, ';', len - at);
        at = semicolon == NULL ? len : (size_t)(semicolon - id) + 1;
    }
    if (at + key_len > len) {
        return;
    }
    if (end > 0 && end < HAL_PRINTER_NAME_LEN_MAX) {
        printer->name[end++] = ' ';
    }
    for (at += key_len; at < len && id[at] != ';' && end < HAL_PRINTER_NAME_LEN_MAX; at++) {
        printer->name[end++] = id[at] >= 0x20 && id[at] <= 0x7e ? (char)id[at] : '?';
    }
    printer->name[end] = '\0';
}

/* Two bytes of length, themselves included, the high one first; the text. */
static void take_device_id(struct hal_printer *printer, const uint8_t *bytes, size_t len)
{
    size_t says = len < 2 ? 0 : tally_load_be(bytes, 2);
    if (says < 2) {
        return;
    }
    len = says < len ? says : len;
    static const char *const keys[] = {"MFG:", "MANUFACTURER:", "MDL:", "MODEL:"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        add_to_name(printer, keys[i], bytes + 2, len - 2);
    }
}

static void on_control(void *state, struct hal_link *link, enum tally_status status, uint8_t *bytes,
                       size_t len)
{
    struct hal_printer *printer = ((struct plug *)state)->printer;
    (void)link;
    printer->is_controlling = false;
    switch (printer->phase) {
    case PHASE_NAMING:
        if (status == TALLY_OK) {
            take_device_id(printer, bytes, len);
        }
        start_round(printer);
        break;
    case PHASE_RESETTING:
        go_on(printer);
        break;
    case PHASE_PORT:
    default: /* a look at a printer that takes nothing */
        printer->has_port = status == TALLY_OK && len == 1;
        printer->port = printer->has_port ? bytes[0] : 0;
        if (printer->phase == PHASE_PORT) {
            end_round(printer);
        } else {
            tell_state(printer);
        }
        break;
    }
}

static void on_sent(void *state, struct hal_link *link, enum tally_status status)
{
    struct hal_printer *printer = ((struct plug *)state)->printer;
    struct job *job = printer->jobs;
    bool was_stalled = printer->is_stalled;
    printer->is_sending = printer->is_stalled = false;
    hal_link_set_timer(link, 0);
    if (status != TALLY_OK) {
        fail_first(printer);
        return;
    }
    printer->failed_sends = 0;
    if (printer->phase == PHASE_ASKING) {
        if (printer->is_answered) {
            on_answer(printer);
        } else {
            hal_link_set_timer(link, HAL_PRINTER_ANSWER_MS);
        }
        return;
    }
    if (job != NULL && job->number == printer->piece_job) {
        advance(printer, job);
    }
    if (was_stalled) {
        tell_state(printer);
    }
    go_on(printer);
}

static void on_heard(struct hal_printer *printer, enum hal_escpos_heard heard)
{
    struct job *job = printer->jobs;
    bool is_waiting = printer->phase == PHASE_HELD || printer->phase == PHASE_FINISHING;
    switch (heard) {
    case HAL_ESCPOS_HEARD_ANSWER:
        printer->is_answered = true;
        if (!printer->is_sending) {
            on_answer(printer);
        }
        break;
    case HAL_ESCPOS_HEARD_CHANGE:
        tell_state(printer);
        if (printer->phase == PHASE_HELD && !is_trouble(condition_of(printer))) {
            go_on(printer);
        }
        break;
    case HAL_ESCPOS_HEARD_MARK:
        if (job != NULL && job->step >= STEP_MARK && !printer->ignores_marks) {
            job->is_worked_off = true;
            if (is_waiting) {
                go_on(printer);
            }
        }
        break;
    case HAL_ESCPOS_HEARD_NOTHING:
        break;
    }
}

static void on_received(void *state, struct hal_link *link, enum tally_status status,
                        uint8_t *bytes, size_t len)
{
    struct hal_printer *printer = ((struct plug *)state)->printer;
    if (status != TALLY_OK) {
        printer->ears.report_len = 0;
        return;
    }
    for (size_t i = 0; i < len && printer->link == link; i++) {
        bool is_asking = printer->phase == PHASE_ASKING && !printer->is_answered;
        on_heard(printer,
                 hal_escpos_hear(&printer->ears,
                                 is_asking ? printer->asked : HAL_ESCPOS_ASKS_NOTHING, bytes[i]));
    }
}

static void on_timer(void *state, struct hal_link *link)
{
    struct hal_printer *printer = ((struct plug *)state)->printer;
    if (printer->is_sending) {
        printer->is_stalled = true;
        hal_link_set_timer(link, HAL_PRINTER_STALL_MS);
        (void)ask_port(printer);
        tell_state(printer);
        return;
    }
    switch (printer->phase) {
    case PHASE_ASKING:
        on_no_answer(printer);
        break;
    case PHASE_HELD:
    case PHASE_FINISHING:
        printer->is_fresh = false;
        go_on(printer);
        break;
    case PHASE_FAILING:
        fail_first(printer);
        break;
    default:
        break;
    }
}

/* Unplugged, closed, or given up. */
static void on_end(void *state)
{
    struct hal_printer *printer = ((struct plug *)state)->printer;
    if (printer == NULL) {
        return;
    }
    forget_plug(printer);
    tell_state(printer);
    while (printer->jobs != NULL) {
        finish(printer, broken_off(printer->jobs));
    }
}

const struct hal_reader_driver hal_driver_printer = {.name = "receipt printer",
                                                     .state_len = sizeof(struct plug),
                                                     .fits = fits,
                                                     .start = start,
                                                     .on_control = on_control,
                                                     .on_received = on_received,
                                                     .on_sent = on_sent,
                                                     .on_timer = on_timer,
                                                     .on_end = on_end};

/* ---- what the terminal says ---- */

enum tally_status hal_printer_new(const struct hal_printer_watcher *watcher,
                                  struct hal_printer **ret_printer)
{
    assert(watcher != NULL && watcher->on_done != NULL && ret_printer != NULL);

    struct hal_printer *printer = tally_alloc(1, sizeof *printer);
    if (printer == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    printer->watcher = *watcher;
    printer->told = hal_printer_state(printer);
    *ret_printer = printer;
    return TALLY_OK;
}

void hal_printer_free(struct hal_printer *printer)
{
    if (printer == NULL) {
        return;
    }
    assert(printer->link == NULL);
    while (printer->jobs != NULL) {
        free_job(take_job(printer, printer->jobs->number));
    }
    tally_free(printer);
}

static struct job *new_job(struct hal_printer *printer, struct tally_slice bytes)
{
    struct job *job = tally_alloc(1, sizeof *job + bytes.len);
    if (job == NULL) {
        return NULL;
    }
    memcpy(job->bytes, bytes.data, bytes.len);
    job->len = bytes.len;
    job->number = printer->last_number == UINT32_MAX ? 1 : printer->last_number + 1;
    printer->last_number = job->number;
    return job;
}

enum tally_status hal_printer_print(struct hal_printer *printer, struct tally_slice bytes,
                                    uint32_t *ret_job)
{
    assert(printer != NULL && ret_job != NULL);

    if (bytes.len == 0) {
        return TALLY_E_INVALID;
    }
    if (printer->link == NULL) {
        return TALLY_E_READER_GONE;
    }
    if (bytes.len > HAL_PRINTER_WAITING_MAX - printer->waiting_len) {
        return TALLY_E_BUSY;
    }
    struct job *job = new_job(printer, bytes);
    if (job == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct job **end = &printer->jobs;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = job;
    printer->waiting_len += job->len;
    *ret_job = job->number;
    if (printer->phase == PHASE_IDLE) {
        go_on(printer);
    }
    return TALLY_OK;
}

enum tally_status hal_printer_give_up(struct hal_printer *printer, uint32_t number,
                                      enum hal_print_result *ret_result)
{
    assert(printer != NULL && ret_result != NULL);

    bool was_first = printer->jobs != NULL && printer->jobs->number == number;
    struct job *job = take_job(printer, number);
    if (job == NULL) {
        return TALLY_E_NOT_FOUND;
    }
    *ret_result = broken_off(job);
    free_job(job);
    if (was_first) {
        printer->is_fresh = false;
    }
    if (was_first && (printer->phase == PHASE_HELD || printer->phase == PHASE_FINISHING)) {
        go_on(printer);
    }
    return TALLY_OK;
}
