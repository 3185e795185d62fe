/* SPDX-License-Identifier: Apache-2.0 */
/* All readers of this terminal: the driver table, and card events out of their reports. */
#include "hal/reader/reader.h"

#include "app/base/alloc.h"
#include "hal/reader/driver.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* The first driver that fits an interface gets it. */
static const struct hal_reader_driver *const drivers[] = {
    &hal_driver_hid_msr,
};

struct reader {
    struct hal_readers *all;
    const struct hal_reader_driver *driver;
    struct hal_usb_claim *claim;
    void *state;
    struct reader *next;
};

struct hal_readers {
    struct hal_usb *usb;
    struct tally_card_rules rules; /* owned */
    hal_reader_event_fn *on_event;
    void *context;
    hal_readers_closed_fn *on_closed;
    void *closed_context;
    struct reader *readers;
    unsigned ready_count;
};

static enum tally_status copy_rules(const struct tally_card_rules *from,
                                    struct tally_card_rules *ret_rules)
{
    struct tally_card_rule *rules = tally_alloc(from->count, sizeof *rules);
    if (rules == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < from->count; i++) {
        rules[i] = from->rules[i];
    }
    *ret_rules = (struct tally_card_rules){.rules = rules, .count = from->count};
    return TALLY_OK;
}

static void free_rules(struct tally_card_rules *rules)
{
    tally_free((void *)(uintptr_t)rules->rules); /* made by copy_rules(): ours to free */
    *rules = (struct tally_card_rules){.rules = NULL, .count = 0};
}

/* ---- events: each of these may find `all` closing when it returns ---- */

static void say_state(struct hal_readers *all, enum tally_status status, const char *name)
{
    struct hal_reader_event event = {
        .kind = HAL_READER_STATE, .status = status, .name = name, .ready_count = all->ready_count};
    all->on_event(all->context, &event);
}

static void say_swipe(struct reader *reader, enum tally_status status,
                      const struct tally_card *card)
{
    struct hal_readers *all = reader->all;
    struct hal_reader_event event = {.kind =
                                         status == TALLY_OK ? HAL_READER_CARD : HAL_READER_REFUSED,
                                     .status = status,
                                     .name = hal_usb_claim_name(reader->claim),
                                     .ready_count = all->ready_count};
    if (status == TALLY_OK) {
        event.card = *card;
    }
    all->on_event(all->context, &event);
    explicit_bzero(&event, sizeof event);
}

/* ---- one reader ---- */

static void unlink_reader(struct reader *reader)
{
    struct reader **at = &reader->all->readers;
    while (*at != reader) {
        at = &(*at)->next;
    }
    *at = reader->next;
}

static void free_reader(struct reader *reader)
{
    if (reader->state != NULL) {
        explicit_bzero(reader->state, reader->driver->state_len);
    }
    tally_free(reader->state);
    tally_free(reader);
}

static void on_report(void *context, uint8_t *report, size_t len)
{
    struct reader *reader = context;
    struct tally_card card = {0};
    enum tally_status status =
        reader->driver->read(reader->state, report, len, &reader->all->rules, &card);
    bool is_refusal = status == TALLY_E_PAYMENT_CARD || status == TALLY_E_UNKNOWN_CARD;
    if (status != TALLY_OK && status != TALLY_E_NOT_FOUND && !is_refusal) {
        status = TALLY_E_CARD_UNREADABLE;
    }
    if (status != TALLY_E_NOT_FOUND) {
        say_swipe(reader, status, &card);
    }
    explicit_bzero(&card, sizeof card);
}

static void on_broken(void *context)
{
    say_swipe(context, TALLY_E_CARD_UNREADABLE, NULL);
}

/* The name lives in the claim, and the claim may not outlive on_event (which may close all): so the
 * name is copied. */
static void on_end(void *context, enum tally_status status)
{
    struct reader *reader = context;
    struct hal_readers *all = reader->all;
    char name[HAL_USB_NAME_LEN_MAX + 1];
    snprintf(name, sizeof name, "%s", hal_usb_claim_name(reader->claim));
    unlink_reader(reader);
    hal_usb_release(reader->claim);
    free_reader(reader);
    all->ready_count--;
    say_state(all, status, name);
}

static const struct hal_usb_handlers handlers = {
    .on_report = on_report, .on_broken = on_broken, .on_end = on_end};

