/* SPDX-License-Identifier: Apache-2.0 */
/* Spans of days. */
#include "app/core/period.h"

#include <assert.h>

struct date {
    int32_t year;
    int32_t month;
    int32_t day;
};

static struct date date_of(int32_t day)
{
    struct date date;
    tally_day_to_date(day, &date.year, &date.month, &date.day);
    return date;
}

int32_t tally_day_weekday(int32_t day)
{
    int32_t of_week = (int32_t)(((int64_t)day + 3) % 7); /* 1970 began on a Thursday */
    return of_week < 0 ? of_week + 7 : of_week;
}

static int32_t nearest(int64_t day)
{
    return day < INT32_MIN       ? INT32_MIN
           : day > INT32_MAX - 1 ? INT32_MAX - 1 /* NEVER is no day */
                                 : (int32_t)day;
}

static int32_t last_of_month(int32_t year, int32_t month)
{
    return month == 12 ? tally_day_from_date(year, 12, 31)
                       : nearest((int64_t)tally_day_from_date(year, month + 1, 1) - 1);
}

int32_t tally_day_end_of_month(int32_t day)
{
    struct date date = date_of(day);
    return last_of_month(date.year, date.month);
}

static int32_t clamped(int32_t year, int32_t month, int32_t of_month)
{
    int32_t day = tally_day_from_date(year, month, of_month), last = last_of_month(year, month);
    return day < last ? day : last;
}

/* The `months` of the year that hold `day`. */
static struct tally_span part_of_year(int32_t day, int32_t months)
{
    struct date date = date_of(day);
    int32_t first = (date.month - 1) / months * months + 1;
    return (struct tally_span){tally_day_from_date(date.year, first, 1),
                               last_of_month(date.year, first + months - 1)};
}

static struct tally_span year_since(int32_t anchor, int32_t day)
{
    struct date joined = date_of(anchor);
    int32_t year = date_of(day).year;
    if (clamped(year, joined.month, joined.day) > day) {
        year--;
    }
    return (struct tally_span){clamped(year, joined.month, joined.day),
                               nearest((int64_t)clamped(year + 1, joined.month, joined.day) - 1)};
}

static struct tally_span months_until(int32_t day, int32_t months)
{
    struct date date = date_of(day);
    int64_t month = (int64_t)date.year * 12 + date.month - 1 - months;
    int32_t year = (int32_t)(month >= 0 ? month / 12 : -((11 - month) / 12));
    int32_t before = clamped(year, (int32_t)(month - (int64_t)year * 12) + 1, date.day);
    return (struct tally_span){nearest((int64_t)before + 1), day};
}

struct tally_span tally_period_span(struct tally_period period, int32_t anchor, int32_t day)
{
    int32_t weekday = 0;
    switch (period.kind) {
    case TALLY_PERIOD_SALE:
    case TALLY_PERIOD_DAY:
        return (struct tally_span){day, day};
    case TALLY_PERIOD_WEEK:
        weekday = tally_day_weekday(day);
        return (struct tally_span){nearest((int64_t)day - weekday),
                                   nearest((int64_t)day + 6 - weekday)};
    case TALLY_PERIOD_MONTH:
        return part_of_year(day, 1);
    case TALLY_PERIOD_QUARTER:
        return part_of_year(day, 3);
    case TALLY_PERIOD_HALF_YEAR:
        return part_of_year(day, 6);
    case TALLY_PERIOD_YEAR:
        return part_of_year(day, 12);
    case TALLY_PERIOD_ANNIVERSARY:
        return year_since(anchor, day);
    case TALLY_PERIOD_ROLLING_DAYS:
        return (struct tally_span){nearest((int64_t)day - period.length + 1), day};
    case TALLY_PERIOD_ROLLING_MONTHS:
        return months_until(day, period.length);
    case TALLY_PERIOD_CAMPAIGN:
    case TALLY_PERIOD_LIFETIME:
        break;
    }
    assert(period.kind == TALLY_PERIOD_LIFETIME);
    return (struct tally_span){INT32_MIN, TALLY_DAY_NEVER};
}

struct tally_span tally_period_next(struct tally_period period, int32_t anchor,
                                    struct tally_span span)
{
    assert(period.kind >= TALLY_PERIOD_DAY && period.kind <= TALLY_PERIOD_ANNIVERSARY);
    assert(span.until_day < TALLY_DAY_NEVER);

    return tally_period_span(period, anchor, span.until_day + 1);
}
