/* firmware/usb/outgoing.h: one swipe on its way to the host, in the form that the settings choose.
 *
 * Memory   one struct; no heap; wiped when the swipe is over
 * Threads  pure; one caller at a time */
#ifndef TALLY_FIRMWARE_USB_OUTGOING_H
#define TALLY_FIRMWARE_USB_OUTGOING_H

#include <stddef.h>

#include "firmware/core/settings.h"
#include "firmware/usb/signer.h"

/* The longest is what a keyboard types: prefix, three tracks, suffix, Enter. */
enum {
    TALLY_OUTGOING_LEN_MAX =
        2 * TALLY_MSR_AFFIX_LEN_MAX + TALLY_MSR_TRACKS * TALLY_MSR_TRACK_LEN_MAX + 1
};

/* All zero: nothing is on its way. */
struct tally_outgoing {
    bool is_active;
    bool is_typed;    /* character by character */
    bool is_key_down; /* the host knows a key as pressed, or is about to */
    uint16_t len;     /* of `bytes`: the report, or the text */
    uint16_t at;      /* next character */
    uint8_t key[TALLY_MSR_KEYBOARD_REPORT_LEN];
    uint8_t bytes[TALLY_OUTGOING_LEN_MAX];
};

/* Begins to send a swipe. `report` is the reader's, in the SureSwipe layout. */
void tally_outgoing_begin(struct tally_outgoing *outgoing, const struct tally_settings *settings,
                          struct tally_signer *signer, const uint8_t report[TALLY_MSR_REPORT_LEN]);

/* The next transfer. NULL: nothing is left. */
const uint8_t *tally_outgoing_pending(const struct tally_outgoing *outgoing, size_t *ret_len);

/* The host has that transfer. Returns true while more are to come. */
bool tally_outgoing_sent(struct tally_outgoing *outgoing);

/* Gives up and wipes. If the host knows a key as pressed, its release is still pending. */
void tally_outgoing_stop(struct tally_outgoing *outgoing);

#endif
