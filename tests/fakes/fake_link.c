/* SPDX-License-Identifier: Apache-2.0 */
/* A driver's link to a device in the same process. */
#include "tests/fakes/fake_link.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_DEFINED(bytes, len) ((void)(bytes), (void)(len))
#endif

static struct fake_link *fake_of(struct hal_link *link)
{
    return (struct fake_link *)link; /* its first member */
}

static void queue(struct fake_link *fake, enum fake_event_kind kind, enum tally_status status,
                  const uint8_t *bytes, size_t len)
{
    assert(fake->event_count < FAKE_EVENTS_MAX && len <= FAKE_EVENT_LEN_MAX);
    struct fake_event *event = &fake->events[fake->event_count++];
    *event = (struct fake_event){.kind = kind, .status = status, .len = len};
    if (len > 0) {
        memcpy(event->bytes, bytes, len);
    }
}

/* ---- what a driver asks ---- */

static void note_control(struct fake_control *control, const struct hal_setup *setup,
                         const uint8_t *data)
{
    control->setup = *setup;
    bool is_out = (setup->bmRequestType & 0x80) == 0;
    if (is_out && setup->wLength > 0) {
        assert(setup->wLength <= FAKE_DATA_MAX);
        memcpy(control->data, data, setup->wLength);
    }
}

static enum tally_status control(struct hal_link *link, const struct hal_setup *setup,
                                 const uint8_t *data)
{
    struct fake_link *fake = fake_of(link);
    if (fake->is_controlling) {
        return TALLY_E_BUSY;
    }
    fake->is_controlling = true;
    fake->setup = *setup;
    if (fake->control_count < FAKE_CONTROLS_MAX) {
        note_control(&fake->controls[fake->control_count], setup, data);
    }
    fake->control_count++;
    if (!fake->control_waits) {
        queue(fake, FAKE_CONTROL, fake->control_fails ? TALLY_E_DEVICE : TALLY_OK, NULL, 0);
    }
    return TALLY_OK;
}

static enum tally_status listen(struct hal_link *link, size_t report_len, bool short_ends)
{
    struct fake_link *fake = fake_of(link);
    assert(fake->listen_len == 0 && report_len > 0);
    if (link->interface->interrupt_in == 0) {
        return TALLY_E_DEVICE;
    }
    fake->listen_len = report_len;
    fake->short_ends = short_ends;
    return TALLY_OK;
}

static enum tally_status receive(struct hal_link *link, size_t len_max)
{
    struct fake_link *fake = fake_of(link);
    assert(fake->receive_len == 0 && len_max > 0);
    if (fake->on_out == NULL) {
        return TALLY_E_DEVICE;
    }
    fake->receive_len = len_max;
    return TALLY_OK;
}

static enum tally_status send(struct hal_link *link, const uint8_t *bytes, size_t len)
{
    struct fake_link *fake = fake_of(link);
    assert(!fake->has_ended);
    if (fake->on_out == NULL) {
        return TALLY_E_DEVICE;
    }
    if (fake->is_sending) {
        return TALLY_E_BUSY;
    }
    if (fake->send != TALLY_OK) {
        return fake->send;
    }
    fake->send_count++;
    fake->is_sending = true;
    uint8_t copy[FAKE_EVENT_LEN_MAX];
    assert(len <= sizeof copy);
    memcpy(copy, bytes, len);
    if (!fake->sends_hang && !fake->answers_overtake_sent) {
        queue(fake, FAKE_SENT, fake->sent, NULL, 0);
    }
    bool is_taken = !fake->sends_hang || fake->answers_overtake_sent;
    if (is_taken && fake->sent == TALLY_OK) {
        fake->on_out(fake, copy, len);
    }
    if (!fake->sends_hang && fake->answers_overtake_sent) {
        queue(fake, FAKE_SENT, fake->sent, NULL, 0);
    }
    return TALLY_OK;
}

static void set_timer(struct hal_link *link, uint32_t in_ms)
{
    struct fake_link *fake = fake_of(link);
    fake->timer_at = in_ms == 0 ? 0 : fake->now_ms + in_ms;
}

static uint64_t now_ms(struct hal_link *link)
{
    return fake_of(link)->now_ms;
}

/* ---- what a driver says ---- */

static void ours(struct hal_link *link, const char *serial, bool is_paired)
{
    struct fake_link *fake = fake_of(link);
    snprintf(fake->serial, sizeof fake->serial, "%s", serial);
    fake->is_paired = is_paired;
}

static void paired(struct hal_link *link, enum tally_status status)
{
    struct fake_link *fake = fake_of(link);
    fake->paired_count++;
    fake->paired_status = status;
}

static void ready(struct hal_link *link)
{
    fake_of(link)->ready_count++;
}

static void card(struct hal_link *link, const struct tally_card *shown)
{
    struct fake_link *fake = fake_of(link);
    fake->card_count++;
    fake->card = *shown;
}

static void refuse(struct hal_link *link, enum tally_status status)
{
    struct fake_link *fake = fake_of(link);
    if (fake->refused_count < FAKE_SAID_MAX) {
        fake->refused[fake->refused_count] = status;
    }
    fake->refused_count++;
    fake->refusal = status;
}

static void end(struct hal_link *link, enum tally_status status)
{
    struct fake_link *fake = fake_of(link);
    assert(!fake->has_ended);
    fake->has_ended = true;
    fake->ended = status;
}

