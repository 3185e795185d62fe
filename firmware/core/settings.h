/* firmware/core/settings.h: what a shop may choose about its reader, and how that is kept.
 *
 * Units    lengths are bytes, times are milliseconds
 * Memory   plain values
 * Errors   false: out of range, nothing changes
 * Threads  pure */
#ifndef TALLY_FIRMWARE_CORE_SETTINGS_H
#define TALLY_FIRMWARE_CORE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/reports.h"

struct tally_settings {
    uint8_t form;       /* enum tally_msr_form */
    uint8_t polling_ms; /* 1..255 */
    uint8_t tracks;     /* bit n: track n + 1 is reported; 1..7 */
    uint8_t prefix_len; /* typed by a keyboard before and behind the tracks */
    uint8_t suffix_len;
    uint8_t prefix[TALLY_MSR_AFFIX_LEN_MAX]; /* printable ASCII; 0 behind the length */
    uint8_t suffix[TALLY_MSR_AFFIX_LEN_MAX];
};

/* Version 1: its number, then the fields above in their order. */
enum { TALLY_SETTINGS_RECORD_VERSION = 1, TALLY_SETTINGS_RECORD_LEN = 46 };
_Static_assert(1 + 5 + 2 * TALLY_MSR_AFFIX_LEN_MAX == TALLY_SETTINGS_RECORD_LEN,
               "a record is its version and the fields");

/* As the factory sets them: the SureSwipe layout, 10 ms, all tracks, no prefix and no suffix. */
struct tally_settings tally_settings_factory(void);

/* Sets one property (REPORTS.md).
 *   true    it is in *settings
 *   false   no such setting, or a value outside its range */
bool tally_settings_set(struct tally_settings *settings, uint8_t property, const uint8_t *data,
                        uint8_t len);

/* Reads one property. Returns its length, at most TALLY_MSR_FEATURE_DATA_LEN_MAX.
 *   false   no such setting */
bool tally_settings_get(const struct tally_settings *settings, uint8_t property,
                        uint8_t ret_data[TALLY_MSR_FEATURE_DATA_LEN_MAX], uint8_t *ret_len);

void tally_settings_write(const struct tally_settings *settings,
                          uint8_t ret_record[TALLY_SETTINGS_RECORD_LEN]);
/* False: not a record of this version, or a value in it is out of range; *ret_settings is not
 * touched. */
bool tally_settings_read(const uint8_t record[TALLY_SETTINGS_RECORD_LEN],
                         struct tally_settings *ret_settings);

#endif
