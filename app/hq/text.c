/* SPDX-License-Identifier: Apache-2.0 */
/* Times, days and numbers to text and back. */
#include "app/hq/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;

void hq_day_text(int32_t day, char ret_text[HQ_DAY_TEXT_LEN])
{
    int32_t year = 0, month = 0, of_month = 0;
    if (day == TALLY_DAY_NEVER) {
        snprintf(ret_text, HQ_DAY_TEXT_LEN, "never");
        return;
    }
    tally_day_to_date(day, &year, &month, &of_month);
    char text[48];
    snprintf(text, sizeof text, "%04" PRId32 "-%02" PRId32 "-%02" PRId32, year, month, of_month);
    snprintf(ret_text, HQ_DAY_TEXT_LEN, "%.15s", text);
}

void hq_time_text(int64_t time_ms, char ret_text[HQ_TIME_TEXT_LEN])
{
    ret_text[0] = '\0';
    if (time_ms == 0) {
        return;
    }
    int32_t day = tally_day_from_ms(time_ms, 0);
    char date[HQ_DAY_TEXT_LEN];
    hq_day_text(day, date);
    unsigned of_day = (unsigned)(((time_ms % day_ms) + day_ms) % day_ms);
    snprintf(ret_text, HQ_TIME_TEXT_LEN, "%sT%02u:%02u:%02u.%03uZ", date, of_day / 3600000 % 24,
             of_day / 60000 % 60, of_day / 1000 % 60, of_day % 1000);
}

void hq_hex_text(const uint8_t hash[TALLY_HASH_LEN], char ret_text[HQ_HEX_LEN])
{
    for (size_t i = 0; i < TALLY_HASH_LEN; i++) {
        snprintf(ret_text + 2 * i, 3, "%02x", hash[i]);
    }
}

enum tally_status hq_number_parse(const char *text, int64_t min, int64_t max, int64_t *ret_number)
{
    char *end = NULL;
    if (!isdigit((unsigned char)text[0]) && text[0] != '-') {
        return TALLY_E_INVALID;
    }
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < min || number > max) {
        return TALLY_E_INVALID;
    }
    *ret_number = number;
    return TALLY_OK;
}

enum tally_status hq_day_parse(const char *text, int32_t *ret_day)
{
    if (strcmp(text, "never") == 0) {
        *ret_day = TALLY_DAY_NEVER;
        return TALLY_OK;
    }
    if (strlen(text) != 10) {
        return TALLY_E_INVALID;
    }
    for (size_t i = 0; i < 10; i++) {
        bool dash = i == 4 || i == 7;
        if (dash ? text[i] != '-' : !isdigit((unsigned char)text[i])) {
            return TALLY_E_INVALID;
        }
    }
    int32_t year = atoi(text), month = atoi(text + 5), of_month = atoi(text + 8);
    if (month < 1 || month > 12 || of_month < 1 || of_month > 31) {
        return TALLY_E_INVALID;
    }
    int32_t day = tally_day_from_date(year, month, of_month);
    char back[HQ_DAY_TEXT_LEN];
    hq_day_text(day, back);
    if (strcmp(back, text) != 0) {
        return TALLY_E_INVALID; /* 31 June */
    }
    *ret_day = day;
    return TALLY_OK;
}

enum tally_status hq_duration_parse(const char *text, int64_t *ret_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    char number[16];
    size_t len = strlen(text);
    if (len < 2 || len > sizeof number) {
        return TALLY_E_INVALID;
    }
    memcpy(number, text, len - 1);
    number[len - 1] = '\0';
    int64_t count = 0;
    TALLY_TRY(hq_number_parse(number, 1, 1000000, &count));
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].unit == text[len - 1]) {
            *ret_ms = count * units[i].ms;
            return TALLY_OK;
        }
    }
    return TALLY_E_INVALID;
}
