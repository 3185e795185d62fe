/* SPDX-License-Identifier: Apache-2.0 */
/* The customer display: keeps the newest two lines and sends them when the way is free. */
#include "hal/display/display.h"

#include "app/base/alloc.h"

#include <assert.h>
#include <stdio.h>

/* CDC 1.2, 4.5: the data interface class; and classes of the maker's own. */
enum { CLASS_CDC_DATA = 0x0a, CLASS_VENDOR = 0xff, FAILED_SENDS_MAX = 3 };

struct hal_display {
    struct hal_display_settings settings;
    struct hal_printer *printer; /* NULL: on USB */
    struct hal_cd5220 cd5220;
    char upper[HAL_DISPLAY_TEXT_LEN_MAX + 1];
    char lower[HAL_DISPLAY_TEXT_LEN_MAX + 1];
    bool is_due; /* the lines are not out yet */

    struct hal_link *link; /* NULL: unplugged */
    bool is_sending;
    bool is_started; /* it was told how bright to be */
    unsigned failed_sends;

    uint32_t job; /* of the printer; 0: none is under way */
};

/* Of one claimed interface. */
struct plug {
    struct hal_display *display; /* NULL: another one is in use */
};

/* ---- over USB ---- */

static enum tally_status write_usb(struct hal_display *display, struct tally_buffer *bytes)
{
    if (!display->is_started) {
        TALLY_TRY(hal_cd5220_start(&display->cd5220, display->settings.brightness, bytes));
    }
    return hal_cd5220_show(&display->cd5220, tally_slice_text(display->upper),
                           tally_slice_text(display->lower), bytes);
}

/* What can't be sent now is sent with the next lines. */
static void send_usb(struct hal_display *display)
{
    struct tally_buffer bytes = {0};
    if (display->link == NULL || display->is_sending || !display->is_due) {
        return;
    }
    if (write_usb(display, &bytes) == TALLY_OK &&
        hal_link_send(display->link, bytes.data, bytes.len) == TALLY_OK) {
        display->is_sending = true;
        display->is_started = true;
        display->is_due = false;
    }
    tally_buffer_wipe(&bytes);
}

static bool fits(const struct hal_interface *interface, const struct hal_reader_settings *settings)
{
    const struct hal_display *display = settings->display;
    bool may_be =
        interface->bInterfaceClass == CLASS_CDC_DATA || interface->bInterfaceClass == CLASS_VENDOR;
    return display != NULL && display->settings.choice == HAL_DISPLAY_USB && may_be &&
           interface->bulk_out != 0 && interface->idVendor == display->settings.idVendor &&
           interface->idProduct == display->settings.idProduct;
}

static void start(void *state, struct hal_link *link)
{
    struct plug *plug = state;
    struct hal_display *display = link->settings->display;
    if (display == NULL || display->link != NULL) {
        hal_link_end(link, TALLY_E_NOT_FOUND);
        return;
    }
    plug->display = display;
    display->link = link;
    display->is_due = true;
    send_usb(display);
}

/* What it has of the lines is not known: all of it anew. */
static void on_sent(void *state, struct hal_link *link, enum tally_status status)
{
    struct hal_display *display = ((struct plug *)state)->display;
    display->is_sending = false;
    if (status == TALLY_OK) {
        display->failed_sends = 0;
        send_usb(display);
        return;
    }
    display->is_started = false;
    display->is_due = true;
    if (++display->failed_sends >= FAILED_SENDS_MAX) {
        hal_link_end(link, TALLY_E_DEVICE);
        return;
    }
    send_usb(display);
}

static void on_end(void *state)
{
    struct hal_display *display = ((struct plug *)state)->display;
    if (display != NULL) {
        display->link = NULL;
        display->is_sending = display->is_started = false;
        display->failed_sends = 0;
        display->cd5220.in_string = false;
    }
}

const struct hal_reader_driver hal_driver_display = {.name = "customer display",
                                                     .state_len = sizeof(struct plug),
                                                     .fits = fits,
                                                     .start = start,
                                                     .on_sent = on_sent,
                                                     .on_end = on_end};

