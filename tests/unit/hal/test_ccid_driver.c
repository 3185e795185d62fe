/* SPDX-License-Identifier: Apache-2.0 */
/* The driver for CCID readers against a reader and cards in the same process, and against
 * everything that can go wrong between them. */
#include "hal/reader/drivers.h"

#include "app/base/alloc.h"
#include "app/crypto/crypto.h"
#include "hal/reader/ccid.h"
#include "tests/fakes/fake_card.h"
#include "tests/fakes/fake_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>

#define OURS  "60058541029558180"
#define UID_7 "04de5f1eacc040"

enum { SLOTS = 2, LONG_MS = 60000 };

/* What is wrong with the answer to a command. */
enum fault {
    NO_FAULT = 0,
    FAULT_SILENT,    /* none comes */
    FAULT_ERROR,     /* `bError` */
    FAULT_FAILED,    /* the endpoint stalls */
    FAULT_SHORT,     /* it breaks off */
    FAULT_STRAY,     /* one to another command before it */
    FAULT_EXTENSION, /* one that asks for time before it */
    FAULT_LEAVES,    /* the card leaves before the command */
    FAULT_CHAINED,   /* in two parts */
    FAULT_ENDLESS,   /* asks for time, and the test goes on with that */
    FAULT_SWAPPED    /* another card takes the card's place before the command, and answers */
};

struct fake_reader {
    struct fake_link *fake;
    struct fake_card *cards[SLOTS]; /* NULL: nothing there */
    struct fake_card *other;        /* of FAULT_SWAPPED */
    bool is_active[SLOTS];
    uint8_t volts_needed; /* 0: any */
    bool sends_empty;     /* packets besides */
    bool has_notices;
    enum fault fault;
    unsigned fault_at;  /* command number, from 1; 0: none */
    unsigned fault_for; /* how many commands long */
    uint8_t bError;
    unsigned commands, power_ons, power_offs, status_asked;
    uint8_t endless[10]; /* the command of FAULT_ENDLESS */
    uint8_t rest[400];   /* of a chained answer */
    size_t rest_len;
};

static struct hal_reader_settings settings;
static struct fake_reader reader;
static struct fake_link link_to;
static uint8_t descriptor[54];
static struct hal_interface interface;
static const struct tally_card_rule own_rules[] = {{"600585", 17}};
static const uint8_t master[16] = {9, 8, 7};

/* ---- the reader ---- */

static void answer(const uint8_t *command, uint8_t type, unsigned status, uint8_t bError,
                   uint8_t last, const uint8_t *data, size_t len)
{
    uint8_t bytes[500] = {type};
    unsigned icc = reader.cards[command[5]] == NULL ? 2 : reader.is_active[command[5]] ? 0 : 1;
    tally_store_le(bytes + 1, 4, len);
    bytes[5] = command[5];
    bytes[6] = command[6];
    bytes[7] = (uint8_t)(status << 6 | icc);
    bytes[8] = bError;
    bytes[9] = last;
    if (len > 0) {
        memcpy(bytes + 10, data, len);
    }
    if (reader.sends_empty) {
        fake_link_answer(reader.fake, bytes, 0);
    }
    fake_link_answer(reader.fake, bytes, len + 10);
}

static void notify(unsigned slot, bool is_present)
{
    const uint8_t report[] = {0x50, (uint8_t)((is_present ? 3 : 2) << (2 * slot))};
    if (reader.has_notices) {
        fake_link_report(reader.fake, report, sizeof report);
    }
}

static void take_away(unsigned slot)
{
    reader.cards[slot] = NULL;
    reader.is_active[slot] = false;
    notify(slot, false);
}

static void lay_down(unsigned slot, struct fake_card *card)
{
    fake_card_reset(card);
    reader.cards[slot] = card;
    notify(slot, true);
}

