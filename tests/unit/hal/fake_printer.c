/* SPDX-License-Identifier: Apache-2.0 */
/* A receipt printer that holds its state: what it is sent goes into a buffer, and onto paper while
 * nothing is wrong. */
#include "tests/unit/hal/fake_printer.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static bool is_in_trouble(const struct fake_printer *fake)
{
    return fake->paper_out || fake->cover_open || fake->cutter_jammed;
}

static void say(struct fake_printer *fake, uint8_t byte)
{
    assert(fake->speaks_len < sizeof fake->speaks);
    fake->speaks[fake->speaks_len++] = byte;
}

static void log_row(const struct fake_printer *fake, const char *what, const uint8_t *bytes,
                    size_t len)
{
    if (fake->logs) {
        fprintf(stderr, "%s", what);
        for (size_t i = 0; i < len; i++) {
            fprintf(stderr, " %02x", bytes[i]);
        }
        fprintf(stderr, "\n");
    }
}

/* ---- the printer ---- */

static void report(struct fake_printer *fake)
{
    say(fake, (uint8_t)(0x10 | (is_in_trouble(fake) ? 0x08 : 0) | (fake->cover_open ? 0x20 : 0)));
    say(fake, fake->cutter_jammed ? 0x08 : 0);
    say(fake, (uint8_t)((fake->paper_out ? 0x0c : 0) | (fake->paper_low ? 0x03 : 0)));
    say(fake, 0x0f);
}

static void answer(struct fake_printer *fake, uint8_t question)
{
    uint8_t byte = 0x12;
    if (fake->is_mute) {
        return;
    }
    switch (question) {
    case 1:
        byte |= is_in_trouble(fake) ? 0x08 : 0;
        break;
    case 2:
        byte |= fake->cover_open ? 0x04 : 0;
        byte |= fake->paper_out ? 0x20 : 0;
        byte |= fake->cutter_jammed ? 0x40 : 0;
        break;
    case 3:
        byte |= fake->cutter_jammed ? 0x08 : 0;
        break;
    case 4:
        byte |= fake->paper_out ? 0x60 : 0;
        byte |= fake->paper_low ? 0x0c : 0;
        break;
    default:
        return;
    }
    say(fake, byte);
}

void fake_printer_change(struct fake_printer *fake)
{
    if (fake->reports && fake->knows_reports && !fake->is_mute) {
        report(fake);
    }
}

static void put_on_paper(struct fake_printer *fake, char character)
{
    assert(fake->paper_len < sizeof fake->paper);
    fake->paper[fake->paper_len++] = character;
    if (fake->paper_left > 0 && --fake->paper_left == 0) {
        fake->paper_out = true;
        fake_printer_change(fake);
    }
}

/* Bytes of the command at the front of the buffer; 0: not whole yet. */
static size_t command_len(const struct fake_printer *fake)
{
    static const struct {
        char head[2];
        size_t len;
    } commands[] = {{"\x1b@", 2},
                    {"\x1b=", 3},
                    {"\x1d"
                     "a",
                     3},
                    {"\x1d"
                     "r",
                     3}};
    const uint8_t *bytes = fake->buffer;
    if (bytes[0] != 0x1b && bytes[0] != 0x1d) {
        return 1;
    }
    for (size_t i = 0; fake->buffer_len >= 2 && i < sizeof commands / sizeof commands[0]; i++) {
        if (memcmp(bytes, commands[i].head, 2) == 0) {
            return fake->buffer_len < commands[i].len ? 0 : commands[i].len;
        }
    }
    return fake->buffer_len < 2 ? 0 : 1;
}

static void obey(struct fake_printer *fake, const uint8_t *command, size_t len)
{
    if (len > 1 && command[1] == '=') {
        fake->to_display = command[2] == 2;
    } else if (fake->to_display) {
        fake->on_display(fake->context, command, len);
    } else if (len == 1) {
        put_on_paper(fake, (char)command[0]);
    } else if (command[1] == '@') {
        fake->reports = false;
        fake->resets++;
    } else if (command[1] == 'a') {
        fake->reports = command[2] != 0;
        fake_printer_change(fake);
    } else if (command[1] == 'r' && fake->knows_marks && !fake->is_mute) {
        say(fake, 0x00);
    }
}

