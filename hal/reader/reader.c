/* SPDX-License-Identifier: Apache-2.0 */
/* All readers of this terminal: drivers on their devices, and card events out of what they say. */
#include "hal/reader/reader.h"

#include "app/base/alloc.h"
#include "hal/reader/drivers.h"
#include "hal/usb/usb.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { RULE_LEN_MAX = 159 };

struct reader {
    struct hal_link link; /* first: the driver has only this */
    struct hal_readers *all;
    struct hal_usb_interface *interface;
    struct hal_usb_claim *claim;
    const struct hal_reader_driver *const *row;      /* of the table: whose `state` is */
    const struct hal_reader_driver *const *next_row; /* who has the next look */
    void *state;                                     /* NULL: not started */
    bool is_ready;
    bool is_barred; /* it would be ready, and the shop does not use it */
    bool is_paired;
    char serial[HAL_READER_SERIAL_LEN_MAX + 1]; /* "": not one of ours */
    bool is_over;                               /* released: the driver may still be returning */
    struct reader *next;
};

struct hal_readers {
    struct hal_usb *usb;
    struct hal_reader_settings settings; /* with rules of our own */
    hal_reader_event_fn *on_event;
    void *context;
    hal_readers_closed_fn *on_closed;
    void *closed_context;
    uint32_t look_ms;
    struct reader *readers; /* those that are not over */
    struct reader *pairing; /* one of them; NULL: none is being paired */
    hal_readers_paired_fn *on_paired;
    void *paired_context;
    unsigned ready_count;
};

/* ---- settings ---- */

static enum tally_status copy_settings(const struct hal_reader_settings *from,
                                       struct hal_reader_settings *ret_settings)
{
    struct tally_card_rule *rules = tally_alloc(from->rules.count, sizeof *rules);
    if (rules == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < from->rules.count; i++) {
        rules[i] = from->rules.rules[i];
    }
    *ret_settings = *from;
    ret_settings->rules.rules = rules;
    return TALLY_OK;
}

static void free_settings(struct hal_reader_settings *settings)
{
    tally_free(
        (void *)(uintptr_t)settings->rules.rules); /* made by copy_settings(): ours to free */
    explicit_bzero(settings, sizeof *settings);
}

/* ---- events: each of these may find `all` closing when it returns ---- */

/* Like the lines of 70-tally.rules, for one maker's devices. */
static void write_rule(char rule[RULE_LEN_MAX + 1], uint16_t idVendor)
{
    snprintf(rule, RULE_LEN_MAX + 1,
             "ACTION==\"add\", SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", "
             "ATTR{idVendor}==\"%04x\", GROUP=\"tally\", MODE=\"0660\"",
             (unsigned)idVendor);
}

/* What an event's contract allows for a reader that can't be used. */
static enum tally_status state_status(enum tally_status status)
{
    bool is_known = status == TALLY_OK || status == TALLY_E_READER_GONE ||
                    status == TALLY_E_READER_SILENT || status == TALLY_E_NO_PERMISSION ||
                    status == TALLY_E_READER_SWAPPED || status == TALLY_E_READER_UNPAIRED;
    return is_known ? status : TALLY_E_DEVICE;
}

/* Once: a reader that is tried again and again, and fails in the same way, is no news. */
static void say_state(struct hal_readers *all, struct hal_usb_interface *interface,
                      enum tally_status why)
{
    enum tally_status status = state_status(why);
    char rule[RULE_LEN_MAX + 1] = "";
    bool is_forbidden = status == TALLY_E_NO_PERMISSION;
    if (interface->said == status || all->on_closed != NULL) {
        return;
    }
    interface->said = status;
    if (is_forbidden) {
        write_rule(rule, interface->is.idVendor);
    }
    struct hal_reader_event event = {.kind = HAL_READER_STATE,
                                     .status = status,
                                     .name = is_forbidden ? interface->node : interface->name,
                                     .rule = rule,
                                     .ready_count = all->ready_count};
    all->on_event(all->context, &event);
}