static void do_power_on(const uint8_t *command)
{
    struct fake_card *card = reader.cards[command[5]];
    bool is_right = reader.volts_needed == 0 || command[7] == reader.volts_needed;
    reader.power_ons++;
    if (card == NULL || !is_right) {
        answer(command, 0x80, 1, 0xfe, 0, NULL, 0);
        return;
    }
    fake_card_reset(card);
    reader.is_active[command[5]] = true;
    answer(command, 0x80, 0, 0, 0, card->atr, card->atr_len);
}

static void do_xfr(const uint8_t *command, size_t len, bool is_chained)
{
    struct fake_card *card = reader.cards[command[5]];
    uint8_t bytes[FAKE_CARD_ANSWER_MAX];
    if (command[8] == 0x10) {
        answer(command, 0x80, 0, 0, 2, reader.rest, reader.rest_len);
        return;
    }
    if (card == NULL || !reader.is_active[command[5]]) {
        answer(command, 0x80, 1, 0xfe, 0, NULL, 0);
        return;
    }
    size_t answer_len = fake_card_answer(card, command + 10, len - 10, bytes);
    if (is_chained) {
        reader.rest_len = answer_len - 1;
        memcpy(reader.rest, bytes + 1, answer_len - 1);
        answer(command, 0x80, 0, 0, 1, bytes, 1);
    } else {
        /* ACR122U: bError without a meaning. */
        answer(command, 0x80, 0, 0x81, 0, bytes, answer_len);
    }
}

/* True: that was all the answer. */
static bool do_fault(const uint8_t *command)
{
    uint8_t other[10];
    switch (reader.fault) {
    case FAULT_SILENT:
        return true;
    case FAULT_ERROR:
        answer(command, 0x80, 1, reader.bError, 0, NULL, 0);
        return true;
    case FAULT_FAILED:
        fake_link_answer_fails(reader.fake);
        return true;
    case FAULT_SHORT:
        fake_link_answer(reader.fake, (const uint8_t *)"\x80\x05\0\0", 4);
        return true;
    case FAULT_STRAY:
        memcpy(other, command, 10);
        other[6] = (uint8_t)(command[6] - 3);
        answer(other, 0x80, 0, 0, 0, (const uint8_t *)"\x90", 2);
        return false;
    case FAULT_EXTENSION:
        answer(command, 0x80, 2, 2, 0, NULL, 0);
        return false;
    case FAULT_ENDLESS:
        memcpy(reader.endless, command, sizeof reader.endless);
        answer(command, 0x80, 2, 1, 0, NULL, 0);
        return true;
    case FAULT_LEAVES:
        if (reader.cards[command[5]] != NULL) {
            take_away(command[5]);
        }
        return false;
    case FAULT_SWAPPED: /* a reader that powers cards on by itself */
        take_away(command[5]);
        lay_down(command[5], reader.other);
        reader.is_active[command[5]] = true;
        return false;
    default:
        return false;
    }
}

static void on_command(struct fake_link *fake, const uint8_t *bytes, size_t len)
{
    reader.fake = fake;
    assert_true(len >= 10);
    assert_int_equal(len - 10, tally_load_le(bytes + 1, 4));
    if (bytes[5] >= SLOTS) {
        fail();
    }
    reader.commands++;
    bool has_fault = reader.fault_at != 0 && reader.commands >= reader.fault_at &&
                     reader.commands < reader.fault_at + reader.fault_for;
    if (has_fault && do_fault(bytes)) {
        return;
    }
    switch (bytes[0]) {
    case 0x62:
        do_power_on(bytes);
        break;
    case 0x63:
        reader.power_offs++;
        reader.is_active[bytes[5]] = false;
        answer(bytes, 0x81, 0, 0, 0, NULL, 0);
        break;
    case 0x65:
        reader.status_asked++;
        answer(bytes, 0x81, 0, 0, 0, NULL, 0);
        break;
    case 0x6f:
        do_xfr(bytes, len, has_fault && reader.fault == FAULT_CHAINED);
        break;
    case 0x72:
        answer(bytes, 0x81, 0, 0, 0, NULL, 0);
        break;
    default:
        fail();
    }
}

