/* SPDX-License-Identifier: Apache-2.0 */
/* Reads dates, instants, hours, and knows the rules of well-known time zones. */
#include "app/programme/dates.h"

#include <string.h>

enum { HOUR_S = 3600, MINUTE_S = 60, HOUR_MINUTES = 60, DAY_MINUTES = 24 * 60 };

/* `count` digits at *at, which moves behind them; -1 when they are not there. */
static int32_t take_digits(const char **at, int count)
{
    int32_t number = 0;
    for (int i = 0; i < count; i++) {
        if ((*at)[i] < '0' || (*at)[i] > '9') {
            return -1;
        }
        number = number * 10 + ((*at)[i] - '0');
    }
    *at += count;
    return number;
}

static bool take_mark(const char **at, char mark)
{
    if (**at != mark) {
        return false;
    }
    (*at)++;
    return true;
}

/* "Z", "+08:00" or "-03:30", to the end of the text (ISO 8601-1, 4.2.5). */
static bool read_offset(const char *text, int32_t *ret_offset_s)
{
    if (strcmp(text, "Z") == 0) {
        *ret_offset_s = 0;
        return true;
    }
    const char *at = text;
    bool west = *at == '-';
    if (!take_mark(&at, west ? '-' : '+')) {
        return false;
    }
    int32_t hours = take_digits(&at, 2);
    bool colon = hours >= 0 && take_mark(&at, ':');
    int32_t minutes = colon ? take_digits(&at, 2) : -1;
    if (minutes < 0 || minutes > 59 || *at != '\0') {
        return false;
    }
    int32_t offset_s = hours * HOUR_S + minutes * MINUTE_S;
    *ret_offset_s = west ? -offset_s : offset_s;
    return offset_s <= TALLY_OFFSET_S_MAX;
}

/* A date at *at, which moves behind it; false when there is no such day. */
static bool take_date(const char **at, int32_t *ret_year, int32_t *ret_day)
{
    int32_t year = take_digits(at, 4);
    int32_t month = year >= 0 && take_mark(at, '-') ? take_digits(at, 2) : -1;
    int32_t of_month = month >= 1 && month <= 12 && take_mark(at, '-') ? take_digits(at, 2) : -1;
    if (year < 1970 || of_month < 1) {
        return false;
    }
    int32_t day = tally_day_from_date(year, month, of_month);
    int32_t same_year = 0, same_month = 0, same_day = 0;
    tally_day_to_date(day, &same_year, &same_month, &same_day);
    *ret_year = year;
    *ret_day = day;
    return same_month == month; /* 30 February is in March */
}

bool date_read(const char *text, int32_t *ret_day)
{
    int32_t year = 0, day = 0;
    if (!take_date(&text, &year, &day) || *text != '\0' || year < TALLY_YEAR_MIN ||
        year > TALLY_YEAR_MAX) {
        return false;
    }
    *ret_day = day;
    return true;
}

bool instant_read(const char *text, int64_t *ret_ms)
{
    const char *at = text;
    int32_t year = 0, day = 0, offset_s = 0;
    if (!take_date(&at, &year, &day) || !take_mark(&at, 'T')) {
        return false;
    }
    int32_t hour = take_digits(&at, 2);
    int32_t minute = hour >= 0 && take_mark(&at, ':') ? take_digits(&at, 2) : -1;
    int32_t second = minute >= 0 && take_mark(&at, ':') ? take_digits(&at, 2) : -1;
    if (hour > 23 || minute > 59 || second < 0 || second > 59 || !read_offset(at, &offset_s)) {
        return false;
    }
    int64_t of_day_s = hour * HOUR_S + minute * MINUTE_S + second - offset_s;
    int64_t ms = ((int64_t)day * 24 * HOUR_S + of_day_s) * 1000;
    if (ms < 0) {
        return false;
    }
    *ret_ms = ms;
    return true;
}

/* "17:00", "24:00", at *at; -1 for none. */
static int32_t take_minute(const char **at)
{
    int32_t hour = take_digits(at, 2);
    int32_t minute = hour >= 0 && take_mark(at, ':') ? take_digits(at, 2) : -1;
    int32_t of_day = hour * HOUR_MINUTES + minute;
    return minute < 0 || minute > 59 || of_day > DAY_MINUTES ? -1 : of_day;
}

