/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of a report. */
#include "firmware/usb/outgoing.h"

#include "firmware/core/wipe.h"
#include "firmware/usb/keyboard.h"

enum { KEY_MODIFIERS_AT = 0, KEY_USAGE_AT = 2 };

_Static_assert((int)TALLY_MSR_SIGNED_REPORT_LEN <= (int)TALLY_OUTGOING_LEN_MAX &&
                   (int)TALLY_MSR_8E_REPORT_LEN <= (int)TALLY_OUTGOING_LEN_MAX,
               "every form fits");

static void add(struct tally_outgoing *outgoing, const uint8_t *bytes, size_t len)
{
    while (len-- > 0) {
        outgoing->bytes[outgoing->len++] = *bytes++;
    }
}

/* ---- keyboard ---- */

/* What readers in the field type for a track that they could not read: sentinels around an E. */
static void type_track(struct tally_outgoing *outgoing, const uint8_t *report, int track)
{
    static const uint8_t unreadable[TALLY_MSR_TRACKS][3] = {"%E?", ";E?", "+E?"};
    if ((report[TALLY_MSR_STATUS_AT + track] & TALLY_MSR_STATUS_ERROR) != 0) {
        add(outgoing, unreadable[track], sizeof unreadable[track]);
    } else {
        add(outgoing, report + TALLY_MSR_DATA_AT + track * TALLY_MSR_TRACK_LEN_MAX,
            report[TALLY_MSR_LEN_AT + track]);
    }
}

/* A card with nothing on it types nothing, not even Enter: there might be a sale on the screen. */
static void type_all(struct tally_outgoing *outgoing, const struct tally_settings *settings,
                     const uint8_t *report)
{
    static const uint8_t enter = '\r';
    if (report[TALLY_MSR_ENCODE_TYPE_AT] == TALLY_MSR_ENCODE_NONE) {
        return;
    }
    add(outgoing, settings->prefix, settings->prefix_len);
    for (int track = 0; track < TALLY_MSR_TRACKS; track++) {
        type_track(outgoing, report, track);
    }
    add(outgoing, settings->suffix, settings->suffix_len);
    add(outgoing, &enter, 1);
}

static void press_next(struct tally_outgoing *outgoing)
{
    outgoing->is_key_down = outgoing->at < outgoing->len;
    if (outgoing->is_key_down) {
        (void)tally_keyboard_key(outgoing->bytes[outgoing->at++], &outgoing->key[KEY_MODIFIERS_AT],
                                 &outgoing->key[KEY_USAGE_AT]);
    }
}

/* ---- USB-IF's page ---- */

static void fill_8e(struct tally_outgoing *outgoing, const uint8_t *report)
{
    add(outgoing, report + TALLY_MSR_LEN_AT, TALLY_MSR_TRACKS);
    add(outgoing, report + TALLY_MSR_DATA_AT, TALLY_MSR_TRACKS * TALLY_MSR_TRACK_LEN_MAX);
}

/* ---- all forms ---- */

void tally_outgoing_begin(struct tally_outgoing *outgoing, const struct tally_settings *settings,
                          struct tally_signer *signer, const uint8_t report[TALLY_MSR_REPORT_LEN])
{
    tally_wipe(outgoing, sizeof *outgoing);
    outgoing->is_active = true;
    switch (settings->form) {
    case TALLY_MSR_FORM_KEYBOARD:
        outgoing->is_typed = true;
        type_all(outgoing, settings, report);
        press_next(outgoing);
        break;
    case TALLY_MSR_FORM_SIGNED:
        (void)tally_signer_sign(signer, report, outgoing->bytes);
        outgoing->len = TALLY_MSR_SIGNED_REPORT_LEN;
        break;
    case TALLY_MSR_FORM_8E:
        fill_8e(outgoing, report);
        break;
    default:
        add(outgoing, report, TALLY_MSR_REPORT_LEN);
        break;
    }
}

/* A typed character is two reports: a key, and no key. */
static bool is_release_due(const struct tally_outgoing *outgoing)
{
    return outgoing->is_key_down && outgoing->key[KEY_USAGE_AT] == 0;
}

const uint8_t *tally_outgoing_pending(const struct tally_outgoing *outgoing, size_t *ret_len)
{
    *ret_len = 0;
    if (outgoing->is_key_down) {
        *ret_len = sizeof outgoing->key;
        return outgoing->key;
    }
    if (outgoing->is_typed || outgoing->len == 0) {
        return NULL;
    }
    *ret_len = outgoing->len;
    return outgoing->bytes;
}

bool tally_outgoing_sent(struct tally_outgoing *outgoing)
{
    if (!outgoing->is_typed) {
        tally_wipe(outgoing, sizeof *outgoing);
        return false;
    }
    if (!is_release_due(outgoing)) {
        tally_wipe(outgoing->key, sizeof outgoing->key);
        return true;
    }
    press_next(outgoing);
    if (!outgoing->is_key_down) {
        tally_wipe(outgoing, sizeof *outgoing);
    }
    return outgoing->is_key_down;
}

void tally_outgoing_stop(struct tally_outgoing *outgoing)
{
    bool is_key_down = outgoing->is_key_down;
    tally_wipe(outgoing, sizeof *outgoing);
    outgoing->is_key_down = is_key_down;
    outgoing->is_typed = is_key_down;
}