/* ---- the stage ---- */

static void plug_in(unsigned slots, uint32_t dwFeatures, bool has_notices)
{
    memset(descriptor, 0, sizeof descriptor);
    descriptor[0] = sizeof descriptor;
    descriptor[1] = 0x21;
    descriptor[4] = (uint8_t)(slots - 1);
    descriptor[5] = 7;
    descriptor[6] = 3;
    tally_store_le(descriptor + 40, 4, dwFeatures);
    tally_store_le(descriptor + 44, 4, 271);
    interface = (struct hal_interface){.bInterfaceNumber = 5,
                                       .bInterfaceClass = 0x0b,
                                       .interrupt_in = has_notices ? 0x81 : 0,
                                       .bulk_in = 0x82,
                                       .bulk_out = 0x02,
                                       .class_descriptors = descriptor,
                                       .class_descriptors_len = sizeof descriptor};
    reader.fake = &link_to;
    reader.has_notices = has_notices;
    assert_true(hal_driver_ccid.fits(&interface, &settings));
    fake_link_open(&link_to, &hal_driver_ccid, &interface, &settings, on_command, &reader);
    fake_link_wait(&link_to, 0);
}

static int a_shop(void **state)
{
    (void)state;
    settings = (struct hal_reader_settings){.rules = {own_rules, 1}};
    memset(&reader, 0, sizeof reader);
    memset(&link_to, 0, sizeof link_to);
    return tally_crypto_start() == TALLY_OK ? 0 : -1;
}

static int pull_out(void **state)
{
    (void)state;
    fake_link_close(&link_to);
    return 0;
}

static struct fake_card a_member(void)
{
    struct fake_card card = fake_card_iso_dep(UID_7);
    fake_card_put_ndef(&card, 'U', "\0member:" OURS, 8 + strlen(OURS));
    return card;
}

static void expect_said(unsigned cards, unsigned refusals)
{
    assert_int_equal(cards, link_to.card_count);
    assert_int_equal(refusals, link_to.refused_count);
    assert_false(link_to.has_ended);
}

static void expect_member(void)
{
    assert_int_equal(TALLY_CARD_NUMBER, link_to.card.kind);
    assert_int_equal(strlen(OURS), link_to.card.len);
    assert_memory_equal(OURS, link_to.card.bytes, link_to.card.len);
}

/* ---- what goes well ---- */

static void only_ccid_interfaces_that_can_be_spoken_to_are_claimed(void **state)
{
    (void)state;
    plug_in(1, 0x00020040, true);
    struct hal_interface other = interface;
    other.bInterfaceClass = 3;
    assert_false(hal_driver_ccid.fits(&other, &settings));
    other = interface;
    other.bInterfaceProtocol = 1; /* control transfers (ICCD) */
    assert_false(hal_driver_ccid.fits(&other, &settings));
    other = interface;
    other.bulk_in = 0;
    assert_false(hal_driver_ccid.fits(&other, &settings));
    other = interface;
    other.class_descriptors_len = 53;
    assert_false(hal_driver_ccid.fits(&other, &settings));
    tally_store_le(descriptor + 40, 4, 0x40); /* character level */
    assert_false(hal_driver_ccid.fits(&interface, &settings));
}

static void a_reader_is_ready_when_it_has_answered(void **state)
{
    (void)state;
    plug_in(1, 0x00020040, true);
    assert_int_equal(1, link_to.ready_count);
    assert_int_equal(271, link_to.receive_len);
    assert_int_equal(4, link_to.listen_len);
    expect_said(0, 0);
}

static void a_card_is_read_once_however_long_it_lies_there(void **state)
{
    (void)state;
    struct fake_card card = a_member();
    plug_in(1, 0x00020040, true);
    for (unsigned i = 1; i <= 3; i++) {
        lay_down(0, &card);
        fake_link_run(&link_to); /* no waiting: no timer is needed */
        expect_said(i, 0);
        expect_member();
        fake_link_wait(&link_to, LONG_MS);
        notify(0, true); /* once more */
        fake_link_wait(&link_to, LONG_MS);
        expect_said(i, 0);
        take_away(0);
        fake_link_wait(&link_to, 1);
    }
    assert_int_equal(3, reader.power_ons);
    assert_int_equal(3, reader.power_offs);
}

