/* hal/reader/scanner.h: from the reports of a HID-POS bar code scanner to a text (HID Point of Sale
 * Usage Tables 1.02, page 8C).
 *
 * Where the data stands comes from the usages of the device's descriptor; a scanner whose
 * descriptor does not say has the 64 bytes that makers' manuals print (README.md).
 *
 * Units    lengths are bytes.
 * Memory   nothing is allocated; layout and scan are values, a scan zeroed before its first report.
 * Threads  pure.
 * Privacy  a report is wiped before hal_scanner_report() returns; the scan is the caller's to wipe,
 * by hal_scanner_drop(). */
#ifndef HAL_READER_SCANNER_H
#define HAL_READER_SCANNER_H

#include "hal/reader/hid_descriptor.h"
#include "hal/reader/scan.h"

enum {
    HAL_SCANNER_TEXT_MAX = 1024, /* ours are shorter; a longer one is read to its end and refused */
    HAL_SCANNER_GAP_MS = 500,    /* a scanner sends the next report of a scan sooner */
    HAL_SCANNER_RECOVERY_MS = 1000 /* more, before the rest of a broken scan is surely over */
};

/* A field with count 0 is one that the device does not have. */
struct hal_scanner_layout {
    struct hal_hid_sizes sizes;
    uint8_t report_id;                     /* of scanned data; 0: none */
    struct hal_hid_field data;             /* usage FE: bytes */
    struct hal_hid_field len;              /* how many; without it the data ends with a 0 */
    struct hal_hid_field aim[HAL_AIM_LEN]; /* usages FB, FC, FD */
    struct hal_hid_field code_id;          /* Honeywell's letter for the symbology */
    struct hal_hid_field more;             /* usage FF, element 0: another report follows */
};

/* What was read up to now. */
struct hal_scanner_scan {
    enum hal_symbology symbology;
    bool has_begun;
    bool is_too_long;
    size_t len;
    uint8_t text[HAL_SCANNER_TEXT_MAX];
};

/* Finds the scanned data in a HID report descriptor.
 *   TALLY_OK
 *   TALLY_E_NOT_FOUND  well-formed, but no scanner that we know: leave it alone
 *   TALLY_E_DEVICE     malformed, or a scanner whose fields contradict each other */
TALLY_MUST_USE enum tally_status hal_scanner_layout(const uint8_t *descriptor, size_t len,
                                                    struct hal_scanner_layout *ret_layout);

/* Adds one report to the scan.
 *   TALLY_OK                 the scan is whole
 *   TALLY_E_AGAIN            more reports follow
 *   TALLY_E_NOT_FOUND        another report of this device, or one without data: nothing was
 *                            scanned
 *   TALLY_E_CARD_UNREADABLE  a length that does not fit: drop the scan */
TALLY_MUST_USE enum tally_status hal_scanner_report(const struct hal_scanner_layout *layout,
                                                    struct hal_scanner_scan *scan, uint8_t *report,
                                                    size_t len);

/* The card in a whole scan, which is then dropped.
 *   TALLY_E_UNKNOWN_CARD for a text that is too long, else as hal_scan_card() */
TALLY_MUST_USE enum tally_status hal_scanner_card(struct hal_scanner_scan *scan,
                                                  const struct hal_reader_settings *settings,
                                                  struct tally_card *ret_card);

/* Wipes the scan. */
void hal_scanner_drop(struct hal_scanner_scan *scan);

#endif