static void say_swipe(struct reader *reader, enum tally_status status,
                      const struct tally_card *card)
{
    struct hal_readers *all = reader->all;
    if (reader->is_over || reader->is_barred) {
        return;
    }
    struct hal_reader_event event = {.kind =
                                         status == TALLY_OK ? HAL_READER_CARD : HAL_READER_REFUSED,
                                     .status = status,
                                     .name = reader->interface->name,
                                     .rule = "",
                                     .ready_count = all->ready_count};
    if (status == TALLY_OK) {
        event.card = *card;
    }
    all->on_event(all->context, &event);
    explicit_bzero(&event, sizeof event);
}

/* ---- the end of a reader ---- */

static void free_state(struct reader *reader)
{
    if (reader->state != NULL) {
        explicit_bzero(reader->state, (*reader->row)->state_len);
    }
    tally_free(reader->state);
    reader->state = NULL;
}

/* A driver that serves somebody else than the card events tells them itself, and of its end. */
static bool speaks_for_itself(const struct reader *reader)
{
    return reader->state != NULL && (*reader->row)->on_end != NULL;
}

static void tell_driver(struct reader *reader)
{
    if (speaks_for_itself(reader)) {
        (*reader->row)->on_end(reader->state);
    }
}

static void end_pairing(struct reader *reader, enum tally_status status)
{
    struct hal_readers *all = reader->all;
    if (all->pairing == reader) {
        all->pairing = NULL;
        all->on_paired(all->paired_context, status, reader->serial);
    }
}

/* Its driver may be the caller: the memory stays until on_closed(). */
static void release(struct reader *reader)
{
    struct hal_readers *all = reader->all;
    struct reader **at = &all->readers;
    while (*at != reader) {
        at = &(*at)->next;
    }
    *at = reader->next;
    reader->is_over = true;
    all->ready_count -= reader->is_ready ? 1 : 0;
    hal_usb_release(reader->claim);
    end_pairing(reader, TALLY_E_READER_GONE);
}

static void let_go(struct reader *reader)
{
    tell_driver(reader);
    if (reader->state != NULL) {
        explicit_bzero(reader->state, (*reader->row)->state_len);
    }
    release(reader);
}

static void fail(struct reader *reader, enum tally_status status, uint32_t again_in_ms)
{
    struct hal_readers *all = reader->all;
    struct hal_usb_interface *interface = reader->interface;
    bool is_reader = !speaks_for_itself(reader);
    let_go(reader);
    hal_usb_show_again(interface, again_in_ms);
    if (is_reader) {
        say_state(all, interface, status);
    }
}

/* ---- what a driver asks for ---- */

static struct reader *reader_of(struct hal_link *link)
{
    return (struct reader *)link;
}

static enum tally_status link_control(struct hal_link *link, const struct hal_setup *setup,
                                      const uint8_t *data)
{
    return hal_usb_control(reader_of(link)->claim, setup, data);
}

static enum tally_status link_listen(struct hal_link *link, size_t report_len, bool short_ends)
{
    return hal_usb_listen(reader_of(link)->claim, report_len, short_ends);
}

static enum tally_status link_receive(struct hal_link *link, size_t len_max)
{
    return hal_usb_receive(reader_of(link)->claim, len_max);
}

static enum tally_status link_send(struct hal_link *link, const uint8_t *bytes, size_t len)
{
    return hal_usb_send(reader_of(link)->claim, bytes, len);
}

static void link_set_timer(struct hal_link *link, uint32_t in_ms)
{
    hal_usb_set_timer(reader_of(link)->claim, in_ms);
}

static uint64_t link_now_ms(struct hal_link *link)
{
    (void)link;
    return hal_usb_now_ms();
}

static void link_ours(struct hal_link *link, const char *serial, bool is_paired)
{
    struct reader *reader = reader_of(link);
    snprintf(reader->serial, sizeof reader->serial, "%s", serial);
    reader->is_paired = is_paired;
}