static void a_reader_without_an_interrupt_endpoint_is_polled(void **state)
{
    (void)state;
    struct fake_card card = a_member();
    plug_in(1, 0x00020040, false);
    for (unsigned i = 1; i <= 3; i++) {
        lay_down(0, &card);
        fake_link_wait(&link_to, 300);
        expect_said(i, 0);
        take_away(0);
        fake_link_wait(&link_to, 300);
    }
}

static void a_notice_that_got_lost_is_found_out_by_polling(void **state)
{
    (void)state;
    struct fake_card card = a_member();
    plug_in(1, 0x00020040, true);
    reader.cards[0] = &card;
    fake_link_wait(&link_to, 6000);
    expect_said(1, 0);
    reader.cards[0] = NULL;
    fake_link_wait(&link_to, 1100);
    lay_down(0, &card);
    fake_link_wait(&link_to, 1);
    expect_said(2, 0);
}

static void a_card_that_lay_there_before_is_read(void **state)
{
    (void)state;
    struct fake_card card = a_member();
    reader.cards[0] = &card;
    plug_in(1, 0x00020040, true);
    assert_int_equal(1, link_to.ready_count);
    expect_said(1, 0);
}

static void voltages_are_tried_until_the_card_answers(void **state)
{
    (void)state;
    struct fake_card card = a_member();
    plug_in(1, 0x00020040, true);
    reader.volts_needed = 3;
    lay_down(0, &card);
    fake_link_wait(&link_to, 1);
    expect_said(1, 0);
    assert_int_equal(3, reader.power_ons);
}

static void every_slot_of_an_interface_is_served(void **state)
{
    (void)state;
    struct fake_card card = a_member(), other = a_member();
    plug_in(2, 0x00020040, true);
    lay_down(0, &card);
    lay_down(1, &other);
    fake_link_wait(&link_to, 1);
    expect_said(2, 0);
    take_away(1);
    fake_link_wait(&link_to, 1);
    lay_down(1, &other);
    fake_link_wait(&link_to, 1);
    expect_said(3, 0);
}

static void a_card_in_a_contact_slot_is_left_alone(void **state)
{
    (void)state;
    struct fake_card sam = fake_card_iso_dep("");
    fake_unhex("3b7f120000 4456 4e20 5445 4348 2052 6576 3533 76", sam.atr, &sam.atr_len);
    reader.cards[0] = &sam;
    plug_in(1, 0x000204ba, true);
    fake_link_wait(&link_to, LONG_MS);
    expect_said(0, 0);
    assert_int_equal(1, reader.power_ons);
}

static void a_mute_card_that_lay_there_before_is_not_talked_about(void **state)
{
    (void)state;
    struct fake_card sam = fake_card_iso_dep("");
    reader.cards[0] = &sam;
    reader.volts_needed = 9;
    plug_in(1, 0x000204ba, true);
    fake_link_wait(&link_to, LONG_MS);
    expect_said(0, 0);
}

static void payment_and_unknown_cards_are_refused_once(void **state)
{
    (void)state;
    struct fake_card payment = fake_card_iso_dep("f68e2a99"), unknown = fake_card_iso_dep(UID_7);
    payment.has_ppse = true;
    plug_in(1, 0x00020040, true);
    lay_down(0, &payment);
    fake_link_wait(&link_to, LONG_MS);
    expect_said(0, 1);
    assert_int_equal(TALLY_E_PAYMENT_CARD, link_to.refused[0]);
    take_away(0);
    lay_down(0, &unknown);
    fake_link_wait(&link_to, LONG_MS);
    expect_said(0, 2);
    assert_int_equal(TALLY_E_UNKNOWN_CARD, link_to.refused[1]);
}

