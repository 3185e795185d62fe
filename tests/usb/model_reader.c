/* SPDX-License-Identifier: Apache-2.0 */
/* Our own reader: the firmware's device model, its head, a card on its antenna, its button. */
#include "tests/usb/model_kinds.h"

#include "firmware/core/settings.h"
#include "firmware/port/head.h"
#include "firmware/port/hmac.h"
#include "firmware/usb/device.h"
#include "tests/usb/hand.h"
#include "tests/usb/must.h"
#include "tests/usb/taps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct keep {
    bool is_there;
    uint8_t bytes[TALLY_KEEP_LEN_MAX];
};

struct reader_model {
    struct model base;
    struct tally_usb_device device;
    struct tally_ports ports;
    struct tally_head head;
    struct tally_virtual_slot slot;
    struct tally_virtual_card card; /* while it lies on the slot */
    struct keep keeps[TALLY_KEEP_COUNT];
    bool is_button_down;
    char *waiting;  /* lines of a swipe: whoever holds the card waits for the green light */
    char *next_tap; /* words: the next card comes when the reader has seen the last one leave */
};

static struct reader_model *self_of(struct model *model)
{
    return (struct reader_model *)(void *)model;
}

/* ---- the board ---- */

static bool load(void *self, enum tally_keep what, uint8_t *ret_bytes, size_t len)
{
    const struct keep *keep = &((struct reader_model *)self)->keeps[what];
    if (keep->is_there) {
        memcpy(ret_bytes, keep->bytes, len);
    }
    return keep->is_there;
}

static bool save(void *self, enum tally_keep what, const uint8_t *bytes, size_t len)
{
    struct keep *keep = &((struct reader_model *)self)->keeps[what];
    MUST(len <= sizeof keep->bytes);
    memcpy(keep->bytes, bytes, len);
    keep->is_there = true;
    return true;
}

static bool may_pair(void *self)
{
    return ((const struct reader_model *)self)->is_button_down;
}

/* ---- the device ---- */

static struct tally_usb_answer setup(struct model *model, const struct tally_usb_setup *packet)
{
    return tally_usb_device_setup(&self_of(model)->device, packet);
}

static bool setup_data(struct model *model, const uint8_t *data, uint16_t len)
{
    return tally_usb_device_setup_data(&self_of(model)->device, data, len);
}

static const uint8_t *pending(struct model *model, uint8_t endpoint, size_t *ret_len)
{
    return tally_usb_device_pending(&self_of(model)->device, endpoint, ret_len);
}

static void sent(struct model *model, uint8_t endpoint, size_t len)
{
    tally_usb_device_sent(&self_of(model)->device, endpoint, len);
}

static bool is_ready(struct model *model, uint8_t endpoint)
{
    return tally_usb_device_is_ready(&self_of(model)->device, endpoint);
}

static void received(struct model *model, uint8_t endpoint, const uint8_t *bytes, size_t len)
{
    tally_usb_device_received(&self_of(model)->device, endpoint, bytes, len);
}

static void reset(struct model *model)
{
    tally_usb_device_reset(&self_of(model)->device, TALLY_USB_FULL_SPEED);
}

/* ---- its far side ---- */

static bool push_line(struct reader_model *self, const char *line)
{
    for (const char *at = line; *at != '\0'; at++) {
        const char *error = NULL;
        if (tally_head_push(&self->head, &self->device.reader, *at, &error) == TALLY_HEAD_ERROR) {
            fprintf(stderr, "the head says: %s\n", error);
            return false;
        }
    }
    return true;
}

static bool begin_waiting_swipe(struct reader_model *self)
{
    char *lines = self->waiting;
    self->waiting = NULL;
    bool is_done = lines == NULL || push_line(self, lines);
    free(lines);
    return is_done;
}

static bool is_busy(const struct reader_model *self)
{
    return self->device.reader.state == TALLY_READER_REPORTING;
}

static bool swipe(struct reader_model *self, const char *words, bool is_damaged)
{
    free(self->waiting);
    self->waiting = hand_swipe(words, is_damaged);
    return self->waiting != NULL && (is_busy(self) || begin_waiting_swipe(self));
}

/* The words have been understood once. */
static void put_waiting_card(struct reader_model *self)
{
    if (self->next_tap != NULL && !self->device.ccid.card.is_present) {
        MUST(taps_read(self->next_tap, &self->card));
        tally_virtual_slot_put(&self->slot, &self->card);
        free(self->next_tap);
        self->next_tap = NULL;
    }
}

