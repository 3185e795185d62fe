/* app/programme/dates.h: dates, times and time zones as people write them. Private to
 * app/programme.
 *
 * Errors   false where the text is none; outputs are then untouched.
 * Threads  pure. */
#ifndef TALLY_PROGRAMME_DATES_H
#define TALLY_PROGRAMME_DATES_H

#include "app/core/programme.h"

/* "2026-12-31", TALLY_YEAR_MIN..TALLY_YEAR_MAX. */
bool date_read(const char *text, int32_t *ret_day);

/* "2026-12-01T00:00:00+08:00" or with Z, 1970 or later. */
bool instant_read(const char *text, int64_t *ret_ms);

/* "17:00-19:30"; the end is exclusive, "24:00" at most, and after the beginning. */
bool hours_read(const char *text, struct tally_hours *ret_hours);

/* Whether `text` is the name of a zone ("Europe/Berlin", "CET") and not its rule. */
bool zone_is_name(const char *text);
/* The rule that a well-known name stands for; NULL for another. */
const char *zone_rule_of(const char *name);

#endif
