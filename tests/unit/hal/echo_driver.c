/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation: ask for a greeting, receive, wait a moment, listen, be ready. At each report
 * ask for the text, send it to the device, and take what comes back as the card. */
#include "tests/unit/hal/echo_driver.h"

#include <string.h>

enum { VENDOR_CLASS = 0xff, ECHO_PROTOCOL = 0xec, FROM_INTERFACE = 0xc1 };
enum { REQUEST_GREETING = 1, REQUEST_TEXT = 4, GREETING_LEN = 4, TEXT_LEN = 64, REPORT_LEN = 8 };

struct echo {
    bool has_greeted;
    uint8_t text[TEXT_LEN];
    unsigned tries;
};

static bool fits(const struct hal_interface *interface, const struct hal_reader_settings *settings)
{
    (void)settings;
    return interface->bInterfaceClass == VENDOR_CLASS &&
           interface->bInterfaceProtocol == ECHO_PROTOCOL && interface->bulk_in != 0 &&
           interface->bulk_out != 0 && interface->interrupt_in != 0;
}

static void end_unless_ok(struct hal_link *link, enum tally_status status)
{
    if (status != TALLY_OK) {
        hal_link_end(link, status);
    }
}

static void ask(struct hal_link *link, uint8_t bRequest, uint16_t len)
{
    const struct hal_setup setup = {.bmRequestType = FROM_INTERFACE,
                                    .bRequest = bRequest,
                                    .wIndex = link->interface->bInterfaceNumber,
                                    .wLength = len};
    end_unless_ok(link, hal_link_control(link, &setup, NULL));
}

static void start(void *state, struct hal_link *link)
{
    (void)state;
    ask(link, REQUEST_GREETING, GREETING_LEN);
}

static enum tally_status begin(struct hal_link *link)
{
    TALLY_TRY(hal_link_receive(link, TEXT_LEN));
    hal_link_set_timer(link, 1);
    return TALLY_OK;
}

static void send_text(struct echo *echo, struct hal_link *link)
{
    end_unless_ok(link, hal_link_send(link, echo->text, sizeof echo->text));
}

static void on_control(void *state, struct hal_link *link, enum tally_status status, uint8_t *bytes,
                       size_t len)
{
    struct echo *echo = state;
    if (!echo->has_greeted) {
        bool is_echo = status == TALLY_OK && len == GREETING_LEN && memcmp(bytes, "TLY1", len) == 0;
        echo->has_greeted = true;
        end_unless_ok(link, is_echo ? begin(link) : TALLY_E_DEVICE);
    } else if (status == TALLY_OK && len == TEXT_LEN) {
        memcpy(echo->text, bytes, len);
        send_text(echo, link);
    } else {
        hal_link_refuse(link, TALLY_E_CARD_UNREADABLE);
    }
}

static void on_timer(void *state, struct hal_link *link)
{
    (void)state;
    enum tally_status status = hal_link_listen(link, REPORT_LEN, false);
    if (status == TALLY_OK) {
        hal_link_ready(link);
    } else {
        hal_link_end(link, status);
    }
}

static void on_report(void *state, struct hal_link *link, enum tally_status status, uint8_t *report,
                      size_t len)
{
    (void)state;
    (void)report;
    (void)len;
    if (status == TALLY_OK) {
        ask(link, REQUEST_TEXT, TEXT_LEN);
    } else {
        hal_link_refuse(link, status);
    }
}

static void on_sent(void *state, struct hal_link *link, enum tally_status status)
{
    struct echo *echo = state;
    if (status != TALLY_OK && echo->tries++ == 0) {
        send_text(echo, link); /* the endpoint has been cleared */
        return;
    }
    explicit_bzero(echo->text, sizeof echo->text);
    if (status != TALLY_OK) {
        hal_link_refuse(link, TALLY_E_CARD_UNREADABLE);
    }
}

static void on_received(void *state, struct hal_link *link, enum tally_status status,
                        uint8_t *bytes, size_t len)
{
    (void)state;
    struct tally_card card = {.kind = TALLY_CARD_NUMBER, .entry = TALLY_ENTRY_TAPPED};
    size_t digits = status == TALLY_OK ? strnlen((const char *)bytes, len) : 0;
    if (status == TALLY_OK) {
        status = tally_card_classify(&link->settings->rules, bytes, digits);
    }
    if (status == TALLY_OK) {
        card.len = (uint8_t)digits;
        memcpy(card.bytes, bytes, digits);
        hal_link_card(link, &card);
    } else {
        hal_link_refuse(link, status);
    }
    explicit_bzero(&card, sizeof card);
}

const struct hal_reader_driver echo_driver = {.name = "echo",
                                              .state_len = sizeof(struct echo),
                                              .fits = fits,
                                              .start = start,
                                              .on_control = on_control,
                                              .on_report = on_report,
                                              .on_received = on_received,
                                              .on_sent = on_sent,
                                              .on_timer = on_timer};

/* ---- one that finds out, with transfers pending, that the device is not of its kind ---- */

static void look(void *state, struct hal_link *link)
{
    (void)state;
    end_unless_ok(link, hal_link_receive(link, TEXT_LEN));
    ask(link, REQUEST_GREETING, GREETING_LEN);
}

static void look_away(void *state, struct hal_link *link, enum tally_status status, uint8_t *bytes,
                      size_t len)
{
    (void)state;
    (void)status;
    (void)bytes;
    (void)len;
    hal_link_end(link, TALLY_E_NOT_FOUND);
}

static void never(void *state, struct hal_link *link, enum tally_status status, uint8_t *bytes,
                  size_t len)
{
    (void)state;
    (void)status;
    (void)bytes;
    (void)len;
    hal_link_refuse(link, TALLY_E_CARD_UNREADABLE);
}

const struct hal_reader_driver echo_looker = {.name = "looker",
                                              .state_len = 1,
                                              .fits = fits,
                                              .start = look,
                                              .on_control = look_away,
                                              .on_received = never};