static void link_paired(struct hal_link *link, enum tally_status status)
{
    end_pairing(reader_of(link), status);
}

/* One of ours stays claimed, so that it can be paired; somebody else's is left to whoever wants it.
 */
static void bar(struct reader *reader)
{
    struct hal_readers *all = reader->all;
    struct hal_usb_interface *interface = reader->interface;
    reader->is_barred = true;
    if (reader->serial[0] == '\0') {
        let_go(reader);
    }
    say_state(all, interface, TALLY_E_READER_UNPAIRED);
}

static void link_ready(struct hal_link *link)
{
    struct reader *reader = reader_of(link);
    if (reader->is_over || reader->is_ready || reader->is_barred) {
        return;
    }
    if (!hal_reader_is_allowed(*reader->row, &reader->all->settings, reader->is_paired)) {
        bar(reader);
    } else {
        reader->is_ready = true;
        reader->all->ready_count++;
        say_state(reader->all, reader->interface, TALLY_OK);
    }
}

static void link_card(struct hal_link *link, const struct tally_card *card)
{
    say_swipe(reader_of(link), TALLY_OK, card);
}

static void link_refuse(struct hal_link *link, enum tally_status status)
{
    bool has_words = status == TALLY_E_PAYMENT_CARD || status == TALLY_E_UNKNOWN_CARD ||
                     status == TALLY_E_CODE_EXPIRED || status == TALLY_E_CODE_USED ||
                     status == TALLY_E_BUSY || status == TALLY_E_READER_SWAPPED;
    say_swipe(reader_of(link), has_words ? status : TALLY_E_CARD_UNREADABLE, NULL);
}

static const struct hal_reader_driver *const *
find_driver(const struct hal_reader_driver *const *from, const struct hal_usb_interface *interface,
            const struct hal_reader_settings *settings)
{
    while (*from != NULL && !hal_driver_is_wanted(*from, &interface->is, settings)) {
        from++;
    }
    return from;
}

/* The device stays claimed while the next driver has a look, so that the kernel's driver does not
 * come in between. */
static void try_next_driver(struct reader *reader)
{
    const struct hal_reader_driver *const *row =
        find_driver(reader->row + 1, reader->interface, &reader->all->settings);
    if (*row == NULL) {
        let_go(reader);
        return;
    }
    reader->next_row = row; /* the driver that says so is still returning */
    hal_usb_renew(reader->claim);
}

static void link_end(struct hal_link *link, enum tally_status status)
{
    struct reader *reader = reader_of(link);
    if (reader->is_over) {
        return;
    }
    if (status == TALLY_E_NOT_FOUND && !reader->is_ready) {
        try_next_driver(reader);
    } else {
        fail(reader, status, reader->all->look_ms);
    }
}

static const struct hal_link_ops link_ops = {.control = link_control,
                                             .listen = link_listen,
                                             .receive = link_receive,
                                             .send = link_send,
                                             .set_timer = link_set_timer,
                                             .now_ms = link_now_ms,
                                             .ours = link_ours,
                                             .paired = link_paired,
                                             .ready = link_ready,
                                             .card = link_card,
                                             .refuse = link_refuse,
                                             .end = link_end};

/* ---- what the device says ---- */

static void start_driver(struct reader *reader)
{
    const struct hal_reader_driver *driver = *reader->next_row;
    tell_driver(reader);
    free_state(reader);
    reader->row = reader->next_row;
    reader->state = tally_alloc(driver->state_len, 1);
    if (reader->state == NULL) {
        fail(reader, TALLY_E_NO_MEMORY, reader->all->look_ms);
        return;
    }
    driver->start(reader->state, &reader->link);
}

/* One that nobody was told of, and that is gone, is no news. */
static void say_gone(struct hal_readers *all, struct hal_usb_interface *interface)
{
    if (interface->said != TALLY_E_NOT_FOUND) {
        say_state(all, interface, TALLY_E_READER_GONE);
    }
}