static void a_card_proves_itself_through_a_reader_and_its_copy_does_not(void **state)
{
    (void)state;
    struct fake_card card = fake_card_424(UID_7, master), copy = fake_card_424(UID_7, master);
    settings.keys.has_tag_key = true;
    memcpy(settings.keys.tag_key, master, sizeof master);
    plug_in(1, 0x00020040, true);
    lay_down(0, &card);
    fake_link_wait(&link_to, 1);
    expect_said(1, 0);
    assert_int_equal(TALLY_STRENGTH_PROVEN, link_to.card.strength);
    take_away(0);
    fake_card_put_ndef(&copy, 'U', card.ndef_file + 2 + 4, card.ndef_len - 2 - 4);
    copy.is_424 = false;
    lay_down(0, &copy);
    fake_link_wait(&link_to, 1);
    expect_said(1, 1);
    assert_int_equal(TALLY_E_UNKNOWN_CARD, link_to.refused[0]);
}

/* ---- what does not ---- */

static void show_with_fault(enum fault fault, uint8_t bError, unsigned at, unsigned times,
                            struct fake_card *card)
{
    reader.fault = fault;
    reader.bError = bError;
    reader.fault_at = reader.commands + at;
    reader.fault_for = times;
    lay_down(0, card);
    fake_link_wait(&link_to, LONG_MS);
}

static unsigned commands_of(struct fake_card *card)
{
    unsigned before = reader.commands;
    lay_down(0, card);
    fake_link_run(&link_to);
    unsigned count = reader.commands - before;
    take_away(0);
    fake_link_wait(&link_to, 1);
    return count;
}

static void stage_again(void)
{
    if (link_to.state != NULL) {
        fake_link_close(&link_to);
    }
    memset(&reader, 0, sizeof reader);
    plug_in(1, 0x00020040, true);
}

static void one_fault_at_any_command_costs_no_card(void **state)
{
    (void)state;
    static const enum fault faults[] = {FAULT_SILENT, FAULT_ERROR,     FAULT_FAILED, FAULT_SHORT,
                                        FAULT_STRAY,  FAULT_EXTENSION, FAULT_CHAINED};
    static const uint8_t errors[] = {0xfe, 0xfd, 0xfc, 0xfb, 0xf6, 0xe0, 0x05, 0x01, 0x00, 0x7f};
    struct fake_card card = a_member();
    stage_again();
    unsigned count = commands_of(&card);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        size_t error_count = faults[i] == FAULT_ERROR ? sizeof errors : 1;
        for (size_t j = 0; j < error_count; j++) {
            for (unsigned at = 1; at <= count; at++) {
                stage_again();
                show_with_fault(faults[i], errors[j], at, 1, &card);
                expect_said(1, 0);
                expect_member();
            }
        }
    }
}

static void faults_that_stay_end_in_one_refusal_or_in_the_readers_end(void **state)
{
    (void)state;
    static const enum fault faults[] = {FAULT_SILENT, FAULT_ERROR, FAULT_FAILED, FAULT_SHORT};
    static const uint8_t errors[] = {0xfe, 0xfd, 0xfc, 0xfb, 0xf6, 0xe0, 0x05, 0x01, 0x00, 0x7f};
    struct fake_card card = a_member();
    stage_again();
    unsigned count = commands_of(&card) - 1; /* without the power off after it was read */
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        bool is_error = faults[i] == FAULT_ERROR;
        for (size_t j = 0; j < (is_error ? sizeof errors : 1); j++) {
            for (unsigned at = 1; at <= count; at++) {
                stage_again();
                show_with_fault(faults[i], errors[j], at, 100000, &card);
                assert_int_equal(0, link_to.card_count);
                assert_int_equal(!is_error, link_to.has_ended);
                assert_int_equal(is_error ? 1 : 0, link_to.refused_count);
                if (is_error) {
                    assert_int_equal(TALLY_E_CARD_UNREADABLE, link_to.refused[0]);
                } else {
                    assert_int_equal(TALLY_E_DEVICE, link_to.ended);
                }
            }
        }
    }
}

