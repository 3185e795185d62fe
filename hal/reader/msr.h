/* hal/reader/msr.h: from a magnetic stripe reader's report to at most one card.
 *
 * Three sets of usages are known (README.md): MagTek's masked fields, MagTek's plain fields, and
 * the USB-IF's magnetic stripe page. Where a track stands comes from the device's own descriptor.
 * ID TECH's own mode has no field for each track, but one text with sentinels inside.
 *
 * Units    lengths are bytes.
 * Memory   nothing is allocated; a layout is a value.
 * Threads  pure.
 * Privacy  the report is wiped before hal_msr_read() returns, whatever it returns. */
#ifndef HAL_READER_MSR_H
#define HAL_READER_MSR_H

#include "app/core/card.h"
#include "hal/reader/hid_descriptor.h"
#include "hal/reader/tracks.h"

enum {
    HAL_MSR_PACKED_MAX = 110, /* characters of a track in codes; ISO/IEC 7811-2: 107 at most */
    /* ID TECH mode (SecureMag manual, "ID TECH format"): the report, and the text in it */
    HAL_MSR_TEXT_REPORT_LEN = 509,
    HAL_MSR_TEXT_LEN_AT = 7,
    HAL_MSR_TEXT_AT = 9
};

/* A field with count 0 is one that the device does not have. */
struct hal_msr_track {
    struct hal_hid_field status;
    struct hal_hid_field len;
    struct hal_hid_field data;
};

struct hal_msr_layout {
    struct hal_msr_track tracks[HAL_TRACKS];
    struct hal_hid_sizes sizes;
    uint8_t report_id;               /* of the card report; 0: none */
    bool may_hold_codes;             /* characters of 6 and 4 bits, see README.md */
    bool is_one_text;                /* ID TECH mode: the tracks' fields are not used */
    bool may_mask;                   /* the reader may have overwritten digits of the tracks */
    struct hal_hid_field encryption; /* says whether it does */
    struct hal_hid_field counter;    /* of a signed report: signed.h */
    struct hal_hid_field mac;
};

/* Finds the tracks in a HID report descriptor.
 *   TALLY_OK           track 1 or 2 can be read
 *   TALLY_E_NOT_FOUND  well-formed, but not a stripe reader that we know: leave it alone
 *   TALLY_E_DEVICE     malformed, or a stripe reader whose fields contradict each other */
TALLY_MUST_USE enum tally_status hal_msr_layout(const uint8_t *descriptor, size_t len,
                                                struct hal_msr_layout *ret_layout);

/* The card in one report. Track 2 is preferred, then track 1; a track that the reader marks as
 * damaged is not looked at, and does not spoil a good one.
 *   TALLY_OK                 *ret_card is a card of ours
 *   TALLY_E_PAYMENT_CARD     refused
 *   TALLY_E_UNKNOWN_CARD     refused: every track that holds data was read, none names our card; or
 *                            the reader encrypts and may have masked digits, so that two cards of
 *                            ours would look the same
 *   TALLY_E_CARD_UNREADABLE  damaged or empty tracks: swipe again
 *   TALLY_E_NOT_FOUND        another report of this device: nothing was swiped
 *   TALLY_E_DEVICE           the report is shorter than the layout */
TALLY_MUST_USE enum tally_status hal_msr_read(const struct hal_msr_layout *layout, uint8_t *report,
                                              size_t len, const struct tally_card_rules *rules,
                                              struct tally_card *ret_card);

#endif