static const struct hal_link_ops ops = {.control = control,
                                        .listen = listen,
                                        .receive = receive,
                                        .send = send,
                                        .set_timer = set_timer,
                                        .now_ms = now_ms,
                                        .ours = ours,
                                        .paired = paired,
                                        .ready = ready,
                                        .card = card,
                                        .refuse = refuse,
                                        .end = end};

/* ---- what a test does ---- */

void fake_link_open(struct fake_link *fake, const struct hal_reader_driver *driver,
                    const struct hal_interface *interface,
                    const struct hal_reader_settings *settings, fake_out_fn *on_out, void *device)
{
    fake_link_close(fake);
    memset(fake, 0, sizeof *fake);
    fake->interface = *interface;
    fake->link =
        (struct hal_link){.ops = &ops, .interface = &fake->interface, .settings = settings};
    fake->driver = driver;
    fake->state = tally_alloc(driver->state_len, 1);
    assert(fake->state != NULL);
    fake->on_out = on_out;
    fake->device = device;
    fake->control_waits = on_out == NULL;
    fake->now_ms = 1000;
    driver->start(fake->state, &fake->link);
}

void fake_link_close(struct fake_link *fake)
{
    tally_free(fake->state);
    fake->state = NULL;
}

void fake_link_answer(struct fake_link *fake, const uint8_t *bytes, size_t len)
{
    assert(len <= fake->receive_len);
    queue(fake, FAKE_RECEIVED, TALLY_OK, bytes, len);
}

void fake_link_answer_fails(struct fake_link *fake)
{
    queue(fake, FAKE_RECEIVED, TALLY_E_DEVICE, NULL, 0);
}

void fake_link_report(struct fake_link *fake, const uint8_t *bytes, size_t len)
{
    assert(fake->listen_len > 0 && len <= fake->listen_len);
    queue(fake, FAKE_REPORT, TALLY_OK, bytes, len);
}

void fake_link_answer_control(struct fake_link *fake, enum tally_status status,
                              const uint8_t *bytes, size_t len)
{
    assert(fake->is_controlling && fake->control_waits);
    queue(fake, FAKE_CONTROL, status, bytes, len);
    fake_link_run(fake);
}

void fake_link_broken(struct fake_link *fake)
{
    queue(fake, FAKE_REPORT, TALLY_E_CARD_UNREADABLE, NULL, 0);
    fake_link_run(fake);
}

static void deliver(struct fake_link *fake, const struct fake_event *event, uint8_t *bytes)
{
    const struct hal_reader_driver *driver = fake->driver;
    switch (event->kind) {
    case FAKE_CONTROL:
        fake->is_controlling = false;
        driver->on_control(fake->state, &fake->link, event->status, bytes, event->len);
        break;
    case FAKE_REPORT:
        driver->on_report(fake->state, &fake->link, event->status, bytes, event->len);
        break;
    case FAKE_RECEIVED:
        driver->on_received(fake->state, &fake->link, event->status, bytes, event->len);
        break;
    case FAKE_SENT:
        fake->is_sending = false;
        driver->on_sent(fake->state, &fake->link, event->status);
        break;
    }
}

void fake_link_run(struct fake_link *fake)
{
    while (fake->event_count > 0 && !fake->has_ended) {
        struct fake_event event = fake->events[0];
        fake->event_count--;
        memmove(fake->events, fake->events + 1, fake->event_count * sizeof fake->events[0]);
        uint8_t *bytes = tally_alloc(event.len, 1);
        assert(event.len == 0 || bytes != NULL);
        if (event.len > 0) {
            memcpy(bytes, event.bytes, event.len);
        }
        deliver(fake, &event, bytes);
        tally_free(bytes);
    }
}

void fake_link_wait(struct fake_link *fake, uint32_t ms)
{
    uint64_t until = fake->now_ms + ms;
    fake_link_run(fake);
    while (!fake->has_ended && fake->timer_at != 0 && fake->timer_at <= until) {
        fake->now_ms = fake->timer_at;
        fake->timer_at = 0;
        fake->driver->on_timer(fake->state, &fake->link);
        fake_link_run(fake);
    }
    fake->now_ms = until;
}

bool fake_link_state_holds(const struct fake_link *fake, const void *bytes, size_t len)
{
    size_t state_len = fake->driver->state_len;
    uint8_t *copy = tally_alloc(state_len, 1);
    assert(copy != NULL);
    memcpy(copy, fake->state, state_len);
    /* Padding is searched too: what nobody has written may be what a stack held before. */
    VALGRIND_MAKE_MEM_DEFINED(copy, state_len);
    bool holds = memmem(copy, state_len, bytes, len) != NULL;
    tally_free(copy);
    return holds;
}

static void print_hex(const char *what, const uint8_t *bytes, size_t len)
{
    fprintf(stderr, "%s (%zu):", what, len);
    for (size_t i = 0; i < len; i++) {
        fprintf(stderr, " %02x", bytes[i]);
    }
    fprintf(stderr, "\n");
}

void fake_print_both(const char *what, const uint8_t *expected, size_t expected_len,
                     const uint8_t *found, size_t found_len)
{
    fprintf(stderr, "%s\n", what);
    print_hex("  expected", expected, expected_len);
    print_hex("  found   ", found, found_len);
}