static void on_open(void *context, enum tally_status status)
{
    struct reader *reader = context;
    struct hal_readers *all = reader->all;
    struct hal_usb_interface *interface = reader->interface;
    switch (status) {
    case TALLY_OK:
        start_driver(reader);
        return;
    case TALLY_E_NO_PERMISSION:
        let_go(reader);
        hal_usb_show_when_allowed(interface);
        say_state(all, interface, status);
        return;
    case TALLY_E_READER_GONE:
        let_go(reader);
        hal_usb_show_when_allowed(interface); /* or its node comes late */
        say_gone(all, interface);
        return;
    default:
        fail(reader, status, all->look_ms);
        return;
    }
}

static void on_control(void *context, enum tally_status status, uint8_t *bytes, size_t len)
{
    struct reader *reader = context;
    (*reader->row)->on_control(reader->state, &reader->link, status, bytes, len);
}

static void on_report(void *context, enum tally_status status, uint8_t *report, size_t len)
{
    struct reader *reader = context;
    (*reader->row)->on_report(reader->state, &reader->link, status, report, len);
}

static void on_received(void *context, enum tally_status status, uint8_t *bytes, size_t len)
{
    struct reader *reader = context;
    (*reader->row)->on_received(reader->state, &reader->link, status, bytes, len);
}

static void on_sent(void *context, enum tally_status status)
{
    struct reader *reader = context;
    (*reader->row)->on_sent(reader->state, &reader->link, status);
}

static void on_timer(void *context)
{
    struct reader *reader = context;
    (*reader->row)->on_timer(reader->state, &reader->link);
}

/* A reader that is gone may only have been taken by the kernel for a moment, and one that was
 * silent is being reset: both are tried again soon. One that fails is left in peace for a while. */
static void on_end(void *context, enum tally_status status)
{
    struct reader *reader = context;
    bool is_soon = status == TALLY_E_READER_GONE || status == TALLY_E_READER_SILENT;
    fail(reader, status, is_soon ? HAL_USB_RETRY_MS : reader->all->look_ms);
}

static void on_closed(void *context)
{
    struct reader *reader = context;
    free_state(reader);
    tally_free(reader);
}

static const struct hal_usb_handlers handlers = {.on_open = on_open,
                                                 .on_control = on_control,
                                                 .on_report = on_report,
                                                 .on_received = on_received,
                                                 .on_sent = on_sent,
                                                 .on_timer = on_timer,
                                                 .on_end = on_end,
                                                 .on_closed = on_closed};

/* ---- what is on the bus ---- */

static enum tally_status make_reader(struct hal_readers *all,
                                     const struct hal_reader_driver *const *row,
                                     struct hal_usb_interface *interface)
{
    struct reader *reader = tally_alloc(1, sizeof *reader);
    if (reader == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *reader = (struct reader){
        .link = {.ops = &link_ops, .interface = &interface->is, .settings = &all->settings},
        .all = all,
        .interface = interface,
        .row = row,
        .next_row = row};
    enum tally_status status = hal_usb_claim(interface, &handlers, reader, &reader->claim);
    if (status != TALLY_OK) {
        tally_free(reader);
        return status;
    }
    reader->next = all->readers;
    all->readers = reader;
    return TALLY_OK;
}

static void on_found(void *context, struct hal_usb_interface *found)
{
    struct hal_readers *all = context;
    const struct hal_reader_driver *const *row =
        find_driver(hal_reader_drivers, found, &all->settings);
    if (*row == NULL || all->on_closed != NULL) {
        return;
    }
    enum tally_status status = make_reader(all, row, found);
    if (status != TALLY_OK) {
        hal_usb_show_again(found, all->look_ms);
        say_state(all, found, status);
    }
}

static void on_left(void *context, struct hal_usb_interface *left)
{
    say_gone(context, left);
}

static const struct hal_usb_watcher watcher = {.on_found = on_found, .on_left = on_left};

/* ---- all readers ---- */

enum tally_status hal_readers_open(uv_loop_t *loop, const struct hal_reader_settings *settings,
                                   hal_reader_event_fn *on_event, void *context,
                                   struct hal_readers **ret_readers)
{
    assert(loop != NULL && settings != NULL && on_event != NULL && ret_readers != NULL);

