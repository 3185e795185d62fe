/* SPDX-License-Identifier: Apache-2.0 */
/* Template of a driver: copy this file, and change what its comments point at.
 *
 * It drives a reader that nobody makes: after one request it sends a report of 32 bytes for each
 * card, the first of which says how many ASCII digits follow. The tests compile it and run it, so
 * that it stays true; no terminal does. */
#include "hal/reader/template.h"

#include <assert.h>
#include <string.h>

/* Names and numbers of the specification, with the clause that says so. */
enum { VENDOR_CLASS = 0xff, TEMPLATE_PROTOCOL = 0x54 };
enum { TO_INTERFACE = 0x21, SET_IDLE = 0x0a }; /* HID 1.11, 7.2.4 */
enum { REPORT_LEN = 32, COUNT_AT = 0, DIGITS_AT = 1 };

/* What the driver has to remember: zeroed before start(), wiped after the end. No card data, unless
 * a card comes in several pieces. */
struct template_reader {
    uint32_t cards;
};

/* Look at descriptors. Vendor and product numbers are for devices whose descriptors lie. */
static bool fits(const struct hal_interface *interface, const struct hal_reader_settings *settings)
{
    (void)settings;
    return interface->bInterfaceClass == VENDOR_CLASS &&
           interface->bInterfaceProtocol == TEMPLATE_PROTOCOL && interface->interrupt_in != 0;
}

/* Ask for the first thing, and return; the answer is a call. A request that fails at once has no
 * answer. */
static void start(void *state, struct hal_link *link)
{
    (void)state;
    const struct hal_setup setup = {.bmRequestType = TO_INTERFACE,
                                    .bRequest = SET_IDLE,
                                    .wIndex = link->interface->bInterfaceNumber};
    enum tally_status status = hal_link_control(link, &setup, NULL);
    if (status != TALLY_OK) {
        hal_link_end(link, status);
    }
}

/* This request may be refused. Where an answer shows that the device is not of this kind after all,
 * end with TALLY_E_NOT_FOUND: the next driver of the table has a look. */
static void on_control(void *state, struct hal_link *link, enum tally_status status, uint8_t *bytes,
                       size_t len)
{
    (void)state;
    (void)status;
    (void)bytes;
    (void)len;
    enum tally_status listening = hal_link_listen(link, REPORT_LEN, false);
    if (listening == TALLY_OK) {
        hal_link_ready(link);
    } else {
        hal_link_end(link, listening);
    }
}

/* What comes from outside is checked before it is copied, and classified before it is a card. */
static enum tally_status read_card(const uint8_t *report, size_t len,
                                   const struct tally_card_rules *rules,
                                   struct tally_card *ret_card)
{
    assert(len == REPORT_LEN);

    size_t count = report[COUNT_AT];
    if (count == 0 || count > len - DIGITS_AT || count > TALLY_CARD_LEN_MAX) {
        return TALLY_E_CARD_UNREADABLE;
    }
    TALLY_TRY(tally_card_classify(rules, report + DIGITS_AT, count));
    ret_card->kind = TALLY_CARD_NUMBER;
    ret_card->entry = TALLY_ENTRY_SWIPED;
    ret_card->strength = TALLY_STRENGTH_STATIC;
    ret_card->len = (uint8_t)count;
    memcpy(ret_card->bytes, report + DIGITS_AT, count);
    return TALLY_OK;
}

/* The report is wiped by the caller; our copy of the card is ours to wipe. */
static void on_report(void *state, struct hal_link *link, enum tally_status status, uint8_t *report,
                      size_t len)
{
    struct template_reader *reader = state;
    struct tally_card card = {0};
    if (status == TALLY_OK) {
        status = read_card(report, len, &link->settings->rules, &card);
    }
    if (status == TALLY_OK) {
        reader->cards++;
        hal_link_card(link, &card);
    } else {
        hal_link_refuse(link, status);
    }
    explicit_bzero(&card, sizeof card);
}

/* A function that is not named here is never called: this driver asks for nothing that it would
 * answer. */
const struct hal_reader_driver hal_driver_template = {.name = "template",
                                                      .state_len = sizeof(struct template_reader),
                                                      .fits = fits,
                                                      .start = start,
                                                      .on_control = on_control,
                                                      .on_report = on_report};
