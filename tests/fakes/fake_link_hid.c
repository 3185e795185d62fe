/* SPDX-License-Identifier: Apache-2.0 */
/* A link to a HID device that the test plays. */
#include "tests/fakes/fake_link_hid.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct fake_link *of(struct hal_link *link)
{
    return (struct fake_link *)link;
}

static enum tally_status control(struct hal_link *link, const struct hal_setup *setup,
                                 const uint8_t *data)
{
    struct fake_link *fake = of(link);
    assert_true(fake->control_count < FAKE_CONTROLS_MAX);
    struct fake_control *asked = &fake->controls[fake->control_count++];
    asked->setup = *setup;
    bool is_out = (setup->bmRequestType & 0x80) == 0;
    if (is_out && setup->wLength > 0) {
        assert_true(setup->wLength <= FAKE_DATA_MAX);
        memcpy(asked->data, data, setup->wLength);
    }
    return TALLY_OK;
}

static enum tally_status listen(struct hal_link *link, size_t report_len, bool short_ends)
{
    struct fake_link *fake = of(link);
    assert_int_equal(0, fake->report_len);
    fake->report_len = report_len;
    fake->short_ends = short_ends;
    return TALLY_OK;
}

static enum tally_status receive(struct hal_link *link, size_t len_max)
{
    (void)link;
    (void)len_max;
    return TALLY_E_DEVICE;
}

static enum tally_status send(struct hal_link *link, const uint8_t *bytes, size_t len)
{
    (void)link;
    (void)bytes;
    (void)len;
    return TALLY_E_DEVICE;
}

static void set_timer(struct hal_link *link, uint32_t in_ms)
{
    of(link)->timer_at_ms = in_ms == 0 ? 0 : of(link)->now_ms + in_ms;
}

static uint64_t now_ms(struct hal_link *link)
{
    return of(link)->now_ms;
}

static void ours(struct hal_link *link, const char *serial, bool is_paired)
{
    snprintf(of(link)->serial, sizeof of(link)->serial, "%s", serial);
    of(link)->is_paired = is_paired;
}

static void paired(struct hal_link *link, enum tally_status status)
{
    of(link)->paired_count++;
    of(link)->paired_status = status;
}

static void ready(struct hal_link *link)
{
    of(link)->ready_count++;
}

static void card(struct hal_link *link, const struct tally_card *read)
{
    of(link)->card = *read;
    of(link)->card_count++;
}

static void refuse(struct hal_link *link, enum tally_status status)
{
    of(link)->refusal = status;
    of(link)->refusal_count++;
}

static void end(struct hal_link *link, enum tally_status status)
{
    assert_false(of(link)->has_ended);
    of(link)->has_ended = true;
    of(link)->end = status;
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

void fake_link_start(struct fake_link *fake, const struct hal_reader_driver *driver,
                     const struct hal_interface *interface,
                     const struct hal_reader_settings *settings)
{
    assert_true(driver->state_len <= FAKE_STATE_MAX);
    memset(fake, 0, sizeof *fake);
    fake->driver = driver;
    fake->interface = *interface;
    fake->link = (struct hal_link){&ops, &fake->interface, settings};
    fake->now_ms = 1;
    driver->start(fake->state, &fake->link);
}

void fake_link_answer(struct fake_link *fake, enum tally_status status, const uint8_t *bytes,
                      size_t len)
{
    uint8_t *copy = test_malloc(len == 0 ? 1 : len);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    fake->driver->on_control(fake->state, &fake->link, status, copy, len);
    test_free(copy);
}

void fake_link_report(struct fake_link *fake, const uint8_t *report, size_t len)
{
    assert_true(fake->report_len != 0);
    assert_true(len <= fake->report_len);
    uint8_t *copy = test_malloc(len == 0 ? 1 : len);
    if (len > 0) {
        memcpy(copy, report, len);
    }
    fake->driver->on_report(fake->state, &fake->link, TALLY_OK, copy, len);
    test_free(copy);
}

void fake_link_broken(struct fake_link *fake)
{
    fake->driver->on_report(fake->state, &fake->link, TALLY_E_CARD_UNREADABLE, NULL, 0);
}

void fake_link_wait(struct fake_link *fake, uint32_t ms)
{
    uint64_t until_ms = fake->now_ms + ms;
    while (fake->timer_at_ms != 0 && fake->timer_at_ms <= until_ms) {
        fake->now_ms = fake->timer_at_ms;
        fake->timer_at_ms = 0;
        fake->driver->on_timer(fake->state, &fake->link);
    }
    fake->now_ms = until_ms;
}

bool fake_link_state_holds(const struct fake_link *fake, const void *bytes, size_t len)
{
    return memmem(fake->state, sizeof fake->state, bytes, len) != NULL;
}