static void a_card_that_leaves_at_any_command_is_unreadable_and_the_next_one_is_read(void **state)
{
    (void)state;
    for (int has_notices = 0; has_notices <= 1; has_notices++) {
        struct fake_card card = a_member();
        stage_again();
        unsigned count = commands_of(&card) - 1;
        for (unsigned at = 1; at <= count; at++) {
            stage_again();
            reader.has_notices = has_notices != 0;
            reader.fault = FAULT_LEAVES;
            reader.fault_at = reader.commands + at + (has_notices != 0 ? 0 : 1);
            reader.fault_for = 1;
            lay_down(0, &card);
            fake_link_wait(&link_to, LONG_MS);
            if (link_to.refused_count == 0 && has_notices == 0 && at == count) {
                continue; /* it was read already: the command was the power off */
            }
            expect_said(0, 1);
            assert_int_equal(TALLY_E_CARD_UNREADABLE, link_to.refused[0]);
            lay_down(0, &card);
            fake_link_wait(&link_to, LONG_MS);
            expect_said(1, 1);
        }
    }
}

static void a_card_swapped_in_the_middle_is_not_mixed_up_with_the_first(void **state)
{
    (void)state;
    struct fake_card card = a_member(), other = fake_card_iso_dep("04112233445566");
    settings.accepts_uid = true;
    stage_again();
    unsigned count = commands_of(&card) - 1;
    for (unsigned at = 1; at <= count; at++) {
        stage_again();
        reader.other = &other;
        reader.fault = FAULT_SWAPPED;
        reader.fault_at = reader.commands + at;
        reader.fault_for = 1;
        lay_down(0, &card);
        fake_link_run(&link_to); /* nothing waits for a poll */
        expect_said(1, 1);
        assert_int_equal(TALLY_E_CARD_UNREADABLE, link_to.refused[0]);
        assert_int_equal(TALLY_CARD_UID, link_to.card.kind);
        assert_memory_equal(other.uid, link_to.card.bytes, 7);
    }
}

static void a_silent_reader_is_given_up_in_every_state(void **state)
{
    (void)state;
    reader.fault = FAULT_SILENT;
    reader.fault_at = 1;
    reader.fault_for = 100000;
    plug_in(1, 0x00020040, true);
    fake_link_wait(&link_to, LONG_MS);
    assert_int_equal(0, link_to.ready_count);
    assert_true(link_to.has_ended);
    assert_int_equal(TALLY_E_DEVICE, link_to.ended);
    stage_again();
    fake_link_wait(&link_to, LONG_MS);
    assert_false(link_to.has_ended);
    reader.fault = FAULT_SILENT;
    reader.fault_at = 1;
    reader.fault_for = 100000;
    fake_link_wait(&link_to, LONG_MS);
    assert_true(link_to.has_ended);
}

static void a_card_that_asks_for_time_for_ever_is_broken_off(void **state)
{
    (void)state;
    struct fake_card card = a_member();
    plug_in(1, 0x00020040, true);
    reader.fault = FAULT_ENDLESS;
    reader.fault_at = reader.commands + 2;
    reader.fault_for = 1;
    lay_down(0, &card);
    fake_link_run(&link_to);
    unsigned waited_s = 0;
    for (; waited_s < 60 && link_to.control_count == 0; waited_s++) {
        fake_link_wait(&link_to, 1000);
        answer(reader.endless, 0x80, 2, 200, 0, NULL, 0);
        fake_link_run(&link_to);
    }
    assert_in_range(waited_s, 15, 25);
    fake_link_wait(&link_to, 1000);
    expect_said(1, 0); /* from the start, and now it answers */
}