static void work(struct fake_printer *fake)
{
    while (fake->buffer_len > 0 && !is_in_trouble(fake)) {
        uint8_t command[3];
        size_t len = command_len(fake);
        if (len == 0) {
            return;
        }
        memcpy(command, fake->buffer, len);
        memmove(fake->buffer, fake->buffer + len, fake->buffer_len - len);
        fake->buffer_len -= len;
        obey(fake, command, len);
    }
}

/* A question is answered at once, whatever is in the buffer; the rest needs room there. */
static bool take(struct fake_printer *fake)
{
    if (fake->driver != &hal_driver_printer) { /* a display, with nothing around it */
        fake->on_display(fake->context, fake->sent, fake->sent_len);
        return true;
    }
    if (fake->sent_len == 3 && fake->sent[0] == 0x10 && fake->sent[1] == 0x04) {
        answer(fake, fake->sent[2]);
        return true;
    }
    work(fake);
    if (fake->sent_len > sizeof fake->buffer - fake->buffer_len) {
        return false;
    }
    memcpy(fake->buffer + fake->buffer_len, fake->sent, fake->sent_len);
    fake->buffer_len += fake->sent_len;
    work(fake);
    return true;
}

/* ---- the link ---- */

static struct fake_printer *fake_of(struct hal_link *link)
{
    return (struct fake_printer *)(void *)link;
}

static enum tally_status link_control(struct hal_link *link, const struct hal_setup *setup,
                                      const uint8_t *data)
{
    struct fake_printer *fake = fake_of(link);
    (void)data;
    assert(fake->state != NULL && !fake->has_control);
    fake->has_control = true;
    fake->control = *setup;
    return TALLY_OK;
}

static enum tally_status link_receive(struct hal_link *link, size_t len_max)
{
    struct fake_printer *fake = fake_of(link);
    assert(!fake->receives && len_max >= 1);
    fake->receives = true;
    return TALLY_OK;
}

static enum tally_status link_send(struct hal_link *link, const uint8_t *bytes, size_t len)
{
    struct fake_printer *fake = fake_of(link);
    assert(fake->state != NULL && !fake->has_sent);
    assert(len > 0 && len <= sizeof fake->sent);
    log_row(fake, ">", bytes, len);
    memcpy(fake->sent, bytes, len);
    fake->sent_len = len;
    fake->has_sent = true;
    fake->was_taken = false;
    return TALLY_OK;
}

static void link_set_timer(struct hal_link *link, uint32_t in_ms)
{
    fake_of(link)->timer_ms = in_ms;
}

static uint64_t link_now_ms(struct hal_link *link)
{
    return fake_of(link)->now_ms;
}

static void link_end(struct hal_link *link, enum tally_status status)
{
    assert(status != TALLY_OK);
    fake_printer_unplug(fake_of(link));
}

static const struct hal_link_ops ops = {.control = link_control,
                                        .receive = link_receive,
                                        .send = link_send,
                                        .set_timer = link_set_timer,
                                        .now_ms = link_now_ms,
                                        .end = link_end};

void fake_printer_init(struct fake_printer *fake, struct hal_printer *printer)
{
    *fake = (struct fake_printer){.interface = {.idVendor = 0x04b8,
                                                .idProduct = 0x0e15,
                                                .bInterfaceNumber = 2,
                                                .bInterfaceClass = 7,
                                                .bInterfaceSubClass = 1,
                                                .bInterfaceProtocol = 2,
                                                .bulk_in = 0x82,
                                                .bulk_out = 0x01,
                                                .bulk_in_packet_len = 64,
                                                .bulk_out_packet_len = 64},
                                  .settings = {.printer = printer},
                                  .driver = &hal_driver_printer,
                                  .paper_left = -1,
                                  .knows_reports = true,
                                  .knows_marks = true,
                                  .port_status = 0x18,
                                  .device_id = "MFG:EPSON;CMD:ESC/POS;MDL:TM-T88V;CLS:PRINTER;"};
}