static bool tap(struct reader_model *self, const char *words)
{
    struct tally_virtual_card card;
    if (!taps_read(words, &card)) {
        return false;
    }
    free(self->next_tap);
    self->next_tap = strdup(words);
    tally_virtual_slot_put(&self->slot, NULL);
    put_waiting_card(self);
    return true;
}

static uint32_t tell_time(struct model *model, uint32_t now_ms)
{
    struct reader_model *self = self_of(model);
    uint32_t next_ms = 0;
    if (self->device.reader.state == TALLY_READER_IDLE) {
        (void)begin_waiting_swipe(self);
    }
    put_waiting_card(self);
    tally_usb_device_time(&self->device, now_ms, &next_ms);
    return next_ms;
}

static bool outside(struct model *model, const char *words)
{
    struct reader_model *self = self_of(model);
    if (strncmp(words, "swipe ", 6) == 0) {
        return swipe(self, words + 6, false);
    }
    if (strncmp(words, "scratch ", 8) == 0) {
        return swipe(self, words + 8, true);
    }
    if (strncmp(words, "tap ", 4) == 0) {
        return tap(self, words + 4);
    }
    if (strcmp(words, "untap") == 0) {
        tally_virtual_slot_put(&self->slot, NULL);
        return true;
    }
    if (strcmp(words, "rewind") == 0) { /* what is swiped next is signed as what was swiped last */
        self->device.hid.signer.counter--;
        return true;
    }
    if (strcmp(words, "button down") == 0 || strcmp(words, "button up") == 0) {
        self->is_button_down = words[7] == 'd';
        return true;
    }
    return false;
}

static void free_reader(struct model *model)
{
    free(self_of(model)->waiting);
    free(self_of(model)->next_tap);
    free(model);
}

static const struct model_ops reader_ops = {.setup = setup,
                                            .setup_data = setup_data,
                                            .pending = pending,
                                            .sent = sent,
                                            .is_ready = is_ready,
                                            .received = received,
                                            .reset = reset,
                                            .time = tell_time,
                                            .outside = outside,
                                            .free = free_reader};

enum { NOT_PAIRED = 0xff };

/* In which form the stripe is reported, and whether there is an antenna. */
static const struct {
    const char *kind;
    enum tally_msr_form form;
    bool has_slot;
    uint8_t first_of_key; /* the others count on from it; NOT_PAIRED */
} kinds[] = {
    {"reader", TALLY_MSR_FORM_SURESWIPE, false, NOT_PAIRED},
    {"nfc-reader", TALLY_MSR_FORM_SURESWIPE, true, NOT_PAIRED},
    {"keyboard", TALLY_MSR_FORM_KEYBOARD, false, NOT_PAIRED},
    {"pos-reader", TALLY_MSR_FORM_8E, false, NOT_PAIRED},
    {"reset-reader", TALLY_MSR_FORM_SURESWIPE, false, NOT_PAIRED},
    {"paired-reader", TALLY_MSR_FORM_SIGNED, false, 0},
    {"swapped-reader", TALLY_MSR_FORM_SIGNED, false, 1},
};

/* As if a terminal had paired it. */
static void keep_pairing(struct reader_model *self, uint8_t first_of_key)
{
    struct keep *key = &self->keeps[TALLY_KEEP_PAIR];
    for (uint8_t i = 0; i < TALLY_HMAC_KEY_LEN; i++) {
        key->bytes[i] = (uint8_t)(first_of_key + i);
    }
    self->keeps[TALLY_KEEP_COUNTER].bytes[0] = 1;
    self->keeps[TALLY_KEEP_COUNTER].is_there = key->is_there = first_of_key != NOT_PAIRED;
}

static struct model *make(enum tally_msr_form form, bool has_slot, uint8_t first_of_key)
{
    struct reader_model *self = calloc(1, sizeof *self);
    MUST(self != NULL);
    self->base.ops = &reader_ops;
    struct tally_settings settings = tally_settings_factory();
    settings.form = (uint8_t)form;
    tally_settings_write(&settings, self->keeps[TALLY_KEEP_SETTINGS].bytes);
    self->keeps[TALLY_KEEP_SETTINGS].is_there = true;
    keep_pairing(self, first_of_key);
    tally_virtual_slot_init(&self->slot);
    self->ports = (struct tally_ports){.self = self,
                                       .serial = "PROOF1",
                                       .slot = has_slot ? &self->slot.slot : NULL,
                                       .load = load,
                                       .save = save,
                                       .hmac = tally_port_hmac,
                                       .may_pair = may_pair};
    tally_usb_device_init(&self->device, &self->ports);
    return &self->base;
}

struct model *model_reader_make(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            return make(kinds[i].form, kinds[i].has_slot, kinds[i].first_of_key);
        }
    }
    return NULL;
}