static void a_sams_silence_does_not_silence_the_card_that_comes_after_it(void **state)
{
    (void)state;
    struct fake_card first = a_member(), second = a_member();
    second.ndef_file[0] = 3; /* says that it is longer than it is: unreadable */
    reader.cards[0] = &first;
    reader.fault = FAULT_SWAPPED;
    reader.other = &second;
    reader.fault_at = 4;
    reader.fault_for = 1;
    plug_in(1, 0x00020040, true);
    fake_link_wait(&link_to, 1000);
    expect_said(0, 1); /* nothing of the first, which lay there before */
}

/* ACR39U; and CCID's way to break a command off. */
static void a_first_status_without_an_answer_is_asked_again(void **state)
{
    (void)state;
    for (int stalls = 0; stalls <= 1; stalls++) {
        a_shop(NULL);
        reader.fault = FAULT_SILENT;
        reader.fault_at = 1;
        reader.fault_for = 1;
        plug_in(1, 0x00020040, true);
        link_to.control_fails = stalls != 0;
        assert_int_equal(0, link_to.ready_count);
        fake_link_wait(&link_to, 3500);
        assert_int_equal(1, link_to.ready_count);
        assert_int_equal(1, link_to.control_count);
        assert_int_equal(0x21, link_to.setup.bmRequestType);
        assert_int_equal(1, link_to.setup.bRequest);
        assert_int_equal(0x0100, link_to.setup.wValue);
        assert_int_equal(5, link_to.setup.wIndex);
        assert_int_equal(0, link_to.setup.wLength);
        if (stalls == 0) {
            fake_link_close(&link_to);
        }
    }
}

static void sends_that_fail_are_tried_again_and_then_given_up(void **state)
{
    (void)state;
    struct fake_card card = a_member();
    plug_in(1, 0x00020040, true);
    link_to.sent = TALLY_E_DEVICE;
    lay_down(0, &card);
    fake_link_run(&link_to);
    assert_true(link_to.has_ended);
    stage_again();
    link_to.send = TALLY_E_NO_MEMORY;
    lay_down(0, &card);
    fake_link_wait(&link_to, 150); /* one failure */
    link_to.send = TALLY_OK;
    fake_link_wait(&link_to, 1000);
    expect_said(1, 0);
    take_away(0);
    fake_link_wait(&link_to, 1);
    link_to.send = TALLY_E_DEVICE;
    lay_down(0, &card);
    fake_link_wait(&link_to, LONG_MS);
    assert_true(link_to.has_ended);
    assert_int_equal(TALLY_E_DEVICE, link_to.ended);
}

static void a_reader_that_takes_no_commands_is_given_up(void **state)
{
    (void)state;
    for (int answers = 0; answers <= 1; answers++) { /* or answers what it never took */
        stage_again();
        link_to.sends_hang = true;
        link_to.answers_overtake_sent = answers != 0;
        fake_link_wait(&link_to, LONG_MS);
        assert_true(link_to.has_ended);
        assert_int_equal(TALLY_E_DEVICE, link_to.ended);
    }
}

static void an_answer_may_overtake_the_end_of_its_command(void **state)
{
    (void)state;
    struct fake_card card = a_member();
    plug_in(1, 0x00020040, true);
    link_to.answers_overtake_sent = true;
    lay_down(0, &card);
    fake_link_wait(&link_to, 1);
    expect_said(1, 0);
    expect_member();
}

static void empty_packets_are_no_answers(void **state)
{
    (void)state;
    struct fake_card card = a_member();
    reader.sends_empty = true;
    plug_in(1, 0x00020040, true);
    lay_down(0, &card);
    fake_link_wait(&link_to, 1);
    expect_said(1, 0);
    assert_int_equal(1, reader.power_ons);
}

static void a_slot_that_the_reader_does_not_have_is_left_alone(void **state)
{
    (void)state;
    reader.fault = FAULT_ERROR;
    reader.bError = 0x05;
    reader.fault_at = 2;
    reader.fault_for = 1;
    plug_in(2, 0x00020040, true);
    assert_int_equal(1, link_to.ready_count);
    struct fake_card card = a_member();
    lay_down(1, &card);
    fake_link_wait(&link_to, LONG_MS);
    expect_said(0, 0);
    lay_down(0, &card);
    fake_link_wait(&link_to, 1);
    expect_said(1, 0);
}