void fake_printer_plug(struct fake_printer *fake)
{
    assert(fake->state == NULL);
    fake->link = (struct hal_link){&ops, &fake->interface, &fake->settings};
    fake->state = tally_alloc(fake->driver->state_len, 1);
    assert(fake->state != NULL);
    fake->driver->start(fake->state, &fake->link);
}

void fake_printer_unplug(struct fake_printer *fake)
{
    void *state = fake->state;
    if (state == NULL) {
        return;
    }
    fake->state = NULL;
    fake->has_control = fake->has_sent = fake->was_taken = fake->receives = false;
    fake->timer_ms = 0;
    fake->speaks_len = 0;
    fake->driver->on_end(state);
    memset(state, 0x5a, fake->driver->state_len);
    tally_free(state);
}

/* A healthy one's follows what it is. */
static uint8_t port_status(const struct fake_printer *fake)
{
    bool follows = fake->port_status == 0x18 && is_in_trouble(fake);
    return follows ? (fake->paper_out ? 0x30 : 0x10) : fake->port_status;
}

static void answer_control(struct fake_printer *fake)
{
    uint8_t bytes[256] = {0};
    size_t len = 0;
    const struct hal_setup setup = fake->control;
    enum tally_status status = fake->refuses_control ? TALLY_E_DEVICE : TALLY_OK;
    fake->has_control = false;
    if (status == TALLY_OK && setup.bmRequestType == 0xa1 && setup.bRequest == 0) {
        assert(setup.wIndex == 0x0200);
        len = 2 + strlen(fake->device_id);
        tally_store_be(bytes, 2, len);
        memcpy(bytes + 2, fake->device_id, len - 2);
    } else if (status == TALLY_OK && setup.bmRequestType == 0xa1 && setup.bRequest == 1) {
        assert(setup.wIndex == 2 && setup.wLength == 1);
        bytes[0] = port_status(fake);
        len = 1;
    } else if (status == TALLY_OK) {
        assert(setup.bmRequestType == 0x21 && setup.bRequest == 2 && setup.wLength == 0);
        fake->buffer_len = 0;
    }
    fake->driver->on_control(fake->state, &fake->link, status, bytes, len);
}

static void tell_sent(struct fake_printer *fake)
{
    fake->has_sent = false;
    fake->driver->on_sent(fake->state, &fake->link, TALLY_OK);
}

static void speak(struct fake_printer *fake)
{
    uint8_t bytes[FAKE_SPEAKS_MAX];
    size_t len = fake->speaks_len;
    memcpy(bytes, fake->speaks, len);
    fake->speaks_len = 0;
    log_row(fake, "<", bytes, len);
    fake->driver->on_received(fake->state, &fake->link, TALLY_OK, bytes, len);
}

bool fake_printer_step(struct fake_printer *fake)
{
    if (fake->state == NULL) {
        return false;
    }
    work(fake);
    if (fake->has_control) {
        answer_control(fake);
        return true;
    }
    if (fake->has_sent && fake->fails_sends) {
        fake->has_sent = false;
        fake->driver->on_sent(fake->state, &fake->link, TALLY_E_DEVICE);
        return true;
    }
    if (fake->has_sent && !fake->was_taken && take(fake)) {
        fake->was_taken = true;
        if (!fake->answers_first) {
            tell_sent(fake);
        }
        return true;
    }
    if (fake->speaks_len > 0 && fake->receives) {
        speak(fake);
        return true;
    }
    if (fake->has_sent && fake->was_taken) {
        tell_sent(fake);
        return true;
    }
    return false;
}

void fake_printer_settle(struct fake_printer *fake)
{
    while (fake_printer_step(fake)) {
    }
}

bool fake_printer_wait(struct fake_printer *fake)
{
    fake_printer_settle(fake);
    if (fake->state == NULL || fake->timer_ms == 0) {
        return false;
    }
    fake->now_ms += fake->timer_ms;
    fake->timer_ms = 0;
    fake->driver->on_timer(fake->state, &fake->link);
    fake_printer_settle(fake);
    return true;
}
