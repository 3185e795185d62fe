/* app/hq/text.h: times, days and numbers as people and files write them.
 *
 * Threads  pure. */
#ifndef TALLY_HQ_TEXT_H
#define TALLY_HQ_TEXT_H

#include "app/core/types.h"

enum { HQ_TIME_TEXT_LEN = 32, HQ_DAY_TEXT_LEN = 16, HQ_HEX_LEN = 2 * TALLY_HASH_LEN + 1 };

/* "2026-11-22T15:04:05.123Z"; "" for 0. */
void hq_time_text(int64_t time_ms, char ret_text[HQ_TIME_TEXT_LEN]);
/* "2026-11-22"; "never" for TALLY_DAY_NEVER. */
void hq_day_text(int32_t day, char ret_text[HQ_DAY_TEXT_LEN]);
/* Of a hash. */
void hq_hex_text(const uint8_t hash[TALLY_HASH_LEN], char ret_text[HQ_HEX_LEN]);

/* All of `text`, or TALLY_E_INVALID. */
TALLY_MUST_USE enum tally_status hq_day_parse(const char *text, int32_t *ret_day);
TALLY_MUST_USE enum tally_status hq_number_parse(const char *text, int64_t min, int64_t max,
                                                 int64_t *ret_number);
/* "90s", "15m", "2h", "1d". */
TALLY_MUST_USE enum tally_status hq_duration_parse(const char *text, int64_t *ret_ms);

#endif