static void garbage_on_any_endpoint_at_any_time_harms_nothing(void **state)
{
    (void)state;
    static const uint8_t garbage[] = {0x50, 0xff, 0xff, 0xff, 0x80, 0x00, 0x12};
    struct fake_card card = a_member();
    plug_in(1, 0x00020040, true);
    fake_link_answer(&link_to, garbage, sizeof garbage);
    fake_link_answer(&link_to, garbage, 0);
    fake_link_answer_fails(&link_to);
    fake_link_report(&link_to, garbage + 4, 3);
    fake_link_report(&link_to, (const uint8_t *)"\x51\0\0\x01", 4);
    fake_link_report(&link_to, garbage, 0);
    fake_link_wait(&link_to, 1);
    expect_said(0, 0);
    lay_down(0, &card);
    fake_link_wait(&link_to, 1);
    expect_said(1, 0);
}

/* The counters of NTAG 424 DNA cards stay; of anything else there is no trace. */
static void no_card_is_left_in_the_drivers_memory(void **state)
{
    (void)state;
    struct fake_card card = a_member();
    plug_in(1, 0x00020040, true);
    lay_down(0, &card);
    fake_link_wait(&link_to, LONG_MS);
    expect_said(1, 0);
    const uint8_t *bytes = link_to.state;
    for (size_t at = 0; at + 7 <= hal_driver_ccid.state_len; at++) {
        assert_memory_not_equal(bytes + at, OURS, 7);
        assert_memory_not_equal(bytes + at, card.uid, 7);
    }
}

#define shop_test(name) cmocka_unit_test_setup_teardown(name, a_shop, pull_out)

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(only_ccid_interfaces_that_can_be_spoken_to_are_claimed),
        shop_test(a_reader_is_ready_when_it_has_answered),
        shop_test(a_card_is_read_once_however_long_it_lies_there),
        shop_test(a_reader_without_an_interrupt_endpoint_is_polled),
        shop_test(a_notice_that_got_lost_is_found_out_by_polling),
        shop_test(a_card_that_lay_there_before_is_read),
        shop_test(voltages_are_tried_until_the_card_answers),
        shop_test(every_slot_of_an_interface_is_served),
        shop_test(a_card_in_a_contact_slot_is_left_alone),
        shop_test(a_mute_card_that_lay_there_before_is_not_talked_about),
        shop_test(payment_and_unknown_cards_are_refused_once),
        shop_test(a_card_proves_itself_through_a_reader_and_its_copy_does_not),
        shop_test(one_fault_at_any_command_costs_no_card),
        shop_test(faults_that_stay_end_in_one_refusal_or_in_the_readers_end),
        shop_test(a_card_that_leaves_at_any_command_is_unreadable_and_the_next_one_is_read),
        shop_test(a_card_swapped_in_the_middle_is_not_mixed_up_with_the_first),
        shop_test(a_silent_reader_is_given_up_in_every_state),
        shop_test(a_card_that_asks_for_time_for_ever_is_broken_off),
        shop_test(a_sams_silence_does_not_silence_the_card_that_comes_after_it),
        shop_test(a_first_status_without_an_answer_is_asked_again),
        shop_test(sends_that_fail_are_tried_again_and_then_given_up),
        shop_test(a_reader_that_takes_no_commands_is_given_up),
        shop_test(an_answer_may_overtake_the_end_of_its_command),
        shop_test(empty_packets_are_no_answers),
        shop_test(a_slot_that_the_reader_does_not_have_is_left_alone),
        shop_test(garbage_on_any_endpoint_at_any_time_harms_nothing),
        shop_test(no_card_is_left_in_the_drivers_memory),
    };
    return cmocka_run_group_tests_name("ccid driver", tests, NULL, NULL);
}