static enum tally_status make_reader(struct hal_readers *all,
                                     const struct hal_reader_driver *driver,
                                     struct reader **ret_reader)
{
    struct reader *reader = tally_alloc(1, sizeof *reader);
    void *state = tally_alloc(driver->state_len, 1);
    if (reader == NULL || state == NULL) {
        tally_free(reader);
        tally_free(state);
        return TALLY_E_NO_MEMORY;
    }
    reader->all = all;
    reader->driver = driver;
    reader->state = state;
    *ret_reader = reader;
    return TALLY_OK;
}

static enum tally_status start_reader(struct reader *reader, const struct hal_usb_device *device,
                                      const struct hal_usb_interface *interface)
{
    TALLY_TRY(hal_usb_claim(device, interface, &handlers, reader, &reader->claim));
    enum tally_status status = reader->driver->start(reader->state, reader->claim);
    if (status != TALLY_OK) {
        hal_usb_release(reader->claim);
    }
    return status;
}

/* What the event's contract allows for a reader that can't be used. */
static enum tally_status state_status(enum tally_status status)
{
    bool is_known = status == TALLY_E_READER_GONE || status == TALLY_E_NO_PERMISSION;
    return is_known ? status : TALLY_E_DEVICE;
}

static void try_interface(struct hal_readers *all, const struct hal_reader_driver *driver,
                          const struct hal_usb_device *device,
                          const struct hal_usb_interface *interface)
{
    struct reader *reader = NULL;
    enum tally_status status = make_reader(all, driver, &reader);
    if (status == TALLY_OK) {
        status = start_reader(reader, device, interface);
        if (status != TALLY_OK) {
            free_reader(reader);
        }
    }
    if (status == TALLY_OK) {
        reader->next = all->readers;
        all->readers = reader;
        all->ready_count++;
        say_state(all, TALLY_OK, hal_usb_claim_name(reader->claim));
    } else if (status != TALLY_E_NOT_FOUND) {
        say_state(all, state_status(status), device->node);
    }
}

static void on_arrived(void *context, const struct hal_usb_device *device)
{
    struct hal_readers *all = context;
    for (size_t i = 0; i < device->interface_count; i++) {
        const struct hal_usb_interface *interface = &device->interfaces[i];
        for (size_t row = 0; row < sizeof drivers / sizeof drivers[0]; row++) {
            bool is_closing = all->on_closed != NULL;
            if (!is_closing && drivers[row]->fits(device, interface)) {
                try_interface(all, drivers[row], device, interface);
                break;
            }
        }
    }
}

/* ---- all readers ---- */

enum tally_status hal_readers_open(uv_loop_t *loop, const struct tally_card_rules *rules,
                                   hal_reader_event_fn *on_event, void *context,
                                   struct hal_readers **ret_readers)
{
    assert(loop != NULL && rules != NULL && on_event != NULL && ret_readers != NULL);

    struct hal_readers *all = tally_alloc(1, sizeof *all);
    if (all == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    all->on_event = on_event;
    all->context = context;
    enum tally_status status = copy_rules(rules, &all->rules);
    if (status != TALLY_OK) {
        goto free_all;
    }
    status = hal_usb_open(loop, on_arrived, all, &all->usb);
    if (status != TALLY_OK) {
        goto free_all;
    }
    *ret_readers = all;
    return TALLY_OK;
free_all:
    free_rules(&all->rules);
    tally_free(all);
    return status;
}

enum tally_status hal_readers_set_rules(struct hal_readers *readers,
                                        const struct tally_card_rules *rules)
{
    assert(readers != NULL && rules != NULL);

    struct tally_card_rules copy;
    TALLY_TRY(copy_rules(rules, &copy));
    free_rules(&readers->rules);
    readers->rules = copy;
    return TALLY_OK;
}

unsigned hal_readers_ready_count(const struct hal_readers *readers)
{
    assert(readers != NULL);
    return readers->ready_count;
}

static void on_usb_closed(void *context)
{
    struct hal_readers *all = context;
    hal_readers_closed_fn *on_closed = all->on_closed;
    void *closed_context = all->closed_context;
    free_rules(&all->rules);
    tally_free(all);
    on_closed(closed_context);
}

void hal_readers_close(struct hal_readers *readers, hal_readers_closed_fn *on_closed, void *context)
{
    assert(readers != NULL && on_closed != NULL && readers->on_closed == NULL);

    readers->on_closed = on_closed;
    readers->closed_context = context;
    while (readers->readers != NULL) {
        struct reader *reader = readers->readers;
        readers->readers = reader->next;
        hal_usb_release(reader->claim);
        free_reader(reader);
    }
    readers->ready_count = 0;
    hal_usb_close(readers->usb, on_usb_closed, readers);
}
