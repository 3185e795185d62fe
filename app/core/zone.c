/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones as rules: POSIX TZ. */
#include "app/core/zone.h"

#include "app/core/period.h"

#include <assert.h>

enum {
    DAY_S = 86400,
    NAME_LEN_MIN = 3,
    CHANGE_S = 2 * 3600, /* 02:00, where the rule does not say */
    HOURS_MAX = 24,      /* of an offset, as POSIX has it; TALLY_OFFSET_S_MAX is ours */
    CHANGE_HOURS_MAX = 167
};

/* ------------------------------------------------------------------ text */

/* What is not read yet. */
struct text {
    const uint8_t *at;
    const uint8_t *end;
};

static bool take(struct text *text, char wanted)
{
    if (text->at == text->end || *text->at != (uint8_t)wanted) {
        return false;
    }
    text->at++;
    return true;
}

static bool is_digit(const struct text *text)
{
    return text->at < text->end && *text->at >= '0' && *text->at <= '9';
}

/* A number of 1..`digits` digits, at most `max`. */
static bool take_number(struct text *text, int digits, int32_t max, int32_t *ret_number)
{
    int32_t number = 0;
    int taken = 0;
    for (; taken < digits && is_digit(text); taken++) {
        number = number * 10 + (*text->at++ - '0');
    }
    if (taken == 0 || number > max || is_digit(text)) {
        return false;
    }
    *ret_number = number;
    return true;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool take_time(struct text *text, int32_t hours_max, int32_t *ret_s)
{
    bool negative = take(text, '-');
    if (!negative) {
        (void)take(text, '+');
    }
    int32_t hours = 0, minutes = 0, seconds = 0;
    if (!take_number(text, hours_max > 99 ? 3 : 2, hours_max, &hours)) {
        return false;
    }
    if (take(text, ':') && (!take_number(text, 2, 59, &minutes) ||
                            (take(text, ':') && !take_number(text, 2, 59, &seconds)))) {
        return false;
    }
    int32_t size = hours * 3600 + minutes * 60 + seconds;
    *ret_s = negative ? -size : size;
    return true;
}

static bool is_letter(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/* Three letters or more, or <...> with digits and signs as well. Nobody reads the name. */
static bool take_name(struct text *text)
{
    bool quoted = take(text, '<');
    const uint8_t *begin = text->at;
    while (text->at < text->end &&
           (is_letter(*text->at) ||
            (quoted && (is_digit(text) || *text->at == '+' || *text->at == '-')))) {
        text->at++;
    }
    return text->at - begin >= NAME_LEN_MIN && (!quoted || take(text, '>'));
}

/* Mm.w.d[/time] */
static bool take_change(struct text *text, struct tally_zone_change *ret_change)
{
    int32_t month = 0, week = 0, weekday = 0, time_s = CHANGE_S;
    if (!take(text, 'M') || !take_number(text, 2, 12, &month) || month == 0 || !take(text, '.') ||
        !take_number(text, 1, 5, &week) || week == 0 || !take(text, '.') ||
        !take_number(text, 1, 6, &weekday)) {
        return false;
    }
    if (take(text, '/') && !take_time(text, CHANGE_HOURS_MAX, &time_s)) {
        return false;
    }
    *ret_change =
        (struct tally_zone_change){(uint8_t)month, (uint8_t)week, (uint8_t)weekday, time_s};
    return true;
}

static bool offset_is_valid(int32_t offset_s)
{
    return offset_s >= -TALLY_OFFSET_S_MAX && offset_s <= TALLY_OFFSET_S_MAX;
}

/* "+08:00": ISO 8601's sign, which is the opposite of POSIX's. */
static bool parse_fixed(struct text text, struct tally_zone *ret_zone)
{
    if (text.end - text.at == 1 && *text.at == 'Z') {
        *ret_zone = (struct tally_zone){0};
        return true;
    }
    bool negative = take(&text, '-');
    if (!negative && !take(&text, '+')) {
        return false;
    }
    int32_t hours = 0, minutes = 0;
    const uint8_t *begin = text.at;
    if (!take_number(&text, 2, HOURS_MAX, &hours) || text.at - begin != 2 || !take(&text, ':')) {
        return false;
    }
    begin = text.at;
    if (!take_number(&text, 2, 59, &minutes) || text.at - begin != 2 || text.at != text.end) {
        return false;
    }
    int32_t offset_s = (hours * 60 + minutes) * 60;
    *ret_zone = (struct tally_zone){.offset_s = negative ? -offset_s : offset_s};
    return offset_is_valid(offset_s);
}

static bool parse_rule(struct text text, struct tally_zone *ret_zone)
{
    struct tally_zone zone = {0};
    int32_t west_s = 0;
    if (!take_name(&text) || !take_time(&text, HOURS_MAX, &west_s)) {
        return false;
    }
    zone.offset_s = -west_s;
    if (text.at != text.end) {
        zone.has_summer = true;
        zone.summer_offset_s = zone.offset_s + 3600;
        if (!take_name(&text)) {
            return false;
        }
        if (!take(&text, ',')) {
            if (!take_time(&text, HOURS_MAX, &west_s) || !take(&text, ',')) {
                return false;
            }
            zone.summer_offset_s = -west_s;
        }
        if (!take_change(&text, &zone.to_summer) || !take(&text, ',') ||
            !take_change(&text, &zone.to_standard)) {
            return false;
        }
    }
    *ret_zone = zone;
    return text.at == text.end && offset_is_valid(zone.offset_s) &&
           offset_is_valid(zone.summer_offset_s);
}

enum tally_status tally_zone_parse(struct tally_slice text, struct tally_zone *ret_zone)
{
    assert(ret_zone != NULL);

    if (text.len == 0 || text.len > TALLY_ZONE_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    struct text rest = {text.data, text.data + text.len};
    struct tally_zone zone;
    if (!parse_fixed(rest, &zone) && !parse_rule(rest, &zone)) {
        return TALLY_E_INVALID;
    }
    *ret_zone = zone;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ instants, in seconds */

/* When the local clock is changed in a year; `offset_s` is what holds until then. */
static int64_t change_s(const struct tally_zone_change *change, int32_t year, int32_t offset_s)
{
    int32_t first = tally_day_from_date(year, change->month, 1);
    int32_t weekday = (tally_day_weekday(first) + 1) % 7; /* Sunday 0 */
    int64_t day = (int64_t)first + (change->weekday - weekday + 7) % 7 + (change->week - 1) * 7;
    if (day > tally_day_end_of_month(first)) {
        day -= 7; /* the fifth is the last, where there are but four */
    }
    return day * DAY_S + change->time_s - offset_s;
}

struct changed {
    int64_t at_s;
    int32_t offset_s; /* from then on */
};

/* The last change at or before an instant. A change may fall into the year beside its own, so three
 * years are looked at. */
static struct changed last_change(const struct tally_zone *zone, int64_t time_s)
{
    int32_t year = 0, month = 0, of_month = 0;
    tally_day_to_date(tally_day_from_ms(time_s * 1000, zone->offset_s), &year, &month, &of_month);
    struct changed last = {INT64_MIN, zone->offset_s};
    for (int32_t i = year - 1; i <= year + 1; i++) {
        struct changed both[] = {
            {change_s(&zone->to_summer, i, zone->offset_s), zone->summer_offset_s},
            {change_s(&zone->to_standard, i, zone->summer_offset_s), zone->offset_s}};
        for (size_t j = 0; j < 2; j++) {
            if (both[j].at_s <= time_s && both[j].at_s >= last.at_s) {
                last = both[j];
            }
        }
    }
    return last;
}

static int32_t offset_at(const struct tally_zone *zone, int64_t time_s)
{
    return zone->has_summer ? last_change(zone, time_s).offset_s : zone->offset_s;
}

/* Rounded down, but for the very first second, whose beginning has no ms. */
static int64_t floor_s(int64_t time_ms)
{
    return time_ms < INT64_MIN + 1000 ? INT64_MIN / 1000
                                      : time_ms / 1000 - (time_ms % 1000 < 0 ? 1 : 0);
}

int32_t tally_zone_offset_s(const struct tally_zone *zone, int64_t time_ms)
{
    assert(zone != NULL);

    return offset_at(zone, floor_s(time_ms));
}

int32_t tally_zone_day(const struct tally_zone *zone, int64_t time_ms)
{
    return tally_day_from_ms(time_ms, tally_zone_offset_s(zone, time_ms));
}

int32_t tally_zone_minute(const struct tally_zone *zone, int64_t time_ms)
{
    int64_t of_day_s = (floor_s(time_ms) % DAY_S + tally_zone_offset_s(zone, time_ms)) % DAY_S;
    return (int32_t)((of_day_s < 0 ? of_day_s + DAY_S : of_day_s) / 60);
}

int64_t tally_zone_instant_ms(const struct tally_zone *zone, int32_t day, int32_t minute)
{
    assert(zone != NULL);
    assert(minute >= 0 && minute < DAY_S / 60);

    int64_t local_s = (int64_t)day * DAY_S + minute * 60;
    int32_t low_s = zone->offset_s, high_s = zone->offset_s;
    if (zone->has_summer) {
        low_s = zone->summer_offset_s < low_s ? zone->summer_offset_s : low_s;
        high_s = zone->summer_offset_s > high_s ? zone->summer_offset_s : high_s;
    }
    /* of two that read the same on the clock the one with the greater offset is the first */
    if (offset_at(zone, local_s - high_s) == high_s) {
        return (local_s - high_s) * 1000;
    }
    if (offset_at(zone, local_s - low_s) == low_s) {
        return (local_s - low_s) * 1000;
    }
    return last_change(zone, local_s - low_s).at_s * 1000; /* skipped: when the clock was put on */
}