/* ---- through the printer ---- */

static enum tally_status write_through(struct hal_display *display, struct tally_buffer *bytes)
{
    TALLY_TRY(hal_cd5220_select(&display->cd5220, true, bytes));
    TALLY_TRY(hal_cd5220_show_plainly(&display->cd5220, tally_slice_text(display->upper),
                                      tally_slice_text(display->lower), bytes));
    return hal_cd5220_select(&display->cd5220, false, bytes);
}

/* One job at a time, so that old lines never queue up before a receipt. */
static void send_through(struct hal_display *display)
{
    struct tally_buffer bytes = {0};
    if (display->job != 0 || !display->is_due) {
        return;
    }
    if (write_through(display, &bytes) == TALLY_OK &&
        hal_printer_print(display->printer, tally_buffer_slice(&bytes), &display->job) ==
            TALLY_OK) {
        display->is_due = false;
    }
    tally_buffer_wipe(&bytes);
}

bool hal_display_on_printed(struct hal_display *display, uint32_t job)
{
    assert(display != NULL);
    if (display->job == 0 || display->job != job) {
        return false;
    }
    display->job = 0;
    send_through(display);
    return true;
}

void hal_display_on_printer_state(struct hal_display *display,
                                  const struct hal_printer_state *state)
{
    assert(display != NULL && state != NULL);
    if (display->printer == NULL) {
        return;
    }
    if (state->condition == HAL_PRINTER_UNPLUGGED) {
        display->is_due = true; /* it was dark meanwhile */
    } else {
        send_through(display);
    }
}

/* ---- what the terminal says ---- */

static bool is_valid(const struct hal_display_settings *settings, const struct hal_printer *printer)
{
    bool is_bright = settings->brightness <= HAL_CD5220_BRIGHTNESS_MAX;
    switch (settings->choice) {
    case HAL_DISPLAY_NONE:
        return is_bright;
    case HAL_DISPLAY_USB:
        return is_bright && settings->idVendor != 0;
    case HAL_DISPLAY_ON_PRINTER:
        return is_bright && printer != NULL;
    }
    return false;
}

enum tally_status hal_display_new(const struct hal_display_settings *settings,
                                  struct hal_printer *printer, struct hal_display **ret_display)
{
    assert(settings != NULL && ret_display != NULL);

    if (!is_valid(settings, printer)) {
        return TALLY_E_INVALID;
    }
    struct hal_display *display = tally_alloc(1, sizeof *display);
    if (display == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    display->settings = *settings;
    if (display->settings.brightness == 0) {
        display->settings.brightness = HAL_CD5220_BRIGHTNESS_MAX;
    }
    display->printer = settings->choice == HAL_DISPLAY_ON_PRINTER ? printer : NULL;
    display->cd5220.charset = settings->charset;
    *ret_display = display;
    return TALLY_OK;
}

void hal_display_free(struct hal_display *display)
{
    if (display == NULL) {
        return;
    }
    assert(display->link == NULL);
    explicit_bzero(display, sizeof *display);
    tally_free(display);
}

/* Cut where a character begins. */
static void keep(char kept[HAL_DISPLAY_TEXT_LEN_MAX + 1], const char *text)
{
    size_t len = strlen(text);
    if (len > HAL_DISPLAY_TEXT_LEN_MAX) {
        len = HAL_DISPLAY_TEXT_LEN_MAX;
        while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    explicit_bzero(kept, HAL_DISPLAY_TEXT_LEN_MAX + 1);
    memcpy(kept, text, len);
}

void hal_display_show(struct hal_display *display, const char *upper, const char *lower)
{
    assert(display != NULL && upper != NULL && lower != NULL);

    keep(display->upper, upper);
    keep(display->lower, lower);
    display->is_due = true;
    if (display->settings.choice == HAL_DISPLAY_USB) {
        send_usb(display);
    } else if (display->settings.choice == HAL_DISPLAY_ON_PRINTER) {
        send_through(display);
    }
}
