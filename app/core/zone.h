/* app/core/zone.h: the programme's time zone, as a rule and not as a table: the same bytes give the
 * same business day on every machine, whatever its own time zone files say.
 *
 * Units    instants are ms since 1970 UTC; offsets are seconds east of UTC; minutes of a day are
 *          0..1439.
 * Memory   a zone is a value.
 * Threads  pure. */
#ifndef TALLY_CORE_ZONE_H
#define TALLY_CORE_ZONE_H

#include "app/core/bytes.h"
#include "app/core/types.h"

enum { TALLY_OFFSET_S_MAX = 14 * 3600, TALLY_ZONE_LEN_MAX = 64 };

/* POSIX.1-2017, 8.3, TZ, the form Mm.w.d/time: the w-th weekday of a month; week 5 is the last. */
struct tally_zone_change {
    uint8_t month;   /* 1..12 */
    uint8_t week;    /* 1..5 */
    uint8_t weekday; /* 0 Sunday..6 */
    int32_t time_s;  /* local time before the change; -167 h..167 h */
};

struct tally_zone {
    int32_t offset_s;        /* standard time; -14 h..14 h */
    bool has_summer;         /* else the rest is 0 */
    int32_t summer_offset_s; /* -14 h..14 h */
    struct tally_zone_change to_summer;
    struct tally_zone_change to_standard;
};

/* "Z", "+08:00", or a POSIX TZ rule: "CET-1CEST,M3.5.0,M10.5.0/3". A name such as Europe/Berlin is
 * no rule: what it means changes with the machine.
 *   TALLY_OK, TALLY_E_INVALID */
TALLY_MUST_USE enum tally_status tally_zone_parse(struct tally_slice text,
                                                  struct tally_zone *ret_zone);

/* Seconds east of UTC at an instant. */
int32_t tally_zone_offset_s(const struct tally_zone *zone, int64_t time_ms);
/* The business day of an instant, and the minute of that day by the local clock. */
int32_t tally_zone_day(const struct tally_zone *zone, int64_t time_ms);
int32_t tally_zone_minute(const struct tally_zone *zone, int64_t time_ms);
/* The instant at which a local day and minute begin. A minute that summer time skips is the first
 * one after it; of one that comes twice, the first. */
int64_t tally_zone_instant_ms(const struct tally_zone *zone, int32_t day, int32_t minute);

#endif