    struct hal_readers *all = tally_alloc(1, sizeof *all);
    if (all == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    all->on_event = on_event;
    all->context = context;
    all->look_ms = settings->look_ms != 0 ? settings->look_ms : HAL_USB_LOOK_MS;
    enum tally_status status = copy_settings(settings, &all->settings);
    if (status != TALLY_OK) {
        goto free_all;
    }
    status = hal_usb_open(loop, all->look_ms, &watcher, all, &all->usb);
    if (status != TALLY_OK) {
        goto free_settings;
    }
    *ret_readers = all;
    return TALLY_OK;
free_settings:
    free_settings(&all->settings);
free_all:
    tally_free(all);
    return status;
}

enum tally_status hal_readers_set(struct hal_readers *readers,
                                  const struct hal_reader_settings *settings)
{
    assert(readers != NULL && settings != NULL);

    struct hal_reader_settings copy;
    TALLY_TRY(copy_settings(settings, &copy));
    free_settings(&readers->settings);
    readers->settings = copy;
    explicit_bzero(&copy, sizeof copy);
    return TALLY_OK;
}

unsigned hal_readers_ready_count(const struct hal_readers *readers)
{
    assert(readers != NULL);
    return readers->ready_count;
}

/* ---- pairing ---- */

static bool is_ours_unpaired(const struct reader *reader)
{
    return (reader->is_ready || reader->is_barred) && reader->serial[0] != '\0' &&
           !reader->is_paired;
}

enum tally_status hal_readers_pair(struct hal_readers *readers,
                                   const uint8_t key[HAL_READER_KEY_LEN],
                                   hal_readers_paired_fn *on_paired, void *context)
{
    assert(readers != NULL && key != NULL && on_paired != NULL && readers->on_closed == NULL);

    struct reader *found = NULL;
    if (readers->pairing != NULL) {
        return TALLY_E_BUSY;
    }
    for (struct reader *reader = readers->readers; reader != NULL; reader = reader->next) {
        if (is_ours_unpaired(reader) && found != NULL) {
            return TALLY_E_EXISTS;
        }
        found = is_ours_unpaired(reader) ? reader : found;
    }
    if (found == NULL) {
        return TALLY_E_NOT_FOUND;
    }
    readers->pairing = found;
    readers->on_paired = on_paired;
    readers->paired_context = context;
    (*found->row)->pair(found->state, &found->link, key);
    return TALLY_OK;
}

void hal_readers_each(const struct hal_readers *readers, hal_readers_each_fn *each, void *context)
{
    assert(readers != NULL && each != NULL);

    for (const struct reader *reader = readers->readers; reader != NULL; reader = reader->next) {
        bool is_known = reader->is_ready || reader->is_barred;
        if (is_known && !speaks_for_itself(reader)) {
            const struct hal_reader_view view = {.name = reader->interface->name,
                                                 .serial = reader->serial,
                                                 .is_ready = reader->is_ready,
                                                 .is_paired = reader->is_paired};
            each(context, &view);
        }
    }
}

static void on_usb_closed(void *context)
{
    struct hal_readers *all = context;
    hal_readers_closed_fn *on_all_closed = all->on_closed;
    void *closed_context = all->closed_context;
    free_settings(&all->settings);
    tally_free(all);
    on_all_closed(closed_context);
}

void hal_readers_close(struct hal_readers *readers, hal_readers_closed_fn *on_all_closed,
                       void *context)
{
    assert(readers != NULL && on_all_closed != NULL && readers->on_closed == NULL);

    readers->on_closed = on_all_closed;
    readers->closed_context = context;
    while (readers->readers != NULL) {
        tell_driver(readers->readers);
        release(
            readers->readers); /* a driver may be on its way back from an event: no wiping yet */
    }
    hal_usb_close(readers->usb, on_usb_closed, readers);
}