bool hours_read(const char *text, struct tally_hours *ret_hours)
{
    int32_t from = take_minute(&text);
    int32_t until = from >= 0 && take_mark(&text, '-') ? take_minute(&text) : -1;
    if (until <= from || *text != '\0') {
        return false;
    }
    *ret_hours = (struct tally_hours){from, until};
    return true;
}

/* ------------------------------------------------------------------ names of time zones */

/* What the names mean since 2024 (tz database); what they will mean is the document's to say. */
static const struct {
    const char *name;
    const char *rule;
} zones[] = {
    {"UTC", "Z"},
    {"GMT", "Z"},
    {"Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"},
    {"Europe/Dublin", "GMT0IST,M3.5.0/1,M10.5.0"},
    {"Europe/Lisbon", "WET0WEST,M3.5.0/1,M10.5.0"},
    {"Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"Europe/Paris", "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"Europe/Madrid", "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"Europe/Rome", "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"Europe/Vienna", "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"Europe/Zurich", "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"Europe/Amsterdam", "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"Europe/Brussels", "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"Europe/Warsaw", "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"Europe/Prague", "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"Europe/Stockholm", "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"Europe/Athens", "EET-2EEST,M3.5.0/3,M10.5.0/4"},
    {"Europe/Helsinki", "EET-2EEST,M3.5.0/3,M10.5.0/4"},
    {"Europe/Istanbul", "+03:00"},
    {"Europe/Moscow", "+03:00"},
    {"Asia/Dubai", "+04:00"},
    {"Asia/Kolkata", "+05:30"},
    {"Asia/Bangkok", "+07:00"},
    {"Asia/Jakarta", "+07:00"},
    {"Asia/Ho_Chi_Minh", "+07:00"},
    {"Asia/Shanghai", "+08:00"},
    {"Asia/Hong_Kong", "+08:00"},
    {"Asia/Taipei", "+08:00"},
    {"Asia/Singapore", "+08:00"},
    {"Asia/Kuala_Lumpur", "+08:00"},
    {"Asia/Manila", "+08:00"},
    {"PRC", "+08:00"},
    {"Asia/Tokyo", "+09:00"},
    {"Asia/Seoul", "+09:00"},
    {"Australia/Sydney", "AEST-10AEDT,M10.1.0,M4.1.0/3"},
    {"Australia/Melbourne", "AEST-10AEDT,M10.1.0,M4.1.0/3"},
    {"Australia/Brisbane", "+10:00"},
    {"Australia/Perth", "+08:00"},
    {"Pacific/Auckland", "NZST-12NZDT,M9.5.0,M4.1.0/3"},
    {"America/New_York", "EST5EDT,M3.2.0,M11.1.0"},
    {"America/Toronto", "EST5EDT,M3.2.0,M11.1.0"},
    {"America/Chicago", "CST6CDT,M3.2.0,M11.1.0"},
    {"America/Denver", "MST7MDT,M3.2.0,M11.1.0"},
    {"America/Phoenix", "-07:00"},
    {"America/Los_Angeles", "PST8PDT,M3.2.0,M11.1.0"},
    {"America/Vancouver", "PST8PDT,M3.2.0,M11.1.0"},
    {"America/Mexico_City", "-06:00"},
    {"America/Bogota", "-05:00"},
    {"America/Sao_Paulo", "-03:00"},
    {"Africa/Johannesburg", "+02:00"},
    {"Africa/Lagos", "+01:00"},
    {"Africa/Nairobi", "+03:00"},
};

/* A rule has a digit, a sign or a quote behind its letters, and commas before any slash. */
bool zone_is_name(const char *text)
{
    size_t letters = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_");
    return letters > 1 && (text[letters] == '\0' || text[letters] == '/');
}

const char *zone_rule_of(const char *name)
{
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        if (strcmp(zones[i].name, name) == 0) {
            return zones[i].rule;
        }
    }
    return NULL;
}
